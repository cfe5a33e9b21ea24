//! Bringing people to safety: what threatens whom, orders and their end, marks of a roll-call, on phones and at the desk; and the law
//! that in the end everybody counts the same.

use std::collections::{BTreeMap, BTreeSet};

use domain::evacuation::{Totals, roll};
use domain::kinds::evacuation::Evacuation;
use domain::kinds::roll_call::{Mark, RollCall};
use domain::protocol::CallRefusal;
use domain::scope::{Action, Role, allowed};
use domain::{CellCode, Kind, ProblemCode, Record, RecordId};
use serde_json::{Value, json};
use sync_server::hub::HubError;
use sync_server::hub::evacuations::{EvacuationOrder, MarksOf, marks_of};
use sync_server::store::Store;

use super::county::everywhere;
use super::handover::lies_beside;
use super::history::History;
use super::laws::is_moment;
use super::several::Did;
use super::wire::take;
use crate::trouble::{Doing, Outcome, trouble};

impl History {
    /// Somebody who leads orders an evacuation, on the phone or at the desk.
    pub(super) fn order_evacuation(&mut self, who: usize) -> Outcome {
        match self.leader(who)? {
            Some(leader) => self.order_on_phone(leader),
            None => self.order_at_desk(),
        }
    }

    /// The same who ends one.
    pub(super) fn end_evacuation(&mut self, who: usize) -> Outcome {
        match self.leader(who)? {
            Some(leader) => self.end_on_phone(leader),
            None => self.end_at_desk(),
        }
    }

    /// Whose phone orders: this one, or another that may; none: it is done at the desk.
    fn leader(&mut self, who: usize) -> Outcome<Option<usize>> {
        let leaders = self.phones_of(|role| role == Role::Supervisor)?;
        if leaders.contains(&who) {
            return Ok(Some(who));
        }
        Ok(self.later.pick(&leaders).copied().filter(|_| self.later.percent(60)))
    }

    fn order_on_phone(&mut self, who: usize) -> Outcome {
        let points = self.phones[who].of_kind(&Kind::HazardPoint)?;
        let mut named: BTreeSet<RecordId> = self.later.pick(&points).map(|point| point.id).into_iter().collect();
        if self.later.percent(25) {
            named.extend(self.later.pick(&points).map(|point| point.id));
        }
        if named.is_empty() {
            return Ok(());
        }
        let word = self.word();
        self.order_for(who, &named, &word).map(|_| ())
    }

    /// Orders an evacuation for these points on a phone: one for each cell.
    pub(super) fn order_for(&mut self, who: usize, points: &BTreeSet<RecordId>, word: &str) -> Outcome<Vec<RecordId>> {
        let drill = self.later.percent(30);
        let args = json!({ "points": points, "reason": word, "level": "red", "drill": drill });
        if matches!(self.write_several(who, "order_evacuation", args)?, Did::Nothing) {
            return Ok(Vec::new());
        }
        let orders = self.phones[who].of_kind(&Kind::Evacuation)?;
        let orders: Vec<Record> = orders.into_iter().filter(|order| order.text("reason") == Some(word)).collect();
        if orders.is_empty() {
            return trouble(format!("An evacuation was ordered for {points:?}, and none is there."));
        }
        for order in &orders {
            take(&self.ledger).count("ordered on a phone".into());
            take(&self.ledger).tasks.insert(order.id);
            let page = self.roll_call(who, order.id)?;
            let due = Evacuation::from(order).roster.len();
            if page["line"]["totals"]["not_contacted"] != json!(due) {
                return trouble(format!("Of {due} people who are to be brought to safety {page} is shown."));
            }
        }
        Ok(orders.iter().map(|order| order.id).collect())
    }

    fn end_on_phone(&mut self, who: usize) -> Outcome {
        let Some((evacuation, _)) = self.an_evacuation(who)? else { return Ok(()) };
        if !matches!(self.write_several(who, "end_evacuation", json!({ "id": evacuation }))?, Did::Nothing) {
            take(&self.ledger).count("ended on a phone".into());
        }
        Ok(())
    }

