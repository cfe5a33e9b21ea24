//! A month report and an import of a register that are cut: by a statement that fails, and by the end of the whole program. Nothing
//! half is left, and whoever does it again has what there would be if nothing had happened.

use std::collections::BTreeMap;
use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::path::Path;
use std::time::{Duration, Instant};

use domain::report::Period;
use domain::scope::Role;
use domain::{AccountId, CellCode, Kind, Record, RecordId};
use rusqlite::Connection;
use sync_server::hub::imports::{ImportOf, ImportState};
use sync_server::hub::{CountyHub, open_folder};
use sync_server::store::{Account, Place, PlaceFigures, Store as _};
use tempfile::TempDir;

use crate::command_line::Serving;
use crate::common::{PASSWORD, cell, scope};

/// Rows of the table; it is written in parts of 500.
const ROWS: usize = 2_000;

/// Somebody of the county's office.
fn office(name: &str, role: Role) -> Account {
    Account {
        id: AccountId::new(name).unwrap(),
        display_name: name.into(),
        role,
        scopes: vec![scope("610722")],
        password_hash: None,
        closed_at: None,
        department: None,
    }
}

/// A county of some hundred places in which something happened last month.
fn filled(hub: &CountyHub) {
    let mut codes = vec!["610722".to_owned(), "610722001".to_owned()];
    for village in 1..=40 {
        codes.push(format!("610722001{village:03}"));
        codes.extend((1..=6).map(|number| format!("610722001{village:03}{number:03}")));
    }
    let places: Vec<Place> =
        codes.iter().map(|code| Place { code: scope(code), name: format!("地方 {code}") }).collect();
    hub.put_places(&places).unwrap();
    let at = last_month(hub).moments().start + 1_000;
    let records = codes.iter().filter_map(|code| CellCode::new(code).ok()).flat_map(|cell| {
        let home = RecordId(uuid::Uuid::from_u128(cell.as_str().parse().unwrap()));
        let visit = RecordId(uuid::Uuid::from_u128(home.0.as_u128() << 8));
        let fields = serde_json::json!({"target": home, "target_kind": "household", "at": at, "result": "met", "by": "worker-1"});
        let record = |id, kind, fields: serde_json::Value| sync_server::store::BulkRecord {
            record: Record {
                id,
                kind,
                cell: cell.clone(),
                fields: serde_json::from_value(fields).unwrap(),
                stamps: domain::Stamps::all(domain::Stamp::ZERO),
            },
            by: AccountId::new("worker-1").unwrap(),
            at,
            state: domain::review::ReviewState::Approved,
        };
        [record(home, Kind::Household, serde_json::json!({})), record(visit, Kind::Visit, fields)]
    });
    hub.load(&records.collect::<Vec<_>>()).unwrap();
}

fn last_month(hub: &CountyHub) -> Period {
    Period::month_of(domain::validate::today(hub.now())).unwrap().before().unwrap()
}

fn copied(from: &Path) -> TempDir {
    let to = tempfile::tempdir().unwrap();
    for entry in std::fs::read_dir(from).unwrap().map(Result::unwrap) {
        if entry.file_type().unwrap().is_file() {
            std::fs::copy(entry.path(), to.path().join(entry.file_name())).unwrap();
        }
    }
    to
}

/// How many reports there are, and how many places they have.
fn reports(folder: &Path) -> (i64, i64) {
    let conn = Connection::open(folder.join("county.db")).unwrap();
    let sql = "SELECT (SELECT count(*) FROM report), (SELECT count(*) FROM report_place)";
    conn.query_row(sql, [], |row| Ok((row.get(0)?, row.get(1)?))).unwrap()
}

/// The county's only report.
fn report(hub: &CountyHub) -> (u32, Vec<PlaceFigures>) {
    let place = scope("610722");
    let found = hub.store().read(|reading| reading.reports(&place)).unwrap();
    assert_eq!(found.len(), 1, "{found:?}");
    let mut places = Vec::new();
    for digits in [9, 12, 15] {
        places.extend(hub.store().read(|reading| reading.report_places(found[0].id, &place, digits)).unwrap());
    }
    (found[0].version, places)
}

