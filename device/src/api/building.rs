//! Buildings and the board of their doors.

use domain::{CellCode, RecordId};
use serde::{Deserialize, Serialize};
use ts_rs::TS;

/// A building, or a village group whose dwellings have no building.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, TS)]
#[ts(export)]
pub struct BuildingLine {
    /// The building's id, or `group:<cell>:<group>`.
    pub id: String,
    /// As written on the wall; for a group its name (may be empty when the dwellings name none).
    pub name: String,
    /// Code of the building's kind; none for a group.
    pub kind_code: Option<String>,
    /// Stairwells.
    pub units: i64,
    /// Storeys.
    pub floors: i64,
    /// Dwellings.
    pub doors: i64,
    /// Households that were not met for 90 days or more, or never.
    pub not_met_90d: i64,
    /// Its cell.
    pub cell: CellCode,
}

/// Asks for a building's board.
#[derive(Debug, Deserialize, TS)]
#[serde(deny_unknown_fields)]
#[ts(export)]
pub struct DoorsArgs {
    /// A building's id, or `group:<cell>:<group>`.
    pub building: String,
}

/// What a door on the board tells at a glance.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, TS)]
#[serde(rename_all = "snake_case")]
#[ts(export)]
pub enum DoorState {
    /// Somebody was met less than 90 days ago; `last_met` says when.
    Met,
    /// Somebody tried within 30 days and met nobody.
    Absent,
    /// Nobody was ever met, and nobody tried lately.
    Never,
    /// Let, and nobody of the tenants is registered.
    ToLet,
    /// A shop.
    Shop,
    /// Nobody lives there.
    Vacant,
    /// Not met for 90 days or more.
    Overdue,
}

/// A door on the board.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, TS)]
#[ts(export)]
pub struct Door {
    /// The dwelling.
    pub dwelling_id: RecordId,
    /// Who lives behind it.
    pub household_id: Option<RecordId>,
    /// Room or house number.
    pub label: String,
    /// Code of the dwelling's use.
    #[serde(rename = "use")]
    pub usage: Option<String>,
    /// The householder.
    pub head_name: Option<String>,
    /// Residents living there.
    pub people: i64,
    /// When somebody was last met.
    pub last_met: Option<i64>,
    /// When somebody last tried.
    pub latest_at: Option<i64>,
    /// Code of that visit's result.
    pub latest_result: Option<String>,
    /// At a glance.
    pub state: DoorState,
}

/// A storey.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, TS)]
#[ts(export)]
pub struct Floor {
    /// Its number; empty in a village group.
    pub floor: String,
    /// Its doors, in the order of their numbers.
    pub doors: Vec<Door>,
}

/// A stairwell.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, TS)]
#[ts(export)]
pub struct Unit {
    /// Its number; empty where there are none.
    pub unit: String,
    /// Its storeys, from the top down.
    pub floors: Vec<Floor>,
}

/// A building's doors.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, TS)]
#[ts(export)]
pub struct DoorBoard {
    /// The building.
    pub building: BuildingLine,
    /// Its stairwells.
    pub units: Vec<Unit>,
}
