//! The specification and the code name the same rules.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("tests lie in the workspace").to_owned()
}

fn sources(folder: &Path, found: &mut Vec<String>) {
    for entry in std::fs::read_dir(folder).expect("a folder").map(|entry| entry.expect("an entry").path()) {
        if entry.is_dir() {
            sources(&entry, found);
        } else if entry.extension().is_some_and(|end| end == "rs") {
            found.push(std::fs::read_to_string(&entry).expect("a source"));
        }
    }
}

/// The numbers that follow a mark, where a word begins with it.
fn numbers(text: &str, mark: &str, next: fn(char) -> bool) -> BTreeSet<u32> {
    text.match_indices(mark)
        .filter(|(at, _)| !text[..*at].ends_with(|before: char| before.is_alphanumeric() || before == '_'))
        .filter_map(|(at, _)| {
            let rest = &text[at + mark.len()..];
            let digits: String = rest.chars().take_while(char::is_ascii_digit).collect();
            let is_end = rest[digits.len()..].chars().next().is_none_or(next);
            if is_end { digits.parse().ok() } else { None }
        })
        .collect()
}

#[test]
fn every_rule_has_a_test_and_every_cited_rule_exists() {
    let spec = std::fs::read_to_string(root().join("docs/SYNC-SPEC.md")).expect("the specification");
    let rules = numbers(&spec, "**S", |next| next == '*');
    assert!(rules.len() >= 10, "the rules are found: {rules:?}");
    let mut texts = Vec::new();
    for folder in [
        "crates/steward-core/src/sync",
        "crates/steward-store/src/postgres",
        "crates/steward-app/src/sync_driver",
        "tests/suite/sync",
    ] {
        sources(&root().join(folder), &mut texts);
    }
    for file in ["crates/steward-core/src/sync.rs", "crates/steward-app/src/sync_driver.rs"] {
        texts.push(std::fs::read_to_string(root().join(file)).expect("a module beside its folder"));
    }
    let all = texts.join("\n");
    let tested = numbers(&all, "fn s", |next| next == '_');
    let cited = numbers(&all, "S", |next| !next.is_alphanumeric() && next != '_');
    assert_eq!(rules.difference(&tested).collect::<Vec<_>>(), Vec::<&u32>::new(), "rules without a test");
    assert_eq!(
        cited.difference(&rules).collect::<Vec<_>>(),
        Vec::<&u32>::new(),
        "cited rules that do not exist"
    );
    assert_eq!(rules.difference(&cited).collect::<Vec<_>>(), Vec::<&u32>::new(), "rules no code cites");
}
