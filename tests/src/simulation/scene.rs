//! A history that a test tells step by step, instead of a seed: for the mistakes that have a name.

use device::SyncPhase;
use device::api::{Failure, FailureCode};
use domain::{CellCode, Kind, Record, RecordId};
use serde_json::{Value, json};

use super::chance::Chance;
use super::county::everywhere;
use super::disk::Blow;
use super::history::History;
use super::people;
use super::wire::{Fault, take};
use super::{heal, laws};
use crate::trouble::{Doing, Outcome, trouble};

/// The stage: a county and some phones of the template. 0: worker-0 with the first cell; 1: worker-1 with the second; 2 and 3:
/// two phones of worker-2 with the first; 4: worker-3 with both; 5: who leads them, and 6: an informant, with the first. In here they
/// are numbered as they were asked for.
pub struct Scene {
    pub(super) history: History,
    /// The folder goes with the scene.
    _folder: tempfile::TempDir,
}

impl Scene {
    /// Sets the stage.
    ///
    /// # Errors
    /// When the county cannot be laid out.
    pub fn with(phones: &[usize]) -> Outcome<Self> {
        let folder = super::folder()?;
        Ok(Self { history: History::staged(folder.path(), phones)?, _folder: folder })
    }

    /// The first household of the first cell: where everybody writes.
    ///
    /// # Errors
    /// When there is none.
    pub fn household(&self) -> Outcome<RecordId> {
        let records = self.history.county.records(&self.cell(0))?;
        match records.iter().find(|record| record.kind == Kind::Household) {
            Some(household) => Ok(household.id),
            None => trouble("There is no household."),
        }
    }

    /// A cell with which the county began.
    pub fn cell(&self, number: usize) -> CellCode {
        self.history.county.first_cells[number].clone()
    }

    // -- work

    /// A worker writes a word into the household's note; it must show at once.
    ///
    /// # Errors
    /// When it is not saved.
    pub fn write(&mut self, phone: usize, word: &str) -> Outcome {
        self.save(phone, &Kind::Household, Some(self.household()?), json!({ "access_note": word }))
    }

    /// A worker saves fields; they must show at once.
    ///
    /// # Errors
    /// When they are not saved.
    pub fn save(&mut self, phone: usize, kind: &Kind, id: Option<RecordId>, fields: Value) -> Outcome {
        self.history.save(phone, kind, id, fields)
    }

    /// A worker writes a word while the phone's next round waits for the server; then that round is made.
    ///
    /// # Errors
    /// When it is not saved, or the round breaks.
    pub fn write_during_round(&mut self, phone: usize, word: &str) -> Outcome {
        let fields = json!({ "access_note": word });
        self.history.save_during_round(phone, self.household()?, fields)
    }

    /// A worker records a visit at the household.
    ///
    /// # Errors
    /// When it is not saved.
    pub fn visit(&mut self, phone: usize) -> Outcome {
        self.history.visit(phone)
    }

    /// A worker finds a new door, with a household and its head.
    ///
    /// # Errors
    /// When it is not saved.
    pub fn new_home(&mut self, phone: usize) -> Outcome<(RecordId, RecordId)> {
        let door =
            self.save_new(phone, &Kind::Dwelling, json!({ "use": "own", "group": "2组", "house_number": "18号" }))?;
        let household = self.save_new(phone, &Kind::Household, json!({ "dwelling": door }))?;
        let head = self.save_new(phone, &Kind::Person, json!({ "household": household, "name": "吴九" }))?;
        self.save(phone, &Kind::Household, Some(household), json!({ "head": head }))?;
        Ok((household, head))
    }

    fn save_new(&mut self, phone: usize, kind: &Kind, fields: Value) -> Outcome<RecordId> {
        let known: Vec<RecordId> = self.history.phones[phone].of_kind(kind)?.iter().map(|record| record.id).collect();
        self.save(phone, kind, None, fields)?;
        let records = self.history.phones[phone].of_kind(kind)?;
        match records.iter().find(|record| !known.contains(&record.id)) {
            Some(new) => Ok(new.id),
            None => trouble(format!("There is no new {kind}.")),
        }
    }

