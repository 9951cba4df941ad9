//! Questions to a person, and text from standard input.

use std::io::{BufRead as _, IsTerminal as _, Write as _};

use steward_core::{Error, ErrorKind, Result};

use crate::args::Global;

/// Asks before an ordinary change. Without a terminal nobody can be asked: the flag to pass is named.
pub(crate) fn confirm(global: &Global, question: &str) -> Result<()> {
    if global.yes {
        return Ok(());
    }
    if global.no_input || !std::io::stdin().is_terminal() {
        return Err(Error::new(ErrorKind::ReadOnly, "Nothing was changed: nobody could be asked.")
            .with_detail("pass --yes to apply what was shown"));
    }
    let answer = prompt(&format!("{question} [y/N] "))?;
    if matches!(answer.trim(), "y" | "Y" | "yes") {
        Ok(())
    } else {
        Err(Error::new(ErrorKind::Cancelled, "Nothing was changed."))
    }
}

/// What has to be typed before a dangerous change; `--yes` is no answer to it.
pub(crate) fn typed(global: &Global, phrase: &str, question: &str) -> Result<String> {
    if let Some(typed) = &global.confirm {
        return Ok(typed.clone());
    }
    if global.no_input || !std::io::stdin().is_terminal() {
        return Err(Error::new(ErrorKind::ReadOnly, "Nothing was changed: it has to be confirmed by name.")
            .with_detail(format!("pass --confirm {phrase:?}")));
    }
    Ok(prompt(&format!("{question}\nType {phrase} to confirm: "))?.trim().to_owned())
}

/// Why something is done, where it has to be said and `--reason` does not.
pub(crate) fn reason(global: &Global) -> Result<String> {
    if let Some(reason) = global.reason.as_ref().filter(|reason| !reason.trim().is_empty()) {
        return Ok(reason.clone());
    }
    if global.no_input || !std::io::stdin().is_terminal() {
        return Err(Error::invalid("reason", "This needs a reason: it goes to the audit log.")
            .with_detail("pass --reason TEXT"));
    }
    Ok(prompt("Reason: ")?.trim().to_owned())
}

/// `-` stands for standard input, so that a secret is in no argument list. A password that was in one is
/// warned about.
pub(crate) fn secret_url(global: &Global, url: &str) -> Result<String> {
    if url == "-" {
        if std::io::stdin().is_terminal() && !global.no_input {
            return Ok(hidden("Connection URL, not shown: ")?.trim().to_owned());
        }
        return Ok(first_line()?.trim().to_owned());
    }
    let is_in_arguments = std::env::args().any(|argument| argument == url || argument.ends_with(url));
    let authority = url.split_once("://").map_or("", |(_, rest)| rest);
    let has_password = authority.rsplit_once('@').is_some_and(|(login, _)| login.contains(':'));
    if is_in_arguments && has_password {
        warn(
            "the password was visible to other people on this computer while it was in the arguments; `-` reads the URL from standard input",
        );
    }
    Ok(url.to_owned())
}

/// A secret that is typed unseen, or that another program writes to standard input; never an argument.
pub(crate) fn secret_line(global: &Global, question: &str) -> Result<String> {
    if std::io::stdin().is_terminal() && !global.no_input {
        return hidden(question);
    }
    first_line()
}

fn warn(text: &str) {
    anstream::eprintln!("warning: {text}");
}

fn prompt(question: &str) -> Result<String> {
    let mut terminal = std::io::stderr();
    terminal.write_all(question.as_bytes()).and_then(|()| terminal.flush()).map_err(refused)?;
    first_line()
}

/// What is typed stays off the screen, which others may see and terminals remember.
fn hidden(question: &str) -> Result<String> {
    rpassword::prompt_password(question).map_err(refused)
}

/// The first line of standard input.
pub(crate) fn first_line() -> Result<String> {
    let mut line = String::new();
    std::io::stdin().lock().read_line(&mut line).map_err(refused)?;
    Ok(line)
}

fn refused(cause: std::io::Error) -> Error {
    Error::new(ErrorKind::File, "Standard input cannot be read.").with_source(cause)
}
