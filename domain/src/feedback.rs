//! Opinions about this app (意见反馈) with their answers: a fold over records that name each other.

use std::collections::HashMap;

use crate::ids::RecordId;
use crate::kinds::feedback::Feedback;
use crate::record::Record;

/// An opinion with its answers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Thread {
    /// The opinion.
    pub id: RecordId,
    /// What it says, and who wrote it.
    pub said: Feedback,
    /// The answers of others, in the order in which they were given.
    pub answers: Vec<Answer>,
}

/// An answer to an opinion.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// The answer.
    pub id: RecordId,
    /// What it says, and who gave it.
    pub said: Feedback,
    /// How whoever asked rates it, 1–5; the later rating counts.
    pub rating: Option<i64>,
}

/// The opinions among these records, the latest first. Only whoever wrote an opinion can rate its answers.
pub fn threads<'r>(records: impl IntoIterator<Item = &'r Record>) -> Vec<Thread> {
    let mut all: Vec<(RecordId, Feedback)> =
        records.into_iter().filter(|record| !record.is_deleted()).map(|record| (record.id, record.into())).collect();
    all.sort_by_key(|(id, said)| (said.at, *id));
    let mut about: HashMap<RecordId, Vec<&(RecordId, Feedback)>> = HashMap::new();
    for one in &all {
        if let Some(target) = one.1.about {
            about.entry(target).or_default().push(one);
        }
    }
    let of = |id: RecordId| about.get(&id).into_iter().flatten().copied();
    let thread = |(id, said): &(RecordId, Feedback)| {
        let own = |other: &Feedback| other.by == said.by;
        let rating =
            |answer| of(answer).filter(|(_, other)| own(other)).filter_map(|(_, other)| other.rating).next_back();
        let answers = of(*id).filter(|(_, other)| !own(other) && other.text.is_some());
        Thread {
            id: *id,
            said: said.clone(),
            answers: answers.map(|(id, other)| Answer { id: *id, said: other.clone(), rating: rating(*id) }).collect(),
        }
    };
    all.iter().rev().filter(|(_, said)| said.about.is_none()).map(thread).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::{CellCode, Kind, Stamp, Stamps};

    fn record(number: u128, at: i64, by: &str, more: serde_json::Value) -> Record {
        let mut fields = json!({"at": at, "by": by});
        fields.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        Record {
            id: id(number),
            kind: Kind::Feedback,
            cell: CellCode::new("610722001001001").unwrap(),
            fields: serde_json::from_value(fields).unwrap(),
            stamps: Stamps::all(Stamp::ZERO),
        }
    }

    fn id(number: u128) -> RecordId {
        RecordId(uuid::Uuid::from_u128(number))
    }

    #[test]
    fn an_answer_stands_with_its_opinion_and_only_who_asked_rates_it() {
        let records = [
            record(4, 40, "worker", json!({"about": id(2), "rating": 4})),
            record(5, 41, "colleague", json!({"about": id(2), "rating": 1})),
            record(2, 20, "boss", json!({"about": id(1), "text": "谢谢，已改。"})),
            record(6, 42, "worker", json!({"about": id(2), "rating": 5})),
            record(1, 10, "worker", json!({"text": "字太小。"})),
            record(3, 30, "colleague", json!({"text": "很好用。"})),
        ];
        let found = threads(&records);
        assert_eq!(found.iter().map(|thread| thread.id).collect::<Vec<_>>(), [id(3), id(1)]);
        assert_eq!(
            found[1].answers.iter().map(|answer| (answer.id, answer.rating)).collect::<Vec<_>>(),
            [(id(2), Some(5))]
        );
        assert!(found[0].answers.is_empty());
    }

    #[test]
    fn what_one_says_about_the_own_opinion_is_no_answer_and_a_circle_ends() {
        let records = [
            record(1, 10, "worker", json!({"text": "字太小。"})),
            record(2, 11, "worker", json!({"about": id(1), "text": "还是小。"})),
            record(3, 12, "boss", json!({"about": id(3), "text": "?"})),
        ];
        let found = threads(&records);
        assert_eq!((found.len(), found[0].answers.len()), (1, 0));
    }
}
