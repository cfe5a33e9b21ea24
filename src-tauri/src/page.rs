//! The page in the window comes back by itself when the system ended the process that draws it.
//!
//! A phone short of memory does that behind an app that takes photos, and a graphics driver may fall over. The device lives in the
//! app's own process and goes on, so nothing is lost but what was not saved; without this the worker would look at an empty window.
//! On Android the system ends the whole app with its page, and starts it anew at the next tap.

use tauri::Wry;

/// How long a page must have lived to be loaded again: one that is ended as soon as it comes would only burn the battery.
#[cfg(target_os = "linux")]
const LIVED: std::time::Duration = std::time::Duration::from_secs(5);

/// Loads the page again where the web view itself tells that its process ended.
#[cfg(any(target_os = "macos", target_os = "ios"))]
pub(crate) fn coming_back(builder: tauri::Builder<Wry>) -> tauri::Builder<Wry> {
    builder.on_web_content_process_terminate(|page| {
        if let Err(error) = page.reload() {
            eprintln!("The page could not be loaded again: {error}");
        }
    })
}

/// Elsewhere the window is asked, once it is there.
#[cfg(not(any(target_os = "macos", target_os = "ios")))]
pub(crate) fn coming_back(builder: tauri::Builder<Wry>) -> tauri::Builder<Wry> {
    builder
}

/// Loads the page of a window again whenever WebKit says that its process ended.
///
/// # Errors
/// When the window has no web view.
#[cfg(target_os = "linux")]
pub(crate) fn keep(window: &tauri::WebviewWindow) -> tauri::Result<()> {
    use std::cell::Cell;
    use std::time::Instant;
    use webkit2gtk::WebViewExt;

    window.with_webview(|page| {
        let came = Cell::new(Instant::now());
        page.inner().connect_web_process_terminated(move |view, why| {
            eprintln!("The page's process ended: {why:?}");
            if came.replace(Instant::now()).elapsed() >= LIVED {
                view.reload();
            }
        });
    })
}

/// Elsewhere there is nothing to ask for.
#[cfg(not(target_os = "linux"))]
pub(crate) fn keep(_window: &tauri::WebviewWindow) -> tauri::Result<()> {
    Ok(())
}
