//! The real engine against a real PostgreSQL, round after round: a look under concurrent writers, then every
//! row and every rollup compared inside the cut.

use std::time::Instant;

use steward_core::ErrorKind;
use steward_core::sync::Guards;
use steward_store::postgres::connect::Address;
use steward_tests::cluster::TestDatabase;

use super::bench::{Bench, differences, open_cache, start_with};
use super::writers::Writers;

/// Copies kept side by side.
const LANES: u64 = 2;

/// What the rounds came to.
#[derive(Debug, Default)]
struct Tally {
    rounds: u64,
    /// Rounds in which a writer held a table for too long.
    refused: u64,
    divergences: Vec<String>,
}

/// One copy, compared again and again.
async fn lane(path: std::path::PathBuf, viewer: Address, rounds: u64) -> Tally {
    let mut tally = Tally::default();
    let mut engine = start_with(open_cache(&path), viewer.clone(), Guards::default());
    while tally.rounds < rounds {
        match engine.verify().await {
            Ok(found) => {
                tally.rounds += 1;
                if !found.is_clean {
                    tally.divergences.push(format!("round {}: {:?}", tally.rounds, differences(&found)));
                }
            }
            Err(error) => {
                let may_pass = matches!(error.kind(), ErrorKind::LockTimeout | ErrorKind::Timeout);
                assert!(may_pass, "{}", error.chain());
                tally.refused += 1;
                assert!(tally.refused <= 20 + rounds / 10, "the engine gets its turn: {tally:?}");
            }
        }
        // Every now and then another process goes on with the copy.
        if tally.rounds % 50 == 49 {
            engine.shutdown().await;
            engine = start_with(open_cache(&path), viewer.clone(), Guards::default());
        }
    }
    engine.shutdown().await;
    tally
}

/// What an owner does besides: things that the log of changes does not show.
async fn owner(database: &TestDatabase, is_done: &tokio_util::sync::CancellationToken) -> u64 {
    let mut owner = database.connect_owner().await;
    let leaf: String = sqlx::query_scalar(
        "select format('steward.%I', 'usage_events_' || to_char(now() - interval '1 month', 'YYYYMM'))",
    )
    .fetch_one(&mut owner)
    .await
    .expect("a name");
    let bound: String =
        sqlx::query_scalar("select pg_get_expr(relpartbound, oid) from pg_class where oid = $1::regclass")
            .bind(&leaf)
            .fetch_one(&mut owner)
            .await
            .expect("a partition");
    let acts = [
        "select steward.prune_change_log(pg_snapshot_xmin(pg_current_snapshot()))".to_owned(),
        format!("alter table steward.usage_events detach partition {leaf}"),
        "alter table steward.teams disable trigger capture_update; update steward.teams set name = 'unseen'; \
         alter table steward.teams enable always trigger capture_update"
            .to_owned(),
        "set local session_replication_role = replica; update steward.usage_counters set used = used + 1".to_owned(),
        format!(
            "with moved as (delete from steward.usage_events_default returning *) insert into {leaf} select * from moved \
             on conflict do nothing; \
             alter table steward.usage_events attach partition {leaf} {bound}"
        ),
    ];
    let mut count: u64 = 0;
    while !is_done.is_cancelled() {
        let act = &acts[usize::try_from(count).expect("few") % acts.len()];
        let statements = format!("begin; set local lock_timeout = '500ms'; {act}; commit");
        // Whoever waits too long tries again, as owners do.
        if sqlx::raw_sql(sqlx::AssertSqlSafe(statements)).execute(&mut owner).await.is_ok() {
            count += 1;
        } else {
            sqlx::raw_sql("rollback").execute(&mut owner).await.expect("a rollback");
        }
        // The server's clock: between two such acts lie many transactions.
        sqlx::raw_sql("select pg_sleep(2)").execute(&mut owner).await.expect("the server waits");
    }
    count
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn s3_rounds_under_writers_never_diverge() {
    let asked = |name: &str| std::env::var(name).ok().and_then(|text| text.parse().ok());
    let rounds: u64 = asked("STEWARD_ROUNDS").unwrap_or(300);
    let seed = asked("STEWARD_SEED").unwrap_or(20_261_122);
    let began = Instant::now();
    let mut bench = Bench::new().await;
    bench.fill(30, 120).await;
    let writers = Writers::start(&bench.database.owner(), 4, seed);
    let is_done = tokio_util::sync::CancellationToken::new();
    let lanes = (0..LANES).map(|index| {
        let path = bench.path().with_file_name(format!("round-{index}.db"));
        lane(path, bench.database.login("viewer"), rounds.div_ceil(LANES))
    });
    let (tallies, acts) = tokio::join!(
        async {
            let tallies = futures::future::join_all(lanes).await;
            is_done.cancel();
            tallies
        },
        owner(&bench.database, &is_done)
    );
    let transactions = writers.stop().await;
    let (mut done, mut refused, mut divergences) = (0, 0, Vec::new());
    for tally in tallies {
        done += tally.rounds;
        refused += tally.refused;
        divergences.extend(tally.divergences);
    }
    println!(
        "seed {seed}: {done} rounds under {transactions} transactions and {acts} acts of the owner in {:.0} s, \
         {refused} refused; {} divergences",
        began.elapsed().as_secs_f64(),
        divergences.len()
    );
    assert_eq!(divergences, Vec::<String>::new());
    assert!(transactions > rounds / 2, "the writers were at work: {transactions}");
}
