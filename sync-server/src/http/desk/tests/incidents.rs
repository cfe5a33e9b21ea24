//! The loop at the desk: who sees what, who may do what, two at once, twice the same, and the numbers of departments.

use axum::http::StatusCode;
use domain::review::ReviewState;
use domain::{AccountId, CellCode, Fields, Kind, Node, Record, RecordId, Stamp, Stamps};
use serde_json::{Value, json};

use super::bench::{self, Bench, CELL, DeskHand, FAR_INCIDENT, HOUSEHOLD, INCIDENT, OTHER_CELL, PERSON, id};
use crate::store::BulkRecord;

const HOUSING: &str = "12";
const DAY: i64 = 24 * 60 * 60 * 1000;

fn step_id(number: u128) -> RecordId {
    id(1_000 + number)
}

impl DeskHand<'_> {
    async fn incident(&self) -> Value {
        self.read(&format!("incidents/{}", id(INCIDENT))).await
    }

    /// Takes a step of what stands now.
    async fn act(&self, number: u128, action: &str, more: Value) -> (StatusCode, Value) {
        let seen = self.incident().await["seen"].clone();
        self.act_having_seen(number, &seen, action, more).await
    }

    async fn act_having_seen(&self, number: u128, seen: &Value, action: &str, more: Value) -> (StatusCode, Value) {
        let mut wish = json!({"id": step_id(number), "seen": seen, "action": action});
        wish.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        self.post(&format!("incidents/{}/steps", id(INCIDENT)), wish).await
    }

    async fn does(&self, number: u128, action: &str, more: Value) -> Value {
        let (status, body) = self.act(number, action, more).await;
        assert_eq!(status, StatusCode::OK, "{action}: {body}");
        body
    }

    async fn call_back(&self, number: u128, more: Value) -> (StatusCode, Value) {
        let seen = self.incident().await["seen"].clone();
        let mut wish = json!({"id": step_id(number), "seen": seen});
        wish.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        self.post(&format!("incidents/{}/callbacks", id(INCIDENT)), wish).await
    }
}

async fn dispatched(boss: &DeskHand<'_>) {
    boss.does(1, "accept", json!({})).await;
    boss.does(2, "dispatch", json!({"departments": [HOUSING], "opinion": "请派人处理"})).await;
}

/// The worker looks at the result on the spot, with a phone.
fn check(bench: &Bench, number: u128, action: &str, result: &Value) {
    let step = Record {
        id: step_id(number),
        kind: domain::Kind::IncidentStep,
        fields: Fields::new(),
        ..bench.record(INCIDENT)
    };
    let fields = json!({"incident": id(INCIDENT), "step": "verify", "action": action, "at": bench.hub.now(), "by": "worker",
        "answers": result});
    bench.enrol("worker").write(&step, fields);
}

#[tokio::test]
async fn an_incident_goes_through_the_loop_and_the_department_is_rated_once() {
    let bench = Bench::new();
    let (boss, housing) = (bench.sign_in("supervisor").await, bench.sign_in("housing").await);
    dispatched(&boss).await;
    let seen = housing.incident().await;
    assert_eq!(seen["may"], json!(["sign", "refuse", "result", "ask_extension"]));
    housing.does(3, "sign", json!({})).await;
    let result = housing.does(4, "result", json!({"opinion": "已更换井盖"})).await;
    assert_eq!(result["progress"]["turn"], "worker");
    check(&bench, 5, "pass", &result["progress"]["result"]);
    assert_eq!(boss.incident().await["progress"]["state"], "passed");
    let closed = boss.does(6, "close", json!({})).await;
    assert_eq!((&closed["may"], &closed["to_rate"]), (&json!(["rate", "reopen"]), &json!([HOUSING])));
    boss.does(7, "rate", json!({"departments": [HOUSING], "rating": "fairly"})).await;
    let again = boss.act(8, "rate", json!({"departments": [HOUSING], "rating": "satisfied"})).await;
    assert_eq!(again.0, StatusCode::FORBIDDEN);
    let rates = boss.read("departments").await;
    let numbers = &rates[0]["numbers"];
    assert_eq!(rates[0]["department"], HOUSING);
    for (name, count) in [("given", 1), ("answered_in_time", 1), ("solved", 1), ("fairly", 1), ("satisfied", 0)] {
        assert_eq!(numbers[name], count, "{name}");
    }
    // A handler of the county sees towns, a supervisor of a village the village: the department's numbers are the same.
    assert_eq!(housing.read("departments").await[0]["numbers"], rates[0]["numbers"]);
    assert_eq!(bench.sign_in("streets").await.read("departments").await, json!([]));
}

