//! A phone for the tests, and a desk that hands records to it without any network.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex};

use device::api::{Answer, Failure, FailureCode, call};
use device::crypto::KeyCost;
use device::{Device, DeviceConfig};
use domain::codes::Lists;
use domain::conflict::Conflict;
use domain::hand_in::HandIn;
use domain::order::{OrderAnswer, OrderRequest, StandingOrder};
use domain::protocol::{
    CallError, CallRefusal, Enrolment, ExchangeAnswer, ExchangeRequest, FeedPage, Hello, Peer, PhotoOffer, PhotoPlace,
    PhotoSize, ServerKeys, Tokens, Verdict,
};
use domain::scope::Role;
use domain::world::Millis;
use domain::{
    AccountId, CellCode, DeviceId, Epoch, Kind, Node, Problem, ProblemCode, Record, RecordId, Sha256Hex, Stamp, Stamps,
    World,
};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::failing_commit::failing_commit;

pub(crate) const CELL: &str = "610722001001001";
pub(crate) const OTHER_CELL: &str = "610722001001002";
pub(crate) const PIN: &str = "135790";
/// 2026-11-22 10:00 in China.
pub(crate) const MORNING: Millis = 1_795_312_800_000;
pub(crate) const DAY: Millis = 24 * 60 * 60 * 1000;

/// A clock that stands still until it is moved, and reproducible chance.
pub(crate) struct TestWorld {
    now: Arc<AtomicI64>,
    state: u64,
}

impl World for TestWorld {
    fn now(&mut self) -> Millis {
        self.now.load(Ordering::SeqCst)
    }

    fn fill(&mut self, bytes: &mut [u8]) {
        for byte in bytes {
            self.state ^= self.state << 13;
            self.state ^= self.state >> 7;
            self.state ^= self.state << 17;
            *byte = (self.state >> 24) as u8;
        }
    }
}

/// An enrolled, open phone in its own folder.
pub(crate) struct Phone {
    pub(crate) device: Device,
    pub(crate) folder: tempfile::TempDir,
    now: Arc<AtomicI64>,
    desk: Desk,
}

pub(crate) fn empty_device() -> (Device, tempfile::TempDir, Arc<AtomicI64>) {
    let folder = tempfile::tempdir().unwrap();
    let now = Arc::new(AtomicI64::new(MORNING));
    (device_in(folder.path(), &now, 0x9E37_79B9_7F4A_7C15), folder, now)
}

fn device_in(folder: &std::path::Path, now: &Arc<AtomicI64>, seed: u64) -> Device {
    let world = Box::new(TestWorld { now: now.clone(), state: seed });
    Device::open(DeviceConfig { folder: folder.to_owned(), world, app_version: "1.2.3".to_owned() }).unwrap()
}

pub(crate) fn enrolment() -> Enrolment {
    Enrolment {
        device: DeviceId(Uuid::from_u128(7)),
        account: AccountId::new("worker-1").unwrap(),
        display_name: "演示网格员".to_owned(),
        role: Role::Worker,
        cells: vec![CellCode::new(CELL).unwrap(), CellCode::new(OTHER_CELL).unwrap()],
        demo: true,
        tokens: Tokens { access: "a".to_owned(), access_until: MORNING + DAY, refresh: "r".to_owned() },
        keys: ServerKeys::default(),
    }
}

impl Phone {
    pub(crate) fn new() -> Self {
        Self::enrolled(&enrolment(), 0x9E37_79B9_7F4A_7C15)
    }

