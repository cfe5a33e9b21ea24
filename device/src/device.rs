//! The phone as a whole: enrolled or not, locked or open. Cheap to clone; every clone is the same phone.

use std::path::PathBuf;
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex, OnceLock};

use domain::World;
use domain::order::DeviceOrder;
use domain::protocol::{CallError, Enrolment};
use domain::world::Millis;

use crate::biometry::BIOMETRY_FILE;
use crate::crypto::{self, Key, KeyCost, Tries, WrappedKey};
use crate::damage;
use crate::edge::{Ear, Http};
use crate::network::Told;
use crate::open::{Open, Pulse, SharedWorld, lock};
use crate::ordered::{self, Note};
use crate::owner::Owner;
use crate::round::NoRoom;
use crate::store::Store;
use crate::workers;
use crate::{DeviceError, Hindrance};

pub(crate) const REGISTER_FILE: &str = "register.db";

/// What a phone needs to start.
pub struct DeviceConfig {
    /// The folder of one worker's register. Workers who share a phone have a folder each.
    pub folder: PathBuf,
    /// Clock and randomness.
    pub world: Box<dyn World>,
    /// The app's version, as told to the server.
    pub app_version: String,
}

/// Where the phone stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Phase {
    /// Not enrolled.
    Empty,
    /// Enrolled, waiting for the PIN.
    Locked,
    /// Unlocked.
    Open,
}

/// One worker's phone.
#[derive(Clone)]
pub struct Device {
    pub(crate) inner: Arc<Inner>,
}

pub(crate) struct Inner {
    pub(crate) folder: PathBuf,
    pub(crate) app_version: String,
    pub(crate) world: SharedWorld,
    pub(crate) pulse: Arc<Pulse>,
    /// Never locked across a call to the server.
    pub(crate) open: Mutex<Option<Open>>,
    pub(crate) tries: Tries,
    /// PINs are tried one after the other, or the pauses could be walked around.
    pub(crate) door: Mutex<()>,
    /// One round at a time. Held across calls, unlike `open`.
    pub(crate) rounds: Mutex<()>,
    pub(crate) in_round: AtomicBool,
    /// One exchange of tokens at a time, or the second would come with a token that the first has used up.
    pub(crate) refreshing: Mutex<()>,
    http: OnceLock<Http>,
    pub(crate) ear: Ear,
    pub(crate) network: Mutex<Told>,
    /// What is free where the register lies, as it was looked up last.
    pub(crate) free_bytes: Mutex<Option<u64>>,
    /// Why the last call of this run did not lead to an answer.
    pub(crate) last_call: Mutex<Option<CallError>>,
    /// What kept the last round from going through although waiting does not help.
    pub(crate) hindrance: Mutex<Hindrance>,
    /// The wipe that waits, in this run, for photos that the screens are still to store: when it was ordered, and how often that was
    /// looked at.
    pub(crate) wipe_waits: Mutex<Option<(Millis, u32)>>,
    /// The server said, in this run, that it has no room for what is handed in.
    pub(crate) no_room: Mutex<Option<NoRoom>>,
}

impl Device {
    /// Looks at the folder and makes it where there is none; opens nothing yet.
    ///
    /// # Errors
    /// [`DeviceError::StorageBroken`] when there can be no such folder.
    pub fn open(config: DeviceConfig) -> Result<Device, DeviceError> {
        std::fs::create_dir_all(&config.folder)?;
        // An order that was begun before the app ended is finished before anything can be read.
        ordered::resume(&config.folder)?;
        damage::finish(&config.folder)?;
        let inner = Inner {
            tries: Tries::in_folder(&config.folder),
            folder: config.folder,
            app_version: config.app_version,
            world: Arc::new(Mutex::new(config.world)),
            pulse: Arc::default(),
            open: Mutex::new(None),
            door: Mutex::new(()),
            rounds: Mutex::new(()),
            in_round: AtomicBool::new(false),
            refreshing: Mutex::new(()),
            http: OnceLock::new(),
            ear: Ear::default(),
            network: Mutex::default(),
            free_bytes: Mutex::default(),
            last_call: Mutex::new(None),
            hindrance: Mutex::default(),
            wipe_waits: Mutex::default(),
            no_room: Mutex::default(),
        };
        Ok(Device { inner: Arc::new(inner) })
    }

    /// Where the phone stands.
    pub fn phase(&self) -> Phase {
        if lock(&self.inner.open).is_some() {
            return Phase::Open;
        }
        match self.ordered() {
            Some(DeviceOrder::Lock | DeviceOrder::Newer) => Phase::Locked,
            Some(DeviceOrder::Wipe) => Phase::Empty,
            None if self.wrapped_key().exists() => Phase::Locked,
            None => Phase::Empty,
        }
    }

