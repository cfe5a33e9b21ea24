//! What the phone tells of itself with a round, so that somebody at the desk can help: only news, and what has not changed once a day.
//! A round without news is not a byte longer.

use std::collections::BTreeSet;

use domain::health::{DeviceHealth, TELL_AGAIN};
use domain::world::Millis;
use domain::{Change, DeviceId, Epoch, RecordId};
use rusqlite::Connection;
use serde::{Deserialize, Serialize};

use super::waiting;
use crate::DeviceError;
use crate::open::Open;
use crate::outbox;
use crate::store::Meta;

/// What was told last, and to which database by which name: another one knows nothing of it.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Told {
    device: DeviceId,
    epoch: Epoch,
    health: DeviceHealth,
    at: Millis,
}

/// What the phone knows of itself beside the register.
#[derive(Debug, Clone)]
pub(super) struct Facts<'f> {
    pub(super) app_version: &'f str,
    pub(super) free_bytes: Option<u64>,
}

/// What is to be told with a request that carries these changes; none when it was told already.
pub(super) fn to_tell(open: &Open, facts: &Facts<'_>, push: &[Change]) -> Result<Option<DeviceHealth>, DeviceError> {
    let connection = open.store.connection();
    let waiting = waiting(open)?;
    let carried: BTreeSet<RecordId> = push.iter().map(|change| change.id).collect();
    let number = |n: i64| u64::try_from(n).unwrap_or(0);
    let health = DeviceHealth {
        app_version: facts.app_version.to_owned(),
        waiting_changes: number(waiting.records).saturating_sub(carried.len() as u64),
        waiting_photos: number(waiting.photos),
        refused: number(outbox::refused_count(connection)?),
        register_bytes: open.store.file_bytes(),
        free_bytes: facts.free_bytes,
    };
    let told: Option<Told> = Meta::HealthTold.get(connection)?;
    let epoch: Option<Epoch> = Meta::Epoch.get(connection)?;
    let (device, now) = (open.account().device, open.now());
    let known = told.is_some_and(|told| {
        let there = told.device == device && Some(told.epoch) == epoch;
        there && !health.is_news_after(&told.health) && (now - told.at).abs() < TELL_AGAIN
    });
    Ok((!known).then_some(health))
}

/// Notes that the server of this epoch has heard it; in the transaction that stores its answer.
pub(super) fn was_told(
    connection: &Connection,
    health: Option<&DeviceHealth>,
    (device, epoch): (DeviceId, Epoch),
    now: Millis,
) -> Result<(), DeviceError> {
    match health {
        Some(health) => Meta::HealthTold.set(connection, &Told { device, epoch, health: health.clone(), at: now }),
        None => Ok(()),
    }
}
