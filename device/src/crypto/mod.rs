//! The key of the register and how a PIN guards it.
//!
//! The key is random and never derived from the PIN: it is wrapped (AES-256-GCM) under a key that Argon2id draws from the PIN
//! *and* a second secret in a file of its own, `device.secret`. That file stands for the platform's key store: where there is
//! one (Android Keystore, iOS Keychain) the secret belongs there, and six digits alone then open nothing that was copied off
//! the phone. A copy of the whole folder can be tried offline against a million PINs at about a tenth of a second each.

mod tries;

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

use aes_gcm::aead::{Aead, KeyInit, Payload};
use aes_gcm::{Aes256Gcm, Nonce};
use argon2::{Algorithm, Argon2, Params, Version};
use domain::World;
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

pub(crate) use tries::Tries;

use crate::DeviceError;

/// The key of an encrypted register.
pub(crate) type Key = Zeroizing<[u8; 32]>;

pub(crate) const KEY_FILE: &str = "register.key";
pub(crate) const SECRET_FILE: &str = "device.secret";

/// What Argon2id is asked to spend on a PIN. It is stored beside the wrapped key, so a register keeps the cost it was made with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KeyCost {
    /// Memory, KiB.
    pub memory_kib: u32,
    /// Passes over it.
    pub passes: u32,
}

impl KeyCost {
    /// What every phone spends: 64 MiB and three passes, about a tenth of a second on a cheap phone's fast cores.
    pub const PHONE: KeyCost = KeyCost { memory_kib: 64 * 1024, passes: 3 };
    /// Next to nothing: for simulations that open thousands of registers which guard nobody's data.
    pub const SIMULATION: KeyCost = KeyCost { memory_kib: 8, passes: 1 };
}

/// The wrapped key, as stored. It is written once and never touched by a wrong PIN: losing it would lose the register.
#[derive(Serialize, Deserialize)]
struct KeyFile {
    version: u16,
    memory_kib: u32,
    passes: u32,
    salt: [u8; 16],
    nonce: [u8; 12],
    wrapped: Vec<u8>,
    /// Whether the register holds demonstration data: the lock screen says so too.
    demo: bool,
}

/// Whether a text has the form of a PIN: six digits.
pub fn is_pin(text: &str) -> bool {
    text.len() == 6 && text.bytes().all(|b| b.is_ascii_digit())
}

/// The key of the register in a folder, wrapped.
pub(crate) struct WrappedKey {
    folder: PathBuf,
}

impl WrappedKey {
    pub(crate) fn in_folder(folder: &Path) -> Self {
        Self { folder: folder.to_owned() }
    }

    pub(crate) fn exists(&self) -> bool {
        self.folder.join(KEY_FILE).exists()
    }

    /// Whether the register holds demonstration data.
    pub(crate) fn is_demo(&self) -> bool {
        self.read().is_ok_and(|file| file.demo)
    }

    /// Wraps a key under a PIN and stores it. The file appears whole or not at all.
    pub(crate) fn store(
        &self,
        key: &Key,
        pin: &str,
        demo: bool,
        cost: KeyCost,
        world: &mut dyn World,
    ) -> Result<(), DeviceError> {
        let KeyCost { memory_kib, passes } = cost;
        let (mut salt, mut nonce) = ([0; 16], [0; 12]);
        world.fill(&mut salt);
        world.fill(&mut nonce);
        let secret = self.secret_or_new(world)?;
        let wrapping = stretch(pin, &salt, &secret, memory_kib, passes)?;
        let wrapped = cipher(&wrapping)
            .encrypt(&Nonce::from(nonce), Payload { msg: key.as_slice(), aad: KEY_FILE.as_bytes() })
            .map_err(|_| DeviceError::StorageBroken("the key could not be wrapped".into()))?;
        let file = KeyFile { version: 1, memory_kib, passes, salt, nonce, wrapped, demo };
        write_whole(&self.folder.join(KEY_FILE), &serde_json::to_vec(&file)?)
    }

    /// The key, if this is the PIN; none if it is not.
    pub(crate) fn open(&self, pin: &str) -> Result<Option<Key>, DeviceError> {
        let file = self.read()?;
        let secret = Zeroizing::new(fs::read(self.folder.join(SECRET_FILE))?);
        let wrapping = stretch(pin, &file.salt, &secret, file.memory_kib, file.passes)?;
        let payload = Payload { msg: &file.wrapped, aad: KEY_FILE.as_bytes() };
        let opened = cipher(&wrapping).decrypt(&Nonce::from(file.nonce), payload).map(Zeroizing::new);
        match opened {
            Err(_) => Ok(None),
            Ok(bytes) => {
                let mut key = Key::default();
                if bytes.len() != key.len() {
                    return Err(DeviceError::StorageBroken("the key file holds no key".into()));
                }
                key.copy_from_slice(&bytes);
                Ok(Some(key))
            }
        }
    }

    fn read(&self) -> Result<KeyFile, DeviceError> {
        let bytes = fs::read(self.folder.join(KEY_FILE))?;
        let file: KeyFile = serde_json::from_slice(&bytes)?;
        // A file that asks for absurd amounts of memory is not one of ours.
        if file.version == 1 && file.memory_kib <= 1024 * 1024 && file.passes <= 20 {
            Ok(file)
        } else {
            Err(DeviceError::StorageBroken("the key file has an unknown form".into()))
        }
    }

    fn secret_or_new(&self, world: &mut dyn World) -> Result<Zeroizing<Vec<u8>>, DeviceError> {
        let path = self.folder.join(SECRET_FILE);
        if !path.exists() {
            let mut secret = Zeroizing::new([0; 32]);
            world.fill(secret.as_mut_slice());
            write_whole(&path, secret.as_slice())?;
        }
        Ok(Zeroizing::new(fs::read(&path)?))
    }
}

pub(crate) fn cipher(key: &Key) -> Aes256Gcm {
    Aes256Gcm::new((&**key).into())
}

pub(crate) fn stretch(pin: &str, salt: &[u8], secret: &[u8], memory_kib: u32, passes: u32) -> Result<Key, DeviceError> {
    let broken = |error: argon2::Error| DeviceError::StorageBroken(format!("key stretching: {error}"));
    let params = Params::new(memory_kib, passes, 1, Some(32)).map_err(broken)?;
    let argon = Argon2::new_with_secret(secret, Algorithm::Argon2id, Version::V0x13, params).map_err(broken)?;
    let mut key = Key::default();
    argon.hash_password_into(pin.as_bytes(), salt, key.as_mut_slice()).map_err(broken)?;
    Ok(key)
}

/// Writes a small file so that after a crash it is the old one or the new one, readable by nobody else.
pub(crate) fn write_whole(path: &Path, bytes: &[u8]) -> Result<(), DeviceError> {
    let beside = path.with_extension("new");
    let mut options = fs::OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(&beside)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    fs::rename(&beside, path)?;
    if let Some(folder) = path.parent() {
        sync_folder(folder);
    }
    Ok(())
}

/// A rename or a removal is durable once its folder is; not every system lets a folder be opened.
pub(crate) fn sync_folder(folder: &Path) {
    if let Ok(folder) = fs::File::open(folder) {
        let _ = folder.sync_all();
    }
}
