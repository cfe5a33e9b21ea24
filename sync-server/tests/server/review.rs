//! Reviewing beyond one yes or no: two levels, taking back, corrections by the desk, what counts officially, what passes among many.

use std::collections::BTreeMap;

use domain::protocol::CallRefusal;
use domain::review::rules::ReviewRules;
use domain::review::{ReviewState, TAKE_BACK_ALLOWED};
use domain::scope::Role;
use domain::{Fields, Kind, ProblemCode, Record, RecordId, Version};
use serde_json::{Value, json};
use sync_server::hub::HubError;
use sync_server::hub::corrections::CorrectionOf;
use sync_server::hub::desk::Desk;
use sync_server::hub::reports::official as counting;
use sync_server::hub::reviews::{LookedAt, ReviewOf, ReviewVerdict};
use sync_server::hub::take_back::TakenBack;
use sync_server::store::Store as _;

use crate::common::{County, MINUTE, PASSWORD, TestPhone, cell, scope};

fn code<T: std::fmt::Debug>(answer: Result<T, HubError>) -> CallRefusal {
    answer.unwrap_err().code()
}

fn version(county: &County, id: RecordId) -> Version {
    county.stored(id).unwrap().version
}

fn state(county: &County, id: RecordId) -> ReviewState {
    county.stored(id).unwrap().state
}

fn say(county: &County, desk: &Desk, id: RecordId, verdict: ReviewVerdict) -> Result<RecordId, HubError> {
    let note = (verdict == ReviewVerdict::Returned).then(|| "请核对".to_owned());
    let (version, seen) = (version(county, id), state(county, id));
    county.hub.review(desk, &ReviewOf { id, version, seen, verdict, remarks: BTreeMap::new(), note })
}

fn looked_at(county: &County, id: RecordId) -> LookedAt {
    LookedAt { id, version: version(county, id), seen: state(county, id) }
}

/// How far the feed of the first cell has come.
fn reached(county: &County) -> u64 {
    county.hub.store().read(|reading| reading.feed_reached(&cell(1))).unwrap()
}

fn approve(county: &County, desk: &Desk, id: RecordId) -> Result<RecordId, HubError> {
    say(county, desk, id, ReviewVerdict::Approved)
}

/// What the phone makes of the reviews that it has pulled.
fn on_the_phone(county: &County, phone: &mut TestPhone, id: RecordId, told: &mut Vec<Record>) -> ReviewState {
    told.extend(phone.round(Vec::new()).pages.into_iter().flat_map(|page| page.records));
    let record = county.stored(id).unwrap().record;
    domain::review::state(&record, told.iter().filter(|record| record.kind == Kind::Review))
}

struct Scene {
    county: County,
    phone: TestPhone,
    boss: Desk,
    person: RecordId,
    told: Vec<Record>,
}

/// A worker with a home, its resident waiting for the community's supervisor.
fn scene() -> Scene {
    let county = County::new();
    let mut phone = county.worker("worker-a", &[cell(1)]);
    let home = phone.new_home(&cell(1));
    phone.push_all(&home);
    let boss = county.supervisor("boss", "610722001001");
    Scene { boss, person: home[2].id, phone, county, told: Vec::new() }
}

#[test]
fn with_two_levels_the_town_decides_what_the_community_has_approved() {
    let Scene { county, mut phone, boss, person, mut told } = scene();
    county.set_review_rules(&ReviewRules { two_levels: true, ..ReviewRules::default() });
    let town = county.supervisor("town", "610722001");
    assert_eq!(code(approve(&county, &town, person)), CallRefusal::NotYet, "the community comes first");
    approve(&county, &boss, person).unwrap();
    assert_eq!(state(&county, person), ReviewState::AtTown);
    assert_eq!(county.stored(person).unwrap().approved_version, None, "nothing is approved yet");
    assert_eq!(on_the_phone(&county, &mut phone, person, &mut told), ReviewState::AtTown);
    let before = reached(&county);
    approve(&county, &boss, person).unwrap();
    assert_eq!(reached(&county), before, "a second click writes nothing");

    approve(&county, &town, person).unwrap();
    assert_eq!(state(&county, person), ReviewState::Approved);
    assert_eq!(county.stored(person).unwrap().approved_version, Some(version(&county, person)));
    assert_eq!(on_the_phone(&county, &mut phone, person, &mut told), ReviewState::Approved);

    // A change starts over; what the town returns reaches the worker as returned.
    county.world.pass(MINUTE);
    let edit = phone.change(Kind::Person, person, &cell(1), json!({"phone": "13811111111"}));
    phone.push_all(&[edit]);
    assert_eq!(state(&county, person), ReviewState::Waiting);
    approve(&county, &boss, person).unwrap();
    say(&county, &town, person, ReviewVerdict::Returned).unwrap();
    assert_eq!(on_the_phone(&county, &mut phone, person, &mut told), ReviewState::Returned);
}

