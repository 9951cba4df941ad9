//! A folder of data on a file system of its own, in a mount namespace that one process sees: a full disk and
//! one that cannot be written are real ones, and nothing of this computer's is filled.

use std::ffi::OsStr;
use std::path::Path;
use std::process::Command;

/// What a folder lies on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FileSystem {
    /// Three megabytes in all.
    Small,
    /// Nothing can be written.
    Sealed,
}

/// Mounts it over the folder and carries over what lay there, which the mount hides.
const SCRIPT: &str = "set -e; kept=$(mktemp -d); cp -a \"$1/.\" \"$kept\"; \
    mount -t tmpfs -o size=3m tmpfs \"$1\"; cp -a \"$kept/.\" \"$1\"; rm -rf \"$kept\"; \
    mount -o \"remount,$2\" \"$1\"; shift 2; exec \"$@\"";

impl FileSystem {
    /// A command that sees `folder` on this file system, with what lies in it when it starts.
    #[must_use]
    pub fn command(self, folder: &Path, program: impl AsRef<OsStr>) -> Command {
        let mut command = Command::new("unshare");
        command.args(["--user", "--map-current-user", "--keep-caps", "--mount", "sh", "-c", SCRIPT, "sh"]);
        command.arg(folder).arg(match self {
            Self::Small => "rw",
            Self::Sealed => "ro",
        });
        command.arg(program);
        command
    }
}