    /// A worker takes a photo of the first incident of the phone.
    ///
    /// # Errors
    /// When it is not saved.
    pub fn photograph(&mut self, phone: usize) -> Outcome {
        self.history.photograph(phone)
    }

    /// A worker reports an incident.
    ///
    /// # Errors
    /// When it is not saved.
    pub fn report(&mut self, phone: usize) -> Outcome {
        self.history.report(phone)
    }

    /// Runs a command of the phone as its window does.
    ///
    /// # Errors
    /// Its failure.
    pub fn call(&self, phone: usize, command: &str, args: Value, body: Option<Vec<u8>>) -> Result<Value, Failure> {
        self.history.phones[phone].call_with(command, args, body)
    }

    /// One round; it may end early only for what was done to it.
    ///
    /// # Errors
    /// When it ends for anything else.
    pub fn round(&mut self, phone: usize) -> Outcome {
        self.history.mix.spoiled = 1;
        let made = self.history.round(phone);
        self.history.mix.spoiled = 0;
        made?;
        match take(&self.history.ledger).broken.take() {
            Some(law) => trouble(law),
            None => Ok(()),
        }
    }

    // -- what is where

    /// A record as a phone has it.
    ///
    /// # Errors
    /// When the phone cannot be read.
    pub fn on_phone(&self, phone: usize, id: RecordId) -> Outcome<Option<Record>> {
        self.history.phones[phone].record(id)
    }

    /// A phone that keeps no proofs, as before its register's eleventh schema.
    ///
    /// # Errors
    /// When the phone's register cannot be written.
    pub fn forget_proofs(&mut self, phone: usize) -> Outcome {
        let forgotten =
            self.history.phones[phone].open(|open| Ok(open.store().connection().execute("DELETE FROM proof", [])))?;
        forgotten.map(|_| ()).doing("forgetting proofs")
    }

    /// A record as the server has it.
    ///
    /// # Errors
    /// When the server cannot be read.
    pub fn on_server(&self, id: RecordId) -> Outcome<Option<Record>> {
        let scope = everywhere()?;
        Ok(self.history.county.ask(|reading| reading.record(&scope, id))?.map(|stored| stored.record))
    }

    /// The records of a kind that the server has in a cell.
    ///
    /// # Errors
    /// When the server cannot be read.
    pub fn all_on_server(&self, cell: usize, kind: &Kind) -> Outcome<Vec<Record>> {
        let records = self.history.county.records(&self.cell(cell))?;
        Ok(records.into_iter().filter(|record| record.kind == *kind).collect())
    }

    /// The household's note on a phone.
    ///
    /// # Errors
    /// When the phone cannot be read.
    pub fn note(&self, phone: usize) -> Outcome<Option<String>> {
        let record = self.on_phone(phone, self.household()?)?;
        Ok(record.and_then(|record| record.text("access_note").map(str::to_owned)))
    }

    /// The household's note on the server.
    ///
    /// # Errors
    /// When the server cannot be read.
    pub fn server_note(&self) -> Outcome<Option<String>> {
        let record = self.on_server(self.household()?)?;
        Ok(record.and_then(|record| record.text("access_note").map(str::to_owned)))
    }

    /// Whether the server's history has a word of the household's note.
    ///
    /// # Errors
    /// When the server cannot be read.
    pub fn is_in_history(&self, word: &str) -> Outcome<bool> {
        let (scope, id) = (everywhere()?, self.household()?);
        let entries = self.history.county.ask(|reading| reading.history(&scope, id))?;
        Ok(entries.iter().any(|entry| entry.fields.get("access_note") == Some(&json!(word))))
    }

