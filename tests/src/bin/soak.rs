//! Lives through simulated histories for as long as one likes: `cargo xtask soak` builds and starts it.
//!
//! A progress line says how many were lived, how fast, and what went wrong in them on purpose. A history that breaks a law is
//! printed with the command that replays it, and kept in the file `broken` of the folder given.

#![allow(clippy::print_stdout, reason = "a command line tool talks to its user")]

use std::fs;
use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Mutex;
use std::time::{Duration, Instant};

use clap::Parser;
use doorstep_tests::simulation::{self, Fleet, Tally};
use doorstep_tests::trouble::{Doing, Outcome};

/// A history is millions of small allocations.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// How often the progress line comes.
const TELL_EVERY: Duration = Duration::from_secs(10);

#[derive(Parser)]
#[command(about = "Lives through simulated histories and judges each by the laws of docs/RELIABILITY.md")]
struct Arguments {
    /// Stops after so many hours.
    #[arg(long)]
    hours: Option<f64>,
    /// Stops after so many histories.
    #[arg(long)]
    histories: Option<u64>,
    /// The first seed; without one it goes on after the last soak.
    #[arg(long)]
    first: Option<u64>,
    /// Lives through the history of this seed alone, and tells every step.
    #[arg(long)]
    seed: Option<u64>,
    /// With a seed: tells also what is said on the wire about records with these words, or this id.
    #[arg(long, requires = "seed")]
    about: Option<String>,
    /// Stops at the first broken law.
    #[arg(long)]
    stop_at_first: bool,
    /// On so many threads; all cores without it.
    #[arg(long)]
    threads: Option<usize>,
    /// Where broken seeds and the place to go on are kept.
    #[arg(long)]
    keep: Option<PathBuf>,
    /// One line of JSON at the end instead of progress.
    #[arg(long)]
    terse: bool,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let done = match arguments.seed {
        Some(seed) => tell(seed, arguments.about.as_deref()),
        None => soak(&arguments),
    };
    match done {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

fn tell(seed: u64, about: Option<&str>) -> Outcome<bool> {
    match simulation::tell(seed, about) {
        Ok(told) => {
            println!("{}{:#?}", told.records, told.counts);
            println!("History {seed} kept every law: {} steps, {} phones.", told.steps, told.phones);
            Ok(true)
        }
        Err(law) => {
            println!("History {seed} broke a law: {law}");
            Ok(false)
        }
    }
}

fn soak(arguments: &Arguments) -> Outcome<bool> {
    // A panic is a broken law; its place is told by the replay.
    std::panic::set_hook(Box::new(|_| {}));
    let keep = arguments.keep.as_deref();
    if let Some(keep) = keep {
        fs::create_dir_all(keep).doing("making a folder for what breaks")?;
    }
    let next = keep.map(|keep| keep.join("next"));
    let kept = next.as_ref().and_then(|next| fs::read_to_string(next).ok()?.trim().parse().ok());
    let first = arguments.first.or(kept).unwrap_or(0);
    let fleet = Fleet {
        first,
        histories: arguments.histories.unwrap_or(u64::MAX),
        time: arguments.hours.map(|hours| Duration::from_secs_f64(hours * 3_600.0)),
        threads: arguments.threads.unwrap_or_else(|| std::thread::available_parallelism().map_or(1, usize::from)),
        stop_at_first: arguments.stop_at_first,
    };
    let begun = Instant::now();
    let told = Mutex::new((Instant::now(), 0));
    let tally = fleet.sail(&|tally| {
        let mut told = told.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        for broken in &tally.broken[told.1..] {
            if !arguments.terse {
                println!("{broken}");
            }
        }
        told.1 = tally.broken.len();
        if !arguments.terse && told.0.elapsed() >= TELL_EVERY {
            told.0 = Instant::now();
            println!("{}", line(tally, begun.elapsed()));
        }
    })?;
    if let (Some(keep), Some(next)) = (keep, next) {
        keep_broken(keep, &tally)?;
        fs::write(next, (first + tally.histories + tally.broken.len() as u64).to_string()).doing("noting the place")?;
    }
    if arguments.terse {
        println!("{}", terse(&tally));
    } else {
        println!("{}", line(&tally, begun.elapsed()));
        tally.counts.iter().for_each(|(what, count)| println!("{count:>12}  {what}"));
    }
    Ok(tally.broken.is_empty())
}

/// The progress line.
fn line(tally: &Tally, time: Duration) -> String {
    let count = |what: &str| tally.counts.get(what).copied().unwrap_or(0);
    let faults: Vec<String> =
        simulation::Fault::ALL.iter().map(|fault| format!("{fault:?} {}", count(&format!("{fault:?}")))).collect();
    format!(
        "{} histories, {:.1} a second, {} steps, {} words, {} photos, {} broken; {}",
        tally.histories,
        tally.histories as f64 / time.as_secs_f64().max(0.001),
        tally.steps,
        tally.saved,
        tally.photos,
        tally.broken.len(),
        faults.join(", ")
    )
}

/// The end of it for a program to read.
fn terse(tally: &Tally) -> serde_json::Value {
    let first = tally.broken.first();
    serde_json::json!({
        "histories": tally.histories + tally.broken.len() as u64,
        "broken": tally.broken.len(),
        "seed": first.map(|broken| broken.seed),
        "law": first.map(|broken| &broken.law),
    })
}

fn keep_broken(keep: &std::path::Path, tally: &Tally) -> Outcome {
    let mut file =
        fs::OpenOptions::new().create(true).append(true).open(keep.join("broken")).doing("keeping what broke")?;
    for broken in &tally.broken {
        writeln!(file, "{broken}\n").doing("keeping what broke")?;
    }
    Ok(())
}
