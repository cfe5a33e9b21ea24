//! The first look at pushed changes: what can be taken, on what the ones before it would leave behind. Nothing is written here.

use std::cell::RefCell;
use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};

use domain::incident::sees;
use domain::kinds::evacuation::Evacuation;
use domain::kinds::photo::PHOTOS_PER_RECORD_MAX;
use domain::merge::{MergeError, Merged, merge};
use domain::protocol::{CHANGE_BYTES_MAX, CHANGE_FIELDS_MAX, counted_bytes, counted_fields};
use domain::record::write_canonical;
use domain::scope::Role;
use domain::spec::field;
use domain::world::Millis;
use domain::{AccountId, CellCode, Change, Fields, Kind, ProblemCode, Record, RecordId, Scope, Stamp, Stamps};
use sha2::{Digest, Sha256};

use crate::hub::HubError;
use crate::hub::case_files::Late;
use crate::hub::erasure::{names_erased, says_about_one};
use crate::hub::judge::{Bench, CELL, Fault, named_author, references, step_fault};
use crate::store::{ChangeDigest, Reading, Writing};

/// What the first look said of a change.
pub(super) enum Look {
    /// Refused, with the record as it stood.
    Refused(Fault, Option<Box<Record>>),
    /// Everything in it is known: nothing will be written. With the cell that the record lies in.
    Known(Option<CellCode>),
    /// It can be taken, if the records that it names can; with the record as it will stand until then, and what comes of both.
    Fits { creates: bool, current: Option<Box<Record>>, merged: Box<Merged> },
}

impl Look {
    /// The cell into which this brings a record that was not there: a new one, or one that moves.
    fn brings_into(&self) -> Option<&CellCode> {
        let Look::Fits { current, merged, .. } = self else { return None };
        let there = current.as_ref().is_some_and(|current| current.cell == merged.record.cell);
        (!there).then_some(&merged.record.cell)
    }
}

/// The first looks at a push, one for each of its changes.
#[derive(Default)]
pub(super) struct Looks {
    pub(super) each: Vec<Look>,
    /// Where among them a record was last seen to be taken.
    places: BTreeMap<RecordId, usize>,
    /// When the moves were taken that were asked about: a history is long, and many changes name one record.
    moves: RefCell<BTreeMap<(Scope, RecordId, Stamp), Option<Millis>>>,
}

impl Looks {
    fn add(&mut self, id: RecordId, look: Look) {
        if matches!(look, Look::Fits { .. }) {
            self.places.insert(id, self.each.len());
        }
        self.each.push(look);
    }

    /// A record of a cell's county as what was looked at would leave it, in another cell perhaps, or as it stands.
    fn find(&self, reading: &dyn Writing, cell: &CellCode, id: RecordId) -> Result<Option<Record>, HubError> {
        if let Some(record) = self.record(id) {
            return Ok(Some(record.clone()));
        }
        Ok(reading.record(&cell.county(), id)?.map(|stored| stored.record))
    }

    /// Since when a record is away from where it lay: since the later of the moment in which somebody moved it and the one in which the
    /// server took that, for of a move that was made offline nobody could know before. None when nobody ever moved it.
    fn left_at(&self, reading: &dyn Writing, moved: &Record) -> Result<Option<Millis>, HubError> {
        if !moved.fields.contains_key(CELL) {
            return Ok(None);
        }
        let made = moved.stamps.of(CELL);
        let taken = match self.moves.borrow_mut().entry((moved.cell.county(), moved.id, made)) {
            Entry::Occupied(known) => *known.get(),
            Entry::Vacant(place) => *place.insert(reading.moved_at(&moved.cell, moved.id, made)?),
        };
        Ok(Some(taken.map_or(made.millis(), |taken| taken.max(made.millis()))))
    }

    fn record(&self, id: RecordId) -> Option<&Record> {
        match self.each.get(*self.places.get(&id)?)? {
            Look::Fits { merged, .. } => Some(&merged.record),
            _ => None,
        }
    }
}

