//! A round over HTTP. A change that cannot even be read is refused alone, like any other; what a phone tells of itself is help, and
//! when it cannot be read the round goes on without it.

use std::collections::BTreeMap;
use std::fmt;

use axum::Json;
use axum::extract::State;
use domain::protocol::{
    BODY_BYTES_MAX, CallRefusal, ExchangeAnswer, ExchangeRequest, PUSH_CHANGES_MAX, Refusal, Verdict,
};
use domain::world::Millis;
use domain::{CellCode, Change, Epoch, Node, Problem, ProblemCode, RecordId};
use serde::de::{DeserializeOwned, IgnoredAny, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::Value;

use crate::http::body::JsonBytes;
use crate::http::{ApiError, App, SignedInPhone, blocking};
use crate::hub::HubError;

/// An [`ExchangeRequest`] whose changes were not looked at yet.
#[derive(Deserialize)]
pub(super) struct RawExchange {
    protocol: u16,
    device_time: Millis,
    node: Node,
    epoch: Option<Epoch>,
    push: RawChanges,
    cursors: BTreeMap<CellCode, u64>,
    #[serde(default)]
    doubted: Vec<CellCode>,
    #[serde(default)]
    words_about: Vec<RecordId>,
    #[serde(default)]
    merges: bool,
    #[serde(default)]
    health: Option<Value>,
    #[serde(default)]
    room: Option<Value>,
    #[serde(default)]
    proofs: Option<Value>,
    #[serde(default)]
    lost_receipts: Option<Value>,
}

/// Changes that were not looked at yet: all of them, or the first ones and one more than a push may have. Before they are counted,
/// millions of the shortest would take hundreds of megabytes.
struct RawChanges(Vec<Value>);

impl<'de> Deserialize<'de> for RawChanges {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_seq(Counting)
    }
}

struct Counting;

impl<'de> Visitor<'de> for Counting {
    type Value = RawChanges;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list of changes")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<RawChanges, A::Error> {
        let mut changes = Vec::new();
        while changes.len() <= PUSH_CHANGES_MAX
            && let Some(change) = seq.next_element()?
        {
            changes.push(change);
        }
        while seq.next_element::<IgnoredAny>()?.is_some() {}
        Ok(RawChanges(changes))
    }
}

pub(super) async fn exchange(
    State(app): State<App>,
    SignedInPhone(phone): SignedInPhone,
    JsonBytes(body): JsonBytes<BODY_BYTES_MAX>,
) -> Result<Json<ExchangeAnswer>, ApiError> {
    blocking(&app, move |hub| {
        let (request, unreadable) = read(&body)?;
        drop(body);
        // Its rights were asked before the body came, which may take its time.
        let phone = hub.phone_now(&phone)?;
        let mut answer = hub.exchange(&phone, &request)?;
        for place in unreadable {
            answer.verdicts.insert(place, Verdict::Refused(unreadable_change()));
        }
        Ok(answer)
    })
    .await
    .map(Json)
}

/// The request, and the places of the changes that cannot be read, ascending. Nearly always all can, and are read in one go.
fn read(body: &[u8]) -> Result<(ExchangeRequest, Vec<usize>), HubError> {
    if let Ok(request) = serde_json::from_slice(body) {
        return Ok((request, Vec::new()));
    }
    let raw: RawExchange = serde_json::from_slice(body).map_err(|_| HubError::refused(CallRefusal::Malformed))?;
    if raw.push.0.len() > PUSH_CHANGES_MAX {
        return Err(HubError::refused(CallRefusal::TooLarge));
    }
    let (push, unreadable) = read_changes(raw.push.0);
    let request = ExchangeRequest {
        protocol: raw.protocol,
        device_time: raw.device_time,
        node: raw.node,
        epoch: raw.epoch,
        push,
        cursors: raw.cursors,
        doubted: raw.doubted,
        words_about: raw.words_about,
        merges: raw.merges,
        health: readable(raw.health),
        room: readable(raw.room),
        proofs: readable(raw.proofs),
        lost_receipts: readable(raw.lost_receipts),
    };
    Ok((request, unreadable))
}

/// What only helps, if it can be read.
fn readable<T: DeserializeOwned + Default>(raw: Option<Value>) -> T {
    raw.and_then(|value| serde_json::from_value(value).ok()).unwrap_or_default()
}

/// The changes that can be read, and the places of the others, ascending.
fn read_changes(raw: Vec<Value>) -> (Vec<Change>, Vec<usize>) {
    let (mut changes, mut unreadable) = (Vec::with_capacity(raw.len()), Vec::new());
    for (place, value) in raw.into_iter().enumerate() {
        match serde_json::from_value(value) {
            Ok(change) => changes.push(change),
            Err(_) => unreadable.push(place),
        }
    }
    (changes, unreadable)
}

fn unreadable_change() -> Refusal {
    Refusal { code: ProblemCode::WrongType, problems: vec![Problem::new("", ProblemCode::WrongType)], current: None }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_more_changes_than_a_push_may_have_only_so_many_are_held() {
        let count = |written: String| serde_json::from_str(&written).map(|RawChanges(changes)| changes.len());
        assert_eq!(count("[0,{},[]]".to_owned()).unwrap(), 3);
        assert_eq!(count(format!("[{}0]", "0,".repeat(1_000_000))).unwrap(), PUSH_CHANGES_MAX + 1);
        assert!(count(format!("[{}0", "0,".repeat(1_000_000))).is_err(), "the rest is read all the same");
    }
}
