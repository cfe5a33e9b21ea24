//! The streams of nudges that are open: whom to tell when a cell moves on, and when to end one.
//!
//! Telling costs a writer a look into two maps and never waits: what a stream has not sent yet is kept as the latest number of
//! each cell, so a reader that is slow or gone holds up nobody and takes no more room with time.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use domain::protocol::CallRefusal;
use domain::{CellCode, DeviceId};
use tokio::sync::Notify;

use crate::http::ApiError;
use crate::hub::nudge::Watcher;
use crate::store::Moved;

/// Streams that are open at the same time: they must leave connections for everybody else.
pub const STREAMS_MAX: usize = 3_072;
/// Streams of one phone: a broken one that is not known to be broken, and the one that takes its place.
pub const STREAMS_PER_DEVICE_MAX: usize = 2;
/// A silent stream says this often that it is still there: less than what proxies and mobile networks call idle.
pub const HEARTBEAT: Duration = Duration::from_secs(25);

/// All open streams of this process.
pub struct Nudges {
    open: Mutex<Streams>,
    heartbeat: Duration,
    most: usize,
}

#[derive(Default)]
struct Streams {
    ended: bool,
    count: usize,
    next: u64,
    /// Oldest first.
    by_device: HashMap<DeviceId, VecDeque<Arc<Listener>>>,
    by_cell: HashMap<CellCode, HashMap<u64, Arc<Listener>>>,
}

/// One stream, as the teller sees it.
struct Listener {
    number: u64,
    device: DeviceId,
    cells: Vec<CellCode>,
    heard: Mutex<Heard>,
    stirred: Notify,
}

/// What a stream has not passed on yet.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Heard {
    /// The cells that moved, with the number reached last.
    pub reached: BTreeMap<CellCode, u64>,
    /// Rights changed somewhere: whether the phone is still the same has to be asked.
    pub rights: bool,
    /// The stream has to end: the phone opened another, or the server stops.
    pub over: bool,
}

/// An open stream, as its own task sees it. Dropping it closes it.
pub struct Listening {
    nudges: Arc<Nudges>,
    listener: Arc<Listener>,
}

impl Default for Nudges {
    fn default() -> Self {
        Self::with(HEARTBEAT, STREAMS_MAX)
    }
}

impl Nudges {
    /// Streams with another heartbeat and another bound than usual.
    pub fn with(heartbeat: Duration, most: usize) -> Self {
        Self { open: Mutex::default(), heartbeat, most }
    }

    /// How often a silent stream says that it is there.
    pub fn heartbeat(&self) -> Duration {
        self.heartbeat
    }

    /// How many streams are open.
    pub fn count(&self) -> usize {
        self.streams().count
    }

    /// Opens a stream for a phone; its oldest one ends when it has too many.
    ///
    /// # Errors
    /// [`CallRefusal::TooManyTries`] when all streams together are too many, or the server stops.
    pub fn listen(self: &Arc<Self>, device: DeviceId, cells: Vec<CellCode>) -> Result<Listening, ApiError> {
        let mut streams = self.streams();
        if streams.ended || streams.count >= self.most {
            return Err(ApiError::new(CallRefusal::TooManyTries));
        }
        let number = streams.next;
        streams.next += 1;
        streams.count += 1;
        let listener = Arc::new(Listener { number, device, cells, heard: Mutex::default(), stirred: Notify::new() });
        for cell in &listener.cells {
            streams.by_cell.entry(cell.clone()).or_default().insert(number, Arc::clone(&listener));
        }
        let own = streams.by_device.entry(device).or_default();
        own.push_back(Arc::clone(&listener));
        let superfluous = own.len().saturating_sub(STREAMS_PER_DEVICE_MAX);
        for old in own.iter().take(superfluous) {
            old.hear(|heard| heard.over = true);
        }
        drop(streams);
        Ok(Listening { nudges: Arc::clone(self), listener })
    }

    /// Ends all streams and opens no more: the server stops.
    pub fn end(&self) {
        let mut streams = self.streams();
        streams.ended = true;
        for listener in streams.by_device.values().flatten() {
            listener.hear(|heard| heard.over = true);
        }
    }

