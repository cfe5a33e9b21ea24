//! What is stored about a resident, and who looked at it, as a paper that can be handed to them.

use domain::Kind;
use domain::codes::CodeList;
use paper::{Block, Table};

use super::{Reading, Setting, code_name, field_name, kind_name, moment};
use crate::http::desk::{DeskAuditEntry, ResidentFile};
use crate::hub::looks::PRINT;

/// The file as PDF.
pub(crate) fn resident(setting: &Setting, file: &ResidentFile) -> Vec<u8> {
    let mut blocks = vec![
        Block::Paragraph(
            "本表列出系统中保存的关于您的全部资料。您可以要求更正，也可以要求删除。其他人的姓名和号码已隐去。"
                .to_owned(),
        ),
        Block::Plain(format!("地址：{} {}", file.place, file.address)),
    ];
    let reading = Reading { lists: &setting.lists, refs: &file.refs };
    let mut last: Option<&Kind> = None;
    for part in &file.parts {
        if last != Some(&part.kind) {
            blocks.push(Block::Heading(kind_name(&part.kind)));
        }
        last = Some(&part.kind);
        blocks.push(reading.facts(&part.kind, &part.fields));
    }
    blocks.push(Block::Heading("查询记录：谁看过，为什么".to_owned()));
    blocks.push(looks(&file.looks));
    setting.pdf("个人资料查询单", blocks)
}

fn looks(looks: &[DeskAuditEntry]) -> Block {
    if looks.is_empty() {
        return Block::Paragraph("没有人看过未隐去的资料。".to_owned());
    }
    let kind = Kind::Person;
    let row = |look: &DeskAuditEntry| {
        let fields: Vec<String> = look.fields.iter().map(|field| field_name(&kind, field)).collect();
        let how = if look.action == PRINT { "打印" } else { "查看" };
        let reason = look.reason.as_deref().map(|reason| code_name(CodeList::LookReason, reason));
        vec![
            moment(look.at),
            look.name.clone().unwrap_or_else(|| look.who.clone()),
            how.to_owned(),
            reason.unwrap_or_default(),
            fields.join("、"),
        ]
    };
    Block::Table(Table {
        head: ["时间", "账号", "方式", "原因", "内容"].map(str::to_owned).to_vec(),
        shares: vec![2.2, 2.0, 1.0, 1.8, 3.0],
        rows: looks.iter().map(row).collect(),
    })
}
