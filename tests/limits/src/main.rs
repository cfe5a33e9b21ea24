//! `limits`: what no synchronisation can beat, measured on the same rows as ours. `limits serve` is the server's end,
//! `limits measure` the phone's; the benchmark starts both and may put a slow link between them.

mod measure;
mod serve;
mod table;

use std::error::Error;
use std::path::PathBuf;

use clap::{Parser, Subcommand};

/// What every step returns: whatever goes wrong ends the measurement.
type Outcome<T = ()> = Result<T, Box<dyn Error + Send + Sync>>;

/// Measures the physical limits of synchronisation.
#[derive(Debug, Parser)]
struct Options {
    #[command(subcommand)]
    end: End,
}

#[derive(Debug, Subcommand)]
enum End {
    /// The server's end, until it is stopped.
    Serve {
        /// The port on loopback.
        #[arg(long)]
        port: u16,
        /// An empty folder for its databases.
        #[arg(long)]
        folder: PathBuf,
        /// The rows, one JSON object a line.
        #[arg(long)]
        rows: PathBuf,
    },
    /// The phone's end: one JSON line a number.
    Measure(measure::How),
}

fn main() -> Outcome {
    match Options::parse().end {
        End::Serve { port, folder, rows } => serve::serve(port, &folder, &rows),
        End::Measure(how) => measure::measure(&how),
    }
}
