//! One round with the server: clock, text up and down, lists, photos.
//!
//! The register is never held while a call is under way: every step takes it, reads or writes in one transaction, and lets it
//! go. A round may end anywhere (no signal, locked, killed); the next one goes on from what is stored.

mod answer;
mod clock;
mod gather;
mod hand_in;
mod health;
mod notes;
mod order;
mod own;
mod photos;
mod pull;
mod push;
mod receipt;
mod repair;
mod rights;
mod state;
mod text;

use std::sync::atomic::Ordering;

use domain::codes::{LISTS_SHAPE, Lists};
use domain::protocol::{CallError, CallRefusal, PROTOCOL, Peer};
use domain::{DeviceId, Epoch};
use serde::{Deserialize, Serialize};

pub(crate) use gather::mark_all_offered;
pub(crate) use hand_in::NoRoom;
pub(crate) use receipt::{KeptReceipt, is_repairing};
pub(crate) use rights::read_anew;
pub(crate) use state::waiting;
pub use state::{Hindrance, RoundReport, SyncPhase, SyncState};

use crate::open::lock;
use crate::store::{self, Meta};
use crate::{Device, DeviceError, Open, Phase, handover};

/// Which lists are stored: their number alone does not name them. A database that was put back gives the numbers of the lost one again,
/// and a program stores of the lists what it knows. The digest is of all that is in them, the number too. An older server does not name
/// what is in its lists: there its database counts.
#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct ListsFrom {
    #[serde(default)]
    digest: Option<String>,
    epoch: Option<Epoch>,
    shape: u32,
}

/// Says that a round is running, and takes it back however the round ends.
struct InRound<'a>(&'a std::sync::atomic::AtomicBool);

impl Drop for InRound<'_> {
    fn drop(&mut self) {
        self.0.store(false, Ordering::SeqCst);
    }
}

fn keep_lists(open: &mut Open, lists: Lists, from: &ListsFrom) -> Result<(), DeviceError> {
    let transaction = open.store.begin()?;
    Meta::Lists.set(&transaction, &lists)?;
    Meta::ListsFrom.set(&transaction, from)?;
    transaction.commit()?;
    open.set_lists(lists);
    open.changed();
    Ok(())
}

impl Device {
    /// Runs one round. Whatever ends it early, nothing is lost, and the report says what ended it.
    pub fn round(&self, peer: &dyn Peer) -> RoundReport {
        let _one_at_a_time = lock(&self.inner.rounds);
        self.inner.in_round.store(true, Ordering::SeqCst);
        let _in_round = InRound(&self.inner.in_round);
        let mut report = RoundReport::default();
        let outcome = self.whole(peer, &mut report);
        self.note_outcome(&outcome);
        report.ended_by = outcome.err();
        report
    }

    fn whole(&self, peer: &dyn Peer, report: &mut RoundReport) -> Result<(), DeviceError> {
        // An open register is under no order; the note is looked for only where there is none.
        if self.phase() != Phase::Open && self.ordered().is_some() {
            return self.stay_ordered(peer);
        }
        match self.steps(peer, report).and_then(|()| self.note_safety()) {
            Err(DeviceError::Call(error @ CallError::Revoked)) => {
                self.note_revoked(true)?;
                hand_in::hand_in_now_and_then(self, peer)?;
                Err(error.into())
            }
            Err(DeviceError::Call(CallError::Ordered)) => self.carry_out(peer),
            outcome => outcome,
        }
    }

    fn steps(&self, peer: &dyn Peer, report: &mut RoundReport) -> Result<(), DeviceError> {
        let device = self.with_open::<_, DeviceError>(|open| Ok(open.account().device))?;
        self.measure_clock_if_needed(peer)?;
        let lists = text::exchange_all(self, peer, report)?;
        self.refresh_lists(peer, lists)?;
        photos::send_all(self, peer, report)?;
        if report.photos > 0 {
            // The receipt that came with the text could not count these.
            text::exchange_all(self, peer, report)?;
        }
        self.leave_unreadable(device)
    }

    fn measure_clock_if_needed(&self, peer: &dyn Peer) -> Result<(), DeviceError> {
        let (before, measured, needed) = self.with_open::<_, DeviceError>(|open| {
            let _reading = open.store.connection().unchecked_transaction()?;
            // What only comes down needs no clock beforehand: the exchange compares them too.
            let needed = waiting(open)?.records > 0 || !open.keys()?.are_known();
            Ok((open.device_now(), open.is_clock_measured(), needed))
        })?;
        if !needed || measured {
            return Ok(());
        }
        let hello = peer.hello()?;
        self.note_contact();
        let (oldest, newest) = hello.protocols;
        if !(oldest..=newest).contains(&PROTOCOL) {
            return Err(CallError::Refused { code: CallRefusal::UnknownProtocol }.into());
        }
        self.with_open(|open| {
            let after = open.device_now();
            open.note_keys(&hello.keys)?;
            clock::measured(open, before, after, hello.server_time)
        })
    }

    /// The server answered: from here on the bar may say that something is being sent, not before.
    fn note_contact(&self) {
        *lock(&self.inner.last_call) = None;
    }

