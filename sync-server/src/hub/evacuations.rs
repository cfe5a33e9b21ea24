//! Evacuations from the desk: ordering one, marking people, ending it. The rules are those of the phones: `domain::evacuation`.

use std::collections::BTreeMap;

use domain::evacuation::{OrderWords, Threatened, orders, roll};
use domain::kinds::dwelling::Dwelling;
use domain::kinds::evacuation::Evacuation;
use domain::kinds::household::Household;
use domain::kinds::person::Person;
use domain::kinds::roll_call::{Mark, RollCall, written};
use domain::kinds::threatened_household::ThreatenedHousehold;
use domain::protocol::CallRefusal;
use domain::scope::{Action, Actor, allowed};
use domain::{CellCode, Fields, Kind, Problem, ProblemCode, Record, RecordId, Scope, Stamp};
use serde_json::json;

use crate::hub::cells::{left_one_of, with_former};
use crate::hub::desk::readable;
use crate::hub::phones::note;
use crate::hub::reviews::{DeskChange, refused_words};
use crate::hub::{Hub, HubError};
use crate::store::{Reading, Store, Writing};

/// Evacuations that are read at most: a county's of several years.
pub const EVACUATIONS_MAX: usize = 2_000;

/// An evacuation to be ordered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EvacuationOrder {
    /// The hazard points that it is for.
    pub points: Vec<RecordId>,
    /// Why.
    pub reason: String,
    /// Code of the warning's colour.
    pub level: String,
    /// An exercise.
    pub drill: bool,
}

/// Marks to be made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MarksOf {
    /// The evacuation.
    pub evacuation: RecordId,
    /// The people, each with the mark that was seen to stand; none: nobody had marked them.
    pub people: BTreeMap<RecordId, Option<RecordId>>,
    /// What is said of them; what stands of each is said once more without it.
    pub mark: Option<Mark>,
    /// In words.
    pub note: Option<String>,
}

/// A record of this kind that the actor may read and that is present.
pub fn standing_record(
    reading: &(impl Reading + ?Sized),
    actor: &Actor,
    kind: &Kind,
    id: RecordId,
) -> Result<Record, HubError> {
    let found = readable(reading, actor, id)?.map(|stored| stored.record);
    let found = found.filter(|record| record.kind == *kind && record.is_present());
    found.ok_or_else(|| HubError::refused(CallRefusal::NotFound))
}

/// The households that a point threatens, with who lives there now: also those that lie in another cell of the county than the point, since
/// a cell was split. A household that has moved there by itself has left the slope.
pub fn threatened_by(
    reading: &(impl Reading + ?Sized),
    cell: &CellCode,
    point: RecordId,
) -> Result<Vec<Threatened>, HubError> {
    let county = cell.county();
    let mut found = Vec::new();
    for stored in reading.referring(&county, point, &Kind::ThreatenedHousehold)? {
        let this = ThreatenedHousehold::from(&stored.record);
        let Some(named) = this.household.filter(|_| stored.record.is_present()) else { continue };
        // The first stands for the household that was named; the people of the others live there too.
        let entries = reading.entries(&county, named)?;
        let id = entries.first().copied().unwrap_or(named);
        let household = reading.record(&county, id)?.map(|stored| stored.record);
        if let Some(household) = &household
            && household.cell != stored.record.cell
        {
            let from = with_former(reading, std::slice::from_ref(&stored.record.cell))?;
            if has_moved_away(reading, &from, named, household)? {
                continue;
            }
        }
        let household = household.as_ref().map(Household::from);
        let mut people = Vec::new();
        for entry in &entries {
            let all = reading.referring(&county, *entry, &Kind::Person)?.into_iter().map(|stored| stored.record);
            people.extend(all.filter(Record::is_present).map(|person| (person.id, Person::from(&person))));
        }
        found.push(Threatened {
            point,
            household: id,
            address: address(reading, &county, household.as_ref().and_then(|household| household.dwelling))?,
            needs_help: this.needs_help,
            head: household.and_then(|household| household.head),
            people: people
                .into_iter()
                .filter(|(_, person)| !person.has_left())
                .map(|(id, person)| (id, person.name))
                .collect(),
        });
    }
    Ok(found)
}

