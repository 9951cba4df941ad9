//! What a session that logged in can tell about its server: the second half of a connection check, after
//! name, port, certificate and password were found good.

use chrono::{DateTime, Utc};
use sqlx::PgConnection;
use steward_core::{Clock, Dataset, Error, ErrorKind, Result};

use super::connect::{Address, Host};
use super::error::map;
use super::install;
use super::role::role_of;

/// The shortest statement timeout a cut is comfortable with, in milliseconds.
const COMFORTABLE_TIMEOUT_MS: i64 = 15_000;

/// The clocks may differ by this much before somebody should know.
const CLOCK_SLACK_MS: i64 = 5_000;

/// Tables besides the datasets that a console reads.
const OWN_TABLES: [&str; 4] = ["change_log", "meta", "acks", "migrations"];

/// How a check ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FindingState {
    /// Good.
    Good,
    /// Works, but somebody should know.
    Notable,
    /// Failed.
    Failed,
}

/// One thing found out.
#[derive(Debug, Clone)]
pub struct Finding {
    /// Stable name: `server`, `role`, `schema`, `privileges`, `row_security`, `operators`, `pooler`, `timeout`, `clock`.
    pub name: &'static str,
    /// What people call it.
    pub label: &'static str,
    /// How it ended.
    pub state: FindingState,
    /// What was found, in words.
    pub text: String,
    /// The failure, with its next step.
    pub error: Option<Error>,
}

impl Finding {
    fn good(name: &'static str, label: &'static str, text: impl Into<String>) -> Self {
        Self { name, label, state: FindingState::Good, text: text.into(), error: None }
    }

    fn notable(name: &'static str, label: &'static str, text: impl Into<String>) -> Self {
        Self { state: FindingState::Notable, ..Self::good(name, label, text) }
    }

    fn failed(name: &'static str, label: &'static str, error: Error) -> Self {
        let text = error.to_string();
        Self { state: FindingState::Failed, error: Some(error), ..Self::good(name, label, text) }
    }
}

/// Examines the session in the order in which one thing rests on the other. Only a broken connection is an
/// error; everything else is a finding.
pub async fn examine(
    connection: &mut PgConnection,
    address: &Address,
    clock: &dyn Clock,
) -> Result<Vec<Finding>> {
    let mut findings = vec![server(connection).await?, role(connection, address).await?];
    let (schema, is_there) = schema(connection).await?;
    findings.push(schema);
    if is_there {
        findings.push(privileges(connection).await?);
        findings.push(row_security(connection).await?);
        findings.extend(operators(connection).await?);
    }
    findings.push(care(connection, address).await?);
    findings.push(pooler(connection, address).await?);
    findings.push(timeout(connection).await?);
    findings.push(clocks(connection, clock).await?);
    Ok(findings)
}

async fn server(connection: &mut PgConnection) -> Result<Finding> {
    const LABEL: &str = "Server";
    let (version, is_standby): (String, bool) =
        sqlx::query_as("select current_setting('server_version'), pg_is_in_recovery()")
            .persistent(false)
            .fetch_one(connection)
            .await
            .map_err(map)?;
    Ok(if is_standby {
        let text = format!("PostgreSQL {version}, a standby: everything can be read, nothing changed here.");
        Finding::notable("server", LABEL, text)
    } else {
        Finding::good("server", LABEL, format!("PostgreSQL {version}, the primary."))
    })
}

async fn role(connection: &mut PgConnection, address: &Address) -> Result<Finding> {
    const LABEL: &str = "Console role";
    let login = address.login();
    Ok(match role_of(connection).await? {
        Some(role) => Finding::good("role", LABEL, format!("Login {login} works as {role}.")),
        None => Finding::failed(
            "role",
            LABEL,
            Error::new(ErrorKind::Permission, "This login has no console role.")
                .with_detail(format!("login {login}; grant it steward_viewer")),
        ),
    })
}

