//! Our own phone in the same trial: production's rounds through the same cuts, with the server killed under it if so wished.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use domain::kinds::photo::PHOTOS_PER_RECORD_MAX;
use serde_json::{Value, json};

use super::stage::{Announced, Stage};
use crate::county::County;
use crate::cutting_proxy::{Cuts, CuttingProxy};
use crate::phones::Phone;
use crate::trouble::{Doing, Outcome, trouble};

/// A phone that has not sent everything by then never does.
const PATIENCE: Duration = Duration::from_secs(600);

/// Sends pictures from a new phone.
pub(super) fn send(stage: &mut Stage, proxy: &CuttingProxy, photos: &[Announced], cuts: Cuts, kills: bool) -> Outcome {
    proxy.cut(Cuts::Never);
    let county = stage.county();
    let code = county.enrol_code(&county.demo.worker.account)?;
    let folder = tempfile::tempdir_in(stage.folder()).doing("making a folder")?;
    let phone = Phone::enrol(folder.path(), &proxy.address(), &code)?;
    until_safe(&phone)?;
    take(&phone, photos)?;
    // The text first, over a whole connection: what is measured is the photos.
    proxy.cut(cuts);
    let over = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let killing = kills.then(|| scope.spawn(|| kill_until(stage.county(), &over)));
        let sent = until_safe(&phone);
        over.store(true, Ordering::SeqCst);
        let killed = killing.map_or(Ok(Ok(())), std::thread::ScopedJoinHandle::join);
        let Ok(killed) = killed else { return trouble("The thread that kills the server panicked.") };
        sent.and(killed)
    })
}

/// Puts the pictures at incidents, as the camera would after they were developed.
fn take(phone: &Phone, photos: &[Announced]) -> Outcome {
    let category = phone.call("categories", json!({ "text": "" }))?[0]["code"].clone();
    let mut subject = Value::Null;
    for (number, photo) in photos.iter().enumerate() {
        if number % PHOTOS_PER_RECORD_MAX == 0 {
            let fields = json!({ "category": category, "severity": 3, "title": "照片" });
            let args = json!({ "kind": "incident", "id": null, "cell": null, "fields": fields });
            subject = phone.call("save", args)?["id"].clone();
        }
        let subject = subject.as_str().unwrap_or_default();
        phone.keep_picture(subject, "incident", &photo.bytes)?;
    }
    Ok(())
}

fn until_safe(phone: &Phone) -> Outcome {
    let start = Instant::now();
    loop {
        let report = phone.round()?;
        let state = phone.call("sync_state", json!({}))?;
        if report.ended_by.is_none() && state["phase"] == "safe" {
            return Ok(());
        }
        if start.elapsed() > PATIENCE {
            return trouble(format!("The phone did not send everything: {report:?} {state}"));
        }
        std::thread::sleep(Duration::from_millis(10));
    }
}

/// Kills the server again and again, and starts it where it was.
fn kill_until(county: &mut County, over: &AtomicBool) -> Outcome {
    let mut pause = 150;
    while !over.load(Ordering::SeqCst) {
        std::thread::sleep(Duration::from_millis(pause));
        pause = (pause * 7 + 61) % 900 + 60;
        county.stop();
        county.start()?;
    }
    Ok(())
}
