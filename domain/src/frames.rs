//! A pack of bytes as a sequence of short texts, for QR codes that one phone shows in a loop and another one films: in any order,
//! some twice, some never until the loop comes round.

use std::collections::BTreeMap;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest, Sha256};

/// What every frame begins with.
const MARK: &str = "DS1";
/// Bytes of the pack in one frame: a QR code that a cheap camera reads from a small screen.
pub const FRAME_BYTES: usize = 420;
/// More frames than this nobody films.
pub const FRAMES_MAX: usize = 2_000;

/// The frames of a pack, first to last; none for a pack that would take more than [`FRAMES_MAX`].
pub fn frames(pack: &[u8]) -> Option<Vec<String>> {
    let total = pack.len().div_ceil(FRAME_BYTES);
    if total == 0 || total > FRAMES_MAX {
        return None;
    }
    let name = name_of(pack);
    let frame = |(index, bytes): (usize, &[u8])| {
        format!("{MARK}.{name}.{}.{total}.{}", index + 1, URL_SAFE_NO_PAD.encode(bytes))
    };
    Some(pack.chunks(FRAME_BYTES).enumerate().map(frame).collect())
}

/// Names a pack, and proves that it was put together again as it was.
fn name_of(pack: &[u8]) -> String {
    Sha256::digest(pack)[..8].iter().map(|byte| format!("{byte:02x}")).collect()
}

/// What came of a frame.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Heard {
    /// No frame of ours: another code in the picture, or one that was read wrong.
    Nothing,
    /// More are wanted.
    More {
        /// Frames that are here.
        got: usize,
        /// Frames of the pack.
        total: usize,
    },
    /// The whole pack.
    Whole {
        /// Its bytes.
        pack: Vec<u8>,
        /// Of how many frames.
        total: usize,
    },
}

/// Collects the frames of one pack. A frame of another pack begins anew: the other phone shows something newer.
#[derive(Debug, Default)]
pub struct Collector {
    name: String,
    total: usize,
    here: BTreeMap<usize, Vec<u8>>,
}

impl Collector {
    /// Takes a frame.
    pub fn hear(&mut self, text: &str) -> Heard {
        let Some((name, index, total, bytes)) = read(text) else { return Heard::Nothing };
        if (self.name.as_str(), self.total) != (name, total) {
            *self = Self { name: name.to_owned(), total, here: BTreeMap::new() };
        }
        self.here.entry(index).or_insert(bytes);
        if self.here.len() < total {
            return Heard::More { got: self.here.len(), total };
        }
        let pack: Vec<u8> = std::mem::take(&mut self.here).into_values().flatten().collect();
        // Read wrong somewhere, and not found out by the code's own check: the loop goes on, so does the filming.
        if name_of(&pack) == self.name { Heard::Whole { pack, total } } else { Heard::More { got: 0, total } }
    }
}

/// Name, number, total and bytes of a frame.
fn read(text: &str) -> Option<(&str, usize, usize, Vec<u8>)> {
    let mut parts = text.split('.');
    let mut next = || parts.next();
    let (mark, name, index, total, bytes) = (next()?, next()?, next()?, next()?, next()?);
    let (index, total): (usize, usize) = (index.parse().ok()?, total.parse().ok()?);
    let bytes = URL_SAFE_NO_PAD.decode(bytes).ok()?;
    let fits = mark == MARK
        && name.len() == 16
        && (1..=FRAMES_MAX).contains(&total)
        && (1..=total).contains(&index)
        && (1..=FRAME_BYTES).contains(&bytes.len());
    fits.then_some((name, index, total, bytes))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_is_no_frame_is_passed_over() {
        let mut collector = Collector::default();
        let good = &frames(b"pack").unwrap()[0];
        let cut = &good[..good.len() - 3];
        for text in
            ["", "https://example.org", "DS1.x.1.1.AA", "DS1.0011223344556677.3.2.AA", "DS1.0011223344556677.1.9999.AA"]
        {
            assert_eq!(collector.hear(text), Heard::Nothing, "{text}");
        }
        let whole = Heard::Whole { pack: b"pack".to_vec(), total: 1 };
        assert_ne!(collector.hear(cut), whole);
        assert_eq!(collector.hear(good), whole);
        assert_eq!(frames(b""), None);
        assert_eq!(frames(&vec![0; FRAME_BYTES * FRAMES_MAX + 1]), None);
    }

    #[test]
    fn a_newer_pack_replaces_the_one_that_was_begun() {
        let (older, newer) = (vec![1; 2 * FRAME_BYTES], vec![2; 2 * FRAME_BYTES]);
        let mut collector = Collector::default();
        collector.hear(&frames(&older).unwrap()[0]);
        let newer_frames = frames(&newer).unwrap();
        assert_eq!(collector.hear(&newer_frames[1]), Heard::More { got: 1, total: 2 });
        assert_eq!(collector.hear(&newer_frames[0]), Heard::Whole { pack: newer, total: 2 });
    }

    proptest! {
        #[test]
        fn frames_in_any_order_some_twice_give_the_pack_back(
            pack in proptest::collection::vec(any::<u8>(), 1..3000),
            order in any::<u64>(),
            missed in 0..8_usize,
        ) {
            let frames = frames(&pack).unwrap();
            let mut shown: Vec<&String> = frames.iter().chain(&frames).collect();
            shown.sort_by_key(|frame| frame.bytes().fold(order | 1, |sum, byte| sum.wrapping_mul(31).wrapping_add(byte.into())));
            let mut collector = Collector::default();
            let mut whole = None;
            // Some are missed at first, then the loop comes round.
            for frame in shown.iter().skip(missed).chain(&shown) {
                if let Heard::Whole { pack: found, .. } = collector.hear(frame) {
                    whole = Some(found);
                    break;
                }
            }
            prop_assert_eq!(whole, Some(pack));
        }

        #[test]
        fn no_text_makes_it_stumble(text in "\\PC*", number in any::<usize>()) {
            let mut collector = Collector::default();
            collector.hear(&text);
            collector.hear(&format!("DS1.0011223344556677.{number}.{number}.{text}"));
        }
    }
}
