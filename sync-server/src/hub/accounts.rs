//! Accounts at the desk: who works where, as what; closed, never removed. Passwords that the office sets are shown once and
//! must be changed at the first sign-in.

use std::collections::{BTreeMap, BTreeSet};

use domain::protocol::CallRefusal;
use domain::scope::{Actor, Duty, Role, has_duty};
use domain::validate::line_problem;
use domain::world::Millis;
use domain::{AccountId, CellCode, Problem, ProblemCode, Scope};
use sha2::{Digest, Sha256};

use crate::hub::cells::{held_by_naming, named_themselves};
use crate::hub::county::SERVER_ACCOUNT;
use crate::hub::desk::{Desk, works_at_desk};
use crate::hub::known_time::{known_now, shut_out_at};
use crate::hub::phones::{administers, note};
use crate::hub::{Hub, HubError, secrets};
use crate::store::{Account, Device, FormerRole, Reading, Store, Writing};

/// At most so many characters of a person's name.
const NAME_MAX: usize = 50;
/// More cells than one person looks after.
const CELLS_MAX: usize = 60;
/// More places than one account is for.
const SCOPES_MAX: usize = 20;
/// A first password that nobody used for a fortnight is over.
pub(super) const FIRST_PASSWORD_LIVES: Millis = 14 * 24 * 60 * 60 * 1000;

/// An account as the office sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccountLine {
    /// The account.
    pub account: Account,
    /// The cells that it holds now, by code.
    pub cells: Vec<CellCode>,
    /// Its phones that are not shut out.
    pub phones: usize,
    /// It has not yet changed the password that the office has set.
    pub first_password: bool,
    /// Names this state of the account: whoever changes it says which they saw.
    pub version: String,
}

/// What the office says of an account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccountWords {
    /// The sign-in name.
    pub id: AccountId,
    /// The person's name.
    pub display_name: String,
    /// What it is for.
    pub role: Role,
    /// Where: divisions or cells.
    pub scopes: Vec<Scope>,
    /// The cells that a phone account holds.
    pub cells: Vec<CellCode>,
    /// Code of the department that a handler answers for.
    pub department: Option<String>,
}

impl<S: Store> Hub<S> {
    /// The accounts that the actor administers, by name, the closed ones too.
    ///
    /// # Errors
    /// [`CallRefusal::NotAllowed`] for other roles.
    pub fn accounts_for(&self, actor: &Actor) -> Result<Vec<AccountLine>, HubError> {
        may_keep_accounts(actor)?;
        self.store.read(|reading| {
            let mut phones: BTreeMap<AccountId, usize> = BTreeMap::new();
            for device in reading.devices()?.into_iter().filter(|device| device.revoked_at.is_none()) {
                *phones.entry(device.account).or_default() += 1;
            }
            let mut lines = Vec::new();
            for account in reading.accounts()? {
                if administers(reading, actor, &account)? {
                    let count = phones.get(&account.id).copied().unwrap_or(0);
                    lines.push(line(reading, account, count)?);
                }
            }
            Ok(lines)
        })
    }

    /// Creates an account. One that works at the desk gets a first password, which is answered once.
    ///
    /// # Errors
    /// [`CallRefusal::NotAllowed`] for other roles, [`CallRefusal::Invalid`] when the name is taken or the words do not fit.
    pub fn create_account(&self, actor: &Actor, words: &AccountWords) -> Result<Option<String>, HubError> {
        may_keep_accounts(actor)?;
        let password = if works_at_desk(words.role) { Some(self.fresh_password()?) } else { None };
        let now = self.now();
        self.store.write(|writing| {
            if words.id.as_str() == SERVER_ACCOUNT || writing.account(&words.id)?.is_some() {
                return Err(HubError::invalid(vec![Problem::new("account", ProblemCode::Taken)]));
            }
            check(writing, actor, &[], words)?;
            let account = Account {
                id: words.id.clone(),
                display_name: words.display_name.trim().to_owned(),
                role: words.role,
                scopes: words.scopes.clone(),
                password_hash: password.as_ref().map(|(_, hash)| hash.clone()),
                closed_at: None,
                department: words.department.clone(),
            };
            self.check_department(&account)?;
            writing.put_account(&account)?;
            let given_at = known_now(now, writing)?;
            let cells = held_by_naming(writing, &[], &words.cells)?;
            writing.set_holdings(&account.id, &cells, given_at)?;
            if password.is_some() {
                writing.put_first_password(&account.id, now)?;
            }
            note(writing, now, actor.account.as_str(), "account_create", account.id.as_str())
        })?;
        Ok(password.map(|(password, _)| password))
    }

