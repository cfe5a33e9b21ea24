//! Telephone numbers as they are dialled in China: mobile, landline, short number.

/// Whether a text is a number that can be dialled: mobile `1[3-9]` + 9 digits, landline `0` + 2–3 digits + 7–8 digits
/// (an optional `-` after the area code), or a short number of 3–6 digits.
pub fn is_phone(text: &str) -> bool {
    let digits = |t: &str| !t.is_empty() && t.bytes().all(|b| b.is_ascii_digit());
    let bytes = text.as_bytes();
    let mobile = bytes.len() == 11 && digits(text) && bytes[0] == b'1' && bytes[1] >= b'3';
    mobile || is_landline(text) || ((3..=6).contains(&bytes.len()) && digits(text) && bytes[0] != b'0')
}

fn is_landline(text: &str) -> bool {
    let plain: String = match text.split_once('-') {
        Some((area, number)) if (3..=4).contains(&area.len()) && (7..=8).contains(&number.len()) => {
            format!("{area}{number}")
        }
        Some(_) => return false,
        None => text.to_owned(),
    };
    (10..=12).contains(&plain.len()) && plain.starts_with('0') && plain.bytes().all(|b| b.is_ascii_digit())
}

/// The number without the white space and dashes that people and address books put in, and with half-width digits; without the
/// invisible marks around it that say it runs from left to right, as digits do anyway: address books copy them along.
/// A landline keeps none either: `0916-8123456` and `09168123456` are one number.
pub fn normalise(text: &str) -> String {
    let plain: String = crate::address::half_width(text)
        .chars()
        .filter(|c| !c.is_whitespace() && *c != '-' && !is_left_to_right(*c))
        .collect();
    plain.strip_prefix("+86").map(str::to_owned).unwrap_or(plain)
}

/// Marks that change nothing about how digits read. One that would turn them round is not among these: what was seen was
/// another number then.
pub(crate) fn is_left_to_right(c: char) -> bool {
    matches!(c, '\u{200E}' | '\u{202A}' | '\u{202C}' | '\u{202D}' | '\u{2066}' | '\u{2068}' | '\u{2069}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_that_can_be_dialled_are_taken_and_others_are_not() {
        for good in
            ["13800001111", "19912345678", "09168123456", "0916-8123456", "02912345678", "110", "12345", "61234"]
        {
            assert!(is_phone(good), "{good}");
        }
        for bad in
            ["", "1", "12800001111", "1380000111", "138000011112", "0916-812", "abc", "13８00001111", "0091 1", "-"]
        {
            assert!(!is_phone(bad), "{bad}");
        }
    }

    #[test]
    fn a_number_is_one_number_however_it_was_typed() {
        assert_eq!(normalise(" +86 138-0000 1111"), "13800001111");
        assert_eq!(normalise("１３８００００１１１１"), "13800001111");
    }
}
