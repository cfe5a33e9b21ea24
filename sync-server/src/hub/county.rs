//! The county's set-up: accounts, places, bulk loading, the demonstration mark, backup.

use std::path::Path;

use domain::protocol::CallRefusal;
use domain::scope::Role;
use domain::{AccountId, CellCode, Epoch, Problem, ProblemCode, World};

use crate::hub::accounts::{end_role, put_password};
use crate::hub::cells::held_by_naming;
use crate::hub::known_time::known_now;
use crate::hub::phones::note;
use crate::hub::put_back::{BACKED_UP_AT, LostTimes};
use crate::hub::{Hub, HubError, secrets};
use crate::store::{Account, BulkRecord, Place, Store, Writing};

/// The name under which the server writes by itself; nobody's account.
pub const SERVER_ACCOUNT: &str = "server";

/// The account under which the server writes by itself.
pub(super) fn server_account() -> AccountId {
    AccountId::new(SERVER_ACCOUNT).expect("the server's own name has an account's form")
}

impl<S: Store> Hub<S> {
    /// Creates or overwrites an account: its scopes, its cells with what was merged into them, and its password when one is given.
    ///
    /// # Errors
    /// [`CallRefusal::Invalid`] when the name is the server's own, the password too short or too long, a handler has no department
    /// of the county's list, or somebody else has one; and when one of the cells is over and goes with another that is not among them.
    pub fn add_account(&self, account: Account, password: Option<&str>, cells: &[CellCode]) -> Result<(), HubError> {
        self.write_account(account, password, |writing, id| {
            let held = writing.holdings(id)?.into_iter().filter(|held| held.until.is_none());
            let held: Vec<CellCode> = held.map(|held| held.cell).collect();
            let given = held_by_naming(writing, &held, cells)?;
            // Whoever types a cell means it. The sheet at the desk names what came along too, without anybody having chosen it.
            if cells.iter().any(|cell| !given.contains(cell)) {
                return Err(HubError::invalid(vec![Problem::new("cells", ProblemCode::Retired)]));
            }
            Ok(given)
        })
    }

    /// The same with just these cells.
    ///
    /// # Errors
    /// As above.
    pub fn put_account(&self, account: Account, password: Option<&str>, cells: &[CellCode]) -> Result<(), HubError> {
        self.write_account(account, password, |_, _| Ok(cells.to_vec()))
    }

    fn write_account(
        &self,
        mut account: Account,
        password: Option<&str>,
        cells: impl FnOnce(&dyn Writing, &AccountId) -> Result<Vec<CellCode>, HubError>,
    ) -> Result<(), HubError> {
        if account.id.as_str() == SERVER_ACCOUNT {
            return Err(HubError::invalid(vec![Problem::new("account", ProblemCode::NotAllowed)]));
        }
        self.check_department(&account)?;
        if let Some(password) = password {
            account.password_hash = Some(secrets::new_password_hash(password)?);
        }
        let now = self.now();
        self.store.write(|writing| {
            let known = writing.account(&account.id)?;
            let before = known.as_ref().map_or(account.role, |known| known.role);
            if account.password_hash.is_none() {
                account.password_hash = known.and_then(|known| known.password_hash);
            }
            writing.put_account(&account)?;
            let given_at = known_now(now, writing)?;
            end_role(writing, before, &account, given_at)?;
            let cells = cells(writing, &account.id)?;
            writing.set_holdings(&account.id, &cells, given_at)?;
            note(writing, now, SERVER_ACCOUNT, "account", account.id.as_str())
        })
    }

    /// A handler answers for a department of the county's list, and nobody else does.
    pub(super) fn check_department(&self, account: &Account) -> Result<(), HubError> {
        let code = match (account.role == Role::Handler, &account.department) {
            (false, None) => return Ok(()),
            (true, Some(department)) if self.lists().department(department).is_some() => return Ok(()),
            (true, Some(_)) => ProblemCode::UnknownCode,
            (true, None) => ProblemCode::Required,
            (false, Some(_)) => ProblemCode::NotAllowed,
        };
        Err(HubError::invalid(vec![Problem::new("department", code)]))
    }

    /// Gives an account a new password and ends its desk sessions. What the desk changes of the account meanwhile stands.
    ///
    /// # Errors
    /// [`CallRefusal::NotFound`] when there is no such account, [`CallRefusal::Invalid`] when the password is too short or too long.
    pub fn set_password(&self, id: &AccountId, password: &str) -> Result<(), HubError> {
        let hash = secrets::new_password_hash(password)?;
        let now = self.now();
        self.store.write(|writing| {
            let account = writing.account(id)?.ok_or_else(|| HubError::refused(CallRefusal::NotFound))?;
            put_password(writing, account, hash)?;
            note(writing, now, SERVER_ACCOUNT, "account", id.as_str())
        })
    }

    /// Loads records that were made elsewhere: no history, no judgement. Existing records are left alone; answers how many were new.
    ///
    /// # Errors
    /// [`HubError::Store`].
    pub fn load(&self, records: &[BulkRecord]) -> Result<usize, HubError> {
        Ok(self.store.write(|writing| writing.bulk_load(records))?)
    }

    /// Names divisions and cells.
    ///
    /// # Errors
    /// [`HubError::Store`].
    pub fn put_places(&self, places: &[Place]) -> Result<(), HubError> {
        Ok(self.store.write(|writing| places.iter().try_for_each(|place| writing.put_place(place)))?)
    }

    /// Whether this server holds demonstration data.
    ///
    /// # Errors
    /// [`HubError::Store`].
    pub fn is_demo(&self) -> Result<bool, HubError> {
        Ok(self.store.read(|reading| reading.setting("demo"))?.as_deref() == Some("yes"))
    }

    /// Marks this server's data as demonstration data, for ever.
    ///
    /// # Errors
    /// [`HubError::Store`].
    pub fn mark_demo(&self) -> Result<(), HubError> {
        Ok(self.store.write(|writing| writing.put_setting("demo", "yes"))?)
    }

    /// Writes a complete copy of the database into a new file while it is in use. The copy knows when it was made.
    ///
    /// # Errors
    /// [`HubError::Photos`] when the file exists already; [`HubError::Store`] when it cannot be written.
    pub fn back_up(&self, file: &Path) -> Result<(), HubError> {
        if file.exists() {
            return Err(std::io::Error::from(std::io::ErrorKind::AlreadyExists).into());
        }
        let now = self.now();
        self.store.write(|writing| writing.put_setting(BACKED_UP_AT, &now.to_string()))?;
        Ok(self.store.back_up(file)?)
    }
}

/// Marks a database that was put back from a backup: a new epoch, so that phones offer everything they hold.
///
/// # Errors
/// [`HubError::Store`].
pub fn renew_epoch(store: &impl Store, world: &mut dyn World) -> Result<Epoch, HubError> {
    let (epoch, now) = (world.epoch(), world.now());
    store.write(|writing| {
        writing.put_setting("epoch", &epoch.to_string())?;
        LostTimes::put_back(writing, now)?;
        note(writing, now, SERVER_ACCOUNT, "restore", &epoch.to_string())
    })?;
    Ok(epoch)
}
