//! First pages, account pages and a whole export, from a copy with a million users and one with the events of
//! the company.

use std::fs::File;
use std::io::BufWriter;
use std::time::Instant;

use anyhow::Result;
use serde_json::{Value, json};
use steward_core::event::EventListReq;
use steward_core::export::{ExportFormat, ExportSource, ExportStyle};
use steward_core::find::FindReq;
use steward_core::limit::LimitListReq;
use steward_core::timeline::TimelineReq;
use steward_core::user::{UserListReq, UserShowReq};
use steward_core::{Error, ErrorKind};
use steward_report::figure;
use steward_report::table::{TableOptions, TableWriter};
use steward_store::cache::{Reader, query};

use super::database::{Database, Replica, plain};
use super::{Options, Report, median, peak_memory, reset_peak_memory};

/// Users besides the small company's.
const USERS: u32 = 1_000_000;

/// Rows of the export.
const EXPORTED: u64 = 5_000_000;

/// More users, spread over plans, statuses, names and three years.
const PEOPLE: &str = "
    insert into steward.users (email, name, status, role, plan_code, country, last_seen_at, created_at)
    select format('%s.%s%s@%s.example', g[1 + n % 12], f[1 + n % 17], n, d[1 + n % 5]),
           initcap(g[1 + n % 12]) || ' ' || initcap(f[1 + n % 17]),
           case when n % 97 = 0 then 'suspended' else 'active' end,
           case when n % 4001 = 0 then 'admin' else 'user' end,
           p.codes[1 + (n * 7919) % array_length(p.codes, 1)], 'DE',
           case when n % 11 = 0 then null else timestamptz '2026-11-20' - make_interval(mins => (n * 31) % 500000) end,
           timestamptz '2026-11-20' - make_interval(mins => (n * 17) % 1500000)
    from generate_series(1, {count}) n,
         (select array_agg(code order by code) codes from steward.plans) p,
         (select array['ada','ben','chi','dora','emil','fay','gus','hana','ivo','june','kai','lena'] g,
                 array['adler','bach','conrad','dietz','engel','falk','graf','horn','iven','jung','kern','lange',
                       'mohr','nagel','otto','pohl','quast'] f,
                 array['north','south','east','west','centre'] d) w
    on conflict do nothing";

/// Fills both copies, then asks.
pub async fn run(options: &Options) -> Result<Report> {
    let mut report = Report::new(
        format!("lists-{}", options.size.name()),
        format!(
            "A copy with {} users, and one with {} events: one page of 200, an account and its limits and \
             timeline, medians of {} asks each; and an export of {} events as CSV, written to a file.",
            figure::grouped(USERS.into()),
            figure::grouped(options.size.events().into()),
            options.rounds.max(9),
            figure::grouped(EXPORTED.into()),
        ),
        &["what", "milliseconds", "slowest", "of"],
    );
    let mut measured = Measured { rounds: options.rounds.max(9), rows: Vec::new(), figures: Vec::new() };
    people(&mut measured).await?;
    let exported = events(options, &mut measured).await?;
    report.rows = measured.rows;
    report.rows.push(vec![
        "Export of events".to_owned(),
        format!("{:.0}", exported.seconds * 1e3),
        String::new(),
        format!(
            "{} rows, {} MB, {:.0} rows/s, peak {} MB",
            figure::grouped(exported.rows.into()),
            exported.bytes / 1_000_000,
            exported.rows as f64 / exported.seconds,
            exported.peak >> 20
        ),
    ]);
    report.figures = json!({
        "asks": measured.figures,
        "export": {
            "rows": exported.rows, "seconds": exported.seconds, "bytes": exported.bytes,
            "peak_memory_bytes": exported.peak,
        },
    });
    Ok(report)
}

async fn people(measured: &mut Measured) -> Result<()> {
    let database =
        Database::open_people(|count| PEOPLE.replace("{count}", &count.to_string()), USERS).await?;
    let copy = Replica::new()?;
    let engine = copy.engine(&database)?;
    engine.run_once().await.map_err(plain)?;
    engine.shutdown().await;
    let reader = copy.cache.reader().map_err(plain)?;
    for (what, request) in [
        ("Users by e-mail", json!({ "sort": "email" })),
        ("Users, newest first", json!({ "sort": "created_at" })),
        ("Users, last seen first", json!({ "sort": "last_seen_at" })),
        ("Users by events of 30 days", json!({ "sort": "usage", "usage": "30d" })),
        ("Users of a plan, newest first", json!({ "sort": "created_at", "plan_code": "pro" })),
        ("Suspended users by e-mail", json!({ "sort": "email", "status": "suspended" })),
        ("Admins, last seen first", json!({ "sort": "last_seen_at", "role": "admin" })),
        ("Users never seen, by e-mail", json!({ "sort": "email", "last_seen": "never" })),
        (
            "Users who signed up in 7 days",
            json!({ "sort": "created_at", "signed_up": "2026-11-10..2026-11-16" }),
        ),
        ("Users of the word “kern”", json!({ "sort": "email", "search": "kern" })),
        ("Users of the words “ada kern”, newest", json!({ "sort": "created_at", "search": "ada kern" })),
    ] {
        let request: UserListReq = serde_json::from_value(request)?;
        measured.ask(what, || {
            let page = query::user::list(&reader, &request)?;
            Ok(format!("{} users", figure::grouped(page.total.into())))
        })?;
    }
    let mut request: UserListReq = serde_json::from_value(json!({ "sort": "email", "limit": 1_000 }))?;
    for _ in 0..100 {
        request.after = query::user::list(&reader, &request).map_err(plain)?.next;
    }
    request.limit = 200;
    measured.ask("Users by e-mail, after 100,000", || {
        let page = query::user::list(&reader, &request)?;
        Ok(format!("{} users", figure::grouped(page.total.into())))
    })?;
    let request: FindReq = serde_json::from_value(json!({ "text": "lena mohr" }))?;
    measured.ask("Search “lena mohr” in everything", || {
        let found = query::find::find(&reader, &request)?;
        Ok(format!("{} shown", found.rows.len()))
    })
}