#[tokio::test]
async fn of_two_who_act_at_once_the_first_counts_and_the_second_is_told() {
    let bench = Bench::new();
    let (one, other) = (bench.sign_in("supervisor").await, bench.sign_in("second").await);
    let seen = other.incident().await["seen"].clone();
    one.does(1, "accept", json!({})).await;
    let late = other.act_having_seen(2, &seen, "accept", json!({})).await;
    assert_eq!(late, (StatusCode::CONFLICT, json!({"code": "stale"})));
    let stands = other.incident().await;
    assert_eq!(stands["progress"]["steps"].as_array().unwrap().len(), 1);
    assert_eq!(stands["people"]["supervisor"], "supervisor 的名字");
}

#[tokio::test]
async fn the_same_wish_twice_is_one_step_and_its_id_is_nobody_elses() {
    let bench = Bench::new();
    let (boss, other) = (bench.sign_in("supervisor").await, bench.sign_in("second").await);
    let seen = boss.incident().await["seen"].clone();
    for _ in 0..3 {
        let (status, page) = boss.act_having_seen(1, &seen, "accept", json!({})).await;
        assert_eq!((status, page["progress"]["steps"].as_array().unwrap().len()), (StatusCode::OK, 1));
    }
    let stolen = other.act(1, "dispatch", json!({"departments": [HOUSING]})).await;
    assert_eq!(stolen.0, StatusCode::UNPROCESSABLE_ENTITY);
    let seen = boss.incident().await["seen"].clone();
    let wish = json!({"id": id(PERSON), "seen": seen, "action": "dispatch", "departments": [HOUSING]});
    let (status, _) = boss.post(&format!("incidents/{}/steps", id(INCIDENT)), wish).await;
    assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(bench.record(PERSON).text("name"), Some("单雄"));
}

#[tokio::test]
async fn a_handler_sees_what_the_own_department_has_and_nothing_else_of_the_register() {
    let bench = Bench::new();
    let boss = bench.sign_in("supervisor").await;
    let (housing, streets) = (bench.sign_in("housing").await, bench.sign_in("streets").await);
    assert_eq!(housing.read("incidents").await["items"], json!([]));
    dispatched(&boss).await;
    let own = housing.read("incidents").await;
    assert_eq!(own["items"].as_array().unwrap().len(), 1);
    let page = housing.incident().await;
    assert_eq!((&page["contact_name"], &page["contact_phone"]), (&json!("查*"), &json!("139****3333")));
    assert_eq!(streets.read("incidents").await["items"], json!([]));
    assert_eq!(streets.get(&format!("incidents/{}", id(INCIDENT))).await.0, StatusCode::NOT_FOUND);
    assert_eq!(housing.get("incidents?department=20").await.0, StatusCode::FORBIDDEN);
    assert_eq!(housing.get("departments?department=20").await.0, StatusCode::FORBIDDEN);
    for path in
        [format!("records/{}", id(PERSON)), format!("records/{}", id(HOUSEHOLD)), format!("records/{}", id(INCIDENT))]
    {
        assert_eq!(housing.get(&path).await.0, StatusCode::NOT_FOUND, "{path}");
    }
    assert_eq!(housing.get("inbox").await.0, StatusCode::FORBIDDEN);
    // Refused, it is somebody else's business, and out of sight.
    assert_eq!(housing.act(3, "refuse", json!({"opinion": "属城管局"})).await.0, StatusCode::NO_CONTENT);
    assert_eq!(housing.get(&format!("incidents/{}", id(INCIDENT))).await.0, StatusCode::NOT_FOUND);
    assert_eq!(boss.incident().await["progress"]["state"], "refused");
}