#[test]
fn a_decision_on_what_a_colleague_has_decided_meanwhile_is_refused_as_stale_until_their_word_was_read() {
    let Scene { county, boss, person, .. } = scene();
    // Of low risk when it is new, if the county says so.
    let home = county.stored(person).unwrap().record.reference("household").unwrap();
    let dwelling = county.stored(home).unwrap().record.reference("dwelling").unwrap();
    county.let_pass_among_many(&[Kind::Dwelling]);
    let seen = looked_at(&county, dwelling);
    let LookedAt { id, version, seen: state_then } = seen.clone();
    let wish = |verdict, note: Option<&str>| {
        let (version, note) = (version.clone(), note.map(str::to_owned));
        ReviewOf { id, version, seen: state_then, verdict, remarks: BTreeMap::new(), note }
    };
    let colleague = county.supervisor("colleague", "610722001001");
    county.hub.review(&colleague, &wish(ReviewVerdict::Returned, Some("房号不对"))).unwrap();

    let approval = wish(ReviewVerdict::Approved, None);
    assert_eq!(code(county.hub.review(&boss, &approval)), CallRefusal::Stale);
    assert_eq!(code(county.hub.review(&boss, &wish(ReviewVerdict::Returned, Some("x")))), CallRefusal::Stale);
    let many = county.hub.approve_many(&boss, &[seen]).unwrap();
    assert_eq!((many.approved, many.stale), (0, vec![dwelling]));
    assert_eq!(state(&county, dwelling), ReviewState::Returned);

    // Read, and decided otherwise: that is the boss's to do.
    county.hub.review(&boss, &ReviewOf { seen: ReviewState::Returned, ..approval.clone() }).unwrap();
    assert_eq!(state(&county, dwelling), ReviewState::Approved);
    county.hub.review(&colleague, &approval).expect("of one mind: it stands already");
}

#[test]
fn nobody_approves_at_both_levels() {
    let Scene { county, boss, person, .. } = scene();
    county.set_review_rules(&ReviewRules { two_levels: true, ..ReviewRules::default() });
    approve(&county, &boss, person).unwrap();
    county.account("boss", Role::Supervisor, &["610722001"], &[]);
    let promoted = county.hub.sign_in("boss", PASSWORD).unwrap().desk;
    assert_eq!(code(approve(&county, &promoted, person)), CallRefusal::NotYet);
    assert_eq!(state(&county, person), ReviewState::AtTown);
    // The county goes back to one level: whoever may review may finish it.
    county.set_review_rules(&ReviewRules::default());
    approve(&county, &promoted, person).unwrap();
    assert_eq!(state(&county, person), ReviewState::Approved);
}

#[test]
fn the_rules_are_set_by_administrators_alone_and_noted() {
    let county = County::new();
    let rules = ReviewRules { two_levels: true, official_when_approved: true, ..ReviewRules::default() };
    for (name, role) in [("sup", Role::Supervisor), ("han", Role::Handler), ("aud", Role::Auditor)] {
        county.account(name, role, &["610722"], &[]);
        let desk = county.hub.sign_in(name, PASSWORD).unwrap().desk;
        assert_eq!(code(county.hub.set_review_rules(&desk, &rules)), CallRefusal::NotAllowed, "{role:?}");
    }
    assert_eq!(county.hub.review_rules().unwrap(), ReviewRules::default());
    county.set_review_rules(&rules);
    county.set_review_rules(&rules);
    assert_eq!(county.hub.review_rules().unwrap(), rules);
    let noted = county.hub.store().read(|reading| reading.audit(50)).unwrap();
    assert_eq!(
        noted.iter().filter(|entry| entry.action == "review_rules").count(),
        1,
        "what changed nothing is not noted"
    );
    let mut bold = rules;
    bold.low_risk.fields.insert("person".into(), ["name".to_owned()].into());
    let admin = county.hub.sign_in("rules-admin", PASSWORD).unwrap().desk;
    assert_eq!(code(county.hub.set_review_rules(&admin, &bold)), CallRefusal::Invalid);
}

