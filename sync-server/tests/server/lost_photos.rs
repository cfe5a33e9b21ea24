//! Pictures that the photo folder has lost while the database is whole: found out, told to phones, and offered again. A folder that is not
//! mounted is not taken for one that lost everything.

use std::path::PathBuf;
use std::sync::Arc;

use axum::body::Body;
use axum::http::StatusCode;
use domain::protocol::{CallRefusal, PhotoOffer, PhotoPlace, PhotoSize};
use sync_server::http::{App, Front, router};
use sync_server::hub::lost_photos::{FolderFound, GivenUp};
use sync_server::store::{Store as _, StoreError};

use crate::common::{County, TestPhone, cell, jpeg, json_request, send as call};
use crate::photos::offered;

fn photos_folder(county: &County) -> PathBuf {
    county.folder.path().join("photos")
}

fn place(county: &County, offer: &PhotoOffer) -> PathBuf {
    let (folder, name) = offer.sha256.as_str().split_at(2);
    photos_folder(county).join(folder).join(format!("{name}.jpg"))
}

/// A phone with so many photos, all of them stored.
fn with_photos(county: &County, count: u8) -> (TestPhone, Vec<(PhotoOffer, Vec<u8>)>) {
    let mut phone = county.worker("worker-a", &[cell(1)]);
    let photos = (0..count).map(|number| {
        let bytes = jpeg(number);
        let (_, offer) = offered(&mut phone, &bytes);
        send(county, &phone, &offer, &bytes);
        (offer, bytes)
    });
    let photos = photos.collect();
    (phone, photos)
}

/// A stored photo: its thumbnail, as whoever asks gets it, and the file that holds it.
fn with_thumbnail(county: &County) -> (impl Fn() -> Vec<u8>, PathBuf) {
    let (phone, photos) = with_photos(county, 1);
    let (actor, offer) = (phone.phone().actor, photos[0].0.clone());
    let file = place(county, &offer).with_extension("thumb.jpg");
    (move || county.hub.photo_for(&actor, &offer.sha256, PhotoSize::Thumb).unwrap(), file)
}

/// Sends a photo, if the server wants it: whether it did.
fn send(county: &County, phone: &TestPhone, offer: &PhotoOffer, bytes: &[u8]) -> bool {
    match county.hub.photo_offer(&phone.phone(), offer).unwrap() {
        PhotoPlace::Stored => false,
        PhotoPlace::Upload { upload, .. } => {
            county.hub.photo_append(&phone.phone(), &upload, 0, bytes).unwrap();
            true
        }
    }
}

fn noted(county: &County) -> (u64, usize) {
    let stored = (0..=255_u8).map(|first| format!("{first:02x}"));
    county
        .hub
        .store()
        .read(|reading| {
            let mut count = 0;
            for digits in stored {
                count += reading.photos_stored_under(&digits)?.len();
            }
            Ok::<_, StoreError>((reading.cell_state(&cell(1))?.photos, count))
        })
        .unwrap()
}

#[test]
fn a_folder_that_lost_pictures_makes_phones_offer_them_again() {
    let county = County::new();
    let (mut phone, photos) = with_photos(&county, 3);
    assert_eq!(county.hub.look_for_photos().unwrap(), FolderFound::Compared { lost: 0, came: 0 });
    assert_eq!(phone.round(Vec::new()).photos_lost, None, "nobody is told of what is not so");
    for (offer, _) in &photos[..2] {
        std::fs::remove_file(place(&county, offer)).unwrap();
    }
    assert_eq!(county.hub.look_for_photos().unwrap(), FolderFound::Compared { lost: 2, came: 0 });
    assert_eq!(noted(&county), (1, 1), "and a receipt does not count them");
    let told = phone.round(Vec::new()).photos_lost;
    assert!(told.is_some());
    assert_eq!(county.hub.look_for_photos().unwrap(), FolderFound::Compared { lost: 0, came: 0 });
    assert_eq!(phone.round(Vec::new()).photos_lost, told, "told until every phone has heard, and once");
    let sent: Vec<bool> = photos.iter().map(|(offer, bytes)| send(&county, &phone, offer, bytes)).collect();
    assert_eq!(sent, [true, true, false]);
    assert_eq!(noted(&county), (3, 3));
    std::fs::remove_file(place(&county, &photos[2].0)).unwrap();
    county.hub.look_for_photos().unwrap();
    let again = phone.round(Vec::new()).photos_lost;
    assert!(again.is_some() && again != told, "the next time it is another number, though the clock stands");
}

