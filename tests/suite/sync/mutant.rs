//! The oracle can fail: the engine without one of its guards is caught by the very comparison that the whole
//! engine passes, on real servers. The model ([`super::model`]) catches the same mutants in memory, and the
//! kills ([`super::kill`]) the first one once more.

use std::collections::BTreeMap;

use sqlx::{AssertSqlSafe, Executor, PgConnection};
use steward_app::sync_driver::SyncHandle;
use steward_core::Dataset;
use steward_core::sync::{Chunk, Guard, Guards, Reach, Snapshot};
use steward_store::postgres::cut::{self, Purpose};
use steward_store::postgres::load;
use steward_store::row;
use steward_tests::cluster::execute;
use steward_tests::server::Server;
use tempfile::TempDir;

use super::bench::{self, Bench, open_cache, start_with};
use super::invariants::drift_is_recorded;
use super::writers::Writers;

/// How a reader remembers where it was.
enum Memory {
    /// S3: by the snapshot of the last cut.
    Snapshot(Option<Snapshot>),
    /// What everybody writes first: by the highest number seen.
    Number(i64),
}

/// A mirror of two tables, kept by the change log.
struct Mirror {
    memory: Memory,
    rows: BTreeMap<(String, String), String>,
}

const TABLES: [(&str, &str); 2] = [
    ("teams", "jsonb_build_object('id', t.id)"),
    ("usage_counters", "jsonb_build_object('user_id', t.user_id, 'period', t.period, 'metric', t.metric)"),
];

impl Mirror {
    /// One cut; answers whether the mirror equals the server in its snapshot.
    async fn pull(&mut self, connection: &mut PgConnection) -> sqlx::Result<bool> {
        connection
            .execute(
                "begin isolation level repeatable read read only;
                 lock table steward.teams, steward.usage_counters, steward.change_log in access share mode",
            )
            .await?;
        let now: String =
            sqlx::query_scalar("select pg_current_snapshot()::text").fetch_one(&mut *connection).await?;
        let top: i64 = sqlx::query_scalar("select coalesce(max(seq), 0) from steward.change_log")
            .fetch_one(&mut *connection)
            .await?;
        let server = everything(connection).await?;
        let select = "select rel::regclass::text, op::text, k::text
            from steward.change_log left join lateral steward.changed_keys(pk) k on true where ";
        let log: Option<Vec<(String, String, Option<String>)>> = match &self.memory {
            Memory::Snapshot(None) => None,
            Memory::Snapshot(Some(seen)) => {
                let statement = format!("{select}{}", cut::log_condition(seen, Reach::Exact));
                Some(sqlx::query_as(AssertSqlSafe(statement)).fetch_all(&mut *connection).await?)
            }
            Memory::Number(0) => None,
            Memory::Number(seen) => {
                let statement = format!("{select} seq > $1");
                Some(sqlx::query_as(AssertSqlSafe(statement)).bind(seen).fetch_all(&mut *connection).await?)
            }
        };
        match log {
            None => self.rows.clone_from(&server),
            Some(log) => self.apply(&log, &server),
        }
        match &mut self.memory {
            Memory::Snapshot(seen) => *seen = Some(now.parse().expect("a snapshot")),
            Memory::Number(seen) => *seen = top,
        }
        connection.execute("commit").await?;
        Ok(self.rows == server)
    }

    fn apply(
        &mut self,
        log: &[(String, String, Option<String>)],
        server: &BTreeMap<(String, String), String>,
    ) {
        for (table, operation, key) in log {
            let table = table.trim_start_matches("steward.").to_owned();
            match key {
                Some(key) => {
                    let key = (table, key.clone());
                    match server.get(&key) {
                        Some(row) => self.rows.insert(key, row.clone()),
                        None => self.rows.remove(&key),
                    };
                }
                None => {
                    assert_eq!(operation, "T", "only a truncate has no key");
                    self.rows.retain(|(other, _), _| *other != table);
                    let again = server.iter().filter(|((other, _), _)| *other == table);
                    self.rows.extend(again.map(|(key, row)| (key.clone(), row.clone())));
                }
            }
        }
    }
}

async fn everything(connection: &mut PgConnection) -> sqlx::Result<BTreeMap<(String, String), String>> {
    let mut rows = BTreeMap::new();
    for (table, key) in TABLES {
        let statement = format!("select ({key})::text, t::text from steward.{table} t");
        let found: Vec<(String, String)> =
            sqlx::query_as(AssertSqlSafe(statement)).fetch_all(&mut *connection).await?;
        rows.extend(found.into_iter().map(|(key, row)| ((table.to_owned(), key), row)));
    }
    Ok(rows)
}

