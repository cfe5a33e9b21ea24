//! What an account is for, which the office may change while its phones know nothing of it: a worker is made an informant, or leads the
//! others from now on, and back. A phone hears of it with its next answer, and offers until then what its former role may do.

use domain::AccountId;
use domain::scope::Role;

use super::county::account;
use super::history::History;
use super::wire::take;
use crate::trouble::{Doing, Outcome, trouble};

/// What somebody who carries a phone can be.
const ROLES: [Role; 3] = [Role::Worker, Role::Informant, Role::Supervisor];

impl History {
    /// The office makes something else of an account; the cells stay.
    pub(super) fn change_role(&mut self, who: usize) -> Outcome {
        self.mend()?;
        let worker = self.phones[who].worker.clone();
        if self.county.is_closed(&worker) {
            return Ok(());
        }
        let before = self.county.role_of(&worker);
        let others: Vec<Role> = ROLES.into_iter().filter(|role| *role != before).collect();
        // Mostly somebody is left who does a worker's work.
        let back = before != Role::Worker && self.latest.percent(60);
        let other = self.latest.pick(&others).copied().unwrap_or(before);
        self.make(&worker, if back { Role::Worker } else { other })
    }

    /// The office says what an account is for from now on.
    pub(super) fn make(&mut self, worker: &str, role: Role) -> Outcome {
        self.say(|| format!("{worker} is made {role:?}"));
        let before = self.county.role_of(worker);
        let cells = take(&self.county.held).get(worker).cloned().unwrap_or_default();
        let made = self.county.hub()?.put_account(account(worker, role, &[])?, None, &cells);
        let unheard = self.desk_heard_nothing(made.is_err())?;
        if !unheard {
            made.doing("changing a role")?;
        }
        let id = AccountId::new(worker).doing("naming a worker")?;
        let now = self.county.ask(|reading| reading.account(&id))?.map(|account| account.role);
        if now == Some(role) {
            take(&self.county.roles).insert(worker.to_owned(), role);
            let mut ledger = take(&self.ledger);
            ledger.changed_roles.insert(worker.to_owned());
            ledger.count("role changed".into());
            return Ok(());
        }
        if unheard && now == Some(before) {
            return Ok(());
        }
        trouble(format!("{worker} was {before:?}, was made {role:?}, and is {now:?}."))
    }

    /// The phones that are open and whose app is for such a role, as far as they have heard.
    pub(super) fn phones_of(&self, is_such: impl Fn(Role) -> bool) -> Outcome<Vec<usize>> {
        let mut found = Vec::new();
        for (number, phone) in self.phones.iter().enumerate().filter(|(_, phone)| !phone.is_shut()) {
            if is_such(phone.role()?) {
                found.push(number);
            }
        }
        Ok(found)
    }
}
