//! A small county of two villages, a router over it, and hands to work with: desks with sessions, phones with clocks.

use std::sync::Arc;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::header::{CONTENT_TYPE, COOKIE, SET_COOKIE};
use axum::http::{Method, Request, StatusCode};
use domain::protocol::{EnrolRequest, ExchangeRequest, PROTOCOL, Verdict};
use domain::review::ReviewState;
use domain::scope::Role;
use domain::{AccountId, CellCode, Change, HybridClock, Kind, Node, Record, RecordId, Scope, Stamp, Stamps};
use serde_json::{Value, json};
use tower::ServiceExt as _;

use crate::http::{App, Front, router};
use crate::hub::phones::Phone;
use crate::hub::{CountyHub, open_folder};
use crate::store::{Account, BulkRecord, Place};

pub(super) const PASSWORD: &str = "a long enough password";
pub(super) const CELL: &str = "610722001001001";
pub(super) const OTHER_CELL: &str = "610722001002001";

pub(super) struct Bench {
    pub(super) hub: Arc<CountyHub>,
    pub(super) router: Router,
    _folder: tempfile::TempDir,
}

pub(super) fn id(number: u128) -> RecordId {
    RecordId(uuid::Uuid::from_u128(number))
}

pub(super) fn cell(code: &str) -> CellCode {
    CellCode::new(code).unwrap()
}

pub(super) const HOUSEHOLD: u128 = 3;
pub(super) const PERSON: u128 = 4;
pub(super) const VISIT: u128 = 5;
pub(super) const INCIDENT: u128 = 6;
pub(super) const STRANGER: u128 = 7;
pub(super) const LOUD_VISIT: u128 = 8;
/// An incident of another county.
pub(super) const FAR_INCIDENT: u128 = 9;
pub(super) const FAR_CELL: &str = "610723001001001";

