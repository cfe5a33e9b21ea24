//! What was said on the wire about one word or record: for whoever looks for the cause of a broken law.

use domain::protocol::{ExchangeAnswer, ExchangeRequest};
use domain::{Fields, RecordId};

/// What went up and came down of the records whose id or fields contain these words, a line each.
pub(super) fn about(words: &str, request: &ExchangeRequest, answer: &ExchangeAnswer) -> Vec<String> {
    let named = |id: &RecordId| id.to_string().contains(words);
    let meant = |id: &RecordId, fields: &Fields| {
        named(id) || serde_json::to_string(fields).is_ok_and(|written| written.contains(words))
    };
    let mut lines = Vec::new();
    for (change, verdict) in request.push.iter().zip(&answer.verdicts) {
        if meant(&change.id, &change.fields) {
            lines.push(format!("up {change:?}: {verdict:?}"));
        }
    }
    for page in &answer.pages {
        let records = page.records.iter().filter(|record| meant(&record.id, &record.fields));
        lines.extend(records.map(|record| format!("down {record:?}")));
        let conflicts = page.conflicts.iter().filter(|conflict| named(&conflict.record));
        lines.extend(conflicts.map(|conflict| format!("told {conflict:?}")));
        lines.extend(page.gone.iter().filter(|id| named(id)).map(|id| format!("gone from {} {id}", page.cell)));
        lines.extend(page.erased.iter().filter(|id| named(id)).map(|id| format!("erased {id}")));
    }
    lines
}
