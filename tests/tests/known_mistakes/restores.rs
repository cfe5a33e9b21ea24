//! What a server that was put back from a backup does not know, and gets back.

use doorstep_tests::simulation::Scene;
use doorstep_tests::trouble::Outcome;

use crate::{MINUTE, insist};

#[test]
fn a_home_in_a_cell_that_the_backup_gives_to_nobody_comes_back() -> Outcome {
    let mut scene = Scene::with(&[0])?;
    scene.assign("worker-0", &[])?;
    scene.round(0)?;
    scene.back_up_server()?;
    scene.pass(MINUTE);
    scene.assign("worker-0", &[0])?;
    scene.round(0)?;
    let (household, person) = scene.new_home(0)?;
    scene.round(0)?;
    scene.restore_server()?;
    scene.pass(MINUTE);
    scene.round(0)?;
    for id in [household, person] {
        insist(scene.on_server(id)?.is_some(), "The server has not got back what this phone alone had.")?;
        insist(scene.on_phone(0, id)?.is_none(), "A phone holds something of a cell that is not its own.")?;
    }
    insist(scene.waiting_and_refused(0)? == (0, 0), "Something waits, or is the worker's to look at.")?;
    scene.assign("worker-0", &[0])?;
    scene.settle()
}
