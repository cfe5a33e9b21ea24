//! 合并: two entries of one and the same resident, household or door. Nothing is deleted: one of them *gives way* to the other, and
//! whoever reads follows it there. Undoing that is one write.
//!
//! The entry with the greater id gives way, always, so that two phones that find the same pair at once say the same thing, and
//! no chain of such entries can close to a circle: every step leads to a smaller id. Ids sort by the time of creation, so it is
//! the older entry that stays, with its history. Which *values* stay is what the worker picks, field by field.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value};

use crate::ids::RecordId;
use crate::record::{Fields, Kind, Record};
use crate::spec::fields;

/// The field that names the entry to which this one gave way.
pub const MERGED_INTO: &str = "merged_into";

/// The field with the values that the other entry had before, for the way back.
pub const MERGED_BEFORE: &str = "merged_before";

/// Whether two records of this kind can turn out to be one.
pub fn can_be_same(kind: &Kind) -> bool {
    matches!(kind, Kind::Person | Kind::Household | Kind::Dwelling)
}

impl Record {
    /// The entry to which this one gave way. A name that does not lead to a smaller id leads nowhere.
    pub fn merged_into(&self) -> Option<RecordId> {
        self.reference(MERGED_INTO).filter(|into| can_be_same(&self.kind) && *into < self.id)
    }

    /// Whether the record counts as present: not taken out of the register, and not given way to another. Lists, numbers and
    /// searches count this and nothing else.
    pub fn is_present(&self) -> bool {
        !self.is_deleted() && self.merged_into().is_none()
    }
}

/// Which entries gave way to which: read once, asked often.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Same(BTreeMap<RecordId, RecordId>);

impl Same {
    /// Takes pairs of an entry and the one that it gave way to, in any order.
    pub fn new(pairs: impl IntoIterator<Item = (RecordId, RecordId)>) -> Self {
        Self(pairs.into_iter().filter(|(gave_way, into)| into < gave_way).collect())
    }

    /// As [`Same::new`], from the records themselves.
    pub fn of<'r>(records: impl IntoIterator<Item = &'r Record>) -> Self {
        Self::new(records.into_iter().filter_map(|record| Some((record.id, record.merged_into()?))))
    }

    /// The entry that stands for this one: itself, unless it gave way.
    pub fn survivor(&self, id: RecordId) -> RecordId {
        let mut standing = id;
        while let Some(into) = self.0.get(&standing) {
            standing = *into;
        }
        standing
    }

    /// Whether nothing ever gave way.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// The fields in which two entries of a kind differ, in the order of the kind's table. Nothing and empty are the same.
pub fn differing(one: &Record, other: &Record) -> Vec<&'static str> {
    let own = |name: &&str| !matches!(*name, MERGED_INTO | MERGED_BEFORE);
    let names = fields(&one.kind).iter().map(|spec| spec.name).filter(own);
    names.filter(|name| plain(one, name) != plain(other, name)).collect()
}

fn plain(record: &Record, name: &str) -> Value {
    let value = record.fields.get(name).cloned().unwrap_or_default();
    if value.as_str() == Some("") { Value::Null } else { value }
}

/// What is written when two entries are found to be one: to the one that stays, and to the one that gives way.
#[derive(Debug, Clone, PartialEq)]
pub struct Merging {
    /// New values of the entry that stays.
    pub stays: Fields,
    /// New values of the entry that gives way.
    pub gives_way: Fields,
}

/// Makes two entries one. `taken` are the fields whose value is taken from the entry that gives way.
///
/// All differing values are remembered, also those that stay: two phones may pick differently at once, and then the way back has
/// to know them all, whichever memory wins.
pub fn merging(stays: &Record, gives_way: &Record, taken: &BTreeSet<String>) -> Merging {
    let differing = differing(stays, gives_way);
    let before: Map<String, Value> = differing.iter().map(|name| ((*name).to_owned(), plain(stays, name))).collect();
    let taken = differing.iter().filter(|name| taken.contains(**name));
    Merging {
        stays: taken.map(|name| ((*name).to_owned(), plain(gives_way, name))).collect(),
        gives_way: Fields::from([
            (MERGED_INTO.to_owned(), Value::from(stays.id.to_string())),
            (MERGED_BEFORE.to_owned(), Value::Object(before)),
        ]),
    }
}

/// Takes a merging back: the entry that gave way stands for itself again, and the other has its former values where the taken
/// ones still stand. What somebody corrected since stays corrected.
pub fn parting(stays: &Record, gave_way: &Record) -> Merging {
    let before = gave_way.fields.get(MERGED_BEFORE).and_then(Value::as_object);
    let former = before.into_iter().flatten().filter(|(name, value)| {
        let standing = plain(stays, name);
        standing == plain(gave_way, name) && standing != **value
    });
    Merging {
        stays: former.map(|(name, value)| (name.clone(), value.clone())).collect(),
        gives_way: Fields::from([(MERGED_INTO.to_owned(), Value::Null), (MERGED_BEFORE.to_owned(), Value::Null)]),
    }
}

/// Why two entries may be of one and the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, serde::Serialize, ts_rs::TS)]
#[serde(rename_all = "snake_case")]
#[ts(export)]
pub enum Likeness {
    /// The same document.
    Document,
    /// The same name and birth date.
    BirthDate,
    /// The same name, and telephone numbers that end alike.
    Phone,
    /// The same address, in one spelling.
    Address,
}

/// How many digits of two telephone numbers must be alike.
const TAIL: usize = 4;

