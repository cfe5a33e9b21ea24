//! What a server that was put back from a backup gets back from phones, as a matter of course.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use domain::protocol::PhotoSize;
use domain::{Change, Kind, ProblemCode, RecordId, Sha256Hex, World as _};
use serde_json::json;
use sync_server::hub::CountyHub;
use sync_server::store::Store as _;

use crate::common::{County, HOUR, MINUTE, START, TestPhone, cell, jpeg, sha256};
use crate::erasure::town;

/// A county whose backup knows a home, the phone that brought it, and a colleague's.
struct BackedUp {
    county: County,
    author: TestPhone,
    colleague: TestPhone,
    home: [Change; 3],
    file: PathBuf,
}

/// `back_up` writes the backup; a minute later whatever comes is lost.
fn backed_up(back_up: impl FnOnce(&CountyHub, &Path)) -> BackedUp {
    let county = County::new();
    let mut author = county.worker("worker-a", &[cell(1)]);
    let colleague = county.worker("worker-b", &[cell(1)]);
    let home = author.new_home(&cell(1));
    author.push_all(&home);
    let file = county.folder.path().join("backup.db");
    back_up(&county.hub, &file);
    county.world.pass(MINUTE);
    BackedUp { county, author, colleague, home, file }
}

/// As a server backs itself up.
fn by_command(hub: &CountyHub, file: &Path) {
    hub.back_up(file).unwrap();
}

/// The backup takes the place of the database, and a phone finds the server that has it.
fn put_back(county: &mut County, file: &Path, phone: &mut TestPhone) {
    county.put_back(file);
    phone.hub = Arc::clone(&county.hub);
    phone.refresh();
}

/// A county that was put back from a backup which knows a home, and its worker's phone.
fn put_back_with_a_home(
    between: impl FnOnce(&mut TestPhone, &[Change; 3]) -> Vec<Change>,
) -> (County, TestPhone, Vec<Change>) {
    let BackedUp { mut county, author: mut phone, home, file, .. } = backed_up(by_command);
    let lost = between(&mut phone, &home);
    county.world.pass(HOUR);
    put_back(&mut county, &file, &mut phone);
    (county, phone, lost)
}

/// The day's number of an incident of the county.
fn number(taken: u32) -> String {
    format!("610722-20261122-{taken:04}")
}

/// A county that loses a visit and an incident, which an author's phone brought after the backup and a colleague's phone has read.
struct Lost {
    county: County,
    colleague: TestPhone,
    file: PathBuf,
    household: RecordId,
    visit: Change,
    incident: Change,
    /// Everything of the cell, as the colleague's phone has it.
    held: Vec<Change>,
}

impl Lost {
    fn since(back_up: impl FnOnce(&CountyHub, &Path)) -> Self {
        let BackedUp { county, mut author, mut colleague, home, file } = backed_up(back_up);
        let household = home[1].id;
        let (visit, incident) = (author.visit(household, &cell(1)), author.new_incident(&cell(1)));
        author.push_all(&[visit.clone(), incident.clone()]);
        let held = colleague.round(Vec::new()).pages.remove(0).records;
        let held = held.into_iter().map(Change::from_record).collect();
        Self { county, colleague, file, household, visit, incident, held }
    }

    fn put_back(&mut self) {
        put_back(&mut self.county, &self.file, &mut self.colleague);
        assert!(self.county.stored(self.visit.id).is_none());
    }

    /// The colleague's phone brings everything: the author's is at the bottom of the Han river.
    fn comes_from_the_colleague(&mut self) {
        self.colleague.push_all(&self.held);
        assert_eq!(self.county.stored(self.visit.id).unwrap().record.text("by"), Some("worker-a"));
        assert_eq!(self.county.stored(self.incident.id).unwrap().record.text("number"), Some(number(1).as_str()));
    }
}

