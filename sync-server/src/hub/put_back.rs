//! What the desk is told after the database was put back from a backup. Which phones were revoked or enrolled since the backup cannot
//! be known any more: somebody has to look, and says when that is done.

use domain::Scope;
use domain::protocol::CallRefusal;
use domain::scope::{Actor, Role};
use domain::world::Millis;
use serde::{Deserialize, Serialize};

use crate::hub::phones::note;
use crate::hub::tokens::{LOST_SINCE, RESTORED_AT, moment};
use crate::hub::{Hub, HubError};
use crate::store::{Reading, Store};

/// The setting that says who has looked after what.
const LOOKED_AFTER: &str = "put_back_looked_after";

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
