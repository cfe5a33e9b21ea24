//! The tus protocol in its details.

use axum::Router;
use axum::body::Body;
use axum::http::{Request, StatusCode};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use domain::protocol::PhotoOffer;
use sha2::Digest as _;

use crate::common::{Answered, County, TestPhone, cell, jpeg, send};
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
        let offset = offset.to_string();
        let mut headers = vec![("upload-offset", offset.as_str()), ("content-type", "application/offset+octet-stream")];
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
