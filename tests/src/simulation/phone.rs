//! A worker's phone in the simulation: production's device, a clock that may be wrong, and a wire.

use std::path::{Path, PathBuf};

use device::api::{self, Answer, Failure};
use device::crypto::KeyCost;
use device::{Device, DeviceConfig, DeviceError, RoundReport, SyncState};
use domain::protocol::Enrolment;
use domain::{CellCode, Kind, Record, RecordId};
use serde_json::Value;

use super::chance::Chance;
use super::wire::Wire;
use super::world::{Drift, SimulatedWorld, Time};
use crate::trouble::{Doing, Outcome, trouble};

const PIN: &str = "135790";

/// One phone.
pub(super) struct Phone {
    pub(super) worker: String,
    pub(super) wire: Wire,
    pub(super) drift: Drift,
    /// Own visits that may still be taken back or replaced.
    pub(super) visits: Vec<RecordId>,
    pub(super) device: Device,
    folder: PathBuf,
    time: Time,
    seed: u64,
    starts: u64,
}

impl Phone {
    pub(super) fn enrol(
        worker: &str,
        folder: &Path,
        enrolment: &Enrolment,
        wire: Wire,
        time: &Time,
        seed: u64,
    ) -> Outcome<Self> {
        let drift = Drift::default();
        let device = open(folder, time, &drift, seed, 0)?;
        device.enrol_at_cost("http://127.0.0.1", enrolment, PIN, KeyCost::SIMULATION).doing("enrolling a device")?;
        let (time, folder, worker) = (time.clone(), folder.to_owned(), worker.to_owned());
        Ok(Self { worker, wire, drift, visits: Vec::new(), device, folder, time, seed, starts: 0 })
    }

    /// Its program ends without a word and is started again; the worker enters the PIN.
    pub(super) fn crash(&mut self) -> Outcome {
        self.starts += 1;
        self.device = open(&self.folder, &self.time, &self.drift, self.seed, self.starts)?;
        self.device.unlock(PIN).doing("unlocking after a crash")
    }

    pub(super) fn call(&self, command: &str, args: Value) -> Result<Value, Failure> {
        self.call_with(command, args, None)
    }

    pub(super) fn call_with(&self, command: &str, args: Value, body: Option<Vec<u8>>) -> Result<Value, Failure> {
        match api::call(&self.device, command, args, body)? {
            Answer::Json(value) => Ok(value),
            Answer::Bytes { .. } => Ok(Value::Null),
        }
    }

    pub(super) fn round(&self) -> RoundReport {
        self.device.round(&self.wire)
    }

    pub(super) fn sync_state(&self) -> Outcome<SyncState> {
        self.device.sync_state().doing("asking a phone where it stands")
    }

    /// The records of a kind that are in the register now.
    pub(super) fn of_kind(&self, kind: &Kind) -> Outcome<Vec<Record>> {
        self.device
            .with_open(|open| open.store().of_kind(kind, None))
            .map_err(|error: DeviceError| error)
            .doing("reading a phone")
    }

    /// One record, taken out or not.
    pub(super) fn record(&self, id: RecordId) -> Outcome<Option<Record>> {
        self.device.with_open(|open| open.store().get(id)).map_err(|error: DeviceError| error).doing("reading a phone")
    }

    /// Everything it holds of a cell, taken out or not, by id.
    pub(super) fn records(&self, cell: &CellCode) -> Outcome<Vec<Record>> {
        self.device
            .with_open(|open| open.store().records("cell = ?1 ORDER BY id", (cell.as_str(),)))
            .map_err(|error: DeviceError| error)
            .doing("reading a phone")
    }

    /// The cells of the records that it holds.
    pub(super) fn held_cells(&self) -> Outcome<Vec<String>> {
        let ask = |open: &mut device::Open| -> Result<Vec<String>, DeviceError> {
            let mut cells = open.store().connection().prepare("SELECT DISTINCT cell FROM record ORDER BY cell")?;
            let cells = cells.query_map([], |row| row.get(0))?.collect::<Result<_, _>>()?;
            Ok(cells)
        };
        self.device.with_open(ask).doing("reading a phone")
    }

    /// The cells that it was told to hold.
    pub(super) fn cells(&self) -> Outcome<Vec<CellCode>> {
        self.device.with_open(|open| Ok::<_, DeviceError>(open.cells().to_vec())).doing("reading a phone")
    }

    /// What the server refused, in the worker's own words.
    pub(super) fn refused(&self) -> Outcome<Vec<device::Refused>> {
        self.device.with_open(|open| open.refused()).map_err(|error: DeviceError| error).doing("reading a phone")
    }

    /// A category that an incident may have.
    pub(super) fn category(&self) -> Outcome<String> {
        let lists =
            self.device.with_open(|open| Ok::<_, DeviceError>(open.lists().clone())).doing("reading a phone")?;
        match lists.categories.iter().find(|category| category.code.len() == 4) {
            Some(category) => Ok(category.code.to_string()),
            None => trouble("There is no category for an incident."),
        }
    }
}

fn open(folder: &Path, time: &Time, drift: &Drift, seed: u64, starts: u64) -> Outcome<Device> {
    let world = Box::new(SimulatedWorld::new(time, drift, Chance::new(seed, starts)));
    let config = DeviceConfig { folder: folder.to_owned(), world, app_version: "0".to_owned() };
    Device::open(config).doing("opening a device")
}
