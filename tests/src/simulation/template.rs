//! The county and its phones as every history finds them: made once, kept in memory, written out for each history.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use domain::protocol::Tokens;
use domain::world::Millis;
use domain::{CellCode, DeviceId};

use super::county::{County, INFORMANT, LEADER};
use super::phone::Phone;
use super::wire::Wire;
use super::world::Time;
use crate::trouble::{Doing, Outcome, Trouble};

/// Who has which phone, and the numbers of the cells it is enrolled with. Two phones may be one worker's. Those of others than workers
/// come last: a history has them or not.
const PHONES: [(&str, &[usize]); 7] = [
    ("worker-0", &[0]),
    ("worker-1", &[1]),
    ("worker-2", &[0]),
    ("worker-2", &[0]),
    ("worker-3", &[0, 1]),
    (LEADER, &[0]),
    (INFORMANT, &[0]),
];

/// The server's folder in the folder of a history.
pub(super) const SERVER: &str = "server";

/// What is written out.
pub(super) struct Template {
    /// When it was finished: histories begin then.
    pub(super) begin: Millis,
    pub(super) phones: Vec<TemplatePhone>,
    server: Vec<(PathBuf, Vec<u8>)>,
}

/// A phone that is enrolled and has made its first round.
pub(super) struct TemplatePhone {
    pub(super) worker: &'static str,
    pub(super) device: DeviceId,
    pub(super) tokens: Tokens,
    pub(super) cells: Vec<CellCode>,
    files: Vec<(PathBuf, Vec<u8>)>,
}

/// The one template of this process.
pub(super) fn template() -> Outcome<&'static Template> {
    static TEMPLATE: OnceLock<Result<Template, String>> = OnceLock::new();
    TEMPLATE.get_or_init(|| make().map_err(|trouble| trouble.0)).as_ref().map_err(|trouble| Trouble(trouble.clone()))
}

impl Template {
    /// Writes the server's files out.
    pub(super) fn lay_out_server(&self, folder: &Path) -> Outcome {
        write(folder, &self.server)
    }
}

impl TemplatePhone {
    /// Writes this phone's files out.
    pub(super) fn lay_out(&self, folder: &Path) -> Outcome {
        write(folder, &self.files)
    }
}

fn make() -> Outcome<Template> {
    device::store::no_other_process_opens_registers();
    let folder = super::folder()?;
    let time = Time::begin();
    let server = folder.path().join(SERVER);
    let county = County::found(&server, &time)?;
    let mut phones = Vec::new();
    for (number, (worker, cells)) in PHONES.iter().enumerate() {
        let cells: Vec<CellCode> = cells.iter().filter_map(|cell| county.first_cells.get(*cell).cloned()).collect();
        county.assign(worker, &cells)?;
        let enrolment = county.enrol(worker)?;
        let own = folder.path().join(format!("phone-{number}"));
        let wire = Wire::sound(&county, enrolment.tokens.clone());
        let phone = Phone::enrol(worker, &own, &enrolment, wire, &time, number as u64)?;
        let report = phone.round();
        if let Some(error) = report.ended_by {
            return Err(Trouble(format!("The template's first round ended with {error}.")));
        }
        let tokens = phone.wire.tokens();
        drop(phone);
        phones.push(TemplatePhone { worker, device: enrolment.device, tokens, cells, files: read(&own)? });
        time.pass(1_000);
    }
    drop(county);
    Ok(Template { begin: time.now(), phones, server: read(&server)? })
}

fn read(folder: &Path) -> Outcome<Vec<(PathBuf, Vec<u8>)>> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).doing("reading the template")? {
        let entry = entry.doing("reading the template")?;
        if entry.path().is_file() {
            files.push((PathBuf::from(entry.file_name()), fs::read(entry.path()).doing("reading the template")?));
        }
    }
    Ok(files)
}

fn write(folder: &Path, files: &[(PathBuf, Vec<u8>)]) -> Outcome {
    fs::create_dir_all(folder).doing("laying the template out")?;
    files.iter().try_for_each(|(name, bytes)| fs::write(folder.join(name), bytes)).doing("laying the template out")
}
