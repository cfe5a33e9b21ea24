//! The phone and the server over real sockets: what breaks in the middle is taken up again, and what is wrong is refused alone.

use std::path::Path;
use std::sync::Mutex;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use device::{DeviceError, RoundReport};
use domain::codes::Lists;
use domain::hand_in::HandIn;
use domain::order::{OrderAnswer, OrderRequest, StandingOrder};
use domain::protocol::{
    CallError, ExchangeAnswer, ExchangeRequest, Hello, PROTOCOL, Peer, PhotoOffer, PhotoPlace, PhotoSize, Verdict,
};
use domain::{CellCode, Change, Fields, Kind, Node, RecordId, Sha256Hex, Stamp, Stamps};
use doorstep_tests::county::County;
use doorstep_tests::phones::Phone;
use doorstep_tests::picture;
use doorstep_tests::trouble::{Doing, Outcome, trouble};
use reqwest::blocking::{Client, RequestBuilder, Response};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

/// So many rounds are always enough when the network is well.
const ROUNDS_MAX: usize = 20;

fn phone(county: &County, folder: &Path) -> Outcome<Phone> {
    let phone = Phone::enrol(folder, &county.address(), &county.demo.worker.enrol_code)?;
    settle(&phone)?;
    Ok(phone)
}

/// Runs rounds until everything is safe.
fn settle(phone: &Phone) -> Outcome {
    let mut last = String::new();
    for _ in 0..ROUNDS_MAX {
        let report = phone.round()?;
        let state = phone.call("sync_state", json!({}))?;
        if report.ended_by.is_none() && state["phase"] == "safe" {
            return Ok(());
        }
        last = format!("{report:?} {state}");
    }
    trouble(format!("Not everything became safe: {last}"))
}

fn households(phone: &Phone) -> Outcome<Vec<String>> {
    let today = phone.call("today", json!({}))?;
    let doors = today["due_doors"].as_array().cloned().unwrap_or_default();
    Ok(doors.iter().filter_map(|door| door["household_id"].as_str().map(str::to_owned)).collect())
}

fn visit(phone: &Phone, household: &str, note: &str) -> Outcome<String> {
    let args = json!({ "target": household, "target_kind": "household", "result": "met", "note": note });
    let saved = phone.call("record_visit", args)?;
    saved["id"].as_str().map(str::to_owned).ok_or_else(|| doorstep_tests::Trouble("A visit without an id.".into()))
}

fn is_offline(report: &RoundReport) -> bool {
    matches!(report.ended_by, Some(DeviceError::Call(CallError::Offline(_))))
}

/// A peer that spoils one call and passes on the others.
struct Spoiling<'a> {
    peer: Box<dyn Peer>,
    county: &'a Mutex<County>,
    /// Where every piece of a photo began.
    offsets: &'a Mutex<Vec<u64>>,
    spoil: Spoil,
}

#[derive(PartialEq)]
enum Spoil {
    Nothing,
    /// The server is killed when it has answered, and the answer is lost.
    AfterExchange,
    /// The server is killed when it has half of the first piece of a photo.
    InPhoto,
}

fn kill(county: &Mutex<County>) {
    county.lock().expect("no thread has panicked with it").stop();
}

