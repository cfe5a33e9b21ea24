//! What can be wrong with what somebody typed or sent: stable codes that the screens translate, never sentences.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

/// One thing wrong with one field (or with the whole, when `field` is empty).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Problem {
    /// The field's name, or empty.
    pub field: String,
    /// What is wrong.
    pub code: ProblemCode,
    /// The bound that was passed, where the code speaks of one (characters, a number, items).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub limit: Option<i64>,
}

impl Problem {
    /// A problem of a field.
    pub fn new(field: &str, code: ProblemCode) -> Self {
        Self { field: field.to_owned(), code, limit: None }
    }

    /// A problem of a field that speaks of a bound.
    pub fn with_limit(field: &str, code: ProblemCode, limit: i64) -> Self {
        Self { field: field.to_owned(), code, limit: Some(limit) }
    }
}

/// The codes of problems and refusals. The language files have one sentence for each (`problem.<code>`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
#[ts(export)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum ProblemCode {
    // Fields
    /// A field that must be filled is empty or missing.
    Required,
    /// A value of another type than the field has.
    WrongType,
    /// More characters or items than `limit`.
    TooLong,
    /// Less than `limit`.
    TooSmall,
    /// More than `limit`.
    TooLarge,
    /// Not in the published list.
    UnknownCode,
    /// No such day, or not written YYYY-MM-DD.
    NoSuchDate,
    /// A day or time that has not come yet.
    InFuture,
    /// Neither a mobile nor a landline nor a short number.
    PhoneForm,
    /// Not 18 characters of the identity number's form.
    IdCardForm,
    /// The identity number's last character does not fit the others (GB 11643).
    IdCardCheck,
    /// The identity number's birth date is no day, or lies in the future.
    IdCardDate,
    /// A number was given but not of which document, or the other way round.
    DocumentIncomplete,
    /// A name with characters that no name has.
    NameForm,
    /// Not an amount in yuan with two decimals.
    AmountForm,
    /// Coordinates outside the globe or not a pair of numbers.
    PositionForm,
    /// Latitude and longitude the wrong way round: exchanged they lie in China.
    PositionSwapped,
    /// A place outside China.
    OutsideChina,
    /// A boundary that is no polygon, encloses nothing, or has a hole outside of itself.
    BoundaryForm,
    /// A boundary that does not end where it began.
    BoundaryOpen,
    /// A boundary that crosses or touches itself.
    BoundaryCrosses,
    /// A boundary of more than `limit` corners.
    TooManyCorners,
    /// A text with control characters, or with marks that turn its direction.
    ControlCharacter,
    /// A line break in a field of one line.
    LineBreak,
    /// A name that no field can have, or too many fields.
    FieldName,
    /// A value nested too deep or too large.
    ValueSize,
    /// What is shown in place of a hidden value (张*), sent back as if it were the value.
    Masked,
    // Records and changes
    /// A kind that the server does not know.
    UnknownKind,
    /// The record exists with another kind.
    OtherKind,
    /// An append-only record cannot be changed.
    Sealed,
    /// A stamp too far in the server's future.
    StampFuture,
    /// The cell is not one that this device may write, or does not exist.
    ForeignCell,
    /// The record lies in a cell that this device may not write.
    ForeignRecord,
    /// This role may not write this kind or this field.
    NotAllowed,
    /// `by` names somebody else than the signed-in account.
    OtherAuthor,
    /// A record that this one names is not known in this cell.
    MissingTarget,
    /// There are already nine photos at this record.
    TooManyPhotos,
    /// The message or change is larger than `limit` bytes.
    TooManyBytes,
    /// The record's content was erased on purpose; nothing can be added to it.
    Erased,
    /// Another dwelling of the village has the same address.
    AddressTaken,
    /// The end lies before the beginning.
    EndBeforeStart,
    /// Before the resident was born.
    BeforeBirth,
    /// The resident died: nothing is asked of them, and they do not move.
    Died,
    /// The household has a householder who lives there.
    HasHead,
    /// Two entries lie in different cells: one is moved to the other first.
    OtherCell,
    // What the county's office edits
    /// Somebody or something has this name or code already.
    Taken,
    /// Something still rests on it: it is retired or moved, not taken away.
    InUse,
    /// It is retired: nothing new is put there.
    Retired,
    // Files that are handed in
    /// No spreadsheet and no text with rows: a picture, a program, anything else.
    NotATable,
    /// The spreadsheet format of before 2007.
    OldFormat,
    /// A text in an encoding that is neither UTF-8 nor GB18030.
    UnreadableText,
    /// Nothing below the headings.
    EmptyTable,
    /// Merged cells among the rows; `limit` is the row.
    MergedCells,
    // Read, never sent
    /// A code that only a newer version knows. The rest of the answer counts all the same.
    #[serde(other)]
    Newer,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protocol::CallRefusal;

    #[test]
    fn a_code_of_a_newer_version_spoils_nothing_around_it() {
        let read: Vec<Problem> =
            serde_json::from_str(r#"[{"field":"a","code":"not_yet_thought_of"},{"field":"b","code":"required"}]"#)
                .unwrap();
        assert_eq!(read, [Problem::new("a", ProblemCode::Newer), Problem::new("b", ProblemCode::Required)]);
        assert_eq!(serde_json::from_str::<CallRefusal>(r#""not_yet_thought_of""#).unwrap(), CallRefusal::Newer);
    }
}