#[test]
fn a_report_whose_writing_fails_between_two_places_leaves_nothing_and_is_made_again_as_if_nothing_had_been() {
    let folder = tempfile::tempdir().unwrap();
    let hub = open_folder(folder.path()).unwrap();
    filled(&hub);
    let whole = copied(folder.path());
    let uncut = open_folder(whole.path()).unwrap();
    assert_eq!(uncut.make_due_reports().unwrap(), 1);
    let expected = report(&uncut);
    assert!(expected.1.len() > 280, "{}", expected.1.len());
    let conn = Connection::open(folder.path().join("county.db")).unwrap();
    let cuts = ["610722", "610722001", "610722001001001", "610722001020", "610722001040006"];
    let places = cuts.map(|place| format!("BEFORE INSERT ON report_place WHEN NEW.place = '{place}'"));
    for cut in places.into_iter().chain(["BEFORE INSERT ON report", "BEFORE INSERT ON audit"].map(str::to_owned)) {
        conn.execute_batch(&format!("CREATE TRIGGER cut {cut} BEGIN SELECT RAISE(ABORT, 'cut'); END")).unwrap();
        assert!(hub.make_due_reports().is_err(), "{cut}");
        assert_eq!(reports(folder.path()), (0, 0), "{cut}");
        conn.execute_batch("DROP TRIGGER cut").unwrap();
    }
    assert_eq!(hub.make_due_reports().unwrap(), 1);
    assert_eq!(report(&hub), expected);
    assert_eq!(hub.make_due_reports().unwrap(), 0, "and once only");
}

#[test]
fn a_server_that_is_killed_while_it_makes_the_month_leaves_the_whole_report_or_none_and_makes_it_when_it_starts_again()
{
    let folder = tempfile::tempdir().unwrap();
    filled(&open_folder(folder.path()).unwrap());
    let whole = copied(folder.path());
    let begun = Instant::now();
    let serving = Serving::start(&whole);
    wait_for(|| reports(whole.path()).0 == 1);
    let takes = begun.elapsed();
    drop(serving);
    let uncut = report(&open_folder(whole.path()).unwrap());
    let mut without = 0;
    for cut in 0..8 {
        let folder = copied(folder.path());
        {
            let begun = Instant::now();
            let serving = Serving::start(&folder);
            // From the moment it listens to a little after the report would be there.
            std::thread::sleep((takes * (4 + cut) / 10).saturating_sub(begun.elapsed()));
            drop(serving);
        }
        let (made, places) = reports(folder.path());
        assert!(matches!((made, places), (0, 0)) || (made == 1 && places > 280), "{cut}: {made} {places}");
        without += usize::from(made == 0);
        let serving = Serving::start(&folder);
        wait_for(|| reports(folder.path()).0 == 1);
        drop(serving);
        assert_eq!(report(&open_folder(folder.path()).unwrap()), uncut, "cut {cut}");
    }
    eprintln!("of 8 cuts {without} came before the report was whole");
}

fn wait_for(mut there: impl FnMut() -> bool) {
    let begun = Instant::now();
    while !there() {
        assert!(begun.elapsed() < Duration::from_secs(60), "it never came");
        std::thread::sleep(Duration::from_millis(2));
    }
}

/// A table that was tried in a county of three cells.
struct Tried {
    folder: TempDir,
    table: String,
    id: String,
    cookie: String,
    csrf: String,
}

const HEAD: &str = "网格编码,楼栋,单元,室,户编号,姓名,性别,联系电话,与户主关系\n";

/// Everybody has a door of their own.
fn tried() -> Tried {
    let row =
        |row: usize| format!("61072200100100{},{}号楼,1单元,{row},,张三,男,13800001111,户主\n", 1 + row % 2, row % 7);
    tried_with(&(0..ROWS).map(row).collect::<String>())
}

/// A table whose households are scattered over its parts, two behind each door, with the heads towards the end.
fn scattered() -> Tried {
    let names = ["张三", "李四", "王五", "赵六", "孙七", "周八", "吴九"];
    let row = |row: usize| {
        let (door, turn) = (row % 300, row / 300);
        let relation = match turn {
            4 | 5 => "户主",
            6 => "儿子",
            _ => "配偶",
        };
        let (number, name) = (1 + turn % 2, names[turn]);
        format!("61072200100100{},{}号楼,1单元,{door},{number},{name},男,,{relation}\n", 1 + door % 2, door % 7)
    };
    tried_with(&(0..ROWS).map(row).collect::<String>())
}

fn tried_with(rows: &str) -> Tried {
    let folder = tempfile::tempdir().unwrap();
    let hub = open_folder(folder.path()).unwrap();
    let codes = ["610722", "610722001", "610722001001", "610722001001001", "610722001001002"];
    hub.put_places(&codes.map(|code| Place { code: scope(code), name: format!("地方 {code}") })).unwrap();
    let admin = office("admin-1", Role::Admin);
    hub.put_account(admin.clone(), Some(PASSWORD), &[]).unwrap();
    let table = format!("{HEAD}{rows}");
    let id = checked(&hub, &table);
    let signed = hub.sign_in("admin-1", PASSWORD).unwrap();
    drop(hub);
    Tried { folder, table, id, cookie: signed.cookie, csrf: signed.desk.csrf }
}

