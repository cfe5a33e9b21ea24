//! How counts become the figures of a report: one table, with the rule of each figure as a sentence that is shown with it.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

use super::{Counts, What};
use crate::month::yuan;

/// Under which heading a figure stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
#[ts(export)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum Section {
    /// 户籍底数.
    Register,
    /// 走访.
    Visits,
    /// 关爱探访.
    Care,
    /// 事件.
    Incidents,
    /// 群众评价.
    Satisfaction,
    /// 矛盾纠纷.
    Disputes,
    /// 安全排查.
    Inspections,
    /// 通知告知.
    Notices,
    /// 隐患点与避险.
    HazardPoints,
}

/// Where the names of a figure's codes stand.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
#[ts(export)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum Names {
    /// In the code list of visits' results.
    VisitResult,
    /// In the code list of care levels.
    CareLevel,
    /// Among the county's categories.
    Category,
    /// In the code list of satisfaction.
    Satisfaction,
    /// In the code list of dispute types.
    DisputeType,
    /// In the code list of dispute sources.
    DisputeSource,
    /// Among the county's checklists.
    Checklist,
    /// 1 to 4.
    Severity,
    /// In the code list of re-checks' results.
    RecheckResult,
    /// In the code list of hazard kinds.
    HazardKind,
    /// An exercise or not.
    Drill,
}

/// How a figure is computed from sums.
#[derive(Debug, Clone, Copy)]
enum Rule {
    Sum(What),
    /// Of several parts, the sum.
    Sums(&'static [(What, &'static str)]),
    Share(&'static [(What, &'static str)], &'static [What]),
    Yuan(What),
    Median(What),
}

/// A figure, and by which rule it is made.
#[derive(Debug, Clone, Copy)]
pub struct FigureSpec {
    /// Its name.
    pub key: &'static str,
    /// Where it stands.
    pub section: Section,
    /// The sentence that says its rule, in the language files. A rule that changes gets a new sentence; frozen reports name theirs.
    pub formula: &'static str,
    /// It is also given by code.
    pub by: Option<Names>,
    /// It says how things stood when the report was made, not what happened in the period.
    pub stock: bool,
    rule: Rule,
}

/// What a figure says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(tag = "of", rename_all = "snake_case")]
#[ts(export)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum FigureValue {
    /// How many.
    Count {
        /// The number.
        #[ts(type = "number")]
        n: i64,
    },
    /// A part of a whole.
    Share {
        /// The part.
        #[ts(type = "number")]
        part: i64,
        /// The whole.
        #[ts(type = "number")]
        whole: i64,
        /// In thousandths; none where the whole is so small that a rate would say more than there is.
        #[ts(type = "number | null")]
        permille: Option<i64>,
    },
    /// An amount of money: text with two decimals.
    Yuan {
        /// The amount.
        amount: String,
    },
    /// The median of a duration.
    Days {
        /// In tenths of a day.
        #[ts(type = "number")]
        tenths: i64,
    },
}

impl FigureValue {
    /// Whether it says that there was nothing.
    pub fn is_nought(&self) -> bool {
        match self {
            FigureValue::Count { n } => *n == 0,
            FigureValue::Share { part, whole, .. } => *part == 0 && *whole == 0,
            FigureValue::Yuan { amount } => amount == "0.00",
            FigureValue::Days { tenths } => *tenths == 0,
        }
    }
}

/// One figure of a report.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Figure {
    /// Which.
    pub key: String,
    /// Of which code; none for the whole.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(type = "string | null")]
    pub code: Option<String>,
    /// What it says.
    pub value: FigureValue,
}

/// Rates of fewer than this are not given: two of three are no 66.7 %.
pub const SHARE_LEAST: i64 = 10;

