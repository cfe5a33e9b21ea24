//! The TypeScript types that are made from the Rust ones: written again, to see whether the committed ones are stale.

use crate::paths;
use crate::sh::{Outcome, Step, fail};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::{fs, io};

/// Where the types go.
const FOLDER: &str = "ui/src/shared/types";

/// What is in the first line of every file that is made and not written by hand.
const MADE: &str = "generated";

/// Writes the types again and compares. Stale ones are left corrected, so that they only need a commit.
pub(crate) fn are_fresh() -> Outcome {
    let folder = paths::root().join(FOLDER);
    let unreadable = |error: io::Error| fail(format!("{FOLDER} could not be read: {error}."));
    let before = made(&folder).or_else(unreadable)?;
    // Taken away first: a type that exists no longer would otherwise stay for ever.
    for path in before.keys() {
        fs::remove_file(path).or_else(|error| fail(format!("{} could not be removed: {error}.", path.display())))?;
    }
    let written = Step::cargo()
        // The whole workspace, as `test` builds it: a part of it would be built again with other features.
        .args(["test", "--quiet", "--workspace", "export_bindings"])
        .run();
    if written.is_err() {
        for (path, content) in &before {
            fs::write(path, content)
                .or_else(|error| fail(format!("{} could not be put back: {error}.", path.display())))?;
        }
        return written;
    }
    let after = made(&folder).or_else(unreadable)?;
    let stale: Vec<String> = before
        .keys()
        .chain(after.keys())
        .filter(|path| before.get(*path) != after.get(*path))
        .filter_map(|path| path.file_name().map(|name| name.to_string_lossy().into_owned()))
        .collect();
    match stale.first() {
        None => Ok(()),
        Some(first) => fail(format!(
            "{} types in {FOLDER} were stale, {first} among them; they have been written again, please commit them.",
            stale.len()
        )),
    }
}

fn made(folder: &Path) -> io::Result<BTreeMap<PathBuf, String>> {
    let mut found = BTreeMap::new();
    if !folder.is_dir() {
        return Ok(found);
    }
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            found.extend(made(&path)?);
        } else if path.extension().is_some_and(|extension| extension == "ts") {
            let content = fs::read_to_string(&path)?;
            if content.lines().next().is_some_and(|line| line.contains(MADE)) {
                found.insert(path, content);
            }
        }
    }
    Ok(found)
}
