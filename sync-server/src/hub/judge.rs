//! May this change be taken? Asked of every change by itself: a refused one never stands in the way of another.

use std::borrow::Cow;
use std::collections::BTreeMap;

use domain::incident::{is_own_errand, may_ever};
use domain::kinds::incident::Incident;
use domain::lines::in_one_line;
use domain::protocol::{CHANGE_FIELDS_MAX, Proof, Refusal, STAMP_AHEAD_ACCEPTED};
use domain::record::is_field_name;
use domain::scope::{Action, Actor, Duty, Role, allowed, has_duty, visible_field};
use domain::spec::{FieldType, field, named_kind};
use domain::validate::{Setting, problems, problems_of_its_day};
use domain::world::Millis;
use domain::{
    AccountId, CellCode, Change, DeviceId, Epoch, Fields, Kind, Problem, ProblemCode, Record, RecordId, Scope, Stamp,
};
use serde_json::Value;

use crate::hub::phones::{Phone, is_taken_late};
use crate::hub::proofs::{ProofKey, may_phone_write};
use crate::store::Run;

/// The field of an incident that the server alone writes.
pub(super) const NUMBER: &str = "number";

/// The field by which a record is moved.
pub(super) const CELL: &str = "cell";

/// The machine on which a backup is put back may have a clock that is behind the one that the lost database went by, and that one took
/// stamps a little ahead of it: what it had may be stamped so much later than the restore (one hour, in milliseconds).
pub(super) const CLOCK_BEHIND_MAX: Millis = 60 * 60 * 1000;

/// Whoever hands in changes.
#[derive(Debug, Clone, Copy)]
pub(super) enum Author<'a> {
    /// A phone, in a run of its program, and what it knew when it sent this.
    Phone { phone: &'a Phone, run: Run, read: Read<'a> },
    /// Somebody at the desk.
    /// With how far the record's cell had come when its page was read; none: no page that tells of conflicts was read before.
    Desk(&'a Actor, Option<u64>),
    /// Somebody of the county's office in the course of a duty, which may write kinds that the role may not write one by one.
    Office(&'a Actor, Duty),
}

/// How far a phone has read the feeds of which database, and by what the server recognises words of its own that the phone brings back.
#[derive(Debug, Clone, Copy)]
pub(super) struct Read<'a> {
    pub(super) epoch: Option<Epoch>,
    pub(super) cursors: &'a BTreeMap<CellCode, u64>,
    pub(super) proofs: &'a BTreeMap<RecordId, Proof>,
}

impl Author<'_> {
    pub(super) fn actor(&self) -> &Actor {
        match self {
            Author::Phone { phone, .. } => &phone.actor,
            Author::Desk(actor, _) | Author::Office(actor, _) => actor,
        }
    }

    pub(super) fn device(&self) -> Option<DeviceId> {
        match self {
            Author::Phone { phone, .. } => Some(phone.device),
            Author::Desk(..) | Author::Office(..) => None,
        }
    }

    pub(super) fn run(&self) -> Run {
        match self {
            Author::Phone { run, .. } => *run,
            Author::Desk(..) | Author::Office(..) => Run::SERVER,
        }
    }

    /// What the author was for when this was written.
    pub(super) fn role_when(&self, written: Stamp, now: Millis) -> Role {
        match self {
            Author::Phone { phone, .. } => phone.role_when(written, now),
            Author::Desk(actor, _) | Author::Office(actor, _) => actor.role,
        }
    }

    /// Whether the author may write this kind at all, or might when this was written.
    fn may_write(&self, kind: &Kind, written: Stamp, now: Millis) -> bool {
        match self {
            Author::Phone { phone, .. } => {
                [phone.actor.role, phone.role_when(written, now)].iter().any(|role| may_phone_write(*role, kind))
            }
            Author::Desk(actor, _) => allowed(actor.role, Action::Write, kind),
            Author::Office(actor, duty) => has_duty(actor.role, *duty) && duty.writes(kind),
        }
    }

    /// Whether the author was told what stands at `n` in a cell's feed.
    pub(super) fn was_told(&self, epoch: Epoch, cell: &CellCode, n: u64) -> bool {
        match self {
            Author::Phone { read, .. } => {
                read.epoch == Some(epoch) && read.cursors.get(cell).is_some_and(|cursor| *cursor >= n)
            }
            Author::Desk(_, reached) => reached.is_some_and(|reached| reached >= n),
            Author::Office(..) => true,
        }
    }

    pub(super) fn is_phone(&self) -> bool {
        matches!(self, Author::Phone { .. })
    }

    /// Whether the cell was the author's in a database that was lost.
    fn held_before(&self, cell: &CellCode) -> bool {
        matches!(self, Author::Phone { phone, .. } if phone.lost.contains(cell))
    }

    /// Whether the cell was the author's when this was written.
    fn reaches(&self, cell: &CellCode, written: Stamp, now: Millis) -> bool {
        match self {
            Author::Phone { phone, .. } => phone.held(cell, written, now),
            Author::Desk(actor, _) | Author::Office(actor, _) => actor.covers(cell),
        }
    }
}

