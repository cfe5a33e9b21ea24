//! The network between one phone and the hub: it loses questions and answers, repeats, delays, reorders, and cuts short.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use domain::Sha256Hex;
use domain::codes::Lists;
use domain::hand_in::HandIn;
use domain::order::{OrderAnswer, OrderRequest, StandingOrder};
use domain::protocol::{
    CallError, CallRefusal, ExchangeAnswer, ExchangeRequest, Hello, PAGE_BYTES, PageBytes, Peer, PhotoOffer,
    PhotoPlace, PhotoSize, Tokens,
};
use domain::world::Millis;
use sync_server::hub::CountyHub;
use sync_server::hub::peer::HubPeer;

use super::case_files;
use super::chance::Chance;
use super::county::{Closed, County, Held, Roles, role_in, shared};
use super::history::aloud;
use super::informant;
use super::ledger::Ledger;
use super::said;
use super::world::{Drift, Time};
use crate::trouble::Trouble;

/// What the wires of one history share.
pub(super) type Shared<T> = Arc<Mutex<T>>;

/// Takes a shared value; one thread lives a history, so nobody ever waits here.
pub(super) fn take<T: ?Sized>(shared: &Mutex<T>) -> MutexGuard<'_, T> {
    shared.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A request that the network still carries although its phone gave it up reaches the server within this time or never:
/// connections that old are dead.
const LATE_MAX: Millis = 10 * 60 * 1000;

/// A slow call takes so long at most, before it reaches the server and again until its answer is there.
const SLOW_MAX: Millis = 40 * 1000;

/// No honest round takes so many exchanges, not even when every page holds one record.
const EXCHANGES_MAX: usize = 2_000;

/// What the network does to a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Fault {
    /// The server never hears of it.
    LostRequest,
    /// The server did it, the phone never hears of it.
    LostAnswer,
    /// It reaches the server twice.
    Twice,
    /// It reaches the server after the phone gave it up, in any order with what came later.
    Late,
    /// The answer breaks off in the middle.
    Truncated,
    /// The tokens are renewed, and that answer is lost.
    LostTokens,
    /// Only so many bytes of a photo's piece arrive, and the answer says so.
    ShortPiece,
    /// Only so many bytes of a photo's piece arrive, and the connection breaks.
    CutPiece,
}

impl Fault {
    /// All of them.
    pub const ALL: [Fault; 8] = [
        Fault::LostRequest,
        Fault::LostAnswer,
        Fault::Twice,
        Fault::Late,
        Fault::Truncated,
        Fault::LostTokens,
        Fault::ShortPiece,
        Fault::CutPiece,
    ];

    fn of_photos(self) -> bool {
        matches!(self, Fault::ShortPiece | Fault::CutPiece)
    }
}

/// What can be changed of a wire while a history is lived.
#[derive(Debug)]
struct State {
    tokens: Tokens,
    /// How many of a hundred calls are spoiled.
    spoiled: usize,
    /// In which ways.
    faults: Vec<Fault>,
    chance: Chance,
    /// Requests that are still under way although the phone gave them up, with the time when.
    late: Vec<(Millis, ExchangeRequest)>,
    /// What happens to the next calls, before chance decides.
    next: Vec<Fault>,
    /// How many of a hundred calls are slow, and the chance that decides it.
    slow: (usize, Chance),
    /// How many exchanges this round had.
    exchanges: usize,
    /// How many of a hundred rounds cut what they send into small pages, and the chance that decides it; and whether what there is
    /// to do beside a request is done before that arrives.
    small_pages: (usize, Chance),
    /// Where it cuts in this round.
    cut: usize,
    /// Where it cuts in every round, whatever chance says.
    always_cut: Option<usize>,
}

/// One phone's way to the hub. A copy is the same way.
#[derive(Clone)]
pub(super) struct Wire {
    worker: String,
    running: Shared<Option<Arc<CountyHub>>>,
    held: Shared<Held>,
    roles: Shared<Roles>,
    closed: Shared<Closed>,
    /// The server's power is off.
    server_dark: Arc<AtomicBool>,
    /// The phone's power is off.
    dark: Arc<AtomicBool>,
    ledger: Shared<Ledger>,
    time: Option<Time>,
    /// How far the server's clock is off.
    server_drift: Drift,
    state: Shared<State>,
    /// What the worker does while a request is under way.
    meanwhile: Shared<Option<Meanwhile>>,
}

/// Something that is done between a request and its answer.
pub(super) type Meanwhile = Box<dyn FnOnce() + Send>;

