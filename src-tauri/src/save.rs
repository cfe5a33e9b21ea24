//! Files that the worker takes out of the app: sheets, forms, lists. They go where downloads go, under a name that is free there;
//! what was there before is never overwritten.

use std::fs::OpenOptions;
use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};

use device::api::{Failure, FailureCode};
use serde::Serialize;
use tauri::ipc::Request;
use tauri::{AppHandle, Manager};

use crate::envelope::{bytes_of, named_bytes};

/// Endings that the app makes. Nothing that a system would run.
const ENDINGS: &[&str] = &["xlsx", "csv", "pdf", "txt", "doorstep"];
/// Characters of a name, at most.
const NAME_MAX: usize = 100;
/// How many files of one name there may be.
const SAME_MAX: u32 = 999;

/// Where the file is now.
#[derive(Debug, Serialize)]
pub(crate) struct SavedFile {
    /// Its place, to be shown to the worker.
    path: String,
}

/// Keeps the bytes of the request under the name in its header.
#[tauri::command]
pub(crate) async fn save_file(app: AppHandle, request: Request<'_>) -> Result<SavedFile, Failure> {
    let bytes = bytes_of(request.body()).map_err(|_| Failure::new(FailureCode::Malformed))?;
    let name = named_bytes(request.headers()).ok().and_then(|name| safe_name(&name));
    let name = name.ok_or_else(|| Failure::new(FailureCode::Malformed))?;
    let folder = app.path().download_dir().or_else(|_| app.path().document_dir());
    let folder = folder.map_err(|_| Failure::new(FailureCode::StorageBroken))?;
    let kept = tauri::async_runtime::spawn_blocking(move || keep(&folder, &name, &bytes)).await;
    match kept {
        Ok(Ok(path)) => Ok(SavedFile { path: path.display().to_string() }),
        Ok(Err(error)) if error.kind() == ErrorKind::StorageFull => Err(Failure::new(FailureCode::StorageFull)),
        Ok(Err(error)) => {
            eprintln!("A file could not be kept: {error}");
            Err(Failure::new(FailureCode::StorageBroken))
        }
        Err(_) => Err(Failure::new(FailureCode::StorageBroken)),
    }
}

/// A name that stays in its folder, on every system; none for one with another ending.
fn safe_name(name: &str) -> Option<String> {
    let (stem, ending) = name.rsplit_once('.')?;
    let ending = ENDINGS.iter().find(|known| **known == ending)?;
    let plain = |c: char| if c.is_control() || "/\\:*?\"<>|".contains(c) { '_' } else { c };
    let stem: String = stem.chars().map(plain).take(NAME_MAX).collect();
    let stem = stem.trim_matches(['.', ' ']);
    (!stem.is_empty()).then(|| format!("{stem}.{ending}"))
}

/// Writes a file that was not there, wholly or not at all.
fn keep(folder: &Path, name: &str, bytes: &[u8]) -> std::io::Result<PathBuf> {
    std::fs::create_dir_all(folder)?;
    let (stem, ending) = name.rsplit_once('.').unwrap_or((name, "txt"));
    for number in 0..SAME_MAX {
        let free = if number == 0 { name.to_owned() } else { format!("{stem} ({number}).{ending}") };
        let path = folder.join(free);
        let mut file = match OpenOptions::new().write(true).create_new(true).open(&path) {
            Ok(file) => file,
            Err(error) if error.kind() == ErrorKind::AlreadyExists => continue,
            Err(error) => return Err(error),
        };
        let written = file.write_all(bytes).and_then(|()| file.sync_all());
        return match written {
            Ok(()) => Ok(path),
            Err(error) => {
                // Half a file would look like a whole one.
                let _removed = std::fs::remove_file(&path);
                Err(error)
            }
        };
    }
    Err(ErrorKind::AlreadyExists.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_stays_in_its_folder_and_is_nothing_that_runs() {
        assert_eq!(safe_name("居民花名册.xlsx").as_deref(), Some("居民花名册.xlsx"));
        assert_eq!(safe_name("../../etc/passwd.csv").as_deref(), Some("_.._etc_passwd.csv"));
        for name in ["x.exe", "noending", ".pdf", " . .csv", "a.csv.sh"] {
            assert_eq!(safe_name(name), None, "{name}");
        }
    }

    #[test]
    fn a_second_file_of_that_name_does_not_replace_the_first() {
        let folder = std::env::temp_dir().join(format!("doorstep-save-{}", std::process::id()));
        let first = keep(&folder, "月报.csv", b"1").unwrap();
        let second = keep(&folder, "月报.csv", b"2").unwrap();
        assert_ne!(first, second);
        assert_eq!((std::fs::read(&first).unwrap(), std::fs::read(&second).unwrap()), (b"1".to_vec(), b"2".to_vec()));
        std::fs::remove_dir_all(&folder).unwrap();
    }
}
