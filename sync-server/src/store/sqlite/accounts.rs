//! Accounts and what they hold, phones and their tokens, enrolment codes, desk sessions.

use domain::order::DeviceOrder;
use domain::scope::Role;
use domain::{AccountId, CellCode, DeviceId, Scope};
use rusqlite::{OptionalExtension, Row, params};

use super::Sql;
use super::rows::{count, device_id, hash, parsed};
use crate::store::{
    Account, Answer, DeskSession, Device, EnrolCode, FormerRole, HealthTold, Holding, OrderGiven, SecretHash,
    StoreError, TokenPair,
};

fn role_name(role: Role) -> &'static str {
    match role {
        Role::Worker => "worker",
        Role::Informant => "informant",
        Role::Supervisor => "supervisor",
        Role::Handler => "handler",
        Role::Admin => "admin",
        Role::Auditor => "auditor",
    }
}

fn role(name: &str) -> Result<Role, StoreError> {
    let all = [Role::Worker, Role::Informant, Role::Supervisor, Role::Handler, Role::Admin, Role::Auditor];
    all.into_iter().find(|role| role_name(*role) == name).ok_or(StoreError::Unreadable("role"))
}

fn device(row: &Row<'_>) -> rusqlite::Result<Device> {
    Ok(Device {
        id: device_id(row, 0)?,
        account: parsed(row, 1)?,
        name: row.get(2)?,
        app_version: row.get(3)?,
        enrolled_at: row.get(4)?,
        seen_at: row.get(5)?,
        revoked_at: row.get(6)?,
        order: order(row)?,
        health: health(row)?,
    })
}

fn health(row: &Row<'_>) -> rusqlite::Result<Option<HealthTold>> {
    let Some(at) = row.get(11)? else { return Ok(None) };
    let free: Option<i64> = row.get(17)?;
    Ok(Some(HealthTold {
        at,
        waiting_changes: count(row, 12)?,
        waiting_photos: count(row, 13)?,
        waiting_since: row.get(14)?,
        refused: count(row, 15)?,
        register_bytes: count(row, 16)?,
        free_bytes: free.map(i64::unsigned_abs),
    }))
}

fn order_name(order: DeviceOrder) -> &'static str {
    match order {
        DeviceOrder::Lock => "lock",
        DeviceOrder::Wipe => "wipe",
        // Never ordered: see `Hub::order_device`.
        DeviceOrder::Newer => "newer",
    }
}

fn order(row: &Row<'_>) -> rusqlite::Result<Option<OrderGiven>> {
    let Some(name) = row.get_ref(7)?.as_str_or_null()? else { return Ok(None) };
    let what = if name == order_name(DeviceOrder::Wipe) { DeviceOrder::Wipe } else { DeviceOrder::Lock };
    Ok(Some(OrderGiven { what, at: row.get(8)?, by: row.get(9)?, reported_at: row.get(10)? }))
}

const DEVICE_COLUMNS: &str = "id, account, name, app_version, enrolled_at, seen_at, revoked_at, \
     ordered, ordered_at, ordered_by, reported_at, \
     told_at, waiting_changes, waiting_photos, waiting_since, refused, register_bytes, free_bytes";

fn tokens(row: &Row<'_>) -> rusqlite::Result<TokenPair> {
    Ok(TokenPair {
        device: device_id(row, 0)?,
        access: hash(row, 1)?,
        access_until: row.get(2)?,
        refresh: hash(row, 3)?,
        refresh_until: row.get(4)?,
        confirmed: row.get(5)?,
        served: row.get(6)?,
    })
}

const TOKEN_COLUMNS: &str = "device, access, access_until, refresh, refresh_until, confirmed, served";

