//! `device-host`: the commands of the phone over HTTP on this machine, so that the same screens can be driven in a browser.
//!
//! `POST /call/{command}` takes JSON arguments; with `Content-Type: application/octet-stream` the body is the command's bytes
//! and the arguments stand in `?args=<JSON>`. A failure is answered with 400 and its JSON. Everything else is a file of the
//! screens, under the content security policy of the app's window, so that nothing works here that the window would not load. It
//! listens on the loopback address only: whoever reaches it holds the phone.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;

use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, Path, Query, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use axum::{Json, Router};
use clap::Parser;
use device::api::{self, Answer, Failure, FailureCode};
use device::edge::SystemWorld;
use device::{PhoneConfig, SharedPhone};
use doorstep_tests::trouble::{Doing, Outcome, trouble};
use serde::Deserialize;
use serde_json::Value;
use tower_http::services::{ServeDir, ServeFile};
use tower_http::set_header::SetResponseHeaderLayer;

/// A photo straight from a camera is the largest body there is.
const BODY_BYTES_MAX: usize = 64 * 1024 * 1024;

/// The configuration of the app's window.
const WINDOW: &str = include_str!("../../../src-tauri/tauri.conf.json");

/// Hosts the phone's commands and screens on this machine.
#[derive(Debug, Parser)]
#[command(name = "device-host")]
struct Options {
    /// The folder of the phone's data.
    #[arg(long)]
    folder: PathBuf,
    /// Where to listen; the loopback address only.
    #[arg(long, default_value = "127.0.0.1:8620")]
    listen: SocketAddr,
    /// The folder of the built screens.
    #[arg(long, default_value = "ui/dist/field")]
    ui: PathBuf,
}

#[tokio::main]
async fn main() -> ExitCode {
    match host(Options::parse()).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(trouble) => {
            eprintln!("{trouble}");
            ExitCode::FAILURE
        }
    }
}

async fn host(options: Options) -> Outcome {
    if !options.listen.ip().is_loopback() {
        return trouble(format!("{} is not an address of this machine alone: use 127.0.0.1.", options.listen));
    }
    let app_version = env!("CARGO_PKG_VERSION").to_owned();
    let config = PhoneConfig { folder: options.folder, world: Box::new(|| Box::new(SystemWorld)), app_version };
    let phone = SharedPhone::open(config).doing("opening the phone's data")?;
    let _rounds = phone.start_background();
    let index = ServeFile::new(options.ui.join("index.html"));
    let routes = Router::new()
        .route("/call/{command}", post(call))
        .layer(DefaultBodyLimit::max(BODY_BYTES_MAX))
        .with_state(phone)
        .fallback_service(ServeDir::new(&options.ui).fallback(index))
        .layer(SetResponseHeaderLayer::if_not_present(header::CONTENT_SECURITY_POLICY, policy()?));
    let listener = tokio::net::TcpListener::bind(options.listen).await.doing("listening")?;
    let stop = async {
        // Without a signal it runs until it is ended.
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending::<()>().await;
        }
    };
    axum::serve(listener, routes).with_graceful_shutdown(stop).await.doing("serving")
}

/// What the window may load and run, as its configuration says; only the commands come from here instead of from the window's host.
fn policy() -> Outcome<HeaderValue> {
    let config: Value = serde_json::from_str(WINDOW).doing("reading the window's configuration")?;
    let Some(directives) = config.pointer("/app/security/csp").and_then(Value::as_object) else {
        return trouble("The window's configuration has no content security policy.");
    };
    let sources = |name: &str, sources: &Value| match name {
        "connect-src" => "'self'".to_owned(),
        _ => sources.as_str().unwrap_or_default().to_owned(),
    };
    let policy: Vec<String> =
        directives.iter().map(|(name, value)| format!("{name} {}", sources(name, value))).collect();
    HeaderValue::from_str(&policy.join("; ")).doing("writing the content security policy")
}

/// Arguments beside a body of bytes.
#[derive(Debug, Deserialize)]
struct Beside {
    args: Option<String>,
}

async fn call(
    State(phone): State<SharedPhone>,
    Path(command): Path<String>,
    Query(beside): Query<Beside>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let raw = headers.get(header::CONTENT_TYPE).is_some_and(|kind| kind == "application/octet-stream");
    let (args, bytes) =
        if raw { (beside.args.unwrap_or_default().into_bytes(), Some(body.to_vec())) } else { (body.to_vec(), None) };
    let args: Value = match serde_json::from_slice(if args.is_empty() { b"{}" } else { &args }) {
        Ok(args) => args,
        Err(_) => return refuse(Failure::new(FailureCode::Malformed)),
    };
    let answer = tokio::task::spawn_blocking(move || api::call_phone(&phone, &command, args, bytes)).await;
    match answer {
        Ok(Ok(Answer::Json(value))) => Json(value).into_response(),
        Ok(Ok(Answer::Bytes { mime, bytes })) => ([(header::CONTENT_TYPE, mime)], bytes).into_response(),
        Ok(Err(failure)) => refuse(failure),
        Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}

fn refuse(failure: Failure) -> Response {
    (StatusCode::BAD_REQUEST, Json(failure)).into_response()
}