impl Peer for Spoiling<'_> {
    fn hello(&self) -> Result<Hello, CallError> {
        self.peer.hello()
    }
    fn exchange(&self, request: &ExchangeRequest) -> Result<ExchangeAnswer, CallError> {
        let answer = self.peer.exchange(request);
        if self.spoil == Spoil::AfterExchange {
            kill(self.county);
            return Err(CallError::Offline("the answer was lost".into()));
        }
        answer
    }
    fn lists(&self) -> Result<Lists, CallError> {
        self.peer.lists()
    }
    fn photo_offer(&self, offer: &PhotoOffer) -> Result<PhotoPlace, CallError> {
        self.peer.photo_offer(offer)
    }
    fn photo_offset(&self, upload: &str) -> Result<u64, CallError> {
        self.peer.photo_offset(upload)
    }
    fn photo_append(&self, upload: &str, offset: u64, chunk: &[u8]) -> Result<u64, CallError> {
        self.offsets.lock().expect("no thread has panicked with it").push(offset);
        if self.spoil == Spoil::InPhoto {
            self.peer.photo_append(upload, offset, &chunk[..chunk.len() / 2])?;
            kill(self.county);
            return Err(CallError::Offline("cut in the middle".into()));
        }
        self.peer.photo_append(upload, offset, chunk)
    }
    fn photo_fetch(&self, sha256: &Sha256Hex, size: PhotoSize) -> Result<Vec<u8>, CallError> {
        self.peer.photo_fetch(sha256, size)
    }
    fn order(&self, request: &OrderRequest) -> Result<OrderAnswer, CallError> {
        self.peer.order(request)
    }
    fn report(&self, done: &StandingOrder) -> Result<(), CallError> {
        self.peer.report(done)
    }
    fn hand_in(&self, piece: &HandIn) -> Result<(), CallError> {
        self.peer.hand_in(piece)
    }
}

#[test]
fn what_was_acknowledged_survives_a_killed_server_and_a_lost_answer_costs_no_data() -> Outcome {
    let folder = tempfile::tempdir().doing("making a folder")?;
    let county = County::found(folder.path(), "village")?;
    let phone = phone(&county, &folder.path().join("phone"))?;
    let household = households(&phone)?.first().cloned().unwrap_or_default();
    let (county, offsets) = (Mutex::new(county), Mutex::default());

    let id = visit(&phone, &household, "先行")?;
    let peer =
        Spoiling { peer: Box::new(phone.peer()?), county: &county, offsets: &offsets, spoil: Spoil::AfterExchange };
    assert!(is_offline(&phone.round_through(&peer)));
    assert!(is_offline(&phone.round()?), "the server is gone");
    assert_ne!(phone.call("sync_state", json!({}))?["phase"], "safe");

    county.lock().unwrap().start()?;
    settle(&phone)?;

    // A second phone of the same cell sees the visit, once.
    let code = county.lock().unwrap().enrol_code("demo-worker-2")?;
    let second = Phone::enrol(&folder.path().join("second"), &county.lock().unwrap().address(), &code)?;
    settle(&second)?;
    let page = second.call("household", json!({ "id": household }))?;
    let visits = page["visits"].as_array().cloned().unwrap_or_default();
    assert_eq!(visits.iter().filter(|visit| visit["id"] == id.as_str()).count(), 1, "{page}");
    Ok(())
}

#[test]
fn a_server_killed_at_any_moment_of_a_push_loses_nothing_and_doubles_nothing() -> Outcome {
    let folder = tempfile::tempdir().doing("making a folder")?;
    let mut county = County::found(folder.path(), "village")?;
    let phone = phone(&county, &folder.path().join("phone"))?;
    let households = households(&phone)?;
    let mut expected = 0;
    for pause in [0, 2, 5, 10, 20, 40] {
        for number in 0..40 {
            visit(&phone, &households[number % households.len()], &format!("连续{pause}-{number}"))?;
            expected += 1;
        }
        std::thread::scope(|scope| {
            let killer = scope.spawn(|| {
                std::thread::sleep(Duration::from_millis(pause));
                county.stop();
            });
            let _broken = phone.round();
            killer.join().unwrap();
        });
        county.start()?;
    }
    settle(&phone)?;
    let code = county.enrol_code("demo-worker-2")?;
    let second = Phone::enrol(&folder.path().join("second"), &county.address(), &code)?;
    settle(&second)?;
    let mut arrived = 0;
    for household in &households {
        let page = second.call("household", json!({ "id": household }))?;
        let visits = page["visits"].as_array().cloned().unwrap_or_default();
        arrived += visits.iter().filter(|visit| visit["note"].as_str().is_some_and(|n| n.starts_with("连续"))).count();
    }
    assert_eq!(arrived, expected);
    Ok(())
}

