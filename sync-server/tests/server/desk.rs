//! Signing in at the desk, sessions, reviews.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use axum::http::StatusCode;
use domain::protocol::CallRefusal;
use domain::review::ReviewState;
use domain::scope::Role;
use domain::{AccountId, Kind, RecordId, Version, World};
use serde_json::json;
use sync_server::hub::desk::Desk;
use sync_server::hub::reviews::{LookedAt, ReviewOf, ReviewVerdict};
use sync_server::hub::{CountyHub, Hub, HubError};
use sync_server::photos::PhotoFolder;
use sync_server::store::sqlite::SqliteStore;
use sync_server::store::{Account, InboxQuery, Store as _, StoreError};

use crate::common::{County, HOUR, MINUTE, PASSWORD, TestWorld, cell, json_request, scope, send};

fn code<T: std::fmt::Debug>(outcome: Result<T, HubError>) -> CallRefusal {
    outcome.unwrap_err().code()
}

fn review(id: RecordId, version: &Version, verdict: ReviewVerdict) -> ReviewOf {
    let note = (verdict == ReviewVerdict::Returned).then(|| "请核对".to_owned());
    ReviewOf { id, version: version.clone(), seen: ReviewState::Waiting, verdict, remarks: BTreeMap::new(), note }
}

#[test]
fn a_wrong_name_and_a_wrong_password_are_told_apart_by_nobody() {
    let county = County::new();
    county.account("boss", Role::Supervisor, &["610722001001"], &[]);
    county.account("worker-a", Role::Worker, &[], &[cell(1)]);
    assert!(county.hub.sign_in("boss", PASSWORD).is_ok());
    for (name, password) in
        [("boss", "wrong"), ("nobody", PASSWORD), ("Not A Name", PASSWORD), ("worker-a", PASSWORD), ("boss", "")]
    {
        assert_eq!(code(county.hub.sign_in(name, password)), CallRefusal::WrongPassword);
    }
}

#[test]
fn a_session_ends_when_nobody_uses_it_and_after_a_working_day() {
    let county = County::new();
    county.account("boss", Role::Supervisor, &["610722001001"], &[]);
    let idle = county.hub.sign_in("boss", PASSWORD).unwrap().cookie;
    county.world.pass(HOUR);
    assert!(county.hub.desk(&idle).is_ok());
    county.world.pass(HOUR + 1);
    assert_eq!(code(county.hub.desk(&idle)), CallRefusal::SignedOut);
    let busy = county.hub.sign_in("boss", PASSWORD).unwrap().cookie;
    for _ in 0..16 {
        county.world.pass(45 * MINUTE);
        assert!(county.hub.desk(&busy).is_ok());
    }
    county.world.pass(MINUTE);
    assert_eq!(code(county.hub.desk(&busy)), CallRefusal::SignedOut);
}

#[test]
fn signing_out_and_a_new_password_end_sessions() {
    let county = County::new();
    let boss = county.account("boss", Role::Supervisor, &["610722001001"], &[]);
    let first = county.hub.sign_in("boss", PASSWORD).unwrap();
    let second = county.hub.sign_in("boss", PASSWORD).unwrap();
    county.hub.sign_out(&first.desk).unwrap();
    assert_eq!(code(county.hub.desk(&first.cookie)), CallRefusal::SignedOut);
    assert!(county.hub.desk(&second.cookie).is_ok());
    county.hub.set_password(&boss, "Another-one-2").unwrap();
    assert_eq!(code(county.hub.desk(&second.cookie)), CallRefusal::SignedOut);
    assert!(county.hub.sign_in("boss", "Another-one-2").is_ok());
    assert_eq!(code(county.hub.set_password(&boss, "short")), CallRefusal::Invalid);
}

