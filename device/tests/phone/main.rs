//! The phone and a server in memory: what is never lost, never overwritten and never sent wrongly.

#![allow(missing_docs, unreachable_pub)]

mod background;
mod clock;
mod fake;
mod handover;
mod hostile;
mod lock;
mod photos;
mod rounds;
mod storage;
