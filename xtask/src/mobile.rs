//! Type-checks the app for Android and iOS without their SDKs.
//!
//! The phones' standard library is built from source by Debian's Rust, unpacked inside the build folder and never
//! installed. C code is not compiled: a stand-in for the C compiler hands back empty files. So nothing here
//! can be linked or run, but errors under `cfg(mobile)`, a dependency that does not know the phone and a
//! permission that the phone's capability file gets wrong are all found.

use crate::paths;
use crate::sh::{Outcome, Step, fail};
use crate::tools;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

/// One kind of phone.
struct Phone {
    triple: &'static str,
    /// What its build scripts want to be told besides.
    env: &'static [(&'static str, &'static str)],
}

const PHONES: &[Phone] = &[
    Phone { triple: "aarch64-linux-android", env: &[] },
    // Any folder will do: nothing is read from it. Without it the build asks Apple's tools for theirs.
    Phone { triple: "aarch64-apple-ios", env: &[("SDKROOT", "/tmp"), ("IPHONEOS_DEPLOYMENT_TARGET", "15.0")] },
];

/// The Debian package of the compiler.
const COMPILER: &str = "rustc-web";
/// The Debian package of the standard library's source.
const SOURCE: &str = "rust-web-src";

/// Stands in for the C compiler. What only asks (`-E`, `--version`, `-?`) goes to the real one, without the phone's flags.
const C_COMPILER: &str = r#"#!/bin/sh
# Stands in for a phone's C compiler: answers questions like the machine's own, and compiles to an empty file.
out=
asks=
previous=
for argument in "$@"; do
    [ "$previous" = -o ] && out=$argument
    [ "$argument" = -E ] && asks=1
    previous=$argument
done
# What has no result only asks too: for a version, or whether an option is known.
if [ -n "$asks" ] || [ -z "$out" ]; then
    count=$#
    skip=
    while [ "$count" -gt 0 ]; do
        argument=$1
        shift
        count=$((count - 1))
        if [ -n "$skip" ]; then
            skip=
            continue
        fi
        case $argument in
            -arch | -isysroot | -target) skip=1 ;;
            --target=* | -mios-version-min=* | -miphoneos-version-min=* | -fembed-bitcode*) ;;
            *) set -- "$@" "$argument" ;;
        esac
    done
    exec gcc "$@"
fi
: > "$out"
"#;

/// Stands in for the phone's archiver, since the objects that it would collect are none.
const ARCHIVER: &str = r#"#!/bin/sh
# Stands in for a phone's archiver: every archive it is asked to write is an empty one.
for argument in "$@"; do
    case $argument in
        *.a) printf '!<arch>\n' > "$argument" ;;
    esac
done
"#;

/// Type-checks for every kind of phone.
pub(crate) fn check() -> Outcome {
    if !tools::has_debian_packages() {
        return fail("The check for phones takes its compiler from Debian's packages, which are not to be had here.");
    }
    let rust = unpack_compiler()?;
    let compiler = write_program("phone-cc", C_COMPILER)?;
    let archiver = write_program("phone-ar", ARCHIVER)?;
    for phone in PHONES {
        check_for(phone, &rust, &compiler, &archiver)?;
    }
    Ok(())
}

