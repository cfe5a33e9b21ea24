//! The monthly report (月报): counted by the rules of `domain::report`, from sums that the store keeps as records are written and
//! from the few records that must be read; frozen as it was made.

mod official;

use std::collections::{BTreeMap, BTreeSet};

use domain::codes::Lists;
use domain::protocol::CallRefusal;
use domain::report::{
    Counts, FIGURES, Figure, Period, RULES, What, figures, month_due, of_care_plan, of_evacuation, of_incident,
    people_threatened, spec,
};
use domain::review::rules::ReviewRules;
use domain::scope::{Actor, Role};
use domain::validate::today;
use domain::{CellCode, Kind, Record, RecordId, Scope};

use crate::hub::phones::note;
use crate::hub::{Hub, HubError};
use crate::store::{PlaceFigures, Reading, ReportHead, Store, StoreError};

pub use official::official;

/// A report that was made less than this ago is not made again: somebody pressed twice.
const JUST_NOW: i64 = 60_000;

/// Who made a report that nobody asked for.
const SERVER: &str = "server";

/// Whether somebody of this role sees figures at all. They count cases and places; what lies behind them, `domain::scope` decides.
pub fn sees_figures(role: Role) -> bool {
    matches!(role, Role::Supervisor | Role::Admin)
}

/// The place that an actor asks about, if it lies in the actor's scope and is a county or lies in one.
///
/// # Errors
/// [`CallRefusal::NotAllowed`] for a role that sees no figures, [`CallRefusal::NotFound`] for every other place, there or not.
pub fn place_for(actor: &Actor, place: &Scope) -> Result<(), HubError> {
    if !sees_figures(actor.role) {
        return Err(HubError::refused(CallRefusal::NotAllowed));
    }
    let inside = place.as_str().len() >= 6 && actor.scopes.iter().any(|scope| scope.contains(place));
    if inside { Ok(()) } else { Err(HubError::refused(CallRefusal::NotFound)) }
}

/// How many digits the codes right below a place have; a cell's own where there is nothing below.
pub fn below(place: &Scope) -> usize {
    match place.as_str().len() {
        ..6 => 6,
        6 => 9,
        9 => 12,
        _ => 15,
    }
}

/// What a report is asked for.
#[derive(Debug)]
pub struct Asked<'a> {
    place: &'a Scope,
    county: Scope,
    period: Period,
    lists: &'a Lists,
    rules: &'a ReviewRules,
}

/// The sums of each cell.
type Cells = BTreeMap<CellCode, Counts>;

/// What is counted in each cell of a place: what stands now, or what was approved last, as the county's rules of reviewing say.
///
/// # Errors
/// [`StoreError`].
pub fn counts_by_cell(
    reading: &dyn Reading,
    place: &Scope,
    period: Period,
    (lists, rules): (&Lists, &ReviewRules),
) -> Result<BTreeMap<CellCode, Counts>, StoreError> {
    let asked = Asked { place, county: place.county(), period, lists, rules };
    let mut cells = Cells::new();
    let summed: Vec<What> = What::ALL.iter().copied().filter(|what| *what != What::IncidentStep).collect();
    for sum in reading.tallies(place, &summed, period.days())? {
        cells.entry(sum.cell).or_default().add(sum.what, &sum.code, sum.n);
    }
    asked.count_incidents(reading, &mut cells)?;
    if rules.official_when_approved {
        asked.put_approved(reading, &mut cells)?;
        asked.count_official_care(reading, &mut cells)?;
    } else {
        asked.count_care(reading, &mut cells)?;
    }
    for order in reading.few(place, &Kind::Evacuation)? {
        let marks = reading.referring(&asked.county, order.record.id, &Kind::RollCall)?;
        let marks: Vec<&Record> = marks.iter().map(|mark| &mark.record).collect();
        let found = of_evacuation(&order.record, &marks, period);
        cells.entry(order.record.cell).or_default().extend(found);
    }
    asked.count_threatened(reading, &mut cells)?;
    Ok(cells)
}

