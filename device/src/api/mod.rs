//! Every command the window can ask for, declared once: name, arguments, answer, function.
//!
//! The table below is the dispatch of [`call`] and, through ts-rs, the type `Commands` in the window's `commands.ts`. Tauri and
//! the local host of the tests call [`call`] and know nothing else of this crate.

pub mod building;
pub mod care;
pub mod category;
pub mod conflict;
pub mod dispute;
pub mod draft;
pub mod dwelling;
pub mod evacuation;
pub mod failure;
pub mod feedback;
pub mod handover;
pub mod hazard;
pub mod household;
pub mod incident;
pub mod inspection;
pub mod likely;
pub mod lists;
pub mod map;
pub mod merging;
pub mod month;
pub mod moving;
pub mod network;
pub mod news;
pub mod notice;
pub mod person;
pub mod photo;
pub mod premises;
pub mod receipt;
pub mod record;
pub mod refused;
pub mod review;
pub mod roll_call;
pub mod search;
pub mod session;
pub mod several;
pub mod sheet;
pub mod slip;
pub mod storage;
pub mod storeys;
pub mod task;
pub mod today;
pub mod visit;

use domain::protocol::depth;
use domain::{Kind, Record, RecordId};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use ts_rs::TS;

pub use failure::{Failure, FailureCode};

use crate::network::Network;
use crate::preferences::Preferences;
use crate::{Device, DeviceError, Open, SharedPhone, SyncState, WorkerLine};

/// No arguments, or nothing to answer.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
#[ts(export, type = "Record<string, never>")]
pub struct Nothing {}

/// The bytes of a JPEG picture.
#[derive(Debug, Clone, PartialEq, Eq, TS)]
#[ts(type = "ArrayBuffer")]
pub struct Jpeg(pub Vec<u8>);

/// A file of rows, in one of two formats.
#[derive(Debug, Clone, PartialEq, Eq, TS)]
#[ts(type = "ArrayBuffer")]
pub enum Table {
    /// Excel's own format.
    Xlsx(Vec<u8>),
    /// Comma-separated text.
    Csv(Vec<u8>),
}
/// The bytes of a PDF file.
#[derive(Debug, Clone, PartialEq, Eq, TS)]
#[ts(type = "ArrayBuffer")]
pub struct Pdf(pub Vec<u8>);

