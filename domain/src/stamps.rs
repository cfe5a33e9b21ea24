//! The stamps of a record's fields: one that most of them share, and the exceptions.
//!
//! A record is mostly written in one go, so a stamp per field would be the larger half of every message and table.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use ts_rs::TS;

use crate::record::Fields;
use crate::stamp::Stamp;

/// Stamps by field name. Fields not among the exceptions have the common stamp.
///
/// Which fields there are is known by the owner (a [`crate::Record`] or [`crate::Change`]): a name that the owner does
/// not have has no stamp, whatever this type would answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Stamps {
    /// The stamp of every field that is not named in `except`.
    #[serde(rename = "stamp")]
    pub common: Stamp,
    /// The stamps of the other fields.
    #[serde(rename = "stamps", default, skip_serializing_if = "BTreeMap::is_empty")]
    #[ts(as = "Option<BTreeMap<String, Stamp>>", optional)]
    pub except: BTreeMap<String, Stamp>,
}

impl Stamps {
    /// All fields written at once.
    pub fn all(common: Stamp) -> Self {
        Self { common, except: BTreeMap::new() }
    }

    /// The stamp of a field that the owner has.
    pub fn of(&self, field: &str) -> Stamp {
        self.except.get(field).copied().unwrap_or(self.common)
    }

    /// The one spelling of these stamps: the most frequent stamp is the common one, among equals the greatest.
    /// Equal records are then equal byte for byte, wherever and in whatever order they were merged.
    pub fn from_pairs<'a>(pairs: impl IntoIterator<Item = (&'a str, Stamp)>) -> Self {
        let pairs: Vec<(&str, Stamp)> = pairs.into_iter().collect();
        let mut counts = BTreeMap::<Stamp, usize>::new();
        for (_, stamp) in &pairs {
            *counts.entry(*stamp).or_default() += 1;
        }
        let common =
            counts.iter().max_by_key(|(stamp, count)| (**count, **stamp)).map_or(Stamp::ZERO, |(stamp, _)| *stamp);
        let except =
            pairs.into_iter().filter(|(_, stamp)| *stamp != common).map(|(name, stamp)| (name.into(), stamp)).collect();
        Self { common, except }
    }

    /// The stamps of these fields alone, in their one spelling.
    pub fn only(&self, fields: &Fields) -> Self {
        Self::from_pairs(fields.keys().map(|field| (field.as_str(), self.of(field))))
    }

    /// The greatest stamp among the named fields.
    pub fn greatest<'a>(&self, fields: impl IntoIterator<Item = &'a String>) -> Stamp {
        fields.into_iter().map(|field| self.of(field)).max().unwrap_or(Stamp::ZERO)
    }
}
