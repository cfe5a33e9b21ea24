//! Receipts: what the server signs at the end of a round. A phone that computes the same digest knows, and can prove, that the
//! server has what the phone has.
//!
//! The signature (Ed25519) covers the statement's bytes as they were sent. Nobody has to write them anew to check it.

use std::collections::BTreeMap;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ed25519_dalek::{Signature, Signer, SigningKey, VerifyingKey};
use serde::{Deserialize, Serialize};

use crate::digest::Digest;
use crate::ids::{CellCode, DeviceId, Epoch};
use crate::world::{Millis, World};

/// What the server has of a cell.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct CellState {
    /// The number that the cell's feed had reached: the digest is that of a phone whose cursor stands here.
    pub upto: u64,
    /// Records of the cell, with those that were taken out of the register (deletion is a field) and without those that left it.
    pub records: u64,
    /// Photos among them whose bytes are stored.
    pub photos: u64,
    /// Over all of these records.
    pub digest: Digest,
}

/// What a receipt says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ReceiptStatement {
    /// The phone that it was made out to.
    pub device: DeviceId,
    /// The server's database.
    pub epoch: Epoch,
    /// When, by the server's clock.
    pub at: Millis,
    /// The cells that the phone holds and sees whole. None for a role whose view of a cell is cut: it could not compute the digest.
    pub cells: BTreeMap<CellCode, CellState>,
}

/// A signed statement.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Receipt {
    /// The [`ReceiptStatement`] as JSON: exactly the text that was signed.
    pub statement: String,
    /// Ed25519 over the statement's UTF-8 bytes: 64 bytes, base64url without padding.
    pub signature: String,
}

/// Why a receipt is worth nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ReceiptError {
    /// The key that it should be checked with is none.
    #[error("the key is not an Ed25519 key")]
    Key,
    /// Not signed with that key, or changed since.
    #[error("the signature is wrong")]
    Signature,
    /// Signed, but not a statement that this version can read.
    #[error("the statement cannot be read")]
    Statement,
}

/// The key that signs receipts.
pub struct ReceiptKey(SigningKey);

impl ReceiptKey {
    /// A fresh key.
    pub fn new(world: &mut dyn World) -> Self {
        let mut seed = [0; 32];
        world.fill(&mut seed);
        Self(SigningKey::from_bytes(&seed))
    }

    /// The key that [`ReceiptKey::to_text`] wrote; none when the text is something else.
    pub fn from_text(text: &str) -> Option<Self> {
        let seed: [u8; 32] = URL_SAFE_NO_PAD.decode(text).ok()?.try_into().ok()?;
        Some(Self(SigningKey::from_bytes(&seed)))
    }

    /// The secret half, for the server's own database: 32 bytes, base64url.
    pub fn to_text(&self) -> String {
        URL_SAFE_NO_PAD.encode(self.0.to_bytes())
    }

    /// The public half, for the phones: 32 bytes, base64url.
    pub fn verify_text(&self) -> String {
        URL_SAFE_NO_PAD.encode(self.0.verifying_key().to_bytes())
    }

    /// Signs a statement.
    pub fn sign(&self, statement: &ReceiptStatement) -> Receipt {
        let statement = serde_json::to_string(statement).expect("a statement has only texts and numbers");
        let signature = URL_SAFE_NO_PAD.encode(self.0.sign(statement.as_bytes()).to_bytes());
        Receipt { statement, signature }
    }
}

impl Receipt {
    /// What the receipt says, if the holder of the key said it.
    ///
    /// # Errors
    /// [`ReceiptError`]; nothing that the receipt says may then be believed.
    pub fn verify(&self, key: &str) -> Result<ReceiptStatement, ReceiptError> {
        let key = URL_SAFE_NO_PAD.decode(key).ok().and_then(|bytes| <[u8; 32]>::try_from(bytes).ok());
        let key = key.and_then(|bytes| VerifyingKey::from_bytes(&bytes).ok()).ok_or(ReceiptError::Key)?;
        let signature = URL_SAFE_NO_PAD.decode(&self.signature).map_err(|_| ReceiptError::Signature)?;
        let signature = Signature::from_slice(&signature).map_err(|_| ReceiptError::Signature)?;
        key.verify_strict(self.statement.as_bytes(), &signature).map_err(|_| ReceiptError::Signature)?;
        serde_json::from_str(&self.statement).map_err(|_| ReceiptError::Statement)
    }
}
