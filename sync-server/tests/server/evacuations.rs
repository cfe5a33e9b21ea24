//! Marks of an evacuation: of people who moved, those that stayed behind when the order moved, and those of phones whose clocks are ahead.

use domain::protocol::Verdict;
use domain::scope::Role;
use domain::{AccountId, Change, Kind, ProblemCode, RecordId, Stamps};
use serde_json::{Value, json};

use crate::common::{County, MINUTE, PASSWORD, START, TestPhone, cell};
use crate::seat::Seat;

/// An evacuation of some homes, ordered in the second cell, and the phone of the worker who marks.
struct Valley {
    county: County,
    worker: TestPhone,
    evacuation: RecordId,
    homes: Vec<[Change; 3]>,
}

fn valley(homes: usize) -> Valley {
    let county = crate::accounts::county();
    let mut worker = county.worker("worker-1", &[cell(1), cell(2)]);
    let homes: Vec<[Change; 3]> = (0..homes).map(|_| worker.new_home(&cell(2))).collect();
    worker.push_all(&homes.concat());
    county.account("boss-1", Role::Supervisor, &["610722001001"], &[cell(2)]);
    let mut boss = county.phone_of(&AccountId::new("boss-1").unwrap());
    let point = boss.new_record(Kind::HazardPoint, &cell(2), json!({"name": "后坡", "hazard_kind": "landslide"}));
    let listed =
        |home: &[Change; 3]| json!({"person": home[2].id, "household": home[1].id, "point": point.id, "name": "张三"});
    let roster: Vec<Value> = homes.iter().map(listed).collect();
    let order = json!({"reason": "强降雨", "level": "red", "drill": false, "points": [point.id],
        "ordered_at": START, "by": boss.account(), "roster": roster});
    let order = boss.new_record(Kind::Evacuation, &cell(2), order);
    boss.push_all(&[point, order.clone()]);
    Valley { county, worker, evacuation: order.id, homes }
}

impl Valley {
    fn person(&self, number: usize) -> RecordId {
        self.homes[number][2].id
    }

    /// The worker moves a home to the first cell, some time ago.
    fn move_away(&mut self, number: usize) {
        self.county.world.pass(5 * MINUTE);
        let parts = self.homes[number].clone();
        let moved = parts.map(|part| self.worker.change(part.kind, part.id, &cell(2), json!({"cell": cell(1)})));
        self.worker.push_all(&moved);
        self.county.world.pass(5 * MINUTE);
    }

    fn mark(&mut self, mark: &str) -> Change {
        let person = self.person(0);
        marked(&mut self.worker, self.evacuation, person, mark)
    }

    async fn desk(&self) -> Seat {
        Seat::signed_in(&self.county, "boss-1", PASSWORD).await.unwrap()
    }

    /// Marks people at the desk, where these marks were seen of them.
    async fn mark_at_desk(&self, desk: &Seat, seen: Value, mark: &str) {
        let path = format!("/desk/api/evacuations/{}/marks", self.evacuation);
        desk.done(&path, json!({"people": seen, "mark": mark, "note": null})).await;
    }
}

/// A mark of somebody on a phone, in the cell of the order.
fn marked(phone: &mut TestPhone, evacuation: RecordId, person: RecordId, mark: &str) -> Change {
    let by = phone.account();
    let fields = json!({"evacuation": evacuation, "person": person, "mark": mark, "at": START, "by": by});
    phone.new_record(Kind::RollCall, &cell(2), fields)
}

async fn totals(desk: &Seat) -> Value {
    desk.get("/desk/api/evacuations").await.json()["standing"][0]["totals"].clone()
}

#[tokio::test]
async fn whoever_moved_since_the_order_is_marked_at_the_desk_with_all_others() {
    let mut valley = valley(3);
    valley.move_away(1);
    let desk = valley.desk().await;
    let seen: Value = (0..3).map(|number| (valley.person(number).to_string(), Value::Null)).collect();
    valley.mark_at_desk(&desk, seen, "moved_shelter").await;
    let found = totals(&desk).await;
    assert_eq!((&found["due"], &found["shelter"]), (&json!(3), &json!(3)), "{found}");
}

