//! The simulated county: three cells of one village with a small register, their workers, who leads them, an informant, a
//! supervisor, and the server, which can be killed, lose power, run out of disk, and be put back from a backup. How its cells are merged
//! and split is in `borders`.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use domain::protocol::{EnrolRequest, Enrolment};
use domain::review::ReviewState;
use domain::scope::Role;
use domain::world::Millis;
use domain::{AccountId, CellCode, Fields, Kind, Node, Record, RecordId, Scope, Stamp, Stamps};
use serde_json::{Value, json};
use sync_server::hub::county::renew_epoch;
use sync_server::hub::desk::Desk;
use sync_server::hub::erasure::ERASURE_LOG;
use sync_server::hub::lost_photos::FolderFound;
use sync_server::hub::{self, CountyHub, Hub};
use sync_server::photos::PhotoFolder;
use sync_server::store::sqlite::SqliteStore;
use sync_server::store::{Account, BulkRecord, Place, Reading, Run, SecretHash, Store, StoreError};

use super::chance::Chance;
use super::disk::{self, Blow, Fuse};
use super::wire::{Shared, take};
use super::world::{Drift, SimulatedWorld, Time};
use crate::trouble::{Doing, Outcome, trouble};

/// The county's code: everything lies in it.
pub(super) const COUNTY: &str = "610722";
/// Who leads the workers: a supervisor with a phone, which orders evacuations.
pub(super) const LEADER: &str = "leader";
/// Who reports incidents, and sees little else.
pub(super) const INFORMANT: &str = "informant";
/// The village in which all its cells lie.
const VILLAGE: &str = "610722001001";
const CELLS: [&str; 3] = ["610722001001001", "610722001001002", "610722001001003"];
const DAY: Millis = 24 * 60 * 60 * 1000;

/// Which cells each worker holds: what the server was last told, kept beside it.
pub(super) type Held = BTreeMap<String, Vec<CellCode>>;

/// What accounts are for that were made something else since the history began: what the server was last told.
pub(super) type Roles = BTreeMap<String, Role>;

/// Whose accounts are closed: what the server was last told.
pub(super) type Closed = BTreeSet<String>;

/// A copy of the server's database and what was true when it was made.
struct Backup {
    photos: PathBuf,
    held: Held,
    roles: Roles,
    closed: Closed,
}

/// The server and who works with it.
pub(super) struct County {
    /// The cells with which it began. They may have been merged and split since.
    pub(super) first_cells: Vec<CellCode>,
    pub(super) supervisor: Desk,
    pub(super) held: Shared<Held>,
    pub(super) roles: Shared<Roles>,
    pub(super) closed: Shared<Closed>,
    /// The program that runs now; restarted, it is another.
    running: Shared<Option<Arc<CountyHub>>>,
    /// Whether its power is off: answers reach nobody.
    pub(super) dark: Arc<AtomicBool>,
    /// Whether its disk is full.
    pub(super) full: bool,
    /// An erasure was begun, and nobody heard that it was done: what its log names is erased by the next start.
    pub(super) erasing: bool,
    /// How far its clock is off.
    pub(super) drift: Drift,
    folder: PathBuf,
    time: Time,
    seed: u64,
    starts: u64,
    fuse: Option<Fuse>,
    backup: Option<Backup>,
}

impl County {
    /// Makes the county of the template in an empty folder.
    pub(super) fn found(folder: &Path, time: &Time) -> Outcome<Self> {
        fs::create_dir_all(folder).doing("making the server's folder")?;
        let county = Self::open(folder, time, 0)?;
        let hub = county.hub()?;
        let (mut chance, mut apart) = (Chance::new(0, 1), Chance::new(0, 3));
        hub.put_places(&places(&county.first_cells)?).doing("naming the cells")?;
        for cell in &county.first_cells {
            let register = register(cell, time.now() - DAY, &mut chance)?;
            let threatened = hazards(cell, time.now() - DAY, &register, &mut apart)?;
            hub.load(&register).doing("loading the register")?;
            hub.load(&threatened).doing("loading what threatens a cell")?;
        }
        renew_epoch(hub.store(), &mut SimulatedWorld::new(time, &Drift::default(), Chance::new(0, 2)))
            .doing("naming the epoch")?;
        hub.put_account(supervisor()?, None, &[]).doing("adding the supervisor")?;
        drop(hub);
        Ok(county)
    }

