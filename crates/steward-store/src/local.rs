//! `local.db`: what must survive a dropped copy. Workspaces, the current one, settings, kept views, scenarios and rates, and
//! months closed without a connection.
//!
//! Plain SQLite without a secret in it (closed months lie there sealed), `synchronous = full`, each change a transaction of its own. Calls
//! block and are short; async callers run them on a blocking thread.

mod audit_heads;
mod closes;
mod exports;
mod rates;
mod scenarios;

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use chrono::{DateTime, Utc};
use rusqlite::{Connection, OptionalExtension as _, Row, params};
use serde::Serialize;
use serde::de::DeserializeOwned;
use steward_core::id::WorkspaceId;
use steward_core::usage::SavedView;
use steward_core::{Error, ErrorKind, Result};

pub use exports::KeptExport;

/// The version this Steward writes, in SQLite's `user_version`.
const VERSION: i64 = 7;

/// What each version adds, the first one first.
const MIGRATIONS: [&str; VERSION as usize] = [
    include_str!("../../../migrations/local/0001_workspaces_and_settings.sql"),
    include_str!("../../../migrations/local/0002_saved_views.sql"),
    include_str!("../../../migrations/local/0003_exports.sql"),
    include_str!("../../../migrations/local/0004_unlocked.sql"),
    include_str!("../../../migrations/local/0005_audit_heads.sql"),
    include_str!("../../../migrations/local/0006_scenarios_and_rates.sql"),
    include_str!("../../../migrations/local/0007_kept_closes.sql"),
];

/// A workspace as `local.db` keeps it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WorkspaceRecord {
    /// Id.
    pub id: WorkspaceId,
    /// Name, unique without regard to case.
    pub name: String,
    /// `production`, `staging`, `development`, `sample`.
    pub environment: String,
    /// Connection URL without a password.
    pub url: String,
    /// CA certificate file of the server.
    pub ca_file: Option<PathBuf>,
    /// Whether changes are refused from here, outside the time it is unlocked for.
    pub is_read_only: bool,
    /// Until when everything may be changed; none, or past, is not unlocked.
    pub unlocked_until: Option<DateTime<Utc>>,
    /// The role of the login as last seen.
    pub role: Option<String>,
    /// When it was added.
    pub created_at: DateTime<Utc>,
}

/// The open file; cheap to clone.
#[derive(Debug, Clone)]
pub struct Local(Arc<Mutex<Connection>>);

impl Local {
    /// Opens or creates the file. A file of a newer Steward and a damaged one are refused and left alone.
    pub fn open(path: &Path) -> Result<Self> {
        let open = || -> rusqlite::Result<(Connection, i64)> {
            let connection = Connection::open(path)?;
            connection.busy_timeout(std::time::Duration::from_secs(5))?;
            connection.pragma_update(None, "journal_mode", "wal")?;
            connection.pragma_update(None, "synchronous", "full")?;
            connection.pragma_update(None, "foreign_keys", true)?;
            let version = connection.pragma_query_value(None, "user_version", |row| row.get(0))?;
            Ok((connection, version))
        };
        let (mut connection, version) =
            open().map_err(|cause| map(cause).with_detail(path.display().to_string()))?;
        if version > VERSION {
            return Err(Error::new(ErrorKind::SchemaNewer, "local.db was written by a newer Steward.")
                .with_detail(path.display().to_string()));
        }
        if version < VERSION {
            migrate(&mut connection).map_err(map)?;
        }
        Ok(Self(Arc::new(Mutex::new(connection))))
    }

    /// Every workspace by name.
    pub fn workspaces(&self) -> Result<Vec<WorkspaceRecord>> {
        let connection = self.connection();
        let mut statement = connection
            .prepare_cached(
                "select id, name, environment, url, ca_file, is_read_only, role, created_at, unlocked_until
                 from workspaces order by name collate nocase",
            )
            .map_err(map)?;
        let rows = statement.query_map([], read_workspace).map_err(map)?;
        rows.collect::<rusqlite::Result<_>>().map_err(map)
    }

