//! Erasure: what goes, what stays, what never comes back.

use domain::protocol::{CallRefusal, PhotoOffer, PhotoPlace, Verdict};
use domain::scope::{Actor, Role};
use domain::{Kind, ProblemCode, RecordId, Sha256Hex};
use serde_json::json;
use sync_server::hub::HubError;
use sync_server::hub::desk::Desk;
use sync_server::store::Store as _;

use crate::common::{County, HOUR, MINUTE, TestPhone, cell, jpeg, scope, sha256};

fn code<T: std::fmt::Debug>(outcome: Result<T, HubError>) -> CallRefusal {
    outcome.unwrap_err().code()
}

pub(crate) struct Town {
    pub(crate) county: County,
    pub(crate) phone: TestPhone,
    pub(crate) boss: Desk,
    pub(crate) household: RecordId,
    pub(crate) person: RecordId,
}

/// A household with its head, whose name stands nowhere else.
pub(crate) fn town() -> Town {
    let mut county = County::new();
    county.keep_erasures();
    let mut phone = county.worker("worker-a", &[cell(1)]);
    let boss = county.supervisor("boss", "610722001001");
    let home = phone.new_home(&cell(1));
    phone.push_all(&home);
    county.world.pass(MINUTE);
    let renamed =
        phone.change(Kind::Person, home[2].id, &cell(1), json!({"name": "欧阳静夜思", "phone": "13912345678"}));
    phone.push_all(&[renamed]);
    Town { household: home[1].id, person: home[2].id, county, phone, boss }
}

impl Town {
    fn visit(&mut self) -> RecordId {
        let by = self.phone.account();
        let at = self.county.world.clone().now_millis();
        let fields = json!({"target": self.person, "target_kind": "person", "at": at, "result": "met", "by": by,
            "note": "欧阳静夜思说"});
        let visit = self.phone.new_record(Kind::Visit, &cell(1), fields);
        self.phone.push_all(std::slice::from_ref(&visit));
        visit.id
    }

    pub(crate) fn photo(&mut self, subject: RecordId, kind: &str, bytes: &[u8]) -> (RecordId, Sha256Hex) {
        let (by, hash) = (self.phone.account(), Sha256Hex::new(&sha256(bytes)).unwrap());
        let fields = json!({"subject": subject, "subject_kind": kind, "sha256": hash, "width": 64, "height": 48,
            "bytes": bytes.len(), "taken_at": crate::common::START, "photo_kind": "scene", "by": by});
        let photo = self.phone.new_record(Kind::Photo, &cell(1), fields);
        self.phone.push_all(std::slice::from_ref(&photo));
        let offer = PhotoOffer { photo: photo.id, sha256: hash.clone(), bytes: bytes.len() as u64 };
        if let PhotoPlace::Upload { upload, .. } = self.county.hub.photo_offer(&self.phone.phone(), &offer).unwrap() {
            self.county.hub.photo_append(&self.phone.phone(), &upload, 0, bytes).unwrap();
        }
        (photo.id, hash)
    }

    pub(crate) fn erase(&self) -> usize {
        self.county.hub.erase(&self.boss.actor, self.person).unwrap().records
    }

    pub(crate) fn is_file(&self, hash: &Sha256Hex) -> bool {
        let (folder, name) = hash.as_str().split_at(2);
        self.county.folder.path().join("photos").join(folder).join(format!("{name}.jpg")).exists()
    }
}

trait NowMillis {
    fn now_millis(&mut self) -> i64;
}

impl NowMillis for crate::common::TestWorld {
    fn now_millis(&mut self) -> i64 {
        domain::World::now(self)
    }
}

