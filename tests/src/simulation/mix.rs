//! What can happen in a history and how often: every seed draws its own mix, so that some histories are all of one kind.

use domain::scope::Role;

use super::chance::Chance;
use super::wire::Fault;

/// One step of a history. A new kind of trouble or of work is a line here, one in a table below, and an arm in `History::act`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Step {
    // -- work
    Round,
    EditDuringRound,
    EditPerson,
    EditHousehold,
    EditIncident,
    EditNewerField,
    Visit,
    TakeBack,
    Report,
    NewDoor,
    RemoveOrPutBack,
    MergeOrPart,
    Photograph,
    PhotographPerson,
    VisitPerson,
    MovePerson,
    MoveHousehold,
    VisitSeveral,
    ActOnIncident,
    ReportTask,
    DecideConflict,
    FreeStorage,
    Draft,
    NameHead,
    Mistype,
    AnswerRefusal,
    Review,
    CorrectAtDesk,
    GiveTask,
    // -- bringing people to safety
    OrderEvacuation,
    EndEvacuation,
    MarkPeople,
    Unmark,
    MarkAtDesk,
    HandEvacuationOver,
    EditHazard,
    // -- disputes
    OpenDispute,
    EditDispute,
    AddDisputeEvent,
    PhotographPaper,
    EraseParty,
    EditParties,
    EditPartiesTogether,
    DecideParties,
    MoveParty,
    LeaveCaseForm,
    // -- informants
    Inform,
    // -- incidents at the desk
    ActAtDesk,
    // -- inspections
    EditPremises,
    Inspect,
    Recheck,
    // -- notices
    PublishNotice,
    TellNotice,
    // -- who is looked after
    PlanCare,
    VisitByPlan,
    // -- two entries of one
    MergeEntries,
    MergeAtDesk,
    // -- a register that is taken in
    ImportSheet,
    // -- who works in the county, and where
    CloseAccount,
    ReopenAccount,
    HandCellOver,
    // -- many approvals at once
    ApproveMany,
    // -- the county's lists
    PublishLists,
    // -- what the server must refuse
    Presume,
    // -- the network
    DeliverLate,
    Pry,
    // -- clocks
    SetClock,
    JumpYears,
    SetServerClock,
    LongAbsence,
    TokensRunOut,
    // -- phones
    KillPhone,
    CutPhonePower,
    FailPhoneCommit,
    FillPhone,
    ClonePhone,
    BackUpPhone,
    RestorePhone,
    RevokePhone,
    EnrolAgain,
    LockByOrder,
    WipeByOrder,
    LiftOrder,
    TakeIn,
    // -- the server
    KillServer,
    CutServerPower,
    FailServerCommit,
    FillServer,
    BackUpServer,
    RestoreServer,
    PutPhotosBack,
    Tidy,
    // -- the office
    HandOver,
    MoveAtDesk,
    ErasePerson,
    CutPages,
    // -- the county's grid, and who works in it
    MergeCells,
    SplitCell,
    MoveLate,
    ChangeRole,
}

/// What there has to be for a step to happen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Needs {
    /// Nothing: it happens whatever became of the phone, or elsewhere.
    Nothing,
    /// A phone whose register is open: what may happen to everybody's.
    Register,
    /// The same, and work that the app offers to all but informants.
    Staff,
    /// The same, and work that it offers neither to informants nor to supervisors.
    Worker,
    /// The same, and work that it offers to all but supervisors.
    Reporter,
}

impl Step {
    /// Whether it is done on a phone, and needs one whose register is open.
    pub(super) fn needs_register(self) -> bool {
        self.needs() != Needs::Nothing
    }

    /// Whether the app offers this work to somebody of this role. Whatever else may happen happens to everybody's phone.
    pub(super) fn is_offered_to(self, role: Role) -> bool {
        match role {
            Role::Informant => !matches!(self.needs(), Needs::Staff | Needs::Worker),
            Role::Supervisor => !matches!(self.needs(), Needs::Worker | Needs::Reporter),
            _ => true,
        }
    }

    fn needs(self) -> Needs {
        let alone = STEPS.iter().map(|(step, needs, ..)| (*step, *needs));
        let first = [EVACUATION, DISPUTES, INFORMING, PARTIES, BORDERS, ROLES, FOLDER].into_iter().flatten();
        let together = first.chain([INSPECTIONS, NOTICES, CARE, INCIDENTS].into_iter().flatten());
        let together = together.chain(OFFICE.iter().copied().flatten());
        let together = together.map(|(step, needs, _)| (*step, *needs));
        let line = alone.chain(together).find(|(step, _)| *step == self);
        line.expect("every step stands in one of the tables").1
    }
}

