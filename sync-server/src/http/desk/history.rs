//! What became of a record: every change with its writer, the values that lost, and what supervisors said.

use std::collections::{BTreeMap, BTreeSet};

use domain::kinds::review::{Review, Said};
use domain::review::Level;
use domain::scope::Actor;
use domain::world::Millis;
use domain::{Change, Fields, Record, Stamp, Version};
use serde::Serialize;
use serde_json::Value;
use ts_rs::TS;
use utoipa::ToSchema;

use super::titles::Surroundings;
use crate::hub::conflicts::may_restore;
use crate::store::{self, Reading, StoreError, StoredRecord};

/// One line of a record's history.
#[derive(Debug, Clone, PartialEq, Serialize, TS, ToSchema)]
#[ts(export)]
pub struct HistoryEntry {
    /// When the server took it.
    pub at: Millis,
    /// Who, by the name shown; empty: it came with the register.
    pub by: String,
    /// From which phone, by its name; none: at the desk.
    pub device: Option<String>,
    /// The values.
    #[ts(type = "{ [field in string]: unknown }")]
    #[schema(value_type = Object)]
    pub fields: Fields,
    /// These values lost against others: somebody wrote the same fields without knowing of this.
    pub lost: bool,
    /// Of values that lost, by field: what is known of the two.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    #[ts(as = "Option<BTreeMap<String, SetAsideValue>>", optional)]
    pub set_aside: BTreeMap<String, SetAsideValue>,
    /// Of a review: `approved`, `returned`, `corrected` or `taken_back`.
    pub verdict: Option<String>,
    /// Of a review where the county has two levels: for which of them.
    pub level: Option<Level>,
    /// Of a correction: the fields that were put right.
    pub corrected: Vec<String>,
    /// Of a review: remarks on single fields.
    pub remarks: BTreeMap<String, String>,
    /// Of a review: a remark on the whole.
    pub note: Option<String>,
}

/// A value that lost: how to have it back, and whose value stands in its place now.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, TS, ToSchema)]
#[ts(export)]
pub struct SetAsideValue {
    /// Names the value, with record and field.
    #[schema(value_type = String)]
    pub stamp: Stamp,
    /// Who wrote what stands now, by the name shown; none: it came with the register.
    pub kept_by: Option<String>,
    /// When that was written.
    pub kept_at: Millis,
    /// This value stands again; told here because two that differ may look alike masked.
    pub stands: bool,
    /// Whether whoever asks may let this value stand again.
    pub restorable: bool,
}

/// The lines of a record's history, oldest first.
pub(super) fn lines(
    reading: &dyn Reading,
    around: &mut Surroundings<'_>,
    actor: &Actor,
    stored: &StoredRecord,
    entries: &[store::HistoryEntry],
    reviews: &[Record],
) -> Result<Vec<HistoryEntry>, StoreError> {
    let lost: BTreeSet<(&str, Stamp)> =
        entries.iter().flat_map(|entry| &entry.lost).map(|lost| (lost.field.as_str(), lost.stamp)).collect();
    let mut lines = Vec::new();
    for entry in entries {
        let by = around.person(&entry.by)?;
        let device = match entry.device {
            Some(id) => reading.device(id)?.map(|device| device.name),
            None => None,
        };
        let (gone, kept): (Fields, Fields) = entry
            .fields
            .clone()
            .into_iter()
            .partition(|(field, _)| lost.contains(&(field.as_str(), entry.stamps.of(field))));
        if !kept.is_empty() {
            lines.push(written(entry.at, by.clone(), device.clone(), kept, false));
        }
        if !gone.is_empty() {
            let lost = gone.iter().map(|(field, value)| (field, entry.stamps.of(field), value));
            let set_aside = set_aside(around, actor, &stored.record, entries, lost)?;
            lines.push(HistoryEntry { set_aside, ..written(entry.at, by, device, gone, true) });
        }
    }
    for (value, was) in lost_of_the_register(entries) {
        let lost = std::iter::once((&value.field, value.stamp, &value.value));
        let set_aside = set_aside(around, actor, &stored.record, entries, lost)?;
        let fields = Fields::from([(value.field.clone(), value.value.clone())]);
        lines.push(HistoryEntry { set_aside, ..written(was, String::new(), None, fields, true) });
    }
    if entries.is_empty() {
        // Loaded in bulk, without a past: it was written once, by whom the record says.
        let by = around.person(&stored.changed_by)?;
        lines.push(written(stored.changed_at, by, None, stored.record.fields.clone(), false));
    }
    for review in reviews.iter().map(Review::from) {
        let Some(said) = review.said else { continue };
        let by = around.author(review.by.as_deref())?;
        lines.push(HistoryEntry {
            verdict: Some(verdict(said).to_owned()),
            level: review.level,
            corrected: review.corrected,
            remarks: review.remarks,
            note: review.note,
            ..written(review.at, by, None, Fields::new(), false)
        });
    }
    lines.sort_by_key(|line| line.at);
    Ok(lines)
}