fn take_back(county: &County, desk: &Desk, review: RecordId) -> TakenBack {
    county.hub.take_back(desk, &[review]).unwrap()
}

#[test]
fn an_approval_is_taken_back_within_a_moment_and_what_was_approved_before_stands_again() {
    let Scene { county, mut phone, boss, person, mut told } = scene();
    let first = version(&county, person);
    let approval = approve(&county, &boss, person).unwrap();
    assert_eq!(on_the_phone(&county, &mut phone, person, &mut told), ReviewState::Approved);
    county.world.pass(9_000);
    assert_eq!(take_back(&county, &boss, approval).taken, [person]);
    assert_eq!((state(&county, person), county.stored(person).unwrap().approved_version), (ReviewState::Waiting, None));
    assert_eq!(on_the_phone(&county, &mut phone, person, &mut told), ReviewState::Waiting);
    assert_eq!(take_back(&county, &boss, approval).taken, [person], "a second click changes nothing");

    // With something approved before: it is the measure again, with its values.
    approve(&county, &boss, person).unwrap();
    county.world.pass(MINUTE);
    let edit = phone.change(Kind::Person, person, &cell(1), json!({"phone": "13811111111"}));
    phone.push_all(&[edit]);
    let approval = approve(&county, &boss, person).unwrap();
    assert_eq!(take_back(&county, &boss, approval).taken, [person]);
    let stored = county.stored(person).unwrap();
    assert_eq!((stored.state, stored.approved_version), (ReviewState::Waiting, Some(first.clone())));
    let kept = county.hub.store().read(|reading| reading.approved(&scope("610722"), person)).unwrap().unwrap();
    assert_eq!((kept.version, kept.fields["phone"].as_str()), (first, Some("13800000000")));
    approve(&county, &boss, person).unwrap();
    assert_eq!(state(&county, person), ReviewState::Approved);
}

#[test]
fn a_return_is_taken_back_and_what_stood_before_stands_again() {
    let Scene { county, boss, person, .. } = scene();
    let returned = say(&county, &boss, person, ReviewVerdict::Returned).unwrap();
    assert_eq!(take_back(&county, &boss, returned).taken, [person]);
    assert_eq!(state(&county, person), ReviewState::Waiting);
    approve(&county, &boss, person).unwrap();
    let returned = say(&county, &boss, person, ReviewVerdict::Returned).unwrap();
    take_back(&county, &boss, returned);
    assert_eq!(state(&county, person), ReviewState::Approved);
    assert!(county.stored(person).unwrap().approved_version.is_some());
}

#[test]
fn too_late_or_another_s_or_built_upon_it_stays() {
    let Scene { county, boss, person, .. } = scene();
    let other = county.supervisor("other", "610722001001");
    let approval = approve(&county, &boss, person).unwrap();
    assert_eq!(take_back(&county, &other, approval).left, [approval], "somebody else's");
    let far = county.supervisor("far", "610722009");
    assert_eq!(take_back(&county, &far, approval).left, [approval], "of another town");
    say(&county, &other, person, ReviewVerdict::Returned).unwrap();
    assert_eq!(take_back(&county, &boss, approval).left, [approval], "somebody has decided since");
    let again = approve(&county, &boss, person).unwrap();
    county.world.pass(TAKE_BACK_ALLOWED + 1);
    assert_eq!(take_back(&county, &boss, again).left, [again], "too late");
    assert_eq!(take_back(&county, &boss, person).left, [person], "no review at all");
    assert_eq!(state(&county, person), ReviewState::Approved);
    county.account("han", Role::Handler, &["610722"], &[]);
    let handler = county.hub.sign_in("han", PASSWORD).unwrap().desk;
    assert_eq!(code(county.hub.take_back(&handler, &[again])), CallRefusal::NotAllowed);
}

