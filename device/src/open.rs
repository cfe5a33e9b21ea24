//! The unlocked register: where everything the worker saves becomes durable.

mod photo;
mod several;

pub(crate) use several::New;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use domain::codes::Lists;
use domain::lines::in_one_line;
use domain::protocol::{Enrolment, ServerKeys, Tokens};
use domain::scope::{Role, phone_writes};
use domain::validate::{Setting, problems};
use domain::world::Millis;
use domain::{
    AccountId, CellCode, Change, DeviceId, Fields, HybridClock, Kind, Problem, ProblemCode, RecordId, Stamp, Stamps,
    World,
};
use rusqlite::Connection;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::DeviceError;
use crate::conflicts;
use crate::outbox;
use crate::round;
use crate::store::{self, Held, Meta, Store};

/// A measurement of the clocks is trusted this long by the phone's own clock; a clock that jumps voids it at once.
const MEASURED_FOR: Millis = 60 * 1000;

/// Who uses this phone, as the server said at enrolment; what the account is for, as it said last.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Account {
    /// The account's name.
    pub account: AccountId,
    /// The worker's name, as shown.
    pub display_name: String,
    /// What the account is for.
    pub role: Role,
    /// The phone's name on the server.
    pub device: DeviceId,
    /// Whether the server holds demonstration data.
    pub demo: bool,
}

/// What a form showed when its words were typed: the stamp of each field's value. A field that it does not name was empty there.
pub type Seen = BTreeMap<String, Stamp>;

/// Counts everything that changed, so that a screen knows when to read again; and wakes whoever sends.
#[derive(Debug, Default)]
pub(crate) struct Pulse {
    generation: AtomicU64,
    wake: crate::edge::Bell,
}

impl Pulse {
    pub(crate) fn generation(&self) -> u64 {
        self.generation.load(Ordering::SeqCst)
    }

    pub(crate) fn changed(&self) {
        self.generation.fetch_add(1, Ordering::SeqCst);
    }

    pub(crate) fn bell(&self) -> &crate::edge::Bell {
        &self.wake
    }
}

/// The clock and randomness of this program, shared by the lock screen and the open register.
pub(crate) type SharedWorld = Arc<Mutex<Box<dyn World>>>;

/// The open register with everything a write needs: clock, lists, who writes and where.
pub struct Open {
    pub(crate) store: Store,
    pub(crate) clock: HybridClock,
    /// Milliseconds to add to the phone's clock; as measured last, in this run or an earlier one.
    pub(crate) offset: Millis,
    /// When the offset was measured, by the phone's clock; none in this run yet.
    pub(crate) measured_at: Option<Millis>,
    world: SharedWorld,
    pulse: Arc<Pulse>,
    account: Account,
    cells: Vec<CellCode>,
    lists: Lists,
    /// What the screens last read of the register; gone with it when it is locked.
    pub(crate) register: crate::read::RegisterCache,
    /// The frames of a handover that were filmed so far.
    pub(crate) filmed: domain::frames::Collector,
}

impl Open {
    pub(crate) fn new(store: Store, world: SharedWorld, pulse: Arc<Pulse>) -> Result<Self, DeviceError> {
        let connection = store.connection();
        let account = Meta::Account.get(connection)?.ok_or(DeviceError::NotEnrolled)?;
        let last = outbox::greatest_stamp(connection, Meta::ClockLast.get(connection)?.unwrap_or(Stamp::ZERO))?;
        let offset = Meta::ClockOffset.get(connection)?.unwrap_or(0);
        let cells = Meta::Cells.get(connection)?.unwrap_or_default();
        let lists = Meta::Lists.get(connection)?.unwrap_or_else(Lists::initial);
        let node = lock(&world).node();
        let clock = HybridClock::new(node, last);
        Ok(Self {
            store,
            clock,
            offset,
            measured_at: None,
            world,
            pulse,
            account,
            cells,
            lists,
            register: Default::default(),
            filmed: Default::default(),
        })
    }

    /// Fills a fresh register with what the enrolment said.
    pub(crate) fn enrol(store: &mut Store, server: &str, enrolment: &Enrolment) -> Result<(), DeviceError> {
        let transaction = store.begin()?;
        note_enrolment(&transaction, server, enrolment)?;
        transaction.commit()?;
        Ok(())
    }

