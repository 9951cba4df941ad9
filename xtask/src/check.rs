//! The quick checks: what needs no database and no window.

use std::path::Path;

use anyhow::{Result, bail};

use crate::setup::typos_binary;
use crate::step::{Steps, cargo, command, npm, output, run};
use crate::{root, setup, tools, walls};

/// Lines past which a source file is refused, tests and generated files apart.
const MAX_LINES: usize = 700;

/// What `cargo x check` and `cargo x test` have in common.
pub(crate) fn run_all(steps: &mut Steps) -> Result<()> {
    steps.step("format", || run(&mut cargo(&["fmt", "--all", "--check"])))?;
    steps.step("spelling", || run(&mut command(typos_binary(), &["--format=brief"])))?;
    steps.step("lints", || {
        run(&mut cargo(&["clippy", "--workspace", "--all-targets", "--locked", "--", "-D", "warnings"]))
    })?;
    steps.step("documentation", || {
        run(cargo(&["doc", "--workspace", "--no-deps", "--document-private-items", "--locked", "--quiet"])
            .env("RUSTDOCFLAGS", "-D warnings"))
    })?;
    steps.step("walls", walls::check)?;
    steps.step("file sizes", file_sizes)
}

/// `cargo x check`, with the interface's own.
pub(crate) fn run_quick() -> Result<()> {
    setup::run_for("test")?;
    let mut steps = Steps::default();
    run_all(&mut steps)?;
    steps.step("generated files", || {
        let committed = tools::Generated::now()?;
        tools::generate_types()?;
        committed.is_committed()
    })?;
    steps.step("interface: lint, types, unit tests", run_npm_check)?;
    steps.summary();
    Ok(())
}

fn run_npm_check() -> Result<()> {
    for script in ["lint", "types", "test"] {
        run(&mut npm(&["run", "--silent", script]))?;
    }
    Ok(())
}

fn file_sizes() -> Result<()> {
    let listed = output(&mut command("git", &["ls-files", "*.rs", "*.ts", "*.tsx", "*.css", "*.sql"]))?;
    let is_counted = |path: &&str| {
        let parts = ["tests/", "/generated/", "/e2e/", ".test.ts", "tokens.css"];
        !parts.iter().any(|part| path.contains(part))
    };
    let mut long = Vec::new();
    for path in listed.lines().filter(is_counted) {
        let file: &Path = &root().join(path);
        let Ok(text) = std::fs::read_to_string(file) else { continue };
        let lines = text.lines().count();
        if lines > MAX_LINES {
            long.push(format!("{path}: {lines} lines"));
        }
    }
    if long.is_empty() {
        return Ok(());
    }
    bail!("Files over {MAX_LINES} lines are to be divided:\n  {}", long.join("\n  "));
}
