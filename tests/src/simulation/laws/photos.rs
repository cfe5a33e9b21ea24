//! The laws of photos: their bytes are where a record names them, and nowhere else.

use std::collections::BTreeSet;

use domain::protocol::PhotoSize;
use domain::scope::Actor;
use domain::{Kind, Record, Scope, Sha256Hex};

use super::{Everything, History, Phone};
use crate::trouble::{Doing, Outcome, trouble};

/// Every photo that the server names is there, byte for byte; unless nobody has its original any more since a disaster.
pub(super) fn are_there(history: &History, everything: &Everything) -> Outcome {
    let hub = history.county.hub()?;
    for record in everything.records.values().filter(|record| record.kind == Kind::Photo) {
        let Some(hash) = record.text("sha256").map(Sha256Hex::new).transpose().doing("reading a photo's hash")? else {
            continue;
        };
        match hub.photos().read(&hash, PhotoSize::Full) {
            Ok(bytes) if hex(&bytes) == hash.as_str() => {}
            Ok(_) => return trouble(format!("The bytes of photo {hash} are others.")),
            // Its only phone was shut out, put back, or lost the cell to a restore: the next law says which.
            Err(_) if !waits_somewhere(history, everything, (record, &hash))? && history.had_disaster() => {}
            Err(error) => return trouble(format!("The bytes of photo {hash} are not there: {error}.")),
        }
        let stored = history.county.ask(|reading| reading.photo_stored(&hash))?;
        if !stored && !history.had_disaster() {
            return trouble(format!("The server does not know that it has photo {hash}."));
        }
    }
    Ok(())
}

/// Every picture on a phone is named by a record there, or by words of its that were refused: one that nothing names nobody sees, and
/// nothing removes.
pub(super) fn none_is_without_a_record(history: &History, everything: &Everything) -> Outcome {
    let phones = everything.phones.iter().zip(&history.phones).enumerate();
    for (number, (holding, phone)) in phones.filter(|(_, (_, phone))| !phone.is_out()) {
        let records = holding.records.values().map(|record| &record.fields);
        let fields = records.chain(holding.refused.iter().map(|refused| &refused.fields));
        let named: BTreeSet<&str> = fields.filter_map(|fields| fields.get("sha256")?.as_str()).collect();
        if let Some(picture) = phone.photo_files()?.iter().find(|file| !named.contains(file.as_str())) {
            return trouble(format!("Picture {picture} is on phone {number}, and nothing there names it."));
        }
    }
    Ok(())
}

/// Whether a phone that still may send has the original: one that is locked by an order of a database which is lost, or was given
/// another phone's place, cannot; and the server takes a picture that is not their own of nobody who may not see it.
fn waits_somewhere(history: &History, everything: &Everything, (record, hash): (&Record, &Sha256Hex)) -> Outcome<bool> {
    let living = everything.phones.iter().zip(&history.phones).filter(|(_, phone)| !phone.revoked && !phone.stranded);
    for (holding, phone) in living {
        // Where it lies by now is another question.
        let actor = Actor { scopes: vec![Scope::from(&record.cell)], ..history.actor_of(phone)? };
        let own = record.text("by") == Some(phone.worker.as_str());
        let may = own || actor.may_read(record);
        if may && holding.originals.iter().any(|own| own == hash.as_str()) {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Whether a photo is kept on a phone since its picture waits there: no other may have it. It stays also where the account may not see it
/// any more.
pub(super) fn may_be_the_last(phone: &Phone, photo: &Record) -> Outcome<bool> {
    let hash = photo.text("sha256").filter(|_| photo.kind == Kind::Photo).map(Sha256Hex::new);
    match hash.transpose().doing("reading a photo's hash")? {
        Some(hash) => phone.open(|open| Ok(!open.store().is_photo_file_sent(&hash)?)),
        None => Ok(false),
    }
}

fn hex(bytes: &[u8]) -> String {
    use sha2::Digest;
    sha2::Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}