/// Every step, what it needs, how often it comes when it comes, and how many of a hundred histories know it.
const STEPS: &[(Step, Needs, usize, usize)] = &[
    (Step::Round, Needs::Nothing, 260, 100),
    (Step::EditDuringRound, Needs::Staff, 40, 70),
    (Step::EditPerson, Needs::Staff, 120, 100),
    (Step::EditHousehold, Needs::Staff, 60, 100),
    (Step::EditIncident, Needs::Staff, 50, 90),
    (Step::EditNewerField, Needs::Staff, 20, 60),
    (Step::Visit, Needs::Worker, 90, 100),
    (Step::TakeBack, Needs::Worker, 25, 70),
    (Step::Report, Needs::Register, 40, 100),
    (Step::NewDoor, Needs::Staff, 15, 60),
    (Step::RemoveOrPutBack, Needs::Staff, 30, 80),
    (Step::MergeOrPart, Needs::Staff, 25, 50),
    (Step::Photograph, Needs::Reporter, 30, 70),
    (Step::PhotographPerson, Needs::Worker, 12, 40),
    (Step::VisitPerson, Needs::Worker, 25, 60),
    (Step::MovePerson, Needs::Staff, 15, 50),
    (Step::MoveHousehold, Needs::Staff, 12, 40),
    (Step::VisitSeveral, Needs::Worker, 15, 40),
    (Step::ActOnIncident, Needs::Staff, 20, 60),
    (Step::ReportTask, Needs::Worker, 15, 50),
    (Step::DecideConflict, Needs::Staff, 30, 60),
    (Step::FreeStorage, Needs::Register, 4, 30),
    (Step::Draft, Needs::Register, 12, 40),
    (Step::NameHead, Needs::Staff, 15, 40),
    (Step::Mistype, Needs::Register, 15, 50),
    (Step::AnswerRefusal, Needs::Register, 40, 90),
    (Step::Review, Needs::Nothing, 40, 80),
    (Step::CorrectAtDesk, Needs::Nothing, 30, 70),
    (Step::GiveTask, Needs::Nothing, 25, 60),
    (Step::Presume, Needs::Staff, 30, 60),
    (Step::DeliverLate, Needs::Nothing, 40, 70),
    (Step::Pry, Needs::Nothing, 6, 30),
    (Step::SetClock, Needs::Nothing, 25, 60),
    (Step::JumpYears, Needs::Nothing, 12, 30),
    (Step::LongAbsence, Needs::Nothing, 3, 20),
    (Step::TokensRunOut, Needs::Nothing, 15, 50),
    (Step::KillPhone, Needs::Nothing, 30, 60),
    (Step::CutPhonePower, Needs::Register, 40, 50),
    (Step::FailPhoneCommit, Needs::Register, 20, 30),
    (Step::FillPhone, Needs::Register, 15, 30),
    (Step::ClonePhone, Needs::Register, 8, 30),
    (Step::BackUpPhone, Needs::Register, 15, 35),
    (Step::RestorePhone, Needs::Nothing, 8, 30),
    (Step::RevokePhone, Needs::Nothing, 4, 20),
    (Step::EnrolAgain, Needs::Nothing, 15, 60),
    (Step::LockByOrder, Needs::Nothing, 8, 25),
    (Step::WipeByOrder, Needs::Nothing, 3, 20),
    (Step::LiftOrder, Needs::Nothing, 12, 40),
    (Step::TakeIn, Needs::Nothing, 10, 40),
    (Step::KillServer, Needs::Nothing, 20, 50),
    (Step::CutServerPower, Needs::Nothing, 20, 40),
    (Step::FailServerCommit, Needs::Nothing, 20, 30),
    (Step::FillServer, Needs::Nothing, 10, 30),
    (Step::BackUpServer, Needs::Nothing, 15, 40),
    (Step::RestoreServer, Needs::Nothing, 6, 35),
    (Step::Tidy, Needs::Nothing, 8, 40),
    (Step::HandOver, Needs::Nothing, 15, 50),
    (Step::MoveAtDesk, Needs::Nothing, 10, 35),
    (Step::ErasePerson, Needs::Nothing, 8, 30),
    (Step::CutPages, Needs::Nothing, 20, 50),
    (Step::SetServerClock, Needs::Nothing, 10, 25),
];

