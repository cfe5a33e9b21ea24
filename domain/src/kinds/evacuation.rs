//! 避险转移: an order (or drill) to bring people to safety, with the roster as it was when it was given.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

use crate::codes::CodeList;
use crate::ids::RecordId;
use crate::kinds::{flag, text};
use crate::record::Record;
use crate::spec::{FieldSpec, FieldType, optional, required};
use crate::world::Millis;

/// The fields of an evacuation.
pub const FIELDS: &[FieldSpec] = &[
    required("reason", FieldType::Lines { max: 200 }),
    required("level", FieldType::Code { list: CodeList::WarningLevel }),
    required("drill", FieldType::Bool),
    required("points", FieldType::Refs { max: 50 }),
    required("ordered_at", FieldType::PastMoment),
    required("by", FieldType::Account),
    required("roster", FieldType::Roster),
    optional("ended_at", FieldType::PastMoment),
];

/// Most people on one roster.
pub const ROSTER_MAX: usize = 600;

/// Somebody on the roster. The snapshot carries the names so that a list can be printed where nothing else is at hand.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export, optional_fields = nullable)]
pub struct Listed {
    /// The resident.
    pub person: RecordId,
    /// Their household.
    pub household: RecordId,
    /// The hazard point that threatens them.
    pub point: RecordId,
    /// Their name.
    pub name: String,
    /// Needs help moving.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub needs_help: bool,
}

/// An evacuation, read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct Evacuation {
    /// Why people are brought to safety.
    pub reason: String,
    /// Code of the warning's colour.
    pub level: String,
    /// An exercise (演练): every screen says so.
    pub drill: bool,
    /// The hazard points that it is for.
    pub points: Vec<RecordId>,
    /// When it was ordered.
    #[ts(type = "number")]
    pub ordered_at: Millis,
    /// Who ordered it: an account.
    pub by: Option<String>,
    /// Who was to be brought to safety when it was ordered.
    pub roster: Vec<Listed>,
    /// When it was ended; it stands as long as it was not.
    #[ts(type = "number | null")]
    pub ended_at: Option<Millis>,
}

impl From<&Record> for Evacuation {
    fn from(record: &Record) -> Self {
        let ids = record.fields.get("points").and_then(|value| value.as_array());
        Self {
            reason: text(record, "reason").unwrap_or_default(),
            level: text(record, "level").unwrap_or_default(),
            drill: flag(record, "drill"),
            points: ids.into_iter().flatten().filter_map(|id| id.as_str()?.parse().ok()).collect(),
            ordered_at: record.int("ordered_at").unwrap_or_default(),
            by: text(record, "by"),
            roster: roster(record),
            ended_at: record.int("ended_at"),
        }
    }
}

impl Evacuation {
    /// Whether it has not been ended.
    pub fn stands(&self) -> bool {
        self.ended_at.is_none()
    }
}

/// The people on a roster, each once; entries that cannot be read are left out.
fn roster(record: &Record) -> Vec<Listed> {
    let entries = record.fields.get("roster").and_then(|value| value.as_array());
    let mut seen = std::collections::BTreeSet::new();
    entries
        .into_iter()
        .flatten()
        .filter_map(|entry| serde_json::from_value::<Listed>(entry.clone()).ok())
        .filter(|listed| seen.insert(listed.person))
        .collect()
}

/// A roster's value without some people; none when none of them is on it. For an erasure: whoever is erased vanishes from every list.
pub fn without(roster: &serde_json::Value, erased: impl Fn(RecordId) -> bool) -> Option<serde_json::Value> {
    let entries = roster.as_array()?;
    let goes =
        |entry: &&serde_json::Value| entry.get("person").and_then(|id| id.as_str()?.parse().ok()).is_some_and(&erased);
    if !entries.iter().any(|entry| goes(&entry)) {
        return None;
    }
    Some(entries.iter().filter(|entry| !goes(entry)).cloned().collect())
}
