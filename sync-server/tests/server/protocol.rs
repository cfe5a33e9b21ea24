//! The examples of docs/PROTOCOL.md: taken from a run over HTTP, so that the page cannot say what the server does not.
//!
//! `DOORSTEP_WRITE_EXAMPLES=1` writes them into the page; without it the page must have them already.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use axum::Router;
use axum::http::StatusCode;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use domain::Kind;
use domain::order::DeviceOrder;
use domain::scope::Role;
use domain::seal::{Purpose, seal};
use serde_json::{Value, json};

use sync_server::hub::county::renew_epoch;
use sync_server::hub::reviews::{ReviewOf, ReviewVerdict};
use sync_server::store::Store as _;

use crate::common::{County, MINUTE, TestPhone, cell, json_request, send, sha256};

fn page() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/PROTOCOL.md")
}

/// The examples by name, in the page's spelling.
type Examples = BTreeMap<&'static str, String>;

fn keep(examples: &mut Examples, name: &'static str, value: &Value) {
    examples.insert(name, serde_json::to_string_pretty(value).unwrap());
}

/// A table as JSON with one line for each entry, `depth` levels down.
fn keep_lines(examples: &mut Examples, name: &'static str, value: &Value, depth: usize) {
    fn write(value: &Value, depth: usize, indent: usize, out: &mut String) {
        let Some(map) = value.as_object().filter(|_| depth > 0) else { return out.push_str(&value.to_string()) };
        let pad = "  ".repeat(indent);
        out.push_str("{\n");
        for (index, (key, inner)) in map.iter().enumerate() {
            let comma = if index + 1 < map.len() { "," } else { "" };
            out.push_str(&format!("{pad}  {}: ", Value::from(key.as_str())));
            write(inner, depth - 1, indent + 1, out);
            out.push_str(&format!("{comma}\n"));
        }
        out.push_str(&format!("{pad}}}"));
    }
    let mut text = String::new();
    write(value, depth, 0, &mut text);
    examples.insert(name, text);
}

async fn call(router: &Router, method: &str, path: &str, token: Option<&str>, body: Option<&Value>) -> Value {
    let bearer = token.map(|token| format!("Bearer {token}"));
    let headers: Vec<(&str, &str)> = bearer.iter().map(|bearer| ("authorization", bearer.as_str())).collect();
    let body = body.map_or_else(String::new, Value::to_string);
    let answer = send(router, json_request(method, path, &headers, body)).await;
    assert!(
        answer.status.is_success() || answer.status == StatusCode::UNPROCESSABLE_ENTITY,
        "{path}: {}",
        answer.code()
    );
    answer.json()
}

/// Enrolment and tokens.
async fn enrolment(county: &County, router: &Router, examples: &mut Examples) {
    let account = county.account("worker-a", Role::Worker, &[], &[cell(1)]);
    let code = county.hub.make_enrol_code("admin", &account, 15 * MINUTE).unwrap().code;
    let request = json!({"code": code, "device_name": "Worker's phone", "app_version": "0.1.0"});
    keep(examples, "enrol-request", &request);
    let enrolled = call(router, "POST", "/v1/enrol", None, Some(&request)).await;
    keep(examples, "enrol-answer", &enrolled);
    let request = json!({"refresh": enrolled["tokens"]["refresh"]});
    keep(examples, "token-request", &request);
    let tokens = call(router, "POST", "/v1/token", None, Some(&request)).await;
    keep(examples, "token-answer", &tokens);
    let access = tokens["access"].as_str();
    keep(examples, "hello-answer", &call(router, "GET", "/v1/hello", access, None).await);
    let mut lists = call(router, "GET", "/v1/lists", access, None).await;
    // Forty-odd categories would hide the form.
    lists["categories"].as_array_mut().unwrap().truncate(2);
    keep(examples, "lists-answer", &lists);
    let wrong = json!({"code": code, "device_name": "", "app_version": "0.1.0"});
    keep(examples, "error", &call(router, "POST", "/v1/enrol", None, Some(&wrong)).await);
}

async fn exchange(router: &Router, phone: &mut TestPhone, push: Vec<domain::Change>) -> (Value, Value) {
    let request = serde_json::to_value(phone.request(push)).unwrap();
    let answer = call(router, "POST", "/v1/exchange", Some(&phone.tokens.access), Some(&request)).await;
    phone.epoch = answer["epoch"].as_str().map(|epoch| epoch.parse().unwrap());
    for page in answer["pages"].as_array().unwrap() {
        let cell = page["cell"].as_str().unwrap().parse().unwrap();
        phone.cursors.insert(cell, page["upto"].as_u64().unwrap());
    }
    (request, answer)
}

