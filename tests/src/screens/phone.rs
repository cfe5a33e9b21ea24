//! The worker's screens: a demonstration village, a phone enrolled with it, and every address of the app.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;

use serde_json::{Value, json};

use super::{Gallery, Look, Shot};
use crate::browser::{Browser, named};
use crate::county::County;
use crate::phones::PIN;
use crate::program::{self, Program};
use crate::trouble::{Doing, Outcome, trouble};

/// The sizes of the issue: a common phone, and the smallest.
const COMMON: (u16, u16) = (390, 844);
const SMALL: (u16, u16) = (360, 640);

/// Every look: all of the common size, and the smallest with ordinary and the largest type.
pub fn looks() -> Vec<Look> {
    let mut looks = Vec::new();
    for language in ["zh", "en"] {
        for theme in ["light", "dark"] {
            for percent in [100, 200] {
                looks.push(Look { language, theme, percent, size: COMMON });
            }
        }
        for percent in [100, 200] {
            looks.push(Look { language, theme: "light", percent, size: SMALL });
        }
    }
    looks
}

/// The local host of the phone's commands, with a phone of the demonstration's worker.
pub struct Host {
    address: String,
    client: reqwest::Client,
    _program: Program,
}

impl Host {
    /// Starts it, enrols, and waits until everything came down.
    ///
    /// # Errors
    /// When a program is missing or does not start.
    pub async fn start(folder: &Path, county: &County) -> Outcome<Self> {
        let port = program::free_port()?;
        let listen = program::loopback(port).to_string();
        let mut command = Command::new(program::built("device-host")?);
        command.args(["--listen", &listen, "--folder"]).arg(folder.join("phone"));
        command.arg("--ui").arg(program::root().join("ui/dist/field"));
        let mut program = Program::start("device-host", command, folder)?;
        program.wait_until("listening", || program::listens(port))?;
        let client = reqwest::Client::builder().no_proxy().build().doing("making a client")?;
        let host = Self { address: format!("http://{listen}"), client, _program: program };
        let code = &county.demo.worker.enrol_code;
        let enrolment = json!({ "server": county.address(), "code": code, "pin": PIN, "device_name": "screens" });
        host.call("enrol", enrolment).await?;
        host.until_safe().await?;
        Ok(host)
    }

    /// Where the screens are.
    pub fn address(&self) -> &str {
        &self.address
    }

    /// A colleague's register comes onto the phone; then it is back in the first worker's hands, open.
    ///
    /// # Errors
    /// When one of the steps is refused.
    pub async fn share(&self, county: &County, colleague: &str) -> Outcome {
        let code = county.enrol_code(colleague)?;
        self.call("add_worker", json!({})).await?;
        let enrolment = json!({ "server": county.address(), "code": code, "pin": PIN, "device_name": "screens" });
        self.call("enrol", enrolment).await?;
        self.back_to_the_first().await
    }

    async fn back_to_the_first(&self) -> Outcome {
        self.call("hand_to", json!({ "place": 1 })).await?;
        self.call("unlock", json!({ "pin": PIN })).await.map(|_| ())
    }

    /// The screens before a register is open: the lock with everybody's name, and the one for a code of the desk.
    async fn photograph_the_door(&self, window: &Browser, gallery: &mut Gallery, look: Look) -> Outcome {
        for (name, command, see) in [("unlock", "lock", "workers"), ("enrol", "add_worker", "workers")] {
            self.call(command, json!({})).await?;
            window.go(&format!("{}/?{name}#/today", self.address)).await?;
            match window.see(&named(see)).await {
                Ok(_) => gallery.take(window, name, look).await?,
                Err(error) => gallery.miss(name, look, error.to_string()),
            }
        }
        self.back_to_the_first().await
    }

    /// A command of the phone.
    ///
    /// # Errors
    /// With the failure of the command.
    pub async fn call(&self, command: &str, args: Value) -> Outcome<Value> {
        let request = self.client.post(format!("{}/call/{command}", self.address)).json(&args);
        let answer = request.send().await.doing("calling the phone")?;
        let good = answer.status().is_success();
        let value: Value = answer.json().await.doing("reading the phone's answer")?;
        if good { Ok(value) } else { trouble(format!("`{command}` failed: {value}")) }
    }

    /// Waits until everything is on the server.
    ///
    /// # Errors
    /// When it is not in time.
    pub async fn until_safe(&self) -> Outcome {
        let start = std::time::Instant::now();
        loop {
            if self.call("sync_state", json!({})).await?["phase"] == "safe" {
                return Ok(());
            }
            if start.elapsed() > program::PATIENCE {
                return trouble("The phone's first round did not end.");
            }
            self.call("sync_now", json!({})).await?;
            tokio::time::sleep(std::time::Duration::from_millis(200)).await;
        }
    }

