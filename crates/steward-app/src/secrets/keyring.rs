//! The system keyring: Secret Service, Keychain or Credential Manager, and nothing else.

use std::sync::{Arc, Mutex, PoisonError, mpsc};
use std::time::Duration;

use keyring_core::{CredentialStore, Entry, Error as KeyringError};
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
///
/// It is opened by the first call that finds it working and again after it went away, so that a keyring
/// service that starts later, or anew, needs no restart of Steward.
#[derive(Default)]
pub struct SystemKeyring {
    /// What worked last; none before, and after a failure of the service.
    store: Mutex<Option<Arc<CredentialStore>>>,
}

impl std::fmt::Debug for SystemKeyring {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SystemKeyring").finish_non_exhaustive()
    }
}

impl SystemKeyring {
    /// The open keyring. One that worked is not probed again; one that failed is, for it may work now.
    fn open(&self) -> Result<Arc<CredentialStore>> {
        if let Some(store) = self.place().as_ref() {
            return Ok(Arc::clone(store));
        }
        let store = on_thread(PROBE_LIMIT, || {
            let store = system_store().map_err(unavailable)?;
            probe(store.as_ref())?;
            Ok(store)
        })?;
        *self.place() = Some(Arc::clone(&store));
        Ok(store)
    }

    /// Asks about one entry; a service that went away since the last call is looked for once more.
    fn ask<T: Send + 'static>(
        &self,
        name: &str,
        work: impl Fn(&Entry) -> keyring_core::Result<T> + Clone + Send + 'static,
    ) -> Result<T> {
        let once = || {
            let (store, name, work) = (self.open()?, name.to_owned(), work.clone());
            on_thread(CALL_LIMIT, move || {
                store.build(SERVICE, &name, None).and_then(|entry| work(&entry)).map_err(map)
            })
        };
        match once() {
            Err(cause) if cause.kind() == ErrorKind::KeyringMissing => {
                *self.place() = None;
                once()
            }
            result => result,
        }
    }

    fn place(&self) -> std::sync::MutexGuard<'_, Option<Arc<CredentialStore>>> {
        self.store.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Secrets for SystemKeyring {
    fn get(&self, name: &str) -> Result<Option<SecretString>> {
        self.ask(name, |entry| match entry.get_password() {
            Ok(value) => Ok(Some(SecretString::from(value))),
            Err(KeyringError::NoEntry) => Ok(None),
            Err(cause) => Err(cause),
        })
    }

    fn set(&self, name: &str, value: &SecretString) -> Result<()> {
        check_length(value)?;
        let value = value.clone();
        self.ask(name, move |entry| entry.set_password(value.expose_secret()))
    }

    fn delete(&self, name: &str) -> Result<()> {
        self.ask(name, |entry| match entry.delete_credential() {
            Ok(()) | Err(KeyringError::NoEntry) => Ok(()),
            Err(cause) => Err(cause),
        })
    }

    fn check(&self) -> Result<()> {
        self.open().map(drop)
    }

    fn describe(&self) -> &'static str {
        "system keyring"
    }
}

/// Opens this platform's keyring. `keyring`'s own entries would do so once in a process and remember a
/// failure for ever.
fn system_store() -> keyring_core::Result<Arc<CredentialStore>> {
    #[cfg(target_os = "macos")]
    let store = apple_native_keyring_store::keychain::Store::new()?;
    #[cfg(target_os = "windows")]
    let store = windows_native_keyring_store::Store::new()?;
    #[cfg(all(unix, not(target_os = "macos")))]
    let store = zbus_secret_service_keyring_store::Store::new()?;
    Ok(store)
}

/// Keeps, reads and removes a value: a locked keyring reports a good status and no entries, so only a
/// whole round tells.
fn probe(store: &CredentialStore) -> Result<()> {
    let number: u64 = rand::rng().random();
    let (name, value) = (format!("probe-{number:016x}"), format!("{number:x}"));
    let entry = store.build(SERVICE, &name, None).map_err(map)?;
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
fn unavailable(cause: KeyringError) -> Error {
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