#[test]
fn what_names_a_code_of_lists_that_a_restored_server_has_lost_comes_back() {
    let of_lost_lists = |phone: &mut TestPhone, household: RecordId| {
        let mut visit = phone.visit(household, &cell(1));
        visit.fields.insert("purposes".into(), json!(["flood_2026"]));
        let mut incident = phone.new_incident(&cell(1));
        incident.fields.insert("category".into(), json!("0977"));
        vec![visit, incident]
    };
    let (county, mut phone, lost) = put_back_with_a_home(|phone, home| of_lost_lists(phone, home[1].id));
    phone.push_all(&lost);
    assert_eq!(county.stored(lost[1].id).unwrap().record.text("category"), Some("0977"));
    let household = lost[0].fields["target"].as_str().unwrap().parse().unwrap();
    county.world.pass(2 * HOUR);
    phone.refresh();
    for since in of_lost_lists(&mut phone, household) {
        assert_eq!(phone.refused(&since), ProblemCode::UnknownCode);
    }
}

#[test]
fn what_does_not_go_together_in_a_record_keeps_nothing_from_a_restored_server() {
    let (county, mut phone, lost) = put_back_with_a_home(|phone, home| {
        let days = json!({"moved_in_on": "2026-11-02", "moved_out_on": "2026-10-01", "phone": "13811111111"});
        vec![phone.change(Kind::Person, home[2].id, &cell(1), days)]
    });
    phone.push_all(&lost);
    assert_eq!(county.stored(lost[0].id).unwrap().record.text("phone"), Some("13811111111"));
    county.world.pass(2 * HOUR);
    phone.refresh();
    let since = phone.change(Kind::Person, lost[0].id, &cell(1), json!({"moved_out_on": "2026-10-02"}));
    assert_eq!(phone.refused(&since), ProblemCode::EndBeforeStart);
}

#[test]
fn a_restored_server_gets_back_what_it_lost_even_from_colleagues() {
    let mut lost = Lost::since(by_command);
    lost.county.world.pass(HOUR);
    lost.put_back();
    lost.comes_from_the_colleague();
    let Lost { county, mut colleague, household, .. } = lost;
    let next = colleague.new_incident(&cell(1));
    colleague.push_all(std::slice::from_ref(&next));
    let given = county.stored(next.id).unwrap().record.text("number").unwrap().to_owned();
    assert_eq!(given, number(2), "no number is given out twice");
    // The door is open for that time only, and for as long as the clocks of two machines may differ.
    county.world.pass(HOUR + MINUTE);
    colleague.refresh();
    let mut forged = colleague.visit(household, &cell(1));
    forged.fields.insert("by".into(), json!("worker-a"));
    assert_eq!(colleague.refused(&forged), ProblemCode::OtherAuthor);
}

#[test]
fn a_server_that_is_put_back_under_a_slow_clock_gets_back_what_it_lost_from_colleagues_too() {
    let mut lost = Lost::since(by_command);
    // The new machine's clock is twenty minutes behind when the backup is put back on it, and is set right soon.
    lost.county.world.pass(-20 * MINUTE);
    lost.put_back();
    lost.county.world.pass(20 * MINUTE);
    lost.comes_from_the_colleague();
    let Lost { mut colleague, incident, .. } = lost;
    // Nobody numbers an incident, though: what is none of the county's numbers was never given.
    let mut own = colleague.new_incident(&cell(1));
    own.fields.insert("number".into(), json!("mine"));
    assert_eq!(colleague.refused(&own), ProblemCode::NotAllowed);
    // Nor is anything that is here taken for lost.
    let again = colleague.change(Kind::Incident, incident.id, &cell(1), json!({ "number": number(9) }));
    assert_eq!(colleague.refused(&again), ProblemCode::NotAllowed);
}

