//! What the phone promises, measured: searching, opening every page, and how much of the screens is loaded before the first paint.

mod bundle;
mod pages;
mod texts;

use std::sync::Arc;
use std::time::{Duration, Instant};

use device::crypto::KeyCost;
use device::edge::SystemWorld;
use device::{Device, DeviceConfig};
use domain::AccountId;
use domain::protocol::EnrolRequest;
use serde_json::{Value, json};
use sync_server::hub::open_folder;
use sync_server::hub::peer::HubPeer;

use crate::full_cell::{self, Size};
use crate::phones::{PIN, Phone};
use crate::program;
use crate::trouble::{Doing, Outcome, trouble};

/// One line of the table.
#[derive(Debug, Clone)]
pub struct Measured {
    /// What was measured.
    pub what: String,
    /// What is promised.
    pub target: String,
    /// What it was.
    pub measured: String,
    /// Whether the promise is kept.
    pub met: bool,
}

/// What is promised for a size.
struct Promise {
    name: &'static str,
    size: Size,
    search: Duration,
    page: Duration,
}

const PROMISES: [Promise; 2] = [
    Promise { name: "cell", size: Size::FULL, search: Duration::from_millis(50), page: Duration::from_millis(200) },
    Promise {
        name: "stress",
        size: Size::STRESS,
        search: Duration::from_millis(100),
        page: Duration::from_millis(300),
    },
];
/// Each page is opened so often, each time after a visit was recorded: nothing that was read before is still true.
const OPENINGS: usize = 5;

/// Measures both sizes and the bundle.
///
/// # Errors
/// When a phone does not come to hold the cell, a command fails, or the screens are not built.
pub fn measure(searches: usize) -> Outcome<Vec<Measured>> {
    let mut lines = Vec::new();
    for promise in &PROMISES {
        lines.extend(of_size(promise, searches)?);
    }
    lines.push(bundle::measure()?);
    Ok(lines)
}

fn of_size(promise: &Promise, searches: usize) -> Outcome<Vec<Measured>> {
    // On the disk where a phone's data would be, not in a memory file system.
    let folder = tempfile::tempdir_in(program::target()).doing("making a folder")?;
    let phone = phone_with(folder.path(), promise.size)?;
    let Size { residents, records } = promise.size;
    let mut lines = Vec::new();
    let mut taken = search(&phone, searches)?;
    let what = format!("{}: search over {residents} residents and {records} records, p95", promise.name);
    lines.push(line(what, promise.search, &mut taken));
    let household = pages::household(&phone)?;
    for page in pages::all(&phone)? {
        let mut taken = Vec::new();
        for _ in 0..OPENINGS {
            pages::record_a_visit(&phone, &household)?;
            let start = Instant::now();
            phone.call(page.command, page.args.clone())?;
            taken.push(start.elapsed());
        }
        lines.push(line(format!("{}: {} ({})", promise.name, page.command, page.shows), promise.page, &mut taken));
    }
    Ok(lines)
}

/// A phone that holds the whole cell, pulled from a hub in this process.
fn phone_with(folder: &std::path::Path, size: Size) -> Outcome<Phone> {
    let hub = Arc::new(open_folder(&folder.join("server")).doing("opening the server's folder")?);
    full_cell::fill_with_work(&hub, size)?;
    let worker = AccountId::new(full_cell::WORKER).doing("naming the worker")?;
    let code = hub.make_enrol_code("bench", &worker, 600_000).doing("making a code")?.code;
    let request = EnrolRequest { code, device_name: "bench".to_owned(), app_version: "0".to_owned() };
    let enrolment = hub.enrol(&request).doing("enrolling")?;
    let config =
        DeviceConfig { folder: folder.join("phone"), world: Box::new(SystemWorld), app_version: "0".to_owned() };
    let device = Device::open(config).doing("opening a device")?;
    device.enrol_at_cost("https://server.example", &enrolment, PIN, KeyCost::SIMULATION).doing("enrolling")?;
    let phone = Phone::of(device);
    let report = phone.round_through(&HubPeer::new(hub, enrolment.tokens.access));
    if report.ended_by.is_some() || report.pulled < size.records {
        return trouble(format!("The phone did not get the whole cell: {report:?}"));
    }
    Ok(phone)
}

fn search(phone: &Phone, times: usize) -> Outcome<Vec<Duration>> {
    let texts = texts::of(phone)?;
    let (mut taken, mut found) = (Vec::new(), 0);
    for text in texts.iter().cycle().take(times.max(texts.len())) {
        let start = Instant::now();
        let hits = phone.call("search", json!({ "text": text }))?;
        taken.push(start.elapsed());
        found += usize::from(hits.as_array().is_some_and(|hits| !hits.is_empty()));
    }
    if found * 2 < taken.len() {
        return trouble(format!("Only {found} of {} searches found anybody: that is no measure.", taken.len()));
    }
    Ok(taken)
}

/// The slowest twentieth decides.
fn line(what: String, target: Duration, taken: &mut [Duration]) -> Measured {
    taken.sort();
    let at = (taken.len() * 95).div_ceil(100).saturating_sub(1);
    let p95 = taken.get(at).copied().unwrap_or_default();
    let median = taken.get(taken.len() / 2).copied().unwrap_or_default();
    let least = taken.first().copied().unwrap_or_default();
    let ms = |time: Duration| format!("{:.1} ms", time.as_secs_f64() * 1000.0);
    let measured = format!("{} (least {}, median {}, n = {})", ms(p95), ms(least), ms(median), taken.len());
    eprintln!("{what}: {measured}");
    Measured { what, target: format!("≤ {} ms", target.as_millis()), measured, met: p95 <= target }
}

/// The texts of a field in the answer of a command that lists.
fn column(phone: &Phone, command: &str, field: &str) -> Outcome<Vec<String>> {
    let list = phone.call(command, json!({}))?;
    let texts =
        list.as_array().into_iter().flatten().filter_map(|line: &Value| line[field].as_str().map(str::to_owned));
    Ok(texts.collect())
}
