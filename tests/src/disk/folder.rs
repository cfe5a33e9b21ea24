//! The disk's face towards the kernel: each call is counted, may fail on demand, and is then done on the tree.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

use fuser::{
    BsdFileFlags, Errno, FileAttr, FileHandle, FileType, Filesystem, FopenFlags, Generation, INodeNo, InitFlags,
    KernelConfig, LockOwner, OpenFlags, RenameFlags, ReplyAttr, ReplyCreate, ReplyData, ReplyDirectory, ReplyEmpty,
    ReplyEntry, ReplyOpen, ReplyStatfs, ReplyWrite, Request, TimeOrNow, WriteFlags,
};

use super::tree::{Tree, Wrong};
use super::{Order, State};

/// Nothing is remembered by the kernel: the tree may be exchanged at any time.
const NEVER: Duration = Duration::ZERO;

/// Room that is reported: plenty. A full disk is a fault of its own.
const BLOCKS: u64 = 1 << 22;

pub(super) struct Folder {
    state: Arc<Mutex<State>>,
    /// Names by number, so that operations on open files are known by name.
    names: Mutex<BTreeMap<u64, OsString>>,
}

impl From<Wrong> for Errno {
    fn from(wrong: Wrong) -> Self {
        match wrong {
            Wrong::Missing => Errno::ENOENT,
            Wrong::IsFile => Errno::ENOTDIR,
            Wrong::IsFolder => Errno::EISDIR,
            Wrong::Filled => Errno::ENOTEMPTY,
        }
    }
}

impl Folder {
    pub(super) fn new(state: Arc<Mutex<State>>) -> Self {
        Self { state, names: Mutex::default() }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn look<T>(&self, work: impl FnOnce(&Tree) -> Result<T, Wrong>) -> Result<T, Errno> {
        let state = self.state();
        if state.dark { Err(Errno::EIO) } else { Ok(work(&state.tree)?) }
    }

    /// Counts an operation, and does it unless it is to fail.
    fn change<T>(
        &self,
        name: &OsStr,
        needs_room: bool,
        work: impl FnOnce(&mut Tree) -> Result<T, Wrong>,
    ) -> Result<T, Errno> {
        let mut state = self.state();
        match state.order(name, needs_room) {
            Order::Go => Ok(work(&mut state.tree)?),
            Order::Error => Err(Errno::EIO),
            Order::Full => Err(Errno::ENOSPC),
        }
    }

    fn known_as(&self, id: u64) -> OsString {
        self.names.lock().unwrap_or_else(PoisonError::into_inner).get(&id).cloned().unwrap_or_default()
    }

    fn remember(&self, id: u64, name: &OsStr) {
        self.names.lock().unwrap_or_else(PoisonError::into_inner).insert(id, name.to_owned());
    }

    fn attributes(&self, id: u64) -> Result<FileAttr, Errno> {
        self.look(|tree| Ok(attributes(id, tree.size(id)?)))
    }

    fn entry(&self, id: Result<u64, Errno>, name: &OsStr, reply: ReplyEntry) {
        match id.and_then(|id| Ok((id, self.attributes(id)?))) {
            Ok((id, found)) => {
                self.remember(id, name);
                reply.entry(&NEVER, &found, Generation(0));
            }
            Err(error) => reply.error(error),
        }
    }
}

/// What is told of a file of that size, or of a folder.
fn attributes(id: u64, size: Option<usize>) -> FileAttr {
    let bytes = size.unwrap_or(4096) as u64;
    FileAttr {
        ino: INodeNo(id),
        size: bytes,
        blocks: bytes.div_ceil(512),
        atime: SystemTime::UNIX_EPOCH,
        mtime: SystemTime::UNIX_EPOCH,
        ctime: SystemTime::UNIX_EPOCH,
        crtime: SystemTime::UNIX_EPOCH,
        kind: if size.is_some() { FileType::RegularFile } else { FileType::Directory },
        perm: if size.is_some() { 0o600 } else { 0o700 },
        nlink: 1,
        uid: 0,
        gid: 0,
        rdev: 0,
        blksize: 4096,
        flags: 0,
    }
}

fn done(outcome: Result<(), Errno>, reply: ReplyEmpty) {
    match outcome {
        Ok(()) => reply.ok(),
        Err(error) => reply.error(error),
    }
}

impl Filesystem for Folder {
    fn init(&mut self, _: &Request, config: &mut KernelConfig) -> std::io::Result<()> {
        // One write of a program is one operation here, or nearly; a kernel that cannot do that cuts it into pages.
        let _granted = config.add_capabilities(InitFlags::FUSE_BIG_WRITES);
        Ok(())
    }

    fn lookup(&self, _: &Request, parent: INodeNo, name: &OsStr, reply: ReplyEntry) {
        self.entry(self.look(|tree| tree.find(parent.0, name)), name, reply);
    }

    fn getattr(&self, _: &Request, id: INodeNo, _: Option<FileHandle>, reply: ReplyAttr) {
        match self.attributes(id.0) {
            Ok(found) => reply.attr(&NEVER, &found),
            Err(error) => reply.error(error),
        }
    }

