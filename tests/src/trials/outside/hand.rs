//! Whoever works in the cell: the real phone or an outside client, with the same few things to do.

use std::collections::BTreeMap;
use std::path::Path;

use device::Open;
use domain::{Fields, Kind, RecordId};
use serde_json::{Value, json};

use super::client::Outside;
use super::ledger::Word;
use crate::phones::Phone;
use crate::trials::county::CELL;
use crate::trouble::{Doing, Outcome, trouble};

/// What the phone has not sent; without names it is every field that the record has.
const UNSENT: &str = "SELECT record.id, field.key, record.body -> field.fullkey FROM unsent JOIN record USING (id),
    json_each(coalesce(unsent.fields, record.body -> '$.fields')) AS named,
    json_tree(record.body, '$.fields') AS field WHERE field.path = '$.fields' AND field.key = named.key";

/// Somebody at work.
pub(super) enum Hand {
    /// Production's phone.
    Real(Phone),
    /// The client written from the page.
    Outside(Box<Outside>),
}

/// What a hand holds.
#[derive(Debug, Default)]
pub(super) struct Holding {
    /// Every record as it is shown, by its id.
    pub(super) records: BTreeMap<String, Value>,
    /// Words that stand in a record and wait to be sent.
    pub(super) unsent: Vec<Word>,
    /// Words that stand in no record but are kept: lost ones that go into the history, and refused ones.
    pub(super) aside: Vec<Word>,
    /// What is unsent, photos included.
    pub(super) waiting: i64,
}

impl Hand {
    /// Makes a record; returns its id.
    pub(super) fn create(&mut self, kind: &str, fields: Value) -> Outcome<String> {
        match self {
            Hand::Real(phone) => write(phone, kind, None, fields),
            Hand::Outside(client) => {
                let made = client.call("create", json!({ "kind": kind, "cell": CELL, "fields": fields }))?;
                text(&made)
            }
        }
    }

    /// Writes fields of a record that it holds.
    pub(super) fn edit(&mut self, kind: &str, id: &str, fields: Value) -> Outcome {
        match self {
            Hand::Real(phone) => write(phone, kind, Some(id), fields).map(|_| ()),
            Hand::Outside(client) => client.call("edit", json!({ "id": id, "fields": fields })).map(|_| ()),
        }
    }

    /// Takes a picture of 64 by 48 at a visit.
    pub(super) fn picture(&mut self, folder: &Path, account: &str, visit: &str, bytes: &[u8], now: i64) -> Outcome {
        match self {
            Hand::Real(phone) => phone.keep_picture(visit, "visit", bytes).map(|_| ()),
            Hand::Outside(client) => {
                let path = folder.join("picture.jpg");
                std::fs::write(&path, bytes).doing("writing a picture")?;
                let fields = json!({ "subject": visit, "subject_kind": "visit", "width": 64, "height": 48, "taken_at": now,
                    "photo_kind": "scene", "by": account });
                client.call("photo", json!({ "cell": CELL, "path": path, "fields": fields })).map(|_| ())
            }
        }
    }

    /// One round; whether it came to its end. An outside client can be made to hear before it says anything.
    pub(super) fn round(&mut self, ask_first: bool) -> Outcome<bool> {
        match self {
            Hand::Real(phone) => Ok(phone.round()?.ended_by.is_none()),
            Hand::Outside(client) => client.attempt("sync", json!({ "ask_first": ask_first })),
        }
    }

    /// What it holds now.
    pub(super) fn holding(&mut self) -> Outcome<Holding> {
        match self {
            Hand::Real(phone) => held_by_phone(phone),
            Hand::Outside(client) => held_outside(&client.call("register", json!({}))?),
        }
    }
}

fn write(phone: &Phone, kind: &str, id: Option<&str>, fields: Value) -> Outcome<String> {
    let kind: Kind = serde_json::from_value(json!(kind)).doing("naming a kind")?;
    let fields: Fields = serde_json::from_value(fields).doing("making fields")?;
    let id: Option<RecordId> = id.map(str::parse).transpose().doing("reading an id")?;
    let written = phone.device().with_open(|open: &mut Open| open.write(&kind, id, None, fields));
    Ok(written.doing("writing on the phone")?.to_string())
}

fn held_by_phone(phone: &Phone) -> Outcome<Holding> {
    let state = phone.device().sync_state().doing("asking for the state")?;
    if state.refused > 0 {
        return trouble("The server refused a word of the real phone.");
    }
    let read = |open: &mut Open| {
        let aside = words(open, "SELECT id, field, value FROM overtaken")?;
        let unsent = words(open, UNSENT)?;
        Ok::<_, device::DeviceError>((open.store().records("1 = 1", ())?, unsent, aside))
    };
    let (records, unsent, aside) = phone.device().with_open(read).doing("reading a register")?;
    Ok(Holding {
        records: records.iter().map(|record| (record.id.to_string(), json!(record))).collect(),
        unsent,
        aside,
        waiting: state.waiting_records + state.waiting_photos,
    })
}

/// Reads (record, field, value as JSON) from the phone's register.
fn words(open: &Open, sql: &str) -> Result<Vec<Word>, device::DeviceError> {
    let mut rows = open.store().connection().prepare_cached(sql)?;
    let rows = rows.query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get::<_, String>(2)?)))?;
    let mut found = Vec::new();
    for row in rows {
        let (record, field, value) = row?;
        found.push(Word { record, field, value: serde_json::from_str(&value)? });
    }
    Ok(found)
}

fn held_outside(register: &Value) -> Outcome<Holding> {
    let list = |name: &str| register[name].as_array().cloned().unwrap_or_default();
    let mut holding = Holding { waiting: register["waiting"].as_i64().unwrap_or(-1), ..Holding::default() };
    for record in list("records") {
        holding.records.insert(text(&record["id"])?, record);
    }
    let word = |word: &Value| -> Outcome<Word> {
        Ok(Word { record: text(&word["record"])?, field: text(&word["field"])?, value: word["value"].clone() })
    };
    holding.unsent = list("unsent").iter().map(word).collect::<Outcome<_>>()?;
    holding.aside = list("lost").iter().map(word).collect::<Outcome<_>>()?;
    for refused in list("refused") {
        let change = &refused["change"];
        for (field, value) in change["fields"].as_object().into_iter().flatten() {
            holding.aside.push(Word { record: text(&change["id"])?, field: field.clone(), value: value.clone() });
        }
    }
    Ok(holding)
}

fn text(value: &Value) -> Outcome<String> {
    match value.as_str() {
        Some(text) => Ok(text.to_owned()),
        None => trouble(format!("The outside client should have named a text: {value}")),
    }
}