    /// How many records of a phone wait to be sent, and what was refused of them.
    ///
    /// # Errors
    /// When the phone cannot be read.
    pub fn waiting_and_refused(&self, phone: usize) -> Outcome<(i64, i64)> {
        let state = self.history.phones[phone].sync_state()?;
        Ok((state.waiting_records, state.refused))
    }

    /// Whether a phone was signed out.
    ///
    /// # Errors
    /// When the phone cannot be read.
    pub fn is_signed_out(&self, phone: usize) -> Outcome<bool> {
        Ok(matches!(self.history.phones[phone].sync_state()?.phase, SyncPhase::SignedOut | SyncPhase::Revoked))
    }

    // -- what goes wrong

    /// Spoils the next calls of a phone.
    pub fn spoil(&self, phone: usize, faults: &[Fault]) {
        self.history.phones[phone].wire.spoil_next(faults);
    }

    /// From now on every call of a phone takes long, mostly too long to compare clocks by it.
    pub fn slow_down(&self, phone: usize) {
        self.history.phones[phone].wire.slow_down(100, Chance::new(1, 300));
    }

    /// From now on a phone sends a record a page, or a few.
    pub fn small_pages(&self, phone: usize) {
        self.history.phones[phone].wire.cut_small(100, Chance::new(1, 400));
    }

    /// What is still under way from a phone arrives.
    pub fn deliver_late(&self, phone: usize) {
        self.history.phones[phone].wire.deliver_late();
    }

    /// Time passes.
    pub fn pass(&self, millis: i64) {
        self.history.time.pass(millis);
    }

    /// A phone's clock is so far off.
    pub fn clock(&self, phone: usize, off: i64) {
        self.history.phones[phone].drift.set(off);
    }

    /// The server's clock is so far off.
    pub fn server_clock(&self, off: i64) {
        self.history.county.drift.set(off);
    }

    /// A phone's program is killed and started again.
    ///
    /// # Errors
    /// When it does not start.
    pub fn kill(&mut self, phone: usize) -> Outcome {
        self.history.phones[phone].kill()
    }

    /// In a phone's next round the power goes, or a commit fails, after so many commits; then it is started again. True: it did.
    ///
    /// # Errors
    /// When it does not start, or the round breaks for anything else.
    pub fn round_with_fuse(&mut self, phone: usize, commits: usize, power: bool) -> Outcome<bool> {
        self.history.phones[phone].plant(commits, if power { Blow::Cut } else { Blow::Fail })?;
        self.round(phone)?;
        self.history.phones[phone].recover()
    }

    /// A worker takes a photo while the power goes, or a commit fails, after so many commits; then the phone is started again.
    /// True: it did.
    ///
    /// # Errors
    /// When it does not start, or the photo is neither saved nor said not to be.
    pub fn photograph_with_fuse(&mut self, phone: usize, commits: usize, power: bool) -> Outcome<bool> {
        self.history.phones[phone].plant(commits, if power { Blow::Cut } else { Blow::Fail })?;
        self.history.photograph(phone)?;
        self.history.phones[phone].recover()
    }

    /// The server's power goes, or a commit of it fails, after so many commits of its.
    ///
    /// # Errors
    /// When the fuse cannot be planted.
    pub fn plant_at_server(&mut self, commits: usize, power: bool) -> Outcome {
        self.history.county.plant(commits, if power { Blow::Cut } else { Blow::Fail })
    }

    /// The server is killed, or comes back after a power cut.
    ///
    /// # Errors
    /// When it does not start.
    pub fn kill_server(&mut self) -> Outcome {
        self.history.county.kill()
    }

    /// Pages of the feeds are cut at so many bytes.
    ///
    /// # Errors
    /// When the server does not run.
    pub fn cut_pages(&self, bytes: usize) -> Outcome {
        self.history.county.hub()?.cut_pages_at(bytes);
        Ok(())
    }

