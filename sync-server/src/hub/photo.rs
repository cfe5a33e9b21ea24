//! Photos: whose bytes are awaited, where they stand, and who may see them.

use std::collections::BTreeSet;
use std::io::{self, ErrorKind};

use domain::incident::sees;
use domain::kinds::photo::Photo;
use domain::protocol::{CallRefusal, PhotoOffer, PhotoPlace, PhotoSize};
use domain::scope::{Actor, Role};
use domain::world::Millis;
use domain::{CellCode, Kind, Record, RecordId, Scope, Sha256Hex};

use crate::hub::desk::readable;
use crate::hub::doomed::doom_unless_named;
use crate::hub::hand_in::HAND_INS_LIVE;
use crate::hub::known_time::count_served;
use crate::hub::phones::{Phone, REFRESH_LIVES};
use crate::hub::{Hub, HubError, secrets};
use crate::photos::Finished;
use crate::store::{Reading, Store, StoredRecord, Upload, Writing};

/// An upload that nobody finished is thrown away after a week.
const UPLOAD_LIVES: Millis = 7 * 24 * 60 * 60 * 1000;

fn refused(code: CallRefusal) -> HubError {
    HubError::refused(code)
}

/// What came of reading a photo that is noted as stored.
fn handed_out<T>(sha256: &Sha256Hex, read: io::Result<T>) -> Result<T, HubError> {
    match read {
        // It was erased just now; or its file has the right size and no picture in it, of which no thumbnail can be made.
        Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::InvalidData) => {
            tracing::warn!(%sha256, %error, "a photo that is noted as stored cannot be handed out");
            Err(refused(CallRefusal::NotFound))
        }
        read => Ok(read?),
    }
}

/// A photo that this worker took: its bytes are still awaited after the cell went to somebody else, however late; and on a server
/// that was put back from a backup and does not know that the cell was ever theirs. The record was taken, from whomever, and says
/// who has the bytes and by its hash which they are. Whoever brings them is told nothing that they did not write.
fn taken_by(reading: &dyn Reading, phone: &Phone, photo: RecordId) -> Result<Option<StoredRecord>, HubError> {
    let counties: BTreeSet<Scope> = phone.holdings.iter().map(|held| held.cell.county()).collect();
    for within in counties {
        let own = |found: &StoredRecord| found.record.text("by") == Some(phone.actor.account.as_str());
        if let Some(found) = reading.record(&within, photo)?.filter(own) {
            return Ok(Some(found));
        }
    }
    Ok(None)
}

/// The record of a photo whose bytes this phone may hand over, if the offer fits it: whoever may read the record, and who took the photo.
/// The record's hash says which bytes they are, so whatever else a role may write, what a phone loaded once may come back from it.
fn awaited(reading: &dyn Writing, phone: &Phone, offer: &PhotoOffer) -> Result<Record, HubError> {
    let found = match readable(reading, &phone.actor, offer.photo)? {
        Some(found) => Some(found),
        None => taken_by(reading, phone, offer.photo)?,
    };
    let record = found.map(|found| found.record).filter(|record| record.kind == Kind::Photo);
    let record = record.ok_or_else(|| refused(CallRefusal::NotFound))?;
    let photo = Photo::from(&record);
    if photo.sha256.as_ref() != Some(&offer.sha256) || u64::try_from(photo.bytes) != Ok(offer.bytes) {
        return Err(refused(CallRefusal::HashMismatch));
    }
    Ok(record)
}

fn upload_for(id: String, phone: &Phone, offer: &PhotoOffer, cell: CellCode, now: Millis) -> Upload {
    Upload {
        id,
        device: phone.device,
        photo: offer.photo,
        cell,
        sha256: offer.sha256.clone(),
        bytes: offer.bytes,
        offset: 0,
        until: now + UPLOAD_LIVES,
    }
}

/// Where an upload stands after so many bytes from `offset` on, if they may come there.
fn fitting(upload: &Upload, offset: u64, bytes: u64) -> Result<u64, HubError> {
    if offset != upload.offset {
        return Err(HubError::WrongOffset { offset: upload.offset });
    }
    let reached = offset.checked_add(bytes).filter(|reached| *reached <= upload.bytes);
    reached.ok_or_else(|| refused(CallRefusal::TooLarge))
}

