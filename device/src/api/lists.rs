//! Every list that a form offers.

use std::collections::BTreeMap;

use domain::codes::{Code, CodeList, Lists};
use serde::Serialize;
use ts_rs::TS;

/// The fixed code lists and the county's own.
#[derive(Debug, Clone, PartialEq, Serialize, TS)]
#[ts(export)]
pub struct AllLists {
    /// The fixed lists, by name.
    #[ts(type = "Record<import(\"./CodeList\").CodeList, Array<import(\"./Code\").Code>>")]
    pub codes: BTreeMap<CodeList, Vec<Code>>,
    /// The county's lists: categories and severities.
    pub lists: Lists,
}
