//! The lists are whole: no code twice, no name missing.

use super::*;

#[test]
fn a_new_member_of_the_lists_raises_their_shape() {
    fn names(value: &serde_json::Value, found: &mut std::collections::BTreeSet<String>) {
        match value {
            serde_json::Value::Object(members) => members.iter().for_each(|(name, value)| {
                found.insert(name.clone());
                names(value, found);
            }),
            serde_json::Value::Array(items) => items.iter().for_each(|item| names(item, found)),
            _ => {}
        }
    }
    let mut found = std::collections::BTreeSet::new();
    names(&serde_json::to_value(Lists::initial()).unwrap(), &mut found);
    let found: Vec<String> = found.into_iter().collect();
    let told = "raise LISTS_SHAPE and name the member here: phones load their lists once more";
    const MEMBERS: &str = "a accept_within b c care categories category checklists close_within code columns day default_severity \
        departments empty feedback_within field filter first_handler_zh from head holidays id items kind level name name_en \
        name_zh parent purposes retired severities severity sheets subjects text_en text_zh title_en title_zh type values version \
        works";
    assert_eq!((LISTS_SHAPE, found.join(" ").as_str()), (1, MEMBERS), "{told}");
}

#[test]
fn lists_are_named_by_their_content() {
    let (one, mut other) = (Lists::initial(), Lists::initial());
    assert_eq!(one.digest(), other.digest());
    assert_eq!(one.digest().len(), 16);
    other.categories[3].retired = true;
    assert_ne!(one.digest(), other.digest());
    let read: Lists = serde_json::from_value(serde_json::to_value(&other).unwrap()).unwrap();
    assert_eq!(read.digest(), other.digest(), "however it travelled");
}

#[test]
fn every_list_has_entries_and_no_code_stands_twice() {
    for (list, entries) in all_lists() {
        assert!(!entries.is_empty(), "{list:?}");
        for (index, entry) in entries.iter().enumerate() {
            assert!(!entry.name_zh.is_empty() && !entry.name_en.is_empty());
            assert!(entries[..index].iter().all(|earlier| earlier.code != entry.code), "{list:?} {}", entry.code);
        }
    }
}

#[test]
fn a_new_server_has_45_categories_in_8_groups_and_4_severities() {
    let lists = Lists::initial();
    assert_eq!(lists.categories.iter().filter(|c| c.parent.is_empty()).count(), 8);
    let leaves: Vec<_> = lists.categories.iter().filter(|c| !c.parent.is_empty()).collect();
    assert_eq!(leaves.len(), 45);
    assert!(leaves.iter().all(|c| matches!(c.default_severity, Some(1..=4))));
    assert_eq!(lists.severities.len(), 4);
    assert!(lists.category("0601").is_some() && lists.category("06").is_none());
}

#[test]
fn every_kind_that_is_reviewed_can_be_named_by_a_review() {
    for kind in crate::Kind::KNOWN.iter().filter(|kind| kind.is_reviewed()) {
        assert!(is_code(CodeList::SubjectKind, kind.as_str()), "{kind}");
    }
}

#[test]
fn lists_of_an_older_version_have_the_usual_care_intervals() {
    let old: Lists = serde_json::from_str(r#"{"version": 3, "categories": [], "severities": []}"#).unwrap();
    assert_eq!((old.care.a, old.care.b, old.care.c), (7, 30, 90));
    let partly: CareIntervals = serde_json::from_str(r#"{"a": 5}"#).unwrap();
    assert_eq!((partly.a, partly.b, partly.c), (5, 30, 90));
}

#[test]
fn every_category_has_a_first_department_and_no_department_stands_twice() {
    let lists = Lists::initial();
    for category in lists.categories.iter().filter(|category| !category.parent.is_empty()) {
        let words = category.first_handler_zh.split('/').count();
        let found = lists.first_departments(&category.code).len();
        assert!((1..=words).contains(&found), "{} {}", category.code, category.first_handler_zh);
    }
    let named = |category: &str| -> Vec<String> {
        lists.first_departments(category).iter().map(|department| department.name_zh.clone()).collect()
    };
    assert_eq!(named("0301"), ["消防救援大队", "派出所"]);
    assert_eq!(named("0205"), ["人社局"]);
    assert_eq!(named("0899"), ["村(社区)"]);
    for (index, department) in lists.departments.iter().enumerate() {
        let earlier = &lists.departments[..index];
        assert!(earlier.iter().all(|known| known.code != department.code && known.name_zh != department.name_zh));
    }
}

#[test]
fn lists_of_an_older_version_have_the_departments_that_a_new_server_starts_with() {
    let old: Lists = serde_json::from_str(r#"{"version": 3, "categories": [], "severities": []}"#).unwrap();
    assert_eq!(old.departments, Lists::initial().departments);
}
