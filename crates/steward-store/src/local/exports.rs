//! Exports of this computer, kept where every process of it sees them.

use chrono::{DateTime, Utc};
use rusqlite::{OptionalExtension as _, params};
use serde_json::Value;
use steward_core::export::ExportJob;
use steward_core::id::WorkspaceId;
use steward_core::{Error, Result};
use uuid::Uuid;

use super::{Local, map};

/// An export, and when the process that writes it last came by.
#[derive(Debug, Clone)]
pub struct KeptExport {
    /// The export.
    pub job: ExportJob,
    /// When its process came by.
    pub seen_at: DateTime<Utc>,
}

impl Local {
    /// Keeps how far an export is. Answers whether somebody asked it to stop.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn put_export(
        &self,
        workspace: WorkspaceId,
        job: &ExportJob,
        seen_at: DateTime<Utc>,
    ) -> Result<bool> {
        let text = serde_json::to_string(job)
            .map_err(|cause| Error::internal("An export has no JSON form.").with_source(cause))?;
        self.connection()
            .query_row(
                "insert into exports (id, workspace_id, started_at, job, seen_at) values (?1, ?2, ?3, ?4, ?5)
                 on conflict (id) do update set job = excluded.job, seen_at = excluded.seen_at
                 returning is_cancelled",
                params![
                    job.id.to_string(),
                    workspace.to_string(),
                    job.started_at.to_rfc3339(),
                    text,
                    seen_at.to_rfc3339()
                ],
                |row| row.get(0),
            )
            .map_err(map)
    }

    /// The last exports of a workspace, newest first.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn exports(&self, workspace: WorkspaceId, limit: u32) -> Result<Vec<KeptExport>> {
        let connection = self.connection();
        let mut statement = connection
            .prepare_cached(
                "select job, seen_at from exports where workspace_id = ?1
                 order by started_at desc, id limit ?2",
            )
            .map_err(map)?;
        let rows = statement
            .query_map(params![workspace.to_string(), limit], |row| {
                Ok((row.get::<_, String>(0)?, row.get::<_, String>(1)?))
            })
            .map_err(map)?;
        let mut kept = Vec::new();
        for row in rows {
            let (job, seen_at) = row.map_err(map)?;
            // An export that another version wrote is no reason to show none.
            if let (Ok(job), Ok(seen_at)) =
                (serde_json::from_str(&job), DateTime::parse_from_rfc3339(&seen_at))
            {
                kept.push(KeptExport { job, seen_at: seen_at.to_utc() });
            }
        }
        Ok(kept)
    }

    /// Asks the process that writes an export to stop. False when there is no such export.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn cancel_export(&self, id: Uuid) -> Result<bool> {
        self.connection()
            .execute("update exports set is_cancelled = 1 where id = ?1", [id.to_string()])
            .map(|rows| rows > 0)
            .map_err(map)
    }

    /// Keeps what the server has to be told of an export; none once it knows.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn put_untold(&self, id: Uuid, what: Option<&Value>) -> Result<()> {
        self.connection()
            .execute(
                "update exports set untold = ?2 where id = ?1",
                params![id.to_string(), what.map(Value::to_string)],
            )
            .map(drop)
            .map_err(map)
    }

    /// What the server has still to be told of a workspace's exports, oldest first.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn untold_exports(&self, workspace: WorkspaceId) -> Result<Vec<(ExportJob, Value)>> {
        let connection = self.connection();
        let mut statement = connection
            .prepare_cached(
                "select job, untold from exports where workspace_id = ?1 and untold is not null
                 order by started_at, id",
            )
            .map_err(map)?;
        let rows = statement
            .query_map([workspace.to_string()], |row| {
                Ok((row.get::<_, String>(0)?, row.get::<_, String>(1)?))
            })
            .map_err(map)?;
        let mut untold = Vec::new();
        for row in rows {
            let (job, what) = row.map_err(map)?;
            if let (Ok(job), Ok(what)) = (serde_json::from_str(&job), serde_json::from_str(&what)) {
                untold.push((job, what));
            }
        }
        Ok(untold)
    }

    /// One export.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn export(&self, id: Uuid) -> Result<Option<ExportJob>> {
        let text: Option<String> = self
            .connection()
            .query_row("select job from exports where id = ?1", [id.to_string()], |row| row.get(0))
            .optional()
            .map_err(map)?;
        Ok(text.and_then(|text| serde_json::from_str(&text).ok()))
    }
}
