//! The command line: serving, the demonstration county, accounts and phones, backup and restore.

mod accounts;
mod audit;
mod backup;
mod serve;

use std::fs::{File, TryLockError};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Args, Parser, Subcommand};

use crate::demo;
use crate::hub::lost_photos::GivenUp;
use crate::hub::{CountyHub, DATABASE_FILE, HubError, PHOTO_FOLDER, open_beside_photos};
use crate::store::sqlite::SqliteStore;

/// 入户 Doorstep: the county's sync server.
#[derive(Debug, Parser)]
#[command(name = "sync-server", version, about, long_about = None)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

/// Where the server keeps everything.
#[derive(Debug, Args)]
struct Data {
    /// The data folder: database and photos. Made when there is none.
    #[arg(long = "data", env = "DOORSTEP_SERVER_DATA", default_value = "./data", global = true)]
    folder: PathBuf,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Answer phones and desks until stopped.
    Serve {
        #[command(flatten)]
        data: Data,
        #[command(flatten)]
        how: serve::How,
    },
    /// Make the demonstration county, and print who can sign in as one line of JSON. Doing it again adds what is missing.
    Demo {
        #[command(flatten)]
        data: Data,
        /// How much of the county.
        #[arg(long, value_enum, default_value = "village")]
        size: demo::Size,
    },
    /// Accounts.
    Account {
        #[command(flatten)]
        data: Data,
        #[command(subcommand)]
        what: accounts::AccountCommand,
    },
    /// Print a code with which one phone can be enrolled, once.
    EnrolCode {
        #[command(flatten)]
        data: Data,
        /// Whose phone it will be.
        #[arg(long)]
        account: String,
        /// How long the code works, in minutes.
        #[arg(long, default_value_t = 15)]
        minutes: u32,
    },
    /// Enrolled phones.
    Device {
        #[command(flatten)]
        data: Data,
        #[command(subcommand)]
        what: accounts::DeviceCommand,
    },
    /// Erase a person with everything that is about that person alone. It cannot be undone.
    Erase {
        #[command(flatten)]
        data: Data,
        /// The supervisor or administrator in whose name and scope it is done.
        #[arg(long)]
        by: String,
        /// The id of the person's record.
        record: String,
    },
    /// The audit log.
    Audit {
        #[command(flatten)]
        data: Data,
        #[command(subcommand)]
        what: audit::AuditCommand,
    },
    /// Copy the database into a new file while the server runs. The photo folder is copied by any file copy, after the database:
    /// then no photo that the database has is missing in the copy.
    Backup {
        #[command(flatten)]
        data: Data,
        /// The new file.
        file: PathBuf,
    },
    /// Put a backup in the place of the database; the server must not run. Phones then offer everything they hold. The photo folder is put
    /// back by any file copy, before the server starts; where there is none to put back, see `lost-photos`.
    Restore {
        #[command(flatten)]
        data: Data,
        /// The backup.
        file: PathBuf,
    },
    /// Say that the pictures which the photo folder lacks are lost, however many: they count as not here, and phones offer again those
    /// that they still have. `serve` does so by itself, but does not start when the folder lacks nearly all of them. Where there is no folder
    /// nothing is changed: `serve` makes one, and says first what is missing.
    LostPhotos {
        #[command(flatten)]
        data: Data,
    },
}