    /// Fills a phone's storage, or makes room.
    ///
    /// # Errors
    /// When the phone cannot be reached.
    pub fn fill(&mut self, phone: usize, full: bool) -> Outcome {
        self.history.phones[phone].fill(full)
    }

    /// Fills the server's disk, or makes room.
    ///
    /// # Errors
    /// When the server cannot be reached.
    pub fn fill_server(&mut self, full: bool) -> Outcome {
        self.history.county.fill(full)
    }

    /// Copies a phone's folder aside.
    ///
    /// # Errors
    /// When it cannot be copied.
    pub fn back_up(&mut self, phone: usize) -> Outcome {
        self.history.phones[phone].back_up()
    }

    /// Puts a phone's folder back.
    ///
    /// # Errors
    /// When a law was broken before.
    pub fn restore(&mut self, phone: usize) -> Outcome {
        self.history.restore_phone(phone)
    }

    /// Copies a phone; the copy is the next number.
    ///
    /// # Errors
    /// When it cannot be copied.
    pub fn copy(&mut self, phone: usize) -> Outcome {
        self.history.clone_phone(phone)
    }

    /// Backs the server up.
    ///
    /// # Errors
    /// When it cannot.
    pub fn back_up_server(&mut self) -> Outcome {
        self.history.county.back_up(true)
    }

    /// Puts the server's database back.
    ///
    /// # Errors
    /// When a law was broken before.
    pub fn restore_server(&mut self) -> Outcome {
        self.history.restore_server()
    }

    /// Gives a worker these cells and no others.
    ///
    /// # Errors
    /// When the server cannot.
    pub fn assign(&self, worker: &str, cells: &[usize]) -> Outcome {
        let cells: Vec<CellCode> = cells.iter().map(|number| self.cell(*number)).collect();
        self.history.county.assign(worker, &cells)
    }

    /// The desk shuts a phone out; it can be enrolled again.
    ///
    /// # Errors
    /// When the server cannot.
    pub fn revoke(&self, phone: usize) -> Outcome {
        use crate::trouble::Doing;
        let device = self.history.phones[phone].device_id;
        self.history.county.hub()?.revoke_device("admin", device).doing("revoking")
    }

    /// A phone that is signed out is enrolled again.
    ///
    /// # Errors
    /// When it is refused.
    pub fn enrol_again(&mut self, phone: usize) -> Outcome {
        self.history.enrol_again(phone)
    }

    /// Somebody at the desk moves a record into another cell.
    ///
    /// # Errors
    /// When it is refused.
    pub fn move_to(&mut self, id: RecordId, cell: usize) -> Outcome {
        let Some(record) = self.on_server(id)? else { return trouble("There is nothing to be moved.") };
        let to = self.cell(cell);
        self.history.write_at_desk(&record, [("cell".to_owned(), json!(to))].into())
    }

    /// The supervisor approves a version of a record; the code of the refusal, if there is one.
    ///
    /// # Errors
    /// When the server does not run.
    pub fn approve(&self, id: RecordId, version: domain::Version) -> Outcome<Option<domain::protocol::CallRefusal>> {
        self.history.approve(id, version)
    }

    /// A phone is lost; its worker gets another and enrols it. It is the next number.
    ///
    /// # Errors
    /// When it cannot be enrolled.
    pub fn reinstall(&mut self, worker: &str) -> Outcome {
        self.history.reinstall(worker)
    }

    /// Everything gets well, and every law is looked at.
    ///
    /// # Errors
    /// With the first law that is broken.
    pub fn settle(mut self) -> Outcome {
        heal::heal(&mut self.history)?;
        laws::judge(&self.history)
    }

    /// Whether a failure is the one of a full storage.
    pub fn is_full(failure: &Failure) -> bool {
        failure.code == FailureCode::StorageFull
    }

    /// A JPEG picture.
    ///
    /// # Errors
    /// When it cannot be made.
    pub fn picture(width: u32, height: u32) -> Outcome<Vec<u8>> {
        people::picture(width, height, 7)
    }
}
