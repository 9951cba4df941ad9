//! What capturing changes costs the platform: the same statements with and without, in turns.

use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, bail};
use secrecy::ExposeSecret;
use serde_json::json;
use sqlx::{AssertSqlSafe, Executor as _};
use steward_store::postgres::cluster::find_binaries;
use steward_store::postgres::connect::{Address, Host};

use super::database::Database;
use super::{Options, Report, median};

/// Seconds of one measurement.
const SECONDS: u32 = 3;

/// Whether commits wait for the disk, by name of the setting.
const COMMITS: [&str; 2] = ["off", "on"];

/// Transactions per second, by statement, waiting and capture.
type Rates = [[[Vec<f64>; 2]; COMMITS.len()]; STATEMENTS.len()];

/// Runs each statement with `pgbench`, four clients, first on a table without capture and then on ours: with commits
/// that do not wait for the disk, where nothing hides the cost, and with commits that do, as servers come.
pub async fn run(options: &Options) -> Result<Report> {
    let database = Database::durable("bench_capture").await?;
    let mut owner = database.connect().await?;
    owner.execute(SETUP).await?;
    let folder = tempfile::tempdir()?;
    let mut rates = Rates::default();
    for _ in 0..options.rounds.max(5) {
        for ((_, _, statement), rates) in STATEMENTS.iter().zip(&mut rates) {
            for (waits, rates) in COMMITS.iter().zip(rates) {
                for (schema, rates) in ["plain", "steward"].iter().zip(rates) {
                    // Neither table grows into the other's caches.
                    let table =
                        if statement.contains("usage_events") { "usage_events" } else { "usage_counters" };
                    owner
                        .execute(AssertSqlSafe(format!(
                            "truncate {schema}.{table}; truncate steward.change_log; checkpoint;
                             insert into {schema}.usage_counters (user_id, period, metric)
                             select id, 'many', 'm' || n from steward.users, generate_series(1, 2000) n
                             on conflict do nothing"
                        )))
                        .await?;
                    let statement = statement.replace("$schema", schema);
                    rates.push(pgbench(&database.address, folder.path(), &statement, waits)?);
                }
            }
        }
    }
    let mut report = Report::new(
        "capture",
        "Transactions per second of four clients with and without capture, in turns; medians. The first three figures \
         are of commits that do not wait for the disk, where nothing hides the cost; the last three of commits that do, \
         as servers come. Events carry their writer in a column with an index of its own; every other change writes its \
         key to the change log.",
        &["statement", "without", "with", "cost", "waiting: without", "with", "cost", "at most"],
    );
    for ((name, limit, _), rates) in STATEMENTS.iter().zip(rates) {
        let mut row = vec![(*name).to_owned()];
        for (waits, [plain, captured]) in COMMITS.iter().zip(rates) {
            let (plain, captured) = (median(plain), median(captured));
            let cost = 1.0 - captured / plain;
            row.extend([format!("{plain:.0}"), format!("{captured:.0}"), format!("{:.1} %", cost * 100.0)]);
            report.figures[*name][format!("synchronous_commit={waits}")] =
                json!({ "without_tps": plain, "with_tps": captured, "cost": cost });
        }
        row.push(format!("{limit} %"));
        report.rows.push(row);
    }
    Ok(report)
}

fn pgbench(address: &Address, folder: &Path, statement: &str, waits: &str) -> Result<f64> {
    let script = folder.join("script.sql");
    std::fs::write(&script, statement)?;
    let Host::Tcp(host) = address.host() else { bail!("the private server listens on TCP") };
    // The server from npm comes without it, and any version of it will do.
    let beside = find_binaries().context("PostgreSQL is installed")?.join("pgbench");
    let output = Command::new(if beside.exists() { beside } else { "pgbench".into() })
        .args(["--no-vacuum", "--protocol=prepared", "--client=4", "--jobs=1", "--random-seed=1"])
        .arg(format!("--time={SECONDS}"))
        .arg("--file")
        .arg(&script)
        .args(["--host", host, "--port", &address.port().to_string(), "--username", address.login()])
        .arg(address.database())
        .env("PGOPTIONS", format!("-c synchronous_commit={waits}"))
        .env("PGPASSWORD", address.password().map_or("", |password| password.expose_secret()))
        .output()
        .context("pgbench lies beside the server or on the PATH")?;
    let text = String::from_utf8_lossy(&output.stdout);
    let rate =
        text.lines().find_map(|line| line.strip_prefix("tps = ")?.split_whitespace().next()?.parse().ok());
    rate.with_context(|| format!("pgbench tells a rate: {text}{}", String::from_utf8_lossy(&output.stderr)))
}

/// Name, the most it may cost in percent, and the statement.
const STATEMENTS: [(&str, u32, &str); 6] = [
    (
        "insert one counter",
        15,
        "insert into $schema.usage_counters (user_id, period, metric, used)
         values ('00000000-0000-4000-8000-000000000001', '2026-11', gen_random_uuid()::text, 1);",
    ),
    (
        "insert 500 counters",
        20,
        "insert into $schema.usage_counters (user_id, period, metric, used)
         select '00000000-0000-4000-8000-000000000001', '2026-11', gen_random_uuid()::text, 1 from generate_series(1, 500);",
    ),
    (
        "update one counter",
        15,
        "\\set n random(1, 2000)
update $schema.usage_counters set used = used + 1
         where user_id = '00000000-0000-4000-8000-000000000001' and period = 'many' and metric = 'm' || :n;",
    ),
    (
        "update 500 counters",
        20,
        "\\set client :client_id + 1
update $schema.usage_counters set used = used + 1
         where user_id = ('00000000-0000-4000-8000-00000000000' || :client)::uuid and period = 'many' and metric < 'm1450';",
    ),
    (
        "insert one event",
        5,
        "insert into $schema.usage_events (user_id, occurred_at, event_key, event_type, feature, provider, model, latency_ms, cost)
         values ('00000000-0000-4000-8000-000000000001', now(), gen_random_uuid(), 'prompt', 'draft', 'openai', 'm1', 500, 0.001);",
    ),
    (
        "insert 500 events",
        5,
        "insert into $schema.usage_events (user_id, occurred_at, event_key, event_type, feature, provider, model, latency_ms, cost)
         select '00000000-0000-4000-8000-000000000001', now(), gen_random_uuid(), 'prompt', 'draft', 'openai', 'm1', 500, 0.001
         from generate_series(1, 500);",
    ),
];

/// Tables as ours are, without what capture needs.
const SETUP: &str = "
    insert into steward.users (id, email, plan_code)
    select ('00000000-0000-4000-8000-00000000000' || n)::uuid, n || '@mail.invalid', (select min(code) from steward.plans)
    from generate_series(1, 4) n;
    create schema plain;
    create table plain.usage_counters (like steward.usage_counters including all);
    alter table plain.usage_counters add foreign key (user_id) references steward.users (id) on delete cascade;
    create table plain.usage_events (like steward.usage_events including defaults including constraints) partition by range (occurred_at);
    alter table plain.usage_events drop column tx;
    alter table plain.usage_events add primary key (user_id, occurred_at, event_key);
    create index on plain.usage_events using brin (occurred_at) with (pages_per_range = 32, autosummarize = on);
    create table plain.usage_events_now partition of plain.usage_events default;";
