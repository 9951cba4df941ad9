//! The first action end to end: preview, apply, audit, revert, and everything that must not happen.

use serde_json::json;
use sqlx::PgConnection;
use steward_core::ErrorCode;
use steward_core::id::{IntentId, UserId};
use steward_core::operation::Outcome;
use steward_store::postgres::actions::{Action, apply, preview};
use steward_tests::cluster::{TestDatabase, execute};
use uuid::Uuid;

use super::{json as value, seed};

fn change(users: &[Uuid], plan: &str) -> Action {
    Action::ChangePlan {
        intent: IntentId(Uuid::now_v7()),
        users: users.iter().copied().map(UserId).collect(),
        plan: plan.to_owned(),
        expect: users
            .iter()
            .map(|user| (user.to_string(), json!("free")))
            .collect::<serde_json::Map<_, _>>()
            .into(),
        reason: "Asked for in a test".to_owned(),
    }
}

fn revert(outcome: &Outcome) -> Action {
    Action::Revert {
        intent: IntentId(Uuid::now_v7()),
        operation: outcome.intent,
        reason: "Taken back".to_owned(),
    }
}

async fn plans(connection: &mut PgConnection) -> serde_json::Value {
    value(
        connection,
        "select jsonb_build_array((select jsonb_agg(plan_code order by id) from steward.users),
            (select jsonb_agg(plan_code order by user_id) from steward.subscriptions))",
    )
    .await
}

#[tokio::test]
async fn what_is_previewed_is_what_is_applied_and_can_be_taken_back() {
    let database = TestDatabase::new().await;
    let mut owner = database.connect_owner().await;
    let [first, second, _] = seed(&mut owner).await;
    let mut support = database.connect("support").await;
    let action = change(&[first, second], "pro");

    let shown = preview(&mut support, &action).await.expect("it can be previewed");
    assert!(!shown.is_applied && shown.xid.is_none());
    assert_eq!(shown.rows.len(), 3, "two users and a subscription");
    assert_eq!(shown.rows[0].label, "one@example.com");
    assert_eq!(shown.rows[0].before, Some(json!({"plan_code": "free"})), "touched columns only");
    assert_eq!(shown.rows[0].after, Some(json!({"plan_code": "pro"})));
    assert_eq!(
        shown.rows[2].after,
        Some(json!({"plan_code": "pro", "unit_amount_minor": 9900})),
        "the list price is written down"
    );
    assert_eq!(shown.confirm.as_deref(), Some("change 2 users"));
    let free = plans(&mut owner).await;
    assert_eq!(free, json!([["free", "free", "free"], ["free", "free"]]), "a preview changes nothing");
    let empty = value(&mut owner, "select jsonb_build_array((select count(*) from steward.audit_log where intent is not null), (select count(*) from steward.intents))").await;
    assert_eq!(empty, json!([0, 0]), "and leaves nothing behind");

    let done = apply(&mut support, &action, &shown.plan_token).await.expect("it is applied");
    assert!(done.is_applied && done.xid.is_some());
    assert_eq!((&done.rows, &done.plan_token), (&shown.rows, &shown.plan_token), "exactly what was shown");
    assert_eq!(plans(&mut owner).await, json!([["pro", "pro", "free"], ["pro", "free"]]));
    let audit = value(
        &mut owner,
        "select jsonb_agg(distinct jsonb_build_array(login, action, reason, xid::text)) from steward.audit_log where intent is not null",
    )
    .await;
    assert_eq!(audit, json!([["test_support", "change_plan", "Asked for in a test", done.xid]]));
    let history = value(&mut owner, "select to_jsonb(array_agg(kind || ' ' || plan_code order by recorded_at, kind)) from steward.subscription_changes where plan_code = 'pro'").await;
    assert_eq!(history, json!(["changed pro"]), "the subscription's history has the step");

    let back = revert(&done);
    let shown = preview(&mut support, &back).await.expect("the way back can be previewed");
    assert_eq!(shown.confirm.as_deref(), Some("revert 2 users"));
    let done = apply(&mut support, &back, &shown.plan_token).await.expect("it is taken back");
    assert_eq!(done.skipped, []);
    assert_eq!(plans(&mut owner).await, free, "everything is as it was");

    let again = revert(&done);
    let shown = preview(&mut support, &again).await.expect("a revert is an operation too");
    apply(&mut support, &again, &shown.plan_token).await.expect("and can be taken back itself");
    assert_eq!(plans(&mut owner).await, json!([["pro", "pro", "free"], ["pro", "free"]]));
}

