//! `sync-server`: see `sync-server --help`.

use std::process::ExitCode;

/// A push is thousands of small allocations, which were a quarter of what it cost.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    sync_server::cli::run()
}
