//! A disk in memory that fails on demand: an error at any one operation, no room left from there on, the end of the program that
//! asked, or a power cut that takes what was not synced. Programs see an ordinary folder (FUSE), so they need not know.

mod folder;
mod tree;

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use fuser::{BackgroundSession, Config, MountOption};
use rand::SeedableRng;
use rand::rngs::StdRng;

use crate::program;
use crate::trouble::{Doing, Outcome};
use folder::Folder;
use tree::Tree;

/// What goes wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// The program that asked ends at once, and what it asked for is not done.
    Kill,
    /// This one operation fails.
    Error,
    /// There is no room from here on.
    Full,
    /// The power goes, decided by this seed.
    PowerCut(u64),
}

/// A fault that waits for its operation.
#[derive(Debug, Clone, Copy)]
struct Armed {
    fault: Fault,
    /// Operations before it.
    after: u64,
    /// Whom it ends.
    victim: u32,
}

/// What an operation is to do.
enum Order {
    Go,
    Error,
    Full,
}

#[derive(Debug)]
struct State {
    tree: Tree,
    armed: Option<Armed>,
    /// Operations that change something, since the last [`Disk::arm`] or [`Disk::watch`].
    operations: u64,
    fired: bool,
    /// Nothing is answered any more until the power is back.
    dark: bool,
    lost: usize,
}

impl State {
    /// Counts an operation on a file of that name and says what becomes of it.
    fn order(&mut self, name: &OsStr, needs_room: bool) -> Order {
        if self.dark {
            return Order::Error;
        }
        // Shared memory of SQLite: written by the kernel when it likes, and worth nothing after the program's end.
        if name.to_string_lossy().ends_with("-shm") {
            return Order::Go;
        }
        self.operations += 1;
        let Some(Armed { fault, after, victim }) = self.armed else { return Order::Go };
        if self.operations <= after {
            return Order::Go;
        }
        let first = !std::mem::replace(&mut self.fired, true);
        match fault {
            Fault::Full if needs_room => Order::Full,
            Fault::Error if first => Order::Error,
            Fault::Full | Fault::Error => Order::Go,
            Fault::Kill => {
                self.dark = true;
                program::kill(victim);
                Order::Error
            }
            Fault::PowerCut(seed) => {
                self.dark = true;
                program::kill(victim);
                self.lost = self.tree.cut(&mut StdRng::seed_from_u64(seed));
                Order::Error
            }
        }
    }
}

/// What lay on a disk at some moment.
#[derive(Debug, Clone)]
pub struct Content(Tree);

/// A mounted disk.
pub struct Disk {
    state: Arc<Mutex<State>>,
    path: PathBuf,
    session: Option<BackgroundSession>,
}

impl Disk {
    /// Mounts an empty disk on an empty folder. Needs the rights of the administrator.
    ///
    /// # Errors
    /// When it cannot be mounted.
    pub fn mount(path: &Path) -> Outcome<Self> {
        std::fs::create_dir_all(path).doing("making the folder of the disk")?;
        let state = State { tree: Tree::new(), armed: None, operations: 0, fired: false, dark: false, lost: 0 };
        let state = Arc::new(Mutex::new(state));
        let mut how = Config::default();
        how.mount_options = vec![MountOption::FSName("doorstep-trial".to_owned())];
        let session = fuser::spawn_mount(Folder::new(Arc::clone(&state)), path, &how).doing("mounting the disk")?;
        Ok(Self { state, path: path.to_owned(), session: Some(session) })
    }

    /// Where it is mounted.
    pub fn path(&self) -> &Path {
        &self.path
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What lies on it now, all of it safe. No program may use it meanwhile.
    pub fn content(&self) -> Content {
        let mut state = self.state();
        state.tree.sync_all();
        Content(state.tree.clone())
    }

    /// Puts a content in the place of what lies on it, and takes every fault away.
    pub fn restore(&self, content: &Content) {
        let mut state = self.state();
        let above = state.tree.greatest();
        state.tree = content.0.renumbered(above);
        state.heal();
    }

    /// Takes every fault away and lets the power come back; counts from 0.
    pub fn heal(&self) {
        self.state().heal();
    }

    /// Lets a fault happen to `victim` after so many operations from now.
    pub fn arm(&self, fault: Fault, after: u64, victim: u32) {
        let mut state = self.state();
        state.heal();
        state.armed = Some(Armed { fault, after, victim });
    }

    /// Operations since the last fault was armed or taken away.
    pub fn operations(&self) -> u64 {
        self.state().operations
    }

    /// Whether the fault happened.
    pub fn fired(&self) -> bool {
        self.state().fired
    }

    /// Bytes that the last power cut took.
    pub fn lost(&self) -> usize {
        self.state().lost
    }
}

impl State {
    fn heal(&mut self) {
        (self.armed, self.operations, self.fired, self.dark, self.lost) = (None, 0, false, false, 0);
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        if let Some(session) = self.session.take() {
            // Nothing can be done about a disk that will not go; the process ends soon.
            let _gone = session.umount_and_join();
        }
    }
}
