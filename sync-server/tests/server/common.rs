//! A small county to try things on: a clock that stands until it is moved, chance from a seed, phones that write.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};

use axum::Router;
use axum::body::Body;
use axum::http::{HeaderMap, Request, StatusCode};
use domain::protocol::{EnrolRequest, ExchangeAnswer, ExchangeRequest, PROTOCOL, Tokens, Verdict};
use domain::review::rules::ReviewRules;
use domain::scope::Role;
use domain::{
    AccountId, CellCode, Change, Epoch, Fields, HybridClock, Kind, Node, ProblemCode, RecordId, Scope, Stamp, Stamps,
    World,
};
use http_body_util::BodyExt as _;
use serde_json::{Value, json};
use sync_server::http::{App, Front, router};
use sync_server::hub::county::renew_epoch;
use sync_server::hub::desk::Desk;
use sync_server::hub::erasure::ERASURE_LOG;
use sync_server::hub::phones::Phone;
use sync_server::hub::{CountyHub, Hub};
use sync_server::photos::PhotoFolder;
use sync_server::store::sqlite::SqliteStore;
use sync_server::store::{Account, Store as _, StoredRecord};
use tempfile::TempDir;
use tower::ServiceExt as _;

/// 2026-11-22, 10:00 in China.
pub(crate) const START: i64 = 1_795_312_800_000;
pub(crate) const MINUTE: i64 = 60_000;
pub(crate) const HOUR: i64 = 60 * MINUTE;
pub(crate) const DAY: i64 = 24 * HOUR;
pub(crate) const PASSWORD: &str = "Ten-or-more-1";

pub(crate) fn cell(number: u32) -> CellCode {
    CellCode::new(&format!("610722001001{number:03}")).unwrap()
}

pub(crate) fn scope(code: &str) -> Scope {
    Scope::new(code).unwrap()
}

/// Time and chance, both in the test's hands.
#[derive(Clone)]
pub(crate) struct TestWorld {
    pub(crate) clock: Arc<AtomicI64>,
    chance: Arc<AtomicU64>,
}

impl TestWorld {
    pub(crate) fn new() -> Self {
        Self { clock: Arc::new(AtomicI64::new(START)), chance: Arc::new(AtomicU64::new(1)) }
    }

    /// Other chance from here on.
    pub(crate) fn reseed(&self, seed: u64) {
        self.chance.store(seed, Ordering::SeqCst);
    }

    pub(crate) fn pass(&self, millis: i64) {
        self.clock.fetch_add(millis, Ordering::SeqCst);
    }
}

impl World for TestWorld {
    fn now(&mut self) -> i64 {
        self.clock.load(Ordering::SeqCst)
    }

    fn fill(&mut self, bytes: &mut [u8]) {
        for byte in bytes {
            // SplitMix64: enough for ids that differ.
            let mut z = self.chance.fetch_add(0x9E37_79B9_7F4A_7C15, Ordering::SeqCst);
            z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
            z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
            *byte = (z ^ (z >> 31)) as u8;
        }
    }
}

pub(crate) struct County {
    pub(crate) folder: TempDir,
    pub(crate) hub: Arc<CountyHub>,
    pub(crate) world: TestWorld,
}

