//! `screens`: pictures of every screen in every look, examined and hung on one sheet a language. `cargo xtask screens` builds what it
//! needs and starts it; the pictures are in `target/screens/`.

#![allow(clippy::print_stdout, reason = "a command line tool talks to its user")]

use std::process::ExitCode;

use clap::Parser;
use doorstep_tests::county::County;
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
    let host = Host::start(folder.path(), &county).await?;
    host.share(&county, "demo-worker-2").await?;
    let mut gallery = Gallery::begin("phone")?;
    let looks: Vec<Look> = phone::looks().into_iter().filter(|look| look.name().contains(&options.look)).collect();
    host.photograph(&mut gallery, folder.path(), &looks).await?;
    for sheet in gallery.hang(folder.path()).await? {
        println!("{}", sheet.display());
    }
    for finding in &gallery.findings {
        println!("✗ {}: {}", finding.at, finding.what);
    }
    println!("The pictures are in {}; {} findings.", gallery.folder().display(), gallery.findings.len());
    Ok(gallery.findings.is_empty())
}
