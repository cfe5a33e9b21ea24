//! Enrolment, tokens, revocation.

use domain::protocol::{CallError, CallRefusal, EnrolRequest, Peer as _};
use domain::scope::Role;
use sync_server::hub::HubError;
use sync_server::hub::peer::HubPeer;
use sync_server::store::Store as _;

use crate::common::{County, DAY, HOUR, MINUTE, cell};

fn code<T: std::fmt::Debug>(outcome: Result<T, HubError>) -> CallRefusal {
    outcome.unwrap_err().code()
}

fn request(code: &str) -> EnrolRequest {
    EnrolRequest { code: code.to_owned(), device_name: "Phone".into(), app_version: "1".into() }
}

#[test]
fn an_enrolment_code_works_once_and_not_for_long() {
    let county = County::new();
    let worker = county.account("worker-a", Role::Worker, &[], &[cell(1)]);
    let made = county.hub.make_enrol_code("test", &worker, 15 * MINUTE).unwrap();
    assert!(county.hub.enrol(&request(&made.code.to_lowercase())).is_ok());
    assert_eq!(code(county.hub.enrol(&request(&made.code))), CallRefusal::WrongCode);
    let late = county.hub.make_enrol_code("test", &worker, 15 * MINUTE).unwrap();
    county.world.pass(15 * MINUTE);
    assert_eq!(code(county.hub.enrol(&request(&late.code))), CallRefusal::WrongCode);
    assert_eq!(code(county.hub.enrol(&request("0000-0000-0000"))), CallRefusal::WrongCode);
    assert_eq!(code(county.hub.enrol(&request(""))), CallRefusal::WrongCode);
}

#[test]
fn a_malformed_enrolment_does_not_use_up_the_code() {
    let county = County::new();
    let worker = county.account("worker-a", Role::Worker, &[], &[cell(1)]);
    let made = county.hub.make_enrol_code("test", &worker, 15 * MINUTE).unwrap();
    for name in ["", "  ", "a\u{0}b", &"长".repeat(61)] {
        let wrong = EnrolRequest { device_name: name.into(), ..request(&made.code) };
        assert_eq!(code(county.hub.enrol(&wrong)), CallRefusal::Invalid);
    }
    assert!(county.hub.enrol(&request(&made.code)).is_ok());
}

#[test]
fn only_accounts_that_carry_a_phone_get_codes() {
    let county = County::new();
    let auditor = county.account("auditor-a", Role::Auditor, &["610722"], &[]);
    let nobody = domain::AccountId::new("nobody").unwrap();
    for account in [auditor, nobody] {
        assert_eq!(code(county.hub.make_enrol_code("test", &account, HOUR)), CallRefusal::NotFound);
    }
}

#[test]
fn neither_code_nor_token_stands_in_the_database() {
    let county = County::new();
    let worker = county.account("worker-a", Role::Worker, &[], &[cell(1)]);
    let made = county.hub.make_enrol_code("test", &worker, HOUR).unwrap();
    let tokens = county.enrol(&worker);
    let backup = county.folder.path().join("copy.db");
    county.hub.back_up(&backup).unwrap();
    let bytes = std::fs::read(backup).unwrap();
    for secret in [made.code, tokens.access, tokens.refresh] {
        assert!(!bytes.windows(secret.len()).any(|window| window == secret.as_bytes()));
    }
}

#[test]
fn an_access_token_ends_and_a_refresh_token_brings_another() {
    let county = County::new();
    let phone = county.worker("worker-a", &[cell(1)]);
    county.world.pass(HOUR);
    assert_eq!(code(county.hub.phone(&phone.tokens.access)), CallRefusal::SignedOut);
    let fresh = county.hub.refresh(&phone.tokens.refresh).unwrap();
    assert!(county.hub.phone(&fresh.access).is_ok());
    assert_eq!(code(county.hub.refresh("no token")), CallRefusal::SignedOut);
    assert_eq!(code(county.hub.refresh(&fresh.access)), CallRefusal::SignedOut, "an access token refreshes nothing");
    assert_eq!(code(county.hub.phone(&fresh.refresh)), CallRefusal::SignedOut);
}

#[test]
fn a_lost_refresh_answer_signs_nobody_out() {
    let county = County::new();
    let phone = county.worker("worker-a", &[cell(1)]);
    county.world.pass(90 * DAY);
    let lost = county.hub.refresh(&phone.tokens.refresh).unwrap();
    county.world.pass(30 * DAY);
    let arrived = county.hub.refresh(&phone.tokens.refresh).unwrap();
    assert!(county.hub.phone(&arrived.access).is_ok());
    // Once the new pair is in use, the old ones are worth nothing.
    for old in [&phone.tokens.refresh, &lost.refresh] {
        assert_eq!(code(county.hub.refresh(old)), CallRefusal::SignedOut);
    }
    assert!(county.hub.refresh(&arrived.refresh).is_ok());
}

#[test]
fn a_revoked_phone_is_shut_out_at_once_and_for_good() {
    let county = County::new();
    let phone = county.worker("worker-a", &[cell(1)]);
    let other = county.phone_of(&phone.account());
    county.hub.revoke_device("boss", phone.phone().device).unwrap();
    assert_eq!(code(county.hub.phone(&phone.tokens.access)), CallRefusal::Revoked);
    assert_eq!(code(county.hub.refresh(&phone.tokens.refresh)), CallRefusal::Revoked);
    assert!(county.hub.phone(&other.tokens.access).is_ok(), "the other phone goes on");
    let entries = county.hub.store().read(|r| r.audit(10)).unwrap();
    assert_eq!((entries[0].who.as_str(), entries[0].action.as_str()), ("boss", "revoke"));
}

