//! The desk's numbers: a county of 400,000 residents with a year of records on SQLite, its inbox, dashboards and monthly report, asked
//! over HTTP as the desk asks; its inbox on the screen; and a register of 100,000 rows that is taken in. The people are drawn at random
//! and exist nowhere.

mod import;
mod screen;

use std::sync::Arc;
use std::time::{Duration, Instant};

use domain::divisions::chenggu;
use domain::review::ReviewState;
use domain::scope::Role;
use domain::world::Millis;
use domain::{AccountId, CellCode, Kind, Node, Record, RecordId, Scope, Stamp, Stamps, World as _};
use reqwest::blocking::Client;
use serde_json::{Value, json};
use sync_server::http::{App, Front, router};
use sync_server::hub::world::SystemWorld;
use sync_server::hub::{CountyHub, open_folder};
use sync_server::store::{Account, BulkRecord, Place};

use crate::sync_bench::Number;
use crate::trouble::{Doing, Outcome};

const DAY: Millis = 24 * 60 * 60 * 1000;
const PASSWORD: &str = "Bench-county-2026";
const COUNTY: &str = "610722";

/// Of one cell: what adds up to 400,000 residents and a year of records in 1,624 cells.
const HOUSEHOLDS: usize = 86;
const RESIDENTS: usize = 247;
const VISITS: usize = 700;
const INCIDENTS: usize = 40;
const PLANS: usize = 6;
/// Visits that nobody has looked at yet: 50,000 in the county.
const WAITING: usize = 31;

/// How often each question is asked; the slowest answer is shown.
const TIMES: usize = 5;

/// What the desk may take for a page, for the inbox, and for what is made in one piece.
const PAGE: Duration = Duration::from_millis(500);
const INBOX: Duration = Duration::from_millis(200);
const MADE: Duration = Duration::from_secs(10);

/// How the county is filled: another number makes it anew.
const FILLING: u32 = 1;

/// Whose desk is asked and opened: a supervisor's of the whole county.
const CHIEF: &str = "bench-chief";

/// Makes the county (so many of its cells), or takes the one that was made before, asks, opens its inbox in a browser if there may be a
/// `window`, takes in a register besides, and answers with the table.
///
/// # Errors
/// What could not be made or asked.
pub fn measure(cells: usize, window: bool) -> Outcome<Vec<Number>> {
    let hub = Arc::new(county(cells)?);
    let desk = Desk::open(Arc::clone(&hub), CHIEF)?;
    let today = domain::validate::today(hub.now()).to_string();
    let month = json!({"place": COUNTY, "first": format!("{}-01", &today[..7]), "last": today});
    let mut lines = Vec::new();
    let id = report(&desk, &month, "month report of the county, with the month before", &mut lines)?;
    let admin = Desk::open(Arc::clone(&hub), "bench-admin")?;
    rules(&admin, true)?;
    report(&desk, &month, "the same, counting only what was approved", &mut lines)?;
    rules(&admin, false)?;
    pages(&desk, id, &mut lines)?;
    for (what, file) in [("the report as a workbook", "xlsx"), ("the report as a PDF", "pdf")] {
        let asked = Instant::now();
        desk.get(&format!("reports/{id}/{file}"))?;
        lines.push(number(what, asked.elapsed(), MADE));
    }
    if window {
        lines.extend(screen::measure(&hub, CHIEF)?);
    } else {
        lines.push(screen::not_measured("Windows were to be left out."));
    }
    lines.extend(import::measure(import::ROWS)?);
    Ok(lines)
}

/// Measures only the inbox of that county in a browser.
///
/// # Errors
/// What could not be made or opened.
pub fn inbox_on_screen(cells: usize) -> Outcome<Vec<Number>> {
    screen::measure(&Arc::new(county(cells)?), CHIEF)
}