    fn close(&self, listener: &Listener) {
        let mut streams = self.streams();
        streams.count -= 1;
        if let Some(own) = streams.by_device.get_mut(&listener.device) {
            own.retain(|other| other.number != listener.number);
            if own.is_empty() {
                streams.by_device.remove(&listener.device);
            }
        }
        for cell in &listener.cells {
            if let Some(all) = streams.by_cell.get_mut(cell) {
                all.remove(&listener.number);
                if all.is_empty() {
                    streams.by_cell.remove(cell);
                }
            }
        }
    }

    fn streams(&self) -> MutexGuard<'_, Streams> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Watcher for Nudges {
    fn moved(&self, moved: &Moved) {
        let streams = self.streams();
        for (cell, reached) in &moved.feeds {
            for listener in streams.by_cell.get(cell).into_iter().flat_map(HashMap::values) {
                listener.hear(|heard| {
                    let latest = heard.reached.entry(cell.clone()).or_default();
                    *latest = (*latest).max(*reached);
                });
            }
        }
        if moved.rights {
            for listener in streams.by_device.values().flatten() {
                listener.hear(|heard| heard.rights = true);
            }
        }
    }
}

impl Listener {
    fn hear(&self, what: impl FnOnce(&mut Heard)) {
        what(&mut self.heard.lock().unwrap_or_else(PoisonError::into_inner));
        self.stirred.notify_one();
    }
}

impl Listening {
    /// Waits until there is something to hear, and takes it. Safe to give up while it waits.
    pub async fn next(&self) -> Heard {
        loop {
            let heard = std::mem::take(&mut *self.listener.heard.lock().unwrap_or_else(PoisonError::into_inner));
            if heard != Heard::default() {
                return heard;
            }
            self.listener.stirred.notified().await;
        }
    }

    /// The cells that are listened for.
    pub fn cells(&self) -> &[CellCode] {
        &self.listener.cells
    }
}

impl Drop for Listening {
    fn drop(&mut self) {
        self.nudges.close(&self.listener);
    }
}

#[cfg(test)]
mod tests {
    use domain::World as _;

    use super::*;
    use crate::hub::world::SystemWorld;

    fn cell(number: u32) -> CellCode {
        CellCode::new(&format!("610722001001{number:03}")).unwrap()
    }

    fn moved(number: u32, reached: u64) -> Moved {
        Moved { feeds: BTreeMap::from([(cell(number), reached)]), rights: false }
    }

    #[tokio::test]
    async fn a_reader_that_does_not_read_keeps_one_number_for_each_of_its_own_cells() {
        let nudges = Arc::new(Nudges::default());
        let listening = nudges.listen(SystemWorld.device_id(), vec![cell(1), cell(2)]).unwrap();
        for reached in 1..=10_000 {
            nudges.moved(&moved(1, reached));
            nudges.moved(&moved(3, reached));
        }
        // Told in the other order than written.
        nudges.moved(&moved(1, 9_999));
        let heard = listening.next().await;
        assert_eq!(heard, Heard { reached: BTreeMap::from([(cell(1), 10_000)]), ..Heard::default() });
    }

    #[tokio::test]
    async fn the_newest_streams_of_a_phone_stay_and_others_are_left_alone() {
        let nudges = Arc::new(Nudges::default());
        let (one, other) = (SystemWorld.device_id(), SystemWorld.device_id());
        let elsewhere = nudges.listen(other, vec![cell(1)]).unwrap();
        let first = nudges.listen(one, vec![cell(1)]).unwrap();
        let second = nudges.listen(one, vec![cell(1)]).unwrap();
        let third = nudges.listen(one, vec![cell(1)]).unwrap();
        assert!(first.next().await.over);
        drop(first);
        nudges.moved(&moved(1, 7));
        for listening in [elsewhere, second, third] {
            let heard = listening.next().await;
            assert_eq!((heard.over, heard.reached.get(&cell(1))), (false, Some(&7)));
        }
        assert_eq!(nudges.count(), 0, "what is dropped is closed");
        assert!(nudges.streams().by_cell.is_empty() && nudges.streams().by_device.is_empty());
    }

    #[tokio::test]
    async fn there_is_a_most_and_an_end() {
        let nudges = Arc::new(Nudges::with(HEARTBEAT, 2));
        let open = |number| nudges.listen(SystemWorld.device_id(), vec![cell(number)]);
        let (first, _second) = (open(1).unwrap(), open(2).unwrap());
        assert_eq!(open(3).err().unwrap().code(), CallRefusal::TooManyTries);
        nudges.end();
        assert!(first.next().await.over);
        drop(first);
        assert!(open(4).is_err(), "nothing opens after the end");
    }
}
