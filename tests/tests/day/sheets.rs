//! Enter once, report many: a sheet of the own cell is kept as a file, and what was reported is not asked for again.

use std::io::Read;

use doorstep_tests::browser::{named, named_with};
use doorstep_tests::trouble::{Doing, Outcome, trouble};
use doorstep_tests::worker::Worker;
use serde_json::json;

use super::{list, words};

#[tokio::test(flavor = "multi_thread")]
async fn a_sheet_becomes_a_file_that_excel_opens_and_is_stamped_as_reported() -> Outcome {
    Worker::live("day-sheets", journey).await
}

async fn journey(worker: &mut Worker) -> Outcome {
    let sheets = worker.ask("sheets", json!({})).await?;
    let Some(sheet) = list(&sheets).iter().find(|sheet| sheet["rows"].as_i64() > Some(0)) else {
        return trouble(format!("No sheet has rows: {sheets}"));
    };
    let card = named_with("sheet", "data-id", words(&sheet["id"]));
    worker.open("sheets").await?;
    worker.phone.see(&card).await?;
    worker.shot("sheets").await?;
    worker.phone.tap(&format!("{card} {}", named("sheet-csv"))).await?;
    let csv = worker.downloaded("csv").await?;
    // Excel takes a file for Chinese only with this mark.
    if !csv.starts_with(b"\xEF\xBB\xBF") {
        return trouble("The CSV has no mark of its encoding.");
    }
    let text = String::from_utf8(csv).doing("reading the CSV")?;
    let lines = text.lines().count();
    if lines < 2 {
        return trouble(format!("The CSV has {lines} lines."));
    }
    worker.phone.tap(&format!("{card} {}", named("sheet-xlsx"))).await?;
    let xlsx = worker.downloaded("xlsx").await?;
    let mut first = [0; 2];
    xlsx.as_slice().read_exact(&mut first).doing("reading the XLSX")?;
    if &first != b"PK" {
        return trouble("The XLSX is none.");
    }

    worker.phone.tap(&format!("{card} {}", named("sheet-stamp"))).await?;
    worker.phone.gone(&format!("{card} {}", named("sheet-stamp"))).await?;
    let now = worker.ask("sheets", json!({})).await?;
    let same = list(&now).iter().find(|each| each["id"] == sheet["id"]);
    if same.is_none_or(|sheet| sheet["unreported"] != 0) {
        return trouble(format!("What was reported still waits: {now}"));
    }
    worker.shot("stamped").await?;
    worker.open("month").await?;
    worker.phone.see(&named("month")).await?;
    worker.shot("month").await
}
