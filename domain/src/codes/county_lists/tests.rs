//! What may be published, and what may not.

use super::*;

fn problems(change: impl FnOnce(&mut Lists)) -> Vec<(String, ProblemCode)> {
    let standing = Lists::initial();
    let mut next = standing.clone();
    change(&mut next);
    publishing_problems(&next, &standing).into_iter().map(|problem| (problem.field, problem.code)).collect()
}

fn one(place: &str, code: ProblemCode) -> Vec<(String, ProblemCode)> {
    vec![(place.to_owned(), code)]
}

#[test]
fn the_lists_of_a_new_county_can_be_published_as_they_are() {
    assert_eq!(problems(|_| {}), []);
}

#[test]
fn what_was_published_is_retired_and_never_taken_away() {
    assert_eq!(problems(|next| drop(next.categories.remove(5))), one("categories", ProblemCode::InUse));
    assert_eq!(problems(|next| drop(next.purposes.remove(0))), one("purposes", ProblemCode::InUse));
    assert_eq!(problems(|next| drop(next.checklists.remove(0))), one("checklists", ProblemCode::InUse));
    assert_eq!(
        problems(|next| drop(next.checklists[0].items.remove(0))),
        one("checklists.0.items", ProblemCode::InUse)
    );
    assert_eq!(problems(|next| drop(next.severities.remove(3))), one("severities", ProblemCode::InUse));
    assert_eq!(problems(|next| drop(next.departments.remove(0))), one("departments", ProblemCode::InUse));
    assert_eq!(problems(|next| next.purposes[0].retired = true), []);
    assert_eq!(problems(|next| next.categories[5].retired = true), []);
    assert_eq!(problems(|next| next.checklists[0].items[0].retired = true), []);
    assert_eq!(problems(|next| drop(next.holidays.remove(0))), [], "a wrong day is taken out");
}

#[test]
fn codes_are_unique_and_parents_exist() {
    let twice = problems(|next| next.purposes.push(next.purposes[0].clone()));
    assert_eq!(twice, one("purposes.9.code", ProblemCode::Taken));
    let odd = problems(|next| next.purposes.push(Purpose { code: "走访".into(), ..next.purposes[0].clone() }));
    assert_eq!(odd, one("purposes.9.code", ProblemCode::WrongType));
    let orphan = problems(|next| {
        let new = crate::codes::Category { code: "9901".into(), parent: "99".into(), ..next.categories[1].clone() };
        next.categories.push(new);
    });
    assert_eq!(orphan.len(), 1);
    assert_eq!(orphan[0].1, ProblemCode::MissingTarget);
    let moved = problems(|next| {
        let other = next.categories.iter().rev().find(|one| one.parent.is_empty()).unwrap().code.clone();
        let leaf = next.categories.iter_mut().find(|one| !one.parent.is_empty()).unwrap();
        leaf.parent = other;
    });
    assert_eq!(moved.iter().map(|(_, code)| *code).collect::<Vec<_>>(), [ProblemCode::Sealed]);
}

#[test]
fn words_and_numbers_that_nobody_could_use_are_named_with_their_place() {
    assert_eq!(
        problems(|next| next.severities[1].close_within = "soon".into()),
        one("severities.1.close_within", ProblemCode::WrongType)
    );
    assert_eq!(problems(|next| next.care.a = 0), one("care.a", ProblemCode::TooSmall));
    assert_eq!(
        problems(|next| next.categories[2].name_zh = " ".into()),
        one("categories.2.name_zh", ProblemCode::Required)
    );
    assert_eq!(
        problems(|next| next.sheets[0].columns[2].field = Some("religion".into())),
        one("sheets.0.columns.2.field", ProblemCode::UnknownCode)
    );
    let day = |text: &str| Holiday { day: text.into(), works: false, name: "元旦".into() };
    let count = Lists::initial().holidays.len();
    assert_eq!(
        problems(|next| next.holidays.push(day("2027-02-30"))),
        one(&format!("holidays.{count}.day"), ProblemCode::NoSuchDate)
    );
    assert_eq!(
        problems(|next| next.holidays.push(day("2026-01-01"))),
        one(&format!("holidays.{count}.day"), ProblemCode::Taken)
    );
    assert_eq!(problems(|next| next.holidays.push(day("2027-01-01"))), []);
}

#[test]
fn lists_of_before_have_the_purposes_and_holidays_compiled_in() {
    let old: Lists = serde_json::from_str(r#"{"version": 3, "categories": [], "severities": []}"#).unwrap();
    assert_eq!((old.purposes, old.holidays), (initial_purposes(), initial_holidays()));
}

#[test]
fn a_purpose_that_the_county_adds_is_a_code_of_its_list_and_a_retired_one_stays_readable() {
    let mut lists = Lists::initial();
    lists.purposes.push(Purpose {
        code: "flood".into(),
        name_zh: "汛期提醒".into(),
        name_en: "flood".into(),
        retired: false,
    });
    lists.purposes[0].retired = true;
    assert!(lists.knows(CodeList::VisitPurpose, "flood") && lists.knows(CodeList::VisitPurpose, "register"));
    assert!(!lists.knows(CodeList::VisitPurpose, "tracking"));
    let shown = &lists.all_codes()[&CodeList::VisitPurpose];
    assert!(shown[0].retired && shown.last().unwrap().code == "flood");
    assert_eq!(lists.name_zh(CodeList::VisitPurpose, "flood"), "汛期提醒");
}

#[test]
fn no_name_reads_in_another_order_than_it_is_stored_in_or_tears_a_list() {
    for (name, code) in [
        ("走\u{202E}访", ProblemCode::ControlCharacter),
        ("走\u{2028}访", ProblemCode::LineBreak),
        ("走\t访", ProblemCode::ControlCharacter),
        (" ", ProblemCode::Required),
    ] {
        assert_eq!(problems(|next| next.purposes[0].name_zh = name.into()), one("purposes.0.name_zh", code));
    }
}
