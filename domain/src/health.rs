//! 设备状况: what a phone tells about itself, so that somebody at the desk can help: with a phone that cannot send, an app that is old,
//! a storage that is full. It is about the device. It says nothing of when or how much anybody worked, and nobody is compared by it.

use serde::{Deserialize, Serialize};

use crate::problem::{Problem, ProblemCode};
use crate::world::Millis;

/// At most so many characters of an app's version.
pub const APP_VERSION_CHARS_MAX: usize = 40;
/// More waits on no phone: more is a mistake of whoever counted.
pub const WAITING_MAX: u64 = 10_000_000;
/// No phone has more storage, in bytes (1 PiB).
pub const STORAGE_BYTES_MAX: u64 = 1 << 50;
/// What was told and has not changed is told again after this long: a day.
pub const TELL_AGAIN: Millis = 24 * 60 * 60 * 1000;
/// Less free storage than this, in bytes, is nearly none: a day's photos and the next version of the app no longer fit.
pub const NEARLY_FULL: u64 = 256 * 1024 * 1024;

/// How a phone stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct DeviceHealth {
    /// The app's version: 1 to [`APP_VERSION_CHARS_MAX`] visible characters of ASCII.
    pub app_version: String,
    /// Records with something unsent that this request does not carry.
    #[serde(default)]
    pub waiting_changes: u64,
    /// Photos whose bytes the server has not confirmed.
    #[serde(default)]
    pub waiting_photos: u64,
    /// Records of which something was refused and that the worker neither corrected nor gave up.
    #[serde(default)]
    pub refused: u64,
    /// What the register's files take, in bytes.
    #[serde(default)]
    pub register_bytes: u64,
    /// What is free where the register lies, in bytes; none where the system does not say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub free_bytes: Option<u64>,
}

/// Whether hardly anything more fits on a phone: little is free, or less than shrinking the register takes for a moment. Unknown is
/// not full.
pub fn nearly_full(free_bytes: Option<u64>, register_bytes: u64) -> bool {
    free_bytes.is_some_and(|free| free < NEARLY_FULL.max(register_bytes))
}

impl DeviceHealth {
    /// What is wrong with it, if anything: it is then of no use to anybody.
    pub fn problem(&self) -> Option<Problem> {
        let counts = [
            ("waiting_changes", self.waiting_changes),
            ("waiting_photos", self.waiting_photos),
            ("refused", self.refused),
        ];
        let bytes = [("register_bytes", self.register_bytes), ("free_bytes", self.free_bytes.unwrap_or(0))];
        let absurd = |named: &[(&'static str, u64)], most: u64| {
            let field = named.iter().find(|(_, n)| *n > most).map(|(field, _)| *field)?;
            Some(Problem::with_limit(field, ProblemCode::TooLarge, i64::try_from(most).unwrap_or(i64::MAX)))
        };
        let version = &self.app_version;
        if version.is_empty() {
            return Some(Problem::new("app_version", ProblemCode::Required));
        }
        if version.len() > APP_VERSION_CHARS_MAX {
            return Some(Problem::with_limit("app_version", ProblemCode::TooLong, APP_VERSION_CHARS_MAX as i64));
        }
        if !version.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Some(Problem::new("app_version", ProblemCode::ControlCharacter));
        }
        absurd(&counts, WAITING_MAX).or_else(|| absurd(&bytes, STORAGE_BYTES_MAX))
    }

    /// [`nearly_full`].
    pub fn is_nearly_full(&self) -> bool {
        nearly_full(self.free_bytes, self.register_bytes)
    }

    /// Whether somebody who was told `before` should be told this. Free bytes move all the time: they alone are no news, until the
    /// storage is nearly full or no longer is.
    pub fn is_news_after(&self, before: &DeviceHealth) -> bool {
        let counts = |health: &DeviceHealth| (health.waiting_changes, health.waiting_photos, health.refused);
        counts(self) != counts(before)
            || self.app_version != before.app_version
            || self.is_nearly_full() != before.is_nearly_full()
            || self.free_bytes.is_some() != before.free_bytes.is_some()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn health() -> DeviceHealth {
        DeviceHealth {
            app_version: "0.1.0".into(),
            waiting_changes: 0,
            waiting_photos: 0,
            refused: 0,
            register_bytes: 40 << 20,
            free_bytes: Some(4 << 30),
        }
    }

    #[test]
    fn absurd_numbers_and_versions_that_are_none_are_named() {
        let field = |health: DeviceHealth| health.problem().map(|problem| problem.field);
        assert_eq!(health().problem(), None);
        let named = |name: &str| Some(name.to_owned());
        assert_eq!(field(DeviceHealth { waiting_changes: WAITING_MAX + 1, ..health() }), named("waiting_changes"));
        assert_eq!(field(DeviceHealth { waiting_photos: u64::MAX, ..health() }), named("waiting_photos"));
        assert_eq!(field(DeviceHealth { refused: u64::MAX, ..health() }), named("refused"));
        assert_eq!(field(DeviceHealth { free_bytes: Some(u64::MAX), ..health() }), named("free_bytes"));
        assert_eq!(field(DeviceHealth { register_bytes: u64::MAX, ..health() }), named("register_bytes"));
        for version in ["", "  ", "1\u{7}", "1\n2", "1\u{202e}2", &"1".repeat(41)] {
            let wrong = DeviceHealth { app_version: version.to_owned(), ..health() };
            assert_eq!(field(wrong), named("app_version"), "{version:?}");
        }
    }

    #[test]
    fn a_storage_is_nearly_full_when_little_is_free_or_less_than_the_register_takes() {
        let of =
            |free, register| DeviceHealth { free_bytes: free, register_bytes: register, ..health() }.is_nearly_full();
        assert!(of(Some(NEARLY_FULL - 1), 0) && !of(Some(NEARLY_FULL), 0));
        assert!(of(Some(NEARLY_FULL), NEARLY_FULL + 1));
        assert!(!of(None, u64::MAX), "unknown is not full");
    }

    #[test]
    fn free_bytes_that_merely_moved_are_no_news_and_everything_else_is() {
        let before = health();
        assert!(!health().is_news_after(&before));
        assert!(
            !DeviceHealth { free_bytes: Some(3 << 30), register_bytes: 50 << 20, ..health() }.is_news_after(&before)
        );
        for news in [
            DeviceHealth { free_bytes: Some(1), ..health() },
            DeviceHealth { free_bytes: None, ..health() },
            DeviceHealth { waiting_changes: 1, ..health() },
            DeviceHealth { waiting_photos: 1, ..health() },
            DeviceHealth { refused: 1, ..health() },
            DeviceHealth { app_version: "0.2.0".into(), ..health() },
        ] {
            assert!(news.is_news_after(&before), "{news:?}");
        }
    }
}
