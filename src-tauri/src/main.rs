//! The desktop program. Phones start the same `run` through the library.
// A release on Windows opens no console window beside the app.
#![cfg_attr(not(debug_assertions), windows_subsystem = "windows")]

fn main() {
    doorstep_lib::run();
}
