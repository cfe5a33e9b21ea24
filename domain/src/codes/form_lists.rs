//! The lists that the forms of this product define, word for word.

use super::CodeList;

/// code, Chinese, English.
pub(super) type Entry = (&'static str, &'static str, &'static str);

/// The lists, each with its entries in the order to show them.
pub(super) const FORM_LISTS: &[(CodeList, &[Entry])] = &[
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
    (
        CodeList::Verdict,
        &[
            ("approved", "通过", "approved"),
            ("returned", "退回", "returned"),
            ("corrected", "更正", "corrected"),
            ("taken_back", "撤回审核", "review taken back"),
        ],
    ),
    (CodeList::ReviewLevel, &[("community", "社区", "community"), ("town", "镇街", "town")]),
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
