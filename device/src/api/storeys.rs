//! A whole building at once: its doors by storeys and doors on a storey. What is there already stays as it is.

use std::collections::BTreeSet;

use domain::kinds::dwelling::Dwelling;
use domain::storeys::{DOORS_AT_ONCE_MAX, Layout, NewDoor};
use domain::{Fields, Kind, Problem, ProblemCode, RecordId};
use serde::{Deserialize, Serialize};
use serde_json::json;
use ts_rs::TS;

use super::{Failure, found};
use crate::read::Register;
use crate::{Device, Open};

/// How the building is laid out, and what its doors are used for.
#[derive(Debug, Deserialize, TS)]
#[serde(deny_unknown_fields)]
#[ts(export)]
pub struct AddDoorsArgs {
    /// The building.
    pub building: RecordId,
    /// Units.
    pub units: u16,
    /// Storeys.
    pub floors: u16,
    /// Doors on each storey of a unit.
    pub doors: u16,
    /// Code of the use that is usual there.
    #[serde(rename = "use")]
    pub usage: String,
}

/// What came of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, TS)]
#[ts(export)]
pub struct AddedDoors {
    /// Doors that are new.
    pub added: usize,
    /// Doors that were there already.
    pub there: usize,
}

/// Adds the doors that are not there yet: all of them, or none.
pub(super) fn add_doors(device: &Device, args: AddDoorsArgs) -> Result<AddedDoors, Failure> {
    let layout = Layout { units: args.units, floors: args.floors, doors: args.doors };
    let sizes = [("units", args.units, 99), ("floors", args.floors, 200), ("doors", args.doors, 99)];
    let wrong = |(field, value, most): (&str, u16, i64)| match i64::from(value) {
        0 => Some(Problem::with_limit(field, ProblemCode::TooSmall, 1)),
        value if value > most => Some(Problem::with_limit(field, ProblemCode::TooLarge, most)),
        _ => None,
    };
    let mut problems: Vec<Problem> = sizes.into_iter().filter_map(wrong).collect();
    if problems.is_empty() && layout.count() > DOORS_AT_ONCE_MAX {
        problems.push(Problem::with_limit("doors", ProblemCode::TooLarge, DOORS_AT_ONCE_MAX as i64));
    }
    if !problems.is_empty() {
        return Err(Failure::invalid(problems));
    }
    device.with_open(|open: &mut Open| {
        let building = found(open, args.building, &Kind::Building)?;
        let name = building.text("name").unwrap_or_default().to_owned();
        let register = Register::whole(open)?;
        let village = building.cell.village();
        let dwellings = register.dwellings.values().filter(|door| door.cell.village() == village);
        let there: BTreeSet<String> =
            dwellings.map(|door| door.dwelling.address_key(register.building_name(&door.dwelling))).collect();
        let is_new = |door: &NewDoor| {
            let dwelling =
                Dwelling { unit: Some(door.unit.clone()), room: Some(door.room.clone()), ..Dwelling::default() };
            !there.contains(&dwelling.address_key(&name))
        };
        let fields = |door: NewDoor| -> Fields {
            [
                ("building".to_owned(), json!(args.building)),
                ("unit".to_owned(), json!(door.unit)),
                ("floor".to_owned(), json!(door.floor)),
                ("room".to_owned(), json!(door.room)),
                ("use".to_owned(), json!(args.usage)),
            ]
            .into()
        };
        let new: Vec<NewDoor> = layout.all().into_iter().filter(is_new).collect();
        let added = new.len();
        let records = new.into_iter().map(|door| (building.cell.clone(), fields(door))).collect();
        open.create_several(&Kind::Dwelling, records)?;
        Ok(AddedDoors { added, there: layout.count() - added })
    })
}
