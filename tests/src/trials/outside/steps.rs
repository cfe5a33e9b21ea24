//! What people do in a history, one step at a time, as the seed decides.

use rand::RngExt as _;
use rand::seq::IndexedRandom as _;
use serde_json::{Map, Value, json};

use super::hand::Hand;
use super::scene::{Scene, THIRD};
use crate::picture;
use crate::trouble::Outcome;

/// A clock that jumps, jumps by this, in milliseconds: further than any stamp may lie ahead.
const JUMP: i64 = 60 * 60 * 1000;
/// No telephone number.
const WRONG: &str = "12";

/// Fields with free words, by kind.
const FREE: [(&str, &[&str]); 4] = [
    ("dwelling", &["room", "street"]),
    ("household", &["access_note", "best_time"]),
    ("person", &["phone", "moved_to"]),
    ("incident", &["title", "place", "text"]),
];

impl Scene {
    /// So many steps of anybody.
    pub(super) fn work(&mut self, steps: usize) -> Outcome {
        for _ in 0..steps {
            let hand = self.dice.random_range(0..self.hands.len());
            if self.away == Some(hand) {
                self.round(hand)?;
                continue;
            }
            match self.dice.random_range(0..100) {
                0..35 => self.round(hand)?,
                35..62 => self.edit(hand)?,
                62..69 => self.move_in(hand)?,
                69..74 => self.report(hand)?,
                74..80 => self.visit(hand).map(|_| ())?,
                80..86 => self.take_picture(hand)?,
                86..91 => self.take_out(hand)?,
                _ => self.trip(hand)?,
            }
        }
        Ok(())
    }

    /// The records of some kinds that a hand holds, as (kind, id, record).
    fn held(&mut self, hand: usize, kinds: &[&str]) -> Outcome<Vec<(String, String, Value)>> {
        let records = self.hands[hand].holding()?.records.into_iter();
        let named = records.map(|(id, record)| (record["kind"].as_str().unwrap_or_default().to_owned(), id, record));
        Ok(named.filter(|(kind, ..)| kinds.contains(&kind.as_str())).collect())
    }

    /// A word that nobody wrote before, fit for a field.
    fn word(&mut self, field: &str) -> Value {
        self.words += 1;
        match field {
            "phone" => json!(format!("138{:08}", self.words)),
            _ => json!(format!("第{}句", self.words)),
        }
    }

    fn words_for(&mut self, kind: &str, at_most: usize) -> Value {
        let fields = FREE.iter().find(|(of, _)| *of == kind).map_or(&[][..], |(_, fields)| fields);
        let chosen: Vec<&str> = fields.sample(&mut self.dice, at_most).copied().collect();
        Value::Object(chosen.into_iter().map(|field| (field.to_owned(), self.word(field))).collect::<Map<_, _>>())
    }

    fn create(&mut self, hand: usize, kind: &str, fields: Value) -> Outcome<String> {
        let id = self.hands[hand].create(kind, fields.clone())?;
        self.ledger.saved(hand, &id, &fields);
        Ok(id)
    }

    fn write(&mut self, hand: usize, kind: &str, id: &str, fields: Value) -> Outcome {
        self.hands[hand].edit(kind, id, fields.clone())?;
        self.ledger.saved(hand, id, &fields);
        Ok(())
    }

    /// Few records and few fields: that is how people meet.
    fn edit(&mut self, hand: usize) -> Outcome {
        let held = self.held(hand, &["dwelling", "household", "person", "incident"])?;
        let Some((kind, id, _)) = held.iter().take(6).collect::<Vec<_>>().choose(&mut self.dice).copied().cloned()
        else {
            return Ok(());
        };
        let many = self.dice.random_range(1..=2);
        let fields = self.words_for(&kind, many);
        self.write(hand, &kind, &id, fields)
    }

    /// A door, a household behind it, and its head: records that name each other.
    fn move_in(&mut self, hand: usize) -> Outcome {
        let (room, phone) = (self.word("room"), self.word("phone"));
        let dwelling = self.create(hand, "dwelling", json!({ "use": "own", "room": room }))?;
        let household = self.create(hand, "household", json!({ "dwelling": dwelling }))?;
        let person = json!({ "household": household, "name": "张三", "phone": phone });
        let person = self.create(hand, "person", person)?;
        self.write(hand, "household", &household, json!({ "head": person }))
    }

    fn report(&mut self, hand: usize) -> Outcome {
        let (category, list_version) = self.category.clone();
        let fields = json!({ "category": category, "list_version": list_version, "severity": 3, "title": self.word("title"),
            "happened_at": self.now(), "by": self.account(hand) });
        self.create(hand, "incident", fields).map(|_| ())
    }

    /// A visit to any household that the hand holds; none when it holds none.
    fn visit(&mut self, hand: usize) -> Outcome<Option<String>> {
        let held = self.held(hand, &["household"])?;
        let Some((_, household, _)) = held.choose(&mut self.dice) else { return Ok(None) };
        let fields = json!({ "target": household, "target_kind": "household", "at": self.now(), "result": "met", "way": "door",
            "by": self.account(hand), "note": self.word("note") });
        self.create(hand, "visit", fields).map(Some)
    }

    fn take_picture(&mut self, hand: usize) -> Outcome {
        let Some(visit) = self.visit(hand)? else { return Ok(()) };
        let bytes = picture::noise(self.dice.random(), self.dice.random_range(10_000..150_000));
        let (account, now) = (self.account(hand), self.now());
        self.pictures += 1;
        self.hands[hand].picture(&self.folder, account, &visit, &bytes, now)
    }

    /// A person or an incident is taken out of the register, or put back.
    fn take_out(&mut self, hand: usize) -> Outcome {
        let held = self.held(hand, &["person", "incident"])?;
        let Some((kind, id, record)) = held.choose(&mut self.dice).cloned() else { return Ok(()) };
        let out = record["fields"]["deleted"] == json!(true);
        self.write(hand, &kind, &id, json!({ "deleted": !out }))
    }

    /// What happens to an outside client alone: a word that is refused, a kill, new tokens, a clock that jumps.
    fn trip(&mut self, hand: usize) -> Outcome {
        // The server has it: a new household would be refused as a whole, and with it whoever lives there.
        let chosen = Some(self.household.clone()).filter(|_| self.away != Some(hand));
        let what = self.dice.random_range(0..4);
        let Hand::Outside(client) = &mut self.hands[hand] else { return self.round(hand) };
        match (what, chosen) {
            (0, Some(household)) => {
                client.call("edit", json!({ "id": household, "fields": { "contact_phone": WRONG } }))?;
                self.ledger.wrong.insert(household);
                Ok(())
            }
            (1, _) => client.attempt("refresh", json!({})).map(|_| ()),
            // A word dated after the cell was handed over would rightly be refused.
            (2, _) if hand != THIRD => {
                let by = if self.dice.random() { JUMP } else { -JUMP };
                client.call("skew", json!({ "by": by })).map(|_| ())
            }
            _ => client.restart(),
        }
    }
}
