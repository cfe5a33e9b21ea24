//! The photo folder: bytes on their way in `uploads/`, checked pictures under their hash in `ab/cdef…`, thumbnails beside them.

mod develop;
mod picture;

use std::collections::{BTreeMap, HashMap};
use std::fs::{self, File, OpenOptions};
use std::io::{self, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError, Weak};

use domain::Sha256Hex;
use domain::protocol::{CallRefusal, PhotoSize};
use sha2::{Digest, Sha256};

use crate::files::{remove_if_there, sync_folder};
pub use develop::{Developed, PICTURE_BYTES_MAX, develop};

/// No upload's name is longer.
pub const UPLOAD_NAME_MAX: usize = 64;

/// The folder of bytes on their way.
const UPLOADS: &str = "uploads";
/// How the name of a thumbnail ends before it takes its place. It is called after its upload: two may bring the same picture.
const PART: &str = "part";
/// How a JPEG ends. What a full disk or a power cut left of one does not.
const JPEG_END: [u8; 2] = [0xFF, 0xD9];

/// A folder of photos, addressed by the hash of their bytes.
pub struct PhotoFolder {
    root: PathBuf,
    /// One lock per upload in use: two requests for the same one take turns.
    busy: Mutex<HashMap<String, Weak<Mutex<()>>>>,
}

/// What the check of a complete upload said.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Finished {
    /// It is stored under its hash.
    Stored,
    /// Its bytes are not what was announced.
    Refused(CallRefusal),
}

impl PhotoFolder {
    /// Opens the folder, makes it when there is none.
    ///
    /// # Errors
    /// When it cannot be made.
    pub fn open(root: &Path) -> io::Result<Self> {
        fs::create_dir_all(root.join(UPLOADS))?;
        Ok(Self::at(root))
    }

    /// The folder as it is, also where there is none: its disk may not be mounted, and what is made in its place is taken for the folder.
    pub fn at(root: &Path) -> Self {
        Self { root: root.to_owned(), busy: Mutex::new(HashMap::new()) }
    }

    /// Whether there is a folder in which pictures can lie.
    pub fn is_made(&self) -> bool {
        self.root.join(UPLOADS).is_dir()
    }

    /// The lock of one upload.
    pub fn alone_with(&self, upload: &str) -> Arc<Mutex<()>> {
        let mut busy = self.busy.lock().unwrap_or_else(PoisonError::into_inner);
        if busy.len() > 1_000 {
            busy.retain(|_, lock| lock.strong_count() > 0);
        }
        if let Some(lock) = busy.get(upload).and_then(Weak::upgrade) {
            return lock;
        }
        let lock = Arc::new(Mutex::new(()));
        busy.insert(upload.to_owned(), Arc::downgrade(&lock));
        lock
    }

    /// Uploads are named by the hub's own tokens; anything else (a path, above all) is nobody's upload.
    fn upload_file(&self, upload: &str) -> io::Result<PathBuf> {
        let plain = |b: u8| b.is_ascii_alphanumeric() || b == b'-' || b == b'_';
        if upload.is_empty() || upload.len() > UPLOAD_NAME_MAX || !upload.bytes().all(plain) {
            return Err(io::ErrorKind::InvalidInput.into());
        }
        Ok(self.root.join(UPLOADS).join(upload))
    }

    fn photo_file(&self, sha256: &Sha256Hex, size: PhotoSize) -> PathBuf {
        let (folder, name) = sha256.as_str().split_at(2);
        let name = match size {
            PhotoSize::Full => format!("{name}.jpg"),
            PhotoSize::Thumb => format!("{name}.thumb.jpg"),
        };
        self.root.join(folder).join(name)
    }

    /// Writes bytes at an offset; what lay behind it (an append that was never acknowledged) is cut off. On the disk when this returns.
    ///
    /// # Errors
    /// When the disk refuses.
    pub fn append(&self, upload: &str, offset: u64, chunk: &[u8]) -> io::Result<()> {
        self.lay(upload, offset, chunk)?;
        self.settle(upload)
    }

    /// Makes what was laid down durable.
    ///
    /// # Errors
    /// When the disk refuses.
    pub fn settle(&self, upload: &str) -> io::Result<()> {
        File::open(self.upload_file(upload)?)?.sync_all()
    }

