//! 矛盾纠纷: a mediation case file. How it was mediated is told by its events.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use ts_rs::TS;

use crate::codes::CodeList;
use crate::ids::RecordId;
use crate::kinds::{flag, text, texts};
use crate::record::{Kind, Record};
use crate::spec::{FieldSpec, FieldType, optional, required};

/// The fields of a dispute.
pub const FIELDS: &[FieldSpec] = &[
    required("type", FieldType::Code { list: CodeList::DisputeType }),
    required("source", FieldType::Code { list: CodeList::DisputeSource }),
    required("accepted_on", FieldType::PastDate),
    required("parties", FieldType::Parties),
    optional("number", FieldType::Text { max: 40 }),
    optional("place", FieldType::Lines { max: 200 }),
    optional("facts", FieldType::Lines { max: 4000 }),
    optional("claim", FieldType::Lines { max: 2000 }),
    optional("amount", FieldType::Yuan),
    optional("mediators", FieldType::Names),
    optional("agreement", FieldType::Code { list: CodeList::DisputeOutcome }),
    optional("agreed_on", FieldType::PastDate),
    optional("terms", FieldType::Lines { max: 4000 }),
    optional("perform_how", FieldType::Lines { max: 500 }),
    optional("perform_by", FieldType::Date),
    optional("performed_on", FieldType::PastDate),
    optional("confirmed", FieldType::Bool),
    optional("transferred_to", FieldType::Text { max: 100 }),
    optional("by", FieldType::Account),
];

/// Most parties of a dispute.
pub const PARTIES_MAX: usize = 20;

/// A party of a dispute: one of the register's residents, or somebody from elsewhere by name.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[ts(export, optional_fields = nullable)]
pub struct Party {
    /// The resident, if the register knows them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(type = "string | null")]
    pub person: Option<RecordId>,
    /// Their name, or an organisation's.
    pub name: String,
    /// `applicant` or `respondent`.
    pub side: Side,
    /// Telephone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub phone: Option<String>,
    /// Where they live or have their seat.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub address: Option<String>,
}

/// On which side of a dispute somebody is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
#[ts(export)]
pub enum Side {
    /// 申请人.
    Applicant,
    /// 被申请人.
    Respondent,
}

/// Stands where the name of an erased resident stood: a party must be called something.
pub const ERASED_NAME: &str = "—";

/// A dispute, read.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct Dispute {
    /// Code of the type.
    #[serde(rename = "type")]
    pub dispute_type: String,
    /// Code of where it came from.
    pub source: String,
    /// When it was accepted, `YYYY-MM-DD`.
    pub accepted_on: String,
    /// Who is in dispute, applicants first.
    pub parties: Vec<Party>,
    /// The number of the file.
    pub number: Option<String>,
    /// Where it happened.
    pub place: Option<String>,
    /// What happened.
    pub facts: Option<String>,
    /// What the applicants ask for.
    pub claim: Option<String>,
    /// Yuan, exactly: text with two decimals.
    pub amount: Option<String>,
    /// Who mediates.
    pub mediators: Vec<String>,
    /// Code of the outcome.
    pub agreement: Option<String>,
    /// When the outcome was reached.
    pub agreed_on: Option<String>,
    /// What was agreed.
    pub terms: Option<String>,
    /// How it is performed.
    pub perform_how: Option<String>,
    /// Until when it is performed.
    pub perform_by: Option<String>,
    /// When it was performed.
    pub performed_on: Option<String>,
    /// Confirmed by a court (司法确认).
    pub confirmed: bool,
    /// To whom the case went.
    pub transferred_to: Option<String>,
    /// Who registered it: an account.
    pub by: Option<String>,
}

impl From<&Record> for Dispute {
    fn from(record: &Record) -> Self {
        Self {
            dispute_type: text(record, "type").unwrap_or_default(),
            source: text(record, "source").unwrap_or_default(),
            accepted_on: text(record, "accepted_on").unwrap_or_default(),
            parties: record.fields.get("parties").map(parties).unwrap_or_default(),
            number: text(record, "number"),
            place: text(record, "place"),
            facts: text(record, "facts"),
            claim: text(record, "claim"),
            amount: text(record, "amount"),
            mediators: texts(record, "mediators"),
            agreement: text(record, "agreement"),
            agreed_on: text(record, "agreed_on"),
            terms: text(record, "terms"),
            perform_how: text(record, "perform_how"),
            perform_by: text(record, "perform_by"),
            performed_on: text(record, "performed_on"),
            confirmed: flag(record, "confirmed"),
            transferred_to: text(record, "transferred_to"),
            by: text(record, "by"),
        }
    }
}

