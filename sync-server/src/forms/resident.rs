//! What is stored about a resident, and who looked at it, as a paper that can be handed to them.

use domain::Kind;
use domain::codes::CodeList;
use paper::{Block, Table};

use super::{Reading, Setting, code_name, field_name, kind_name, moment};
use crate::http::desk::{DeskAuditEntry, ResidentFile, ResidentPart};
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
    blocks.push(looks(file));
    setting.pdf("个人资料查询单", blocks)
}

fn looks(file: &ResidentFile) -> Block {
    if file.looks.is_empty() {
        return Block::Paragraph("没有人看过未隐去的资料。".to_owned());
    }
    let row = |look: &DeskAuditEntry| {
        let fields = seen(&file.parts, look);
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
        rows: file.looks.iter().map(row).collect(),
    })
}

/// What was seen, called as the record calls it: the household's telephone is not the resident's.
fn seen(parts: &[ResidentPart], look: &DeskAuditEntry) -> Vec<String> {
    let of = parts.iter().find(|part| part.id.to_string() == look.subject);
    let kind = of.map_or(&Kind::Person, |part| &part.kind);
    look.fields.iter().map(|field| field_name(kind, field)).collect()
}

#[cfg(test)]
mod tests {
    use domain::RecordId;

    use super::*;

    #[test]
    fn what_was_seen_is_called_as_the_record_calls_it() {
        let part = |number, kind| ResidentPart {
            id: RecordId(uuid::Uuid::from_u128(number)),
            kind,
            fields: domain::Fields::new(),
        };
        let parts = [part(1, Kind::Person), part(2, Kind::Household)];
        let look = |of: u128, field: &str| DeskAuditEntry {
            seq: 1,
            at: 0,
            who: "boss".to_owned(),
            name: None,
            action: PRINT.to_owned(),
            subject: RecordId(uuid::Uuid::from_u128(of)).to_string(),
            reason: None,
            fields: vec![field.to_owned()],
            link: String::new(),
        };
        assert_eq!(seen(&parts, &look(1, "phone")), ["电话"]);
        assert_eq!(seen(&parts, &look(2, "contact_phone")), ["联系电话"]);
        assert_eq!(seen(&parts, &look(3, "name")), ["姓名"], "of a record that is gone");
    }
}