impl County {
    pub(crate) fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let world = TestWorld::new();
        let hub = open(&folder, &world);
        Self { folder, hub, world }
    }

    /// A data folder that is there already.
    pub(crate) fn of(folder: TempDir, world: TestWorld) -> Self {
        let hub = open(&folder, &world);
        Self { folder, hub, world }
    }

    /// The same data folder, opened by another run of the server.
    pub(crate) fn restart(&mut self) {
        self.hub = open(&self.folder, &self.world);
    }

    /// A backup takes the place of the database that is lost, as `sync-server restore` does it.
    pub(crate) fn put_back(&mut self, backup: &std::path::Path) {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("county.db");
        std::fs::copy(backup, &file).unwrap();
        let store = SqliteStore::open(&file).unwrap();
        renew_epoch(&store, &mut self.world).unwrap();
        drop(store);
        self.folder = folder;
        self.restart();
    }

    /// The same beside the log of erasures, which outlives the database. Nothing is erased again before it is opened.
    pub(crate) fn put_back_beside_its_erasures(&mut self, backup: &std::path::Path) {
        let log = std::fs::read(self.folder.path().join(ERASURE_LOG)).unwrap();
        self.put_back(backup);
        std::fs::write(self.folder.path().join(ERASURE_LOG), log).unwrap();
    }

    pub(crate) fn account(&self, name: &str, role: Role, scopes: &[&str], cells: &[CellCode]) -> AccountId {
        let id = AccountId::new(name).unwrap();
        let account = Account {
            id: id.clone(),
            display_name: format!("测试 {name}"),
            role,
            scopes: scopes.iter().map(|code| scope(code)).collect(),
            password_hash: None,
            closed_at: None,
            department: (role == Role::Handler).then(|| "12".to_owned()),
        };
        let password = if scopes.is_empty() { None } else { Some(PASSWORD) };
        self.hub.put_account(account, password, cells).unwrap();
        id
    }

    pub(crate) fn enrol(&self, account: &AccountId) -> Tokens {
        let code = self.hub.make_enrol_code("test", account, 15 * MINUTE).unwrap().code;
        let request = EnrolRequest { code, device_name: "Test phone".into(), app_version: "0".into() };
        self.hub.enrol(&request).unwrap().tokens
    }

    /// A worker with a phone, holding these cells.
    pub(crate) fn worker(&self, name: &str, cells: &[CellCode]) -> TestPhone {
        self.phone_of(&self.account(name, Role::Worker, &[], cells))
    }

    pub(crate) fn phone_of(&self, account: &AccountId) -> TestPhone {
        let tokens = self.enrol(account);
        let mut world = self.world.clone();
        let clock = HybridClock::new(world.node(), Stamp::ZERO);
        TestPhone { hub: Arc::clone(&self.hub), world, tokens, clock, cursors: BTreeMap::new(), epoch: None }
    }

    pub(crate) fn supervisor(&self, name: &str, place: &str) -> Desk {
        self.account(name, Role::Supervisor, &[place], &[]);
        self.hub.sign_in(name, PASSWORD).unwrap().desk
    }

    /// The county's administrator sets the rules of reviewing.
    pub(crate) fn set_review_rules(&self, rules: &ReviewRules) {
        self.account("rules-admin", Role::Admin, &["610722"], &[]);
        let admin = self.hub.sign_in("rules-admin", PASSWORD).unwrap().desk;
        self.hub.set_review_rules(&admin, rules).unwrap();
    }

    /// From now on new records of these kinds may be approved among many.
    pub(crate) fn let_pass_among_many(&self, kinds: &[Kind]) {
        let mut rules = self.hub.review_rules().unwrap();
        rules.low_risk.new_kinds = kinds.iter().map(Kind::to_string).collect();
        self.set_review_rules(&rules);
    }

    /// The hub with its log of erasures, as the program opens it.
    pub(crate) fn keep_erasures(&mut self) {
        let hub = Hub::open(
            SqliteStore::open(&self.folder.path().join("county.db")).unwrap(),
            PhotoFolder::open(&self.folder.path().join("photos")).unwrap(),
            Box::new(self.world.clone()),
        );
        self.hub = Arc::new(hub.unwrap().with_erasure_log(&self.folder.path().join(ERASURE_LOG)).unwrap());
    }

    pub(crate) fn stored(&self, id: RecordId) -> Option<StoredRecord> {
        self.hub.store().read(|reading| reading.record(&scope("610722"), id)).unwrap()
    }

    pub(crate) fn router(&self) -> Router {
        router(App::new(Arc::clone(&self.hub), Front::default()))
    }
}

fn open(folder: &TempDir, world: &TestWorld) -> Arc<CountyHub> {
    let store = SqliteStore::open(&folder.path().join("county.db")).unwrap();
    let photos = PhotoFolder::open(&folder.path().join("photos")).unwrap();
    Arc::new(Hub::open(store, photos, Box::new(world.clone())).unwrap())
}

