//! What a history must not forget: written down beside the programs under test, in another way than theirs.

use std::collections::{BTreeMap, BTreeSet};

use domain::protocol::{ExchangeAnswer, ExchangeRequest, ReceiptStatement, Refusal, STAMP_AHEAD_ACCEPTED, Verdict};
use domain::record::canonical_bytes;
use domain::world::Millis;
use domain::{CellCode, Change, Fields, Kind, ProblemCode, Record, RecordId, Stamp, Stamps};
use serde_json::Value;

use super::case_files::CaseFiles;

/// Why a saved word need not be anywhere any more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Gone {
    /// The same worker saved the field again before anything was sent.
    Overwritten,
    /// Taken back or discarded by the worker.
    TakenBack,
    /// It was on a phone or in a database only that was put back from an older copy.
    WithItsHolder,
}

/// Stands for the phone of what was written at the desk.
const AT_DESK: usize = usize::MAX;

/// Something that somebody saved in one field.
#[derive(Debug, Clone)]
pub(super) struct Saved {
    pub(super) phone: usize,
    pub(super) record: RecordId,
    pub(super) field: String,
    pub(super) value: Value,
    pub(super) gone: Option<Gone>,
    /// The server said that it has it: since then nothing that its writer does takes it out of the record and its history.
    pub(super) taken: bool,
    /// A restored server has lost it: it comes back from the phones as long as nobody has written over it.
    pub(super) on_phones_only: bool,
    /// Its case file was about nobody since: it may be gone. What a file has taken that is about somebody it keeps.
    pub(super) left: bool,
    /// Something of its record was refused since: it may be among refused words only.
    pub(super) refused: bool,
}

/// A review that was given at the desk.
#[derive(Debug, Clone, Copy)]
pub(super) struct Decided {
    /// What it is about.
    pub(super) target: RecordId,
    /// A restored server has lost it: it comes back from the phones.
    pub(super) on_phones_only: bool,
}

/// A field of a record.
pub(super) type Place = (RecordId, String);
/// A value with its stamp, in the order in which the greater wins.
pub(super) type Stamped = (Stamp, Vec<u8>);

/// Everything that must hold at the end.
#[derive(Debug, Default)]
pub(super) struct Ledger {
    pub(super) saved: Vec<Saved>,
    /// Every accepted value of every field, as seen on the wire or written at the desk; the last is the greatest.
    pub(super) accepted: BTreeMap<Place, BTreeMap<Stamped, Value>>,
    /// Append-only records as they were first accepted.
    pub(super) sealed: BTreeMap<RecordId, Fields>,
    /// Every value that somebody typed or that stood in the register before.
    pub(super) typed: BTreeMap<Place, BTreeSet<Vec<u8>>>,
    /// How often every value of every field was typed: only so often may it be stamped.
    pub(super) typings: BTreeMap<(Place, Vec<u8>), usize>,
    /// Stamps that the server refused since they lay in its future: their values are stamped anew, and a late copy of an earlier request
    /// may still bring them as they were.
    pub(super) from_the_future: BTreeSet<(Place, Stamped)>,
    /// Fields of which a restored server has lost what it had accepted: phones only have it.
    pub(super) on_phones_only: BTreeSet<Place>,
    /// Records of which a restored server refused something as a whole: what is about them need not come back.
    pub(super) refused_since: BTreeSet<RecordId>,
    /// Fields that it refused: only they need not come back. Of what is written once, all of a record.
    pub(super) faults_since: BTreeSet<Place>,
    /// When the history began.
    pub(super) began: Millis,
    /// Values that came when they stood already, with a later stamp.
    pub(super) brought_nothing: BTreeSet<(Place, Stamp)>,
    /// Values that were set aside by somebody who had not seen them: everybody has to be told.
    pub(super) set_aside: BTreeSet<(Place, Stamp)>,
    /// What was decided at the desk, as far as anybody still has it.
    pub(super) decided: BTreeMap<RecordId, Decided>,
    /// Tasks, notices and orders to evacuate, and marks, steps and calls that were made at the desk: whoever has no phone but a worker's
    /// brings them back after a restore, and does not hand them in.
    pub(super) tasks: BTreeSet<RecordId>,
    /// Records that the office moved when it merged or split cells.
    pub(super) redrawn: BTreeSet<RecordId>,
    /// Accounts that were made something else.
    pub(super) changed_roles: BTreeSet<String>,
    /// Orders to evacuate and marks that a server has had.
    pub(super) had: BTreeSet<RecordId>,
    /// Visits, photos, reviews, marks, care plans and events of a mediation with what or whom they are about.
    pub(super) about: BTreeMap<RecordId, RecordId>,
    /// Whom the desk erased: it was told so.
    pub(super) erased: BTreeSet<RecordId>,
    /// Case files and what of their words may be gone.
    pub(super) files: CaseFiles,
    /// Words in unfinished forms about somebody.
    pub(super) drafted: Vec<(RecordId, Value)>,
    /// The first law that was broken on a wire.
    pub(super) broken: Option<String>,
    /// What is said on the wire about records with these words is told aloud.
    pub(super) listened_for: Option<String>,
    /// How often what happened.
    pub(super) counts: BTreeMap<String, usize>,
}

