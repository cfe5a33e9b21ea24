//! What a page will weigh on the network: phone and server cut their pages by that, and how well records compress is known only by
//! trying.

use std::io::Write;

use serde::Serialize;
use zstd::stream::write::Encoder;

use crate::protocol::PAGE_RATIO;

/// One in so many is compressed to see how well they do.
const SAMPLE: usize = 4;

/// Small pages are not worth a compressor.
const SMALL: usize = 64 * 1024;

/// The compressor is asked again after so many bytes of samples.
const ASKED_AFTER: usize = 32 * 1024;

/// A record as it is sent names besides its fields what it is and where it lies: about so many bytes.
const NAMED_BYTES: usize = 100;

/// What a proof weighs with the id that it is of: it does not compress.
pub const PROOF_BYTES: usize = 64 * PAGE_RATIO;

/// The scales of one page or answer.
#[derive(Default)]
pub struct Scales {
    written: Vec<u8>,
    seen: usize,
    bytes: usize,
    packed: Option<Encoder<'static, Counter>>,
    taken: usize,
    /// What had gone into the compressor when it was last asked, and what had come out of it.
    known: (usize, usize),
}

impl Scales {
    /// What a record, change or conflict weighs, as bytes before compression of something that compresses by [`PAGE_RATIO`]. `body`:
    /// how many bytes its fields and stamps have, if that is known; else it is written out to see.
    pub fn weigh(&mut self, thing: &impl Serialize, body: Option<usize>) -> usize {
        self.seen += 1;
        let sampled = self.bytes > SMALL && self.seen.is_multiple_of(SAMPLE);
        let length = match body {
            Some(body) if !sampled => body + NAMED_BYTES,
            _ => self.write(thing),
        };
        self.bytes += length;
        if sampled {
            self.sample();
        }
        match self.known {
            (_, 0) => length,
            (taken, out) => {
                // A phone of 32 bits would run over.
                let weight = length as u64 * (out * PAGE_RATIO) as u64 / taken as u64;
                usize::try_from(weight).unwrap_or(usize::MAX).max(1)
            }
        }
    }

    /// How many bytes everything that was weighed has before compression.
    pub fn bytes(&self) -> usize {
        self.bytes
    }

    fn write(&mut self, thing: &impl Serialize) -> usize {
        self.written.clear();
        // Writing into memory cannot fail; a record that could not be written out would weigh nothing.
        let _ = serde_json::to_writer(&mut self.written, thing);
        self.written.len()
    }

    fn sample(&mut self) {
        if self.packed.is_none() {
            self.packed = Encoder::new(Counter(0), 1).ok();
        }
        let Some(packed) = self.packed.as_mut() else { return };
        self.taken += self.written.len();
        // Counting cannot fail either; the last known weight then goes on to count.
        let _ = packed.write_all(&self.written);
        if self.taken >= self.known.0 + ASKED_AFTER {
            let _ = packed.flush();
            self.known = (self.taken, packed.get_ref().0);
        }
    }
}

struct Counter(usize);

impl Write for Counter {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0 += bytes.len();
        Ok(bytes.len())
    }
    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_compresses_well_weighs_less_than_is_counted_on_and_what_does_not_weighs_more() {
        let mut scales = Scales::default();
        let sentence = "讲了医保缴费和防诈骗的要点，留下一份宣传单。".repeat(20);
        let weights: Vec<usize> = (0..2_000).map(|_| scales.weigh(&sentence, None)).collect();
        assert_eq!(weights[0], sentence.len() + 2, "nothing is known yet");
        assert!(weights[1_999] * 10 < weights[0], "{}", weights[1_999]);
        let (mut scales, mut state, mut weights) = (Scales::default(), 1_u64, Vec::new());
        for _ in 0..2_000 {
            let noise: String = (0..1_000)
                .map(|_| {
                    state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
                    char::from(b'!' + (state >> 58) as u8)
                })
                .collect();
            weights.push(scales.weigh(&noise, Some(noise.len() + 2)));
        }
        assert!(weights[0] <= 1_002 + NAMED_BYTES, "nothing is known yet");
        assert!(weights[199] > 2_000, "and soon it is: {}", weights[199]);
        assert!(weights[1_999] > 2_000, "{}", weights[1_999]);
    }
}