    pub(crate) fn enrol_again(&mut self, server: &str, enrolment: &Enrolment) -> Result<(), DeviceError> {
        if self.account.account != enrolment.account {
            return Err(DeviceError::AlreadyEnrolled);
        }
        let account = account_of(enrolment);
        let transaction = self.store.begin()?;
        note_enrolment(&transaction, server, enrolment)?;
        if account.role != self.account.role {
            round::read_anew(&transaction)?;
        }
        transaction.commit()?;
        self.account = account;
        self.cells.clone_from(&enrolment.cells);
        self.changed();
        Ok(())
    }

    /// The records, drafts and pictures.
    pub fn store(&self) -> &Store {
        &self.store
    }

    /// The store, for the simulation, which plants power cuts and a full storage in it.
    #[doc(hidden)]
    pub fn store_mut(&mut self) -> &mut Store {
        &mut self.store
    }

    /// Who uses this phone.
    pub fn account(&self) -> &Account {
        &self.account
    }

    /// The cells that this phone holds now.
    pub fn cells(&self) -> &[CellCode] {
        &self.cells
    }

    /// The county's lists: categories, severities.
    pub fn lists(&self) -> &Lists {
        &self.lists
    }

    /// Now, by the phone's clock corrected to the server's.
    pub fn now(&self) -> Millis {
        self.device_now().saturating_add(self.offset)
    }

    /// What the phone's clock says, uncorrected.
    pub(crate) fn device_now(&self) -> Millis {
        lock(&self.world).now()
    }

    /// Whether the clocks were compared a moment ago: since then none can have jumped unseen.
    pub(crate) fn is_clock_measured(&self) -> bool {
        self.measured_at.is_some_and(|at| (self.device_now() - at).abs() <= MEASURED_FOR)
    }

    /// From here on this is another run of the program, as after a restart: with a node of its own.
    pub(crate) fn begin_run(&mut self) {
        let node = lock(&self.world).node();
        self.clock = HybridClock::new(node, self.clock.last());
    }

    /// A fresh id for a record.
    pub fn new_id(&self) -> RecordId {
        lock(&self.world).record_id()
    }

    /// Grows whenever something changed that a screen may show.
    pub(crate) fn generation(&self) -> u64 {
        self.pulse.generation()
    }

    /// Says that something a screen shows has changed.
    pub fn changed(&self) {
        self.pulse.changed();
    }

    pub(crate) fn set_cells(&mut self, cells: Vec<CellCode>) {
        self.cells = cells;
    }

    /// The account has another role from now on, as it is stored already. What it may not read any more goes, and should it ever read that
    /// again it is read anew: what this run wrote of it must then come down like anybody's.
    pub(crate) fn role_changed(&mut self, account: Account) {
        self.account = account;
        self.begin_run();
        self.changed();
    }

    pub(crate) fn set_lists(&mut self, lists: Lists) {
        self.lists = lists;
    }

    pub(crate) fn tokens(&self) -> Result<Option<Tokens>, DeviceError> {
        Meta::Tokens.get(self.store.connection())
    }

    /// The server's public keys, as far as it told them.
    pub(crate) fn keys(&self) -> Result<ServerKeys, DeviceError> {
        Ok(Meta::ServerKeys.get(self.store.connection())?.unwrap_or_default())
    }

    pub(crate) fn note_keys(&mut self, keys: &ServerKeys) -> Result<(), DeviceError> {
        note_keys(self.store.connection(), keys)
    }

    pub(crate) fn with_world<T>(&self, f: impl FnOnce(&mut dyn World) -> T) -> T {
        f(lock(&self.world).as_mut())
    }

    /// Stores what the worker entered: one transaction, on the storage before this returns.
    ///
    /// Without an id a new record is made; with the id of a refused one it is made again from its own words and these fields.
    /// Fields whose value is the same already are left alone. Without a cell it is the record's, or the phone's first that goes on.
    ///
    /// # Errors
    /// [`DeviceError::Invalid`] with what is wrong, [`DeviceError::NotFound`], [`DeviceError::Sealed`] for another value in an
    /// append-only record, and the storage's errors; nothing is stored then.
    pub fn write(
        &mut self,
        kind: &Kind,
        id: Option<RecordId>,
        cell: Option<&CellCode>,
        fields: Fields,
    ) -> Result<RecordId, DeviceError> {
        self.write_seeing(kind, id, cell, fields, None)
    }

