//! Telling of warnings and returned records while the app is not on the screen, for whoever allowed it by a tap.
//!
//! A notification says how many there are and nothing of anybody: it lies on a lock screen that everybody sees. It can come only
//! while the phone lets the app live in the background, and only of an open register; nothing wakes the phone for it.

use serde::Deserialize;
use tauri::{AppHandle, State};

use super::Allowed;
use crate::host::Host;

/// What a notification says, in the worker's language.
#[cfg_attr(desktop, expect(dead_code, reason = "a desktop tells nothing"))]
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Words {
    /// The title of all of them.
    title: String,
    /// There is a new warning.
    warning: String,
    /// A record was returned.
    returned: String,
}

/// Asks the worker, once.
#[tauri::command]
pub(crate) async fn allow_alerts(app: AppHandle) -> Allowed {
    tauri::async_runtime::spawn_blocking(move || ask(&app)).await.unwrap_or(Allowed::Refused)
}

/// The app went from the screen, or came back.
#[tauri::command]
pub(crate) async fn shown(
    app: AppHandle,
    host: State<'_, Host>,
    shown: bool,
    words: Words,
) -> Result<(), device::api::Failure> {
    let phone = host.phone()?;
    watch(&app, phone, shown, words);
    Ok(())
}

#[cfg(mobile)]
pub(crate) use on_phones::allowed;
#[cfg(mobile)]
use on_phones::{ask, watch};

#[cfg(mobile)]
mod on_phones {
    use std::sync::atomic::{AtomicU64, Ordering};
    use std::time::Duration;

    use device::SharedPhone;
    use device::api::news::{News, news};
    use tauri::AppHandle;
    use tauri::plugin::PermissionState;
    use tauri_plugin_notification::NotificationExt;

    use super::{Allowed, Words};

    /// How often it is looked whether a round brought something.
    const LOOK_EVERY: Duration = Duration::from_secs(20);
    /// Grows whenever the app comes or goes: whoever watched before stops.
    static TURN: AtomicU64 = AtomicU64::new(0);

    pub(crate) fn allowed(app: &AppHandle) -> Allowed {
        app.notification().permission_state().map_or(Allowed::Never, in_words)
    }

    pub(super) fn ask(app: &AppHandle) -> Allowed {
        match allowed(app) {
            Allowed::NotAsked => app.notification().request_permission().map_or(Allowed::Refused, in_words),
            decided => decided,
        }
    }

    fn in_words(state: PermissionState) -> Allowed {
        match state {
            PermissionState::Granted => Allowed::Yes,
            PermissionState::Denied => Allowed::Refused,
            PermissionState::Prompt | PermissionState::PromptWithRationale => Allowed::NotAsked,
        }
    }

    pub(super) fn watch(app: &AppHandle, phone: SharedPhone, shown: bool, words: Words) {
        let turn = TURN.fetch_add(1, Ordering::SeqCst) + 1;
        if shown || !matches!(allowed(app), Allowed::Yes) {
            return;
        }
        let app = app.clone();
        let begun = std::thread::Builder::new().name("alerts".into()).spawn(move || {
            // Whose news it is: another worker's are not told with these words.
            let device = phone.device();
            let Ok(mut before) = news(&device) else { return };
            while TURN.load(Ordering::SeqCst) == turn {
                std::thread::sleep(LOOK_EVERY);
                // Sealed meanwhile: whoever opens it sees Today first.
                let Ok(now) = news(&device) else { return };
                if TURN.load(Ordering::SeqCst) == turn {
                    tell(&app, &now, &before, &words);
                }
                before = now;
            }
        });
        if let Err(error) = begun {
            eprintln!("Nobody watches for news: {error}");
        }
    }

    fn tell(app: &AppHandle, now: &News, before: &News, words: &Words) {
        let (warnings, returned) = now.beyond(before);
        for (number, sentence) in [(warnings, &words.warning), (returned, &words.returned)] {
            if number == 0 {
                continue;
            }
            let shown = app.notification().builder().title(&words.title).body(sentence).show();
            if let Err(error) = shown {
                eprintln!("A notification was not shown: {error}");
            }
        }
    }
}

#[cfg(desktop)]
pub(crate) fn allowed(_: &AppHandle) -> Allowed {
    Allowed::Never
}

#[cfg(desktop)]
fn ask(app: &AppHandle) -> Allowed {
    allowed(app)
}

#[cfg(desktop)]
fn watch(_: &AppHandle, _: device::SharedPhone, _: bool, _: Words) {}
