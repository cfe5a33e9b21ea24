//! Who wants to hear that something was written is told once it is durable: the connected phones, above all.
//!
//! The hub does not know who listens, nor how the news travels: it calls a [`Watcher`], which must not block. Where nobody
//! watches (command line, simulation), nothing happens.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Arc, PoisonError, RwLock, Weak};

use domain::CellCode;

use crate::hub::{Hub, HubError};
use crate::store::{Moved, Reading, Store, StoreError, Writing};

/// Somebody who is told what was written.
pub trait Watcher: Send + Sync {
    /// These feeds have moved on, or these rights have changed; it is durable. Called on the thread that wrote: it must return
    /// at once. Two writers may be told in the other order than they wrote.
    fn moved(&self, moved: &Moved);
}

/// A store that tells what was written in it.
pub struct Told<S> {
    store: S,
    watchers: RwLock<Vec<Weak<dyn Watcher>>>,
}

impl<S> Told<S> {
    pub(super) fn new(store: S) -> Self {
        Self { store, watchers: RwLock::default() }
    }

    /// The store itself, for the simulation, which breaks it from below.
    #[doc(hidden)]
    pub fn below(&self) -> &S {
        &self.store
    }

    fn watch(&self, watcher: &Arc<dyn Watcher>) {
        let mut watchers = self.watchers.write().unwrap_or_else(PoisonError::into_inner);
        watchers.retain(|known| known.strong_count() > 0);
        watchers.push(Arc::downgrade(watcher));
    }

    fn is_watched(&self) -> bool {
        !self.watchers.read().unwrap_or_else(PoisonError::into_inner).is_empty()
    }

    fn tell(&self, moved: &Moved) {
        if moved.is_nothing() {
            return;
        }
        for watcher in self.watchers.read().unwrap_or_else(PoisonError::into_inner).iter().filter_map(Weak::upgrade) {
            watcher.moved(moved);
        }
    }
}

impl<S: Store> Store for Told<S> {
    fn read<T, E: From<StoreError>>(&self, work: impl FnOnce(&dyn Reading) -> Result<T, E>) -> Result<T, E> {
        self.store.read(work)
    }

    fn write<T, E: From<StoreError>>(&self, work: impl FnOnce(&mut dyn Writing) -> Result<T, E>) -> Result<T, E> {
        if !self.is_watched() {
            return self.store.write(work);
        }
        let mut moved = Moved::default();
        let done = self.store.write(|writing| {
            let done = work(writing)?;
            moved = writing.moved();
            Ok::<T, E>(done)
        })?;
        self.tell(&moved);
        Ok(done)
    }

    fn leave_no_log(&self) -> Result<bool, StoreError> {
        self.store.leave_no_log()
    }

    fn back_up(&self, file: &Path) -> Result<(), StoreError> {
        self.store.back_up(file)
    }
}

impl<S: Store> Hub<S> {
    /// From now on this watcher is told what is written, as long as somebody holds it.
    pub fn watch(&self, watcher: &Arc<dyn Watcher>) {
        self.store.watch(watcher);
    }

    /// The numbers that these cells' feeds have reached.
    ///
    /// # Errors
    /// [`HubError::Store`].
    pub fn feeds_reached(&self, cells: &[CellCode]) -> Result<BTreeMap<CellCode, u64>, HubError> {
        self.store.read(|reading| cells.iter().map(|cell| Ok((cell.clone(), reading.feed_reached(cell)?))).collect())
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use domain::World as _;
    use serde_json::json;

    use super::*;
    use crate::hub::world::SystemWorld;
    use crate::store::BulkRecord;

    #[derive(Default)]
    struct Ears(Mutex<Vec<Moved>>);

    impl Watcher for Ears {
        fn moved(&self, moved: &Moved) {
            self.0.lock().unwrap().push(moved.clone());
        }
    }

    fn cell() -> CellCode {
        CellCode::new("610722001001001").unwrap()
    }

    #[test]
    fn a_watcher_is_told_what_was_stored_and_nothing_of_what_was_not() {
        let folder = tempfile::tempdir().unwrap();
        let hub = crate::hub::open_folder(folder.path()).unwrap();
        let ears = Arc::new(Ears::default());
        let watcher: Arc<dyn Watcher> = ears.clone();
        hub.watch(&watcher);
        let mut world = SystemWorld;
        let record = serde_json::from_value(json!({
            "id": world.record_id(), "kind": "building", "cell": cell(), "fields": {"name": "一号楼"}, "stamp": domain::Stamp::ZERO,
        }));
        let loaded = BulkRecord {
            record: record.unwrap(),
            at: 1,
            by: domain::AccountId::new("server").unwrap(),
            state: domain::review::ReviewState::NotReviewed,
        };
        let failed: Result<(), HubError> = hub.store().write(|writing| {
            writing.bulk_load(std::slice::from_ref(&loaded))?;
            Err(HubError::Broken("on purpose".into()))
        });
        assert!(failed.is_err());
        assert_eq!(*ears.0.lock().unwrap(), []);
        hub.load(std::slice::from_ref(&loaded)).unwrap();
        let told = Moved { feeds: BTreeMap::from([(cell(), 1)]), rights: false };
        assert_eq!(*ears.0.lock().unwrap(), [told]);
        assert_eq!(hub.feeds_reached(&[cell()]).unwrap(), BTreeMap::from([(cell(), 1)]));
        drop((ears, watcher));
        assert_eq!(hub.load(&[loaded]).unwrap(), 0, "whoever left is not missed");
    }
}
