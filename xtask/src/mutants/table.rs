//! The tables of mistakes, tests/mutants/*.txt: what is planted where.

use std::fs;
use std::path::PathBuf;

use crate::paths;
use crate::sh::{Outcome, fail};

/// A mistake to be planted.
#[derive(Debug, PartialEq)]
pub(super) struct Mistake {
    pub(super) name: String,
    pub(super) file: String,
    /// What it breaks, in one sentence.
    pub(super) what: String,
    pub(super) old: String,
    pub(super) new: String,
}

/// Reads all tables. A mistake's number is its place here, counted from one.
pub(super) fn read_all() -> Outcome<Vec<Mistake>> {
    let tables = paths::root().join("tests").join("mutants");
    let listed = fs::read_dir(&tables).or_else(|error| fail(format!("{}: {error}.", tables.display())))?;
    let mut files: Vec<PathBuf> = listed.filter_map(|entry| Some(entry.ok()?.path())).collect();
    files.retain(|file| file.extension().is_some_and(|ending| ending == "txt"));
    files.sort();
    let mut all: Vec<Mistake> = Vec::new();
    for file in files {
        let text = fs::read_to_string(&file).or_else(|error| fail(format!("{}: {error}.", file.display())))?;
        all.extend(read(&text)?);
    }
    Ok(all)
}

/// Reads one table: `== name`, `file`, a sentence, then the old lines after `---` and the new ones after `+++`.
fn read(text: &str) -> Outcome<Vec<Mistake>> {
    let mut mistakes = Vec::new();
    for part in text.split("\n== ").skip(1) {
        let malformed = || format!("A mistake is not written as it should be:\n{part}");
        let (head, rest) = part.split_once("\n---\n").ok_or_else(malformed).or_else(fail)?;
        let (old, new) = rest.split_once("\n+++").ok_or_else(malformed).or_else(fail)?;
        let mut head = head.lines().map(str::trim);
        let (Some(name), Some(file), Some(what)) = (head.next(), head.next(), head.next()) else {
            return fail(malformed());
        };
        let new = new.strip_prefix('\n').unwrap_or(new).trim_end_matches('\n');
        mistakes.push(Mistake {
            name: name.to_owned(),
            file: file.to_owned(),
            what: what.to_owned(),
            old: old.to_owned(),
            new: new.to_owned(),
        });
    }
    Ok(mistakes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_of_mistakes_is_read() {
        let text = "# Mistakes.\n\n== order\ndomain/src/merge.rs\nThe older wins.\n---\n    a > b\n+++\n    a < b\n\n== none\nx.rs\nGone.\n---\nline\n+++\n";
        let read = read(text).unwrap();
        assert_eq!((read[0].name.as_str(), read[0].file.as_str()), ("order", "domain/src/merge.rs"));
        assert_eq!((read[0].old.as_str(), read[0].new.as_str()), ("    a > b", "    a < b"));
        assert_eq!((read[1].old.as_str(), read[1].new.as_str()), ("line", ""));
    }

    #[test]
    fn no_name_of_a_mistake_is_there_twice() {
        let all = read_all().unwrap();
        assert!(all.len() >= 40, "only {} mistakes", all.len());
        let mut names: Vec<&str> = all.iter().map(|mistake| mistake.name.as_str()).collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), all.len(), "a name is there twice");
    }
}