#[test]
fn a_person_goes_with_what_is_about_that_person_alone_and_leaves_no_readable_word() {
    let mut town = town();
    let visit = town.visit();
    let (own, own_bytes) = town.photo(town.person, "person", &jpeg(1));
    let (of_visit, _) = town.photo(visit, "visit", &jpeg(2));
    let kept_visit = town.phone.visit(town.household, &cell(1));
    town.phone.push_all(std::slice::from_ref(&kept_visit));
    assert!(town.is_file(&own_bytes));
    assert_eq!(town.erase(), 4);
    for gone in [town.person, visit, own, of_visit] {
        assert!(town.county.stored(gone).is_none());
        let history = town.county.hub.store().read(|reading| reading.history(&scope("610722"), gone)).unwrap();
        assert!(history.is_empty());
    }
    assert!(!town.is_file(&own_bytes), "the bytes are gone too");
    assert!(town.county.stored(kept_visit.id).is_some(), "a visit to the household is not about the person alone");
    let household = town.county.stored(town.household).unwrap().record;
    assert_eq!(household.fields.get("head"), Some(&json!(null)), "nobody points to nobody");
    let audit = town.county.hub.store().read(|reading| reading.audit(3)).unwrap();
    assert!(audit.iter().any(|entry| entry.action == "erase" && entry.subject == town.person.to_string()));
    for file in std::fs::read_dir(town.county.folder.path()).unwrap() {
        let path = file.unwrap().path();
        let bytes = std::fs::read(&path).unwrap_or_default();
        let holds = |text: &str| bytes.windows(text.len()).any(|window| window == text.as_bytes());
        assert!(!holds("欧阳静夜思") && !holds("13912345678"), "{path:?}");
    }
}

#[test]
fn phones_are_told_that_it_was_erased_and_the_emptied_reference_comes_down() {
    let mut town = town();
    let visit = town.visit();
    let mut other = town.county.phone_of(&town.phone.account());
    other.round(Vec::new());
    town.erase();
    let answer = other.round(Vec::new());
    let page = &answer.pages[0];
    let told = |id: &RecordId| page.gone.contains(id) && page.erased.contains(id);
    assert!(told(&town.person) && told(&visit), "{page:?}");
    let household = page.records.iter().find(|record| record.id == town.household).unwrap();
    assert_eq!(household.fields.get("head"), Some(&json!(null)));
    assert!(town.phone.round(Vec::new()).pages[0].erased.contains(&town.person), "the writer's own phone too");
}

#[test]
fn a_record_that_merely_moved_is_gone_and_not_erased() {
    let town = town();
    let mut phone = town.county.worker("worker-b", &[cell(2), cell(3)]);
    let dwelling = phone.new_dwelling(&cell(2));
    phone.push_all(std::slice::from_ref(&dwelling));
    let mut other = town.county.phone_of(&phone.account());
    other.round(Vec::new());
    town.county.world.pass(MINUTE);
    let moved = phone.change(Kind::Dwelling, dwelling.id, &cell(2), json!({"cell": cell(3)}));
    phone.push_all(&[moved]);
    let answer = other.round(Vec::new());
    let page = answer.pages.iter().find(|page| page.cell == cell(2)).unwrap();
    assert_eq!((page.gone.as_slice(), page.erased.as_slice()), ([dwelling.id].as_slice(), [].as_slice()));
}

#[test]
fn what_comes_later_for_an_erased_record_is_refused_and_stores_nothing() {
    let mut town = town();
    let visit = town.visit();
    let known = town.county.stored(town.person).unwrap().record;
    town.erase();
    town.county.world.pass(MINUTE);
    let edit = town.phone.change(Kind::Person, town.person, &cell(1), json!({"name": "回来了"}));
    let offered_whole = domain::Change::from_record(known);
    let visit_again = town.phone.change(Kind::Visit, visit, &cell(1), json!({"note": "还有"}));
    let by = town.phone.account();
    let new_visit =
        json!({"target": town.person, "target_kind": "person", "at": crate::common::START, "result": "met", "by": by});
    let new_visit = town.phone.new_record(Kind::Visit, &cell(1), new_visit);
    let good = town.phone.new_dwelling(&cell(1));
    let changes = [edit, offered_whole, visit_again, new_visit, good];
    let verdicts = town.phone.push(&changes);
    for verdict in &verdicts[..4] {
        let Verdict::Refused(refusal) = verdict else { panic!("accepted") };
        assert_eq!((refusal.code, &refusal.current), (ProblemCode::Erased, &None));
    }
    assert_eq!(verdicts[4], Verdict::Accepted, "and it stands in nobody's way");
    assert!(changes[..4].iter().all(|change| town.county.stored(change.id).is_none()));
}

