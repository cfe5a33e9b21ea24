//! Taking records out as a file: a kind, a place, some columns; within the role's rights, masked unless a reason is given. What was
//! taken out is in the audit log before the first byte leaves, and for each resident who is named in full.

use std::collections::HashMap;

use domain::codes::{CodeList, Lists, is_code};
use domain::kinds::dwelling::Dwelling;
use domain::protocol::CallRefusal;
use domain::scope::{Action, Actor, Duty, allowed, has_duty, shown, visible_field};
use domain::sheet::{Column, Source, field_text};
use domain::spec::{FieldType, field};
use domain::validate::line_problem;
use domain::{CellCode, Kind, Problem, ProblemCode, Record, RecordId, Scope, mask};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use ts_rs::TS;
use utoipa::ToSchema;

use crate::hub::desk::{Desk, living};
use crate::hub::phones::note;
use crate::hub::{Hub, HubError};
use crate::store::{Reading, Store};

/// At most so many columns.
const COLUMNS_MAX: usize = 60;
/// At most so many characters of a heading.
const HEAD_MAX: usize = 60;
/// At most so many residents leave in full with one file: a town, not the county.
const FULL_MAX: usize = 20_000;

/// What a file is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS, ToSchema)]
#[serde(rename_all = "snake_case")]
#[ts(export)]
pub enum ExportFormat {
    /// A spreadsheet.
    Xlsx,
    /// Text with commas and a mark that says UTF-8.
    Csv,
    /// Places on a map.
    Geojson,
}

/// Where the text of a column comes from.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, ToSchema)]
pub struct ExportColumn {
    /// A field of the kind, or one of `cell_code`, `cell_name`, `address`.
    pub field: String,
    /// Its heading.
    pub head: String,
}

/// What is to be taken out.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, ToSchema)]
pub struct ExportWish {
    /// The kind.
    #[schema(value_type = String)]
    pub kind: Kind,
    /// The division or cell.
    pub place: String,
    /// The file.
    pub format: ExportFormat,
    /// From left to right.
    pub columns: Vec<ExportColumn>,
    /// Code of why names and numbers leave in full; none: masked.
    pub reason: Option<String>,
}

/// An export that was allowed and noted: it can be read cell by cell.
#[derive(Debug, Clone)]
pub struct Export {
    desk: Desk,
    wish: ExportWish,
    columns: Vec<Column>,
    /// The cells that it covers.
    pub cells: Vec<CellCode>,
    lists: std::sync::Arc<Lists>,
}

impl Export {
    /// What was asked for.
    pub fn wish(&self) -> &ExportWish {
        &self.wish
    }
}

/// A record that leaves: its texts by column, and where it lies on the map.
#[derive(Debug, Clone, PartialEq)]
pub struct ExportRow {
    /// Column by column.
    pub texts: Vec<String>,
    /// A GeoJSON geometry.
    pub geometry: Option<Value>,
}

/// The types of fields that can stand in a cell of a table.
pub fn is_exported(of: FieldType) -> bool {
    !matches!(
        of,
        FieldType::Ref
            | FieldType::Refs { .. }
            | FieldType::Parties
            | FieldType::Answers
            | FieldType::ItemWords
            | FieldType::Hazards
            | FieldType::Roster
            | FieldType::Remarks
            | FieldType::FieldNames
            | FieldType::Values
            | FieldType::Boundary
            | FieldType::Position
    )
}