#[test]
fn a_file_that_is_empty_or_cut_is_lost_like_one_that_is_not_there() {
    let county = County::new();
    let (mut phone, photos) = with_photos(&county, 3);
    let spoil = || {
        std::fs::write(place(&county, &photos[0].0), b"").unwrap();
        std::fs::write(place(&county, &photos[1].0), &photos[1].1[..200]).unwrap();
    };
    spoil();
    assert_eq!(county.hub.look_for_photos().unwrap(), FolderFound::Compared { lost: 2, came: 0 });
    assert_eq!(noted(&county), (1, 1));
    assert!(phone.round(Vec::new()).photos_lost.is_some());
    let sent: Vec<bool> = photos.iter().map(|(offer, bytes)| send(&county, &phone, offer, bytes)).collect();
    assert_eq!(sent, [true, true, false]);
    assert_eq!(noted(&county), (3, 3));
    // While it serves: nobody is handed half a picture, and whoever asks for one has them all looked for.
    spoil();
    let asked = county.hub.photo_for(&phone.phone().actor, &photos[1].0.sha256, PhotoSize::Full);
    assert_eq!(asked.unwrap_err().code(), CallRefusal::NotFound);
    county.hub.tidy().unwrap();
    assert_eq!(noted(&county), (1, 1));
}

#[test]
fn a_thumbnail_that_a_copy_of_the_folder_lacks_is_made_of_its_picture() {
    let county = County::new();
    let (thumbnail, file) = with_thumbnail(&county);
    let made = thumbnail();
    for left in [&b""[..], &made[..made.len() / 2]] {
        std::fs::write(&file, left).unwrap();
        assert_eq!(thumbnail(), made, "{} bytes", left.len());
        assert_eq!(std::fs::read(&file).unwrap(), made, "and is made once");
    }
    std::fs::remove_file(&file).unwrap();
    assert_eq!(thumbnail(), made);
    assert_eq!(std::fs::read(&file).unwrap(), made);
    assert_eq!(county.hub.look_for_photos().unwrap(), FolderFound::Compared { lost: 0, came: 0 }, "no picture is lost");
}

#[test]
fn a_thumbnail_that_cannot_be_kept_is_made_for_whoever_asks() {
    let county = County::new();
    let (thumbnail, file) = with_thumbnail(&county);
    let made = thumbnail();
    // Something lies in its place that no file takes.
    std::fs::remove_file(&file).unwrap();
    std::fs::create_dir(&file).unwrap();
    assert_eq!((thumbnail(), thumbnail()), (made.clone(), made));
    assert_eq!(county.hub.photos().uploads().unwrap(), Vec::<String>::new(), "and nothing of it is left lying about");
}

#[test]
fn whoever_waits_until_a_thumbnail_can_be_made_holds_no_thread_of_the_server() {
    let county = County::new();
    let (phone, photos) = with_photos(&county, 1);
    std::fs::remove_file(place(&county, &photos[0].0).with_extension("thumb.jpg")).unwrap();
    let bearer = format!("Bearer {}", phone.tokens.access);
    let get = |path: &str| json_request("GET", path, &[("authorization", &bearer)], Body::empty());
    let (thumb, hello) = (get(&format!("/v1/photo/{}/thumb", photos[0].0.sha256)), || get("/v1/hello"));
    let app = App::new(Arc::clone(&county.hub), Front::default());
    let router = router(app.clone());
    let one_thread = tokio::runtime::Builder::new_current_thread().max_blocking_threads(1).enable_all().build();
    one_thread.unwrap().block_on(async {
        // Somebody else makes one.
        let turn = app.shrinking.lock().await;
        let asked = router.clone();
        let waiting = tokio::spawn(async move { call(&asked, thumb).await });
        for _ in 0..20 {
            assert_eq!(call(&router, hello()).await.status, StatusCode::OK);
        }
        assert!(!waiting.is_finished(), "two are not made at once");
        drop(turn);
        assert_eq!(waiting.await.unwrap().status, StatusCode::OK);
    });
}

#[test]
fn a_file_of_the_right_size_with_no_picture_in_it_has_no_thumbnail() {
    let county = County::new();
    let (phone, photos) = with_photos(&county, 1);
    let (offer, bytes) = &photos[0];
    std::fs::write(place(&county, offer), vec![0; bytes.len()]).unwrap();
    std::fs::remove_file(place(&county, offer).with_extension("thumb.jpg")).unwrap();
    let asked = county.hub.photo_for(&phone.phone().actor, &offer.sha256, PhotoSize::Thumb);
    assert_eq!(asked.unwrap_err().code(), CallRefusal::NotFound);
}