/// The schema's version, and whether its tables can be asked about.
async fn schema(connection: &mut PgConnection) -> Result<(Finding, bool)> {
    const LABEL: &str = "Steward's schema";
    let status = match install::status(connection).await {
        Ok(status) => status,
        Err(error) if error.kind() == ErrorKind::Permission => {
            return Ok((Finding::failed("schema", LABEL, error), true));
        }
        Err(error) => return Err(error),
    };
    if !status.is_installed {
        let error = Error::new(ErrorKind::SchemaMissing, "The database does not have Steward's schema.");
        return Ok((Finding::failed("schema", LABEL, error), false));
    }
    if let Some(unknown) = status.unknown_versions.iter().max() {
        let error = Error::new(ErrorKind::SchemaNewer, "The database's schema is newer than this Steward.")
            .with_detail(format!("the database has {unknown}"));
        return Ok((Finding::failed("schema", LABEL, error), true));
    }
    let missing = status.migrations.iter().filter(|migration| !migration.is_applied).count();
    if missing > 0 {
        let error = Error::new(ErrorKind::SchemaOlder, "The database's schema is older than this Steward.")
            .with_detail(format!("{missing} of {} migrations are missing", status.migrations.len()));
        return Ok((Finding::failed("schema", LABEL, error), true));
    }
    let text = format!("All {} migrations are there.", status.migrations.len());
    Ok((Finding::good("schema", LABEL, text), true))
}

fn tables() -> Vec<&'static str> {
    Dataset::ALL.iter().map(|dataset| dataset.spec().table).chain(OWN_TABLES).collect()
}

async fn privileges(connection: &mut PgConnection) -> Result<Finding> {
    const LABEL: &str = "Privileges";
    let refused: Vec<String> = sqlx::query_scalar(
        "select w.name from unnest($1::text[]) with ordinality as w (name, place)
         left join pg_class c on c.relnamespace = (select oid from pg_namespace where nspname = 'steward') and c.relname = w.name
         where not coalesce(has_schema_privilege(c.relnamespace, 'usage') and has_table_privilege(c.oid, 'select'), false)
         order by w.place",
    )
    .bind(tables())
    .persistent(false)
    .fetch_all(connection)
    .await
    .map_err(map)?;
    Ok(if refused.is_empty() {
        Finding::good("privileges", LABEL, format!("All {} tables can be read and locked.", tables().len()))
    } else {
        let error = Error::new(ErrorKind::Permission, "This login may not read every table.")
            .with_detail(format!("not readable: {}", refused.join(", ")));
        Finding::failed("privileges", LABEL, error)
    })
}

async fn row_security(connection: &mut PgConnection) -> Result<Finding> {
    const LABEL: &str = "Row security";
    // Where policies apply, it takes one that lets every row pass and none that holds any back.
    let filtered: Vec<(String, bool)> = sqlx::query_as(
        "select c.relname::text,
             not exists (select from pg_policy p
                 where p.polrelid = c.oid and p.polpermissive and p.polcmd in ('r', '*')
                   and pg_get_expr(p.polqual, p.polrelid) = 'true'
                   and (0 = any (p.polroles) or exists (select from unnest(p.polroles) r (oid) where pg_has_role(r.oid, 'usage'))))
             or exists (select from pg_policy p
                 where p.polrelid = c.oid and not p.polpermissive and p.polcmd in ('r', '*')
                   and (0 = any (p.polroles) or exists (select from unnest(p.polroles) r (oid) where pg_has_role(r.oid, 'usage'))))
         from pg_class c
         join pg_namespace n on n.oid = c.relnamespace
         where n.nspname = 'steward' and c.relname = any ($1) and row_security_active(c.oid)
         order by c.relname",
    )
    .bind(tables())
    .persistent(false)
    .fetch_all(connection)
    .await
    .map_err(map)?;
    let hidden: Vec<&str> =
        filtered.iter().filter(|(_, hides)| *hides).map(|(table, _)| table.as_str()).collect();
    Ok(if !hidden.is_empty() {
        let error = Error::new(ErrorKind::RowSecurity, "This login sees only some rows.")
            .with_detail(format!("tables {}", hidden.join(", ")));
        Finding::failed("row_security", LABEL, error)
    } else if filtered.is_empty() {
        Finding::good("row_security", LABEL, "No policy applies to this login; it sees every row.")
    } else {
        Finding::good(
            "row_security",
            LABEL,
            "A policy for console roles lets every row pass, and none holds any back.",
        )
    })
}

