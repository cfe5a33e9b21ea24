//! What the worker would want to hear of while the app is not on the screen: warnings, and what the supervisor returned.

use std::collections::BTreeSet;

use domain::RecordId;

use super::{Failure, notice, today};
use crate::{Device, Open};

/// What stands now.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct News {
    /// Warnings that count today.
    pub warnings: BTreeSet<RecordId>,
    /// Own records that the supervisor returned.
    pub returned: BTreeSet<RecordId>,
}

impl News {
    /// What was not there before: how many warnings, and how many returned records.
    pub fn beyond(&self, before: &News) -> (usize, usize) {
        let more = |now: &BTreeSet<RecordId>, before: &BTreeSet<RecordId>| now.difference(before).count();
        (more(&self.warnings, &before.warnings), more(&self.returned, &before.returned))
    }
}

/// What stands in the register. For the window's host, which tells it by the phone's own means: the numbers alone, never a name.
///
/// # Errors
/// As any command: a sealed register has no news.
pub fn news(device: &Device) -> Result<News, Failure> {
    device.with_open(|open: &mut Open| {
        let returned = today::returned(open)?.into_iter().map(|item| item.record_id).collect();
        let warnings = notice::warnings(open)?.into_iter().map(|line| line.id).collect();
        Ok(News { warnings, returned })
    })
}
