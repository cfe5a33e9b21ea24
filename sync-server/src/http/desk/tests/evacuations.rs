//! The evacuation desk: orders, live totals, marks, paper, and who may not.

use axum::http::StatusCode;
use domain::RecordId;
use serde_json::{Value, json};

use super::bench::{Bench, CELL, HOUSEHOLD, OTHER_CELL, PERSON, id};
use crate::store::Store as _;

const POINT: u128 = 40;
const FAR_POINT: u128 = 41;

/// A hazard point above the household, with somebody in it who has died, and one in the next village.
fn threaten(bench: &Bench) {
    bench.put(POINT, "hazard_point", CELL, json!({"name": "后坡", "hazard_kind": "landslide", "shelter": "江湾小学"}));
    bench.put(FAR_POINT, "hazard_point", OTHER_CELL, json!({"name": "河堤", "hazard_kind": "flash_flood"}));
    bench.put(
        42,
        "threatened_household",
        CELL,
        json!({"hazard_point": id(POINT), "household": id(HOUSEHOLD), "needs_help": true, "contact_name": "解平",
            "contact_phone": "13700003333"}),
    );
    bench.put(43, "person", CELL, json!({"household": id(HOUSEHOLD), "name": "单玉芳"}));
    bench.put(44, "person", CELL, json!({"household": id(HOUSEHOLD), "name": "单已故", "died_on": "2020-01-01"}));
}

fn wish(points: &[u128], drill: bool) -> Value {
    let points: Vec<_> = points.iter().map(|point| id(*point)).collect();
    json!({"points": points, "reason": "强降雨", "level": "red", "drill": drill})
}

#[tokio::test]
async fn an_order_takes_whoever_lives_below_now_and_its_totals_move_with_a_mark_on_a_phone() {
    let bench = Bench::new();
    threaten(&bench);
    let desk = bench.sign_in("supervisor").await;
    let points = desk.read("hazard-points").await;
    assert_eq!(points.as_array().unwrap().len(), 1, "the next village is not shown: {points}");
    assert_eq!((&points[0]["households"], &points[0]["people"]), (&json!(1), &json!(2)));

    let (status, ordered) = desk.post("evacuations", wish(&[POINT], true)).await;
    assert_eq!(status, StatusCode::OK, "{ordered}");
    let address = format!("evacuations/{}", ordered["ids"][0].as_str().unwrap());
    let roll = desk.read(&address).await;
    assert_eq!(roll["line"]["totals"]["due"], 2);
    let people = roll["households"][0]["people"].as_array().unwrap();
    assert_eq!(people.iter().map(|one| &one["name"]).collect::<Vec<_>>(), [&json!("单*"), &json!("单**")]);
    assert_eq!(people[0]["person"], json!(id(PERSON)), "the householder first");
    assert!(people.iter().all(|one| one["not_found"] == true));

    // A mark on a phone: the number that the desk polls moves, and so do the totals.
    let before = desk.read(&format!("{address}/reached")).await["reached"].as_u64().unwrap();
    let evacuation = bench.record_of(ordered["ids"][0].as_str().unwrap());
    let mut mark = evacuation.clone();
    (mark.id, mark.kind, mark.fields) = (id(60), domain::Kind::RollCall, Default::default());
    let now = bench.hub.now();
    bench.enrol("worker").write(
        &mark,
        json!({"evacuation": evacuation.id, "person": id(PERSON), "mark": "moved_shelter", "at": now, "by": "worker"}),
    );
    assert!(desk.read(&format!("{address}/reached")).await["reached"].as_u64().unwrap() > before);
    let totals = &desk.read(&address).await["line"]["totals"];
    let number = |name: &str| totals[name].as_u64().unwrap();
    assert_eq!((number("due"), number("moved"), number("away"), number("unmoved")), (2, 1, 0, 1));
    assert_eq!(number("due"), number("moved") + number("away") + number("unmoved"));
    let list = desk.read("evacuations").await;
    assert_eq!(&list["standing"][0]["totals"], totals);
}

/// These people with the marks that a page shows of them.
fn as_seen(roll: &Value, people: &[RecordId]) -> Value {
    let homes = roll["households"].as_array().unwrap().iter();
    let listed = homes.flat_map(|home| home["people"].as_array().unwrap());
    let wanted = listed.filter(|one| people.iter().any(|id| one["person"] == json!(id)));
    wanted.map(|one| (one["person"].as_str().unwrap().to_owned(), one["said"].clone())).collect()
}