/// Whether a phone is refused what it shows to have held: by a receipt from after something of it was written (the cell may have been
/// taken and given once more since an earlier one), or by the proof that the record was moved to it.
fn was_held(request: &ExchangeRequest, change: &Change, refusal: &Refusal) -> bool {
    let receipts = request.lost_receipts.iter().filter_map(|receipt| serde_json::from_str(&receipt.statement).ok());
    let late = |field: &&String| refusal.problems.iter().any(|late| late.field.is_empty() || late.field == **field);
    let written: Vec<Millis> =
        change.fields.keys().filter(late).map(|field| change.stamps.of(field).millis()).collect();
    let held = |statement: ReceiptStatement| {
        statement.cells.contains_key(&change.cell) && written.iter().any(|written| *written <= statement.at)
    };
    match refusal.code {
        ProblemCode::ForeignCell => receipts.into_iter().any(held),
        ProblemCode::ForeignRecord => request.proofs.contains_key(&change.id),
        _ => false,
    }
}

impl Ledger {
    /// Counts something that happened.
    pub(super) fn count(&mut self, what: String) {
        *self.counts.entry(what).or_default() += 1;
    }

    /// Whether the desk never tried to erase anybody.
    pub(super) fn erased_nobody(&self) -> bool {
        let tried = |step: &str| self.counts.contains_key(step);
        self.erased.is_empty() && !tried("step ErasePerson") && !tried("step EraseParty")
    }

    /// A review was given at the desk.
    pub(super) fn decided(&mut self, review: &Record) {
        self.knows(review);
        if let Some(target) = review.reference("target") {
            self.decided.insert(review.id, Decided { target, on_phones_only: false });
        }
    }

    /// Notes what a visit, a photo or a review is about, whom a mark or a plan, and of which file an event of a mediation is.
    pub(super) fn is_about(&mut self, kind: &Kind, id: RecordId, fields: &Fields) {
        let field = match kind {
            Kind::Visit | Kind::Review => "target",
            Kind::Photo => "subject",
            Kind::RollCall | Kind::CarePlan => "person",
            Kind::DisputeEvent => "dispute",
            _ => return,
        };
        let target = fields.get(field).and_then(|value| value.as_str()?.parse().ok());
        self.about.extend(target.map(|target| (id, target)));
    }

    /// The server took these fields from a sealed piece.
    pub(super) fn taken(&mut self, id: RecordId, fields: &Fields, stamps: &Stamps) {
        for (field, value) in fields {
            self.is_taken(&(id, field.clone()), value);
            self.accept((id, field.clone()), stamps.of(field), value);
        }
    }

    /// An append-only record is on the server.
    pub(super) fn seal(&mut self, record: &Record) {
        if record.kind.is_append_only() && record.kind != Kind::Review {
            self.sealed.entry(record.id).or_insert_with(|| record.fields.clone());
        }
    }

    /// A server has this record, or had it.
    pub(super) fn is_had(&mut self, kind: &Kind, id: RecordId) {
        if matches!(kind, Kind::Evacuation | Kind::RollCall) {
            self.had.insert(id);
        }
    }

    /// What another phone handed over never goes up from the one that took it: of marks and orders only a server that has them can have
    /// given it another's.
    pub(super) fn look_at_authors(&mut self, worker: &str, request: &ExchangeRequest) {
        let of_others = |change: &&Change| {
            let by = change.fields.get("by").and_then(Value::as_str);
            matches!(change.kind, Kind::Evacuation | Kind::RollCall) && by.is_some_and(|by| by != worker)
        };
        let handed = request.push.iter().filter(of_others).find(|change| !self.had.contains(&change.id));
        if let Some(change) = handed {
            self.break_law(format!("{worker} sends what another phone handed over: {change:?}."));
        }
    }