/// Values that came with a register loaded in bulk and lost later: no entry of the history wrote them. With the moment at which
/// they were written.
fn lost_of_the_register(entries: &[store::HistoryEntry]) -> impl Iterator<Item = (&store::LostValue, Millis)> {
    let was_written = |lost: &&store::LostValue| {
        !entries
            .iter()
            .any(|entry| entry.fields.contains_key(&lost.field) && entry.stamps.of(&lost.field) == lost.stamp)
    };
    entries.iter().flat_map(|entry| &entry.lost).filter(was_written).map(|lost| (lost, lost.stamp.millis()))
}

/// What is known of values that lost, and of those that stand in their place.
fn set_aside<'l>(
    around: &mut Surroundings<'_>,
    actor: &Actor,
    record: &Record,
    entries: &[store::HistoryEntry],
    lost: impl Iterator<Item = (&'l String, Stamp, &'l Value)>,
) -> Result<BTreeMap<String, SetAsideValue>, StoreError> {
    let mut told = BTreeMap::new();
    for (field, stamp, value) in lost {
        let standing = record.stamps.of(field);
        let wrote =
            |entry: &&store::HistoryEntry| entry.fields.contains_key(field) && entry.stamps.of(field) == standing;
        let kept_by = entries.iter().find(wrote).map(|entry| around.person(&entry.by)).transpose()?;
        let stands = record.fields.get(field).unwrap_or(&Value::Null) == value;
        let restorable = may_restore(actor, record, field);
        told.insert(field.clone(), SetAsideValue { stamp, kept_by, kept_at: standing.millis(), stands, restorable });
    }
    Ok(told)
}

fn verdict(said: Said) -> &'static str {
    match said {
        Said::Approved => "approved",
        Said::Returned => "returned",
        Said::Corrected => "corrected",
        Said::TakenBack => "taken_back",
    }
}

fn written(at: Millis, by: String, device: Option<String>, fields: Fields, lost: bool) -> HistoryEntry {
    HistoryEntry {
        at,
        by,
        device,
        fields,
        lost,
        set_aside: BTreeMap::new(),
        verdict: None,
        level: None,
        corrected: Vec::new(),
        remarks: BTreeMap::new(),
        note: None,
    }
}

/// The record's values at the versions named, as far as its history reaches back: all changes are merged once more, in the order
/// in which the server took them.
pub(super) fn fields_at(record: &Record, entries: &[store::HistoryEntry], version: &Version) -> Option<Fields> {
    let mut standing: Option<Record> = None;
    let mut found = None;
    for entry in entries {
        let change = Change {
            id: record.id,
            kind: record.kind.clone(),
            cell: record.cell.clone(),
            fields: entry.fields.clone(),
            stamps: entry.stamps.clone(),
            base: entry.base.clone(),
        };
        let merged = domain::merge::merge(standing.as_ref(), &change).ok()?;
        if merged.record.version() == *version {
            found = Some(merged.record.fields.clone());
        }
        standing = Some(merged.record);
    }
    found
}