impl<S: Store> Hub<S> {
    /// Announces a photo's bytes: answers where to send them, or that they are there.
    ///
    /// # Errors
    /// [`CallRefusal::NotFound`] when there is no such photo in the phone's cells that its role may read, nor one that its worker took;
    /// [`CallRefusal::HashMismatch`] when its record says another hash or size.
    pub fn photo_offer(&self, phone: &Phone, offer: &PhotoOffer) -> Result<PhotoPlace, HubError> {
        let now = self.now();
        let fresh = secrets::token(self.time().world.as_mut());
        self.store.write(|writing| {
            let record = awaited(writing, phone, offer)?;
            // The folder is asked, not the note: a photo can have taken its place without having been noted, and a folder that was
            // put back older than the database lacks what is noted. Whoever is told "stored" may free the only original.
            if self.note_photo(writing, &offer.sha256, offer.bytes, now)?.is_none() {
                return Ok(PhotoPlace::Stored);
            }
            if let Some(known) = writing.upload_of(phone.device, offer.photo)?.filter(|known| known.until > now) {
                if known.offset < known.bytes {
                    return Ok(PhotoPlace::Upload { upload: known.id, offset: known.offset });
                }
                // It was complete, and its bytes are not there any more.
                writing.remove_upload(&known.id)?;
            }
            writing.put_upload(&upload_for(fresh.clone(), phone, offer, record.cell, now))?;
            Ok(PhotoPlace::Upload { upload: fresh, offset: 0 })
        })
    }

    /// The upload of a photo whose bytes are there: it is complete, whoever sent them.
    ///
    /// # Errors
    /// As [`Hub::photo_offer`].
    pub fn whole_upload(&self, phone: &Phone, offer: &PhotoOffer) -> Result<Upload, HubError> {
        let now = self.now();
        let fresh = secrets::token(self.time().world.as_mut());
        self.store.write(|writing| {
            let known = writing.upload_of(phone.device, offer.photo)?;
            if let Some(known) = known.filter(|known| known.until > now && known.offset == offer.bytes) {
                return Ok(known);
            }
            let record = awaited(writing, phone, offer)?;
            let whole = Upload { offset: offer.bytes, ..upload_for(fresh, phone, offer, record.cell, now) };
            writing.put_upload(&whole)?;
            Ok(whole)
        })
    }

    /// An upload of this phone's own. One that is complete says so only while its bytes are there: a folder that was put back older
    /// than the database lacks them, and whoever is told that they came may free the only original.
    ///
    /// # Errors
    /// [`CallRefusal::UploadGone`] for everybody else's too: nobody learns that it exists.
    pub fn own_upload(&self, phone: &Phone, id: &str) -> Result<Upload, HubError> {
        let (now, gone) = (self.now(), || refused(CallRefusal::UploadGone));
        let found = self.store.read(|reading| reading.upload(id))?;
        let own = found.filter(|upload| upload.device == phone.device && upload.until > now).ok_or_else(gone)?;
        if own.offset == own.bytes && !self.photos.holds(&own.sha256, own.bytes)? {
            self.miss_photo();
            self.drop_upload(id)?;
            return Err(gone());
        }
        Ok(own)
    }

    /// Appends bytes and answers with the offset reached. They are on the disk when this returns; with the last of them the photo
    /// was checked and stored.
    ///
    /// # Errors
    /// [`HubError::WrongOffset`] when the upload stands elsewhere (another request was faster), [`CallRefusal::TooLarge`] when more
    /// comes than was announced, [`CallRefusal::HashMismatch`] and [`CallRefusal::NotAnImage`] at the end: the upload is then discarded.
    pub fn photo_append(&self, phone: &Phone, id: &str, offset: u64, chunk: &[u8]) -> Result<u64, HubError> {
        self.alone_with(phone, id, |upload| {
            if self.is_repeated(upload, offset, chunk.len() as u64)? {
                return Ok(upload.bytes);
            }
            let reached = fitting(upload, offset, chunk.len() as u64)?;
            self.write_down(id, offset, chunk)?;
            self.photos.settle(id)?;
            self.count(upload, reached)
        })
    }