#[test]
fn the_way_of_a_record_through_review() {
    let county = County::new();
    let mut phone = county.worker("worker-a", &[cell(1)]);
    let home = phone.new_home(&cell(1));
    phone.push_all(&home);
    phone.round(Vec::new());
    let person = home[2].id;
    let boss = county.supervisor("boss", "610722001001");
    let first = county.stored(person).unwrap();

    // Approved: the phone hears of it, the version becomes the one that later changes are compared with.
    county.hub.review(&boss, &review(person, &first.version, ReviewVerdict::Approved)).unwrap();
    let approved = county.stored(person).unwrap();
    assert_eq!((approved.state, approved.approved_version.as_ref()), (ReviewState::Approved, Some(&first.version)));
    let reviews = phone.round(Vec::new()).pages.remove(0).records;
    assert_eq!(reviews.len(), 1);
    assert_eq!(domain::review::state(&approved.record, &reviews), ReviewState::Approved);

    // Edited: it waits again, and what was approved is kept for comparison.
    county.world.pass(MINUTE);
    let edit = phone.change(Kind::Person, person, &cell(1), json!({"phone": "13811111111"}));
    phone.push_all(&[edit]);
    let edited = county.stored(person).unwrap();
    assert_eq!(edited.state, ReviewState::Waiting);
    let kept = county.hub.store().read(|r| r.approved(&scope("610722"), person)).unwrap().unwrap();
    assert_eq!((kept.version, kept.fields["phone"].as_str()), (first.version.clone(), Some("13800000000")));

    // An approval of what was there before does not cover it.
    assert_eq!(
        code(county.hub.review(&boss, &review(person, &first.version, ReviewVerdict::Approved))),
        CallRefusal::Stale
    );

    // Returned with a remark, corrected, approved.
    let mut returned = review(person, &edited.version, ReviewVerdict::Returned);
    returned.remarks.insert("phone".into(), "少一位？".into());
    county.hub.review(&boss, &returned).unwrap();
    assert_eq!(county.stored(person).unwrap().state, ReviewState::Returned);
    county.world.pass(MINUTE);
    let correction = phone.change(Kind::Person, person, &cell(1), json!({"phone": "13822222222"}));
    phone.push_all(&[correction]);
    let corrected = county.stored(person).unwrap();
    assert_eq!(corrected.state, ReviewState::Waiting);
    county.hub.review(&boss, &review(person, &corrected.version, ReviewVerdict::Approved)).unwrap();
    let kept = county.hub.store().read(|r| r.approved(&scope("610722"), person)).unwrap().unwrap();
    assert_eq!(kept.fields["phone"].as_str(), Some("13822222222"));
}

#[test]
fn a_return_says_what_is_wrong() {
    let county = County::new();
    let mut phone = county.worker("worker-a", &[cell(1)]);
    let dwelling = phone.new_dwelling(&cell(1));
    phone.push_all(std::slice::from_ref(&dwelling));
    let boss = county.supervisor("boss", "610722001001");
    let version = county.stored(dwelling.id).unwrap().version;
    let silent = ReviewOf { note: Some("  ".into()), ..review(dwelling.id, &version, ReviewVerdict::Returned) };
    assert_eq!(code(county.hub.review(&boss, &silent)), CallRefusal::Invalid);
    let long = BTreeMap::from([("use".to_owned(), "长".repeat(501))]);
    let long = ReviewOf { remarks: long, ..review(dwelling.id, &version, ReviewVerdict::Returned) };
    assert_eq!(code(county.hub.review(&boss, &long)), CallRefusal::Invalid);
    let blank = BTreeMap::from([("use".to_owned(), "是否出租？".to_owned()), ("group".to_owned(), " ".to_owned())]);
    let blank = ReviewOf { remarks: blank, ..review(dwelling.id, &version, ReviewVerdict::Returned) };
    assert_eq!(code(county.hub.review(&boss, &blank)), CallRefusal::Invalid);
    assert_eq!(county.stored(dwelling.id).unwrap().state, ReviewState::Waiting);
}

#[test]
fn nobody_reviews_outside_the_own_scope_or_without_the_role() {
    let county = County::new();
    let mut phone = county.worker("worker-a", &[cell(1)]);
    let dwelling = phone.new_dwelling(&cell(1));
    phone.push_all(std::slice::from_ref(&dwelling));
    let version = county.stored(dwelling.id).unwrap().version;
    let elsewhere = county.supervisor("boss-2", "610722001002");
    let approval = review(dwelling.id, &version, ReviewVerdict::Approved);
    assert_eq!(code(county.hub.review(&elsewhere, &approval)), CallRefusal::NotFound);
    county.account("admin-a", Role::Admin, &["610722"], &[]);
    let admin = county.hub.sign_in("admin-a", PASSWORD).unwrap().desk;
    assert_eq!(code(county.hub.review(&admin, &approval)), CallRefusal::NotAllowed);
    assert_eq!(county.stored(dwelling.id).unwrap().state, ReviewState::Waiting);
}

#[test]
fn many_are_approved_at_once_and_those_that_changed_are_named() {
    let county = County::new();
    let mut phone = county.worker("worker-a", &[cell(1)]);
    let dwellings: Vec<_> = (0..20).map(|_| phone.new_dwelling(&cell(1))).collect();
    phone.push_all(&dwellings);
    let looked_at = |id| {
        let stored = county.stored(id).unwrap();
        LookedAt { id, version: stored.version, seen: stored.state }
    };
    let seen: Vec<LookedAt> = dwellings.iter().map(|d| looked_at(d.id)).collect();
    county.world.pass(MINUTE);
    let edit = phone.change(Kind::Dwelling, dwellings[3].id, &cell(1), json!({"use": "vacant"}));
    phone.push_all(&[edit]);
    let boss = county.supervisor("boss", "610722001001");
    county.let_pass_among_many(&[Kind::Dwelling]);
    let outcome = county.hub.approve_many(&boss, &seen).unwrap();
    assert_eq!((outcome.approved, outcome.stale.as_slice()), (19, [dwellings[3].id].as_slice()));
    assert_eq!(county.stored(dwellings[3].id).unwrap().state, ReviewState::Waiting);
    // Again: they stand approved already, nothing is written twice.
    let reached = county.hub.store().read(|r| r.feed_reached(&cell(1))).unwrap();
    county.hub.approve_many(&boss, &seen).unwrap();
    assert_eq!(county.hub.store().read(|r| r.feed_reached(&cell(1))).unwrap(), reached);
}