impl Wire {
    /// A wire that never fails, for making the template.
    pub(super) fn sound(county: &County, tokens: Tokens) -> Self {
        let ledger = shared(Ledger::default());
        Self { time: None, ..Self::new(county, "", tokens, &ledger, None, (0, Vec::new()), Chance::new(0, 0)) }
    }

    /// A wire that spoils so many of a hundred calls in these ways.
    pub(super) fn new(
        county: &County,
        worker: &str,
        tokens: Tokens,
        ledger: &Shared<Ledger>,
        time: Option<&Time>,
        (spoiled, faults): (usize, Vec<Fault>),
        chance: Chance,
    ) -> Self {
        Self {
            worker: worker.to_owned(),
            running: county.running(),
            held: Arc::clone(&county.held),
            roles: Arc::clone(&county.roles),
            closed: Arc::clone(&county.closed),
            server_dark: Arc::clone(&county.dark),
            dark: Arc::default(),
            ledger: Arc::clone(ledger),
            time: time.cloned(),
            server_drift: county.drift.clone(),
            state: shared(State {
                tokens,
                spoiled,
                faults,
                chance,
                late: Vec::new(),
                next: Vec::new(),
                slow: (0, Chance::new(0, 0)),
                exchanges: 0,
                small_pages: (0, Chance::new(0, 0)),
                cut: PAGE_BYTES,
                always_cut: None,
            }),
            meanwhile: shared(None),
        }
    }

    pub(super) fn dark(&self) -> Arc<AtomicBool> {
        Arc::clone(&self.dark)
    }

    pub(super) fn tokens(&self) -> Tokens {
        take(&self.state).tokens.clone()
    }

    pub(super) fn set_tokens(&self, tokens: Tokens) {
        take(&self.state).tokens = tokens;
    }

    /// Spoils the next calls in these ways, whatever chance says.
    pub(super) fn spoil_next(&self, faults: &[Fault]) {
        take(&self.state).next = faults.iter().rev().copied().collect();
    }

    /// From now on no call is spoiled or slow by chance.
    pub(super) fn get_well(&self) {
        let mut state = take(&self.state);
        (state.spoiled, state.slow.0) = (0, 0);
    }

    /// From now on so many of a hundred calls are slow.
    pub(super) fn slow_down(&self, of_a_hundred: usize, chance: Chance) {
        take(&self.state).slow = (of_a_hundred, chance);
    }

    /// From now on so many of a hundred rounds cut what they send into small pages.
    pub(super) fn cut_small(&self, of_a_hundred: usize, chance: Chance) {
        take(&self.state).small_pages = (of_a_hundred, chance);
    }

    /// From now on every page is cut there, or where chance says again.
    pub(super) fn cut_at(&self, bytes: Option<usize>) {
        take(&self.state).always_cut = bytes;
    }

    /// A round begins: its exchanges are counted.
    pub(super) fn begin_round(&self) {
        let mut state = take(&self.state);
        state.exchanges = 0;
        let (small_pages, chance) = &mut state.small_pages;
        // In fourths of bytes: a record a page, or a few.
        let small = if chance.percent(*small_pages) { chance.pick(&[1, 100, 400]).copied() } else { None };
        state.cut = state.always_cut.or(small).unwrap_or(PAGE_BYTES);
    }

    /// Time that a call spends on its way, in one direction.
    fn dawdle(&self) {
        let pause = {
            let mut state = take(&self.state);
            let (slow, chance) = &mut state.slow;
            if !chance.percent(*slow) {
                return;
            }
            chance.between(1, SLOW_MAX)
        };
        take(&self.ledger).count("Slow".into());
        if let Some(time) = &self.time {
            time.pass(pause);
        }
    }

    /// A round that exchanges again and again never ends by itself.
    fn runs_in_circles(&self) -> bool {
        let exchanges = {
            let mut state = take(&self.state);
            state.exchanges += 1;
            state.exchanges
        };
        if exchanges > EXCHANGES_MAX {
            take(&self.ledger).break_law(format!("A round of {} does not come to its end.", self.worker));
        }
        exchanges > EXCHANGES_MAX
    }

    /// While the next request is under way, this is done.
    pub(super) fn meanwhile(&self, what: Meanwhile) {
        *take(&self.meanwhile) = Some(what);
    }

    /// Whether something will be done while the next request is under way.
    pub(super) fn has_meanwhile(&self) -> bool {
        take(&self.meanwhile).is_some()
    }

    /// No request came: it is not done.
    pub(super) fn forget_meanwhile(&self) {
        *take(&self.meanwhile) = None;
    }

