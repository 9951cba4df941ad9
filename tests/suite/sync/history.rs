//! Faults of servers and clocks: F8 to F10, and F15.

use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use steward_app::sync_driver::{SyncConfig, SyncDriver};
use steward_core::{Clock, Dataset, ErrorKind, SystemClock};
use steward_tests::cluster::execute;
use steward_tests::server::Server;
use tempfile::TempDir;

use super::bench::{self, Bench, open_cache, start};
use super::invariants::{equals_server, flag_is_honest, moved_with_its_data, rows, stand};

/// A server with a small company.
async fn company() -> Server {
    let server = Server::new(&[]).await;
    let mut owner = server.connect().await;
    bench::found(&mut owner).await;
    bench::fill(&mut owner, 10, 200).await;
    server
}

/// A standby takes over without the primary's last commits: another timeline, another history.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn f08_a_failover_that_lost_commits_reads_everything_again() {
    let primary = company().await;
    let standby = primary.standby().await;
    let folder = TempDir::new().expect("a folder");
    let cache = open_cache(&folder.path().join("cache.db"));
    standby.catch_up(&primary).await;
    standby.cut_off().await;
    execute(&mut primary.connect().await, "insert into steward.teams (name) values ('never replayed')").await;
    let engine = start(cache.clone(), primary.viewer());
    equals_server(&engine, "the first load").await;
    engine.shutdown().await;
    assert_eq!(rows(&cache, Dataset::Teams), 1);
    let before = stand(&cache);
    // The primary is gone with what it never sent.
    let mut gone = primary;
    gone.stop();
    standby.promote().await;
    let mut owner = standby.connect().await;
    let teams: i64 = sqlx::query_scalar("select count(*) from steward.teams")
        .fetch_one(&mut owner)
        .await
        .expect("a count");
    for number in 0..5 {
        execute(&mut owner, &format!("insert into steward.teams (name) values ('after {number}')")).await;
    }
    let engine = start(cache.clone(), standby.viewer());
    equals_server(&engine, "a failover").await;
    engine.shutdown().await;
    moved_with_its_data(&before, &stand(&cache));
    assert_eq!(i64::try_from(rows(&cache, Dataset::Teams)).expect("few"), teams + 5);
}

/// A volume's clone of an earlier day comes back in the server's place: it went back in time.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn f08_a_clone_of_an_earlier_day_reads_everything_again() {
    let primary = company().await;
    let clone = primary.fork().await;
    let folder = TempDir::new().expect("a folder");
    let cache = open_cache(&folder.path().join("cache.db"));
    let mut owner = primary.connect().await;
    for number in 0..20 {
        execute(
            &mut owner,
            &format!("insert into steward.teams (name) values ('of the first life {number}')"),
        )
        .await;
    }
    let engine = start(cache.clone(), primary.viewer());
    equals_server(&engine, "the first load").await;
    engine.shutdown().await;
    execute(&mut clone.connect().await, "insert into steward.teams (name) values ('of the second life')")
        .await;
    let engine = start(cache.clone(), clone.viewer());
    equals_server(&engine, "a clone in the server's place").await;
    engine.shutdown().await;
    assert_eq!(rows(&cache, Dataset::Teams), 1);
}

/// Two names behind one pooler, one of them late: the copy only ever moves forward.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn f09_a_lagging_standby_never_rolls_the_copy_back() {
    let primary = company().await;
    let standby = primary.standby().await;
    let folder = TempDir::new().expect("a folder");
    let path = folder.path().join("cache.db");
    let mut owner = primary.connect().await;
    let mut replay = standby.connect().await;
    let mut before = stand(&open_cache(&path));
    let mut behind = 0;
    for round in 0..12 {
        execute(&mut owner, &format!("insert into steward.teams (name) values ('team {round}')")).await;
        // Every third round the standby stands still.
        let act = if round % 3 == 0 { "pg_wal_replay_pause" } else { "pg_wal_replay_resume" };
        execute(&mut replay, &format!("select {act}()")).await;
        let server = if round % 2 == 0 { &primary } else { &standby };
        let cache = open_cache(&path);
        let engine = start(cache.clone(), server.viewer());
        if let Err(error) = engine.run_once().await {
            assert_eq!(error.kind(), ErrorKind::Timeout, "{}", error.chain());
            behind += 1;
        }
        flag_is_honest(&engine.status());
        engine.shutdown().await;
        let after = stand(&cache);
        moved_with_its_data(&before, &after);
        before = after;
    }
    execute(&mut replay, "select pg_wal_replay_resume()").await;
    standby.catch_up(&primary).await;
    let engine = start(open_cache(&path), standby.viewer());
    equals_server(&engine, &format!("twelve rounds, {behind} of them too late")).await;
    engine.shutdown().await;
    assert_eq!(rows(&open_cache(&path), Dataset::Teams), 12);
}

/// The computer's clock, off by this much.
struct Off(TimeDelta);

impl Clock for Off {
    fn now(&self) -> DateTime<Utc> {
        SystemClock.now() + self.0
    }
}

/// The computer's clock jumps by a day and back: the server's time is what counts.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn f10_a_jumping_clock_changes_nothing_but_what_it_is_told_as() {
    let mut bench = Bench::new().await;
    bench.fill(10, 200).await;
    let mut last = None;
    for days in [0, 1, -1, 40, 0] {
        bench.sql("insert into steward.teams (name) values ('one more')").await;
        let config = SyncConfig { is_automatic: false, ..SyncConfig::default() };
        let clock = Arc::new(Off(TimeDelta::days(days)));
        let viewer = bench.database.login("viewer");
        let engine = SyncDriver::start(bench.cache(), viewer, Arc::new(|| Ok(None)), clock, config)
            .expect("it starts");
        let found = equals_server(&engine, "a jump of the clock").await;
        assert!(last.is_none_or(|last| found.as_of > last), "the server's time goes on");
        last = Some(found.as_of);
        let status = engine.status();
        assert!(status.is_consistent, "{status:?}");
        let skew_days = TimeDelta::milliseconds(status.clock_skew_ms.expect("measured")).num_hours() / 23;
        assert_eq!(skew_days.signum(), -days.signum(), "the difference is told: {:?}", status.clock_skew_ms);
        engine.shutdown().await;
    }
}

/// Weeks offline, and the log was pruned meanwhile: everything is read again, and right rows stay as they are.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn f15_a_log_pruned_while_nobody_looked_reads_everything_again() {
    let mut bench = Bench::new().await;
    bench.fill(20, 500).await;
    bench.sync().await;
    let before = stand(&bench.cache());
    bench
        .sql(
            "update steward.users set name = 'changed' where id::text like '%3';
             delete from steward.usage_events where user_id::text like '%4'",
        )
        .await;
    // What still runs, also in other tests' databases, keeps what is logged beside it.
    let pruned = async {
        loop {
            bench.sql("select steward.prune_change_log(pg_snapshot_xmin(pg_current_snapshot()))").await;
            let left: i64 = sqlx::query_scalar("select count(*) from steward.change_log")
                .fetch_one(&mut bench.owner)
                .await
                .expect("a count");
            if left == 0 {
                return;
            }
        }
    };
    tokio::time::timeout(Duration::from_secs(60), pruned).await.expect("nothing tells what changed");
    let engine = bench.engine();
    equals_server(&engine, "a pruned log").await;
    engine.shutdown().await;
    moved_with_its_data(&before, &stand(&bench.cache()));
}
