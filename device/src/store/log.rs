//! The log of a register, in which what was saved last lies until it is moved into the file.
//!
//! SQLite reads it up to the first page that is not as it was written, and takes that for its end. Mostly it is: a power cut ends a log
//! in the middle of a save. But where a page breaks that others were written after, all that was saved since is passed over without a
//! word, and written over by the next save.

use std::fs;
use std::path::{Path, PathBuf};

use super::reserve::Reserve;
use crate::DeviceError;
use crate::crypto::write_whole;

const PAGE: u32 = 4096;
const HEADER: usize = 32;
/// A page with what says which one it is.
const FRAME: usize = 24 + PAGE as usize;

/// How a log begins, and how the versions of SQLite that write such logs call themselves.
const BEGINNING: [u32; 3] = [0x377f_0682, 3_007_000, PAGE];

/// With so many saves behind a page that is not as it was written, it is not the last save that a power cut ended there; and what
/// was given up for want of room leaves pages behind the log's end, but no save.
const SAVES: usize = 2;

/// Whether there are saves in a register's log that SQLite would pass over.
pub(crate) fn is_log_broken(register: &Path) -> bool {
    // A log that cannot be read now can be read by nobody.
    fs::read(log_of(register)).is_ok_and(|bytes| Log::of(&bytes).is_some_and(|log| log.passed_over() >= SAVES))
}

/// Takes the broken pages out of a register's log. The saves behind them are read then; the register lacks pages all the same, so this
/// is for taking out of it what can be read.
pub(crate) fn mend_log(register: &Path) -> Result<(), DeviceError> {
    let bytes = fs::read(log_of(register))?;
    let Some(log) = Log::of(&bytes) else { return Ok(()) };
    Reserve::beside(register).make_room(|| write_whole(&log_of(register), &log.mended()))
}

fn log_of(register: &Path) -> PathBuf {
    let mut name = register.as_os_str().to_owned();
    name.push("-wal");
    name.into()
}

/// A log, page by page.
struct Log<'b> {
    header: &'b [u8; HEADER],
    pages: &'b [[u8; FRAME]],
    /// What marks the pages that were written since the log was begun anew. Older ones may lie behind them.
    mark: &'b [u8],
}

impl<'b> Log<'b> {
    /// None: there is nothing in it.
    fn of(bytes: &'b [u8]) -> Option<Self> {
        let (header, pages) = bytes.split_first_chunk::<HEADER>()?;
        let log = Self { header, pages: pages.as_chunks::<FRAME>().0, mark: &header[16..24] };
        if log.begins_well() {
            return Some(log);
        }
        let first = (1..log.pages.len()).find(|at| log.follows(*at))?;
        Some(Self { mark: mark_of(&log.pages[first]), ..log })
    }

    fn begins_well(&self) -> bool {
        let beginning = BEGINNING.map(u32::to_be_bytes);
        self.header.starts_with(beginning.as_flattened())
            && sum([0; 2], &self.header[..24]) == written(&self.header[24..])
    }

    /// Whether a page is as it was written after the one before it.
    fn follows(&self, at: usize) -> bool {
        let before = if at == 0 { &self.header[24..] } else { &self.pages[at - 1][16..24] };
        let page = &self.pages[at];
        sum(sum(written(before), &page[..8]), &page[24..]) == written(&page[16..24])
    }

    fn is_sound(&self, at: usize) -> bool {
        mark_of(&self.pages[at]) == self.mark && self.follows(at)
    }

    /// How many saves SQLite does not come to.
    fn passed_over(&self) -> usize {
        let sound: Vec<bool> = (0..self.pages.len()).map(|at| self.is_sound(at)).collect();
        let read = if self.begins_well() { sound.iter().take_while(|sound| **sound).count() } else { 0 };
        (read..sound.len()).filter(|at| sound[*at] && ends_save(&self.pages[*at])).count()
    }

