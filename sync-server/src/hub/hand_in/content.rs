//! What is inside a piece that was handed in, read so that no content of its allowed size takes much more room than its bytes.

use std::borrow::Cow;
use std::fmt;
use std::io::Read as _;
use std::marker::PhantomData;

use domain::hand_in::{CONTENT_BYTES_MAX, RefusedWords};
use domain::{Change, Node, Sha256Hex};
use serde::Deserialize;
use serde::de::{DeserializeOwned, Deserializer, IgnoredAny, SeqAccess, Visitor};
use serde_json::value::RawValue;
use sha2::{Digest, Sha256};

/// A piece may ask for a window of at most 8 MiB while it is unpacked.
const WINDOW_LOG_MAX: u32 = 23;

/// The words of a piece. Its photos are counted only: they are large, and come one piece after the other when all words are taken.
#[derive(Deserialize)]
#[serde(bound = "C: DeserializeOwned, R: DeserializeOwned")]
pub(super) struct Words<C = Change, R = RefusedWords> {
    pub(super) node: Node,
    pub(super) changes: Readable<C>,
    #[serde(default)]
    pub(super) refused: Readable<R>,
    #[serde(default)]
    pub(super) photos: Readable<IgnoredAny>,
}

/// The same with no entry kept, for when it is only asked whether a piece can be read: whoever has a phone that was shut out may send many
/// at once, and a change takes many times the room of its bytes.
type Shape = Words<IgnoredAny, IgnoredAny>;

/// A list whose entries are read each for itself: one that cannot be read is refused alone, and takes no room.
pub(super) struct Readable<T> {
    pub(super) entries: Vec<T>,
    /// How many could not be read.
    pub(super) unreadable: u64,
    /// How long all of them are, as they came.
    pub(super) bytes: usize,
}

impl<T> Default for Readable<T> {
    fn default() -> Self {
        Self { entries: Vec::new(), unreadable: 0, bytes: 0 }
    }
}

/// The photos of a piece.
#[derive(Deserialize)]
pub(super) struct Pictures<'p> {
    #[serde(default, borrow)]
    pub(super) photos: Readable<Picture<'p>>,
}

/// A photo's bytes, as [`domain::hand_in::HandedPhoto`] writes them.
#[derive(Deserialize)]
pub(super) struct Picture<'p> {
    pub(super) sha256: Sha256Hex,
    #[serde(borrow)]
    pub(super) jpeg: Cow<'p, str>,
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Readable<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_seq(EachForItself(PhantomData))
    }
}

struct EachForItself<T>(PhantomData<T>);

impl<'de, T: Deserialize<'de>> Visitor<'de> for EachForItself<T> {
    type Value = Readable<T>;

    fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("a list")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Readable<T>, A::Error> {
        let mut read = Readable::default();
        while let Some(entry) = seq.next_element::<&'de RawValue>()? {
            read.bytes += entry.get().len();
            match serde_json::from_str(entry.get()) {
                Ok(entry) => read.entries.push(entry),
                Err(_) => read.unreadable += 1,
            }
        }
        Ok(read)
    }
}

/// Whether a content is one as a whole. What an entry says is asked when it is taken in: one that cannot be read is refused alone then, so
/// that a phone with a word or a photo of a newer version hands the rest in, and what a newer version puts beside these lists is passed
/// over.
pub(super) fn has_its_shape(content: &[u8]) -> bool {
    serde_json::from_slice::<Shape>(content).is_ok()
}

