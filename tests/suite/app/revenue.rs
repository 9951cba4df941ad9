//! Revenue from the server's rows to the answer: the sample company under every definition, and a month that is closed
//! and changed underneath.

use chrono::{Datelike as _, Months, NaiveDate, Utc};
use serde_json::{Value, json};
use sqlx::Row as _;
use steward_app::{Mode, Steward, dispatch};
use steward_core::{Clock as _, ErrorCode, SystemClock};
use steward_tests::cluster::{TestDatabase, execute};
use uuid::Uuid;

use super::{add, code, open, run};

const PROFILES: [&str; 3] = ["stripe", "chartmogul", "profitwell"];

fn whole(row: &Value, field: &str) -> i64 {
    row[field].as_i64().unwrap_or_else(|| panic!("{field} is a whole number in {row}"))
}

fn list<'a>(answer: &'a Value, field: &str) -> &'a Vec<Value> {
    answer[field].as_array().unwrap_or_else(|| panic!("{field} is a list"))
}

async fn ask(steward: &Steward, command: &str, request: Value) -> Value {
    run(steward, command, request).await.unwrap_or_else(|error| panic!("{command}: {error:?}"))
}

const MOVED: [&str; 5] =
    ["new_minor", "reactivation_minor", "expansion_minor", "contraction_minor", "churn_minor"];

/// The definition in SQL: the last step before an instant of every subscription, at its price.
fn mrr_sql(end: NaiveDate, currency: &str, has_dated_discounts: bool) -> String {
    let at = format!("'{end} 00:00:00+00'::timestamptz");
    let discount = if has_dated_discounts {
        format!("l.discount_until is null or l.discount_until >= {at}")
    } else {
        "l.discount_until is null".to_owned()
    };
    format!(
        "select round(coalesce(sum(
             coalesce(l.unit_amount_minor, l.interval_count
                 * case l.billing_interval when 'year' then p.price_year_minor else p.price_month_minor end)::numeric
             * l.quantity * (1 - case when l.discount_kind = 'percent' and ({discount}) then l.discount_value / 100 else 0 end)
             / l.interval_count / case l.billing_interval when 'year' then 12 else 1 end), 0))::bigint
         from (select distinct on (subscription_id) * from steward.subscription_changes
               where occurred_at < {at} order by subscription_id, occurred_at desc, kind = 'ended' desc) l
         join steward.subscriptions s on s.id = l.subscription_id
         join steward.plans p on p.code = l.plan_code
         where l.status in ('active', 'past_due') and (s.ended_at is null or s.ended_at >= {at})
           and l.currency = '{currency}'"
    )
}

