//! Inspections: what can be inspected, one checklist gone through, its hazards, their re-checks, and the notice to put them right.

use std::collections::BTreeMap;

use domain::checklist::{Checklist, ItemType, SEVERITY_USUAL};
use domain::kinds::inspection::{Answer, Hazard, Inspection};
use domain::kinds::recheck::Recheck;
use domain::rectification::{HazardStanding, HazardState, proposed_due, standing};
use domain::review::ReviewState;
use domain::validate::today;
use domain::world::Millis;
use domain::{CellCode, Fields, Kind, ProblemCode, Record, RecordId};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use ts_rs::TS;

use super::dispute::DisputeLine;
use super::photo::PhotoLine;
use super::record::{OfRecord, Saved, append, appended, to_create};
use super::review::ReviewInfo;
use super::{Failure, Nothing, Pdf, category, found};
use crate::read::{
    Places, dispute_lines, hazard_lines, inspections_at, open_hazards, photos_of, place_of, rechecks, review_info,
    wants_work,
};
use crate::{Device, DeviceError, Open, forms};

/// A hazard in a list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, TS)]
#[ts(export)]
pub struct HazardLine {
    /// The inspection that found it.
    pub inspection: RecordId,
    /// The checklist's item.
    pub item: String,
    /// What was found, in words.
    pub text: String,
    /// 1 most urgent … 4.
    pub severity: i64,
    /// Where it stands.
    pub standing: HazardStanding,
    /// Code of the checklist.
    pub checklist: String,
    /// What the place is called.
    pub title: String,
    /// Where it is.
    pub address: String,
    /// When it was found.
    pub found_at: i64,
}

/// An inspection in a list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, TS)]
#[ts(export)]
pub struct InspectionLine {
    /// The inspection.
    pub id: RecordId,
    /// Code of the checklist.
    pub checklist: String,
    /// When.
    pub at: i64,
    /// Who: an account.
    pub by: Option<String>,
    /// Hazards found.
    pub hazards: i64,
    /// Of these, not put right yet.
    pub open: i64,
    /// Where it stands with the supervisor.
    pub review: ReviewState,
    /// Nothing of it is unsent.
    pub sent: bool,
}

/// A place that is inspected by rule: a premises, a hazard point.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, TS)]
#[ts(export)]
pub struct PlaceLine {
    /// Its record.
    pub id: RecordId,
    /// Its kind.
    pub kind: Kind,
    /// What it is called.
    pub title: String,
    /// Where it is.
    pub address: String,
    /// When it was inspected last.
    pub inspected_at: Option<i64>,
    /// Hazards not put right yet.
    pub open: i64,
}

/// A place and what was found there.
#[derive(Debug, Clone, Serialize, TS)]
#[ts(export)]
pub struct InspectionPlace {
    /// Its record.
    pub id: RecordId,
    /// Its kind.
    pub kind: Kind,
    /// What it is called.
    pub title: String,
    /// Where it is.
    pub address: String,
    /// The checklists for such places.
    pub checklists: Vec<Checklist>,
    /// The day that is proposed for putting a hazard right, by severity: the first is for severity 1.
    pub proposed_due: Vec<String>,
    /// Hazards that were not put right.
    pub hazards: Vec<HazardLine>,
    /// Earlier inspections, the latest first.
    pub inspections: Vec<InspectionLine>,
}

/// A re-check of a hazard.
#[derive(Debug, Clone, PartialEq, Serialize, TS)]
#[ts(export)]
pub struct RecheckLine {
    /// Its record.
    pub id: RecordId,
    /// What was found.
    pub recheck: Recheck,
    /// Its photos.
    pub photos: Vec<PhotoLine>,
    /// Nothing of it is unsent.
    pub sent: bool,
}

