//! A history: what people and the world do, step by step, as the seed decides.

use std::path::{Path, PathBuf};

use device::RoundReport;
use device::api::{Failure, FailureCode};
use domain::order::DeviceOrder;
use domain::protocol::CallError;
use domain::scope::Role;
use domain::world::Millis;
use domain::{Kind, RecordId};
use sync_server::hub::evacuations::MarksOf;
use sync_server::hub::reviews::LookedAt;

use super::Told;
use super::between::UnderWay;
use super::chance::Chance;
use super::county::{County, INFORMANT, LEADER, first_role, shared};
use super::disk;
use super::handover::Shown;
use super::ledger::Ledger;
use super::mix::{Mix, Step};
use super::phone::Phone;
use super::template::{SERVER, TemplatePhone, template};
use super::wire::{Shared, Wire, take};
use super::world::Time;
use super::{heal, laws};
use crate::trouble::{Doing, Outcome, trouble};

pub(super) const SECOND: i64 = 1_000;
pub(super) const MINUTE: i64 = 60 * SECOND;
pub(super) const HOUR: i64 = 60 * MINUTE;
pub(super) const DAY: i64 = 24 * HOUR;

/// How disasters are counted.
pub(super) const SERVER_PUT_BACK: &str = "server put back";
pub(super) const PHOTOS_PUT_BACK: &str = "photos put back";
pub(super) const PHONE_PUT_BACK: &str = "phone put back";
pub(super) const SHUT_OUT: &str = "phone shut out";

/// More phones than this there never are, clones included.
pub(super) const PHONES_MAX: usize = 5;

/// A history while it is lived.
pub(super) struct History {
    pub(super) county: County,
    pub(super) phones: Vec<Phone>,
    pub(super) ledger: Shared<Ledger>,
    pub(super) time: Time,
    pub(super) chance: Chance,
    /// What came later draws from here, so that a seed stays the history that it was.
    pub(super) apart: Chance,
    /// What happens beside a round is drawn from here.
    pub(super) between: Chance,
    /// What came after that draws from here.
    pub(super) later: Chance,
    /// And what came after that.
    pub(super) latest: Chance,
    /// What came last draws from here: work of the office, mostly.
    pub(super) office: Chance,
    /// The round beside which things happen now.
    pub(super) under_way: Option<UnderWay>,
    pub(super) mix: Mix,
    pub(super) folder: PathBuf,
    pub(super) seed: u64,
    pub(super) words: usize,
    /// Pages that are open at the desk, with what they showed.
    pub(super) looks: Vec<LookedAt>,
    /// Roll-calls that are open at the desk, with the marks that they showed of some people.
    pub(super) rolls: Vec<MarksOf>,
    /// Evacuations that were shown from phone to phone: whoever filmed one may take it later.
    pub(super) shown: Vec<Shown>,
    /// Approvals that somebody may want back.
    pub(super) approvals: Vec<RecordId>,
    /// Tables that the office took in.
    pub(super) sheets: Vec<String>,
    /// Whether every step is told as it happens.
    told_aloud: bool,
    steps: usize,
}

/// What of a history is told as it happens.
#[derive(Debug, Default)]
pub(super) struct Telling<'a> {
    /// Every step.
    pub(super) aloud: bool,
    /// What is said on the wire about records with these words.
    pub(super) about: Option<&'a str>,
}

/// Lives a whole history and judges its end.
pub(super) fn live(seed: u64, folder: &Path, telling: &Telling<'_>) -> Outcome<Told> {
    let mut history = History::begin(seed, folder, telling.aloud)?;
    take(&history.ledger).listened_for = telling.about.map(str::to_owned);
    history.steps = history.chance.between(120, 160) as usize;
    for number in 0..history.steps {
        history.step(number)?;
    }
    heal::heal(&mut history)?;
    heal::somebody_new_reads_everything(&mut history)?;
    laws::judge(&history)?;
    let told = history.tell()?;
    // Nobody looks at the files any more: gone before they are closed, nothing has to be put in order in them.
    disk::lose(folder, || drop(history)).doing("clearing a history away")?;
    Ok(told)
}

