//! Secrets in a file of the age format, encrypted under a passphrase: for servers and other computers
//! without a keyring.

use std::collections::BTreeMap;
use std::fs::{File, OpenOptions};
use std::io::{Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use age::scrypt::{Identity, Recipient};
use secrecy::{ExposeSecret as _, SecretString};
use steward_core::{Error, ErrorKind, Result};
use zeroize::Zeroizing;

use super::{Secrets, check_length};

/// 2^15 rounds of scrypt with 32 MB: about a tenth of a second, at every start of the command line.
const WORK_FACTOR: u8 = 15;

/// Files written with more are refused rather than computed for minutes.
const MAX_WORK_FACTOR: u8 = 20;

type Entries = BTreeMap<String, Zeroizing<String>>;

/// A file of secrets under a passphrase.
pub struct PassphraseFile {
    store: PathBuf,
    passphrase: SecretString,
    /// What this process read or wrote last; other processes' writes are seen at the next `set`.
    known: Mutex<Option<Entries>>,
}

impl PassphraseFile {
    /// Opens the store under the passphrase in `passphrase_file` (its first line). The store is made by
    /// the first secret kept.
    pub fn open(store: &Path, passphrase_file: &Path) -> Result<Self> {
        let text = std::fs::read_to_string(passphrase_file).map(Zeroizing::new).map_err(|cause| {
            Error::new(ErrorKind::File, "The passphrase file cannot be read.")
                .with_detail(passphrase_file.display().to_string())
                .with_source(cause)
        })?;
        let passphrase = text.lines().next().unwrap_or_default();
        if passphrase.is_empty() {
            return Err(Error::new(ErrorKind::File, "The passphrase file is empty.")
                .with_detail(passphrase_file.display().to_string()));
        }
        Ok(Self { store: store.to_owned(), passphrase: passphrase.into(), known: Mutex::new(None) })
    }

    fn read(&self) -> Result<Entries> {
        let sealed = match std::fs::read(&self.store) {
            Ok(sealed) => sealed,
            Err(cause) if cause.kind() == std::io::ErrorKind::NotFound => return Ok(Entries::new()),
            Err(cause) => return Err(self.refused("The file of secrets cannot be read.", cause)),
        };
        let mut identity = Identity::new(self.passphrase.expose_secret().into());
        identity.set_max_work_factor(MAX_WORK_FACTOR);
        let wrong = || {
            Error::new(ErrorKind::KeyringLocked, "The passphrase does not open the file of secrets.")
                .with_detail(self.store.display().to_string())
        };
        let decryptor = age::Decryptor::new(sealed.as_slice()).map_err(|cause| wrong().with_source(cause))?;
        let mut reader = decryptor
            .decrypt(std::iter::once(&identity as &dyn age::Identity))
            .map_err(|cause| wrong().with_source(cause))?;
        let mut plain = Zeroizing::new(String::new());
        reader.read_to_string(&mut plain).map_err(|cause| wrong().with_source(cause))?;
        let entries: BTreeMap<String, String> =
            serde_json::from_str(&plain).map_err(|cause| wrong().with_source(cause))?;
        Ok(entries.into_iter().map(|(name, value)| (name, Zeroizing::new(value))).collect())
    }

    /// Changes the entries under a lock between processes, and replaces the file in one step.
    fn change(&self, edit: impl FnOnce(&mut Entries)) -> Result<()> {
        let lock_path = self.store.with_extension("lock");
        let lock = File::create(&lock_path)
            .map_err(|cause| self.refused("The file of secrets cannot be locked.", cause))?;
        lock.lock().map_err(|cause| self.refused("The file of secrets cannot be locked.", cause))?;

        let mut entries = self.read()?;
        edit(&mut entries);
        let plain: BTreeMap<&str, &str> =
            entries.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        let plain = Zeroizing::new(serde_json::to_vec(&plain).expect("text always has a JSON form"));
        let mut recipient = Recipient::new(self.passphrase.expose_secret().into());
        recipient.set_work_factor(WORK_FACTOR);
        let sealed = age::encrypt(&recipient, &plain).map_err(|cause| {
            Error::new(ErrorKind::Internal, "The secrets could not be encrypted.").with_source(cause)
        })?;
        self.replace(&sealed)
            .map_err(|cause| self.refused("The file of secrets cannot be written.", cause))?;
        *self.known.lock().unwrap_or_else(PoisonError::into_inner) = Some(entries);
        Ok(())
    }

    fn replace(&self, sealed: &[u8]) -> std::io::Result<()> {
        let fresh = self.store.with_extension("new");
        let mut options = OpenOptions::new();
        options.write(true).create(true).truncate(true);
        #[cfg(unix)]
        {
            use std::os::unix::fs::OpenOptionsExt as _;
            options.mode(0o600);
        }
        let mut file = options.open(&fresh)?;
        file.write_all(sealed)?;
        file.sync_all()?;
        std::fs::rename(&fresh, &self.store)
    }

    fn refused(&self, message: &'static str, cause: std::io::Error) -> Error {
        let kind = match cause.kind() {
            std::io::ErrorKind::StorageFull => ErrorKind::DiskFull,
            _ => ErrorKind::File,
        };
        Error::new(kind, message).with_detail(self.store.display().to_string()).with_source(cause)
    }
}

impl Secrets for PassphraseFile {
    fn get(&self, name: &str) -> Result<Option<SecretString>> {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if known.as_ref().is_none_or(|entries| !entries.contains_key(name)) {
            *known = Some(self.read()?);
        }
        Ok(known.as_ref().and_then(|entries| entries.get(name)).map(|value| value.as_str().into()))
    }

    fn set(&self, name: &str, value: &SecretString) -> Result<()> {
        check_length(value)?;
        self.change(|entries| {
            entries.insert(name.to_owned(), Zeroizing::new(value.expose_secret().to_owned()));
        })
    }

    fn delete(&self, name: &str) -> Result<()> {
        self.change(|entries| {
            entries.remove(name);
        })
    }

    fn check(&self) -> Result<()> {
        self.read().map(|_| ())
    }

    fn describe(&self) -> &'static str {
        "passphrase file"
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn passphrase(folder: &Path, text: &str) -> PathBuf {
        let path = folder.join("passphrase");
        std::fs::write(&path, text).unwrap();
        path
    }

    #[test]
    fn secrets_survive_a_restart_and_no_byte_of_them_is_on_disk_in_plain_text() {
        let folder = tempfile::tempdir().unwrap();
        let path = passphrase(folder.path(), "correct horse battery\n");
        let store = folder.path().join("secrets.age");
        let canary = "canary-7f1d9c0a55";
        PassphraseFile::open(&store, &path).unwrap().set("workspace/a/password", &canary.into()).unwrap();

        let again = PassphraseFile::open(&store, &path).unwrap();
        let read = again.get("workspace/a/password").unwrap().unwrap();
        assert_eq!(read.expose_secret(), canary);
        assert!(again.get("workspace/b/password").unwrap().is_none());

        let bytes = std::fs::read(&store).unwrap();
        for plain in [canary.as_bytes(), b"workspace/a"] {
            assert!(!bytes.windows(plain.len()).any(|window| window == plain), "names are secret too");
        }
        again.delete("workspace/a/password").unwrap();
        assert!(PassphraseFile::open(&store, &path).unwrap().get("workspace/a/password").unwrap().is_none());
    }

    #[test]
    fn a_wrong_passphrase_or_a_damaged_file_is_refused_and_left_alone() {
        let folder = tempfile::tempdir().unwrap();
        let path = passphrase(folder.path(), "first");
        let store = folder.path().join("secrets.age");
        PassphraseFile::open(&store, &path).unwrap().set("a", &"value".into()).unwrap();
        let before = std::fs::read(&store).unwrap();

        let other = PassphraseFile::open(&store, &passphrase(folder.path(), "second")).unwrap();
        for result in [other.check(), other.set("b", &"x".into()), other.delete("a")] {
            assert_eq!(result.unwrap_err().kind(), ErrorKind::KeyringLocked);
        }
        assert_eq!(std::fs::read(&store).unwrap(), before, "a file that cannot be read is never replaced");

        let long = "x".repeat(super::super::MAX_CHARS + 1);
        let good = PassphraseFile::open(&store, &passphrase(folder.path(), "first")).unwrap();
        assert_eq!(good.set("c", &long.into()).unwrap_err().kind(), ErrorKind::Invalid);
        let empty = PassphraseFile::open(&store, &passphrase(folder.path(), "\n"));
        assert_eq!(empty.err().unwrap().kind(), ErrorKind::File);
    }
}
