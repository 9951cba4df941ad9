//! One number everywhere: card, chart, table, map, single days, files, and the statement for the server, asked of
//! a real server, in zones from UTC−8 to UTC+14 and across both changes of the clocks.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use calamine::Reader as _;
use chrono::{Datelike, Days, NaiveDate, TimeDelta};
use chrono_tz::Tz;
use proptest::prelude::*;
use proptest::test_runner::{TestCaseResult, TestRunner};
use serde_json::{Value, json};
use sqlx::{AssertSqlSafe, PgConnection};
use steward_app::Steward;
use steward_core::period::day_period;
use steward_tests::cluster::{TestDatabase, execute};
use tokio::sync::Mutex;

use super::{add, open, run};

/// UTC−8 and UTC−7, UTC, +5:30, +5:45, +14, and a clock that changes by half an hour.
const ZONES: [&str; 7] = [
    "America/Los_Angeles",
    "UTC",
    "Asia/Kolkata",
    "Asia/Kathmandu",
    "Pacific/Kiritimati",
    "Europe/Berlin",
    "Australia/Lord_Howe",
];

/// Days around which clocks go forward (March, in the south October) and back (October and November, in the
/// south April), with rows in all of them.
const SPANS: [&str; 2] = ["2025-03-01", "2025-10-01"];

/// Rows over two spans of 45 days, dense enough that quarter-hours at the edges of days hold some; every column
/// that is counted by, sums up to large ones, costs that are unknown, edges to the microsecond.
const ROWS: &str = "
    select steward.install_preset('quotas');
    insert into steward.users (id, email, name, plan_code)
        select ('01900000-0000-7000-8000-' || lpad(n::text, 12, '0'))::uuid, 'user' || n || '@example.com', 'User ' || n, 'trial'
        from generate_series(0, 8) n;
    insert into steward.teams (id, name) values ('01900000-0000-7000-8000-00000000f001', 'Blue');
    insert into steward.usage_events (user_id, occurred_at, event_key, event_type, feature, model, plan_code, status, is_admin,
            quantity, input_tokens, output_tokens, bytes_out, cost, credits, latency_ms, team_id)
        select ('01900000-0000-7000-8000-' || lpad((h[1] % 9)::text, 12, '0'))::uuid,
            -- Half of them begin on a quarter-hour, where days of all zones begin and end.
            s.first + (h[2] % 4320) * interval '15 minutes' + (h[3] % 2) * (h[4] % 900000000) * interval '1 microsecond',
            ('01900000-0000-7000-9000-' || lpad(n::text, 12, '0'))::uuid,
            (array['prompt', 'chat', 'upload', 'e2e_run'])[1 + h[5] % 4],
            (array['chat', 'search', 'it''s \\ odd', null])[1 + h[6] % 4],
            (array['small', null])[1 + h[7] % 2],
            (array['trial', 'solo', null])[1 + h[8] % 3],
            (array['success', 'success', 'success', 'error', 'rate_limited'])[1 + h[9] % 5],
            h[1] % 9 = 0, h[10] % 7, h[11] % 1000000, h[12] % 5000, h[13] % 100000000,
            case when h[14] % 3 > 0 then (h[15] % 2000000000)::numeric / 1000000000 end,
            h[16] % 30, case when h[17] % 4 > 0 then (h[18] % 60000)::int end,
            case when h[19] % 3 = 0 then '01900000-0000-7000-8000-00000000f001'::uuid end
        from (values (timestamptz '2025-02-27 00:00:00+00', 0), (timestamptz '2025-09-29 00:00:00+00', 2500)) s (first, base)
        cross join generate_series(1, 2500) i
        cross join lateral (select s.base + i as n) x
        cross join lateral (select array_agg(abs(hashtextextended(n::text, k) % 1000000007) order by k) as h from generate_series(1, 19) k) r;";

struct Company {
    _database: TestDatabase,
    _home: tempfile::TempDir,
    out: tempfile::TempDir,
    steward: Steward,
    /// A person's login whose session has a zone of its own: no statement may depend on it.
    person: Mutex<PgConnection>,
}

