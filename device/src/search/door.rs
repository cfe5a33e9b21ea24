//! A door, however somebody writes it: `501`, `2-501`, `3号楼2单元501`, `二组18号`.

use domain::address::{AddressParts, half_width};
use domain::kinds::dwelling::Dwelling;

use crate::read::{plain_building, plain_parts};

/// Words and signs between the numbers of an address; the longer ones first.
const BETWEEN: &[&str] = &[
    "村民小组",
    "小组",
    "号楼",
    "单元",
    "幢",
    "栋",
    "棟",
    "座",
    "楼",
    "室",
    "号",
    "组",
    "房",
    "#",
    "-",
    "_",
    "/",
    ",",
    "，",
    ".",
];

/// How well a door fits, the best first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum DoorFit {
    /// This very room.
    Room,
    /// A room that begins so.
    RoomStart,
}

/// The numbers of an address, in the order they were typed.
pub(super) struct DoorQuery(Vec<String>);

impl DoorQuery {
    /// Reads what was typed; none when it has no numbers.
    pub(super) fn new(text: &str) -> Option<DoorQuery> {
        let spaced = BETWEEN.iter().fold(half_width(text).to_lowercase(), |text, word| text.replace(word, " "));
        let numbers: Vec<String> = spaced.split_whitespace().map(plain_building).collect();
        let plausible = numbers.len() <= 5 && numbers.iter().any(|number| number.bytes().any(|b| b.is_ascii_digit()));
        plausible.then_some(DoorQuery(numbers))
    }

    /// Whether a dwelling is meant: the last number its room or house number, those before it other parts, in their order.
    pub(super) fn fit(&self, dwelling: &Dwelling, building: &str) -> Option<DoorFit> {
        let (last, before) = self.0.split_last()?;
        let text = |part: &Option<String>| part.clone().unwrap_or_default();
        let (street, unit, room) = (text(&dwelling.street), text(&dwelling.unit), text(&dwelling.room));
        let (group, house_number) = (text(&dwelling.group), text(&dwelling.house_number));
        let [street, building, unit, room, group, house] = plain_parts(AddressParts {
            street: &street,
            building,
            unit: &unit,
            room: &room,
            group: &group,
            house_number: &house_number,
        });
        let door = if room.is_empty() { house } else { room };
        let fit = if door == *last {
            DoorFit::Room
        } else if last.len() >= 2 && door.starts_with(last.as_str()) {
            DoorFit::RoomStart
        } else {
            return None;
        };
        let mut parts = [street, building, unit, group].into_iter();
        before.iter().all(|number| parts.any(|part| is_number_of(&part, number))).then_some(fit)
    }

    /// Whether a building is meant: one number, its own.
    pub(super) fn is_building(&self, name: &str) -> bool {
        matches!(self.0.as_slice(), [number] if is_number_of(&plain_building(name), number))
    }
}

/// Whether a part is that number, or a name that ends with it: `阳光小区3` is number 3, `13` is not.
fn is_number_of(part: &str, number: &str) -> bool {
    part.strip_suffix(number).is_some_and(|name| {
        !number.is_empty()
            && (name.is_empty() || name.chars().next_back().is_some_and(|before| !before.is_ascii_digit()))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn town(unit: &str, room: &str) -> Dwelling {
        Dwelling {
            building: None,
            unit: Some(unit.to_owned()),
            floor: None,
            room: Some(room.to_owned()),
            street: None,
            group: None,
            house_number: None,
            usage: None,
        }
    }

    fn fit(typed: &str, dwelling: &Dwelling, building: &str) -> Option<DoorFit> {
        DoorQuery::new(typed).and_then(|query| query.fit(dwelling, building))
    }

    #[test]
    fn a_room_is_found_however_it_is_written() {
        let door = town("2单元", "501");
        for typed in ["501", "2-501", "3-2-501", "3号楼2单元501室", "三号楼 二单元 501", "３栋５０１", "3#501"]
        {
            assert_eq!(fit(typed, &door, "3号楼"), Some(DoorFit::Room), "{typed}");
        }
        for typed in ["502", "1-501", "4号楼501", "3-2-50-1", "01", "张三"] {
            assert_eq!(fit(typed, &door, "3号楼"), None, "{typed}");
        }
        assert_eq!(fit("50", &door, "3号楼"), Some(DoorFit::RoomStart));
        assert_eq!(fit("3-501", &door, "阳光小区3号楼"), Some(DoorFit::Room));
        assert_eq!(fit("3-501", &door, "13号楼"), None);
    }

    #[test]
    fn a_house_of_a_village_is_found_by_group_and_number() {
        let mut house = town("", "");
        (house.unit, house.room) = (None, None);
        (house.group, house.house_number) = (Some("二组".to_owned()), Some("18号".to_owned()));
        for typed in ["二组18号", "2组18", "2-18", "18号"] {
            assert_eq!(fit(typed, &house, ""), Some(DoorFit::Room), "{typed}");
        }
        assert_eq!(fit("三组18号", &house, ""), None);
    }

    #[test]
    fn a_building_is_found_by_its_number() {
        let query = DoorQuery::new("3号楼").unwrap();
        assert!(query.is_building("3幢") && query.is_building("三栋") && !query.is_building("13号楼"));
    }
}
