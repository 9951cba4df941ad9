//! What reaches the change log: every way to change a row, once, and nothing else.

use serde_json::{Value, json};
use sqlx::PgConnection;
use steward_core::Dataset;
use steward_core::dataset::Capture;
use steward_tests::cluster::{TestDatabase, execute};

use super::{json as value, seed, sqlstate};

/// What is logged, oldest first, as `[table, op, key]`; the log is emptied. A statement that changes several rows
/// logs the first two of them twice, which means the same.
async fn logged(owner: &mut PgConnection) -> Value {
    let found = value(
        owner,
        "select coalesce(jsonb_agg(jsonb_build_array(rel, op, key) order by xid, first, key::text), '[]')
         from (select xid, rel::regclass::text as rel, op::text as op, k as key, min(seq) as first
               from steward.change_log left join lateral steward.changed_keys(pk) k on true group by xid, 2, 3, k) l",
    )
    .await;
    execute(owner, "delete from steward.change_log").await;
    found
}

async fn start() -> (TestDatabase, PgConnection) {
    let database = TestDatabase::new().await;
    let mut owner = database.connect_owner().await;
    execute(&mut owner, "delete from steward.change_log").await;
    (database, owner)
}

#[tokio::test]
async fn inserts_updates_and_deletes_are_logged_by_key() {
    let (_database, mut owner) = start().await;
    execute(&mut owner, "insert into steward.plans (code, name, rank) values ('a', 'A', 1), ('b', 'B', 2)")
        .await;
    assert_eq!(
        logged(&mut owner).await,
        json!([["steward.plans", "I", {"code": "a"}], ["steward.plans", "I", {"code": "b"}]])
    );
    execute(&mut owner, "update steward.plans set name = 'C' where code = 'a'").await;
    assert_eq!(
        logged(&mut owner).await,
        json!([["steward.plans", "U", {"code": "a"}]]),
        "one row per changed key"
    );
    execute(&mut owner, "update steward.plans set code = 'c' where code = 'a'").await;
    let mut both = logged(&mut owner).await;
    both.as_array_mut().expect("a list").sort_by_key(Value::to_string);
    assert_eq!(
        both,
        json!([["steward.plans", "U", {"code": "a"}], ["steward.plans", "U", {"code": "c"}]]),
        "a changed key is two keys"
    );
    execute(&mut owner, "insert into steward.plans (code, name, rank) values ('b', 'B', 2) on conflict (code) do update set rank = 3").await;
    let upsert = logged(&mut owner).await;
    assert_eq!(upsert, json!([["steward.plans", "U", {"code": "b"}]]), "an upsert that updates");
    execute(&mut owner, "delete from steward.plans where code = 'b'").await;
    assert_eq!(logged(&mut owner).await, json!([["steward.plans", "D", {"code": "b"}]]));
    execute(&mut owner, "delete from steward.plans where code = 'nothing'").await;
    assert_eq!(logged(&mut owner).await, json!([]), "a statement that meets no row");
    execute(&mut owner, "truncate steward.plans cascade").await;
    let truncated = logged(&mut owner).await;
    assert!(
        truncated
            .as_array()
            .is_some_and(|rows| rows.iter().any(|row| *row == json!(["steward.plans", "T", null]))),
        "{truncated}"
    );
}

#[tokio::test]
async fn copy_and_cascades_are_logged() {
    let (_database, mut owner) = start().await;
    let [first, ..] = seed(&mut owner).await;
    execute(&mut owner, &format!("insert into steward.usage_counters (user_id, period, metric) values ('{first}', '2026-01', 'prompts')")).await;
    logged(&mut owner).await;
    let mut copy = owner_copy(&mut owner, "copy steward.plans (code, name, rank) from stdin").await;
    copy.send(&b"copied\tCopied\t9\n"[..]).await.expect("the row is sent");
    copy.finish().await.expect("the copy ends");
    assert_eq!(logged(&mut owner).await, json!([["steward.plans", "I", {"code": "copied"}]]));
    execute(&mut owner, &format!("delete from steward.users where id = '{first}'")).await;
    let mut gone = logged(&mut owner).await;
    gone.as_array_mut().expect("a list").sort_by_key(|row| row[0].to_string());
    assert_eq!(
        gone,
        json!([
            ["steward.usage_counters", "D", {"user_id": first, "period": "2026-01", "metric": "prompts"}],
            ["steward.users", "D", {"id": first}],
        ]),
        "a cascade is logged on the child"
    );
}

