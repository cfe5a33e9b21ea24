//! A round over HTTP. A change that cannot even be read is refused alone, like any other; what a phone tells of itself is help, and
//! when it cannot be read the round goes on without it.

use std::collections::BTreeMap;

use axum::Json;
use axum::extract::State;
use domain::protocol::{
    BODY_BYTES_MAX, CallRefusal, ExchangeAnswer, ExchangeRequest, PUSH_CHANGES_MAX, Refusal, Verdict,
};
use domain::world::Millis;
use domain::{CellCode, Change, Epoch, Node, Problem, ProblemCode, RecordId};
use serde::Deserialize;
use serde::de::DeserializeOwned;
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
    push: Vec<Value>,
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
    if raw.push.len() > PUSH_CHANGES_MAX {
        return Err(HubError::refused(CallRefusal::TooLarge));
    }
    let (push, unreadable) = read_changes(raw.push);
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
