//! The `steward` command line.

use std::process::ExitCode;

/// Gives memory back to the system; the C library's would keep most of what a first sync has used.
#[cfg(unix)]
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

fn main() -> ExitCode {
    steward_cli::main()
}
