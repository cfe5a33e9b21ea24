//! The queries behind the screens. Nothing here writes; everything is read from the open register in a few statements,
//! never one per row of a long list.

mod care;
mod disputes;
mod evacuation;
mod hazards;
mod incidents;
mod lines;
mod place;
mod register;
mod reviews;

pub(crate) use care::{care_due_among, care_lines, care_lines_of, is_shown};
pub(crate) use disputes::{dispute_events, dispute_lines, wants_work};
pub(crate) use evacuation::{Evacuating, evacuation_line, evacuation_page, lives_here};
pub(crate) use hazards::{hazard_lines, inspections_at, open_hazards, place_of, rechecks};
pub(crate) use incidents::{incident_line, incident_lines, incidents_returned, incidents_to_verify, progress_of};
pub(crate) use lines::{latest_visits, photo_line, photos_of, seen, steps_of, visit_line};
pub(crate) use place::{Places, dwelling_of};
pub(crate) use register::{DwellingFacts, HouseholdFacts, PersonFacts, Register, RegisterCache, Within};
pub(crate) use reviews::{review_info, review_state, reviews_of};

pub(crate) use domain::natural::{Piece, natural, plain_building, plain_parts};
use domain::world::Millis;

/// A day in milliseconds.
pub(crate) const DAY: Millis = 24 * 60 * 60 * 1000;

/// Met within so many days: the door needs nobody now.
pub(crate) const MET_LATELY: Millis = 30 * DAY;

/// Not met for so many days: overdue.
pub(crate) const OVERDUE: Millis = 90 * DAY;
