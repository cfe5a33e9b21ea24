//! The laws of the digest: it forgets in which order records came, taking out undoes putting in, and nothing that changes a
//! record leaves it as it was. And what makes a receipt worth something.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on says where")]

use std::collections::BTreeMap;

use domain::protocol::{CellState, Enrolment, ExchangeAnswer, ExchangeRequest, Hello, Receipt, ReceiptStatement};
use domain::receipt::{ReceiptError, ReceiptKey};
use domain::{CellCode, DeviceId, Digest, Epoch, Kind, Node, Record, RecordId, Stamp, Stamps, World};
use proptest::prelude::*;
use serde_json::json;
use uuid::Uuid;

fn record() -> impl Strategy<Value = Record> {
    let fields = proptest::collection::btree_map("[a-z]{1,6}", (0..1_000i64, 0..3u16, 0..4u64), 1..5);
    (any::<u128>(), fields).prop_map(|(id, stamped)| Record {
        id: RecordId(Uuid::from_u128(id)),
        kind: Kind::Person,
        cell: CellCode::new("610722001001001").unwrap(),
        fields: stamped.keys().map(|name| (name.clone(), json!(1))).collect(),
        stamps: Stamps::from_pairs(
            stamped
                .iter()
                .map(|(name, (millis, counter, node))| (name.as_str(), Stamp::new(*millis, *counter, Node(*node)))),
        ),
    })
}

proptest! {
    #[test]
    fn the_order_of_records_does_not_matter(
        (records, shuffled) in proptest::collection::vec(record(), 0..8)
            .prop_flat_map(|records| (Just(records.clone()), Just(records).prop_shuffle()))
    ) {
        prop_assert_eq!(records.iter().collect::<Digest>(), shuffled.iter().collect::<Digest>());
    }

    #[test]
    fn taking_out_what_was_put_in_leaves_nothing(records in proptest::collection::vec(record(), 0..8)) {
        let mut digest = Digest::default();
        records.iter().for_each(|record| digest.include(record));
        prop_assert_eq!(digest, records.iter().collect::<Digest>());
        records.iter().for_each(|record| digest.exclude(record));
        prop_assert_eq!(digest, Digest::default());
        prop_assert_eq!(digest.to_string(), "0".repeat(32));
    }

    #[test]
    fn a_changed_stamp_a_missing_field_or_another_id_changes_it(record in record(), by in 1..50i64, other in any::<u128>()) {
        let before = Digest::of(&record);
        for field in record.fields.keys() {
            let mut changed = record.clone();
            let pairs: Vec<(&str, Stamp)> = record.fields.keys().map(|name| {
                let stamp = record.stamps.of(name);
                (name.as_str(), if name == field { stamp.shifted(by) } else { stamp })
            }).collect();
            changed.stamps = Stamps::from_pairs(pairs);
            prop_assert_ne!(Digest::of(&changed), before);
            let mut shorter = record.clone();
            shorter.fields.remove(field);
            prop_assert_ne!(Digest::of(&shorter), before);
        }
        prop_assume!(other != record.id.0.as_u128());
        let renamed = Record { id: RecordId(Uuid::from_u128(other)), ..record };
        prop_assert_ne!(Digest::of(&renamed), before);
    }

    #[test]
    fn columns_texts_and_versions_bring_it_back(record in record()) {
        let digest = Digest::of(&record);
        let (first, last) = digest.halves();
        prop_assert_eq!(Digest::from_halves(first, last), digest);
        prop_assert_eq!(digest.to_string().parse::<Digest>().unwrap(), digest);
        prop_assert_eq!(Digest::from(&record.version()), digest);
        prop_assert_eq!(serde_json::to_value(digest).unwrap(), json!(record.version().as_str()));
    }
}

#[test]
fn what_is_no_digest_is_not_read_as_one() {
    for text in ["", "0", &"g".repeat(32), &"A".repeat(32), &"0".repeat(33)] {
        assert!(text.parse::<Digest>().is_err(), "{text}");
        assert!(serde_json::from_value::<Digest>(json!(text)).is_err(), "{text}");
    }
}

struct Seeded(u8);

impl World for Seeded {
    fn now(&mut self) -> i64 {
        0
    }
    fn fill(&mut self, bytes: &mut [u8]) {
        bytes.fill(self.0);
    }
}

fn statement() -> ReceiptStatement {
    let state = CellState { upto: 7, records: 3, photos: 1, digest: Digest::from_halves(-1, 5) };
    ReceiptStatement {
        device: DeviceId(Uuid::from_u128(1)),
        epoch: Epoch(Uuid::from_u128(2)),
        at: 1_790_000_000_000,
        cells: BTreeMap::from([(CellCode::new("610722001001001").unwrap(), state)]),
    }
}

#[test]
fn a_receipt_is_believed_only_as_it_was_signed_and_only_with_its_key() {
    let key = ReceiptKey::new(&mut Seeded(1));
    let receipt = key.sign(&statement());
    assert_eq!(receipt.verify(&key.verify_text()), Ok(statement()));
    let again = ReceiptKey::from_text(&key.to_text()).unwrap();
    assert_eq!(again.sign(&statement()), receipt, "the stored key is the same key");

    let other = ReceiptKey::new(&mut Seeded(2)).verify_text();
    assert_eq!(receipt.verify(&other), Err(ReceiptError::Signature));
    let more = Receipt { statement: receipt.statement.replace("\"records\":3", "\"records\":4"), ..receipt.clone() };
    assert_eq!(more.verify(&key.verify_text()), Err(ReceiptError::Signature));
    for signature in ["", "AAAA", "§", &"A".repeat(86)] {
        let forged = Receipt { signature: signature.to_owned(), ..receipt.clone() };
        assert_eq!(forged.verify(&key.verify_text()), Err(ReceiptError::Signature), "{signature}");
    }
    for key in ["", "AAAA", "not base64url!"] {
        assert_eq!(receipt.verify(key), Err(ReceiptError::Key), "{key}");
    }
}

#[test]
fn messages_of_older_versions_are_read() {
    let epoch = "00000000-0000-0000-0000-000000000002";
    let hello = json!({"server_time": 1, "epoch": epoch, "protocols": [1, 1], "lists_version": 1});
    assert_eq!(serde_json::from_value::<Hello>(hello).unwrap().keys.verify, "");
    let request = json!({"protocol": 1, "device_time": 1, "node": 1, "epoch": null, "push": [], "cursors": {}});
    assert!(serde_json::from_value::<ExchangeRequest>(request.clone()).unwrap().doubted.is_empty());
    let answer = json!({"server_time": 1, "epoch": epoch, "lists_version": 1, "verdicts": [], "cells": [], "pages": [], "more": false});
    let read: ExchangeAnswer = serde_json::from_value(answer.clone()).unwrap();
    assert_eq!(read.receipt, None);
    // And what says nothing new is written as older versions wrote it.
    assert_eq!(serde_json::to_value(read).unwrap(), answer);
    let enrolment = json!({"device": epoch, "account": "worker", "display_name": "甲", "role": "worker", "cells": [], "demo": false,
        "tokens": {"access": "a", "access_until": 1, "refresh": "r"}});
    assert_eq!(serde_json::from_value::<Enrolment>(enrolment).unwrap().keys.verify, "");
}
