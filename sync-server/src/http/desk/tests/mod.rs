//! The desk's API over the whole router: who sees what, what is approved, what is refused.

mod bench;
mod boundaries;
mod incidents;
mod orders;
mod records;
mod reports;
mod reviews;
mod sessions;