    /// Notes the first law that is broken.
    pub(super) fn break_law(&mut self, law: String) {
        self.broken.get_or_insert(law);
    }

    /// A value comes that is not known yet: whichever of it and what stands is set aside is told, unless its writer knew of the other, or
    /// both were written by one run of one program.
    fn sets_aside(&mut self, change: &Change, field: &str, (stamp, bytes): (Stamp, &[u8])) {
        let place = (change.id, field.to_owned());
        let Some(((standing, value), _)) = self.accepted.get(&place).and_then(BTreeMap::last_key_value) else { return };
        let seen = stamp > *standing && change.base.get(field) == Some(standing);
        // The county's database was put back once, just before the history: what is stamped earlier and says nothing of what it replaces
        // may have been there.
        let offered_again = !change.base.contains_key(field) && stamp.millis() <= self.began;
        // Whoever wrote over the same value knew it, however it was stamped.
        let repeated = self.brought_nothing.contains(&(place.clone(), stamp));
        if !seen && !offered_again && !repeated && value != bytes && stamp.node() != standing.node() {
            self.set_aside.insert((place, stamp.min(*standing)));
        }
    }

    /// Everything in a record may stand in it.
    pub(super) fn knows(&mut self, record: &Record) {
        for (field, value) in &record.fields {
            self.typed.entry((record.id, field.clone())).or_default().insert(canonical_bytes(value));
        }
    }

    /// Somebody typed this, whether or not it was kept.
    pub(super) fn typed(&mut self, record: RecordId, fields: &Fields) {
        for (field, value) in fields {
            let bytes = canonical_bytes(value);
            let place = (record, field.clone());
            // What stood in the register before was typed once.
            let before = usize::from(self.typed.get(&place).is_some_and(|typed| typed.contains(&bytes)));
            *self.typings.entry((place.clone(), bytes.clone())).or_insert(before) += 1;
            self.typed.entry(place).or_default().insert(bytes);
        }
    }

    /// What is unsent of a record is on a copy of the phone too: each of its values may get one stamp more.
    pub(super) fn copied(&mut self, record: RecordId, fields: &Fields) {
        for (field, value) in fields {
            let of = ((record, field.clone()), canonical_bytes(value));
            *self.typings.entry(of).or_insert(1) += 1;
        }
    }

    /// A worker saved these fields: the phone said so.
    pub(super) fn saved(&mut self, phone: usize, record: RecordId, fields: &Fields) {
        for (field, value) in fields {
            self.overwritten(phone, record, field);
            let (field, value) = (field.clone(), value.clone());
            // What was typed while a round ran may have gone up with its end already. What was typed before says nothing of what is typed
            // again.
            let bytes = canonical_bytes(&value);
            let known = self.accepted.get(&(record, field.clone()));
            let again = |saved: &Saved| saved.record == record && saved.field == field && saved.value == value;
            let taken = known.is_some_and(|known| known.keys().any(|(_, known)| *known == bytes))
                && !self.saved.iter().any(again);
            let left = self.is_of_nobody(record, &field);
            let (gone, on_phones_only, refused) = (None, false, false);
            self.saved.push(Saved { phone, record, field, value, gone, taken, on_phones_only, left, refused });
        }
    }

    /// What the same phone saved in that field before may be gone, unless the server has taken it.
    pub(super) fn overwritten(&mut self, phone: usize, record: RecordId, field: &str) {
        let same = |saved: &&mut Saved| saved.phone == phone && saved.record == record && saved.field == field;
        for earlier in self.saved.iter_mut().filter(same).filter(|saved| !saved.taken) {
            earlier.gone.get_or_insert(Gone::Overwritten);
        }
    }

    /// What a worker saved in a record, was refused since, and is what the record shows.
    fn refused_and_shown<'l>(&'l mut self, phone: usize, shown: &'l Record) -> impl Iterator<Item = &'l mut Saved> {
        let same = move |saved: &&mut Saved| saved.phone == phone && saved.record == shown.id;
        let own = self.saved.iter_mut().filter(same).filter(|saved| saved.refused && !saved.taken);
        own.filter(|saved| shown.fields.get(&saved.field) == Some(&saved.value))
    }

