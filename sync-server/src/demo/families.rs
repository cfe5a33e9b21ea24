//! Households and the people in them: of plausible ages and relations, all of them invented.

use chrono::NaiveDate;
use domain::world::Millis;
use domain::{AccountId, Kind, RecordId};
use serde_json::json;

use super::chance::Chance;
use super::homes::Door;
use super::ledger::{Ledger, fields};
use super::names;

/// A household, as later steps need it.
pub(crate) struct Family {
    /// The household.
    pub(crate) id: RecordId,
    /// Its door's dwelling.
    pub(crate) dwelling: RecordId,
    /// As people write it.
    pub(crate) address: String,
    /// The householder's name.
    pub(crate) head: String,
    /// The householder.
    pub(crate) head_id: RecordId,
    /// The householder's telephone.
    pub(crate) phone: Option<String>,
    /// Everybody, with their names.
    pub(crate) people: Vec<(RecordId, String)>,
}

struct Member {
    relation: &'static str,
    male: bool,
    age: i64,
    /// Bears the householder's surname.
    kin: bool,
}

/// GB/T 4761.
mod relation {
    pub(super) const HEAD: &str = "02";
    pub(super) const SPOUSE: &str = "10";
    pub(super) const SON: &str = "20";
    pub(super) const DAUGHTER_IN_LAW: &str = "38";
    pub(super) const DAUGHTER: &str = "30";
    pub(super) const GRANDSON: &str = "41";
    pub(super) const GRANDDAUGHTER: &str = "42";
    pub(super) const FATHER: &str = "51";
    pub(super) const MOTHER: &str = "52";
    pub(super) const NOT_RELATED: &str = "99";
}

/// Writes the household behind a door and its people.
pub(crate) fn settle(
    ledger: &mut Ledger,
    chance: &mut Chance,
    door: &Door,
    at: Millis,
    by: &AccountId,
    today: NaiveDate,
) -> Family {
    let household = chance.record_id(at);
    let tenants = door.usage == "let";
    let home = Home { household, tenants, at, by, today };
    let members = if tenants { tenants_of(chance) } else { family_of(chance) };
    let surname = names::surname(chance);
    let ids: Vec<RecordId> = members.iter().map(|_| chance.record_id(at)).collect();
    let mut head = (String::new(), None);
    let mut people = Vec::with_capacity(members.len());
    for (index, (member, id)) in members.iter().zip(&ids).enumerate() {
        let surname = if member.kin { surname } else { names::surname(chance) };
        let name = format!("{surname}{}", names::given(chance, member.male));
        let phone =
            (member.age >= 14 && chance.percent(if member.age < 75 { 92 } else { 55 })).then(|| names::mobile(chance));
        if index == 0 {
            head = (name.clone(), phone.clone());
        }
        person(ledger, chance, &home, *id, &name, phone, member);
        people.push((*id, name));
    }
    let mut values = fields([("dwelling", json!(door.id)), ("head", json!(ids[0]))]);
    if let Some(phone) = &head.1 {
        values.insert("contact_phone".to_owned(), json!(phone));
    }
    if chance.percent(18) {
        let time = chance.pick(&["晚上七点以后", "周末上午", "中午十二点到两点", "工作日上午", "傍晚"]);
        values.insert("best_time".to_owned(), json!(time));
    }
    if chance.percent(7) {
        let note = chance.pick(&["门铃坏了，请敲门", "家里养狗，先打电话", "老人听力不好，敲门要重一些", "后院进门"]);
        values.insert("access_note".to_owned(), json!(note));
    }
    ledger.write(at, by, household, Kind::Household, values);
    Family {
        id: household,
        dwelling: door.id,
        address: door.address.clone(),
        head: head.0,
        head_id: ids[0],
        phone: head.1,
        people,
    }
}

/// A household that is being taken up.
struct Home<'a> {
    household: RecordId,
    tenants: bool,
    at: Millis,
    by: &'a AccountId,
    today: NaiveDate,
}

