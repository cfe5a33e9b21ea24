//! The audit log: appended, linked, read; never changed.

use domain::Scope;
use rusqlite::types::{Type, Value};
use rusqlite::{OptionalExtension, Row, params, params_from_iter};

use super::Sql;
use super::rows::range;
use crate::store::chain::{self, Link};
use crate::store::{Answer, AuditEntry, AuditLine, AuditQuery, StoreError};

const COLUMNS: &str = "seq, at, who, action, subject, detail, link";

/// The setting that remembers the last entry: without it nobody would miss what was taken off the end.
const HEAD: &str = "audit_head";

/// From here on no entry is changed.
const SEAL: &str = "CREATE TRIGGER audit_is_never_changed BEFORE UPDATE ON audit
BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END;";

impl Sql<'_> {
    pub(super) fn latest_audit(&self, limit: usize) -> Answer<Vec<AuditEntry>> {
        let query = AuditQuery { limit, ..AuditQuery::default() };
        Ok(self.audit_lines(&query)?.into_iter().map(|line| line.entry).collect())
    }

    pub(super) fn add_audit(&self, entry: &AuditEntry, detail: &str) -> Answer<()> {
        let (last, before) = self.audit_end()?;
        let (seq, link) = (last + 1, chain::link(&before, last + 1, entry, detail));
        let mut statement = self.conn.prepare_cached(
            "INSERT INTO audit (seq, at, who, action, subject, detail, link) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
        )?;
        statement.execute(params![seq, entry.at, entry.who, entry.action, entry.subject, detail, link])?;
        self.set_setting(HEAD, &format!("{seq} {}", chain::written(&link)))
    }

    /// The number and link of the last entry.
    fn audit_end(&self) -> Answer<(i64, Link)> {
        let mut statement = self.conn.prepare_cached("SELECT seq, link FROM audit ORDER BY seq DESC LIMIT 1")?;
        let last = statement.query_row([], |row| Ok((row.get(0)?, link(row, 1)?))).optional()?;
        Ok(last.unwrap_or((0, chain::START)))
    }

    pub(super) fn noted_head(&self) -> Answer<Option<(i64, String)>> {
        let Some(text) = self.setting_value(HEAD)? else { return Ok(None) };
        let head = text.split_once(' ').and_then(|(seq, link)| Some((seq.parse().ok()?, link.to_owned())));
        head.map(Some).ok_or(StoreError::Unreadable("head of the audit log"))
    }

    /// Links the entries of before there were links, and closes the log.
    pub(super) fn link_audit(&self) -> Answer<()> {
        let mut read = self.conn.prepare("SELECT seq, at, who, action, subject FROM audit ORDER BY seq")?;
        let mut write = self.conn.prepare("UPDATE audit SET link = ?2 WHERE seq = ?1")?;
        let mut rows = read.query([])?;
        let (mut before, mut last) = (chain::START, None);
        while let Some(row) = rows.next()? {
            let seq: i64 = row.get(0)?;
            let entry = AuditEntry { at: row.get(1)?, who: row.get(2)?, action: row.get(3)?, subject: row.get(4)? };
            before = chain::link(&before, seq, &entry, "");
            write.execute(params![seq, before])?;
            last = Some(seq);
        }
        self.conn.execute_batch(SEAL)?;
        match last {
            Some(seq) => self.set_setting(HEAD, &format!("{seq} {}", chain::written(&before))),
            None => Ok(()),
        }
    }

    pub(super) fn audit_lines(&self, query: &AuditQuery) -> Answer<Vec<AuditLine>> {
        let mut values = Vec::new();
        let mut sql = format!("SELECT {COLUMNS} FROM audit WHERE 1");
        if let Some(scopes) = &query.scopes {
            sql.push_str(&of_these(scopes, &mut values));
        }
        for (column, wanted) in [("who", &query.who), ("action", &query.action), ("subject", &query.subject)] {
            if let Some(wanted) = wanted {
                sql.push_str(&format!(" AND {column} = ?"));
                values.push(Value::from(wanted.clone()));
            }
        }
        let bounds = [(" AND at >= ?", query.from), (" AND at < ?", query.until), (" AND seq < ?", query.before)];
        for (term, bound) in bounds {
            if let Some(bound) = bound {
                sql.push_str(term);
                values.push(Value::from(bound));
            }
        }
        sql.push_str(" ORDER BY seq DESC LIMIT ?");
        values.push(Value::from(i64::try_from(query.limit).unwrap_or(i64::MAX)));
        let mut statement = self.conn.prepare_cached(&sql)?;
        Ok(statement.query_map(params_from_iter(values), line)?.collect::<Result<_, _>>()?)
    }

    pub(super) fn audit_actions_of(&self, scopes: &[Scope]) -> Answer<Vec<String>> {
        let mut values = Vec::new();
        let own = of_these(scopes, &mut values);
        // One step through the index for each action, instead of one for each entry.
        let sql = format!(
            "WITH RECURSIVE each (action) AS (
                 SELECT min(action) FROM audit UNION ALL
                 SELECT (SELECT min(action) FROM audit WHERE action > each.action) FROM each WHERE each.action IS NOT NULL)
             SELECT each.action FROM each WHERE each.action IS NOT NULL
                 AND EXISTS (SELECT 1 FROM audit WHERE audit.action = each.action{own})"
        );
        let mut statement = self.conn.prepare_cached(&sql)?;
        Ok(statement.query_map(params_from_iter(values), |row| row.get(0))?.collect::<Result<_, _>>()?)
    }

    pub(super) fn audit_part(&self, after: i64, limit: usize) -> Answer<Vec<AuditLine>> {
        let sql = format!("SELECT {COLUMNS} FROM audit WHERE seq > ?1 ORDER BY seq LIMIT ?2");
        let mut statement = self.conn.prepare_cached(&sql)?;
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        Ok(statement.query_map(params![after, limit], line)?.collect::<Result<_, _>>()?)
    }
}

