//! `cargo xtask mutants`: mistakes planted in a copy of the sources, one made at a time; the simulation must catch every one.
//!
//! The mistakes are data: tests/mutants/*.txt. All are built at once, and a variable of the environment says which is made. A
//! mistake whose lines are not in the sources any more fails the verb, so that the table stays as true as the code.

mod hunt;
mod kept;
mod plant;
mod table;

use std::fs;
use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Instant;

use crate::options::Options;
use crate::sh::{Outcome, Step, fail};
use crate::{paths, tools};
use kept::{Fate, Kept};
use table::Mistake;

/// What follows the verb.
pub(crate) const OPTIONS: &str = "[--only NAME,…] [--histories N] [--anew]";
/// What it does.
pub(crate) const ABOUT: &str = "plants mistakes; the simulation must catch each";

/// A mistake is caught within so many histories or not at all.
const HISTORIES: u64 = 10_000;

/// Without a mistake so many histories must keep the laws before any table is made.
const SOUND: u64 = 300;

/// The mistakes, the program that can make each of them, and what became of them.
struct Hunters<'a> {
    all: &'a [Mistake],
    /// Fingerprint of the sources without mistakes.
    sources: u64,
    program: PathBuf,
    /// How many histories a mistake is given.
    most: u64,
    kept: Mutex<Kept>,
}

/// Plants every mistake, lives through histories until one breaks a law, and writes the table.
pub(crate) fn run(arguments: Vec<String>) -> Outcome {
    let options = Options::read(arguments, &["--anew"], &["--only", "--histories"])?;
    let Ok(most) = options.value("--histories").map_or(Ok(HISTORIES), str::parse) else {
        return fail("`--histories` needs a number.");
    };
    tools::ensure(&[tools::COMPILER, tools::HISTORY])?;
    let all = table::read_all()?;
    let begun = Instant::now();
    let sources = plant::copy_with_mistakes(&all, &folder().join("sources"))?;
    let program = build()?;
    println!("  Built with {} mistakes in {} s.", all.len(), begun.elapsed().as_secs());
    let kept = Mutex::new(Kept::open(&folder().join("kept"), options.has("--anew")));
    let hunters = Hunters { all: &all, sources, program, most, kept };
    hunters.insist_on_soundness()?;
    let named = |only: &str, mistake: &Mistake| only.split(',').any(|part| mistake.name.contains(part));
    let chosen = |mistake: &Mistake| options.value("--only").is_none_or(|only| named(only, mistake));
    let numbers: Vec<usize> =
        (1..).zip(&all).filter(|(_, mistake)| chosen(mistake)).map(|(number, _)| number).collect();
    hunters.hunt(&numbers)?;
    let file = folder().join("table.md");
    fs::write(&file, hunters.table()).or_else(|error| fail(format!("{}: {error}.", file.display())))?;
    println!("✓ The table is in {} ({} s in all).", file.display(), begun.elapsed().as_secs());
    let missed: Vec<&str> = numbers.iter().filter_map(|number| hunters.missed(*number)).collect();
    match missed.as_slice() {
        [] => Ok(()),
        missed => {
            fail(format!("{} of {} mistakes were not caught: {}.", missed.len(), numbers.len(), missed.join(", ")))
        }
    }
}

fn folder() -> PathBuf {
    paths::target().join("mutants")
}

/// What holds mistakes, or is built anew with every mistake that changes.
const BUILT_ANEW: &[&str] = &["domain", "device", "sync-server", "doorstep-tests"];

