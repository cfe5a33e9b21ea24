//! A server in memory. It merges by the one merge and keeps feeds; faults are switched on by tests.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard};

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use domain::codes::Lists;
use domain::conflict::Conflict;
use domain::hand_in::{HandIn, HandInContent};
use domain::merge::{Lost, merge};
use domain::order::{DeviceOrder, OrderAnswer, OrderRequest, StandingOrder};
use domain::protocol::{
    CallError, CallRefusal, CellState, ExchangeAnswer, ExchangeRequest, FeedPage, Hello, PAGE_BYTES, PageBytes, Peer,
    PhotoOffer, PhotoPlace, PhotoSize, Proof, Receipt, ReceiptStatement, Refusal, ServerKeys, Verdict,
};
use domain::receipt::ReceiptKey;
use domain::scope::Role;
use domain::seal::{Purpose, SealKeys};
use domain::world::Millis;
use domain::{CellCode, Change, DeviceId, Epoch, Node, Problem, ProblemCode, Record, RecordId, Sha256Hex};
use sha2::{Digest, Sha256};
use uuid::Uuid;

use crate::phones::TestWorld;

pub const START: Millis = 1_790_000_000_000;
pub const PIN: &str = "246810";

pub fn cell() -> CellCode {
    CellCode::new("610722001001001").unwrap()
}

pub fn other_cell() -> CellCode {
    CellCode::new("610722001001002").unwrap()
}

pub struct Hub {
    pub now: Millis,
    pub epoch: Epoch,
    /// The proofs that come with every page.
    pub proofs: BTreeMap<RecordId, Proof>,
    /// The proofs of moves that do.
    pub moves: BTreeMap<RecordId, Proof>,
    pub records: BTreeMap<RecordId, Record>,
    /// What changed, whether it left the cell, and which run wrote it.
    pub feed: BTreeMap<CellCode, Vec<(RecordId, bool, Node)>>,
    pub cells: Vec<CellCode>,
    /// What the account is for, as it is told; a server of an older version tells nothing.
    pub role: Option<Role>,
    pub lost: Vec<Lost>,
    /// What is told of the records in a page.
    pub conflicts: Vec<Conflict>,
    pub requests: Vec<ExchangeRequest>,
    /// Fields that were written after the cell was handed over: they are named when others come with them.
    pub late: BTreeSet<String>,
    /// Refuses a change for this reason.
    pub refuse: Box<dyn Fn(&Change) -> Option<ProblemCode> + Send>,
    /// Spoils an answer.
    pub spoil: Box<dyn Fn(&mut ExchangeAnswer) + Send>,
    /// Errors that the next exchanges end with, after they were done.
    pub lose_answers: VecDeque<CallError>,
    /// Exchanges that are still answered before every answer is lost.
    pub answers_left: usize,
    /// Called in the middle of an exchange or of a report: the worker goes on typing.
    pub meanwhile: Option<Box<dyn FnOnce() + Send>>,
    pub offline: Option<CallError>,
    pub page_records: usize,
    /// Where the phones cut what they send.
    pub cut: usize,
    pub lists: Lists,
    /// How often they were loaded.
    pub lists_loaded: usize,
    pub stored: BTreeMap<Sha256Hex, Vec<u8>>,
    pub uploads: BTreeMap<String, (PhotoOffer, Vec<u8>)>,
    pub offers: usize,
    /// Changes that were refused: another may bring their records.
    pub refused: BTreeSet<RecordId>,
    /// Appends that are still answered before the connection breaks.
    pub appends_left: usize,
    pub bad_photos: BTreeSet<Sha256Hex>,
    /// Photos at which the server breaks.
    pub breaks_at: BTreeSet<Sha256Hex>,
    /// What the announcements for these records are answered with.
    pub offers_refused: BTreeMap<RecordId, CallRefusal>,
    /// Signs receipts; a server of an older version gives none.
    pub key: Option<ReceiptKey>,
    /// Changes what is signed.
    pub misstate: Box<dyn Fn(&mut ReceiptStatement) + Send>,
    /// Called after every piece of a photo, while others may call the server.
    pub on_append: Option<Arc<dyn Fn() + Send + Sync>>,
    pub erased: BTreeSet<RecordId>,
    pub seal: SealKeys,
    /// The phone was shut out.
    pub revoked: bool,
    /// What the desk ordered.
    pub order: Option<StandingOrder>,
    pub reports: Vec<StandingOrder>,
    pub handed_in: Vec<HandIn>,
    /// How often a piece came, whatever became of it.
    pub hand_ins: usize,
    /// What hand-ins and reports end with instead of being kept.
    pub refuse_hand_ins: Option<CallError>,
    /// Pieces that are still taken before the connection breaks.
    pub hand_ins_left: usize,
    pub refuse_reports: Option<CallError>,
}

