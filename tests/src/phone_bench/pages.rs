//! Every list and page that the phone opens, as the command behind it.

use chrono::Datelike;
use device::edge::SystemWorld;
use domain::World;
use domain::validate::today;
use serde_json::{Value, json};

use crate::phones::Phone;
use crate::trouble::{Outcome, trouble};

/// A page, ready to be opened.
pub(super) struct Page {
    /// The command.
    pub(super) command: &'static str,
    /// Its arguments.
    pub(super) args: Value,
    /// What the worker calls it.
    pub(super) shows: &'static str,
}

/// Lists that are opened without naming anything.
const LISTS: &[(&str, &str)] = &[
    ("today", "Today"),
    ("buildings", "doors"),
    ("care", "care plans"),
    ("notices", "notices and warnings"),
    ("tasks", "tasks"),
    ("feedback", "feedback"),
    ("disputes", "disputes"),
    ("incidents", "incidents"),
    ("inspection_places", "inspections"),
    ("hazards", "hazards found"),
    ("due_work", "what is due"),
    ("hazard_points", "hazard points"),
    ("evacuations", "evacuations"),
    ("sheets", "sheets"),
    ("receipt", "what is safe"),
    ("sync_state", "the sync bar"),
    ("refused", "what could not be sent"),
    ("drafts", "unfinished forms"),
    ("storage", "storage"),
    ("lists", "lists of the forms"),
];

/// Pages of one thing: the command, the list that names one, where in the list, and what it is.
const PAGES: &[(&str, &str, &str, &str)] = &[
    ("household", "today", "/due_doors/0/household_id", "a household"),
    ("incident", "incidents", "/0/id", "an incident"),
    ("care_plan", "care", "/0/id", "a care plan"),
    ("notice", "notices", "/0/id", "a notice with its doors"),
    ("task", "tasks", "/0/id", "a task"),
    ("dispute", "disputes", "/0/id", "a case file"),
    ("inspection_place", "inspection_places", "/0/id", "a place to inspect"),
    ("hazard_point", "hazard_points", "/0/id", "a hazard point"),
    ("evacuation", "evacuations", "/standing/0/id", "the roll-call"),
    ("person", "care", "/0/person_id", "a resident"),
];

/// All of them.
pub(super) fn all(phone: &Phone) -> Outcome<Vec<Page>> {
    let page = |command, args, shows| Page { command, args, shows };
    let mut pages: Vec<Page> = LISTS.iter().map(|(command, shows)| page(*command, json!({}), *shows)).collect();
    for (command, list, place, shows) in PAGES {
        pages.push(page(*command, json!({ "id": first(phone, list, place)? }), *shows));
    }
    let building = first(phone, "buildings", "/0/id")?;
    pages.push(page("doors", json!({ "building": building }), "the board of a building's doors"));
    pages.push(page("month", last_month(), "the month"));
    Ok(pages)
}

/// The month that lies behind: it is full.
fn last_month() -> Value {
    let today = today(SystemWorld.now());
    let last = today.with_day(1).and_then(|first| first.pred_opt()).unwrap_or(today);
    json!({ "year": last.year(), "month": last.month() })
}

fn first(phone: &Phone, list: &str, place: &str) -> Outcome<String> {
    match phone.call(list, json!({}))?.pointer(place).and_then(Value::as_str) {
        Some(id) => Ok(id.to_owned()),
        None => trouble(format!("`{list}` has nothing at {place}: that is no measure.")),
    }
}

/// A household to visit.
pub(super) fn household(phone: &Phone) -> Outcome<String> {
    first(phone, "today", "/due_doors/0/household_id")
}

/// What a worker does between two looks at a list: the register has changed.
pub(super) fn record_a_visit(phone: &Phone, household: &str) -> Outcome {
    let args = json!({ "target": household, "target_kind": "household", "result": "met" });
    phone.call("record_visit", args).map(|_| ())
}
