//! Fills an installed contract with the sample company.
//!
//! One transaction, so that it is there whole or not at all, and COPY in binary form for every table.
//! Events are drawn on a thread of their own while the server takes the ones before.

use std::sync::Arc;

use chrono::{Months, NaiveDate};
use secrecy::{ExposeSecret as _, SecretString};
use sqlx::{AssertSqlSafe, Connection, Executor, PgConnection};
use steward_core::sample::catalogue::{LIMITS, Metric, Plan};
use steward_core::sample::lifecycle::Terms;
use steward_core::sample::{Company, CounterBook};
use steward_core::{Dataset, Error, ErrorKind, Result};
use tokio::sync::mpsc;

use super::error::{database_error, map};
use super::role::role_of;

mod encode;
mod staff;

use encode::{Catalogue, Encoder, Value};
use staff::Cast;

/// Bytes sent at once: large enough that the round trip does not count, small enough to stay unseen.
const CHUNK: usize = 256 * 1024;

/// Whether the sample company is in this database.
pub async fn is_loaded(connection: &mut PgConnection) -> Result<bool> {
    sqlx::query_scalar(
        r"select exists (select from steward.users
                         where role = 'admin' and email like '%@corvidpress.example')",
    )
    .persistent(false)
    .fetch_one(connection)
    .await
    .map_err(map)
}

/// Makes a database of a private cluster, from nothing if asked so; says whether it is new.
pub async fn ensure_database(connection: &mut PgConnection, name: &str, is_reset: bool) -> Result<bool> {
    let name = identifier(name);
    if is_reset {
        let drop = format!("drop database if exists {name} with (force)");
        connection.execute(AssertSqlSafe(drop)).await.map_err(map)?;
    }
    match connection.execute(AssertSqlSafe(format!("create database {name}"))).await {
        Ok(_) => Ok(true),
        Err(failure) if has_code(&failure, "42P04") => Ok(false),
        Err(failure) => Err(map(failure)),
    }
}

/// Makes the login people look at the sample company with, an admin, and gives it this password.
pub async fn ensure_login(connection: &mut PgConnection, login: &str, password: &SecretString) -> Result<()> {
    let role = identifier(login);
    match connection.execute(AssertSqlSafe(format!("create role {role} login in role steward_admin"))).await {
        Ok(_) => {}
        Err(failure) if has_code(&failure, "42710") => {}
        Err(failure) => return Err(map(failure)),
    }
    let password = password.expose_secret().replace('\'', "''");
    let alter = format!("alter role {role} password '{password}'");
    // As every login that Steward makes: it writes in transactions of an action only.
    let careful = format!("alter role {role} set default_transaction_read_only = on");
    for statement in [alter, careful] {
        connection.execute(AssertSqlSafe(statement)).await.map_err(map)?;
    }
    sqlx::query(
        r"insert into steward.operators (login, name, role) values ($1, 'Sample admin', 'admin')
          on conflict (login) do nothing",
    )
    .persistent(false)
    .bind(login)
    .execute(connection)
    .await
    .map_err(map)?;
    Ok(())
}

/// Makes the session's own login an admin of the console, on a database somebody else runs.
pub async fn ensure_admin(connection: &mut PgConnection) -> Result<()> {
    if role_of(connection).await? != Some("admin") {
        connection.execute("grant steward_admin to current_user").await.map_err(map)?;
    }
    Ok(())
}

