//! What is true everywhere in Doorstep: on the phone, on the wire and on the server.
//!
//! Pure: no I/O, no clock, no randomness, no async. Time and fresh randomness enter through one argument,
//! [`World`], so the same seed gives the same run. The merge of two records exists here and nowhere else.

pub mod address;
pub mod boundary;
pub mod care;
pub mod change;
pub mod checklist;
pub mod china;
pub mod codes;
pub mod conflict;
pub mod digest;
pub mod divisions;
pub mod document;
pub mod evacuation;
pub mod feedback;
pub mod fold;
pub mod frames;
pub mod geo;
pub mod hand_in;
pub mod health;
pub mod ids;
pub mod import;
pub mod incident;
pub mod kinds;
pub mod lines;
pub mod mask;
pub mod mediation;
pub mod merge;
pub mod month;
pub mod moving;
pub mod natural;
pub mod order;
pub mod phone;
pub mod problem;
pub mod protocol;
pub mod receipt;
pub mod record;
pub mod rectification;
pub mod report;
pub mod review;
pub mod same;
pub mod scales;
pub mod scope;
pub mod seal;
pub mod search;
pub mod sheet;
pub mod spec;
pub mod stamp;
pub mod stamps;
pub mod storeys;
pub mod validate;
pub mod workdays;
pub mod world;

pub use change::Change;
pub use digest::Digest;
pub use ids::{AccountId, CellCode, DeviceId, Epoch, RecordId, Scope, Sha256Hex, Version};
pub use problem::{Problem, ProblemCode};
pub use record::{Fields, Kind, Record};
pub use stamp::{HybridClock, Node, Stamp};
pub use stamps::Stamps;
pub use world::World;
