//! The rules of the house that no linter knows: who may depend on whom, and what every file owes its reader.

use crate::paths;
use crate::sh::{Outcome, Step, fail};
use std::fs;

/// Which parts of the workspace each part may know; a part that is not listed may know none.
const MAY_KNOW: &[(&str, &[&str])] = &[
    ("domain", &[]),
    ("paper", &[]),
    ("picture", &["domain"]),
    ("device", &["domain", "paper", "picture"]),
    ("src-tauri", &["device"]),
    ("sync-server", &["domain", "paper", "picture"]),
    ("tests", &["domain", "paper", "device", "doorstep", "sync-server"]),
    ("xtask", &[]),
];

/// The packages of the workspace, as dependencies name them.
const OURS: &[&str] = &["domain", "paper", "picture", "device", "doorstep", "sync-server", "doorstep-tests", "xtask"];

/// The one folder that may know which host it runs in.
const BRIDGE: &str = "ui/src/shared/bridge/";

/// Source files are read by people; past this many lines nobody reads them.
const LINES: usize = 600;
/// From here on it is time to look for the seam.
const LINES_SOON: usize = 500;

/// Looks at every file that is or would be committed.
pub(crate) fn inspect() -> Outcome {
    println!("→ house rules");
    let listed = Step::new("git").args(["ls-files", "-z", "--cached", "--others", "--exclude-standard"]).read()?;
    let mut broken = Vec::new();
    for name in listed.split('\0').filter(|name| !name.is_empty()) {
        // Listed but deleted files, and files that are no text, have nothing to read.
        let Ok(text) = fs::read_to_string(paths::root().join(name)) else { continue };
        broken.extend(broken_by(name, &text).into_iter().map(|rule| format!("{name}: {rule}")));
        let lines = text.lines().count();
        if is_source(name) && !is_made(name, &text) && lines > LINES_SOON && lines <= LINES {
            println!("  {name} has {lines} lines; more than {LINES} are refused.");
        }
    }
    for line in &broken {
        eprintln!("  {line}");
    }
    match broken.len() {
        0 => Ok(()),
        1 => fail("One rule of the house is broken."),
        many => fail(format!("{many} rules of the house are broken.")),
    }
}

/// The rules that this file breaks.
fn broken_by(name: &str, text: &str) -> Vec<String> {
    let mut broken = Vec::new();
    if let Some(part) = name.strip_suffix("/Cargo.toml") {
        let may_know = MAY_KNOW.iter().find(|(known, _)| *known == part).map_or(&[][..], |(_, others)| others);
        for package in dependencies(text).filter(|package| OURS.contains(package) && !may_know.contains(package)) {
            broken.push(format!("must not know `{package}`"));
        }
    }
    if is_source(name) && !is_made(name, text) {
        let lines = text.lines().count();
        if lines > LINES {
            broken.push(format!("has {lines} lines, more than {LINES}"));
        }
        if !opens_with_comment(name, text) {
            broken.push("does not open with a comment that says what it is for".to_owned());
        }
    }
    let knows_host = ["@tauri-apps/", "__TAURI"].iter().any(|mark| text.contains(mark));
    if name.starts_with("ui/src/") && !name.starts_with(BRIDGE) && knows_host {
        broken.push(format!("knows its host; only {BRIDGE} may"));
    }
    if let Some(place) = machine_place(text) {
        broken.push(format!("names a place on somebody's machine: {place}"));
    }
    if name.ends_with("package-lock.json") && text.contains("\"resolved\": \"http") {
        broken.push("names download addresses; remove its `resolved` entries".to_owned());
    }
    broken
}

/// The names of all dependencies of a Cargo.toml, whatever they are for.
fn dependencies(manifest: &str) -> impl Iterator<Item = &str> {
    let mut section = "";
    manifest.lines().filter_map(move |line| {
        let line = line.trim();
        if let Some(header) = line.strip_prefix('[') {
            section = header.trim_end_matches(']');
            // `[dependencies.domain]` names its package in the header.
            return section.rsplit_once("dependencies.").map(|(_, package)| package);
        }
        if !section.ends_with("dependencies") {
            return None;
        }
        let (name, value) = line.split_once('=')?;
        let renamed = value.split_once("package = \"").and_then(|(_, rest)| rest.split_once('"'));
        let name = name.trim().trim_end_matches(".workspace");
        Some(renamed.map_or(name, |(package, _)| package))
    })
}

