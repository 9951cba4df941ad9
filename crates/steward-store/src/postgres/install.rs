//! The contract's migrations: what a database has, what it lacks, and bringing it there.
//!
//! The files of `migrations/postgres` are compiled in. Each runs in a transaction of its own under a lock
//! of the database, so two consoles that install at once do it once; nothing needs a session of its own,
//! so a pooler in between is harmless.

use sha2::{Digest, Sha256};
use sqlx::{Connection, Executor, PgConnection, Row};
use steward_core::{Error, ErrorKind, Result};

use super::error::map;

/// The oldest server the contract runs on.
const OLDEST_SERVER: i32 = 140_000;

/// The presets of plans that `install` can fill an empty catalogue with.
pub const PRESETS: [&str; 5] = ["demo", "free_plus", "tiered", "credits", "quotas"];

/// The cluster's roles that the contract works with.
pub const ROLES: [&str; 6] =
    ["steward_owner", "steward_viewer", "steward_finance", "steward_support", "steward_admin", "steward_app"];

/// One file of the contract.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Migration {
    /// Dated version, `YYYYMMDDhhmmss`.
    pub version: i64,
    /// What it adds.
    pub name: &'static str,
    /// Its statements.
    pub sql: &'static str,
}

impl Migration {
    /// SHA-256 of its statements, in hex.
    #[must_use]
    pub fn checksum(&self) -> String {
        hex::encode(Sha256::digest(self.sql))
    }
}

macro_rules! migrations {
    ($($version:literal $name:literal,)+) => {
        /// Every migration in order.
        pub const MIGRATIONS: &[Migration] = &[$(Migration {
            version: $version,
            name: $name,
            sql: include_str!(concat!("../../../../migrations/postgres/", $version, "_", $name, ".sql")),
        },)+];
    };
}

migrations! {
    20261121090000 "schema",
    20261121090100 "capture",
    20261121090200 "audit",
    20261121090300 "plans",
    20261121090400 "users",
    20261121090500 "subscriptions",
    20261121090600 "usage",
    20261121090700 "presets",
    20261121090800 "actions",
    20261121090900 "access",
    20261121091000 "supabase",
    20261122021500 "limits",
    20261122021600 "tracking",
    20261122022000 "account_actions",
    20261122022100 "upkeep",
    20261122022200 "kept_plans",
    20261122022300 "operators",
    20261122030000 "capture_ranges",
    20261122030100 "acks",
    20261122030200 "retention",
    20261122030300 "restored",
    20261122060000 "exports",
    20261122100000 "month_closes",
    20261122100100 "plan_edits",
    20261122110000 "billing_actions",
    20261122140000 "export_formats",
    20261122150000 "undo_by_account",
    20261122150100 "reasons",
    20261122150200 "last_sync",
    20261122150300 "default_plan",
    20261122160000 "trial_periods",
    20261123010000 "lighter_capture",
}

/// A migration, and whether a database has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MigrationState {
    /// Dated version.
    pub version: i64,
    /// What it adds.
    pub name: String,
    /// Whether the database has it.
    pub is_applied: bool,
}

/// The contract on a server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InstallStatus {
    /// Whether schema `steward` exists.
    pub is_installed: bool,
    /// `PostgreSQL 15.18`.
    pub server_version: String,
    /// Whether accounts live in `auth.users`.
    pub is_supabase: bool,
    /// Every migration this Steward knows.
    pub migrations: Vec<MigrationState>,
    /// Migrations of the database that this Steward does not know.
    pub unknown_versions: Vec<i64>,
    /// Applied migrations whose text was another one.
    pub changed_versions: Vec<i64>,
    /// What installing would do, one sentence each.
    pub plan: Vec<String>,
    /// Why installing would fail, one sentence each.
    pub obstacles: Vec<String>,
}

impl InstallStatus {
    /// Whether the database has exactly what this Steward knows.
    #[must_use]
    pub fn is_current(&self) -> bool {
        self.unknown_versions.is_empty() && self.migrations.iter().all(|migration| migration.is_applied)
    }
}

