//! Every command of the window on a real encrypted register in a temporary folder, without any server.

mod bad_input;
mod drafts;
mod incidents;
mod people;
mod phone;
mod photos;
mod search;
mod session;
mod size;
mod today;
mod visits;