/// What of a resident tells them from others. Empty texts tell nothing.
#[derive(Debug, Clone, Copy, Default)]
pub struct Traits<'a> {
    /// Full name.
    pub name: &'a str,
    /// `YYYY-MM-DD`.
    pub birth_date: &'a str,
    /// Telephone, in any spelling.
    pub phone: &'a str,
    /// The number of the document, in any spelling.
    pub document: &'a str,
}

impl Traits<'_> {
    /// Why these may be the same resident; none when nothing says so.
    pub fn likeness(&self, other: &Traits<'_>) -> Option<Likeness> {
        let (document, theirs) =
            (crate::document::normalise(self.document), crate::document::normalise(other.document));
        if !document.is_empty() && document == theirs {
            return Some(Likeness::Document);
        }
        let name = plain_name(self.name);
        if name.is_empty() || name != plain_name(other.name) {
            return None;
        }
        if !self.birth_date.is_empty() && self.birth_date == other.birth_date {
            return Some(Likeness::BirthDate);
        }
        (tail(self.phone).is_some() && tail(self.phone) == tail(other.phone)).then_some(Likeness::Phone)
    }
}

/// A name without what is typed by chance: spaces, and the two spellings of the dot in it.
pub fn plain_name(name: &str) -> String {
    name.chars().filter(|c| !c.is_whitespace()).map(|c| if c == '•' { '·' } else { c }).collect()
}

fn tail(phone: &str) -> Option<String> {
    let digits: Vec<char> = crate::phone::normalise(phone).chars().filter(char::is_ascii_digit).collect();
    digits.len().checked_sub(TAIL).and_then(|from| digits.get(from..)).map(|tail| tail.iter().collect())
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use uuid::Uuid;

    use super::*;
    use crate::{CellCode, Stamp, Stamps};

    fn record(id: u128, fields: Value) -> Record {
        Record {
            id: RecordId(Uuid::from_u128(id)),
            kind: Kind::Person,
            cell: CellCode::new("610722001001001").unwrap(),
            fields: serde_json::from_value(fields).unwrap(),
            stamps: Stamps::all(Stamp::ZERO),
        }
    }

    fn written(record: &Record, fields: &Fields) -> Record {
        let mut record = record.clone();
        record.fields.extend(fields.clone());
        record
    }

    #[test]
    fn what_the_worker_picks_stays_and_the_way_back_restores_what_was_there() {
        let one = record(1, json!({"name": "张三", "phone": "13800000000"}));
        let other = record(2, json!({"name": "张叁", "phone": "13900000000", "birth_date": "1950-01-01"}));
        assert_eq!(differing(&one, &other), ["name", "birth_date", "phone"]);
        let merging = merging(&one, &other, &BTreeSet::from(["phone".into(), "birth_date".into()]));
        let (merged, gone) = (written(&one, &merging.stays), written(&other, &merging.gives_way));
        assert_eq!((merged.text("name"), merged.text("phone")), (Some("张三"), Some("13900000000")));
        assert!(merged.is_present() && !gone.is_present());
        let parting = parting(&merged, &gone);
        let (back, again) = (written(&merged, &parting.stays), written(&gone, &parting.gives_way));
        assert_eq!((back.text("name"), back.text("phone")), (Some("张三"), Some("13800000000")));
        assert_eq!(back.fields.get("birth_date"), Some(&Value::Null));
        assert!(again.is_present());
    }

    #[test]
    fn what_was_corrected_after_a_merging_stays_corrected_when_it_is_taken_back() {
        let (one, other) = (record(1, json!({"phone": "1"})), record(2, json!({"phone": "2"})));
        let merging = merging(&one, &other, &BTreeSet::from(["phone".into()]));
        let corrected = written(&written(&one, &merging.stays), &Fields::from([("phone".into(), json!("3"))]));
        assert!(parting(&corrected, &written(&other, &merging.gives_way)).stays.is_empty());
    }

    #[test]
    fn a_name_that_leads_to_itself_or_to_a_younger_entry_leads_nowhere() {
        for into in [2_u128, 3] {
            let id = RecordId(Uuid::from_u128(into)).to_string();
            let record = record(2, json!({"merged_into": id}));
            assert!(record.is_present(), "{into}");
        }
        let visit = Record { kind: Kind::Visit, ..record(2, json!({"merged_into": Uuid::from_u128(1).to_string()})) };
        assert!(visit.is_present(), "no visit is another visit");
    }

    #[test]
    fn residents_are_alike_by_document_by_birth_date_or_by_the_end_of_a_number() {
        let zhang = Traits { name: "张 三", birth_date: "1950-01-01", phone: "13812345678", document: "" };
        let like = |other: Traits<'_>| zhang.likeness(&other);
        assert_eq!(
            like(Traits { name: "张三", birth_date: "1950-01-01", ..Traits::default() }),
            Some(Likeness::BirthDate)
        );
        assert_eq!(
            like(Traits { name: "张三", phone: "+86 139 9999 5678", ..Traits::default() }),
            Some(Likeness::Phone)
        );
        assert_eq!(like(Traits { name: "张三", ..Traits::default() }), None, "many are called so");
        assert_eq!(like(Traits { name: "李四", birth_date: "1950-01-01", phone: "13812345678", document: "" }), None);
        let card = Traits { document: "11010519491231002x", ..Traits::default() };
        assert_eq!(
            card.likeness(&Traits { document: "１１０１０５１９４９１２３１００２Ｘ", ..card }),
            Some(Likeness::Document)
        );
        assert_eq!(Traits::default().likeness(&Traits::default()), None);
    }
}
