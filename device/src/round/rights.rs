//! What the account of a phone is for the server tells with every answer; and what it may not read does not stay there. Servers of an
//! older version sent informants every photo of their cells, signed papers included; and whoever becomes an informant has held whole
//! cells.
//!
//! It goes at the end of a whole round, never before: by then it is known which database the server has, and all that waited was judged,
//! also what a server that was put back from a backup has lost and was offered again. What still waits goes after a later round. One row
//! says to which rights the register was cut so. Until these are the account's, all of it is looked through after every whole round, and
//! from then on only what a server could still send although it should not.

use domain::scope::{Action, Actor, Role, allowed, sees_whole_cell, visible_field};
use domain::{Kind, Record, Scope, Sha256Hex};
use rusqlite::Connection;

use super::{own, repair};
use crate::DeviceError;
use crate::open::{Account, Open};
use crate::store::{self, Held, Meta, SELECT_HELD, Store};

/// The same, as an answer tells it: the account is stored with its new role.
pub(super) fn take_role(connection: &Connection, before: Role, account: &Account) -> Result<(), DeviceError> {
    tracing::info!(?before, now = ?account.role, "the account has another role");
    Meta::Account.set(connection, account)?;
    read_anew(connection)
}

/// The account has other rights from now on, by its role or by this version: its cells are read anew, as these rights are sent them, and
/// the register is to be cut to them. Also where the former role and the new one see all of them: what the new one may not write comes with
/// a proof, without which a server that was put back would not take it from here.
pub(crate) fn read_anew(connection: &Connection) -> Result<(), DeviceError> {
    Meta::CutTo.set(connection, &Vec::<String>::new())?;
    repair::end_all(connection)?;
    store::forget_cursors(connection, None)
}

/// Removes what the account may not read and nothing waits of, at the end of a whole round. True: something went.
pub(super) fn leave_unreadable(open: &Open) -> Result<bool, DeviceError> {
    let (connection, account) = (open.store.connection(), open.account());
    if sees_whole_cell(account.role) {
        return Ok(false);
    }
    let (rights, cut_to): (_, Option<Vec<String>>) = (rights_of(account.role), Meta::CutTo.get(connection)?);
    let cut_to = cut_to.unwrap_or_default();
    let is_cut = cut_to == rights;
    // By those of another version, which may have taken away what this one lets the account read. What then comes is looked through too.
    let is_read_anew = !is_cut && !cut_to.is_empty();
    if is_read_anew {
        read_anew(connection)?;
    }
    let (mut left, mut waits) = (leave_handed_over(connection, account.role)?, is_read_anew);
    for kind in kinds_here(connection)? {
        let again = may_come_again(account.role, &kind);
        if is_cut && !again {
            continue;
        }
        for held in unfit(connection, account, &kind)? {
            if own::is_waiting(connection, &held)? || picture_waits(&open.store, &held.record)? {
                waits |= !again;
            } else {
                cut(connection, account, held)?;
                left = true;
            }
        }
    }
    if left || !is_cut {
        store::drop_unnamed_photos(connection)?;
    }
    if !is_cut && !waits {
        Meta::CutTo.set(connection, &rights)?;
    }
    Ok(left)
}

/// What a role reads as this version knows it: the fields of every kind.
fn rights_of(role: Role) -> Vec<String> {
    let mut rights = Vec::new();
    for kind in Kind::KNOWN {
        let fields = domain::spec::fields(&kind).iter().filter(|_| allowed(role, Action::Read, &kind));
        let seen = fields.filter(|field| visible_field(role, &kind, field.name));
        rights.extend(seen.map(|field| format!("{kind}.{}", field.name)));
    }
    rights
}

/// Whether records of a kind are looked at after every whole round: a server of an older version may send some that the role does not
/// read. A kind that this version does not know is the server's to judge.
fn may_come_again(role: Role, kind: &Kind) -> bool {
    *kind == Kind::Photo || !(matches!(kind, Kind::Other(_)) || allowed(role, Action::Read, kind))
}

/// Rosters with names, and marks, that another phone handed over.
fn leave_handed_over(connection: &Connection, role: Role) -> Result<bool, DeviceError> {
    let mut left = false;
    for record in store::received_all(connection)?.iter().filter(|record| !allowed(role, Action::Read, &record.kind)) {
        left |= store::remove_received(connection, record.id)?;
    }
    Ok(left)
}

fn kinds_here(connection: &Connection) -> Result<Vec<Kind>, DeviceError> {
    let mut statement = connection.prepare_cached("SELECT DISTINCT kind FROM record")?;
    let names: Vec<String> = statement.query_map([], |row| row.get(0))?.collect::<Result<_, _>>()?;
    Ok(names.iter().map(|name| Kind::from_name(name)).collect())
}

/// The records of a kind with something in them that the account may not read.
fn unfit(connection: &Connection, account: &Account, kind: &Kind) -> Result<Vec<Held>, DeviceError> {
    let mut statement = connection.prepare_cached(&format!("{SELECT_HELD} WHERE kind = ?1"))?;
    let mut rows = statement.query([kind.as_str()])?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        // A row that holds no record is for the rounds to mend.
        let Ok(held) = store::held_of_row(row) else { continue };
        if !may_read(account, &held.record) || !hidden(account.role, &held.record).is_empty() {
            found.push(held);
        }
    }
    Ok(found)
}

/// Whether the account may read a record. Which cells the phone holds is another question.
fn may_read(account: &Account, record: &Record) -> bool {
    let (id, scopes) = (account.account.clone(), vec![Scope::from(&record.cell)]);
    Actor { account: id, role: account.role, scopes, department: None }.may_read(record)
}

/// The fields of a record that a role does not see.
fn hidden(role: Role, record: &Record) -> Vec<String> {
    record.fields.keys().filter(|field| !visible_field(role, &record.kind, field)).cloned().collect()
}

/// Removes a record, or what is hidden of it: with what was set aside there, which is not to be seen either.
fn cut(connection: &Connection, account: &Account, mut held: Held) -> Result<(), DeviceError> {
    let id = held.record.id;
    if !may_read(account, &held.record) {
        return store::remove(connection, id);
    }
    let hidden = hidden(account.role, &held.record);
    held.record.fields.retain(|field, _| !hidden.contains(field));
    held.record.stamps = held.record.stamps.only(&held.record.fields);
    store::put(connection, &held)?;
    let mut statement = connection.prepare_cached("DELETE FROM conflict WHERE id = ?1 AND field = ?2")?;
    for field in hidden {
        statement.execute((id.to_string(), field))?;
    }
    Ok(())
}

/// Whether a photo's picture is still to be sent, whoever took it: after a restore of the server it may be the last one.
fn picture_waits(store: &Store, record: &Record) -> Result<bool, DeviceError> {
    let picture = record.text("sha256").filter(|_| record.kind == Kind::Photo);
    match picture.and_then(|hash| Sha256Hex::new(hash).ok()) {
        Some(hash) => Ok(!store.is_photo_file_sent(&hash)?),
        None => Ok(false),
    }
}
