//! Notices and warnings (通知公告、预警): what residents are to hear, and which households were told.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use domain::kinds::notice::Notice;
use domain::validate::today;
use domain::{CellCode, Fields, Kind, ProblemCode, Record, RecordId};
use serde::{Deserialize, Serialize};
use serde_json::json;
use ts_rs::TS;

use super::building::{board_of, plain_unit};
use super::record::OfRecord;
use super::several::SavedSeveral;
use super::{Failure, Nothing, found};
use crate::read::{DwellingFacts, HouseholdFacts, Piece, Register, natural, plain_building};
use crate::{Device, DeviceError, Open};

/// A notice in a list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, TS)]
#[ts(export)]
pub struct NoticeLine {
    /// The notice.
    pub id: RecordId,
    /// In one line.
    pub title: String,
    /// How it begins.
    pub summary: String,
    /// Code of the kind.
    pub notice_kind: Option<String>,
    /// Code of a warning's level.
    pub level: Option<String>,
    /// When it was published.
    pub at: i64,
    /// Last day on which it counts.
    pub valid_until: Option<String>,
    /// It still counts.
    pub stands: bool,
    /// Households told.
    pub told: i64,
    /// Households of the cell in which somebody lives.
    pub households: i64,
}

/// A door on a notice's list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, TS)]
#[ts(export)]
pub struct ToldDoor {
    /// The household.
    pub household_id: RecordId,
    /// Room or house number.
    pub label: String,
    /// The householder.
    pub head_name: Option<String>,
    /// When they were told.
    pub told_at: Option<i64>,
    /// The mark that can still be taken back without a trace.
    pub take_back: Option<RecordId>,
}

/// A stairwell on a notice's list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, TS)]
#[ts(export)]
pub struct ToldUnit {
    /// Its number; empty where there are none.
    pub unit: String,
    /// Its doors, in the order of their numbers.
    pub doors: Vec<ToldDoor>,
}

/// A building or village group on a notice's list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, TS)]
#[ts(export)]
pub struct ToldBuilding {
    /// The building's id, or `group:<cell>:<group>`.
    pub id: String,
    /// As written on the wall; empty for dwellings of no group.
    pub name: String,
    /// Households told.
    pub told: i64,
    /// Its stairwells.
    pub units: Vec<ToldUnit>,
}

/// A notice with the doors of its cell.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, TS)]
#[ts(export)]
pub struct NoticePage {
    /// Its line.
    pub line: NoticeLine,
    /// In full.
    pub text: String,
    /// Who published it: an account.
    pub by: Option<String>,
    /// Where people live, in the order of the doors.
    pub buildings: Vec<ToldBuilding>,
}

/// Marks households as told.
#[derive(Debug, Deserialize, TS)]
#[serde(deny_unknown_fields)]
#[ts(export, optional_fields = nullable)]
pub struct TellNoticeArgs {
    /// Of what.
    pub notice: RecordId,
    /// Who.
    pub households: Vec<RecordId>,
    /// Code of the way; at the door when left out.
    pub way: Option<String>,
}

/// Notices of the last so many milliseconds are listed: a year.
const SHOWN: i64 = 366 * 24 * 60 * 60 * 1000;
/// How much of the text a line shows.
const SUMMARY_CHARS: usize = 100;

/// The notices: those that count first, the latest on top.
pub(super) fn notices(device: &Device, _: Nothing) -> Result<Vec<NoticeLine>, Failure> {
    device.with_open(|open: &mut Open| {
        let since = open.now() - SHOWN;
        let records =
            open.store().records("kind = 'notice' AND deleted = 0 AND at >= ?1 ORDER BY at DESC, id DESC", [since])?;
        let mut lines = lines(open, &records)?;
        lines.sort_by_key(|line| !line.stands);
        Ok(lines)
    })
}

