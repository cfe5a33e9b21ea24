//! Disputes with where they stand: folds over the case file and its events.

use std::collections::HashMap;

use chrono::NaiveDate;
use domain::kinds::dispute::Dispute;
use domain::kinds::dispute_event::DisputeEvent;
use domain::mediation::{DisputeStanding, DisputeState, Performance, standing};
use domain::review::state;
use domain::{Kind, Record, RecordId};

use super::place::party_names;
use super::reviews::reviews_of;
use crate::DeviceError;
use crate::api::dispute::DisputeLine;
use crate::store::Store;

/// The events of a case with their records, in the order of time.
pub(crate) fn dispute_events(store: &Store, dispute: RecordId) -> Result<Vec<(Record, DisputeEvent)>, DeviceError> {
    let records = store.of_parent(&Kind::DisputeEvent, dispute)?;
    Ok(records.into_iter().map(|record| (DisputeEvent::from(&record), record)).map(|(event, it)| (it, event)).collect())
}

/// Every case, the most urgent first, closed ones last.
pub(crate) fn dispute_lines(store: &Store, today: NaiveDate) -> Result<Vec<DisputeLine>, DeviceError> {
    let mut events: HashMap<RecordId, Vec<DisputeEvent>> = HashMap::new();
    for record in store.of_kind(&Kind::DisputeEvent, None)? {
        if let Some(dispute) = record.reference("dispute") {
            events.entry(dispute).or_default().push(DisputeEvent::from(&record));
        }
    }
    let (reviews, none, no_events) = (reviews_of(store, &Kind::Dispute)?, Vec::new(), Vec::new());
    let mut lines = Vec::new();
    for record in store.of_kind(&Kind::Dispute, None)? {
        let dispute = Dispute::from(&record);
        let standing = standing(&dispute, events.get(&record.id).unwrap_or(&no_events), today);
        lines.push(DisputeLine {
            id: record.id,
            title: party_names(&record.fields),
            number: dispute.number,
            dispute_type: dispute.dispute_type,
            accepted_on: dispute.accepted_on,
            place: dispute.place,
            amount: dispute.amount,
            standing,
            review: state(&record, reviews.get(&record.id).unwrap_or(&none)),
            sent: store.is_sent(record.id)?,
        });
    }
    // Open ones by the days that are left; closed ones, which have none, by their day of acceptance, the latest first.
    lines.sort_by(|a, b| {
        let urgency = |line: &DisputeLine| (line.standing.state, line.standing.days_left);
        urgency(a).cmp(&urgency(b)).then_with(|| b.accepted_on.cmp(&a.accepted_on)).then_with(|| a.id.cmp(&b.id))
    });
    Ok(lines)
}

/// Whether a case is on the day's work: its last days, past them, or an agreement that was not performed in time.
pub(crate) fn wants_work(standing: &DisputeStanding) -> bool {
    matches!(standing.state, DisputeState::Overdue | DisputeState::DueSoon)
        || standing.performance == Some(Performance::Late)
}
