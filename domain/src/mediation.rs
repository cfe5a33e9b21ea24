//! Where a mediation stands: a fold over the case file and its events, never a stored status.

use chrono::{Months, NaiveDate};
use serde::{Deserialize, Serialize};
use ts_rs::TS;

use crate::kinds::dispute::Dispute;
use crate::kinds::dispute_event::DisputeEvent;

/// So many days before the deadline a case is due soon.
pub const DUE_SOON_DAYS: i64 = 5;

/// Where a case stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
#[ts(export)]
pub enum DisputeState {
    /// Past its deadline.
    Overdue,
    /// A few days are left.
    DueSoon,
    /// Under mediation.
    Open,
    /// Agreed, in writing or by word of mouth.
    Settled,
    /// Closed without an agreement, or handed to somebody else.
    Ended,
}

impl DisputeState {
    /// Whether somebody still has to mediate.
    pub fn is_open(self) -> bool {
        matches!(self, DisputeState::Overdue | DisputeState::DueSoon | DisputeState::Open)
    }
}

/// Whether what was agreed was done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
#[ts(export)]
pub enum Performance {
    /// There is time, or no day was agreed.
    Waiting,
    /// The day has passed.
    Late,
    /// Performed.
    Done,
}

/// Where a case stands, and until when.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct DisputeStanding {
    /// The state.
    pub state: DisputeState,
    /// The last day, `YYYY-MM-DD`; none when the day of acceptance cannot be read.
    pub deadline: Option<String>,
    /// Whether the usual month was extended.
    pub extended: bool,
    /// Days to the deadline, negative after it; none once nobody waits.
    pub days_left: Option<i64>,
    /// The parties were told their rights and duties.
    pub rights_told: bool,
    /// Of an agreement: whether it was performed.
    pub performance: Option<Performance>,
}

/// The last day of the usual limit: the same day of the next month, or that month's last where it has no such day.
pub fn usual_deadline(accepted_on: NaiveDate) -> Option<NaiveDate> {
    accepted_on.checked_add_months(Months::new(1))
}

/// Where a case stands on a day. The order of the events does not matter.
pub fn standing(dispute: &Dispute, events: &[DisputeEvent], today: NaiveDate) -> DisputeStanding {
    let date = |text: &Option<String>| text.as_deref().and_then(|text| text.parse::<NaiveDate>().ok());
    let usual = dispute.accepted_on.parse().ok().and_then(usual_deadline);
    // Only an extension prolongs; one to an earlier day changes nothing.
    let extensions = events.iter().filter(|event| event.event == "extension").filter_map(|event| date(&event.until));
    let longest = extensions.max();
    let deadline = usual.map(|usual| longest.map_or(usual, |until| until.max(usual)));
    let days_left = deadline.map(|deadline| (deadline - today).num_days());
    let agreed = matches!(dispute.agreement.as_deref(), Some("written" | "oral"));
    let state = match dispute.agreement.as_deref() {
        _ if agreed => DisputeState::Settled,
        Some("none" | "ended") => DisputeState::Ended,
        _ if dispute.transferred_to.is_some() => DisputeState::Ended,
        _ => match days_left {
            Some(days) if days < 0 => DisputeState::Overdue,
            Some(days) if days <= DUE_SOON_DAYS => DisputeState::DueSoon,
            _ => DisputeState::Open,
        },
    };
    let performance = agreed.then(|| match (date(&dispute.performed_on), date(&dispute.perform_by)) {
        (Some(_), _) => Performance::Done,
        (None, Some(by)) if by < today => Performance::Late,
        _ => Performance::Waiting,
    });
    DisputeStanding {
        state,
        deadline: deadline.map(|deadline| deadline.to_string()),
        extended: deadline > usual,
        days_left: days_left.filter(|_| state.is_open()),
        rights_told: events.iter().any(|event| event.event == "rights"),
        performance,
    }
}

