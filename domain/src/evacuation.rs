//! The roll-call of an evacuation (点名): a fold over its marks, in whatever order and from however many phones they came.
//!
//! 应转 = 已转移 + 外出不在 + 未转, always: every person on the roster has exactly one standing mark, the last one by its stamp.

mod order;

use std::collections::{BTreeMap, BTreeSet};

use chrono::Timelike;
use serde::{Deserialize, Serialize};
use ts_rs::TS;

use crate::china::{start_of_day, wall_clock};
use crate::ids::RecordId;
use crate::kinds::evacuation::Listed;
use crate::kinds::roll_call::{Mark, RollCall};
use crate::stamp::Stamp;
use crate::world::Millis;

pub use order::{CellOrder, OrderWords, Threatened, householder_first, orders, roster};

/// How many people are where. `due = moved + away + unmoved`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct Totals {
    /// 应转: everybody on the roster.
    pub due: usize,
    /// 已转移: at the shelter or with family.
    pub moved: usize,
    /// 外出不在
    pub away: usize,
    /// 未转: everybody else.
    pub unmoved: usize,
    /// Of those who moved: at the shelter.
    pub shelter: usize,
    /// Of those who moved: with family.
    pub family: usize,
    /// Of those who have not moved: not contacted yet.
    pub not_contacted: usize,
    /// Of those who have not moved: they answered the call.
    pub called: usize,
    /// Of those who have not moved: they refuse.
    pub refused: usize,
    /// Of those who have not moved: nobody knows where they are.
    pub missing: usize,
    /// Of those who have not moved: they went back.
    pub returned: usize,
}

impl Totals {
    /// Counts one more person.
    fn count(&mut self, mark: Mark) {
        self.due += 1;
        *match mark {
            Mark::MovedShelter => &mut self.shelter,
            Mark::MovedFamily => &mut self.family,
            Mark::Away => &mut self.away,
            Mark::NotContacted => &mut self.not_contacted,
            Mark::Called => &mut self.called,
            Mark::Refused => &mut self.refused,
            Mark::Missing => &mut self.missing,
            Mark::Returned => &mut self.returned,
        } += 1;
        self.moved += usize::from(mark.is_moved());
        self.unmoved += usize::from(mark.is_unmoved());
    }
}

/// Where everybody is, as far as the marks say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Roll<'a> {
    /// The people of the roster in its order, each with the mark that stands; none was made yet otherwise.
    pub people: Vec<(&'a Listed, Option<&'a RollCall>)>,
    /// Counted over the roster alone.
    pub totals: Totals,
    /// Standing marks of people who are not on the roster, by person. They count nowhere.
    pub strangers: Vec<&'a RollCall>,
}

impl Roll<'_> {
    /// Whom to mark how: these people of the roster with this mark or, without one, with what stands of each, said once more.
    /// None when somebody is not on the roster. Of whom nothing was said yet, nothing can be said once more.
    pub fn to_mark(&self, people: &BTreeSet<RecordId>, mark: Option<Mark>) -> Option<Vec<(RecordId, Mark)>> {
        let wanted = || self.people.iter().filter(|(listed, _)| people.contains(&listed.person));
        if wanted().count() != people.len() {
            return None;
        }
        let said = |standing: &Option<&RollCall>| mark.or(standing.map(|standing| standing.mark));
        Some(wanted().filter_map(|(listed, standing)| Some((listed.person, said(standing)?))).collect())
    }

    /// Whether of each of these people of the roster the mark stands that was seen, or none as none was.
    pub fn stands_as_seen(&self, seen: &BTreeMap<RecordId, Option<RecordId>>) -> bool {
        let standing = |mark: &Option<&RollCall>| mark.map(|mark| mark.id);
        self.people.iter().all(|(listed, mark)| seen.get(&listed.person).is_none_or(|seen| *seen == standing(mark)))
    }

    /// The greatest stamp among the marks that stand of these people of the roster: whatever is said of them next comes after it.
    pub fn latest_of(&self, seen: &BTreeMap<RecordId, Option<RecordId>>) -> Stamp {
        let asked = self.people.iter().filter(|(listed, _)| seen.contains_key(&listed.person));
        asked.filter_map(|(_, mark)| mark.map(|mark| mark.stamp)).fold(Stamp::ZERO, Stamp::max)
    }
}

