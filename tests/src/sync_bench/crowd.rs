//! Two hundred phones at the same moment, each with a hundred visits of its own cell, and one server.

use std::path::Path;
use std::sync::Barrier;
use std::time::{Duration, Instant};

use device::crypto::KeyCost;
use device::edge::SystemWorld;
use device::{Device, DeviceConfig, Open};
use domain::protocol::{EnrolRequest, Enrolment};
use domain::review::ReviewState;
use domain::{AccountId, CellCode, Fields, Kind, Node, Record, RecordId, Stamp, Stamps, World};
use rand::SeedableRng;
use rand::rngs::StdRng;
use serde_json::json;
use sync_server::hub::{CountyHub, open_folder};
use sync_server::store::BulkRecord;

use super::rounds::{add_worker, nobody, whole_round};
use super::wire::memory;
use super::workload::visit;
use crate::county::County;
use crate::phones::{PIN, Phone};
use crate::trouble::{Doing, Outcome, trouble};

/// Phones that come at once.
pub const PHONES: usize = 200;
/// Visits that each of them brings.
pub const VISITS: usize = 100;

/// What became of the crowd.
#[derive(Debug, Clone, Copy, Default)]
pub struct Crowd {
    /// From the start until the last phone was done.
    pub time: Duration,
    /// The round of all but the slowest hundredth.
    pub p99: Duration,
    /// The most memory that the server ever held, in bytes.
    pub memory: u64,
}

impl Crowd {
    /// Changes that the server took in a second.
    pub fn rate(&self) -> f64 {
        (PHONES * VISITS) as f64 / self.time.as_secs_f64()
    }
}

/// Lets the crowd come once.
///
/// # Errors
/// When a phone did not bring everything.
pub fn run(folder: &Path) -> Outcome<Crowd> {
    let data = folder.join("server");
    let hub = open_folder(&data).doing("opening the server's folder")?;
    let invited = (0..PHONES).map(|number| invite(&hub, number)).collect::<Outcome<Vec<_>>>()?;
    drop(hub);
    let county = County::open(&data, folder, nobody())?;
    let server = county.process().unwrap_or_default();
    let mut chance = StdRng::seed_from_u64(200);
    let mut phones = Vec::new();
    for (number, (enrolment, household)) in invited.iter().enumerate() {
        let phone = enrol(&folder.join(number.to_string()), &county.address(), enrolment)?;
        whole_round(&phone)?;
        write_visits(&phone, enrolment, *household, &mut chance)?;
        phones.push(phone);
    }
    let (start, mut rounds) = all_at_once(&phones)?;
    let time = start.elapsed();
    rounds.sort();
    let p99 = rounds.get(PHONES * 99 / 100).copied().unwrap_or_default();
    Ok(Crowd { time, p99, memory: memory(server, "VmHWM")? })
}

fn all_at_once(phones: &[Phone]) -> Outcome<(Instant, Vec<Duration>)> {
    let gate = Barrier::new(phones.len() + 1);
    std::thread::scope(|scope| {
        let rounds: Vec<_> = phones
            .iter()
            .map(|phone| {
                scope.spawn(|| {
                    gate.wait();
                    let start = Instant::now();
                    let (accepted, _) = whole_round(phone)?;
                    if accepted == VISITS { Ok(start.elapsed()) } else { trouble("A phone did not bring everything.") }
                })
            })
            .collect();
        gate.wait();
        let start = Instant::now();
        let rounds =
            rounds.into_iter().map(|round| round.join().expect("a round does not panic")).collect::<Outcome<_>>();
        Ok((start, rounds?))
    })
}

/// A worker with a cell of one household, and the phone's enrolment.
fn invite(hub: &CountyHub, number: usize) -> Outcome<(Enrolment, RecordId)> {
    let (name, cell) = (format!("worker-{number:03}"), format!("610722001002{number:03}"));
    add_worker(hub, &name, &cell)?;
    let (dwelling, household) = (hub.record_id(), hub.record_id());
    let door = json!({ "room": "101", "unit": "1", "use": "own" });
    let mut records = vec![(Kind::Dwelling, dwelling, door)];
    records.push((Kind::Household, household, json!({ "dwelling": dwelling })));
    let cell = CellCode::new(&cell).doing("naming the cell")?;
    let by = AccountId::new(&name).doing("naming the worker")?;
    let at = hub.now() - 1_000;
    let mut register = Vec::new();
    for (kind, id, fields) in records {
        let fields: Fields = serde_json::from_value(fields).doing("making a record")?;
        let record = Record { id, kind, cell: cell.clone(), fields, stamps: Stamps::all(Stamp::new(at, 0, Node(1))) };
        register.push(BulkRecord { record, by: by.clone(), at, state: ReviewState::Approved });
    }
    hub.load(&register).doing("loading the cell")?;
    let code = hub.make_enrol_code("bench", &by, 600_000).doing("making a code")?.code;
    let request = EnrolRequest { code, device_name: name, app_version: "0".to_owned() };
    Ok((hub.enrol(&request).doing("enrolling")?, household))
}

/// As the app enrols, but with a PIN that costs nothing to try: two hundred registers are opened, and guard nobody's data.
fn enrol(folder: &Path, server: &str, enrolment: &Enrolment) -> Outcome<Phone> {
    let config = DeviceConfig { folder: folder.to_owned(), world: Box::new(SystemWorld), app_version: "0".to_owned() };
    let device = Device::open(config).doing("opening a device")?;
    device.enrol_at_cost(server, enrolment, PIN, KeyCost::SIMULATION).doing("enrolling")?;
    Ok(Phone::of(device))
}

fn write_visits(phone: &Phone, enrolment: &Enrolment, household: RecordId, chance: &mut StdRng) -> Outcome {
    let now = SystemWorld.now();
    for number in 0..VISITS {
        let fields = visit(chance, household, enrolment.account.as_str(), now - number as i64 * 60_000);
        let written = phone.device().with_open(|open: &mut Open| open.write(&Kind::Visit, None, None, fields));
        written.doing("writing a visit")?;
    }
    Ok(())
}
