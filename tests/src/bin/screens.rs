//! `screens`: pictures of every screen in every look, examined and hung on one sheet a language. `cargo xtask screens` builds what it
//! needs and starts it; the pictures are in `target/screens/`.

#![allow(clippy::print_stdout, reason = "a command line tool talks to its user")]

use std::path::Path;
use std::process::ExitCode;

use clap::Parser;
use doorstep_tests::county::County;
use doorstep_tests::screens::desk;
use doorstep_tests::screens::phone::{self, Host};
use doorstep_tests::screens::{Gallery, Look};
use doorstep_tests::trouble::{Doing, Outcome};

/// Takes pictures of every screen.
#[derive(Debug, Parser)]
#[command(name = "screens")]
struct Options {
    /// Only looks whose name contains this, for example `zh-light-100`.
    #[arg(long, default_value = "")]
    look: String,
    /// Only this app.
    #[arg(long)]
    app: Option<App>,
}

/// The apps with screens.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum App {
    /// The worker's.
    Phone,
    /// The desk's.
    Desk,
}

#[tokio::main]
async fn main() -> ExitCode {
    match photograph(&Options::parse()).await {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(trouble) => {
            eprintln!("{trouble}");
            ExitCode::FAILURE
        }
    }
}

async fn photograph(options: &Options) -> Outcome<bool> {
    let folder = tempfile::tempdir().doing("making a folder")?;
    let county = County::found(folder.path(), "village")?;
    let mut good = true;
    if options.app != Some(App::Desk) {
        let host = Host::start(folder.path(), &county).await?;
        host.share(&county, "demo-worker-2").await?;
        let mut gallery = Gallery::begin("phone")?;
        host.photograph(&mut gallery, folder.path(), &chosen(phone::looks(), options)).await?;
        good &= tell(&gallery, folder.path()).await?;
    }
    if options.app != Some(App::Phone) {
        let mut gallery = Gallery::begin("desk")?;
        desk::photograph(&county, &mut gallery, folder.path(), &chosen(desk::looks(), options)).await?;
        good &= tell(&gallery, folder.path()).await?;
    }
    Ok(good)
}

fn chosen(looks: Vec<Look>, options: &Options) -> Vec<Look> {
    looks.into_iter().filter(|look| look.name().contains(&options.look)).collect()
}

/// Hangs the sheets and says what was found; whether that was nothing.
async fn tell(gallery: &Gallery, folder: &Path) -> Outcome<bool> {
    for sheet in gallery.hang(folder).await? {
        println!("{}", sheet.display());
    }
    for finding in &gallery.findings {
        println!("✗ {}: {}", finding.at, finding.what);
    }
    println!("The pictures are in {}; {} findings.", gallery.folder().display(), gallery.findings.len());
    Ok(gallery.findings.is_empty())
}
