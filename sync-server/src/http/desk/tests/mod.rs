//! The desk's API over the whole router: who sees what, what is approved, what is refused.

mod bench;
mod incidents;
mod orders;
mod records;
mod reviews;
mod sessions;
