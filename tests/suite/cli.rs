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

/// Columns of the terminal in pictures.
const COLUMNS: usize = 110;

/// Lines go on in the next one where a terminal ends; escape codes take no room.
fn as_wide_as_a_terminal(text: &str) -> String {
    let mut wrapped = String::with_capacity(text.len());
    let (mut column, mut is_escape) = (0, false);
    for letter in text.chars() {
        if letter == '\n' {
            column = 0;
        } else if letter == '\u{1b}' || is_escape {
            is_escape = letter != 'm';
        } else {
            if column == COLUMNS {
                wrapped.push('\n');
                column = 0;
            }
            column += 1;
        }
        wrapped.push(letter);
    }
    wrapped
}

/// What a terminal shows of a call, as a picture: in the folder that `STEWARD_PICTURES` names, else under
/// `target/desktop/`. What the call says about failures is part of it.
fn picture(home: &Path, name: &str, arguments: &[&str]) {
    let folder = match std::env::var_os("STEWARD_PICTURES") {
        Some(folder) => PathBuf::from(folder),
        None => target_folder().expect("a build folder").join("desktop"),
    };
    std::fs::create_dir_all(&folder).expect("a folder");
    let mut command = process(home);
    command.env_remove("NO_COLOR").args(["--color", "always"]);
    command.env("STEWARD_PASSPHRASE_FILE", home.join("passphrase"));
    let output = command.args(arguments).output().expect("steward runs");
    let typed: Vec<String> = arguments
        .iter()
        .map(|word| if word.contains(' ') { format!("'{word}'") } else { (*word).to_owned() })
        .collect();
    let shown = format!(
        "\u{1b}[1m$ steward {}\u{1b}[0m\n{}{}",
        typed.join(" "),
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
    let picture = anstyle_svg::Term::new()
        .fg_color(anstyle::RgbColor(0xd9, 0xdd, 0xe3).into())
        .bg_color(anstyle::RgbColor(0x16, 0x18, 0x1d).into())
        .render_svg(&as_wide_as_a_terminal(shown.trim_end()));
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