    /// Whether a worker's refused words say what the record shows.
    pub(super) fn shows_what_was_refused(&mut self, phone: usize, shown: &Record) -> bool {
        self.refused_and_shown(phone, shown).next().is_some()
    }

    /// With whatever is written in a record its refused words that say what it says have done their service. Where nothing of a field waits
    /// to be sent, that was somebody else's word, and others may write over it.
    pub(super) fn settled(&mut self, phone: usize, shown: &Record, unsent: &[String]) {
        for saved in self.refused_and_shown(phone, shown).filter(|saved| !unsent.contains(&saved.field)) {
            saved.gone.get_or_insert(Gone::Overwritten);
        }
    }

    /// A worker gave up, on this phone, these words of a record.
    pub(super) fn taken_back(&mut self, phone: usize, record: RecordId, which: impl Fn(&str, &Value) -> bool) {
        let own =
            |saved: &&mut Saved| saved.phone == phone && saved.record == record && which(&saved.field, &saved.value);
        self.saved.iter_mut().filter(own).for_each(|saved| saved.gone = Some(Gone::TakenBack));
    }

    /// The server has a word, whoever brought it: also one that its writer has written over since, when a late request brings it.
    fn is_taken(&mut self, (id, field): &Place, value: &Value) {
        let of_nobody = self.is_of_nobody(*id, field);
        let same = |saved: &&mut Saved| saved.record == *id && saved.field == *field && saved.value == *value;
        for saved in self.saved.iter_mut().filter(same) {
            saved.taken = true;
            saved.on_phones_only = false;
            saved.left &= of_nobody;
            saved.gone.take_if(|gone| *gone == Gone::Overwritten);
        }
    }

    /// Somebody at the desk wrote this, and it stands in the record.
    pub(super) fn written_at_desk(&mut self, record: &Record, fields: &Fields) {
        self.is_had(&record.kind, record.id);
        self.typed(record.id, fields);
        self.saved(AT_DESK, record.id, fields);
        for (field, value) in fields {
            self.is_taken(&(record.id, field.clone()), value);
            self.accept((record.id, field.clone()), record.stamps.of(field), value);
        }
    }

    fn accept(&mut self, place: Place, stamp: Stamp, value: &Value) {
        self.note_emptied(&place, stamp);
        self.accepted.entry(place).or_default().insert((stamp, canonical_bytes(value)), value.clone());
    }

    /// The hub answered a request, whether or not the answer arrives.
    pub(super) fn exchanged(
        &mut self,
        worker: &str,
        (request, answer): (&ExchangeRequest, &ExchangeAnswer),
        held: Option<&[CellCode]>,
        now: Millis,
        heard: bool,
    ) {
        if let Some(held) = held {
            self.look_at_scope(request, answer, held);
        }
        // The answer to whoever brought it may have been lost with the server's power.
        answer.pages.iter().flat_map(|page| &page.records).for_each(|record| self.is_had(&record.kind, record.id));
        for (change, verdict) in request.push.iter().zip(&answer.verdicts) {
            match verdict {
                Verdict::Refused(refusal) => {
                    self.count(format!("refused {:?}", refusal.code));
                    self.look_at_refusal(change, refusal);
                    self.is_refused(change.id);
                    if refusal.code == ProblemCode::StampFuture {
                        let stamped = |(field, value): (&String, &Value)| {
                            ((change.id, field.clone()), (change.stamps.of(field), canonical_bytes(value)))
                        };
                        self.from_the_future.extend(change.fields.iter().map(stamped));
                    }
                    // Whoever brings it: a database that was put back may have lost it, and its author's phone too.
                    if refusal.code == ProblemCode::OtherAuthor && self.sealed.get(&change.id) == Some(&change.fields) {
                        self.break_law(format!("{} {} was taken once and is refused now.", change.kind, change.id));
                    }
                    // What another database refused at first is offered once more, whole.
                    let asked_this_one = request.epoch.is_none_or(|epoch| epoch == answer.epoch);
                    if !self.on_phones_only.is_empty() && asked_this_one {
                        self.written_over_in_vain(change, refusal);
                        if !was_held(request, change, refusal) || self.was_moved_on(change) {
                            self.refused_after_a_restore(worker, change, refusal);
                        }
                    }
                }
                Verdict::Accepted => self.take_note(change, now),
            }
        }
        self.count(if heard { "exchange".into() } else { "exchange unheard".into() });
    }

