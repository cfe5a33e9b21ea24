//! Windows under the hand of a test: the app's own web view, and Chromium for the desk, both through WebDriver.
//!
//! Every wait is a condition: it is asked again until it holds, and gives up with a sentence that names it.

use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use fantoccini::elements::Element;
use fantoccini::error::CmdError;
use fantoccini::key::Key;
use fantoccini::wd::Capabilities;
use fantoccini::{Client, ClientBuilder, Locator};
use hyper_util::client::legacy::connect::HttpConnector;
use serde_json::{Value, json};

use crate::program::{self, Program};
use crate::screen::Screen;
use crate::trouble::{Doing, Outcome, trouble};

/// How long a screen may take to show what is waited for. Generous: it is only ever waited for in full when it does not come.
pub const PATIENCE: Duration = Duration::from_secs(40);
/// How long to wait before a condition is asked again.
const PAUSE: Duration = Duration::from_millis(40);

/// Waits until an element stands still, and brings its middle to where nothing lies over it. Calls its last argument then.
const UNCOVER: &str = "const [element, done] = arguments;
    let last = '', quiet = 0;
    const look = () => {
        const { left, top, width, height } = element.getBoundingClientRect();
        const place = `${left} ${top}`;
        quiet = place === last ? quiet + 1 : 0;
        last = place;
        if (quiet < 3) return requestAnimationFrame(look);
        const seen = document.elementFromPoint(left + width / 2, top + height / 2);
        if (!seen || !(element.contains(seen) || seen.contains(element))) element.scrollIntoView({ block: 'center' });
        done(true);
    };
    look();";

/// A window with the driver that moves it; both end when this value does.
#[derive(Debug)]
pub struct Browser {
    name: &'static str,
    client: Client,
    driver: Program,
}

impl Browser {
    /// Opens the app itself, with its data in `folder`, in a window of a phone's size.
    ///
    /// What is shown is drawn without the graphics card's language: where that is a program (Mesa's), its threads have torn down the
    /// page's process under two busy cores, and a journey takes twice as long.
    ///
    /// # Errors
    /// When app, driver or screen are missing, or the window does not come.
    pub async fn app(folder: &Path, screen: &Screen) -> Outcome<Self> {
        let drawn = [("WEBKIT_SKIA_ENABLE_CPU_RENDERING", "1")];
        let (browser, _) = Self::app_with(folder, screen, &drawn).await?;
        browser.client.set_window_size(390, 844).await.doing("sizing the phone's window")?;
        Ok(browser)
    }

    /// The same in the size in which the app opens by itself and drawn as on a person's screen, with the time from starting the
    /// program to having its window.
    ///
    /// # Errors
    /// As [`Browser::app`].
    pub async fn app_timed(folder: &Path, screen: &Screen) -> Outcome<(Self, Duration)> {
        Self::app_with(folder, screen, &[]).await
    }

    async fn app_with(folder: &Path, screen: &Screen, variables: &[(&str, &str)]) -> Outcome<(Self, Duration)> {
        let app = program::built("doorstep")?;
        let mut command = Command::new(program::installed("WebKitWebDriver", "webkit2gtk-driver")?);
        private(&mut command, folder)?;
        screen.show(&mut command);
        command.env("TAURI_WEBVIEW_AUTOMATION", "true").env("DOORSTEP_DATA", folder.join("phone"));
        command.envs(variables.iter().copied());
        let options = json!({ "webkitgtk:browserOptions": { "binary": app, "args": [] } });
        Self::open("phone", "WebKitWebDriver", command, folder, options).await
    }

    /// Opens Chromium without a screen of its own, with a profile of its own, on the desk's address.
    ///
    /// # Errors
    /// When Chromium or its driver are missing, or the page does not come.
    pub async fn desk(folder: &Path, address: &str) -> Outcome<Self> {
        Self::page("desk", folder, address, (1440, 900), false).await
    }

