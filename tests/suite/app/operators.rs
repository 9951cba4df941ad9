//! Who may use the console, and when each of them last did.

use serde_json::Value;
use steward_tests::cluster::TestDatabase;

use super::{add, open, run};

#[tokio::test(flavor = "multi_thread")]
async fn who_only_reads_is_told_by_the_last_sync() {
    let database = TestDatabase::new().await;
    let chief_home = tempfile::tempdir().expect("a folder");
    let chief = open(&chief_home).await;
    add(&chief, "acme", &database.login_url("admin")).await;
    let viewer = async || -> Value {
        let list = run(&chief, "operator_list", Value::Null).await.expect("listed");
        let rows = list["rows"].as_array().expect("rows");
        rows.iter().find(|row| row["login"] == "test_viewer").expect("the viewer's login").clone()
    };
    let before = viewer().await;
    assert_eq!((&before["last_change_at"], &before["last_sync_at"]), (&Value::Null, &Value::Null));

    let home = tempfile::tempdir().expect("a folder");
    let steward = open(&home).await;
    add(&steward, "acme", &database.login_url("viewer")).await;
    run(&steward, "sync_run", Value::Null).await.expect("read");
    let after = viewer().await;
    assert_eq!(after["last_change_at"], Value::Null, "it changed nothing");
    let first = after["last_sync_at"].as_str().expect("it has read").to_owned();
    run(&steward, "sync_run", Value::Null).await.expect("read again");
    let again = viewer().await;
    assert!(again["last_sync_at"].as_str() >= Some(&first), "{again}");
    steward.close().await;
    chief.close().await;
}
