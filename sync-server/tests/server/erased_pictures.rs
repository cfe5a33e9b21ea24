//! Pictures of who was erased: a photo folder that is put back older, which is copied apart from the database, does not bring them back.

use std::path::PathBuf;
use std::sync::Arc;

use domain::protocol::PhotoSize;
use domain::{Kind, Sha256Hex};
use serde_json::json;
use sync_server::hub::erasure::ERASURE_LOG;
use sync_server::store::Store as _;

use crate::common::{County, HOUR, MINUTE, cell, jpeg, sha256};
use crate::erasure::{Town, town};

/// Where a picture and its thumbnail lie.
fn places(county: &County, hash: &Sha256Hex) -> [PathBuf; 2] {
    let (folder, name) = hash.as_str().split_at(2);
    let folder = county.folder.path().join("photos").join(folder);
    ["jpg", "thumb.jpg"].map(|ending| folder.join(format!("{name}.{ending}")))
}

/// The files of a picture, as an older copy of the folder has them.
fn copy_of(county: &County, hash: &Sha256Hex) -> [Vec<u8>; 2] {
    places(county, hash).map(|place| std::fs::read(place).unwrap())
}

/// That copy is put back.
fn put_back(county: &County, hash: &Sha256Hex, files: &[Vec<u8>]) {
    for (place, bytes) in places(county, hash).iter().zip(files) {
        std::fs::create_dir_all(place.parent().unwrap()).unwrap();
        std::fs::write(place, bytes).unwrap();
    }
}

fn lies_there(county: &County, hash: &Sha256Hex) -> bool {
    places(county, hash).iter().any(|place| place.exists())
}

fn log_of(town: &Town) -> PathBuf {
    town.county.folder.path().join(ERASURE_LOG)
}

#[test]
fn a_folder_that_is_put_back_older_does_not_bring_back_the_picture_of_who_was_erased() {
    let mut town = town();
    let (_, hash) = town.photo(town.person, "person", &jpeg(1));
    let files = copy_of(&town.county, &hash);
    town.erase();
    assert!(!lies_there(&town.county, &hash));
    // All of it, and what a copy that was cut short has: one of the two.
    for part in [&files[..], &files[..1]] {
        put_back(&town.county, &hash, part);
        town.county.keep_erasures();
        assert!(!lies_there(&town.county, &hash), "it went when the server started");
    }
    put_back(&town.county, &hash, &files);
    std::fs::remove_file(&places(&town.county, &hash)[0]).unwrap();
    town.county.hub.tidy().unwrap();
    assert!(!lies_there(&town.county, &hash), "a thumbnail alone too, and while it serves");
}

#[test]
fn nor_does_it_beside_a_database_that_was_put_back_with_it() {
    let mut town = town();
    // The county's own folder goes with each restore.
    let backups = tempfile::tempdir().unwrap();
    let [before, after] = ["before.db", "after.db"].map(|name| backups.path().join(name));
    town.county.hub.back_up(&before).unwrap();
    town.county.world.pass(MINUTE);
    let (_, hash) = town.photo(town.person, "person", &jpeg(2));
    let files = copy_of(&town.county, &hash);
    town.erase();
    town.county.hub.back_up(&after).unwrap();
    // One knows the erasure and what it removed, the other neither the record nor the picture.
    for backup in [after, before] {
        town.county.world.pass(HOUR);
        town.county.put_back_beside_its_erasures(&backup);
        put_back(&town.county, &hash, &files);
        town.county.keep_erasures();
        assert!(!lies_there(&town.county, &hash), "{backup:?}");
    }
}

#[test]
fn a_picture_that_another_record_names_since_stays() {
    let mut town = town();
    let picture = jpeg(3);
    let (_, hash) = town.photo(town.person, "person", &picture);
    town.erase();
    let (_, again) = town.photo(town.household, "household", &picture);
    assert_eq!(hash, again);
    town.county.keep_erasures();
    town.phone.hub = Arc::clone(&town.county.hub);
    town.county.hub.tidy().unwrap();
    assert_eq!(town.county.hub.photo_for(&town.phone.phone().actor, &hash, PhotoSize::Full).unwrap(), picture);
}

