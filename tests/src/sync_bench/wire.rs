//! What goes over loopback, and what a process takes: read from the system, where nobody can be wrong about it.

use std::fs;
use std::time::{Duration, Instant};

use crate::trouble::{Doing, Outcome, trouble};

/// What a piece of work took.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Taken {
    /// How long.
    pub time: Duration,
    /// Bytes on loopback in both directions, with the headers of their packets.
    pub bytes: u64,
}

/// Does something, and says what it took. Whatever else uses loopback at the time counts along: the benchmark has a network of its own.
///
/// # Errors
/// Those of the work.
pub fn taken<T>(work: impl FnOnce() -> Outcome<T>) -> Outcome<(T, Taken)> {
    let (before, start) = (on_loopback()?, Instant::now());
    let done = work()?;
    let time = start.elapsed();
    Ok((done, Taken { time, bytes: on_loopback()?.saturating_sub(before) }))
}

fn on_loopback() -> Outcome<u64> {
    let devices = fs::read_to_string("/proc/net/dev").doing("reading the network's counters")?;
    let line = devices.lines().find_map(|line| line.trim_start().strip_prefix("lo:")).unwrap_or_default();
    line.split_whitespace().next().unwrap_or_default().parse().doing("reading the counter of loopback")
}

/// The memory of a process, in bytes: `VmRSS` is what it holds, `VmHWM` the most it ever held.
///
/// # Errors
/// When the process is gone.
pub fn memory(process: u32, what: &str) -> Outcome<u64> {
    let status = fs::read_to_string(format!("/proc/{process}/status")).doing("measuring a process")?;
    let line = status.lines().find_map(|line| line.strip_prefix(what)?.strip_prefix(':'));
    match line.and_then(|line| line.split_whitespace().next()?.parse::<u64>().ok()) {
        Some(kilobytes) => Ok(kilobytes * 1024),
        None => trouble(format!("No {what} of process {process}.")),
    }
}
