//! The demonstration county: Chenggu's real towns and villages, with residents who do not exist.
//!
//! A pure function of size, seed and date. Counts: 17 towns, 272 villages and 1,624 cells (six a village, eight villages have
//! five). The first village (江湾社区, 610722001001) is *full*: 6 cells of 100–140 households and 300–400 residents each, a year of
//! visits and incidents. Every other cell of a town or county is *thin*: the same structure with about a dozen doors, so that a
//! whole county of demonstration data stays a matter of a minute.

pub(crate) mod chance;
mod day;
mod disputes;
mod evacuation;
mod families;
mod homes;
mod incidents;
mod inspections;
mod land;
mod ledger;
mod load;
mod names;
mod photos;
mod register;
mod steps;
mod visits;

use domain::china::start_of_day;
use domain::divisions::{Village, chenggu};
use domain::scope::Role;
use domain::world::Millis;
use domain::{AccountId, CellCode, Kind, RecordId, Scope};
use serde_json::json;

use chance::{Chance, account};
pub use ledger::{Entry, records};
use ledger::{Ledger, fields};
pub use load::{DemoError, Made, MadeDesk, MadeWorker, run};
pub use photos::{Sample, samples};

/// The county's code.
pub const COUNTY: &str = "610722";

/// The county's name.
pub const COUNTY_NAME: &str = "城固县";

/// The seed that `sync-server demo` uses.
pub const SEED: u64 = 610_722;

/// The password of the demonstration desk accounts. Printed, so it guards nothing: these accounts exist only in a database that
/// is marked as a demonstration.
pub const PASSWORD: &str = "Doorstep-Demo-2026";

/// Who answers for a department at the desk: the account, the department's code and its name.
pub(crate) const HANDLERS: [(&str, &str, &str); 2] =
    [("demo-handler", "12", "住建局"), ("demo-handler-2", "20", "城管局")];

/// Villages with five cells instead of six: every thirty-fourth, so that 272 villages have 1,624 cells.
const FIVE_CELLS_EVERY: usize = 34;

/// One day.
pub(crate) const DAY: Millis = 24 * 60 * 60 * 1000;

/// How much of the county is made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Size {
    /// The full village alone.
    Village,
    /// Its town: 24 villages.
    Town,
    /// All 17 towns.
    County,
}

/// A cell of the demonstration county.
#[derive(Debug, Clone)]
pub struct Cell {
    /// 15 digits.
    pub code: CellCode,
    /// 第N网格.
    pub name: String,
    /// The village or community it lies in.
    pub village: &'static Village,
    /// Its number within the village, 1 first.
    pub ordinal: usize,
    /// Whether its village has five cells instead of six.
    pub of_five: bool,
    /// Its number within the county, 0 first.
    pub index: usize,
    /// Stairwells (else farm houses).
    pub urban: bool,
    /// Whether it is populated fully.
    pub full: bool,
}

impl Cell {
    /// About how many doors it has.
    fn doors(&self) -> usize {
        if self.full { 118 } else { 10 }
    }
}

/// An account of the demonstration county.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DemoAccount {
    /// Its sign-in name.
    pub id: AccountId,
    /// As shown.
    pub display_name: String,
    /// What it is for.
    pub role: Role,
    /// What it sees on the desk.
    pub scopes: Vec<Scope>,
    /// The cells its phone holds.
    pub cells: Vec<CellCode>,
    /// Whether it can sign in at the desk, with [`PASSWORD`].
    pub signs_in: bool,
    /// Of a handler: code of the department.
    pub department: Option<&'static str>,
}

/// The plan of a demonstration county; its records are made cell by cell.
#[derive(Debug)]
pub struct County {
    seed: u64,
    now: Millis,
    samples: Vec<Sample>,
    /// The villages, in the order of their codes.
    pub villages: Vec<&'static Village>,
    /// The cells, in the order of their codes.
    pub cells: Vec<Cell>,
    /// The accounts.
    pub accounts: Vec<DemoAccount>,
}

