//! What the account of a phone may not read does not stay on it. Servers of an older version sent informants every photo of their cells,
//! signed papers included; and whoever becomes an informant has held whole cells.
//!
//! What is unsent of it, for the history too, or still followed by photos, goes like a record that left its cell: once the server has it.

use domain::scope::{Action, Actor, Role, allowed, sees_whole_cell, visible_field};
use domain::{Kind, Scope};
use rusqlite::Connection;

use super::own;
use crate::DeviceError;
use crate::open::Account;
use crate::store::{self, Held, SELECT_HELD};

/// Removes what the account may not read, of the kinds of which that can have come down. True: something went.
///
/// A kind that this version does not know is the server's to judge, and stays. Whoever lets a role read more of a kind than this version
/// does must let its phones read their cells anew: an older program has removed what a newer server sent.
pub(crate) fn leave_unreadable(connection: &Connection, account: &Account) -> Result<bool, DeviceError> {
    let reads_all = |kind: &Kind| allowed(account.role, Action::Read, kind) && *kind != Kind::Photo;
    leave(connection, account, |kind| !matches!(kind, Kind::Other(_)) && !reads_all(kind))
}

/// The account has another role from now on. What it may not read any more goes, whatever its kind, and its cells are read anew: they
/// are sent as the new role sees them. (An answer that is under way may note its cursors once more. Whoever sees whole cells finds out by the
/// receipt.)
pub(crate) fn role_changes(connection: &Connection, before: Role, account: &Account) -> Result<(), DeviceError> {
    if sees_whole_cell(before) && sees_whole_cell(account.role) {
        return Ok(());
    }
    leave(connection, account, |_| true)?;
    store::forget_cursors(connection, None)
}

fn leave(connection: &Connection, account: &Account, of: impl Fn(&Kind) -> bool) -> Result<bool, DeviceError> {
    if sees_whole_cell(account.role) {
        return Ok(false);
    }
    let mut statement = connection.prepare_cached("SELECT DISTINCT kind FROM record")?;
    let kinds: Vec<String> = statement.query_map([], |row| row.get(0))?.collect::<Result<_, _>>()?;
    let mut left = false;
    for kind in kinds.iter().map(|kind| Kind::from_name(kind)).filter(of) {
        for (held, hidden) in unfit(connection, account, &kind)? {
            own::store_or_leave(connection, &held)?;
            forget_set_aside(connection, &held, &hidden)?;
            left = true;
        }
    }
    if left {
        store::drop_unnamed_photos(connection)?;
    }
    Ok(left)
}

/// The records of a kind with something in them that the account may not read, as they then stand, and the fields that they lose.
fn unfit(connection: &Connection, account: &Account, kind: &Kind) -> Result<Vec<(Held, Vec<String>)>, DeviceError> {
    let mut actor =
        Actor { account: account.account.clone(), role: account.role, scopes: Vec::new(), department: None };
    let mut statement = connection.prepare_cached(&format!("{SELECT_HELD} WHERE kind = ?1"))?;
    let mut rows = statement.query([kind.as_str()])?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        // A row that holds no record stops no start: the rounds mend it.
        let Ok(held) = store::held_of_row(row) else { continue };
        // Which cells the phone holds is another question.
        actor.scopes = vec![Scope::from(&held.record.cell)];
        if !actor.may_read(&held.record) {
            found.push((Held { gone: true, doubted: false, ..held }, Vec::new()));
            continue;
        }
        let is_hidden = |field: &String| !visible_field(account.role, kind, field) && !held.unsent.contains_key(field);
        let hidden: Vec<String> = held.record.fields.keys().filter(|field| is_hidden(field)).cloned().collect();
        if !hidden.is_empty() {
            found.push((without(held, &hidden), hidden));
        }
    }
    Ok(found)
}

fn without(mut held: Held, hidden: &[String]) -> Held {
    let record = &mut held.record;
    record.fields.retain(|field, _| !hidden.contains(field));
    record.stamps = record.stamps.only(&record.fields);
    held
}

/// Another value of a field that is not to be seen is not to be seen either.
fn forget_set_aside(connection: &Connection, held: &Held, hidden: &[String]) -> Result<(), DeviceError> {
    let mut statement = connection.prepare_cached("DELETE FROM conflict WHERE id = ?1 AND field = ?2")?;
    for field in hidden {
        statement.execute((held.record.id.to_string(), field))?;
    }
    Ok(())
}
