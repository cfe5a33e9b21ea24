//! The front door of Doorstep: `cargo xtask run`, `test`, `check`, `bench`, `screens`, `soak`, `mutants`, `trials`.
//!
//! Needs only cargo. Whatever else a verb needs (system libraries, browsers, npm packages) it installs first, or
//! says in one line what to install. One file per verb; what verbs share is in the modules below them.

#![allow(clippy::print_stdout, reason = "a command line tool talks to its user")]

mod bench;
mod check;
mod mutants;
mod run;
mod screens;
mod soak;
mod test;
mod trials;

mod display;
mod fingerprint;
mod house;
mod mobile;
mod options;
mod paths;
mod servers;
mod sh;
mod tools;
mod types;
mod ui;

use sh::{Failure, Outcome};
use std::process::ExitCode;

/// One thing this program can do.
struct Verb {
    name: &'static str,
    options: &'static str,
    about: &'static str,
    act: fn(Vec<String>) -> Outcome,
}

const VERBS: &[Verb] = &[
    Verb { name: "run", options: run::OPTIONS, about: run::ABOUT, act: run::run },
    Verb { name: "test", options: test::OPTIONS, about: test::ABOUT, act: test::run },
    Verb { name: "check", options: check::OPTIONS, about: check::ABOUT, act: check::run },
    Verb { name: "bench", options: bench::OPTIONS, about: bench::ABOUT, act: bench::run },
    Verb { name: "screens", options: screens::OPTIONS, about: screens::ABOUT, act: screens::run },
    Verb { name: "soak", options: soak::OPTIONS, about: soak::ABOUT, act: soak::run },
    Verb { name: "mutants", options: mutants::OPTIONS, about: mutants::ABOUT, act: mutants::run },
    Verb { name: "trials", options: trials::OPTIONS, about: trials::ABOUT, act: trials::run },
];

fn main() -> ExitCode {
    match act(std::env::args().skip(1)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(Failure(sentence)) => {
            eprintln!("✗ {sentence}");
            ExitCode::FAILURE
        }
    }
}

fn act(mut arguments: impl Iterator<Item = String>) -> Outcome {
    let Some(name) = arguments.next() else {
        return Err(Failure(format!("Say what to do: {}.", names())));
    };
    if matches!(name.as_str(), "help" | "-h" | "--help") {
        for verb in VERBS {
            println!("cargo xtask {:<56} {}", format!("{} {}", verb.name, verb.options), verb.about);
        }
        return Ok(());
    }
    match VERBS.iter().find(|verb| verb.name == name) {
        Some(verb) => (verb.act)(arguments.collect()),
        None => Err(Failure(format!("`{name}` is not something this project can do; it can {}.", names()))),
    }
}

fn names() -> String {
    VERBS.iter().map(|verb| verb.name).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unknown_verb_is_answered_with_the_known_ones() {
        let Err(Failure(sentence)) = act(["polish".to_owned()].into_iter()) else { panic!("`polish` was accepted") };
        assert_eq!(
            sentence,
            "`polish` is not something this project can do; it can run, test, check, bench, screens, soak, mutants, trials."
        );
    }
}
