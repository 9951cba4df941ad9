//! What crosses the wire: the answer's envelope and the error.
//!
//! One shape for the window, the command line and the test server. Instants are RFC 3339 in UTC; exact
//! decimals and anything above 2^53 travel as strings; money is `{ minor, currency }`.

use rand::Rng as _;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use steward_core::{Error, ErrorCode, FieldError, Result, RetryPolicy};
use ts_rs::TS;

/// What a caller sends: a row of the table by name.
#[derive(Debug, Clone, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct RpcRequest {
    /// The command's name.
    pub command: String,
    /// Its request; null where it takes none.
    #[serde(default)]
    #[ts(type = "unknown")]
    pub request: Value,
    /// Whether to show what it would do and change nothing.
    #[serde(default)]
    pub preview: bool,
}

/// What the test server answers with; the window's own transport does the same by success and failure.
#[derive(Debug, Clone, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
#[ts(export)]
pub enum RpcAnswer {
    /// The command's answer.
    Ok(#[ts(type = "unknown")] Value),
    /// The failure.
    Error(WireError),
}

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
    /// The wire form of a failure, logged once under a new id.
    #[must_use]
    pub fn from_error(error: &Error) -> Self {
        let id = format!("{:08x}", rand::rng().random::<u32>());
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

/// Reads a request and names the field that cannot be read. Nothing at all and an empty object are the
/// same request.
pub(crate) fn parse<T: DeserializeOwned>(request: Value) -> Result<T> {
    let is_empty = request.is_null() || request.as_object().is_some_and(serde_json::Map::is_empty);
    let other = if request.is_null() { Value::Object(serde_json::Map::new()) } else { Value::Null };
    match serde_path_to_error::deserialize(request) {
        Ok(request) => Ok(request),
        Err(cause) => match is_empty.then(|| serde_json::from_value(other)) {
            Some(Ok(request)) => Ok(request),
            Some(Err(_)) | None => Err(unreadable(&cause)),
        },
    }
}

fn unreadable(cause: &serde_path_to_error::Error<serde_json::Error>) -> Error {
    let message = cause.inner().to_string();
    let missing = message.strip_prefix("missing field `").and_then(|rest| rest.split('`').next());
    let path = cause.path().to_string();
    match (missing, path.as_str()) {
        (Some(field), ".") => Error::invalid(field, format!("`{field}` is needed.")),
        (Some(field), path) => Error::invalid(format!("{path}.{field}"), format!("`{field}` is needed.")),
        (None, ".") => Error::invalid("request", "The request is not of the form this command takes."),
        (None, path) => Error::invalid(path, sentence(&message)),
    }
}

fn sentence(message: &str) -> String {
    let mut text = message.trim_end_matches('.').to_owned();
    if let Some(first) = text.get_mut(0..1) {
        first.make_ascii_uppercase();
    }
    text.push('.');
    text
}