    /// Adds a workspace, or replaces the one with its id. A name in use is refused.
    pub fn put_workspace(&self, record: &WorkspaceRecord) -> Result<()> {
        let result = self.connection().execute(
            "insert into workspaces
                 (id, name, environment, url, ca_file, is_read_only, role, created_at, unlocked_until)
             values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)
             on conflict (id) do update set name = excluded.name, environment = excluded.environment,
                 url = excluded.url, ca_file = excluded.ca_file, is_read_only = excluded.is_read_only,
                 role = excluded.role, unlocked_until = excluded.unlocked_until",
            params![
                record.id.to_string(),
                record.name,
                record.environment,
                record.url,
                record.ca_file.as_ref().map(|path| path.to_string_lossy()),
                record.is_read_only,
                record.role,
                record.created_at.to_rfc3339(),
                record.unlocked_until.map(|until| until.to_rfc3339()),
            ],
        );
        match result {
            Ok(_) => Ok(()),
            Err(cause) if is_unique(&cause) => {
                Err(Error::invalid("name", "A workspace of this name is there already.").with_source(cause))
            }
            Err(cause) => Err(map(cause)),
        }
    }

    /// Forgets a workspace, and that it was the current one.
    pub fn remove_workspace(&self, id: WorkspaceId) -> Result<()> {
        self.connection()
            .execute("delete from workspaces where id = ?1", [id.to_string()])
            .map(drop)
            .map_err(map)
    }

    /// The current workspace's id.
    pub fn current(&self) -> Result<Option<WorkspaceId>> {
        let id: Option<String> = self
            .connection()
            .query_row("select workspace_id from current_workspace", [], |row| row.get(0))
            .optional()
            .map_err(map)?;
        Ok(id.and_then(|id| id.parse().ok()))
    }

    /// Makes a workspace the current one.
    pub fn set_current(&self, id: WorkspaceId) -> Result<()> {
        self.connection()
            .execute(
                "insert into current_workspace (only, workspace_id) values (1, ?1)
                 on conflict (only) do update set workspace_id = excluded.workspace_id",
                [id.to_string()],
            )
            .map(drop)
            .map_err(map)
    }

    /// A kept value; none where there is none, or none that can still be read.
    pub fn setting<T: DeserializeOwned>(&self, name: &str) -> Result<Option<T>> {
        let text: Option<String> = self
            .connection()
            .query_row("select value from settings where name = ?1", [name], |row| row.get(0))
            .optional()
            .map_err(map)?;
        Ok(text.and_then(|text| serde_json::from_str(&text).ok()))
    }

    /// Keeps a value under a name.
    pub fn put_setting(&self, name: &str, value: &impl Serialize) -> Result<()> {
        let text = serde_json::to_string(value)
            .map_err(|cause| Error::internal("A setting has no JSON form.").with_source(cause))?;
        self.connection()
            .execute(
                "insert into settings (name, value) values (?1, ?2)
                 on conflict (name) do update set value = excluded.value",
                [name, &text],
            )
            .map(drop)
            .map_err(map)
    }

    /// Forgets a setting.
    pub fn remove_setting(&self, name: &str) -> Result<()> {
        self.connection().execute("delete from settings where name = ?1", [name]).map(drop).map_err(map)
    }

    /// The views kept for a workspace, by name.
    pub fn views(&self, workspace: WorkspaceId) -> Result<Vec<SavedView>> {
        let connection = self.connection();
        let mut statement = connection
            .prepare_cached(
                "select name, path, search from saved_views where workspace_id = ?1 order by name",
            )
            .map_err(map)?;
        let read = |row: &Row<'_>| {
            let search: String = row.get(2)?;
            let search = serde_json::from_str(&search).map_err(|cause| unreadable(2, cause))?;
            Ok(SavedView { name: row.get(0)?, path: row.get(1)?, search })
        };
        let rows = statement.query_map([workspace.to_string()], read).map_err(map)?;
        rows.collect::<rusqlite::Result<_>>().map_err(map)
    }

    /// Keeps a view; one of its name is replaced.
    pub fn put_view(&self, workspace: WorkspaceId, view: &SavedView) -> Result<()> {
        self.connection()
            .execute(
                "insert into saved_views (workspace_id, name, path, search) values (?1, ?2, ?3, ?4)
                 on conflict (workspace_id, name) do update set name = excluded.name, path = excluded.path,
                     search = excluded.search",
                params![workspace.to_string(), view.name, view.path, view.search.to_string()],
            )
            .map(drop)
            .map_err(map)
    }

    /// Forgets a view; false where there is none of this name.
    pub fn remove_view(&self, workspace: WorkspaceId, name: &str) -> Result<bool> {
        self.connection()
            .execute(
                "delete from saved_views where workspace_id = ?1 and name = ?2",
                params![workspace.to_string(), name],
            )
            .map(|removed| removed > 0)
            .map_err(map)
    }

    /// A number that changes whenever another process, or another open file, wrote something.
    pub fn data_version(&self) -> Result<i64> {
        self.connection().pragma_query_value(None, "data_version", |row| row.get(0)).map_err(map)
    }

    fn connection(&self) -> MutexGuard<'_, Connection> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn migrate(connection: &mut Connection) -> rusqlite::Result<()> {
    // Two first starts at once: the second finds the work done.
    let transaction = connection.transaction_with_behavior(rusqlite::TransactionBehavior::Immediate)?;
    let version: i64 = transaction.pragma_query_value(None, "user_version", |row| row.get(0))?;
    for migration in MIGRATIONS.iter().skip(usize::try_from(version).unwrap_or(0)) {
        transaction.execute_batch(migration)?;
    }
    transaction.pragma_update(None, "user_version", VERSION)?;
    transaction.commit()
}

