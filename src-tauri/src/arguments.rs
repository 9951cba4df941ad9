//! What can be said when the window is started. Everything else is said in the window, or to `steward`.

use std::ffi::OsString;
use std::path::PathBuf;

/// The text of `--help`.
pub const HELP: &str = "\
Desktop console for the people who run a SaaS

Usage: steward-desktop [OPTIONS]

Options:
      --home <FOLDER>     Keep all data in this folder (also: STEWARD_HOME)
      --sample            Open the sample company
      --safe-rendering    Draw without the graphics card
      --reset-window      Forget the window's size and place
  -h, --help              Print help
  -V, --version           Print version

The command line tool is `steward`.
";

/// What the arguments ask for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Action {
    /// Open the window.
    Open(Arguments),
    /// Print the help.
    Help,
    /// Print the version.
    Version,
}

/// How the window is opened.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Arguments {
    /// The folder of all data; none for the platform's own place.
    pub home: Option<PathBuf>,
    /// Whether the sample company is opened.
    pub is_sample: bool,
    /// Whether the graphics card is left alone.
    pub is_safe_rendering: bool,
    /// Whether size and place of the window are forgotten.
    pub is_window_reset: bool,
    /// Whether nothing but an empty window is opened: the yardstick that start-up is measured against.
    pub is_empty_window: bool,
}

impl Arguments {
    /// Reads the arguments; the error is a sentence for the person.
    ///
    /// # Errors
    /// When an argument is not known or lacks its value.
    pub fn parse(given: impl IntoIterator<Item = OsString>) -> Result<Action, String> {
        let mut arguments = Self::default();
        let mut given = given.into_iter();
        while let Some(argument) = given.next() {
            let text = argument.to_string_lossy();
            match text.as_ref() {
                "-h" | "--help" => return Ok(Action::Help),
                "-V" | "--version" => return Ok(Action::Version),
                "--sample" => arguments.is_sample = true,
                "--safe-rendering" => arguments.is_safe_rendering = true,
                "--reset-window" => arguments.is_window_reset = true,
                "--empty-window" => arguments.is_empty_window = true,
                "--home" => {
                    let folder = given.next().filter(|folder| !folder.is_empty());
                    arguments.home = Some(folder.ok_or("--home needs a folder.")?.into());
                }
                other => match other.strip_prefix("--home=") {
                    Some("") => return Err("--home needs a folder.".to_owned()),
                    Some(folder) => arguments.home = Some(folder.into()),
                    None => return Err(format!("The argument {other} is not known.")),
                },
            }
        }
        Ok(Action::Open(arguments))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(words: &[&str]) -> Result<Action, String> {
        Arguments::parse(words.iter().map(OsString::from))
    }

    #[test]
    fn options_are_read_in_any_order() {
        let open = parse(&["--sample", "--home", "/tmp/a b", "--safe-rendering"]);
        let expected = Arguments {
            home: Some("/tmp/a b".into()),
            is_sample: true,
            is_safe_rendering: true,
            ..Arguments::default()
        };
        assert_eq!(open, Ok(Action::Open(expected)));
        assert_eq!(parse(&["--sample", "--help"]), Ok(Action::Help), "help wins over everything");
    }

    #[test]
    fn what_is_not_known_is_refused() {
        assert!(parse(&["--smaple"]).is_err_and(|sentence| sentence.contains("--smaple")));
        assert!(parse(&["--home"]).is_err(), "a folder is missing");
        assert!(parse(&["--home="]).is_err(), "an empty folder is none");
    }
}
