//! What a test with a name lets happen at the desk, to the server and to a phone's files: erasure, orders, taking in, a backup, damage.

use domain::order::DeviceOrder;
use domain::review::ReviewState;
use domain::scope::{Actor, Role};
use domain::{AccountId, CellCode, Kind, RecordId, Scope};
use serde_json::{Value, json};
use sync_server::hub::cells::SplitParts;
use sync_server::store::Place;

use super::county::everywhere;
use super::scene::Scene;
use super::wire::take;
use crate::trouble::{Doing, Outcome, trouble};

impl Scene {
    /// The desk erases a person.
    ///
    /// # Errors
    /// When it is refused.
    pub fn erase(&mut self, person: RecordId) -> Outcome {
        self.history.erase(person)
    }

    /// Somebody at the desk corrects the household's note.
    ///
    /// # Errors
    /// When it is refused.
    pub fn correct(&mut self, word: &str) -> Outcome {
        let Some(household) = self.on_server(self.household()?)? else { return trouble("There is no household.") };
        self.history.write_at_desk(&household, [("access_note".to_owned(), json!(word))].into())
    }

    /// The desk gives a task in some cell, or writes in one.
    ///
    /// # Errors
    /// When it is refused.
    pub fn give_task(&mut self) -> Outcome {
        self.history.give_task()
    }

    /// The desk writes in a record.
    ///
    /// # Errors
    /// When it is refused.
    pub fn write_at_desk(&mut self, id: RecordId, fields: Value) -> Outcome {
        let Some(record) = self.on_server(id)? else { return trouble("There is no such record.") };
        let fields = serde_json::from_value(fields).doing("reading the fields")?;
        self.history.write_at_desk(&record, fields)
    }

    /// The desk orders a phone to lock or to wipe itself.
    ///
    /// # Errors
    /// When it is refused.
    pub fn order(&mut self, phone: usize, what: DeviceOrder) -> Outcome {
        self.history.order(phone, what)
    }

    /// The desk takes an order back.
    ///
    /// # Errors
    /// When it is refused.
    pub fn lift(&mut self, phone: usize) -> Outcome {
        self.history.lift(phone)
    }

    /// Somebody at the desk takes in what lies there sealed.
    ///
    /// # Errors
    /// When it is refused.
    pub fn take_in(&mut self) -> Outcome {
        self.history.take_in().map(|_| ())
    }

    /// From now on a phone sends pages of so many bytes, a record at least; or as it likes again.
    pub fn cut_pages_up(&self, phone: usize, bytes: Option<usize>) {
        self.history.phones[phone].wire.cut_at(bytes);
    }

    /// Whether a phone has wiped itself.
    pub fn is_wiped(&self, phone: usize) -> bool {
        self.history.phones[phone].is_wiped()
    }

    /// Whether a phone has locked itself.
    pub fn is_locked(&self, phone: usize) -> bool {
        self.history.phones[phone].is_locked()
    }

    /// Puts the server's database back, and its photos as they were then.
    ///
    /// # Errors
    /// When a law was broken before.
    pub fn restore_server_with_photos(&mut self) -> Outcome {
        self.history.put_back(true)
    }

    /// A phone stays shut out to the end.
    pub fn for_good(&mut self, phone: usize) {
        self.history.phones[phone].revoked = true;
    }

    /// A worker leaves the form about a record unfinished.
    ///
    /// # Errors
    /// When it is not kept.
    pub fn draft_about(&mut self, phone: usize, id: RecordId, word: &str) -> Outcome {
        let args = json!({ "key": format!("edit:{id}"), "value": { "note": word } });
        match self.call(phone, "save_draft", args, None) {
            Ok(_) => {
                take(&self.history.ledger).drafted.push((id, json!(word)));
                Ok(())
            }
            Err(failure) => trouble(format!("The draft was not kept: {failure:?}")),
        }
    }

    /// A worker takes this very picture of something.
    ///
    /// # Errors
    /// When it is not saved.
    pub fn photograph_as(&mut self, phone: usize, kind: &Kind, subject: RecordId, jpeg: Vec<u8>) -> Outcome {
        let args = json!({ "subject": subject, "subject_kind": kind, "photo_kind": "scene" });
        self.history.save_photo(phone, args, jpeg)
    }

