//! The network between one phone and the hub: it loses questions and answers, repeats, delays, and cuts pages short.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use domain::Sha256Hex;
use domain::codes::Lists;
use domain::hand_in::HandIn;
use domain::order::{OrderAnswer, OrderRequest, StandingOrder};
use domain::protocol::{
    CallError, ExchangeAnswer, ExchangeRequest, Hello, Peer, PhotoOffer, PhotoPlace, PhotoSize, Tokens,
};
use sync_server::hub::CountyHub;
use sync_server::hub::peer::HubPeer;

use super::chance::Chance;
use super::ledger::Ledger;

/// What the wires of one history share.
pub(super) type Shared<T> = Arc<Mutex<T>>;

/// Takes a shared value; one thread lives a history, so nobody ever waits here.
pub(super) fn take<T>(shared: &Shared<T>) -> MutexGuard<'_, T> {
    shared.lock().unwrap_or_else(PoisonError::into_inner)
}

/// What the network does to a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fault {
    None,
    LostRequest,
    LostAnswer,
    Twice,
    Late,
}

/// One phone's way to the hub.
pub(super) struct Wire {
    hub: Arc<CountyHub>,
    tokens: Shared<Tokens>,
    ledger: Shared<Ledger>,
    /// How many of a hundred calls are spoiled.
    spoiled: Shared<usize>,
    chance: Shared<Chance>,
    /// Requests that are still under way although the phone gave them up.
    late: Shared<Vec<ExchangeRequest>>,
}

impl Wire {
    pub(super) fn new(hub: &Arc<CountyHub>, tokens: Tokens, ledger: &Shared<Ledger>, chance: Chance) -> Self {
        Self {
            hub: Arc::clone(hub),
            tokens: Arc::new(Mutex::new(tokens)),
            ledger: Arc::clone(ledger),
            spoiled: Arc::new(Mutex::new(30)),
            chance: Arc::new(Mutex::new(chance)),
            late: Arc::default(),
        }
    }

    /// From now on so many of a hundred calls are spoiled.
    pub(super) fn spoil(&self, of_a_hundred: usize) {
        *take(&self.spoiled) = of_a_hundred;
    }

    /// Delivers what is still under way, the oldest last.
    pub(super) fn deliver_late(&self) {
        while let Some(request) = { take(&self.late).pop() } {
            // Nobody waits for this answer any more.
            let _answer = self.exchange_now(&request);
        }
    }

    fn fault(&self) -> Fault {
        let spoiled = *take(&self.spoiled);
        let mut chance = take(&self.chance);
        if !chance.percent(spoiled) {
            return Fault::None;
        }
        take(&self.ledger).faults += 1;
        match chance.below(4) {
            0 => Fault::LostRequest,
            1 => Fault::LostAnswer,
            2 => Fault::Twice,
            _ => Fault::Late,
        }
    }

    /// Calls the hub with the present token, and once more with a fresh one when that is over.
    fn call<T>(&self, call: &dyn Fn(&dyn Peer) -> Result<T, CallError>) -> Result<T, CallError> {
        let access = take(&self.tokens).access.clone();
        match call(&HubPeer::new(Arc::clone(&self.hub), access)) {
            Err(CallError::SignedOut) => {
                let refresh = take(&self.tokens).refresh.clone();
                let fresh = self.hub.refresh(&refresh).map_err(CallError::from)?;
                let access = fresh.access.clone();
                *take(&self.tokens) = fresh;
                call(&HubPeer::new(Arc::clone(&self.hub), access))
            }
            answer => answer,
        }
    }

    fn spoilt<T>(&self, call: &dyn Fn(&dyn Peer) -> Result<T, CallError>) -> Result<T, CallError> {
        match self.fault() {
            Fault::None => self.call(call),
            Fault::Twice => {
                let first = self.call(call);
                self.call(call).or(first)
            }
            Fault::LostRequest | Fault::Late => Err(CallError::Offline("the request was lost".into())),
            Fault::LostAnswer => {
                let _lost = self.call(call);
                Err(CallError::Offline("the answer was lost".into()))
            }
        }
    }

    fn exchange_now(&self, request: &ExchangeRequest) -> Result<ExchangeAnswer, CallError> {
        let answer = self.call(&|peer| peer.exchange(request))?;
        take(&self.ledger).judged(request, &answer.verdicts);
        Ok(answer)
    }

    /// Cuts what came down after a page, as a server with less room would have.
    fn shorten(&self, mut answer: ExchangeAnswer) -> ExchangeAnswer {
        let spoiled = *take(&self.spoiled);
        let mut chance = take(&self.chance);
        if answer.pages.len() > 1 && chance.percent(spoiled) {
            answer.pages.truncate(1);
            answer.more = true;
        }
        answer
    }
}

impl Peer for Wire {
    fn hello(&self) -> Result<Hello, CallError> {
        self.spoilt(&|peer| peer.hello())
    }

    fn exchange(&self, request: &ExchangeRequest) -> Result<ExchangeAnswer, CallError> {
        match self.fault() {
            Fault::None => self.exchange_now(request).map(|answer| self.shorten(answer)),
            Fault::Twice => {
                let first = self.exchange_now(request);
                self.exchange_now(request).or(first)
            }
            Fault::LostRequest => Err(CallError::Offline("the request was lost".into())),
            Fault::LostAnswer => {
                let _lost = self.exchange_now(request);
                Err(CallError::Offline("the answer was lost".into()))
            }
            Fault::Late => {
                take(&self.late).push(request.clone());
                Err(CallError::Offline("timed out".into()))
            }
        }
    }

    fn lists(&self) -> Result<Lists, CallError> {
        self.spoilt(&|peer| peer.lists())
    }

    fn photo_offer(&self, offer: &PhotoOffer) -> Result<PhotoPlace, CallError> {
        self.spoilt(&|peer| peer.photo_offer(offer))
    }

    fn photo_offset(&self, upload: &str) -> Result<u64, CallError> {
        self.spoilt(&|peer| peer.photo_offset(upload))
    }

    fn photo_append(&self, upload: &str, offset: u64, chunk: &[u8]) -> Result<u64, CallError> {
        match self.fault() {
            Fault::None | Fault::Twice => self.call(&|peer| peer.photo_append(upload, offset, chunk)),
            Fault::LostRequest => Err(CallError::Offline("the request was lost".into())),
            Fault::LostAnswer => {
                let _lost = self.call(&|peer| peer.photo_append(upload, offset, chunk));
                Err(CallError::Offline("the answer was lost".into()))
            }
            Fault::Late => {
                let half = chunk.get(..chunk.len() / 2).unwrap_or_default();
                let _cut = self.call(&|peer| peer.photo_append(upload, offset, half));
                Err(CallError::Offline("cut in the middle".into()))
            }
        }
    }

    fn photo_fetch(&self, sha256: &Sha256Hex, size: PhotoSize) -> Result<Vec<u8>, CallError> {
        self.spoilt(&|peer| peer.photo_fetch(sha256, size))
    }

    fn order(&self, request: &OrderRequest) -> Result<OrderAnswer, CallError> {
        self.spoilt(&|peer| peer.order(request))
    }

    fn report(&self, done: &StandingOrder) -> Result<(), CallError> {
        self.spoilt(&|peer| peer.report(done))
    }

    fn hand_in(&self, piece: &HandIn) -> Result<(), CallError> {
        self.spoilt(&|peer| peer.hand_in(piece))
    }
}
