//! Informants: they report incidents with photos, and see little else. What whoever carries a phone may know, by role, beside what the
//! server sends.

use domain::protocol::{ExchangeAnswer, ExchangeRequest, Verdict};
use domain::scope::{Actor, Role, sees_whole_cell, visible_field};
use domain::{AccountId, CellCode, Kind, Record, Scope};
use serde_json::json;

use super::history::History;
use super::phone::Phone;
use super::wire::take;
use crate::trouble::{Doing, Outcome, trouble};

impl History {
    /// An informant reports an incident, photographs one, or words an own report anew.
    pub(super) fn inform(&mut self) -> Outcome {
        let informants = self.phones_of(|role| role == Role::Informant)?;
        let Some(who) = self.later.pick(&informants).copied() else { return Ok(()) };
        take(&self.ledger).count("informed".into());
        let mut own = self.phones[who].of_kind(&Kind::Incident)?;
        own.retain(|incident| incident.text("by") == Some(self.phones[who].worker.as_str()));
        match (self.later.below(4), self.later.pick(&own).map(|incident| incident.id)) {
            (0, Some(incident)) => {
                let fields = json!({ "title": self.word(), "text": self.word() });
                self.save(who, &Kind::Incident, Some(incident), fields)
            }
            (1, Some(_)) => self.photograph(who),
            _ => {
                self.report(who)?;
                if self.later.percent(50) { self.photograph(who) } else { Ok(()) }
            }
        }
    }

    /// Asks the server for photos that this phone may not see: of cells that it does not hold, or not for its role.
    pub(super) fn pry(&mut self, who: usize) -> Outcome {
        let actor = self.actor_of(&self.phones[who])?;
        let mut photos = Vec::new();
        for cell in &self.county.every_cell()? {
            photos.extend(self.county.records(cell)?.into_iter().filter(|record| record.kind == Kind::Photo));
        }
        let (seen, hidden): (Vec<Record>, Vec<Record>) = photos.into_iter().partition(|photo| actor.may_read(photo));
        for photo in &hidden {
            let Some(hash) = photo.text("sha256").and_then(|hash| domain::Sha256Hex::new(hash).ok()) else { continue };
            // The same picture may be one that it sees.
            let is_seen = seen.iter().any(|other| other.text("sha256") == Some(hash.as_str()));
            if !is_seen && self.phones[who].wire.pries(&hash) {
                return trouble(format!("Phone {who} was given photo {photo:?}, which it may not see."));
            }
        }
        Ok(())
    }

    /// Who carries a phone, and where.
    pub(super) fn actor_of(&self, phone: &Phone) -> Outcome<Actor> {
        let held = take(&self.county.held).get(&phone.worker).cloned().unwrap_or_default();
        actor(&phone.worker, self.county.role_of(&phone.worker), &held)
    }
}

/// Somebody who carries a phone, with what the account is for now and these cells.
pub(super) fn actor(worker: &str, role: Role, held: &[CellCode]) -> Outcome<Actor> {
    let account = AccountId::new(worker).doing("naming a worker")?;
    Ok(Actor { account, role, scopes: held.iter().map(Scope::from).collect(), department: None })
}

/// What of a record somebody may see.
pub(super) fn seen_by(actor: &Actor, mut record: Record) -> Option<Record> {
    if !actor.may_read(&record) {
        return None;
    }
    let all = record.fields.len();
    record.fields.retain(|field, _| visible_field(actor.role, &record.kind, field));
    if record.fields.len() < all {
        record.stamps = record.stamps.only(&record.fields);
    }
    Some(record)
}

/// What an answer tells somebody who may not know it.
pub(super) fn tells_too_much(actor: &Actor, request: &ExchangeRequest, answer: &ExchangeAnswer) -> Option<String> {
    if sees_whole_cell(actor.role) {
        return None;
    }
    let refused = answer.verdicts.iter().filter_map(|verdict| match verdict {
        Verdict::Refused(refusal) => refusal.current.as_ref(),
        Verdict::Accepted => None,
    });
    for record in answer.pages.iter().flat_map(|page| &page.records).chain(refused) {
        // Of what it has just brought itself it may be sent a part.
        let mut whole = record.clone();
        for change in request.push.iter().filter(|change| change.id == record.id) {
            change.fields.iter().for_each(|(field, value)| {
                whole.fields.entry(field.clone()).or_insert_with(|| value.clone());
            });
        }
        let hidden = record.fields.keys().find(|field| !visible_field(actor.role, &record.kind, field));
        if !actor.may_read(&whole) || hidden.is_some() {
            return Some(format!("{} was sent {record:?}.", actor.account));
        }
    }
    for page in &answer.pages {
        for conflict in &page.conflicts {
            let kind = page.records.iter().find(|record| record.id == conflict.record).map(|record| &record.kind);
            if kind.is_none_or(|kind| !visible_field(actor.role, kind, &conflict.field)) {
                return Some(format!("{} was told of {conflict:?}.", actor.account));
            }
        }
    }
    None
}
