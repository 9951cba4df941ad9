//! `workspace_list`, `workspace_add`, `workspace_use`, `workspace_remove`, `connection_test`, `session_show`,
//! `sample_open`.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use steward_core::id::WorkspaceId;
use ts_rs::TS;

use crate::wire::WireError;

/// Which kind of database a workspace is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
#[ts(export)]
pub enum Environment {
    /// Real customers: red line, read-only at first.
    #[default]
    Production,
    /// A copy for trying out.
    Staging,
    /// A developer's own.
    Development,
    /// The sample company.
    Sample,
}

/// A workspace of this computer.
#[derive(Debug, Clone, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct Workspace {
    /// Id.
    pub id: WorkspaceId,
    /// Name, unique.
    pub name: String,
    /// Environment.
    pub environment: Environment,
    /// `host:port/database`, without login and password.
    pub server: String,
    /// The login.
    pub login: String,
    /// Whether it is the current one.
    pub is_current: bool,
    /// Whether changes may be made from here.
    pub is_read_only: bool,
    /// When it was added.
    pub created_at: DateTime<Utc>,
}

/// All workspaces.
#[derive(Debug, Clone, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct WorkspaceList {
    /// By name.
    pub rows: Vec<Workspace>,
}

/// A new workspace. The password inside the URL goes to the keyring and nowhere else.
#[derive(Clone, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct WorkspaceAddReq {
    /// Name, unique on this computer.
    pub name: String,
    /// `postgresql://login:password@host:port/database?sslmode=…`.
    pub url: String,
    /// Environment.
    #[serde(default)]
    pub environment: Environment,
    /// Whether changes are refused; by default true for production.
    #[serde(default)]
    pub is_read_only: Option<bool>,
    /// Path of a CA certificate file in PEM form, for servers with their own authority.
    #[serde(default)]
    pub ca_file: Option<String>,
}

/// A workspace by id or name.
#[derive(Debug, Clone, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct WorkspaceRef {
    /// Id or name.
    pub workspace: String,
}

/// Whether changes may be made in a workspace.
#[derive(Debug, Clone, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct WorkspaceModeReq {
    /// Id or name.
    pub workspace: String,
    /// True refuses every change.
    pub is_read_only: bool,
}

/// Tests a connection before it is kept, or the current workspace when no URL is given.
#[derive(Clone, Default, Serialize, Deserialize, TS)]
#[ts(export)]
#[serde(default)]
pub struct ConnectionTestReq {
    /// The URL; none for the current workspace.
    pub url: Option<String>,
    /// Path of a CA certificate file.
    pub ca_file: Option<String>,
}

/// How a check ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
#[ts(export)]
pub enum CheckState {
    /// Good.
    Ok,
    /// Works, but somebody should know.
    Warning,
    /// Failed.
    Failed,
    /// Not reached, because a check before it failed.
    Waiting,
}

/// One check of a connection or of this computer, in order.
#[derive(Debug, Clone, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct Check {
    /// Stable name: `url`, `dns`, `tcp`, `tls`, `auth`, `role`, `schema`, `pooler`, `timeout`, `clock`, …
    pub name: String,
    /// What people call it, for example "Name lookup".
    pub label: String,
    /// How it ended.
    pub state: CheckState,
    /// What was found, in words.
    pub finding: String,
    /// Milliseconds it took.
    pub ms: f64,
    /// The failure, with its next step.
    pub error: Option<WireError>,
}

/// All checks.
#[derive(Debug, Clone, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct CheckList {
    /// In order.
    pub checks: Vec<Check>,
    /// Whether none failed.
    pub is_ok: bool,
}

/// What a person may do; a Postgres role of the contract.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
#[ts(export)]
pub enum Role {
    /// Looks.
    Viewer,
    /// Money, no writes to accounts.
    Finance,
    /// Accounts.
    Support,
    /// Everything.
    Admin,
}

/// Who sits in front of it, and where.
#[derive(Debug, Clone, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct Session {
    /// The current workspace; none before the first.
    pub workspace: Option<Workspace>,
    /// The role of its login, as last seen; none while unknown.
    pub role: Option<Role>,
    /// A valid BCP 47 language tag.
    pub locale: String,
    /// This computer's zone.
    pub zone: String,
    /// Steward's version.
    pub version: String,
    /// Where secrets are kept, in words: "system keyring", "memory, until Steward closes", "passphrase file".
    pub secrets: String,
    /// Whether a sample company can be started on this computer, and if not, why.
    pub sample_unavailable: Option<String>,
}

/// Opens the sample company.
#[derive(Debug, Clone, Default, Serialize, Deserialize, TS)]
#[ts(export)]
#[serde(default)]
pub struct SampleOpenReq {
    /// `small`, `medium`, `large`; small by default.
    pub size: Option<String>,
    /// A database to fill instead of the one Steward starts itself.
    pub database_url: Option<String>,
    /// Throws the sample company away first.
    pub is_reset: bool,
}
