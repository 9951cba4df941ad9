//! Whatever happens on the server, the next look makes the copy equal to it.

use steward_app::command::sync::DatasetState;
use steward_core::Dataset;
use steward_tests::cluster::execute;

use super::bench::{Bench, differences, start};

async fn assert_equal(bench: &Bench, after: &str) {
    let found = bench.verify().await;
    assert!(found.is_clean, "after {after}: {:?}", differences(&found));
}

fn rows(bench: &Bench, dataset: Dataset) -> u64 {
    bench.cache().reader().expect("a reader").row_counts().expect("counts")[&dataset]
}

#[tokio::test]
async fn s10_a_first_load_fills_an_empty_copy() {
    let mut bench = Bench::new().await;
    bench.fill(50, 12_000).await;
    let run = bench.sync().await;
    assert!(run.rows_read >= 12_000, "{run:?}");
    assert_eq!(rows(&bench, Dataset::UsageEvents), 12_000);
    assert_eq!(rows(&bench, Dataset::Users), 50);
    assert_equal(&bench, "the first load").await;
    let again = bench.sync().await;
    assert_eq!((again.rows_read, again.rows_changed), (0, 0), "an idle server costs nothing");
}

#[tokio::test]
async fn s10_the_first_cut_is_told_about_every_dataset_although_no_row_changes() {
    let mut bench = Bench::new().await;
    bench.fill(20, 500).await;
    let cache = bench.cache();
    let mut changes = cache.subscribe();
    let engine = start(cache.clone(), bench.database.login("viewer"));
    engine.run_once().await.expect("the look succeeds");
    engine.shutdown().await;
    let mut told = Vec::new();
    while let Ok(change) = changes.try_recv() {
        told.push(change.datasets);
    }
    // Whoever was shown the rows so far asks again, and is shown totals.
    assert!(told.iter().any(|datasets| datasets[..] == Dataset::ALL), "{told:?}");
}

#[tokio::test]
async fn s3_inserts_updates_and_deletes_arrive() {
    let mut bench = Bench::new().await;
    bench.fill(40, 2_000).await;
    bench.sync().await;
    bench
        .sql(
            "update steward.users set plan_code = 'pro' where plan_code = 'free' and name like '%7';
             delete from steward.usage_events where user_id::text like '%3';
             insert into steward.usage_counters (user_id, period, metric, used)
             select id, '2026-10', 'requests', 5 from steward.users;
             update steward.usage_counters set used = used + 1 where user_id::text like '%1';
             delete from steward.usage_counters where user_id::text like '%2';
             update steward.usage_events set cost = cost * 2, plan_code = 'pro' where user_id::text like '%4'",
        )
        .await;
    let run = bench.sync().await;
    assert!(run.rows_changed > 100, "{run:?}");
    assert_equal(&bench, "changes of every kind").await;
}

#[tokio::test]
async fn s3_a_changed_primary_key_is_an_old_and_a_new_one() {
    let mut bench = Bench::new().await;
    bench.fill(10, 500).await;
    bench.sync().await;
    bench
        .sql(
            "update steward.plans set code = 'team' where code = 'pro';
             update steward.usage_events set occurred_at = occurred_at - interval '31 days' where user_id::text like '%3'",
        )
        .await;
    bench.sync().await;
    assert_equal(&bench, "moved keys, some of them into another partition").await;
}

#[tokio::test]
async fn s3_savepoints_rollbacks_and_prepared_transactions_arrive_once_committed() {
    let mut bench = Bench::new().await;
    bench.fill(10, 100).await;
    bench.sync().await;
    let mut other = bench.database.connect_owner().await;
    execute(
        &mut other,
        "begin; insert into steward.teams (name) values ('kept');
         savepoint a; insert into steward.teams (name) values ('dropped'); rollback to a;
         savepoint b; insert into steward.teams (name) values ('kept too'); release b",
    )
    .await;
    let gid = format!("steward_{}", bench.database.name());
    execute(
        &mut bench.owner,
        &format!(
            "begin; insert into steward.teams (name) values ('prepared');
             insert into steward.usage_events (user_id, occurred_at, event_key, event_type)
             values (gen_random_uuid(), now(), gen_random_uuid(), 'prepared');
             prepare transaction '{gid}'"
        ),
    )
    .await;
    bench.sql("begin; insert into steward.teams (name) values ('undone'); rollback").await;
    // A later transaction commits first: a cursor of numbers would now stand behind the two open ones.
    bench.sql("insert into steward.teams (name) values ('later')").await;
    bench.sync().await;
    assert_eq!(rows(&bench, Dataset::Teams), 1, "only what is committed");
    execute(&mut other, "commit").await;
    bench.sync().await;
    assert_eq!(rows(&bench, Dataset::Teams), 3, "the long-running writer's rows arrive late, not never");
    bench.sql(&format!("commit prepared '{gid}'")).await;
    bench.sync().await;
    assert_eq!(rows(&bench, Dataset::Teams), 4);
    assert_equal(&bench, "all of them committed").await;
}