    /// Whether a record was moved on after the move that a change brings back: whatever proves that one counts no more.
    fn was_moved_on(&self, change: &Change) -> bool {
        let moves = self.accepted.get(&(change.id, "cell".to_owned()));
        let last = moves.and_then(BTreeMap::last_key_value).map(|((stamp, _), _)| *stamp);
        last.is_some_and(|last| change.fields.contains_key("cell") && last > change.stamps.of("cell"))
    }

    /// What of a record no server has taken may be among refused words from now on: with the whole record other words of it are.
    fn is_refused(&mut self, id: RecordId) {
        let untaken = |saved: &&mut Saved| saved.record == id && !saved.taken;
        self.saved.iter_mut().filter(untaken).for_each(|saved| saved.refused = true);
    }

    /// Where a record lies, or that it names what is not there, is a matter of all that was offered of it; anything else of the fields at
    /// fault. That a phone may not write it is no excuse: it has a proof; unless its account may have been another thing when it came, and
    /// might write it then.
    fn refused_after_a_restore(&mut self, worker: &str, change: &Change, refusal: &Refusal) {
        let not_allowed =
            refusal.code == ProblemCode::NotAllowed && refusal.problems.iter().all(|problem| problem.field.is_empty());
        if not_allowed && !self.changed_roles.contains(worker) {
            return;
        }
        let fields = refusal.problems.iter().map(|problem| problem.field.clone());
        // Where a part was written in time, the fields that were not are named, though nothing else may be told.
        let of_place = matches!(refusal.code, ProblemCode::ForeignCell | ProblemCode::ForeignRecord);
        let untold = refusal.current.is_none() && !of_place;
        let whole = untold || fields.clone().any(|field| field.is_empty() || field == "cell");
        if whole {
            self.refused_whole(change);
        } else {
            self.faults_since.extend(fields.map(|field| (change.id, field)));
        }
    }

    /// All that was offered of a record was refused.
    pub(super) fn refused_whole(&mut self, change: &Change) {
        self.refused_since.insert(change.id);
        self.faults_since.extend(change.fields.keys().map(|field| (change.id, field.clone())));
    }

    /// Words are refused, and the rest of their record comes back. What they were written over on the only phone that had it does not:
    /// its worker has replaced it, and the refused words are what the worker is left with.
    fn written_over_in_vain(&mut self, change: &Change, refusal: &Refusal) {
        let of_place = matches!(refusal.code, ProblemCode::ForeignCell | ProblemCode::ForeignRecord);
        let parted = of_place && refusal.problems.iter().all(|problem| !problem.field.is_empty());
        let late = |field: &&String| !parted || refusal.problems.iter().any(|late| late.field == **field);
        self.faults_since.extend(change.base.keys().filter(late).map(|field| (change.id, field.clone())));
    }

    /// No phone ever receives anything of a cell that it does not hold, in pages, refusals or receipts, nor anything in a page about what
    /// the page does not bring, nor hears of whom it did not ask about.
    fn look_at_scope(&mut self, request: &ExchangeRequest, answer: &ExchangeAnswer, held: &[CellCode]) {
        for page in &answer.pages {
            let brought: BTreeSet<RecordId> = page.records.iter().map(|record| record.id).collect();
            let about = page.conflicts.iter().map(|conflict| conflict.record);
            let about = about.chain(page.proofs.keys().copied()).chain(page.moves.keys().copied());
            if let Some(other) = about.into_iter().find(|id| !brought.contains(id)) {
                self.break_law(format!("A page of {} tells of {other}, which it does not bring.", page.cell));
            }
        }
        if let Some(other) = answer.erased.iter().find(|id| !request.words_about.contains(id)) {
            self.break_law(format!("A phone was told that {other} was erased, and had not asked."));
        }
        let statement = answer.receipt.as_ref().and_then(|receipt| serde_json::from_str(&receipt.statement).ok());
        let signed = statement.map(|statement: ReceiptStatement| statement.cells.into_keys().collect::<Vec<_>>());
        if let Some(foreign) = signed.iter().flatten().find(|cell| !held.contains(cell)) {
            self.break_law(format!("A phone that holds {held:?} was given a receipt for {foreign}."));
        }
        let records = answer.pages.iter().flat_map(|page| &page.records);
        let refused = answer.verdicts.iter().filter_map(|verdict| match verdict {
            Verdict::Refused(refusal) => refusal.current.as_ref(),
            Verdict::Accepted => None,
        });
        let cells = records.chain(refused).map(|record| &record.cell).chain(answer.pages.iter().map(|page| &page.cell));
        if let Some(foreign) = cells.chain(&answer.cells).find(|cell| !held.contains(cell)) {
            self.break_law(format!("A phone that holds {held:?} was sent something of {foreign}."));
        }
    }

