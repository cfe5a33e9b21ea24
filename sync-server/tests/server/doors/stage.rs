//! A county in which there is something behind every door: a record of each kind, an incident that a department has, a report, a
//! table that is taken in, a phone that handed in its work; and everybody who may knock.

use std::collections::BTreeMap;
use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use domain::hand_in::{HandIn, HandInContent};
use domain::protocol::{PROTOCOL, PhotoOffer, PhotoPlace};
use domain::review::ReviewState;
use domain::scope::Role;
use domain::seal::{Purpose, seal};
use domain::{AccountId, Kind, Node, Record, RecordId, Sha256Hex, Stamp, Stamps, World as _};
use serde_json::{Value, json};
use sync_server::hub::imports::ImportOf;
use sync_server::store::{Account, BulkRecord};
use tempfile::TempDir;

use crate::accounts::county;
use crate::common::{County, MINUTE, PASSWORD, START, TestPhone, TestWorld, cell, jpeg, scope, sha256};
use crate::seat::Seat;

/// How somebody shows who they are.
#[derive(Clone)]
pub(crate) enum Caller {
    /// The cookie and the token of a session.
    Desk { cookie: String, csrf: String },
    /// The token of a phone.
    Phone(String),
    /// Not at all.
    Nobody,
}

/// Who works at the desk: the column, the role, the place.
const DESKS: [(&str, Role, &str); 13] = [
    ("community", Role::Supervisor, "610722001001"),
    ("town", Role::Supervisor, "610722001"),
    ("admin", Role::Admin, "610722"),
    ("handler", Role::Handler, "610722"),
    ("auditor", Role::Auditor, "610722"),
    ("village-2", Role::Supervisor, "610722001002"),
    ("town-2", Role::Supervisor, "610722002"),
    ("county-2", Role::Supervisor, "610702"),
    ("admin-town", Role::Admin, "610722001"),
    ("admin-2", Role::Admin, "610702"),
    ("auditor-2", Role::Auditor, "610702"),
    ("handler-2", Role::Handler, "610722"),
    ("first", Role::Admin, "610722"),
];

/// The county as it lies on the disk, and what of it the wishes name.
pub(crate) struct Stage {
    folder: TempDir,
    world: TestWorld,
    callers: BTreeMap<String, Caller>,
    words: BTreeMap<String, String>,
}

impl Stage {
    pub(crate) async fn new() -> Self {
        let county = county();
        let mut stage = Self {
            folder: tempfile::tempdir().unwrap(),
            world: county.world.clone(),
            callers: BTreeMap::new(),
            words: BTreeMap::new(),
        };
        load(&county);
        stage.people(&county);
        stage.phones(&county);
        stage.matters(&county).await;
        stage.second_incident(&county).await;
        stage.sign_in(&county).await;
        for (number, kind) in (1..).zip(Kind::KNOWN) {
            let stored = county.stored(id(number)).unwrap();
            stage.say(&format!("{kind}_version"), stored.version);
            stage.say(kind.as_str(), stored.record.id);
        }
        let County { folder, hub, .. } = county;
        drop(hub);
        stage.folder = folder;
        stage
    }

    /// A copy of the county, opened.
    pub(crate) fn opened(&self) -> County {
        let folder = tempfile::tempdir().unwrap();
        copy(self.folder.path(), folder.path());
        County::of(folder, self.world.clone())
    }

    pub(crate) fn caller(&self, column: &str) -> Caller {
        let known =
            || panic!("nobody is called {column}: add the column to DESKS or to Stage::phones in doors/stage.rs");
        self.callers.get(column).cloned().unwrap_or_else(known)
    }

    /// A wish with the names of what is there instead of `$word`; the longest words first, so that none is taken for a part.
    pub(crate) fn filled(&self, wish: &str) -> String {
        let mut words: Vec<_> = self.words.iter().collect();
        words.sort_by_key(|(word, _)| std::cmp::Reverse(word.len()));
        words.into_iter().fold(wish.to_owned(), |text, (word, value)| text.replace(&format!("${word}"), value))
    }