    /// The folder of this worker.
    pub fn folder(&self) -> &std::path::Path {
        &self.inner.folder
    }

    /// The app's version.
    pub fn app_version(&self) -> &str {
        &self.inner.app_version
    }

    /// Takes note of how much room is left, for whoever helps with this phone.
    pub fn note_room(&self, free_bytes: Option<u64>) {
        *lock(&self.inner.free_bytes) = free_bytes;
    }

    /// Whether the register holds demonstration data; known on the lock screen too.
    pub fn is_demo(&self) -> bool {
        match Note::read(&self.inner.folder) {
            Some(note) => note.demo,
            None => self.wrapped_key().is_demo(),
        }
    }

    /// Grows whenever something changed that a screen may show.
    pub fn generation(&self) -> u64 {
        self.inner.pulse.generation()
    }

    /// Makes the encrypted register of a freshly enrolled phone and opens it.
    ///
    /// # Errors
    /// [`DeviceError::PinForm`], [`DeviceError::AlreadyEnrolled`], and the storage's errors.
    pub fn enrol(&self, server: &str, enrolment: &Enrolment, pin: &str) -> Result<(), DeviceError> {
        self.enrol_at_cost(server, enrolment, pin, KeyCost::PHONE)
    }

    /// [`Device::enrol`] with another cost of trying a PIN than a phone's: for simulations.
    ///
    /// # Errors
    /// As [`Device::enrol`].
    pub fn enrol_at_cost(
        &self,
        server: &str,
        enrolment: &Enrolment,
        pin: &str,
        cost: KeyCost,
    ) -> Result<(), DeviceError> {
        let _door = lock(&self.inner.door);
        // Of two codes that were under way at once the second finds the first one's register.
        self.may_enrol(pin)?;
        // What an order left to say is over: a wiped phone becomes somebody's again.
        Note::remove(&self.inner.folder)?;
        // A register without its key is what an enrolment left that broke off: nobody can ever read it.
        for name in [REGISTER_FILE, "register.db-wal", "register.db-shm", BIOMETRY_FILE] {
            let path = self.inner.folder.join(name);
            if path.exists() {
                std::fs::remove_file(path)?;
            }
        }
        let mut key = Key::default();
        self.inner.world_mut(|world| world.fill(key.as_mut_slice()));
        let mut store = Store::open(&self.inner.folder.join(REGISTER_FILE), &key)?;
        Open::enrol(&mut store, server, enrolment)?;
        // From here on the phone is enrolled: the key file is the commit.
        self.inner.world_mut(|world| self.wrapped_key().store(&key, pin, enrolment.demo, cost, world))?;
        self.install(store, &key)
    }

    /// Takes the tokens of a new enrolment of the same account: after this phone was signed out. Register and PIN stay.
    ///
    /// # Errors
    /// [`DeviceError::AlreadyEnrolled`] when it is another account's; [`DeviceError::Locked`]; the storage's errors.
    pub fn enrol_again(&self, server: &str, enrolment: &Enrolment) -> Result<(), DeviceError> {
        self.with_open(|open| open.enrol_again(server, enrolment))?;
        workers::name::note(&self.inner.folder, &enrolment.display_name)?;
        self.inner.ear.stir();
        self.inner.pulse.bell().ring_now();
        Ok(())
    }

    /// Whether this phone could be enrolled with this PIN: asked before a code that works once is used up.
    ///
    /// # Errors
    /// [`DeviceError::PinForm`], [`DeviceError::AlreadyEnrolled`].
    pub fn may_enrol(&self, pin: &str) -> Result<(), DeviceError> {
        if self.phase() != Phase::Empty {
            return Err(DeviceError::AlreadyEnrolled);
        }
        if crypto::is_pin(pin) { Ok(()) } else { Err(DeviceError::PinForm) }
    }

    /// How long until the next PIN is looked at; none when one is taken at once.
    pub fn pin_wait(&self) -> Option<Millis> {
        let now = self.inner.world_mut(|world| world.now());
        Some(self.inner.tries.wait(now)).filter(|wait| *wait > 0)
    }

    /// Opens the register.
    ///
    /// # Errors
    /// [`DeviceError::WrongPin`], [`DeviceError::TooManyTries`], [`DeviceError::PinForm`], [`DeviceError::NotEnrolled`],
    /// [`DeviceError::LockedByDesk`], [`DeviceError::NewerFile`], [`DeviceError::RegisterDamaged`] once, and the storage's errors.
    pub fn unlock(&self, pin: &str) -> Result<(), DeviceError> {
        let _door = lock(&self.inner.door);
        let key = self.key_by_pin(pin)?;
        self.open_with(&key)
    }

