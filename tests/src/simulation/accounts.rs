//! Accounts that the office closes and opens again, and cells that it hands from some to others, one by one: while the phones know nothing of
//! it, and have words that they have not sent. A closed account's phones are shut out: they hand in what they have, and nobody answers them
//! anything else.

use std::collections::BTreeSet;

use domain::protocol::CallRefusal;
use domain::{AccountId, CellCode};
use sync_server::hub::HubError;

use super::borders::{held_now, with_merged};
use super::history::{History, SHUT_OUT};
use super::orders::administrator;
use super::wire::take;
use crate::trouble::{Doing, Outcome, trouble};

/// An account as the server has it.
#[derive(Debug, PartialEq, Eq)]
struct Standing {
    is_closed: bool,
    cells: Vec<CellCode>,
    /// Its phones that are not shut out.
    phones: usize,
}

fn name_of(worker: &str) -> Outcome<AccountId> {
    AccountId::new(worker).doing("naming a worker")
}

impl History {
    /// The office closes somebody's account: for good, or until it is opened again.
    pub(super) fn close_account(&mut self, who: usize) -> Outcome {
        self.mend()?;
        let worker = self.phones[who].worker.clone();
        if self.county.is_closed(&worker) {
            return Ok(());
        }
        let for_good = self.office.percent(30);
        self.say(|| format!("the account of {worker} is closed, for good: {for_good}"));
        let closed = self.county.hub()?.close_account(&administrator()?, &name_of(&worker)?);
        let unheard = self.desk_heard_nothing(closed.is_err())?;
        let now = self.standing_of(&worker)?;
        if unheard && !now.is_closed {
            return Ok(());
        }
        if !unheard {
            closed.doing("closing an account")?;
        }
        if now != (Standing { is_closed: true, cells: Vec::new(), phones: 0 }) {
            return trouble(format!("The account of {worker} was closed, and is {now:?}."));
        }
        take(&self.county.closed).insert(worker.clone());
        take(&self.county.held).insert(worker.clone(), Vec::new());
        self.phones.iter_mut().filter(|phone| phone.worker == worker).for_each(|phone| phone.revoked |= for_good);
        let mut ledger = take(&self.ledger);
        ledger.count(SHUT_OUT.into());
        ledger.count("account closed".into());
        Ok(())
    }

    /// The office opens an account again that was not closed for good.
    pub(super) fn reopen_account(&mut self) -> Outcome {
        self.mend()?;
        let back = self.who_comes_back();
        match self.office.pick(&back).cloned() {
            Some(worker) => self.open_again(&worker),
            None => Ok(()),
        }
    }

    /// Whoever comes back has an account again.
    pub(super) fn reopen_all_accounts(&mut self) -> Outcome {
        self.who_comes_back().iter().try_for_each(|worker| self.open_again(worker))
    }

    /// Whose account is closed, and who has a phone that is to be used again.
    fn who_comes_back(&self) -> Vec<String> {
        let comes_back = |worker: &String| {
            let mut phones = self.phones.iter();
            phones.any(|phone| phone.worker == *worker && !phone.revoked)
        };
        take(&self.county.closed).iter().filter(|worker| comes_back(worker)).cloned().collect()
    }

    /// It comes back without its phones and cells; mostly it is given cells at once.
    fn open_again(&mut self, worker: &str) -> Outcome {
        self.say(|| format!("the account of {worker} is opened again"));
        let opened = self.county.hub()?.reopen_account(&administrator()?, &name_of(worker)?);
        let unheard = self.desk_heard_nothing(opened.is_err())?;
        let now = self.standing_of(worker)?;
        if unheard && now.is_closed {
            return Ok(());
        }
        if !unheard {
            opened.doing("opening an account again")?;
        }
        if now != (Standing { is_closed: false, cells: Vec::new(), phones: 0 }) {
            return trouble(format!("The account of {worker} was opened again, and is {now:?}."));
        }
        take(&self.county.closed).remove(worker);
        take(&self.ledger).count("account opened again".into());
        if self.county.full || self.county.has_fuse() { Ok(()) } else { self.assign_anew(worker) }
    }

    fn standing_of(&self, worker: &str) -> Outcome<Standing> {
        let id = name_of(worker)?;
        self.county.ask(|reading| {
            let is_closed = reading.account(&id)?.is_none_or(|account| account.closed_at.is_some());
            let held = reading.holdings(&id)?.into_iter().filter(|held| held.until.is_none());
            let cells = held.map(|held| held.cell).collect();
            let devices = reading.devices()?.into_iter().filter(|device| device.account == id);
            let phones = devices.filter(|device| device.revoked_at.is_none()).count();
            Ok(Standing { is_closed, cells, phones })
        })
    }

    /// The office hands a cell from whoever holds it to others, perhaps from a page that was open long.
    pub(super) fn hand_cell_over(&mut self) -> Outcome {
        self.mend()?;
        let Some(cell) = self.office.pick(&self.county.open_cells()?).cloned() else { return Ok(()) };
        let holders = self.county.ask(|reading| reading.holders(&cell))?;
        let seen = if self.office.percent(15) { Vec::new() } else { holders.clone() };
        let to = self.some_workers()?;
        self.say(|| format!("{cell} goes from {holders:?} to {to:?}"));
        let before = held_now(&self.county)?;
        let wanted: Vec<AccountId> = to.iter().cloned().collect();
        let handed = self.county.hub()?.hand_over_cell(&administrator()?, &cell, &seen, &wanted);
        let unheard = self.desk_heard_nothing(handed.is_err())?;
        let after = held_now(&self.county)?;
        let is_stale = seen.len() != holders.len();
        match handed {
            _ if unheard && after == before => return Ok(()),
            _ if unheard => return trouble(format!("A handover of {cell} was not confirmed, and {after:?} is held.")),
            Err(HubError::Refused { code: CallRefusal::Stale, .. }) if is_stale && after == before => {
                take(&self.ledger).count("cell handed over too late".into());
                return Ok(());
            }
            Ok(()) if is_stale => return trouble(format!("{cell} was handed over, and others held it by then.")),
            handed => handed.doing("handing a cell over")?,
        }
        let along = with_merged(&self.county.grid()?, &cell);
        for (worker, now) in &after {
            let others = |cells: &[CellCode]| -> BTreeSet<CellCode> {
                cells.iter().filter(|cell| !along.contains(*cell)).cloned().collect()
            };
            let was = before.get(worker).map(Vec::as_slice).unwrap_or_default();
            let is_given = to.contains(&name_of(worker)?);
            if now.contains(&cell) != is_given || others(now) != others(was) {
                return trouble(format!("{cell} was given to {to:?}; {worker} held {was:?} and holds {now:?}."));
            }
        }
        take(&self.county.held).clone_from(&after);
        take(&self.ledger).count("cell handed over".into());
        Ok(())
    }

    /// One or two of those who carry a phone here, or nobody.
    fn some_workers(&mut self) -> Outcome<BTreeSet<AccountId>> {
        let workers = self.phones.iter().map(|phone| &phone.worker).filter(|worker| !self.county.is_closed(worker));
        let workers: Vec<AccountId> = workers.map(|worker| name_of(worker)).collect::<Outcome<_>>()?;
        let mut some = BTreeSet::new();
        for _ in 0..self.office.below(3) {
            some.extend(self.office.pick(&workers).cloned());
        }
        Ok(some)
    }
}
