//! A record: one representation on phone, wire and server.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::Value;
use sha2::{Digest, Sha256};
use ts_rs::TS;

use crate::ids::{CellCode, RecordId, Version};
use crate::stamp::Stamp;
use crate::stamps::Stamps;

/// Field values by name. `null` is a value: it says that somebody emptied the field.
pub type Fields = BTreeMap<String, Value>;

/// What a record is about. Kinds of a newer version are carried along unread.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, TS)]
#[ts(type = "string")]
pub enum Kind {
    /// 网格
    Cell,
    /// 楼栋
    Building,
    /// 房屋
    Dwelling,
    /// 户
    Household,
    /// 居民
    Person,
    /// 走访
    Visit,
    /// 事件
    Incident,
    /// 照片
    Photo,
    /// 审核
    Review,
    /// 租住
    Tenancy,
    /// 九小场所
    Premises,
    /// 关爱计划
    CarePlan,
    /// 事件环节
    IncidentStep,
    /// 矛盾纠纷
    Dispute,
    /// 调解过程
    DisputeEvent,
    /// 排查
    Inspection,
    /// 复查
    Recheck,
    /// 隐患点
    HazardPoint,
    /// 受威胁户
    ThreatenedHousehold,
    /// 避险转移
    Evacuation,
    /// 点名
    RollCall,
    /// 通知公告
    Notice,
    /// 已告知
    NoticeAck,
    /// 任务
    Task,
    /// 任务反馈
    TaskReport,
    /// 回访
    Callback,
    /// 意见反馈
    Feedback,
    /// A kind that this version does not know.
    Other(Box<str>),
}

impl Kind {
    /// The kinds that this version knows.
    pub const KNOWN: [Kind; 27] = [
        Kind::Cell,
        Kind::Building,
        Kind::Dwelling,
        Kind::Household,
        Kind::Person,
        Kind::Visit,
        Kind::Incident,
        Kind::Photo,
        Kind::Review,
        Kind::Tenancy,
        Kind::Premises,
        Kind::CarePlan,
        Kind::IncidentStep,
        Kind::Dispute,
        Kind::DisputeEvent,
        Kind::Inspection,
        Kind::Recheck,
        Kind::HazardPoint,
        Kind::ThreatenedHousehold,
        Kind::Evacuation,
        Kind::RollCall,
        Kind::Notice,
        Kind::NoticeAck,
        Kind::Task,
        Kind::TaskReport,
        Kind::Callback,
        Kind::Feedback,
    ];

    /// The kind's name in tables, messages and language files.
    pub fn as_str(&self) -> &str {
        match self {
            Kind::Cell => "cell",
            Kind::Building => "building",
            Kind::Dwelling => "dwelling",
            Kind::Household => "household",
            Kind::Person => "person",
            Kind::Visit => "visit",
            Kind::Incident => "incident",
            Kind::Photo => "photo",
            Kind::Review => "review",
            Kind::Tenancy => "tenancy",
            Kind::Premises => "premises",
            Kind::CarePlan => "care_plan",
            Kind::IncidentStep => "incident_step",
            Kind::Dispute => "dispute",
            Kind::DisputeEvent => "dispute_event",
            Kind::Inspection => "inspection",
            Kind::Recheck => "recheck",
            Kind::HazardPoint => "hazard_point",
            Kind::ThreatenedHousehold => "threatened_household",
            Kind::Evacuation => "evacuation",
            Kind::RollCall => "roll_call",
            Kind::Notice => "notice",
            Kind::NoticeAck => "notice_ack",
            Kind::Task => "task",
            Kind::TaskReport => "task_report",
            Kind::Callback => "callback",
            Kind::Feedback => "feedback",
            Kind::Other(name) => name,
        }
    }

    /// The kind of that name; an unknown name becomes [`Kind::Other`].
    pub fn from_name(name: &str) -> Kind {
        Kind::KNOWN.into_iter().find(|kind| kind.as_str() == name).unwrap_or_else(|| Kind::Other(name.into()))
    }

    /// Append-only kinds (mark A in the table of records): written once, never overwritten; states are folds over them.
    pub fn is_append_only(&self) -> bool {
        matches!(
            self,
            Kind::Visit
                | Kind::Photo
                | Kind::Review
                | Kind::IncidentStep
                | Kind::DisputeEvent
                | Kind::Inspection
                | Kind::Recheck
                | Kind::RollCall
                | Kind::NoticeAck
                | Kind::TaskReport
                | Kind::Callback
                | Kind::Feedback
        )
    }