#[test]
fn the_inbox_is_read_page_by_page_in_both_orders() {
    let county = County::new();
    let mut phone = county.worker("worker-a", &[cell(1)]);
    let mut written = Vec::new();
    for _ in 0..25 {
        county.world.pass(MINUTE);
        let dwelling = phone.new_dwelling(&cell(1));
        written.push(dwelling.id);
        phone.push_all(&[dwelling]);
    }
    for newest_first in [false, true] {
        let (mut seen, mut after) = (Vec::new(), None);
        loop {
            let query = InboxQuery {
                scopes: vec![scope("610722001001")],
                kind: Some(Kind::Dwelling),
                state: ReviewState::Waiting,
                changed: None,
                words: None,
                newest_first,
                after,
                limit: 7,
            };
            let page = county.hub.store().read(|r| r.inbox(&query)).unwrap();
            let Some(last) = page.last() else { break };
            after = Some(sync_server::store::InboxPlace { changed_at: last.changed_at, id: last.record.id });
            seen.extend(page.iter().map(|stored| stored.record.id));
        }
        let mut expected = written.clone();
        if newest_first {
            expected.reverse();
        }
        assert_eq!(seen, expected);
    }
}

async fn sign_in(county: &County) -> (axum::Router, String, String) {
    let router = county.router();
    let body = json!({"account": "boss", "password": PASSWORD}).to_string();
    let answer = send(&router, json_request("POST", "/desk/api/sign-in", &[], body)).await;
    assert_eq!(answer.status, StatusCode::OK);
    let cookie = answer.header("set-cookie").unwrap().to_owned();
    for part in ["HttpOnly", "SameSite=Strict", "Path=/"] {
        assert!(cookie.contains(part), "{cookie}");
    }
    let cookie = cookie.split(';').next().unwrap().to_owned();
    let csrf = answer.json()["csrf"].as_str().unwrap().to_owned();
    (router, cookie, csrf)
}

#[tokio::test]
async fn a_change_at_the_desk_needs_the_csrf_token_and_reading_does_not() {
    let county = County::new();
    let _: Desk = county.supervisor("boss", "610722001001");
    let (router, cookie, csrf) = sign_in(&county).await;
    let read = send(&router, json_request("GET", "/desk/api/session", &[("cookie", &cookie)], "")).await;
    assert_eq!(read.status, StatusCode::OK);
    for wrong in [None, Some(""), Some("guess")] {
        let mut headers = vec![("cookie", cookie.as_str())];
        headers.extend(wrong.map(|token| ("x-csrf-token", token)));
        let answer = send(&router, json_request("POST", "/desk/api/sign-out", &headers, "")).await;
        assert_eq!((answer.status, answer.code().as_str()), (StatusCode::FORBIDDEN, "wrong_csrf"));
    }
    let headers = [("cookie", cookie.as_str()), ("x-csrf-token", csrf.as_str())];
    let out = send(&router, json_request("POST", "/desk/api/sign-out", &headers, "")).await;
    assert!(out.status.is_success());
    let after = send(&router, json_request("GET", "/desk/api/session", &[("cookie", &cookie)], "")).await;
    assert_eq!((after.status, after.code().as_str()), (StatusCode::UNAUTHORIZED, "signed_out"));
}

#[tokio::test]
async fn guessing_a_password_is_stopped() {
    let county = County::new();
    county.account("boss", Role::Supervisor, &["610722001001"], &[]);
    let router = county.router();
    let mut last = StatusCode::OK;
    for _ in 0..11 {
        let body = json!({"account": "boss", "password": "wrong"}).to_string();
        last = send(&router, json_request("POST", "/desk/api/sign-in", &[], body)).await.status;
    }
    assert_eq!(last, StatusCode::TOO_MANY_REQUESTS);
}

/// A world in which something happens when the time is asked for.
struct Meanwhile {
    world: TestWorld,
    act: Arc<Mutex<Option<Act>>>,
}

type Act = Box<dyn FnOnce() + Send>;

impl World for Meanwhile {
    fn now(&mut self) -> i64 {
        if let Some(act) = self.act.lock().unwrap().take() {
            act();
        }
        self.world.now()
    }

