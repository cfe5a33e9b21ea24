//! Records as a file: written while they are read, cell by cell, so that a large one takes no memory. Texts that a spreadsheet
//! program could take for formulas are defused.

use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};
use domain::protocol::ErrorBody;
use domain::sheet::defused;
use domain::{Problem, ProblemCode};
use futures_util::stream::{self, Stream};
use rust_xlsxwriter::{Format, Workbook, XlsxError};
use serde_json::json;
use tokio::runtime::Handle;
use tokio::sync::mpsc::{Receiver, Sender, channel};

use crate::http::auth::SignedInDesk;
use crate::http::{ApiError, App, JsonBody, blocking};
use crate::hub::exports::{Export, ExportFormat, ExportRow, ExportWish};
use crate::hub::{CountyHub, HubError};

/// A spreadsheet is made in one piece: beyond so many rows it would take too much memory, and CSV serves.
const XLSX_ROWS_MAX: usize = 100_000;
/// Pieces of a file that wait for a slow line, and how large one may be.
const PIECES: usize = 4;
const PIECE_BYTES: usize = 64 * 1024;
/// A line that takes no piece for so long is given up: a file that is being written holds a thread, and there are few.
const PAUSE_MAX: Duration = Duration::from_secs(60);

/// Takes records out as a file: masked, or in full for a reason from the list.
#[utoipa::path(post, path = "/desk/api/exports", tag = "desk", security(("desk" = [], "csrf" = [])), request_body = ExportWish,
    responses((status = 200, content_type = "application/octet-stream", body = Vec<u8>), (status = "4XX", body = ErrorBody)))]
pub(super) async fn export(
    State(app): State<App>,
    SignedInDesk(desk): SignedInDesk,
    JsonBody(wish): JsonBody<ExportWish>,
) -> Result<Response, ApiError> {
    let export = blocking(&app, move |hub| hub.begin_export(&desk, &wish)).await?;
    let (kind, ending) = match export.wish().format {
        ExportFormat::Xlsx => ("application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", "xlsx"),
        ExportFormat::Csv => ("text/csv; charset=utf-8", "csv"),
        ExportFormat::Geojson => ("application/geo+json", "geojson"),
    };
    let name = format!("attachment; filename=\"{}-{}.{ending}\"", export.wish().kind, export.wish().place);
    let body = match export.wish().format {
        ExportFormat::Xlsx => Body::from(blocking(&app, move |hub| workbook(hub, &export)).await?),
        _ => streamed(&app, export),
    };
    let mut answer = body.into_response();
    answer.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
    if let Ok(name) = HeaderValue::from_str(&name) {
        answer.headers_mut().insert(header::CONTENT_DISPOSITION, name);
    }
    Ok(answer)
}

/// What goes from the writing of a file to its sending.
enum Piece {
    Bytes(Bytes),
    /// The file is whole.
    End,
}

/// Where a file is written to.
struct Outlet {
    to: Sender<Piece>,
    pause: Duration,
}

impl Outlet {
    /// Sends what is written so far; false: nobody listens any more, or takes nothing for too long.
    fn send(&self, written: &mut String) -> bool {
        let mut bytes = Bytes::from(std::mem::take(written));
        while !bytes.is_empty() {
            let part = bytes.split_to(bytes.len().min(PIECE_BYTES));
            if !self.put(Piece::Bytes(part)) {
                return false;
            }
        }
        true
    }

    fn put(&self, piece: Piece) -> bool {
        Handle::current().block_on(self.to.send_timeout(piece, self.pause)).is_ok()
    }
}

/// A file that is written on a blocking thread while it is sent.
fn streamed(app: &App, export: Export) -> Body {
    let (to, receiver) = channel(PIECES);
    let hub = std::sync::Arc::clone(&app.hub);
    tokio::task::spawn_blocking(move || {
        if let Err(error) = write_text(&hub, &export, &Outlet { to, pause: PAUSE_MAX }) {
            tracing::error!(%error, "an export broke off");
        }
    });
    Body::from_stream(pieces(receiver))
}

/// The pieces until the file is whole. When something breaks half-way the line breaks, and nobody takes a part for the whole.
fn pieces(from: Receiver<Piece>) -> impl Stream<Item = Result<Bytes, std::io::Error>> {
    stream::unfold(Some(from), |from| async {
        let mut from = from?;
        match from.recv().await {
            Some(Piece::Bytes(bytes)) => Some((Ok(bytes), Some(from))),
            Some(Piece::End) => None,
            None => Some((Err(std::io::Error::other("broken off")), None)),
        }
    })
}