/// The server; as a [`Peer`] it speaks to one phone.
#[derive(Clone)]
pub struct Server(pub Arc<Mutex<Hub>>, pub DeviceId);

impl Server {
    pub fn new() -> Self {
        let hub = Hub {
            now: START,
            epoch: Epoch(Uuid::from_u128(1)),
            proofs: BTreeMap::new(),
            moves: BTreeMap::new(),
            records: BTreeMap::new(),
            feed: BTreeMap::new(),
            cells: vec![cell()],
            role: None,
            lost: Vec::new(),
            conflicts: Vec::new(),
            requests: Vec::new(),
            late: BTreeSet::new(),
            refuse: Box::new(|_| None),
            spoil: Box::new(|_| ()),
            lose_answers: VecDeque::new(),
            answers_left: usize::MAX,
            meanwhile: None,
            offline: None,
            page_records: 1000,
            cut: PAGE_BYTES,
            lists: Lists::initial(),
            lists_loaded: 0,
            stored: BTreeMap::new(),
            uploads: BTreeMap::new(),
            offers: 0,
            refused: BTreeSet::new(),
            appends_left: usize::MAX,
            bad_photos: BTreeSet::new(),
            breaks_at: BTreeSet::new(),
            offers_refused: BTreeMap::new(),
            key: Some(ReceiptKey::new(&mut TestWorld::new(Arc::default(), 99))),
            misstate: Box::new(|_| ()),
            on_append: None,
            erased: BTreeSet::new(),
            seal: SealKeys::fresh(&mut TestWorld::new(Arc::default(), 77)),
            revoked: false,
            order: None,
            reports: Vec::new(),
            handed_in: Vec::new(),
            hand_ins: 0,
            refuse_hand_ins: None,
            hand_ins_left: usize::MAX,
            refuse_reports: None,
        };
        Server(Arc::new(Mutex::new(hub)), DeviceId(Uuid::nil()))
    }

    pub fn hub(&self) -> MutexGuard<'_, Hub> {
        self.0.lock().unwrap()
    }

    /// What somebody else wrote, as the server has it.
    pub fn write(&self, change: Change) {
        self.hub().take(change, Node(0)).unwrap();
    }
}

impl Hub {
    /// Orders the phone to do something to itself.
    pub fn order(&mut self, what: DeviceOrder) {
        self.now += 1;
        self.order = Some(StandingOrder { what, ordered_at: self.now });
    }

    /// What the phone with this seed handed in, opened.
    pub fn opened(&self, seed: u64) -> Vec<HandInContent> {
        let purpose = Purpose::HandIn(DeviceId(Uuid::from_u128(seed.into())));
        let open = |piece: &HandIn| {
            let sealed = URL_SAFE_NO_PAD.decode(&piece.sealed).unwrap();
            let plain = zstd::decode_all(&self.seal.open(purpose, &sealed).unwrap()[..]).unwrap();
            assert_eq!(hex(&plain), piece.digest.as_str());
            serde_json::from_slice(&plain).unwrap()
        };
        self.handed_in.iter().map(open).collect()
    }

    /// Erases a record: everything of it is gone, the feed says so, and later changes are refused.
    pub fn erase(&mut self, id: RecordId) {
        self.erased.insert(id);
        self.records.remove(&id);
        self.feed.entry(cell()).or_default().push((id, true, Node(0)));
    }