/// The content as it was sealed, if it is what its digest says. Never unpacks to more than allowed.
pub(super) fn unpacked(packed: &[u8], expected: &Sha256Hex) -> Option<Vec<u8>> {
    let mut plain = Vec::new();
    let mut decoder = zstd::Decoder::new(packed).ok()?;
    decoder.window_log_max(WINDOW_LOG_MAX).ok()?;
    decoder.take(CONTENT_BYTES_MAX as u64 + 1).read_to_end(&mut plain).ok()?;
    let digest: String = Sha256::digest(&plain).iter().map(|byte| format!("{byte:02x}")).collect();
    (plain.len() <= CONTENT_BYTES_MAX && digest == expected.as_str()).then_some(plain)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_change_is_counted_and_takes_no_room() {
        let zeros = format!(r#"{{"node":0,"changes":[0{}],"photos":[{{}},{{}}]}}"#, ",[[0]]".repeat(100_000));
        let words: Words = serde_json::from_str(&zeros).unwrap();
        assert_eq!(
            (words.changes.unreadable, words.changes.entries.capacity(), words.photos.entries.len()),
            (100_001, 0, 2)
        );
    }

    #[test]
    fn whoever_is_asked_for_the_shape_of_a_piece_keeps_nothing_of_its_words() {
        let id = "018f0000-0000-7000-8000-000000000001";
        let stamp = "0".repeat(32);
        let change =
            format!(r#"{{"id":"{id}","kind":"visit","cell":"610722001001001","fields":{{}},"stamp":"{stamp}"}}"#);
        serde_json::from_str::<Change>(&change).unwrap();
        let many = format!(r#"{{"node":0,"changes":[{change}{}]}}"#, format!(",{change}").repeat(999));
        let read: Shape = serde_json::from_str(&many).unwrap();
        assert_eq!((read.changes.entries.len(), size_of_val(&read.changes.entries[..])), (1_000, 0));
        assert_eq!(read.changes.bytes, change.len() * 1_000);
    }

    #[test]
    fn pictures_are_read_where_they_lie() {
        let text = format!(r#"{{"changes":[1],"photos":[{{"sha256":"{}","jpeg":"AAAA"}}]}}"#, "ab".repeat(32));
        let pictures: Pictures<'_> = serde_json::from_str(&text).unwrap();
        assert!(matches!(pictures.photos.entries[0].jpeg, Cow::Borrowed("AAAA")));
    }

    #[test]
    fn a_content_is_told_by_its_lists_and_by_nothing_that_a_newer_version_adds() {
        let photo = format!(r#"{{"sha256":"{}","jpeg":"AAAA","later":1}}"#, "ab".repeat(32));
        for content in [
            r#"{"node":0,"changes":[]}"#.to_owned(),
            r#"{"node":0,"changes":[{"no":"change"}],"refused":[0],"later":{"a":[1]}}"#.to_owned(),
            format!(r#"{{"node":0,"changes":[],"photos":[{photo},{{"later":1}},"AAAA"]}}"#),
        ] {
            assert!(has_its_shape(content.as_bytes()), "{content}");
        }
        for content in [
            "no json",
            "[]",
            r#"{"changes":[]}"#,
            r#"{"node":0}"#,
            r#"{"node":0,"changes":{}}"#,
            r#"{"node":0,"changes":[],"photos":"AAAA"}"#,
        ] {
            assert!(!has_its_shape(content.as_bytes()), "{content}");
        }
        assert!(
            !has_its_shape(b"{\"node\":0,\"changes\":[],\"photos\":[\"\xff\"]}"),
            "what is no text is read by no version"
        );
    }

    #[test]
    fn a_piece_that_wants_a_larger_window_than_any_phone_uses_is_not_unpacked() {
        let plain = vec![b' '; 20 * 1024 * 1024];
        let digest: String = Sha256::digest(&plain).iter().map(|byte| format!("{byte:02x}")).collect();
        let digest = Sha256Hex::new(&digest).unwrap();
        let packed = |window: u32| {
            let mut encoder = zstd::Encoder::new(Vec::new(), 1).unwrap();
            encoder.window_log(window).unwrap();
            std::io::Write::write_all(&mut encoder, &plain).unwrap();
            encoder.finish().unwrap()
        };
        assert!(unpacked(&packed(23), &digest).is_some());
        assert!(unpacked(&packed(27), &digest).is_none());
    }
}