#[tokio::test]
async fn a_mark_from_a_page_that_does_not_know_what_came_in_meanwhile_is_refused_and_overrides_nothing() {
    let bench = Bench::new();
    threaten(&bench);
    let desk = bench.sign_in("supervisor").await;
    let ordered = desk.post("evacuations", wish(&[POINT], false)).await.1;
    let address = format!("evacuations/{}", ordered["ids"][0].as_str().unwrap());
    let both = as_seen(&desk.read(&address).await, &[id(PERSON), id(43)]);
    let evacuation = bench.record_of(ordered["ids"][0].as_str().unwrap());
    let mut mark = evacuation.clone();
    (mark.id, mark.kind, mark.fields) = (id(60), domain::Kind::RollCall, Default::default());
    let now = bench.hub.now();
    bench.enrol("worker").write(
        &mark,
        json!({"evacuation": evacuation.id, "person": id(PERSON), "mark": "moved_shelter", "at": now, "by": "worker"}),
    );
    let missing = desk.post(&format!("{address}/marks"), json!({"people": both, "mark": "missing"})).await;
    assert_eq!(missing, (StatusCode::CONFLICT, json!({"code": "stale"})));
    let people = desk.read(&address).await["households"][0]["people"].clone();
    let marks: Vec<&Value> = people.as_array().unwrap().iter().map(|one| &one["mark"]).collect();
    assert_eq!(marks, ["moved_shelter", "not_contacted"], "all of them are marked, or nobody");
}

#[tokio::test]
async fn the_desk_marks_says_once_more_and_ends() {
    let bench = Bench::new();
    threaten(&bench);
    let desk = bench.sign_in("supervisor").await;
    let ordered = desk.post("evacuations", wish(&[POINT], false)).await.1;
    let address = format!("evacuations/{}", ordered["ids"][0].as_str().unwrap());
    let marks = format!("{address}/marks");
    let (one, both) = ([id(PERSON)], [id(PERSON), id(43)]);
    let called = json!({"people": as_seen(&desk.read(&address).await, &both), "mark": "called", "note": " 已通话 "});
    assert_eq!(desk.post(&marks, called.clone()).await.0, StatusCode::NO_CONTENT);
    let stale = (StatusCode::CONFLICT, json!({"code": "stale"}));
    assert_eq!(desk.post(&marks, called).await, stale, "on a page that shows them unmarked");
    let people = as_seen(&desk.read(&address).await, &one);
    assert_eq!(desk.post(&marks, json!({"people": people, "mark": "away"})).await.0, StatusCode::NO_CONTENT);
    let both = as_seen(&desk.read(&address).await, &both);
    assert_eq!(desk.post(&marks, json!({"people": both})).await.0, StatusCode::NO_CONTENT);
    let roll = desk.read(&address).await;
    let people = roll["households"][0]["people"].as_array().unwrap();
    assert_eq!(
        (&people[0]["mark"], &people[1]["mark"], &people[1]["checked"]),
        (&json!("away"), &json!("called"), &json!(true))
    );
    // Somebody who is not on the roster, a mark that there is not, a roster that is not a list.
    let with = |number| json!({id(PERSON).to_string(): people[0]["said"], id(number).to_string(): null});
    for bad in
        [json!({"people": {id(44).to_string(): null}, "mark": "away"}), json!({"people": with(999), "mark": "away"})]
    {
        assert_eq!(desk.post(&marks, bad).await.0, StatusCode::UNPROCESSABLE_ENTITY);
    }
    assert_eq!(desk.post(&marks, json!({"people": both, "mark": "flown"})).await.0, StatusCode::BAD_REQUEST);
    for _ in 0..2 {
        assert_eq!(desk.post(&format!("{address}/end"), json!({})).await.0, StatusCode::NO_CONTENT);
    }
    let list = desk.read("evacuations").await;
    assert_eq!((list["standing"].as_array().unwrap().len(), list["past"].as_array().unwrap().len()), (0, 1));
}

#[tokio::test]
async fn a_second_click_orders_nothing_twice_and_a_drill_beside_the_real_thing_is_allowed() {
    let bench = Bench::new();
    threaten(&bench);
    let desk = bench.sign_in("supervisor").await;
    assert_eq!(desk.post("evacuations", wish(&[POINT], false)).await.0, StatusCode::OK);
    assert_eq!(desk.post("evacuations", wish(&[POINT], false)).await.0, StatusCode::CONFLICT);
    assert_eq!(desk.post("evacuations", wish(&[POINT], true)).await.0, StatusCode::OK);
    assert_eq!(desk.read("evacuations").await["standing"].as_array().unwrap().len(), 2);
}

#[tokio::test]
async fn an_order_for_another_village_without_points_or_without_words_is_refused_and_nothing_is_written() {
    let bench = Bench::new();
    threaten(&bench);
    let desk = bench.sign_in("supervisor").await;
    let bad = [
        wish(&[FAR_POINT], true),
        wish(&[POINT, FAR_POINT], true),
        wish(&[PERSON], true),
        wish(&[], true),
        json!({"points": [id(POINT)], "reason": "  ", "level": "red", "drill": true}),
        json!({"points": [id(POINT)], "reason": "雨", "level": "purple", "drill": true}),
    ];
    for wish in bad {
        assert_eq!(desk.post("evacuations", wish.clone()).await.0, StatusCode::UNPROCESSABLE_ENTITY, "{wish}");
    }
    assert_eq!(desk.read("evacuations").await["standing"], json!([]));
}