#[test]
fn data_that_were_made_before_do_not_bring_anybody_back() {
    let town = town();
    let person = town.county.stored(town.person).unwrap().record;
    town.erase();
    let bulk = sync_server::store::BulkRecord {
        record: person,
        by: domain::AccountId::new("worker-a").unwrap(),
        at: crate::common::START,
        state: domain::review::ReviewState::Approved,
    };
    assert_eq!(town.county.hub.load(&[bulk]).unwrap(), 0);
    assert!(town.county.stored(town.person).is_none());
}

#[test]
fn a_photo_that_another_record_names_too_keeps_its_bytes() {
    let mut town = town();
    let picture = jpeg(5);
    let (own, hash) = town.photo(town.person, "person", &picture);
    let (other, _) = town.photo(town.household, "household", &picture);
    town.erase();
    assert!(town.county.stored(own).is_none() && town.county.stored(other).is_some());
    assert!(town.is_file(&hash));
    assert!(town.county.hub.photo_for(&town.phone.phone().actor, &hash, domain::protocol::PhotoSize::Full).is_ok());
}

#[test]
fn an_upload_under_way_is_given_up() {
    let mut town = town();
    let picture = jpeg(6);
    let (by, hash) = (town.phone.account(), Sha256Hex::new(&sha256(&picture)).unwrap());
    let fields = json!({"subject": town.person, "subject_kind": "person", "sha256": hash, "width": 64, "height": 48,
        "bytes": picture.len(), "taken_at": crate::common::START, "photo_kind": "scene", "by": by});
    let photo = town.phone.new_record(Kind::Photo, &cell(1), fields);
    town.phone.push_all(std::slice::from_ref(&photo));
    let offer = PhotoOffer { photo: photo.id, sha256: hash, bytes: picture.len() as u64 };
    let PhotoPlace::Upload { upload, .. } = town.county.hub.photo_offer(&town.phone.phone(), &offer).unwrap() else {
        panic!("stored");
    };
    town.county.hub.photo_append(&town.phone.phone(), &upload, 0, &picture[..50]).unwrap();
    town.erase();
    let file = town.county.folder.path().join("photos/uploads").join(&upload);
    assert!(!file.exists());
    let outcome = town.county.hub.photo_append(&town.phone.phone(), &upload, 50, &picture[50..]);
    assert_eq!(code(outcome), CallRefusal::UploadGone);
}

#[test]
fn every_entry_of_a_resident_goes_with_what_was_said_of_any_of_them() {
    let mut town = town();
    town.county.world.pass(MINUTE);
    let fields = json!({"household": town.household, "name": "欧阳静夜思"});
    let twice = town.phone.new_record(Kind::Person, &cell(1), fields.clone());
    town.county.world.pass(MINUTE);
    let thrice = town.phone.new_record(Kind::Person, &cell(1), fields);
    town.phone.push_all(&[twice.clone(), thrice.clone()]);
    town.county.world.pass(MINUTE);
    let merged = |into: RecordId| json!({"merged_into": into, "merged_before": {"phone": "13912345678"}});
    let one = town.phone.change(Kind::Person, twice.id, &cell(1), merged(town.person));
    let chain = town.phone.change(Kind::Person, thrice.id, &cell(1), merged(twice.id));
    town.phone.push_all(&[one, chain]);
    let by = town.phone.account();
    let at = town.county.world.clone().now_millis();
    let visit = json!({"target": thrice.id, "target_kind": "person", "at": at, "result": "met", "by": by});
    let visit = town.phone.new_record(Kind::Visit, &cell(1), visit);
    town.phone.push_all(std::slice::from_ref(&visit));
    // Asked for by the entry in the middle of the chain.
    let erased = town.county.hub.erase(&town.boss.actor, twice.id).unwrap();
    assert_eq!(erased.records, 4);
    for gone in [town.person, twice.id, thrice.id, visit.id] {
        assert!(town.county.stored(gone).is_none());
    }
    let page = &town.phone.round(Vec::new()).pages[0];
    assert!([town.person, twice.id, thrice.id].iter().all(|id| page.erased.contains(id)));
    let late = town.phone.change(Kind::Person, thrice.id, &cell(1), json!({"merged_into": null}));
    assert_eq!(town.phone.refused(&late), ProblemCode::Erased);
}

