//! One round with a phone: what is unsent goes up, what is new comes down.

use std::collections::BTreeMap;

use domain::conflict::CONFLICT_TOLD_FOR;
use domain::protocol::{CallRefusal, ExchangeAnswer, ExchangeRequest, PROTOCOL, PUSH_CHANGES_MAX, Verdict};
use domain::{Change, Node};

use crate::hub::judge::{Author, Read};
use crate::hub::phones::Phone;
use crate::hub::{Hub, HubError, feed};
use crate::store::{Run, Store};

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
        if request.push.len() > PUSH_CHANGES_MAX || request.cursors.len() > CURSORS_MAX {
            return Err(HubError::refused(CallRefusal::TooLarge));
        }
        let read = Read { epoch: request.epoch, cursors: &request.cursors };
        let verdicts = self.submit_after(phone, request.node, read, &request.push)?;
        let run = Run::of(phone.device, request.node);
        self.store.read(|reading| {
            let epoch = reading.epoch()?;
            let none = BTreeMap::new();
            let cursors = if request.epoch == Some(epoch) { &request.cursors } else { &none };
            let asking = feed::Asking { phone, run, since: self.now().saturating_sub(CONFLICT_TOLD_FOR) };
            let pages = feed::pages(reading, &asking, cursors)?;
            Ok(ExchangeAnswer {
                server_time: self.now(),
                epoch,
                lists_version: self.lists().version,
                verdicts,
                cells: phone.cells.clone(),
                pages: pages.pages,
                more: pages.more,
            })
        })
    }

    /// Takes changes from a phone: one verdict each, in their order. What is accepted is durable when this returns.
    ///
    /// # Errors
    /// [`HubError::Store`]; nothing is then stored.
    pub fn submit(&self, phone: &Phone, node: Node, changes: &[Change]) -> Result<Vec<Verdict>, HubError> {
        self.submit_after(phone, node, Read { epoch: None, cursors: &BTreeMap::new() }, changes)
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
        self.store.write(|writing| self.take(writing, author, changes))
    }
}