/// The warnings that count today, the most urgent first.
pub(super) fn warnings(open: &mut Open) -> Result<Vec<NoticeLine>, DeviceError> {
    let sql = "kind = 'notice' AND deleted = 0 AND at >= ?1 AND body ->> '$.fields.notice_kind' = 'warning'
        ORDER BY at DESC, id DESC";
    let (since, day) = (open.now() - SHOWN, today(open.now()));
    let mut records = open.store().records(sql, [since])?;
    records.retain(|record| Notice::from(record).stands(day));
    records.sort_by_key(|record| std::cmp::Reverse(Notice::from(record).urgency()));
    lines(open, &records)
}

fn lines(open: &mut Open, records: &[Record]) -> Result<Vec<NoticeLine>, DeviceError> {
    if records.is_empty() {
        return Ok(Vec::new());
    }
    let register = Register::whole(open)?;
    let mut lived_in: HashMap<&CellCode, BTreeSet<RecordId>> = HashMap::new();
    for (dwelling, household) in homes(&register) {
        lived_in.entry(&dwelling.cell).or_default().insert(household.id);
    }
    let none = BTreeSet::new();
    let mut found = Vec::with_capacity(records.len());
    for record in records {
        let households = lived_in.get(&record.cell).unwrap_or(&none);
        let told = told(open, record.id)?.into_keys().filter(|household| households.contains(household)).count();
        found.push(line(open, record, (told, households.len())));
    }
    Ok(found)
}

fn line(open: &Open, record: &Record, (told, households): (usize, usize)) -> NoticeLine {
    let notice = Notice::from(record);
    let count = |things: usize| i64::try_from(things).unwrap_or(i64::MAX);
    NoticeLine {
        id: record.id,
        stands: notice.stands(today(open.now())),
        summary: notice.text.chars().take(SUMMARY_CHARS).collect(),
        title: notice.title,
        notice_kind: notice.notice_kind,
        level: notice.level,
        at: notice.at,
        valid_until: notice.valid_until,
        told: count(told),
        households: count(households),
    }
}

/// The households in which somebody lives, with their doors.
fn homes(register: &Register) -> impl Iterator<Item = (&DwellingFacts, &HouseholdFacts)> {
    register.households.values().filter(|household| household.people > 0).filter_map(|household| {
        let dwelling = register.dwellings.get(&household.dwelling?)?;
        Some((dwelling, household))
    })
}

/// When each household was told first, by which mark, and whether the mark is known to nobody else.
fn told(open: &Open, notice: RecordId) -> Result<HashMap<RecordId, Told>, DeviceError> {
    const SQL: &str = "SELECT body ->> '$.fields.household', id, at, offered = 0 AND id IN (SELECT id FROM unsent WHERE offered = 0) FROM record
        WHERE parent = ?1 AND kind = 'notice_ack' AND deleted = 0 ORDER BY at, id";
    let mut statement = open.store().connection().prepare_cached(SQL)?;
    let mut rows = statement.query([notice.to_string()])?;
    let same = open.store().same()?;
    let mut found = HashMap::new();
    while let Some(row) = rows.next()? {
        let (household, mark): (Option<String>, String) = (row.get(0)?, row.get(1)?);
        let Some((household, mark)) = household.and_then(|id| id.parse().ok()).zip(mark.parse().ok()) else { continue };
        found.entry(same.survivor(household)).or_insert(Told { mark, at: row.get(2)?, only_here: row.get(3)? });
    }
    Ok(found)
}

struct Told {
    mark: RecordId,
    at: Option<i64>,
    only_here: bool,
}

/// Where a door stands on the list: building, stairwell and number, as people read them.
type Place = (bool, Vec<Piece>, String);

/// A stairwell's place in its building, and how it is written.
type UnitOrder = (Vec<Piece>, String);

/// The doors of a stairwell, each with its place.
type Doors = Vec<(Vec<Piece>, ToldDoor)>;

/// The stairwells of a building.
type Stairwells = BTreeMap<UnitOrder, Doors>;

