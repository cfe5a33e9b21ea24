//! What must hold after a history: everybody agrees byte for byte, no word is missing, receipts and photos are true, and a store that was
//! spoilt repairs itself.

use std::collections::{BTreeMap, BTreeSet};

use domain::record::canonical_bytes;
use domain::{CellCode, RecordId, Scope};
use rusqlite::Connection;
use serde_json::{Value, json};
use sync_server::hub::{CountyHub, open_folder};
use sync_server::store::{HistoryEntry, Reading, Run, SetAside, Store as _};

use super::Tally;
use super::hand::{Hand, Holding};
use super::ledger::Word;
use super::scene::Scene;
use crate::trials::county::{CELL, hash_of, missing_on_server};
use crate::trouble::{Doing, Outcome, trouble};

/// Records by their ids, each as its canonical bytes.
type Register = BTreeMap<String, Vec<u8>>;

/// A field of a record.
pub(super) type Place = (String, String);

/// Everything that is kept anywhere.
pub(super) struct Kept {
    records: BTreeMap<String, Value>,
    histories: BTreeMap<String, Vec<HistoryEntry>>,
    conflicts: BTreeSet<(String, String, String)>,
    hands: Vec<Holding>,
}

impl Kept {
    /// Looks at the server, which nobody may serve meanwhile, and at every hand.
    pub(super) fn look(scene: &mut Scene) -> Outcome<Self> {
        let hands = scene.hands.iter_mut().map(Hand::holding).collect::<Outcome<Vec<_>>>()?;
        let hub = open_folder(&scene.data).doing("opening the server's folder")?;
        let mut kept = Self { records: BTreeMap::new(), histories: BTreeMap::new(), conflicts: BTreeSet::new(), hands };
        kept.read(&hub)?;
        Ok(kept)
    }

    fn read(&mut self, hub: &CountyHub) -> Outcome {
        let cell = CellCode::new(CELL).doing("naming the cell")?;
        let scope = Scope::from(&cell);
        let found = hub.store().read(|reading: &dyn Reading| {
            let entries = reading.feed_after(&cell, None, Run::SERVER)?;
            let ids: Vec<RecordId> = entries.iter().filter(|entry| !entry.gone).map(|entry| entry.record).collect();
            let mut found = Vec::new();
            for stored in reading.records(&scope, &ids)? {
                let id = stored.record.id;
                found.push((stored.record, reading.history(&scope, id)?, reading.open_conflicts(&scope, id, 0)?));
            }
            Ok::<_, sync_server::store::StoreError>(found)
        });
        for (record, history, conflicts) in found.doing("reading the server's cell")? {
            let id = record.id.to_string();
            self.records.insert(id.clone(), json!(record));
            self.histories.insert(id, history);
            self.conflicts.extend(conflicts.iter().map(named));
        }
        Ok(())
    }

    /// Whether a word stands in a record or is in the history.
    fn server_has(&self, word: &Word) -> bool {
        let of_field = |entry: &HistoryEntry| {
            entry.fields.get(&word.field) == Some(&word.value)
                || entry.lost.iter().any(|lost| lost.field == word.field && lost.value == word.value)
        };
        stands(&self.records, word) || self.histories.get(&word.record).into_iter().flatten().any(of_field)
    }

    /// What the server knows of a word's field, for whoever looks for the word.
    fn known_of(&self, word: &Word) -> String {
        let entries = self.histories.get(&word.record).into_iter().flatten();
        let of_field = entries
            .filter_map(|entry| Some((entry.fields.get(&word.field)?, entry.stamps.of(&word.field), &entry.lost)));
        of_field.map(|(value, stamp, lost)| format!("{value} at {stamp} (lost {lost:?}); ")).collect()
    }

    /// Whether the server has it, or somebody will still send it, or it was refused together with a wrong one and is kept for its writer.
    pub(super) fn will_have(&self, word: &Word) -> bool {
        let sends = |holding: &Holding| holding.unsent.contains(word) || holding.aside.contains(word);
        self.server_has(word) || self.hands.iter().any(sends)
    }

    /// The greatest stamp of every field that anybody holds as acknowledged.
    pub(super) fn greatest(&self) -> BTreeMap<Place, String> {
        let mut greatest = BTreeMap::new();
        let nothing = Vec::new();
        let held = self.hands.iter().map(|holding| (&holding.records, &holding.unsent));
        let held = held.chain([(&self.records, &nothing)]);
        for ((id, record), unsent) in held.flat_map(|(records, unsent)| records.iter().map(move |one| (one, unsent))) {
            for field in record["fields"].as_object().into_iter().flat_map(|fields| fields.keys()) {
                // What waits may still be refused, or dated anew.
                if unsent.iter().any(|word| word.record == *id && word.field == *field) {
                    continue;
                }
                let stamp = stamp_of(record, field).to_owned();
                let known: &mut String = greatest.entry((id.clone(), field.clone())).or_default();
                *known = stamp.max(std::mem::take(known));
            }
        }
        greatest
    }
}

