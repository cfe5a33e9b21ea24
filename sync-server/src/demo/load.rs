//! Puts the demonstration county into a data folder. Running it again adds what is missing and gives out fresh codes.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use domain::review::ReviewState;
use domain::world::Millis;
use domain::{AccountId, CellCode, Kind, Record, RecordId, Scope};
use serde::Serialize;

use super::chance::account;
use super::{
    COUNTY, COUNTY_NAME, Cell, County, DAY, DemoAccount, Entry, PASSWORD, SEED, Size, cell_record_id, samples,
};
use crate::hub::first_look::digest;
use crate::hub::{CountyHub, HubError, open_folder};
use crate::store::{Account, Approval, BulkRecord, Place, Run, Store as _, StoreError, Taken, Writing, Written};

/// Thin cells that share a transaction.
const CELLS_AT_ONCE: usize = 40;

/// An enrolment code of the demonstration works for a week.
const CODE_LIVES: Millis = 7 * DAY;

/// The setting that keeps the moment the demonstration was first made: a second run continues the same county.
const MADE_AT: &str = "demo_made_at";

/// Why the demonstration could not be made.
#[derive(Debug, thiserror::Error)]
pub enum DemoError {
    /// The folder holds a county that is no demonstration.
    #[error("this data folder holds a real county: demonstration accounts are never added to one")]
    RealCounty,
    /// The server's rules or its store refused.
    #[error(transparent)]
    Hub(#[from] HubError),
}

impl From<StoreError> for DemoError {
    fn from(error: StoreError) -> Self {
        DemoError::Hub(error.into())
    }
}

/// What somebody needs to look around: printed as one line of JSON.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Made {
    /// The desk.
    pub desk: MadeDesk,
    /// The first phone.
    pub worker: MadeWorker,
    /// A second worker's phone in the same cell.
    pub handler_phone2: MadeWorker,
    /// The cell of both phones.
    pub cell: CellCode,
}

/// Who signs in at the desk.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct MadeDesk {
    /// The account.
    pub account: AccountId,
    /// Its password.
    pub password: String,
}

/// Who enrols a phone.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct MadeWorker {
    /// The account.
    pub account: AccountId,
    /// Works once.
    pub enrol_code: String,
}

/// Makes the demonstration county of that size in a data folder.
///
/// # Errors
/// [`DemoError::RealCounty`] when the folder holds something else; [`DemoError::Hub`] when it cannot be stored.
pub fn run(data: &Path, size: Size) -> Result<Made, DemoError> {
    make(&open_folder(data)?, size)
}

/// Makes the demonstration county on an open hub.
pub(crate) fn make(hub: &CountyHub, size: Size) -> Result<Made, DemoError> {
    let made_at = begin(hub)?;
    let pictures = samples().map_err(HubError::refused)?;
    for picture in &pictures {
        hub.keep_photo(&picture.sha256, &picture.full)?;
    }
    let county = County::generate(size, SEED, made_at, pictures);
    hub.put_places(&places(&county))?;
    put_accounts(hub, &county.accounts)?;
    let (full, thin): (Vec<&Cell>, Vec<&Cell>) = county.cells.iter().partition(|cell| cell.full);
    for cells in full.chunks(1).chain(thin.chunks(CELLS_AT_ONCE)) {
        hub.store().write(|writing| cells.iter().try_for_each(|cell| put_cell(writing, &county, cell)))?;
    }
    let worker = |name: &str| -> Result<MadeWorker, DemoError> {
        let id = account(name);
        let made = hub.make_enrol_code("demo", &id, CODE_LIVES)?;
        Ok(MadeWorker { account: id, enrol_code: made.code })
    };
    Ok(Made {
        desk: MadeDesk { account: account("demo-supervisor"), password: PASSWORD.to_owned() },
        worker: worker("demo-worker")?,
        handler_phone2: worker("demo-worker-2")?,
        cell: county.cells[0].code.clone(),
    })
}

/// Marks an empty database as a demonstration, or continues one. Answers with the moment it was first made.
fn begin(hub: &CountyHub) -> Result<Millis, DemoError> {
    let now = hub.now();
    if !hub.is_demo()? {
        if !hub.store().read(|reading| reading.accounts())?.is_empty() {
            return Err(DemoError::RealCounty);
        }
        hub.mark_demo()?;
    }
    hub.store().write(|writing| {
        if let Some(made_at) = writing.setting(MADE_AT)?.and_then(|text| text.parse().ok()) {
            return Ok(made_at);
        }
        writing.put_setting(MADE_AT, &now.to_string())?;
        Ok(now)
    })
}

