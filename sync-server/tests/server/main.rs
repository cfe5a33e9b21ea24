//! The server's rules, told as sentences: the store's contract, the hub in process, and HTTP without sockets.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on says where")]

mod command_line;
mod common;
mod conflicts;
mod desk;
mod desk_words;
mod erasure;
mod feeds;
mod hand_in;
mod http;
mod incidents;
mod nudges;
mod orders;
mod phones;
mod photos;
mod protocol;
mod push;
mod receipts;
mod review;
mod rights;
mod store;
mod tus;
mod upgrade;
