//! How much of the worker's screens is loaded before the first paint: what `index.html` names, and what that imports at once.

use std::collections::BTreeSet;
use std::fs;
use std::io::Write;
use std::path::Path;

use flate2::Compression;
use flate2::write::GzEncoder;

use super::Measured;
use crate::program;
use crate::trouble::{Doing, Outcome, trouble};

/// kB of gzip, as a server or a package holds it.
const KB_MOST: f64 = 350.0;

/// Measures the built screens.
pub(super) fn measure() -> Outcome<Measured> {
    let folder = program::root().join("ui/dist/field");
    let page = fs::read(folder.join("index.html")).doing("reading the built screens")?;
    let (mut seen, mut bytes) = (BTreeSet::new(), gzip(&page)?);
    let mut wanted = named(&String::from_utf8_lossy(&page), &["src=\"./", "href=\"./"]);
    while let Some(name) = wanted.pop() {
        if !seen.insert(name.clone()) {
            continue;
        }
        let file = folder.join(&name);
        let content = fs::read(&file).doing("reading the built screens")?;
        bytes += gzip(&content)?;
        let beside = Path::new(&name).parent().map(|parent| parent.to_string_lossy().into_owned()).unwrap_or_default();
        let imports =
            named(&String::from_utf8_lossy(&content), &["from\"./", "from \"./", "import\"./", "import \"./"]);
        wanted.extend(imports.into_iter().map(|import| format!("{beside}/{import}")));
    }
    if seen.is_empty() {
        return trouble("The built screens name no file: that is no measure.");
    }
    let kb = bytes as f64 / 1000.0;
    let what = format!("screens loaded before the first paint, gzip, {} files", seen.len() + 1);
    Ok(Measured { what, target: format!("≤ {KB_MOST} kB"), measured: format!("{kb:.0} kB"), met: kb <= KB_MOST })
}

/// The names that follow one of these beginnings, up to the closing quote.
fn named(text: &str, beginnings: &[&str]) -> Vec<String> {
    let after = |beginning: &&str| -> Vec<String> {
        let pieces = text.split(*beginning).skip(1);
        pieces.filter_map(|piece| piece.split_once('"').map(|(name, _)| name.to_owned())).collect()
    };
    beginnings.iter().flat_map(after).collect()
}

fn gzip(bytes: &[u8]) -> Outcome<usize> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(bytes).doing("compressing")?;
    Ok(encoder.finish().doing("compressing")?.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_imported_at_once_counts_and_what_is_imported_later_does_not() {
        let code = r#"import{a as b}from"./one.js";import"./two.js";const later=()=>import("./three.js");export*from"./four.js""#;
        let mut names = named(code, &["from\"./", "import\"./"]);
        names.sort();
        assert_eq!(names, ["four.js", "one.js", "two.js"]);
    }
}
