//! A phone that was shut out: it keeps everything, and hands in what is unsent, sealed, once.

use std::collections::BTreeSet;

use device::SyncPhase;
use domain::order::DeviceOrder;
use domain::protocol::{CallError, CallRefusal, PAGE_BYTES};
use domain::{Kind, ProblemCode, Sha256Hex};
use serde_json::json;

use crate::fake::*;
use crate::phones::*;

const TEN_MINUTES: i64 = 10 * 60 * 1000;

fn take_photo(phone: &Phone, number: u8) -> Sha256Hex {
    phone.photograph((record_id(42), "incident"), &vec![number; 900_000]).unwrap().1
}

#[test]
fn a_revoked_phone_hands_in_fifty_waiting_changes_and_keeps_them() {
    let server = Server::new();
    let mut phone = Phone::new(&server, 1);
    let edited = phone.building("已送");
    phone.sync();
    phone.pass(1_000);
    phone.rename(edited, "改了");
    for number in 0..49 {
        phone.building(&format!("{number}号楼"));
    }
    server.hub().revoked = true;
    let report = phone.round();
    assert!(matches!(report.ended_by, Some(device::DeviceError::Call(CallError::Revoked))), "{report:?}");
    let opened = server.hub().opened(1);
    let changes: Vec<_> = opened.iter().flat_map(|content| &content.changes).collect();
    assert_eq!(changes.len(), 50);
    let edit = changes.iter().find(|change| change.id == edited).unwrap();
    assert_eq!(
        (edit.fields["name"].as_str(), edit.base.len()),
        (Some("改了"), 1),
        "with the base that its writer had seen"
    );
    assert_eq!(server.hub().handed_in.iter().map(|piece| piece.changes).sum::<u32>(), 50);
    let state = phone.state();
    assert_eq!(
        (state.phase, state.waiting_records, state.handed_in),
        (SyncPhase::Revoked, 50, 50),
        "nothing was dropped"
    );
    phone.restart();
    assert_eq!(phone.state().phase, SyncPhase::Revoked, "known across a restart");
    assert_eq!(phone.name(edited), "改了");
    phone.building("还能写");
}

#[test]
fn nobody_who_looks_at_the_sealed_bytes_reads_a_word() {
    let server = Server::new();
    let phone = Phone::new(&server, 1);
    phone.building("秘密之楼");
    server.hub().revoked = true;
    phone.round();
    let hub = server.hub();
    assert!(!hub.handed_in[0].sealed.contains("秘密"));
    let other = domain::seal::SealKeys::fresh(&mut device::edge::SystemWorld);
    let purpose = domain::seal::Purpose::HandIn(enrolment(1).device);
    assert!(other.open(purpose, hub.handed_in[0].sealed.as_bytes()).is_err());
}

#[test]
fn it_is_handed_in_once_and_again_only_when_something_new_was_written() {
    let server = Server::new();
    let phone = Phone::new(&server, 1);
    phone.building("一号楼");
    server.hub().revoked = true;
    phone.round();
    phone.pass(TEN_MINUTES);
    phone.round();
    assert_eq!(server.hub().handed_in.len(), 1, "once");
    phone.building("二号楼");
    phone.round();
    phone.building("三号楼");
    phone.round();
    assert_eq!(server.hub().handed_in.len(), 2, "and then not after every write");
    phone.pass(TEN_MINUTES);
    phone.round();
    let opened = server.hub().opened(1);
    let names =
        |place: usize| -> Vec<_> { opened[place].changes.iter().map(|change| change.fields["name"].clone()).collect() };
    assert_eq!((names(1), names(2)), (vec![json!("二号楼")], vec![json!("三号楼")]), "only what is new");
}

