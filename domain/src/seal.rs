//! Sealing to the server's public key: what was sealed can be read by the server alone, not even by the phone that sealed it.
//!
//! HPKE (RFC 9180), base mode: DHKEM(X25519, HKDF-SHA256), HKDF-SHA256, AES-256-GCM. What is sealed begins with the 32 bytes of
//! the encapsulated key. The `purpose` enters as `info`: bytes that were sealed for one purpose, or by one device, open for no
//! other. That keeps the server from being asked to open a stranger's hand-in as if it were a lock's key.

use std::convert::Infallible;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hpke::aead::AesGcm256;
use hpke::kdf::HkdfSha256;
use hpke::kem::X25519HkdfSha256;
use hpke::rand_core::{TryCryptoRng, TryRng};
use hpke::{Deserializable, Kem, OpModeR, OpModeS, Serializable, single_shot_open, single_shot_seal_with_rng};

use crate::ids::DeviceId;
use crate::world::World;

type Dh = X25519HkdfSha256;

/// Bytes of an encapsulated key, a public key and a secret key alike.
const KEY_BYTES: usize = 32;

/// What is sealed, and by which device.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// Unsent work that is handed in: [`crate::hand_in`].
    HandIn(DeviceId),
    /// The key of a lock that the desk ordered: [`crate::order`].
    LockKey(DeviceId),
}

impl Purpose {
    fn info(self) -> String {
        match self {
            Purpose::HandIn(device) => format!("doorstep hand-in 1 {device}"),
            Purpose::LockKey(device) => format!("doorstep lock-key 1 {device}"),
        }
    }
}

/// Why something could not be sealed or opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SealError {
    /// A key that is none.
    #[error("not a sealing key")]
    Key,
    /// It was sealed to another key, for another purpose, by another device, or bytes were changed on the way.
    #[error("it cannot be opened")]
    Closed,
}

/// A server's key pair for sealing.
#[derive(Clone)]
pub struct SealKeys {
    secret: <Dh as Kem>::PrivateKey,
    public: <Dh as Kem>::PublicKey,
}

impl SealKeys {
    /// A fresh pair.
    pub fn fresh(world: &mut dyn World) -> Self {
        let mut seed = [0; KEY_BYTES];
        world.fill(&mut seed);
        let (secret, public) = Dh::derive_keypair(&seed);
        Self { secret, public }
    }

    /// The pair that was stored as [`SealKeys::secret_text`].
    ///
    /// # Errors
    /// [`SealError::Key`].
    pub fn from_secret_text(text: &str) -> Result<Self, SealError> {
        let bytes = URL_SAFE_NO_PAD.decode(text).map_err(|_| SealError::Key)?;
        let secret = <Dh as Kem>::PrivateKey::from_bytes(&bytes).map_err(|_| SealError::Key)?;
        let public = Dh::sk_to_pk(&secret);
        Ok(Self { secret, public })
    }

    /// The secret half as base64url: for the server's own database and nowhere else.
    pub fn secret_text(&self) -> String {
        URL_SAFE_NO_PAD.encode(self.secret.to_bytes())
    }

    /// The public half as base64url: what phones are given.
    pub fn public_text(&self) -> String {
        URL_SAFE_NO_PAD.encode(self.public.to_bytes())
    }

    /// What was sealed to this pair for this purpose.
    ///
    /// # Errors
    /// [`SealError::Closed`].
    pub fn open(&self, purpose: Purpose, sealed: &[u8]) -> Result<Vec<u8>, SealError> {
        let (key, rest) = sealed.split_at_checked(KEY_BYTES).ok_or(SealError::Closed)?;
        let key = <Dh as Kem>::EncappedKey::from_bytes(key).map_err(|_| SealError::Closed)?;
        let info = purpose.info();
        single_shot_open::<AesGcm256, HkdfSha256, Dh>(&OpModeR::Base, &self.secret, &key, info.as_bytes(), rest, &[])
            .map_err(|_| SealError::Closed)
    }
}

