//! Photos: after the text, each from where it stopped, and never in each other's way.

use std::collections::BTreeMap;
use std::sync::Arc;

use device::network::Network;
use device::preferences::Preferences;
use domain::protocol::{CallError, CallRefusal};
use domain::{Kind, ProblemCode, RecordId, Sha256Hex};
use serde_json::json;

use crate::fake::*;
use crate::phones::*;

const SIZE: usize = 700_000;

fn take(phone: &Phone, number: u8) -> (RecordId, Sha256Hex) {
    phone.photograph((record_id(42), "incident"), &vec![number; SIZE]).unwrap()
}

#[test]
fn a_photo_resumes_where_the_signal_broke_even_after_a_restart() {
    let server = Server::new();
    let mut phone = Phone::new(&server, 1);
    let (id, hash) = take(&phone, 1);
    assert_eq!((phone.state().waiting_records, phone.state().waiting_photos), (1, 1));
    server.hub().appends_left = 2;
    assert!(phone.round().ended_by.is_some());
    assert!(phone.is_sent(id), "the text is there, and says which photo belongs to it");
    assert_eq!((phone.state().waiting_records, phone.state().waiting_photos), (0, 1));
    assert_ne!(phone.state().phase, device::SyncPhase::Safe);
    server.hub().appends_left = 1;
    phone.restart();
    let report = phone.sync();
    assert_eq!(report.photos, 1);
    assert_eq!(server.hub().offers, 1, "the upload was gone on with");
    assert_eq!(server.hub().stored[&hash], vec![1; SIZE]);
    assert_eq!((phone.state().waiting_photos, phone.state().phase), (0, device::SyncPhase::Safe));
}

#[test]
fn a_photo_that_the_server_never_takes_blocks_no_other_and_still_counts_as_waiting() {
    let server = Server::new();
    let phone = Phone::new(&server, 1);
    let ((_, bad), (_, good)) = (take(&phone, 1), take(&phone, 2));
    server.hub().bad_photos.insert(bad.clone());
    let report = phone.sync();
    assert_eq!(report.photos, 1);
    assert!(server.hub().stored.contains_key(&good));
    assert_eq!(phone.state().waiting_photos, 1);
    assert_eq!(phone.state().safe_at, None, "not everything is safe");
    let offers = server.hub().offers;
    phone.sync();
    assert_eq!(server.hub().offers, offers, "it pauses");
    server.hub().bad_photos.clear();
    phone.pass(31_000);
    server.hub().now += 31_000;
    phone.sync();
    assert_eq!(phone.state().waiting_photos, 0);
    assert!(server.hub().stored.contains_key(&bad));
}

#[test]
fn a_pause_that_a_wrong_clock_began_is_over_once_the_clock_is_right() {
    const DAY: i64 = 24 * 60 * 60 * 1000;
    let server = Server::new();
    let phone = Phone::new(&server, 1);
    let (_, bad) = take(&phone, 1);
    server.hub().bad_photos.insert(bad.clone());
    server.hub().now += DAY;
    phone.sync();
    server.hub().bad_photos.clear();
    server.hub().now -= DAY;
    phone.sync();
    assert_eq!(
        phone.state().waiting_photos,
        0,
        "the clock is right again with the exchange that comes before the photos"
    );
    assert!(server.hub().stored.contains_key(&bad));
}

#[test]
fn an_upload_that_the_server_forgot_is_announced_again() {
    let server = Server::new();
    let phone = Phone::new(&server, 1);
    let (_, hash) = take(&phone, 1);
    server.hub().appends_left = 1;
    phone.round();
    server.hub().uploads.clear();
    server.hub().appends_left = usize::MAX;
    phone.sync();
    assert!(server.hub().stored.contains_key(&hash));
}

#[test]
fn what_the_server_has_is_not_sent_again() {
    let server = Server::new();
    let phone = Phone::new(&server, 1);
    let (_, hash) = take(&phone, 1);
    server.hub().stored.insert(hash, vec![1; SIZE]);
    server.hub().appends_left = 0;
    assert_eq!(phone.sync().photos, 1);
}

