//! The desk: signing in with a password, server-side sessions, and what somebody at the desk may see of a record.

use domain::protocol::CallRefusal;
use domain::scope::{Actor, Role};
use domain::world::Millis;
use domain::{AccountId, RecordId};

use crate::hub::accounts::FIRST_PASSWORD_LIVES;
use crate::hub::known_time::served;
use crate::hub::phones::{REFRESH_LIVES, note};
use crate::hub::tokens::signed_out;
use crate::hub::{Hub, HubError, secrets};
use crate::store::{Account, DeskSession, Reading, SecretHash, Store, StoredRecord};

/// A session that nobody used for an hour is over.
const IDLE_MAX: Millis = 60 * 60 * 1000;
/// A session is over after twelve hours, used or not.
const SESSION_MAX: Millis = 12 * 60 * 60 * 1000;
/// How often at most the last use is written down.
const SEEN_EVERY: Millis = 60 * 1000;

/// Somebody signed in at the desk.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Desk {
    /// Who, and where.
    pub actor: Actor,
    /// The person's name.
    pub display_name: String,
    /// What every request that changes something must repeat.
    pub csrf: String,
    /// The session.
    pub session: SecretHash,
    /// The password was set by somebody else: nothing can be done before it is changed.
    pub password_first: bool,
}

/// A fresh session.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignedIn {
    /// The cookie's value; only its hash is kept.
    pub cookie: String,
    /// The session.
    pub desk: Desk,
}

/// Whether somebody of this role works at the desk.
pub fn works_at_desk(role: Role) -> bool {
    !matches!(role, Role::Worker | Role::Informant)
}

impl<S: Store> Hub<S> {
    /// Signs somebody in at the desk.
    ///
    /// # Errors
    /// [`CallRefusal::WrongPassword`] whatever of the two was wrong, and for accounts that have no desk.
    pub fn sign_in(&self, account: &str, password: &str) -> Result<SignedIn, HubError> {
        let wrong = || HubError::refused(CallRefusal::WrongPassword);
        let found = match AccountId::new(account) {
            Ok(id) => self.store.read(|reading| reading.account(&id))?,
            Err(_) => None,
        };
        let found = found.filter(|found| found.closed_at.is_none() && works_at_desk(found.role));
        let stored = found.as_ref().and_then(|found| found.password_hash.as_deref());
        let right = secrets::may_be_password(password) && secrets::is_password(password, stored);
        let verified = found.filter(|_| right).ok_or_else(wrong)?;
        let (cookie, csrf, now) = {
            let mut time = self.time();
            (secrets::token(time.world.as_mut()), secrets::token(time.world.as_mut()), time.world.now())
        };
        let session = DeskSession {
            hash: secrets::hash_token(&cookie),
            account: verified.id.clone(),
            csrf,
            since: now,
            seen_at: now,
        };
        self.store.write(|writing| {
            // Checking a password takes its time: what the office did meanwhile has the last word.
            let same = |found: &Account| found.closed_at.is_none() && found.password_hash == verified.password_hash;
            let account = writing.account(&verified.id)?.filter(same).ok_or_else(wrong)?;
            let first = writing.first_password_since(&account.id)?;
            if first.is_some_and(|since| now - since > FIRST_PASSWORD_LIVES) {
                return Err(wrong());
            }
            let served_long_ago = served(writing)? - REFRESH_LIVES;
            writing.remove_expired(now, served_long_ago)?;
            writing.put_desk_session(&session)?;
            note(writing, now, account.id.as_str(), "sign_in", "desk")?;
            Ok(SignedIn { cookie, desk: desk(&account, &session, first.is_some()) })
        })
    }

    /// The session that a cookie belongs to.
    ///
    /// # Errors
    /// [`CallRefusal::SignedOut`] when there is none or it is over.
    pub fn desk(&self, cookie: &str) -> Result<Desk, HubError> {
        let hash = secrets::hash_token(cookie);
        let now = self.now();
        let (session, desk) = self.store.read(|reading| living(reading, &hash))?;
        if now - session.seen_at > IDLE_MAX || now - session.since > SESSION_MAX {
            return Err(signed_out());
        }
        if now - session.seen_at > SEEN_EVERY {
            self.store.write(|writing| writing.note_desk_session_seen(&hash, now))?;
        }
        Ok(desk)
    }

    /// Somebody who was recognised before, as they stand now: what they sent, or are being sent, can be long on its way, and the
    /// office may have closed their account or moved them meanwhile. That the session was not used on the way costs it nothing.
    ///
    /// # Errors
    /// [`CallRefusal::SignedOut`] when the session was ended or the account closed.
    pub fn desk_now(&self, desk: &Desk) -> Result<Desk, HubError> {
        self.store.read(|reading| living(reading, &desk.session)).map(|(_, desk)| desk)
    }

    /// Ends a session.
    ///
    /// # Errors
    /// [`HubError::Store`].
    pub fn sign_out(&self, desk: &Desk) -> Result<(), HubError> {
        let now = self.now();
        self.store.write(|writing| {
            writing.remove_desk_session(&desk.session)?;
            note(writing, now, desk.actor.account.as_str(), "sign_out", "desk")
        })
    }

    /// A record, if it lies in the actor's scope and the role may read its kind.
    ///
    /// # Errors
    /// [`HubError::Store`].
    pub fn record_for(&self, actor: &Actor, id: RecordId) -> Result<Option<StoredRecord>, HubError> {
        self.store.read(|reading| readable(reading, actor, id))
    }
}

/// A record in an actor's scope that the role may read.
pub(super) fn readable<R: Reading + ?Sized>(
    reading: &R,
    actor: &Actor,
    id: RecordId,
) -> Result<Option<StoredRecord>, HubError> {
    for scope in &actor.scopes {
        if let Some(found) = reading.record(scope, id)? {
            let may = actor.may_read(&found.record);
            return Ok(Some(found).filter(|_| may));
        }
    }
    Ok(None)
}

/// A session that was not ended, and whose it is as they stand now.
pub(super) fn living<R: Reading + ?Sized>(reading: &R, hash: &SecretHash) -> Result<(DeskSession, Desk), HubError> {
    let session = reading.desk_session(hash)?.ok_or_else(signed_out)?;
    let account = reading.account(&session.account)?.filter(|found| found.closed_at.is_none());
    let first = reading.first_password_since(&session.account)?.is_some();
    let desk = desk(&account.ok_or_else(signed_out)?, &session, first);
    Ok((session, desk))
}

fn desk(account: &Account, session: &DeskSession, password_first: bool) -> Desk {
    Desk {
        actor: account.actor(),
        display_name: account.display_name.clone(),
        csrf: session.csrf.clone(),
        session: session.hash,
        password_first,
    }
}
