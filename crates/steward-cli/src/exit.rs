//! What the shell is told.

use steward_core::ErrorCode;

/// Done.
pub(crate) const OK: u8 = 0;
/// Failed.
pub(crate) const FAILURE: u8 = 1;
/// The command was not understood.
pub(crate) const USAGE: u8 = 2;
/// Nothing there.
pub(crate) const NOT_FOUND: u8 = 3;
const AUTHENTICATION: u8 = 4;
/// Refused: read-only, no right, or not confirmed.
pub(crate) const REFUSED: u8 = 5;
const CONFLICT: u8 = 6;
/// Offline, or older than wanted.
pub(crate) const OFFLINE: u8 = 7;
/// Some rows were left alone.
pub(crate) const PARTIAL: u8 = 8;
/// A check failed.
pub(crate) const CHECK_FAILED: u8 = 9;
/// Stopped by Ctrl+C.
pub(crate) const INTERRUPTED: u8 = 130;
/// Stopped by a request to end.
pub(crate) const TERMINATED: u8 = 143;

/// The text of `steward help exit-codes`.
pub const EXIT_CODES: &str = concat!(
    "  0   done\n",
    "  1   failed\n",
    "  2   the command or one of its values was not understood\n",
    "  3   not found: a user, a workspace, a database, Steward's schema\n",
    "  4   not proved: password, keyring, certificate, key of the local copy\n",
    "  5   refused: read-only, a missing right, or not confirmed\n",
    "  6   conflict: rows moved since they were looked at; nothing was applied\n",
    "  7   offline, or the data is older than --max-age allows\n",
    "  8   done in part: some rows were left alone\n",
    "  9   a check of `doctor` or `connect` failed\n",
    "130   stopped by Ctrl+C\n",
    "143   stopped by a request to end",
);

/// The exit code of a failure.
#[must_use]
pub fn code_of(code: ErrorCode) -> u8 {
    match code {
        ErrorCode::Invalid => USAGE,
        ErrorCode::NotFound | ErrorCode::DatabaseMissing | ErrorCode::SchemaMissing => NOT_FOUND,
        ErrorCode::Auth
        | ErrorCode::Tls
        | ErrorCode::KeyringMissing
        | ErrorCode::KeyringLocked
        | ErrorCode::SecretMissing
        | ErrorCode::BillingKey
        | ErrorCode::CacheKey => AUTHENTICATION,
        ErrorCode::Permission | ErrorCode::RowSecurity | ErrorCode::ReadOnly | ErrorCode::BillingRight => {
            REFUSED
        }
        ErrorCode::Conflict => CONFLICT,
        ErrorCode::Offline | ErrorCode::NameLookup => OFFLINE,
        ErrorCode::Cancelled => INTERRUPTED,
        ErrorCode::Timeout
        | ErrorCode::LockTimeout
        | ErrorCode::SchemaOlder
        | ErrorCode::SchemaNewer
        | ErrorCode::CacheCorrupt
        | ErrorCode::CacheForeign
        | ErrorCode::CacheBusy
        | ErrorCode::DiskFull
        | ErrorCode::File
        | ErrorCode::Identity
        | ErrorCode::Internal => FAILURE,
    }
}