async fn owner_copy<'c>(
    owner: &'c mut PgConnection,
    statement: &'static str,
) -> sqlx::postgres::PgCopyIn<&'c mut PgConnection> {
    owner.copy_in_raw(statement).await.expect("the copy begins")
}

#[tokio::test]
async fn savepoints_share_their_transaction_and_rolled_back_ones_leave_nothing() {
    let (_database, mut owner) = start().await;
    execute(
        &mut owner,
        "begin;
         insert into steward.plans (code, name, rank) values ('a', 'A', 1);
         savepoint one; insert into steward.plans (code, name, rank) values ('b', 'B', 2); rollback to one;
         savepoint two; insert into steward.plans (code, name, rank) values ('c', 'C', 3); release two;
         commit",
    )
    .await;
    let found = value(&mut owner, "select jsonb_build_array(count(distinct xid), jsonb_agg(pk ->> 'code' order by seq)) from steward.change_log").await;
    assert_eq!(found, json!([1, ["a", "c"]]));
}

#[tokio::test]
async fn a_prepared_transaction_is_logged_when_it_commits() {
    let (database, mut owner) = start().await;
    let name = database.name();
    execute(
        &mut owner,
        &format!("begin; insert into steward.plans (code, name, rank) values ('a', 'A', 1); prepare transaction '{name}'"),
    )
    .await;
    assert_eq!(value(&mut owner, "select to_jsonb(count(*)) from steward.change_log").await, 0);
    execute(&mut owner, &format!("commit prepared '{name}'")).await;
    assert_eq!(logged(&mut owner).await, json!([["steward.plans", "I", {"code": "a"}]]));
}

#[tokio::test]
async fn replicated_sessions_are_logged_too() {
    let (_database, mut owner) = start().await;
    execute(&mut owner, "begin; set local session_replication_role = replica; insert into steward.plans (code, name, rank) values ('a', 'A', 1); commit").await;
    assert_eq!(logged(&mut owner).await, json!([["steward.plans", "I", {"code": "a"}]]));
}

const EVENT: &str = "insert into steward.usage_events (user_id, occurred_at, event_key, event_type) values";
const USER: &str = "01900000-0000-7000-8000-000000000001";
const KEY: &str = "01900000-0000-7000-8000-0000000000ee";

#[tokio::test]
async fn usage_is_logged_only_when_it_is_changed_on_the_table_and_on_its_leaves() {
    let (_database, mut owner) = start().await;
    let made =
        value(&mut owner, "select to_jsonb(steward.ensure_usage_partitions('2026-01-15', '2026-03-01'))")
            .await;
    assert_eq!(made, 3, "one for each month of the days given");
    execute(&mut owner, &format!("{EVENT} ('{USER}', '2026-01-31 23:59:59.123456+00', '{KEY}', 'chat'), ('{USER}', '2026-02-01 00:00:00+00', '{KEY}', 'chat')")).await;
    assert_eq!(logged(&mut owner).await, json!([]), "a new event is its own log entry");
    let tx =
        value(&mut owner, "select to_jsonb(bool_and(tx = xmin::text::bigint)) from steward.usage_events")
            .await;
    assert_eq!(tx, true, "it carries its writer");

    let key = |at: &str| json!({"user_id": USER, "occurred_at": at, "event_key": KEY});
    execute(
        &mut owner,
        "update steward.usage_events set latency_ms = 5 where occurred_at < '2026-02-01 00:00:00+00'",
    )
    .await;
    assert_eq!(
        logged(&mut owner).await,
        json!([["steward.usage_events", "U", key("2026-01-31T23:59:59.123456+00:00")]])
    );
    execute(&mut owner, "set timezone = 'Asia/Kathmandu'; update steward.usage_events_202602 set latency_ms = 5; set timezone = 'UTC'").await;
    assert_eq!(
        logged(&mut owner).await,
        json!([["steward.usage_events", "U", key("2026-02-01T00:00:00+00:00")]]),
        "a leaf logs for its table, in UTC"
    );
    execute(&mut owner, "update steward.usage_events set occurred_at = '2026-03-01 12:00:00+00' where occurred_at >= '2026-02-01 00:00:00+00'").await;
    let mut moved = logged(&mut owner).await;
    moved.as_array_mut().expect("a list").sort_by_key(Value::to_string);
    assert_eq!(
        moved,
        json!([
            ["steward.usage_events", "U", key("2026-02-01T00:00:00+00:00")],
            ["steward.usage_events", "U", key("2026-03-01T12:00:00+00:00")],
        ]),
        "an update across partitions is both keys"
    );
    execute(&mut owner, "delete from steward.usage_events_202603").await;
    assert_eq!(
        logged(&mut owner).await,
        json!([["steward.usage_events", "D", key("2026-03-01T12:00:00+00:00")]])
    );
    execute(&mut owner, "truncate steward.usage_events_202601").await;
    assert_eq!(logged(&mut owner).await, json!([["steward.usage_events", "T", null]]));
}

