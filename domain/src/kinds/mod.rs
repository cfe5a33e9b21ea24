//! The kinds of records: for each the table of its fields, and a typed struct that reads them.
//!
//! A struct is a *reading* of a record: lenient (a missing or odd value reads as none), so that an old phone can show what a
//! newer one wrote. What may be written is judged by [`crate::validate`], from the tables.

pub mod building;
pub mod callback;
pub mod care_plan;
pub mod cell;
pub mod dispute;
pub mod dispute_event;
pub mod dwelling;
pub mod evacuation;
pub mod feedback;
pub mod hazard_point;
pub mod household;
pub mod incident;
pub mod incident_step;
pub mod inspection;
pub mod notice;
pub mod notice_ack;
pub mod person;
pub mod photo;
pub mod premises;
pub mod recheck;
pub mod review;
pub mod roll_call;
pub mod task;
pub mod task_report;
pub mod tenancy;
pub mod threatened_household;
pub mod visit;

use serde_json::Value;

use crate::record::Record;

/// A position as it is stored: WGS-84 degrees.
#[derive(Debug, Clone, Copy, PartialEq, serde::Serialize, serde::Deserialize, ts_rs::TS)]
#[ts(export)]
pub struct Position {
    /// Latitude, degrees.
    pub lat: f64,
    /// Longitude, degrees.
    pub lng: f64,
    /// Radius of uncertainty, metres.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub accuracy_m: Option<f64>,
}

pub(crate) fn text(record: &Record, field: &str) -> Option<String> {
    record.text(field).filter(|text| !text.is_empty()).map(str::to_owned)
}

pub(crate) fn flag(record: &Record, field: &str) -> bool {
    record.fields.get(field).and_then(Value::as_bool).unwrap_or(false)
}

pub(crate) fn texts(record: &Record, field: &str) -> Vec<String> {
    let items = record.fields.get(field).and_then(Value::as_array);
    items.into_iter().flatten().filter_map(Value::as_str).map(str::to_owned).collect()
}

pub(crate) fn position(record: &Record, field: &str) -> Option<Position> {
    record.fields.get(field).and_then(|value| serde_json::from_value(value.clone()).ok())
}
