//! 租住: a dwelling that is let: whom to ring, how many live there, until when.

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use ts_rs::TS;

use crate::ids::RecordId;
use crate::kinds::text;
use crate::record::Record;
use crate::spec::{FieldSpec, FieldType, optional, required};

/// The fields of a tenancy.
pub const FIELDS: &[FieldSpec] = &[
    required("dwelling", FieldType::Ref),
    optional("landlord_name", FieldType::Name),
    optional("landlord_phone", FieldType::Phone),
    optional("tenants", FieldType::Int { min: 0, max: 99 }),
    optional("starts_on", FieldType::Date),
    optional("ends_on", FieldType::Date),
    optional("safety_checked_on", FieldType::PastDate),
];

/// A tenancy, read.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct Tenancy {
    /// Behind which door.
    #[ts(type = "string | null")]
    pub dwelling: Option<RecordId>,
    /// Whose the dwelling is.
    pub landlord_name: Option<String>,
    /// Their telephone.
    pub landlord_phone: Option<String>,
    /// How many live there.
    pub tenants: Option<i64>,
    /// First day, `YYYY-MM-DD`.
    pub starts_on: Option<String>,
    /// Last day, `YYYY-MM-DD`.
    pub ends_on: Option<String>,
    /// When somebody last looked after gas, wires and exits.
    pub safety_checked_on: Option<String>,
}

impl From<&Record> for Tenancy {
    fn from(record: &Record) -> Self {
        Self {
            dwelling: record.reference("dwelling"),
            landlord_name: text(record, "landlord_name"),
            landlord_phone: text(record, "landlord_phone"),
            tenants: record.int("tenants"),
            starts_on: text(record, "starts_on"),
            ends_on: text(record, "ends_on"),
            safety_checked_on: text(record, "safety_checked_on"),
        }
    }
}

/// Where a tenancy stands on a day.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, TS)]
#[serde(rename_all = "snake_case")]
#[ts(export)]
pub enum TenancyStanding {
    /// Somebody rents it.
    Standing,
    /// It begins later.
    Ahead,
    /// It is over.
    Ended,
}

impl Tenancy {
    /// Where it stands on a day, both its days included.
    pub fn standing(&self, day: NaiveDate) -> TenancyStanding {
        let day = day.to_string();
        // Days are written so that they sort as texts.
        if self.ends_on.as_ref().is_some_and(|ends| *ends < day) {
            TenancyStanding::Ended
        } else if self.starts_on.as_ref().is_some_and(|starts| *starts > day) {
            TenancyStanding::Ahead
        } else {
            TenancyStanding::Standing
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tenancy_stands_from_its_first_day_to_its_last() {
        let tenancy =
            Tenancy { starts_on: Some("2026-03-01".into()), ends_on: Some("2026-03-31".into()), ..Tenancy::default() };
        let on = |day: &str| tenancy.standing(day.parse().unwrap());
        assert_eq!(on("2026-02-28"), TenancyStanding::Ahead);
        assert_eq!((on("2026-03-01"), on("2026-03-31")), (TenancyStanding::Standing, TenancyStanding::Standing));
        assert_eq!(on("2026-04-01"), TenancyStanding::Ended);
        assert_eq!(Tenancy::default().standing("2026-01-01".parse().unwrap()), TenancyStanding::Standing);
    }
}
