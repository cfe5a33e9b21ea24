//! What a county decides about reviewing: one level or two, which version of a record counts officially, and which changes are of so
//! low a risk that many may be approved at once. Data of the county, within bounds that no county passes.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use serde_json::Value;
use ts_rs::TS;

use crate::ids::Version;
use crate::problem::{Problem, ProblemCode};
use crate::record::{Fields, Kind, Record};
use crate::same::MERGED_INTO;

/// The county's rules.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
#[ts(export)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ReviewRules {
    /// A record is approved by the community first and by the town after it.
    pub two_levels: bool,
    /// Reports count the version that was approved last, and nothing of what never was; else what stands now.
    pub official_when_approved: bool,
    /// What may be approved among many.
    pub low_risk: LowRisk,
}

/// What approving without a close look does little harm to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
#[ts(export)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct LowRisk {
    /// Results of visits, when the visit says nothing besides.
    pub visit_results: BTreeSet<String>,
    /// By kind: fields that may change in a record that was approved before.
    pub fields: BTreeMap<String, BTreeSet<String>>,
    /// Kinds whose new records may pass among many.
    pub new_kinds: BTreeSet<String>,
}

/// The results of visits that a county can choose from. A refusal or a move is always looked at.
const VISIT_RESULTS: [&str; 3] = ["met", "absent", "proxy"];

/// The fields that a county can choose from, with those that it starts with. Never what says who somebody is, where they live,
/// that they are gone, or that somebody is in danger or needs care.
const FIELDS: [(Kind, &[&str], &[&str]); 8] = [
    (Kind::Person, &["phone", "consent"], &["phone", "consent"]),
    (Kind::Household, &["contact_phone", "best_time", "access_note"], &["contact_phone", "best_time", "access_note"]),
    (Kind::Dwelling, &["street", "floor"], &["street"]),
    (Kind::Building, &["street", "floors", "units", "position"], &["street"]),
    (Kind::Tenancy, &["landlord_phone", "tenants", "safety_checked_on"], &[]),
    (Kind::Premises, &["contact_name", "contact_phone", "area_m2"], &[]),
    (Kind::HazardPoint, &["monitor_name", "monitor_phone"], &[]),
    (Kind::ThreatenedHousehold, &["contact_name", "contact_phone", "card_issued_on"], &[]),
];

/// Kinds whose new records a county may let pass among many: houses, never people.
const NEW_KINDS: [Kind; 3] = [Kind::Building, Kind::Dwelling, Kind::Premises];

impl Default for ReviewRules {
    fn default() -> Self {
        Self { two_levels: false, official_when_approved: false, low_risk: LowRisk::chosen(|(_, _, first)| first, &[]) }
    }
}

/// Which version of a record counts in a report.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Official {
    /// What stands now.
    Present,
    /// What was approved last.
    Approved,
    /// None: it was never approved.
    Nothing,
}

impl ReviewRules {
    /// Which version of a record counts officially, given its present version and the one that was approved last. Kinds that
    /// nobody reviews count as they stand.
    pub fn official(&self, kind: &Kind, present: &Version, approved: Option<&Version>) -> Official {
        if !self.official_when_approved || !kind.is_reviewed() {
            return Official::Present;
        }
        match approved {
            Some(version) if version == present => Official::Present,
            Some(_) => Official::Approved,
            None => Official::Nothing,
        }
    }

    /// A record as it was approved last: its fields then. To whom an entry gave way is taken as it stands: who somebody is does not
    /// wait for a review, and nobody is counted twice meanwhile.
    pub fn as_approved(present: &Record, mut fields: Fields) -> Record {
        match present.fields.get(MERGED_INTO) {
            Some(into) => fields.insert(MERGED_INTO.to_owned(), into.clone()),
            None => fields.remove(MERGED_INTO),
        };
        Record { fields, ..present.clone() }
    }

    /// What is wrong with rules that somebody wants to set.
    pub fn problems(&self) -> Vec<Problem> {
        let most = LowRisk::choices();
        let wished = &self.low_risk;
        let fields_fit =
            wished.fields.iter().all(|(kind, fields)| most.fields.get(kind).is_some_and(|most| fields.is_subset(most)));
        let mut found = Vec::new();
        if !wished.visit_results.is_subset(&most.visit_results) {
            found.push(Problem::new("visit_results", ProblemCode::NotAllowed));
        }
        if !fields_fit {
            found.push(Problem::new("fields", ProblemCode::NotAllowed));
        }
        if !wished.new_kinds.is_subset(&most.new_kinds) {
            found.push(Problem::new("new_kinds", ProblemCode::NotAllowed));
        }
        found
    }
}

impl LowRisk {
    /// All that a county can choose from.
    pub fn choices() -> Self {
        Self::chosen(|(_, most, _)| most, &NEW_KINDS)
    }

