//! The order in which people read numbers on doors: 2 before 10, 3A after 3, 二组 before 十组.

use crate::address::{AddressParts, address_key, half_width};

/// A piece of a text: a number counts as one.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Piece {
    /// Digits.
    Number(u64),
    /// Anything else.
    Text(String),
}

/// What to sort a text by.
pub fn natural(text: &str) -> Vec<Piece> {
    let mut pieces = Vec::new();
    let text = half_width(text);
    let mut rest = text.as_str();
    while let Some(first) = rest.chars().next() {
        let digits = first.is_ascii_digit();
        let end = rest.find(|c: char| c.is_ascii_digit() != digits).unwrap_or(rest.len());
        let (piece, after) = rest.split_at(end);
        // A number too long for a number is still a text.
        pieces.push(piece.parse().map_or_else(|_| Piece::Text(piece.to_lowercase()), Piece::Number));
        rest = after;
    }
    pieces
}

/// The parts of an address in their one spelling: `[street, building, unit, room, group, house number]`.
pub fn plain_parts(parts: AddressParts<'_>) -> [String; 6] {
    let key = address_key(parts);
    let mut plain = key.splitn(6, '|').map(str::to_owned);
    std::array::from_fn(|_| plain.next().unwrap_or_default())
}

/// What to sort buildings by, and to know one by: `3号楼`, `3幢` and `三栋` are one.
pub fn plain_building(name: &str) -> String {
    plain_parts(AddressParts { building: name, ..Default::default() })[1].clone()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_read_as_numbers() {
        let mut rooms = ["1001", "201", "3A", "3", "12", "商1", "１０"];
        rooms.sort_by_cached_key(|room| natural(room));
        assert_eq!(rooms, ["3", "3A", "１０", "12", "201", "1001", "商1"]);
    }

    #[test]
    fn chinese_numerals_sort_as_numbers() {
        let mut buildings = ["十号楼", "2幢", "一号楼", "11栋"];
        buildings.sort_by_cached_key(|name| natural(&plain_building(name)));
        assert_eq!(buildings, ["一号楼", "2幢", "十号楼", "11栋"]);
    }

    #[test]
    fn a_number_without_end_is_no_panic() {
        assert_eq!(natural(&"9".repeat(60)).len(), 1);
        assert!(natural("").is_empty());
    }
}
