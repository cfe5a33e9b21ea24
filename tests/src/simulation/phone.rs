//! A worker's phone in the simulation: production's device, a clock that may be wrong, a wire, and a disk that can break.

use std::cell::Cell;
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use device::api::{self, Answer, Failure, FailureCode};
use device::crypto::KeyCost;
use device::store::{RECORD_COLUMNS, Store};
use device::{Device, DeviceConfig, DeviceError, Phase, RoundReport, SyncState};
use domain::order::DeviceOrder;
use domain::protocol::{Enrolment, Tokens};
use domain::scope::Role;
use domain::{CellCode, DeviceId, Kind, Record, RecordId};
use serde_json::{Value, json};

use super::chance::Chance;
use super::county::shared;
use super::disk::{self, Blow, Fuse};
use super::template::TemplatePhone;
use super::wire::{Shared, Wire, take};
use super::world::{Drift, SimulatedWorld, Time};
use crate::trouble::{Doing, Outcome, trouble};

const PIN: &str = "135790";
const KEY_FILE: &str = "register.key";
/// The size of a page of a register.
const PAGE: usize = 4_096;

/// What was saved while a request was under way.
pub(super) struct Meantime {
    pub(super) before: Option<Record>,
    pub(super) answer: Result<(), Failure>,
}

/// One phone.
pub(super) struct Phone {
    pub(super) worker: String,
    pub(super) device_id: DeviceId,
    pub(super) wire: Wire,
    pub(super) drift: Drift,
    /// Own visits that may still be taken back or replaced.
    pub(super) visits: Vec<RecordId>,
    /// Whether its storage is full.
    pub(super) full: bool,
    /// Shut out by the desk, for good.
    pub(super) revoked: bool,
    /// Locked, and the server that could open its lock does not know it any more.
    pub(super) stranded: bool,
    /// Wiped, and its worker has another phone.
    pub(super) replaced: bool,
    /// Whether its power is off.
    dark: Arc<AtomicBool>,
    fuse: Option<Fuse>,
    /// The tokens that it had when it was last copied aside.
    backup: Option<(Tokens, DeviceId)>,
    device: Option<Device>,
    folder: PathBuf,
    /// The wrapped key of its register, as it is while no order has locked it away.
    key: Vec<u8>,
    time: Time,
    seed: u64,
    starts: u64,
    /// How often a cell was found to differ from the server's receipt.
    differed: Cell<usize>,
}

impl Phone {
    /// A phone of the template.
    pub(super) fn enrol(
        worker: &str,
        folder: &Path,
        enrolment: &Enrolment,
        wire: Wire,
        time: &Time,
        seed: u64,
    ) -> Outcome<Self> {
        let mut phone = Self::new(worker, enrolment.device, folder, wire, time, seed);
        let device = phone.power_on()?;
        device.enrol_at_cost("http://127.0.0.1", enrolment, PIN, KeyCost::SIMULATION).doing("enrolling a device")?;
        phone.note_key()?;
        Ok(phone)
    }

    /// A phone as the template has it.
    pub(super) fn of_template(
        template: &TemplatePhone,
        folder: &Path,
        wire: Wire,
        time: &Time,
        seed: u64,
    ) -> Outcome<Self> {
        template.lay_out(folder)?;
        let mut phone = Self::new(template.worker, template.device, folder, wire, time, seed);
        phone.note_key()?;
        phone.start()?;
        Ok(phone)
    }

    fn note_key(&mut self) -> Outcome {
        self.key = fs::read(self.folder.join(KEY_FILE)).doing("noting a phone's key")?;
        Ok(())
    }

    fn new(worker: &str, device_id: DeviceId, folder: &Path, wire: Wire, time: &Time, seed: u64) -> Self {
        let dark = wire.dark();
        Self {
            worker: worker.to_owned(),
            device_id,
            wire,
            drift: Drift::default(),
            visits: Vec::new(),
            full: false,
            revoked: false,
            stranded: false,
            replaced: false,
            dark,
            fuse: None,
            backup: None,
            device: None,
            folder: folder.to_owned(),
            key: Vec::new(),
            time: time.clone(),
            seed,
            starts: 0,
            differed: Cell::new(0),
        }
    }

