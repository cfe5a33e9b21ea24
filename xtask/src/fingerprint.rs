//! Tells whether files changed since a step was last done, so that it is not done again for nothing.

use crate::paths;
use crate::sh::{Outcome, fail};
use std::collections::hash_map::DefaultHasher;
use std::fs;
use std::hash::Hasher;
use std::path::{Path, PathBuf};

/// What was read at one moment, to be kept once the step that depends on it has succeeded.
pub(crate) struct Fingerprint {
    kept: PathBuf,
    value: String,
}

impl Fingerprint {
    /// Reads all files below `folder`, except those in folders named in `without`.
    pub(crate) fn of(step: &str, folder: &Path, without: &[&str]) -> Outcome<Self> {
        let mut hasher = DefaultHasher::new();
        digest(folder, without, &mut hasher)?;
        Ok(Self { kept: paths::memory().join(step), value: format!("{:016x}\n", hasher.finish()) })
    }

    /// Whether the step was done with exactly these files.
    pub(crate) fn is_known(&self) -> bool {
        fs::read_to_string(&self.kept).is_ok_and(|kept| kept == self.value)
    }

    /// Remembers that the step was done with these files.
    pub(crate) fn keep(&self) -> Outcome {
        let written = fs::create_dir_all(paths::memory()).and_then(|()| fs::write(&self.kept, &self.value));
        written.or_else(|error| fail(format!("{} could not be written: {error}.", self.kept.display())))
    }
}

fn digest(path: &Path, without: &[&str], hasher: &mut DefaultHasher) -> Outcome {
    let unreadable = |error| fail(format!("{} could not be read: {error}.", path.display()));
    hasher.write(path.as_os_str().as_encoded_bytes());
    if !path.is_dir() {
        let content = fs::read(path).or_else(unreadable)?;
        hasher.write_usize(content.len());
        hasher.write(&content);
        return Ok(());
    }
    let mut entries = Vec::new();
    for entry in fs::read_dir(path).or_else(|error| fail(format!("{} could not be read: {error}.", path.display())))? {
        match entry {
            Ok(entry) => entries.push(entry.path()),
            Err(error) => return fail(format!("{} could not be read: {error}.", path.display())),
        }
    }
    entries.sort();
    for entry in entries {
        let named = entry.file_name().is_some_and(|name| without.iter().any(|left_out| name == *left_out));
        if !named {
            digest(&entry, without, hasher)?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_change_that_counts_is_seen() {
        let folder = paths::memory().join(format!("fingerprint-test-{}", std::process::id()));
        fs::create_dir_all(folder.join("dist")).unwrap();
        fs::write(folder.join("a"), "one").unwrap();
        let value = || Fingerprint::of("test", &folder, &["dist"]).unwrap().value;
        let before = value();
        fs::write(folder.join("dist/b"), "left out").unwrap();
        assert_eq!(value(), before);
        fs::write(folder.join("a"), "two").unwrap();
        assert_ne!(value(), before);
        fs::remove_dir_all(&folder).unwrap();
    }
}
