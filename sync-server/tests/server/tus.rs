//! The tus protocol in its details.

use axum::Router;
use axum::body::Body;
use axum::body::Bytes;
use axum::http::{Request, StatusCode};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use domain::kinds::photo::PHOTO_BYTES_MAX;
use domain::protocol::PhotoOffer;
use futures_util::stream::{self, StreamExt as _};
use sha2::Digest as _;

use crate::common::{Answered, County, TestPhone, cell, jpeg, jpeg_of, send};
use crate::photos::offered;

struct Client {
    router: Router,
    bearer: String,
}

impl Client {
    fn new(county: &County, phone: &TestPhone) -> Self {
        Self { router: county.router(), bearer: format!("Bearer {}", phone.tokens.access) }
    }

    async fn call(&self, method: &str, path: &str, headers: &[(&str, &str)], body: impl Into<Body>) -> Answered {
        let mut request = Request::builder().method(method).uri(path).header("authorization", &self.bearer);
        if !headers.iter().any(|(name, _)| *name == "tus-resumable") {
            request = request.header("tus-resumable", "1.0.0");
        }
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        send(&self.router, request.body(body.into()).unwrap()).await
    }

    async fn create(&self, offer: &PhotoOffer) -> Answered {
        let (length, metadata) = announced(offer);
        self.call("POST", "/v1/photos", &[("upload-length", &length), ("upload-metadata", &metadata)], "").await
    }

    async fn patch(&self, path: &str, offset: usize, extra: &[(&str, &str)], bytes: &[u8]) -> Answered {
        let (offset, length) = (offset.to_string(), bytes.len().to_string());
        let mut headers = vec![("upload-offset", offset.as_str()), ("content-type", "application/offset+octet-stream")];
        headers.push(("content-length", length.as_str()));
        headers.extend_from_slice(extra);
        self.call("PATCH", path, &headers, bytes.to_vec()).await
    }

    async fn offset(&self, path: &str) -> String {
        let stand = self.call("HEAD", path, &[], "").await;
        assert_eq!(stand.status, StatusCode::OK);
        assert_eq!(stand.header("cache-control"), Some("no-store"));
        stand.header("upload-offset").unwrap().to_owned()
    }
}

fn announced(offer: &PhotoOffer) -> (String, String) {
    let (photo, hash) = (STANDARD.encode(offer.photo.to_string()), STANDARD.encode(offer.sha256.as_str()));
    (offer.bytes.to_string(), format!("photo {photo},sha256 {hash}"))
}