/// What an export came to.
struct Exported {
    rows: u64,
    seconds: f64,
    bytes: u64,
    peak: u64,
}

async fn events(options: &Options, measured: &mut Measured) -> Result<Exported> {
    let database = Database::open(options.size).await?;
    let copy = Replica::new()?;
    let engine = copy.engine(&database)?;
    engine.run_once().await.map_err(plain)?;
    engine.shutdown().await;
    let reader = copy.cache.reader().map_err(plain)?;
    let year = json!({ "start": "2025-11-21T00:00:00Z", "end": "2026-11-21T00:00:00Z" });
    for (what, filters) in [
        ("Events of a year, newest first", json!([])),
        ("Events of a year with an error", json!([{ "field": "status", "value": "error" }])),
        ("Events of a year of one plan", json!([{ "field": "plan_code", "value": "pro" }])),
        (
            "Events of a year, refused, of one plan",
            json!([{ "field": "status", "value": "rate_limited" }, { "field": "plan_code", "value": "starter" }]),
        ),
    ] {
        let request: EventListReq = serde_json::from_value(json!({ "period": year, "filters": filters }))?;
        measured.ask(what, || {
            let page = query::event::list(&reader, &request)?;
            Ok(format!("{} events", figure::grouped(page.total.into())))
        })?;
    }
    accounts(&reader, measured)?;
    export(&reader, &year)
}

/// The account page of people with little and with much use: everything it shows, one after another.
fn accounts(reader: &Reader, measured: &mut Measured) -> Result<()> {
    let request: UserListReq =
        serde_json::from_value(json!({ "sort": "usage", "usage": "90d", "limit": 1_000 }))?;
    let people = query::user::list(reader, &request).map_err(plain)?.rows;
    for (what, at) in [("Account of the heaviest user", 0), ("Account of the 1,000th", people.len() - 1)] {
        let Some(user) = people.get(at).map(|user| user.id.to_string()) else { continue };
        let show: UserShowReq = serde_json::from_value(json!({ "user": user, "range": "30d" }))?;
        let limits: LimitListReq = serde_json::from_value(json!({ "user": user }))?;
        let timeline: TimelineReq = serde_json::from_value(json!({ "user": user }))?;
        measured.ask(what, || {
            query::user::show(reader, &show)?;
            let limits = query::limit::list(reader, &limits)?;
            let timeline = query::timeline::list(reader, &timeline)?;
            Ok(format!("{} limits, {} entries", limits.limits.len(), timeline.total))
        })?;
    }
    Ok(())
}

fn export(reader: &Reader, year: &Value) -> Result<Exported> {
    let request: EventListReq = serde_json::from_value(json!({ "period": year }))?;
    let source = ExportSource::Events { request };
    let described = query::export::describe(reader, &source).map_err(plain)?;
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("events.csv");
    let options = TableOptions {
        format: ExportFormat::Csv,
        style: ExportStyle::default(),
        has_bom: false,
        zone: chrono_tz::Tz::UTC,
        name: "Events",
        folder: folder.path(),
        sheet_rows: 1_048_576,
    };
    reset_peak_memory()?;
    let start = Instant::now();
    let mut table = TableWriter::new(
        BufWriter::with_capacity(1 << 18, File::create(&path)?),
        &described.columns,
        &options,
    )
    .map_err(plain)?;
    let mut rows = 0;
    let shown = query::export::each(reader, &source, |cells| {
        if rows == EXPORTED {
            return Err(Error::new(ErrorKind::Cancelled, "These are enough."));
        }
        rows += 1;
        table.row(cells)
    });
    match shown {
        Err(error) if error.kind() != ErrorKind::Cancelled => return Err(plain(error)),
        _ => table.finish().map_err(plain)?,
    };
    let seconds = start.elapsed().as_secs_f64();
    let file = File::open(&path)?;
    Ok(Exported { rows, seconds, bytes: file.metadata()?.len(), peak: peak_memory() })
}

/// What was asked, and how long it took.
struct Measured {
    rounds: usize,
    rows: Vec<Vec<String>>,
    figures: Vec<Value>,
}

impl Measured {
    fn ask(&mut self, what: &str, mut ask: impl FnMut() -> steward_core::Result<String>) -> Result<()> {
        let (mut times, mut found) = (Vec::new(), String::new());
        for _ in 0..self.rounds {
            let start = Instant::now();
            found = ask().map_err(plain)?;
            times.push(start.elapsed().as_secs_f64() * 1e3);
        }
        let slowest = times.iter().copied().fold(0.0, f64::max);
        let middle = median(times);
        self.figures.push(json!({ "what": what, "ms": middle, "slowest_ms": slowest, "of": found }));
        self.rows.push(vec![what.to_owned(), format!("{middle:.2}"), format!("{slowest:.2}"), found]);
        Ok(())
    }
}
