//! Opinions about this app (意见反馈): the worker's own words, the desk's answers, and how the worker rates them.

use domain::feedback::{Answer, threads};
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
        let mut found = Vec::new();
        for thread in threads(&all).into_iter().filter(|thread| thread.said.by.as_deref() == Some(own)) {
            let answer = |answer: Answer| FeedbackAnswer {
                id: answer.id,
                text: answer.said.text.unwrap_or_default(),
                at: answer.said.at,
                rating: answer.rating,
            };
            found.push(FeedbackThread {
                id: thread.id,
                text: thread.said.text.unwrap_or_default(),
                at: thread.said.at,
                sent: store.is_sent(thread.id)?,
                answers: thread.answers.into_iter().map(answer).collect(),
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