#[test]
fn a_photo_goes_on_where_it_was_cut_and_arrives_upright_and_silent() -> Outcome {
    let folder = tempfile::tempdir().doing("making a folder")?;
    let county = County::found(folder.path(), "village")?;
    let phone = phone(&county, &folder.path().join("phone"))?;
    let (county, offsets) = (Mutex::new(county), Mutex::new(Vec::new()));

    let category = phone.call("categories", json!({ "text": "" }))?[0]["code"].clone();
    let fields = json!({ "category": category, "severity": 3, "title": "照片" });
    let incident = phone.call("save", json!({ "kind": "incident", "id": null, "cell": null, "fields": fields }))?;
    let args = json!({ "subject": incident["id"], "subject_kind": "incident", "photo_kind": "scene" });
    let taken = std::fs::read(picture::turned_left_gps()).doing("reading the photo")?;
    let line = phone.call_with("add_photo", args, Some(taken))?;

    let peer = Spoiling { peer: Box::new(phone.peer()?), county: &county, offsets: &offsets, spoil: Spoil::InPhoto };
    assert!(phone.round_through(&peer).ended_by.is_some());
    let state = phone.call("sync_state", json!({}))?;
    assert_eq!(
        (&state["waiting_records"], &state["waiting_photos"]),
        (&json!(0), &json!(1)),
        "text first, photos after"
    );

    county.lock().unwrap().start()?;
    for _ in 0..ROUNDS_MAX {
        let peer =
            Spoiling { peer: Box::new(phone.peer()?), county: &county, offsets: &offsets, spoil: Spoil::Nothing };
        let report = phone.round_through(&peer);
        assert!(report.ended_by.is_none(), "{report:?}");
        if phone.call("sync_state", json!({}))?["phase"] == "safe" {
            break;
        }
        std::thread::sleep(Duration::from_millis(200));
    }
    let offsets = offsets.lock().unwrap().clone();
    assert!(offsets.len() >= 2 && offsets[0] == 0 && offsets[1..].iter().all(|offset| *offset > 0), "{offsets:?}");

    let code = county.lock().unwrap().enrol_code("demo-worker-2")?;
    let second = Phone::enrol(&folder.path().join("second"), &county.lock().unwrap().address(), &code)?;
    settle(&second)?;
    picture::shows(&second.photo(line["id"].as_str().unwrap_or_default())?, &picture::upright()?)
}

/// A hand that writes HTTP as it likes.
struct Hand {
    client: Client,
    server: String,
    token: String,
    account: String,
    cell: CellCode,
}

impl Hand {
    fn enrol(county: &County) -> Outcome<Self> {
        let client = Client::builder().no_proxy().build().doing("making a client")?;
        let code = &county.demo.worker.enrol_code;
        let enrol = json!({ "code": code, "device_name": "hand", "app_version": "0" });
        let answer = client.post(format!("{}/v1/enrol", county.address())).json(&enrol).send().doing("enrolling")?;
        let enrolment: Value = answer.json().doing("reading the enrolment")?;
        let token = enrolment["tokens"]["access"].as_str().unwrap_or_default().to_owned();
        let account = enrolment["account"].as_str().unwrap_or_default().to_owned();
        let cell = CellCode::new(&county.demo.cell).doing("reading the cell")?;
        Ok(Self { client, server: county.address(), token, account, cell })
    }

    fn post(&self, path: &str) -> RequestBuilder {
        self.client.post(format!("{}{path}", self.server)).bearer_auth(&self.token)
    }

    fn exchange_body(&self, push: &[Value]) -> Value {
        json!({
            "protocol": PROTOCOL, "device_time": now(), "node": 7, "epoch": null, "push": push, "cursors": {},
        })
    }

    fn exchange(&self, push: &[Value]) -> Outcome<ExchangeAnswer> {
        let answer = self.post("/v1/exchange").json(&self.exchange_body(push)).send().doing("exchanging")?;
        answer.json().doing("reading the answer")
    }