#[tokio::test]
async fn whoever_looks_at_the_contact_says_why_and_is_noted() {
    let bench = Bench::new();
    let boss = bench.sign_in("supervisor").await;
    dispatched(&boss).await;
    let housing = bench.sign_in("housing").await;
    let path = format!("incidents/{}/contact", id(INCIDENT));
    assert_eq!(housing.post(&path, json!({"reason": "curious"})).await.0, StatusCode::BAD_REQUEST);
    let (status, contact) = housing.post(&path, json!({"reason": "appointment"})).await;
    assert_eq!((status, &contact["phone"]), (StatusCode::OK, &json!("13911113333")));
    use crate::store::Store as _;
    let audit = bench.hub.store().read(|reading| reading.audit(1)).unwrap();
    assert_eq!((audit[0].who.as_str(), audit[0].action.as_str()), ("housing", "contact"));
    assert_eq!(audit[0].subject, format!("{} appointment", id(INCIDENT)));
}

/// Every new route for every role: what the first answer's status is. The incident is the housing department's.
#[tokio::test]
async fn every_role_gets_of_every_route_what_the_table_says() {
    let bench = Bench::new();
    dispatched(&bench.sign_in("supervisor").await).await;
    let one = format!("incidents/{}", id(INCIDENT));
    let far = format!("incidents/{}", id(FAR_INCIDENT));
    let reads: [(&str, [u16; 6]); 6] = [
        // supervisor, neighbour, housing, streets, county-admin, auditor
        ("incidents", [200, 200, 200, 200, 403, 403]),
        ("incidents/board", [200, 200, 200, 200, 403, 403]),
        ("departments", [200, 200, 200, 200, 200, 403]),
        ("departments?by=worker", [400, 400, 400, 400, 400, 400]),
        (&one, [200, 404, 200, 404, 403, 403]),
        (&far, [404, 404, 404, 404, 403, 403]),
    ];
    let step = json!({"id": step_id(50), "seen": "0.0.", "action": "sign"});
    let call = json!({"id": step_id(51), "seen": "0.0.", "reached": false});
    let writes = [
        (format!("{one}/steps"), step.clone(), [409, 404, 409, 404, 403, 403]),
        (format!("{far}/steps"), step, [404, 404, 404, 404, 403, 403]),
        (format!("{one}/callbacks"), call.clone(), [409, 404, 403, 404, 403, 403]),
        (format!("{far}/callbacks"), call, [404, 404, 404, 404, 403, 403]),
        (format!("{one}/contact"), json!({"reason": "call"}), [200, 404, 200, 404, 403, 403]),
    ];
    let roles = ["supervisor", "neighbour", "housing", "streets", "county-admin", "auditor"];
    for (index, role) in roles.into_iter().enumerate() {
        let desk = bench.sign_in(role).await;
        for (path, expected) in &reads {
            assert_eq!(desk.get(path).await.0.as_u16(), expected[index], "{role} reads {path}");
        }
        for (path, body, expected) in &writes {
            assert_eq!(desk.post(path, body.clone()).await.0.as_u16(), expected[index], "{role} writes {path}");
            assert_eq!(
                desk.post_with(path, body.clone(), None).await.0,
                StatusCode::FORBIDDEN,
                "{path} without the token"
            );
        }
    }
}

