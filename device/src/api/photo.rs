//! Photos: taking one in, showing one.

use domain::kinds::photo::PHOTOS_PER_RECORD_MAX;
use domain::protocol::PhotoSize;
use domain::{Fields, Kind, Problem, ProblemCode, Record, RecordId};
use serde::{Deserialize, Serialize};
use serde_json::json;
use ts_rs::TS;

use super::{Failure, FailureCode, Jpeg, found};
use crate::outbox;
use crate::picture::{FILE_BYTES_MAX, Picture, PictureError, develop};
use crate::read::photo_line;
use crate::{Device, DeviceError, Open};

/// A photo at a record.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, TS)]
#[ts(export)]
pub struct PhotoLine {
    /// The photo.
    pub id: RecordId,
    /// Address and check of its bytes.
    pub sha256: String,
    /// Code of the kind.
    pub photo_kind: String,
    /// When it was taken.
    pub taken_at: i64,
    /// In words.
    pub note: Option<String>,
    /// Record and bytes are on the server.
    pub sent: bool,
    /// Pixels.
    pub width: i64,
    /// Pixels.
    pub height: i64,
}

/// Adds a photo to a record. The picture's bytes are the body of the call.
#[derive(Debug, Deserialize, TS)]
#[serde(deny_unknown_fields)]
#[ts(export, optional_fields = nullable)]
pub struct AddPhotoArgs {
    /// The record it belongs to.
    pub subject: RecordId,
    /// That record's kind.
    pub subject_kind: String,
    /// Code of the photo's kind.
    pub photo_kind: String,
    /// In words.
    pub note: Option<String>,
}

/// Asks for a photo's bytes.
#[derive(Debug, Deserialize, TS)]
#[serde(deny_unknown_fields)]
#[ts(export)]
pub struct PhotoArgs {
    /// The photo.
    pub id: RecordId,
    /// Which rendering.
    pub size: PhotoSize,
}

impl From<PictureError> for Failure {
    fn from(error: PictureError) -> Self {
        match error {
            PictureError::NotAnImage => Failure::new(FailureCode::NotAnImage),
            PictureError::TooLarge => {
                let most = Problem::with_limit("", ProblemCode::TooManyBytes, FILE_BYTES_MAX as i64);
                Failure { problems: vec![most], ..Failure::new(FailureCode::NotAnImage) }
            }
        }
    }
}

pub(super) fn add_photo(device: &Device, args: AddPhotoArgs, body: Vec<u8>) -> Result<PhotoLine, Failure> {
    // What cannot become a photo anyway is refused before the picture is worked on.
    device.with_open(|open: &mut Open| may_have_another(open, &args).map(|_| ()))?;
    // The register stays usable while the picture is worked on.
    let picture = develop(&body)?;
    drop(body);
    device.with_open(|open: &mut Open| {
        let subject = may_have_another(open, &args)?;
        let fields = fields(&args, &picture, open);
        let id = open.write_photo(Some(&subject.cell), (&picture.full, &picture.thumb), fields)?;
        let record = open.store().get(id)?.ok_or(DeviceError::NotFound)?;
        Ok(photo_line(open.store(), &record)?)
    })
}

/// The record that the photo is for, if it can take one more.
fn may_have_another(open: &Open, args: &AddPhotoArgs) -> Result<Record, Failure> {
    let subject = open.store().get(args.subject)?.filter(|subject| !subject.is_deleted());
    let subject = subject.ok_or_else(|| Failure::problem("subject", ProblemCode::MissingTarget))?;
    if subject.kind.as_str() != args.subject_kind {
        return Err(Failure::problem("subject_kind", ProblemCode::MissingTarget));
    }
    if outbox::is_of_nobody(open.store().connection(), subject.id)? {
        return Err(Failure::problem("subject", ProblemCode::Erased));
    }
    if open.store().of_parent(&Kind::Photo, args.subject)?.len() >= PHOTOS_PER_RECORD_MAX {
        let most = PHOTOS_PER_RECORD_MAX as i64;
        return Err(Failure::invalid(vec![Problem::with_limit("", ProblemCode::TooManyPhotos, most)]));
    }
    Ok(subject)
}

fn fields(args: &AddPhotoArgs, picture: &Picture, open: &Open) -> Fields {
    let now = open.now();
    // A camera whose clock was never set says anything; what lies ahead of now was taken now.
    let taken_at = picture.taken_at.filter(|at| *at <= now).unwrap_or(now);
    let note = args.note.as_deref().map(str::trim).filter(|note| !note.is_empty());
    let given = [
        ("subject", Some(json!(args.subject))),
        ("subject_kind", Some(json!(args.subject_kind))),
        ("width", Some(json!(picture.width))),
        ("height", Some(json!(picture.height))),
        ("bytes", Some(json!(picture.full.len()))),
        ("taken_at", Some(json!(taken_at))),
        ("photo_kind", Some(json!(args.photo_kind))),
        ("by", Some(json!(open.account().account))),
        ("note", note.map(|note| json!(note))),
    ];
    given.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?))).collect()
}

pub(super) fn photo(device: &Device, args: PhotoArgs) -> Result<Jpeg, Failure> {
    let sha256 = device.with_open(|open: &mut Open| {
        let record = found(open, args.id, &Kind::Photo)?;
        domain::kinds::photo::Photo::from(&record).sha256.ok_or_else(Failure::not_found)
    })?;
    Ok(Jpeg(device.fetch_photo(&sha256, args.size)?))
}
