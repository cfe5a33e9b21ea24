//! Photos: checked before they count, seen only from where they lie.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use domain::protocol::{CallRefusal, PhotoOffer, PhotoPlace, PhotoSize};
use domain::scope::Role;
use domain::{Change, Kind, ProblemCode, Record, Sha256Hex, World as _};
use serde_json::json;
use sync_server::hub::HubError;
use sync_server::store::{Account, Store as _, Upload};

use crate::common::{County, DAY, MINUTE, PASSWORD, TestPhone, cell, jpeg, scope, sha256};

/// An incident with a photo record for these bytes, pushed; and the offer of the bytes.
pub(crate) fn offered(phone: &mut TestPhone, bytes: &[u8]) -> (Change, PhotoOffer) {
    let incident = phone.new_incident(&cell(1));
    let (at, by) = (phone.world.now(), phone.account());
    let fields = json!({"subject": incident.id, "subject_kind": "incident", "sha256": sha256(bytes), "width": 64, "height": 48,
        "bytes": bytes.len(), "taken_at": at, "photo_kind": "scene", "by": by});
    let photo = phone.new_record(Kind::Photo, &cell(1), fields);
    phone.push_all(&[incident, photo.clone()]);
    let offer =
        PhotoOffer { photo: photo.id, sha256: Sha256Hex::new(&sha256(bytes)).unwrap(), bytes: bytes.len() as u64 };
    (photo, offer)
}

fn upload(phone: &TestPhone, offer: &PhotoOffer) -> String {
    match phone.hub.photo_offer(&phone.phone(), offer).unwrap() {
        PhotoPlace::Upload { upload, .. } => upload,
        PhotoPlace::Stored => panic!("stored already"),
    }
}

fn code<T: std::fmt::Debug>(outcome: Result<T, HubError>) -> CallRefusal {
    outcome.unwrap_err().code()
}

#[test]
fn a_photo_arrives_in_pieces_and_is_seen_by_its_cell_only() {
    let county = County::new();
    let mut phone = county.worker("worker-a", &[cell(1)]);
    let bytes = jpeg(1);
    let (_, offer) = offered(&mut phone, &bytes);
    let id = upload(&phone, &offer);
    let (first, second) = bytes.split_at(300);
    assert_eq!(county.hub.photo_append(&phone.phone(), &id, 0, first).unwrap(), 300);
    let colleague = county.worker("worker-b", &[cell(1)]);
    let actor = colleague.phone().actor;
    assert_eq!(code(county.hub.photo_for(&actor, &offer.sha256, PhotoSize::Full)), CallRefusal::NotFound);
    assert_eq!(county.hub.photo_append(&phone.phone(), &id, 300, second).unwrap(), bytes.len() as u64);
    assert_eq!(county.hub.photo_for(&actor, &offer.sha256, PhotoSize::Full).unwrap(), bytes);
    let thumb = county.hub.photo_for(&actor, &offer.sha256, PhotoSize::Thumb).unwrap();
    assert!(image::load_from_memory(&thumb).is_ok());
    let stranger = county.worker("worker-c", &[cell(2)]).phone().actor;
    assert_eq!(code(county.hub.photo_for(&stranger, &offer.sha256, PhotoSize::Thumb)), CallRefusal::NotFound);
    assert_eq!(county.hub.photo_offer(&phone.phone(), &offer).unwrap(), PhotoPlace::Stored);
}

#[test]
fn an_informant_fetches_what_was_photographed_of_an_incident_and_no_papers_of_a_case() {
    let county = County::new();
    let mut worker = county.worker("worker-a", &[cell(1)]);
    let (scene, paper) = (jpeg(21), jpeg(22));
    let (_, of_incident) = offered(&mut worker, &scene);
    let dispute = worker.new_dispute(&cell(1));
    let photo = worker.new_photo(&dispute, &paper);
    worker.push_all(&[dispute, photo.clone()]);
    let of_case =
        PhotoOffer { photo: photo.id, sha256: Sha256Hex::new(&sha256(&paper)).unwrap(), bytes: paper.len() as u64 };
    for (offer, bytes) in [(&of_incident, &scene), (&of_case, &paper)] {
        let id = upload(&worker, offer);
        county.hub.photo_append(&worker.phone(), &id, 0, bytes).unwrap();
    }
    let informant = county.phone_of(&county.account("informant-a", Role::Informant, &[], &[cell(1)]));
    let actor = informant.phone().actor;
    assert_eq!(county.hub.photo_for(&actor, &of_incident.sha256, PhotoSize::Full).unwrap(), scene);
    for size in [PhotoSize::Full, PhotoSize::Thumb] {
        assert_eq!(code(county.hub.photo_for(&actor, &of_case.sha256, size)), CallRefusal::NotFound);
    }
    assert_eq!(code(county.hub.photo_offer(&informant.phone(), &of_case)), CallRefusal::NotFound);
    assert_eq!(county.hub.photo_for(&worker.phone().actor, &of_case.sha256, PhotoSize::Full).unwrap(), paper);
}

