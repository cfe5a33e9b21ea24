//! Every role at every door of the server, and at every kind of record. Who gets what stands in two files beside this one, `doors.txt`
//! and `kinds.txt`; the doors are those of the API's description, so that a new one without a line is found at once.
//!
//! A line that does not hold is shown as it would have to read; whoever copies it into the file has to have thought about it.

mod stage;
mod table;

use std::collections::BTreeSet;

use axum::body::Body;
use axum::http::{Request, StatusCode, header};
use http_body_util::BodyExt as _;
use rusqlite::Connection;
use sha2::Digest as _;
use tower::ServiceExt as _;

use crate::common::County;
use domain::Kind;
use stage::{Caller, Stage};
use table::{Line, Table};

const DOORS: &str = include_str!("doors.txt");
const KINDS: &str = include_str!("kinds.txt");

/// What came of knocking.
struct Answer {
    status: StatusCode,
    /// The refusal's code, with that of its first problem; empty where there was none.
    code: String,
    /// It says something of the place where everything lies.
    tells: bool,
    /// Something in the county is other than before, if only a line in the audit log.
    changed: bool,
    /// Something besides the audit log is.
    acts: bool,
    /// The first words of it.
    words: String,
}

impl Answer {
    fn is_full(&self) -> bool {
        self.status.is_success() && (self.tells || self.acts)
    }

    /// The letter of the table, given the code of the refusal that has nothing to do with rights, and whether anybody gets a full
    /// answer. A refusal that changed something has no letter.
    fn letter(&self, otherwise: &str, anybody_full: bool) -> char {
        let letter = match (self.status.as_u16(), self.code.as_str()) {
            (200..300, "") if self.is_full() || !anybody_full => return '+',
            (200..300, "") => return 'o',
            (_, code) if code == otherwise => '~',
            (200 | 403, "not_allowed" | "not_allowed:not_allowed") => '-',
            (200 | 422, "foreign_cell" | "foreign_cell:foreign_cell" | "invalid:foreign_cell") => '-',
            // An answer to HEAD has no body; what an order is for is not found among the own ones.
            (404, "not_found" | "") | (422, "invalid:missing_target") | (410, "upload_gone" | "") => '0',
            (401, "signed_out" | "") => '?',
            (401, "revoked") => 'x',
            (403, "password_first") => '1',
            _ => '!',
        };
        if self.changed { '!' } else { letter }
    }
}

/// A county that is taken fresh from the stage whenever a call has changed it.
struct Walk<'s> {
    stage: &'s Stage,
    county: County,
    stands: (String, String),
}

impl<'s> Walk<'s> {
    fn new(stage: &'s Stage) -> Self {
        let county = stage.opened();
        let stands = digests(&county);
        Self { stage, county, stands }
    }

    async fn knock(&mut self, line: &Line, caller: &Caller) -> Answer {
        let request = request(line, self.stage, caller);
        let response = self.county.router().oneshot(request).await.unwrap();
        let status = response.status();
        let streams = response.headers().get(header::CONTENT_TYPE).is_some_and(|kind| kind == "text/event-stream");
        // A stream of nudges ends when the phone goes; what it says are numbers.
        let bytes =
            if streams { Vec::new() } else { response.into_body().collect().await.unwrap().to_bytes().to_vec() };
        let body: serde_json::Value = serde_json::from_slice(&bytes).unwrap_or_default();
        // A phone's change is refused within an answer.
        let refusal = if status.is_success() { &body["verdicts"][0] } else { &body };
        let codes = [&refusal["code"], &refusal["problems"][0]["code"]].into_iter().filter_map(|code| code.as_str());
        let code = codes.collect::<Vec<_>>().join(":");
        let wish = self.stage.filled(&format!("{} {}", line.address(), line.body));
        let tells = streams || self.stage.tells_of_the_place(&bytes, &wish);
        let now = digests(&self.county);
        let (changed, acts) = (now != self.stands, now.0 != self.stands.0);
        if changed {
            *self = Self::new(self.stage);
        }
        Answer {
            status,
            code,
            tells,
            changed,
            acts,
            words: String::from_utf8_lossy(&bytes).chars().take(200).collect(),
        }
    }

    /// The line as it stands, or as it would have to.
    async fn walk(&mut self, table: &Table, line: &Line) -> Result<(), String> {
        let mut answers = Vec::with_capacity(table.columns.len());
        for column in &table.columns {
            answers.push(self.knock(line, &self.stage.caller(column)).await);
        }
        let full = answers.iter().any(Answer::is_full);
        let letters: String = answers.iter().map(|answer| answer.letter(&line.otherwise, full)).collect();
        if letters == line.letters {
            return Ok(());
        }
        let odd = table.columns.iter().zip(&answers).zip(letters.chars()).filter(|(_, letter)| *letter == '!');
        let odd: String = odd
            .map(|((column, answer), _)| {
                format!(
                    "\n    {column}: {} {} changed: {} {}",
                    answer.status, answer.code, answer.changed, answer.words
                )
            })
            .collect();
        Err(format!("{}{odd}", line.with(&letters)))
    }
}

