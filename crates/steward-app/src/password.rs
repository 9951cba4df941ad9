//! Passwords of computers without a keyring: a command says them.

use std::ffi::OsString;
use std::process::{Command, Stdio};

use secrecy::SecretString;
use steward_core::{Error, ErrorKind, Result};
use zeroize::Zeroizing;

fn command() -> Option<OsString> {
    std::env::var_os("STEWARD_PASSWORD_COMMAND").filter(|text| !text.is_empty())
}

/// Whether a command says the passwords, so that none is kept.
pub(crate) fn is_from_command() -> bool {
    command().is_some()
}

/// Runs `STEWARD_PASSWORD_COMMAND` and takes the first line it prints; none where it is not set.
pub(crate) fn from_command() -> Result<Option<SecretString>> {
    let Some(command) = command() else { return Ok(None) };
    let (shell, flag) = if cfg!(windows) { ("cmd", "/C") } else { ("sh", "-c") };
    let output = Command::new(shell)
        .arg(flag)
        .arg(command)
        .stdin(Stdio::null())
        .stderr(Stdio::inherit())
        .output()
        .map_err(|cause| {
            Error::new(ErrorKind::SecretMissing, "STEWARD_PASSWORD_COMMAND could not be started.")
                .with_source(cause)
        })?;
    let printed = Zeroizing::new(output.stdout);
    let text = std::str::from_utf8(&printed).unwrap_or_default();
    let password = text.lines().next().unwrap_or_default();
    if !output.status.success() || password.is_empty() {
        return Err(Error::new(ErrorKind::SecretMissing, "STEWARD_PASSWORD_COMMAND gave no password.")
            .with_detail(format!("it ended with {}", output.status)));
    }
    Ok(Some(password.into()))
}