/// Whether a household that lies elsewhere has moved there by itself: from the cell where it is written that it is threatened, or from one
/// whose place that took. What says so goes along when a cell is split or merged, but stays there when it comes later, from a phone that has
/// not heard of it: the door tells, which goes along too, while whoever moves gets another one. In doubt it has not moved: after a restore
/// the cell need not know who lay in it.
pub(super) fn has_moved_away(
    reading: &(impl Reading + ?Sized),
    from: &[CellCode],
    named: RecordId,
    household: &Record,
) -> Result<bool, HubError> {
    let Some(door) = Household::from(household).dwelling else { return Ok(false) };
    let was_there = household.id != named || left_one_of(reading, from, named)?;
    Ok(was_there && !left_one_of(reading, from, door)?)
}

/// The household that stands for this one by now.
///
/// # Errors
/// [`HubError::Store`].
pub fn standing_household(
    reading: &(impl Reading + ?Sized),
    cell: &CellCode,
    household: RecordId,
) -> Result<RecordId, HubError> {
    Ok(reading.entries(&cell.county(), household)?.first().copied().unwrap_or(household))
}

fn address(reading: &(impl Reading + ?Sized), county: &Scope, dwelling: Option<RecordId>) -> Result<String, HubError> {
    let Some(id) = dwelling else { return Ok(String::new()) };
    let Some(stored) = reading.record(county, id)? else { return Ok(String::new()) };
    let building = match stored.record.reference("building") {
        Some(id) => reading.record(county, id)?.and_then(|stored| stored.record.text("name").map(str::to_owned)),
        None => None,
    };
    Ok(Dwelling::from(&stored.record).address(&building.unwrap_or_default()))
}

impl<S: Store> Hub<S> {
    /// Orders an evacuation: one for each cell in which these points threaten somebody.
    ///
    /// # Errors
    /// [`CallRefusal::NotAllowed`] for roles that order none; [`CallRefusal::Stale`] when an order for one of the points stands
    /// already (a second click, or a colleague who was quicker); [`CallRefusal::Invalid`] when a point is not in the scope, when
    /// nobody lives below them, or a word is missing.
    pub fn order_evacuation(&self, actor: &Actor, order: &EvacuationOrder) -> Result<Vec<RecordId>, HubError> {
        may_write(actor, &Kind::Evacuation)?;
        let now = self.now();
        self.store.write(|writing| {
            let (mut points, mut threatened) = (Vec::new(), Vec::new());
            for id in &order.points {
                let point = standing_record(writing, actor, &Kind::HazardPoint, *id);
                let missing = |_| HubError::invalid(vec![Problem::new("points", ProblemCode::MissingTarget)]);
                let point = point.map_err(missing)?;
                threatened.extend(threatened_by(writing, &point.cell, point.id)?);
                points.push((point.cell, point.id));
            }
            refuse_second(writing, actor, order)?;
            let orders = orders(&points, &threatened).map_err(|problem| HubError::invalid(vec![problem]))?;
            let words = OrderWords {
                reason: &order.reason,
                level: &order.level,
                drill: order.drill,
                at: now,
                by: &actor.account,
            };
            let mut ids = Vec::new();
            for one in orders {
                let id = self.record_id();
                let fields = one.fields(words);
                self.put(writing, actor, DeskChange { id, kind: Kind::Evacuation, cell: one.cell, fields })?;
                note(writing, now, actor.account.as_str(), "order_evacuation", &id.to_string())?;
                ids.push(id);
            }
            Ok(ids)
        })
    }

