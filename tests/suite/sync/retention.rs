//! The change log is pruned by time, and copies that were away for longer start over.

use steward_core::sync::Position;
use steward_tests::cluster::execute;

use super::bench::{Bench, differences};

async fn entries(bench: &mut Bench) -> i64 {
    sqlx::query_scalar("select coalesce(sum(keys), 0) from steward.change_log")
        .fetch_one(&mut bench.owner)
        .await
        .expect("counted")
}

async fn prune(bench: &mut Bench, arguments: &str) -> i64 {
    let statement = format!("select steward.prune_log({arguments})");
    sqlx::query_scalar(sqlx::AssertSqlSafe(statement)).fetch_one(&mut bench.owner).await.expect("pruned")
}

/// Takes a sample behind all that is logged; transactions of other tests on this server may hold it up.
async fn sample_behind_everything(bench: &mut Bench) {
    let taken = async {
        loop {
            bench.sql("delete from steward.log_samples").await;
            prune(bench, "").await;
            let is_behind: bool = sqlx::query_scalar(
                "select coalesce((select max(ended_before::text::bigint) from steward.log_samples)
                    > (select max(xid::text::bigint) from steward.change_log), true)",
            )
            .fetch_one(&mut bench.owner)
            .await
            .expect("an answer");
            if is_behind {
                return;
            }
        }
    };
    tokio::time::timeout(std::time::Duration::from_secs(60), taken).await.expect("writers end");
}

/// Lets days pass, as the samples see it.
async fn days_pass(bench: &mut Bench, days: u32) {
    bench.sql(&format!("update steward.log_samples set taken_at = taken_at - interval '{days} days'")).await;
}

fn client(bench: &Bench) -> Option<uuid::Uuid> {
    let reader = bench.cache().reader().expect("a reader");
    let position: Position = reader.state(Position::KEY).expect("readable").expect("stored");
    position.ack.map(|chain| chain.client)
}

#[tokio::test]
async fn s12_entries_are_kept_for_thirty_days_and_a_copy_that_was_away_for_longer_starts_over() {
    let mut bench = Bench::new().await;
    bench.fill(20, 300).await;
    bench.sync().await;
    let first = client(&bench);
    assert_eq!(prune(&mut bench, "").await, 0, "nothing is old yet");
    sample_behind_everything(&mut bench).await;
    bench.sql("update steward.users set name = 'old'").await;
    let kept = entries(&mut bench).await;
    days_pass(&mut bench, 29).await;
    assert_eq!(prune(&mut bench, "").await, 0, "29 days are no 30");
    bench.sync().await;
    assert_eq!(client(&bench), first, "the copy goes on");
    bench.sql("update steward.users set name = 'newer'").await;
    days_pass(&mut bench, 2).await;
    assert!(prune(&mut bench, "").await > 0, "what happened before the first sample goes");
    assert!(entries(&mut bench).await < kept + 20);
    bench.sync().await;
    assert_eq!(client(&bench), first, "a copy that has read beyond the floor goes on");
    bench.sql("update steward.users set name = 'never read from the log'").await;
    sample_behind_everything(&mut bench).await;
    days_pass(&mut bench, 31).await;
    prune(&mut bench, "").await;
    assert_eq!(entries(&mut bench).await, 0);
    bench.sync().await;
    assert_ne!(client(&bench), first, "what it has not read is gone, so it started over");
    let found = bench.verify().await;
    assert!(found.is_clean, "{:?}", differences(&found));
}

#[tokio::test]
async fn s12_what_a_running_transaction_logged_outlives_any_pruning() {
    let mut bench = Bench::new().await;
    bench.fill(20, 300).await;
    bench.sync().await;
    let mut writer = bench.database.connect_owner().await;
    // Rows without an audit trail, whose chain lets one writer in at a time.
    execute(&mut writer, "begin; insert into steward.teams (name) values ('late')").await;
    bench.sql("insert into steward.teams (name) values ('early')").await;
    bench.sync().await;
    prune(&mut bench, "interval '0', 0").await;
    execute(&mut writer, "commit").await;
    bench.sync().await;
    let found = bench.verify().await;
    assert!(found.is_clean, "{:?}", differences(&found));
}

/// What a dump of a server with more transactions behind it leaves in another one.
const RESTORED: &str = "
    update steward.usage_events set tx = tx + 1000000000;
    insert into steward.change_log (xid, rel, op, pk)
    select '4000000000'::xid8, 'steward.users'::regclass, 'U', jsonb_build_object('id', id) from steward.users;
    update steward.meta set floor_xid = '3000000000', sysid = 1";

#[tokio::test]
async fn s12_transactions_of_another_server_in_a_restored_dump_are_not_taken_for_new() {
    let mut bench = Bench::new().await;
    bench.fill(20, 3_000).await;
    bench.sql(RESTORED).await;
    bench.sync().await;
    let first = client(&bench);
    bench.sql("update steward.users set name = 'changed' where email like '%1@mail.invalid'").await;
    let run = bench.sync().await;
    assert!(run.rows_changed >= 2 && run.rows_read < 100, "what changed here, and nothing else: {run:?}");
    let run = bench.sync().await;
    assert_eq!((run.rows_read, client(&bench)), (0, first), "and then nothing");
    let mut admin = bench.database.connect("admin").await;
    execute(&mut admin, "select steward.rotate_epoch()").await;
    let (sysid, floor): (bool, bool) = sqlx::query_as(
        "select sysid = (pg_control_system()).system_identifier, floor_xid < pg_current_xact_id() from steward.meta",
    )
    .fetch_one(&mut bench.owner)
    .await
    .expect("read");
    assert!(sysid && floor, "an admin has declared the database restored");
    let run = bench.sync().await;
    assert!(run.rows_read > 3_000, "every copy compares itself anew: {run:?}");
    let found = bench.verify().await;
    assert!(found.is_clean, "{:?}", differences(&found));
}

#[tokio::test]
async fn s12_only_an_admin_and_the_platform_may_prune() {
    let bench = Bench::new().await;
    for (role, is_allowed) in [("viewer", false), ("finance", false), ("admin", true), ("app", true)] {
        let mut login = bench.database.connect(role).await;
        let pruned = sqlx::query("select steward.prune_log()").execute(&mut login).await;
        assert_eq!(pruned.is_ok(), is_allowed, "{role}: {pruned:?}");
    }
}