    fn take_note(&mut self, change: &Change, now: Millis) {
        self.count(format!("accepted {}", change.kind));
        self.is_had(&change.kind, change.id);
        self.is_about(&change.kind, change.id, &change.fields);
        for (field, value) in &change.fields {
            let stamp = change.stamps.of(field);
            if change.base.get(field).is_some_and(|base| *base >= stamp) {
                self.break_law(format!("{field} was taken with a stamp before the one it replaces: {change:?}."));
            }
            let place = (change.id, field.clone());
            let bytes = canonical_bytes(value);
            self.is_taken(&place, value);
            if self.brings_nothing(&place, (stamp, &bytes)) {
                self.brought_nothing.insert((place, stamp));
                continue;
            }
            let known = self.accepted.get(&place).is_some_and(|known| known.contains_key(&(stamp, bytes.clone())));
            // A number is the server's own word, stamped when its clock was ahead perhaps: a phone only brings it back.
            if !known && field != "number" && stamp.millis() > now + STAMP_AHEAD_ACCEPTED {
                self.break_law(format!("{field} of {} was taken with a stamp from the future.", change.id));
            }
            if !known && !self.may_be_new(&place, (stamp, &bytes)) {
                let known: Vec<&Stamped> = self.accepted.get(&place).into_iter().flat_map(BTreeMap::keys).collect();
                let law = format!(
                    "{field} of {}: an old value, {value}, was stamped anew: {stamp:?} after {known:?}.",
                    change.id
                );
                self.break_law(law);
            }
            if !known {
                self.sets_aside(change, field, (stamp, &canonical_bytes(value)));
            }
            self.accept(place, stamp, value);
        }
        if change.kind.is_append_only() && change.kind != Kind::Review {
            self.sealed.entry(change.id).or_insert_with(|| change.fields.clone());
        }
    }

    /// Whether the very value stands with a later stamp: then the server says "accepted" since it has it, and takes nothing, whatever the
    /// stamp is. That is how the second of two copies of a phone hears that the first has brought what both had to send.
    fn brings_nothing(&self, place: &Place, (stamp, bytes): (Stamp, &[u8])) -> bool {
        let standing = self.accepted.get(place).and_then(BTreeMap::last_key_value);
        let stands = standing.is_some_and(|((later, value), _)| *later > stamp && value == bytes);
        stands && !self.on_phones_only.contains(place)
    }

    /// A value is stamped as often as it was typed, and no oftener. What nobody typed here has the stamp it always had. Stamps that
    /// are set back go back: that one loses against the same value's own earlier copy. And one that was refused as from the future may
    /// still be taken: a late copy of the request finds the server's clock further on. No phone can know that, and no word is lost by it:
    /// whatever it overtakes was written unseen, stays in the history and is told. Of several lists of parties an erasure may leave the same,
    /// on phones and on the server, under the stamp of each.
    fn may_be_new(&self, place: &Place, (stamp, bytes): (Stamp, &[u8])) -> bool {
        if place.1 == "parties" && !self.erased_nobody() {
            return true;
        }
        let Some(typings) = self.typings.get(&(place.clone(), bytes.to_vec())) else { return true };
        let refused = |stamp: Stamp| self.from_the_future.contains(&(place.clone(), (stamp, bytes.to_vec())));
        if refused(stamp) {
            return true;
        }
        let stamps: Vec<Stamp> = (self.accepted.get(place).into_iter().flat_map(BTreeMap::keys))
            .filter(|known| known.1 == bytes && !refused(known.0))
            .map(|known| known.0)
            .collect();
        stamps.len() < *typings || stamps.iter().any(|known| known.node() == stamp.node() && *known > stamp)
    }

    /// Every accepted field with the value that must stand in the end.
    pub(super) fn winners(&self) -> impl Iterator<Item = (&Place, &Stamped, &Value)> {
        self.accepted.iter().filter_map(|(place, known)| known.last_key_value().map(|(key, value)| (place, key, value)))
    }
}