fn identifier(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

fn has_code(failure: &sqlx::Error, code: &str) -> bool {
    database_error(failure).is_some_and(|error| error.code() == code)
}

/// Removes the sample company together with the contract it lies in, so that both can be made anew.
/// Refuses where there are other users than the company's own.
pub async fn reset(connection: &mut PgConnection) -> Result<()> {
    let mut transaction = connection.begin().await.map_err(map)?;
    if !is_loaded(&mut transaction).await? {
        return Err(Error::new(ErrorKind::Conflict, "This database holds no sample company.")
            .with_detail("only a sample company is thrown away"));
    }
    let strangers: bool = sqlx::query_scalar(
        r"select exists (select from steward.users where email !~ '[@.](example([.](com|org|net))?|users[.]invalid)$')",
    )
    .persistent(false)
    .fetch_one(&mut *transaction)
    .await
    .map_err(map)?;
    if strangers {
        return Err(Error::new(
            ErrorKind::Conflict,
            "This database holds real users beside the sample company.",
        )
        .with_detail("nothing was removed"));
    }
    transaction.execute("set local role steward_owner").await.map_err(map)?;
    transaction.execute("drop schema steward cascade").await.map_err(map)?;
    transaction.commit().await.map_err(map)
}

/// Loads the company into a freshly installed contract. The login must be the contract's owner. `progress`
/// hears how many events are on the server.
///
/// Everything goes through the contract's own triggers, so that a console that already reads this database
/// is told of every row; only the history of the subscriptions is brought along instead of begun anew.
pub async fn load(
    connection: &mut PgConnection,
    company: Arc<Company>,
    mut progress: impl FnMut(u64) + Send,
) -> Result<()> {
    let mut transaction = connection.begin().await.map_err(map)?;
    prepare(&mut transaction, &company).await?;
    let catalogue = Catalogue::read(&mut transaction).await?;
    let cast = people(&mut transaction, &catalogue, &company).await?;
    money(&mut transaction, &catalogue, &company).await?;
    let mut book = CounterBook::new(&company);
    let mut counters = Vec::new();
    let mut loaded = 0;
    for month in company.spec().months() {
        let events = month_events(&mut transaction, &catalogue, &company, month, book).await?;
        book = events.book;
        loaded += events.count;
        counters.extend(book.close(&company, month));
        progress(loaded);
    }
    let mut rows = catalogue.encoder("usage_counters", &COUNTERS)?;
    for row in counters {
        rows.row([
            Value::Uuid(row.user_id),
            Value::Text(&row.period),
            Value::Text(row.metric.name()),
            Value::Int(row.used),
            Value::Time(row.updated_us),
        ]);
    }
    send(&mut transaction, "usage_counters", &COUNTERS, rows).await?;
    staff::act(&mut transaction, &company, &cast).await?;
    transaction.commit().await.map_err(map)?;
    // Without it the first cuts would scan every event: blocks that came in bulk are in no BRIN range yet.
    // The visibility map and statistics come along, so that no reader waits for the autovacuum.
    for table in Dataset::ALL.iter().map(|dataset| dataset.spec().table).chain(["change_log"]) {
        let statement = format!("vacuum (analyze) steward.{table}");
        connection.execute(AssertSqlSafe(statement)).await.map_err(map)?;
    }
    Ok(())
}

/// Checks that there is nobody yet, fills the catalogue of plans and makes the partitions.
async fn prepare(connection: &mut PgConnection, company: &Company) -> Result<()> {
    connection.execute("set local role steward_owner").await.map_err(map)?;
    connection.execute("set local steward.history = 'given'").await.map_err(map)?;
    let has_users: bool = sqlx::query_scalar(r"select exists (select from steward.users)")
        .persistent(false)
        .fetch_one(&mut *connection)
        .await
        .map_err(map)?;
    if has_users {
        return Err(Error::new(
            ErrorKind::Conflict,
            "The database already has users; the sample needs an empty one.",
        ));
    }
    sqlx::query(r"select steward.install_preset('credits')")
        .persistent(false)
        .execute(&mut *connection)
        .await
        .map_err(map)?;
    let codes: Vec<String> = sqlx::query_scalar(r"select code from steward.plans")
        .persistent(false)
        .fetch_all(&mut *connection)
        .await
        .map_err(map)?;
    if let Some(plan) = Plan::ALL.into_iter().find(|plan| !codes.iter().any(|code| code == plan.code())) {
        return Err(Error::new(
            ErrorKind::Conflict,
            "The database has plans of its own; the sample needs an empty one.",
        )
        .with_detail(format!("there is no plan {}", plan.code())));
    }
    // Part of setting the catalogue up, and told as that in the audit log.
    told_as(connection, "install_preset").await?;
    for limit in LIMITS {
        sqlx::query(
            r"insert into steward.plan_limits (plan_code, metric, period, limit_value, kind)
              values ($1, $2, 'month', $3, $4)
              on conflict do nothing",
        )
        .persistent(false)
        .bind(limit.plan.code())
        .bind(limit.metric.name())
        .bind(limit.value)
        .bind(if limit.is_hard { "hard" } else { "soft" })
        .execute(&mut *connection)
        .await
        .map_err(map)?;
    }
    // The company's platform counts its own metrics and no others; a meter nobody feeds would differ from its events.
    let metered: Vec<&str> = Metric::ALL.into_iter().map(Metric::name).collect();
    sqlx::query(r"delete from steward.usage_meters where metric <> all ($1)")
        .persistent(false)
        .bind(metered)
        .execute(&mut *connection)
        .await
        .map_err(map)?;
    told_as(connection, "").await?;
    // Three months ahead, so that what the demo's platform writes next has a place.
    sqlx::query(r"select steward.ensure_usage_partitions($1, $2)")
        .persistent(false)
        .bind(company.spec().first_day())
        .bind(company.spec().last_day() + Months::new(3))
        .execute(connection)
        .await
        .map_err(map)?;
    Ok(())
}

/// What the audit log calls the changes that follow; nothing for changes past the actions.
async fn told_as(connection: &mut PgConnection, action: &str) -> Result<()> {
    sqlx::query(r"select set_config('steward.action', $1, true)")
        .persistent(false)
        .bind(action)
        .execute(connection)
        .await
        .map_err(map)?;
    Ok(())
}

const USERS: [&str; 12] = [
    "id",
    "email",
    "name",
    "status",
    "role",
    "plan_code",
    "country",
    "timezone",
    "trial_end",
    "last_seen_at",
    "created_at",
    "updated_at",
];
const TEAMS: [&str; 5] = ["id", "name", "settings", "created_at", "updated_at"];
const MEMBERS: [&str; 5] = ["team_id", "user_id", "role", "created_at", "updated_at"];
const SUBSCRIPTIONS: [&str; 21] = [
    "id",
    "user_id",
    "plan_code",
    "status",
    "billing_interval",
    "interval_count",
    "quantity",
    "unit_amount_minor",
    "currency",
    "discount_kind",
    "discount_value",
    "discount_until",
    "current_period_start",
    "current_period_end",
    "trial_end",
    "cancel_at_period_end",
    "canceled_at",
    "started_at",
    "ended_at",
    "created_at",
    "updated_at",
];
const CHANGES: [&str; 16] = [
    "id",
    "subscription_id",
    "user_id",
    "occurred_at",
    "kind",
    "plan_code",
    "status",
    "billing_interval",
    "interval_count",
    "quantity",
    "unit_amount_minor",
    "currency",
    "discount_kind",
    "discount_value",
    "discount_until",
    "recorded_at",
];
const COUNTERS: [&str; 5] = ["user_id", "period", "metric", "used", "updated_at"];
const EVENTS: [&str; 22] = [
    "user_id",
    "occurred_at",
    "event_key",
    "recorded_at",
    "team_id",
    "event_type",
    "feature",
    "provider",
    "model",
    "endpoint",
    "plan_code",
    "status",
    "is_admin",
    "quantity",
    "input_tokens",
    "cached_tokens",
    "output_tokens",
    "reasoning_tokens",
    "bytes_out",
    "cost",
    "credits",
    "latency_ms",
];

async fn people(connection: &mut PgConnection, catalogue: &Catalogue, company: &Company) -> Result<Cast> {
    let mut cast = Cast::new(company);
    let mut rows = catalogue.encoder("users", &USERS)?;
    for user in company.users() {
        cast.look(&user);
        rows.row([
            Value::Uuid(user.id),
            Value::Text(&user.email),
            user.name.as_deref().map_or(Value::Null, Value::Text),
            Value::Text(user.status),
            Value::Text(user.role),
            Value::Text(user.plan.code()),
            user.country.map_or(Value::Null, Value::Text),
            Value::Text(user.zone),
            Value::time(user.trial_end_us),
            Value::time(user.last_seen_us),
            Value::Time(user.created_us),
            Value::Time(user.updated_us),
        ]);
    }
    send(connection, "users", &USERS, rows).await?;

    let mut rows = catalogue.encoder("teams", &TEAMS)?;
    for team in company.teams() {
        let settings = format!(r#"{{"maxMembers": {}}}"#, team.max_members);
        rows.row([
            Value::Uuid(team.id),
            Value::Text(&team.name),
            Value::Json(&settings),
            Value::Time(team.created_us),
            Value::Time(team.created_us),
        ]);
    }
    send(connection, "teams", &TEAMS, rows).await?;

    let mut rows = catalogue.encoder("team_members", &MEMBERS)?;
    for member in company.team_members() {
        rows.row([
            Value::Uuid(member.team_id),
            Value::Uuid(member.user_id),
            Value::Text(member.role),
            Value::Time(member.created_us),
            Value::Time(member.created_us),
        ]);
    }
    send(connection, "team_members", &MEMBERS, rows).await?;
    Ok(cast)
}

async fn money(connection: &mut PgConnection, catalogue: &Catalogue, company: &Company) -> Result<()> {
    let mut rows = catalogue.encoder("subscriptions", &SUBSCRIPTIONS)?;
    for row in company.subscriptions() {
        let terms = row.terms;
        let [kind, value, until] = discount(&terms);
        rows.row([
            Value::Uuid(row.id),
            Value::Uuid(row.user_id),
            Value::Text(terms.plan.code()),
            Value::Text(terms.status),
            Value::Text(terms.interval()),
            Value::Int(1),
            Value::Int(terms.quantity),
            terms.unit_amount_minor.map_or(Value::Null, Value::Int),
            Value::Text(terms.currency),
            kind,
            value,
            until,
            Value::Time(row.period_us.0),
            Value::Time(row.period_us.1),
            Value::time(row.trial_end_us),
            Value::Bool(row.cancel_at_period_end),
            Value::time(row.canceled_us),
            Value::Time(row.started_us),
            Value::time(row.ended_us),
            Value::Time(row.started_us),
            Value::Time(row.updated_us),
        ]);
    }
    send(connection, "subscriptions", &SUBSCRIPTIONS, rows).await?;

    let mut rows = catalogue.encoder("subscription_changes", &CHANGES)?;
    for change in company.subscription_changes() {
        let terms = change.terms;
        let [kind, value, until] = discount(&terms);
        rows.row([
            Value::Uuid(change.id),
            Value::Uuid(change.subscription_id),
            Value::Uuid(change.user_id),
            Value::Time(change.at_us),
            Value::Text(change.kind.name()),
            Value::Text(terms.plan.code()),
            Value::Text(terms.status),
            Value::Text(terms.interval()),
            Value::Int(1),
            Value::Int(terms.quantity),
            terms.unit_amount_minor.map_or(Value::Null, Value::Int),
            Value::Text(terms.currency),
            kind,
            value,
            until,
            Value::Time(change.at_us),
        ]);
    }
    send(connection, "subscription_changes", &CHANGES, rows).await
}

fn discount(terms: &Terms) -> [Value<'static>; 3] {
    match terms.discount {
        Some(discount) => [
            Value::Text("percent"),
            Value::Nano(i64::from(discount.percent) * 1_000_000_000),
            Value::Time(discount.until_us),
        ],
        None => [Value::Null; 3],
    }
}

struct MonthOfEvents {
    book: CounterBook,
    count: u64,
}

async fn month_events(
    connection: &mut PgConnection,
    catalogue: &Catalogue,
    company: &Arc<Company>,
    month: NaiveDate,
    mut book: CounterBook,
) -> Result<MonthOfEvents> {
    let mut rows = catalogue.encoder("usage_events", &EVENTS)?;
    let (sender, mut chunks) = mpsc::channel::<Vec<u8>>(4);
    let source = Arc::clone(company);
    let drawing = tokio::task::spawn_blocking(move || {
        for event in source.month_events(month) {
            book.count(&event);
            push_event(&mut rows, &event);
            if rows.len() >= CHUNK && sender.blocking_send(rows.take()).is_err() {
                // The server refused; its error is reported by whoever reads.
                return book;
            }
        }
        let _ = sender.blocking_send(rows.finish());
        book
    });
    let statement = copy_statement("usage_events", &EVENTS);
    let mut copy = connection.copy_in_raw(&statement).await.map_err(map)?;
    while let Some(chunk) = chunks.recv().await {
        copy.send(chunk).await.map_err(map)?;
    }
    let count = copy.finish().await.map_err(map)?;
    let book = drawing
        .await
        .map_err(|failure| Error::internal("The sample company could not be drawn.").with_source(failure))?;
    Ok(MonthOfEvents { book, count })
}

fn push_event(rows: &mut Encoder, event: &steward_core::sample::SampleEvent) {
    rows.row([
        Value::Uuid(event.user_id),
        Value::Time(event.occurred_us),
        Value::Uuid(event.event_key),
        Value::Time(event.recorded_us),
        Value::uuid(event.team_id),
        Value::Text(event.feature.event_type),
        Value::Text(event.feature.name),
        event.model.map_or(Value::Null, |model| Value::Text(model.provider)),
        event.model.map_or(Value::Null, |model| Value::Text(model.name)),
        Value::Text(event.feature.endpoint),
        Value::Text(event.plan.code()),
        Value::Text(event.status),
        Value::Bool(event.is_admin),
        Value::Int(event.quantity),
        Value::Int(event.input_tokens),
        Value::Int(event.cached_tokens),
        Value::Int(event.output_tokens),
        Value::Int(event.reasoning_tokens),
        Value::Int(event.bytes_out),
        event.cost_nano.map_or(Value::Null, Value::Nano),
        Value::Int(event.credits),
        Value::Int(event.latency_ms),
    ]);
}

async fn send(connection: &mut PgConnection, table: &str, columns: &[&str], rows: Encoder) -> Result<()> {
    let statement = copy_statement(table, columns);
    let mut copy = connection.copy_in_raw(&statement).await.map_err(map)?;
    for chunk in rows.finish().chunks(CHUNK) {
        copy.send(chunk).await.map_err(map)?;
    }
    copy.finish().await.map_err(map)?;
    Ok(())
}

fn copy_statement(table: &str, columns: &[&str]) -> String {
    format!("copy steward.{table} ({}) from stdin (format binary)", columns.join(", "))
}
