//! The seven steps as a way: which are done, where the incident stands, what is still to come.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

use super::{Progress, Stage};

/// How a step of the way looks from where the incident stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
#[ts(export)]
pub enum Standing {
    /// Something was done there.
    Done,
    /// The incident stands here.
    Current,
    /// Still ahead.
    ToCome,
    /// Behind, and was not needed.
    Skipped,
}

/// One step of the way.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct WayStage {
    /// Which.
    pub stage: Stage,
    /// How it looks from where the incident stands.
    pub standing: Standing,
}

/// The report and the seven steps, in their order.
pub fn way(progress: &Progress) -> Vec<WayStage> {
    let all = std::iter::once(Stage::Draft).chain(Stage::STEPS);
    all.map(|stage| WayStage { stage, standing: standing(progress, stage) }).collect()
}

fn standing(progress: &Progress, stage: Stage) -> Standing {
    let done = progress.steps.iter().any(|step| step.stage == stage && !step.late);
    if stage == progress.stage && !progress.ended {
        return Standing::Current;
    }
    match stage {
        // It was reported, or nobody would know of it.
        Stage::Draft => Standing::Done,
        // Beside the others: urged or not, whatever comes next.
        Stage::Supervise if done => Standing::Done,
        _ if !progress.ended && stage > progress.stage => Standing::ToCome,
        _ if done => Standing::Done,
        _ => Standing::Skipped,
    }
}
