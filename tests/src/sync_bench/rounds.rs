//! Ours on the workload: saving, the first push, the first pull by a fresh phone, and two phones' edits. Encryption, validation and
//! history are on, the server is the real program, and everything that came of it is looked at afterwards.

use std::path::Path;
use std::time::{Duration, Instant};

use device::Open;
use domain::scope::Role;
use domain::{AccountId, CellCode, Fields, Scope};
use sync_server::hub::{CountyHub, open_folder};
use sync_server::store::{Account, Reading, Store, StoreError};

use super::link::Link;
use super::wire::{Taken, taken};
use super::workload::{CELL, CONFLICTS, Edit, WORKER, Workload};
use crate::county::{County, Demo, DeskAccount, Invitation};
use crate::phones::Phone;
use crate::program;
use crate::trouble::{Doing, Outcome, trouble};

/// What one run took.
#[derive(Debug, Clone, Copy, Default)]
pub struct Rounds {
    /// Saving every record, each in a durable transaction of its own.
    pub save_each: Duration,
    /// The first push.
    pub push: Taken,
    /// The first pull by a fresh phone.
    pub pull: Taken,
    /// Two phones' edits until they agree.
    pub edits: Taken,
}

/// Runs the workload once in an empty folder.
///
/// # Errors
/// When anything does not go as it must: a record that was refused, an edit that is gone.
pub fn run(workload: &Workload, folder: &Path, link: Option<Link>) -> Outcome<Rounds> {
    let data = folder.join("server");
    add_worker(&open_folder(&data).doing("opening the server's folder")?, WORKER, CELL)?;
    let county = County::open(&data, folder, nobody())?;
    let near = match link {
        Some(link) => format!("http://{}", program::loopback(link.to(county.port())?)),
        None => county.address(),
    };
    let enrol = |name: &str| Phone::enrol(&folder.join(name), &near, &county.enrol_code(WORKER)?);

    let a = enrol("a")?;
    // The connection stands and the clocks are compared, as for the limits.
    whole_round(&a)?;
    let start = Instant::now();
    save(&a, workload)?;
    let save_each = start.elapsed();
    let (accepted, push) = taken(|| whole_round(&a))?;
    if accepted.0 != workload.drafts.len() {
        return trouble(format!("Only {} of {} records were taken.", accepted.0, workload.drafts.len()));
    }
    let b = enrol("b")?;
    let (pulled, pull) = taken(|| whole_round(&b))?;
    if pulled.1 != workload.drafts.len() {
        return trouble(format!("Only {} of {} records came down.", pulled.1, workload.drafts.len()));
    }

    write_edits(&a, &b, workload)?;
    let ((), edits) = taken(|| {
        whole_round(&a)?;
        whole_round(&b)?;
        whole_round(&a).map(|_| ())
    })?;
    for phone in [&a, &b] {
        every_edit_stands(phone, workload)?;
    }
    drop(county);
    every_loser_is_kept(&data, workload)?;
    Ok(Rounds { save_each, push, pull, edits })
}

/// A county without desk and demonstration.
pub(super) fn nobody() -> Demo {
    Demo {
        desk: DeskAccount { account: String::new(), password: String::new() },
        worker: Invitation { account: WORKER.to_owned(), enrol_code: String::new() },
        cell: String::new(),
    }
}

/// Adds a worker who holds one cell.
///
/// # Errors
/// When the server's folder cannot be written.
pub fn add_worker(hub: &CountyHub, name: &str, cell: &str) -> Outcome {
    let account = Account {
        id: AccountId::new(name).doing("naming the worker")?,
        display_name: "测试网格员".to_owned(),
        role: Role::Worker,
        scopes: Vec::new(),
        password_hash: None,
        closed_at: None,
        department: None,
    };
    let cell = CellCode::new(cell).doing("naming the cell")?;
    hub.put_account(account, None, &[cell]).doing("adding the worker")
}

/// A round to its end; how many changes were accepted and how many records came down.
pub(super) fn whole_round(phone: &Phone) -> Outcome<(usize, usize)> {
    let report = phone.round()?;
    if report.ended_by.is_some() || report.refused > 0 {
        return trouble(format!("A round did not go through: {report:?}"));
    }
    Ok((report.accepted, report.pulled))
}

fn save(phone: &Phone, workload: &Workload) -> Outcome {
    let cell = CellCode::new(CELL).doing("naming the cell")?;
    for draft in &workload.drafts {
        let saved = phone
            .device()
            .with_open(|open: &mut Open| open.create(&draft.kind, draft.id, Some(&cell), draft.fields.clone()));
        saved.doing("saving a record")?;
    }
    Ok(())
}

/// Both write, knowing nothing of each other; in a conflict the later one writes visibly later.
fn write_edits(a: &Phone, b: &Phone, workload: &Workload) -> Outcome {
    for later in [false, true] {
        for (phone, edits) in [(a, &workload.edits_a), (b, &workload.edits_b)] {
            for edit in edits.iter().filter(|edit| edit.later == later) {
                let fields = Fields::from([(edit.field.to_owned(), edit.value.clone())]);
                let written =
                    phone.device().with_open(|open: &mut Open| open.write(&edit.kind, Some(edit.id), None, fields));
                written.doing("writing an edit")?;
            }
        }
        std::thread::sleep(Duration::from_millis(5));
    }
    Ok(())
}

/// No edit is gone but those that a later one of the same field replaced.
fn every_edit_stands(phone: &Phone, workload: &Workload) -> Outcome {
    let standing = |edit: &&Edit| !edit.conflict || edit.later;
    let all = workload.edits_a.iter().chain(&workload.edits_b);
    let mut gone = 0;
    for edit in all.filter(standing) {
        let record = phone.device().with_open(|open: &mut Open| open.store().get(edit.id)).doing("reading a record")?;
        gone += usize::from(record.is_none_or(|record| record.fields.get(edit.field) != Some(&edit.value)));
    }
    if gone == 0 { Ok(()) } else { trouble(format!("{gone} edits are gone.")) }
}

/// Every value that lost is in the history, named as such.
fn every_loser_is_kept(data: &Path, workload: &Workload) -> Outcome {
    let hub = open_folder(data).doing("opening the server's folder")?;
    let county = Scope::new(&CELL[..6]).doing("naming the county")?;
    let losers = workload.edits_a.iter().chain(&workload.edits_b).filter(|edit| edit.conflict && !edit.later);
    let kept = hub.store().read(|reading: &dyn Reading| {
        let mut kept = 0;
        for edit in losers {
            let history = reading.history(&county, edit.id)?;
            let mut lost = history.iter().flat_map(|entry| &entry.lost);
            kept += usize::from(lost.any(|lost| lost.field == edit.field && lost.value == edit.value));
        }
        Ok::<_, StoreError>(kept)
    });
    match kept.doing("reading the history")? {
        CONFLICTS => Ok(()),
        kept => trouble(format!("Only {kept} of {CONFLICTS} values that lost were kept.")),
    }
}
