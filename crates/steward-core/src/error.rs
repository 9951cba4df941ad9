//! The one error type, from the database to the screen.
//!
//! A failure has a [`ErrorKind`]; exhaustive matches turn the kind into a code the interface switches
//! on, a retry policy the sync driver obeys and a hint that says what to do. Text of a database or of
//! the operating system stays in [`Error::source`] and goes to the log, never to the interface.

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use ts_rs::TS;

/// Result with Steward's error.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// What went wrong, as far as somebody acts on the difference.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ErrorKind {
    /// The server's name has no address.
    NameLookup,
    /// The server cannot be reached, or the connection broke.
    Offline,
    /// TLS was refused, or the certificate is not the one asked for.
    Tls,
    /// The server refused the password or the login.
    Auth,
    /// The database named in the connection does not exist.
    DatabaseMissing,
    /// The login lacks a right.
    Permission,
    /// Row level security hides rows from this login.
    RowSecurity,
    /// The workspace or the session is read-only.
    ReadOnly,
    /// A statement ran longer than allowed.
    Timeout,
    /// A lock was not granted in time.
    LockTimeout,
    /// Rows moved since they were looked at; nothing was applied.
    Conflict,
    /// The database does not have Steward's schema.
    SchemaMissing,
    /// The database's schema is older than this Steward needs.
    SchemaOlder,
    /// The database's schema is newer than this Steward knows.
    SchemaNewer,
    /// No keyring service runs on this computer.
    KeyringMissing,
    /// The keyring is there, but locked.
    KeyringLocked,
    /// The keyring holds no entry under this name.
    SecretMissing,
    /// The cache file opens with another key only, or is no cache file.
    CacheKey,
    /// The cache file is damaged.
    CacheCorrupt,
    /// The cache file belongs to another workspace or database.
    CacheForeign,
    /// Another Steward uses this cache.
    CacheBusy,
    /// The disk is full.
    DiskFull,
    /// The file system refused.
    File,
    /// A request that cannot be carried out as written; see the fields.
    Invalid,
    /// Nothing has this id or name.
    NotFound,
    /// The person, or a shutdown, stopped it.
    Cancelled,
    /// The server's history is not the one the cache was read from.
    Identity,
    /// The billing provider refuses the key.
    BillingKey,
    /// The key of the billing provider lacks a right.
    BillingRight,
    /// A value or a message that Steward did not expect: a bug of ours or of the server.
    Internal,
}

/// The stable name of a failure on the wire; consumers switch on it and never on text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
#[ts(export)]
#[expect(missing_docs, reason = "each code is documented at its ErrorKind")]
pub enum ErrorCode {
    NameLookup,
    Offline,
    Tls,
    Auth,
    DatabaseMissing,
    Permission,
    RowSecurity,
    ReadOnly,
    Timeout,
    LockTimeout,
    Conflict,
    SchemaMissing,
    SchemaOlder,
    SchemaNewer,
    KeyringMissing,
    KeyringLocked,
    SecretMissing,
    CacheKey,
    CacheCorrupt,
    CacheForeign,
    CacheBusy,
    DiskFull,
    File,
    Invalid,
    NotFound,
    Cancelled,
    Identity,
    BillingKey,
    BillingRight,
    Internal,
}

/// What the sync driver does after a failure.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RetryPolicy {
    /// Try again by itself, with growing pauses.
    Backoff,
    /// Try again only when a person changed something.
    Person,
    /// Trying again cannot help.
    Never,
}

impl ErrorKind {
    /// Every kind, in the order of the catalogue.
    pub const ALL: [Self; 30] = [
        Self::NameLookup,
        Self::Offline,
        Self::Tls,
        Self::Auth,
        Self::DatabaseMissing,
        Self::Permission,
        Self::RowSecurity,
        Self::ReadOnly,
        Self::Timeout,
        Self::LockTimeout,
        Self::Conflict,
        Self::SchemaMissing,
        Self::SchemaOlder,
        Self::SchemaNewer,
        Self::KeyringMissing,
        Self::KeyringLocked,
        Self::SecretMissing,
        Self::CacheKey,
        Self::CacheCorrupt,
        Self::CacheForeign,
        Self::CacheBusy,
        Self::DiskFull,
        Self::File,
        Self::Invalid,
        Self::NotFound,
        Self::Cancelled,
        Self::Identity,
        Self::BillingKey,
        Self::BillingRight,
        Self::Internal,
    ];

    /// Whether the local copy cannot be used as it is, and a rebuild helps.
    #[must_use]
    pub fn is_unusable_copy(self) -> bool {
        matches!(self, Self::CacheKey | Self::CacheCorrupt | Self::CacheForeign)
    }