#[test]
fn taken_back_after_the_worker_changed_the_record_only_the_measure_goes_back() {
    let Scene { county, mut phone, boss, person, .. } = scene();
    let approval = approve(&county, &boss, person).unwrap();
    let edit = phone.change(Kind::Person, person, &cell(1), json!({"phone": "13811111111"}));
    phone.push_all(&[edit]);
    assert_eq!(state(&county, person), ReviewState::Waiting);
    assert_eq!(take_back(&county, &boss, approval).taken, [person]);
    let stored = county.stored(person).unwrap();
    assert_eq!((stored.state, stored.approved_version), (ReviewState::Waiting, None));
    assert_eq!(stored.record.text("phone"), Some("13811111111"));
    assert!(county.hub.store().read(|reading| reading.approved(&scope("610722"), person)).unwrap().is_none());
}

#[test]
fn what_the_town_has_built_upon_the_community_does_not_take_back() {
    let Scene { county, boss, person, .. } = scene();
    county.set_review_rules(&ReviewRules { two_levels: true, ..ReviewRules::default() });
    let town = county.supervisor("town", "610722001");
    let first = approve(&county, &boss, person).unwrap();
    let second = approve(&county, &town, person).unwrap();
    assert_eq!(take_back(&county, &boss, first).left, [first]);
    assert_eq!(take_back(&county, &town, second).taken, [person]);
    assert_eq!(state(&county, person), ReviewState::AtTown);
    assert_eq!(take_back(&county, &boss, first).taken, [person]);
    assert_eq!(state(&county, person), ReviewState::Waiting);
}

fn correction(county: &County, id: RecordId, fields: Value) -> CorrectionOf {
    let fields: Fields = serde_json::from_value(fields).unwrap();
    CorrectionOf {
        id,
        version: version(county, id),
        reached: Some(reached(county)),
        fields,
        note: Some("电话按户主更正".into()),
    }
}

#[test]
fn the_desk_puts_values_right_and_the_phone_hears_who_did() {
    let Scene { county, mut phone, boss, person, mut told } = scene();
    approve(&county, &boss, person).unwrap();
    let wish = correction(
        &county,
        person,
        json!({"phone": "13822222222", "name": county.stored(person).unwrap().record.text("name")}),
    );
    let now = county.hub.correct(&boss, &wish).unwrap();
    let stored = county.stored(person).unwrap();
    assert_eq!(
        (stored.record.text("phone"), stored.state, &stored.version),
        (Some("13822222222"), ReviewState::Waiting, &now)
    );
    assert_eq!(stored.changed_by.as_str(), "boss");
    assert_eq!(on_the_phone(&county, &mut phone, person, &mut told), ReviewState::Waiting);
    let reviews: Vec<&Record> = told.iter().filter(|record| record.kind == Kind::Review).collect();
    let said = domain::review::correction(&stored.record, reviews).unwrap();
    assert_eq!((said.by.as_deref(), said.corrected.as_slice()), (Some("boss"), ["phone".to_owned()].as_slice()));
    assert_eq!(county.hub.correct(&boss, &wish).unwrap_err().code(), CallRefusal::Stale, "a second click");
    let same = correction(&county, person, json!({"phone": "13822222222"}));
    assert_eq!(county.hub.correct(&boss, &same).unwrap(), now, "nothing changes, nothing is written");
    let kept = county.hub.store().read(|reading| reading.approved(&scope("610722"), person)).unwrap().unwrap();
    assert_eq!(kept.fields["phone"], "13800000000", "the supervisor's own word waits for review as well");
}