/// The parties in a value, applicants first; what cannot be read is left out.
fn parties(value: &Value) -> Vec<Party> {
    let items = value.as_array().into_iter().flatten();
    let mut found: Vec<Party> = items.filter_map(|item| serde_json::from_value(item.clone()).ok()).collect();
    found.sort_by_key(|party| party.side != Side::Applicant);
    found
}

/// The value with everything emptied that says who this resident is, the side alone left; none when it does not name the resident.
///
/// It looks into whatever it is given, so that it also serves for unfinished forms and for changes that wait.
pub fn without_person(value: &Value, person: RecordId) -> Option<Value> {
    match value {
        Value::Array(items) => {
            let emptied: Vec<Option<Value>> = items.iter().map(|item| without_person(item, person)).collect();
            let whole = |(old, new): (&Value, Option<Value>)| new.unwrap_or_else(|| old.clone());
            let any = emptied.iter().any(Option::is_some);
            any.then(|| Value::Array(items.iter().zip(emptied).map(whole).collect()))
        }
        Value::Object(fields) => {
            let names = fields.get("person").and_then(Value::as_str).and_then(|text| text.parse().ok()) == Some(person);
            if names && fields.contains_key("side") {
                return Some(json!({"name": ERASED_NAME, "side": fields.get("side")}));
            }
            let emptied: Vec<(String, Value)> = (fields.iter())
                .filter_map(|(name, value)| Some((name.clone(), without_person(value, person)?)))
                .collect();
            let mut whole = fields.clone();
            let any = !emptied.is_empty();
            whole.extend(emptied);
            any.then_some(Value::Object(whole))
        }
        _ => None,
    }
}

/// The fields of a file in which people write freely, about anybody.
pub const WORDS: [&str; 6] = ["place", "facts", "claim", "terms", "perform_how", "transferred_to"];

/// Whether of all the parties only their sides are left: the file is about nobody any more.
pub fn is_about_nobody(parties: &Value) -> bool {
    parties.as_array().is_some_and(|parties| !parties.is_empty() && parties.iter().all(is_nobody))
}

/// Whether a record is a case file whose list of parties names nobody any more. As long as another list of it that names somebody is to be
/// decided on, it is not about nobody for all that: of those phone and server each know.
pub fn names_nobody(record: &Record) -> bool {
    record.kind == Kind::Dispute && record.fields.get("parties").is_some_and(is_about_nobody)
}

/// Whether a list of parties says of anybody who they are.
pub fn is_about_somebody(parties: &Value) -> bool {
    parties.as_array().is_some_and(|parties| !parties.iter().all(is_nobody))
}

/// Whether of any of the parties only the side is left.
pub fn has_lost_somebody(parties: &Value) -> bool {
    how_many_lost(parties) > 0
}

/// Of how many of the parties only the side is left.
pub fn how_many_lost(parties: &Value) -> usize {
    parties.as_array().into_iter().flatten().filter(|party| is_nobody(party)).count()
}

/// As an erasure leaves a party, its side alone. Somebody may be typed in without a name, but with a telephone or an address: that one is
/// somebody.
fn is_nobody(party: &Value) -> bool {
    let says = |name: &str| party.get(name).is_some_and(|value| !value.is_null());
    let called = party.get("name").and_then(Value::as_str);
    party.get("person").is_none() && called == Some(ERASED_NAME) && !says("phone") && !says("address")
}

/// The fields of a stored file that is about nobody any more, with nothing where its words stood: they keep their stamps, and so their
/// names. None when it is about somebody, or has no words.
pub fn file_without_words(file: &Value) -> Option<Value> {
    file.get("parties").filter(|parties| is_about_nobody(parties))?;
    let mut fields = file.as_object()?.clone();
    let mut any = false;
    for name in WORDS {
        if let Some(value) = fields.get_mut(name).filter(|value| !value.is_null()) {
            *value = Value::Null;
            any = true;
        }
    }
    any.then_some(Value::Object(fields))
}

/// An unfinished or refused form of a file without what it says of an erased resident; where nobody is left whom it is about,
/// without its words too. None when it does not name the resident as a party.
pub fn form_without_person(form: &Value, person: RecordId) -> Option<Value> {
    let mut emptied = without_person(form, person)?;
    if emptied.get("parties").is_some_and(is_about_nobody)
        && let Some(fields) = emptied.as_object_mut()
    {
        WORDS.iter().for_each(|name| drop(fields.remove(*name)));
    }
    Some(emptied)
}

