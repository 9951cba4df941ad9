//! The walls between crates, read from `cargo metadata`: who may depend on whom, and on what.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Result, bail};
use serde::Deserialize;

use crate::step::{cargo, output};

/// Which workspace crates a crate may use. A crate that is missing here is an error too.
const ARROWS: &[(&str, &[&str])] = &[
    ("steward-core", &[]),
    ("steward-store", &["steward-core"]),
    ("steward-connect", &["steward-core"]),
    ("steward-report", &["steward-core"]),
    ("steward-app", &["steward-core", "steward-store", "steward-connect", "steward-report"]),
    ("steward-cli", &["steward-app", "steward-core"]),
    ("steward-desktop", &["steward-app", "steward-core"]),
    ("steward-tests", &["steward-app", "steward-core", "steward-store", "steward-connect", "steward-report"]),
    ("xtask", &[]),
];

/// Foreign crates that belong behind one wall.
const BEHIND: &[(&str, &[&str])] = &[
    ("rusqlite", &["steward-store"]),
    ("sqlx", &["steward-store", "steward-connect", "steward-tests"]),
    ("reqwest", &["steward-connect"]),
    ("async-stripe", &["steward-connect"]),
    ("lettre", &["steward-connect"]),
    ("mongodb", &["steward-connect"]),
    ("rustls", &["steward-connect"]),
    ("tokio-rustls", &["steward-connect"]),
    ("plotters", &["steward-report"]),
    ("typst", &["steward-report"]),
    ("rust_xlsxwriter", &["steward-report"]),
    ("keyring", &["steward-app"]),
    ("tauri", &["steward-desktop"]),
    ("clap", &["steward-cli"]),
];

/// Crates that may not be in the tree at all, and why.
const BANNED: &[(&str, &str)] = &[
    ("ring", "a second TLS provider makes rustls panic at run time"),
    ("native-tls", "a second TLS implementation"),
    ("openssl", "only SQLCipher uses libcrypto, through openssl-sys"),
    ("sqlx-sqlite", "a second SQLite"),
    ("linux-keyutils", "its store is wiped at reboot: credentials would be lost"),
];

/// Crates that core may not use: it has no I/O and no runtime.
const NOT_IN_CORE: &[&str] = &["tokio", "futures", "sqlx", "rusqlite", "reqwest", "tracing-subscriber"];

#[derive(Deserialize)]
struct Metadata {
    packages: Vec<Package>,
    workspace_members: Vec<String>,
    resolve: Resolve,
}

#[derive(Deserialize)]
struct Resolve {
    nodes: Vec<Node>,
}

#[derive(Deserialize)]
struct Node {
    id: String,
    dependencies: Vec<String>,
}

#[derive(Deserialize)]
struct Package {
    id: String,
    name: String,
    license: Option<String>,
    license_file: Option<String>,
    dependencies: Vec<Dependency>,
}

#[derive(Deserialize)]
struct Dependency {
    name: String,
}

/// Checks every wall; the error names each breach.
pub(crate) fn check() -> Result<()> {
    // Only what a Linux build really contains: other platforms' optional parts stay out of the picture.
    let arguments =
        ["metadata", "--format-version=1", "--locked", "--filter-platform=x86_64-unknown-linux-gnu"];
    let metadata: Metadata = serde_json::from_str(&output(&mut cargo(&arguments))?)?;
    let breaches = breaches(&metadata);
    if breaches.is_empty() {
        return Ok(());
    }
    bail!("{} walls are broken:\n  {}", breaches.len(), breaches.join("\n  "));
}