    /// A copy of this phone, made of its files: another folder, another run, the same tokens.
    pub(super) fn clone_into(&self, folder: &Path, wire: Wire, seed: u64) -> Outcome<Self> {
        disk::copy(&self.folder, folder).doing("copying a phone")?;
        let mut clone = Self::new(&self.worker, self.device_id, folder, wire, &self.time, seed);
        clone.drift.set(self.drift.get());
        clone.key.clone_from(&self.key);
        clone.start()?;
        Ok(clone)
    }

    fn power_on(&mut self) -> Outcome<&Device> {
        self.starts += 1;
        let world = Box::new(SimulatedWorld::new(&self.time, &self.drift, Chance::new(self.seed, 700 + self.starts)));
        let config = DeviceConfig { folder: self.folder.clone(), world, app_version: "0".to_owned() };
        Ok(self.device.insert(Device::open(config).doing("opening a device")?))
    }

    /// Starts the program; the worker enters the PIN.
    fn start(&mut self) -> Outcome {
        self.full = false;
        self.fuse = None;
        self.dark.store(false, Ordering::SeqCst);
        let device = self.power_on()?;
        if device.ordered().is_some() {
            return Ok(());
        }
        device.unlock(PIN).doing("unlocking a phone")
    }

    /// Whether its register is closed by an order: locked, or wiped.
    pub(super) fn is_shut(&self) -> bool {
        self.device().phase() != Phase::Open
    }

    /// Whether it has locked itself.
    pub(super) fn is_locked(&self) -> bool {
        self.is_shut() && self.device().ordered() == Some(DeviceOrder::Lock)
    }

    /// Whether it has wiped itself.
    pub(super) fn is_wiped(&self) -> bool {
        self.is_shut() && self.device().ordered() == Some(DeviceOrder::Wipe)
    }

    /// Whether it has left the county for good: it is compared with nothing any more.
    pub(super) fn is_out(&self) -> bool {
        self.revoked || self.stranded || self.is_wiped()
    }

    /// A round may have closed the register, or found that its lock was lifted: then the PIN opens it as ever.
    pub(super) fn after_round(&mut self) -> Outcome {
        if !self.is_shut() {
            return Ok(());
        }
        self.full = false;
        if !self.is_dark() {
            self.fuse = None;
        }
        if self.device().ordered().is_none() {
            self.device().unlock(PIN).doing("unlocking a phone after its lock was lifted")?;
        }
        Ok(())
    }

    pub(super) fn device(&self) -> &Device {
        self.device.as_ref().expect("a phone of a history is always started")
    }

    // -- what breaks ------------------------------------------------------------------------------------------------------

    fn aside(&self) -> PathBuf {
        self.folder.with_extension("aside")
    }

    /// Its program ends without a word and is started again.
    pub(super) fn kill(&mut self) -> Outcome {
        let Self { folder, device, .. } = self;
        disk::kill(folder, || *device = None).doing("killing a phone's program")?;
        self.start()
    }

    /// Its program ends, whatever it has done since, and its storage holds nothing any more.
    fn lose_files(&mut self) -> Outcome {
        let Self { folder, device, .. } = self;
        disk::lose(folder, || *device = None).doing("losing what a phone's storage held")
    }

    /// The power will go, or a commit will fail, after so many others.
    pub(super) fn plant(&mut self, commits: usize, blow: Blow) -> Outcome {
        let (folder, aside, dark) = (self.folder.clone(), self.aside(), Arc::clone(&self.dark));
        let mut planted = None;
        self.open(|open| {
            planted = Some(Fuse::plant(open.store_mut().connection_mut(), (&folder, &aside), (commits, blow), &dark));
            Ok(())
        })?;
        self.fuse = planted.transpose()?;
        Ok(())
    }

    /// Whether the power is off, or the disk refused a commit since the fuse was planted.
    pub(super) fn fuse_blew(&self) -> Outcome<bool> {
        self.fuse.as_ref().map_or(Ok(false), Fuse::blew)
    }

    /// Whether a fuse is planted in it.
    pub(super) fn has_fuse(&self) -> bool {
        self.fuse.is_some()
    }

    /// Whether its power is off.
    pub(super) fn is_dark(&self) -> bool {
        self.dark.load(Ordering::SeqCst)
    }