/// A share in thousandths, rounded to the nearest, but neither up to the whole nor down to nothing: 1,017 of 1,018 are 99.9 %, never
/// 100 %.
pub fn permille(part: i64, whole: i64) -> Option<i64> {
    if whole <= 0 || part < 0 {
        return None;
    }
    let (part, whole) = (i128::from(part), i128::from(whole));
    let nearest = (part * 2000 + whole) / (whole * 2);
    let honest = match nearest {
        1000.. if part < whole => 999,
        0 if part > 0 => 1,
        other => other,
    };
    i64::try_from(honest).ok()
}

const fn figure(key: &'static str, section: Section, rule: Rule, by: Option<Names>) -> FigureSpec {
    let stock = match rule {
        Rule::Sum(what) => matches!(
            what,
            What::Household | What::Resident | What::HazardPoint | What::Threatened | What::PeopleThreatened
        ),
        _ => false,
    };
    FigureSpec { key, section, formula: key, by, stock, rule }
}

use Names as N;
use Rule::{Median, Share, Sum, Sums, Yuan};
use Section::{Care, Disputes, HazardPoints, Incidents, Inspections, Notices, Register, Satisfaction, Visits};

/// The figures of a report, in their order.
pub const FIGURES: &[FigureSpec] = &[
    figure("households", Register, Sum(What::Household), None),
    figure("residents", Register, Sum(What::Resident), None),
    figure("registered", Register, Sum(What::Registered), None),
    figure("moved_out", Register, Sum(What::MovedOut), None),
    figure("died", Register, Sum(What::Died), None),
    figure("visits", Visits, Sum(What::Visit), Some(N::VisitResult)),
    figure("care_due", Care, Sum(What::CareDue), Some(N::CareLevel)),
    figure("care_done", Care, Sum(What::CareDone), Some(N::CareLevel)),
    figure("care_rate", Care, Share(&[(What::CareDone, "")], &[What::CareDue]), None),
    figure("incidents", Incidents, Sum(What::Incident), Some(N::Category)),
    figure("incidents_closed", Incidents, Sum(What::IncidentClosed), Some(N::Category)),
    figure("incidents_on_time", Incidents, Sum(What::IncidentOnTime), Some(N::Category)),
    figure("on_time_rate", Incidents, Share(&[(What::IncidentOnTime, "")], &[What::IncidentClosed]), None),
    figure("median_days", Incidents, Median(What::IncidentDays), Some(N::Category)),
    figure("reopened", Incidents, Sum(What::IncidentReopened), Some(N::Category)),
    figure("called_back", Satisfaction, Sums(&[(What::Reached, ""), (What::NotReached, "")]), None),
    figure("reached", Satisfaction, Sum(What::Reached), Some(N::Satisfaction)),
    figure(
        "satisfied_rate",
        Satisfaction,
        Share(&[(What::Reached, "satisfied"), (What::Reached, "fairly")], &[What::Reached]),
        None,
    ),
    figure("disputes", Disputes, Sum(What::Dispute), Some(N::DisputeType)),
    figure("disputes_by_source", Disputes, Sum(What::DisputeSource), Some(N::DisputeSource)),
    figure("disputes_settled", Disputes, Sum(What::DisputeSettled), Some(N::DisputeType)),
    figure("settled_by_source", Disputes, Sum(What::DisputeSettledSource), Some(N::DisputeSource)),
    figure("settled_rate", Disputes, Share(&[(What::DisputeSettled, "")], &[What::Dispute]), None),
    figure("dispute_parties", Disputes, Sum(What::DisputeParty), Some(N::DisputeType)),
    figure("dispute_amount", Disputes, Yuan(What::DisputeCents), Some(N::DisputeType)),
    figure("inspections", Inspections, Sum(What::Inspection), Some(N::Checklist)),
    figure("hazards", Inspections, Sum(What::Hazard), Some(N::Severity)),
    figure("rechecks", Inspections, Sum(What::Recheck), Some(N::RecheckResult)),
    figure("hazards_fixed", Inspections, Sums(&[(What::Recheck, "fixed")]), None),
    figure("told", Notices, Sum(What::Told), None),
    figure("hazard_points", HazardPoints, Sum(What::HazardPoint), Some(N::HazardKind)),
    figure("threatened", HazardPoints, Sum(What::Threatened), None),
    figure("people_threatened", HazardPoints, Sum(What::PeopleThreatened), None),
    figure("evacuations", HazardPoints, Sum(What::Evacuation), Some(N::Drill)),
    figure("moved", HazardPoints, Sum(What::Moved), Some(N::Drill)),
];

