//! Disputes: the list, the case file with its events, another event, and the forms to print.

use domain::kinds::dispute::{Dispute, WORDS, is_about_somebody};
use domain::kinds::dispute_event::DisputeEvent;
use domain::mediation::{DisputeStanding, RIGHTS, standing};
use domain::review::ReviewState;
use domain::validate::today;
use domain::world::Millis;
use domain::{CellCode, Fields, Kind, Problem, ProblemCode, Record, RecordId};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use ts_rs::TS;

use super::conflict::ConflictLine;
use super::photo::PhotoLine;
use super::record::{OfRecord, Saved, appended, normalised};
use super::review::ReviewInfo;
use super::{Failure, Nothing, Pdf, conflict, found};
use crate::forms;
pub use crate::forms::DisputeForm;
use crate::outbox;
use crate::read::{dispute_events, dispute_lines, photos_of, review_info};
use crate::{Device, DeviceError, Open};

/// A case in a list.
#[derive(Debug, Clone, PartialEq, Serialize, TS)]
#[ts(export)]
pub struct DisputeLine {
    /// The case.
    pub id: RecordId,
    /// The parties, applicants first.
    pub title: String,
    /// The number of the file.
    pub number: Option<String>,
    /// Code of the type.
    pub dispute_type: String,
    /// When it was accepted, `YYYY-MM-DD`.
    pub accepted_on: String,
    /// Where it happened.
    pub place: Option<String>,
    /// Yuan, exactly.
    pub amount: Option<String>,
    /// Where it stands.
    pub standing: DisputeStanding,
    /// Where it stands with the supervisor.
    pub review: ReviewState,
    /// Nothing of it is unsent.
    pub sent: bool,
}

/// Something that happened in a mediation.
#[derive(Debug, Clone, PartialEq, Serialize, TS)]
#[ts(export)]
pub struct DisputeEventLine {
    /// The event's record.
    pub id: RecordId,
    /// What happened.
    pub event: DisputeEvent,
    /// Nothing of it is unsent.
    pub sent: bool,
}

/// A line of the notice of rights and duties.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, TS)]
#[ts(export)]
pub struct RightsLine {
    /// To be read aloud.
    pub zh: String,
    /// What it says.
    pub en: String,
}

/// A case file with everything at it.
#[derive(Debug, Clone, Serialize, TS)]
#[ts(export)]
pub struct DisputePage {
    /// The case.
    pub id: RecordId,
    /// Its cell.
    pub cell: CellCode,
    /// Its fields.
    pub dispute: Dispute,
    /// Where it stands.
    pub standing: DisputeStanding,
    /// What happened, in the order of time.
    pub events: Vec<DisputeEventLine>,
    /// Photos of signed papers and others.
    pub photos: Vec<PhotoLine>,
    /// The notice of rights and duties.
    pub rights: Vec<RightsLine>,
    /// Where it stands with the supervisor.
    pub review: ReviewInfo,
    /// Fields that two people changed without knowing of each other.
    pub conflicts: Vec<ConflictLine>,
    /// Of its parties only the sides are left: no words, steps or photos are added to it.
    pub about_nobody: bool,
    /// Nothing of the file is unsent.
    pub sent: bool,
}

/// Something that happened in a mediation, and what it changes in the file.
#[derive(Debug, Deserialize, TS)]
#[serde(deny_unknown_fields)]
#[ts(export, optional_fields = nullable)]
pub struct AddDisputeEventArgs {
    /// The case.
    pub dispute: RecordId,
    /// Code of the step.
    pub event: String,
    /// When, for what was written down later; now if it is left out.
    pub at: Option<Millis>,
    /// Where.
    pub place: Option<String>,
    /// Who was there.
    pub present: Option<Vec<String>>,
    /// In words.
    pub text: Option<String>,
    /// Whether the parties signed.
    pub signed: Option<bool>,
    /// Of an extension: until when.
    pub until: Option<String>,
    /// Fields of the file that change with it: what was agreed, when it was performed.
    #[ts(type = "{ [key in string]: unknown } | null")]
    pub file: Option<Fields>,
}

/// Asks for a form to print.
#[derive(Debug, Deserialize, TS)]
#[serde(deny_unknown_fields)]
#[ts(export, optional_fields = nullable)]
pub struct DisputeFormArgs {
    /// The case.
    pub dispute: RecordId,
    /// Which form.
    pub form: DisputeForm,
    /// Filled from this event; from the latest that fits if it is left out.
    pub event: Option<RecordId>,
}

/// The fields of a file that an event may change.
const FILE_FIELDS: [&str; 8] =
    ["agreement", "agreed_on", "terms", "perform_how", "perform_by", "performed_on", "confirmed", "transferred_to"];

pub(super) fn disputes(device: &Device, _: Nothing) -> Result<Vec<DisputeLine>, Failure> {
    device.with_open(|open: &mut Open| Ok(dispute_lines(open.store(), today(open.now()))?))
}

