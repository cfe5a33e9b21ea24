//! Evacuations: orders that went from phone to phone before any server had them, and marks that wait for them.

use domain::Kind;
use domain::kinds::roll_call::Mark;
use doorstep_tests::simulation::Scene;
use doorstep_tests::trouble::Outcome;

use crate::{HOUR, MINUTE, insist, somebody};

#[test]
fn marks_of_an_order_that_was_handed_over_wait_for_it_and_are_counted_everywhere() -> Outcome {
    let mut scene = Scene::with(&[5, 0, 2])?;
    let person = somebody(&scene)?;
    let evacuation = scene.order_evacuation(0)?;
    scene.hand_over(0, 1, evacuation)?;
    scene.mark(1, evacuation, person, Mark::MovedShelter)?;
    scene.round(1)?;
    insist(scene.waiting_and_refused(1)? == (1, 0), "A mark does not wait for the order that another phone sends.")?;
    scene.round(0)?;
    scene.round(1)?;
    insist(scene.waiting_and_refused(1)? == (0, 0), "A mark still waits, though its order is there.")?;
    insist(scene.all_on_server(0, &Kind::RollCall)?.len() == 1, "The mark is not on the server.")?;
    scene.settle()
}

#[test]
fn a_mark_of_an_order_that_was_lost_with_its_phone_stays_with_whoever_marked() -> Outcome {
    let mut scene = Scene::with(&[5, 0])?;
    let person = somebody(&scene)?;
    scene.back_up(0)?;
    let evacuation = scene.order_evacuation(0)?;
    scene.hand_over(0, 1, evacuation)?;
    scene.mark(1, evacuation, person, Mark::Away)?;
    scene.restore(0)?;
    scene.round(0)?;
    scene.round(1)?;
    insist(scene.waiting_and_refused(1)? == (1, 0), "A mark was given up since its order has not come.")?;
    scene.settle()
}

#[test]
fn phones_with_wrong_clocks_that_exchange_marks_both_ways_count_the_same_in_the_end() -> Outcome {
    // Where a clock was ahead, what was shown is stamped anew: what lies beside a register then is compared with nothing.
    for (leader, worker) in [(0, -2 * HOUR), (-2 * HOUR, 0), (3 * HOUR, -3 * HOUR)] {
        let mut scene = Scene::with(&[5, 0, 2])?;
        let person = somebody(&scene)?;
        scene.clock(0, leader);
        scene.clock(1, worker);
        let evacuation = scene.order_evacuation(0)?;
        scene.hand_over(0, 1, evacuation)?;
        for (phone, mark) in [(0, Mark::Called), (1, Mark::Refused), (0, Mark::MovedFamily), (1, Mark::Returned)] {
            scene.mark(phone, evacuation, person, mark)?;
            scene.hand_over(phone, 1 - phone, evacuation)?;
            scene.pass(MINUTE);
        }
        scene.copy(1)?;
        scene.round(2)?;
        scene.settle()?;
    }
    Ok(())
}