    /// Whether an answer says anything of the place where everything lies, besides what the wish said.
    pub(crate) fn tells_of_the_place(&self, bytes: &[u8], wish: &str) -> bool {
        let text = String::from_utf8_lossy(bytes);
        let of_kinds = (1..).zip(Kind::KNOWN).map(|(number, _)| id(number).to_string());
        let others =
            ["610722001001001", "\"place\":\"610722001001\"", "单雄", "13800001111", "worker-1"].map(str::to_owned);
        of_kinds
            .chain(others)
            .chain(self.words.get("device").cloned())
            .any(|mark| text.contains(&mark) && !wish.contains(&mark))
    }

    fn say(&mut self, word: &str, value: impl std::fmt::Display) {
        self.words.insert(word.to_owned(), value.to_string());
    }

    fn people(&mut self, county: &County) {
        for (name, role, place) in DESKS {
            let department = (role == Role::Handler).then(|| if name == "handler" { "12" } else { "01" }.to_owned());
            let account = Account {
                id: AccountId::new(name).unwrap(),
                display_name: name.to_owned(),
                role,
                scopes: vec![scope(place)],
                password_hash: None,
                closed_at: None,
                department,
            };
            county.hub.put_account(account, Some(PASSWORD), &[]).unwrap();
        }
        self.say("password", PASSWORD);
    }

    /// Last of all, so that no session is old enough to be written anew when it is used.
    async fn sign_in(&mut self, county: &County) {
        let admin = Seat::signed_in(county, "admin", PASSWORD).await.unwrap();
        let reset = admin.done("/desk/api/accounts/first/password", json!({})).await;
        let first = reset["password"].as_str().unwrap();
        for (name, _, _) in DESKS {
            let password = if name == "first" { first } else { PASSWORD };
            let Seat { cookie, csrf, .. } = Seat::signed_in(county, name, password).await.unwrap();
            self.callers.insert(name.to_owned(), Caller::Desk { cookie, csrf });
        }
        self.callers.insert("nobody".to_owned(), Caller::Nobody);
        for caller in self.callers.values() {
            if let Caller::Phone(access) = caller {
                // A phone that is shut out is refused.
                let _ = county.hub.phone(access);
            }
        }
    }

    fn phones(&mut self, county: &County) {
        let held = [
            ("worker", "worker-1", Role::Worker, cell(1)),
            ("informant", "informant-1", Role::Informant, cell(1)),
            ("shut", "worker-3", Role::Worker, cell(1)),
            ("worker-2", "worker-2", Role::Worker, cell(2)),
        ];
        for (column, account, role, cell) in held {
            let phone = county.phone_of(&county.account(account, role, &[], &[cell]));
            self.callers.insert(column.to_owned(), Caller::Phone(phone.tokens.access.clone()));
            match column {
                "worker" => self.of_the_worker(county, phone),
                "shut" => self.shut_out(county, &phone),
                _ => {}
            }
        }
        let code = county.hub.make_enrol_code("test", &AccountId::new("worker-1").unwrap(), 15 * MINUTE).unwrap().code;
        self.say("code", code);
    }

    /// What only the worker's phone knows; and a telephone that it wrote without having seen the one that stood there.
    fn of_the_worker(&mut self, county: &County, mut phone: TestPhone) {
        county.world.pass(MINUTE);
        let person = number_of(&Kind::Person);
        self.say("stamp", json!(stamp(person)));
        let written = phone.change(Kind::Person, id(person), &cell(1), json!({"phone": "13800002222"}));
        phone.push_all(&[written]);
        self.photos(&mut phone);
        self.say("refresh", &phone.tokens.refresh);
        self.say("device", phone.phone().device);
        self.say("node", json!(phone.node()));
        self.say("now", START);
        self.say("protocol", PROTOCOL);
    }