#[test]
fn refused_words_overtaken_values_and_photos_are_handed_in_too() {
    let server = Server::new();
    let phone = Phone::new(&server, 1);
    let (refused, overtaken) = (phone.building("一号楼"), phone.building("二号楼"));
    phone.sync();
    server.hub().refuse = Box::new(|_| Some(ProblemCode::TooLong));
    phone.pass(1_000);
    phone.rename(refused, "太长的名字");
    phone.sync();
    server.hub().refuse = Box::new(|_| None);
    // A value that lost against a colleague's, and whose acknowledgement has not come.
    phone.rename(overtaken, "我的");
    let theirs = change(overtaken, Kind::Building, cell(), START + 100_000, json!({"name": "同事的"}));
    server.write(theirs);
    server.hub().spoil = Box::new(|answer| {
        for verdict in &mut answer.verdicts {
            *verdict = domain::protocol::Verdict::Refused(domain::protocol::Refusal {
                code: ProblemCode::StampFuture,
                problems: Vec::new(),
                current: None,
            });
        }
    });
    phone.round();
    let photos = [take_photo(&phone, 1), take_photo(&phone, 2)];
    server.hub().revoked = true;
    phone.round();
    let opened = server.hub().opened(1);
    let words: Vec<_> = opened.iter().flat_map(|content| &content.refused).collect();
    assert_eq!(words[0].fields["name"], json!("太长的名字"));
    let names: Vec<_> =
        opened.iter().flat_map(|content| &content.changes).map(|change| change.fields.get("name")).collect();
    assert!(names.contains(&Some(&json!("我的"))), "{names:?}");
    let handed: Vec<_> = opened.iter().flat_map(|content| &content.photos).map(|photo| photo.sha256.clone()).collect();
    assert!(photos.iter().all(|photo| handed.contains(photo)));
    let pieces = &server.hub().handed_in;
    assert_eq!(pieces.iter().map(|piece| piece.photos).sum::<u32>(), 2);
}

#[test]
fn many_photos_go_in_pieces_and_a_cut_repeats_only_the_piece_that_did_not_arrive() {
    let server = Server::new();
    let phone = Phone::new(&server, 1);
    for number in 0..9 {
        take_photo(&phone, number);
    }
    server.hub().order(DeviceOrder::Wipe);
    // The records, one piece of photos, then the signal is gone.
    server.hub().hand_ins_left = 2;
    phone.round();
    assert_eq!((phone.device.phase(), server.hub().handed_in.len()), (device::Phase::Open, 2));
    server.hub().hand_ins_left = usize::MAX;
    phone.sync();
    assert!(server.hub().handed_in.len() >= 4, "9 photos of 0.9 MB in pieces of 4 MiB");
    let mut seen = BTreeSet::new();
    for content in server.hub().opened(1) {
        for photo in content.photos {
            assert!(seen.insert(photo.sha256), "no photo twice");
        }
    }
    assert_eq!((seen.len(), phone.device.phase()), (9, device::Phase::Empty));
}

#[test]
fn a_hand_in_that_does_not_arrive_is_tried_again() {
    let server = Server::new();
    let phone = Phone::new(&server, 1);
    phone.building("一号楼");
    server.hub().revoked = true;
    server.hub().refuse_hand_ins = Some(CallError::Offline("cut".into()));
    phone.round();
    assert_eq!((phone.state().phase, phone.state().handed_in), (SyncPhase::Revoked, 0));
    server.hub().refuse_hand_ins = None;
    phone.round();
    assert_eq!(phone.state().handed_in, 1);
}

#[test]
fn a_phone_that_is_enrolled_again_sends_everything_the_usual_way() {
    let server = Server::new();
    let phone = Phone::new(&server, 1);
    let id = phone.building("一号楼");
    server.hub().revoked = true;
    phone.round();
    server.hub().revoked = false;
    phone.device.enrol_again("https://server.example", &enrolment(1)).unwrap();
    phone.sync();
    assert!(server.hub().records.contains_key(&id));
    assert_eq!((phone.state().phase, phone.state().handed_in), (SyncPhase::Safe, 0));
}

