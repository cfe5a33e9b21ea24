//! What lies on the disk: what programs see, and what would still be there after a power cut.
//!
//! The rules are those of a journalling file system with ordered data (ext4, f2fs): syncing a file keeps its bytes and every change
//! of names so far; changes of names reach the disk in their order; unsynced bytes reach it in any order, or not at all.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};

use rand::RngExt;
use rand::rngs::StdRng;

/// The folder that everything lies in.
pub(super) const ROOT: u64 = 1;

/// Unsynced bytes are kept or lost in pieces of this size.
const PIECE: usize = 4096;

/// Why something cannot be done, as programs are told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Wrong {
    Missing,
    IsFile,
    IsFolder,
    Filled,
}

type Answer<T> = Result<T, Wrong>;

/// A file or folder.
#[derive(Debug, Clone)]
enum Node {
    Folder { parent: u64, names: BTreeMap<OsString, u64> },
    File(Bytes),
}

/// The bytes of a file.
#[derive(Debug, Clone, Default)]
struct Bytes {
    /// As programs see them.
    now: Vec<u8>,
    /// As they are on the disk.
    safe: Vec<u8>,
    /// Where the two may differ.
    dirty: Vec<(usize, usize)>,
}

/// A change of names that is not on the disk yet.
#[derive(Debug, Clone)]
struct Renaming {
    folder: u64,
    name: OsString,
    to: Option<u64>,
}

/// The files and folders of one disk.
#[derive(Debug, Clone)]
pub(super) struct Tree {
    nodes: BTreeMap<u64, Node>,
    /// The names as they are on the disk.
    safe_names: BTreeMap<u64, BTreeMap<OsString, u64>>,
    pending: Vec<Renaming>,
    next: u64,
}

impl Tree {
    /// An empty disk.
    pub(super) fn new() -> Self {
        let root = Node::Folder { parent: ROOT, names: BTreeMap::new() };
        Self { nodes: [(ROOT, root)].into(), safe_names: BTreeMap::new(), pending: Vec::new(), next: ROOT + 1 }
    }

    /// The same content under numbers that were never used before, so that nobody takes it for what was there.
    pub(super) fn renumbered(&self, above: u64) -> Self {
        let to = |id: u64| if id == ROOT { ROOT } else { id + above };
        let names = |names: &BTreeMap<OsString, u64>| names.iter().map(|(name, id)| (name.clone(), to(*id))).collect();
        let nodes = self.nodes.iter().map(|(id, node)| {
            let node = match node {
                Node::Folder { parent, names: held } => Node::Folder { parent: to(*parent), names: names(held) },
                file => file.clone(),
            };
            (to(*id), node)
        });
        Self {
            nodes: nodes.collect(),
            safe_names: self.safe_names.iter().map(|(id, held)| (to(*id), names(held))).collect(),
            pending: Vec::new(),
            next: self.next + above,
        }
    }

    /// The greatest number in use.
    pub(super) fn greatest(&self) -> u64 {
        self.next
    }

    fn names(&self, folder: u64) -> Answer<&BTreeMap<OsString, u64>> {
        match self.nodes.get(&folder) {
            Some(Node::Folder { names, .. }) => Ok(names),
            Some(Node::File(_)) => Err(Wrong::IsFile),
            None => Err(Wrong::Missing),
        }
    }

    pub(super) fn find(&self, folder: u64, name: &OsStr) -> Answer<u64> {
        self.names(folder)?.get(name).copied().ok_or(Wrong::Missing)
    }

    /// The size of a file; none of a folder.
    pub(super) fn size(&self, id: u64) -> Answer<Option<usize>> {
        match self.nodes.get(&id) {
            Some(Node::File(bytes)) => Ok(Some(bytes.now.len())),
            Some(Node::Folder { .. }) => Ok(None),
            None => Err(Wrong::Missing),
        }
    }

