//! Report and coverage over HTTP: who may, what is refused, and that workbook and paper say what the page says.

use std::io::Cursor;

use axum::body::{Body, to_bytes};
use axum::http::header::{CONTENT_TYPE, COOKIE};
use axum::http::{Request, StatusCode};
use calamine::{Data, Reader as _, Xlsx};
use domain::report::spec;
use domain::scope::Role;
use domain::{AccountId, Scope};
use serde_json::{Value, json};
use tower::ServiceExt as _;

use super::bench::{Bench, CELL, DeskHand, PASSWORD};
use crate::store::{Account, Place};

const VILLAGE: &str = "610722001001";

fn with_roles() -> Bench {
    let bench = Bench::new();
    let roles = [
        ("auditor", Role::Auditor, "610722"),
        ("handler", Role::Handler, "610722"),
        ("chief", Role::Supervisor, "610722"),
        ("far-away", Role::Supervisor, "610723"),
    ];
    for (name, role, scope) in roles {
        let account = Account {
            id: AccountId::new(name).unwrap(),
            display_name: name.to_owned(),
            role,
            scopes: vec![Scope::new(scope).unwrap()],
            password_hash: None,
            closed_at: None,
            department: (role == Role::Handler).then(|| "01".to_owned()),
        };
        bench.hub.put_account(account, Some(PASSWORD), &[]).unwrap();
    }
    bench
}

fn today(bench: &Bench) -> String {
    domain::validate::today(bench.hub.now()).to_string()
}

async fn made(desk: &DeskHand<'_>, place: &str, day: &str) -> i64 {
    let first = format!("{}-01", &day[..7]);
    let (status, report) = desk.post("reports", json!({"place": place, "first": first, "last": day})).await;
    assert_eq!(status, StatusCode::OK, "{report}");
    report["id"].as_i64().unwrap()
}

async fn file(bench: &Bench, desk: &DeskHand<'_>, path: &str) -> (StatusCode, String, Vec<u8>) {
    let request = Request::get(format!("/desk/api/{path}")).header(COOKIE, &desk.cookie).body(Body::empty()).unwrap();
    let answer = bench.router.clone().oneshot(request).await.unwrap();
    let kind = answer.headers().get(CONTENT_TYPE).map(|kind| kind.to_str().unwrap().to_owned()).unwrap_or_default();
    (answer.status(), kind, to_bytes(answer.into_body(), usize::MAX).await.unwrap().to_vec())
}

#[tokio::test]
async fn every_role_gets_of_figures_and_lists_what_is_its_own() {
    let bench = with_roles();
    let chief = bench.sign_in("chief").await;
    let id = made(&chief, "610722", &today(&bench)).await;
    let list = format!("coverage/list?place={VILLAGE}&matter=unmet_30");
    // Figures, and the lists behind them; the administrator counts places and reads no register.
    let expected = [
        ("chief", 200, 200),
        ("county-admin", 200, 403),
        ("auditor", 403, 403),
        ("handler", 403, 403),
        ("far-away", 404, 404),
        ("supervisor", 200, 200),
    ];
    for (name, figures, lists) in expected {
        let desk = bench.sign_in(name).await;
        let page = format!("reports/{id}");
        for path in
            [page.as_str(), &format!("{page}/xlsx"), &format!("{page}/pdf"), &format!("coverage?place={VILLAGE}")]
        {
            assert_eq!(desk.get(path).await.0.as_u16(), figures, "{name} {path}");
        }
        assert_eq!(desk.get(&list).await.0.as_u16(), lists, "{name}");
        let wish = json!({"place": VILLAGE, "first": "2026-01-01", "last": "2026-01-31"});
        assert_eq!(desk.post("reports", wish.clone()).await.0.as_u16(), figures, "{name}");
        assert_eq!(desk.post_with("reports", wish, None).await.0, StatusCode::FORBIDDEN, "{name} without the token");
    }
}

#[tokio::test]
async fn forged_places_and_numbers_are_not_found_and_odd_wishes_refused() {
    let bench = with_roles();
    let desk = bench.sign_in("supervisor").await;
    let id = made(&desk, VILLAGE, &today(&bench)).await;
    for forged in [
        "reports/0",
        "reports/-1",
        "reports/x",
        "reports/99999999999999999999",
        "coverage?place=610723",
        "coverage?place=610722001002",
        "coverage?place=%27%20OR%201",
        "coverage/list?place=610722001001&matter=score",
        "coverage/list?matter=never",
        "coverage?place=610722",
    ] {
        assert_eq!(desk.get(forged).await.0, StatusCode::NOT_FOUND, "{forged}");
    }
    for place in ["610722001002", "610722", "61072200100", "610722001001999"] {
        assert_eq!(desk.get(&format!("reports/{id}?place={place}")).await.0, StatusCode::NOT_FOUND, "{place}");
    }
    for (first, last) in [
        ("2026-02-30", "2026-03-01"),
        ("2026-03-02", "2026-03-01"),
        ("2020-01-01", "2026-01-01"),
        ("2999-01-01", "2999-01-31"),
    ] {
        let (status, body) = desk.post("reports", json!({"place": VILLAGE, "first": first, "last": last})).await;
        assert_eq!((status.as_u16(), body["code"].as_str()), (422, Some("invalid")), "{first} {last}");
    }
}