impl Company {
    async fn new() -> Self {
        let database = TestDatabase::new().await;
        execute(&mut database.connect_owner().await, ROWS).await;
        let home = tempfile::tempdir().expect("a folder");
        let steward = open(&home).await;
        add(&steward, "acme", &database.login_url("viewer")).await;
        run(&steward, "sync_run", Value::Null).await.expect("synchronised");
        let mut person = database.connect("viewer").await;
        execute(&mut person, "set timezone = 'Pacific/Chatham'").await;
        let out = tempfile::tempdir().expect("a folder");
        Self { _database: database, _home: home, out, steward, person: Mutex::new(person) }
    }

    async fn usage(&self, request: &Value) -> Value {
        run(&self.steward, "usage_show", request.clone()).await.expect("an answer")
    }

    /// The rows that a statement yields on the server.
    async fn rows(&self, statement: &Value) -> Vec<Value> {
        let statement = statement.as_str().expect("a statement").trim_end_matches(';');
        let whole = format!("select coalesce(jsonb_agg(to_jsonb(q)), '[]') from ({statement}) q");
        let rows: Value = sqlx::query_scalar(AssertSqlSafe(whole))
            .persistent(false)
            .fetch_one(&mut *self.person.lock().await)
            .await
            .unwrap_or_else(|why| panic!("{statement}: {why}"));
        rows.as_array().expect("rows").clone()
    }

    /// The rows of a file that an export writes.
    async fn file(&self, source: Value, name: &str) -> Vec<Value> {
        let path = self.out.path().join(name);
        let mut request = source;
        let more = json!({ "format": "jsonl", "zone": "UTC", "path": path, "is_replacing": true });
        request.as_object_mut().expect("fields").extend(more.as_object().expect("fields").clone());
        run(&self.steward, "export_run", request).await.expect("a file");
        lines(&path)
    }
}

fn lines(path: &Path) -> Vec<Value> {
    let text = std::fs::read_to_string(path).expect("a file");
    text.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect()
}

/// The one column of a row that is not the one it is grouped by.
fn measured(row: &Value, key: &str) -> Option<f64> {
    let fields = row.as_object().expect("a row");
    fields.iter().find(|(name, _)| *name != key).and_then(|(_, value)| value.as_f64())
}

fn alike(ours: Option<f64>, theirs: Option<f64>, is_estimate: bool) -> bool {
    match (ours, theirs) {
        (Some(ours), Some(theirs)) => {
            let slack = if is_estimate { theirs.abs() * 0.025 + 0.5 } else { theirs.abs() * 1e-9 };
            (ours - theirs).abs() <= slack
        }
        (None, None) => true,
        // Nothing was measured, or the sum of nothing.
        (Some(one), None) | (None, Some(one)) => one == 0.0,
    }
}

const ADDITIVE: [&str; 8] =
    ["events", "errors", "limit_hits", "quantity", "tokens", "bytes_out", "credits", "cost"];

const MEASURES: [&str; 13] = [
    "events",
    "active_users",
    "errors",
    "error_rate",
    "limit_hits",
    "quantity",
    "tokens",
    "bytes_out",
    "credits",
    "cost",
    "latency_average",
    "latency_p50",
    "latency_p95",
];

const COLUMNS: [&str; 8] =
    ["feature", "plan_code", "status", "is_admin", "event_type", "model", "team_id", "user_id"];

fn questions() -> impl Strategy<Value = Value> {
    let filter = prop::sample::select(vec![
        json!({ "field": "feature", "value": "it's \\ odd" }),
        json!({ "field": "feature", "value": null }),
        json!({ "field": "status", "value": "error" }),
        json!({ "field": "is_admin", "value": "true", "exclude": true }),
        json!({ "field": "plan_code", "value": "solo" }),
        json!({ "field": "team_id", "value": "01900000-0000-7000-8000-00000000f001" }),
        json!({ "field": "team_id", "value": null }),
        json!({ "field": "user_id", "value": "01900000-0000-7000-8000-000000000002", "exclude": true }),
    ]);
    let filters = prop_oneof![2 => Just(Vec::new()), 3 => prop::collection::vec(filter, 1..4)];
    let choose = |names: &'static [&'static str]| prop::sample::select(names);
    (
        (choose(&SPANS), 0_u64..38, 1_u64..36),
        choose(&ZONES),
        choose(&["hour", "day", "week", "month"]),
        choose(&MEASURES),
        choose(&COLUMNS),
        filters,
        choose(&["activity", "assistant", "quotas"]),
    )
        .prop_map(|((first, skipped, days), zone, bucket, measure, by, filters, preset)| {
            let first: NaiveDate = first.parse().expect("a day");
            let (start, end) = (first + Days::new(skipped), first + Days::new(skipped + days - 1));
            let bucket = if bucket == "hour" && days > 20 { "day" } else { bucket };
            json!({
                "range": format!("{start}..{end}"), "zone": zone, "compare": "off", "bucket": bucket,
                "by": by, "measure": measure, "filters": filters, "preset": preset, "depth": "rows",
                "groups": 100_000,
            })
        })
}