/// The work of an evacuation, what it needs, and how much of it there is to a thousand other steps. A history knows all of it, or none.
const EVACUATION: &[(Step, Needs, usize)] = &[
    (Step::OrderEvacuation, Needs::Nothing, 18),
    (Step::EndEvacuation, Needs::Nothing, 7),
    (Step::MarkPeople, Needs::Staff, 60),
    (Step::Unmark, Needs::Staff, 10),
    (Step::MarkAtDesk, Needs::Nothing, 16),
    (Step::HandEvacuationOver, Needs::Staff, 20),
    (Step::EditHazard, Needs::Staff, 14),
];

/// The same of disputes.
const DISPUTES: &[(Step, Needs, usize)] = &[
    (Step::OpenDispute, Needs::Staff, 18),
    (Step::EditDispute, Needs::Staff, 22),
    (Step::AddDisputeEvent, Needs::Staff, 34),
    (Step::PhotographPaper, Needs::Worker, 6),
    (Step::EraseParty, Needs::Nothing, 8),
];

/// What an informant does, beside what a worker does too.
const INFORMING: &[(Step, Needs, usize)] = &[(Step::Inform, Needs::Nothing, 25)];

/// The county draws its cells anew.
const BORDERS: &[(Step, Needs, usize)] = &[
    (Step::MergeCells, Needs::Nothing, 12),
    (Step::SplitCell, Needs::Nothing, 16),
    (Step::MoveLate, Needs::Nothing, 8),
];

/// Accounts are made something else.
const ROLES: &[(Step, Needs, usize)] = &[(Step::ChangeRole, Needs::Nothing, 14)];

/// The photo folder is put back older than the database.
const FOLDER: &[(Step, Needs, usize)] = &[(Step::PutPhotosBack, Needs::Nothing, 6)];

/// What happens to the parties of disputes: their lists are corrected, by several at once, and decided on, and they move; and forms of
/// files that are left unfinished. A history that knows disputes knows this too.
const PARTIES: &[(Step, Needs, usize)] = &[
    (Step::EditParties, Needs::Staff, 14),
    (Step::EditPartiesTogether, Needs::Nothing, 9),
    (Step::DecideParties, Needs::Staff, 14),
    (Step::MoveParty, Needs::Nothing, 4),
    (Step::LeaveCaseForm, Needs::Staff, 8),
];

/// Places are inspected, and the hazards that were found there are looked at again, or reported.
const INSPECTIONS: &[(Step, Needs, usize)] =
    &[(Step::EditPremises, Needs::Staff, 16), (Step::Inspect, Needs::Staff, 22), (Step::Recheck, Needs::Staff, 26)];

/// The desk has something to say to everybody, and workers go from door to door with it.
const NOTICES: &[(Step, Needs, usize)] =
    &[(Step::PublishNotice, Needs::Nothing, 12), (Step::TellNotice, Needs::Worker, 26)];

/// Residents are looked after.
const CARE: &[(Step, Needs, usize)] = &[(Step::PlanCare, Needs::Staff, 24), (Step::VisitByPlan, Needs::Worker, 14)];

/// Supervisors take the steps of incidents that are theirs, and call residents.
const INCIDENTS: &[(Step, Needs, usize)] = &[(Step::ActAtDesk, Needs::Nothing, 30)];

/// Somebody was entered twice: the entries are made one, on phones and at the desk, and taken apart again.
const ENTRIES: &[(Step, Needs, usize)] =
    &[(Step::MergeEntries, Needs::Staff, 24), (Step::MergeAtDesk, Needs::Nothing, 14)];

/// The office takes a register in from tables.
const IMPORTS: &[(Step, Needs, usize)] = &[(Step::ImportSheet, Needs::Nothing, 12)];

/// The office closes accounts and opens them again, and hands single cells over.
const ACCOUNTS: &[(Step, Needs, usize)] = &[
    (Step::CloseAccount, Needs::Nothing, 5),
    (Step::ReopenAccount, Needs::Nothing, 16),
    (Step::HandCellOver, Needs::Nothing, 14),
];

/// The desk approves many at once, and wants that back.
const APPROVALS: &[(Step, Needs, usize)] = &[(Step::ApproveMany, Needs::Nothing, 24)];

/// The office publishes lists.
const LISTS: &[(Step, Needs, usize)] = &[(Step::PublishLists, Needs::Nothing, 12)];

/// What came last: a history knows each of these or not, and what it knows of them is drawn apart.
const OFFICE: &[&[(Step, Needs, usize)]] = &[ENTRIES, IMPORTS, ACCOUNTS, APPROVALS, LISTS];

