//! A door: who lives behind it, to whom it is let, what is sold there.

use domain::kinds::dwelling::Dwelling;
use domain::kinds::tenancy::{Tenancy, TenancyStanding};
use domain::validate::today;
use domain::{CellCode, Fields, Kind, Record, RecordId};
use serde::Serialize;
use serde_json::json;
use ts_rs::TS;

use super::conflict::ConflictLine;
use super::merging::{MergedLine, merged_lines};
use super::premises::{PremisesLine, premises_lines};
use super::record::{OfRecord, Saved};
use super::review::ReviewInfo;
use super::{Failure, conflict, found};
use crate::read::{Places, Register, natural, review_info};
use crate::{Device, DeviceError, Open};

/// A household in a list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, TS)]
#[ts(export)]
pub struct HomeLine {
    /// The household.
    pub id: RecordId,
    /// The householder.
    pub head_name: Option<String>,
    /// Residents living there.
    pub people: i64,
    /// When somebody was last met.
    pub last_met: Option<i64>,
}

/// A tenancy in a list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, TS)]
#[ts(export)]
pub struct TenancyLine {
    /// Its record.
    pub id: RecordId,
    /// Its fields.
    pub tenancy: Tenancy,
    /// Where it stands today.
    pub standing: TenancyStanding,
}

/// A door with everything behind it.
#[derive(Debug, Clone, Serialize, TS)]
#[ts(export)]
pub struct DwellingPage {
    /// Its record.
    pub id: RecordId,
    /// Its cell.
    pub cell: CellCode,
    /// Its fields.
    pub dwelling: Dwelling,
    /// Written out.
    pub address: String,
    /// The board on which it stands.
    pub board: String,
    /// Who lives there.
    pub households: Vec<HomeLine>,
    /// To whom it is and was let: those that stand first, then the latest.
    pub tenancies: Vec<TenancyLine>,
    /// Small premises there, closed ones last.
    pub premises: Vec<PremisesLine>,
    /// Entries that gave way to this one.
    pub merged: Vec<MergedLine>,
    /// Where it stands with the supervisor.
    pub review: ReviewInfo,
    /// Fields that two people changed without knowing of each other.
    pub conflicts: Vec<ConflictLine>,
    /// Nothing of it is unsent.
    pub sent: bool,
}

/// A tenancy.
#[derive(Debug, Clone, Serialize, TS)]
#[ts(export)]
pub struct TenancyPage {
    /// The tenancy, and where it stands.
    pub line: TenancyLine,
    /// Its cell.
    pub cell: CellCode,
    /// Behind which door.
    pub dwelling_id: Option<RecordId>,
    /// Written out.
    pub address: String,
    /// The landlord's telephone, hidden but for the ends.
    pub phone_masked: Option<String>,
    /// Safety was checked today.
    pub checked_today: bool,
    /// Where it stands with the supervisor.
    pub review: ReviewInfo,
    /// Fields that two people changed without knowing of each other.
    pub conflicts: Vec<ConflictLine>,
    /// Nothing of it is unsent.
    pub sent: bool,
}

/// A door that was found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, TS)]
#[ts(export)]
pub struct RoomLine {
    /// The dwelling.
    pub id: RecordId,
    /// Its cell.
    pub cell: CellCode,
    /// Written out.
    pub address: String,
    /// Code of its use.
    #[serde(rename = "use")]
    pub usage: Option<String>,
    /// Who lives there: the householders, or nobody.
    pub heads: Vec<String>,
}

/// Looks for a door.
#[derive(Debug, serde::Deserialize, TS)]
#[serde(deny_unknown_fields)]
#[ts(export)]
pub struct RoomsArgs {
    /// A building, a unit and room, a house number, as one writes them.
    pub text: String,
}

/// At most so many doors are offered at once.
const ROOMS_MAX: usize = 60;

