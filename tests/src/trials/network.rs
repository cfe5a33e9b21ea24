//! Ten phones and a server in networks of their own, with weather between them: loss, 64 kbit/s, cuts of one direction or both, and
//! answers that get lost after the server has done what was asked.
//!
//! Needs the rights of the administrator, `ip`, `tc`, `nft`, `nsenter`; runs in a network of its own already (see `trial-run`).

use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use sync_server::hub::open_folder;

use super::{Line, county};
use crate::program::{self, Program};
use crate::trouble::{Doing, Outcome, trouble};

const PHONES: usize = 10;
const NEAR: &str = "10.213.7.1/24";
const FAR: &str = "10.213.7.2";
const PORT: u16 = 8610;
/// Rounds that one phone begins in the same weather: in a clear one a thousand would be over before it turns.
const ROUNDS_PER_WEATHER: u64 = 2;

/// What the network is like for a while.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Weather {
    Clear,
    Loss,
    Slow,
    UpCut,
    DownCut,
    Dark,
    LostAnswers,
}

const WEATHERS: [Weather; 7] = [
    Weather::Clear,
    Weather::Loss,
    Weather::Slow,
    Weather::UpCut,
    Weather::DownCut,
    Weather::Dark,
    Weather::LostAnswers,
];

/// Runs so many rounds in all, shared by the phones, through changing weather.
///
/// # Errors
/// When the networks cannot be made.
pub fn run(folder: &Path, rounds: u64, seed: u64) -> Outcome<Vec<Line>> {
    let data = folder.join("data");
    let hub = open_folder(&data).doing("opening the server's folder")?;
    let household = county::found(&hub)?;
    let invited = (0..PHONES).map(|_| county::invite(&hub)).collect::<Outcome<Vec<_>>>()?;
    drop(hub);
    let net = Net::make()?;
    let mut server = net.serve(&data, folder)?;
    let swallow = Arc::new(AtomicBool::new(false));
    let swallowed = Arc::new(AtomicU64::new(0));
    let near = relay(Arc::clone(&swallow), Arc::clone(&swallowed))?;
    let address = format!("http://{}", program::loopback(near));
    let mut phones = Vec::new();
    for (number, enrolment) in invited.iter().enumerate() {
        let phone = county::phone_now(&folder.join(format!("phone-{number}")), &address, enrolment)?;
        county::empty_the_queue(&phone)?;
        phones.push(phone);
    }

    let (left, ended) = (AtomicU64::new(rounds), AtomicU64::new(0));
    let turned = AtomicU64::new(0);
    let (saved, working) = (Mutex::new(Vec::new()), AtomicUsize::new(PHONES));
    let seen = thread::scope(|scope| -> Outcome<Vec<(Weather, u64)>> {
        for phone in &phones {
            scope.spawn(|| {
                let (mut began_in, mut began) = (0, 0);
                while left.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| left.checked_sub(1)).is_ok() {
                    if let Ok(id) = county::visit(phone, household) {
                        saved.lock().unwrap_or_else(PoisonError::into_inner).push(id);
                    }
                    if phone.round().is_ok_and(|report| report.ended_by.is_some()) {
                        ended.fetch_add(1, Ordering::SeqCst);
                    }
                    began += 1;
                    while began >= ROUNDS_PER_WEATHER && turned.load(Ordering::SeqCst) == began_in {
                        thread::sleep(Duration::from_millis(5));
                    }
                    if turned.load(Ordering::SeqCst) != began_in {
                        (began_in, began) = (turned.load(Ordering::SeqCst), 0);
                    }
                }
                working.fetch_sub(1, Ordering::SeqCst);
            });
        }
        let mut chance = StdRng::seed_from_u64(seed);
        let mut seen: Vec<(Weather, u64)> = WEATHERS.iter().map(|weather| (*weather, 0)).collect();
        while working.load(Ordering::SeqCst) > 0 {
            let place = chance.random_range(0..WEATHERS.len());
            seen[place].1 += 1;
            swallow.store(WEATHERS[place] == Weather::LostAnswers, Ordering::SeqCst);
            net.weather(WEATHERS[place])?;
            turned.fetch_add(1, Ordering::SeqCst);
            thread::sleep(Duration::from_millis(chance.random_range(300..2_000)));
        }
        swallow.store(false, Ordering::SeqCst);
        net.weather(Weather::Clear)?;
        Ok(seen)
    })?;

    let mut failures = Vec::new();
    for phone in &phones {
        failures.extend(county::empty_the_queue(phone).err().map(|why| why.0));
    }
    // Once more, so that each has seen what the last of them brought.
    let mut registers = Vec::new();
    for phone in &phones {
        failures.extend(phone.round()?.ended_by.map(|error| format!("a round ended in clear weather: {error}")));
        registers.push(register(phone)?);
    }
    if registers.iter().any(|register| *register != registers[0]) {
        failures.push("the phones do not agree".to_owned());
    }
    server.kill();
    let saved = saved.into_inner().unwrap_or_else(PoisonError::into_inner);
    let missing = county::missing_on_server(&data, &saved, &[])?;
    failures.extend(missing.into_iter().map(|what| format!("{what} is not on the server")));
    let weathers: Vec<String> = seen.iter().map(|(weather, times)| format!("{weather:?} {times}")).collect();
    let seen = format!(
        "{PHONES} phones, {} visits; {} rounds ended early, {} answers swallowed; {}",
        saved.len(),
        ended.load(Ordering::SeqCst),
        swallowed.load(Ordering::SeqCst),
        weathers.join(", ")
    );
    Ok(vec![Line { what: "rounds through changing weather".to_owned(), tried: rounds, seen, failures }])
}

