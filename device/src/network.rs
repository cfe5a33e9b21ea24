//! What the window knows of the network, and what follows from it: an immediate try when it came back, and photos that wait for
//! Wi-Fi where the worker chose so.

use std::collections::BTreeSet;

use domain::Sha256Hex;
use serde::{Deserialize, Serialize};
use ts_rs::TS;

use crate::open::{Open, lock};
use crate::preferences::Preferences;
use crate::{Device, DeviceError, SyncState};

/// The network, as far as the window can tell.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
#[ts(export)]
pub struct Network {
    /// Whether there is one at all. Only its return is acted upon: a server may be reachable where a system says "offline".
    pub online: bool,
    /// Whether it is paid for by volume (mobile data). None where the platform cannot tell; that counts as no.
    pub metered: Option<bool>,
}

/// What was told, and what the worker said about it.
#[derive(Debug, Default)]
pub(crate) struct Told {
    network: Option<Network>,
    /// Photos that are to be sent over whatever network there is.
    anyway: BTreeSet<Sha256Hex>,
}

/// Which photos may be sent now.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct PhotoLeave {
    /// Photos wait for Wi-Fi...
    waits: bool,
    /// ...all but these.
    anyway: BTreeSet<Sha256Hex>,
}

impl PhotoLeave {
    /// Whether this one may be sent.
    pub(crate) fn is_for(&self, hash: &Sha256Hex) -> bool {
        !self.waits || self.anyway.contains(hash)
    }

    /// How many of these photos wait for Wi-Fi.
    pub(crate) fn held<'h>(&self, hashes: impl IntoIterator<Item = &'h Sha256Hex>) -> usize {
        hashes.into_iter().filter(|hash| !self.is_for(hash)).count()
    }
}

impl Device {
    /// Takes note of the network. When it came back, or became another one, a round is tried at once.
    pub fn set_network(&self, network: Network) {
        let before = lock(&self.inner.network).network.replace(network);
        let Some(before) = before.filter(|before| *before != network) else { return };
        let came_back = network.online && !before.online;
        let another = network.online && before.metered != network.metered;
        if came_back || another {
            self.inner.ear.stir();
            self.inner.pulse.bell().ring_now();
        }
        if before.metered != network.metered {
            self.inner.pulse.changed();
        }
    }

    /// Sends the photos that wait now over whatever network there is. Photos taken later wait again.
    ///
    /// # Errors
    /// [`DeviceError::Locked`] and the storage's errors.
    pub fn send_photos_now(&self) -> Result<SyncState, DeviceError> {
        let waiting = self.with_open(|open: &mut Open| open.store.waiting_hashes())?;
        lock(&self.inner.network).anyway.extend(waiting);
        self.sync_now()
    }

    /// Which photos may be sent over the network there is now.
    pub(crate) fn photo_leave(&self) -> PhotoLeave {
        let told = lock(&self.inner.network);
        let metered = told.network.is_some_and(|network| network.metered == Some(true));
        let waits = metered && Preferences::load(self.folder()).photos_on_wifi_only;
        PhotoLeave { waits, anyway: if waits { told.anyway.clone() } else { BTreeSet::new() } }
    }

    /// A photo is on the server: what the worker said about it is done.
    pub(crate) fn photo_has_gone(&self, hash: &Sha256Hex) {
        lock(&self.inner.network).anyway.remove(hash);
    }
}
