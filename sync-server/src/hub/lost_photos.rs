//! Pictures that are noted as stored and that the photo folder lacks: its disk was replaced, or it was put back older than the database.
//! Their notes are taken off, and phones are told, so that whoever has such a picture offers it again.

use std::io::ErrorKind;
use std::sync::atomic::Ordering;

use domain::Sha256Hex;
use domain::world::Millis;

use crate::hub::put_back::moment;
use crate::hub::{Hub, HubError};
use crate::store::{Reading, Store, Writing};

/// The setting that says when pictures were found missing last: phones offer theirs again when it is another.
const PHOTOS_LOST: &str = "photos_lost";
/// With fewer pictures noted it is not asked whether this is the folder that is meant.
const FEW: usize = 20;
/// So many notes are taken off, or made, in one transaction.
const AT_ONCE: usize = 500;

/// What a look at the photo folder found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FolderFound {
    /// The folder that is meant. The notes say now what it has.
    Compared {
        /// Pictures that were noted and are not there.
        lost: usize,
        /// Pictures that are there, are named by a record and were not noted.
        came: usize,
    },
    /// It has hardly any of the pictures that are noted: its disk may not be mounted, or all are lost. Nothing was changed.
    Another {
        /// How many are noted.
        noted: usize,
        /// How many of them are there.
        there: usize,
    },
}

/// What became of the notes once somebody had said that what is missing is lost.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GivenUp {
    /// Pictures that were noted and are not there.
    pub lost: usize,
    /// Pictures that are there, are named by a record and were not noted.
    pub came: usize,
    /// The parts of the folder that could not be read, by their names: the notes of these stay as they were.
    pub unread: Vec<String>,
}

/// Where notes and folder say different things.
#[derive(Default)]
struct Differences {
    noted: usize,
    /// With the sizes that were noted.
    lost: Vec<(Sha256Hex, u64)>,
    /// With their sizes, as their records say.
    came: Vec<(Sha256Hex, u64)>,
    unread: Vec<String>,
}

impl Differences {
    fn add(&mut self, part: Differences) {
        self.noted += part.noted;
        self.lost.extend(part.lost);
        self.came.extend(part.came);
    }
}

impl<S: Store> Hub<S> {
    /// Compares what is noted with the names and sizes in the photo folder, and sets the notes right, but for parts of it that cannot be
    /// read. A folder that lacks nearly everything is taken for another one: where a disk is not mounted for a moment every note of the
    /// county would go.
    ///
    /// # Errors
    /// [`HubError`] when the store or the folder breaks.
    pub fn look_for_photos(&self) -> Result<FolderFound, HubError> {
        let found = self.compared_with_folder()?;
        let (noted, there) = (found.noted, found.noted - found.lost.len());
        if noted >= FEW && there < noted / 10 {
            return Ok(FolderFound::Another { noted, there });
        }
        let GivenUp { lost, came, .. } = self.set_right(found)?;
        Ok(FolderFound::Compared { lost, came })
    }

    /// The same when somebody has said that what is missing is lost, all of it perhaps.
    ///
    /// # Errors
    /// [`HubError`] when the store or the folder breaks.
    pub fn give_up_lost_photos(&self) -> Result<GivenUp, HubError> {
        self.set_right(self.compared_with_folder()?)
    }

    /// Somebody asked for a picture that is noted and not there: others may be missing too.
    pub(super) fn miss_photo(&self) {
        self.photos_missed.store(true, Ordering::SeqCst);
    }

    /// Looks for all of them once one was missed: one look. One that failed, or found another folder, is made again the next time.
    pub(super) fn look_for_missed_photos(&self) -> Result<(), HubError> {
        if !self.photos_missed.swap(false, Ordering::SeqCst) {
            return Ok(());
        }
        match self.look_for_photos().inspect_err(|_| self.miss_photo())? {
            FolderFound::Compared { lost, came } => tracing::warn!(lost, came, "pictures were looked for"),
            FolderFound::Another { noted, there } => {
                self.miss_photo();
                tracing::error!(noted, there, "the photo folder lacks nearly everything: is its disk mounted?");
            }
        }
        Ok(())
    }

    fn compared_with_folder(&self) -> Result<Differences, HubError> {
        let mut found = Differences::default();
        for digits in (0..=u8::MAX).map(|first| format!("{first:02x}")) {
            match self.part_compared(&digits) {
                Ok(part) => found.add(part),
                // One bad block, or one folder that belongs to somebody else, keeps no other part back: nothing is known of this one, so
                // its notes stay. Without the whole folder there is nothing to compare.
                Err(HubError::Photos(error)) if error.kind() != ErrorKind::NotFound => {
                    tracing::error!(%digits, %error, "a part of the photo folder cannot be read: its notes stay as they are");
                    found.unread.push(digits);
                }
                Err(error) => return Err(error),
            }
        }
        Ok(found)
    }

