//! Phones: enrolled by a code that works once, listed for the desk, revocable.

use std::collections::BTreeSet;

use domain::protocol::{CallRefusal, EnrolRequest, Enrolment, Hello, PROTOCOL, STAMP_AHEAD_ACCEPTED};
use domain::scope::{Action, Actor, Role, allowed};
use domain::validate::line_problem;
use domain::world::Millis;
use domain::{AccountId, CellCode, DeviceId, Kind, Scope, Stamp};

use crate::hub::cells::comes_with;
use crate::hub::health::{DeviceNeed, needs, newest_app};
use crate::hub::known_time::shut_out_at;
use crate::hub::orders::administered;
use crate::hub::{Hub, HubError, secrets};
use crate::store::{Account, AuditEntry, Device, EnrolCode, FormerRole, HandInLine, Holding, Reading, Store, Writing};

/// A refresh token works for half a year: a phone may lie in a drawer for a season.
pub(super) const REFRESH_LIVES: Millis = 180 * 24 * 60 * 60 * 1000;
/// At most so many characters of a phone's name.
const DEVICE_NAME_MAX: usize = 60;

/// An enrolled phone whose token was right.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Phone {
    /// The phone.
    pub device: DeviceId,
    /// Who carries it, and the cells that it holds now.
    pub actor: Actor,
    /// The cells, by code.
    pub cells: Vec<CellCode>,
    /// The cells that its account holds or held.
    pub(super) holdings: Vec<Holding>,
    /// What its account was for before, oldest first.
    pub(super) former: Vec<FormerRole>,
    /// Those of them that only a receipt of a lost database tells of.
    pub(super) lost: BTreeSet<CellCode>,
    /// When it was last heard of, as far as that is kept.
    pub(super) heard_at: Millis,
}

impl Phone {
    /// A phone as its account stands now.
    pub(super) fn of(reading: &(impl Reading + ?Sized), device: DeviceId, account: &Account) -> Result<Self, HubError> {
        let (holdings, former) = (reading.holdings(&account.id)?, reading.former_roles(&account.id)?);
        let cells: Vec<CellCode> =
            holdings.iter().filter(|held| held.until.is_none()).map(|held| held.cell.clone()).collect();
        let scopes = cells.iter().map(Scope::from).collect();
        let actor = Actor { scopes, ..account.actor() };
        Ok(Self { device, actor, cells, holdings, former, lost: BTreeSet::new(), heard_at: 0 })
    }

    /// The phone as it was before a moment: what its account held then, and may write of that.
    pub(super) fn until(self, end: Option<Millis>) -> Self {
        let cut = |held: Holding| Holding { until: [held.until, end].into_iter().flatten().min(), ..held };
        Self { holdings: self.holdings.into_iter().map(cut).collect(), ..self }
    }

    /// The phone, known to have held this cell too in a database that is lost: what was written in it is taken until now.
    pub(super) fn add_lost(&mut self, cell: CellCode, now: Millis) {
        self.holdings.push(Holding { cell: cell.clone(), since: now, until: Some(now) });
        self.lost.insert(cell);
    }

    /// Whether the account held the cell when this was written: changes made before a handover are taken after it too, as long as
    /// a phone's refresh token lives.
    pub(super) fn held(&self, cell: &CellCode, written: Stamp, now: Millis) -> bool {
        let then = |held: &Holding| held.until.is_none_or(|until| is_taken_late(until, written, now));
        self.holdings.iter().any(|held| held.cell == *cell && then(held))
    }

    /// What the account was for when this was written: like a cell, that counts for what comes after a change of it.
    pub(super) fn role_when(&self, written: Stamp, now: Millis) -> Role {
        let then = self.former.iter().find(|former| is_taken_late(former.until, written, now));
        then.map_or(self.actor.role, |former| former.role)
    }
}

/// Whether what was written before something left its author is still taken after that, as long as a phone's refresh token lives.
pub(super) fn is_taken_late(left: Millis, written: Stamp, now: Millis) -> bool {
    // A clock that is a little ahead stamps what was written just before a handover after it.
    written.millis() <= left.saturating_add(STAMP_AHEAD_ACCEPTED) && now.saturating_sub(left) <= REFRESH_LIVES
}

/// A code, shown once: only its hash is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MadeCode {
    /// As people type it.
    pub code: String,
    /// When it stops working.
    pub until: Millis,
}