#[test]
fn an_entry_gives_way_to_an_older_one_of_its_kind_that_exists_and_to_no_other() {
    let mut town = town();
    town.county.world.pass(MINUTE);
    let fields = json!({"household": town.household, "name": "张三"});
    let twice = town.phone.new_record(Kind::Person, &cell(1), fields);
    town.phone.push_all(std::slice::from_ref(&twice));
    let mut refused = |id: RecordId, into: RecordId| {
        let change = town.phone.change(Kind::Person, id, &cell(1), json!({"merged_into": into}));
        town.phone.refused(&change)
    };
    assert_eq!(refused(town.person, twice.id), ProblemCode::WrongType, "the older one stays");
    assert_eq!(refused(twice.id, town.household), ProblemCode::MissingTarget, "a household is no resident");
    assert_eq!(refused(twice.id, RecordId(uuid::Uuid::from_u128(1))), ProblemCode::MissingTarget);
}

#[test]
fn only_a_supervisor_or_administrator_of_the_place_erases_and_only_persons() {
    let mut town = town();
    let visit = town.visit();
    let far = town.county.supervisor("far", "610722002");
    assert_eq!(code(town.county.hub.erase(&far.actor, town.person)), CallRefusal::NotFound);
    for role in [Role::Worker, Role::Informant, Role::Handler, Role::Auditor] {
        let actor = Actor { role, ..town.boss.actor.clone() };
        assert_eq!(code(town.county.hub.erase(&actor, town.person)), CallRefusal::NotAllowed);
    }
    for other in [visit, town.household] {
        assert_eq!(code(town.county.hub.erase(&town.boss.actor, other)), CallRefusal::NotAllowed);
    }
    assert!(town.county.stored(town.person).is_some());
    let admin = Actor { role: Role::Admin, scopes: vec![scope("610722")], ..town.boss.actor.clone() };
    assert!(town.county.hub.erase(&admin, town.person).is_ok());
    assert_eq!(code(town.county.hub.erase(&admin, town.person)), CallRefusal::NotFound, "there is nothing left");
}

#[test]
fn a_backup_does_not_bring_back_who_was_erased() {
    let mut town = town();
    let visit = town.visit();
    let (_, hash) = town.photo(town.person, "person", &jpeg(7));
    let known = town.county.stored(town.person).unwrap().record;
    let backup = town.county.folder.path().join("backup.db");
    town.county.hub.back_up(&backup).unwrap();
    let saved_photo = jpeg(7);
    // After the backup: another visit, then the erasure, and a second person who stays.
    town.county.world.pass(MINUTE);
    let late_visit = town.visit();
    town.erase();
    let kept = town.phone.new_home(&cell(1));
    town.phone.push_all(&kept);

    let text = std::fs::read_to_string(town.county.folder.path().join("erasures.log")).unwrap();
    assert!(text.contains(&town.person.to_string()) && text.contains(&late_visit.to_string()));
    assert!(!text.contains("欧阳"), "ids only");
    town.county.world.pass(HOUR);
    town.county.put_back_beside_its_erasures(&backup);
    // The photo folder came back with the backup.
    let (folder, name) = hash.as_str().split_at(2);
    let folder = town.county.folder.path().join("photos").join(folder);
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::write(folder.join(format!("{name}.jpg")), saved_photo).unwrap();
    assert!(town.county.stored(town.person).is_some(), "the backup still has the person");
    town.county.keep_erasures();
    for gone in [town.person, visit] {
        assert!(town.county.stored(gone).is_none(), "erased again before anybody is served");
    }
    assert!(!town.is_file(&hash));
    // A phone offers everything it holds: the person is refused, the others come back.
    town.phone.hub = std::sync::Arc::clone(&town.county.hub);
    town.phone.refresh();
    let mut phone = town.county.phone_of(&town.phone.account());
    let mut offered = vec![domain::Change::from_record(known)];
    offered.extend(kept.iter().cloned());
    let answer = phone.round(offered);
    let Verdict::Refused(refusal) = &answer.verdicts[0] else { panic!("accepted") };
    assert_eq!(refusal.code, ProblemCode::Erased);
    assert!(answer.verdicts[1..].iter().all(|verdict| *verdict == Verdict::Accepted));
    let page = &answer.pages[0];
    assert!(
        [town.person, visit, late_visit].iter().all(|id| page.erased.contains(id)),
        "and a phone that starts again is told"
    );
    // Once more: nothing is carried out twice.
    let audit = |county: &County| county.hub.store().read(|reading| reading.audit(1_000)).unwrap().len();
    let before = audit(&town.county);
    town.county.keep_erasures();
    assert_eq!(audit(&town.county), before);
}