    fn fill(&mut self, bytes: &mut [u8]) {
        self.world.fill(bytes);
    }
}

/// A second hub on a county's database, by whose clock the account of that name is changed between a hash and its writing.
fn changed_meanwhile(county: &County, change: fn(&mut Account)) -> (CountyHub, impl Fn()) {
    let act = Arc::new(Mutex::new(None));
    let file = county.folder.path().join("county.db");
    let photos = PhotoFolder::open(&county.folder.path().join("photos")).unwrap();
    let world = Meanwhile { world: county.world.clone(), act: Arc::clone(&act) };
    let hub = Hub::open(SqliteStore::open(&file).unwrap(), photos, Box::new(world)).unwrap();
    let first = Arc::clone(&county.hub);
    let arm = move || {
        let first = Arc::clone(&first);
        let done: Act = Box::new(move || {
            let changed: Result<(), StoreError> = first.store().write(|writing| {
                let mut account = writing.account(&AccountId::new("boss").unwrap())?.unwrap();
                change(&mut account);
                writing.put_account(&account)
            });
            changed.unwrap();
        });
        *act.lock().unwrap() = Some(done);
    };
    (hub, arm)
}

#[test]
fn a_password_that_the_office_sets_while_another_is_being_changed_stands() {
    let county = County::new();
    let desk = county.supervisor("boss", "610722001");
    let (hub, arm) = changed_meanwhile(&county, |account| account.password_hash = Some("of the office".into()));
    arm();
    assert_eq!(code(hub.change_own_password(&desk, PASSWORD, "Another-one-2")), CallRefusal::SignedOut);
    let standing = hub.store().read(|reading| reading.account(&desk.actor.account)).unwrap().unwrap();
    assert_eq!(standing.password_hash.as_deref(), Some("of the office"));
}

#[test]
fn whoever_has_signed_out_changes_no_password() {
    let county = County::new();
    let desk = county.supervisor("boss", "610722001");
    county.hub.sign_out(&desk).unwrap();
    assert_eq!(code(county.hub.change_own_password(&desk, PASSWORD, "Another-one-2")), CallRefusal::SignedOut);
    assert!(county.hub.sign_in("boss", PASSWORD).is_ok());
}

#[test]
fn a_password_from_the_command_line_takes_nothing_back_that_the_desk_changes_meanwhile() {
    let county = County::new();
    let desk = county.supervisor("boss", "610722001");
    let (hub, arm) = changed_meanwhile(&county, |account| account.display_name = "李四".into());
    arm();
    hub.set_password(&desk.actor.account, "Another-one-2").unwrap();
    assert_eq!(hub.sign_in("boss", "Another-one-2").unwrap().desk.display_name, "李四");
}

#[test]
fn whoever_signs_in_while_the_office_sets_another_password_or_closes_the_account_is_not_let_in() {
    let changes: [fn(&mut Account); 2] =
        [|account| account.password_hash = Some("of the office".into()), |account| account.closed_at = Some(1)];
    for change in changes {
        let county = County::new();
        county.supervisor("boss", "610722001");
        let (hub, arm) = changed_meanwhile(&county, change);
        arm();
        assert_eq!(code(hub.sign_in("boss", PASSWORD)), CallRefusal::WrongPassword);
    }
}

#[test]
fn a_session_that_ends_while_a_request_is_under_way_stays_ended() {
    let county = County::new();
    county.account("boss", Role::Supervisor, &["610722001001"], &[]);
    let signed_in = county.hub.sign_in("boss", PASSWORD).unwrap();
    county.world.pass(2 * MINUTE);
    std::thread::scope(|threads| {
        let ended: Result<(), StoreError> = county.hub.store().write(|writing| {
            writing.remove_desk_session(&signed_in.desk.session)?;
            // It reads the session as it was, and waits to note that it was used.
            threads.spawn(|| county.hub.desk(&signed_in.cookie).map(|_| ()));
            std::thread::sleep(std::time::Duration::from_millis(300));
            Ok(())
        });
        ended.unwrap();
    });
    assert_eq!(code(county.hub.desk(&signed_in.cookie)), CallRefusal::SignedOut);
}

#[test]
fn nobody_is_given_a_password_that_the_sign_in_does_not_take() {
    let county = County::new();
    let desk = county.supervisor("boss", "610722001");
    let (longest, longer) = ("x".repeat(200), "x".repeat(201));
    let id = AccountId::new("boss").unwrap();
    for refused in [county.hub.set_password(&id, &longer), county.hub.change_own_password(&desk, PASSWORD, &longer)] {
        assert_eq!(code(refused), CallRefusal::Invalid);
    }
    county.hub.set_password(&id, &longest).unwrap();
    assert!(county.hub.sign_in("boss", &longest).is_ok());
}
