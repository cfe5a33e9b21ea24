//! The phone and a server in memory: what is never lost, never overwritten and never sent wrongly.

// A test says what it means by failing: helpers may unwrap, and nothing here is anybody's interface.
#![allow(missing_docs, unreachable_pub, clippy::unwrap_used, clippy::result_large_err, clippy::type_complexity)]

mod answers;
mod background;
mod biometry;
mod case_files;
mod clock;
mod conflicts;
mod damaged;
mod erasure;
#[path = "../fixtures/failing_commit.rs"]
mod failing_commit;
mod fake;
mod first_moment;
mod handover;
mod health;
mod hostile;
mod http;
mod lock;
mod lost_pictures;
mod ordered;
mod originals;
mod pages;
mod phones;
mod photos;
mod receipts;
mod repairs;
mod revoked;
mod rights;
mod rounds;
mod storage;
mod upgrade;
mod workers;