fn person(
    ledger: &mut Ledger,
    chance: &mut Chance,
    home: &Home<'_>,
    id: RecordId,
    name: &str,
    phone: Option<String>,
    member: &Member,
) {
    let born = names::birth_date(chance, member.age, home.today);
    let mut values = fields([
        ("household", json!(home.household)),
        ("name", json!(name)),
        ("sex", json!(if member.male { "1" } else { "2" })),
        ("birth_date", json!(born.to_string())),
        ("relation", json!(member.relation)),
    ]);
    let residence = if home.tenants {
        "inflow"
    } else {
        let away = if (18..55).contains(&member.age) { 16 } else { 2 };
        chance.weighted(&[("resident", 97 - away), ("away", away), ("inflow", 3)])
    };
    values.insert("residence".to_owned(), json!(residence));
    if chance.percent(94) {
        let area = if residence == "inflow" {
            chance.pick(&["610702", "610721", "610723", "510802", "610112"])
        } else {
            "610722"
        };
        values.insert("document_kind".to_owned(), json!("id_card"));
        values.insert("document_number".to_owned(), json!(names::identity_number(chance, area, born, member.male)));
    }
    if let Some(phone) = phone {
        values.insert("phone".to_owned(), json!(phone));
    }
    if chance.percent(80) {
        values.insert("consent".to_owned(), json!(chance.weighted(&[("oral", 7), ("paper", 2), ("statutory", 1)])));
    }
    ledger.write(home.at, home.by, id, Kind::Person, values);
}

fn member(relation: &'static str, male: bool, age: i64, kin: bool) -> Member {
    Member { relation, male, age, kin }
}

fn couple(chance: &mut Chance, age: i64) -> Vec<Member> {
    let male = chance.percent(80);
    vec![
        member(relation::HEAD, male, age, true),
        member(relation::SPOUSE, !male, (age + chance.between(-4, 3)).max(22), false),
    ]
}

fn children(chance: &mut Chance, count: i64, oldest: i64) -> Vec<Member> {
    let mut age = oldest;
    let mut found = Vec::new();
    for _ in 0..count {
        let male = chance.percent(51);
        found.push(member(if male { relation::SON } else { relation::DAUGHTER }, male, age.max(2), true));
        age -= chance.between(2, 6);
    }
    found
}

fn family_of(chance: &mut Chance) -> Vec<Member> {
    match chance.weighted(&[
        ("alone", 10),
        ("old couple", 14),
        ("parents", 38),
        ("three generations", 20),
        ("couple", 12),
        ("one parent", 6),
    ]) {
        "alone" => {
            let male = chance.percent(45);
            vec![member(relation::HEAD, male, chance.between(28, 90), true)]
        }
        "old couple" => {
            let age = chance.between(61, 88);
            couple(chance, age)
        }
        "couple" => {
            let age = chance.between(25, 60);
            couple(chance, age)
        }
        "one parent" => {
            let (male, age) = (chance.percent(35), chance.between(30, 55));
            let mut all = vec![member(relation::HEAD, male, age, true)];
            all.extend(children(chance, 1, age - 26));
            all
        }
        "three generations" => three_generations(chance),
        _ => {
            let age = chance.between(27, 58);
            let mut all = couple(chance, age);
            let count = chance.weighted(&[(1, 55), (2, 40), (3, 5)]);
            all.extend(children(chance, count, (age - 25).min(24)));
            all
        }
    }
}

fn three_generations(chance: &mut Chance) -> Vec<Member> {
    let age = chance.between(32, 50);
    if chance.percent(60) {
        // The middle generation heads it, with a parent or two.
        let mut all = couple(chance, age);
        let count = chance.between(1, 2);
        all.extend(children(chance, count, (age - 25).min(22)));
        all.push(member(relation::MOTHER, false, age + chance.between(22, 30), false));
        if chance.percent(60) {
            all.push(member(relation::FATHER, true, age + chance.between(23, 32), true));
        }
        return all;
    }
    let old = age + chance.between(23, 28);
    let mut all = vec![
        member(relation::HEAD, true, old, true),
        member(relation::SPOUSE, false, old - chance.between(0, 4), false),
        member(relation::SON, true, age, true),
        member(relation::DAUGHTER_IN_LAW, false, age - chance.between(0, 4), false),
    ];
    let boy = chance.percent(51);
    let grandchild = if boy { relation::GRANDSON } else { relation::GRANDDAUGHTER };
    all.push(member(grandchild, boy, (age - chance.between(24, 29)).max(2), true));
    all
}

fn tenants_of(chance: &mut Chance) -> Vec<Member> {
    let age = chance.between(20, 45);
    match chance.between(1, 4) {
        1 => {
            let male = chance.percent(60);
            vec![member(relation::HEAD, male, age, true)]
        }
        2 => couple(chance, age.max(23)),
        3 => {
            let mut all = couple(chance, age.max(27));
            all.extend(children(chance, 1, (age - 25).clamp(2, 15)));
            all
        }
        _ => {
            let male = chance.percent(60);
            vec![
                member(relation::HEAD, male, age, true),
                member(relation::NOT_RELATED, male, (age + chance.between(-3, 3)).max(18), false),
            ]
        }
    }
}
