//! Code lists of the field: national standards and the county's own lists, read from the data files, never an enum in code.
//!
//! Standard lists (sex GB/T 2261.1, relation GB/T 4761) and the lists that the forms of this product define are fixed here;
//! incident categories and severities are versioned data that the desk edits, so they arrive with [`Lists`].

use std::sync::LazyLock;

use serde::{Deserialize, Serialize};
use ts_rs::TS;

use crate::care::CareLevel;
use crate::checklist::Checklist;
use crate::sheet::Sheet;

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
    /// approved, returned.
    Verdict,
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

fn initial_sheets() -> Vec<Sheet> {
    serde_json::from_str(include_str!("../data/sheets.json")).expect("the compiled-in sheets are well formed")
}

impl Lists {
    /// The lists that a new server starts with.
    pub fn initial() -> Self {
        INITIAL.clone()
    }

    /// The category that can be reported under that code, retired or not.
    pub fn category(&self, code: &str) -> Option<&Category> {
        self.categories.iter().find(|category| category.code == code && !category.parent.is_empty())
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

/// code, Chinese, English.
type Entry = (&'static str, &'static str, &'static str);

const FORM_LISTS: &[(CodeList, &[Entry])] = &[
    (
        CodeList::Residence,
        &[
            ("resident", "户籍在住", "registered and living here"),
            ("away", "户籍外出", "registered, living elsewhere"),
            ("inflow", "流入", "living here, registered elsewhere"),
            ("other", "其他", "other"),
        ],
    ),
    (
        CodeList::DocumentKind,
        &[
            ("id_card", "居民身份证", "identity card"),
            ("passport", "护照", "passport"),
            ("permanent_residence", "永久居留证", "permanent-residence card"),
            ("none", "无证件", "none"),
        ],
    ),
    (
        CodeList::Consent,
        &[("oral", "口头同意", "oral"), ("paper", "书面同意", "on paper"), ("statutory", "法定职责", "statutory duty")],
    ),
    (
        CodeList::BuildingKind,
        &[
            ("residential", "居民楼", "residential"),
            ("farmhouse", "农房", "farmhouse"),
            ("commercial", "商业", "commercial"),
            ("public", "公共", "public"),
        ],
    ),
    (
        CodeList::DwellingUse,
        &[
            ("own", "自住", "lived in by the owner"),
            ("let", "出租", "let"),
            ("vacant", "空置", "vacant"),
            ("shop", "商铺", "shop"),
        ],
    ),
    (
        CodeList::CellKind,
        &[("general", "综合网格", "general"), ("dedicated", "专属网格", "dedicated"), ("micro", "微网格", "micro")],
    ),
    (
        CodeList::VisitWay,
        &[("door", "上门", "at the door"), ("phone", "电话", "by phone"), ("video", "视频", "by video")],
    ),
    (
        CodeList::VisitResult,
        &[
            ("met", "见面", "met"),
            ("absent", "无人", "nobody home"),
            ("refused", "拒访", "declined"),
            ("moved", "已搬离", "moved away"),
            ("proxy", "代答", "answered by another"),
        ],
    ),
    (
        CodeList::VisitPurpose,
        &[
            ("register", "信息核对", "checking the register"),
            ("care", "关爱探访", "care visit"),
            ("safety", "安全提醒", "safety advice"),
            ("fraud", "反诈宣传", "fraud prevention"),
            ("policy", "政策告知", "telling about a policy"),
            ("errand", "代办帮办", "errand"),
            ("mediation", "矛盾调解", "mediation"),
            ("warning", "预警叫应", "warning"),
            ("follow_up", "回访", "follow-up"),
        ],
    ),
    (
        CodeList::VisitNeed,
        &[
            ("errand", "代办", "errand"),
            ("medical", "就医", "medical"),
            ("hardship", "困难救助", "hardship relief"),
            ("care", "照料", "care"),
            ("repair", "维修", "repair"),
            ("job", "就业社保", "job or social insurance"),
            ("dispute", "调解", "mediation"),
            ("other", "其他", "other"),
        ],
    ),
    (
        CodeList::IncidentSource,
        &[
            ("worker", "网格员", "grid worker"),
            ("resident", "居民", "resident"),
            ("hotline", "12345", "hotline 12345"),
            ("department", "部门", "department"),
            ("patrol", "巡查", "patrol"),
        ],
    ),
    (
        CodeList::PhotoKind,
        &[
            ("scene", "现场", "on the spot"),
            ("before", "处置前", "before"),
            ("after", "处置后", "after"),
            ("paper", "纸质", "paper"),
        ],
    ),
    (CodeList::Verdict, &[("approved", "通过", "approved"), ("returned", "退回", "returned")]),
    (
        CodeList::SubjectKind,
        &[
            ("building", "楼栋", "building"),
            ("dwelling", "房屋", "dwelling"),
            ("household", "户", "household"),
            ("person", "居民", "person"),
            ("visit", "走访", "visit"),
            ("incident", "事件", "incident"),
            ("premises", "九小场所", "small premises"),
            ("dispute", "矛盾纠纷", "dispute"),
            ("inspection", "排查", "inspection"),
            ("recheck", "复查", "re-check"),
            ("hazard_point", "隐患点", "hazard point"),
            ("incident_step", "事件环节", "step of an incident"),
            ("care_plan", "关爱计划", "care plan"),
            ("tenancy", "租住", "tenancy"),
            ("threatened_household", "受威胁户", "threatened household"),
        ],
    ),
    (
        CodeList::PremisesKind,
        &[
            ("school", "小学校、幼儿园", "small school or nursery"),
            ("clinic", "小医院", "small clinic"),
            ("shop", "小商店", "small shop"),
            ("restaurant", "小餐饮", "small restaurant"),
            ("hotel", "小旅馆", "small hotel"),
            ("entertainment", "小歌舞娱乐", "small place of entertainment"),
            ("internet", "小网吧", "small internet café"),
            ("beauty", "小美容洗浴", "small beauty or bath house"),
            ("workshop", "小生产加工", "small workshop"),
        ],
    ),
    (
        CodeList::CareReason,
        &[
            ("alone", "独居", "lives alone"),
            ("empty_nest", "空巢", "children live elsewhere"),
            ("left_behind", "留守", "left behind"),
            ("disabled", "失能", "cannot look after themselves"),
            ("severe_disability", "重残", "severe disability"),
            ("child", "困境儿童", "child in hardship"),
            ("low_income", "低保", "subsistence allowance"),
            ("extreme_hardship", "特困", "extreme hardship"),
            ("maternity", "孕产", "before and after a birth"),
            ("other", "其他", "other"),
        ],
    ),
    (CodeList::CareLevel, &[("a", "A 级", "level A"), ("b", "B 级", "level B"), ("c", "C 级", "level C")]),
    (
        CodeList::IncidentStage,
        &[
            ("draft", "草稿", "draft"),
            ("accept", "一门受理", "accept"),
            ("dispatch", "一体派发", "dispatch"),
            ("handle", "分类处置", "handle"),
            ("coordinate", "协调联动", "coordinate"),
            ("verify", "复核回访", "verify"),
            ("supervise", "督办问效", "supervise"),
            ("close", "办结归档", "close"),
        ],
    ),
    (
        CodeList::IncidentAction,
        &[
            ("report", "上报", "report"),
            ("solve", "自办即结", "solved on the spot"),
            ("accept", "受理", "accept"),
            ("return", "退回", "return"),
            ("merge", "并案", "merge with a duplicate"),
            ("decline", "不予受理", "not ours"),
            ("dispatch", "派发", "dispatch"),
            ("sign", "签收", "sign for"),
            ("refuse", "退单", "refuse"),
            ("result", "反馈结果", "result"),
            ("ask_extension", "申请延期", "ask for an extension"),
            ("extend", "同意延期", "grant an extension"),
            ("deny_extension", "不同意延期", "deny an extension"),
            ("whistle", "吹哨", "call other departments"),
            ("arrive", "报到", "answer the call"),
            ("pass", "复核通过", "check passed"),
            ("fail", "复核未通过", "check not passed"),
            ("urge", "催办", "urge"),
            ("supervise", "督办", "supervise"),
            ("rate", "评价部门", "rate the department"),
            ("reopen", "重新办理", "reopen"),
            ("close", "办结归档", "close"),
        ],
    ),
    (
        CodeList::DisputeSource,
        &[
            ("applied", "当事人申请", "applied for by a party"),
            ("active", "主动调解", "mediated without being asked"),
            ("court", "法院委托", "sent by a court"),
            ("police", "公安移交", "sent by the police"),
            ("petition", "信访移交", "sent by the petitions office"),
            ("government", "政府移交", "sent by the government"),
        ],
    ),
    (
        CodeList::DisputeOutcome,
        &[
            ("written", "达成书面协议", "written agreement"),
            ("oral", "达成口头协议", "oral agreement"),
            ("none", "未达成协议", "no agreement"),
            ("ended", "终止调解", "mediation ended"),
        ],
    ),
    (
        CodeList::DisputeStep,
        &[
            ("application", "调解申请", "application"),
            ("rights", "权利义务告知", "notice of rights"),
            ("investigation", "调查", "investigation"),
            ("mediation", "调解", "mediation"),
            ("agreement", "签订协议", "agreement signed"),
            ("performance", "履行", "performance"),
            ("follow_up", "回访", "follow-up"),
            ("extension", "延长期限", "extension"),
        ],
    ),
    (
        CodeList::RecheckResult,
        &[
            ("fixed", "已整改", "put right"),
            ("not_fixed", "未整改", "not put right"),
            ("reported", "已转为事件", "reported as an incident"),
        ],
    ),
    (
        CodeList::HazardKind,
        &[
            ("landslide", "滑坡", "landslide"),
            ("rockfall", "崩塌", "rockfall"),
            ("debris_flow", "泥石流", "debris flow"),
            ("flash_flood", "山洪", "flash flood"),
            ("waterlogging", "内涝", "waterlogging"),
            ("reservoir", "水库", "reservoir"),
            ("tailings", "尾矿库", "tailings pond"),
            ("unsafe_house", "危房", "unsafe house"),
            ("forest_fire", "森林火险", "forest fire"),
        ],
    ),
    (
        CodeList::WarningLevel,
        &[("blue", "蓝色", "blue"), ("yellow", "黄色", "yellow"), ("orange", "橙色", "orange"), ("red", "红色", "red")],
    ),
    (
        CodeList::RollMark,
        &[
            ("not_contacted", "未联系", "not contacted"),
            ("called", "已叫应", "answered the call"),
            ("moved_shelter", "已转移（集中）", "moved to the shelter"),
            ("moved_family", "已转移（投亲）", "moved to family"),
            ("away", "外出不在", "away"),
            ("refused", "拒绝", "refused"),
            ("missing", "失联", "missing"),
            ("returned", "已返回", "went back"),
        ],
    ),
    (
        CodeList::NoticeKind,
        &[
            ("policy", "政策", "policy"),
            ("fraud", "反诈", "fraud prevention"),
            ("warning", "预警", "warning"),
            ("other", "其他", "other"),
        ],
    ),
    (CodeList::TaskResult, &[("done", "已完成", "done"), ("not_possible", "无法完成", "could not be done")]),
    (
        CodeList::Satisfaction,
        &[
            ("satisfied", "满意", "satisfied"),
            ("fairly", "基本满意", "fairly satisfied"),
            ("dissatisfied", "不满意", "not satisfied"),
        ],
    ),
];

static FORM_CODES: LazyLock<Vec<Vec<Code>>> = LazyLock::new(|| {
    let code =
        |&(code, zh, en): &Entry| Code { code: code.into(), name_zh: zh.into(), name_en: en.into(), common: true };
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
        })
        .collect()
});

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
