//! Tokens, codes and passwords: made random, kept as hashes only. And keys, which are kept.

use argon2::password_hash::phc::PasswordHash;
use argon2::{Algorithm, Argon2, Params, PasswordHasher, PasswordVerifier, Version};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use domain::{Problem, ProblemCode, World};
use sha2::{Digest, Sha256};

use crate::hub::HubError;
use crate::store::{SecretHash, Store};

/// The characters of codes that people type: Crockford's base 32, without I, L, O and U.
const TYPED: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";

/// Characters of an enrolment code: 12 × 5 bits.
const CODE_CHARS: usize = 12;

/// A password has at least so many characters.
const PASSWORD_CHARS_MIN: usize = 10;

/// Longer passwords are not hashed: that would be work for nothing.
const PASSWORD_CHARS_MAX: usize = 200;

/// A fresh token: 256 random bits, base64url.
pub(super) fn token(world: &mut dyn World) -> String {
    let mut bytes = [0; 32];
    world.fill(&mut bytes);
    URL_SAFE_NO_PAD.encode(bytes)
}

/// The key of this database that is kept under a setting, made when it is first asked for.
///
/// # Errors
/// [`HubError::Broken`] when what is kept is no key; `of_what` says whose.
pub(super) fn key_kept_as(
    setting: &str,
    of_what: &str,
    store: &impl Store,
    world: &mut dyn World,
) -> Result<[u8; 32], HubError> {
    let text = kept_as(setting, store, || token(world))?;
    let key = URL_SAFE_NO_PAD.decode(text).ok().and_then(|bytes| bytes.try_into().ok());
    key.ok_or_else(|| HubError::Broken(format!("the key of {of_what} is unreadable")))
}

/// The text that is kept under a setting; `fresh` makes it where there is none yet. Two programs may open a new database at once, the server
/// and a command beside it: the first text stays, and both have that. Otherwise the server would go on with one that is kept nowhere, phones
/// be enrolled by it, and the next start know nothing of it.
///
/// # Errors
/// [`HubError::Store`].
pub(super) fn kept_as(setting: &str, store: &impl Store, fresh: impl FnOnce() -> String) -> Result<String, HubError> {
    if let Some(kept) = store.read(|reading| reading.setting(setting))? {
        return Ok(kept);
    }
    // Not while nobody else may write: chance may take its time.
    let fresh = fresh();
    store.write(|writing| {
        if let Some(kept) = writing.setting(setting)? {
            return Ok(kept);
        }
        writing.put_setting(setting, &fresh)?;
        Ok::<_, HubError>(fresh)
    })
}

/// A fresh code that people can type: three groups of four characters.
pub(super) fn typed_code(world: &mut dyn World) -> String {
    let mut bytes = [0; CODE_CHARS];
    world.fill(&mut bytes);
    let chars: Vec<char> = bytes.iter().map(|byte| char::from(TYPED[usize::from(byte % 32)])).collect();
    chars.chunks(4).map(|group| group.iter().collect::<String>()).collect::<Vec<_>>().join("-")
}

/// The hash under which a token is stored. Tokens are random, so a plain hash cannot be guessed backwards.
pub(super) fn hash_token(token: &str) -> SecretHash {
    SecretHash(Sha256::digest(token.as_bytes()).into())
}

/// The hash under which a typed code is stored: case, hyphens and look-alike letters do not matter.
pub(super) fn hash_code(code: &str) -> SecretHash {
    let plain: String = code
        .chars()
        .filter(char::is_ascii_alphanumeric)
        .map(|c| match c.to_ascii_uppercase() {
            'I' | 'L' => '1',
            'O' => '0',
            other => other,
        })
        .collect();
    hash_token(&plain)
}

/// Argon2id with 19 MiB and two passes: the least that is recommended, so that a few sign-ins at once stay within a small server's memory.
fn argon() -> Argon2<'static> {
    let params = Params::new(19 * 1024, 2, 1, None).expect("these parameters are within Argon2's bounds");
    Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
}

/// Hashes a password that somebody chose.
///
/// # Errors
/// [`domain::protocol::CallRefusal::Invalid`] when it is too short, or longer than what is ever compared at a sign-in.
pub(super) fn new_password_hash(password: &str) -> Result<String, HubError> {
    let (code, limit) = match password.chars().count() {
        count if count < PASSWORD_CHARS_MIN => (ProblemCode::TooSmall, PASSWORD_CHARS_MIN),
        count if count > PASSWORD_CHARS_MAX => (ProblemCode::TooLong, PASSWORD_CHARS_MAX),
        _ => return hash_password(password),
    };
    Err(HubError::invalid(vec![Problem::with_limit("password", code, limit as i64)]))
}

/// Whether it is worth comparing: nobody's password is longer.
pub(super) fn may_be_password(password: &str) -> bool {
    password.chars().count() <= PASSWORD_CHARS_MAX
}

/// Hashes a password for storing.
///
/// # Errors
/// [`HubError::Broken`] when the hash cannot be computed.
pub(super) fn hash_password(password: &str) -> Result<String, HubError> {
    let hash = argon().hash_password(password.as_bytes()).map_err(|error| HubError::Broken(error.to_string()))?;
    Ok(hash.to_string())
}

/// Whether the password is the one that was hashed. An account without one takes as long as one with a wrong password.
pub(super) fn is_password(password: &str, stored: Option<&str>) -> bool {
    let Some(stored) = stored else {
        // The work is done for nothing, so that the time does not tell which accounts exist.
        let _ = hash_password(password);
        return false;
    };
    PasswordHash::new(stored).is_ok_and(|hash| argon().verify_password(password.as_bytes(), &hash).is_ok())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hub::world::SystemWorld;

    #[test]
    fn a_password_opens_only_with_itself() {
        let stored = hash_password("正确 horse 8").unwrap();
        assert!(stored.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"));
        assert!(is_password("正确 horse 8", Some(&stored)));
        assert!(!is_password("正确 horse 9", Some(&stored)));
        assert!(!is_password("", None));
        assert!(!is_password("", Some("no hash at all")));
    }

    #[test]
    fn a_code_is_read_however_it_was_typed() {
        let code = typed_code(&mut SystemWorld);
        assert_eq!(code.len(), 14);
        assert_eq!(hash_code(&code), hash_code(&code.to_lowercase().replace('-', " ")));
        assert_eq!(hash_code("10AB"), hash_code("IoAb"));
        assert_ne!(hash_code("10AB"), hash_code("10AC"));
    }

    #[test]
    fn tokens_are_long_and_never_alike() {
        let (one, other) = (token(&mut SystemWorld), token(&mut SystemWorld));
        assert_eq!(one.len(), 43);
        assert_ne!(one, other);
    }
}