fn removed(town: &Town) -> Vec<Sha256Hex> {
    town.county.hub.store().read(|reading| reading.photos_removed()).unwrap()
}

#[test]
fn a_removed_picture_that_a_record_names_since_counts_as_there_once_an_older_folder_is_put_back() {
    let mut town = town();
    let picture = jpeg(6);
    let (_, hash) = town.photo(town.person, "person", &picture);
    let files = copy_of(&town.county, &hash);
    town.erase();
    assert!(removed(&town).contains(&hash));
    // Its record comes, and before its bytes do the folder is put back.
    let by = town.phone.account();
    let fields = json!({"subject": town.household, "subject_kind": "household", "sha256": hash, "width": 64, "height": 48,
        "bytes": picture.len(), "taken_at": crate::common::START, "photo_kind": "scene", "by": by});
    let photo = town.phone.new_record(Kind::Photo, &cell(1), fields);
    town.phone.push_all(&[photo]);
    put_back(&town.county, &hash, &files);
    town.county.hub.tidy().unwrap();
    assert_eq!(town.county.hub.photo_for(&town.phone.phone().actor, &hash, PhotoSize::Full).unwrap(), picture);
    assert!(removed(&town).is_empty(), "and it is no erased one any more");
}

#[test]
fn a_sample_is_no_erased_picture_once_it_is_kept() {
    let mut town = town();
    let picture = jpeg(7);
    let (_, hash) = town.photo(town.person, "person", &picture);
    town.erase();
    town.county.hub.keep_photo(&hash, &picture).unwrap();
    assert!(removed(&town).is_empty());
    town.county.hub.tidy().unwrap();
    assert!(lies_there(&town.county, &hash), "its record may come later");
}

#[test]
fn the_log_of_an_older_version_names_no_pictures_and_is_carried_out_all_the_same() {
    let mut town = town();
    let backup = town.county.folder.path().join("backup.db");
    let (photo, hash) = town.photo(town.person, "person", &jpeg(4));
    town.county.hub.back_up(&backup).unwrap();
    town.county.world.pass(MINUTE);
    town.erase();
    let log = std::fs::read_to_string(log_of(&town)).unwrap();
    let named = format!(",\"sha256\":\"{hash}\"");
    assert!(log.contains(&named), "{log}");
    std::fs::write(log_of(&town), log.replace(&named, "")).unwrap();
    town.county.put_back_beside_its_erasures(&backup);
    town.county.keep_erasures();
    assert!(town.county.stored(town.person).is_none() && town.county.stored(photo).is_none());
}

#[test]
fn a_picture_that_another_record_named_when_it_was_erased_is_not_among_those_that_went() {
    let mut town = town();
    let picture = jpeg(5);
    let (_, hash) = town.photo(town.person, "person", &picture);
    town.photo(town.household, "household", &picture);
    town.erase();
    assert!(!std::fs::read_to_string(log_of(&town)).unwrap().contains(hash.as_str()));
}

#[test]
fn a_part_of_the_folder_that_cannot_be_read_keeps_neither_the_start_nor_another_picture_back() {
    let mut town = town();
    let first = jpeg(1);
    let second = (2..50).map(jpeg).find(|bytes| sha256(bytes)[..2] != sha256(&first)[..2]).unwrap();
    let (_, unreadable) = town.photo(town.person, "person", &first);
    let (_, hash) = town.photo(town.person, "person", &second);
    let files = copy_of(&town.county, &hash);
    town.erase();
    let [place, _] = places(&town.county, &unreadable);
    std::fs::remove_dir_all(place.parent().unwrap()).unwrap();
    std::fs::write(place.parent().unwrap(), b"a file in the place of a folder cannot be read as one").unwrap();
    put_back(&town.county, &hash, &files);
    town.county.keep_erasures();
    assert!(!lies_there(&town.county, &hash));
}
