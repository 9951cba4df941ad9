//! The system keyring: Secret Service, Keychain or Credential Manager, and nothing else.

use std::sync::OnceLock;
use std::sync::mpsc;
use std::time::Duration;

use keyring::v1::{Entry, Error as KeyringError};
use rand::Rng as _;
use secrecy::{ExposeSecret as _, SecretString};
use steward_core::{Error, ErrorKind, Result};

use super::{Secrets, check_length};

const SERVICE: &str = "app.steward";

/// A bus whose service never answers must not hold up the start.
const PROBE_LIMIT: Duration = Duration::from_secs(2);

/// Long enough for a person to type the keyring's password.
const CALL_LIMIT: Duration = Duration::from_secs(60);

/// The keyring of this account.
#[derive(Debug, Default)]
pub struct SystemKeyring {
    /// A keyring that once worked is not probed again; one that failed is, since it may be unlocked now.
    is_healthy: OnceLock<()>,
}

impl Secrets for SystemKeyring {
    fn get(&self, name: &str) -> Result<Option<SecretString>> {
        self.check()?;
        let name = name.to_owned();
        on_thread(CALL_LIMIT, move || {
            match Entry::new(SERVICE, &name).and_then(|entry| entry.get_password()) {
                Ok(value) => Ok(Some(SecretString::from(value))),
                Err(KeyringError::NoEntry) => Ok(None),
                Err(cause) => Err(map(cause)),
            }
        })
    }

    fn set(&self, name: &str, value: &SecretString) -> Result<()> {
        check_length(value)?;
        self.check()?;
        let (name, value) = (name.to_owned(), value.clone());
        on_thread(CALL_LIMIT, move || {
            Entry::new(SERVICE, &name)
                .and_then(|entry| entry.set_password(value.expose_secret()))
                .map_err(map)
        })
    }

    fn delete(&self, name: &str) -> Result<()> {
        self.check()?;
        let name = name.to_owned();
        on_thread(CALL_LIMIT, move || {
            match Entry::new(SERVICE, &name).and_then(|entry| entry.delete_credential()) {
                Ok(()) | Err(KeyringError::NoEntry) => Ok(()),
                Err(cause) => Err(map(cause)),
            }
        })
    }

    fn check(&self) -> Result<()> {
        if self.is_healthy.get().is_none() {
            on_thread(PROBE_LIMIT, probe)?;
            self.is_healthy.get_or_init(|| ());
        }
        Ok(())
    }

    fn describe(&self) -> &'static str {
        "system keyring"
    }
}

/// Keeps, reads and removes a value: a locked keyring reports a good status and no entries, so only a
/// whole round tells.
fn probe() -> Result<()> {
    if let Err(cause) = Entry::store_status() {
        return Err(unavailable(cause));
    }
    let number: u64 = rand::rng().random();
    let (name, value) = (format!("probe-{number:016x}"), format!("{number:x}"));
    let entry = Entry::new(SERVICE, &name).map_err(map)?;
    entry.set_password(&value).map_err(map)?;
    let read = entry.get_password().map_err(map)?;
    entry.delete_credential().map_err(map)?;
    if read != value {
        return Err(Error::new(
            ErrorKind::KeyringMissing,
            "The keyring did not give back what it was given.",
        ));
    }
    Ok(())
}

/// Runs on a thread of its own: the D-Bus client blocks, and may not do so on an async thread. When the
/// limit passes the thread is left to end by itself, for nothing can interrupt it.
fn on_thread<T: Send + 'static>(
    limit: Duration,
    work: impl FnOnce() -> Result<T> + Send + 'static,
) -> Result<T> {
    let (sender, receiver) = mpsc::sync_channel(1);
    let spawned = std::thread::Builder::new().name("steward-keyring".to_owned()).spawn(move || {
        // A caller that gave up is not waiting for the answer.
        let _ = sender.send(work());
    });
    spawned
        .map_err(|cause| Error::new(ErrorKind::Internal, "No thread could be started.").with_source(cause))?;
    match receiver.recv_timeout(limit) {
        Ok(result) => result,
        Err(_) => Err(Error::new(
            ErrorKind::KeyringLocked,
            "The system keyring did not answer in time; it may be waiting to be unlocked.",
        )),
    }
}

/// Why the store could not be opened: no bus and no service are two things to a person.
fn unavailable(cause: &'static KeyringError) -> Error {
    let message = if has_bus() {
        "A session bus runs, but no keyring service answers on it."
    } else {
        "No session bus (D-Bus) runs for this account, so no keyring can be reached."
    };
    Error::new(ErrorKind::KeyringMissing, message).with_source(cause)
}

#[cfg(all(unix, not(target_os = "macos")))]
fn has_bus() -> bool {
    let address = std::env::var("DBUS_SESSION_BUS_ADDRESS").unwrap_or_default();
    let from_address = address.split([';', ',']).find_map(|part| part.strip_prefix("unix:path="));
    match from_address {
        Some(path) => std::os::unix::net::UnixStream::connect(path).is_ok(),
        None if !address.is_empty() => true,
        None => std::env::var_os("XDG_RUNTIME_DIR").is_some_and(|folder| {
            std::os::unix::net::UnixStream::connect(std::path::Path::new(&folder).join("bus")).is_ok()
        }),
    }
}

#[cfg(not(all(unix, not(target_os = "macos"))))]
fn has_bus() -> bool {
    true
}

fn map(cause: KeyringError) -> Error {
    let (kind, message) = match &cause {
        KeyringError::NoStorageAccess(_) => (ErrorKind::KeyringLocked, "The system keyring is locked."),
        KeyringError::PlatformFailure(_) | KeyringError::NoDefaultStore => {
            (ErrorKind::KeyringMissing, "The system keyring cannot be used.")
        }
        KeyringError::TooLong(..) => {
            (ErrorKind::Invalid, "The secret is too long for this system's keyring.")
        }
        // The enum is another crate's and open: what it adds is unexpected until looked at.
        _ => (ErrorKind::Internal, "The system keyring answered something unexpected."),
    };
    Error::new(kind, message).with_source(cause)
}
