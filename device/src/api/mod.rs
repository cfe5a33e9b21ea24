//! Every command the window can ask for, declared once: name, arguments, answer, function.
//!
//! The table below is the dispatch of [`call`] and, through ts-rs, the type `Commands` in the window's `commands.ts`. Tauri and
//! the local host of the tests call [`call`] and know nothing else of this crate.

pub mod building;
pub mod category;
pub mod draft;
pub mod failure;
pub mod household;
pub mod incident;
pub mod lists;
pub mod person;
pub mod photo;
pub mod record;
pub mod refused;
pub mod review;
pub mod search;
pub mod session;
pub mod today;
pub mod visit;

use serde::{Deserialize, Serialize};
use ts_rs::TS;

pub use failure::{Failure, FailureCode};

use crate::SyncState;
use crate::preferences::Preferences;

/// No arguments, or nothing to answer.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
#[ts(export, type = "Record<string, never>")]
pub struct Nothing {}

/// The bytes of a JPEG picture.
#[derive(Debug, Clone, PartialEq, Eq, TS)]
#[ts(type = "ArrayBuffer")]
pub struct Jpeg(pub Vec<u8>);

macro_rules! commands {
    ($($(#[$doc:meta])* $name:ident: $args:ty => $answer:ty,)*) => {
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
    };
}

commands! {
    /// What the window needs to know before it shows anything.
    state: Nothing => session::AppState,
    /// Makes this phone somebody's, with a code that works once.
    enrol: session::EnrolArgs => session::AppState,
    /// Opens the register.
    unlock: session::UnlockArgs => session::AppState,
    /// Seals the register.
    lock: Nothing => session::AppState,
    /// The first screen.
    today: Nothing => today::Today,
    /// Where this phone stands with the server.
    sync_state: Nothing => SyncState,
    /// Runs a round soon.
    sync_now: Nothing => SyncState,
    /// Search.
    search: search::SearchArgs => Vec<search::SearchHit>,
    /// Buildings and village groups.
    buildings: Nothing => Vec<building::BuildingLine>,
    /// The board of a building's doors.
    doors: building::DoorsArgs => building::DoorBoard,
    /// A household.
    household: record::OfRecord => household::HouseholdPage,
    /// A resident.
    person: record::OfRecord => person::PersonPage,
    /// A record of any kind.
    record: record::OfRecord => record::RecordPage,
    /// Saves fields of a record, or a new record.
    save: record::SaveArgs => record::Saved,
    /// Takes a record out of the register.
    remove: record::OfRecord => record::Saved,
    /// Puts a record back into the register.
    put_back: record::OfRecord => record::Saved,
    /// Records a visit.
    record_visit: visit::RecordVisitArgs => record::Saved,
    /// Removes an own visit or photo that was never offered to the server.
    take_back: record::OfRecord => Nothing,
    /// Incidents, newest first.
    incidents: Nothing => Vec<incident::IncidentLine>,
    /// An incident.
    incident: record::OfRecord => incident::IncidentPage,
    /// Incident categories.
    categories: category::CategoriesArgs => Vec<category::CategoryHit>,
    /// Adds a photo; its bytes are the body of the call.
    add_photo: photo::AddPhotoArgs => photo::PhotoLine,
    /// The bytes of a photo.
    photo: photo::PhotoArgs => Jpeg,
    /// Keeps the content of an unfinished form.
    save_draft: draft::SaveDraftArgs => Nothing,
    /// What stood in an unfinished form.
    draft: draft::OfDraft => Option<draft::Draft>,
    /// Forgets a draft.
    drop_draft: draft::OfDraft => Nothing,
    /// All drafts, the latest first.
    drafts: Nothing => Vec<draft::DraftLine>,
    /// What the server refused.
    refused: Nothing => Vec<refused::RefusedItem>,
    /// Offers a refused change again.
    resend: refused::OfRefused => Nothing,
    /// Drops a refused change.
    discard: refused::OfRefused => Nothing,
    /// Every list that a form offers.
    lists: Nothing => lists::AllLists,
    /// How the worker likes the app to look.
    preferences: Nothing => Preferences,
    /// Sets how the worker likes the app to look.
    set_preferences: Preferences => Preferences,
}
