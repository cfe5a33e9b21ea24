//! The forms of a people's mediation, with the ministry's headings. What the law on personal information does not need (ethnicity,
//! occupation) is left out.

use domain::codes::{CodeList, codes};
use domain::kinds::dispute::{Dispute, Side};
use domain::kinds::dispute_event::DisputeEvent;
use domain::mediation::RIGHTS;
use domain::{Record, RecordId};
use paper::{Block, FactRow, Sheet};
use serde::Deserialize;
use ts_rs::TS;

use super::{Setting, written_day, written_moment};

/// A form of a case file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
#[ts(export)]
pub enum DisputeForm {
    /// 人民调解申请书.
    Application,
    /// 人民调解受理登记表.
    Registration,
    /// 人民调解权利义务告知书.
    Rights,
    /// 人民调解调查记录.
    Investigation,
    /// 人民调解记录.
    Mediation,
    /// 人民调解协议书.
    Agreement,
    /// 人民调解口头协议登记表.
    Oral,
    /// 人民调解回访记录.
    FollowUp,
}

impl DisputeForm {
    fn title(self) -> &'static str {
        match self {
            DisputeForm::Application => "人民调解申请书",
            DisputeForm::Registration => "人民调解受理登记表",
            DisputeForm::Rights => "人民调解权利义务告知书",
            DisputeForm::Investigation => "人民调解调查记录",
            DisputeForm::Mediation => "人民调解记录",
            DisputeForm::Agreement => "人民调解协议书",
            DisputeForm::Oral => "人民调解口头协议登记表",
            DisputeForm::FollowUp => "人民调解回访记录",
        }
    }

    /// The step that fills it.
    fn step(self) -> Option<&'static str> {
        match self {
            DisputeForm::Rights => Some("rights"),
            DisputeForm::Investigation => Some("investigation"),
            DisputeForm::Mediation => Some("mediation"),
            DisputeForm::FollowUp => Some("follow_up"),
            _ => None,
        }
    }
}

/// A form of a case, filled from the file and from one event of it: the one named, or the latest that fits.
pub(crate) fn dispute(
    setting: &Setting,
    form: DisputeForm,
    dispute: &Dispute,
    events: &[(Record, DisputeEvent)],
    wanted: Option<RecordId>,
) -> Sheet {
    let fits = |(record, event): &&(Record, DisputeEvent)| {
        form.step() == Some(event.event.as_str()) && wanted.is_none_or(|wanted| record.id == wanted)
    };
    let event = events.iter().rev().find(fits).map(|(_, event)| event);
    let case = Case { setting, dispute, event };
    let blocks = match form {
        DisputeForm::Application => case.application(),
        DisputeForm::Registration => case.registration(),
        DisputeForm::Rights => case.rights(),
        DisputeForm::Investigation => case.investigation(),
        DisputeForm::Mediation => case.mediation(),
        DisputeForm::Agreement => case.agreement(),
        DisputeForm::Oral => case.oral(),
        DisputeForm::FollowUp => case.follow_up(),
    };
    setting.sheet(form.title(), blocks)
}

struct Case<'a> {
    setting: &'a Setting,
    dispute: &'a Dispute,
    event: Option<&'a DisputeEvent>,
}

