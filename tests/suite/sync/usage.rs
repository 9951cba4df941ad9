//! Every number of the usage view against the statement that it names, run on the server.

use chrono::{DateTime, Datelike, Days, NaiveDate, Utc};
use chrono_tz::Tz;
use serde_json::Value;
use sqlx::PgConnection;
use steward_core::event::{EventField, EventFilter, EventListReq};
use steward_core::offender::{Evidence, NEAR_PERCENT, OffenderKind, OffenderListReq, is_error_heavy};
use steward_core::period::Compare;
use steward_core::usage::{BucketSize, Depth, Measure, Preset, Usage, UsageReq, UsageStep};
use steward_store::cache::Reader;
use steward_store::cache::query::{event, offender, usage};

use super::bench::Bench;

/// Events around both clock changes of America and Europe in 2025, of every shape.
const EVENTS: &str = "
    select steward.ensure_usage_partitions('2025-02-25', '2025-04-15');
    select steward.ensure_usage_partitions('2025-10-01', '2025-11-20');
    insert into steward.usage_events (user_id, occurred_at, event_key, team_id, event_type, feature, provider, model,
        endpoint, plan_code, status, is_admin, quantity, input_tokens, output_tokens, reasoning_tokens, bytes_out,
        cost, credits, latency_ms)
    select ('00000000-0000-4000-8000-' || lpad((1 + n * 7 % 23)::text, 12, '0'))::uuid,
           start + n * interval '11 minutes 17.123457 seconds',
           ('00000000-0000-4000-9000-' || lpad((n + 100000 * span)::text, 12, '0'))::uuid,
           case when n % 4 = 0 then ('00000000-0000-4000-a000-' || lpad((n % 3)::text, 12, '0'))::uuid end,
           (array['prompt', 'chat', 'upload', 'e2e_run'])[1 + n % 4],
           (array['draft', 'it''s \\ odd', null, 'search'])[1 + n * 3 % 4],
           (array['openai', null])[1 + n % 2], 'm' || n % 5, '/v1/' || n % 3,
           (array['free', 'pro', null])[1 + n % 3],
           (array['success', 'success', 'success', 'error', 'rate_limited'])[1 + n % 5],
           n % 11 = 0, 1 + n % 4, n % 900, n % 700, n % 13, n % 5000,
           case when n % 6 > 0 then (n % 1000)::numeric / 1000000007 end, n % 9, nullif(n % 1999, 0)
    from (values (1, timestamptz '2025-02-26Z'), (2, timestamptz '2025-10-05Z')) spans (span, start),
         generate_series(1, 5500) n";

async fn objects(owner: &mut PgConnection, sql: &str) -> Vec<Value> {
    let inner = sql.trim_end().trim_end_matches(';');
    let wrapped = format!("select to_jsonb(answer) from ({inner}) answer");
    sqlx::query_scalar(sqlx::AssertSqlSafe(wrapped))
        .fetch_all(owner)
        .await
        .unwrap_or_else(|error| panic!("{error}: {sql}"))
}

fn number(object: &Value, measure: Measure) -> Option<f64> {
    object[measure.label().to_lowercase().replace(' ', "_")].as_f64()
}

/// Whether a value is the server's: to the unit, within the rounding of a float, or within a class of latencies.
fn is_same(measure: Measure, own: Option<f64>, server: Option<f64>) -> bool {
    match (own, server) {
        (None, None) => true,
        (Some(own), Some(server)) if measure.is_estimate() => (own - server).abs() <= server * 0.025 + 0.5,
        (Some(own), Some(server)) => (own - server).abs() <= server.abs() * 1e-12,
        (Some(_), None) | (None, Some(_)) => false,
    }
}

/// Where the server puts a step.
fn place(step: &UsageStep, size: BucketSize) -> String {
    let monday = |day: NaiveDate| day - Days::new(day.weekday().num_days_from_monday().into());
    match size {
        BucketSize::Hour => step.period.start.to_rfc3339(),
        BucketSize::Day => step.day.to_string(),
        BucketSize::Week => monday(step.day).to_string(),
        BucketSize::Month => step.day.with_day(1).expect("a first").to_string(),
    }
}

