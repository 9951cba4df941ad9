//! What is changed at Stripe: looked at there, written down here before and after, carried out once.

use chrono::{DateTime, Utc};
use serde_json::{Value, json};
use steward_app::{Mode, Steward, dispatch};
use steward_core::{Clock as _, ErrorCode, SystemClock};
use steward_tests::stripe::company::{PERIOD, ROWS, mirror};
use steward_tests::stripe::objects::charge;
use steward_tests::stripe::{Fault, SECRET};
use uuid::Uuid;

use super::{Company, run};

/// The company with a key that may write, opened as a role.
async fn company(role: &str) -> Company {
    let company = Company::new(ROWS).await;
    mirror(&company.stripe);
    for paid in [
        charge("ch_2", "cus_2", "pi_2", "eur", 5_800, PERIOD.0),
        charge("ch_5", "cus_5", "pi_5", "kwd", 47_500, PERIOD.0),
    ] {
        company.stripe.books().add("charges", paid);
    }
    let url = company.database.login_url("finance");
    let request = json!({ "name": "acme", "url": url, "environment": "development" });
    company.run("workspace_add", request).await;
    company.run("stripe_connect", json!({ "key": SECRET })).await;
    company.run("stripe_pull", Value::Null).await;
    let url = company.database.login_url(role);
    let request = json!({ "name": role, "url": url, "environment": "development" });
    company.run("workspace_add", request).await;
    company.run("sync_run", Value::Null).await;
    // The connection is a workspace's own; admins connect, too.
    if role == "admin" {
        company.run("stripe_connect", json!({ "key": SECRET })).await;
    }
    company
}

async fn preview(steward: &Steward, command: &str, request: &Value) -> Value {
    dispatch(steward, command, request.clone(), Mode::Preview)
        .await
        .unwrap_or_else(|error| panic!("{command}: {error:?}"))
}

/// The request with what its preview asks for.
fn decided(request: &Value, preview: &Value) -> Value {
    let mut request = request.clone();
    request["plan_token"] = preview["plan_token"].clone();
    request["confirm"] = preview["confirm"].clone();
    request
}

fn subscription(company: &Company, id: &str) -> Value {
    company.stripe.books().object("subscriptions", id).expect("it is there").clone()
}

#[tokio::test]
async fn trap_29_what_is_shown_is_what_is_charged() {
    let company = company("admin").await;
    let request = json!({
        "intent": Uuid::now_v7(), "subscription": "sub_2", "quantity": 5, "reason": "three more people",
    });
    let looked = preview(&company.steward, "subscription_change", &request).await;
    assert_eq!(looked["is_applied"], false);
    assert_eq!(subscription(&company, "sub_2")["items"]["data"][0]["quantity"], 2, "a look changes nothing");
    let row = &looked["rows"][0];
    assert_eq!(
        (&row["label"], &row["before"]["quantity"], &row["after"]["quantity"]),
        (&json!("sub_2"), &json!(2), &json!(5))
    );
    let charged = row["after"]["charged_now"].as_str().expect("an amount").to_owned();

    let without = company.refused("subscription_change", request.clone()).await;
    assert_eq!((without.code, without.fields[0].field.as_str()), (ErrorCode::Invalid, "plan_token"));
    let done = company.run("subscription_change", decided(&request, &looked)).await;
    assert_eq!((&done["is_applied"], &done["rows"]), (&json!(true), &looked["rows"]));
    assert_eq!(subscription(&company, "sub_2")["items"]["data"][0]["quantity"], 5);
    let (dates, keys, invoiced) = {
        let books = company.stripe.books();
        let of = |path: &str, field: &str| {
            books
                .seen()
                .iter()
                .filter(|seen| seen.method == "POST" && seen.path == path)
                .filter_map(|seen| seen.get(field).map(str::to_owned))
                .collect::<Vec<_>>()
        };
        let mut dates = of("/v1/invoices/create_preview", "subscription_details[proration_date]");
        dates.extend(of("/v1/subscriptions/sub_2", "proration_date"));
        let keys: Vec<_> = books
            .seen()
            .iter()
            .filter(|seen| seen.path == "/v1/subscriptions/sub_2" && seen.method == "POST")
            .filter_map(|seen| seen.idempotency_key.clone())
            .collect();
        (dates, keys, books.all("invoices").last().cloned())
    };
    assert_eq!(dates.len(), 3);
    assert!(dates.iter().all(|date| *date == dates[0]), "one instant from the look to the change: {dates:?}");
    assert_eq!(keys, [request["intent"].as_str().expect("an id")]);
    let invoice = invoiced.expect("it was invoiced");
    let total = invoice["total"].as_i64().expect("an amount");
    assert_eq!(steward_core::stripe::currency::words(total, "EUR"), charged, "{invoice}");

    // Asked again under the same id it happens once, and its answer is in the audit log.
    let again = company.run("subscription_change", decided(&request, &looked)).await;
    assert_eq!(again["is_applied"], true);
    assert_eq!(company.stripe.books().all("invoices").len(), 1);
    company.run("sync_run", Value::Null).await;
    let log = company.run("audit_list", json!({ "intent": request["intent"] })).await;
    let actions: Vec<_> =
        log["rows"].as_array().expect("rows").iter().map(|row| row["action"].clone()).collect();
    assert_eq!(json!(actions), json!(["billing_answer", "billing"]));
    assert_eq!(log["rows"][0]["after"]["state"], "done");
}