pub(super) fn dispute(device: &Device, args: OfRecord) -> Result<DisputePage, Failure> {
    device.with_open(|open: &mut Open| {
        let record = found(open, args.id, &Kind::Dispute)?;
        let store = open.store();
        let dispute = Dispute::from(&record);
        let events = dispute_events(store, record.id)?;
        let told: Vec<DisputeEvent> = events.iter().map(|(_, event)| event.clone()).collect();
        let mut lines = Vec::with_capacity(events.len());
        for (record, event) in events {
            lines.push(DisputeEventLine { id: record.id, event, sent: store.is_sent(record.id)? });
        }
        Ok(DisputePage {
            id: record.id,
            cell: record.cell.clone(),
            standing: standing(&dispute, &told, today(open.now())),
            dispute,
            events: lines,
            photos: photos_of(store, record.id)?,
            rights: RIGHTS.iter().map(|(zh, en)| RightsLine { zh: (*zh).into(), en: (*en).into() }).collect(),
            review: review_info(store, &record)?,
            conflicts: conflict::lines(open, &record)?,
            about_nobody: outbox::is_of_nobody(store.connection(), record.id)?,
            sent: store.is_sent(record.id)?,
        })
    })
}

pub(super) fn add_dispute_event(device: &Device, args: AddDisputeEventArgs) -> Result<Saved, Failure> {
    device.with_open(|open: &mut Open| {
        let stands = found(open, args.dispute, &Kind::Dispute)?;
        if outbox::is_of_nobody(open.store().connection(), stands.id)? {
            return Err(Failure::problem("dispute", ProblemCode::Erased));
        }
        let file = args.file.unwrap_or_default();
        if let Some(name) = file.keys().find(|name| !FILE_FIELDS.contains(&name.as_str())) {
            return Err(Failure::problem(name, ProblemCode::NotAllowed));
        }
        let said = |text: &Option<String>| text.as_deref().is_some_and(|text| !text.trim().is_empty());
        let wanted = match args.event.as_str() {
            "investigation" | "mediation" | "follow_up" if !said(&args.text) => Some("text"),
            "extension" if !said(&args.until) => Some("until"),
            "agreement" if agreed(&file, &stands).is_none_or(Value::is_null) => Some("agreement"),
            _ => None,
        };
        if let Some(field) = wanted {
            return Err(Failure::problem(field, ProblemCode::Required));
        }
        let given = [
            ("dispute", Some(json!(args.dispute))),
            ("event", Some(json!(args.event))),
            ("at", args.at.map(|at| json!(at))),
            ("place", args.place.map(|place| json!(place))),
            ("present", args.present.filter(|present| !present.is_empty()).map(|present| json!(present))),
            ("text", args.text.map(|text| json!(text))),
            ("signed", args.signed.map(|signed| json!(signed))),
            ("until", args.until.map(|until| json!(until))),
        ];
        let fields = given.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?))).collect();
        // Both or neither: whoever is told that nothing was saved must not find the file changed.
        let event = appended(open, &Kind::DisputeEvent, fields, &[])?;
        let id = event.id;
        open.create_and_write(vec![event], vec![(args.dispute, normalised(&Kind::Dispute, file))])?;
        Ok(Saved { id, warnings: Vec::new() })
    })
}

/// Words that would come to a case file which is about nobody any more: the server makes nothing of them. With a list of parties that names
/// somebody they come to that one.
pub(super) fn said_of_nobody(
    open: &Open,
    fields: &Fields,
    current: Option<&Record>,
) -> Result<Vec<Problem>, DeviceError> {
    let Some(file) = current.filter(|_| !fields.get("parties").is_some_and(is_about_somebody)) else {
        return Ok(Vec::new());
    };
    if !outbox::is_of_nobody(open.store().connection(), file.id)? {
        return Ok(Vec::new());
    }
    let is_new = |name: &&str| {
        let word = fields.get(*name).filter(|word| !word.is_null());
        word.is_some() && word != file.fields.get(*name)
    };
    let said = WORDS.into_iter().filter(is_new);
    Ok(said.map(|name| Problem::new(name, ProblemCode::Erased)).collect())
}

/// What was agreed, once these fields of the file are written.
fn agreed<'v>(file: &'v Fields, stands: &'v Record) -> Option<&'v Value> {
    file.get("agreement").or_else(|| stands.fields.get("agreement"))
}

pub(super) fn dispute_form(device: &Device, args: DisputeFormArgs) -> Result<Pdf, Failure> {
    device.with_open(|open: &mut Open| {
        let record = found(open, args.dispute, &Kind::Dispute)?;
        let events = dispute_events(open.store(), record.id)?;
        let village = super::session::village_of(open, &record.cell)?;
        let setting = forms::Setting { today: today(open.now()), village, demo: open.account().demo };
        Ok(Pdf(paper::pdf(&forms::dispute(&setting, args.form, &Dispute::from(&record), &events, args.event))))
    })
}
