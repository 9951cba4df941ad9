//! `workspace_list`, `workspace_add`, `workspace_use`, `workspace_mode`, `workspace_password`, `workspace_remove`, and
//! the types of `session_show`, `connection_test`, `doctor_run` and `sample_open`.

use std::path::PathBuf;

use chrono::{DateTime, TimeDelta, Utc};
use secrecy::SecretString;
use serde::{Deserialize, Serialize};
use steward_core::id::WorkspaceId;
use steward_core::{Error, ErrorKind, Result};
use steward_store::cache::Cache;
use steward_store::local::WorkspaceRecord;
use steward_store::postgres::connect::{Address, Host, connect};
use ts_rs::TS;

use crate::context::{
    Engine, Steward, address_of, key_name, password_name, stripe_key_name, stripe_link_name,
};
use crate::password;
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

impl Environment {
    /// Its name on the wire.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Production => "production",
            Self::Staging => "staging",
            Self::Development => "development",
            Self::Sample => "sample",
        }
    }

    /// The environment of this name; production, the careful one, for any other.
    pub(crate) fn from_name(name: &str) -> Self {
        [Self::Staging, Self::Development, Self::Sample]
            .into_iter()
            .find(|environment| environment.name() == name)
            .unwrap_or(Self::Production)
    }
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
    /// Whether every change is refused from here.
    pub is_read_only: bool,
    /// What may be changed from here now.
    pub mode: WriteMode,
    /// When the unlocked time ends; none while it is not unlocked.
    pub unlocked_until: Option<DateTime<Utc>>,
    /// Whether what is dangerous takes the unlocked mode here.
    pub needs_unlock: bool,
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

/// Forgets a workspace.
#[derive(Debug, Clone, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct WorkspaceRemoveReq {
    /// Id or name.
    pub workspace: String,
    /// The workspace's name, as the person typed it.
    #[serde(default)]
    #[ts(optional)]
    pub confirm: Option<String>,
}

/// What may be changed in a workspace.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
#[ts(export)]
pub enum WriteMode {
    /// Nothing.
    ReadOnly,
    /// What can be taken back, each change reviewed. Where real customers are, nothing dangerous.
    Reviewed,
    /// Everything, each change reviewed, for a quarter of an hour; then it is as it was before.
    Unlocked,
}

/// For how long a workspace is unlocked.
pub const UNLOCKED_FOR: TimeDelta = TimeDelta::minutes(15);

/// What may be changed in a workspace from now on.
#[derive(Debug, Clone, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct WorkspaceModeReq {
    /// Id or name.
    pub workspace: String,
    /// What may be changed.
    pub mode: WriteMode,
}

/// A login's new password. It goes to where secrets are kept and nowhere else.
#[derive(Clone, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct WorkspacePasswordReq {
    /// Id or name of the workspace.
    pub workspace: String,
    /// The password, as the server knows it.
    pub password: String,
}

/// What may be changed in a workspace at an instant.
pub(crate) fn mode_at(record: &WorkspaceRecord, now: DateTime<Utc>) -> WriteMode {
    // A clock that was set back must not stretch the time.
    let is_unlocked = record.unlocked_until.is_some_and(|until| now < until && until <= now + UNLOCKED_FOR);
    match (is_unlocked, record.is_read_only) {
        (true, _) => WriteMode::Unlocked,
        (false, true) => WriteMode::ReadOnly,
        (false, false) => WriteMode::Reviewed,
    }
}

/// Whether real customers may be behind it, so that what is dangerous takes the unlocked mode.
pub(crate) fn needs_unlock(record: &WorkspaceRecord) -> bool {
    matches!(Environment::from_name(&record.environment), Environment::Production | Environment::Staging)
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

impl Role {
    /// Whether this role includes the needed one: finance and support both look, neither includes the other.
    #[must_use]
    pub fn may(self, needed: Self) -> bool {
        match needed {
            Self::Viewer => true,
            Self::Finance => matches!(self, Self::Finance | Self::Admin),
            Self::Support => matches!(self, Self::Support | Self::Admin),
            Self::Admin => self == Self::Admin,
        }
    }

    /// Its name on the wire; the Postgres role is `steward_` and this.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Viewer => "viewer",
            Self::Finance => "finance",
            Self::Support => "support",
            Self::Admin => "admin",
        }
    }

    /// The role of this name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        [Self::Viewer, Self::Finance, Self::Support, Self::Admin].into_iter().find(|role| role.name() == name)
    }
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