    /// The code under which the interface knows this kind.
    #[must_use]
    pub fn code(self) -> ErrorCode {
        match self {
            Self::NameLookup => ErrorCode::NameLookup,
            Self::Offline => ErrorCode::Offline,
            Self::Tls => ErrorCode::Tls,
            Self::Auth => ErrorCode::Auth,
            Self::DatabaseMissing => ErrorCode::DatabaseMissing,
            Self::Permission => ErrorCode::Permission,
            Self::RowSecurity => ErrorCode::RowSecurity,
            Self::ReadOnly => ErrorCode::ReadOnly,
            Self::Timeout => ErrorCode::Timeout,
            Self::LockTimeout => ErrorCode::LockTimeout,
            Self::Conflict => ErrorCode::Conflict,
            Self::SchemaMissing => ErrorCode::SchemaMissing,
            Self::SchemaOlder => ErrorCode::SchemaOlder,
            Self::SchemaNewer => ErrorCode::SchemaNewer,
            Self::KeyringMissing => ErrorCode::KeyringMissing,
            Self::KeyringLocked => ErrorCode::KeyringLocked,
            Self::SecretMissing => ErrorCode::SecretMissing,
            Self::CacheKey => ErrorCode::CacheKey,
            Self::CacheCorrupt => ErrorCode::CacheCorrupt,
            Self::CacheForeign => ErrorCode::CacheForeign,
            Self::CacheBusy => ErrorCode::CacheBusy,
            Self::DiskFull => ErrorCode::DiskFull,
            Self::File => ErrorCode::File,
            Self::Invalid => ErrorCode::Invalid,
            Self::NotFound => ErrorCode::NotFound,
            Self::Cancelled => ErrorCode::Cancelled,
            Self::Identity => ErrorCode::Identity,
            Self::BillingKey => ErrorCode::BillingKey,
            Self::BillingRight => ErrorCode::BillingRight,
            Self::Internal => ErrorCode::Internal,
        }
    }

    /// The kind behind a code.
    #[must_use]
    pub fn from_code(code: ErrorCode) -> Self {
        Self::ALL.into_iter().find(|kind| kind.code() == code).unwrap_or(Self::Internal)
    }

    /// Whether and when the sync driver tries again.
    #[must_use]
    pub fn retry(self) -> RetryPolicy {
        match self {
            Self::NameLookup | Self::Offline | Self::Timeout | Self::LockTimeout | Self::CacheBusy => {
                RetryPolicy::Backoff
            }
            Self::Tls
            | Self::Auth
            | Self::DatabaseMissing
            | Self::Permission
            | Self::RowSecurity
            | Self::ReadOnly
            | Self::Conflict
            | Self::SchemaMissing
            | Self::SchemaOlder
            | Self::SchemaNewer
            | Self::KeyringMissing
            | Self::KeyringLocked
            | Self::SecretMissing
            | Self::CacheKey
            | Self::CacheCorrupt
            | Self::CacheForeign
            | Self::DiskFull
            | Self::File
            | Self::Identity
            | Self::BillingKey
            | Self::BillingRight => RetryPolicy::Person,
            Self::Invalid | Self::NotFound | Self::Cancelled | Self::Internal => RetryPolicy::Never,
        }
    }

    /// The next step, in one sentence.
    #[must_use]
    pub fn hint(self) -> &'static str {
        match self {
            Self::NameLookup => "Check the host name for a typing error, and this computer's network.",
            Self::Offline => "Everything here stays readable. Check host, port and network, then try again.",
            Self::Tls => {
                "Turn TLS on at the server, check the host name, or choose the CA file your provider gives you."
            }
            Self::Auth => "Enter the password again. Nothing that was read or typed is lost.",
            Self::DatabaseMissing => "Check the database name at the end of the connection URL.",
            Self::Permission => "Ask an admin for a login that is a member of the role this needs.",
            Self::RowSecurity => "Use a login that is a member of steward_viewer or another console role.",
            Self::ReadOnly => "Nothing was changed. Unlock writing for this workspace first.",
            Self::Timeout => "Shorten the range, or try again when the server is less busy.",
            Self::LockTimeout => "Another session holds the table. It is tried again by itself.",
            Self::Conflict => "Review the change again: it is shown as the rows are now.",
            Self::SchemaMissing => {
                "Run `steward db install` with an owner's login, or choose another database."
            }
            Self::SchemaOlder => "Run `steward db migrate` with an owner's login.",
            Self::SchemaNewer => "Install a newer Steward. Data read so far stays readable.",
            Self::KeyringMissing => {
                "Start a keyring service (GNOME Keyring, KWallet), give a passphrase file in \
                 STEWARD_PASSPHRASE_FILE, or choose to keep secrets in memory until Steward closes \
                 (STEWARD_SECRETS=memory)."
            }
            Self::KeyringLocked => "Unlock the system keyring, then try again.",
            Self::SecretMissing => "Enter the password again. Nothing that was read or typed is lost.",
            Self::CacheKey => "Rebuild the local copy: it is read again from the server.",
            Self::CacheCorrupt => {
                "Rebuild the local copy: the damaged file is put aside and nothing else is lost."
            }
            Self::CacheForeign => "Put the right file back, or rebuild the local copy from the server.",
            Self::CacheBusy => "Close the other Steward that works on this workspace.",
            Self::DiskFull => "Free some space, then sync again: it goes on where it stopped.",
            Self::File => "Check that the folder exists and may be written.",
            Self::Invalid => "Correct the fields named and try again.",
            Self::NotFound => "Check the id or the name; it may have been removed.",
            Self::Cancelled => "Nothing was left half done. Start it again when you like.",
            Self::Identity => "The server was restored or replaced. Rebuild the local copy to read it anew.",
            Self::BillingKey => {
                "Make a restricted key with read rights at Stripe and give it to `steward stripe connect`."
            }
            Self::BillingRight => "Give the key the rights named on Stripe's page of keys, then try again.",
            Self::Internal => "Copy the report and send it to the people who build Steward.",
        }
    }
}

