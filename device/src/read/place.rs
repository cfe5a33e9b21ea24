//! What things are called and where they are, for the lines of short lists. Every record is looked up once.

use std::collections::HashMap;

use domain::kinds::dwelling::Dwelling;
use domain::record::Fields;
use domain::{Kind, Record, RecordId};

use crate::DeviceError;
use crate::store::Store;

/// Looks records up and remembers them.
pub(crate) struct Places<'a> {
    store: &'a Store,
    known: HashMap<RecordId, Option<Record>>,
}

impl<'a> Places<'a> {
    pub(crate) fn new(store: &'a Store) -> Self {
        Self { store, known: HashMap::new() }
    }

    /// A record, also one that was taken out of the register; of an entry that gave way, the one that stands for it.
    pub(crate) fn record(&mut self, id: RecordId) -> Result<Option<&Record>, DeviceError> {
        if !self.known.contains_key(&id) {
            let record = self.store.standing(id)?;
            self.known.insert(id, record);
        }
        Ok(self.known.get(&id).and_then(Option::as_ref))
    }

    fn reference(&mut self, id: RecordId, field: &str) -> Result<Option<RecordId>, DeviceError> {
        Ok(self.record(id)?.and_then(|record| record.reference(field)))
    }

    fn text(&mut self, id: RecordId, field: &str) -> Result<Option<String>, DeviceError> {
        let text = self.record(id)?.and_then(|record| record.text(field));
        Ok(text.filter(|text| !text.is_empty()).map(str::to_owned))
    }

    /// The address of a dwelling and of whatever lives in one, written out; empty where there is none.
    pub(crate) fn address(&mut self, id: RecordId) -> Result<String, DeviceError> {
        let Some(record) = self.record(id)? else { return Ok(String::new()) };
        match record.kind {
            Kind::Person => self.address_through(id, "household"),
            Kind::Household => self.address_through(id, "dwelling"),
            Kind::Dwelling => {
                let dwelling = Dwelling::from(record);
                let building = match dwelling.building {
                    Some(building) => self.text(building, "name")?.unwrap_or_default(),
                    None => String::new(),
                };
                Ok(dwelling.address(&building))
            }
            _ => Ok(String::new()),
        }
    }

    /// One step from a person to the household, from a household to the dwelling. Never two of one kind, so it ends.
    fn address_through(&mut self, id: RecordId, field: &str) -> Result<String, DeviceError> {
        let Some(next) = self.reference(id, field)? else { return Ok(String::new()) };
        let fits = |kind: &Kind| match field {
            "household" => *kind == Kind::Household,
            _ => *kind == Kind::Dwelling,
        };
        if self.record(next)?.is_some_and(|record| fits(&record.kind)) { self.address(next) } else { Ok(String::new()) }
    }

    /// The name of whoever a record is about: of a household its head's, of a person their own.
    pub(crate) fn name(&mut self, id: RecordId) -> Result<String, DeviceError> {
        let Some(record) = self.record(id)? else { return Ok(String::new()) };
        let (kind, fields) = (record.kind.clone(), record.fields.clone());
        self.title(&kind, &fields)
    }

    /// What a record is called, from its fields alone: also of words that never became a record.
    pub(crate) fn title(&mut self, kind: &Kind, fields: &Fields) -> Result<String, DeviceError> {
        let own = |field: &str| fields.get(field).and_then(|value| value.as_str()).map(str::to_owned);
        let reference = |field: &str| own(field).and_then(|text| text.parse::<RecordId>().ok());
        let title = match kind {
            Kind::Household => match (reference("head"), reference("dwelling")) {
                (Some(head), dwelling) => match self.text(head, "name")? {
                    Some(name) => Some(name),
                    None => dwelling.map(|dwelling| self.address(dwelling)).transpose()?,
                },
                (None, Some(dwelling)) => Some(self.address(dwelling)?),
                (None, None) => None,
            },
            Kind::Dwelling => {
                let building = match reference("building") {
                    Some(building) => self.text(building, "name")?.unwrap_or_default(),
                    None => String::new(),
                };
                Some(dwelling_of(fields).address(&building))
            }
            Kind::Dispute => Some(party_names(fields)),
            Kind::ThreatenedHousehold => reference("household").map(|household| self.name(household)).transpose()?,
            kind => match (kind.called(), kind.belongs_to().and_then(reference)) {
                (Some(called), about) => match (own(called), about) {
                    (None, Some(about)) => Some(self.address(about)?),
                    (name, _) => name,
                },
                // What belongs to another is called like it, unless that one does too: it does not go in circles.
                (None, Some(about)) if !self.is_about_another(about)? => Some(self.name(about)?),
                (None, _) => None,
            },
        };
        Ok(title.unwrap_or_default())
    }

    fn is_about_another(&mut self, id: RecordId) -> Result<bool, DeviceError> {
        Ok(self.record(id)?.is_some_and(|record| record.kind.is_append_only()))
    }

    /// The line under the title.
    pub(crate) fn subtitle(&mut self, record: &Record) -> Result<String, DeviceError> {
        let through = |field: &str| record.reference(field);
        match record.kind {
            Kind::Person | Kind::Household => self.address(record.id),
            Kind::Visit => through("target").map_or(Ok(String::new()), |target| self.address(target)),
            Kind::Incident => Ok(self.incident_place(record)?.unwrap_or_default()),
            Kind::CarePlan => through("person").map_or(Ok(String::new()), |person| self.address(person)),
            Kind::Tenancy | Kind::Premises => through("dwelling").map_or(Ok(String::new()), |door| self.address(door)),
            Kind::Dispute | Kind::HazardPoint => Ok(record.text("place").unwrap_or_default().to_owned()),
            _ => Ok(String::new()),
        }
    }

    /// The address that an incident names, or its place in words.
    pub(crate) fn incident_place(&mut self, incident: &Record) -> Result<Option<String>, DeviceError> {
        let address = self.incident_address(incident)?;
        let words = incident.text("place").filter(|place| !place.is_empty()).map(str::to_owned);
        Ok(address.or(words))
    }

    /// The address of the dwelling or household that an incident names.
    pub(crate) fn incident_address(&mut self, incident: &Record) -> Result<Option<String>, DeviceError> {
        for field in ["dwelling", "household"] {
            if let Some(id) = incident.reference(field) {
                let address = self.address(id)?;
                if !address.is_empty() {
                    return Ok(Some(address));
                }
            }
        }
        Ok(None)
    }
}

/// The parties of a dispute: applicants first, as the field writes a case.
pub(crate) fn party_names(fields: &Fields) -> String {
    let parties = fields.get("parties").and_then(|value| value.as_array());
    let name = |party: &serde_json::Value| party.get("name").and_then(|name| name.as_str()).map(str::to_owned);
    let names: Vec<String> = parties.into_iter().flatten().filter_map(name).collect();
    names.join(" · ")
}

/// Reads a dwelling from fields that may not be a record yet.
pub(crate) fn dwelling_of(fields: &Fields) -> Dwelling {
    let text =
        |field: &str| fields.get(field).and_then(|v| v.as_str()).filter(|text| !text.is_empty()).map(str::to_owned);
    Dwelling {
        building: text("building").and_then(|id| id.parse().ok()),
        unit: text("unit"),
        floor: fields.get("floor").and_then(|value| value.as_i64()),
        room: text("room"),
        street: text("street"),
        group: text("group"),
        house_number: text("house_number"),
        usage: text("use"),
    }
}