#[test]
fn half_a_line_in_the_log_hides_no_other() {
    let mut town = town();
    let log = town.county.folder.path().join("erasures.log");
    std::fs::write(&log, b"{\"id\":\"0193").unwrap();
    town.county.keep_erasures();
    town.erase();
    let text = std::fs::read_to_string(&log).unwrap();
    assert!(text.lines().any(|line| line.contains(&town.person.to_string()) && line.ends_with('}')), "{text}");
    town.county.keep_erasures();
}

#[test]
fn what_cannot_be_logged_is_not_erased() {
    let town = town();
    let missing = town.county.folder.path().join("no folder").join("erasures.log");
    let hub = sync_server::hub::Hub::open(
        sync_server::store::sqlite::SqliteStore::open(&town.county.folder.path().join("county.db")).unwrap(),
        sync_server::photos::PhotoFolder::open(&town.county.folder.path().join("photos")).unwrap(),
        Box::new(town.county.world.clone()),
    );
    assert!(hub.unwrap().with_erasure_log(&missing).is_err(), "nothing is served without the log");
    assert!(town.county.stored(town.person).is_some());
}

impl Town {
    /// A supervisor's phone orders an evacuation that lists the person and another one; the worker marks both.
    fn evacuation(&mut self) -> (TestPhone, domain::Change, RecordId) {
        let account = self.county.account("boss-phone", Role::Supervisor, &["610722001001"], &[cell(1)]);
        let mut boss = self.county.phone_of(&account);
        let point = boss.new_record(Kind::HazardPoint, &cell(1), json!({"name": "后坡", "hazard_kind": "landslide"}));
        let neighbour = boss.new_record(Kind::Person, &cell(1), json!({"household": self.household, "name": "李四"}));
        let order = boss.new_record(Kind::Evacuation, &cell(1), self.order(point.id, neighbour.id, account.as_str()));
        boss.push_all(&[point, neighbour.clone(), order.clone()]);
        let by = self.phone.account();
        let fields = json!({"evacuation": order.id, "person": self.person, "mark": "called",
            "at": crate::common::START, "by": by});
        let mark = self.phone.new_record(Kind::RollCall, &cell(1), fields);
        self.phone.push_all(std::slice::from_ref(&mark));
        (boss, order, mark.id)
    }

    fn order(&self, point: RecordId, neighbour: RecordId, by: &str) -> serde_json::Value {
        let listed = |person: RecordId, name: &str| json!({"person": person, "household": self.household, "point": point, "name": name});
        json!({"reason": "强降雨", "level": "red", "drill": false, "points": [point], "ordered_at": crate::common::START,
            "by": by, "roster": [listed(self.person, "欧阳静夜思"), listed(neighbour, "李四")]})
    }