/// The first look: every change by itself, each on what the ones before it would leave behind. Whom a case file is about says `late`: all of
/// them decide on that.
pub(super) fn look_at_all(
    reading: &dyn Writing,
    bench: &Bench<'_>,
    changes: &[Change],
    late: &Late,
) -> Result<Looks, HubError> {
    let mut photos = Counted::new();
    let mut looks = Looks::default();
    for change in changes {
        let current = looks.find(reading, &change.cell, change.id)?;
        let look = look_at(reading, bench, change, current.as_ref(), (&looks, late), &mut photos)?;
        let look = match look {
            Ok(Some(merged)) => {
                Look::Fits { creates: current.is_none(), current: current.map(Box::new), merged: Box::new(merged) }
            }
            Ok(None) => match current {
                Some(ahead) if looks.record(change.id).is_some() => look_at_repetition(reading, change, ahead)?,
                current => Look::Known(current.map(|record| record.cell)),
            },
            Err(fault) => Look::Refused(fault, current.map(Box::new)),
        };
        looks.add(change.id, look);
    }
    Ok(looks)
}

/// The look at a change of which everything is known once those before it are taken. What only they make known is asked, as they are, for
/// the records that it names: it would be stored otherwise when they are refused for these.
fn look_at_repetition(reading: &dyn Writing, change: &Change, ahead: Record) -> Result<Look, HubError> {
    let alone = merge(standing(reading, change)?.as_ref(), change);
    if !alone.is_ok_and(|merged| !merged.taken.is_empty()) {
        return Ok(Look::Known(Some(ahead.cell)));
    }
    let merged = Merged { record: ahead.clone(), taken: Vec::new(), lost: Vec::new() };
    Ok(Look::Fits { creates: false, current: Some(Box::new(ahead)), merged: Box::new(merged) })
}

/// The record as it would stand after the change; none when nothing in it is new.
fn look_at(
    reading: &dyn Writing,
    bench: &Bench<'_>,
    change: &Change,
    current: Option<&Record>,
    (ahead, late): (&Looks, &Late),
    photos: &mut Counted,
) -> Result<Result<Option<Merged>, Fault>, HubError> {
    let left = match current.filter(|record| record.cell != change.cell) {
        Some(moved) if reading.has_left(&change.cell, change.id)? => ahead.left_at(reading, moved)?,
        _ => None,
    };
    if let Some(fault) = bench.place_fault(change, current, left) {
        return Ok(Err(fault));
    }
    if current.is_none() && reading.erased(&change.cell.county(), change.id)? {
        return Ok(Err(Fault::new("", ProblemCode::Erased)));
    }
    let merged = merge(current, change);
    // Whoever repeats what is known has lost an answer; that is no fault, whatever the rules have become since.
    if let (Some(current), Ok(merged)) = (current, &merged)
        && bench.may_know(change, current)
        && nothing_new(reading, change, merged)?
    {
        return Ok(Ok(None));
    }
    if let Some(fault) = bench.fault(change, current) {
        return Ok(Err(fault));
    }
    let merged = match merged {
        Ok(merged) => merged,
        Err(error) => return Ok(Err(merge_fault(&error))),
    };
    if let Some(by) = named_author(change)
        && by != bench.author.actor().account
        && reading.account(&by)?.is_none()
    {
        return Ok(Err(Fault::new("by", ProblemCode::OtherAuthor)));
    }
    let fault = match current {
        Some(current) => grown_too_large(change, current, &merged.record),
        None => fault_of_new(reading, bench, &merged.record, (ahead, late), photos)?,
    };
    Ok(match fault {
        Some(fault) => Err(fault),
        None => Ok(Some(merged)),
    })
}