pub(super) fn notice(device: &Device, args: OfRecord) -> Result<NoticePage, Failure> {
    device.with_open(|open: &mut Open| {
        let record = found(open, args.id, &Kind::Notice)?;
        let register = Register::whole(open)?;
        let told = told(open, record.id)?;
        let mut board: BTreeMap<Place, Stairwells> = BTreeMap::new();
        let mut names = HashMap::new();
        let (mut households, mut heard) = (0, 0);
        for (dwelling, household) in homes(&register).filter(|(dwelling, _)| dwelling.cell == record.cell) {
            let (id, name) = board_of(&register, dwelling);
            let unit = plain_unit(&dwelling.dwelling);
            let label = dwelling.dwelling.room.as_ref().or(dwelling.dwelling.house_number.as_ref());
            let label = label.cloned().unwrap_or_default();
            let mark = told.get(&household.id);
            households += 1;
            heard += usize::from(mark.is_some());
            let door = ToldDoor {
                household_id: household.id,
                head_name: register.head_name(household),
                told_at: mark.map(|mark| mark.at.unwrap_or_default()),
                take_back: mark.filter(|mark| mark.only_here).map(|mark| mark.mark),
                label,
            };
            let place = (id.starts_with("group:"), natural(&plain_building(&name)), id.clone());
            names.insert(id, name);
            let unit = board.entry(place).or_default().entry((natural(&unit), unit)).or_default();
            unit.push((natural(&door.label), door));
        }
        let buildings = board.into_iter().map(|((_, _, id), units)| told_building(id, &mut names, units)).collect();
        let notice = Notice::from(&record);
        Ok(NoticePage { line: line(open, &record, (heard, households)), text: notice.text, by: notice.by, buildings })
    })
}

fn told_building(id: String, names: &mut HashMap<String, String>, units: Stairwells) -> ToldBuilding {
    let unit = |((_, unit), mut doors): (UnitOrder, Doors)| {
        doors.sort_by(|(one, a), (other, b)| one.cmp(other).then_with(|| a.household_id.cmp(&b.household_id)));
        ToldUnit { unit, doors: doors.into_iter().map(|(_, door)| door).collect() }
    };
    let units: Vec<ToldUnit> = units.into_iter().map(unit).collect();
    let told = units.iter().flat_map(|unit| &unit.doors).filter(|door| door.told_at.is_some()).count();
    ToldBuilding {
        name: names.remove(&id).unwrap_or_default(),
        told: i64::try_from(told).unwrap_or(i64::MAX),
        id,
        units,
    }
}

/// Marks the households that were not told yet; the others are left as they are, so that a second tap does nothing.
pub(super) fn tell_notice(device: &Device, args: TellNoticeArgs) -> Result<SavedSeveral, Failure> {
    device.with_open(|open: &mut Open| {
        let notice = found(open, args.notice, &Kind::Notice)?;
        let told = told(open, notice.id)?;
        let wanted: BTreeSet<RecordId> = args.households.into_iter().filter(|id| !told.contains_key(id)).collect();
        let (at, by) = (open.now(), open.account().account.clone());
        let way = args.way.unwrap_or_else(|| "door".to_owned());
        let mut records = Vec::with_capacity(wanted.len());
        for household in wanted {
            let record =
                open.store().get(household)?.filter(|record| record.kind == Kind::Household && !record.is_deleted());
            let record = record.ok_or_else(|| Failure::problem("household", ProblemCode::MissingTarget))?;
            let fields = Fields::from([
                ("notice".to_owned(), json!(notice.id)),
                ("household".to_owned(), json!(household)),
                ("at".to_owned(), json!(at)),
                ("by".to_owned(), json!(by)),
                ("way".to_owned(), json!(way)),
            ]);
            records.push((record.cell, fields));
        }
        Ok(SavedSeveral { ids: open.create_several(&Kind::NoticeAck, records)? })
    })
}