    /// The same on any page and in any size; `hand` makes it a phone's window, touched instead of clicked.
    ///
    /// # Errors
    /// As [`Browser::desk`].
    pub async fn page(
        name: &'static str,
        folder: &Path,
        address: &str,
        (width, height): (u16, u16),
        hand: bool,
    ) -> Outcome<Self> {
        let chromium = program::installed("chromium", "chromium")?;
        let mut command = Command::new(program::installed("chromedriver", "chromium-driver")?);
        private(&mut command, folder)?;
        let profile = format!("--user-data-dir={}", folder.join("chromium").display());
        let args = [
            "--headless=new",
            "--no-sandbox",
            "--disable-gpu",
            "--disable-quic",
            "--disable-dev-shm-usage",
            "--no-first-run",
            "--disable-background-networking",
            "--disable-component-update",
            "--disable-sync",
            "--lang=zh-CN",
            &profile,
        ];
        let mut chrome = json!({ "binary": chromium, "args": args });
        if hand {
            let screen = json!({ "width": width, "height": height, "pixelRatio": 1.0, "touch": true, "mobile": true });
            chrome["mobileEmulation"] = json!({ "deviceMetrics": screen });
        }
        let options = json!({ "goog:chromeOptions": chrome });
        let (browser, _) = Self::open(name, "chromedriver", command, folder, options).await?;
        browser.client.set_window_size(width.into(), height.into()).await.doing("sizing the window")?;
        browser.go(address).await?;
        Ok(browser)
    }

    async fn open(
        name: &'static str,
        driver: &str,
        mut command: Command,
        folder: &Path,
        options: Value,
    ) -> Outcome<(Self, Duration)> {
        let port = program::free_port()?;
        command.arg(format!("--port={port}"));
        let mut driver = Program::start(driver, command, folder)?;
        driver.wait_until("listening", || program::listens(port))?;
        let capabilities: Capabilities = serde_json::from_value(options).doing("writing the window's options")?;
        let start = Instant::now();
        let client = ClientBuilder::new(HttpConnector::new())
            .capabilities(capabilities)
            .connect(&format!("http://{}", program::loopback(port)))
            .await;
        match client {
            Ok(client) => Ok((Self { name, client, driver }, start.elapsed())),
            Err(error) => trouble(format!("The {name}'s window did not open: {error}\n{}", driver.log())),
        }
    }

    /// Signs in at the desk that this window shows.
    ///
    /// # Errors
    /// When the desk does not let this account in.
    pub async fn sign_in(&self, account: &str, password: &str) -> Outcome {
        self.write(&named("account"), account).await?;
        self.write(&named("password"), password).await?;
        self.tap(&named("sign-in")).await?;
        self.see("[data-test^=\"nav-\"]").await.map(|_| ())
    }

    /// Ends window, driver and program at once.
    pub fn kill(&mut self) {
        self.driver.kill();
    }

