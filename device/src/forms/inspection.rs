//! The notice to put hazards right (整改通知书), left with whoever answers for the place.

use domain::codes::Severity;
use domain::rectification::HazardState;
use paper::{Block, FactRow, Sheet, Table};

use super::{Setting, written_day, written_moment};
use crate::api::inspection::InspectionPage;

/// The notice of what was found and is not put right yet.
pub(crate) fn notice(setting: &Setting, page: &InspectionPage, severities: &[Severity]) -> Sheet {
    let checklist = page.checklist.as_ref().map(|checklist| checklist.title_zh.clone()).unwrap_or_default();
    let facts = vec![
        FactRow::one("检查对象", page.title.clone()),
        FactRow::one("地址", page.address.clone()),
        FactRow::two(("检查时间", written_moment(page.inspection.at)), ("检查内容", checklist)),
    ];
    let open = page.hazards.iter().filter(|hazard| hazard.standing.state != HazardState::Fixed);
    let rows: Vec<Vec<String>> = open
        .enumerate()
        .map(|(index, hazard)| {
            let level = severities.iter().find(|severity| i64::from(severity.level) == hazard.severity);
            vec![
                (index + 1).to_string(),
                hazard.text.clone(),
                level.map(|level| level.name_zh.clone()).unwrap_or_default(),
                written_day(hazard.standing.due.as_deref()),
            ]
        })
        .collect();
    let head = ["序号", "隐患", "紧急程度", "整改期限"].map(str::to_owned).to_vec();
    let mut blocks = vec![Block::Facts(facts)];
    if rows.is_empty() {
        blocks.push(Block::Paragraph("本次检查没有需要整改的隐患。".to_owned()));
    } else {
        blocks.push(Block::Paragraph(
            "检查发现以下隐患，请在期限内整改。到期后将上门复查；整改有困难的，请及时与网格员联系。".to_owned(),
        ));
        blocks.push(Block::Table(Table { head, shares: vec![1.0, 6.0, 2.0, 3.0], rows }));
    }
    blocks.extend(page.inspection.note.clone().map(|note| Block::Paragraph(format!("备注：{note}"))));
    blocks.push(Block::Signatures(["被检查单位（人）签收", "检查人（签名）"].map(str::to_owned).to_vec()));
    blocks.push(Block::Space(1.0));
    blocks.push(Block::Aside(setting.village.clone()));
    blocks.push(Block::Aside(written_day(Some(&setting.today.to_string()))));
    setting.sheet("隐患整改通知书", blocks)
}