    /// Delivers what is still under way and not too old, in any order.
    pub(super) fn deliver_late(&self) {
        loop {
            let (sent, request) = {
                let mut state = take(&self.state);
                let count = state.late.len();
                if count == 0 {
                    return;
                }
                let which = state.chance.below(count);
                state.late.swap_remove(which)
            };
            if self.now() - sent <= LATE_MAX {
                // Nobody waits for this answer any more.
                let _answer = self.exchange_now(&request, false);
            }
        }
    }

    fn now(&self) -> Millis {
        self.time.as_ref().map_or(0, Time::now)
    }

    fn fault(&self, photo: bool) -> Option<Fault> {
        let mut state = take(&self.state);
        if let Some(fault) =
            state.next.last().copied().filter(|fault| (photo || !fault.of_photos()) && *fault != Fault::LostTokens)
        {
            state.next.pop();
            return Some(fault);
        }
        let State { spoiled, faults, chance, .. } = &mut *state;
        if !chance.percent(*spoiled) {
            return None;
        }
        let fault = *chance.pick(faults)?;
        if fault.of_photos() && !photo {
            return None;
        }
        take(&self.ledger).count(format!("{fault:?}"));
        Some(fault)
    }

    /// Whether this phone has power.
    fn powered(&self) -> Result<(), CallError> {
        if self.dark.load(Ordering::SeqCst) { Err(no_power()) } else { Ok(()) }
    }

    fn hub(&self) -> Result<Arc<CountyHub>, CallError> {
        self.powered()?;
        if self.server_dark.load(Ordering::SeqCst) {
            return Err(no_power());
        }
        take(&self.running).clone().ok_or_else(|| CallError::Offline("no server".into()))
    }

    /// Calls the hub with the present token, and once more with a fresh one when that is over. What the server answers while
    /// its power is off reaches nobody.
    fn call<T>(&self, call: &dyn Fn(&dyn Peer) -> Result<T, CallError>) -> Result<T, CallError> {
        let hub = self.hub()?;
        let access = self.tokens().access;
        let answer = match call(&HubPeer::new(Arc::clone(&hub), access)) {
            Err(CallError::SignedOut) => {
                let fresh = hub.refresh(&self.tokens().refresh).map_err(CallError::from)?;
                self.hub()?;
                if self.loses_tokens() {
                    return Err(CallError::Offline("the new tokens were lost".into()));
                }
                self.set_tokens(fresh);
                call(&HubPeer::new(hub, self.tokens().access))
            }
            answer => answer,
        };
        self.hub().and(answer)
    }

    fn loses_tokens(&self) -> bool {
        let mut state = take(&self.state);
        if state.next.last() == Some(&Fault::LostTokens) {
            state.next.pop();
            return true;
        }
        let lost = state.faults.contains(&Fault::LostTokens) && state.spoiled > 0 && state.chance.percent(40);
        if lost {
            take(&self.ledger).count("LostTokens happened".into());
        }
        lost
    }

    /// A call with whatever the network does to it.
    fn spoilt<T>(&self, call: &dyn Fn(&dyn Peer) -> Result<T, CallError>) -> Result<T, CallError> {
        self.dawdle();
        let answer = self.spoilt_on_arrival(call);
        self.dawdle();
        answer
    }

    fn spoilt_on_arrival<T>(&self, call: &dyn Fn(&dyn Peer) -> Result<T, CallError>) -> Result<T, CallError> {
        match self.fault(false) {
            Some(Fault::Twice) => {
                let first = self.call(call);
                self.call(call).or(first)
            }
            Some(Fault::LostRequest | Fault::Late) => Err(CallError::Offline("the request was lost".into())),
            Some(Fault::LostAnswer) => {
                let _lost = self.call(call);
                Err(CallError::Offline("the answer was lost".into()))
            }
            Some(Fault::Truncated) => {
                let _lost = self.call(call);
                Err(CallError::Unreadable("it breaks off".into()))
            }
            _ => self.call(call),
        }
    }

    /// Carries an exchange, and writes down what was said. An answer that nobody hears is none that a law can be built on,
    /// but what the server took, it took.
    fn exchange_now(&self, request: &ExchangeRequest, heard: bool) -> Result<ExchangeAnswer, CallError> {
        let answer = self.call(&|peer| peer.exchange(request))?;
        let looked = case_files::look_after(&*self.hub()?, &request.push);
        let now = self.now() + self.server_drift.get();
        let held = take(&self.held).get(&self.worker).cloned();
        let role = role_in(&self.roles, &self.worker);
        let mut ledger = take(&self.ledger);
        ledger.look_at_authors(&self.worker, request);
        if take(&self.closed).contains(&self.worker) {
            ledger.break_law(format!("The account of {} is closed, and a phone of it was answered.", self.worker));
        }
        let too_much = held.as_deref().and_then(|held| {
            let actor = informant::actor(&self.worker, role, held).ok()?;
            informant::tells_too_much(&actor, request, &answer)
        });
        if let Some(told) = too_much {
            ledger.break_law(told);
        }
        let look = looked.unwrap_or_else(|Trouble(law)| {
            ledger.break_law(law);
            case_files::Look::default()
        });
        ledger.files_were_seen(&look);
        ledger.exchanged(&self.worker, (request, &answer), held.as_deref(), now, heard);
        ledger.late_lists_were_taken(&look);
        for said in ledger.listened_for.iter().flat_map(|words| said::about(words, request, &answer)) {
            aloud(&format!("         {} {}: {said}", self.worker, if heard { "heard" } else { "did not hear" }));
        }
        Ok(answer)
    }

