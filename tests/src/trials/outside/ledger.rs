//! Every word that somebody wrote in a history: none of them may be missing afterwards without an excuse.

use std::collections::BTreeSet;

use serde_json::Value;

/// A value in a field of a record.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Word {
    pub(super) record: String,
    pub(super) field: String,
    pub(super) value: Value,
}

/// The words, each with the number of the hand that wrote it.
#[derive(Debug, Default)]
pub(super) struct Ledger {
    pub(super) words: Vec<(usize, Word)>,
    /// Words that the server is to refuse.
    pub(super) wrong: BTreeSet<String>,
}

/// A clock that is set right moves the moment of an unsent visit; whether somebody is there is written by many alike.
const NOT_WORDS: [&str; 4] = ["at", "taken_at", "happened_at", "deleted"];

impl Ledger {
    /// Notes what a hand saved. What the same hand had written there before may be gone: it was written over before it was sent.
    pub(super) fn saved(&mut self, hand: usize, record: &str, fields: &Value) {
        for (field, value) in fields.as_object().into_iter().flatten() {
            if NOT_WORDS.contains(&field.as_str()) {
                continue;
            }
            self.words.retain(|(by, word)| !(*by == hand && word.record == record && word.field == *field));
            self.words.push((hand, Word { record: record.to_owned(), field: field.clone(), value: value.clone() }));
        }
    }

    /// Excuses what was kept only where it is no more.
    pub(super) fn forgive(&mut self, is_kept: impl Fn(&Word) -> bool) {
        self.words.retain(|(_, word)| is_kept(word));
    }
}
