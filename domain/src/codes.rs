//! Code lists of the field: national standards and the county's own lists, read from the data files, never an enum in code.
//!
//! Standard lists (sex GB/T 2261.1, relation GB/T 4761) and the lists that the forms of this product define are fixed here;
//! incident categories and severities are versioned data that the desk edits, so they arrive with [`Lists`].

mod county_lists;
mod form_lists;

use std::collections::BTreeMap;
use std::sync::LazyLock;

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use ts_rs::TS;

use form_lists::{Entry, FORM_LISTS};

use crate::care::CareLevel;
use crate::checklist::Checklist;
use crate::sheet::Sheet;

pub use county_lists::{Holiday, Purpose, publishing_problems};

/// Raised with every member that [`Lists`] or anything in it gets: a phone that stored them before has not kept that member, and loads
/// them once more.
pub const LISTS_SHAPE: u32 = 1;

/// A list that a field's values come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
#[ts(export)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum CodeList {
    /// GB/T 2261.1.
    Sex,
    /// Relation to the householder, GB/T 4761-2008.
    Relation,
    /// 户籍在住 户籍外出 流入 其他.
    Residence,
    /// Identity documents.
    DocumentKind,
    /// How consent was given: oral, paper, statutory duty.
    Consent,
    /// 居民楼 农房 商业 公共.
    BuildingKind,
    /// 自住 出租 空置 商铺.
    DwellingUse,
    /// 综合网格 专属网格 微网格.
    CellKind,
    /// 上门 电话 视频.
    VisitWay,
    /// 见面 无人 拒访 已搬离 代答.
    VisitResult,
    /// The published list of a visit's purposes.
    VisitPurpose,
    /// What a resident asked for during a visit.
    VisitNeed,
    /// 网格员 居民 12345 部门 巡查.
    IncidentSource,
    /// 现场 处置前 处置后 纸质.
    PhotoKind,
    /// approved, returned, corrected, taken back.
    Verdict,
    /// 社区 镇: the level of a review where the county has two.
    ReviewLevel,
    /// Kinds of record that a visit, photo, review or inspection can be about.
    SubjectKind,
    /// The nine kinds of small premises.
    PremisesKind,
    /// Why somebody is looked after.
    CareReason,
    /// A, B, C: how often.
    CareLevel,
    /// The seven steps of an incident, and the draft before them.
    IncidentStage,
    /// What can be done in a step.
    IncidentAction,
    /// Types of disputes, as the ministry's monthly report counts them.
    DisputeType,
    /// 申请 主动 法院 公安 信访 政府.
    DisputeSource,
    /// written, oral, none, ended.
    DisputeOutcome,
    /// What happens in a mediation, in its order.
    DisputeStep,
    /// put right or not.
    RecheckResult,
    /// 滑坡 崩塌 泥石流 …
    HazardKind,
    /// 蓝 黄 橙 红.
    WarningLevel,
    /// The marks of a roll-call.
    RollMark,
    /// Policy, anti-fraud, warning, other.
    NoticeKind,
    /// done, not possible.
    TaskResult,
    /// 满意 基本满意 不满意.
    Satisfaction,
    /// Why somebody at the desk sees a resident's name or number in full.
    LookReason,
}

/// One entry of a code list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Code {
    /// The stored value.
    pub code: String,
    /// Simplified Chinese.
    pub name_zh: String,
    /// English.
    pub name_en: String,
    /// Offered first.
    pub common: bool,
    /// Retired codes stay readable but are not offered.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    #[ts(as = "Option<bool>", optional)]
    pub retired: bool,
}

/// An incident category (事件类别) of the county's list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Category {
    /// Two digits for a group, four for a category that can be reported.
    pub code: String,
    /// The group's code; empty for a group.
    pub parent: String,
    /// Simplified Chinese.
    pub name_zh: String,
    /// English.
    pub name_en: String,
    /// 1 most urgent … 4; none for a group.
    pub default_severity: Option<u8>,
    /// The department that usually answers.
    pub first_handler_zh: String,
    /// Retired categories stay readable but are not offered.
    #[serde(default)]
    pub retired: bool,
}

