//! Finding people by what one remembers of a name: how well it fits what was typed: as written, or by pinyin, whole or initials, in every reading of every character
//! (单 is shan and dan, 曾 zeng and ceng).

use std::sync::LazyLock;

use crate::address::half_width;
use ib_pinyin::matcher::PinyinMatcher;
use ib_pinyin::pinyin::{PinyinData, PinyinNotation};

static PINYIN: LazyLock<PinyinData> =
    LazyLock::new(|| PinyinData::new(PinyinNotation::Ascii | PinyinNotation::AsciiFirstLetter));

/// Longer than any name, and short enough that nobody can make a search slow.
const CHARS_MAX: usize = 60;

/// How well something fits, the best first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Quality {
    /// The very name.
    Whole,
    /// It begins so.
    Start,
    /// It stands in it.
    Inside,
    /// The pinyin of the whole name.
    PinyinWhole,
    /// The pinyin begins so.
    PinyinStart,
    /// It stands in the pinyin.
    PinyinInside,
    /// Something that belongs to it fits.
    Elsewhere,
}

impl Quality {
    /// Whether it was found by pinyin.
    pub fn is_pinyin(self) -> bool {
        matches!(self, Quality::PinyinWhole | Quality::PinyinStart | Quality::PinyinInside)
    }
}

/// What was typed.
pub struct Query {
    text: String,
    /// Without the spaces and apostrophes that some put between syllables, when there are letters at all.
    letters: Option<String>,
}

impl Query {
    /// Reads what was typed; none when it is blank.
    pub fn new(typed: &str) -> Option<Query> {
        let typed: String = half_width(typed).chars().take(CHARS_MAX).collect();
        let text = typed.trim().to_lowercase();
        if text.is_empty() {
            return None;
        }
        let letters: String = text.chars().filter(|c| !c.is_whitespace() && !matches!(c, '\'' | '’' | '-')).collect();
        let letters = Some(letters).filter(|letters| letters.chars().any(|c| c.is_ascii_lowercase()));
        // ü is typed as v; on some keyboards as itself.
        Some(Query { text, letters: letters.map(|letters| letters.replace('ü', "v")) })
    }

    /// What was typed: half-width, lower case, trimmed.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Prepares for looking through many names.
    pub fn matcher(&self) -> Matcher<'_> {
        let pinyin = self.letters.as_deref().map(|letters| {
            PinyinMatcher::builder(letters).pinyin_data(&PINYIN).is_pattern_partial(true).case_insensitive(true).build()
        });
        Matcher { query: self, pinyin }
    }
}

/// Looks at one name after the other.
pub struct Matcher<'q> {
    query: &'q Query,
    pinyin: Option<PinyinMatcher<'q>>,
}

impl Matcher<'_> {
    /// What was typed.
    pub fn text(&self) -> &str {
        self.query.text()
    }

    /// How well a name fits, if it does.
    pub fn quality(&self, name: &str) -> Option<Quality> {
        let name = half_width(name).to_lowercase();
        let text = self.query.text();
        if name == text {
            return Some(Quality::Whole);
        }
        match name.find(text) {
            Some(0) => return Some(Quality::Start),
            Some(_) => return Some(Quality::Inside),
            None => {}
        }
        let found = self.pinyin.as_ref()?.find(name.as_str())?;
        Some(match (found.start(), found.end() == name.len() && !found.is_pattern_partial()) {
            (0, true) => Quality::PinyinWhole,
            (0, false) => Quality::PinyinStart,
            _ => Quality::PinyinInside,
        })
    }

    /// How well an English text fits: at the beginning of a word.
    pub fn quality_of_latin(&self, text: &str) -> Option<Quality> {
        let text = text.to_lowercase();
        let wanted = self.query.text();
        if text.starts_with(wanted) {
            return Some(Quality::Start);
        }
        let mut words = text.match_indices(wanted).map(|(at, _)| at);
        words
            .any(|at| text[..at].chars().next_back().is_none_or(|before| !before.is_alphanumeric()))
            .then_some(Quality::Inside)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn quality(typed: &str, name: &str) -> Option<Quality> {
        Query::new(typed).unwrap().matcher().quality(name)
    }

    #[test]
    fn every_reading_of_a_surname_finds_it() {
        let readings = [
            ("单玉芳", ["syf", "dyf", "shanyufang", "danyufang"]),
            ("查良", ["zl", "cl", "zhaliang", "chaliang"]),
            ("曾建国", ["zjg", "cjg", "zengjianguo", "cengjianguo"]),
            ("翟明", ["zm", "dm", "zhaiming", "diming"]),
            ("仇英", ["qy", "cy", "qiuying", "chouying"]),
            ("解放", ["xf", "jf", "xiefang", "jiefang"]),
        ];
        for (name, typed) in readings {
            for typed in typed {
                assert_eq!(quality(typed, name), Some(Quality::PinyinWhole), "{typed} for {name}");
            }
            assert_eq!(quality("wwww", name), None);
        }
    }

    #[test]
    fn a_name_is_found_while_it_is_typed() {
        for typed in
            ["z", "zh", "zhang", "zhangw", "zhangwe", "ZhangWei", "zhang wei", "zhang'wei", "zw", "张", "张w", "ｚｗ"]
        {
            assert!(quality(typed, "张伟").is_some(), "{typed}");
        }
        assert_eq!(quality("wei", "张伟"), Some(Quality::PinyinInside));
        assert_eq!(quality("伟", "张伟"), Some(Quality::Inside));
        assert_eq!(quality("lv", "吕布"), Some(Quality::PinyinStart));
    }

    #[test]
    fn what_was_written_out_comes_before_what_sounds_alike() {
        assert!(quality("张伟", "张伟") < quality("张", "张伟"));
        assert!(quality("张", "张伟") < quality("zhangwei", "张伟"));
        assert!(quality("zhangwei", "张伟") < quality("zhang", "张伟"));
    }

    #[test]
    fn nothing_typed_finds_nothing_and_too_much_is_cut() {
        assert!(Query::new(" \t\u{3000}").is_none());
        assert_eq!(quality(&"a".repeat(1_000_000), "张伟"), None);
        assert_eq!(quality("𠀀", "𠀀伟"), Some(Quality::Start));
    }
}