    /// Starts the server in a folder that holds the template.
    pub(super) fn open(folder: &Path, time: &Time, seed: u64) -> Outcome<Self> {
        let first_cells =
            CELLS.iter().map(|cell| CellCode::new(cell)).collect::<Result<_, _>>().doing("naming the cells")?;
        let account = supervisor()?;
        let supervisor = Desk {
            actor: account.actor(),
            display_name: account.display_name,
            csrf: String::new(),
            session: SecretHash([0; 32]),
            password_first: false,
        };
        let mut county = Self {
            first_cells,
            supervisor,
            held: Arc::default(),
            roles: Arc::default(),
            closed: Arc::default(),
            running: Arc::default(),
            dark: Arc::default(),
            full: false,
            erasing: false,
            drift: Drift::default(),
            folder: folder.to_owned(),
            time: time.clone(),
            seed,
            starts: 0,
            fuse: None,
            backup: None,
        };
        county.start()?;
        Ok(county)
    }

    fn start(&mut self) -> Outcome {
        self.starts += 1;
        (self.full, self.erasing) = (false, false);
        let store =
            SqliteStore::open_alone(&self.folder.join(hub::DATABASE_FILE)).doing("opening the server's database")?;
        let photos = PhotoFolder::open(&self.folder.join(hub::PHOTO_FOLDER)).doing("opening the photo folder")?;
        let hub = Hub::open(store, photos, Box::new(self.world())).doing("opening the hub")?;
        let hub = hub.with_erasure_log(&self.folder.join(ERASURE_LOG)).doing("reading what was erased")?;
        if let FolderFound::Another { noted, there } = hub.look_for_photos().doing("looking for the photos")? {
            return trouble(format!("Of {noted} photos {there} are there: the server does not start."));
        }
        hub.imports_have_stopped().doing("looking for imports that stopped")?;
        *take(&self.running) = Some(Arc::new(hub));
        self.dark.store(false, Ordering::SeqCst);
        Ok(())
    }

    fn world(&self) -> SimulatedWorld {
        SimulatedWorld::new(&self.time, &self.drift, Chance::new(self.seed, 500 + self.starts))
    }

    /// What the server's clock says now.
    pub(super) fn now(&self) -> Millis {
        self.time.now() + self.drift.get()
    }

    /// The program that runs now.
    pub(super) fn hub(&self) -> Outcome<Arc<CountyHub>> {
        match &*take(&self.running) {
            Some(hub) => Ok(Arc::clone(hub)),
            None => trouble("The server does not run."),
        }
    }

    /// Where wires find the server.
    pub(super) fn running(&self) -> Shared<Option<Arc<CountyHub>>> {
        Arc::clone(&self.running)
    }

    // -- what breaks ------------------------------------------------------------------------------------------------------

    fn aside(&self) -> PathBuf {
        self.folder.with_extension("aside")
    }

    /// The program is killed and started again.
    pub(super) fn kill(&mut self) -> Outcome {
        if self.dark.load(Ordering::SeqCst) {
            return self.recover().map(|_| ());
        }
        self.fuse = None;
        disk::kill(&self.folder, || *take(&self.running) = None).doing("killing the server")?;
        self.start()
    }