#[test]
fn the_phone_in_the_same_process_meets_the_same_door() {
    let county = County::new();
    let phone = county.worker("worker-a", &[cell(1)]);
    let peer = HubPeer::new(std::sync::Arc::clone(&county.hub), phone.tokens.access.clone());
    assert_eq!(peer.hello().unwrap().server_time, crate::common::START);
    assert_eq!(peer.lists().unwrap().version, 1);
    let stranger = HubPeer::new(std::sync::Arc::clone(&county.hub), "stranger".into());
    assert_eq!(stranger.hello(), Err(CallError::SignedOut));
    assert_eq!(stranger.lists().unwrap_err(), CallError::SignedOut);
}

#[test]
fn a_phone_goes_on_after_a_restore_with_tokens_that_the_backup_does_not_know() {
    let mut county = County::new();
    let phone = county.worker("worker-a", &[cell(1)]);
    let backup = county.folder.path().join("copy.db");
    county.hub.back_up(&backup).unwrap();
    county.world.pass(DAY);
    let renewed = county.hub.refresh(&phone.tokens.refresh).unwrap();
    county.hub.phone(&renewed.access).unwrap();
    county.world.pass(MINUTE);
    county.put_back(&backup);
    assert_eq!(code(county.hub.phone(&renewed.access)), CallRefusal::SignedOut, "it is renewed first");
    let lost = county.hub.refresh(&renewed.refresh).unwrap();
    county.world.pass(DAY);
    let arrived = county.hub.refresh(&renewed.refresh).unwrap();
    county.hub.phone(&arrived.access).unwrap();
    for old in [&renewed.refresh, &lost.refresh, &phone.tokens.refresh] {
        assert_eq!(code(county.hub.refresh(old)), CallRefusal::SignedOut);
    }
    assert_eq!(code(county.hub.bearer(&renewed.access)), CallRefusal::SignedOut, "its successor is in use");
    let noted = county.hub.store().read(|reading| reading.audit(20)).unwrap();
    assert_eq!(noted.iter().filter(|entry| entry.action == "token_of_lost_time").count(), 1);
}

#[test]
fn a_phone_that_is_shut_out_hands_in_after_a_restore_even_when_its_new_tokens_were_lost_on_the_way() {
    let mut county = County::new();
    let phone = county.worker("worker-a", &[cell(1)]);
    // The server's folder is another one after each restore.
    let elsewhere = tempfile::tempdir().unwrap();
    let backup = elsewhere.path().join("copy.db");
    county.hub.back_up(&backup).unwrap();
    county.world.pass(DAY);
    let renewed = county.hub.refresh(&phone.tokens.refresh).unwrap();
    county.hub.phone(&renewed.access).unwrap();
    county.world.pass(MINUTE);
    county.put_back(&backup);
    let arrived = county.hub.refresh(&renewed.refresh).unwrap();
    let device = county.hub.bearer(&renewed.access).unwrap().device.id;
    county.hub.revoke_device("boss", device).unwrap();
    // Whichever it has: the answer may have arrived or not. And however often the server is put back before the phone calls again.
    let later = elsewhere.path().join("later.db");
    county.hub.back_up(&later).unwrap();
    county.world.pass(DAY);
    for _ in 0..2 {
        for access in [&renewed.access, &arrived.access] {
            assert_eq!(county.hub.bearer(access).unwrap().device.id, device);
        }
        county.put_back(&later);
    }
}

#[test]
fn after_a_restore_no_other_unknown_token_is_believed() {
    let mut county = County::new();
    let phone = county.worker("worker-a", &[cell(1)]);
    let renew = |county: &County, refresh: &str| {
        let fresh = county.hub.refresh(refresh).unwrap();
        county.hub.phone(&fresh.access).unwrap();
        fresh
    };
    let device = phone.phone().device;
    county.world.pass(DAY);
    let before = renew(&county, &phone.tokens.refresh);
    let kept = renew(&county, &before.refresh);
    county.world.pass(MINUTE);
    let backup = county.folder.path().join("copy.db");
    county.hub.back_up(&backup).unwrap();
    county.world.pass(DAY);
    let lost = renew(&county, &kept.refresh);
    let newcomer = county.worker("worker-b", &[cell(1)]);
    let elsewhere = County::new();
    elsewhere.world.pass(2 * DAY);
    let foreign = elsewhere.worker("worker-a", &[cell(1)]).tokens.refresh;
    county.put_back(&backup);
    let mut forged = lost.refresh.clone().into_bytes();
    forged[10] = if forged[10] == b'A' { b'B' } else { b'A' };
    let forged = String::from_utf8(forged).unwrap();
    for token in [&before.refresh, &lost.access, &newcomer.tokens.refresh, &foreign, &forged] {
        assert_eq!(code(county.hub.refresh(token)), CallRefusal::SignedOut);
    }
    // What was revoked again after the restore stays out.
    county.hub.revoke_device("boss", device).unwrap();
    assert_eq!(code(county.hub.refresh(&lost.refresh)), CallRefusal::Revoked);
}
