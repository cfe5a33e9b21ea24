//! A worker with a phone: the app itself in a real window, enrolled, with the register of the own cell on it.
//!
//! The journeys of the single parts of a day begin here. How enrolling looks is the main journey's matter.

use std::path::{Path, PathBuf};

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::browser::{Browser, named};
use crate::county::County;
use crate::phones::PIN;
use crate::program;
use crate::screen::Screen;
use crate::stations::Stations;
use crate::trouble::{Doing, Outcome, trouble};

/// A worker, the phone in the hand, the county behind it.
#[derive(Debug)]
pub struct Worker {
    /// The window.
    pub phone: Browser,
    /// The county's server.
    pub county: County,
    stations: Stations,
    folder: TempDir,
    _screen: Screen,
}

/// The process that draws the app's page, as far as Linux keeps its name.
pub const PAGE: &str = "WebKitWebProces";

impl Worker {
    /// Lives a journey on a fresh phone in a demonstration village, enrolled, with the register on it, and without signal: whatever
    /// the journey does is done without any server. Pictures are kept under its name; where it ends early, what the window showed.
    ///
    /// When the process of the page was ended in the middle by the system or by itself (WebKit, Mesa) under an app that goes on, which is
    /// nothing that a journey says about Doorstep, it is lived once more from its beginning.
    ///
    /// # Errors
    /// When the window or the server do not come, or the register does not, and those of the journey.
    pub async fn live(name: &str, journey: impl AsyncFn(&mut Self) -> Outcome) -> Outcome {
        let mut worker = Self::begin(name).await?;
        let (page, app) = (worker.phone.process(PAGE)?, worker.phone.process("doorstep")?);
        match worker.play(&journey).await {
            Err(trouble) if !program::is_running(page) && program::is_running(app) => {
                eprintln!("{name} begins anew, since the process of its page ended: {trouble}");
                drop(worker);
                Self::begin(name).await?.play(&journey).await
            }
            outcome => outcome,
        }
    }

    async fn begin(name: &str) -> Outcome<Self> {
        let folder = tempfile::tempdir().doing("making a folder")?;
        let county = County::found(folder.path(), "village")?;
        let screen = Screen::open()?;
        let app = folder.path().join("app");
        downloads_of(&app)?;
        let phone = Browser::app(&app, &screen).await?;
        let stations = Stations::begin(name)?;
        Ok(Self { phone, county, stations, folder, _screen: screen })
    }

    async fn play(&mut self, journey: &impl AsyncFn(&mut Self) -> Outcome) -> Outcome {
        let outcome = match self.enrol().await {
            Ok(()) => {
                self.county.stop();
                journey(self).await
            }
            failed => failed,
        };
        if outcome.is_err() {
            self.stations.keep_failure(&self.phone).await;
        }
        outcome
    }

    async fn enrol(&self) -> Outcome {
        self.phone.see(&named("enrol-server")).await?;
        let code = &self.county.demo.worker.enrol_code;
        let enrolment = json!({ "server": self.county.address(), "code": code, "pin": PIN, "device_name": "journey" });
        self.ask("enrol", enrolment).await?;
        let mut wanted = self.ask("preferences", json!({})).await?;
        wanted["tour_seen"] = true.into();
        self.ask("set_preferences", wanted).await?;
        // The screens begin with what the phone is now.
        self.phone.reload().await?;
        self.phone.see(&named("tab-today")).await?;
        self.phone.see_attribute(&named("sync-bar"), "data-phase", "safe").await?;
        self.phone.see(&named("due-door")).await.map(|_| ())
    }

    /// Asks the device behind the window, as its screens do.
    ///
    /// # Errors
    /// With the failure of the command.
    pub async fn ask(&self, command: &str, args: Value) -> Outcome<Value> {
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

    /// Opens one of the places of the day from Today, by its tile.
    ///
    /// # Errors
    /// When the tile does not come.
    pub async fn open(&self, place: &str) -> Outcome {
        self.phone.tap(&named("tab-today")).await?;
        self.phone.tap(&named(&format!("work-{place}"))).await
    }

    /// Goes to a screen by its address, as a link from another screen does.
    ///
    /// # Errors
    /// When the window does not answer.
    pub async fn go(&self, path: &str) -> Outcome {
        let script = "const [path, done] = arguments; window.location.hash = path; done(true);";
        self.phone.run(script, vec![json!(path)]).await.map(|_| ())
    }

    /// Keeps a picture.
    ///
    /// # Errors
    /// When the window gives none.
    pub async fn shot(&mut self, name: &str) -> Outcome {
        self.stations.keep(&self.phone, name).await
    }

    /// Waits until a file of this ending lies among the downloads, and gives its bytes.
    ///
    /// # Errors
    /// When none comes.
    pub async fn downloaded(&self, ending: &str) -> Outcome<Vec<u8>> {
        let folder = downloads(&self.folder.path().join("app"));
        let newest = || {
            let files = std::fs::read_dir(&folder).ok()?.flatten().map(|file| file.path());
            files.filter(|path| path.extension().is_some_and(|of| of == ending)).max()
        };
        let file: PathBuf = self.phone.ask(&format!("a .{ending} among the downloads"), async || Ok(newest())).await?;
        std::fs::read(file).doing("reading what was downloaded")
    }

    /// Insists that so many records wait to be sent: nothing was stored twice, and nothing was lost.
    ///
    /// # Errors
    /// When it is another number.
    pub async fn insist_on_waiting(&self, records: u32) -> Outcome {
        self.phone.see_attribute(&named("sync-bar"), "data-waiting", &records.to_string()).await
    }
}

fn downloads(app: &Path) -> PathBuf {
    app.join("home/Downloads")
}

/// A person's desktop knows where downloads go; a private folder must be told.
fn downloads_of(app: &Path) -> Outcome {
    let (config, folder) = (app.join("home/config"), downloads(app));
    std::fs::create_dir_all(&config).doing("making a private folder")?;
    std::fs::create_dir_all(&folder).doing("making a private folder")?;
    let line = format!("XDG_DOWNLOAD_DIR=\"{}\"\n", folder.display());
    std::fs::write(config.join("user-dirs.dirs"), line).doing("naming the folder of downloads")
}
