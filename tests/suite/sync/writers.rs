//! What a busy company does to its database while somebody reads it: concurrent transactions with
//! savepoints, rollbacks, two-phase commits, truncates, deletes and pauses in the middle.

use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use sqlx::{AssertSqlSafe, Executor, PgConnection};
use steward_store::postgres::connect::{Address, connect};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

/// Writers at work until stopped.
pub(super) struct Writers {
    stop: CancellationToken,
    tasks: JoinSet<u64>,
}

impl Writers {
    /// Starts writers, each with a connection and a seed of its own.
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
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    let mut connection = connect(&address, None).await.expect("a writer connects");
    let mut count = 0;
    while !stop.is_cancelled() {
        // Deadlocks and broken references are part of the load; the transaction is simply given up.
        if transaction(&mut connection, &mut random, seed, count).await.is_err() {
            let _ = connection.execute("rollback").await;
        }
        count += 1;
    }
    count
}

async fn transaction(
    connection: &mut PgConnection,
    random: &mut ChaCha8Rng,
    seed: u64,
    number: u64,
) -> sqlx::Result<()> {
    connection.execute("begin").await?;
    for step in 0..random.random_range(1..4) {
        if random.random_bool(0.3) {
            let end = if random.random_bool(0.5) { "rollback to s" } else { "release s" };
            connection.execute("savepoint s").await?;
            run(connection, &statement(random, seed, number, step)).await?;
            connection.execute(end).await?;
        } else {
            run(connection, &statement(random, seed, number, step)).await?;
        }
        if random.random_bool(0.4) {
            // The transaction stays open for a while, so that later ones commit before it.
            run(connection, &format!("select pg_sleep({})", random.random_range(0.0..0.03))).await?;
        }
    }
    match random.random_range(0..20) {
        0 | 1 => connection.execute("rollback").await.map(drop),
        2 | 3 => {
            let gid = format!("w_{seed}_{number}");
            run(connection, &format!("prepare transaction '{gid}'")).await?;
            let end = if random.random_bool(0.8) { "commit" } else { "rollback" };
            run(connection, &format!("{end} prepared '{gid}'")).await
        }
        _ => connection.execute("commit").await.map(drop),
    }
}

async fn run(connection: &mut PgConnection, statement: &str) -> sqlx::Result<()> {
    connection.execute(AssertSqlSafe(statement)).await.map(drop)
}

fn statement(random: &mut ChaCha8Rng, seed: u64, number: u64, step: u64) -> String {
    let user =
        format!("('00000000-0000-4000-8000-' || lpad('{}', 12, '0'))::uuid", random.random_range(1..=30));
    match random.random_range(0..60) {
        0 => "truncate steward.usage_counters".to_owned(),
        1..=4 => format!("update steward.users set country = 'C{number}' where id = {user}"),
        5..=8 => "delete from steward.usage_counters where ctid in (select ctid from steward.usage_counters limit 3)".to_owned(),
        9..=12 => format!("delete from steward.usage_events where user_id = {user} and event_key::text like '%{:x}'", random.random_range(0..16)),
        13..=15 => format!("update steward.usage_events set credits = credits + 1 where user_id = {user} and event_key::text like '%{:x}'", random.random_range(0..16)),
        16..=20 => format!("insert into steward.teams (name) values ('t {seed} {number} {step}')"),
        21 => "delete from steward.teams where id in (select id from steward.teams order by id limit 2)".to_owned(),
        22..=35 => format!(
            "insert into steward.usage_counters (user_id, period, metric, used) values ({user}, '2026-{:02}', 'm{}', 1)
             on conflict (user_id, period, metric) do update set used = steward.usage_counters.used + 1",
            random.random_range(1..12),
            random.random_range(0..4)
        ),
        _ => format!(
            "insert into steward.usage_events (user_id, occurred_at, event_key, event_type, feature, cost, credits, latency_ms)
             select {user}, now() - interval '1 minute' * (random() * 100000)::int, gen_random_uuid(), 'prompt', 'chat', random() / 100, 1, 5
             from generate_series(1, {})",
            random.random_range(1..12)
        ),
    }
}
