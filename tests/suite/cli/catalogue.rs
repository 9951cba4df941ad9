//! docs/ERRORS.md is written from the catalogue of errors. `STEWARD_BLESS=1` writes it anew.

use std::fmt::Write as _;
use std::path::Path;

use serde_json::Value;
use steward_core::{ErrorKind, RetryPolicy};

/// What a kind means, from its own documentation, so that it is said once.
fn meaning(kind: ErrorKind) -> String {
    let source = include_str!("../../../crates/steward-core/src/error.rs");
    let body =
        source.split_once("pub enum ErrorKind {").expect("the enum").1.split_once("\n}").expect("its end").0;
    let variant = format!("    {kind:?},");
    let lines: Vec<&str> = body.lines().collect();
    let at = lines.iter().position(|line| *line == variant).expect("the kind is a variant");
    let docs = lines[..at].iter().rev().take_while(|line| line.trim_start().starts_with("///"));
    let mut docs: Vec<&str> = docs.map(|line| line.trim_start().trim_start_matches("///").trim()).collect();
    docs.reverse();
    docs.join(" ")
}

fn catalogue() -> String {
    let mut text = String::from(
        "# Errors\n\nEvery failure has a code. The window, the command line and scripts act on the code and never \
         on text.\nWritten from `crates/steward-core/src/error.rs` by `STEWARD_BLESS=1 cargo nextest run -p \
         steward-tests -E 'test(catalogue)'`.\n\n\
         | code | what happened | what to do | tried again | exit code |\n|---|---|---|---|---|\n",
    );
    for kind in ErrorKind::ALL {
        let code = serde_json::to_value(kind.code()).expect("a code is text");
        let retry = match kind.retry() {
            RetryPolicy::Backoff => "by itself",
            RetryPolicy::Person => "after somebody changed something",
            RetryPolicy::Never => "no",
        };
        let _ = writeln!(
            text,
            "| `{}` | {} | {} | {retry} | {} |",
            code.as_str().expect("text"),
            meaning(kind),
            kind.hint(),
            steward_cli::code_of(kind.code())
        );
    }
    let _ = write!(text, "\n## Exit codes\n\n```\n{}\n```\n", steward_cli::EXIT_CODES);
    text
}

#[test]
fn the_documented_catalogue_is_the_one_in_the_code() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/ERRORS.md");
    let text = catalogue();
    if std::env::var_os("STEWARD_BLESS").is_some() {
        std::fs::write(&path, &text).expect("written");
    }
    let kept = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(kept == text, "docs/ERRORS.md is out of date: run with STEWARD_BLESS=1");
}

#[test]
fn every_kind_has_a_code_of_its_own_and_a_next_step() {
    let mut codes: Vec<Value> =
        ErrorKind::ALL.iter().map(|kind| serde_json::to_value(kind.code()).expect("text")).collect();
    for kind in ErrorKind::ALL {
        assert!(kind.hint().ends_with('.'), "{kind:?} names the next step in a sentence");
        assert!(!meaning(kind).is_empty(), "{kind:?}");
    }
    codes.sort_by_key(ToString::to_string);
    codes.dedup();
    assert_eq!(codes.len(), ErrorKind::ALL.len(), "no two kinds share a code");
}