    /// A photo whose bytes are there, and another one's of which nothing came yet, and a third that nobody began.
    fn photos(&mut self, phone: &mut TestPhone) {
        let bytes = jpeg(1);
        let sha256 = Sha256Hex::new(&sha256(&bytes)).unwrap();
        self.say("sha256", &sha256);
        let arrived = PhotoOffer { photo: id(number_of(&Kind::Photo)), sha256, bytes: bytes.len() as u64 };
        let PhotoPlace::Upload { upload, .. } = phone.hub.photo_offer(&phone.phone(), &arrived).unwrap() else {
            panic!()
        };
        phone.hub.photo_append(&phone.phone(), &upload, 0, &bytes).unwrap();
        let (_, offer) = crate::photos::offered(phone, &jpeg(7));
        let placed = phone.hub.photo_offer(&phone.phone(), &offer).unwrap();
        let PhotoPlace::Upload { upload, .. } = placed else { panic!("stored already") };
        self.say("upload", upload);
        let (_, offer) = crate::photos::offered(phone, &jpeg(8));
        let meta = |text: &str| STANDARD.encode(text);
        self.say(
            "announced",
            format!("photo {},sha256 {}", meta(&offer.photo.to_string()), meta(offer.sha256.as_str())),
        );
        self.say("photo_bytes", offer.bytes);
    }

    /// Shut out at the desk; its unsent work is handed in and waits.
    fn shut_out(&mut self, county: &County, phone: &TestPhone) {
        let device = phone.phone().device;
        county.hub.revoke_device("admin", device).unwrap();
        let content = HandInContent { node: Node(9), changes: Vec::new(), refused: Vec::new(), photos: Vec::new() };
        let plain = serde_json::to_vec(&content).unwrap();
        let packed = zstd::encode_all(&plain[..], 3).unwrap();
        let sealed =
            seal(&county.hub.keys().seal, Purpose::HandIn(device), &packed, &mut county.world.clone()).unwrap();
        let digest = Sha256Hex::new(&sha256(&plain)).unwrap();
        let piece = HandIn { digest, changes: 1, photos: 0, sealed: URL_SAFE_NO_PAD.encode(sealed) };
        county.hub.hand_in(&county.hub.bearer(&phone.tokens.access).unwrap(), &piece).unwrap();
        self.say("shut_device", device);
        self.say("piece", json!(piece));
    }

    /// What is made at the desk.
    async fn matters(&mut self, county: &County) {
        let community = Seat::signed_in(county, "community", PASSWORD).await.unwrap();
        let incident = id(number_of(&Kind::Incident));
        step(county, &community, incident, json!({"action": "accept"})).await;
        let seen = step(county, &community, incident, json!({"action": "dispatch", "departments": ["12"]})).await;
        self.say("seen", seen);
        let report = json!({"place": "610722001001", "first": "2026-10-01", "last": "2026-10-31"});
        self.say("report", community.done("/desk/api/reports", report).await["id"].clone());
        let admin = Seat::signed_in(county, "admin", PASSWORD).await.unwrap();
        let mut lists = admin.get("/desk/api/county-lists").await.json()["lists"].clone();
        lists["care"]["a"] = json!(5);
        self.say("lists", lists);
        let mut rules = admin.get("/desk/api/review-rules").await.json()["rules"].clone();
        rules["two_levels"] = json!(true);
        self.say("rules", rules);
        let known = admin.get("/desk/api/accounts").await.json();
        let worker = known.as_array().unwrap().iter().find(|row| row["account"] == "worker-1").unwrap().clone();
        self.say("account_version", worker["version"].as_str().unwrap());
        self.table(county, &admin).await;
    }

