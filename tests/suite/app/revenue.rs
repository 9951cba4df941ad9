//! Revenue from the server's rows to the answer: the sample company under every definition, and a month that is closed
//! and changed underneath.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{Datelike as _, Months, NaiveDate, Utc};
use serde_json::{Value, json};
use sqlx::{PgConnection, Row as _};
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

/// The definition in SQL, exactly: plan by plan twelve hundred times what is paid per month, at the last instant before
/// the one given. A balance at an instant includes what happens at it; what happens at the first instant of a month is
/// that month's, so `< end` here is `<=` one microsecond before, and a discount or a period that ends at `end` still holds.
fn balance_sql(end: NaiveDate, zone: &str, currency: &str, profile: &str) -> String {
    let at = format!("('{end} 00:00:00'::timestamp at time zone '{zone}')");
    let discount = match profile {
        "stripe" => "l.discount_until is null".to_owned(),
        _ => format!("l.discount_until is null or l.discount_until >= {at}"),
    };
    // Ended before its time, within a period that was paid for.
    let used_up = match profile {
        "profitwell" => format!("(s.ended_at < {at} and s.current_period_end >= {at})"),
        _ => "false".to_owned(),
    };
    format!(
        "select l.plan_code, sum(
             coalesce(l.unit_amount_minor, l.interval_count
                 * case l.billing_interval when 'year' then p.price_year_minor else p.price_month_minor end)::numeric
             * l.quantity * (100 - case when l.discount_kind = 'percent' and ({discount}) then l.discount_value else 0 end)
             * (12 / (l.interval_count * case l.billing_interval when 'year' then 12 else 1 end)))::bigint
         from steward.subscriptions s
         cross join lateral (
             select * from steward.subscription_changes c
             where c.subscription_id = s.id and c.occurred_at < {at} and (c.status <> 'canceled' or not {used_up})
             order by c.occurred_at desc, c.kind = 'ended' desc limit 1) l
         join steward.plans p on p.code = l.plan_code
         where l.currency = '{currency}' and case when {used_up} then l.status = 'active'
             else l.status in ('active', 'past_due') and (s.ended_at is null or s.ended_at >= {at}) end
         group by 1 having sum(l.quantity * coalesce(l.unit_amount_minor, 1)) > 0"
    )
}

/// What every plan is worth, twelve hundred to a minor unit.
async fn balance(owner: &mut PgConnection, sql: String) -> BTreeMap<String, i64> {
    let rows = sqlx::query(sqlx::AssertSqlSafe(sql)).fetch_all(owner).await.expect("SQL");
    rows.iter().map(|row| (row.get(0), row.get(1))).collect()
}

/// Rounded once, half away from zero.
fn cents(exact: i64) -> i64 {
    (exact + 600).div_euclid(1_200)
}

/// The sample company with what it has not by itself: somebody who left early a year that was paid, somebody who was
/// given up in a month that was not, and a discount that ends with the first instant of a month.
async fn company(home: &tempfile::TempDir, database: &TestDatabase) -> (Steward, PgConnection) {
    let steward = open(home).await;
    ask(&steward, "sample_open", json!({ "database_url": database.owner_url() })).await;
    let mut owner = database.connect_owner().await;
    let (early, late) = (month(7), month(3));
    execute(
        &mut owner,
        &format!(
            "insert into steward.users (id, email, plan_code, created_at)
                 select ('0190b2a0-0000-7000-8000-' || lpad(n::text, 12, '0'))::uuid, 'user' || n || '@example.com', 'pro', '{early}'
                 from generate_series(1, 3) n;
             insert into steward.subscriptions
                 (user_id, plan_code, started_at, unit_amount_minor, currency, billing_interval, current_period_start,
                  current_period_end, discount_kind, discount_value, discount_until) values
                 ('{0}', 'pro', '{early} 10:00+00', 29003, 'EUR', 'year', '{early} 10:00+00', '{early} 10:00+00'::timestamptz + interval '1 year', null, null, null),
                 ('{1}', 'pro', '{early} 10:00+00', 7001, 'EUR', 'month', '{late} 10:00+00', '{late} 10:00+00'::timestamptz + interval '1 month', null, null, null),
                 ('{2}', 'pro', '{early} 10:00+00', 3333, 'EUR', 'month', null, null, 'percent', 33, '{late} 00:00+00');
             update steward.subscriptions set status = 'canceled', ended_at = '{late} 12:00+00' where user_id = '{0}';
             -- Given up after the card had failed from the renewal on.
             insert into steward.subscription_changes
                 (subscription_id, user_id, occurred_at, kind, plan_code, status, billing_interval, interval_count, quantity, unit_amount_minor, currency)
                 select id, user_id, '{late} 10:00+00', 'changed', plan_code, 'past_due', 'month', 1, 1, unit_amount_minor, currency
                 from steward.subscriptions where user_id = '{1}';
             update steward.subscriptions set status = 'canceled', ended_at = '{late} 10:00+00'::timestamptz + interval '20 days' where user_id = '{1}'",
            user(1),
            user(2),
            user(3)
        ),
    )
    .await;
    ask(&steward, "sync_run", Value::Null).await;
    (steward, owner)
}

