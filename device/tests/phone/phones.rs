//! The phones around the server in memory, with clocks that a test sets.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use device::crypto::KeyCost;
use device::{Device, DeviceConfig, DeviceError, RoundReport};
use domain::protocol::{Enrolment, ServerKeys, Tokens};
use domain::scope::Role;
use domain::world::Millis;
use domain::{
    AccountId, CellCode, Change, DeviceId, Fields, Kind, Node, ProblemCode, Record, RecordId, Sha256Hex, Stamps, World,
};
use serde_json::json;
use tempfile::TempDir;
use uuid::Uuid;

use crate::failing_commit::failing_commit;
use crate::fake::{PIN, START, Server, cell};

/// A clock that a test sets, and randomness from a seed.
#[derive(Clone)]
pub struct TestWorld {
    pub clock: Arc<AtomicI64>,
    seed: u64,
}

impl TestWorld {
    pub fn at(now: Millis, seed: u64) -> Self {
        TestWorld { clock: Arc::new(AtomicI64::new(now)), seed }
    }

    pub fn new(clock: Arc<AtomicI64>, seed: u64) -> Self {
        TestWorld { clock, seed }
    }
}

impl World for TestWorld {
    fn now(&mut self) -> Millis {
        self.clock.load(Ordering::SeqCst)
    }

    fn fill(&mut self, bytes: &mut [u8]) {
        for byte in bytes {
            // SplitMix64.
            self.seed = self.seed.wrapping_add(0x9E37_79B9_7F4A_7C15);
            let mut z = self.seed;
            z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
            z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
            *byte = (z ^ (z >> 31)) as u8;
        }
    }
}

/// A phone of the cell's worker.
pub struct Phone {
    pub device: Device,
    pub clock: Arc<AtomicI64>,
    pub server: Server,
    seed: u64,
    folder: TempDir,
}

impl Phone {
    pub fn new(server: &Server, seed: u64) -> Self {
        Self::enrolled(server, seed, &enrolment(seed))
    }

    /// A phone of the cell's supervisor.
    pub fn of_supervisor(server: &Server, seed: u64) -> Self {
        Self::enrolled(server, seed, &Enrolment { role: Role::Supervisor, ..enrolment(seed) })
    }