#[test]
fn what_a_server_acknowledged_and_lost_is_handed_in_by_who_wrote_it() {
    for wiped in [false, true] {
        let server = Server::new();
        let phone = Phone::new(&server, 1);
        let own = phone.building("我写的");
        let theirs = record_id(9);
        server.write(change(theirs, Kind::Building, cell(), START, json!({"name": "同事写的"})));
        phone.sync();
        let mut hub = server.hub();
        // Put back from a backup of before; and then the desk shuts the phone out, or has it wiped, before it has called again.
        hub.epoch = domain::Epoch(uuid::Uuid::from_u128(2));
        hub.records.clear();
        hub.feed.clear();
        if wiped {
            hub.order(DeviceOrder::Wipe);
        } else {
            hub.revoked = true;
        }
        drop(hub);
        phone.round();
        let handed = server.hub().opened(1);
        let handed: Vec<_> = handed.iter().flat_map(|content| &content.changes).map(|change| change.id).collect();
        assert_eq!(handed, [own], "wiped: {wiped}; a colleague's phone has the other");
    }
}

#[test]
fn where_only_small_pages_come_through_pieces_are_small_too() {
    let server = Server::new();
    let phone = Phone::new(&server, 1);
    let photos: BTreeSet<Sha256Hex> = (0..4).map(|number| take_photo(&phone, number)).collect();
    server.hub().revoked = true;
    server.hub().cut = PAGE_BYTES / 2;
    // The records, and two pictures of 0.9 MB at a time.
    phone.round();
    let handed = |hub: &Hub| -> Vec<Vec<Sha256Hex>> {
        let pieces = hub.opened(1).into_iter();
        pieces.map(|content| content.photos.into_iter().map(|photo| photo.sha256).collect()).collect()
    };
    let pieces = handed(&server.hub());
    assert_eq!(pieces.iter().map(Vec::len).collect::<Vec<_>>(), [0, 2, 2]);
    assert_eq!(pieces.into_iter().flatten().collect::<BTreeSet<_>>(), photos);
    server.hub().cut = 1;
    take_photo(&phone, 5);
    phone.pass(TEN_MINUTES);
    phone.round();
    assert_eq!(handed(&server.hub()).last().unwrap().len(), 1, "however thin the line, a picture goes in one piece");
}

const NO_ROOM: CallError = CallError::Refused { code: CallRefusal::TooManyTries };
const MINUTE: i64 = 60 * 1000;

#[test]
fn a_piece_for_which_the_server_has_no_room_is_not_sent_again_with_every_round() {
    let server = Server::new();
    let phone = Phone::new(&server, 1);
    let id = phone.building("一号楼");
    server.hub().revoked = true;
    server.hub().refuse_hand_ins = Some(NO_ROOM);
    // How often a piece was sent after so many further minutes, a round each.
    for (minutes, sent) in [(0, 1), (0, 1), (1, 2), (1, 2), (1, 3), (3, 3), (1, 4)] {
        phone.pass(minutes * MINUTE);
        phone.round();
        assert_eq!(server.hub().hand_ins, sent, "{minutes}");
    }
    assert!(!phone.is_sent(id) && phone.state().handed_in == 0);
    server.hub().refuse_hand_ins = None;
    phone.pass(8 * MINUTE);
    phone.round();
    assert_eq!((phone.state().handed_in, server.hub().opened(1)[0].changes[0].id), (1, id), "somebody has made room");
    phone.building("二号楼");
    phone.pass(TEN_MINUTES);
    phone.round();
    assert_eq!(server.hub().handed_in.len(), 2, "and from then on it is as ever");
}

#[test]
fn a_wipe_for_which_the_server_has_no_room_waits_and_sends_no_piece_with_every_round() {
    let server = Server::new();
    let phone = Phone::new(&server, 1);
    phone.building("一号楼");
    server.hub().order(DeviceOrder::Wipe);
    server.hub().refuse_hand_ins = Some(NO_ROOM);
    for _ in 0..3 {
        phone.round();
    }
    assert_eq!((phone.device.phase(), server.hub().hand_ins), (device::Phase::Open, 1));
    server.hub().refuse_hand_ins = None;
    phone.pass(MINUTE);
    phone.round();
    assert_eq!((phone.device.phase(), server.hub().handed_in.len()), (device::Phase::Empty, 1));
}
