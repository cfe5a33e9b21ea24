//! The derived table of incidents: folded anew in the transaction that writes an incident or a step of one.

use std::collections::BTreeSet;

use domain::codes::Lists;
use domain::incident::{Stage, Tenure};
use domain::kinds::Position;
use domain::world::Millis;
use domain::{Kind, Record, RecordId, Scope};
use rusqlite::types::Value;
use rusqlite::{OptionalExtension, params, params_from_iter};

use super::Sql;
use super::inbox::within;
use super::records::written;
use super::rows::{count, county, json, parsed, range, record_id};
use crate::store::{
    Answer, DepartmentNumbers, IncidentOrder, IncidentQuery, IncidentRow, IncidentTable, NumbersQuery, PlaceIncidents,
    PlacedCount, StageCount, StoreError,
};

/// The setting by which a migration asks for folding all incidents once it is done.
const FOLD_ASKED: &str = "fold_incidents";

/// The incident whose line depends on a record.
fn incident_of(record: &Record) -> Option<RecordId> {
    match record.kind {
        Kind::Incident => Some(record.id),
        Kind::IncidentStep => record.reference("incident"),
        _ => None,
    }
}

/// The conditions of a query, but for stage and end.
fn conditions(query: &IncidentQuery, values: &mut Vec<Value>) -> String {
    let mut sql = within("r.cell", &query.scopes, values);
    if let Some(severity) = query.severity {
        sql.push_str(" AND r.severity = ?");
        values.push(Value::from(severity));
    }
    if let Some(category) = &query.category {
        sql.push_str(" AND substr(r.category, 1, ?) = ?");
        values.extend([Value::from(category.chars().count() as i64), Value::from(category.clone())]);
    }
    if let Some(department) = &query.department {
        sql.push_str(
            " AND EXISTS (SELECT 1 FROM incident_tenure t WHERE t.incident = r.id AND t.county = r.county
              AND t.current = 1 AND t.department = ?)",
        );
        values.push(Value::from(department.clone()));
    }
    if let Some(at) = query.overdue_at {
        sql.push_str(" AND r.ended = 0 AND r.due < ?");
        values.push(Value::from(at));
    }
    if let Some(placed) = query.placed {
        sql.push_str(if placed { " AND r.lat IS NOT NULL" } else { " AND r.lat IS NULL" });
    }
    if let Some(text) = &query.text {
        sql.push_str(" AND instr(r.words, ?) > 0");
        values.push(Value::from(text.to_lowercase()));
    }
    sql
}

/// The conditions of a query, with stage and end.
fn all_conditions(query: &IncidentQuery, values: &mut Vec<Value>) -> String {
    let mut sql = conditions(query, values);
    if let Some(stage) = query.stage {
        sql.push_str(" AND r.stage = ?");
        values.push(Value::from(stage.code().to_owned()));
    }
    if let Some(ended) = query.ended {
        sql.push_str(" AND r.ended = ?");
        values.push(Value::from(i64::from(ended)));
    }
    sql
}

/// Where the stage of that code is.
fn stage(code: &str) -> Result<Stage, StoreError> {
    let mut all = std::iter::once(Stage::Draft).chain(Stage::STEPS);
    all.find(|stage| stage.code() == code).ok_or(StoreError::Unreadable("stage"))
}

