//! The map of the own cells as GeoJSON (RFC 7946, WGS-84): boundaries, and whatever has a position. It needs no network and no tiles.

use std::collections::BTreeSet;

use domain::kinds::Position;
use domain::kinds::cell::boundary;
use domain::kinds::hazard_point::HazardPoint;
use domain::kinds::incident::Incident;
use domain::{Kind, RecordId};
use serde::Serialize;
use serde_json::{Value, json};
use ts_rs::TS;

use super::building::{BuildingLine, lines};
use super::{Failure, Nothing};
use crate::read::{Register, incident_lines};
use crate::{Device, DeviceError, Open};

/// What stands on the map.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, TS)]
#[serde(rename_all = "snake_case")]
#[ts(export)]
pub enum MapKind {
    /// A cell's boundary.
    Cell,
    /// A building.
    Building,
    /// An incident.
    Incident,
    /// A hazard point that still threatens somebody.
    HazardPoint,
}

/// What a feature of the map is: its `properties`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, TS)]
#[ts(export)]
pub struct MapPlace {
    /// What stands there.
    pub kind: MapKind,
    /// The record's id; of a cell its code.
    pub id: String,
    /// What it is called: the building's number, the incident's title.
    pub name: String,
    /// Something is to be done there: an incident that has not ended, a building with households not met for 90 days.
    pub open: bool,
}

/// A feature of GeoJSON.
#[derive(Debug, Clone, PartialEq, Serialize, TS)]
#[ts(export)]
pub struct MapFeature {
    /// GeoJSON's word for it.
    #[serde(rename = "type")]
    #[ts(type = "\"Feature\"")]
    of: &'static str,
    /// A polygon or several for a cell, a point for everything else.
    #[ts(type = "{ type: string, coordinates: Array<unknown> }")]
    pub geometry: Value,
    /// What it is.
    pub properties: MapPlace,
}

/// Features of GeoJSON.
#[derive(Debug, Clone, PartialEq, Serialize, TS)]
#[ts(export)]
pub struct MapFeatures {
    /// GeoJSON's word for it.
    #[serde(rename = "type")]
    #[ts(type = "\"FeatureCollection\"")]
    of: &'static str,
    /// They.
    pub features: Vec<MapFeature>,
}

/// The map of the own cells.
#[derive(Debug, Clone, PartialEq, Serialize, TS)]
#[ts(export)]
pub struct CellMap {
    /// The boundaries of the cells that have one.
    pub boundaries: MapFeatures,
    /// Buildings, hazard points and incidents that have a position.
    pub places: MapFeatures,
    /// Buildings without a position, in the order of their numbers.
    pub unplaced: Vec<BuildingLine>,
}

pub(super) fn cell_map(device: &Device, _: Nothing) -> Result<CellMap, Failure> {
    device.with_open(|open: &mut Open| {
        let register = Register::whole(open)?;
        let lines = lines(&register, open.now());
        let mut places: Vec<MapFeature> = lines.iter().filter_map(building).collect();
        places.extend(hazard_points(open)?);
        places.extend(incidents(open)?);
        // The groups of a village are no buildings: they have no position to set.
        let unplaced = lines.into_iter().filter(|line| line.position.is_none() && line.id.parse::<RecordId>().is_ok());
        let boundaries = collection(boundaries(open)?);
        Ok(CellMap { boundaries, places: collection(places), unplaced: unplaced.collect() })
    })
}

fn boundaries(open: &Open) -> Result<Vec<MapFeature>, DeviceError> {
    let drawn = open.store().of_kind(&Kind::Cell, None)?.into_iter().filter_map(|record| {
        let id = record.cell.to_string();
        let name = record.text("name").unwrap_or_default().to_owned();
        Some(feature(boundary(&record)?.clone(), MapPlace { kind: MapKind::Cell, id, name, open: false }))
    });
    Ok(drawn.collect())
}

fn building(line: &BuildingLine) -> Option<MapFeature> {
    let open = line.not_met_90d > 0;
    let place = MapPlace { kind: MapKind::Building, id: line.id.clone(), name: line.name.clone(), open };
    Some(point(line.position?, place))
}

fn hazard_points(open: &Open) -> Result<Vec<MapFeature>, DeviceError> {
    let records = open.store().all_known(&Kind::HazardPoint, None)?;
    let standing = records.iter().filter(|record| !record.is_deleted()).filter_map(|record| {
        let read = HazardPoint::from(record);
        let place = placed(MapKind::HazardPoint, record.id, read.name, true);
        read.position.filter(|_| read.retired_on.is_none()).map(|position| point(position, place))
    });
    Ok(standing.collect())
}

fn incidents(open: &Open) -> Result<Vec<MapFeature>, DeviceError> {
    let placed_ones =
        open.store().records("kind = 'incident' AND deleted = 0 AND body ->> '$.fields.position' IS NOT NULL", [])?;
    if placed_ones.is_empty() {
        return Ok(Vec::new());
    }
    let ended: BTreeSet<RecordId> =
        incident_lines(open)?.into_iter().filter(|line| line.ended).map(|line| line.id).collect();
    let on_map = placed_ones.iter().filter_map(|record| {
        let read = Incident::from(record);
        let place = placed(MapKind::Incident, record.id, read.title, !ended.contains(&record.id));
        read.position.map(|position| point(position, place))
    });
    Ok(on_map.collect())
}

fn placed(kind: MapKind, id: RecordId, name: String, open: bool) -> MapPlace {
    MapPlace { kind, id: id.to_string(), name, open }
}

fn point(position: Position, place: MapPlace) -> MapFeature {
    feature(json!({ "type": "Point", "coordinates": [position.lng, position.lat] }), place)
}

fn feature(geometry: Value, properties: MapPlace) -> MapFeature {
    MapFeature { of: "Feature", geometry, properties }
}

fn collection(features: Vec<MapFeature>) -> MapFeatures {
    MapFeatures { of: "FeatureCollection", features }
}