/// Days around each change of a clock in both spans: forward in Los Angeles and in Berlin, back on Lord Howe; forward
/// on Lord Howe, back in Berlin and in Los Angeles.
const CHANGES: [&str; 6] = [
    "2025-03-08..2025-03-10",
    "2025-03-29..2025-03-31",
    "2025-04-05..2025-04-07",
    "2025-10-04..2025-10-06",
    "2025-10-25..2025-10-27",
    "2025-11-01..2025-11-03",
];

/// Every zone over every change, whichever zone's it is, by what takes most of the calendar.
fn fixed_questions() -> Vec<Value> {
    let turns = ["day", "hour", "week"].into_iter().cycle().zip(MEASURES.into_iter().cycle());
    let asked = ZONES.into_iter().flat_map(|zone| CHANGES.into_iter().map(move |range| (zone, range)));
    asked
        .zip(turns)
        .zip(COLUMNS.into_iter().cycle())
        .map(|(((zone, range), (bucket, measure)), by)| {
            json!({
                "range": range, "zone": zone, "compare": "off", "bucket": bucket, "by": by, "measure": measure,
                "filters": [], "preset": "activity", "depth": "rows", "groups": 100_000,
            })
        })
        .collect()
}

/// How many hours the longest and the shortest day of a range have in a zone.
fn lengths(zone: &str, range: &str) -> (TimeDelta, TimeDelta) {
    let zone: Tz = zone.parse().expect("a zone");
    let (first, last) = range.split_once("..").expect("a range");
    let (first, last): (NaiveDate, NaiveDate) = (first.parse().expect("a day"), last.parse().expect("one"));
    let days = first.iter_days().take_while(|day| *day <= last);
    let lengths: Vec<TimeDelta> =
        days.map(|day| day_period(zone, day)).map(|period| period.end - period.start).collect();
    (*lengths.iter().min().expect("a day"), *lengths.iter().max().expect("a day"))
}

/// The list is of changes, and of all of them that the spans hold.
#[test]
fn the_fixed_days_hold_both_changes_of_every_zone_that_has_any() {
    let day = TimeDelta::hours(24);
    for zone in ["America/Los_Angeles", "Europe/Berlin", "Australia/Lord_Howe"] {
        let (shorter, longer): (Vec<_>, Vec<_>) = (
            CHANGES.iter().filter(|range| lengths(zone, range).0 < day).collect(),
            CHANGES.iter().filter(|range| lengths(zone, range).1 > day).collect(),
        );
        assert_eq!((shorter.len(), longer.len()), (1, 1), "{zone}: {shorter:?} {longer:?}");
        // A span of 45 days has no other.
        for first in SPANS {
            let first: NaiveDate = first.parse().expect("a day");
            let whole = format!("{first}..{}", first + Days::new(43));
            let (least, most) = lengths(zone, &whole);
            assert!(least < day || most > day, "{zone} changes in the span from {first}");
        }
    }
}