impl Sql<'_> {
    /// The incident is folded anew that a record belongs to, if it belongs to one.
    pub(super) fn look_at_incident_of(&self, record: &Record) {
        if let Some(incident) = incident_of(record) {
            self.look_at_incident(county(&record.cell), incident);
        }
    }

    pub(super) fn fold_incidents(&self, incidents: &BTreeSet<(String, RecordId)>) -> Answer<()> {
        if incidents.is_empty() {
            return Ok(());
        }
        let lists = self.lists_in_force()?;
        incidents.iter().try_for_each(|(county, id)| self.fold_incident(county, *id, &lists))
    }

    /// Folds every incident when a migration asks for it. Only then are all columns there that reading a record needs.
    pub(super) fn fold_incidents_if_asked(&self) -> Answer<()> {
        if self.setting_value(FOLD_ASKED)?.is_none() {
            return Ok(());
        }
        self.fold_all_incidents(&self.lists_in_force()?)?;
        self.conn.execute("DELETE FROM setting WHERE name = ?1", [FOLD_ASKED])?;
        Ok(())
    }

    /// Every incident there is: for databases of before the table, and when the county has changed its deadlines.
    pub(super) fn fold_all_incidents(&self, lists: &Lists) -> Answer<()> {
        let mut statement = self.conn.prepare("SELECT county, id FROM record WHERE kind = 'incident'")?;
        let rows = statement.query_map([], |row| Ok((row.get::<_, String>(0)?, record_id(row, 1)?)))?;
        let all: Vec<(String, RecordId)> = rows.collect::<Result<_, _>>()?;
        all.iter().try_for_each(|(county, id)| self.fold_incident(county, *id, lists))
    }

    pub(super) fn fold_incident(&self, of: &str, id: RecordId, lists: &Lists) -> Answer<()> {
        self.forget_incident(of, id)?;
        let scope = Scope::new(of).map_err(|_| StoreError::Unreadable("county"))?;
        let Some(stored) = self.one_record(&scope, id)?.filter(|found| found.record.kind == Kind::Incident) else {
            return Ok(());
        };
        let steps = self.records_referring(&scope, id, &Kind::IncidentStep)?;
        let steps: Vec<Record> = steps.into_iter().map(|stored| stored.record).collect();
        let Some((row, tenures)) = IncidentRow::of(&stored.record, &steps, lists) else { return Ok(()) };
        let mut statement = self.conn.prepare_cached(
            "INSERT INTO incident_row (county, id, cell, stage, severity, category, ended, due, changed_at, words, body,
                 lat, lng)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13)",
        )?;
        statement.execute(params![
            of,
            id.0.as_bytes(),
            row.cell.as_str(),
            row.stage.code(),
            row.severity,
            row.category,
            row.ended,
            row.due.map_or(i64::MAX, |due| due.at),
            row.changed_at,
            row.words(),
            written(&row)?,
            row.position.map(|position| position.lat),
            row.position.map(|position| position.lng),
        ])?;
        for (ordinal, tenure) in tenures.iter().enumerate() {
            self.add_tenure(of, &row, ordinal, tenure)?;
        }
        Ok(())
    }

    fn add_tenure(&self, of: &str, row: &IncidentRow, ordinal: usize, tenure: &Tenure) -> Answer<()> {
        let mut statement = self.conn.prepare_cached(
            "INSERT INTO incident_tenure (county, incident, ordinal, cell, department, current, since, answer_due,
                 answered_at, refused_at, result_at, due, solved, rating)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14)",
        )?;
        statement.execute(params![
            of,
            row.id.0.as_bytes(),
            ordinal as i64,
            row.cell.as_str(),
            tenure.department,
            tenure.current,
            tenure.since,
            tenure.answer_due,
            tenure.answered_at,
            tenure.refused_at,
            tenure.result_at,
            tenure.due,
            tenure.is_solved(),
            tenure.rating,
        ])?;
        Ok(())
    }

    pub(super) fn forget_incident(&self, of: &str, id: RecordId) -> Answer<()> {
        let key = params![id.0.as_bytes(), of];
        self.conn.prepare_cached("DELETE FROM incident_row WHERE id = ?1 AND county = ?2")?.execute(key)?;
        self.conn.prepare_cached("DELETE FROM incident_tenure WHERE incident = ?1 AND county = ?2")?.execute(key)?;
        Ok(())
    }
}