/// An inspection with everything at it.
#[derive(Debug, Clone, Serialize, TS)]
#[ts(export)]
pub struct InspectionPage {
    /// The inspection.
    pub id: RecordId,
    /// Its cell.
    pub cell: CellCode,
    /// Its fields.
    pub inspection: Inspection,
    /// What the place is called.
    pub title: String,
    /// Where it is.
    pub address: String,
    /// The checklist, as the county has it now.
    pub checklist: Option<Checklist>,
    /// Its hazards with where they stand.
    pub hazards: Vec<HazardLine>,
    /// What re-checks found, in the order of time.
    pub rechecks: Vec<RecheckLine>,
    /// Its photos; the note of one that shows a hazard begins with the item.
    pub photos: Vec<PhotoLine>,
    /// Where it stands with the supervisor.
    pub review: ReviewInfo,
    /// The day that is proposed for putting a hazard right, by severity: the first is for severity 1.
    pub proposed_due: Vec<String>,
    /// Nothing of it is unsent.
    pub sent: bool,
}

/// A checklist gone through at a place.
#[derive(Debug, Deserialize, TS)]
#[serde(deny_unknown_fields)]
#[ts(export, optional_fields = nullable)]
pub struct RecordInspectionArgs {
    /// The place.
    pub subject: RecordId,
    /// Code of the checklist.
    pub checklist: String,
    /// By item.
    pub answers: BTreeMap<String, Answer>,
    /// By item, where it asks for more than yes or no.
    pub facts: Option<BTreeMap<String, String>>,
    /// Words, urgency and day of hazards; an item that was found bad and is not here is a hazard in the checklist's words.
    pub hazards: Option<Vec<Hazard>>,
    /// In words.
    pub note: Option<String>,
}

/// A hazard looked at again.
#[derive(Debug, Deserialize, TS)]
#[serde(deny_unknown_fields)]
#[ts(export, optional_fields = nullable)]
pub struct RecheckArgs {
    /// The inspection that found it.
    pub inspection: RecordId,
    /// The checklist's item.
    pub item: String,
    /// `fixed` or `not_fixed`.
    pub result: String,
    /// The new day, of a hazard that was not put right.
    pub due: Option<String>,
    /// In words.
    pub note: Option<String>,
}

/// Names one hazard.
#[derive(Debug, Deserialize, TS)]
#[serde(deny_unknown_fields)]
#[ts(export)]
pub struct OfHazard {
    /// The inspection that found it.
    pub inspection: RecordId,
    /// The checklist's item.
    pub item: String,
}

/// What has a day that is near or past.
#[derive(Debug, Clone, PartialEq, Serialize, TS)]
#[ts(export)]
pub struct DueWork {
    /// Cases in their last days or past them, and agreements that were not performed in time.
    pub disputes: Vec<DisputeLine>,
    /// Hazards to be looked at again.
    pub hazards: Vec<HazardLine>,
}

/// Within this time, a second inspection that says exactly the same is the first one once more: a tap, or a start after a crash.
const SAME_WITHIN: Millis = 10 * 60 * 1000;

pub(super) fn due_work(device: &Device, _: Nothing) -> Result<DueWork, Failure> {
    device.with_open(|open: &mut Open| {
        let today = today(open.now());
        let mut disputes = dispute_lines(open.store(), today)?;
        disputes.retain(|line| wants_work(&line.standing));
        let mut hazards = open_hazards(open.store(), today)?;
        hazards.retain(|line| matches!(line.standing.state, HazardState::Overdue | HazardState::Due));
        Ok(DueWork { disputes, hazards })
    })
}

pub(super) fn hazards(device: &Device, _: Nothing) -> Result<Vec<HazardLine>, Failure> {
    device.with_open(|open: &mut Open| Ok(open_hazards(open.store(), today(open.now()))?))
}