    /// The power will go, or a commit will fail, after so many others.
    pub(super) fn plant(&mut self, commits: usize, blow: Blow) -> Outcome {
        let (folder, aside, dark) = (self.folder.clone(), self.aside(), Arc::clone(&self.dark));
        let planted = self
            .hub()?
            .store()
            .below()
            .on_writer(|connection| Fuse::plant(connection, (&folder, &aside), (commits, blow), &dark))?;
        self.fuse = Some(planted);
        Ok(())
    }

    /// Whether the planted fuse blew.
    pub(super) fn fuse_blew(&self) -> Outcome<bool> {
        self.fuse.as_ref().map_or(Ok(false), Fuse::blew)
    }

    /// Whether a fuse is planted that has not been dealt with.
    pub(super) fn has_fuse(&self) -> bool {
        self.fuse.is_some()
    }

    /// After a power cut the server is started again; true when there was one. A fuse that did not blow stays.
    pub(super) fn recover(&mut self) -> Outcome<bool> {
        if !self.dark.load(Ordering::SeqCst) {
            return Ok(false);
        }
        self.fuse_blew()?;
        self.fuse = None;
        disk::lose(&self.folder, || *take(&self.running) = None).doing("losing what the server's disk held")?;
        fs::rename(self.aside(), &self.folder).doing("going back to what the server's disk held")?;
        self.start()?;
        Ok(true)
    }

    /// Takes a fuse out that has not blown.
    pub(super) fn defuse(&mut self) -> Outcome {
        self.fuse = None;
        self.hub()?.store().below().on_writer(Fuse::remove)
    }

    /// Fills the server's disk, or makes room again.
    pub(super) fn fill(&mut self, full: bool) -> Outcome {
        self.full = full;
        self.hub()?.store().below().on_writer(|connection| disk::fill(connection, full))
    }

    fn backup_file(&self) -> PathBuf {
        self.folder.with_extension("backup.db")
    }

    /// Backs the database up while it is in use, and the photos, or leaves those of the last backup: their folder is copied by other
    /// means, perhaps less often.
    pub(super) fn back_up(&mut self, photos_too: bool) -> Outcome {
        let file = self.backup_file();
        if file.exists() {
            fs::remove_file(&file).doing("removing the last backup")?;
        }
        self.hub()?.back_up(&file).doing("backing up")?;
        let photos = self.folder.with_extension("backup.photos");
        if photos_too || self.backup.is_none() {
            disk::copy(&self.folder.join(hub::PHOTO_FOLDER), &photos).doing("backing the photos up")?;
        }
        let (held, roles) = (take(&self.held).clone(), take(&self.roles).clone());
        let closed = take(&self.closed).clone();
        self.backup = Some(Backup { photos, held, roles, closed });
        Ok(())
    }

    /// Whether there is a backup.
    pub(super) fn has_backup(&self) -> bool {
        self.backup.is_some()
    }

    /// Puts the backup in place under a new epoch, as `sync-server restore` does; the photos too, or not.
    pub(super) fn restore(&mut self, photos_too: bool) -> Outcome {
        let Some(backup) = &self.backup else { return trouble("There is no backup.") };
        self.fuse = None;
        *take(&self.running) = None;
        for ending in ["-wal", "-shm"] {
            let journal = self.folder.join(format!("{}{ending}", hub::DATABASE_FILE));
            if journal.exists() {
                fs::remove_file(journal).doing("removing the old journals")?;
            }
        }
        let database = self.folder.join(hub::DATABASE_FILE);
        fs::copy(self.backup_file(), &database).doing("putting the backup in place")?;
        if photos_too {
            disk::copy(&backup.photos, &self.folder.join(hub::PHOTO_FOLDER)).doing("putting the photos in place")?;
        }
        take(&self.held).clone_from(&backup.held);
        take(&self.roles).clone_from(&backup.roles);
        take(&self.closed).clone_from(&backup.closed);
        let store = SqliteStore::open_alone(&database).doing("opening the backup")?;
        renew_epoch(&store, &mut self.world()).doing("renewing the epoch")?;
        drop(store);
        self.start()
    }