#[tokio::test]
async fn apply_refuses_a_plan_that_no_longer_holds() {
    let database = TestDatabase::new().await;
    let mut owner = database.connect_owner().await;
    let [first, second, _] = seed(&mut owner).await;
    let mut support = database.connect("support").await;
    let Action::ChangePlan { intent, users, plan, reason, .. } = change(&[first, second], "pro") else {
        unreachable!()
    };
    // Nothing is expected of the rows, so only the token can notice.
    let action = Action::ChangePlan { intent, users, plan, reason, expect: json!({}) };
    let shown = preview(&mut support, &action).await.expect("it can be previewed");
    execute(&mut owner, &format!("update steward.users set plan_code = 'starter' where id = '{first}'"))
        .await;
    let error = apply(&mut support, &action, &shown.plan_token).await.expect_err("the rows moved");
    assert_eq!(error.code(), ErrorCode::Conflict);
    assert_eq!(
        plans(&mut owner).await,
        json!([["starter", "free", "free"], ["free", "free"]]),
        "nothing was applied"
    );
}

#[tokio::test]
async fn an_expectation_that_fails_names_the_rows() {
    let database = TestDatabase::new().await;
    let mut owner = database.connect_owner().await;
    let [first, second, _] = seed(&mut owner).await;
    execute(&mut owner, &format!("update steward.users set plan_code = 'starter' where id = '{second}'"))
        .await;
    let mut support = database.connect("support").await;
    let error = preview(&mut support, &change(&[first, second], "pro")).await.expect_err("a row moved");
    assert_eq!(error.code(), ErrorCode::Conflict);
    assert!(
        error.message().contains("two@example.com") && !error.message().contains("one@example.com"),
        "{error}"
    );

    let by_revision = Action::ChangePlan {
        intent: IntentId(Uuid::now_v7()),
        users: vec![UserId(second)],
        plan: "pro".to_owned(),
        expect: json!({ second.to_string(): { "revision": 1 } }),
        reason: String::new(),
    };
    let error = preview(&mut support, &by_revision).await.expect_err("its revision is another one");
    assert_eq!(error.code(), ErrorCode::Conflict);
}

#[tokio::test]
async fn an_intent_is_done_once() {
    let database = TestDatabase::new().await;
    let mut owner = database.connect_owner().await;
    let [first, second, _] = seed(&mut owner).await;
    let mut support = database.connect("support").await;
    let action = change(&[first], "pro");
    let shown = preview(&mut support, &action).await.expect("it can be previewed");
    let done = apply(&mut support, &action, &shown.plan_token).await.expect("it is applied");

    // As after a lost reply: a new connection asks the same again, whatever the rows are by now.
    execute(&mut owner, &format!("update steward.users set plan_code = 'starter' where id = '{first}'"))
        .await;
    let mut another = database.connect("support").await;
    let repeated = apply(&mut another, &action, &shown.plan_token).await.expect("the stored result");
    assert_eq!((repeated.xid, repeated.rows), (done.xid, done.rows));
    assert_eq!(plans(&mut owner).await[0][0], "starter", "nothing was done twice");

    let Action::ChangePlan { intent, .. } = action else { unreachable!() };
    let Action::ChangePlan { users, plan, expect, reason, .. } = change(&[second], "pro") else {
        unreachable!()
    };
    let other = Action::ChangePlan { intent, users, plan, expect, reason };
    let error = preview(&mut support, &other).await.expect_err("the id was used");
    assert_eq!((error.code(), error.fields()[0].field.as_str()), (ErrorCode::Invalid, "intent"));
}

