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
///
/// They are written beside what stands: whoever ends this in the middle loses nothing.
pub(crate) fn are_fresh() -> Outcome {
    let beside = paths::memory().join("types");
    emptied(&beside).or_else(|error| fail(format!("{} could not be emptied: {error}.", beside.display())))?;
    Step::cargo()
        .env("TS_RS_EXPORT_DIR", &beside)
        // The whole workspace, as `test` builds it: a part of it would be built again with other features.
        .args(["test", "--quiet", "--workspace", "export_bindings"])
        .run()?;
    let stale = corrected(&paths::root().join(FOLDER), &beside)
        .or_else(|error| fail(format!("{FOLDER} could not be compared with what was written anew: {error}.")))?;
    match stale.first() {
        None => Ok(()),
        Some(first) => fail(format!(
            "{} types in {FOLDER} were stale, {} among them; they have been written again, please commit them.",
            stale.len(),
            first.display()
        )),
    }
}

fn emptied(folder: &Path) -> io::Result<()> {
    if folder.is_dir() {
        fs::remove_dir_all(folder)?;
    }
    fs::create_dir_all(folder)
}

/// Makes `folder` hold what `beside` holds, but for what is written by hand; which files that changed. Every file is whole at every
/// moment.
fn corrected(folder: &Path, beside: &Path) -> io::Result<Vec<PathBuf>> {
    let (standing, written) = (made(folder)?, made(beside)?);
    if written.is_empty() {
        return Err(io::Error::new(io::ErrorKind::NotFound, "nothing was written"));
    }
    let mut stale = Vec::new();
    for (name, content) in &written {
        if standing.get(name) != Some(content) {
            replace(&folder.join(name), content)?;
            stale.push(name.clone());
        }
    }
    // A type that exists no longer would otherwise stay for ever.
    for name in standing.keys().filter(|name| !written.contains_key(*name)) {
        fs::remove_file(folder.join(name))?;
        stale.push(name.clone());
    }
    Ok(stale)
}

fn replace(path: &Path, content: &str) -> io::Result<()> {
    if let Some(parent) = path.parent() {
        fs::create_dir_all(parent)?;
    }
    let fresh = path.with_extension("fresh");
    fs::write(&fresh, content)?;
    fs::rename(fresh, path)
}

/// The files in a folder that are made, by their place in it.
fn made(folder: &Path) -> io::Result<BTreeMap<PathBuf, String>> {
    let mut found = BTreeMap::new();
    if folder.is_dir() {
        collect(folder, Path::new(""), &mut found)?;
    }
    Ok(found)
}

fn collect(folder: &Path, within: &Path, found: &mut BTreeMap<PathBuf, String>) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let (path, name) = (entry.path(), within.join(entry.file_name()));
        if path.is_dir() {
            collect(&path, &name, found)?;
        } else if path.extension().is_some_and(|extension| extension == "ts") {
            let content = fs::read_to_string(&path)?;
            if content.lines().next().is_some_and(|line| line.contains(MADE)) {
                found.insert(name, content);
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A folder with files in it, for one test.
    fn folder(name: &str, files: &[(&str, &str)]) -> PathBuf {
        let folder = paths::memory().join(format!("types-test-{name}-{}", std::process::id()));
        emptied(&folder).unwrap();
        for (name, content) in files {
            replace(&folder.join(name), content).unwrap();
        }
        folder
    }

    #[test]
    fn stale_types_are_written_again_and_what_is_written_by_hand_stays() {
        let same = "// generated\nexport type Same = 1";
        let standing = [
            ("Same.ts", same),
            ("Old.ts", "// generated\nexport type Old = 1"),
            ("part/Gone.ts", "// generated\n"),
            ("hand.ts", "// by hand"),
        ];
        let written =
            [("Same.ts", same), ("Old.ts", "// generated\nexport type Old = 2"), ("part/New.ts", "// generated")];
        let (types, beside) = (folder("standing", &standing), folder("written", &written));
        let stale = corrected(&types, &beside).unwrap();
        assert_eq!(stale, ["Old.ts", "part/New.ts", "part/Gone.ts"].map(PathBuf::from));
        assert_eq!(made(&types).unwrap(), made(&beside).unwrap());
        assert_eq!(fs::read_to_string(types.join("hand.ts")).unwrap(), "// by hand");
        assert!(corrected(&types, &beside).unwrap().is_empty());
        fs::remove_dir_all(types).unwrap();
        fs::remove_dir_all(beside).unwrap();
    }

    #[test]
    fn a_writing_that_wrote_nothing_takes_no_type_away() {
        let standing = [("Kept.ts", "// generated\nexport type Kept = 1")];
        let (types, beside) = (folder("kept", &standing), folder("nothing", &[]));
        assert!(corrected(&types, &beside).is_err());
        assert_eq!(made(&types).unwrap().len(), 1);
        fs::remove_dir_all(types).unwrap();
        fs::remove_dir_all(beside).unwrap();
    }
}