async fn compare_series(owner: &mut PgConnection, answer: &Usage, measure: Measure, sql: &str, told: &str) {
    let rows = objects(owner, sql).await;
    for step in &answer.steps {
        let place = place(step, answer.bucket);
        let row = rows.iter().find(|row| match row["step"].as_str() {
            Some(text) if answer.bucket == BucketSize::Hour => {
                text.parse::<DateTime<Utc>>().is_ok_and(|at| at == step.period.start)
            }
            found => found == Some(place.as_str()),
        });
        let own = answer_value(step, answer, measure);
        match row {
            Some(row) => {
                let server = number(row, measure);
                assert!(is_same(measure, own, server), "{told}, {place}: {own:?} for {server:?}\n{sql}");
            }
            None => assert_eq!(step.sums.events, 0, "{told}, {place}: the server has no row\n{sql}"),
        }
    }
    assert_eq!(
        rows.len(),
        answer.steps.iter().filter(|step| step.sums.events > 0).count(),
        "{told}: as many steps with events"
    );
}

fn answer_value(step: &UsageStep, answer: &Usage, measure: Measure) -> Option<f64> {
    match measure {
        Measure::LatencyP50 => step.sums.latency_p50,
        Measure::LatencyP95 => step.sums.latency_p95,
        Measure::LimitHits => Some(step.sums.limit_hits as f64),
        other => {
            assert_eq!(other, answer.measure);
            step.value
        }
    }
}

async fn compare(owner: &mut PgConnection, reader: &Reader, req: &UsageReq) {
    let answer = usage::show(reader, req).expect("an answer");
    let told = format!("{} {:?} {:?} by {:?} {:?}", req.zone, req.bucket, req.measure, req.by, req.filters);
    assert!(answer.is_complete && answer.freshness.is_consistent, "{told}");
    compare_series(owner, &answer, req.measure, &answer.sql.series, &told).await;
    for measure in [Measure::LatencyP50, Measure::LatencyP95] {
        compare_series(owner, &answer, measure, &answer.sql.latency, &told).await;
    }
    compare_series(owner, &answer, Measure::LimitHits, &answer.sql.limit_hits, &told).await;
    for tile in &answer.tiles {
        let rows = objects(owner, &tile.sql).await;
        let server = rows.first().and_then(|row| match &tile.text {
            Some(_) => number(row, Measure::Events),
            None => number(row, tile.measure),
        });
        assert!(
            is_same(tile.measure, tile.value, server),
            "{told}, {}: {:?} for {server:?}\n{}",
            tile.label,
            tile.value,
            tile.sql
        );
        let list = EventListReq {
            period: answer.period,
            filters: tile.filters.clone(),
            hour: None,
            after: None,
            limit: 1,
        };
        if tile.measure == Measure::Events {
            let behind = event::list(reader, &list).expect("rows").total;
            // A tool that nobody used has no name, and no row behind it.
            let shown = tile.value.unwrap_or(0.0);
            assert_eq!(behind as f64, shown, "{told}, {}: the rows behind it", tile.label);
        }
    }
    let rows = objects(owner, &answer.sql.breakdown).await;
    assert_eq!(rows.len() as u64, answer.group_count, "{told}: as many values");
    for group in &answer.breakdown {
        let same = |row: &&Value| {
            let value = row.as_object().and_then(|row| row.get(steward_core::usage::sql::column(req.by)));
            match (value, &group.value) {
                (Some(Value::Bool(own)), Some(value)) => own.to_string() == *value,
                (Some(Value::String(own)), Some(value)) => own == value,
                (Some(Value::Null), None) => true,
                _ => false,
            }
        };
        let row = rows.iter().find(same).unwrap_or_else(|| panic!("{told}: {:?} is not there", group.value));
        // Of a user only sums are held: neither how many users a user is, nor percentiles.
        if req.by != EventField::UserId || group.amount.is_some() {
            let server = number(row, req.measure);
            assert!(is_same(req.measure, group.amount, server), "{told}, {}: {server:?}", group.label);
        }
    }
    let rows = objects(owner, &answer.sql.heat).await;
    for cell in &answer.heat {
        let found = rows.iter().find(|row| {
            row["weekday"].as_u64() == Some(cell.weekday.into())
                && row["hour"].as_u64() == Some(cell.hour.into())
        });
        assert_eq!(
            found.map_or(Some(0), |row| row["events"].as_u64()),
            Some(cell.events),
            "{told}: {cell:?}"
        );
    }
}

