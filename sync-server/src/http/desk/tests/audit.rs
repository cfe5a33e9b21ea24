//! The audit log: who reads what of it, and that nothing in it can be changed unseen.

use axum::http::StatusCode;
use serde_json::json;

use super::bench::{Bench, PERSON, id};
use crate::hub::audit::AuditFault;
use crate::store::Store as _;
use crate::store::sqlite::SqliteStore;

#[tokio::test]
async fn auditors_and_administrators_read_it_with_filters_and_take_it_away() {
    let bench = Bench::new();
    bench.sign_in("supervisor").await.post(&format!("records/{}/look", id(PERSON)), json!({"reason": "contact"})).await;
    for account in ["auditor", "county-admin"] {
        let desk = bench.sign_in(account).await;
        let all = desk.read("audit").await;
        assert!(all["actions"].as_array().unwrap().contains(&json!("look")), "{all}");
        let looks = desk.read(&format!("audit?action=look&who=supervisor&subject={}", id(PERSON))).await;
        let [look] = &looks["items"].as_array().unwrap()[..] else { panic!("{looks}") };
        assert_eq!((&look["reason"], &look["fields"]), (&json!("contact"), &json!(["name", "phone"])));
        assert!(!all.to_string().contains("单雄") && !all.to_string().contains("13800001111"));
        let none = desk.read("audit?until=1000").await;
        assert_eq!((&none["items"], &none["next"]), (&json!([]), &json!(null)));
        assert_eq!(desk.get("audit?from=yesterday").await.0, StatusCode::BAD_REQUEST);
        let csv = desk.get_raw("audit/export?form=csv&action=look").await;
        assert!(String::from_utf8(csv).unwrap().contains("contact"));
        assert!(desk.get_raw("audit/export?form=xlsx").await.starts_with(b"PK"));
        assert_eq!(desk.get("audit/export?form=exe").await.0, StatusCode::BAD_REQUEST);
    }
    let exports = bench.sign_in("auditor").await.read("audit?action=audit_export").await;
    assert_eq!(exports["items"].as_array().unwrap().len(), 4, "taking it away is noted");
}

#[tokio::test]
async fn another_county_s_auditor_sees_none_of_this_county_s_people() {
    let bench = Bench::new();
    bench.sign_in("supervisor").await;
    let log = bench.sign_in("far-auditor").await.read("audit").await;
    let who: Vec<&str> = log["items"].as_array().unwrap().iter().map(|entry| entry["who"].as_str().unwrap()).collect();
    assert!(
        who.contains(&"far-auditor") && who.iter().all(|who| !["supervisor", "worker", "county-admin"].contains(who)),
        "{who:?}"
    );
}

/// Does something to the log behind the server's back, and says what verifying finds.
fn tampered(with: &str) -> Option<AuditFault> {
    let bench = Bench::new();
    let hub = &bench.hub;
    assert_eq!(hub.verify_audit(None).unwrap().fault, None);
    hub.store().below().on_writer(|conn| {
        conn.execute_batch("DROP TRIGGER audit_is_never_changed; DROP TRIGGER audit_is_never_removed").unwrap();
        conn.execute_batch(with).unwrap();
    });
    hub.verify_audit(None).unwrap().fault
}

#[test]
fn an_altered_a_removed_and_an_inserted_entry_are_found() {
    assert_eq!(tampered("UPDATE audit SET who = 'somebody' WHERE seq = 3"), Some(AuditFault::Altered { seq: 3 }));
    assert_eq!(tampered("UPDATE audit SET detail = '{}' WHERE seq = 2"), Some(AuditFault::Altered { seq: 2 }));
    assert_eq!(tampered("DELETE FROM audit WHERE seq IN (3, 4)"), Some(AuditFault::Missing { from: 3, to: 4 }));
    assert_eq!(tampered("DELETE FROM audit WHERE seq = 1"), Some(AuditFault::Missing { from: 1, to: 1 }));
    let moved = "UPDATE audit SET seq = seq + 1000; UPDATE audit SET seq = seq - 999;
        INSERT INTO audit (seq, at, who, action, subject, detail, link) VALUES (1, 1, 'x', 'y', 'z', '', zeroblob(32))";
    assert_eq!(tampered(moved), Some(AuditFault::Altered { seq: 1 }));
    let last = tampered("DELETE FROM audit WHERE seq = (SELECT max(seq) FROM audit)");
    assert!(matches!(last, Some(AuditFault::End { remembered, found }) if remembered == found + 1), "{last:?}");
    assert!(matches!(tampered("DELETE FROM audit"), Some(AuditFault::End { found: 0, .. })));
    let swapped = "UPDATE audit SET seq = -1 WHERE seq = 2; UPDATE audit SET seq = 2 WHERE seq = 3; UPDATE audit SET seq = 3 WHERE seq = -1";
    assert_eq!(tampered(swapped), Some(AuditFault::Altered { seq: 2 }));
}

#[test]
fn a_head_that_was_noted_elsewhere_proves_that_nothing_was_rewritten() {
    let bench = Bench::new();
    let (seq, link) = bench.hub.verify_audit(None).unwrap().head;
    bench
        .hub
        .store()
        .write(|writing| {
            let entry = crate::store::AuditEntry { at: 1, who: "x".into(), action: "y".into(), subject: "z".into() };
            writing.append_audit(&entry)
        })
        .unwrap();
    assert_eq!(bench.hub.verify_audit(Some((seq, &link))).unwrap().fault, None);
    let other = "0".repeat(64);
    assert_eq!(bench.hub.verify_audit(Some((seq, &other))).unwrap().fault, Some(AuditFault::NotedHead { seq }));
    assert_eq!(bench.hub.verify_audit(Some((9_999, &link))).unwrap().fault, Some(AuditFault::NotedHead { seq: 9_999 }));
}

#[test]
fn the_database_itself_refuses_to_change_or_remove_an_entry() {
    let bench = Bench::new();
    bench.hub.store().below().on_writer(|conn| {
        for sql in ["UPDATE audit SET who = 'x'", "DELETE FROM audit"] {
            assert!(conn.execute(sql, []).is_err(), "{sql}");
        }
    });
}

#[test]
fn entries_of_before_there_were_links_are_linked_once() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("county.db");
    let mut conn = rusqlite::Connection::open(&file).unwrap();
    crate::store::sqlite::before_links(&mut conn).unwrap();
    conn.execute_batch(
        "INSERT INTO audit (at, who, action, subject) VALUES (1, 'boss', 'sign_in', 'desk'), (2, 'boss', 'view', 'x')",
    )
    .unwrap();
    drop(conn);
    let store = SqliteStore::open(&file).unwrap();
    let photos = crate::photos::PhotoFolder::open(&folder.path().join("photos")).unwrap();
    let hub = crate::hub::Hub::open(store, photos, Box::new(crate::hub::world::SystemWorld)).unwrap();
    let verified = hub.verify_audit(None).unwrap();
    assert_eq!((verified.fault, verified.entries), (None, 2));
}
