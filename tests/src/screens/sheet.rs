//! The contact sheet: all pictures of a language on one page, with their names, painted by the browser.

use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};

use super::Look;
use crate::browser::Browser;
use crate::trouble::{Doing, Outcome};

/// How many pictures stand side by side, how wide each is, and how high a row: of phones, and of desks.
const PHONES: (usize, usize, usize) = (10, 190, 462);
const DESKS: (usize, usize, usize) = (4, 480, 400);

/// Writes the sheet as a page and as a picture beside the pictures.
pub(super) async fn paint(
    pictures: &Path,
    language: &str,
    taken: &[&(String, String, Look)],
    folder: &Path,
) -> Outcome<PathBuf> {
    let wide = taken.iter().any(|(_, _, look)| look.size.0 > look.size.1);
    let (columns, width, height) = if wide { DESKS } else { PHONES };
    let mut page = format!(
        "<!doctype html><meta charset=utf-8><style>
        body {{ margin: 8px; font: 11px sans-serif; display: grid; grid-template-columns: repeat({columns}, {width}px); gap: 8px }}
        figure {{ margin: 0 }} img {{ width: {width}px; max-height: {}px; object-fit: contain; object-position: top; border: 1px solid #999 }}
        </style>",
        height - 47
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
    let rows = taken.len().div_ceil(columns);
    let size = ((columns * (width + 10)) as u16, (rows * height).min(16_000) as u16);
    let address = format!("file://{}", html.display());
    let window = Browser::page("sheet", &folder.join(format!("sheet-{language}")), &address, size, false).await?;
    window.rest().await?;
    let picture = pictures.join(format!("sheet-{language}.png"));
    fs::write(&picture, window.screenshot().await?).doing("keeping the contact sheet")?;
    Ok(picture)
}
