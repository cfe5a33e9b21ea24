//! The synchronisation benchmark: ours beside the physical limits, on the same rows and in the same run.

pub mod crowd;
pub mod limits;
pub mod link;
pub mod rounds;
mod table;
pub mod wire;
mod words;
pub mod workload;

use device::edge::SystemWorld;
use domain::World;

use crate::program;
use crate::trouble::{Doing, Outcome};
use limits::Limits;
use link::Link;
use rounds::Rounds;
use workload::{Size, Workload};

pub use table::Number;

/// How much is measured.
#[derive(Debug, Clone, Copy)]
pub struct How {
    /// How often everything is measured; medians are shown.
    pub runs: usize,
    /// Whether ten times the workload is measured too, once.
    pub ten_fold: bool,
    /// Whether the slow link is measured too.
    pub link: bool,
    /// Whether the crowd is let in too.
    pub crowd: bool,
}

/// One run of ours and of the limits.
#[derive(Debug, Clone, Default)]
struct Run {
    ours: Rounds,
    limits: Limits,
}

/// Measures, and returns the lines of the table.
///
/// # Errors
/// When a program is missing, or anything did not arrive.
pub fn measure(how: How) -> Outcome<Vec<Number>> {
    let mut numbers = Vec::new();
    let runs = how.runs.max(1);
    let plain = (0..runs).map(|_| run(Size::W, None)).collect::<Outcome<Vec<_>>>()?;
    numbers.extend(table::plain(&plain));
    if how.link {
        let slow = (0..runs).map(|_| run(Size::W, Some(Link::MOBILE))).collect::<Outcome<Vec<_>>>()?;
        numbers.extend(table::slow(&slow));
    }
    if how.crowd {
        let crowds = (0..runs).map(|_| crowd::run(folder()?.path())).collect::<Outcome<Vec<_>>>()?;
        numbers.extend(table::crowd(&crowds));
    }
    if how.ten_fold {
        numbers.extend(table::ten_fold(&plain, &run(Size::W10, None)?));
    }
    Ok(numbers)
}

/// On the disk where a phone's data would be, not in a memory file system: durability is part of the price.
fn folder() -> Outcome<tempfile::TempDir> {
    tempfile::tempdir_in(program::target()).doing("making a folder")
}

fn run(size: Size, link: Option<Link>) -> Outcome<Run> {
    let folder = folder()?;
    let workload = Workload::new(size, SystemWorld.now());
    workload.write_lines(folder.path())?;
    let each = link.is_none() && size == Size::W;
    let limits = limits::measure(folder.path(), &folder.path().join("limits"), link, each)?;
    let ours = rounds::run(&workload, &folder.path().join("ours"), link)?;
    eprintln!("{} {}: {ours:?}", size.name(), if link.is_some() { "over a slow link" } else { "on loopback" });
    Ok(Run { ours, limits })
}