impl Bench {
    /// In the first village a household whose register is approved, two visits and an incident that wait; in the second a person.
    pub(super) fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let hub = Arc::new(open_folder(folder.path()).unwrap());
        let account = |name: &str, role, scope: &str| Account {
            id: AccountId::new(name).unwrap(),
            display_name: format!("{name} 的名字"),
            role,
            scopes: vec![Scope::new(scope).unwrap()],
            password_hash: None,
            closed_at: None,
            department: (role == Role::Handler).then(|| "01".to_owned()),
        };
        for (name, role, scope) in [
            ("supervisor", Role::Supervisor, "610722001001"),
            ("second", Role::Supervisor, "610722001001"),
            ("neighbour", Role::Supervisor, "610722001002"),
            ("town", Role::Supervisor, "610722001"),
            ("handler", Role::Handler, "610722"),
            ("auditor", Role::Auditor, "610722"),
            ("county-admin", Role::Admin, "610722"),
            ("county-boss", Role::Supervisor, "610722"),
            ("far-auditor", Role::Auditor, "610723"),
        ] {
            hub.put_account(account(name, role, scope), Some(PASSWORD), &[]).unwrap();
        }
        for (name, department) in [("housing", "12"), ("streets", "20")] {
            let handler = Account { department: Some(department.to_owned()), ..account(name, Role::Handler, "610722") };
            hub.put_account(handler, Some(PASSWORD), &[]).unwrap();
        }
        for (name, code) in [("worker", CELL), ("colleague", CELL), ("far-worker", OTHER_CELL)] {
            hub.put_account(account(name, Role::Worker, code), None, &[cell(code)]).unwrap();
        }
        let place = |code: &str, name: &str| Place { code: Scope::new(code).unwrap(), name: name.to_owned() };
        let places = [
            ("610722001", "博望街道"),
            ("610722001001", "江湾社区"),
            (CELL, "第1网格"),
            ("610722001002", "朝阳社区"),
            (OTHER_CELL, "第1网格"),
        ];
        hub.put_places(&places.map(|(code, name)| place(code, name))).unwrap();
        let bench = Self { router: router(App::new(Arc::clone(&hub), Front::default())), hub, _folder: folder };
        bench.load();
        bench
    }

    fn load(&self) {
        use ReviewState::{Approved, Waiting};
        let records = [
            (1, Kind::Building, CELL, Approved, json!({"name": "3号楼", "building_kind": "residential"})),
            (
                2,
                Kind::Dwelling,
                CELL,
                Approved,
                json!({"building": id(1), "unit": "2", "floor": 5, "room": "501", "use": "own"}),
            ),
            (HOUSEHOLD, Kind::Household, CELL, Approved, json!({"dwelling": id(2), "head": id(PERSON)})),
            (
                PERSON,
                Kind::Person,
                CELL,
                Approved,
                json!({"household": id(HOUSEHOLD), "name": "单雄", "phone": "13800001111", "relation": "02"}),
            ),
            (
                VISIT,
                Kind::Visit,
                CELL,
                Waiting,
                json!({"target": id(HOUSEHOLD), "target_kind": "household", "at": 1_000, "result": "met", "by": "worker"}),
            ),
            (
                LOUD_VISIT,
                Kind::Visit,
                CELL,
                Waiting,
                json!({"target": id(PERSON), "target_kind": "person", "at": 2_000, "result": "met", "by": "worker",
                    "needs": ["care"]}),
            ),
            (
                INCIDENT,
                Kind::Incident,
                CELL,
                Waiting,
                json!({"category": "0601", "list_version": 1, "severity": 1, "title": "井盖破损", "text": "边缘断裂",
                    "happened_at": 900, "by": "worker", "dwelling": id(2), "contact_name": "查敏",
                    "contact_phone": "13911113333"}),
            ),
            (
                FAR_INCIDENT,
                Kind::Incident,
                FAR_CELL,
                Approved,
                json!({"category": "0601", "list_version": 1, "severity": 1, "title": "外县的事件", "happened_at": 900, "by": "worker"}),
            ),
            (
                STRANGER,
                Kind::Person,
                OTHER_CELL,
                Waiting,
                json!({"household": id(99), "name": "查无此人", "phone": "13900002222"}),
            ),
        ];
        let at = self.hub.now() - 1_000_000;
        let bulk: Vec<BulkRecord> = records
            .into_iter()
            .map(|(number, kind, code, state, fields)| {
                let at = at + number as i64 * 1_000;
                let stamps = Stamps::all(Stamp::new(at, 0, Node(number as u64)));
                let fields = serde_json::from_value(fields).unwrap();
                let record = Record { id: id(number), kind, cell: cell(code), fields, stamps };
                BulkRecord { record, by: AccountId::new("worker").unwrap(), at, state }
            })
            .collect();
        assert_eq!(self.hub.load(&bulk).unwrap(), 9);
    }

    /// Puts a record there, as if it had come with the register.
    pub(super) fn put(&self, number: u128, kind: &str, code: &str, fields: Value) {
        let at = self.hub.now() - 500_000 + number as i64;
        let stamps = Stamps::all(Stamp::new(at, 0, Node(number as u64)));
        let fields = serde_json::from_value(fields).unwrap();
        let record = Record { id: id(number), kind: Kind::from_name(kind), cell: cell(code), fields, stamps };
        let by = AccountId::new("worker").unwrap();
        let one = BulkRecord { record, by, at, state: ReviewState::NotReviewed };
        assert_eq!(self.hub.load(&[one]).unwrap(), 1);
    }

    /// The same, waiting for review, in the first village.
    pub(super) fn put_waiting(&self, number: u128, kind: &str, fields: Value) {
        let at = self.hub.now() - 500_000 + number as i64;
        let stamps = Stamps::all(Stamp::new(at, 0, Node(number as u64)));
        let fields = serde_json::from_value(fields).unwrap();
        let record = Record { id: id(number), kind: Kind::from_name(kind), cell: cell(CELL), fields, stamps };
        let by = AccountId::new("worker").unwrap();
        assert_eq!(self.hub.load(&[BulkRecord { record, by, at, state: ReviewState::Waiting }]).unwrap(), 1);
    }

    /// A record by its written id.
    pub(super) fn record_of(&self, written: &str) -> Record {
        let id: RecordId = written.parse().unwrap();
        self.record(id.0.as_u128())
    }

    pub(super) async fn call(&self, request: Request<Body>) -> (StatusCode, Value, Option<String>) {
        let response = self.router.clone().oneshot(request).await.unwrap();
        let status = response.status();
        let cookie = response.headers().get(SET_COOKIE).map(|value| value.to_str().unwrap().to_owned());
        let bytes = to_bytes(response.into_body(), usize::MAX).await.unwrap();
        (status, serde_json::from_slice(&bytes).unwrap_or(Value::Null), cookie)
    }

    pub(super) async fn sign_in(&self, account: &str) -> DeskHand<'_> {
        let body = json!({"account": account, "password": PASSWORD}).to_string();
        let request = Request::post("/desk/api/sign-in").header(CONTENT_TYPE, "application/json");
        let (status, session, cookie) = self.call(request.body(Body::from(body)).unwrap()).await;
        assert_eq!(status, StatusCode::OK, "{session}");
        let cookie = cookie.unwrap().split(';').next().unwrap().to_owned();
        let csrf = session["csrf"].as_str().unwrap().to_owned();
        DeskHand { bench: self, cookie, csrf }
    }

    pub(super) fn enrol(&self, account: &str) -> PhoneHand<'_> {
        let made = self.hub.make_enrol_code("test", &AccountId::new(account).unwrap(), 60_000).unwrap();
        let request =
            EnrolRequest { code: made.code, device_name: format!("{account} 的手机"), app_version: "0.1.0".into() };
        let tokens = self.hub.enrol(&request).unwrap().tokens;
        let phone = self.hub.phone(&tokens.access).unwrap();
        let node = Node(phone.device.0.as_u128() as u64);
        PhoneHand { bench: self, access: tokens.access, phone, clock: HybridClock::new(node, Stamp::ZERO) }
    }

    pub(super) fn record(&self, number: u128) -> Record {
        use crate::store::Store as _;
        let county = Scope::new("610722").unwrap();
        self.hub.store().read(|reading| reading.record(&county, id(number))).unwrap().unwrap().record
    }

    pub(super) fn state(&self, number: u128) -> ReviewState {
        use crate::store::Store as _;
        let county = Scope::new("610722").unwrap();
        self.hub.store().read(|reading| reading.record(&county, id(number))).unwrap().unwrap().state
    }
}