#[test]
fn a_piece_whose_answer_was_lost_is_not_sent_twice() {
    let server = Server::new();
    let phone = Phone::new(&server, 1);
    let (_, hash) = take(&phone, 1);
    server.hub().appends_left = 1;
    phone.round();
    // The server got another piece that the phone does not know of.
    let upload = {
        let mut hub = server.hub();
        let upload = hub.uploads.keys().next().unwrap().clone();
        hub.uploads.get_mut(&upload).unwrap().1.extend(vec![1; 100_000]);
        hub.appends_left = usize::MAX;
        upload
    };
    phone.sync();
    assert!(server.hub().stored.contains_key(&hash));
    assert!(!server.hub().uploads.contains_key(&upload));
}

#[test]
fn a_photo_of_a_cell_that_was_taken_away_is_still_handed_in() {
    let server = Server::new();
    let phone = Phone::new(&server, 1);
    let (id, hash) = take(&phone, 1);
    server.hub().cells = vec![other_cell()];
    server.hub().appends_left = 1;
    phone.round();
    assert!(phone.get(id).is_some(), "its picture still waits");
    server.hub().appends_left = usize::MAX;
    phone.sync();
    assert!(server.hub().stored.contains_key(&hash));
    phone.sync();
    assert!(phone.get(id).is_none());
    assert!(phone.device.with_open(|open| open.store().photo_file(&hash)).unwrap().is_none());
}

#[test]
fn a_photo_of_a_cell_that_was_taken_away_goes_when_whom_it_shows_was_erased_since() {
    let server = Server::new();
    let phone = Phone::new(&server, 1);
    let (id, hash) = take(&phone, 1);
    server.hub().cells = vec![other_cell()];
    server.hub().appends_left = 0;
    phone.round();
    assert!(phone.is_sent(id) && phone.get(id).is_some(), "its picture still waits");
    // No feed that this phone still reads says so: it has to ask.
    server.hub().erased.insert(record_id(42));
    phone.round();
    assert!(phone.get(id).is_none());
    assert!(phone.device.with_open(|open| open.store().photo_file(&hash)).unwrap().is_none());
    assert_eq!(phone.state().waiting_photos, 0);
}

#[test]
fn a_photo_taken_back_leaves_no_picture_behind() {
    let server = Server::new();
    let phone = Phone::new(&server, 1);
    let (id, hash) = take(&phone, 1);
    phone.device.with_open(|open| open.take_back(id)).unwrap();
    assert!(phone.device.with_open(|open| open.store().photo_file(&hash)).unwrap().is_none());
    assert_eq!(phone.state().waiting_photos, 0);
}

#[test]
fn a_record_has_nine_photos_at_most() {
    let server = Server::new();
    let phone = Phone::new(&server, 1);
    for number in 0..9 {
        take(&phone, number);
    }
    let fields = json!({"subject": record_id(42), "subject_kind": "incident", "sha256": "0".repeat(64), "width": 16, "height": 16,
        "bytes": 1, "taken_at": START, "photo_kind": "scene", "by": "worker"});
    let outcome = phone.write(Kind::Photo, None, fields);
    assert!(matches!(outcome, Err(device::DeviceError::Invalid(problems)) if problems[0].limit == Some(9)));
}

#[test]
fn after_a_restore_the_pictures_wait_again() {
    let server = Server::new();
    let phone = Phone::new(&server, 1);
    let (_, hash) = take(&phone, 1);
    phone.sync();
    server.hub().stored.clear();
    server.hub().epoch = domain::Epoch(uuid::Uuid::from_u128(2));
    phone.sync();
    assert!(server.hub().stored.contains_key(&hash));
}

/// The server is put back from a backup of a time before everything: of these records, and in these cells.
fn put_back(server: &Server, cells: Vec<domain::CellCode>) -> BTreeMap<RecordId, domain::Record> {
    let mut hub = server.hub();
    hub.epoch = domain::Epoch(uuid::Uuid::from_u128(2));
    hub.stored.clear();
    hub.feed.clear();
    hub.cells = cells;
    std::mem::take(&mut hub.records)
}

