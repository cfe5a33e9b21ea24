//! The county's lists: published as a whole under a new version, which phones fetch with their next round.

use std::sync::{Arc, PoisonError};

use domain::codes::{Lists, publishing_problems};
use domain::protocol::CallRefusal;
use domain::scope::{Actor, Duty, has_duty};

use crate::hub::phones::note;
use crate::hub::{Hub, HubError};
use crate::store::{ListsPublished, Store};

/// So many versions are told of, the latest first.
const PAST: usize = 30;

/// The lists in force, and what names their content.
#[derive(Clone)]
pub(super) struct InForce {
    pub(super) lists: Arc<Lists>,
    pub(super) digest: Arc<str>,
}

impl From<Lists> for InForce {
    fn from(lists: Lists) -> Self {
        Self { digest: lists.digest().into(), lists: Arc::new(lists) }
    }
}

impl<S: Store> Hub<S> {
    /// The lists in force, with who published which version when.
    ///
    /// # Errors
    /// [`CallRefusal::NotAllowed`] for other roles.
    pub fn lists_for(&self, actor: &Actor) -> Result<(Lists, Vec<ListsPublished>), HubError> {
        may_publish(actor)?;
        self.store.read(|reading| Ok((reading.lists()?, reading.lists_published(PAST)?)))
    }

    /// Publishes lists; their version is the one that the caller had before them. Answers with the new version.
    ///
    /// # Errors
    /// [`CallRefusal::NotAllowed`] for other roles and for whoever administers a part of the county, [`CallRefusal::Stale`] when
    /// another version is in force by now, [`CallRefusal::Invalid`] with every problem and its place.
    pub fn publish_lists(&self, actor: &Actor, wanted: &Lists) -> Result<i64, HubError> {
        may_publish(actor)?;
        let now = self.now();
        let published = self.store.write(|writing| {
            let standing = writing.lists()?;
            if standing.version != wanted.version {
                return Err(HubError::refused(CallRefusal::Stale));
            }
            let problems = publishing_problems(wanted, &standing);
            if !problems.is_empty() {
                return Err(HubError::invalid(problems));
            }
            if *wanted == standing {
                // Sent twice: the second changes nothing.
                return Ok(standing);
            }
            let mut next = Lists { version: standing.version + 1, ..wanted.clone() };
            next.holidays.sort_by(|a, b| a.day.cmp(&b.day));
            writing.put_lists(&next, &actor.account, now)?;
            note(writing, now, actor.account.as_str(), "lists", &next.version.to_string())?;
            Ok(next)
        })?;
        let version = published.version;
        let mut lists = self.lists.write().unwrap_or_else(PoisonError::into_inner);
        // Two publications may finish in the other order than they were stored.
        if lists.lists.version < version {
            *lists = InForce::from(published);
        }
        Ok(version)
    }
}

/// Whether somebody works for a whole county: what is decided for all of it is theirs alone to decide.
pub(super) fn is_county_wide(actor: &Actor) -> bool {
    actor.scopes.iter().any(|scope| scope.as_str().len() <= 6)
}

/// The lists are the whole county's: who administers a town of it reads them and publishes none.
fn may_publish(actor: &Actor) -> Result<(), HubError> {
    if has_duty(actor.role, Duty::Lists) && is_county_wide(actor) {
        Ok(())
    } else {
        Err(HubError::refused(CallRefusal::NotAllowed))
    }
}
