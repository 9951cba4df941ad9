//! Months that are closed on this computer and not sent: sealed with the key of the workspace's copy.
//!
//! They outlive the copy, which may be dropped and read anew under the same key.

use rusqlite::{OptionalExtension as _, params};
use steward_core::id::WorkspaceId;
use steward_core::revenue::Month;
use steward_core::revenue::kept::{KeptClose, KeptCloses};
use steward_core::{Error, Result};

use super::{Local, is_primary_key, map};
use crate::cache::Cache;

impl Local {
    /// Keeps a closed month of the copy's workspace.
    ///
    /// # Errors
    /// `Invalid` where it is kept already; when the file cannot be written.
    pub fn put_close(&self, cache: &Cache, close: &KeptClose) -> Result<()> {
        let (workspace, month) = (cache.workspace(), close.month.to_string());
        let plain = serde_json::to_vec(close)
            .map_err(|cause| Error::internal("A closed month has no JSON form.").with_source(cause))?;
        let sealed = cache.key().seal(&zeroize::Zeroizing::new(plain), &belongs_to(workspace, &month))?;
        let kept = self.connection().execute(
            "insert into kept_closes (workspace_id, month, sealed) values (?1, ?2, ?3)",
            params![workspace.to_string(), month, sealed],
        );
        match kept {
            Ok(_) => Ok(()),
            Err(cause) if is_primary_key(&cause) => Err(Error::invalid(
                "month",
                format!("{month} is closed on this computer already; send it, or drop it first."),
            )
            .with_source(cause)),
            Err(cause) => Err(map(cause)),
        }
    }

    /// The closed months of the copy's workspace, newest first. One that cannot be opened is named, and stays.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn closes(&self, cache: &Cache) -> Result<KeptCloses> {
        let mut kept = KeptCloses::default();
        for (month, sealed) in self.sealed_closes(cache.workspace())? {
            let opened = cache.key().unseal(&sealed, &belongs_to(cache.workspace(), &month))?;
            let close: Option<KeptClose> = opened.and_then(|plain| serde_json::from_slice(&plain).ok());
            match close {
                Some(close) => kept.closes.push(close),
                None => kept.unreadable.push(month.parse()?),
            }
        }
        Ok(kept)
    }

    /// The months that are closed on this computer in a workspace, newest first; this needs no key.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn closed_months(&self, workspace: WorkspaceId) -> Result<Vec<Month>> {
        self.sealed_closes(workspace)?.into_iter().map(|(month, _)| month.parse()).collect()
    }

    /// Throws a month away; false where it is not kept.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn remove_close(&self, workspace: WorkspaceId, month: Month) -> Result<bool> {
        self.connection()
            .execute(
                "delete from kept_closes where workspace_id = ?1 and month = ?2",
                params![workspace.to_string(), month.to_string()],
            )
            .map(|removed| removed > 0)
            .map_err(map)
    }

    /// Forgets a month that the server has by now. One that was dropped and closed anew meanwhile is another one, and stays.
    ///
    /// # Errors
    /// When the file cannot be read or written.
    pub fn forget_sent_close(&self, cache: &Cache, sent: &KeptClose) -> Result<()> {
        let (workspace, month) = (cache.workspace(), sent.month.to_string());
        let sealed: Option<Vec<u8>> = self
            .connection()
            .query_row(
                "select sealed from kept_closes where workspace_id = ?1 and month = ?2",
                params![workspace.to_string(), month],
                |row| row.get(0),
            )
            .optional()
            .map_err(map)?;
        let Some(sealed) = sealed else { return Ok(()) };
        let opened = cache.key().unseal(&sealed, &belongs_to(workspace, &month))?;
        let close: Option<KeptClose> = opened.and_then(|plain| serde_json::from_slice(&plain).ok());
        if close.is_some_and(|close| close.intent == sent.intent) {
            self.connection()
                .execute(
                    "delete from kept_closes where workspace_id = ?1 and month = ?2 and sealed = ?3",
                    params![workspace.to_string(), month, sealed],
                )
                .map_err(map)?;
        }
        Ok(())
    }

    fn sealed_closes(&self, workspace: WorkspaceId) -> Result<Vec<(String, Vec<u8>)>> {
        let connection = self.connection();
        let mut statement = connection
            .prepare_cached(
                "select month, sealed from kept_closes where workspace_id = ?1 order by month desc",
            )
            .map_err(map)?;
        let rows = statement
            .query_map([workspace.to_string()], |row| Ok((row.get(0)?, row.get(1)?)))
            .map_err(map)?;
        rows.collect::<rusqlite::Result<_>>().map_err(map)
    }
}

