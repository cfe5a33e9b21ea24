//! `trial-run`: plays one of the trials and prints its table; ends with a failure when anything was lost, did not open again or is stuck.
//!
//! `cargo xtask trials` builds it with the phone and the server, and starts it with what it needs.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Parser, Subcommand};
use doorstep_tests::program;
use doorstep_tests::trials::stage::Side;
use doorstep_tests::trials::{Line, network, outside, power, server, writes};
use doorstep_tests::trouble::{Doing, Outcome};

/// Plays a trial.
#[derive(Debug, Parser)]
#[command(name = "trial-run")]
struct Options {
    /// What decides everything that chance decides.
    #[arg(long, default_value_t = 1, global = true)]
    seed: u64,
    /// How many tries are made beside each other.
    #[arg(long, default_value_t = 2, global = true)]
    lanes: usize,
    #[command(subcommand)]
    trial: Trial,
}

#[derive(Debug, Subcommand)]
enum Trial {
    /// Every operation on the disk fails once, on both sides.
    Writes {
        /// Only every so many operations.
        #[arg(long, default_value_t = 1)]
        step: u64,
        /// Only one of the two disks.
        #[arg(long)]
        side: Option<Side>,
    },
    /// Power cuts on both sides.
    Power {
        /// How many.
        #[arg(long, default_value_t = 1_000)]
        cuts: u64,
    },
    /// Rounds through bad networks. Start it in a network of its own.
    Network {
        /// How many in all.
        #[arg(long, default_value_t = 1_000)]
        rounds: u64,
    },
    /// The server killed, put back from a backup, and met after a season.
    Server {
        /// How often it is killed.
        #[arg(long, default_value_t = 20)]
        kills: u64,
    },
    /// A client that was written from the protocol page alone works in one cell with the real phone.
    Outside {
        /// How many histories.
        #[arg(long, default_value_t = 10)]
        histories: u64,
    },
}

fn main() -> ExitCode {
    match play(&Options::parse()) {
        Ok(lines) => {
            print(&lines);
            if lines.iter().all(|line| line.failures.is_empty()) { ExitCode::SUCCESS } else { ExitCode::FAILURE }
        }
        Err(trouble) => {
            eprintln!("{trouble}");
            ExitCode::FAILURE
        }
    }
}

fn play(options: &Options) -> Outcome<Vec<Line>> {
    let folder = tempfile::tempdir_in(program::target()).doing("making a folder")?;
    let Options { seed, lanes, .. } = *options;
    let photo = photo();
    match options.trial {
        Trial::Writes { step, side } => writes::run(folder.path(), &photo, side, step, lanes),
        Trial::Power { cuts } => power::run(folder.path(), &photo, cuts, seed, lanes),
        Trial::Network { rounds } => network::run(folder.path(), rounds, seed),
        Trial::Server { kills } => server::run(folder.path(), kills),
        Trial::Outside { histories } => outside::run(folder.path(), histories, seed),
    }
}

fn photo() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures").join("photos").join("starfish-gps.jpg")
}

#[expect(clippy::print_stdout, reason = "the table is what this program is for")]
fn print(lines: &[Line]) {
    println!("| trial | tried | seen | failures |");
    println!("|---|---|---|---|");
    for Line { what, tried, seen, failures } in lines {
        println!("| {what} | {tried} | {seen} | {} |", failures.len());
    }
    for Line { what, failures, .. } in lines {
        for failure in failures.iter().take(20) {
            println!("✗ {what}: {failure}");
        }
    }
}