    /// Ends what was planted: the phone is started again if its power went.
    pub(super) fn recover(&mut self) -> Outcome<bool> {
        let blew = self.fuse_blew()?;
        if self.dark.load(Ordering::SeqCst) {
            self.lose_files()?;
            fs::rename(self.aside(), &self.folder).doing("going back to what a phone's storage held")?;
            self.start()?;
        } else if self.fuse.take().is_some() && !self.is_shut() {
            let mut removed = Ok(());
            self.open(|open| {
                removed = Fuse::remove(open.store_mut().connection_mut());
                Ok(())
            })?;
            removed?;
        }
        Ok(blew)
    }

    /// Fills its storage, or makes room again.
    pub(super) fn fill(&mut self, full: bool) -> Outcome {
        self.full = full;
        let mut filled = Ok(());
        self.open(|open| {
            filled = disk::fill(open.store().connection(), full);
            Ok(())
        })?;
        filled
    }

    /// Copies its folder aside.
    pub(super) fn back_up(&mut self) -> Outcome {
        disk::copy(&self.folder, &self.folder.with_extension("backup")).doing("backing a phone up")?;
        self.backup = Some((self.wire.tokens(), self.device_id));
        Ok(())
    }

    /// Whether it was ever copied aside.
    pub(super) fn has_backup(&self) -> bool {
        self.backup.is_some()
    }

    /// Puts the copy back: everything since is gone from this phone.
    pub(super) fn restore(&mut self) -> Outcome {
        let Some((tokens, device_id)) = self.backup.clone() else { return trouble("This phone was never backed up.") };
        self.wire.set_tokens(tokens);
        self.device_id = device_id;
        self.lose_files()?;
        disk::copy(&self.folder.with_extension("backup"), &self.folder).doing("putting a phone's storage back")?;
        self.start()
    }

    /// Takes the tokens of a new enrolment: after it was signed out.
    pub(super) fn enrol_again(&mut self, enrolment: &Enrolment) -> Outcome {
        self.device().enrol_again("http://127.0.0.1", enrolment).doing("enrolling a phone again")?;
        self.wire.set_tokens(enrolment.tokens.clone());
        self.device_id = enrolment.device;
        Ok(())
    }

    /// Overwrites pages of its register while the program does not run.
    pub(super) fn damage(&mut self, pages: std::ops::Range<usize>) -> Outcome {
        self.device = None;
        let file = self.folder.join("register.db");
        let mut bytes = fs::read(&file).doing("reading a register")?;
        let (from, to) = ((pages.start * PAGE).min(bytes.len()), (pages.end * PAGE).min(bytes.len()));
        bytes[from..to].iter_mut().for_each(|byte| *byte ^= 0x5A);
        fs::write(&file, bytes).doing("damaging a register")?;
        self.power_on().map(|_| ())
    }

    /// The worker enters the PIN.
    pub(super) fn enter_pin(&self) -> Option<FailureCode> {
        self.device().unlock(PIN).err().map(|error| Failure::from(error).code)
    }

    /// The names of its files.
    pub(super) fn files(&self) -> Outcome<Vec<String>> {
        let entries = fs::read_dir(&self.folder).doing("reading a phone's folder")?;
        Ok(entries.flatten().map(|entry| entry.file_name().to_string_lossy().into_owned()).collect())
    }

    // -- what its worker does ---------------------------------------------------------------------------------------------

    pub(super) fn call(&self, command: &str, args: Value) -> Result<Value, Failure> {
        self.call_with(command, args, None)
    }

    pub(super) fn call_with(&self, command: &str, args: Value, body: Option<Vec<u8>>) -> Result<Value, Failure> {
        match api::call(self.device(), command, args, body)? {
            Answer::Json(value) => Ok(value),
            Answer::Bytes { .. } => Ok(Value::Null),
        }
    }