    /// An incident that the department says is solved: somebody calls whoever reported it.
    async fn second_incident(&mut self, county: &County) {
        let incident = RecordId(uuid::Uuid::from_u128(0x2000));
        let fields = serde_json::from_value(fields(&Kind::Incident)).unwrap();
        let record =
            Record { id: incident, kind: Kind::Incident, cell: cell(1), fields, stamps: Stamps::all(stamp(99)) };
        let by = AccountId::new("worker-1").unwrap();
        let state = ReviewState::Waiting;
        county.hub.load(&[BulkRecord { record, by, at: START - 60 * MINUTE, state }]).unwrap();
        let community = Seat::signed_in(county, "community", PASSWORD).await.unwrap();
        let handler = Seat::signed_in(county, "handler", PASSWORD).await.unwrap();
        step(county, &community, incident, json!({"action": "accept"})).await;
        step(county, &community, incident, json!({"action": "dispatch", "departments": ["12"]})).await;
        step(county, &handler, incident, json!({"action": "sign"})).await;
        let seen = step(county, &handler, incident, json!({"action": "result", "opinion": "已换井盖"})).await;
        let version = county.stored(incident).unwrap().version;
        let wish = json!({"id": incident, "version": version, "seen": "waiting", "verdict": "approved"});
        self.say("given", community.done("/desk/api/reviews", wish).await["id"].as_str().unwrap());
        self.say("solved_incident", incident);
        self.say("solved_seen", seen);
    }

    /// A table that waits to be tried.
    async fn table(&mut self, county: &County, admin: &Seat) {
        let table = "网格编码,楼栋,单元,室,姓名\n610722001001001,3号楼,2单元,501,单雄\n".as_bytes();
        let actor = county.hub.desk(admin.cookie.split_once('=').unwrap().1).unwrap().actor;
        let line = county.hub.upload_table(&actor, "x.csv", ImportOf::Register, table).unwrap();
        self.say("plan", json!(line.plan));
        self.say("import", line.batch.id);
        self.say("table", "网格编码,姓名\n610722001001001,单雄");
    }
}

/// Takes a step and answers with what is to be seen after it.
async fn step(county: &County, seat: &Seat, incident: RecordId, mut wish: Value) -> String {
    county.world.pass(MINUTE);
    let address = format!("/desk/api/incidents/{incident}");
    wish["seen"] = seat.get(&address).await.json()["seen"].clone();
    wish["id"] = json!(county.world.clone().record_id());
    seat.done(&format!("{address}/steps"), wish).await;
    seat.get(&address).await.json()["seen"].as_str().unwrap().to_owned()
}

fn id(number: u64) -> RecordId {
    RecordId(uuid::Uuid::from_u128(0x1000 + u128::from(number)))
}

fn number_of(kind: &Kind) -> u64 {
    (1..).zip(Kind::KNOWN).find(|(_, known)| known == kind).map(|(number, _)| number).unwrap()
}

fn stamp(number: u64) -> Stamp {
    Stamp::new(START - 60 * MINUTE, 0, Node(number))
}

/// A record of every kind in the first cell, each about the others of its household.
fn load(county: &County) {
    let records: Vec<BulkRecord> = (1..)
        .zip(Kind::KNOWN)
        .map(|(number, kind)| {
            let state = if kind.is_reviewed() { ReviewState::Waiting } else { ReviewState::NotReviewed };
            let fields = serde_json::from_value(fields(&kind)).unwrap();
            let record = Record { id: id(number), kind, cell: cell(1), fields, stamps: Stamps::all(stamp(number)) };
            BulkRecord { record, by: AccountId::new("worker-1").unwrap(), at: START - 60 * MINUTE, state }
        })
        .collect();
    assert_eq!(county.hub.load(&records).unwrap(), Kind::KNOWN.len());
}

