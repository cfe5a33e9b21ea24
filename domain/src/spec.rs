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
    /// One line of at most `max` characters, no control characters: see [`crate::lines`].
    Text {
        /// Characters.
        max: usize,
    },
    /// One line or several, at most `max` characters, no control characters but line breaks.
    Lines {
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
    /// Several codes of the county's departments, none twice.
    Departments {
        /// Items.
        max: usize,
    },
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
    /// A day, `YYYY-MM-DD`, which may lie ahead (at most 100 years).
    Date,
    /// A moment in milliseconds since 1970, which may lie ahead.
    Moment,
    /// An amount in yuan as text: up to twelve digits and exactly two decimals, `7072300.00`. Never a binary fraction.
    Yuan,
    /// Names of people: 1–20, each as [`FieldType::Name`].
    Names,
    /// Who is in dispute: see [`crate::kinds::dispute::Party`].
    Parties,
    /// Answers by the item of a checklist: see [`crate::kinds::inspection::Answer`].
    Answers,
    /// Short words by the item of a checklist, for items that ask for more than yes or no: a year, a number of floors.
    ItemWords,
    /// Hazards found: see [`crate::kinds::inspection::Hazard`].
    Hazards,
    /// Who was at a place when an order was given: see [`crate::kinds::evacuation::Listed`].
    Roster,
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
    /// A GeoJSON polygon, or several: see [`crate::boundary`].
    Boundary,
    /// Values of another record of the kind by the names of their fields, as they were: see [`crate::same`].
    Values,
    /// Names of fields, none twice, at most 40.
    FieldNames,
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
        Kind::Tenancy => kinds::tenancy::FIELDS,
        Kind::Premises => kinds::premises::FIELDS,
        Kind::CarePlan => kinds::care_plan::FIELDS,
        Kind::IncidentStep => kinds::incident_step::FIELDS,
        Kind::Dispute => kinds::dispute::FIELDS,
        Kind::DisputeEvent => kinds::dispute_event::FIELDS,
        Kind::Inspection => kinds::inspection::FIELDS,
        Kind::Recheck => kinds::recheck::FIELDS,
        Kind::HazardPoint => kinds::hazard_point::FIELDS,
        Kind::ThreatenedHousehold => kinds::threatened_household::FIELDS,
        Kind::Evacuation => kinds::evacuation::FIELDS,
        Kind::RollCall => kinds::roll_call::FIELDS,
        Kind::Notice => kinds::notice::FIELDS,
        Kind::NoticeAck => kinds::notice_ack::FIELDS,
        Kind::Task => kinds::task::FIELDS,
        Kind::TaskReport => kinds::task_report::FIELDS,
        Kind::Callback => kinds::callback::FIELDS,
        Kind::Feedback => kinds::feedback::FIELDS,
        Kind::Other(_) => &[],
    }
}

/// Fields that every record that can be overwritten has besides its own: taken out of the register, moved to another cell.
pub const COMMON_FIELDS: &[FieldSpec] = &[optional("deleted", FieldType::Bool), optional("cell", FieldType::Division)];

/// The kind of record that a field of this kind names; none where it says so itself (`target_kind`, `subject_kind`), or where the
/// field names nothing.
pub fn named_kind(kind: &Kind, field: &str) -> Option<Kind> {
    let names = |spec: &&FieldSpec| spec.name == field && matches!(spec.of, FieldType::Ref | FieldType::Refs { .. });
    fields(kind).iter().find(names)?;
    match field {
        crate::same::MERGED_INTO => Some(kind.clone()),
        "building" => Some(Kind::Building),
        "dwelling" => Some(Kind::Dwelling),
        "household" => Some(Kind::Household),
        "head" | "person" => Some(Kind::Person),
        "replaces" => Some(Kind::Visit),
        "incident" | "incidents" => Some(Kind::Incident),
        "dispute" => Some(Kind::Dispute),
        "inspection" => Some(Kind::Inspection),
        "hazard_point" | "points" => Some(Kind::HazardPoint),
        "evacuation" => Some(Kind::Evacuation),
        "notice" => Some(Kind::Notice),
        "task" => Some(Kind::Task),
        "about" => Some(Kind::Feedback),
        "care_plan" => Some(Kind::CarePlan),
        "answers" => Some(Kind::IncidentStep),
        "takes_back" => Some(Kind::Review),
        "into" => Some(Kind::Incident),
        "photos" => Some(Kind::Photo),
        _ => None,
    }
}