/// A phone in the desk's list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeviceLine {
    /// The phone.
    pub device: Device,
    /// What it handed in.
    pub hand_ins: Vec<HandInLine>,
    /// Its owner's name.
    pub display_name: String,
    /// Why it needs help.
    pub needs: Vec<DeviceNeed>,
    /// The newest version of the app among the listed phones, when this one's is older.
    pub newer_app: Option<String>,
}

impl<S: Store> Hub<S> {
    /// Makes a code with which one phone of this account can be enrolled, once. Who may do that is asked with
    /// [`Hub::may_administer`].
    ///
    /// # Errors
    /// [`CallRefusal::NotFound`] when there is no such account or nobody of its role carries a phone.
    pub fn make_enrol_code(&self, made_by: &str, account: &AccountId, lives: Millis) -> Result<MadeCode, HubError> {
        let (code, now) = {
            let mut time = self.time();
            (secrets::typed_code(time.world.as_mut()), time.world.now())
        };
        let until = now + lives;
        self.store.write(|writing| {
            let known = writing.account(account)?;
            if !known.is_some_and(|known| known.closed_at.is_none() && carries_phone(known.role)) {
                return Err(HubError::refused(CallRefusal::NotFound));
            }
            writing.put_enrol_code(&EnrolCode {
                hash: secrets::hash_code(&code),
                account: account.clone(),
                until,
                made_by: made_by.to_owned(),
            })?;
            note(writing, now, made_by, "enrol_code", account.as_str())
        })?;
        Ok(MadeCode { code, until })
    }

    /// Enrols a phone.
    ///
    /// # Errors
    /// [`CallRefusal::WrongCode`] when the code is wrong, used or over: all the same to whoever tries.
    pub fn enrol(&self, request: &EnrolRequest) -> Result<Enrolment, HubError> {
        let wrong = || HubError::refused(CallRefusal::WrongCode);
        check_words(request)?;
        let hash = secrets::hash_code(&request.code);
        let now = self.now();
        let demo = self.is_demo()?;
        self.store.write(|writing| {
            let code = writing.enrol_code(&hash)?.filter(|code| code.until > now).ok_or_else(wrong)?;
            let account =
                writing.account(&code.account)?.filter(|found| found.closed_at.is_none()).ok_or_else(wrong)?;
            if !writing.use_enrol_code(&hash, now)? {
                return Err(wrong());
            }
            let device = self.time().world.device_id();
            writing.put_device(&Device {
                id: device,
                account: account.id.clone(),
                name: request.device_name.trim().to_owned(),
                app_version: request.app_version.clone(),
                enrolled_at: now,
                seen_at: now,
                revoked_at: None,
                order: None,
                health: None,
            })?;
            let tokens = self.issue(writing, device, now)?;
            note(writing, now, account.id.as_str(), "enrol", &device.to_string())?;
            let phone = Phone::of(writing, device, &account)?;
            Ok(Enrolment {
                device,
                account: account.id,
                display_name: account.display_name,
                role: account.role,
                cells: phone.cells,
                demo,
                tokens,
                keys: self.keys(),
            })
        })
    }

    /// The first words of a round.
    ///
    /// # Errors
    /// [`HubError::Store`].
    pub fn hello(&self) -> Result<Hello, HubError> {
        let epoch = self.store.read(|reading| reading.epoch())?;
        Ok(Hello {
            server_time: self.now(),
            epoch,
            protocols: (PROTOCOL, PROTOCOL),
            lists_version: self.lists().version,
            keys: self.keys(),
        })
    }

    /// The phones of the accounts that the actor administers, the latest enrolled first.
    ///
    /// # Errors
    /// [`HubError::Store`].
    pub fn devices_for(&self, actor: &Actor) -> Result<Vec<DeviceLine>, HubError> {
        let now = self.now();
        self.store.read(|reading| {
            let mut lines = Vec::new();
            for device in reading.devices()? {
                let Some(account) = reading.account(&device.account)? else { continue };
                if administers(reading, actor, &account)? {
                    let hand_ins = reading.hand_ins(device.id)?;
                    let display_name = account.display_name;
                    lines.push(DeviceLine { device, hand_ins, display_name, needs: Vec::new(), newer_app: None });
                }
            }
            let newest = newest_app(lines.iter().map(|line| &line.device));
            for line in &mut lines {
                line.needs = needs(&line.device, newest.as_ref(), now);
                let old = line.needs.contains(&DeviceNeed::OldApp);
                line.newer_app = newest.as_ref().filter(|_| old).map(ToString::to_string);
            }
            Ok(lines)
        })
    }

