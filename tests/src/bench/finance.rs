//! Revenue of the company from its copy, and the comparison of a hundred thousand subscriptions with Stripe.

use std::path::Path;
use std::time::Instant;

use anyhow::{Result, anyhow, ensure};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use sqlx::{AssertSqlSafe, Executor as _};
use steward_app::secrets::SecretsMode;
use steward_app::{Engine, Mode, OpenOptions, Steward, dispatch};
use steward_core::revenue::answer::{RevenueMovementsReq, RevenueReq};
use steward_store::cache::query;

use super::database::{Database, Replica, plain};
use super::{Options, Report, median, peak_memory};
use crate::stripe::company::{PERIOD, ROWS, disturb, mirror};
use crate::stripe::{READER, StripeServer, objects};

/// Subscriptions that are compared.
const SUBSCRIPTIONS: u64 = 100_000;

/// Accounts and their subscriptions, as [`objects`] are made at Stripe.
const ACCOUNTS: &str = "
    insert into steward.users (id, email, name, plan_code, stripe_customer_id)
    select ('0190b2a0-0000-7000-8000-' || lpad(n::text, 12, '0'))::uuid, 'user' || n || '@example.com', 'User ' || n,
           'pro', 'cus_' || n
    from generate_series(100, 99 + {count}) n;
    insert into steward.subscriptions (user_id, plan_code, status, billing_interval, quantity, currency,
                                       current_period_start, current_period_end, stripe_subscription_id)
    select ('0190b2a0-0000-7000-8000-' || lpad(n::text, 12, '0'))::uuid, 'pro', 'active', 'month', n % 9 + 1, 'EUR',
           to_timestamp({start}), to_timestamp({end}), 'sub_' || n
    from generate_series(100, 99 + {count}) n;";

/// Measures both.
pub async fn run(options: &Options) -> Result<Report> {
    let mut report = Report::new(
        format!("finance-{}", options.size.name()),
        format!(
            "Revenue of the company over 36 months from its copy, medians of {} asks; and {SUBSCRIPTIONS} \
             subscriptions here against as many at Stripe.",
            options.rounds.max(5)
        ),
        &["what", "milliseconds", "slowest", "of"],
    );
    let mut figures = Vec::new();
    let mut say = |what: &str, times: Vec<f64>, of: String| {
        let slowest = times.iter().copied().fold(0.0, f64::max);
        let middle = median(times);
        figures.push(json!({ "what": what, "ms": middle, "slowest_ms": slowest, "of": of }));
        report.rows.push(vec![what.to_owned(), format!("{middle:.1}"), format!("{slowest:.1}"), of]);
    };
    revenue(options, &mut say).await?;
    reconcile(options, &mut say).await?;
    report.figures = figures.into();
    Ok(report)
}

async fn revenue(options: &Options, say: &mut impl FnMut(&str, Vec<f64>, String)) -> Result<()> {
    let database = Database::open(options.size).await?;
    let copy = Replica::new()?;
    let engine = copy.engine(&database)?;
    engine.run_once().await.map_err(plain)?;
    engine.shutdown().await;
    let request = |profile: &str| -> Result<RevenueReq> {
        Ok(serde_json::from_value(json!({ "months": 36, "profile": profile, "zone": "Europe/Berlin" }))?)
    };
    let first = request("stripe")?;
    let (mut times, mut of) = (Vec::new(), String::new());
    for _ in 0..options.rounds.max(5) {
        let cache = copy.opened_anew()?;
        let reader = cache.reader().map_err(plain)?;
        let start = Instant::now();
        let answer = query::revenue::show(&reader, &first).map_err(plain)?;
        times.push(since(start));
        of = format!("{} months, {} cells of cohorts", answer.months.len(), answer.cohorts.len());
    }
    say("Revenue, first ask of a process", times, of.clone());
    let reader = copy.cache.reader().map_err(plain)?;
    query::revenue::show(&reader, &first).map_err(plain)?;
    for profile in ["stripe", "chartmogul", "profitwell"] {
        let request = request(profile)?;
        let mut times = Vec::new();
        for _ in 0..options.rounds.max(5) {
            let start = Instant::now();
            query::revenue::show(&reader, &request).map_err(plain)?;
            times.push(since(start));
        }
        say(&format!("Revenue by the definition {profile}"), times, of.clone());
    }
    let request: RevenueMovementsReq =
        serde_json::from_value(json!({ "zone": "Europe/Berlin", "limit": 200 }))?;
    let (mut times, mut of) = (Vec::new(), String::new());
    for _ in 0..options.rounds.max(5) {
        let start = Instant::now();
        let answer = query::revenue::movements(&reader, &request).map_err(plain)?;
        times.push(since(start));
        of = format!("{} customers", answer.total);
    }
    say("Who is behind the movements", times, of);
    Ok(())
}

