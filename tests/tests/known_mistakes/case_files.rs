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
