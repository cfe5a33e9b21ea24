//! One spelling for an address, however it was written on paper: the key by which two entries are known to be one door.

/// Full-width digits, letters and punctuation as their half-width twins; the ideographic space as a space.
pub fn half_width(text: &str) -> String {
    text.chars()
        .map(|c| match c {
            '\u{3000}' => ' ',
            '\u{FF01}'..='\u{FF5E}' => char::from_u32(c as u32 - 0xFEE0).unwrap_or(c),
            other => other,
        })
        .collect()
}

/// The parts of an address below the village.
#[derive(Debug, Clone, Copy, Default)]
pub struct AddressParts<'a> {
    /// Street or natural village.
    pub street: &'a str,
    /// Building: `3幢`, `3栋`, `3号楼` are one.
    pub building: &'a str,
    /// Unit (单元).
    pub unit: &'a str,
    /// Room (室).
    pub room: &'a str,
    /// Group (组) in a village.
    pub group: &'a str,
    /// House number in a village.
    pub house_number: &'a str,
}

/// The normalised key of an address: half-width, lower case, without white space, building words in one form, empty parts kept
/// as empty places so that `1-2` and `12` stay two doors.
pub fn address_key(parts: AddressParts<'_>) -> String {
    let building = plain(parts.building);
    let building = strip_last(&building, &["号楼", "幢", "栋", "棟", "座", "楼", "#"]).to_owned();
    let unit = plain(parts.unit);
    let unit = strip_last(&unit, &["单元"]).to_owned();
    let room = plain(parts.room);
    let room = strip_last(&room, &["室", "号", "房"]).to_owned();
    let group = plain(parts.group);
    let group = strip_last(&group, &["村民小组", "小组", "组"]).to_owned();
    let house = plain(parts.house_number);
    let house = strip_last(&house, &["号"]).to_owned();
    [plain(parts.street), building, unit, room, group, house].map(|part| chinese_number(&part)).join("|")
}

fn plain(text: &str) -> String {
    half_width(text).chars().filter(|c| !c.is_whitespace()).flat_map(char::to_lowercase).collect()
}

fn strip_last<'a>(text: &'a str, endings: &[&str]) -> &'a str {
    endings.iter().find_map(|ending| text.strip_suffix(ending).filter(|rest| !rest.is_empty())).unwrap_or(text)
}

/// `十二` as `12`: groups and buildings are numbered both ways. Only whole texts of one to three such characters.
fn chinese_number(text: &str) -> String {
    let digit = |c: char| "一二三四五六七八九".chars().position(|d| d == c).map(|index| index + 1);
    let chars: Vec<char> = text.chars().collect();
    let number = match chars.as_slice() {
        [one] => {
            if *one == '十' {
                Some(10)
            } else {
                digit(*one)
            }
        }
        ['十', ones] => digit(*ones).map(|ones| 10 + ones),
        [tens, '十'] => digit(*tens).map(|tens| tens * 10),
        [tens, '十', ones] => digit(*tens).zip(digit(*ones)).map(|(tens, ones)| tens * 10 + ones),
        _ => None,
    };
    number.map_or_else(|| text.to_owned(), |number| number.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(building: &str, unit: &str, room: &str) -> String {
        address_key(AddressParts { building, unit, room, ..Default::default() })
    }

    #[test]
    fn one_door_has_one_key_however_it_is_written() {
        let door = key("3号楼", "2单元", "501室");
        for (building, unit, room) in
            [("3幢", "2", "501"), ("３栋", " 2 单元", "501 室"), ("三号楼", "二单元", "５０１"), ("3#", "2", "501号")]
        {
            assert_eq!(key(building, unit, room), door);
        }
    }

    #[test]
    fn two_doors_have_two_keys() {
        assert_ne!(key("1", "2", "3"), key("12", "", "3"));
        assert_ne!(key("3A", "", "1"), key("3B", "", "1"));
        let village = |group, house_number| address_key(AddressParts { group, house_number, ..Default::default() });
        assert_eq!(village("二组", "18号"), village("2村民小组", "18"));
        assert_ne!(village("2组", "18号"), village("2组", "18-1号"));
    }
}