#[test]
fn a_picture_whose_record_a_restored_server_refuses_goes_up_once_a_colleague_brought_the_record() {
    let server = Server::new();
    let phone = Phone::new(&server, 1);
    let (id, hash) = take(&phone, 1);
    phone.sync();
    let lost = put_back(&server, vec![other_cell()]);
    server.hub().refuse = Box::new(|_| Some(ProblemCode::ForeignCell));
    let report = phone.sync();
    assert_eq!((report.refused, report.photos), (1, 0));
    assert!(phone.get(id).is_none() && server.hub().stored.is_empty());
    assert_eq!(phone.state().phase, device::SyncPhase::Safe, "it is among the refused words, and keeps no cell");
    server.hub().records.extend(lost);
    phone.pass(31_000);
    server.hub().now += 31_000;
    assert_eq!(phone.sync().photos, 1);
    assert_eq!(server.hub().stored[&hash], vec![1; SIZE]);
    let offers = server.hub().offers;
    phone.sync();
    assert_eq!(server.hub().offers, offers, "once is enough");
    assert_eq!(phone.state().refused, 1, "what was refused is still the worker's to look at");
}

#[test]
fn what_was_loaded_from_a_lost_server_is_offered_to_the_one_that_was_put_back() {
    let server = Server::new();
    let phone = Phone::new(&server, 1);
    let (id, hash) = (record_id(50), sha256_of(&[1; SIZE]));
    let fields = json!({"subject": record_id(42), "subject_kind": "incident", "sha256": hash, "width": 16, "height": 16,
        "bytes": SIZE, "taken_at": START, "photo_kind": "scene", "by": "colleague"});
    server.write(change(id, Kind::Photo, cell(), START, fields));
    phone.sync();
    phone.device.with_open(|open| open.store().keep_fetched_photo(&hash, Some(&[1; SIZE]), None)).unwrap();
    phone.sync();
    assert_eq!(server.hub().offers, 0, "it is not ours to send");
    let lost = put_back(&server, vec![cell()]);
    server.hub().records.extend(lost);
    server.hub().appends_left = 0;
    phone.round();
    let state = phone.state();
    assert_eq!((state.waiting_photos, state.photos_for_wifi), (0, 0), "nobody waits for it");
    server.hub().revoked = true;
    phone.round();
    assert!(server.hub().opened(1).iter().all(|piece| piece.photos.is_empty()), "nor is it ours to hand in");
    (server.hub().revoked, server.hub().appends_left) = (false, usize::MAX);
    assert_eq!(phone.sync().photos, 1);
    assert!(server.hub().stored.contains_key(&hash));
}

#[test]
fn a_picture_that_was_sent_for_somebody_erased_goes_up_again_for_a_record_that_comes_later() {
    let server = Server::new();
    let phone = Phone::new(&server, 1);
    let (first, hash) = take(&phone, 1);
    phone.sync();
    // The same picture for another record, which is not taken yet: the server says that it has the bytes.
    let (second, _) = phone.photograph((record_id(43), "incident"), &[1; SIZE]).unwrap();
    server.hub().refuse = Box::new(move |change| (change.id == second).then_some(ProblemCode::StampFuture));
    phone.round();
    server.hub().erase(first);
    server.hub().stored.clear();
    phone.round();
    server.hub().refuse = Box::new(|_| None);
    phone.sync();
    assert!(phone.is_sent(second) && server.hub().stored.contains_key(&hash));
}