/// A severity and its deadlines, as the county's table words them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Severity {
    /// 1 most urgent … 4.
    pub level: u8,
    /// Simplified Chinese.
    pub name_zh: String,
    /// English.
    pub name_en: String,
    /// Time to accept, for example `30 min` or `1 workday`.
    pub accept_within: String,
    /// Time until the resident hears something.
    pub feedback_within: String,
    /// Time until closed.
    pub close_within: String,
}

/// A department (部门): a unit of the county that incidents are dispatched to, and that accounts of handlers belong to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Department {
    /// Its code: it stays when the department is renamed.
    pub code: String,
    /// Simplified Chinese.
    pub name_zh: String,
    /// English.
    pub name_en: String,
    /// Retired departments stay readable but are not offered.
    #[serde(default)]
    pub retired: bool,
}

/// The lists that a county edits, with their version: an incident names the version its category was chosen from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Lists {
    /// Grows with every edit.
    pub version: i64,
    /// Groups and categories, in the order to show them.
    pub categories: Vec<Category>,
    /// Severities, most urgent first.
    pub severities: Vec<Severity>,
    /// Sheets that other departments ask for. Lists of an older server have none: the ones that a new server starts with.
    #[serde(default = "initial_sheets")]
    pub sheets: Vec<Sheet>,
    /// How often somebody of a care plan is seen. Lists of an older version have none: theirs are the usual ones.
    #[serde(default)]
    pub care: CareIntervals,
    /// What inspections go through. Lists of before there were any read as those compiled in, so that both sides agree.
    #[serde(default = "crate::checklist::initial")]
    pub checklists: Vec<Checklist>,
    /// What visits are for. Lists of an older version have none: those that a new server starts with.
    #[serde(default = "county_lists::initial_purposes")]
    pub purposes: Vec<Purpose>,
    /// Holidays and the weekend days that are worked in their place. Lists of an older version have none: those compiled in.
    #[serde(default = "county_lists::initial_holidays")]
    pub holidays: Vec<Holiday>,
    /// The departments that incidents are dispatched to. Lists of before there were any read as those compiled in.
    #[serde(default = "initial_departments")]
    pub departments: Vec<Department>,
}

/// The days between two visits of a care plan, by its level.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(default)]
#[ts(export)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct CareIntervals {
    /// Level A.
    pub a: u16,
    /// Level B.
    pub b: u16,
    /// Level C.
    pub c: u16,
}

impl Default for CareIntervals {
    fn default() -> Self {
        Self { a: 7, b: 30, c: 90 }
    }
}

impl CareIntervals {
    /// The days of a level: at least one, whatever somebody typed.
    pub fn days(self, level: CareLevel) -> u16 {
        let days = match level {
            CareLevel::A => self.a,
            CareLevel::B => self.b,
            CareLevel::C => self.c,
        };
        days.max(1)
    }
}

fn initial_departments() -> Vec<Department> {
    rows(include_str!("../data/departments.csv"))
        .map(|row| Department {
            code: row[0].to_owned(),
            name_zh: row[1].to_owned(),
            name_en: row[2].to_owned(),
            retired: false,
        })
        .collect()
}

fn initial_sheets() -> Vec<Sheet> {
    serde_json::from_str(include_str!("../data/sheets.json")).expect("the compiled-in sheets are well formed")
}

impl Lists {
    /// The lists that a new server starts with.
    pub fn initial() -> Self {
        INITIAL.clone()
    }

    /// Names what is in these lists, their number included, in 16 hexadecimal digits: equal lists have equal names, whoever published them.
    pub fn digest(&self) -> String {
        // Asked with every round, and most counties have these: comparing costs a tenth of writing them down.
        if *self == *INITIAL { INITIAL_DIGEST.clone() } else { self.counted_digest() }
    }

    fn counted_digest(&self) -> String {
        // Nothing in lists has a key that JSON cannot write.
        let written = serde_json::to_vec(self).unwrap_or_default();
        Sha256::digest(written)[..8].iter().map(|byte| format!("{byte:02x}")).collect()
    }

    /// The category that can be reported under that code, retired or not.
    pub fn category(&self, code: &str) -> Option<&Category> {
        self.categories.iter().find(|category| category.code == code && !category.parent.is_empty())
    }