#[tokio::test]
async fn s9_every_number_of_the_usage_equals_the_statement_it_names() {
    let mut bench = Bench::new().await;
    bench.sql(EVENTS).await;
    bench.sync().await;
    // Part of the rows arrive by a cut, and some go.
    bench
        .sql(
            "update steward.usage_events set status = 'error' where event_key::text like '%77';
             delete from steward.usage_events where event_key::text like '%31'",
        )
        .await;
    bench.sync().await;
    let cache = bench.cache();
    let reader = cache.reader().expect("a reader");
    let is = EventFilter::is;
    let is_not = EventFilter::is_not;
    let team = "00000000-0000-4000-a000-000000000001";
    let user = "00000000-0000-4000-8000-000000000008";
    let narrowed: [Vec<EventFilter>; 6] = [
        Vec::new(),
        vec![is(EventField::Feature, Some("it's \\ odd")), is(EventField::Feature, None)],
        vec![is_not(EventField::Status, Some("error")), is_not(EventField::Provider, None)],
        vec![is(EventField::TeamId, Some(team)), is_not(EventField::PlanCode, Some("pro"))],
        vec![is(EventField::UserId, Some(user)), is(EventField::IsAdmin, Some("false"))],
        vec![is(EventField::EventType, Some("prompt")), is(EventField::Endpoint, Some("/v1/1"))],
    ];
    let zones = [
        Tz::America__Los_Angeles,
        Tz::UTC,
        Tz::Asia__Kolkata,
        Tz::Asia__Kathmandu,
        Tz::Pacific__Kiritimati,
        Tz::Europe__Berlin,
    ];
    let shapes = [
        ("2025-03-01..2025-04-05", BucketSize::Day),
        ("2025-10-08..2025-11-12", BucketSize::Week),
        ("2025-10-24..2025-11-04", BucketSize::Hour),
        ("2025-03-01..2025-11-12", BucketSize::Month),
    ];
    // Every zone, width, filter, measure and column is met, each in several company.
    let mut turn = 0;
    for zone in zones {
        for (range, bucket) in shapes {
            for filters in [&narrowed[0], &narrowed[1 + turn % 5]] {
                let req = UsageReq {
                    range: range.parse().expect("a range"),
                    zone,
                    compare: Compare::Off,
                    bucket: Some(bucket),
                    by: EventField::ALL[turn % EventField::ALL.len()],
                    measure: Measure::ALL[turn % Measure::ALL.len()],
                    filters: filters.clone(),
                    preset: Preset::ALL[turn % 3],
                    depth: Depth::Rows,
                    groups: 0,
                };
                compare(&mut bench.owner, &reader, &req).await;
                turn += 1;
            }
        }
    }
}

/// Limits, counters and raises of forty users: free ones, paying ones, an admin, somebody suspended.
const LIMITS: &str = "
    insert into steward.plan_limits (plan_code, metric, period, limit_value, kind) values
        ('free', 'prompts', 'lifetime', 30, 'hard'), ('free', 'images', 'lifetime', 999999, 'soft'),
        ('pro', 'prompts', 'lifetime', 200, 'soft'), ('pro', 'images', 'lifetime', 0, 'hard');
    insert into steward.usage_counters (user_id, period, metric, used)
        select id, 'lifetime', 'prompts', 9 * (substr(id::text, 25)::int % 20) from steward.users;
    insert into steward.usage_counters (user_id, period, metric, used)
        select id, 'lifetime', 'images', 1000000 * (substr(id::text, 25)::int % 2) from steward.users;
    update steward.users set role = 'admin' where email = 'user3@mail.invalid';
    update steward.users set status = 'suspended' where email = 'user4@mail.invalid';
    insert into steward.teams (id, name) values ('00000000-0000-4000-a000-000000000001', 'One');
    insert into steward.team_members (team_id, user_id)
        select '00000000-0000-4000-a000-000000000001', id from steward.users where email like 'user1_@mail.invalid';
    insert into steward.quota_overrides (user_id, team_id, metric, period, limit_value, starts_at, until)
        select id, null::uuid, 'prompts', 'lifetime', 150, now() - interval '1 day', now() + interval '1 day'
        from steward.users where email in ('user5@mail.invalid', 'user7@mail.invalid')
        union all select null, '00000000-0000-4000-a000-000000000001'::uuid, 'prompts', 'lifetime', null, now() - interval '1 day',
            now() + interval '1 day'
        union all select id, null, 'prompts', 'lifetime', 9999, now() - interval '2 days', now() - interval '1 day'
        from steward.users where email = 'user8@mail.invalid'";

/// A user's limit, as both sides name it.
type Named = (String, String, i64, i64);

