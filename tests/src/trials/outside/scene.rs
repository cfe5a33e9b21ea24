//! The scene of a history: a real server behind connections that break, a real phone, and two outside clients in the same cell.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use device::Open;
use device::edge::SystemWorld;
use domain::{AccountId, World as _};
use rand::rngs::StdRng;
use rand::{RngExt as _, SeedableRng as _};
use serde_json::{Value, json};
use sync_server::hub::open_folder;

use super::client::{Outside, Program as Installed};
use super::hand::Hand;
use super::judge::{Kept, Place, no_word_is_missing};
use super::ledger::Ledger;
use crate::cutting_proxy::{Cuts, CuttingProxy};
use crate::program::{self, Program};
use crate::sync_bench::rounds::add_worker;
use crate::trials::county::{self, CELL, WORKER};
use crate::trials::server::admin;
use crate::trials::stage::serve;
use crate::trouble::{Doing, Outcome, trouble};

/// Who carries the third device.
const SECOND: &str = "trial-second";
/// Where that account works while the cell is somebody else's.
const ELSEWHERE: &str = "610722001001002";
/// The third device, whose account has the cell taken away.
pub(super) const THIRD: usize = 2;
/// By how much the clock of the third device is wrong from the beginning, in milliseconds.
const SKEW: i64 = -3 * 60 * 60 * 1000;
/// A connection is cut some time within so many bytes.
const CUT_WITHIN: u64 = 60_000;
/// Nothing may wait any more after so many rounds of everybody over whole connections.
const ROUNDS: usize = 6;

pub(super) struct Scene {
    pub(super) hands: Vec<Hand>,
    pub(super) ledger: Ledger,
    /// The greatest stamp of every field that anybody held when the server was put back.
    pub(super) greatest: BTreeMap<Place, String>,
    pub(super) dice: StdRng,
    pub(super) folder: PathBuf,
    pub(super) data: PathBuf,
    /// The household that was there from the beginning.
    pub(super) household: String,
    /// A category of incidents, and the lists' version.
    pub(super) category: (Value, Value),
    /// How many words were made up.
    pub(super) words: u64,
    pub(super) pictures: usize,
    /// The hand that does not hold the cell now.
    pub(super) away: Option<usize>,
    pub(super) rounds: u64,
    pub(super) cut_rounds: u64,
    pub(super) cuts: u64,
    server: Option<Program>,
    port: u16,
    proxy: CuttingProxy,
}

impl Scene {
    /// Founds the county, starts everybody, and lets each read the cell; from then on connections break.
    pub(super) fn set(installed: &Installed, folder: &Path, seed: u64) -> Outcome<Self> {
        let (data, port) = (folder.join("data"), program::free_port()?);
        let hub = open_folder(&data).doing("opening the server's folder")?;
        let household = county::found(&hub)?.to_string();
        add_worker(&hub, SECOND, CELL)?;
        let invited = county::invite(&hub)?;
        let mut codes = Vec::new();
        for account in [WORKER, SECOND] {
            let account = AccountId::new(account).doing("naming the worker")?;
            codes.push(hub.make_enrol_code("trial", &account, 600_000).doing("making a code")?.code);
        }
        drop(hub);
        let server = serve(&data, port, folder)?;
        let proxy = CuttingProxy::start(program::loopback(port), Cuts::Never)?;
        let phone = county::phone_now(&folder.join("phone"), &proxy.address(), &invited)?;
        county::empty_the_queue(&phone)?;
        let version = phone.device().with_open(|open: &mut Open| Ok::<_, device::DeviceError>(open.lists().version));
        let version = json!(version.doing("reading the lists")?);
        let category = (phone.call("categories", json!({ "text": "" }))?[0]["code"].clone(), version);
        let mut hands = vec![Hand::Real(phone)];
        for (number, code) in codes.iter().enumerate() {
            let skew = if number + 1 == THIRD { SKEW } else { 0 };
            let own = folder.join(format!("outside-{number}"));
            let mut client = Outside::start(installed, &own, &proxy.address(), skew)?;
            client.call("enrol", json!({ "code": code, "name": "outside" }))?;
            client.call("sync", json!({}))?;
            hands.push(Hand::Outside(Box::new(client)));
        }
        proxy.cut(Cuts::chance(CUT_WITHIN, seed));
        let (ledger, dice, folder) = (Ledger::default(), StdRng::seed_from_u64(seed), folder.to_owned());
        let counts = (0, 0, 0);
        Ok(Self {
            hands,
            ledger,
            household,
            greatest: BTreeMap::new(),
            dice,
            folder,
            data,
            category,
            words: 0,
            pictures: 0,
            away: None,
            rounds: counts.0,
            cut_rounds: counts.1,
            cuts: counts.2,
            server: Some(server),
            port,
            proxy,
        })
    }