    /// The purpose of that code, retired or not.
    pub fn purpose(&self, code: &str) -> Option<&Purpose> {
        self.purposes.iter().find(|purpose| purpose.code == code)
    }

    /// Whether a value is in a list, as this county has it.
    pub fn knows(&self, list: CodeList, value: &str) -> bool {
        if list == CodeList::VisitPurpose { self.purpose(value).is_some() } else { is_code(list, value) }
    }

    /// Every list as this county has it, for handing them to a window in one go.
    pub fn all_codes(&self) -> BTreeMap<CodeList, Vec<Code>> {
        let mut all: BTreeMap<CodeList, Vec<Code>> =
            all_lists().into_iter().map(|(list, codes)| (list, codes.to_vec())).collect();
        all.insert(CodeList::VisitPurpose, self.purposes.iter().map(Code::from).collect());
        all
    }

    /// The Chinese name of a code, as this county calls it; a code that nobody knows is its own name.
    pub fn name_zh(&self, list: CodeList, code: &str) -> String {
        let own =
            if list == CodeList::VisitPurpose { self.purpose(code).map(|known| known.name_zh.clone()) } else { None };
        let fixed = || codes(list).iter().find(|entry| entry.code == code).map(|entry| entry.name_zh.clone());
        own.or_else(fixed).unwrap_or_else(|| code.to_owned())
    }

    /// The department of that code, retired or not.
    pub fn department(&self, code: &str) -> Option<&Department> {
        self.departments.iter().find(|department| department.code == code)
    }

    /// The department of that name, as steps of before there were codes name it.
    pub fn department_named(&self, name: &str) -> Option<&Department> {
        self.departments.iter().find(|department| department.name_zh == name.trim())
    }

    /// The departments that usually answer for a category, as its row words them: `消防救援/派出所消防`, `人社(劳动监察)`.
    pub fn first_departments(&self, category: &str) -> Vec<&Department> {
        let words = self.category(category).map_or("", |category| category.first_handler_zh.as_str());
        let mut found: Vec<&Department> = Vec::new();
        for word in words.split('/').map(str::trim).filter(|word| !word.is_empty()) {
            let bare = word.split(['(', '（']).next().unwrap_or(word);
            let mut offered = self.departments.iter().filter(|department| !department.retired);
            // A name as it stands goes before one that only begins like it: 村(社区) is not 村卫生室.
            let exactly = offered.clone().find(|department| department.name_zh == word);
            let begins = |name: &str| name.starts_with(bare) || bare.starts_with(name);
            let meant = exactly.or_else(|| offered.find(|department| begins(&department.name_zh)));
            found.extend(meant.filter(|meant| found.iter().all(|known| known.code != meant.code)));
        }
        found
    }

    /// The checklist of that code.
    pub fn checklist(&self, code: &str) -> Option<&Checklist> {
        self.checklists.iter().find(|checklist| checklist.code == code)
    }
}

/// The entries of a code list, in the order to show them.
pub fn codes(list: CodeList) -> &'static [Code] {
    match list {
        CodeList::Sex => &SEX,
        CodeList::Relation => &RELATION,
        CodeList::DisputeType => &DISPUTE_TYPE,
        other => {
            let index = FORM_LISTS.iter().position(|(name, _)| *name == other);
            index.map_or(&[], |index| FORM_CODES[index].as_slice())
        }
    }
}

/// Every list, for handing them to a window in one go.
pub fn all_lists() -> Vec<(CodeList, &'static [Code])> {
    let fixed = [CodeList::Sex, CodeList::Relation, CodeList::DisputeType];
    fixed.into_iter().chain(FORM_LISTS.iter().map(|(list, _)| *list)).map(|list| (list, codes(list))).collect()
}

/// Whether a value is in a list.
pub fn is_code(list: CodeList, value: &str) -> bool {
    codes(list).iter().any(|code| code.code == value)
}

static FORM_CODES: LazyLock<Vec<Vec<Code>>> = LazyLock::new(|| {
    let code = |&(code, zh, en): &Entry| Code {
        code: code.into(),
        name_zh: zh.into(),
        name_en: en.into(),
        common: true,
        retired: false,
    };
    FORM_LISTS.iter().map(|(_, entries)| entries.iter().map(code).collect()).collect()
});

