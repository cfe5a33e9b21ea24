//! The one command of the window: passes on what a screen asks for and brings back the answer.

use crate::envelope::Envelope;
use crate::host::Host;
use device::api::{self, Answer, Failure, FailureCode};
use tauri::State;
use tauri::ipc::{InvokeResponseBody, Request, Response};

/// Forwards one request to the device, on a thread where reading and writing may take its time.
#[tauri::command]
pub(crate) async fn call(request: Request<'_>, host: State<'_, Host>) -> Result<Response, Failure> {
    let phone = host.phone()?;
    let Envelope { command, args, body } =
        Envelope::read(request.body(), request.headers()).map_err(|sentence| refuse(&sentence))?;
    let answer = tauri::async_runtime::spawn_blocking(move || api::call_phone(&phone, &command, args, body))
        .await
        .map_err(|error| refuse(&format!("A command stopped half-way: {error}")))??;
    match answer {
        Answer::Json(value) => Ok(Response::new(InvokeResponseBody::Json(value.to_string()))),
        // The screen knows the kind of picture it asked for; the way back has no place for it.
        Answer::Bytes { mime: _, bytes } => Ok(Response::new(bytes)),
    }
}

/// What is wrong between the screen and the device is a mistake in the program and none of the worker's:
/// its sentence is for the log, the screen only learns that nothing was done.
fn refuse(sentence: &str) -> Failure {
    eprintln!("{sentence}");
    Failure::new(FailureCode::Malformed)
}
