//! The law of conflicts: whatever was set aside and is open on the server is known to every phone that holds the record, and no
//! phone still asks about what the server has settled.

use std::collections::{BTreeMap, BTreeSet};

use device::DeviceError;
use domain::conflict::{CONFLICT_TOLD_FOR, CONFLICTS_TOLD_MAX};
use domain::kinds::dispute::{WORDS, names_nobody};
use domain::scope::visible_field;
use domain::{CellCode, Record, RecordId, Scope, Stamp};
use sync_server::store::SetAside;

use super::case_files::names_somebody;
use super::county::COUNTY;
use super::erasure::files_that_lost_somebody;
use super::history::{History, SERVER_PUT_BACK};
use super::phone::Phone;
use super::wire::take;
use crate::trouble::{Doing, Outcome, trouble};

/// Whether people can be named in a field of a file.
fn names_people(field: &str) -> bool {
    field == "parties" || WORDS.contains(&field)
}

/// A conflict by its name: field and stamp of the value that was set aside.
type Names = BTreeSet<(String, Stamp)>;

/// What a phone says of the conflicts of one record.
#[derive(Default)]
struct Known {
    /// It was told of these.
    known: Names,
    /// It asks its worker about these.
    asking: Names,
}

/// What a screen asks about: a value that is another than the one that stands. Whoever let it stand and took that back is asked still, on
/// that phone, though the server takes what they wrote for a decision.
const ASKING: &str = "(state = 'open' AND replaced IS NULL AND body -> '$.value' IS NOT
    (SELECT record.body -> ('$.fields.' || field) FROM record WHERE record.id = conflict.id))";

/// What the page that brings a record tells of what is open (docs/PROTOCOL.md §6): the latest, of the last months; what is older is not told
/// to a phone that reads the cell for the first time. Of a case file whose list of parties names nobody any more, lists that name somebody
/// come before all others, whatever their age: as long as one of them is open the file is about somebody.
fn promised<'c>(record: &Record, open: &[&'c SetAside], since: i64) -> Vec<&'c SetAside> {
    let keeps = |one: &&SetAside| names_nobody(record) && names_somebody(one);
    let (first, rest): (Vec<&SetAside>, Vec<&SetAside>) = open.iter().copied().partition(keeps);
    let recent = rest.into_iter().filter(|one| one.at > since);
    first.into_iter().chain(recent).take(CONFLICTS_TOLD_MAX).collect()
}

/// Every phone and the server name the same conflicts, apart from those that a worker decided on the own phone.
pub(super) fn everybody_is_told(history: &History) -> Outcome {
    let since = history.county.now() - CONFLICT_TOLD_FOR;
    let all = open_on_server(history)?;
    // What was set aside of a file that was about nobody then goes from phones, in whichever page the file itself came. A list of parties
    // that names somebody does not: it may be theirs, and who was erased is taken out of it on both sides.
    let ledger = take(&history.ledger);
    let went = |record: &RecordId, (field, stamp): &(String, Stamp)| {
        names_people(field) && ledger.files.set_aside.contains(&(*record, field.clone(), *stamp))
    };
    let may_be_asked = |record: &RecordId, field: &str| ledger.files.left.contains(record) && names_people(field);
    for (number, phone) in history.phones.iter().enumerate().filter(|(_, phone)| !phone.is_out()) {
        let mut known_here = named(phone)?;
        let actor = history.actor_of(phone)?;
        let sees = |record: &Record, field: &str| visible_field(actor.role, &record.kind, field);
        for cell in phone.cells()? {
            for (whole, open) in all.get(&cell).into_iter().flatten().filter(|(whole, _)| actor.may_read(whole)) {
                let record = &whole.id;
                let open: Vec<&SetAside> = open.iter().filter(|one| sees(whole, &one.field)).collect();
                let name = |one: &SetAside| (one.field.clone(), one.stamp);
                let told = promised(whole, &open, since).into_iter();
                let told = told.filter(|one| names_somebody(one) || !went(record, &name(one)));
                let told: Names = told.map(name).collect();
                let open: Names = open.iter().copied().map(name).collect();
                let Known { known, asking } = known_here.remove(record).unwrap_or_default();
                if let Some(untold) = told.difference(&known).next() {
                    return trouble(format!("Phone {number} was not told of {untold:?} of {record}."));
                }
                if let Some(settled) = asking.difference(&open).find(|(field, _)| !may_be_asked(record, field)) {
                    return trouble(format!("Phone {number} still asks about {settled:?} of {record}."));
                }
            }
        }
    }
    Ok(())
}