/// Folds the marks of an evacuation. The last one of a person stands: by its stamp, among equal stamps by its id.
pub fn roll<'a>(roster: &'a [Listed], marks: impl IntoIterator<Item = &'a RollCall>) -> Roll<'a> {
    let mut standing = BTreeMap::<RecordId, &RollCall>::new();
    for mark in marks {
        let last = standing.entry(mark.person).or_insert(mark);
        if (mark.stamp, mark.id) > (last.stamp, last.id) {
            *last = mark;
        }
    }
    let (mut people, mut totals, mut seen) = (Vec::with_capacity(roster.len()), Totals::default(), BTreeSet::new());
    for listed in roster.iter().filter(|listed| seen.insert(listed.person)) {
        let mark = standing.remove(&listed.person);
        totals.count(mark.map_or(Mark::NotContacted, |mark| mark.mark));
        people.push((listed, mark));
    }
    Roll { people, totals, strangers: standing.into_values().collect() }
}

/// The three counts of a day (一日三清).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
#[ts(export)]
pub enum CountOf {
    /// 早: until eleven.
    Morning,
    /// 中: until five in the afternoon.
    Noon,
    /// 晚: until midnight.
    Evening,
}

/// One of the counts. Nothing is stored of it: it is what the marks made up to its end say, on every phone alike.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct Count {
    /// Which one of the day.
    pub of: CountOf,
    /// When its part of the day begins.
    #[ts(type = "number")]
    pub from: Millis,
    /// The moment up to which marks count: its end, or now while it lasts.
    #[ts(type = "number")]
    pub upto: Millis,
    /// It is still going on.
    pub open: bool,
    /// Where everybody was then.
    pub totals: Totals,
    /// Of the roster, how many got a mark within this part of the day: asked after once more, even if nothing had changed.
    pub checked: usize,
}

const HOUR: Millis = 60 * 60 * 1000;
/// The hours at which the parts of the day begin and the last one ends.
const PARTS: [(CountOf, i64, i64); 3] =
    [(CountOf::Morning, 0, 11), (CountOf::Noon, 11, 17), (CountOf::Evening, 17, 24)];
/// More days than this no list of counts goes back.
const DAYS_MAX: usize = 31;

/// The part of the day at a moment: which count, from when, until when.
pub fn part_of_day(at: Millis) -> (CountOf, Millis, Millis) {
    let hour = i64::from(wall_clock(at).unwrap_or_default().hour());
    let midnight = start_of_day(at);
    let (of, from, to) = PARTS.into_iter().find(|(_, _, to)| hour < *to).unwrap_or(PARTS[2]);
    (of, midnight + from * HOUR, midnight + to * HOUR)
}