fn breaches(metadata: &Metadata) -> Vec<String> {
    let members: BTreeMap<&str, &Package> = metadata
        .packages
        .iter()
        .filter(|package| metadata.workspace_members.contains(&package.id))
        .map(|package| (package.name.as_str(), package))
        .collect();
    let mut found = Vec::new();
    for (name, package) in &members {
        let Some((_, allowed)) = ARROWS.iter().find(|(member, _)| member == name) else {
            found.push(format!("{name} is not in the table of walls (xtask/src/walls.rs)"));
            continue;
        };
        let direct: BTreeSet<&str> =
            package.dependencies.iter().map(|dependency| dependency.name.as_str()).collect();
        for dependency in &direct {
            if members.contains_key(dependency) && !allowed.contains(dependency) {
                found.push(format!("{name} may not use {dependency}"));
            }
            if let Some((_, owners)) = BEHIND.iter().find(|(foreign, _)| foreign == dependency)
                && !owners.contains(name)
            {
                found.push(format!("{dependency} belongs to {}, not to {name}", owners.join(", ")));
            }
        }
    }
    let names: BTreeMap<&str, &str> =
        metadata.packages.iter().map(|package| (package.id.as_str(), package.name.as_str())).collect();
    let edges: BTreeMap<&str, &[String]> =
        metadata.resolve.nodes.iter().map(|node| (node.id.as_str(), node.dependencies.as_slice())).collect();
    for used in reachable(metadata.workspace_members.iter().map(String::as_str), &edges) {
        let name = names[used];
        if let Some((_, why)) = BANNED.iter().find(|(banned, _)| *banned == name) {
            found.push(format!("{name} is in the tree: {why}"));
        }
    }
    if let Some(core) = members.get("steward-core") {
        for used in reachable(std::iter::once(core.id.as_str()), &edges) {
            if NOT_IN_CORE.contains(&names[used]) {
                found.push(format!("steward-core reaches {}", names[used]));
            }
        }
    }
    for package in &metadata.packages {
        if package.license.is_none() && package.license_file.is_none() {
            found.push(format!("{} has no licence", package.name));
        }
        if let Some(license) = &package.license
            && ["AGPL", "SSPL", "BUSL"].iter().any(|refused| license.contains(refused))
        {
            found.push(format!("{} is under {license}", package.name));
        }
    }
    found.sort();
    found
}

fn reachable<'a>(
    roots: impl Iterator<Item = &'a str>,
    edges: &BTreeMap<&'a str, &'a [String]>,
) -> BTreeSet<&'a str> {
    let mut seen = BTreeSet::new();
    let mut open: Vec<&str> = roots.collect();
    while let Some(next) = open.pop() {
        if seen.insert(next) {
            open.extend(edges.get(next).into_iter().flat_map(|targets| targets.iter()).map(String::as_str));
        }
    }
    seen
}

#[cfg(test)]
mod tests {
    use super::*;

    fn package(name: &str, dependencies: &[&str]) -> Package {
        Package {
            id: name.to_owned(),
            name: name.to_owned(),
            license: Some("MIT".to_owned()),
            license_file: None,
            dependencies: dependencies.iter().map(|name| Dependency { name: (*name).to_owned() }).collect(),
        }
    }

    fn metadata(packages: Vec<Package>) -> Metadata {
        let nodes = packages
            .iter()
            .map(|package| Node {
                id: package.id.clone(),
                dependencies: package.dependencies.iter().map(|dependency| dependency.name.clone()).collect(),
            })
            .collect();
        let workspace_members = packages
            .iter()
            .filter(|package| package.name.starts_with("steward") || package.name == "xtask")
            .map(|package| package.id.clone())
            .collect();
        Metadata { packages, workspace_members, resolve: Resolve { nodes } }
    }

    #[test]
    fn a_sound_workspace_has_no_breach() {
        let sound = metadata(vec![package("steward-core", &[]), package("steward-store", &["steward-core"])]);
        assert_eq!(breaches(&sound), Vec::<String>::new());
    }

    #[test]
    fn each_wall_is_held() {
        let broken = metadata(vec![
            package("steward-core", &["tokio"]),
            package("steward-store", &["steward-app", "tauri"]),
            package("steward-app", &["rusqlite"]),
            package("steward-new", &[]),
            package("tokio", &["ring"]),
            package("ring", &[]),
            package("tauri", &[]),
            package("rusqlite", &[]),
        ]);
        let found = breaches(&broken).join("\n");
        for sentence in [
            "steward-store may not use steward-app",
            "tauri belongs to steward-desktop, not to steward-store",
            "rusqlite belongs to steward-store, not to steward-app",
            "steward-new is not in the table of walls",
            "ring is in the tree",
            "steward-core reaches tokio",
        ] {
            assert!(found.contains(sentence), "{sentence:?} is missing in:\n{found}");
        }
    }
}
