//! Opening the encrypted file: key, identity, damage.

use std::io::Read as _;
use std::path::{Path, PathBuf};

use rusqlite::functions::FunctionFlags;
use rusqlite::{Connection, OpenFlags};
use steward_core::id::WorkspaceId;
use steward_core::{Error, ErrorKind, Result};

use super::{CacheKey, fault, fold, schema};

/// Pages of 8 KiB: SQLCipher pays 80 bytes and one authentication per page, and rollups are blobs, which speaks for
/// large ones; but a change to one row writes, authenticates and enciphers a page of each index it is in.
pub(crate) const PAGE_BYTES: u32 = 8_192;

/// Pages of the copies that earlier versions wrote.
const EARLIER_PAGE_BYTES: u32 = 16_384;

/// How much of the file a connection holds in memory.
pub(crate) const HELD_KIB: i64 = 8_192;

const OTHER_VERSION: &str =
    "The local copy was written by another version of Steward and has to be read anew.";

/// How long a statement waits for another connection of this process.
const BUSY: std::time::Duration = std::time::Duration::from_secs(5);

/// The file's own name with another ending, such as `-wal`.
fn with_suffix(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    PathBuf::from(name)
}

/// A file that lies beside the copy: `name.ending`.
pub(crate) fn beside(path: &Path, ending: &str) -> PathBuf {
    with_suffix(path, &format!(".{ending}"))
}

/// The file and what SQLite keeps beside it.
pub(crate) fn companions(path: &Path) -> [PathBuf; 3] {
    [path.to_owned(), with_suffix(path, "-wal"), with_suffix(path, "-shm")]
}

/// A connection with its key, before anything was read.
pub(crate) fn connect(path: &Path, key: &CacheKey) -> Result<Connection> {
    connect_paged(path, key, PAGE_BYTES)
}

fn connect_paged(path: &Path, key: &CacheKey, page_bytes: u32) -> Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE
        | OpenFlags::SQLITE_OPEN_CREATE
        | OpenFlags::SQLITE_OPEN_NO_MUTEX
        | OpenFlags::SQLITE_OPEN_EXRESCODE;
    let connection = Connection::open_with_flags(path, flags).map_err(fault::map)?;
    // The key comes first: SQLCipher reads nothing before it, and a raw key needs no derivation.
    let digits = key.to_hex();
    let pragma = zeroize::Zeroizing::new(format!("x'{}'", digits.as_str()));
    // A wrong key is an error with a code; SQLCipher's own lines on standard error help nobody.
    connection.pragma_update(None, "cipher_log_level", "NONE").map_err(fault::map)?;
    connection.pragma_update(None, "key", pragma.as_str()).map_err(fault::map)?;
    // What SQLCipher would write to standard error comes back as an error code, too.
    connection.pragma_update(None, "cipher_log_level", "none").map_err(fault::map)?;
    connection.pragma_update(None, "cipher_page_size", page_bytes).map_err(fault::map)?;
    // Every page is authenticated whenever it is read or written. Processors have instructions for SHA-256
    // and none for SHA-512: it takes a third of the time, and 256 bits are as far out of reach.
    connection.pragma_update(None, "cipher_hmac_algorithm", "HMAC_SHA256").map_err(fault::map)?;
    // SQLite folds the case of ASCII letters only; people are searched for by theirs.
    let flags =
        FunctionFlags::SQLITE_UTF8 | FunctionFlags::SQLITE_DETERMINISTIC | FunctionFlags::SQLITE_INNOCUOUS;
    connection
        .create_scalar_function("fold", 1, flags, |context| {
            Ok(context.get::<Option<String>>(0)?.map(|text| fold::fold(&text)))
        })
        .map_err(fault::map)?;
    // The audit log writes ids as text.
    connection
        .create_scalar_function("uuid_text", 1, flags, |context| {
            Ok(context.get::<Option<[u8; 16]>>(0)?.map(|id| uuid::Uuid::from_bytes(id).to_string()))
        })
        .map_err(fault::map)?;
    connection.busy_timeout(BUSY).map_err(fault::map)?;
    connection.set_prepared_statement_cache_capacity(128);
    connection
        .execute_batch(
            "pragma temp_store = memory;
             pragma foreign_keys = on;
             pragma synchronous = normal;
             pragma journal_size_limit = 16777216;",
        )
        .and_then(|()| connection.pragma_update(None, "cache_size", -HELD_KIB))
        .map_err(fault::map)?;
    Ok(connection)
}