    fn chosen<'a>(
        which: impl Fn(&'a (Kind, &'static [&'static str], &'static [&'static str])) -> &'a [&'static str],
        new_kinds: &[Kind],
    ) -> Self {
        let owned = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<BTreeSet<_>>();
        Self {
            visit_results: owned(&VISIT_RESULTS),
            fields: FIELDS.iter().map(|row| (row.0.to_string(), owned(which(row)))).collect(),
            new_kinds: new_kinds.iter().map(Kind::to_string).collect(),
        }
    }

    /// Whether a record's change may be approved among many: `changed` are the fields that differ from what was approved last.
    pub fn covers<'c>(&self, record: &Record, is_new: bool, changed: impl IntoIterator<Item = &'c str>) -> bool {
        if record.is_deleted() {
            return false;
        }
        match &record.kind {
            Kind::Visit => {
                let result = record.text("result").unwrap_or_default();
                self.visit_results.contains(result)
                    && ["needs", "note", "incidents", "replaces"].iter().all(|field| is_silent(record, field))
            }
            kind if is_new => self.new_kinds.contains(kind.as_str()),
            kind => {
                let small = self.fields.get(kind.as_str());
                changed.into_iter().all(|field| small.is_some_and(|small| small.contains(field)))
            }
        }
    }
}

fn is_silent(record: &Record, field: &str) -> bool {
    match record.fields.get(field) {
        None | Some(Value::Null) => true,
        Some(Value::String(text)) => text.is_empty(),
        Some(Value::Array(items)) => items.is_empty(),
        Some(_) => false,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::tests::record;
    use super::*;

    fn covers(rules: &ReviewRules, kind: Kind, fields: serde_json::Value, is_new: bool, changed: &[&str]) -> bool {
        rules.low_risk.covers(&record(kind, 1, 10, fields), is_new, changed.iter().copied())
    }

    #[test]
    fn a_silent_visit_is_of_low_risk_and_one_that_says_something_is_not() {
        let rules = ReviewRules::default();
        assert!(covers(&rules, Kind::Visit, json!({"result": "met", "needs": [], "note": ""}), true, &[]));
        for loud in [
            json!({"result": "met", "needs": ["care"]}),
            json!({"result": "met", "note": "门坏了"}),
            json!({"result": "refused"}),
        ] {
            assert!(!covers(&rules, Kind::Visit, loud, true, &[]));
        }
    }

    #[test]
    fn a_corrected_telephone_is_of_low_risk_and_who_somebody_is_never_is() {
        let rules = ReviewRules { low_risk: LowRisk::choices(), ..ReviewRules::default() };
        let person = json!({"name": "查敏"});
        assert!(covers(&rules, Kind::Person, person.clone(), false, &["phone"]));
        assert!(!covers(&rules, Kind::Person, person.clone(), true, &["phone"]));
        for grave in
            ["name", "document_number", "birth_date", "household", "deleted", "died_on", "cell", "moved_out_on"]
        {
            assert!(!covers(&rules, Kind::Person, person.clone(), false, &["phone", grave]), "{grave}");
        }
        assert!(!covers(&rules, Kind::Person, json!({"name": "查敏", "deleted": true}), false, &["phone"]));
        for kind in [Kind::Incident, Kind::CarePlan, Kind::Dispute, Kind::Inspection] {
            assert!(!covers(&rules, kind, json!({"title": "井盖"}), false, &["title"]));
        }
    }

    #[test]
    fn what_a_county_may_choose_are_fields_of_reviewed_kinds_and_nothing_grave() {
        for (kind, most, first) in FIELDS {
            assert!(kind.is_reviewed(), "{kind}");
            for name in most.iter().chain(first) {
                assert!(crate::spec::field(&kind, name).is_some(), "{kind} {name}");
                assert!(most.contains(name), "{kind} {name}");
            }
        }
        assert!(ReviewRules::default().problems().is_empty());
        assert!(ReviewRules { low_risk: LowRisk::choices(), ..ReviewRules::default() }.problems().is_empty());
        for wish in [
            json!({"visit_results": ["refused"], "fields": {}, "new_kinds": []}),
            json!({"visit_results": [], "fields": {"person": ["name"]}, "new_kinds": []}),
            json!({"visit_results": [], "fields": {"care_plan": ["level"]}, "new_kinds": []}),
            json!({"visit_results": [], "fields": {}, "new_kinds": ["person"]}),
        ] {
            let low_risk = serde_json::from_value(wish.clone()).unwrap();
            assert_eq!(ReviewRules { low_risk, ..ReviewRules::default() }.problems().len(), 1, "{wish}");
        }
    }

    #[test]
    fn what_was_approved_counts_with_its_fields_and_an_entry_that_gave_way_meanwhile_gives_way() {
        let approved: Fields = serde_json::from_value(json!({"name": "查敏", "phone": "1"})).unwrap();
        let gave_way = json!({"name": "查敏", "phone": "2", "merged_into": "00000000-0000-0000-0000-000000000001"});
        let present = record(Kind::Person, 1, 10, gave_way);
        let official = ReviewRules::as_approved(&present, approved.clone());
        assert_eq!(
            (official.text("phone"), official.fields.get(MERGED_INTO)),
            (Some("1"), present.fields.get(MERGED_INTO))
        );
        let present = record(Kind::Person, 1, 10, json!({"name": "查敏"}));
        let official = ReviewRules::as_approved(&present, official.fields);
        assert_eq!(official.fields, approved);
    }

    #[test]
    fn which_version_counts_is_the_county_s_rule() {
        let (now, then) = (Version::new(&"a".repeat(32)).unwrap(), Version::new(&"b".repeat(32)).unwrap());
        let off = ReviewRules::default();
        let on = ReviewRules { official_when_approved: true, ..ReviewRules::default() };
        assert_eq!(off.official(&Kind::Person, &now, None), Official::Present);
        assert_eq!(on.official(&Kind::Person, &now, None), Official::Nothing);
        assert_eq!(on.official(&Kind::Person, &now, Some(&then)), Official::Approved);
        assert_eq!(on.official(&Kind::Person, &now, Some(&now)), Official::Present);
        assert_eq!(on.official(&Kind::RollCall, &now, None), Official::Present, "nobody reviews a roll-call");
    }
}