/// The description of a field, the common ones included.
pub fn field(kind: &Kind, name: &str) -> Option<&'static FieldSpec> {
    let common = if kind.is_append_only() { &[] } else { COMMON_FIELDS };
    fields(kind).iter().chain(common).find(|spec| spec.name == name)
}

/// The fields of a kind with moments that its writer's clock gave: its own ([`Kind::moment`]), and when it was ended.
pub fn moments(kind: &Kind) -> impl Iterator<Item = &'static str> + use<> {
    fields(kind).iter().filter(|spec| spec.of == FieldType::PastMoment).map(|spec| spec.name)
}

/// The field of a kind with a day that a tap takes from the clock. All other days are chosen in a form, which shows them.
pub fn tapped_day(kind: &Kind) -> Option<&'static str> {
    match kind {
        Kind::ThreatenedHousehold => Some("card_issued_on"),
        Kind::Tenancy => Some("safety_checked_on"),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use super::*;
    use crate::kinds::dispute::{ERASED_NAME, WORDS};

    #[test]
    fn the_own_moment_of_a_kind_and_a_tapped_day_are_among_what_its_writer_s_clock_gives() {
        for kind in Kind::KNOWN {
            assert!(kind.moment().is_none_or(|own| moments(&kind).any(|field| field == own)), "{kind}");
            let day = tapped_day(&kind).and_then(|name| field(&kind, name));
            assert!(day.is_none_or(|day| day.of == FieldType::PastDate), "{kind}");
            assert_eq!(day.is_some(), tapped_day(&kind).is_some(), "{kind}");
        }
        assert_eq!(moments(&Kind::Evacuation).collect::<Vec<_>>(), ["ordered_at", "ended_at"]);
    }

    /// Writes the table of all fields beside the generated types, so that the screens know what a field holds without a copy of their own.
    #[test]
    fn export_bindings_field_table() {
        let folder = PathBuf::from(std::env::var("TS_RS_EXPORT_DIR").unwrap_or_else(|_| "bindings".into()));
        let mut text = String::from(
            "// This file was generated from the field tables of the domain. Do not edit this file manually.\n\
             import type { FieldSpec } from \"./FieldSpec\";\n\n\
             /** The fields of every kind, in the order to show them, the common ones last. */\n\
             export const FIELDS: { readonly [kind: string]: readonly FieldSpec[] } = {\n",
        );
        for kind in Kind::KNOWN {
            text.push_str(&format!("  {kind}: [\n"));
            let common = if kind.is_append_only() { &[] } else { COMMON_FIELDS };
            for spec in fields(&kind).iter().chain(common) {
                text.push_str(&format!("    {},\n", serde_json::to_string(spec).unwrap()));
            }
            text.push_str("  ],\n");
        }
        text.push_str("};\n");
        let words = serde_json::to_string(&WORDS).unwrap();
        text.push_str("\n/** The fields of a case file in which people write freely, about anybody. */\n");
        text.push_str(&format!("export const DISPUTE_WORDS: readonly string[] = {words};\n"));
        let nobody = serde_json::to_string(ERASED_NAME).unwrap();
        text.push_str("\n/** Stands where the name of a party stood that was erased: its side alone is left. */\n");
        text.push_str(&format!("export const ERASED_NAME = {nobody};\n"));
        std::fs::create_dir_all(&folder).unwrap();
        std::fs::write(folder.join("fields.ts"), &text).unwrap();
        assert!(text.contains(r#"{"name":"sex","type":"code","list":"sex","required":false}"#), "{text}");
    }
}
