//! Search over everything that has a name, a number or a door.

use domain::RecordId;
use serde::{Deserialize, Serialize};
use ts_rs::TS;

use super::Failure;
use crate::{Device, Open};

/// Looks for something.
#[derive(Debug, Deserialize, TS)]
#[serde(deny_unknown_fields)]
#[ts(export, optional_fields = nullable)]
pub struct SearchArgs {
    /// A name, its pinyin or initials, the end of a telephone number (three digits or more), a room, a building, a shop, an incident's title.
    pub text: String,
    /// At most this many; 30 when left out, 200 at most.
    pub limit: Option<u32>,
}

/// What was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, TS)]
#[serde(rename_all = "snake_case")]
#[ts(export)]
pub enum HitKind {
    /// A resident.
    Person,
    /// A household, by its room or head.
    Household,
    /// A building or village group.
    Building,
    /// A small premises, by its name.
    Premises,
    /// An incident, by its title or number.
    Incident,
}

/// Why it was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, TS)]
#[serde(rename_all = "snake_case")]
#[ts(export)]
pub enum Matched {
    /// The name as written.
    Name,
    /// The name's pinyin, whole or initials, in any reading.
    Pinyin,
    /// The end of a telephone number.
    Phone,
    /// The room or house number.
    Room,
    /// The building's name.
    Building,
}

/// Something that was found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, TS)]
#[ts(export)]
pub struct SearchHit {
    /// What it is.
    pub kind: HitKind,
    /// Its id; of a village group `group:<cell>:<group>`.
    pub id: String,
    /// The household, of a person or household.
    pub household_id: Option<RecordId>,
    /// Name.
    pub title: String,
    /// Address.
    pub subtitle: String,
    /// Why.
    pub matched: Matched,
    /// Telephone, masked.
    pub phone_masked: Option<String>,
}

const HITS_USUAL: u32 = 30;
const HITS_MAX: u32 = 200;

pub(super) fn search(device: &Device, args: SearchArgs) -> Result<Vec<SearchHit>, Failure> {
    let limit = args.limit.unwrap_or(HITS_USUAL).min(HITS_MAX);
    device.with_open(|open: &mut Open| Ok(crate::search::search(open, &args.text, limit as usize)?))
}