#[test]
fn a_phone_marks_whoever_is_on_the_roster_though_they_moved_and_nobody_else_of_another_cell() {
    let mut valley = valley(2);
    let stranger = valley.worker.new_home(&cell(1));
    valley.worker.push_all(&stranger);
    valley.move_away(0);
    let mut colleague = valley.county.worker("worker-2", &[cell(2)]);
    let mark = marked(&mut colleague, valley.evacuation, valley.person(0), "moved_shelter");
    let of_stranger = marked(&mut colleague, valley.evacuation, stranger[2].id, "called");
    let again = marked(&mut colleague, valley.evacuation, valley.person(0), "returned");
    let verdicts = colleague.push(&[mark.clone(), of_stranger, again]);
    let Verdict::Refused(refusal) = &verdicts[1] else { panic!("whoever is not on the roster: {verdicts:?}") };
    assert_eq!(refusal.code, ProblemCode::MissingTarget);
    assert_eq!((&verdicts[0], &verdicts[2]), (&Verdict::Accepted, &Verdict::Accepted));
    assert_eq!(valley.county.stored(mark.id).unwrap().record.cell, cell(2), "where the order lies");
    let boss = valley.county.hub.sign_in("boss-1", PASSWORD).unwrap().desk.actor;
    valley.county.hub.erase(&boss, valley.person(0)).unwrap();
    let late = marked(&mut colleague, valley.evacuation, valley.person(0), "called");
    assert_eq!(colleague.refused(&late), ProblemCode::Erased);
}

#[tokio::test]
async fn marks_that_stayed_behind_when_the_order_s_cell_was_merged_still_count_at_the_desk() {
    let mut valley = valley(1);
    let mark = valley.mark("called");
    valley.worker.push_all(std::slice::from_ref(&mark));
    valley.county.account("admin-1", Role::Admin, &["610722"], &[]);
    let admin = valley.county.hub.sign_in("admin-1", PASSWORD).unwrap().desk;
    valley.county.world.pass(MINUTE);
    valley.county.hub.merge_cell(&admin.actor, &cell(2), &cell(1)).unwrap();
    assert_eq!(valley.county.stored(valley.evacuation).unwrap().record.cell, cell(1));
    assert_eq!(
        valley.county.stored(mark.id).unwrap().record.cell,
        cell(2),
        "what was marked there stays written there"
    );
    let desk = valley.desk().await;
    let found = totals(&desk).await;
    assert_eq!(
        (&found["due"], &found["called"], &found["not_contacted"]),
        (&json!(1), &json!(1), &json!(0)),
        "{found}"
    );
    // And the desk goes on from the mark that it sees.
    valley.mark_at_desk(&desk, json!({valley.person(0).to_string(): mark.id}), "moved_shelter").await;
    assert_eq!(totals(&desk).await["shelter"], 1);
    // A page that watches hears of what a phone marks in the old cell, since it has not heard of the merge.
    let path = format!("/desk/api/evacuations/{}", valley.evacuation);
    let watched = desk.get(&path).await.json()["reached"].clone();
    let asked = format!("{path}/reached");
    assert_eq!(desk.get(&asked).await.json()["reached"], watched);
    let late = valley.mark("returned");
    valley.worker.push_all(&[late]);
    assert_ne!(desk.get(&asked).await.json()["reached"], watched);
}

#[tokio::test]
async fn a_mark_at_the_desk_counts_after_one_of_a_phone_whose_clock_is_ahead() {
    let mut valley = valley(1);
    let mut mark = valley.mark("called");
    mark.stamps = Stamps::all(valley.worker.clock.tick(START + 90_000));
    valley.worker.push_all(std::slice::from_ref(&mark));
    // A server that has just started knows of no clock but its own.
    valley.county.restart();
    let desk = valley.desk().await;
    valley.mark_at_desk(&desk, json!({valley.person(0).to_string(): mark.id}), "moved_shelter").await;
    let found = totals(&desk).await;
    assert_eq!((&found["called"], &found["shelter"]), (&json!(0), &json!(1)), "{found}");
}