    /// Whether the name stands in a record or in its past.
    pub(crate) fn remembers(&self, id: RecordId, name: &str) -> bool {
        let record = self.county.stored(id).unwrap().record;
        let history = self.county.hub.store().read(|reading| reading.history(&scope("610722"), id)).unwrap();
        let past = history.iter().any(|step| format!("{:?}{:?}", step.fields, step.lost).contains(name));
        past || format!("{:?}", record.fields).contains(name)
    }
}

#[test]
fn a_name_vanishes_from_rosters_and_their_past_and_the_marks_go() {
    let mut town = town();
    let (mut boss, order, mark) = town.evacuation();
    assert!(town.remembers(order.id, "欧阳静夜思"));
    town.county.world.pass(MINUTE);
    let ended = boss.change(Kind::Evacuation, order.id, &cell(1), json!({"ended_at": crate::common::START}));
    boss.push_all(&[ended]);
    assert_eq!(town.erase(), 2, "the person and the mark");
    assert!(town.county.stored(mark).is_none());
    assert!(!town.remembers(order.id, "欧阳静夜思") && town.remembers(order.id, "李四"));
    let roster = town.county.stored(order.id).unwrap().record.fields["roster"].clone();
    assert_eq!(roster.as_array().map(Vec::len), Some(1));
    let page = boss.round(Vec::new()).pages.remove(0);
    assert!(page.records.iter().any(|record| record.id == order.id), "the shorter roster comes down");
    for file in std::fs::read_dir(town.county.folder.path()).unwrap() {
        let path = file.unwrap().path();
        let bytes = std::fs::read(&path).unwrap_or_default();
        let name = "欧阳静夜思".as_bytes();
        assert!(!bytes.windows(name.len()).any(|window| window == name), "{path:?}");
    }
}

#[test]
fn an_order_that_still_lists_who_was_erased_is_taken_without_them_and_a_mark_is_refused() {
    let mut town = town();
    let (mut boss, order, _) = town.evacuation();
    town.erase();
    let again = boss.new_record(Kind::Evacuation, &cell(1), order.fields.clone().into_iter().collect());
    boss.push_all(std::slice::from_ref(&again));
    assert!(!town.remembers(again.id, "欧阳静夜思") && town.remembers(again.id, "李四"));
    let by = town.phone.account();
    let fields = json!({"evacuation": again.id, "person": town.person, "mark": "called",
        "at": crate::common::START, "by": by});
    let mark = town.phone.new_record(Kind::RollCall, &cell(1), fields);
    assert_eq!(town.phone.refused(&mark), ProblemCode::Erased);
}

#[test]
fn a_worker_orders_no_evacuation_and_nobody_changes_a_roster() {
    let mut town = town();
    let (mut boss, order, _) = town.evacuation();
    let fields: serde_json::Value = order.fields.clone().into_iter().collect();
    let by_worker = town.phone.new_record(Kind::Evacuation, &cell(1), fields);
    assert_eq!(town.phone.refused(&by_worker), ProblemCode::NotAllowed);
    town.county.world.pass(MINUTE);
    let shorter = boss.change(Kind::Evacuation, order.id, &cell(1), json!({"roster": []}));
    assert_eq!(boss.refused(&shorter), ProblemCode::Sealed);
}

