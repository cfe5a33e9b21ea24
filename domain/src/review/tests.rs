//! The fold over reviews: levels, taking back, order of arrival.

use std::collections::BTreeMap;

use proptest::prelude::*;
use serde_json::json;
use uuid::Uuid;

use super::*;
use crate::scope::Role;
use crate::{AccountId, CellCode, Kind, Node, Scope, Stamps};

pub(super) fn record(kind: Kind, id: u128, at: i64, fields: serde_json::Value) -> Record {
    Record {
        id: RecordId(Uuid::from_u128(id)),
        kind,
        cell: CellCode::new("610722001001001").unwrap(),
        fields: serde_json::from_value(fields).unwrap(),
        stamps: Stamps { common: Stamp::new(at, 0, Node(1)), except: BTreeMap::new() },
    }
}

fn review_of(target: &Record, id: u128, at: i64, verdict: &str) -> Record {
    review_by(target, id, at, verdict, "boss", None)
}

fn review_by(target: &Record, id: u128, at: i64, verdict: &str, by: &str, level: Option<&str>) -> Record {
    let mut fields = json!({"target": target.id, "version": target.version(), "verdict": verdict, "at": at, "by": by});
    if let Some(level) = level {
        fields["level"] = json!(level);
    }
    record(Kind::Review, id, at, fields)
}

fn taking(target: &Record, id: u128, at: i64, back: &Record, by: &str) -> Record {
    let mut taking = review_by(target, id, at, "taken_back", by, None);
    taking.fields.insert("takes_back".into(), json!(back.id));
    taking
}

fn incident(at: i64) -> Record {
    record(Kind::Incident, 1, at, json!({"title": "井盖破损"}))
}

#[test]
fn the_latest_review_of_the_present_version_decides() {
    let incident = incident(10);
    assert_eq!(state(&incident, []), ReviewState::Waiting);
    let returned = review_of(&incident, 2, 20, "returned");
    let approved = review_of(&incident, 3, 30, "approved");
    assert_eq!(state(&incident, [&returned]), ReviewState::Returned);
    assert_eq!(state(&incident, [&approved, &returned]), ReviewState::Approved);
}

#[test]
fn an_approval_does_not_cover_an_edit_that_came_later() {
    let approved = review_of(&incident(10), 2, 20, "approved");
    assert_eq!(state(&incident(15), [&approved]), ReviewState::Waiting);
}

#[test]
fn with_two_levels_the_community_s_approval_waits_for_the_town_and_a_change_starts_over() {
    let incident = incident(10);
    let community = review_by(&incident, 2, 20, "approved", "boss", Some("community"));
    let town = review_by(&incident, 3, 30, "approved", "town", Some("town"));
    assert_eq!(state(&incident, [&community]), ReviewState::AtTown);
    assert_eq!(state(&incident, [&town]), ReviewState::Waiting, "the town alone is not enough");
    assert_eq!(state(&incident, [&town, &community]), ReviewState::Approved);
    let returned = review_by(&incident, 3, 30, "returned", "town", Some("town"));
    assert_eq!(state(&incident, [&returned, &community]), ReviewState::Returned);
    assert_eq!(state(&self::incident(15), [&community, &town]), ReviewState::Waiting);
}

#[test]
fn a_review_is_taken_back_by_whoever_wrote_it_and_only_for_a_moment() {
    let incident = incident(10);
    let returned = review_of(&incident, 2, 20, "returned");
    let approved = review_of(&incident, 3, 30, "approved");
    let back = taking(&incident, 4, 40, &approved, "boss");
    assert_eq!(
        state(&incident, [&back, &approved, &returned]),
        ReviewState::Returned,
        "what was said before stands again"
    );
    let of_another = taking(&incident, 4, 40, &approved, "somebody");
    assert_eq!(state(&incident, [&approved, &of_another]), ReviewState::Approved);
    let late = taking(&incident, 4, 31 + TAKE_BACK_ALLOWED, &approved, "boss");
    assert_eq!(state(&incident, [&approved, &late]), ReviewState::Approved);
    let of_the_taking = taking(&incident, 5, 50, &back, "boss");
    assert_eq!(state(&incident, [&approved, &back, &of_the_taking]), ReviewState::Waiting);
}

