//! Care plans as their responsible sees them: who is to be visited when, from the register in memory, without a query per plan.

use std::collections::HashSet;

use domain::care::{CareCheck, CareStanding, check};
use domain::fold::DoorHistory;
use domain::kinds::care_plan::CarePlan;
use domain::kinds::household::Household;
use domain::kinds::person::Person;
use domain::scope::shown;
use domain::validate::today;
use domain::{Kind, Record, RecordId};

use super::register::Register;
use super::{Places, lines};
use crate::api::care::{CareContact, CareLine, ContactOf};
use crate::{DeviceError, Open};

/// Whether this phone's user is shown a record.
pub(crate) fn is_shown(open: &Open, record: &Record) -> bool {
    shown(open.account().role, &open.account().account, record)
}

/// The lines of all plans that this phone's user is shown, the most urgent first.
pub(crate) fn care_lines(open: &mut Open) -> Result<Vec<CareLine>, DeviceError> {
    let plans = open.store().of_kind(&Kind::CarePlan, None)?;
    if plans.is_empty() {
        return Ok(Vec::new());
    }
    let register = Register::whole(open)?;
    let mut lines: Vec<CareLine> =
        plans.iter().filter(|plan| is_shown(open, plan)).map(|plan| line_of(open, &register, plan)).collect();
    lines.sort_by(|one, other| order(one).cmp(&order(other)));
    Ok(lines)
}

/// The households of this part of the register in which somebody is to be seen today or is overdue, by plans that this phone's user
/// is shown.
pub(crate) fn care_due_among(open: &Open, register: &Register) -> Result<HashSet<RecordId>, DeviceError> {
    let plans = open.store().of_kind(&Kind::CarePlan, None)?;
    let lines = plans.iter().filter(|plan| is_shown(open, plan)).map(|plan| line_of(open, register, plan));
    let due = |line: &CareLine| matches!(line.standing, CareStanding::Missed | CareStanding::Late | CareStanding::Due);
    Ok(lines.filter(due).filter_map(|line| line.household_id).collect())
}

/// The most urgent first, in it the longest due; those that ended last, the latest of them first.
fn order(line: &CareLine) -> impl Ord {
    let ended = std::cmp::Reverse(line.ends_on.clone().filter(|_| line.standing == CareStanding::Ended));
    (line.standing, std::cmp::Reverse(line.days_late), line.due_on.clone(), ended, line.name.clone(), line.id)
}

fn line_of(open: &Open, register: &Register, record: &Record) -> CareLine {
    let plan = CarePlan::from(record);
    let person = plan.person.and_then(|id| register.person(id));
    let household = person.and_then(|person| person.household).and_then(|id| register.household(id));
    let whom = Whom {
        name: person.map(|person| person.name.clone()).unwrap_or_default(),
        household: household.map(|household| household.id),
        dwelling: household.and_then(|household| household.dwelling),
        address: household.map(|household| register.household_address(household.id)).unwrap_or_default(),
        phone: person.and_then(|person| person.phone.clone()),
        household_phone: household.and_then(|household| household.contact_phone.clone()),
        head: household.and_then(|household| register.head_name(household)),
        left: person.is_none_or(|person| person.left),
        seen: person.map(|person| register.seen(person)).unwrap_or_default(),
    };
    line(open, record.id, plan, whom)
}

/// The lines of a person's plans, for the page of that person: read from their few records alone.
pub(crate) fn care_lines_of(open: &Open, person: &Record) -> Result<Vec<CareLine>, DeviceError> {
    let store = open.store();
    let plans: Vec<Record> =
        store.of_parent(&Kind::CarePlan, person.id)?.into_iter().filter(|plan| is_shown(open, plan)).collect();
    if plans.is_empty() {
        return Ok(Vec::new());
    }
    let mut places = Places::new(store);
    let read = Person::from(person);
    let household = match read.household {
        Some(id) => places.record(id)?.filter(|record| record.kind == Kind::Household).map(Household::from),
        None => None,
    };
    let head = match household.as_ref().and_then(|household| household.head) {
        Some(head) => Some(places.name(head)?),
        None => None,
    };
    let home = read.household.map(|id| store.survivor(id)).transpose()?;
    let targets: Vec<RecordId> = [Some(person.id), home].into_iter().flatten().collect();
    let seen = lines::seen(store, &targets)?;
    let address = places.address(person.id)?;
    let line_of = |record: &Record| {
        let whom = Whom {
            name: read.name.clone(),
            household: home,
            dwelling: household.as_ref().and_then(|household| household.dwelling),
            address: address.clone(),
            phone: read.phone.clone(),
            household_phone: household.as_ref().and_then(|household| household.contact_phone.clone()),
            head: head.clone(),
            left: read.moved_out_on.is_some() || read.died_on.is_some(),
            seen: seen.clone(),
        };
        line(open, record.id, CarePlan::from(record), whom)
    };
    let mut found: Vec<CareLine> = plans.iter().map(line_of).collect();
    found.sort_by(|one, other| order(one).cmp(&order(other)));
    Ok(found)
}

/// Whoever a plan is for, and when they were seen.
struct Whom {
    name: String,
    household: Option<RecordId>,
    dwelling: Option<RecordId>,
    address: String,
    phone: Option<String>,
    household_phone: Option<String>,
    head: Option<String>,
    left: bool,
    seen: DoorHistory,
}

fn line(open: &Open, id: RecordId, plan: CarePlan, whom: Whom) -> CareLine {
    let found = check(&plan, whom.seen.last_met, open.lists().care, today(open.now()));
    // Nobody is sent to a door behind which the person does not live any more.
    let found = match found.standing {
        CareStanding::Ended => found,
        _ if whom.left => CareCheck { standing: CareStanding::Resting, due_on: None, days_late: 0 },
        _ => found,
    };
    CareLine {
        id,
        contacts: contacts(&plan, &whom),
        person_id: plan.person,
        household_id: whom.household,
        dwelling_id: whom.dwelling,
        name: whom.name,
        address: whom.address,
        level: plan.level,
        reason: plan.reason,
        starts_on: plan.starts_on,
        ends_on: plan.ends_on,
        standing: found.standing,
        due_on: found.due_on.map(|day| day.to_string()),
        days_late: found.days_late,
        last_met: whom.seen.last_met,
        latest_at: whom.seen.latest.as_ref().map(|(at, _)| *at),
        latest_result: whom.seen.latest.map(|(_, result)| result),
        left: whom.left,
    }
}

/// Whom to ring when nobody opens: the resident, the helper that they named, the household's number. No number twice.
fn contacts(plan: &CarePlan, whom: &Whom) -> Vec<CareContact> {
    let given = [
        (ContactOf::Helper, plan.helper_name.clone(), plan.helper_phone.clone()),
        (ContactOf::Resident, Some(whom.name.clone()), whom.phone.clone()),
        (ContactOf::Household, whom.head.clone(), whom.household_phone.clone()),
    ];
    let mut found: Vec<CareContact> = Vec::new();
    for (whose, name, phone) in given {
        let Some(phone) = phone.filter(|phone| found.iter().all(|other| other.phone != *phone)) else { continue };
        found.push(CareContact { whose, name: name.filter(|name| !name.is_empty()), phone });
    }
    found
}