#[test]
fn an_erased_party_of_a_dispute_leaves_its_side_alone_also_in_what_was_written_before_and_comes_later() {
    let mut town = town();
    let parties = json!([
        {"person": town.person, "name": "欧阳静夜思", "side": "applicant", "phone": "13912345678", "address": "2幢"},
        {"name": "李四", "side": "respondent"},
    ]);
    let by = town.phone.account();
    let file = |parties: &serde_json::Value| json!({"type": "02", "source": "applied", "accepted_on": "2026-01-05", "parties": parties, "by": by});
    let case = town.phone.new_record(Kind::Dispute, &cell(1), file(&parties));
    // In another, the name stands in the history alone.
    let former = town.phone.new_record(Kind::Dispute, &cell(1), file(&parties));
    town.phone.push_all(&[case.clone(), former.clone()]);
    town.county.world.pass(MINUTE);
    let others = json!([{"name": "王五", "side": "applicant"}, {"name": "李四", "side": "respondent"}]);
    let changed = town.phone.change(Kind::Dispute, former.id, &cell(1), json!({"parties": others}));
    town.phone.push_all(&[changed]);
    let mut other = town.county.phone_of(&town.phone.account());
    other.round(Vec::new());
    town.erase();
    let emptied = json!([{"name": "—", "side": "applicant"}, {"name": "李四", "side": "respondent"}]);
    assert_eq!(town.county.stored(case.id).unwrap().record.fields["parties"], emptied);
    assert_eq!(town.county.stored(former.id).unwrap().record.fields["parties"], others);
    let page = &other.round(Vec::new()).pages[0];
    let down = page.records.iter().find(|record| record.id == case.id).unwrap();
    assert_eq!(down.fields["parties"], emptied, "phones hear of it");
    // A phone that has not heard of it sends the name once more.
    town.county.world.pass(MINUTE);
    let late = town.phone.new_record(Kind::Dispute, &cell(1), file(&parties));
    town.phone.push_all(std::slice::from_ref(&late));
    assert_eq!(town.county.stored(late.id).unwrap().record.fields["parties"], emptied);
    for id in [case.id, former.id, late.id] {
        let history = town.county.hub.store().read(|reading| reading.history(&scope("610722"), id)).unwrap();
        assert!(!history.is_empty(), "the file keeps its history");
        let text = format!("{history:?}");
        assert!(!text.contains("欧阳静夜思") && !text.contains("13912345678"), "{text}");
    }
    for file in std::fs::read_dir(town.county.folder.path()).unwrap() {
        let path = file.unwrap().path();
        let bytes = std::fs::read(&path).unwrap_or_default();
        let holds = |text: &str| bytes.windows(text.len()).any(|window| window == text.as_bytes());
        assert!(!holds("欧阳静夜思") && !holds("13912345678"), "{path:?}");
    }
}

/// A case of the erased person and of somebody else, or of nobody else, with one event; everything in it was approved.
pub(crate) fn case(town: &mut Town, other: Option<&str>) -> (RecordId, RecordId) {
    let by = town.phone.account();
    let at = town.county.world.clone().now_millis();
    let mut parties = vec![json!({"person": town.person, "name": "欧阳静夜思", "side": "applicant"})];
    parties.extend(other.map(|name| json!({"name": name, "side": "respondent"})));
    let fields = json!({"type": "02", "source": "applied", "accepted_on": "2026-01-05", "parties": parties, "by": by,
        "number": "(2026)人调字第 7 号", "facts": "欧阳静夜思的墙漏水", "claim": "修好", "amount": "1200.00"});
    let case = town.phone.new_record(Kind::Dispute, &cell(1), fields);
    let event = json!({"dispute": case.id, "event": "mediation", "at": at, "by": by, "present": ["欧阳静夜思", "李四"], "text": "都到场"});
    let event = town.phone.new_record(Kind::DisputeEvent, &cell(1), event);
    town.phone.push_all(&[case.clone(), event.clone()]);
    let version = town.county.stored(case.id).unwrap().record.version();
    let review = sync_server::hub::reviews::ReviewOf {
        id: case.id,
        version,
        seen: domain::review::ReviewState::Waiting,
        verdict: sync_server::hub::reviews::ReviewVerdict::Approved,
        remarks: Default::default(),
        note: None,
    };
    town.county.hub.review(&town.boss, &review).unwrap();
    town.county.world.pass(MINUTE);
    (case.id, event.id)
}

pub(crate) fn no_word_is_left(town: &Town) {
    for file in std::fs::read_dir(town.county.folder.path()).unwrap() {
        let path = file.unwrap().path();
        let bytes = std::fs::read(&path).unwrap_or_default();
        assert!(!bytes.windows(15).any(|window| window == "欧阳静夜思".as_bytes()), "{path:?}");
    }
}

