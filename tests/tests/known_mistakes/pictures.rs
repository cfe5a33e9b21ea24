//! Pictures, and servers that were put back: what is still anywhere comes back.

use domain::Kind;
use doorstep_tests::simulation::Scene;
use doorstep_tests::trouble::Outcome;

use crate::{DAY, insist};

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