/// What a sealed month is bound to: moved to another month or workspace, it does not open.
fn belongs_to(workspace: WorkspaceId, month: &str) -> Vec<u8> {
    [workspace.0.as_bytes(), month.as_bytes()].concat()
}

#[cfg(test)]
mod tests {
    use super::super::MIGRATIONS;
    use super::*;
    use crate::cache::CacheKey;

    const WORKSPACE: WorkspaceId = WorkspaceId(uuid::Uuid::from_u128(7));

    /// A file as the version before this table wrote it, with a workspace in it.
    fn before(path: &std::path::Path) {
        let file = rusqlite::Connection::open(path).expect("a file");
        for migration in &MIGRATIONS[..6] {
            file.execute_batch(migration).expect("it applies");
        }
        file.pragma_update(None, "user_version", 6).expect("written");
        file.execute(
            "insert into workspaces (id, name, environment, url, is_read_only, created_at)
             values (?1, 'acme', 'development', 'postgresql://me@localhost/app', 0, '2026-01-01T00:00:00Z')",
            [WORKSPACE.to_string()],
        )
        .expect("written");
    }

    fn close(month: &str, intent: u128) -> KeptClose {
        KeptClose {
            intent: steward_core::id::IntentId(uuid::Uuid::from_u128(intent)),
            month: month.parse().expect("a month"),
            zone: chrono_tz::Tz::Europe__Berlin,
            profile: "stripe".to_owned(),
            figures: "{}".to_owned(),
            reason: String::new(),
            as_of: chrono::DateTime::UNIX_EPOCH,
            kept_at: chrono::DateTime::UNIX_EPOCH,
            login: "fin_ada".to_owned(),
        }
    }

    #[test]
    fn a_file_of_the_version_before_keeps_months_and_another_key_names_them() {
        let folder = std::env::temp_dir().join(format!("steward-closes-{}", uuid::Uuid::now_v7()));
        std::fs::create_dir(&folder).expect("a folder");
        before(&folder.join("local.db"));
        let local = Local::open(&folder.join("local.db")).expect("it is brought to this version");
        let key = CacheKey::generate();
        let cache = Cache::open(&folder.join("copy.db"), &key, WORKSPACE).expect("a copy");
        let (older, newer) = (close("2026-09", 1), close("2026-10", 2));
        for close in [&older, &newer] {
            local.put_close(&cache, close).expect("it is kept");
        }
        let twice = local.put_close(&cache, &newer).expect_err("it is kept already");
        assert_eq!(twice.fields()[0].field, "month");
        assert_eq!(local.closes(&cache).expect("a list").closes, [newer.clone(), older.clone()]);

        let other = Cache::open(&folder.join("other.db"), &CacheKey::generate(), WORKSPACE).expect("a copy");
        let locked = local.closes(&other).expect("a list");
        assert_eq!((locked.closes.len(), &locked.unreadable), (0, &vec![newer.month, older.month]));
        assert!(locked.of(newer.month).is_err(), "it is there, and cannot be opened");
        local.forget_sent_close(&other, &newer).expect("nothing is done");

        // Closed anew after it was sent: that one has still to be sent.
        local.forget_sent_close(&cache, &close("2026-10", 3)).expect("nothing is done");
        assert_eq!(local.closed_months(WORKSPACE).expect("months").len(), 2);
        local.forget_sent_close(&cache, &newer).expect("it is forgotten");
        assert_eq!(local.closes(&cache).expect("a list").closes, std::slice::from_ref(&older));
        assert!(local.remove_close(WORKSPACE, older.month).expect("it is thrown away"));
        assert!(!local.remove_close(WORKSPACE, older.month).expect("once"));
        drop((cache, other, local));
        std::fs::remove_dir_all(folder).expect("removed");
    }
}
