//! Notices: the desk publishes them to cells and takes them back, and workers say on their phones which households were told.

use std::collections::BTreeSet;

use domain::{CellCode, Fields, Kind, Record, RecordId, Scope};
use serde_json::{Value, json};
use sync_server::hub::notices::Publication;

use super::history::History;
use super::laws::is_moment;
use super::several::Did;
use super::wire::take;
use crate::trouble::{Doing, Outcome, trouble};

impl History {
    /// The desk publishes a notice to a cell or to all of them, or takes one back.
    pub(super) fn publish_notice(&mut self) -> Outcome {
        if self.latest.percent(25) {
            return self.withdraw_notice();
        }
        let Some(cell) = self.latest.pick(&self.county.open_cells()?).cloned() else { return Ok(()) };
        let everywhere = self.latest.percent(50);
        let places = if everywhere { self.county.supervisor.actor.scopes.clone() } else { vec![Scope::from(&cell)] };
        let title = self.word();
        let fields = json!({ "title": title, "text": self.word(), "notice_kind": "policy" });
        let fields: Fields = serde_json::from_value(fields).doing("writing a notice")?;
        let mut wish = [0; 16];
        self.latest.fill(&mut wish);
        let wish = uuid::Builder::from_random_bytes(wish).into_uuid();
        let publication = Publication { wish, kind: Kind::Notice, places, fields };
        self.say(|| format!("{publication:?}"));
        let published = self.ask_at_desk(|hub, desk| hub.publish(&desk.actor, &publication))?;
        let Some(published) = published else { return Ok(()) };
        let cells = published.doing("publishing a notice")?.cells;
        let notices = self.notices_called(&title)?;
        let lie_in: BTreeSet<&CellCode> = notices.iter().map(|notice| &notice.cell).collect();
        if (notices.len(), lie_in.len()) != (cells, cells) {
            return trouble(format!("A notice was published to {cells} cells, and is there as {notices:?}."));
        }
        for notice in &notices {
            self.note_at_desk(notice.id, |field| !is_moment(field))?;
            take(&self.ledger).count("notice published".into());
        }
        Ok(())
    }

    /// The desk takes a notice back, in all cells to which it went.
    fn withdraw_notice(&mut self) -> Outcome {
        let Some(notice) = self.one_there(&Kind::Notice)? else { return Ok(()) };
        let Some(title) = notice.text("title") else { return Ok(()) };
        let together = |record: &Record| record.int("at") == notice.int("at") && !record.is_deleted();
        let mut standing = self.notices_called(title)?;
        standing.retain(together);
        self.say(|| format!("{title} is taken back"));
        let withdrawn = self.county.hub()?.withdraw(&self.county.supervisor.actor, &Kind::Notice, notice.id);
        if self.desk_heard_nothing(withdrawn.is_err())? {
            return Ok(());
        }
        withdrawn.doing("taking a notice back")?;
        if let Some(left) = self.notices_called(title)?.into_iter().find(together) {
            return trouble(format!("{title} was taken back, and {left:?} stands."));
        }
        for notice in &standing {
            self.note_at_desk(notice.id, |field| field == "deleted")?;
            take(&self.ledger).count("notice taken back".into());
        }
        Ok(())
    }

    /// The server's notices with this title, one for each cell to which it went.
    fn notices_called(&self, title: &str) -> Outcome<Vec<Record>> {
        let mut found = Vec::new();
        for cell in &self.county.every_cell()? {
            let records = self.county.records(cell)?.into_iter();
            found.extend(records.filter(|one| one.kind == Kind::Notice && one.text("title") == Some(title)));
        }
        Ok(found)
    }

    /// A worker tells one household of a notice, or all that were not told, or takes back what was marked a moment ago.
    pub(super) fn tell_notice(&mut self, who: usize) -> Outcome {
        let Some(notice) = self.any(who, &Kind::Notice)? else { return Ok(()) };
        let page = self.screen(who, "notice", json!({ "id": notice.id }))?;
        let doors = doors_of(&page);
        let marks: Vec<&Value> =
            doors.iter().copied().map(|door| &door["take_back"]).filter(|mark| !mark.is_null()).collect();
        if let Some(mark) = self.latest.pick(&marks).copied().filter(|_| self.latest.percent(20)) {
            return self.take_mark_back(who, mark);
        }
        let untold = doors.iter().copied().filter(|door| door["told_at"].is_null());
        let mut households: Vec<Value> = untold.map(|door| door["household_id"].clone()).collect();
        let most = if self.latest.percent(40) { households.len() } else { 1 };
        while households.len() > most {
            households.swap_remove(self.latest.below(households.len()));
        }
        if households.is_empty() {
            return Ok(());
        }
        let args = json!({ "notice": notice.id, "households": households });
        if matches!(self.write_several(who, "tell_notice", args)?, Did::Nothing) {
            return Ok(());
        }
        let page = self.screen(who, "notice", json!({ "id": notice.id }))?;
        let told = |household: &Value| {
            doors_of(&page).iter().any(|door| door["household_id"] == *household && !door["told_at"].is_null())
        };
        if let Some(household) = households.iter().find(|household| !told(household)) {
            return trouble(format!("{household} was told of a notice, and its page says {page}."));
        }
        households.iter().for_each(|_| take(&self.ledger).count("told of a notice".into()));
        Ok(())
    }

    /// A mark that nobody else can know of is taken back.
    fn take_mark_back(&mut self, who: usize, mark: &Value) -> Outcome {
        let id: RecordId = serde_json::from_value(mark.clone()).doing("reading a mark's name")?;
        if !matches!(self.write_several(who, "take_back_several", json!({ "ids": [id] }))?, Did::All) {
            return Ok(());
        }
        match self.phones[who].record(id)? {
            None => Ok(()),
            Some(mark) => trouble(format!("{mark:?} was taken back, and is there.")),
        }
    }
}

/// The doors on the page of a notice.
fn doors_of(page: &Value) -> Vec<&Value> {
    let buildings = page["buildings"].as_array().into_iter().flatten();
    let units = buildings.flat_map(|building| building["units"].as_array().into_iter().flatten());
    units.flat_map(|unit| unit["doors"].as_array().into_iter().flatten()).collect()
}