    pub fn enrolled(server: &Server, seed: u64, enrolment: &Enrolment) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let clock = Arc::new(AtomicI64::new(START));
        let device = Self::start(&folder, &clock, seed);
        device.enrol_at_cost("https://server.example", enrolment, PIN, KeyCost::SIMULATION).unwrap();
        let server = Server(server.0.clone(), enrolment.device);
        Phone { device, clock, server, seed, folder }
    }

    fn start(folder: &TempDir, clock: &Arc<AtomicI64>, seed: u64) -> Device {
        let world = Box::new(TestWorld { clock: clock.clone(), seed });
        Device::open(DeviceConfig { folder: folder.path().into(), world, app_version: "1.0".into() }).unwrap()
    }

    /// The app is killed and started again, and the PIN entered.
    pub fn restart(&mut self) {
        self.seed += 1000;
        self.device = Self::start(&self.folder, &self.clock, self.seed);
        self.device.unlock(PIN).unwrap();
    }

    /// The app is killed and started again; still locked.
    pub fn restart_locked(&mut self) {
        self.seed += 1000;
        self.device = Self::start(&self.folder, &self.clock, self.seed);
    }

    pub fn path(&self) -> &std::path::Path {
        self.folder.path()
    }

    pub fn pass(&self, millis: Millis) {
        self.clock.fetch_add(millis, Ordering::SeqCst);
    }

    pub fn round(&self) -> RoundReport {
        self.device.round(&self.server)
    }

    /// A round that nothing ends early.
    pub fn sync(&self) -> RoundReport {
        let report = self.round();
        assert!(report.ended_by.is_none(), "{report:?}");
        report
    }

    pub fn write(&self, kind: Kind, id: Option<RecordId>, fields: serde_json::Value) -> Result<RecordId, DeviceError> {
        let fields: Fields = serde_json::from_value(fields).unwrap();
        self.device.with_open(|open| open.write(&kind, id, None, fields))
    }

    pub fn building(&self, name: &str) -> RecordId {
        self.write(Kind::Building, None, json!({"name": name, "building_kind": "farmhouse"})).unwrap()
    }

    pub fn rename(&self, id: RecordId, name: &str) {
        self.write(Kind::Building, Some(id), json!({ "name": name })).unwrap();
    }

    /// A building that the server has, with words of this phone's that have yet to go up.
    pub fn building_with_unsent(&self, words: serde_json::Value) -> RecordId {
        let id = self.building("一号楼");
        self.sync();
        self.pass(1_000);
        self.write(Kind::Building, Some(id), words).unwrap();
        id
    }

    /// The same, with words that a colleague's later name has overtaken while the own push was refused for want of time.
    pub fn overtaken_building(&self, words: serde_json::Value) -> RecordId {
        let id = self.building_with_unsent(words);
        self.server.write(change(id, Kind::Building, cell(), START + 60_000, json!({"name": "同事的楼"})));
        let theirs = Node(7);
        self.server.hub().refuse =
            Box::new(move |change| (change.stamps.common.node() != theirs).then_some(ProblemCode::StampFuture));
        self.round();
        id
    }

    /// A building that the server has, with a photo that is still to be stored for it; and the draft that says so.
    pub fn building_with_a_photo_to_store(&self) -> (RecordId, String) {
        let id = self.building("已送");
        self.sync();
        let following = format!("report-stored:{id}");
        self.call("save_draft", serde_json::json!({"key": "report-photo:a", "value": {"pieces": 0}}));
        self.call("save_draft", serde_json::json!({"key": following, "value": ["report-photo:a"]}));
        (id, following)
    }

    pub fn visit(&self, target: RecordId) -> RecordId {
        let at = self.device.with_open::<_, DeviceError>(|open| Ok(open.now())).unwrap();
        let fields = json!({"target": target, "target_kind": "household", "at": at, "result": "met", "by": "worker"});
        self.write(Kind::Visit, None, fields).unwrap()
    }

    /// A picture is taken of a record; the photo, and the picture's hash.
    pub fn photograph(&self, (of, kind): (RecordId, &str), full: &[u8]) -> Result<(RecordId, Sha256Hex), DeviceError> {
        let fields = json!({"subject": of, "subject_kind": kind, "width": 16, "height": 16, "bytes": full.len(), "taken_at": START,
            "photo_kind": "scene", "by": "worker"});
        let fields: Fields = serde_json::from_value(fields).unwrap();
        let thumb = &full[..full.len().min(100)];
        let id = self.device.with_open(|open| open.write_photo(None, (full, thumb), fields))?;
        let hash = self.get(id).and_then(|photo| Sha256Hex::new(photo.text("sha256")?).ok()).unwrap();
        Ok((id, hash))
    }

    /// A command of the window that is answered in JSON.
    pub fn call(&self, command: &str, args: serde_json::Value) -> serde_json::Value {
        match device::api::call(&self.device, command, args, None) {
            Ok(device::api::Answer::Json(value)) => value,
            other => panic!("{command}: {other:?}"),
        }
    }

    pub fn get(&self, id: RecordId) -> Option<Record> {
        self.device.with_open(|open| open.store().get(id)).unwrap()
    }

    pub fn name(&self, id: RecordId) -> String {
        self.get(id).unwrap().text("name").unwrap().to_owned()
    }

    pub fn is_sent(&self, id: RecordId) -> bool {
        self.device.with_open(|open| open.store().is_sent(id)).unwrap()
    }

    pub fn state(&self) -> device::SyncState {
        self.device.sync_state().unwrap()
    }

    /// Does something while the disk refuses one commit: the one after so many others.
    pub fn failing_commit<T>(&self, others: usize, f: impl FnOnce() -> T) -> T {
        failing_commit(&self.device, others, f)
    }

    /// Something else than the app writes into the register.
    pub fn tamper(&self, sql: &str) {
        self.device.with_open::<_, DeviceError>(|open| Ok(open.store().connection().execute_batch(sql)?)).unwrap();
    }

    /// The receipt as a screen shows it.
    pub fn receipt(&self) -> serde_json::Value {
        match device::api::call(&self.device, "receipt", json!({}), None).unwrap() {
            device::api::Answer::Json(page) => page,
            other => panic!("{other:?}"),
        }
    }
}

pub fn enrolment(seed: u64) -> Enrolment {
    Enrolment {
        device: DeviceId(Uuid::from_u128(seed.into())),
        account: AccountId::new("worker").unwrap(),
        display_name: "演示网格员".into(),
        role: Role::Worker,
        cells: vec![cell()],
        demo: true,
        tokens: Tokens { access: "a".into(), access_until: START, refresh: "r".into() },
        keys: ServerKeys::default(),
    }
}

/// Fields as a colleague wrote them at a moment.
pub fn change(id: RecordId, kind: Kind, cell: CellCode, at: Millis, fields: serde_json::Value) -> Change {
    Change {
        id,
        kind,
        cell,
        fields: serde_json::from_value(fields).unwrap(),
        stamps: Stamps::all(domain::Stamp::new(at, 0, Node(7))),
        base: BTreeMap::new(),
    }
}

pub fn sha256_of(bytes: &[u8]) -> Sha256Hex {
    use sha2::{Digest, Sha256};
    let hex: String = Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect();
    Sha256Hex::new(&hex).unwrap()
}

pub fn record_id(number: u128) -> RecordId {
    RecordId(Uuid::from_u128(number))
}
