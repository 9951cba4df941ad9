//! Many at once, and the modes that allow it.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use sqlx::{AssertSqlSafe, PgConnection};
use steward_app::{Mode, Steward, dispatch};
use steward_core::ErrorCode;
use steward_tests::cluster::{TestDatabase, execute};
use uuid::Uuid;

use super::{add, open, run};

/// Five hundred and ten on the free plan, ten of whom are billed at Stripe, and three more who are on another.
const COMPANY: &str = "
    select steward.install_preset('credits');
    insert into steward.users (id, email, name, plan_code)
        select ('0190b2a0-0000-7000-8000-' || lpad(n::text, 12, '0'))::uuid, 'user' || lpad(n::text, 3, '0') || '@example.com',
               'User ' || n, case when n <= 510 then 'free' else 'pro' end
        from generate_series(1, 513) n;
    insert into steward.subscriptions (user_id, plan_code, unit_amount_minor)
        select id, 'free', 0 from steward.users where email between 'user011@' and 'user100@';
    insert into steward.subscriptions (user_id, plan_code, stripe_subscription_id)
        select id, 'free', 'sub_' || email from steward.users where email < 'user011@';";

async fn company(role: &str) -> (TestDatabase, PgConnection, tempfile::TempDir, Steward) {
    let database = TestDatabase::new().await;
    let mut owner = database.connect_owner().await;
    execute(&mut owner, COMPANY).await;
    let home = tempfile::tempdir().expect("a folder");
    let steward = open(&home).await;
    add(&steward, "acme", &database.login_url(role)).await;
    run(&steward, "sync_run", Value::Null).await.expect("synchronised");
    (database, owner, home, steward)
}

async fn preview(steward: &Steward, command: &str, request: &Value) -> Value {
    let answer = dispatch(steward, command, request.clone(), Mode::Preview).await;
    answer.unwrap_or_else(|error| panic!("{command} is previewed: {error:?}"))
}

fn with(request: &Value, more: &Value) -> Value {
    let mut request = request.clone();
    let fields = request.as_object_mut().expect("a request");
    fields.extend(more.as_object().expect("more fields").clone());
    request
}

fn accepted(request: &Value, outcome: &Value) -> Value {
    with(request, &json!({ "plan_token": outcome["plan_token"], "confirm": outcome["confirm"] }))
}

/// Whole rows of users and subscriptions, by id, but for what every write raises.
async fn rows(owner: &mut PgConnection) -> BTreeMap<String, Value> {
    let query = "select jsonb_object_agg(x.key, x.row) from (
            select 'user ' || id as key, to_jsonb(u) - 'updated_at' - 'revision' as row from steward.users u
            union all
            select 'subscription ' || id, to_jsonb(s) - 'updated_at' - 'revision' from steward.subscriptions s) x";
    let found: Value = sqlx::query_scalar(AssertSqlSafe(query)).fetch_one(owner).await.expect("rows");
    serde_json::from_value(found).expect("rows by key")
}

/// The rows of one account as they are to the last column.
async fn account(owner: &mut PgConnection, email: &str) -> Value {
    let query = "select jsonb_build_object('user', to_jsonb(u), 'subscriptions',
            (select jsonb_agg(to_jsonb(s) order by s.id) from steward.subscriptions s where s.user_id = u.id))
         from steward.users u where u.email = $1";
    sqlx::query_scalar(query).bind(email).fetch_one(owner).await.expect("an account")
}

fn table_rows(outcome: &Value, table: &str) -> usize {
    outcome["rows"].as_array().expect("rows").iter().filter(|row| row["table"] == table).count()
}