#[tokio::test]
async fn a_step_that_lacks_what_it_needs_is_refused_and_nothing_changes() {
    let bench = Bench::new();
    let boss = bench.sign_in("supervisor").await;
    let before = boss.incident().await;
    let now = bench.hub.now();
    let wrong = [
        ("return", json!({"opinion": "  "})),
        ("merge", json!({})),
        ("merge", json!({"into": id(INCIDENT)})),
        ("merge", json!({"into": id(FAR_INCIDENT)})),
        ("merge", json!({"into": id(PERSON)})),
        ("accept", json!({"due": now - DAY})),
        ("accept", json!({"due": i64::MAX})),
        ("accept", json!({"opinion": "长".repeat(1_001)})),
    ];
    for (number, (action, more)) in wrong.into_iter().enumerate() {
        let answer = boss.act(number as u128, action, more.clone()).await;
        assert_eq!(answer.0, StatusCode::UNPROCESSABLE_ENTITY, "{action} {more}");
    }
    assert_eq!(boss.act(20, "dispatch", json!({"departments": [HOUSING]})).await.0, StatusCode::FORBIDDEN);
    assert_eq!(boss.act(21, "of_a_newer_version", json!({})).await.0, StatusCode::FORBIDDEN);
    assert_eq!(boss.incident().await["seen"], before["seen"]);
    boss.does(30, "accept", json!({})).await;
    for departments in [json!([]), json!(["99"]), json!([HOUSING, HOUSING])] {
        let answer = boss.act(31, "dispatch", json!({"departments": departments})).await;
        assert_eq!(answer.0, StatusCode::UNPROCESSABLE_ENTITY, "{departments}");
    }
    let no_level = boss.act(32, "whistle", json!({"departments": [HOUSING]})).await;
    assert_eq!(no_level.0, StatusCode::UNPROCESSABLE_ENTITY);
}

#[tokio::test]
async fn more_time_is_asked_once_and_answered_with_a_later_deadline() {
    let bench = Bench::new();
    let (boss, housing) = (bench.sign_in("supervisor").await, bench.sign_in("housing").await);
    dispatched(&boss).await;
    assert_eq!(boss.act(3, "extend", json!({"due": bench.hub.now() + DAY})).await.0, StatusCode::FORBIDDEN);
    housing.does(4, "ask_extension", json!({"opinion": "等配件"})).await;
    assert_eq!(boss.act(5, "extend", json!({})).await.0, StatusCode::UNPROCESSABLE_ENTITY);
    let until = bench.hub.now() + 30 * DAY;
    let page = boss.does(6, "extend", json!({"due": until})).await;
    assert_eq!(page["progress"]["due"]["at"], until);
    assert!(!housing.incident().await["may"].as_array().unwrap().contains(&json!("ask_extension")));
}

#[tokio::test]
async fn a_resident_is_called_three_times_at_most_and_who_is_not_satisfied_has_it_taken_up_again() {
    let bench = Bench::new();
    let (boss, housing) = (bench.sign_in("supervisor").await, bench.sign_in("housing").await);
    dispatched(&boss).await;
    assert_eq!(boss.call_back(3, json!({"reached": false})).await.0, StatusCode::FORBIDDEN);
    let result = housing.does(4, "result", json!({"opinion": "已修"})).await;
    check(&bench, 5, "pass", &result["progress"]["result"]);
    let wrong = [
        json!({"reached": true}),
        json!({"reached": false, "satisfaction": "satisfied"}),
        json!({"reached": true, "satisfaction": "dissatisfied"}),
        json!({"reached": true, "satisfaction": "delighted"}),
    ];
    for (number, wish) in wrong.into_iter().enumerate() {
        assert_eq!(
            boss.call_back(10 + number as u128, wish.clone()).await.0,
            StatusCode::UNPROCESSABLE_ENTITY,
            "{wish}"
        );
    }
    for number in 20..22 {
        assert_eq!(boss.call_back(number, json!({"reached": false})).await.0, StatusCode::OK);
    }
    let told = boss.call_back(22, json!({"reached": true, "satisfaction": "dissatisfied", "words": "又松了"})).await.1;
    assert_eq!((&told["progress"]["state"], &told["progress"]["reopened"]), (&json!("reopened"), &json!(1)));
    assert_eq!(told["callbacks"].as_array().unwrap().len(), 3);
    assert_eq!(boss.read("departments").await[0]["numbers"]["solved"], 0);
    // About the new work they are asked anew.
    boss.does(30, "dispatch", json!({"departments": [HOUSING]})).await;
    let result = housing.does(31, "result", json!({"opinion": "重新固定"})).await;
    check(&bench, 32, "pass", &result["progress"]["result"]);
    for number in 33..36 {
        assert_eq!(boss.call_back(number, json!({"reached": false})).await.0, StatusCode::OK);
    }
    assert_eq!(boss.call_back(36, json!({"reached": false})).await.0, StatusCode::FORBIDDEN);
}

