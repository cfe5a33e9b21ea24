//! The trial of the photo uploads: other people's tus clients and our own phone send through connections that break, the server is
//! killed in the middle, and every photo must be there byte for byte afterwards.

mod clients;
mod phone;
mod stage;

use std::time::{Duration, Instant};

pub use clients::Clients;
pub use stage::{Announced, Stage};

use crate::cutting_proxy::{Cuts, CuttingProxy};
use crate::trouble::{Outcome, trouble};

/// A photo of this size is cut [`CUTS_OF_LARGE`] times and must not cost more than [`COST_MOST`].
const LARGE: usize = 20_000_000;
/// How often.
const CUTS_OF_LARGE: usize = 20;
/// Bytes that may be sent for each byte of it, headers included.
const COST_MOST: f64 = 1.15;

/// One line of the table.
#[derive(Debug)]
pub struct Line {
    /// Who sent.
    pub who: String,
    /// How many photos.
    pub files: usize,
    /// How many of them are on the server byte for byte.
    pub identical: usize,
    /// How many connections were cut.
    pub cuts: u64,
    /// The photos' bytes.
    pub bytes: u64,
    /// The bytes that clients sent, headers included.
    pub sent: u64,
    /// How long it took.
    pub took: Duration,
    /// Whether more than this may not have been sent per byte.
    pub cost_most: Option<f64>,
}

impl Line {
    /// Bytes sent for each byte of the photos.
    pub fn cost(&self) -> f64 {
        self.sent as f64 / self.bytes as f64
    }

    /// Whether everything arrived, and at an allowed cost.
    pub fn is_right(&self) -> bool {
        self.identical == self.files && self.cost_most.is_none_or(|most| self.cost() <= most)
    }
}

/// Who sends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Who {
    TusJs,
    Tuspy,
    Phone,
    PhoneAndKills,
}

/// Runs the whole trial with so many files for the two foreign clients together.
///
/// # Errors
/// When something could not be tried at all; what went wrong in the trial stands in the lines.
pub fn run(files: usize, seed: u64) -> Outcome<Vec<Line>> {
    let clients = Clients::install()?;
    let folder = tempfile::tempdir().map_err(|error| crate::Trouble(format!("making a folder: {error}")))?;
    let mut stage = Stage::found(folder.path())?;
    let proxy = CuttingProxy::start(stage.server()?, Cuts::Never)?;
    let half = files / 2;
    let own = (files / 25).max(10);
    let mut lines = Vec::new();
    for (who, count) in [(Who::TusJs, files - half), (Who::Tuspy, half), (Who::Phone, own), (Who::PhoneAndKills, own)] {
        let sizes: Vec<usize> = (0..count).map(|number| mixed(seed.wrapping_add(number as u64))).collect();
        let cuts = Cuts::chance(300_000, seed ^ who as u64);
        lines.push(trial(&mut stage, &clients, &proxy, who, &sizes, cuts, None)?);
    }
    for who in [Who::TusJs, Who::Tuspy, Who::Phone] {
        let cuts = Cuts::places(CUTS_OF_LARGE, LARGE as u64, seed ^ 0x1A46E ^ who as u64);
        lines.push(trial(&mut stage, &clients, &proxy, who, &[LARGE], cuts, Some(COST_MOST))?);
    }
    Ok(lines)
}

/// Sizes from 10 kB to 2 MB, small ones as often as large ones.
fn mixed(seed: u64) -> usize {
    use rand::{RngExt as _, SeedableRng as _};
    let mut dice = rand::rngs::StdRng::seed_from_u64(seed);
    dice.random_range(10_000_f64.ln()..2_000_000_f64.ln()).exp() as usize
}

fn trial(
    stage: &mut Stage,
    clients: &Clients,
    proxy: &CuttingProxy,
    who: Who,
    sizes: &[usize],
    cuts: Cuts,
    cost_most: Option<f64>,
) -> Outcome<Line> {
    let name = match who {
        Who::TusJs => "tus-js-client",
        Who::Tuspy => "tuspy",
        Who::Phone => "our phone",
        Who::PhoneAndKills => "our phone, server killed",
    };
    let photos = match who {
        Who::TusJs | Who::Tuspy => stage.announce(sizes)?,
        Who::Phone | Who::PhoneAndKills => stage.pictures(sizes),
    };
    let start = Instant::now();
    match who {
        Who::TusJs => {
            proxy.cut(cuts);
            clients.tus_js(stage, proxy, &photos)?;
        }
        Who::Tuspy => {
            proxy.cut(cuts);
            clients.tuspy(stage, proxy, &photos)?;
        }
        Who::Phone | Who::PhoneAndKills => phone::send(stage, proxy, &photos, cuts, who == Who::PhoneAndKills)?,
    }
    let took = start.elapsed();
    let mut identical = 0;
    for photo in &photos {
        identical += usize::from(stage.is_stored(photo)?);
    }
    let bytes = photos.iter().map(|photo| photo.bytes.len() as u64).sum();
    let who = if cost_most.is_some() { format!("{name}, 20 MB cut {CUTS_OF_LARGE} times") } else { name.to_owned() };
    Ok(Line { who, files: photos.len(), identical, cuts: proxy.cuts(), bytes, sent: proxy.sent(), took, cost_most })
}

/// The lines as a table.
pub fn table(lines: &[Line]) -> String {
    let mut out = String::from(
        "| client | photos | identical | cuts | MB | MB sent | sent per byte | time |\n|---|--:|--:|--:|--:|--:|--:|--:|\n",
    );
    for line in lines {
        out.push_str(&format!(
            "| {} | {} | {} | {} | {:.1} | {:.1} | {:.3} | {:.1} s |\n",
            line.who,
            line.files,
            line.identical,
            line.cuts,
            line.bytes as f64 / 1e6,
            line.sent as f64 / 1e6,
            line.cost(),
            line.took.as_secs_f64()
        ));
    }
    out
}

/// Says which lines are not as they must be.
///
/// # Errors
/// When there is one.
pub fn judge(lines: &[Line]) -> Outcome {
    let wrong: Vec<&str> = lines.iter().filter(|line| !line.is_right()).map(|line| line.who.as_str()).collect();
    if wrong.is_empty() { Ok(()) } else { trouble(format!("Not as it must be: {}.", wrong.join("; "))) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missing_photo_and_a_dear_one_are_seen() {
        let line = |identical, sent, cost_most| Line {
            who: "somebody".into(),
            files: 2,
            identical,
            cuts: 1,
            bytes: 1_000,
            sent,
            took: Duration::ZERO,
            cost_most,
        };
        assert!(judge(&[line(2, 3_000, None), line(2, 1_150, Some(COST_MOST))]).is_ok());
        assert!(judge(&[line(1, 1_000, None)]).is_err());
        assert!(judge(&[line(2, 1_151, Some(COST_MOST))]).is_err());
        assert!(table(&[line(2, 1_500, None)]).contains("| somebody | 2 | 2 | 1 | 0.0 | 0.0 | 1.500 |"));
    }
}
