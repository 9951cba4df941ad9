//! Ends of the audit log's chain that this computer has seen.

use chrono::{DateTime, Utc};
use rusqlite::params;
use steward_core::Result;
use steward_core::audit::AuditHead;
use steward_core::id::WorkspaceId;

use super::{Local, map};

/// Heads kept of a workspace; the oldest make room.
const KEPT: u32 = 1_000;

impl Local {
    /// Keeps the end of a chain. One that is known stays as it was first seen.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn put_audit_head(&self, workspace: WorkspaceId, head: &AuditHead, now: DateTime<Utc>) -> Result<()> {
        let connection = self.connection();
        let inserted = connection
            .execute(
                "insert into audit_heads (workspace_id, id, hash, seen_at) values (?1, ?2, ?3, ?4)
                 on conflict do nothing",
                params![workspace.to_string(), head.id, head.hash, now.to_rfc3339()],
            )
            .map_err(map)?;
        if inserted > 0 {
            connection
                .execute(
                    "delete from audit_heads where workspace_id = ?1 and id <= (
                         select id from audit_heads where workspace_id = ?1 order by id desc limit 1 offset ?2)",
                    params![workspace.to_string(), KEPT],
                )
                .map_err(map)?;
        }
        Ok(())
    }

    /// The heads seen of a workspace, oldest first.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn audit_heads(&self, workspace: WorkspaceId) -> Result<Vec<AuditHead>> {
        let connection = self.connection();
        let mut statement = connection
            .prepare_cached("select id, hash from audit_heads where workspace_id = ?1 order by id, hash")
            .map_err(map)?;
        let rows = statement
            .query_map([workspace.to_string()], |row| Ok(AuditHead { id: row.get(0)?, hash: row.get(1)? }))
            .map_err(map)?;
        rows.collect::<rusqlite::Result<_>>().map_err(map)
    }
}