/// A workspace as answers show it.
pub(crate) fn present(record: &WorkspaceRecord, is_current: bool, now: DateTime<Utc>) -> Result<Workspace> {
    let address = address_of(record)?;
    let mode = mode_at(record, now);
    Ok(Workspace {
        id: record.id,
        name: record.name.clone(),
        environment: Environment::from_name(&record.environment),
        server: server_name(&address),
        login: address.login().to_owned(),
        is_current,
        is_read_only: mode == WriteMode::ReadOnly,
        mode,
        unlocked_until: record.unlocked_until.filter(|_| mode == WriteMode::Unlocked),
        needs_unlock: needs_unlock(record),
        created_at: record.created_at,
    })
}

/// `host:port/database`.
pub(crate) fn server_name(address: &Address) -> String {
    let host = match address.host() {
        Host::Tcp(host) if host.contains(':') => format!("[{host}]"),
        Host::Tcp(host) => host.clone(),
        Host::Socket(folder) => folder.display().to_string(),
    };
    format!("{host}:{}/{}", address.port(), address.database())
}

pub(crate) async fn workspace_list(steward: &Steward, (): ()) -> Result<WorkspaceList> {
    let current = steward.current_if_any().await?.map(|record| record.id);
    steward
        .blocking(move |inner| {
            let records = inner.local.workspaces()?;
            let rows =
                records.iter().map(|record| present(record, Some(record.id) == current, inner.clock.now()));
            Ok(WorkspaceList { rows: rows.collect::<Result<_>>()? })
        })
        .await
}

pub(crate) async fn workspace_add(steward: &Steward, request: WorkspaceAddReq) -> Result<Workspace> {
    let name = workspace_name(&request.name)?;
    let mut address = Address::parse(&request.url, request.ca_file.as_ref().map(PathBuf::from))?;
    let password = address.take_password();
    let record = steward
        .blocking(move |inner| {
            let known = inner.local.workspaces()?;
            let same = known.into_iter().find(|record| record.name.eq_ignore_ascii_case(&name));
            let id = match same {
                None => WorkspaceId(uuid::Uuid::now_v7()),
                Some(record) if is_same_server(&address_of(&record)?, &address) => record.id,
                Some(_) => {
                    return Err(Error::invalid("name", "A workspace of this name is there already."));
                }
            };
            let is_production = request.environment == Environment::Production;
            let record = WorkspaceRecord {
                id,
                name,
                environment: request.environment.name().to_owned(),
                url: address.to_url(),
                ca_file: address.ca_file().map(PathBuf::from),
                is_read_only: request.is_read_only.unwrap_or(is_production),
                unlocked_until: None,
                role: None,
                created_at: inner.clock.now(),
            };
            // Secrets first: a workspace whose password was lost on the way would be half added.
            match &password {
                Some(password) => inner.secrets.set(&password_name(id), password)?,
                None => inner.secrets.check()?,
            }
            inner.local.put_workspace(&record)?;
            inner.local.set_current(id)?;
            Ok(record)
        })
        .await?;
    steward.close_workspace().await;
    present(&record, true, steward.inner.clock.now())
}

pub(crate) async fn workspace_use(steward: &Steward, request: WorkspaceRef) -> Result<Workspace> {
    let record = steward
        .blocking(move |inner| {
            let record = inner.workspace(&request.workspace)?;
            inner.local.set_current(record.id)?;
            Ok(record)
        })
        .await?;
    steward.close_workspace().await;
    present(&record, true, steward.inner.clock.now())
}

pub(crate) async fn workspace_mode(steward: &Steward, request: WorkspaceModeReq) -> Result<Workspace> {
    let current = steward.current_if_any().await?.map(|record| record.id);
    let record = steward
        .blocking(move |inner| {
            let mut record = inner.workspace(&request.workspace)?;
            match request.mode {
                WriteMode::ReadOnly => (record.is_read_only, record.unlocked_until) = (true, None),
                WriteMode::Reviewed => (record.is_read_only, record.unlocked_until) = (false, None),
                WriteMode::Unlocked => record.unlocked_until = Some(inner.clock.now() + UNLOCKED_FOR),
            }
            inner.local.put_workspace(&record)?;
            Ok(record)
        })
        .await?;
    present(&record, Some(record.id) == current, steward.inner.clock.now())
}