    /// The same of the pictures whose hashes begin with these two digits.
    fn part_compared(&self, digits: &str) -> Result<Differences, HubError> {
        // The notes first: whatever is noted has taken its place by then.
        let noted = self.store.read(|reading| reading.photos_stored_under(digits))?;
        let mut here = self.photos.sizes_under(digits)?;
        let mut part = Differences { noted: noted.len(), ..Differences::default() };
        part.lost.extend(noted.into_iter().filter(|(sha256, bytes)| here.remove(sha256) != Some(*bytes)));
        for (sha256, bytes) in here {
            if self.store.read(|reading| reading.photo_bytes(&sha256))? == Some(bytes) {
                part.came.push((sha256, bytes));
            }
        }
        Ok(part)
    }

    fn set_right(&self, found: Differences) -> Result<GivenUp, HubError> {
        let now = self.now();
        let (mut lost, mut came, mut said) = (0, 0, None);
        for some in found.lost.chunks(AT_ONCE) {
            lost += self.store.write(|writing| self.take_notes_off(writing, some, now, &mut said))?;
        }
        // A whole folder may have been put in place: its parts are made durable once each, not with each picture.
        let in_one_part = |one: &(Sha256Hex, u64), next: &(Sha256Hex, u64)| one.0.as_str()[..2] == next.0.as_str()[..2];
        for (first, _) in found.came.chunk_by(in_one_part).filter_map(<[_]>::first) {
            self.photos.settle_photo(first)?;
        }
        for some in found.came.chunks(AT_ONCE) {
            came += self.store.write(|writing| self.note_those(writing, some, now))?;
        }
        Ok(GivenUp { lost, came, unread: found.unread })
    }

    /// Notes pictures whose places are durable. Answers of how many that was right.
    fn note_those(&self, writing: &mut dyn Writing, came: &[(Sha256Hex, u64)], now: Millis) -> Result<usize, HubError> {
        let mut noted = 0;
        for (sha256, bytes) in came {
            let refusal = self.note_settled_photo(writing, (sha256, *bytes), now, || Ok(()))?;
            noted += usize::from(refusal.is_none());
        }
        Ok(noted)
    }

    /// Takes notes off, and says so to phones with the same transaction: should the server end after it, nothing else would tell them.
    /// `said`: the number by which this look has told them before.
    fn take_notes_off(
        &self,
        writing: &mut dyn Writing,
        lost: &[(Sha256Hex, u64)],
        now: Millis,
        said: &mut Option<Millis>,
    ) -> Result<usize, HubError> {
        let mut taken_off = 0;
        for (sha256, bytes) in lost {
            // It may have come meanwhile, or been erased.
            if writing.photo_stored(sha256)? && !self.photos.holds(sha256, *bytes)? {
                writing.photo_lost(sha256)?;
                taken_off += 1;
            }
        }
        let before = lost_at(writing)?;
        // One number for all: whoever hears it offers every picture, and the folder is asked, not the note that may still stand. Another
        // look may have said its own meanwhile, and the numbers never go back: a phone that has heard that one would hear nothing new.
        if taken_off > 0 && (said.is_none() || *said != before) {
            let number = before.map_or(now, |before| now.max(before + 1));
            writing.put_setting(PHOTOS_LOST, &number.to_string())?;
            *said = Some(number);
        }
        Ok(taken_off)
    }
}

/// When pictures were found missing last, and another number each time; none: never.
pub(super) fn lost_at(reading: &(impl Reading + ?Sized)) -> Result<Option<Millis>, HubError> {
    moment(reading, PHOTOS_LOST)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hub::open_folder;
    use crate::store::StoreError;

    #[test]
    fn two_looks_at_once_never_say_one_number_twice_and_none_goes_back() {
        let folder = tempfile::tempdir().unwrap();
        let hub = open_folder(folder.path()).unwrap();
        let name = |number: u8| Sha256Hex::new(&format!("{number:064x}")).unwrap();
        let lost: Vec<(Sha256Hex, u64)> = (0..4).map(|number| (name(number), 9)).collect();
        let noted: Result<(), StoreError> = hub
            .store
            .write(|writing| lost.iter().try_for_each(|(sha256, bytes)| writing.put_photo_stored(sha256, *bytes, 1)));
        noted.unwrap();
        let take_off = |which: usize, said: &mut Option<Millis>| {
            let some = &lost[which..=which];
            assert_eq!(hub.store.write(|writing| hub.take_notes_off(writing, some, 7, said)).unwrap(), 1);
            hub.store.read(|reading| lost_at(reading)).unwrap()
        };
        let (mut one, mut other) = (None, None);
        let told = [take_off(0, &mut one), take_off(1, &mut other), take_off(2, &mut one), take_off(3, &mut one)];
        assert_eq!(told, [7, 8, 9, 9].map(Some));
    }
}