/// Puts a subscription's line into a period around now: ten days are over, twenty are left.
fn in_period(company: &Company, id: &str) -> (i64, i64) {
    let now = SystemClock.now().timestamp();
    let period = (now - 10 * 86_400, now + 20 * 86_400);
    let mut books = company.stripe.books();
    let line = &mut books.object("subscriptions", id).expect("it is there")["items"]["data"][0];
    line["current_period_start"] = json!(period.0);
    line["current_period_end"] = json!(period.1);
    period
}

/// What so many units of 29.00 are worth from an instant to the end of a period; halves away from zero.
fn rest_of(units: i64, at: &Value, period: (i64, i64)) -> i64 {
    let at: DateTime<Utc> = at.as_str().and_then(|text| text.parse().ok()).expect("an instant");
    let (left, whole) = (period.1 - at.timestamp(), period.1 - period.0);
    (2 * 2_900 * units * left + whole) / (2 * whole)
}

fn euros(minor: i64) -> String {
    steward_core::stripe::currency::words(minor, "EUR")
}

#[tokio::test]
async fn trap_27_who_joined_in_the_middle_is_prorated_over_the_whole_period() {
    let company = company("admin").await;
    let period = in_period(&company, "sub_2");
    // It began five days ago: over these five and the rest the share would be another.
    company.stripe.books().object("subscriptions", "sub_2").expect("it is there")["start_date"] =
        json!(period.0 + 5 * 86_400);
    let request =
        json!({ "intent": Uuid::now_v7(), "subscription": "sub_2", "quantity": 5, "reason": "more people" });
    let looked = preview(&company.steward, "subscription_change", &request).await;
    let after = &looked["rows"][0]["after"];
    let charged = rest_of(5, &after["prorated_at"], period) - rest_of(2, &after["prorated_at"], period);
    assert_eq!(after["charged_now"], euros(charged), "{after}");
    let day = |at| DateTime::from_timestamp(at, 0).expect("an instant").date_naive();
    assert_eq!(after["prorated_over"], format!("{} to {}", day(period.0), day(period.1)));
}

#[tokio::test]
async fn trap_28_the_day_of_an_upgrade_is_billed_once() {
    let company = company("admin").await;
    let period = in_period(&company, "sub_2");
    let request =
        json!({ "intent": Uuid::now_v7(), "subscription": "sub_2", "quantity": 3, "reason": "one more" });
    let looked = preview(&company.steward, "subscription_change", &request).await;
    let after = &looked["rows"][0]["after"];
    // One instant ends the old terms and begins the new ones: neither a day of both nor one of none.
    let (old, new) = (rest_of(2, &after["prorated_at"], period), rest_of(3, &after["prorated_at"], period));
    let lines = format!("Unused time {}; Remaining time {}", euros(-old), euros(new));
    assert_eq!((&after["lines"], &after["charged_now"]), (&json!(lines), &json!(euros(new - old))));
    company.run("subscription_change", decided(&request, &looked)).await;
    company.run("subscription_change", decided(&request, &looked)).await;
    let totals: Vec<Value> =
        company.stripe.books().all("invoices").iter().map(|invoice| invoice["total"].clone()).collect();
    assert_eq!(json!(totals), json!([new - old]), "and it is charged once");
}

#[tokio::test]
async fn trap_30_what_a_downgrade_leaves_over_is_credit_and_the_preview_says_so() {
    let company = company("admin").await;
    let period = in_period(&company, "sub_3");
    let request =
        json!({ "intent": Uuid::now_v7(), "subscription": "sub_3", "quantity": 1, "reason": "fewer people" });
    let looked = preview(&company.steward, "subscription_change", &request).await;
    let after = &looked["rows"][0]["after"];
    let left = rest_of(3, &after["prorated_at"], period) - rest_of(1, &after["prorated_at"], period);
    assert!(left > 0, "two seats are left over");
    assert_eq!(
        (&after["charged_now"], &after["kept_as_credit"]),
        (&json!("0.00 EUR"), &json!(euros(left))),
        "{after}"
    );
    assert_eq!(after["given_back"], "nothing; what is left over lowers the next invoices");
    assert!(after["discounts"].as_str().is_some_and(|text| text.contains("no other one")), "{after}");
    company.run("subscription_change", decided(&request, &looked)).await;
    assert_eq!(company.stripe.books().all("refunds").len(), 0, "nothing is paid out");
    let up = json!({ "intent": Uuid::now_v7(), "subscription": "sub_2", "quantity": 9, "reason": "more" });
    in_period(&company, "sub_2");
    let looked = preview(&company.steward, "subscription_change", &up).await;
    let after = &looked["rows"][0]["after"];
    assert_eq!(
        json!([after["kept_as_credit"], after["given_back"], after["discounts"]]),
        json!([null, null, null])
    );
}

