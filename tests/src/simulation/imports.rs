//! Imports: the office takes an existing register in from a table, while workers find the same doors and residents on their phones. It is
//! tried and then written; whoever hears nothing goes on where it stopped, and whoever lost the answer takes the same file in once more.

use std::collections::BTreeMap;

use domain::protocol::CallRefusal;
use domain::review::ReviewState;
use domain::scope::{Actor, Role};
use domain::{Fields, Kind, Record, RecordId};
use sync_server::hub::imports::{ImportLine, ImportOf, ImportState};
use sync_server::hub::{CountyHub, HubError};

use super::county::{COUNTY, account, everywhere};
use super::history::History;
use super::orders::administrator;
use super::wire::take;
use crate::trouble::{Doing, Outcome, trouble};

/// What somebody calls the file.
const NAME: &str = "花名册.csv";

/// The headings of a table.
const HEADS: &str = "网格编码,楼栋,单元,楼层,室,姓名,联系电话,与户主关系";

/// So often somebody goes on with an import of which nothing was heard.
const ATTEMPTS: usize = 3;

/// Every record of the county, by id.
type Register = BTreeMap<RecordId, Record>;

impl History {
    /// The office takes a table in: a new one, or one that it took in before.
    pub(super) fn import_sheet(&mut self) -> Outcome {
        self.mend()?;
        if !self.has_administrator()? {
            return Ok(());
        }
        let again = self.office.percent(25);
        let sheet = match self.office.pick(&self.sheets).cloned().filter(|_| again) {
            Some(sheet) => sheet,
            None => {
                let Some(sheet) = self.a_sheet()? else { return Ok(()) };
                self.sheets.push(sheet.clone());
                sheet
            }
        };
        let (before, erasing) = (self.register()?, self.county.erasing);
        let done = self.carry_import_through(&sheet)?;
        let alone = self.county.erasing == erasing;
        let made = self.note_imported(&before, alone)?;
        let Some((line, at_once)) = done else {
            take(&self.ledger).count("import not done".into());
            return Ok(());
        };
        // Whoever heard nothing may find what an earlier run of the same file said: what this one did was lost with the power.
        if alone && at_once && line.report.created != made {
            return trouble(format!("An import made {made:?} and said: {line:?}"));
        }
        take(&self.ledger).count(if made.is_empty() { "imported for nothing".into() } else { "imported".into() });
        if at_once && self.office.percent(50) { self.import_once_more(&sheet) } else { Ok(()) }
    }

    /// The answer was lost: the same file once more makes nothing and changes nothing.
    fn import_once_more(&mut self, sheet: &str) -> Outcome {
        let (before, erasing) = (self.register()?, self.county.erasing);
        let done = self.carry_import_through(sheet)?;
        let alone = self.county.erasing == erasing;
        let made = self.note_imported(&before, alone)?;
        if alone && (!made.is_empty() || self.register()? != before) {
            return trouble(format!("An import that was done already made {made:?} and changed something."));
        }
        if done.is_some() {
            take(&self.ledger).count("imported once more".into());
        }
        Ok(())
    }

    /// The account that imports is there: a database that was put back may not know it.
    fn has_administrator(&mut self) -> Outcome<bool> {
        let office = administrator()?;
        if self.county.ask(|reading| reading.account(&office.account))?.is_some() {
            return Ok(true);
        }
        let made = self.county.hub()?.put_account(account("admin", Role::Admin, &[COUNTY])?, None, &[]);
        if self.desk_heard_nothing(made.is_err())? {
            return Ok(false);
        }
        made.doing("making the administrator's account")?;
        Ok(true)
    }

    /// A few residents behind doors that are known, or are not.
    fn a_sheet(&mut self) -> Outcome<Option<String>> {
        let Some(cell) = self.office.pick(&self.county.open_cells()?).cloned() else { return Ok(None) };
        let mut lines = vec![HEADS.to_owned()];
        for _ in 0..1 + self.office.below(3) {
            let house = if self.office.percent(75) { 1 } else { 2 + self.office.below(2) };
            let (floor, number) = (1 + self.office.below(3), self.office.below(100_000_000));
            let name = self.office.pick(&["张三", "郑十", "钱乙", "冯丙"]).copied().unwrap_or_default();
            let relation = self.office.pick(&["户主", "妻", "女儿"]).copied().unwrap_or_default();
            lines.push(format!("{cell},{house}幢,1,{floor},{floor}01,{name},135{number:08},{relation}"));
        }
        Ok(Some(lines.join("\n")))
    }

