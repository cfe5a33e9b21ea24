//! The laws of the one merge, tried on generated records: order, repetition and grouping of changes must not matter, the
//! greatest stamp must win, and nothing may be lost without being named.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on says where")]

use std::collections::BTreeMap;

use domain::merge::{MergeError, merge};
use domain::record::canonical_bytes;
use domain::{CellCode, Change, Fields, Kind, Node, Record, RecordId, Stamp, Stamps};
use proptest::prelude::*;
use serde_json::{Value, json};
use uuid::Uuid;

const FIELDS: [&str; 5] = ["name", "phone", "relation", "sex", "newer_field"];

fn id() -> RecordId {
    RecordId(Uuid::from_u128(7))
}

fn cell() -> CellCode {
    CellCode::new("610722001001001").unwrap()
}

/// Few stamps and few values, so that equal stamps with different values do occur.
fn stamp() -> impl Strategy<Value = Stamp> {
    (0..6i64, 0..2u16, 0..2u64).prop_map(|(millis, counter, node)| Stamp::new(millis, counter, Node(node)))
}

fn value() -> impl Strategy<Value = Value> {
    prop_oneof![
        Just(Value::Null),
        (0..4i64).prop_map(Value::from),
        "[ab张]{0,2}".prop_map(Value::from),
        any::<bool>().prop_map(Value::from),
        Just(json!({"b": 1, "a": [2]})),
    ]
}

fn change_of(kind: Kind) -> impl Strategy<Value = Change> {
    let entry = (proptest::sample::select(FIELDS.as_slice()), value(), stamp());
    proptest::collection::vec(entry, 1..5).prop_map(move |entries| {
        let mut fields = Fields::new();
        let mut pairs = BTreeMap::new();
        for (name, value, stamp) in entries {
            fields.insert(name.to_owned(), value);
            pairs.insert(name.to_owned(), stamp);
        }
        let stamps = Stamps::from_pairs(pairs.iter().map(|(name, stamp)| (name.as_str(), *stamp)));
        Change { id: id(), kind: kind.clone(), cell: cell(), fields, stamps, base: BTreeMap::new() }
    })
}

fn apply(changes: &[Change]) -> Record {
    let mut record = None;
    for change in changes {
        record = Some(merge(record.as_ref(), change).unwrap().record);
    }
    record.unwrap()
}