#[test]
fn a_picture_that_somebody_asks_for_in_vain_is_looked_for_with_all_others_when_the_server_tidies_up() {
    let county = County::new();
    let (mut phone, photos) = with_photos(&county, 3);
    for (offer, _) in &photos[..2] {
        std::fs::remove_file(place(&county, offer)).unwrap();
    }
    county.hub.tidy().unwrap();
    assert_eq!(noted(&county), (3, 3), "nobody has asked");
    let asked = county.hub.photo_for(&phone.phone().actor, &photos[0].0.sha256, PhotoSize::Full);
    assert_eq!(asked.unwrap_err().code(), CallRefusal::NotFound);
    county.hub.tidy().unwrap();
    assert_eq!(noted(&county), (1, 1));
    assert!(phone.round(Vec::new()).photos_lost.is_some());
}

#[test]
fn a_folder_that_is_not_mounted_takes_no_note_off() {
    let county = County::new();
    let (mut phone, photos) = with_photos(&county, 25);
    let aside = county.folder.path().join("aside");
    std::fs::rename(photos_folder(&county), &aside).unwrap();
    // While it serves: nothing at all is where the folder was.
    let asked = county.hub.photo_for(&phone.phone().actor, &photos[0].0.sha256, PhotoSize::Full);
    assert!(asked.is_err());
    assert!(county.hub.tidy().is_err());
    // When it starts: an empty folder, which it has just made, and in which a few pictures may lie since.
    std::fs::create_dir_all(photos_folder(&county).join("uploads")).unwrap();
    assert_eq!(county.hub.look_for_photos().unwrap(), FolderFound::Another { noted: 25, there: 0 });
    assert!(send(&county, &phone, &photos[0].0, &photos[0].1));
    assert_eq!(county.hub.look_for_photos().unwrap(), FolderFound::Another { noted: 25, there: 1 });
    assert_eq!(noted(&county), (25, 25));
    assert_eq!(phone.round(Vec::new()).photos_lost, None);
    std::fs::remove_dir_all(photos_folder(&county)).unwrap();
    std::fs::rename(&aside, photos_folder(&county)).unwrap();
    assert_eq!(county.hub.look_for_photos().unwrap(), FolderFound::Compared { lost: 0, came: 0 });
}

#[test]
fn what_somebody_gave_up_is_noted_again_once_its_folder_is_put_back() {
    let mut county = County::new();
    let (mut phone, photos) = with_photos(&county, 25);
    let aside = county.folder.path().join("aside");
    std::fs::rename(photos_folder(&county), &aside).unwrap();
    county.restart();
    phone.hub = Arc::clone(&county.hub);
    assert_eq!(county.hub.give_up_lost_photos().unwrap(), GivenUp { lost: 25, came: 0, unread: Vec::new() });
    assert_eq!(noted(&county), (0, 0));
    assert!(phone.round(Vec::new()).photos_lost.is_some());
    std::fs::remove_dir_all(photos_folder(&county)).unwrap();
    std::fs::rename(&aside, photos_folder(&county)).unwrap();
    // Of a copy that was cut short a file is too small, and another is empty.
    std::fs::write(place(&county, &photos[0].0), b"cut").unwrap();
    std::fs::write(place(&county, &photos[1].0), b"").unwrap();
    assert_eq!(county.hub.look_for_photos().unwrap(), FolderFound::Compared { lost: 0, came: 23 });
    assert_eq!(noted(&county), (23, 23));
    let actor = phone.phone().actor;
    assert_eq!(county.hub.photo_for(&actor, &photos[2].0.sha256, PhotoSize::Full).unwrap(), photos[2].1);
}

#[test]
fn a_picture_that_no_record_names_is_left_where_it_lies_and_not_noted() {
    let county = County::new();
    let bytes = jpeg(3);
    let sha256 = domain::Sha256Hex::new(&crate::common::sha256(&bytes)).unwrap();
    county.hub.photos().append("an-upload", 0, &bytes).unwrap();
    county.hub.photos().finish("an-upload", &sha256).unwrap();
    assert_eq!(county.hub.look_for_photos().unwrap(), FolderFound::Compared { lost: 0, came: 0 });
    county.hub.tidy().unwrap();
    assert!(
        county.hub.photos().holds(&sha256, bytes.len() as u64).unwrap(),
        "the database beside it may be the wrong one"
    );
}

