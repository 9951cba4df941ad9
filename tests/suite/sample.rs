//! The sample company on a private server: made, synchronised, and still there with its password lost.

use serde_json::{Value, json};
use steward_app::secrets::SecretsMode;
use steward_app::{Engine, Mode, OpenOptions, Steward, dispatch};
use steward_core::sample::SampleSize;
use steward_core::{Clock as _, SystemClock};
use steward_tests::cluster::{TestDatabase, execute};
use steward_tests::server::open_folder;
use tempfile::TempDir;

async fn open(home: &TempDir) -> Steward {
    let options = OpenOptions {
        home: Some(home.path().to_owned()),
        secrets: SecretsMode::Memory,
        engine: Engine::OnDemand,
        ..OpenOptions::default()
    };
    Steward::open(options).await.expect("an empty folder opens")
}

async fn run(steward: &Steward, command: &str, request: Value) -> Value {
    dispatch(steward, command, request, Mode::Run)
        .await
        .unwrap_or_else(|error| panic!("{command} succeeds: {error:?}"))
}

async fn events(steward: &Steward) -> u64 {
    run(steward, "sync_run", Value::Null).await;
    let today = SystemClock.now().date_naive();
    let (first, last) = (today - chrono::Months::new(19), today + chrono::Days::new(1));
    let request = json!({ "range": format!("{first}..{last}"), "zone": "UTC" });
    let overview = run(steward, "overview_show", request).await;
    overview["totals"]["events"].as_u64().expect("a number of events")
}

#[tokio::test]
async fn the_sample_company_outlives_its_passwords() {
    let home = open_folder();
    let steward = open(&home).await;
    let made = run(&steward, "sample_open", json!({})).await;
    assert_eq!(made["name"], "Corvid Press");
    assert_eq!(made["environment"], "sample");
    assert_eq!(
        events(&steward).await,
        SampleSize::Small.events(),
        "every event of the company is in the copy"
    );
    steward.close().await;

    // Memory forgets: neither the server's password nor the login's is known to the next Steward.
    let steward = open(&home).await;
    let again = run(&steward, "sample_open", json!({})).await;
    assert_eq!(again["id"], made["id"], "the workspace is the one from before");
    run(&steward, "sync_rebuild", Value::Null).await;
    assert_eq!(events(&steward).await, SampleSize::Small.events(), "the company was kept, not made again");
    steward.close().await;
}

#[tokio::test]
async fn a_given_database_is_filled_and_real_users_are_never_thrown_away() {
    let database = TestDatabase::new().await;
    let home = open_folder();
    let steward = open(&home).await;
    let request = json!({ "database_url": database.owner_url() });
    run(&steward, "sample_open", request).await;
    assert_eq!(events(&steward).await, SampleSize::Small.events(), "a given database holds the same company");

    let quality = run(&steward, "quality_show", json!({ "days": 365 })).await;
    let counters =
        quality["checks"].as_array().expect("checks").iter().find(|check| check["check"] == "counters");
    assert_eq!(
        counters.expect("it is checked")["count"],
        0,
        "the company counts what its events say: {quality}"
    );

    let mut owner = database.connect_owner().await;
    execute(&mut owner, "insert into steward.users (email) values ('someone@company.test')").await;
    drop(owner);
    let request = json!({ "database_url": database.owner_url(), "is_reset": true });
    let refused = dispatch(&steward, "sample_open", request, Mode::Run).await;
    assert!(refused.is_err(), "a reset refuses where somebody else's rows would go with it");
    steward.close().await;
}
