//! Faults of shape and size: F12 and F17.

use rand::seq::SliceRandom;
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use steward_core::sync::Guards;
use steward_core::{Dataset, ErrorKind};
use steward_store::postgres::cut::{self, Purpose};

use super::bench::{Bench, open_cache, start};
use super::invariants::{converges, equals_server, rows};

/// What owners do to tables; the last one of each pair takes the first one back where it has to.
const RESHAPES: [&str; 14] = [
    "alter table steward.users add column note_of_theirs text default 'x'",
    "alter table steward.teams add column extra int; update steward.teams set extra = 1; alter table steward.teams drop column extra",
    "alter table steward.usage_counters alter column used type bigint using used + 1",
    "alter table steward.users alter column name type text using upper(name)",
    "create index on steward.usage_events (event_type)",
    "vacuum full steward.usage_counters",
    "truncate steward.usage_counters",
    "alter table steward.users disable trigger capture_update; update steward.users set country = 'XX' where id::text like '%1';
     alter table steward.users enable always trigger capture_update",
    "set session_replication_role = replica; delete from steward.usage_counters where user_id::text like '%2';
     reset session_replication_role",
    "alter table steward.teams drop constraint teams_pkey cascade; update steward.teams set name = name || '!';
     alter table steward.teams add constraint teams_pkey primary key (id)",
    "cluster steward.teams using teams_pkey",
    "alter table steward.usage_counters set (fillfactor = 70); reindex table steward.usage_counters",
    "create table steward.theirs (id int); drop table steward.theirs",
    "update steward.plans set code = 'team' where code = 'pro'; update steward.plans set code = 'pro' where code = 'team'",
];

/// Whatever owners do, looking again and again leaves the same copy as reading everything once.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn f12_a_followed_copy_equals_a_fresh_one_whatever_owners_do() {
    let mut random = ChaCha8Rng::seed_from_u64(12);
    let mut bench = Bench::new().await;
    bench.fill(20, 300).await;
    let engine = bench.engine();
    engine.run_once().await.expect("a first load");
    let mut acts: Vec<&str> = RESHAPES.into_iter().chain(RESHAPES).collect();
    acts.retain(|act| !act.contains("note_of_theirs"));
    acts.push(RESHAPES[0]);
    acts.shuffle(&mut random);
    for (number, act) in acts.into_iter().enumerate() {
        bench
            .sql(&format!(
                "insert into steward.teams (name) values ('{number}');
                 insert into steward.usage_counters (user_id, period, metric) select id, 'p{number}', 'm' from steward.users limit 5;
                 update steward.usage_events set credits = credits + 1 where event_key::text like '%{number}'"
            ))
            .await;
        for statement in split(act) {
            bench.sql(statement).await;
        }
        // Now and then nobody looks for a while.
        if random.random_bool(0.6) {
            converges(&engine, act).await;
        }
        if number % 7 == 6 {
            equals_server(&engine, act).await;
        }
    }
    equals_server(&engine, "the last act").await;
    engine.shutdown().await;
    let fresh = bench.path().with_file_name("fresh.db");
    let engine = start(open_cache(&fresh), bench.database.login("viewer"));
    equals_server(&engine, "a fresh load").await;
    engine.shutdown().await;
    for dataset in Dataset::ALL {
        assert_eq!(rows(&bench.cache(), dataset), rows(&open_cache(&fresh), dataset), "{dataset:?}");
    }
}

/// VACUUM stands alone; everything else may share a message.
fn split(act: &str) -> impl Iterator<Item = &str> {
    act.split(';').map(str::trim).filter(|statement| !statement.is_empty())
}

/// A column Steward reads is renamed or gone: that is said, nothing is removed, and it goes on once it is back.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn f12_a_column_that_is_gone_stops_the_engine_and_removes_nothing() {
    let mut bench = Bench::new().await;
    bench.fill(20, 100).await;
    let engine = bench.engine();
    engine.run_once().await.expect("a first load");
    bench.sql("alter table steward.users rename column country to land; delete from steward.users where id::text like '%9'").await;
    let error = engine.run_once().await.expect_err("the column is not there");
    assert_ne!(error.kind(), ErrorKind::Offline, "{}", error.chain());
    assert_eq!(rows(&bench.cache(), Dataset::Users), 20, "nothing is taken for deleted");
    bench.sql("alter table steward.users rename column land to country").await;
    equals_server(&engine, "the column is back").await;
    engine.shutdown().await;
    assert_eq!(rows(&bench.cache(), Dataset::Users), 18);
}

