//! What the desk ordered this phone to do to itself, kept in a small plain file until it is done and reported.
//!
//! The file `order.json` is the commit of every step: once it is there the order will be carried out, however often the app is
//! killed in between, since every step after it can be repeated. It holds no resident's data: the order, the token with which
//! it is reported, and for a lock the wrapped key with the sealed key that opens it.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

use aes_gcm::aead::{Aead, KeyInit, Payload};
use aes_gcm::{Aes256Gcm, Nonce};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use domain::order::{DeviceOrder, StandingOrder};
use domain::seal::{Purpose, seal};
use domain::{DeviceId, Epoch, World};
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use crate::DeviceError;
use crate::biometry::BIOMETRY_FILE;
use crate::crypto::{KEY_FILE, Key, SECRET_FILE, sync_folder, write_whole};

const NOTE_FILE: &str = "order.json";
/// What the wrapped key is bound to.
const LOCK_AAD: &[u8] = b"ordered lock 1";

/// An order that was taken on, and how far it is.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Note {
    /// What is ordered.
    pub(crate) order: StandingOrder,
    /// Whether the server has the report.
    pub(crate) reported: bool,
    /// The server's address.
    pub(crate) server: String,
    /// The access token; empty once nothing more is to be said.
    pub(crate) access: String,
    /// Whether the register holds demonstration data: the lock screen says so too.
    pub(crate) demo: bool,
    /// Whether everything unsent was handed in when the order was carried out.
    pub(crate) handed_in: bool,
    /// The server's database that has it.
    #[serde(default)]
    pub(crate) epoch: Option<Epoch>,
    /// The register's key, locked away; none for a wipe.
    pub(crate) lock: Option<LockedKey>,
}

/// The key file under a key that only the server can open.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct LockedKey {
    /// The key of the lock, sealed to the server, base64url.
    pub(crate) sealed: String,
    nonce: [u8; 12],
    /// The bytes of the key file, encrypted.
    wrapped: Vec<u8>,
}

impl Note {
    /// The note in a folder, if there is one.
    pub(crate) fn read(folder: &Path) -> Option<Note> {
        let bytes = fs::read(folder.join(NOTE_FILE)).ok()?;
        match serde_json::from_slice(&bytes) {
            Ok(note) => Some(note),
            Err(_) => {
                // It was written whole or not at all; whoever changed it gets no register for it.
                tracing::error!("the note of an order cannot be read");
                None
            }
        }
    }

    /// Stores the note: whole or not at all, on the storage when this returns.
    pub(crate) fn store(&self, folder: &Path) -> Result<(), DeviceError> {
        write_whole(&folder.join(NOTE_FILE), &serde_json::to_vec(self)?)
    }

    /// Removes the note. That there is none is no error.
    pub(crate) fn remove(folder: &Path) -> Result<(), DeviceError> {
        unlink(&folder.join(NOTE_FILE))?;
        sync_folder(folder);
        Ok(())
    }
}

impl LockedKey {
    /// Locks the present key file away. The file itself is left as it is.
    pub(crate) fn of(
        folder: &Path,
        device: DeviceId,
        server_key: &str,
        world: &mut dyn World,
    ) -> Result<Self, DeviceError> {
        let file = Zeroizing::new(fs::read(folder.join(KEY_FILE))?);
        let (mut key, mut nonce) = (Key::default(), [0; 12]);
        world.fill(key.as_mut_slice());
        world.fill(&mut nonce);
        let broken = |what: &str| DeviceError::StorageBroken(what.into());
        let sealed = seal(server_key, Purpose::LockKey(device), key.as_slice(), world)
            .map_err(|_| broken("the server's key cannot be sealed to"))?;
        let wrapped = Aes256Gcm::new((&*key).into())
            .encrypt(&Nonce::from(nonce), Payload { msg: &file, aad: LOCK_AAD })
            .map_err(|_| broken("the key could not be locked away"))?;
        Ok(Self { sealed: URL_SAFE_NO_PAD.encode(sealed), nonce, wrapped })
    }

    /// Puts the key file back with the key that the server opened. The file is there, whole, when this returns.
    pub(crate) fn put_back(&self, folder: &Path, key: &str) -> Result<(), DeviceError> {
        let broken = || DeviceError::StorageBroken("the key of the lock does not fit".into());
        let bytes = Zeroizing::new(URL_SAFE_NO_PAD.decode(key).map_err(|_| broken())?);
        let key: &[u8; 32] = bytes.as_slice().try_into().map_err(|_| broken())?;
        let file = Aes256Gcm::new(key.into())
            .decrypt(&Nonce::from(self.nonce), Payload { msg: &self.wrapped, aad: LOCK_AAD })
            .map_err(|_| broken())?;
        write_whole(&folder.join(KEY_FILE), &Zeroizing::new(file))
    }
}

/// Goes on with what an order began before the app ended. Harmless when there is none.
pub(crate) fn resume(folder: &Path) -> Result<(), DeviceError> {
    match Note::read(folder) {
        Some(note) if note.order.what == DeviceOrder::Lock => destroy_key(folder),
        // Once it was reported there is nothing left of the register; what lies there now is of another time.
        Some(note) if note.order.what == DeviceOrder::Wipe && !note.reported => wipe(folder),
        _ => Ok(()),
    }
}

/// Removes the key file, and what opens the register by biometry, which the worker allows anew afterwards; the note of the lock holds
/// what is needed to get the key file back.
pub(crate) fn destroy_key(folder: &Path) -> Result<(), DeviceError> {
    for name in [BIOMETRY_FILE, KEY_FILE] {
        destroy(&folder.join(name))?;
    }
    sync_folder(folder);
    Ok(())
}

/// Removes everything that this worker's register consists of, the keys first: from then on the rest is noise. The note stays.
/// What the window keeps in folders of its own (its settings, its cache of the app's own files) holds no register.
pub(crate) fn wipe(folder: &Path) -> Result<(), DeviceError> {
    for name in [BIOMETRY_FILE, KEY_FILE, SECRET_FILE] {
        destroy(&folder.join(name))?;
    }
    for path in files(folder)? {
        unlink(&path)?;
    }
    sync_folder(folder);
    Ok(())
}

fn files(folder: &Path) -> Result<Vec<PathBuf>, DeviceError> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        if entry.file_type()?.is_file() && entry.file_name() != NOTE_FILE {
            found.push(entry.path());
        }
    }
    Ok(found)
}

/// Overwrites a small file before it is unlinked: what the storage does with the old block is its own affair, but no copy of the
/// name leads to it.
pub(crate) fn destroy(path: &Path) -> Result<(), DeviceError> {
    let length = match fs::metadata(path) {
        Ok(found) => usize::try_from(found.len()).unwrap_or(0).min(64 * 1024),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(error.into()),
    };
    let overwritten = || -> std::io::Result<()> {
        let mut file = fs::OpenOptions::new().write(true).open(path)?;
        file.write_all(&vec![0; length])?;
        file.sync_all()
    };
    if let Err(error) = overwritten() {
        tracing::warn!(%error, "a key file is removed without being overwritten");
    }
    unlink(path)
}

fn unlink(path: &Path) -> Result<(), DeviceError> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(error.into()),
        _ => Ok(()),
    }
}
