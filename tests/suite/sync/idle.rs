//! Looks that find little or nothing: what they cost, and what they must not store.

use steward_core::sync::{Cursor, Position};
use steward_tests::cluster::execute;

use super::bench::{Bench, differences};

fn cursor(bench: &Bench) -> Cursor {
    let reader = bench.cache().reader().expect("a reader");
    let position: Position = reader.state(Position::KEY).expect("readable").expect("stored");
    position.cursor.expect("a cut was taken")
}

/// The backends of the engine's login on this database.
async fn backends(bench: &mut Bench) -> Vec<i32> {
    sqlx::query_scalar(
        "select pid from pg_stat_activity where datname = current_database() and usename = 'test_viewer'",
    )
    .fetch_all(&mut bench.owner)
    .await
    .expect("the server lists its backends")
}

#[tokio::test]
async fn s17_a_look_that_finds_nothing_moves_the_time_and_leaves_the_cursor() {
    let mut bench = Bench::new().await;
    bench.fill(10, 100).await;
    bench.sql("create table public.elsewhere (n int)").await;
    let engine = bench.engine();
    engine.run_once().await.expect("the first load");
    engine.run_once().await.expect("a look");
    let first = cursor(&bench);
    // Transactions that change nothing of ours: the server may lose them in a crash and give their ids to
    // others, so the cursor must not pass them before they are on disk.
    for _ in 0..3 {
        bench.sql("set synchronous_commit = off; insert into public.elsewhere values (1)").await;
        let run = engine.run_once().await.expect("a look");
        assert_eq!((run.rows_read, run.rows_changed), (0, 0));
        let now = cursor(&bench);
        assert_eq!(now.snapshot, first.snapshot, "what was not waited for is not stored");
        assert!(now.as_of > first.as_of, "the copy is known to be equal at a later time");
    }
    bench.sql("update steward.users set name = 'changed'").await;
    let run = engine.run_once().await.expect("a look");
    assert!(run.rows_changed >= 10, "a change after idle looks arrives: {run:?}");
    assert_ne!(cursor(&bench).snapshot, first.snapshot);
    let found = engine.verify().await.expect("the comparison runs");
    assert!(found.is_clean, "{:?}", differences(&found));
    engine.shutdown().await;
}

#[tokio::test]
async fn s17_a_writer_that_was_open_during_idle_looks_arrives() {
    let mut bench = Bench::new().await;
    bench.fill(10, 100).await;
    let engine = bench.engine();
    engine.run_once().await.expect("the first load");
    let mut writer = bench.database.connect_owner().await;
    execute(&mut writer, "begin; update steward.users set name = 'late'").await;
    for _ in 0..3 {
        let run = engine.run_once().await.expect("a look");
        assert_eq!(run.rows_changed, 0, "the writer has not ended");
    }
    execute(&mut writer, "commit").await;
    let run = engine.run_once().await.expect("a look");
    assert!(run.rows_changed >= 10, "{run:?}");
    let found = engine.verify().await.expect("the comparison runs");
    assert!(found.is_clean, "{:?}", differences(&found));
    engine.shutdown().await;
}

#[tokio::test]
async fn s14_one_connection_serves_many_looks_and_a_lost_one_is_replaced_at_once() {
    let mut bench = Bench::new().await;
    bench.fill(5, 50).await;
    let engine = bench.engine();
    engine.run_once().await.expect("the first load");
    let first = backends(&mut bench).await;
    assert_eq!(first.len(), 1, "one connection: {first:?}");
    engine.run_once().await.expect("a look");
    assert_eq!(backends(&mut bench).await, first, "the connection is kept between looks");
    bench
        .sql(
            "select pg_terminate_backend(pid, 5000) from pg_stat_activity
             where datname = current_database() and usename = 'test_viewer';
             insert into steward.teams (name) values ('new')",
        )
        .await;
    let run = engine.run_once().await.expect("a connection that died while it waited is no failure");
    assert!(run.rows_changed >= 1, "{run:?}");
    assert_ne!(backends(&mut bench).await, first);
    engine.shutdown().await;
    // A backend ends a moment after its client has said goodbye.
    let gone = async { while !backends(&mut bench).await.is_empty() {} };
    let limit = std::time::Duration::from_secs(10);
    tokio::time::timeout(limit, gone).await.expect("a stopped engine leaves no connection");
}