#[tokio::test]
async fn an_answer_that_is_lost_is_found_out_by_asking_again() {
    let company = company("admin").await;
    let request = json!({ "intent": Uuid::now_v7(), "subscription": "sub_3", "reason": "asked to leave" });
    let looked = preview(&company.steward, "subscription_cancel", &request).await;
    let ready = decided(&request, &looked);
    // The subscription is read, and then Stripe does not answer as usual.
    let before = company.stripe.books().seen().len();
    company
        .stripe
        .books()
        .after(2, |books| books.fail([Fault { should_retry: Some(false), ..Fault::status(503) }]));
    let unknown = company.refused("subscription_cancel", ready.clone()).await;
    assert_eq!(unknown.code, ErrorCode::Offline);
    assert!(unknown.message.contains("not known"), "{unknown:?}");
    assert!(company.stripe.books().seen().len() > before);
    assert_eq!(subscription(&company, "sub_3")["cancel_at_period_end"], false);
    // After a day Stripe has forgotten the id, and might do it twice.
    let mut owner = company.database.connect_owner().await;
    let mut age = async |interval: &str| {
        let aged = format!("update steward.billing_actions set created_at = now() - interval '{interval}'");
        sqlx::raw_sql(sqlx::AssertSqlSafe(aged)).execute(&mut owner).await.expect("it is older");
    };
    age("25 hours").await;
    let sent = company.stripe.books().seen().len();
    assert_eq!(company.refused("subscription_cancel", ready.clone()).await.code, ErrorCode::Conflict);
    assert_eq!(company.stripe.books().seen().len(), sent, "nothing was asked");
    // And a workspace that was made read-only meanwhile sends nothing.
    age("1 hour").await;
    company.run("workspace_mode", json!({ "workspace": "admin", "mode": "read_only" })).await;
    assert_eq!(company.refused("subscription_cancel", ready.clone()).await.code, ErrorCode::ReadOnly);
    assert_eq!(company.stripe.books().seen().len(), sent, "nothing was asked");
    company.run("workspace_mode", json!({ "workspace": "admin", "mode": "unlocked" })).await;
    company.run("subscription_cancel", ready).await;
    assert_eq!(subscription(&company, "sub_3")["cancel_at_period_end"], true);

    let back = json!({ "intent": Uuid::now_v7(), "subscription": "sub_3", "reason": "stays after all" });
    let looked = preview(&company.steward, "subscription_reinstate", &back).await;
    company.run("subscription_reinstate", decided(&back, &looked)).await;
    assert_eq!(subscription(&company, "sub_3")["cancel_at_period_end"], false);
    let nothing = dispatch(
        &company.steward,
        "subscription_reinstate",
        json!({ "intent": Uuid::now_v7(), "subscription": "sub_3", "reason": "x" }),
        Mode::Preview,
    )
    .await;
    assert_eq!(nothing.map_err(|error| error.code), Err(ErrorCode::Invalid));

    let now = json!({ "intent": Uuid::now_v7(), "subscription": "sub_3", "is_now": true, "reason": "fraud" });
    let looked = preview(&company.steward, "subscription_cancel", &now).await;
    let mut untyped = decided(&now, &looked);
    untyped["confirm"] = Value::Null;
    assert_eq!(company.refused("subscription_cancel", untyped).await.fields[0].field, "confirm");
    company.run("subscription_cancel", decided(&now, &looked)).await;
    assert_eq!(subscription(&company, "sub_3")["status"], "canceled");
}