/// Whether an admin may make logins; who is none is not asked.
async fn operators(connection: &mut PgConnection) -> Result<Option<Finding>> {
    const LABEL: &str = "Operators";
    let (is_admin, may, login): (bool, bool, String) = sqlx::query_as(
        "select pg_has_role(current_user, 'steward_admin', 'member'),
             r.rolsuper or (r.rolcreaterole and (
                 current_setting('server_version_num')::int < 160000
                 or (select bool_and(pg_has_role(current_user, name, 'member with admin option'))
                     from unnest(array['steward_viewer', 'steward_finance', 'steward_support', 'steward_admin']) name)
             )),
             current_user::text
         from pg_roles r where r.rolname = current_user",
    )
    .persistent(false)
    .fetch_one(connection)
    .await
    .map_err(map)?;
    Ok(is_admin.then(|| {
        if may {
            Finding::good("operators", LABEL, "This login may make and remove logins of operators.")
        } else {
            Finding::notable(
                "operators",
                LABEL,
                format!(
                    "This login may not make logins of operators. An administrator of the server runs: alter role \
                     {login} createrole; since version 16 also: grant steward_viewer, steward_finance, \
                     steward_support, steward_admin to {login} with admin option."
                ),
            )
        }
    }))
}

/// Whether the server itself holds the login to reading where no action begins the transaction.
async fn care(connection: &mut PgConnection, address: &Address) -> Result<Finding> {
    const LABEL: &str = "Writing";
    let is_careful: bool =
        sqlx::query_scalar("select current_setting('default_transaction_read_only')::boolean")
            .persistent(false)
            .fetch_one(connection)
            .await
            .map_err(map)?;
    Ok(if is_careful {
        Finding::good("writing", LABEL, "The server lets this login write in transactions of an action only.")
    } else {
        // Steward keeps to it all the same; other programs need not.
        Finding::good(
            "writing",
            LABEL,
            format!(
                "This login was made outside Steward: the server lets its transactions write what its role may, \
                 whatever the mode here. To have the server hold it, too: alter role {} set \
                 default_transaction_read_only = on.",
                address.login()
            ),
        )
    })
}

async fn pooler(connection: &mut PgConnection, address: &Address) -> Result<Finding> {
    const LABEL: &str = "Way to the server";
    let port: Option<i32> = sqlx::query_scalar("select inet_server_port()")
        .persistent(false)
        .fetch_one(connection)
        .await
        .map_err(map)?;
    let asked = i32::from(address.port());
    Ok(match (address.host(), port) {
        (Host::Tcp(_), Some(port)) if port != asked => Finding::good(
            "pooler",
            LABEL,
            format!(
                "The server listens on port {port}, reached through {asked}: a pooler or a proxy is in between. \
                 Steward needs no session of its own, so any pooling mode is fine."
            ),
        ),
        (Host::Tcp(_), None) => Finding::good(
            "pooler",
            LABEL,
            "The server is reached through a pooler beside it. Steward needs no session of its own.",
        ),
        (Host::Tcp(_), Some(_)) => Finding::good("pooler", LABEL, "No pooler was noticed."),
        (Host::Socket(_), _) => Finding::good("pooler", LABEL, "Through a Unix socket of this computer."),
    })
}

async fn timeout(connection: &mut PgConnection) -> Result<Finding> {
    const LABEL: &str = "Statement timeout";
    let setting: i64 =
        sqlx::query_scalar("select setting::bigint from pg_settings where name = 'statement_timeout'")
            .persistent(false)
            .fetch_one(connection)
            .await
            .map_err(map)?;
    let seconds = std::time::Duration::from_millis(setting.unsigned_abs());
    Ok(match setting {
        0 => Finding::good("timeout", LABEL, "None is set for this login; Steward sets its own."),
        ms if ms < COMFORTABLE_TIMEOUT_MS => Finding::notable(
            "timeout",
            LABEL,
            format!("{seconds:?} for this login; Steward raises it for its own transactions where it may."),
        ),
        _ => Finding::good("timeout", LABEL, format!("{seconds:?} for this login.")),
    })
}

async fn clocks(connection: &mut PgConnection, clock: &dyn Clock) -> Result<Finding> {
    const LABEL: &str = "Clocks";
    let sent = clock.now();
    let server: DateTime<Utc> = sqlx::query_scalar("select clock_timestamp()")
        .persistent(false)
        .fetch_one(connection)
        .await
        .map_err(map)?;
    // The server read its clock somewhere between asking and answering.
    let here = sent + (clock.now() - sent) / 2;
    let skew = (server - here).num_milliseconds();
    let direction = if skew > 0 { "behind" } else { "ahead of" };
    let seconds = skew.unsigned_abs().div_ceil(1000);
    Ok(if skew.abs() > CLOCK_SLACK_MS {
        Finding::notable(
            "clock",
            LABEL,
            format!(
                "This computer is {seconds} s {direction} the server. Numbers follow the server's clock."
            ),
        )
    } else {
        Finding::good("clock", LABEL, "This computer and the server agree on the time.")
    })
}
