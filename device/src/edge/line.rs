//! The line to the server: as long as the register is open a small thread listens to its nudges (server-sent events) and rings the
//! bell. Whatever is wrong with the line, rounds go on by themselves as if there were none.

use std::time::{Duration, Instant};

use domain::protocol::{CallError, Nudge};
use reqwest::header::{ACCEPT, CONTENT_TYPE};
use reqwest::{Client, Response, StatusCode, Url};
use tokio::runtime::Runtime;
use tokio::time::timeout;

use super::HttpPeer;
use super::http::stream_client;
use super::pauses::{LineEnd, before_line};
use crate::open::lock;
use crate::{Device, DeviceError, Phase};

/// The server has this long to answer.
const ANSWER_WITHIN: Duration = Duration::from_secs(30);
/// The server is heard from every 25 seconds; a line that is silent for longer than two of them is dead.
const SILENCE_MOST: Duration = Duration::from_secs(70);
/// After the line broke, a round asks what was missed in between.
const ASK_AFTER_BREAK: Duration = Duration::from_secs(2);
/// A line that lived so long worked.
const LIVED_WELL: Duration = Duration::from_secs(60);
/// No line of the stream is longer than this; one that is, is no stream of nudges.
const LINE_BYTES_MAX: usize = 4 * 1024;

/// Listens until the background ends.
pub(super) fn listen(device: &Device) {
    let made = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let (runtime, client) = match (made, stream_client()) {
        (Ok(runtime), Ok(client)) => (runtime, client),
        (runtime, client) => {
            tracing::error!(runtime = ?runtime.err(), client = ?client.err(), "nobody listens: the phone asks by itself");
            return;
        }
    };
    let mut failures: u32 = 0;
    while !device.inner.ear.has_ended() {
        let end = match one_line(device, &runtime, &client) {
            Over::Stirred => {
                failures = 0;
                continue;
            }
            Over::Broken { lived } => {
                failures = failures_after(failures, lived);
                LineEnd::Failed { times: failures }
            }
            Over::Ended(end) => end,
        };
        let random = device.inner.world_mut(|world| world.random());
        let pause = before_line(end, random);
        // Woken early by whatever concerns the line.
        if runtime.block_on(async { timeout(pause, device.inner.ear.stirred()).await }).is_ok() {
            failures = 0;
        }
    }
}

/// How often in a row a line failed, after another one that lived so long. One that opens and is closed again at once (a proxy that knows
/// no streams) is no better than none: the pauses would never grow, and every one of them ends with a round.
fn failures_after(before: u32, lived: Duration) -> u32 {
    if lived >= LIVED_WELL { 1 } else { before.saturating_add(1) }
}

/// Why a line is over.
enum Over {
    /// Something has changed that concerns it: it is looked at anew.
    Stirred,
    /// It broke, or could not be had.
    Broken {
        /// How long it was open.
        lived: Duration,
    },
    /// There is none for the time being.
    Ended(LineEnd),
}

/// Opens a line and listens to its end. Calls that block stay outside of the runtime.
fn one_line(device: &Device, runtime: &Runtime, client: &Client) -> Over {
    let (peer, access) = match HttpPeer::of(device).and_then(|peer| Ok((peer.access()?, peer)).map(|(a, p)| (p, a))) {
        Ok(found) => found,
        Err(DeviceError::Call(CallError::SignedOut)) => return Over::Ended(LineEnd::SignedOut),
        Err(_) if device.phase() != Phase::Open => return Over::Ended(LineEnd::NotOpen),
        Err(_) => return Over::Broken { lived: Duration::ZERO },
    };
    let Ok(url) = peer.below("v1/nudges") else { return Over::Ended(LineEnd::NotOffered) };
    match runtime.block_on(call(device, client, url, &access)) {
        Called::Open(response) => follow(device, runtime, response),
        Called::Stirred => Over::Stirred,
        Called::NotOffered => Over::Ended(LineEnd::NotOffered),
        Called::Failed => Over::Broken { lived: Duration::ZERO },
        Called::SignedOut => match peer.renew(&access) {
            // With a pause all the same: a server that gives out tokens which it then refuses must not be asked without end.
            Ok(()) => Over::Broken { lived: Duration::ZERO },
            Err(CallError::SignedOut) => Over::Ended(LineEnd::SignedOut),
            Err(_) => Over::Broken { lived: Duration::ZERO },
        },
    }
}

