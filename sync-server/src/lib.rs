//! The county's server: hub (the rules, without HTTP and SQL), store, photos, HTTP, the desk, and the admin command line.

pub mod cli;
pub mod demo;
mod files;
mod forms;
pub mod http;
pub mod hub;
pub mod openapi;
pub mod photos;
pub mod store;
pub mod tables;