#[test]
fn a_photo_that_was_refused_and_that_the_server_has_all_the_same_is_still_sent() {
    let server = Server::new();
    let phone = Phone::new(&server, 1);
    let (id, hash) = take(&phone, 1);
    // The server takes the record, and the answer is lost; when it is offered again, the cell is another worker's.
    server.hub().lose_answers.push_back(CallError::Offline("cut".into()));
    phone.round();
    server.hub().cells = vec![other_cell()];
    server.hub().refuse = Box::new(|_| Some(ProblemCode::ForeignCell));
    assert_eq!(phone.sync().refused, 1);
    assert!(phone.get(id).is_none());
    // The cell is this worker's again, and is read from its beginning.
    server.hub().cells = vec![cell()];
    server.hub().refuse = Box::new(|_| None);
    phone.sync();
    assert!(phone.is_sent(id) && phone.get(id).is_some());
    assert!(server.hub().stored.contains_key(&hash));
    assert_eq!(phone.state().waiting_photos, 0);
}

#[test]
fn a_tenth_photo_that_the_server_refuses_keeps_its_picture_until_it_is_sent_again_or_given_up() {
    let server = Server::new();
    let phone = Phone::new(&server, 1);
    let originals = || -> i64 {
        let count =
            "SELECT count(full) FROM photo_file JOIN photo_way AS way USING (sha256) WHERE way.state = 'waiting'";
        let counted = |open: &mut device::Open| {
            Ok::<i64, device::DeviceError>(open.store().connection().query_row(count, [], |row| row.get(0))?)
        };
        phone.device.with_open(counted).unwrap()
    };
    server.hub().refuse = Box::new(|change| (change.kind == Kind::Photo).then_some(ProblemCode::TooManyPhotos));
    let ((sent, hash), (given_up, _)) = (take(&phone, 1), take(&phone, 2));
    assert_eq!(phone.sync().refused, 2);
    // Days pass: that frees nothing of what only this phone has.
    let days = 90 * 24 * 60 * 60 * 1000;
    phone.pass(days);
    server.hub().now += days;
    phone.sync();
    assert_eq!((originals(), phone.state().refused), (2, 2));
    assert_eq!(phone.call("refused", json!({}))[0]["code"], json!("too_many_photos"));
    phone.call("discard", json!({"record_id": given_up}));
    assert_eq!((originals(), phone.state().refused), (1, 1));
    // One of the nine was taken out.
    server.hub().refuse = Box::new(|_| None);
    phone.call("resend", json!({"record_id": sent}));
    // The picture was offered all along, and pauses after the last time in vain.
    phone.pass(100_000);
    server.hub().now += 100_000;
    phone.sync();
    assert!(phone.is_sent(sent) && server.hub().stored.contains_key(&hash) && phone.get(given_up).is_none());
    assert_eq!((phone.state().refused, originals()), (0, 0));
}

#[test]
fn a_photo_at_which_the_server_breaks_blocks_no_other_and_a_server_that_is_broken_ends_the_round() {
    let server = Server::new();
    let phone = Phone::new(&server, 1);
    let hashes = [1, 2, 3, 4].map(|number| take(&phone, number).1);
    server.hub().breaks_at = hashes.iter().cloned().collect();
    let ended_by = phone.round().ended_by;
    assert!(matches!(ended_by, Some(device::DeviceError::Call(CallError::Unavailable(_)))));
    assert_eq!(server.hub().offers, 2, "at the second in a row");
    // Those two are at fault themselves: the others go before them, once each has been tried.
    server.hub().breaks_at = hashes[..2].iter().cloned().collect();
    phone.round();
    phone.round();
    assert!(hashes[2..].iter().all(|hash| server.hub().stored.contains_key(hash)));
    // What was wrong over there is mended: the next round brings them.
    server.hub().breaks_at.clear();
    phone.sync();
    assert!(hashes.iter().all(|hash| server.hub().stored.contains_key(hash)));
}

#[test]
fn a_picture_that_the_server_does_not_take_for_one_record_is_offered_for_the_next() {
    for code in [CallRefusal::NotFound, CallRefusal::NotAllowed, CallRefusal::HashMismatch] {
        let server = Server::new();
        let phone = Phone::new(&server, 1);
        let (one, hash) = take(&phone, 1);
        let (other, _) = phone.photograph((record_id(43), "incident"), &[1; SIZE]).unwrap();
        // The first in turn.
        server.hub().offers_refused = [(one.min(other), code)].into();
        assert_eq!(phone.sync().photos, 1, "{code:?}");
        assert!(server.hub().stored.contains_key(&hash));
    }
}

