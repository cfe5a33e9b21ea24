//! What changed against what was approved.

use std::collections::BTreeSet;

use domain::{Fields, Kind};
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

#[cfg(test)]
mod tests {
    use domain::{CellCode, Record, RecordId, Stamp, Stamps};
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
}