#[test]
fn a_correction_is_judged_like_any_change_and_says_which_field_is_wrong() {
    let Scene { county, mut phone, boss, person, .. } = scene();
    let refusal = |fields: Value| match county.hub.correct(&boss, &correction(&county, person, fields)) {
        Err(HubError::Refused { code: CallRefusal::Invalid, problems }) => {
            (problems[0].field.clone(), problems[0].code)
        }
        other => panic!("{other:?}"),
    };
    assert_eq!(refusal(json!({"phone": "12"})), ("phone".into(), ProblemCode::PhoneForm));
    assert_eq!(refusal(json!({"name": null})), ("name".into(), ProblemCode::Required));
    assert_eq!(refusal(json!({"cell": cell(2)})), ("cell".into(), ProblemCode::NotAllowed));
    assert_eq!(refusal(json!({"religion": "x"})), ("religion".into(), ProblemCode::NotAllowed));
    let visit = phone.visit(county.stored(person).unwrap().record.reference("household").unwrap(), &cell(1));
    phone.push_all(std::slice::from_ref(&visit));
    let once = correction(&county, visit.id, json!({"note": "改"}));
    assert_eq!(code(county.hub.correct(&boss, &once)), CallRefusal::NotAllowed, "a visit is written once");
    let wish = correction(&county, person, json!({"phone": "13822222222"}));
    let neighbour = county.supervisor("neighbour", "610722001002");
    assert_eq!(code(county.hub.correct(&neighbour, &wish)), CallRefusal::NotFound);
    for (name, role) in [("adm", Role::Admin), ("han", Role::Handler), ("aud", Role::Auditor)] {
        county.account(name, role, &["610722"], &[]);
        let desk = county.hub.sign_in(name, PASSWORD).unwrap().desk;
        assert!(
            matches!(code(county.hub.correct(&desk, &wish)), CallRefusal::NotFound | CallRefusal::NotAllowed),
            "{role:?}"
        );
    }
    assert_eq!(county.stored(person).unwrap().record.text("phone"), Some("13800000000"));
}

#[test]
fn a_correction_against_an_unseen_change_shows_both_values_and_either_can_be_restored() {
    let Scene { county, mut phone, boss, person, .. } = scene();
    let unseen = phone.change(Kind::Person, person, &cell(1), json!({"phone": "13833333333"}));
    county.world.pass(1_000);
    county.hub.correct(&boss, &correction(&county, person, json!({"phone": "13822222222"}))).unwrap();
    phone.push_all(&[unseen]);
    assert_eq!(county.stored(person).unwrap().record.text("phone"), Some("13822222222"));
    let open = county.hub.store().read(|reading| reading.open_conflicts(&scope("610722"), person, 0)).unwrap();
    assert_eq!((open.len(), &open[0].value), (1, &json!("13833333333")));
    let wish = sync_server::hub::conflicts::RestoreOf {
        id: person,
        version: version(&county, person),
        reached: reached(&county),
        field: "phone".into(),
        stamp: open[0].stamp,
    };
    county.hub.restore_at_desk(&boss, &wish).unwrap();
    assert_eq!(county.stored(person).unwrap().record.text("phone"), Some("13833333333"));
}

#[test]
fn what_a_page_shows_in_place_of_a_hidden_value_is_no_value() {
    let Scene { county, boss, person, .. } = scene();
    let before = county.stored(person).unwrap();
    let shown = |field: &str| domain::mask::value(&Kind::Person, field, &before.record.fields[field]);
    for field in ["name", "phone"] {
        let wish = correction(&county, person, json!({ field: shown(field) }));
        let refused = match county.hub.correct(&boss, &wish).unwrap_err() {
            HubError::Refused { problems, .. } => problems,
            other => panic!("{other:?}"),
        };
        assert!(refused.iter().any(|one| one.field == field && one.code == ProblemCode::Masked), "{refused:?}");
    }
    assert_eq!(county.stored(person).unwrap().version, before.version);
    county.hub.correct(&boss, &correction(&county, person, json!({"name": "张三丰"}))).unwrap();
}

#[test]
fn who_administers_a_town_sets_no_rules_of_the_county() {
    let county = County::new();
    county.account("admin-town", Role::Admin, &["610722001", "610722002"], &[]);
    let town = county.hub.sign_in("admin-town", PASSWORD).unwrap().desk;
    let rules = ReviewRules { official_when_approved: true, ..ReviewRules::default() };
    assert_eq!(code(county.hub.set_review_rules(&town, &rules)), CallRefusal::NotAllowed);
    assert_eq!(county.hub.review_rules().unwrap(), ReviewRules::default());
}

fn official(county: &County, rules: &ReviewRules) -> Vec<Record> {
    let whole = scope("610722");
    let people = county.hub.store().read(|reading| reading.of_kind(&cell(1), &Kind::Person)).unwrap();
    let counts = |stored| county.hub.store().read(|reading| counting(reading, &whole, stored, rules)).unwrap();
    people.into_iter().filter_map(counts).collect()
}