impl IncidentTable for Sql<'_> {
    fn incidents(&self, query: &IncidentQuery) -> Answer<Vec<IncidentRow>> {
        self.settle()?;
        let mut values = Vec::new();
        let mut sql = format!("SELECT r.body FROM incident_row r WHERE {}", all_conditions(query, &mut values));
        let (by, direction, behind) = match query.order {
            IncidentOrder::Due => ("r.due", "ASC", ">"),
            IncidentOrder::Changed => ("r.changed_at", "DESC", "<"),
        };
        if let Some((number, id)) = query.after {
            sql.push_str(&format!(" AND ({by}, r.id) {behind} (?, ?)"));
            values.extend([Value::from(number), Value::from(id.0.as_bytes().to_vec())]);
        }
        sql.push_str(&format!(" ORDER BY {by} {direction}, r.id {direction} LIMIT ?"));
        values.push(Value::from(i64::try_from(query.limit).unwrap_or(i64::MAX)));
        let mut statement = self.conn.prepare_cached(&sql)?;
        Ok(statement.query_map(params_from_iter(values), |row| json(row, 0))?.collect::<Result<_, _>>()?)
    }

    fn incident_counts(&self, query: &IncidentQuery, now: Millis) -> Answer<Vec<StageCount>> {
        self.settle()?;
        let mut values = vec![Value::from(now)];
        let sql = format!(
            "SELECT r.stage, r.ended, count(*), sum(r.ended = 0 AND r.due < ?) FROM incident_row r WHERE {}
             GROUP BY r.stage, r.ended",
            conditions(query, &mut values)
        );
        let mut statement = self.conn.prepare_cached(&sql)?;
        let rows = statement.query_map(params_from_iter(values), |row| {
            Ok((row.get::<_, String>(0)?, row.get(1)?, count(row, 2)?, count(row, 3)?))
        })?;
        let rows: Vec<(String, bool, u64, u64)> = rows.collect::<Result<_, _>>()?;
        let of = |(code, ended, incidents, overdue): (String, bool, u64, u64)| {
            Ok(StageCount { stage: stage(&code)?, ended, incidents, overdue })
        };
        rows.into_iter().map(of).collect()
    }

    fn incidents_placed(&self, query: &IncidentQuery) -> Answer<PlacedCount> {
        self.settle()?;
        let mut values = Vec::new();
        let sql = format!(
            "SELECT count(r.lat), count(*) - count(r.lat) FROM incident_row r WHERE {}",
            all_conditions(query, &mut values)
        );
        let mut statement = self.conn.prepare_cached(&sql)?;
        let of = |row: &rusqlite::Row<'_>| Ok(PlacedCount { placed: count(row, 0)?, unplaced: count(row, 1)? });
        Ok(statement.query_row(params_from_iter(values), of)?)
    }

    fn incidents_by_place(&self, query: &IncidentQuery, digits: usize, now: Millis) -> Answer<Vec<PlaceIncidents>> {
        self.settle()?;
        let mut values = vec![Value::from(digits as i64), Value::from(now)];
        let sql = format!(
            "SELECT substr(r.cell, 1, ?) AS place, avg(r.lat), avg(r.lng), count(*), sum(r.ended = 0 AND r.due < ?),
                 min(r.severity)
             FROM incident_row r WHERE r.lat IS NOT NULL AND {} GROUP BY place ORDER BY place",
            all_conditions(query, &mut values)
        );
        let mut statement = self.conn.prepare_cached(&sql)?;
        let rows = statement.query_map(params_from_iter(values), |row| {
            Ok(PlaceIncidents {
                place: parsed(row, 0)?,
                position: Position { lat: row.get(1)?, lng: row.get(2)?, accuracy_m: None },
                incidents: count(row, 3)?,
                overdue: count(row, 4)?,
                severity: row.get(5)?,
            })
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    fn incident_row(&self, within: &Scope, id: RecordId) -> Answer<Option<IncidentRow>> {
        self.settle()?;
        let (from, to) = range(within);
        let sql = "SELECT body FROM incident_row WHERE id = ?1 AND cell >= ?2 AND cell < ?3";
        let mut statement = self.conn.prepare_cached(sql)?;
        Ok(statement.query_row(params![id.0.as_bytes(), from, to], |row| json(row, 0)).optional()?)
    }

    fn department_numbers(&self, query: &NumbersQuery) -> Answer<Vec<DepartmentNumbers>> {
        self.settle()?;
        let mut values = vec![Value::from(query.digits as i64), Value::from(query.now)];
        let mut conditions = within("cell", &query.scopes, &mut values);
        conditions.push_str(" AND since >= ? AND since < ?");
        values.extend([Value::from(query.from), Value::from(query.to)]);
        if let Some(department) = &query.department {
            conditions.push_str(" AND department = ?");
            values.push(Value::from(department.clone()));
        }
        let sql = format!(
            "SELECT department, substr(cell, 1, ?) AS place, count(*),
                 sum(answered_at IS NOT NULL OR current = 0 OR answer_due < ?),
                 sum(coalesce(answered_at <= answer_due, 0)), sum(refused_at IS NOT NULL), sum(solved),
                 sum(solved = 1 AND coalesce(result_at <= due, 1)),
                 sum(rating IS 'satisfied'), sum(rating IS 'fairly'), sum(rating IS 'dissatisfied')
             FROM incident_tenure WHERE {conditions} GROUP BY department, place ORDER BY department, place"
        );
        let mut statement = self.conn.prepare_cached(&sql)?;
        let rows = statement.query_map(params_from_iter(values), |row| {
            Ok(DepartmentNumbers {
                department: parsed(row, 0)?,
                place: parsed(row, 1)?,
                given: count(row, 2)?,
                to_answer: count(row, 3)?,
                answered_in_time: count(row, 4)?,
                refused: count(row, 5)?,
                solved: count(row, 6)?,
                solved_in_time: count(row, 7)?,
                satisfied: count(row, 8)?,
                fairly: count(row, 9)?,
                dissatisfied: count(row, 10)?,
            })
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }
}

#[cfg(test)]
mod tests;
