//! `cargo x test`: everything CI runs, in order, each step with its time.

use anyhow::{Result, bail};

use crate::step::{Steps, cargo, npm, run};
use crate::{check, root, setup, tools};

/// Tests that need the desktop program, which is built after the interface.
const WINDOW_TESTS: &str = "test(/^desktop::/)";

/// `cargo x test [--allow-skip]`.
pub(crate) fn run_all(arguments: &[String]) -> Result<()> {
    let may_skip = match arguments {
        [] => false,
        [flag] if flag == "--allow-skip" => true,
        _ => bail!("cargo x test takes only --allow-skip"),
    };
    let mut steps = Steps::default();
    steps.step("what this machine needs", || setup::run_for("test"))?;
    check::run_all(&mut steps)?;
    steps.step("tests", || run(&mut nextest(&format!("not ({WINDOW_TESTS})"))))?;
    steps.step("documentation examples", || {
        run(&mut cargo(&["test", "--workspace", "--doc", "--locked", "--quiet"]))
    })?;
    steps.step("interface: lint and types", || {
        run(&mut npm(&["run", "--silent", "lint"]))?;
        run(&mut npm(&["run", "--silent", "types"]))
    })?;
    steps.step("interface: unit tests", || run(&mut npm(&["run", "--silent", "test"])))?;
    steps.step("interface: build", || run(&mut npm(&["run", "--silent", "build"])))?;
    if cfg!(target_os = "linux") {
        steps.step("browser journeys", || {
            tools::build_binary("steward-tests", "devserver", &[])?;
            run(npm(&["run", "--silent", "e2e"])
                .env("STEWARD_DEVSERVER_BIN", tools::debug_binary("devserver")))
        })?;
        steps.step("desktop program", || {
            // The window's numbers are compared with the command line's.
            tools::build_binary("steward-cli", "steward", &[])?;
            build_desktop()
        })?;
        steps.step("window journeys", || run(&mut nextest(WINDOW_TESTS)))?;
    } else if may_skip {
        println!(
            "\nskipped: browser and window journeys; they run on Linux, with Chromium and WebKitWebDriver"
        );
    } else {
        bail!(
            "The browser and window journeys run on Linux only. To go without them: cargo x test --allow-skip"
        );
    }
    steps.summary();
    Ok(())
}

/// The desktop program with the interface inside, as the window tests and the demo use it.
pub(crate) fn build_desktop() -> Result<()> {
    run(&mut cargo(&["build", "--locked", "-p", "steward-desktop", "--features", "custom-protocol"]))
}

/// `cargo x pictures`: docs/screenshots, taken of the real window by its own journey.
pub(crate) fn take_pictures() -> Result<()> {
    setup::run_for("test")?;
    run(&mut npm(&["run", "--silent", "build"]))?;
    tools::build_binary("steward-cli", "steward", &[])?;
    build_desktop()?;
    let folder = root().join("docs/screenshots");
    run(nextest("test(/^desktop::pictures::/)").env("STEWARD_PICTURES", &folder))?;
    println!("The pictures lie in {}.", folder.display());
    Ok(())
}

fn nextest(filter: &str) -> std::process::Command {
    let arguments = ["nextest", "run", "--workspace", "--locked", "--no-fail-fast", "-E", filter];
    let mut command = cargo(&arguments);
    // Snapshots are never written by a test run.
    command.env("INSTA_UPDATE", "no").env("STEWARD_DESKTOP_BIN", tools::debug_binary("steward-desktop"));
    command
}

/// `cargo x soak [minutes]`: property and kill tests for longer.
pub(crate) fn soak(arguments: &[String]) -> Result<()> {
    let minutes: u32 = match arguments {
        [] => 20,
        [text] => text.parse().map_err(|_| anyhow::anyhow!("cargo x soak takes minutes, not {text}"))?,
        _ => bail!("cargo x soak takes minutes"),
    };
    setup::run_for("test")?;
    let kills = (minutes * 300).to_string();
    let cases = (minutes * 2_000).to_string();
    run(nextest("test(/^sync::|^cache::|property/)")
        .current_dir(root())
        .env("STEWARD_KILLS", kills)
        .env("PROPTEST_CASES", cases))
}