    /// The account of a hand.
    #[expect(clippy::unused_self, reason = "a hand belongs to a scene")]
    pub(super) fn account(&self, hand: usize) -> &'static str {
        if hand == THIRD { SECOND } else { WORKER }
    }

    /// The present moment.
    #[expect(clippy::unused_self, reason = "the moment of the scene is everybody's")]
    pub(super) fn now(&self) -> i64 {
        SystemWorld.now()
    }

    /// One round of a hand; that it ends early is what connections are cut for.
    pub(super) fn round(&mut self, hand: usize) -> Outcome {
        self.rounds += 1;
        let ask_first = self.dice.random();
        self.cut_rounds += u64::from(!self.hands[hand].round(ask_first)?);
        Ok(())
    }

    /// Ends the server at once.
    pub(super) fn stop(&mut self) {
        self.server = None;
    }

    /// Starts it again, where it was.
    pub(super) fn start(&mut self) -> Outcome {
        self.server = Some(serve(&self.data, self.port, &self.folder)?);
        Ok(())
    }

    fn assign(&mut self, cell: &str) -> Outcome {
        self.stop();
        add_worker(&open_folder(&self.data).doing("opening the server's folder")?, SECOND, cell)?;
        self.start()
    }

    /// The third device loses the cell, with words unsent.
    pub(super) fn hand_over(&mut self) -> Outcome {
        self.assign(ELSEWHERE)?;
        self.away = Some(THIRD);
        Ok(())
    }

    /// It must have sent them and given the cell up; then it gets the cell again.
    pub(super) fn hand_back(&mut self) -> Outcome {
        let dice = self.dice.random();
        self.whole_connections();
        self.hands[THIRD].round(false)?;
        let held = self.hands[THIRD].holding()?;
        if held.waiting > 0 || !held.records.is_empty() {
            return trouble(format!("a cell that was handed over still has {} records here", held.records.len()));
        }
        self.assign(CELL)?;
        self.hands[THIRD].round(false)?;
        self.away = None;
        self.proxy.cut(Cuts::chance(CUT_WITHIN, dice));
        Ok(())
    }

    fn whole_connections(&mut self) {
        self.cuts += self.proxy.cuts();
        self.proxy.cut(Cuts::Never);
    }

    /// Backs the server up, whatever is on its way.
    pub(super) fn back_up(&mut self) -> Outcome {
        admin(&self.data, "backup", &self.folder.join("backup.db"))
    }

    /// Puts it back. What was in the history of the server alone is gone with it; what stands with anybody, or waits, must come again.
    pub(super) fn put_back(&mut self) -> Outcome {
        self.stop();
        // What is missing before is nothing that a backup excuses.
        let kept = Kept::look(self)?;
        no_word_is_missing(self, &kept)?;
        admin(&self.data, "restore", &self.folder.join("backup.db"))?;
        let kept = Kept::look(self)?;
        self.ledger.forgive(|word| kept.will_have(word));
        self.greatest = kept.greatest();
        self.start()
    }

    /// Over whole connections until nothing waits and everybody has seen what the last one brought.
    pub(super) fn settle(&mut self) -> Outcome {
        self.whole_connections();
        let (mut quiet, mut last) = (0, String::new());
        for _ in 0..ROUNDS {
            let mut waiting = 0;
            last = String::new();
            for hand in &mut self.hands {
                self.rounds += 1;
                if !hand.round(false)? {
                    return trouble("a round over a whole connection did not come to its end");
                }
                let holding = hand.holding()?;
                waiting += holding.waiting;
                last += &format!(" {} ({:?})", holding.waiting, holding.aside);
            }
            quiet = if waiting == 0 { quiet + 1 } else { 0 };
            if quiet == 2 {
                return Ok(());
            }
        }
        trouble(format!("something still waits after {ROUNDS} rounds of everybody:{last}"))
    }
}