    /// Puts the photos of the last backup in the place of those that are there; the database stays.
    pub(super) fn put_photos_back(&mut self) -> Outcome {
        let Some(backup) = &self.backup else { return trouble("There is no backup.") };
        self.fuse = None;
        *take(&self.running) = None;
        disk::copy(&backup.photos, &self.folder.join(hub::PHOTO_FOLDER)).doing("putting the photos in place")?;
        self.start()
    }

    // -- people -----------------------------------------------------------------------------------------------------------

    /// Gives a worker these cells, and no others from now on; nothing to whose account is closed.
    pub(super) fn assign(&self, worker: &str, cells: &[CellCode]) -> Outcome {
        if self.is_closed(worker) {
            return Ok(());
        }
        let account = account(worker, self.role_of(worker), &[])?;
        self.hub()?.put_account(account, None, cells).doing("assigning cells")?;
        let mut cells = cells.to_vec();
        cells.sort();
        take(&self.held).insert(worker.to_owned(), cells);
        Ok(())
    }

    /// What somebody is in the county now.
    pub(super) fn role_of(&self, worker: &str) -> Role {
        role_in(&self.roles, worker)
    }

    /// Whether somebody's account is closed: no phone can be enrolled for it.
    pub(super) fn is_closed(&self, worker: &str) -> bool {
        take(&self.closed).contains(worker)
    }

    /// Enrols a phone of a worker.
    pub(super) fn enrol(&self, worker: &str) -> Outcome<Enrolment> {
        let hub = self.hub()?;
        let worker = AccountId::new(worker).doing("naming a worker")?;
        let code = hub.make_enrol_code("admin", &worker, DAY).doing("making a code")?.code;
        let (device_name, app_version) = ("phone".to_owned(), "0".to_owned());
        hub.enrol(&EnrolRequest { code, device_name, app_version }).doing("enrolling a phone")
    }

    // -- what it holds ------------------------------------------------------------------------------------------------------

    /// Every record of a cell, by id.
    pub(super) fn records(&self, cell: &CellCode) -> Outcome<Vec<Record>> {
        let found = self.hub()?.store().read(|reading| {
            let entries = reading.feed_after(cell, None, Run::SERVER)?;
            let ids: Vec<RecordId> = entries.iter().filter(|entry| !entry.gone).map(|entry| entry.record).collect();
            reading.records(&Scope::from(cell), &ids)
        });
        let mut records: Vec<Record> = found.doing("reading a cell")?.into_iter().map(|stored| stored.record).collect();
        records.sort_by_key(|record| record.id);
        Ok(records)
    }

    /// Looks something up in the server's store.
    pub(super) fn ask<T>(&self, question: impl FnOnce(&dyn Reading) -> Result<T, StoreError>) -> Outcome<T> {
        self.hub()?.store().read(question).doing("reading the server's store")
    }
}

/// Everything: the county's code as a scope.
pub(super) fn everywhere() -> Outcome<Scope> {
    Scope::new(COUNTY).doing("naming the county")
}

/// What somebody is by now, where this was made of some.
pub(super) fn role_in(roles: &Shared<Roles>, worker: &str) -> Role {
    take(roles).get(worker).copied().unwrap_or_else(|| first_role(worker))
}

/// What somebody who carries a phone is in the county at first.
pub(super) fn first_role(worker: &str) -> Role {
    match worker {
        LEADER => Role::Supervisor,
        INFORMANT => Role::Informant,
        _ => Role::Worker,
    }
}

fn supervisor() -> Outcome<Account> {
    account("supervisor", Role::Supervisor, &[VILLAGE])
}

/// The village and its cells by their names: the office draws only what has one.
fn places(cells: &[CellCode]) -> Outcome<Vec<Place>> {
    let village = Place { code: Scope::new(VILLAGE).doing("naming the village")?, name: "江湾村".to_owned() };
    let cells = cells.iter().map(|cell| Place { code: Scope::from(cell), name: "第1网格".to_owned() });
    Ok([village].into_iter().chain(cells).collect())
}