/// A round with a home, one that is refused, one in which something comes down.
async fn rounds(county: &County, router: &Router, examples: &mut Examples) {
    let mut phone = county.worker("worker-b", &[cell(2)]);
    let mut colleague = county.worker("worker-c", &[cell(2)]);
    let home = phone.new_home(&cell(2));
    let household = home[1].id;
    let (request, _) = exchange(router, &mut phone, home.to_vec()).await;
    keep(examples, "exchange-request", &request);
    county.world.pass(MINUTE);
    exchange(router, &mut colleague, Vec::new()).await;
    let visit = colleague.visit(household, &cell(2));
    exchange(router, &mut colleague, vec![visit.clone()]).await;
    let (_, answer) = exchange(router, &mut phone, Vec::new()).await;
    keep(examples, "exchange-answer", &answer);
    let mut telling = serde_json::to_value(phone.request(Vec::new())).unwrap();
    let health = json!({"app_version": "0.1.0", "waiting_changes": 0, "waiting_photos": 17, "refused": 1,
        "register_bytes": 41_943_040, "free_bytes": 3_221_225_472_u64});
    telling["health"] = health.clone();
    call(router, "POST", "/v1/exchange", Some(&phone.tokens.access), Some(&telling)).await;
    let kept = county.hub.store().read(|reading| reading.device(phone.phone().device)).unwrap().unwrap();
    assert_eq!(kept.health.map(|told| told.waiting_photos), Some(17), "the page shows what the server keeps");
    keep(examples, "exchange-health", &json!({"health": health}));
    // The receipt of an answer, and a value that was set aside: two phones wrote the same field without knowing of each other.
    keep(examples, "receipt", &answer["receipt"]);
    county.world.pass(MINUTE);
    let person = home[2].id;
    let mine = phone.change(Kind::Person, person, &cell(2), json!({"phone": "13811111111"}));
    let theirs = colleague.change(Kind::Person, person, &cell(2), json!({"phone": "13822222222"}));
    exchange(router, &mut phone, vec![mine]).await;
    exchange(router, &mut colleague, vec![theirs]).await;
    let (_, answer) = exchange(router, &mut phone, Vec::new()).await;
    keep(examples, "conflicts", &answer["pages"][0]["conflicts"]);
    // What the desk says of a visit, with its proof.
    let boss = county.supervisor("boss", "610722001001");
    let version = county.stored(visit.id).unwrap().record.version();
    let (seen, verdict) = (domain::review::ReviewState::Waiting, ReviewVerdict::Approved);
    let (remarks, note) = (Default::default(), None);
    county.hub.review(&boss, &ReviewOf { id: visit.id, version, seen, verdict, remarks, note }).unwrap();
    let (_, answer) = exchange(router, &mut phone, Vec::new()).await;
    let page = &answer["pages"][0];
    keep(examples, "page-proofs", &json!({"records": page["records"], "proofs": page["proofs"]}));
    let wrong = phone.change(Kind::Person, home[2].id, &cell(2), json!({"phone": "12"}));
    let (_, answer) = exchange(router, &mut phone, vec![wrong]).await;
    keep(examples, "refused", &answer["verdicts"][0]);
}

/// A phone under an order, and one that hands in what it has not sent.
async fn orders(county: &County, router: &Router, examples: &mut Examples) {
    let mut phone = county.worker("worker-d", &[cell(3)]);
    let desk = county.supervisor("supervisor", "610722001001");
    let device = phone.phone().device;
    let change = phone.new_dwelling(&cell(3));
    county.hub.order_device(&desk.actor, device, DeviceOrder::Lock).unwrap();
    let access = phone.tokens.access.clone();
    let request = json!({});
    keep(examples, "order-request", &request);
    keep(examples, "order-answer", &call(router, "POST", "/v1/order", Some(&access), Some(&request)).await);
    let content = json!({"node": phone.node(), "changes": [change], "refused": [], "photos": []}).to_string();
    let packed = zstd::encode_all(content.as_bytes(), 3).unwrap();
    let keys = county.hub.keys();
    let sealed = seal(&keys.seal, Purpose::HandIn(device), &packed, &mut county.world.clone()).unwrap();
    let piece = json!({
        "digest": sha256(content.as_bytes()), "changes": 1, "photos": 0, "sealed": URL_SAFE_NO_PAD.encode(sealed),
    });
    keep(examples, "hand-in-request", &piece);
    call(router, "POST", "/v1/hand-in", Some(&access), Some(&piece)).await;
}