#[tokio::test]
async fn a_duplicate_is_merged_into_another_and_is_over() {
    let bench = Bench::new();
    let boss = bench.sign_in("supervisor").await;
    const OTHER: u128 = 60;
    let blank = Record { id: id(OTHER), fields: Fields::new(), ..bench.record(INCIDENT) };
    bench.enrol("worker").write(
        &blank,
        json!({"category": "0601", "list_version": 1, "severity": 2, "title": "井盖缺失", "happened_at": 900, "by": "worker"}),
    );
    let found = boss.read("incidents?text=井盖缺").await;
    assert_eq!(found["items"][0]["id"], json!(id(OTHER)));
    let page = boss.does(1, "merge", json!({"into": id(OTHER)})).await;
    assert_eq!((&page["progress"]["state"], &page["progress"]["ended"]), (&json!("merged"), &json!(true)));
    assert_eq!(page["progress"]["merged_into"], found["items"][0]["number"]);
}

#[tokio::test]
async fn an_incident_is_merged_into_none_of_another_cell_though_the_actor_sees_both() {
    let bench = Bench::new();
    let town = bench.sign_in("town").await;
    const OTHER: u128 = 61;
    let blank =
        Record { id: id(OTHER), cell: bench::cell(OTHER_CELL), fields: Fields::new(), ..bench.record(INCIDENT) };
    bench.enrol("far-worker").write(
        &blank,
        json!({"category": "0601", "list_version": 1, "severity": 2, "title": "井盖缺失", "happened_at": 900, "by": "far-worker"}),
    );
    assert_eq!(town.read("incidents?text=井盖缺").await["items"][0]["id"], json!(id(OTHER)));
    let (status, refused) = town.act(1, "merge", json!({"into": id(OTHER)})).await;
    assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(refused["problems"], json!([{"field": "into", "code": "not_allowed"}]));
    let beside = town.read(&format!("incidents?text=井盖缺&place={CELL}")).await;
    assert_eq!(beside["items"], json!([]), "the sheet looks in the own cell, and offers what can be named");
}

#[tokio::test]
async fn the_list_is_filtered_counted_and_cut_into_pages_and_a_wrong_word_is_refused() {
    let bench = Bench::new();
    let boss = bench.sign_in("supervisor").await;
    let mut worker = bench.enrol("worker");
    for number in 0..5 {
        let blank = Record { id: id(70 + number), fields: Fields::new(), ..bench.record(INCIDENT) };
        worker.write(
            &blank,
            json!({"category": "0701", "list_version": 1, "severity": 3, "title": format!("垃圾堆积 {number}"),
                "happened_at": 900, "by": "worker", "place": "东门外"}),
        );
    }
    let (mut after, mut seen) = (String::new(), Vec::new());
    loop {
        let page = boss.read(&format!("incidents?limit=2&after={after}")).await;
        seen.extend(page["items"].as_array().unwrap().iter().map(|item| item["id"].clone()));
        match page["next"].as_str() {
            Some(next) => next.clone_into(&mut after),
            None => break,
        }
    }
    let all = boss.read("incidents").await;
    let ids: Vec<Value> = all["items"].as_array().unwrap().iter().map(|item| item["id"].clone()).collect();
    assert_eq!((seen.len(), &seen), (6, &ids));
    let count = |page: &Value| page["items"].as_array().unwrap().len();
    for (words, expected) in [
        ("category=07", 5),
        ("category=0601", 1),
        ("severity=1", 1),
        ("text=东门", 5),
        ("stage=handle", 0),
        ("over=ended", 0),
        ("place=610722001001001", 6),
        ("text=%25", 0),
        ("category=0701&severity=3&overdue=yes", 0),
    ] {
        assert_eq!(count(&boss.read(&format!("incidents?{words}")).await), expected, "{words}");
    }
    let board = boss.read("incidents/board").await;
    let accept = board.as_array().unwrap().iter().find(|column| column["stage"] == "accept").unwrap();
    assert_eq!((accept["count"]["open"].as_u64(), accept["items"].as_array().unwrap().len()), (Some(6), 6));
    for wrong in [
        "stage=nowhere",
        "over=perhaps",
        "severity=high",
        "order=worst",
        "after=x",
        "place=1",
        "limit=many",
        "by=worker",
        "overdue=no",
        "text=一二三四五六七八九十一二三四五六七八九十一二三四五六七八九十一二三四五六七八九十一",
    ] {
        assert_eq!(boss.get(&format!("incidents?{wrong}")).await.0, StatusCode::BAD_REQUEST, "{wrong}");
    }
    assert_eq!(boss.get("incidents?place=610722001002").await.0, StatusCode::FORBIDDEN);
}

