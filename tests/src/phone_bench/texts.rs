//! What workers type to find somebody: initials, the tail of a telephone number, a door, a name and the beginning of one.

use device::Open;
use domain::{Kind, Record};

use super::column;
use crate::phones::Phone;
use crate::trouble::{Doing, Outcome, trouble};

/// Initials and syllables, short ones that find many too.
const PINYIN: &[&str] = &["w", "zw", "lj", "chx", "zhangwei", "wangf", "liuxiu", "zgh", "yjm", "sx"];
/// So many residents are looked for in each way.
const PEOPLE: usize = 20;

/// A mix in which every way has its part.
pub(super) fn of(phone: &Phone) -> Outcome<Vec<String>> {
    let people = phone.device().with_open(|open: &mut Open| open.store().of_kind(&Kind::Person, None));
    let people: Vec<Record> = people.doing("reading the residents")?;
    let buildings = column(phone, "buildings", "name")?;
    if people.len() < PEOPLE || buildings.is_empty() {
        return trouble("There is nobody to look for.");
    }
    let mut texts = Vec::new();
    for (number, person) in people.iter().step_by(people.len() / PEOPLE).take(PEOPLE).enumerate() {
        let name = person.text("name").unwrap_or_default();
        let tail: String = person.text("phone").unwrap_or_default().chars().skip(7).collect();
        let building = buildings[number * 3 % buildings.len()].clone();
        texts.push(PINYIN[number % PINYIN.len()].to_owned());
        texts.push(tail);
        texts.push(format!("{building}{}01", number % 6 + 1));
        texts.push(name.to_owned());
        texts.extend(name.chars().next().map(String::from));
    }
    Ok(texts)
}
