//! The table: ours, the limit, how many times the limit that is, and whether that is what was promised.

use std::time::Duration;

use super::Run;
use super::crowd::{Crowd, PHONES, VISITS};
use super::wire::Taken;

/// One line of the table.
#[derive(Debug)]
pub struct Number {
    /// What was measured.
    pub what: String,
    /// Ours.
    pub ours: String,
    /// The limit beside it; empty where the target stands alone.
    pub limit: String,
    /// What was promised.
    pub target: String,
    /// Ours in units of the limit.
    pub ratio: String,
    /// Whether the promise is kept.
    pub met: bool,
}

/// Lines on loopback.
pub(super) fn plain(runs: &[Run]) -> Vec<Number> {
    let each = |run: &Run| Taken { time: run.ours.save_each, bytes: 0 };
    vec![
        times("durable save, one record each", runs, each, "commit_each", 1.3),
        times("first push", runs, |run| run.ours.push, "rows_push", 1.5),
        bytes("first push", runs, |run| run.ours.push, "rows_push", 1.2),
        times("first pull by a fresh phone", runs, |run| run.ours.pull, "rows_pull", 1.2),
        bytes("first pull by a fresh phone", runs, |run| run.ours.pull, "rows_pull", 1.2),
        times("2 × 2,000 edits, 200 conflicts", runs, |run| run.ours.edits, "changeset_edits", 2.5),
        bytes("2 × 2,000 edits, 200 conflicts", runs, |run| run.ours.edits, "changeset_edits", 2.5),
    ]
}

/// Lines through a slow link.
pub(super) fn slow(runs: &[Run]) -> Vec<Number> {
    let name = |what| format!("{what}, 100 ms and 10 Mbit/s");
    vec![
        times(&name("first push"), runs, |run| run.ours.push, "rows_push", 1.6),
        times(&name("first pull"), runs, |run| run.ours.pull, "rows_pull", 1.6),
        times(&name("edits"), runs, |run| run.ours.edits, "changeset_edits", 1.6),
    ]
}

/// Lines of the crowd.
pub(super) fn crowd(crowds: &[Crowd]) -> Vec<Number> {
    let what = |what| format!("{PHONES} phones at once, {VISITS} visits each: {what}");
    let alone = |what: String, ours: String, target: &str, met| Number {
        what,
        ours,
        limit: String::new(),
        target: target.to_owned(),
        ratio: String::new(),
        met,
    };
    let rate = median(crowds.iter().map(Crowd::rate));
    let p99 = median(crowds.iter().map(|crowd| crowd.p99.as_secs_f64()));
    let memory = median(crowds.iter().map(|crowd| crowd.memory as f64)) / 1e6;
    vec![
        alone(what("changes a second"), format!("{rate:.0}"), "≥ 15,000", rate >= 15_000.0),
        alone(what("p99 of a round"), format!("{p99:.2} s"), "≤ 1.4 s", p99 <= 1.4),
        alone(what("the server's memory"), format!("{memory:.0} MB"), "≤ 150 MB", memory <= 150.0),
    ]
}

/// Ten times the work beside the work.
pub(super) fn ten_fold(once: &[Run], ten: &Run) -> Vec<Number> {
    let line = |what: &str, of: fn(&Run) -> Duration| {
        let (ours, limit) = (of(ten).as_secs_f64(), median(once.iter().map(|run| of(run).as_secs_f64())));
        number(&format!("ten times the work: {what}"), ours, limit, 12.0, "s", 3)
    };
    vec![
        line("first push", |run| run.ours.push.time),
        line("first pull", |run| run.ours.pull.time),
        line("the same edits among ten times the records", |run| run.ours.edits.time),
    ]
}

fn times(what: &str, runs: &[Run], ours: impl Fn(&Run) -> Taken, limit: &str, target: f64) -> Number {
    let ours = median(runs.iter().map(|run| ours(run).time.as_secs_f64()));
    let limit = median(runs.iter().filter_map(|run| run.limits.get(limit)).map(|taken| taken.time.as_secs_f64()));
    number(what, ours, limit, target, "s", 3)
}

fn bytes(what: &str, runs: &[Run], ours: impl Fn(&Run) -> Taken, limit: &str, target: f64) -> Number {
    let ours = median(runs.iter().map(|run| ours(run).bytes as f64 / 1e3));
    let limit = median(runs.iter().filter_map(|run| run.limits.get(limit)).map(|taken| taken.bytes as f64 / 1e3));
    number(what, ours, limit, target, "kB", 0)
}

fn number(what: &str, ours: f64, limit: f64, target: f64, unit: &str, digits: usize) -> Number {
    let ratio = ours / limit;
    Number {
        what: what.to_owned(),
        ours: format!("{ours:.digits$} {unit}"),
        limit: format!("{limit:.digits$} {unit}"),
        target: format!("≤ {target} ×"),
        ratio: format!("{ratio:.2} ×"),
        met: ratio <= target,
    }
}

fn median(values: impl Iterator<Item = f64>) -> f64 {
    let mut values: Vec<f64> = values.collect();
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_promise_is_kept_up_to_its_number_and_not_beyond() {
        assert!(number("", 1.5, 1.0, 1.5, "s", 3).met);
        assert!(!number("", 1.51, 1.0, 1.5, "s", 3).met);
        assert!(!number("", 1.0, f64::NAN, 1.5, "s", 3).met, "nothing was measured");
    }

    #[test]
    fn the_middle_is_shown() {
        assert_eq!(median([3.0, 1.0, 2.0].into_iter()), 2.0);
    }
}
