//! The file of an export: written under another name beside its place, renamed when it is whole.

use std::fs::{File, OpenOptions};
use std::io::{self, BufReader, BufWriter, Read as _, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use sha2::{Digest as _, Sha256};
use steward_core::export::Manifest;
use steward_core::{Error, ErrorKind, Result};
use uuid::Uuid;

use super::pulse::Pulse;

/// Bytes read and written at once.
const BUFFER: usize = 1 << 18;

/// Where an export goes.
#[derive(Debug)]
pub(crate) struct Target {
    pub(crate) path: PathBuf,
    pub(crate) folder: PathBuf,
    is_replacing: bool,
    id: Uuid,
}

impl Target {
    /// # Errors
    /// `Invalid` with the field `path` for what is no place for a file.
    pub(crate) fn new(text: &str, id: Uuid, is_replacing: bool) -> Result<Self> {
        let path = PathBuf::from(text.trim());
        let folder = path.parent().filter(|folder| folder.is_absolute()).map(Path::to_owned);
        let (Some(folder), Some(_)) = (folder, path.file_name()) else {
            return Err(Error::invalid("path", "Say which file to write, with its folder."));
        };
        if !folder.is_dir() {
            return Err(Error::invalid("path", "This folder does not exist."));
        }
        if path.is_dir() {
            return Err(Error::invalid("path", "This is a folder, not a file."));
        }
        let target = Self { path, folder, is_replacing, id };
        target.check_free()?;
        Ok(target)
    }

    fn check_free(&self) -> Result<()> {
        if !self.is_replacing && self.path.exists() {
            return Err(Error::invalid("path", "A file of this name is there already."));
        }
        Ok(())
    }

    /// The manifest beside it.
    pub(crate) fn manifest_path(&self) -> PathBuf {
        let mut name = self.path.file_name().unwrap_or_default().to_owned();
        name.push(".meta.json");
        self.folder.join(name)
    }

    /// The file under its other name.
    pub(crate) fn begin(&self) -> Result<Part> {
        Part::create(part_path(&self.path, self.id))
    }

    /// Puts file and manifest into their places. The manifest comes last: a file without one is not done.
    pub(crate) fn publish(&self, data: Part, manifest: &Manifest) -> Result<()> {
        let text = serde_json::to_string_pretty(manifest)
            .map_err(|cause| Error::internal("The manifest has no JSON form.").with_source(cause))?;
        let manifest_path = self.manifest_path();
        let mut meta = Part::create(part_path(&manifest_path, self.id))?;
        meta.file.write_all(text.as_bytes()).and_then(|()| meta.file.write_all(b"\n")).map_err(refused)?;
        for part in [&data, &meta] {
            part.file.sync_all().map_err(refused)?;
        }
        self.check_free()?;
        data.rename(&self.path)?;
        meta.rename(&manifest_path)
    }
}

/// What an export that never ended may have left.
pub(crate) fn remove_parts(path: &Path, id: Uuid) {
    for path in [path.to_owned(), PathBuf::from(format!("{}.meta.json", path.display()))] {
        // It is gone, or it never was.
        let _ = std::fs::remove_file(part_path(&path, id));
    }
}

fn part_path(path: &Path, id: Uuid) -> PathBuf {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    path.with_file_name(format!(".{name}.{}.part", id.simple()))
}

/// A file that is not whole yet; it is removed unless it is renamed.
#[derive(Debug)]
pub(crate) struct Part {
    file: File,
    path: PathBuf,
    is_done: bool,
}

impl Part {
    /// Closed to other people of this computer: it holds what only this login may read.
    fn create(path: PathBuf) -> Result<Self> {
        let mut options = OpenOptions::new();
        options.write(true).read(true).create_new(true);
        #[cfg(unix)]
        {
            use std::os::unix::fs::OpenOptionsExt as _;
            options.mode(0o600);
        }
        let file = options.open(&path).map_err(refused)?;
        Ok(Self { file, path, is_done: false })
    }

    /// Where the table's bytes go; a stop of the export is a failure of the write.
    pub(crate) fn writer(&self, pulse: Arc<Pulse>) -> Result<BufWriter<Stoppable>> {
        let file = self.file.try_clone().map_err(refused)?;
        Ok(BufWriter::with_capacity(BUFFER, Stoppable { file, pulse }))
    }

    /// Bytes and SHA-256 of what lies on the disk.
    pub(crate) fn digest(&self, pulse: &Pulse) -> Result<(u64, String)> {
        let mut reader = BufReader::with_capacity(BUFFER, File::open(&self.path).map_err(refused)?);
        let (mut hash, mut bytes, mut buffer) = (Sha256::new(), 0_u64, vec![0; BUFFER]);
        loop {
            pulse.check()?;
            let count = reader.read(&mut buffer).map_err(refused)?;
            if count == 0 {
                return Ok((bytes, hex::encode(hash.finalize())));
            }
            hash.update(&buffer[..count]);
            bytes += count as u64;
        }
    }

    fn rename(mut self, path: &Path) -> Result<()> {
        std::fs::rename(&self.path, path).map_err(refused)?;
        self.is_done = true;
        Ok(())
    }
}

impl Drop for Part {
    fn drop(&mut self) {
        if !self.is_done {
            let _ = std::fs::remove_file(&self.path);
        }
    }
}

/// A file that refuses to be written once the export was stopped.
#[derive(Debug)]
pub(crate) struct Stoppable {
    file: File,
    pulse: Arc<Pulse>,
}

impl Write for Stoppable {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.pulse.check().map_err(io::Error::other)?;
        self.file.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

/// What the file system refused.
pub(crate) fn refused(cause: io::Error) -> Error {
    let (kind, message) = match cause.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => {
            (ErrorKind::DiskFull, "The disk is full; no file was left behind.")
        }
        _ => (ErrorKind::File, "The file could not be written."),
    };
    Error::new(kind, message).with_source(cause)
}