fn write_text(hub: &CountyHub, export: &Export, to: &Outlet) -> Result<(), HubError> {
    let heads: Vec<&str> = export.wish().columns.iter().map(|column| column.head.as_str()).collect();
    let as_csv = export.wish().format == ExportFormat::Csv;
    // The mark at the beginning lets spreadsheet programs open Chinese intact.
    let mut piece =
        if as_csv { "\u{FEFF}".to_owned() } else { "{\"type\":\"FeatureCollection\",\"features\":[".to_owned() };
    if as_csv {
        piece.push_str(&line(heads.iter().copied())?);
    }
    let mut first = true;
    for cell in &export.cells {
        for row in hub.export_cell(export, cell)? {
            if as_csv {
                piece.push_str(&line(row.texts.iter().map(String::as_str))?);
            } else if let Some(feature) = feature(&heads, row) {
                piece.push_str(if first { "\n" } else { ",\n" });
                piece.push_str(&feature);
                first = false;
            }
        }
        if !to.send(&mut piece) {
            return Ok(());
        }
    }
    if !as_csv {
        piece.push_str("\n]}\n");
    }
    if to.send(&mut piece) {
        to.put(Piece::End);
    }
    Ok(())
}

fn line<'t>(texts: impl Iterator<Item = &'t str>) -> Result<String, HubError> {
    let broken = |error: String| HubError::Broken(error);
    let mut writer = csv::WriterBuilder::new().terminator(csv::Terminator::CRLF).from_writer(Vec::new());
    writer.write_record(texts.map(defused)).map_err(|error| broken(error.to_string()))?;
    let bytes = writer.into_inner().map_err(|error| broken(error.to_string()))?;
    String::from_utf8(bytes).map_err(|error| broken(error.to_string()))
}

fn feature(heads: &[&str], row: ExportRow) -> Option<String> {
    let properties: serde_json::Map<String, serde_json::Value> =
        heads.iter().zip(row.texts).map(|(head, text)| ((*head).to_owned(), text.into())).collect();
    let geometry = row.geometry?;
    Some(json!({"type": "Feature", "geometry": geometry, "properties": properties}).to_string())
}

fn workbook(hub: &CountyHub, export: &Export) -> Result<Vec<u8>, HubError> {
    let broken = |error: XlsxError| HubError::Broken(error.to_string());
    let mut book = Workbook::new();
    let sheet = book.add_worksheet();
    let bold = Format::new().set_bold();
    for (column, asked) in export.wish().columns.iter().enumerate() {
        sheet.write_string_with_format(0, column as u16, &asked.head, &bold).map_err(broken)?;
        sheet.set_column_width(column as u16, 16).map_err(broken)?;
    }
    sheet.set_freeze_panes(1, 0).map_err(broken)?;
    let mut number = 0;
    for cell in &export.cells {
        for row in hub.export_cell(export, cell)? {
            number += 1;
            if number > XLSX_ROWS_MAX {
                let many = Problem::with_limit("format", ProblemCode::TooLarge, XLSX_ROWS_MAX as i64);
                return Err(HubError::invalid(vec![many]));
            }
            for (column, text) in row.texts.iter().enumerate().filter(|(_, text)| !text.is_empty()) {
                // A text is written as a text: a spreadsheet program calculates none of it.
                sheet.write_string(number as u32, column as u16, text).map_err(broken)?;
            }
        }
    }
    book.save_to_buffer().map_err(broken)
}

#[cfg(test)]
mod tests {
    use futures_util::StreamExt as _;

    use super::*;

    #[tokio::test]
    async fn a_download_that_stands_still_is_given_up_and_never_seems_whole() {
        let (to, receiver) = channel(1);
        let outlet = Outlet { to, pause: Duration::from_millis(20) };
        let write = move || outlet.send(&mut "x".repeat(3 * PIECE_BYTES));
        assert!(!tokio::task::spawn_blocking(write).await.unwrap(), "the thread is free again");
        let came: Vec<_> = pieces(receiver).collect().await;
        assert_eq!(came.iter().map(Result::is_ok).collect::<Vec<_>>(), [true, false]);
    }
}
