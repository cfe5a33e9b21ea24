//! What can happen in a history and how often: every seed draws its own mix, so that some histories are all of one kind.

use domain::scope::Role;

use super::chance::Chance;
use super::wire::Fault;

/// One step of a history. A new kind of trouble or of work is a line here, a weight below, and an arm in `History::act`.
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
    // -- informants
    Inform,
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
    Tidy,
    // -- the office
    HandOver,
    MoveAtDesk,
    ErasePerson,
    CutPages,
}

impl Step {
    /// Whether it is done on a phone, and needs one whose register is open.
    pub(super) fn needs_register(self) -> bool {
        use Step::{
            ActOnIncident, AddDisputeEvent, AnswerRefusal, BackUpPhone, ClonePhone, CutPhonePower, DecideConflict,
            Draft, EditDispute, EditDuringRound, EditHazard, EditHousehold, EditIncident, EditNewerField, EditPerson,
            FailPhoneCommit, FillPhone, FreeStorage, HandEvacuationOver, MarkPeople, MergeOrPart, Mistype,
            MoveHousehold, MovePerson, NameHead, NewDoor, OpenDispute, Photograph, PhotographPaper, PhotographPerson,
            Presume, RemoveOrPutBack, Report, ReportTask, TakeBack, Unmark, Visit, VisitPerson, VisitSeveral,
        };
        matches!(
            self,
            AddDisputeEvent
                | AnswerRefusal
                | BackUpPhone
                | ClonePhone
                | CutPhonePower
                | DecideConflict
                | Draft
                | FreeStorage
                | MoveHousehold
                | MovePerson
                | ReportTask
                | ActOnIncident
                | VisitSeveral
                | EditDispute
                | EditDuringRound
                | EditHazard
                | EditHousehold
                | EditIncident
                | EditNewerField
                | EditPerson
                | FailPhoneCommit
                | FillPhone
                | HandEvacuationOver
                | MarkPeople
                | MergeOrPart
                | Mistype
                | NameHead
                | NewDoor
                | OpenDispute
                | Photograph
                | PhotographPaper
                | PhotographPerson
                | Presume
                | RemoveOrPutBack
                | Report
                | TakeBack
                | Unmark
                | Visit
                | VisitPerson
        )
    }

    /// Whether the app offers this work to somebody of this role. Whatever else may happen happens to everybody's phone.
    pub(super) fn is_offered_to(self, role: Role) -> bool {
        use Step::{
            ActOnIncident, AddDisputeEvent, DecideConflict, EditDispute, EditDuringRound, EditHazard, EditHousehold,
            EditIncident, EditNewerField, EditPerson, HandEvacuationOver, MarkPeople, MergeOrPart, MoveHousehold,
            MovePerson, NameHead, NewDoor, OpenDispute, Photograph, PhotographPaper, PhotographPerson, Presume,
            RemoveOrPutBack, ReportTask, TakeBack, Unmark, Visit, VisitPerson, VisitSeveral,
        };
        match role {
            Role::Informant => !matches!(
                self,
                ActOnIncident
                    | AddDisputeEvent
                    | DecideConflict
                    | EditDispute
                    | EditDuringRound
                    | EditHazard
                    | EditHousehold
                    | EditIncident
                    | EditNewerField
                    | EditPerson
                    | HandEvacuationOver
                    | MarkPeople
                    | MergeOrPart
                    | MoveHousehold
                    | MovePerson
                    | NameHead
                    | NewDoor
                    | OpenDispute
                    | PhotographPaper
                    | PhotographPerson
                    | Presume
                    | RemoveOrPutBack
                    | ReportTask
                    | TakeBack
                    | Unmark
                    | Visit
                    | VisitPerson
                    | VisitSeveral
            ),
            Role::Supervisor => !matches!(
                self,
                Photograph
                    | PhotographPaper
                    | PhotographPerson
                    | ReportTask
                    | TakeBack
                    | Visit
                    | VisitPerson
                    | VisitSeveral
            ),
            _ => true,
        }
    }
}

