//! A register of a hundred thousand rows from a table: tried, which writes nothing, then written.

use std::fmt::Write as _;
use std::time::{Duration, Instant};

use domain::scope::{Actor, Role};
use sync_server::hub::imports::ImportOf;
use sync_server::hub::{CountyHub, open_folder};
use sync_server::store::Place;

use super::{COUNTY, number, office, scope};
use crate::sync_bench::Number;
use crate::trouble::{Doing, Outcome, trouble};

/// So many rows.
pub(super) const ROWS: u32 = 100_000;
/// What both take together at most.
const AT_MOST: Duration = Duration::from_secs(60);
const HEAD: &str = "网格编码,楼栋,单元,室,姓名,性别,出生日期,身份证号,联系电话,与户主关系\n";

/// Takes a table in, in a county of its own.
pub(super) fn measure(rows: u32) -> Outcome<Vec<Number>> {
    let doing = "taking a register in";
    let folder = tempfile::tempdir_in(crate::program::target()).doing("making a folder")?;
    let hub = open_folder(folder.path()).doing(doing)?;
    let clerk = office("bench-admin", Role::Admin);
    let actor = clerk.actor();
    hub.put_account(clerk, None, &[]).doing(doing)?;
    let codes = ["610722", "610722001", "610722001001", "610722001001001", "610722001001002", "610722001001003"];
    let places = codes.map(|code| Place { code: scope(code), name: format!("地方 {code}") });
    hub.put_places(&places).doing(doing)?;
    let table = table(rows);
    let begun = Instant::now();
    let line = hub.upload_table(&actor, "register.csv", ImportOf::Register, table.as_bytes()).doing(doing)?;
    hub.begin_check(&actor, &line.batch.id, &line.plan).doing(doing)?;
    hub.go_on_with_import(&actor, &line.batch.id).doing(doing)?;
    let tried = begun.elapsed();
    hub.begin_import(&actor, &line.batch.id).doing(doing)?;
    hub.go_on_with_import(&actor, &line.batch.id).doing(doing)?;
    let written = begun.elapsed();
    entered(&hub, &actor, &line.batch.id, rows)?;
    Ok(vec![
        number(&format!("a register of {rows} rows, tried"), tried, AT_MOST),
        number("the same, tried and written", written, AT_MOST),
    ])
}

/// Whether all of it came in.
fn entered(hub: &CountyHub, actor: &Actor, id: &str, rows: u32) -> Outcome {
    let report = hub.import_for(actor, id).doing("reading what was taken in")?.0.report;
    let people = report.created.get("person").copied().unwrap_or_default();
    let rows = rows as usize;
    // A number that comes again is somebody who is there already.
    if people < rows - rows / 20 {
        return trouble(format!("Of {rows} rows in {COUNTY} only {people} residents came in."));
    }
    Ok(())
}

/// The table: houses of 200 doors, a fifth of the residents with a document number.
fn table(rows: u32) -> String {
    let mut text = HEAD.to_owned();
    for row in 0..rows {
        let (cell, house, unit, room) = (1 + row % 3, row / 3 / 200, row / 3 / 50 % 4, row / 3 % 50);
        let number = if row < rows / 5 { document(row) } else { String::new() };
        let line = format!("61072200100100{cell},{house}号楼,{unit}单元,{room},居民,男,,{number},13800001111,户主");
        // Writing to a text does not fail.
        let _ = writeln!(text, "{line}");
    }
    text
}

/// A number as such numbers are built; the same day comes again, as in a real table.
fn document(row: u32) -> String {
    let first = format!("610722{}{:02}{:02}{:03}", 1940 + row % 70, 1 + row % 12, 1 + row % 28, row % 1_000);
    match domain::document::check_character(&first) {
        Some(check) => format!("{first}{check}"),
        None => String::new(),
    }
}