/// The county, in a folder that stays: to fill it takes minutes.
fn county(cells: usize) -> Outcome<CountyHub> {
    let folder = crate::program::target().join(format!("desk-county-{FILLING}-{cells}"));
    let whole = folder.join("whole");
    // Records of the last year, of which a month must not be missing.
    let fresh = std::fs::metadata(&whole)
        .and_then(|file| file.modified())
        .is_ok_and(|made| made.elapsed().is_ok_and(|age| age < Duration::from_secs(3 * 24 * 60 * 60)));
    if fresh {
        return open_folder(&folder).doing("opening the county that was made before");
    }
    if folder.exists() {
        std::fs::remove_dir_all(&folder).doing("removing a county that is old or half")?;
    }
    std::fs::create_dir_all(&folder).doing("making a folder")?;
    let hub = open_folder(&folder).doing("filling the county")?;
    let begun = Instant::now();
    let (residents, records) = fill(&hub, cells)?;
    eprintln!("{residents} residents, {records} records in {:.0} s", begun.elapsed().as_secs_f64());
    std::fs::write(whole, "").doing("noting that the county is whole")?;
    Ok(hub)
}

/// Makes a report and measures it; answers with its number.
fn report(desk: &Desk, wish: &Value, what: &str, lines: &mut Vec<Number>) -> Outcome<i64> {
    let asked = Instant::now();
    let made = desk.post("reports", wish)?;
    lines.push(number(what, asked.elapsed(), MADE));
    Ok(made["id"].as_i64().unwrap_or_default())
}

/// Has only what was approved counted, or everything.
fn rules(admin: &Desk, official: bool) -> Outcome {
    let mut rules = admin.get("review-rules")?["rules"].clone();
    rules["official_when_approved"] = json!(official);
    admin.post("review-rules", &rules).map(drop)
}

/// Asks for every dashboard and for the inbox.
fn pages(desk: &Desk, id: i64, lines: &mut Vec<Number>) -> Outcome {
    let waiting = desk.get("inbox?limit=1")?["total"].as_u64().unwrap_or_default();
    let asked = [
        (format!("inbox of {waiting} waiting, first page"), "inbox".to_owned(), INBOX),
        ("inbox, the newest first".to_owned(), "inbox?order=newest".to_owned(), INBOX),
        ("inbox of one kind".to_owned(), "inbox?kind=visit".to_owned(), INBOX),
        ("inbox of a village".to_owned(), "inbox?place=610722001001".to_owned(), INBOX),
        ("the report's page".to_owned(), format!("reports/{id}"), PAGE),
        ("a town of the report".to_owned(), format!("reports/{id}?place=610722001"), PAGE),
        ("coverage of the county".to_owned(), format!("coverage?place={COUNTY}"), PAGE),
        ("coverage of a village".to_owned(), "coverage?place=610722001001".to_owned(), PAGE),
        ("households not met for 30 days".to_owned(), format!("coverage/list?place={COUNTY}&matter=unmet_30"), PAGE),
        ("care visits due".to_owned(), format!("coverage/list?place={COUNTY}&matter=care_waiting"), PAGE),
        ("places with what waits".to_owned(), "places".to_owned(), PAGE),
        ("incidents".to_owned(), "incidents".to_owned(), PAGE),
        ("board of incidents".to_owned(), "incidents/board".to_owned(), PAGE),
        ("departments' rates".to_owned(), "departments".to_owned(), PAGE),
        ("hazard points".to_owned(), "hazard-points".to_owned(), PAGE),
        ("evacuations".to_owned(), "evacuations".to_owned(), PAGE),
        ("notices".to_owned(), "notices".to_owned(), PAGE),
        ("tasks".to_owned(), "tasks".to_owned(), PAGE),
        ("opinions".to_owned(), "feedback".to_owned(), PAGE),
        ("boundaries of a town".to_owned(), "boundaries?place=610722001".to_owned(), PAGE),
    ];
    for (what, path, target) in asked {
        let mut slowest = Duration::ZERO;
        for _ in 0..TIMES {
            let asked = Instant::now();
            desk.get(&path)?;
            slowest = slowest.max(asked.elapsed());
        }
        lines.push(number(&what, slowest, target));
    }
    Ok(())
}

fn number(what: &str, taken: Duration, target: Duration) -> Number {
    let text = |time: Duration| format!("{:.0} ms", time.as_secs_f64() * 1000.0);
    Number {
        what: what.to_owned(),
        ours: text(taken),
        limit: String::new(),
        target: format!("≤ {}", text(target)),
        ratio: String::new(),
        met: taken <= target,
    }
}

/// Somebody of the county at the desk.
struct Desk {
    client: Client,
    /// Where the desk's pages are; its calls are below.
    root: String,
    cookie: String,
    csrf: String,
}

