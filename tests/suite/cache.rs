//! The encrypted copy: file, rows, rollups, answers. Needs no server.

mod billing;
mod events;
mod file;
mod lists;
mod overview;
mod people;
mod rollups;
mod usage;

use steward_core::id::WorkspaceId;
use steward_store::cache::{Cache, CacheKey};
use tempfile::TempDir;
use uuid::Uuid;

/// A new copy in a folder of its own.
struct Scratch {
    folder: TempDir,
    key: CacheKey,
    cache: Cache,
}

const WORKSPACE: WorkspaceId = WorkspaceId(Uuid::from_u128(7));

impl Scratch {
    fn new() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let key = CacheKey::generate();
        let cache = Cache::open(&folder.path().join("cache.db"), &key, WORKSPACE).expect("a new copy");
        Self { folder, key, cache }
    }

    fn path(&self) -> std::path::PathBuf {
        self.folder.path().join("cache.db")
    }
}