/// The residents that a list of parties, or of anybody else with a `person`, names.
pub fn people_in(value: &Value) -> Vec<RecordId> {
    let items = value.as_array().into_iter().flatten();
    items.filter_map(|item| item.get("person").and_then(Value::as_str)?.parse().ok()).collect()
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;
    use crate::{CellCode, Fields, Stamp, Stamps};

    #[test]
    fn of_an_erased_resident_only_the_side_is_left_and_the_others_stay() {
        let (erased, other) = (RecordId(Uuid::from_u128(1)), RecordId(Uuid::from_u128(2)));
        let value = json!([
            {"person": erased, "name": "张三", "side": "applicant", "phone": "13800000000", "address": "2幢"},
            {"person": other, "name": "李四", "side": "respondent"},
        ]);
        let emptied = without_person(&value, erased).unwrap();
        assert_eq!(
            emptied,
            json!([{"name": ERASED_NAME, "side": "applicant"}, {"person": other, "name": "李四", "side": "respondent"}])
        );
        assert_eq!(without_person(&emptied, erased), None, "once is enough");
        assert_eq!((people_in(&value), people_in(&emptied)), (vec![erased, other], vec![other]));
        let draft = json!({"facts": "…", "parties": value});
        assert_eq!(without_person(&draft, erased).unwrap()["parties"], emptied);
        assert!(serde_json::from_value::<Vec<Party>>(emptied).is_ok(), "it is still a list of parties");
    }

    #[test]
    fn with_nobody_left_whom_a_form_is_about_its_words_go_too() {
        let (erased, other) = (RecordId(Uuid::from_u128(1)), RecordId(Uuid::from_u128(2)));
        let alone = json!({"facts": "张三说", "type": "02", "parties": [{"person": erased, "name": "张三", "side": "applicant"}]});
        let emptied = form_without_person(&alone, erased).unwrap();
        assert_eq!(emptied, json!({"type": "02", "parties": [{"name": ERASED_NAME, "side": "applicant"}]}));
        assert!(!is_about_nobody(&json!([])) && !is_about_nobody(&alone["parties"]));
        let both = json!({"facts": "张三说", "parties": [{"person": erased, "name": "张三", "side": "applicant"}, {"name": "李四", "side": "respondent"}]});
        assert_eq!(form_without_person(&both, erased).unwrap()["facts"], "张三说", "the file is also another's");
        assert_eq!(form_without_person(&both, other), None);
    }

    #[test]
    fn of_a_stored_file_about_nobody_the_words_are_emptied_where_they_stand() {
        let nobody = json!({"name": ERASED_NAME, "side": "applicant"});
        let alone = json!({"facts": "张三说", "claim": null, "type": "02", "parties": [nobody]});
        let emptied = file_without_words(&alone).unwrap();
        assert_eq!(emptied, json!({"facts": null, "claim": null, "type": "02", "parties": [nobody]}));
        assert_eq!(file_without_words(&emptied), None, "once is enough");
        let both = json!({"facts": "张三说", "parties": [nobody, {"name": "李四", "side": "respondent"}]});
        assert_eq!(file_without_words(&both), None, "the file is also another's");
        assert!(has_lost_somebody(&both["parties"]) && !has_lost_somebody(&json!([])));
        assert!(is_about_somebody(&both["parties"]) && !is_about_somebody(&alone["parties"]));
        assert!(!is_about_somebody(&json!([])) && !is_about_somebody(&Value::Null));
    }

    #[test]
    fn a_case_file_names_nobody_when_of_all_its_parties_only_the_sides_are_left() {
        let record = |kind: Kind, parties: Value| Record {
            id: RecordId(Uuid::from_u128(9)),
            kind,
            cell: CellCode::new("610722001001001").unwrap(),
            fields: Fields::from([("parties".to_owned(), parties)]),
            stamps: Stamps::all(Stamp::ZERO),
        };
        let nobody = json!({"name": ERASED_NAME, "side": "applicant"});
        assert!(names_nobody(&record(Kind::Dispute, json!([nobody, nobody]))));
        for others in [json!([nobody, {"name": "李四", "side": "respondent"}]), json!([]), Value::Null] {
            assert!(!names_nobody(&record(Kind::Dispute, others.clone())), "{others}");
        }
        assert!(!names_nobody(&record(Kind::Photo, json!([nobody]))));
    }

    #[test]
    fn whoever_is_typed_in_without_a_name_but_can_be_reached_is_somebody() {
        for reached in [json!({"phone": "13800000000"}), json!({"address": "2幢"})] {
            let mut party = json!({"name": ERASED_NAME, "side": "applicant"});
            assert!(is_about_nobody(&json!([party])));
            party.as_object_mut().unwrap().extend(reached.as_object().unwrap().clone());
            let file = json!({"facts": "墙漏水", "parties": [party]});
            assert!(!is_about_nobody(&file["parties"]) && !has_lost_somebody(&file["parties"]), "{file}");
            assert_eq!(file_without_words(&file), None);
        }
    }
}