impl Desk {
    fn open(hub: Arc<CountyHub>, account: &str) -> Outcome<Self> {
        let signed = hub.sign_in(account, PASSWORD).doing("filling the county")?;
        let listener = std::net::TcpListener::bind("127.0.0.1:0").doing("listening")?;
        listener.set_nonblocking(true).doing("listening")?;
        let root = format!("http://{}", listener.local_addr().doing("listening")?);
        std::thread::spawn(move || {
            let runtime = tokio::runtime::Runtime::new().expect("a runtime can be started");
            runtime.block_on(async move {
                let listener = tokio::net::TcpListener::from_std(listener).expect("the listener is bound");
                let _ = axum::serve(listener, router(App::new(hub, Front::default()))).await;
            });
        });
        let client = Client::builder().timeout(Duration::from_secs(120)).build().doing("making a client")?;
        let cookie = format!("{}={}", sync_server::http::auth::SESSION_COOKIE, signed.cookie);
        Ok(Self { client, root, cookie, csrf: signed.desk.csrf })
    }

    /// What is answered; nothing for a file.
    fn get(&self, path: &str) -> Outcome<Value> {
        let call = self.client.get(format!("{}/desk/api/{path}", self.root)).header("cookie", &self.cookie);
        let answer = call.send().and_then(reqwest::blocking::Response::error_for_status).doing(path)?;
        Ok(serde_json::from_slice(&answer.bytes().doing(path)?).unwrap_or_default())
    }

    fn post(&self, path: &str, body: &Value) -> Outcome<Value> {
        let call = self.client.post(format!("{}/desk/api/{path}", self.root)).header("cookie", &self.cookie);
        let call = call.header("x-csrf-token", &self.csrf).json(body);
        let answer = call.send().and_then(reqwest::blocking::Response::error_for_status).doing(path)?;
        Ok(serde_json::from_slice(&answer.bytes().doing(path)?).unwrap_or_default())
    }
}

fn fill(hub: &CountyHub, cells: usize) -> Outcome<(usize, usize)> {
    for (name, role) in [(CHIEF, Role::Supervisor), ("bench-admin", Role::Admin)] {
        hub.put_account(office(name, role), Some(PASSWORD), &[]).doing("filling the county")?;
    }
    let mut places = vec![Place { code: scope(COUNTY), name: "城固县".to_owned() }];
    let villages = chenggu();
    for village in villages {
        if places.iter().all(|place| place.code.as_str() != village.town_code) {
            places.push(Place { code: scope(&village.town_code), name: village.town.clone() });
        }
        places.push(Place { code: scope(&village.code), name: village.place().to_owned() });
    }
    let codes = villages.iter().flat_map(|village| (1..=6).map(move |number| format!("{}{number:03}", village.code)));
    let (mut residents, mut records) = (0, 0);
    for code in codes.take(cells) {
        places.push(Place { code: scope(&code), name: format!("第{}网格", &code[14..]) });
        let cell = CellCode::new(&code).expect("twelve and three digits are a cell code");
        let made = CellMaking { cell, now: hub.now(), seed: records as u64 + 1, made: Vec::new() }.all();
        residents += RESIDENTS;
        records += made.len();
        hub.load(&made).doing("filling the county")?;
    }
    hub.put_places(&places).doing("filling the county")?;
    Ok((residents, records))
}

/// Somebody at the desk of the county.
fn office(name: &str, role: Role) -> Account {
    Account {
        id: account(name),
        display_name: name.to_owned(),
        role,
        scopes: vec![scope(COUNTY)],
        password_hash: None,
        closed_at: None,
        department: None,
    }
}

fn account(name: &str) -> AccountId {
    AccountId::new(name).expect("the benchmark's names are names")
}

fn scope(code: &str) -> Scope {
    Scope::new(code).expect("codes of the county are scopes")
}

/// Makes the records of a cell.
struct CellMaking {
    cell: CellCode,
    now: Millis,
    seed: u64,
    made: Vec<BulkRecord>,
}

