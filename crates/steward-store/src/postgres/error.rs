//! Failures of the driver and the server as [`steward_core::Error`].
//!
//! What the server says stays in the source, since it may carry row values. The exception are the errors
//! our own SQL raises (SQLSTATE class `ST`): their sentences are written for people.

use sqlx::postgres::PgDatabaseError;
use steward_core::{Error, ErrorKind};

use super::connect::{Address, host_text};

/// The SQLSTATE of a request our SQL refuses because rows moved; its detail is a JSON list of them.
pub const CONFLICT: &str = "ST409";
/// The SQLSTATE of a request our SQL refuses as written; its column, where given, is the field.
pub const REFUSED: &str = "ST400";
/// The SQLSTATE of a request that names something that is not there.
pub const NOT_FOUND: &str = "ST404";

/// A failure of a statement.
#[must_use]
pub fn map(failure: sqlx::Error) -> Error {
    if let Some(database) = database_error(&failure) {
        return from_server(database).with_source(failure);
    }
    let (kind, message) = match &failure {
        sqlx::Error::Tls(_) => (ErrorKind::Tls, "The server's identity could not be proved."),
        sqlx::Error::Io(_)
        | sqlx::Error::WorkerCrashed
        | sqlx::Error::PoolClosed
        | sqlx::Error::PoolTimedOut => (ErrorKind::Offline, "The connection to the server broke."),
        sqlx::Error::RowNotFound => (ErrorKind::NotFound, "The server has no such row."),
        _ => (ErrorKind::Internal, "The server answered in a way Steward does not understand."),
    };
    Error::new(kind, message).with_source(failure)
}

/// A failure to connect, in the words of somebody who typed an address.
pub(super) fn map_connect(failure: sqlx::Error, address: &Address) -> Error {
    let place = format!("host {}, port {}", host_text(address), address.port());
    match &failure {
        sqlx::Error::Tls(_) => tls(failure, place),
        sqlx::Error::Io(cause) if cause.kind() == std::io::ErrorKind::InvalidData => tls(failure, place),
        // The file of the authority is read during the handshake.
        sqlx::Error::Io(cause)
            if cause.kind() == std::io::ErrorKind::NotFound && address.ca_file().is_some() =>
        {
            Error::invalid("ca_file", "The CA file cannot be read.").with_source(failure)
        }
        sqlx::Error::Io(_) => Error::new(ErrorKind::Offline, "The server cannot be reached.")
            .with_detail(place)
            .with_source(failure),
        sqlx::Error::Configuration(_) => {
            Error::invalid("url", "The connection cannot be made as written.").with_source(failure)
        }
        _ => match database_error(&failure).map(PgDatabaseError::code) {
            Some("28P01" | "28000") => {
                Error::new(ErrorKind::Auth, "The server refused the login or its password.")
                    .with_detail(format!("login {}", address.login()))
                    .with_source(failure)
            }
            Some("3D000") => Error::new(ErrorKind::DatabaseMissing, "The server has no such database.")
                .with_detail(format!("database {}", address.database()))
                .with_source(failure),
            _ => map(failure),
        },
    }
}

fn tls(failure: sqlx::Error, place: String) -> Error {
    Error::new(ErrorKind::Tls, "The server's identity could not be proved.")
        .with_detail(place)
        .with_source(failure)
}

/// The server's own error in a driver's failure.
pub(super) fn database_error(failure: &sqlx::Error) -> Option<&PgDatabaseError> {
    failure.as_database_error().and_then(|error| error.try_downcast_ref::<PgDatabaseError>())
}

fn from_server(error: &PgDatabaseError) -> Error {
    match error.code() {
        CONFLICT => Error::new(ErrorKind::Conflict, error.message().to_owned()),
        NOT_FOUND => Error::new(ErrorKind::NotFound, error.message().to_owned()),
        REFUSED => match error.column() {
            Some(field) => Error::invalid(field, error.message()),
            None => Error::new(ErrorKind::Invalid, error.message().to_owned()),
        },
        "28P01" | "28000" => Error::new(ErrorKind::Auth, "The server refused the login or its password."),
        "3D000" => Error::new(ErrorKind::DatabaseMissing, "The server has no such database."),
        // The server's routine is not translated; its message may be.
        "42501" if error.routine() == Some("check_enable_rls") => {
            Error::new(ErrorKind::RowSecurity, "This login may see only some rows of a table.")
        }
        "42501" => Error::new(ErrorKind::Permission, "This login lacks the right to do this."),
        "25006" => Error::new(ErrorKind::ReadOnly, "The server accepts no changes in this session."),
        "57014" => Error::new(ErrorKind::Timeout, "The server stopped a statement that ran too long."),
        "25P03" | "57P05" => Error::new(
            ErrorKind::Timeout,
            "The server ended a transaction in which nothing was asked for long.",
        ),
        "55P03" | "40P01" | "40001" => Error::new(ErrorKind::LockTimeout, "Another session was in the way."),
        "57P01" | "57P02" | "57P03" => {
            Error::new(ErrorKind::Offline, "The server is shutting down or starting.")
        }
        "53300" => Error::new(ErrorKind::Offline, "The server has no free connection."),
        "53100" => Error::new(ErrorKind::DiskFull, "The server's disk is full."),
        "3F000" | "42P01" => {
            Error::new(ErrorKind::SchemaMissing, "The database does not have Steward's schema.")
        }
        "42883" | "42703" => {
            Error::new(ErrorKind::SchemaOlder, "The database's schema is older than this Steward.")
        }
        code if code.starts_with("08") => {
            Error::new(ErrorKind::Offline, "The connection to the server broke.")
        }
        code if code.starts_with("23") => match error.constraint() {
            Some(name) => Error::invalid(name, format!("The rule {name} refused the value.")),
            None => Error::new(ErrorKind::Invalid, "A rule of the database refused the value."),
        },
        code => Error::internal("The server failed in a way Steward does not expect.")
            .with_detail(format!("SQLSTATE {code}")),
    }
}
