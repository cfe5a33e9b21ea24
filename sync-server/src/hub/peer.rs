//! The server as a phone in the same process sees it: the same rules, no sockets.

use std::sync::Arc;

use domain::Sha256Hex;
use domain::codes::Lists;
use domain::hand_in::HandIn;
use domain::order::{OrderAnswer, OrderRequest, StandingOrder};
use domain::protocol::{CallError, ExchangeAnswer, ExchangeRequest, Hello, Peer, PhotoOffer, PhotoPlace, PhotoSize};

use crate::hub::phones::Phone;
use crate::hub::{Hub, HubError};
use crate::store::Store;

/// An enrolled phone's way to a hub in the same process. It authenticates with every call, as over the network.
pub struct HubPeer<S: Store> {
    hub: Arc<Hub<S>>,
    access: String,
}

impl<S: Store> HubPeer<S> {
    /// A phone with this access token.
    pub fn new(hub: Arc<Hub<S>>, access: String) -> Self {
        Self { hub, access }
    }

    fn phone(&self) -> Result<Phone, HubError> {
        self.hub.phone(&self.access)
    }
}

impl<S: Store> Peer for HubPeer<S> {
    fn hello(&self) -> Result<Hello, CallError> {
        self.phone()?;
        Ok(self.hub.hello()?)
    }

    fn exchange(&self, request: &ExchangeRequest) -> Result<ExchangeAnswer, CallError> {
        Ok(self.hub.exchange(&self.phone()?, request)?)
    }

    fn lists(&self) -> Result<Lists, CallError> {
        self.phone()?;
        Ok(Lists::clone(&self.hub.lists()))
    }

    fn photo_offer(&self, offer: &PhotoOffer) -> Result<PhotoPlace, CallError> {
        Ok(self.hub.photo_offer(&self.phone()?, offer)?)
    }

    fn photo_offset(&self, upload: &str) -> Result<u64, CallError> {
        Ok(self.hub.own_upload(&self.phone()?, upload)?.offset)
    }

    fn photo_append(&self, upload: &str, offset: u64, chunk: &[u8]) -> Result<u64, CallError> {
        Ok(self.hub.photo_append(&self.phone()?, upload, offset, chunk)?)
    }

    fn photo_fetch(&self, sha256: &Sha256Hex, size: PhotoSize) -> Result<Vec<u8>, CallError> {
        Ok(self.hub.photo_for(&self.phone()?.actor, sha256, size)?)
    }

    fn order(&self, request: &OrderRequest) -> Result<OrderAnswer, CallError> {
        Ok(self.hub.order(&self.hub.bearer(&self.access)?, request)?)
    }

    fn report(&self, done: &StandingOrder) -> Result<(), CallError> {
        Ok(self.hub.report(&self.hub.bearer(&self.access)?, *done)?)
    }

    fn hand_in(&self, piece: &HandIn) -> Result<(), CallError> {
        Ok(self.hub.hand_in(&self.hub.bearer(&self.access)?, piece)?)
    }
}