#[tokio::test]
async fn events_ahead_of_their_partition_wait_and_move_with_their_writer() {
    let (_database, mut owner) = start().await;
    execute(&mut owner, &format!("{EVENT} ('{USER}', '2031-05-05 00:00:00+00', '{KEY}', 'chat')")).await;
    let before =
        value(&mut owner, "select jsonb_build_array(tableoid::regclass::text, tx) from steward.usage_events")
            .await;
    assert_eq!(before[0], "steward.usage_events_default");
    execute(&mut owner, "select steward.ensure_usage_partitions('2031-05-01', '2031-05-31')").await;
    let after =
        value(&mut owner, "select jsonb_build_array(tableoid::regclass::text, tx) from steward.usage_events")
            .await;
    assert_eq!(
        after,
        json!(["steward.usage_events_203105", before[1]]),
        "it moved, and is not new to a reader"
    );
    let logged = logged(&mut owner).await;
    assert_eq!(logged[0][1], "D", "the move is noticed: {logged}");
    assert_eq!(
        value(&mut owner, "select to_jsonb(steward.ensure_usage_partitions('2031-05-01', '2031-05-31'))")
            .await,
        0
    );
}

#[tokio::test]
async fn every_dataset_is_captured_as_its_spec_says() {
    let (_database, mut owner) = start().await;
    execute(&mut owner, "select steward.ensure_usage_partitions('2026-01-01', '2026-01-01')").await;
    for dataset in Dataset::ALL {
        let spec = dataset.spec();
        let found = value(
            &mut owner,
            &format!(
                "select jsonb_agg(jsonb_build_array(c.oid::regclass, t.tgenabled, t.names)) from (
                     select relid as oid from pg_partition_tree('steward.{0}') union select 'steward.{0}'::regclass) c
                 cross join lateral (select array_agg(distinct tgenabled::text) as tgenabled, array_agg(substr(tgname, 9) order by tgname) as names
                     from pg_trigger where tgrelid = c.oid and tgname like 'capture\\_%') t",
                spec.table
            ),
        )
        .await;
        let expected = match spec.capture {
            Capture::ChangeLog => json!(["delete", "insert", "truncate", "update"]),
            Capture::WriterColumn => json!(["delete", "truncate", "update"]),
        };
        for relation in found.as_array().expect("relations") {
            assert_eq!((&relation[1], &relation[2]), (&json!(["A"]), &expected), "{relation}");
        }
    }
}

#[tokio::test]
async fn pruning_moves_the_floor() {
    let (database, mut owner) = start().await;
    execute(&mut owner, "insert into steward.plans (code, name, rank) values ('a', 'A', 1)").await;
    let mut admin = database.connect("admin").await;
    let prune = "select to_jsonb(steward.prune_change_log(pg_snapshot_xmax(pg_current_snapshot())))";
    // What still runs, also in other tests' databases, holds the floor up.
    let pruned = async { while value(&mut admin, prune).await != 1 {} };
    tokio::time::timeout(std::time::Duration::from_secs(60), pruned).await.expect("one entry is removed");
    let floor = value(&mut admin, "select to_jsonb(floor_xid > '3'::xid8) from steward.meta").await;
    assert_eq!(floor, true);
    let mut support = database.connect("support").await;
    assert_eq!(sqlstate(&mut support, "select steward.prune_change_log('9'::xid8)").await, "42501");
    let before = value(&mut admin, "select to_jsonb(epoch) from steward.meta").await;
    let after = value(&mut admin, "select to_jsonb(steward.rotate_epoch())").await;
    assert_ne!(before, after);
}