/// What is wrong with a change: the first and most telling problem, and all of them.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Fault {
    pub(super) code: ProblemCode,
    pub(super) problems: Vec<Problem>,
}

impl Fault {
    pub(super) fn new(field: &str, code: ProblemCode) -> Self {
        Self { code, problems: vec![Problem::new(field, code)] }
    }
}

/// What the judgement depends on besides change and record.
pub(super) struct Bench<'a> {
    pub(super) author: Author<'a>,
    pub(super) setting: Setting<'a>,
    /// Until when a restored server may have lost what was stamped: phones hand in again what others wrote then.
    pub(super) lost_until: Option<Millis>,
    pub(super) proof_key: &'a ProofKey,
}

impl Bench<'_> {
    /// Place and role: what may be known of the record at all. Nothing is revealed of a cell that is not the author's. `left`: since when
    /// the record is away from the cell that the change names, where it once lay. Where a part of the change was written in time, the
    /// fault names the fields that were not: the rest is taken when it comes without them.
    pub(super) fn place_fault(&self, change: &Change, current: Option<&Record>, left: Option<Millis>) -> Option<Fault> {
        let whole = self.place_fault_at(change.latest(), change, current, left)?;
        if change.kind.is_append_only() || change.fields.contains_key(CELL) {
            return Some(whole);
        }
        let late = |field: &&String| self.place_fault_at(change.stamps.of(field), change, current, left).is_some();
        let late: Vec<&String> = change.fields.keys().filter(late).collect();
        if late.len() == change.fields.len() {
            return Some(whole);
        }
        let problems = late.into_iter().map(|field| Problem::new(field, whole.code)).collect();
        Some(Fault { problems, ..whole })
    }

    /// The same for what of a change was written at one moment.
    fn place_fault_at(
        &self,
        written: Stamp,
        change: &Change,
        current: Option<&Record>,
        left: Option<Millis>,
    ) -> Option<Fault> {
        let now = self.setting.now;
        if !self.author.reaches(&change.cell, written, now) {
            return Some(Fault::new("", ProblemCode::ForeignCell));
        }
        let in_reach = |record: &Record| {
            self.author.reaches(&record.cell, written, now)
                || (self.is_of_before(left, written) && !moves_on(change, record))
                || self.is_moved_again(change, record)
        };
        if current.is_some_and(|record| !in_reach(record)) {
            return Some(Fault::new("", ProblemCode::ForeignRecord));
        }
        if current.is_some_and(|record| record.kind != change.kind) {
            return Some(Fault::new("", ProblemCode::OtherKind));
        }
        None
    }

    /// Whether a phone wrote this before the record left: it is taken as what was written before a handover is.
    fn is_of_before(&self, left: Option<Millis>, written: Stamp) -> bool {
        let in_time = |left: Millis| is_taken_late(left, written, self.setting.now);
        self.author.is_phone() && left.is_some_and(in_time)
    }

    /// Whether a phone may go on writing about a record under the cell where it lay: it wrote before the record left, or the record is
    /// within its reach as well where it lies now, and it has not heard of the move.
    pub(super) fn is_still_theirs(&self, moved: &Record, left: Option<Millis>, written: Stamp) -> bool {
        self.is_of_before(left, written) || self.author.reaches(&moved.cell, written, self.setting.now)
    }

    /// Whether a record may have been moved before the server was restored: from where, the database need not know.
    pub(super) fn is_lost_move(&self, moved: &Record) -> bool {
        moved.fields.contains_key(CELL) && self.was_lost(moved.stamps.of(CELL), Some(moved))
    }

    /// Whether a phone brings back a move that a restored server lost: by the proof, and unless the record was moved on since.
    fn is_moved_again(&self, change: &Change, current: &Record) -> bool {
        let Author::Phone { read, .. } = self.author else { return false };
        let stamp = change.stamps.of(CELL);
        let later = !current.fields.contains_key(CELL) || current.stamps.of(CELL) < stamp;
        let here = change.fields.get(CELL).and_then(Value::as_str) == Some(change.cell.as_str());
        let proof = read.proofs.get(&change.id).filter(|_| later && here && self.was_lost(stamp, Some(current)));
        let proves = |proof| self.proof_key.is_proven_move(change, proof) || self.proof_key.is_proven(change, proof);
        proof.is_some_and(proves)
    }

    /// Whether the author may know the present values of these fields: only then may an answer depend on them.
    pub(super) fn may_know(&self, change: &Change, current: &Record) -> bool {
        let actor = self.author.actor();
        let visible = |field: &String| visible_field(actor.role, &current.kind, field);
        actor.may_read(current) && change.fields.keys().all(visible)
    }

    /// Everything else that can be said of one change by itself.
    pub(super) fn fault(&self, change: &Change, current: Option<&Record>) -> Option<Fault> {
        let of_its_day = self.of_its_day(change, current);
        // What may have been lost was taken by the lists of its day, and beside what stood then.
        let judge = if self.was_lost(change.latest(), current) { problems_of_its_day } else { problems };
        let found = judge(&of_its_day, current, self.setting);
        if let Some(unknown) = found.iter().find(|problem| problem.code == ProblemCode::UnknownKind) {
            return Some(Fault::new("", unknown.code));
        }
        // What a clock that is ahead has dated lies in the future: a phone is told of its stamps, and sets both right.
        self.right_fault(change, current)
            .or_else(|| self.stamp_fault(change))
            .or_else(|| found.first().map(|first| Fault { code: first.code, problems: found.clone() }))
            .or_else(|| self.move_fault(change, current))
            .or_else(|| self.author_fault(change, current))
    }

    /// Kinds and fields that this author may not write.
    fn right_fault(&self, change: &Change, current: Option<&Record>) -> Option<Fault> {
        let not_allowed = |field: &str| Some(Fault::new(field, ProblemCode::NotAllowed));
        let may_write = self.author.may_write(&change.kind, change.latest(), self.setting.now);
        if !may_write && !self.is_brought_back(change, current) {
            return not_allowed("");
        }
        let numbered = change.kind == Kind::Incident && change.fields.contains_key(NUMBER);
        if numbered && !self.was_given(change, current) && change.fields.get(NUMBER) != standing(current, NUMBER) {
            return not_allowed(NUMBER);
        }
        None
    }

    /// Whether a phone brings back what this server sent it before it was restored.
    fn is_brought_back(&self, change: &Change, current: Option<&Record>) -> bool {
        let Author::Phone { read, .. } = self.author else { return false };
        let proof = read.proofs.get(&change.id).filter(|_| self.was_lost(change.latest(), current));
        proof.is_some_and(|proof| self.proof_key.is_proven(change, proof))
    }

    /// Whether the server may have given the incident its number before it was restored. A new one must have such a number at least.
    fn was_given(&self, change: &Change, current: Option<&Record>) -> bool {
        let number = change.fields.get(NUMBER).and_then(Value::as_str);
        let is_one = || number.is_some_and(|number| parts_of_number(&change.cell.county(), number).is_some());
        self.was_lost(change.stamps.of(NUMBER), current) && (current.is_some() || is_one())
    }

    /// Stamps that no clock of today issues, and names that are none.
    fn stamp_fault(&self, change: &Change) -> Option<Fault> {
        // At the desk the server itself stamps, after whatever stands: if its clock was set back, that is ahead of what it says now.
        let bound = self.setting.now.saturating_add(STAMP_AHEAD_ACCEPTED);
        if self.author.is_phone() && change.latest().millis() > bound {
            return Some(Fault::new("", ProblemCode::StampFuture));
        }
        let names = change.base.keys().chain(change.stamps.except.keys());
        let too_many = change.base.len() > CHANGE_FIELDS_MAX || change.stamps.except.len() > CHANGE_FIELDS_MAX;
        if too_many || !names.into_iter().all(|name| is_field_name(name)) {
            return Some(Fault::new("", ProblemCode::FieldName));
        }
        None
    }

    /// A record can be moved only to where its author reached when it was moved, within its county.
    fn move_fault(&self, change: &Change, current: Option<&Record>) -> Option<Fault> {
        let target = CellCode::new(change.fields.get(CELL)?.as_str()?).ok()?;
        if target.county() != change.cell.county() {
            return Some(Fault::new(CELL, ProblemCode::ForeignCell));
        }
        let moved = change.stamps.of(CELL);
        // Of a cell that only a receipt of a lost database tells of: what may have been there before the restore.
        let reached = match self.author.held_before(&target) {
            true => self.was_lost(moved, current),
            false => self.author.reaches(&target, moved, self.setting.now),
        };
        if reached { None } else { Some(Fault::new(CELL, ProblemCode::ForeignCell)) }
    }

    /// `by` is whoever is signed in, or who it was before.
    fn author_fault(&self, change: &Change, current: Option<&Record>) -> Option<Fault> {
        field(&change.kind, "by").filter(|spec| spec.of == FieldType::Account)?;
        let by = change.fields.get("by")?;
        let own = by.as_str() == Some(self.author.actor().account.as_str());
        let unchanged = standing(current, "by") == Some(by);
        if own || unchanged || self.was_lost(change.stamps.of("by"), current) {
            None
        } else {
            Some(Fault::new("by", ProblemCode::OtherAuthor))
        }
    }

    /// Whether a value was written before the server was restored, so that it may have had it. Phones then bring back each other's
    /// work, with what they wrote in it since. When it was written says nothing: what was written offline before the backup may have
    /// come after it. A record that is not here may have been taken under a clock that was ahead of this one.
    fn was_lost(&self, written: Stamp, current: Option<&Record>) -> bool {
        let behind = if current.is_none() { CLOCK_BEHIND_MAX } else { 0 };
        self.lost_until.is_some_and(|until| written.millis() <= until.saturating_add(behind))
    }

    /// A change as it would be written today: what may have been lost was taken by the rules of its day, and before fields of one line
    /// were told from others some were stored with several.
    fn of_its_day<'c>(&self, change: &'c Change, current: Option<&Record>) -> Cow<'c, Change> {
        let was_lost = |(field, _): &(&String, _)| self.was_lost(change.stamps.of(field), current);
        let lost: Fields =
            change.fields.iter().filter(was_lost).map(|(field, value)| (field.clone(), value.clone())).collect();
        if lost.is_empty() {
            return Cow::Borrowed(change);
        }
        let mut fields = change.fields.clone();
        fields.extend(in_one_line(&change.kind, lost));
        Cow::Owned(Change { fields, ..change.clone() })
    }

    /// The refusal as the author may see it.
    pub(super) fn refusal(&self, fault: Fault, current: Option<&Record>) -> Refusal {
        let actor = self.author.actor();
        let readable = current.filter(|record| actor.may_read(record));
        let current = readable.map(|record| cut(record.clone(), actor));
        Refusal { code: fault.code, problems: fault.problems, current }
    }
}

