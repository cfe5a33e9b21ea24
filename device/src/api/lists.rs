//! Every list that a form offers.

use std::collections::BTreeMap;

use domain::codes::{Code, CodeList, Lists};
use serde::Serialize;
use ts_rs::TS;

use super::{Failure, Nothing};
use crate::{Device, Open};

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

pub(super) fn lists(device: &Device, _: Nothing) -> Result<AllLists, Failure> {
    device.with_open(|open: &mut Open| Ok(AllLists { codes: open.lists().all_codes(), lists: open.lists().clone() }))
}