/// Whether the database came from another server's dump and nobody has said so (`steward.rotate_epoch()`).
pub async fn is_restored(connection: &mut PgConnection) -> Result<bool> {
    let statement = "select exists (
        select from steward.meta m, pg_control_system() c where m.sysid <> c.system_identifier)";
    let row = sqlx::raw_sql(statement).fetch_one(connection).await.map_err(map)?;
    row.try_get(0).map_err(map)
}

/// Looks at a database without changing it.
pub async fn status(connection: &mut PgConnection) -> Result<InstallStatus> {
    let facts = sqlx::query(
        "select current_setting('server_version') as version,
                current_setting('server_version_num')::int as number,
                exists (select from pg_namespace where nspname = 'steward') as has_schema,
                exists (select from pg_class c join pg_namespace n on n.oid = c.relnamespace
                        where n.nspname = 'steward' and c.relname = 'migrations') as has_migrations,
                exists (select from pg_class c join pg_namespace n on n.oid = c.relnamespace
                        where n.nspname = 'auth' and c.relname = 'users')
                    and exists (select from pg_proc p join pg_namespace n on n.oid = p.pronamespace
                        where n.nspname = 'auth' and p.proname = 'uid' and p.pronargs = 0) as is_supabase,
                has_database_privilege(current_database(), 'create') as can_create,
                r.rolsuper or r.rolcreaterole as can_create_role,
                pg_is_in_recovery() as is_standby,
                array(select name from unnest($1::text[]) with ordinality as wanted (name, place)
                      where not exists (select from pg_roles where rolname = name) order by place) as missing_roles,
                case when not exists (select from pg_roles where rolname = 'steward_owner') then r.rolcreaterole
                     -- Since version 16 the right to create roles is no right over roles of others.
                     when current_setting('server_version_num')::int < 160000
                     then r.rolcreaterole or pg_has_role(current_user, 'steward_owner', 'member')
                     else pg_has_role(current_user, 'steward_owner', 'set')
                          or pg_has_role(current_user, 'steward_owner', 'member with admin option') end
                    or r.rolsuper as may_own,
                current_user::text as login, current_database()::text as database
         from pg_roles r where r.rolname = current_user",
    )
    .bind(ROLES.as_slice())
    .fetch_one(&mut *connection)
    .await
    .map_err(map)?;
    let flag = |name: &str| facts.try_get::<bool, _>(name).map_err(map);
    let text = |name: &str| facts.try_get::<String, _>(name).map_err(map);

    let applied = if flag("has_migrations")? { applied(connection).await? } else { Vec::new() };
    let migrations: Vec<MigrationState> = MIGRATIONS
        .iter()
        .map(|migration| MigrationState {
            version: migration.version,
            name: migration.name.to_owned(),
            is_applied: applied.iter().any(|(version, _)| *version == migration.version),
        })
        .collect();
    let known = |version: i64| MIGRATIONS.iter().find(|migration| migration.version == version);
    let mut status = InstallStatus {
        is_installed: flag("has_schema")?,
        server_version: format!("PostgreSQL {}", text("version")?),
        is_supabase: flag("is_supabase")?,
        migrations,
        unknown_versions: applied
            .iter()
            .map(|(version, _)| *version)
            .filter(|v| known(*v).is_none())
            .collect(),
        changed_versions: applied
            .iter()
            .filter(|(version, checksum)| known(*version).is_some_and(|found| found.checksum() != *checksum))
            .map(|(version, _)| *version)
            .collect(),
        plan: Vec::new(),
        obstacles: Vec::new(),
    };

    let (login, database) = (text("login")?, text("database")?);
    let missing_roles: Vec<String> = facts.try_get("missing_roles").map_err(map)?;
    let open = status.migrations.iter().filter(|migration| !migration.is_applied);
    if !status.is_installed {
        if !missing_roles.is_empty() {
            status.plan.push(format!("Create the roles {} (without login).", missing_roles.join(", ")));
        }
        status
            .plan
            .push(format!("Create the schema steward in database {database}, owned by steward_owner."));
    }
    status.plan.extend(open.map(|migration| format!("Apply {} {}.", migration.version, migration.name)));
    if status.plan.is_empty() {
        return Ok(status);
    }
    if status.is_supabase && !applied.iter().any(|(version, _)| *version == 20_261_121_091_000) {
        status.plan.push("Follow auth.users: every account becomes a user, now and at sign-up.".to_owned());
    }
    if facts.try_get::<i32, _>("number").map_err(map)? < OLDEST_SERVER {
        status
            .obstacles
            .push(format!("The server is {}; the contract needs version 14.", status.server_version));
    }
    if flag("is_standby")? {
        status
            .obstacles
            .push("The server is a standby and accepts no changes; connect to the primary.".to_owned());
    }
    if !status.is_installed && !flag("can_create")? {
        status.obstacles.push(format!("Login {login} may not create a schema in database {database}."));
    }
    if !missing_roles.is_empty() && !flag("can_create_role")? {
        status.obstacles.push(format!("Login {login} may not create roles (CREATEROLE)."));
    } else if !flag("may_own")? {
        status.obstacles.push(format!(
            "Login {login} may not act as steward_owner, which is there already; an administrator has to \
             `grant steward_owner to {login}`."
        ));
    }
    Ok(status)
}

