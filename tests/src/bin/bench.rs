//! `bench`: measures what this project promises, and prints it as one table beside the promises.
//!
//! It uses the programs that lie beside it: `cargo xtask bench` builds all of them in release first.

use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};
use std::time::{Duration, Instant};

use clap::{Parser, ValueEnum};
use doorstep_tests::browser::{Browser, named};
use doorstep_tests::county::{County, Demo, DeskAccount, Invitation};
use doorstep_tests::phone_bench::{self, Measured};
use doorstep_tests::phones::{PIN, Phone};
use doorstep_tests::screen::Screen;
use doorstep_tests::sync_bench::wire::memory;
use doorstep_tests::sync_bench::{self, Number};
use doorstep_tests::trouble::{Doing, Outcome, trouble};
use doorstep_tests::{desk_bench, full_cell, program};
use serde_json::json;

/// Measures the numbers of the project.
#[derive(Debug, Parser)]
#[command(name = "bench")]
struct Options {
    /// How often the app is started.
    #[arg(long, default_value_t = 5)]
    starts: usize,
    /// How many visits are saved and searches made.
    #[arg(long, default_value_t = 200)]
    calls: usize,
    /// How many phones pull the whole cell.
    #[arg(long, default_value_t = 3)]
    pulls: usize,
    /// Leaves out what needs a window.
    #[arg(long)]
    no_window: bool,
    /// Measures one part only.
    #[arg(long)]
    only: Option<Part>,
    /// How much is synchronised: one cell's register, or ten times that as well.
    #[arg(long, value_enum, default_value = "w")]
    size: Sizes,
    /// How often the synchronisation is measured; medians are shown.
    #[arg(long, default_value_t = 3)]
    runs: usize,
    /// Leaves out the slow link.
    #[arg(long)]
    no_link: bool,
    /// Leaves out the two hundred phones.
    #[arg(long)]
    no_crowd: bool,
    /// How many cells the desk's county has.
    #[arg(long, default_value_t = 1_624)]
    cells: usize,
    /// This process has a network of its own: what goes over loopback is what is measured.
    #[arg(long, hide = true)]
    alone: bool,
}

/// A part of the benchmark.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Part {
    /// The app's own numbers.
    App,
    /// Searching, opening every page, and the screens' first load, in a cell and under stress.
    Phone,
    /// Synchronisation beside its physical limits.
    Sync,
    /// The desk of a county of 400,000 residents.
    Desk,
    /// Of that desk only its inbox, in a browser.
    Inbox,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Sizes {
    W,
    W10,
}

/// One line of the table.
struct Line {
    what: String,
    target: String,
    measured: String,
}

fn main() -> ExitCode {
    let options = Options::parse();
    let wanted = |part| options.only.is_none_or(|only| only == part);
    let outcome = Ok(()).and_then(|()| {
        if wanted(Part::App) {
            print(&app(&options)?);
        }
        if wanted(Part::Phone) {
            print_measured(&phone_bench::measure(options.calls)?);
        }
        if wanted(Part::Desk) {
            print_numbers("the desk", &desk_bench::measure(options.cells, !options.no_window)?);
        }
        // The desk's table has it already.
        if options.only == Some(Part::Inbox) {
            print_numbers("the inbox", &desk_bench::inbox_on_screen(options.cells)?);
        }
        if wanted(Part::Sync) { synchronisation(&options) } else { Ok(()) }
    });
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(trouble) => {
            eprintln!("{trouble}");
            ExitCode::FAILURE
        }
    }
}

/// Synchronisation beside its limits, in a network of its own where that is possible: only then are the bytes ours alone.
fn synchronisation(options: &Options) -> Outcome {
    let own_network = || Command::new("unshare").args(["--net", "true"]).status().is_ok_and(|status| status.success());
    if !options.alone && own_network() {
        let own = std::env::current_exe().doing("finding the own program")?;
        let mut again = Command::new("unshare");
        again.args(["--net", "sh", "-c", "ip link set lo up && exec \"$0\" \"$@\""]).arg(own);
        again.args(std::env::args().skip(1)).arg("--alone");
        if options.only.is_none() {
            again.args(["--only", "sync"]);
        }
        let ended = again.status().doing("measuring in a network of its own")?;
        return if ended.success() { Ok(()) } else { trouble("The synchronisation could not be measured.") };
    }
    if !options.alone {
        eprintln!("There is no network of one's own here: bytes count whatever else goes over loopback.");
    }
    let how = sync_bench::How {
        runs: options.runs,
        ten_fold: options.size == Sizes::W10,
        link: !options.no_link,
        crowd: !options.no_crowd,
    };
    print_numbers("synchronisation", &sync_bench::measure(how)?);
    Ok(())
}

