//! How the worker likes the app to look. A plain file beside the database: the lock screen needs it before anything is opened,
//! and nothing in it is about anybody else.

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

/// How the worker likes the app to look.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct Preferences {
    /// The language of the screens.
    pub language: Language,
    /// How large the type is.
    pub type_percent: TypePercent,
    /// Light or dark.
    pub theme: Theme,
}
