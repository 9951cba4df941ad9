//! `database_status`, `database_install`: the contract on the server.

use serde::{Deserialize, Serialize};
use steward_core::Result;
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
    let _ = (steward, request);
    crate::pending::pending("database_status").await
}

pub(crate) async fn database_install(
    steward: &Steward,
    request: DatabaseInstallReq,
    mode: Mode,
) -> Result<DatabaseStatus> {
    let _ = (steward, request, mode);
    crate::pending::pending("database_install").await
}
