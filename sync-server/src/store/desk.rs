//! What the desk's pages ask of a store beside the inbox, and the rows they get.

use chrono::NaiveDate;
use domain::{RecordId, Scope};

use super::{AuditEntry, Millis};
use crate::store::chain::Link;

/// An entry of the audit log in its place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuditLine {
    /// Its number, from 1, without a gap.
    pub seq: i64,
    /// Who did what, when, on what.
    pub entry: AuditEntry,
    /// Why, and which fields: JSON, or nothing.
    pub detail: String,
    /// The hash over it and all before it.
    pub link: Link,
}

/// Which entries of the audit log are asked for, the latest first.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AuditQuery {
    /// Those of accounts within these scopes, and of no account; all without.
    pub scopes: Option<Vec<Scope>>,
    /// Of this account.
    pub who: Option<String>,
    /// This action.
    pub action: Option<String>,
    /// On this subject.
    pub subject: Option<String>,
    /// Not before.
    pub from: Option<Millis>,
    /// Before.
    pub until: Option<Millis>,
    /// With a smaller number: where the page before ended.
    pub before: Option<i64>,
    /// At most so many.
    pub limit: usize,
}

/// Records of one kind that were published together: one for each of many cells, all with the same moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Batch {
    /// The moment.
    pub at: Millis,
    /// To how many cells.
    pub cells: u64,
    /// One of them.
    pub one: RecordId,
}

/// Which number of a resident.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NumberOf {
    /// The telephone.
    Phone,
    /// The document.
    Document,
}

/// Says how well a name fits, the smaller the better; none when it does not.
pub type NameFits<'a> = dyn FnMut(&str) -> Option<u8> + 'a;

/// Whom a care plan is for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CaredFor {
    /// When the person or the person's household was met, in no order.
    pub met: Vec<Millis>,
    /// Since when they do not live there any more.
    pub left_on: Option<NaiveDate>,
}
