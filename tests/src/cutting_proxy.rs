//! A connection that breaks: passes bytes on between clients and the server as fast as a very good mobile network, counts them, and
//! cuts where chance or a plan says.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use rand::rngs::StdRng;
use rand::{RngExt as _, SeedableRng as _};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::Runtime;
use tokio::time::Instant;

use crate::trouble::{Doing, Outcome};

/// Bytes are passed on in pieces of at most this size.
const PIECE: usize = 16 * 1024;
/// Bytes a second and connection: a very good mobile network. Without a bound, what a reset throws away in the machine's own buffers
/// would be measured, not what a network loses.
const SPEED: f64 = 12.5e6;

/// Where connections are cut.
#[derive(Debug)]
pub enum Cuts {
    /// Nowhere.
    Never,
    /// By chance: every connection some time, each after at most so many bytes.
    Chance {
        /// Bytes.
        within: u64,
        /// What decides.
        dice: Box<StdRng>,
    },
    /// Whenever clients have sent so many bytes altogether; ascending, and each once.
    At(Vec<u64>),
}

impl Cuts {
    /// Cuts by chance, from a seed.
    pub fn chance(within: u64, seed: u64) -> Self {
        Cuts::Chance { within, dice: Box::new(StdRng::seed_from_u64(seed)) }
    }

    /// So many cuts at random places within so many bytes.
    pub fn places(count: usize, within: u64, seed: u64) -> Self {
        let mut dice = StdRng::seed_from_u64(seed);
        let mut places: Vec<u64> = (0..count).map(|_| dice.random_range(1..within)).collect();
        places.sort_unstable();
        places.dedup();
        Cuts::At(places)
    }
}

/// The proxy. It ends when this value does.
pub struct CuttingProxy {
    address: SocketAddr,
    shared: Arc<Shared>,
    runtime: Option<Runtime>,
}

struct Shared {
    server: SocketAddr,
    cuts: Mutex<Cuts>,
    sent: AtomicU64,
    cut: AtomicU64,
    /// Grows with every other way of cutting: connections that are open then meet a new fate.
    ways: AtomicU64,
}

/// What will become of one connection.
#[derive(Debug, Clone, Copy, Default)]
struct Fate {
    /// Bytes from the client after which it is cut.
    up: Option<u64>,
    /// Bytes from the server after which it is cut: answers get lost.
    down: Option<u64>,
}

impl CuttingProxy {
    /// Starts a proxy in front of a server.
    ///
    /// # Errors
    /// When there is no port or no thread.
    pub fn start(server: SocketAddr, cuts: Cuts) -> Outcome<Self> {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
        let runtime = runtime.doing("starting the proxy")?;
        let listener = runtime.block_on(TcpListener::bind(("127.0.0.1", 0))).doing("opening a port")?;
        let address = listener.local_addr().doing("opening a port")?;
        let shared = Shared {
            server,
            cuts: Mutex::new(cuts),
            sent: AtomicU64::new(0),
            cut: AtomicU64::new(0),
            ways: AtomicU64::new(0),
        };
        let shared = Arc::new(shared);
        let carried = Arc::clone(&shared);
        runtime.spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                tokio::spawn(carry(Arc::clone(&carried), client));
            }
        });
        Ok(Self { address, shared, runtime: Some(runtime) })
    }

    /// Where clients come to: `http://127.0.0.1:…`.
    pub fn address(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Cuts in another way from now on, and counts anew.
    pub fn cut(&self, cuts: Cuts) {
        *self.shared.cuts.lock().unwrap_or_else(PoisonError::into_inner) = cuts;
        self.shared.sent.store(0, Ordering::SeqCst);
        self.shared.cut.store(0, Ordering::SeqCst);
        self.shared.ways.fetch_add(1, Ordering::SeqCst);
    }

    /// Bytes that came from clients, headers included.
    pub fn sent(&self) -> u64 {
        self.shared.sent.load(Ordering::SeqCst)
    }

    /// Connections that were cut.
    pub fn cuts(&self) -> u64 {
        self.shared.cut.load(Ordering::SeqCst)
    }
}

impl Drop for CuttingProxy {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

impl Shared {
    fn fate(&self) -> Fate {
        let mut cuts = self.cuts.lock().unwrap_or_else(PoisonError::into_inner);
        let Cuts::Chance { within, dice } = &mut *cuts else { return Fate::default() };
        match dice.random_range(0..4) {
            // The answer is lost, or a part of it.
            0 => Fate { down: Some(dice.random_range(0..1_500)), up: None },
            // Small numbers as often as large ones: in the middle of headers, at the beginning of a chunk.
            1 => Fate { up: Some(dice.random_range(0.0..(*within as f64).ln()).exp() as u64), down: None },
            _ => Fate { up: Some(dice.random_range(0..*within)), down: None },
        }
    }

