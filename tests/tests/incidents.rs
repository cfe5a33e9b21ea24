//! An incident through the seven steps: a real phone, a server, and the desk of several people. Once by the desk's API, over
//! sockets and with production's background threads; once in Chromium, with every role at its own window. The department's photo of
//! what came of it, as the desk and the worker's phone show it. And the desk's map.

use std::path::Path;
use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use doorstep_tests::browser::{Browser, named, named_with};
use doorstep_tests::county::County;
use doorstep_tests::desk::Desk;
use doorstep_tests::phones::Phone;
use doorstep_tests::picture;
use doorstep_tests::screens::phone::Host;
use doorstep_tests::stations::Stations;
use doorstep_tests::trouble::{Doing, Outcome, trouble};
use fantoccini::key::Key;
use serde_json::{Value, json};

/// The demonstration's department of housing has this account.
const HANDLER: &str = "demo-handler";
/// … and this code.
const HOUSING: &str = "12";
/// Of a category that the department of housing usually answers for.
const CATEGORY: &str = "0404";
const TITLE: &str = "阳台违规改建";
/// The account of another department.
const STRANGER: &str = "demo-handler-2";
/// A phone that listens asks by itself after four minutes at the earliest: what shows within this time, it was told.
const PATIENCE: Duration = Duration::from_secs(30);

fn until(what: &str, mut is_so: impl FnMut() -> Outcome<bool>) -> Outcome {
    let start = Instant::now();
    while start.elapsed() < PATIENCE {
        if is_so()? {
            return Ok(());
        }
        std::thread::sleep(Duration::from_millis(50));
    }
    trouble(format!("It did not come to pass that {what}."))
}

fn report(phone: &Phone, title: &str) -> Outcome<String> {
    report_at(phone, title, &Value::Null)
}

fn report_at(phone: &Phone, title: &str, position: &Value) -> Outcome<String> {
    let mut fields = json!({ "category": CATEGORY, "severity": 3, "title": title, "place": "东门外" });
    if !position.is_null() {
        fields["position"] = position.clone();
    }
    let saved = phone.call("save", json!({ "kind": "incident", "id": null, "cell": null, "fields": fields }))?;
    Ok(saved["id"].as_str().unwrap_or_default().to_owned())
}

fn on_phone(phone: &Phone, incident: &str) -> Outcome<Value> {
    phone.call("incident", json!({ "id": incident }))
}

#[test]
fn a_worker_reports_a_department_solves_and_the_phone_has_its_check_within_seconds() -> Outcome {
    let folder = tempfile::tempdir().doing("making a folder")?;
    let county = County::found(folder.path(), "village")?;
    let phone = Phone::enrol(&folder.path().join("phone"), &county.address(), &county.demo.worker.enrol_code)?;
    let _background = phone.device().start_background();
    let (boss, handler) = (Desk::sign_in(&county)?, Desk::sign_in_as(&county, HANDLER)?);
    let stranger = Desk::sign_in_as(&county, STRANGER)?;
    let id = report(&phone, TITLE)?;
    until("the desk has the report", || Ok(boss.get(&format!("incidents/{id}"))?.0 == 200))?;
    until("the phone listens", || Ok(phone.device().is_listening()))?;

    boss.take_step(&id, "accept", &json!({}))?;
    boss.take_step(&id, "dispatch", &json!({ "departments": [HOUSING] }))?;
    assert_eq!(stranger.get(&format!("incidents/{id}"))?.0, 404);
    handler.take_step(&id, "sign", &json!({}))?;
    handler.take_step(&id, "result", &json!({ "opinion": "已重新固定" }))?;
    let dispatched = Instant::now();
    until("the phone has its check", || {
        let may = on_phone(&phone, &id)?["may"].clone();
        Ok(may.as_array().is_some_and(|may| may.contains(&json!("pass"))))
    })?;
    println!("the check reached the phone after {:?}", dispatched.elapsed());

    phone.call("add_incident_step", json!({ "incident": id, "action": "pass", "opinion": "看过，牢固" }))?;
    until("the desk has the check", || Ok(boss.read(&format!("incidents/{id}"))?["progress"]["state"] == "passed"))?;
    let closed = boss.take_step(&id, "close", &json!({}))?;
    assert_eq!(closed["progress"]["ended"], true);
    boss.take_step(&id, "rate", &json!({ "departments": [HOUSING], "rating": "satisfied" }))?;
    until("the phone sees it closed", || Ok(on_phone(&phone, &id)?["progress"]["state"] == "closed"))?;
    let told = on_phone(&phone, &id)?;
    assert!(told["progress"]["steps"].as_array().is_some_and(|steps| steps.iter().all(|step| step["late"] == false)));
    Ok(())
}