/// The figure of that name.
pub fn spec(key: &str) -> Option<&'static FigureSpec> {
    FIGURES.iter().find(|spec| spec.key == key)
}

/// The figures of these sums, in the order of [`FIGURES`], the whole before its codes. What was not counted is nought.
pub fn figures(counts: &Counts) -> Vec<Figure> {
    let mut found = Vec::new();
    for spec in FIGURES {
        found.push(Figure { key: spec.key.to_owned(), code: None, value: whole(spec.rule, counts) });
        if spec.by.is_none() {
            continue;
        }
        let by_code = |code: &str, value| Figure { key: spec.key.to_owned(), code: Some(code.to_owned()), value };
        match spec.rule {
            Sum(what) => found.extend(
                counts.by(what).filter(|(_, n)| *n != 0).map(|(code, n)| by_code(code, FigureValue::Count { n })),
            ),
            Yuan(what) => {
                found.extend(counts.by(what).map(|(code, n)| by_code(code, FigureValue::Yuan { amount: amount(n) })))
            }
            Median(what) => {
                let mut codes: Vec<&str> =
                    counts.by(what).filter_map(|(code, _)| Some(code.split_once('/')?.0)).collect();
                codes.dedup();
                found.extend(
                    codes
                        .into_iter()
                        .map(|code| by_code(code, FigureValue::Days { tenths: median(counts, what, Some(code)) })),
                );
            }
            Sums(_) | Share(..) => {}
        }
    }
    found
}

fn whole(rule: Rule, counts: &Counts) -> FigureValue {
    match rule {
        Sum(what) => FigureValue::Count { n: counts.total(what) },
        Sums(parts) => FigureValue::Count { n: sum(counts, parts) },
        Share(parts, wholes) => {
            let (part, whole) = (sum(counts, parts), wholes.iter().map(|what| counts.total(*what)).sum());
            FigureValue::Share { part, whole, permille: permille(part, whole).filter(|_| whole >= SHARE_LEAST) }
        }
        Yuan(what) => FigureValue::Yuan { amount: amount(counts.total(what)) },
        Median(what) => FigureValue::Days { tenths: median(counts, what, None) },
    }
}

fn sum(counts: &Counts, parts: &[(What, &str)]) -> i64 {
    parts.iter().map(|(what, code)| if code.is_empty() { counts.total(*what) } else { counts.of(*what, code) }).sum()
}

fn amount(cents: i64) -> String {
    yuan(u128::try_from(cents).unwrap_or(0))
}

/// The median in tenths: the one in the middle, or half way between the two. Nought when there are none.
fn median(counts: &Counts, what: What, code: Option<&str>) -> i64 {
    let mut days: Vec<(i64, i64)> = counts
        .by(what)
        .filter_map(|(of, n)| of.split_once('/').map(|(of, days)| (of, days, n)))
        .filter(|(of, _, _)| code.is_none_or(|code| *of == code))
        .filter_map(|(_, days, n)| Some((days.parse().ok()?, n)))
        .collect();
    days.sort_unstable();
    let count: i64 = days.iter().map(|(_, n)| n).sum();
    let at = |index: i64| {
        let mut before = 0;
        let reached = days.iter().find(|(_, n)| {
            before += n;
            before > index
        });
        reached.map_or(0, |(days, _)| *days)
    };
    if count == 0 { 0 } else { (at((count - 1) / 2) + at(count / 2)) * 5 }
}
