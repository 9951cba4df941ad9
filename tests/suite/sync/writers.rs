//! What a busy company does to its database while somebody reads it: concurrent transactions from the
//! generator of [`super::script`], each writer with a connection and a seed of its own.

use proptest::strategy::{Strategy, ValueTree};
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};
use sqlx::{AssertSqlSafe, Executor, PgConnection};
use steward_store::postgres::connect::{Address, connect};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use super::script::{End, Script, Step, script};

/// Writers at work until stopped.
pub(super) struct Writers {
    stop: CancellationToken,
    tasks: JoinSet<u64>,
}

impl Writers {
    /// Starts writers.
    pub(super) fn start(address: &Address, count: u64, seed: u64) -> Self {
        let stop = CancellationToken::new();
        let mut tasks = JoinSet::new();
        for index in 0..count {
            tasks.spawn(write(address.clone(), stop.clone(), seed.wrapping_mul(31).wrapping_add(index)));
        }
        Self { stop, tasks }
    }

    /// Stops them; answers how many transactions they ended.
    pub(super) async fn stop(self) -> u64 {
        self.stop.cancel();
        self.tasks.join_all().await.into_iter().sum()
    }
}

async fn write(address: Address, stop: CancellationToken, seed: u64) -> u64 {
    let mut connection = connect(&address, None).await.expect("a writer connects");
    // Writers that meet give way soon.
    connection.execute("set deadlock_timeout = '20ms'; set lock_timeout = '300ms'").await.expect("set");
    let mut count = 0;
    while !stop.is_cancelled() {
        // Deadlocks and clashing keys are part of the load; the transaction is simply given up.
        if transaction(&mut connection, &draw(seed, count), seed, count).await.is_err() {
            let _ = connection.execute("rollback").await;
        }
        count += 1;
    }
    count
}

/// The transaction of this number.
fn draw(seed: u64, number: u64) -> Script {
    let mut bytes = [0; 32];
    bytes[..8].copy_from_slice(&seed.to_le_bytes());
    bytes[8..16].copy_from_slice(&number.to_le_bytes());
    let config = Config { failure_persistence: None, ..Config::default() };
    let mut runner = TestRunner::new_with_rng(config, TestRng::from_seed(RngAlgorithm::ChaCha, &bytes));
    script().new_tree(&mut runner).expect("a transaction").current()
}

async fn transaction(
    connection: &mut PgConnection,
    script: &Script,
    seed: u64,
    number: u64,
) -> sqlx::Result<()> {
    connection.execute("begin").await?;
    for step in &script.steps {
        match step {
            Step::Write(write) => run(connection, &write.sql()).await?,
            Step::Savepoint { writes, is_kept } => {
                connection.execute("savepoint s").await?;
                for write in writes {
                    run(connection, &write.sql()).await?;
                }
                connection.execute(if *is_kept { "release s" } else { "rollback to s" }).await?;
            }
            Step::Pause => run(connection, &format!("select pg_sleep(0.001 * {})", number % 30)).await?,
        }
    }
    match script.end {
        End::Commit { is_synchronous } => {
            if !is_synchronous {
                connection.execute("set local synchronous_commit = off").await?;
            }
            connection.execute("commit").await.map(drop)
        }
        End::Rollback => connection.execute("rollback").await.map(drop),
        End::Prepare { commits } => {
            let gid = format!("w_{seed}_{number}");
            run(connection, &format!("prepare transaction '{gid}'")).await?;
            let end = if commits { "commit" } else { "rollback" };
            run(connection, &format!("{end} prepared '{gid}'")).await
        }
    }
}

async fn run(connection: &mut PgConnection, statement: &str) -> sqlx::Result<()> {
    connection.execute(AssertSqlSafe(statement)).await.map(drop)
}