impl County {
    /// The county of that size, as it stands at `now`; its incidents show these pictures.
    ///
    /// # Panics
    /// Without a picture.
    pub fn generate(size: Size, seed: u64, now: Millis, samples: Vec<Sample>) -> Self {
        assert!(!samples.is_empty(), "incidents have pictures to show");
        let all = chenggu();
        let wanted = |village: &&&Village| match size {
            Size::Village => village.code == all[0].code,
            Size::Town => village.town_code == all[0].town_code,
            Size::County => true,
        };
        let villages: Vec<&'static Village> = all.iter().filter(|village| wanted(&village)).collect();
        let mut cells: Vec<Cell> =
            villages.iter().enumerate().flat_map(|(index, village)| cells_of(index, village)).collect();
        for (index, cell) in cells.iter_mut().enumerate() {
            cell.index = index;
        }
        let accounts = accounts(&villages, &cells);
        Self { seed, now, samples, villages, cells, accounts }
    }

    /// Everything that was written in a cell, in the order of time.
    pub fn entries(&self, cell: &Cell) -> Vec<Entry> {
        let mut chance = Chance::of(self.seed, cell.code.as_str());
        let mut ledger = Ledger::new(cell.code.clone());
        let mut writing = Writing {
            ledger: &mut ledger,
            chance: &mut chance,
            cell,
            people: People::of(cell),
            samples: &self.samples,
            incidents: 0,
            now: self.now,
        };
        writing.cell_itself();
        let families = register::write(&mut writing);
        visits::write(&mut writing, &families);
        incidents::write(&mut writing, &families);
        evacuation::write(&mut writing, &families);
        if cell.full {
            day::write(&mut writing, &families);
        }
        disputes::write(&mut writing, &families);
        inspections::write(&mut writing, &families);
        ledger.settle(&mut chance)
    }
}

/// What every part of a cell's making needs.
pub(crate) struct Writing<'a> {
    pub(crate) ledger: &'a mut Ledger,
    pub(crate) chance: &'a mut Chance,
    pub(crate) cell: &'a Cell,
    pub(crate) people: People,
    pub(crate) samples: &'a [Sample],
    /// How many were reported so far.
    pub(crate) incidents: usize,
    pub(crate) now: Millis,
}

impl Writing<'_> {
    /// A working hour that many days ago (Chinese time).
    pub(crate) fn moment(&mut self, days_ago: i64) -> Millis {
        let minute = self.chance.between(8 * 60 + 30, 18 * 60);
        let millis = self.chance.between(0, 59_999);
        self.at(days_ago, minute, millis)
    }

    /// A minute of the supervisor's morning that many days ago.
    pub(crate) fn morning(&mut self, days_ago: i64) -> Millis {
        let minute = self.chance.between(8 * 60 + 40, 11 * 60 + 30);
        let millis = self.chance.between(0, 59_999);
        self.at(days_ago, minute, millis)
    }

    fn at(&self, days_ago: i64, minute: i64, millis: Millis) -> Millis {
        (start_of_day(self.now) - days_ago * DAY + minute * 60_000 + millis).min(self.now - 60_000)
    }

    /// One of the cell's workers.
    pub(crate) fn worker(&mut self) -> AccountId {
        self.chance.one_of(&self.people.workers).clone()
    }

    fn cell_itself(&mut self) {
        let at = self.at(400, 9 * 60, 0);
        let id = cell_record_id(&self.cell.code);
        let values = fields([
            ("code", json!(self.cell.code)),
            ("name", json!(self.cell.name)),
            ("cell_kind", json!("general")),
            ("village_name", json!(self.cell.village.place())),
            ("town_name", json!(self.cell.village.town)),
            ("boundary", land::boundary(self.cell)),
            // Nobody's number: no subscriber number begins with a nought.
            ("public_phone", json!("0916-0000000")),
        ]);
        self.ledger.write(at, &account("demo-admin"), id, Kind::Cell, values);
    }
}

/// The accounts that write in a cell.
pub(crate) struct People {
    /// On phones.
    pub(crate) workers: Vec<AccountId>,
    /// At the desk.
    pub(crate) supervisor: AccountId,
}