/// Uploads a table and tries it.
fn checked(hub: &CountyHub, table: &str) -> String {
    let actor = office("admin-1", Role::Admin).actor();
    let id = hub.upload_table(&actor, "x.csv", ImportOf::Register, table.as_bytes()).unwrap().batch.id;
    let plan = hub.import_for(&actor, &id).unwrap().0.plan;
    hub.begin_check(&actor, &id, &plan).unwrap();
    hub.go_on_with_import(&actor, &id).unwrap();
    id
}

impl Tried {
    /// Has a running server write the table.
    fn run(&self, serving: &Serving) {
        let mut line = TcpStream::connect(serving.address).unwrap();
        let Self { id, cookie, csrf, .. } = self;
        write!(
            line,
            "POST /desk/api/imports/{id}/run HTTP/1.1\r\nhost: x\r\ncookie: doorstep_session={cookie}\r\nx-csrf-token: {csrf}\r\n\
             content-type: application/json\r\ncontent-length: 2\r\nconnection: close\r\n\r\n{{}}"
        )
        .unwrap();
        let mut answer = String::new();
        let _ = line.read_to_string(&mut answer);
        assert!(answer.starts_with("HTTP/1.1 202"), "{answer}");
    }

    /// How many rows are done.
    fn done(&self, folder: &Path) -> usize {
        let conn = Connection::open(folder.join("county.db")).unwrap();
        let sql = "SELECT done FROM import_batch WHERE id = ?1";
        let done: i64 = conn.query_row(sql, [&self.id], |row| row.get(0)).unwrap();
        usize::try_from(done).unwrap()
    }

    /// Goes on with the table until it is done.
    fn go_on(&self, hub: &CountyHub) {
        let actor = office("admin-1", Role::Admin).actor();
        hub.begin_import(&actor, &self.id).unwrap();
        hub.go_on_with_import(&actor, &self.id).unwrap();
        let line = hub.import_for(&actor, &self.id).unwrap().0;
        assert_eq!((line.state, line.batch.done, line.report.wrong), (ImportState::Done, ROWS as u64, 0));
        assert_eq!(line.report.created["person"], ROWS, "nobody is counted twice");
    }
}

/// What came in: every record by its id, with its fields, where it lies and how it is reviewed.
fn entered(hub: &CountyHub) -> BTreeMap<RecordId, (Kind, String)> {
    let kinds = [Kind::Building, Kind::Dwelling, Kind::Household, Kind::Person];
    let all = [1, 2].into_iter().flat_map(|number| kinds.clone().map(|kind| (cell(number), kind)));
    let of = |(cell, kind)| hub.store().read(|reading| reading.of_kind(&cell, &kind)).unwrap();
    let told = |stored: sync_server::store::StoredRecord| {
        let record = stored.record;
        (record.id, (record.kind, format!("{} {:?} {:?}", record.cell, record.fields, stored.state)))
    };
    all.flat_map(of).map(told).collect()
}

#[test]
fn a_server_that_is_killed_while_it_takes_a_register_in_has_whole_parts_and_goes_on_to_the_same_register() {
    let tried = tried();
    let whole = copied(tried.folder.path());
    let uncut = open_folder(whole.path()).unwrap();
    tried.go_on(&uncut);
    let expected = entered(&uncut);
    for (cut, wait) in [(0, 0), (0, 40), (500, 0), (500, 25), (1_000, 60), (1_500, 5)] {
        let folder = copied(tried.folder.path());
        {
            let serving = Serving::start(&folder);
            tried.run(&serving);
            wait_for(|| tried.done(folder.path()) >= cut);
            std::thread::sleep(Duration::from_millis(wait));
            drop(serving);
        }
        let hub = open_folder(folder.path()).unwrap();
        hub.imports_have_stopped().unwrap();
        let done = tried.done(folder.path());
        let people = entered(&hub).values().filter(|(kind, _)| *kind == Kind::Person).count();
        assert!(done >= cut && done.is_multiple_of(500), "{done}");
        assert_eq!(people, done, "what is there is what is noted");
        if done < ROWS {
            tried.go_on(&hub);
        }
        assert_eq!(entered(&hub), expected, "cut at {cut}");
    }
}