    /// Writes bytes at an offset, as [`PhotoFolder::append`]; durable only when they are settled.
    ///
    /// # Errors
    /// When the disk refuses; [`io::ErrorKind::NotFound`] when bytes before them are missing.
    pub fn lay(&self, upload: &str, offset: u64, chunk: &[u8]) -> io::Result<()> {
        let path = self.upload_file(upload)?;
        let mut file = OpenOptions::new().create(true).write(true).truncate(false).open(path)?;
        if file.metadata()?.len() < offset {
            return Err(io::Error::new(io::ErrorKind::NotFound, "bytes that were acknowledged are missing"));
        }
        file.set_len(offset)?;
        file.seek(SeekFrom::Start(offset))?;
        file.write_all(chunk)
    }

    /// Checks a complete upload and moves it under its hash. Doing it again is harmless.
    ///
    /// # Errors
    /// When the disk refuses.
    pub fn finish(&self, upload: &str, sha256: &Sha256Hex) -> io::Result<Finished> {
        if let Some(code) = self.check(upload, sha256)? {
            return Ok(Finished::Refused(code));
        }
        self.take_place(upload, sha256)?;
        Ok(Finished::Stored)
    }

    /// Checks a complete upload and lays its thumbnail beside it, so that [`PhotoFolder::take_place`] is soon done. None: it is the picture
    /// that was announced.
    ///
    /// # Errors
    /// When the disk refuses.
    pub fn check(&self, upload: &str, sha256: &Sha256Hex) -> io::Result<Option<CallRefusal>> {
        let path = self.upload_file(upload)?;
        let bytes = fs::read(&path)?;
        let found: String = Sha256::digest(&bytes).iter().map(|byte| format!("{byte:02x}")).collect();
        if found != sha256.as_str() {
            return Ok(Some(CallRefusal::HashMismatch));
        }
        let Some(thumbnail) = picture::thumbnail(&bytes) else {
            return Ok(Some(CallRefusal::NotAnImage));
        };
        write_whole(&path.with_extension(PART), &thumbnail)?;
        Ok(None)
    }

    /// Moves an upload that was checked under its hash. Durable when this returns.
    ///
    /// # Errors
    /// When the disk refuses.
    pub fn take_place(&self, upload: &str, sha256: &Sha256Hex) -> io::Result<()> {
        let path = self.upload_file(upload)?;
        let full = self.photo_file(sha256, PhotoSize::Full);
        let folder = full.parent().unwrap_or(&self.root);
        fs::create_dir_all(folder)?;
        let thumb = self.photo_file(sha256, PhotoSize::Thumb);
        fs::rename(path.with_extension(PART), &thumb)?;
        // The photo last: whoever finds it finds the thumbnail too. The upload's file was synced with its last bytes.
        if let Err(error) = fs::rename(&path, &full) {
            // Another process may have thrown the upload away with the person whom it shows: a thumbnail alone nobody would look for.
            if !full.is_file() {
                remove_if_there(&thumb)?;
            }
            return Err(error);
        }
        self.settle_photo(sha256)
    }

    /// Makes the place that a photo has taken durable.
    ///
    /// # Errors
    /// When the disk refuses.
    pub fn settle_photo(&self, sha256: &Sha256Hex) -> io::Result<()> {
        if let Some(folder) = self.photo_file(sha256, PhotoSize::Full).parent() {
            sync_folder(folder)?;
        }
        sync_folder(&self.root)
    }

    /// Throws an upload's bytes away; that they are gone already is no error.
    ///
    /// # Errors
    /// When the disk refuses.
    pub fn discard(&self, upload: &str) -> io::Result<()> {
        let path = self.upload_file(upload)?;
        remove_if_there(&path)?;
        remove_if_there(&path.with_extension(PART))
    }

    /// The names of all files that lie among the uploads.
    ///
    /// # Errors
    /// When the disk refuses.
    pub fn uploads(&self) -> io::Result<Vec<String>> {
        let files = fs::read_dir(self.root.join(UPLOADS))?;
        files.map(|file| Ok(file?.file_name().to_string_lossy().into_owned())).collect()
    }

    /// Removes a file that [`PhotoFolder::uploads`] named, whether it is an upload's or not.
    ///
    /// # Errors
    /// When the disk refuses.
    pub fn sweep(&self, name: &str) -> io::Result<()> {
        remove_if_there(&self.root.join(UPLOADS).join(name))
    }

