//! Pictures that the server confirmed and has lost since, although its database is the same.

use domain::Sha256Hex;

use crate::fake::*;
use crate::phones::*;

const SIZE: usize = 700_000;

fn take(phone: &Phone, number: u8) -> Sha256Hex {
    phone.photograph((record_id(42), "incident"), &vec![number; SIZE]).unwrap().1
}

/// The server says from now on that it lacks pictures.
fn says(server: &Server, number: i64) {
    server.hub().spoil = Box::new(move |answer| answer.photos_lost = Some(number));
}

#[test]
fn pictures_wait_again_when_the_server_says_that_some_are_missing() {
    let server = Server::new();
    let mut phone = Phone::new(&server, 1);
    let (lost, kept) = (take(&phone, 1), take(&phone, 2));
    phone.sync();
    server.hub().stored.remove(&lost);
    phone.sync();
    assert!(!server.hub().stored.contains_key(&lost), "as long as the server says nothing");
    for number in [7, 5] {
        says(&server, number);
        let offers = server.hub().offers;
        phone.sync();
        assert_eq!(server.hub().stored[&lost], vec![1; SIZE]);
        assert_eq!(server.hub().offers, offers + 2, "both are offered, and the server says that it has the other");
        assert!(server.hub().stored.contains_key(&kept));
        phone.restart();
        phone.sync();
        assert_eq!(server.hub().offers, offers + 2, "once for each time that it says so");
        assert_eq!((phone.state().waiting_photos, phone.state().phase), (0, device::SyncPhase::Safe));
        server.hub().stored.remove(&lost);
    }
}

#[test]
fn nothing_is_offered_again_to_a_server_that_never_lost_a_picture_or_does_not_tell() {
    let server = Server::new();
    let phone = Phone::new(&server, 1);
    take(&phone, 1);
    phone.sync();
    let offers = server.hub().offers;
    phone.sync();
    assert_eq!(server.hub().offers, offers);
}
