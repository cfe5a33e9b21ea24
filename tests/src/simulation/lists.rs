//! The county's lists: the office publishes others while phones go on by those that they have, and once everything is well all have the same.

use domain::codes::{Category, Lists};
use domain::protocol::CallRefusal;
use sync_server::hub::HubError;

use super::history::History;
use super::orders::administrator;
use super::wire::take;
use crate::trouble::{Doing, Outcome, trouble};

/// So many categories are made at most.
const NEW_MAX: usize = 9;

impl History {
    /// The office publishes lists that differ from those in force in one place.
    pub(super) fn publish_lists(&mut self) -> Outcome {
        self.mend()?;
        let office = administrator()?;
        let (standing, _) = self.county.hub()?.lists_for(&office).doing("reading the lists")?;
        let wanted = self.other_than(&standing);
        if wanted == standing {
            return Ok(());
        }
        let published = self.ask_at_desk(|hub, _| hub.publish_lists(&office, &wanted))?;
        let Some(published) = published else { return Ok(()) };
        let version = published.doing("publishing lists")?;
        take(&self.ledger).count("lists published".into());
        self.are_in_force(&wanted, version)
    }

    /// What was published is in force under the next number, and a second tap publishes nothing.
    fn are_in_force(&mut self, wanted: &Lists, version: i64) -> Outcome {
        let mut expected = Lists { version: wanted.version + 1, ..wanted.clone() };
        expected.holidays.sort_by(|one, other| one.day.cmp(&other.day));
        let in_force = self.county.hub()?.lists();
        if version != expected.version || *in_force != expected {
            return trouble(format!(
                "Lists were published as {version}, and those in force are another: {in_force:?}."
            ));
        }
        if self.office.percent(30) {
            let again = self.county.hub()?.publish_lists(&administrator()?, wanted);
            let refused = matches!(&again, Err(HubError::Refused { code: CallRefusal::Stale, .. }));
            if !self.desk_heard_nothing(again.is_err())? && !refused {
                return trouble(format!("Lists were published twice: {again:?}."));
            }
        }
        Ok(())
    }

    /// A name, a deadline, or an interval is another, a category is new, or one is offered no more or again.
    fn other_than(&mut self, standing: &Lists) -> Lists {
        let mut lists = standing.clone();
        match self.office.below(6) {
            0 => {
                let (which, word) = (self.office.below(lists.purposes.len()), self.word());
                if let Some(purpose) = lists.purposes.get_mut(which) {
                    purpose.name_zh = word;
                }
            }
            1 => {
                let (which, word) = (self.office.below(lists.departments.len()), self.word());
                if let Some(department) = lists.departments.get_mut(which) {
                    department.name_zh = word;
                }
            }
            2 => {
                let days = self.office.below(9) + 1;
                lists.severities.iter_mut().for_each(|severity| severity.close_within = format!("{days} workdays"));
            }
            3 => lists.care.b = 7 * (1 + self.office.below(8) as u16),
            4 => self.add_category(&mut lists),
            _ => self.retire_category(&mut lists),
        }
        lists
    }

    /// A category that was not there before, before all others: phones report under it from then on.
    fn add_category(&mut self, lists: &mut Lists) {
        let Some(place) = lists.categories.iter().position(|category| !category.parent.is_empty()) else { return };
        let parent = lists.categories[place].parent.clone();
        let mut codes = (0..NEW_MAX).map(|number| format!("{parent}9{number}"));
        let fresh = |code: &String| !lists.categories.iter().any(|category| category.code == *code);
        let Some(code) = codes.find(fresh) else { return };
        let (name_zh, name_en) = (self.word(), "something new".to_owned());
        let (default_severity, first_handler_zh) = (Some(3), String::new());
        let new = Category { code, parent, name_zh, name_en, default_severity, first_handler_zh, retired: false };
        lists.categories.insert(place, new);
    }

    /// One of the first categories is offered no more, or again.
    fn retire_category(&mut self, lists: &mut Lists) {
        let which = self.office.below(3);
        let mut offered = lists.categories.iter_mut().filter(|category| !category.parent.is_empty());
        if let Some(category) = offered.nth(which) {
            category.retired = !category.retired;
        }
    }
}

/// Every phone has the lists that are in force.
pub(super) fn everybody_has_them(history: &History) -> Outcome {
    let in_force = history.county.hub()?.lists().digest();
    for (number, phone) in history.phones.iter().enumerate().filter(|(_, phone)| !phone.is_out()) {
        let (version, held) = phone.open(|open| Ok((open.lists().version, open.lists().digest())))?;
        if held != in_force {
            return trouble(format!("Phone {number} has other lists than are in force: version {version}."));
        }
    }
    Ok(())
}
