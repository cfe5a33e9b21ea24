//! What other clients send: the server takes what a phone would, and says what it does not take, each by its code.

use domain::{Kind, ProblemCode, World as _};
use serde_json::{Value, json};
use sync_server::store::Store as _;

use crate::common::{County, MINUTE, TestPhone, cell};

/// The code by which a change of a stored record is refused; nothing of it is stored.
fn refused(county: &County, phone: &mut TestPhone, kind: &Kind, id: domain::RecordId, fields: Value) -> ProblemCode {
    let before = county.stored(id).unwrap();
    let change = phone.change(kind.clone(), id, &cell(1), fields);
    let code = phone.refused(&change);
    assert_eq!(county.stored(id).unwrap(), before, "a refused change leaves nothing");
    code
}

fn incident(phone: &mut TestPhone) -> domain::RecordId {
    let incident = phone.new_incident(&cell(1));
    phone.push_all(std::slice::from_ref(&incident));
    incident.id
}

fn dispute(phone: &mut TestPhone) -> domain::RecordId {
    let by = phone.account();
    let parties = json!([{"name": "张三", "side": "applicant"}]);
    let fields = json!({"type": "01", "source": "applied", "accepted_on": "2026-11-20", "parties": parties, "by": by});
    let dispute = phone.new_record(Kind::Dispute, &cell(1), fields);
    phone.push_all(std::slice::from_ref(&dispute));
    dispute.id
}

#[test]
fn amounts_days_and_words_without_measure_are_refused_by_their_codes() {
    let county = County::new();
    let mut phone = county.worker("worker-a", &[cell(1)]);
    let (incident, dispute) = (incident(&mut phone), dispute(&mut phone));
    let home = phone.new_home(&cell(1));
    phone.push_all(&home);
    for (kind, id, fields, code) in [
        (Kind::Dispute, dispute, json!({"amount": "-1200.00"}), ProblemCode::AmountForm),
        (Kind::Dispute, dispute, json!({"amount": "\u{2212}0.01"}), ProblemCode::AmountForm),
        (Kind::Dispute, dispute, json!({"amount": -1200}), ProblemCode::WrongType),
        (Kind::Dispute, dispute, json!({"accepted_on": "2026-02-30"}), ProblemCode::NoSuchDate),
        (Kind::Dispute, dispute, json!({"facts": "长".repeat(10_000)}), ProblemCode::TooLong),
        (Kind::Dispute, dispute, json!({"parties": [{"name": "张\n三", "side": "applicant"}]}), ProblemCode::LineBreak),
        (Kind::Incident, incident, json!({"title": "井盖\n破损"}), ProblemCode::LineBreak),
        (Kind::Incident, incident, json!({"title": "井盖\r破损"}), ProblemCode::LineBreak),
        (Kind::Incident, incident, json!({"title": "井盖\u{2028}破损"}), ProblemCode::LineBreak),
        (Kind::Incident, incident, json!({"title": "井盖\u{202E}破损"}), ProblemCode::ControlCharacter),
        (Kind::Incident, incident, json!({"text": "一\u{2067}二"}), ProblemCode::ControlCharacter),
        (Kind::Incident, incident, json!({"text": "长".repeat(10_000)}), ProblemCode::TooLong),
        (Kind::Person, home[2].id, json!({"birth_date": "2023-02-29"}), ProblemCode::NoSuchDate),
        (Kind::Person, home[2].id, json!({"name": "张\n三"}), ProblemCode::NameForm),
        (Kind::Person, home[2].id, json!({"name": "\u{202E}三张"}), ProblemCode::NameForm),
        (Kind::Person, home[2].id, json!({"phone": "\u{202D}13800001111\u{202C}"}), ProblemCode::PhoneForm),
    ] {
        assert_eq!(refused(&county, &mut phone, &kind, id, fields.clone()), code, "{fields}");
    }
}

#[test]
fn emoji_rare_characters_and_the_lines_of_a_note_come_back_as_they_were_sent() {
    let county = County::new();
    let mut phone = county.worker("worker-a", &[cell(1)]);
    let incident = incident(&mut phone);
    let home = phone.new_home(&cell(1));
    phone.push_all(&home);
    let (title, text) = ("𡐓𡋾路口 🐕‍🦺👍🏽", "第一行\r\n第二行\n\n𫝀𬺰𱍐 〇");
    let words = phone.change(Kind::Incident, incident, &cell(1), json!({"title": title, "text": text}));
    let name = phone.change(Kind::Person, home[2].id, &cell(1), json!({"name": "𠮷𪚥"}));
    phone.push_all(&[words, name]);
    let stored = county.stored(incident).unwrap().record;
    assert_eq!((stored.text("title"), stored.text("text")), (Some(title), Some(text)));
    assert_eq!(county.stored(home[2].id).unwrap().record.text("name"), Some("𠮷𪚥"));
}

#[test]
fn what_was_taken_with_several_lines_in_one_is_taken_again_after_a_restore() {
    let mut county = County::new();
    let mut phone = county.worker("worker-a", &[cell(1)]);
    let backup = county.folder.path().join("before.db");
    let at = county.world.clone().now().to_string();
    county.hub.store().write(|writing| writing.put_setting("backed_up_at", &at)).unwrap();
    county.hub.store().back_up(&backup).unwrap();
    county.world.pass(MINUTE);
    // Written while an older server still took it; that server's database is lost.
    let (by, at) = (phone.account(), county.world.clone().now());
    let fields = json!({"category": "0601", "list_version": 1, "title": "井盖\n破损", "severity": 3, "happened_at": at, "by": by, "source": "worker"});
    let old = phone.new_record(Kind::Incident, &cell(1), fields);
    assert_eq!(phone.refused(&old), ProblemCode::LineBreak, "as long as nothing was lost");
    county.world.pass(MINUTE);
    county.put_back(&backup);
    phone.hub = std::sync::Arc::clone(&county.hub);
    phone.push_all(std::slice::from_ref(&old));
    assert_eq!(county.stored(old.id).unwrap().record.text("title"), Some("井盖\n破损"), "and not altered");
    let touched = phone.change(Kind::Incident, old.id, &cell(1), json!({"severity": 2}));
    phone.push_all(std::slice::from_ref(&touched));
}
