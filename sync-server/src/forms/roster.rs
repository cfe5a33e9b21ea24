//! The list of an evacuation to take along: totals that add up, then household after household, with room to write by hand.

use domain::codes::CodeList;
use domain::evacuation::{CountOf, Totals};
use paper::{Block, Table};

use super::{Setting, code_name, moment};
use crate::http::desk::{DeskRoll, DeskRollHousehold, DeskRollPerson};

/// The list as PDF.
pub(crate) fn roster(setting: &Setting, roll: &DeskRoll) -> Vec<u8> {
    let line = &roll.line;
    let title = if line.drill { "避险转移名单（演练）" } else { "避险转移名单" };
    let level = code_name(CodeList::WarningLevel, &line.level);
    let until = line.ended_at.map(|at| format!("，{} 结束", moment(at))).unwrap_or_default();
    let mut blocks = vec![
        Block::Plain(line.place.clone()),
        Block::Plain(format!("{}（{level}预警），{} 下达{until}", line.reason, moment(line.ordered_at))),
    ];
    for point in &roll.points {
        let words = [Some(&point.name), point.shelter.as_ref(), point.route.as_ref()];
        let words: Vec<&str> = words.into_iter().flatten().map(String::as_str).collect();
        blocks.push(Block::Plain(format!("隐患点、安置点与路线：{}", words.join("；"))));
    }
    blocks.push(Block::Heading(sum(&line.totals)));
    blocks.push(Block::Heading("尚未找到".to_owned()));
    blocks.push(people(roll, |person| person.not_found));
    blocks.push(Block::Heading("全部人员".to_owned()));
    blocks.push(people(roll, |_| true));
    blocks.push(Block::Heading("一日三清".to_owned()));
    let rows = roll.counts.iter().map(|count| {
        let part = match count.of {
            CountOf::Morning => "早间",
            CountOf::Noon => "午间",
            CountOf::Evening => "晚间",
        };
        let Totals { due, moved, away, unmoved, .. } = count.totals;
        let checked = format!("{}/{due}", count.checked);
        vec![
            part.to_owned(),
            moment(count.upto),
            due.to_string(),
            moved.to_string(),
            away.to_string(),
            unmoved.to_string(),
            checked,
        ]
    });
    blocks.push(Block::Table(Table {
        head: ["清点", "截至", "应转", "已转移", "外出不在", "未转", "已清点"].map(str::to_owned).to_vec(),
        shares: vec![1.2, 2.6, 1.0, 1.2, 1.4, 1.0, 1.4],
        rows: rows.collect(),
    }));
    setting.pdf(title, blocks)
}

/// 应转 = 已转移 + 外出不在 + 未转, with the numbers in it.
fn sum(totals: &Totals) -> String {
    let Totals { due, moved, away, unmoved, .. } = totals;
    format!("应转 {due} = 已转移 {moved} + 外出不在 {away} + 未转 {unmoved}")
}

fn people(roll: &DeskRoll, wanted: impl Fn(&DeskRollPerson) -> bool) -> Block {
    let rows: Vec<Vec<String>> = roll
        .households
        .iter()
        .flat_map(|home| home.people.iter().map(move |person| (home, person)))
        .filter(|(_, person)| wanted(person))
        .enumerate()
        .map(|(index, (home, person))| row(index + 1, home, person))
        .collect();
    if rows.is_empty() {
        return Block::Paragraph("没有。".to_owned());
    }
    Block::Table(Table {
        head: ["序号", "住址", "姓名", "电话", "状态", "包户责任人", "备注"].map(str::to_owned).to_vec(),
        shares: vec![0.8, 2.6, 1.3, 1.9, 1.7, 2.0, 1.7],
        rows,
    })
}

fn row(number: usize, home: &DeskRollHousehold, person: &DeskRollPerson) -> Vec<String> {
    let mark = serde_json::to_value(person.mark).ok();
    let mark = mark.as_ref().and_then(|mark| mark.as_str()).map(|mark| code_name(CodeList::RollMark, mark));
    let responsible = [home.contact_name.clone(), home.contact_phone.clone()];
    let help = person.needs_help.then(|| home.help_note.clone().unwrap_or_else(|| "需要帮助".to_owned()));
    vec![
        number.to_string(),
        home.address.clone(),
        person.name.clone(),
        person.phone.clone().unwrap_or_default(),
        mark.unwrap_or_default(),
        responsible.into_iter().flatten().collect::<Vec<_>>().join(" "),
        [help, person.note.clone()].into_iter().flatten().collect::<Vec<_>>().join("；"),
    ]
}
