//! What happens while a round is under way: between two of its calls the worker goes on working on the same phone, other phones have
//! whole rounds of their own, the desk writes, hands over, erases and orders, and the server ends or is put back from a backup.

use std::cell::RefCell;

use device::RoundReport;
use domain::Sha256Hex;
use domain::codes::Lists;
use domain::hand_in::HandIn;
use domain::order::{OrderAnswer, OrderRequest, StandingOrder};
use domain::protocol::{
    CallError, ExchangeAnswer, ExchangeRequest, Hello, PageBytes, Peer, PhotoOffer, PhotoPlace, PhotoSize,
};

use super::history::{History, aloud};
use super::mix::Step;
use super::wire::{Wire, take};
use crate::trouble::{Outcome, Trouble};

/// A round that is under way, and what was wrong while it was: it may be right again when the round ends.
#[derive(Debug, Clone, Copy)]
pub(super) struct UnderWay {
    /// Whose.
    pub(super) who: usize,
    /// The server's disk was full, or its power went.
    pub(super) server_was_hurt: bool,
    /// The phone's storage was full.
    pub(super) phone_was_full: bool,
    /// So many things still happen beside it: who writes without a pause has a round without an end.
    left: usize,
}

/// So many things happen beside a round at most.
const BESIDE_MAX: usize = 12;

/// The wire of a phone whose round is under way, and the county around it.
struct Between<'a> {
    history: RefCell<&'a mut History>,
    wire: Wire,
    /// Which of the calls of a round something happens beside.
    of_a_hundred: usize,
}

impl History {
    /// A round during which the county does not stand still. What was wrong meanwhile is told with its report.
    pub(super) fn round_among_others(&mut self, who: usize) -> (RoundReport, Option<UnderWay>) {
        let busy = self.mix.busy;
        let phone = &self.phones[who];
        if busy == 0 || self.under_way.is_some() || phone.has_fuse() || phone.wire.has_meanwhile() {
            return (phone.round(), None);
        }
        let (device, wire) = (self.phones[who].device().clone(), self.phones[who].wire.clone());
        self.under_way = Some(UnderWay { who, server_was_hurt: false, phone_was_full: false, left: BESIDE_MAX });
        wire.begin_round();
        let report = device.round(&Between { history: RefCell::new(self), wire, of_a_hundred: busy });
        self.phones[who].note_differing(&report);
        (report, self.under_way.take())
    }

    /// Something happens now, beside a round.
    fn happens_beside(&mut self) -> Outcome {
        let Some(UnderWay { who: busy, left, .. }) = &mut self.under_way else { return Ok(()) };
        let Some(fewer) = left.checked_sub(1) else { return Ok(()) };
        *left = fewer;
        let busy = *busy;
        self.note_hurt();
        self.make_room_beside(busy)?;
        let step = self.mix.step(&mut self.chance);
        let mut who = self.chance.below(self.phones.len());
        if who == busy && !may_happen_on_a_busy_phone(step) {
            who = (who + 1) % self.phones.len();
        }
        if who == busy && !may_happen_on_a_busy_phone(step) {
            return Ok(());
        }
        if self.is_told_aloud() {
            aloud(&format!("     &   {}  phone {who} ({})  {step:?}", self.now(), self.phones[who].worker));
        }
        take(&self.ledger).count("beside a round".into());
        let happened = self.happens(step, who);
        self.note_hurt();
        happened
    }

    /// A disk that is full has room again, now and then, before the round that met it so is over.
    fn make_room_beside(&mut self, busy: usize) -> Outcome {
        let phone = &mut self.phones[busy];
        if phone.full && !phone.is_shut() && self.later.percent(30) {
            phone.fill(false)?;
            take(&self.ledger).count("phone with room again beside a round".into());
        }
        if self.county.full && self.later.percent(15) {
            self.county.fill(false)?;
            take(&self.ledger).count("server with room again beside a round".into());
        }
        Ok(())
    }

    fn note_hurt(&mut self) {
        let server = self.county.full || self.county.has_fuse();
        if let Some(UnderWay { who, server_was_hurt, phone_was_full, .. }) = &mut self.under_way {
            *server_was_hurt |= server;
            *phone_was_full |= self.phones[*who].full;
        }
    }
}

/// A phone whose round is under way has one round at a time, and its program goes on.
fn may_happen_on_a_busy_phone(step: Step) -> bool {
    use Step::{CutPhonePower, EditDuringRound, EnrolAgain, FailPhoneCommit, KillPhone, RestorePhone, Round};
    !matches!(step, CutPhonePower | EditDuringRound | EnrolAgain | FailPhoneCommit | KillPhone | RestorePhone | Round)
}

impl Between<'_> {
    fn something_happens(&self) {
        let mut history = self.history.borrow_mut();
        let percent = self.of_a_hundred;
        if !history.between.percent(percent) {
            return;
        }
        if let Err(Trouble(law)) = history.happens_beside() {
            take(&history.ledger).break_law(law);
        }
    }

    /// A call, with what happens before it is made and after its answer has left the server.
    fn among<T>(&self, call: impl FnOnce(&Wire) -> T) -> T {
        self.something_happens();
        let answer = call(&self.wire);
        self.something_happens();
        answer
    }
}

impl Peer for Between<'_> {
    fn hello(&self) -> Result<Hello, CallError> {
        self.among(|wire| wire.hello())
    }

    fn exchange(&self, request: &ExchangeRequest) -> Result<ExchangeAnswer, CallError> {
        self.among(|wire| wire.exchange(request))
    }

    fn exchange_while(&self, request: &ExchangeRequest, work: &mut dyn FnMut()) -> Result<ExchangeAnswer, CallError> {
        self.among(|wire| wire.exchange_while(request, work))
    }

    fn page_bytes(&self) -> PageBytes {
        self.wire.page_bytes()
    }

    fn lists(&self) -> Result<Lists, CallError> {
        self.among(|wire| wire.lists())
    }

    fn photo_offer(&self, offer: &PhotoOffer) -> Result<PhotoPlace, CallError> {
        self.among(|wire| wire.photo_offer(offer))
    }

    fn photo_offset(&self, upload: &str) -> Result<u64, CallError> {
        self.among(|wire| wire.photo_offset(upload))
    }

    fn photo_append(&self, upload: &str, offset: u64, chunk: &[u8]) -> Result<u64, CallError> {
        self.among(|wire| wire.photo_append(upload, offset, chunk))
    }

    fn photo_fetch(&self, sha256: &Sha256Hex, size: PhotoSize) -> Result<Vec<u8>, CallError> {
        self.among(|wire| wire.photo_fetch(sha256, size))
    }

    fn order(&self, request: &OrderRequest) -> Result<OrderAnswer, CallError> {
        self.among(|wire| wire.order(request))
    }

    fn report(&self, done: &StandingOrder) -> Result<(), CallError> {
        self.among(|wire| wire.report(done))
    }

    fn hand_in(&self, piece: &HandIn) -> Result<(), CallError> {
        self.among(|wire| wire.hand_in(piece))
    }
}
