//! What one record alone says, day by day. It depends on nothing but the record, so that sums can be kept as records are written.

use std::collections::BTreeMap;

use chrono::NaiveDate;

use super::{What, china_day, day_number};
use crate::kinds::inspection::Inspection;
use crate::month::cents;
use crate::record::{Kind, Record};

/// Something that a record says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Counted {
    /// What.
    pub what: What,
    /// On which day in China, by number; 0 for what stands now.
    pub day: i64,
    /// By which code; empty where there is none.
    pub code: String,
    /// How many, or how much.
    pub n: i64,
}

impl Counted {
    fn one(what: What, day: i64, code: &str) -> Self {
        Self { what, day, code: code.to_owned(), n: 1 }
    }
}

/// Whether records of a kind can say anything by themselves: of the others nobody need know what they were before.
pub fn is_counted(kind: &Kind) -> bool {
    matches!(
        kind,
        Kind::Household
            | Kind::Person
            | Kind::Visit
            | Kind::Incident
            | Kind::IncidentStep
            | Kind::Callback
            | Kind::Dispute
            | Kind::Inspection
            | Kind::Recheck
            | Kind::NoticeAck
            | Kind::HazardPoint
            | Kind::ThreatenedHousehold
            | Kind::Evacuation
    )
}

/// What a record says; nothing when it was taken out of the register. Whether a visit stands, others say: a visit that another one
/// corrects does not count.
pub fn of_record(record: &Record) -> Vec<Counted> {
    if !record.is_present() || !is_counted(&record.kind) {
        return Vec::new();
    }
    let code = |field: &str| record.text(field).unwrap_or_default();
    let day = || record.kind.moment().and_then(|field| record.int(field)).map(china_day);
    let on_day = |what: What, code: &str| day().map(|day| Counted::one(what, day, code)).into_iter().collect();
    match record.kind {
        Kind::Household => vec![Counted::one(What::Household, 0, "")],
        Kind::Person => person(record),
        Kind::Visit => on_day(What::Visit, code("result")),
        Kind::Incident => on_day(What::Incident, code("category")),
        Kind::IncidentStep => on_day(What::IncidentStep, code("incident")),
        Kind::Callback if record.fields.get("reached").and_then(|value| value.as_bool()) == Some(true) => {
            on_day(What::Reached, code("satisfaction"))
        }
        Kind::Callback => on_day(What::NotReached, ""),
        Kind::Dispute => dispute(record),
        Kind::Inspection => day().map(|day| inspection(record, day)).unwrap_or_default(),
        Kind::Recheck => on_day(What::Recheck, code("result")),
        Kind::NoticeAck => on_day(What::Told, ""),
        Kind::HazardPoint if date(record, "retired_on").is_none() => {
            vec![Counted::one(What::HazardPoint, 0, code("hazard_kind"))]
        }
        Kind::ThreatenedHousehold => vec![Counted::one(What::Threatened, 0, "")],
        Kind::Evacuation => on_day(What::Evacuation, drill(record)),
        _ => Vec::new(),
    }
}

/// Whether an evacuation was an exercise, as a code.
pub(super) fn drill(record: &Record) -> &'static str {
    if record.fields.get("drill").and_then(|value| value.as_bool()) == Some(true) { "drill" } else { "real" }
}

/// Whether a resident lives where the register says.
pub(super) fn lives_there(person: &Record) -> bool {
    person.text("moved_out_on").is_none() && person.text("died_on").is_none()
}

fn person(record: &Record) -> Vec<Counted> {
    let mut found = Vec::new();
    if lives_there(record) {
        found.push(Counted::one(What::Resident, 0, ""));
    }
    // The id was given when the resident was entered, by the clock of whoever did.
    if let Some((seconds, nanos)) = record.id.0.get_timestamp().map(|at| at.to_unix()) {
        let at = i64::try_from(seconds).unwrap_or(i64::MAX).saturating_mul(1000) + i64::from(nanos / 1_000_000);
        found.push(Counted::one(What::Registered, china_day(at), ""));
    }
    for (field, what) in [("moved_out_on", What::MovedOut), ("died_on", What::Died)] {
        found.extend(date(record, field).map(|day| Counted::one(what, day_number(day), "")));
    }
    found
}

fn dispute(record: &Record) -> Vec<Counted> {
    let Some(day) = date(record, "accepted_on").map(day_number) else { return Vec::new() };
    let text = |field: &str| record.text(field).unwrap_or_default();
    let (of_type, source) = (text("type"), text("source"));
    let mut found = vec![Counted::one(What::Dispute, day, of_type), Counted::one(What::DisputeSource, day, source)];
    if matches!(record.text("agreement"), Some("written" | "oral")) {
        found.push(Counted::one(What::DisputeSettled, day, of_type));
        found.push(Counted::one(What::DisputeSettledSource, day, source));
    }
    let parties = record.fields.get("parties").and_then(|list| list.as_array()).map_or(0, Vec::len);
    let amount = record.text("amount").and_then(cents).and_then(|cents| i64::try_from(cents).ok());
    for (what, n) in
        [(What::DisputeParty, i64::try_from(parties).unwrap_or(0)), (What::DisputeCents, amount.unwrap_or(0))]
    {
        if n > 0 {
            found.push(Counted { what, day, code: of_type.to_owned(), n });
        }
    }
    found
}

fn inspection(record: &Record, day: i64) -> Vec<Counted> {
    let inspection = Inspection::from(record);
    let mut severities = BTreeMap::<String, i64>::new();
    for hazard in &inspection.hazards {
        *severities.entry(hazard.severity.to_string()).or_default() += 1;
    }
    let mut found = vec![Counted::one(What::Inspection, day, &inspection.checklist)];
    found.extend(severities.into_iter().map(|(code, n)| Counted { what: What::Hazard, day, code, n }));
    found
}

/// A day as records write it.
pub(super) fn date(record: &Record, field: &str) -> Option<NaiveDate> {
    record.text(field).and_then(|text| text.parse().ok())
}
