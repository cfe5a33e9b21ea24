//! The one merge. Both stores call it; neither repeats it in SQL.
//!
//! Field by field the greater stamp wins; equal stamps with different values are decided by the value's bytes. That makes
//! it commutative, associative and idempotent (Shapiro et al., "Conflict-free Replicated Data Types", 2011): whatever
//! the network repeats, drops for a while or delivers in another order, all stores end with the same record.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::change::Change;
use crate::ids::CellCode;
use crate::record::{Fields, Kind, Record, canonical_bytes};
use crate::stamp::Stamp;
use crate::stamps::Stamps;

/// What became of a change.
#[derive(Debug, Clone, PartialEq)]
pub struct Merged {
    /// The record after the change.
    pub record: Record,
    /// The fields whose value or stamp is new. Empty: everything was known, nothing needs to be written.
    pub taken: Vec<String>,
    /// The values that lost: those of the change that came too late, and those that the change replaced although its
    /// writer had not seen them. They are kept in the history and shown to both.
    pub lost: Vec<Lost>,
}

/// A value that lost against another of the same field.
#[derive(Debug, Clone, PartialEq)]
pub struct Lost {
    /// The field.
    pub field: String,
    /// The value that lost.
    pub value: Value,
    /// Its stamp.
    pub stamp: Stamp,
    /// Whether it was the value of the incoming change (else the one that stood there).
    pub incoming: bool,
}

/// Why a change cannot be merged at all.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum MergeError {
    /// The change names another kind than the record has.
    #[error("a record cannot change its kind")]
    OtherKind,
    /// An append-only record already has another value in this field.
    #[error("{field} of an append-only record cannot be changed")]
    Sealed {
        /// The field.
        field: String,
    },
}

/// Merges a change into what is known of the record.
///
/// # Errors
/// [`MergeError`] when the change does not fit the record; nothing of it may then be applied.
pub fn merge(current: Option<&Record>, change: &Change) -> Result<Merged, MergeError> {
    let Some(current) = current else {
        let taken = change.fields.keys().cloned().collect();
        return Ok(Merged { record: change.clone().into_record(), taken, lost: Vec::new() });
    };
    let Change { kind, fields, stamps, base, .. } = change;
    merge_into(current, Incoming { kind, fields, stamps, base })
}

/// Merges another store's record into the one that is known here: as the change that brings all of it, written knowing nothing.
///
/// # Errors
/// As [`merge`].
pub fn merge_record(current: &Record, other: &Record) -> Result<Merged, MergeError> {
    let Record { kind, fields, stamps, .. } = other;
    merge_into(current, Incoming { kind, fields, stamps, base: &BTreeMap::new() })
}

/// What comes in.
struct Incoming<'i> {
    kind: &'i Kind,
    fields: &'i Fields,
    stamps: &'i Stamps,
    base: &'i BTreeMap<String, Stamp>,
}

fn merge_into(current: &Record, change: Incoming<'_>) -> Result<Merged, MergeError> {
    if current.kind != *change.kind {
        return Err(MergeError::OtherKind);
    }
    let mut pairs: Vec<(&str, Stamp)> =
        current.fields.keys().map(|field| (field.as_str(), current.stamps.of(field))).collect();
    let mut fields = current.fields.clone();
    let (mut taken, mut lost) = (Vec::new(), Vec::new());
    for (field, value) in change.fields {
        let stamp = change.stamps.of(field);
        let Some(standing) = current.fields.get(field) else {
            fields.insert(field.clone(), value.clone());
            pairs.push((field, stamp));
            taken.push(field.clone());
            continue;
        };
        let standing_stamp = current.stamps.of(field);
        if current.kind.is_append_only() && standing != value {
            return Err(MergeError::Sealed { field: field.clone() });
        }
        if wins((stamp, value), (standing_stamp, standing)) {
            let unseen = change.base.get(field) != Some(&standing_stamp);
            if unseen && standing != value {
                lost.push(Lost {
                    field: field.clone(),
                    value: standing.clone(),
                    stamp: standing_stamp,
                    incoming: false,
                });
            }
            fields.insert(field.clone(), value.clone());
            if let Some(pair) = pairs.iter_mut().find(|(name, _)| name == field) {
                pair.1 = stamp;
            }
            taken.push(field.clone());
        } else if standing != value {
            lost.push(Lost { field: field.clone(), value: value.clone(), stamp, incoming: true });
        }
    }
    let stamps = Stamps::from_pairs(pairs);
    let cell = cell_of(&fields, &current.cell);
    let record = Record { id: current.id, kind: current.kind.clone(), cell, fields, stamps };
    Ok(Merged { record, taken, lost })
}

/// Whether nothing of a change comes into the record: later values stand in all of its fields.
pub fn only_loses(current: &Record, change: &Change) -> bool {
    change.fields.iter().all(|(field, value)| {
        let standing = current.fields.get(field);
        standing.is_some_and(|standing| {
            let (stamp, standing_stamp) = (change.stamps.of(field), current.stamps.of(field));
            !wins((stamp, value), (standing_stamp, standing))
        })
    })
}

/// Whether the first value replaces the second: by stamp, and between equal stamps by the value's bytes.
fn wins(incoming: (Stamp, &Value), standing: (Stamp, &Value)) -> bool {
    match incoming.0.cmp(&standing.0) {
        std::cmp::Ordering::Greater => true,
        std::cmp::Ordering::Less => false,
        // Nearly always a value that comes back: it need not be spelt out.
        std::cmp::Ordering::Equal if incoming.1 == standing.1 => false,
        std::cmp::Ordering::Equal => canonical_bytes(incoming.1) > canonical_bytes(standing.1),
    }
}

/// The cell of a record: the value of its field `cell` once it was moved, else the cell it was found in.
pub fn cell_of(fields: &Fields, found_in: &CellCode) -> CellCode {
    fields
        .get("cell")
        .and_then(Value::as_str)
        .and_then(|text| CellCode::new(text).ok())
        .unwrap_or_else(|| found_in.clone())
}