#[test]
fn no_signal_ends_the_photos_at_once() {
    let server = Server::new();
    let phone = Phone::new(&server, 1);
    take(&phone, 1);
    take(&phone, 2);
    server.hub().appends_left = 0;
    let ended_by = phone.round().ended_by;
    assert!(matches!(ended_by, Some(device::DeviceError::Call(CallError::Offline(_)))));
    assert_eq!(server.hub().offers, 1);
}

fn on_mobile_data(phone: &Phone) {
    phone.device.set_network(Network { online: true, metered: Some(true) });
}

fn on_wifi(phone: &Phone) {
    phone.device.set_network(Network { online: true, metered: Some(false) });
}

fn wifi_only(phone: &Phone, chosen: bool) {
    Preferences { photos_on_wifi_only: chosen, ..Preferences::default() }.store(phone.path()).unwrap();
}

#[test]
fn photos_wait_for_wifi_where_the_worker_chose_so_and_text_goes_on() {
    let server = Server::new();
    let phone = Phone::new(&server, 1);
    wifi_only(&phone, true);
    on_mobile_data(&phone);
    phone.sync();
    let safe_at = phone.state().safe_at;
    phone.pass(1_000);
    server.hub().now += 1_000;
    let (id, hash) = take(&phone, 1);
    assert_eq!(phone.sync().photos, 0);
    assert!(phone.is_sent(id), "the text is there, and says which photo belongs to it");
    let state = phone.state();
    assert_eq!((state.waiting_photos, state.photos_for_wifi), (1, 1));
    assert_eq!((state.phase, state.safe_at), (device::SyncPhase::Waiting, safe_at), "nobody is told that all is safe");
    assert!(!state.something_can_go());
    assert_eq!(server.hub().offers, 0, "not even announced");
    on_wifi(&phone);
    assert_eq!(phone.state().photos_for_wifi, 0);
    assert_eq!(phone.sync().photos, 1);
    assert!(server.hub().stored.contains_key(&hash));
    assert_eq!(phone.state().phase, device::SyncPhase::Safe);
}

#[test]
fn where_nobody_can_tell_or_nobody_chose_photos_do_not_wait() {
    for (chosen, metered) in [(true, None), (true, Some(false)), (false, Some(true))] {
        let server = Server::new();
        let phone = Phone::new(&server, 1);
        wifi_only(&phone, chosen);
        phone.device.set_network(Network { online: true, metered });
        take(&phone, 1);
        assert_eq!(phone.state().photos_for_wifi, 0);
        assert_eq!(phone.sync().photos, 1, "{chosen} {metered:?}");
    }
    let server = Server::new();
    let phone = Phone::new(&server, 1);
    wifi_only(&phone, true);
    take(&phone, 1);
    assert_eq!(phone.sync().photos, 1, "nothing was ever said about the network");
}

#[test]
fn send_now_anyway_sends_what_waits_and_nothing_that_is_taken_later() {
    let server = Server::new();
    let phone = Phone::new(&server, 1);
    wifi_only(&phone, true);
    on_mobile_data(&phone);
    let (_, first) = take(&phone, 1);
    phone.sync();
    assert_eq!(phone.device.send_photos_now().unwrap().photos_for_wifi, 0);
    let (_, later) = take(&phone, 2);
    assert_eq!((phone.state().waiting_photos, phone.state().photos_for_wifi), (2, 1));
    // The signal breaks in the middle: what was said still holds.
    server.hub().appends_left = 1;
    phone.round();
    server.hub().appends_left = usize::MAX;
    assert_eq!(phone.sync().photos, 1);
    assert!(server.hub().stored.contains_key(&first) && !server.hub().stored.contains_key(&later));
    phone.sync();
    assert_eq!(phone.state().photos_for_wifi, 1);
}