    /// One of the evacuations that a phone lists, mostly one that stands, with its cell.
    pub(super) fn an_evacuation(&mut self, who: usize) -> Outcome<Option<(RecordId, CellCode)>> {
        let list = match self.phones[who].call("evacuations", json!({})) {
            Ok(list) => list,
            Err(failure) => return trouble(format!("Evacuations were not listed: {failure:?}")),
        };
        let lines = |which: &str| list[which].as_array().cloned().unwrap_or_default();
        let (standing, past) = (lines("standing"), lines("past"));
        let of = if standing.is_empty() || (!past.is_empty() && self.later.percent(15)) { past } else { standing };
        let Some(line) = self.later.pick(&of) else { return Ok(None) };
        let (id, cell) = (line["id"].as_str(), line["cell"].as_str());
        let id = id.unwrap_or_default().parse::<RecordId>().doing("reading an evacuation's name")?;
        Ok(Some((id, CellCode::new(cell.unwrap_or_default()).doing("reading an evacuation's cell")?)))
    }

    /// The page of a roll-call.
    fn roll_call(&self, who: usize, evacuation: RecordId) -> Outcome<Value> {
        let page = self.phones[who].call("evacuation", json!({ "id": evacuation }));
        page.or_else(|failure| trouble(format!("A roll-call was not shown: {failure:?}")))
    }

    /// A worker says of one or several people of a roster where they are.
    pub(super) fn mark_people(&mut self, who: usize) -> Outcome {
        let Some((evacuation, _)) = self.an_evacuation(who)? else { return Ok(()) };
        let listed: Vec<RecordId> = people_of(&self.roll_call(who, evacuation)?).into_keys().collect();
        let most = if self.later.percent(40) { listed.len() } else { 1 };
        let mut people = listed;
        while people.len() > most.max(1) {
            people.swap_remove(self.later.below(people.len()));
        }
        let mark = if self.later.percent(12) { None } else { self.later.pick(&Mark::ALL).copied() };
        if people.is_empty() { Ok(()) } else { self.mark(who, evacuation, &people, mark) }
    }

    /// Marks these people; without a mark what stands of each is said once more.
    pub(super) fn mark(
        &mut self,
        who: usize,
        evacuation: RecordId,
        people: &[RecordId],
        mark: Option<Mark>,
    ) -> Outcome {
        let before = people_of(&self.roll_call(who, evacuation)?);
        let said_before = people.iter().filter(|person| before.get(*person).is_some_and(|said| said.at.is_some()));
        let expected = if mark.is_some() { people.len() } else { said_before.count() };
        let word = self.word();
        let args = json!({ "evacuation": evacuation, "people": people, "mark": mark, "note": word });
        if matches!(self.write_several(who, "mark_people", args)?, Did::Nothing) {
            return Ok(());
        }
        let marks = self.phones[who].of_kind(&Kind::RollCall)?;
        let marks: Vec<Record> = marks.into_iter().filter(|one| one.text("note") == Some(word.as_str())).collect();
        if marks.len() != expected {
            return trouble(format!("{expected} people were marked, and these marks are there: {marks:?}."));
        }
        (0..marks.len()).for_each(|_| take(&self.ledger).count("marked".into()));
        let after = people_of(&self.roll_call(who, evacuation)?);
        let shows = |mark: &Record| {
            let person = mark.reference("person").and_then(|person| after.get(&person));
            person.is_some_and(|said| said.note.as_deref() == Some(word.as_str()))
        };
        match marks.iter().find(|mark| !shows(mark)) {
            // A clock that fell back by days, and was not compared since, stamps before what has come down: it is put right later.
            Some(_) if self.mix.slow > 0 || self.mix.busy > 0 => {
                take(&self.ledger).count("marked before what stands".into());
                Ok(())
            }
            Some(mark) => trouble(format!("{mark:?} was made and does not stand: {after:?}.")),
            None => Ok(()),
        }
    }

    /// A worker takes an own mark back.
    pub(super) fn unmark(&mut self, who: usize) -> Outcome {
        let mut own = self.phones[who].of_kind(&Kind::RollCall)?;
        own.retain(|mark| mark.text("by") == Some(self.phones[who].worker.as_str()));
        let Some(mark) = own.last().filter(|_| self.later.percent(60)).or(self.later.pick(&own)) else {
            return Ok(());
        };
        self.write_several(who, "unmark", json!({ "marks": [mark.id] })).map(|_| ())
    }