impl CellMaking {
    fn chance(&mut self, below: usize) -> usize {
        self.seed = self.seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.seed >> 33).unwrap_or(0) % below.max(1)
    }

    /// Some moment of the last year.
    fn moment(&mut self) -> Millis {
        self.now - i64::try_from(self.chance(365 * 24 * 60)).unwrap_or(0) * 60_000
    }

    fn write(&mut self, kind: Kind, at: Millis, fields: Value) -> RecordId {
        let id = SystemWorld.record_id();
        let stamps = Stamps::all(Stamp::new(at, 0, Node(self.seed)));
        let fields = serde_json::from_value(fields).expect("fields are an object");
        let record = Record { id, kind, cell: self.cell.clone(), fields, stamps };
        self.made.push(BulkRecord { record, by: account("bench-worker"), at, state: ReviewState::Approved });
        id
    }

    fn all(mut self) -> Vec<BulkRecord> {
        let year_ago = self.now - 365 * DAY;
        let homes: Vec<RecordId> = (0..HOUSEHOLDS)
            .map(|n| self.write(Kind::Household, year_ago, json!({"contact_phone": format!("1380000{n:04}")})))
            .collect();
        let people: Vec<RecordId> = (0..RESIDENTS)
            .map(|n| {
                let fields = json!({"household": homes[n % HOUSEHOLDS], "name": "某某", "sex": "1", "relation": "02", "residence": "local",
                    "birth_date": "1960-05-05", "phone": format!("1390000{n:04}"), "consent": "oral"});
                self.write(Kind::Person, year_ago, fields)
            })
            .collect();
        for n in 0..VISITS {
            let (at, home, roll) = (self.moment(), self.chance(HOUSEHOLDS), self.chance(10));
            let result = if roll < 6 { "met" } else { "absent" };
            let fields = json!({"target": homes[home], "target_kind": "household", "at": at, "result": result, "by": "bench-worker",
                "purposes": ["register"]});
            self.write(Kind::Visit, at, fields);
            if let Some(last) = self.made.last_mut().filter(|_| n < WAITING) {
                last.state = ReviewState::Waiting;
            }
        }
        for n in 0..PLANS {
            let level = ["a", "b", "c"][n % 3];
            let day = domain::validate::today(year_ago).to_string();
            let person = people[self.chance(RESIDENTS)];
            self.write(
                Kind::CarePlan,
                year_ago,
                json!({"person": person, "level": level, "starts_on": day, "responsible": "bench-worker"}),
            );
        }
        (0..INCIDENTS).for_each(|_| self.incident());
        self.rest(&homes);
        self.made
    }

    fn incident(&mut self) {
        let at = self.moment();
        let category = ["0601", "0101", "0301"][self.chance(3)];
        let incident = self.write(
            Kind::Incident,
            at,
            json!({"category": category, "severity": 3, "title": "井盖", "happened_at": at, "by": "bench-worker"}),
        );
        for (n, action) in (1..).zip(["accept", "dispatch", "sign", "result", "pass", "close"]) {
            let at = (at + n * DAY / 2).min(self.now);
            self.write(
                Kind::IncidentStep,
                at,
                json!({"incident": incident, "action": action, "step": "handle", "at": at, "by": CHIEF}),
            );
        }
    }

    /// What there is little of.
    fn rest(&mut self, homes: &[RecordId]) {
        let notice_at = self.now - 10 * DAY;
        let notice = self.write(
            Kind::Notice,
            notice_at,
            json!({"title": "通知", "text": "…", "notice_kind": "policy", "at": notice_at, "by": CHIEF}),
        );
        for home in homes.iter().take(60) {
            self.write(
                Kind::NoticeAck,
                notice_at,
                json!({"notice": notice, "household": home, "at": notice_at, "by": "bench-worker"}),
            );
        }
        for _ in 0..12 {
            let at = self.moment();
            let day = domain::validate::today(at).to_string();
            self.write(Kind::Dispute, at, json!({"type": "02", "source": "applied", "accepted_on": day, "amount": "1200.00", "agreement": "written",
                "parties": [{"name": "甲", "side": "applicant"}, {"name": "乙", "side": "respondent"}]}));
            self.write(Kind::Inspection, at, json!({"checklist": "small_premises", "at": at, "hazards": [{"item": "F01", "text": "堵", "severity": 2}]}));
        }
        let point =
            self.write(Kind::HazardPoint, self.now - 300 * DAY, json!({"name": "后坡", "hazard_kind": "landslide"}));
        for home in homes.iter().take(3) {
            self.write(
                Kind::ThreatenedHousehold,
                self.now - 300 * DAY,
                json!({"hazard_point": point, "household": home}),
            );
        }
    }
}
