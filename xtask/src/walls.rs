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
    (
        "steward-tests",
        &["steward-app", "steward-cli", "steward-core", "steward-store", "steward-connect", "steward-report"],
    ),
    ("xtask", &[]),
];

/// Foreign crates that belong behind one wall.
const BEHIND: &[(&str, &[&str])] = &[
    // Tests plant in the file what only a defect could leave there.
    ("rusqlite", &["steward-store", "steward-tests"]),
    ("sqlx", &["steward-store", "steward-connect", "steward-tests"]),
    ("reqwest", &["steward-connect"]),
    ("async-stripe", &["steward-connect"]),
    ("lettre", &["steward-connect"]),
    ("mongodb", &["steward-connect"]),
    ("rustls", &["steward-connect"]),
    ("tokio-rustls", &["steward-connect"]),
    ("plotters", &["steward-report"]),
    ("typst", &["steward-report"]),
    ("typst-layout", &["steward-report"]),
    ("typst-pdf", &["steward-report"]),
    ("rust_xlsxwriter", &["steward-report"]),
    ("keyring", &["steward-app"]),
    ("tauri", &["steward-desktop"]),
    ("clap", &["steward-cli", "steward-tests"]),
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

/// What is really built, by name: a resolved graph also lists what no feature turns on.
struct Built {
    workspace: BTreeSet<String>,
    core: BTreeSet<String>,
}

/// Checks every wall; the error names each breach.
pub(crate) fn check() -> Result<()> {
    let arguments = ["metadata", "--format-version=1", "--locked"];
    let metadata: Metadata = serde_json::from_str(&output(&mut cargo(&arguments))?)?;
    let built =
        Built { workspace: tree(&["--workspace", "--target=all"])?, core: tree(&["-p=steward-core"])? };
    let breaches = breaches(&metadata, &built);
    if breaches.is_empty() {
        return Ok(());
    }
    bail!("{} walls are broken:\n  {}", breaches.len(), breaches.join("\n  "));
}

fn tree(scope: &[&str]) -> Result<BTreeSet<String>> {
    let mut command = cargo(&["tree", "--locked", "--prefix=none", "--format={p}", "--edges=normal,build"]);
    let listed = output(command.args(scope))?;
    Ok(listed.lines().filter_map(|line| line.split_whitespace().next()).map(str::to_owned).collect())
}

fn breaches(metadata: &Metadata, built: &Built) -> Vec<String> {
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
    for (banned, why) in BANNED {
        if built.workspace.contains(*banned) {
            found.push(format!("{banned} is in the tree: {why}"));
        }
    }
    for foreign in NOT_IN_CORE {
        if built.core.contains(*foreign) {
            found.push(format!("steward-core reaches {foreign}"));
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
        let workspace_members = packages
            .iter()
            .filter(|package| package.name.starts_with("steward") || package.name == "xtask")
            .map(|package| package.id.clone())
            .collect();
        Metadata { packages, workspace_members }
    }

    fn built(workspace: &[&str], core: &[&str]) -> Built {
        let names = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
        Built { workspace: names(workspace), core: names(core) }
    }

    #[test]
    fn a_sound_workspace_has_no_breach() {
        let sound = metadata(vec![package("steward-core", &[]), package("steward-store", &["steward-core"])]);
        assert_eq!(breaches(&sound, &built(&["rustls"], &["serde"])), Vec::<String>::new());
    }

    #[test]
    fn each_wall_is_held() {
        let broken = metadata(vec![
            package("steward-core", &[]),
            package("steward-store", &["steward-app", "tauri"]),
            package("steward-app", &["rusqlite"]),
            package("steward-new", &[]),
            package("tauri", &[]),
            package("rusqlite", &[]),
        ]);
        let found = breaches(&broken, &built(&["ring"], &["tokio"])).join("\n");
        for sentence in [
            "steward-store may not use steward-app",
            "tauri belongs to steward-desktop, not to steward-store",
            "rusqlite belongs to steward-store, steward-tests, not to steward-app",
            "steward-new is not in the table of walls",
            "ring is in the tree",
            "steward-core reaches tokio",
        ] {
            assert!(found.contains(sentence), "{sentence:?} is missing in:\n{found}");
        }
    }
}