#[tokio::test]
async fn s9_offenders_are_who_the_server_would_refuse_or_warn() {
    let mut bench = Bench::new().await;
    bench.fill(40, 3_000).await;
    bench.sql(LIMITS).await;
    bench.sync().await;
    let cache = bench.cache();
    let reader = cache.reader().expect("a reader");
    let req = OffenderListReq {
        range: "30d".parse().expect("a range"),
        zone: Tz::Asia__Kathmandu,
        compare: Compare::Weekday,
        limit: 0,
    };
    let list = offender::list(&reader, &req).expect("an answer");
    let section =
        |kind| list.sections.iter().find(|section| section.kind == kind).expect("every kind is there");

    // Limits: every line of every account as the server judges it now.
    let theirs = objects(
        &mut bench.owner,
        "select u.id, u.role, u.status, metric, steward.usage_at(u.id, metric, 1, now(), null, null) as verdict
         from steward.users u, unnest(array['prompts', 'images']) metric",
    )
    .await;
    let (mut over, mut near): (Vec<Named>, Vec<Named>) = (Vec::new(), Vec::new());
    for row in theirs.iter().filter(|row| row["role"] == "user" && row["status"] == "active") {
        for line in row["verdict"]["limits"].as_array().expect("limits") {
            let (Some(limit), Some(used)) = (line["limit"].as_i64(), line["used"].as_i64()) else { continue };
            let name = |part: &Value| part.as_str().expect("text").to_owned();
            let named = (name(&row["id"]), name(&row["metric"]), limit, used);
            // Who never used what the plan does not have is no offender.
            if line["is_over"] == true && used > 0 {
                over.push(named);
            } else if line["is_over"] == false && used * 100 >= limit * NEAR_PERCENT {
                near.push(named);
            }
        }
    }
    for (kind, mut expected) in [(OffenderKind::OverLimit, over), (OffenderKind::NearLimit, near)] {
        let mut found: Vec<Named> = section(kind)
            .rows
            .iter()
            .map(|row| match &row.evidence {
                Evidence::Limit(line) => {
                    let limit = line.limit.expect("nothing is beyond what has no limit");
                    (row.user_id.to_string(), line.metric.clone(), limit, line.used.expect("a counter"))
                }
                other => panic!("{other:?}"),
            })
            .collect();
        expected.sort_unstable();
        found.sort_unstable();
        assert!(expected.len() > 1, "{kind:?} is met: {expected:?}");
        assert_eq!(found, expected, "{kind:?}");
    }

    // Events: counts by user in the same span.
    let span = format!(
        "occurred_at >= '{}' and occurred_at < '{}'",
        list.period.start.to_rfc3339(),
        list.period.end.to_rfc3339()
    );
    let counts = objects(
        &mut bench.owner,
        &format!(
            "select user_id, count(*) as events, count(*) filter (where status = 'error') as errors,
                 count(*) filter (where status = 'rate_limited') as hits
             from steward.usage_events where {span} group by 1"
        ),
    )
    .await;
    let number = |row: &Value, name: &str| row[name].as_u64().expect("a count");
    for (kind, name) in [(OffenderKind::ErrorHeavy, "errors"), (OffenderKind::RateLimited, "hits")] {
        let mut expected: Vec<(String, u64, u64)> = counts
            .iter()
            .filter(|row| match kind {
                OffenderKind::ErrorHeavy => is_error_heavy(number(row, "events"), number(row, "errors")),
                _ => number(row, "hits") > 0,
            })
            .map(|row| {
                let id = row["user_id"].as_str().expect("an id").to_owned();
                (id, number(row, "events"), number(row, name))
            })
            .collect();
        let mut found: Vec<(String, u64, u64)> = section(kind)
            .rows
            .iter()
            .map(|row| match row.evidence {
                Evidence::Errors { events, errors: failed } | Evidence::Refusals { events, hits: failed } => {
                    (row.user_id.to_string(), events, failed)
                }
                ref other => panic!("{other:?}"),
            })
            .collect();
        assert!(found.is_sorted_by(|a, b| a.2 >= b.2), "{kind:?}: the worst first");
        expected.sort_unstable();
        found.sort_unstable();
        assert!(!expected.is_empty(), "{kind:?} is met");
        assert_eq!(found, expected, "{kind:?}");
    }
    assert_eq!(section(OffenderKind::SuddenRise).total, 0, "everybody does what they did before");

    // Somebody does much more since yesterday.
    bench
        .sql(
            "insert into steward.usage_events (user_id, occurred_at, event_key, event_type)
             select '00000000-0000-4000-8000-000000000009', now() - interval '30 hours' - n * interval '1 second',
                    gen_random_uuid(), 'prompt' from generate_series(1, 900) n",
        )
        .await;
    bench.sync().await;
    let reader = cache.reader().expect("a reader");
    let again = offender::list(&reader, &req).expect("an answer");
    let risen =
        again.sections.iter().find(|section| section.kind == OffenderKind::SuddenRise).expect("there");
    assert_eq!(risen.rows.len(), 1, "{risen:?}");
    assert_eq!(risen.rows[0].email.as_deref(), Some("user9@mail.invalid"));
}
