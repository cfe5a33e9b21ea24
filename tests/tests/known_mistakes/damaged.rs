//! A register whose file is damaged: it is set aside and never deleted, what was unsent and can be read is kept, and the rest is
//! pulled again.

use device::api::FailureCode;
use domain::Kind;
use doorstep_tests::simulation::Scene;
use doorstep_tests::trouble::Outcome;
use serde_json::json;

use crate::{insist, stands};

/// A phone with twenty-one words that are unsent, a note and visits, and half a sentence in a form.
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

/// Whether the day goes on: nobody needed the page that is damaged.
fn goes_on(scene: &mut Scene) -> bool {
    scene.call(0, "incidents", json!(null), None).is_ok() && scene.round(0).is_ok()
}

/// Of every page that holds rows, or entries of an index. Without those that lead to them (and the one that names the tables) nothing
/// behind them is found any more: of such a register the next tests tell.
#[test]
fn a_damaged_page_costs_no_unsent_word_on_any_other() -> Outcome {
    let mut scene = at_work()?;
    scene.back_up(0)?;
    let (mut found_by_opening, mut found_in_use) = (0, 0);
    for (number, page) in scene.pages(0)?.iter().filter(|(_, page)| page.is_leaf && page.of != "sqlite_schema") {
        scene.put_folder_back(0)?;
        scene.damage(0, *number..number + 1)?;
        match scene.enter_pin(0) {
            Some(FailureCode::RegisterDamaged) => found_by_opening += 1,
            None if goes_on(&mut scene) => continue,
            None => {
                found_in_use += 1;
                insist(scene.enter_pin(0) == Some(FailureCode::RegisterDamaged), "The damage was not told.")?;
            }
            other => insist(false, &format!("{page:?}: {other:?}."))?,
        }
        is_set_aside(&scene)?;
        insist(scene.enter_pin(0).is_none(), &format!("{page:?}: the new register does not open."))?;
        let note = scene.note(0)?.as_deref() == Some("unsent");
        let kept = scene.count_on_phone(0, &Kind::Visit)? + usize::from(note);
        let lost_with_it = if page.of == "record" { page.rows } else { 0 };
        insist(kept + lost_with_it >= 21, &format!("{page:?} cost all but {kept} of the 21 words."))?;
        // Some tables are looked at when all words of a round were sent.
        let waiting = scene.waiting_and_refused(0)?.0;
        let of_photos = page.of.contains("photo_way") || page.of == "photo_file";
        let all_sent = (of_photos || page.of == "received") && waiting == 0;
        insist(all_sent || waiting == kept as i64, &format!("{page:?}: {kept} words are kept, and {waiting} wait."))?;
        let draft = scene.call(0, "draft", json!({ "key": "edit:half" }), None);
        let draft = draft.is_ok_and(|draft| draft.to_string().contains("半句话"));
        insist(draft || page.of == "draft", &format!("{page:?} cost the draft."))?;
    }
    insist(found_by_opening > 0 && found_in_use > 0, &format!("{found_by_opening} and {found_in_use} were found."))
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