/// One file of each kind holds the same rows, in the zone's own time.
async fn same_files(company: &Company, zone: &str, range: &str) {
    let usage = company
        .usage(&json!({ "range": range, "zone": zone, "compare": "off", "bucket": "day", "by": "feature" }))
        .await;
    let source = json!({ "source": "events", "request": { "period": usage["period"], "filters": [] } });
    let mut plan = source.clone();
    plan["format"] = json!("csv");
    let plan = run(&company.steward, "export_plan", plan).await.expect("a plan");
    let columns: Vec<&str> = plan["columns"]
        .as_array()
        .expect("columns")
        .iter()
        .map(|one| one["key"].as_str().expect("a key"))
        .collect();
    let path = |end: &str| company.out.path().join(format!("zone.{end}"));
    for format in ["jsonl", "csv", "xlsx"] {
        let mut request = source.clone();
        let more = json!({ "format": format, "zone": zone, "path": path(format), "is_replacing": true });
        request.as_object_mut().expect("fields").extend(more.as_object().expect("fields").clone());
        run(&company.steward, "export_run", request).await.expect("a file");
    }
    let written = |value: &Value| match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    let whole: Vec<Vec<String>> = lines(&path("jsonl"))
        .iter()
        .map(|line| columns.iter().map(|column| written(&line[*column])).collect())
        .collect();
    assert_eq!(whole.len() as u64, usage["totals"]["events"].as_u64().expect("a count"), "{zone} {range}");
    assert!(!whole.is_empty(), "{zone} {range}");
    let days = lengths(zone, range);
    let offsets: BTreeSet<&str> = whole
        .iter()
        .flatten()
        .filter(|text| text.starts_with("2025-") && text.contains('T'))
        .map(|text| text.rsplit_once(['Z', '+', '-']).map_or("", |(head, _)| &text[head.len()..]))
        .collect();
    assert!(days.0 == days.1 || offsets.len() > 1, "{zone} {range} is written with {offsets:?}");

    let mut reader = csv::Reader::from_path(path("csv")).expect("a table");
    let table: Vec<Vec<String>> = reader
        .records()
        .map(|record| record.expect("a record").iter().map(str::to_owned).collect())
        .collect();
    assert_eq!(table, whole, "{zone} {range} as CSV");

    let mut book: calamine::Xlsx<_> = calamine::open_workbook(path("xlsx")).expect("a workbook");
    let sheet = book.worksheet_range_at(0).expect("a sheet").expect("it is read");
    let cells: Vec<Vec<String>> =
        sheet.rows().skip(1).map(|row| row.iter().map(ToString::to_string).collect()).collect();
    assert_eq!(cells.len(), whole.len(), "{zone} {range} as a workbook");
    for (cells, line) in cells.iter().zip(&whole) {
        for (cell, text) in cells.iter().zip(line) {
            let numbers = cell.parse::<f64>().ok().zip(text.parse::<f64>().ok());
            let same =
                cell == text || numbers.is_some_and(|(one, other)| alike(Some(one), Some(other), false));
            assert!(same || cell.eq_ignore_ascii_case(text), "{zone} {range}: {cell} and {text}");
        }
    }
}

/// The steps of a chart as the statement calls them: a week by its Monday, a month by its first day.
fn step_names(usage: &Value) -> Vec<String> {
    let steps = usage["steps"].as_array().expect("steps");
    let name = |step: &Value| {
        let day: NaiveDate = step["day"].as_str().expect("a day").parse().expect("a day");
        match usage["bucket"].as_str().expect("a width") {
            "week" => (day - Days::new(day.weekday().num_days_from_monday().into())).to_string(),
            "month" => day.with_day(1).expect("a first day").to_string(),
            "day" => day.to_string(),
            _ => instant(&step["period"]["start"]),
        }
    };
    steps.iter().map(name).collect()
}

fn instant(value: &Value) -> String {
    let at: chrono::DateTime<chrono::Utc> = value.as_str().expect("text").parse().expect("an instant");
    at.to_rfc3339()
}

