//! The map of the cell without a server: it is drawn in the app's own window, under the window's own policy; and in Chromium a tap on a
//! building opens its doors, and a position that was set by a tap is stored, waits to be sent, and is sent once there is a server again.

use doorstep_tests::browser::{Browser, named, named_with};
use doorstep_tests::county::County;
use doorstep_tests::phones::PIN;
use doorstep_tests::screen::Screen;
use doorstep_tests::screens::phone::Host;
use doorstep_tests::trouble::{Doing, Outcome, trouble};
use serde_json::{Value, json};

/// What a finger hits: the canvas, in its middle.
const CANVAS: &str = ".maplibregl-canvas";

#[tokio::test(flavor = "multi_thread")]
async fn the_map_opens_without_a_server_and_a_position_set_by_a_tap_is_stored_and_unsent() -> Outcome {
    let folder = tempfile::tempdir().doing("making a folder")?;
    let mut county = County::found(folder.path(), "village")?;
    let host = Host::start(folder.path(), &county).await?;
    let mut wishes = host.call("preferences", json!({})).await?;
    wishes["tour_seen"] = true.into();
    host.call("set_preferences", wishes).await?;
    county.stop();

    let window = Browser::page("phone", &folder.path().join("window"), host.address(), (390, 844), true).await?;
    let building = a_tapped_building_opens_its_doors(&host, &window).await?;
    a_position_is_set_by_a_tap(&host, &window, &building).await?;

    county.start()?;
    host.until_safe().await?;
    assert_eq!(host.call("sync_state", json!({})).await?["waiting_records"], 0);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn the_map_is_drawn_in_the_app_s_own_window() -> Outcome {
    let folder = tempfile::tempdir().doing("making a folder")?;
    let mut county = County::found(folder.path(), "village")?;
    let screen = Screen::open()?;
    let window = Browser::app(&folder.path().join("app"), &screen).await?;
    window.write(&named("enrol-server"), &county.address()).await?;
    window.write(&named("enrol-code"), &county.demo.worker.enrol_code).await?;
    window.write(&named("enrol-pin"), PIN).await?;
    window.write(&named("enrol-pin-again"), PIN).await?;
    window.tap(&named("enrol-submit")).await?;
    window.see_attribute(&named("sync-bar"), "data-phase", "safe").await?;
    county.stop();
    // The tour lies over everything on the first day; the map is opened beneath it.
    window.run("const [done] = arguments; location.hash = '#/map'; done(true);", Vec::new()).await?;
    window.see_attribute(&named("map"), "data-phase", "drawn").await?;
    Ok(())
}

/// Answers with the building.
async fn a_tapped_building_opens_its_doors(host: &Host, window: &Browser) -> Outcome<String> {
    let map = host.call("cell_map", json!({})).await?;
    let places = map["places"]["features"].as_array().map(Vec::as_slice).unwrap_or_default();
    let Some(building) = places.iter().find(|place| place["properties"]["kind"] == "building") else {
        return trouble("The demonstration has no building with a position.");
    };
    let id = building["properties"]["id"].as_str().unwrap_or_default().to_owned();
    window.go(&format!("{}/?at#/map?at=building:{id}", host.address())).await?;
    window.see(&named_with("map", "data-phase", "drawn")).await?;
    window.tap(CANVAS).await?;
    window.see(&named("door")).await?;
    let address = window.run("const [done] = arguments; done(location.hash);", Vec::new()).await?;
    assert_eq!(address, json!(format!("#/doors/{id}")));
    Ok(id)
}

async fn a_position_is_set_by_a_tap(host: &Host, window: &Browser, beside: &str) -> Outcome {
    let before = unplaced(host).await?;
    let Some(waiting) = before.first() else { return trouble("Every building has a position already.") };
    assert_eq!(host.call("sync_state", json!({})).await?["waiting_records"], 0);
    window.go(&format!("{}/?place#/map?at=building:{beside}", host.address())).await?;
    window.see(&named_with("map", "data-phase", "drawn")).await?;
    window.tap(&format!("{} {}", named_with("unplaced", "data-id", waiting), named("place-building"))).await?;
    window.see(&named("placing")).await?;
    window.tap(CANVAS).await?;
    window.tap(&format!("{}:not([disabled])", named("place-save"))).await?;
    window.gone(&named_with("unplaced", "data-id", waiting)).await?;

    assert_eq!(unplaced(host).await?.len() + 1, before.len());
    let position = |record: Value| record["record"]["fields"]["position"].clone();
    let here = position(host.call("record", json!({ "id": beside })).await?);
    let set = position(host.call("record", json!({ "id": waiting })).await?);
    let apart = |field: &str| (here[field].as_f64().unwrap_or(0.0) - set[field].as_f64().unwrap_or(90.0)).abs();
    // The map shows the other building in its middle, which is where the finger came down: a few pixels apart at most.
    assert!(apart("lat") < 1e-4 && apart("lng") < 1e-4, "{here} {set}");
    assert_eq!(host.call("sync_state", json!({})).await?["waiting_records"], 1, "stored and unsent");
    Ok(())
}

async fn unplaced(host: &Host) -> Outcome<Vec<String>> {
    let map = host.call("cell_map", json!({})).await?;
    let lines = map["unplaced"].as_array().map(Vec::as_slice).unwrap_or_default();
    Ok(lines.iter().filter_map(|line| line["id"].as_str()).map(str::to_owned).collect())
}