impl Sql<'_> {
    pub(super) fn one_account(&self, id: &AccountId) -> Answer<Option<Account>> {
        let mut statement = self.conn.prepare_cached(
            "SELECT display_name, role, password_hash, closed_at, department FROM account WHERE id = ?1",
        )?;
        let found = statement
            .query_row([id.as_str()], |row| {
                Ok((row.get::<_, String>(0)?, row.get::<_, String>(1)?, row.get(2)?, row.get(3)?, row.get(4)?))
            })
            .optional()?;
        let Some((display_name, role_name, password_hash, closed_at, department)) = found else { return Ok(None) };
        let scopes = self.scopes_of(id)?;
        let (id, role) = (id.clone(), role(&role_name)?);
        Ok(Some(Account { id, display_name, role, scopes, password_hash, closed_at, department }))
    }

    fn scopes_of(&self, id: &AccountId) -> Answer<Vec<Scope>> {
        let mut statement =
            self.conn.prepare_cached("SELECT scope FROM account_scope WHERE account = ?1 ORDER BY scope")?;
        Ok(statement.query_map([id.as_str()], |row| parsed(row, 0))?.collect::<Result<_, _>>()?)
    }

    pub(super) fn all_accounts(&self) -> Answer<Vec<Account>> {
        let mut statement = self.conn.prepare_cached("SELECT id FROM account ORDER BY id")?;
        let ids: Vec<AccountId> = statement.query_map([], |row| parsed(row, 0))?.collect::<Result<_, _>>()?;
        let mut accounts = Vec::with_capacity(ids.len());
        for id in ids {
            accounts.extend(self.one_account(&id)?);
        }
        Ok(accounts)
    }

    pub(super) fn store_account(&self, account: &Account) -> Answer<()> {
        let mut statement = self.conn.prepare_cached(
            "INSERT INTO account (id, display_name, role, password_hash, closed_at, department) VALUES (?1, ?2, ?3, ?4, ?5, ?6)
             ON CONFLICT DO UPDATE SET display_name = excluded.display_name, role = excluded.role,
                 password_hash = excluded.password_hash, closed_at = excluded.closed_at, department = excluded.department",
        )?;
        statement.execute(params![
            account.id.as_str(),
            account.display_name,
            role_name(account.role),
            account.password_hash,
            account.closed_at,
            account.department
        ])?;
        self.conn.prepare_cached("DELETE FROM account_scope WHERE account = ?1")?.execute([account.id.as_str()])?;
        let mut scope =
            self.conn.prepare_cached("INSERT OR IGNORE INTO account_scope (account, scope) VALUES (?1, ?2)")?;
        for code in &account.scopes {
            scope.execute([account.id.as_str(), code.as_str()])?;
        }
        Ok(())
    }

    pub(super) fn first_password(&self, account: &AccountId) -> Answer<Option<i64>> {
        let mut statement = self.conn.prepare_cached("SELECT at FROM first_password WHERE account = ?1")?;
        Ok(statement.query_row([account.as_str()], |row| row.get(0)).optional()?)
    }

    pub(super) fn note_first_password(&self, account: &AccountId, at: i64) -> Answer<()> {
        let mut statement =
            self.conn.prepare_cached("INSERT OR REPLACE INTO first_password (account, at) VALUES (?1, ?2)")?;
        statement.execute(params![account.as_str(), at])?;
        Ok(())
    }

    pub(super) fn forget_first_password(&self, account: &AccountId) -> Answer<()> {
        self.conn.prepare_cached("DELETE FROM first_password WHERE account = ?1")?.execute([account.as_str()])?;
        Ok(())
    }

    pub(super) fn holdings_of(&self, account: &AccountId) -> Answer<Vec<Holding>> {
        let mut statement =
            self.conn.prepare_cached("SELECT cell, since, until FROM account_cell WHERE account = ?1 ORDER BY cell")?;
        let rows = statement.query_map([account.as_str()], |row| {
            Ok(Holding { cell: parsed(row, 0)?, since: row.get(1)?, until: row.get(2)? })
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    pub(super) fn roles_before(&self, account: &AccountId) -> Answer<Vec<FormerRole>> {
        let mut statement =
            self.conn.prepare_cached("SELECT role, until FROM former_role WHERE account = ?1 ORDER BY until")?;
        let mut rows = statement.query([account.as_str()])?;
        let mut found = Vec::new();
        while let Some(row) = rows.next()? {
            found.push(FormerRole { role: role(&row.get::<_, String>(0)?)?, until: row.get(1)? });
        }
        Ok(found)
    }

    pub(super) fn note_former_role(&self, account: &AccountId, former: FormerRole) -> Answer<()> {
        // Of two changes at one moment nobody wrote anything in between.
        let mut statement =
            self.conn.prepare_cached("INSERT OR IGNORE INTO former_role (account, role, until) VALUES (?1, ?2, ?3)")?;
        statement.execute(params![account.as_str(), role_name(former.role), former.until])?;
        Ok(())
    }

    pub(super) fn hand_over(&self, account: &AccountId, cells: &[CellCode], at: i64) -> Answer<()> {
        for held in self.holdings_of(account)? {
            if held.until.is_none() && !cells.contains(&held.cell) {
                self.conn
                    .prepare_cached("UPDATE account_cell SET until = ?3 WHERE account = ?1 AND cell = ?2")?
                    .execute(params![account.as_str(), held.cell.as_str(), at])?;
            }
        }
        let mut statement = self.conn.prepare_cached(
            "INSERT INTO account_cell (account, cell, since) VALUES (?1, ?2, ?3)
             ON CONFLICT DO UPDATE SET since = CASE WHEN until IS NULL THEN since ELSE excluded.since END, until = NULL",
        )?;
        for cell in cells {
            statement.execute(params![account.as_str(), cell.as_str(), at])?;
        }
        Ok(())
    }

    // -- phones -----------------------------------------------------------------------------------------------------------

    pub(super) fn one_device(&self, id: DeviceId) -> Answer<Option<Device>> {
        let sql = format!("SELECT {DEVICE_COLUMNS} FROM device WHERE id = ?1");
        Ok(self.conn.prepare_cached(&sql)?.query_row([id.0.as_bytes()], device).optional()?)
    }

    pub(super) fn all_devices(&self) -> Answer<Vec<Device>> {
        let sql = format!("SELECT {DEVICE_COLUMNS} FROM device ORDER BY enrolled_at DESC, id");
        Ok(self.conn.prepare_cached(&sql)?.query_map([], device)?.collect::<Result<_, _>>()?)
    }

    pub(super) fn store_device(&self, device: &Device) -> Answer<()> {
        let mut statement = self.conn.prepare_cached(
            "INSERT INTO device (id, account, name, app_version, enrolled_at, seen_at, revoked_at,
                 ordered, ordered_at, ordered_by, reported_at,
                 told_at, waiting_changes, waiting_photos, waiting_since, refused, register_bytes, free_bytes)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18)
             ON CONFLICT DO UPDATE SET name = excluded.name, app_version = excluded.app_version,
                 seen_at = excluded.seen_at, revoked_at = excluded.revoked_at, ordered = excluded.ordered,
                 ordered_at = excluded.ordered_at, ordered_by = excluded.ordered_by, reported_at = excluded.reported_at,
                 told_at = excluded.told_at, waiting_changes = excluded.waiting_changes,
                 waiting_photos = excluded.waiting_photos, waiting_since = excluded.waiting_since,
                 refused = excluded.refused, register_bytes = excluded.register_bytes, free_bytes = excluded.free_bytes",
        )?;
        let (order, health) = (device.order.as_ref(), device.health.as_ref());
        let number = |of: fn(&HealthTold) -> u64| health.map(|health| i64::try_from(of(health)).unwrap_or(i64::MAX));
        statement.execute(params![
            device.id.0.as_bytes(),
            device.account.as_str(),
            device.name,
            device.app_version,
            device.enrolled_at,
            device.seen_at,
            device.revoked_at,
            order.map(|order| order_name(order.what)),
            order.map(|order| order.at),
            order.map(|order| order.by.as_str()),
            order.and_then(|order| order.reported_at),
            health.map(|health| health.at),
            number(|health| health.waiting_changes),
            number(|health| health.waiting_photos),
            health.and_then(|health| health.waiting_since),
            number(|health| health.refused),
            number(|health| health.register_bytes),
            health.and_then(|health| i64::try_from(health.free_bytes?).ok()),
        ])?;
        Ok(())
    }

    pub(super) fn tokens_with_access(&self, access: &SecretHash) -> Answer<Option<TokenPair>> {
        let sql = format!("SELECT {TOKEN_COLUMNS} FROM token_pair WHERE access = ?1");
        Ok(self.conn.prepare_cached(&sql)?.query_row([access.0], tokens).optional()?)
    }

    pub(super) fn tokens_with_refresh(&self, refresh: &SecretHash) -> Answer<Option<TokenPair>> {
        let sql = format!("SELECT {TOKEN_COLUMNS} FROM token_pair WHERE refresh = ?1");
        Ok(self.conn.prepare_cached(&sql)?.query_row([refresh.0], tokens).optional()?)
    }

    pub(super) fn used_tokens_after(&self, device: DeviceId, access_until: i64) -> Answer<bool> {
        let sql = "SELECT 1 FROM token_pair WHERE device = ?1 AND access_until > ?2 AND confirmed = 1";
        Ok(self.conn.prepare_cached(sql)?.exists(params![device.0.as_bytes(), access_until])?)
    }

    pub(super) fn store_tokens(&self, pair: &TokenPair) -> Answer<()> {
        let mut statement = self.conn.prepare_cached(
            "INSERT INTO token_pair (device, access, access_until, refresh, refresh_until, confirmed, served)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
        )?;
        statement.execute(params![
            pair.device.0.as_bytes(),
            pair.access.0,
            pair.access_until,
            pair.refresh.0,
            pair.refresh_until,
            pair.confirmed,
            pair.served
        ])?;
        Ok(())
    }

    pub(super) fn settle_tokens(&self, pair: &TokenPair) -> Answer<()> {
        self.conn.prepare_cached("UPDATE token_pair SET confirmed = 1 WHERE access = ?1")?.execute([pair.access.0])?;
        self.conn
            .prepare_cached("DELETE FROM token_pair WHERE device = ?1 AND access <> ?2")?
            .execute(params![pair.device.0.as_bytes(), pair.access.0])?;
        Ok(())
    }

    pub(super) fn prolong_tokens(&self, device: DeviceId, until: i64, served: i64) -> Answer<()> {
        self.conn
            .prepare_cached(
                "UPDATE token_pair SET refresh_until = max(refresh_until, ?2), served = max(served, ?3) WHERE device = ?1",
            )?
            .execute(params![device.0.as_bytes(), until, served])?;
        Ok(())
    }

    // -- codes and sessions -------------------------------------------------------------------------------------------------

    pub(super) fn unused_code(&self, code: &SecretHash) -> Answer<Option<EnrolCode>> {
        let mut statement = self.conn.prepare_cached(
            "SELECT hash, account, until, made_by FROM enrol_code WHERE hash = ?1 AND used_at IS NULL",
        )?;
        let found = statement.query_row([code.0], |row| {
            Ok(EnrolCode { hash: hash(row, 0)?, account: parsed(row, 1)?, until: row.get(2)?, made_by: row.get(3)? })
        });
        Ok(found.optional()?)
    }

    pub(super) fn store_code(&self, code: &EnrolCode) -> Answer<()> {
        let mut statement = self
            .conn
            .prepare_cached("INSERT INTO enrol_code (hash, account, until, made_by) VALUES (?1, ?2, ?3, ?4)")?;
        statement.execute(params![code.hash.0, code.account.as_str(), code.until, code.made_by])?;
        Ok(())
    }

    pub(super) fn use_code(&self, code: &SecretHash, at: i64) -> Answer<bool> {
        let mut statement =
            self.conn.prepare_cached("UPDATE enrol_code SET used_at = ?2 WHERE hash = ?1 AND used_at IS NULL")?;
        Ok(statement.execute(params![code.0, at])? == 1)
    }

    pub(super) fn one_session(&self, session: &SecretHash) -> Answer<Option<DeskSession>> {
        let mut statement =
            self.conn.prepare_cached("SELECT hash, account, csrf, since, seen_at FROM desk_session WHERE hash = ?1")?;
        let found = statement.query_row([session.0], |row| {
            Ok(DeskSession {
                hash: hash(row, 0)?,
                account: parsed(row, 1)?,
                csrf: row.get(2)?,
                since: row.get(3)?,
                seen_at: row.get(4)?,
            })
        });
        Ok(found.optional()?)
    }

    pub(super) fn store_session(&self, session: &DeskSession) -> Answer<()> {
        let mut statement = self.conn.prepare_cached(
            "INSERT INTO desk_session (hash, account, csrf, since, seen_at) VALUES (?1, ?2, ?3, ?4, ?5)",
        )?;
        statement.execute(params![
            session.hash.0,
            session.account.as_str(),
            session.csrf,
            session.since,
            session.seen_at
        ])?;
        Ok(())
    }

    pub(super) fn see_session(&self, session: &SecretHash, at: i64) -> Answer<()> {
        self.conn
            .prepare_cached("UPDATE desk_session SET seen_at = ?2 WHERE hash = ?1")?
            .execute(params![session.0, at])?;
        Ok(())
    }

    pub(super) fn end_session(&self, session: &SecretHash) -> Answer<()> {
        self.conn.prepare_cached("DELETE FROM desk_session WHERE hash = ?1")?.execute([session.0])?;
        Ok(())
    }

    pub(super) fn end_sessions_of(&self, account: &AccountId) -> Answer<()> {
        self.conn.prepare_cached("DELETE FROM desk_session WHERE account = ?1")?.execute([account.as_str()])?;
        Ok(())
    }

    pub(super) fn forget_expired(&self, now: i64, served_before: i64) -> Answer<()> {
        // Sessions end after twelve hours at the latest (the hub's rule is stricter); two days keep clocks out of it.
        const SESSION_KEPT: i64 = 48 * 60 * 60 * 1000;
        self.conn.prepare_cached("DELETE FROM enrol_code WHERE until < ?1")?.execute([now])?;
        // A phone that is locked by order cannot get other tokens: it keeps these until the lock is lifted.
        self.conn
            .prepare_cached(
                "DELETE FROM token_pair WHERE refresh_until < ?1 AND served < ?2
                 AND device NOT IN (SELECT id FROM device WHERE ordered IS NOT NULL)",
            )?
            .execute([now, served_before])?;
        self.conn.prepare_cached("DELETE FROM desk_session WHERE since < ?1")?.execute([now - SESSION_KEPT])?;
        Ok(())
    }
}
