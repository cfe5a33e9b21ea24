//! `cargo xtask mutants`: mistakes planted one at a time in a copy of the sources; the simulation must catch every one.
//!
//! The mistakes are data: tests/mutants/*.txt. A mistake whose lines are not in the sources any more fails the verb, so that the
//! table stays as true as the code.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Instant;

use crate::options::Options;
use crate::sh::{Failure, Outcome, Step, fail};
use crate::{paths, tools};

/// What follows the verb.
pub(crate) const OPTIONS: &str = "[--only NAME] [--histories N]";
/// What it does.
pub(crate) const ABOUT: &str = "plants mistakes one by one; the simulation must catch each";

/// A mistake is caught within so many histories or not at all.
const HISTORIES: &str = "10000";

/// A planted mistake.
#[derive(Debug, PartialEq)]
struct Mistake {
    name: String,
    file: String,
    /// What it breaks, in one sentence.
    what: String,
    old: String,
    new: String,
}

/// What became of it.
struct Hunt {
    histories: String,
    law: String,
}

/// Plants every mistake, lives through histories until one breaks a law, and prints the table.
pub(crate) fn run(arguments: Vec<String>) -> Outcome {
    let options = Options::read(arguments, &[], &["--only", "--histories"])?;
    tools::ensure(&[tools::COMPILER, tools::HISTORY])?;
    let all = read_all()?;
    let chosen: Vec<&Mistake> =
        all.iter().filter(|mistake| options.value("--only").is_none_or(|only| mistake.name.contains(only))).collect();
    all.iter().try_for_each(|mistake| planted(mistake).map(|_| ()))?;
    let histories = options.value("--histories").unwrap_or(HISTORIES);
    copy_sources()?;
    let (mut table, mut missed) = (String::new(), Vec::new());
    for mistake in &chosen {
        let begun = Instant::now();
        let hunt = hunt(mistake, histories)?;
        let Hunt { histories, law } = hunt;
        println!("  {} · {} · {histories} · {law} ({} s)", mistake.name, mistake.what, begun.elapsed().as_secs());
        table.push_str(&format!("| {} | {} | {histories} | {law} |\n", mistake.name, mistake.what));
        if law.is_empty() {
            missed.push(mistake.name.as_str());
        }
    }
    let file = folder().join("table.md");
    let head = "| mistake | what it breaks | caught after | by which law |\n|---|---|---|---|\n";
    fs::write(&file, format!("{head}{table}")).or_else(|error| fail(format!("{}: {error}.", file.display())))?;
    println!("✓ The table is in {}.", file.display());
    match missed.as_slice() {
        [] => Ok(()),
        missed => {
            fail(format!("{} of {} mistakes were not caught: {}.", missed.len(), chosen.len(), missed.join(", ")))
        }
    }
}

fn folder() -> PathBuf {
    paths::target().join("mutants")
}

fn sources() -> PathBuf {
    folder().join("sources")
}