    /// Saves fields of a record while the next request is under way. What the phone then says, and what the record was before,
    /// is found in the place that this answers.
    pub(super) fn save_meanwhile(&self, kind: &Kind, id: RecordId, fields: Value) -> Shared<Option<Meantime>> {
        let (device, said) = (self.device().clone(), shared(None));
        let (args, place) = (json!({ "kind": kind, "id": id, "cell": null, "fields": fields }), said.clone());
        self.wire.meanwhile(Box::new(move || {
            let before: Result<Option<Record>, DeviceError> = device.with_open(|open| open.store().get(id));
            let answer = api::call(&device, "save", args, None).map(|_| ());
            *take(&place) = Some(Meantime { before: before.ok().flatten(), answer });
        }));
        said
    }

    pub(super) fn round(&self) -> RoundReport {
        self.wire.begin_round();
        let report = self.device().round(&self.wire);
        self.note_differing(&report);
        report
    }

    /// Counts what a round found to differ.
    pub(super) fn note_differing(&self, report: &RoundReport) {
        self.differed.set(self.differed.get() + report.differing);
    }

    /// How often a cell was found to differ from the server's receipt.
    pub(super) fn differed(&self) -> usize {
        self.differed.get()
    }

    // -- what it holds ----------------------------------------------------------------------------------------------------

    /// Does something with the open register. Behind a lock it is looked at in a copy that has the key still; a wiped phone
    /// has none.
    pub(super) fn open<T>(&self, ask: impl FnOnce(&mut device::Open) -> Result<T, DeviceError>) -> Outcome<T> {
        if !self.is_locked() {
            return self.device().with_open(ask).doing("reading a phone");
        }
        let copy = self.folder.with_extension("seen");
        disk::copy(&self.folder, &copy).doing("copying a locked phone")?;
        fs::remove_file(copy.join("order.json")).doing("looking behind a lock")?;
        fs::write(copy.join(KEY_FILE), &self.key).doing("looking behind a lock")?;
        let world = Box::new(SimulatedWorld::new(&self.time, &self.drift, Chance::new(self.seed, 699)));
        let config = DeviceConfig { folder: copy, world, app_version: "0".to_owned() };
        let device = Device::open(config).doing("looking behind a lock")?;
        device.unlock(PIN).doing("looking behind a lock")?;
        device.with_open(ask).doing("reading a locked phone")
    }

    /// The hashes of all pictures that it has.
    pub(super) fn photo_files(&self) -> Outcome<Vec<String>> {
        self.open(|open| {
            let mut rows = open.store().connection().prepare_cached("SELECT sha256 FROM photo_file")?;
            Ok(rows.query_map([], |row| row.get(0))?.collect::<Result<_, _>>()?)
        })
    }

    pub(super) fn sync_state(&self) -> Outcome<SyncState> {
        self.device().sync_state().doing("asking a phone where it stands")
    }

    /// The records of a kind that are in the register now.
    pub(super) fn of_kind(&self, kind: &Kind) -> Outcome<Vec<Record>> {
        self.open(|open| open.store().of_kind(kind, None))
    }

    /// One record, taken out or not.
    pub(super) fn record(&self, id: RecordId) -> Outcome<Option<Record>> {
        self.open(|open| open.store().get(id))
    }

    /// Everything it holds, taken out or not, by id.
    pub(super) fn records(&self) -> Outcome<Vec<Record>> {
        self.open(|open| open.store().records("1 ORDER BY id", ()))
    }