/// Somebody at an own window of the desk.
async fn window(folder: &Path, county: &County, account: &str, name: &str) -> Outcome<Browser> {
    let desk = Browser::desk(&folder.join(name), &county.address()).await?;
    desk.sign_in(account, &county.demo.desk.password).await?;
    desk.tap(&named("nav-incidents")).await?;
    Ok(desk)
}

async fn open(desk: &Browser, id: &str) -> Outcome {
    desk.tap(&named_with("incident-row", "data-id", id)).await?;
    desk.see(&named("incident-title")).await.map(|_| ())
}

/// Takes a step in a window, with these words when it asks for some.
async fn act(desk: &Browser, action: &str, words: Option<&str>, state: &str) -> Outcome {
    desk.tap(&named(&format!("act-{action}"))).await?;
    if let Some(words) = words {
        desk.write(&named("opinion"), words).await?;
    }
    desk.tap(&named("action-send")).await?;
    desk.see_attribute(&named("incident-state"), "data-state", state).await
}

#[tokio::test(flavor = "multi_thread")]
async fn the_whole_loop_in_the_windows_of_a_supervisor_and_a_department() -> Outcome {
    let folder = tempfile::tempdir().doing("making a folder")?;
    let county = County::found(folder.path(), "village")?;
    let phone_folder = folder.path().join("phone");
    let (address, code) = (county.address(), county.demo.worker.enrol_code.clone());
    let (phone, id) = blocking(move || {
        let phone = Phone::enrol(&phone_folder, &address, &code)?;
        phone.round()?;
        let id = report(&phone, TITLE)?;
        phone.round()?;
        Ok((phone, id))
    })
    .await?;
    let boss = window(folder.path(), &county, &county.demo.desk.account, "boss").await?;
    let second = window(folder.path(), &county, &county.demo.desk.account, "second").await?;
    let handler = window(folder.path(), &county, HANDLER, "handler").await?;
    let mut stations = Stations::begin("incidents")?;

    for window in [&boss, &second] {
        window.write(&named("filter-text"), TITLE).await?;
        open(window, &id).await?;
    }
    act(&boss, "accept", None, "accepted").await?;
    // The other page still shows it as it was: whoever acts on that is told, and does nothing twice.
    second.tap(&named("act-accept")).await?;
    second.tap(&named("action-send")).await?;
    second.see_attribute(&named("incident-state"), "data-state", "accepted").await?;
    second.see(&named("news")).await?;
    stations.keep(&second, "second-is-told").await?;

    // The department of the category is proposed already.
    act(&boss, "dispatch", None, "dispatched").await?;
    stations.keep(&boss, "dispatched").await?;
    handler.reload().await?;
    open(&handler, &id).await?;
    act(&handler, "sign", None, "signed").await?;
    act(&handler, "result", Some("已重新固定"), "resulted").await?;
    stations.keep(&handler, "result").await?;

    let checked = id.clone();
    blocking(move || {
        phone.round()?;
        phone.call("add_incident_step", json!({ "incident": checked, "action": "pass", "opinion": "看过，牢固" }))?;
        phone.round().map(|_| ())
    })
    .await?;
    boss.reload().await?;
    boss.see_attribute(&named("incident-state"), "data-state", "passed").await?;
    boss.tap(&named("act-call")).await?;
    boss.tap(&named("call-satisfied")).await?;
    boss.tap(&named("call-send")).await?;
    boss.gone(&named("call-form")).await?;
    act(&boss, "close", None, "closed").await?;
    boss.tap(&named("act-rate")).await?;
    boss.tap(&named("rating-fairly")).await?;
    boss.tap(&named("action-send")).await?;
    boss.gone(&named("act-rate")).await?;
    stations.keep(&boss, "closed").await?;
    boss.tap(&named("nav-departments")).await?;
    boss.see(&named_with("department-row", "data-department", HOUSING)).await?;
    stations.keep(&boss, "departments").await
}