    /// Takes every picture in every look.
    ///
    /// # Errors
    /// When a window cannot be opened at all; a screen that does not come is a finding.
    pub async fn photograph(&self, gallery: &mut Gallery, folder: &Path, looks: &[Look]) -> Outcome {
        let shots = shots(&self.ids().await?);
        for size in [COMMON, SMALL] {
            let of_size: Vec<Look> = looks.iter().copied().filter(|look| look.size == size).collect();
            if of_size.is_empty() {
                continue;
            }
            let profile = folder.join(format!("window-{}", size.0));
            let window = Browser::page("phone", &profile, &self.address, size, true).await?;
            for look in of_size {
                self.wear(look).await?;
                for shot in &shots {
                    if let Err(error) = self.show(&window, shot).await {
                        gallery.miss(&shot.name, look, error.to_string());
                    } else {
                        gallery.take(&window, &shot.name, look).await?;
                    }
                }
                self.photograph_the_door(&window, gallery, look).await?;
            }
        }
        Ok(())
    }

    async fn wear(&self, look: Look) -> Outcome {
        let mut wanted = self.call("preferences", json!({})).await?;
        wanted["language"] = look.language.into();
        wanted["theme"] = look.theme.into();
        wanted["type_percent"] = look.percent.into();
        wanted["tour_seen"] = true.into();
        self.call("set_preferences", wanted).await.map(|_| ())
    }

    async fn show(&self, window: &Browser, shot: &Shot) -> Outcome {
        // A fresh document each time: what one screen left open must not stand in the next picture.
        window.go(&format!("{}/?{}#{}", self.address, shot.name, shot.path)).await?;
        window.see(&shot.see).await?;
        if let Some((tap, then)) = &shot.tap {
            window.tap(tap).await?;
            window.see(then).await?;
        }
        Ok(())
    }

    /// Something of each kind, for the addresses.
    async fn ids(&self) -> Outcome<BTreeMap<&'static str, String>> {
        let mut ids = BTreeMap::new();
        let text = |value: &Value| value.as_str().map(str::to_owned);
        let buildings = self.call("buildings", json!({})).await?;
        for building in buildings.as_array().into_iter().flatten() {
            let board = self.call("doors", json!({ "building": building["id"] })).await?;
            let doors = doors(&board);
            let lived_in = doors.iter().find(|door| door["household_id"].is_string() && door["head_name"].is_string());
            if let Some(door) = lived_in {
                ids.extend(text(&building["id"]).map(|id| ("building", id)));
                ids.extend(text(&door["household_id"]).map(|id| ("household", id)));
                ids.extend(text(&door["dwelling_id"]).map(|id| ("dwelling", id)));
                break;
            }
        }
        if let Some(household) = ids.get("household") {
            let page = self.call("household", json!({ "id": household })).await?;
            ids.extend(text(&page["people"][0]["id"]).map(|id| ("person", id)));
            ids.extend(text(&page["people"][1]["id"]).map(|id| ("other", id)));
        }
        if let Some(dwelling) = ids.get("dwelling") {
            let fields = json!({ "dwelling": dwelling, "landlord_name": "房东", "landlord_phone": "13800000000", "tenants": 3, "starts_on": "2026-01-01" });
            let tenancy = self.call("save", json!({ "kind": "tenancy", "fields": fields })).await?;
            ids.extend(text(&tenancy["id"]).map(|id| ("tenancy", id)));
        }
        for (name, command, place) in FIRST_OF {
            let answer = self.call(command, json!({})).await?;
            ids.extend(answer.pointer(place).and_then(text).map(|id| (*name, id)));
        }
        Ok(ids)
    }
}

fn doors(board: &Value) -> Vec<&Value> {
    let list = |value: &'_ Value, name: &str| value.get(name).and_then(Value::as_array).is_some();
    let units = board["units"].as_array().into_iter().flatten().filter(|unit| list(unit, "floors"));
    let floors = units.flat_map(|unit| unit["floors"].as_array().into_iter().flatten());
    floors.flat_map(|floor| floor["doors"].as_array().into_iter().flatten()).collect()
}

/// Where the first of each kind is found: its name in addresses, the command, the place in the answer.
const FIRST_OF: &[(&str, &str, &str)] = &[
    ("incident", "incidents", "/0/id"),
    ("care", "care", "/0/id"),
    ("notice", "notices", "/0/id"),
    ("task", "tasks", "/0/id"),
    ("dispute", "disputes", "/0/id"),
    ("place", "inspection_places", "/0/id"),
    ("point", "hazard_points", "/0/id"),
    ("unplaced", "cell_map", "/unplaced/0/id"),
    ("evacuation", "evacuations", "/standing/0/id"),
];