/// What is wrong with a record that was not there before, beside what its own fields say.
fn fault_of_new(
    reading: &dyn Writing,
    bench: &Bench<'_>,
    record: &Record,
    (ahead, late): (&Looks, &Late),
    photos: &mut Counted,
) -> Result<Option<Fault>, HubError> {
    if let Some(fault) = step_not_allowed(reading, bench, record, ahead)? {
        return Ok(Some(fault));
    }
    if let Some(fault) = about_nobody(reading, bench, record, late)? {
        return Ok(Some(fault));
    }
    too_many_photos(reading, record, photos)
}

/// Refuses what would make a record larger than one change may be: no phone could offer it whole any more. Only fields that this version
/// does not know can do that: the others have bounds of their own.
fn grown_too_large(change: &Change, current: &Record, merged: &Record) -> Option<Fault> {
    let many = |record: &Record| counted_fields(&record.fields);
    if many(merged) > CHANGE_FIELDS_MAX && many(merged) > many(current) {
        return Some(Fault::new("", ProblemCode::FieldName));
    }
    let unknown = |fields: &Fields| fields.keys().any(|name| field(&change.kind, name).is_none());
    if !unknown(&change.fields) && !unknown(&current.fields) {
        return None;
    }
    let size = |record: &Record| counted_bytes(&record.fields);
    let too_large = size(merged) > CHANGE_BYTES_MAX && size(merged) > size(current);
    too_large.then(|| Fault::new("", ProblemCode::TooManyBytes))
}

/// Refuses a step of an incident that is not its author's to take. What comes late is taken: the fold marks it.
fn step_not_allowed(
    reading: &dyn Writing,
    bench: &Bench<'_>,
    step: &Record,
    ahead: &Looks,
) -> Result<Option<Fault>, HubError> {
    if step.kind != Kind::IncidentStep {
        return Ok(None);
    }
    // An incident that is nowhere is refused as a missing target, later.
    let Some(incident) = step.reference("incident") else { return Ok(None) };
    let Some(incident) = ahead.find(reading, &step.cell, incident)? else { return Ok(None) };
    // Whoever answers for a department speaks of what that department has, whichever way the step comes in.
    if bench.author.role_when(step.latest(), bench.setting.now) == Role::Handler {
        let row = reading.incident_row(&step.cell.county(), incident.id)?;
        if !row.is_some_and(|row| sees(bench.author.actor(), &row.departments)) {
            return Ok(Some(Fault::new("", ProblemCode::ForeignRecord)));
        }
    }
    // After a restore a phone brings back what a supervisor did: then it is the supervisor's right that counts.
    let actor = bench.author.actor();
    let fault = |role: Role| step_fault(step, &incident, role);
    Ok(match step.text("by").and_then(|by| AccountId::new(by).ok()) {
        Some(by) if by != actor.account => fault(reading.account(&by)?.map_or(actor.role, |account| account.role)),
        _ => fault(actor.role).and_then(|_| fault(bench.author.role_when(step.latest(), bench.setting.now))),
    })
}

/// Refuses an event, a photo or a review of a case file that is about nobody any more: what was there was erased, and no other comes to it.
/// What comes beside it decides on that, in whatever order, as it does for words: where these go, nothing else stays. A review is late only
/// where a phone brings it back: whoever gives one at the desk has before their eyes what is left of the file.
fn about_nobody(
    reading: &dyn Writing,
    bench: &Bench<'_>,
    record: &Record,
    late: &Late,
) -> Result<Option<Fault>, HubError> {
    let of_file = |kind: &str| record.text(kind) == Some(Kind::Dispute.as_str());
    let field = match record.kind {
        Kind::DisputeEvent => "dispute",
        Kind::Photo if of_file("subject_kind") => "subject",
        Kind::Review if of_file("target_kind") && bench.author.is_phone() => "target",
        _ => return Ok(None),
    };
    let Some(case) = record.reference(field) else { return Ok(None) };
    let nobody = late.leaves_to_nobody(reading, (record.cell.county(), case))?;
    Ok(nobody.then(|| Fault::new(field, ProblemCode::Erased)))
}

