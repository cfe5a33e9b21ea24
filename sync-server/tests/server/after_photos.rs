//! A photo of what came of an incident, added at the desk: whose it is to add, what is taken for one, and what becomes of it.

use std::io::Cursor;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use axum::body::Body;
use axum::http::Request;
use domain::protocol::PhotoSize;
use domain::scope::Role;
use domain::{Kind, RecordId, Sha256Hex, World as _};
use serde_json::{Value, json};

use sync_server::store::Store as _;

use crate::common::{Answered, County, MINUTE, PASSWORD, TestPhone, cell, jpeg, scope, send, sha256};
use crate::seat::Seat;

const VILLAGE: &str = "610722001001";

/// A photo with a position, as a phone's camera makes it.
fn with_position() -> Vec<u8> {
    std::fs::read(concat!(env!("CARGO_MANIFEST_DIR"), "/../tests/fixtures/photos/starfish-gps.jpg")).unwrap()
}

/// An incident that department 12 signed for, its worker, its supervisor and its handler.
struct Scene {
    county: County,
    worker: TestPhone,
    boss: Seat,
    handler: Seat,
    incident: RecordId,
}

impl Scene {
    async fn new() -> Self {
        let county = County::new();
        let mut worker = county.worker("worker-a", &[cell(1)]);
        let incident = worker.new_incident(&cell(1));
        worker.push_all(std::slice::from_ref(&incident));
        let boss = Seat::of(&county, "boss-1", Role::Supervisor, &[VILLAGE]).await;
        let handler = Seat::of(&county, "handler-12", Role::Handler, &["610722"]).await;
        let scene = Self { county, worker, boss, handler, incident: incident.id };
        scene.step(&scene.boss, json!({"action": "accept"})).await;
        scene.step(&scene.boss, json!({"action": "dispatch", "departments": ["12"]})).await;
        scene.step(&scene.handler, json!({"action": "sign"})).await;
        scene
    }

    fn fresh(&self) -> RecordId {
        self.county.world.clone().record_id()
    }

    async fn page(&self, seat: &Seat) -> Value {
        seat.get(&format!("/desk/api/incidents/{}", self.incident)).await.json()
    }

    async fn step(&self, seat: &Seat, mut wish: Value) -> Value {
        self.county.world.pass(MINUTE);
        wish["seen"] = self.page(seat).await["seen"].clone();
        wish["id"] = json!(self.fresh());
        seat.done(&format!("/desk/api/incidents/{}/steps", self.incident), wish).await
    }

    async fn seen(&self) -> String {
        self.page(&self.boss).await["seen"].as_str().unwrap().to_owned()
    }

    /// Sends a file up as a photo of what came of it.
    async fn add(&self, seat: &Seat, id: RecordId, seen: &str, bytes: Vec<u8>) -> Answered {
        let path = format!("/desk/api/incidents/{}/photos?id={id}&seen={seen}", self.incident);
        let request = Request::post(path)
            .header("cookie", &seat.cookie)
            .header("x-csrf-token", &seat.csrf)
            .header("content-type", "application/octet-stream");
        send(&seat.router, request.body(Body::from(bytes)).unwrap()).await
    }

    /// The code of the refusal, after which there is no photo and no file.
    async fn refused(&self, seat: &Seat, bytes: Vec<u8>) -> String {
        let seen = self.seen().await;
        let answer = self.add(seat, self.fresh(), &seen, bytes).await;
        assert!(answer.status.is_client_error(), "{}", answer.status);
        assert_eq!(self.files(), 0, "nothing of it is kept");
        answer.code()
    }

    /// Files in the photo folder, uploads and thumbnails too.
    fn files(&self) -> usize {
        fn count(folder: &std::path::Path) -> usize {
            let entries = std::fs::read_dir(folder).unwrap().map(Result::unwrap);
            entries.map(|one| if one.file_type().unwrap().is_dir() { count(&one.path()) } else { 1 }).sum()
        }
        count(&self.county.folder.path().join("photos"))
    }

    /// As many photos as a record may have, from the worker's phone.
    fn fill(&mut self) {
        let by = self.worker.account();
        let at = self.county.world.clone().now();
        for number in 0..9 {
            let bytes = jpeg(number);
            let fields = json!({"subject": self.incident, "subject_kind": "incident", "sha256": sha256(&bytes),
                "width": 64, "height": 48, "bytes": bytes.len(), "taken_at": at, "photo_kind": "scene", "by": by});
            let photo = self.worker.new_record(Kind::Photo, &cell(1), fields);
            self.worker.push_all(&[photo]);
        }
    }
}