/// What every field holds: its type, the type's bounds, and whether it is required.
fn fields() -> Value {
    let common = domain::spec::COMMON_FIELDS;
    let described = |spec: &domain::spec::FieldSpec| {
        let mut words = serde_json::to_value(spec).unwrap();
        let name = words.as_object_mut().unwrap().remove("name").unwrap();
        (name.as_str().unwrap().to_owned(), words)
    };
    let of = |kind: &Kind| {
        let common = if kind.is_append_only() { &[] } else { common };
        domain::spec::fields(kind).iter().chain(common).map(described).collect::<serde_json::Map<_, _>>()
    };
    Kind::KNOWN.iter().map(|kind| (kind.to_string(), Value::Object(of(kind)))).collect::<serde_json::Map<_, _>>().into()
}

/// The codes of every fixed list.
fn codes() -> Value {
    let words =
        |codes: &[domain::codes::Code]| codes.iter().map(|code| Value::from(code.code.as_str())).collect::<Vec<_>>();
    let lists = domain::codes::all_lists().into_iter();
    lists.map(|(list, codes)| (word(json!(list)), Value::from(words(codes)))).collect::<serde_json::Map<_, _>>().into()
}

fn word(value: Value) -> String {
    value.as_str().unwrap().to_owned()
}

async fn examples() -> Examples {
    let county = County::new();
    // The database draws its first epoch from the system; this one is drawn from the test's own chance, like everything else.
    renew_epoch(county.hub.store(), &mut county.world.clone()).unwrap();
    let router = county.router();
    let mut examples = Examples::new();
    keep_lines(&mut examples, "fields", &fields(), 2);
    keep_lines(&mut examples, "codes", &codes(), 1);
    enrolment(&county, &router, &mut examples).await;
    rounds(&county, &router, &mut examples).await;
    orders(&county, &router, &mut examples).await;
    examples
}

/// The page with these examples below their marks.
fn with_examples(page: &str, examples: &Examples) -> String {
    let mut out = String::new();
    let mut lines = page.lines().peekable();
    while let Some(line) = lines.next() {
        out.push_str(line);
        out.push('\n');
        let Some(name) = line.strip_prefix("<!-- example: ").and_then(|rest| rest.strip_suffix(" -->")) else {
            continue;
        };
        let text = examples.get(name).unwrap_or_else(|| panic!("no run gives the example {name}"));
        if lines.peek() == Some(&"```json") {
            while lines.next().is_some_and(|line| line != "```") {}
        }
        out.push_str(&format!("```json\n{text}\n```\n"));
    }
    out
}

#[tokio::test]
async fn the_page_of_the_protocol_shows_what_the_server_says() {
    let examples = examples().await;
    let before = std::fs::read_to_string(page()).unwrap();
    let after = with_examples(&before, &examples);
    for name in examples.keys() {
        assert!(before.contains(&format!("<!-- example: {name} -->")), "the page has no place for {name}");
    }
    if std::env::var_os("DOORSTEP_WRITE_EXAMPLES").is_some() {
        std::fs::write(page(), after).unwrap();
    } else {
        assert!(before == after, "docs/PROTOCOL.md is stale; DOORSTEP_WRITE_EXAMPLES=1 writes its examples anew");
    }
}

/// The words of a generated type that is one of several texts.
fn words_of(name: &str) -> Vec<String> {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("../ui/src/shared/types/{name}.ts"));
    let text = std::fs::read_to_string(file).unwrap();
    let of = text.split_once(&format!("export type {name} = ")).unwrap().1;
    of.split('"').skip(1).step_by(2).map(str::to_owned).collect()
}

#[test]
fn the_page_of_the_protocol_names_every_code() {
    let page = std::fs::read_to_string(page()).unwrap();
    for list in ["ProblemCode", "CallRefusal"] {
        let words = words_of(list);
        assert!(words.len() > 10, "{list} was not read");
        // What only a newer version knows is read, and never sent.
        for word in words.iter().filter(|word| *word != "newer") {
            assert!(page.contains(&format!("`{word}`")), "{word} of {list} is not explained");
        }
    }
}
