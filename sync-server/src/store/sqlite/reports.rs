//! Reports as they were made: stored whole, never changed.

use domain::Scope;
use domain::report::Period;
use rusqlite::{OptionalExtension, Row, params};

use super::Sql;
use super::records::written;
use super::rows::{json, parsed, range};
use crate::store::{Answer, PlaceFigures, ReportHead};

const COLUMNS: &str = "id, place, first, last, version, made_at, made_by, rules, formulas, official";

fn head(row: &Row<'_>) -> rusqlite::Result<ReportHead> {
    Ok(ReportHead {
        id: row.get(0)?,
        place: parsed(row, 1)?,
        period: Period { first: parsed(row, 2)?, last: parsed(row, 3)? },
        version: row.get(4)?,
        made_at: row.get(5)?,
        made_by: row.get(6)?,
        rules: row.get(7)?,
        formulas: json(row, 8)?,
        official: row.get(9)?,
    })
}

impl Sql<'_> {
    pub(super) fn reports_around(&self, scope: &Scope) -> Answer<Vec<ReportHead>> {
        let (from, to) = range(scope);
        let sql = format!(
            "SELECT {COLUMNS} FROM report WHERE (place >= ?1 AND place < ?2) OR substr(?1, 1, length(place)) = place
             ORDER BY first DESC, last DESC, length(place), place, version DESC"
        );
        let mut statement = self.conn.prepare_cached(&sql)?;
        Ok(statement.query_map(params![from, to], head)?.collect::<Result<_, _>>()?)
    }

    pub(super) fn one_report(&self, id: i64) -> Answer<Option<ReportHead>> {
        let mut statement = self.conn.prepare_cached(&format!("SELECT {COLUMNS} FROM report WHERE id = ?1"))?;
        Ok(statement.query_row([id], head).optional()?)
    }

    pub(super) fn places_of_report(&self, id: i64, place: &Scope, below: usize) -> Answer<Vec<PlaceFigures>> {
        const SQL: &str = "SELECT place, figures, before FROM report_place
            WHERE report = ?1 AND place >= ?2 AND place < ?3 AND (place = ?2 OR length(place) = ?4) ORDER BY place";
        let (from, to) = range(place);
        let mut statement = self.conn.prepare_cached(SQL)?;
        let rows = statement.query_map(params![id, from, to, i64::try_from(below).unwrap_or(0)], |row| {
            Ok(PlaceFigures { place: parsed(row, 0)?, figures: json(row, 1)?, before: json(row, 2)? })
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    pub(super) fn store_report(&self, head: &ReportHead, places: &[PlaceFigures]) -> Answer<ReportHead> {
        const NEXT: &str =
            "SELECT coalesce(max(version), 0) + 1 FROM report WHERE place = ?1 AND first = ?2 AND last = ?3";
        const HEAD: &str =
            "INSERT INTO report (place, first, last, version, made_at, made_by, rules, formulas, official)
            VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)";
        const PLACE: &str = "INSERT INTO report_place (report, place, figures, before) VALUES (?1, ?2, ?3, ?4)";
        let (place, first, last) = (head.place.as_str(), head.period.first.to_string(), head.period.last.to_string());
        let version: u32 = self.conn.prepare_cached(NEXT)?.query_row(params![place, first, last], |row| row.get(0))?;
        let ReportHead { made_at, made_by, rules, formulas, official, .. } = head;
        let row = params![place, first, last, version, made_at, made_by, rules, written(formulas)?, official];
        self.conn.prepare_cached(HEAD)?.execute(row)?;
        let id = self.conn.last_insert_rowid();
        let mut statement = self.conn.prepare_cached(PLACE)?;
        for each in places {
            statement.execute(params![id, each.place.as_str(), written(&each.figures)?, written(&each.before)?])?;
        }
        Ok(ReportHead { id, version, ..head.clone() })
    }
}