impl History {
    fn begin(seed: u64, folder: &Path, told_aloud: bool) -> Outcome<Self> {
        let template = template()?;
        let time = Time::at(template.begin);
        let server = folder.join(SERVER);
        template.lay_out_server(&server)?;
        let county = County::open(&server, &time, seed)?;
        let mut chance = Chance::new(seed, 2);
        let (mut apart, mut later, mut latest) = (Chance::new(seed, 3), Chance::new(seed, 5), Chance::new(seed, 6));
        let (mut newest, mut known) = (Chance::new(seed, 7), Chance::new(seed, 8));
        let mix = Mix::draw(&mut chance, &mut apart, &mut later, &mut latest, &mut newest, &mut known);
        let ledger = shared(Ledger { began: template.begin, ..Ledger::default() });
        for cell in &county.first_cells {
            county.records(cell)?.iter().for_each(|record| take(&ledger).knows(record));
        }
        let mut history = Self {
            county,
            phones: Vec::new(),
            ledger,
            time,
            chance,
            apart,
            between: Chance::new(seed, 4),
            later,
            latest,
            office: Chance::new(seed, 9),
            under_way: None,
            mix,
            folder: folder.to_owned(),
            seed,
            words: 0,
            looks: Vec::new(),
            rolls: Vec::new(),
            shown: Vec::new(),
            approvals: Vec::new(),
            sheets: Vec::new(),
            told_aloud,
            steps: 0,
        };
        let (mut workers, others): (Vec<_>, Vec<_>) =
            template.phones.iter().partition(|phone| first_role(phone.worker) == Role::Worker);
        let mix = &history.mix;
        let take_part = |worker: &str| (mix.leads && worker == LEADER) || (mix.informs && worker == INFORMANT);
        let others: Vec<_> = others.into_iter().filter(|phone| take_part(phone.worker)).collect();
        let count = history.chance.between(2, PHONES_MAX as i64) as usize;
        for _ in 0..count.min(PHONES_MAX - others.len()) {
            let which = workers.swap_remove(history.chance.below(workers.len()));
            history.bring(which)?;
        }
        for which in others {
            history.bring(which)?;
        }
        for worker in ["worker-0", "worker-1", "worker-2", "worker-3", LEADER, INFORMANT] {
            if history.phones.iter().any(|phone| phone.worker == worker) {
                history.assign_anew(worker)?;
            }
        }
        Ok(history)
    }

    /// Somebody of the template takes part, with a clock that may be wrong.
    fn bring(&mut self, which: &TemplatePhone) -> Outcome {
        let number = self.phones.len();
        let wire = self.wire(number, which.worker, which.tokens.clone());
        let own = self.folder.join(format!("phone-{number}"));
        let phone = Phone::of_template(which, &own, wire, &self.time, self.seed ^ (1_000 + number as u64))?;
        if self.chance.percent(40) {
            phone.drift.set(self.chance.between(-3 * HOUR, 3 * HOUR));
        }
        self.phones.push(phone);
        Ok(())
    }