/// Brings a database to the contract this Steward knows, and fills an empty catalogue of plans with a preset.
/// Done again it changes nothing.
pub async fn install(connection: &mut PgConnection, preset: Option<&str>) -> Result<InstallStatus> {
    if let Some(unknown) = preset.filter(|name| !PRESETS.contains(name)) {
        return Err(Error::invalid(
            "preset",
            format!("There is no preset {unknown}; choose {}.", PRESETS.join(", ")),
        ));
    }
    let before = status(connection).await?;
    if !before.unknown_versions.is_empty() || !before.changed_versions.is_empty() {
        return Err(Error::new(ErrorKind::SchemaNewer, "The database's schema was made by another Steward.")
            .with_detail(format!(
                "migrations {:?}",
                [before.unknown_versions, before.changed_versions].concat()
            )));
    }
    if !before.obstacles.is_empty() {
        return Err(Error::new(ErrorKind::Permission, "The contract cannot be installed with this login.")
            .with_detail(before.obstacles.join(" ")));
    }
    for migration in MIGRATIONS {
        apply(connection, migration).await?;
    }
    if let Some(preset) = preset {
        sqlx::query("select steward.install_preset($1)")
            .bind(preset)
            .execute(&mut *connection)
            .await
            .map_err(map)?;
    }
    status(connection).await
}

/// Runs one migration unless the database has it.
async fn apply(connection: &mut PgConnection, migration: &Migration) -> Result<()> {
    let mut transaction = connection.begin_with("begin read write").await.map_err(map)?;
    transaction
        .execute(
            "set local statement_timeout = 0; set local lock_timeout = '15s';
             select pg_advisory_xact_lock(hashtextextended('steward.migrations', 0))",
        )
        .await
        .map_err(map)?;
    // Asked under the lock: another console may have been faster.
    let has_table: bool = sqlx::query_scalar(
        "select exists (select from pg_class c join pg_namespace n on n.oid = c.relnamespace
                        where n.nspname = 'steward' and c.relname = 'migrations')",
    )
    .fetch_one(&mut *transaction)
    .await
    .map_err(map)?;
    if has_table && applied(&mut transaction).await?.iter().any(|(version, _)| *version == migration.version)
    {
        return transaction.rollback().await.map_err(map);
    }
    transaction.execute(migration.sql).await.map_err(|failure| {
        map(failure).with_detail(format!("migration {} {}", migration.version, migration.name))
    })?;
    transaction.execute("set local role steward_owner").await.map_err(map)?;
    sqlx::query("insert into steward.migrations (version, name, checksum) values ($1, $2, $3)")
        .bind(migration.version)
        .bind(migration.name)
        .bind(migration.checksum())
        .execute(&mut *transaction)
        .await
        .map_err(map)?;
    transaction
        .execute("update steward.meta set version = (select count(*) from steward.migrations); reset role")
        .await
        .map_err(map)?;
    transaction.commit().await.map_err(map)?;
    tracing::info!(migration.version, migration.name, "Applied a migration of the contract");
    Ok(())
}

async fn applied(connection: &mut PgConnection) -> Result<Vec<(i64, String)>> {
    sqlx::query_as("select version, checksum from steward.migrations order by version")
        .fetch_all(connection)
        .await
        .map_err(map)
}