#[tokio::test(flavor = "multi_thread")]
async fn five_hundred_are_moved_by_a_filter_and_taken_back_but_for_one_who_moved_on() {
    let (_database, mut owner, _home, steward) = company("support").await;
    let before = rows(&mut owner).await;
    let request = json!({
        "intent": Uuid::now_v7(), "filter": { "plan_code": "free" }, "plan_code": "pro", "reason": "autumn",
    });
    let looked = preview(&steward, "user_change_plan", &request).await;
    assert_eq!(table_rows(&looked, "users"), 500, "ten are billed at Stripe");
    assert_eq!(table_rows(&looked, "subscriptions"), 89);
    let skipped = looked["skipped"].as_array().expect("who is left alone");
    assert_eq!(skipped.len(), 10);
    assert!(skipped.iter().all(|row| row["reason"].as_str().is_some_and(|text| text.contains("Stripe"))));
    assert_eq!(looked["confirm"], "change 500 users", "the count is typed");
    assert_eq!(rows(&mut owner).await, before, "a look changes nothing");

    let untyped = with(&request, &json!({ "plan_token": looked["plan_token"] }));
    let error = run(&steward, "user_change_plan", untyped).await.expect_err("it has to be typed");
    assert_eq!(error.fields[0].field, "confirm");

    let applied = run(&steward, "user_change_plan", accepted(&request, &looked)).await.expect("applied");
    assert_eq!(applied["rows"], looked["rows"], "what was shown is what happened, to the row");
    let again = run(&steward, "user_change_plan", accepted(&request, &looked)).await.expect("told again");
    assert_eq!(again["rows"], applied["rows"], "the same call after a lost reply is the same change");

    // One with a subscription goes on to another plan before it is taken back.
    let moved_on = "user050@example.com";
    execute(
        &mut owner,
        &format!("update steward.users set plan_code = 'starter' where email = '{moved_on}'"),
    )
    .await;
    let kept = account(&mut owner, moved_on).await;
    assert_eq!(kept["subscriptions"][0]["plan_code"], "pro");
    let undo = json!({ "intent": Uuid::now_v7(), "operation": applied["intent"], "reason": "too early" });
    let looked = preview(&steward, "operation_revert", &undo).await;
    let undone = run(&steward, "operation_revert", accepted(&undo, &looked)).await.expect("taken back");
    let mut skipped: Vec<&str> = undone["skipped"]
        .as_array()
        .expect("who was left")
        .iter()
        .map(|row| row["label"].as_str().expect("a label"))
        .collect();
    skipped.sort_unstable();
    assert_eq!(skipped, ["Subscription of user050@example.com", moved_on]);
    assert_eq!(account(&mut owner, moved_on).await, kept, "neither of its rows was touched");
    let mut left =
        [kept["user"]["id"].as_str(), kept["subscriptions"][0]["id"].as_str()].into_iter().flatten();
    let (user, subscription) = (left.next().expect("a user"), left.next().expect("a subscription"));
    let others = |mut rows: BTreeMap<String, Value>| {
        assert!(rows.remove(&format!("user {user}")).is_some());
        assert!(rows.remove(&format!("subscription {subscription}")).is_some());
        rows
    };
    assert_eq!(others(rows(&mut owner).await), others(before), "every other row is as it was, to the byte");
    steward.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_row_that_moved_in_between_aborts_the_whole() {
    let (_database, mut owner, _home, steward) = company("support").await;
    let request = json!({
        "intent": Uuid::now_v7(), "filter": { "plan_code": "free" }, "plan_code": "pro", "reason": "test",
    });
    let looked = preview(&steward, "user_change_plan", &request).await;
    assert_eq!(table_rows(&looked, "users"), 500);
    execute(&mut owner, "update steward.users set plan_code = 'starter' where email = 'user350@example.com'")
        .await;
    let before = rows(&mut owner).await;
    let error = run(&steward, "user_change_plan", accepted(&request, &looked)).await.expect_err("aborted");
    assert_eq!(error.code, ErrorCode::Conflict, "{error:?}");
    assert_eq!(rows(&mut owner).await, before, "nothing was changed");
    steward.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_cannot_be_changed_is_named_and_nobody_is_changed() {
    let (_database, mut owner, _home, steward) = company("support").await;
    let before = rows(&mut owner).await;
    let request = json!({
        "intent": Uuid::now_v7(), "plan_code": "pro", "reason": "test",
        "users": ["user300@example.com", "nobody@example.com", "user301@example.com", "neither"],
    });
    let error = dispatch(&steward, "user_change_plan", request, Mode::Preview).await.expect_err("refused");
    let fields: Vec<&str> = error.fields.iter().map(|field| field.field.as_str()).collect();
    assert_eq!(fields, ["users[1]", "users[3]"], "{error:?}");
    for (filter, why) in [
        (json!({ "search": "sub_" }), "nobody matches"),
        (json!({ "search": "user001@example.com" }), "only one who is billed at Stripe"),
        (json!({ "signed_up": "yesterday" }), "no range"),
    ] {
        let request =
            json!({ "intent": Uuid::now_v7(), "filter": filter, "plan_code": "pro", "reason": "test" });
        let error = dispatch(&steward, "user_change_plan", request, Mode::Preview).await.expect_err(why);
        assert_eq!(error.code, ErrorCode::Invalid, "{why}: {error:?}");
    }
    assert_eq!(rows(&mut owner).await, before);
    steward.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn where_customers_are_many_at_once_take_the_unlocked_mode() {
    let (_database, mut owner, _home, steward) = company("support").await;
    let url =
        run(&steward, "workspace_list", Value::Null).await.expect("listed")["rows"][0]["server"].clone();
    assert!(url.is_string());
    let mode = async |mode: &str| {
        let request = json!({ "workspace": "live", "mode": mode });
        run(&steward, "workspace_mode", request).await.expect("the mode is changed")
    };
    let request =
        json!({ "name": "live", "url": _database.login_url("support"), "environment": "production" });
    let added = run(&steward, "workspace_add", request).await.expect("added");
    assert_eq!((added["mode"].as_str(), added["needs_unlock"].as_bool()), (Some("read_only"), Some(true)));
    run(&steward, "sync_run", Value::Null).await.expect("reading is not writing");
    let before = rows(&mut owner).await;

    let one = json!({ "intent": Uuid::now_v7(), "users": ["user300@example.com"], "plan_code": "pro" });
    let refused = dispatch(&steward, "user_change_plan", one.clone(), Mode::Preview).await;
    assert_eq!(refused.expect_err("read-only").code, ErrorCode::ReadOnly);

    mode("reviewed").await;
    let looked = preview(&steward, "user_change_plan", &one).await;
    run(&steward, "user_change_plan", accepted(&one, &looked)).await.expect("one row is a reviewed write");
    let many = json!({
        "intent": Uuid::now_v7(), "filter": { "search": "user4" }, "plan_code": "pro", "reason": "test",
    });
    let looked = preview(&steward, "user_change_plan", &many).await;
    let refused = run(&steward, "user_change_plan", accepted(&many, &looked)).await.expect_err("many rows");
    assert_eq!(refused.code, ErrorCode::ReadOnly);
    let shut_out = json!({ "intent": Uuid::now_v7(), "users": ["user300@example.com"], "reason": "test" });
    let looked_at = preview(&steward, "user_suspend", &shut_out).await;
    let refused = run(&steward, "user_suspend", accepted(&shut_out, &looked_at)).await.expect_err("T3");
    assert_eq!(refused.code, ErrorCode::ReadOnly);

    let unlocked = mode("unlocked").await;
    assert!(unlocked["unlocked_until"].is_string());
    run(&steward, "user_change_plan", accepted(&many, &looked)).await.expect("unlocked");
    let locked = mode("read_only").await;
    assert_eq!((locked["mode"].as_str(), locked["unlocked_until"].is_null()), (Some("read_only"), true));
    assert_ne!(rows(&mut owner).await, before);
    steward.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_log_that_was_written_anew_is_noticed_by_who_has_seen_it() {
    let (_database, mut owner, _home, steward) = company("admin").await;
    let change = async |user: &str| {
        let request = json!({ "intent": Uuid::now_v7(), "users": [user], "plan_code": "pro" });
        let looked = preview(&steward, "user_change_plan", &request).await;
        run(&steward, "user_change_plan", accepted(&request, &looked)).await.expect("applied");
        run(&steward, "sync_run", Value::Null).await.expect("read");
    };
    change("user300@example.com").await;
    change("user301@example.com").await;
    let whole = run(&steward, "audit_verify", Value::Null).await.expect("checked");
    assert_eq!(whole["is_whole"], true, "{whole}");
    assert!(whole["heads_compared"].as_u64() >= Some(1), "{whole}");

    // Somebody with every right cuts the end off; what is left fits together.
    execute(
        &mut owner,
        "alter table steward.audit_log disable trigger append_only;
         delete from steward.audit_log where id = (select max(id) from steward.audit_log);
         alter table steward.audit_log enable always trigger append_only",
    )
    .await;
    let cut = run(&steward, "audit_verify", Value::Null).await.expect("checked");
    assert_eq!(cut["is_whole"], false, "{cut}");
    assert!(cut["problems"][0]["problem"].as_str().is_some_and(|text| text.contains("has seen")), "{cut}");

    // And changes an entry in the middle.
    execute(
        &mut owner,
        "alter table steward.audit_log disable trigger append_only;
         update steward.audit_log set reason = 'another' where id = (select min(id) from steward.audit_log);
         alter table steward.audit_log enable always trigger append_only",
    )
    .await;
    let changed = run(&steward, "audit_verify", Value::Null).await.expect("checked");
    assert!(changed["problems"].as_array().expect("problems").len() >= 2, "{changed}");
    steward.close().await;
}
