//! `connection_test`: from the URL to the rights of the login, each step with its time and its failure.

use std::path::PathBuf;
use std::time::Instant;

use secrecy::SecretString;
use steward_connect::stages::{self, CertificateCheck, Outcome, Target};
use steward_core::{Error, ErrorKind, Result};
use steward_store::postgres::PgConnection;
use steward_store::postgres::connect::{Address, Host, SslMode, connect};
use steward_store::postgres::install;
use steward_store::postgres::pooler::{self, Pooling};
use steward_store::postgres::role::role_of;

use super::workspace::{Check, CheckList, CheckState, ConnectionTestReq};
use crate::context::{Steward, address_of};
use crate::wire::WireError;

/// The steps in order, with what people call them.
const STEPS: [(&str, &str); 7] = [
    ("url", "Connection URL"),
    ("dns", "Name lookup"),
    ("tcp", "Connection"),
    ("tls", "Encryption"),
    ("auth", "Login"),
    ("role", "Role"),
    ("schema", "Steward's schema"),
];

pub(crate) async fn connection_test(steward: &Steward, request: ConnectionTestReq) -> Result<CheckList> {
    let mut steps = Steps::default();
    let started = Instant::now();
    match address(steward, request).await {
        Ok((address, password)) => {
            steps.passed("url", started, address.to_url());
            let _ = server(&mut steps, &address, password.as_ref()).await;
        }
        Err(error) => steps.failed("url", started, &error),
    }
    Ok(steps.finish())
}

/// Every step of the server, as far as the first failure.
pub(super) async fn server(
    steps: &mut Steps,
    address: &Address,
    password: Option<&SecretString>,
) -> Option<PgConnection> {
    match address.host() {
        Host::Socket(folder) => {
            for name in ["dns", "tcp", "tls"] {
                steps.passed(name, Instant::now(), format!("Unix socket in {}", folder.display()));
            }
        }
        Host::Tcp(host) => {
            let target = Target {
                host: host.clone(),
                port: address.port(),
                tls: match address.ssl_mode() {
                    SslMode::VerifyFull => Some(CertificateCheck::Full),
                    SslMode::VerifyCa => Some(CertificateCheck::Authority),
                    SslMode::Disable => None,
                },
                ca_file: address.ca_file().map(PathBuf::from),
            };
            for stage in stages::probe(&target).await {
                let ms = stage.elapsed.as_secs_f64() * 1_000.0;
                let (state, finding, error) = match stage.outcome {
                    Outcome::Passed(finding) => (CheckState::Ok, finding, None),
                    // Within this computer nothing crosses a network.
                    Outcome::Noted(_) if target.tls.is_none() => {
                        (CheckState::Ok, "Off: the server is this computer".to_owned(), None)
                    }
                    Outcome::Noted(finding) => (CheckState::Warning, finding, None),
                    Outcome::Failed(error) => {
                        (CheckState::Failed, error.message().to_owned(), Some(WireError::from_error(&error)))
                    }
                    Outcome::NotReached => continue,
                };
                steps.push(stage.name.code(), state, finding, ms, error);
            }
            if steps.has_failed() {
                return None;
            }
        }
    }
    let started = Instant::now();
    let mut connection = match connect(address, password).await {
        Ok(connection) => connection,
        Err(error) => {
            steps.failed("auth", started, &error);
            return None;
        }
    };
    steps.passed("auth", started, format!("Logged in as {}", address.login()));
    // A missing schema explains missing roles, so both are asked, whatever the first one says.
    let started = Instant::now();
    let role = role_of(&mut connection).await;
    let role_took = started;
    let schema_started = Instant::now();
    let schema = install::status(&mut connection).await;
    let is_missing = schema.as_ref().is_ok_and(|status| !status.is_installed);
    let has_no_role = matches!(role, Ok(None));
    match role {
        Ok(Some(role)) => steps.passed("role", role_took, format!("Member of steward_{role}")),
        Ok(None) if is_missing => {
            steps.push(
                "role",
                CheckState::Warning,
                "Steward's roles are not there yet".to_owned(),
                0.0,
                None,
            );
        }
        Ok(None) => steps.failed(
            "role",
            role_took,
            &Error::new(ErrorKind::Permission, "This login is a member of no console role."),
        ),
        Err(error) => steps.failed("role", role_took, &error),
    }
    match schema {
        // Who has no role may not look at the schema either: one cause, told once.
        Err(error) if has_no_role && error.kind() == ErrorKind::Permission => {}
        Err(error) => steps.failed("schema", schema_started, &error),
        Ok(status) if !status.is_installed => steps.failed(
            "schema",
            schema_started,
            &Error::new(ErrorKind::SchemaMissing, "This database does not have Steward's schema."),
        ),
        Ok(status) if !status.unknown_versions.is_empty() => steps.failed(
            "schema",
            schema_started,
            &Error::new(ErrorKind::SchemaNewer, "This database's schema is newer than this Steward."),
        ),
        Ok(status) if status.migrations.iter().any(|migration| !migration.is_applied) => steps.failed(
            "schema",
            schema_started,
            &Error::new(ErrorKind::SchemaOlder, "This database's schema is older than this Steward needs."),
        ),
        Ok(status) => {
            steps.passed("schema", schema_started, format!("Up to date on {}", status.server_version));
            restored(steps, &mut connection).await;
        }
    }
    pooled(steps, &mut connection, address, password).await;
    Some(connection)
}