    pub(super) fn list(&self, folder: u64) -> Answer<Vec<(u64, OsString)>> {
        let parent = match self.nodes.get(&folder) {
            Some(Node::Folder { parent, .. }) => *parent,
            _ => return Err(Wrong::IsFile),
        };
        let mut list = vec![(folder, ".".into()), (parent, "..".into())];
        list.extend(self.names(folder)?.iter().map(|(name, id)| (*id, name.clone())));
        Ok(list)
    }

    fn name(&mut self, folder: u64, name: &OsStr, to: Option<u64>) -> Answer<()> {
        let Some(Node::Folder { names, .. }) = self.nodes.get_mut(&folder) else { return Err(Wrong::IsFile) };
        match to {
            Some(id) => names.insert(name.to_owned(), id),
            None => names.remove(name),
        };
        self.pending.push(Renaming { folder, name: name.to_owned(), to });
        Ok(())
    }

    pub(super) fn create(&mut self, folder: u64, name: &OsStr) -> Answer<u64> {
        self.add(folder, name, Node::File(Bytes::default()))
    }

    pub(super) fn create_folder(&mut self, folder: u64, name: &OsStr) -> Answer<u64> {
        self.add(folder, name, Node::Folder { parent: folder, names: BTreeMap::new() })
    }

    fn add(&mut self, folder: u64, name: &OsStr, node: Node) -> Answer<u64> {
        self.names(folder)?;
        let id = self.next;
        self.next += 1;
        self.nodes.insert(id, node);
        self.name(folder, name, Some(id))?;
        Ok(id)
    }

    pub(super) fn remove(&mut self, folder: u64, name: &OsStr) -> Answer<()> {
        let id = self.find(folder, name)?;
        if let Some(Node::Folder { names, .. }) = self.nodes.get(&id)
            && !names.is_empty()
        {
            return Err(Wrong::Filled);
        }
        // What is open stays readable: the node itself is never dropped.
        self.name(folder, name, None)
    }

    pub(super) fn rename(&mut self, from: (u64, &OsStr), to: (u64, &OsStr)) -> Answer<()> {
        let id = self.find(from.0, from.1)?;
        self.names(to.0)?;
        self.name(from.0, from.1, None)?;
        self.name(to.0, to.1, Some(id))
    }

    fn file(&mut self, id: u64) -> Answer<&mut Bytes> {
        match self.nodes.get_mut(&id) {
            Some(Node::File(bytes)) => Ok(bytes),
            Some(Node::Folder { .. }) => Err(Wrong::IsFolder),
            None => Err(Wrong::Missing),
        }
    }

    pub(super) fn read(&self, id: u64, offset: usize, length: usize) -> Answer<&[u8]> {
        match self.nodes.get(&id) {
            Some(Node::File(Bytes { now, .. })) => {
                let start = offset.min(now.len());
                Ok(&now[start..(start + length).min(now.len())])
            }
            _ => Err(Wrong::IsFolder),
        }
    }

    pub(super) fn write(&mut self, id: u64, offset: usize, bytes: &[u8]) -> Answer<()> {
        let Bytes { now, dirty, .. } = self.file(id)?;
        let end = offset + bytes.len();
        if now.len() < end {
            now.resize(end, 0);
        }
        now[offset..end].copy_from_slice(bytes);
        dirty.push((offset, end));
        Ok(())
    }

    pub(super) fn set_size(&mut self, id: u64, size: usize) -> Answer<()> {
        let Bytes { now, dirty, .. } = self.file(id)?;
        let before = now.len();
        now.resize(size, 0);
        dirty.push((before.min(size), before.max(size)));
        Ok(())
    }

    /// Keeps a file's bytes, and all changes of names so far.
    pub(super) fn sync(&mut self, id: u64) -> Answer<()> {
        let Bytes { now, safe, dirty } = self.file(id)?;
        safe.clone_from(now);
        dirty.clear();
        self.sync_names();
        Ok(())
    }

    pub(super) fn sync_names(&mut self) {
        let pending = std::mem::take(&mut self.pending);
        self.apply(&pending);
    }

    fn apply(&mut self, changes: &[Renaming]) {
        for Renaming { folder, name, to } in changes {
            let names = self.safe_names.entry(*folder).or_default();
            match to {
                Some(id) => names.insert(name.clone(), *id),
                None => names.remove(name),
            };
        }
    }

