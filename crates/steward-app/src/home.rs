//! Where Steward keeps its files.

use std::path::{Path, PathBuf};

use steward_core::id::WorkspaceId;
use steward_core::{Error, ErrorKind, Result};

/// The folder everything of this computer's Steward lies in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Home(PathBuf);

impl Home {
    /// The given folder, else `STEWARD_HOME`, else the platform's own place. The folder is made, closed
    /// to other people, where it is not there yet.
    pub fn resolve(given: Option<PathBuf>) -> Result<Self> {
        let from_env =
            || std::env::var_os("STEWARD_HOME").filter(|value| !value.is_empty()).map(PathBuf::from);
        let from_platform = || {
            directories::ProjectDirs::from("app", "Steward", "Steward")
                .map(|dirs| dirs.data_local_dir().to_owned())
        };
        let path = given.or_else(from_env).or_else(from_platform).ok_or_else(|| {
            Error::new(ErrorKind::File, "This account has no home folder to keep Steward's data in.")
                .with_detail("STEWARD_HOME names another folder")
        })?;
        let path = std::path::absolute(&path).map_err(|cause| refused(&path, cause))?;
        let home = Self(path);
        make_private(&home.0)?;
        make_private(&home.caches())?;
        Ok(home)
    }

    /// The folder itself.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.0
    }

    /// Workspaces and settings.
    #[must_use]
    pub fn local_db(&self) -> PathBuf {
        self.0.join("local.db")
    }

    /// The encrypted copy of a workspace's data.
    #[must_use]
    pub fn cache(&self, id: WorkspaceId) -> PathBuf {
        self.caches().join(format!("{id}.db"))
    }

    /// Secrets, where a passphrase file stands in for the keyring.
    #[must_use]
    pub fn secrets(&self) -> PathBuf {
        self.0.join("secrets.age")
    }

    fn caches(&self) -> PathBuf {
        self.0.join("caches")
    }
}

fn refused(path: &Path, cause: std::io::Error) -> Error {
    let kind = match cause.kind() {
        std::io::ErrorKind::StorageFull => ErrorKind::DiskFull,
        _ => ErrorKind::File,
    };
    Error::new(kind, "Steward's data folder cannot be used.")
        .with_detail(path.display().to_string())
        .with_source(cause)
}

fn make_private(path: &Path) -> Result<()> {
    let mut builder = std::fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::DirBuilderExt as _;
        builder.mode(0o700);
    }
    builder.create(path).map_err(|cause| refused(path, cause))
}