    /// Works on an upload of this phone's own while no other request does.
    fn alone_with<T>(
        &self,
        phone: &Phone,
        id: &str,
        work: impl FnOnce(&Upload) -> Result<T, HubError>,
    ) -> Result<T, HubError> {
        let own = self.photos.alone_with(id);
        let _alone = own.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        work(&self.own_upload(phone, id)?)
    }

    /// Lays bytes down behind those that count, after `laid` others, without counting them yet: whether they are right may be
    /// known only when the last of them came, and counting costs a sync. Whatever is laid and never counted is overwritten by the
    /// next who appends.
    ///
    /// # Errors
    /// As [`Hub::photo_append`].
    pub fn photo_lay(&self, phone: &Phone, id: &str, offset: u64, laid: u64, chunk: &[u8]) -> Result<(), HubError> {
        self.alone_with(phone, id, |upload| {
            fitting(upload, offset, laid.saturating_add(chunk.len() as u64))?;
            self.write_down(id, offset + laid, chunk)
        })
    }

    /// Bytes that were acknowledged can be missing: the server ended after the photo took its place and before that was noted, or
    /// its folder was restored from a backup. The upload is then given up, so that the phone announces the photo again.
    fn write_down(&self, id: &str, at: u64, chunk: &[u8]) -> Result<(), HubError> {
        match self.photos.lay(id, at, chunk) {
            Err(error) if error.kind() == ErrorKind::NotFound => {
                tracing::warn!("an upload's bytes are missing: it is begun again");
                self.drop_upload(id)?;
                Err(refused(CallRefusal::UploadGone))
            }
            written => Ok(written?),
        }
    }

    /// Counts the bytes that were laid down at `offset`: they were right. Answers with the offset reached.
    ///
    /// # Errors
    /// As [`Hub::photo_append`].
    pub fn photo_count(&self, phone: &Phone, id: &str, offset: u64, laid: u64) -> Result<u64, HubError> {
        self.alone_with(phone, id, |upload| {
            let reached = fitting(upload, offset, laid)?;
            self.photos.settle(id)?;
            self.count(upload, reached)
        })
    }

    /// Whether these bytes were the last of an upload that is complete: its answer was lost, and its request repeated.
    ///
    /// # Errors
    /// [`HubError`] when the store or the folder breaks.
    pub fn is_repeated(&self, upload: &Upload, offset: u64, bytes: u64) -> Result<bool, HubError> {
        let to_the_end = upload.offset == upload.bytes && offset.checked_add(bytes) == Some(upload.bytes);
        Ok(to_the_end && self.is_stored(&upload.sha256)? && self.photos.holds(&upload.sha256, upload.bytes)?)
    }

    fn count(&self, upload: &Upload, reached: u64) -> Result<u64, HubError> {
        if reached < upload.bytes {
            self.store.write(|writing| writing.set_upload_offset(&upload.id, reached))?;
        } else {
            self.finish(upload)?;
        }
        Ok(reached)
    }

    fn is_stored(&self, sha256: &Sha256Hex) -> Result<bool, HubError> {
        Ok(self.store.read(|reading| reading.photo_stored(sha256))?)
    }

    /// All bytes are there: they are checked, and become the photo or are thrown away.
    fn finish(&self, upload: &Upload) -> Result<(), HubError> {
        let now = self.now();
        let refusal = match self.photos.finish(&upload.id, &upload.sha256)? {
            Finished::Refused(code) => Some(code),
            Finished::Stored => self.store.write(|writing| {
                let refusal = self.note_photo(writing, &upload.sha256, upload.bytes, now)?;
                if refusal.is_none() {
                    writing.set_upload_offset(&upload.id, upload.bytes)?;
                }
                Ok::<_, HubError>(refusal)
            })?,
        };
        match refusal {
            None => Ok(()),
            Some(code) => {
                self.drop_upload(&upload.id)?;
                self.remove_doomed_photos()?;
                Err(refused(code))
            }
        }
    }

