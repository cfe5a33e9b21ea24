//! The stations of a journey: a numbered picture of each, and of the place where it failed.

use std::fs;
use std::path::PathBuf;

use crate::browser::Browser;
use crate::program;
use crate::trouble::{Doing, Outcome};

/// The folder that keeps the pictures of one journey.
#[derive(Debug)]
pub struct Stations {
    folder: PathBuf,
    count: u32,
}

impl Stations {
    /// An empty folder of that name in the build folder; pictures of an earlier journey are removed.
    ///
    /// # Errors
    /// When it cannot be made.
    pub fn begin(name: &str) -> Outcome<Self> {
        let folder = program::target().join(name);
        fs::create_dir_all(&folder).doing("making the folder of the pictures")?;
        for old in fs::read_dir(&folder).doing("reading the folder of the pictures")?.flatten() {
            if old.path().extension().is_some_and(|ending| ending == "png" || ending == "html" || ending == "log") {
                fs::remove_file(old.path()).doing("removing an old picture")?;
            }
        }
        Ok(Self { folder, count: 0 })
    }

    /// Where the pictures are.
    pub fn folder(&self) -> &PathBuf {
        &self.folder
    }

    /// Keeps a picture of what a window shows now.
    ///
    /// # Errors
    /// When the window gives none.
    pub async fn keep(&mut self, window: &Browser, name: &str) -> Outcome {
        self.count += 1;
        window.rest().await?;
        let picture = window.screenshot().await?;
        let path = self.folder.join(format!("{:02}-{}-{name}.png", self.count, window.name()));
        fs::write(path, picture).doing("keeping a picture")
    }

    /// Keeps what a window shows when the journey ended early: picture and page source, as far as it still gives them.
    pub async fn keep_failure(&self, window: &Browser) {
        let path = |ending: &str| self.folder.join(format!("failed-{}.{ending}", window.name()));
        if let Ok(picture) = window.screenshot().await {
            // Nothing more can be done when the disk is full as well.
            let _kept = fs::write(path("png"), picture);
        }
        if let Ok(source) = window.source().await {
            let _kept = fs::write(path("html"), source);
        }
    }
}
