//! Carrying out what the desk ordered: hand in, lock or wipe, report, and open again when the desk lifts a lock.

use domain::order::{DeviceOrder, OrderRequest, StandingOrder};
use domain::protocol::{CallError, Peer};

use super::hand_in;
use crate::open::{Open, lock};
use crate::ordered::{self, LockedKey, Note};
use crate::store::{Meta, photos_following};
use crate::{Device, DeviceError};

/// For so many rounds of one run of the app a wipe waits for photos that the screens are still to store: about an hour. Rounds are
/// counted since a clock can be set.
const PHOTOS_STORED_WITHIN: u32 = 240;

impl Device {
    /// What the desk ordered and this phone has carried out; none on a phone that goes on as always.
    pub fn ordered(&self) -> Option<DeviceOrder> {
        Note::read(self.folder()).map(|note| note.order.what)
    }

    /// The server said that an order stands: asks what, and does it.
    pub(super) fn carry_out(&self, peer: &dyn Peer) -> Result<(), DeviceError> {
        let answer = peer.order(&OrderRequest::default())?;
        self.with_open(|open| hand_in::note_answer(open, &answer))?;
        let Some(order) = answer.order else { return Ok(()) };
        tracing::warn!(what = ?order.what, "the desk ordered this phone to lock or wipe itself");
        if order.what == DeviceOrder::Wipe {
            self.with_open(|open| hand_in::can_be_opened(open, &answer.keys))?;
        }
        match order.what {
            DeviceOrder::Lock => {
                // What cannot be handed in now stays in the register, which is kept: the lock does not wait for it.
                if let Err(error) = hand_in::hand_in_now(self, peer) {
                    tracing::warn!(%error, "the phone is locked before everything was handed in");
                }
                self.lock_by_order(order)?;
            }
            DeviceOrder::Wipe => loop {
                hand_in::hand_in_now(self, peer)?;
                self.insist_that_photos_are_stored(order)?;
                if self.wipe_by_order(order)? {
                    break;
                }
            },
            // The app has to be updated for the rest. What is unsent is safe until then, and nothing is taken away.
            DeviceOrder::Newer => {
                hand_in::hand_in_now(self, peer)?;
                return Err(CallError::Ordered.into());
            }
        }
        self.stay_ordered(peer)
    }

    /// A wipe waits for photos that are still to be stored for a record: the screens do so as long as the register is open, and then
    /// they are handed in. What they could not store by then they never may (its record was refused, say), and a phone in foreign hands
    /// must not stay readable for it.
    fn insist_that_photos_are_stored(&self, order: StandingOrder) -> Result<(), DeviceError> {
        let following = self.with_open(|open| photos_following(open.store.connection()))?;
        let mut waits = lock(&self.inner.wipe_waits);
        let looked = waits.filter(|(of, _)| *of == order.ordered_at).map_or(0, |(_, looked)| looked);
        if following == 0 || looked >= PHOTOS_STORED_WITHIN {
            return Ok(());
        }
        *waits = Some((order.ordered_at, looked + 1));
        tracing::warn!("the wipe waits for photos that are still to be stored");
        Err(CallError::Ordered.into())
    }

    fn lock_by_order(&self, order: StandingOrder) -> Result<(), DeviceError> {
        let _door = lock(&self.inner.door);
        let mut open = lock(&self.inner.open);
        let register = open.as_mut().ok_or(DeviceError::Locked)?;
        let mut note = note_of(register, order)?;
        // The enrolled key, not the one that this answer tells: whoever is between the two must not be able to open the lock.
        let (folder, device, seal) = (self.folder(), register.account().device, register.keys()?.seal);
        note.lock = Some(self.inner.world_mut(|world| LockedKey::of(folder, device, &seal, world))?);
        // From here on the phone is locked, whatever ends the app: the note is the commit.
        note.store(folder)?;
        *open = None;
        self.inner.pulse.changed();
        ordered::destroy_key(folder)
    }

    /// Removes the register, unless something was written since everything was handed in: then false.
    fn wipe_by_order(&self, order: StandingOrder) -> Result<bool, DeviceError> {
        let _door = lock(&self.inner.door);
        let mut open = lock(&self.inner.open);
        let register = open.as_mut().ok_or(DeviceError::Locked)?;
        let note = note_of(register, order)?;
        if !hand_in::nothing_to_hand_in(register)? {
            return Ok(false);
        }
        // From here on the register is given up, whatever ends the app.
        note.store(self.folder())?;
        *open = None;
        self.inner.pulse.changed();
        self.wipe_folder()?;
        Ok(true)
    }

