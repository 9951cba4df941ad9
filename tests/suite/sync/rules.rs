//! The specification, the code and the tests name the same rules, faults and mutants.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

const SPEC: &str = "docs/SYNC-SPEC.md";
const INDEX: (&str, &str) = ("<!-- index -->\n", "<!-- /index -->");

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("tests lie in the workspace").to_owned()
}

/// Every Rust source below a folder, by its path in the repository.
fn sources(folder: &str) -> BTreeMap<String, String> {
    let mut found = BTreeMap::new();
    let mut open = vec![root().join(folder)];
    while let Some(folder) = open.pop() {
        for entry in std::fs::read_dir(folder).expect("a folder").map(|entry| entry.expect("an entry").path())
        {
            if entry.is_dir() {
                open.push(entry);
            } else if entry.extension().is_some_and(|end| end == "rs") {
                let name = entry.strip_prefix(root()).expect("below the root").display().to_string();
                found.insert(name, std::fs::read_to_string(&entry).expect("a source"));
            }
        }
    }
    found
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

/// The tests of one letter, by their number.
fn tests(texts: &BTreeMap<String, String>, letter: char) -> BTreeMap<u32, BTreeSet<String>> {
    let mark = format!("fn {letter}");
    let mut found: BTreeMap<u32, BTreeSet<String>> = BTreeMap::new();
    for text in texts.values() {
        for (at, _) in text.match_indices(&mark) {
            let name: String =
                text[at + 3..].chars().take_while(|next| next.is_alphanumeric() || *next == '_').collect();
            let digits: String = name[1..].chars().take_while(char::is_ascii_digit).collect();
            if let Ok(number) = digits.parse()
                && name[1 + digits.len()..].starts_with('_')
            {
                found.entry(number).or_default().insert(name);
            }
        }
    }
    found
}

fn joined<T: std::fmt::Display>(items: impl IntoIterator<Item = T>) -> String {
    items.into_iter().map(|item| format!("`{item}`")).collect::<Vec<_>>().join(" ")
}

#[test]
fn every_rule_has_code_and_a_test_and_the_index_names_them() {
    let spec = std::fs::read_to_string(root().join(SPEC)).expect("the specification");
    let code = sources("crates");
    let mut suite = sources("tests");
    suite.extend(code.clone());
    let mut index = String::from("| | Code | Tests |\n| --- | --- | --- |\n");
    for letter in ['S', 'F', 'M'] {
        let named = numbers(&spec, &format!("**{letter}"), |next| next == '*');
        let tested = tests(&suite, letter.to_ascii_lowercase());
        assert!(named.len() >= 5, "{letter}: they are found: {named:?}");
        let untested: Vec<_> = named.iter().filter(|number| !tested.contains_key(number)).collect();
        assert_eq!(untested, Vec::<&u32>::new(), "{letter}: without a test");
        let unknown: Vec<_> = tested.keys().filter(|number| !named.contains(number)).collect();
        assert_eq!(unknown, Vec::<&u32>::new(), "{letter}: tests of what the specification does not name");
        for number in named {
            let places = code.iter().filter(|(_, text)| {
                let cited = numbers(text, &letter.to_string(), |next| !next.is_alphanumeric() && next != '_');
                letter == 'S' && cited.contains(&number)
            });
            let places: Vec<_> = places.map(|(name, _)| name).collect();
            assert!(letter != 'S' || !places.is_empty(), "S{number}: no code cites it");
            let line =
                format!("| **{letter}{number}** | {} | {} |", joined(places), joined(&tested[&number]));
            writeln!(index, "{line}").expect("a string takes it");
        }
    }
    let invariants =
        std::fs::read_to_string(root().join("tests/suite/sync/invariants.rs")).expect("a source");
    let held = numbers(&invariants, "I", |next| !next.is_alphanumeric() && next != '_');
    assert_eq!(numbers(&spec, "**I", |next| next == '*'), held, "invariants and their functions");

    let (head, rest) = spec.split_once(INDEX.0).expect("the index begins");
    let (old, tail) = rest.split_once(INDEX.1).expect("the index ends");
    if std::env::var_os("STEWARD_BLESS").is_some() {
        let whole = format!("{head}{}{index}{}{tail}", INDEX.0, INDEX.1);
        std::fs::write(root().join(SPEC), whole).expect("written");
        return;
    }
    assert_eq!(old, index, "the index is out of date: STEWARD_BLESS=1 writes it");
}

#[test]
fn every_cited_rule_exists() {
    let spec = std::fs::read_to_string(root().join(SPEC)).expect("the specification");
    let rules = numbers(&spec, "**S", |next| next == '*');
    for folder in [
        "crates/steward-core/src/sync",
        "crates/steward-store/src/postgres",
        "crates/steward-app/src",
        "tests/suite/sync",
    ] {
        for (name, text) in sources(folder) {
            let cited = numbers(&text, "S", |next| !next.is_alphanumeric() && next != '_');
            let unknown: Vec<_> = cited.difference(&rules).collect();
            assert_eq!(unknown, Vec::<&u32>::new(), "{name} cites rules that do not exist");
        }
    }
}