#[test]
fn what_counts_officially_is_what_was_approved_last_when_the_county_says_so() {
    let Scene { county, mut phone, boss, person, .. } = scene();
    let now = ReviewRules::default();
    let approved = ReviewRules { official_when_approved: true, ..ReviewRules::default() };
    assert_eq!((official(&county, &now).len(), official(&county, &approved).len()), (1, 0));
    approve(&county, &boss, person).unwrap();
    assert_eq!(official(&county, &approved)[0].text("phone"), Some("13800000000"));
    county.world.pass(MINUTE);
    let edit = phone.change(Kind::Person, person, &cell(1), json!({"phone": "13811111111"}));
    phone.push_all(&[edit]);
    assert_eq!(official(&county, &now)[0].text("phone"), Some("13811111111"));
    assert_eq!(official(&county, &approved)[0].text("phone"), Some("13800000000"));
    let approval = approve(&county, &boss, person).unwrap();
    assert_eq!(official(&county, &approved)[0].text("phone"), Some("13811111111"));
    take_back(&county, &boss, approval);
    assert_eq!(official(&county, &approved)[0].text("phone"), Some("13800000000"));
}

#[test]
fn among_many_only_what_is_of_low_risk_passes_and_all_of_it_can_be_taken_back() {
    let Scene { county, mut phone, boss, person, .. } = scene();
    let household = county.stored(person).unwrap().record.reference("household").unwrap();
    let visits: Vec<_> = (0..3).map(|_| phone.visit(household, &cell(1))).collect();
    phone.push_all(&visits);
    let incident = phone.new_incident(&cell(1));
    phone.push_all(std::slice::from_ref(&incident));
    let ids = visits.iter().map(|visit| visit.id).chain([incident.id, person]);
    let items: Vec<_> = ids.map(|id| looked_at(&county, id)).collect();
    let outcome = county.hub.approve_many(&boss, &items).unwrap();
    assert_eq!((outcome.approved, outcome.left), (3, vec![incident.id, person]));
    assert_eq!(state(&county, person), ReviewState::Waiting);
    assert_eq!(county.hub.take_back(&boss, &outcome.reviews).unwrap().taken.len(), 3);
    assert!(visits.iter().all(|visit| state(&county, visit.id) == ReviewState::Waiting));
}

#[test]
fn an_erased_person_leaves_nothing_of_what_was_approved_before() {
    let Scene { county, boss, person, .. } = scene();
    let approval = approve(&county, &boss, person).unwrap();
    county.hub.erase(&boss.actor, person).unwrap();
    assert_eq!(take_back(&county, &boss, approval).left, [approval]);
}

#[test]
fn every_kind_that_is_reviewed_can_be_reviewed() {
    let codes: Vec<&str> = domain::codes::all_lists()
        .into_iter()
        .filter(|(list, _)| *list == domain::codes::CodeList::SubjectKind)
        .flat_map(|(_, codes)| codes.iter().map(|code| code.code.as_ref()))
        .collect();
    for kind in Kind::KNOWN.iter().filter(|kind| kind.is_reviewed()) {
        assert!(codes.contains(&kind.as_str()), "{kind}");
    }
}

#[test]
fn the_later_word_counts_though_the_server_s_clock_was_ahead_when_the_earlier_one_was_said() {
    let Scene { mut county, mut phone, boss, person, mut told } = scene();
    let home = county.stored(person).unwrap().record.reference("household").unwrap();
    county.world.pass(8 * MINUTE);
    for id in [person, home] {
        say(&county, &boss, id, ReviewVerdict::Returned).unwrap();
        assert_eq!(state(&county, id), ReviewState::Returned);
    }
    // Put right, and the server is started anew: nothing remembers how far the clock had been.
    county.world.pass(-8 * MINUTE);
    county.restart();
    let approved = approve(&county, &boss, person).unwrap();
    assert_eq!(state(&county, person), ReviewState::Approved);
    assert_eq!(on_the_phone(&county, &mut phone, person, &mut told), ReviewState::Approved);
    // Taking back reaches behind it too.
    county.world.pass(-MINUTE);
    county.restart();
    assert_eq!(county.hub.take_back(&boss, &[approved]).unwrap().taken.len(), 1);
    assert_eq!(state(&county, person), ReviewState::Returned);
    let wish = CorrectionOf {
        id: home,
        version: version(&county, home),
        reached: None,
        fields: Fields::from([("access_note".to_owned(), json!("从后门进"))]),
        note: None,
    };
    county.hub.correct(&boss, &wish).unwrap();
    approve(&county, &boss, home).unwrap();
    assert_eq!(state(&county, home), ReviewState::Approved);
}