#[test]
fn an_upload_goes_on_after_a_restart_of_the_server() {
    let mut county = County::new();
    let mut phone = county.worker("worker-a", &[cell(1)]);
    let bytes = jpeg(2);
    let (_, offer) = offered(&mut phone, &bytes);
    let id = upload(&phone, &offer);
    county.hub.photo_append(&phone.phone(), &id, 0, &bytes[..200]).unwrap();
    // The disk took more than was acknowledged: what was not acknowledged is written again.
    county.hub.photos().append(&id, 200, b"never acknowledged").unwrap();
    county.restart();
    phone.hub = std::sync::Arc::clone(&county.hub);
    let place = county.hub.photo_offer(&phone.phone(), &offer).unwrap();
    assert_eq!(place, PhotoPlace::Upload { upload: id.clone(), offset: 200 });
    county.hub.photo_append(&phone.phone(), &id, 200, &bytes[200..]).unwrap();
    assert_eq!(county.hub.photo_for(&phone.phone().actor, &offer.sha256, PhotoSize::Full).unwrap(), bytes);
}

#[test]
fn a_server_that_ended_between_a_photos_place_and_its_note_has_the_photo_and_blocks_nobody() {
    let county = County::new();
    let mut phone = county.worker("worker-a", &[cell(1)]);
    let bytes = jpeg(9);
    let (_, offer) = offered(&mut phone, &bytes);
    let id = upload(&phone, &offer);
    county.hub.photo_append(&phone.phone(), &id, 0, &bytes[..200]).unwrap();
    // The last bytes came and the photo took its place; the database never heard of it.
    county.hub.photos().append(&id, 200, &bytes[200..]).unwrap();
    county.hub.photos().finish(&id, &offer.sha256).unwrap();
    assert_eq!(code(county.hub.photo_append(&phone.phone(), &id, 200, &bytes[200..])), CallRefusal::UploadGone);
    assert_eq!(county.hub.photo_offer(&phone.phone(), &offer).unwrap(), PhotoPlace::Stored);
    assert_eq!(county.hub.photo_for(&phone.phone().actor, &offer.sha256, PhotoSize::Full).unwrap(), bytes);
}

/// Where a stored photo lies.
fn file_of(county: &County, offer: &PhotoOffer, ending: &str) -> PathBuf {
    let (folder, name) = offer.sha256.as_str().split_at(2);
    county.folder.path().join("photos").join(folder).join(format!("{name}{ending}"))
}

#[test]
fn a_photo_that_a_folder_put_back_older_lacks_is_asked_for_again_and_nobody_is_told_that_it_is_there() {
    let county = County::new();
    let mut phone = county.worker("worker-a", &[cell(1)]);
    let bytes = jpeg(13);
    let (_, offer) = offered(&mut phone, &bytes);
    let file = file_of(&county, &offer, ".jpg");
    let lose: [fn(&PathBuf); 2] =
        [|file| std::fs::remove_file(file).unwrap(), |file| std::fs::write(file, b"cut").unwrap()];
    for lose in lose {
        let id = upload(&phone, &offer);
        assert_eq!(county.hub.photo_append(&phone.phone(), &id, 0, &bytes).unwrap(), bytes.len() as u64);
        assert_eq!(county.hub.photo_offer(&phone.phone(), &offer).unwrap(), PhotoPlace::Stored);
        lose(&file);
        let asked = county.hub.photo_for(&phone.phone().actor, &offer.sha256, PhotoSize::Full);
        assert_eq!(code(asked), CallRefusal::NotFound);
        assert!(county.hub.photo_append(&phone.phone(), &id, 0, &bytes).is_err(), "no repetition of what is gone");
    }
    let id = upload(&phone, &offer);
    assert_eq!(county.hub.own_upload(&phone.phone(), &id).unwrap().offset, 0, "not the one that was complete");
    county.hub.photo_append(&phone.phone(), &id, 0, &bytes[..200]).unwrap();
    assert_eq!(upload(&phone, &offer), id, "and it goes on where it stopped");
    county.hub.photo_append(&phone.phone(), &id, 200, &bytes[200..]).unwrap();
    assert_eq!(county.hub.photo_for(&phone.phone().actor, &offer.sha256, PhotoSize::Full).unwrap(), bytes);
}

