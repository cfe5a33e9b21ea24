//! An evacuation from phone to phone: giving it as QR codes or as a file, and taking it.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use domain::RecordId;
use domain::frames::{Heard, frames as frames_of};
use serde::{Deserialize, Serialize};
use ts_rs::TS;

use super::record::OfRecord;
use super::{Failure, FailureCode};
use crate::handover::{self, HandoverError, Taken};
use crate::{Device, Open};

/// An evacuation as a sequence of QR codes.
#[derive(Debug, Clone, Serialize, TS)]
#[ts(export)]
pub struct HandoverFrames {
    /// The text of each code, in order. Shown in a loop, until the other phone has all.
    pub frames: Vec<String>,
}

/// An evacuation as a file.
#[derive(Debug, Clone, Serialize, TS)]
#[ts(export)]
pub struct HandoverFile {
    /// What the file is called. Nobody's name is in it.
    pub name: String,
    /// Opens the file. It is told to the other person, never sent along.
    pub code: String,
    /// The file in base64.
    pub content: String,
}

/// A QR code that was filmed.
#[derive(Debug, Deserialize, TS)]
#[serde(deny_unknown_fields)]
#[ts(export)]
pub struct FrameArgs {
    /// Its text.
    pub text: String,
}

/// What came of a QR code.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, TS)]
#[ts(export)]
pub struct FrameTaken {
    /// It was one of the sequence; another code was in the picture otherwise.
    pub ours: bool,
    /// Codes that are here.
    pub got: usize,
    /// Codes of the sequence.
    pub total: usize,
    /// All are here, and what they held was taken.
    pub taken: Option<HandoverTaken>,
}

/// Opens a file with its code.
#[derive(Debug, Deserialize, TS)]
#[serde(deny_unknown_fields)]
#[ts(export)]
pub struct CodeArgs {
    /// The eight digits that the other phone shows.
    pub code: String,
}

/// What was taken from another phone.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, TS)]
#[ts(export)]
pub struct HandoverTaken {
    /// The evacuation.
    pub evacuation: RecordId,
    /// Records that were new here.
    pub new: usize,
    /// Marks among them.
    pub marks: usize,
    /// Records that this version cannot judge, and has not taken.
    pub left_out: usize,
}

impl From<Taken> for HandoverTaken {
    fn from(taken: Taken) -> Self {
        let Taken { evacuation, new, marks, left_out } = taken;
        Self { evacuation, new, marks, left_out }
    }
}

impl From<HandoverError> for Failure {
    fn from(error: HandoverError) -> Self {
        let code = match error {
            HandoverError::Unreadable => FailureCode::HandoverUnreadable,
            HandoverError::Code => FailureCode::HandoverCode,
            HandoverError::TooLarge => FailureCode::HandoverTooLarge,
            HandoverError::Foreign => FailureCode::HandoverForeign,
            HandoverError::Other => FailureCode::HandoverOther,
            HandoverError::Clock => FailureCode::HandoverClock,
            HandoverError::Device(error) => return error.into(),
        };
        Failure::new(code)
    }
}

pub(super) fn frames(device: &Device, args: OfRecord) -> Result<HandoverFrames, Failure> {
    device.with_open(|open: &mut Open| {
        let frames = frames_of(&handover::pack(open, args.id)?).ok_or(HandoverError::TooLarge)?;
        Ok(HandoverFrames { frames })
    })
}

pub(super) fn file(device: &Device, args: OfRecord) -> Result<HandoverFile, Failure> {
    device.with_open(|open: &mut Open| {
        let pack = handover::pack(open, args.id)?;
        let (code, file) = open.with_world(|world| handover::seal(&pack, world))?;
        let (id, at) = (args.id.to_string(), open.now());
        let day = domain::validate::today(at).format("%m%d");
        // The end of an id tells evacuations of one day apart.
        let name = format!("evacuation-{day}-{}.doorstep", &id[id.len() - 4..]);
        Ok(HandoverFile { name, code, content: STANDARD.encode(file) })
    })
}

pub(super) fn take_frame(device: &Device, args: FrameArgs) -> Result<FrameTaken, Failure> {
    device.with_open(|open: &mut Open| match open.filmed.hear(&args.text) {
        Heard::Nothing => Ok(FrameTaken { ours: false, got: 0, total: 0, taken: None }),
        Heard::More { got, total } => Ok(FrameTaken { ours: true, got, total, taken: None }),
        Heard::Whole { pack, total } => {
            let taken = handover::take(open, &pack)?;
            Ok(FrameTaken { ours: true, got: total, total, taken: Some(taken.into()) })
        }
    })
}

pub(super) fn take_file(device: &Device, args: CodeArgs, file: Vec<u8>) -> Result<HandoverTaken, Failure> {
    device.with_open(|open: &mut Open| {
        let pack = handover::open(&file, &args.code)?;
        Ok(handover::take(open, &pack)?.into())
    })
}
