//! Plants all mistakes at once in a copy of the sources: the body of a function that a mistake touches becomes a choice between
//! what it is and what each mistake makes of it. One build then holds every mistake, and the environment says which is made.

use std::collections::BTreeMap;
use std::collections::hash_map::DefaultHasher;
use std::fs;
use std::hash::Hasher;
use std::ops::Range;
use std::path::Path;

use super::table::Mistake;
use crate::paths;
use crate::sh::{Outcome, Step, fail};

/// The variable of the environment that carries the number of the mistake that is made.
pub(super) const VARIABLE: &str = "PLANTED_MISTAKE";

/// Where the copy tells which mistake is made. The project's own sources have no such thing.
const SWITCH_IN: &str = "domain/src/lib.rs";

/// What a history runs through, and nothing else decides how a mistake fares.
const DECISIVE: &[&str] =
    &["Cargo.toml", "Cargo.lock", "domain/", "device/", "sync-server/", "tests/Cargo.toml", "tests/src/"];

/// Copies what is committed, or would be, with every mistake in it. What is there already keeps its time, so that little is built
/// anew. Returns a fingerprint of the sound sources.
pub(super) fn copy_with_mistakes(all: &[Mistake], copy: &Path) -> Outcome<u64> {
    let mut by_file: BTreeMap<&str, Vec<(usize, &Mistake)>> = BTreeMap::new();
    for (index, mistake) in all.iter().enumerate() {
        by_file.entry(&mistake.file).or_default().push((index + 1, mistake));
    }
    let mut hasher = DefaultHasher::new();
    let listed = Step::new("git").args(["ls-files", "-z", "--cached", "--others", "--exclude-standard"]).read()?;
    for name in listed.split('\0').filter(|name| !name.is_empty()) {
        let from = paths::root().join(name);
        if !from.is_file() {
            continue;
        }
        let mut bytes = fs::read(&from).or_else(|error| fail(format!("{name}: {error}.")))?;
        if DECISIVE.iter().any(|decisive| name.starts_with(decisive)) {
            hasher.write(name.as_bytes());
            hasher.write_usize(bytes.len());
            hasher.write(&bytes);
        }
        if let Some(mistakes) = by_file.remove(name) {
            bytes = planted(&text_of(name, bytes)?, &mistakes)?.into_bytes();
        }
        if name == SWITCH_IN {
            bytes.extend_from_slice(switch().as_bytes());
        }
        write_if_other(&copy.join(name), &bytes)?;
    }
    match by_file.keys().next() {
        None => Ok(hasher.finish()),
        Some(file) => fail(format!("{file} is not there any more: bring tests/mutants up to date.")),
    }
}

fn text_of(name: &str, bytes: Vec<u8>) -> Outcome<String> {
    String::from_utf8(bytes).or_else(|error| fail(format!("{name}: {error}.")))
}

/// What the copy of `domain` gets. It is called by one path everywhere, in `domain` too.
fn switch() -> String {
    format!(
        r#"
extern crate self as domain;

/// Which mistake is made in this process; 0 is none.
pub fn planted() -> usize {{
    static NUMBER: std::sync::OnceLock<usize> = std::sync::OnceLock::new();
    *NUMBER.get_or_init(|| std::env::var("{VARIABLE}").ok().and_then(|number| number.parse().ok()).unwrap_or(0))
}}
"#
    )
}

fn write_if_other(path: &Path, bytes: &[u8]) -> Outcome {
    if fs::read(path).is_ok_and(|there| there == bytes) {
        return Ok(());
    }
    let written = path.parent().map_or(Ok(()), fs::create_dir_all).and_then(|()| fs::write(path, bytes));
    written.or_else(|error| fail(format!("{}: {error}.", path.display())))
}