    /// The log up to its last save, without its broken pages.
    fn mended(&self) -> Vec<u8> {
        let mut bytes = BEGINNING.map(u32::to_be_bytes).as_flattened().to_vec();
        bytes.extend_from_slice(&[0; 4]);
        bytes.extend_from_slice(self.mark);
        let mut running = sum([0; 2], &bytes);
        bytes.extend_from_slice(running.map(u32::to_be_bytes).as_flattened());
        let mut end = bytes.len();
        for (_, page) in self.pages.iter().enumerate().filter(|(at, _)| self.is_sound(*at)) {
            running = sum(sum(running, &page[..8]), &page[24..]);
            bytes.extend_from_slice(&page[..16]);
            bytes.extend_from_slice(running.map(u32::to_be_bytes).as_flattened());
            bytes.extend_from_slice(&page[24..]);
            if ends_save(page) {
                end = bytes.len();
            }
        }
        bytes.truncate(end);
        bytes
    }
}

fn mark_of(page: &[u8; FRAME]) -> &[u8] {
    &page[8..16]
}

/// Whether a page is the last one of a save: it says then how long the file is.
fn ends_save(page: &[u8; FRAME]) -> bool {
    page[4..8] != [0; 4]
}

/// The sum that SQLite keeps of a log, further on by some bytes.
fn sum([mut one, mut other]: [u32; 2], bytes: &[u8]) -> [u32; 2] {
    for [a, b, c, d, e, f, g, h] in bytes.as_chunks::<8>().0 {
        one = one.wrapping_add(u32::from_le_bytes([*a, *b, *c, *d])).wrapping_add(other);
        other = other.wrapping_add(u32::from_le_bytes([*e, *f, *g, *h])).wrapping_add(one);
    }
    [one, other]
}

/// A sum as it stands in a log.
fn written(bytes: &[u8]) -> [u32; 2] {
    let mut numbers = bytes.as_chunks::<4>().0.iter().map(|number| u32::from_be_bytes(*number));
    [(); 2].map(|()| numbers.next().unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::{Store, keyed};
    use super::*;
    use crate::crypto::Key;

    /// A register as a killed app leaves it: eight forms, each saved by itself, all in the log. With how long that was after four.
    fn killed() -> (tempfile::TempDir, PathBuf, usize) {
        let folder = tempfile::tempdir().unwrap();
        let (live, left) = (folder.path().join("live.db"), folder.path().join("register.db"));
        let store = Store::open(&live, &Key::default()).unwrap();
        let mut middle = 0;
        for number in 0..8 {
            store.save_draft(&format!("form:{number}"), &json!("半句话"), 0).unwrap();
            if number == 3 {
                middle = fs::metadata(log_of(&live)).unwrap().len() as usize;
            }
        }
        fs::copy(&live, &left).unwrap();
        fs::copy(log_of(&live), log_of(&left)).unwrap();
        (folder, left, middle)
    }

    fn spoil(register: &Path, bytes: std::ops::Range<usize>) {
        let mut log = fs::read(log_of(register)).unwrap();
        log[bytes].iter_mut().for_each(|byte| *byte ^= 0x5A);
        fs::write(log_of(register), log).unwrap();
    }

    fn forms(register: &Path) -> i64 {
        let connection = keyed(register, &Key::default()).unwrap();
        connection.query_row("SELECT count(*) FROM draft", [], |row| row.get(0)).unwrap()
    }

    #[test]
    fn what_was_saved_behind_a_broken_page_of_the_log_is_read_without_that_page() {
        for at_the_beginning in [false, true] {
            let (_folder, register, middle) = killed();
            assert!(!is_log_broken(&register));
            spoil(&register, if at_the_beginning { 0..16 } else { middle - 100..middle });
            assert!(is_log_broken(&register));
            mend_log(&register).unwrap();
            assert!(!is_log_broken(&register));
            assert_eq!(forms(&register), 8);
        }
    }

    #[test]
    fn a_save_that_a_power_cut_ended_is_no_broken_page() {
        let (_folder, register, _) = killed();
        let length = fs::metadata(log_of(&register)).unwrap().len() as usize;
        spoil(&register, length - 100..length);
        assert!(!is_log_broken(&register));
        assert_eq!(forms(&register), 7);
        assert!(!is_log_broken(&register), "closing it has moved the log into the file");
    }
}