    fn setattr(
        &self,
        _: &Request,
        id: INodeNo,
        _: Option<u32>,
        _: Option<u32>,
        _: Option<u32>,
        size: Option<u64>,
        _: Option<TimeOrNow>,
        _: Option<TimeOrNow>,
        _: Option<SystemTime>,
        _: Option<FileHandle>,
        _: Option<SystemTime>,
        _: Option<SystemTime>,
        _: Option<SystemTime>,
        _: Option<BsdFileFlags>,
        reply: ReplyAttr,
    ) {
        let sized = match size {
            Some(size) => self.change(&self.known_as(id.0), size > 0, |tree| tree.set_size(id.0, size as usize)),
            None => Ok(()),
        };
        match sized.and_then(|()| self.attributes(id.0)) {
            Ok(found) => reply.attr(&NEVER, &found),
            Err(error) => reply.error(error),
        }
    }

    fn mkdir(&self, _: &Request, parent: INodeNo, name: &OsStr, _: u32, _: u32, reply: ReplyEntry) {
        self.entry(self.change(name, true, |tree| tree.create_folder(parent.0, name)), name, reply);
    }

    fn unlink(&self, _: &Request, parent: INodeNo, name: &OsStr, reply: ReplyEmpty) {
        done(self.change(name, false, |tree| tree.remove(parent.0, name)), reply);
    }

    fn rmdir(&self, _: &Request, parent: INodeNo, name: &OsStr, reply: ReplyEmpty) {
        done(self.change(name, false, |tree| tree.remove(parent.0, name)), reply);
    }

    fn rename(
        &self,
        _: &Request,
        parent: INodeNo,
        name: &OsStr,
        new_parent: INodeNo,
        new_name: &OsStr,
        _: RenameFlags,
        reply: ReplyEmpty,
    ) {
        let renamed = self.change(name, true, |tree| {
            let id = tree.find(parent.0, name)?;
            tree.rename((parent.0, name), (new_parent.0, new_name))?;
            Ok(id)
        });
        done(renamed.map(|id| self.remember(id, new_name)), reply);
    }

    fn create(&self, _: &Request, parent: INodeNo, name: &OsStr, _: u32, _: u32, _: i32, reply: ReplyCreate) {
        let made = self.change(name, true, |tree| tree.create(parent.0, name));
        match made.and_then(|id| Ok((id, self.attributes(id)?))) {
            Ok((id, found)) => {
                self.remember(id, name);
                reply.created(&NEVER, &found, Generation(0), FileHandle(0), FopenFlags::empty());
            }
            Err(error) => reply.error(error),
        }
    }

    fn open(&self, _: &Request, _: INodeNo, _: OpenFlags, reply: ReplyOpen) {
        reply.opened(FileHandle(0), FopenFlags::empty());
    }

    fn read(
        &self,
        _: &Request,
        id: INodeNo,
        _: FileHandle,
        offset: u64,
        size: u32,
        _: OpenFlags,
        _: Option<LockOwner>,
        reply: ReplyData,
    ) {
        match self.look(|tree| Ok(tree.read(id.0, offset as usize, size as usize)?.to_vec())) {
            Ok(bytes) => reply.data(&bytes),
            Err(error) => reply.error(error),
        }
    }

    fn write(
        &self,
        _: &Request,
        id: INodeNo,
        _: FileHandle,
        offset: u64,
        data: &[u8],
        _: WriteFlags,
        _: OpenFlags,
        _: Option<LockOwner>,
        reply: ReplyWrite,
    ) {
        match self.change(&self.known_as(id.0), true, |tree| tree.write(id.0, offset as usize, data)) {
            Ok(()) => reply.written(data.len() as u32),
            Err(error) => reply.error(error),
        }
    }

    fn flush(&self, _: &Request, _: INodeNo, _: FileHandle, _: LockOwner, reply: ReplyEmpty) {
        reply.ok();
    }

    fn fsync(&self, _: &Request, id: INodeNo, _: FileHandle, _: bool, reply: ReplyEmpty) {
        done(self.change(&self.known_as(id.0), true, |tree| tree.sync(id.0)), reply);
    }

    fn fsyncdir(&self, _: &Request, id: INodeNo, _: FileHandle, _: bool, reply: ReplyEmpty) {
        let synced = self.change(&self.known_as(id.0), true, |tree| {
            tree.sync_names();
            Ok(())
        });
        done(synced, reply);
    }

    fn readdir(&self, _: &Request, id: INodeNo, _: FileHandle, offset: u64, mut reply: ReplyDirectory) {
        let list = self.look(|tree| {
            let named = tree.list(id.0)?;
            named.into_iter().map(|(id, name)| Ok((id, tree.size(id)?, name))).collect::<Result<Vec<_>, Wrong>>()
        });
        match list {
            Ok(list) => {
                for (place, (id, size, name)) in list.into_iter().enumerate().skip(offset as usize) {
                    let kind = if size.is_some() { FileType::RegularFile } else { FileType::Directory };
                    if reply.add(INodeNo(id), place as u64 + 1, kind, name) {
                        break;
                    }
                }
                reply.ok();
            }
            Err(error) => reply.error(error),
        }
    }

    fn statfs(&self, _: &Request, _: INodeNo, reply: ReplyStatfs) {
        reply.statfs(BLOCKS, BLOCKS, BLOCKS, BLOCKS, BLOCKS, 4096, 255, 4096);
    }
}