/// The counts of an evacuation, the latest first: from the one in which it was ordered to the one that is going on, or in which it ended.
pub fn counts(
    roster: &[Listed],
    marks: &[RollCall],
    ordered_at: Millis,
    ended_at: Option<Millis>,
    now: Millis,
) -> Vec<Count> {
    let last = ended_at.unwrap_or(now).max(ordered_at);
    let on_roster: BTreeSet<RecordId> = roster.iter().map(|listed| listed.person).collect();
    let mut found = Vec::new();
    let mut moment = last;
    while moment >= ordered_at && found.len() < DAYS_MAX * PARTS.len() {
        let (of, from, end) = part_of_day(moment);
        // What was marked in the very moment of the end still belongs to it.
        let upto = if moment == last { last } else { end - 1 };
        let open = ended_at.is_none() && moment == last;
        let within = |mark: &&RollCall| (from..=upto).contains(&mark.at) && on_roster.contains(&mark.person);
        let checked: BTreeSet<RecordId> = marks.iter().filter(within).map(|mark| mark.person).collect();
        let totals = roll(roster, marks.iter().filter(|mark| mark.at <= upto)).totals;
        found.push(Count { of, from, upto, open, totals, checked: checked.len() });
        moment = from - 1;
    }
    found
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use uuid::Uuid;

    use super::*;
    use crate::stamp::Node;

    fn id(number: u128) -> RecordId {
        RecordId(Uuid::from_u128(number))
    }

    fn listed(person: u128) -> Listed {
        let (person, household, point) = (id(person), id(1000 + person / 3), id(1));
        Listed { person, household, point, name: "张三".to_owned(), needs_help: false }
    }

    fn mark(number: u128, person: u128, mark: Mark, at: Millis) -> RollCall {
        let stamp = Stamp::new(at, 0, Node(number as u64 % 3));
        RollCall { id: id(5000 + number), evacuation: id(2), person: id(person), mark, at, by: None, note: None, stamp }
    }

    /// 2026-07-21, eight in the morning in China.
    const EIGHT: Millis = 1_784_592_000_000;

    #[test]
    fn the_last_mark_stands_and_the_totals_add_up() {
        let roster: Vec<Listed> = (10..15).map(listed).collect();
        let marks = [
            mark(1, 10, Mark::Called, 100),
            mark(2, 10, Mark::MovedShelter, 200),
            mark(3, 11, Mark::Away, 100),
            mark(4, 12, Mark::MovedFamily, 100),
            mark(5, 12, Mark::Returned, 300),
            mark(6, 99, Mark::MovedShelter, 100),
        ];
        let roll = roll(&roster, &marks);
        let Totals { due, moved, away, unmoved, returned, not_contacted, .. } = roll.totals;
        assert_eq!((due, moved, away, unmoved, returned, not_contacted), (5, 1, 1, 3, 1, 2));
        assert_eq!(roll.strangers, [&marks[5]], "somebody who is on no list is shown apart");
        assert_eq!(roll.people[0].1, Some(&marks[1]));
    }

    #[test]
    fn what_is_said_next_comes_after_what_stands_of_these_people_alone() {
        let roster: Vec<Listed> = (10..13).map(listed).collect();
        let marks = [mark(1, 10, Mark::Called, 100), mark(2, 10, Mark::Away, 200), mark(3, 11, Mark::Called, 300)];
        let roll = roll(&roster, &marks);
        assert_eq!(roll.latest_of(&BTreeMap::from([(id(10), None), (id(12), None)])), marks[1].stamp);
        assert_eq!(roll.latest_of(&BTreeMap::from([(id(12), None)])), Stamp::ZERO);
    }

    #[test]
    fn a_day_has_three_counts_and_the_last_one_is_open() {
        let roster: Vec<Listed> = (10..12).map(listed).collect();
        let marks = [mark(1, 10, Mark::MovedShelter, EIGHT + HOUR), mark(2, 10, Mark::Returned, EIGHT + 5 * HOUR)];
        let now = EIGHT + 10 * HOUR;
        let found = counts(&roster, &marks, EIGHT, None, now);
        let parts: Vec<(CountOf, usize, usize, bool)> =
            found.iter().map(|count| (count.of, count.totals.moved, count.checked, count.open)).collect();
        assert_eq!(
            parts,
            [(CountOf::Evening, 0, 0, true), (CountOf::Noon, 0, 1, false), (CountOf::Morning, 1, 1, false)]
        );
        let ended = counts(&roster, &marks, EIGHT, Some(EIGHT + 2 * HOUR), now);
        assert_eq!((ended.len(), ended[0].upto, ended[0].open), (1, EIGHT + 2 * HOUR, false));
        assert_eq!(counts(&roster, &marks, now + HOUR, None, now).len(), 1, "a clock that went back loses no line");
    }

    #[test]
    fn parts_of_the_day_follow_each_other_without_a_gap() {
        let mut at = EIGHT;
        for _ in 0..10 {
            let (_, from, to) = part_of_day(at);
            assert!(from <= at && at < to);
            assert_eq!(part_of_day(to).1, to);
            at = to;
        }
    }

    fn any_mark() -> impl Strategy<Value = RollCall> {
        (0..60_u128, 10..22_u128, 0..8_usize, 0..40_i64)
            .prop_map(|(number, person, index, at)| mark(number, person, Mark::ALL[index], EIGHT + at * HOUR))
    }

    /// What several phones wrote: an id goes with one mark.
    fn any_marks() -> impl Strategy<Value = Vec<RollCall>> {
        proptest::collection::vec(any_mark(), 0..60).prop_map(|marks| {
            let by_id: BTreeMap<RecordId, RollCall> = marks.into_iter().map(|mark| (mark.id, mark)).collect();
            by_id.into_values().collect()
        })
    }

    fn adds_up(totals: &Totals) -> bool {
        let Totals { due, moved, away, unmoved, shelter, family, not_contacted, called, refused, missing, returned } =
            *totals;
        due == moved + away + unmoved
            && moved == shelter + family
            && unmoved == not_contacted + called + refused + missing + returned
    }

    proptest! {
        #[test]
        fn any_order_and_any_repetition_of_the_marks_says_the_same(
            marks in any_marks(),
            order in any::<u64>(),
            repeated in 0..10_usize,
        ) {
            let roster: Vec<Listed> = (10..18).map(listed).collect();
            let mut others = marks.clone();
            others.extend(marks.iter().take(repeated).cloned());
            others.sort_by_key(|mark| (mark.id.0.as_u128() as u64).wrapping_mul(order | 1));
            prop_assert_eq!(roll(&roster, &marks), roll(&roster, &others));
            let now = EIGHT + 41 * HOUR;
            prop_assert_eq!(counts(&roster, &marks, EIGHT, None, now), counts(&roster, &others, EIGHT, None, now));
        }

        #[test]
        fn the_totals_always_add_up_to_the_roster(marks in any_marks(), people in 0..12_u128) {
            let roster: Vec<Listed> = (10..10 + people).map(listed).collect();
            let folded = roll(&roster, &marks);
            prop_assert!(adds_up(&folded.totals));
            prop_assert_eq!(folded.totals.due, roster.len());
            for count in counts(&roster, &marks, EIGHT, None, EIGHT + 41 * HOUR) {
                prop_assert!(adds_up(&count.totals) && count.totals.due == roster.len() && count.checked <= roster.len());
            }
        }

        #[test]
        fn nobody_is_counted_twice_and_strangers_are_shown_apart(marks in any_marks(), people in 0..12_u128) {
            let mut roster: Vec<Listed> = (10..10 + people).map(listed).collect();
            roster.extend(roster.clone());
            let folded = roll(&roster, &marks);
            prop_assert_eq!(folded.totals.due as u128, people);
            let on_roster: BTreeSet<RecordId> = roster.iter().map(|listed| listed.person).collect();
            let strangers: BTreeSet<RecordId> = folded.strangers.iter().map(|mark| mark.person).collect();
            prop_assert_eq!(strangers.len(), folded.strangers.len());
            prop_assert!(strangers.is_disjoint(&on_roster));
            let marked: BTreeSet<RecordId> = marks.iter().map(|mark| mark.person).collect();
            prop_assert!(marked.iter().all(|person| on_roster.contains(person) || strangers.contains(person)));
        }

        #[test]
        fn what_two_phones_have_together_does_not_depend_on_who_had_what(marks in any_marks(), split in any::<u64>()) {
            let roster: Vec<Listed> = (10..18).map(listed).collect();
            let (here, there): (Vec<_>, Vec<_>) =
                marks.iter().cloned().partition(|mark| split >> (mark.id.0.as_u128() % 64) & 1 == 0);
            let joined: Vec<RollCall> = there.iter().chain(&here).cloned().collect();
            prop_assert_eq!(roll(&roster, &joined).totals, roll(&roster, &marks).totals);
        }
    }
}
