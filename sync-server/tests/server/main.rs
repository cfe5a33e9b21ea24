//! The server's rules, told as sentences: the store's contract, the hub in process, and HTTP without sockets.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on says where")]

mod accounts;
mod after_photos;
mod case_files;
mod command_line;
mod common;
mod conflicts;
mod county_lists;
mod desk;
mod desk_words;
mod divisions;
mod doors;
mod erased_heads;
mod erasure;
mod evacuations;
mod exports;
mod feeds;
mod hand_in;
mod health;
mod http;
mod imports;
mod imports_stopped;
mod incidents;
mod killed;
mod moved;
mod nudges;
mod orders;
mod phones;
mod photos;
mod proofs;
mod protocol;
mod push;
mod receipts;
mod redrawn;
mod report_county;
mod reports;
mod restored;
mod review;
mod rights;
mod rough_words;
mod seat;
mod store;
mod tus;
mod upgrade;
mod wrong_clock;
