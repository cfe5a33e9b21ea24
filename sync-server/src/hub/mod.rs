//! The hub: the server's rules, without HTTP and without SQL.
//!
//! One file per matter, which its first line names. From a phone: who it is ([`phones`], by its `tokens`), what becomes of a pushed change (`judge`,
//! `first_look`, `push`, `so_far`), whose value was set aside ([`conflicts`]), what goes down (`feed`, [`exchange`]), who is told that there is something
//! ([`nudge`]), what is signed (`receipts`), orders ([`orders`]) and what is handed in (`hand_in`), what is known
//! of the time should the clock be wrong (`known_time`); how it stands ([`health`]). From the desk: who sits there ([`desk`]), reviews ([`reviews`], [`take_back`], [`corrections`]), the month ([`reports`]), the county's office ([`accounts`],
//! [`divisions`], [`lists`], [`imports`]), what follows a restore ([`put_back`]), erasure ([`erasure`]) and the pictures that go with it (`doomed`), pictures that the folder has lost ([`lost_photos`]) and thumbnails that it lacks (`thumbnails`). The same rules hold for a phone over HTTP and for one in the same
//! process ([`peer`]).

pub mod accounts;
pub mod audit;
pub mod boundaries;
pub mod case_files;
pub mod cells;
pub mod conflicts;
pub mod corrections;
pub mod county;
pub mod desk;
pub mod divisions;
mod doomed;
pub mod erasure;
mod error;
pub mod evacuations;
pub mod exchange;
pub mod exports;
mod feed;
pub mod feedback;
pub(crate) mod first_look;
mod hand_in;
pub mod health;
pub mod imports;
pub mod incidents;
mod judge;
mod known_time;
pub mod lists;
pub mod looks;
pub mod lost_photos;
pub mod notices;
pub mod nudge;
pub mod orders;
pub mod peer;
pub mod phones;
pub mod photo;
mod proofs;
mod push;
pub mod put_back;
mod receipts;
pub mod reports;
pub mod residents;
pub mod review_rules;
pub mod reviews;
mod secrets;
mod so_far;
pub mod take_back;
mod thumbnails;
mod tokens;
pub mod world;

use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};

use domain::codes::Lists;
use domain::receipt::ReceiptKey;
use domain::seal::SealKeys;
use domain::stamp::STAMP_AHEAD_MAX;
use domain::world::Millis;
use domain::{HybridClock, RecordId, Stamp, World};

pub use error::HubError;
pub use nudge::Told;

use crate::hub::proofs::ProofKey;
use crate::hub::put_back::LostTimes;
use crate::hub::tokens::TokenKey;
use crate::photos::PhotoFolder;
use crate::store::Store;
use crate::store::sqlite::SqliteStore;

/// The server as it runs: on SQLite.
pub type CountyHub = Hub<SqliteStore>;

/// The rules of one server, over some store.
pub struct Hub<S: Store> {
    store: Told<S>,
    photos: PhotoFolder,
    time: Mutex<Time>,
    lists: RwLock<lists::InForce>,
    /// What this database has lost, if it was put back from a backup.
    lost_times: LostTimes,
    receipt_key: ReceiptKey,
    token_key: TokenKey,
    proof_key: ProofKey,
    /// Where pages of a feed are cut, in bytes before compression.
    page_bytes: AtomicUsize,
    /// To these keys phones seal what only this server may read.
    seal: SealKeys,
    /// Erasures that must outlive the database.
    erasures: Option<erasure::ErasureLog>,
    /// One table is taken in at a time: two that name the same resident would not see each other.
    importing: Mutex<()>,
    /// A picture that is noted as stored was not in its folder: the others are looked for when the server tidies up.
    photos_missed: AtomicBool,
    /// One picture from the desk is developed at a time: a decoded one is large, and the same wish twice finds the first one's photo.
    developing: Mutex<()>,
    /// One thumbnail is made anew at a time, for the same reasons.
    shrinking: Mutex<()>,
}

/// The clock, chance, and the stamps made of them.
struct Time {
    world: Box<dyn World>,
    clock: HybridClock,
}

/// The database's file in the data folder.
pub const DATABASE_FILE: &str = "county.db";
/// The photos' folder in the data folder.
pub const PHOTO_FOLDER: &str = "photos";