#[test]
fn a_photo_that_came_after_its_files_were_to_be_removed_stays() {
    let county = County::new();
    let mut phone = county.worker("worker-a", &[cell(1)]);
    let bytes = jpeg(14);
    let (_, offer) = offered(&mut phone, &bytes);
    let id = upload(&phone, &offer);
    // Another record with the same picture was erased; its files were not removed yet.
    county.hub.store().write(|writing| writing.doom_photo(&offer.sha256)).unwrap();
    county.hub.photo_append(&phone.phone(), &id, 0, &bytes).unwrap();
    assert!(county.hub.store().read(|reading| reading.photos_doomed()).unwrap().is_empty());
    county.hub.tidy().unwrap();
    assert_eq!(county.hub.photo_for(&phone.phone().actor, &offer.sha256, PhotoSize::Full).unwrap(), bytes);
}

#[test]
fn an_upload_whose_bytes_are_gone_from_the_disk_begins_again() {
    let county = County::new();
    let mut phone = county.worker("worker-a", &[cell(1)]);
    let bytes = jpeg(10);
    let (_, offer) = offered(&mut phone, &bytes);
    let id = upload(&phone, &offer);
    county.hub.photo_append(&phone.phone(), &id, 0, &bytes[..200]).unwrap();
    county.hub.photos().discard(&id).unwrap();
    assert_eq!(code(county.hub.photo_append(&phone.phone(), &id, 200, &bytes[200..])), CallRefusal::UploadGone);
    let again = upload(&phone, &offer);
    assert_eq!(county.hub.photo_append(&phone.phone(), &again, 0, &bytes).unwrap(), bytes.len() as u64);
}

#[test]
fn bytes_that_are_not_what_was_announced_are_thrown_away() {
    let county = County::new();
    let mut phone = county.worker("worker-a", &[cell(1)]);
    let mut bytes = jpeg(3);
    let (_, offer) = offered(&mut phone, &bytes);
    let id = upload(&phone, &offer);
    bytes[400] ^= 1;
    assert_eq!(code(county.hub.photo_append(&phone.phone(), &id, 0, &bytes)), CallRefusal::HashMismatch);
    assert_eq!(code(county.hub.own_upload(&phone.phone(), &id)), CallRefusal::UploadGone);
    bytes[400] ^= 1;
    let again = upload(&phone, &offer);
    assert_eq!(county.hub.photo_append(&phone.phone(), &again, 0, &bytes).unwrap(), bytes.len() as u64);
}

#[test]
fn bytes_that_are_no_picture_are_no_photo() {
    let county = County::new();
    let mut phone = county.worker("worker-a", &[cell(1)]);
    for bytes in [b"<script>alert(1)</script>".to_vec(), vec![0; 5_000], jpeg(4)[..500].to_vec()] {
        let (_, offer) = offered(&mut phone, &bytes);
        let id = upload(&phone, &offer);
        assert_eq!(code(county.hub.photo_append(&phone.phone(), &id, 0, &bytes)), CallRefusal::NotAnImage);
        assert_eq!(
            code(county.hub.photo_for(&phone.phone().actor, &offer.sha256, PhotoSize::Full)),
            CallRefusal::NotFound
        );
    }
    let left = std::fs::read_dir(county.folder.path().join("photos/uploads")).unwrap().count();
    assert_eq!(left, 0, "nothing is left lying about");
}

#[test]
fn an_offer_must_fit_the_record() {
    let county = County::new();
    let mut phone = county.worker("worker-a", &[cell(1)]);
    let bytes = jpeg(5);
    let (photo, offer) = offered(&mut phone, &bytes);
    let other_hash = PhotoOffer { sha256: Sha256Hex::new(&"0".repeat(64)).unwrap(), ..offer.clone() };
    let other_size = PhotoOffer { bytes: offer.bytes + 1, ..offer.clone() };
    let hub = &county.hub;
    assert_eq!(code(hub.photo_offer(&phone.phone(), &other_hash)), CallRefusal::HashMismatch);
    assert_eq!(code(hub.photo_offer(&phone.phone(), &other_size)), CallRefusal::HashMismatch);
    let unknown = PhotoOffer { photo: phone.world.record_id(), ..offer.clone() };
    assert_eq!(code(hub.photo_offer(&phone.phone(), &unknown)), CallRefusal::NotFound);
    let no_photo = photo.fields["subject"].as_str().unwrap().parse().unwrap();
    assert_eq!(
        code(hub.photo_offer(&phone.phone(), &PhotoOffer { photo: no_photo, ..offer.clone() })),
        CallRefusal::NotFound
    );
    let stranger = county.worker("worker-c", &[cell(2)]);
    assert_eq!(code(hub.photo_offer(&stranger.phone(), &offer)), CallRefusal::NotFound);
}

