//! The county's rules of reviewing: a setting that an administrator of the whole county changes, noted in the audit log.

use domain::protocol::CallRefusal;
use domain::review::rules::ReviewRules;
use domain::scope::Role;

use crate::hub::desk::Desk;
use crate::hub::lists::is_county_wide;
use crate::hub::phones::note;
use crate::hub::{Hub, HubError};
use crate::store::{Reading, Store, StoreError};

/// The setting's name in the store.
const SETTING: &str = "review_rules";

impl<S: Store> Hub<S> {
    /// The rules in force.
    ///
    /// # Errors
    /// [`HubError::Store`].
    pub fn review_rules(&self) -> Result<ReviewRules, HubError> {
        self.store.read(|reading| self.review_rules_in(reading))
    }

    /// The rules in force, as a transaction sees them.
    pub(crate) fn review_rules_in<R: Reading + ?Sized>(&self, reading: &R) -> Result<ReviewRules, HubError> {
        let Some(text) = reading.setting(SETTING)? else { return Ok(ReviewRules::default()) };
        serde_json::from_str(&text).map_err(|_| StoreError::Unreadable(SETTING).into())
    }

    /// Sets the rules. What was reviewed stays as it was.
    ///
    /// # Errors
    /// [`CallRefusal::NotAllowed`] for everybody but administrators of the whole county, [`CallRefusal::Invalid`] when the rules pass the bounds of
    /// [`ReviewRules::problems`].
    pub fn set_review_rules(&self, desk: &Desk, rules: &ReviewRules) -> Result<(), HubError> {
        if desk.actor.role != Role::Admin || !is_county_wide(&desk.actor) {
            return Err(HubError::refused(CallRefusal::NotAllowed));
        }
        let problems = rules.problems();
        if !problems.is_empty() {
            return Err(HubError::invalid(problems));
        }
        let text = serde_json::to_string(rules).map_err(|error| HubError::Broken(error.to_string()))?;
        let now = self.now();
        self.store.write(|writing| {
            if writing.setting(SETTING)?.as_deref() == Some(text.as_str()) {
                return Ok(());
            }
            writing.put_setting(SETTING, &text)?;
            // The whole of it: an auditor reads what was switched on and off.
            note(writing, now, desk.actor.account.as_str(), "review_rules", &text)
        })
    }
}
