//! A database that was put back from a backup: what it has lost, and what the desk is told. Which phones were revoked or enrolled since
//! the backup cannot be known any more: somebody has to look, and says when that is done.

use domain::Scope;
use domain::protocol::CallRefusal;
use domain::scope::{Actor, Role};
use domain::world::Millis;
use serde::{Deserialize, Serialize};

use crate::hub::phones::note;
use crate::hub::{Hub, HubError};
use crate::store::{Reading, Store, Writing};

/// The settings that say when a backup was made, when it was put back last, from when on work is missing from it since, and all times
/// that were lost so.
pub(super) const BACKED_UP_AT: &str = "backed_up_at";
const RESTORED_AT: &str = "restored_at";
const LOST_SINCE: &str = "lost_since";
const LOST_TIMES: &str = "lost_times";
/// So many lost times are kept: nobody puts a database back more often while a token lives.
const LOST_TIMES_MAX: usize = 100;
/// The setting that says who has looked after what.
const LOOKED_AFTER: &str = "put_back_looked_after";

/// A moment, or a length of time, that is kept as a setting.
pub(super) fn moment(reading: &(impl Reading + ?Sized), setting: &str) -> Result<Option<Millis>, HubError> {
    Ok(reading.setting(setting)?.and_then(|text| text.parse().ok()))
}

/// What a database has lost: everything between a backup and the moment when it was put back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
struct LostTime {
    /// None where the backup does not say when it was made: a file that was copied by other means than the command for it.
    since: Option<Millis>,
    until: Millis,
}

/// All that it has lost, each time that it was put back: a phone may not have called between two of them.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct LostTimes(Vec<LostTime>);

impl LostTimes {
    /// What the database has lost so far.
    pub(super) fn of(reading: &(impl Reading + ?Sized)) -> Result<Self, HubError> {
        let read = |text: String| serde_json::from_str(&text);
        let known: Option<Self> = reading.setting(LOST_TIMES)?.map(read).transpose().map_err(unreadable)?;
        // Put back by a version that knew of the last time only.
        let since = if known.is_none() { moment(reading, LOST_SINCE)? } else { None };
        let mut lost = known.unwrap_or_default();
        // Or by one that kept no time of which it did not know the beginning.
        let missing = moment(reading, RESTORED_AT)?.filter(|restored| lost.end() < Some(*restored));
        lost.0.extend(missing.map(|until| LostTime { since, until }));
        Ok(lost)
    }

    /// It was put back at this moment.
    pub(super) fn put_back(writing: &mut dyn Writing, now: Millis) -> Result<(), HubError> {
        let mut lost = Self::of(writing)?;
        // The oldest go, and not what is over by a clock that may be ahead just now.
        let too_many = lost.0.len().saturating_sub(LOST_TIMES_MAX - 1);
        lost.0.drain(..too_many);
        let since = moment(writing, BACKED_UP_AT)?;
        if let Some(backed_up) = since {
            writing.put_setting(LOST_SINCE, &backed_up.to_string())?;
        }
        lost.0.push(LostTime { since, until: now });
        let text = serde_json::to_string(&lost).map_err(|error| HubError::Broken(error.to_string()))?;
        writing.put_setting(LOST_TIMES, &text)?;
        Ok(writing.put_setting(RESTORED_AT, &now.to_string())?)
    }

    /// Until when something may have been stamped that is lost; none when nothing is.
    pub(super) fn end(&self) -> Option<Millis> {
        self.0.iter().map(|time| time.until).max()
    }

    /// Whether it is known that what was done at this moment was lost.
    pub(super) fn contain(&self, moment: Millis) -> bool {
        self.0.iter().any(|time| time.since.is_some_and(|since| (since..=time.until).contains(&moment)))
    }
}

fn unreadable(error: serde_json::Error) -> HubError {
    HubError::Broken(format!("lost times: {error}"))
}

/// That the database was put back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PutBack {
    /// When.
    pub at: Millis,
    /// When the backup was made; none when the backup does not say.
    pub backed_up_at: Option<Millis>,
}

/// Where somebody has looked after a restore.
#[derive(Debug, Default, Serialize, Deserialize)]
struct LookedAfter {
    at: Millis,
    scopes: Vec<Scope>,
}

impl LookedAfter {
    /// What was noted of this very restore.
    fn of(reading: &(impl Reading + ?Sized), put_back: PutBack) -> Result<Self, HubError> {
        let noted = reading.setting(LOOKED_AFTER)?.and_then(|text| serde_json::from_str::<Self>(&text).ok());
        let fresh = Self { at: put_back.at, scopes: Vec::new() };
        Ok(noted.filter(|noted| noted.at == put_back.at).unwrap_or(fresh))
    }

    fn covers(&self, actor: &Actor) -> bool {
        actor.scopes.iter().all(|own| self.scopes.iter().any(|scope| scope.contains(own)))
    }
}

fn last(reading: &(impl Reading + ?Sized)) -> Result<Option<PutBack>, HubError> {
    let backed_up_at = moment(reading, LOST_SINCE)?;
    Ok(moment(reading, RESTORED_AT)?.map(|at| PutBack { at, backed_up_at }))
}

impl<S: Store> Hub<S> {
    /// That the database was put back, until an administrator has looked after the actor's places.
    ///
    /// # Errors
    /// [`CallRefusal::NotAllowed`] for a role that administers no phones.
    pub fn put_back_for(&self, actor: &Actor) -> Result<Option<PutBack>, HubError> {
        if !matches!(actor.role, Role::Admin | Role::Supervisor) {
            return Err(HubError::refused(CallRefusal::NotAllowed));
        }
        self.store.read(|reading| {
            let Some(put_back) = last(reading)? else { return Ok(None) };
            let seen = LookedAfter::of(reading, put_back)?.covers(actor);
            Ok(Some(put_back).filter(|_| !seen))
        })
    }

    /// An administrator has looked after the own places since the restore of that moment. Noted in the audit log, once.
    ///
    /// # Errors
    /// [`CallRefusal::NotAllowed`] for everybody else; [`CallRefusal::Stale`] when the database was put back at another moment, or never.
    pub fn look_after_put_back(&self, actor: &Actor, at: Millis) -> Result<(), HubError> {
        if actor.role != Role::Admin {
            return Err(HubError::refused(CallRefusal::NotAllowed));
        }
        let now = self.now();
        self.store.write(|writing| {
            let put_back = last(writing)?.filter(|put_back| put_back.at == at);
            let put_back = put_back.ok_or_else(|| HubError::refused(CallRefusal::Stale))?;
            let mut looked_after = LookedAfter::of(writing, put_back)?;
            if looked_after.covers(actor) {
                return Ok(());
            }
            looked_after.scopes.extend(actor.scopes.iter().cloned());
            let text = serde_json::to_string(&looked_after).map_err(|error| HubError::Broken(error.to_string()))?;
            writing.put_setting(LOOKED_AFTER, &text)?;
            note(writing, now, actor.account.as_str(), "put_back_looked_after", &at.to_string())
        })
    }
}