    /// Own values that lost against a pulled one and wait to go up for the history: record, field and value.
    pub(super) fn overtaken(&self) -> Outcome<Vec<(String, String, Value)>> {
        self.open(|open| {
            let mut rows = open.store().connection().prepare_cached("SELECT id, field, value FROM overtaken")?;
            let rows = rows.query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get::<_, String>(2)?)))?;
            let mut found = Vec::new();
            for row in rows {
                let (id, field, value) = row?;
                found.push((id, field, serde_json::from_str(&value)?));
            }
            Ok(found)
        })
    }

    /// Which fields of its records the server has not acknowledged.
    pub(super) fn unsent(&self) -> Outcome<Vec<(String, Vec<String>)>> {
        self.open(|open| {
            // Without names it is every field that the record has.
            const SQL: &str =
                "SELECT id, coalesce(unsent.fields, body -> '$.fields') FROM unsent JOIN record USING (id)";
            let mut rows = open.store().connection().prepare_cached(SQL)?;
            let rows = rows.query_map([], |row| Ok((row.get::<_, String>(0)?, row.get::<_, String>(1)?)))?;
            let mut found = Vec::new();
            for row in rows {
                let (id, unsent) = row?;
                let unsent: std::collections::BTreeMap<String, Value> = serde_json::from_str(&unsent)?;
                found.push((id, unsent.into_keys().collect()));
            }
            Ok(found)
        })
    }

    /// What another phone handed over and the server has not sent yet: it lies beside the register.
    pub(super) fn handed(&self) -> Outcome<Vec<Record>> {
        self.open(|open| {
            let sql = format!("SELECT {RECORD_COLUMNS} FROM received ORDER BY id");
            let mut statement = open.store().connection().prepare_cached(&sql)?;
            let mut rows = statement.query([])?;
            let mut found = Vec::new();
            while let Some(row) = rows.next()? {
                found.push(Store::record_of_row(row)?);
            }
            Ok(found)
        })
    }

    /// The marks of an evacuation that it knows, wherever they lie, with whom each is of.
    pub(super) fn known_marks(&self, evacuation: RecordId) -> Outcome<BTreeMap<RecordId, RecordId>> {
        let of = [evacuation.to_string()];
        let mut marks = self.open(|open| open.store().records("parent = ?1 AND kind = 'roll_call' ORDER BY id", of))?;
        let handed = self.handed()?.into_iter();
        marks
            .extend(handed.filter(|one| one.kind == Kind::RollCall && one.reference("evacuation") == Some(evacuation)));
        Ok(marks.into_iter().filter_map(|mark| Some((mark.id, mark.reference("person")?))).collect())
    }

    /// Marks to be sent, or to be offered again, that wait for an order which lies beside the register alone, with that order.
    pub(super) fn marks_of_handed_orders(&self) -> Outcome<Vec<(RecordId, RecordId)>> {
        const SQL: &str = "SELECT id, parent FROM record
            WHERE kind = 'roll_call' AND (reoffer = 1 OR id IN (SELECT id FROM unsent))
                AND parent IN (SELECT id FROM received WHERE id NOT IN (SELECT id FROM record))
            ORDER BY id";
        let pairs: Vec<(String, String)> = self.open(|open| {
            let mut rows = open.store().connection().prepare_cached(SQL)?;
            Ok(rows.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?.collect::<Result<_, _>>()?)
        })?;
        let read = |id: &String| id.parse::<RecordId>().doing("reading a record's name");
        pairs.iter().map(|(mark, order)| Ok((read(mark)?, read(order)?))).collect()
    }

    /// Whether it was told that this was erased.
    pub(super) fn knows_erased(&self, id: RecordId) -> Outcome<bool> {
        const SQL: &str = "SELECT EXISTS (SELECT 1 FROM erased WHERE id = ?1)";
        self.open(|open| Ok(open.store().connection().query_row(SQL, [id.to_string()], |row| row.get(0))?))
    }

    /// The hashes of the pictures whose originals it still has.
    pub(super) fn originals(&self) -> Outcome<Vec<String>> {
        self.open(|open| {
            let sql = "SELECT sha256 FROM photo_file WHERE full IS NOT NULL ORDER BY sha256";
            let mut rows = open.store().connection().prepare_cached(sql)?;
            Ok(rows.query_map([], |row| row.get(0))?.collect::<Result<_, _>>()?)
        })
    }

    /// What its account is for, as far as it has heard.
    pub(super) fn role(&self) -> Outcome<Role> {
        self.open(|open| Ok(open.account().role))
    }

    /// The cells that it was told to hold.
    pub(super) fn cells(&self) -> Outcome<Vec<CellCode>> {
        self.open(|open| Ok(open.cells().to_vec()))
    }

    /// What the server refused, in the worker's own words.
    pub(super) fn refused(&self) -> Outcome<Vec<device::Refused>> {
        self.open(|open| open.refused())
    }

    /// A category that an incident may have: the first that is offered.
    pub(super) fn category(&self) -> Outcome<String> {
        let lists = self.open(|open| Ok(open.lists().clone()))?;
        match lists.categories.iter().find(|category| category.code.len() == 4 && !category.retired) {
            Some(category) => Ok(category.code.to_string()),
            None => trouble("There is no category for an incident."),
        }
    }
}
