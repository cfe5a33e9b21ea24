//! The desk's API over the whole router: who sees what, what is approved, what is refused.

mod audit;
mod bench;
mod boundaries;
mod evacuations;
mod incidents;
mod notices;
mod orders;
mod records;
mod reports;
mod residents;
mod reviews;
mod sessions;