    /// What stands in the way of every usual call.
    fn barred(&self) -> Result<(), CallError> {
        match (&self.offline, &self.order) {
            (Some(error), _) => Err(error.clone()),
            (None, Some(order)) if order.what == DeviceOrder::Lock || !self.reports.contains(order) => {
                Err(CallError::Ordered)
            }
            _ if self.revoked => Err(CallError::Revoked),
            _ => Ok(()),
        }
    }

    fn take(&mut self, change: Change, node: Node) -> Result<(), Refusal> {
        let refusal = |code, current: Option<&Record>| Refusal {
            code,
            problems: vec![Problem::new("", code)],
            current: current.cloned(),
        };
        let current = self.records.get(&change.id);
        if self.erased.contains(&change.id) {
            return Err(refusal(ProblemCode::Erased, None));
        }
        if let Some(code) = (self.refuse)(&change) {
            self.refused.insert(change.id);
            // Of a cell that is not the phone's nothing is shown.
            return Err(refusal(code, current.filter(|record| self.cells.contains(&record.cell))));
        }
        let late: Vec<&String> = change.fields.keys().filter(|field| self.late.contains(*field)).collect();
        if !late.is_empty() {
            let code = ProblemCode::ForeignCell;
            let problems = late.iter().map(|field| Problem::new(field, code)).collect();
            let whole = refusal(code, None);
            return Err(if late.len() == change.fields.len() { whole } else { Refusal { problems, ..whole } });
        }
        if change.latest().millis() > self.now + 120_000 {
            return Err(refusal(ProblemCode::StampFuture, current));
        }
        let merged = merge(current, &change).map_err(|_| refusal(ProblemCode::Sealed, current))?;
        self.lost.extend(merged.lost);
        if !merged.taken.is_empty() {
            let cell = merged.record.cell.clone();
            if let Some(left) = current.map(|record| record.cell.clone()).filter(|before| *before != cell) {
                self.feed.entry(left).or_default().push((change.id, true, node));
            }
            self.records.insert(change.id, merged.record);
            self.feed.entry(cell).or_default().push((change.id, false, node));
        }
        Ok(())
    }

    pub fn keys(&self) -> ServerKeys {
        let verify = self.key.as_ref().map(ReceiptKey::verify_text).unwrap_or_default();
        ServerKeys { verify, seal: self.seal.public_text() }
    }

    /// What the server has of a cell, counted.
    pub fn state(&self, cell: &CellCode) -> CellState {
        let records: Vec<&Record> = self.records.values().filter(|record| record.cell == *cell).collect();
        let has_bytes = |record: &&&Record| {
            record.text("sha256").is_some_and(|hash| self.stored.contains_key(&Sha256Hex::new(hash).unwrap()))
        };
        CellState {
            upto: self.feed.get(cell).map_or(0, |feed| feed.len() as u64),
            records: records.len() as u64,
            photos: records.iter().filter(has_bytes).count() as u64,
            digest: records.into_iter().collect(),
        }
    }

    fn receipt(&self, device: DeviceId) -> Option<Receipt> {
        let cells = self.cells.iter().map(|cell| (cell.clone(), self.state(cell))).collect();
        let mut statement = ReceiptStatement { device, epoch: self.epoch, at: self.now, cells };
        (self.misstate)(&mut statement);
        Some(self.key.as_ref()?.sign(&statement))
    }

    fn page(&self, cell: &CellCode, from: u64, node: Option<Node>) -> FeedPage {
        let feed = self.feed.get(cell).map(Vec::as_slice).unwrap_or_default();
        let upto = (from as usize + self.page_records).min(feed.len()).max(from as usize);
        let entries = feed.get(from as usize..upto).unwrap_or_default();
        let others = entries.iter().filter(|(_, gone, writer)| !gone && Some(*writer) != node);
        let ids: BTreeSet<RecordId> = others.map(|(id, ..)| *id).collect();
        let in_cell = |id: &RecordId| self.records.get(id).filter(|record| record.cell == *cell).cloned();
        FeedPage {
            cell: cell.clone(),
            upto: upto as u64,
            records: ids.iter().filter_map(in_cell).collect(),
            gone: entries.iter().filter(|(_, gone, _)| *gone).map(|(id, ..)| *id).collect(),
            conflicts: self.conflicts.iter().filter(|conflict| ids.contains(&conflict.record)).cloned().collect(),
            proofs: self.proofs.clone(),
            moves: self.moves.clone(),
            erased: entries.iter().map(|(id, ..)| *id).filter(|id| self.erased.contains(id)).collect(),
        }
    }