/// Entries of accounts that lie within these scopes, and of nobody's account: the server itself, the command line.
fn of_these(scopes: &[Scope], values: &mut Vec<Value>) -> String {
    let mut own = Vec::new();
    for scope in scopes {
        let (from, to) = range(scope);
        values.extend([Value::from(from), Value::from(to)]);
        own.push("(s.scope >= ? AND s.scope < ?)");
    }
    for scope in scopes {
        let (from, to) = range(scope);
        values.extend([Value::from(from), Value::from(to)]);
    }
    let (scope, cell) = if own.is_empty() {
        ("0".to_owned(), "0".to_owned())
    } else {
        (own.join(" OR "), own.join(" OR ").replace("s.scope", "c.cell"))
    };
    format!(
        " AND (NOT EXISTS (SELECT 1 FROM account a WHERE a.id = audit.who)
            OR EXISTS (SELECT 1 FROM account_scope s WHERE s.account = audit.who AND ({scope}))
            OR EXISTS (SELECT 1 FROM account_cell c WHERE c.account = audit.who AND ({cell})))"
    )
}

fn line(row: &Row<'_>) -> rusqlite::Result<AuditLine> {
    let entry = AuditEntry { at: row.get(1)?, who: row.get(2)?, action: row.get(3)?, subject: row.get(4)? };
    Ok(AuditLine { seq: row.get(0)?, entry, detail: row.get(5)?, link: link(row, 6).unwrap_or_default() })
}

/// What is no link of ours is none at all, so that whoever verifies the chain finds it.
fn link(row: &Row<'_>, column: usize) -> rusqlite::Result<Link> {
    let bytes = row.get_ref(column)?.as_blob()?;
    bytes.try_into().map_err(|_| rusqlite::Error::InvalidColumnType(column, "link".to_owned(), Type::Blob))
}