    /// Notes bytes from a client; how many of them still pass when a planned cut lies within them.
    fn count(&self, bytes: u64) -> Option<u64> {
        let before = self.sent.fetch_add(bytes, Ordering::SeqCst);
        let mut cuts = self.cuts.lock().unwrap_or_else(PoisonError::into_inner);
        let Cuts::At(places) = &mut *cuts else { return None };
        let place = places.iter().position(|place| (before..before + bytes).contains(place))?;
        Some(places.remove(place) - before)
    }
}

async fn carry(shared: Arc<Shared>, mut client: TcpStream) {
    let Ok(mut server) = TcpStream::connect(shared.server).await else { return };
    // A piece that waits for company would be cut later than the plan says.
    let _ = (client.set_nodelay(true), server.set_nodelay(true));
    let (mut fate, mut way) = (shared.fate(), shared.ways.load(Ordering::SeqCst));
    let (mut up, mut down) = (0, 0);
    let mut pace = Instant::now();
    let (mut from_client, mut from_server) = (vec![0; PIECE], vec![0; PIECE]);
    loop {
        pace = pace.max(Instant::now() - Duration::from_millis(5));
        let (cut, ended) = tokio::select! {
            read = client.read(&mut from_client) => {
                let bytes = read.unwrap_or(0);
                if way != shared.ways.load(Ordering::SeqCst) {
                    (fate, way) = (shared.fate(), shared.ways.load(Ordering::SeqCst));
                    (up, down) = (0, 0);
                }
                let planned = shared.count(bytes as u64);
                let allowed = passing(bytes, up, fate.up, planned);
                up += bytes as u64;
                let broken = server.write_all(&from_client[..allowed.unwrap_or(bytes)]).await.is_err();
                pace += Duration::from_secs_f64(bytes as f64 / SPEED);
                tokio::time::sleep_until(pace).await;
                (allowed.is_some(), bytes == 0 || broken)
            }
            read = server.read(&mut from_server) => {
                let bytes = read.unwrap_or(0);
                let allowed = passing(bytes, down, fate.down, None);
                down += bytes as u64;
                let broken = client.write_all(&from_server[..allowed.unwrap_or(bytes)]).await.is_err();
                (allowed.is_some(), bytes == 0 || broken)
            }
        };
        if cut {
            let number = shared.cut.fetch_add(1, Ordering::SeqCst);
            if number.is_multiple_of(2) {
                // Every other cut is a reset on both sides; the others look like an orderly end in the middle.
                let _ = (client.set_zero_linger(), server.set_zero_linger());
            }
        }
        if cut || ended {
            return;
        }
    }
}

/// How many of these bytes still pass before the cut; none when all of them do.
fn passing(bytes: usize, before: u64, fate: Option<u64>, planned: Option<u64>) -> Option<usize> {
    let fated = fate.and_then(|after| after.checked_sub(before)).filter(|left| *left < bytes as u64);
    let left = match (fated, planned) {
        (Some(one), Some(other)) => one.min(other),
        (one, other) => one.or(other)?,
    };
    usize::try_from(left).ok()
}

#[cfg(test)]
mod tests {
    use std::io::{Read as _, Write as _};
    use std::net::TcpStream;

    use super::*;

    #[test]
    fn what_is_sent_arrives_up_to_the_planned_cut_and_is_counted() {
        let server = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let proxy = CuttingProxy::start(server.local_addr().unwrap(), Cuts::At(vec![30_000])).unwrap();
        let address = proxy.address().replace("http://", "");
        let mut client = TcpStream::connect(&address).unwrap();
        let (mut arrived, _) = server.accept().unwrap();
        let reading = std::thread::spawn(move || {
            let mut bytes = Vec::new();
            // Every other cut is a reset, the first one among them.
            let _cut = arrived.read_to_end(&mut bytes);
            bytes.len()
        });
        let _cut = client.write_all(&[7; 50_000]);
        assert!(reading.join().unwrap() <= 30_000);
        assert_eq!(proxy.cuts(), 1);
        assert!(proxy.sent() > 30_000);

        let mut again = TcpStream::connect(&address).unwrap();
        let (mut arrived, _) = server.accept().unwrap();
        again.write_all(b"whole").unwrap();
        drop(again);
        let mut bytes = Vec::new();
        arrived.read_to_end(&mut bytes).unwrap();
        assert_eq!((bytes.as_slice(), proxy.cuts()), (&b"whole"[..], 1), "each planned cut happens once");
    }

    #[test]
    fn a_piece_passes_up_to_the_nearest_cut() {
        assert_eq!(passing(100, 0, None, None), None);
        assert_eq!(passing(100, 50, Some(120), None), Some(70));
        assert_eq!(passing(100, 50, Some(200), None), None);
        assert_eq!(passing(100, 50, Some(120), Some(10)), Some(10));
    }
}