#[tokio::test]
async fn two_at_once_with_one_intent_do_it_once() {
    let database = TestDatabase::new().await;
    let mut owner = database.connect_owner().await;
    let [first, ..] = seed(&mut owner).await;
    let (mut left, mut right) = (database.connect("support").await, database.connect("support").await);
    let action = change(&[first], "pro");
    let shown = preview(&mut left, &action).await.expect("it can be previewed");
    let (one, two) = tokio::join!(
        apply(&mut left, &action, &shown.plan_token),
        apply(&mut right, &action, &shown.plan_token)
    );
    assert_eq!(one.expect("one does it").xid, two.expect("the other learns of it").xid);
    let rows =
        value(&mut owner, "select to_jsonb(count(*)) from steward.audit_log where intent is not null").await;
    assert_eq!(rows, 1);
}

#[tokio::test]
async fn revert_leaves_rows_that_moved_and_says_so() {
    let database = TestDatabase::new().await;
    let mut owner = database.connect_owner().await;
    let [first, second, _] = seed(&mut owner).await;
    let mut support = database.connect("support").await;
    let fourth = Uuid::from_u128(0x0190_0000_0000_7000_8000_0000_0000_0004);
    execute(
        &mut owner,
        &format!(
            "insert into steward.users (id, email, plan_code) values ('{fourth}', 'four@example.com', 'free');
             insert into steward.subscriptions (user_id, plan_code, unit_amount_minor) values ('{fourth}', 'free', 0)"
        ),
    )
    .await;
    let action = change(&[first, second, fourth], "pro");
    let shown = preview(&mut support, &action).await.expect("it can be previewed");
    let done = apply(&mut support, &action, &shown.plan_token).await.expect("it is applied");
    execute(
        &mut owner,
        &format!(
            "update steward.users set plan_code = 'starter' where id = '{first}';
             update steward.users set name = 'Untouched column' where id = '{fourth}';
             update steward.subscriptions set stripe_subscription_id = 'sub_2' where user_id = '{second}'"
        ),
    )
    .await;
    let back = revert(&done);
    let shown = preview(&mut support, &back).await.expect("the way back can be previewed");
    let mut skipped: Vec<(&str, &str)> =
        shown.skipped.iter().map(|row| (row.label.as_str(), row.reason.as_str())).collect();
    skipped.sort_unstable();
    assert_eq!(
        skipped,
        [
            ("Subscription of two@example.com", "It is billed at Stripe by now; change it there."),
            ("one@example.com", "It has changed since: plan_code is now starter."),
            (
                "two@example.com",
                "Another row of the account has moved on; they go back together or not at all."
            ),
        ]
    );
    let back_again: Vec<&str> = shown.rows.iter().map(|row| row.label.as_str()).collect();
    assert_eq!(
        back_again,
        ["Subscription of four@example.com", "four@example.com"],
        "an account whose touched columns did not move is written back"
    );
    apply(&mut support, &back, &shown.plan_token).await.expect("it is taken back as far as it goes");
    assert_eq!(plans(&mut owner).await[0], json!(["starter", "pro", "free", "free"]));
}