    /// What this window is called in the pictures.
    pub fn name(&self) -> &'static str {
        self.name
    }

    /// The process of the app in this window.
    ///
    /// # Errors
    /// When it is not there.
    pub fn process(&self, program: &str) -> Outcome<u32> {
        match program::offspring(self.driver.id()).into_iter().find(|id| program::name_of(*id) == program) {
            Some(id) => Ok(id),
            None => trouble(format!("There is no process of {program} behind this window.")),
        }
    }

    /// Waits until an element is shown, and returns it.
    ///
    /// # Errors
    /// When it does not come in time.
    pub async fn see(&self, css: &str) -> Outcome<Element> {
        self.ask(&format!("`{css}` to be shown"), async || {
            let element = self.client.find(Locator::Css(css)).await?;
            Ok(element.is_displayed().await?.then_some(element))
        })
        .await
    }

    /// Waits until an element is in the page, shown or not: a file input is often hidden behind its button.
    ///
    /// # Errors
    /// When it does not come in time.
    pub async fn have(&self, css: &str) -> Outcome<Element> {
        self.ask(&format!("`{css}` to be there"), async || self.client.find(Locator::Css(css)).await.map(Some)).await
    }

    /// Waits until no such element is shown.
    ///
    /// # Errors
    /// When it stays.
    pub async fn gone(&self, css: &str) -> Outcome {
        self.ask(&format!("`{css}` to go away"), async || {
            for element in self.client.find_all(Locator::Css(css)).await? {
                if element.is_displayed().await? {
                    return Ok(None);
                }
            }
            Ok(Some(()))
        })
        .await
    }

    /// Waits until an element is shown that contains this text, and returns it.
    ///
    /// # Errors
    /// When it does not come in time.
    pub async fn see_text(&self, css: &str, text: &str) -> Outcome<Element> {
        self.ask(&format!("`{css}` to say “{text}”"), async || {
            for element in self.client.find_all(Locator::Css(css)).await? {
                if element.is_displayed().await? && element.text().await?.contains(text) {
                    return Ok(Some(element));
                }
            }
            Ok(None)
        })
        .await
    }

    /// Waits until an attribute of an element has this value.
    ///
    /// # Errors
    /// When it does not come in time.
    pub async fn see_attribute(&self, css: &str, attribute: &str, value: &str) -> Outcome {
        self.ask(&format!("`{css}` to have {attribute}=\"{value}\""), async || {
            let found = self.client.find(Locator::Css(css)).await?.attr(attribute).await?;
            Ok((found.as_deref() == Some(value)).then_some(()))
        })
        .await
    }

    /// How far below the window's upper edge an element begins.
    ///
    /// # Errors
    /// When it does not come in time.
    pub async fn top(&self, css: &str) -> Outcome<f64> {
        self.have(css).await?;
        // The page is asked itself: the driver of the app's web view does not measure what lies out of sight.
        let script =
            "const [css, done] = arguments; done(document.querySelector(css)?.getBoundingClientRect().top ?? null);";
        match self.run(script, vec![css.into()]).await?.as_f64() {
            Some(top) => Ok(top),
            None => trouble(format!("`{css}` has no place.")),
        }
    }

    /// How many such elements there are now, shown or not.
    ///
    /// # Errors
    /// When the window cannot be asked.
    pub async fn count(&self, css: &str) -> Outcome<usize> {
        Ok(self.client.find_all(Locator::Css(css)).await.doing("counting elements")?.len())
    }

    /// Taps an element once it is shown and nothing lies over it.
    ///
    /// # Errors
    /// When it cannot be tapped in time.
    pub async fn tap(&self, css: &str) -> Outcome {
        self.ask(&format!("`{css}` to take a tap"), async || {
            let element = self.client.find(Locator::Css(css)).await?;
            if !element.is_displayed().await? || !element.is_enabled().await? {
                return Ok(None);
            }
            self.touch(element).await.map(Some)
        })
        .await
    }

    /// Clicks an element. The drivers click where it was, also when it still comes up, and scroll nothing that lies in the window but under the tabs or a form's buttons: a finger would.
    async fn touch(&self, element: Element) -> Result<(), CmdError> {
        let place = serde_json::to_value(&element)?;
        self.client.execute_async(UNCOVER, vec![place]).await?;
        element.click().await
    }

    /// Taps the element that says this text.
    ///
    /// # Errors
    /// When it does not come in time.
    pub async fn tap_text(&self, css: &str, text: &str) -> Outcome {
        self.ask(&format!("`{css}` saying “{text}” to take a tap"), async || {
            for element in self.client.find_all(Locator::Css(css)).await? {
                if element.is_displayed().await? && element.text().await?.contains(text) {
                    return self.touch(element).await.map(Some);
                }
            }
            Ok(None)
        })
        .await
    }

    /// Types into a field, after what is in it already.
    ///
    /// # Errors
    /// When the field does not come in time.
    pub async fn write(&self, css: &str, text: &str) -> Outcome {
        self.see(css).await?.send_keys(text).await.doing(&format!("typing into `{css}`"))
    }

    /// Presses keys where the focus is, as somebody does who has no mouse.
    ///
    /// # Errors
    /// When nothing takes them.
    pub async fn press(&self, keys: &str) -> Outcome {
        let focused = self.client.active_element().await.doing("asking where the focus is")?;
        focused.send_keys(keys).await.doing("pressing keys")
    }

    /// Empties a field and types into it, key by key as a person does: screens hear every key.
    ///
    /// # Errors
    /// When the field does not come in time.
    pub async fn rewrite(&self, css: &str, text: &str) -> Outcome {
        let letters = self.value(css).await?.chars().count();
        let keys: String =
            std::iter::once(Key::End.into()).chain(std::iter::repeat_n(char::from(Key::Backspace), letters)).collect();
        let field = self.see(css).await?;
        field.send_keys(&format!("{keys}{text}")).await.doing(&format!("typing into `{css}`"))
    }

    /// Chooses an entry of a list by its value.
    ///
    /// # Errors
    /// When list or entry do not come in time.
    pub async fn choose(&self, css: &str, value: &str) -> Outcome {
        self.ask(&format!("`{css}` to offer {value}"), async || {
            let list = self.client.find(Locator::Css(css)).await?;
            list.select_by_value(value).await.map(Some)
        })
        .await
    }

    /// Hands a file to a file input, which may be hidden.
    ///
    /// # Errors
    /// When the input does not come in time.
    pub async fn choose_file(&self, css: &str, file: &Path) -> Outcome {
        let input = self.have(css).await?;
        input.send_keys(&file.display().to_string()).await.doing(&format!("choosing a file in `{css}`"))
    }

    /// The text that an element shows.
    ///
    /// # Errors
    /// When it does not come in time.
    pub async fn text(&self, css: &str) -> Outcome<String> {
        self.see(css).await?.text().await.doing(&format!("reading `{css}`"))
    }

    /// An attribute of an element.
    ///
    /// # Errors
    /// When the element does not come in time, or has none.
    pub async fn attribute(&self, css: &str, attribute: &str) -> Outcome<String> {
        match self.have(css).await?.attr(attribute).await.doing(&format!("reading `{css}`"))? {
            Some(value) => Ok(value),
            None => trouble(format!("`{css}` has no {attribute}.")),
        }
    }

    /// What is typed in a field.
    ///
    /// # Errors
    /// When the field does not come in time.
    pub async fn value(&self, css: &str) -> Outcome<String> {
        let value = self.have(css).await?.prop("value").await.doing(&format!("reading `{css}`"))?;
        Ok(value.unwrap_or_default())
    }

    /// Runs a script in the page that calls its last argument when it is done.
    ///
    /// # Errors
    /// When the page does not answer.
    pub async fn run(&self, script: &str, args: Vec<Value>) -> Outcome<Value> {
        self.client.execute_async(script, args).await.doing("running a script in the page")
    }

    /// Goes to an address.
    ///
    /// # Errors
    /// When it does not come.
    pub async fn go(&self, address: &str) -> Outcome {
        self.client.goto(address).await.doing("going to an address")
    }

    /// Loads the page again.
    ///
    /// # Errors
    /// When it does not come.
    pub async fn reload(&self) -> Outcome {
        self.client.refresh().await.doing("loading the page again")
    }

    /// Waits until nothing moves any more and everything is painted, so that a picture shows what a person would see.
    ///
    /// # Errors
    /// When the page does not answer.
    pub async fn rest(&self) -> Outcome {
        // A transition begins a frame or two after its cause, so a few quiet frames in a row are asked for.
        let script = "const [done] = arguments; let quiet = 0; const rest = () => {
            const moving = document.getAnimations().some((animation) =>
                animation.playState !== 'finished' && animation.effect?.getComputedTiming().endTime !== Infinity);
            const loading = [...document.images].some((picture) => !picture.complete && picture.loading !== 'lazy');
            quiet = moving || loading ? 0 : quiet + 1;
            if (quiet > 6) done(true); else requestAnimationFrame(rest);
        }; document.fonts.ready.then(rest);";
        self.run(script, Vec::new()).await.map(|_| ())
    }

    /// A picture of the window's content, PNG.
    ///
    /// # Errors
    /// When the window gives none.
    pub async fn screenshot(&self) -> Outcome<Vec<u8>> {
        self.client.screenshot().await.doing("taking a picture of the window")
    }

    /// The page's source as it stands.
    ///
    /// # Errors
    /// When the window does not give it.
    pub async fn source(&self) -> Outcome<String> {
        self.client.source().await.doing("reading the page's source")
    }

    /// Asks until there is an answer. Errors of the driver (a stale element, something lying over a button) are the page still
    /// moving, so they are asked again too; the last one is told when time is over.
    pub async fn ask<T>(&self, what: &str, condition: impl AsyncFn() -> Result<Option<T>, CmdError>) -> Outcome<T> {
        let start = Instant::now();
        loop {
            let last = match condition().await {
                Ok(Some(answer)) => return Ok(answer),
                Ok(None) => String::new(),
                // WebKit's driver says little in words: the kind of the error is told too.
                Err(error) => format!(" ({error:?})"),
            };
            if start.elapsed() > PATIENCE {
                return trouble(format!("The {} waited in vain for {what}{last}.", self.name));
            }
            tokio::time::sleep(PAUSE).await;
        }
    }
}

/// The selector of an element by its name for tests.
pub fn named(name: &str) -> String {
    format!("[data-test=\"{name}\"]")
}

/// The selector of an element by its name for tests and another attribute.
pub fn named_with(name: &str, attribute: &str, value: &str) -> String {
    format!("[data-test=\"{name}\"][{attribute}=\"{value}\"]")
}

/// Keeps what a program remembers in the test's own folder.
fn private(command: &mut Command, folder: &Path) -> Outcome {
    for (variable, name) in [
        ("HOME", "home"),
        ("XDG_DATA_HOME", "home/data"),
        ("XDG_CACHE_HOME", "home/cache"),
        ("XDG_CONFIG_HOME", "home/config"),
        ("XDG_RUNTIME_DIR", "run"),
    ] {
        let path = folder.join(name);
        std::fs::create_dir_all(&path).doing("making a private folder")?;
        command.env(variable, path);
    }
    Ok(())
}