/// A chart's own values, and the statement's.
async fn same_chart(
    company: &Company,
    usage: &Value,
    chart: &str,
    sql: &str,
    is_estimate: bool,
) -> TestCaseResult {
    let rows = company.rows(&usage["sql"][sql]).await;
    let is_hourly = usage["bucket"] == "hour";
    let mut by_step: BTreeMap<String, &Value> = BTreeMap::new();
    for row in &rows {
        let step =
            if is_hourly { instant(&row["step"]) } else { row["step"].as_str().expect("a day").to_owned() };
        by_step.insert(step, row);
    }
    let names = step_names(usage);
    for series in usage[chart]["series"].as_array().expect("series") {
        let values = series["values"].as_array().expect("values");
        prop_assert_eq!(values.len(), names.len());
        for (name, value) in names.iter().zip(values) {
            let theirs = by_step.get(name).and_then(|row| match series["label"].as_str() {
                Some("p50") => row["latency_p50"].as_f64(),
                Some("p95") => row["latency_p95"].as_f64(),
                Some("Average") => row["average_latency"].as_f64(),
                _ => measured(row, "step"),
            });
            prop_assert!(
                alike(value.as_f64(), theirs, is_estimate),
                "{} at {}: {} here, {:?} there\n{}",
                series["label"],
                name,
                value,
                theirs,
                usage["sql"][sql]
            );
        }
    }
    Ok(())
}

