//! The network: what the window knows of it, and photos that wait for another one.

use super::{Failure, Nothing};
use crate::network::Network;
use crate::{Device, SyncState};

pub(super) fn network(device: &Device, told: Network) -> Result<Nothing, Failure> {
    device.set_network(told);
    Ok(Nothing {})
}

pub(super) fn send_photos_now(device: &Device, _: Nothing) -> Result<SyncState, Failure> {
    Ok(device.send_photos_now()?)
}