#[test]
fn the_bytes_come_from_whoever_took_the_photo_though_the_server_forgot_that_the_cell_was_theirs() {
    let mut county = County::new();
    let mut author = county.worker("worker-a", &[cell(2)]);
    let mut colleague = county.worker("worker-b", &[cell(1)]);
    let backup = county.folder.path().join("backup.db");
    county.hub.back_up(&backup).unwrap();
    county.world.pass(MINUTE);
    county.account("worker-a", Role::Worker, &[], &[cell(1), cell(2)]);
    let bytes = jpeg(11);
    let (photo, offer) = offered(&mut author, &bytes);
    let incident = county.stored(photo.fields["subject"].as_str().unwrap().parse().unwrap()).unwrap().record;
    county.world.pass(MINUTE);
    county.put_back(&backup);
    (author.hub, colleague.hub) = (Arc::clone(&county.hub), Arc::clone(&county.hub));
    assert_eq!(author.refused(&photo), ProblemCode::ForeignCell);
    assert_eq!(code(county.hub.photo_offer(&author.phone(), &offer)), CallRefusal::NotFound);
    let Record { id, kind, cell: place, fields, stamps } = incident;
    colleague.push_all(&[Change { id, kind, cell: place, fields, stamps, base: BTreeMap::new() }, photo]);
    let stranger = county.worker("worker-c", &[cell(2)]);
    assert_eq!(code(county.hub.photo_offer(&stranger.phone(), &offer)), CallRefusal::NotFound);
    let id = upload(&author, &offer);
    assert_eq!(county.hub.photo_append(&author.phone(), &id, 0, &bytes).unwrap(), bytes.len() as u64);
    assert_eq!(county.hub.photo_for(&colleague.phone().actor, &offer.sha256, PhotoSize::Full).unwrap(), bytes);
    let shown = county.hub.photo_for(&author.phone().actor, &offer.sha256, PhotoSize::Thumb);
    assert_eq!(code(shown), CallRefusal::NotFound, "what they took is not theirs to see any more");
}

#[test]
fn an_upload_whose_file_cannot_be_removed_is_not_forgotten_without_it() {
    let county = County::new();
    let mut phone = county.worker("worker-a", &[cell(1)]);
    let bytes = jpeg(12);
    let (_, offer) = offered(&mut phone, &bytes);
    let id = upload(&phone, &offer);
    county.hub.photo_append(&phone.phone(), &id, 0, &bytes[..200]).unwrap();
    // A folder in the file's place is what no removing of a file removes.
    let file = county.folder.path().join("photos/uploads").join(&id);
    std::fs::remove_file(&file).unwrap();
    std::fs::create_dir(&file).unwrap();
    assert!(county.hub.photo_abandon(&phone.phone(), &id).is_err());
    std::fs::remove_dir(&file).unwrap();
    std::fs::write(&file, &bytes[..200]).unwrap();
    county.hub.photo_abandon(&phone.phone(), &id).unwrap();
    assert!(!file.exists(), "nothing lies there that nobody names");
}

#[test]
fn a_worker_who_became_supervisor_brings_their_photos_and_no_other_s_that_they_may_not_see() {
    let county = County::new();
    let mut phone = county.worker("worker-a", &[cell(1)]);
    let mut colleague = county.worker("worker-b", &[cell(1)]);
    let (bytes, other) = (jpeg(15), jpeg(16));
    let (_, own) = offered(&mut phone, &bytes);
    let (_, foreign) = offered(&mut colleague, &other);
    let worker = county.hub.store().read(|reading| reading.account(&phone.account())).unwrap().unwrap();
    let promoted = Account { role: Role::Supervisor, scopes: vec![scope("610722001001")], ..worker };
    county.hub.put_account(promoted, Some(PASSWORD), &[]).unwrap();
    let id = upload(&phone, &own);
    assert_eq!(county.hub.photo_append(&phone.phone(), &id, 0, &bytes).unwrap(), bytes.len() as u64);
    assert_eq!(county.hub.photo_offer(&phone.phone(), &own).unwrap(), PhotoPlace::Stored);
    assert_eq!(code(county.hub.photo_offer(&phone.phone(), &foreign)), CallRefusal::NotFound);
}

