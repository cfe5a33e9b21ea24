//! What the sync bar says, and what a round did.

use std::sync::atomic::Ordering;

use domain::Sha256Hex;
use domain::protocol::{CLOCK_OFF_WARN, CallError, CallRefusal};
use domain::world::Millis;
use serde::{Deserialize, Serialize};
use ts_rs::TS;

use super::hand_in::handed;
use crate::open::{Open, lock};
use crate::outbox;
use crate::store::{Meta, photos_following};
use crate::{Device, DeviceError};

/// The one word of the sync bar.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
#[ts(export)]
pub enum SyncPhase {
    /// Nothing was ever synchronised, and nothing has been tried in vain.
    Never,
    /// The server could not be reached last time.
    Offline,
    /// Something waits to be sent.
    Waiting,
    /// A round is running.
    Sending,
    /// Everything is on the server.
    Safe,
    /// The server does not accept this phone any more; everything stays readable and writable.
    SignedOut,
    /// The desk shut this phone out: what is unsent is handed in, sealed, and everything stays readable and writable.
    Revoked,
}

/// What keeps rounds from going through, where neither a signal nor time helps: somebody has to do something.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
#[ts(export)]
pub enum Hindrance {
    /// Nothing, as far as the last round could tell.
    #[default]
    None,
    /// The phone's storage is full or does not work.
    Storage,
    /// The server speaks with newer apps only.
    Update,
    /// The server refuses the round, or its answers cannot be read.
    Server,
}

impl Hindrance {
    /// What hindered a round that ended so.
    pub(crate) fn of(error: &DeviceError) -> Self {
        match error {
            DeviceError::Call(CallError::Refused { code: CallRefusal::UnknownProtocol }) => Hindrance::Update,
            DeviceError::Call(CallError::Refused { .. } | CallError::Unreadable(_)) => Hindrance::Server,
            // No signal, or a state that the bar has a word of its own for.
            DeviceError::Call(_) | DeviceError::Locked | DeviceError::LockedByDesk | DeviceError::NotEnrolled => {
                Hindrance::None
            }
            _ => Hindrance::Storage,
        }
    }
}

/// What the sync bar shows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct SyncState {
    /// The one word.
    pub phase: SyncPhase,
    /// What stands in the way, where "soon" would not be true.
    pub hindrance: Hindrance,
    /// Records with something unsent.
    pub waiting_records: i64,
    /// Photos whose bytes the server does not have, those included that the screens are still to store.
    pub waiting_photos: i64,
    /// Those of them that wait for Wi-Fi, because the worker chose so.
    pub photos_for_wifi: i64,
    /// Records and photos that lie sealed on the server, for somebody at the desk to take in.
    pub handed_in: i64,
    /// Records of which something was refused.
    pub refused: i64,
    /// When everything was last known to be on the server, by the server's clock.
    pub safe_at: Option<Millis>,
    /// Milliseconds that the server's clock is ahead of the phone's, once measured.
    pub server_time_off_ms: Option<Millis>,
    /// Whether the phone's clock is so far off that the worker should set it.
    pub clock_wrong: bool,
    /// Grows whenever something stored changed.
    pub generation: u64,
}

impl SyncState {
    /// Whether something waits that may be sent over the network there is.
    pub fn something_can_go(&self) -> bool {
        self.waiting_records > 0 || self.waiting_photos > self.photos_for_wifi
    }
}

/// What a round did.
#[derive(Debug, Default)]
pub struct RoundReport {
    /// Changes that the server took.
    pub accepted: usize,
    /// Changes that it refused.
    pub refused: usize,
    /// Records that came down.
    pub pulled: usize,
    /// Photos whose last byte arrived.
    pub photos: usize,
    /// How often a cell's digest was another than the receipt's.
    pub differing: usize,
    /// Why the round ended early. Nothing is lost; the next round goes on.
    pub ended_by: Option<DeviceError>,
}

/// What still waits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Waiting {
    pub(crate) records: i64,
    pub(crate) photos: i64,
}

impl Waiting {
    pub(crate) fn nothing(self) -> bool {
        self.records == 0 && self.photos == 0
    }
}

pub(crate) fn waiting(open: &Open) -> Result<Waiting, DeviceError> {
    waiting_beside(open, &open.store.waiting_hashes()?)
}

/// The same for whoever knows already which pictures wait.
fn waiting_beside(open: &Open, pictures: &[Sha256Hex]) -> Result<Waiting, DeviceError> {
    let count = |sql: &str| -> Result<i64, DeviceError> {
        Ok(open.store.connection().prepare_cached(sql)?.query_row([], |row| row.get(0))?)
    };
    Ok(Waiting {
        records: count(
            "SELECT count(*) FROM (SELECT id FROM unsent
                UNION SELECT id FROM record WHERE reoffer = 1 UNION SELECT id FROM overtaken)",
        )?,
        photos: pictures.len() as i64 + photos_following(open.store.connection())?,
    })
}

impl Device {
    /// What the sync bar shows, read from what is stored: it can be asked at any time.
    ///
    /// # Errors
    /// [`DeviceError::Locked`] and the storage's errors.
    pub fn sync_state(&self) -> Result<SyncState, DeviceError> {
        let in_round = self.inner.in_round.load(Ordering::SeqCst);
        let last_call = lock(&self.inner.last_call).clone();
        let hindrance = *lock(&self.inner.hindrance);
        let leave = self.photo_leave();
        self.with_open(|open| {
            let connection = open.store.connection();
            let _reading = connection.unchecked_transaction()?;
            let pictures = open.store.waiting_hashes()?;
            let waiting = waiting_beside(open, &pictures)?;
            let safe_at: Option<Millis> = Meta::SafeAt.get(connection)?;
            let signed_out = Meta::SignedOut.get(connection)?.unwrap_or(false);
            let offset: Option<Millis> = Meta::ClockOffset.get(connection)?;
            let for_wifi = leave.held(&pictures) as i64;
            let can_go = waiting.records > 0 || waiting.photos > for_wifi;
            let phase = match last_call {
                _ if signed_out => SyncPhase::SignedOut,
                _ if Meta::Revoked.get(connection)?.unwrap_or(false) => SyncPhase::Revoked,
                // A try after a failure counts as sending once the server answered: without a signal nothing is sent.
                Some(_) => SyncPhase::Offline,
                None if in_round && (can_go || safe_at.is_none()) => SyncPhase::Sending,
                None if safe_at.is_none() => SyncPhase::Never,
                None if !waiting.nothing() => SyncPhase::Waiting,
                None => SyncPhase::Safe,
            };
            Ok(SyncState {
                phase,
                hindrance,
                waiting_records: waiting.records,
                waiting_photos: waiting.photos,
                photos_for_wifi: for_wifi,
                handed_in: handed(connection)?.items.len() as i64,
                refused: outbox::refused_count(connection)?,
                safe_at,
                server_time_off_ms: offset,
                clock_wrong: offset.is_some_and(|offset| offset.abs() > CLOCK_OFF_WARN),
                generation: self.generation(),
            })
        })
    }
}
