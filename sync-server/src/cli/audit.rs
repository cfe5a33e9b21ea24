//! Verifying the audit log from the command line.

use clap::Subcommand;

use super::{CliError, print_line};
use crate::hub::CountyHub;
use crate::hub::audit::AuditFault;

/// What can be done with the audit log.
#[derive(Debug, Subcommand)]
pub(super) enum AuditCommand {
    /// Go through the whole log and say whether an entry was changed, removed or put in. Prints the number and link of the last entry:
    /// noted where nobody who can reach the database can reach it, they prove later that the log up to there is the same.
    Verify {
        /// A last entry that was noted earlier, as `number:link`.
        #[arg(long)]
        noted: Option<String>,
    },
}

pub(super) fn audit(hub: &CountyHub, what: &AuditCommand) -> Result<(), CliError> {
    let AuditCommand::Verify { noted } = what;
    let noted = noted.as_deref().map(read_head).transpose()?;
    let verified = hub.verify_audit(noted)?;
    let (seq, link) = &verified.head;
    match verified.fault {
        None => {
            print_line(&format!("whole: {} entries; the last is {seq}:{link}", verified.entries));
            Ok(())
        }
        Some(fault) => Err(CliError::Told(in_words(&fault))),
    }
}

fn read_head(text: &str) -> Result<(i64, &str), CliError> {
    let head = text.split_once(':').and_then(|(seq, link)| Some((seq.trim().parse().ok()?, link.trim())));
    head.ok_or_else(|| CliError::Told(format!("{text} is not number:link")))
}

fn in_words(fault: &AuditFault) -> String {
    match fault {
        AuditFault::Missing { from, to } => format!("the audit log is broken: the entries {from} to {to} are missing"),
        AuditFault::Altered { seq } => {
            format!("the audit log is broken: entry {seq} was changed or put in, or stands behind one that was")
        }
        AuditFault::End { remembered, found } => {
            format!("the audit log is broken: it should end with entry {remembered} and ends with entry {found}")
        }
        AuditFault::NotedHead { seq } => format!("the audit log is not the one whose entry {seq} was noted"),
    }
}
