//! What a machine must have: looked for first, then installed on Debian, or named in one line elsewhere.

use crate::paths;
use crate::sh::{Outcome, Step, fail};
use std::ffi::OsString;
use std::io::IsTerminal;
use std::path::{Path, PathBuf};

/// How to find out whether something is there.
enum Probe {
    /// A program on the search path.
    Program(&'static str),
    /// A library with headers, known to pkg-config.
    Library(&'static str),
    /// A font for this language.
    Font(&'static str),
    /// A Node that the build of the screens accepts.
    Node,
    /// The library that reads C headers for Rust.
    Clang,
}

/// One thing a verb needs.
pub(crate) struct Need {
    probe: Probe,
    /// The Debian packages that bring it.
    debian: &'static [&'static str],
}

const fn program(name: &'static str, debian: &'static [&'static str]) -> Need {
    Need { probe: Probe::Program(name), debian }
}

/// To build anything that contains C.
pub(crate) const COMPILER: &[Need] = &[program("cc", &["build-essential"]), program("pkg-config", &["pkg-config"])];

/// To build the screens.
pub(crate) const SCREENS: &[Need] = &[Need { probe: Probe::Node, debian: &["nodejs"] }, program("npm", &["npm"])];

/// To build the window and its encrypted store.
pub(crate) const WINDOW: &[Need] = &[
    Need { probe: Probe::Library("webkit2gtk-4.1"), debian: &["libwebkit2gtk-4.1-dev"] },
    Need { probe: Probe::Library("libcrypto"), debian: &["libssl-dev"] },
];

/// To show windows where nobody looks, and to drive them.
pub(crate) const STAGE: &[Need] = &[
    program("xvfb-run", &["xvfb", "xauth"]),
    program("xauth", &["xauth"]),
    program("WebKitWebDriver", &["webkit2gtk-driver"]),
    program("chromium", &["chromium"]),
    program("chromedriver", &["chromium-driver"]),
    program("fc-list", &["fontconfig"]),
    Need { probe: Probe::Font("zh-cn"), debian: &["fonts-noto-cjk"] },
];

/// To build SQLite with its session extension, whose headers are read while it is built; and a network of one's own.
pub(crate) const LIMITS: &[Need] =
    &[Need { probe: Probe::Clang, debian: &["libclang-dev"] }, program("ip", &["iproute2"])];

/// To make networks that fail, between programs of this machine.
pub(crate) const WEATHER: &[Need] = &[
    program("ip", &["iproute2"]),
    program("tc", &["iproute2"]),
    program("nft", &["nftables"]),
    program("nsenter", &["util-linux"]),
];

/// To read the history and the list of files.
pub(crate) const HISTORY: &[Need] = &[program("git", &["git"])];

/// The Node below which vite does not start.
const NODE: (u32, u32) = (20, 19);
/// The Node that is brought when the system's is older.
const NODE_BROUGHT: &str = "22";

/// Makes sure that everything is there, installing what is not.
pub(crate) fn ensure(sets: &[&[Need]]) -> Outcome {
    let missing = || sets.iter().copied().flatten().filter(|need| !is_there(&need.probe)).collect::<Vec<_>>();
    let wanted = missing();
    if wanted.is_empty() {
        return Ok(());
    }
    let mut packages: Vec<&str> = Vec::new();
    for package in wanted.iter().flat_map(|need| need.debian.iter().copied()) {
        if !packages.contains(&package) {
            packages.push(package);
        }
    }
    install(&packages)?;
    if missing().iter().any(|need| matches!(need.probe, Probe::Node)) {
        bring_node()?;
    }
    match missing().first() {
        None => Ok(()),
        Some(need) => fail(format!("{} is still missing after the installation.", said(&need.probe))),
    }
}

/// Debian's own way to fetch packages without installing them: needed for the phones' compiler.
pub(crate) fn has_debian_packages() -> bool {
    on_path("apt-get").is_some() && on_path("dpkg").is_some()
}

/// Fetches Debian's list of packages.
pub(crate) fn update_package_list() -> Outcome {
    as_root("apt-get")?.args(["update", "-qq"]).run()
}

fn install(packages: &[&str]) -> Outcome {
    let named = packages.join(" ");
    if !has_debian_packages() {
        return fail(format!("Please install what Debian calls: {named}."));
    }
    let Ok(update) = as_root("apt-get") else {
        return fail(format!("Please run: sudo apt-get install -y --no-install-recommends {named}"));
    };
    update.args(["update", "-qq"]).run()?;
    as_root("env")?
        .args(["DEBIAN_FRONTEND=noninteractive", "apt-get", "install", "-y", "-qq", "--no-install-recommends"])
        .args(packages)
        .run()
}

/// Prepares a program with the rights of the administrator, or says that this person has none.
pub(crate) fn as_root(program: &str) -> Outcome<Step> {
    if Step::new("id").arg("-u").read()?.trim() == "0" {
        return Ok(Step::new(program));
    }
    if on_path("sudo").is_some() {
        if std::io::stdin().is_terminal() {
            return Ok(Step::new("sudo").arg(program));
        }
        if Step::new("sudo").args(["-n", "true"]).succeeds() {
            return Ok(Step::new("sudo").args(["-n", program]));
        }
    }
    fail(format!("`{program}` needs the rights of the administrator here."))
}

/// Debian's own Node can be too old for vite; npm's packages have newer ones, kept inside the project.
fn bring_node() -> Outcome {
    let architecture = match std::env::consts::ARCH {
        "x86_64" => "x64",
        "aarch64" => "arm64",
        _ => return fail(format!("Please install Node {}.{} or newer.", NODE.0, NODE.1)),
    };
    let package = format!("node-linux-{architecture}");
    Step::new("npm")
        .args(["install", "--no-save", "--no-audit", "--no-fund", "--prefix"])
        .arg(brought())
        .arg(format!("{package}@{NODE_BROUGHT}"))
        .run()?;
    let bin = brought().join("bin");
    let from = brought().join("node_modules").join(package).join("bin").join("node");
    let linked = std::fs::create_dir_all(&bin).and_then(|()| std::fs::copy(&from, bin.join("node")));
    linked.map(|_| ()).or_else(|error| fail(format!("{} could not be put in place: {error}.", from.display())))
}

fn brought() -> PathBuf {
    paths::target().join("node")
}

/// The search path of every program started here: first what this project brought itself.
pub(crate) fn search_path() -> OsString {
    let system = std::env::var_os("PATH").unwrap_or_default();
    let bin = brought().join("bin");
    if !bin.is_dir() {
        return system;
    }
    let folders = std::iter::once(bin).chain(std::env::split_paths(&system));
    std::env::join_paths(folders).unwrap_or(system)
}

fn is_there(probe: &Probe) -> bool {
    match probe {
        Probe::Program(name) => on_path(name).is_some(),
        Probe::Library(name) => Step::new("pkg-config").args(["--exists", name]).succeeds(),
        Probe::Font(language) => {
            let fonts = Step::new("fc-list").args([&format!(":lang={language}"), "family"]).read();
            fonts.is_ok_and(|list| !list.trim().is_empty())
        }
        Probe::Node => {
            let version = Step::new("node").arg("--version").read();
            version.is_ok_and(|text| version_of(&text).is_some_and(|version| version >= NODE))
        }
        Probe::Clang => {
            let versions = std::fs::read_dir("/usr/lib").into_iter().flatten().flatten();
            let named = versions.filter(|entry| entry.file_name().to_string_lossy().starts_with("llvm-"));
            named.into_iter().any(|entry| entry.path().join("lib/libclang.so").exists())
        }
    }
}

fn said(probe: &Probe) -> String {
    match probe {
        Probe::Program(name) => format!("The program `{name}`"),
        Probe::Library(name) => format!("The library `{name}` with its headers"),
        Probe::Font(language) => format!("A font for the language `{language}`"),
        Probe::Node => format!("Node {}.{} or newer", NODE.0, NODE.1),
        Probe::Clang => "The library `libclang`".to_owned(),
    }
}

fn on_path(name: &str) -> Option<PathBuf> {
    let path = search_path();
    std::env::split_paths(&path).map(|folder| folder.join(name)).find(|file| Path::is_file(file))
}

fn version_of(text: &str) -> Option<(u32, u32)> {
    let mut numbers = text.trim().trim_start_matches('v').split('.').map(str::parse);
    match (numbers.next()?, numbers.next()?) {
        (Ok(major), Ok(minor)) => Some((major, minor)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_compared_as_numbers() {
        assert!(version_of("v20.20.2\n").unwrap() >= NODE);
        assert!(version_of("v20.9.0").unwrap() < NODE);
        assert!(version_of("v18.19.0").unwrap() < NODE);
        assert_eq!(version_of("nothing"), None);
    }

    #[test]
    fn what_every_machine_has_is_found() {
        assert!(is_there(&Probe::Program("sh")));
        assert!(!is_there(&Probe::Program("a-program-that-nobody-has")));
    }
}
