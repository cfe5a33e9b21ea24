//! One round with a phone: what is unsent goes up, what is new comes down.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::Ordering;

use domain::conflict::CONFLICT_TOLD_FOR;
use domain::protocol::{
    CallRefusal, ExchangeAnswer, ExchangeRequest, PAGE_RATIO, PROTOCOL, PUSH_CHANGES_MAX, Verdict, WORDS_ABOUT_MAX,
};
use domain::{Change, Node, RecordId, Scope};

use crate::hub::judge::{Author, Read};
use crate::hub::phones::Phone;
use crate::hub::{Hub, HubError, feed, lost_photos, receipts};
use crate::store::{Reading, Run, Store};

/// More cells than one phone ever holds.
const CURSORS_MAX: usize = 1_000;

impl<S: Store> Hub<S> {
    /// A round, or a part of it. Repeating it does nothing twice.
    ///
    /// # Errors
    /// [`CallRefusal::UnknownProtocol`], [`CallRefusal::TooLarge`]; nothing is then stored.
    pub fn exchange(&self, phone: &Phone, request: &ExchangeRequest) -> Result<ExchangeAnswer, HubError> {
        if request.protocol != PROTOCOL {
            return Err(HubError::refused(CallRefusal::UnknownProtocol));
        }
        let cells_named = request.cursors.len().max(request.doubted.len());
        let asked = request.words_about.len();
        if request.push.len() > PUSH_CHANGES_MAX || cells_named > CURSORS_MAX || asked > WORDS_ABOUT_MAX {
            return Err(HubError::refused(CallRefusal::TooLarge));
        }
        self.hear_of(phone, request.device_time)?;
        let phone = &*self.with_lost_cells(phone, &request.lost_receipts)?;
        let read = Read { epoch: request.epoch, cursors: &request.cursors, proofs: &request.proofs };
        // Before the push, whose commit is then the last of a round: a server that stops in between has taken nothing yet.
        if let Some(health) = &request.health {
            self.note_health(phone.device, health)?;
        }
        let verdicts = self.submit_after(phone, request.node, read, &request.push)?;
        let run = Run::of(phone.device, request.node);
        // Named with every page of the reading, written down with the first.
        let begun = phone.cells.iter().filter(|cell| request.doubted.contains(cell));
        self.note_doubted(phone, &begun.filter(|cell| !request.cursors.contains_key(cell)).collect::<Vec<_>>())?;
        let (mut answer, statement) = self.store.read(|reading| {
            let epoch = reading.epoch()?;
            let none = BTreeMap::new();
            let cursors = if request.epoch == Some(epoch) { &request.cursors } else { &none };
            let server_time = self.now();
            let asking = feed::Asking {
                phone,
                run,
                since: server_time.saturating_sub(CONFLICT_TOLD_FOR),
                doubted: &request.doubted,
                proof_key: &self.proof_key,
                brought: brought(request, &verdicts),
            };
            let own = self.page_bytes.load(Ordering::SeqCst);
            let room = request.room.map_or(own, |asked| asked.saturating_mul(PAGE_RATIO).min(own));
            let pages = feed::pages(reading, &asking, cursors, room)?;
            let statement =
                (!pages.more).then(|| receipts::statement(reading, phone, epoch, server_time)).transpose()?;
            let lists = self.lists_in_force();
            let answer = ExchangeAnswer {
                server_time,
                epoch,
                lists_version: lists.lists.version,
                lists_digest: Some(lists.digest.to_string()),
                verdicts,
                cells: phone.cells.clone(),
                pages: pages.pages,
                more: pages.more,
                receipt: None,
                erased: erased(reading, phone, &request.words_about)?,
                role: Some(phone.actor.role),
                photos_lost: lost_photos::lost_at(reading)?,
            };
            Ok::<_, HubError>((answer, statement))
        })?;
        answer.receipt = statement.map(|statement| self.receipt_key.sign(&statement));
        Ok(answer)
    }

    /// Takes changes from a phone: one verdict each, in their order. What is accepted is durable when this returns.
    ///
    /// # Errors
    /// [`HubError::Store`]; nothing is then stored.
    pub fn submit(&self, phone: &Phone, node: Node, changes: &[Change]) -> Result<Vec<Verdict>, HubError> {
        let read = Read { epoch: None, cursors: &BTreeMap::new(), proofs: &BTreeMap::new() };
        self.submit_after(phone, node, read, changes)
    }

    fn submit_after(
        &self,
        phone: &Phone,
        node: Node,
        read: Read<'_>,
        changes: &[Change],
    ) -> Result<Vec<Verdict>, HubError> {
        if changes.is_empty() {
            return Ok(Vec::new());
        }
        let author = Author::Phone { phone, run: Run::of(phone.device, node), read };
        let judged = self.store.write(|writing| self.take(writing, author, changes))?;
        // What cannot be removed now is tried again whenever anything is erased or tidied.
        if judged.dooms
            && let Err(error) = self.remove_doomed_photos()
        {
            tracing::warn!(%error, "bytes that nobody names could not be removed");
        }
        Ok(judged.verdicts)
    }
}

/// Those of the records that were erased, wherever they were last: a phone that ever held a cell of the county may have words
/// about them.
fn erased(reading: &dyn Reading, phone: &Phone, asked: &[RecordId]) -> Result<Vec<RecordId>, HubError> {
    let counties: BTreeSet<Scope> = phone.holdings.iter().map(|held| held.cell.county()).collect();
    let mut erased = Vec::new();
    for id in asked {
        for county in &counties {
            if reading.erased(county, *id)? {
                erased.push(*id);
                break;
            }
        }
    }
    Ok(erased)
}

/// What was accepted of a request whose phone merges: it needs no echo of that.
fn brought<'r>(request: &'r ExchangeRequest, verdicts: &[Verdict]) -> BTreeMap<RecordId, &'r Change> {
    let accepted = request.push.iter().zip(verdicts).filter(|(_, verdict)| matches!(verdict, Verdict::Accepted));
    accepted.filter(|_| request.merges).map(|(change, _)| (change.id, change)).collect()
}