    /// A history in which nothing happens by itself, with these phones of the template.
    pub(super) fn staged(folder: &Path, phones: &[usize]) -> Outcome<Self> {
        let template = template()?;
        let time = Time::at(template.begin);
        let server = folder.join(SERVER);
        template.lay_out_server(&server)?;
        let county = County::open(&server, &time, 1)?;
        let ledger = shared(Ledger { began: template.begin, ..Ledger::default() });
        for cell in &county.first_cells {
            county.records(cell)?.iter().for_each(|record| take(&ledger).knows(record));
        }
        let mut history = Self {
            county,
            phones: Vec::new(),
            ledger,
            time,
            chance: Chance::new(1, 2),
            apart: Chance::new(1, 3),
            between: Chance::new(1, 4),
            later: Chance::new(1, 5),
            latest: Chance::new(1, 6),
            office: Chance::new(1, 9),
            under_way: None,
            mix: Mix::none(),
            folder: folder.to_owned(),
            seed: 1,
            words: 0,
            looks: Vec::new(),
            rolls: Vec::new(),
            shown: Vec::new(),
            approvals: Vec::new(),
            sheets: Vec::new(),
            told_aloud: false,
            steps: 0,
        };
        for (number, which) in phones.iter().enumerate() {
            let Some(which) = template.phones.get(*which) else { return trouble("There is no such phone.") };
            history.county.assign(which.worker, &which.cells)?;
            let wire = history.wire(number, which.worker, which.tokens.clone());
            let own = folder.join(format!("phone-{number}"));
            let seed = history.seed ^ (1_000 + number as u64);
            history.phones.push(Phone::of_template(which, &own, wire, &history.time, seed)?);
        }
        Ok(history)
    }

    pub(super) fn wire(&self, number: usize, worker: &str, tokens: domain::protocol::Tokens) -> Wire {
        let chance = Chance::new(self.seed, 10 + number as u64);
        let spoiling = (self.mix.spoiled, self.mix.faults.clone());
        let wire = Wire::new(&self.county, worker, tokens, &self.ledger, Some(&self.time), spoiling, chance);
        wire.slow_down(self.mix.slow, Chance::new(self.seed, 300 + number as u64));
        wire.cut_small(self.mix.small_pages, Chance::new(self.seed, 400 + number as u64));
        wire
    }

    /// A worker gets one, two or no cells; mostly the one where most happens.
    pub(super) fn assign_anew(&mut self, worker: &str) -> Outcome {
        let all = &self.county.first_cells;
        let cells = match self.chance.below(10) {
            0..6 => vec![all[0].clone()],
            6..8 => vec![all[0].clone(), all[1].clone()],
            8 => vec![all[1].clone(), all[2].clone()],
            _ => vec![],
        };
        let cells = self.as_drawn_by_now(cells)?;
        self.county.assign(worker, &cells)
    }

    fn step(&mut self, number: usize) -> Outcome {
        let pause = match self.chance.below(100) {
            0..6 => self.chance.between(0, 3 * HOUR),
            6..20 => 0,
            _ => self.chance.between(0, 20 * SECOND),
        };
        self.time.pass(pause);
        let who = self.chance.below(self.phones.len());
        let step = self.mix.step(&mut self.chance);
        if self.told_aloud {
            aloud(&format!("{number:>3}  {}  phone {who} ({})  {step:?}", self.time.now(), self.phones[who].worker));
        }
        self.happens(step, who)?;
        match take(&self.ledger).broken.take() {
            Some(law) => trouble(law),
            None => Ok(()),
        }
    }

    /// A step, and what a power cut in it left started again.
    pub(super) fn happens(&mut self, step: Step, who: usize) -> Outcome {
        take(&self.ledger).count(format!("step {step:?}"));
        self.act(step, who)?;
        self.mend()?;
        self.look_at_files(false)
    }