    /// What threatens a cell, and whom: a point is found or described, a household is named, its card is handed out.
    pub(super) fn edit_hazard(&mut self, who: usize) -> Outcome {
        let what = self.later.below(10);
        let word = self.word();
        if what < 2 {
            let fields = json!({ "name": "沟口", "hazard_kind": "debris_flow", "place": word });
            return self.save(who, &Kind::HazardPoint, None, fields);
        }
        let points = self.phones[who].of_kind(&Kind::HazardPoint)?;
        let Some(point) = self.later.pick(&points).cloned() else { return Ok(()) };
        if what < 5 {
            return self.save(who, &Kind::HazardPoint, Some(point.id), json!({ "place": word }));
        }
        if what < 6 {
            let threatened = self.phones[who].of_kind(&Kind::ThreatenedHousehold)?;
            let Some(one) = self.later.pick(&threatened) else { return Ok(()) };
            return self.write_several(who, "issue_card", json!({ "id": one.id })).map(|_| ());
        }
        let mut households = self.phones[who].of_kind(&Kind::Household)?;
        households.retain(|household| household.cell == point.cell);
        let Some(household) = self.later.pick(&households) else { return Ok(()) };
        let number = format!("135{:08}", self.later.below(100_000_000));
        let args = json!({ "hazard_point": point.id, "household": household.id,
            "needs_help": self.later.percent(50), "contact_phone": number });
        self.write_several(who, "threaten", args).map(|_| ())
    }

    // -- at the desk ------------------------------------------------------------------------------------------------------

    /// One of the server's records of a kind, mostly of the cell where most happens.
    pub(super) fn one_there(&mut self, kind: &Kind) -> Outcome<Option<Record>> {
        let cells = self.county.open_cells()?;
        let cell = if self.later.percent(60) { cells.first() } else { self.later.pick(&cells) };
        let Some(cell) = cell else { return Ok(None) };
        let mut records = self.county.records(cell)?;
        records.retain(|record| record.kind == *kind && !record.is_deleted());
        Ok(self.later.pick(&records).cloned())
    }

    fn order_at_desk(&mut self) -> Outcome {
        let Some(point) = self.one_there(&Kind::HazardPoint)? else { return Ok(()) };
        let (reason, drill) = (self.word(), self.later.percent(30));
        let order = EvacuationOrder { points: vec![point.id], reason, level: "orange".to_owned(), drill };
        self.say(|| format!("{order:?}"));
        let ordered = self.county.hub()?.order_evacuation(&self.county.supervisor.actor, &order);
        if self.desk_heard_nothing(ordered.is_err())? {
            return Ok(());
        }
        let ids = match ordered {
            // One stands already, or nobody lives there.
            Err(HubError::Refused { code: CallRefusal::Stale | CallRefusal::Invalid, .. }) => {
                take(&self.ledger).count("order against a rule".into());
                return Ok(());
            }
            ordered => ordered.doing("ordering an evacuation")?,
        };
        for id in ids {
            self.note_at_desk(id, |field| !is_moment(field))?;
            take(&self.ledger).count("ordered at the desk".into());
        }
        Ok(())
    }

    /// What the desk wrote in a record stands there, and is noted. Workers' phones may not write it, or not in the desk's name.
    pub(super) fn note_at_desk(&self, id: RecordId, which: impl Fn(&str) -> bool) -> Outcome {
        let scope = everywhere()?;
        let stored = self.county.ask(|reading| reading.record(&scope, id))?;
        let Some(record) = stored.map(|stored| stored.record) else {
            return trouble(format!("The desk wrote {id}, and it is not there."));
        };
        let mut fields = record.fields.clone();
        fields.retain(|field, _| which(field));
        let mut ledger = take(&self.ledger);
        ledger.written_at_desk(&record, &fields);
        ledger.is_about(&record.kind, id, &record.fields);
        ledger.seal(&record);
        ledger.tasks.insert(id);
        Ok(())
    }

