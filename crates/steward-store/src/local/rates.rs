//! The base currency of a workspace, and the rates stated for it.

use rusqlite::{OptionalExtension as _, Row, params};
use steward_core::Result;
use steward_core::id::WorkspaceId;
use steward_core::revenue::rate::{Rate, RateList};

use super::{Local, map, unreadable};

impl Local {
    /// The base currency with its rates, by currency.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn rates(&self, workspace: WorkspaceId) -> Result<RateList> {
        let connection = self.connection();
        let base: Option<String> = connection
            .query_row(
                "select currency from base_currencies where workspace_id = ?1",
                [workspace.to_string()],
                |row| row.get(0),
            )
            .optional()
            .map_err(map)?;
        let mut statement = connection
            .prepare_cached(
                "select currency, rate, date, source from rates where workspace_id = ?1 and base = ?2
                 order by currency",
            )
            .map_err(map)?;
        let read = |row: &Row<'_>| {
            let date: String = row.get(2)?;
            Ok(Rate {
                currency: row.get(0)?,
                rate: row.get(1)?,
                date: date.parse().map_err(|cause: chrono::ParseError| unreadable(2, cause))?,
                source: row.get(3)?,
            })
        };
        let rows = statement.query_map(params![workspace.to_string(), base], read).map_err(map)?;
        Ok(RateList { base, rates: rows.collect::<rusqlite::Result<_>>().map_err(map)? })
    }

    /// Chooses a base currency, or none. Each has rates of its own, which stay.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn set_base_currency(&self, workspace: WorkspaceId, currency: Option<&str>) -> Result<()> {
        let id = workspace.to_string();
        let connection = self.connection();
        match currency {
            Some(currency) => connection.execute(
                "insert into base_currencies (workspace_id, currency) values (?1, ?2)
                 on conflict (workspace_id) do update set currency = excluded.currency",
                params![id, currency],
            ),
            None => connection.execute("delete from base_currencies where workspace_id = ?1", [id]),
        }
        .map(drop)
        .map_err(map)
    }

    /// States a rate in a base currency; one of its currency is replaced.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn put_rate(&self, workspace: WorkspaceId, base: &str, rate: &Rate) -> Result<()> {
        self.connection()
            .execute(
                "insert into rates (workspace_id, base, currency, rate, date, source)
                 values (?1, ?2, ?3, ?4, ?5, ?6)
                 on conflict (workspace_id, base, currency) do update set rate = excluded.rate, date = excluded.date,
                     source = excluded.source",
                params![
                    workspace.to_string(),
                    base,
                    rate.currency,
                    rate.rate,
                    rate.date.to_string(),
                    rate.source
                ],
            )
            .map(drop)
            .map_err(map)
    }

    /// Forgets a rate in the base currency; false where there is none of this currency.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn remove_rate(&self, workspace: WorkspaceId, currency: &str) -> Result<bool> {
        self.connection()
            .execute(
                "delete from rates where workspace_id = ?1 and currency = ?2
                     and base = (select b.currency from base_currencies b where b.workspace_id = ?1)",
                params![workspace.to_string(), currency],
            )
            .map(|removed| removed > 0)
            .map_err(map)
    }
}
