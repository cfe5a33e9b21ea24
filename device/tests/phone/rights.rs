//! What an account may not read does not stay on its phone.

use domain::protocol::Enrolment;
use domain::scope::Role;
use domain::{Kind, RecordId, Sha256Hex};
use serde_json::json;

use crate::fake::*;
use crate::phones::*;

/// A server whose receipts say nothing of cells, as those of informants do: they do not see whole ones.
fn server() -> Server {
    let server = Server::new();
    server.hub().misstate = Box::new(|statement| statement.cells.clear());
    server
}

fn as_informant() -> Enrolment {
    Enrolment { role: Role::Informant, ..enrolment(1) }
}

/// A photo that the server has, with its picture on the phone.
fn photo_on(phone: &Phone, number: u8, of: &str, by: &str) -> (RecordId, Sha256Hex) {
    let (id, picture) = (record_id(number.into()), vec![number; 40]);
    let hash = sha256_of(&picture);
    let fields = json!({"subject": record_id(42), "subject_kind": of, "sha256": hash, "width": 16, "height": 16,
        "bytes": picture.len(), "taken_at": START, "photo_kind": "scene", "by": by});
    phone.server.write(change(id, Kind::Photo, cell(), START, fields));
    phone.sync();
    let keep = |open: &mut device::Open| open.store().keep_fetched_photo(&hash, Some(picture.as_slice()), None);
    assert!(phone.device.with_open(keep).unwrap());
    (id, hash)
}

fn has(phone: &Phone, (id, hash): &(RecordId, Sha256Hex)) -> [bool; 2] {
    let picture = phone.device.with_open(|open| open.store().photo_file(hash)).unwrap();
    [phone.get(*id).is_some(), picture.is_some()]
}

#[test]
fn photos_that_an_older_server_sent_an_informant_go_with_their_pictures_when_the_register_is_opened() {
    let server = server();
    let mut phone = Phone::enrolled(&server, 1, &as_informant());
    let paper = photo_on(&phone, 1, "dispute", "colleague");
    let scene = photo_on(&phone, 2, "incident", "colleague");
    let own = photo_on(&phone, 3, "dwelling", "worker");
    assert_eq!(has(&phone, &paper), [true, true]);
    phone.restart();
    assert_eq!([&paper, &scene, &own].map(|photo| has(&phone, photo)), [[false, false], [true, true], [true, true]]);
    phone.sync();
    assert_eq!(phone.state().refused, 0);
}

#[test]
fn whoever_becomes_an_informant_keeps_what_informants_read_and_what_is_unsent_until_it_is_sent() {
    let server = server();
    let phone = Phone::new(&server, 1);
    let paper = photo_on(&phone, 1, "dispute", "colleague");
    let dwelling = phone.write(Kind::Dwelling, None, json!({"house_number": "18", "use": "own"})).unwrap();
    let household = phone.write(Kind::Household, None, json!({"dwelling": dwelling, "access_note": "后门"})).unwrap();
    let fields = json!({"household": household, "name": "张三", "sex": "1", "phone": "13800000000"});
    let person = phone.write(Kind::Person, None, fields).unwrap();
    let sent = phone.visit(household);
    phone.sync();
    phone.pass(1_000);
    phone.write(Kind::Person, Some(person), json!({"phone": "13900000000"})).unwrap();
    let unsent = phone.visit(household);
    phone.device.enrol_again("https://server.example", &as_informant()).unwrap();
    assert_eq!((has(&phone, &paper), phone.get(sent)), ([false, false], None));
    let fields = |id| phone.get(id).unwrap().fields.into_keys().collect::<Vec<_>>();
    assert_eq!(fields(household), ["dwelling"]);
    assert_eq!(fields(person), ["household", "name", "phone"], "the telephone waits to be sent");
    assert_eq!(phone.state().waiting_records, 2);
    phone.sync();
    assert!(server.hub().records.contains_key(&unsent) && phone.get(unsent).is_none());
    assert_eq!(server.hub().records[&person].text("phone"), Some("13900000000"));
    assert_eq!(server.hub().records[&person].text("sex"), Some("1"), "there it stands as before");
}

#[test]
fn whoever_sees_whole_cells_from_now_on_reads_them_anew() {
    let server = server();
    let phone = Phone::enrolled(&server, 1, &as_informant());
    let fields = json!({"name": "一号楼", "building_kind": "farmhouse"});
    server.write(change(record_id(7), Kind::Building, cell(), START, fields));
    phone.sync();
    phone.sync();
    assert!(!server.hub().requests.last().unwrap().cursors.is_empty());
    let before = server.hub().requests.len();
    phone.device.enrol_again("https://server.example", &enrolment(1)).unwrap();
    phone.sync();
    assert!(server.hub().requests[before].cursors.is_empty());
}
