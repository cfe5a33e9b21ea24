//! Lives through histories with one mistake until a law is broken.

use std::path::Path;
use std::time::Duration;

use super::kept::Fate;
use super::plant;
use crate::sh::{Outcome, Step};

/// A process lives through so many histories; then what is known is kept.
const PORTION: u64 = 100;

/// Histories of a portion that are not over after this time never end: a mistake can also make something run in circles.
const PATIENCE: Duration = Duration::from_secs(10 * 60);

/// Goes on with the mistake of this number, for one portion at most, and never beyond `most` histories in all.
pub(super) fn go_on(program: &Path, number: usize, fate: &Fate, most: u64) -> Outcome<Fate> {
    let first = fate.histories;
    let portion = most.saturating_sub(first).min(PORTION);
    let told = Step::new("nice")
        .args(["-n", "5"])
        .arg(program)
        .args(["--terse", "--stop-at-first", "--threads", "1", "--first"])
        .arg(first.to_string())
        .arg("--histories")
        .arg(portion.to_string())
        .env(plant::VARIABLE, number.to_string())
        .read_within(PATIENCE)?;
    Ok(match told {
        Some(told) => understood(told.lines().last().unwrap_or_default(), first),
        None => Fate { histories: first + portion, law: Some("A history did not end.".into()) },
    })
}

/// What the last line of a portion says.
fn understood(line: &str, first: u64) -> Fate {
    match number_in(line, "histories") {
        Some(lived) => Fate { histories: first + lived, law: text_in(line, "law").map(|law| law_in_short(&law)) },
        None => Fate { histories: first + 1, law: Some("The program ended without a word.".into()) },
    }
}

/// The law without the records that it names: cells of a table are short.
fn law_in_short(law: &str) -> String {
    let line = law.lines().next().unwrap_or_default();
    let (mut short, mut depth) = (String::new(), 0_usize);
    for c in line.chars() {
        let depth_before = depth;
        match c {
            '{' | '(' | '[' => depth += 1,
            '}' | ')' | ']' => depth = depth.saturating_sub(1),
            _ => {}
        }
        match (depth_before, depth, c) {
            (0, 1, _) => short.push('…'),
            (0, 0, '|' | '\t') => short.push(' '),
            (0, 0, c) => short.push(c),
            _ => {}
        }
    }
    let cut: String = short.chars().take(110).collect();
    if short.chars().count() > 110 { format!("{cut}…") } else { cut }
}

/// A text in a flat line of JSON.
fn text_in(line: &str, name: &str) -> Option<String> {
    let (_, rest) = line.split_once(&format!("\"{name}\":\""))?;
    let mut text = String::new();
    let mut chars = rest.chars();
    while let Some(c) = chars.next() {
        match c {
            '"' => return Some(text),
            '\\' => text.extend(chars.next().map(|next| if next == 'n' { '\n' } else { next })),
            _ => text.push(c),
        }
    }
    None
}

fn number_in(line: &str, name: &str) -> Option<u64> {
    let (_, rest) = line.split_once(&format!("\"{name}\":"))?;
    rest.chars().take_while(char::is_ascii_digit).collect::<String>().parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_end_of_a_portion_is_understood() {
        let broken =
            r#"{"broken":1,"histories":7,"law":"Saved { of: Id(3), word: \"a|b\" } is | lost.\nMore.","seed":206}"#;
        let law = Some("Saved … is   lost.".to_owned());
        assert_eq!(understood(broken, 200), Fate { histories: 207, law });
        let sound = r#"{"broken":0,"histories":100,"law":null,"seed":null}"#;
        assert_eq!(understood(sound, 200), Fate { histories: 300, law: None });
    }

    #[test]
    fn a_program_that_dies_is_no_success() {
        let law = Some("The program ended without a word.".to_owned());
        assert_eq!(understood("", 200), Fate { histories: 201, law });
    }
}