/// One field of a request that cannot be accepted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct FieldError {
    /// The field's name on the wire.
    pub field: String,
    /// What is wrong with it, as a sentence.
    pub message: String,
}

/// A failure: what happened, why it matters, and the chain below it for the log.
#[derive(Clone)]
pub struct Error {
    kind: ErrorKind,
    message: Cow<'static, str>,
    detail: Option<String>,
    fields: Vec<FieldError>,
    source: Option<Arc<dyn std::error::Error + Send + Sync>>,
}

impl Error {
    /// A failure of this kind. The message is one sentence that names the thing.
    pub fn new(kind: ErrorKind, message: impl Into<Cow<'static, str>>) -> Self {
        Self { kind, message: message.into(), detail: None, fields: Vec::new(), source: None }
    }

    /// A request refused because of one field.
    pub fn invalid(field: impl Into<String>, message: impl Into<String>) -> Self {
        let message = message.into();
        Self {
            fields: vec![FieldError { field: field.into(), message: message.clone() }],
            ..Self::new(ErrorKind::Invalid, message)
        }
    }

    /// A broken promise inside Steward.
    pub fn internal(message: impl Into<Cow<'static, str>>) -> Self {
        Self::new(ErrorKind::Internal, message)
    }

    /// Adds facts that help the person and hold no secret and no row value.
    #[must_use]
    pub fn with_detail(mut self, detail: impl Into<String>) -> Self {
        self.detail = Some(detail.into());
        self
    }

    /// Adds a refused field.
    #[must_use]
    pub fn with_field(mut self, field: impl Into<String>, message: impl Into<String>) -> Self {
        self.fields.push(FieldError { field: field.into(), message: message.into() });
        self
    }

    /// Attaches the cause; it reaches the log only.
    #[must_use]
    pub fn with_source(mut self, source: impl std::error::Error + Send + Sync + 'static) -> Self {
        self.source = Some(Arc::new(source));
        self
    }

    /// What kind of failure it is.
    #[must_use]
    pub fn kind(&self) -> ErrorKind {
        self.kind
    }

    /// The code on the wire.
    #[must_use]
    pub fn code(&self) -> ErrorCode {
        self.kind.code()
    }

    /// What happened, as a sentence.
    #[must_use]
    pub fn message(&self) -> &str {
        &self.message
    }

    /// Facts that help, without secrets and row values.
    #[must_use]
    pub fn detail(&self) -> Option<&str> {
        self.detail.as_deref()
    }

    /// The fields refused, if the request itself was at fault.
    #[must_use]
    pub fn fields(&self) -> &[FieldError] {
        &self.fields
    }

    /// The chain of causes for the log, outermost first.
    #[must_use]
    pub fn chain(&self) -> String {
        let mut text = format!("{self}");
        let mut next = std::error::Error::source(self);
        while let Some(cause) = next {
            text.push_str(" <- ");
            text.push_str(&cause.to_string());
            next = cause.source();
        }
        text
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)?;
        if let Some(detail) = &self.detail {
            write!(f, " ({detail})")?;
        }
        Ok(())
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Error")
            .field("kind", &self.kind)
            .field("message", &self.message)
            .field("detail", &self.detail)
            .field("fields", &self.fields)
            .field("source", &self.source)
            .finish()
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.source.as_ref().map(|cause| cause.as_ref() as &(dyn std::error::Error + 'static))
    }
}