/// A file's text with these mistakes in it, each under its number.
fn planted(text: &str, mistakes: &[(usize, &Mistake)]) -> Outcome<String> {
    let bodies = bodies(text);
    let mut arms: BTreeMap<(usize, usize), String> = BTreeMap::new();
    for (number, mistake) in mistakes {
        let lines = lines_of(text, mistake)?;
        let around = bodies.iter().filter(|body| body.start <= lines.start && lines.end <= body.end);
        let Some(body) = around.max_by_key(|body| body.start) else {
            return fail(format!(
                "The lines of the mistake `{}` are in no body of a function of {}, and cannot be switched: write it otherwise.",
                mistake.name, mistake.file
            ));
        };
        let before = text.get(body.start..lines.start).unwrap_or_default();
        let after = text.get(lines.end..body.end).unwrap_or_default();
        let arm = format!("{number} => {{\n{before}{}{after}}}\n", mistake.new);
        arms.entry((body.start, body.end)).or_default().push_str(&arm);
    }
    let mut insertions = Vec::new();
    for ((start, end), arms) in arms {
        insertions.push((start, format!("match ::domain::planted() {{\n{arms}_ => {{\n")));
        insertions.push((end, "}\n}\n".to_owned()));
    }
    insertions.sort();
    let (mut whole, mut upto) = (String::new(), 0);
    for (at, inserted) in insertions {
        whole.push_str(text.get(upto..at).unwrap_or_default());
        whole.push_str(&inserted);
        upto = at;
    }
    whole.push_str(text.get(upto..).unwrap_or_default());
    Ok(whole)
}

/// Where the lines of a mistake are, once.
fn lines_of(text: &str, mistake: &Mistake) -> Outcome<Range<usize>> {
    let found: Vec<usize> = text.match_indices(&mistake.old).map(|(at, _)| at).collect();
    match found.as_slice() {
        [at] => Ok(*at..at + mistake.old.len()),
        found => fail(format!(
            "The lines of the mistake `{}` are {} times in {}, not once: bring tests/mutants up to date.",
            mistake.name,
            found.len(),
            mistake.file
        )),
    }
}

/// The bodies of all functions, those within others too. Sources are as rustfmt writes them: a body ends at the first brace that
/// stands as far to the left as its function.
fn bodies(text: &str) -> Vec<Range<usize>> {
    let mut lines = Vec::new();
    let mut at = 0;
    for line in text.split_inclusive('\n') {
        lines.push((at, line.trim_end()));
        at += line.len();
    }
    (0..lines.len()).filter_map(|number| body(lines.get(number..)?)).collect()
}

/// The body of the function that begins with the first of these lines, if one does.
fn body(lines: &[(usize, &str)]) -> Option<Range<usize>> {
    let (_, first) = lines.first()?;
    let depth = first.len() - first.trim_start().len();
    if !begins_function(first.trim_start()) {
        return None;
    }
    let as_deep = |line: &str| line.len() - line.trim_start().len() == depth;
    let opening = lines.iter().position(|(_, line)| as_deep(line) && line.ends_with(['{', '}', ';']))?;
    // What ends otherwise is a declaration, or empty.
    lines.get(opening).filter(|(_, line)| line.ends_with('{'))?;
    let inside = lines.get(opening + 1..)?;
    let (closing, _) = inside.iter().find(|(_, line)| as_deep(line) && line.trim_start() == "}")?;
    Some(inside.first()?.0..*closing)
}

/// Constant functions are left out: they cannot ask the environment.
fn begins_function(line: &str) -> bool {
    let rest = line.strip_prefix("pub").map_or(line, |rest| {
        let within = rest.strip_prefix('(').and_then(|rest| rest.split_once(')'));
        within.map_or(rest, |(_, rest)| rest).trim_start()
    });
    let rest = rest.strip_prefix("async ").unwrap_or(rest);
    rest.strip_prefix("unsafe ").unwrap_or(rest).starts_with("fn ")
}

#[cfg(test)]
mod tests {
    use super::super::table::read_all;
    use super::*;

