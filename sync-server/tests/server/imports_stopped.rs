//! A register that is taken in and stops, and goes on when workers have changed meanwhile what its first rows brought or came to.

use domain::review::ReviewState;
use domain::scope::{Actor, Role};
use domain::{Change, Kind, Record, RecordId};
use rusqlite::Connection;
use serde_json::{Value, json};
use sync_server::hub::imports::ImportOf;
use sync_server::store::Store as _;

use crate::common::{County, MINUTE, PASSWORD, TestPhone, cell};

const HEAD: &str = "网格编码,楼栋,单元,室,户编号,姓名,性别,身份证号,与户主关系\n";
const DOCUMENT: &str = "11010519491231002X";

/// So many rows are written at once: the first part of the table.
const PART: usize = 500;

/// A table that stopped behind its first part. Its first row brought 李四, its last brings 赵六 into the same household.
struct Stopped {
    county: County,
    worker: TestPhone,
    admin: Actor,
    id: String,
}

/// `before`: what the worker entered before.
fn stopped(before: &[Change], worker: TestPhone, county: County) -> Stopped {
    stopped_between(["户主", "儿子"], before, worker, county)
}

/// What the first row's resident and the last one's are to the householder.
fn stopped_between(relations: [&str; 2], before: &[Change], worker: TestPhone, county: County) -> Stopped {
    let tried = tried(relations, before, worker, county);
    let (conn, hub) = (tried.database(), &tried.county.hub);
    let cut = format!("BEFORE UPDATE ON import_batch WHEN NEW.done = {}", PART + 1);
    conn.execute_batch(&format!("CREATE TRIGGER cut {cut} BEGIN SELECT RAISE(ABORT, 'cut'); END")).unwrap();
    hub.begin_import(&tried.admin, &tried.id).unwrap();
    assert!(hub.go_on_with_import(&tried.admin, &tried.id).is_err());
    conn.execute_batch("DROP TRIGGER cut").unwrap();
    tried.county.world.pass(MINUTE);
    tried
}

/// A table that was tried, and that nobody has begun to write.
fn tried(relations: [&str; 2], before: &[Change], mut worker: TestPhone, county: County) -> Stopped {
    worker.push_all(before);
    county.world.pass(MINUTE);
    county.account("admin-1", Role::Admin, &["610722"], &[]);
    let admin = county.hub.sign_in("admin-1", PASSWORD).unwrap().desk.actor;
    let row = |room: usize, name: &str, document: &str, relation: &str| {
        format!("610722001001001,3号楼,1单元,{room},1,{name},男,{document},{relation}\n")
    };
    let filling: String = (2..=PART).map(|room| row(room, "张三", "", "户主")).collect();
    let [first, last] = relations;
    let table = format!("{HEAD}{}{filling}{}", row(1, "李四", DOCUMENT, first), row(1, "赵六", "", last));
    let hub = &county.hub;
    let id = hub.upload_table(&admin, "x.csv", ImportOf::Register, table.as_bytes()).unwrap().batch.id;
    let plan = hub.import_for(&admin, &id).unwrap().0.plan;
    hub.begin_check(&admin, &id, &plan).unwrap();
    hub.go_on_with_import(&admin, &id).unwrap();
    Stopped { county, worker, admin, id }
}

fn county_and_worker() -> (County, TestPhone) {
    let county = crate::accounts::county();
    let worker = county.worker("worker-1", &[cell(1), cell(2)]);
    (county, worker)
}

/// A register in which the table finds nothing.
fn stopped_alone() -> Stopped {
    let (county, worker) = county_and_worker();
    stopped(&[], worker, county)
}

impl Stopped {
    fn database(&self) -> Connection {
        Connection::open(self.county.folder.path().join("county.db")).unwrap()
    }

    fn resident(&self, name: &str) -> Record {
        let people = [1, 2].map(|number| {
            self.county.hub.store().read(|reading| reading.of_kind(&cell(number), &Kind::Person)).unwrap()
        });
        let mut people = people.into_iter().flatten().map(|stored| stored.record);
        people.find(|person| person.text("name") == Some(name)).unwrap()
    }

    /// The first row's door, household and resident.
    fn first(&self) -> [Record; 3] {
        let person = self.resident("李四");
        let household = self.record(person.reference("household").unwrap());
        [self.record(household.reference("dwelling").unwrap()), household, person]
    }

    fn record(&self, id: RecordId) -> Record {
        self.county.stored(id).unwrap().record
    }

    /// The worker writes something into a record.
    fn write(&mut self, record: &Record, fields: Value) {
        let change = self.worker.change(record.kind.clone(), record.id, &record.cell, fields);
        self.worker.push_all(&[change]);
    }

