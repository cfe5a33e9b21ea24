//! Every screen in every look, as pictures to be looked at: both languages, light and dark, ordinary and large type. Each is also
//! examined by machine: nothing may reach past the edge, and axe (an accessibility checker) may find nothing serious.

pub mod desk;
mod examine;
pub mod phone;
mod sheet;

use std::fs;
use std::path::{Path, PathBuf};

use crate::browser::Browser;
use crate::program;
use crate::trouble::{Doing, Outcome};

/// How a screen looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Look {
    /// `zh` or `en`.
    pub language: &'static str,
    /// `light` or `dark`.
    pub theme: &'static str,
    /// Size of the type in percent.
    pub percent: u16,
    /// Width and height of the window.
    pub size: (u16, u16),
}

impl Look {
    /// As part of a file's name.
    pub fn name(self) -> String {
        let (width, height) = self.size;
        format!("{}-{}-{}-{width}x{height}", self.language, self.theme, self.percent)
    }
}

/// One screen: where it is and how to know that it is there.
#[derive(Debug, Clone)]
pub struct Shot {
    /// What the picture is called.
    pub name: String,
    /// Its address behind `#`.
    pub path: String,
    /// What is shown once it is there.
    pub see: String,
    /// What is tapped before the picture is taken, and what is shown then.
    pub tap: Option<(String, String)>,
}

/// What was wrong with a picture.
#[derive(Debug)]
pub struct Finding {
    /// The screen and its look.
    pub at: String,
    /// In words.
    pub what: String,
}

/// Pictures of one app, and what was found in them.
#[derive(Debug)]
pub struct Gallery {
    folder: PathBuf,
    taken: Vec<(String, String, Look)>,
    /// What was wrong.
    pub findings: Vec<Finding>,
}

impl Gallery {
    /// An empty gallery in the build folder.
    ///
    /// # Errors
    /// When the folder cannot be made.
    pub fn begin(name: &str) -> Outcome<Self> {
        let folder = program::target().join("screens").join(name);
        if folder.exists() {
            fs::remove_dir_all(&folder).doing("removing old pictures")?;
        }
        fs::create_dir_all(&folder).doing("making the folder of the pictures")?;
        Ok(Self { folder, taken: Vec::new(), findings: Vec::new() })
    }

    /// Where the pictures are.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Takes the picture of what a window shows, and examines it.
    ///
    /// # Errors
    /// When the window does not answer.
    pub async fn take(&mut self, window: &Browser, name: &str, look: Look) -> Outcome {
        window.rest().await?;
        let file = format!("{}-{name}.png", look.name());
        fs::write(self.folder.join(&file), window.screenshot().await?).doing("keeping a picture")?;
        let found = examine::examine(window).await?;
        let at = format!("{name} ({})", look.name());
        self.findings.extend(found.into_iter().map(|what| Finding { at: at.clone(), what }));
        self.taken.push((file, name.to_owned(), look));
        Ok(())
    }

    /// Notes that a screen did not come.
    pub fn miss(&mut self, name: &str, look: Look, why: String) {
        self.findings.push(Finding { at: format!("{name} ({})", look.name()), what: why });
    }

    /// One sheet a language with all its pictures.
    ///
    /// # Errors
    /// When a sheet cannot be written or painted.
    pub async fn hang(&self, folder: &Path) -> Outcome<Vec<PathBuf>> {
        let mut sheets = Vec::new();
        for language in ["zh", "en"] {
            let of_language: Vec<_> = self.taken.iter().filter(|(_, _, look)| look.language == language).collect();
            if !of_language.is_empty() {
                sheets.push(sheet::paint(&self.folder, language, &of_language, folder).await?);
            }
        }
        Ok(sheets)
    }
}