pub(super) fn inspection_places(device: &Device, _: Nothing) -> Result<Vec<PlaceLine>, Failure> {
    device.with_open(|open: &mut Open| {
        let (store, today) = (open.store(), today(open.now()));
        let rechecks = rechecks(store)?;
        let mut places = Places::new(store);
        let mut lines = Vec::new();
        for (kind, closed) in [(Kind::Premises, "closed_on"), (Kind::HazardPoint, "retired_on")] {
            for record in store.of_kind(&kind, None)?.iter().filter(|record| record.text(closed).is_none()) {
                let (title, address) = place_of(&mut places, record.id)?;
                let inspections = inspections_at(store, record.id, &rechecks, today)?;
                lines.push(PlaceLine {
                    id: record.id,
                    kind: kind.clone(),
                    title,
                    address,
                    inspected_at: inspections.first().map(|inspection| inspection.at),
                    open: inspections.iter().map(|inspection| inspection.open).sum(),
                });
            }
        }
        // Where nobody was for longest comes first.
        lines.sort_by_key(|line| (line.inspected_at, line.title.clone(), line.id));
        Ok(lines)
    })
}

pub(super) fn inspection_place(device: &Device, args: OfRecord) -> Result<InspectionPlace, Failure> {
    device.with_open(|open: &mut Open| {
        let record = subject(open, args.id)?;
        let (store, today) = (open.store(), today(open.now()));
        let (title, address) = place_of(&mut Places::new(store), record.id)?;
        let rechecks = rechecks(store)?;
        let mut hazards = open_hazards(store, today)?;
        let inspections = inspections_at(store, record.id, &rechecks, today)?;
        hazards.retain(|hazard| inspections.iter().any(|inspection| inspection.id == hazard.inspection));
        let fits = |checklist: &&Checklist| checklist.is_for(record.kind.as_str());
        Ok(InspectionPlace {
            id: record.id,
            title,
            address,
            checklists: open.lists().checklists.iter().filter(fits).map(Checklist::as_asked).collect(),
            kind: record.kind,
            proposed_due: proposed(open),
            hazards,
            inspections,
        })
    })
}

fn proposed(open: &Open) -> Vec<String> {
    (1..=4).map(|severity| proposed_due(severity, today(open.now())).to_string()).collect()
}

fn subject(open: &Open, id: RecordId) -> Result<Record, Failure> {
    open.store().get(id)?.filter(|record| !record.is_deleted()).ok_or_else(Failure::not_found)
}

pub(super) fn record_inspection(device: &Device, args: RecordInspectionArgs) -> Result<Saved, Failure> {
    device.with_open(|open: &mut Open| {
        let place = subject(open, args.subject)?;
        let unknown = || Failure::problem("checklist", ProblemCode::UnknownCode);
        let checklist = open.lists().checklist(&args.checklist).ok_or_else(unknown)?;
        if !checklist.is_for(place.kind.as_str()) {
            return Err(unknown());
        }
        let asked = checklist.asked().filter(|item| item.asks == ItemType::OkBadNa);
        if asked.clone().any(|item| !args.answers.contains_key(&item.id)) {
            return Err(Failure::problem("answers", ProblemCode::Required));
        }
        let given = args.hazards.unwrap_or_default();
        let bad = asked.filter(|item| args.answers.get(&item.id) == Some(&Answer::Bad));
        let today = today(open.now());
        let hazards: Vec<Hazard> = bad
            .map(|item| {
                let given = given.iter().find(|hazard| hazard.item == item.id).cloned();
                let severity = given.as_ref().map_or(item.severity.unwrap_or(SEVERITY_USUAL), |hazard| hazard.severity);
                let text = given.as_ref().map(|hazard| hazard.text.trim()).filter(|text| !text.is_empty());
                Hazard {
                    item: item.id.clone(),
                    // The checklist says how it should be.
                    text: text.map_or_else(|| format!("不符合：{}", item.text_zh), str::to_owned),
                    severity,
                    due: given
                        .as_ref()
                        .and_then(|hazard| hazard.due.clone())
                        .or_else(|| Some(proposed_due(severity, today).to_string())),
                }
            })
            .collect();
        let values = [
            ("subject", Some(json!(place.id))),
            ("subject_kind", Some(json!(place.kind))),
            ("checklist", Some(json!(args.checklist))),
            ("checklist_version", Some(json!(open.lists().version))),
            ("answers", Some(json!(args.answers))),
            ("facts", args.facts.filter(|facts| !facts.is_empty()).map(|facts| json!(facts))),
            ("hazards", Some(json!(hazards)).filter(|_| !hazards.is_empty())),
            ("note", args.note.filter(|note| !note.trim().is_empty()).map(|note| json!(note.trim()))),
        ];
        let fields: Fields = values.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?))).collect();
        let id = match said_already(open, place.id, &fields)? {
            Some(id) => id,
            None => append(open, &Kind::Inspection, fields)?,
        };
        Ok(Saved { id, warnings: Vec::new() })
    })
}