#[test]
fn a_case_that_is_about_nobody_any_more_keeps_its_numbers_and_loses_its_words() {
    let mut town = town();
    let (case, event) = case(&mut town, None);
    let erased = town.county.hub.erase(&town.boss.actor, town.person).unwrap();
    assert_eq!((erased.records, erased.to_correct), (3, Vec::new()), "the person, the event and the review");
    let left = town.county.stored(case).unwrap().record;
    for words in ["facts", "claim"] {
        assert_eq!(left.fields[words], json!(null), "{words}");
    }
    assert_eq!((left.text("amount"), left.text("type")), (Some("1200.00"), Some("02")));
    assert!(town.county.stored(event).is_none());
    let page = &town.phone.round(Vec::new()).pages[0];
    assert!(page.erased.contains(&event) && page.records.iter().any(|record| record.id == case));
    // What comes late would bring the words back.
    let (by, at) = (town.phone.account(), town.county.world.clone().now_millis());
    let late = json!({"dispute": case, "event": "follow_up", "at": at, "by": by, "text": "欧阳静夜思满意"});
    let late = town.phone.new_record(Kind::DisputeEvent, &cell(1), late);
    assert_eq!(town.phone.refused(&late), ProblemCode::Erased);
    let words =
        town.phone.change(Kind::Dispute, case, &cell(1), json!({"facts": "欧阳静夜思的墙又漏水", "amount": "1300.00"}));
    let parties = json!([{"person": town.person, "name": "欧阳静夜思", "side": "applicant"}]);
    let file = json!({"type": "02", "source": "applied", "accepted_on": "2026-01-05", "parties": parties, "by": town.phone.account(),
        "facts": "欧阳静夜思的墙漏水"});
    let file = town.phone.new_record(Kind::Dispute, &cell(1), file);
    town.phone.push_all(&[words, file.clone()]);
    let [case, file] = [case, file.id].map(|id| town.county.stored(id).unwrap().record);
    assert_eq!((&case.fields["facts"], case.text("amount")), (&json!(null), Some("1300.00")));
    assert_eq!((&file.fields["facts"], &file.fields["parties"][0]["name"]), (&json!(null), &json!("—")));
    no_word_is_left(&town);
}

#[test]
fn a_case_of_others_too_keeps_its_words_and_the_supervisor_is_told_where_the_name_stands() {
    let mut town = town();
    let (case, event) = case(&mut town, Some("李四"));
    let (_, quiet) = {
        let by = town.phone.account();
        let at = town.county.world.clone().now_millis();
        let fields = json!({"dispute": case, "event": "follow_up", "at": at, "by": by, "text": "已修好"});
        let quiet = town.phone.new_record(Kind::DisputeEvent, &cell(1), fields);
        town.phone.push_all(std::slice::from_ref(&quiet));
        (case, quiet.id)
    };
    let erased = town.county.hub.erase(&town.boss.actor, town.person).unwrap();
    let [told] = erased.to_correct.as_slice() else { panic!("{erased:?}") };
    assert_eq!((told.id, told.number.as_deref()), (case, Some("(2026)人调字第 7 号")));
    assert_eq!(told.fields, ["facts"]);
    assert_eq!(told.events.iter().map(|(id, _)| *id).collect::<Vec<_>>(), [event], "only where the name stands");
    let history = town.county.hub.store().read(|reading| reading.approved(&scope("610722"), case)).unwrap().unwrap();
    assert!(!history.fields["parties"].to_string().contains("欧阳"), "also of the version that was approved");
    // What the supervisor then does about it.
    let worker = Actor { role: Role::Worker, ..town.boss.actor.clone() };
    assert_eq!(code(town.county.hub.erase(&worker, event)), CallRefusal::NotAllowed);
    assert_eq!(town.county.hub.erase(&town.boss.actor, event).unwrap().records, 1);
    assert!(town.county.stored(quiet).is_some() && town.county.stored(case).is_some());
    assert!(town.phone.round(Vec::new()).pages[0].erased.contains(&event));
}