/// Incidents of the bench's village, each at a place on the map or nowhere.
fn report(bench: &Bench, places: impl IntoIterator<Item = Value>) {
    let mut phone = bench.enrol("worker");
    for (number, position) in (1_u128..).zip(places) {
        let record = Record { id: id(5_000 + number), fields: Fields::new(), ..bench.record(INCIDENT) };
        let mut fields = json!({"category": "0601", "list_version": 1, "severity": 2, "title": format!("路灯 {number}"),
            "happened_at": bench.hub.now(), "by": "worker"});
        if !position.is_null() {
            fields["position"] = position;
        }
        phone.write(&record, fields);
    }
}

#[tokio::test]
async fn the_map_finds_what_the_list_finds_and_counts_what_has_no_place() {
    let bench = Bench::new();
    let boss = bench.sign_in("supervisor").await;
    let before = boss.read("incidents/map").await;
    report(&bench, [json!({"lat": 33.15, "lng": 107.33}), Value::Null]);
    let map = boss.read("incidents/map").await;
    let grown = |name: &str| map[name].as_u64().unwrap() - before[name].as_u64().unwrap();
    assert_eq!((grown("placed"), grown("unplaced")), (1, 1));
    let listed = boss.read("incidents").await;
    assert_eq!(map["counts"], listed["counts"]);
    let all = map["placed"].as_u64().unwrap() + map["unplaced"].as_u64().unwrap();
    assert_eq!(all, listed["items"].as_array().unwrap().len() as u64);
    let points = map["points"].as_array().unwrap();
    assert_eq!(points.len() as u64, map["placed"].as_u64().unwrap());
    assert!(points.iter().any(|point| point["line"]["title"] == "路灯 1" && point["position"]["lat"] == 33.15));
    // What has no place on the map is reached through the list.
    let without = boss.read("incidents?placed=no").await;
    assert!(without["items"].as_array().unwrap().iter().any(|line| line["title"] == "路灯 2"));
    assert!(without["items"].as_array().unwrap().iter().all(|line| line["title"] != "路灯 1"));
    assert_eq!(boss.read("incidents/map?severity=4").await["points"], json!([]));
}

#[tokio::test]
async fn a_handler_finds_on_the_map_only_what_the_own_department_has() {
    let bench = Bench::new();
    let (boss, housing) = (bench.sign_in("supervisor").await, bench.sign_in("housing").await);
    report(&bench, [json!({"lat": 33.15, "lng": 107.33})]);
    let map = housing.read("incidents/map").await;
    assert_eq!((&map["placed"], &map["unplaced"], &map["points"]), (&json!(0), &json!(0), &json!([])));
    dispatched(&boss).await;
    let map = housing.read("incidents/map").await;
    assert_eq!(map["placed"].as_u64().unwrap() + map["unplaced"].as_u64().unwrap(), 1);
    assert_eq!(housing.get("incidents/map?department=20").await.0, StatusCode::FORBIDDEN);
    assert_eq!(housing.get("incidents/map?placed=perhaps").await.0, StatusCode::BAD_REQUEST);
}