fn is_source(name: &str) -> bool {
    let named = |endings: &[&str]| endings.iter().any(|ending| name.ends_with(ending));
    named(&[".rs", ".ts", ".mts", ".js", ".mjs", ".vue", ".css", ".scss", ".sh", ".sql", ".py", ".ci/run"])
        // Written by Tauri's own generator, and by it again at its next version.
        && !name.starts_with("src-tauri/gen/")
}

fn is_made(name: &str, text: &str) -> bool {
    name.starts_with("ui/src/shared/types/") && text.lines().next().is_some_and(|line| line.contains("generated"))
}

fn opens_with_comment(name: &str, text: &str) -> bool {
    let mut lines = text.lines().map(str::trim_start).filter(|line| !line.is_empty() && !line.starts_with("#!/"));
    let Some(first) = lines.next() else { return false };
    let marks: &[&str] = match name.rsplit_once('.').map(|(_, ending)| ending) {
        Some("vue") => &["<!--"],
        Some("css" | "scss") => &["/*", "//"],
        Some("sql") => &["--"],
        Some("py") => &["#", "\"\"\""],
        Some("rs" | "ts" | "mts" | "js" | "mjs") => &["//", "/*"],
        _ => &["#"],
    };
    marks.iter().any(|mark| first.starts_with(mark))
}

/// A path that exists on one machine only. System folders such as /usr and /tmp itself are the same everywhere.
fn machine_place(text: &str) -> Option<String> {
    ["home", "root", "work", "Users"].iter().find_map(|folder| {
        let place = format!("/{folder}/");
        text.match_indices(&place).find_map(|(start, _)| {
            // In `ui/work/…` or `example.org/home/…` it is part of something else.
            let before = text[..start].chars().next_back();
            let own = before.is_none_or(|before| before.is_whitespace() || "\"'`(=:<>".contains(before));
            own.then(|| text[start..].chars().take_while(|c| !c.is_whitespace() && !"\"'`)".contains(*c)).collect())
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_phone_never_knows_the_server() {
        let manifest = "[dependencies]\ndomain.workspace = true\nsync-server = { path = \"../sync-server\" }\n";
        assert_eq!(broken_by("device/Cargo.toml", manifest), ["must not know `sync-server`"]);
        assert!(broken_by("tests/Cargo.toml", manifest).is_empty());
    }

    #[test]
    fn dependencies_are_found_however_they_are_written() {
        let manifest = "name = \"x\"\n[target.'cfg(unix)'.dependencies]\na = \"1\"\n[dev-dependencies.device]\n\
                        path = \"../device\"\n[build-dependencies]\nb = { package = \"domain\", path = \"..\" }\n[features]\nc = []\n";
        assert_eq!(dependencies(manifest).collect::<Vec<_>>(), ["a", "device", "domain"]);
    }

    #[test]
    fn a_file_says_what_it_is_for() {
        assert!(broken_by("domain/src/a.rs", "//! The one merge.\n").is_empty());
        assert!(broken_by("ui/src/field/A.vue", "<!-- The door board. -->\n<template/>").is_empty());
        assert!(broken_by(".ci/run", "#!/usr/bin/env bash\n# What CI runs.\n").is_empty());
        assert_eq!(broken_by("ui/src/field/A.vue", "<template/>").len(), 1);
        assert_eq!(broken_by("domain/src/a.rs", "use std::fs;\n").len(), 1);
    }

    #[test]
    fn a_long_file_is_refused() {
        let text = format!("//! Long.\n{}", "fn f() {}\n".repeat(LINES));
        assert_eq!(broken_by("domain/src/a.rs", &text), ["has 601 lines, more than 600"]);
    }

    #[test]
    fn only_the_bridge_knows_its_host() {
        let text = "// Asks.\nimport { invoke } from '@tauri-apps/api/core'\n";
        assert!(broken_by("ui/src/shared/bridge/index.ts", text).is_empty());
        assert_eq!(broken_by("ui/src/field/main.ts", text).len(), 1);
    }

    #[test]
    fn places_on_one_machine_are_found_and_parts_of_addresses_are_not() {
        let place = ["", "home", "somebody", "code"].join("/");
        assert_eq!(machine_place(&format!("see `{place}`")), Some(place.clone()));
        assert_eq!(machine_place(&format!("https://example.org{place}")), None);
    }
}