#[tokio::test]
async fn s8_a_truncated_table_is_read_again() {
    let mut bench = Bench::new().await;
    bench.fill(30, 3_000).await;
    bench.sql("insert into steward.usage_counters (user_id, period, metric) select id, '2026-10', 'a' from steward.users").await;
    bench.sync().await;
    bench
        .sql(
            "begin; truncate steward.usage_counters;
             insert into steward.usage_counters (user_id, period, metric) select id, '2026-11', 'a' from steward.users limit 3;
             commit; truncate steward.usage_events",
        )
        .await;
    bench.sync().await;
    assert_eq!((rows(&bench, Dataset::UsageCounters), rows(&bench, Dataset::UsageEvents)), (3, 0));
    assert_equal(&bench, "truncates").await;
}

#[tokio::test]
async fn s7_detached_and_attached_partitions_are_noticed() {
    let mut bench = Bench::new().await;
    bench.fill(10, 3_000).await;
    bench.sync().await;
    let before = rows(&bench, Dataset::UsageEvents);
    let (leaf, bound): (String, String) = sqlx::query_as(
        "select c.oid::regclass::text, pg_get_expr(c.relpartbound, c.oid) from pg_class c
         join pg_inherits i on i.inhrelid = c.oid and i.inhparent = 'steward.usage_events'::regclass
         where c.relname = 'usage_events_' || to_char((now() - interval '45 days') at time zone 'UTC', 'YYYYMM')",
    )
    .fetch_one(&mut bench.owner)
    .await
    .expect("the partition of 45 days ago");
    bench.sql(&format!("alter table steward.usage_events detach partition {leaf}")).await;
    let run = bench.sync().await;
    let without = rows(&bench, Dataset::UsageEvents);
    assert!(without < before, "the detached month is gone from the copy");
    assert!(run.rows_read < before, "and only its window was read again: {run:?}");
    assert_equal(&bench, "a detached partition").await;
    bench
        .sql(&format!(
            "delete from {leaf} where user_id::text like '%4'; alter table steward.usage_events attach partition {leaf} {bound}"
        ))
        .await;
    bench.sync().await;
    assert!(rows(&bench, Dataset::UsageEvents) > without);
    assert_equal(&bench, "the partition attached again, changed meanwhile").await;
}

#[tokio::test]
async fn s7_a_trigger_that_was_off_for_a_moment_is_noticed() {
    let mut bench = Bench::new().await;
    bench.fill(10, 10).await;
    bench.sync().await;
    bench
        .sql(
            "alter table steward.users disable trigger user;
             update steward.users set name = 'unseen';
             alter table steward.users enable trigger user;
             alter table steward.users enable always trigger capture_insert;
             alter table steward.users enable always trigger capture_update;
             alter table steward.users enable always trigger capture_delete;
             alter table steward.users enable always trigger capture_truncate",
        )
        .await;
    bench.sync().await;
    assert_equal(&bench, "changes no trigger saw").await;
}

#[tokio::test]
async fn s4_rows_of_asynchronous_commits_wait_for_the_disk() {
    let mut bench = Bench::new().await;
    bench.fill(10, 10).await;
    bench.sync().await;
    bench
        .sql("set synchronous_commit = off; insert into steward.teams (name) select 't' || n from generate_series(1, 50) n")
        .await;
    bench.sync().await;
    let flushed: bool = sqlx::query_scalar("select pg_current_wal_flush_lsn() - '0/0' >= $1::numeric")
        .bind(cursor(&bench).insert_lsn.expect("a primary").to_string())
        .fetch_one(&mut bench.owner)
        .await
        .expect("an answer");
    assert!(flushed, "the stored cut lies on the server's disk");
    assert_equal(&bench, "asynchronous commits").await;
}