/// Why a command could not be carried out: one line for the person at the terminal.
#[derive(Debug, thiserror::Error)]
enum CliError {
    #[error("{0}")]
    Told(String),
    #[error(transparent)]
    Hub(#[from] HubError),
    #[error(transparent)]
    Demo(#[from] demo::DemoError),
    #[error(transparent)]
    Io(#[from] std::io::Error),
}

impl From<crate::store::StoreError> for CliError {
    fn from(error: crate::store::StoreError) -> Self {
        CliError::Hub(error.into())
    }
}

/// Runs the command line of this process.
pub fn run() -> ExitCode {
    match carry_out(Cli::parse().command) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("sync-server: {}", in_words(&error));
            ExitCode::FAILURE
        }
    }
}

/// A refusal with what is wrong with which field.
fn in_words(error: &CliError) -> String {
    match error {
        CliError::Hub(HubError::Refused { code, problems }) if !problems.is_empty() => {
            let fields: Vec<String> =
                problems.iter().map(|problem| format!("{}: {:?}", problem.field, problem.code)).collect();
            format!("{code:?} ({})", fields.join(", "))
        }
        other => other.to_string(),
    }
}

fn carry_out(command: Command) -> Result<(), CliError> {
    match command {
        Command::Serve { data, how } => serve::serve(&data.folder, &how),
        Command::Demo { data, size } => {
            let _alone = alone_if_behind(&data.folder)?;
            let made = demo::run(&data.folder, size)?;
            print_line(&serde_json::to_string(&made).map_err(|error| CliError::Told(error.to_string()))?);
            Ok(())
        }
        Command::Account { data, what } => accounts::account(&opened(&data)?, what),
        Command::EnrolCode { data, account, minutes } => accounts::enrol_code(&opened(&data)?, &account, minutes),
        Command::Device { data, what } => accounts::device(&opened(&data)?, &what),
        Command::Erase { data, by, record } => accounts::erase(&opened(&data)?, &by, &record),
        Command::Audit { data, what } => audit::audit(&opened(&data)?, &what),
        Command::Backup { data, file } => backup::back_up(&opened(&data)?, &file),
        Command::Restore { data, file } => backup::restore(&data.folder, &file),
        Command::LostPhotos { data } => lost_photos(&opened(&data)?),
    }
}

fn lost_photos(hub: &CountyHub) -> Result<(), CliError> {
    let GivenUp { lost, came, unread } = hub.give_up_lost_photos()?;
    print_line(&format!("{lost} pictures are not in the photo folder; {came} are there that were not noted"));
    if !unread.is_empty() {
        print_line(&format!("these parts of it cannot be read, and count as they did before: {}", unread.join(", ")));
    }
    Ok(())
}

fn opened(data: &Data) -> Result<CountyHub, CliError> {
    let _alone = alone_if_behind(&data.folder)?;
    open_for_command(&data.folder)
}

/// What every command but `serve` and `demo` works with: it says so when there is no photo folder, and makes none.
fn open_for_command(data: &Path) -> Result<CountyHub, CliError> {
    let hub = open_beside_photos(data)?;
    if !hub.photos().is_made() {
        eprintln!(
            "there is no photo folder at {}: if it has a disk of its own, mount that before the server runs; `serve` makes the folder",
            data.join(PHOTO_FOLDER).display()
        );
    }
    Ok(hub)
}

/// Opening a database of an earlier schema brings it to this program's. Under a running server, which is then of an earlier version
/// and goes on writing as it knows it, that would destroy data: the folder is held meanwhile.
fn alone_if_behind(folder: &Path) -> Result<Option<File>, CliError> {
    let database = folder.join(DATABASE_FILE);
    if !database.exists() || !SqliteStore::is_behind(&database)? {
        return Ok(None);
    }
    match hold(folder) {
        Err(CliError::Told(why)) => Err(CliError::Told(format!(
            "{why} of an earlier version, and this one would convert its database: stop the server first"
        ))),
        held => held.map(Some),
    }
}

/// Holds the data folder for one process: two servers on one folder, or a restore under a running one, would destroy data.
/// The lock ends with the process, however it ends.
fn hold(folder: &Path) -> Result<File, CliError> {
    std::fs::create_dir_all(folder)?;
    let file = File::create(folder.join("server.lock"))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => {
            Err(CliError::Told(format!("{} is in use by a running server", folder.display())))
        }
        Err(TryLockError::Error(error)) => Err(error.into()),
    }
}

/// What a command is for goes to standard output; everything else goes to standard error.
#[expect(clippy::print_stdout, reason = "a command line prints its answer")]
fn print_line(text: &str) {
    println!("{text}");
}