    /// Changes an account's name, role, places and cells (what was merged into these comes along); `seen` names the state that the caller
    /// had before them.
    ///
    /// # Errors
    /// [`CallRefusal::NotFound`] when the actor administers no such account, [`CallRefusal::Stale`] when it has changed since,
    /// [`CallRefusal::Invalid`] when the words do not fit.
    pub fn change_account(&self, actor: &Actor, seen: &str, words: &AccountWords) -> Result<(), HubError> {
        let now = self.now();
        self.store.write(|writing| {
            let found = own_line(writing, actor, &words.id)?;
            if found.version != seen {
                return Err(HubError::refused(CallRefusal::Stale));
            }
            check(writing, actor, &found.cells, words)?;
            let own = actor.account == words.id;
            if own && (words.role != found.account.role || words.scopes != found.account.scopes) {
                // Whoever takes the own right away could not give it back.
                return Err(HubError::invalid(vec![Problem::new("role", ProblemCode::NotAllowed)]));
            }
            let before = found.account.role;
            let account = Account {
                display_name: words.display_name.trim().to_owned(),
                role: words.role,
                scopes: words.scopes.clone(),
                department: words.department.clone(),
                // Nobody who has left the desk signs in there any more.
                password_hash: found.account.password_hash.clone().filter(|_| works_at_desk(words.role)),
                ..found.account
            };
            self.check_department(&account)?;
            writing.put_account(&account)?;
            let given_at = known_now(now, writing)?;
            end_role(writing, before, &account, given_at)?;
            let cells = held_by_naming(writing, &found.cells, &words.cells)?;
            writing.set_holdings(&account.id, &cells, given_at)?;
            if !works_at_desk(words.role) {
                writing.remove_desk_sessions_of(&account.id)?;
            }
            note(writing, now, actor.account.as_str(), "account_change", account.id.as_str())
        })
    }

    /// Closes an account: its desk sessions end, its phones are shut out (they hand in what is unsent), its cells are free.
    ///
    /// # Errors
    /// [`CallRefusal::NotFound`] as above; [`CallRefusal::NotAllowed`] for the own account.
    pub fn close_account(&self, actor: &Actor, id: &AccountId) -> Result<(), HubError> {
        let now = self.now();
        self.store.write(|writing| {
            let AccountLine { account, .. } = own_line(writing, actor, id)?;
            if actor.account == *id {
                return Err(HubError::refused(CallRefusal::NotAllowed));
            }
            if account.closed_at.is_some() {
                return Ok(());
            }
            let all = writing.devices()?.into_iter();
            let theirs: Vec<Device> = all.filter(|device| device.account == *id).collect();
            let at = shut_out_at(now, writing, &theirs)?;
            writing.put_account(&Account { closed_at: Some(at), ..account })?;
            writing.remove_desk_sessions_of(id)?;
            writing.set_holdings(id, &[], at)?;
            for device in theirs.into_iter().filter(|device| device.revoked_at.is_none()) {
                writing.put_device(&Device { revoked_at: Some(at), ..device })?;
            }
            note(writing, now, actor.account.as_str(), "account_close", id.as_str())
        })
    }