    pub(super) fn act(&mut self, step: Step, who: usize) -> Outcome {
        let phone = &self.phones[who];
        if step.needs_register() && (phone.is_shut() || !step.is_offered_to(phone.role()?)) {
            return Ok(());
        }
        match step {
            Step::Round => self.round(who),
            Step::EditDuringRound => self.edit_during_round(who),
            Step::EditPerson => self.edit(who, &Kind::Person),
            Step::EditHousehold => self.edit(who, &Kind::Household),
            Step::EditIncident => self.edit(who, &Kind::Incident),
            Step::EditNewerField => self.edit_newer_field(who),
            Step::Visit => self.visit(who),
            Step::TakeBack => self.take_back(who),
            Step::Report => self.report(who),
            Step::NewDoor => self.new_door(who),
            Step::RemoveOrPutBack => self.remove_or_put_back(who),
            Step::MergeOrPart => self.merge_or_part(who),
            Step::Photograph => self.photograph(who),
            Step::PhotographPerson => self.photograph_of(who, &Kind::Person),
            Step::VisitPerson => self.visit_of(who, &Kind::Person),
            Step::MovePerson => self.move_person(who),
            Step::MoveHousehold => self.move_household(who),
            Step::VisitSeveral => self.visit_several(who),
            Step::ActOnIncident => self.take_incident_step(who),
            Step::ReportTask => self.report_task(who),
            Step::DecideConflict => self.decide_conflict(who),
            Step::FreeStorage => self.free_storage(who),
            Step::Draft => self.draft(who),
            Step::NameHead => self.name_head(who),
            Step::Mistype => self.mistype(who),
            Step::AnswerRefusal => self.answer_refusal(who),
            Step::Presume => self.presume(who),
            Step::Review => self.review(),
            Step::GiveTask => self.give_task(),
            Step::OrderEvacuation => self.order_evacuation(who),
            Step::EndEvacuation => self.end_evacuation(who),
            Step::MarkPeople => self.mark_people(who),
            Step::Unmark => self.unmark(who),
            Step::MarkAtDesk => self.mark_at_desk(),
            Step::HandEvacuationOver => self.hand_evacuation_over(who),
            Step::EditHazard => self.edit_hazard(who),
            Step::OpenDispute => self.open_dispute(who),
            Step::EditDispute => self.edit_dispute(who),
            Step::AddDisputeEvent => self.add_dispute_event(who),
            Step::PhotographPaper => self.photograph_paper(who),
            Step::EraseParty => self.erase_party(),
            Step::EditParties => self.edit_parties(who),
            Step::EditPartiesTogether => self.edit_parties_together(),
            Step::DecideParties => self.decide_parties(who),
            Step::MoveParty => self.move_party(),
            Step::LeaveCaseForm => self.leave_case_form(who),
            Step::Inform => self.inform(),
            Step::ActAtDesk => self.act_at_desk(),
            Step::EditPremises => self.edit_premises(who),
            Step::Inspect => self.inspect(who),
            Step::Recheck => self.recheck(who),
            Step::PublishNotice => self.publish_notice(),
            Step::TellNotice => self.tell_notice(who),
            Step::PlanCare => self.plan_care(who),
            Step::VisitByPlan => self.visit_by_plan(who),
            Step::MergeEntries => self.merge_entries(who),
            Step::MergeAtDesk => self.merge_at_desk(),
            Step::ImportSheet => self.import_sheet(),
            Step::CloseAccount => self.close_account(who),
            Step::ReopenAccount => self.reopen_account(),
            Step::HandCellOver => self.hand_cell_over(),
            Step::ApproveMany => self.approve_many(),
            Step::PublishLists => self.publish_lists(),
            Step::CorrectAtDesk => self.correct_at_desk(),
            Step::MoveAtDesk => self.move_at_desk(),
            Step::HandOver => self.hand_over(who),
            Step::ErasePerson => self.erase_somebody(),
            Step::MergeCells => self.merge_some_cells(),
            Step::SplitCell => self.split_some_cell(),
            Step::MoveLate => self.move_what_came_late(),
            Step::ChangeRole => self.change_role(who),
            Step::LockByOrder => self.order(who, DeviceOrder::Lock),
            Step::WipeByOrder => self.order(who, DeviceOrder::Wipe),
            Step::LiftOrder => self.lift(who),
            Step::TakeIn => self.take_in().map(|_| ()),
            Step::DeliverLate => {
                self.phones[who].wire.deliver_late();
                Ok(())
            }
            trouble => self.suffer(trouble, who),
        }
    }

    /// What a power cut left is started again.
    pub(super) fn mend(&mut self) -> Outcome {
        if self.county.recover()? {
            self.say(|| "the server comes back after a power cut".into());
            take(&self.ledger).count("server came back after a power cut".into());
        }
        Ok(())
    }

