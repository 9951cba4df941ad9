//! `cargo x`: everything a developer or CI runs, and what it needs installed.
//!
//! Map: [`setup`] what a machine needs, and installing it · [`mod@test`] the steps of CI · [`check`] the quick
//! ones alone · [`walls`] who may depend on whom · [`demo`] the sample company in a window ·
//! [`step`] running commands with their time.
#![expect(clippy::print_stdout, reason = "a development command talks to the terminal")]

mod check;
mod demo;
mod setup;
mod step;
mod test;
mod tools;
mod walls;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

const USAGE: &str = "\
cargo x demo   [--size small|medium|large] [--database-url URL] [--reset] [--headless]
               the sample company in a window, or without a display as text and a picture
cargo x test   [--allow-skip]   everything CI runs
               --postgres-17    the tests without a window alone, against the demo's PostgreSQL
cargo x check                   the quick part: format, spelling, lints, docs, walls, sizes, generated files
cargo x walls                   who may depend on whom, alone
cargo x pictures                takes docs/screenshots of the real window again
cargo x gen                     writes the generated TypeScript, tokens and documents again
cargo x db     start|stop|status|url    a private PostgreSQL for development
cargo x soak   [minutes]        the property and kill tests, for longer
cargo x bench  generate|sync|overview|lists|finance|pull|peers|consume|window|capture|report|all [--size small|medium|large]
cargo x dist                    a Debian package of the desktop app
cargo x setup  [demo|test]      only installs what is missing
";

/// The repository's root.
fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("xtask lies in the repository").to_path_buf()
}

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let (command, rest) = match arguments.split_first() {
        Some((command, rest)) => (command.as_str(), rest),
        None => ("help", [].as_slice()),
    };
    let outcome = match command {
        "demo" => demo::run_demo(rest),
        "test" => test::run_all(rest),
        "check" => check::run_quick(),
        "walls" => walls::check(),
        "pictures" => test::take_pictures(),
        "gen" => tools::generate(),
        "db" => tools::database(rest),
        "soak" => test::soak(rest),
        "bench" => tools::bench(rest),
        "dist" => tools::dist(),
        "setup" => setup::run_command(rest.first().map_or("test", String::as_str)),
        "help" | "--help" | "-h" => {
            print!("{USAGE}");
            Ok(())
        }
        unknown => Err(anyhow::anyhow!("There is no `cargo x {unknown}`.\n\n{USAGE}")),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("\n{error:#}");
            ExitCode::FAILURE
        }
    }
}