    /// Takes a table in, and goes on with it when nothing was heard; whether it was done at once. None: somebody may go on with it later.
    fn carry_import_through(&mut self, sheet: &str) -> Outcome<Option<(ImportLine, bool)>> {
        let office = administrator()?;
        self.say(|| sheet.to_owned());
        let mut batch = None;
        for attempt in 0..ATTEMPTS {
            let went = go_on(self.county.hub()?.as_ref(), &office, sheet, &mut batch);
            if self.desk_heard_nothing(went.is_err())? {
                take(&self.ledger).count("import interrupted".into());
                continue;
            }
            return match went {
                // It is said to be at work: a full disk kept the server from writing down that it has stopped. The next start does.
                Err(HubError::Refused { code: CallRefusal::Stale, .. }) => Ok(None),
                went => went.doing("taking a table in").map(|line| Some((line, attempt == 0))),
            };
        }
        Ok(None)
    }

    /// Every record that the server has.
    fn register(&self) -> Outcome<Register> {
        let mut all = Register::new();
        for cell in &self.county.every_cell()? {
            all.extend(self.county.records(cell)?.into_iter().map(|record| (record.id, record)));
        }
        Ok(all)
    }

    /// What came of an import is noted like all that is written at the desk; how many records of which kind are new. If nothing else
    /// happened it brings houses, doors, households and residents, which stand as approved, and names heads where there were none.
    fn note_imported(&self, before: &Register, alone: bool) -> Outcome<BTreeMap<String, usize>> {
        let (after, mut made) = (self.register()?, BTreeMap::<String, usize>::new());
        if let Some(lost) = before.keys().find(|id| alone && !after.contains_key(*id)) {
            return trouble(format!("{lost} is not there any more since an import."));
        }
        for (id, now) in &after {
            let was = before.get(id);
            let written = written_since(was, now);
            if written.is_empty() {
                continue;
            }
            if alone && !is_brought(was, now, &written) {
                return trouble(format!("An import made {now:?} of {was:?}."));
            }
            let mut ledger = take(&self.ledger);
            ledger.written_at_desk(now, &written);
            if was.is_none() {
                ledger.tasks.insert(*id);
                *made.entry(now.kind.as_str().to_owned()).or_default() += 1;
            }
        }
        for id in after.keys().filter(|id| alone && !before.contains_key(*id)) {
            let scope = everywhere()?;
            let state = self.county.ask(|reading| reading.record(&scope, *id))?.map(|stored| stored.state);
            if state != Some(ReviewState::Approved) {
                return trouble(format!("{id} was brought by an import, and stands at {state:?}."));
            }
        }
        Ok(made)
    }
}

/// Tries a table and writes it, from wherever it stands; `batch` names it once it came.
fn go_on(hub: &CountyHub, office: &Actor, sheet: &str, batch: &mut Option<String>) -> Result<ImportLine, HubError> {
    let known = batch.as_deref().map(|id| hub.import_progress(office, id)).transpose();
    let mut line = match known {
        Ok(Some(line)) => line,
        // It did not come, and nobody heard of that.
        Ok(None) | Err(HubError::Refused { code: CallRefusal::NotFound, .. }) => {
            hub.upload_table(office, NAME, ImportOf::Register, sheet.as_bytes())?
        }
        Err(error) => return Err(error),
    };
    let id = batch.insert(line.batch.id.clone());
    if line.state == ImportState::Uploaded {
        hub.begin_check(office, id, &line.plan)?;
        hub.go_on_with_import(office, id)?;
        line = hub.import_progress(office, id)?;
    }
    if matches!(line.state, ImportState::Checked | ImportState::Stopped) {
        hub.begin_import(office, id)?;
        hub.go_on_with_import(office, id)?;
        line = hub.import_progress(office, id)?;
    }
    if line.state == ImportState::Done { Ok(line) } else { Err(HubError::refused(CallRefusal::Stale)) }
}

/// The fields of a record that were written since it was as it was, if it was there.
fn written_since(was: Option<&Record>, now: &Record) -> Fields {
    let mut fields = now.fields.clone();
    fields.retain(|field, value| {
        was.is_none_or(|was| was.fields.get(field) != Some(value) || was.stamps.of(field) != now.stamps.of(field))
    });
    fields
}

/// Whether this is what an import does: it makes records of the register, and gives a household a head that had none.
fn is_brought(was: Option<&Record>, now: &Record, written: &Fields) -> bool {
    match was {
        None => matches!(now.kind, Kind::Building | Kind::Dwelling | Kind::Household | Kind::Person),
        Some(was) => {
            let names_head = written.len() == 1 && written.contains_key("head");
            now.kind == Kind::Household && names_head && !was.fields.contains_key("head")
        }
    }
}