/// How many photos a record has in a cell with those of this push, as far as they are looked for.
type Counted = BTreeMap<(CellCode, RecordId), usize>;

/// Photos that stayed in another cell when their record was moved do not count: the phones of its cell see none of them, and their workers
/// could never take any.
fn too_many_photos(reading: &dyn Writing, photo: &Record, counted: &mut Counted) -> Result<Option<Fault>, HubError> {
    let (Kind::Photo, Some(subject)) = (&photo.kind, photo.reference("subject")) else { return Ok(None) };
    let place = (photo.cell.clone(), subject);
    let so_far = match counted.get(&place) {
        Some(count) => *count,
        None => reading.count_referring(&Scope::from(&photo.cell), subject, &Kind::Photo)?,
    };
    if so_far >= PHOTOS_PER_RECORD_MAX {
        return Ok(Some(Fault::new("subject", ProblemCode::TooManyPhotos)));
    }
    counted.insert(place, so_far + 1);
    Ok(None)
}

/// Refuses changes that name records which are neither in the cell where the change leaves its own, nor among those that this push
/// brings there, nor stayed behind when what they belong to came there. Refusing one can leave another without its target, so it goes on
/// until nothing more falls. A field in which a phone that has not heard of it merely names somebody who was erased costs the rest of its
/// record nothing: it is emptied when that is stored.
pub(super) fn refuse_missing_targets(
    reading: &dyn Writing,
    bench: &Bench<'_>,
    changes: &[Change],
    looks: &mut Looks,
) -> Result<(), HubError> {
    let coming = coming(changes, looks);
    let waiting = refuse_what_waits_in_vain(reading, bench, changes, looks, &coming)?;
    let_fall(reading, changes, looks, coming, &waiting)
}

/// The records that come into a cell with this push, by id: where to, and of which kind.
type Coming = BTreeMap<RecordId, (CellCode, Kind)>;

/// A change, by its place in the push, that names in a field a record which can only come with this push.
type Waits = (usize, String, RecordId);

fn coming(changes: &[Change], looks: &Looks) -> Coming {
    let brought = |(change, look): (&Change, &Look)| {
        look.brings_into().map(|cell| (change.id, (cell.clone(), change.kind.clone())))
    };
    changes.iter().zip(&looks.each).filter_map(brought).collect()
}

/// Refuses what names a record that neither is there nor comes; gives back what names one that comes.
fn refuse_what_waits_in_vain(
    reading: &dyn Writing,
    bench: &Bench<'_>,
    changes: &[Change],
    looks: &mut Looks,
    coming: &Coming,
) -> Result<Vec<Waits>, HubError> {
    let mut waiting = Vec::new();
    // Many visits of one household name it: it is looked for once.
    let mut kinds: BTreeMap<(Scope, RecordId), Option<Kind>> = BTreeMap::new();
    let mut rosters = Rosters::new();
    let mut seen = BTreeSet::new();
    for (index, change) in changes.iter().enumerate() {
        let Look::Fits { current, merged, .. } = &looks.each[index] else { continue };
        let cell = &merged.record.cell.clone();
        let thing = thing_of(&merged.record);
        let current = if seen.insert(change.id) { current.as_deref().cloned() } else { standing(reading, change)? };
        for (field, id, kind) in references(change, current.as_ref()) {
            let fits_kind = |found: &Kind| kind.as_ref().is_none_or(|kind| kind == found);
            let found = match kinds.entry((Scope::from(cell), id)) {
                Entry::Occupied(found) => found.into_mut(),
                Entry::Vacant(place) => {
                    let found = reading.record(&place.key().0, id)?.map(|stored| stored.record.kind);
                    place.insert(found)
                }
            };
            if found.as_ref().is_some_and(fits_kind) {
                continue;
            }
            // What was refused already, because the thing that it belongs to is not here, is looked for no further: its answer would tell
            // of a cell that is not the author's.
            let still_fits = matches!(looks.each[index], Look::Fits { .. });
            if still_fits && is_on_roster(reading, looks, change, (cell, thing), (&field, id), &mut rosters)? {
                continue;
            }
            if coming.get(&id).is_some_and(|(there, kind)| there == cell && fits_kind(kind)) {
                waiting.push((index, field, id));
            } else if left_since(reading, bench, looks, change, cell, id)?.as_ref().is_some_and(fits_kind) {
                // It was here when this was written: its cell keeps what came late, as it keeps what came in time.
            } else if still_fits && belongs_along(reading, looks, cell, thing, id)?.as_ref().is_some_and(fits_kind) {
                // It may come with this push itself, into the cell where it was written.
                waiting.push((index, field, id));
            } else if !(bench.author.is_phone()
                && names_erased(reading, &change.kind, cell, (&field, change.fields.get(&field)))?)
            {
                let erased = says_about_one(&change.kind, &field) && reading.erased(&cell.county(), id)?;
                let code = if erased { ProblemCode::Erased } else { ProblemCode::MissingTarget };
                refuse(looks, index, Fault::new(&field, code), current.as_ref());
            }
        }
    }
    Ok(waiting)
}

