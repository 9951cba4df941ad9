//! A plan's price and limits are edited: what it does is told first, and what was charged before stays as it was.

use chrono::{Datelike as _, Months};
use serde_json::{Value, json};
use steward_app::{Mode, dispatch};
use steward_core::{Clock as _, ErrorCode, SystemClock};
use steward_tests::cluster::{TestDatabase, execute};
use uuid::Uuid;

use super::{add, code, open, run};

fn months(answer: &Value) -> Vec<(String, i64)> {
    let rows = answer["months"].as_array().expect("months");
    let of = |row: &Value| {
        (row["month"].as_str().expect("a month").to_owned(), row["end_minor"].as_i64().expect("an amount"))
    };
    rows.iter().map(of).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn trap_39_a_new_list_price_changes_no_month_before_it() {
    let database = TestDatabase::new().await;
    let mut owner = database.connect_owner().await;
    let today = SystemClock.now().date_naive();
    let start = today.with_day(1).expect("a first day") - Months::new(3);
    let id = |number: u32| format!("0190b2a0-0000-7000-8000-{number:012}");
    execute(
        &mut owner,
        &format!(
            "select steward.install_preset('credits');
             insert into steward.plan_limits (plan_code, metric, period, limit_value) values ('pro', 'prompts', 'month', 100);
             insert into steward.users (id, email, plan_code)
                 select ('0190b2a0-0000-7000-8000-' || lpad(n::text, 12, '0'))::uuid, 'user' || n || '@example.com', 'pro'
                 from generate_series(1, 4) n;
             insert into steward.usage_counters (user_id, period, metric, used)
                 values ('{0}', to_char(now() at time zone 'UTC', 'YYYY-MM'), 'prompts', 60);
             insert into steward.subscriptions
                 (user_id, plan_code, started_at, unit_amount_minor, billing_interval, stripe_subscription_id) values
                 ('{0}', 'pro', '{start} 10:00+00', null, 'month', null),
                 ('{1}', 'pro', '{start} 10:00+00', null, 'year', null),
                 ('{2}', 'pro', '{start} 10:00+00', 5000, 'month', null),
                 ('{3}', 'pro', '{start} 10:00+00', null, 'month', 'sub_1')",
            id(1),
            id(2),
            id(3),
            id(4)
        ),
    )
    .await;
    let home = tempfile::tempdir().expect("a folder");
    let steward = open(&home).await;
    add(&steward, "test", &database.login_url("admin")).await;
    run(&steward, "sync_run", Value::Null).await.expect("synchronised");
    let plans = run(&steward, "plan_list", Value::Null).await.expect("plans");
    let pro =
        plans["rows"].as_array().expect("rows").iter().find(|row| row["code"] == "pro").expect("pro").clone();
    let (month, year) = (
        pro["price_month_minor"].as_i64().expect("a price"),
        pro["price_year_minor"].as_i64().expect("a price"),
    );
    let show = || run(&steward, "revenue_show", json!({ "zone": "UTC", "months": 4 }));
    let before = months(&show().await.expect("revenue"));

    let limits = json!([{ "metric": "prompts", "period": "month", "limit": 50 }]);
    let new = json!({
        "plan": "pro", "price_month_minor": month + 1_200, "price_year_minor": year, "limits": limits,
    });
    let effect = run(&steward, "plan_effect", new.clone()).await.expect("its effect");
    assert_eq!(effect["customers"], 3, "two by the month, one by the year: {effect}");
    assert_eq!(effect["untouched_customers"], 1);
    assert_eq!(
        effect["mrr_after_minor"].as_i64().expect("after") - effect["mrr_minor"].as_i64().expect("before"),
        2 * 1_200
    );
    let limit = &effect["limits"][0];
    assert_eq!((&limit["over"], &limit["over_after"]), (&json!(0), &json!(1)));

    let mut request = new.clone();
    request["intent"] = json!(Uuid::now_v7());
    assert_eq!(
        code(dispatch(&steward, "plan_edit", request.clone(), Mode::Preview).await),
        ErrorCode::Invalid,
        "it takes a reason"
    );
    request["reason"] = json!("new list");
    let preview = dispatch(&steward, "plan_edit", request.clone(), Mode::Preview).await.expect("a preview");
    assert_eq!(preview["confirm"], "pro");
    request["plan_token"] = preview["plan_token"].clone();
    request["confirm"] = json!("pro");
    run(&steward, "plan_edit", request).await.expect("it is edited");

    let after = months(&show().await.expect("revenue"));
    assert_eq!(after[..3], before[..3], "the months before are as they were");
    // Who is billed at Stripe stays at the old price: only Stripe changes it.
    assert_eq!(after[3].1 - before[3].1, 1_200);
    let again = run(&steward, "plan_effect", new).await.expect("its effect");
    assert_eq!(again["mrr_after_minor"], again["mrr_minor"], "it is the price by now: {again}");
    assert_eq!(again["untouched_customers"], 2, "what is billed at Stripe has its own price now");

    let wrong = json!({
        "intent": Uuid::now_v7(), "plan": "pro", "price_month_minor": -1, "price_year_minor": null, "reason": "x",
    });
    assert_eq!(code(dispatch(&steward, "plan_edit", wrong, Mode::Preview).await), ErrorCode::Invalid);
    let unknown = json!({
        "intent": Uuid::now_v7(), "plan": "pro", "price_month_minor": month + 1_200, "price_year_minor": year,
        "limits": [{ "metric": "dreams", "period": "month", "limit": 1 }], "reason": "x",
    });
    let error =
        dispatch(&steward, "plan_edit", unknown, Mode::Preview).await.expect_err("it has no such limit");
    assert_eq!(error.fields[0].field, "limits");
    steward.close().await;
}