fn app(options: &Options) -> Outcome<Vec<Line>> {
    // On the disk where a phone's data would be, not in a memory file system: durability is part of the price.
    let folder = tempfile::tempdir_in(program::target()).doing("making a folder")?;
    let data = folder.path().join("server");
    full_cell::fill(&data)?;
    let mut county = County::open(&data, folder.path(), nobody())?;
    let idle = resident_memory(&county)?;

    let mut lines = Vec::new();
    let (phone_folder, pulls) = pull(&mut county, folder.path(), options.pulls)?;
    let records = full_cell::RECORDS;
    lines.push(line(&format!("first sync of a cell with {records} records, loopback HTTP"), "≤ 2 s", &pulls));
    lines.push(Line {
        what: "server idle, resident memory".to_owned(),
        target: "≤ 60 MB".to_owned(),
        measured: format!(
            "{} at the start, {} after {} phones",
            megabytes(idle),
            megabytes(resident_memory(&county)?),
            options.pulls
        ),
    });
    let phone = enrolled(&mut county, &folder.path().join("calls"))?;
    lines.insert(0, line("saving a visit, durable", "≤ 30 ms", &visits(&phone, options.calls)?));
    let residents = full_cell::RESIDENTS;
    lines.insert(1, line(&format!("search over {residents} residents"), "≤ 50 ms", &searches(&phone, options.calls)?));
    if !options.no_window {
        let starts = starts(&phone_folder, options.starts)?;
        lines.insert(0, line("cold start to usable Today, virtual display, PIN typed beforehand", "≤ 2 s", &starts.0));
        lines.insert(1, line("  of which until the lock screen takes the PIN", "", &starts.1));
    }
    let size = std::fs::metadata(program::built("doorstep")?).doing("measuring the app")?.len();
    let measured = megabytes(size);
    lines.push(Line { what: "app's binary".to_owned(), target: "≤ 30 MB".to_owned(), measured });
    Ok(lines)
}

/// This county has no desk and no demonstration worker.
fn nobody() -> Demo {
    Demo {
        desk: DeskAccount { account: String::new(), password: String::new() },
        worker: Invitation { account: full_cell::WORKER.to_owned(), enrol_code: String::new() },
        cell: String::new(),
    }
}

fn enrolled(county: &mut County, folder: &Path) -> Outcome<Phone> {
    let code = county.enrol_code(full_cell::WORKER)?;
    let phone = Phone::enrol(folder, &county.address(), &code)?;
    pull_all(&phone)?;
    Ok(phone)
}

fn pull_all(phone: &Phone) -> Outcome {
    let report = phone.round()?;
    let state = phone.call("sync_state", json!({}))?;
    if report.ended_by.is_some() || state["phase"] != "safe" || report.pulled < full_cell::RECORDS {
        return trouble(format!("The first sync did not bring the cell: {report:?} {state}"));
    }
    Ok(())
}

/// First syncs, and the folder of a phone that has the whole cell.
fn pull(county: &mut County, folder: &Path, times: usize) -> Outcome<(PathBuf, Vec<Duration>)> {
    let mut taken = Vec::new();
    let mut last = folder.to_owned();
    for number in 0..times.max(1) {
        let code = county.enrol_code(full_cell::WORKER)?;
        last = folder.join(format!("app-{number}"));
        let phone = Phone::enrol(&last.join("phone"), &county.address(), &code)?;
        let start = Instant::now();
        pull_all(&phone)?;
        taken.push(start.elapsed());
    }
    Ok((last, taken))
}