#[tokio::test]
async fn the_handler_s_photo_shows_the_result_and_reaches_the_worker_s_phone_without_its_position() {
    let mut scene = Scene::new().await;
    scene.worker.pulled();
    let (photo, seen) = (scene.fresh(), scene.seen().await);
    let answer = scene.add(&scene.handler, photo, &seen, with_position()).await;
    assert!(answer.status.is_success(), "{} {}", answer.status, answer.code());
    let page = answer.json();
    let shown = &page["photos"][0];
    assert_eq!((shown["id"].as_str(), &shown["arrived"]), (Some(photo.to_string().as_str()), &json!(true)));
    assert_eq!(shown["photo_kind"], "after");
    assert_eq!(page["seen"], json!(seen), "a photo is no step: what is being written is not overtaken by it");

    let told = scene.step(&scene.handler, json!({"action": "result", "opinion": "已换井盖", "photos": [photo]})).await;
    let last = told["progress"]["steps"].as_array().unwrap().last().unwrap().clone();
    assert_eq!(last["photos"], json!([photo]));

    let stored = scene.county.stored(photo).unwrap().record;
    assert_eq!((stored.text("by"), stored.fields.get("position")), (Some("handler-12"), None));
    assert!(scene.worker.pulled().contains(&photo), "the feed carries it");
    let hash = Sha256Hex::new(stored.text("sha256").unwrap()).unwrap();
    let actor = scene.worker.phone().actor;
    let bytes = scene.county.hub.photo_for(&actor, &hash, PhotoSize::Full).unwrap();
    assert_eq!(bytes.len() as i64, stored.int("bytes").unwrap());
    assert!(with_position().windows(4).any(|four| four == b"Exif") && !bytes.windows(4).any(|four| four == b"Exif"));
    let thumb = scene.handler.get(&format!("/desk/api/photo/{hash}/thumb")).await;
    assert!(thumb.status.is_success());
    assert_eq!(thumb.header("cache-control"), Some("no-store"), "no browser keeps it after the desk has left");
    let log = scene.county.hub.store().read(|reading| reading.history(&scope("610722"), photo)).unwrap();
    assert_eq!(log.len(), 1, "with its history");
}

#[tokio::test]
async fn the_same_wish_twice_and_at_once_is_one_photo() {
    let scene = Scene::new().await;
    let (photo, seen) = (scene.fresh(), scene.seen().await);
    let once = || scene.add(&scene.handler, photo, &seen, with_position());
    let (one, other) = tokio::join!(once(), once());
    let again = once().await;
    for answer in [one, other, again] {
        assert!(answer.status.is_success(), "{}", answer.code());
        assert_eq!(answer.json()["photos"].as_array().unwrap().len(), 1);
    }
    // The photo and its thumbnail.
    assert_eq!(scene.files(), 2);
    // After the incident moved on, the repeated wish is still the old one, and a new one comes too late.
    scene.step(&scene.handler, json!({"action": "result", "opinion": "已换井盖"})).await;
    assert!(once().await.status.is_success());
    assert_eq!(scene.add(&scene.handler, scene.fresh(), &seen, with_position()).await.code(), "stale");
    // Nobody takes another's name, nor an id that something else has.
    assert_eq!(scene.add(&scene.boss, photo, &seen, with_position()).await.code(), "invalid");
    assert_eq!(scene.add(&scene.handler, scene.incident, &seen, with_position()).await.code(), "invalid");
}

#[tokio::test]
async fn what_is_no_photo_is_refused_by_its_content_and_size() {
    let scene = Scene::new().await;
    assert_eq!(scene.refused(&scene.handler, b"MZ\x90\0 renamed.jpg".to_vec()).await, "not_an_image");
    assert_eq!(scene.refused(&scene.handler, Vec::new()).await, "not_an_image");
    let half = with_position();
    assert_eq!(scene.refused(&scene.handler, half[..300].to_vec()).await, "not_an_image");
    assert_eq!(scene.refused(&scene.handler, vec![0xFF; 33 * 1024 * 1024]).await, "too_large");
    let mut bomb = Cursor::new(Vec::new());
    image::GrayImage::new(20_000, 20_000).write_to(&mut bomb, image::ImageFormat::Png).unwrap();
    assert_eq!(scene.refused(&scene.handler, bomb.into_inner()).await, "too_large");
    let nameless = format!("/desk/api/incidents/{}/photos", scene.incident);
    assert_eq!(scene.handler.post(&nameless, json!({})).await.code(), "malformed");
}

