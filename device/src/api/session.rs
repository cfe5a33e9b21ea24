//! The phone itself: whose it is, whether it is open.

use domain::order::DeviceOrder;
use domain::{CellCode, Kind};
use serde::{Deserialize, Serialize};
use ts_rs::TS;

use super::{Failure, Nothing};
use crate::{Device, DeviceError, Open, Phase, SharedPhone, WorkerLine};

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
    /// It is over: it was merged into another, and held for what was written in it. Nothing new is put there.
    pub over: bool,
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
    /// Their name; known on the lock screen too.
    pub display_name: Option<String>,
    /// The cells it holds; known while it is open.
    pub cells: Vec<CellInfo>,
    /// The app's version.
    pub app_version: String,
    /// For how long no PIN is tried after wrong ones.
    pub wait_ms: Option<i64>,
    /// Whether the register opens by fingerprint or face too.
    pub biometry: bool,
    /// What the desk ordered and this phone has done: it is locked by the desk, or was wiped.
    pub ordered: Option<DeviceOrder>,
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

pub(super) fn state(device: &Device, _: Nothing) -> Result<AppState, Failure> {
    let mut state = AppState {
        phase: match device.phase() {
            Phase::Empty => AppPhase::Empty,
            Phase::Locked => AppPhase::Locked,
            Phase::Open => AppPhase::Open,
        },
        demo: device.is_demo(),
        account: None,
        display_name: (device.phase() != Phase::Empty).then(|| device.worker_name()).flatten(),
        cells: Vec::new(),
        app_version: device.app_version().to_owned(),
        wait_ms: device.pin_wait(),
        biometry: device.has_biometry(),
        ordered: device.ordered(),
    };
    let read = |open: &mut Open| -> Result<(), DeviceError> {
        state.account = Some(open.account().account.to_string());
        state.display_name = Some(open.account().display_name.clone());
        state.cells = cells(open)?;
        Ok(())
    };
    match device.with_open(read) {
        // Locked between the two questions, or before.
        Ok(()) | Err(DeviceError::Locked) => Ok(state),
        Err(error) => Err(error.into()),
    }
}

/// The cells that the phone holds, with the names that the desk gave them; a code stands for a name that has not arrived.
fn cells(open: &Open) -> Result<Vec<CellInfo>, DeviceError> {
    let (records, over) = (open.store().of_kind(&Kind::Cell, None)?, open.cells_over()?);
    let info = |code: &CellCode| {
        let record = records.iter().find(|record| record.text("code") == Some(code.as_str()));
        let text = |field: &str| record.and_then(|record| record.text(field)).unwrap_or_default().to_owned();
        let name = Some(text("name")).filter(|name| !name.is_empty()).unwrap_or_else(|| code.to_string());
        let (village_name, town_name) = (text("village_name"), text("town_name"));
        CellInfo { code: code.clone(), name, village_name, town_name, over: over.contains(code) }
    };
    Ok(open.cells().iter().map(info).collect())
}

/// What the village or community of a cell is called; empty where that is not known yet.
pub(super) fn village_of(open: &Open, cell: &CellCode) -> Result<String, DeviceError> {
    let records = open.store().of_kind(&Kind::Cell, Some(cell))?;
    let name = records.iter().find_map(|record| record.text("village_name")).filter(|name| !name.is_empty());
    Ok(name.map_or_else(String::new, str::to_owned))
}

pub(super) fn enrol(device: &Device, args: EnrolArgs) -> Result<AppState, Failure> {
    device.enrol_over_http(args.server.trim(), args.code.trim(), &args.pin, args.device_name.trim())?;
    state(device, Nothing {})
}

pub(super) fn unlock(device: &Device, args: UnlockArgs) -> Result<AppState, Failure> {
    device.unlock(&args.pin)?;
    state(device, Nothing {})
}

/// Hands the phone to another of its workers.
#[derive(Debug, Deserialize, TS)]
#[serde(deny_unknown_fields)]
#[ts(export)]
pub struct HandToArgs {
    /// The place of the worker, as listed.
    pub place: u32,
}

pub(super) fn workers(phone: &SharedPhone, _: Nothing) -> Result<Vec<WorkerLine>, Failure> {
    Ok(phone.workers())
}

pub(super) fn hand_to(phone: &SharedPhone, args: HandToArgs) -> Result<AppState, Failure> {
    phone.hand_to(args.place)?;
    state(&phone.device(), Nothing {})
}

pub(super) fn add_worker(phone: &SharedPhone, _: Nothing) -> Result<AppState, Failure> {
    phone.add_worker()?;
    state(&phone.device(), Nothing {})
}

pub(super) fn lock(device: &Device, _: Nothing) -> Result<AppState, Failure> {
    device.lock();
    state(device, Nothing {})
}
