//! What the server refused: the worker's own words, to be corrected or dropped.

use domain::record::Fields;
use domain::{Kind, Problem, ProblemCode, RecordId};
use serde::{Deserialize, Serialize};
use ts_rs::TS;

use super::dispute::said_of_nobody;
use super::{Failure, Nothing};
use crate::outbox::{self, Refused};
use crate::read::Places;
use crate::{Device, DeviceError, Open, Seen};

/// A refused change.
#[derive(Debug, Clone, PartialEq, Serialize, TS)]
#[ts(export)]
pub struct RefusedItem {
    /// The record.
    pub record_id: RecordId,
    /// What it is about.
    pub kind: Kind,
    /// Its name.
    pub title: String,
    /// Why, in one word.
    pub code: ProblemCode,
    /// What is wrong with which field.
    pub problems: Vec<Problem>,
    /// The worker's own words.
    #[ts(type = "{ [key in string]: unknown }")]
    pub fields: Fields,
    /// The stamps of what stood under these words when they were refused. Whoever corrects them has seen that and nothing later.
    pub seen: Seen,
    /// When it was refused.
    pub at: i64,
}

/// Names a refused change by its record.
#[derive(Debug, Deserialize, TS)]
#[serde(deny_unknown_fields)]
#[ts(export)]
pub struct OfRefused {
    /// The record.
    pub record_id: RecordId,
}

/// What the server refused, the latest first.
pub(super) fn items(open: &Open) -> Result<Vec<RefusedItem>, DeviceError> {
    let mut places = Places::new(open.store());
    let item = |refused: Refused| {
        // Refused words alone may lack what the record is called.
        let seen = refused.seen(open.store().get(refused.id)?.as_ref());
        let mut fields = places.record(refused.id)?.map(|record| record.fields.clone()).unwrap_or_default();
        fields.extend(refused.fields.clone());
        Ok(RefusedItem {
            record_id: refused.id,
            title: places.title(&refused.kind, &fields)?,
            kind: refused.kind,
            code: refused.code,
            problems: refused.problems,
            fields: refused.fields,
            seen,
            at: refused.at,
        })
    };
    open.refused()?.into_iter().map(item).collect()
}

pub(super) fn refused(device: &Device, _: Nothing) -> Result<Vec<RefusedItem>, Failure> {
    device.with_open(|open: &mut Open| Ok(items(open)?))
}

pub(super) fn resend(device: &Device, args: OfRefused) -> Result<Nothing, Failure> {
    device.with_open(|open: &mut Open| -> Result<Nothing, Failure> {
        let refused = outbox::refused_one(open.store().connection(), args.record_id)?.ok_or_else(Failure::not_found)?;
        let problems = resent_to_nobody(open, &refused)?;
        if !problems.is_empty() {
            return Err(Failure::invalid(problems));
        }
        open.resend(args.record_id)?;
        Ok(Nothing {})
    })
}

/// What of refused words would come to a case file that was left to nobody since they were refused.
fn resent_to_nobody(open: &Open, refused: &Refused) -> Result<Vec<Problem>, DeviceError> {
    let names = match refused.kind {
        Kind::DisputeEvent => "dispute",
        Kind::Photo => "subject",
        _ => return said_of_nobody(open, &refused.fields, open.store().get(refused.id)?.as_ref()),
    };
    let file = refused.fields.get(names).and_then(|file| file.as_str()?.parse::<RecordId>().ok());
    let is_closed = file.map_or(Ok(false), |file| outbox::is_of_nobody(open.store().connection(), file))?;
    Ok(is_closed.then(|| Problem::new(names, ProblemCode::Erased)).into_iter().collect())
}

pub(super) fn discard(device: &Device, args: OfRefused) -> Result<Nothing, Failure> {
    device.with_open(|open: &mut Open| -> Result<Nothing, Failure> {
        open.discard(args.record_id)?;
        Ok(Nothing {})
    })
}
