//! The phone itself: whose it is, whether it is open.

use domain::CellCode;
use serde::{Deserialize, Serialize};
use ts_rs::TS;

/// Whether there is a register, and whether it can be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, TS)]
#[serde(rename_all = "snake_case")]
#[ts(export)]
pub enum AppPhase {
    /// Nobody's phone yet: it has to be enrolled.
    Empty,
    /// Sealed: the PIN is wanted.
    Locked,
    /// Open.
    Open,
}

/// A cell that this phone holds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, TS)]
#[ts(export)]
pub struct CellInfo {
    /// 15 digits.
    pub code: CellCode,
    /// 第N网格.
    pub name: String,
    /// The village or community it lies in.
    pub village_name: String,
    /// The town or street.
    pub town_name: String,
}

/// What the window needs to know before it shows anything.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, TS)]
#[ts(export)]
pub struct AppState {
    /// Whether there is a register, and whether it can be read.
    pub phase: AppPhase,
    /// Demonstration data: every screen says so.
    pub demo: bool,
    /// Whose phone it is; known while it is open.
    pub account: Option<String>,
    /// Their name.
    pub display_name: Option<String>,
    /// The cells it holds; known while it is open.
    pub cells: Vec<CellInfo>,
    /// The app's version.
    pub app_version: String,
    /// For how long no PIN is tried after wrong ones.
    pub wait_ms: Option<i64>,
}

/// Makes this phone somebody's, with a code that works once.
#[derive(Debug, Deserialize, TS)]
#[serde(deny_unknown_fields)]
#[ts(export)]
pub struct EnrolArgs {
    /// The server's address.
    pub server: String,
    /// The code that the desk showed.
    pub code: String,
    /// Six digits, chosen now.
    pub pin: String,
    /// What the phone is called on the desk.
    pub device_name: String,
}

/// Opens the register.
#[derive(Debug, Deserialize, TS)]
#[serde(deny_unknown_fields)]
#[ts(export)]
pub struct UnlockArgs {
    /// Six digits.
    pub pin: String,
}