    /// As [`Open::write`], for words that were typed over what a form showed a while ago. Values that came down since were not seen:
    /// nothing then claims that they were, and both are shown to both.
    ///
    /// # Errors
    /// As [`Open::write`].
    pub fn write_seeing(
        &mut self,
        kind: &Kind,
        id: Option<RecordId>,
        cell: Option<&CellCode>,
        fields: Fields,
        seen: Option<&Seen>,
    ) -> Result<RecordId, DeviceError> {
        let current = id.map(|id| store::held(self.store.connection(), id)).transpose()?.flatten();
        let refused = id.map(|id| outbox::refused_one(self.store.connection(), id)).transpose()?.flatten();
        let mut fields = fields;
        let id = match (id, &current, &refused) {
            (None, ..) => self.new_id(),
            (Some(id), Some(_), _) => id,
            (Some(id), None, Some(refused)) => {
                for (field, value) in &refused.fields {
                    fields.entry(field.clone()).or_insert_with(|| value.clone());
                }
                id
            }
            (Some(_), None, None) => return Err(DeviceError::NotFound),
        };
        let cell = self.cell_for(cell, current.as_ref(), refused.as_ref())?;
        self.write_as((kind, id, cell), fields, current, seen)?;
        Ok(id)
    }

    /// Stores a new record under an id that was drawn before, so that other records of the same form can name it already.
    ///
    /// # Errors
    /// As [`Open::write`]; [`DeviceError::Sealed`] when the id is taken.
    pub fn create(
        &mut self,
        kind: &Kind,
        id: RecordId,
        cell: Option<&CellCode>,
        fields: Fields,
    ) -> Result<RecordId, DeviceError> {
        if store::held(self.store.connection(), id)?.is_some() {
            return Err(DeviceError::Sealed);
        }
        let cell = self.cell_for(cell, None, None)?;
        self.write_as((kind, id, cell), fields, None, None)?;
        Ok(id)
    }

    fn cell_for(
        &self,
        given: Option<&CellCode>,
        current: Option<&Held>,
        refused: Option<&outbox::Refused>,
    ) -> Result<CellCode, DeviceError> {
        let known = current.map(|held| &held.record.cell).or(given).or(refused.map(|refused| &refused.cell));
        let cell = match known {
            Some(cell) => Some(cell.clone()),
            None => self.first_cell()?,
        };
        cell.ok_or_else(|| DeviceError::Invalid(vec![Problem::new("", ProblemCode::ForeignCell)]))
    }

    /// Where something new lies that belongs to nothing yet: the first cell that the phone holds and that goes on. One that was merged is
    /// held beside the other for what was written in it, and its code may well be the smaller one.
    pub(crate) fn first_cell(&self) -> Result<Option<CellCode>, DeviceError> {
        if self.cells.len() < 2 {
            return Ok(self.cells.first().cloned());
        }
        let over = self.cells_over()?;
        let goes_on = self.cells.iter().find(|cell| !over.contains(*cell));
        Ok(goes_on.or(self.cells.first()).cloned())
    }

    /// The cells that are over, as their own records say: nothing new is put there.
    pub(crate) fn cells_over(&self) -> Result<BTreeSet<CellCode>, DeviceError> {
        let all = self.store.of_kind(&Kind::Cell, None)?.into_iter();
        Ok(all.filter(|cell| cell.text("succeeded_by").is_some()).map(|cell| cell.cell).collect())
    }

    fn write_as(
        &mut self,
        (kind, id, cell): (&Kind, RecordId, CellCode),
        fields: Fields,
        current: Option<Held>,
        seen: Option<&Seen>,
    ) -> Result<(), DeviceError> {
        let now = self.now();
        if let Some(change) = self.judged((kind, id, cell), fields, current.as_ref(), seen, now)? {
            self.keep(vec![(change, current)], now, |_| Ok(()))?;
            self.written(kind);
        }
        Ok(())
    }

