//! 房屋: one door.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

use crate::address::{AddressParts, address_key};
use crate::codes::CodeList;
use crate::ids::RecordId;
use crate::kinds::text;
use crate::record::Record;
use crate::spec::{FieldSpec, FieldType, optional, required};

/// The fields of a dwelling. Unit and room in town, group and house number in a village: at least one of room and house number.
pub const FIELDS: &[FieldSpec] = &[
    optional("building", FieldType::Ref),
    optional("unit", FieldType::Text { max: 20 }),
    optional("floor", FieldType::Int { min: -5, max: 200 }),
    optional("room", FieldType::Text { max: 20 }),
    optional("street", FieldType::Text { max: 60 }),
    optional("group", FieldType::Text { max: 20 }),
    optional("house_number", FieldType::Text { max: 20 }),
    required("use", FieldType::Code { list: CodeList::DwellingUse }),
    optional("merged_into", FieldType::Ref),
    optional("merged_before", FieldType::Values),
];

/// A dwelling, read.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct Dwelling {
    /// The building, in town.
    #[ts(type = "string | null")]
    pub building: Option<RecordId>,
    /// Stairwell (单元).
    pub unit: Option<String>,
    /// Storey.
    pub floor: Option<i64>,
    /// Room (室).
    pub room: Option<String>,
    /// Street or natural village.
    pub street: Option<String>,
    /// Group (组), in a village.
    pub group: Option<String>,
    /// House number, in a village.
    pub house_number: Option<String>,
    /// Code of use: own, let, vacant, shop.
    #[serde(rename = "use")]
    pub usage: Option<String>,
}

impl From<&Record> for Dwelling {
    fn from(record: &Record) -> Self {
        Self {
            building: record.reference("building"),
            unit: text(record, "unit"),
            floor: record.int("floor"),
            room: text(record, "room"),
            street: text(record, "street"),
            group: text(record, "group"),
            house_number: text(record, "house_number"),
            usage: text(record, "use"),
        }
    }
}

impl Dwelling {
    /// The key by which two entries are known to be one door, within the village. Derived, never stored as a field.
    pub fn address_key(&self, building_name: &str) -> String {
        address_key(AddressParts {
            street: self.street.as_deref().unwrap_or_default(),
            building: building_name,
            unit: self.unit.as_deref().unwrap_or_default(),
            room: self.room.as_deref().unwrap_or_default(),
            group: self.group.as_deref().unwrap_or_default(),
            house_number: self.house_number.as_deref().unwrap_or_default(),
        })
    }

    /// The address as people write it: `3号楼 2单元 501室`, or `二组 18号`.
    pub fn address(&self, building_name: &str) -> String {
        let ending = |text: &Option<String>, word: &str| {
            text.as_ref().map(|t| if t.ends_with(word) { t.clone() } else { format!("{t}{word}") })
        };
        let parts = [
            self.street.clone(),
            Some(building_name.to_owned()).filter(|name| !name.is_empty()),
            ending(&self.unit, "单元"),
            ending(&self.room, "室"),
            ending(&self.group, "组"),
            ending(&self.house_number, "号"),
        ];
        parts.into_iter().flatten().collect::<Vec<_>>().join(" ")
    }
}