    /// Whether a photo of this hash and size has taken its place: it was checked before. Its thumbnail is not asked for, which can be made
    /// of it.
    ///
    /// # Errors
    /// When the disk refuses.
    pub fn holds(&self, sha256: &Sha256Hex, bytes: u64) -> io::Result<bool> {
        match fs::metadata(self.photo_file(sha256, PhotoSize::Full)) {
            Ok(found) => Ok(found.len() == bytes),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// Whether anything of a photo lies here, the thumbnail alone included.
    ///
    /// # Errors
    /// When the disk refuses.
    pub fn has_any_of(&self, sha256: &Sha256Hex) -> io::Result<bool> {
        Ok(self.is_there(sha256, PhotoSize::Full)? || self.is_there(sha256, PhotoSize::Thumb)?)
    }

    fn is_there(&self, sha256: &Sha256Hex, size: PhotoSize) -> io::Result<bool> {
        self.photo_file(sha256, size).try_exists()
    }

    /// The photos whose hashes begin with these two digits, with the sizes of their files. What a full disk or a power cut left of a copy
    /// has its name, and not its size.
    ///
    /// # Errors
    /// When the disk refuses; [`io::ErrorKind::NotFound`] when the whole folder is gone, as where a disk is not mounted any more.
    pub fn sizes_under(&self, digits: &str) -> io::Result<BTreeMap<Sha256Hex, u64>> {
        fs::metadata(self.root.join(UPLOADS))?;
        let files = match fs::read_dir(self.root.join(digits)) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(BTreeMap::new()),
            files => files?,
        };
        let mut sizes = BTreeMap::new();
        for file in files {
            let file = file?;
            let name = file.file_name();
            let name = name.to_str().and_then(|name| name.strip_suffix(".jpg")).unwrap_or_default();
            // Of a thumbnail, and of anything else, this is no hash.
            let Ok(sha256) = Sha256Hex::new(&format!("{digits}{name}")) else { continue };
            match fs::metadata(file.path()) {
                Ok(found) => {
                    sizes.insert(sha256, found.len());
                }
                // It was erased since the folder was read.
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                Err(error) => return Err(error),
            }
        }
        Ok(sizes)
    }

    /// Removes a stored photo and its thumbnail; that they are gone already is no error. Durable when this returns.
    ///
    /// # Errors
    /// When the disk refuses.
    pub fn remove(&self, sha256: &Sha256Hex) -> io::Result<()> {
        let full = self.photo_file(sha256, PhotoSize::Full);
        remove_if_there(&full)?;
        remove_if_there(&self.photo_file(sha256, PhotoSize::Thumb))?;
        match full.parent().filter(|folder| folder.exists()) {
            Some(folder) => sync_folder(folder),
            None => Ok(()),
        }
    }

    /// A stored photo's bytes. A thumbnail that a copy of the folder has empty or cut counts as not there.
    ///
    /// # Errors
    /// When it is not there.
    pub fn read(&self, sha256: &Sha256Hex, size: PhotoSize) -> io::Result<Vec<u8>> {
        let bytes = fs::read(self.photo_file(sha256, size))?;
        match size {
            PhotoSize::Thumb if !bytes.ends_with(&JPEG_END) => Err(io::ErrorKind::NotFound.into()),
            _ => Ok(bytes),
        }
    }

    /// The thumbnail of a stored photo, made of it.
    ///
    /// # Errors
    /// When the photo is not there; [`io::ErrorKind::InvalidData`] when it is no picture.
    pub fn shrink(&self, sha256: &Sha256Hex) -> io::Result<Vec<u8>> {
        let full = self.read(sha256, PhotoSize::Full)?;
        picture::thumbnail(&full).ok_or_else(|| io::ErrorKind::InvalidData.into())
    }

    /// Puts a thumbnail beside its photo, whole or not at all.
    ///
    /// # Errors
    /// When the disk refuses.
    pub fn put_thumbnail(&self, sha256: &Sha256Hex, thumbnail: &[u8]) -> io::Result<()> {
        // Called after its photo, as no upload is: what is left of it when the server ends is swept away with theirs.
        let part = self.upload_file(sha256.as_str())?.with_extension(PART);
        let place = self.photo_file(sha256, PhotoSize::Thumb);
        if let Err(error) = write_whole(&part, thumbnail).and_then(|()| fs::rename(&part, place)) {
            remove_if_there(&part)?;
            return Err(error);
        }
        Ok(())
    }

    /// Removes a thumbnail; that it is gone already is no error.
    ///
    /// # Errors
    /// When the disk refuses.
    pub fn drop_thumbnail(&self, sha256: &Sha256Hex) -> io::Result<()> {
        remove_if_there(&self.photo_file(sha256, PhotoSize::Thumb))
    }
}

/// Writes a new file, durably.
fn write_whole(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut file = File::create(path)?;
    file.write_all(bytes)?;
    file.sync_all()
}