    /// Writes fields of a record that is there, as [`Open::write_seeing`], and notes something in the same transaction: also when all
    /// of them stand already.
    ///
    /// # Errors
    /// As [`Open::write`].
    pub(crate) fn write_noting(
        &mut self,
        held: Held,
        fields: Fields,
        seen: Option<&Seen>,
        note: impl Fn(&Connection, Millis) -> Result<(), DeviceError>,
    ) -> Result<(), DeviceError> {
        let now = self.now();
        let (kind, cell) = (held.record.kind.clone(), held.record.cell.clone());
        let change = self.judged((&kind, held.record.id, cell), fields, Some(&held), seen, now)?;
        let changes = change.map(|change| (change, Some(held))).into_iter().collect();
        self.keep(changes, now, |connection| note(connection, now))?;
        self.written(&kind);
        Ok(())
    }

    /// The change that these fields make, found fit to be stored; none when everything in it stands already. Without `seen` their
    /// writer has seen what stands.
    fn judged(
        &mut self,
        (kind, id, cell): (&Kind, RecordId, CellCode),
        mut fields: Fields,
        current: Option<&Held>,
        seen: Option<&Seen>,
        now: Millis,
    ) -> Result<Option<Change>, DeviceError> {
        let record = current.map(|held| &held.record);
        if record.is_some_and(|record| record.kind != *kind) {
            return Err(DeviceError::NotFound);
        }
        let differs =
            |field: &String, value: &mut Value| record.and_then(|record| record.fields.get(field)) != Some(value);
        fields.retain(differs);
        // What stands already stays as it is, also where an older app wrote several lines into one.
        fields = in_one_line(kind, fields);
        fields.retain(differs);
        if fields.is_empty() && record.is_some() {
            return Ok(None);
        }
        if record.is_some_and(|record| kind.is_append_only() && fields.keys().any(|f| record.fields.contains_key(f))) {
            return Err(DeviceError::Sealed);
        }
        let standing = record.map_or(Stamp::ZERO, |record| record.stamps.greatest(fields.keys()));
        let stamp = self.stamp_after(standing, now);
        let base = fields.keys().filter_map(|field| {
            let stands = record.filter(|record| record.fields.contains_key(field))?.stamps.of(field);
            seen.is_none_or(|seen| seen.get(field) == Some(&stands)).then(|| (field.clone(), stands))
        });
        let base = base.collect();
        let change = Change { id, kind: kind.clone(), cell, fields, stamps: Stamps::all(stamp), base };
        self.judge(&change, current, now)?;
        Ok(Some(change))
    }

    /// Stores changes that were found fit, with the records that they change and what is noted about them: all of it, or nothing.
    fn keep(
        &mut self,
        changes: Vec<(Change, Option<Held>)>,
        now: Millis,
        note: impl Fn(&Connection) -> Result<(), DeviceError>,
    ) -> Result<(), DeviceError> {
        let mut rows = Vec::with_capacity(changes.len());
        for (change, current) in changes {
            let knowing = knowing(&change, current.as_ref());
            rows.push((Held { own_at: Some(now), ..outbox::apply_own(current, &change)? }, change, knowing));
        }
        let account = &self.account;
        self.store.keep_text(|transaction| {
            for (held, change, knowing) in &rows {
                store::put(transaction, held)?;
                outbox::words_were_corrected(transaction, &held.record, &change.fields)?;
                conflicts::decided_by_writing(transaction, &held.record, knowing, account, now)?;
            }
            note(transaction)
        })
    }

    /// Tells the screens and whoever sends.
    fn written(&self, kind: &Kind) {
        self.pulse.changed();
        match kind {
            // What one tap wrote can be taken back for a moment before it is on its way.
            Kind::Visit | Kind::NoticeAck | Kind::TaskReport => self.pulse.bell().ring_after_visit(),
            _ => self.pulse.bell().ring_after_write(),
        }
    }

    /// A stamp that wins against the value it replaces, even if that one's writer had a clock far in the future.
    fn stamp_after(&mut self, standing: Stamp, now: Millis) -> Stamp {
        let stamp = self.clock.tick(now);
        if stamp > standing { stamp } else { standing.next(self.clock.node()) }
    }

