//! The names of things: records, cells, devices, accounts, photos, versions. Each its own type, so that none is taken for another.

use std::fmt;
use std::marker::PhantomData;
use std::str::FromStr;

use serde::de::Visitor;
use serde::{Deserialize, Deserializer, Serialize};
use ts_rs::TS;
use uuid::Uuid;

/// A text that is not a name of the wanted kind.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("not a valid {what}")]
pub struct Malformed {
    /// The kind of name that was expected.
    pub what: &'static str,
}

/// Reads a name from the one text that spells it, without a copy of the text.
struct Spelling<T>(PhantomData<T>);

impl<T: FromStr<Err = Malformed>> Visitor<'_> for Spelling<T> {
    type Value = T;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a lower-case hyphenated UUID")
    }

    fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<T, E> {
        text.parse().map_err(E::custom)
    }
}

macro_rules! uuid_name {
    ($(#[$doc:meta])* $name:ident, $what:literal) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, TS)]
        #[serde(transparent)]
        #[ts(type = "string")]
        #[cfg_attr(feature = "openapi", derive(utoipa::ToSchema), schema(value_type = String))]
        pub struct $name(pub Uuid);

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }

        impl FromStr for $name {
            type Err = Malformed;
            fn from_str(text: &str) -> Result<Self, Malformed> {
                // Only the hyphenated form in lower case: one record has one spelling of its name, by which an erasure finds it in
                // whatever was written.
                match Uuid::try_parse(text) {
                    Ok(uuid) if text.len() == 36 && !text.bytes().any(|b| b.is_ascii_uppercase()) => Ok(Self(uuid)),
                    _ => Err(Malformed { what: $what }),
                }
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                deserializer.deserialize_str(Spelling(PhantomData))
            }
        }
    };
}

uuid_name!(
    /// The name of a record, everywhere and for ever (UUIDv7).
    RecordId,
    "record id"
);
uuid_name!(
    /// An enrolled phone (or the desk's writing identity), given out by the server.
    DeviceId,
    "device id"
);
uuid_name!(
    /// A server database between two restores from a backup.
    Epoch,
    "epoch"
);

macro_rules! text_name {
    ($(#[$doc:meta])* $name:ident, $what:literal, $valid:expr) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, TS)]
        #[serde(transparent)]
        #[ts(type = "string")]
        #[cfg_attr(feature = "openapi", derive(utoipa::ToSchema), schema(value_type = String))]
        pub struct $name(Box<str>);

        impl $name {
            /// Reads the name.
            ///
            /// # Errors
            /// [`Malformed`] when the text has not the form of this name.
            pub fn new(text: &str) -> Result<Self, Malformed> {
                let valid: fn(&str) -> bool = $valid;
                if valid(text) { Ok(Self(text.into())) } else { Err(Malformed { what: $what }) }
            }

            /// The name as text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl FromStr for $name {
            type Err = Malformed;
            fn from_str(text: &str) -> Result<Self, Malformed> {
                Self::new(text)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
                Self::new(&text).map_err(serde::de::Error::custom)
            }
        }
    };
}

fn digits(text: &str) -> bool {
    text.bytes().all(|b| b.is_ascii_digit())
}

fn lower_hex(text: &str) -> bool {
    text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'))
}

text_name!(
    /// A cell (网格) code: 12 digits of the village or community (GB/T 2260 and below) and 3 of the cell.
    CellCode,
    "cell code",
    |t| t.len() == 15 && digits(t)
);
text_name!(
    /// A prefix of a division code: 2 province, 4 city, 6 county, 9 town, 12 village, 15 cell digits.
    /// Whoever has the scope sees everything whose code begins with it.
    Scope,
    "division code",
    |t| matches!(t.len(), 2 | 4 | 6 | 9 | 12 | 15) && digits(t)
);
text_name!(
    /// An account's sign-in name: 3–40 lower-case letters, digits, `-`, `_` or `.`.
    AccountId,
    "account name",
    |t| (3..=40).contains(&t.len())
        && t.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || matches!(b, b'-' | b'_' | b'.'))
);
text_name!(
    /// The SHA-256 of a photo's stored bytes, 64 lower-case hexadecimal digits: the photo's address on phone and server.
    Sha256Hex,
    "SHA-256",
    |t| t.len() == 64 && lower_hex(t)
);
text_name!(
    /// Names the state of a record that somebody looked at: 32 hexadecimal digits over all its stamps
    /// (see [`crate::Record::version`]). An approval names it, so it cannot cover an edit that came later.
    Version,
    "version",
    |t| t.len() == 32 && lower_hex(t)
);

/// A county's code: the first digits of every code in it.
const COUNTY_DIGITS: usize = 6;

impl CellCode {
    /// The village or community that the cell lies in.
    pub fn village(&self) -> &str {
        &self.0[..12]
    }

    /// The code of the county that the cell lies in.
    pub fn county_code(&self) -> &str {
        &self.0[..COUNTY_DIGITS]
    }

    /// The county that the cell lies in: no record ever leaves it, so this is how far what belongs to one is looked for.
    pub fn county(&self) -> Scope {
        Scope(self.county_code().into())
    }
}

impl Scope {
    /// The county that the division lies in; itself when it is larger.
    pub fn county(&self) -> Scope {
        Scope(self.0.get(..COUNTY_DIGITS).unwrap_or(&self.0).into())
    }

    /// Whether a cell lies in this scope.
    pub fn covers(&self, cell: &CellCode) -> bool {
        cell.as_str().starts_with(self.as_str())
    }

    /// Whether every cell of `other` lies in this scope too.
    pub fn contains(&self, other: &Scope) -> bool {
        other.as_str().starts_with(self.as_str())
    }
}

impl From<&CellCode> for Scope {
    fn from(cell: &CellCode) -> Self {
        Scope(cell.as_str().into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whatever_lies_in_a_county_names_it() {
        let county = Scope::new("610722").unwrap();
        let cell = CellCode::new("610722001001001").unwrap();
        assert_eq!((cell.county(), cell.county_code()), (county.clone(), "610722"));
        for code in ["610722", "610722001", "610722001001", "610722001001001"] {
            assert_eq!(Scope::new(code).unwrap().county(), county, "{code}");
        }
        for larger in ["61", "6107"].map(|code| Scope::new(code).unwrap()) {
            assert_eq!(larger.county(), larger);
        }
    }

    #[test]
    fn a_record_has_one_spelling_of_its_name() {
        let right = "01a200fb-5100-71c3-b3d4-6a1eac1ba177";
        let plain: String = right.chars().filter(|letter| *letter != '-').collect();
        assert_eq!(right.parse::<RecordId>().unwrap().to_string(), right);
        assert_eq!(serde_json::from_value::<RecordId>(right.into()).unwrap().to_string(), right);
        for wrong in [right.to_uppercase(), plain, format!("{{{right}}}"), format!("urn:uuid:{right}"), String::new()] {
            assert!(wrong.parse::<RecordId>().is_err(), "{wrong}");
            assert!(serde_json::from_value::<RecordId>(wrong.as_str().into()).is_err(), "{wrong}");
        }
    }
}