/// Whether a change moves a record from where it lies now. Whoever has no say there cannot fetch it back by a late move.
fn moves_on(change: &Change, current: &Record) -> bool {
    change.fields.contains_key(CELL) && change.stamps.of(CELL) > current.stamps.of(CELL)
}

fn standing<'r>(current: Option<&'r Record>, field: &str) -> Option<&'r Value> {
    current.and_then(|record| record.fields.get(field))
}

/// The day and the place in that day's sequence that an incident's number says, if it is one of this county.
pub(super) fn parts_of_number<'n>(of: &Scope, number: &'n str) -> Option<(&'n str, u64)> {
    let parts: Vec<&str> = number.split('-').collect();
    let [county, day, taken] = parts.as_slice() else { return None };
    let taken = taken.parse().ok().filter(|taken| (1..=999_999).contains(taken))?;
    (*county == of.as_str()).then_some((*day, taken))
}

/// Whether a role may take this step of an incident at all, by the table of the loop.
pub(super) fn step_fault(step: &Record, incident: &Record, role: Role) -> Option<Fault> {
    let own_errand = is_own_errand(&Incident::from(incident), step.text("by"));
    let allowed = may_ever(role, own_errand, step.text("action").unwrap_or_default());
    if allowed { None } else { Some(Fault::new("action", ProblemCode::NotAllowed)) }
}