/// Reads the tables of mistakes.
fn read_all() -> Outcome<Vec<Mistake>> {
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

/// A file's text with the mistake in it.
fn planted(mistake: &Mistake) -> Outcome<String> {
    let path = paths::root().join(&mistake.file);
    let text = fs::read_to_string(&path).or_else(|error| fail(format!("{}: {error}.", path.display())))?;
    match text.matches(&mistake.old).count() {
        1 => Ok(text.replacen(&mistake.old, &mistake.new, 1)),
        count => fail(format!(
            "The lines of the mistake `{}` are {count} times in {}, not once: bring tests/mutants up to date.",
            mistake.name, mistake.file
        )),
    }
}

/// Copies what is committed, or would be. Files that did not change keep their time, so that little is built anew.
fn copy_sources() -> Outcome {
    let listed = Step::new("git").args(["ls-files", "-z", "--cached", "--others", "--exclude-standard"]).read()?;
    for name in listed.split('\0').filter(|name| !name.is_empty() && !name.starts_with("ui/")) {
        let from = paths::root().join(name);
        if from.is_file() {
            write_if_other(
                &sources().join(name),
                &fs::read(&from).or_else(|error| fail(format!("{name}: {error}.")))?,
            )?;
        }
    }
    Ok(())
}

fn write_if_other(path: &Path, bytes: &[u8]) -> Outcome {
    if fs::read(path).is_ok_and(|there| there == bytes) {
        return Ok(());
    }
    let written = path.parent().map_or(Ok(()), fs::create_dir_all).and_then(|()| fs::write(path, bytes));
    written.or_else(|error| fail(format!("{}: {error}.", path.display())))
}

/// Builds the soak with the mistake in it and lets it run until a law is broken.
fn hunt(mistake: &Mistake, histories: &str) -> Outcome<Hunt> {
    let place = sources().join(&mistake.file);
    write_if_other(&place, planted(mistake)?.as_bytes())?;
    let build = folder().join("build");
    let built = Step::cargo()
        .args(["build", "--quiet", "--package", "doorstep-tests", "--bin", "soak", "--target-dir"])
        .arg(&build)
        .within(&sources())
        // What the compiler thinks of the mistake interests nobody as long as it builds.
        .read();
    let told = built.and_then(|_| {
        let program = build.join("debug").join(format!("soak{}", std::env::consts::EXE_SUFFIX));
        // It ends with a failure when a law is broken, as it should be: what it says counts.
        Step::new("sh")
            .args(["-c", "\"$0\" --terse --stop-at-first --first 0 --histories \"$1\" || true"])
            .arg(&program)
            .arg(histories)
            .read()
    });
    // The next mistake is planted in sound sources.
    let sound = fs::read(paths::root().join(&mistake.file)).or_else(|error| fail(format!("{error}.")))?;
    write_if_other(&place, &sound)?;
    let told = match told {
        Ok(told) => told,
        // The others are still worth knowing.
        Err(Failure(why)) => {
            eprintln!("{}: {}", mistake.name, why.lines().next().unwrap_or_default());
            return Ok(Hunt { histories: "does not build".into(), law: String::new() });
        }
    };
    let line = told.lines().last().unwrap_or_default();
    let Some(law) = text_in(line, "law") else {
        return Ok(Hunt { histories: "not caught".into(), law: String::new() });
    };
    let count = number_in(line, "histories").unwrap_or_default();
    Ok(Hunt { histories: count, law: law_in_short(&law) })
}

/// The law without the records that follow: cells of a table are short.
fn law_in_short(law: &str) -> String {
    let line = law.lines().next().unwrap_or_default().replace("\\n", " ").replace('|', "/");
    let line = line.replace("\\\"", "\"");
    let short: String = line.chars().take(90).collect();
    if line.chars().count() > 90 { format!("{short}…") } else { short }
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

fn number_in(line: &str, name: &str) -> Option<String> {
    let (_, rest) = line.split_once(&format!("\"{name}\":"))?;
    Some(rest.chars().take_while(char::is_ascii_digit).collect())
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
    fn every_planted_mistake_fits_the_sources() {
        let all = read_all().unwrap();
        assert!(all.len() >= 40, "only {} mistakes", all.len());
        let mut names: Vec<&str> = all.iter().map(|mistake| mistake.name.as_str()).collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), all.len(), "a name is there twice");
        for mistake in &all {
            planted(mistake).unwrap();
        }
    }

    #[test]
    fn the_end_of_a_hunt_is_understood() {
        let line = r#"{"broken":1,"histories":7,"law":"A \"word\" is lost.\nMore.","seed":3}"#;
        assert_eq!(text_in(line, "law").unwrap(), "A \"word\" is lost.\nMore.");
        assert_eq!(number_in(line, "histories").unwrap(), "7");
        assert_eq!(text_in(r#"{"law":null}"#, "law"), None);
    }
}
