//! The window of Doorstep: hosts the `device` crate for the webview, on desktops and phones alike.
//!
//! It holds no rules of its own. It finds the folder of the data, opens the phone there, passes on
//! what the screens ask for through one command, does what only the phone's system can do, and ends the background rounds on exit.

#![cfg_attr(mobile, allow(missing_docs, reason = "Tauri's attribute writes the phones' entry without documentation"))]

mod call;
mod envelope;
mod host;
mod page;
mod save;
mod system;

use host::Host;
use tauri::{App, Manager, RunEvent, WebviewWindowBuilder};

/// Opens the window and returns when it is closed.
///
/// # Panics
/// When the system cannot show a window at all (no display, no web view): there is nobody left to tell but the console.
#[cfg_attr(mobile, tauri::mobile_entry_point)]
pub fn run() {
    let app = page::coming_back(system::with_plugins(tauri::Builder::default()))
        .invoke_handler(tauri::generate_handler![
            call::call,
            save::save_file,
            system::system_state,
            system::alerts::allow_alerts,
            system::alerts::shown,
            system::biometry::allow_biometry,
            system::biometry::forget_biometry,
            system::biometry::unlock_with_biometry,
            system::position::position,
        ])
        .setup(|app| Ok(open(app)?))
        .build(tauri::generate_context!())
        .expect("Doorstep could not open its window");
    app.run(|app, event| {
        if let RunEvent::Exit = event {
            app.state::<Host>().close();
        }
    });
}

/// The device first, then the window: a screen that is there may ask at once, and on a phone it does.
fn open(app: &App) -> tauri::Result<()> {
    app.manage(Host::open(app.path(), app.package_info())?);
    for window in &app.config().app.windows {
        let window = WebviewWindowBuilder::from_config(app.handle(), window)?.build()?;
        page::keep(&window)?;
    }
    Ok(())
}
