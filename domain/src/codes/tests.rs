//! The lists are whole: no code twice, no name missing.

use super::*;

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