impl People {
    fn of(cell: &Cell) -> Self {
        if !cell.full {
            return Self { workers: vec![worker_of(cell.village)], supervisor: supervisor_of(cell.village) };
        }
        let workers = if cell.ordinal == 1 {
            vec![account("demo-worker"), account("demo-worker"), account("demo-worker-2")]
        } else {
            vec![worker_of(cell.village)]
        };
        Self { workers, supervisor: account("demo-supervisor") }
    }
}

fn cells_of(index: usize, village: &'static Village) -> impl Iterator<Item = Cell> {
    let count = if index % FIVE_CELLS_EVERY == FIVE_CELLS_EVERY - 1 { 5 } else { 6 };
    (1..=count).map(move |ordinal| Cell {
        code: CellCode::new(&format!("{}{ordinal:03}", village.code)).expect("twelve and three digits are a cell code"),
        name: format!("第{ordinal}网格"),
        village,
        ordinal,
        of_five: count == 5,
        index: 0,
        urban: village.is_urban(),
        full: index == 0,
    })
}

/// The record of a cell has the same id in every run: it is named by its code.
fn cell_record_id(code: &CellCode) -> RecordId {
    Chance::of(0, code.as_str()).record_id(1_735_689_600_000)
}

fn worker_of(village: &Village) -> AccountId {
    account(&format!("worker-{}", village.code))
}

fn supervisor_of(village: &Village) -> AccountId {
    account(&format!("supervisor-{}", village.town_code))
}

fn scope(code: &str) -> Scope {
    Scope::new(code).expect("codes of the county are scopes")
}

fn accounts(villages: &[&'static Village], cells: &[Cell]) -> Vec<DemoAccount> {
    let first = &cells[0];
    let place = first.village.place();
    let account_of = |id: AccountId, display_name: String, role, scopes, cells| {
        let signs_in = matches!(id.as_str(), "demo-supervisor" | "demo-admin" | "demo-auditor");
        DemoAccount { id, display_name, role, scopes, cells, signs_in, department: None }
    };
    let mut made = vec![
        account_of(account("demo-admin"), "县级管理员（演示）".to_owned(), Role::Admin, vec![scope(COUNTY)], vec![]),
        account_of(
            account("demo-auditor"),
            "安全审计员（演示）".to_owned(),
            Role::Auditor,
            vec![scope(COUNTY)],
            vec![],
        ),
        account_of(
            account("demo-supervisor"),
            format!("{place}网格长（演示）"),
            Role::Supervisor,
            vec![scope(&first.village.code)],
            // A phone for the supervisor too: orders of an evacuation are given where there is no desk.
            vec![first.code.clone()],
        ),
    ];
    for (id, department, name) in HANDLERS {
        let name = format!("{name}经办人（演示）");
        let account = account_of(account(id), name, Role::Handler, vec![scope(COUNTY)], vec![]);
        made.push(DemoAccount { signs_in: true, department: Some(department), ..account });
    }
    for (id, word) in [("demo-worker", "甲"), ("demo-worker-2", "乙")] {
        let name = format!("{}网格员{word}（演示）", first.name);
        made.push(account_of(
            account(id),
            name,
            Role::Worker,
            vec![Scope::from(&first.code)],
            vec![first.code.clone()],
        ));
    }
    for village in villages {
        let held = cells.iter().filter(|cell| cell.village.code == village.code && !(cell.full && cell.ordinal == 1));
        let held: Vec<CellCode> = held.map(|cell| cell.code.clone()).collect();
        let scopes = held.iter().map(Scope::from).collect();
        let name = format!("{}网格员（演示）", village.place());
        made.push(account_of(worker_of(village), name, Role::Worker, scopes, held));
    }
    let mut towns: Vec<&Village> = villages.to_vec();
    towns.dedup_by_key(|village| &village.town_code);
    for town in towns {
        let name = format!("{}审核员（演示）", town.town);
        made.push(account_of(supervisor_of(town), name, Role::Supervisor, vec![scope(&town.town_code)], vec![]));
    }
    made
}

#[cfg(test)]
mod tests;