#[tokio::test]
async fn trap_11_a_refund_is_whole_or_a_part_in_the_digits_of_its_currency() {
    let company = company("admin").await;
    let part = json!({ "intent": Uuid::now_v7(), "payment": "ch_2", "amount_minor": 1_250, "reason": "a day was down" });
    let looked = preview(&company.steward, "payment_refund", &part).await;
    assert_eq!(looked["confirm"], "refund 12.50 EUR");
    assert_eq!(looked["rows"][0]["after"]["refunded"], "12.50 EUR");
    company.run("payment_refund", decided(&part, &looked)).await;
    let rest =
        json!({ "intent": Uuid::now_v7(), "payment": "ch_2", "cause": "duplicate", "reason": "the rest" });
    let looked = preview(&company.steward, "payment_refund", &rest).await;
    assert_eq!(looked["confirm"], "refund 45.50 EUR", "what is left of it");
    company.run("payment_refund", decided(&rest, &looked)).await;
    let more = json!({ "intent": Uuid::now_v7(), "payment": "ch_2", "reason": "more" });
    let refused =
        dispatch(&company.steward, "payment_refund", more, Mode::Preview).await.expect_err("nothing is left");
    assert_eq!(refused.fields[0].field, "amount_minor");
    let dinars =
        json!({ "intent": Uuid::now_v7(), "payment": "ch_5", "amount_minor": 1_500, "reason": "part" });
    let looked = preview(&company.steward, "payment_refund", &dinars).await;
    assert_eq!(looked["confirm"], "refund 1.500 KWD");
    let without = json!({ "intent": Uuid::now_v7(), "payment": "ch_5" });
    let refused =
        dispatch(&company.steward, "payment_refund", without, Mode::Preview).await.expect_err("why?");
    assert_eq!(refused.fields[0].field, "reason");
    let list = {
        let books = company.stripe.books();
        books
            .all("refunds")
            .iter()
            .map(|refund| (refund["amount"].clone(), refund["reason"].clone()))
            .collect::<Vec<_>>()
    };
    assert_eq!(json!(list), json!([[1250, "requested_by_customer"], [4550, "duplicate"]]));
    company.run("stripe_pull", Value::Null).await;
    assert_eq!(company.run("refund_list", json!({})).await["total"], 2);
}

#[tokio::test]
async fn trap_22_a_refund_is_told_as_money_given_back_and_is_no_churn() {
    let company = company("admin").await;
    let revenue = async || {
        let asked = json!({ "zone": "UTC", "months": 2, "currency": "EUR" });
        let mut answer = company.run("revenue_show", asked.clone()).await;
        let movers = company.run("revenue_movements", json!({ "zone": "UTC", "currency": "EUR" })).await;
        // How fresh they are is another matter.
        answer["freshness"] = Value::Null;
        answer["period"] = Value::Null;
        json!([
            answer["months"],
            answer["figures"],
            answer["by_plan"],
            movers["rows"],
            movers["change_minor"]
        ])
    };
    let refunded = async || {
        let billing = company.run("billing_show", json!({ "range": "30d", "zone": "UTC" })).await;
        let figures = billing["figures"].as_array().expect("figures");
        let found = figures.iter().find(|figure| figure["name"] == "refunded").expect("refunds are told");
        json!([
            found["count"],
            found["amounts"].as_array().and_then(|all| all.first()).map(|money| money["words"].clone())
        ])
    };
    company.run("stripe_pull", Value::Null).await;
    let before = revenue().await;
    assert!(before[0][1]["end_minor"].as_i64().is_some_and(|end| end > 5_800), "they pay: {before}");
    assert_eq!(refunded().await, json!([0, null]));
    // The whole of what they paid, carried out at Stripe.
    let refund = json!({ "intent": Uuid::now_v7(), "payment": "ch_2", "reason": "a month was down" });
    let looked = preview(&company.steward, "payment_refund", &refund).await;
    company.run("payment_refund", decided(&refund, &looked)).await;
    assert_eq!(company.stripe.books().all("refunds").len(), 1);
    company.run("stripe_pull", Value::Null).await;
    company.run("sync_run", Value::Null).await;
    assert_eq!(refunded().await, json!([1, "58.00 EUR"]), "the money is told where money is");
    assert_eq!(revenue().await, before, "and nobody's MRR moved");
}

#[tokio::test]
async fn support_changes_what_is_paid_and_refunds_nothing_and_finance_neither() {
    let company = company("support").await;
    let refund = json!({ "intent": Uuid::now_v7(), "payment": "ch_2", "reason": "x" });
    let refused = dispatch(&company.steward, "payment_refund", refund.clone(), Mode::Preview)
        .await
        .expect_err("refused");
    assert_eq!(refused.code, ErrorCode::Permission);
    company.run("workspace_use", json!({ "workspace": "acme" })).await;
    for command in ["payment_refund", "subscription_cancel", "subscription_reinstate", "subscription_change"]
    {
        let request =
            json!({ "intent": Uuid::now_v7(), "payment": "ch_2", "subscription": "sub_2", "reason": "x" });
        let refused = dispatch(&company.steward, command, request, Mode::Preview).await.expect_err("refused");
        assert_eq!(refused.code, ErrorCode::Permission, "{command}");
    }
    assert!(run(&company.steward, "refund_list", json!({})).await.is_ok(), "looking is for everybody");
}
