//! Pictures: whole, and their very bytes, or not there; and servers that were put back: what is still anywhere comes back.

use domain::Kind;
use doorstep_tests::simulation::{Fault, Scene};
use doorstep_tests::trouble::Outcome;

use crate::{DAY, HOUR, insist, newest_incident};

/// A phone whose report is with the server and whose photo of it has yet to go: every byte of it.
fn photographed(phones: &[usize]) -> Outcome<Scene> {
    let mut scene = Scene::with(phones)?;
    // Since then nothing is asked before what waits is sent: what is spoiled is the call that is meant.
    scene.round(0)?;
    scene.report(0)?;
    scene.photograph(0)?;
    scene.spoil(0, &[Fault::Twice, Fault::LostRequest]);
    scene.round(0)?;
    insist(scene.all_on_server(0, &Kind::Photo)?.len() == 1, "The text did not go first.")?;
    insist(scene.whole_photos(0)? == 0, "The bytes went with the text.")?;
    Ok(scene)
}

#[test]
fn a_photo_is_complete_only_with_its_very_bytes() -> Outcome {
    use Fault::{CutPiece, LostAnswer, LostRequest, ShortPiece, Twice};
    // What is spoiled of a round are the exchange, the offer and the pieces, in this order; a fault of pieces waits for the first one.
    let faults: [&[Fault]; 5] = [
        &[ShortPiece; 4],
        &[CutPiece; 4],
        &[Twice, LostAnswer],
        &[Twice, Twice, LostAnswer],
        &[ShortPiece, Twice, CutPiece, LostRequest],
    ];
    for faults in faults {
        let mut scene = photographed(&[0, 2])?;
        for round in 0..6 {
            scene.spoil(0, faults);
            scene.round(0)?;
            if round == 1 {
                scene.kill_server()?;
            }
            if round == 2 {
                scene.kill(0)?;
            }
        }
        scene.spoil(0, &[]);
        scene.settle()?;
    }
    Ok(())
}

#[test]
fn a_photo_that_is_cut_at_each_64_kib_goes_on_from_there_and_counts_once_it_is_whole() -> Outcome {
    let mut scene = Scene::with(&[0, 2])?;
    scene.report(0)?;
    let incident = newest_incident(&scene)?;
    scene.photograph_grain(0, incident, 800)?;
    let mut cuts = 0;
    while !scene.round_cutting(0, 64 * 1024)? {
        cuts += 1;
        insist(scene.whole_photos(0)? == 0, "A part of a photo counts as the photo.")?;
        insist(scene.originals(0)? == 1, "The original went before the server had it.")?;
        insist(cuts < 40, "It never goes on.")?;
        // Either side may end between two cuts.
        match cuts {
            1 => scene.kill_server()?,
            2 => scene.kill(0)?,
            _ => {}
        }
    }
    insist(cuts >= 3, &format!("It was cut {cuts} times."))?;
    insist(scene.whole_photos(0)? == 1, "It is not whole.")?;
    scene.settle()
}

#[test]
fn bytes_that_changed_on_their_way_are_thrown_away_and_the_original_is_sent_again() -> Outcome {
    let mut scene = Scene::with(&[0])?;
    scene.report(0)?;
    let incident = newest_incident(&scene)?;
    scene.photograph_grain(0, incident, 200)?;
    insist(!scene.round_altering(0)?, "Other bytes were taken for the photo's.")?;
    insist(scene.whole_photos(0)? == 0 && scene.originals(0)? == 1, "The original counts as sent.")?;
    // It pauses by itself for an hour at most.
    scene.pass(2 * HOUR);
    scene.round(0)?;
    insist(scene.whole_photos(0)? == 1, "The original was not sent again.")?;
    scene.settle()
}

#[test]
fn a_photo_outlives_a_full_disk_on_either_side() -> Outcome {
    for (server, text_first) in [(true, true), (true, false), (false, true), (false, false)] {
        let mut scene = if text_first { photographed(&[0])? } else { Scene::with(&[0])? };
        if !text_first {
            scene.report(0)?;
            scene.photograph(0)?;
        }
        if server {
            scene.fill_server(true)?
        } else {
            scene.fill(0, true)?
        }
        scene.round(0)?;
        insist(scene.originals(0)? == 1, "The original went for want of room.")?;
        if server {
            scene.fill_server(false)?
        } else {
            scene.fill(0, false)?
        }
        scene.settle()?;
    }
    // A picture that finds no room is not taken, and leaves nothing behind.
    let mut scene = Scene::with(&[0])?;
    scene.report(0)?;
    let incident = newest_incident(&scene)?;
    scene.fill(0, true)?;
    scene.photograph_grain(0, incident, 600)?;
    insist(scene.count_on_phone(0, &Kind::Photo)? == 0 && scene.originals(0)? == 0, "A part of it was kept.")?;
    scene.fill(0, false)?;
    scene.photograph_grain(0, incident, 600)?;
    scene.round(0)?;
    insist(scene.whole_photos(0)? == 1, "With room it is not taken either.")?;
    scene.settle()
}

/// A worker gets a cell, and photographs there; then the server is put back from a backup of before. A colleague has the record.
fn photographed_in_a_cell_that_a_restored_server_takes_away() -> Outcome<Scene> {
    let mut scene = Scene::with(&[0, 2])?;
    scene.assign("worker-2", &[])?;
    scene.round(0)?;
    scene.report(0)?;
    scene.back_up_server()?;
    scene.pass(DAY);
    scene.assign("worker-2", &[0])?;
    scene.round(0)?;
    scene.round(1)?;
    scene.photograph(1)?;
    scene.round(1)?;
    scene.round(0)?;
    scene.restore_server_with_photos()?;
    Ok(scene)
}

#[test]
fn a_photo_comes_back_from_the_phone_that_took_it_though_its_cell_is_a_colleague_s_on_a_restored_server() -> Outcome {
    for colleague_first in [true, false] {
        let mut scene = photographed_in_a_cell_that_a_restored_server_takes_away()?;
        for phone in if colleague_first { [0, 1] } else { [1, 0] } {
            scene.round(phone)?;
        }
        insist(!scene.all_on_server(0, &Kind::Photo)?.is_empty(), "The colleague did not bring the record.")?;
        scene.settle()?;
    }
    Ok(())
}
