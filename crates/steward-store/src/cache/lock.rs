//! One writer per file, across processes.

use std::fs::File;
use std::path::Path;

use fs4::fs_std::FileExt;
use steward_core::Result;

use super::{busy, fault};

/// Held while a writer exists. The operating system lets go of it when the process ends, however it ends.
#[derive(Debug)]
pub(crate) struct FileLock {
    _file: File,
}

impl FileLock {
    pub(crate) fn acquire(cache: &Path) -> Result<Self> {
        if let Some(folder) = cache.parent() {
            std::fs::create_dir_all(folder)
                .map_err(|cause| fault::file(cause, "The folder of the local copy cannot be made."))?;
        }
        let path = super::file::beside(cache, "lock");
        let file =
            File::options().create(true).truncate(false).write(true).open(path).map_err(|cause| {
                fault::file(cause, "The lock file beside the local copy cannot be opened.")
            })?;
        let is_ours = file
            .try_lock_exclusive()
            .map_err(|cause| fault::file(cause, "The lock file beside the local copy cannot be locked."))?;
        if is_ours { Ok(Self { _file: file }) } else { Err(busy()) }
    }
}
