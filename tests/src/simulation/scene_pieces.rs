//! What a test with a name does to the pieces of a photo on their way: cut at a fixed place, or altered.

use domain::codes::Lists;
use domain::hand_in::HandIn;
use domain::order::{OrderAnswer, OrderRequest, StandingOrder};
use domain::protocol::{
    CallError, ExchangeAnswer, ExchangeRequest, Hello, PageBytes, Peer, PhotoOffer, PhotoPlace, PhotoSize,
};
use domain::{Kind, RecordId, Sha256Hex};
use image::RgbImage;
use image::codecs::jpeg::JpegEncoder;

use super::chance::Chance;
use super::scene::Scene;
use super::wire::Wire;
use crate::trouble::{Doing, Outcome, trouble};

/// What becomes of a piece.
#[derive(Debug, Clone, Copy)]
enum Piece {
    /// So many bytes of it arrive, then the connection breaks.
    Cut(usize),
    /// All of it arrives, and one bit is another.
    Altered,
}

/// A phone's way to the hub on which this becomes of every piece of a photo; everything else comes through.
struct Way {
    wire: Wire,
    piece: Piece,
}

impl Scene {
    /// A round in which every piece of a photo is cut after so many bytes. True: a photo's last byte arrived all the same.
    ///
    /// # Errors
    /// When it ends for anything else.
    pub fn round_cutting(&mut self, phone: usize, bytes: usize) -> Outcome<bool> {
        self.round_over(phone, Piece::Cut(bytes))
    }

    /// A round in which every piece of a photo arrives as other bytes. True: a photo counts as arrived.
    ///
    /// # Errors
    /// When it ends early.
    pub fn round_altering(&mut self, phone: usize) -> Outcome<bool> {
        self.round_over(phone, Piece::Altered)
    }

    fn round_over(&mut self, phone: usize, piece: Piece) -> Outcome<bool> {
        let who = &self.history.phones[phone];
        let way = Way { wire: who.wire.clone(), piece };
        way.wire.begin_round();
        let report = who.device().round(&way);
        who.note_differing(&report);
        self.history.look_at_end(phone, &report, None)?;
        self.history.phones[phone].after_round()?;
        Ok(report.photos > 0)
    }

    /// How many photos of a cell the server counts as whole.
    ///
    /// # Errors
    /// When the server cannot be read.
    pub fn whole_photos(&self, cell: usize) -> Outcome<usize> {
        let mut whole = 0;
        for photo in self.all_on_server(cell, &Kind::Photo)? {
            let hash = Sha256Hex::new(photo.text("sha256").unwrap_or_default()).doing("reading a photo's hash")?;
            whole += usize::from(self.history.county.ask(|reading| reading.photo_stored(&hash))?);
        }
        Ok(whole)
    }

    /// How many originals of photos a phone has.
    ///
    /// # Errors
    /// When the phone cannot be read.
    pub fn originals(&self, phone: usize) -> Outcome<usize> {
        Ok(self.history.phones[phone].originals()?.len())
    }

    /// A worker takes a picture of so much grain that hardly anything of it can be left out: half a byte for every pixel and more.
    ///
    /// # Errors
    /// When it is not saved.
    pub fn photograph_grain(&mut self, phone: usize, incident: RecordId, edge: u32) -> Outcome {
        let mut pixels = vec![0; 3 * (edge * edge) as usize];
        Chance::new(1, 500).fill(&mut pixels);
        let Some(picture) = RgbImage::from_raw(edge, edge, pixels) else { return trouble("That is no picture.") };
        let mut jpeg = Vec::new();
        JpegEncoder::new_with_quality(&mut jpeg, 90).encode_image(&picture).doing("taking a photo")?;
        self.photograph_as(phone, &Kind::Incident, incident, jpeg)
    }
}

impl Peer for Way {
    fn photo_append(&self, upload: &str, offset: u64, chunk: &[u8]) -> Result<u64, CallError> {
        match self.piece {
            Piece::Cut(bytes) => {
                let first = chunk.get(..bytes).unwrap_or(chunk);
                let reached = self.wire.photo_append(upload, offset, first)?;
                if first.len() < chunk.len() { Err(CallError::Offline("cut".into())) } else { Ok(reached) }
            }
            Piece::Altered => {
                let mut other = chunk.to_vec();
                // In the picture itself, not in what is said of it before: it can be decoded still.
                let middle = other.len() / 2;
                other[middle] ^= 1;
                self.wire.photo_append(upload, offset, &other)
            }
        }
    }

    fn hello(&self) -> Result<Hello, CallError> {
        self.wire.hello()
    }

    fn exchange(&self, request: &ExchangeRequest) -> Result<ExchangeAnswer, CallError> {
        self.wire.exchange(request)
    }

    fn exchange_while(&self, request: &ExchangeRequest, work: &mut dyn FnMut()) -> Result<ExchangeAnswer, CallError> {
        self.wire.exchange_while(request, work)
    }

    fn page_bytes(&self) -> PageBytes {
        self.wire.page_bytes()
    }

    fn lists(&self) -> Result<Lists, CallError> {
        self.wire.lists()
    }

    fn photo_offer(&self, offer: &PhotoOffer) -> Result<PhotoPlace, CallError> {
        self.wire.photo_offer(offer)
    }

    fn photo_offset(&self, upload: &str) -> Result<u64, CallError> {
        self.wire.photo_offset(upload)
    }

    fn photo_fetch(&self, sha256: &Sha256Hex, size: PhotoSize) -> Result<Vec<u8>, CallError> {
        self.wire.photo_fetch(sha256, size)
    }

    fn order(&self, request: &OrderRequest) -> Result<OrderAnswer, CallError> {
        self.wire.order(request)
    }

    fn report(&self, done: &StandingOrder) -> Result<(), CallError> {
        self.wire.report(done)
    }

    fn hand_in(&self, piece: &HandIn) -> Result<(), CallError> {
        self.wire.hand_in(piece)
    }
}
