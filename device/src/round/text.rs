//! Text up and down, page by page, until nothing is unsent and nothing is new.

use std::collections::BTreeMap;

use domain::protocol::{CallError, ExchangeAnswer, ExchangeRequest, PROTOCOL, PageBytes, Peer, Verdict};
use domain::scope::Role;
use domain::{CellCode, Change, DeviceId};

use super::answer::{self, Heard, is_restored};
use super::gather::{self, Gathered};
use super::health::{self, Facts};
use super::notes::Notes;
use super::push::Mark;
use super::{RoundReport, receipt, repair};
use crate::open::{Open, lock};
use crate::outbox;
use crate::store::{self, Meta};
use crate::{Device, DeviceError};

/// The exchanges of a round, as far as they have come.
struct Exchanges<'r> {
    device: &'r Device,
    report: &'r mut RoundReport,
    notes: Notes,
    /// The page that goes up next, if it was gathered while the last one was under way.
    next: Option<Gathered>,
    /// The last answer, if it is stored while the next request is under way.
    heard: Option<Heard>,
    /// Whether there is more to come down.
    more: bool,
    /// How many answers brought pages.
    pulled: u32,
}

/// What the phone knows of its account, for which an answer may have news.
struct Known {
    cells: Vec<CellCode>,
    role: Role,
}

/// Which lists the server has.
#[derive(Debug, Clone)]
pub(super) struct ListsTold {
    pub(super) version: i64,
    /// Names what is in them; an older server does not say.
    pub(super) digest: Option<String>,
}

/// Exchanges until both sides have everything. Returns which lists the server has.
///
/// While a request is under way this side is not idle: what goes up next is gathered, and an answer that changes nothing about that
/// is stored. So a long push or pull takes as long as the slower of the two sides, not as long as both.
pub(super) fn exchange_all(
    device: &Device,
    peer: &dyn Peer,
    report: &mut RoundReport,
) -> Result<ListsTold, DeviceError> {
    let notes = Notes::default();
    let mut exchanges = Exchanges { device, report, notes, next: None, heard: None, more: true, pulled: 0 };
    let mut answered = None;
    loop {
        let cut = peer.page_bytes();
        let Gathered { changes, marks } = exchanges.page(cut.up)?;
        if let (Some(lists), true) = (&answered, changes.is_empty() && exchanges.are_done()) {
            // Everything has come down and was judged: what an erasure leaves of case files is known now.
            device.let_go("words of case files that are about nobody are still here", |open| {
                outbox::leave_words(open.store.connection())
            })?;
            return Ok(ListsTold::clone(lists));
        }
        let (request, device) = exchanges.request((changes, &marks), cut)?;
        let (answer, read_anew) = exchanges.send(peer, &request, cut.up)?;
        answered = Some(ListsTold { version: answer.lists_version, digest: answer.lists_digest.clone() });
        exchanges.hear((request, marks, device), answer, read_anew)?;
    }
}

impl Exchanges<'_> {
    /// What goes up now.
    fn page(&mut self, bytes: usize) -> Result<Gathered, DeviceError> {
        match (self.next.take(), &self.heard) {
            (Some(page), _) => Ok(page),
            // What waits is in the answer's own request still.
            (None, Some(_)) => Ok(Gathered::default()),
            (None, None) => self.device.with_open(|open| gather::gather(open, &mut self.notes, bytes)),
        }
    }

    /// Whether nothing is to come down any more, and every answer is stored.
    fn are_done(&self) -> bool {
        self.heard.is_none() && !self.more
    }

    /// What is sent, and the name under which the phone is enrolled as it is.
    fn request(
        &self,
        (changes, marks): (Vec<Change>, &[Mark]),
        cut: PageBytes,
    ) -> Result<(ExchangeRequest, DeviceId), DeviceError> {
        let inner = &self.device.inner;
        let facts = Facts { app_version: self.device.app_version(), free_bytes: *lock(&inner.free_bytes) };
        // First everything goes up.
        let room = if self.notes.waiting.is_empty() { cut.down_after(self.pulled) } else { 0 };
        let (mut request, device) = self.device.with_open::<_, DeviceError>(|open| {
            Ok((request_with(open, &facts, changes, room)?, open.account().device))
        })?;
        let proofs = request.push.iter().zip(marks).filter_map(|(change, mark)| Some((change.id, mark.proof.clone()?)));
        request.proofs = proofs.collect();
        // What the phone was told before it was enrolled anew is not stored: nothing goes on from it.
        if let Some(Heard { answer, .. }) = self.heard.as_ref().filter(|heard| heard.device == device) {
            go_on_from(&mut request, answer);
        }
        Ok((request, device))
    }

    /// Sends a request, and does meanwhile what there is to do. With the answer: whether what was stored meanwhile says that a cell is
    /// to be read from its beginning.
    fn send(
        &mut self,
        peer: &dyn Peer,
        request: &ExchangeRequest,
        bytes: usize,
    ) -> Result<(ExchangeAnswer, bool), DeviceError> {
        let idle = self.heard.is_none() && self.notes.waiting.is_empty();
        let sent = if idle {
            (peer.exchange(request)?, false)
        } else {
            exchange_while(peer, request, &mut || self.meanwhile(bytes))?
        };
        self.device.note_contact();
        Ok(sent)
    }

    fn meanwhile(&mut self, bytes: usize) -> Result<bool, DeviceError> {
        let stored = self.heard.take().map(|heard| self.store(&heard));
        if !self.notes.waiting.is_empty() {
            self.next = Some(self.device.with_open(|open| gather::gather_listed(open, &mut self.notes, bytes))?);
        }
        stored.unwrap_or(Ok(false))
    }

    fn store(&mut self, heard: &Heard) -> Result<bool, DeviceError> {
        let Self { device, notes, report, .. } = self;
        device.with_open(|open| answer::take(open, heard, notes, report))
    }

    /// Stores an answer, or keeps it until the next request is under way where that changes nothing about the request.
    fn hear(
        &mut self,
        (request, marks, device): (ExchangeRequest, Vec<Mark>, DeviceId),
        answer: ExchangeAnswer,
        mut read_anew: bool,
    ) -> Result<(), DeviceError> {
        let look = |open: &mut Open| {
            let known = Known { cells: open.cells().to_vec(), role: open.account().role };
            Ok::<_, DeviceError>((open.device_now(), known))
        };
        let (at, known) = self.device.with_open(look)?;
        if marks.is_empty() && answer.more && !moves_on(&request, &answer) {
            return Err(CallError::Unreadable("there is more, and nothing new".into()).into());
        }
        self.more = answer.more;
        self.pulled += u32::from(!answer.pages.is_empty());
        let plain = is_plain(&request, &answer, &known, self.next.is_some());
        let heard = Heard { request, marks, device, answer, at };
        if plain && self.more {
            self.heard = Some(heard);
        } else {
            read_anew |= self.store(&heard)?;
        }
        if !plain {
            // What was gathered may be out of date by what this answer said. It is gathered anew.
            self.next = None;
            self.notes.waiting.clear();
        }
        self.more |= read_anew;
        Ok(())
    }
}