/// A record with the fields that the actor's role may see.
pub(super) fn cut(mut record: Record, actor: &Actor) -> Record {
    let Record { kind, fields, stamps, .. } = &mut record;
    let all = fields.len();
    fields.retain(|field, _| visible_field(actor.role, kind, field));
    if fields.len() < all {
        *stamps = stamps.only(fields);
    }
    record
}

/// The records that a change names, with the kind each must have.
pub(super) fn references(change: &Change, current: Option<&Record>) -> Vec<(String, RecordId, Option<Kind>)> {
    let mut found = Vec::new();
    for (name, value) in &change.fields {
        if standing(current, name) == Some(value) {
            continue;
        }
        let Some(spec) = field(&change.kind, name) else { continue };
        let expected = expected_kind(name, change, current);
        let texts: Vec<&str> = match spec.of {
            FieldType::Ref => value.as_str().into_iter().collect(),
            FieldType::Refs { .. } => value.as_array().into_iter().flatten().filter_map(Value::as_str).collect(),
            _ => continue,
        };
        let ids = texts.into_iter().filter_map(|text| text.parse().ok());
        found.extend(ids.map(|id| (name.clone(), id, expected.clone())));
    }
    found
}

fn expected_kind(field: &str, change: &Change, current: Option<&Record>) -> Option<Kind> {
    let told = |name: &str| {
        let value = change.fields.get(name).or_else(|| standing(current, name));
        value.and_then(Value::as_str).map(Kind::from_name)
    };
    match field {
        "target" => told("target_kind"),
        "subject" => told("subject_kind"),
        _ => named_kind(&change.kind, field),
    }
}

/// Accounts named by a change that was lost and is handed in again must exist.
pub(super) fn named_author(change: &Change) -> Option<AccountId> {
    change.fields.get("by").and_then(Value::as_str).and_then(|text| AccountId::new(text).ok())
}