    fn exchange(&mut self, device: DeviceId, request: &ExchangeRequest) -> ExchangeAnswer {
        self.requests.push(request.clone());
        let mut verdicts = Vec::new();
        for change in &request.push {
            verdicts.push(match self.take(change.clone(), request.node) {
                Ok(()) => Verdict::Accepted,
                Err(refusal) => Verdict::Refused(refusal),
            });
        }
        let known = request.epoch == Some(self.epoch);
        let from = |cell: &CellCode| if known { request.cursors.get(cell).copied().unwrap_or(0) } else { 0 };
        let node = |cell: &CellCode| Some(request.node).filter(|_| !request.doubted.contains(cell));
        let mut pages: Vec<FeedPage> = self.cells.iter().map(|cell| self.page(cell, from(cell), node(cell))).collect();
        pages.retain(|page| request.room != Some(0) || page.upto == from(&page.cell));
        let read = |cell: &CellCode| pages.iter().find(|page| page.cell == *cell).map_or(from(cell), |page| page.upto);
        let more = self.cells.iter().any(|cell| (read(cell) as usize) < self.feed.get(cell).map_or(0, Vec::len));
        let mut answer = ExchangeAnswer {
            server_time: self.now,
            epoch: self.epoch,
            lists_version: self.lists.version,
            lists_digest: None,
            verdicts,
            cells: self.cells.clone(),
            pages,
            more,
            receipt: if more { None } else { self.receipt(device) },
            erased: request.words_about.iter().filter(|id| self.erased.contains(id)).copied().collect(),
            role: self.role,
            photos_lost: None,
        };
        (self.spoil)(&mut answer);
        answer
    }
}

impl Peer for Server {
    fn hello(&self) -> Result<Hello, CallError> {
        let hub = self.hub();
        hub.barred()?;
        Ok(Hello {
            server_time: hub.now,
            epoch: hub.epoch,
            protocols: (1, 1),
            lists_version: hub.lists.version,
            keys: hub.keys(),
        })
    }

    fn exchange(&self, request: &ExchangeRequest) -> Result<ExchangeAnswer, CallError> {
        let mut hub = self.hub();
        hub.barred()?;
        let answer = hub.exchange(self.1, request);
        let meanwhile = hub.meanwhile.take();
        let none_left = hub.answers_left == 0;
        hub.answers_left = hub.answers_left.saturating_sub(1);
        let lost = hub.lose_answers.pop_front().or(none_left.then(|| CallError::Offline("cut".into())));
        drop(hub);
        if let Some(meanwhile) = meanwhile {
            meanwhile();
        }
        match lost {
            Some(error) => Err(error),
            None => Ok(answer),
        }
    }

    fn page_bytes(&self) -> PageBytes {
        PageBytes { up: self.hub().cut, down: PAGE_BYTES }
    }

    fn lists(&self) -> Result<Lists, CallError> {
        let mut hub = self.hub();
        hub.lists_loaded += 1;
        Ok(hub.lists.clone())
    }

    fn photo_offer(&self, offer: &PhotoOffer) -> Result<PhotoPlace, CallError> {
        let mut hub = self.hub();
        hub.offers += 1;
        if let Some(code) = hub.offers_refused.get(&offer.photo) {
            return Err(CallError::Refused { code: *code });
        }
        if !hub.records.contains_key(&offer.photo) {
            assert!(hub.refused.contains(&offer.photo), "the text goes first");
            return Err(CallError::Refused { code: CallRefusal::NotFound });
        }
        if hub.stored.contains_key(&offer.sha256) {
            return Ok(PhotoPlace::Stored);
        }
        let upload = format!("upload-{}", hub.offers);
        hub.uploads.insert(upload.clone(), (offer.clone(), Vec::new()));
        Ok(PhotoPlace::Upload { upload, offset: 0 })
    }