    /// Marks people of a roster, wherever they live by now.
    ///
    /// # Errors
    /// [`CallRefusal::NotFound`] outside the scope, [`CallRefusal::NotAllowed`] for other roles, [`CallRefusal::Invalid`] when
    /// somebody is not on the roster, [`CallRefusal::Stale`] when somebody has been marked since they were looked at: then nobody is.
    pub fn mark_people(&self, actor: &Actor, marks: &MarksOf) -> Result<usize, HubError> {
        may_write(actor, &Kind::RollCall)?;
        let now = self.now();
        self.store.write(|writing| {
            let record = standing_record(writing, actor, &Kind::Evacuation, marks.evacuation)?;
            let order = Evacuation::from(&record);
            let said = marks_of(writing, &record)?;
            let roll = roll(&order.roster, &said);
            let to_mark = roll.to_mark(&marks.people.keys().copied().collect(), marks.mark);
            let missing = || HubError::invalid(vec![Problem::new("people", ProblemCode::MissingTarget)]);
            let to_mark = to_mark.ok_or_else(missing)?;
            if !roll.stands_as_seen(&marks.people) {
                return Err(HubError::refused(CallRefusal::Stale));
            }
            // The last mark counts, and a phone whose clock is ahead may have made the one that was seen.
            let seen = roll.latest_of(&marks.people);
            for one in &to_mark {
                let fields = written(record.id, *one, now, &actor.account, marks.note.as_deref());
                let (id, cell) = (self.record_id(), record.cell.clone());
                let change = DeskChange { id, kind: Kind::RollCall, cell, fields };
                self.write_at_desk(writing, actor, change, seen)?.map_err(refused_words)?;
            }
            Ok(to_mark.len())
        })
    }

    /// Ends an evacuation; one that was ended stays as it is.
    ///
    /// # Errors
    /// [`CallRefusal::NotFound`] outside the scope, [`CallRefusal::NotAllowed`] for other roles.
    pub fn end_evacuation(&self, actor: &Actor, id: RecordId) -> Result<(), HubError> {
        may_write(actor, &Kind::Evacuation)?;
        let now = self.now();
        self.store.write(|writing| {
            let record = standing_record(writing, actor, &Kind::Evacuation, id)?;
            if !Evacuation::from(&record).stands() {
                return Ok(());
            }
            let fields = Fields::from([("ended_at".to_owned(), json!(now))]);
            self.put(writing, actor, DeskChange { id, kind: Kind::Evacuation, cell: record.cell, fields })?;
            note(writing, now, actor.account.as_str(), "end_evacuation", &id.to_string())
        })
    }

    /// Writes what the desk has to say, or answers with what is wrong with it.
    pub(super) fn put(&self, writing: &mut dyn Writing, actor: &Actor, change: DeskChange) -> Result<(), HubError> {
        self.write_at_desk(writing, actor, change, Stamp::ZERO)?.map_err(refused_words)
    }
}

/// The marks of an evacuation, whoever made them. A mark stays in the cell where it was made when the order's cell is merged.
pub fn marks_of(reading: &(impl Reading + ?Sized), evacuation: &Record) -> Result<Vec<RollCall>, HubError> {
    let marks = reading.referring(&evacuation.cell.county(), evacuation.id, &Kind::RollCall)?;
    let marks = marks.iter().filter(|stored| !stored.record.is_deleted());
    Ok(marks.filter_map(|stored| RollCall::read(&stored.record)).collect())
}

/// Refused before anything is looked for: whoever may not write this kind learns nothing.
pub(super) fn may_write(actor: &Actor, kind: &Kind) -> Result<(), HubError> {
    if allowed(actor.role, Action::Write, kind) { Ok(()) } else { Err(HubError::refused(CallRefusal::NotAllowed)) }
}

/// Two rosters of the same people at the same time would be counted twice.
fn refuse_second(writing: &dyn Writing, actor: &Actor, order: &EvacuationOrder) -> Result<(), HubError> {
    for stored in writing.latest_few(&actor.scopes, &Kind::Evacuation, EVACUATIONS_MAX)? {
        let other = Evacuation::from(&stored.record);
        let same = other.drill == order.drill && other.points.iter().any(|point| order.points.contains(point));
        if same && other.stands() && !stored.record.is_deleted() {
            return Err(HubError::refused(CallRefusal::Stale));
        }
    }
    Ok(())
}
