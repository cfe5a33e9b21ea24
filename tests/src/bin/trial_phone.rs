//! `trial-phone`: production's phone without a window, as a program of its own, so that it can be killed, starved and cut off. It
//! says what it saved as soon as that is saved; whoever started it holds it to that.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};
use device::edge::{HttpPeer, SystemWorld};
use device::{Device, DeviceConfig, Open};
use domain::Kind;
use doorstep_tests::phones::{PIN, Phone};
use doorstep_tests::trouble::{Doing, Outcome};
use serde_json::json;

/// A phone for trials.
#[derive(Debug, Parser)]
#[command(name = "trial-phone")]
struct Options {
    /// The folder of its register.
    #[arg(long)]
    folder: PathBuf,
    #[command(subcommand)]
    doing: Doings,
}

#[derive(Debug, Subcommand)]
enum Doings {
    /// Saves visits and a photo, then runs one round. Says `saved ID` and `photo ID SHA256` as each is done.
    Work {
        /// The household that is visited.
        #[arg(long)]
        household: String,
        /// How many visits.
        #[arg(long)]
        visits: usize,
        /// The picture.
        #[arg(long)]
        photo: PathBuf,
    },
    /// Runs rounds until nothing waits, and says what is here: `rounds N`, `waiting N`, `has ID`.
    Heal {
        /// At most so many rounds.
        #[arg(long, default_value_t = 3)]
        rounds: usize,
    },
}

fn main() -> ExitCode {
    match act(&Options::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(trouble) => {
            eprintln!("{trouble}");
            ExitCode::FAILURE
        }
    }
}

fn act(options: &Options) -> Outcome {
    let config =
        DeviceConfig { folder: options.folder.clone(), world: Box::new(SystemWorld), app_version: "0".to_owned() };
    let device = Device::open(config).doing("opening the phone")?;
    device.unlock(PIN).doing("unlocking the phone")?;
    let phone = Phone::of(device);
    match &options.doing {
        Doings::Work { household, visits, photo } => {
            let picture = std::fs::read(photo).doing("reading the picture")?;
            work(&phone, household, *visits, picture)
        }
        Doings::Heal { rounds } => heal(&phone, *rounds),
    }
}

#[expect(clippy::print_stdout, reason = "what was saved is said aloud")]
fn work(phone: &Phone, household: &str, visits: usize, picture: Vec<u8>) -> Outcome {
    let mut last = None;
    for _ in 0..visits {
        let args = json!({ "target": household, "target_kind": "household", "result": "met", "note": "门口说了几句" });
        // A worker whose visit could not be saved goes on with the next door.
        match phone.call("record_visit", args) {
            Ok(saved) => {
                let id = saved["id"].as_str().unwrap_or_default().to_owned();
                println!("saved {id}");
                last = Some(id);
            }
            Err(trouble) => eprintln!("{trouble}"),
        }
    }
    if let Some(visit) = last {
        let args = json!({ "subject": visit, "subject_kind": "visit", "photo_kind": "scene" });
        match phone.call_with("add_photo", args, Some(picture)) {
            Ok(line) => {
                let text = |name: &str| line[name].as_str().unwrap_or_default().to_owned();
                println!("photo {} {}", text("id"), text("sha256"));
            }
            Err(trouble) => eprintln!("{trouble}"),
        }
    }
    let report = phone.round()?;
    if let Some(error) = report.ended_by {
        eprintln!("the round ended: {error}");
    }
    Ok(())
}

#[expect(clippy::print_stdout, reason = "what is here is said aloud")]
fn heal(phone: &Phone, rounds: usize) -> Outcome {
    let peer = HttpPeer::of(phone.device()).doing("finding the server")?;
    let mut used = 0;
    for _ in 0..rounds {
        used += 1;
        let report = phone.round_through(&peer);
        if let Some(error) = report.ended_by {
            eprintln!("round {used} ended: {error}");
        }
        if waiting(phone)? == 0 {
            break;
        }
    }
    println!("rounds {used}");
    println!("waiting {}", waiting(phone)?);
    println!("refused {}", phone.device().sync_state().doing("asking for the state")?.refused);
    let held = phone.device().with_open(|open: &mut Open| {
        let mut held = open.store().of_kind(&Kind::Visit, None)?;
        held.extend(open.store().of_kind(&Kind::Photo, None)?);
        Ok::<_, device::DeviceError>(held)
    });
    for record in held.doing("reading the register")? {
        println!("has {}", record.id);
    }
    Ok(())
}

fn waiting(phone: &Phone) -> Outcome<i64> {
    let state = phone.device().sync_state().doing("asking for the state")?;
    Ok(state.waiting_records + state.waiting_photos)
}
