//! The oracle can fail: a reader with a cursor of numbers is caught by the very comparison that the
//! snapshot reader passes.

use std::collections::BTreeMap;

use sqlx::{AssertSqlSafe, Executor, PgConnection};
use steward_core::sync::{Reach, Snapshot};
use steward_store::postgres::cut;

use super::bench::Bench;
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
        let select = "select rel::regclass::text, op::text, pk::text from steward.change_log where ";
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
async fn s3_a_reader_by_number_diverges_and_the_oracle_sees_it() {
    assert!(divergences(Memory::Number(0), 1, 300).await > 0, "the mutant must be caught");
}
