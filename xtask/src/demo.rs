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
    if options.is_reset {
        tools::build_binary("steward-cli", "steward", &[])?;
        run(&mut reset(&options))?;
    }
    println!("\nOpening the window. The sample company's data stays in {}.", home().display());
    run(&mut window(&options))
}

/// The desktop program, which opens the sample company by itself.
fn window(options: &Options) -> Command {
    let mut window = wanted("steward-desktop", options);
    window.arg("--sample");
    window
}

/// The command line, which throws the sample company away and makes it anew.
fn reset(options: &Options) -> Command {
    let mut reset = wanted("steward", options);
    reset.args(["sample", "reset", "--yes"]);
    reset
}

/// One of Steward's programs, told by its environment which sample company is meant.
fn wanted(name: &str, options: &Options) -> Command {
    let mut program = steward(name);
    program.env("STEWARD_SAMPLE_SIZE", &options.size);
    if let Some(url) = &options.database_url {
        program.env("STEWARD_SAMPLE_DATABASE_URL", url);
    }
    program
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
    let mut show = wanted("steward", options);
    show.args(["sample", "show", "--picture"]).arg(&picture);
    if options.is_reset {
        show.arg("--reset");
    }
    run(&mut show)?;
    println!("\nThe picture is {}.", picture.display());
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(words: &[&str]) -> Result<Options> {
        Options::parse(&words.iter().map(ToString::to_string).collect::<Vec<_>>())
    }

    fn told(command: &Command, name: &str) -> Option<String> {
        let (_, value) = command.get_envs().find(|(variable, _)| *variable == name)?;
        value.map(|value| value.to_string_lossy().into_owned())
    }

    #[test]
    fn every_program_of_the_demo_means_the_same_company() {
        let url = "postgres://owner@127.0.0.1:5432/app?sslmode=disable";
        let options = parse(&["--size", "medium", "--database-url", url, "--reset"]).expect("known options");
        assert!(options.is_reset && !options.is_headless);
        for program in [window(&options), reset(&options)] {
            assert_eq!(told(&program, "STEWARD_SAMPLE_SIZE").as_deref(), Some("medium"));
            assert_eq!(told(&program, "STEWARD_SAMPLE_DATABASE_URL").as_deref(), Some(url));
            assert_eq!(told(&program, "STEWARD_HOME"), home().to_str().map(str::to_owned));
        }
        assert_eq!(window(&options).get_args().collect::<Vec<_>>(), ["--sample"]);
        assert_eq!(reset(&options).get_args().collect::<Vec<_>>(), ["sample", "reset", "--yes"]);
    }

    #[test]
    fn without_options_it_is_the_small_company_on_a_server_of_its_own() {
        let options = parse(&[]).expect("no option is needed");
        assert_eq!(told(&window(&options), "STEWARD_SAMPLE_SIZE").as_deref(), Some("small"));
        assert_eq!(told(&window(&options), "STEWARD_SAMPLE_DATABASE_URL"), None);
        assert!(parse(&["--size"]).is_err(), "a value is missing");
        assert!(parse(&["--headles"]).is_err(), "a typing error is no option");
    }
}