/// What a cell of the workbook must hold for a figure of the page.
fn wanted(value: &Value) -> Data {
    match value["of"].as_str() {
        Some("count") => Data::Float(value["n"].as_f64().unwrap()),
        Some("share") if value["permille"].is_null() => Data::String(format!("{}/{}", value["part"], value["whole"])),
        Some("share") => Data::Float(value["permille"].as_f64().unwrap() / 1000.0),
        Some("yuan") => Data::Float(value["amount"].as_str().unwrap().parse().unwrap()),
        Some("days") => Data::Float(value["tenths"].as_f64().unwrap() / 10.0),
        _ => Data::Float(0.0),
    }
}

fn of(figures: &Value, key: &str) -> Value {
    let found = figures.as_array().unwrap().iter().find(|figure| figure["key"] == key && figure["code"].is_null());
    found.map(|figure| figure["value"].clone()).unwrap_or_default()
}

#[tokio::test]
async fn the_workbook_holds_every_figure_of_the_page_as_a_number_and_no_name_begins_a_formula() {
    let bench = with_roles();
    let nasty = Place { code: Scope::new(CELL).unwrap(), name: "=HYPERLINK(\"http://x\")".into() };
    bench.hub.put_places(&[nasty]).unwrap();
    let desk = bench.sign_in("chief").await;
    let id = made(&desk, VILLAGE, &today(&bench)).await;
    let page = desk.read(&format!("reports/{id}")).await;
    let (status, _, bytes) = file(&bench, &desk, &format!("reports/{id}/xlsx")).await;
    assert_eq!(status, StatusCode::OK);
    let mut book: Xlsx<_> = calamine::open_workbook_from_rs(Cursor::new(bytes)).unwrap();
    let sheet = book.worksheet_range("指标").unwrap();
    let cell = |row: u32, column: u32| sheet.get_value((row, column)).cloned().unwrap_or(Data::Empty);
    // Every figure once as a whole, in the order of the page.
    let wholes: Vec<u32> = (5..sheet.end().unwrap().0 + 1).filter(|row| matches!(cell(*row, 2), Data::Empty)).collect();
    let rules = page["rules"].as_array().unwrap();
    assert_eq!(wholes.len(), rules.len());
    for (row, rule) in wholes.into_iter().zip(rules) {
        let key = rule["key"].as_str().unwrap();
        assert_eq!(cell(row, 3), wanted(&of(&page["place"]["figures"], key)), "{key}");
        let before = if spec(key).unwrap().stock { Data::Empty } else { wanted(&of(&page["place"]["before"], key)) };
        assert_eq!(cell(row, 4), before, "{key} before");
        assert!(matches!(cell(row, 5), Data::String(rule) if rule.chars().count() > 5), "{key} says its rule");
    }
    let places = book.worksheet_range("分地方").unwrap();
    for (row, below) in (1..).zip(page["below"].as_array().unwrap()) {
        assert_eq!(places.get_value((row, 0)), Some(&Data::String(below["place"].as_str().unwrap().into())));
        for (column, rule) in (2..).zip(rules) {
            let value = wanted(&of(&below["figures"], rule["key"].as_str().unwrap()));
            assert_eq!(places.get_value((row, column)), Some(&value), "{}", rule["key"]);
        }
    }
    assert_eq!(places.get_value((1, 1)), Some(&Data::String("'=HYPERLINK(\"http://x\")".into())));
    assert!(book.worksheet_formula("分地方").unwrap().is_empty(), "no formula anywhere");
}

#[tokio::test]
async fn the_paper_is_a_pdf_of_the_same_report() {
    let bench = with_roles();
    let desk = bench.sign_in("supervisor").await;
    let id = made(&desk, VILLAGE, &today(&bench)).await;
    let (status, kind, bytes) = file(&bench, &desk, &format!("reports/{id}/pdf")).await;
    assert_eq!((status, kind.as_str()), (StatusCode::OK, "application/pdf"));
    assert!(bytes.starts_with(b"%PDF-") && bytes.len() > 4_000);
}