    /// Goes on to the end, and nothing is refused: the household of the last row's resident, which stands in the cell behind a door that does.
    fn gone_on(&self) -> RecordId {
        let hub = &self.county.hub;
        hub.begin_import(&self.admin, &self.id).unwrap();
        hub.go_on_with_import(&self.admin, &self.id).unwrap();
        let report = hub.import_for(&self.admin, &self.id).unwrap().0.report;
        assert_eq!((report.wrong, report.created["person"]), (0, PART + 1), "{:?}", report.findings);
        let household = self.record(self.resident("赵六").reference("household").unwrap());
        let door = self.record(household.reference("dwelling").unwrap());
        for record in [&household, &door] {
            assert!(record.is_present() && record.cell == cell(1), "{record:?}");
        }
        household.id
    }
}

#[test]
fn what_is_left_of_a_register_is_told_when_its_cell_is_merged_while_it_is_written() {
    let (county, worker) = county_and_worker();
    let tried = tried(["户主", "儿子"], &[], worker, county);
    let over = "UPDATE place SET retired_at = 1, succeeded_by = '610722001001002' WHERE code = '610722001001001'";
    let trigger =
        format!("CREATE TRIGGER merged AFTER UPDATE ON import_batch WHEN NEW.done = {PART} BEGIN {over}; END");
    tried.database().execute_batch(&trigger).unwrap();
    let hub = &tried.county.hub;
    hub.begin_import(&tried.admin, &tried.id).unwrap();
    hub.go_on_with_import(&tried.admin, &tried.id).unwrap();
    let report = hub.import_for(&tried.admin, &tried.id).unwrap().0.report;
    assert_eq!((report.wrong, report.created["person"]), (1, PART), "{:?}", report.findings);
    let wrong = report.findings.iter().find(|finding| finding.wrong).unwrap();
    assert_eq!((wrong.row, wrong.code.as_str()), (PART + 2, "foreign_cell"), "the last row, below the headings");
}

#[test]
fn a_worker_s_household_that_was_taken_out_or_moved_away_gets_nobody_else() {
    for change in [json!({"deleted": true}), json!({"cell": cell(2)})] {
        let (county, mut worker) = county_and_worker();
        let house = json!({"name": "3号楼", "building_kind": "residential"});
        let house = worker.new_record(Kind::Building, &cell(1), house);
        let door = json!({"use": "own", "building": house.id, "unit": "1", "room": "1"});
        let door = worker.new_record(Kind::Dwelling, &cell(1), door);
        let theirs = worker.new_record(Kind::Household, &cell(1), json!({"dwelling": door.id}));
        let mut stopped = stopped(&[house, door, theirs.clone()], worker, county);
        let [_, household, _] = stopped.first();
        assert_eq!(household.id, theirs.id, "the first row found it");
        stopped.write(&household, change);
        assert_ne!(stopped.gone_on(), theirs.id);
    }
}

#[test]
fn a_door_that_the_table_brought_and_a_worker_took_out_is_brought_once_more() {
    let mut stopped = stopped_alone();
    let [door, household, _] = stopped.first();
    stopped.write(&door, json!({"deleted": true}));
    assert_ne!(stopped.gone_on(), household.id);
}

#[test]
fn a_home_that_the_table_brought_and_a_worker_moved_away_gets_nobody_else() {
    let mut stopped = stopped_alone();
    let home = stopped.first();
    for record in &home {
        stopped.write(record, json!({"cell": cell(2)}));
    }
    assert_ne!(stopped.gone_on(), home[1].id);
}

#[test]
fn where_a_household_gave_way_that_the_table_brought_the_next_of_its_people_is_in_the_one_that_stands() {
    let (county, mut worker) = county_and_worker();
    let theirs = worker.new_home(&cell(1));
    let mut stopped = stopped(&theirs, worker, county);
    let [_, household, _] = stopped.first();
    stopped.write(&household, json!({"merged_into": theirs[1].id}));
    assert_eq!(stopped.gone_on(), theirs[1].id);
}

#[test]
fn a_document_that_a_worker_has_entered_too_since_hides_no_household_that_the_table_brought() {
    let mut stopped = stopped_alone();
    let [_, household, _] = stopped.first();
    let mut home = stopped.worker.new_home(&cell(1));
    for (field, said) in [("document_kind", "id_card"), ("document_number", DOCUMENT)] {
        home[2].fields.insert(field.into(), json!(said));
    }
    stopped.worker.push_all(&home);
    assert_eq!(stopped.gone_on(), household.id);
}

#[test]
fn what_a_worker_wrote_in_a_household_waits_though_a_later_row_names_its_head() {
    for writes in [true, false] {
        let (county, worker) = county_and_worker();
        let mut stopped = stopped_between(["儿子", "户主"], &[], worker, county);
        let [_, household, _] = stopped.first();
        assert_eq!(household.reference("head"), None);
        if writes {
            stopped.write(&household, json!({"access_note": "有狗"}));
        }
        assert_eq!(stopped.gone_on(), household.id);
        let stored = stopped.county.stored(household.id).unwrap();
        assert_eq!(stored.record.reference("head"), Some(stopped.resident("赵六").id));
        let expected = if writes { ReviewState::Waiting } else { ReviewState::Approved };
        assert_eq!(stored.state, expected, "nobody has read what was written since");
    }
}
