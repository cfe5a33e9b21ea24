//! One line or several: which fields hold a single line, and how a text becomes one where it enters. People paste what they copied,
//! and a name that was copied over two lines is still that name: at the edge a line break becomes a blank. Past the edge a line
//! break in a field of one line is refused ([`ProblemCode::LineBreak`](crate::ProblemCode::LineBreak)); it would tear lists and sheets apart.

use std::borrow::Cow;

use serde_json::Value;

use crate::record::{Fields, Kind};
use crate::spec::{FieldType, field};

/// Whether a character ends a line.
pub fn is_line_break(c: char) -> bool {
    matches!(c, '\n' | '\r' | '\u{0B}' | '\u{0C}' | '\u{85}' | '\u{2028}' | '\u{2029}')
}

/// The text in one line: what stood on several is separated by a single blank.
pub fn one_line(text: &str) -> Cow<'_, str> {
    if !text.contains(is_line_break) {
        return Cow::Borrowed(text);
    }
    let lines = text.split(is_line_break).map(|line| line.trim_matches([' ', '\t'])).filter(|line| !line.is_empty());
    Cow::Owned(lines.collect::<Vec<_>>().join(" "))
}

/// Fields of a kind as they enter: texts of one line in one line, everything else as it is.
pub fn in_one_line(kind: &Kind, fields: Fields) -> Fields {
    let one = |(name, value): (String, Value)| {
        let single = field(kind, &name).is_some_and(|spec| matches!(spec.of, FieldType::Text { .. } | FieldType::Name));
        let line = value.as_str().filter(|_| single).map(|text| Value::from(one_line(text)));
        (name, line.unwrap_or(value))
    };
    fields.into_iter().map(one).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    #[test]
    fn what_was_copied_over_several_lines_stands_in_one() {
        for (typed, stored) in [
            ("张 \r\n三\u{2028}李", "张 三 李"),
            ("\n\n3号楼\n\n", "3号楼"),
            ("甲\u{0B}乙\u{85}丙", "甲 乙 丙"),
            ("两条狗 🐕‍🦺", "两条狗 🐕‍🦺"),
        ] {
            assert_eq!(one_line(typed), stored, "{typed:?}");
        }
        let fields = Fields::from([("title".to_owned(), json!("井盖\n破损")), ("text".to_owned(), json!("一\n二"))]);
        let entered = in_one_line(&Kind::Incident, fields);
        assert_eq!((&entered["title"], &entered["text"]), (&json!("井盖 破损"), &json!("一\n二")));
    }

    proptest! {
        #[test]
        fn a_line_is_one_line_and_loses_nothing_but_blanks_and_breaks(text in "[\\s甲乙😀𠀀a-c\u{2028}\u{85}]{0,40}") {
            let line = one_line(&text);
            prop_assert!(!line.contains(is_line_break));
            prop_assert_eq!(one_line(&line), line.as_ref(), "twice is once");
            let kept = |text: &str| text.chars().filter(|c| !c.is_whitespace()).collect::<String>();
            prop_assert_eq!(kept(&line), kept(&text));
        }
    }
}
