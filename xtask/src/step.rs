//! Running commands, each with its time.

use std::ffi::OsStr;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

use crate::root;

/// A command in the repository's root.
pub(crate) fn command(program: impl AsRef<OsStr>, arguments: &[&str]) -> Command {
    let mut command = Command::new(program);
    command.args(arguments).current_dir(root());
    command
}

/// The cargo that started this run.
pub(crate) fn cargo(arguments: &[&str]) -> Command {
    command(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()), arguments)
}

/// npm in the interface's folder.
pub(crate) fn npm(arguments: &[&str]) -> Command {
    let mut command = command("npm", arguments);
    command.current_dir(root().join("ui"));
    command
}

/// Runs a command and fails with its name when it fails.
pub(crate) fn run(command: &mut Command) -> Result<()> {
    let status = command.status().with_context(|| format!("{} could not be started", name(command)))?;
    if !status.success() {
        bail!("{} failed ({status})", name(command));
    }
    Ok(())
}

/// Runs a command silently; its output as text.
pub(crate) fn output(command: &mut Command) -> Result<String> {
    let output = command
        .stderr(Stdio::inherit())
        .output()
        .with_context(|| format!("{} could not be started", name(command)))?;
    if !output.status.success() {
        bail!("{} failed ({})", name(command), output.status);
    }
    Ok(String::from_utf8(output.stdout)?)
}

/// Whether a command runs and succeeds; its output is thrown away.
pub(crate) fn succeeds(command: &mut Command) -> bool {
    let quiet = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    quiet.status().is_ok_and(|status| status.success())
}

fn name(command: &Command) -> String {
    let program = command.get_program().to_string_lossy().into_owned();
    let short = program.rsplit('/').next().unwrap_or(&program).to_owned();
    command.get_args().fold(short, |text, argument| format!("{text} {}", argument.to_string_lossy()))
}

/// A sequence of named steps that prints how long each took.
#[derive(Debug, Default)]
pub(crate) struct Steps {
    done: Vec<(String, Duration)>,
}

impl Steps {
    /// Runs one step.
    pub(crate) fn step(&mut self, title: &str, action: impl FnOnce() -> Result<()>) -> Result<()> {
        println!("\n== {title}");
        let start = Instant::now();
        let outcome = action();
        let elapsed = start.elapsed();
        println!("== {title}: {:.1} s", elapsed.as_secs_f64());
        self.done.push((title.to_owned(), elapsed));
        outcome.with_context(|| format!("Step \"{title}\" failed"))
    }

    /// Prints all steps with their times.
    pub(crate) fn summary(&self) {
        println!();
        for (title, elapsed) in &self.done {
            println!("{:>8.1} s  {title}", elapsed.as_secs_f64());
        }
        let total: Duration = self.done.iter().map(|(_, elapsed)| *elapsed).sum();
        println!("{:>8.1} s  in all", total.as_secs_f64());
    }
}