async fn currencies(steward: &Steward) -> Vec<String> {
    let first = ask(steward, "revenue_show", json!({ "zone": "UTC" })).await;
    let codes =
        list(&first, "currencies").iter().map(|row| row["currency"].as_str().expect("a code").to_owned());
    let codes: Vec<String> = codes.collect();
    assert!(codes.len() > 3, "the company is paid in several currencies: {codes:?}");
    codes
}

#[tokio::test(flavor = "multi_thread")]
async fn the_movements_of_the_sample_company_sum_to_the_change_of_every_month_under_every_definition() {
    let database = TestDatabase::new().await;
    let home = tempfile::tempdir().expect("a folder");
    let (steward, mut owner) = company(&home, &database).await;
    let (mut moved, mut apart) = (0, BTreeSet::new());
    for currency in &currencies(&steward).await {
        let mut ends: BTreeMap<String, Vec<i64>> = BTreeMap::new();
        for profile in PROFILES {
            let request = json!({ "zone": "UTC", "months": 24, "profile": profile, "currency": currency });
            let answer = ask(&steward, "revenue_show", request).await;
            let months = list(&answer, "months");
            assert_eq!(months.len(), 24);
            let mut shown = whole(&months[0], "start_minor");
            for month in months {
                assert_eq!(whole(month, "start_minor"), shown, "{profile} {month}: it goes on where it was");
                let change: i64 = MOVED.iter().map(|field| whole(month, field)).sum();
                shown += change;
                assert_eq!(
                    shown,
                    whole(month, "end_minor"),
                    "{profile} {month}: movements sum to the change"
                );
                moved += change.abs();
                ends.entry(month["month"].to_string()).or_default().push(shown);
                if month["is_unfinished"] == false {
                    let name = month["month"].as_str().expect("a month");
                    let start: NaiveDate = format!("{name}-01").parse().expect("a day");
                    let sql = balance_sql(start + Months::new(1), "UTC", currency, profile);
                    let plans = balance(&mut owner, sql).await;
                    assert_eq!(shown, cents(plans.values().sum()), "{profile} {currency} {name}: as in SQL");
                }
            }
            let spread = list(&answer, "plan_history");
            for month in months {
                let plans: Vec<&Value> = spread.iter().filter(|row| row["month"] == month["month"]).collect();
                let sum: i64 = plans.iter().map(|row| whole(row, "mrr_minor")).sum();
                assert_eq!(
                    sum,
                    whole(month, "end_minor"),
                    "{profile} {month}: the plans shown are the month"
                );
                let share: f64 = plans.iter().map(|row| row["share"].as_f64().expect("a share")).sum();
                assert!(plans.is_empty() || (share - 1.0).abs() < 1e-12, "{profile} {month}: {share}");
                let customers: i64 = plans.iter().map(|row| whole(row, "customers")).sum();
                assert!(
                    customers >= whole(month, "end_customers"),
                    "{profile} {month}: nobody is on no plan"
                );
                let seats: i64 = plans.iter().map(|row| whole(row, "seats")).sum();
                assert!(seats >= customers, "{profile} {month}: each has a seat");
            }
            for split in ["by_plan", "by_interval", "by_country", "by_status", "by_price"] {
                let sum: i64 = list(&answer, split).iter().map(|row| whole(row, "mrr_minor")).sum();
                assert_eq!(sum, shown, "{profile} {currency}: {split} is all of it");
            }
            let row = list(&answer, "currencies").iter().find(|row| row["currency"] == *currency);
            assert_eq!(whole(row.expect("it is there"), "mrr_minor"), shown);
        }
        for of_month in ends.values() {
            apart.extend((0..3).filter(|at| of_month[*at] != of_month[(at + 1) % 3]));
        }
    }
    assert!(moved > 0, "something happens in the sample");
    assert_eq!(apart.len(), 3, "each definition differs from each other somewhere, so none is asked in vain");
    steward.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_month_plan_and_currency_of_the_sample_company_adds_up_under_every_definition() {
    const ZONE: &str = "Europe/Berlin";
    let database = TestDatabase::new().await;
    let home = tempfile::tempdir().expect("a folder");
    let (steward, mut owner) = company(&home, &database).await;
    let (mut switched, mut acts, mut fractions) = (0, 0, 0);
    for currency in &currencies(&steward).await {
        for profile in PROFILES {
            let mut before: BTreeMap<String, i64> = BTreeMap::new();
            for back in (1..=19).rev() {
                let first = month(back);
                let request = json!({ "zone": ZONE, "month": named(first), "months": 1, "profile": profile, "currency": currency });
                let answer = ask(&steward, "revenue_show", request.clone()).await;
                let own = &list(&answer, "months")[0];
                let told = format!("{profile} {currency} {}", named(first));
                let exact = balance_sql(first + Months::new(1), ZONE, currency, profile);
                let exact = balance(&mut owner, exact).await;
                let mut after: BTreeMap<String, i64> = BTreeMap::new();
                for plan in list(&answer, "plan_months") {
                    let code = plan["plan"].as_str().expect("a code").to_owned();
                    let change: i64 = MOVED
                        .iter()
                        .chain(&["moved_in_minor", "moved_out_minor"])
                        .map(|field| whole(plan, field))
                        .sum();
                    let (start, end) = (whole(plan, "start_minor"), whole(plan, "end_minor"));
                    assert_eq!(start + change, end, "{told}: {plan}");
                    assert_eq!(
                        start,
                        before.remove(&code).unwrap_or(0),
                        "{told}: {code} goes on where it was"
                    );
                    // Exact as a fraction in SQL, and rounded once.
                    assert_eq!(
                        end,
                        cents(exact.get(&code).copied().unwrap_or(0)),
                        "{told}: {code} as in SQL"
                    );
                    switched += whole(plan, "moved_in_minor");
                    after.insert(code, end);
                }
                assert!(before.values().all(|left| *left == 0), "{told}: no plan is lost: {before:?}");
                let shown: BTreeSet<&String> =
                    after.iter().filter(|(_, end)| **end != 0).map(|(code, _)| code).collect();
                assert_eq!(shown, exact.keys().collect(), "{told}: every plan with revenue is there");
                // The fractions of the plans are the whole to the last; shown, every plan is off by half a unit at most,
                // and so is the whole.
                assert_eq!(
                    whole(own, "end_minor"),
                    cents(exact.values().sum()),
                    "{told}: all plans are the whole"
                );
                let rounding = after.values().sum::<i64>() - whole(own, "end_minor");
                let plans = i64::try_from(exact.len()).expect("few plans");
                assert!(2 * rounding.abs() <= plans + 1, "{told}: {rounding} of {plans} plans");
                fractions += exact.values().filter(|exact| *exact % 1_200 != 0).count();
                let by_plan: i64 = list(&answer, "by_plan").iter().map(|row| whole(row, "mrr_minor")).sum();
                assert_eq!(by_plan, whole(own, "end_minor"), "{told}");
                before = after;

                let movers = ask(&steward, "revenue_movements", request).await;
                let change = whole(own, "end_minor") - whole(own, "start_minor");
                assert_eq!(
                    whole(&movers, "change_minor"),
                    change,
                    "{told}: the customers changed what the month did"
                );
                for row in list(&movers, "rows") {
                    let activities = list(row, "activities");
                    let sum: i64 = activities
                        .iter()
                        .map(|one| whole(one, "after_minor") - whole(one, "before_minor"))
                        .sum();
                    assert_eq!(sum, whole(row, "change_minor"), "{told}: {row}");
                    acts += activities.len();
                }
            }
        }
    }
    assert!(switched > 0 && acts > 0 && fractions > 0, "{switched} {acts} {fractions}");
    steward.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_bridges_of_the_sample_company_sum_to_the_cent_and_its_movers_come_page_by_page() {
    let database = TestDatabase::new().await;
    let home = tempfile::tempdir().expect("a folder");
    let (steward, _owner) = company(&home, &database).await;
    let mut differing = 0;
    for currency in &currencies(&steward).await {
        for back in 1..=18 {
            let named = named(month(back));
            let mut ends = BTreeMap::new();
            for profile in PROFILES {
                let request = json!({ "zone": "Europe/Berlin", "month": named, "months": 1, "profile": profile, "currency": currency });
                let answer = ask(&steward, "revenue_show", request).await;
                ends.insert(profile, whole(&list(&answer, "months")[0], "end_minor"));
            }
            for (from, to) in PROFILES.into_iter().flat_map(|from| PROFILES.map(|to| (from, to))) {
                let request = json!({ "zone": "Europe/Berlin", "month": named, "from": from, "to": to, "currency": currency });
                let bridge = ask(&steward, "revenue_bridge", request).await;
                let steps = list(&bridge, "steps");
                let sum: i64 = steps.iter().map(|step| whole(step, "difference_minor")).sum();
                let both = (whole(&bridge, "from_minor"), whole(&bridge, "to_minor"));
                assert_eq!(both, (ends[from], ends[to]), "{named}: the same numbers everywhere: {bridge}");
                assert_eq!(both.0 + sum, both.1, "{named}: {bridge}");
                differing += steps.len();
            }
        }
    }
    assert!(differing > 0);

    // Page by page the same customers, each once.
    let request = json!({ "zone": "UTC", "month": named(month(1)) });
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
