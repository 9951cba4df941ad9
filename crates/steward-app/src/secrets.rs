//! Where passwords and cache keys live: the system keyring, memory, or a file under a passphrase. Never
//! in plain text on disk, and never in a place a person did not choose.
//!
//! The calls block (a keyring may ask a person); callers run them off the async threads.

mod keyring;
mod memory;
mod passphrase;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use secrecy::{ExposeSecret as _, SecretString};
use steward_core::{Error, ErrorKind, Result};

pub use keyring::SystemKeyring;
pub use memory::MemorySecrets;
pub use passphrase::PassphraseFile;

/// The longest value every platform takes: Windows' Credential Manager holds 2,560 bytes of UTF-16.
pub const MAX_CHARS: usize = 1_280;

/// A place for secrets.
pub trait Secrets: Send + Sync + 'static {
    /// The value under a name; none where there is no entry.
    fn get(&self, name: &str) -> Result<Option<SecretString>>;
    /// Keeps a value under a name.
    fn set(&self, name: &str, value: &SecretString) -> Result<()>;
    /// Removes a name; one that is not there is fine.
    fn delete(&self, name: &str) -> Result<()>;
    /// Whether secrets can be kept right now; the failure names the ways on.
    fn check(&self) -> Result<()>;
    /// In words, for the Settings view.
    fn describe(&self) -> &'static str;
}

/// Which place is used.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum SecretsMode {
    /// As `STEWARD_SECRETS` and `STEWARD_PASSPHRASE_FILE` say, else the system keyring.
    #[default]
    FromEnvironment,
    /// The system keyring.
    System,
    /// Memory: gone when Steward closes.
    Memory,
    /// A file encrypted under the passphrase in this file.
    PassphraseFile(PathBuf),
}

impl SecretsMode {
    /// Opens the place; `store` is the file a passphrase protects.
    pub fn open(self, store: &Path) -> Result<Arc<dyn Secrets>> {
        Ok(match self {
            Self::FromEnvironment => return from_environment()?.open(store),
            Self::System => Arc::new(SystemKeyring::default()),
            Self::Memory => Arc::new(MemorySecrets::default()),
            Self::PassphraseFile(path) => Arc::new(PassphraseFile::open(store, &path)?),
        })
    }
}

fn from_environment() -> Result<SecretsMode> {
    if let Some(path) = std::env::var_os("STEWARD_PASSPHRASE_FILE").filter(|path| !path.is_empty()) {
        return Ok(SecretsMode::PassphraseFile(path.into()));
    }
    match std::env::var("STEWARD_SECRETS").as_deref() {
        Err(_) | Ok("" | "system") => Ok(SecretsMode::System),
        Ok("memory") => Ok(SecretsMode::Memory),
        Ok(_) => Err(Error::invalid("STEWARD_SECRETS", "STEWARD_SECRETS is `system` or `memory`.")),
    }
}

/// Refuses a value that some platform could not hold.
fn check_length(value: &SecretString) -> Result<()> {
    if value.expose_secret().chars().count() > MAX_CHARS {
        return Err(Error::new(ErrorKind::Invalid, "A secret may have at most 1,280 characters."));
    }
    Ok(())
}
