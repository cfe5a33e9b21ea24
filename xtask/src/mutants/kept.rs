//! What became of the mistakes so far: kept after every few histories, so that an interrupted hunt goes on where it was.

use std::collections::HashMap;
use std::collections::hash_map::DefaultHasher;
use std::fs;
use std::hash::Hasher;
use std::path::{Path, PathBuf};

use super::table::Mistake;
use crate::sh::{Outcome, fail};

/// What is known of one mistake.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Fate {
    /// How many histories were lived with it, the one that broke a law included.
    pub(super) histories: u64,
    /// The law that was broken.
    pub(super) law: Option<String>,
}

/// All fates, in one file: a line each with the key, the histories and the law.
pub(super) struct Kept {
    file: PathBuf,
    fates: HashMap<u64, Fate>,
}

/// A mistake in these sources: it is another one when either changes. None is the sources as they are.
pub(super) fn key(sources: u64, mistake: Option<&Mistake>) -> u64 {
    let mut hasher = DefaultHasher::new();
    hasher.write_u64(sources);
    for part in mistake.iter().flat_map(|mistake| [&mistake.file, &mistake.old, &mistake.new]) {
        hasher.write_usize(part.len());
        hasher.write(part.as_bytes());
    }
    hasher.finish()
}

impl Kept {
    /// Reads what was kept; nothing of it when it is to begin anew.
    pub(super) fn open(file: &Path, anew: bool) -> Self {
        let text = if anew { String::new() } else { fs::read_to_string(file).unwrap_or_default() };
        Self { file: file.to_owned(), fates: text.lines().filter_map(read).collect() }
    }

    /// What is known of a mistake.
    pub(super) fn fate(&self, key: u64) -> Fate {
        self.fates.get(&key).cloned().unwrap_or_default()
    }

    /// Notes what is known now.
    pub(super) fn note(&mut self, key: u64, fate: Fate) -> Outcome {
        self.fates.insert(key, fate);
        let lines = self.fates.iter().map(|(key, fate)| {
            format!("{key:016x}\t{}\t{}\n", fate.histories, fate.law.as_deref().unwrap_or_default())
        });
        fs::write(&self.file, lines.collect::<String>())
            .or_else(|error| fail(format!("{}: {error}.", self.file.display())))
    }
}

fn read(line: &str) -> Option<(u64, Fate)> {
    let mut parts = line.splitn(3, '\t');
    let key = u64::from_str_radix(parts.next()?, 16).ok()?;
    let histories = parts.next()?.parse().ok()?;
    let law = parts.next().filter(|law| !law.is_empty()).map(str::to_owned);
    Some((key, Fate { histories, law }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_kept_is_known_again_unless_one_begins_anew() {
        let file = crate::paths::memory().join(format!("mutants-test-{}", std::process::id()));
        fs::create_dir_all(crate::paths::memory()).unwrap();
        let caught = Fate { histories: 7, law: Some("A word\u{a0}is lost.".into()) };
        let sought = Fate { histories: 200, law: None };
        let mut kept = Kept::open(&file, false);
        kept.note(1, caught.clone()).unwrap();
        kept.note(u64::MAX, sought.clone()).unwrap();
        let kept = Kept::open(&file, false);
        assert_eq!((kept.fate(1), kept.fate(u64::MAX), kept.fate(2)), (caught, sought, Fate::default()));
        assert_eq!(Kept::open(&file, true).fate(1), Fate::default());
        fs::remove_file(file).unwrap();
    }

    #[test]
    fn a_mistake_in_other_sources_or_with_other_lines_is_another_one() {
        let mistake = |new: &str| Mistake {
            name: "name".into(),
            file: "file".into(),
            what: "what".into(),
            old: "old".into(),
            new: new.into(),
        };
        assert_eq!(key(1, Some(&mistake("a"))), key(1, Some(&mistake("a"))));
        assert_ne!(key(1, Some(&mistake("a"))), key(1, Some(&mistake("b"))));
        assert_ne!(key(1, Some(&mistake("a"))), key(2, Some(&mistake("a"))));
        assert_ne!(key(1, Some(&mistake("a"))), key(1, None));
    }
}
