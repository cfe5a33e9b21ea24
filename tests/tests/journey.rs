//! The main job from end to end, in real windows: the app at a phone's size, the desk in Chromium, a real server between them.
//!
//! A worker without signal visits, corrects and reports; the app dies and comes back; the signal returns; a supervisor approves
//! and returns; the worker corrects. Pictures of every station are kept in `target/journey/`.

use std::path::Path;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use doorstep_tests::browser::{Browser, named, named_with};
use doorstep_tests::county::County;
use doorstep_tests::screen::Screen;
use doorstep_tests::stations::Stations;
use doorstep_tests::trouble::{Doing, Outcome, trouble};
use doorstep_tests::{picture, program};
use ib_pinyin::matcher::PinyinMatcher;
use ib_pinyin::pinyin::PinyinNotation;
use serde_json::{Value, json};

const PIN: &str = "246810";
const NEW_PHONE: &str = "13987654321";
const TITLE: &str = "楼道堆放杂物";
const TEXT: &str = "三楼转角堆放纸箱和旧家具，影响通行。";
const REMARK: &str = "请写明是几单元，有没有堵住消防通道";
const CORRECTED: &str = "一单元三楼转角堆放纸箱和旧家具，消防通道没有堵住。";

#[tokio::test(flavor = "multi_thread")]
async fn a_visit_without_signal_reaches_the_desk_and_is_approved() -> Outcome {
    let folder = tempfile::tempdir().doing("making a folder")?;
    let county = County::found(folder.path(), "village")?;
    let screen = Screen::open()?;
    let phone = Browser::app(&folder.path().join("app"), &screen).await?;
    let desk = Browser::desk(&folder.path().join("desk"), &county.address()).await?;
    let stations = Stations::begin("journey")?;
    let mut journey = Journey { phone, desk, county, stations, screen, folder: folder.path() };
    let outcome = journey.travel().await;
    if outcome.is_err() {
        journey.stations.keep_failure(&journey.phone).await;
        journey.stations.keep_failure(&journey.desk).await;
    }
    outcome
}

/// Two windows, a server, and the way between them.
struct Journey<'a> {
    phone: Browser,
    desk: Browser,
    county: County,
    stations: Stations,
    screen: Screen,
    folder: &'a Path,
}

/// Two neighbours' doors of one building, chosen from the register that came down.
struct Doors {
    household: String,
    door: String,
    neighbour_household: String,
    neighbour_door: String,
    resident: String,
    resident_name: String,
}

/// What the worker did without signal.
struct Work {
    visit: String,
    resident: String,
    incident: String,
}