/// The screens, as far as the register has something to show on them.
fn shots(ids: &BTreeMap<&'static str, String>) -> Vec<Shot> {
    const SCREENS: &[(&str, &str, &str)] = &[
        ("today", "/today", "[data-test=\"due-door\"]"),
        ("buildings", "/doors", "[data-test=\"building\"]"),
        ("doors", "/doors/{building}", "[data-test=\"door\"]"),
        ("map", "/map", "[data-test=\"map\"][data-phase=\"drawn\"]"),
        ("map-place", "/map?place={unplaced}", "[data-test=\"place-save\"]"),
        ("doors-add", "/doors/{building}/add", "[data-test=\"save\"]"),
        ("household", "/household/{household}", "[data-test=\"person-row\"]"),
        ("person", "/person/{person}", "[data-test=\"edit\"]"),
        ("person-form", "/edit/person/{person}", "[data-test=\"save\"]"),
        ("person-new", "/new/person?household={household}", "[data-test=\"save\"]"),
        ("building-new", "/new/building", "[data-test=\"save\"]"),
        ("dwelling-form", "/edit/dwelling/{dwelling}", "[data-test=\"save\"]"),
        ("dwelling", "/dwelling/{dwelling}", "[data-test=\"add-tenancy\"]"),
        ("tenancy", "/tenancy/{tenancy}", "[data-test=\"check-safety\"]"),
        ("tenancy-new", "/new/tenancy?dwelling={dwelling}", "[data-test=\"save\"]"),
        ("person-move", "/person/{person}/move", "[data-test=\"room-search\"]"),
        ("household-move", "/household/{household}/move", "[data-test=\"room-search\"]"),
        ("same", "/same/{person}", "[data-test=\"same-search\"]"),
        ("same-compare", "/same/{person}/{other}", "[data-test=\"pair\"]"),
        ("visit", "/visit/household/{household}", "[data-test=\"save\"]"),
        ("report", "/report", "[data-test=\"report-category-search\"]"),
        ("incidents", "/incidents", "[data-test=\"incident-row\"]"),
        ("incident", "/incident/{incident}", "h1"),
        ("me", "/me", "[data-test=\"lock\"]"),
        ("sheets", "/sheets", "[data-test=\"sheet\"]"),
        ("month", "/month", "[data-test=\"month-share\"]"),
        ("care", "/care", "main h1"),
        ("care-plan", "/care/{care}", "main h1"),
        ("care-new", "/new/care_plan?person={person}", "[data-test=\"save\"]"),
        ("notices", "/notices", "main h1"),
        ("notice", "/notice/{notice}", "main h1"),
        ("tasks", "/tasks", "main h1"),
        ("task", "/task/{task}", "main h1"),
        ("feedback", "/feedback", "main h1"),
        ("disputes", "/disputes", "main h1"),
        ("dispute", "/dispute/{dispute}", "main h1"),
        ("dispute-new", "/new/dispute", "[data-test=\"save\"]"),
        ("dispute-mediation", "/dispute/{dispute}/add/mediation", "[data-test=\"save\"]"),
        ("inspections", "/inspections", "main h1"),
        ("inspection-place", "/inspect/{place}", "main h1"),
        ("evacuations", "/evacuations", "main h1"),
        ("roll-call", "/evacuation/{evacuation}", "main h1"),
        ("roll-call-give", "/evacuation/{evacuation}/give", "main h1"),
        ("evacuation-order", "/evacuation-order", "main h1"),
        ("evacuation-take", "/evacuation-take", "main h1"),
        ("hazard-points", "/hazard-points", "main h1"),
        ("hazard-point", "/hazard-point/{point}", "main h1"),
        ("hazard-cards", "/hazard-point/{point}/cards", "main"),
        ("storage", "/storage", "[data-test=\"storage-total\"]"),
    ];
    let mut shots: Vec<Shot> = SCREENS.iter().filter_map(|(name, path, see)| shot(ids, name, path, see)).collect();
    let sheet = shots.iter().find(|shot| shot.name == "today").cloned();
    shots.extend(sheet.map(|today| Shot {
        name: "sync-sheet".to_owned(),
        tap: Some((named("sync-bar"), named("sync-sheet"))),
        ..today
    }));
    let me = shots.iter().find(|shot| shot.name == "me").cloned();
    shots.extend(me.map(|me| Shot { name: "tour".to_owned(), tap: Some((named("tour-again"), named("tour"))), ..me }));
    shots
}

/// A screen whose address is complete.
fn shot(ids: &BTreeMap<&'static str, String>, name: &str, path: &str, see: &str) -> Option<Shot> {
    let mut path = path.to_owned();
    for (kind, id) in ids {
        path = path.replace(&format!("{{{kind}}}"), id);
    }
    let whole = !path.contains('{');
    whole.then(|| Shot { name: name.to_owned(), path, see: see.to_owned(), tap: None })
}
