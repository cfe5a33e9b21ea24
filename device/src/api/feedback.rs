//! Opinions about this app (意见反馈): the worker's own words, the desk's answers, and how the worker rates them.

use std::collections::HashMap;

use domain::kinds::feedback::Feedback;
use domain::{Fields, Kind, ProblemCode, Record, RecordId};
use serde::{Deserialize, Serialize};
use serde_json::json;
use ts_rs::TS;

use super::record::{Saved, append};
use super::{Failure, Nothing, found};
use crate::{Device, Open};

/// An answer to an opinion.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, TS)]
#[ts(export)]
pub struct FeedbackAnswer {
    /// The answer.
    pub id: RecordId,
    /// In words.
    pub text: String,
    /// When.
    pub at: i64,
    /// The worker's rating of it, 1–5.
    pub rating: Option<i64>,
}

/// An opinion with its answers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, TS)]
#[ts(export)]
pub struct FeedbackThread {
    /// The opinion.
    pub id: RecordId,
    /// In words.
    pub text: String,
    /// When.
    pub at: i64,
    /// Nothing of it is unsent.
    pub sent: bool,
    /// The answers, in their order.
    pub answers: Vec<FeedbackAnswer>,
}

/// Writes an opinion.
#[derive(Debug, Deserialize, TS)]
#[serde(deny_unknown_fields)]
#[ts(export)]
pub struct WriteFeedbackArgs {
    /// In words.
    pub text: String,
}

/// Rates an answer.
#[derive(Debug, Deserialize, TS)]
#[serde(deny_unknown_fields)]
#[ts(export)]
pub struct RateAnswerArgs {
    /// The answer.
    pub answer: RecordId,
    /// 1–5.
    pub rating: i64,
}

/// The worker's own opinions, the latest first.
pub(super) fn feedback(device: &Device, _: Nothing) -> Result<Vec<FeedbackThread>, Failure> {
    device.with_open(|open: &mut Open| {
        let own = open.account().account.as_str();
        let store = open.store();
        let all = store.records("kind = 'feedback' AND deleted = 0 ORDER BY at, id", [])?;
        let mut about: HashMap<RecordId, Vec<(RecordId, Feedback)>> = HashMap::new();
        let mut threads = Vec::new();
        for record in &all {
            let feedback = Feedback::from(record);
            match feedback.about {
                Some(target) => about.entry(target).or_default().push((record.id, feedback)),
                None if feedback.by.as_deref() == Some(own) => threads.push((record, feedback)),
                None => {}
            }
        }
        let of = |id: &RecordId| about.get(id).into_iter().flatten();
        let rating = |answer: &RecordId| {
            of(answer)
                .filter(|(_, said)| said.by.as_deref() == Some(own))
                .filter_map(|(_, said)| said.rating)
                .next_back()
        };
        let answers = |id: &RecordId| {
            let others = of(id).filter(|(_, said)| said.by.as_deref() != Some(own));
            let answer = |(id, said): &(RecordId, Feedback)| {
                Some(FeedbackAnswer { id: *id, text: said.text.clone()?, at: said.at, rating: rating(id) })
            };
            others.filter_map(answer).collect()
        };
        let mut found = Vec::with_capacity(threads.len());
        for (record, said) in threads.into_iter().rev() {
            found.push(FeedbackThread {
                id: record.id,
                text: said.text.unwrap_or_default(),
                at: said.at,
                sent: store.is_sent(record.id)?,
                answers: answers(&record.id),
            });
        }
        Ok(found)
    })
}

pub(super) fn write_feedback(device: &Device, args: WriteFeedbackArgs) -> Result<Saved, Failure> {
    device.with_open(|open: &mut Open| {
        let fields = Fields::from([("text".to_owned(), json!(args.text))]);
        Ok(Saved { id: append(open, &Kind::Feedback, fields)?, warnings: Vec::new() })
    })
}

/// Only an answer to one's own words can be rated; rated again, the later rating counts.
pub(super) fn rate_answer(device: &Device, args: RateAnswerArgs) -> Result<Saved, Failure> {
    device.with_open(|open: &mut Open| {
        let own = |record: &Record| record.text("by") == Some(open.account().account.as_str());
        let answer = found(open, args.answer, &Kind::Feedback)?;
        let asked = answer.reference("about").map(|id| open.store().get(id)).transpose()?.flatten();
        if own(&answer) || !asked.is_some_and(|asked| own(&asked)) {
            return Err(Failure::problem("about", ProblemCode::MissingTarget));
        }
        let fields =
            Fields::from([("about".to_owned(), json!(args.answer)), ("rating".to_owned(), json!(args.rating))]);
        Ok(Saved { id: append(open, &Kind::Feedback, fields)?, warnings: Vec::new() })
    })
}