#[test]
fn a_part_of_the_folder_that_cannot_be_read_keeps_no_other_part_back() {
    let county = County::new();
    let (_, photos) = with_photos(&county, 6);
    let part = |offer: &PhotoOffer| place(&county, offer).parent().unwrap().to_owned();
    let unreadable = part(&photos[0].0);
    std::fs::remove_dir_all(&unreadable).unwrap();
    std::fs::write(&unreadable, b"a file in the place of a folder cannot be read as one").unwrap();
    let (other, _) = photos.iter().find(|(offer, _)| part(offer) != unreadable).unwrap();
    std::fs::remove_file(place(&county, other)).unwrap();
    assert_eq!(county.hub.look_for_photos().unwrap(), FolderFound::Compared { lost: 1, came: 0 });
    assert_eq!(noted(&county), (5, 5), "nothing is known of what lies in the other part");
    let unread = vec![photos[0].0.sha256.as_str()[..2].to_owned()];
    assert_eq!(county.hub.give_up_lost_photos().unwrap(), GivenUp { lost: 0, came: 0, unread });
}

#[test]
fn a_look_that_failed_is_made_again() {
    let county = County::new();
    let (phone, photos) = with_photos(&county, 3);
    let aside = county.folder.path().join("aside");
    std::fs::rename(photos_folder(&county), &aside).unwrap();
    assert!(county.hub.photo_for(&phone.phone().actor, &photos[0].0.sha256, PhotoSize::Full).is_err());
    assert!(county.hub.tidy().is_err());
    std::fs::rename(&aside, photos_folder(&county)).unwrap();
    std::fs::remove_file(place(&county, &photos[1].0)).unwrap();
    county.hub.tidy().unwrap();
    assert_eq!(noted(&county), (2, 2), "though nobody asked once more");
}

#[test]
fn a_picture_that_came_back_while_the_server_serves_is_noted_once_somebody_asks_for_it() {
    let county = County::new();
    let (phone, photos) = with_photos(&county, 3);
    let aside = county.folder.path().join("aside.jpg");
    std::fs::rename(place(&county, &photos[0].0), &aside).unwrap();
    assert_eq!(county.hub.look_for_photos().unwrap(), FolderFound::Compared { lost: 1, came: 0 });
    std::fs::rename(&aside, place(&county, &photos[0].0)).unwrap();
    county.hub.tidy().unwrap();
    assert_eq!(noted(&county), (2, 2), "nobody has asked");
    let actor = phone.phone().actor;
    let asked = || county.hub.photo_for(&actor, &photos[0].0.sha256, PhotoSize::Full);
    assert_eq!(asked().unwrap_err().code(), CallRefusal::NotFound);
    county.hub.tidy().unwrap();
    assert_eq!((noted(&county), asked().unwrap()), ((3, 3), photos[0].1.clone()));
}

#[test]
fn one_look_that_takes_many_notes_off_is_one_number() {
    let county = County::new();
    let mut phone = county.worker("worker-a", &[cell(1)]);
    let noted: Result<(), StoreError> = county.hub.store().write(|writing| {
        for number in 0..1_100 {
            let sha256 = domain::Sha256Hex::new(&format!("{number:064x}")).unwrap();
            writing.put_photo_stored(&sha256, 9, 1)?;
        }
        Ok(())
    });
    noted.unwrap();
    let found = county.hub.give_up_lost_photos().unwrap();
    assert_eq!(found, GivenUp { lost: 1_100, came: 0, unread: Vec::new() });
    assert_eq!(
        phone.round(Vec::new()).photos_lost,
        Some(county.hub.now()),
        "more notes than one transaction takes off"
    );
}

#[test]
fn pictures_that_lie_there_are_noted_many_in_one_transaction() {
    let county = County::new();
    let (_, photos) = with_photos(&county, 25);
    for (offer, _) in &photos {
        std::fs::rename(place(&county, offer), place(&county, offer).with_extension("away")).unwrap();
    }
    county.hub.give_up_lost_photos().unwrap();
    for (offer, _) in &photos {
        std::fs::rename(place(&county, offer).with_extension("away"), place(&county, offer)).unwrap();
    }
    let commits = Arc::new(std::sync::atomic::AtomicUsize::new(0));
    let counted = Arc::clone(&commits);
    let count = move || {
        counted.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
        false
    };
    county.hub.store().below().on_writer(|connection| connection.commit_hook(Some(count))).unwrap();
    assert_eq!(county.hub.look_for_photos().unwrap(), FolderFound::Compared { lost: 0, came: 25 });
    assert_eq!(commits.load(std::sync::atomic::Ordering::SeqCst), 1);
}
