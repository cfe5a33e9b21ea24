//! Call-backs (回访): whether the resident was asked, how often it was tried, and what was said.

use super::{Progress, Stage};
use crate::record::Record;
use crate::world::Millis;

/// So often a resident who is not reached is called (DOMAIN §4).
pub const CALLBACK_TRIES: usize = 3;

/// The calls about the work that stands: those of before it was last taken up again were about something else.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Calls {
    /// How often it was tried.
    pub tries: usize,
    /// Somebody was reached.
    pub reached: bool,
    /// Whether another call makes sense: there is a result, nobody was reached, and tries are left.
    pub may_call: bool,
}

/// What the call-backs of an incident come to.
pub fn calls<'a>(progress: &Progress, callbacks: impl IntoIterator<Item = &'a Record>) -> Calls {
    let again = |action: &str| matches!(action, "reopen" | "fail");
    let since = progress.steps.iter().rev().find(|step| !step.late && again(&step.action)).map(|step| step.at);
    // The call that had it taken up again has the very moment of the step: it was about the work before.
    let counts = |call: &&Record| since.is_none_or(|since| at(call) > since);
    let mut tries = 0;
    let mut reached = false;
    for call in callbacks.into_iter().filter(counts) {
        tries += 1;
        reached = reached || call.fields.get("reached").and_then(serde_json::Value::as_bool) == Some(true);
    }
    let worked = progress.result.is_some() && matches!(progress.stage, Stage::Verify | Stage::Close);
    Calls { tries, reached, may_call: worked && !reached && tries < CALLBACK_TRIES }
}

fn at(call: &Record) -> Millis {
    call.int("at").unwrap_or_default()
}

/// The step that follows when a resident says that it is not put right: a result is not good, what is over is taken up again.
pub fn step_of_dissatisfied(progress: &Progress) -> &'static str {
    if progress.stage == Stage::Verify { "fail" } else { "reopen" }
}
