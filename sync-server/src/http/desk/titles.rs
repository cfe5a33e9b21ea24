//! What a record is called on a line: a name, an address, a title. Records that it names are looked up with it.

use std::collections::{BTreeMap, BTreeSet};

use domain::kinds::dwelling::Dwelling;
use domain::scope::Actor;
use domain::spec::{FieldType, fields};
use domain::{AccountId, CellCode, Kind, Record, RecordId, Scope, mask};
use serde::Serialize;
use serde_json::Value;
use ts_rs::TS;
use utoipa::ToSchema;

use crate::store::{Reading, StoreError};

/// A record that another one names.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, TS, ToSchema)]
#[ts(export)]
pub struct Reference {
    /// What it is.
    #[schema(value_type = String)]
    pub kind: Kind,
    /// What it is called.
    pub title: String,
}

/// How many steps from a record to the last name of its address: visit → household → dwelling → building.
const STEPS: usize = 4;

/// Records by id, with everything that their titles need, and the names of places and people. All of it within a scope.
pub(super) struct Surroundings<'a> {
    reading: &'a dyn Reading,
    actor: &'a Actor,
    records: BTreeMap<RecordId, Record>,
    places: BTreeMap<CellCode, String>,
    people: BTreeMap<AccountId, String>,
    /// Residents are called by their full names; otherwise masked.
    in_full: bool,
}

impl<'a> Surroundings<'a> {
    /// Nothing is known yet.
    pub(super) fn new(reading: &'a dyn Reading, actor: &'a Actor) -> Self {
        Self {
            reading,
            actor,
            records: BTreeMap::new(),
            places: BTreeMap::new(),
            people: BTreeMap::new(),
            in_full: false,
        }
    }

    /// The same, calling residents by their full names: only for whoever gave a reason.
    pub(super) fn in_full(self) -> Self {
        Self { in_full: true, ..self }
    }

    /// Whether whoever asks may read this very record: what belongs to one of theirs may lie in a cell that is not.
    pub(super) fn may_read(&self, record: &Record) -> bool {
        self.actor.may_read(record)
    }

    /// What a person is called here.
    pub(super) fn name(&self, full: &str) -> String {
        if self.in_full { full.to_owned() } else { mask::name(full) }
    }

    /// A telephone as it is shown here.
    pub(super) fn phone(&self, full: &str) -> String {
        if self.in_full { full.to_owned() } else { mask::phone(full) }
    }