fn read_workspace(row: &Row<'_>) -> rusqlite::Result<WorkspaceRecord> {
    let id: String = row.get(0)?;
    let created_at: String = row.get(7)?;
    Ok(WorkspaceRecord {
        id: id.parse().map_err(|cause: uuid::Error| unreadable(0, cause))?,
        name: row.get(1)?,
        environment: row.get(2)?,
        url: row.get(3)?,
        ca_file: row.get::<_, Option<String>>(4)?.map(PathBuf::from),
        is_read_only: row.get(5)?,
        role: row.get(6)?,
        created_at: DateTime::parse_from_rfc3339(&created_at)
            .map_err(|cause| unreadable(7, cause))?
            .with_timezone(&Utc),
        // What cannot be read unlocks nothing.
        unlocked_until: row
            .get::<_, Option<String>>(8)?
            .and_then(|text| DateTime::parse_from_rfc3339(&text).ok())
            .map(|until| until.to_utc()),
    })
}

fn unreadable(column: usize, cause: impl std::error::Error + Send + Sync + 'static) -> rusqlite::Error {
    rusqlite::Error::FromSqlConversionFailure(column, rusqlite::types::Type::Text, Box::new(cause))
}

fn is_unique(cause: &rusqlite::Error) -> bool {
    matches!(cause, rusqlite::Error::SqliteFailure(failure, _)
        if failure.extended_code == rusqlite::ffi::SQLITE_CONSTRAINT_UNIQUE)
}

fn is_primary_key(cause: &rusqlite::Error) -> bool {
    matches!(cause, rusqlite::Error::SqliteFailure(failure, _)
        if failure.extended_code == rusqlite::ffi::SQLITE_CONSTRAINT_PRIMARYKEY)
}

fn map(cause: rusqlite::Error) -> Error {
    use rusqlite::ErrorCode as Code;
    let (kind, message) = match cause.sqlite_error_code() {
        Some(Code::DiskFull) => (ErrorKind::DiskFull, "The disk is full; local.db was not changed."),
        Some(Code::NotADatabase | Code::DatabaseCorrupt) => {
            (ErrorKind::CacheCorrupt, "local.db is damaged and was left as it is.")
        }
        Some(Code::DatabaseBusy | Code::DatabaseLocked) => {
            (ErrorKind::CacheBusy, "Another Steward holds local.db.")
        }
        Some(Code::CannotOpen | Code::ReadOnly | Code::PermissionDenied | Code::SystemIoFailure) => {
            (ErrorKind::File, "local.db cannot be opened or written.")
        }
        _ => (ErrorKind::Internal, "local.db answered something unexpected."),
    };
    Error::new(kind, message).with_source(cause)
}