/// What an append-only record belongs to.
fn thing_of(record: &Record) -> Option<RecordId> {
    record.kind.belongs_to().filter(|_| record.kind.is_append_only()).and_then(|field| record.reference(field))
}

/// From a photo by the step that it shows to the incident: no record belongs to its thing by more steps.
const STEPS_UP: usize = 2;

/// The kind of an append-only record that belongs to the same thing as the append-only record that names it. It stays in the cell where it
/// was written when the thing is moved, so whoever goes on in the new cell names it there. That the thing itself can be named from here,
/// its own field has to show; whoever asks learns only what belongs to it.
fn belongs_along(
    reading: &dyn Writing,
    looks: &Looks,
    cell: &CellCode,
    thing: Option<RecordId>,
    id: RecordId,
) -> Result<Option<Kind>, HubError> {
    let Some(thing) = thing.filter(|thing| *thing != id) else { return Ok(None) };
    let Some(named) = looks.find(reading, cell, id)? else { return Ok(None) };
    // A household that gave way to another is the same household.
    let same = reading.entries(&cell.county(), thing)?;
    let mut above = thing_of(&named);
    for _ in 0..STEPS_UP {
        let Some(next) = above else { break };
        if next == thing || same.contains(&next) {
            return Ok(Some(named.kind));
        }
        above = looks.find(reading, cell, next)?.as_ref().and_then(thing_of);
    }
    Ok(None)
}

/// Who is on the roster of an order: many marks of one order are asked about, and a roster is long.
type Rosters = BTreeMap<(CellCode, RecordId), BTreeSet<RecordId>>;

/// Whether a mark names somebody on the roster of its order. That is a snapshot: whoever is on it is marked where the order lies, wherever
/// they live by now. That the order can be named from here, its own field has to show.
fn is_on_roster(
    reading: &dyn Writing,
    looks: &Looks,
    change: &Change,
    (cell, order): (&CellCode, Option<RecordId>),
    (field, person): (&str, RecordId),
    rosters: &mut Rosters,
) -> Result<bool, HubError> {
    let Some(order) = order.filter(|_| change.kind == Kind::RollCall && field == "person") else { return Ok(false) };
    let roster = match rosters.entry((cell.clone(), order)) {
        Entry::Occupied(known) => known.into_mut(),
        Entry::Vacant(place) => {
            let order = looks.find(reading, cell, order)?.map(|order| Evacuation::from(&order));
            let listed = order.into_iter().flat_map(|order| order.roster).map(|listed| listed.person);
            place.insert(listed.collect())
        }
    };
    Ok(roster.contains(&person) && !reading.erased(&cell.county(), person)?)
}

