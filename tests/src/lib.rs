//! What the tests of more than one crate share: programs in the background, windows, pictures, the simulation, and the benchmarks.

pub mod browser;
pub mod county;
pub mod cutting_proxy;
pub mod desk;
pub mod desk_bench;
#[cfg(target_os = "linux")]
pub mod disk;
pub mod full_cell;
pub mod paint;
pub mod phone_bench;
pub mod phones;
pub mod picture;
pub mod program;
pub mod python;
pub mod screen;
pub mod screens;
pub mod simulation;
pub mod stations;
pub mod sync_bench;
#[cfg(target_os = "linux")]
pub mod trials;
pub mod trouble;
pub mod tus_trial;
pub mod worker;

pub use trouble::{Outcome, Trouble};