    fn judge(&self, change: &Change, current: Option<&Held>, now: Millis) -> Result<(), DeviceError> {
        let refuse = |code| Err(DeviceError::Invalid(vec![Problem::new("", code)]));
        if !phone_writes(self.account.role, &change.kind) {
            return refuse(ProblemCode::NotAllowed);
        }
        if current.is_none() && !self.cells.contains(&change.cell) && !self.follows(change)? {
            return refuse(ProblemCode::ForeignCell);
        }
        let setting = Setting { now, lists: &self.lists };
        let found = problems(change, current.map(|held| &held.record), setting);
        if !found.is_empty() {
            return Err(DeviceError::Invalid(found));
        }
        if change.kind == Kind::Photo && current.is_none() {
            let subject = change.fields.get("subject").and_then(|subject| subject.as_str()).unwrap_or_default();
            let count: i64 = self.store.connection().query_row(
                "SELECT count(*) FROM record WHERE kind = 'photo' AND parent = ?1 AND deleted = 0",
                [subject],
                |row| row.get(0),
            )?;
            let most = domain::kinds::photo::PHOTOS_PER_RECORD_MAX as i64;
            if count >= most {
                return Err(DeviceError::Invalid(vec![Problem::with_limit("", ProblemCode::TooManyPhotos, most)]));
            }
        }
        Ok(())
    }

    /// Whether this is a photo that was still to be stored for a record when its cell was handed over. It is kept, whatever the server
    /// says of it: in "could not be sent" somebody sees it, and here nobody would.
    fn follows(&self, change: &Change) -> Result<bool, DeviceError> {
        let subject = change.fields.get("subject").and_then(Value::as_str).and_then(|text| text.parse().ok());
        match subject.filter(|_| change.kind == Kind::Photo) {
            Some(subject) => store::is_followed(self.store.connection(), subject),
            None => Ok(false),
        }
    }

    /// Removes an own visit or photo without trace, as long as nobody else can know of it.
    ///
    /// # Errors
    /// [`DeviceError::Sealed`] once it was offered to the server, and for kinds that can be corrected instead;
    /// [`DeviceError::NotFound`].
    pub fn take_back(&mut self, id: RecordId) -> Result<(), DeviceError> {
        self.take_back_several(&[id])
    }
}

/// What a change says where its writer knew what stood. Of the other fields it decides nothing: what was set aside there was not seen.
fn knowing(change: &Change, current: Option<&Held>) -> Fields {
    let stood = |field: &String| current.is_some_and(|held| held.record.fields.contains_key(field));
    let mut fields = change.fields.clone();
    fields.retain(|field, _| change.base.contains_key(field) || !stood(field));
    fields
}

fn account_of(enrolment: &Enrolment) -> Account {
    Account {
        account: enrolment.account.clone(),
        display_name: enrolment.display_name.clone(),
        role: enrolment.role,
        device: enrolment.device,
        demo: enrolment.demo,
    }
}

fn note_enrolment(connection: &Connection, server: &str, enrolment: &Enrolment) -> Result<(), DeviceError> {
    Meta::Account.set(connection, &account_of(enrolment))?;
    Meta::Server.set(connection, &server)?;
    Meta::Tokens.set(connection, &enrolment.tokens)?;
    Meta::SignedOut.set(connection, &false)?;
    Meta::Revoked.set(connection, &false)?;
    Meta::ServerKeys.set(connection, &enrolment.keys)?;
    // Cells that the phone held before are left by the next round, when nothing of them waits.
    Meta::Cells.set(connection, &enrolment.cells)
}

/// The server told its keys. Those that came with the enrolment stand: they came with a code from the desk. A server of an older
/// version has none, which takes none away.
fn note_keys(connection: &Connection, told: &ServerKeys) -> Result<(), DeviceError> {
    let known: ServerKeys = Meta::ServerKeys.get(connection)?.unwrap_or_default();
    let kept = |known: &String, told: &String| if known.is_empty() { told.clone() } else { known.clone() };
    let keys = ServerKeys { verify: kept(&known.verify, &told.verify), seal: kept(&known.seal, &told.seal) };
    if keys != *told {
        tracing::warn!("the server tells other keys than at enrolment; the enrolled ones stand");
    }
    if keys == known { Ok(()) } else { Meta::ServerKeys.set(connection, &keys) }
}

/// The world behind its lock. A panic elsewhere leaves a clock and a source of randomness as good as before.
pub(crate) fn lock<T: ?Sized>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
}
