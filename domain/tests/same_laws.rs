//! The laws of entries that gave way to another: whatever phones wrote, however often and in whatever order it arrives, everybody
//! finds the same entry standing, and no chain goes in circles.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on says where")]

use std::collections::{BTreeMap, BTreeSet};

use domain::merge::merge;
use domain::same::{Same, merging, parting};
use domain::{CellCode, Change, Fields, Kind, Node, Record, RecordId, Stamp, Stamps};
use proptest::prelude::*;
use serde_json::{Value, json};
use uuid::Uuid;

fn id(number: u128) -> RecordId {
    RecordId(Uuid::from_u128(number))
}

fn record(number: u128, fields: Value) -> Record {
    Record {
        id: id(number),
        kind: Kind::Person,
        cell: CellCode::new("610722001001001").unwrap(),
        fields: serde_json::from_value(fields).unwrap(),
        stamps: Stamps::all(Stamp::new(1, 0, Node(0))),
    }
}

/// A write of one phone: on top of what it saw, with its own stamp.
fn write(seen: &Record, fields: Fields, stamp: Stamp) -> Change {
    let base = fields.keys().filter(|name| seen.fields.contains_key(*name));
    let base = base.map(|name| (name.clone(), seen.stamps.of(name))).collect();
    Change { id: seen.id, kind: seen.kind.clone(), cell: seen.cell.clone(), fields, stamps: Stamps::all(stamp), base }
}

fn arrive(record: &Record, changes: &[&Change]) -> Record {
    changes.iter().fold(record.clone(), |record, change| merge(Some(&record), change).unwrap().record)
}

fn values() -> impl Strategy<Value = BTreeMap<&'static str, Option<u8>>> {
    proptest::collection::btree_map(
        proptest::sample::select(["name", "phone", "birth_date", "sex"].as_slice()),
        proptest::option::of(0u8..3),
        0..4,
    )
}

fn person(number: u128, values: &BTreeMap<&'static str, Option<u8>>) -> Record {
    record(number, json!(values.iter().map(|(name, value)| (*name, json!(value))).collect::<BTreeMap<_, _>>()))
}

fn picks() -> impl Strategy<Value = BTreeSet<String>> {
    proptest::collection::btree_set("name|phone|birth_date|sex", 0..4)
}

proptest! {
    #[test]
    fn everybody_finds_the_same_entry_standing_whatever_was_written(
        pairs in proptest::collection::vec((0u128..12, 0u128..12), 0..30),
        asked in 0u128..12,
    ) {
        // A hostile phone may write circles: a name that does not lead to an older entry leads nowhere.
        let records: BTreeMap<u128, Record> =
            pairs.iter().map(|(from, to)| (*from, record(*from, json!({"merged_into": id(*to)})))).collect();
        let same = Same::of(records.values());
        let backwards: Vec<&Record> = records.values().rev().collect();
        prop_assert_eq!(&same, &Same::of(backwards));
        let standing = same.survivor(id(asked));
        prop_assert!(standing <= id(asked));
        prop_assert_eq!(same.survivor(standing), standing);
        let present = |record: &Record| record.is_present() == (same.survivor(record.id) == record.id);
        prop_assert!(records.values().all(present), "what counts as present is what stands for itself");
    }

    #[test]
    fn two_phones_that_find_the_same_pair_at_once_agree_and_either_can_take_it_back(
        (one, other) in (values(), values()),
        (here, there) in (picks(), picks()),
    ) {
        let (one, other) = (person(1, &one), person(2, &other));
        let (first, second) = (Stamp::new(5, 0, Node(1)), Stamp::new(5, 0, Node(2)));
        let (mine, theirs) = (merging(&one, &other, &here), merging(&one, &other, &there));
        let stays = [write(&one, mine.stays, first), write(&one, theirs.stays, second)];
        let gave_way = [write(&other, mine.gives_way, first), write(&other, theirs.gives_way, second)];
        let merged = arrive(&one, &[&stays[0], &stays[1]]);
        let gone = arrive(&other, &[&gave_way[0], &gave_way[1]]);
        prop_assert_eq!(&merged, &arrive(&one, &[&stays[1], &stays[0], &stays[1]]));
        prop_assert_eq!(&gone, &arrive(&other, &[&gave_way[1], &gave_way[0]]));
        prop_assert!(merged.is_present() && !gone.is_present());

        let back = parting(&merged, &gone);
        let later = Stamp::new(9, 0, Node(1));
        let restored = arrive(&merged, &[&write(&merged, back.stays, later)]);
        prop_assert!(arrive(&gone, &[&write(&gone, back.gives_way, later)]).is_present());
        for (name, value) in &restored.fields {
            let before = one.fields.get(name).cloned().unwrap_or_default();
            prop_assert_eq!(value, &before, "{} is what it was", name);
        }
    }
}