    /// An exchange with whatever the network does to it.
    fn exchange_on_arrival(&self, request: &ExchangeRequest) -> Result<ExchangeAnswer, CallError> {
        match self.fault(false) {
            Some(Fault::Twice) => {
                let first = self.exchange_now(request, true);
                self.exchange_now(request, true).or(first)
            }
            Some(Fault::LostRequest) => Err(CallError::Offline("the request was lost".into())),
            Some(Fault::LostAnswer) => {
                let _lost = self.exchange_now(request, false);
                Err(CallError::Offline("the answer was lost".into()))
            }
            Some(Fault::Truncated) => {
                let _lost = self.exchange_now(request, false);
                Err(CallError::Unreadable("it breaks off".into()))
            }
            Some(Fault::Late) => {
                // A phone whose power is off sends nothing, early or late.
                self.powered()?;
                let now = self.now();
                take(&self.state).late.push((now, request.clone()));
                Err(CallError::Offline("timed out".into()))
            }
            _ => self.exchange_now(request, true),
        }
    }

    /// Asks for a photo that this phone has no right to; true when the server gave it.
    pub(super) fn pries(&self, sha256: &Sha256Hex) -> bool {
        self.call(&|peer| peer.photo_fetch(sha256, PhotoSize::Thumb)).is_ok()
    }

    fn part_of(&self, chunk: &[u8]) -> usize {
        take(&self.state).chance.below(chunk.len().max(1))
    }
}

fn no_power() -> CallError {
    CallError::Offline("no power".into())
}

impl Peer for Wire {
    fn hello(&self) -> Result<Hello, CallError> {
        self.spoilt(&|peer| peer.hello())
    }

    fn exchange(&self, request: &ExchangeRequest) -> Result<ExchangeAnswer, CallError> {
        if self.runs_in_circles() {
            return Err(CallError::Offline("too many exchanges".into()));
        }
        if let Some(meanwhile) = { take(&self.meanwhile).take() } {
            meanwhile();
        }
        self.dawdle();
        let answer = self.exchange_on_arrival(request);
        self.dawdle();
        answer
    }

    fn exchange_while(&self, request: &ExchangeRequest, work: &mut dyn FnMut()) -> Result<ExchangeAnswer, CallError> {
        let work_first = take(&self.state).small_pages.1.percent(50);
        if work_first {
            take(&self.ledger).count("Worked before a request arrived".into());
            work();
            return self.exchange(request);
        }
        take(&self.ledger).count("Worked after a request arrived".into());
        let answer = self.exchange(request);
        work();
        answer
    }

    fn page_bytes(&self) -> PageBytes {
        PageBytes { up: take(&self.state).cut, down: PAGE_BYTES }
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
        let part = |most: usize| chunk.get(..most.min(chunk.len())).unwrap_or(chunk);
        match self.fault(true) {
            Some(Fault::ShortPiece) => {
                let first = part(1 + self.part_of(chunk));
                self.call(&|peer| peer.photo_append(upload, offset, first))
            }
            Some(Fault::CutPiece | Fault::Late) => {
                let first = part(self.part_of(chunk));
                let _cut = self.call(&|peer| peer.photo_append(upload, offset, first));
                Err(CallError::Offline("cut in the middle".into()))
            }
            Some(Fault::Twice) => {
                let first = self.call(&|peer| peer.photo_append(upload, offset, chunk));
                match self.call(&|peer| peer.photo_append(upload, offset, chunk)) {
                    Err(CallError::Refused { code: CallRefusal::WrongOffset }) => first,
                    second => second.or(first),
                }
            }
            Some(Fault::LostRequest) => Err(CallError::Offline("the request was lost".into())),
            Some(Fault::LostAnswer | Fault::Truncated) => {
                let _lost = self.call(&|peer| peer.photo_append(upload, offset, chunk));
                Err(CallError::Offline("the answer was lost".into()))
            }
            _ => self.call(&|peer| peer.photo_append(upload, offset, chunk)),
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
