//! 点名: a mark for one person in an evacuation. The latest mark stands.

use serde::{Deserialize, Serialize};
use serde_json::json;
use ts_rs::TS;

use crate::codes::CodeList;
use crate::ids::{AccountId, RecordId};
use crate::kinds::text;
use crate::record::{Fields, Record};
use crate::spec::{FieldSpec, FieldType, optional, required};
use crate::stamp::Stamp;
use crate::world::Millis;

/// The fields of a roll-call mark.
pub const FIELDS: &[FieldSpec] = &[
    required("evacuation", FieldType::Ref),
    required("person", FieldType::Ref),
    required("mark", FieldType::Code { list: CodeList::RollMark }),
    required("at", FieldType::PastMoment),
    required("by", FieldType::Account),
    optional("note", FieldType::Lines { max: 200 }),
];

/// What can be said of somebody who is to be brought to safety.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
#[ts(export)]
pub enum Mark {
    /// 未联系
    NotContacted,
    /// 已叫应
    Called,
    /// 已转移（集中）
    MovedShelter,
    /// 已转移（投亲）
    MovedFamily,
    /// 外出不在
    Away,
    /// 拒绝
    Refused,
    /// 失联
    Missing,
    /// 已返回
    Returned,
}

impl Mark {
    /// All of them, in the order of a roll-call.
    pub const ALL: [Mark; 8] = [
        Mark::NotContacted,
        Mark::Called,
        Mark::MovedShelter,
        Mark::MovedFamily,
        Mark::Away,
        Mark::Refused,
        Mark::Missing,
        Mark::Returned,
    ];

    /// 已转移: at the shelter or with family.
    pub fn is_moved(self) -> bool {
        matches!(self, Mark::MovedShelter | Mark::MovedFamily)
    }

    /// 未转: still to be brought to safety. Neither moved nor away.
    pub fn is_unmoved(self) -> bool {
        !self.is_moved() && self != Mark::Away
    }

    /// Nobody knows where they are.
    pub fn is_not_found(self) -> bool {
        matches!(self, Mark::NotContacted | Mark::Missing)
    }
}

/// A mark, read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RollCall {
    /// The record.
    pub id: RecordId,
    /// The evacuation.
    pub evacuation: RecordId,
    /// Of whom it speaks.
    pub person: RecordId,
    /// What it says.
    pub mark: Mark,
    /// When it was made.
    pub at: Millis,
    /// Who made it: an account.
    pub by: Option<String>,
    /// In words.
    pub note: Option<String>,
    /// Its place among all marks.
    pub stamp: Stamp,
}

/// The fields of a mark that is written.
pub fn written(
    evacuation: RecordId,
    (person, mark): (RecordId, Mark),
    at: Millis,
    by: &AccountId,
    note: Option<&str>,
) -> Fields {
    let mut fields = Fields::from([
        ("evacuation".to_owned(), json!(evacuation)),
        ("person".to_owned(), json!(person)),
        ("mark".to_owned(), json!(mark)),
        ("at".to_owned(), json!(at)),
        ("by".to_owned(), json!(by)),
    ]);
    let note = note.map(str::trim).filter(|note| !note.is_empty());
    fields.extend(note.map(|note| ("note".to_owned(), json!(note))));
    fields
}

impl RollCall {
    /// Reads a mark; none for a record that names nobody, or says what this version does not know.
    pub fn read(record: &Record) -> Option<Self> {
        let mark = record.fields.get("mark")?.clone();
        Some(Self {
            id: record.id,
            evacuation: record.reference("evacuation")?,
            person: record.reference("person")?,
            mark: serde_json::from_value(mark).ok()?,
            at: record.int("at").unwrap_or_default(),
            by: text(record, "by"),
            note: text(record, "note"),
            stamp: record.latest(),
        })
    }
}
