//! The user of the system a private server runs as when Steward itself runs as root.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use steward_core::{Error, ErrorKind, Result};

/// An unprivileged user of the system.
#[derive(Debug, Clone)]
pub(super) struct Account {
    uid: u32,
    gid: u32,
}

#[cfg(unix)]
impl Account {
    /// Whom to run as: nobody else where Steward is not root.
    pub(super) fn unprivileged() -> Result<Option<Self>> {
        use std::os::unix::fs::MetadataExt;
        // The owner of our own process folder is who we are, and asking needs no unsafe call. Where
        // there is no /proc (macOS) the home folder's owner stands in.
        let me = fs::metadata("/proc/self")
            .or_else(|_| fs::metadata(std::env::var_os("HOME").unwrap_or_default()));
        if me.map_or(1, |found| found.uid()) != 0 {
            return Ok(None);
        }
        let users = fs::read_to_string("/etc/passwd").unwrap_or_default();
        let find = |name: &str| {
            users.lines().find_map(|line| {
                let mut fields = line.split(':');
                let (login, _, uid, gid) = (fields.next()?, fields.next()?, fields.next()?, fields.next()?);
                (login == name).then_some(())?;
                Some(Self { uid: uid.parse().ok()?, gid: gid.parse().ok()? })
            })
        };
        find("postgres").or_else(|| find("nobody")).map(Some).ok_or_else(|| {
            Error::new(
                ErrorKind::NotFound,
                "PostgreSQL does not run as root, and there is no other user to run it.",
            )
            .with_detail("looked for postgres and nobody in /etc/passwd")
        })
    }

    /// The folder itself, or one this user can enter in its stead.
    pub(super) fn reachable(&self, folder: &Path) -> Result<PathBuf> {
        use std::os::unix::fs::PermissionsExt;
        let folder = std::path::absolute(folder).map_err(|failure| refused(folder, failure))?;
        let is_open = folder
            .ancestors()
            .skip(1)
            .all(|parent| fs::metadata(parent).map_or(true, |found| found.permissions().mode() & 0o001 != 0));
        if is_open {
            return Ok(folder);
        }
        use sha2::{Digest, Sha256};
        let digest = hex::encode(Sha256::digest(folder.as_os_str().as_encoded_bytes()));
        let stand_in = Path::new("/var/lib/steward").join(digest.get(..16).unwrap_or("cluster"));
        tracing::info!(
            cluster.folder = %stand_in.display(),
            "The private PostgreSQL lives elsewhere: its user cannot enter the folder asked for"
        );
        Ok(stand_in)
    }

    /// Gives a file or folder to this user.
    pub(super) fn own(&self, path: &Path) -> Result<()> {
        std::os::unix::fs::chown(path, Some(self.uid), Some(self.gid))
            .map_err(|failure| refused(path, failure))
    }

    /// Runs a command as this user.
    pub(super) fn lend_to(&self, command: &mut Command) {
        use std::os::unix::process::CommandExt;
        command.uid(self.uid).gid(self.gid);
    }
}

#[cfg(not(unix))]
impl Account {
    /// Only Unix has a root that PostgreSQL refuses.
    pub(super) fn unprivileged() -> Result<Option<Self>> {
        Ok(None)
    }

    pub(super) fn reachable(&self, folder: &Path) -> Result<PathBuf> {
        Ok(folder.to_owned())
    }

    pub(super) fn own(&self, _: &Path) -> Result<()> {
        Ok(())
    }

    pub(super) fn lend_to(&self, _: &mut Command) {
        let _ = (self.uid, self.gid);
    }
}

/// Writes a file that only its owner may read.
pub(super) fn write_private(path: &Path, text: &str) -> Result<()> {
    use std::io::Write;
    let mut options = fs::OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt;
        options.mode(0o600);
    }
    options
        .open(path)
        .and_then(|mut file| file.write_all(text.as_bytes()))
        .map_err(|failure| refused(path, failure))
}

fn refused(path: &Path, failure: std::io::Error) -> Error {
    Error::new(ErrorKind::File, "A folder of the private PostgreSQL cannot be used.")
        .with_detail(path.display().to_string())
        .with_source(failure)
}