impl Journey<'_> {
    async fn travel(&mut self) -> Outcome {
        self.enrol().await?;
        self.start_again_and_unlock("locked").await?;
        let doors = self.choose_doors().await?;
        self.county.stop();
        let visit = self.visit(&doors).await?;
        self.correct_a_phone_number(&doors).await?;
        let incident = self.report().await?;
        let work = Work { visit, resident: doors.resident.clone(), incident };

        self.kill_the_app().await?;
        self.start_again_and_unlock("locked-again").await?;
        self.everything_is_there(&doors, &work).await?;

        self.county.start()?;
        self.phone.see_attribute(&named("sync-bar"), "data-phase", "safe").await?;
        self.shot_of_phone("all-safe").await?;

        self.sign_in_at_the_desk().await?;
        self.the_desk_sees_visit_and_correction(&work).await?;
        self.the_desk_sees_the_incident(&work).await?;
        self.approve(&work.visit).await?;
        self.return_the_incident(&work).await?;

        self.the_worker_corrects(&work).await?;
        self.the_correction_is_approved(&work).await
    }

    // -- the phone --------------------------------------------------------------------------------------------------------

    async fn enrol(&mut self) -> Outcome {
        self.phone.write(&named("enrol-server"), &self.county.address()).await?;
        self.phone.write(&named("enrol-code"), &self.county.demo.worker.enrol_code).await?;
        self.phone.write(&named("enrol-pin"), PIN).await?;
        self.phone.write(&named("enrol-pin-again"), PIN).await?;
        self.shot_of_phone("enrol").await?;
        self.phone.tap(&named("enrol-submit")).await?;
        self.phone.see(&named("tab-today")).await?;
        self.the_first_minute().await?;
        self.phone.see(&named("demo-mark")).await?;
        self.phone.see_attribute(&named("sync-bar"), "data-phase", "safe").await?;
        self.phone.see(&named("due-door")).await?;
        self.shot_of_phone("first-pull").await
    }

    /// Three cards, once.
    async fn the_first_minute(&mut self) -> Outcome {
        for card in ["doors", "offline", "report"] {
            self.phone.see(&named_with("tour", "data-card", card)).await?;
            if card == "doors" {
                self.shot_of_phone("first-minute").await?;
            }
            self.phone.tap(&named("tour-next")).await?;
        }
        self.phone.gone(&named("tour")).await
    }

    async fn start_again_and_unlock(&mut self, station: &str) -> Outcome {
        // Two programs must not share one phone: the old one goes first.
        self.phone.kill();
        self.phone = Browser::app(&self.folder.join("app"), &self.screen).await?;
        self.phone.write(&named("pin-input"), PIN).await?;
        self.shot_of_phone(station).await?;
        self.phone.tap(&named("unlock")).await?;
        self.phone.see(&named("tab-today")).await?;
        self.phone.see(&named("search-input")).await.map(|_| ())
    }

    async fn kill_the_app(&mut self) -> Outcome {
        let app = self.phone.process("doorstep")?;
        program::kill(app);
        let start = std::time::Instant::now();
        while program::is_running(app) {
            if start.elapsed() > program::PATIENCE {
                return trouble("The app outlived SIGKILL.");
            }
            tokio::task::yield_now().await;
        }
        Ok(())
    }

    /// Looks for two doors side by side in the register on the phone: data of the demonstration, so no test can know them.
    async fn choose_doors(&self) -> Outcome<Doors> {
        for building in list(&self.ask("buildings", json!({})).await?) {
            let board = self.ask("doors", json!({ "building": building["id"] })).await?;
            let floors = list(&board["units"]).into_iter().flat_map(|unit| list(&unit["floors"]));
            let doors: Vec<Value> = floors.flat_map(|floor| list(&floor["doors"])).collect();
            let lived_in: Vec<&Value> =
                doors.iter().filter(|door| door["household_id"].is_string() && door["head_name"].is_string()).collect();
            for pair in lived_in.windows(2) {
                let [one, other] = pair else { continue };
                let page = self.ask("household", json!({ "id": one["household_id"] })).await?;
                let with_phone = list(&page["people"]).into_iter().find(|person| {
                    person["phone_masked"].is_string() && person["left"] == false && person["name"] == one["head_name"]
                });
                let Some(resident) = with_phone else { continue };
                return Ok(Doors {
                    household: words(&one["household_id"]),
                    door: words(&one["dwelling_id"]),
                    neighbour_household: words(&other["household_id"]),
                    neighbour_door: words(&other["dwelling_id"]),
                    resident: words(&resident["id"]),
                    resident_name: words(&resident["name"]),
                });
            }
        }
        trouble("The demonstration has no two neighbours of whom one has a telephone.")
    }

    async fn visit(&mut self, doors: &Doors) -> Outcome<String> {
        let initials = initials(&doors.resident_name)?;
        let hit = named_with("search-hit", "data-id", &doors.resident);
        self.phone.write(&named("search-input"), &initials).await?;
        self.phone.see(&hit).await?;
        self.shot_of_phone("found-by-initials").await?;
        self.phone.tap(&hit).await?;
        self.phone.see_text("h1", &doors.resident_name).await?;
        self.phone.tap(&named("open-household")).await?;
        self.phone.see(&named_with("person-row", "data-id", &doors.resident)).await?;
        self.phone.tap(&named("show-on-board")).await?;

        // The board opens with the card of that door.
        self.phone.see(&named_with("door-card", "data-id", &doors.door)).await?;
        self.shot_of_phone("door-card").await?;
        self.phone.tap(&named("visit-met")).await?;
        self.phone.see(&named("visit-undo")).await?;
        let met = named_with("door", "data-id", &doors.door);
        self.phone.see_attribute(&met, "data-state", "met").await?;
        self.phone.gone(&named("door-card")).await?;
        self.shot_of_phone("visit-met").await?;

        let neighbour = named_with("door", "data-id", &doors.neighbour_door);
        self.phone.tap(&neighbour).await?;
        self.phone.see(&named_with("door-card", "data-id", &doors.neighbour_door)).await?;
        self.phone.tap(&named("visit-absent")).await?;
        self.phone.gone(&named("door-card")).await?;
        self.phone.see_attribute(&named("sync-bar"), "data-phase", "offline").await?;
        self.phone.see_attribute(&named("sync-bar"), "data-waiting", "2").await?;
        self.shot_of_phone("neighbour-absent").await?;

        let visits = list(&self.ask("today", json!({})).await?["recent"]);
        let result = |household: &str| {
            let found = visits.iter().find(|visit| visit["target_id"] == household);
            found.map(|visit| (words(&visit["id"]), words(&visit["result"])))
        };
        match (result(&doors.household), result(&doors.neighbour_household)) {
            (Some((visit, met)), Some((_, absent))) if met == "met" && absent == "absent" => Ok(visit),
            other => trouble(format!("The two visits are not among today's: {other:?}")),
        }
    }

    async fn correct_a_phone_number(&mut self, doors: &Doors) -> Outcome {
        self.phone.tap(&named_with("door", "data-id", &doors.door)).await?;
        self.phone.see(&named_with("door-card", "data-id", &doors.door)).await?;
        self.phone.tap(&named("open-household")).await?;
        self.phone.tap(&named_with("person-row", "data-id", &doors.resident)).await?;
        self.phone.see_text("h1", &doors.resident_name).await?;
        self.phone.tap(&named("edit")).await?;
        self.phone.rewrite(&named("field-phone"), NEW_PHONE).await?;
        self.shot_of_phone("phone-number").await?;
        self.phone.tap(&named("save")).await?;
        self.phone.gone(&named("save")).await?;
        self.phone.see_attribute(&named("sync-bar"), "data-waiting", "3").await?;
        self.shot_of_phone("phone-number-saved").await
    }

    async fn report(&mut self) -> Outcome<String> {
        self.phone.tap(&named("tab-report")).await?;
        self.phone.write(&named("report-category-search"), "xf").await?;
        self.phone.see(&named("category-hit")).await?;
        self.shot_of_phone("category-by-initials").await?;
        self.phone.tap(&named("category-hit")).await?;
        self.phone.see(&named("report-category")).await?;
        self.phone.write(&named("report-title"), TITLE).await?;
        self.phone.write(&named("report-text"), TEXT).await?;
        self.phone.write(&named("report-place"), "三楼转角").await?;
        self.phone.choose_file(&named("report-photo"), &picture::turned_left_gps()).await?;
        self.phone.tap(&named("photo-use")).await?;
        self.see_picture(&self.phone, &format!("{} img", named("photo-thumb"))).await?;
        self.shot_of_phone("report").await?;
        self.phone.tap(&named("report-submit")).await?;
        self.phone.see_text("h1", TITLE).await?;
        self.see_picture(&self.phone, &format!("{} img", named("photo-thumb"))).await?;
        self.shot_of_phone("reported").await?;
        let incidents = list(&self.ask("incidents", json!({})).await?);
        match incidents.iter().find(|incident| incident["title"] == TITLE) {
            Some(incident) => Ok(words(&incident["id"])),
            None => trouble("The incident is not among the incidents."),
        }
    }

    /// What was saved before the app died stands on its screens again.
    async fn everything_is_there(&mut self, doors: &Doors, work: &Work) -> Outcome {
        self.phone.see(&named_with("visit-row", "data-id", &work.visit)).await?;
        self.phone.see_attribute(&named("sync-bar"), "data-phase", "offline").await?;
        self.shot_of_phone("today-after-the-kill").await?;
        self.phone.write(&named("search-input"), &NEW_PHONE[7..]).await?;
        self.phone.tap(&named_with("search-hit", "data-id", &work.resident)).await?;
        self.phone.see_text("h1", &doors.resident_name).await?;
        // Masked: 139****4321.
        self.phone.see_text(&named("masked"), &NEW_PHONE[7..]).await?;
        self.phone.tap(&named("tab-today")).await?;
        self.phone.rewrite(&named("search-input"), "").await?;
        self.phone.see(&named("visit-row")).await?;
        self.phone.tap(&named("tab-incidents")).await?;
        self.phone.tap(&named_with("incident-row", "data-id", &work.incident)).await?;
        self.phone.see_text("h1", TITLE).await?;
        self.see_picture(&self.phone, &format!("{} img", named("photo-thumb"))).await?;
        self.shot_of_phone("incident-after-the-kill").await
    }

    async fn the_worker_corrects(&mut self, work: &Work) -> Outcome {
        self.phone.tap(&named("tab-today")).await?;
        let returned = named_with("returned-item", "data-id", &work.incident);
        self.phone.see_text(&returned, REMARK).await?;
        let (returned_at, doors_at) = (self.phone.top(&returned).await?, self.phone.top(&named("due-door")).await?);
        if self.phone.count(&named("visit-row")).await? == 0 || returned_at > doors_at {
            return trouble(format!("What came back stands at {returned_at}, below the doors at {doors_at}."));
        }
        self.shot_of_phone("returned").await?;
        self.phone.tap(&returned).await?;
        self.phone.see_text(&named("remark-text"), REMARK).await?;
        self.shot_of_phone("returned-incident").await?;
        self.phone.tap(&named("remark-text")).await?;
        self.phone.rewrite(&named("field-text"), CORRECTED).await?;
        self.shot_of_phone("correcting").await?;
        self.phone.tap(&named("save")).await?;
        self.phone.gone(&named("save")).await?;
        self.phone.see_attribute(&named("sync-bar"), "data-phase", "safe").await?;
        self.shot_of_phone("corrected").await
    }

    // -- the desk ---------------------------------------------------------------------------------------------------------

    async fn sign_in_at_the_desk(&mut self) -> Outcome {
        // The page was opened while the server ran and has lost it since.
        self.desk.reload().await?;
        let account = self.county.demo.desk.clone();
        self.desk.write(&named("account"), &account.account).await?;
        self.desk.write(&named("password"), &account.password).await?;
        self.shot_of_desk("sign-in").await?;
        self.desk.tap(&named("sign-in")).await?;
        self.desk.see(&named("inbox-row")).await?;
        self.desk.see(&named("demo-mark")).await?;
        self.desk.choose(&named("order"), "newest").await
    }

    async fn open_at_the_desk(&self, kind: &str, id: &str) -> Outcome {
        self.desk.choose(&named("filter-kind"), kind).await?;
        self.desk.tap(&named_with("inbox-row", "data-id", id)).await
    }

    async fn the_desk_sees_visit_and_correction(&mut self, work: &Work) -> Outcome {
        self.open_at_the_desk("visit", &work.visit).await?;
        self.desk.see_text(&named("change-result"), "见面").await?;
        self.shot_of_desk("visit").await?;
        self.open_at_the_desk("person", &work.resident).await?;
        self.desk.see_text(&named("change-phone"), &NEW_PHONE[7..]).await?;
        if self.desk.text(&named("change-phone")).await?.contains(NEW_PHONE) {
            return trouble("The number is shown before anybody said why.");
        }
        self.desk.choose(&named("look-reason"), "review").await?;
        self.desk.tap(&named("look")).await?;
        self.desk.see_text(&named("change-phone"), NEW_PHONE).await?;
        let changed = self.desk.text(&named("change-phone")).await?;
        let numbers = changed.split(|c: char| !c.is_ascii_digit()).filter(|digits| digits.len() >= 7).count();
        if numbers < 2 {
            return trouble(format!("The change shows no number before and after: {changed}"));
        }
        self.shot_of_desk("corrected-number").await
    }

    async fn the_desk_sees_the_incident(&mut self, work: &Work) -> Outcome {
        self.open_at_the_desk("incident", &work.incident).await?;
        self.desk.see_text(&named("record-title"), TITLE).await?;
        self.see_picture(&self.desk, &format!("{} img", named("photo"))).await?;
        self.shot_of_desk("incident").await?;
        self.desk.tap(&named("photo")).await?;
        self.see_picture(&self.desk, &named("photo-full")).await?;
        self.shot_of_desk("photo").await?;
        let address = self.desk.attribute(&named("photo-full"), "src").await?;
        let bytes = self.fetch_at_the_desk(&address).await?;
        picture::shows(&bytes, &picture::upright()?)?;
        self.desk.tap(&named("photo-close")).await?;
        self.desk.gone(&named("photo-full")).await
    }

    async fn approve(&mut self, visit: &str) -> Outcome {
        self.open_at_the_desk("visit", visit).await?;
        self.desk.see_text(&named("change-result"), "见面").await?;
        self.desk.tap(&named("approve")).await?;
        self.desk.gone(&named_with("inbox-row", "data-id", visit)).await?;
        self.desk.tap(&named("pile-approved")).await?;
        self.desk.see(&named_with("inbox-row", "data-id", visit)).await?;
        self.shot_of_desk("visit-approved").await?;
        self.desk.tap(&named("pile-waiting")).await
    }

    async fn return_the_incident(&mut self, work: &Work) -> Outcome {
        self.open_at_the_desk("incident", &work.incident).await?;
        self.desk.see_text(&named("record-title"), TITLE).await?;
        self.desk.tap(&named("return")).await?;
        self.desk.write(&named("remark-text"), REMARK).await?;
        self.desk.gone(&named("toast")).await?;
        self.shot_of_desk("returning").await?;
        self.desk.tap(&named("return-submit")).await?;
        self.desk.gone(&named_with("inbox-row", "data-id", &work.incident)).await
    }

    async fn the_correction_is_approved(&mut self, work: &Work) -> Outcome {
        self.desk.reload().await?;
        self.desk.see(&named("inbox-row")).await?;
        self.open_at_the_desk("incident", &work.incident).await?;
        self.desk.see_text(&named("change-text"), CORRECTED).await?;
        self.shot_of_desk("came-back").await?;
        self.desk.tap(&named("approve")).await?;
        self.desk.gone(&named_with("inbox-row", "data-id", &work.incident)).await?;

        self.phone.tap(&named("tab-incidents")).await?;
        self.phone.tap(&named_with("incident-row", "data-id", &work.incident)).await?;
        self.phone.see_attribute(&named("stand"), "data-review", "approved").await?;
        self.shot_of_phone("approved").await?;
        self.phone.tap(&named("tab-today")).await?;
        self.phone.gone(&named_with("returned-item", "data-id", &work.incident)).await?;
        self.shot_of_phone("today-at-the-end").await?;
        self.shot_of_desk("inbox-at-the-end").await
    }

    // -- both -------------------------------------------------------------------------------------------------------------

    async fn shot_of_phone(&mut self, name: &str) -> Outcome {
        self.stations.keep(&self.phone, name).await
    }

    async fn shot_of_desk(&mut self, name: &str) -> Outcome {
        self.stations.keep(&self.desk, name).await
    }

    /// Waits until a picture is really shown, not only an element for it.
    async fn see_picture(&self, window: &Browser, css: &str) -> Outcome {
        window.see(css).await?;
        let loaded = "const [css, done] = arguments; const look = () => {
            const picture = document.querySelector(css);
            if (picture && picture.complete && picture.naturalWidth > 0) done(true); else setTimeout(look, 50);
        }; look();";
        window.run(loaded, vec![json!(css)]).await.map(|_| ())
    }

    /// Asks the device behind the phone's window, as its screens do.
    async fn ask(&self, command: &str, args: Value) -> Outcome<Value> {
        let script = "const [command, args, done] = arguments;
            window.__TAURI_INTERNALS__.invoke('call', { command, args }).then(
                (answer) => done({ answer: typeof answer === 'string' ? JSON.parse(answer) : answer }),
                (failure) => done({ failure }));";
        let said = self.phone.run(script, vec![json!(command), args]).await?;
        match said.get("answer") {
            Some(answer) => Ok(answer.clone()),
            None => trouble(format!("`{command}` failed: {said}")),
        }
    }

    /// Fetches bytes with the session of the desk's page.
    async fn fetch_at_the_desk(&self, address: &str) -> Outcome<Vec<u8>> {
        let script = "const [address, done] = arguments;
            fetch(address).then(async (answer) => {
                if (!answer.ok) return done({ failure: answer.status });
                let text = '';
                for (const byte of new Uint8Array(await answer.arrayBuffer())) text += String.fromCharCode(byte);
                done({ answer: btoa(text) });
            }).catch((error) => done({ failure: String(error) }));";
        let said = self.desk.run(script, vec![json!(address)]).await?;
        match said["answer"].as_str() {
            Some(bytes) => STANDARD.decode(bytes).doing("decoding the photo"),
            None => trouble(format!("{address} was not fetched: {said}")),
        }
    }
}

/// The pinyin initials of a name, as a worker types them.
fn initials(name: &str) -> Outcome<String> {
    let initial = |character: char| {
        ('a'..='z').find(|letter| {
            let letter = letter.to_string();
            let first =
                PinyinMatcher::builder(letter.as_str()).pinyin_notations(PinyinNotation::AsciiFirstLetter).build();
            first.is_match(character.to_string().as_str())
        })
    };
    match name.chars().map(initial).collect() {
        Some(initials) => Ok(initials),
        None => trouble(format!("{name} has a character without pinyin.")),
    }
}

fn list(value: &Value) -> Vec<Value> {
    value.as_array().cloned().unwrap_or_default()
}

fn words(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}
