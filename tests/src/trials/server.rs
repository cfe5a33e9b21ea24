//! The server fails as a whole: killed under load, put back from a backup, and met again by a phone that was away for a season.

use std::path::Path;
use std::process::Command;
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use device::Open;
use device::edge::SystemWorld;
use domain::world::Millis;
use domain::{Fields, Kind, RecordId, World};
use serde_json::json;
use sync_server::hub::{DATABASE_FILE, Hub, PHOTO_FOLDER, open_folder};
use sync_server::photos::PhotoFolder;
use sync_server::store::sqlite::SqliteStore;

use super::{Line, county};
use crate::phones::Phone;
use crate::program::{self, Program};
use crate::trials::stage::serve;
use crate::trouble::{Doing, Outcome, trouble};

/// Phones that work at the same time.
const PHONES: usize = 10;
/// A server that was killed answers again within this time.
const BACK: Duration = Duration::from_secs(5);
/// Changes that wait on the phone that was away.
const WAITING: usize = 5_000;
/// How long it was away.
const AWAY: Millis = 90 * 24 * 60 * 60 * 1000;

/// Tries all three.
///
/// # Errors
/// When a try could not be made.
pub fn run(folder: &Path, kills: u64) -> Outcome<Vec<Line>> {
    let own = |name: &str| folder.join(name);
    Ok(vec![killed(&own("killed"), kills)?, restored(&own("restored"))?, away(&own("away"))?])
}

/// A server with phones, before anybody works.
struct Place {
    port: u16,
    data: std::path::PathBuf,
    folder: std::path::PathBuf,
    household: RecordId,
    phones: Vec<Phone>,
    server: Program,
}

impl Place {
    fn set(folder: &Path) -> Outcome<Self> {
        let (data, port) = (folder.join("data"), program::free_port()?);
        let hub = open_folder(&data).doing("opening the server's folder")?;
        let household = county::found(&hub)?;
        let invited = (0..PHONES).map(|_| county::invite(&hub)).collect::<Outcome<Vec<_>>>()?;
        drop(hub);
        let server = serve(&data, port, folder)?;
        let address = format!("http://{}", program::loopback(port));
        let mut phones = Vec::new();
        for (number, enrolment) in invited.iter().enumerate() {
            let phone = county::phone_now(&folder.join(format!("phone-{number}")), &address, enrolment)?;
            county::empty_the_queue(&phone)?;
            phones.push(phone);
        }
        Ok(Self { port, data, folder: folder.to_owned(), household, phones, server })
    }

    fn kill_and_start(&mut self) -> Outcome<Duration> {
        self.server.kill();
        let start = Instant::now();
        self.server = serve(&self.data, self.port, &self.folder)?;
        Ok(start.elapsed())
    }

    /// Every phone saves visits and runs rounds until told to stop; returns what was saved.
    fn work_while<T>(&mut self, then: impl FnOnce(&mut Self) -> Outcome<T>) -> Outcome<(Vec<String>, T)> {
        let (stop, saved) = (AtomicBool::new(false), Mutex::new(Vec::new()));
        let (phones, household) = (self.phones.clone(), self.household);
        let done = std::thread::scope(|scope| {
            for phone in &phones {
                scope.spawn(|| {
                    while !stop.load(Ordering::SeqCst) {
                        // A round that found no server is what is tried here; what was saved counts.
                        if let Ok(id) = county::visit(phone, household) {
                            saved.lock().unwrap_or_else(PoisonError::into_inner).push(id);
                        }
                        let _round = phone.round();
                    }
                });
            }
            let done = then(self);
            stop.store(true, Ordering::SeqCst);
            done
        });
        Ok((saved.into_inner().unwrap_or_else(PoisonError::into_inner), done?))
    }

    fn missing(&mut self, saved: &[String]) -> Outcome<Vec<String>> {
        self.server.kill();
        let missing = county::missing_on_server(&self.data, saved, &[])?;
        Ok(missing.into_iter().map(|what| format!("{what} is not on the server")).collect())
    }
}

fn killed(folder: &Path, kills: u64) -> Outcome<Line> {
    let mut place = Place::set(folder)?;
    let (saved, back) = place.work_while(|place| {
        (0..kills)
            .map(|_| {
                std::thread::sleep(Duration::from_millis(700));
                place.kill_and_start()
            })
            .collect::<Outcome<Vec<_>>>()
    })?;
    let mut failures = Vec::new();
    for phone in &place.phones {
        failures.extend(county::empty_the_queue(phone).err().map(|why| why.0));
    }
    failures.extend(place.missing(&saved)?);
    failures.extend(back.iter().filter(|time| **time > BACK).map(|time| format!("answered again after {time:?}")));
    let slowest = back.iter().max().copied().unwrap_or_default();
    let seen = format!(
        "{} visits of {PHONES} phones; answered again after at most {:.2} s",
        saved.len(),
        slowest.as_secs_f64()
    );
    Ok(Line { what: "server killed under load".to_owned(), tried: kills, seen, failures })
}

