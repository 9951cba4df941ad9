//! What the examination of a session says: about a good one, and about each thing that can be wrong.

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};
use steward_core::{Clock, ErrorCode, SystemClock};
use steward_store::postgres::connect::{Address, connect};
use steward_store::postgres::doctor::{Finding, FindingState, examine};
use steward_tests::cluster::{TestDatabase, execute};

async fn findings(address: &Address, clock: &dyn Clock) -> BTreeMap<&'static str, Finding> {
    let mut connection = connect(address, None).await.expect("it connects");
    let found = examine(&mut connection, address, clock).await.expect("it can be examined");
    found.into_iter().map(|finding| (finding.name, finding)).collect()
}

fn failure(findings: &BTreeMap<&'static str, Finding>, name: &str) -> (ErrorCode, String) {
    let finding = &findings[name];
    assert_eq!(finding.state, FindingState::Failed, "{finding:?}");
    let error = finding.error.as_ref().expect("a failure has its error");
    (error.code(), error.to_string())
}

#[tokio::test]
async fn a_good_session_is_good_throughout() {
    let database = TestDatabase::new().await;
    let found = findings(&database.login("support"), &SystemClock).await;
    for (name, finding) in &found {
        assert_eq!(finding.state, FindingState::Good, "{name}: {}", finding.text);
    }
    assert_eq!(found["role"].text, "Login test_support works as support.");
    assert!(found["row_security"].text.contains("lets every row pass"), "{}", found["row_security"].text);
    assert!(found["writing"].text.contains("alter role test_support set"), "{}", found["writing"].text);
    let owner = findings(&database.owner(), &SystemClock).await;
    assert!(owner["row_security"].text.contains("No policy applies"), "{}", owner["row_security"].text);
}

#[tokio::test]
async fn a_missing_an_older_and_a_newer_schema_differ() {
    let empty = TestDatabase::empty().await;
    let found = findings(&empty.owner(), &SystemClock).await;
    assert_eq!(failure(&found, "schema").0, ErrorCode::SchemaMissing);
    assert!(!found.contains_key("privileges"), "what rests on it is not asked");

    let database = TestDatabase::new().await;
    let mut owner = database.connect_owner().await;
    execute(&mut owner, "delete from steward.migrations where name = 'supabase'").await;
    assert_eq!(
        failure(&findings(&database.login("viewer"), &SystemClock).await, "schema").0,
        ErrorCode::SchemaOlder
    );
    execute(
        &mut owner,
        "insert into steward.migrations (version, name, checksum) values (29991231000000, 'later', '')",
    )
    .await;
    assert_eq!(
        failure(&findings(&database.login("viewer"), &SystemClock).await, "schema").0,
        ErrorCode::SchemaNewer
    );
}

#[tokio::test]
async fn a_login_that_lacks_something_learns_what() {
    let database = TestDatabase::new().await;
    let stranger = findings(&database.login("app"), &SystemClock).await;
    assert_eq!(failure(&stranger, "role").0, ErrorCode::Permission);
    let (code, text) = failure(&stranger, "privileges");
    assert_eq!(code, ErrorCode::Permission);
    assert!(text.contains("users") && text.contains("change_log"), "the tables are named: {text}");

    let mut owner = database.connect_owner().await;
    execute(
        &mut owner,
        "create policy active_only on steward.users as restrictive for select using (status = 'active')",
    )
    .await;
    let (code, text) = failure(&findings(&database.login("viewer"), &SystemClock).await, "row_security");
    assert_eq!(code, ErrorCode::RowSecurity);
    assert!(text.contains("tables users"), "{text}");
}

struct Late;

impl Clock for Late {
    fn now(&self) -> DateTime<Utc> {
        SystemClock.now() - TimeDelta::minutes(2)
    }
}

#[tokio::test]
async fn a_clock_that_is_off_is_said_to_be() {
    let database = TestDatabase::new().await;
    let found = findings(&database.login("viewer"), &Late).await;
    assert_eq!(found["clock"].state, FindingState::Notable);
    assert!(found["clock"].text.contains("behind the server"), "{}", found["clock"].text);
}

#[tokio::test]
async fn a_short_statement_timeout_is_notable() {
    let database = TestDatabase::new().await;
    let mut owner = database.connect_owner().await;
    let name = database.name();
    execute(&mut owner, &format!("alter database {name} set statement_timeout = '3s'")).await;
    let found = findings(&database.login("viewer"), &SystemClock).await;
    assert_eq!(found["timeout"].state, FindingState::Notable);
    assert!(found["timeout"].text.starts_with("3s"), "{}", found["timeout"].text);
}
