//! Accounts, enrolment codes and phones from the command line: for setting a county up, and for when nobody can sign in.

use std::io::{BufRead, IsTerminal};

use clap::{Subcommand, ValueEnum};
use domain::scope::Role;
use domain::{AccountId, CellCode, DeviceId, RecordId, Scope};

use super::{CliError, print_line};
use crate::hub::CountyHub;
use crate::hub::county::SERVER_ACCOUNT;
use crate::hub::desk::works_at_desk;
use crate::store::{Account, Store as _};

#[derive(Debug, Subcommand)]
pub(super) enum AccountCommand {
    /// Create an account, or change its name, role, scopes and cells. A password is read from standard input for desk roles.
    Add {
        /// Its sign-in name: 3–40 lower-case letters, digits, `-`, `_`, `.`.
        account: String,
        /// The person's name, as shown.
        #[arg(long)]
        name: String,
        /// What it is for.
        #[arg(long, value_enum)]
        role: RoleName,
        /// A division code that a desk account sees: 6 county, 9 town, 12 village digits. May be given several times.
        #[arg(long = "scope")]
        scopes: Vec<String>,
        /// A cell that a phone account holds: 15 digits. May be given several times. What was merged into it comes along, and is not kept
        /// without it.
        #[arg(long = "cell")]
        cells: Vec<String>,
        /// The department that a handler answers for: its code or Chinese name in the county's list.
        #[arg(long)]
        department: Option<String>,
    },
    /// List the accounts.
    List,
    /// Set a password, read from standard input; desk sessions of the account end.
    Password {
        /// The account.
        account: String,
    },
}

#[derive(Debug, Subcommand)]
pub(super) enum DeviceCommand {
    /// List the phones, the latest enrolled first.
    List,
    /// Shut a phone out. What it holds unsent stays on it.
    Revoke {
        /// The phone's id, as listed.
        device: String,
    },
}

/// The roles, as they are typed.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub(super) enum RoleName {
    Worker,
    Informant,
    Supervisor,
    Handler,
    Admin,
    Auditor,
}

impl From<RoleName> for Role {
    fn from(name: RoleName) -> Self {
        match name {
            RoleName::Worker => Role::Worker,
            RoleName::Informant => Role::Informant,
            RoleName::Supervisor => Role::Supervisor,
            RoleName::Handler => Role::Handler,
            RoleName::Admin => Role::Admin,
            RoleName::Auditor => Role::Auditor,
        }
    }
}

fn told(what: impl std::fmt::Display) -> CliError {
    CliError::Told(what.to_string())
}

fn parse<T>(texts: &[String], read: impl Fn(&str) -> Result<T, domain::ids::Malformed>) -> Result<Vec<T>, CliError> {
    texts.iter().map(|text| read(text).map_err(|error| told(format!("{text}: {error}")))).collect()
}

fn account_id(text: &str) -> Result<AccountId, CliError> {
    AccountId::new(text).map_err(|error| told(format!("{text}: {error}")))
}

fn department_code(hub: &CountyHub, text: &str) -> Result<String, CliError> {
    let lists = hub.lists();
    let found = lists.department(text).or_else(|| lists.department_named(text));
    found.map(|found| found.code.clone()).ok_or_else(|| told(format!("{text}: no department of the county's list")))
}

pub(super) fn account(hub: &CountyHub, what: AccountCommand) -> Result<(), CliError> {
    match what {
        AccountCommand::Add { account, name, role, scopes, cells, department } => {
            let account = Account {
                id: account_id(&account)?,
                display_name: name,
                role: role.into(),
                scopes: parse(&scopes, Scope::new)?,
                password_hash: None,
                closed_at: None,
                department: department.map(|text| department_code(hub, &text)).transpose()?,
            };
            let cells = parse(&cells, CellCode::new)?;
            let password = if works_at_desk(account.role) { Some(read_password()?) } else { None };
            hub.add_account(account, password.as_deref(), &cells)?;
            Ok(())
        }
        AccountCommand::List => {
            for account in hub.store().read(|reading| reading.accounts())? {
                let scopes: Vec<&str> = account.scopes.iter().map(Scope::as_str).collect();
                let closed = if account.closed_at.is_some() { "closed" } else { "open" };
                print_line(&format!(
                    "{}\t{:?}\t{}\t{}\t{closed}\t{}",
                    account.id,
                    account.role,
                    account.display_name,
                    scopes.join(","),
                    account.department.as_deref().unwrap_or_default()
                ));
            }
            Ok(())
        }
        AccountCommand::Password { account } => Ok(hub.set_password(&account_id(&account)?, &read_password()?)?),
    }
}

pub(super) fn enrol_code(hub: &CountyHub, account: &str, minutes: u32) -> Result<(), CliError> {
    let made = hub.make_enrol_code(SERVER_ACCOUNT, &account_id(account)?, i64::from(minutes) * 60_000)?;
    print_line(&made.code);
    Ok(())
}

pub(super) fn device(hub: &CountyHub, what: &DeviceCommand) -> Result<(), CliError> {
    match what {
        DeviceCommand::List => {
            for device in hub.store().read(|reading| reading.devices())? {
                let state = if device.revoked_at.is_some() { "revoked" } else { "active" };
                print_line(&format!(
                    "{}\t{}\t{}\t{}\t{state}",
                    device.id, device.account, device.name, device.app_version
                ));
            }
            Ok(())
        }
        DeviceCommand::Revoke { device } => {
            let id: DeviceId = device.parse().map_err(|error| told(format!("{device}: {error}")))?;
            Ok(hub.revoke_device(SERVER_ACCOUNT, id)?)
        }
    }
}

pub(super) fn erase(hub: &CountyHub, by: &str, record: &str) -> Result<(), CliError> {
    let by = account_id(by)?;
    let id: RecordId = record.parse().map_err(|error| told(format!("{record}: {error}")))?;
    let account = hub.store().read(|reading| reading.account(&by))?.filter(|account| account.closed_at.is_none());
    let account = account.ok_or_else(|| told(format!("{by}: no such account")))?;
    let records = hub.erase(&account.actor(), id)?.records;
    print_line(&format!("erased: {records} records"));
    Ok(())
}

/// Reads one line: from a pipe, or typed. Passwords never stand among a command's arguments, where others can read them.
fn read_password() -> Result<String, CliError> {
    let input = std::io::stdin();
    if input.is_terminal() {
        eprint!("password (shown while typing): ");
    }
    let mut line = String::new();
    input.lock().read_line(&mut line)?;
    let password = line.trim_end_matches(['\r', '\n']).to_owned();
    if password.is_empty() { Err(told("a password is read from standard input; there was none")) } else { Ok(password) }
}