pub(crate) async fn workspace_password(
    steward: &Steward,
    request: WorkspacePasswordReq,
) -> Result<Workspace> {
    let WorkspacePasswordReq { workspace, password } = request;
    if password.is_empty() {
        return Err(Error::invalid("password", "Enter the password."));
    }
    if password::is_from_command() {
        return Err(Error::invalid(
            "password",
            "STEWARD_PASSWORD_COMMAND says the password here; one that is kept would not be asked for.",
        ));
    }
    let password = SecretString::from(password);
    let record = steward.blocking(move |inner| inner.workspace(&workspace)).await?;
    if steward.inner.engine != Engine::Offline {
        let address = address_of(&steward.wake(record.clone()).await?)?;
        // What the server refuses does not take the place of what may be right; where it cannot be asked, the person is
        // believed.
        match connect(&address, Some(&password)).await {
            Err(cause) if cause.kind() == ErrorKind::Auth => return Err(cause),
            Ok(_) | Err(_) => {}
        }
    }
    let id = record.id;
    steward.blocking(move |inner| inner.secrets.set(&password_name(id), &password)).await?;
    let is_current = steward.current_if_any().await?.is_some_and(|current| current.id == id);
    // A window goes on where it was stopped; the command line reads when it is told to.
    if is_current && steward.inner.engine == Engine::Continuous {
        steward.pull_soon().await;
    }
    present(&record, is_current, steward.inner.clock.now())
}

pub(crate) async fn workspace_remove(
    steward: &Steward,
    request: WorkspaceRemoveReq,
) -> Result<WorkspaceList> {
    let WorkspaceRemoveReq { workspace, confirm } = request;
    let (record, kept) = steward
        .blocking(move |inner| {
            let record = inner.workspace(&workspace)?;
            let kept = inner.local.closed_months(record.id)?;
            Ok((record, kept))
        })
        .await?;
    if kept.is_empty() && confirm.as_deref() != Some(record.name.as_str()) {
        return Err(Error::invalid("confirm", format!("Type {} to remove the workspace.", record.name)));
    }
    // Months that nobody else has are not lost by a word that says nothing of them.
    if !kept.is_empty() {
        let months: Vec<String> = kept.iter().map(ToString::to_string).collect();
        let phrase = format!("{} without {}", record.name, months.join(" "));
        if confirm.as_deref() != Some(phrase.as_str()) {
            return Err(Error::invalid(
                "confirm",
                format!(
                    "Closed on this computer only, and lost with the workspace: {}. Send or drop what is kept first, \
                     or type \"{phrase}\".",
                    months.join(", ")
                ),
            ));
        }
    }
    steward.close_workspace().await;
    steward
        .blocking(move |inner| {
            inner.local.remove_workspace(record.id)?;
            inner.local.remove_setting(&stripe_link_name(record.id))?;
            Cache::destroy(&inner.home.cache(record.id))?;
            for name in [password_name(record.id), key_name(record.id), stripe_key_name(record.id)] {
                // Without a keyring nothing can be removed from it; the workspace goes all the same.
                if let Err(cause) = inner.secrets.delete(&name) {
                    tracing::warn!(workspace.id = %record.id, "a secret was left behind: {}", cause.chain());
                }
            }
            if inner.local.current()?.is_none()
                && let Some(next) = inner.local.workspaces()?.first()
            {
                inner.local.set_current(next.id)?;
            }
            Ok(())
        })
        .await?;
    workspace_list(steward, ()).await
}

fn workspace_name(text: &str) -> Result<String> {
    let name = text.trim();
    let length = name.chars().count();
    if length == 0 || length > 80 || name.chars().any(char::is_control) {
        return Err(Error::invalid("name", "A workspace's name has 1 to 80 visible characters."));
    }
    Ok(name.to_owned())
}

/// Whether both lead to the same data by the same login; proof and password may have changed.
fn is_same_server(one: &Address, other: &Address) -> bool {
    one.host() == other.host()
        && one.port() == other.port()
        && one.database() == other.database()
        && one.login() == other.login()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unlocked_ends_after_a_quarter_of_an_hour_and_no_clock_stretches_it() {
        let start: DateTime<Utc> = "2026-11-22T10:00:00Z".parse().expect("an instant");
        let record = |is_read_only| WorkspaceRecord {
            id: WorkspaceId(uuid::Uuid::from_u128(1)),
            name: "acme".to_owned(),
            environment: "production".to_owned(),
            url: "postgresql://ada@db.example:5432/app".to_owned(),
            ca_file: None,
            is_read_only,
            unlocked_until: Some(start + UNLOCKED_FOR),
            role: None,
            created_at: start,
        };
        for (is_read_only, before) in [(true, WriteMode::ReadOnly), (false, WriteMode::Reviewed)] {
            let record = record(is_read_only);
            let after = |seconds| mode_at(&record, start + TimeDelta::seconds(seconds));
            assert_eq!(after(0), WriteMode::Unlocked);
            assert_eq!(after(14 * 60 + 59), WriteMode::Unlocked, "14:59");
            assert_eq!(after(15 * 60), before, "15:00");
            assert_eq!(after(15 * 60 + 1), before, "15:01");
            assert_eq!(after(-1), before, "the clock was set back a second");
            assert_eq!(after(-86_400), before, "the clock was set back a day");
        }
    }
}