async fn agrees(company: &Company, request: Value) -> TestCaseResult {
    let usage = company.usage(&request).await;
    let measure = request["measure"].as_str().expect("a name");
    let is_estimate = measure.starts_with("latency_p");
    prop_assert_eq!(&usage["is_complete"], true);

    // Cards and their statements.
    for tile in usage["tiles"].as_array().expect("tiles") {
        let rows = company.rows(&tile["sql"]).await;
        if tile["text"].is_null() && tile["label"] != "Most used tool" {
            let theirs = rows.first().and_then(|row| measured(row, ""));
            let estimate = tile["is_estimate"] == true;
            prop_assert!(alike(tile["value"].as_f64(), theirs, estimate), "{}: {:?}", tile, rows);
        } else {
            prop_assert_eq!(tile["value"].as_f64(), rows.first().and_then(|row| row["events"].as_f64()));
        }
    }
    // Charts and theirs.
    same_chart(company, &usage, "chart", "series", is_estimate).await?;
    same_chart(company, &usage, "limit_chart", "limit_hits", false).await?;
    same_chart(company, &usage, "latency_chart", "latency", true).await?;
    // The table and its.
    let by = request["by"].as_str().expect("a column");
    let text = |value: &Value| match value {
        Value::Null => None,
        Value::String(text) => Some(text.clone()),
        other => Some(other.to_string()),
    };
    let theirs: BTreeMap<_, _> = company
        .rows(&usage["sql"]["breakdown"])
        .await
        .iter()
        .map(|row| (text(&row[by]), measured(row, by)))
        .collect();
    let groups = usage["breakdown"].as_array().expect("groups");
    prop_assert_eq!(groups.len(), theirs.len(), "{:?}", theirs);
    for group in groups {
        let theirs = theirs.get(&text(&group["value"])).copied().flatten();
        prop_assert!(alike(group["amount"].as_f64(), theirs, is_estimate), "{}: {:?}", group, theirs);
    }
    // The map and its.
    let mut theirs = [0_u64; 168];
    for row in company.rows(&usage["sql"]["heat"]).await {
        let place =
            (row["weekday"].as_u64().expect("a day") - 1) * 24 + row["hour"].as_u64().expect("an hour");
        theirs[usize::try_from(place).expect("168 hours")] = row["events"].as_u64().expect("a count");
    }
    let cells = usage["heat"].as_array().expect("cells").iter();
    let ours: Vec<u64> = cells.map(|cell| cell["events"].as_u64().expect("a count")).collect();
    prop_assert_eq!(&ours[..], &theirs[..]);

    // Files: the table as it is shown, the chart, and every row behind the card.
    let part = |rows: &str| json!({ "source": "answer", "command": "usage_show", "request": request, "rows": rows, "name": "part" });
    let written = company.file(part("/breakdown"), "table.jsonl").await;
    prop_assert_eq!(written.len(), groups.len());
    for (line, group) in written.iter().zip(groups) {
        prop_assert_eq!((&line["value"], &line["events"]), (&group["value"], &group["events"]));
        prop_assert!(alike(line["amount"].as_f64(), group["amount"].as_f64(), false), "{} {}", line, group);
    }
    let written = company.file(part("/chart"), "chart.jsonl").await;
    let values = usage["chart"]["series"][0]["values"].as_array().expect("values");
    prop_assert_eq!(written.len(), values.len());
    for (line, value) in written.iter().zip(values) {
        let fields = line.as_object().expect("a row");
        let own = fields.iter().find(|(name, _)| !["step", "is_unfinished"].contains(&name.as_str()));
        prop_assert!(alike(own.expect("a value").1.as_f64(), value.as_f64(), false), "{} {}", line, value);
    }
    let events = json!({ "source": "events", "request": { "period": usage["period"], "filters": request["filters"] } });
    let rows = company.file(events, "events.jsonl").await;
    let totals = &usage["totals"];
    prop_assert_eq!(rows.len() as u64, totals["events"].as_u64().expect("a count"));
    for (column, total) in [("quantity", "quantity"), ("tokens", "tokens"), ("bytes_out", "bytes_out")] {
        let sum: i64 = rows.iter().map(|row| row[column].as_i64().expect("a number")).sum();
        prop_assert_eq!(Some(sum), totals[total].as_i64(), "{}", column);
    }
    let nano = |text: &str| text.replace('.', "").parse::<i128>().expect("nine decimals");
    let costs: i128 = rows
        .iter()
        .filter_map(|row| row["cost"].as_str().map(str::to_owned).or_else(|| text(&row["cost"])))
        .map(|cost| {
            let (whole, fraction) = cost.split_once('.').unwrap_or((&cost, ""));
            nano(&format!("{whole}.{fraction:0<9}"))
        })
        .sum();
    prop_assert_eq!(costs, nano(totals["cost"].as_str().expect("a cost")));

    // Single days, each asked for on its own.
    if ADDITIVE.contains(&measure) {
        let (first, last) = request["range"].as_str().expect("text").split_once("..").expect("a range");
        let (mut day, last): (NaiveDate, NaiveDate) =
            (first.parse().expect("a day"), last.parse().expect("one"));
        let (mut sum, mut events) = (0.0, 0);
        while day <= last {
            let mut one = request.clone();
            one["range"] = json!(format!("{day}..{day}"));
            one["bucket"] = json!("day");
            one["depth"] = json!("sums");
            let answer = company.usage(&one).await;
            sum += answer["steps"][0]["value"].as_f64().unwrap_or(0.0);
            events += answer["totals"]["events"].as_u64().expect("a count");
            day = day + Days::new(1);
        }
        let steps = usage["steps"].as_array().expect("steps").iter();
        let whole: f64 = steps.filter_map(|step| step["value"].as_f64()).sum();
        prop_assert!(alike(Some(sum), Some(whole), false), "{} and {}", sum, whole);
        prop_assert_eq!(events, totals["events"].as_u64().expect("a count"));
    }
    // The overview's card is the same number.
    if request["filters"] == json!([]) {
        let own = json!({ "range": request["range"], "zone": request["zone"], "compare": "off" });
        let overview = run(&company.steward, "overview_show", own).await.expect("an overview");
        for name in ["events", "quantity", "bytes_out", "cost", "active_users"] {
            prop_assert_eq!(&overview["totals"][name], &totals[name], "{}", name);
        }
    }
    Ok(())
}

#[test]
fn card_chart_table_map_files_days_and_sql_agree_in_every_zone_across_both_clock_changes() {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().expect("a runtime");
    let company = runtime.block_on(Company::new());
    // What must never be left to chance comes first; the rest is asked at random.
    for request in fixed_questions() {
        if let Err(failure) = runtime.block_on(agrees(&company, request.clone())) {
            panic!("{request}: {failure}");
        }
    }
    for (zone, range) in ZONES.into_iter().zip(CHANGES.into_iter().cycle()) {
        runtime.block_on(same_files(&company, zone, range));
    }
    // And where the zone's own clocks change.
    for (zone, range) in [(ZONES[0], CHANGES[5]), (ZONES[5], CHANGES[1]), (ZONES[6], CHANGES[2])] {
        runtime.block_on(same_files(&company, zone, range));
    }
    let mut runner = TestRunner::new(ProptestConfig {
        cases: 32,
        // The question that failed is printed whole.
        failure_persistence: None,
        ..ProptestConfig::default()
    });
    let outcome = runner.run(&questions(), |request| runtime.block_on(agrees(&company, request)));
    if let Err(failure) = outcome {
        panic!("{failure}");
    }
    runtime.block_on(company.steward.close());
}