/// Stamps sort as their digits do.
fn stamp_of<'a>(record: &'a Value, field: &str) -> &'a str {
    record["stamps"].get(field).unwrap_or(&record["stamp"]).as_str().unwrap_or_default()
}

fn stands(records: &BTreeMap<String, Value>, word: &Word) -> bool {
    records.get(&word.record).is_some_and(|record| record["fields"].get(&word.field) == Some(&word.value))
}

fn named(conflict: &SetAside) -> (String, String, String) {
    (conflict.record.to_string(), conflict.field.clone(), conflict.stamp.to_string())
}

fn register(records: &BTreeMap<String, Value>) -> Register {
    records.iter().map(|(id, record)| (id.clone(), canonical_bytes(record))).collect()
}

/// Judges a history that has come to rest, and counts what was in it.
pub(super) fn judge(scene: &mut Scene, tally: &mut Tally) -> Outcome {
    tally.refused += wrong_words_were_refused(scene)?;
    let photos = photos_are_everywhere(scene)?;
    scene.stop();
    let kept = Kept::look(scene)?;
    let missing = missing_on_server(&scene.data, &[], &photos)?;
    if !missing.is_empty() {
        return trouble(format!("not on the server: {missing:?}"));
    }
    let server = register(&kept.records);
    for (number, holding) in kept.hands.iter().enumerate() {
        same(&format!("hand {number}"), &register(&holding.records), &server)?;
    }
    no_word_is_missing(scene, &kept)?;
    nothing_older_stands(scene, &kept)?;
    scene.start()?;
    for hand in 1..scene.hands.len() {
        tally.receipts += tells_the_truth(scene, hand, &kept, photos.len(), 0)?;
    }
    repairs_itself(scene, &server, &kept, photos.len())?;
    who_saw_it_settles(scene)?;
    tally.records += server.len();
    tally.words += scene.ledger.words.len();
    tally.conflicts += kept.conflicts.len();
    tally.photos += photos.len();
    tally.rounds += scene.rounds;
    tally.cut_rounds += scene.cut_rounds;
    tally.cuts += scene.cuts;
    Ok(())
}

/// Every word is on the server, waits with its writer, or was refused to them.
pub(super) fn no_word_is_missing(scene: &Scene, kept: &Kept) -> Outcome {
    let lost: Vec<&(usize, Word)> = scene.ledger.words.iter().filter(|(_, word)| !kept.will_have(word)).collect();
    if let Some((hand, word)) = lost.first() {
        let known = kept.known_of(word);
        return trouble(format!(
            "{} words are missing, among them of hand {hand}: {word:?}; known is {known}",
            lost.len()
        ));
    }
    Ok(())
}

/// Whatever anybody held when the server was put back stands, or something later does.
fn nothing_older_stands(scene: &Scene, kept: &Kept) -> Outcome {
    for ((id, field), stamp) in &scene.greatest {
        if kept.records.get(id).is_none_or(|record| stamp_of(record, field) < stamp.as_str()) {
            return trouble(format!("{field} of {id} was held with the stamp {stamp} and is not there"));
        }
    }
    Ok(())
}

fn same(who: &str, own: &Register, server: &Register) -> Outcome {
    let ids: BTreeSet<&String> = own.keys().chain(server.keys()).collect();
    let differing: Vec<&String> = ids.into_iter().filter(|id| own.get(*id) != server.get(*id)).collect();
    let Some(first) = differing.first() else { return Ok(()) };
    let shown = |register: &Register| {
        register.get(*first).map_or("nothing".into(), |bytes| String::from_utf8_lossy(bytes).into_owned())
    };
    trouble(format!(
        "{who} differs from the server in {} records: {first} is {} there, {} on the server",
        differing.len(),
        shown(own),
        shown(server)
    ))
}

fn outside(scene: &mut Scene, hand: usize) -> Outcome<&mut super::client::Outside> {
    match &mut scene.hands[hand] {
        Hand::Outside(client) => Ok(client),
        Hand::Real(_) => trouble("This hand is the real phone."),
    }
}

/// Everybody gets every photo with the hash that its record names; returns the hashes.
fn photos_are_everywhere(scene: &mut Scene) -> Outcome<Vec<String>> {
    let records = scene.hands[0].holding()?.records;
    let mut photos = Vec::new();
    for (id, record) in records.iter().filter(|(_, record)| record["kind"] == "photo") {
        let sha256 = record["fields"]["sha256"].as_str().unwrap_or_default().to_owned();
        for hand in &mut scene.hands {
            let got = match hand {
                Hand::Real(phone) => hash_of(&phone.photo(id)?),
                Hand::Outside(client) => {
                    client.call("fetch", json!({ "sha256": sha256 }))?.as_str().unwrap_or_default().to_owned()
                }
            };
            if got != sha256 {
                return trouble(format!("photo {id} came with the hash {got} instead of {sha256}"));
            }
        }
        photos.push(sha256);
    }
    if photos.len() != scene.pictures {
        return trouble(format!("{} photos were taken, {} are there", scene.pictures, photos.len()));
    }
    Ok(photos)
}