/// Runs the exchange and what is to be done meanwhile; the second value is what that said. When both fail it is the call that tells
/// what to do now: the rest comes up again.
fn exchange_while<T>(
    peer: &dyn Peer,
    request: &ExchangeRequest,
    meanwhile: &mut dyn FnMut() -> Result<T, DeviceError>,
) -> Result<(ExchangeAnswer, T), DeviceError> {
    let mut done = None;
    let answer = peer.exchange_while(request, &mut || done = Some(meanwhile()))?;
    match done {
        Some(done) => Ok((answer, done?)),
        None => Ok((answer, meanwhile()?)),
    }
}

/// A request that follows an answer which is not stored yet.
fn go_on_from(request: &mut ExchangeRequest, answer: &ExchangeAnswer) {
    request.epoch = Some(answer.epoch);
    request.cursors.extend(answer.pages.iter().map(|page| (page.cell.clone(), page.upto)));
    // It was told with the request before.
    request.health = None;
}

/// Whether an answer leaves what was gathered meanwhile as right as it was: everything was taken, and nothing that came down, left or
/// was erased is in the way of it; and whether a request can go on from its pages, which a new role reads from their beginning.
fn is_plain(request: &ExchangeRequest, answer: &ExchangeAnswer, known: &Known, sends_more: bool) -> bool {
    let brings = answer.pages.iter().any(|page| {
        !page.records.is_empty() || !page.gone.is_empty() || !page.erased.is_empty() || !page.conflicts.is_empty()
    });
    let all_taken = answer.verdicts.iter().all(|verdict| *verdict == Verdict::Accepted);
    let as_known = answer.cells == known.cells && answer.role.is_none_or(|role| role == known.role);
    let nothing_else = answer.erased.is_empty() && request.doubted.is_empty();
    !is_restored(request, answer) && all_taken && as_known && nothing_else && !(sends_more && brings)
}

/// Whether some cursor moves, or begins anew.
fn moves_on(request: &ExchangeRequest, answer: &ExchangeAnswer) -> bool {
    is_restored(request, answer) || answer.pages.iter().any(|page| request.cursors.get(&page.cell) != Some(&page.upto))
}

/// A request that carries these changes, with everything that the server needs to know of this phone.
fn request_with(
    open: &mut Open,
    facts: &Facts<'_>,
    push: Vec<Change>,
    room: usize,
) -> Result<ExchangeRequest, DeviceError> {
    let connection = open.store.connection();
    // One look at the file for all the questions.
    let _reading = connection.unchecked_transaction()?;
    let health = health::to_tell(open, facts, &push)?;
    let words_about = outbox::words_about(connection, &push)?;
    Ok(ExchangeRequest {
        protocol: PROTOCOL,
        device_time: open.device_now(),
        node: open.clock.node(),
        epoch: Meta::Epoch.get(connection)?,
        push,
        cursors: store::cursors(connection)?,
        doubted: repair::under_way(connection)?,
        words_about,
        merges: true,
        health,
        room: Some(room),
        proofs: BTreeMap::new(),
        lost_receipts: receipt::of_lost_databases(connection)?,
    })
}
