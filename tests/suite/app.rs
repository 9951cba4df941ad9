//! The front door: the table, its rights, its requests, secrets and the life of a workspace.

mod accounts;
mod agree;
mod bulk;
mod exports;
pub(crate) mod kept;
mod operators;
mod outlook;
mod plans;
mod request;
mod revenue;
mod secrets;
mod table;
mod workspace;

use serde_json::{Value, json};
use steward_app::secrets::SecretsMode;
use steward_app::wire::WireError;
use steward_app::{Engine, Mode, OpenOptions, Steward, dispatch};
use steward_core::ErrorCode;
use tempfile::TempDir;

/// A front door on a folder of its own.
async fn open(home: &TempDir) -> Steward {
    open_with(home, SecretsMode::Memory, Engine::OnDemand).await
}

async fn open_with(home: &TempDir, secrets: SecretsMode, engine: Engine) -> Steward {
    let options =
        OpenOptions { home: Some(home.path().to_owned()), secrets, engine, ..OpenOptions::default() };
    Steward::open(options).await.expect("an empty folder opens")
}

async fn run(steward: &Steward, command: &str, request: Value) -> Result<Value, WireError> {
    dispatch(steward, command, request, Mode::Run).await
}

/// Adds a workspace in which changes are allowed.
async fn add(steward: &Steward, name: &str, url: &str) -> Value {
    let request = json!({ "name": name, "url": url, "environment": "development" });
    run(steward, "workspace_add", request).await.expect("the workspace is added")
}

fn code(result: Result<Value, WireError>) -> ErrorCode {
    result.expect_err("the call is refused").code
}