#[test]
fn a_database_file_that_was_copied_by_other_means_gets_back_what_it_lost_from_colleagues_too() {
    // Nothing in the copy says when it was made.
    let mut lost = Lost::since(|hub, file| hub.store().back_up(file).unwrap());
    lost.county.world.pass(HOUR);
    lost.put_back();
    lost.comes_from_the_colleague();
    // Also where an older version of the server has put it back, which kept no time without a beginning.
    let Lost { mut county, mut colleague, visit, .. } = lost;
    county.hub.store().write(|writing| writing.put_setting("lost_times", "[]")).unwrap();
    county.restart();
    colleague.hub = Arc::clone(&county.hub);
    colleague.push_all(&[Change { id: county.world.clone().record_id(), ..visit }]);
}

#[test]
fn a_picture_of_somebody_who_was_erased_goes_when_its_lost_record_comes_again() {
    let mut town = town();
    let backup = town.county.folder.path().join("backup.db");
    by_command(&town.county.hub, &backup);
    let bytes = jpeg(7);
    let hash = Sha256Hex::new(&sha256(&bytes)).unwrap();
    let fields = json!({"subject": town.person, "subject_kind": "person", "sha256": hash, "width": 64, "height": 48,
        "bytes": bytes.len(), "taken_at": START, "photo_kind": "scene", "by": town.phone.account()});
    let photo = town.phone.new_record(Kind::Photo, &cell(1), fields);
    town.phone.push_all(std::slice::from_ref(&photo));
    // The folder of photos is not put back with the database.
    put_back(&mut town.county, &backup, &mut town.phone);
    lie_there(&town.county, &bytes);
    town.erase();
    assert!(town.is_file(&hash), "nothing names it");
    assert_eq!(town.phone.refused(&photo), ProblemCode::Erased);
    assert!(!town.is_file(&hash));
}

#[test]
fn a_picture_that_lies_here_is_shown_once_its_lost_record_comes_again_though_no_phone_has_its_original_any_more() {
    let BackedUp { mut county, mut author, home, file, .. } = backed_up(by_command);
    let bytes = jpeg(7);
    let photo = author.new_photo(&home[1], &bytes);
    author.push_all(std::slice::from_ref(&photo));
    county.world.pass(HOUR);
    // The folder of photos is not put back with the database.
    put_back(&mut county, &file, &mut author);
    lie_there(&county, &bytes);
    author.push_all(&[photo]);
    let hash = Sha256Hex::new(&sha256(&bytes)).unwrap();
    assert_eq!(county.hub.photo_for(&author.phone().actor, &hash, PhotoSize::Full).unwrap(), bytes);
    let state = county.hub.store().read(|reading| reading.cell_state(&cell(1))).unwrap();
    assert_eq!(state.photos, 1, "and a receipt counts it");
}

#[test]
fn a_picture_that_was_to_go_stays_once_another_record_names_it() {
    let BackedUp { county, mut author, home, .. } = backed_up(by_command);
    let bytes = jpeg(7);
    let hash = Sha256Hex::new(&sha256(&bytes)).unwrap();
    let photo = author.new_photo(&home[1], &bytes);
    author.push_all(&[photo]);
    // The server ended before the file of another record was removed that was erased, and that has the same picture.
    lie_there(&county, &bytes);
    county.hub.store().write(|writing| writing.doom_photo(&hash)).unwrap();
    county.hub.tidy().unwrap();
    assert!(county.hub.photos().holds(&hash, bytes.len() as u64).unwrap());
    assert!(county.hub.store().read(|reading| reading.photos_doomed()).unwrap().is_empty());
}

/// Lays a picture into the folder of photos, as it lies there once it has come.
fn lie_there(county: &County, bytes: &[u8]) {
    let hash = sha256(bytes);
    let (folder, name) = hash.split_at(2);
    let folder = county.folder.path().join("photos").join(folder);
    std::fs::create_dir_all(&folder).unwrap();
    for ending in ["jpg", "thumb.jpg"] {
        std::fs::write(folder.join(format!("{name}.{ending}")), bytes).unwrap();
    }
}