impl Case<'_> {
    fn committee(&self) -> String {
        format!("{}人民调解委员会", self.setting.village)
    }

    fn number(&self) -> Block {
        let blank = "（　　）　　　人调字第　　　号".to_owned();
        Block::Aside(format!("编号：{}", self.dispute.number.clone().unwrap_or(blank)))
    }

    /// One row and a half for every party.
    fn parties(&self) -> Vec<FactRow> {
        let mut rows = Vec::new();
        for party in &self.dispute.parties {
            let side = if party.side == Side::Applicant { "申请人" } else { "被申请人" };
            rows.push(FactRow::two((side, party.name.clone()), ("联系电话", party.phone.clone().unwrap_or_default())));
            rows.push(FactRow::one("住址", party.address.clone().unwrap_or_default()));
        }
        rows
    }

    fn name(&self, list: CodeList, code: &str) -> String {
        let entry = codes(list).iter().find(|entry| entry.code == code);
        entry.map_or_else(|| code.to_owned(), |entry| entry.name_zh.clone())
    }

    fn kind_of_dispute(&self) -> String {
        format!("{}纠纷", self.name(CodeList::DisputeType, &self.dispute.dispute_type))
    }

    fn facts(&self) -> String {
        self.dispute.facts.clone().unwrap_or_default()
    }

    fn claim(&self) -> String {
        let amount = self.dispute.amount.as_ref().map(|amount| format!("涉及金额：{amount} 元")).unwrap_or_default();
        [self.dispute.claim.clone().unwrap_or_default(), amount]
            .into_iter()
            .filter(|it| !it.is_empty())
            .collect::<Vec<_>>()
            .join("\n")
    }

    fn mediators(&self) -> String {
        self.dispute.mediators.join("、")
    }

    /// When, where, who: the head of every record of a meeting.
    fn meeting(&self, present: &str) -> Vec<FactRow> {
        let (at, place, people) = self.event.map_or_else(Default::default, |event| {
            (written_moment(event.at), event.place.clone().unwrap_or_default(), event.present.join("、"))
        });
        let place = if place.is_empty() { self.dispute.place.clone().unwrap_or_default() } else { place };
        vec![FactRow::one("时间", at), FactRow::one("地点", place), FactRow::one(present, people)]
    }

    fn words(&self) -> String {
        self.event.and_then(|event| event.text.clone()).unwrap_or_default()
    }

    /// Everybody who signs as a party, by side.
    fn party_signatures(&self) -> Vec<String> {
        let one = |party: &domain::kinds::dispute::Party| {
            let side = if party.side == Side::Applicant { "申请人" } else { "被申请人" };
            format!("{side}{}（签名、盖章或按指印）", party.name)
        };
        self.dispute.parties.iter().map(one).collect()
    }

    fn seal(&self) -> [Block; 2] {
        [Block::Space(1.0), Block::Aside(format!("{}（印章）", self.committee()))]
    }

    fn application(&self) -> Vec<Block> {
        let mut rows = self.parties();
        rows.push(FactRow::one("纠纷简要情况", self.facts()).tall(8));
        rows.push(FactRow::one("当事人申请事项", self.claim()).tall(5));
        let applicants = self.dispute.parties.iter().filter(|party| party.side == Side::Applicant);
        vec![
            Block::Facts(rows),
            Block::Paragraph(format!(
                "{}已将申请人民调解的相关规定告知我，现自愿申请人民调解委员会进行调解。",
                self.committee()
            )),
            Block::Signatures(applicants.map(|party| format!("申请人{}（签名、盖章或按指印）", party.name)).collect()),
        ]
    }

    fn registration(&self) -> Vec<Block> {
        let dispute = self.dispute;
        let mut rows = vec![
            FactRow::two(("受理日期", written_day(Some(&dispute.accepted_on))), ("纠纷类型", self.kind_of_dispute())),
            FactRow::two(
                ("案件来源", self.name(CodeList::DisputeSource, &dispute.source)),
                ("涉及金额", dispute.amount.as_ref().map(|amount| format!("{amount} 元")).unwrap_or_default()),
            ),
            FactRow::one("发生地点", dispute.place.clone().unwrap_or_default()),
        ];
        rows.extend(self.parties());
        rows.push(FactRow::one("纠纷简要情况", self.facts()).tall(8));
        rows.push(FactRow::one("当事人请求", self.claim()).tall(3));
        rows.push(FactRow::one("人民调解员", self.mediators()));
        let mut blocks = vec![self.number(), Block::Facts(rows)];
        let mut signatures = self.party_signatures();
        signatures.push("登记人（签名）".to_owned());
        blocks.push(Block::Signatures(signatures));
        blocks.extend(self.seal());
        blocks
    }

    fn rights(&self) -> Vec<Block> {
        let mut blocks = vec![
            self.number(),
            Block::Plain(format!("{}：", self.names().join("、"))),
            Block::Paragraph(format!(
                "{}受理了你们之间的{}。根据《中华人民共和国人民调解法》第二十三条、第二十四条的规定，现将当事人的权利和义务告知如下：",
                self.committee(),
                self.kind_of_dispute()
            )),
        ];
        for (index, (line, _)) in RIGHTS.iter().enumerate() {
            let heading = index == 0 || !line.starts_with('（');
            blocks.push(if heading {
                Block::Heading((*line).to_owned())
            } else {
                Block::Paragraph((*line).to_owned())
            });
        }
        blocks.push(Block::Space(0.5));
        blocks.push(Block::Paragraph("人民调解委员会调解民间纠纷，不收取任何费用。".to_owned()));
        let told = self.event.map(|event| format!("以上内容已于{}向当事人告知。", written_moment(event.at)));
        blocks.extend(told.map(Block::Paragraph));
        blocks.push(Block::Paragraph("我已知悉以上权利和义务。".to_owned()));
        let mut signatures = self.party_signatures();
        signatures.push("人民调解员（签名）".to_owned());
        blocks.push(Block::Signatures(signatures));
        blocks.extend(self.seal());
        blocks
    }

    fn names(&self) -> Vec<String> {
        self.dispute.parties.iter().map(|party| party.name.clone()).collect()
    }

    fn investigation(&self) -> Vec<Block> {
        let mut rows = self.meeting("参加人");
        rows.push(FactRow::one("当事人", self.names().join("、")));
        rows.push(FactRow::one("调查事由", self.kind_of_dispute()));
        rows.push(FactRow::one("调查记录", self.words()).tall(18));
        let signatures = ["被调查人（签名）", "调查人（签名）", "记录人（签名）"].map(str::to_owned);
        vec![self.number(), Block::Facts(rows), Block::Signatures(signatures.to_vec())]
    }

    fn mediation(&self) -> Vec<Block> {
        let mut rows = self.meeting("参加人");
        rows.push(FactRow::one("当事人", self.names().join("、")));
        rows.push(FactRow::one("纠纷类型", self.kind_of_dispute()));
        rows.push(FactRow::one("调解记录", self.words()).tall(15));
        rows.push(FactRow::one("调解结果", outcome(self.dispute.agreement.as_deref())));
        let mut signatures = self.party_signatures();
        signatures.extend(["人民调解员（签名）", "记录人（签名）"].map(str::to_owned));
        vec![
            self.number(),
            Block::Paragraph(format!("{}已将人民调解的相关规定告知各方当事人。", self.committee())),
            Block::Facts(rows),
            Block::Signatures(signatures),
        ]
    }

    fn agreement(&self) -> Vec<Block> {
        let dispute = self.dispute;
        let mut blocks = vec![
            self.number(),
            Block::Facts(self.parties()),
            Block::Heading("纠纷主要事实、争议事项：".to_owned()),
            written_or_lines(&self.facts(), 5),
            Block::Heading("经调解，自愿达成如下协议：".to_owned()),
            written_or_lines(dispute.terms.as_deref().unwrap_or_default(), 7),
            Block::Heading("履行方式、时限：".to_owned()),
            written_or_lines(&self.performance(), 2),
        ];
        blocks.extend(dispute.amount.as_ref().map(|amount| Block::Plain(format!("涉及金额：{amount} 元。"))));
        blocks.push(Block::Paragraph(
            "本协议一式　　　份，当事人、人民调解委员会各持一份，自各方当事人签名、盖章或者按指印，人民调解员签名并加盖人民调解委员会印章之日起生效。".to_owned(),
        ));
        let mut signatures = self.party_signatures();
        signatures.extend(["人民调解员（签名）", "记录人（签名）"].map(str::to_owned));
        blocks.push(Block::Signatures(signatures));
        blocks.extend(self.seal());
        blocks
    }

    fn performance(&self) -> String {
        let by = written_day(self.dispute.perform_by.as_deref());
        let how = self.dispute.perform_how.clone().unwrap_or_default();
        match (how.is_empty(), by.is_empty()) {
            (_, true) => how,
            (true, false) => format!("于{by}前履行。"),
            (false, false) => format!("{how}\n履行期限：{by}前。"),
        }
    }

    fn oral(&self) -> Vec<Block> {
        let dispute = self.dispute;
        let mut rows = self.parties();
        rows.push(FactRow::one("纠纷主要事实、争议事项", self.facts()).tall(7));
        rows.push(FactRow::one("达成协议内容", dispute.terms.clone().unwrap_or_default()).tall(7));
        rows.push(FactRow::one("履行方式、时限", self.performance()).tall(2));
        rows.push(FactRow::one("达成日期", written_day(dispute.agreed_on.as_deref())));
        rows.push(FactRow::one("人民调解员", self.mediators()));
        let signatures = ["人民调解员（签名）", "记录人（签名）"].map(str::to_owned).to_vec();
        let mut blocks = vec![self.number(), Block::Facts(rows), Block::Signatures(signatures)];
        blocks.extend(self.seal());
        blocks
    }

    fn follow_up(&self) -> Vec<Block> {
        let dispute = self.dispute;
        let mut rows = vec![
            FactRow::one("当事人", self.names().join("、")),
            FactRow::one("纠纷类型", self.kind_of_dispute()),
            FactRow::one("协议内容", dispute.terms.clone().unwrap_or_default()).tall(3),
            FactRow::one("履行方式、时限", self.performance()),
            FactRow::one("履行日期", written_day(dispute.performed_on.as_deref())),
        ];
        let (at, people) =
            self.event.map_or_else(Default::default, |event| (written_moment(event.at), event.present.join("、")));
        rows.push(FactRow::two(("回访时间", at), ("回访对象", people)));
        rows.push(FactRow::one("回访情况", self.words()).tall(10));
        vec![self.number(), Block::Facts(rows), Block::Signatures(vec!["回访人（签名）".to_owned()])]
    }
}

/// What is known, or lines to write on.
fn written_or_lines(text: &str, lines: usize) -> Block {
    if text.trim().is_empty() { Block::Lines(lines) } else { Block::Paragraph(text.to_owned()) }
}

/// The three outcomes of the form, with the one that came about ticked.
fn outcome(agreement: Option<&str>) -> String {
    let tick = |is: bool| if is { "■" } else { "□" };
    let (reached, failed) =
        (matches!(agreement, Some("written" | "oral")), matches!(agreement, Some("none" | "ended")));
    format!("{}达成调解协议　{}未达成调解协议　□有待继续调解", tick(reached), tick(failed))
}