    /// Bytes of a phone's register are overwritten while its program does not run: so many pages from one on, or all.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn damage(&mut self, phone: usize, pages: std::ops::Range<usize>) -> Outcome {
        self.history.phones[phone].damage(pages)
    }

    /// The page on which an index of a phone's register begins, counted from nought.
    ///
    /// # Errors
    /// When the phone cannot be read.
    pub fn page_of_index(&self, phone: usize, name: &str) -> Outcome<Option<usize>> {
        self.history.phones[phone].open(|open| {
            let sql = "SELECT rootpage FROM sqlite_schema WHERE name = ?1";
            let page: i64 = open.store().connection().query_row(sql, [name], |row| row.get(0))?;
            Ok(usize::try_from(page - 1).ok())
        })
    }

    /// The worker enters the PIN; the code of the failure, if there is one.
    pub fn enter_pin(&self, phone: usize) -> Option<device::api::FailureCode> {
        self.history.phones[phone].enter_pin()
    }

    /// The names of a phone's files.
    ///
    /// # Errors
    /// When its folder cannot be read.
    pub fn files(&self, phone: usize) -> Outcome<Vec<String>> {
        self.history.phones[phone].files()
    }

    /// What nobody needs any more is thrown away on the server, as every night.
    ///
    /// # Errors
    /// When it cannot be.
    pub fn tidy(&self) -> Outcome {
        self.history.county.hub()?.tidy().map(|_| ()).doing("tidying")
    }

    /// Where a record stands with the supervisor.
    ///
    /// # Errors
    /// When the server cannot be read.
    pub fn review_state(&self, id: RecordId) -> Outcome<Option<ReviewState>> {
        let scope = everywhere()?;
        Ok(self.history.county.ask(|reading| reading.record(&scope, id))?.map(|stored| stored.state))
    }

    /// Merges a cell into another, as the county's office does; how many records moved. Whoever holds that one holds both from now on.
    ///
    /// # Errors
    /// When it is refused.
    pub fn merge_cells(&self, cell: usize, into: usize) -> Outcome<usize> {
        self.name_cells()?;
        let hub = self.history.county.hub()?;
        let moved = hub.merge_cell(&office()?, &self.cell(cell), &self.cell(into)).doing("merging cells")?;
        self.look_up_holders()?;
        self.note_moves_to(into)?;
        Ok(moved)
    }

    /// Splits a house off a cell into another, as the county's office does; how many records moved.
    ///
    /// # Errors
    /// When it is refused.
    pub fn split_off(&self, cell: usize, house: RecordId, to: usize) -> Outcome<usize> {
        self.name_cells()?;
        let off = SplitParts { buildings: [house].into(), ..SplitParts::default() };
        let hub = self.history.county.hub()?;
        let moved =
            hub.split_cell(&office()?, &self.cell(cell), &off, &self.cell(to), None).doing("splitting a cell")?;
        self.look_up_holders()?;
        self.note_moves_to(to)?;
        Ok(moved)
    }

    /// Names the cells: the office finds only those that have a name.
    fn name_cells(&self) -> Outcome {
        let place = |cell: &CellCode| Place { code: Scope::from(cell), name: cell.to_string() };
        let places: Vec<Place> = self.history.county.cells.iter().map(place).collect();
        self.history.county.hub()?.put_places(&places).doing("naming the cells")
    }

    /// Whatever lies in a cell was perhaps moved there: by the office, not by nobody.
    fn note_moves_to(&self, cell: usize) -> Outcome {
        for record in self.history.county.records(&self.cell(cell))? {
            let moved = record.fields.get("cell").map(|code| ("cell".to_owned(), code.clone()));
            take(&self.history.ledger).typed(record.id, &moved.into_iter().collect());
        }
        Ok(())
    }

    /// Notes who holds which cells by now: the laws go by that.
    fn look_up_holders(&self) -> Outcome {
        let workers: Vec<String> = take(&self.history.county.held).keys().cloned().collect();
        for worker in workers {
            let id = AccountId::new(&worker).doing("naming a worker")?;
            let holdings = self.history.county.ask(|reading| reading.holdings(&id))?;
            let held = holdings.into_iter().filter(|held| held.until.is_none()).map(|held| held.cell);
            let mut cells: Vec<CellCode> = held.collect();
            cells.sort();
            take(&self.history.county.held).insert(worker, cells);
        }
        Ok(())
    }
}

/// The county's office, which draws the cells anew.
fn office() -> Outcome<Actor> {
    let account = AccountId::new("admin").doing("naming the office")?;
    Ok(Actor { account, role: Role::Admin, scopes: vec![everywhere()?], department: None })
}
