//! A phone that several workers share: each has a folder with a register, a key and a PIN of their own, and one of them uses it now.
//!
//! Every worker's [`Device`] is an object of its own. A call or a round that was under way when the phone changed hands ends at
//! the register that it began with, sealed by then, and can never reach the next one's. Pauses after wrong PINs, orders of the
//! desk, damage and preferences lie in the worker's folder and concern nobody else.

mod layout;
pub(crate) mod name;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};

use domain::World;
use serde::Serialize;
use ts_rs::TS;

use crate::damage;
use crate::open::lock;
use crate::preferences::Preferences;
use crate::{Background, Device, DeviceConfig, DeviceError, Phase};

/// Makes a clock and a source of randomness.
pub type NewWorld = dyn Fn() -> Box<dyn World> + Send + Sync;

/// What a phone needs to start.
pub struct PhoneConfig {
    /// The folder of all that is kept on the phone.
    pub folder: PathBuf,
    /// Clock and randomness of each worker's register.
    pub world: Box<NewWorld>,
    /// The app's version, as told to the server.
    pub app_version: String,
}

/// A worker of this phone, as the lock screen lists them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, TS)]
#[ts(export)]
pub struct WorkerLine {
    /// Which of the phone's workers: stays the same as long as the register is there.
    pub place: u32,
    /// The display name as enrolled; none for a register of an older version that was not opened since.
    pub display_name: Option<String>,
    /// Whether this one uses the phone now.
    pub current: bool,
}

/// The phone with all its workers. Cheap to clone; every clone is the same phone.
#[derive(Clone)]
pub struct SharedPhone {
    inner: Arc<Inner>,
}

struct Inner {
    root: PathBuf,
    world: Box<NewWorld>,
    app_version: String,
    hands: Mutex<Hands>,
}

/// In whose hands the phone is.
struct Hands {
    current: u32,
    /// The one who uses the phone now.
    device: Device,
    /// Everybody's, with the current one's.
    devices: BTreeMap<u32, Device>,
    /// The threads of those who used the phone in this run, once rounds were started; those of a sealed register rest.
    rounds: Option<BTreeMap<u32, Background>>,
}

/// Rounds run as long as this lives. Dropping it ends the threads after the calls under way.
#[must_use = "rounds stop when this is dropped"]
pub struct PhoneBackground {
    phone: SharedPhone,
}

impl Drop for PhoneBackground {
    fn drop(&mut self) {
        let rounds = lock(&self.phone.inner.hands).rounds.take();
        // Joined without holding the phone: a call under way may ask for it.
        drop(rounds);
    }
}

impl SharedPhone {
    /// Looks at the folder and makes it where there is none. A register that an older version kept moves to its place first.
    ///
    /// # Errors
    /// [`DeviceError::StorageBroken`] when there can be no such folder, or when no worker's folder can be looked at.
    pub fn open(config: PhoneConfig) -> Result<SharedPhone, DeviceError> {
        let PhoneConfig { folder: root, world, app_version } = config;
        std::fs::create_dir_all(&root)?;
        layout::settle(&root)?;
        let mut places = layout::places(&root)?;
        if places.is_empty() {
            places.push(1);
        }
        let mut devices = BTreeMap::new();
        let mut failed = None;
        for number in places {
            match open_place(&root, number, world(), &app_version) {
                Ok(device) => drop(devices.insert(number, device)),
                // The others' work must not wait for this one's folder.
                Err(error) => {
                    tracing::error!(%error, number, "a worker's folder cannot be looked at");
                    failed = Some(error);
                }
            }
        }
        let (current, device) = begin_with(&devices, layout::last(&root))
            .ok_or_else(|| failed.unwrap_or_else(|| DeviceError::StorageBroken("no worker's folder".into())))?;
        let hands = Mutex::new(Hands { current, device, devices, rounds: None });
        Ok(SharedPhone { inner: Arc::new(Inner { root, world, app_version, hands }) })
    }

    /// The register of the worker who uses the phone now.
    pub fn device(&self) -> Device {
        lock(&self.inner.hands).device.clone()
    }

    /// Everybody who has a register on this phone, in the order in which they came.
    pub fn workers(&self) -> Vec<WorkerLine> {
        let hands = lock(&self.inner.hands);
        let line = |(number, device): (&u32, &Device)| WorkerLine {
            place: *number,
            display_name: device.worker_name(),
            current: *number == hands.current,
        };
        hands.devices.iter().filter(|(_, device)| device.phase() != Phase::Empty).map(line).collect()
    }