/// An enrolled phone: stamps what it writes, remembers how far it has read.
pub(crate) struct TestPhone {
    pub(crate) hub: Arc<CountyHub>,
    pub(crate) world: TestWorld,
    pub(crate) tokens: Tokens,
    pub(crate) clock: HybridClock,
    pub(crate) cursors: BTreeMap<CellCode, u64>,
    pub(crate) epoch: Option<Epoch>,
}

impl TestPhone {
    pub(crate) fn phone(&self) -> Phone {
        self.hub.phone(&self.tokens.access).unwrap()
    }

    pub(crate) fn refresh(&mut self) {
        self.tokens = self.hub.refresh(&self.tokens.refresh).unwrap();
    }

    pub(crate) fn account(&self) -> AccountId {
        self.phone().actor.account
    }

    pub(crate) fn node(&self) -> Node {
        self.clock.node()
    }

    pub(crate) fn change(&mut self, kind: Kind, id: RecordId, cell: &CellCode, fields: Value) -> Change {
        let now = self.world.now();
        let stamps = Stamps::all(self.clock.tick(now));
        let fields: Fields = serde_json::from_value(fields).unwrap();
        Change { id, kind, cell: cell.clone(), fields, stamps, base: BTreeMap::new() }
    }

    /// The change that creates a new record.
    pub(crate) fn new_record(&mut self, kind: Kind, cell: &CellCode, fields: Value) -> Change {
        let id = self.world.record_id();
        self.change(kind, id, cell, fields)
    }

    pub(crate) fn new_dwelling(&mut self, cell: &CellCode) -> Change {
        self.new_record(Kind::Dwelling, cell, json!({"use": "own", "group": "2组", "house_number": "18号"}))
    }

    pub(crate) fn new_incident(&mut self, cell: &CellCode) -> Change {
        let by = self.account();
        let at = self.world.now();
        let fields = json!({"category": "0601", "list_version": 1, "severity": 3, "title": "井盖破损", "happened_at": at, "by": by});
        self.new_record(Kind::Incident, cell, fields)
    }

    /// A dwelling, its household and a person who heads it: each names another.
    pub(crate) fn new_home(&mut self, cell: &CellCode) -> [Change; 3] {
        let dwelling = self.new_dwelling(cell);
        let (household, person) = (self.world.record_id(), self.world.record_id());
        let household_fields = json!({"dwelling": dwelling.id, "head": person});
        let person_fields = json!({"household": household, "name": "张三", "phone": "13800000000"});
        [
            dwelling,
            self.change(Kind::Household, household, cell, household_fields),
            self.change(Kind::Person, person, cell, person_fields),
        ]
    }

    pub(crate) fn visit(&mut self, household: RecordId, cell: &CellCode) -> Change {
        let by = self.account();
        let at = self.world.now();
        let fields = json!({"target": household, "target_kind": "household", "at": at, "result": "met", "by": by});
        self.new_record(Kind::Visit, cell, fields)
    }

    /// A mediation case, not pushed yet.
    pub(crate) fn new_dispute(&mut self, cell: &CellCode) -> Change {
        let by = self.account();
        let parties = json!([{"name": "王五", "side": "applicant"}, {"name": "李四", "side": "respondent"}]);
        let fields =
            json!({"type": "02", "source": "applied", "accepted_on": "2026-01-05", "parties": parties, "by": by});
        self.new_record(Kind::Dispute, cell, fields)
    }

    /// A photo with these bytes of another record, not pushed yet.
    pub(crate) fn new_photo(&mut self, of: &Change, bytes: &[u8]) -> Change {
        let (at, by) = (self.world.now(), self.account());
        let fields = json!({"subject": of.id, "subject_kind": of.kind.as_str(), "sha256": sha256(bytes), "width": 64, "height": 48,
            "bytes": bytes.len(), "taken_at": at, "photo_kind": "scene", "by": by});
        self.new_record(Kind::Photo, &of.cell, fields)
    }

    pub(crate) fn request(&mut self, push: Vec<Change>) -> ExchangeRequest {
        ExchangeRequest {
            protocol: PROTOCOL,
            device_time: self.world.now(),
            node: self.node(),
            epoch: self.epoch,
            push,
            cursors: self.cursors.clone(),
            doubted: Vec::new(),
            words_about: Vec::new(),
            merges: false,
            health: None,
            room: None,
            proofs: BTreeMap::new(),
            lost_receipts: Vec::new(),
        }
    }

