//! The county's server: hub (the rules, without HTTP and SQL), store, photos, HTTP, the desk, and the admin command line.

pub mod hub;
pub mod photos;
pub mod store;
