//! How the worker likes the app to look and to use the network. A plain file beside the database: the lock screen needs it before anything is opened,
//! and nothing in it is about anybody else.

use std::fs::File;
use std::io::Write;
use std::path::Path;

use serde::{Deserialize, Serialize};
use ts_rs::TS;

/// The language of the screens.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
#[ts(export)]
pub enum Language {
    /// Simplified Chinese.
    #[default]
    Zh,
    /// English.
    En,
}

/// Light or dark.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
#[ts(export)]
pub enum Theme {
    /// As the phone is set.
    #[default]
    Auto,
    /// Always light.
    Light,
    /// Always dark.
    Dark,
}

/// How large the type is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(try_from = "u16", into = "u16")]
#[ts(export, type = "100 | 125 | 150 | 200")]
pub enum TypePercent {
    /// 100 %
    #[default]
    Usual,
    /// 125 %
    Larger,
    /// 150 %
    Large,
    /// 200 %
    Largest,
}

impl From<TypePercent> for u16 {
    fn from(percent: TypePercent) -> u16 {
        match percent {
            TypePercent::Usual => 100,
            TypePercent::Larger => 125,
            TypePercent::Large => 150,
            TypePercent::Largest => 200,
        }
    }
}

impl TryFrom<u16> for TypePercent {
    type Error = &'static str;
    fn try_from(percent: u16) -> Result<Self, Self::Error> {
        match percent {
            100 => Ok(Self::Usual),
            125 => Ok(Self::Larger),
            150 => Ok(Self::Large),
            200 => Ok(Self::Largest),
            _ => Err("the type is 100, 125, 150 or 200 per cent"),
        }
    }
}

/// How the worker likes the app to look and to use the network.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct Preferences {
    /// The language of the screens.
    pub language: Language,
    /// How large the type is.
    pub type_percent: TypePercent,
    /// Light or dark.
    pub theme: Theme,
    /// Photos wait while the network is paid for by volume; text never does.
    #[serde(default)]
    pub photos_on_wifi_only: bool,
    /// The three cards of the first minute were looked at, or skipped.
    #[serde(default)]
    pub tour_seen: bool,
}

const FILE: &str = "preferences.json";

impl Preferences {
    /// What was chosen on this phone; the usual look when nothing was, or when the file cannot be read.
    pub fn load(folder: &Path) -> Self {
        let text = std::fs::read_to_string(folder.join(FILE)).unwrap_or_default();
        serde_json::from_str(&text).unwrap_or_default()
    }

    /// Keeps what was chosen. The file is whole at every moment: written beside the old one, then put in its place.
    ///
    /// # Errors
    /// When the file cannot be written; the old one then stands.
    pub fn store(self, folder: &Path) -> std::io::Result<()> {
        let text = serde_json::to_vec(&self).map_err(std::io::Error::other)?;
        let beside = folder.join("preferences.json.new");
        let mut file = File::create(&beside)?;
        file.write_all(&text)?;
        file.sync_all()?;
        std::fs::rename(&beside, folder.join(FILE))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_chosen_is_there_after_a_restart() {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(Preferences::load(folder.path()), Preferences::default());
        let chosen = Preferences {
            language: Language::En,
            type_percent: TypePercent::Largest,
            theme: Theme::Dark,
            photos_on_wifi_only: true,
            tour_seen: true,
        };
        chosen.store(folder.path()).unwrap();
        assert_eq!(Preferences::load(folder.path()), chosen);
    }

    #[test]
    fn what_an_older_version_kept_stays_chosen() {
        let folder = tempfile::tempdir().unwrap();
        let older = r#"{"language":"en","type_percent":150,"theme":"dark"}"#;
        std::fs::write(folder.path().join(FILE), older).unwrap();
        let read = Preferences::load(folder.path());
        assert_eq!((read.language, read.theme, read.photos_on_wifi_only), (Language::En, Theme::Dark, false));
    }

    #[test]
    fn a_broken_file_means_the_usual_look() {
        let folder = tempfile::tempdir().unwrap();
        for text in
            ["", "{", "[]", r#"{"language":"fr","type_percent":100,"theme":"auto"}"#, r#"{"type_percent":1000}"#]
        {
            std::fs::write(folder.path().join(FILE), text).unwrap();
            assert_eq!(Preferences::load(folder.path()), Preferences::default(), "{text}");
        }
    }
}
