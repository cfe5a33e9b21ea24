//! What a page will weigh on the network: it is cut by that, and how well records compress is known only by trying.

use std::io::Write;

use domain::protocol::PAGE_RATIO;
use serde::Serialize;
use zstd::stream::write::Encoder;

/// One in so many is compressed to see how well they do.
const SAMPLE: usize = 4;

/// Small pages are not worth a compressor.
const SMALL: usize = 64 * 1024;

/// The scales of one answer.
#[derive(Default)]
pub(super) struct Scales {
    written: Vec<u8>,
    seen: usize,
    bytes: usize,
    packed: Option<Encoder<'static, Counter>>,
    taken: usize,
    /// What went into the compressor, and what had come out of it then.
    known: (usize, usize),
}

impl Scales {
    /// What a record or conflict weighs, as bytes before compression of something that compresses by [`PAGE_RATIO`]. `length`: how
    /// many bytes it has, if that is known; else it is written out to see.
    pub(super) fn weigh(&mut self, thing: &impl Serialize, length: Option<usize>) -> usize {
        self.seen += 1;
        let sampled = self.bytes > SMALL && self.seen.is_multiple_of(SAMPLE);
        let length = match length {
            Some(length) if !sampled => length,
            _ => self.write(thing),
        };
        self.bytes += length;
        if sampled {
            self.sample();
        }
        match self.known {
            (_, 0) => length,
            (taken, out) => (length * out * PAGE_RATIO / taken).clamp(1, length),
        }
    }

    fn write(&mut self, thing: &impl Serialize) -> usize {
        self.written.clear();
        // Writing into memory cannot fail; a record that could not be written out would weigh nothing.
        let _ = serde_json::to_writer(&mut self.written, thing);
        self.written.len()
    }

    fn sample(&mut self) {
        if self.packed.is_none() {
            self.packed = Encoder::new(Counter(0), 3).ok();
        }
        let Some(packed) = self.packed.as_mut() else { return };
        self.taken += self.written.len();
        // Counting cannot fail either; the last known weight then goes on to count.
        let _ = packed.write_all(&self.written);
        let out = packed.get_ref().0;
        if out != self.known.1 {
            self.known = (self.taken, out);
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
    fn what_compresses_well_weighs_less_and_what_does_not_weighs_what_it_is() {
        let mut scales = Scales::default();
        let sentence = "讲了医保缴费和防诈骗的要点，留下一份宣传单。".repeat(20);
        let weights: Vec<usize> = (0..2_000).map(|_| scales.weigh(&sentence, None)).collect();
        assert_eq!(weights[0], sentence.len() + 2, "nothing is known yet");
        assert!(weights[1_999] * 10 < weights[0], "{}", weights[1_999]);
        let (mut scales, mut state) = (Scales::default(), 1_u64);
        for _ in 0..2_000 {
            let noise: String = (0..1_000)
                .map(|_| {
                    state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
                    char::from(b'!' + (state >> 58) as u8)
                })
                .collect();
            assert!(scales.weigh(&noise, Some(noise.len() + 2)) > 900);
        }
    }
}