    /// Opens a closed account again, without its phones and cells. The password of before does not come back.
    ///
    /// # Errors
    /// [`CallRefusal::NotFound`] as above.
    pub fn reopen_account(&self, actor: &Actor, id: &AccountId) -> Result<(), HubError> {
        let now = self.now();
        self.store.write(|writing| {
            let AccountLine { account, .. } = own_line(writing, actor, id)?;
            if account.closed_at.is_none() {
                return Ok(());
            }
            writing.put_account(&Account { closed_at: None, password_hash: None, ..account })?;
            note(writing, now, actor.account.as_str(), "account_reopen", id.as_str())
        })
    }

    /// Gives a desk account a new first password, answered once; its sessions end.
    ///
    /// # Errors
    /// [`CallRefusal::NotFound`] as above; [`CallRefusal::NotAllowed`] for a closed account, one without a desk, and the own.
    pub fn reset_password(&self, actor: &Actor, id: &AccountId) -> Result<String, HubError> {
        may_keep_accounts(actor)?;
        let (password, hash) = self.fresh_password()?;
        let now = self.now();
        self.store.write(|writing| {
            let AccountLine { account, .. } = own_line(writing, actor, id)?;
            if actor.account == *id || account.closed_at.is_some() || !works_at_desk(account.role) {
                return Err(HubError::refused(CallRefusal::NotAllowed));
            }
            writing.put_account(&Account { password_hash: Some(hash), ..account })?;
            writing.put_first_password(id, now)?;
            writing.remove_desk_sessions_of(id)?;
            note(writing, now, actor.account.as_str(), "account_password", id.as_str())
        })?;
        Ok(password)
    }

    /// Changes the own password; every other session of the account ends.
    ///
    /// # Errors
    /// [`CallRefusal::WrongPassword`] when the old one is wrong, [`CallRefusal::Invalid`] when the new one is too short, too long or
    /// the same, [`CallRefusal::SignedOut`] when the session ended or the office set another password meanwhile.
    pub fn change_own_password(&self, desk: &Desk, old: &str, new: &str) -> Result<(), HubError> {
        let id = &desk.actor.account;
        let account = self.store.read(|reading| reading.account(id))?.ok_or_else(super::tokens::signed_out)?;
        let verified = account.password_hash;
        if !secrets::may_be_password(old) || !secrets::is_password(old, verified.as_deref()) {
            return Err(HubError::refused(CallRefusal::WrongPassword));
        }
        if old == new {
            return Err(HubError::invalid(vec![Problem::new("password", ProblemCode::Taken)]));
        }
        let hash = secrets::new_password_hash(new)?;
        let now = self.now();
        self.store.write(|writing| {
            // Hashing takes its time: what the office did meanwhile has the last word.
            let same = |found: &Account| found.closed_at.is_none() && found.password_hash == verified;
            let account = writing.account(id)?.filter(same).ok_or_else(super::tokens::signed_out)?;
            let session = writing.desk_session(&desk.session)?.ok_or_else(super::tokens::signed_out)?;
            put_password(writing, account, hash)?;
            writing.put_desk_session(&session)?;
            note(writing, now, id.as_str(), "own_password", id.as_str())
        })
    }

    /// A password that people can type, and its hash.
    fn fresh_password(&self) -> Result<(String, String), HubError> {
        let password = secrets::typed_code(self.time().world.as_mut());
        let hash = secrets::hash_password(&password)?;
        Ok((password, hash))
    }
}

/// Gives an account a password that need not be changed at the first sign-in. All its sessions at the desk end.
pub(super) fn put_password(writing: &mut dyn Writing, account: Account, hash: String) -> Result<(), HubError> {
    let account = Account { password_hash: Some(hash), ..account };
    writing.put_account(&account)?;
    writing.remove_first_password(&account.id)?;
    Ok(writing.remove_desk_sessions_of(&account.id)?)
}