    fn end_at_desk(&mut self) -> Outcome {
        let Some(order) = self.one_there(&Kind::Evacuation)? else { return Ok(()) };
        let ended = self.county.hub()?.end_evacuation(&self.county.supervisor.actor, order.id);
        if self.desk_heard_nothing(ended.is_err())? {
            return Ok(());
        }
        ended.doing("ending an evacuation")?;
        if !Evacuation::from(&order).stands() {
            return Ok(());
        }
        take(&self.ledger).count("ended at the desk".into());
        self.note_at_desk(order.id, |field| field == "ended_at")
    }

    /// Somebody at the desk marks people of a roster, at once or long after the page was opened.
    pub(super) fn mark_at_desk(&mut self) -> Outcome {
        if !self.rolls.is_empty() && self.later.percent(40) {
            let page = self.rolls.swap_remove(self.later.below(self.rolls.len()));
            return self.mark_as_seen(page);
        }
        let Some(order) = self.one_there(&Kind::Evacuation)? else { return Ok(()) };
        let roster = Evacuation::from(&order).roster;
        let marks = self.marks_there(&order)?;
        let standing = roll(&roster, &marks);
        let several = if self.later.percent(40) { 3 } else { 1 };
        let mut people: BTreeMap<RecordId, Option<RecordId>> = BTreeMap::new();
        for _ in 0..several {
            let seen = self.later.pick(&standing.people);
            people.extend(seen.map(|(listed, mark)| (listed.person, mark.map(|mark| mark.id))));
        }
        let page = MarksOf { evacuation: order.id, people, mark: None, note: None };
        if self.later.percent(25) {
            self.rolls.push(page);
            return Ok(());
        }
        self.mark_as_seen(page)
    }

    /// The marks of an evacuation as the desk counts them.
    fn marks_there(&self, order: &Record) -> Outcome<Vec<RollCall>> {
        self.county.hub()?.store().read(|reading| marks_of(reading, order)).doing("reading a roll-call")
    }

    /// The cells in which these marks lie: each stays where it was made when the order's cell is merged.
    fn marks_lie_in(&self, order: &Record) -> Outcome<BTreeSet<CellCode>> {
        let county = everywhere()?;
        let marks = self.county.ask(|reading| reading.referring(&county, order.id, &Kind::RollCall))?;
        Ok(marks.into_iter().map(|stored| stored.record.cell).collect())
    }

    fn mark_as_seen(&mut self, page: MarksOf) -> Outcome {
        let scope = everywhere()?;
        let order = self.county.ask(|reading| reading.record(&scope, page.evacuation))?;
        // A server that was put back may not know it any more.
        let Some(order) = order.map(|stored| stored.record) else { return Ok(()) };
        let roster = Evacuation::from(&order).roster;
        let before = self.marks_there(&order)?;
        let stale = !roll(&roster, &before).stands_as_seen(&page.people);
        let mark = if self.later.percent(12) { None } else { self.later.pick(&Mark::ALL).copied() };
        let word = self.word();
        let marks = MarksOf { mark, note: Some(word.clone()), ..page };
        self.say(|| format!("{marks:?}"));
        let made = self.county.hub()?.mark_people(&self.county.supervisor.actor, &marks);
        if self.desk_heard_nothing(made.is_err())? {
            return Ok(());
        }
        let made = match made {
            Err(refused) => {
                if self.marks_there(&order)? != before {
                    return trouble(format!("{marks:?} were refused and changed something."));
                }
                return self.desk_may_not_mark(&refused, stale);
            }
            Ok(_) if stale => return trouble(format!("{marks:?} were made on what nobody had seen.")),
            Ok(made) => made,
        };
        let after = self.marks_there(&order)?;
        let new: Vec<&RollCall> = after.iter().filter(|one| one.note.as_deref() == Some(word.as_str())).collect();
        if new.len() != made {
            return trouble(format!("{made} people were marked at the desk, and these marks are there: {new:?}."));
        }
        let standing = roll(&roster, &after);
        let stands = |mark: &RollCall| standing.people.iter().any(|(_, standing)| standing.is_some_and(|s| s == mark));
        if let Some(mark) = new.iter().find(|mark| !stands(mark)) {
            return trouble(format!("{mark:?} was made at the desk and does not stand."));
        }
        for mark in new {
            self.note_at_desk(mark.id, |field| !is_moment(field))?;
            take(&self.ledger).count("marked at the desk".into());
        }
        Ok(())
    }