/// Everything that a phone holds, in one order.
fn register(phone: &crate::phones::Phone) -> Outcome<Vec<domain::Record>> {
    let all = phone.device().with_open(|open: &mut device::Open| open.store().records("1 = 1 ORDER BY id", ()));
    all.doing("reading a register")
}

/// The server's network, held open by a process of its own, and the wire to it.
struct Net {
    holder: Child,
}

impl Net {
    fn make() -> Outcome<Self> {
        let holder = Command::new("unshare").args(["--net", "sleep", "infinity"]).stdin(Stdio::null()).spawn();
        let net = Self { holder: holder.doing("making the server's network")? };
        // The process has its network a moment after it was started.
        thread::sleep(Duration::from_millis(300));
        let holder = net.holder.id().to_string();
        tool("ip", &["link", "set", "lo", "up"])?;
        tool("ip", &["link", "add", "near", "type", "veth", "peer", "name", "far", "netns", &holder])?;
        tool("ip", &["address", "add", NEAR, "dev", "near"])?;
        tool("ip", &["link", "set", "near", "up"])?;
        net.there("ip", &["link", "set", "lo", "up"])?;
        net.there("ip", &["address", "add", &format!("{FAR}/24"), "dev", "far"])?;
        net.there("ip", &["link", "set", "far", "up"])?;
        Ok(net)
    }

    /// Runs a tool in the server's network.
    fn there(&self, name: &str, arguments: &[&str]) -> Outcome {
        let holder = self.holder.id().to_string();
        tool("nsenter", &[&["--net", "--target", &holder, name], arguments].concat())
    }

    fn serve(&self, data: &Path, logs: &Path) -> Outcome<Program> {
        let mut command = Command::new("nsenter");
        command.args(["--net", "--target", &self.holder.id().to_string()]).arg(program::built("sync-server")?);
        command.args(["serve", "--listen", &format!("{FAR}:{PORT}"), "--data"]).arg(data);
        let mut server = Program::start("sync-server", command, logs)?;
        server.wait_until("ready", || TcpStream::connect((FAR, PORT)).is_ok())?;
        Ok(server)
    }

