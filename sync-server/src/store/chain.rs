//! The audit log as a chain: each entry carries a hash over itself and the hash of the entry before, so that none can be changed,
//! taken out or put in without every later one showing it. The head, the last hash, is what somebody outside can note down.

use sha2::{Digest, Sha256};

use crate::store::AuditEntry;

/// The hash that an entry carries.
pub type Link = [u8; 32];

/// What the first entry continues.
pub const START: Link = [0; 32];

/// The link of the entry that stands at `seq`, after the one with the link `before`.
pub fn link(before: &Link, seq: i64, entry: &AuditEntry, detail: &str) -> Link {
    // Every text is preceded by its length: no two entries are written alike.
    let mut hash = Sha256::new();
    hash.update(b"doorstep audit 1\n");
    hash.update(before);
    hash.update(seq.to_be_bytes());
    hash.update(entry.at.to_be_bytes());
    for text in [entry.who.as_str(), &entry.action, &entry.subject, detail] {
        hash.update((text.len() as u64).to_be_bytes());
        hash.update(text.as_bytes());
    }
    hash.finalize().into()
}

/// A link as people read and note it.
pub fn written(link: &Link) -> String {
    link.iter().map(|byte| format!("{byte:02x}")).collect()
}