    /// The register's key, if this is the PIN; every try counts.
    pub(crate) fn key_by_pin(&self, pin: &str) -> Result<Key, DeviceError> {
        if self.ordered() == Some(DeviceOrder::Lock) {
            return Err(DeviceError::LockedByDesk);
        }
        if !self.wrapped_key().exists() {
            return Err(DeviceError::NotEnrolled);
        }
        if !crypto::is_pin(pin) {
            return Err(DeviceError::PinForm);
        }
        if let Some(wait_ms) = self.pin_wait() {
            return Err(DeviceError::TooManyTries { wait_ms });
        }
        let now = self.inner.world_mut(|world| world.now());
        self.inner.tries.begin(now);
        let Some(key) = self.wrapped_key().open(pin)? else {
            return Err(DeviceError::WrongPin { wait_ms: self.pin_wait().unwrap_or(0) });
        };
        self.inner.tries.succeeded();
        Ok(key)
    }

    pub(crate) fn open_with(&self, key: &Key) -> Result<(), DeviceError> {
        if lock(&self.inner.open).is_some() {
            return Ok(());
        }
        // A replacement that could not be finished: until it is, what lies here is not the register.
        damage::finish(&self.inner.folder)?;
        self.open_or_replace(key)
    }

    /// The display name of whoever this register is; known on the lock screen too, once it was opened by this version.
    pub fn worker_name(&self) -> Option<String> {
        workers::name::read(&self.inner.folder)
    }

    /// What was opened is the phone's register from here on.
    pub(crate) fn install(&self, store: Store, key: &Key) -> Result<(), DeviceError> {
        let open = Open::new(store, self.inner.world.clone(), self.inner.pulse.clone())?;
        // Nothing that is written after such a page was met is kept.
        if open.store.met_damage() {
            return Err(DeviceError::RegisterDamaged);
        }
        // The next start notes it as well: a full storage keeps nobody out.
        if let Err(error) = self.note_owner(&open, key) {
            tracing::warn!(%error, "whose register it is was not noted beside it");
        }
        // The lock screen can do without it: a full storage keeps nobody out.
        if let Err(error) = workers::name::note(&self.inner.folder, &open.account().display_name) {
            tracing::warn!(%error, "the worker's name was not noted for the lock screen");
        }
        *lock(&self.inner.open) = Some(open);
        self.inner.ear.stir();
        self.inner.pulse.changed();
        self.inner.pulse.bell().ring_now();
        Ok(())
    }

    fn note_owner(&self, open: &Open, key: &Key) -> Result<(), DeviceError> {
        let Some(owner) = Owner::of(open.store.connection())? else { return Ok(()) };
        self.inner.world_mut(|world| owner.note(&self.inner.folder, key, world))
    }

    /// Seals the register until the PIN is entered again. A round under way ends at its next step; nothing is lost.
    pub fn lock(&self) {
        *lock(&self.inner.open) = None;
        self.inner.ear.stir();
        self.inner.pulse.changed();
    }

    /// Does something with the open register. Never call the server in here.
    ///
    /// # Errors
    /// [`DeviceError::Locked`] when it is not open, and whatever `f` says; [`DeviceError::RegisterDamaged`] instead, also of what went
    /// well, once a broken page was met: what was read then may end in nothing.
    pub fn with_open<T, E: From<DeviceError>>(&self, f: impl FnOnce(&mut Open) -> Result<T, E>) -> Result<T, E> {
        let mut open = lock(&self.inner.open);
        let open = open.as_mut().ok_or(DeviceError::Locked)?;
        let outcome = f(open);
        if open.store.met_damage() { Err(DeviceError::RegisterDamaged.into()) } else { outcome }
    }

    fn wrapped_key(&self) -> WrappedKey {
        WrappedKey::in_folder(&self.inner.folder)
    }
}

impl Inner {
    /// The HTTP client, made when it is first needed and kept with its connections.
    pub(crate) fn http(&self) -> Result<&Http, CallError> {
        if self.http.get().is_none() {
            // Two threads may both make one; the first stays.
            let _ = self.http.set(Http::new()?);
        }
        self.http.get().ok_or_else(|| CallError::Offline("no client".into()))
    }

    pub(crate) fn world_mut<T>(&self, f: impl FnOnce(&mut dyn World) -> T) -> T {
        f(lock(&self.world).as_mut())
    }
}
