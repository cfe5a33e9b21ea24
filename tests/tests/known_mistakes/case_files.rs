//! Case files of disputes: what an erasure of a party leaves of them, wherever their words were written.

use domain::{Kind, RecordId};
use doorstep_tests::simulation::Scene;
use doorstep_tests::trouble::{Outcome, trouble};
use serde_json::{Value, json};

use crate::{insist, somebody};

/// A file about one resident, which two phones and the server have.
fn a_file(scene: &mut Scene) -> Outcome<(RecordId, RecordId)> {
    let person = somebody(scene)?;
    let parties = json!([{ "person": person, "name": "张三", "side": "applicant", "phone": "13600000001" }]);
    let fields = json!({ "type": "02", "source": "applied", "accepted_on": "2026-01-02", "parties": parties,
        "facts": "词a", "claim": "词b" });
    scene.save(0, &Kind::Dispute, None, fields)?;
    scene.round(0)?;
    scene.round(1)?;
    match scene.all_on_server(0, &Kind::Dispute)?.first() {
        Some(file) => Ok((file.id, person)),
        None => trouble("The file did not arrive."),
    }
}

#[test]
fn a_file_about_nobody_says_nothing_whichever_phone_wrote_in_it() -> Outcome {
    for hears_first in [true, false] {
        let mut scene = Scene::with(&[0, 2])?;
        let (file, person) = a_file(&mut scene)?;
        scene.save(1, &Kind::Dispute, Some(file), json!({ "facts": "词c", "place": "词d" }))?;
        if !hears_first {
            scene.round(1)?;
        }
        scene.erase(person)?;
        scene.round(1)?;
        scene.round(0)?;
        let Some(record) = scene.on_server(file)? else { return trouble("The file is gone.") };
        let said = ["facts", "claim", "place"].iter().find(|field| record.text(field).is_some());
        insist(said.is_none(), &format!("It says something: {record:?}."))?;
        insist(record.fields.get("type") == Some(&Value::from("02")), "Its type is gone.")?;
        scene.settle()?;
    }
    Ok(())
}

#[test]
fn words_that_go_up_behind_other_work_stand_in_a_file_that_is_also_anothers_and_in_none_about_nobody() -> Outcome {
    for also_anothers in [true, false] {
        let mut scene = Scene::with(&[0, 2])?;
        let (file, person) = a_file(&mut scene)?;
        // More than a page, and all of it goes up before the file: the erasure is told before anything else comes down.
        for _ in 0..12 {
            scene.visit(1)?;
        }
        scene.save(1, &Kind::Dispute, Some(file), json!({ "facts": "词c" }))?;
        if also_anothers {
            let parties = json!([
                { "person": person, "name": "张三", "side": "applicant", "phone": "13600000001" },
                { "name": "县供销社", "side": "respondent" },
            ]);
            scene.save(0, &Kind::Dispute, Some(file), json!({ "parties": parties }))?;
            scene.round(0)?;
        }
        scene.erase(person)?;
        scene.small_pages(1);
        scene.round(1)?;
        for (place, record) in [("server", scene.on_server(file)?), ("phone", scene.on_phone(1, file)?)] {
            let said = record.as_ref().and_then(|record| record.text("facts"));
            insist(said == also_anothers.then_some("词c"), &format!("On the {place} it says {said:?}."))?;
        }
        scene.settle()?;
    }
    Ok(())
}

#[test]
fn words_that_come_to_a_file_about_nobody_are_made_nothing_and_those_of_whoever_is_noted_next_stay() -> Outcome {
    let mut scene = Scene::with(&[0, 2])?;
    let (file, person) = a_file(&mut scene)?;
    scene.erase(person)?;
    let says = |scene: &Scene, field: &str| -> Outcome<Option<String>> {
        Ok(scene.on_server(file)?.and_then(|record| record.text(field).map(str::to_owned)))
    };
    // This phone has not heard of it.
    scene.save(1, &Kind::Dispute, Some(file), json!({ "claim": "词c" }))?;
    scene.round(1)?;
    insist(says(&scene, "claim")?.is_none(), "The server keeps what was typed into a file about nobody.")?;
    let late = json!({ "kind": "dispute", "id": file, "cell": null, "fields": { "claim": "词e" } });
    insist(
        scene.call(1, "save", late, None).is_err(),
        "A phone takes words for a file that it knows to be about nobody.",
    )?;
    scene.round(0)?;
    let parties = json!([{ "name": "—", "side": "applicant" }, { "name": "县供销社", "side": "respondent" }]);
    scene.save(0, &Kind::Dispute, Some(file), json!({ "parties": parties }))?;
    scene.round(0)?;
    scene.round(1)?;
    scene.save(1, &Kind::Dispute, Some(file), json!({ "facts": "词d" }))?;
    scene.round(1)?;
    insist(says(&scene, "facts")?.as_deref() == Some("词d"), "A word of a file that is about somebody again is gone.")?;
    scene.settle()
}

#[test]
fn an_unfinished_form_goes_with_a_party_who_lived_where_its_phone_reads_nothing() -> Outcome {
    let mut scene = Scene::with(&[4, 0])?;
    let Some(person) = scene.all_on_server(1, &Kind::Person)?.first().map(|person| person.id) else {
        return trouble("Nobody lives in the other cell.");
    };
    let parties = json!([{ "person": person, "name": "张三", "side": "applicant" }]);
    let fields = json!({ "type": "02", "source": "applied", "accepted_on": "2026-01-02", "parties": parties });
    scene.save(0, &Kind::Dispute, None, fields)?;
    scene.round(0)?;
    scene.round(1)?;
    let Some(file) = scene.all_on_server(0, &Kind::Dispute)?.first().map(|file| file.id) else {
        return trouble("The file did not arrive.");
    };
    let key = format!("edit:{file}");
    let form = json!({ "key": key, "value": { "claim": "词c" } });
    let keeps = |scene: &Scene| scene.call(1, "draft", json!({ "key": key }), None).is_ok_and(|kept| !kept.is_null());
    insist(scene.call(1, "save_draft", form, None).is_ok() && keeps(&scene), "The form is not kept.")?;
    scene.erase(person)?;
    scene.round(1)?;
    insist(!keeps(&scene), "The form of a file about nobody is still there.")?;
    scene.settle()
}