    /// Somebody else's phone, with a chance of its own.
    pub(crate) fn enrolled(enrolment: &Enrolment, seed: u64) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let now = Arc::new(AtomicI64::new(MORNING));
        let device = device_in(folder.path(), &now, seed);
        // Nothing listens there: whatever needs a server must do without.
        device.enrol_at_cost("http://127.0.0.1:9", enrolment, PIN, KeyCost::SIMULATION).unwrap();
        let desk = Desk {
            now: now.clone(),
            ahead: AtomicI64::new(0),
            cells: Mutex::new(enrolment.cells.clone()),
            waiting: Mutex::default(),
            conflicts: Mutex::default(),
            upto: Mutex::default(),
        };
        Self { device, folder, now, desk }
    }

    /// The server's clock is this far ahead of the phone's from now on.
    pub(crate) fn server_is_ahead(&self, time: Millis) {
        self.desk.ahead.store(time, Ordering::SeqCst);
    }

    /// The phone holds these cells from its next round on.
    pub(crate) fn hold(&self, cells: &[&str]) {
        *self.desk.cells.lock().unwrap() = cells.iter().map(|cell| CellCode::new(cell).unwrap()).collect();
    }

    /// Kills the program and starts it again.
    pub(crate) fn restart(&mut self) {
        self.device.lock();
        self.device = device_in(self.folder.path(), &self.now, 0x1234_5678_9ABC_DEF1);
        self.ok("unlock", json!({"pin": PIN}));
    }

    /// Does something while the disk refuses one commit: the one after so many others.
    pub(crate) fn failing_commit<T>(&self, others: usize, f: impl FnOnce() -> T) -> T {
        failing_commit(&self.device, others, f)
    }

    pub(crate) fn now(&self) -> Millis {
        self.now.load(Ordering::SeqCst)
    }

    pub(crate) fn wait(&self, time: Millis) {
        self.now.fetch_add(time, Ordering::SeqCst);
    }

    pub(crate) fn call(&self, command: &str, args: Value) -> Result<Value, Failure> {
        match call(&self.device, command, args, None)? {
            Answer::Json(value) => Ok(value),
            Answer::Bytes { .. } => panic!("{command} answered bytes"),
        }
    }

    pub(crate) fn ok(&self, command: &str, args: Value) -> Value {
        self.call(command, args).unwrap_or_else(|failure| panic!("{command}: {failure:?}"))
    }

    /// The code of a failure.
    pub(crate) fn fails(&self, command: &str, args: Value) -> FailureCode {
        self.call(command, args).expect_err(command).code
    }

    /// The problems of a save that is refused.
    pub(crate) fn problems(&self, command: &str, args: Value) -> Vec<Problem> {
        let failure = self.call(command, args).expect_err(command);
        assert_eq!(failure.code, FailureCode::Invalid);
        failure.problems
    }

    /// Saves a new record and returns its id.
    pub(crate) fn save(&self, kind: &str, fields: Value) -> String {
        id_of(&self.ok("save", json!({"kind": kind, "cell": CELL, "fields": fields})))
    }

    pub(crate) fn edit(&self, kind: &str, id: &str, fields: Value) -> Value {
        self.ok("save", json!({"kind": kind, "id": id, "fields": fields}))
    }

    /// A door in a building with a household and its head: ids of dwelling, household and head.
    pub(crate) fn family(&self, building: &str, unit: &str, room: &str, name: &str) -> Family {
        let dwelling = self.save("dwelling", json!({"building": building, "unit": unit, "room": room, "use": "own"}));
        self.household_in(dwelling, name)
    }

    pub(crate) fn household_in(&self, dwelling: String, name: &str) -> Family {
        let household = self.save("household", json!({"dwelling": dwelling}));
        let head = self.save("person", json!({"household": household, "name": name, "relation": "02"}));
        self.edit("household", &household, json!({"head": head}));
        Family { dwelling, household, head }
    }

    pub(crate) fn visit(&self, household: &str, result: &str) -> String {
        let args = json!({"target": household, "target_kind": "household", "result": result});
        id_of(&self.ok("record_visit", args))
    }

    /// A record as it stands.
    pub(crate) fn record(&self, id: &str) -> Record {
        serde_json::from_value(self.ok("record", json!({"id": id}))["record"].clone()).unwrap()
    }

    /// The supervisor reviews what stands.
    pub(crate) fn review(&self, id: &str, verdict: &str, remarks: Value, note: Option<&str>) {
        let target = self.record(id);
        let fields = json!({
            "target": id, "target_kind": target.kind, "version": target.version(), "verdict": verdict,
            "at": self.now(), "by": "supervisor-1", "remarks": remarks, "note": note,
        });
        self.desk.give(record(&target.cell, Kind::Review, self.now(), fields));
        self.round();
    }

    /// The supervisor's review of what stands, with further fields of it; gives the review's id.
    pub(crate) fn review_with(&self, id: &str, more: Value) -> String {
        let target = self.record(id);
        let mut fields = json!({
            "target": id, "target_kind": target.kind, "version": target.version(), "at": self.now(), "by": "supervisor-1",
        });
        if let (Some(fields), Value::Object(more)) = (fields.as_object_mut(), more) {
            fields.extend(more);
        }
        let review = record(&target.cell, Kind::Review, self.now(), fields);
        let id = review.id.to_string();
        self.desk.give(review);
        self.round();
        id
    }

    /// Hands records to the phone, as a colleague's phone would through the server.
    pub(crate) fn give(&self, records: impl IntoIterator<Item = Record>) {
        for record in records {
            self.desk.give(record);
        }
        self.round();
    }

    /// The server sends a record with a value that was set aside.
    pub(crate) fn tell(&self, record: Record, conflict: Conflict) {
        self.desk.conflicts.lock().unwrap().push(conflict);
        self.give([record]);
        self.desk.conflicts.lock().unwrap().clear();
    }

    pub(crate) fn round(&self) {
        let report = self.device.round(&self.desk);
        assert!(report.ended_by.is_none(), "{:?}", report.ended_by);
    }

    /// The server refuses everything of the next round; it has `current`.
    pub(crate) fn refuse_next(&self, code: ProblemCode, current: Option<Record>) {
        let report = self.device.round(&Refusing(&self.desk, code, current));
        assert!(report.ended_by.is_none(), "{:?}", report.ended_by);
    }
}