impl Asked<'_> {
    /// The incidents in which something was done in the period, with all their steps.
    fn count_incidents(&self, reading: &dyn Reading, cells: &mut Cells) -> Result<(), StoreError> {
        // A step stands in the cell where it was written; the incident may have moved since.
        let touched = reading.tallies(&self.county, &[What::IncidentStep], self.period.days())?;
        let ids: BTreeSet<RecordId> = touched.iter().filter_map(|sum| sum.code.parse().ok()).collect();
        for id in ids {
            let found = reading.record(self.place, id)?.filter(|found| found.record.kind == Kind::Incident);
            let Some(stored) = found else { continue };
            let Some(incident) = self.counts(reading, stored)? else { continue };
            let steps = reading.referring(&self.county, id, &Kind::IncidentStep)?;
            let steps: Vec<&Record> = steps.iter().map(|step| &step.record).filter(|step| !step.is_deleted()).collect();
            let found = of_incident(&incident, &steps, self.period, self.lists);
            cells.entry(incident.cell).or_default().extend(found);
        }
        Ok(())
    }

    fn count_care(&self, reading: &dyn Reading, cells: &mut Cells) -> Result<(), StoreError> {
        for plan in reading.few(self.place, &Kind::CarePlan)? {
            let Some(person) = plan.record.reference("person") else { continue };
            let cared_for = reading.cared_for(&self.county, person, self.period.moments().end)?;
            let Some(cared_for) = cared_for else { continue };
            let days = cared_for.met.into_iter().map(today).collect();
            let found = of_care_plan(&plan.record, cared_for.left_on, &days, self.lists.care, self.period);
            cells.entry(plan.record.cell).or_default().extend(found);
        }
        Ok(())
    }

    fn count_threatened(&self, reading: &dyn Reading, cells: &mut Cells) -> Result<(), StoreError> {
        let mut threats = Vec::new();
        for stored in reading.few(self.place, &Kind::ThreatenedHousehold)? {
            threats.extend(self.counts(reading, stored)?);
        }
        let moving = if threats.is_empty() { BTreeMap::new() } else { self.moving(reading)? };
        let (mut points, mut people) = (BTreeMap::new(), BTreeMap::<RecordId, Vec<Record>>::new());
        for threat in &threats {
            if let Some(point) = threat.reference("hazard_point").filter(|id| !points.contains_key(id)) {
                let found = reading.record(&self.county, point)?;
                points.insert(point, found.map(|found| self.counts(reading, found)).transpose()?.flatten());
            }
            if let Some(home) = threat.reference("household").filter(|id| !people.contains_key(id)) {
                people.insert(home, self.people_of(reading, home, &moving)?);
            }
        }
        // They come by cell.
        for here in threats.chunk_by(|a, b| a.cell == b.cell) {
            let found = people_threatened(
                here.iter(),
                |point| points.get(&point).cloned().flatten(),
                |home| people.get(&home).cloned().unwrap_or_default(),
            );
            if let Some(first) = here.first() {
                cells.entry(first.cell.clone()).or_default().extend(found);
            }
        }
        Ok(())
    }

    /// Who lives in a household, by the versions that count.
    fn people_of(
        &self,
        reading: &dyn Reading,
        home: RecordId,
        moving: &BTreeMap<RecordId, Vec<Record>>,
    ) -> Result<Vec<Record>, StoreError> {
        let mut found = moving.get(&home).cloned().unwrap_or_default();
        for stored in reading.referring(&self.county, home, &Kind::Person)? {
            found.extend(self.counts(reading, stored)?.filter(|person| person.reference("household") == Some(home)));
        }
        Ok(found)
    }
}

/// The sums of every place from `place` down to its cells: those that have a name, and those in which something was counted.
pub fn rolled_up(place: &Scope, named: &[Scope], cells: &BTreeMap<CellCode, Counts>) -> BTreeMap<Scope, Counts> {
    let mut places: BTreeMap<Scope, Counts> =
        named.iter().filter(|code| place.contains(code)).map(|code| (code.clone(), Counts::default())).collect();
    places.entry(place.clone()).or_default();
    for (cell, counts) in cells {
        for digits in [6, 9, 12, 15] {
            let code = cell.as_str().get(..digits).and_then(|code| Scope::new(code).ok());
            if let Some(code) = code.filter(|code| place.contains(code)) {
                places.entry(code).or_default().plus(counts);
            }
        }
    }
    places
}

impl<S: Store> Hub<S> {
    /// Makes a report and freezes it. One that exists stays as it is; the new one is a new version. Asked twice within a minute, it
    /// answers with the one that was just made.
    ///
    /// # Errors
    /// [`CallRefusal::NotAllowed`], [`CallRefusal::NotFound`] as [`place_for`] says; [`CallRefusal::Invalid`] for days to come.
    pub fn make_report(&self, actor: &Actor, place: &Scope, period: Period) -> Result<ReportHead, HubError> {
        place_for(actor, place)?;
        let now = self.now();
        if period.first > today(now) {
            return Err(HubError::refused(CallRefusal::Invalid));
        }
        let known = self.store.read(|reading| reading.reports(place))?;
        let official = self.review_rules()?.official_when_approved;
        let same = |head: &ReportHead| head.place == *place && head.period == period && head.official == official;
        if let Some(made) = known.into_iter().find(|head| same(head) && (0..JUST_NOW).contains(&(now - head.made_at))) {
            return Ok(made);
        }
        self.freeze_report(actor.account.as_str(), place, period)
    }

