//! What changed against what was approved, and whether somebody may wave it through.

use std::collections::BTreeSet;

use domain::{Fields, Kind, Record};
use serde::Serialize;
use serde_json::Value;
use ts_rs::TS;
use utoipa::ToSchema;

/// A field that is not as the supervisor last saw it.
#[derive(Debug, Clone, PartialEq, Serialize, TS, ToSchema)]
#[ts(export)]
pub struct FieldChange {
    /// The field.
    pub field: String,
    /// Its value then; null: it had none.
    #[ts(type = "unknown")]
    #[schema(value_type = Option<Object>)]
    pub before: Value,
    /// Its value now.
    #[ts(type = "unknown")]
    #[schema(value_type = Option<Object>)]
    pub after: Value,
}

/// The fields that differ, in the order of the kind's table; emptied and missing are the same.
pub(super) fn differences(kind: &Kind, before: &Fields, after: &Fields) -> Vec<FieldChange> {
    let value = |fields: &Fields, name: &str| match fields.get(name) {
        Some(Value::String(text)) if text.is_empty() => Value::Null,
        Some(value) => value.clone(),
        None => Value::Null,
    };
    in_order(kind, before.keys().chain(after.keys()).map(String::as_str).collect())
        .into_iter()
        .map(|field| FieldChange { before: value(before, &field), after: value(after, &field), field })
        .filter(|change| change.before != change.after)
        .collect()
}

/// Fields as the table of the kind lists them, unknown ones behind.
fn in_order(kind: &Kind, names: BTreeSet<&str>) -> Vec<String> {
    let table = domain::spec::fields(kind);
    let known = table.iter().map(|spec| spec.name).filter(|name| names.contains(name));
    let unknown = names.iter().copied().filter(|name| table.iter().all(|spec| spec.name != *name));
    known.chain(unknown).map(str::to_owned).collect()
}

/// Whether approving without looking closely does little harm: a visit that says nothing but its result, or a small
/// correction of a record that was approved before. Never what says who somebody is, where they live, or that they are gone.
pub(super) fn is_low_risk(record: &Record, is_new: bool, changes: &[FieldChange]) -> bool {
    const SMALL: [&str; 6] = ["phone", "contact_phone", "best_time", "access_note", "consent", "street"];
    match record.kind {
        Kind::Visit => {
            let silent = |field: &str| match record.fields.get(field) {
                None | Some(Value::Null) => true,
                Some(Value::String(text)) => text.is_empty(),
                Some(Value::Array(items)) => items.is_empty(),
                Some(_) => false,
            };
            let plain = matches!(record.text("result"), Some("met" | "absent" | "proxy"));
            plain && ["needs", "note", "incidents", "replaces"].iter().all(|field| silent(field))
        }
        Kind::Building | Kind::Dwelling | Kind::Household | Kind::Person => {
            !is_new && changes.iter().all(|change| SMALL.contains(&change.field.as_str()))
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use domain::{CellCode, RecordId, Stamp, Stamps};
    use serde_json::json;

    use super::*;

    fn record(kind: Kind, fields: Value) -> Record {
        Record {
            id: RecordId(uuid::Uuid::from_u128(1)),
            kind,
            cell: CellCode::new("610722001001001").unwrap(),
            fields: serde_json::from_value(fields).unwrap(),
            stamps: Stamps::all(Stamp::ZERO),
        }
    }

    #[test]
    fn only_what_differs_is_a_change_and_emptied_is_the_same_as_missing() {
        let before = record(Kind::Person, json!({"name": "单文", "phone": "13800001111", "consent": null})).fields;
        let after = record(Kind::Person, json!({"name": "单文", "phone": "13900001111", "died_on": ""})).fields;
        let changes = differences(&Kind::Person, &before, &after);
        assert_eq!(
            changes,
            [FieldChange { field: "phone".into(), before: json!("13800001111"), after: json!("13900001111") }]
        );
    }

    #[test]
    fn changes_come_in_the_order_of_the_form() {
        let after = record(Kind::Person, json!({"zebra": 1, "consent": "oral", "name": "解平"})).fields;
        let names: Vec<String> =
            differences(&Kind::Person, &Fields::new(), &after).into_iter().map(|change| change.field).collect();
        assert_eq!(names, ["name", "consent", "zebra"]);
    }

    #[test]
    fn a_silent_visit_is_low_risk_and_one_with_a_need_is_not() {
        let silent = record(Kind::Visit, json!({"result": "met", "needs": [], "note": ""}));
        assert!(is_low_risk(&silent, true, &[]));
        for loud in [
            json!({"result": "met", "needs": ["care"]}),
            json!({"result": "met", "note": "门坏了"}),
            json!({"result": "refused"}),
        ] {
            assert!(!is_low_risk(&record(Kind::Visit, loud), true, &[]));
        }
    }

    #[test]
    fn a_corrected_telephone_is_low_risk_and_a_corrected_name_is_not() {
        let person = record(Kind::Person, json!({"name": "查敏"}));
        let change = |field: &str| FieldChange { field: field.into(), before: Value::Null, after: json!("x") };
        assert!(is_low_risk(&person, false, &[change("phone")]));
        assert!(!is_low_risk(&person, true, &[change("phone")]));
        for grave in ["name", "document_number", "birth_date", "household", "deleted", "died_on", "cell", "merged_into"]
        {
            assert!(!is_low_risk(&person, false, &[change("phone"), change(grave)]), "{grave}");
        }
        assert!(!is_low_risk(&record(Kind::Incident, json!({"title": "井盖"})), false, &[]));
    }
}