/// The notice of rights and duties, as the people's mediation law has it (articles 23 and 24): Chinese, to be read aloud, and English.
/// The first line of each half is its heading.
pub const RIGHTS: [(&str, &str); 9] = [
    ("当事人在人民调解活动中享有下列权利：", "In a people's mediation the parties have the right:"),
    ("（一）选择或者接受人民调解员；", "(1) to choose or accept the mediator;"),
    ("（二）接受调解、拒绝调解或者要求终止调解；", "(2) to accept or refuse mediation, or ask for it to end;"),
    ("（三）要求调解公开进行或者不公开进行；", "(3) to ask for mediation in public or behind closed doors;"),
    ("（四）自主表达意愿、自愿达成调解协议。", "(4) to say what they want, and to agree of their own free will."),
    ("当事人在人民调解活动中履行下列义务：", "In a people's mediation the parties have the duty:"),
    ("（一）如实陈述纠纷事实；", "(1) to tell the facts as they are;"),
    ("（二）遵守调解现场秩序，尊重人民调解员；", "(2) to keep order at the mediation and respect the mediator;"),
    ("（三）尊重对方当事人行使权利。", "(3) to respect the other party's use of their rights."),
];

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;
    use crate::kinds::dispute::{Party, Side};

    fn day(text: &str) -> NaiveDate {
        text.parse().unwrap()
    }

    fn case(accepted_on: &str) -> Dispute {
        let party = Party { person: None, name: "张三".into(), side: Side::Applicant, phone: None, address: None };
        let mut dispute: Dispute = serde_json::from_value(json!({
            "type": "02", "source": "applied", "accepted_on": accepted_on, "parties": [], "number": null, "place": null,
            "facts": null, "claim": null, "amount": null, "mediators": [], "agreement": null, "agreed_on": null,
            "terms": null, "perform_how": null, "perform_by": null, "performed_on": null, "confirmed": false,
            "transferred_to": null, "by": null,
        }))
        .unwrap();
        dispute.parties.push(party);
        dispute
    }

    fn event(name: &str, until: Option<&str>) -> DisputeEvent {
        serde_json::from_value(json!({"event": name, "at": 0, "by": null, "place": null, "present": [], "text": null,
            "signed": false, "until": until}))
        .unwrap()
    }

    #[test]
    fn a_month_ends_on_the_same_day_or_on_the_last_of_a_shorter_one() {
        for (from, to) in [
            ("2026-01-15", "2026-02-15"),
            ("2026-01-31", "2026-02-28"),
            ("2028-01-31", "2028-02-29"),
            ("2026-03-31", "2026-04-30"),
            ("2026-12-31", "2027-01-31"),
            ("2026-02-28", "2026-03-28"),
        ] {
            assert_eq!(usual_deadline(day(from)), Some(day(to)), "{from}");
        }
    }

    #[test]
    fn a_case_is_due_soon_on_its_last_days_and_overdue_the_day_after() {
        let state = |today: &str| standing(&case("2026-11-10"), &[], day(today)).state;
        assert_eq!(state("2026-12-04"), DisputeState::Open);
        assert_eq!(state("2026-12-05"), DisputeState::DueSoon);
        assert_eq!(state("2026-12-10"), DisputeState::DueSoon);
        assert_eq!(state("2026-12-11"), DisputeState::Overdue);
    }

    #[test]
    fn an_extension_moves_the_deadline_and_one_to_an_earlier_day_does_not() {
        let today = day("2026-12-20");
        let extended = standing(&case("2026-11-10"), &[event("extension", Some("2026-12-31"))], today);
        assert_eq!((extended.deadline.as_deref(), extended.extended), (Some("2026-12-31"), true));
        assert_eq!(extended.days_left, Some(11));
        let shorter = standing(&case("2026-11-10"), &[event("extension", Some("2026-12-01"))], today);
        assert_eq!((shorter.deadline.as_deref(), shorter.extended), (Some("2026-12-10"), false));
    }

    #[test]
    fn an_agreement_settles_and_then_its_performance_is_waited_for() {
        let mut dispute = case("2026-09-01");
        dispute.agreement = Some("oral".into());
        dispute.perform_by = Some("2026-11-01".into());
        let standing_on = |dispute: &Dispute, today: &str| standing(dispute, &[event("rights", None)], day(today));
        let before = standing_on(&dispute, "2026-11-01");
        assert_eq!((before.state, before.performance), (DisputeState::Settled, Some(Performance::Waiting)));
        assert!(before.rights_told && before.days_left.is_none());
        assert_eq!(standing_on(&dispute, "2026-11-02").performance, Some(Performance::Late));
        dispute.performed_on = Some("2026-11-02".into());
        assert_eq!(standing_on(&dispute, "2026-12-02").performance, Some(Performance::Done));
        for outcome in ["none", "ended"] {
            dispute.agreement = Some(outcome.into());
            assert_eq!(standing_on(&dispute, "2026-12-02").state, DisputeState::Ended);
        }
        dispute.agreement = None;
        dispute.transferred_to = Some("县人民法院".into());
        assert_eq!(standing_on(&dispute, "2026-12-02").state, DisputeState::Ended);
    }

    #[test]
    fn a_day_that_cannot_be_read_leaves_the_case_open() {
        assert_eq!(standing(&case("soon"), &[], day("2026-12-02")).state, DisputeState::Open);
    }

    fn some_day() -> impl Strategy<Value = NaiveDate> {
        (0i64..20_000).prop_map(|days| day("1990-01-01") + chrono::Days::new(days.unsigned_abs()))
    }

    proptest! {
        #[test]
        fn the_limit_is_between_28_and_31_days(accepted in some_day()) {
            let days = (usual_deadline(accepted).unwrap() - accepted).num_days();
            prop_assert!((28..=31).contains(&days), "{days}");
        }

        #[test]
        fn the_order_of_events_does_not_matter_and_time_never_makes_an_open_case_less_urgent(
            accepted in some_day(),
            untils in proptest::collection::vec(some_day(), 0..4),
            later in 0u64..60,
            gap in 0u64..60,
        ) {
            let dispute = case(&accepted.to_string());
            let mut events: Vec<DisputeEvent> =
                untils.iter().map(|until| event("extension", Some(&until.to_string()))).collect();
            events.push(event("rights", None));
            let today = accepted + chrono::Days::new(later);
            let now = standing(&dispute, &events, today);
            events.reverse();
            prop_assert_eq!(&standing(&dispute, &events, today), &now);
            prop_assert!(standing(&dispute, &events, today + chrono::Days::new(gap)).state <= now.state);
            let deadline: NaiveDate = now.deadline.as_deref().unwrap().parse().unwrap();
            prop_assert!(deadline >= usual_deadline(accepted).unwrap());
            prop_assert_eq!(now.state == DisputeState::Overdue, today > deadline);
        }
    }
}