pub(crate) struct Family {
    pub(crate) dwelling: String,
    pub(crate) household: String,
    pub(crate) head: String,
}

pub(crate) fn id_of(saved: &Value) -> String {
    saved["id"].as_str().unwrap().to_owned()
}

/// A record that somebody else wrote.
pub(crate) fn record(cell: &CellCode, kind: Kind, at: Millis, fields: Value) -> Record {
    static NEXT: AtomicI64 = AtomicI64::new(1);
    let number = NEXT.fetch_add(1, Ordering::SeqCst);
    Record {
        id: RecordId(Uuid::from_u128(0xA000_0000_0000_7000_8000_0000_0000_0000 + number as u128)),
        kind,
        cell: cell.clone(),
        fields: serde_json::from_value(fields).unwrap(),
        stamps: Stamps::all(Stamp::new(at, (number % 60_000) as u16, Node(0xDE5C))),
    }
}

/// A server that takes everything and has what was put into it.
struct Desk {
    now: Arc<AtomicI64>,
    ahead: AtomicI64,
    /// The cells that the phone holds.
    cells: Mutex<Vec<CellCode>>,
    waiting: Mutex<BTreeMap<CellCode, Vec<Record>>>,
    /// Told with every page; the phone takes those of the page's records.
    conflicts: Mutex<Vec<Conflict>>,
    upto: Mutex<u64>,
}

impl Desk {
    fn give(&self, record: Record) {
        self.waiting.lock().unwrap().entry(record.cell.clone()).or_default().push(record);
    }

    fn time(&self) -> Millis {
        self.now.load(Ordering::SeqCst) + self.ahead.load(Ordering::SeqCst)
    }