    /// Notes that a photo's bytes are there, if they are and a record still names them: its record may have been erased since they
    /// began to come, and tidying removes files that nobody names. Both are seen in the transaction that notes, in which nobody
    /// removes any. None: it is noted. A refusal is no error, so that what nobody names is doomed with the same transaction.
    pub(super) fn note_photo(
        &self,
        writing: &mut dyn Writing,
        sha256: &Sha256Hex,
        bytes: u64,
        now: Millis,
    ) -> Result<Option<CallRefusal>, HubError> {
        // The server may have ended right after the photo took its place, and the place be lost with the power still.
        self.note_settled_photo(writing, (sha256, bytes), now, || self.photos.settle_photo(sha256))
    }

    /// The same; `settle` makes the photo's place durable, if that was not done yet for all that lie beside it.
    pub(super) fn note_settled_photo(
        &self,
        writing: &mut dyn Writing,
        (sha256, bytes): (&Sha256Hex, u64),
        now: Millis,
        settle: impl FnOnce() -> std::io::Result<()>,
    ) -> Result<Option<CallRefusal>, HubError> {
        if doom_unless_named(writing, sha256)? {
            return Ok(Some(CallRefusal::NotFound));
        }
        let is_noted = writing.photo_stored(sha256)?;
        if !self.photos.holds(sha256, bytes)? {
            if is_noted {
                self.miss_photo();
            }
            return Ok(Some(CallRefusal::UploadGone));
        }
        if !is_noted {
            settle()?;
            writing.put_photo_stored(sha256, bytes, now)?;
            writing.photo_stays(sha256)?;
        }
        Ok(None)
    }

