//! The `steward` command line.

use std::process::ExitCode;

fn main() -> ExitCode {
    steward_cli::main()
}