/// Rounds in which the mirror differed from the server.
async fn divergences(memory: Memory, seed: u64, rounds: u32) -> u32 {
    let mut bench = Bench::new().await;
    bench.fill(30, 200).await;
    let writers = Writers::start(&bench.database.owner(), 4, seed);
    let mut mirror = Mirror { memory, rows: BTreeMap::new() };
    let mut wrong = 0;
    for _ in 0..rounds {
        wrong += u32::from(!mirror.pull(&mut bench.owner).await.expect("the cut is read"));
    }
    let transactions = writers.stop().await;
    assert!(transactions > 20, "the writers were at work: {transactions}");
    wrong
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn s3_a_reader_by_snapshot_never_diverges() {
    assert_eq!(divergences(Memory::Snapshot(None), 1, 300).await, 0, "in 300 cuts under four writers");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn m1_a_reader_by_number_diverges_and_the_oracle_sees_it() {
    assert!(divergences(Memory::Number(0), 1, 300).await > 0, "the mutant must be caught");
}

/// Counters that a chunk finds whose table somebody empties between its snapshot and its reading.
async fn counters_across_a_truncate(guards: Guards) -> u64 {
    let mut bench = Bench::new().await;
    bench.fill(10, 10).await;
    bench.sql("insert into steward.usage_counters (user_id, period, metric) select id, '2026-10', 'a' from steward.users").await;
    let mut viewer = bench.database.connect("viewer").await;
    cut::open(&mut viewer, Purpose::Chunk(Dataset::UsageCounters), guards, None).await.expect("a snapshot");
    let emptied = sqlx::raw_sql("set lock_timeout = '200ms'; truncate steward.usage_counters")
        .execute(&mut bench.owner)
        .await;
    assert_eq!(emptied.is_err(), guards.has(Guard::TableLock), "the lock makes the truncate wait");
    let (out, mut rows) = row::channel(1 << 20);
    let chunk = Chunk::Keys { after: None, upto: None, limit: 100 };
    let end = load::read_chunk(&mut viewer, Dataset::UsageCounters, &chunk, &out).await.expect("it is read");
    drop(out);
    while rows.recv().await.is_some() {}
    end.row_count
}

#[tokio::test]
async fn m2_without_table_locks_a_snapshot_s_rows_vanish() {
    assert_eq!(counters_across_a_truncate(Guards::ALL).await, 10, "the snapshot's own rows");
    assert_eq!(
        counters_across_a_truncate(Guards::without(Guard::TableLock)).await,
        0,
        "the mutant must be caught"
    );
}

/// Teams that the copy was wrong about, as its journal tells: a look's own comparison may have found and repaired
/// them before the full one was asked for.
#[derive(Debug, Default, PartialEq, Eq)]
struct Drift {
    missing: u64,
    extra: u64,
    different: u64,
}

impl Drift {
    /// Compares everything once more, and reads what was found by it and before it.
    async fn found_by(engine: &SyncHandle) -> Self {
        let found = engine.verify().await.expect("the comparison runs");
        let status = engine.status();
        drift_is_recorded(&status, &found);
        let mut drift = Self::default();
        for row in &status.drift {
            assert_eq!(row.dataset, Dataset::Teams, "nothing else was written: {row:?}");
            drift.missing += row.missing;
            drift.extra += row.extra;
            drift.different += row.different;
        }
        drift
    }
}

/// What is found after a server lost what an engine with these guards had seen.
async fn drift_after_a_crash(guards: Guards) -> Drift {
    let mut server = Server::new(&[
        "synchronous_commit = off",
        "wal_writer_delay = '10s'",
        "bgwriter_lru_maxpages = 0",
        "autovacuum = off",
    ])
    .await;
    let mut owner = server.connect().await;
    bench::found(&mut owner).await;
    bench::fill(&mut owner, 5, 20).await;
    // A login that may not tell the server what it read cannot make it write its log down, either.
    execute(
        &mut owner,
        "revoke execute on function steward.ack(uuid, bigint, uuid, uuid) from steward_viewer",
    )
    .await;
    execute(&mut owner, "set synchronous_commit = on; insert into steward.teams (name) values ('kept')")
        .await;
    let folder = TempDir::new().expect("a folder");
    let path = folder.path().join("cache.db");
    let engine = start_with(open_cache(&path), server.viewer(), guards);
    engine.run_once().await.expect("a first load");
    server.hold_log().await;
    execute(&mut owner, "set synchronous_commit = off; insert into steward.teams (name) values ('lost')")
        .await;
    // S4: the whole engine waits for the disk, which never comes; the mutant takes what it sees.
    let looked = tokio::time::timeout(std::time::Duration::from_secs(1), engine.run_once()).await;
    assert_eq!(looked.is_err(), guards.has(Guard::FlushWait), "{looked:?}");
    engine.shutdown().await;
    server.crash();
    let mut owner = server.connect().await;
    let left: i64 = sqlx::query_scalar("select count(*) from steward.teams")
        .fetch_one(&mut owner)
        .await
        .expect("a count");
    assert_eq!(left, 1, "the crash took the last team");
    // From here on the log is written down as usual: reading writes to it, too, and the engine waits for that.
    execute(&mut owner, "alter system reset wal_writer_delay").await;
    execute(&mut owner, "select pg_reload_conf()").await;
    // The lost transaction's id is handed out again, and more besides: the server looks younger than nobody.
    for number in 0..20 {
        execute(&mut owner, &format!("insert into steward.teams (name) values ('after {number}')")).await;
    }
    execute(&mut owner, "set synchronous_commit = on; insert into steward.teams (name) values ('on disk')")
        .await;
    let engine = start_with(open_cache(&path), server.viewer(), guards);
    let drift = Drift::found_by(&engine).await;
    engine.shutdown().await;
    drift
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn m3_without_the_flush_wait_a_crash_leaves_phantom_rows() {
    let drift = drift_after_a_crash(Guards::without(Guard::FlushWait)).await;
    assert_eq!(
        (drift.extra, drift.missing),
        (1, 1),
        "the lost team stays, the one that got its id is not seen"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn f07_a_crash_with_asynchronous_commits_leaves_no_phantom_rows() {
    assert_eq!(drift_after_a_crash(Guards::ALL).await, Drift::default(), "nothing is wrong, and nothing was");
}

/// What is found on a standby that was read while a transaction of the primary was open.
async fn drift_on_a_standby(guards: Guards) -> Drift {
    let primary = Server::new(&[]).await;
    let mut owner = primary.connect().await;
    bench::found(&mut owner).await;
    bench::fill(&mut owner, 5, 20).await;
    let standby = primary.standby().await;
    let folder = TempDir::new().expect("a folder");
    let engine = start_with(open_cache(&folder.path().join("cache.db")), standby.viewer(), guards);
    let mut open = primary.connect().await;
    execute(&mut open, "begin; insert into steward.teams (name) values ('open')").await;
    execute(&mut owner, "insert into steward.teams (name) values ('later, but done first')").await;
    standby.catch_up(&primary).await;
    engine.run_once().await.expect("a first load from the standby");
    execute(&mut open, "commit").await;
    standby.catch_up(&primary).await;
    engine.run_once().await.expect("a look at the standby");
    let drift = Drift::found_by(&engine).await;
    engine.shutdown().await;
    drift
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn m4_the_running_list_of_a_standby_loses_what_it_hides() {
    let drift = drift_on_a_standby(Guards::without(Guard::StandbySuperset)).await;
    assert_eq!(drift.missing, 1, "the mutant must be caught: {drift:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn s5_a_standby_is_read_from_its_oldest_running_transaction_on() {
    assert_eq!(drift_on_a_standby(Guards::ALL).await, Drift::default(), "nothing is wrong, and nothing was");
}

/// What is found after a server's transaction ids have outgrown 32 bits.
async fn drift_after_the_ids_wrapped(guards: Guards) -> Drift {
    let mut server = Server::new(&["autovacuum = off"]).await;
    let mut owner = server.connect().await;
    bench::found(&mut owner).await;
    bench::fill(&mut owner, 5, 20).await;
    // A message of its own, since it ends transactions.
    execute(&mut owner, "set synchronous_commit = off").await;
    execute(
        &mut owner,
        "do $$ begin for n in 1..4000 loop perform pg_current_xact_id(); commit; end loop; end $$",
    )
    .await;
    let folder = TempDir::new().expect("a folder");
    let path = folder.path().join("cache.db");
    let engine = start_with(open_cache(&path), server.viewer(), guards);
    engine.run_once().await.expect("a first load");
    engine.shutdown().await;
    drop(owner);
    // What four billion transactions would do: old rows are frozen, and the count begins anew in the next epoch.
    let url = server.cluster().url(
        steward_store::postgres::cluster::SUPERUSER,
        server.cluster().password(),
        "postgres",
    );
    server.tool("vacuumdb", &["--all", "--freeze", "--quiet", "--maintenance-db", &url]);
    server.stop();
    let data = server.data().display().to_string();
    server.tool("pg_resetwal", &["--epoch=1", "--next-transaction-id=2500", "--pgdata", &data]);
    server.start();
    let mut owner = server.connect().await;
    let next: String =
        sqlx::query_scalar("select pg_current_xact_id()::text").fetch_one(&mut owner).await.expect("an id");
    assert!(next.parse::<u64>().expect("a number") > 1 << 32, "the ids need more than 32 bits: {next}");
    execute(&mut owner, "insert into steward.teams (name) values ('of the next epoch')").await;
    let engine = start_with(open_cache(&path), server.viewer(), guards);
    let drift = Drift::found_by(&engine).await;
    engine.shutdown().await;
    drift
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn m5_ids_compared_by_32_bits_lose_the_next_epoch() {
    let drift = drift_after_the_ids_wrapped(Guards::without(Guard::WideXid)).await;
    assert_eq!(drift.missing, 1, "the mutant must be caught: {drift:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn s3_ids_that_outgrew_32_bits_are_compared_in_full() {
    assert_eq!(
        drift_after_the_ids_wrapped(Guards::ALL).await,
        Drift::default(),
        "nothing is wrong, and nothing was"
    );
}