    pub(crate) fn push(&mut self, changes: &[Change]) -> Vec<Verdict> {
        self.hub.submit(&self.phone(), self.node(), changes).unwrap()
    }

    /// Pushes what must be accepted.
    pub(crate) fn push_all(&mut self, changes: &[Change]) {
        for (verdict, change) in self.push(changes).into_iter().zip(changes) {
            assert_eq!(verdict, Verdict::Accepted, "{change:?}");
        }
    }

    /// Pushes one change and answers with the code of its refusal.
    pub(crate) fn refused(&mut self, change: &Change) -> ProblemCode {
        match self.push(std::slice::from_ref(change)).pop() {
            Some(Verdict::Refused(refusal)) => refusal.code,
            other => panic!("not refused: {other:?}"),
        }
    }

    /// One round: pushes, pulls, and remembers the cursors.
    pub(crate) fn round(&mut self, push: Vec<Change>) -> ExchangeAnswer {
        let request = self.request(push);
        let answer = self.hub.exchange(&self.phone(), &request).unwrap();
        if self.epoch != Some(answer.epoch) {
            self.cursors.clear();
        }
        self.epoch = Some(answer.epoch);
        for page in &answer.pages {
            self.cursors.insert(page.cell.clone(), page.upto);
        }
        answer
    }

    /// The ids that a round without a push brings down.
    pub(crate) fn pulled(&mut self) -> Vec<RecordId> {
        let answer = self.round(Vec::new());
        answer.pages.into_iter().flat_map(|page| page.records).map(|record| record.id).collect()
    }
}

/// An answer over HTTP.
pub(crate) struct Answered {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) bytes: Vec<u8>,
}

impl Answered {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.bytes).unwrap_or(Value::Null)
    }

    pub(crate) fn code(&self) -> String {
        self.json()["code"].as_str().unwrap_or_default().to_owned()
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }
}

pub(crate) async fn send(router: &Router, request: Request<Body>) -> Answered {
    let (parts, body) = router.clone().oneshot(request).await.unwrap().into_parts();
    let bytes = body.collect().await.unwrap().to_bytes().to_vec();
    Answered { status: parts.status, headers: parts.headers, bytes }
}

/// A JSON request with some headers.
pub(crate) fn json_request(method: &str, path: &str, headers: &[(&str, &str)], body: impl Into<Body>) -> Request<Body> {
    let mut request = Request::builder().method(method).uri(path).header("content-type", "application/json");
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    request.body(body.into()).unwrap()
}

/// A small JPEG; different numbers give different pictures.
pub(crate) fn jpeg(number: u8) -> Vec<u8> {
    let picture = image::RgbImage::from_fn(64, 48, |x, y| image::Rgb([x as u8, y as u8, number]));
    let mut out = Vec::new();
    image::codecs::jpeg::JpegEncoder::new_with_quality(&mut out, 80).encode_image(&picture).unwrap();
    out
}

/// A JPEG of exactly so many bytes: comments, which no decoder looks at, fill it up.
pub(crate) fn jpeg_of(number: u8, bytes: usize) -> Vec<u8> {
    let small = jpeg(number);
    let (start, rest) = small.split_at(2);
    let mut missing = bytes - small.len();
    let mut out = start.to_vec();
    while missing > 0 {
        // A segment takes 4 bytes at least, so nothing smaller may be left.
        let piece = if missing <= 60_000 { missing } else { (missing - 4).min(60_000) };
        out.extend_from_slice(&[0xFF, 0xFE]);
        out.extend_from_slice(&u16::try_from(piece - 2).unwrap().to_be_bytes());
        out.resize(out.len() + piece - 4, number ^ (missing as u8));
        missing -= piece;
    }
    out.extend_from_slice(rest);
    assert_eq!(out.len(), bytes);
    out
}

pub(crate) fn sha256(bytes: &[u8]) -> String {
    use sha2::Digest as _;
    sha2::Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}
