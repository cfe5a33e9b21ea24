//! The command line, run as people run it.

use std::io::Write as _;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use domain::{AccountId, Scope};
use sync_server::store::{Place, Store as _, StoreError};
use tempfile::TempDir;

use crate::common::cell;

fn command(data: &TempDir, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_sync-server"));
    command.args(arguments).arg("--data").arg(data.path());
    command
}

fn run(data: &TempDir, arguments: &[&str], input: &str) -> Output {
    let mut command = command(data, arguments);
    let command = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    // A command that reads nothing may be gone before this is written.
    let _ = child.stdin.take().unwrap().write_all(input.as_bytes());
    child.wait_with_output().unwrap()
}

fn said(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap().trim().to_owned()
}

/// A running server; it ends with the test, as a machine ends whose power is cut.
pub(crate) struct Serving {
    child: Child,
    pub(crate) address: SocketAddr,
}

impl Serving {
    pub(crate) fn start(data: &TempDir) -> Self {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        drop(listener);
        let mut command = command(data, &["serve", "--listen", &address.to_string()]);
        let child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        let begun = Instant::now();
        while std::net::TcpStream::connect(address).is_err() {
            assert!(begun.elapsed() < Duration::from_secs(60), "the server does not listen");
            std::thread::sleep(Duration::from_millis(20));
        }
        Self { child, address }
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn an_account_a_code_and_a_phone_from_the_command_line() {
    let data = tempfile::tempdir().unwrap();
    let add = ["account", "add", "worker-a", "--name", "张三", "--role", "worker", "--cell", "610722001001001"];
    assert!(run(&data, &add, "").status.success());
    let code = run(&data, &["enrol-code", "--account", "worker-a"], "");
    assert_eq!(said(&code).len(), 14, "{code:?}");
    let desk = ["account", "add", "boss", "--name", "李四", "--role", "supervisor", "--scope", "610722001"];
    assert!(!run(&data, &desk, "").status.success(), "without a password");
    assert!(!run(&data, &desk, "short\n").status.success());
    assert!(run(&data, &desk, "Ten-or-more-1\n").status.success());
    let listed = said(&run(&data, &["account", "list"], ""));
    assert_eq!(listed.lines().count(), 2, "{listed}");
    let nobody = run(&data, &["enrol-code", "--account", "nobody"], "");
    assert!(!nobody.status.success() && said(&nobody).is_empty());
}

#[test]
fn an_account_from_the_command_line_gets_what_was_merged_into_its_cell() {
    let data = tempfile::tempdir().unwrap();
    let desk = ["account", "add", "admin-1", "--name", "李四", "--role", "admin", "--scope", "610722"];
    assert!(run(&data, &desk, "Ten-or-more-1\n").status.success());
    {
        let hub = sync_server::hub::open_folder(data.path()).unwrap();
        let places = [1, 2].map(|number| Place { code: Scope::from(&cell(number)), name: "网格".into() });
        hub.put_places(&places).unwrap();
        let admin = AccountId::new("admin-1").unwrap();
        let admin = hub.store().read(|reading| reading.account(&admin)).unwrap().unwrap().actor();
        hub.merge_cell(&admin, &cell(2), &cell(1)).unwrap();
    }
    let add = ["account", "add", "worker-a", "--name", "张三", "--role", "worker", "--cell", "610722001001001"];
    for how in ["made", "written over"] {
        assert!(run(&data, &add, "").status.success(), "{how}");
        let hub = sync_server::hub::open_folder(data.path()).unwrap();
        let holders = hub.store().read(|reading| reading.holders(&cell(2))).unwrap();
        assert_eq!(holders, [AccountId::new("worker-a").unwrap()], "{how}");
    }
    // By itself what came along is not given: that is said, and nothing is taken away.
    let alone = ["account", "add", "worker-a", "--name", "张四", "--role", "worker", "--cell", "610722001001002"];
    let refused = run(&data, &alone, "");
    assert!(!refused.status.success());
    assert!(String::from_utf8_lossy(&refused.stderr).contains("cells: Retired"), "{refused:?}");
    let held = || {
        let hub = sync_server::hub::open_folder(data.path()).unwrap();
        let worker = AccountId::new("worker-a").unwrap();
        let held = hub.store().read(|reading| reading.holdings(&worker)).unwrap().into_iter();
        held.filter(|held| held.until.is_none()).map(|held| held.cell).collect::<Vec<_>>()
    };
    assert_eq!(held(), [cell(1), cell(2)]);
    let both = [&add[..], &["--cell", "610722001001002"]].concat();
    assert!(run(&data, &both, "").status.success(), "beside the one with which it comes it may be named");
    assert_eq!(held(), [cell(1), cell(2)]);
}

#[test]
fn a_backup_is_made_under_a_running_server_and_put_back_under_none() {
    let data = tempfile::tempdir().unwrap();
    let add = ["account", "add", "worker-a", "--name", "张三", "--role", "worker", "--cell", "610722001001001"];
    assert!(run(&data, &add, "").status.success());
    let copy = data.path().join("copy.db");
    let copy = copy.to_str().unwrap();
    {
        let _serving = Serving::start(&data);
        assert!(run(&data, &["backup", copy], "").status.success());
        assert!(!run(&data, &["backup", copy], "").status.success(), "nothing is overwritten");
        let refused = run(&data, &["restore", copy], "");
        assert!(!refused.status.success());
        assert!(String::from_utf8_lossy(&refused.stderr).contains("in use"));
        let second = run(&data, &["serve", "--listen", "127.0.0.1:0"], "");
        assert!(!second.status.success(), "no second server on one folder");
    }
    let later = ["account", "add", "worker-b", "--name", "王五", "--role", "worker", "--cell", "610722001001001"];
    assert!(run(&data, &later, "").status.success());
    let restored = run(&data, &["restore", copy], "");
    assert!(restored.status.success(), "{restored:?}");
    assert_eq!(said(&run(&data, &["account", "list"], "")).lines().count(), 1, "as it was at the backup");
    assert!(data.path().join("county.db.before-restore-1").exists(), "what was there is set aside");
    std::fs::write(data.path().join("no.db"), "no database").unwrap();
    let broken = run(&data, &["restore", data.path().join("no.db").to_str().unwrap()], "");
    assert!(!broken.status.success());
    assert_eq!(said(&run(&data, &["account", "list"], "")).lines().count(), 1, "and nothing has changed");
}

/// A data folder of a server that was killed, so that its last work is in the journal alone; and a backup from before that.
fn killed_after_a_backup() -> (TempDir, PathBuf) {
    let data = tempfile::tempdir().unwrap();
    let add = |name: &str| {
        let add = ["account", "add", name, "--name", "张三", "--role", "worker", "--cell", "610722001001001"];
        assert!(run(&data, &add, "").status.success());
    };
    add("worker-a");
    let copy = data.path().join("copy.db");
    let serving = Serving::start(&data);
    assert!(run(&data, &["backup", copy.to_str().unwrap()], "").status.success());
    add("worker-b");
    drop(serving);
    assert!(std::fs::metadata(data.path().join("county.db-wal")).unwrap().len() > 0);
    (data, copy)
}

fn accounts(data: &TempDir) -> usize {
    said(&run(data, &["account", "list"], "")).lines().count()
}

#[test]
fn journals_without_their_database_are_not_played_into_a_backup() {
    let (data, copy) = killed_after_a_backup();
    let file = |name: &str| data.path().join(name);
    // Of a restore that was killed, or of an administrator who moved the file away.
    std::fs::copy(file("county.db-wal"), file("county.db.arriving-wal")).unwrap();
    std::fs::rename(file("county.db"), file("elsewhere.db")).unwrap();
    let restored = run(&data, &["restore", copy.to_str().unwrap()], "");
    assert!(restored.status.success(), "{restored:?}");
    assert_eq!(accounts(&data), 1, "as it was at the backup");
    assert!(file("county.db.before-restore-1-wal").exists(), "and they are set aside, not removed");
    // Put together again, they are the database that was there.
    for (from, to) in [("elsewhere.db", "county.db"), ("county.db.before-restore-1-wal", "county.db-wal")] {
        std::fs::rename(file(from), file(to)).unwrap();
    }
    let _ = std::fs::remove_file(file("county.db-shm"));
    assert_eq!(accounts(&data), 2);
}

#[test]
fn what_a_restore_sets_aside_keeps_its_journals_and_takes_nobody_else_s() {
    let (data, copy) = killed_after_a_backup();
    let file = |name: &str| data.path().join(name);
    std::fs::write(file("county.db.before-restore-1-wal"), "of a restore that was killed").unwrap();
    assert!(run(&data, &["restore", copy.to_str().unwrap()], "").status.success());
    assert_eq!(accounts(&data), 1);
    let left = std::fs::read(file("county.db.before-restore-1-wal")).unwrap();
    assert!(left == b"of a restore that was killed", "nothing is overwritten");
    assert!(file("county.db.before-restore-2").exists() && file("county.db.before-restore-2-wal").exists());
}

#[test]
fn an_empty_file_is_no_backup_and_changes_nothing() {
    let (data, _) = killed_after_a_backup();
    let empty = data.path().join("empty.db");
    std::fs::write(&empty, "").unwrap();
    let refused = run(&data, &["restore", empty.to_str().unwrap()], "");
    assert!(!refused.status.success());
    assert!(String::from_utf8_lossy(&refused.stderr).contains("no backup"), "{refused:?}");
    assert_eq!(accounts(&data), 2);
    assert!(!data.path().join("county.db.arriving").exists(), "nothing is left lying about");
}

#[test]
fn no_command_converts_the_database_of_a_running_server() {
    let data = tempfile::tempdir().unwrap();
    let serving = Serving::start(&data);
    let conn = rusqlite::Connection::open(data.path().join("county.db")).unwrap();
    let schema = || -> i64 { conn.pragma_query_value(None, "user_version", |row| row.get(0)).unwrap() };
    // As a server of an earlier version has it.
    let present = schema();
    conn.pragma_update(None, "user_version", present - 1).unwrap();
    for command in [["account", "list"], ["demo", "--size=village"]] {
        let refused = run(&data, &command, "");
        assert!(!refused.status.success(), "{command:?}");
        assert!(String::from_utf8_lossy(&refused.stderr).contains("stop the server first"), "{refused:?}");
        assert_eq!(schema(), present - 1, "{command:?}");
    }
    conn.pragma_update(None, "user_version", present).unwrap();
    assert!(run(&data, &["account", "list"], "").status.success(), "one of the same version goes on under it");
    drop(serving);
}

#[test]
fn who_was_erased_from_the_command_line_stays_away_after_a_restore() {
    let data = tempfile::tempdir().unwrap();
    assert!(run(&data, &["demo", "--size", "village"], "").status.success());
    let database = data.path().join("county.db");
    let persons = |sql: &str| -> Vec<[u8; 16]> {
        let conn = rusqlite::Connection::open(&database).unwrap();
        let mut statement = conn.prepare(sql).unwrap();
        statement.query_map([], |row| row.get(0)).unwrap().collect::<Result<_, _>>().unwrap()
    };
    let person = persons("SELECT id FROM record WHERE kind = 'person' LIMIT 1")[0];
    let id = uuid::Uuid::from_bytes(person).to_string();
    let copy = data.path().join("copy.db");
    assert!(run(&data, &["backup", copy.to_str().unwrap()], "").status.success());
    for (by, record) in [("nobody", id.as_str()), ("demo-worker", &id), ("demo-supervisor", "no-id"), ("server", &id)] {
        assert!(!run(&data, &["erase", "--by", by, record], "").status.success(), "{by} {record}");
    }
    let erased = run(&data, &["erase", "--by", "demo-supervisor", &id], "");
    assert!(said(&erased).starts_with("erased: "), "{erased:?}");
    assert!(run(&data, &["restore", copy.to_str().unwrap()], "").status.success());
    let still = persons("SELECT id FROM record WHERE kind = 'person'");
    assert!(!still.is_empty() && !still.contains(&person), "the backup still held that person");
}

#[test]
fn a_server_whose_photo_folder_is_not_mounted_starts_only_once_somebody_said_that_the_pictures_are_lost() {
    let data = tempfile::tempdir().unwrap();
    {
        let hub = sync_server::hub::open_folder(data.path()).unwrap();
        for number in 0..20 {
            let bytes = crate::common::jpeg(number);
            let sha256 = domain::Sha256Hex::new(&crate::common::sha256(&bytes)).unwrap();
            hub.keep_photo(&sha256, &bytes).unwrap();
        }
    }
    drop(Serving::start(&data));
    let (photos, aside) = (data.path().join("photos"), data.path().join("aside"));
    std::fs::rename(&photos, &aside).unwrap();
    let refused = run(&data, &["serve", "--listen", "127.0.0.1:0"], "");
    assert!(!refused.status.success());
    assert!(String::from_utf8_lossy(&refused.stderr).contains("lost-photos"), "{refused:?}");
    std::fs::remove_dir_all(&photos).unwrap();
    std::fs::rename(&aside, &photos).unwrap();
    drop(Serving::start(&data));
    std::fs::remove_dir_all(&photos).unwrap();
    assert!(!run(&data, &["lost-photos"], "").status.success(), "nobody was told yet that they are missing");
    assert!(!run(&data, &["serve", "--listen", "127.0.0.1:0"], "").status.success());
    let given_up = run(&data, &["lost-photos"], "");
    assert!(said(&given_up).starts_with("20 pictures"), "{given_up:?}");
    drop(Serving::start(&data));
}

#[test]
fn a_backup_is_made_beside_a_photo_folder_that_cannot_be_read_and_lost_photos_says_which_part_it_is() {
    let data = tempfile::tempdir().unwrap();
    let bytes = crate::common::jpeg(1);
    let sha256 = domain::Sha256Hex::new(&crate::common::sha256(&bytes)).unwrap();
    {
        let hub = sync_server::hub::open_folder(data.path()).unwrap();
        hub.keep_photo(&sha256, &bytes).unwrap();
        // An erased one, too: every command looks whether such a picture came back.
        let mut erased = sha256.as_str()[..2].to_owned();
        erased.push_str(&"0".repeat(62));
        let erased = domain::Sha256Hex::new(&erased).unwrap();
        let noted: Result<(), StoreError> = hub.store().write(|writing| {
            writing.doom_photo(&erased)?;
            writing.photo_removed(&erased)
        });
        noted.unwrap();
    }
    let part = data.path().join("photos").join(&sha256.as_str()[..2]);
    std::fs::remove_dir_all(&part).unwrap();
    std::fs::write(&part, "a file in the place of a folder cannot be read as one").unwrap();
    let copy = data.path().join("copy.db");
    assert!(run(&data, &["backup", copy.to_str().unwrap()], "").status.success());
    assert!(copy.exists());
    let told = said(&run(&data, &["lost-photos"], ""));
    let lines: Vec<&str> = told.lines().collect();
    assert!(lines[0].starts_with("0 pictures"), "{told}");
    assert!(lines[1].ends_with(&format!(": {}", &sha256.as_str()[..2])), "{told}");
}

#[test]
fn only_serving_and_the_demonstration_make_a_photo_folder() {
    let data = tempfile::tempdir().unwrap();
    let photos = data.path().join("photos");
    let copy = data.path().join("copy.db");
    let copy = copy.to_str().unwrap();
    let add = ["account", "add", "worker-a", "--name", "张三", "--role", "worker", "--cell", "610722001001001"];
    assert!(run(&data, &add, "").status.success());
    drop(Serving::start(&data));
    assert!(photos.join("uploads").is_dir());
    // Where a disk is not mounted there is nothing, or the empty folder on which it is mounted.
    for mount_point in [false, true] {
        std::fs::remove_dir_all(&photos).unwrap();
        if mount_point {
            std::fs::create_dir(&photos).unwrap();
        }
        let _ = std::fs::remove_file(copy);
        for command in [&["account", "list"][..], &["backup", copy], &["restore", copy], &["lost-photos"]] {
            let done = run(&data, command, "");
            assert_eq!(done.status.success(), command != ["lost-photos"], "{done:?}");
            assert!(String::from_utf8_lossy(&done.stderr).contains("no photo folder"), "{done:?}");
        }
        assert_eq!((photos.exists(), photos.join("uploads").exists()), (mount_point, false));
        drop(Serving::start(&data));
    }
}