#[tokio::test(flavor = "multi_thread")]
async fn the_movements_of_the_sample_company_sum_to_the_change_of_every_month_under_every_definition() {
    let database = TestDatabase::new().await;
    let home = tempfile::tempdir().expect("a folder");
    let steward = open(&home).await;
    ask(&steward, "sample_open", json!({ "database_url": database.owner_url() })).await;
    ask(&steward, "sync_run", Value::Null).await;
    let first = ask(&steward, "revenue_show", json!({ "zone": "UTC" })).await;
    let currencies: Vec<String> = list(&first, "currencies")
        .iter()
        .map(|row| row["currency"].as_str().expect("a code").to_owned())
        .collect();
    assert!(currencies.len() > 3, "the company is paid in several currencies: {currencies:?}");
    let mut owner = database.connect_owner().await;
    let mut moved = 0;
    for profile in PROFILES {
        for currency in &currencies {
            let request = json!({ "zone": "UTC", "months": 24, "profile": profile, "currency": currency });
            let answer = ask(&steward, "revenue_show", request).await;
            let months = list(&answer, "months");
            assert_eq!(months.len(), 24);
            let mut balance = whole(&months[0], "start_minor");
            for month in months {
                assert_eq!(
                    whole(month, "start_minor"),
                    balance,
                    "{profile} {month}: it goes on where it was"
                );
                let change: i64 = MOVED.iter().map(|field| whole(month, field)).sum();
                balance += change;
                assert_eq!(
                    balance,
                    whole(month, "end_minor"),
                    "{profile} {month}: movements sum to the change"
                );
                moved += change.abs();
                // Metered items and early ends are in no row of the sample, so that only discounts tell them apart.
                if profile != "profitwell" && month["is_unfinished"] == false {
                    let name = month["month"].as_str().expect("a month");
                    let start: NaiveDate = format!("{name}-01").parse().expect("a day");
                    let sql = mrr_sql(start + Months::new(1), currency, profile == "chartmogul");
                    let row = sqlx::query(sqlx::AssertSqlSafe(sql)).fetch_one(&mut owner).await.expect("SQL");
                    assert_eq!(balance, row.get::<i64, _>(0), "{profile} {currency} {name}: as in SQL");
                }
            }
            let end = whole(months.last().expect("24"), "end_minor");
            for split in ["by_plan", "by_interval", "by_country", "by_status", "by_price"] {
                let sum: i64 = list(&answer, split).iter().map(|row| whole(row, "mrr_minor")).sum();
                assert_eq!(sum, end, "{profile} {currency}: {split} is all of it");
            }
            let row = list(&answer, "currencies").iter().find(|row| row["currency"] == *currency);
            assert_eq!(whole(row.expect("it is there"), "mrr_minor"), end);
        }
    }
    assert!(moved > 0, "something happens in the sample");
    steward.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn plans_bridges_and_movers_of_the_sample_company_add_up() {
    let database = TestDatabase::new().await;
    let home = tempfile::tempdir().expect("a folder");
    let steward = open(&home).await;
    ask(&steward, "sample_open", json!({ "database_url": database.owner_url() })).await;
    ask(&steward, "sync_run", Value::Null).await;
    let now = SystemClock.now().date_naive().with_day(1).expect("a first day");
    let (mut switched, mut differing, mut acts) = (0, 0, 0);
    for back in 1..=12 {
        let month = (now - Months::new(back)).format("%Y-%m").to_string();
        for profile in PROFILES {
            let request = json!({ "zone": "Europe/Berlin", "month": month, "months": 2, "profile": profile });
            let answer = ask(&steward, "revenue_show", request.clone()).await;
            let own = list(&answer, "months").last().expect("a month").clone();
            for plan in list(&answer, "plan_months") {
                let change: i64 = MOVED
                    .iter()
                    .chain(&["moved_in_minor", "moved_out_minor"])
                    .map(|field| whole(plan, field))
                    .sum();
                let (start, end) = (whole(plan, "start_minor"), whole(plan, "end_minor"));
                assert_eq!(start + change, end, "{profile} {month}: {plan}");
                switched += whole(plan, "moved_in_minor");
            }
            let ends: i64 = list(&answer, "plan_months").iter().map(|plan| whole(plan, "end_minor")).sum();
            // Each plan is rounded by itself; together they are within a cent each of the whole.
            assert!((ends - whole(&own, "end_minor")).abs() <= 4, "{profile} {month}");
            let movers = ask(&steward, "revenue_movements", request).await;
            assert_eq!(
                whole(&movers, "change_minor"),
                whole(&own, "end_minor") - whole(&own, "start_minor"),
                "{profile} {month}: the customers changed what the month did, within its rounding"
            );
            for row in list(&movers, "rows") {
                let activities = list(row, "activities");
                let sum: i64 =
                    activities.iter().map(|one| whole(one, "after_minor") - whole(one, "before_minor")).sum();
                assert!((sum - whole(row, "change_minor")).abs() <= 1, "{row}");
                acts += activities.len();
            }
            for other in PROFILES {
                let request =
                    json!({ "zone": "Europe/Berlin", "month": month, "from": profile, "to": other });
                let bridge = ask(&steward, "revenue_bridge", request).await;
                let steps = list(&bridge, "steps");
                let sum: i64 = steps.iter().map(|step| whole(step, "difference_minor")).sum();
                assert_eq!(whole(&bridge, "from_minor") + sum, whole(&bridge, "to_minor"), "{bridge}");
                assert_eq!(
                    whole(&bridge, "from_minor"),
                    whole(&own, "end_minor"),
                    "the same number everywhere"
                );
                differing += steps.len();
            }
        }
    }
    assert!(switched > 0 && differing > 0 && acts > 0, "{switched} {differing} {acts}");

    // Page by page the same customers, each once.
    let request = json!({ "zone": "UTC", "month": (now - Months::new(1)).format("%Y-%m").to_string() });
    let all = ask(&steward, "revenue_movements", request.clone()).await;
    let (mut after, mut paged) = (Value::Null, Vec::new());
    loop {
        let mut request = request.clone();
        request["limit"] = json!(3);
        request["after"] = after.clone();
        let page = ask(&steward, "revenue_movements", request).await;
        paged.extend(list(&page, "rows").clone());
        after = page["next"].clone();
        if after.is_null() {
            break;
        }
    }
    assert_eq!(&paged, list(&all, "rows"));
    assert!(list(&all, "rows")[0]["name"].as_str().is_some_and(|name| name.contains('@')), "{all}");
    steward.close().await;
}

const COMPANY: &str = "
    select steward.install_preset('credits');
    insert into steward.users (id, email, plan_code, country)
        select ('0190b2a0-0000-7000-8000-' || lpad(n::text, 12, '0'))::uuid, 'user' || n || '@example.com', 'pro',
               case n when 1 then 'DE' end
        from generate_series(1, 6) n;";

fn user(number: u32) -> String {
    format!("0190b2a0-0000-7000-8000-{number:012}")
}

/// The first day of the month so many before this one.
fn month(back: u32) -> NaiveDate {
    let today = SystemClock.now().with_timezone(&Utc).date_naive();
    today.with_day(1).expect("a first day") - Months::new(back)
}

fn named(day: NaiveDate) -> String {
    day.format("%Y-%m").to_string()
}

async fn apply(
    steward: &Steward,
    command: &str,
    mut request: Value,
) -> Result<Value, steward_app::wire::WireError> {
    request["intent"] = json!(Uuid::now_v7());
    let preview = dispatch(steward, command, request.clone(), Mode::Preview).await?;
    request["plan_token"] = preview["plan_token"].clone();
    request["confirm"] = preview["confirm"].clone();
    run(steward, command, request).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_closed_month_stays_as_reported_and_shows_the_exact_adjustment() {
    let database = TestDatabase::new().await;
    let mut owner = database.connect_owner().await;
    let (before, closing) = (month(2), month(1));
    execute(
        &mut owner,
        &format!(
            "{COMPANY}
             insert into steward.subscriptions (user_id, plan_code, started_at, unit_amount_minor, currency) values
                 ('{}', 'pro', '{before} 10:00+00', 10000, 'EUR'), ('{}', 'pro', '{before} 11:00+00', 4000, 'EUR'),
                 ('{}', 'pro', '{closing} 12:00+00', 900, 'JPY')",
            user(1),
            user(2),
            user(3)
        ),
    )
    .await;
    let home = tempfile::tempdir().expect("a folder");
    let steward = open(&home).await;
    add(&steward, "test", &database.login_url("finance")).await;
    ask(&steward, "sync_run", Value::Null).await;
    let close = json!({ "month": named(closing), "zone": "UTC", "profile": "stripe", "reason": "reported" });
    let running = json!({ "month": named(month(0)), "zone": "UTC", "reason": "too early" });
    assert_eq!(code(apply(&steward, "month_close", running).await), ErrorCode::Invalid, "it still runs");
    let closed = apply(&steward, "month_close", close.clone()).await.expect("finance closes a month");
    assert_eq!(closed["rows"][0]["table"], "month_closes", "{closed}");
    assert_eq!(code(apply(&steward, "month_close", close).await), ErrorCode::Invalid, "it is closed already");

    let months = ask(&steward, "month_list", Value::Null).await;
    let reported = list(&months, "months")[0].clone();
    assert_eq!(reported["adjustments"], json!([]), "nothing changed yet");
    let ends: Vec<_> = list(&reported["figures"], "currencies")
        .iter()
        .map(|row| (row["currency"].as_str().expect("a code").to_owned(), whole(row, "end_minor")))
        .collect();
    assert_eq!(ends, [("EUR".to_owned(), 14_000), ("JPY".to_owned(), 900)]);

    // Underneath: a sale of the closed month is written down now, a customer turns out to have left in it, and a yearly
    // price is no whole number of cents a month.
    execute(
        &mut owner,
        &format!(
            "insert into steward.subscriptions (user_id, plan_code, started_at, unit_amount_minor, currency, billing_interval)
                 values ('{}', 'pro', '{closing} 13:00+00', 29000, 'EUR', 'year');
             update steward.subscriptions set status = 'canceled', ended_at = '{closing} 14:00+00' where user_id = '{}'",
            user(4),
            user(2)
        ),
    )
    .await;
    ask(&steward, "sync_run", Value::Null).await;
    let months = ask(&steward, "month_list", Value::Null).await;
    let changed = &list(&months, "months")[0];
    assert_eq!(changed["figures"], reported["figures"], "what was reported stays");
    let lines: Vec<_> = list(changed, "adjustments")
        .iter()
        .map(|row| {
            let line = row["line"].as_str().expect("a line").to_owned();
            (line, whole(row, "frozen"), whole(row, "difference"), whole(row, "now"))
        })
        .collect();
    let expected = [("new", 0, 2_417, 2_417), ("churn", 0, -4_000, -4_000), ("end", 14_000, -1_583, 12_417)];
    assert_eq!(lines, expected.map(|(line, a, b, c)| (line.to_owned(), a, b, c)));
    assert_eq!(changed["late_total"], 2, "and what was written down late is named: {changed}");
    assert_eq!(list(changed, "late")[0]["name"], "user2@example.com");

    let reopen = json!({ "month": named(closing), "reason": "" });
    assert_eq!(code(apply(&steward, "month_reopen", reopen).await), ErrorCode::Invalid, "it takes a reason");
    let reopen = json!({ "month": named(closing), "reason": "late sale" });
    let reopened = apply(&steward, "month_reopen", reopen).await.expect("finance reopens");
    assert_eq!(reopened["rows"][0]["before"]["figures"], reported["figures"], "the audit log keeps it");
    assert_eq!(ask(&steward, "month_list", Value::Null).await["months"], json!([]));
    // Nothing else that writes.
    let plan = json!({ "users": [user(1)], "plan_code": "free", "reason": "test" });
    assert_eq!(code(apply(&steward, "user_change_plan", plan).await), ErrorCode::Permission);
    steward.close().await;

    for role in ["viewer", "support"] {
        let home = tempfile::tempdir().expect("a folder");
        let steward = open(&home).await;
        add(&steward, "test", &database.login_url(role)).await;
        ask(&steward, "sync_run", Value::Null).await;
        let close = json!({ "month": named(closing), "zone": "UTC", "reason": "test" });
        assert_eq!(code(apply(&steward, "month_close", close).await), ErrorCode::Permission, "{role}");
        steward.close().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_paid_is_told_apart_and_what_has_no_price_is_not_nothing() {
    let database = TestDatabase::new().await;
    let mut owner = database.connect_owner().await;
    let start = month(3);
    execute(
        &mut owner,
        &format!(
            "{COMPANY}
             insert into steward.teams (id, name) values ('{0}', 'Otters');
             insert into steward.team_members (team_id, user_id, role) values ('{0}', '{1}', 'owner');
             insert into steward.subscriptions
                 (user_id, team_id, plan_code, status, started_at, unit_amount_minor, currency, stripe_subscription_id) values
                 ('{1}', null, 'pro', 'active', '{start} 10:00+00', 5000, 'USD', 'sub_1'),
                 (null, '{0}', 'pro', 'past_due', '{start} 10:00+00', 3000, 'USD', null),
                 ('{2}', null, 'pro', 'active', '{start} 10:00+00', null, 'USD', null),
                 ('{3}', null, 'pro', 'active', '{start} 10:00+00', null, 'CHF', null),
                 ('{4}', null, 'pro', 'trialing', '{start} 10:00+00', 9900, 'USD', null)",
            Uuid::from_u128(7),
            user(1),
            user(2),
            user(3),
            user(4)
        ),
    )
    .await;
    let home = tempfile::tempdir().expect("a folder");
    let steward = open(&home).await;
    add(&steward, "test", &database.login_url("finance")).await;
    ask(&steward, "sync_run", Value::Null).await;
    let answer = ask(&steward, "revenue_show", json!({ "zone": "UTC" })).await;
    let rows = |field: &str| -> Vec<(String, i64)> {
        list(&answer, field)
            .iter()
            .map(|row| (row["value"].as_str().unwrap_or("–").to_owned(), whole(row, "mrr_minor")))
            .collect()
    };
    let said = |pairs: &[(&str, i64)]| -> Vec<(String, i64)> {
        pairs.iter().map(|(name, minor)| ((*name).to_owned(), *minor)).collect()
    };
    assert_eq!(rows("by_price"), said(&[("list", 9_900), ("billed", 5_000), ("agreed", 3_000)]));
    assert_eq!(rows("by_status"), said(&[("active", 14_900), ("past_due", 3_000)]));
    assert_eq!(rows("by_country"), said(&[("–", 9_900), ("DE", 8_000)]), "a team is where its owner is");
    assert_eq!(answer["unpriced"], 1, "the plan has no price in francs, which is told");
    assert_eq!(list(&answer, "currencies").len(), 1, "and no franc is made up");
    for (request, field) in [
        (json!({ "zone": "UTC", "profile": "gaap" }), "profile"),
        (json!({ "zone": "UTC", "currency": "CHF" }), "currency"),
        (json!({ "zone": "UTC", "months": 121 }), "months"),
        (json!({ "zone": "UTC", "month": "2199-01" }), "month"),
    ] {
        let error = run(&steward, "revenue_show", request).await.expect_err("it is refused");
        assert_eq!(error.fields[0].field, field);
    }

    // What was kept of the rows is read again when they change, and only then.
    execute(&mut owner, "update steward.subscriptions set unit_amount_minor = 7000 where currency = 'CHF'")
        .await;
    ask(&steward, "sync_run", Value::Null).await;
    let later = ask(&steward, "revenue_show", json!({ "zone": "UTC", "currency": "CHF" })).await;
    assert_eq!(list(&later, "months").last().map(|row| whole(row, "end_minor")), Some(7_000));
    execute(&mut owner, &format!("update steward.users set country = 'FR' where id = '{}'", user(1))).await;
    ask(&steward, "sync_run", Value::Null).await;
    let moved = ask(&steward, "revenue_show", json!({ "zone": "UTC" })).await;
    assert!(list(&moved, "by_country").iter().any(|row| row["value"] == "FR"), "{moved}");
    steward.close().await;
}