#[test]
fn whoever_may_see_a_photo_may_bring_its_bytes() {
    let county = County::new();
    let mut author = county.worker("worker-a", &[cell(1)]);
    let bytes = jpeg(26);
    let (_, offer) = offered(&mut author, &bytes);
    // Supervisors take no photos. But one may have loaded this before the server was put back, and be the only one who has it.
    let leader = county.phone_of(&county.account("leader", Role::Supervisor, &["610722001001"], &[cell(1)]));
    let id = upload(&leader, &offer);
    assert_eq!(county.hub.photo_append(&leader.phone(), &id, 0, &bytes).unwrap(), bytes.len() as u64);
    assert_eq!(county.hub.photo_for(&author.phone().actor, &offer.sha256, PhotoSize::Full).unwrap(), bytes);
    let elsewhere = county.phone_of(&county.account("leader-2", Role::Supervisor, &["610722001001"], &[cell(2)]));
    assert_eq!(code(county.hub.photo_offer(&elsewhere.phone(), &offer)), CallRefusal::NotFound);
}

#[test]
fn files_of_uploads_that_nothing_knows_of_are_swept_away() {
    let county = County::new();
    let mut phone = county.worker("worker-a", &[cell(1)]);
    let bytes = jpeg(17);
    let (_, offer) = offered(&mut phone, &bytes);
    let id = upload(&phone, &offer);
    county.hub.photo_append(&phone.phone(), &id, 0, &bytes[..200]).unwrap();
    let uploads = county.folder.path().join("photos/uploads");
    for name in ["of-a-killed-hand-in", "of-a-killed-hand-in.part", &format!("{id}.part")] {
        std::fs::write(uploads.join(name), &bytes[..200]).unwrap();
    }
    assert_eq!(county.hub.sweep_uploads().unwrap(), 3);
    county.hub.photo_append(&phone.phone(), &id, 200, &bytes[200..]).unwrap();
    assert_eq!(std::fs::read_dir(&uploads).unwrap().count(), 0);
}

#[test]
fn bytes_that_cannot_take_their_place_leave_nothing_among_the_uploads() {
    let county = County::new();
    let mut phone = county.worker("worker-a", &[cell(1)]);
    let bytes = jpeg(18);
    let (_, offer) = offered(&mut phone, &bytes);
    // A file where the folder of the hash would be.
    let place = county.folder.path().join("photos").join(&offer.sha256.as_str()[..2]);
    std::fs::write(&place, "").unwrap();
    assert!(county.hub.keep_photo(&offer.sha256, &bytes).is_err());
    assert_eq!(std::fs::read_dir(county.folder.path().join("photos/uploads")).unwrap().count(), 0);
    std::fs::remove_file(&place).unwrap();
    county.hub.keep_photo(&offer.sha256, &bytes).unwrap();
    assert_eq!(county.hub.photo_offer(&phone.phone(), &offer).unwrap(), PhotoPlace::Stored);
}

#[test]
fn a_photo_that_cannot_take_its_place_leaves_no_thumbnail() {
    let county = County::new();
    let mut phone = county.worker("worker-a", &[cell(1)]);
    let bytes = jpeg(28);
    let (_, offer) = offered(&mut phone, &bytes);
    // A folder where the photo would be: only the thumbnail can take its place.
    let place = file_of(&county, &offer, ".jpg");
    std::fs::create_dir_all(&place).unwrap();
    assert!(county.hub.keep_photo(&offer.sha256, &bytes).is_err());
    assert!(!file_of(&county, &offer, ".thumb.jpg").exists());
    std::fs::remove_dir(&place).unwrap();
    county.hub.keep_photo(&offer.sha256, &bytes).unwrap();
    assert!(file_of(&county, &offer, ".thumb.jpg").exists());
}

#[test]
fn a_picture_that_was_checked_has_no_place_before_it_takes_it() {
    let county = County::new();
    let (bytes, photos) = (jpeg(30), county.hub.photos());
    let sha256 = Sha256Hex::new(&sha256(&bytes)).unwrap();
    photos.append("an-upload", 0, &bytes).unwrap();
    assert_eq!(photos.check("an-upload", &sha256).unwrap(), None);
    assert!(!photos.has_any_of(&sha256).unwrap(), "neither the picture nor its thumbnail");
    photos.take_place("an-upload", &sha256).unwrap();
    assert!(photos.holds(&sha256, bytes.len() as u64).unwrap());
    assert!(photos.uploads().unwrap().is_empty());
}