    /// Notes that the bytes of a photo are here when its record comes: a database that was put back knows neither, and whoever brings the
    /// record may have freed the original long ago. A folder that cannot be read or synced keeps no record back: then the picture counts as
    /// not here.
    pub(super) fn note_if_here(&self, writing: &mut dyn Writing, record: &Record, now: Millis) -> Result<(), HubError> {
        let photo = Photo::from(record);
        if let (Some(sha256), Ok(bytes)) = (&photo.sha256, u64::try_from(photo.bytes))
            && self.photos.holds(sha256, bytes).unwrap_or(false)
        {
            match self.note_photo(writing, sha256, bytes, now) {
                Ok(_) => {}
                Err(HubError::Photos(error)) => {
                    tracing::warn!(%error, "a picture that lies here is not noted with its record");
                }
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    /// Throws an upload away: its file first, for what only a file knows of is never found again.
    fn drop_upload(&self, id: &str) -> Result<(), HubError> {
        self.photos.discard(id)?;
        Ok(self.store.write(|writing| writing.remove_upload(id))?)
    }

    /// Ends an upload of this phone's own.
    ///
    /// # Errors
    /// As [`Hub::own_upload`].
    pub fn photo_abandon(&self, phone: &Phone, id: &str) -> Result<(), HubError> {
        self.alone_with(phone, id, |upload| self.drop_upload(&upload.id))
    }

    /// Throws away what is over: codes, tokens, sessions, sealed work that nobody took in, and uploads, whose number it answers. Nothing
    /// of it stays in the journal, nor of what was erased while somebody read. What is nowhere else goes only when the server has also
    /// served for so long: its clock may be a year ahead for an hour. Codes, sessions and uploads are got again in a minute.
    ///
    /// # Errors
    /// [`HubError`] when the store or the folder breaks.
    pub fn tidy(&self) -> Result<usize, HubError> {
        let now = self.now();
        self.store.write(|writing| {
            let served = count_served(now, writing)?;
            writing.remove_expired(now, served - REFRESH_LIVES)?;
            Ok::<_, HubError>(writing.remove_hand_ins(now - HAND_INS_LIVE, served - HAND_INS_LIVE)?)
        })?;
        let came_back = self.doom_what_came_back();
        let looked = self.look_for_missed_photos();
        let cleared = self.clear_away(now);
        self.leave_no_log();
        came_back.and(looked).and(cleared)
    }

    /// Removes the files of uploads that are over and of photos that no record names any more; one that cannot be removed keeps no
    /// other. Answers how many uploads went.
    pub(super) fn clear_away(&self, now: Millis) -> Result<usize, HubError> {
        let over = self.drop_uploads_over(now);
        self.remove_doomed_photos().and(over)
    }

    /// Throws away uploads whose time is over, each when no request is at it; one that cannot be thrown away keeps no other.
    fn drop_uploads_over(&self, now: Millis) -> Result<usize, HubError> {
        let over = self.store.read(|reading| reading.uploads_expired(now))?;
        let mut all = Ok(over.len());
        for upload in &over {
            all = self.drop_over(upload).and(all);
        }
        all
    }

    /// Throws away an upload whose time is over, its file first. What a request has just put in its place through it, noted or not, for a
    /// record that was erased meanwhile goes as well.
    fn drop_over(&self, upload: &Upload) -> Result<(), HubError> {
        let own = self.photos.alone_with(&upload.id);
        let _alone = own.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        self.photos.discard(&upload.id)?;
        self.store.write(|writing| {
            doom_unless_named(writing, &upload.sha256)?;
            Ok(writing.remove_upload(&upload.id)?)
        })
    }

    /// Whether a photo with these bytes lies in the actor's scope.
    ///
    /// # Errors
    /// [`HubError::Store`].
    pub fn may_see_photo(&self, actor: &Actor, sha256: &Sha256Hex) -> Result<bool, HubError> {
        self.store.read(|reading| {
            for scope in &actor.scopes {
                let found = reading.photo_records(scope, sha256)?;
                if actor.role == Role::Handler && shows_own_incident(reading, actor, &found)? {
                    return Ok(true);
                }
                if found.iter().any(|photo| actor.may_read(&photo.record)) {
                    return Ok(true);
                }
            }
            Ok(false)
        })
    }

    /// A photo's bytes, for somebody who may see it. A thumbnail that is not there is made, after those that are being made already.
    ///
    /// # Errors
    /// [`CallRefusal::NotFound`] outside the scope, while the bytes have not arrived, and when what lies there is no picture.
    pub fn photo_for(&self, actor: &Actor, sha256: &Sha256Hex, size: PhotoSize) -> Result<Vec<u8>, HubError> {
        match self.photo_at_once(actor, sha256, size)? {
            Some(bytes) => Ok(bytes),
            None => handed_out(sha256, self.thumbnail(sha256)),
        }
    }

    /// The same, waiting for nobody. None: it is a thumbnail that is not there, and is made when [`Hub::photo_for`] is asked for it.
    ///
    /// # Errors
    /// As [`Hub::photo_for`].
    pub fn photo_at_once(
        &self,
        actor: &Actor,
        sha256: &Sha256Hex,
        size: PhotoSize,
    ) -> Result<Option<Vec<u8>>, HubError> {
        if !self.may_see_photo(actor, sha256)? {
            return Err(refused(CallRefusal::NotFound));
        }
        let (noted, named) = self
            .store
            .read(|reading| Ok::<_, HubError>((reading.photo_stored_size(sha256)?, reading.photo_bytes(sha256)?)))?;
        let Some(bytes) = noted else {
            // The folder may have been put in place since it was looked at, and a folder that cannot be read says nothing.
            if named.is_some_and(|bytes| self.photos.holds(sha256, bytes).unwrap_or(false)) {
                self.miss_photo();
            }
            return Err(refused(CallRefusal::NotFound));
        };
        if !self.photos.holds(sha256, bytes)? {
            tracing::warn!(%sha256, "a photo that is noted as stored is not whole in the folder: was that put back older?");
            self.miss_photo();
            return Err(refused(CallRefusal::NotFound));
        }
        let read = self.photos.read(sha256, size);
        match size {
            PhotoSize::Full => handed_out(sha256, read.map(Some)),
            PhotoSize::Thumb => Ok(read.ok()),
        }
    }

    /// Takes the place from bytes that no record names after all.
    pub(super) fn give_up_photo(&self, sha256: &Sha256Hex) -> Result<(), HubError> {
        self.store.write(|writing| doom_unless_named(writing, sha256))?;
        self.remove_doomed_photos()
    }

    /// Stores a photo's bytes that were made on this machine (the demonstration's samples): checked as any other. The records that
    /// name them may come later.
    ///
    /// # Errors
    /// [`CallRefusal::HashMismatch`] or [`CallRefusal::NotAnImage`].
    pub fn keep_photo(&self, sha256: &Sha256Hex, bytes: &[u8]) -> Result<(), HubError> {
        self.place_photo(sha256, bytes)?;
        let now = self.now();
        self.store.write(|writing| {
            writing.put_photo_stored(sha256, bytes.len() as u64, now)?;
            Ok(writing.photo_stays(sha256)?)
        })
    }

    /// Stores a photo's bytes that were handed in, for the records that name them.
    ///
    /// # Errors
    /// As [`Hub::keep_photo`], and as [`Hub::note_photo`] refuses: none of it is left then.
    pub(super) fn take_photo(&self, sha256: &Sha256Hex, bytes: &[u8]) -> Result<(), HubError> {
        self.place_photo(sha256, bytes)?;
        let now = self.now();
        match self.store.write(|writing| self.note_photo(writing, sha256, bytes.len() as u64, now))? {
            None => Ok(()),
            Some(code) => {
                self.remove_doomed_photos()?;
                Err(refused(code))
            }
        }
    }

    /// Checks a photo's bytes and gives them their place in the folder; that they are there is not noted yet.
    fn place_photo(&self, sha256: &Sha256Hex, bytes: &[u8]) -> Result<(), HubError> {
        self.with_checked(sha256, bytes, |upload| Ok(self.photos.take_place(upload, sha256)?))
    }

    /// Checks a photo's bytes and lays them down with their thumbnail, for `work` to give them their place: that alone is soon done, also
    /// while nobody else may write.
    pub(super) fn with_checked<T>(
        &self,
        sha256: &Sha256Hex,
        bytes: &[u8],
        work: impl FnOnce(&str) -> Result<T, HubError>,
    ) -> Result<T, HubError> {
        let id = secrets::token(self.time().world.as_mut());
        let checked = self.photos.append(&id, 0, bytes).and_then(|()| self.photos.check(&id, sha256));
        let done = match checked {
            Ok(None) => work(&id),
            Ok(Some(code)) => Err(refused(code)),
            Err(error) => Err(error.into()),
        };
        // Whatever has become of it: no row names this upload, so that nobody would come for its file.
        let discarded = self.photos.discard(&id);
        let done = done?;
        discarded?;
        Ok(done)
    }

    /// Removes files of uploads that nothing knows of: a process that was killed left them. For whoever holds the data folder alone,
    /// and before anybody is served: an upload of the hub's own has no row while it lasts.
    ///
    /// # Errors
    /// [`HubError`] when the store or the folder breaks.
    pub fn sweep_uploads(&self) -> Result<usize, HubError> {
        let mut swept = 0;
        for name in self.photos.uploads()? {
            if self.store.read(|reading| reading.upload(&name))?.is_none() {
                self.photos.sweep(&name)?;
                swept += 1;
            }
        }
        Ok(swept)
    }
}

/// Whether one of these photos is of an incident that a handler's department has, or of a step of one.
fn shows_own_incident(reading: &dyn Reading, actor: &Actor, photos: &[StoredRecord]) -> Result<bool, HubError> {
    for StoredRecord { record: photo, .. } in photos {
        let Some(subject) = photo.reference("subject") else { continue };
        let of_county = photo.cell.county();
        let subject = reading.record(&of_county, subject)?.map(|stored| stored.record);
        let incident = subject.and_then(|subject| match subject.kind {
            Kind::Incident => Some(subject.id),
            Kind::IncidentStep => subject.reference("incident"),
            _ => None,
        });
        let Some(incident) = incident else { continue };
        let row = reading.incident_row(&of_county, incident)?;
        if row.is_some_and(|row| actor.covers(&row.cell) && sees(actor, &row.departments)) {
            return Ok(true);
        }
    }
    Ok(false)
}
