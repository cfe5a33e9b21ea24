//! A small county for trials: a worker, a cell with one household behind one door, and what the server has at the end.

use std::path::Path;

use device::crypto::KeyCost;
use device::edge::SystemWorld;
use device::{Device, DeviceConfig};
use domain::protocol::{EnrolRequest, Enrolment, PhotoSize};
use domain::review::ReviewState;
use domain::{AccountId, CellCode, Fields, Kind, Node, Record, RecordId, Scope, Sha256Hex, Stamp, Stamps, World};
use serde_json::json;
use sha2::{Digest, Sha256};
use sync_server::hub::{CountyHub, open_folder};
use sync_server::store::{BulkRecord, Reading, Store, StoreError};

use crate::phones::{PIN, Phone};
use crate::sync_bench::rounds::add_worker;
use crate::trouble::{Doing, Outcome, trouble};

/// The cell of the trials.
pub const CELL: &str = "610722001001001";
/// The worker who carries the phones.
pub const WORKER: &str = "trial-worker";

/// Adds worker, door and household to a server; returns the household.
///
/// # Errors
/// When the folder cannot be written.
pub fn found(hub: &CountyHub) -> Outcome<RecordId> {
    add_worker(hub, WORKER, CELL)?;
    let (dwelling, household) = (hub.record_id(), hub.record_id());
    let at = hub.now() - 1_000;
    let bulk = |kind, id, fields| -> Outcome<BulkRecord> {
        let fields: Fields = serde_json::from_value(fields).doing("making a record")?;
        let cell = CellCode::new(CELL).doing("naming the cell")?;
        let stamps = Stamps::all(Stamp::new(at, 0, Node(1)));
        let record = Record { id, kind, cell, fields, stamps };
        Ok(BulkRecord {
            record,
            by: AccountId::new(WORKER).doing("naming the worker")?,
            at,
            state: ReviewState::Approved,
        })
    };
    let register = [
        bulk(Kind::Dwelling, dwelling, json!({ "room": "101", "unit": "1", "use": "own" }))?,
        bulk(Kind::Household, household, json!({ "dwelling": dwelling }))?,
    ];
    hub.load(&register).doing("loading the cell")?;
    Ok(household)
}

/// A phone's enrolment, made inside the server.
///
/// # Errors
/// When the server refuses.
pub fn invite(hub: &CountyHub) -> Outcome<Enrolment> {
    let worker = AccountId::new(WORKER).doing("naming the worker")?;
    let code = hub.make_enrol_code("trial", &worker, 600_000).doing("making a code")?.code;
    let request = EnrolRequest { code, device_name: "trial".to_owned(), app_version: "0".to_owned() };
    hub.enrol(&request).doing("enrolling")
}

/// A phone with that enrolment. Its PIN costs nothing to try: it guards nobody's data.
///
/// # Errors
/// When the folder cannot be written.
pub fn phone(folder: &Path, server: &str, enrolment: &Enrolment, world: Box<dyn World>) -> Outcome<Phone> {
    let config = DeviceConfig { folder: folder.to_owned(), world, app_version: "0".to_owned() };
    let device = Device::open(config).doing("opening a device")?;
    device.enrol_at_cost(server, enrolment, PIN, KeyCost::SIMULATION).doing("enrolling")?;
    Ok(Phone::of(device))
}

/// A phone by the system's clock.
///
/// # Errors
/// As [`phone`].
pub fn phone_now(folder: &Path, server: &str, enrolment: &Enrolment) -> Outcome<Phone> {
    phone(folder, server, enrolment, Box::new(SystemWorld))
}

/// Saves a visit and returns its name.
///
/// # Errors
/// When it could not be saved.
pub fn visit(phone: &Phone, household: RecordId) -> Outcome<String> {
    let args = json!({ "target": household, "target_kind": "household", "result": "met", "note": "门口说了几句" });
    let saved = phone.call("record_visit", args)?;
    Ok(saved["id"].as_str().unwrap_or_default().to_owned())
}

/// What of this the server in a folder does not have; nobody may serve it meanwhile.
///
/// # Errors
/// When it cannot be opened or read.
pub fn missing_on_server(data: &Path, ids: &[String], photos: &[String]) -> Outcome<Vec<String>> {
    let hub = open_folder(data).doing("opening the server's folder")?;
    let county = Scope::new(&CELL[..6]).doing("naming the county")?;
    let mut missing = Vec::new();
    for id in ids {
        let record: RecordId = id.parse().doing("reading a name")?;
        let found = hub.store().read(|reading: &dyn Reading| reading.record(&county, record));
        if found.map_err(|error: StoreError| crate::Trouble(error.to_string()))?.is_none() {
            missing.push(id.clone());
        }
    }
    for photo in photos {
        let hash = Sha256Hex::new(photo).doing("reading a hash")?;
        let noted = hub.store().read(|reading: &dyn Reading| reading.photo_stored(&hash));
        let noted = noted.map_err(|error: StoreError| crate::Trouble(error.to_string()))?;
        let whole = hub.photos().read(&hash, PhotoSize::Full).is_ok_and(|bytes| hash_of(&bytes) == *photo);
        if !(noted && whole) {
            missing.push(format!("photo {photo}"));
        }
    }
    Ok(missing)
}

/// The SHA-256 of a picture, as records name it.
pub fn hash_of(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Up to three rounds, until nothing waits. Returns how many it took.
///
/// # Errors
/// When something still waits then.
pub fn empty_the_queue(phone: &Phone) -> Outcome<usize> {
    let mut last = String::new();
    for round in 1..=3 {
        if let Some(error) = phone.round()?.ended_by {
            last = error.to_string();
        }
        let state = phone.device().sync_state().doing("asking for the state")?;
        if state.waiting_records + state.waiting_photos == 0 {
            return Ok(round);
        }
    }
    trouble(format!("Something still waits after three rounds ({last})."))
}
