//! Stripe: the client over HTTP, the reading into the copy, the comparison with here, and what people see of it.

mod bridge;
mod change;
mod client;
mod compare;
mod people;
mod published;
mod pull;

use serde_json::{Value, json};
use steward_app::secrets::SecretsMode;
use steward_app::wire::WireError;
use steward_app::{Engine, Mode, OpenOptions, Steward, dispatch};
use steward_tests::cluster::{TestDatabase, execute};
use steward_tests::stripe::{READER, StripeServer};
use tempfile::TempDir;

/// A company, a Stripe, and a front door that knows both.
struct Company {
    database: TestDatabase,
    stripe: StripeServer,
    steward: Steward,
    home: TempDir,
}

impl Company {
    /// With these rows in the database and nothing at Stripe.
    async fn new(rows: &str) -> Self {
        let database = TestDatabase::new().await;
        execute(&mut database.connect_owner().await, rows).await;
        let stripe = StripeServer::start().await;
        let home = tempfile::tempdir().expect("a folder");
        let steward = open(&home, &stripe).await;
        let url = database.login_url("finance");
        let request = json!({ "name": "acme", "url": url, "environment": "development" });
        run(&steward, "workspace_add", request).await.expect("the workspace is added");
        run(&steward, "sync_run", Value::Null).await.expect("the company is read");
        Self { database, stripe, steward, home }
    }

    async fn run(&self, command: &str, request: Value) -> Value {
        run(&self.steward, command, request).await.unwrap_or_else(|error| panic!("{command}: {error:?}"))
    }

    async fn refused(&self, command: &str, request: Value) -> WireError {
        run(&self.steward, command, request).await.expect_err("the call is refused")
    }

    /// Connects with the key that may read everything, and reads.
    async fn connect(&self) {
        self.run("stripe_connect", json!({ "key": READER })).await;
        self.run("stripe_pull", Value::Null).await;
    }

    /// Differences as class and subscription at Stripe.
    async fn drifts(&self, request: Value) -> Vec<(String, String)> {
        let found = self.run("stripe_reconcile", request).await;
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let rows = found["rows"].as_array().expect("rows");
        rows.iter().map(|row| (text(&row["class"]), text(&row["stripe_subscription"]))).collect()
    }
}

async fn open(home: &TempDir, stripe: &StripeServer) -> Steward {
    // Secrets that outlive a process, so that the next one can go on.
    let passphrase = home.path().join("passphrase");
    std::fs::write(&passphrase, "a long passphrase").expect("written");
    let options = OpenOptions {
        home: Some(home.path().to_owned()),
        secrets: SecretsMode::PassphraseFile(passphrase),
        engine: Engine::OnDemand,
        stripe: Some(stripe.url()),
        ..OpenOptions::default()
    };
    Steward::open(options).await.expect("an empty folder opens")
}

async fn run(steward: &Steward, command: &str, request: Value) -> Result<Value, WireError> {
    dispatch(steward, command, request, Mode::Run).await
}
