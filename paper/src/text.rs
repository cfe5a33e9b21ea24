//! Widths and lines: where a line of Chinese may end, and how wide it is.

/// Widths of Times-Roman from the space on, in thousandths of the size.
const LATIN: [u16; 95] = [
    250, 333, 408, 500, 500, 833, 778, 180, 333, 333, 500, 564, 250, 333, 250, 278, // space to /
    500, 500, 500, 500, 500, 500, 500, 500, 500, 500, 278, 278, 564, 564, 564, 444, // 0 to ?
    921, 722, 667, 667, 722, 611, 556, 722, 722, 333, 389, 722, 611, 889, 722, 722, // @ to O
    556, 722, 667, 556, 611, 722, 722, 944, 722, 722, 611, 333, 278, 333, 469, 500, // P to _
    333, 444, 500, 444, 500, 444, 333, 500, 500, 278, 278, 500, 278, 778, 500, 500, // ` to o
    500, 500, 333, 389, 278, 500, 500, 722, 500, 500, 444, 480, 200, 480, 541, // p to ~
];

/// Never the first of a line.
const CLOSING: &str = "，。、；：？！）》〉」』】〕”’％℃…—·,.;:?!)]}%";
/// Never the last of a line.
const OPENING: &str = "（《〈「『【〔“‘([{";

/// Stands where the font's collection has no character: the sign that printers set for one they did not have.
pub(crate) const MISSING: char = '〓';

/// What a character is set in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Script {
    /// Times: letters, digits and signs on a keyboard.
    Latin,
    /// The Chinese font.
    Chinese,
    /// No font that every reader brings: [`MISSING`] is shown, the character itself goes with it for copying and searching.
    Rare,
}

impl Script {
    pub(crate) fn of(c: char) -> Self {
        match c {
            ' '..='~' => Script::Latin,
            // Newer than the collection, private, or beyond the plane that it covers.
            '\u{9FA6}'..='\u{9FFF}' | '\u{E000}'..='\u{F8FF}' | '\u{10000}'.. => Script::Rare,
            _ => Script::Chinese,
        }
    }
}

/// The width of a character, in sizes of the font.
pub(crate) fn width_of(c: char) -> f32 {
    match usize::try_from(u32::from(c)).ok().and_then(|code| code.checked_sub(32)) {
        Some(index) if Script::of(c) == Script::Latin => f32::from(LATIN[index]) / 1000.0,
        _ => 1.0,
    }
}

/// The width of a text, in sizes of the font.
pub(crate) fn width(text: &str) -> f32 {
    text.chars().map(width_of).sum()
}

/// One character for each that cannot be printed: tabs are spaces, other control characters and direction marks are nothing.
pub(crate) fn printable(text: &str) -> String {
    let hidden = |c: char| {
        c.is_control()
            || matches!(c, '\u{200B}'..='\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}' | '\u{FEFF}')
    };
    text.chars().map(|c| if c == '\t' { ' ' } else { c }).filter(|c| !hidden(*c)).collect()
}

/// The lines of a text that is `room` wide (in sizes of the font); each line break of the text begins a new one, with `indent` before it.
pub(crate) fn lines(text: &str, room: f32, indent: f32) -> Vec<String> {
    let mut found = Vec::new();
    for line in text.replace("\r\n", "\n").split(['\n', '\r']) {
        break_line(&printable(line), room, indent, &mut found);
    }
    found
}

fn break_line(text: &str, room: f32, indent: f32, found: &mut Vec<String>) {
    let mut line = String::new();
    // The indent is written as ideographic spaces, so that it is as wide as characters are.
    let spaces: String = "\u{3000}".repeat(indent as usize);
    line.push_str(&spaces);
    let mut used = width(&line);
    for unit in units(text) {
        let wide = width(&unit);
        if used + wide <= room + 0.001 {
            line.push_str(&unit);
            used += wide;
            continue;
        }
        let unit = unit.trim_start();
        if !line.trim().is_empty() {
            found.push(std::mem::take(&mut line).trim_end().to_owned());
            used = 0.0;
        }
        // Wider than a whole line: a long number or address is cut where the line ends.
        for c in unit.chars() {
            if used + width_of(c) > room + 0.001 && !line.trim().is_empty() {
                found.push(std::mem::take(&mut line));
                used = 0.0;
            }
            line.push(c);
            used += width_of(c);
        }
    }
    found.push(line.trim_end().to_owned());
}

/// Whether a character is of a word or number that is not cut.
fn in_words(c: char) -> bool {
    c != ' ' && Script::of(c) == Script::Latin
}

/// The pieces between which a line may end: words of letters and digits, single Chinese characters, each with the marks that may
/// not be parted from it.
fn units(text: &str) -> Vec<String> {
    let mut found: Vec<String> = Vec::new();
    let mut glued = false;
    for c in text.chars() {
        let last = found.last().and_then(|unit| unit.chars().next_back());
        let in_word = last.is_some_and(in_words) && in_words(c);
        match found.last_mut() {
            Some(unit) if glued || in_word || CLOSING.contains(c) => unit.push(c),
            _ => found.push(c.to_string()),
        }
        glued = OPENING.contains(c);
    }
    found
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn digits_are_half_as_wide_as_characters() {
        assert!((width("2026") - 2.0).abs() < 0.001);
        assert!((width("汉字") - 2.0).abs() < 0.001);
    }

    #[test]
    fn a_line_never_begins_with_a_full_stop_and_never_ends_with_an_opening_bracket() {
        assert_eq!(lines("一二三四。五", 4.0, 0.0), ["一二三", "四。五"]);
        assert_eq!(lines("一二三（四）", 4.0, 0.0), ["一二三", "（四）"]);
    }

    #[test]
    fn words_and_numbers_stay_whole_unless_they_are_longer_than_a_line() {
        assert_eq!(lines("电话13800005678备注", 8.0, 0.0), ["电话13800005678", "备注"]);
        assert_eq!(lines("第 7072300.00 元整", 4.0, 0.0), ["第", "7072300.", "00 元整"]);
        assert_eq!(lines("123456", 2.0, 0.0), ["1234", "56"]);
    }

    #[test]
    fn paragraphs_begin_with_two_characters_of_space() {
        assert_eq!(lines("甲乙丙\n丁", 4.0, 2.0), ["\u{3000}\u{3000}甲乙", "丙", "\u{3000}\u{3000}丁"]);
    }

    #[test]
    fn nothing_hidden_is_printed() {
        assert_eq!(printable("甲\u{202E}乙\t丙\u{7}"), "甲乙 丙");
    }

    proptest! {
        #[test]
        fn every_character_is_on_exactly_one_line_and_no_line_of_more_than_a_few_is_too_wide(text in "[一-龥，。（）a-z0-9 ]{0,80}", room in 4.0f32..20.0) {
            let broken = lines(&text, room, 0.0);
            let without = |text: &str| text.chars().filter(|c| *c != ' ').collect::<String>();
            prop_assert_eq!(without(&broken.concat()), without(&text));
            for line in &broken {
                prop_assert!(width(line) <= room + 0.01, "{line} is {} of {room}", width(line));
            }
        }
    }
}
