//! What crosses the wire: the answer's envelope and the error.
//!
//! One shape for the window, the command line and the test server. Instants are RFC 3339 in UTC; exact
//! decimals and anything above 2^53 travel as strings; money is `{ minor, currency }`.

use serde::{Deserialize, Serialize};
use steward_core::{ErrorCode, FieldError, RetryPolicy};
use ts_rs::TS;

/// A failure as the interface sees it.
#[derive(Debug, Clone, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct WireError {
    /// What consumers switch on.
    pub code: ErrorCode,
    /// What happened, as a sentence.
    pub message: String,
    /// What to do.
    pub hint: String,
    /// Facts that help; never a secret, never a row's values.
    pub detail: Option<String>,
    /// Fields of the request that were refused.
    pub fields: Vec<FieldError>,
    /// Whether the same call may succeed later.
    pub is_retriable: bool,
    /// Under this id the log holds the whole chain.
    pub id: String,
}

impl WireError {
    /// The wire form of a failure, logged once under its id.
    pub fn from_error(error: &steward_core::Error, id: String) -> Self {
        tracing::warn!(error.id = %id, error.code = ?error.code(), "{}", error.chain());
        Self {
            code: error.code(),
            message: error.message().to_owned(),
            hint: error.kind().hint().to_owned(),
            detail: error.detail().map(str::to_owned),
            fields: error.fields().to_vec(),
            is_retriable: error.kind().retry() == RetryPolicy::Backoff,
            id,
        }
    }
}