    /// Whether an actor may give out codes for an account and revoke its phones: everything the account sees must lie in the
    /// actor's own scope.
    ///
    /// # Errors
    /// [`HubError::Store`].
    pub fn may_administer(&self, actor: &Actor, account: &AccountId) -> Result<bool, HubError> {
        self.store.read(|reading| {
            let Some(account) = reading.account(account)? else { return Ok(false) };
            administers(reading, actor, &account)
        })
    }

    /// Shuts a phone out: from now on its tokens serve to hand in what is unsent, sealed, and for nothing else.
    ///
    /// # Errors
    /// [`CallRefusal::NotFound`] when there is no such phone.
    pub fn revoke_device(&self, who: &str, id: DeviceId) -> Result<(), HubError> {
        let now = self.now();
        self.store.write(|writing| {
            let device = writing.device(id)?.ok_or_else(|| HubError::refused(CallRefusal::NotFound))?;
            revoke(writing, now, who, device)
        })
    }

    /// The same for somebody at the desk.
    ///
    /// # Errors
    /// [`CallRefusal::NotFound`] when the actor administers no such phone.
    pub fn revoke_administered(&self, actor: &Actor, id: DeviceId) -> Result<(), HubError> {
        let now = self.now();
        self.store.write(|writing| {
            let (device, _) = administered(writing, actor, id)?;
            revoke(writing, now, actor.account.as_str(), device)
        })
    }
}

fn revoke(writing: &mut dyn Writing, now: Millis, who: &str, device: Device) -> Result<(), HubError> {
    let id = device.id;
    let at = shut_out_at(now, writing, [&device])?;
    writing.put_device(&Device { revoked_at: device.revoked_at.or(Some(at)), ..device })?;
    note(writing, now, who, "revoke", &id.to_string())
}

/// Whether somebody of this role writes on a phone.
fn carries_phone(role: Role) -> bool {
    allowed(role, Action::Write, &Kind::Incident)
}

/// Whether an actor looks after an account: everything that it sees lies in the actor's own scope. What was merged into a cell is not asked
/// about beside that one: it comes along with it from wherever it lay.
pub(super) fn administers(
    reading: &(impl Reading + ?Sized),
    actor: &Actor,
    account: &Account,
) -> Result<bool, HubError> {
    let desk_role = matches!(actor.role, Role::Admin | Role::Supervisor);
    // A supervisor looks after the workers below, not after other supervisors.
    let below = actor.role == Role::Admin || matches!(account.role, Role::Worker | Role::Informant);
    if !desk_role || !below || !account.scopes.iter().all(|scope| actor.contains(scope)) {
        return Ok(false);
    }
    let holdings = reading.holdings(&account.id)?;
    let held = holdings.iter().filter(|held| held.until.is_none());
    let mut cells: Vec<CellCode> = held.map(|held| held.cell.clone()).collect();
    if account.scopes.is_empty() && cells.is_empty() {
        // Whoever looked after a worker to the end still takes in what the phone of that time hands in.
        cells.extend(holdings.into_iter().map(|held| held.cell));
    }
    for cell in cells.iter().filter(|cell| !actor.covers(cell)) {
        if !comes_with(reading, cell, &cells)? {
            return Ok(false);
        }
    }
    Ok(!account.scopes.is_empty() || !cells.is_empty())
}

fn check_words(request: &EnrolRequest) -> Result<(), HubError> {
    let mut problems = Vec::new();
    problems.extend(line_problem("device_name", request.device_name.trim(), DEVICE_NAME_MAX));
    if !request.app_version.is_empty() {
        problems.extend(line_problem("app_version", &request.app_version, 40));
    }
    if problems.is_empty() { Ok(()) } else { Err(HubError::invalid(problems)) }
}

/// Appends to the audit log.
pub(super) fn note(
    writing: &mut dyn Writing,
    at: Millis,
    who: &str,
    action: &str,
    subject: &str,
) -> Result<(), HubError> {
    let entry = AuditEntry { at, who: who.to_owned(), action: action.to_owned(), subject: subject.to_owned() };
    Ok(writing.append_audit(&entry)?)
}