async fn reconcile(options: &Options, say: &mut impl FnMut(&str, Vec<f64>, String)) -> Result<()> {
    let database = Database::empty("bench_stripe").await?;
    let accounts = ACCOUNTS
        .replace("{count}", &SUBSCRIPTIONS.to_string())
        .replace("{start}", &PERIOD.0.to_string())
        .replace("{end}", &PERIOD.1.to_string());
    let mut owner = database.connect().await?;
    owner.execute(ROWS).await?;
    owner.execute(AssertSqlSafe(accounts)).await?;
    let stripe = StripeServer::start().await;
    mirror(&stripe);
    disturb(&stripe);
    {
        let mut books = stripe.books();
        for number in 100..100 + SUBSCRIPTIONS {
            let cus = format!("cus_{number}");
            books.add("customers", objects::customer(&cus, &format!("user{number}@example.com")));
            let price = objects::price("price_pro_month", "prod_pro", "eur", 2_900, "month");
            let item = objects::item(&format!("si_{number}"), price, number % 9 + 1, PERIOD);
            let id = format!("sub_{number}");
            books.add("subscriptions", objects::subscription(&id, &cus, "active", "eur", vec![item]));
        }
    }
    let home = tempfile::tempdir()?;
    let steward = open(home.path(), Some(stripe.url())).await?;
    ask(
        &steward,
        "workspace_add",
        json!({ "name": "acme", "url": database.url, "environment": "development" }),
    )
    .await?;
    ask(&steward, "sync_run", Value::Null).await?;
    ask(&steward, "stripe_connect", json!({ "key": READER })).await?;
    let start = Instant::now();
    ask(&steward, "stripe_pull", Value::Null).await?;
    let pull = since(start);
    drop(stripe);
    steward.close().await;
    say(
        "Reading all of Stripe, a server on this machine",
        vec![pull],
        format!("{SUBSCRIPTIONS} subscriptions"),
    );
    // A process of its own has nothing in memory but this.
    let command = tokio::process::Command::new(std::env::current_exe()?)
        .arg("reconcile")
        .arg(home.path())
        .arg(options.rounds.max(5).to_string())
        .output()
        .await?;
    ensure!(command.status.success(), "{}", String::from_utf8_lossy(&command.stderr));
    let found: Reconciled = serde_json::from_slice(&command.stdout)?;
    say("Reconciliation, in a process of its own", found.times, found.of);
    Ok(())
}

/// What a process of its own found out.
#[derive(Debug, Serialize, Deserialize)]
pub struct Reconciled {
    times: Vec<f64>,
    of: String,
}

/// Compares with Stripe what lies in this folder, so many times.
pub async fn reconcile_in(home: &Path, rounds: usize) -> Result<Reconciled> {
    let steward = open(home, None).await?;
    let (mut times, mut of) = (Vec::new(), String::new());
    for _ in 0..rounds {
        let start = Instant::now();
        let found = ask(&steward, "stripe_reconcile", json!({})).await?;
        times.push(since(start));
        ensure!(found["there"].as_u64() > Some(SUBSCRIPTIONS), "everything was read: {}", found["there"]);
        of = format!("{} here, {} there, {} differences", found["here"], found["there"], found["total"]);
    }
    steward.close().await;
    Ok(Reconciled { times, of: format!("{of}, peak {} MB", peak_memory() >> 20) })
}

async fn open(home: &Path, stripe: Option<String>) -> Result<Steward> {
    let passphrase = home.join("passphrase");
    std::fs::write(&passphrase, "a long passphrase")?;
    let options = OpenOptions {
        home: Some(home.to_owned()),
        secrets: SecretsMode::PassphraseFile(passphrase),
        engine: Engine::OnDemand,
        stripe,
        ..OpenOptions::default()
    };
    Steward::open(options).await.map_err(plain)
}

async fn ask(steward: &Steward, command: &str, request: Value) -> Result<Value> {
    dispatch(steward, command, request, Mode::Run).await.map_err(|error| anyhow!("{command}: {error:?}"))
}

fn since(start: Instant) -> f64 {
    start.elapsed().as_secs_f64() * 1e3
}