    /// The field that names the one record that this one belongs to or speaks of, for the indexes. An incident names a household
    /// or else a dwelling.
    pub fn belongs_to(&self) -> Option<&'static str> {
        Some(match self {
            Kind::Person | Kind::Incident => "household",
            Kind::Household | Kind::Tenancy | Kind::Premises => "dwelling",
            Kind::Dwelling => "building",
            Kind::Visit | Kind::Review | Kind::Callback | Kind::Task => "target",
            Kind::Photo | Kind::Inspection => "subject",
            Kind::CarePlan => "person",
            Kind::IncidentStep => "incident",
            Kind::DisputeEvent => "dispute",
            Kind::Recheck => "inspection",
            Kind::ThreatenedHousehold => "hazard_point",
            Kind::RollCall => "evacuation",
            Kind::NoticeAck => "notice",
            Kind::TaskReport => "task",
            Kind::Feedback => "about",
            Kind::Cell
            | Kind::Building
            | Kind::Dispute
            | Kind::HazardPoint
            | Kind::Evacuation
            | Kind::Notice
            | Kind::Other(_) => return None,
        })
    }

    /// The fields that can name where a record belongs, the nearest first: of an incident that names no household the dwelling does.
    pub fn places(&self) -> impl Iterator<Item = &'static str> {
        let or_else = (*self == Kind::Incident).then_some("dwelling");
        self.belongs_to().into_iter().chain(or_else)
    }

    /// The field with the record's own moment, which the phone fills in by its clock.
    pub fn moment(&self) -> Option<&'static str> {
        match self {
            Kind::Incident => Some("happened_at"),
            Kind::Photo => Some("taken_at"),
            Kind::Evacuation => Some("ordered_at"),
            Kind::Notice | Kind::Task => Some("at"),
            kind if kind.is_append_only() => Some("at"),
            _ => None,
        }
    }

    /// The field that a record is called by, where it has one of its own.
    pub fn called(&self) -> Option<&'static str> {
        match self {
            Kind::Person | Kind::Building | Kind::Cell | Kind::Premises | Kind::HazardPoint => Some("name"),
            Kind::Incident | Kind::Notice | Kind::Task => Some("title"),
            Kind::Evacuation => Some("reason"),
            Kind::Tenancy => Some("landlord_name"),
            _ => None,
        }
    }

    /// Whether a supervisor approves or returns records of this kind. Photos are looked at with their subject.
    pub fn is_reviewed(&self) -> bool {
        matches!(
            self,
            Kind::Building
                | Kind::Dwelling
                | Kind::Household
                | Kind::Person
                | Kind::Visit
                | Kind::Incident
                | Kind::Tenancy
                | Kind::Premises
                | Kind::CarePlan
                | Kind::Dispute
                | Kind::Inspection
                | Kind::HazardPoint
                | Kind::ThreatenedHousehold
        )
    }
}

#[cfg(feature = "openapi")]
impl utoipa::PartialSchema for Kind {
    fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::schema::Schema> {
        String::schema()
    }
}

#[cfg(feature = "openapi")]
impl utoipa::ToSchema for Kind {}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl Serialize for Kind {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl<'de> Deserialize<'de> for Kind {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let name = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        if name.is_empty() || name.len() > 40 || !is_field_name(&name) {
            return Err(serde::de::Error::custom("not a valid kind"));
        }
        Ok(Kind::from_name(&name))
    }
}

/// Whether a text can name a field or a kind: lower-case letters, digits and `_`, 1–40 of them, a letter first.
pub fn is_field_name(name: &str) -> bool {
    let bytes = name.as_bytes();
    (1..=40).contains(&bytes.len())
        && bytes[0].is_ascii_lowercase()
        && bytes.iter().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || *b == b'_')
}

/// A record with the stamp of every field.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[serde(from = "FlatRecord")]
#[ts(export)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Record {
    /// Its name, given by whoever created it.
    pub id: RecordId,
    /// What it is about.
    pub kind: Kind,
    /// The cell that it belongs to: the one it was created in, or the value of its field `cell` once it was moved.
    pub cell: CellCode,
    /// The values.
    #[ts(type = "{ [key in string]: unknown }")]
    #[cfg_attr(feature = "openapi", schema(value_type = Object))]
    pub fields: Fields,
    /// When each was written.
    #[serde(flatten)]
    pub stamps: Stamps,
}

