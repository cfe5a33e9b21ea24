//! What a report on paper or in a workbook says in Chinese: the words of the desk's own language files, and the names of codes.

use std::sync::LazyLock;

use domain::checklist::Checklist;
use domain::codes::{CodeList, Lists, codes};
use domain::report::{Figure, FigureValue, Names};
use serde_json::Value;

use super::{PlaceReport, ReportPage};

/// The very file that the page reads, so that page, workbook and paper use the same words.
static WORDS: LazyLock<Value> = LazyLock::new(|| {
    serde_json::from_str(include_str!("../../../../../ui/src/shared/i18n/zh/desk/month.json"))
        .expect("the language files are checked when they are written")
});

/// What the page has no place for: heads of the workbook, and the mark across a demonstration's paper.
const OF_FILES: [(&str, &str); 5] = [
    ("sheet.figures", "指标"),
    ("column.section", "类别"),
    ("column.code", "分类"),
    ("column.code_of_place", "区划代码"),
    ("demo", "演示数据"),
];

/// A text of the page's section, by its path; the path itself when a newer report names what this version has no words for.
pub(super) fn word(path: &str) -> String {
    if let Some((_, text)) = OF_FILES.iter().find(|(name, _)| *name == path) {
        return (*text).to_owned();
    }
    let found = path.split('.').try_fold(&*WORDS, |at, name| at.get(name));
    found.and_then(Value::as_str).unwrap_or(path).to_owned()
}

/// A text with its places filled.
pub(super) fn filled(path: &str, values: &[(&str, &str)]) -> String {
    values.iter().fold(word(path), |text, (name, value)| text.replace(&format!("{{{name}}}"), value))
}

/// What a code is called.
pub(super) fn code_name(names: Option<Names>, code: &str, lists: &Lists) -> String {
    let listed = |list| codes(list).iter().find(|entry| entry.code == code).map(|entry| entry.name_zh.clone());
    let found = match names {
        Some(Names::VisitResult) => listed(CodeList::VisitResult),
        Some(Names::CareLevel) => listed(CodeList::CareLevel),
        Some(Names::Satisfaction) => listed(CodeList::Satisfaction),
        Some(Names::DisputeType) => listed(CodeList::DisputeType),
        Some(Names::DisputeSource) => listed(CodeList::DisputeSource),
        Some(Names::RecheckResult) => listed(CodeList::RecheckResult),
        Some(Names::HazardKind) => listed(CodeList::HazardKind),
        Some(Names::Category) => {
            lists.categories.iter().find(|category| category.code == code).map(|category| category.name_zh.clone())
        }
        Some(Names::Checklist) => {
            let titled = |list: &&Checklist| list.code == code;
            lists.checklists.iter().find(titled).map(|list| list.title_zh.clone())
        }
        Some(Names::Severity) => Some(filled("severity", &[("level", code)])),
        Some(Names::Drill) => Some(word(&format!("drill.{code}"))),
        None => None,
    };
    found.unwrap_or_else(|| if code.is_empty() { word("unsaid") } else { code.to_owned() })
}

/// The figure of a place; none when it is nought.
pub(super) fn figure<'p>(place: &'p [Figure], key: &str, code: Option<&str>) -> Option<&'p FigureValue> {
    place.iter().find(|figure| figure.key == key && figure.code.as_deref() == code).map(|figure| &figure.value)
}

/// A figure as people read it.
pub(super) fn text(value: Option<&FigureValue>) -> String {
    match value {
        None => "0".to_owned(),
        Some(FigureValue::Count { n }) => n.to_string(),
        Some(FigureValue::Share { part, whole, permille }) => match permille {
            Some(permille) => format!("{}.{} %（{part}/{whole}）", permille / 10, permille % 10),
            None => format!("{part}/{whole}"),
        },
        Some(FigureValue::Yuan { amount }) => filled("yuan", &[("amount", amount)]),
        Some(FigureValue::Days { tenths }) => filled("days", &[("days", &format!("{}.{}", tenths / 10, tenths % 10))]),
    }
}

/// A line of the report: a figure, or one of its codes.
pub(super) struct Line<'p> {
    pub(super) section: String,
    pub(super) name: String,
    /// What the code is called.
    pub(super) code: Option<String>,
    pub(super) value: Option<&'p FigureValue>,
    /// None: it says how things stand, and nobody knows how they stood before.
    pub(super) before: Option<Option<&'p FigureValue>>,
    pub(super) formula: String,
}

/// All lines of a place, in the order of the figures.
pub(super) fn lines<'p>(page: &'p ReportPage, place: &'p PlaceReport, lists: &Lists) -> Vec<Line<'p>> {
    let mut found = Vec::new();
    for rule in &page.rules {
        let spec = domain::report::spec(&rule.key);
        let known_before = !spec.is_some_and(|spec| spec.stock);
        let mut codes: Vec<Option<&str>> = vec![None];
        let named = place.figures.iter().chain(&place.before).filter(|figure| figure.key == rule.key);
        let mut of_codes: Vec<&str> = named.filter_map(|figure| figure.code.as_deref()).collect();
        of_codes.sort_unstable();
        of_codes.dedup();
        codes.extend(of_codes.into_iter().map(Some));
        for code in codes {
            found.push(Line {
                section: word(&format!("section.{}", name_of(rule.section))),
                name: word(&format!("figure.{}", rule.key)),
                code: code.map(|code| code_name(rule.by, code, lists)),
                value: figure(&place.figures, &rule.key, code),
                before: known_before.then(|| figure(&place.before, &rule.key, code)),
                formula: if code.is_none() { word(&format!("formula.{}", rule.formula)) } else { String::new() },
            });
        }
    }
    found
}

/// A section's name in the language files.
pub(super) fn name_of(section: domain::report::Section) -> String {
    serde_json::to_value(section).ok().and_then(|value| value.as_str().map(str::to_owned)).unwrap_or_default()
}

/// From which day to which.
pub(super) fn period(page: &ReportPage) -> String {
    let (first, last) = (page.report.first.to_string(), page.report.last.to_string());
    filled("from_to", &[("first", &first), ("last", &last)])
}

/// Which versions of the records it counts.
pub(super) fn reading(page: &ReportPage) -> String {
    word(if page.report.official { "reading.approved" } else { "reading.present" })
}

/// By whom, when, by which rules.
pub(super) fn made(page: &ReportPage) -> String {
    let at = domain::sheet::moment_text(page.report.made_at);
    let by = page.report.made_by.clone().unwrap_or_else(|| word("by_server"));
    let (version, rules) = (page.report.version.to_string(), page.report.rules.to_string());
    filled("made", &[("at", &at), ("by", &by), ("version", &version), ("rules", &rules)])
}
