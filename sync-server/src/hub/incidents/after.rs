//! A photo of what came of an incident, added at the desk by whoever may say that it is done. It is a photo like any other: its record
//! reaches the phones of the cell by the feed, its bytes lie in the photo folder by their hash.

use domain::incident::acts;
use domain::kinds::photo::PHOTOS_PER_RECORD_MAX;
use domain::protocol::CallRefusal;
use domain::scope::{Actor, Duty, has_duty};
use domain::world::Millis;
use domain::{Fields, Kind, Problem, ProblemCode, Record, RecordId};
use serde_json::json;

use super::{IncidentSeen, may_see_incidents, refused};
use crate::hub::desk::Desk;
use crate::hub::judge::Author;
use crate::hub::phones::note;
use crate::hub::reviews::{DeskChange, refused_words};
use crate::hub::{Hub, HubError};
use crate::photos::{Developed, develop};
use crate::store::{Store, Writing};

/// The steps that photos show: who may take one of them now may add a photo.
pub(super) const SHOWN: [&str; 2] = ["result", "solve"];

/// A photo that somebody adds.
#[derive(Debug, Clone, PartialEq)]
pub struct AfterWish {
    /// The id of the record that it becomes, chosen by whoever asks: the same wish twice is one photo.
    pub id: RecordId,
    /// What was seen of the incident: [`IncidentSeen::mark`].
    pub seen: String,
}

impl<S: Store> Hub<S> {
    /// Whether this photo could be added now: asked before its bytes are read.
    ///
    /// # Errors
    /// As [`Hub::add_after`].
    pub fn awaits_after(&self, desk: &Desk, id: RecordId, wish: &AfterWish) -> Result<(), HubError> {
        if !may_see_incidents(&desk.actor) || !has_duty(desk.actor.role, Duty::ShowResult) {
            return Err(refused(CallRefusal::NotAllowed));
        }
        self.store.write(|writing| self.to_show(writing, &desk.actor, id, wish).map(|_| ()))
    }

    /// Adds a photo of what came of an incident. The bytes are a file as somebody has it; what is stored says nothing of where and
    /// with what it was taken.
    ///
    /// # Errors
    /// As [`Hub::take_step`] when it is not the actor's to add; [`CallRefusal::NotAnImage`] and [`CallRefusal::TooLarge`] as
    /// [`develop`] says; [`CallRefusal::Invalid`] when the incident has as many photos as a record may have.
    pub fn add_after(&self, desk: &Desk, id: RecordId, wish: &AfterWish, bytes: &[u8]) -> Result<(), HubError> {
        self.awaits_after(desk, id, wish)?;
        let _alone = self.developing.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        if self.store.write(|writing| self.to_show(writing, &desk.actor, id, wish))?.is_none() {
            return Ok(());
        }
        let picture = develop(bytes).map_err(refused)?;
        self.foresee_nameless(&picture.sha256)?;
        let added = self.with_checked(&picture.sha256, &picture.full, |upload| {
            self.store.write(|writing| {
                // The incident may have moved on while the picture was developed.
                let Some(seen) = self.to_show(writing, &desk.actor, id, wish)? else { return Ok(()) };
                // While nobody else writes: until its record is there, whoever tidies up takes it for an erased one that came back.
                self.photos.take_place(upload, &picture.sha256)?;
                self.write_after(writing, &desk.actor, &seen, wish.id, &picture)
            })
        });
        if added.is_err() {
            self.give_up_photo(&picture.sha256)?;
        }
        added
    }

    /// The incident to which the photo may be added now; none: this very photo was added before.
    fn to_show(
        &self,
        writing: &mut dyn Writing,
        actor: &Actor,
        id: RecordId,
        wish: &AfterWish,
    ) -> Result<Option<IncidentSeen>, HubError> {
        let seen = self.found(writing, actor, id)?;
        let photos = writing.referring(&seen.county(), id, &Kind::Photo)?;
        let photos: Vec<Record> = photos.into_iter().map(|stored| stored.record).collect();
        if self.is_known(writing, &seen, &photos, actor, wish.id, None)? {
            return Ok(None);
        }
        if seen.mark() != wish.seen {
            return Err(refused(CallRefusal::Stale));
        }
        if !acts(actor, &seen.incident, &seen.progress, self.now()).iter().any(|act| SHOWN.contains(act)) {
            return Err(refused(CallRefusal::NotAllowed));
        }
        if photos.len() >= PHOTOS_PER_RECORD_MAX {
            return Err(HubError::invalid(vec![Problem::new("subject", ProblemCode::TooManyPhotos)]));
        }
        Ok(Some(seen))
    }

    fn write_after(
        &self,
        writing: &mut dyn Writing,
        actor: &Actor,
        seen: &IncidentSeen,
        id: RecordId,
        picture: &Developed,
    ) -> Result<(), HubError> {
        let now = self.now();
        let fields = fields_of(actor, seen, picture, now);
        let change = DeskChange { id, kind: Kind::Photo, cell: seen.record.cell.clone(), fields };
        let author = Author::Office(actor, Duty::ShowResult);
        self.write_by(writing, author, change, seen.latest())?.map_err(refused_words)?;
        if let Some(code) = self.note_photo(writing, &picture.sha256, picture.full.len() as u64, now)? {
            return Err(refused(code));
        }
        note(writing, now, actor.account.as_str(), "photo", &seen.record.id.to_string())
    }
}

/// When it was taken is not asked of the file: it is shown as of the moment in which it was added.
fn fields_of(actor: &Actor, seen: &IncidentSeen, picture: &Developed, now: Millis) -> Fields {
    let told = [
        ("subject", json!(seen.record.id)),
        ("subject_kind", json!("incident")),
        ("sha256", json!(picture.sha256)),
        ("width", json!(picture.width)),
        ("height", json!(picture.height)),
        ("bytes", json!(picture.full.len())),
        ("taken_at", json!(now)),
        ("photo_kind", json!("after")),
        ("by", json!(actor.account)),
    ];
    told.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
}