fn restored(folder: &Path) -> Outcome<Line> {
    let mut place = Place::set(folder)?;
    let (before, ()) = place.work_while(|_| {
        std::thread::sleep(Duration::from_secs(2));
        Ok(())
    })?;
    let backup = folder.join("backup.db");
    admin(&place.data, "backup", &backup)?;
    // A day's work that the backup does not know.
    let (day, ()) = place.work_while(|_| {
        std::thread::sleep(Duration::from_secs(4));
        Ok(())
    })?;
    place.server.kill();
    admin(&place.data, "restore", &backup)?;
    let lost = county::missing_on_server(&place.data, &day, &[])?.len();
    place.server = serve(&place.data, place.port, &place.folder)?;
    let mut failures = Vec::new();
    for phone in &place.phones {
        failures.extend(phone.round()?.ended_by.map(|error| format!("a round ended: {error}")));
    }
    let all: Vec<String> = before.into_iter().chain(day).collect();
    failures.extend(place.missing(&all)?);
    let seen = format!("{} visits; the backup lacked {lost}; one round of each of {PHONES} phones", all.len());
    Ok(Line { what: "server put back from a backup".to_owned(), tried: 1, seen, failures })
}

/// A backup of a server's folder to a file, or the folder put back from one.
pub(super) fn admin(data: &Path, verb: &str, file: &Path) -> Outcome {
    let ended = Command::new(program::built("sync-server")?).arg(verb).arg("--data").arg(data).arg(file).output();
    let said = ended.doing("running the server's command")?;
    let ended = said.status;
    if ended.success() {
        Ok(())
    } else {
        trouble(format!("`sync-server {verb}`: {}", String::from_utf8_lossy(&said.stderr)))
    }
}

/// The system's clock, set back by some milliseconds.
struct SetBack(Arc<AtomicI64>);

impl World for SetBack {
    fn now(&mut self) -> Millis {
        SystemWorld.now() - self.0.load(Ordering::SeqCst)
    }

    fn fill(&mut self, bytes: &mut [u8]) {
        SystemWorld.fill(bytes);
    }
}

fn away(folder: &Path) -> Outcome<Line> {
    let (data, port, back) = (folder.join("data"), program::free_port()?, Arc::new(AtomicI64::new(AWAY)));
    std::fs::create_dir_all(&data).doing("making a folder")?;
    // Enrolled ninety days ago by the server's clock.
    let store = SqliteStore::open(&data.join(DATABASE_FILE)).doing("opening the server's database")?;
    let photos = PhotoFolder::open(&data.join(PHOTO_FOLDER)).doing("opening the photo folder")?;
    let hub = Hub::open(store, photos, Box::new(SetBack(Arc::clone(&back)))).doing("opening the hub")?;
    let household = county::found(&hub)?;
    let enrolment = county::invite(&hub)?;
    drop(hub);
    let address = format!("http://{}", program::loopback(port));
    let world = Box::new(SetBack(Arc::clone(&back)));
    let phone = county::phone(&folder.join("phone"), &address, &enrolment, world)?;
    let mut saved = Vec::new();
    for number in 0..WAITING {
        // Over three months, about one every twenty-six minutes.
        back.store(AWAY - AWAY / WAITING as Millis * number as Millis, Ordering::SeqCst);
        let fields = json!({
            "target": household, "target_kind": "household", "at": SystemWorld.now() - back.load(Ordering::SeqCst),
            "result": "met", "by": county::WORKER, "way": "door", "note": format!("第{number}次"),
        });
        let fields: Fields = serde_json::from_value(fields).doing("making a visit")?;
        let id = phone.device().with_open(|open: &mut Open| open.write(&Kind::Visit, None, None, fields));
        saved.push(id.doing("saving a visit")?.to_string());
    }
    back.store(0, Ordering::SeqCst);
    let mut server = serve(&data, port, folder)?;
    let start = Instant::now();
    let mut failures: Vec<String> = Vec::new();
    let rounds = county::empty_the_queue(&phone).map_err(|why| failures.push(why.0)).unwrap_or(3);
    let time = start.elapsed();
    let refused = phone.device().sync_state().doing("asking for the state")?.refused;
    if refused > 0 {
        failures.push(format!("{refused} were refused"));
    }
    server.kill();
    let missing = county::missing_on_server(&data, &saved, &[])?;
    failures.extend(missing.into_iter().map(|what| format!("{what} is not on the server")));
    let seen = format!("{WAITING} waiting visits; {rounds} round(s), {:.1} s", time.as_secs_f64());
    Ok(Line { what: "phone away for 90 days".to_owned(), tried: 1, seen, failures })
}
