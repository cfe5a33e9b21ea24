//! Numbered migrations: each brings a database from one schema to the next, in one transaction.

use std::path::Path;

use domain::World;
use domain::codes::Lists;
use rusqlite::{Connection, params};

use super::{Sql, SqliteStore};
use crate::hub::world::SystemWorld;
use crate::store::StoreError;

/// The migrations; the schema's number is how many of them were applied.
const MIGRATIONS: &[&str] = &[
    include_str!("schema_1.sql"),
    RECEIPTS,
    include_str!("schema_conflict.sql"),
    include_str!("schema_orders.sql"),
    include_str!("schema_erasure.sql"),
    include_str!("schema_cells.sql"),
    include_str!("schema_review.sql"),
    include_str!("schema_department.sql"),
    include_str!("schema_first_password.sql"),
    include_str!("schema_divisions.sql"),
    include_str!("schema_import.sql"),
    REPORT,
    include_str!("schema_incidents.sql"),
    AUDIT,
    include_str!("schema_desk.sql"),
    SAME,
    include_str!("schema_health.sql"),
    include_str!("schema_official.sql"),
    include_str!("schema_incident_position.sql"),
    include_str!("schema_plain_conditions.sql"),
    include_str!("schema_feed_of_others.sql"),
    include_str!("schema_former_role.sql"),
    include_str!("schema_served.sql"),
    include_str!("schema_photo_removed.sql"),
];

const SAME: &str = include_str!("schema_same.sql");

const AUDIT: &str = include_str!("schema_audit.sql");

const REPORT: &str = include_str!("schema_report.sql");
const RECEIPTS: &str = include_str!("schema_receipts.sql");

impl SqliteStore {
    /// Whether opening this file would bring it to a later schema.
    ///
    /// # Errors
    /// [`StoreError::Broken`] when it is no database.
    pub fn is_behind(path: &Path) -> Result<bool, StoreError> {
        Ok(Self::schema_of(path)? < MIGRATIONS.len() as i64)
    }
}

/// Brings the database to the present schema.
///
/// # Errors
/// [`StoreError::Newer`] when it is ahead of this program: it is then left untouched.
pub(super) fn to_present(conn: &mut Connection) -> Result<(), StoreError> {
    let known = MIGRATIONS.len() as i64;
    let found: i64 = conn.pragma_query_value(None, "user_version", |row| row.get(0))?;
    if found > known {
        return Err(StoreError::Newer { found, known });
    }
    bring(conn, MIGRATIONS.len())
}

/// Applies the migrations that are missing up to the schema `to`.
fn bring(conn: &mut Connection, to: usize) -> Result<(), StoreError> {
    let found: i64 = conn.pragma_query_value(None, "user_version", |row| row.get(0))?;
    for (done, migration) in MIGRATIONS.iter().enumerate().take(to).skip(usize::try_from(found).unwrap_or(0)) {
        let transaction = conn.transaction()?;
        transaction.execute_batch(migration)?;
        if done == 0 {
            begin(&transaction)?;
        }
        if *migration == RECEIPTS {
            Sql::new(&transaction).count_cells()?;
        }
        if *migration == REPORT {
            let sql = Sql::new(&transaction);
            sql.count_all()?;
            sql.settle()?;
        }
        if *migration == SAME {
            let sql = Sql::new(&transaction);
            sql.keep_all_ways()?;
            sql.count_homes()?;
            sql.settle()?;
        }
        if *migration == AUDIT {
            Sql::new(&transaction).link_audit()?;
        }
        transaction.pragma_update(None, "user_version", done as i64 + 1)?;
        transaction.commit()?;
    }
    let transaction = conn.transaction()?;
    Sql::new(&transaction).fold_incidents_if_asked()?;
    Ok(transaction.commit()?)
}

/// Makes a database as it was before the audit log was linked.
#[cfg(test)]
pub(crate) fn before_links(conn: &mut Connection) -> Result<(), StoreError> {
    bring(conn, MIGRATIONS.iter().take_while(|migration| **migration != AUDIT).count())
}

/// What a new database holds: its epoch and the lists to start with.
fn begin(conn: &Connection) -> Result<(), StoreError> {
    let epoch = SystemWorld.epoch().to_string();
    conn.execute("INSERT INTO setting (name, value) VALUES ('epoch', ?1)", [epoch])?;
    let lists = Lists::initial();
    let body = serde_json::to_string(&lists).map_err(|_| StoreError::Unreadable("lists"))?;
    conn.execute(
        "INSERT INTO lists (version, body, by, at) VALUES (?1, ?2, 'server', 0)",
        params![lists.version, body],
    )?;
    Ok(())
}