#[tokio::test]
async fn trap_35_what_is_billed_at_stripe_is_changed_there_and_never_in_the_mirror() {
    let database = TestDatabase::new().await;
    let mut owner = database.connect_owner().await;
    let [_, _, third] = seed(&mut owner).await;
    let before = plans(&mut owner).await;
    let mut support = database.connect("support").await;
    let error = preview(&mut support, &change(&[third], "pro")).await.expect_err("it is refused");
    assert_eq!(error.code(), ErrorCode::Invalid);
    assert!(error.message().contains("Stripe"), "{error:?}");
    assert_eq!(plans(&mut owner).await, before, "and nothing was written");
    // No way round the functions: whoever may act may not write the mirror's rows, and the column says whose they are.
    let writers = value(
        &mut owner,
        "select coalesce(jsonb_agg(r.rolname || ' ' || p.privilege order by 1), '[]')
         from pg_roles r, unnest(array['insert', 'update', 'delete', 'truncate']) p(privilege)
         where r.rolname in ('steward_viewer', 'steward_support', 'steward_finance', 'steward_admin')
           and has_table_privilege(r.oid, 'steward.subscriptions', p.privilege)",
    )
    .await;
    assert_eq!(writers, json!([]));
    for role in ["viewer", "support", "finance", "admin"] {
        let mut person = database.connect(role).await;
        let write = "update steward.subscriptions set plan_code = 'pro', quantity = 9";
        let refused = sqlx::query(write).execute(&mut person).await.expect_err("only functions write");
        assert_eq!(
            refused.as_database_error().and_then(|error| error.code()).as_deref(),
            Some("42501"),
            "{role}"
        );
    }
    let authority = value(
        &mut owner,
        "select to_jsonb(col_description('steward.subscriptions'::regclass, a.attnum)) from pg_attribute a
         where a.attrelid = 'steward.subscriptions'::regclass and a.attname = 'stripe_subscription_id'",
    )
    .await;
    assert!(authority.as_str().is_some_and(|text| text.contains("changed there, never here")), "{authority}");
    assert_eq!(plans(&mut owner).await, before);
}

#[tokio::test]
async fn requests_that_make_no_sense_name_the_field() {
    let database = TestDatabase::new().await;
    let mut owner = database.connect_owner().await;
    let [first, second, third] = seed(&mut owner).await;
    execute(&mut owner, "update steward.plans set archived_at = now() where code = 'starter'").await;
    let mut support = database.connect("support").await;
    let nobody = Uuid::from_u128(7);
    let mut fails = async |action: Action| {
        let error = preview(&mut support, &action).await.expect_err("it is refused");
        let field = error.fields().first().map(|found| found.field.clone()).unwrap_or_default();
        (error.code(), field, error.message().to_owned())
    };
    assert_eq!(
        fails(change(&[first], "gold")).await,
        (ErrorCode::Invalid, "plan_code".to_owned(), "There is no plan 'gold'.".to_owned())
    );
    assert_eq!(fails(change(&[first], "starter")).await.2, "The plan Starter is no longer offered.");
    assert_eq!(fails(change(&[], "pro")).await.1, "users");
    assert_eq!(fails(change(&[nobody], "pro")).await.0, ErrorCode::NotFound);
    assert_eq!(
        fails(change(&[first, third], "pro")).await.2,
        "Billed at Stripe, so the plan has to be changed there: three@example.com."
    );
    let Action::ChangePlan { intent, users, plan, expect, .. } = change(&[first, second], "pro") else {
        unreachable!()
    };
    let silent = Action::ChangePlan { intent, users, plan, expect, reason: "  ".to_owned() };
    assert_eq!(fails(silent).await.1, "reason", "several users need a reason");
    let unknown = Action::Revert {
        intent: IntentId(Uuid::now_v7()),
        operation: IntentId(nobody),
        reason: String::new(),
    };
    assert_eq!(fails(unknown).await.0, ErrorCode::NotFound);
}

#[tokio::test]
async fn a_user_who_has_the_plan_already_is_left_alone() {
    let database = TestDatabase::new().await;
    let mut owner = database.connect_owner().await;
    let [first, second, _] = seed(&mut owner).await;
    let mut support = database.connect("support").await;
    let shown = preview(&mut support, &change(&[first, second], "free")).await.expect("it can be previewed");
    assert_eq!(shown.rows, []);
    assert_eq!(shown.skipped.len(), 2);
    assert_eq!(shown.skipped[0].reason, "Is on Free already.");
}