fn fields(kind: &Kind) -> Value {
    let of = |kind: Kind| id(number_of(&kind));
    let (at, by) = (START - 60 * MINUTE, "worker-1");
    let household = of(Kind::Household);
    match kind {
        Kind::Cell => json!({"code": "610722001001001", "name": "第1网格", "cell_kind": "general"}),
        Kind::Building => json!({"name": "3号楼", "building_kind": "residential"}),
        Kind::Dwelling => json!({"building": of(Kind::Building), "unit": "2", "floor": 5, "room": "501", "use": "own"}),
        Kind::Household => json!({"dwelling": of(Kind::Dwelling), "head": of(Kind::Person)}),
        Kind::Person => json!({"household": household, "name": "单雄", "phone": "13800001111", "relation": "02"}),
        Kind::Visit => json!({"target": household, "target_kind": "household", "at": at, "result": "met", "by": by}),
        Kind::Incident => {
            json!({"category": "0601", "list_version": 1, "severity": 3, "title": "井盖破损", "happened_at": at, "by": by,
            "dwelling": of(Kind::Dwelling), "contact_name": "单雄", "contact_phone": "13800001111",
            "position": {"lat": 33.15, "lng": 107.33, "accuracy_m": 8.0}})
        }
        Kind::Photo => {
            json!({"subject": of(Kind::Incident), "subject_kind": "incident", "sha256": sha256(&jpeg(1)), "width": 64,
            "height": 48, "bytes": jpeg(1).len(), "taken_at": at, "photo_kind": "scene", "by": by})
        }
        Kind::Review => {
            json!({"target": household, "target_kind": "household", "version": "0".repeat(32), "verdict": "approved",
            "at": at, "by": "community"})
        }
        Kind::Tenancy => json!({"dwelling": of(Kind::Dwelling), "landlord_phone": "13800001111"}),
        Kind::Premises => json!({"dwelling": of(Kind::Dwelling), "name": "顺口面馆", "premises_kind": "restaurant"}),
        Kind::CarePlan => json!({"person": of(Kind::Person), "reason": "lives_alone", "level": "a", "responsible": by,
            "consent": "oral", "starts_on": "2026-10-01"}),
        Kind::IncidentStep => {
            json!({"incident": of(Kind::Incident), "step": 2, "action": "report", "at": at, "by": by})
        }
        Kind::Dispute => {
            json!({"type": "01", "source": "visit", "accepted_on": "2026-10-02", "parties": [{"name": "单雄"}]})
        }
        Kind::DisputeEvent => json!({"dispute": of(Kind::Dispute), "event": "mediated", "at": at, "by": by}),
        Kind::Inspection => {
            json!({"subject": of(Kind::Premises), "subject_kind": "premises", "checklist": "fire_nine_small",
            "checklist_version": 1, "at": at, "by": by, "answers": {}})
        }
        Kind::Recheck => {
            json!({"inspection": of(Kind::Inspection), "item": "F01", "at": at, "by": by, "result": "fixed"})
        }
        Kind::HazardPoint => json!({"name": "后山", "hazard_kind": "landslide"}),
        Kind::ThreatenedHousehold => json!({"hazard_point": of(Kind::HazardPoint), "household": household}),
        Kind::Evacuation => json!({"reason": "暴雨", "level": "red", "drill": true, "points": [of(Kind::HazardPoint)],
            "ordered_at": at, "by": "community", "roster": [{"household": household, "person": of(Kind::Person), "point": of(Kind::HazardPoint), "name": "单雄"}]}),
        Kind::RollCall => {
            json!({"evacuation": of(Kind::Evacuation), "person": of(Kind::Person), "mark": "away", "at": at, "by": by})
        }
        Kind::Notice => {
            json!({"title": "停水", "text": "明天停水", "notice_kind": "policy", "at": at, "by": "community"})
        }
        Kind::NoticeAck => json!({"notice": of(Kind::Notice), "household": household, "at": at, "by": by}),
        Kind::Task => json!({"title": "走访", "purpose": "care", "at": at, "by": "community"}),
        Kind::TaskReport => json!({"task": of(Kind::Task), "result": "done", "at": at, "by": by}),
        Kind::Callback => {
            json!({"target": of(Kind::Incident), "target_kind": "incident", "at": at, "by": "community", "reached": false})
        }
        Kind::Feedback => json!({"text": "字太小", "at": at, "by": by}),
        Kind::Other(name) => panic!("no record of the kind {name} is on the stage"),
    }
}

fn copy(from: &Path, to: &Path) {
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            std::fs::create_dir_all(&target).unwrap();
            copy(&entry.path(), &target);
        } else {
            std::fs::copy(entry.path(), target).unwrap();
        }
    }
}