/// Opens the server that lives in a data folder, with the system's clock; makes a new one in an empty folder.
///
/// # Errors
/// [`HubError`] when the folder cannot be written or the database cannot be opened.
pub fn open_folder(data: &Path) -> Result<CountyHub, HubError> {
    open_with(PhotoFolder::open(&data.join(PHOTO_FOLDER))?, data)
}

/// The same for whoever stores no pictures: a photo folder that is not there is not made. A server that runs beside it while the disk is
/// not mounted would take pictures into that.
///
/// # Errors
/// As [`open_folder`].
pub fn open_beside_photos(data: &Path) -> Result<CountyHub, HubError> {
    open_with(PhotoFolder::at(&data.join(PHOTO_FOLDER)), data)
}

fn open_with(photos: PhotoFolder, data: &Path) -> Result<CountyHub, HubError> {
    std::fs::create_dir_all(data)?;
    let store = SqliteStore::open(&data.join(DATABASE_FILE))?;
    Hub::open(store, photos, Box::new(world::SystemWorld))?.with_erasure_log(&data.join(erasure::ERASURE_LOG))
}

impl<S: Store> Hub<S> {
    /// A hub over a store and a photo folder.
    ///
    /// # Errors
    /// [`HubError`] when the store cannot be read, or a new one not be given its key.
    pub fn open(store: S, photos: PhotoFolder, mut world: Box<dyn World>) -> Result<Self, HubError> {
        let (lists, lost_times) =
            store.read(|reading| Ok::<_, HubError>((reading.lists()?, LostTimes::of(reading)?)))?;
        let receipt_key = receipts::key(&store, world.as_mut())?;
        let token_key = TokenKey::of(&store, world.as_mut())?;
        let proof_key = ProofKey::of(&store, world.as_mut())?;
        let clock = HybridClock::new(world.node(), Stamp::ZERO);
        let seal = orders::seal_keys(&store, world.as_mut())?;
        Ok(Self {
            store: Told::new(store),
            photos,
            time: Mutex::new(Time { world, clock }),
            lists: RwLock::new(lists::InForce::from(lists)),
            lost_times,
            receipt_key,
            token_key,
            proof_key,
            page_bytes: AtomicUsize::new(feed::PAGE_RAW_BYTES),
            seal,
            erasures: None,
            importing: Mutex::default(),
            developing: Mutex::default(),
            shrinking: Mutex::default(),
            photos_missed: AtomicBool::new(false),
        })
    }

    /// Cuts pages of feeds elsewhere, for the simulation: everywhere, down to one record a page.
    #[doc(hidden)]
    pub fn cut_pages_at(&self, bytes: usize) {
        self.page_bytes.store(bytes, Ordering::SeqCst);
    }

    /// The store; whoever watches is told what is written here too.
    pub fn store(&self) -> &Told<S> {
        &self.store
    }

    /// The photo folder.
    pub fn photos(&self) -> &PhotoFolder {
        &self.photos
    }

    /// Now, by the server's clock.
    pub fn now(&self) -> Millis {
        self.time().world.now()
    }

    /// A fresh record id.
    pub fn record_id(&self) -> RecordId {
        self.time().world.record_id()
    }

    /// The county's lists.
    pub fn lists(&self) -> Arc<Lists> {
        self.lists_in_force().lists
    }

    fn lists_in_force(&self) -> lists::InForce {
        self.lists.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn time(&self) -> MutexGuard<'_, Time> {
        self.time.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A stamp of the server's own that loses against whatever was stamped later than `seen`, as far as clocks can tell.
    fn stamp_right_after(&self, seen: Stamp) -> Stamp {
        seen.next(self.time().clock.node())
    }

    /// A stamp of the server's own, after `seen` and after every other that it issued.
    fn stamp_after(&self, seen: Stamp) -> Stamp {
        let mut time = self.time();
        let now = time.world.now();
        if seen.millis() > now.saturating_add(STAMP_AHEAD_MAX) {
            // It was stamped when some clock, the server's own perhaps, was far ahead: no clock follows it, and it is passed all the same.
            drop(time);
            return self.stamp_right_after(seen);
        }
        time.clock.observe(seen, now);
        time.clock.tick(now)
    }
}