#[test]
fn wifi_that_is_lost_in_the_middle_of_a_photo_stops_it_and_it_goes_on_later() {
    let server = Server::new();
    let phone = Phone::new(&server, 1);
    wifi_only(&phone, true);
    on_wifi(&phone);
    let (_, hash) = take(&phone, 1);
    let device = phone.device.clone();
    server.hub().on_append = Some(Arc::new(move || device.set_network(Network { online: true, metered: Some(true) })));
    assert_eq!(phone.sync().photos, 0);
    assert_eq!((phone.state().waiting_photos, phone.state().photos_for_wifi), (1, 1));
    let sent = server.hub().uploads.values().map(|(_, bytes)| bytes.len()).sum::<usize>();
    assert!(sent > 0 && sent < SIZE, "{sent}");
    server.hub().on_append = None;
    on_wifi(&phone);
    assert_eq!(phone.sync().photos, 1);
    let hub = server.hub();
    assert_eq!((hub.offers, hub.stored[&hash].len()), (1, SIZE));
}

/// What the screens note of a stored record whose photo they have yet to store, and the photo as they keep it.
fn note_following(phone: &Phone, key: &str, value: serde_json::Value) {
    phone.call("save_draft", json!({"key": "report-photo:a", "value": {"pieces": 0}}));
    phone.call("save_draft", json!({"key": key, "value": value}));
}

#[test]
fn photos_that_a_stored_record_is_still_to_get_are_waiting_ones() {
    let server = Server::new();
    let mut phone = Phone::new(&server, 1);
    let id = phone.building("一号楼");
    phone.sync();
    let safe = phone.state().safe_at;
    phone.pass(60_000);
    for (prefix, value) in [
        (
            "report-stored",
            json!({"incident": id, "step": null, "photos": [{"key": "report-photo:a", "kind": "scene"}], "solution": null}),
        ),
        ("report-stored", json!(["report-photo:a"])),
        ("inspection-stored", json!([{"key": "report-photo:a", "item": "1", "note": null}])),
    ] {
        let key = format!("{prefix}:{id}");
        note_following(&phone, &key, value);
        phone.sync();
        phone.restart();
        let state = phone.state();
        assert_eq!((state.waiting_photos, state.phase), (1, device::SyncPhase::Waiting), "{key}");
        assert_eq!(state.safe_at, safe, "not everything is safe");
        phone.call("drop_draft", json!({ "key": key }));
        assert_eq!(phone.state().waiting_photos, 0);
    }
    // One that was stored is not kept any more, and one of a record that is not here is nobody's to send.
    note_following(&phone, &format!("report-stored:{id}"), json!(["report-photo:gone"]));
    note_following(&phone, &format!("report-stored:{}", record_id(7)), json!(["report-photo:a"]));
    phone.call("save_draft", json!({"key": "report-photo:b", "value": {"pieces": 0}}));
    assert_eq!(phone.state().waiting_photos, 0);
}

#[test]
fn a_cell_that_was_taken_away_stays_until_the_photos_of_its_stored_records_are_stored() {
    let server = Server::new();
    let phone = Phone::new(&server, 1);
    let id = phone.building("一号楼");
    phone.sync();
    note_following(&phone, &format!("report-stored:{id}"), json!(["report-photo:a"]));
    server.hub().cells = vec![other_cell()];
    phone.sync();
    assert!(phone.get(id).is_some(), "its photo is still to be stored");
    let fields = json!({"subject": id, "subject_kind": "incident", "width": 16, "height": 16, "bytes": 1000, "taken_at": START,
        "photo_kind": "scene", "by": "worker"});
    let fields: domain::Fields = serde_json::from_value(fields).unwrap();
    let picture = ([1_u8; 1000], [1_u8; 100]);
    let stored = phone.device.with_open(|open| open.write_photo(Some(&cell()), (&picture.0, &picture.1), fields));
    let photo = stored.unwrap();
    phone.call("drop_draft", json!({"key": format!("report-stored:{id}")}));
    phone.sync();
    assert!(server.hub().records.contains_key(&photo));
    phone.sync();
    assert!(phone.get(id).is_none() && phone.get(photo).is_none(), "and then it goes");
}
