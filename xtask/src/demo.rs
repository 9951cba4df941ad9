//! `cargo x demo`: the sample company in a window, or without a display as text and a picture.

use std::path::PathBuf;
use std::process::Command;

use anyhow::{Result, bail};

use crate::step::{Steps, command, npm, run, succeeds};
use crate::{root, setup, test, tools};

/// What the person asked for.
struct Options {
    size: String,
    database_url: Option<String>,
    is_reset: bool,
    is_headless: bool,
}

impl Options {
    fn parse(arguments: &[String]) -> Result<Self> {
        let mut options =
            Self { size: "small".to_owned(), database_url: None, is_reset: false, is_headless: false };
        let mut rest = arguments.iter();
        while let Some(argument) = rest.next() {
            let mut value =
                || rest.next().cloned().ok_or_else(|| anyhow::anyhow!("{argument} needs a value"));
            match argument.as_str() {
                "--size" => options.size = value()?,
                "--database-url" => options.database_url = Some(value()?),
                "--reset" => options.is_reset = true,
                "--headless" => options.is_headless = true,
                other => bail!("cargo x demo does not know {other}"),
            }
        }
        Ok(options)
    }
}

/// Where the demo keeps everything: apart from a Steward in daily use.
fn home() -> PathBuf {
    std::env::var_os("STEWARD_HOME").map_or_else(|| root().join("target/demo"), PathBuf::from)
}

fn has_display() -> bool {
    cfg!(not(target_os = "linux"))
        || std::env::var_os("DISPLAY").is_some_and(|display| !display.is_empty())
        || std::env::var_os("WAYLAND_DISPLAY").is_some_and(|display| !display.is_empty())
}

/// `cargo x demo`.
pub(crate) fn run_demo(arguments: &[String]) -> Result<()> {
    let options = Options::parse(arguments)?;
    let mut steps = Steps::default();
    steps.step("what this machine needs", || setup::run_for("demo"))?;
    if options.is_headless || !has_display() {
        if !options.is_headless {
            println!("\nThere is no display here, so the demo prints its overview and writes a picture.");
        }
        steps.step("command line", || tools::build_binary("steward-cli", "steward", &[]))?;
        return headless(&options);
    }
    steps.step("interface", || run(&mut npm(&["run", "--silent", "build"])))?;
    steps.step("desktop program", test::build_desktop)?;
    let mut window = steward("steward-desktop");
    window.arg("--sample").env("STEWARD_SAMPLE_SIZE", &options.size);
    if let Some(url) = &options.database_url {
        window.env("STEWARD_SAMPLE_DATABASE_URL", url);
    }
    if options.is_reset {
        tools::build_binary("steward-cli", "steward", &[])?;
        run(steward("steward").args(["sample", "reset", "--yes", "--size", &options.size]))?;
    }
    println!("\nOpening the window. The sample company's data stays in {}.", home().display());
    run(&mut window)
}

/// One of Steward's programs in the demo's home.
fn steward(name: &str) -> Command {
    let mut program = command(tools::debug_binary(name), &[]);
    std::fs::create_dir_all(home()).ok();
    program.env("STEWARD_HOME", home());
    if let Some(bin) = setup::pinned_postgres() {
        program.env("STEWARD_POSTGRES_BIN", bin);
    }
    if std::env::var_os("STEWARD_SECRETS").is_none()
        && std::env::var_os("STEWARD_PASSPHRASE_FILE").is_none()
        && !has_keyring()
    {
        println!(
            "No keyring answers here: secrets stay in memory, so the local copy is read anew at each start."
        );
        program.env("STEWARD_SECRETS", "memory");
    }
    program
}

fn has_keyring() -> bool {
    if cfg!(not(target_os = "linux")) {
        return true;
    }
    let arguments = ["--session", "--dest=org.freedesktop.DBus", "--print-reply", "/org/freedesktop/DBus"];
    let mut ask = command("dbus-send", &arguments);
    ask.args(["org.freedesktop.DBus.GetNameOwner", "string:org.freedesktop.secrets"]);
    std::env::var_os("DBUS_SESSION_BUS_ADDRESS").is_some() && succeeds(&mut ask)
}

fn headless(options: &Options) -> Result<()> {
    let picture = root().join("target/demo/overview.png");
    let mut show = steward("steward");
    show.args(["sample", "show", "--size", &options.size, "--picture"]).arg(&picture);
    if let Some(url) = &options.database_url {
        show.env("STEWARD_SAMPLE_DATABASE_URL", url);
    }
    if options.is_reset {
        show.arg("--reset");
    }
    run(&mut show)?;
    println!("\nThe picture is {}.", picture.display());
    Ok(())
}
