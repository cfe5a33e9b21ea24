//! Serving: one process, two worker threads, a bounded number of blocking ones.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use clap::Args;
use tokio::net::TcpListener;
use tracing_subscriber::EnvFilter;

use super::CliError;
use crate::http::listen::listen;
use crate::http::{App, Front, router};
use crate::hub::lost_photos::FolderFound;
use crate::hub::{CountyHub, HubError, PHOTO_FOLDER, open_folder};

/// What is over (uploads that nobody finished, codes, tokens) is looked for this often.
const TIDY_EVERY: Duration = Duration::from_secs(60 * 60);
/// Whether a month's report is due is asked this often: it is due from a certain hour of the last day on.
const REPORTS_EVERY: Duration = Duration::from_secs(10 * 60);
/// Calls that run at the same time; more wait. Each may hold a page of an answer in memory.
const BLOCKING_THREADS: usize = 32;

#[derive(Debug, Args)]
pub(super) struct How {
    /// Where to listen. TLS is the task of a proxy in front.
    #[arg(long, env = "DOORSTEP_LISTEN", default_value = "127.0.0.1:8610")]
    listen: SocketAddr,
    /// Send cookies over TLS only. Set this wherever a proxy speaks TLS.
    #[arg(long, env = "DOORSTEP_SECURE_COOKIES")]
    secure_cookies: bool,
    /// Every call comes through a proxy of one's own: whoever calls is the last address in its X-Forwarded-For. Set this behind a
    /// proxy, or all callers together have the tries of one; never set it without, or each may call itself what it likes.
    #[arg(long, env = "DOORSTEP_BEHIND_PROXY")]
    behind_proxy: bool,
    /// Write the log as JSON.
    #[arg(long, env = "DOORSTEP_LOG_JSON")]
    log_json: bool,
}

pub(super) fn serve(data: &Path, how: &How) -> Result<(), CliError> {
    start_log(how.log_json);
    let _held = super::hold(data)?;
    let hub = Arc::new(open_folder(data)?);
    look_for_photos(&hub, data)?;
    hub.imports_have_stopped()?;
    match hub.sweep_uploads() {
        Ok(swept) if swept > 0 => tracing::info!(swept, "files of uploads that nothing knew of"),
        Err(error) => tracing::error!(%error, "files of uploads that nothing knows of could not be removed"),
        _ => {}
    }
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .max_blocking_threads(BLOCKING_THREADS)
        .thread_keep_alive(Duration::from_secs(5))
        .enable_all()
        .build()?;
    runtime.block_on(answer(hub, how))
}

/// Finds out which pictures the folder has lost, so that phones offer them again before they free their originals. Without its own folder
/// (a disk that is not mounted) the server does not start: it would confirm pictures that nobody finds once the disk is back. One that cannot
/// be read keeps the text of the county from nobody.
fn look_for_photos(hub: &CountyHub, data: &Path) -> Result<(), CliError> {
    let found = match hub.look_for_photos() {
        Err(HubError::Photos(error)) => {
            let folder = data.join(PHOTO_FOLDER);
            tracing::error!(folder = %folder.display(), %error, "the photo folder cannot be compared with the notes: they stay as they are");
            return Ok(());
        }
        found => found?,
    };
    match found {
        FolderFound::Compared { lost: 0, came: 0 } => Ok(()),
        FolderFound::Compared { lost, came } => {
            tracing::warn!(lost, came, "the photo folder was another than the database says: the notes are set right");
            Ok(())
        }
        FolderFound::Another { noted, there } => Err(CliError::Told(format!(
            "the photo folder has {there} of the {noted} pictures that the database has noted: is its disk mounted? If the rest is lost, \
             say so with `sync-server lost-photos`, and phones offer again what they still have"
        ))),
    }
}

async fn answer(hub: Arc<CountyHub>, how: &How) -> Result<(), CliError> {
    let listener = TcpListener::bind(how.listen)
        .await
        .map_err(|error| CliError::Told(format!("cannot listen on {}: {error}", how.listen)))?;
    let front = Front { secure_cookies: how.secure_cookies, behind_proxy: how.behind_proxy };
    let app = App::new(Arc::clone(&hub), front);
    tracing::info!(address = %listener.local_addr()?, "listening");
    let reports = tokio::spawn(make_reports(Arc::clone(&hub)));
    let tidy = tokio::spawn(tidy(hub));
    let nudges = Arc::clone(&app.nudges);
    let asked_to_stop = async move {
        stopped().await;
        // Streams have no end of their own.
        nudges.end();
    };
    listen(listener, router(app), asked_to_stop).await;
    tidy.abort();
    reports.abort();
    tracing::info!("stopped");
    Ok(())
}

/// Makes the reports that are due, at the start too: what a server that was off has missed is made up.
async fn make_reports(hub: Arc<CountyHub>) {
    let mut clock = tokio::time::interval(REPORTS_EVERY);
    loop {
        clock.tick().await;
        let hub = Arc::clone(&hub);
        match tokio::task::spawn_blocking(move || hub.make_due_reports()).await {
            Ok(Ok(made)) if made > 0 => tracing::info!(made, "monthly reports"),
            Ok(Err(error)) => tracing::error!(%error, "the monthly report could not be made"),
            _ => {}
        }
    }
}

async fn tidy(hub: Arc<CountyHub>) {
    let mut clock = tokio::time::interval(TIDY_EVERY);
    loop {
        clock.tick().await;
        let hub = Arc::clone(&hub);
        let tidied = tokio::task::spawn_blocking(move || hub.forget_old_imports().and_then(|()| hub.tidy())).await;
        match tidied {
            Ok(Ok(dropped)) if dropped > 0 => tracing::info!(dropped, "uploads that nobody finished"),
            Ok(Err(error)) => tracing::error!(%error, "uploads could not be tidied"),
            _ => {}
        }
    }
}

/// Ends when the process is asked to stop: what is being answered is answered first.
async fn stopped() {
    let interrupt = tokio::signal::ctrl_c();
    #[cfg(unix)]
    {
        let terminate = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate());
        match terminate {
            Ok(mut terminate) => tokio::select! {
                _ = interrupt => {}
                _ = terminate.recv() => {}
            },
            Err(_) => {
                let _ = interrupt.await;
            }
        }
    }
    #[cfg(not(unix))]
    {
        let _ = interrupt.await;
    }
}

fn start_log(json: bool) {
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("info"));
    let log = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    // A second start in one process (tests) keeps the first log.
    let _ = if json { log.json().try_init() } else { log.try_init() };
}