/// The kind of a record that lay in a cell when a phone wrote about it there, and that was moved away since.
fn left_since(
    reading: &dyn Writing,
    bench: &Bench<'_>,
    looks: &Looks,
    change: &Change,
    cell: &CellCode,
    id: RecordId,
) -> Result<Option<Kind>, HubError> {
    if !bench.author.is_phone() {
        return Ok(None);
    }
    let Some(moved) = looks.find(reading, cell, id)? else { return Ok(None) };
    if !bench.is_still_theirs(&moved, looks.left_at(reading, &moved)?, change.latest()) {
        return Ok(None);
    }
    // A restored database need not know that it was here: phones brought it straight to where it was moved.
    let was_here = bench.is_lost_move(&moved) || reading.has_left(cell, id)?;
    Ok(was_here.then_some(moved.kind))
}

/// Refuses what waits for a record whose own change was refused, and so on, until nothing more falls.
fn let_fall(
    reading: &dyn Writing,
    changes: &[Change],
    looks: &mut Looks,
    mut coming: Coming,
    waiting: &[Waits],
) -> Result<(), HubError> {
    loop {
        let arriving = self::coming(changes, looks);
        let refused: BTreeSet<RecordId> = coming.keys().filter(|id| !arriving.contains_key(id)).copied().collect();
        if refused.is_empty() {
            return Ok(());
        }
        coming.retain(|id, _| !refused.contains(id));
        for (index, field, id) in waiting {
            if refused.contains(id) && matches!(looks.each[*index], Look::Fits { .. }) {
                // Without what stands its phone would take the record for one that the server does not have, and drop it.
                let current = standing(reading, &changes[*index])?;
                refuse(looks, *index, Fault::new(field, ProblemCode::MissingTarget), current.as_ref());
            }
        }
    }
}

fn refuse(looks: &mut Looks, index: usize, fault: Fault, current: Option<&Record>) {
    looks.each[index] = Look::Refused(fault, current.cloned().map(Box::new));
}

/// The record that a change is about, as it stands.
pub(super) fn standing(reading: &dyn Writing, change: &Change) -> Result<Option<Record>, HubError> {
    Ok(reading.record(&change.cell.county(), change.id)?.map(|stored| stored.record))
}

pub(super) fn merge_fault(error: &MergeError) -> Fault {
    match error {
        MergeError::OtherKind => Fault::new("", ProblemCode::OtherKind),
        MergeError::Sealed { field } => Fault::new(field, ProblemCode::Sealed),
    }
}

/// Whether a change brings nothing: all of it stands in the record, or lost before and stands in the history.
pub(super) fn nothing_new<R: Reading + ?Sized>(
    reading: &R,
    change: &Change,
    merged: &Merged,
) -> Result<bool, HubError> {
    if !merged.taken.is_empty() {
        return Ok(false);
    }
    Ok(merged.lost.is_empty() || reading.knows_change(&change.cell, change.id, &digest(change))?)
}

/// Names a change by its content: the record, and every field with its stamp and value.
pub(crate) fn digest(change: &Change) -> ChangeDigest {
    let mut first = [0; 16];
    first.copy_from_slice(&Sha256::digest(write_out(change.id, &change.fields, &change.stamps))[..16]);
    ChangeDigest(first)
}

/// What is hashed of a record or a change. Written out first: hashing once is much quicker than hashing every piece.
pub(super) fn write_out(id: RecordId, fields: &Fields, stamps: &Stamps) -> Vec<u8> {
    let mut written = Vec::with_capacity(16 + 64 * fields.len());
    written.extend_from_slice(id.0.as_bytes());
    for (field, value) in fields {
        written.extend_from_slice(field.as_bytes());
        written.push(0);
        written.extend_from_slice(&stamps.of(field).to_bytes());
        write_canonical(value, &mut written);
        written.push(0);
    }
    written
}
