//! Incident categories, found by name, pinyin, and what was used lately.

use domain::codes::Category;
use serde::{Deserialize, Serialize};
use ts_rs::TS;

use super::Failure;
use crate::search::{Matcher, Quality, Query};
use crate::{Device, DeviceError, Open};

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

/// So many categories are remembered as recently used.
const RECENT_MAX: usize = 6;
const RECENT: &str = "categories";

pub(super) fn categories(device: &Device, args: CategoriesArgs) -> Result<Vec<CategoryHit>, Failure> {
    let query = Query::new(&args.text);
    let matcher = query.as_ref().map(Query::matcher);
    device.with_open(|open: &mut Open| {
        let recent = recent(open)?;
        let rank = |code: &str| recent.iter().position(|used| used == code);
        let offered =
            open.lists().categories.iter().filter(|category| !category.parent.is_empty() && !category.retired);
        let mut hits: Vec<((Quality, usize), CategoryHit)> = offered
            .filter_map(|category| {
                let group = open.lists().categories.iter().find(|group| group.code == category.parent);
                let quality = match &matcher {
                    Some(matcher) => quality(matcher, category, group)?,
                    None => Quality::Whole,
                };
                let rank = rank(&category.code);
                Some(((quality, rank.unwrap_or(RECENT_MAX)), hit(category, group, rank.is_some())))
            })
            .collect();
        // Stable: within equals the county's order stays.
        hits.sort_by_key(|(order, _)| *order);
        Ok(hits.into_iter().map(|(_, hit)| hit).collect())
    })
}

fn quality(matcher: &Matcher<'_>, category: &Category, group: Option<&Category>) -> Option<Quality> {
    let own = matcher.quality(&category.name_zh).or_else(|| matcher.quality_of_latin(&category.name_en));
    let by_code = || category.code.starts_with(matcher.text()).then_some(Quality::Start);
    let by_group = || matcher.quality(&group?.name_zh).map(|_| Quality::Elsewhere);
    own.or_else(by_code).or_else(by_group)
}

fn hit(category: &Category, group: Option<&Category>, recent: bool) -> CategoryHit {
    CategoryHit {
        code: category.code.clone(),
        name_zh: category.name_zh.clone(),
        name_en: category.name_en.clone(),
        group_zh: group.map(|group| group.name_zh.clone()).unwrap_or_default(),
        group_en: group.map(|group| group.name_en.clone()).unwrap_or_default(),
        default_severity: category.default_severity.map_or(3, i64::from),
        recent,
    }
}

fn recent(open: &Open) -> Result<Vec<String>, DeviceError> {
    Ok(open.store().remembered(RECENT)?.unwrap_or_default())
}

/// A record was saved: the category that it names, if it names one, is among the first next time. Whoever were told that this was not
/// noted would write the record a second time.
pub(super) fn used(open: &Open, code: Option<&str>) {
    if let Some(code) = code
        && let Err(error) = remember(open, code)
    {
        tracing::warn!(%error, "that the category was used last was not noted");
    }
}

fn remember(open: &Open, code: &str) -> Result<(), DeviceError> {
    let mut codes = recent(open)?;
    codes.retain(|used| used != code);
    codes.insert(0, code.to_owned());
    codes.truncate(RECENT_MAX);
    open.store().remember(RECENT, &codes)
}