#[tokio::test]
async fn names_and_numbers_are_shown_and_printed_for_a_reason_that_stands_with_each_person() {
    let bench = Bench::new();
    threaten(&bench);
    let desk = bench.sign_in("supervisor").await;
    let ordered = desk.post("evacuations", wish(&[POINT], true)).await.1;
    let address = format!("evacuations/{}", ordered["ids"][0].as_str().unwrap());
    let masked = desk.read(&address).await.to_string();
    for hidden in ["单雄", "13800001111", "13700003333", "解平"] {
        assert!(!masked.contains(hidden), "{hidden}");
    }
    for reason in ["", "because"] {
        let (status, _) = desk.post(&format!("{address}/look"), json!({"reason": reason})).await;
        assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY);
    }
    let (_, full) = desk.post(&format!("{address}/look"), json!({"reason": "evacuation"})).await;
    let home = &full["households"][0];
    assert_eq!((&home["people"][0]["phone"], &home["contact_phone"]), (&json!("13800001111"), &json!("13700003333")));
    let paper = desk.post_raw(&format!("{address}/paper"), json!({"reason": "evacuation"})).await;
    assert!(paper.starts_with(b"%PDF"));
    let looks = desk.read(&format!("residents/{}", id(PERSON))).await["looks"].clone();
    let said: Vec<_> = looks.as_array().unwrap().iter().map(|look| (&look["action"], &look["reason"])).collect();
    let reason = json!("evacuation");
    assert_eq!(said, [(&json!("print"), &reason), (&json!("look"), &reason)]);
}

#[tokio::test]
async fn a_foreign_evacuation_cannot_be_read_marked_ended_or_printed() {
    let bench = Bench::new();
    threaten(&bench);
    let ordered = bench.sign_in("supervisor").await.post("evacuations", wish(&[POINT], true)).await.1;
    let address = format!("evacuations/{}", ordered["ids"][0].as_str().unwrap());
    let neighbour = bench.sign_in("neighbour").await;
    assert_eq!(neighbour.read("evacuations").await["standing"], json!([]));
    for part in ["", "/reached"] {
        assert_eq!(neighbour.get(&format!("{address}{part}")).await.0, StatusCode::NOT_FOUND);
    }
    for (part, body) in [
        ("look", json!({"reason": "evacuation"})),
        ("paper", json!({"reason": "evacuation"})),
        ("marks", json!({"people": {id(PERSON).to_string(): null}, "mark": "away"})),
        ("end", json!({})),
    ] {
        assert_eq!(neighbour.post(&format!("{address}/{part}"), body).await.0, StatusCode::NOT_FOUND, "{part}");
    }
    let noted = bench.hub.store().read(|reading| reading.audit(100)).unwrap();
    assert!(noted.iter().all(|entry| entry.action != "look" && entry.action != "print"));
}

#[tokio::test]
async fn whoever_was_entered_twice_is_listed_once_and_those_of_a_household_that_gave_way_are_listed() {
    let bench = Bench::new();
    threaten(&bench);
    bench.put(80, "household", CELL, json!({"dwelling": id(2), "merged_into": id(HOUSEHOLD)}));
    bench.put(81, "person", CELL, json!({"household": id(80), "name": "单雄", "merged_into": id(PERSON)}));
    bench.put(82, "person", CELL, json!({"household": id(80), "name": "单小宝"}));
    // Of another household, threatened by the name of the one that gave way.
    bench.put(83, "hazard_point", CELL, json!({"name": "前沟", "hazard_kind": "flash_flood"}));
    bench.put(84, "threatened_household", CELL, json!({"hazard_point": id(83), "household": id(80)}));
    let desk = bench.sign_in("supervisor").await;
    let points = desk.read("hazard-points").await;
    for point in points.as_array().unwrap() {
        assert_eq!((&point["households"], &point["people"]), (&json!(1), &json!(3)), "{point}");
    }
    for point in [POINT, 83] {
        let (status, ordered) = desk.post("evacuations", wish(&[point], false)).await;
        assert_eq!(status, StatusCode::OK, "{ordered}");
        let order = bench.record_of(ordered["ids"][0].as_str().unwrap());
        let listed: Vec<&Value> = order.fields["roster"].as_array().unwrap().iter().map(|one| &one["person"]).collect();
        assert_eq!(listed, [&json!(id(PERSON)), &json!(id(43)), &json!(id(82))]);
        let homes: Vec<&Value> =
            order.fields["roster"].as_array().unwrap().iter().map(|one| &one["household"]).collect();
        assert!(homes.iter().all(|home| **home == json!(id(HOUSEHOLD))));
    }
}

#[tokio::test]
async fn a_look_at_the_order_itself_is_noted_for_everybody_on_its_roster() {
    let bench = Bench::new();
    threaten(&bench);
    let desk = bench.sign_in("supervisor").await;
    let (_, ordered) = desk.post("evacuations", wish(&[POINT], false)).await;
    let address = format!("records/{}/look", ordered["ids"][0].as_str().unwrap());
    assert_eq!(desk.post(&address, json!({"reason": "review"})).await.0, StatusCode::OK);
    for number in [PERSON, 43] {
        let looks = desk.read(&format!("residents/{}", id(number))).await["looks"].clone();
        assert!(looks.as_array().unwrap().iter().any(|look| look["fields"] == json!(["name"])), "{looks}");
    }
}