/// Opens the file, creates it when it is missing or empty, and checks whose it is.
pub(crate) fn open(path: &Path, key: &CacheKey, workspace: WorkspaceId) -> Result<Connection> {
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder)
            .map_err(|cause| fault::file(cause, "The folder of the local copy cannot be made."))?;
    }
    let opened = connect(path, key).and_then(|connection| {
        admit(&connection, path, workspace)?;
        Ok(connection)
    });
    match opened {
        Err(error) if error.kind() == ErrorKind::CacheKey && !is_like_a_copy(path) => {
            Err(Error::new(ErrorKind::CacheForeign, "The file found here is no local copy of Steward's.")
                .with_source(error))
        }
        Err(error) if error.kind() == ErrorKind::CacheKey && opens_paged(path, key, EARLIER_PAGE_BYTES) => {
            Err(Error::new(ErrorKind::CacheForeign, OTHER_VERSION).with_source(error))
        }
        other => other,
    }
}

/// Whether a key opens a file; whose it is, is not asked.
pub(crate) fn opens(path: &Path, key: &CacheKey) -> bool {
    opens_paged(path, key, PAGE_BYTES)
}

fn opens_paged(path: &Path, key: &CacheKey, page_bytes: u32) -> bool {
    let count = |connection: Connection| {
        connection
            .query_row("select count(*) from sqlite_master", [], |row| row.get::<_, i64>(0))
            .map_err(fault::map)
    };
    connect_paged(path, key, page_bytes).and_then(count).is_ok_and(|tables| tables > 0)
}

/// Whether a file that the key does not open can be a copy under another one: whole pages, none of them readable.
fn is_like_a_copy(path: &Path) -> bool {
    let read = || -> std::io::Result<bool> {
        let mut file = std::fs::File::open(path)?;
        let bytes = file.metadata()?.len();
        let mut start = [0; 16];
        let is_plain = file.read_exact(&mut start).is_ok() && start == *b"SQLite format 3\0";
        Ok(bytes.is_multiple_of(u64::from(PAGE_BYTES)) && !is_plain)
    };
    // What cannot be looked at is left to the other code: it claims less.
    read().unwrap_or(true)
}

fn admit(connection: &Connection, path: &Path, workspace: WorkspaceId) -> Result<()> {
    let tables: i64 = connection
        .query_row("select count(*) from sqlite_master", [], |row| row.get(0))
        .map_err(fault::map)?;
    if tables == 0 {
        return schema::create(connection, workspace);
    }
    let pages: u64 = connection
        .query_row("pragma page_count", [], |row| row.get::<_, i64>(0))
        .map_err(fault::map)?
        .unsigned_abs();
    let bytes = std::fs::metadata(path).map_or(0, |data| data.len());
    let has_log = std::fs::metadata(with_suffix(path, "-wal")).is_ok_and(|log| log.len() > 0);
    if !has_log && bytes < pages * u64::from(PAGE_BYTES) {
        return Err(fault::damaged());
    }
    let identity: rusqlite::Result<(String, i64)> =
        connection.query_row("select workspace, schema_version from identity", [], |row| {
            Ok((row.get(0)?, row.get(1)?))
        });
    let foreign = |message: &'static str| Err(Error::new(ErrorKind::CacheForeign, message));
    match identity {
        Ok((owner, version)) if owner == workspace.to_string() => {
            if version == schema::VERSION {
                Ok(())
            } else {
                foreign(OTHER_VERSION)
            }
        }
        Ok(_) => foreign("The local copy found here belongs to another workspace."),
        Err(rusqlite::Error::SqliteFailure(failure, text))
            if failure.extended_code == rusqlite::ffi::SQLITE_ERROR =>
        {
            let cause = rusqlite::Error::SqliteFailure(failure, text);
            Err(Error::new(ErrorKind::CacheForeign, "The file found here is no local copy of Steward's.")
                .with_source(cause))
        }
        Err(other) => Err(fault::map(other)),
    }
}

/// Renames the file and its companions; a damaged copy is evidence and is never deleted.
pub(crate) fn quarantine(path: &Path) -> Result<PathBuf> {
    let refused = |cause| fault::file(cause, "The damaged local copy cannot be put aside.");
    let aside = (1_u32..)
        .map(|number| beside(path, &format!("damaged-{number}")))
        .find(|name| !name.exists())
        .expect("some number is free");
    for (from, to) in companions(path).iter().zip(companions(&aside)) {
        match std::fs::rename(from, to) {
            Err(cause) if cause.kind() != std::io::ErrorKind::NotFound => return Err(refused(cause)),
            Ok(()) | Err(_) => {}
        }
    }
    Ok(aside)
}

/// Deletes the file and its companions.
pub(crate) fn remove(path: &Path) -> Result<()> {
    for file in companions(path) {
        match std::fs::remove_file(&file) {
            Err(cause) if cause.kind() != std::io::ErrorKind::NotFound => {
                return Err(fault::file(cause, "The local copy cannot be removed."));
            }
            Ok(()) | Err(_) => {}
        }
    }
    Ok(())
}
