//! Marks of an evacuation at the desk: those that stayed behind when the order moved, and those of phones whose clocks are ahead.

use domain::scope::Role;
use domain::{AccountId, Change, Kind, RecordId, Stamps};
use serde_json::{Value, json};

use crate::common::{County, MINUTE, PASSWORD, START, TestPhone, cell};
use crate::seat::Seat;

/// An evacuation of one person, ordered in the second cell, and the phone of the worker who marks.
struct Valley {
    county: County,
    worker: TestPhone,
    evacuation: RecordId,
    person: RecordId,
}

fn valley() -> Valley {
    let county = crate::accounts::county();
    let mut worker = county.worker("worker-1", &[cell(1), cell(2)]);
    let home = worker.new_home(&cell(2));
    worker.push_all(&home);
    county.account("boss-1", Role::Supervisor, &["610722001001"], &[cell(2)]);
    let mut boss = county.phone_of(&AccountId::new("boss-1").unwrap());
    let point = boss.new_record(Kind::HazardPoint, &cell(2), json!({"name": "后坡", "hazard_kind": "landslide"}));
    let listed = json!([{"person": home[2].id, "household": home[1].id, "point": point.id, "name": "张三"}]);
    let order = json!({"reason": "强降雨", "level": "red", "drill": false, "points": [point.id],
        "ordered_at": START, "by": boss.account(), "roster": listed});
    let order = boss.new_record(Kind::Evacuation, &cell(2), order);
    boss.push_all(&[point, order.clone()]);
    Valley { county, worker, evacuation: order.id, person: home[2].id }
}

impl Valley {
    fn mark(&mut self, mark: &str) -> Change {
        let by = self.worker.account();
        let fields = json!({"evacuation": self.evacuation, "person": self.person, "mark": mark, "at": START, "by": by});
        self.worker.new_record(Kind::RollCall, &cell(2), fields)
    }

    async fn desk(&self) -> Seat {
        Seat::signed_in(&self.county, "boss-1", PASSWORD).await.unwrap()
    }

    /// Marks the person at the desk, where this mark was seen.
    async fn mark_at_desk(&self, desk: &Seat, seen: RecordId, mark: &str) {
        let people = json!({(self.person.to_string()): seen});
        let path = format!("/desk/api/evacuations/{}/marks", self.evacuation);
        desk.done(&path, json!({"people": people, "mark": mark, "note": null})).await;
    }
}

async fn totals(desk: &Seat) -> Value {
    desk.get("/desk/api/evacuations").await.json()["standing"][0]["totals"].clone()
}

#[tokio::test]
async fn marks_that_stayed_behind_when_the_order_s_cell_was_merged_still_count_at_the_desk() {
    let mut valley = valley();
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
    valley.mark_at_desk(&desk, mark.id, "moved_shelter").await;
    assert_eq!(totals(&desk).await["shelter"], 1);
}

#[tokio::test]
async fn a_mark_at_the_desk_counts_after_one_of_a_phone_whose_clock_is_ahead() {
    let mut valley = valley();
    let mut mark = valley.mark("called");
    mark.stamps = Stamps::all(valley.worker.clock.tick(START + 90_000));
    valley.worker.push_all(std::slice::from_ref(&mark));
    // A server that has just started knows of no clock but its own.
    valley.county.restart();
    let desk = valley.desk().await;
    valley.mark_at_desk(&desk, mark.id, "moved_shelter").await;
    let found = totals(&desk).await;
    assert_eq!((&found["called"], &found["shelter"]), (&json!(0), &json!(1)), "{found}");
}
