//! Stamps: when a field was written, in an order that every phone and the server agree on.
//!
//! A hybrid logical clock (Kulkarni et al., "Logical Physical Clocks", 2014): wall-clock milliseconds where the clocks
//! agree, a counter where they do not, and a node that makes every stamp unique.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use ts_rs::TS;

use crate::ids::Malformed;
use crate::world::Millis;

/// No stamp is taken seriously that lies further ahead of the server's clock than this (24 h, in milliseconds).
pub const STAMP_AHEAD_MAX: Millis = 24 * 60 * 60 * 1000;

/// A random number drawn at every start of a program: a restored backup or a cloned phone can never issue a stamp twice.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, TS)]
#[serde(transparent)]
#[ts(type = "number")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Node(pub u64);

/// Milliseconds (48 bits), counter (16 bits) and node (64 bits) in one number: the order of the numbers is the order of the stamps.
///
/// Written as 32 lower-case hexadecimal digits, which sort the same way.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, TS)]
#[ts(type = "string")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema), schema(value_type = String))]
pub struct Stamp(u128);

const MILLIS_MAX: u128 = (1 << 48) - 1;

impl Stamp {
    /// The stamp before every other.
    pub const ZERO: Stamp = Stamp(0);

    /// Puts a stamp together. Times before 1970 and beyond the year 10889 are cut to the range.
    pub fn new(millis: Millis, counter: u16, node: Node) -> Self {
        let millis = (millis.max(0) as u128).min(MILLIS_MAX);
        Stamp(millis << 80 | u128::from(counter) << 64 | u128::from(node.0))
    }

    /// When, by the writer's corrected clock.
    pub fn millis(self) -> Millis {
        (self.0 >> 80) as Millis
    }

    /// Which of the stamps issued in that millisecond.
    pub fn counter(self) -> u16 {
        (self.0 >> 64) as u16
    }

    /// Which run of which program.
    pub fn node(self) -> Node {
        Node(self.0 as u64)
    }

    /// The same stamp `by` milliseconds later: how a phone corrects stamps that nobody has seen yet.
    /// Shifting several stamps by one amount keeps their order.
    #[must_use]
    pub fn shifted(self, by: Millis) -> Self {
        Stamp::new(self.millis().saturating_add(by), self.counter(), self.node())
    }

    /// The first stamp after this one that another run can issue: it wins against this one and loses against whatever was stamped later,
    /// as far as clocks can tell.
    #[must_use]
    pub fn next(self, node: Node) -> Self {
        match self.counter().checked_add(1) {
            Some(counter) => Stamp::new(self.millis(), counter, node),
            None => Stamp::new(self.millis() + 1, 0, node),
        }
    }

    /// The same stamp, or the next after `before` where it does not come after that: a stamp that is corrected never falls behind the
    /// value that its writer saw and replaced.
    #[must_use]
    pub fn after(self, before: Option<Stamp>) -> Self {
        match before {
            Some(before) if self <= before => Stamp::new(before.millis() + 1, 0, self.node()),
            _ => self,
        }
    }

    /// The sixteen bytes, most significant first: they sort as the stamps do.
    pub fn to_bytes(self) -> [u8; 16] {
        self.0.to_be_bytes()
    }

    /// The stamp that [`Stamp::to_bytes`] wrote.
    pub fn from_bytes(bytes: [u8; 16]) -> Self {
        Stamp(u128::from_be_bytes(bytes))
    }
}

impl fmt::Display for Stamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:032x}", self.0)
    }
}

impl fmt::Debug for Stamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}@{:x}", self.millis(), self.counter(), self.node().0)
    }
}

impl FromStr for Stamp {
    type Err = Malformed;
    fn from_str(text: &str) -> Result<Self, Malformed> {
        let lower_hex = text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
        if text.len() != 32 || !lower_hex {
            return Err(Malformed { what: "stamp" });
        }
        u128::from_str_radix(text, 16).map(Stamp).map_err(|_| Malformed { what: "stamp" })
    }
}

impl Serialize for Stamp {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Stamp {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

/// Issues stamps that only ever grow, whatever the wall clock does.
#[derive(Debug, Clone)]
pub struct HybridClock {
    node: Node,
    last: Stamp,
}

impl HybridClock {
    /// A clock that goes on after `last`, the greatest stamp this store has seen (persisted with it).
    pub fn new(node: Node, last: Stamp) -> Self {
        Self { node, last }
    }

    /// The node of this run.
    pub fn node(&self) -> Node {
        self.node
    }

    /// The greatest stamp issued or seen so far.
    pub fn last(&self) -> Stamp {
        self.last
    }

    /// A stamp greater than every one issued or seen so far, at `now` or as near after it as that allows.
    pub fn tick(&mut self, now: Millis) -> Stamp {
        let seen = self.last.millis();
        self.last = if now > seen { Stamp::new(now, 0, self.node) } else { self.last.next(self.node) };
        self.last
    }

    /// Takes note of a stamp that came from elsewhere, so that whatever is written after reading it sorts after it.
    /// A stamp more than 24 h ahead of `now` is not followed: one broken clock must not drag all others along.
    pub fn observe(&mut self, seen: Stamp, now: Millis) {
        if seen > self.last && seen.millis() <= now.saturating_add(STAMP_AHEAD_MAX) {
            self.last = seen;
        }
    }
}
