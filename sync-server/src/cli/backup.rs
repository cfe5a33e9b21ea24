//! Backup while the server runs, restore while it does not.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::{CliError, print_line};
use crate::hub::county::renew_epoch;
use crate::hub::world::SystemWorld;
use crate::hub::{CountyHub, DATABASE_FILE, open_folder};
use crate::store::sqlite::SqliteStore;

pub(super) fn back_up(hub: &CountyHub, file: &Path) -> Result<(), CliError> {
    Ok(hub.back_up(file)?)
}

/// Puts the backup in place under a new epoch. The present database is set aside, never overwritten.
pub(super) fn restore(data: &Path, file: &Path) -> Result<(), CliError> {
    let _held = super::hold(data)?;
    let place = data.join(DATABASE_FILE);
    let arriving = data.join(format!("{DATABASE_FILE}.arriving"));
    remove_if_there(&arriving)?;
    fs::copy(file, &arriving)?;
    // Opened before anything is moved: a file that is no database, or a newer one, changes nothing.
    let epoch = {
        let store = SqliteStore::open(&arriving)?;
        renew_epoch(&store, &mut SystemWorld)?
    };
    remove_journals(&arriving)?;
    if place.exists() {
        let aside = free_name(data);
        fs::rename(&place, &aside)?;
        for journal in journals(&place) {
            if journal.exists() {
                let ending = journal.to_string_lossy().rsplit('-').next().map(str::to_owned).unwrap_or_default();
                fs::rename(&journal, format!("{}-{ending}", aside.display()))?;
            }
        }
        eprintln!("the database that was there is now {}", aside.display());
    }
    fs::rename(&arriving, &place)?;
    // Opened once, so that who was erased since the backup is erased again before anybody is served.
    drop(open_folder(data)?);
    print_line(&format!("restored; new epoch {epoch}"));
    Ok(())
}

fn journals(database: &Path) -> [PathBuf; 2] {
    ["-wal", "-shm"].map(|ending| PathBuf::from(format!("{}{ending}", database.display())))
}

/// The store was closed: what its journals held is in the file.
fn remove_journals(database: &Path) -> io::Result<()> {
    journals(database).iter().try_for_each(|journal| remove_if_there(journal))
}

fn remove_if_there(file: &Path) -> io::Result<()> {
    match fs::remove_file(file) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

fn free_name(data: &Path) -> PathBuf {
    let names = (1..).map(|number| data.join(format!("{DATABASE_FILE}.before-restore-{number}")));
    names.into_iter().find(|name| !name.exists()).unwrap_or_else(|| data.join("county.db.before-restore"))
}
