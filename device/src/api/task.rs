//! Tasks from the desk (任务), each with its basis in the published list, and what came of them.

use std::collections::HashMap;

use domain::kinds::task::Task;
use domain::kinds::task_report::TaskReport;
use domain::validate::today;
use domain::{Fields, Kind, Record, RecordId};
use serde::{Deserialize, Serialize};
use serde_json::json;
use ts_rs::TS;

use super::record::{OfRecord, Saved, append};
use super::{Failure, Nothing, found};
use crate::read::Places;
use crate::store::{Store, held};
use crate::{Device, DeviceError, Open};

/// What came of a task.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, TS)]
#[ts(export)]
pub struct TaskReportLine {
    /// The report.
    pub id: RecordId,
    /// Code of the result.
    pub result: String,
    /// In words.
    pub note: Option<String>,
    /// When.
    pub at: i64,
    /// Who: an account.
    pub by: Option<String>,
    /// Nothing of it is unsent.
    pub sent: bool,
    /// It was never offered to the server, so `take_back` leaves no trace of it.
    pub may_take_back: bool,
}

/// A task in a list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, TS)]
#[ts(export)]
pub struct TaskLine {
    /// The task.
    pub id: RecordId,
    /// In one line.
    pub title: String,
    /// In full.
    pub text: Option<String>,
    /// Code of the published purpose that it serves.
    pub purpose: String,
    /// When it was given.
    pub at: i64,
    /// By when, `YYYY-MM-DD`.
    pub due_on: Option<String>,
    /// That day has passed.
    pub overdue: bool,
    /// Whom or what it is about.
    pub target_id: Option<RecordId>,
    /// What kind of record that is.
    pub target_kind: Option<String>,
    /// Its name and address, as far as it is in the register.
    pub place: String,
    /// The latest report; none while it is open.
    pub report: Option<TaskReportLine>,
}

/// Says what came of a task.
#[derive(Debug, Deserialize, TS)]
#[serde(deny_unknown_fields)]
#[ts(export, optional_fields = nullable)]
pub struct ReportTaskArgs {
    /// The task.
    pub task: RecordId,
    /// Code of the result.
    pub result: String,
    /// In words.
    pub note: Option<String>,
}

/// Tasks of the last so many milliseconds are listed once they are reported: a year.
const REPORTED_SHOWN: i64 = 366 * 24 * 60 * 60 * 1000;

/// The tasks that stand: open ones first, by their day, then those that were reported, the latest first.
pub(super) fn tasks(device: &Device, _: Nothing) -> Result<Vec<TaskLine>, Failure> {
    device.with_open(|open: &mut Open| {
        let since = open.now() - REPORTED_SHOWN;
        let sql = "kind = 'task' AND deleted = 0 AND body ->> '$.fields.ended_at' IS NULL AND (at >= ?1 OR NOT EXISTS
            (SELECT 1 FROM record AS report WHERE report.parent = record.id AND report.kind = 'task_report' AND report.deleted = 0))";
        let records = open.store().records(sql, [since])?;
        let mut lines = lines(open, &records)?;
        lines.sort_by_key(|line| {
            let reported = line.report.as_ref().map(|report| std::cmp::Reverse(report.at));
            (reported.is_some(), reported, line.due_on.is_none(), line.due_on.clone(), line.at, line.id)
        });
        Ok(lines)
    })
}

/// The tasks that nobody has reported yet, by their day; those without one last.
pub(super) fn open_tasks(open: &Open) -> Result<Vec<TaskLine>, DeviceError> {
    let sql = "kind = 'task' AND deleted = 0 AND body ->> '$.fields.ended_at' IS NULL AND NOT EXISTS
        (SELECT 1 FROM record AS report WHERE report.parent = record.id AND report.kind = 'task_report' AND report.deleted = 0)";
    let records = open.store().records(sql, [])?;
    let mut lines = lines(open, &records)?;
    lines.sort_by_key(|line| (line.due_on.is_none(), line.due_on.clone(), line.at, line.id));
    Ok(lines)
}

pub(super) fn task(device: &Device, args: OfRecord) -> Result<TaskLine, Failure> {
    device.with_open(|open: &mut Open| {
        let record = found(open, args.id, &Kind::Task)?;
        if Task::from(&record).ended_at.is_some() {
            return Err(Failure::not_found());
        }
        lines(open, &[record])?.pop().ok_or_else(Failure::not_found)
    })
}

pub(super) fn report_task(device: &Device, args: ReportTaskArgs) -> Result<Saved, Failure> {
    device.with_open(|open: &mut Open| {
        let fields = Fields::from([
            ("task".to_owned(), json!(args.task)),
            ("result".to_owned(), json!(args.result)),
            ("note".to_owned(), json!(args.note)),
        ]);
        Ok(Saved { id: append(open, &Kind::TaskReport, fields)?, warnings: Vec::new() })
    })
}

fn lines(open: &Open, records: &[Record]) -> Result<Vec<TaskLine>, DeviceError> {
    let store = open.store();
    let mut places = Places::new(store);
    let day = today(open.now()).to_string();
    let mut reports = HashMap::new();
    for record in records {
        if let Some(report) = store.of_parent(&Kind::TaskReport, record.id)?.pop() {
            reports.insert(record.id, report_line(store, &report)?);
        }
    }
    let mut lines = Vec::with_capacity(records.len());
    for record in records {
        let task = Task::from(record);
        lines.push(TaskLine {
            id: record.id,
            overdue: task.due_on.as_ref().is_some_and(|due| *due < day),
            place: task.target.map(|target| place(&mut places, target)).transpose()?.unwrap_or_default(),
            report: reports.remove(&record.id),
            title: task.title,
            text: task.text,
            purpose: task.purpose,
            at: task.at,
            due_on: task.due_on,
            target_id: task.target,
            target_kind: task.target_kind,
        });
    }
    Ok(lines)
}

/// Name and address of whatever a task is about.
fn place(places: &mut Places<'_>, target: RecordId) -> Result<String, DeviceError> {
    let (name, address) = (places.name(target)?, places.address(target)?);
    let words = if name == address { vec![name] } else { vec![name, address] };
    Ok(words.into_iter().filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" · "))
}

fn report_line(store: &Store, record: &Record) -> Result<TaskReportLine, DeviceError> {
    let report = TaskReport::from(record);
    let held = held(store.connection(), record.id)?;
    Ok(TaskReportLine {
        id: record.id,
        result: report.result,
        note: report.note,
        at: report.at,
        by: report.by,
        sent: held.as_ref().is_none_or(|held| held.unsent.is_empty()),
        may_take_back: held.is_some_and(|held| held.is_only_here()),
    })
}