    fn wipe_folder(&self) -> Result<(), DeviceError> {
        ordered::wipe(self.folder())?;
        self.inner.tries.forget();
        Ok(())
    }

    /// A round of a phone that has carried out an order: it reports, and asks whether a lock was lifted.
    pub(super) fn stay_ordered(&self, peer: &dyn Peer) -> Result<(), DeviceError> {
        let Some(mut note) = self.resume_order()? else { return Ok(()) };
        if !note.reported {
            match peer.report(&note.order) {
                // A server that does not know this phone any more waits for no report.
                Ok(()) | Err(CallError::SignedOut) => self.note_reported(&mut note)?,
                Err(error) => return Err(error.into()),
            }
        }
        match (&note.lock, note.order.what) {
            (Some(key), DeviceOrder::Lock) => self.ask_for_key(peer, note.clone(), key),
            _ => Ok(()),
        }
    }

    /// The order that this phone has carried out, after whatever the app was killed in was done. Nobody enrols meanwhile: what is
    /// removed here is the old register.
    fn resume_order(&self) -> Result<Option<Note>, DeviceError> {
        let _door = lock(&self.inner.door);
        let note = Note::read(self.folder());
        ordered::resume(self.folder())?;
        Ok(note)
    }

    /// Notes that the server has the report; where another order or none lies by now, nothing: the phone was enrolled anew while the
    /// report was under way, and the old note beside a new register would be taken for that one's.
    fn note_reported(&self, note: &mut Note) -> Result<(), DeviceError> {
        let _door = lock(&self.inner.door);
        if Note::read(self.folder()).is_none_or(|there| there.order != note.order) {
            return Ok(());
        }
        note.reported = true;
        if note.order.what == DeviceOrder::Wipe {
            note.access.clear();
        }
        note.store(self.folder())
    }

    /// Goes on from a lock to the order that took its place. From the note on a wiped phone could be enrolled, but for the door.
    fn take_on(&self, note: &mut Note) -> Result<(), DeviceError> {
        let _door = lock(&self.inner.door);
        if note.order.what != DeviceOrder::Wipe {
            return note.store(self.folder());
        }
        note.lock = None;
        note.store(self.folder())?;
        self.wipe_folder()?;
        self.inner.pulse.changed();
        Ok(())
    }

    fn ask_for_key(&self, peer: &dyn Peer, mut note: Note, key: &LockedKey) -> Result<(), DeviceError> {
        let answer = peer.order(&OrderRequest { sealed_key: Some(key.sealed.clone()) })?;
        // A server that was put back from a backup may have lost what was handed in before.
        let lost = answer.epoch.is_some_and(|epoch| note.epoch.is_some_and(|handed| handed != epoch));
        note.handed_in &= !lost;
        match (answer.order, answer.key) {
            (None, Some(opened)) => {
                let _door = lock(&self.inner.door);
                key.put_back(self.folder(), &opened)?;
                Note::remove(self.folder())?;
                tracing::info!("the desk lifted the lock");
                self.inner.pulse.changed();
                Ok(())
            }
            (None, None) => Err(CallError::Unreadable("a lifted lock without its key".into()).into()),
            (Some(order), _) if order == note.order => Err(DeviceError::LockedByDesk),
            // What only a newer version can carry out: the lock stays, and the phone goes on asking.
            (Some(order), _) if order.what == DeviceOrder::Newer => Err(DeviceError::LockedByDesk),
            // What was not handed in needs the key and the PIN: the desk lifts the lock first.
            (Some(order), _) if order.what == DeviceOrder::Wipe && !note.handed_in => Err(DeviceError::LockedByDesk),
            (Some(order), _) => {
                note.order = order;
                note.reported = false;
                self.take_on(&mut note)?;
                peer.report(&order)?;
                self.note_reported(&mut note)
            }
        }
    }
}

/// What is needed to report an order, from the register that is about to be closed.
fn note_of(register: &mut Open, order: StandingOrder) -> Result<Note, DeviceError> {
    let handed_in = hand_in::nothing_left(register)?;
    let epoch = hand_in::handed(register.store.connection())?.epoch.or(Meta::Epoch.get(register.store.connection())?);
    let connection = register.store.connection();
    Ok(Note {
        order,
        reported: false,
        server: Meta::Server.get(connection)?.unwrap_or_default(),
        access: register.tokens()?.map(|tokens| tokens.access).unwrap_or_default(),
        demo: register.account().demo,
        handed_in,
        epoch,
        lock: None,
    })
}
