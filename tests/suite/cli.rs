//! The command line as a process: arguments in, data on standard output, failures on standard error.

mod bad_input;
mod catalogue;
mod company;
mod coverage;
mod exports;
mod limits;
pub(crate) mod machine;
mod operators;
mod text;
mod usage;

use std::path::Path;
use std::process::{Command, Output};

use serde_json::Value;

/// `steward` on a folder of its own, with secrets that outlive a process and nothing of this computer's
/// environment that could change an answer.
pub(crate) fn process(home: &Path) -> Command {
    let passphrase = home.join("passphrase");
    if !passphrase.exists() {
        std::fs::write(&passphrase, "a long passphrase").expect("written");
    }
    let mut command = Command::new(env!("CARGO_BIN_EXE_steward-under-test"));
    for name in
        ["STEWARD_WORKSPACE", "STEWARD_DATABASE_URL", "STEWARD_OWNER_URL", "STEWARD_SECRETS", "STEWARD_LOG"]
    {
        command.env_remove(name);
    }
    command.env("STEWARD_HOME", home).env("STEWARD_TZ", "UTC").env("NO_COLOR", "1");
    command
}

/// The same with the passphrase file as the place for secrets.
pub(crate) fn steward(home: &Path, arguments: &[&str]) -> Output {
    let mut command = process(home);
    command.env("STEWARD_PASSPHRASE_FILE", home.join("passphrase"));
    command.args(arguments).output().expect("steward runs")
}

/// The envelope of a call that must succeed.
fn answer(home: &Path, arguments: &[&str]) -> Value {
    let arguments: Vec<&str> = arguments.iter().copied().chain(["--json"]).collect();
    let output = steward(home, &arguments);
    let problem = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{arguments:?}: {:?} {problem}", output.status);
    serde_json::from_slice(&output.stdout).expect("one JSON document on standard output")
}

/// The failure of a call with `--json`.
pub(crate) fn stderr_json(output: &Output) -> Value {
    let text = String::from_utf8_lossy(&output.stderr);
    let line = text
        .lines()
        .find(|line| line.starts_with("{\"error\""))
        .unwrap_or_else(|| panic!("no error: {text}"));
    let value: Value = serde_json::from_str(line).expect("JSON");
    assert!(output.stdout.is_empty(), "a failure leaves standard output empty");
    value["error"].clone()
}
