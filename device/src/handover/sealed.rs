//! A handover as a file. Names of residents are in it, and files go astray: it is sealed (AES-256-GCM) under a code of eight
//! digits that the giving phone shows and that never goes with the file, stretched like a PIN (Argon2id). What was cut, changed
//! or made by somebody without the code is not taken.

use aes_gcm::Nonce;
use aes_gcm::aead::{Aead, Payload};
use domain::World;

use super::HandoverError;
use crate::DeviceError;
use crate::crypto::{KeyCost, cipher, stretch};

const MARK: &[u8; 8] = b"DSHAND1\n";
const SALT: usize = 16;
const NONCE: usize = 12;
const HEAD: usize = MARK.len() + 4 + SALT + NONCE;
/// No file of ours is larger.
const FILE_MAX: usize = 2 * 1024 * 1024;
/// Digits of the code.
const DIGITS: usize = 8;

/// Seals a pack: the code and the file.
pub(crate) fn seal(pack: &[u8], world: &mut dyn World) -> Result<(String, Vec<u8>), DeviceError> {
    let code = format!("{:0DIGITS$}", world.random() % 10_u64.pow(DIGITS as u32));
    let mut random = [0; SALT + NONCE];
    world.fill(&mut random);
    let (salt, nonce) = random.split_at(SALT);
    let sealed = cipher(&key(&code, salt)?)
        .encrypt(&Nonce::from(nonce_of(nonce)), Payload { msg: pack, aad: MARK })
        .map_err(|_| DeviceError::StorageBroken("a handover could not be sealed".into()))?;
    let length = u32::try_from(sealed.len()).unwrap_or(u32::MAX);
    let mut file = Vec::with_capacity(HEAD + sealed.len());
    for part in [MARK.as_slice(), &length.to_le_bytes(), &random, &sealed] {
        file.extend_from_slice(part);
    }
    Ok((code, file))
}

/// The pack in a file, given the code that the other phone shows.
pub(crate) fn open(file: &[u8], typed: &str) -> Result<Vec<u8>, HandoverError> {
    if file.len() > FILE_MAX {
        return Err(HandoverError::TooLarge);
    }
    if file.len() < HEAD || !file.starts_with(MARK) {
        return Err(HandoverError::Unreadable);
    }
    let (head, sealed) = file.split_at(HEAD);
    let length = head[MARK.len()..MARK.len() + 4].try_into().map(u32::from_le_bytes).unwrap_or_default();
    if length as usize != sealed.len() {
        return Err(HandoverError::Unreadable);
    }
    let half_width = domain::address::half_width(typed);
    let code: String = half_width.chars().filter(|c| c.is_ascii_digit()).collect();
    if code.len() != DIGITS {
        return Err(HandoverError::Code);
    }
    let (salt, nonce) = head[MARK.len() + 4..].split_at(SALT);
    let payload = Payload { msg: sealed, aad: MARK };
    cipher(&key(&code, salt)?).decrypt(&Nonce::from(nonce_of(nonce)), payload).map_err(|_| HandoverError::Code)
}

fn key(code: &str, salt: &[u8]) -> Result<crate::crypto::Key, DeviceError> {
    let KeyCost { memory_kib, passes } = KeyCost::PHONE;
    stretch(code, salt, b"doorstep handover", memory_kib, passes)
}

fn nonce_of(bytes: &[u8]) -> [u8; NONCE] {
    let mut nonce = [0; NONCE];
    nonce.copy_from_slice(bytes);
    nonce
}