/// The mix of one history.
pub(super) struct Mix {
    steps: Vec<(Step, usize)>,
    sum: usize,
    /// In which ways the network spoils calls.
    pub(super) faults: Vec<Fault>,
    /// How many of a hundred calls it spoils.
    pub(super) spoiled: usize,
    /// How many of a hundred calls are slow.
    pub(super) slow: usize,
    /// How many of a hundred rounds cut what they send into small pages.
    pub(super) small_pages: usize,
    /// How many of a hundred calls of a round something else happens before, and after.
    pub(super) busy: usize,
    /// How many of a hundred edits go to the record that everybody edits.
    pub(super) crowded: usize,
    /// Whether somebody who leads the workers has a phone too.
    pub(super) leads: bool,
    /// Whether an informant has one.
    pub(super) informs: bool,
}

impl Mix {
    /// What came later draws `apart`, so that a seed stays the history that it was; what came after that, `later`; what came after
    /// that, `latest`; whether a history knows what came next, `newest`; and what came last, `office`.
    pub(super) fn draw(
        chance: &mut Chance,
        apart: &mut Chance,
        later: &mut Chance,
        latest: &mut Chance,
        newest: &mut Chance,
        office: &mut Chance,
    ) -> Self {
        let mut steps = Vec::new();
        for (step, _, weight, known) in STEPS {
            if chance.percent(*known) {
                // Half, once or twice as often as usual.
                steps.push((*step, weight * [1, 2, 4][chance.below(3)]));
            }
        }
        let faults = Fault::ALL.into_iter().filter(|_| chance.percent(60)).collect();
        let mut mix = Self {
            sum: steps.iter().map(|(_, weight)| weight).sum(),
            steps,
            faults,
            spoiled: [0, 10, 30, 60][chance.below(4)],
            slow: [0, 0, 30, 70][apart.below(4)],
            small_pages: [0, 40, 90][apart.below(3)],
            busy: [0, 0, 15, 50][apart.below(4)],
            crowded: [20, 60, 90][chance.below(3)],
            leads: false,
            informs: false,
        };
        if later.percent(45) {
            mix.knows_together(EVACUATION, later);
            mix.leads = later.percent(85);
        }
        if later.percent(40) {
            mix.knows_together(DISPUTES, later);
        }
        if later.percent(35) {
            mix.knows_together(INFORMING, later);
            mix.informs = true;
        }
        if latest.percent(30) {
            mix.knows_together(BORDERS, latest);
        }
        if latest.percent(25) {
            mix.knows_together(ROLES, latest);
        }
        if mix.knows(Step::BackUpServer) && latest.percent(40) {
            mix.knows_together(FOLDER, latest);
        }
        // Last: what of `later` other histories draw stays as it was.
        if mix.knows(Step::OpenDispute) {
            mix.knows_together(PARTIES, later);
        }
        for work in [INSPECTIONS, NOTICES, CARE, INCIDENTS] {
            if newest.percent(30) {
                mix.knows_together(work, newest);
            }
        }
        for work in OFFICE {
            if office.percent(30) {
                mix.knows_together(work, office);
            }
        }
        mix
    }

    /// Work of which each part needs the others.
    fn knows_together(&mut self, work: &[(Step, Needs, usize)], chance: &mut Chance) {
        let others = self.sum;
        for (step, _, of_a_thousand) in work {
            // Half, once or twice as often as usual.
            let weight = (others * of_a_thousand * [1, 2, 4][chance.below(3)] / 2_000).max(1);
            self.steps.push((*step, weight));
            self.sum += weight;
        }
    }

    /// Nothing happens by itself: somebody else says what does.
    pub(super) fn none() -> Self {
        Self {
            steps: Vec::new(),
            sum: 0,
            faults: Vec::new(),
            spoiled: 0,
            slow: 0,
            small_pages: 0,
            busy: 0,
            crowded: 100,
            leads: false,
            informs: false,
        }
    }

    /// Whether this ever happens by itself.
    pub(super) fn knows(&self, step: Step) -> bool {
        self.steps.iter().any(|(known, _)| *known == step)
    }

    /// The next step.
    pub(super) fn step(&self, chance: &mut Chance) -> Step {
        let mut left = chance.below(self.sum);
        for (step, weight) in &self.steps {
            if left < *weight {
                return *step;
            }
            left -= weight;
        }
        Step::Round
    }
}