/// A [`Record`] as it is read. A flattened part makes serde keep everything aside before it builds anything, which costs more
/// than all the rest of a first pull's reading.
#[derive(Deserialize)]
struct FlatRecord {
    id: RecordId,
    kind: Kind,
    cell: CellCode,
    fields: Fields,
    stamp: Stamp,
    #[serde(default)]
    stamps: BTreeMap<String, Stamp>,
}

impl From<FlatRecord> for Record {
    fn from(flat: FlatRecord) -> Self {
        let FlatRecord { id, kind, cell, fields, stamp, stamps } = flat;
        Self { id, kind, cell, fields, stamps: Stamps { common: stamp, except: stamps } }
    }
}

impl Record {
    /// The text in a field, if there is one.
    pub fn text(&self, field: &str) -> Option<&str> {
        self.fields.get(field).and_then(Value::as_str)
    }

    /// The whole number in a field, if there is one.
    pub fn int(&self, field: &str) -> Option<i64> {
        self.fields.get(field).and_then(Value::as_i64)
    }

    /// The record that a field names, if it names one.
    pub fn reference(&self, field: &str) -> Option<RecordId> {
        self.text(field).and_then(|text| text.parse().ok())
    }

    /// Whether the record was taken out of the register. It can be put back: deletion is a field.
    pub fn is_deleted(&self) -> bool {
        self.fields.get("deleted") == Some(&Value::Bool(true))
    }

    /// The greatest stamp of any field.
    pub fn latest(&self) -> Stamp {
        self.stamps.greatest(self.fields.keys())
    }

    /// The stamp of every field.
    pub fn stamps_by_field(&self) -> impl Iterator<Item = (String, Stamp)> {
        self.fields.keys().map(|field| (field.clone(), self.stamps.of(field)))
    }

    /// Names this state of the record: [`Record::version_bytes`] as text.
    pub fn version(&self) -> Version {
        let text = format!("{:032x}", u128::from_be_bytes(self.version_bytes()));
        Version::new(&text).expect("sixteen bytes are 32 hexadecimal digits")
    }

    /// The first 16 bytes of SHA-256 over the id and every field's name, a zero byte and its stamp, the fields by their names.
    ///
    /// A stamp is issued once and goes with one value, so the values need not be hashed.
    pub fn version_bytes(&self) -> [u8; 16] {
        // Written out first: hashing once is much quicker than hashing every piece, and a first sync does this for every record.
        let mut written = Vec::with_capacity(16 + 32 * self.fields.len());
        written.extend_from_slice(self.id.0.as_bytes());
        for field in self.fields.keys() {
            written.extend_from_slice(field.as_bytes());
            written.push(0);
            written.extend_from_slice(&self.stamps.of(field).to_bytes());
        }
        let mut first = [0; 16];
        first.copy_from_slice(&Sha256::digest(&written)[..16]);
        first
    }
}

/// The value's one spelling as bytes: JSON without white space and with sorted names, so that two programs compare alike
/// whatever order their maps keep.
pub fn canonical_bytes(value: &Value) -> Vec<u8> {
    let mut out = Vec::new();
    write_canonical(value, &mut out);
    out
}

/// [`canonical_bytes`], behind what was written before.
pub fn write_canonical(value: &Value, out: &mut Vec<u8>) {
    match value {
        Value::Object(map) => {
            let mut names: Vec<&String> = map.keys().collect();
            names.sort_unstable();
            out.push(b'{');
            for (index, name) in names.into_iter().enumerate() {
                if index > 0 {
                    out.push(b',');
                }
                write_canonical(&Value::String(name.clone()), out);
                out.push(b':');
                write_canonical(&map[name], out);
            }
            out.push(b'}');
        }
        Value::Array(items) => {
            out.push(b'[');
            for (index, item) in items.iter().enumerate() {
                if index > 0 {
                    out.push(b',');
                }
                write_canonical(item, out);
            }
            out.push(b']');
        }
        scalar => serde_json::to_writer(out, scalar).expect("a scalar is written into memory"),
    }
}
