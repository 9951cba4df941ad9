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

/// Whom the server runs as, with its own folder and its programs' folder where that user can enter them.
pub(super) fn places(folder: PathBuf, bin_dir: PathBuf) -> Result<(Option<Account>, PathBuf, PathBuf)> {
    let Some(account) = Account::unprivileged()? else { return Ok((None, folder, bin_dir)) };
    let (folder, bin_dir) = (account.reachable(&folder)?, account.reachable_programs(&bin_dir)?);
    Ok((Some(account), folder, bin_dir))
}

#[cfg(unix)]
impl Account {
    /// Whom to run as: nobody else where Steward is not root.
    fn unprivileged() -> Result<Option<Self>> {
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
    fn reachable(&self, folder: &Path) -> Result<PathBuf> {
        let folder = std::path::absolute(folder).map_err(|failure| refused(folder, failure))?;
        if is_open(&folder) {
            return Ok(folder);
        }
        let stand_in = stand_in("cluster", &folder);
        tracing::info!(
            cluster.folder = %stand_in.display(),
            "The private PostgreSQL lives elsewhere: its user cannot enter the folder asked for"
        );
        Ok(stand_in)
    }

    /// The programs' folder itself, or a copy of its installation that this user can enter: a checkout in root's
    /// home carries its server in a folder closed to everybody else.
    fn reachable_programs(&self, bin_dir: &Path) -> Result<PathBuf> {
        let bin_dir = fs::canonicalize(bin_dir).map_err(|failure| refused(bin_dir, failure))?;
        let Some(installation) = bin_dir.parent().filter(|_| !is_open(&bin_dir.join("postgres"))) else {
            return Ok(bin_dir);
        };
        let copy = stand_in("postgres", installation);
        if !copy.join("bin/postgres").exists() {
            // Made beside and renamed, so that half a copy is never taken for one.
            let unfinished = copy.with_extension(std::process::id().to_string());
            for part in ["bin", "lib", "share"] {
                let from = if part == "bin" { bin_dir.clone() } else { installation.join(part) };
                if from.is_dir() {
                    copy_tree(&from, &unfinished.join(part)).map_err(|failure| refused(&from, failure))?;
                }
            }
            if fs::rename(&unfinished, &copy).is_err() {
                // Another process was quicker; its copy is as good.
                fs::remove_dir_all(&unfinished).map_err(|failure| refused(&unfinished, failure))?;
            }
        }
        Ok(copy.join("bin"))
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

/// Whether everybody may enter the folders above this path.
#[cfg(unix)]
fn is_open(path: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt;
    let lets_in =
        |parent: &Path| fs::metadata(parent).map_or(true, |found| found.permissions().mode() & 0o001 != 0);
    path.ancestors().skip(1).all(lets_in)
}

/// A folder of ours for what lies at a path others cannot enter.
#[cfg(unix)]
fn stand_in(what: &str, path: &Path) -> PathBuf {
    use sha2::{Digest, Sha256};
    let digest = hex::encode(Sha256::digest(path.as_os_str().as_encoded_bytes()));
    Path::new("/var/lib/steward").join(format!("{what}-{}", digest.get(..16).unwrap_or_default()))
}

/// Copies a folder with its symbolic links as they are.
#[cfg(unix)]
fn copy_tree(from: &Path, to: &Path) -> std::io::Result<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let target = to.join(entry.file_name());
        let kind = entry.file_type()?;
        if kind.is_dir() {
            copy_tree(&entry.path(), &target)?;
        } else if kind.is_symlink() {
            std::os::unix::fs::symlink(fs::read_link(entry.path())?, target)?;
        } else {
            fs::copy(entry.path(), target)?;
        }
    }
    Ok(())
}

#[cfg(not(unix))]
impl Account {
    /// Only Unix has a root that PostgreSQL refuses.
    fn unprivileged() -> Result<Option<Self>> {
        Ok(None)
    }

    fn reachable(&self, folder: &Path) -> Result<PathBuf> {
        Ok(folder.to_owned())
    }

    fn reachable_programs(&self, bin_dir: &Path) -> Result<PathBuf> {
        Ok(bin_dir.to_owned())
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