#[test]
fn a_correction_decides_nothing_and_is_told_of_its_version_alone() {
    let incident = incident(10);
    let corrected = review_of(&incident, 2, 20, "corrected");
    assert_eq!(state(&incident, [&corrected]), ReviewState::Waiting);
    assert_eq!(correction(&incident, [&corrected]).unwrap().by.as_deref(), Some("boss"));
    assert_eq!(correction(&self::incident(15), [&corrected]), None);
}

fn actor(name: &str, scope: &str) -> Actor {
    Actor {
        account: AccountId::new(name).unwrap(),
        role: Role::Supervisor,
        scopes: vec![Scope::new(scope).unwrap()],
        department: None,
    }
}

#[test]
fn who_may_approve_is_a_matter_of_levels() {
    let incident = incident(10);
    let (village, town) = (actor("boss", "610722001001"), actor("town", "610722001"));
    let none: [&Record; 0] = [];
    for actor in [&village, &town] {
        assert_eq!(approving(false, actor, &incident, none), Approving::As(None));
    }
    assert_eq!(approving(true, &village, &incident, none), Approving::As(Some(Level::Community)));
    assert_eq!(approving(true, &town, &incident, none), Approving::NotYet);
    let community = review_by(&incident, 2, 20, "approved", "boss", Some("community"));
    assert_eq!(approving(true, &village, &incident, [&community]), Approving::Already);
    assert_eq!(approving(true, &town, &incident, [&community]), Approving::As(Some(Level::Town)));
    assert_eq!(
        approving(true, &actor("boss", "610722001"), &incident, [&community]),
        Approving::NotYet,
        "one person is not two"
    );
    assert_eq!(
        approving(false, &village, &incident, [&community]),
        Approving::As(None),
        "the county switched back to one level"
    );
    assert_eq!(approving(false, &actor("far", "610722002"), &incident, none), Approving::NotYet);
}

fn any_reviews() -> impl Strategy<Value = Vec<(usize, usize, usize, i64, usize)>> {
    prop::collection::vec((0..4_usize, 0..3_usize, 0..2_usize, 20..60_i64, 0..8_usize), 0..8)
}

proptest! {
    #[test]
    fn any_order_of_arrival_gives_the_same_state(drawn in any_reviews(), turn in 0..8_usize, backwards: bool) {
        let versions = [incident(10), incident(15)];
        let mut reviews: Vec<Record> = Vec::new();
        for (index, (verdict, level, version, at, named)) in drawn.into_iter().enumerate() {
            let verdict = ["approved", "returned", "corrected", "taken_back"][verdict];
            let level = [None, Some("community"), Some("town")][level];
            let by = ["boss", "town"][version];
            let mut review = review_by(&versions[version], 100 + index as u128, at, verdict, by, level);
            if verdict == "taken_back" {
                let named = RecordId(Uuid::from_u128(100 + named as u128));
                review.fields.insert("takes_back".into(), json!(named));
            }
            reviews.push(review);
        }
        let told = fold(&versions[0], &reviews);
        let mut other = reviews.clone();
        if !other.is_empty() {
            let turn = turn % other.len();
            other.rotate_left(turn);
        }
        if backwards {
            other.reverse();
        }
        prop_assert_eq!(&fold(&versions[0], &other), &told);
        // Told twice is told once.
        other.extend(reviews.iter().cloned());
        prop_assert_eq!(&fold(&versions[0], &other), &told);
        // Nothing that names another version plays a part, whatever it says.
        let of_version: Vec<Record> =
            reviews.into_iter().filter(|review| review.text("version") == Some(versions[0].version().as_str())).collect();
        prop_assert_eq!(fold(&versions[0], &of_version).0, told.0);
    }
}