/// Seals `plain` to a server's public key, so that only the server can read it.
///
/// # Errors
/// [`SealError::Key`] when `public` is no such key.
pub fn seal(public: &str, purpose: Purpose, plain: &[u8], world: &mut dyn World) -> Result<Vec<u8>, SealError> {
    let bytes = URL_SAFE_NO_PAD.decode(public).map_err(|_| SealError::Key)?;
    let public = <Dh as Kem>::PublicKey::from_bytes(&bytes).map_err(|_| SealError::Key)?;
    let info = purpose.info();
    let (key, rest) = single_shot_seal_with_rng::<AesGcm256, HkdfSha256, Dh>(
        &OpModeS::Base,
        &public,
        info.as_bytes(),
        plain,
        &[],
        &mut Chance(world),
    )
    .map_err(|_| SealError::Key)?;
    let mut sealed = key.to_bytes().to_vec();
    sealed.extend_from_slice(&rest);
    Ok(sealed)
}

/// The world's randomness in the words of the cipher.
struct Chance<'w>(&'w mut dyn World);

impl TryRng for Chance<'_> {
    type Error = Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        let mut bytes = [0; 4];
        self.0.fill(&mut bytes);
        Ok(u32::from_le_bytes(bytes))
    }

    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        Ok(self.0.random())
    }

    fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<(), Infallible> {
        self.0.fill(bytes);
        Ok(())
    }
}

impl TryCryptoRng for Chance<'_> {}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;
    use crate::world::Millis;

    struct Counting(u8);

    impl World for Counting {
        fn now(&mut self) -> Millis {
            0
        }

        fn fill(&mut self, bytes: &mut [u8]) {
            for byte in bytes {
                self.0 = self.0.wrapping_mul(5).wrapping_add(3);
                *byte = self.0;
            }
        }
    }

    fn device(number: u128) -> DeviceId {
        DeviceId(Uuid::from_u128(number))
    }

    #[test]
    fn what_is_sealed_opens_for_its_purpose_and_device_only() {
        let keys = SealKeys::fresh(&mut Counting(1));
        let again = SealKeys::from_secret_text(&keys.secret_text()).unwrap();
        assert_eq!(again.public_text(), keys.public_text());
        let sealed = seal(&keys.public_text(), Purpose::HandIn(device(1)), b"words", &mut Counting(9)).unwrap();
        assert_eq!(again.open(Purpose::HandIn(device(1)), &sealed).unwrap(), b"words");
        assert!(!sealed.windows(5).any(|window| window == b"words"));
        for purpose in [Purpose::HandIn(device(2)), Purpose::LockKey(device(1))] {
            assert_eq!(keys.open(purpose, &sealed), Err(SealError::Closed));
        }
        let other = SealKeys::fresh(&mut Counting(2));
        assert_eq!(other.open(Purpose::HandIn(device(1)), &sealed), Err(SealError::Closed));
    }

    #[test]
    fn not_one_changed_or_missing_byte_goes_unnoticed() {
        let keys = SealKeys::fresh(&mut Counting(1));
        let purpose = Purpose::LockKey(device(1));
        let sealed = seal(&keys.public_text(), purpose, &[7; 32], &mut Counting(9)).unwrap();
        for place in 0..sealed.len() {
            let mut changed = sealed.clone();
            // The highest bit of an X25519 key is ignored by definition; another bit is not.
            changed[place] ^= 1;
            assert_eq!(keys.open(purpose, &changed), Err(SealError::Closed), "byte {place}");
            assert_eq!(keys.open(purpose, &sealed[..place]), Err(SealError::Closed), "cut at {place}");
        }
    }

    #[test]
    fn a_key_that_is_none_seals_nothing() {
        for key in ["", "short", "!!!", &"A".repeat(42)] {
            assert!(seal(key, Purpose::HandIn(device(1)), b"words", &mut Counting(1)).is_err(), "{key}");
            assert!(SealKeys::from_secret_text(key).is_err(), "{key}");
        }
    }
}
