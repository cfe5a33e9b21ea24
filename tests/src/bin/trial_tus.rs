//! `trial_tus`: sends photos with tus-js-client, tuspy and our own phone through connections that break, compares every stored byte,
//! and counts what it cost. Prints a table, and fails when anything differs.

use std::process::ExitCode;

use clap::Parser;
use doorstep_tests::Outcome;
use doorstep_tests::tus_trial::{judge, run, table};

/// Tries the photo uploads with other people's clients.
#[derive(Debug, Parser)]
#[command(name = "trial_tus")]
struct Options {
    /// How many files the two foreign clients send together.
    #[arg(long, default_value_t = 1_000)]
    files: usize,
    /// What decides sizes and cuts.
    #[arg(long, default_value_t = 1)]
    seed: u64,
}

fn main() -> ExitCode {
    match trial(&Options::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(trouble) => {
            eprintln!("{trouble}");
            ExitCode::FAILURE
        }
    }
}

#[expect(clippy::print_stdout, reason = "the table is what this program is for")]
fn trial(options: &Options) -> Outcome {
    let lines = run(options.files, options.seed)?;
    println!("{}", table(&lines));
    judge(&lines)
}