/// Whatever was set aside unseen was noted, whether or not somebody has decided it since. A database that was put back may have lost it,
/// and knows of what phones bring back neither when it came nor who had seen what.
pub(super) fn all_are_noted(history: &History, gone: &BTreeSet<RecordId>) -> Outcome {
    let (set_aside, restored, erased) = {
        let ledger = take(&history.ledger);
        let restored = ledger.counts.contains_key(SERVER_PUT_BACK);
        (ledger.set_aside.clone(), restored, !ledger.erased_nobody())
    };
    if restored {
        return Ok(());
    }
    let (of_nobody, lost_somebody) = {
        let ledger = take(&history.ledger);
        (ledger.files.left.clone(), files_that_lost_somebody(&ledger, gone))
    };
    let cells = history.county.every_cell()?;
    for ((record, field), stamp) in &set_aside {
        // Nobody wants back who was erased: two lists may be the same without them. Nor what a file said that was about nobody.
        let names_gone = match field.as_str() {
            "head" | "roster" => erased,
            "parties" => lost_somebody.contains(record),
            _ => false,
        };
        if gone.contains(record) || names_gone || (of_nobody.contains(record) && names_people(field)) {
            continue;
        }
        let noted = history.county.ask(|reading| {
            let known = |cell| reading.conflict_known(cell, *record, field, *stamp);
            cells.iter().map(known).collect::<Result<Vec<bool>, _>>()
        })?;
        if !noted.contains(&true) {
            return trouble(format!("{field} of {record} at {stamp:?} was set aside unseen, and nobody is told."));
        }
    }
    Ok(())
}

/// The open conflicts of every record of every cell.
type Open = BTreeMap<CellCode, Vec<(Record, Vec<SetAside>)>>;

fn open_on_server(history: &History) -> Outcome<Open> {
    let scope = Scope::new(COUNTY).doing("naming the county")?;
    let mut open = Open::new();
    for cell in &history.county.every_cell()? {
        let records = history.county.records(cell)?;
        let conflicts = history.county.ask(|reading| {
            let mut found = Vec::with_capacity(records.len());
            for record in records {
                let open = reading.open_conflicts(&scope, record.id, 0)?;
                found.push((record, open));
            }
            Ok(found)
        })?;
        open.insert(cell.clone(), conflicts);
    }
    Ok(open)
}

/// How many conflicts are open at the end.
pub(super) fn open(history: &History) -> Outcome<usize> {
    Ok(open_on_server(history)?.values().flatten().map(|(_, conflicts)| conflicts.len()).sum())
}

/// The conflicts of every record that a phone was told of.
fn named(phone: &Phone) -> Outcome<BTreeMap<RecordId, Known>> {
    type Row = (String, String, String, bool);
    let ask = |open: &mut device::Open| -> Result<Vec<Row>, DeviceError> {
        let sql = format!("SELECT id, field, stamp, {ASKING} FROM conflict WHERE told = 1");
        let mut statement = open.store().connection().prepare_cached(&sql)?;
        let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?)))?;
        Ok(rows.collect::<Result<_, _>>()?)
    };
    let mut found: BTreeMap<RecordId, Known> = BTreeMap::new();
    for (id, field, stamp, asking) in phone.device().with_open(ask).doing("reading a phone")? {
        let of = found.entry(id.parse().doing("reading a record's name")?).or_default();
        let name = (field, stamp.parse().doing("reading a stamp")?);
        if asking {
            of.asking.insert(name.clone());
        }
        of.known.insert(name);
    }
    Ok(found)
}
