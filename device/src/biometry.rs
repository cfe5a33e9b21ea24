//! Opening the register by fingerprint or face, where the phone's own key store can hold a secret that it gives out for one only.
//!
//! The register's key is wrapped a second time, under a random secret that is never stored here: the platform's key store keeps it
//! (Android Keystore behind a biometric prompt bound to the key, iOS Keychain with an access control) and gives it out for a
//! fingerprint or a face. So a copy of the folder is no weaker than before, and without that key store there is no such thing as
//! this: a desktop has the PIN alone. The PIN stays, opens always, and is wanted again to allow this.
//!
//! What it does not do: it knows nobody. Whoever the phone's system lets in, with any fingerprint that is enrolled on it (on iOS
//! also with the phone's own passcode), opens the register. That is why a phone of several workers has none: [`crate::SharedPhone`].
//! It has no pauses after wrong tries either; the system has them.

use std::fs;
use std::path::Path;

use aes_gcm::Nonce;
use aes_gcm::aead::{Aead, Payload};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use domain::order::DeviceOrder;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

use crate::crypto::{KEY_FILE, Key, cipher, write_whole};
use crate::open::lock;
use crate::{Device, DeviceError, ordered};

pub(crate) const BIOMETRY_FILE: &str = "register.biometry";

/// The register's key under the secret that the platform's key store keeps.
#[derive(Serialize, Deserialize)]
struct Wrapped {
    nonce: [u8; 12],
    wrapped: Vec<u8>,
}

impl Device {
    /// Whether the register of this worker can be opened by biometry.
    pub fn has_biometry(&self) -> bool {
        self.folder().join(BIOMETRY_FILE).exists() && self.ordered().is_none()
    }

    /// Allows the register to be opened by biometry: answers the secret, base64url, which belongs in the platform's key store and
    /// nowhere else. An earlier one opens nothing from then on.
    ///
    /// # Errors
    /// As [`Device::unlock`] for the PIN, which wrong tries make wait like any other; [`DeviceError::Locked`] while the register is
    /// not open; the storage's errors.
    pub fn allow_biometry(&self, pin: &str) -> Result<Zeroizing<String>, DeviceError> {
        let _door = lock(&self.inner.door);
        if lock(&self.inner.open).is_none() {
            return Err(DeviceError::Locked);
        }
        let key = self.key_by_pin(pin)?;
        let (mut secret, mut nonce) = (Key::default(), [0; 12]);
        self.inner.world_mut(|world| {
            world.fill(secret.as_mut_slice());
            world.fill(&mut nonce);
        });
        let bound = bound_to(self.folder())?;
        let wrapped = cipher(&secret)
            .encrypt(&Nonce::from(nonce), Payload { msg: key.as_slice(), aad: &bound })
            .map_err(|_| DeviceError::StorageBroken("the key could not be wrapped".into()))?;
        write_whole(&self.folder().join(BIOMETRY_FILE), &serde_json::to_vec(&Wrapped { nonce, wrapped })?)?;
        Ok(Zeroizing::new(URL_SAFE_NO_PAD.encode(secret.as_slice())))
    }

    /// The PIN alone opens the register again. That nothing else did is no error.
    ///
    /// # Errors
    /// The storage's.
    pub fn forget_biometry(&self) -> Result<(), DeviceError> {
        ordered::destroy(&self.folder().join(BIOMETRY_FILE))
    }

    /// Opens the register with the secret that the platform's key store gave out.
    ///
    /// # Errors
    /// [`DeviceError::NotFound`] when biometry is not allowed or this is not its secret (it is then not asked for again);
    /// [`DeviceError::LockedByDesk`], and whatever opening the register says.
    pub fn unlock_with_biometry(&self, secret: &str) -> Result<(), DeviceError> {
        let _door = lock(&self.inner.door);
        if self.ordered() == Some(DeviceOrder::Lock) {
            return Err(DeviceError::LockedByDesk);
        }
        match self.key_by_secret(secret)? {
            Some(key) => {
                self.inner.tries.succeeded();
                self.open_with(&key)
            }
            None => {
                self.forget_biometry()?;
                Err(DeviceError::NotFound)
            }
        }
    }

    fn key_by_secret(&self, secret: &str) -> Result<Option<Key>, DeviceError> {
        let (Ok(file), Ok(bound)) = (fs::read(self.folder().join(BIOMETRY_FILE)), bound_to(self.folder())) else {
            return Ok(None);
        };
        let Ok(Wrapped { nonce, wrapped }) = serde_json::from_slice(&file) else { return Ok(None) };
        let Ok(bytes) = URL_SAFE_NO_PAD.decode(secret).map(Zeroizing::new) else { return Ok(None) };
        let (mut unlocking, mut key) = (Key::default(), Key::default());
        if bytes.len() != unlocking.len() {
            return Ok(None);
        }
        unlocking.copy_from_slice(&bytes);
        let opened = cipher(&unlocking).decrypt(&Nonce::from(nonce), Payload { msg: &wrapped, aad: &bound });
        let Ok(opened) = opened.map(Zeroizing::new) else { return Ok(None) };
        if opened.len() != key.len() {
            return Ok(None);
        }
        key.copy_from_slice(&opened);
        Ok(Some(key))
    }
}

/// It opens the register that has this key file and no other: one that was made anew in the same folder has another.
fn bound_to(folder: &Path) -> Result<Vec<u8>, DeviceError> {
    Ok(Sha256::digest(fs::read(folder.join(KEY_FILE))?).to_vec())
}
