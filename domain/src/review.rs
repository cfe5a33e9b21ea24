//! Where a record stands with the supervisors: a fold over its reviews, never a stored status. What a county decides about
//! reviewing is in [`rules`], how long something waits in [`age`].

pub mod age;
pub mod rules;
#[cfg(test)]
mod tests;

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use ts_rs::TS;

use crate::ids::{CellCode, RecordId};
use crate::kinds::review::{Review, Said};
use crate::record::Record;
use crate::scope::Actor;
use crate::stamp::Stamp;
use crate::world::Millis;

/// How long a desk offers to take a review back.
pub const TAKE_BACK_OFFERED: Millis = 10_000;
/// How long the server allows it: the offer, and the way of a slow line.
pub const TAKE_BACK_ALLOWED: Millis = 20_000;

/// What the desk and the phone show of a record's review.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
#[ts(export)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum ReviewState {
    /// Nobody has looked at this version yet.
    Waiting,
    /// The community approved this version, the town has not yet.
    AtTown,
    /// This very version was approved.
    Approved,
    /// This very version was returned: the worker's turn.
    Returned,
    /// Nobody reviews this kind.
    NotReviewed,
}

/// Which of two levels somebody reviews at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
#[ts(export)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum Level {
    /// 村(社区): the scope has twelve digits or more.
    Community,
    /// 镇(街道) and whatever lies above it.
    Town,
}

/// Digits of a village's or community's code.
const VILLAGE_DIGITS: usize = 12;

impl Level {
    /// The level of somebody for records of a cell, by the widest scope that covers it; none outside of all scopes.
    pub fn of(actor: &Actor, cell: &CellCode) -> Option<Level> {
        let covering = actor.scopes.iter().filter(|scope| scope.covers(cell));
        covering.map(|scope| scope.as_str().len()).min().map(Level::of_digits)
    }

    /// The level of somebody at the desk as a whole, by the widest scope; none without any.
    pub fn of_desk(actor: &Actor) -> Option<Level> {
        actor.scopes.iter().map(|scope| scope.as_str().len()).min().map(Level::of_digits)
    }

    fn of_digits(digits: usize) -> Level {
        if digits < VILLAGE_DIGITS { Level::Town } else { Level::Community }
    }
}

/// What an approval would be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Approving {
    /// It is the only one that is needed, or one of two levels.
    As(Option<Level>),
    /// It stands already.
    Already,
    /// The community comes first, or somebody else does the second look.
    NotYet,
}

/// What becomes of an approval by `actor` of a record that stands so, in a county with one or two levels. With two, nobody is
/// both: whoever approved for the community does not approve for the town.
pub fn approving<'a>(
    two_levels: bool,
    actor: &Actor,
    record: &Record,
    reviews: impl IntoIterator<Item = &'a Record>,
) -> Approving {
    let (state, deciding) = fold(record, reviews);
    let same = deciding.is_some_and(|review| review.by.as_deref() == Some(actor.account.as_str()));
    match (state, Level::of(actor, &record.cell)) {
        (ReviewState::NotReviewed, _) | (_, None) => Approving::NotYet,
        (ReviewState::Approved, _) => Approving::Already,
        _ if !two_levels => Approving::As(None),
        (ReviewState::AtTown, Some(Level::Community)) => Approving::Already,
        (_, Some(Level::Community)) => Approving::As(Some(Level::Community)),
        (ReviewState::AtTown, Some(Level::Town)) if !same => Approving::As(Some(Level::Town)),
        (_, Some(Level::Town)) => Approving::NotYet,
    }
}

/// The state of a record, given its reviews in any order. Only reviews that name the present version count, and none that was
/// taken back: an approval of an earlier version does not cover a later edit, and a corrected record waits again.
pub fn state<'a>(record: &Record, reviews: impl IntoIterator<Item = &'a Record>) -> ReviewState {
    fold(record, reviews).0
}

/// The review that decides the present version's state.
pub fn deciding<'a>(record: &Record, reviews: impl IntoIterator<Item = &'a Record>) -> Option<Review> {
    fold(record, reviews).1
}

/// State and deciding review.
pub fn fold<'a>(record: &Record, reviews: impl IntoIterator<Item = &'a Record>) -> (ReviewState, Option<Review>) {
    if !record.kind.is_reviewed() {
        return (ReviewState::NotReviewed, None);
    }
    let (mut state, mut deciding) = (ReviewState::Waiting, None);
    let standing = standing(record.id, reviews);
    // Nearly always nothing was said yet: then the version need not be worked out.
    let version = (!standing.is_empty()).then(|| record.version());
    for (_, review) in standing.into_iter().filter(|(_, review)| review.version == version) {
        let after = match (review.said, review.level) {
            (Some(Said::Returned), _) => ReviewState::Returned,
            (Some(Said::Approved), None) => ReviewState::Approved,
            (Some(Said::Approved), Some(Level::Community)) if state != ReviewState::Approved => ReviewState::AtTown,
            (Some(Said::Approved), Some(Level::Town)) if state == ReviewState::AtTown => ReviewState::Approved,
            _ => continue,
        };
        (state, deciding) = (after, Some(review));
    }
    (state, deciding)
}

/// A record's reviews that were not taken back, the earliest first, with the order in which they were written.
pub fn standing<'a>(
    target: RecordId,
    reviews: impl IntoIterator<Item = &'a Record>,
) -> Vec<((Stamp, RecordId), Review)> {
    let of_target = reviews.into_iter().filter(|review| review.reference("target") == Some(target));
    let mut all: Vec<_> = of_target.map(|review| ((review.latest(), review.id), Review::from(review))).collect();
    all.sort_by_key(|(order, _)| *order);
    let taken: BTreeSet<RecordId> = all
        .iter()
        .filter_map(|(_, review)| {
            let named = review.takes_back.filter(|_| review.said == Some(Said::TakenBack))?;
            all.iter().find(|((_, id), _)| *id == named).filter(|(_, earlier)| may_take_back(earlier, review))?;
            Some(named)
        })
        .collect();
    all.retain(|((_, id), review)| !taken.contains(id) && review.said != Some(Said::TakenBack));
    all
}

/// Only one's own review, and only for a moment.
fn may_take_back(earlier: &Review, taking: &Review) -> bool {
    let decided = matches!(earlier.said, Some(Said::Approved | Said::Returned));
    decided && earlier.by == taking.by && (0..=TAKE_BACK_ALLOWED).contains(&(taking.at - earlier.at))
}

/// The supervisor's correction that made the present version, if one did.
pub fn correction<'a>(record: &Record, reviews: impl IntoIterator<Item = &'a Record>) -> Option<Review> {
    let version = record.version();
    let of_version =
        |review: &Review| review.said == Some(Said::Corrected) && review.version.as_ref() == Some(&version);
    standing(record.id, reviews).into_iter().map(|(_, review)| review).rfind(of_version)
}