/// Somebody at the desk.
pub(super) struct DeskHand<'a> {
    bench: &'a Bench,
    pub(super) cookie: String,
    pub(super) csrf: String,
}

impl DeskHand<'_> {
    pub(super) async fn get(&self, path: &str) -> (StatusCode, Value) {
        let request = Request::get(format!("/desk/api/{path}")).header(COOKIE, &self.cookie);
        let (status, body, _) = self.bench.call(request.body(Body::empty()).unwrap()).await;
        (status, body)
    }

    pub(super) async fn read(&self, path: &str) -> Value {
        let (status, body) = self.get(path).await;
        assert_eq!(status, StatusCode::OK, "{path}: {body}");
        body
    }

    pub(super) async fn post(&self, path: &str, body: Value) -> (StatusCode, Value) {
        self.post_with(path, body, Some(&self.csrf)).await
    }

    pub(super) async fn post_with(&self, path: &str, body: Value, csrf: Option<&str>) -> (StatusCode, Value) {
        let mut request = Request::builder()
            .method(Method::POST)
            .uri(format!("/desk/api/{path}"))
            .header(COOKIE, &self.cookie)
            .header(CONTENT_TYPE, "application/json");
        if let Some(csrf) = csrf {
            request = request.header("x-csrf-token", csrf);
        }
        let (status, body, _) = self.bench.call(request.body(Body::from(body.to_string())).unwrap()).await;
        (status, body)
    }

    /// The bytes of a paper.
    pub(super) async fn post_raw(&self, path: &str, body: Value) -> Vec<u8> {
        let request = Request::post(format!("/desk/api/{path}"))
            .header(COOKIE, &self.cookie)
            .header(CONTENT_TYPE, "application/json")
            .header("x-csrf-token", &self.csrf);
        self.bytes(request.body(Body::from(body.to_string())).unwrap()).await
    }

    /// The bytes of a file.
    pub(super) async fn get_raw(&self, path: &str) -> Vec<u8> {
        let request = Request::get(format!("/desk/api/{path}")).header(COOKIE, &self.cookie);
        self.bytes(request.body(Body::empty()).unwrap()).await
    }

    async fn bytes(&self, request: Request<Body>) -> Vec<u8> {
        let response = self.bench.router.clone().oneshot(request).await.unwrap();
        assert_eq!(response.status(), StatusCode::OK);
        to_bytes(response.into_body(), usize::MAX).await.unwrap().to_vec()
    }

    pub(super) async fn version(&self, number: u128) -> String {
        self.read(&format!("records/{}", id(number))).await["version"].as_str().unwrap().to_owned()
    }

    pub(super) async fn say(&self, number: u128, verdict: &str, remarks: Value) -> (StatusCode, Value) {
        let page = self.read(&format!("records/{}", id(number))).await;
        let (version, seen) = (&page["version"], &page["review"]["state"]);
        let wish = json!({"id": id(number), "version": version, "seen": seen, "verdict": verdict, "remarks": remarks});
        self.post("reviews", wish).await
    }
}

/// A worker with a phone.
pub(super) struct PhoneHand<'a> {
    bench: &'a Bench,
    access: String,
    phone: Phone,
    clock: HybridClock,
}

impl PhoneHand<'_> {
    /// The phone's access token.
    pub(super) fn access(&self) -> &str {
        &self.access
    }

    /// Writes fields of a record, having seen `seen` of it, and sends them.
    pub(super) fn write(&mut self, seen: &Record, fields: Value) {
        let fields: domain::Fields = serde_json::from_value(fields).unwrap();
        self.clock.observe(seen.latest(), self.bench.hub.now());
        let known = fields.keys().filter(|field| seen.fields.contains_key(*field));
        let change = Change {
            id: seen.id,
            kind: seen.kind.clone(),
            cell: seen.cell.clone(),
            base: known.map(|field| (field.clone(), seen.stamps.of(field))).collect(),
            stamps: Stamps::all(self.clock.tick(self.bench.hub.now())),
            fields,
        };
        let request = ExchangeRequest {
            protocol: PROTOCOL,
            device_time: self.bench.hub.now(),
            node: self.clock.node(),
            epoch: None,
            push: vec![change],
            cursors: [(seen.cell.clone(), 0)].into(),
            doubted: Vec::new(),
            words_about: Vec::new(),
            merges: false,
            health: None,
            room: None,
            proofs: Default::default(),
            lost_receipts: Vec::new(),
        };
        let answer = self.bench.hub.exchange(&self.phone, &request).unwrap();
        assert_eq!(answer.verdicts, [Verdict::Accepted]);
    }
}