/// An account by its name.
pub(super) fn account(id: &str, role: Role, scopes: &[&str]) -> Outcome<Account> {
    Ok(Account {
        id: AccountId::new(id).doing("naming an account")?,
        display_name: id.to_owned(),
        role,
        scopes: scopes.iter().map(|scope| Scope::new(scope)).collect::<Result<_, _>>().doing("naming a scope")?,
        password_hash: None,
        closed_at: None,
        department: None,
    })
}

/// A cell's small register: one building, two doors with a household each, three residents, an incident, and what a newer
/// server keeps there: a kind and a field that this version does not know.
fn register(cell: &CellCode, at: Millis, chance: &mut Chance) -> Outcome<Vec<BulkRecord>> {
    let mut draw = |kind: Kind, fields: Value| loaded(cell, at, chance, kind, fields);
    let mut records = vec![draw(Kind::Cell, json!({ "code": cell, "name": "第1网格", "cell_kind": "general" }))?];
    let building =
        draw(Kind::Building, json!({ "name": "1幢", "building_kind": "residential", "units": 1, "floors": 3 }))?;
    for door in 0..2 {
        let room = format!("{}01", door + 1);
        let dwelling = draw(
            Kind::Dwelling,
            json!({ "building": building.record.id, "unit": "1", "floor": door + 1, "room": room, "use": "own" }),
        )?;
        let household =
            draw(Kind::Household, json!({ "dwelling": dwelling.record.id, "shape_of_tomorrow": { "of": [1, "二"] } }))?;
        for name in ["张三", "李四"].iter().take(2 - door) {
            records.push(draw(Kind::Person, json!({ "household": household.record.id, "name": name, "sex": "1" }))?);
        }
        records.extend([dwelling, household]);
    }
    records.push(building);
    records.push(draw(Kind::from_name("kind_of_tomorrow"), json!({ "says": "keep me" }))?);
    Ok(records)
}

/// What threatens a cell: a slope above all of its households. From chance of its own, so that the register stays as it was.
fn hazards(cell: &CellCode, at: Millis, register: &[BulkRecord], chance: &mut Chance) -> Outcome<Vec<BulkRecord>> {
    let slope = json!({ "name": "后坡", "hazard_kind": "landslide", "shelter": "村小学" });
    let point = loaded(cell, at, chance, Kind::HazardPoint, slope)?;
    let mut records = Vec::new();
    for household in register.iter().filter(|one| one.record.kind == Kind::Household) {
        let below =
            json!({ "hazard_point": point.record.id, "household": household.record.id, "contact_name": "王五" });
        records.push(loaded(cell, at, chance, Kind::ThreatenedHousehold, below)?);
    }
    records.insert(0, point);
    Ok(records)
}

/// A record of the register as it was taken in.
fn loaded(cell: &CellCode, at: Millis, chance: &mut Chance, kind: Kind, fields: Value) -> Outcome<BulkRecord> {
    let mut bytes = [0; 16];
    chance.fill(&mut bytes);
    let id = RecordId(uuid::Builder::from_random_bytes(bytes).into_uuid());
    let fields: Fields = serde_json::from_value(fields).doing("writing the register")?;
    let stamps = Stamps::all(Stamp::new(at, 0, Node(1)));
    let state = if kind.is_reviewed() { ReviewState::Approved } else { ReviewState::NotReviewed };
    let record = Record { id, kind, cell: cell.clone(), fields, stamps };
    let by = AccountId::new("loader").doing("naming the loader")?;
    Ok(BulkRecord { record, by, at, state })
}

/// A value shared by the threads' single history.
pub(super) fn shared<T>(value: T) -> Shared<T> {
    Arc::new(Mutex::new(value))
}
