//! What a test with a name lets happen at the desk, to the server and to a phone's files: erasure, orders, taking in, a backup, damage.

use domain::order::DeviceOrder;
use domain::review::ReviewState;
use domain::scope::Role;
use domain::{Kind, RecordId};
use serde_json::{Value, json};

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

    /// The office makes something else of an account; its phones hear of it with their next answers.
    ///
    /// # Errors
    /// When it is refused.
    pub fn make(&mut self, worker: &str, role: Role) -> Outcome {
        self.history.make(worker, role)
    }

    /// Merges a cell into another, as the county's office does; how many records moved. Whoever holds that one holds both from now on.
    ///
    /// # Errors
    /// When it is refused, or something of it is not as it should be.
    pub fn merge_cells(&mut self, cell: usize, into: usize) -> Outcome<usize> {
        let (cell, into) = (self.cell(cell), self.cell(into));
        self.history.merge(&cell, &into)
    }

    /// Splits a house off a cell into another, as the county's office does; how many records moved.
    ///
    /// # Errors
    /// When it is refused, or something of it is not as it should be.
    pub fn split_off(&mut self, cell: usize, house: RecordId, to: usize) -> Outcome<usize> {
        let (cell, to) = (self.cell(cell), self.cell(to));
        self.history.split(&cell, &[house].into(), &to)
    }
}