    pub(super) fn is_told_aloud(&self) -> bool {
        self.told_aloud
    }

    /// The true time.
    pub(super) fn now(&self) -> Millis {
        self.time.now()
    }

    /// Tells something, if this history is told aloud.
    pub(super) fn say(&self, what: impl FnOnce() -> String) {
        if self.told_aloud {
            aloud(&format!("         {}", what()));
        }
    }

    /// A round. It may end early for what the network, the desk and the disk do, and for nothing else.
    pub(super) fn round(&mut self, who: usize) -> Outcome {
        let (report, meanwhile) = self.round_among_others(who);
        self.say(|| format!("{report:?}"));
        self.look_at_end(who, &report, meanwhile)?;
        self.phones[who].after_round()
    }

    pub(super) fn look_at_end(&self, who: usize, report: &RoundReport, meanwhile: Option<UnderWay>) -> Outcome {
        use device::DeviceError::{Call, LockedByDesk, StorageBroken, StorageFull};
        if let Some(law) = take(&self.ledger).broken.take() {
            return trouble(law);
        }
        let phone = &self.phones[who];
        let server_was_hurt = meanwhile.is_some_and(|meanwhile| meanwhile.server_was_hurt);
        let phone_was_full = meanwhile.is_some_and(|meanwhile| meanwhile.phone_was_full);
        match &report.ended_by {
            None | Some(Call(CallError::Offline(_) | CallError::SignedOut | CallError::Revoked)) => Ok(()),
            Some(LockedByDesk) if phone.is_locked() => Ok(()),
            Some(Call(CallError::Unreadable(_))) if self.mix.spoiled > 0 => Ok(()),
            Some(Call(CallError::Unavailable(_)))
                if server_was_hurt || self.county.full || self.county.fuse_blew()? =>
            {
                Ok(())
            }
            Some(StorageFull) if phone.full || phone_was_full => Ok(()),
            Some(StorageBroken(_) | StorageFull) if phone.fuse_blew()? => Ok(()),
            Some(error) => trouble(format!("A round of phone {who} ended with {error:?}.")),
        }
    }

    /// Whether a command may fail like this because of what is wrong with the phone's disk.
    pub(super) fn disk_is_to_blame(&self, who: usize, failure: &Failure) -> Outcome<bool> {
        let phone = &self.phones[who];
        Ok(match failure.code {
            FailureCode::StorageFull => phone.full || phone.fuse_blew()?,
            FailureCode::StorageBroken => phone.fuse_blew()?,
            _ => false,
        })
    }

    /// A word that was never used before in this history.
    pub(super) fn word(&mut self) -> String {
        self.words += 1;
        format!("词{}", self.words)
    }

    /// Whether anything was put back from an older copy, shut out for good, or away for longer than anything is kept.
    pub(super) fn had_disaster(&self) -> bool {
        let counts = &take(&self.ledger).counts;
        [SERVER_PUT_BACK, PHOTOS_PUT_BACK, PHONE_PUT_BACK, SHUT_OUT, "step LongAbsence"]
            .iter()
            .any(|disaster| counts.contains_key(*disaster))
    }

    fn tell(&self) -> Outcome<Told> {
        let mut records = String::new();
        let mut photos = 0;
        for cell in &self.county.every_cell()? {
            for record in self.county.records(cell)? {
                photos += usize::from(record.kind == Kind::Photo);
                records.push_str(&serde_json::to_string(&record).doing("writing a record")?);
                records.push('\n');
            }
        }
        let ledger = take(&self.ledger);
        let (saved, steps, phones) = (ledger.saved.len(), self.steps, self.phones.len());
        let mut counts = ledger.counts.clone();
        drop(ledger);
        counts.insert("conflict left open".to_owned(), super::conflicts::open(self)?);
        Ok(Told { steps, phones, saved, photos, counts, records })
    }
}

#[allow(clippy::print_stdout, reason = "a history is told to whoever asked for it")]
pub(super) fn aloud(line: &str) {
    println!("{line}");
}
