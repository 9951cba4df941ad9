//! `database_status`, `database_install`: the contract on the server.

use serde::{Deserialize, Serialize};
use steward_core::Result;
use steward_store::postgres::PgConnection;
use steward_store::postgres::connect::{Address, connect};
use steward_store::postgres::install::{self, InstallStatus};
use ts_rs::TS;

use crate::context::Steward;
use crate::table::Mode;

/// One migration of the contract.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct MigrationRow {
    /// Dated version, `YYYYMMDDhhmmss`.
    pub version: i64,
    /// What it adds.
    pub name: String,
    /// Whether the database has it.
    pub is_applied: bool,
}

/// The contract on a server.
#[derive(Debug, Clone, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct DatabaseStatus {
    /// Whether schema `steward` exists.
    pub is_installed: bool,
    /// `PostgreSQL 15.18`.
    pub server_version: String,
    /// Whether it is a Supabase database (schema `auth` with `users` and `uid()`).
    pub is_supabase: bool,
    /// Every migration this Steward knows.
    pub migrations: Vec<MigrationRow>,
    /// Migrations of the database that this Steward does not know: it is newer.
    pub unknown_versions: Vec<i64>,
    /// What installing would do, one sentence each.
    pub plan: Vec<String>,
}

/// Installs or migrates the contract with an owner's login, which is not kept.
#[derive(Clone, Default, Serialize, Deserialize, TS)]
#[ts(export)]
#[serde(default)]
pub struct DatabaseInstallReq {
    /// An owner's URL; none for the current workspace's own login.
    pub url: Option<String>,
    /// A preset of plans to add where the catalogue is empty: `demo`, `free_plus`, `tiered`, `credits`, `quotas`.
    pub preset: Option<String>,
}

pub(crate) async fn database_status(
    steward: &Steward,
    request: DatabaseInstallReq,
) -> Result<DatabaseStatus> {
    let mut connection = connect_to(steward, request.url.as_deref(), false).await?;
    install::status(&mut connection).await.map(present)
}

pub(crate) async fn database_install(
    steward: &Steward,
    request: DatabaseInstallReq,
    mode: Mode,
) -> Result<DatabaseStatus> {
    let mut connection = connect_to(steward, request.url.as_deref(), mode == Mode::Run).await?;
    match mode {
        Mode::Preview => install::status(&mut connection).await.map(present),
        Mode::Run => install::install(&mut connection, request.preset.as_deref()).await.map(present),
    }
}

/// An owner's connection by its URL, which is not kept; else the current workspace's own, which a change
/// may only use where the workspace allows changes.
async fn connect_to(steward: &Steward, url: Option<&str>, is_change: bool) -> Result<PgConnection> {
    if let Some(url) = url {
        let mut address = Address::parse(url, None)?;
        let password = address.take_password();
        return connect(&address, password.as_ref()).await;
    }
    let record = steward.current().await?;
    if is_change {
        steward.admit_change(&record, false)?;
    }
    steward.connect(&record).await
}

fn present(status: InstallStatus) -> DatabaseStatus {
    let migrations = status.migrations.into_iter().map(|migration| MigrationRow {
        version: migration.version,
        name: migration.name,
        is_applied: migration.is_applied,
    });
    DatabaseStatus {
        is_installed: status.is_installed,
        server_version: status.server_version,
        is_supabase: status.is_supabase,
        migrations: migrations.collect(),
        unknown_versions: status.unknown_versions,
        plan: status.plan,
    }
}
