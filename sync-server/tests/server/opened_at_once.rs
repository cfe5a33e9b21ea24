//! A new data folder that two programs open at once: the server, and a command of whoever sets it up.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use domain::World;
use sync_server::hub::{CountyHub, Hub, open_folder};
use sync_server::photos::PhotoFolder;
use sync_server::store::sqlite::SqliteStore;
use sync_server::store::{Store as _, StoreError};

use crate::common::TestWorld;

/// Where a database keeps its keys.
const KEYS: [&str; 4] = ["receipt_key", "token_key", "proof_key", "seal_secret"];

/// The world of a command: the server starts on the same folder just before chance answers once more, after so many times.
struct Beside {
    world: TestWorld,
    folder: PathBuf,
    answers: usize,
    started: Arc<Mutex<Option<Started>>>,
}

/// The server, and what was kept under the names of the keys when it had started.
struct Started {
    server: CountyHub,
    kept: Vec<Option<String>>,
}

impl World for Beside {
    fn now(&mut self) -> i64 {
        self.world.now()
    }

    fn fill(&mut self, bytes: &mut [u8]) {
        if self.answers == 0 {
            let server = open_folder(&self.folder).unwrap();
            *self.started.lock().unwrap() = Some(Started { server, kept: kept(&self.folder) });
        }
        self.answers = self.answers.wrapping_sub(1);
        self.world.fill(bytes);
    }
}

fn database(folder: &Path) -> SqliteStore {
    SqliteStore::open(&folder.join("county.db")).unwrap()
}

fn kept(folder: &Path) -> Vec<Option<String>> {
    let found: Result<_, StoreError> =
        database(folder).read(|reading| KEYS.iter().map(|name| reading.setting(name)).collect());
    found.unwrap()
}

#[test]
fn a_server_and_a_command_that_open_a_new_database_at_once_have_the_same_keys_and_so_has_the_next_start() {
    // At each of the keys, and at the node between them.
    for answers in 0..5 {
        let folder = tempfile::tempdir().unwrap();
        let started = Arc::new(Mutex::new(None));
        let world = TestWorld::new();
        let beside = Beside { world, folder: folder.path().to_owned(), answers, started: Arc::clone(&started) };
        let photos = PhotoFolder::open(&folder.path().join("photos")).unwrap();
        let command = Hub::open(database(folder.path()), photos, Box::new(beside)).unwrap();
        let Started { server, kept: at_the_start } = started.lock().unwrap().take().unwrap();
        assert!(at_the_start.iter().all(Option::is_some), "{answers}");
        assert_eq!(kept(folder.path()), at_the_start, "{answers}: what the server goes on with is kept");
        let next = open_folder(folder.path()).unwrap();
        assert_eq!((server.keys(), command.keys()), (next.keys(), next.keys()), "{answers}");
    }
}