fn places(county: &County) -> Vec<Place> {
    let place = |code: &str, name: &str| Place { code: super::scope(code), name: name.to_owned() };
    let mut places = vec![place(COUNTY, COUNTY_NAME)];
    let mut towns = BTreeSet::new();
    for village in &county.villages {
        if towns.insert(&village.town_code) {
            places.push(place(&village.town_code, &village.town));
        }
        places.push(place(&village.code, village.place()));
    }
    places.extend(county.cells.iter().map(|cell| place(cell.code.as_str(), &cell.name)));
    places
}

fn put_accounts(hub: &CountyHub, accounts: &[DemoAccount]) -> Result<(), DemoError> {
    let known: BTreeSet<AccountId> =
        hub.store().read(|reading| reading.accounts())?.into_iter().map(|account| account.id).collect();
    for demo in accounts.iter().filter(|demo| !known.contains(&demo.id)) {
        let account = Account {
            id: demo.id.clone(),
            display_name: demo.display_name.clone(),
            role: demo.role,
            scopes: demo.scopes.clone(),
            password_hash: None,
            closed_at: None,
            department: demo.department.map(str::to_owned),
        };
        hub.put_account(account, demo.signs_in.then_some(PASSWORD), &demo.cells)?;
    }
    Ok(())
}

/// Writes a cell, unless it is there.
fn put_cell(writing: &mut dyn Writing, county: &County, cell: &Cell) -> Result<(), StoreError> {
    let scope = Scope::from(&cell.code);
    if writing.record(&scope, cell_record_id(&cell.code))?.is_some() {
        return Ok(());
    }
    let entries = county.entries(cell);
    if cell.full { put_with_history(writing, &entries) } else { put_as_they_stand(writing, &entries) }
}

/// As phones and desk would have sent it: every change with its history, every review with what it did.
fn put_with_history(writing: &mut dyn Writing, entries: &[Entry]) -> Result<(), StoreError> {
    let mut records = BTreeMap::<RecordId, Record>::new();
    for Entry { at, by, change } in entries {
        let merged = domain::merge::merge(records.get(&change.id), change)
            .map_err(|_| StoreError::Unreadable("demonstration change"))?;
        let state = if change.kind.is_reviewed() { ReviewState::Waiting } else { ReviewState::NotReviewed };
        let written = Written { at: *at, by: by.clone(), run: Run::SERVER, state, is_new: false };
        writing.put_record(&merged.record, &written)?;
        let taken = Taken { at: *at, by, device: None, change, lost: &[] };
        writing.append_history(&change.cell, taken, &digest(change))?;
        if let Some((target, state)) = verdict(&merged.record) {
            let approval = (state == ReviewState::Approved).then(|| Approval { at: *at, by: by.clone() });
            writing.set_review(&change.cell, target, state, approval.as_ref())?;
        }
        records.insert(change.id, merged.record);
    }
    Ok(())
}

/// What a review says of its target. The ledger's reviews always speak of the version that stands at their time.
fn verdict(review: &Record) -> Option<(RecordId, ReviewState)> {
    if review.kind != Kind::Review {
        return None;
    }
    let approved = review.text("verdict") == Some("approved");
    Some((review.reference("target")?, if approved { ReviewState::Approved } else { ReviewState::Returned }))
}

/// The outcome alone: quick, for the thousand cells that nobody looks into.
fn put_as_they_stand(writing: &mut dyn Writing, entries: &[Entry]) -> Result<(), StoreError> {
    let records = super::records(entries);
    let mut states = BTreeMap::<RecordId, ReviewState>::new();
    let mut last = BTreeMap::<RecordId, (&AccountId, Millis)>::new();
    for Entry { at, by, change } in entries {
        last.insert(change.id, (by, *at));
        if change.kind.is_reviewed() {
            states.insert(change.id, ReviewState::Waiting);
        }
        states.extend(records.get(&change.id).and_then(verdict));
    }
    let loaded: Vec<BulkRecord> = records
        .into_iter()
        .filter_map(|(id, record)| {
            let (by, at) = last.get(&id)?;
            let state = states.get(&id).copied().unwrap_or(ReviewState::NotReviewed);
            Some(BulkRecord { record, by: (*by).clone(), at: *at, state })
        })
        .collect();
    writing.bulk_load(&loaded).map(|_| ())
}