impl<S: Store> Hub<S> {
    /// Allows an export and notes it. Names and numbers in full need a reason from the list, and every resident in it is noted.
    ///
    /// # Errors
    /// [`CallRefusal::NotAllowed`] for a kind that the role does not read or a place outside the scope; [`CallRefusal::Invalid`]
    /// when a column, the reason or the format does not fit, or too many residents would leave in full.
    pub fn begin_export(&self, desk: &Desk, wish: &ExportWish) -> Result<Export, HubError> {
        let actor = &desk.actor;
        let place = Scope::new(&wish.place).map_err(|_| HubError::refused(CallRefusal::NotAllowed))?;
        let may = has_duty(actor.role, Duty::Export) && allowed(actor.role, Action::Read, &wish.kind);
        if !may || !actor.contains(&place) {
            return Err(HubError::refused(CallRefusal::NotAllowed));
        }
        let problems = wish_problems(actor, wish);
        if !problems.is_empty() {
            return Err(HubError::invalid(problems));
        }
        let now = self.now();
        let (cells, lists) = (self.store.read(|reading| reading.cells_within(&place))?, self.lists());
        let in_full = wish.reason.is_some() && names_residents(wish);
        let residents = if in_full { self.residents(&cells)? } else { Vec::new() };
        self.store.write(|writing| {
            let words = wish.reason.as_ref().map_or_else(|| "masked".to_owned(), |reason| format!("full:{reason}"));
            let format = serde_json::to_value(wish.format).unwrap_or_default();
            let subject = format!("{} {place} {} {words}", wish.kind, format.as_str().unwrap_or_default());
            note(writing, now, actor.account.as_str(), "export", &subject)?;
            for id in &residents {
                note(writing, now, actor.account.as_str(), "take_out", &id.to_string())?;
            }
            Ok::<_, HubError>(())
        })?;
        let columns = wish.columns.iter().map(|column| Column {
            head: column.head.clone(),
            from: Source::Field,
            field: Some(column.field.clone()),
            codes: Default::default(),
        });
        Ok(Export { desk: desk.clone(), wish: wish.clone(), columns: columns.collect(), cells, lists })
    }

    /// The residents of these cells, as long as they are not too many.
    fn residents(&self, cells: &[CellCode]) -> Result<Vec<RecordId>, HubError> {
        let mut found = Vec::new();
        for cell in cells {
            let people = self.store.read(|reading| reading.of_kind(cell, &Kind::Person))?;
            found.extend(people.into_iter().filter(|stored| stored.record.is_present()).map(|stored| stored.record.id));
            if found.len() > FULL_MAX {
                let many = Problem::with_limit("place", ProblemCode::TooLarge, FULL_MAX as i64);
                return Err(HubError::invalid(vec![many]));
            }
        }
        Ok(found)
    }

    /// The rows of one cell. A file can be long on its way: it breaks off where whoever asked for it is not any more who they were.
    ///
    /// # Errors
    /// [`CallRefusal::SignedOut`] when the session was ended or the account closed meanwhile, [`CallRefusal::NotAllowed`] when the
    /// office changed what it may see.
    pub fn export_cell(&self, export: &Export, cell: &CellCode) -> Result<Vec<ExportRow>, HubError> {
        self.store.read(|reading| {
            let Export { desk, wish, .. } = export;
            let actor = &living(reading, &desk.session)?.1.actor;
            if *actor != desk.actor {
                return Err(HubError::refused(CallRefusal::NotAllowed));
            }
            let name = reading.place(&Scope::from(cell))?.map_or_else(String::new, |place| place.name);
            let wants_address = wish.columns.iter().any(|column| column.field == "address");
            let doors = if wants_address { Doors::of(reading, cell)? } else { Doors::default() };
            let records = reading.of_kind(cell, &wish.kind)?.into_iter().map(|stored| stored.record);
            let seen = records.filter(|record| {
                record.is_present()
                    && actor.may(Action::Read, &record.kind, &record.cell)
                    && shown(actor.role, &actor.account, record)
            });
            Ok(seen.map(|record| export.row(&record, &name, &doors)).collect())
        })
    }
}

impl Export {
    fn row(&self, record: &Record, cell_name: &str, doors: &Doors) -> ExportRow {
        let text = |column: &Column| match column.field.as_deref().unwrap_or_default() {
            "cell_code" => record.cell.to_string(),
            "cell_name" => cell_name.to_owned(),
            "address" => doors.address(record),
            name => self.value(record, name, column),
        };
        ExportRow { texts: self.columns.iter().map(text).collect(), geometry: geometry(record) }
    }