    /// Everything that the server holds of the cell.
    fn everything(&self) -> Outcome<Vec<String>> {
        let (mut records, mut cursors, mut epoch) = (Vec::new(), json!({}), Value::Null);
        loop {
            let mut body = self.exchange_body(&[]);
            body["cursors"] = cursors.clone();
            body["epoch"] = epoch;
            let answer = self.post("/v1/exchange").json(&body).send().doing("reading everything")?;
            let answer: ExchangeAnswer = answer.json().doing("reading everything")?;
            epoch = json!(answer.epoch);
            for page in answer.pages {
                cursors[page.cell.as_str()] = json!(page.upto);
                records.extend(page.records.iter().filter_map(|record| serde_json::to_string(record).ok()));
            }
            if !answer.more {
                records.sort();
                return Ok(records);
            }
        }
    }

    /// A change of fields that nobody could object to, unless its fields are wrong.
    fn change(&self, kind: &str, fields: Value) -> Outcome<Change> {
        let id = RecordId(uuid::Builder::from_unix_timestamp_millis(now() as u64, &rand::random()).into_uuid());
        let fields: Fields = serde_json::from_value(fields).doing("writing fields")?;
        let stamps = Stamps::all(Stamp::new(now(), 0, Node(7)));
        Ok(Change {
            id,
            kind: Kind::from_name(kind),
            cell: self.cell.clone(),
            fields,
            stamps,
            base: Default::default(),
        })
    }

    fn incident(&self) -> Outcome<Change> {
        let lists: Value = self
            .client
            .get(format!("{}/v1/lists", self.server))
            .bearer_auth(&self.token)
            .send()
            .and_then(Response::json)
            .doing("reading the lists")?;
        let categories = lists["categories"].as_array().cloned().unwrap_or_default();
        let leaf = categories.iter().find(|category| category["code"].as_str().is_some_and(|code| code.len() == 4));
        let Some(leaf) = leaf else { return trouble("The lists have no category.") };
        self.change(
            "incident",
            json!({
                "category": leaf["code"], "list_version": lists["version"], "severity": 3, "title": "路灯不亮",
                "happened_at": now() - 60_000, "by": self.account,
            }),
        )
    }
}

fn now() -> i64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_millis() as i64)
}

fn raw(change: &Change) -> Value {
    serde_json::to_value(change).unwrap_or_default()
}

fn code_of(verdict: &Verdict) -> String {
    match verdict {
        Verdict::Accepted => "accepted".to_owned(),
        Verdict::Refused(refusal) => json!(refusal.code).as_str().unwrap_or_default().to_owned(),
    }
}