fn bytes(record: &Record) -> String {
    serde_json::to_string(record).unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn the_order_of_changes_does_not_matter(changes in proptest::collection::vec(change_of(Kind::Person), 1..6), seed in any::<u64>()) {
        let mut shuffled = changes.clone();
        let mut state = seed;
        for index in (1..shuffled.len()).rev() {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            shuffled.swap(index, (state >> 33) as usize % (index + 1));
        }
        prop_assert_eq!(bytes(&apply(&changes)), bytes(&apply(&shuffled)));
    }

    #[test]
    fn a_repeated_change_changes_nothing(changes in proptest::collection::vec(change_of(Kind::Person), 1..5)) {
        let once = apply(&changes);
        for change in &changes {
            let again = merge(Some(&once), change).unwrap();
            prop_assert!(again.taken.is_empty());
            prop_assert_eq!(bytes(&again.record), bytes(&once));
        }
    }

    #[test]
    fn merged_records_merge_like_their_changes(
        left in proptest::collection::vec(change_of(Kind::Person), 1..4),
        right in proptest::collection::vec(change_of(Kind::Person), 1..4),
    ) {
        let joined = merge(Some(&apply(&left)), &Change::from_record(apply(&right))).unwrap().record;
        let all: Vec<Change> = left.into_iter().chain(right).collect();
        prop_assert_eq!(bytes(&joined), bytes(&apply(&all)));
    }

    #[test]
    fn the_greatest_stamp_won_and_between_equal_ones_the_greatest_bytes(changes in proptest::collection::vec(change_of(Kind::Person), 1..6)) {
        let record = apply(&changes);
        for field in FIELDS {
            let best = changes
                .iter()
                .filter_map(|change| change.fields.get(field).map(|value| (change.stamps.of(field), canonical_bytes(value), value)))
                .max_by(|a, b| (a.0, &a.1).cmp(&(b.0, &b.1)));
            match best {
                None => prop_assert!(!record.fields.contains_key(field)),
                Some((stamp, _, value)) => {
                    prop_assert_eq!(record.stamps.of(field), stamp);
                    prop_assert_eq!(&record.fields[field], value);
                }
            }
        }
    }

    #[test]
    fn a_value_that_loses_unseen_is_named(current in change_of(Kind::Person), change in change_of(Kind::Person)) {
        let before = current.into_record();
        let merged = merge(Some(&before), &change).unwrap();
        for (field, value) in &change.fields {
            let Some(standing) = before.fields.get(field) else { continue };
            let named = merged.lost.iter().find(|lost| &lost.field == field);
            if standing == value {
                prop_assert!(named.is_none());
            } else {
                // The writer had seen nothing (`base` is empty), so whichever of the two lost must be named.
                let survivor = &merged.record.fields[field];
                let loser = if survivor == standing { value } else { standing };
                prop_assert_eq!(&named.unwrap().value, loser);
            }
        }
    }

    #[test]
    fn an_append_only_value_is_never_replaced(first in change_of(Kind::Visit), second in change_of(Kind::Visit)) {
        let before = first.into_record();
        match merge(Some(&before), &second) {
            Ok(merged) => {
                for (field, value) in &before.fields {
                    prop_assert_eq!(&merged.record.fields[field], value);
                }
            }
            Err(MergeError::Sealed { field }) => prop_assert!(before.fields[&field] != second.fields[&field]),
            Err(MergeError::OtherKind) => prop_assert!(false),
        }
    }

    #[test]
    fn a_record_is_read_back_as_it_was_written(changes in proptest::collection::vec(change_of(Kind::Person), 1..6)) {
        let record = apply(&changes);
        let read: Record = serde_json::from_str(&bytes(&record)).unwrap();
        prop_assert_eq!(read, record);
    }
}

#[test]
fn what_the_writer_had_seen_is_replaced_without_a_conflict() {
    let seen = Stamp::new(5, 0, Node(1));
    let written = |value: &str, at: Stamp, base: &[(&str, Stamp)]| Change {
        id: id(),
        kind: Kind::Person,
        cell: cell(),
        fields: Fields::from([("phone".to_owned(), json!(value))]),
        stamps: Stamps::all(at),
        base: base.iter().map(|(field, stamp)| ((*field).to_owned(), *stamp)).collect(),
    };
    let before = written("13800001111", seen, &[]).into_record();
    let after = merge(Some(&before), &written("13800002222", Stamp::new(9, 0, Node(2)), &[("phone", seen)])).unwrap();
    assert!(after.lost.is_empty());
    assert_eq!(after.record.text("phone"), Some("13800002222"));
}

#[test]
fn a_record_cannot_change_its_kind() {
    let change = |kind| Change {
        id: id(),
        kind,
        cell: cell(),
        fields: Fields::from([("name".to_owned(), json!("x"))]),
        stamps: Stamps::all(Stamp::new(1, 0, Node(1))),
        base: BTreeMap::new(),
    };
    let person = change(Kind::Person).into_record();
    assert_eq!(merge(Some(&person), &change(Kind::Household)), Err(MergeError::OtherKind));
}

#[test]
fn a_record_that_was_moved_belongs_to_its_new_cell() {
    let change = |fields: Fields, at| Change {
        id: id(),
        kind: Kind::Household,
        cell: cell(),
        fields,
        stamps: Stamps::all(Stamp::new(at, 0, Node(1))),
        base: BTreeMap::new(),
    };
    let before = change(Fields::from([("best_time".to_owned(), json!("晚上"))]), 1).into_record();
    let moved = Fields::from([("cell".to_owned(), json!("610722001001002"))]);
    let after = merge(Some(&before), &change(moved, 2)).unwrap().record;
    assert_eq!(after.cell.as_str(), "610722001001002");
    let edited = change(Fields::from([("best_time".to_owned(), json!("上午"))]), 3);
    assert_eq!(merge(Some(&after), &edited).unwrap().record.cell.as_str(), "610722001001002");
}