    /// Why somebody at the desk may not mark: others have marked since the page was opened, or somebody on it was erased, or lives
    /// elsewhere by now.
    fn desk_may_not_mark(&self, refused: &HubError, stale: bool) -> Outcome {
        let gone = |code: &ProblemCode| matches!(code, ProblemCode::MissingTarget | ProblemCode::Erased);
        match refused {
            HubError::Refused { code: CallRefusal::Stale, .. } if stale => {
                take(&self.ledger).count("mark on what has changed since".into());
                Ok(())
            }
            HubError::Refused { code: CallRefusal::Invalid, problems }
                if problems.iter().all(|problem| gone(&problem.code)) =>
            {
                take(&self.ledger).count("mark of who is not there any more".into());
                Ok(())
            }
            refused => trouble(format!("Nobody could be marked at the desk: {refused}")),
        }
    }
}

/// What a phone's page says of somebody.
#[derive(Debug)]
struct Said {
    mark: Value,
    /// None: nobody has marked them.
    at: Option<i64>,
    note: Option<String>,
}

/// Everybody on a phone's page.
fn people_of(page: &Value) -> BTreeMap<RecordId, Said> {
    let households = page["households"].as_array().into_iter().flatten();
    let people = households.flat_map(|household| household["people"].as_array().into_iter().flatten());
    let said = |person: &Value| Said {
        mark: person["mark"].clone(),
        at: person["at"].as_i64(),
        note: person["note"].as_str().map(str::to_owned),
    };
    people.filter_map(|person| Some((person["person"].as_str()?.parse().ok()?, said(person)))).collect()
}

/// Every phone of the cell and the desk count the same for each evacuation, and say the same of everybody; but where something still lies
/// beside the register that its writer has lost, or was made to stamp anew after it was shown, or where marks lie in a cell that was merged
/// and that the phone was not given with the other.
pub(super) fn everybody_counts_the_same<'r>(history: &History, records: impl Iterator<Item = &'r Record>) -> Outcome {
    let orders: Vec<&Record> =
        records.filter(|record| record.kind == Kind::Evacuation && !record.is_deleted()).collect();
    if orders.is_empty() {
        return Ok(());
    }
    for (number, phone) in history.phones.iter().enumerate().filter(|(_, phone)| !phone.is_out()) {
        if !allowed(history.county.role_of(&phone.worker), Action::Read, &Kind::Evacuation) {
            continue;
        }
        let (cells, handed) = (BTreeSet::from_iter(phone.cells()?), phone.handed()?);
        for order in orders.iter().filter(|order| cells.contains(&order.cell)) {
            let how = if lies_beside(&handed, order.id) {
                "counted with what lies beside"
            } else if !history.marks_lie_in(order)?.is_subset(&cells) {
                "counted without a merged cell"
            } else {
                counts_as_the_desk(history, number, order)?;
                "counted the same"
            };
            take(&history.ledger).count(how.into());
        }
    }
    Ok(())
}

/// A phone counts what the desk counts for an evacuation, and says the same of everybody.
fn counts_as_the_desk(history: &History, number: usize, order: &Record) -> Outcome {
    let roster = Evacuation::from(order).roster;
    let marks = history.marks_there(order)?;
    let there = roll(&roster, &marks);
    let totals: Totals = there.totals;
    let page = history.roll_call(number, order.id)?;
    if page["line"]["totals"] != json!(totals) {
        let here = &page["line"]["totals"];
        return trouble(format!("Phone {number} counts {here} for {}, and the desk {totals:?}.", order.id));
    }
    let here = people_of(&page);
    for (listed, mark) in &there.people {
        let code = json!(mark.map_or(Mark::NotContacted, |mark| mark.mark));
        let at = mark.map(|mark| mark.at);
        if here.get(&listed.person).is_none_or(|said| said.at != at || said.mark != code) {
            return trouble(format!("Phone {number} says {here:?}, and the desk {mark:?} of {listed:?}."));
        }
    }
    Ok(())
}
