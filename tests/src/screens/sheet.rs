//! The contact sheet: all pictures of a language on one page, with their names, painted by the browser.

use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};

use super::Look;
use crate::browser::Browser;
use crate::trouble::{Doing, Outcome};

/// How many pictures stand side by side, and how large.
const COLUMNS: usize = 10;
const CELL: (usize, usize) = (200, 462);

/// Writes the sheet as a page and as a picture beside the pictures.
pub(super) async fn paint(
    pictures: &Path,
    language: &str,
    taken: &[&(String, String, Look)],
    folder: &Path,
) -> Outcome<PathBuf> {
    let mut page = String::from(
        "<!doctype html><meta charset=utf-8><style>
        body { margin: 8px; font: 11px sans-serif; display: grid; grid-template-columns: repeat(10, 190px); gap: 8px }
        figure { margin: 0 } img { width: 190px; max-height: 415px; object-fit: contain; object-position: top; border: 1px solid #999 }
        </style>",
    );
    for (file, name, look) in taken {
        let writing = write!(
            page,
            "<figure><img src=\"{file}\"><figcaption>{name} · {} · {} %</figcaption></figure>",
            look.theme, look.percent
        );
        writing.doing("writing the contact sheet")?;
    }
    let html = pictures.join(format!("sheet-{language}.html"));
    fs::write(&html, page).doing("writing the contact sheet")?;
    let rows = taken.len().div_ceil(COLUMNS);
    let size = ((COLUMNS * CELL.0) as u16, (rows * CELL.1).min(16_000) as u16);
    let address = format!("file://{}", html.display());
    let window = Browser::page("sheet", &folder.join(format!("sheet-{language}")), &address, size, false).await?;
    window.rest().await?;
    let picture = pictures.join(format!("sheet-{language}.png"));
    fs::write(&picture, window.screenshot().await?).doing("keeping the contact sheet")?;
    Ok(picture)
}
