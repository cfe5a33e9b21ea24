//! A round over HTTP. A change that cannot even be read is refused alone, like any other.

use std::collections::BTreeMap;

use axum::Json;
use axum::extract::State;
use domain::protocol::{
    BODY_BYTES_MAX, CallRefusal, ExchangeAnswer, ExchangeRequest, PUSH_CHANGES_MAX, Refusal, Verdict,
};
use domain::world::Millis;
use domain::{CellCode, Change, Epoch, Node, Problem, ProblemCode};
use serde::Deserialize;
use serde_json::Value;

use crate::http::{ApiError, App, JsonBody, SignedInPhone, blocking};

/// An [`ExchangeRequest`] whose changes were not looked at yet.
#[derive(Deserialize)]
pub(super) struct RawExchange {
    protocol: u16,
    device_time: Millis,
    node: Node,
    epoch: Option<Epoch>,
    push: Vec<Value>,
    cursors: BTreeMap<CellCode, u64>,
    #[serde(default)]
    doubted: Vec<CellCode>,
}

pub(super) async fn exchange(
    State(app): State<App>,
    SignedInPhone(phone): SignedInPhone,
    JsonBody(raw): JsonBody<RawExchange, BODY_BYTES_MAX>,
) -> Result<Json<ExchangeAnswer>, ApiError> {
    if raw.push.len() > PUSH_CHANGES_MAX {
        return Err(ApiError::new(CallRefusal::TooLarge));
    }
    blocking(&app, move |hub| {
        let (push, unreadable) = read_changes(raw.push);
        let request = ExchangeRequest {
            protocol: raw.protocol,
            device_time: raw.device_time,
            node: raw.node,
            epoch: raw.epoch,
            push,
            cursors: raw.cursors,
            doubted: raw.doubted,
        };
        let mut answer = hub.exchange(&phone, &request)?;
        for place in unreadable {
            answer.verdicts.insert(place, Verdict::Refused(unreadable_change()));
        }
        Ok(answer)
    })
    .await
    .map(Json)
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