/// Every text of a PDF of ours, in its order: texts stand in it as they are, Chinese ones as UTF-16.
fn texts_of(pdf: &[u8]) -> String {
    let (mut told, mut rest) = (String::new(), pdf);
    while let Some(at) = rest.windows(3).position(|window| window == b" Tf") {
        let chinese = rest[..at].iter().rposition(|byte| *byte == b'/').map(|slash| rest[slash + 1]) == Some(b'C');
        let after = &rest[at + 3..];
        let end = after.windows(3).position(|window| window == b" Tj").expect("a font is chosen for a text");
        let bytes = bytes_of(after[..end].trim_ascii());
        if chinese {
            let units: Vec<u16> = bytes.chunks(2).map(|pair| u16::from_be_bytes([pair[0], pair[1]])).collect();
            told.push_str(&String::from_utf16(&units).unwrap());
        } else {
            told.push_str(&String::from_utf8(bytes).unwrap());
        }
        rest = &after[end..];
    }
    told
}

/// The bytes of a string as PDF writes it: in pairs of digits, or in brackets.
fn bytes_of(written: &[u8]) -> Vec<u8> {
    if let Some(digits) = written.strip_prefix(b"<").and_then(|written| written.strip_suffix(b">")) {
        let byte = |pair: &[u8]| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap();
        return digits.chunks(2).map(byte).collect();
    }
    let mut bytes = written.strip_prefix(b"(").and_then(|written| written.strip_suffix(b")")).unwrap().iter();
    let mut read = Vec::new();
    while let Some(byte) = bytes.next() {
        let escaped = *byte == b'\\';
        read.push(if escaped { *bytes.next().unwrap() } else { *byte });
    }
    read
}

/// Workbook and paper of a report: what they say of which versions they count.
async fn readings(bench: &Bench, desk: &DeskHand<'_>, id: i64) -> (Data, String) {
    let (_, _, bytes) = file(bench, desk, &format!("reports/{id}/xlsx")).await;
    let mut book: Xlsx<_> = calamine::open_workbook_from_rs(Cursor::new(bytes)).unwrap();
    let said = book.worksheet_range("指标").unwrap().get_value((3, 0)).cloned().unwrap_or(Data::Empty);
    let (_, _, paper) = file(bench, desk, &format!("reports/{id}/pdf")).await;
    (said, texts_of(&paper))
}

#[tokio::test]
async fn workbook_and_paper_say_whether_only_what_was_approved_counts_and_go_on_saying_it() {
    const APPROVED: &str = "只统计审核通过的内容：改动还没通过的按上次通过的计，从未通过的不计入。";
    let bench = with_roles();
    let (desk, admin) = (bench.sign_in("supervisor").await, bench.sign_in("county-admin").await);
    let switch = async |official: bool| {
        let mut rules = admin.read("review-rules").await["rules"].clone();
        rules["official_when_approved"] = json!(official);
        let (status, body) = admin.post("review-rules", rules).await;
        assert_eq!(status, StatusCode::NO_CONTENT, "{body}");
    };
    let day = today(&bench);
    let present = made(&desk, VILLAGE, &day).await;
    switch(true).await;
    let approved = made(&desk, VILLAGE, &day).await;
    switch(false).await;
    // What was made says how it was counted, whatever the county has decided since.
    let (said, paper) = readings(&bench, &desk, approved).await;
    assert_eq!(said, Data::String(APPROVED.to_owned()));
    assert!(paper.contains(APPROVED), "{paper}");
    let (said, paper) = readings(&bench, &desk, present).await;
    assert!(matches!(&said, Data::String(text) if !text.is_empty() && text != APPROVED), "{said:?}");
    assert!(paper.contains("江湾社区") && !paper.contains("只统计审核通过"), "{paper}");
}

#[tokio::test]
async fn a_number_of_the_coverage_opens_its_list_with_masked_names_and_no_worker() {
    let bench = with_roles();
    let desk = bench.sign_in("supervisor").await;
    let page = desk.read(&format!("coverage?place={VILLAGE}")).await;
    // The household was met in 1970, through itself and through the person who lives there.
    assert_eq!((page["place"]["households"].as_i64(), page["place"]["unmet"].clone()), (Some(1), json!([1, 1, 1, 1])));
    assert_eq!(page["place"]["never"], 0);
    let list = desk.read(&format!("coverage/list?place={VILLAGE}&matter=unmet_180")).await;
    assert_eq!(list["lines"].as_array().unwrap().len(), 1);
    let line = &list["lines"][0];
    assert_eq!(line["met_at"], 2_000);
    let text = list.to_string();
    assert!(text.contains("单*") && !text.contains("单雄") && !text.contains("worker"), "{text}");
    assert_eq!(desk.read(&format!("coverage/list?place={VILLAGE}&matter=never")).await["lines"], json!([]));
}