/// Says so where the database came from another server's dump.
async fn restored(steps: &mut Steps, connection: &mut PgConnection) {
    let started = Instant::now();
    if install::is_restored(connection).await.is_ok_and(|is_restored| is_restored) {
        let finding = "Restored from another server's dump: an admin should run select steward.rotate_epoch(), \
                       so that what the other server logged is forgotten";
        steps.add("restored", "History", CheckState::Warning, finding.to_owned(), millis(started), None);
    }
}

/// Says so where a pooler in transaction mode stands in between: everything works, but the server cannot call.
async fn pooled(
    steps: &mut Steps,
    connection: &mut PgConnection,
    address: &Address,
    password: Option<&SecretString>,
) {
    let started = Instant::now();
    let is_supabase = pooler::is_supabase_transaction_pooler(address);
    // Whoever cannot connect twice has been told of what matters more.
    let is_seen = is_supabase
        || pooler::probe(connection, address, password)
            .await
            .is_ok_and(|found| found == Pooling::Transaction);
    if is_seen {
        let place = if is_supabase { "Supabase's pooler (port 6543)" } else { "A pooler" };
        let finding = format!(
            "{place} in transaction mode shares the server's sessions; Steward works through it and looks for \
             changes at intervals"
        );
        steps.add("pooler", "Way to the server", CheckState::Ok, finding, millis(started), None);
    }
}

async fn address(steward: &Steward, request: ConnectionTestReq) -> Result<(Address, Option<SecretString>)> {
    match request.url {
        Some(url) => {
            let mut address = Address::parse(&url, request.ca_file.map(PathBuf::from))?;
            let password = address.take_password();
            Ok((address, password))
        }
        None => {
            let record = steward.wake(steward.current().await?).await?;
            let id = record.id;
            let password = steward.blocking(move |inner| inner.password(id)).await?;
            Ok((address_of(&record)?, password))
        }
    }
}

/// Steps as they are taken; those never reached are added at the end.
#[derive(Debug, Default)]
pub(super) struct Steps(Vec<Check>);

impl Steps {
    pub(super) fn push(
        &mut self,
        name: &str,
        state: CheckState,
        finding: String,
        ms: f64,
        error: Option<WireError>,
    ) {
        let label = STEPS.iter().find(|step| step.0 == name).map_or(name, |step| step.1);
        self.add(name, label, state, finding, ms, error);
    }

    /// A step of another list.
    pub(super) fn add(
        &mut self,
        name: &str,
        label: &str,
        state: CheckState,
        finding: String,
        ms: f64,
        error: Option<WireError>,
    ) {
        self.0.push(Check { name: name.to_owned(), label: label.to_owned(), state, finding, ms, error });
    }

    pub(super) fn passed(&mut self, name: &str, started: Instant, finding: String) {
        self.push(name, CheckState::Ok, finding, millis(started), None);
    }

    pub(super) fn failed(&mut self, name: &str, started: Instant, error: &Error) {
        let (finding, wire) = (error.message().to_owned(), WireError::from_error(error));
        self.push(name, CheckState::Failed, finding, millis(started), Some(wire));
    }

    pub(super) fn has_failed(&self) -> bool {
        self.0.iter().any(|check| check.state == CheckState::Failed)
    }

    /// The list with every step of a connection in it.
    pub(super) fn finish(mut self) -> CheckList {
        for (name, _) in STEPS {
            if !self.0.iter().any(|check| check.name == name) {
                self.push(name, CheckState::Waiting, String::new(), 0.0, None);
            }
        }
        let is_ok = !self.has_failed();
        CheckList { checks: self.0, is_ok }
    }
}

pub(super) fn millis(started: Instant) -> f64 {
    started.elapsed().as_secs_f64() * 1_000.0
}
