//! `steward` as the suite starts it: the very code of the shipped binary.

fn main() -> std::process::ExitCode {
    steward_cli::main()
}