/// Notes what an account was for before, where it is for something else from now on: its phones may have words of that time.
pub(super) fn end_role(
    writing: &mut dyn Writing,
    before: Role,
    account: &Account,
    until: Millis,
) -> Result<(), HubError> {
    if before == account.role {
        return Ok(());
    }
    Ok(writing.put_former_role(&account.id, FormerRole { role: before, until })?)
}

fn may_keep_accounts(actor: &Actor) -> Result<(), HubError> {
    if has_duty(actor.role, Duty::Accounts) { Ok(()) } else { Err(HubError::refused(CallRefusal::NotAllowed)) }
}

/// An account that the actor administers. Nobody learns of others whether they exist.
fn own_line(reading: &(impl Reading + ?Sized), actor: &Actor, id: &AccountId) -> Result<AccountLine, HubError> {
    may_keep_accounts(actor)?;
    let not_found = || HubError::refused(CallRefusal::NotFound);
    let account = reading.account(id)?.ok_or_else(not_found)?;
    if !administers(reading, actor, &account)? {
        return Err(not_found());
    }
    line(reading, account, 0)
}

fn line(reading: &(impl Reading + ?Sized), account: Account, phones: usize) -> Result<AccountLine, HubError> {
    let held = reading.holdings(&account.id)?.into_iter().filter(|held| held.until.is_none());
    let cells: Vec<CellCode> = held.map(|held| held.cell).collect();
    let first_password = reading.first_password_since(&account.id)?.is_some();
    let version = version(&account, &cells);
    Ok(AccountLine { account, cells, phones, first_password, version })
}

/// The first half of a hash over what the office says of an account.
fn version(account: &Account, cells: &[CellCode]) -> String {
    let mut hash = Sha256::new();
    let scopes = account.scopes.iter().map(Scope::as_str);
    let department = account.department.as_deref().unwrap_or_default();
    let state = if account.closed_at.is_some() { "closed" } else { "open" };
    let parts = [account.display_name.as_str(), state, department];
    hash.update(format!("{:?}", account.role));
    for part in parts.into_iter().chain(scopes).chain(["cells"]).chain(cells.iter().map(CellCode::as_str)) {
        hash.update([0]);
        hash.update(part);
    }
    hash.finalize()[..8].iter().map(|byte| format!("{byte:02x}")).collect()
}

/// What is wrong with the office's words: a name, at least one place, all of them there and in the actor's own scope. What comes along with a
/// cell is not asked about: the account has it from wherever it lay, and its sheet names it. `held`: the cells that it holds so far.
fn check(
    reading: &(impl Reading + ?Sized),
    actor: &Actor,
    held: &[CellCode],
    words: &AccountWords,
) -> Result<(), HubError> {
    let mut problems = Vec::new();
    let cells = named_themselves(reading, held, &words.cells)?;
    problems.extend(line_problem("display_name", words.display_name.trim(), NAME_MAX));
    if words.scopes.is_empty() && (works_at_desk(words.role) || cells.is_empty()) {
        problems.push(Problem::new("scopes", ProblemCode::Required));
    }
    for (field, count, most) in [("scopes", words.scopes.len(), SCOPES_MAX), ("cells", cells.len(), CELLS_MAX)] {
        if count > most {
            problems.push(Problem::with_limit(field, ProblemCode::TooLong, most as i64));
        }
    }
    if matches!(words.role, Role::Handler | Role::Auditor | Role::Admin) && !words.cells.is_empty() {
        problems.push(Problem::new("cells", ProblemCode::NotAllowed));
    }
    let cells: BTreeSet<Scope> = cells.iter().map(Scope::from).collect();
    for (field, place) in
        words.scopes.iter().map(|scope| ("scopes", scope)).chain(cells.iter().map(|cell| ("cells", cell)))
    {
        // What lies elsewhere and what does not exist is refused alike.
        if !actor.contains(place) || reading.place(place)?.is_none() {
            problems.push(Problem::new(field, ProblemCode::ForeignCell));
        }
    }
    problems.dedup();
    if problems.is_empty() { Ok(()) } else { Err(HubError::invalid(problems)) }
}
