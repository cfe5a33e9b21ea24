//! Taking a review back: a further review that names it. Nothing waits at the desk for a moment to pass, so a closed tab loses
//! nothing: what was decided was written at once.

use domain::kinds::review::{Review, Said};
use domain::protocol::CallRefusal;
use domain::review::{TAKE_BACK_ALLOWED, standing};
use domain::scope::{Action, Actor, allowed};
use domain::{Fields, Kind, RecordId};
use serde_json::json;

use crate::hub::desk::{Desk, readable};
use crate::hub::phones::note;
use crate::hub::reviews::{DeskChange, latest_said, reviews_of};
use crate::hub::{Hub, HubError};
use crate::store::{Store, Writing};

/// What became of reviews that somebody wanted back.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct TakenBack {
    /// The records whose review does not count any more.
    pub taken: Vec<RecordId>,
    /// The reviews that stay: too late, somebody else's, or somebody has built on them.
    pub left: Vec<RecordId>,
}

impl<S: Store> Hub<S> {
    /// Takes back own reviews of the last moment, one by one: those that cannot be taken back are named.
    ///
    /// # Errors
    /// [`CallRefusal::NotAllowed`] for roles that do not review.
    pub fn take_back(&self, desk: &Desk, reviews: &[RecordId]) -> Result<TakenBack, HubError> {
        if !allowed(desk.actor.role, Action::Write, &Kind::Review) {
            return Err(HubError::refused(CallRefusal::NotAllowed));
        }
        self.store.write(|writing| {
            let mut outcome = TakenBack::default();
            for id in reviews {
                match self.take_one_back(writing, &desk.actor, *id)? {
                    Some(target) => outcome.taken.push(target),
                    None => outcome.left.push(*id),
                }
            }
            Ok(outcome)
        })
    }

    fn take_one_back(
        &self,
        writing: &mut dyn Writing,
        actor: &Actor,
        id: RecordId,
    ) -> Result<Option<RecordId>, HubError> {
        let found = readable(writing, actor, id)?.map(|stored| stored.record);
        let Some(record) = found.filter(|record| record.kind == Kind::Review) else { return Ok(None) };
        let review = Review::from(&record);
        let now = self.now();
        let own = review.by.as_deref() == Some(actor.account.as_str());
        let decided = matches!(review.said, Some(Said::Approved | Said::Returned));
        let Some(target) = review.target.filter(|_| own && decided && now - review.at <= TAKE_BACK_ALLOWED) else {
            return Ok(None);
        };
        // The record may have moved out of reach since.
        let Some(about) = readable(writing, actor, target)?.map(|stored| stored.record) else { return Ok(None) };
        let all = reviews_of(writing, &about)?;
        let stands = standing(target, &all);
        let Some(place) = stands.iter().position(|((_, other), _)| *other == id) else {
            // A second click: it was taken back already.
            return Ok(Some(target));
        };
        let built_on =
            stands.iter().skip(place + 1).any(|(_, later)| later.version == review.version && later.by != review.by);
        if built_on {
            return Ok(None);
        }
        let fields = Fields::from([
            ("target".to_owned(), json!(target)),
            ("target_kind".to_owned(), json!(about.kind)),
            ("version".to_owned(), json!(review.version)),
            ("verdict".to_owned(), json!(Said::TakenBack)),
            ("takes_back".to_owned(), json!(id)),
            // Never before what it takes back, even if the clock was set back in between.
            ("at".to_owned(), json!(now.max(review.at))),
            ("by".to_owned(), json!(actor.account)),
        ]);
        let change = DeskChange { id: self.record_id(), kind: Kind::Review, cell: about.cell.clone(), fields };
        if self.write_at_desk(writing, actor, change, latest_said(&about, &all))?.is_err() {
            return Ok(None);
        }
        note(writing, now, actor.account.as_str(), "take_back", &target.to_string())?;
        Ok(Some(target))
    }
}