    /// A field's text, masked where it names somebody and no reason was given.
    fn value(&self, record: &Record, name: &str, column: &Column) -> String {
        let text = field_text(column, record, &self.lists);
        if self.wish.reason.is_some() || !mask::is_masked(&record.kind, name) {
            return text;
        }
        match field(&record.kind, name).map(|spec| spec.of) {
            Some(FieldType::Name) => mask::name(&text),
            Some(FieldType::Phone) if !text.is_empty() => mask::phone(&text),
            Some(FieldType::DocumentNumber) if !text.is_empty() => mask::document(&text),
            Some(FieldType::Names) => text.split('、').map(mask::name).collect::<Vec<_>>().join("、"),
            _ => text,
        }
    }
}

fn wish_problems(actor: &Actor, wish: &ExportWish) -> Vec<Problem> {
    let mut problems = Vec::new();
    if wish.columns.is_empty() || wish.columns.len() > COLUMNS_MAX {
        problems.push(Problem::with_limit("columns", ProblemCode::TooLong, COLUMNS_MAX as i64));
    }
    for column in &wish.columns {
        let own = matches!(column.field.as_str(), "cell_code" | "cell_name" | "address");
        let spec = field(&wish.kind, &column.field);
        let known =
            spec.is_some_and(|spec| is_exported(spec.of)) && visible_field(actor.role, &wish.kind, &column.field);
        if !own && !known {
            problems.push(Problem::new("columns", ProblemCode::UnknownCode));
        }
        problems.extend(line_problem("columns", &column.head, HEAD_MAX));
    }
    if wish.reason.as_ref().is_some_and(|reason| !is_code(CodeList::LookReason, reason)) {
        problems.push(Problem::new("reason", ProblemCode::UnknownCode));
    }
    if wish.format == ExportFormat::Geojson && !has_geometry(&wish.kind) {
        problems.push(Problem::new("format", ProblemCode::NotAllowed));
    }
    problems.dedup();
    problems
}

/// Whether a column says who or what number somebody has.
fn names_residents(wish: &ExportWish) -> bool {
    wish.kind == Kind::Person && wish.columns.iter().any(|column| mask::is_masked(&wish.kind, &column.field))
}

/// Whether records of a kind lie somewhere on a map by themselves. Residents do not: nobody's whereabouts are kept.
pub fn has_geometry(kind: &Kind) -> bool {
    matches!(kind, Kind::Cell | Kind::Building | Kind::HazardPoint | Kind::Incident)
}

fn geometry(record: &Record) -> Option<Value> {
    if !has_geometry(&record.kind) {
        return None;
    }
    if let Some(boundary) = record.fields.get("boundary").filter(|boundary| boundary.is_object()) {
        return Some(boundary.clone());
    }
    let position = record.fields.get("position")?;
    let (lng, lat) = (position.get("lng")?.as_f64()?, position.get("lat")?.as_f64()?);
    Some(json!({"type": "Point", "coordinates": [lng, lat]}))
}

/// The doors of a cell, as people write them.
#[derive(Default)]
struct Doors {
    dwellings: HashMap<RecordId, String>,
    households: HashMap<RecordId, RecordId>,
}

impl Doors {
    fn of(reading: &(impl Reading + ?Sized), cell: &CellCode) -> Result<Self, HubError> {
        let records = |kind: Kind| -> Result<Vec<Record>, HubError> {
            Ok(reading.of_kind(cell, &kind)?.into_iter().map(|stored| stored.record).collect())
        };
        let buildings: HashMap<RecordId, String> = (records(Kind::Building)?.iter())
            .map(|building| (building.id, building.text("name").unwrap_or_default().to_owned()))
            .collect();
        let doors = records(Kind::Dwelling)?;
        let dwellings = doors.iter().map(|record| {
            let house = record.reference("building").and_then(|id| buildings.get(&id)).map_or("", String::as_str);
            (record.id, Dwelling::from(record).address(house))
        });
        let dwellings = dwellings.collect();
        let households = records(Kind::Household)?
            .iter()
            .filter_map(|record| Some((record.id, record.reference("dwelling")?)))
            .collect();
        Ok(Self { dwellings, households })
    }

    fn address(&self, record: &Record) -> String {
        let household = || record.reference("household").and_then(|id| self.households.get(&id)).copied();
        let door = match record.kind {
            Kind::Dwelling => Some(record.id),
            _ => record.reference("dwelling").or_else(household),
        };
        door.and_then(|door| self.dwellings.get(&door)).cloned().unwrap_or_default()
    }
}
