//! Generated files, the development database, benchmarks and packages.

use std::path::PathBuf;

use anyhow::{Result, bail};

use crate::step::{cargo, command, npm, output, run};
use crate::{root, setup};

/// What is made by a program and committed all the same.
const GENERATED: &[&str] = &[
    "ui/src/api/generated",
    "ui/src/tokens.css",
    "crates/steward-cli/src/render/tokens.rs",
    "docs/SECURITY.md",
    "docs/ERRORS.md",
];

/// Where a debug build puts a program.
pub(crate) fn debug_binary(name: &str) -> PathBuf {
    let target = std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root().join("target"), PathBuf::from);
    target.join("debug").join(format!("{name}{}", std::env::consts::EXE_SUFFIX))
}

/// Builds one program.
pub(crate) fn build_binary(package: &str, name: &str, more: &[&str]) -> Result<()> {
    run(cargo(&["build", "--locked", "-p", package, "--bin", name]).args(more))
}

/// `cargo x gen`: TypeScript types, design tokens, generated documents.
pub(crate) fn generate() -> Result<()> {
    generate_types()?;
    if root().join("ui/node_modules").exists() {
        run(&mut npm(&["run", "--silent", "tokens"]))?;
    }
    let mut bless =
        cargo(&["nextest", "run", "--locked", "-p", "steward-tests", "-E", "test(/generated_document/)"]);
    run(bless.args(["--no-tests=pass"]).env("STEWARD_BLESS", "1"))
}

/// The committed state of everything that is made by a program, to be compared with what making it leaves.
pub(crate) struct Generated(Vec<String>);

impl Generated {
    /// As it is now.
    pub(crate) fn now() -> Result<Self> {
        let state = |folder: &&str| {
            let listed = output(&mut command("git", &["status", "--porcelain", "--", folder]))?;
            let diff = output(&mut command("git", &["diff", "--", folder]))?;
            anyhow::Ok(listed + &diff)
        };
        Ok(Self(GENERATED.iter().map(state).collect::<Result<_>>()?))
    }

    /// Fails when it was changed since by the tests that make the types, or is by making the tokens.
    pub(crate) fn is_committed(&self) -> Result<()> {
        run(&mut npm(&["run", "--silent", "tokens"]))?;
        if self.0 != Self::now()?.0 {
            bail!("Generated files were not up to date; they are now. Commit them (cargo x gen makes them).");
        }
        Ok(())
    }
}

/// Makes the types of the interface, by the tests that ts-rs has for it.
pub(crate) fn generate_types() -> Result<()> {
    let packages = ["-p", "steward-core", "-p", "steward-app"];
    run(cargo(&["test", "--quiet", "--locked"]).args(packages).args(["--lib", "export_bindings"]))
}

/// `cargo x db start|stop|status|url`.
pub(crate) fn database(arguments: &[String]) -> Result<()> {
    build_binary("steward-tests", "steward-devdb", &["--quiet"])?;
    run(command(debug_binary("steward-devdb"), &[]).args(arguments))
}

/// `cargo x bench …`, with optimised code.
pub(crate) fn bench(arguments: &[String]) -> Result<()> {
    let build = ["build", "--locked", "--profile", "bench-fast", "--bin", "steward-bench"];
    let what = arguments.first().map_or("", String::as_str);
    if what == "peers" {
        setup::peers()?;
    }
    if what == "window" {
        // It starts the window, and fills its home by the command line.
        run(&mut npm(&["run", "--silent", "build"]))?;
        let window = ["--bin", "steward", "--bin", "steward-desktop"];
        let packages = ["-p", "steward-tests", "-p", "steward-cli", "-p", "steward-desktop"];
        run(cargo(&build)
            .args(window)
            .args(packages)
            .args(["--features", "steward-desktop/custom-protocol"]))?;
    } else {
        run(cargo(&build).args(["-p", "steward-tests"]))?;
    }
    let binary = debug_binary("steward-bench");
    let folder = binary.parent().and_then(|debug| debug.parent()).expect("the target folder has profiles");
    let binary = folder.join("bench-fast").join(binary.file_name().expect("a program has a name"));
    run(command(binary, &[]).args(arguments))
}

/// `cargo x dist`: the interface, the optimised programs and a Debian package.
pub(crate) fn dist() -> Result<()> {
    setup::run_for("demo")?;
    run(&mut npm(&["run", "--silent", "build"]))?;
    run(&mut cargo(&["build", "--release", "--locked", "-p", "steward-cli"]))?;
    run(&mut cargo(&[
        "build",
        "--release",
        "--locked",
        "-p",
        "steward-desktop",
        "--features",
        "custom-protocol",
    ]))?;
    manual_and_completions()?;
    let tauri = root().join("ui/node_modules/.bin/tauri");
    run(&mut command(tauri, &["bundle", "--bundles", "deb"]))?;
    println!("The package lies in target/release/bundle/deb.");
    Ok(())
}

/// What the package holds beside the programs: the command line's manual pages, packed as Debian wants
/// them, and its completions under the names the shells look for.
fn manual_and_completions() -> Result<()> {
    let steward = debug_binary("steward");
    let target = steward.parent().and_then(|debug| debug.parent()).expect("the target folder has profiles");
    let steward = target.join("release").join(steward.file_name().expect("a program has a name"));
    let (manual, completions) = (target.join("dist/man"), target.join("dist/completions"));
    for folder in [&manual, &completions] {
        // Pages of commands that are gone must not stay in the package.
        if folder.exists() {
            std::fs::remove_dir_all(folder)?;
        }
        std::fs::create_dir_all(folder)?;
    }
    run(command(&steward, &["manual"]).arg(&manual))?;
    let pages = std::fs::read_dir(&manual)?.map(|page| Ok(page?.path())).collect::<Result<Vec<_>>>()?;
    run(command("gzip", &["-9", "--no-name"]).args(pages))?;
    for (shell, name) in [("bash", "steward"), ("zsh", "_steward"), ("fish", "steward.fish")] {
        std::fs::write(completions.join(name), output(&mut command(&steward, &["completions", shell]))?)?;
    }
    Ok(())
}
