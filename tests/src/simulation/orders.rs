//! What the desk orders phones to do, what they hand in sealed, and what comes of taking it in.

use std::collections::BTreeSet;

use domain::hand_in::HandInContent;
use domain::order::DeviceOrder;
use domain::protocol::CallRefusal;
use domain::scope::{Actor, Role};
use domain::seal::{Purpose, SealKeys};
use domain::{AccountId, Change, DeviceId, RecordId};
use serde_json::Value;
use sync_server::hub::HubError;

use super::county::{County, everywhere};
use super::history::History;
use super::wire::take;
use crate::trouble::{Doing, Outcome};

/// The server's setting that holds its sealing key.
const SEAL_SECRET: &str = "seal_secret";

/// A piece that lies on the server unread, opened by the simulation alone.
pub(super) struct Sealed {
    device: DeviceId,
    /// When it came.
    at: i64,
    content: HandInContent,
}

impl Sealed {
    /// Whether a word that is meant is in it.
    pub(super) fn has(&self, id: RecordId, field: &str, is_meant: impl Fn(&Value) -> bool) -> bool {
        let changes = self.content.changes.iter().map(|change| (change.id, &change.fields));
        let refused = self.content.refused.iter().map(|words| (words.id, &words.fields));
        changes.chain(refused).any(|(of, fields)| of == id && fields.get(field).is_some_and(&is_meant))
    }

    /// Whether a list of the parties of a case file is in it.
    fn has_parties(&self) -> bool {
        let changes = self.content.changes.iter().map(|change| &change.fields);
        changes
            .chain(self.content.refused.iter().map(|words| &words.fields))
            .any(|fields| fields.contains_key("parties"))
    }

    fn records(&self) -> impl Iterator<Item = RecordId> {
        let changes = self.content.changes.iter().map(|change| change.id);
        changes.chain(self.content.refused.iter().map(|words| words.id))
    }
}

/// Who gives orders, takes in and draws the cells: the county's administrator, who reaches every worker whatever the cells are.
pub(super) fn administrator() -> Outcome<Actor> {
    let account = AccountId::new("admin").doing("naming the administrator")?;
    Ok(Actor { account, role: Role::Admin, scopes: vec![everywhere()?], department: None })
}

/// What lies on the server sealed, from every phone that ever was.
pub(super) fn sealed(county: &County) -> Outcome<Vec<Sealed>> {
    let Some(secret) = county.ask(|reading| reading.setting(SEAL_SECRET))? else { return Ok(Vec::new()) };
    let keys = SealKeys::from_secret_text(&secret).doing("reading the sealing key")?;
    let pieces = county.ask(|reading| {
        let mut pieces = Vec::new();
        for device in reading.devices()? {
            for line in reading.hand_ins(device.id)?.into_iter().filter(|line| line.kept) {
                let bytes = reading.hand_in_sealed(device.id, &line.digest)?;
                pieces.extend(bytes.map(|bytes| (device.id, line.at, bytes)));
            }
        }
        Ok(pieces)
    })?;
    let open = |(device, at, bytes): (DeviceId, i64, Vec<u8>)| -> Outcome<Sealed> {
        let packed = keys.open(Purpose::HandIn(device), &bytes).doing("opening a piece")?;
        let plain = zstd::decode_all(packed.as_slice()).doing("unpacking a piece")?;
        Ok(Sealed { device, at, content: serde_json::from_slice(&plain).doing("reading a piece")? })
    };
    pieces.into_iter().map(open).collect()
}

impl History {
    /// The desk orders a phone to lock or to wipe itself.
    pub(super) fn order(&mut self, who: usize, what: DeviceOrder) -> Outcome {
        if self.county.full || self.county.has_fuse() {
            return Ok(());
        }
        let ordered = self.county.hub()?.order_device(&administrator()?, self.phones[who].device_id, what);
        excuse_unknown(ordered).doing("ordering a phone")
    }