/// What the server said when it was asked for a line.
enum Called {
    Open(Response),
    Stirred,
    SignedOut,
    NotOffered,
    Failed,
}

async fn call(device: &Device, client: &Client, url: Url, access: &str) -> Called {
    let request = client.get(url).bearer_auth(access).header(ACCEPT, "text/event-stream").send();
    let answered = tokio::select! {
        answered = timeout(ANSWER_WITHIN, request) => answered,
        () = device.inner.ear.stirred() => return Called::Stirred,
    };
    let Ok(Ok(response)) = answered else { return Called::Failed };
    let kind = response.headers().get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    match response.status() {
        StatusCode::OK if kind.starts_with("text/event-stream") => Called::Open(response),
        StatusCode::UNAUTHORIZED => Called::SignedOut,
        StatusCode::OK | StatusCode::NOT_FOUND | StatusCode::METHOD_NOT_ALLOWED => Called::NotOffered,
        _ => Called::Failed,
    }
}

/// Listens to an open line.
fn follow(device: &Device, runtime: &Runtime, response: Response) -> Over {
    let since = Instant::now();
    device.inner.ear.set_listening(true);
    if lock(&device.inner.last_call).is_some() {
        // The last round found no server; here it is.
        device.inner.pulse.bell().ring_now();
    }
    let stirred = runtime.block_on(hear_all(device, response));
    device.inner.ear.set_listening(false);
    // What happened from now on was told to nobody.
    device.inner.pulse.bell().ring_in(ASK_AFTER_BREAK);
    if stirred { Over::Stirred } else { Over::Broken { lived: since.elapsed() } }
}

/// Hears until the line ends; true when that was because something has changed here.
async fn hear_all(device: &Device, mut response: Response) -> bool {
    let mut words = Words::default();
    loop {
        let piece = tokio::select! {
            piece = timeout(SILENCE_MOST, response.chunk()) => piece,
            () = device.inner.ear.stirred() => return true,
        };
        let Ok(Ok(Some(bytes))) = piece else { return false };
        let Some(nudges) = words.take(&bytes) else { return false };
        for nudge in nudges {
            device.inner.ear.hear(nudge);
            device.inner.pulse.bell().nudge();
        }
    }
}

/// The stream's text, cut into lines as it comes.
#[derive(Default)]
struct Words {
    begun: Vec<u8>,
}

impl Words {
    /// The nudges in these bytes and what was kept of earlier ones; none when this is no stream of nudges. Unknown events,
    /// fields and comments are passed over: a newer server may say more.
    fn take(&mut self, bytes: &[u8]) -> Option<Vec<Nudge>> {
        let mut nudges = Vec::new();
        for byte in bytes {
            if *byte != b'\n' {
                self.begun.push(*byte);
                if self.begun.len() > LINE_BYTES_MAX {
                    return None;
                }
                continue;
            }
            let line = std::mem::take(&mut self.begun);
            if let Some(data) = line.strip_prefix(b"data:")
                && let Ok(nudge) = serde_json::from_slice(data)
            {
                nudges.push(nudge);
            }
        }
        Some(nudges)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stream_is_understood_wherever_it_is_cut() {
        let text = concat!(
            "event: moved\ndata: {\"cell\":\"610722001001001\",\"reached\":7}\n\n: \n\nretry: 5\nevent: other\ndata: {\"x\":1}\n\n",
            "event: moved\r\ndata:{\"reached\":8,\"cell\":\"610722001001001\",\"more\":[1]}\r\n\r\n"
        );
        for cut in 0..=text.len() {
            let mut words = Words::default();
            let (first, second) = text.as_bytes().split_at(cut);
            let mut heard = words.take(first).unwrap();
            heard.extend(words.take(second).unwrap());
            let numbers: Vec<u64> = heard.iter().map(|nudge| nudge.reached).collect();
            assert_eq!(numbers, [7, 8], "cut at {cut}");
        }
    }

    #[test]
    fn a_line_that_opens_and_is_closed_at_once_is_tried_with_growing_pauses() {
        let mut failures = 0;
        for times in 1..=5 {
            failures = failures_after(failures, Duration::from_secs(2));
            assert_eq!(failures, times);
        }
        assert_eq!(failures_after(failures, Duration::from_secs(60)), 1, "one that worked begins anew");
    }

    #[test]
    fn a_line_without_end_is_no_stream() {
        let mut words = Words::default();
        assert!(words.take(&vec![b'x'; LINE_BYTES_MAX]).is_some());
        assert!(words.take(b"x").is_none());
    }
}