fn cursor(bench: &Bench) -> steward_core::sync::Cursor {
    let position: steward_core::sync::Position = bench
        .cache()
        .reader()
        .expect("a reader")
        .state(steward_core::sync::Position::KEY)
        .expect("readable")
        .expect("stored");
    position.cursor.expect("a cut was taken")
}

#[tokio::test]
async fn s6_a_rotated_epoch_reads_everything_again() {
    let mut bench = Bench::new().await;
    bench.fill(20, 1_000).await;
    bench.sync().await;
    // What a restored dump looks like: rows differ, and the log knows nothing of it.
    bench
        .sql(
            "set session_replication_role = replica; alter table steward.users disable trigger capture_update;
             update steward.users set name = 'from the backup';
             alter table steward.users enable always trigger capture_update;
             update steward.meta set epoch = gen_random_uuid()",
        )
        .await;
    let run = bench.sync().await;
    assert!(run.rows_read >= 1_000, "everything: {run:?}");
    assert_equal(&bench, "a new epoch").await;
}

#[tokio::test]
async fn s12_a_pruned_log_reads_everything_again() {
    let mut bench = Bench::new().await;
    bench.fill(20, 300).await;
    bench.sync().await;
    bench.sql("update steward.users set name = 'changed'").await;
    // A transaction of its own: only entries below the floor are gone.
    bench
        .sql("delete from steward.change_log; update steward.meta set floor_xid = pg_current_xact_id()")
        .await;
    bench.sync().await;
    assert_equal(&bench, "a pruned log").await;
}

#[tokio::test]
async fn s2_rows_hidden_by_a_policy_block_and_remove_nothing() {
    let mut bench = Bench::new().await;
    bench.fill(20, 100).await;
    bench.sync().await;
    bench
        .sql("create policy some_rows on steward.users as restrictive for select using (country = 'DE')")
        .await;
    let engine = bench.engine();
    let error = engine.run_once().await.expect_err("the login sees only some rows");
    assert_eq!(error.kind(), steward_core::ErrorKind::RowSecurity);
    let users =
        engine.status().datasets.into_iter().find(|row| row.dataset == Dataset::Users).expect("listed");
    assert!(matches!(users.state, DatasetState::Blocked { .. }), "{:?}", users.state);
    engine.shutdown().await;
    assert_eq!(rows(&bench, Dataset::Users), 20, "nothing was taken for deleted");
    bench.sql("drop policy some_rows on steward.users").await;
    assert_equal(&bench, "the policy is gone").await;
}

#[tokio::test]
async fn s1_a_cut_waits_for_a_table_somebody_holds_and_goes_on_later() {
    let mut bench = Bench::new().await;
    bench.fill(5, 50).await;
    bench.sync().await;
    let mut other = bench.database.connect_owner().await;
    execute(
        &mut other,
        "begin; truncate steward.usage_counters; insert into steward.teams (name) values ('x')",
    )
    .await;
    let engine = bench.engine();
    let error = engine.run_once().await.expect_err("the table is locked for as long as the truncate is open");
    assert_eq!(error.kind(), steward_core::ErrorKind::LockTimeout);
    execute(&mut other, "commit").await;
    engine.run_once().await.expect("the lock is free");
    engine.shutdown().await;
    assert_equal(&bench, "the lock was free").await;
}

#[tokio::test]
async fn s9_an_action_is_confirmed_by_the_cut_that_holds_it() {
    let mut bench = Bench::new().await;
    bench.fill(5, 5).await;
    let engine = bench.engine();
    engine.run_once().await.expect("the look succeeds");
    let xid: String = sqlx::query_scalar(
        "with made as (insert into steward.teams (name) values ('mine') returning 1)
         select pg_current_xact_id()::text from made",
    )
    .fetch_one(&mut bench.owner)
    .await
    .expect("inserted");
    let xid = xid.parse().expect("a number");
    assert!(!engine.confirmed(xid), "no cut since");
    engine.run_once().await.expect("the look succeeds");
    assert!(engine.confirmed(xid));
    engine.shutdown().await;
}