    /// Fetches what the titles of these records need, step by step, each step in one go.
    pub(super) fn gather<'r>(&mut self, records: impl IntoIterator<Item = &'r Record>) -> Result<(), StoreError> {
        self.gather_named(records.into_iter().flat_map(references))
    }

    /// Fetches these records, and what their own titles need.
    pub(super) fn gather_named(&mut self, ids: impl IntoIterator<Item = RecordId>) -> Result<(), StoreError> {
        let mut wanted: BTreeSet<RecordId> = ids.into_iter().collect();
        for _ in 0..STEPS {
            wanted.retain(|id| !self.records.contains_key(id));
            if wanted.is_empty() {
                break;
            }
            wanted = self.fetch(&wanted)?;
        }
        Ok(())
    }

    /// Fetches these records, and answers with what they name themselves.
    pub(super) fn fetch(&mut self, wanted: &BTreeSet<RecordId>) -> Result<BTreeSet<RecordId>, StoreError> {
        let ids: Vec<RecordId> = wanted.iter().copied().collect();
        let mut named = BTreeSet::new();
        for scope in &self.actor.scopes {
            for stored in self.reading.records(scope, &ids)? {
                named.extend(references(&stored.record));
                self.records.insert(stored.record.id, stored.record);
            }
        }
        Ok(named)
    }

    fn named(&self, record: &Record, field: &str) -> Option<&Record> {
        record.reference(field).and_then(|id| self.records.get(&id))
    }

    /// What a record is called.
    pub(super) fn title(&self, record: &Record) -> String {
        let text = |field| record.text(field).unwrap_or_default().to_owned();
        match record.kind {
            Kind::Dwelling => self.dwelling_address(record),
            Kind::Household => self.household_title(record),
            Kind::Dispute => self.party_names(record),
            Kind::ThreatenedHousehold => {
                self.named(record, "household").map(|household| self.household_title(household)).unwrap_or_default()
            }
            ref kind => match (kind.called(), kind.belongs_to()) {
                (Some(called), _) if mask::is_masked(&record.kind, called) && !text(called).is_empty() => {
                    self.name(&text(called))
                }
                // A tenancy whose landlord is not known is called by its door.
                (Some(called), _) => {
                    Some(text(called)).filter(|name| !name.is_empty()).unwrap_or_else(|| self.address(record))
                }
                (None, Some(field)) => {
                    self.named(record, field).map(|about| self.target_title(about)).unwrap_or_default()
                }
                (None, None) => String::new(),
            },
        }
    }

    /// What somebody's target is called; no further than one step, since a review can name a review's target and so on.
    fn target_title(&self, target: &Record) -> String {
        match target.kind {
            _ if target.kind.is_append_only() => self.address(target),
            _ => self.title(target),
        }
    }

    /// The household by its head; without one by its door.
    fn household_title(&self, household: &Record) -> String {
        let head = self.named(household, "head").and_then(|head| head.text("name"));
        head.map_or_else(|| self.address(household), |name| self.name(name))
    }

    /// The second line: where it is. A household without a known head has its telephone, masked.
    pub(super) fn subtitle(&self, record: &Record) -> String {
        match record.kind {
            Kind::Building => record.text("street").unwrap_or_default().to_owned(),
            Kind::Dwelling => String::new(),
            Kind::Household if self.named(record, "head").is_none() => {
                record.text("contact_phone").map(|phone| self.phone(phone)).unwrap_or_default()
            }
            _ => self.address(record),
        }
    }

    /// Where a record is, as people write it; empty when it does not say.
    pub(super) fn address(&self, record: &Record) -> String {
        // Only certain kinds are followed, so a reference in a circle leads nowhere.
        let of_kind = |field, kind: Kind| self.named(record, field).filter(|named| named.kind == kind);
        match record.kind {
            Kind::Dwelling => self.dwelling_address(record),
            Kind::Building => record.text("name").unwrap_or_default().to_owned(),
            Kind::Household => {
                self.named(record, "dwelling").map(|door| self.dwelling_address(door)).unwrap_or_default()
            }
            Kind::Person => of_kind("household", Kind::Household).map(|home| self.address(home)).unwrap_or_default(),
            Kind::Visit => self
                .named(record, "target")
                .filter(|target| {
                    matches!(target.kind, Kind::Household | Kind::Person | Kind::Dwelling | Kind::Building)
                })
                .map(|target| self.address(target))
                .unwrap_or_default(),
            Kind::Incident => {
                let door = of_kind("dwelling", Kind::Dwelling).or_else(|| of_kind("household", Kind::Household));
                let words = || record.text("place").unwrap_or_default().to_owned();
                door.map(|door| self.address(door)).filter(|address| !address.is_empty()).unwrap_or_else(words)
            }
            Kind::Tenancy | Kind::Premises => {
                of_kind("dwelling", Kind::Dwelling).map(|door| self.dwelling_address(door)).unwrap_or_default()
            }
            Kind::CarePlan => of_kind("person", Kind::Person).map(|person| self.address(person)).unwrap_or_default(),
            Kind::Dispute | Kind::HazardPoint => record.text("place").unwrap_or_default().to_owned(),
            _ => String::new(),
        }
    }

    /// The parties of a dispute by name, applicants first.
    fn party_names(&self, dispute: &Record) -> String {
        let parties = dispute.fields.get("parties").and_then(Value::as_array);
        let names = parties.into_iter().flatten().filter_map(|party| party.get("name").and_then(Value::as_str));
        names.map(|name| self.name(name)).collect::<Vec<_>>().join(" · ")
    }

    /// Where a door or else a household is, when it is known and says so.
    pub(super) fn address_of(&self, dwelling: Option<RecordId>, household: Option<RecordId>) -> Option<String> {
        let named =
            |id: Option<RecordId>, kind| id.and_then(|id| self.records.get(&id)).filter(|found| found.kind == kind);
        let door = named(dwelling, Kind::Dwelling).or_else(|| named(household, Kind::Household));
        door.map(|door| self.address(door)).filter(|address| !address.is_empty())
    }

    fn dwelling_address(&self, dwelling: &Record) -> String {
        let building = self.named(dwelling, "building").and_then(|building| building.text("name"));
        Dwelling::from(dwelling).address(building.unwrap_or_default())
    }

    /// Village and cell by their names.
    pub(super) fn place(&mut self, cell: &CellCode) -> Result<String, StoreError> {
        if let Some(known) = self.places.get(cell) {
            return Ok(known.clone());
        }
        let village = Scope::new(cell.village()).expect("a cell code begins with its village's code");
        let mut names = Vec::new();
        for code in [village, Scope::from(cell)] {
            names.extend(self.reading.place(&code)?.map(|place| place.name));
        }
        let words = if names.is_empty() { cell.to_string() } else { names.join(" ") };
        self.places.insert(cell.clone(), words.clone());
        Ok(words)
    }

    /// The name that an account is shown by.
    pub(super) fn person(&mut self, account: &AccountId) -> Result<String, StoreError> {
        if let Some(known) = self.people.get(account) {
            return Ok(known.clone());
        }
        let name = self.reading.account(account)?.map_or_else(|| account.to_string(), |found| found.display_name);
        self.people.insert(account.clone(), name.clone());
        Ok(name)
    }

    /// The name that the account in a record's `by` is shown by; nothing where none stands.
    pub(super) fn author(&mut self, by: Option<&str>) -> Result<String, StoreError> {
        match by.map(AccountId::new) {
            Some(Ok(account)) => self.person(&account),
            _ => Ok(String::new()),
        }
    }

    /// Titles of the records with these ids, as far as they lie in the scope.
    pub(super) fn refs(&self, ids: &BTreeSet<RecordId>) -> BTreeMap<RecordId, Reference> {
        let known = ids.iter().filter_map(|id| self.records.get(id));
        known.map(|record| (record.id, Reference { kind: record.kind.clone(), title: self.title(record) })).collect()
    }
}

/// The records that a record names.
fn references(record: &Record) -> Vec<RecordId> {
    let named = |(field, value): (&String, &Value)| references_in(&record.kind, field, value);
    record.fields.iter().flat_map(named).collect()
}

/// The records that a value names.
pub(super) fn references_in(kind: &Kind, field: &str, value: &Value) -> Vec<RecordId> {
    let id = |value: &Value| value.as_str().and_then(|text| text.parse().ok());
    match fields(kind).iter().find(|spec| spec.name == field).map(|spec| spec.of) {
        Some(FieldType::Ref) => id(value).into_iter().collect(),
        Some(FieldType::Refs { .. }) => value.as_array().into_iter().flatten().filter_map(id).collect(),
        _ => Vec::new(),
    }
}
