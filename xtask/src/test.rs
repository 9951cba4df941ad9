//! `cargo x test`: everything CI runs, in order, each step with its time.

use std::hash::{BuildHasher, RandomState};
use std::time::{Duration, Instant};

use anyhow::{Result, bail};

use crate::step::{Steps, cargo, npm, run};
use crate::{check, root, setup, tools};

/// Tests that need the desktop program, which is built after the interface.
const WINDOW_TESTS: &str = "test(/^desktop::/)";

/// `cargo x test [--allow-skip | --postgres-17]`.
pub(crate) fn run_all(arguments: &[String]) -> Result<()> {
    let may_skip = match arguments {
        [] => false,
        [flag] if flag == "--allow-skip" => true,
        [flag] if flag == "--postgres-17" => return run_on_pinned_postgres(),
        _ => bail!("cargo x test takes --allow-skip, or --postgres-17"),
    };
    let mut steps = Steps::default();
    steps.step("what this machine needs", || setup::run_for("test"))?;
    check::run_all(&mut steps)?;
    // The tests make the interface's types anew, among the rest: a build of their own would cost minutes.
    let committed = tools::Generated::now()?;
    steps.step("tests", || run(&mut nextest(&format!("not ({WINDOW_TESTS})"))))?;
    steps.step("generated files", || committed.is_committed())?;
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
        // Its server was built with the tests.
        steps.step("browser journeys", || {
            run(npm(&["run", "--silent", "e2e"])
                .env("STEWARD_DEVSERVER_BIN", tools::debug_binary("devserver")))
        })?;
        steps.step("desktop program", build_desktop_beside_tests)?;
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
    let examples = root().join("../shared/fixtures/stripe/fixtures3.json");
    if !examples.exists() {
        println!(
            "\nNOT CHECKED: Stripe's published examples (stripe::published): they are no part of the repository and are \
             not at {}.",
            examples.display()
        );
    }
    Ok(())
}

/// The tests that move a server's transaction ids with `pg_resetwal`, which the demo's PostgreSQL comes without.
const WRAPPING_TESTS: &str = "test(/^sync::mutant::(m5_ids|s3_ids)_/)";

/// The tests without a window against the PostgreSQL that the demo brings along, instead of the machine's own.
fn run_on_pinned_postgres() -> Result<()> {
    setup::run_for("test")?;
    let Some(bin) = setup::pinned_postgres() else {
        bail!("The pinned PostgreSQL has no build for this platform.");
    };
    println!("left out, for want of pg_resetwal: {WRAPPING_TESTS}");
    run(nextest(&format!("not ({WINDOW_TESTS} or {WRAPPING_TESTS})")).env("STEWARD_POSTGRES_BIN", bin))
}

/// The desktop program with the interface inside, as the window tests and the demo use it.
pub(crate) fn build_desktop() -> Result<()> {
    run(&mut cargo(&["build", "--locked", "-p", "steward-desktop", "--features", "custom-protocol"]))
}

/// The same, and the command line that its numbers are compared with, where the tests are built: what they ask of the
/// libraries is asked here, too, so only what the interface is in is compiled again.
fn build_desktop_beside_tests() -> Result<()> {
    let everything = ["build", "--locked", "--workspace", "--bins", "--tests"];
    run(cargo(&everything).args(["--features", "steward-desktop/custom-protocol"]))
}

/// `cargo x pictures`: docs/screenshots, taken of the real window by its own journey.
pub(crate) fn take_pictures() -> Result<()> {
    setup::run_for("test")?;
    run(&mut npm(&["run", "--silent", "build"]))?;
    tools::build_binary("steward-cli", "steward", &[])?;
    build_desktop()?;
    let folder = root().join("docs/screenshots");
    run(nextest("test(/^(desktop::(pictures|journeys|finance)|cli::limits)::/)")
        .env("STEWARD_PICTURES", &folder))?;
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

/// What a soak repeats: the model, the rounds under writers, the kills, each with a new seed every time.
const SOAK_TESTS: &str = "test(/^sync::(model::s3|stress::s3|kill::f01)/)";

/// `cargo x soak [minutes]`: the proofs of sync again and again, with new seeds, for that long. Each pass
/// prints its seed, cases, rounds and kills.
pub(crate) fn soak(arguments: &[String]) -> Result<()> {
    let minutes: u64 = match arguments {
        [] => 20,
        [text] => text.parse().map_err(|_| anyhow::anyhow!("cargo x soak takes minutes, not {text}"))?,
        _ => bail!("cargo x soak takes minutes"),
    };
    setup::run_for("test")?;
    let began = Instant::now();
    let limit = Duration::from_secs(60 * minutes);
    let mut passes = 0_u64;
    while passes == 0 || began.elapsed() < limit {
        passes += 1;
        let seed = RandomState::new().hash_one(passes) >> 16;
        println!(
            "soak: pass {passes}, STEWARD_SEED={seed}, {} of {minutes} min",
            began.elapsed().as_secs() / 60
        );
        run(nextest(SOAK_TESTS)
            .args(["--success-output", "immediate"])
            .current_dir(root())
            .env("STEWARD_SEED", seed.to_string())
            .env("STEWARD_KILLS", "200")
            .env("STEWARD_ROUNDS", "1000")
            .env("PROPTEST_CASES", "3000"))?;
    }
    println!("soak: {passes} passes in {} min, all of them clean", began.elapsed().as_secs() / 60);
    Ok(())
}
