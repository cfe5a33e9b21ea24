//! The server of a trial, and photos whose records it knows.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use device::edge::enrol_over_http;
use domain::codes::Lists;
use domain::kinds::photo::PHOTOS_PER_RECORD_MAX;
use domain::protocol::{EnrolRequest, Enrolment, ExchangeAnswer, ExchangeRequest, PROTOCOL, Verdict};
use domain::{CellCode, Change, Kind, Node, RecordId, Stamp, Stamps};
use reqwest::blocking::{Client, Response};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use crate::county::County;
use crate::picture;
use crate::trouble::{Doing, Outcome, trouble};

/// At most so many records in one exchange.
const RECORDS_AT_ONCE: usize = 1_000;

/// A county whose server runs, and a phone's tokens.
pub struct Stage {
    county: County,
    folder: PathBuf,
    client: Client,
    enrolment: Enrolment,
    cell: CellCode,
    pictures: u64,
}

/// A photo to be sent.
#[derive(Debug, Clone)]
pub struct Announced {
    /// Its record, where the server knows it already.
    pub photo: Option<RecordId>,
    /// Its hash.
    pub sha256: String,
    /// Its bytes.
    pub bytes: Vec<u8>,
    /// A file with them.
    pub path: PathBuf,
}

impl Stage {
    /// Founds a county in a folder.
    ///
    /// # Errors
    /// When the server does not start or does not enrol.
    pub fn found(folder: &Path) -> Outcome<Self> {
        let county = County::found(folder, "village")?;
        let code = county.demo.worker.enrol_code.clone();
        let request = EnrolRequest { code, device_name: "trial".into(), app_version: "0".into() };
        let enrolment = enrol_over_http(&county.address(), &request).doing("enrolling")?;
        let cell = CellCode::new(&county.demo.cell).doing("reading the cell")?;
        let client = Client::builder().no_proxy().timeout(Duration::from_secs(60)).build().doing("making a client")?;
        Ok(Self { county, folder: folder.to_owned(), client, enrolment, cell, pictures: 0 })
    }

    /// Where the server listens.
    ///
    /// # Errors
    /// When that is no address.
    pub fn server(&self) -> Outcome<SocketAddr> {
        self.county.address().trim_start_matches("http://").parse().doing("reading the server's address")
    }

    /// The server itself.
    pub fn county(&mut self) -> &mut County {
        &mut self.county
    }

    /// A folder of the trial's own.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// The token of the phone that announces photos for others.
    pub fn token(&self) -> &str {
        &self.enrolment.tokens.access
    }

    /// New pictures of these sizes; their records are somebody else's matter.
    pub fn pictures(&mut self, sizes: &[usize]) -> Vec<Announced> {
        let mut photos = Vec::with_capacity(sizes.len());
        for size in sizes {
            self.pictures += 1;
            let bytes = picture::noise(self.pictures, *size);
            let sha256 = Sha256::digest(&bytes).iter().map(|byte| format!("{byte:02x}")).collect();
            let path = self.folder.join(format!("picture-{}.jpg", self.pictures));
            photos.push(Announced { photo: None, sha256, bytes, path });
        }
        photos
    }

    /// New pictures of these sizes, in files and with records that the server has.
    ///
    /// # Errors
    /// When the server refuses one of the records.
    pub fn announce(&mut self, sizes: &[usize]) -> Outcome<Vec<Announced>> {
        let mut photos = self.pictures(sizes);
        let lists: Lists = self.get("v1/lists")?.json().doing("reading the lists")?;
        let leaf = lists.categories.iter().find(|category| category.code.len() == 4);
        let Some(leaf) = leaf.map(|leaf| leaf.code.clone()) else { return trouble("The lists have no category.") };
        let mut changes = Vec::new();
        for (number, photo) in photos.iter_mut().enumerate() {
            std::fs::write(&photo.path, &photo.bytes).doing("writing a picture")?;
            if number % PHOTOS_PER_RECORD_MAX == 0 {
                changes.push(self.change(
                    Kind::Incident,
                    json!({ "category": leaf, "list_version": lists.version, "severity": 3, "title": "照片",
                        "happened_at": now() - 60_000, "by": self.enrolment.account }),
                )?);
            }
            let subject = changes.iter().rev().find(|change| change.kind == Kind::Incident).map(|change| change.id);
            let record = self.change(
                Kind::Photo,
                json!({ "subject": subject, "subject_kind": "incident", "sha256": photo.sha256, "width": 64, "height": 48,
                    "bytes": photo.bytes.len(), "taken_at": now() - 60_000, "photo_kind": "scene", "by": self.enrolment.account }),
            )?;
            photo.photo = Some(record.id);
            changes.push(record);
        }
        for part in changes.chunks(RECORDS_AT_ONCE) {
            self.push(part)?;
        }
        Ok(photos)
    }

    fn change(&self, kind: Kind, fields: Value) -> Outcome<Change> {
        let id = RecordId(uuid::Builder::from_unix_timestamp_millis(now() as u64, &rand::random()).into_uuid());
        let fields = serde_json::from_value(fields).doing("writing fields")?;
        let stamps = Stamps::all(Stamp::new(now(), 0, Node(7)));
        Ok(Change { id, kind, cell: self.cell.clone(), fields, stamps, base: BTreeMap::new() })
    }

    fn push(&self, changes: &[Change]) -> Outcome {
        let request = ExchangeRequest {
            protocol: PROTOCOL,
            device_time: now(),
            node: Node(7),
            epoch: None,
            push: changes.to_vec(),
            cursors: BTreeMap::new(),
            doubted: Vec::new(),
            words_about: Vec::new(),
            merges: false,
            health: None,
            room: None,
            proofs: Default::default(),
            lost_receipts: Vec::new(),
        };
        let url = format!("{}/v1/exchange", self.county.address());
        let answer = self.client.post(url).bearer_auth(self.token()).json(&request).send().doing("pushing")?;
        let answer: ExchangeAnswer = answer.json().doing("reading the verdicts")?;
        match answer.verdicts.iter().find(|verdict| **verdict != Verdict::Accepted) {
            None => Ok(()),
            Some(verdict) => trouble(format!("A record was refused: {verdict:?}")),
        }
    }

    fn get(&self, path: &str) -> Outcome<Response> {
        let url = format!("{}/{path}", self.county.address());
        self.client.get(url).bearer_auth(self.token()).send().doing("asking the server")
    }

    /// Whether the server gives out exactly these bytes.
    ///
    /// # Errors
    /// When the server cannot be asked.
    pub fn is_stored(&self, photo: &Announced) -> Outcome<bool> {
        let answer = self.get(&format!("v1/photo/{}/full", photo.sha256))?;
        Ok(answer.status().is_success() && answer.bytes().doing("reading a photo")? == photo.bytes)
    }
}

fn now() -> i64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_millis() as i64)
}