    /// Makes the reports that are due: of every county that of the last month that is over, unless the server made it already.
    ///
    /// # Errors
    /// [`HubError::Store`].
    pub fn make_due_reports(&self) -> Result<usize, HubError> {
        let Some(period) = month_due(self.now()) else { return Ok(0) };
        let mut made = 0;
        for county in self.store.read(|reading| reading.counties())? {
            let (known, homes) = self.store.read(|reading| {
                let homes = reading.tallies(&county, &[What::Household], period.days())?;
                Ok::<_, StoreError>((reading.reports(&county)?, homes))
            })?;
            if homes.is_empty() {
                // A county that is only being set up has no month.
                continue;
            }
            let there = |head: &ReportHead| head.place == county && head.period == period && head.made_by == SERVER;
            if !known.iter().any(there) {
                self.freeze_report(SERVER, &county, period)?;
                made += 1;
            }
        }
        Ok(made)
    }

    fn freeze_report(&self, by: &str, place: &Scope, period: Period) -> Result<ReportHead, HubError> {
        let (lists, now) = (self.lists(), self.now());
        let (official, places) = self.store.read(|reading| {
            let rules = self.review_rules_in(reading)?;
            let named: Vec<Scope> =
                reading.places(std::slice::from_ref(place))?.into_iter().map(|place| place.code).collect();
            let counts = |period| {
                Ok::<_, StoreError>(rolled_up(
                    place,
                    &named,
                    &counts_by_cell(reading, place, period, (&lists, &rules))?,
                ))
            };
            let present = counts(period)?;
            let before = period.before().map(counts).transpose()?.unwrap_or_default();
            let none = Counts::default();
            let figures_of = |place: Scope, present: &Counts| {
                let mut earlier = figures(before.get(&place).unwrap_or(&none));
                // How things stood then, nobody knows any more.
                earlier.retain(|figure| !spec(&figure.key).is_some_and(|spec| spec.stock));
                PlaceFigures { place, figures: without_noughts(figures(present)), before: without_noughts(earlier) }
            };
            let places = present.iter().map(|(place, counts)| figures_of(place.clone(), counts)).collect::<Vec<_>>();
            Ok::<_, HubError>((rules.official_when_approved, places))
        })?;
        let head = ReportHead {
            id: 0,
            place: place.clone(),
            period,
            version: 0,
            made_at: now,
            made_by: by.to_owned(),
            rules: RULES,
            official,
            formulas: FIGURES.iter().map(|spec| (spec.key.to_owned(), spec.formula.to_owned())).collect(),
        };
        self.store.write(|writing| {
            let head = writing.put_report(&head, &places)?;
            note(writing, now, by, "report", &format!("{} {}", head.place, head.id))?;
            Ok(head)
        })
    }

    /// The reports in which an actor finds the own places.
    ///
    /// # Errors
    /// [`CallRefusal::NotAllowed`] for a role that sees no figures.
    pub fn reports_for(&self, actor: &Actor) -> Result<Vec<ReportHead>, HubError> {
        if !sees_figures(actor.role) {
            return Err(HubError::refused(CallRefusal::NotAllowed));
        }
        let mut found = Vec::<ReportHead>::new();
        for scope in &actor.scopes {
            let more = self.store.read(|reading| reading.reports(scope))?;
            found.extend(
                more.into_iter().filter(|head| found.iter().all(|known| known.id != head.id)).collect::<Vec<_>>(),
            );
        }
        found.sort_by(|a, b| (b.period, &a.place, b.version).cmp(&(a.period, &b.place, a.version)));
        Ok(found)
    }

    /// A report as it shows a place: the figures of the place first, then those of the places right below it. Without a place the
    /// whole of it, as far as the actor sees it.
    ///
    /// # Errors
    /// [`CallRefusal::NotFound`] when there is no such report, or the place lies outside of it or of the actor's scope.
    pub fn report_for(
        &self,
        actor: &Actor,
        id: i64,
        place: Option<Scope>,
    ) -> Result<(ReportHead, Vec<PlaceFigures>), HubError> {
        let not_found = || HubError::refused(CallRefusal::NotFound);
        if !sees_figures(actor.role) {
            return Err(HubError::refused(CallRefusal::NotAllowed));
        }
        self.store.read(|reading| {
            let head = reading.report(id)?.ok_or_else(not_found)?;
            let own = || {
                let whole = actor.scopes.iter().any(|scope| scope.contains(&head.place)).then(|| head.place.clone());
                whole.or_else(|| actor.scopes.iter().find(|scope| head.place.contains(scope)).cloned())
            };
            let place = place.or_else(own).filter(|place| head.place.contains(place)).ok_or_else(not_found)?;
            place_for(actor, &place)?;
            let places = reading.report_places(id, &place, below(&place))?;
            if places.first().is_none_or(|first| first.place != place) {
                return Err(not_found());
            }
            Ok((head, places))
        })
    }
}

/// Figures that say nothing are left out: a cell has few of the many.
fn without_noughts(figures: Vec<Figure>) -> Vec<Figure> {
    figures.into_iter().filter(|figure| !figure.value.is_nought()).collect()
}