#[tokio::test]
async fn a_record_that_has_all_the_photos_that_it_may_have_gets_no_more() {
    let mut scene = Scene::new().await;
    scene.fill();
    let seen = scene.seen().await;
    let answer = scene.add(&scene.handler, scene.fresh(), &seen, with_position()).await;
    assert_eq!(answer.json()["problems"], json!([{"field": "subject", "code": "too_many_photos"}]));
    assert_eq!(scene.files(), 0);
}

#[tokio::test]
async fn only_who_may_say_that_it_is_done_adds_a_photo() {
    let scene = Scene::new().await;
    let other = |name: &'static str, role| Seat::of(&scene.county, name, role, &["610722"]);
    assert_eq!(scene.refused(&other("admin", Role::Admin).await, with_position()).await, "not_allowed");
    assert_eq!(scene.refused(&other("auditor", Role::Auditor).await, with_position()).await, "not_allowed");
    let elsewhere = Seat::of(&scene.county, "boss-2", Role::Supervisor, &["610722001002"]).await;
    assert_eq!(scene.refused(&elsewhere, with_position()).await, "not_found");
    let mut account = scene
        .county
        .hub
        .store()
        .read(|reading| reading.account(&domain::AccountId::new("handler-12").unwrap()))
        .unwrap()
        .unwrap();
    account.id = domain::AccountId::new("handler-15").unwrap();
    account.department = Some("15".to_owned());
    scene.county.hub.put_account(account, Some(PASSWORD), &[]).unwrap();
    let of_other_department = Seat::signed_in(&scene.county, "handler-15", PASSWORD).await.unwrap();
    assert_eq!(scene.refused(&of_other_department, with_position()).await, "not_found");
    let forged =
        Seat { csrf: "guess".to_owned(), cookie: scene.handler.cookie.clone(), router: scene.handler.router.clone() };
    assert_eq!(scene.refused(&forged, with_position()).await, "wrong_csrf");
    // It is done: no more photos of it.
    scene.step(&scene.handler, json!({"action": "result", "opinion": "已换井盖"})).await;
    assert_eq!(scene.refused(&scene.handler, with_position()).await, "not_allowed");
    assert_eq!(scene.refused(&scene.boss, with_position()).await, "not_allowed");
}

#[tokio::test]
async fn a_photo_whose_record_was_never_written_goes_though_the_server_ended_in_between() {
    let scene = Scene::new().await;
    let seen = scene.seen().await;
    let folder = scene.county.folder.path().join("photos");
    let store = scene.county.hub.store().below();
    // From the moment when the picture has its place nothing is written any more, as if the server had been killed.
    let cut = move || jpegs(&folder) > 0;
    store.on_writer(|conn| conn.commit_hook(Some(cut))).unwrap();
    let answer = scene.add(&scene.handler, scene.fresh(), &seen, with_position()).await;
    assert!(answer.status.is_server_error(), "{}", answer.status);
    assert_eq!(scene.files(), 2, "the picture and its thumbnail, which no record names");
    store.on_writer(|conn| conn.commit_hook(None::<fn() -> bool>)).unwrap();
    scene.county.hub.tidy().unwrap();
    assert_eq!(scene.files(), 0);
}

#[tokio::test]
async fn a_picture_of_the_desk_survives_tidying_before_its_record() {
    let scene = Scene::new().await;
    let done = Arc::new(AtomicBool::new(false));
    let (hub, ended) = (Arc::clone(&scene.county.hub), Arc::clone(&done));
    let tidying = std::thread::spawn(move || {
        while !ended.load(Ordering::SeqCst) {
            let _ = hub.tidy();
        }
    });
    let seen = scene.seen().await;
    for shade in 0..9 {
        let mut picture = Cursor::new(Vec::new());
        let grey = image::GrayImage::from_pixel(60, 40, image::Luma([shade * 20]));
        grey.write_to(&mut picture, image::ImageFormat::Png).unwrap();
        let answer = scene.add(&scene.handler, scene.fresh(), &seen, picture.into_inner()).await;
        assert!(answer.status.is_success(), "{} {}", answer.status, answer.code());
    }
    done.store(true, Ordering::SeqCst);
    tidying.join().unwrap();
    assert_eq!(scene.files(), 18, "nine pictures with their thumbnails");
}

/// Pictures that have their place in the photo folder.
fn jpegs(folder: &std::path::Path) -> usize {
    let folders = std::fs::read_dir(folder).unwrap().map(|one| one.unwrap().path());
    let names = folders.filter_map(|folder| std::fs::read_dir(folder).ok()).flatten().map(|file| file.unwrap().path());
    names.filter(|file| file.extension().is_some_and(|ending| ending == "jpg")).count()
}