fn check_for(phone: &Phone, rust: &Path, compiler: &Path, archiver: &Path) -> Outcome {
    let small = phone.triple.replace('-', "_");
    let large = small.to_uppercase();
    let libraries = Step::new("pkg-config").args(["--variable=libdir", "libcrypto"]).read()?;
    let headers = Step::new("pkg-config").args(["--variable=includedir", "libcrypto"]).read()?;
    let mut step = Step::cargo()
        .args(["check", "-p", "doorstep", "--lib", "-Zbuild-std=std,panic_abort", "--target", phone.triple])
        // Warnings that only a phone's build shows are refused like all others.
        .args(["-Zwarnings", "--config", "build.warnings='deny'"])
        .arg("--target-dir")
        .arg(paths::target().join("mobile"))
        .env("RUSTC", rust.join("usr/bin/rustc"))
        .env("RUSTC_BOOTSTRAP", "1")
        .env("LD_LIBRARY_PATH", rust.join("libraries"))
        .env(format!("CC_{small}"), compiler)
        .env(format!("CXX_{small}"), compiler)
        .env(format!("AR_{small}"), archiver)
        // Only its headers are read; building it for a phone would need that phone's compiler.
        .env("OPENSSL_NO_VENDOR", "1")
        .env(format!("{large}_OPENSSL_LIB_DIR"), libraries.trim())
        .env(format!("{large}_OPENSSL_INCLUDE_DIR"), headers.trim());
    for (name, value) in phone.env {
        step = step.env(name, value);
    }
    step.run()
}

/// Unpacks Debian's Rust into the build folder, unless it is there already.
fn unpack_compiler() -> Outcome<PathBuf> {
    let folder = paths::target().join("mobile-rust");
    let done = folder.join("complete");
    if done.is_file() {
        return Ok(folder);
    }
    let trouble = |error: std::io::Error| fail(format!("{} could not be prepared: {error}.", folder.display()));
    let fetched = folder.join("packages");
    if folder.exists() {
        fs::remove_dir_all(&folder).or_else(trouble)?;
    }
    fs::create_dir_all(&fetched).or_else(trouble)?;
    // A list of packages that was never fetched knows none, and an old one names versions that are gone.
    fetch_packages(&fetched).or_else(|_| {
        tools::update_package_list()?;
        fetch_packages(&fetched)
    })?;
    for entry in fs::read_dir(&fetched).or_else(|error| fail(format!("{}: {error}.", fetched.display())))?.flatten() {
        Step::new("dpkg").arg("-x").arg(entry.path()).arg(&folder).run()?;
    }
    // The packages are the larger half and are of no further use.
    fs::remove_dir_all(&fetched).or_else(trouble)?;
    // Debian keeps libraries in a folder named after the machine's kind; one name for it is easier to use.
    let of_machine = Step::new("gcc").arg("-print-multiarch").read()?;
    let libraries = Path::new("usr/lib").join(of_machine.trim());
    std::os::unix::fs::symlink(libraries, folder.join("libraries")).or_else(trouble)?;
    fs::write(done, "").or_else(trouble)?;
    Ok(folder)
}

/// Fetches the packages into a folder. Apt's own user, who may not write there, is not needed for that.
fn fetch_packages(folder: &Path) -> Outcome {
    let fetch = Step::new("apt-get").args(["download", "-q", "-o", "APT::Sandbox::User=root"]);
    fetch.args(packages()?).within(folder).run()
}

/// The compiler, the source, and of what the compiler depends on its own library and LLVM, whose names change with
/// every version. The rest is on every machine that builds the app.
fn packages() -> Outcome<Vec<String>> {
    let mut found = vec![SOURCE.to_owned(), COMPILER.to_owned()];
    let mut next = 1;
    while let Some(package) = found.get(next).cloned() {
        let described = Step::new("apt-cache").args(["depends", "--important", "--no-recommends", &package]).read()?;
        for name in described.lines().filter_map(|line| line.trim().strip_prefix("Depends: ")) {
            let own = name.starts_with("libstd-rust-web") || name.starts_with("libllvm");
            if own && !found.iter().any(|known| known == name) {
                found.push(name.to_owned());
            }
        }
        next += 1;
    }
    Ok(found)
}

fn write_program(name: &str, text: &str) -> Outcome<PathBuf> {
    let path = paths::memory().join(name);
    let written = fs::create_dir_all(paths::memory())
        .and_then(|()| fs::write(&path, text))
        .and_then(|()| fs::set_permissions(&path, fs::Permissions::from_mode(0o755)));
    written.map(|()| path).or_else(|error| fail(format!("{name} could not be written: {error}.")))
}
