//! Faults of permission and patience: F11, F13 and F18.

use std::sync::Arc;

use secrecy::SecretString;
use steward_app::command::sync::DatasetState;
use steward_app::sync_driver::{SyncConfig, SyncDriver};
use steward_core::{Dataset, ErrorKind, SystemClock};
use steward_tests::cluster::{execute, shared_cluster, superuser};

use super::bench::{Bench, start};
use super::invariants::{
    converges, equals_server, flag_is_honest, leaves_nothing_open, rows, stand, tells_trouble,
};

/// What the login may not read is blocked and kept; when it may again, the copy goes on.
async fn refused(forbid: &str, permit: &str, kind: ErrorKind) {
    let mut bench = Bench::new().await;
    bench.fill(20, 200).await;
    let engine = bench.engine();
    engine.run_once().await.expect("a first load");
    bench
        .sql("delete from steward.users where id::text like '%9'; update steward.users set name = 'changed'")
        .await;
    let before = stand(&bench.cache());
    bench.sql(forbid).await;
    let error = engine.run_once().await.expect_err("the login may not");
    assert_eq!(error.kind(), kind, "{}", error.chain());
    let status = engine.status();
    tells_trouble(&status, kind);
    let users = status.datasets.iter().find(|row| row.dataset == Dataset::Users).expect("listed");
    assert!(matches!(users.state, DatasetState::Blocked { .. }), "{:?}", users.state);
    assert_eq!(rows(&bench.cache(), Dataset::Users), 20, "nothing is taken for deleted");
    assert_eq!(stand(&bench.cache()).position, before.position, "the copy stays where it was");
    leaves_nothing_open(&mut bench.owner).await;
    bench.sql(permit).await;
    equals_server(&engine, "it may again").await;
    engine.shutdown().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn f11_a_revoked_privilege_blocks_and_removes_nothing() {
    refused(
        "revoke select on steward.users from steward_viewer",
        "grant select on steward.users to steward_viewer",
        ErrorKind::Permission,
    )
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn f11_a_policy_that_hides_rows_blocks_and_removes_nothing() {
    refused(
        "create policy some_rows on steward.users as restrictive for select using (country = 'DE')",
        "drop policy some_rows on steward.users",
        ErrorKind::RowSecurity,
    )
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn f11_a_dropped_policy_blocks_and_removes_nothing() {
    refused(
        "drop policy console_reads_all on steward.users",
        "create policy console_reads_all on steward.users for select to steward_viewer using (true)",
        ErrorKind::RowSecurity,
    )
    .await;
}

/// The password changes and the connection is cut: the engine stops and says why, and a person's new password
/// lets it go on.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn f11_a_changed_password_stops_it_until_there_is_a_new_one() {
    let mut bench = Bench::new().await;
    bench.fill(20, 200).await;
    let login = format!("f11_{}", bench.database.name());
    bench.sql(&format!("create role {login} login password 'old' in role steward_viewer")).await;
    let url = shared_cluster().url(&login, &SecretString::from("old"), bench.database.name());
    let address =
        steward_store::postgres::connect::Address::parse(&url.replace(":old@", "@"), None).expect("a URL");
    let password = Arc::new(std::sync::Mutex::new("old"));
    let source = Arc::clone(&password);
    let config = SyncConfig { is_automatic: false, ..SyncConfig::default() };
    let engine = SyncDriver::start(
        bench.cache(),
        address,
        Arc::new(move || Ok(Some(SecretString::from(*source.lock().expect("held by nobody"))))),
        Arc::new(SystemClock),
        config,
    )
    .expect("it starts");
    engine.run_once().await.expect("a first load");
    bench
        .sql(&format!(
            "alter role {login} password 'new'; delete from steward.users where id::text like '%9';
             select pg_terminate_backend(pid) from pg_stat_activity where usename = '{login}'"
        ))
        .await;
    let mut refused = None;
    for _ in 0..5 {
        // The first look may only find that its connection is gone.
        refused = engine.run_once().await.err();
        if refused.as_ref().is_some_and(|error| error.kind() == ErrorKind::Auth) {
            break;
        }
    }
    assert_eq!(refused.expect("the password is wrong").kind(), ErrorKind::Auth);
    tells_trouble(&engine.status(), ErrorKind::Auth);
    assert_eq!(rows(&bench.cache(), Dataset::Users), 20, "nothing is taken for deleted");
    *password.lock().expect("held by nobody") = "new";
    equals_server(&engine, "a new password").await;
    engine.shutdown().await;
    drop(bench);
    // Roles belong to the whole cluster, so this one has to go by itself.
    execute(&mut superuser("postgres").await, &format!("drop role {login}")).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn f11_a_connection_limit_is_told_and_waited_for() {
    let mut bench = Bench::new().await;
    bench.fill(20, 200).await;
    let engine = bench.engine();
    engine.run_once().await.expect("a first load");
    let database = bench.database.name().to_owned();
    bench
        .sql(&format!(
            "alter database {database} connection limit 0;
             select pg_terminate_backend(pid) from pg_stat_activity where usename = 'test_viewer' and datname = '{database}'"
        ))
        .await;
    let error = engine.run_once().await.expect_err("there is no room");
    tells_trouble(&engine.status(), error.kind());
    bench.sql(&format!("alter database {database} connection limit -1")).await;
    converges(&engine, "there is room").await;
    equals_server(&engine, "there is room").await;
    engine.shutdown().await;
}

/// A platform's short statement timeout makes chunks small, not the load endless.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn f13_a_short_statement_timeout_is_lived_with() {
    let mut bench = Bench::new().await;
    bench.fill(30, 3_000).await;
    let database = bench.database.name().to_owned();
    bench.sql(&format!("alter database {database} set statement_timeout = '200ms'")).await;
    let engine = bench.engine();
    converges(&engine, "a load under a short timeout").await;
    equals_server(&engine, "a load under a short timeout").await;
    engine.shutdown().await;
    leaves_nothing_open(&mut bench.owner).await;
}

/// Transactions that somebody forgot: the engine waits for what they lock and goes around what they do not.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn f13_forgotten_transactions_hold_up_only_what_they_lock() {
    let mut bench = Bench::new().await;
    bench.fill(20, 200).await;
    let engine = bench.engine();
    engine.run_once().await.expect("a first load");
    // Idle since long, with a row of its own.
    let mut idle = bench.database.connect_owner().await;
    execute(&mut idle, "begin; insert into steward.teams (name) values ('not yet')").await;
    for round in 0..5 {
        bench.sql(&format!("insert into steward.teams (name) values ('{round}')")).await;
        equals_server(&engine, "a look around an idle writer").await;
    }
    // Prepared and forgotten, with a lock on a whole table.
    let gid = format!("forgotten_{}", bench.database.name());
    bench.sql(&format!("begin; truncate steward.usage_counters; prepare transaction '{gid}'")).await;
    // Where nothing has ended nothing has to be read; other tests on this server may have ended something.
    if let Err(error) = engine.run_once().await {
        assert_eq!(error.kind(), ErrorKind::LockTimeout, "{}", error.chain());
    }
    bench.sql("insert into steward.teams (name) values ('6')").await;
    let error = engine.run_once().await.expect_err("a table is locked");
    assert_eq!(error.kind(), ErrorKind::LockTimeout);
    tells_trouble(&engine.status(), ErrorKind::LockTimeout);
    leaves_nothing_open(&mut bench.owner).await;
    bench.sql(&format!("rollback prepared '{gid}'")).await;
    execute(&mut idle, "commit").await;
    equals_server(&engine, "everybody is done").await;
    assert_eq!(rows(&bench.cache(), Dataset::Teams), 7);
    engine.shutdown().await;
}

/// Two Stewards on one copy: the second one says so and harms nothing.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn f18_a_second_instance_is_refused() {
    let mut bench = Bench::new().await;
    bench.fill(20, 200).await;
    let engine = bench.engine();
    engine.run_once().await.expect("a first load");
    let config = SyncConfig { is_automatic: false, ..SyncConfig::default() };
    let second = SyncDriver::start(
        bench.cache(),
        bench.database.login("viewer"),
        Arc::new(|| Ok(None)),
        Arc::new(SystemClock),
        config,
    );
    assert_eq!(second.expect_err("the first one has it").kind(), ErrorKind::CacheBusy);
    let destroyed = steward_store::cache::Cache::destroy(&bench.path());
    assert_eq!(destroyed.expect_err("it is in use").kind(), ErrorKind::CacheBusy);
    equals_server(&engine, "a second instance").await;
    engine.shutdown().await;
}

/// The user deletes the copy's files under a running Steward: the next one begins anew.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn f18_a_copy_deleted_under_way_is_made_anew() {
    let mut bench = Bench::new().await;
    bench.fill(20, 200).await;
    let engine = bench.engine();
    engine.run_once().await.expect("a first load");
    for entry in std::fs::read_dir(bench.path().parent().expect("a folder")).expect("a folder") {
        std::fs::remove_file(entry.expect("an entry").path()).expect("deleted");
    }
    bench.sql("update steward.users set name = 'after'").await;
    // It may go on with the files nobody sees any more, or say that they are gone; it may not lie about it.
    let _ = engine.run_once().await;
    flag_is_honest(&engine.status());
    engine.shutdown().await;
    let engine = start(bench.cache(), bench.database.login("viewer"));
    equals_server(&engine, "the copy was deleted").await;
    engine.shutdown().await;
    assert_eq!(rows(&bench.cache(), Dataset::Users), 20);
}