    /// The desk takes an order back.
    pub(super) fn lift(&mut self, who: usize) -> Outcome {
        if self.county.full || self.county.has_fuse() {
            return Ok(());
        }
        let lifted = self.county.hub()?.lift_order(&administrator()?, self.phones[who].device_id);
        excuse_unknown(lifted).doing("lifting an order")
    }

    /// Somebody at the desk takes in whatever lies there. True: that is news to some cell.
    pub(super) fn take_in(&mut self) -> Outcome<bool> {
        if self.county.full || self.county.has_fuse() {
            return Ok(false);
        }
        let pieces = sealed(&self.county)?;
        let devices: BTreeSet<DeviceId> = pieces.iter().map(|piece| piece.device).collect();
        let before = self.reached()?;
        for device in &devices {
            let taken = self.county.hub()?.take_in(&administrator()?, *device).doing("taking in")?;
            self.say(|| format!("taken in of {device}: {taken:?}"));
            take(&self.ledger).count("taken in".into());
        }
        if !pieces.is_empty() {
            self.look_at_files(pieces.iter().any(Sealed::has_parties))?;
        }
        for piece in &pieces {
            self.write_down_taken(piece)?;
        }
        Ok(self.reached()? != before)
    }

    fn reached(&self) -> Outcome<Vec<u64>> {
        let cells = self.county.every_cell()?;
        cells.iter().map(|cell| self.county.ask(|reading| reading.feed_reached(cell))).collect()
    }

    /// What was judged at the desk never went over a wire: the server's history says what it took of it.
    fn write_down_taken(&self, piece: &Sealed) -> Outcome {
        let scope = everywhere()?;
        let mut ledger = take(&self.ledger);
        for change in piece.content.changes.iter().filter(|change| change.latest().millis() > piece.at) {
            // Its clock was ahead, and it could not compare it: the stamp is set back here, and by the phone itself later.
            ledger.copied(change.id, &change.fields);
        }
        for words in &piece.content.refused {
            // As if they had been sent again.
            ledger.copied(words.id, &words.fields);
        }
        for id in piece.records() {
            let (stored, entries) =
                self.county.ask(|reading| Ok((reading.record(&scope, id)?, reading.history(&scope, id)?)))?;
            for entry in &entries {
                if let Some((field, _)) = entry.base.iter().find(|(field, base)| entry.stamps.of(field) <= **base) {
                    ledger.break_law(format!("{field} of {id} was taken in with a stamp before the one it replaces."));
                }
                ledger.taken(id, &entry.fields, &entry.stamps);
            }
            // What the desk refused of it lies sealed: the cell may be nobody's of that worker since the server was put back.
            let took = |change: &Change| {
                let took = |field: &String| {
                    let stamp = change.stamps.of(field);
                    entries.iter().any(|entry| entry.fields.contains_key(field) && entry.stamps.of(field) == stamp)
                };
                change.fields.keys().all(took)
            };
            for change in piece.content.changes.iter().filter(|change| change.id == id && !took(change)) {
                ledger.refused_whole(change);
            }
            if let Some(stored) = stored {
                ledger.is_had(&stored.record.kind, id);
                ledger.seal(&stored.record);
            }
        }
        Ok(())
    }

    /// The pieces that lie on the server longer than they are kept are thrown away, read or not: somebody takes in before that.
    pub(super) fn before_a_long_time(&mut self) -> Outcome {
        self.take_in().map(|_| ())
    }

    /// A lock that the desk lifts and the phone hears of: afterwards it is open, with everything in it.
    pub(super) fn lift_whatever_locks(&mut self, who: usize) -> Outcome<bool> {
        if !self.phones[who].is_locked() {
            return Ok(false);
        }
        self.lift(who)?;
        Ok(true)
    }
}

/// A server that was put back from a backup may not know the phone, and a wiped phone takes no orders.
fn excuse_unknown(said: Result<(), HubError>) -> Result<(), HubError> {
    match said {
        Err(error) if matches!(error.code(), CallRefusal::NotFound | CallRefusal::Stale) => Ok(()),
        said => said,
    }
}
