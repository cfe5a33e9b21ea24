//! Checklists: what an inspection goes through at a place. Versioned with the county's lists, edited at the desk, never in code.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use serde::{Deserialize, Serialize};
use ts_rs::TS;

/// A checklist.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Checklist {
    /// Its name in records.
    pub code: String,
    /// Simplified Chinese.
    pub title_zh: String,
    /// English.
    pub title_en: String,
    /// The kinds of places that it is for.
    pub subjects: Vec<String>,
    /// The incident category that its hazards are reported under.
    pub category: String,
    /// What is looked at, in this order.
    pub items: Vec<ChecklistItem>,
    /// Retired checklists stay readable but nobody goes through them any more.
    #[serde(default)]
    pub retired: bool,
}

/// An item of a checklist.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ChecklistItem {
    /// Its name in records.
    pub id: String,
    /// Simplified Chinese.
    pub text_zh: String,
    /// English.
    pub text_en: String,
    /// What is asked.
    #[serde(flatten)]
    pub asks: ItemType,
    /// How urgent it is when it is not as it should be; none: ordinary.
    pub severity: Option<u8>,
    /// The incident category that its hazard is reported under, where it is another than the checklist's.
    pub category: Option<String>,
    /// Retired items stay readable in inspections of before but are not asked.
    #[serde(default)]
    pub retired: bool,
}

/// What an item asks for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(tag = "type", rename_all = "snake_case")]
#[ts(export)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum ItemType {
    /// 符合 不符合 不适用.
    OkBadNa,
    /// One of these words.
    Enum {
        /// The words.
        values: Vec<String>,
    },
    /// A whole number.
    Int,
    /// A year.
    Year,
}

/// Urgency of a hazard whose item does not say: ordinary.
pub const SEVERITY_USUAL: u8 = 3;

impl Checklist {
    /// The item of that name.
    pub fn item(&self, id: &str) -> Option<&ChecklistItem> {
        self.items.iter().find(|item| item.id == id)
    }

    /// The incident category that an item's hazard is reported under.
    pub fn category_of(&self, item: &str) -> &str {
        self.item(item).and_then(|item| item.category.as_deref()).unwrap_or(&self.category)
    }

    /// The items that are asked.
    pub fn asked(&self) -> impl Iterator<Item = &ChecklistItem> + Clone {
        self.items.iter().filter(|item| !item.retired)
    }

    /// The checklist without the items that are not asked any more: for a new inspection.
    pub fn as_asked(&self) -> Checklist {
        Checklist { items: self.asked().cloned().collect(), ..self.clone() }
    }

    /// Whether places of this kind are gone through by it.
    pub fn is_for(&self, kind: &str) -> bool {
        !self.retired && self.subjects.iter().any(|subject| subject == kind)
    }
}

/// The checklists that a new server starts with.
pub fn initial() -> Vec<Checklist> {
    INITIAL.clone()
}

/// The data file as it is written: drafts that the county confirms.
#[derive(Deserialize)]
struct Draft {
    title: String,
    #[serde(default)]
    title_en: String,
    subjects: Vec<String>,
    category: String,
    items: Vec<DraftItem>,
}

#[derive(Deserialize)]
struct DraftItem {
    id: String,
    text: String,
    #[serde(default)]
    text_en: String,
    #[serde(flatten)]
    asks: ItemType,
    severity: Option<u8>,
    category: Option<String>,
}

static INITIAL: LazyLock<Vec<Checklist>> = LazyLock::new(|| {
    let mut written: BTreeMap<String, serde_json::Value> =
        serde_json::from_str(include_str!("../data/checklists.json")).expect("the compiled-in checklists are JSON");
    written.remove("note");
    written
        .into_iter()
        .map(|(code, draft)| {
            let draft: Draft = serde_json::from_value(draft).expect("the compiled-in checklists are well formed");
            let item = |item: DraftItem| ChecklistItem {
                id: item.id,
                text_zh: item.text,
                text_en: item.text_en,
                asks: item.asks,
                severity: item.severity,
                category: item.category,
                retired: false,
            };
            Checklist {
                code,
                title_zh: draft.title,
                title_en: draft.title_en,
                subjects: draft.subjects,
                category: draft.category,
                items: draft.items.into_iter().map(item).collect(),
                retired: false,
            }
        })
        .collect()
});

#[cfg(test)]
mod tests {
    use super::*;
    use crate::codes::{CodeList, Lists, is_code};
    use crate::kinds::inspection::ITEMS_MAX;

    #[test]
    fn every_checklist_is_for_places_that_can_be_inspected_and_its_items_have_names_of_their_own() {
        assert_eq!(initial().len(), 4);
        let lists = Lists::initial();
        for checklist in initial() {
            assert!(!checklist.title_zh.is_empty() && !checklist.title_en.is_empty());
            assert!(checklist.subjects.iter().all(|kind| is_code(CodeList::SubjectKind, kind)), "{}", checklist.code);
            assert!((1..=ITEMS_MAX).contains(&checklist.items.len()));
            for item in &checklist.items {
                assert_eq!(checklist.items.iter().filter(|other| other.id == item.id).count(), 1, "{}", item.id);
                assert!(!item.text_zh.is_empty() && !item.text_en.is_empty());
                assert!(lists.category(checklist.category_of(&item.id)).is_some(), "{}", item.id);
                assert!(item.severity.is_none_or(|severity| (1..=4).contains(&severity)));
            }
        }
    }

    #[test]
    fn lists_of_before_there_were_checklists_read_as_those_compiled_in() {
        let mut old = serde_json::to_value(Lists::initial()).unwrap();
        old.as_object_mut().unwrap().remove("checklists");
        let read: Lists = serde_json::from_value(old).unwrap();
        assert_eq!(read, Lists::initial());
        let whole: Lists = serde_json::from_str(&serde_json::to_string(&read).unwrap()).unwrap();
        assert_eq!(whole, read);
    }
}