    /// Everything that was written is on the disk: a system that was shut down in order.
    pub(super) fn sync_all(&mut self) {
        for node in self.nodes.values_mut() {
            if let Node::File(Bytes { now, safe, dirty }) = node {
                safe.clone_from(now);
                dirty.clear();
            }
        }
        self.sync_names();
    }

    /// The power is gone: what was not synced is lost, but for what happened to reach the disk. Returns how many bytes were lost.
    pub(super) fn cut(&mut self, chance: &mut StdRng) -> usize {
        let reached = chance.random_range(0..=self.pending.len());
        let pending = std::mem::take(&mut self.pending);
        self.apply(&pending[..reached]);
        // Nothing, all, or any part of the unsynced bytes.
        let share = [0.0, 0.5, 1.0][chance.random_range(0..3)];
        let mut lost = 0;
        for (id, node) in &mut self.nodes {
            match node {
                Node::Folder { names, .. } => *names = self.safe_names.get(id).cloned().unwrap_or_default(),
                Node::File(Bytes { now, safe, dirty }) => {
                    for (start, end) in dirty.drain(..) {
                        lost += settle(now, safe, (start, end), share, chance);
                    }
                    now.clone_from(safe);
                }
            }
        }
        lost
    }
}

/// Carries some of the unsynced bytes over to what is safe. Returns how many were not.
fn settle(now: &[u8], safe: &mut Vec<u8>, (start, end): (usize, usize), share: f64, chance: &mut StdRng) -> usize {
    let mut lost = 0;
    let mut at = start;
    while at < end {
        let to = (at / PIECE * PIECE + PIECE).min(end);
        if chance.random_bool(share) {
            if to <= now.len() {
                if safe.len() < to {
                    safe.resize(to, 0);
                }
                safe[at..to].copy_from_slice(&now[at..to]);
            } else {
                safe.truncate(now.len().max(at));
            }
        } else {
            lost += to - at;
        }
        at = to;
    }
    lost
}

#[cfg(test)]
mod tests {
    use rand::SeedableRng;

    use super::*;

    fn name(text: &str) -> &OsStr {
        OsStr::new(text)
    }

    #[test]
    fn what_was_synced_survives_a_power_cut_and_the_rest_may_not() {
        let (mut kept, mut lost) = (0, 0);
        for seed in 0..100 {
            let mut tree = Tree::new();
            let file = tree.create(ROOT, name("a")).unwrap();
            tree.write(file, 0, b"one").unwrap();
            tree.sync(file).unwrap();
            tree.write(file, 3, b"two").unwrap();
            tree.cut(&mut StdRng::seed_from_u64(seed));
            let file = tree.find(ROOT, name("a")).unwrap();
            match tree.read(file, 0, 10).unwrap() {
                b"one" => lost += 1,
                b"onetwo" => kept += 1,
                other => panic!("{other:?}"),
            }
        }
        assert!(kept > 10 && lost > 10, "{kept} {lost}");
    }

    #[test]
    fn a_new_name_may_reach_the_disk_before_the_bytes_of_its_file() {
        let mut seen = std::collections::BTreeSet::new();
        for seed in 0..100 {
            let mut tree = Tree::new();
            let old = tree.create(ROOT, name("a")).unwrap();
            tree.write(old, 0, b"old").unwrap();
            tree.sync(old).unwrap();
            let new = tree.create(ROOT, name("b")).unwrap();
            tree.write(new, 0, b"new").unwrap();
            tree.rename((ROOT, name("b")), (ROOT, name("a"))).unwrap();
            tree.cut(&mut StdRng::seed_from_u64(seed));
            let file = tree.find(ROOT, name("a"));
            seen.insert(file.map(|file| tree.read(file, 0, 10).unwrap().to_vec()).unwrap_or(b"none".to_vec()));
        }
        assert!(seen.contains(&b"old"[..]) && seen.contains(&b""[..]) && seen.contains(&b"new"[..]), "{seen:?}");
    }
}