    /// Loads the county's lists when the server has others than are held, or they were stored by a program that knew less of them.
    /// Without them everything else still works.
    fn refresh_lists(&self, peer: &dyn Peer, told: text::ListsTold) -> Result<(), DeviceError> {
        let text::ListsTold { version, digest } = told;
        let (from, held) = self.with_open::<_, DeviceError>(|open| {
            let connection = open.store.connection();
            let epoch = if digest.is_none() { Meta::Epoch.get(connection)? } else { None };
            let from = ListsFrom { digest, epoch, shape: LISTS_SHAPE };
            let stored = Meta::ListsFrom.get::<ListsFrom>(connection)?;
            if stored.as_ref() == Some(&from) {
                return Ok((from, open.lists().version == version));
            }
            // Those that a program begins with are mostly the ones that a county begins with.
            let held = from.digest.is_some() && from.digest == Some(open.lists().digest());
            Ok((from, held))
        })?;
        if held {
            return Ok(());
        }
        match peer.lists() {
            Ok(lists) if !lists.categories.is_empty() => match self.with_open(|open| keep_lists(open, lists, &from)) {
                // Photos still go up.
                Err(error @ DeviceError::StorageFull) => {
                    tracing::warn!(%error, "the lists found no room");
                    Ok(())
                }
                kept => kept,
            },
            Ok(_) => Ok(()),
            // Not for this version of the lists; everything else ends the round, and may have to be acted on.
            Err(error @ (CallError::Refused { .. } | CallError::Unreadable(_))) => {
                tracing::warn!(%error, "the lists could not be loaded");
                Ok(())
            }
            Err(error) => Err(error.into()),
        }
    }

    /// What the account may not read goes, unless the phone was enrolled anew since the round began: then nothing may have told it yet
    /// which database the server has.
    fn leave_unreadable(&self, device: DeviceId) -> Result<(), DeviceError> {
        self.let_go("what the account may not read is still here", |open| match open.account().device == device {
            true => rights::leave_unreadable(open),
            false => Ok(false),
        })
    }

    /// Removes what need not be here any more, all of it or nothing; `leave` says whether anything went. Removing takes room as well: where
    /// there is none, `still_here` says so in the log and the round goes on. What is to go stays known, the next round removes it, and this
    /// one was whole all the same: photos still go up.
    fn let_go(
        &self,
        still_here: &str,
        leave: impl FnOnce(&Open) -> Result<bool, DeviceError>,
    ) -> Result<(), DeviceError> {
        let left = self.with_open::<_, DeviceError>(|open| {
            let transaction = open.store.connection().unchecked_transaction()?;
            let left = leave(open)?;
            transaction.commit()?;
            if left {
                open.changed();
            }
            Ok(())
        });
        match left {
            Err(error @ DeviceError::StorageFull) => {
                tracing::warn!(%error, "{still_here}");
                Ok(())
            }
            left => left,
        }
    }

    /// At the end of a whole round: what has had its time goes; and if nothing waits and no cell differs from the server's, everything is
    /// safe now.
    fn note_safety(&self) -> Result<(), DeviceError> {
        photos::free_originals(self)?;
        self.with_open(|open| {
            let now = open.now();
            let transaction = open.store.connection().unchecked_transaction()?;
            let mut left = store::leave_received(&transaction, open.cells())?;
            store::drop_nameless(&transaction)?;
            // By a clock that jumped ahead every evacuation would be long over.
            if open.is_clock_measured() {
                left |= handover::leave_ended(&open.store, now)?;
            }
            if waiting(open)?.nothing() && !receipt::is_in_doubt(&transaction)? {
                Meta::SafeAt.set(&transaction, &now)?;
                hand_in::forget_handed(&transaction)?;
            }
            transaction.commit()?;
            if left {
                open.changed();
            }
            Ok::<_, DeviceError>(())
        })?;
        self.note_revoked(false)
    }

    /// The server said that this phone is shut out, or served it like any other.
    fn note_revoked(&self, revoked: bool) -> Result<(), DeviceError> {
        self.with_open(|open| {
            let connection = open.store.connection();
            if Meta::Revoked.get(connection)?.unwrap_or(false) != revoked {
                Meta::Revoked.set(connection, &revoked)?;
                open.changed();
            }
            Ok(())
        })
    }

    /// What kept the last round, or the way to it, from going through.
    pub(crate) fn note_hindrance(&self, outcome: &Result<(), DeviceError>) {
        *lock(&self.inner.hindrance) = outcome.as_ref().err().map(Hindrance::of).unwrap_or_default();
    }

    fn note_outcome(&self, outcome: &Result<(), DeviceError>) {
        self.note_hindrance(outcome);
        let call = match outcome {
            Ok(()) => None,
            Err(DeviceError::Call(error)) => Some(error.clone()),
            Err(DeviceError::Locked | DeviceError::LockedByDesk) => return,
            Err(error) => {
                tracing::error!(%error, "a round ended");
                if matches!(error, DeviceError::RegisterDamaged) {
                    self.note_damage();
                }
                return;
            }
        };
        if let Some(error) = &call {
            tracing::info!(%error, "a round ended early");
        }
        let signed_out = call == Some(CallError::SignedOut);
        *lock(&self.inner.last_call) = call;
        let noted = self.with_open(|open| {
            let connection = open.store.connection();
            if Meta::SignedOut.get(connection)?.unwrap_or(false) != signed_out {
                Meta::SignedOut.set(connection, &signed_out)?;
                open.changed();
            }
            Ok::<_, DeviceError>(())
        });
        if let Err(error) = noted {
            tracing::debug!(%error, "the outcome of a round was not noted");
        }
    }
}
