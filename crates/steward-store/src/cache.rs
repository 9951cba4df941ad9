//! The encrypted copy of the server's rows, and every number computed from it.
//!
//! One SQLCipher file per workspace. One writer at a time (an OS lock holds others off), any number of
//! readers; rows, cursor and rollups change in one transaction, so an answer is always that of one cut.
//!
//! Map: `file` open, identity, quarantine · `schema` tables made from the dataset specs · `decode` the
//! server's binary values · `revenue` the history of subscriptions · `fold` case · `intern`, `facet` short ids for what repeats ·
//! `writer`, `batch` changes · `log` their way into the file · `rollup` the sums behind every number · `edge` where rows begin and sums
//! alone end · `sums` the server's own · [`query`] answers · [`verify`] comparison with the server.

mod batch;
mod decode;
mod edge;
mod event;
mod facet;
mod fault;
mod file;
mod fold;
pub(crate) mod instant;
mod intern;
mod key;
mod lock;
mod log;
mod pack;
pub mod query;
mod reader;
mod revenue;
mod rollup;
mod schema;
mod state;
mod stripe;
mod sums;
pub mod verify;
mod writer;

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use steward_core::id::WorkspaceId;
use steward_core::{Dataset, Error, ErrorKind, Result};
use tokio::sync::broadcast;

pub use batch::{Applied, Batch, KeyRange, Reconcile, ReplaceSums};
pub use key::CacheKey;
pub use reader::{Reader, ReaderGuard};
pub use sums::{SumBatch, SumKind};
pub use writer::{Hold, Writer};

/// What a commit changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// The datasets about which answers are others now, in their order: rows changed, or whether they are whole.
    pub datasets: Vec<Dataset>,
    /// Whether rows of the billing provider changed.
    pub has_billing: bool,
    /// The generation the commit made.
    pub generation: u64,
}

/// Idle read connections kept open; more are opened when more are asked for at once.
const IDLE_READERS: usize = 3;

/// Commits a slow subscriber may fall behind before it is told that it missed some.
const CHANGE_BACKLOG: usize = 256;

#[derive(Debug)]
struct Inner {
    path: PathBuf,
    key: CacheKey,
    workspace: WorkspaceId,
    idle: Mutex<Vec<rusqlite::Connection>>,
    changes: broadcast::Sender<Change>,
    facets: facet::FacetMemory,
    revenue: revenue::RevenueMemory,
}

/// One workspace's encrypted copy. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Cache {
    inner: Arc<Inner>,
}

impl Cache {
    /// Opens the copy, and creates it when the file is missing.
    ///
    /// # Errors
    /// `CacheKey` when the key does not fit, `CacheForeign` when the file belongs to another workspace or
    /// to another version of Steward, `CacheCorrupt` when it is damaged, `DiskFull`,
    /// `File`.
    pub fn open(path: &Path, key: &CacheKey, workspace: WorkspaceId) -> Result<Self> {
        let connection = file::open(path, key, workspace)?;
        let (changes, _) = broadcast::channel(CHANGE_BACKLOG);
        Ok(Self {
            inner: Arc::new(Inner {
                path: path.to_owned(),
                key: key.clone(),
                workspace,
                idle: Mutex::new(vec![connection]),
                changes,
                facets: facet::FacetMemory::default(),
                revenue: revenue::RevenueMemory::default(),
            }),
        })
    }

    /// Whether a key opens a file, so that a copy that lies in another one's place can be told from a lost key.
    #[must_use]
    pub fn is_opened_by(path: &Path, key: &CacheKey) -> bool {
        file::opens(path, key)
    }

    /// Asks the copy a question on a thread that may block. All reads of one call see the same cut.
    ///
    /// # Errors
    /// What the question fails with, or what opening a connection fails with.
    pub async fn read<T, F>(&self, ask: F) -> Result<T>
    where
        T: Send + 'static,
        F: FnOnce(&Reader) -> Result<T> + Send + 'static,
    {
        let cache = self.clone();
        tokio::task::spawn_blocking(move || ask(&*cache.reader()?))
            .await
            .map_err(|cause| Error::internal("A question to the local copy broke off.").with_source(cause))?
    }

    /// A reader for code that may block. All its reads see the cut at its start.
    ///
    /// # Errors
    /// When the file cannot be opened.
    pub fn reader(&self) -> Result<ReaderGuard> {
        let idle = self.idle().pop();
        let connection = match idle {
            Some(connection) => connection,
            None => file::connect(&self.inner.path, &self.inner.key)?,
        };
        ReaderGuard::begin(connection, Arc::clone(&self.inner))
    }

    /// The one writer.
    ///
    /// # Errors
    /// `CacheBusy` while another writer, here or in another process, has it.
    pub fn writer(&self) -> Result<Writer> {
        let lock = lock::FileLock::acquire(&self.inner.path)?;
        let connection = file::open(&self.inner.path, &self.inner.key, self.inner.workspace)?;
        let mover = log::LogMover::start(file::connect(&self.inner.path, &self.inner.key)?)?;
        Ok(Writer::new(connection, mover, lock, self.inner.changes.clone()))
    }

    /// Every commit from now on.
    #[must_use]
    pub fn subscribe(&self) -> broadcast::Receiver<Change> {
        self.inner.changes.subscribe()
    }

    /// Where the copy lies.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.inner.path
    }

    /// Whose copy it is.
    pub(crate) fn workspace(&self) -> WorkspaceId {
        self.inner.workspace
    }

    /// The key it opens with; it seals what is kept outside it, too.
    pub(crate) fn key(&self) -> &CacheKey {
        &self.inner.key
    }

    /// Size of the copy on disk, with its write-ahead log, in bytes.
    #[must_use]
    pub fn disk_bytes(&self) -> u64 {
        file::companions(&self.inner.path)
            .iter()
            .filter_map(|file| std::fs::metadata(file).ok())
            .map(|data| data.len())
            .sum()
    }

    /// Removes the copy from the disk.
    ///
    /// # Errors
    /// `CacheBusy` while a writer works on it; `File` when the file system refuses.
    pub fn destroy(path: &Path) -> Result<()> {
        let _lock = lock::FileLock::acquire(path)?;
        file::remove(path)
    }

    /// Puts a damaged copy aside under another name, so that the next open makes a new one.
    ///
    /// # Errors
    /// `CacheBusy` while a writer works on it; `File` when the file system refuses.
    pub fn quarantine(path: &Path) -> Result<PathBuf> {
        let _lock = lock::FileLock::acquire(path)?;
        file::quarantine(path)
    }

    fn idle(&self) -> std::sync::MutexGuard<'_, Vec<rusqlite::Connection>> {
        self.inner.idle.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

impl Inner {
    fn put_back(&self, connection: rusqlite::Connection) {
        let mut idle = self.idle.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        if idle.len() < IDLE_READERS {
            idle.push(connection);
        }
    }
}

fn busy() -> Error {
    Error::new(ErrorKind::CacheBusy, "Another Steward is working on this workspace's local copy.")
}
