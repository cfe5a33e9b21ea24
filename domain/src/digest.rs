//! The digest of a cell: one number in which every record of it takes part, so that two stores can tell in one look whether
//! they hold the same.
//!
//! It is the exclusive or of the records' versions ([`crate::Record::version`]). Order does not matter, and a record is taken
//! out by the very operation that put it in: each store keeps it as it writes, and none ever has to count anew.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use ts_rs::TS;

use crate::ids::{Malformed, Version};
use crate::record::Record;

/// Sixteen bytes over the versions of some records; zero over none. Written as 32 lower-case hexadecimal digits.
#[derive(Clone, Copy, Default, PartialEq, Eq, Hash, TS)]
#[ts(type = "string")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema), schema(value_type = String))]
pub struct Digest(u128);

impl Digest {
    /// The digest over one record.
    pub fn of(record: &Record) -> Self {
        Self(u128::from_be_bytes(record.version_bytes()))
    }

    /// Puts a record in that is not there, or takes one out that is.
    #[must_use]
    pub fn xor(self, other: Digest) -> Self {
        Self(self.0 ^ other.0)
    }

    /// Puts a record in.
    pub fn include(&mut self, record: &Record) {
        *self = self.xor(Digest::of(record));
    }

    /// Takes out a record that was put in, as it was then.
    pub fn exclude(&mut self, record: &Record) {
        *self = self.xor(Digest::of(record));
    }

    /// The digest as two columns of a database: the first and the last eight bytes, read as signed numbers.
    pub fn halves(self) -> (i64, i64) {
        ((self.0 >> 64) as i64, self.0 as i64)
    }

    /// Puts [`Digest::halves`] together again.
    pub fn from_halves(first: i64, last: i64) -> Self {
        Self(u128::from(first as u64) << 64 | u128::from(last as u64))
    }
}

impl From<&Version> for Digest {
    fn from(version: &Version) -> Self {
        Self(u128::from_str_radix(version.as_str(), 16).expect("a version is 32 hexadecimal digits"))
    }
}

impl<'a> FromIterator<&'a Record> for Digest {
    fn from_iter<I: IntoIterator<Item = &'a Record>>(records: I) -> Self {
        records.into_iter().fold(Digest::default(), |digest, record| digest.xor(Digest::of(record)))
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:032x}", self.0)
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for Digest {
    type Err = Malformed;
    fn from_str(text: &str) -> Result<Self, Malformed> {
        let lower_hex = text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
        if text.len() != 32 || !lower_hex {
            return Err(Malformed { what: "digest" });
        }
        u128::from_str_radix(text, 16).map(Digest).map_err(|_| Malformed { what: "digest" })
    }
}

impl Serialize for Digest {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Digest {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}