fn said_already(open: &Open, place: RecordId, fields: &Fields) -> Result<Option<RecordId>, DeviceError> {
    let (own, now) = (open.account().account.as_str(), open.now());
    let records = open.store().of_parent(&Kind::Inspection, place)?;
    let same = |record: &&Record| {
        record.text("by") == Some(own)
            && now - record.int("at").unwrap_or_default() < SAME_WITHIN
            && record.fields.len() == fields.len() + 2
            && fields.iter().all(|(name, value)| record.fields.get(name) == Some(value))
    };
    Ok(records.iter().find(same).map(|record| record.id))
}

pub(super) fn inspection(device: &Device, args: OfRecord) -> Result<InspectionPage, Failure> {
    device.with_open(|open: &mut Open| {
        let record = found(open, args.id, &Kind::Inspection)?;
        let (store, today) = (open.store(), today(open.now()));
        let inspection = Inspection::from(&record);
        let mut places = Places::new(store);
        let (title, address) = match inspection.subject {
            Some(subject) => place_of(&mut places, subject)?,
            None => Default::default(),
        };
        let mut lines = Vec::new();
        let mut looked_at = Vec::new();
        for each in store.of_parent(&Kind::Recheck, record.id)? {
            let recheck = Recheck::from(&each);
            looked_at.push((each.id, recheck.clone()));
            let (photos, sent) = (photos_of(store, each.id)?, store.is_sent(each.id)?);
            lines.push(RecheckLine { id: each.id, recheck, photos, sent });
        }
        Ok(InspectionPage {
            id: record.id,
            cell: record.cell.clone(),
            title,
            address,
            checklist: open.lists().checklist(&inspection.checklist).cloned(),
            inspection,
            hazards: hazard_lines(&mut places, &record, &looked_at, today)?,
            rechecks: lines,
            photos: photos_of(store, record.id)?,
            review: review_info(store, &record)?,
            proposed_due: proposed(open),
            sent: store.is_sent(record.id)?,
        })
    })
}

/// The hazard of that name, with its inspection and where it stands.
fn hazard(open: &Open, inspection: RecordId, item: &str) -> Result<(Record, Hazard, HazardStanding), Failure> {
    let record = found(open, inspection, &Kind::Inspection)?;
    let hazard = Inspection::from(&record).hazards.into_iter().find(|hazard| hazard.item == item);
    let hazard = hazard.ok_or_else(|| Failure::problem("item", ProblemCode::UnknownCode))?;
    let rechecks: Vec<(RecordId, Recheck)> = (open.store().of_parent(&Kind::Recheck, inspection)?.iter())
        .map(|record| (record.id, Recheck::from(record)))
        .collect();
    let standing = standing(&hazard, &rechecks, today(open.now()));
    Ok((record, hazard, standing))
}

pub(super) fn recheck(device: &Device, args: RecheckArgs) -> Result<Saved, Failure> {
    device.with_open(|open: &mut Open| {
        hazard(open, args.inspection, &args.item)?;
        if !matches!(args.result.as_str(), "fixed" | "not_fixed") {
            return Err(Failure::problem("result", ProblemCode::UnknownCode));
        }
        let due = args.due.filter(|_| args.result == "not_fixed");
        let values = [
            ("inspection", Some(json!(args.inspection))),
            ("item", Some(json!(args.item))),
            ("result", Some(json!(args.result))),
            ("due", due.map(|due| json!(due))),
            ("note", args.note.map(|note| json!(note))),
        ];
        let fields = values.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?))).collect();
        Ok(Saved { id: append(open, &Kind::Recheck, fields)?, warnings: Vec::new() })
    })
}

