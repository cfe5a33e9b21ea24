//! The residents' desk: finding somebody who asks what is stored about them, and gathering it. Putting it right is [`crate::hub::corrections`].

use domain::protocol::CallRefusal;
use domain::scope::{Action, Actor, allowed};
use domain::search::Query;
use domain::{Kind, Record, RecordId, Scope};

use crate::hub::looks::{self, Look};
use crate::hub::{Hub, HubError};
use crate::store::{NumberOf, Reading, Store};

/// Residents that a search shows at most: whoever finds more has to say more.
pub const FOUND_MAX: usize = 50;

/// How somebody was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, ts_rs::TS, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
#[ts(export)]
pub enum FoundBy {
    /// The name or its pinyin.
    Name,
    /// The end of the telephone.
    Phone,
    /// The end of the document's number.
    Document,
}

impl<S: Store> Hub<S> {
    /// Residents by name, pinyin, or the last four or more characters of a telephone or document number. That somebody searched,
    /// how and why is noted; what was typed is not: it is personal data.
    ///
    /// # Errors
    /// [`CallRefusal::NotAllowed`] for roles that read no residents; [`CallRefusal::Invalid`] when the reason is not in the list or
    /// nothing is typed; [`CallRefusal::NotFound`] for a place outside the scope.
    pub fn find_residents(
        &self,
        actor: &Actor,
        typed: &str,
        place: Option<&Scope>,
        reason: &str,
    ) -> Result<Vec<(Record, FoundBy)>, HubError> {
        if !allowed(actor.role, Action::Read, &Kind::Person) {
            return Err(HubError::refused(CallRefusal::NotAllowed));
        }
        looks::check_reason(reason)?;
        let query = Query::new(typed);
        let query = query
            .ok_or_else(|| HubError::invalid(vec![domain::Problem::new("typed", domain::ProblemCode::Required)]))?;
        let scopes: Vec<Scope> = match place {
            Some(place) if actor.scopes.iter().any(|own| own.contains(place)) => vec![place.clone()],
            Some(_) => return Err(HubError::refused(CallRefusal::NotFound)),
            None => actor.scopes.clone(),
        };
        let now = self.now();
        self.store.write(|writing| {
            let detail = looks::LookDetail { reason: reason.to_owned(), fields: Vec::new() };
            let detail = serde_json::to_string(&detail).map_err(|error| HubError::Broken(error.to_string()))?;
            let entry = crate::store::AuditEntry {
                at: now,
                who: actor.account.to_string(),
                action: looks::FIND.to_owned(),
                subject: if ending(query.text()).is_some() { "number" } else { "name" }.to_owned(),
            };
            Ok::<_, HubError>(writing.append_audit_with(&entry, &detail)?)
        })?;
        self.store.read(|reading| found(reading, &scopes, &query))
    }

    /// Notes that somebody is about to see or print all that is stored about a resident.
    ///
    /// # Errors
    /// As [`Hub::note_looks`].
    pub fn note_whole_look(&self, actor: &Actor, action: &str, reason: &str, record: &Record) -> Result<(), HubError> {
        let seen = record
            .fields
            .iter()
            .filter(|(field, value)| !value.is_null() && domain::mask::is_masked(&record.kind, field));
        let fields = seen.map(|(field, _)| field.clone()).collect();
        self.note_looks(actor, action, reason, &[Look { of: record.id, fields }])
    }
}

/// A resident that the actor may read.
///
/// # Errors
/// [`CallRefusal::NotFound`] otherwise.
pub fn resident(
    reading: &(impl Reading + ?Sized),
    actor: &Actor,
    id: RecordId,
) -> Result<crate::store::StoredRecord, HubError> {
    let found = crate::hub::desk::readable(reading, actor, id)?;
    let found = found.filter(|stored| stored.record.kind == Kind::Person && !stored.record.is_deleted());
    found.ok_or_else(|| HubError::refused(CallRefusal::NotFound))
}

/// What was typed as the end of a number, if it is one: four or more digits, the last of them perhaps the X of a document.
fn ending(typed: &str) -> Option<String> {
    let text: String = typed.chars().filter(|c| !c.is_whitespace() && *c != '-').collect::<String>().to_uppercase();
    let digits = text.strip_suffix('X').unwrap_or(&text);
    let number = text.chars().count() >= 4 && digits.chars().all(|c| c.is_ascii_digit());
    number.then_some(text)
}

fn found(reading: &dyn Reading, scopes: &[Scope], query: &Query) -> Result<Vec<(Record, FoundBy)>, HubError> {
    let mut all = Vec::new();
    let matcher = query.matcher();
    for scope in scopes {
        if let Some(ending) = ending(query.text()) {
            for (of, by) in [(NumberOf::Phone, FoundBy::Phone), (NumberOf::Document, FoundBy::Document)] {
                let people = reading.people_numbered(scope, of, &ending, FOUND_MAX + 1)?;
                all.extend(people.into_iter().map(|stored| (stored.record, by)));
            }
        } else {
            let mut fits = |name: &str| matcher.quality(name).map(|quality| quality as u8);
            let people = reading.people_named(scope, &mut fits, FOUND_MAX + 1)?;
            all.extend(people.into_iter().map(|stored| (stored.record, FoundBy::Name)));
        }
    }
    all.retain(|(record, _)| !record.is_deleted());
    let mut seen = std::collections::BTreeSet::new();
    all.retain(|(record, _)| seen.insert(record.id));
    Ok(all)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn four_digits_are_the_end_of_a_number_and_a_name_is_none() {
        assert_eq!(ending("123x").as_deref(), Some("123X"));
        assert_eq!(ending("138 1234 5678").as_deref(), Some("13812345678"));
        for name in ["123", "X", "张三", "zhang", "12a4", "1X34"] {
            assert_eq!(ending(name), None, "{name}");
        }
    }
}