#[test]
fn an_upload_that_is_over_leaves_no_picture_that_nobody_names() {
    let county = County::new();
    let device = county.worker("worker-a", &[cell(1)]).phone().device;
    let bytes = jpeg(29);
    let sha256 = Sha256Hex::new(&sha256(&bytes)).unwrap();
    // It took its place, and the note of that failed; its record was erased by then.
    county.hub.photos().append("an-upload", 0, &bytes).unwrap();
    county.hub.photos().finish("an-upload", &sha256).unwrap();
    let photo = county.hub.record_id();
    let (id, size) = ("an-upload".to_owned(), bytes.len() as u64);
    let left = Upload { id, device, photo, cell: cell(1), sha256: sha256.clone(), bytes: size, offset: 0, until: 0 };
    county.hub.store().write(|writing| writing.put_upload(&left)).unwrap();
    assert_eq!(county.hub.tidy().unwrap(), 1);
    assert!(!county.hub.photos().has_any_of(&sha256).unwrap());
}

#[test]
fn the_same_picture_comes_through_many_uploads_at_once() {
    let county = County::new();
    let mut phone = county.worker("worker-a", &[cell(1)]);
    let bytes = jpeg(19);
    let (_, offer) = offered(&mut phone, &bytes);
    std::thread::scope(|threads| {
        for _ in 0..8 {
            threads.spawn(|| (0..20).for_each(|_| county.hub.keep_photo(&offer.sha256, &bytes).unwrap()));
        }
    });
    let thumb = county.hub.photo_for(&phone.phone().actor, &offer.sha256, PhotoSize::Thumb).unwrap();
    assert!(image::load_from_memory(&thumb).is_ok());
}

#[test]
fn nobody_touches_another_phone_s_upload() {
    let county = County::new();
    let mut phone = county.worker("worker-a", &[cell(1)]);
    let bytes = jpeg(6);
    let (_, offer) = offered(&mut phone, &bytes);
    let id = upload(&phone, &offer);
    let other = county.worker("worker-b", &[cell(1)]).phone();
    assert_eq!(code(county.hub.own_upload(&other, &id)), CallRefusal::UploadGone);
    assert_eq!(code(county.hub.photo_append(&other, &id, 0, &bytes)), CallRefusal::UploadGone);
    assert_eq!(code(county.hub.photo_abandon(&other, &id)), CallRefusal::UploadGone);
    assert_eq!(code(county.hub.photo_append(&phone.phone(), "../county.db", 0, &bytes)), CallRefusal::UploadGone);
    assert!(county.hub.photo_append(&phone.phone(), &id, 0, &bytes).is_ok());
}

#[test]
fn among_concurrent_writers_of_one_upload_one_wins() {
    let county = County::new();
    let mut phone = county.worker("worker-a", &[cell(1)]);
    let bytes = jpeg(7);
    let (_, offer) = offered(&mut phone, &bytes);
    let id = upload(&phone, &offer);
    let who = phone.phone();
    let outcomes: Vec<bool> = std::thread::scope(|threads| {
        let tries: Vec<_> =
            (0..4).map(|_| threads.spawn(|| county.hub.photo_append(&who, &id, 0, &bytes[..300]).is_ok())).collect();
        tries.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    assert_eq!(outcomes.iter().filter(|won| **won).count(), 1);
    assert_eq!(county.hub.own_upload(&who, &id).unwrap().offset, 300);
}

#[test]
fn an_upload_that_nobody_finished_is_forgotten_after_a_week() {
    let county = County::new();
    let mut phone = county.worker("worker-a", &[cell(1)]);
    let bytes = jpeg(8);
    let (_, offer) = offered(&mut phone, &bytes);
    let id = upload(&phone, &offer);
    county.hub.photo_append(&phone.phone(), &id, 0, &bytes[..10]).unwrap();
    let who = phone.phone();
    county.world.pass(7 * DAY + 1);
    assert_eq!(code(county.hub.own_upload(&who, &id)), CallRefusal::UploadGone);
    assert_eq!(county.hub.tidy().unwrap(), 1);
    assert_eq!(std::fs::read_dir(county.folder.path().join("photos/uploads")).unwrap().count(), 0);
}
