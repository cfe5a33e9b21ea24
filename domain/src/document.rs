//! The citizen identity number (GB 11643-1999) and what it says about its holder.

use chrono::NaiveDate;

use crate::problem::ProblemCode;

const WEIGHTS: [u32; 17] = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2];
const CHECK: &[u8; 11] = b"10X98765432";

/// What an identity number says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct IdCard {
    /// Day of birth.
    pub birth_date: NaiveDate,
    /// GB/T 2261.1: `"1"` male, `"2"` female, from the parity of the sequence number.
    pub sex: &'static str,
}

/// Reads an identity number: 17 digits and the MOD 11-2 check character (ISO 7064), the birth date real and not after `today`.
/// An unknown area code is no error: codes change, and residence permits begin with 81, 82 and 83.
///
/// # Errors
/// [`ProblemCode::IdCardForm`], [`ProblemCode::IdCardCheck`] or [`ProblemCode::IdCardDate`].
pub fn read_id_card(number: &str, today: NaiveDate) -> Result<IdCard, ProblemCode> {
    let bytes = number.as_bytes();
    if bytes.len() != 18
        || !bytes[..17].iter().all(u8::is_ascii_digit)
        || !(bytes[17].is_ascii_digit() || bytes[17] == b'X')
    {
        return Err(ProblemCode::IdCardForm);
    }
    let sum: u32 = bytes.iter().zip(WEIGHTS).map(|(digit, weight)| u32::from(digit - b'0') * weight).sum();
    if CHECK[(sum % 11) as usize] != bytes[17] {
        return Err(ProblemCode::IdCardCheck);
    }
    let number_at = |range: std::ops::Range<usize>| bytes[range].iter().fold(0u32, |n, b| n * 10 + u32::from(b - b'0'));
    let birth_date = NaiveDate::from_ymd_opt(number_at(6..10) as i32, number_at(10..12), number_at(12..14))
        .filter(|date| *date <= today && number_at(6..10) >= 1850)
        .ok_or(ProblemCode::IdCardDate)?;
    let sex = if (bytes[16] - b'0') % 2 == 1 { "1" } else { "2" };
    Ok(IdCard { birth_date, sex })
}

/// The check character for 17 digits: for generating demonstration residents.
pub fn check_character(first_17: &str) -> Option<char> {
    let bytes = first_17.as_bytes();
    if bytes.len() != 17 || !bytes.iter().all(u8::is_ascii_digit) {
        return None;
    }
    let sum: u32 = bytes.iter().zip(WEIGHTS).map(|(digit, weight)| u32::from(digit - b'0') * weight).sum();
    Some(char::from(CHECK[(sum % 11) as usize]))
}

/// The number as it is stored: half-width, without white space and the marks that only say it runs from left to right, the check
/// character in upper case.
pub fn normalise(number: &str) -> String {
    let half = crate::address::half_width(number);
    half.chars()
        .filter(|c| !c.is_whitespace() && !crate::phone::is_left_to_right(*c))
        .collect::<String>()
        .to_uppercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(text: &str) -> NaiveDate {
        text.parse().unwrap()
    }

    #[test]
    fn a_well_formed_number_tells_birth_date_and_sex() {
        // The example number of GB 11643-1999 itself.
        let card = read_id_card("11010519491231002X", day("2026-11-22")).unwrap();
        assert_eq!(card, IdCard { birth_date: day("1949-12-31"), sex: "2" });
    }

    #[test]
    fn each_way_of_being_wrong_has_its_own_code() {
        let today = day("2026-11-22");
        assert_eq!(read_id_card("110105194912310021", today), Err(ProblemCode::IdCardCheck));
        assert_eq!(read_id_card("11010519491231002", today), Err(ProblemCode::IdCardForm));
        assert_eq!(read_id_card("1101051949123100２X", today), Err(ProblemCode::IdCardForm));
        let in_2099 = format!("61072220990101123{}", check_character("61072220990101123").unwrap());
        assert_eq!(read_id_card(&in_2099, today), Err(ProblemCode::IdCardDate));
        let no_day = format!("61072219990230123{}", check_character("61072219990230123").unwrap());
        assert_eq!(read_id_card(&no_day, today), Err(ProblemCode::IdCardDate));
    }

    #[test]
    fn residence_permits_of_hong_kong_macao_and_taiwan_are_valid() {
        for area in ["810000", "820000", "830000"] {
            let first = format!("{area}19900307123");
            let number = format!("{first}{}", check_character(&first).unwrap());
            assert!(read_id_card(&number, day("2026-11-22")).is_ok());
        }
    }
}