/// Builds the soak with all mistakes in it, and does not make it as fast as it can be: that takes longer than it saves.
fn build() -> Outcome<PathBuf> {
    let target = folder().join("build");
    Step::new("nice")
        .args(["-n", "5"])
        .arg(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
        .args(["build", "--quiet", "--profile", "soak", "--config", "profile.soak.lto=\"off\""])
        .args(
            BUILT_ANEW
                .iter()
                .flat_map(|package| ["--config".into(), format!("profile.soak.package.{package}.opt-level=1")]),
        )
        .args(["--package", "doorstep-tests", "--bin", "soak", "--target-dir"])
        .arg(&target)
        .within(&folder().join("sources"))
        .read()?;
    Ok(target.join("soak").join(format!("soak{}", std::env::consts::EXE_SUFFIX)))
}

impl Hunters<'_> {
    /// The mistake of this number; none is the sources as they are.
    fn mistake(&self, number: usize) -> Option<&Mistake> {
        self.all.get(number.checked_sub(1)?)
    }

    fn fate(&self, number: usize) -> Fate {
        let key = kept::key(self.sources, self.mistake(number));
        self.kept.lock().unwrap_or_else(PoisonError::into_inner).fate(key)
    }

    /// Lives through histories with this mistake until it is caught or has had its share; what is known already is not lived again.
    fn follow(&self, number: usize, most: u64) -> Outcome<Fate> {
        let mut fate = self.fate(number);
        while fate.law.is_none() && fate.histories < most {
            fate = hunt::go_on(&self.program, number, &fate, most)?;
            let key = kept::key(self.sources, self.mistake(number));
            self.kept.lock().unwrap_or_else(PoisonError::into_inner).note(key, fate.clone())?;
        }
        Ok(fate)
    }

    /// A table made with a program that breaks laws by itself would say nothing.
    fn insist_on_soundness(&self) -> Outcome {
        match self.follow(0, SOUND)? {
            Fate { law: None, histories } => {
                println!("  Without a mistake {histories} histories keep the laws.");
                Ok(())
            }
            Fate { law: Some(law), histories } => {
                fail(format!("Without any mistake a law is broken after {histories} histories: {law}"))
            }
        }
    }

    /// Follows these mistakes, one on each core.
    fn hunt(&self, numbers: &[usize]) -> Outcome {
        let next = AtomicUsize::new(0);
        let work = || -> Outcome {
            while let Some(number) = numbers.get(next.fetch_add(1, Ordering::SeqCst)) {
                let begun = Instant::now();
                let Fate { histories, law } = self.follow(*number, self.most)?;
                if let Some(mistake) = self.mistake(*number) {
                    let law = law.unwrap_or_else(|| "NOT CAUGHT".into());
                    println!("  {} · {histories} · {law} ({} s)", mistake.name, begun.elapsed().as_secs());
                }
            }
            Ok(())
        };
        std::thread::scope(|scope| {
            let cores = std::thread::available_parallelism().map_or(1, usize::from);
            let hunters: Vec<_> = (0..cores).map(|_| scope.spawn(work)).collect();
            hunters.into_iter().try_for_each(|hunter| {
                hunter.join().unwrap_or_else(|_| fail("A thread that followed mistakes has panicked."))
            })
        })
    }

    /// The name of a mistake that was not caught.
    fn missed(&self, number: usize) -> Option<&str> {
        let mistake = self.mistake(number)?;
        self.fate(number).law.is_none().then_some(mistake.name.as_str())
    }

    /// All that is known, as a table of Markdown.
    fn table(&self) -> String {
        let rows = (1..).zip(self.all).map(|(number, mistake)| row(mistake, &self.fate(number)));
        let head = "| mistake | what it breaks | caught after | by which law |\n|---|---|---|---|\n";
        rows.fold(head.to_owned(), |table, row| table + &row)
    }
}

fn row(mistake: &Mistake, fate: &Fate) -> String {
    let (after, law) = match fate {
        Fate { law: Some(law), histories } => (histories.to_string(), law.as_str()),
        Fate { law: None, histories: 0 } => ("not tried".to_owned(), ""),
        Fate { law: None, histories } => (format!("not within {histories}"), ""),
    };
    format!("| {} | {} | {after} | {law} |\n", mistake.name, mistake.what)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_says_plainly_what_was_not_caught_and_what_was_not_tried() {
        let mistake =
            Mistake { name: "m".into(), file: "f".into(), what: "It breaks.".into(), old: "o".into(), new: "n".into() };
        let fate = |histories, law: Option<&str>| Fate { histories, law: law.map(str::to_owned) };
        assert_eq!(row(&mistake, &fate(3, Some("A law."))), "| m | It breaks. | 3 | A law. |\n");
        assert_eq!(row(&mistake, &fate(900, None)), "| m | It breaks. | not within 900 |  |\n");
        assert_eq!(row(&mistake, &fate(0, None)), "| m | It breaks. | not tried |  |\n");
    }
}