#[test]
fn an_import_whose_writing_fails_stops_before_the_part_and_goes_on_to_the_same_register() {
    let tried = tried();
    let whole = copied(tried.folder.path());
    let uncut = open_folder(whole.path()).unwrap();
    tried.go_on(&uncut);
    let expected = entered(&uncut);
    let folder = copied(tried.folder.path());
    let hub = open_folder(folder.path()).unwrap();
    let actor = office("admin-1", Role::Admin).actor();
    let conn = Connection::open(folder.path().join("county.db")).unwrap();
    // The first of all records, one in the midst of a part, the note of how far it is, and the end.
    let cuts = [
        ("BEFORE INSERT ON record", 0),
        (
            "BEFORE INSERT ON record WHEN NEW.kind = 'person' AND (SELECT count(*) FROM record WHERE kind = 'person') = 760",
            500,
        ),
        ("BEFORE UPDATE ON import_batch WHEN NEW.done = 1500", 1_000),
        ("BEFORE INSERT ON audit WHEN NEW.action = 'import_done'", ROWS),
    ];
    for (cut, done) in cuts {
        conn.execute_batch(&format!("CREATE TRIGGER cut {cut} BEGIN SELECT RAISE(ABORT, 'cut'); END")).unwrap();
        hub.begin_import(&actor, &tried.id).unwrap();
        assert!(hub.go_on_with_import(&actor, &tried.id).is_err(), "{cut}");
        let line = hub.import_for(&actor, &tried.id).unwrap().0;
        assert_eq!((line.state, tried.done(folder.path())), (ImportState::Stopped, done), "{cut}");
        let people = entered(&hub).values().filter(|(kind, _)| *kind == Kind::Person).count();
        assert_eq!(people, done, "{cut}");
        conn.execute_batch("DROP TRIGGER cut").unwrap();
    }
    tried.go_on(&hub);
    assert_eq!(entered(&hub), expected);
}

/// Has an import stop before a part is noted as done.
fn cut_before(tried: &Tried, hub: &CountyHub, folder: &Path, done: usize) {
    let actor = office("admin-1", Role::Admin).actor();
    let conn = Connection::open(folder.join("county.db")).unwrap();
    let cut = format!("BEFORE UPDATE ON import_batch WHEN NEW.done = {done} BEGIN SELECT RAISE(ABORT, 'cut'); END");
    conn.execute_batch(&format!("CREATE TRIGGER cut {cut}")).unwrap();
    hub.begin_import(&actor, &tried.id).unwrap();
    assert!(hub.go_on_with_import(&actor, &tried.id).is_err());
    conn.execute_batch("DROP TRIGGER cut").unwrap();
}

#[test]
fn households_whose_people_are_scattered_over_the_parts_have_their_heads_and_their_people_wherever_it_was_cut() {
    let tried = scattered();
    let whole = copied(tried.folder.path());
    let uncut = open_folder(whole.path()).unwrap();
    tried.go_on(&uncut);
    let expected = entered(&uncut);
    let households = expected.values().filter(|(kind, _)| *kind == Kind::Household);
    let (all, headed) =
        households.fold((0, 0), |(all, headed), (_, told)| (all + 1, headed + usize::from(told.contains("\"head\""))));
    assert_eq!((all, headed), (600, 600));
    let folder = copied(tried.folder.path());
    let hub = open_folder(folder.path()).unwrap();
    for done in [1_000, 1_500, 2_000] {
        cut_before(&tried, &hub, folder.path(), done);
    }
    tried.go_on(&hub);
    assert_eq!(entered(&hub), expected);
}

#[test]
fn households_that_an_import_left_without_a_head_when_it_was_given_up_get_it_from_the_next() {
    let row = |row: usize| {
        let (name, relation) = if row < ROWS / 2 { ("李四", "配偶") } else { ("张三", "户主") };
        format!("610722001001001,,,{},,{name},男,,{relation}\n", row % (ROWS / 2))
    };
    let tried = tried_with(&(0..ROWS).map(row).collect::<String>());
    let hub = open_folder(tried.folder.path()).unwrap();
    let actor = office("admin-1", Role::Admin).actor();
    cut_before(&tried, &hub, tried.folder.path(), 1_000);
    hub.discard_import(&actor, &tried.id).unwrap();
    let again = checked(&hub, &tried.table);
    hub.begin_import(&actor, &again).unwrap();
    hub.go_on_with_import(&actor, &again).unwrap();
    let entered = entered(&hub);
    let of = |kind: Kind| entered.values().filter(move |(found, _)| *found == kind);
    assert_eq!((of(Kind::Household).count(), of(Kind::Person).count()), (ROWS / 2, ROWS));
    let headless = of(Kind::Household).filter(|(_, told)| !told.contains("\"head\"")).count();
    assert_eq!(headless, 0);
}