    /// Hands the phone to one of its workers: the register that was open is sealed, the other one waits for its PIN.
    ///
    /// # Errors
    /// [`DeviceError::NotFound`] when nobody of this phone has that place.
    pub fn hand_to(&self, place: u32) -> Result<(), DeviceError> {
        let mut hands = lock(&self.inner.hands);
        let device = hands.devices.get(&place).filter(|device| device.phase() != Phase::Empty);
        let device = device.cloned().ok_or(DeviceError::NotFound)?;
        self.take_hands(&mut hands, place, device);
        Ok(())
    }

    /// Where the secret of the current worker lies in the platform's key store; none on a phone that several share, where
    /// nobody's register opens by biometry.
    pub fn biometry_place(&self) -> Option<u32> {
        let hands = lock(&self.inner.hands);
        let somebodys = |device: &&Device| device.phase() != Phase::Empty;
        (hands.devices.values().filter(somebodys).count() == 1 && somebodys(&&hands.device)).then_some(hands.current)
    }

    /// Makes room for another worker: the register that was open is sealed, and the phone waits for a code of the desk.
    /// Whoever is listed can take the phone back at any time.
    ///
    /// # Errors
    /// The storage's; the phone then stays in the hands in which it was.
    pub fn add_worker(&self) -> Result<(), DeviceError> {
        let mut hands = lock(&self.inner.hands);
        // A place that was made before and never enrolled. One that was wiped may still owe its report, and a damaged register that
        // was set aside is somebody's: an order to wipe the next one there would take it along.
        let nobodys = |device: &Device| {
            device.phase() == Phase::Empty && device.ordered().is_none() && !damage::is_set_aside(device.folder())
        };
        let empty =
            hands.devices.iter().find(|(_, device)| nobodys(device)).map(|(number, device)| (*number, device.clone()));
        let (number, device) = match empty {
            Some(found) => found,
            None => {
                let taken: Vec<u32> = layout::places(&self.inner.root)?;
                let number = layout::free_place(&taken);
                let device = open_place(&self.inner.root, number, (self.inner.world)(), &self.inner.app_version)?;
                hands.devices.insert(number, device.clone());
                (number, device)
            }
        };
        // The phone's fingerprints are everybody's who shares it: from here on each register opens by its own PIN alone.
        for device in hands.devices.values() {
            device.forget_biometry()?;
        }
        // Whoever comes next reads the screen that is there; the tour is theirs again.
        let looks = Preferences { tour_seen: false, ..Preferences::load(hands.device.folder()) };
        looks.store(device.folder())?;
        self.take_hands(&mut hands, number, device);
        Ok(())
    }

    /// Starts the rounds: of the worker who uses the phone, of everybody who takes it later, and of those whose phone the desk
    /// locked or wiped, which owe a report. A sealed register has none.
    pub fn start_background(&self) -> PhoneBackground {
        let mut hands = lock(&self.inner.hands);
        let current = hands.current;
        let wanted = hands.devices.iter().filter(|(number, device)| **number == current || device.ordered().is_some());
        let rounds = wanted.map(|(number, device)| (*number, device.start_background())).collect();
        hands.rounds = Some(rounds);
        PhoneBackground { phone: self.clone() }
    }

    fn take_hands(&self, hands: &mut Hands, number: u32, device: Device) {
        if hands.current == number {
            return;
        }
        hands.device.lock();
        // With a full storage the phone changes hands all the same; only the next start begins with somebody else.
        if let Err(error) = layout::note_last(&self.inner.root, number) {
            tracing::warn!(%error, "who uses the phone now was not noted");
        }
        if let Some(rounds) = &mut hands.rounds {
            rounds.entry(number).or_insert_with(|| device.start_background());
        }
        (hands.current, hands.device) = (number, device);
    }
}

fn open_place(
    root: &std::path::Path,
    number: u32,
    world: Box<dyn World>,
    app_version: &str,
) -> Result<Device, DeviceError> {
    Device::open(DeviceConfig { folder: layout::place(root, number), world, app_version: app_version.to_owned() })
}

/// Who is asked for the PIN first: whoever used the phone last, unless that place is nobody's and there is somebody.
fn begin_with(devices: &BTreeMap<u32, Device>, last: Option<u32>) -> Option<(u32, Device)> {
    let somebodys = |number: &u32| devices.get(number).is_some_and(|device| device.phase() != Phase::Empty);
    let chosen = last.filter(somebodys).or_else(|| devices.keys().copied().find(|number| somebodys(number)));
    let number = chosen.or_else(|| devices.keys().next().copied())?;
    devices.get(&number).map(|device| (number, device.clone()))
}
