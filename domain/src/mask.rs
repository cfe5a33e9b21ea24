//! What is shown before somebody asks to see it in full: 张*, 610***********123X, 138****5678 (DOMAIN: masked by default).

use serde_json::Value;

use crate::record::{Fields, Kind};
use crate::spec::{self, FieldType, field};

/// Whether a field of a kind says who somebody is or how to reach them, so that it is shown masked.
///
/// The one rule for every page: names, telephones, document numbers, the parties of a dispute, the people on a roster. Not masked is
/// what is published anyway: a cell's own telephone, and who mediates.
pub fn is_masked(kind: &Kind, name: &str) -> bool {
    let published = *kind == Kind::Cell || (*kind == Kind::Dispute && name == "mediators");
    let of = field(kind, name).map(|spec| spec.of);
    let personal = matches!(
        of,
        Some(
            FieldType::Name
                | FieldType::Names
                | FieldType::Phone
                | FieldType::DocumentNumber
                | FieldType::Parties
                | FieldType::Roster
        )
    );
    (personal && !published) || (of == Some(FieldType::Values) && holds_masked(kind))
}

/// Whether what a record of this kind was before can hold anything that is masked.
fn holds_masked(kind: &Kind) -> bool {
    spec::fields(kind).iter().any(|spec| spec.of != FieldType::Values && is_masked(kind, spec.name))
}

/// What is masked of a party of a dispute or of somebody on a roster.
pub const ENTRY_MASKED: [&str; 3] = ["name", "phone", "address"];

/// A field's value as it is shown before somebody asks to see it in full; other values stay as they are.
pub fn value(kind: &Kind, name: &str, full: &Value) -> Value {
    let Some(spec) = field(kind, name).filter(|_| is_masked(kind, name)) else { return full.clone() };
    match spec.of {
        FieldType::Phone => text(full, phone),
        FieldType::DocumentNumber => text(full, document),
        FieldType::Parties | FieldType::Roster => each(full, entry),
        // The values of another entry of the kind, by the names of its fields.
        FieldType::Values => full.as_object().map_or(Value::Null, |former| {
            former.iter().map(|(field, one)| (field.clone(), value(kind, field, one))).collect()
        }),
        FieldType::Names => each(full, |one| text(one, self::name)),
        _ => text(full, self::name),
    }
}

/// Masks all that has to be, and says which fields had something to hide.
pub fn fields(kind: &Kind, full: &mut Fields) -> Vec<String> {
    let mut hidden = Vec::new();
    for (name, value) in full.iter_mut().filter(|(name, value)| !value.is_null() && is_masked(kind, name)) {
        *value = self::value(kind, name, value);
        hidden.push(name.clone());
    }
    hidden
}

/// A text masked; a value of another form says nothing at all.
fn text(full: &Value, mask: fn(&str) -> String) -> Value {
    full.as_str().map_or(Value::Null, |text| Value::from(mask(text)))
}

fn each(full: &Value, mask: impl Fn(&Value) -> Value) -> Value {
    full.as_array().map_or(Value::Null, |all| all.iter().map(mask).collect())
}

/// A party of a dispute or somebody on a roster: an object with a name, and perhaps a telephone and an address.
fn entry(full: &Value) -> Value {
    let Some(object) = full.as_object() else { return Value::Null };
    let mut shown = object.clone();
    for (name, value) in &mut shown {
        *value = match name.as_str() {
            "name" => text(value, self::name),
            "phone" => text(value, phone),
            "person" | "household" | "point" | "side" | "needs_help" => value.clone(),
            // What only a newer version knows may say who somebody is.
            _ => Value::Null,
        };
    }
    Value::Object(shown)
}

/// A name with everything after the first character hidden.
pub fn name(full: &str) -> String {
    let mut chars = full.chars();
    match chars.next() {
        Some(first) => format!("{first}{}", "*".repeat(chars.count().clamp(1, 3))),
        None => String::new(),
    }
}

/// A phone number: the first three and last four digits; shorter numbers show the last two.
pub fn phone(full: &str) -> String {
    let chars: Vec<char> = full.chars().collect();
    if chars.len() >= 10 { ends(&chars, 3, 4) } else { ends(&chars, 0, 2) }
}

/// A document number: the first three and last four characters.
pub fn document(full: &str) -> String {
    let chars: Vec<char> = full.chars().collect();
    if chars.len() >= 9 { ends(&chars, 3, 4) } else { ends(&chars, 0, 2) }
}

fn ends(chars: &[char], head: usize, tail: usize) -> String {
    let tail = tail.min(chars.len() / 2);
    let hidden = chars.len().saturating_sub(head + tail);
    let first: String = chars.iter().take(head).collect();
    let last: String = chars.iter().skip(head + hidden).collect();
    format!("{first}{}{last}", "*".repeat(hidden))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::record::{Fields, Kind};
    use crate::spec::{FieldType, fields};

    #[test]
    fn every_name_and_number_of_every_kind_is_masked_but_what_is_published() {
        for kind in Kind::KNOWN {
            for spec in fields(&kind) {
                let personal = matches!(spec.of, FieldType::Name | FieldType::Phone | FieldType::DocumentNumber)
                    && kind != Kind::Cell;
                assert!(!personal || super::is_masked(&kind, spec.name), "{kind} {}", spec.name);
            }
        }
        assert!(!super::is_masked(&Kind::Cell, "public_phone"));
    }

    #[test]
    fn what_an_entry_said_before_it_was_merged_is_masked_as_it_was() {
        let former = json!({"name": "张三", "phone": "13812345678", "sex": "1"});
        let shown = super::value(&Kind::Person, "merged_before", &former);
        assert_eq!(shown, json!({"name": "张*", "phone": "138****5678", "sex": "1"}));
        assert_eq!(super::value(&Kind::Person, "merged_before", &json!("13812345678")), json!(null));
        assert!(!super::is_masked(&Kind::Dwelling, "merged_before"), "an address is nobody's name");
    }

    #[test]
    fn a_record_is_masked_as_a_whole_and_says_what_it_hides() {
        let read = |value| serde_json::from_value::<Fields>(value).unwrap();
        let mut person = read(json!({"name": "张三", "phone": "13812345678", "sex": "1", "document_number": null}));
        assert_eq!(super::fields(&Kind::Person, &mut person), ["name", "phone"]);
        assert_eq!(person, read(json!({"name": "张*", "phone": "138****5678", "sex": "1", "document_number": null})));
        let mut dispute = read(json!({"mediators": ["解平"], "parties":
            [{"name": "单雄", "side": "applicant", "phone": "13812345678", "address": "一号楼"}, 7]}));
        super::fields(&Kind::Dispute, &mut dispute);
        assert_eq!(dispute["mediators"], json!(["解平"]));
        let party = json!({"name": "单*", "side": "applicant", "phone": "138****5678", "address": null});
        assert_eq!(dispute["parties"], json!([party, null]));
        // A value that is no text is not a way around the rule.
        let mut odd = read(json!({"name": ["张三"], "phone": 13_812_345_678_i64}));
        super::fields(&Kind::Person, &mut odd);
        assert_eq!(odd, read(json!({"name": null, "phone": null})));
    }

    #[test]
    fn what_is_masked_can_be_recognised_and_not_read() {
        assert_eq!(super::name("张三"), "张*");
        assert_eq!(super::name("𠀀"), "𠀀*");
        assert_eq!(super::phone("13812345678"), "138****5678");
        assert_eq!(super::document("61072219900307123X"), "610***********123X");
        assert_eq!(super::document("AB1"), "**1");
        assert_eq!(super::phone(""), "");
    }
}