/// Every step, how often it comes when it comes, and how many of a hundred histories know it.
const STEPS: &[(Step, usize, usize)] = &[
    (Step::Round, 260, 100),
    (Step::EditDuringRound, 40, 70),
    (Step::EditPerson, 120, 100),
    (Step::EditHousehold, 60, 100),
    (Step::EditIncident, 50, 90),
    (Step::EditNewerField, 20, 60),
    (Step::Visit, 90, 100),
    (Step::TakeBack, 25, 70),
    (Step::Report, 40, 100),
    (Step::NewDoor, 15, 60),
    (Step::RemoveOrPutBack, 30, 80),
    (Step::MergeOrPart, 25, 50),
    (Step::Photograph, 30, 70),
    (Step::PhotographPerson, 12, 40),
    (Step::VisitPerson, 25, 60),
    (Step::MovePerson, 15, 50),
    (Step::MoveHousehold, 12, 40),
    (Step::VisitSeveral, 15, 40),
    (Step::ActOnIncident, 20, 60),
    (Step::ReportTask, 15, 50),
    (Step::DecideConflict, 30, 60),
    (Step::FreeStorage, 4, 30),
    (Step::Draft, 12, 40),
    (Step::NameHead, 15, 40),
    (Step::Mistype, 15, 50),
    (Step::AnswerRefusal, 40, 90),
    (Step::Review, 40, 80),
    (Step::CorrectAtDesk, 30, 70),
    (Step::GiveTask, 25, 60),
    (Step::Presume, 30, 60),
    (Step::DeliverLate, 40, 70),
    (Step::Pry, 6, 30),
    (Step::SetClock, 25, 60),
    (Step::JumpYears, 12, 30),
    (Step::LongAbsence, 3, 20),
    (Step::TokensRunOut, 15, 50),
    (Step::KillPhone, 30, 60),
    (Step::CutPhonePower, 40, 50),
    (Step::FailPhoneCommit, 20, 30),
    (Step::FillPhone, 15, 30),
    (Step::ClonePhone, 8, 30),
    (Step::BackUpPhone, 15, 35),
    (Step::RestorePhone, 8, 30),
    (Step::RevokePhone, 4, 20),
    (Step::EnrolAgain, 15, 60),
    (Step::LockByOrder, 8, 25),
    (Step::WipeByOrder, 3, 20),
    (Step::LiftOrder, 12, 40),
    (Step::TakeIn, 10, 40),
    (Step::KillServer, 20, 50),
    (Step::CutServerPower, 20, 40),
    (Step::FailServerCommit, 20, 30),
    (Step::FillServer, 10, 30),
    (Step::BackUpServer, 15, 40),
    (Step::RestoreServer, 6, 35),
    (Step::Tidy, 8, 40),
    (Step::HandOver, 15, 50),
    (Step::MoveAtDesk, 10, 35),
    (Step::ErasePerson, 8, 30),
    (Step::CutPages, 20, 50),
    (Step::SetServerClock, 10, 25),
];

/// The work of an evacuation, and how much of it there is to a thousand other steps. A history knows all of it, or none.
const EVACUATION: &[(Step, usize)] = &[
    (Step::OrderEvacuation, 18),
    (Step::EndEvacuation, 7),
    (Step::MarkPeople, 60),
    (Step::Unmark, 10),
    (Step::MarkAtDesk, 16),
    (Step::HandEvacuationOver, 20),
    (Step::EditHazard, 14),
];

/// The same of disputes.
const DISPUTES: &[(Step, usize)] = &[
    (Step::OpenDispute, 18),
    (Step::EditDispute, 22),
    (Step::AddDisputeEvent, 34),
    (Step::PhotographPaper, 6),
    (Step::EraseParty, 4),
];

/// What an informant does, beside what a worker does too.
const INFORMING: &[(Step, usize)] = &[(Step::Inform, 25)];

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
    /// What came later draws `apart`, so that a seed stays the history that it was; and what came after that, `later`.
    pub(super) fn draw(chance: &mut Chance, apart: &mut Chance, later: &mut Chance) -> Self {
        let mut steps = Vec::new();
        for (step, weight, known) in STEPS {
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
        mix
    }

    /// Work of which each part needs the others.
    fn knows_together(&mut self, work: &[(Step, usize)], later: &mut Chance) {
        let others = self.sum;
        for (step, of_a_thousand) in work {
            // Half, once or twice as often as usual.
            let weight = (others * of_a_thousand * [1, 2, 4][later.below(3)] / 2_000).max(1);
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
