//! A change: some fields of a record, when they were written, and what their writer had seen before.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use ts_rs::TS;

use crate::ids::{CellCode, RecordId};
use crate::record::{Fields, Kind, Record};
use crate::stamp::Stamp;
use crate::stamps::Stamps;

/// What one writer did to one record since it was last acknowledged. The first change of a record creates it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[serde(from = "FlatChange")]
#[ts(export)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Change {
    /// The record.
    pub id: RecordId,
    /// Its kind; of a known record it must be the same.
    pub kind: Kind,
    /// The cell in which the writer held it. Moving it elsewhere is a value of the field `cell`.
    pub cell: CellCode,
    /// The new values.
    #[ts(type = "{ [key in string]: unknown }")]
    #[cfg_attr(feature = "openapi", schema(value_type = Object))]
    pub fields: Fields,
    /// When each was written.
    #[serde(flatten)]
    pub stamps: Stamps,
    /// The stamp that the writer had seen on a field before writing it; a field without one had no value.
    /// A different stamp on the server means that two people edited without knowing of each other.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    #[ts(as = "Option<BTreeMap<String, Stamp>>", optional)]
    pub base: BTreeMap<String, Stamp>,
}

/// A [`Change`] as it is read: without a flattened part, as a record is.
#[derive(Deserialize)]
struct FlatChange {
    id: RecordId,
    kind: Kind,
    cell: CellCode,
    fields: Fields,
    stamp: Stamp,
    #[serde(default)]
    stamps: BTreeMap<String, Stamp>,
    #[serde(default)]
    base: BTreeMap<String, Stamp>,
}

impl From<FlatChange> for Change {
    fn from(flat: FlatChange) -> Self {
        let FlatChange { id, kind, cell, fields, stamp, stamps, base } = flat;
        Self { id, kind, cell, fields, stamps: Stamps { common: stamp, except: stamps }, base }
    }
}

impl Change {
    /// The record as it stands when this change is all that is known of it.
    pub fn into_record(self) -> Record {
        let stamps = self.stamps.only(&self.fields);
        let cell = crate::merge::cell_of(&self.fields, &self.cell);
        Record { id: self.id, kind: self.kind, cell, fields: self.fields, stamps }
    }

    /// A whole record offered as a change: for re-offering everything after a server was restored.
    pub fn from_record(record: Record) -> Self {
        let base = BTreeMap::new();
        Change {
            id: record.id,
            kind: record.kind,
            cell: record.cell,
            fields: record.fields,
            stamps: record.stamps,
            base,
        }
    }

    /// The greatest stamp in the change.
    pub fn latest(&self) -> Stamp {
        self.stamps.greatest(self.fields.keys())
    }
}
