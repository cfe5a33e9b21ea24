//! Backup while the server runs, restore while it does not.

use std::fs::{self, OpenOptions};
use std::io;
use std::path::{Path, PathBuf};

use super::{CliError, print_line};
use crate::files::{beside, remove_if_there, sync_folder};
use crate::hub::county::renew_epoch;
use crate::hub::world::SystemWorld;
use crate::hub::{CountyHub, DATABASE_FILE};
use crate::store::Store;
use crate::store::sqlite::SqliteStore;

/// What SQLite keeps beside a database. Whatever lies there it takes for that database's own, and plays it into the file.
const JOURNALS: [&str; 3] = ["-wal", "-shm", "-journal"];

pub(super) fn back_up(hub: &CountyHub, file: &Path) -> Result<(), CliError> {
    Ok(hub.back_up(file)?)
}

/// Puts the backup in place under a new epoch. The present database is set aside, never overwritten.
pub(super) fn restore(data: &Path, file: &Path) -> Result<(), CliError> {
    let _held = super::hold(data)?;
    let place = data.join(DATABASE_FILE);
    let arriving = beside(&place, ".arriving");
    // A restore that was killed may have left its own.
    remove_with_journals(&arriving)?;
    fs::copy(file, &arriving)?;
    let epoch = match made_ready(&arriving, file) {
        Ok(epoch) => epoch,
        Err(error) => {
            remove_with_journals(&arriving)?;
            return Err(error);
        }
    };
    if let Some(aside) = set_aside(&place)? {
        eprintln!("the database that was there is now {}", aside.display());
    }
    fs::rename(&arriving, &place)?;
    sync_folder(data)?;
    // Opened once, so that who was erased since the backup is erased again before anybody is served.
    drop(super::open_for_command(data)?);
    print_line(&format!("restored; new epoch {epoch}"));
    Ok(())
}

/// The copy of a backup under its new epoch, whole in its one file. Before anything is moved: a file that is no database of ours,
/// or a newer one, changes nothing.
fn made_ready(arriving: &Path, file: &Path) -> Result<domain::Epoch, CliError> {
    // An empty file is an empty database to SQLite, and would become a county without anybody in it.
    if SqliteStore::schema_of(arriving)? == 0 {
        return Err(CliError::Told(format!("{} is no backup of this server", file.display())));
    }
    let epoch = {
        let store = SqliteStore::open(arriving)?;
        let epoch = renew_epoch(&store, &mut SystemWorld)?;
        if !store.leave_no_log()? {
            return Err(CliError::Told(format!("somebody else has {} open", arriving.display())));
        }
        epoch
    };
    remove_journals(arriving)?;
    OpenOptions::new().write(true).open(arriving)?.sync_all()?;
    Ok(epoch)
}

fn remove_journals(database: &Path) -> io::Result<()> {
    JOURNALS.iter().try_for_each(|ending| remove_if_there(&beside(database, ending)))
}

fn remove_with_journals(database: &Path) -> io::Result<()> {
    remove_if_there(database)?;
    remove_journals(database)
}

/// Moves a database with its journals to a free name, which it answers. The journals first, and also where no database is (any
/// more): one that stayed would be played into whatever comes to its place.
fn set_aside(place: &Path) -> io::Result<Option<PathBuf>> {
    let there = JOURNALS.into_iter().chain([""]).filter(|ending| beside(place, ending).exists());
    let there: Vec<&str> = there.collect();
    if there.is_empty() {
        return Ok(None);
    }
    let mut names = (1_u64..).map(|number| beside(place, &format!(".before-restore-{number}")));
    let is_free = |name: &PathBuf| there.iter().all(|ending| !beside(name, ending).exists());
    let aside = names.find(is_free).ok_or(io::ErrorKind::AlreadyExists)?;
    for ending in &there {
        fs::rename(beside(place, ending), beside(&aside, ending))?;
    }
    Ok(Some(aside))
}