#[test]
fn every_wrong_change_is_refused_alone_with_its_code() -> Outcome {
    let folder = tempfile::tempdir().doing("making a folder")?;
    let county = County::found(folder.path(), "village")?;
    let hand = Hand::enrol(&county)?;
    let before = hand.everything()?;
    let good = hand.incident()?;
    let household = before
        .iter()
        .filter_map(|record| serde_json::from_str::<Value>(record).ok())
        .find(|record| record["kind"] == "household");
    let Some(household) = household else { return trouble("The demonstration has no household.") };
    let person = |fields: Value| {
        let mut all = json!({ "household": household["id"], "name": "张三" });
        if let (Some(all), Some(fields)) = (all.as_object_mut(), fields.as_object()) {
            all.extend(fields.clone());
        }
        hand.change("person", all)
    };
    let future = Change { stamps: Stamps::all(Stamp::new(now() + 3_600_000, 0, Node(7))), ..hand.incident()? };
    let foreign = Change { cell: CellCode::new("610722002001001").doing("naming a cell")?, ..hand.incident()? };
    let mut deep = json!(1);
    for _ in 0..20 {
        deep = json!([deep]);
    }
    let wrong_number = json!({ "document_kind": "id_card", "document_number": "110101199003070001" });
    let other_kind = json!({
        "id": household["id"], "kind": "person", "cell": hand.cell, "stamp": Stamp::new(now(), 0, Node(7)),
        "fields": { "name": "张三", "household": household["id"] },
    });
    let cases: Vec<(&str, Value)> = vec![
        ("wrong_type", json!(42)),
        ("wrong_type", json!({ "id": "x" })),
        ("unknown_kind", raw(&hand.change("spaceship", json!({ "name": "x" }))?)),
        ("stamp_future", raw(&future)),
        ("foreign_cell", raw(&foreign)),
        ("id_card_check", raw(&person(wrong_number)?)),
        ("phone_form", raw(&person(json!({ "phone": "12" }))?)),
        ("no_such_date", raw(&person(json!({ "birth_date": "1990-02-30" }))?)),
        ("wrong_type", raw(&person(json!({ "sex": 1 }))?)),
        ("unknown_code", raw(&person(json!({ "sex": "7" }))?)),
        ("required", raw(&hand.change("person", json!({ "name": "张三" }))?)),
        ("value_size", raw(&person(json!({ "of_a_newer_version": deep }))?)),
        ("too_many_bytes", raw(&person(json!({ "of_a_newer_version": "长".repeat(100_000) }))?)),
        ("not_allowed", raw(&hand.change("review", json!({ "target": household["id"], "verdict": "approved" }))?)),
        ("other_kind", other_kind),
        ("missing_target", raw(&person(json!({ "household": good.id }))?)),
        ("accepted", raw(&good)),
    ];
    let push: Vec<Value> = cases.iter().map(|(_, change)| change.clone()).collect();
    let answer = hand.exchange(&push)?;
    for ((expected, change), verdict) in cases.iter().zip(&answer.verdicts) {
        assert_eq!(code_of(verdict), *expected, "{}", change.to_string().chars().take(300).collect::<String>());
    }
    assert_eq!(answer.verdicts.len(), cases.len());

    let after = hand.everything()?;
    let new: Vec<&String> = after.iter().filter(|record| !before.contains(record)).collect();
    assert_eq!((after.len(), new.len()), (before.len() + 1, 1), "only the good change is there");
    assert!(new[0].contains(&good.id.to_string()));
    // Repeating everything changes nothing.
    hand.exchange(&push)?;
    assert_eq!(hand.everything()?, after);
    Ok(())
}