#[tokio::test]
async fn the_whole_way_of_an_upload() {
    let county = County::new();
    let mut phone = county.worker("worker-a", &[cell(1)]);
    let bytes = jpeg(1);
    let (_, offer) = offered(&mut phone, &bytes);
    let client = Client::new(&county, &phone);
    let created = client.create(&offer).await;
    assert_eq!(created.status, StatusCode::CREATED);
    assert!(created.header("upload-expires").unwrap().ends_with(" GMT"));
    assert_eq!(created.header("tus-resumable"), Some("1.0.0"));
    let path = created.header("location").unwrap().to_owned();
    assert!(path.len() > "/v1/photos/".len() + 40, "unguessable");
    assert_eq!(client.offset(&path).await, "0");

    let first = client.patch(&path, 0, &[], &bytes[..100]).await;
    assert_eq!((first.status, first.header("upload-offset")), (StatusCode::NO_CONTENT, Some("100")));
    assert_eq!(client.offset(&path).await, "100");

    let wrong = client.patch(&path, 50, &[], &bytes[50..100]).await;
    assert_eq!((wrong.status, wrong.code().as_str()), (StatusCode::CONFLICT, "wrong_offset"));
    assert_eq!(wrong.header("upload-offset"), Some("100"), "the right offset comes with the refusal");
    assert_eq!(client.offset(&path).await, "100");

    let mut too_much = bytes[100..].to_vec();
    too_much.push(0);
    let overrun = client.patch(&path, 100, &[], &too_much).await;
    assert_eq!((overrun.status, overrun.code().as_str()), (StatusCode::PAYLOAD_TOO_LARGE, "too_large"));
    assert_eq!(client.offset(&path).await, "100");

    let end = bytes.len().to_string();
    for _ in 0..2 {
        // The last answer may get lost: its request can be repeated.
        let last = client.patch(&path, 100, &[], &bytes[100..]).await;
        assert_eq!((last.status, last.header("upload-offset")), (StatusCode::NO_CONTENT, Some(end.as_str())));
    }
    assert_eq!(client.offset(&path).await, end, "also when complete");
    let again = client.create(&offer).await;
    assert_eq!((again.status, again.header("doorstep-photo")), (StatusCode::OK, Some("stored")));
    // A client that knows nothing of that header finds an upload that is complete; so does another phone with the same photo.
    let colleague = Client::new(&county, &county.worker("worker-b", &[cell(1)]));
    for client in [&client, &colleague] {
        let told = client.create(&offer).await;
        assert_eq!(told.header("upload-offset"), Some(end.as_str()));
        assert_eq!(client.offset(told.header("location").unwrap()).await, end);
        let once_more = client.patch(told.header("location").unwrap(), 0, &[], &bytes).await;
        assert_eq!((once_more.status, once_more.header("upload-offset")), (StatusCode::NO_CONTENT, Some(end.as_str())));
    }

    let full = client.call("GET", &format!("/v1/photo/{}/full", offer.sha256), &[], "").await;
    assert_eq!((full.bytes, full.headers["content-type"].to_str().unwrap()), (bytes, "image/jpeg"));
    let thumb = client.call("GET", &format!("/v1/photo/{}/thumb", offer.sha256), &[], "").await;
    assert!(image::load_from_memory(&thumb.bytes).is_ok());
    let odd = client.call("GET", &format!("/v1/photo/{}/huge", offer.sha256), &[], "").await;
    assert_eq!(odd.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn another_version_is_refused_and_nothing_processed() {
    let county = County::new();
    let mut phone = county.worker("worker-a", &[cell(1)]);
    let bytes = jpeg(2);
    let (_, offer) = offered(&mut phone, &bytes);
    let client = Client::new(&county, &phone);
    let path = client.create(&offer).await.header("location").unwrap().to_owned();
    let refused = client.patch(&path, 0, &[("tus-resumable", "0.2.2")], &bytes).await;
    assert_eq!((refused.status, refused.code().as_str()), (StatusCode::PRECONDITION_FAILED, "tus_version"));
    assert_eq!(refused.header("tus-version"), Some("1.0.0"));
    assert_eq!(refused.header("tus-resumable"), Some("1.0.0"));
    assert_eq!(client.offset(&path).await, "0");
}

#[tokio::test]
async fn the_abilities_are_told() {
    let county = County::new();
    let phone = county.worker("worker-a", &[cell(1)]);
    let client = Client::new(&county, &phone);
    let told = client.call("OPTIONS", "/v1/photos", &[], "").await;
    assert_eq!(told.status, StatusCode::NO_CONTENT);
    assert_eq!(told.header("tus-version"), Some("1.0.0"));
    for extension in ["creation", "creation-with-upload", "checksum", "termination", "expiration"] {
        assert!(told.header("tus-extension").unwrap().split(',').any(|name| name == extension));
    }
    assert_eq!(told.header("tus-checksum-algorithm"), Some("sha256,sha1"));
}

#[tokio::test]
async fn creation_can_bring_the_bytes_along() {
    let county = County::new();
    let mut phone = county.worker("worker-a", &[cell(1)]);
    let bytes = jpeg(3);
    let (_, offer) = offered(&mut phone, &bytes);
    let client = Client::new(&county, &phone);
    let (length, metadata) = announced(&offer);
    let headers = [
        ("upload-length", length.as_str()),
        ("upload-metadata", metadata.as_str()),
        ("content-type", "application/offset+octet-stream"),
    ];
    let created = client.call("POST", "/v1/photos", &headers, bytes[..150].to_vec()).await;
    assert_eq!((created.status, created.header("upload-offset")), (StatusCode::CREATED, Some("150")));
    let path = created.header("location").unwrap().to_owned();
    let last = client.patch(&path, 150, &[], &bytes[150..]).await;
    assert_eq!(last.status, StatusCode::NO_CONTENT);
}

#[tokio::test]
async fn a_chunk_with_a_wrong_checksum_is_discarded() {
    let county = County::new();
    let mut phone = county.worker("worker-a", &[cell(1)]);
    let bytes = jpeg(4);
    let (_, offer) = offered(&mut phone, &bytes);
    let client = Client::new(&county, &phone);
    let path = client.create(&offer).await.header("location").unwrap().to_owned();
    let chunk = &bytes[..200];
    let sum256 = format!("sha256 {}", STANDARD.encode(sha2::Sha256::digest(chunk)));
    let sum1 = format!("sha1 {}", STANDARD.encode(sha1::Sha1::digest(&bytes[200..])));
    let wrong = client.patch(&path, 0, &[("upload-checksum", &sum256)], &bytes[..199]).await;
    assert_eq!((wrong.status.as_u16(), wrong.code().as_str()), (460, "hash_mismatch"));
    assert_eq!(client.offset(&path).await, "0");
    for unknown in ["crc32 AAAA", "sha256", "sha256 !!!"] {
        let refused = client.patch(&path, 0, &[("upload-checksum", unknown)], chunk).await;
        assert_eq!(refused.status, StatusCode::BAD_REQUEST, "{unknown}");
    }
    assert_eq!(client.patch(&path, 0, &[("upload-checksum", &sum256)], chunk).await.status, StatusCode::NO_CONTENT);
    let last = client.patch(&path, 200, &[("upload-checksum", &sum1)], &bytes[200..]).await;
    assert_eq!(last.status, StatusCode::NO_CONTENT);
}

#[tokio::test]
async fn an_upload_can_be_ended_and_is_then_gone() {
    let county = County::new();
    let mut phone = county.worker("worker-a", &[cell(1)]);
    let bytes = jpeg(5);
    let (_, offer) = offered(&mut phone, &bytes);
    let client = Client::new(&county, &phone);
    let path = client.create(&offer).await.header("location").unwrap().to_owned();
    client.patch(&path, 0, &[], &bytes[..100]).await;
    assert_eq!(client.call("DELETE", &path, &[], "").await.status, StatusCode::NO_CONTENT);
    assert_eq!(client.call("HEAD", &path, &[], "").await.status, StatusCode::GONE);
    let late = client.patch(&path, 100, &[], &bytes[100..]).await;
    assert_eq!((late.status, late.code().as_str()), (StatusCode::GONE, "upload_gone"));
}

#[tokio::test]
async fn another_phone_meets_a_closed_door_on_every_verb() {
    let county = County::new();
    let mut phone = county.worker("worker-a", &[cell(1)]);
    let bytes = jpeg(6);
    let (_, offer) = offered(&mut phone, &bytes);
    let client = Client::new(&county, &phone);
    let path = client.create(&offer).await.header("location").unwrap().to_owned();
    let other = Client::new(&county, &county.worker("worker-b", &[cell(1)]));
    assert_eq!(other.call("HEAD", &path, &[], "").await.status, StatusCode::GONE);
    assert_eq!(other.patch(&path, 0, &[], &bytes).await.status, StatusCode::GONE);
    assert_eq!(other.call("DELETE", &path, &[], "").await.status, StatusCode::GONE);
    assert_eq!(client.offset(&path).await, "0");
}

#[tokio::test]
async fn malformed_announcements_are_refused() {
    let county = County::new();
    let mut phone = county.worker("worker-a", &[cell(1)]);
    let bytes = jpeg(7);
    let (_, offer) = offered(&mut phone, &bytes);
    let client = Client::new(&county, &phone);
    let (length, metadata) = announced(&offer);
    let cases: [(Vec<(&str, &str)>, &str); 6] = [
        (vec![("upload-metadata", &metadata)], "malformed"),
        (vec![("upload-length", "-1"), ("upload-metadata", &metadata)], "malformed"),
        (vec![("upload-length", "99999999999"), ("upload-metadata", &metadata)], "too_large"),
        (vec![("upload-length", &length)], "malformed"),
        (vec![("upload-length", &length), ("upload-metadata", "photo !!!,sha256 ???")], "malformed"),
        (vec![("upload-length", "7"), ("upload-metadata", &metadata)], "hash_mismatch"),
    ];
    for (headers, code) in cases {
        assert_eq!(client.call("POST", "/v1/photos", &headers, "").await.code(), code, "{headers:?}");
    }
    let path = client.create(&offer).await.header("location").unwrap().to_owned();
    let headers = [("upload-offset", "0"), ("content-type", "image/jpeg")];
    let typed = client.call("PATCH", &path, &headers, bytes.clone()).await;
    assert_eq!(typed.code(), "unsupported_encoding");
    let headers = [("content-type", "application/offset+octet-stream")];
    assert_eq!(client.call("PATCH", &path, &headers, bytes).await.code(), "malformed");
    assert_eq!(client.call("PUT", &path, &[], "").await.status, StatusCode::METHOD_NOT_ALLOWED);
}

#[tokio::test]
async fn a_photo_that_is_no_picture_is_refused_at_its_end() {
    let county = County::new();
    let mut phone = county.worker("worker-a", &[cell(1)]);
    let bytes = b"not a picture at all".to_vec();
    let (_, offer) = offered(&mut phone, &bytes);
    let client = Client::new(&county, &phone);
    let path = client.create(&offer).await.header("location").unwrap().to_owned();
    let refused = client.patch(&path, 0, &[], &bytes).await;
    assert_eq!((refused.status, refused.code().as_str()), (StatusCode::UNPROCESSABLE_ENTITY, "not_an_image"));
    assert_eq!(client.call("HEAD", &path, &[], "").await.status, StatusCode::GONE);
}

/// A county, a phone with a photo that was announced, and where to send it.
struct Announced {
    county: County,
    offer: PhotoOffer,
    bytes: Vec<u8>,
    client: Client,
    path: String,
}

async fn announced_photo(bytes: Vec<u8>) -> Announced {
    let county = County::new();
    let mut phone = county.worker("worker-a", &[cell(1)]);
    let (_, offer) = offered(&mut phone, &bytes);
    let client = Client::new(&county, &phone);
    let path = client.create(&offer).await.header("location").unwrap().to_owned();
    Announced { county, offer, bytes, client, path }
}

impl Announced {
    /// Insists that the photo is on the server, byte for byte.
    async fn is_stored(&self) {
        let full = self.client.call("GET", &format!("/v1/photo/{}/full", self.offer.sha256), &[], "").await;
        assert!(full.status == StatusCode::OK && full.bytes == self.bytes);
    }
}

/// A body that breaks off after these bytes, as a connection does.
fn cut_after(bytes: &[u8]) -> Body {
    let came: Vec<Result<Bytes, std::io::Error>> =
        vec![Ok(Bytes::copy_from_slice(bytes)), Err(std::io::ErrorKind::ConnectionReset.into())];
    Body::from_stream(stream::iter(came))
}

/// A body that stands still after these bytes: the connection is dead, and nobody knows.
fn stuck_after(bytes: &[u8]) -> Body {
    let came = stream::iter(vec![Ok::<_, std::io::Error>(Bytes::copy_from_slice(bytes))]);
    Body::from_stream(came.chain(stream::pending()))
}

const CHUNK: (&str, &str) = ("content-type", "application/offset+octet-stream");

#[tokio::test]
async fn every_answer_names_the_version_also_errors_and_what_is_not_there() {
    let Announced { client, path, county: _county, .. } = announced_photo(jpeg(1)).await;
    let stranger = Client { router: client.router.clone(), bearer: "Bearer nobody".into() };
    let answers = [
        (client.call("GET", "/v1/photos/a/b", &[], "").await, 404),
        (client.call("PUT", "/v1/photos", &[], "").await, 405),
        (client.call("GET", "/v1/photos", &[], "").await, 405),
        (client.call("PUT", &path, &[], "").await, 405),
        (client.call("HEAD", "/v1/photos/nothing", &[], "").await, 410),
        (client.call("PATCH", &path, &[], "").await, 415),
        (client.call("PATCH", &path, &[CHUNK], "").await, 400),
        (client.call("PATCH", &path, &[CHUNK, ("upload-offset", "7")], "x").await, 409),
        (client.call("POST", "/v1/photos", &[], "").await, 400),
        (stranger.call("HEAD", &path, &[], "").await, 401),
        (stranger.call("POST", "/v1/photos", &[], "").await, 401),
        (stranger.call("DELETE", &path, &[("tus-resumable", "2.0.0")], "").await, 412),
    ];
    for (answer, status) in answers {
        assert_eq!((answer.status.as_u16(), answer.header("tus-resumable")), (status, Some("1.0.0")));
        assert_eq!(answer.header("tus-version").is_some(), status == 412);
    }
    for path in ["/v1/photos", path.as_str()] {
        assert_eq!(client.call("OPTIONS", path, &[], "").await.header("tus-resumable"), None);
    }
    let elsewhere = client.call("GET", "/v1/photo/x/full", &[], "").await;
    assert_eq!(elsewhere.header("tus-resumable"), None, "other calls have nothing to do with it");
}

#[tokio::test]
async fn a_wrong_offset_is_told_before_anything_else_and_changes_nothing() {
    let Announced { client, path, bytes, county: _county, .. } = announced_photo(jpeg(2)).await;
    client.patch(&path, 0, &[], &bytes[..100]).await;
    // Too early, too late, with more bytes than would fit, with a checksum that would be right.
    let sum = format!("sha256 {}", STANDARD.encode(sha2::Sha256::digest(&bytes)));
    for offset in [0, 99, 101, bytes.len(), usize::MAX] {
        let refused = client.patch(&path, offset, &[("upload-checksum", &sum)], &bytes).await;
        assert_eq!((refused.status, refused.header("upload-offset")), (StatusCode::CONFLICT, Some("100")), "{offset}");
        assert_eq!(client.offset(&path).await, "100");
    }
}

#[tokio::test]
async fn no_bytes_change_nothing_and_no_photo_has_none() {
    let at = announced_photo(jpeg(3)).await;
    let (client, path, bytes) = (&at.client, &at.path, &at.bytes);
    let sum = format!("sha1 {}", STANDARD.encode(sha1::Sha1::digest(b"")));
    for checksum in [vec![], vec![("upload-checksum", sum.as_str())]] {
        let nothing = client.patch(path, 0, &checksum, b"").await;
        assert_eq!((nothing.status, nothing.header("upload-offset")), (StatusCode::NO_CONTENT, Some("0")));
    }
    client.patch(path, 0, &[], bytes).await;
    let end = bytes.len();
    for checksum in [vec![], vec![("upload-checksum", sum.as_str())]] {
        let nothing = client.patch(path, end, &checksum, b"").await;
        assert_eq!(
            (nothing.status, nothing.header("upload-offset")),
            (StatusCode::NO_CONTENT, Some(&*end.to_string()))
        );
    }
    at.is_stored().await;
    // A photo's record cannot say "0 bytes": there is no picture of that size.
    let (_, metadata) = announced(&at.offer);
    let empty = [("upload-length", "0"), ("upload-metadata", metadata.as_str())];
    assert_eq!(client.call("POST", "/v1/photos", &empty, "").await.code(), "hash_mismatch");
}

#[tokio::test]
async fn a_creation_may_bring_the_whole_picture() {
    let county = County::new();
    let mut phone = county.worker("worker-a", &[cell(1)]);
    let bytes = jpeg_of(4, 700_000);
    let (_, offer) = offered(&mut phone, &bytes);
    let client = Client::new(&county, &phone);
    let (length, metadata) = announced(&offer);
    let headers = [("upload-length", length.as_str()), ("upload-metadata", metadata.as_str()), CHUNK];
    let created = client.call("POST", "/v1/photos", &headers, bytes.clone()).await;
    assert_eq!((created.status, created.header("upload-offset")), (StatusCode::CREATED, Some("700000")));
    let path = created.header("location").unwrap().to_owned();
    assert_eq!(client.offset(&path).await, "700000");
    Announced { county, offer, bytes, client, path }.is_stored().await;
}

#[tokio::test]
async fn a_large_chunk_counts_only_when_its_checksum_is_right() {
    let at = announced_photo(jpeg_of(5, 1_000_000)).await;
    let (client, path, bytes) = (&at.client, &at.path, &at.bytes);
    client.patch(path, 0, &[], &bytes[..10_000]).await;
    for (name, sum) in [
        ("sha256", STANDARD.encode(sha2::Sha256::digest(&bytes[10_000..]))),
        ("sha1", STANDARD.encode(sha1::Sha1::digest(&bytes[10_000..]))),
    ] {
        let mut spoilt = bytes[10_000..].to_vec();
        spoilt[900_000] ^= 1;
        let refused = client.patch(path, 10_000, &[("upload-checksum", &format!("{name} {sum}"))], &spoilt).await;
        assert_eq!((refused.status.as_u16(), refused.code().as_str()), (460, "hash_mismatch"));
        assert_eq!(client.offset(path).await, "10000", "{name}: the chunk is discarded");
    }
    // A cut chunk cannot be checked, so none of it counts.
    let sum = format!("sha1 {}", STANDARD.encode(sha1::Sha1::digest(&bytes[10_000..])));
    let headers = [CHUNK, ("upload-offset", "10000"), ("upload-checksum", sum.as_str())];
    client.call("PATCH", path, &headers, cut_after(&bytes[10_000..500_000])).await;
    assert_eq!(client.offset(path).await, "10000");
    let right = client.patch(path, 10_000, &[("upload-checksum", &sum)], &bytes[10_000..]).await;
    assert_eq!((right.status, right.header("upload-offset")), (StatusCode::NO_CONTENT, Some("1000000")));
    at.is_stored().await;
}

#[tokio::test]
async fn a_lost_answer_to_the_last_bytes_is_given_again_however_many_they_were() {
    let at = announced_photo(jpeg_of(6, 900_000)).await;
    at.client.patch(&at.path, 0, &[], &at.bytes[..100_000]).await;
    for offset in [100_000, 100_000, 0, 899_999] {
        let last = at.client.patch(&at.path, offset, &[], &at.bytes[offset..]).await;
        assert_eq!((last.status, last.header("upload-offset")), (StatusCode::NO_CONTENT, Some("900000")), "{offset}");
    }
    at.is_stored().await;
}

#[tokio::test]
async fn what_came_before_a_cut_is_kept_to_the_last_byte() {
    let at = announced_photo(jpeg_of(7, 900_000)).await;
    let mut sent = 0;
    for until in [1, 300_001, 300_002, 777_777] {
        let offset = sent.to_string();
        let headers = [CHUNK, ("upload-offset", offset.as_str())];
        let cut = at.client.call("PATCH", &at.path, &headers, cut_after(&at.bytes[sent..until])).await;
        assert_eq!(cut.code(), "malformed");
        assert_eq!(at.client.offset(&at.path).await, until.to_string());
        sent = until;
    }
    assert_eq!(at.client.patch(&at.path, sent, &[], &at.bytes[sent..]).await.status, StatusCode::NO_CONTENT);
    at.is_stored().await;
}

#[tokio::test]
async fn a_new_request_ends_a_stale_one_and_finds_what_that_had_brought() {
    let at = announced_photo(jpeg_of(8, 900_000)).await;
    let mut sent = 0;
    // Whatever the client asks next: where it stands, or at once to go on (which it then may not know where).
    for (until, verb) in [(1_000, "HEAD"), (400_000, "PATCH")] {
        let (client, path) =
            (Client { router: at.client.router.clone(), bearer: at.client.bearer.clone() }, at.path.clone());
        let (offset, body) = (sent.to_string(), stuck_after(&at.bytes[sent..until]));
        let stale = tokio::spawn(async move {
            client.call("PATCH", &path, &[CHUNK, ("upload-offset", offset.as_str())], body).await
        });
        // It must have begun, or there is nothing to end.
        tokio::time::sleep(std::time::Duration::from_millis(300)).await;
        match verb {
            "HEAD" => assert_eq!(at.client.offset(&at.path).await, until.to_string()),
            _ => {
                let told = at.client.patch(&at.path, sent, &[], &at.bytes[sent..]).await;
                let place = until.to_string();
                assert_eq!((told.status, told.header("upload-offset")), (StatusCode::CONFLICT, Some(place.as_str())));
            }
        }
        let ended = stale.await.unwrap();
        assert_eq!(ended.status, StatusCode::CONFLICT);
        sent = until;
    }
    assert_eq!(at.client.patch(&at.path, sent, &[], &at.bytes[sent..]).await.status, StatusCode::NO_CONTENT);
    at.is_stored().await;
}

#[tokio::test]
async fn among_concurrent_requests_one_wins_and_the_others_learn_where_it_stands() {
    let at = announced_photo(jpeg_of(9, 600_000)).await;
    let all = (0..8).map(|_| at.client.patch(&at.path, 0, &[], &at.bytes[..500_000]));
    let answers = futures_util::future::join_all(all).await;
    let won = answers.iter().filter(|answer| answer.status == StatusCode::NO_CONTENT).count();
    let told = answers.iter().filter(|answer| answer.status == StatusCode::CONFLICT).count();
    assert_eq!((won, told), (1, 7));
    assert_eq!(at.client.offset(&at.path).await, "500000");
    at.client.patch(&at.path, 500_000, &[], &at.bytes[500_000..]).await;
    at.is_stored().await;
}

#[tokio::test]
async fn a_method_that_does_not_get_through_is_told_in_a_header() {
    let at = announced_photo(jpeg(10)).await;
    let (client, path, bytes) = (&at.client, &at.path, &at.bytes);
    let told = |method| ("x-http-method-override", method);
    let stand = client.call("POST", path, &[told("HEAD")], "").await;
    assert_eq!((stand.status, stand.header("upload-offset")), (StatusCode::OK, Some("0")));
    let headers = [told("PATCH"), CHUNK, ("upload-offset", "0")];
    let sent = client.call("POST", path, &headers, bytes[..100].to_vec()).await;
    assert_eq!((sent.status, sent.header("upload-offset")), (StatusCode::NO_CONTENT, Some("100")));
    assert_eq!(client.call("GET", path, &[told("DELETE")], "").await.status, StatusCode::NO_CONTENT);
    assert_eq!(client.call("HEAD", path, &[], "").await.status, StatusCode::GONE);
    let (length, metadata) = announced(&at.offer);
    let again = [told("POST"), ("upload-length", length.as_str()), ("upload-metadata", metadata.as_str())];
    assert_eq!(client.call("PUT", "/v1/photos", &again, "").await.status, StatusCode::CREATED);
    let abilities = client.call("POST", "/v1/photos", &[told("OPTIONS"), ("tus-resumable", "9")], "").await;
    assert_eq!((abilities.status, abilities.header("tus-resumable")), (StatusCode::NO_CONTENT, None));
    let silly = client.call("POST", path, &[told("NOT A METHOD")], "").await;
    assert_eq!((silly.status, silly.header("tus-resumable")), (StatusCode::BAD_REQUEST, Some("1.0.0")));
}

#[tokio::test]
async fn a_photo_of_twenty_megabytes_is_taken_and_a_larger_one_is_not() {
    let most = usize::try_from(PHOTO_BYTES_MAX).unwrap();
    assert!(most >= 20_000_000);
    let at = announced_photo(jpeg_of(11, most)).await;
    let half = most / 2;
    assert_eq!(at.client.patch(&at.path, 0, &[], &at.bytes[..half]).await.status, StatusCode::NO_CONTENT);
    assert_eq!(at.client.patch(&at.path, half, &[], &at.bytes[half..]).await.status, StatusCode::NO_CONTENT);
    at.is_stored().await;
    let (_, metadata) = announced(&at.offer);
    let length = (most + 1).to_string();
    let larger = [("upload-length", length.as_str()), ("upload-metadata", metadata.as_str())];
    assert_eq!(at.client.call("POST", "/v1/photos", &larger, "").await.code(), "too_large");
}

#[tokio::test]
async fn when_an_upload_is_thrown_away_is_told_with_every_step() {
    let at = announced_photo(jpeg(12)).await;
    let until = at.client.create(&at.offer).await.header("upload-expires").unwrap().to_owned();
    assert_eq!(until, "Sun, 29 Nov 2026 02:00:00 GMT");
    let step = at.client.patch(&at.path, 0, &[], &at.bytes[..10]).await;
    assert_eq!(step.header("upload-expires"), Some(until.as_str()));
    let stand = at.client.call("HEAD", &at.path, &[], "").await;
    assert_eq!(stand.header("upload-expires"), Some(until.as_str()));
    at.county.world.pass(8 * crate::common::DAY);
    let mut tokens = at.county.phone_of(&domain::AccountId::new("worker-a").unwrap());
    tokens.refresh();
    let late = Client::new(&at.county, &tokens);
    assert_eq!(late.call("HEAD", &at.path, &[], "").await.status, StatusCode::GONE);
}

#[tokio::test]
async fn an_upload_whose_photo_a_folder_put_back_older_lacks_does_not_say_that_it_is_complete() {
    let county = County::new();
    let mut phone = county.worker("worker-a", &[cell(1)]);
    let bytes = jpeg(1);
    let (_, offer) = offered(&mut phone, &bytes);
    let client = Client::new(&county, &phone);
    let end = bytes.len();
    for asked in ["HEAD", "PATCH"] {
        let path = client.create(&offer).await.header("location").unwrap().to_owned();
        assert_eq!(client.patch(&path, 0, &[], &bytes).await.status, StatusCode::NO_CONTENT);
        county.hub.photos().remove(&offer.sha256).unwrap();
        let told = match asked {
            "HEAD" => client.call("HEAD", &path, &[], "").await,
            _ => client.patch(&path, end, &[], b"").await,
        };
        assert_eq!(told.status, StatusCode::GONE, "{asked}");
        assert_eq!(client.call("HEAD", &path, &[], "").await.status, StatusCode::GONE, "{asked}");
    }
    let path = client.create(&offer).await.header("location").unwrap().to_owned();
    assert_eq!(client.patch(&path, 0, &[], &bytes).await.header("upload-offset"), Some(end.to_string().as_str()));
    assert_eq!(client.offset(&path).await, end.to_string());
}