static SEX: LazyLock<Vec<Code>> = LazyLock::new(|| {
    let english = [("0", "unknown"), ("1", "male"), ("2", "female"), ("9", "not stated")];
    rows(include_str!("../data/code_sex_gbt2261_1.csv"))
        .map(|row| Code {
            name_en: english
                .iter()
                .find(|(code, _)| *code == &row[0])
                .map_or(row[1].to_owned(), |(_, en)| (*en).to_owned()),
            code: row[0].to_owned(),
            name_zh: row[1].to_owned(),
            common: matches!(&row[0], "1" | "2"),
            retired: false,
        })
        .collect()
});

/// English names of the relations that are shown first; the standard itself has none.
const RELATION_EN: &[(&str, &str)] = &[
    ("02", "householder"),
    ("10", "spouse"),
    ("20", "son"),
    ("28", "son-in-law"),
    ("30", "daughter"),
    ("38", "daughter-in-law"),
    ("41", "grandson (son's side)"),
    ("42", "granddaughter (son's side)"),
    ("43", "grandson (daughter's side)"),
    ("44", "granddaughter (daughter's side)"),
    ("51", "father"),
    ("52", "mother"),
    ("55", "wife's father"),
    ("56", "wife's mother"),
    ("61", "grandfather"),
    ("62", "grandmother"),
    ("99", "not related"),
];

static RELATION: LazyLock<Vec<Code>> = LazyLock::new(|| {
    rows(include_str!("../data/code_relationship_gbt4761_2008.csv"))
        .map(|row| Code {
            name_en: RELATION_EN
                .iter()
                .find(|(code, _)| *code == &row[0])
                .map_or(row[1].to_owned(), |(_, en)| (*en).to_owned()),
            code: row[0].to_owned(),
            name_zh: row[1].to_owned(),
            common: &row[2] == "y",
            retired: false,
        })
        .collect()
});

static DISPUTE_TYPE: LazyLock<Vec<Code>> = LazyLock::new(|| {
    let common = ["01", "02", "03", "04", "06", "10", "14"];
    rows(include_str!("../data/dispute_types_moj_monthly.csv"))
        .map(|row| Code {
            code: row[0].to_owned(),
            name_zh: row[1].to_owned(),
            name_en: row[2].to_owned(),
            common: common.contains(&&row[0]),
            retired: false,
        })
        .collect()
});

static INITIAL_DIGEST: LazyLock<String> = LazyLock::new(|| INITIAL.counted_digest());

static INITIAL: LazyLock<Lists> = LazyLock::new(|| {
    let categories = rows(include_str!("../data/incident_categories.csv"))
        .map(|row| Category {
            code: row[0].to_owned(),
            parent: row[1].to_owned(),
            name_zh: row[2].to_owned(),
            name_en: row[3].to_owned(),
            default_severity: row[4].parse().ok(),
            first_handler_zh: row[5].to_owned(),
            retired: false,
        })
        .collect();
    let english = ["most urgent", "urgent", "ordinary", "difficult or a suggestion"];
    let severities = rows(include_str!("../data/severity_deadlines.csv"))
        .zip(english)
        .map(|(row, english)| Severity {
            level: row[0].parse().expect("the severity table's first column is a number"),
            name_zh: row[1].to_owned(),
            name_en: english.to_owned(),
            accept_within: row[2].to_owned(),
            feedback_within: row[3].to_owned(),
            close_within: row[4].to_owned(),
        })
        .collect();
    Lists {
        version: 1,
        categories,
        severities,
        sheets: initial_sheets(),
        care: CareIntervals::default(),
        checklists: crate::checklist::initial(),
        purposes: county_lists::initial_purposes(),
        holidays: county_lists::initial_holidays(),
        departments: initial_departments(),
    }
});

/// The rows of one of the data files compiled in, without the header. They are well formed: the tests read them all.
pub(crate) fn rows(text: &'static str) -> impl Iterator<Item = csv::StringRecord> {
    csv::Reader::from_reader(text.as_bytes())
        .into_records()
        .map(|row| row.expect("compiled-in code lists are well formed"))
}

#[cfg(test)]
mod tests;
