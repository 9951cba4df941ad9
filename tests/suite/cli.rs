//! The command line as a process: arguments in, data on standard output, failures on standard error.

mod bad_input;
mod catalogue;
mod company;
mod coverage;
mod exports;
mod limits;
pub(crate) mod machine;
mod many;
mod operators;
mod overview;
mod reports;
mod text;
mod usage;

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::Value;
use steward_tests::window::target_folder;

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

/// What a terminal of 110 columns shows of a call, as a picture: in the folder that `STEWARD_PICTURES` names, else
/// under `target/desktop/`. What the call says about failures is part of it.
fn picture(home: &Path, name: &str, arguments: &[&str]) {
    let folder = match std::env::var_os("STEWARD_PICTURES") {
        Some(folder) => PathBuf::from(folder),
        None => target_folder().expect("a build folder").join("desktop"),
    };
    std::fs::create_dir_all(&folder).expect("a folder");
    let quoted = |word: &&str| if word.contains(' ') { format!("'{word}'") } else { (*word).to_owned() };
    let typed = arguments.iter().map(quoted).collect::<Vec<_>>().join(" ");
    // A terminal of its own: the program arranges its tables by how wide that is.
    let mut command = Command::new("script");
    let line = format!("stty cols 110; exec '{}' {typed}", env!("CARGO_BIN_EXE_steward-under-test"));
    command.args(["--quiet", "--echo", "never", "--command", &line, "/dev/null"]);
    command.env("STEWARD_HOME", home).env("STEWARD_TZ", "UTC").env("TERM", "xterm-256color");
    command.env("STEWARD_PASSPHRASE_FILE", home.join("passphrase")).env_remove("NO_COLOR");
    command.env_remove("COLORTERM").stdin(std::process::Stdio::null());
    let output = command.output().expect("script (Debian package bsdutils) runs");
    let shown = String::from_utf8_lossy(&output.stdout).replace('\r', "");
    assert!(shown.lines().count() > 1, "{name}: {shown}");
    let picture = anstyle_svg::Term::new()
        .fg_color(anstyle::RgbColor(0xd9, 0xdd, 0xe3).into())
        .bg_color(anstyle::RgbColor(0x16, 0x18, 0x1d).into())
        .render_svg(format!("\u{1b}[1m$ steward {typed}\u{1b}[0m\n{shown}").trim_end());
    std::fs::write(folder.join(format!("{name}.svg")), picture).expect("written");
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