/// Exactly the words that no server may take were refused, each with its code.
fn wrong_words_were_refused(scene: &mut Scene) -> Outcome<usize> {
    let (mut of, mut refused) = (BTreeSet::new(), 0);
    for hand in 1..scene.hands.len() {
        let register = outside(scene, hand)?.call("register", json!({}))?;
        for word in register["refused"].as_array().into_iter().flatten() {
            if word["code"] != "phone_form" || word["change"]["fields"].get("contact_phone").is_none() {
                return trouble(format!("hand {hand} was refused {word}"));
            }
            of.insert(word["change"]["id"].as_str().unwrap_or_default().to_owned());
            refused += 1;
        }
    }
    if of != scene.ledger.wrong {
        return trouble(format!("refused were words of {of:?}, wrong ones of {:?}", scene.ledger.wrong));
    }
    Ok(refused)
}

/// An outside client was told of all open conflicts and no others; its receipts were compared, and differed as often as they should.
/// Returns how many were equal.
fn tells_the_truth(scene: &mut Scene, hand: usize, kept: &Kept, photos: usize, differing: usize) -> Outcome<u64> {
    let register = outside(scene, hand)?.call("register", json!({}))?;
    let differences = register["differences"].as_array().map_or(0, Vec::len);
    let compared = register["compared"].as_u64().unwrap_or_default();
    if differences != differing || compared == 0 {
        return trouble(format!("hand {hand} compared {compared} receipts; differing: {}", register["differences"]));
    }
    let receipt = &register["receipt"]["cells"][CELL];
    if receipt["records"] != json!(kept.records.len()) || receipt["photos"] != json!(photos) {
        return trouble(format!("the receipt of hand {hand} does not count what is there: {receipt}"));
    }
    if register["epochs"] != json!(1) {
        return trouble(format!("hand {hand} saw the server put back {} times", register["epochs"]));
    }
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let told = register["conflicts"].as_array().into_iter().flatten();
    let told: BTreeSet<_> =
        told.map(|told| (text(&told["record"]), text(&told["field"]), text(&told["stamp"]))).collect();
    if let Some(one) = told.symmetric_difference(&kept.conflicts).next() {
        let whose = if told.contains(one) { "was settled, but is still told by" } else { "is open, but unknown to" };
        return trouble(format!("conflict {one:?} {whose} hand {hand}"));
    }
    Ok(compared - differences as u64)
}

/// A record is lost from the last client's store and another one's stamp is spoilt: the receipt tells, and the cell is read anew.
fn repairs_itself(scene: &mut Scene, server: &Register, kept: &Kept, photos: usize) -> Outcome {
    let hand = scene.hands.len() - 1;
    let client = outside(scene, hand)?;
    let store = Connection::open(client.folder.join("store.db")).doing("opening the outside client's store")?;
    let spoil = "DELETE FROM record WHERE id = (SELECT min(id) FROM record WHERE kind = 'household');
        UPDATE record SET known = json_set(known, '$.use[1]', '00000000000000000000000000000001') WHERE kind = 'dwelling'";
    store.execute_batch(spoil).doing("spoiling the outside client's store")?;
    if !client.attempt("sync", json!({}))? {
        return trouble("a round over a whole connection did not come to its end");
    }
    same("the repaired client", &register(&scene.hands[hand].holding()?.records), server)?;
    tells_the_truth(scene, hand, kept, photos, 1).map(|_| ())
}

/// An outside client that knows what stands writes over it twice before it sends: nobody is told of a conflict, and an older one in
/// that field is settled.
fn who_saw_it_settles(scene: &mut Scene) -> Outcome {
    let household = scene.household.clone();
    for hand in 1..scene.hands.len() {
        for note in ["先写", "再写"] {
            let fields = json!({ "access_note": format!("{note}{hand}") });
            scene.hands[hand].edit("household", &household, fields)?;
        }
        for listening in [hand, 1, 2] {
            let client = outside(scene, listening)?;
            client.call("sync", json!({}))?;
            let register = client.call("register", json!({}))?;
            let of_field = |told: &&Value| told["record"] == json!(household) && told["field"] == "access_note";
            if let Some(told) = register["conflicts"].as_array().into_iter().flatten().find(of_field) {
                return trouble(format!(
                    "hand {hand} wrote over what it had seen, and hand {listening} was told {told}"
                ));
            }
        }
    }
    Ok(())
}