    const SOURCE: &str = "\
const LIMIT: u8 = 3;

impl Page {
    /// Above.
    pub(crate) fn cut<T>(
        &self,
        more: T,
    ) -> Outcome<u8>
    where
        T: Into<u8>,
    {
        fn half(of: u8) -> u8 {
            of / 2
        }
        let room = self.room()?;
        Ok(half(room) + more.into())
    }
}

trait Reads {
    fn room(&self) -> Outcome<u8>;
    const fn most() -> u8 {
        9
    }
}
";

    fn mistake(old: &str, new: &str) -> Mistake {
        Mistake {
            name: "a mistake".into(),
            file: "page.rs".into(),
            what: String::new(),
            old: old.into(),
            new: new.into(),
        }
    }

    #[test]
    fn a_body_becomes_a_choice_and_everything_around_it_stays() {
        let planted = planted(SOURCE, &[(7, &mistake("room()?", "room()? + 1"))]).unwrap();
        let (before, rest) = SOURCE.split_once("        fn half").unwrap();
        let (body, after) = rest.split_once("    }\n}\n\ntrait").unwrap();
        let body = format!("        fn half{body}");
        let wrong = body.replace("room()?", "room()? + 1");
        let choice = format!("match ::domain::planted() {{\n7 => {{\n{wrong}}}\n_ => {{\n{body}}}\n}}\n");
        assert_eq!(planted, format!("{before}{choice}    }}\n}}\n\ntrait{after}"));
    }

    #[test]
    fn two_mistakes_of_one_function_are_two_arms() {
        let planted =
            planted(SOURCE, &[(1, &mistake("room()?", "most()?")), (2, &mistake("+ more.into()", ""))]).unwrap();
        assert_eq!(planted.matches("match ::domain::planted()").count(), 1);
        let (first, rest) = planted.split_once("2 => {").unwrap();
        let (second, sound) = rest.split_once("_ => {").unwrap();
        assert!(first.contains("self.most()?") && first.contains("+ more.into()"));
        assert!(second.contains("self.room()?") && !second.contains("+ more.into()"));
        assert!(sound.contains("self.room()?") && sound.contains("+ more.into()"));
    }

    #[test]
    fn a_function_within_another_has_a_choice_of_its_own() {
        let planted =
            planted(SOURCE, &[(1, &mistake("room()?", "most()?")), (2, &mistake("of / 2", "of / 3"))]).unwrap();
        let (_, outer) = planted.split_once("match ::domain::planted() {\n1 => {").unwrap();
        let (wrong, sound) = outer.split_once("\n}\n_ => {").unwrap();
        assert!(wrong.contains("most()?") && wrong.contains("of / 2") && !wrong.contains("of / 3"));
        assert!(
            sound.contains(
                "match ::domain::planted() {\n2 => {\n            of / 3\n}\n_ => {\n            of / 2\n}\n}"
            )
        );
    }

    #[test]
    fn a_mistake_outside_of_functions_is_refused() {
        for old in ["u8 = 3", "    fn room(&self)", "        9", "    }\n}\n\ntrait"] {
            let refused = planted(SOURCE, &[(1, &mistake(old, ""))]).unwrap_err().0;
            assert!(refused.contains("no body of a function"), "{old}: {refused}");
        }
    }

    #[test]
    fn a_mistake_whose_lines_are_gone_or_there_twice_is_refused() {
        for old in ["fn third", "room"] {
            let refused = planted(SOURCE, &[(1, &mistake(old, ""))]).unwrap_err().0;
            assert!(refused.contains("not once"), "{old}: {refused}");
        }
    }

    #[test]
    fn every_planted_mistake_fits_the_sources() {
        for mistake in &read_all().unwrap() {
            let text = fs::read_to_string(paths::root().join(&mistake.file)).unwrap();
            planted(&text, &[(1, mistake)]).unwrap();
        }
    }
}
