//! The phone hears from the server: an approval shows within moments, an own push causes no echo, and whatever breaks the line is
//! made up for. Over real sockets, with production's background threads.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, Instant};

use device::edge::SystemWorld;
use domain::World;
use doorstep_tests::county::County;
use doorstep_tests::cutting_proxy::{Cuts, CuttingProxy};
use doorstep_tests::desk::Desk;
use doorstep_tests::phones::Phone;
use doorstep_tests::trouble::{Doing, Outcome, trouble};
use serde_json::json;

/// A phone that listens asks by itself after four minutes at the earliest; whatever shows within this time, it was told.
const PATIENCE: Duration = Duration::from_secs(60);
/// Long enough for an echo to be heard.
const QUIET: Duration = Duration::from_secs(3);

fn until(what: &str, mut is_so: impl FnMut() -> Outcome<bool>) -> Outcome {
    let start = Instant::now();
    while start.elapsed() < PATIENCE {
        if is_so()? {
            return Ok(());
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    trouble(format!("It did not come to pass that {what}."))
}

fn is_safe(phone: &Phone) -> Outcome<bool> {
    Ok(phone.call("sync_state", json!({}))?["phase"] == "safe")
}

/// Waits until the phone listens, everything is safe and the pause that follows is the long one.
fn settled(phone: &Phone) -> Outcome {
    until("the phone listens", || Ok(phone.device().is_listening()))?;
    until("all is safe", || is_safe(phone))?;
    let safe_at = phone.call("sync_state", json!({}))?["safe_at"].clone();
    std::thread::sleep(Duration::from_millis(5));
    phone.call("sync_now", json!({}))?;
    until("another round is over", || Ok(phone.call("sync_state", json!({}))?["safe_at"] != safe_at))
}

fn incident(phone: &Phone, title: &str) -> Outcome<String> {
    let category = phone.call("categories", json!({ "text": "" }))?[0]["code"].clone();
    let fields = json!({ "category": category, "severity": 3, "title": title });
    let saved = phone.call("save", json!({ "kind": "incident", "id": null, "cell": null, "fields": fields }))?;
    Ok(saved["id"].as_str().unwrap_or_default().to_owned())
}

fn review_of(phone: &Phone, incident: &str) -> Outcome<String> {
    let page = phone.call("incident", json!({ "id": incident }))?;
    Ok(page["review"]["state"].as_str().unwrap_or_default().to_owned())
}

fn enrolled(folder: &Path, county: &County, server: &str) -> Outcome<Phone> {
    Phone::enrol(folder, server, &county.demo.worker.enrol_code)
}

#[test]
fn a_supervisors_approval_shows_on_the_phone_long_before_it_would_have_asked() -> Outcome {
    let folder = tempfile::tempdir().doing("making a folder")?;
    let county = County::found(folder.path(), "village")?;
    let phone = enrolled(&folder.path().join("phone"), &county, &county.address())?;
    let _background = phone.device().start_background();
    let desk = Desk::sign_in(&county)?;
    let id = incident(&phone, "井盖破损")?;
    settled(&phone)?;
    assert_eq!(review_of(&phone, &id)?, "waiting");
    desk.approve(&id)?;
    until("the approval shows", || Ok(review_of(&phone, &id)? == "approved"))
}

#[test]
fn an_own_push_is_followed_by_silence() -> Outcome {
    let folder = tempfile::tempdir().doing("making a folder")?;
    let county = County::found(folder.path(), "village")?;
    let server = county.address().trim_start_matches("http://").parse().doing("reading the address")?;
    let proxy = CuttingProxy::start(server, Cuts::Never)?;
    let phone = enrolled(&folder.path().join("phone"), &county, &proxy.address())?;
    let _background = phone.device().start_background();
    settled(&phone)?;
    incident(&phone, "路灯不亮")?;
    until("the push is safe", || is_safe(&phone))?;
    std::thread::sleep(QUIET);
    let sent = proxy.sent();
    std::thread::sleep(QUIET);
    assert_eq!(proxy.sent(), sent, "the nudge about an own push must not cause another round, and that another");
    assert!(phone.device().is_listening());
    Ok(())
}

#[test]
fn a_line_that_breaks_is_taken_up_again_and_what_happened_in_between_is_asked_for() -> Outcome {
    let folder = tempfile::tempdir().doing("making a folder")?;
    let mut county = County::found(folder.path(), "village")?;
    let phone = enrolled(&folder.path().join("phone"), &county, &county.address())?;
    let background = phone.device().start_background();
    let id = incident(&phone, "垃圾未清")?;
    settled(&phone)?;
    county.stop();
    until("the phone notices", || Ok(!phone.device().is_listening()))?;
    county.start()?;
    Desk::sign_in(&county)?.approve(&id)?;
    until("the approval shows", || Ok(review_of(&phone, &id)? == "approved"))?;
    until("the phone listens again", || Ok(phone.device().is_listening()))?;

    // A locked phone listens to nobody, and an opened one does again.
    phone.call("lock", json!({}))?;
    until("the line is closed", || Ok(!phone.device().is_listening()))?;
    phone.call("unlock", json!({ "pin": doorstep_tests::phones::PIN }))?;
    until("the phone listens once more", || Ok(phone.device().is_listening()))?;
    let start = Instant::now();
    drop(background);
    assert!(start.elapsed() < Duration::from_secs(20), "an open line does not hold up the end");
    assert!(!phone.device().is_listening());
    Ok(())
}

/// The system's clock, off by what a test says.
struct Off(Arc<AtomicI64>);

impl World for Off {
    fn now(&mut self) -> i64 {
        SystemWorld.now().saturating_add(self.0.load(Ordering::SeqCst))
    }

    fn fill(&mut self, bytes: &mut [u8]) {
        SystemWorld.fill(bytes);
    }
}

#[test]
fn a_clock_that_is_years_off_is_told_and_harms_nothing() -> Outcome {
    const YEAR: i64 = 365 * 24 * 60 * 60 * 1000;
    let folder = tempfile::tempdir().doing("making a folder")?;
    let county = County::found(folder.path(), "village")?;
    for (number, years) in [10, -10, -50].into_iter().enumerate() {
        let off = Arc::new(AtomicI64::new(years * YEAR));
        let code = county.enrol_code(&county.demo.worker.account)?;
        let place = folder.path().join(format!("phone-{number}"));
        let phone = Phone::enrol_in(Box::new(Off(Arc::clone(&off))), &place, &county.address(), &code)?;
        let _background = phone.device().start_background();
        let id = incident(&phone, "时钟错误")?;
        settled(&phone)?;
        let state = phone.call("sync_state", json!({}))?;
        assert_eq!((&state["clock_wrong"], &state["refused"]), (&json!(true), &json!(0)), "{years} years: {state}");
        let told = state["server_time_off_ms"].as_i64().unwrap_or_default();
        assert!((told + years * YEAR).abs() < 60_000, "{years} years: {told}");
        // The moment was read from the wrong clock, and put right.
        let stamp =
            phone.device().with_open(|open| open.store().get(id.parse().expect("a record's id"))).doing("reading")?;
        let written = stamp.map(|record| record.latest().millis()).unwrap_or_default();
        assert!((written - SystemWorld.now()).abs() < 120_000, "{years} years: {written}");

        off.store(0, Ordering::SeqCst);
        phone.call("sync_now", json!({}))?;
        until("the warning is gone", || Ok(phone.call("sync_state", json!({}))?["clock_wrong"] == false))?;
        let later = incident(&phone, "时钟正确")?;
        until("all is safe again", || is_safe(&phone))?;
        assert!(phone.call("incident", json!({ "id": later }))?["sent"] == true);
    }
    Ok(())
}