    fn weather(&self, weather: Weather) -> Outcome {
        // What was before is taken away; there may have been nothing.
        let _gone = tool("nft", &["delete", "table", "inet", "weather"]);
        let _gone = tool("tc", &["qdisc", "del", "dev", "near", "root"]);
        let _gone = self.there("tc", &["qdisc", "del", "dev", "far", "root"]);
        let lossy = "numgen random mod 100 < 20 drop";
        match weather {
            Weather::Clear | Weather::LostAnswers => Ok(()),
            Weather::Loss => rules(lossy, lossy),
            Weather::UpCut => rules("", "drop"),
            Weather::DownCut => rules("drop", ""),
            Weather::Dark => rules("drop", "drop"),
            Weather::Slow => {
                let slow = ["root", "tbf", "rate", "64kbit", "burst", "4kb", "latency", "800ms"];
                tool("tc", &[&["qdisc", "add", "dev", "near"], &slow[..]].concat())?;
                self.there("tc", &[&["qdisc", "add", "dev", "far"], &slow[..]].concat())
            }
        }
    }
}

impl Drop for Net {
    fn drop(&mut self) {
        // It ends by its own id; already gone is as good.
        let _ended = self.holder.kill().and_then(|()| self.holder.wait());
    }
}

fn rules(incoming: &str, outgoing: &str) -> Outcome {
    let chain = |name: &str, hook: &str, end: &str, rule: &str| {
        let rule = if rule.is_empty() { String::new() } else { format!("{end} \"near\" {rule};") };
        format!("chain {name} {{ type filter hook {hook} priority -300; policy accept; {rule} }}")
    };
    let table = format!(
        "table inet weather {{\n{}\n{}\n}}",
        chain("incoming", "input", "iifname", incoming),
        chain("outgoing", "output", "oifname", outgoing)
    );
    tool("nft", &[&table])
}

fn tool(name: &str, arguments: &[&str]) -> Outcome {
    let said = Command::new(name).args(arguments).output().doing(&format!("running {name}"))?;
    if said.status.success() {
        return Ok(());
    }
    trouble(format!("`{name} {}`: {}", arguments.join(" "), String::from_utf8_lossy(&said.stderr).trim()))
}

/// Leads a port of this machine to the server, since a phone speaks without TLS to its own machine only. While told to, it swallows the
/// answer to what the server has done already, and closes.
fn relay(swallow: Arc<AtomicBool>, swallowed: Arc<AtomicU64>) -> Outcome<u16> {
    let listener = TcpListener::bind(program::loopback(0)).doing("opening the relay")?;
    let port = listener.local_addr().doing("opening the relay")?.port();
    thread::spawn(move || {
        for near in listener.incoming().flatten() {
            let (swallow, swallowed) = (Arc::clone(&swallow), Arc::clone(&swallowed));
            thread::spawn(move || {
                let patience = Duration::from_secs(5);
                let far = std::net::SocketAddr::from(([10, 213, 7, 2], PORT));
                let Ok(far) = TcpStream::connect_timeout(&far, patience) else { return };
                let (Ok(near_again), Ok(far_again)) = (near.try_clone(), far.try_clone()) else { return };
                thread::spawn(move || carry(near_again, far_again, |_| true));
                carry(far, near, |_| {
                    let pass = !swallow.load(Ordering::SeqCst);
                    swallowed.fetch_add(u64::from(!pass), Ordering::SeqCst);
                    pass
                });
            });
        }
    });
    Ok(port)
}

/// Carries bytes until either end is gone, or one of them may not pass.
fn carry(mut from: TcpStream, mut to: TcpStream, may_pass: impl Fn(&[u8]) -> bool) {
    // A connection that stands still belongs to a cut that outlasted it.
    let _kept = from.set_read_timeout(Some(Duration::from_secs(30)));
    let mut buffer = vec![0; 16 * 1024];
    while let Ok(length @ 1..) = from.read(&mut buffer) {
        if !may_pass(&buffer[..length]) || to.write_all(&buffer[..length]).is_err() {
            break;
        }
    }
    // Already closed from the other side is as good.
    let _closed = from.shutdown(Shutdown::Both);
    let _closed = to.shutdown(Shutdown::Both);
}