    fn answer(&self, request: &ExchangeRequest, verdict: impl Fn(&domain::Change) -> Verdict) -> ExchangeAnswer {
        let mut upto = self.upto.lock().unwrap();
        *upto += 1;
        let pages = std::mem::take(&mut *self.waiting.lock().unwrap());
        let page = |(cell, records)| FeedPage {
            cell,
            upto: *upto,
            records,
            gone: Vec::new(),
            erased: Vec::new(),
            conflicts: self.conflicts.lock().unwrap().clone(),
            proofs: Default::default(),
            moves: Default::default(),
        };
        ExchangeAnswer {
            server_time: self.time(),
            epoch: Epoch(Uuid::from_u128(3)),
            lists_version: 1,
            lists_digest: None,
            verdicts: request.push.iter().map(verdict).collect(),
            cells: self.cells.lock().unwrap().clone(),
            pages: pages.into_iter().map(page).collect(),
            more: false,
            receipt: None,
            erased: Vec::new(),
            role: None,
            photos_lost: None,
        }
    }
}

impl Peer for Desk {
    fn hello(&self) -> Result<Hello, CallError> {
        let server_time = self.time();
        Ok(Hello {
            server_time,
            epoch: Epoch(Uuid::from_u128(3)),
            protocols: (1, 1),
            lists_version: 1,
            keys: Default::default(),
        })
    }

    fn exchange(&self, request: &ExchangeRequest) -> Result<ExchangeAnswer, CallError> {
        Ok(self.answer(request, |_| Verdict::Accepted))
    }

    fn lists(&self) -> Result<Lists, CallError> {
        Ok(Lists::initial())
    }

    fn photo_offer(&self, _: &PhotoOffer) -> Result<PhotoPlace, CallError> {
        Ok(PhotoPlace::Stored)
    }

    fn photo_offset(&self, _: &str) -> Result<u64, CallError> {
        Err(CallError::Offline("not here".to_owned()))
    }

    fn photo_append(&self, _: &str, _: u64, _: &[u8]) -> Result<u64, CallError> {
        Err(CallError::Offline("not here".to_owned()))
    }

    fn photo_fetch(&self, _: &Sha256Hex, _: PhotoSize) -> Result<Vec<u8>, CallError> {
        Err(CallError::Offline("not here".to_owned()))
    }

    fn order(&self, _: &OrderRequest) -> Result<OrderAnswer, CallError> {
        Ok(OrderAnswer { order: None, key: None, keys: ServerKeys::default(), epoch: None })
    }

    fn report(&self, _: &StandingOrder) -> Result<(), CallError> {
        Ok(())
    }

    fn hand_in(&self, _: &HandIn) -> Result<(), CallError> {
        Err(CallError::Refused { code: CallRefusal::NotAllowed })
    }
}

/// The same server on a day when it takes nothing.
struct Refusing<'a>(&'a Desk, ProblemCode, Option<Record>);

impl Peer for Refusing<'_> {
    fn hello(&self) -> Result<Hello, CallError> {
        self.0.hello()
    }

    fn exchange(&self, request: &ExchangeRequest) -> Result<ExchangeAnswer, CallError> {
        let problems = vec![Problem::new("", self.1)];
        let refusal = domain::protocol::Refusal { code: self.1, problems, current: self.2.clone() };
        Ok(self.0.answer(request, |_| Verdict::Refused(refusal.clone())))
    }

    fn lists(&self) -> Result<Lists, CallError> {
        self.0.lists()
    }

    fn photo_offer(&self, offer: &PhotoOffer) -> Result<PhotoPlace, CallError> {
        self.0.photo_offer(offer)
    }

    fn photo_offset(&self, upload: &str) -> Result<u64, CallError> {
        self.0.photo_offset(upload)
    }

    fn photo_append(&self, upload: &str, offset: u64, chunk: &[u8]) -> Result<u64, CallError> {
        self.0.photo_append(upload, offset, chunk)
    }

    fn photo_fetch(&self, sha256: &Sha256Hex, size: PhotoSize) -> Result<Vec<u8>, CallError> {
        self.0.photo_fetch(sha256, size)
    }

    fn order(&self, request: &OrderRequest) -> Result<OrderAnswer, CallError> {
        self.0.order(request)
    }

    fn report(&self, done: &StandingOrder) -> Result<(), CallError> {
        self.0.report(done)
    }

    fn hand_in(&self, piece: &HandIn) -> Result<(), CallError> {
        self.0.hand_in(piece)
    }
}
