//! Tokens of phones. For everybody else they are random; this server recognises them even when its database does not.
//!
//! Pairs are renewed every hour, so a database that is put back from yesterday's backup knows none that a phone holds. If that
//! signed the phones out, every worker would need a code from the desk before the work of the lost day could come back. A token
//! therefore carries whose it is and when it was issued, under a key that lies in the database: one that was issued between the
//! backup and its restore is believed once more. Whatever else the database does not know has been superseded, and is refused.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use domain::world::Millis;
use domain::{DeviceId, World};
use hmac::{Hmac, KeyInit, Mac};
use serde::{Deserialize, Serialize};
use sha2::Sha256;
use uuid::Uuid;

use crate::hub::HubError;
use crate::hub::phones::REFRESH_LIVES;
use crate::store::{Reading, Store, Writing};

/// The setting that holds the key.
const KEY: &str = "token_key";
/// The settings that say when a backup was made, when it was put back last, from when on work is missing from it since, and all times
/// that were lost so.
pub(super) const BACKED_UP_AT: &str = "backed_up_at";
pub(super) const RESTORED_AT: &str = "restored_at";
pub(super) const LOST_SINCE: &str = "lost_since";
const LOST_TIMES: &str = "lost_times";

/// 16 random bytes, the phone, the moment in milliseconds, and the mark of the key.
const BYTES: usize = 16 + 16 + 8 + 32;

/// What a token is for. One never serves as the other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Use {
    /// To call with.
    Access,
    /// To get another pair with.
    Refresh,
}

/// What a token says by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Issued {
    /// To which phone.
    pub(super) device: DeviceId,
    /// When.
    pub(super) at: Millis,
}

/// A moment that is kept as a setting.
pub(super) fn moment(reading: &(impl Reading + ?Sized), setting: &str) -> Result<Option<Millis>, HubError> {
    Ok(reading.setting(setting)?.and_then(|text| text.parse().ok()))
}

/// What a database has lost: everything between a backup and the moment when it was put back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
struct LostTime {
    since: Millis,
    until: Millis,
}

/// All that it has lost, each time that it was put back: a phone may not have called between two of them.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct LostTimes(Vec<LostTime>);

impl LostTimes {
    /// What the database has lost so far.
    pub(super) fn of(reading: &(impl Reading + ?Sized)) -> Result<Self, HubError> {
        if let Some(text) = reading.setting(LOST_TIMES)? {
            return serde_json::from_str(&text).map_err(|error| HubError::Broken(format!("lost times: {error}")));
        }
        // Put back by a version that knew of the last time only.
        let last = moment(reading, LOST_SINCE)?.zip(moment(reading, RESTORED_AT)?);
        Ok(Self(last.map(|(since, until)| LostTime { since, until }).into_iter().collect()))
    }

    /// It was put back at this moment. Where the backup does not say when it was made, nothing is known of what was lost.
    pub(super) fn put_back(writing: &mut dyn Writing, now: Millis) -> Result<(), HubError> {
        let mut lost = Self::of(writing)?;
        // No token lives longer.
        lost.0.retain(|time| time.until + REFRESH_LIVES > now);
        if let Some(backed_up) = moment(writing, BACKED_UP_AT)? {
            writing.put_setting(LOST_SINCE, &backed_up.to_string())?;
            lost.0.push(LostTime { since: backed_up, until: now });
        }
        let text = serde_json::to_string(&lost).map_err(|error| HubError::Broken(error.to_string()))?;
        writing.put_setting(LOST_TIMES, &text)?;
        Ok(writing.put_setting(RESTORED_AT, &now.to_string())?)
    }

    pub(super) fn contain(&self, moment: Millis) -> bool {
        self.0.iter().any(|time| (time.since..=time.until).contains(&moment))
    }
}

/// The key that marks the tokens of one server.
#[derive(Clone)]
pub(super) struct TokenKey([u8; 32]);

impl TokenKey {
    /// The key of this database, made when it is first asked for.
    pub(super) fn of(store: &impl Store, world: &mut dyn World) -> Result<Self, HubError> {
        let kept = store.read(|reading| reading.setting(KEY))?;
        if let Some(text) = kept {
            let bytes = URL_SAFE_NO_PAD.decode(text).ok().and_then(|bytes| bytes.try_into().ok());
            return bytes.map(Self).ok_or_else(|| HubError::Broken("the key of tokens is unreadable".into()));
        }
        let mut fresh = Self([0; 32]);
        world.fill(&mut fresh.0);
        store.write(|writing| writing.put_setting(KEY, &URL_SAFE_NO_PAD.encode(fresh.0)))?;
        Ok(fresh)
    }

    /// A fresh token, base64url.
    pub(super) fn issue(&self, to: Use, issued: Issued, world: &mut dyn World) -> String {
        let mut bytes = [0; BYTES];
        world.fill(&mut bytes[..16]);
        bytes[16..32].copy_from_slice(issued.device.0.as_bytes());
        bytes[32..40].copy_from_slice(&issued.at.to_be_bytes());
        let mark = self.mark(to, &bytes[..40]).finalize().into_bytes();
        bytes[40..].copy_from_slice(&mark);
        URL_SAFE_NO_PAD.encode(bytes)
    }

    /// What a token says, if this server issued it for this use.
    pub(super) fn read(&self, to: Use, token: &str) -> Option<Issued> {
        let bytes: [u8; BYTES] = URL_SAFE_NO_PAD.decode(token).ok()?.try_into().ok()?;
        self.mark(to, &bytes[..40]).verify_slice(&bytes[40..]).ok()?;
        let device = DeviceId(Uuid::from_slice(&bytes[16..32]).ok()?);
        Some(Issued { device, at: Millis::from_be_bytes(bytes[32..40].try_into().ok()?) })
    }

    fn mark(&self, to: Use, said: &[u8]) -> Hmac<Sha256> {
        let mut mark = Hmac::<Sha256>::new_from_slice(&self.0).expect("any length is a key");
        mark.update(match to {
            Use::Access => b"access",
            Use::Refresh => b"refresh",
        });
        mark.update(said);
        mark
    }
}
