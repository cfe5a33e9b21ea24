//! What a field may hold: the one description that validation, forms and documents read.

use serde::Serialize;
use ts_rs::TS;

use crate::codes::CodeList;
use crate::record::Kind;

/// The type of a field's value. Every field may also be `null` (emptied), unless it is required.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, TS)]
#[serde(tag = "type", rename_all = "snake_case")]
#[ts(export)]
pub enum FieldType {
    /// One line or several, at most `max` characters, no control characters but line breaks.
    Text {
        /// Characters.
        max: usize,
    },
    /// A person's name: 1–50 characters, `·` and rare characters allowed, no digits or symbols.
    Name,
    /// A code of a fixed list.
    Code {
        /// The list.
        list: CodeList,
    },
    /// Several codes of a fixed list, none twice.
    Codes {
        /// The list.
        list: CodeList,
    },
    /// A code of the county's categories (four digits).
    Category,
    /// A whole number within bounds.
    Int {
        /// Least.
        min: i64,
        /// Greatest.
        max: i64,
    },
    /// Yes or no.
    Bool,
    /// A day, `YYYY-MM-DD`, not after today.
    PastDate,
    /// A moment in milliseconds since 1970, not after now (with a day's grace for clocks).
    PastMoment,
    /// Another record's id.
    Ref,
    /// Several records' ids.
    Refs {
        /// Items.
        max: usize,
    },
    /// A telephone number.
    Phone,
    /// An identity or other document number, judged together with `document_kind`.
    DocumentNumber,
    /// WGS-84 position `{lat, lng, accuracy_m}`.
    Position,
    /// A SHA-256 in hexadecimal.
    Sha256,
    /// A version of a record (see [`crate::Version`]).
    Version,
    /// Field name → remark (1–500 characters), at most 40.
    Remarks,
    /// A GeoJSON geometry of at most 64 kB.
    GeoJson,
    /// A division or cell code.
    Division,
    /// An account's name.
    Account,
}

/// A field of a kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, TS)]
#[ts(export)]
pub struct FieldSpec {
    /// Its name.
    pub name: &'static str,
    /// What it holds.
    #[serde(flatten)]
    pub of: FieldType,
    /// Must be there when the record is created, and may never be emptied.
    pub required: bool,
}

pub(crate) const fn required(name: &'static str, of: FieldType) -> FieldSpec {
    FieldSpec { name, of, required: true }
}

pub(crate) const fn optional(name: &'static str, of: FieldType) -> FieldSpec {
    FieldSpec { name, of, required: false }
}

/// The fields of a kind; none for a kind that this version does not know.
pub fn fields(kind: &Kind) -> &'static [FieldSpec] {
    use crate::kinds;
    match kind {
        Kind::Cell => kinds::cell::FIELDS,
        Kind::Building => kinds::building::FIELDS,
        Kind::Dwelling => kinds::dwelling::FIELDS,
        Kind::Household => kinds::household::FIELDS,
        Kind::Person => kinds::person::FIELDS,
        Kind::Visit => kinds::visit::FIELDS,
        Kind::Incident => kinds::incident::FIELDS,
        Kind::Photo => kinds::photo::FIELDS,
        Kind::Review => kinds::review::FIELDS,
        Kind::Other(_) => &[],
    }
}

/// Fields that every record that can be overwritten has besides its own: taken out of the register, moved to another cell.
pub const COMMON_FIELDS: &[FieldSpec] = &[optional("deleted", FieldType::Bool), optional("cell", FieldType::Division)];

/// The description of a field, the common ones included.
pub fn field(kind: &Kind, name: &str) -> Option<&'static FieldSpec> {
    let common = if kind.is_append_only() { &[] } else { COMMON_FIELDS };
    fields(kind).iter().chain(common).find(|spec| spec.name == name)
}