#[tokio::test]
async fn more_than_can_be_drawn_one_by_one_are_told_by_place_and_none_is_missing() {
    let bench = Bench::new();
    report(&bench, (0..301).map(|number| json!({"lat": 33.15 + f64::from(number) / 1e5, "lng": 107.33})));
    let map = bench.sign_in("supervisor").await.read("incidents/map").await;
    assert_eq!(map["points"], json!([]));
    let places = map["places"].as_array().unwrap();
    let told: u64 = places.iter().map(|place| place["incidents"].as_u64().unwrap()).sum();
    assert_eq!((told, told >= 301), (map["placed"].as_u64().unwrap(), true));
    assert!(places.iter().all(|place| place["place"].as_str().unwrap().len() == 15));
}

/// An incident at a place on the map in each of these cells, as if it had come with the register.
fn report_in(bench: &Bench, first: u128, cells: impl IntoIterator<Item = String>) {
    let now = bench.hub.now();
    let one = |(number, code): (u128, String)| {
        let fields = json!({"category": "0601", "list_version": 1, "severity": 3, "title": "路灯", "happened_at": now,
            "by": "worker", "position": {"lat": 33.15, "lng": 107.33}});
        let record = Record {
            id: id(first + number),
            kind: Kind::Incident,
            cell: CellCode::new(&code).unwrap(),
            fields: serde_json::from_value(fields).unwrap(),
            stamps: Stamps::all(Stamp::new(now, 0, Node(1))),
        };
        BulkRecord { record, by: AccountId::new("worker").unwrap(), at: now, state: ReviewState::NotReviewed }
    };
    let bulk: Vec<BulkRecord> = (0..).zip(cells).map(one).collect();
    assert_eq!(bench.hub.load(&bulk).unwrap(), bulk.len());
}

#[tokio::test]
async fn where_cells_are_too_many_villages_are_told_then_towns_then_the_county_and_never_one_incident_less() {
    let bench = Bench::new();
    let boss = bench.sign_in("county-boss").await;
    let told = async |digits: usize, placed: u64| {
        let map = boss.read("incidents/map").await;
        let places = map["places"].as_array().unwrap();
        let of = |place: &Value| place["incidents"].as_u64().unwrap();
        assert_eq!((&map["placed"], places.iter().map(of).sum::<u64>()), (&json!(placed), placed), "{digits} digits");
        assert!(places.iter().all(|place| place["place"].as_str().unwrap().len() == digits), "{digits}: {places:?}");
        assert!(places.len() <= 300 && map["points"] == json!([]), "{digits} digits");
        places.len()
    };
    // As many as can be drawn one by one are.
    report_in(&bench, 10_000, (1..=300).map(|number| format!("610722001001{number:03}")));
    let map = boss.read("incidents/map").await;
    assert_eq!((map["points"].as_array().unwrap().len(), &map["places"]), (300, &json!([])));
    report_in(&bench, 20_000, ["610722001001001".to_owned()]);
    assert_eq!(told(15, 301).await, 300, "one more than can be drawn: the cells");
    report_in(&bench, 30_000, ["610722001001301".to_owned()]);
    assert_eq!(told(12, 302).await, 1, "more cells than can be told: the village");
    report_in(&bench, 40_000, (2..=301).map(|number| format!("610722001{number:03}001")));
    assert_eq!(told(9, 602).await, 1, "more villages: the town");
    report_in(&bench, 50_000, (2..=301).map(|number| format!("610722{number:03}001001")));
    assert_eq!(told(6, 902).await, 1, "more towns: the county");
    // Whoever sees one village is still told its cells, and nothing of the others.
    let map = bench.sign_in("neighbour").await.read("incidents/map").await;
    assert_eq!((&map["placed"], &map["points"][0]["line"]["title"]), (&json!(1), &json!("路灯")));
}
