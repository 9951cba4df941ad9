//! Scenarios of a workspace: what somebody supposes, never what came out of it.

use rusqlite::{Row, params};
use steward_core::id::WorkspaceId;
use steward_core::revenue::scenario::Scenario;
use steward_core::{Error, Result};

use super::{Local, is_primary_key, is_unique, map, unreadable};

impl Local {
    /// The scenarios of a workspace, by name.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn scenarios(&self, workspace: WorkspaceId) -> Result<Vec<Scenario>> {
        let connection = self.connection();
        let mut statement = connection
            .prepare_cached("select name, scenario from scenarios where workspace_id = ?1 order by name")
            .map_err(map)?;
        let rows = statement.query_map([workspace.to_string()], read).map_err(map)?;
        rows.collect::<rusqlite::Result<_>>().map_err(map)
    }

    /// Keeps a scenario; one of its name is replaced.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn put_scenario(&self, workspace: WorkspaceId, scenario: &Scenario) -> Result<()> {
        let text = serde_json::to_string(scenario)
            .map_err(|cause| Error::internal("A scenario has no JSON form.").with_source(cause))?;
        self.connection()
            .execute(
                "insert into scenarios (workspace_id, name, scenario) values (?1, ?2, ?3)
                 on conflict (workspace_id, name) do update set name = excluded.name, scenario = excluded.scenario",
                params![workspace.to_string(), scenario.name, text],
            )
            .map(drop)
            .map_err(map)
    }

    /// Gives a scenario another name; false where there is none of this name.
    ///
    /// # Errors
    /// `Invalid` when another one has the new name.
    pub fn rename_scenario(&self, workspace: WorkspaceId, name: &str, to: &str) -> Result<bool> {
        let renamed = self.connection().execute(
            "update scenarios set name = ?3 where workspace_id = ?1 and name = ?2",
            params![workspace.to_string(), name, to],
        );
        match renamed {
            Ok(count) => Ok(count > 0),
            Err(cause) if is_unique(&cause) || is_primary_key(&cause) => {
                Err(Error::invalid("to", "A scenario of this name is there already.").with_source(cause))
            }
            Err(cause) => Err(map(cause)),
        }
    }

    /// Forgets a scenario; false where there is none of this name.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn remove_scenario(&self, workspace: WorkspaceId, name: &str) -> Result<bool> {
        self.connection()
            .execute(
                "delete from scenarios where workspace_id = ?1 and name = ?2",
                params![workspace.to_string(), name],
            )
            .map(|removed| removed > 0)
            .map_err(map)
    }
}

/// The name is the column's: a scenario that was renamed is not written anew.
fn read(row: &Row<'_>) -> rusqlite::Result<Scenario> {
    let text: String = row.get(1)?;
    let kept: Scenario = serde_json::from_str(&text).map_err(|cause| unreadable(1, cause))?;
    Ok(Scenario { name: row.get(0)?, ..kept })
}