#[test]
fn a_call_that_cannot_be_read_gets_a_stable_code_and_changes_nothing() -> Outcome {
    let folder = tempfile::tempdir().doing("making a folder")?;
    let mut county = County::found(folder.path(), "village")?;
    let hand = Hand::enrol(&county)?;
    let before = hand.everything()?;
    let process = county.process();
    let whole = hand.exchange_body(&[raw(&hand.incident()?)]).to_string();
    let json = |body: Vec<u8>| hand.post("/v1/exchange").header("Content-Type", "application/json").body(body);
    let squeezed = |bytes: &[u8]| zstd::encode_all(bytes, 3).doing("compressing");
    let zstd_body = |body: Vec<u8>| json(body).header("Content-Encoding", "zstd");
    let cases: Vec<(&str, RequestBuilder)> = vec![
        ("malformed", json(b"{".to_vec())),
        ("malformed", json(Vec::new())),
        ("malformed", json(vec![0xFF; 100])),
        ("malformed", json(whole.as_bytes()[..whole.len() / 2].to_vec())),
        ("malformed", json(br#"{"protocol":"one","push":{}}"#.to_vec())),
        ("unknown_protocol", json(whole.replacen(r#""protocol":1"#, r#""protocol":99"#, 1).into_bytes())),
        ("too_large", json(vec![b' '; 17 * 1024 * 1024])),
        ("too_large", zstd_body(squeezed(&vec![b' '; 64 * 1024 * 1024])?)),
        ("too_deep", json("[".repeat(100_000).into_bytes())),
        ("malformed", zstd_body(whole.clone().into_bytes())),
        ("malformed", zstd_body(squeezed(whole.as_bytes())?[..40].to_vec())),
        ("unsupported_encoding", json(whole.clone().into_bytes()).header("Content-Encoding", "br")),
        ("unsupported_encoding", hand.post("/v1/exchange").header("Content-Type", "text/plain").body(whole.clone())),
        ("signed_out", hand.client.post(format!("{}/v1/exchange", hand.server)).body(whole.clone())),
        ("signed_out", hand.client.get(format!("{}/v1/hello", hand.server)).bearer_auth("x".repeat(43))),
        ("signed_out", hand.client.get(format!("{}/desk/api/inbox", hand.server))),
        ("not_found", hand.client.get(format!("{}/v1/nothing", hand.server)).bearer_auth(&hand.token)),
        (
            "wrong_code",
            hand.client.post(format!("{}/v1/enrol", hand.server)).json(&json!({
                "code": county.demo.worker.enrol_code, "device_name": "again", "app_version": "0",
            })),
        ),
        ("tus_version", hand.post("/v1/photos").header("Upload-Length", "3")),
    ];
    for (number, (expected, request)) in cases.into_iter().enumerate() {
        let answer = match request.send() {
            Ok(answer) => answer,
            // A server that stops reading what is too large may close the line while more comes.
            Err(_) if expected == "too_large" => continue,
            Err(error) => return trouble(format!("case {number} ({expected}): {error}")),
        };
        refused_with(answer, expected, number)?;
    }
    assert_eq!(hand.everything()?, before);
    assert_eq!(county.process(), process);
    county.insist_on_running()
}

fn refused_with(answer: Response, expected: &str, number: usize) -> Outcome {
    let status = answer.status().as_u16();
    let body = answer.text().doing("reading a refusal")?;
    let code = serde_json::from_str::<Value>(&body).unwrap_or_default()["code"].clone();
    if code != expected || !(400..500).contains(&status) {
        return trouble(format!("case {number}: expected {expected}, got {status} {body}"));
    }
    Ok(())
}

#[test]
fn bytes_that_are_no_picture_or_another_one_are_discarded() -> Outcome {
    let folder = tempfile::tempdir().doing("making a folder")?;
    let mut county = County::found(folder.path(), "village")?;
    let hand = Hand::enrol(&county)?;
    let incident = hand.incident()?;
    let announced = Sha256::digest(b"announced");
    for (bytes, hash, expected) in [
        (&b"this is no picture at all"[..], Sha256::digest(b"this is no picture at all"), "not_an_image"),
        (&b"these bytes are others than those"[..], announced, "hash_mismatch"),
    ] {
        let hash: String = hash.iter().map(|byte| format!("{byte:02x}")).collect();
        let photo = hand.change(
            "photo",
            json!({
                "subject": incident.id, "subject_kind": "incident", "sha256": hash, "width": 10, "height": 10,
                "bytes": bytes.len(), "taken_at": now() - 1000, "photo_kind": "scene", "by": hand.account,
            }),
        )?;
        let answer = hand.exchange(&[raw(&incident), raw(&photo)])?;
        assert_eq!(answer.verdicts.iter().map(code_of).collect::<Vec<_>>(), ["accepted", "accepted"]);
        let encoded = |text: &str| {
            use base64::Engine;
            base64::engine::general_purpose::STANDARD.encode(text)
        };
        let metadata = format!("photo {},sha256 {}", encoded(&photo.id.to_string()), encoded(&hash));
        let tus = |request: RequestBuilder| request.header("Tus-Resumable", "1.0.0");
        let created = tus(hand.post("/v1/photos"))
            .header("Upload-Length", bytes.len())
            .header("Upload-Metadata", metadata)
            .send()
            .doing("announcing a photo")?;
        assert_eq!(created.status().as_u16(), 201);
        let place = created.headers()["location"].to_str().unwrap_or_default().to_owned();
        let patch = |offset: usize| {
            tus(hand.client.patch(format!("{}{place}", hand.server)).bearer_auth(&hand.token))
                .header("Content-Type", "application/offset+octet-stream")
                .header("Upload-Offset", offset)
                .body(bytes[offset..].to_vec())
                .send()
                .doing("sending a photo")
        };
        refused_with(patch(7)?, "wrong_offset", 0)?;
        refused_with(patch(0)?, expected, 1)?;
        let fetched = hand
            .client
            .get(format!("{}/v1/photo/{hash}/full", hand.server))
            .bearer_auth(&hand.token)
            .send()
            .doing("fetching a photo")?;
        refused_with(fetched, "not_found", 2)?;
    }
    county.insist_on_running()
}