fn visits(phone: &Phone, times: usize) -> Outcome<Vec<Duration>> {
    let today = phone.call("today", json!({}))?;
    let doors = today["due_doors"].as_array().cloned().unwrap_or_default();
    let mut taken = Vec::new();
    for door in doors.iter().cycle().take(times) {
        let args = json!({ "target": door["household_id"], "target_kind": "household", "result": "met" });
        let start = Instant::now();
        phone.call("record_visit", args)?;
        taken.push(start.elapsed());
    }
    Ok(taken)
}

fn searches(phone: &Phone, times: usize) -> Outcome<Vec<Duration>> {
    let texts = ["zw", "lj", "chen", "shan", "王", "张伟", "1388", "2幢", "301", "zhangwei", "qq"];
    let mut taken = Vec::new();
    for text in texts.iter().cycle().take(times) {
        let start = Instant::now();
        phone.call("search", json!({ "text": text }))?;
        taken.push(start.elapsed());
    }
    Ok(taken)
}

/// From starting the app to a Today that can be used, and the part of it before the PIN.
fn starts(folder: &Path, times: usize) -> Outcome<(Vec<Duration>, Vec<Duration>)> {
    let runtime = tokio::runtime::Runtime::new().doing("starting a runtime")?;
    runtime.block_on(async {
        let screen = Screen::open()?;
        let (mut whole, mut until_pin) = (Vec::new(), Vec::new());
        for _ in 0..times {
            let (mut window, opened) = Browser::app_timed(folder, &screen).await?;
            let start = Instant::now();
            window.see(&named("pin-input")).await?;
            let locked = opened + start.elapsed();
            // Typing is the worker's time, not the app's.
            window.write(&named("pin-input"), PIN).await?;
            let start = Instant::now();
            window.tap(&named("unlock")).await?;
            window.see(&named("due-door")).await?;
            whole.push(locked + start.elapsed());
            until_pin.push(locked);
            window.kill();
        }
        Ok((whole, until_pin))
    })
}

/// The memory that the server holds, in bytes.
fn resident_memory(county: &County) -> Outcome<u64> {
    match county.process() {
        Some(id) => memory(id, "VmRSS"),
        None => trouble("The server does not run."),
    }
}

fn line(what: &str, target: &str, taken: &[Duration]) -> Line {
    let mut taken = taken.to_vec();
    taken.sort();
    let shown = |duration: Option<&Duration>| duration.map_or_else(String::new, |duration| time(*duration));
    let measured = format!(
        "{} ({}–{}, n = {})",
        shown(taken.get(taken.len() / 2)),
        shown(taken.first()),
        shown(taken.last()),
        taken.len()
    );
    Line { what: what.to_owned(), target: target.to_owned(), measured }
}

fn time(duration: Duration) -> String {
    let millis = duration.as_secs_f64() * 1000.0;
    if millis < 10.0 { format!("{millis:.1} ms") } else { format!("{millis:.0} ms") }
}

fn megabytes(bytes: u64) -> String {
    format!("{:.1} MB", bytes as f64 / 1e6)
}

#[expect(clippy::print_stdout, reason = "the table is what this program is for")]
fn print(lines: &[Line]) {
    println!("| number | target | measured: median (least–most, n) |");
    println!("|---|---|---|");
    for line in lines {
        println!("| {} | {} | {} |", line.what, line.target, line.measured);
    }
}

#[expect(clippy::print_stdout, reason = "the table is what this program is for")]
fn print_measured(lines: &[Measured]) {
    println!("| the phone | target | measured: p95 | met |");
    println!("|---|---|---|---|");
    for Measured { what, target, measured, met } in lines {
        println!("| {what} | {target} | {measured} | {} |", if *met { "yes" } else { "no" });
    }
}

#[expect(clippy::print_stdout, reason = "the table is what this program is for")]
fn print_numbers(of: &str, numbers: &[Number]) {
    println!("| {of} | ours | limit | ratio | target | met |");
    println!("|---|---|---|---|---|---|");
    for Number { what, ours, limit, ratio, target, met } in numbers {
        println!("| {what} | {ours} | {limit} | {ratio} | {target} | {} |", if *met { "yes" } else { "no" });
    }
}