fn request(line: &Line, stage: &Stage, caller: &Caller) -> Request<Body> {
    let mut request = Request::builder().method(line.method.as_str()).uri(stage.filled(&line.address()));
    request = match caller {
        Caller::Desk { cookie, csrf } => request.header("cookie", cookie).header("x-csrf-token", csrf),
        Caller::Phone(access) => request.header("authorization", format!("Bearer {access}")),
        Caller::Nobody => request,
    };
    for (name, value) in &line.headers {
        request = request.header(name, stage.filled(value));
    }
    if !line.headers.iter().any(|(name, _)| name == "content-type") {
        request = request.header("content-type", "application/json");
    }
    request.body(Body::from(stage.filled(&line.body).replace("\\n", "\n"))).unwrap()
}

/// Everything that lies in the county's database and photo folder, in one number; and the audit log in another.
fn digests(county: &County) -> (String, String) {
    let conn = Connection::open(county.folder.path().join("county.db")).unwrap();
    let mut names = conn.prepare("SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name").unwrap();
    let names: Vec<String> = names.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect();
    let mut sums = [sha2::Sha256::new(), sha2::Sha256::new()];
    for name in names {
        let sum = &mut sums[usize::from(name.starts_with("audit") || name == "sqlite_sequence")];
        sum.update(&name);
        // Where the log ends is kept among the settings.
        let but = if name == "setting" { "WHERE name NOT LIKE 'audit%'" } else { "" };
        let mut statement = conn.prepare(&format!("SELECT * FROM \"{name}\" {but}")).unwrap();
        let columns = statement.column_count();
        let mut rows = statement.query([]).unwrap();
        while let Some(row) = rows.next().unwrap() {
            (0..columns).for_each(|column| sum.update(format!("{:?}|", row.get_ref(column).unwrap())));
        }
    }
    files(&county.folder.path().join("photos"), &mut sums[0]);
    sums.map(|sum| format!("{:x?}", sum.finalize())).into()
}

fn files(folder: &std::path::Path, sum: &mut sha2::Sha256) {
    let mut found: Vec<_> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap()).collect();
    found.sort_by_key(std::fs::DirEntry::path);
    for entry in found {
        sum.update(entry.path().strip_prefix(folder).unwrap().as_os_str().as_encoded_bytes());
        if entry.file_type().unwrap().is_dir() {
            files(&entry.path(), sum)
        } else {
            sum.update(std::fs::read(entry.path()).unwrap())
        }
    }
}

/// The doors of the API's description.
fn described() -> BTreeSet<(String, String)> {
    let document = serde_json::to_value(sync_server::openapi::document()).unwrap();
    let paths = document["paths"].as_object().unwrap().iter();
    paths
        .flat_map(|(path, calls)| calls.as_object().unwrap().keys().map(|method| (method.to_uppercase(), path.clone())))
        .collect()
}

#[test]
fn every_door_has_its_line_and_every_line_its_door() {
    let table = Table::read(DOORS);
    let written: BTreeSet<_> = table.lines.iter().map(|line| (line.method.clone(), line.path.clone())).collect();
    let described = described();
    let missing: Vec<_> = described.difference(&written).collect();
    assert!(
        missing.is_empty(),
        "add a line to sync-server/tests/server/doors/doors.txt for each of these, with a wish that is well formed, and say who may: {missing:?}"
    );
    let gone: Vec<_> = written.difference(&described).collect();
    assert!(gone.is_empty(), "take these lines out of doors.txt, no such door is described any more: {gone:?}");
    assert!(table.lines.len() >= described.len() && described.len() > 90);
}

#[test]
fn every_kind_has_its_lines() {
    let table = Table::read(KINDS);
    for kind in Kind::KNOWN {
        for action in ["read", "look", "review", "correct", "restore", "erase", "export", "inbox", "photos", "send"] {
            let found = table.lines.iter().filter(|line| line.named == format!("{kind} {action}")).count();
            assert_eq!(found, 1, "kinds.txt needs one line that says who may {action} records of the kind {kind}");
        }
    }
}

#[tokio::test]
async fn every_door_is_open_to_whom_the_table_says_and_who_is_refused_has_changed_nothing() {
    walk_all(DOORS).await;
}

#[tokio::test]
async fn every_kind_of_record_is_seen_and_changed_by_whom_the_table_says() {
    walk_all(KINDS).await;
}

async fn walk_all(text: &str) {
    let (table, stage) = (Table::read(text), Stage::new().await);
    let mut walk = Walk::new(&stage);
    let mut wrong = Vec::new();
    for line in &table.lines {
        if let Err(stands) = walk.walk(&table, line).await {
            wrong.push(stands);
        }
    }
    assert!(wrong.is_empty(), "{} lines stand otherwise, namely so:\n{}", wrong.len(), wrong.join("\n"));
}

#[tokio::test]
async fn without_the_token_of_its_page_no_session_changes_anything() {
    let (table, stage) = (Table::read(DOORS), Stage::new().await);
    let mut walk = Walk::new(&stage);
    let writing = table.lines.iter().filter(|line| line.method != "GET" && line.path.starts_with("/desk/"));
    let mut walked = 0;
    for line in writing.filter(|line| line.path != "/desk/api/sign-in") {
        for column in ["community", "admin", "handler", "auditor"] {
            let Caller::Desk { cookie, .. } = stage.caller(column) else { panic!("{column} sits at no desk") };
            let forged = Caller::Desk { cookie, csrf: "made-up".to_owned() };
            let answer = walk.knock(line, &forged).await;
            assert_eq!((answer.status.as_u16(), answer.code.as_str()), (403, "wrong_csrf"), "{column} {}", line.path);
            assert!(!answer.changed, "{column} {}", line.path);
            walked += 1;
        }
    }
    assert!(walked > 160, "{walked}");
}
