//! How long to wait before the next try. Pure: where the phone stands and a random number go in, a pause comes out.

use std::time::Duration;

/// Without a line to the server the phone asks this often what is new.
const IDLE: Duration = Duration::from_secs(15);
/// While the server tells what is new by itself, asking is only for what it cannot know: an answer that went astray.
const IDLE_LISTENING: Duration = Duration::from_secs(5 * 60);
/// The first pause after a failure; every further one doubles it.
const FAILED_FIRST: Duration = Duration::from_secs(1);
/// While something waits to be sent, no pause after a failure is longer: a server that comes back is noticed without a tap.
const FAILED_WAITING_MOST: Duration = Duration::from_secs(15);
/// Without anything waiting, the longest pause after a failure.
const FAILED_MOST: Duration = Duration::from_secs(60);
/// A phone that is signed out asks rarely: only somebody at the desk can change that.
const SIGNED_OUT: Duration = Duration::from_secs(120);
/// A register that is not open rings the bell when it is opened; nothing is expected before.
const NOT_OPEN: Duration = Duration::from_secs(60);

/// The first pause before the line to the server is tried again: long enough that all phones of a county do not come at once.
const LINE_FIRST: Duration = Duration::from_secs(4);
/// The longest pause before the line is tried again.
const LINE_MOST: Duration = Duration::from_secs(2 * 60);
/// A server without a line to offer is asked for one this often: it may have been renewed.
const LINE_NOT_OFFERED: Duration = Duration::from_secs(10 * 60);

/// No pause after a failure is shorter than this, whatever the dice say.
const LEAST: Duration = Duration::from_millis(200);

/// How the last round ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum RoundEnd {
    /// It went through.
    Whole {
        /// The server tells what is new by itself.
        listening: bool,
        /// The worker is told that the clock is wrong, and waits for that to end.
        clock_wrong: bool,
    },
    /// There was no answer, or none that could be read.
    Failed {
        /// How often in a row, from 1.
        times: u32,
        /// Whether something that could be sent waits.
        something_waits: bool,
    },
    /// The server does not accept this phone any more.
    SignedOut,
    /// There is no open register.
    NotOpen,
}

/// How the line to the server ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum LineEnd {
    /// It broke, or could not be had: for the so-many-th time in a row, from 1.
    Failed {
        /// How often in a row, from 1.
        times: u32,
    },
    /// The server has none to offer.
    NotOffered,
    /// The server does not accept this phone any more.
    SignedOut,
    /// There is no open register: waking up is up to whoever opens it.
    NotOpen,
}

/// The pause before the next round.
pub(super) fn before_round(end: RoundEnd, random: u64) -> Duration {
    match end {
        RoundEnd::Whole { listening: true, clock_wrong: false } => fifth_off(IDLE_LISTENING, random),
        RoundEnd::Whole { .. } => fifth_off(IDLE, random),
        RoundEnd::Failed { times, something_waits } => {
            let most = if something_waits { FAILED_WAITING_MOST } else { FAILED_MOST };
            full_jitter(FAILED_FIRST, most, times, random)
        }
        RoundEnd::SignedOut => fifth_off(SIGNED_OUT, random),
        RoundEnd::NotOpen => NOT_OPEN,
    }
}

/// The pause before the line is tried again.
pub(super) fn before_line(end: LineEnd, random: u64) -> Duration {
    match end {
        LineEnd::Failed { times } => full_jitter(LINE_FIRST, LINE_MOST, times, random),
        LineEnd::NotOffered => fifth_off(LINE_NOT_OFFERED, random),
        LineEnd::SignedOut => fifth_off(SIGNED_OUT, random),
        LineEnd::NotOpen => Duration::from_secs(60 * 60),
    }
}

/// Anything between nearly nothing and a bound that doubles with every failure: phones that lost the same server spread over the
/// whole time and never come back in step.
fn full_jitter(first: Duration, most: Duration, times: u32, random: u64) -> Duration {
    let bound = first.saturating_mul(1 << times.saturating_sub(1).min(16)).min(most);
    bound.mul_f64(share(random)).max(LEAST)
}

/// Up to a fifth less.
fn fifth_off(pause: Duration, random: u64) -> Duration {
    pause.mul_f64(1.0 - 0.2 * share(random))
}

/// A random number as a share of the whole: at least 0, less than 1.
fn share(random: u64) -> f64 {
    (random % 10_000) as f64 / 10_000.0
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Dice that show everything between least and most.
    fn dice() -> impl Iterator<Item = u64> {
        (0..10_000).step_by(7).chain([9_999])
    }

    fn range(pause: impl Fn(u64) -> Duration) -> (Duration, Duration) {
        let all: Vec<Duration> = dice().map(pause).collect();
        (*all.iter().min().unwrap(), *all.iter().max().unwrap())
    }

    #[test]
    fn pauses_after_failures_grow_to_a_bound_and_spread_over_the_whole_time() {
        for (something_waits, most) in [(true, FAILED_WAITING_MOST), (false, FAILED_MOST)] {
            let mut before = Duration::ZERO;
            for times in 1..=100 {
                let (least, longest) =
                    range(|random| before_round(RoundEnd::Failed { times, something_waits }, random));
                assert_eq!(least, LEAST);
                assert!(longest >= before && longest <= most, "{times}: {longest:?}");
                before = longest;
            }
            assert!(before > most.mul_f64(0.99), "{before:?}");
        }
        let (_, first) = range(|random| before_round(RoundEnd::Failed { times: 1, something_waits: true }, random));
        assert!(first <= FAILED_FIRST);
        let absurd = before_round(RoundEnd::Failed { times: u32::MAX, something_waits: false }, u64::MAX);
        assert!(absurd <= FAILED_MOST);
    }

    #[test]
    fn a_phone_that_is_told_asks_rarely_and_one_that_is_not_asks_often() {
        let whole = |listening, clock_wrong| {
            range(move |random| before_round(RoundEnd::Whole { listening, clock_wrong }, random))
        };
        let (least, most) = whole(true, false);
        assert!(least >= Duration::from_secs(240) && most <= Duration::from_secs(300));
        for (listening, clock_wrong) in [(false, false), (false, true), (true, true)] {
            let (least, most) = whole(listening, clock_wrong);
            assert!(least >= Duration::from_secs(12) && most <= Duration::from_secs(15));
        }
    }

    #[test]
    fn the_line_is_tried_again_with_growing_pauses_and_rarely_where_there_is_none() {
        let (_, first) = range(|random| before_line(LineEnd::Failed { times: 1 }, random));
        let (_, tenth) = range(|random| before_line(LineEnd::Failed { times: 10 }, random));
        assert!(first <= LINE_FIRST && tenth <= LINE_MOST && tenth > LINE_FIRST);
        for rare in [LineEnd::NotOffered, LineEnd::SignedOut, LineEnd::NotOpen] {
            assert!(before_line(rare, 9_999) >= Duration::from_secs(90));
        }
    }
}
