//! Today: what came back, which doors wait longest, what was done today.

use std::collections::BTreeMap;

use domain::{Kind, RecordId};
use serde::Serialize;
use ts_rs::TS;

use super::refused::RefusedItem;
use super::visit::VisitLine;

/// A record that the supervisor returned.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, TS)]
#[ts(export)]
pub struct ReturnedItem {
    /// The record.
    pub record_id: RecordId,
    /// What it is about.
    pub kind: Kind,
    /// Its name.
    pub title: String,
    /// Where.
    pub subtitle: String,
    /// A remark on the whole.
    pub note: Option<String>,
    /// Remarks on single fields.
    pub remarks: BTreeMap<String, String>,
    /// When, by the server's clock.
    pub at: i64,
    /// Who: an account.
    pub by: Option<String>,
}

/// A household that was not met for long.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, TS)]
#[ts(export)]
pub struct DoorLine {
    /// The household.
    pub household_id: RecordId,
    /// Behind which door.
    pub dwelling_id: Option<RecordId>,
    /// Written out.
    pub address: String,
    /// The householder.
    pub head_name: Option<String>,
    /// When somebody was last met.
    pub last_met: Option<i64>,
    /// Code of the latest visit's result.
    pub latest_result: Option<String>,
}

/// The numbers on top. They count places and cases, never people's work.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, TS)]
#[ts(export)]
pub struct TodayCounts {
    /// Households in the register.
    pub households: i64,
    /// Met within 30 days.
    pub met_30d: i64,
    /// Not met for 90 days or more, or never.
    pub not_met_90d: i64,
    /// Own visits of today.
    pub visits_today: i64,
    /// Incidents that the supervisor has not approved yet.
    pub incidents_open: i64,
}

/// The first screen.
#[derive(Debug, Clone, PartialEq, Serialize, TS)]
#[ts(export)]
pub struct Today {
    /// Returned by the supervisor: the worker's turn.
    pub returned: Vec<ReturnedItem>,
    /// Refused by the server.
    pub not_sent: Vec<RefusedItem>,
    /// The numbers on top.
    pub counts: TodayCounts,
    /// At most twenty households, longest not met first.
    pub due_doors: Vec<DoorLine>,
    /// Own visits of today, newest first.
    pub recent: Vec<VisitLine>,
}
