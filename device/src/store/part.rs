//! Records of which only some fields are asked for: counting thousands must not cost the reading of all that they say.

use std::fmt;

use domain::{CellCode, Digest, Fields, Kind, Record, Stamp, Stamps};
use rusqlite::Params;
use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, Visitor};

use super::{Store, row};
use crate::DeviceError;

/// A record with some of its fields alone.
#[derive(Debug, Clone, PartialEq)]
pub struct Part {
    /// It holds no other field, and no stamp is its own: for the rules that ask for these fields, never to be written.
    pub record: Record,
    /// The version of the whole record.
    pub version: Digest,
}

impl Store {
    /// The records that a condition (and order) over the columns of `record` picks, each with the fields that are named.
    ///
    /// # Errors
    /// [`DeviceError::StorageBroken`] when the condition or the file is wrong.
    pub fn parts(&self, condition: &str, params: impl Params, fields: &[&str]) -> Result<Vec<Part>, DeviceError> {
        // Without a wanted field nothing is read of what a record says.
        let body = if fields.is_empty() { r#"'{"fields":{}}'"# } else { "body" };
        let sql = format!("SELECT id, kind, cell, {body}, v1, v2 FROM record WHERE {condition}");
        let mut statement = self.connection().prepare_cached(&sql)?;
        let mut rows = statement.query(params)?;
        let mut parts = Vec::new();
        while let Some(found) = rows.next()? {
            let text = |index: usize| found.get_ref(index)?.as_str().map_err(|_| rusqlite::Error::InvalidQuery);
            let malformed =
                |error: domain::ids::Malformed| DeviceError::StorageBroken(format!("a record's row: {error}"));
            let record = Record {
                id: row::id_of_row(found)?,
                kind: Kind::from_name(text(1)?),
                cell: CellCode::new(text(2)?).map_err(malformed)?,
                fields: Body(fields).deserialize(&mut serde_json::Deserializer::from_str(text(3)?))?,
                stamps: Stamps::all(Stamp::ZERO),
            };
            parts.push(Part { record, version: Digest::from_halves(found.get(4)?, found.get(5)?) });
        }
        Ok(parts)
    }
}

/// Reads the named fields of a body, and passes over its stamps.
struct Body<'a>(&'a [&'a str]);

impl<'de> DeserializeSeed<'de> for Body<'_> {
    type Value = Fields;
    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Fields, D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for Body<'_> {
    type Value = Fields;
    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the body of a record")
    }
    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Fields, A::Error> {
        let mut fields = Fields::default();
        while let Some(key) = map.next_key::<std::borrow::Cow<'de, str>>()? {
            if key == "fields" {
                fields = map.next_value_seed(Named(self.0))?;
            } else {
                map.next_value::<IgnoredAny>()?;
            }
        }
        Ok(fields)
    }
}

/// Reads the named fields alone.
struct Named<'a>(&'a [&'a str]);

impl<'de> DeserializeSeed<'de> for Named<'_> {
    type Value = Fields;
    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Fields, D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for Named<'_> {
    type Value = Fields;
    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the fields of a record")
    }
    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Fields, A::Error> {
        let mut fields = Fields::default();
        while let Some(wanted) = map.next_key_seed(Wanted(self.0))? {
            match wanted {
                Some(name) => drop(fields.insert(name.to_owned(), map.next_value()?)),
                None => drop(map.next_value::<IgnoredAny>()?),
            }
        }
        Ok(fields)
    }
}

/// A field's name, if it is wanted; the others are not even copied.
struct Wanted<'a>(&'a [&'a str]);

impl<'de, 'a> DeserializeSeed<'de> for Wanted<'a> {
    type Value = Option<&'a str>;
    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl<'a> Visitor<'_> for Wanted<'a> {
    type Value = Option<&'a str>;
    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the name of a field")
    }
    fn visit_str<E: serde::de::Error>(self, name: &str) -> Result<Self::Value, E> {
        Ok(self.0.iter().copied().find(|wanted| *wanted == name))
    }
}
