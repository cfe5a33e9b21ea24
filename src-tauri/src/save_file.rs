//! Keeps a file that a screen made, such as a paper to print, in the folder where the worker finds downloads.

use std::fs::OpenOptions;
use std::io::{ErrorKind, Write as _};
use std::path::{Path, PathBuf};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use device::api::{Failure, FailureCode};
use tauri::ipc::{InvokeBody, Request};
use tauri::{AppHandle, Manager};

/// Holds the file's name: base64, since a header takes ASCII only.
const NAME_HEADER: &str = "x-name";
/// So many files of one name are kept side by side; a worker who printed more has a folder to tidy up.
const SAME_NAME_MAX: usize = 999;

/// Keeps the bytes of the request under the name in its header. An earlier file of that name stays as it is.
#[tauri::command]
pub(crate) async fn save_file(app: AppHandle, request: Request<'_>) -> Result<(), Failure> {
    let malformed = || Failure::new(FailureCode::Malformed);
    let InvokeBody::Raw(bytes) = request.body() else { return Err(malformed()) };
    let header = request.headers().get(NAME_HEADER).ok_or_else(malformed)?;
    let name = STANDARD.decode(header.as_bytes()).ok().and_then(|name| String::from_utf8(name).ok());
    let name = plain_name(&name.ok_or_else(malformed)?).ok_or_else(malformed)?;
    let folder = app.path().download_dir().map_err(|_| Failure::new(FailureCode::StorageBroken))?;
    let bytes = bytes.clone();
    let kept = tauri::async_runtime::spawn_blocking(move || keep(&folder, &name, &bytes)).await;
    match kept {
        Ok(Ok(_)) => Ok(()),
        Ok(Err(error)) if error.kind() == ErrorKind::StorageFull => Err(Failure::new(FailureCode::StorageFull)),
        _ => Err(Failure::new(FailureCode::StorageBroken)),
    }
}

/// A name that stays in its folder: no path, nothing hidden, no control characters.
fn plain_name(name: &str) -> Option<String> {
    let fits = |c: char| !c.is_control() && !matches!(c, '/' | '\\' | ':' | '*' | '?' | '"' | '<' | '>' | '|');
    let plain = !name.is_empty() && name.len() <= 240 && !name.starts_with('.') && name.chars().all(fits);
    plain.then(|| name.to_owned())
}

/// Writes the file under its name, or under that name with a number where there is one already.
fn keep(folder: &Path, name: &str, bytes: &[u8]) -> std::io::Result<PathBuf> {
    std::fs::create_dir_all(folder)?;
    let (stem, ending) = name.rsplit_once('.').unwrap_or((name, ""));
    for number in 1..=SAME_NAME_MAX {
        let numbered = if number == 1 { name.to_owned() } else { format!("{stem} ({number}).{ending}") };
        let path = folder.join(numbered);
        match OpenOptions::new().write(true).create_new(true).open(&path) {
            Ok(mut file) => {
                file.write_all(bytes)?;
                file.sync_all()?;
                return Ok(path);
            }
            Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
            Err(error) => return Err(error),
        }
    }
    Err(ErrorKind::AlreadyExists.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_stays_in_its_folder() {
        assert_eq!(plain_name("人民调解协议书_张三.pdf").as_deref(), Some("人民调解协议书_张三.pdf"));
        for wrong in ["", "../a.pdf", "a/b.pdf", "c:\\a.pdf", ".hidden", "a\n.pdf"] {
            assert_eq!(plain_name(wrong), None, "{wrong:?}");
        }
    }

    #[test]
    fn an_earlier_file_of_the_same_name_stays_as_it_is() {
        let folder = std::env::temp_dir().join(format!("doorstep-save-{}", std::process::id()));
        let first = keep(&folder, "表.pdf", b"1").unwrap();
        let second = keep(&folder, "表.pdf", b"2").unwrap();
        assert_eq!((std::fs::read(&first).unwrap(), std::fs::read(&second).unwrap()), (b"1".to_vec(), b"2".to_vec()));
        std::fs::remove_dir_all(folder).unwrap();
    }
}