/// What an image in the page shows, once it has come, as a JPEG that the page itself paints.
const PAINTED_AGAIN: &str = "const [css, done] = arguments;
    const look = () => {
        const image = document.querySelector(css);
        image?.scrollIntoView({ block: 'center' });
        if (!image?.complete || image.naturalWidth === 0) return setTimeout(look, 40);
        const canvas = document.createElement('canvas');
        [canvas.width, canvas.height] = [image.naturalWidth, image.naturalHeight];
        canvas.getContext('2d').drawImage(image, 0, 0);
        done(canvas.toDataURL('image/jpeg', 0.95).split(',')[1]);
    };
    look();";

/// Insists that an image in the page shows the camera's photo the right way up.
async fn insist_on_the_photo(window: &Browser, css: &str) -> Outcome {
    window.see(css).await?;
    let told = window.run(PAINTED_AGAIN, vec![json!(css)]).await?;
    let bytes = STANDARD.decode(told.as_str().unwrap_or_default()).doing("reading what the page painted")?;
    picture::shows(&bytes, &picture::upright()?)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_department_s_photo_of_the_result_is_seen_at_the_desk_and_after_a_round_on_the_worker_s_phone() -> Outcome {
    let folder = tempfile::tempdir().doing("making a folder")?;
    let county = County::found(folder.path(), "village")?;
    let phone = Host::start(folder.path(), &county).await?;
    let mut wishes = phone.call("preferences", json!({})).await?;
    wishes["tour_seen"] = true.into();
    phone.call("set_preferences", wishes).await?;
    let fields = json!({ "category": CATEGORY, "severity": 3, "title": TITLE, "place": "东门外" });
    let wish = json!({ "kind": "incident", "id": null, "cell": null, "fields": fields });
    let id = phone.call("save", wish).await?["id"].as_str().unwrap_or_default().to_owned();
    phone.until_safe().await?;
    tokio::task::block_in_place(|| -> Outcome {
        let boss = Desk::sign_in(&county)?;
        boss.take_step(&id, "accept", &json!({}))?;
        boss.take_step(&id, "dispatch", &json!({ "departments": [HOUSING] })).map(|_| ())
    })?;

    let handler = window(folder.path(), &county, HANDLER, "handler").await?;
    let mut stations = Stations::begin("result-photo")?;
    open(&handler, &id).await?;
    act(&handler, "sign", None, "signed").await?;
    let photo = add_a_photo_of_the_result(&handler, folder.path()).await?;
    stations.keep(&handler, "chosen").await?;
    handler.write(&named("opinion"), "已重新固定").await?;
    handler.tap(&named("action-send")).await?;
    handler.see_attribute(&named("incident-state"), "data-state", "resulted").await?;
    insist_on_the_photo(&handler, &format!("{} img", named_with("photo", "data-id", &photo))).await?;
    stations.keep(&handler, "at-the-desk").await?;

    phone.until_safe().await?;
    let page = phone.call("incident", json!({ "id": id })).await?;
    let shown = &page["photos"][0];
    if (&shown["id"], &shown["photo_kind"]) != (&json!(photo), &json!("after")) {
        return trouble(format!("The phone does not know the photo of the result: {}", page["photos"]));
    }
    let address = format!("{}/?result#/incident/{id}", phone.address());
    let hand = Browser::page("phone", &folder.path().join("hand"), &address, (390, 844), true).await?;
    insist_on_the_photo(&hand, &format!("{} img", named_with("photo-thumb", "data-id", &photo))).await?;
    stations.keep(&hand, "on-the-phone").await
}

/// A file that only calls itself a photo is refused and nothing is added; the camera's is taken, and chosen for the result.
async fn add_a_photo_of_the_result(handler: &Browser, folder: &Path) -> Outcome<String> {
    let false_name = folder.join("result.jpg");
    std::fs::write(&false_name, "no photo at all").doing("writing a file")?;
    handler.tap(&named("act-result")).await?;
    handler.choose_file(&named("after-file"), &false_name).await?;
    handler.see(&named("after-problem")).await?;
    assert_eq!(handler.count(&named("after-photo")).await?, 0);
    handler.choose_file(&named("after-file"), &picture::turned_left_gps()).await?;
    handler.have(&format!("{}:checked", named("after-photo"))).await?;
    handler.gone(&named("after-problem")).await?;
    handler.value(&named("after-photo")).await
}

/// What a hand hits in its middle.
const CANVAS: &str = ".maplibregl-canvas";
/// Whether the focus is on the incident of that id, in the list beside the map.
const IS_FOCUSED: &str = "const [id, done] = arguments;
    const focused = document.activeElement;
    done(focused?.dataset.id === id && focused.closest('[data-test=\"map-list\"]') !== null);";

#[tokio::test(flavor = "multi_thread")]
async fn what_a_phone_reports_stands_on_the_desk_s_map_and_what_has_no_place_is_counted_there() -> Outcome {
    let folder = tempfile::tempdir().doing("making a folder")?;
    let county = County::found(folder.path(), "village")?;
    let (placed, unplaced) = tokio::task::block_in_place(|| -> Outcome<_> {
        let phone = Phone::enrol(&folder.path().join("phone"), &county.address(), &county.demo.worker.enrol_code)?;
        let middle = middle_of(&Desk::sign_in(&county)?.read("boundaries")?)?;
        let ids = (report_at(&phone, TITLE, &middle)?, report(&phone, TITLE)?);
        phone.round()?;
        Ok(ids)
    })?;
    let desk = window(folder.path(), &county, &county.demo.desk.account, "boss").await?;
    let mut stations = Stations::begin("incident-map")?;
    desk.tap(&named("view-map")).await?;
    desk.write(&named("filter-text"), TITLE).await?;
    let beside = |id: &str| format!("{} {}", named("map-list"), named_with("incident-row", "data-id", id));
    // The list beside the map has this one alone once it is filtered; the other is counted above it.
    desk.ask("the list beside the map to be filtered", async || {
        Ok((desk.count(&format!("{} li", named("map-list"))).await.unwrap_or_default() == 1).then_some(()))
    })
    .await?;
    desk.see(&beside(&placed)).await?;
    desk.see_text(&named("map-unplaced"), "1").await?;
    desk.see_attribute(&named("map"), "data-phase", "drawn").await?;

    // Its mark lies in the middle of everything, which is where the hand comes down.
    desk.tap(&named("map-whole")).await?;
    desk.tap(CANVAS).await?;
    desk.see(&format!("{} {}", named("map-chosen"), named_with("incident-row", "data-id", &placed))).await?;
    stations.keep(&desk, "chosen").await?;

    by_keyboard_to(&desk, &placed).await?;
    desk.press(&String::from(char::from(Key::Enter))).await?;
    desk.see_text(&named("incident-title"), TITLE).await?;
    desk.tap(&named("back")).await?;
    desk.tap(&named("map-unplaced")).await?;
    desk.see(&format!("{} {}", named("incident-list"), named_with("incident-row", "data-id", &unplaced))).await?;
    desk.gone(&named_with("incident-row", "data-id", &placed)).await?;
    desk.gone(&named("incident-map")).await?;
    stations.keep(&desk, "without-a-place").await
}

/// From where the focus is, key by key, to an incident beside the map.
async fn by_keyboard_to(desk: &Browser, id: &str) -> Outcome {
    for _ in 0..60 {
        desk.press(&String::from(char::from(Key::Tab))).await?;
        if desk.run(IS_FOCUSED, vec![json!(id)]).await? == json!(true) {
            return Ok(());
        }
    }
    trouble("No key leads to the incident beside the map.")
}

/// The middle of all cells that the desk sees.
fn middle_of(cells: &Value) -> Outcome<Value> {
    let mut corners = Vec::new();
    for cell in cells.as_array().map(Vec::as_slice).unwrap_or_default() {
        corners_in(&cell["boundary"]["coordinates"], &mut corners);
    }
    let middle = |of: fn(&(f64, f64)) -> f64| {
        let (least, most) = corners
            .iter()
            .map(of)
            .fold((f64::INFINITY, f64::NEG_INFINITY), |(least, most), one| (least.min(one), most.max(one)));
        (least + most) / 2.0
    };
    if corners.is_empty() {
        return trouble("No cell of the demonstration has a boundary.");
    }
    Ok(json!({ "lat": middle(|corner| corner.1), "lng": middle(|corner| corner.0) }))
}

/// Longitude and latitude of every corner, however deep they lie.
fn corners_in(coordinates: &Value, corners: &mut Vec<(f64, f64)>) {
    let Some(parts) = coordinates.as_array() else { return };
    match (parts.first().and_then(Value::as_f64), parts.get(1).and_then(Value::as_f64)) {
        (Some(lng), Some(lat)) => corners.push((lng, lat)),
        _ => parts.iter().for_each(|part| corners_in(part, corners)),
    }
}

async fn blocking<T: Send + 'static>(work: impl FnOnce() -> Outcome<T> + Send + 'static) -> Outcome<T> {
    tokio::task::spawn_blocking(work).await.doing("waiting for a phone")?
}