/// One statement over many rows, keys that change places, rows deleted and inserted again, and a row that
/// never rests.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn f17_bursts_swaps_and_hot_rows_arrive() {
    let mut bench = Bench::new().await;
    bench.fill(30, 6_000).await;
    bench.sql("insert into steward.teams (id, name) select gen_random_uuid(), 'team ' || n from generate_series(1, 50) n").await;
    let engine = bench.engine();
    engine.run_once().await.expect("a first load");
    bench.sql("update steward.usage_events set credits = credits + 1, cost = cost * 2").await;
    equals_server(&engine, "a burst of every event").await;
    // Two keys change places by way of a third.
    bench
        .sql(
            "begin;
             create temp table pair on commit drop as select id, row_number() over (order by id) as place from steward.teams limit 2;
             update steward.teams set id = '00000000-0000-4000-b000-000000000000' where id = (select id from pair where place = 1);
             update steward.teams set id = (select id from pair where place = 1) where id = (select id from pair where place = 2);
             update steward.teams set id = (select id from pair where place = 2) where id = '00000000-0000-4000-b000-000000000000';
             commit",
        )
        .await;
    equals_server(&engine, "a swap of keys").await;
    bench
        .sql(
            "begin;
             create temp table gone on commit drop as select * from steward.usage_events where user_id::text like '%3';
             delete from steward.usage_events where user_id::text like '%3';
             insert into steward.usage_events select * from gone where event_key::text like '%1';
             commit",
        )
        .await;
    equals_server(&engine, "rows deleted and inserted again").await;
    let before = logged(&mut bench).await;
    for _ in 0..300 {
        bench.sql("update steward.users set name = name || '.' where id = '00000000-0000-4000-8000-000000000001'").await;
    }
    let run = engine.run_once().await.expect("a look");
    assert!(run.rows_read < 400, "a row that never rests is read once, with the log of it: {run:?}");
    assert!(logged(&mut bench).await - before <= 300, "the log holds a key per statement");
    equals_server(&engine, "a hot row").await;
    engine.shutdown().await;
}

async fn logged(bench: &mut Bench) -> i64 {
    sqlx::query_scalar("select count(*) from steward.change_log where rel = 'steward.users'::regclass")
        .fetch_one(&mut bench.owner)
        .await
        .expect("the log answers")
}

/// A partition attached after the snapshot is read from at once: only a look at the end tells.
#[tokio::test]
async fn s45_a_partition_attached_after_the_snapshot_is_noticed_at_the_end() {
    let mut bench = Bench::new().await;
    bench.fill(3, 20).await;
    // With a default partition nobody could attach one while somebody reads.
    bench.sql("drop table steward.usage_events_default").await;
    bench.sql("create table steward.theirs (like steward.usage_events including all)").await;
    bench
        .sql(
            "insert into steward.theirs (user_id, occurred_at, event_key, event_type)
             select id, '2001-01-02 00:00:00+00', gen_random_uuid(), 'prompt' from steward.users limit 1",
        )
        .await;
    let mut viewer = bench.database.connect("viewer").await;
    let open = async |viewer: &mut _| {
        let opened = cut::open_cut(viewer, Purpose::Cut, Guards::default(), None, None, None).await;
        opened.expect("a cut").catalog
    };
    let before = open(&mut viewer).await;
    bench
        .sql(
            "alter table steward.usage_events attach partition steward.theirs
             for values from ('2001-01-01 00:00:00+00') to ('2001-02-01 00:00:00+00')",
        )
        .await;
    let count: i64 =
        sqlx::query_scalar("select count(*) from steward.usage_events where occurred_at < '2002-01-01'")
            .persistent(false)
            .fetch_one(&mut viewer)
            .await
            .expect("a count");
    assert_eq!(count, 1, "the server reads from it, whatever the snapshot");
    let error = cut::close_certain(&mut viewer, &before).await.expect_err("it came meanwhile");
    assert_eq!(error.kind(), ErrorKind::Conflict);
    let after = open(&mut viewer).await;
    cut::close_certain(&mut viewer, &after).await.expect("nothing came");
}
