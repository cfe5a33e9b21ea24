//! Incident categories, found by name, pinyin, and what was used lately.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

/// Looks for categories.
#[derive(Debug, Deserialize, TS)]
#[serde(deny_unknown_fields)]
#[ts(export)]
pub struct CategoriesArgs {
    /// Chinese or English name, pinyin or its initials; empty for all, the recently used first.
    pub text: String,
}

/// A category that can be reported.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, TS)]
#[ts(export)]
pub struct CategoryHit {
    /// Four digits.
    pub code: String,
    /// Simplified Chinese.
    pub name_zh: String,
    /// English.
    pub name_en: String,
    /// Its group, Simplified Chinese.
    pub group_zh: String,
    /// Its group, English.
    pub group_en: String,
    /// 1 most urgent … 4.
    pub default_severity: i64,
    /// Used lately on this phone.
    pub recent: bool,
}
