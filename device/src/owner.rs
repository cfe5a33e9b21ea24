//! Whose register this is, a second time beside it: should the page break that says so, what is rescued of the register is still
//! somebody's, and goes up once that one is signed in again.

use std::fs;
use std::path::Path;

use aes_gcm::Nonce;
use aes_gcm::aead::{Aead, Payload};
use domain::World;
use domain::protocol::{ServerKeys, Tokens};
use rusqlite::Connection;
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use crate::crypto::{Key, cipher, write_whole};
use crate::store::Meta;
use crate::{Account, DeviceError};

const OWNER_FILE: &str = "register.owner";

/// What a register says of itself that no server can tell it again. No tokens: whoever copies the file gets into no account.
#[derive(Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Owner {
    account: Account,
    server: String,
    keys: ServerKeys,
}

/// The file: an [`Owner`] under the register's key.
#[derive(Serialize, Deserialize)]
struct Sealed {
    nonce: [u8; 12],
    owner: Vec<u8>,
}

impl Owner {
    /// As the register says it; none when it does not say all of it.
    pub(crate) fn of(connection: &Connection) -> Result<Option<Self>, DeviceError> {
        let (account, server) = (Meta::Account.get(connection)?, Meta::Server.get(connection)?);
        let keys = Meta::ServerKeys.get(connection)?.unwrap_or_default();
        Ok(account.zip(server).map(|(account, server)| Self { account, server, keys }))
    }

    /// As it was noted beside the register.
    pub(crate) fn read(folder: &Path, key: &Key) -> Option<Self> {
        let sealed: Sealed = serde_json::from_slice(&fs::read(folder.join(OWNER_FILE)).ok()?).ok()?;
        let payload = Payload { msg: &sealed.owner, aad: OWNER_FILE.as_bytes() };
        let plain = Zeroizing::new(cipher(key).decrypt(&Nonce::from(sealed.nonce), payload).ok()?);
        serde_json::from_slice(&plain).ok()
    }

    /// Notes it beside the register, unless it is noted there already.
    pub(crate) fn note(&self, folder: &Path, key: &Key, world: &mut dyn World) -> Result<(), DeviceError> {
        if Self::read(folder, key).as_ref() == Some(self) {
            return Ok(());
        }
        let mut nonce = [0; 12];
        world.fill(&mut nonce);
        let plain = Zeroizing::new(serde_json::to_vec(self)?);
        let owner = cipher(key)
            .encrypt(&Nonce::from(nonce), Payload { msg: &plain, aad: OWNER_FILE.as_bytes() })
            .map_err(|_| DeviceError::StorageBroken("whose register it is could not be encrypted".into()))?;
        write_whole(&folder.join(OWNER_FILE), &serde_json::to_vec(&Sealed { nonce, owner })?)
    }

    /// Fills in what a rescued register does not say any more. Without its tokens it is signed out.
    pub(crate) fn fill_in(&self, connection: &Connection) -> Result<(), DeviceError> {
        if !says::<Account>(Meta::Account, connection) {
            Meta::Account.set(connection, &self.account)?;
        }
        if !says::<String>(Meta::Server, connection) {
            Meta::Server.set(connection, &self.server)?;
        }
        if !says::<ServerKeys>(Meta::ServerKeys, connection) {
            Meta::ServerKeys.set(connection, &self.keys)?;
        }
        if !says::<Tokens>(Meta::Tokens, connection) {
            Meta::SignedOut.set(connection, &true)?;
        }
        Ok(())
    }
}

fn says<T: serde::de::DeserializeOwned>(meta: Meta, connection: &Connection) -> bool {
    meta.get::<T>(connection).is_ok_and(|value| value.is_some())
}