/// Makes an incident of a hazard that was not put right. Asked once more it answers the same incident: the re-check that names it is
/// stored with it or neither is, for without that nobody could tell that it was reported.
pub(super) fn report_hazard(device: &Device, args: OfHazard) -> Result<Saved, Failure> {
    device.with_open(|open: &mut Open| {
        let (record, hazard, standing) = hazard(open, args.inspection, &args.item)?;
        if let Some(id) = standing.incident {
            return Ok(Saved { id, warnings: Vec::new() });
        }
        let fields = incident_of(open, &record, &hazard)?;
        let (incident, warnings) = to_create(open, &Kind::Incident, &record.cell, fields)?;
        let used = incident.fields.get("category").and_then(Value::as_str).map(str::to_owned);
        let id = incident.id;
        let recheck = Fields::from([
            ("inspection".to_owned(), json!(args.inspection)),
            ("item".to_owned(), json!(args.item)),
            ("result".to_owned(), json!("reported")),
            ("incident".to_owned(), json!(id)),
        ]);
        let recheck = appended(open, &Kind::Recheck, recheck, std::slice::from_ref(&incident))?;
        open.create_and_write(vec![incident, recheck], Vec::new())?;
        category::used(open, used.as_deref());
        Ok(Saved { id, warnings })
    })
}

/// What the inspection knows already, in the words of the field: nobody types it twice.
fn incident_of(open: &Open, record: &Record, hazard: &Hazard) -> Result<Fields, DeviceError> {
    let inspection = Inspection::from(record);
    let mut places = Places::new(open.store());
    let (title, address) = match inspection.subject {
        Some(subject) => place_of(&mut places, subject)?,
        None => Default::default(),
    };
    let checklist = open.lists().checklist(&inspection.checklist);
    let category = checklist.map(|checklist| checklist.category_of(&hazard.item).to_owned());
    let found_on = today(inspection.at);
    let due = hazard.due.as_deref().map(|due| format!("，要求 {due} 前整改")).unwrap_or_default();
    let text = format!("{found_on} 排查发现：{}{due}，到期未整改。", hazard.text);
    let line: String = format!("{title}：{}", hazard.text).chars().take(100).collect();
    let mut fields = Fields::from([
        ("category".to_owned(), json!(category)),
        ("severity".to_owned(), json!(hazard.severity)),
        ("title".to_owned(), json!(line)),
        ("text".to_owned(), json!(text)),
        ("source".to_owned(), json!("patrol")),
    ]);
    let subject = inspection.subject.map(|subject| places.record(subject)).transpose()?.flatten().cloned();
    match subject.as_ref().map(|record| &record.kind) {
        Some(Kind::Household) => {
            fields.insert("household".to_owned(), json!(inspection.subject));
            fields.extend(subject.and_then(|record| record.reference("dwelling")).map(at_door));
        }
        Some(Kind::Dwelling) => fields.extend(inspection.subject.map(at_door)),
        Some(Kind::Premises) => fields.extend(subject.and_then(|record| record.reference("dwelling")).map(at_door)),
        _ => {
            let place = if address.is_empty() { title } else { address };
            fields.insert("place".to_owned(), json!(place));
        }
    }
    Ok(fields)
}

fn at_door(dwelling: RecordId) -> (String, Value) {
    ("dwelling".to_owned(), json!(dwelling))
}

pub(super) fn inspection_notice(device: &Device, args: OfRecord) -> Result<Pdf, Failure> {
    let page = inspection(device, args)?;
    device.with_open(|open: &mut Open| {
        let village = super::session::village_of(open, &page.cell)?;
        let setting = forms::Setting { today: today(open.now()), village, demo: open.account().demo };
        let severities = &open.lists().severities;
        Ok(Pdf(paper::pdf(&forms::notice(&setting, &page, severities))))
    })
}
