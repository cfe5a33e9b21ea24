//! A client that was written from docs/PROTOCOL.md alone (`tests/outside`, in Python) works in one cell with the real phone, over
//! connections that break. Afterwards phone, server and both outside clients must agree byte for byte, and no word may be missing.

mod client;
mod hand;
mod judge;
mod ledger;
mod scene;
mod steps;

use std::path::Path;

use client::Program;
use scene::Scene;

use super::Line;
use crate::trouble::Outcome;

/// Steps of a history, in each of its four parts.
const STEPS: usize = 30;

/// What was counted over all histories.
#[derive(Debug, Default)]
struct Tally {
    records: usize,
    words: usize,
    conflicts: usize,
    photos: usize,
    refused: usize,
    receipts: u64,
    cuts: u64,
    rounds: u64,
    cut_rounds: u64,
}

/// Lives so many histories and judges each.
///
/// # Errors
/// When the outside client cannot be installed.
pub fn run(folder: &Path, histories: u64, seed: u64) -> Outcome<Vec<Line>> {
    let program = Program::install()?;
    let (mut tally, mut failures) = (Tally::default(), Vec::new());
    for number in seed..seed + histories {
        if let Err(why) = live(&program, &folder.join(number.to_string()), number, &mut tally) {
            failures.push(format!("seed {number}: {why}"));
        }
    }
    let Tally { records, words, conflicts, photos, refused, receipts, cuts, rounds, cut_rounds } = tally;
    let seen = format!(
        "a real phone and two outside clients; {records} records, {words} words, {conflicts} open conflicts, {photos} photos, \
         {refused} words refused; {rounds} rounds, {cut_rounds} of them ended early by {cuts} cuts; {receipts} receipts verified and equal; each time \
         a cell handed over and back, a server put back from a backup, a spoilt store repaired"
    );
    Ok(vec![Line {
        what: "histories with a client written from the page".to_owned(),
        tried: histories,
        seen,
        failures,
    }])
}

/// One history: work, a cell handed over and back, a backup and its restore, until all is well; then it is judged.
fn live(program: &Program, folder: &Path, seed: u64, tally: &mut Tally) -> Outcome {
    let mut scene = Scene::set(program, folder, seed)?;
    scene.work(STEPS)?;
    scene.hand_over()?;
    scene.work(STEPS)?;
    scene.hand_back()?;
    scene.work(STEPS)?;
    scene.back_up()?;
    scene.work(STEPS)?;
    scene.put_back()?;
    scene.work(STEPS / 2)?;
    scene.settle()?;
    judge::judge(&mut scene, tally)
}