pub(super) fn rooms(device: &Device, args: RoomsArgs) -> Result<Vec<RoomLine>, Failure> {
    device.with_open(|open: &mut Open| {
        let found = crate::search::find_dwellings(open, &args.text, ROOMS_MAX)?;
        let register = Register::whole(open)?;
        let line = |id: RecordId| {
            let facts = register.dwellings.get(&id)?;
            let heads = register.behind(id).map(|home| register.head_name(home).unwrap_or_default()).collect();
            let usage = facts.dwelling.usage.clone();
            Some(RoomLine { id, cell: facts.cell.clone(), address: register.address(id), usage, heads })
        };
        Ok(found.into_iter().filter_map(line).collect())
    })
}

pub(super) fn dwelling(device: &Device, args: OfRecord) -> Result<DwellingPage, Failure> {
    device.with_open(|open: &mut Open| {
        let record = found(open, args.id, &Kind::Dwelling)?;
        let register = Register::whole(open)?;
        let dwelling = Dwelling::from(&record);
        let mut households: Vec<HomeLine> = register
            .behind(record.id)
            .map(|home| HomeLine {
                id: home.id,
                head_name: register.head_name(home),
                people: home.people,
                last_met: home.history.last_met,
            })
            .collect();
        // Where people live first; an empty household is one that moved or was entered by mistake.
        households.sort_by_cached_key(|home| (home.people == 0, home.head_name.as_deref().map(natural), home.id));
        let store = open.store();
        let board = register.dwellings.get(&record.id).map(|facts| super::building::board_of(&register, facts).0);
        Ok(DwellingPage {
            id: record.id,
            cell: record.cell.clone(),
            address: Places::new(store).address(record.id)?,
            board: board.unwrap_or_default(),
            households,
            tenancies: tenancies(open, record.id)?,
            premises: premises_lines(open, record.id)?,
            merged: merged_lines(open, record.id)?,
            review: review_info(store, &record)?,
            conflicts: conflict::lines(open, &record)?,
            sent: store.is_sent(record.id)?,
            dwelling,
        })
    })
}

/// The tenancies of a dwelling: those that stand, those to come, those that are over, in each the latest first.
fn tenancies(open: &Open, dwelling: RecordId) -> Result<Vec<TenancyLine>, DeviceError> {
    let records = open.store().of_parent(&Kind::Tenancy, dwelling)?;
    let mut lines: Vec<TenancyLine> = records.iter().map(|record| tenancy_line(open, record)).collect();
    lines.sort_by(|one, other| {
        let latest = |line: &TenancyLine| std::cmp::Reverse((line.tenancy.starts_on.clone(), line.id));
        (one.standing, latest(one)).cmp(&(other.standing, latest(other)))
    });
    Ok(lines)
}

fn tenancy_line(open: &Open, record: &Record) -> TenancyLine {
    let tenancy = Tenancy::from(record);
    TenancyLine { id: record.id, standing: tenancy.standing(today(open.now())), tenancy }
}

pub(super) fn tenancy(device: &Device, args: OfRecord) -> Result<TenancyPage, Failure> {
    device.with_open(|open: &mut Open| {
        let record = found(open, args.id, &Kind::Tenancy)?;
        let (store, line) = (open.store(), tenancy_line(open, &record));
        let door = line.tenancy.dwelling.map(|door| store.survivor(door)).transpose()?;
        Ok(TenancyPage {
            cell: record.cell.clone(),
            dwelling_id: door,
            address: door.map(|door| Places::new(store).address(door)).transpose()?.unwrap_or_default(),
            phone_masked: line.tenancy.landlord_phone.as_deref().map(domain::mask::phone),
            checked_today: line.tenancy.safety_checked_on == Some(today(open.now()).to_string()),
            review: review_info(store, &record)?,
            conflicts: conflict::lines(open, &record)?,
            sent: store.is_sent(record.id)?,
            line,
        })
    })
}

/// Safety was checked today. A second tap changes nothing.
pub(super) fn check_safety(device: &Device, args: OfRecord) -> Result<Saved, Failure> {
    device.with_open(|open: &mut Open| {
        let record = found(open, args.id, &Kind::Tenancy)?;
        let fields = Fields::from([("safety_checked_on".to_owned(), json!(today(open.now()).to_string()))]);
        open.write(&Kind::Tenancy, Some(record.id), None, fields)?;
        Ok(Saved { id: record.id, warnings: Vec::new() })
    })
}