macro_rules! commands {
    ($($(#[$doc:meta])* $name:ident: $args:ty => $answer:ty, $how:ident $function:path;)*) => {
        /// What a command takes and answers.
        #[derive(TS)]
        #[ts(export, export_to = "commands.ts")]
        pub struct Command<Args, Answer> {
            /// The arguments.
            pub args: Args,
            /// The answer.
            pub answer: Answer,
        }

        /// Every command by name.
        #[derive(TS)]
        #[ts(export, export_to = "commands.ts")]
        pub struct Commands {
            $($(#[$doc])* pub $name: Command<$args, $answer>,)*
        }

        /// The names of all commands.
        pub const COMMANDS: &[&str] = &[$(stringify!($name)),*];

        fn dispatch(asked: Asked<'_>, command: &str, args: Value, body: Option<Vec<u8>>) -> Result<Answer, Failure> {
            match command {
                $(stringify!($name) => {
                    let args: $args = read(args)?;
                    let answer: $answer = run!($how, $function, asked, args, body)?;
                    answer.into_answer()
                })*
                _ => Err(Failure::new(FailureCode::UnknownCommand)),
            }
        }
    };
}

/// Who is asked: the register of a worker, and the phone around it where there is one.
#[derive(Clone, Copy)]
struct Asked<'a> {
    device: &'a Device,
    phone: Option<&'a SharedPhone>,
}

/// A command takes a body, or is refused one; some are of the phone with all its workers, which a register alone has not.
macro_rules! run {
    (plain, $function:path, $asked:ident, $args:ident, $body:ident) => {
        match $body {
            None => $function($asked.device, $args),
            Some(_) => Err(Failure::new(FailureCode::Malformed)),
        }
    };
    (with_body, $function:path, $asked:ident, $args:ident, $body:ident) => {
        match $body {
            Some(body) => $function($asked.device, $args, body),
            None => Err(Failure::new(FailureCode::Malformed)),
        }
    };
    (of_phone, $function:path, $asked:ident, $args:ident, $body:ident) => {
        match ($asked.phone, $body) {
            (Some(phone), None) => $function(phone, $args),
            (Some(_), Some(_)) => Err(Failure::new(FailureCode::Malformed)),
            (None, _) => Err(Failure::new(FailureCode::UnknownCommand)),
        }
    };
}

commands! {
    /// What the window needs to know before it shows anything.
    state: Nothing => session::AppState, plain session::state;
    /// Makes this phone somebody's, with a code that works once.
    enrol: session::EnrolArgs => session::AppState, plain session::enrol;
    /// Opens the register.
    unlock: session::UnlockArgs => session::AppState, plain session::unlock;
    /// Seals the register.
    lock: Nothing => session::AppState, plain session::lock;
    /// Everybody who has a register on this phone.
    workers: Nothing => Vec<WorkerLine>, of_phone session::workers;
    /// Seals the register and hands the phone to another of its workers.
    hand_to: session::HandToArgs => session::AppState, of_phone session::hand_to;
    /// Seals the register and makes room for another worker.
    add_worker: Nothing => session::AppState, of_phone session::add_worker;
    /// The first screen.
    today: Nothing => today::Today, plain today::today;
    /// Where this phone stands with the server.
    sync_state: Nothing => SyncState, plain sync_state;
    /// What the server has signed for, and what of today is safe.
    receipt: Nothing => receipt::ReceiptPage, plain receipt::receipt;
    /// Runs a round soon.
    sync_now: Nothing => SyncState, plain sync_now;
    /// Search.
    search: search::SearchArgs => Vec<search::SearchHit>, plain search::search;
    /// Buildings and village groups.
    buildings: Nothing => Vec<building::BuildingLine>, plain building::buildings;
    /// The map of the own cells.
    cell_map: Nothing => map::CellMap, plain map::cell_map;
    /// The board of a building's doors.
    doors: building::DoorsArgs => building::DoorBoard, plain building::doors;
    /// Adds a building's doors by storeys.
    add_doors: storeys::AddDoorsArgs => storeys::AddedDoors, plain storeys::add_doors;
    /// A household.
    household: record::OfRecord => household::HouseholdPage, plain household::household;
    /// A resident.
    person: record::OfRecord => person::PersonPage, plain person::person;
    /// A door.
    dwelling: record::OfRecord => dwelling::DwellingPage, plain dwelling::dwelling;
    /// Doors by how they are written.
    rooms: dwelling::RoomsArgs => Vec<dwelling::RoomLine>, plain dwelling::rooms;
    /// A tenancy.
    tenancy: record::OfRecord => dwelling::TenancyPage, plain dwelling::tenancy;
    /// Safety was checked today, where a dwelling is let.
    check_safety: record::OfRecord => record::Saved, plain dwelling::check_safety;
    /// Moves a household to another door, with everybody in it.
    move_household: moving::MoveHouseholdArgs => moving::Moved, plain moving::move_household;
    /// Moves a resident to another household, or to one of their own.
    move_person: moving::MovePersonArgs => moving::MovedPerson, plain moving::move_person;
    /// Everybody of a household moved out.
    move_out: moving::MoveOutArgs => moving::Moved, plain moving::move_out;
    /// Entries that may be of the same resident or door as what is being typed.
    likely_same: likely::LikelySameArgs => Vec<likely::LikelySame>, plain likely::likely_same;
    /// Looks for the other entry of a resident, household or door.
    look_for_same: likely::LookForSameArgs => Vec<likely::LikelySame>, plain likely::look_for_same;
    /// Two entries side by side.
    compare: merging::CompareArgs => merging::Comparison, plain merging::compare;
    /// Makes two entries one.
    merge: merging::MergeArgs => record::Saved, plain merging::merge;
    /// Lets an entry that gave way to another stand for itself again.
    part: record::OfRecord => record::Saved, plain merging::part;
    /// A record of any kind.
    record: record::OfRecord => record::RecordPage, plain record::record;
    /// Saves fields of a record, or a new record.
    save: record::SaveArgs => record::Saved, plain record::save;
    /// Takes a record out of the register.
    remove: record::OfRecord => record::Saved, plain record::remove;
    /// Puts a record back into the register.
    put_back: record::OfRecord => record::Saved, plain record::put_back;
    /// Records a visit.
    record_visit: visit::RecordVisitArgs => record::Saved, plain visit::record_visit;
    /// Removes an own visit or photo that was never offered to the server.
    take_back: record::OfRecord => Nothing, plain visit::take_back;
    /// Records a visit to each of several: all of them, or none.
    record_visits: several::RecordVisitsArgs => several::SavedSeveral, plain several::record_visits;
    /// Removes several own records that were never offered to the server.
    take_back_several: several::OfSeveral => Nothing, plain several::take_back_several;
    /// Way and purposes of the last own visit that named any.
    last_visit: Nothing => Option<visit::LastVisit>, plain visit::last_visit;
    /// What a slip for a missed visit says.
    slip: record::OfRecord => slip::Slip, plain slip::slip;
    /// Care plans, the most urgent first.
    care: Nothing => Vec<care::CareLine>, plain care::care;
    /// A care plan.
    care_plan: record::OfRecord => care::CarePlanPage, plain care::care_plan;
    /// Ends a care plan with this day.
    end_care: record::OfRecord => record::Saved, plain care::end_care;
    /// Notices and warnings.
    notices: Nothing => Vec<notice::NoticeLine>, plain notice::notices;
    /// A notice with the doors of its cell.
    notice: record::OfRecord => notice::NoticePage, plain notice::notice;
    /// Marks households as told.
    tell_notice: notice::TellNoticeArgs => several::SavedSeveral, plain notice::tell_notice;
    /// Tasks from the desk.
    tasks: Nothing => Vec<task::TaskLine>, plain task::tasks;
    /// A task.
    task: record::OfRecord => task::TaskLine, plain task::task;
    /// Says what came of a task.
    report_task: task::ReportTaskArgs => record::Saved, plain task::report_task;
    /// The worker's own opinions about this app, with the answers.
    feedback: Nothing => Vec<feedback::FeedbackThread>, plain feedback::feedback;
    /// Writes an opinion about this app.
    write_feedback: feedback::WriteFeedbackArgs => record::Saved, plain feedback::write_feedback;
    /// Rates an answer.
    rate_answer: feedback::RateAnswerArgs => record::Saved, plain feedback::rate_answer;
    /// Disputes, the most urgent first.
    disputes: Nothing => Vec<dispute::DisputeLine>, plain dispute::disputes;
    /// A dispute's case file.
    dispute: record::OfRecord => dispute::DisputePage, plain dispute::dispute;
    /// Adds an event to a case file.
    add_dispute_event: dispute::AddDisputeEventArgs => record::Saved, plain dispute::add_dispute_event;
    /// A form of a case file, to print.
    dispute_form: dispute::DisputeFormArgs => Pdf, plain dispute::dispute_form;
    /// What has a day that is near or past: cases, hazards.
    due_work: Nothing => inspection::DueWork, plain inspection::due_work;
    /// Hazards that were not put right, the most urgent first.
    hazards: Nothing => Vec<inspection::HazardLine>, plain inspection::hazards;
    /// Places that are inspected by rule, those first where nobody was for longest.
    inspection_places: Nothing => Vec<inspection::PlaceLine>, plain inspection::inspection_places;
    /// A place with its checklists and what was found there.
    inspection_place: record::OfRecord => inspection::InspectionPlace, plain inspection::inspection_place;
    /// Records an inspection.
    record_inspection: inspection::RecordInspectionArgs => record::Saved, plain inspection::record_inspection;
    /// An inspection.
    inspection: record::OfRecord => inspection::InspectionPage, plain inspection::inspection;
    /// The notice to put an inspection's hazards right, to print.
    inspection_notice: record::OfRecord => Pdf, plain inspection::inspection_notice;
    /// Records what a re-check found.
    recheck: inspection::RecheckArgs => record::Saved, plain inspection::recheck;
    /// Makes an incident of a hazard that was not put right.
    report_hazard: inspection::OfHazard => record::Saved, plain inspection::report_hazard;
    /// The small premises behind a door.
    premises_at: record::OfRecord => premises::DoorPremises, plain premises::premises_at;
    /// A small premises.
    premises: record::OfRecord => premises::PremisesPage, plain premises::premises;
    /// Incidents, the most urgent first.
    incidents: Nothing => Vec<incident::IncidentLine>, plain incident::incidents;
    /// An incident.
    incident: record::OfRecord => incident::IncidentPage, plain incident::incident;
    /// Takes a step of an incident.
    add_incident_step: incident::AddStepArgs => record::Saved, plain incident::add_incident_step;
    /// What a new report begins with.
    start_report: incident::StartReportArgs => incident::ReportStart, plain incident::start_report;
    /// Incident categories.
    categories: category::CategoriesArgs => Vec<category::CategoryHit>, plain category::categories;
    /// Adds a photo; its bytes are the body of the call.
    add_photo: photo::AddPhotoArgs => photo::PhotoLine, with_body photo::add_photo;
    /// The bytes of a photo.
    photo: photo::PhotoArgs => Jpeg, plain photo::photo;
    /// Keeps the content of an unfinished form, or names the photos that a stored record is still to get.
    save_draft: draft::SaveDraftArgs => Nothing, plain draft::save_draft;
    /// What stood in an unfinished form.
    draft: draft::OfDraft => Option<draft::Draft>, plain draft::draft;
    /// Forgets a draft.
    drop_draft: draft::OfDraft => Nothing, plain draft::drop_draft;
    /// All drafts, the latest first.
    drafts: Nothing => Vec<draft::DraftLine>, plain draft::drafts;
    /// What the server refused.
    refused: Nothing => Vec<refused::RefusedItem>, plain refused::refused;
    /// Offers a refused change again.
    resend: refused::OfRefused => Nothing, plain refused::resend;
    /// Drops a refused change.
    discard: refused::OfRefused => Nothing, plain refused::discard;
    /// Lets a value stand again that was set aside for another; asked once more, undoes that.
    restore_value: conflict::OfConflict => Nothing, plain conflict::restore_value;
    /// Does not show a conflict any more, on this phone.
    dismiss_conflict: conflict::OfConflict => Nothing, plain conflict::dismiss_conflict;
    /// Hazard points, those that threaten most first.
    hazard_points: Nothing => Vec<hazard::HazardPointLine>, plain hazard::hazard_points;
    /// A hazard point with the households that it threatens.
    hazard_point: record::OfRecord => hazard::HazardPointPage, plain hazard::hazard_point;
    /// Says that a hazard point threatens a household.
    threaten: hazard::ThreatenArgs => record::Saved, plain hazard::threaten;
    /// The household got its card today; asked once more, it did not.
    issue_card: record::OfRecord => record::Saved, plain hazard::issue_card;
    /// Evacuations: those that stand, and earlier ones.
    evacuations: Nothing => evacuation::EvacuationList, plain evacuation::evacuations;
    /// The roll-call of an evacuation.
    evacuation: record::OfRecord => evacuation::EvacuationPage, plain evacuation::evacuation;
    /// Orders an evacuation for some hazard points: one for each cell in which they lie.
    order_evacuation: evacuation::OrderArgs => evacuation::Ordered, plain evacuation::order;
    /// Ends an evacuation.
    end_evacuation: record::OfRecord => record::Saved, plain evacuation::end;
    /// Marks people in a roll-call.
    mark_people: roll_call::MarkArgs => roll_call::Marked, plain roll_call::mark_people;
    /// Takes marks back.
    unmark: roll_call::UnmarkArgs => Nothing, plain roll_call::unmark;
    /// An evacuation as a sequence of QR codes for another phone.
    handover_frames: record::OfRecord => handover::HandoverFrames, plain handover::frames;
    /// An evacuation as a sealed file for another phone.
    handover_file: record::OfRecord => handover::HandoverFile, plain handover::file;
    /// Takes one of the QR codes that another phone shows.
    take_frame: handover::FrameArgs => handover::FrameTaken, plain handover::take_frame;
    /// Takes the file of another phone, which is the body of the call.
    take_file: handover::CodeArgs => handover::HandoverTaken, with_body handover::take_file;
    /// Every list that a form offers.
    lists: Nothing => lists::AllLists, plain lists::lists;
    /// What the window knows of the network.
    network: Network => Nothing, plain network::network;
    /// Sends the photos that wait for Wi-Fi over whatever network there is, this once.
    send_photos_now: Nothing => SyncState, plain network::send_photos_now;
    /// The sheets that other departments ask for.
    sheets: Nothing => Vec<sheet::SheetLine>, plain sheet::sheets;
    /// A sheet as a file.
    export_sheet: sheet::SheetArgs => Table, plain sheet::export_sheet;
    /// Stamps what stands in a sheet now as reported.
    stamp_sheet: sheet::OfSheet => sheet::SheetLine, plain sheet::stamp_sheet;
    /// The month of the own cells.
    month: month::MonthArgs => domain::month::Month, plain month::month_page;
    /// What takes room on the phone.
    storage: Nothing => storage::StorageUse, plain storage::storage;
    /// Gives up originals that the server has.
    free_storage: Nothing => storage::StorageUse, plain storage::free_storage;
    /// How the worker likes the app to look.
    preferences: Nothing => Preferences, plain preferences;
    /// Sets how the worker likes the app to look.
    set_preferences: Preferences => Preferences, plain set_preferences;
}

/// What a command answers.
#[derive(Debug, Clone, PartialEq)]
pub enum Answer {
    /// JSON, of the type that the table names.
    Json(Value),
    /// Bytes, and what they are.
    Bytes {
        /// Their media type.
        mime: &'static str,
        /// The bytes.
        bytes: Vec<u8>,
    },
}

trait IntoAnswer {
    fn into_answer(self) -> Result<Answer, Failure>;
}

impl<T: Serialize> IntoAnswer for T {
    fn into_answer(self) -> Result<Answer, Failure> {
        serde_json::to_value(self).map(Answer::Json).map_err(|error| DeviceError::from(error).into())
    }
}

impl IntoAnswer for Table {
    fn into_answer(self) -> Result<Answer, Failure> {
        Ok(match self {
            Table::Xlsx(bytes) => {
                Answer::Bytes { mime: "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", bytes }
            }
            Table::Csv(bytes) => Answer::Bytes { mime: "text/csv; charset=utf-8", bytes },
        })
    }
}

impl IntoAnswer for Pdf {
    fn into_answer(self) -> Result<Answer, Failure> {
        Ok(Answer::Bytes { mime: "application/pdf", bytes: self.0 })
    }
}

impl IntoAnswer for Jpeg {
    fn into_answer(self) -> Result<Answer, Failure> {
        Ok(Answer::Bytes { mime: "image/jpeg", bytes: self.0 })
    }
}

/// Runs a command on the register of whoever uses the phone now, or on the phone itself: the one way in for every window.
///
/// A call that is under way when the phone changes hands stays with the register that it began with.
///
/// # Errors
/// As [`call`].
pub fn call_phone(phone: &SharedPhone, command: &str, args: Value, body: Option<Vec<u8>>) -> Result<Answer, Failure> {
    run_on(Asked { device: &phone.device(), phone: Some(phone) }, command, args, body)
}

/// Runs a command on one worker's register.
///
/// `args` is the arguments' object (or null for none); `body` the bytes of the one command that takes any. Blocks; call it
/// from a thread that may wait.
///
/// # Errors
/// [`Failure`], whose code a screen can translate.
pub fn call(device: &Device, command: &str, args: Value, body: Option<Vec<u8>>) -> Result<Answer, Failure> {
    run_on(Asked { device, phone: None }, command, args, body)
}

fn run_on(asked: Asked<'_>, command: &str, args: Value, body: Option<Vec<u8>>) -> Result<Answer, Failure> {
    let answer = dispatch(asked, command, args, body);
    // Unlocking has replaced the damaged one before it says so; what is open by now is another.
    if command != "unlock" && answer.as_ref().is_err_and(|failure| failure.code == FailureCode::RegisterDamaged) {
        asked.device.note_damage();
    }
    answer
}

fn read<T: DeserializeOwned>(args: Value) -> Result<T, Failure> {
    let args = if args.is_null() { Value::Object(serde_json::Map::new()) } else { args };
    if !args.is_object() || depth(&args) > ARGS_DEPTH_MAX {
        return Err(Failure::new(FailureCode::Malformed));
    }
    serde_json::from_value(args).map_err(|error| {
        // The message can repeat what was typed; its kind cannot.
        tracing::warn!(category = ?error.classify(), "arguments of another shape than the command has");
        Failure::new(FailureCode::Malformed)
    })
}

/// Arguments are nested at most this deep: a draft's form and its fields, with room.
const ARGS_DEPTH_MAX: usize = 32;

/// The record of that id and kind, of an entry that gave way the one that stands for it; not found when it is another kind or was
/// taken out of the register.
fn found(open: &Open, id: RecordId, kind: &Kind) -> Result<Record, Failure> {
    let record = open.store().standing(id)?.filter(|record| record.kind == *kind && record.is_present());
    record.ok_or_else(Failure::not_found)
}

fn sync_state(device: &Device, _: Nothing) -> Result<SyncState, Failure> {
    Ok(device.sync_state()?)
}

fn sync_now(device: &Device, _: Nothing) -> Result<SyncState, Failure> {
    Ok(device.sync_now()?)
}

fn preferences(device: &Device, _: Nothing) -> Result<Preferences, Failure> {
    Ok(Preferences::load(device.folder()))
}

fn set_preferences(device: &Device, chosen: Preferences) -> Result<Preferences, Failure> {
    let before = Preferences::load(device.folder());
    chosen.store(device.folder())?;
    if before.photos_on_wifi_only && !chosen.photos_on_wifi_only {
        device.inner.pulse.bell().ring_now();
    }
    Ok(chosen)
}
