//! What the desk orders a phone to do to itself: lock or wipe. The phone carries it out and reports it back.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

use crate::ids::Epoch;
use crate::protocol::ServerKeys;
use crate::world::Millis;

/// What is ordered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
#[ts(export)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum DeviceOrder {
    /// The register is kept and opens for nobody, not even with the PIN, until the desk lifts the lock.
    Lock,
    /// The register is removed from the phone, after everything unsent was handed in.
    Wipe,
    /// What only a newer version can carry out: what is unsent is handed in, and the phone waits. Read, never ordered.
    #[serde(other)]
    Newer,
}

/// A phone asks what is ordered of it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct OrderRequest {
    /// The key of the lock that the phone carried out, sealed for [`crate::seal::Purpose::LockKey`], base64url without padding.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sealed_key: Option<String>,
}

/// What is ordered of a phone.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct OrderAnswer {
    /// What stands; none: go on as always.
    pub order: Option<StandingOrder>,
    /// The key of the request, opened, base64url without padding: only when no order stands.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
    /// The server's public keys.
    #[serde(default)]
    pub keys: ServerKeys,
    /// The server's database. In another one than before there is nothing of what was handed in to the earlier one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub epoch: Option<Epoch>,
}

/// An order that stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct StandingOrder {
    /// What.
    pub what: DeviceOrder,
    /// When it was given, by the server's clock: names the order in its report.
    pub ordered_at: Millis,
}