    fn photo_offset(&self, upload: &str) -> Result<u64, CallError> {
        let gone = CallError::Refused { code: CallRefusal::UploadGone };
        self.hub().uploads.get(upload).map(|(_, bytes)| bytes.len() as u64).ok_or(gone)
    }

    fn photo_append(&self, upload: &str, offset: u64, chunk: &[u8]) -> Result<u64, CallError> {
        let mut hub = self.hub();
        if hub.appends_left == 0 {
            return Err(CallError::Offline("the signal is gone".into()));
        }
        hub.appends_left -= 1;
        let gone = CallError::Refused { code: CallRefusal::UploadGone };
        let (offer, mut bytes) = hub.uploads.get(upload).cloned().ok_or(gone)?;
        if bytes.len() as u64 != offset {
            return Err(CallError::Refused { code: CallRefusal::WrongOffset });
        }
        bytes.extend_from_slice(chunk);
        let reached = bytes.len() as u64;
        if hub.breaks_at.contains(&offer.sha256) {
            return Err(CallError::Unavailable("the server broke".into()));
        }
        if reached == offer.bytes {
            hub.uploads.remove(upload);
            let hash = hex(&bytes);
            if hash != offer.sha256.as_str() || hub.bad_photos.contains(&offer.sha256) {
                return Err(CallError::Refused { code: CallRefusal::NotAnImage });
            }
            hub.stored.insert(offer.sha256, bytes);
        } else {
            hub.uploads.insert(upload.into(), (offer, bytes));
        }
        let on_append = hub.on_append.clone();
        drop(hub);
        if let Some(on_append) = on_append {
            on_append();
        }
        Ok(reached)
    }

    fn order(&self, request: &OrderRequest) -> Result<OrderAnswer, CallError> {
        let hub = self.hub();
        if let Some(error) = &hub.offline {
            return Err(error.clone());
        }
        let key = request.sealed_key.as_ref().filter(|_| hub.order.is_none()).map(|sealed| {
            let sealed = URL_SAFE_NO_PAD.decode(sealed).unwrap();
            let purpose = Purpose::LockKey(DeviceId(Uuid::from_u128(1)));
            URL_SAFE_NO_PAD.encode(hub.seal.open(purpose, &sealed).unwrap())
        });
        Ok(OrderAnswer { order: hub.order, key, keys: hub.keys(), epoch: Some(hub.epoch) })
    }

    fn report(&self, done: &StandingOrder) -> Result<(), CallError> {
        let mut hub = self.hub();
        if let Some(error) = hub.offline.clone().or(hub.refuse_reports.clone()) {
            return Err(error);
        }
        hub.reports.push(*done);
        let meanwhile = hub.meanwhile.take();
        drop(hub);
        if let Some(meanwhile) = meanwhile {
            meanwhile();
        }
        Ok(())
    }

    fn hand_in(&self, piece: &HandIn) -> Result<(), CallError> {
        let mut hub = self.hub();
        hub.hand_ins += 1;
        if let Some(error) = hub.offline.clone().or(hub.refuse_hand_ins.clone()) {
            return Err(error);
        }
        if hub.barred().is_ok() {
            return Err(CallError::Refused { code: CallRefusal::NotAllowed });
        }
        if hub.hand_ins_left == 0 {
            return Err(CallError::Offline("the signal is gone".into()));
        }
        hub.hand_ins_left -= 1;
        hub.handed_in.push(piece.clone());
        Ok(())
    }

    fn photo_fetch(&self, hash: &Sha256Hex, _: PhotoSize) -> Result<Vec<u8>, CallError> {
        self.hub().stored.get(hash).cloned().ok_or(CallError::Refused { code: CallRefusal::NotFound })
    }
}

fn hex(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}
