//! A register whose file is damaged: it is set aside and never deleted, what was unsent and can be read is kept, and the rest is
//! pulled again.

use device::api::FailureCode;
use domain::Kind;
use doorstep_tests::simulation::Scene;
use doorstep_tests::trouble::Outcome;
use serde_json::json;

use crate::{insist, stands};

/// A phone with something unsent of every kind.
fn at_work() -> Outcome<Scene> {
    let mut scene = Scene::with(&[0])?;
    scene.round(0)?;
    scene.write(0, "unsent")?;
    for _ in 0..20 {
        scene.visit(0)?;
        scene.pass(10);
    }
    let form = json!({ "key": "edit:half", "value": { "note": "半句话" } });
    insist(scene.call(0, "save_draft", form, None).is_ok(), "The draft was not kept.")?;
    Ok(scene)
}

fn is_set_aside(scene: &Scene) -> Outcome {
    let files = scene.files(0)?;
    insist(files.iter().any(|name| name == "register.damaged-1.db"), &format!("Nothing was set aside: {files:?}."))
}

#[test]
fn a_damaged_page_costs_no_unsent_word_on_any_other() -> Outcome {
    let (mut found_by_opening, mut found_in_use) = (0, 0);
    for page in (1..40).step_by(3) {
        let mut scene = at_work()?;
        scene.damage(0, page..page + 1)?;
        let at_opening = scene.enter_pin(0);
        if at_opening.is_none() && scene.call(0, "incidents", json!(null), None).is_ok() && scene.round(0).is_ok() {
            // Nobody needed that page.
            continue;
        }
        match at_opening {
            Some(FailureCode::RegisterDamaged) => found_by_opening += 1,
            None => {
                found_in_use += 1;
                insist(scene.enter_pin(0) == Some(FailureCode::RegisterDamaged), "The damage was not told.")?;
            }
            other => insist(false, &format!("Page {page}: {other:?}."))?,
        }
        is_set_aside(&scene)?;
    }
    insist(found_by_opening + found_in_use > 0, "No page was damaged.")
}

#[test]
fn what_is_unsent_survives_a_page_that_holds_none_of_it() -> Outcome {
    let mut scene = at_work()?;
    let Some(page) = scene.page_of_index(0, "record_by_kind")? else { return insist(false, "There is no index.") };
    scene.damage(0, page..page + 1)?;
    if scene.enter_pin(0).is_none() {
        insist(scene.call(0, "incidents", json!(null), None).is_err(), "The damage is nowhere.")?;
        insist(scene.enter_pin(0) == Some(FailureCode::RegisterDamaged), "The damage was not told.")?;
    }
    is_set_aside(&scene)?;
    insist(scene.enter_pin(0).is_none(), "The new register does not open.")?;
    let draft = scene.call(0, "draft", json!({ "key": "edit:half" }), None);
    insist(draft.is_ok_and(|draft| draft.to_string().contains("半句话")), "The draft is gone.")?;
    scene.round(0)?;
    stands(&scene, "unsent")?;
    insist(scene.all_on_server(0, &Kind::Visit)?.len() == 20, "Visits are gone.")?;
    scene.settle()
}

#[test]
fn a_register_of_which_nothing_can_be_read_is_set_aside_with_its_key() -> Outcome {
    let mut scene = at_work()?;
    scene.damage(0, 0..1_000)?;
    insist(scene.enter_pin(0) == Some(FailureCode::RegisterDamaged), "The damage was not told.")?;
    is_set_aside(&scene)?;
    let files = scene.files(0)?;
    insist(files.iter().any(|name| name == "register.damaged-1.db.key"), &format!("Its key is gone: {files:?}."))?;
    insist(scene.enter_pin(0) == Some(FailureCode::NotEnrolled), "The phone cannot be enrolled anew.")
}
