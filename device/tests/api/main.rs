//! Every command of the window on a real encrypted register in a temporary folder, without any server.

#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a test that cannot go on fails there; timings are printed when asked for"
)]

mod bad_input;
mod care;
mod conflicts;
mod desk_words;
mod disputes;
mod drafts;
mod evacuation;
#[path = "../fixtures/failing_commit.rs"]
mod failing_commit;
mod handed_over;
mod incidents;
mod inspections;
mod map;
mod merging;
mod moving;
mod people;
mod phone;
mod photos;
mod rough_words;
mod rounds_of_the_day;
mod search;
mod session;
mod sheets;
mod size;
mod storeys;
mod tenancies;
mod today;
mod visits;
