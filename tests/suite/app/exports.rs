//! An export that is stopped leaves nothing, whoever stops it.

use std::path::Path;

use serde_json::{Value, json};
use steward_app::Steward;
use steward_core::ErrorCode;
use steward_tests::cluster::{TestDatabase, execute};

use super::{add, open, run};
use crate::cli::machine::MANY;

async fn company() -> (TestDatabase, tempfile::TempDir, Steward) {
    let database = TestDatabase::new().await;
    execute(&mut database.connect_owner().await, MANY).await;
    let home = tempfile::tempdir().expect("a folder");
    let steward = open(&home).await;
    add(&steward, "acme", &database.login_url("viewer")).await;
    run(&steward, "sync_run", Value::Null).await.expect("synchronised");
    (database, home, steward)
}

fn request(folder: &Path) -> Value {
    json!({
        "source": "events",
        "request": { "period": { "start": "2020-01-01T00:00:00Z", "end": "2100-01-01T00:00:00Z" } },
        "format": "csv", "zone": "UTC", "path": folder.join("events.csv"),
    })
}

/// The export that runs, once it does.
async fn running(steward: &Steward) -> Value {
    loop {
        let list = run(steward, "export_list", Value::Null).await.expect("a list");
        let jobs = list["rows"].as_array().expect("jobs");
        if let Some(job) = jobs.iter().find(|job| job["state"] == "running") {
            return job.clone();
        }
        tokio::task::yield_now().await;
    }
}

fn entries(folder: &Path) -> usize {
    std::fs::read_dir(folder).expect("a folder").count()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_export_that_is_cancelled_leaves_no_file_and_says_so() {
    let (_database, _home, steward) = company().await;
    let out = tempfile::tempdir().expect("a folder");
    let export = tokio::spawn({
        let (steward, request) = (steward.clone(), request(out.path()));
        async move { run(&steward, "export_run", request).await }
    });
    let job = running(&steward).await;
    run(&steward, "export_cancel", json!({ "id": job["id"] })).await.expect("asked to stop");
    let error = export.await.expect("it ends").expect_err("it was stopped");
    assert_eq!(error.code, ErrorCode::Cancelled);
    assert_eq!(entries(out.path()), 0, "neither file nor manifest nor part of them");
    let list = run(&steward, "export_list", Value::Null).await.expect("a list");
    assert_eq!(list["rows"][0]["state"], "cancelled");
    assert_eq!(list["rows"][0]["is_logged"], false, "what was not made is told to nobody");

    let again = run(&steward, "export_run", request(out.path())).await.expect("it can be made again");
    assert_eq!(again["rows"], 60_000);
    assert_eq!(entries(out.path()), 2);
    steward.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_leaves_takes_the_export_along() {
    let (_database, _home, steward) = company().await;
    let out = tempfile::tempdir().expect("a folder");
    tokio::select! {
        result = run(&steward, "export_run", request(out.path())) => panic!("too soon: {result:?}"),
        _ = running(&steward) => {}
    }
    // Closing waits for whatever still ends.
    steward.close().await;
    assert_eq!(entries(out.path()), 0);
}
