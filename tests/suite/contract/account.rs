//! What support does to accounts: suspend, restore, extend a trial, reset usage, raise a limit; and taking it back.

use chrono::{DateTime, Duration, SubsecRound, TimeZone, Utc};
use serde_json::{Value, json};
use sqlx::PgConnection;
use steward_core::id::{IntentId, TeamId, UserId};
use steward_core::limit::Subject;
use steward_core::operation::Outcome;
use steward_core::{Clock, ErrorCode, SystemClock};
use steward_store::postgres::actions::{AccountChange, Action, apply, preview};
use steward_tests::cluster::{TestDatabase, execute};
use uuid::Uuid;

use super::limits::{BOSS, SOLO, TEAMS, TRIAL, consume, quotas};
use super::{json as value, seed};

fn id(user: &str) -> UserId {
    user.parse().expect("a test user's id")
}

fn change(users: &[&str], expect: Value) -> AccountChange {
    AccountChange {
        intent: IntentId(Uuid::now_v7()),
        users: users.iter().map(|user| id(user)).collect(),
        expect,
        reason: "Asked for in a test".to_owned(),
    }
}

fn revert(operation: IntentId) -> Action {
    Action::Revert { intent: IntentId(Uuid::now_v7()), operation, reason: "Taken back".to_owned() }
}

fn raise(user: &str, limit: Option<i64>, until: DateTime<Utc>) -> Action {
    Action::RaiseLimit {
        intent: IntentId(Uuid::now_v7()),
        subject: Subject::User(id(user)),
        metric: "prompts".to_owned(),
        period: "month".to_owned(),
        limit,
        until,
        expect: json!({}),
        reason: "Asked for in a test".to_owned(),
    }
}

/// Previews, applies, and holds the two against each other.
async fn carry_out(connection: &mut PgConnection, action: &Action) -> Outcome {
    let shown = preview(connection, action).await.expect("it can be previewed");
    assert!(!shown.is_applied);
    let done = apply(connection, action, &shown.plan_token).await.expect("it is applied");
    assert_eq!((&done.rows, &done.skipped), (&shown.rows, &shown.skipped), "exactly what was shown");
    done
}

/// Whole rows without the bookkeeping.
async fn rows(owner: &mut PgConnection, table: &str) -> Value {
    value(owner, &format!("select coalesce(jsonb_agg(to_jsonb(t) - '{{updated_at,revision,last_seen_at}}'::text[] order by to_jsonb(t)::text), '[]') from steward.{table} t")).await
}

async fn refused(connection: &mut PgConnection, action: Action) -> (ErrorCode, String, String) {
    let error = preview(connection, &action).await.expect_err("it is refused");
    let field = error.fields().first().map(|found| found.field.clone()).unwrap_or_default();
    (error.code(), field, error.message().to_owned())
}

#[tokio::test]
async fn suspending_and_restoring() {
    let (database, mut owner, mut app) = quotas().await;
    let mut support = database.connect("support").await;
    execute(&mut owner, &format!("update steward.users set status = 'suspended' where id = '{TEAMS}'")).await;
    let before = rows(&mut owner, "users").await;
    let action = Action::SuspendUser(change(&[SOLO, TEAMS], json!({ SOLO: { "status": "active" } })));
    let shown = preview(&mut support, &action).await.expect("it can be previewed");
    assert_eq!(shown.confirm.as_deref(), Some("solo@example.com"), "who is shut out is typed");
    assert_eq!(shown.rows[0].after, Some(json!({"status": "suspended"})));
    assert_eq!(
        (shown.skipped[0].label.as_str(), shown.skipped[0].reason.as_str()),
        ("teams@example.com", "Is suspended already.")
    );
    let done = apply(&mut support, &action, &shown.plan_token).await.expect("it is applied");
    assert_eq!(consume(&mut app, SOLO, "prompts", 1).await.expect_err("shut out").0, "PT403");

    let stale = Action::RestoreUser(change(&[SOLO], json!({ SOLO: { "status": "active" } })));
    let (code, _, message) = refused(&mut support, stale).await;
    assert_eq!(code, ErrorCode::Conflict);
    assert!(message.contains("solo@example.com"), "{message}");

    carry_out(&mut support, &revert(done.intent)).await;
    assert_eq!(rows(&mut owner, "users").await, before, "as it was");
    let back = carry_out(&mut support, &Action::RestoreUser(change(&[SOLO, TEAMS], json!({})))).await;
    assert_eq!((back.rows.len(), back.skipped[0].reason.as_str()), (1, "Is not suspended."));
    consume(&mut app, TEAMS, "prompts", 1).await.expect("let back in");
    let logged = value(
        &mut owner,
        "select jsonb_agg(action order by id) from steward.audit_log where intent is not null",
    )
    .await;
    assert_eq!(logged, json!(["suspend_user", "revert", "restore_user"]));
}

#[tokio::test]
async fn trap_31_extending_a_trial_shows_every_date_it_moves() {
    let database = TestDatabase::new().await;
    let mut owner = database.connect_owner().await;
    let [first, second, third] = seed(&mut owner).await.map(|id| id.to_string());
    execute(
        &mut owner,
        &format!(
            "update steward.users set trial_end = now() + interval '1 day' where id in ('{second}', '{third}');
             update steward.subscriptions set status = 'trialing', trial_end = now() + interval '1 day',
                 current_period_start = now() - interval '13 days', current_period_end = now() + interval '1 day'"
        ),
    )
    .await;
    let before = (rows(&mut owner, "users").await, rows(&mut owner, "subscriptions").await);
    let was =
        value(&mut owner, &format!("select to_jsonb(trial_end) from steward.users where id = '{second}'"))
            .await;
    let was: DateTime<Utc> = serde_json::from_value(was).expect("an instant");
    let mut support = database.connect("support").await;
    let until = SystemClock.now() + Duration::days(14);
    let extend = |users: &[&str], until| Action::ExtendTrial { change: change(users, json!({})), until };
    let done = carry_out(&mut support, &extend(&[&first, &second], until)).await;
    let moved = |fields: &[&str]| {
        let said =
            |at: DateTime<Utc>| fields.iter().map(|field| ((*field).to_owned(), at)).collect::<Vec<_>>();
        (said(was), said(until.trunc_subsecs(6)))
    };
    let dates = |side: Option<&Value>| -> Vec<(String, DateTime<Utc>)> {
        let fields = side.and_then(Value::as_object).expect("the side is there");
        let instant = |at: &Value| at.as_str().and_then(|at| at.parse().ok()).expect("an instant");
        fields.iter().map(|(field, at)| (field.clone(), instant(at))).collect()
    };
    // What is shown is what was previewed, and nothing but the dates moves: the first invoice comes when both end.
    let shown: Vec<_> = done
        .rows
        .iter()
        .map(|row| (row.table.as_str(), (dates(row.before.as_ref()), dates(row.after.as_ref()))))
        .collect();
    let expected =
        [("users", moved(&["trial_end"])), ("subscriptions", moved(&["trial_end", "current_period_end"]))];
    assert_eq!(shown, expected);
    assert_eq!(done.skipped[0].reason, "Has no trial.");
    let ends = value(&mut owner, &format!("select to_jsonb(array[(select trial_end from steward.users where id = '{second}'), trial_end, current_period_end]) from steward.subscriptions where user_id = '{second}'")).await;
    let ends: Vec<DateTime<Utc>> = serde_json::from_value(ends).expect("instants");
    assert_eq!(ends, [until.trunc_subsecs(6); 3], "account, trial and period agree");
    let shorter = carry_out(&mut support, &extend(&[&second], until - Duration::days(1))).await;
    assert!(shorter.rows.is_empty() && shorter.skipped[0].reason.starts_with("The trial ends later already"));

    let (code, field, message) = refused(&mut support, extend(&[&third], until)).await;
    assert_eq!((code, field.as_str()), (ErrorCode::Invalid, "users"));
    assert!(message.contains("Stripe") && message.contains("three@example.com"), "{message}");
    for wrong in [SystemClock.now() - Duration::days(1), SystemClock.now() + Duration::days(400)] {
        assert_eq!(refused(&mut support, extend(&[&second], wrong)).await.1, "until");
    }
    carry_out(&mut support, &revert(done.intent)).await;
    assert_eq!((rows(&mut owner, "users").await, rows(&mut owner, "subscriptions").await), before);
}

#[tokio::test]
async fn resetting_usage_keeps_what_was() {
    let (database, mut owner, mut app) = quotas().await;
    let mut support = database.connect("support").await;
    execute(&mut owner, "insert into steward.plan_limits (plan_code, metric, period, limit_value, kind) values ('solo', 'prompts', 'day', 500, 'soft')").await;
    execute(&mut app, &format!("select steward.track_usage(jsonb_build_object('user_id', '{TRIAL}', 'event_key', gen_random_uuid(), 'occurred_at', now(), 'event_type', 'prompt', 'quantity', 30, 'bytes_out', 9))")).await;
    assert_eq!(consume(&mut app, TRIAL, "prompts", 1).await.expect_err("used up").0, "PT429");
    let before = rows(&mut owner, "usage_counters").await;
    let reset = |metric: Option<&str>, period: Option<&str>| Action::ResetUsage {
        change: change(&[TRIAL, SOLO], json!({})),
        metric: metric.map(str::to_owned),
        period: period.map(str::to_owned),
    };
    let done = carry_out(&mut support, &reset(Some("prompts"), None)).await;
    let counters: Vec<(Option<&Value>, Option<&Value>)> = done
        .rows
        .iter()
        .filter(|row| row.table == "usage_counters")
        .map(|row| (row.before.as_ref(), row.after.as_ref()))
        .collect();
    assert_eq!(
        counters,
        [(Some(&json!({"used": 30})), Some(&json!({"used": 0}))); 2],
        "of the month and of the day, with what they were"
    );
    assert!(done.rows[0].label.contains("trial@example.com"), "{}", done.rows[0].label);
    assert_eq!(done.skipped[0].label, "solo@example.com");
    let kept = value(&mut owner, "select jsonb_agg(delta) from steward.usage_adjustments").await;
    assert_eq!(kept, json!([-30, -30]));
    let bytes =
        value(&mut owner, "select to_jsonb(used) from steward.usage_counters where metric = 'bytes_out'")
            .await;
    assert_eq!(bytes, 9, "another metric is left alone");
    consume(&mut app, TRIAL, "prompts", 5).await.expect("there is room again");

    // Counting again from the events must not undo the reset.
    let mut admin = database.connect("admin").await;
    let recount = Action::RecomputeCounters {
        intent: IntentId(Uuid::now_v7()),
        period: SystemClock.now().format("%Y-%m").to_string(),
        users: None,
        reason: "Checking".to_owned(),
    };
    let recounted = carry_out(&mut admin, &recount).await;
    let after: Vec<&Value> = recounted.rows.iter().filter_map(|row| row.after.as_ref()).collect();
    assert_eq!(
        after,
        [&json!({"used": 0}); 2],
        "the five consumed had no event yet; the reset thirty stay off"
    );
    carry_out(&mut admin, &revert(recounted.intent)).await;

    let back = carry_out(&mut support, &revert(done.intent)).await;
    assert_eq!(back.skipped, []);
    let used =
        value(&mut owner, "select jsonb_agg(used) from steward.usage_counters where metric = 'prompts'")
            .await;
    assert_eq!(used, json!([35, 35]), "what was taken off is added to what was used since");
    assert_eq!(rows(&mut owner, "usage_adjustments").await, json!([]));
    execute(&mut owner, "update steward.usage_counters set used = used - 5 where metric = 'prompts'").await;
    assert_eq!(rows(&mut owner, "usage_counters").await, before, "byte for byte");

    for period in ["2026-13", "2026-1", "november", "2026-11-01", ""] {
        assert_eq!(refused(&mut support, reset(None, Some(period))).await.1, "period", "{period}");
    }
    assert_eq!(refused(&mut support, reset(Some("promts"), None)).await.1, "metric");
    let silent = AccountChange { reason: String::new(), ..change(&[TRIAL], json!({})) };
    let silent = Action::ResetUsage { change: silent, metric: None, period: None };
    assert_eq!(refused(&mut support, silent).await.1, "reason");
}

#[tokio::test]
async fn a_raised_limit_ends_by_itself_or_is_taken_back() {
    let (database, mut owner, mut app) = quotas().await;
    let mut support = database.connect("support").await;
    consume(&mut app, TRIAL, "prompts", 30).await.expect("all of it");
    // The server keeps microseconds.
    let week = SystemClock.now().trunc_subsecs(6) + Duration::days(7);
    let done = carry_out(&mut support, &raise(TRIAL, Some(100), week)).await;
    assert_eq!(done.rows[0].label, "Raised prompts a month of trial@example.com");
    assert_eq!(done.confirm, None);
    let answer = consume(&mut app, TRIAL, "prompts", 20).await.expect("room for a week");
    assert_eq!((&answer["limit"], &answer["remaining"]), (&json!(100), &json!(50)));
    let later = value(&mut owner, &format!("select jsonb_build_array((select limit_value from steward.effective_limits('{TRIAL}', '{0}'::timestamptz - interval '1 microsecond') where metric = 'prompts'), (select limit_value from steward.effective_limits('{TRIAL}', '{0}') where metric = 'prompts'))", week.to_rfc3339())).await;
    assert_eq!(later, json!([100, 30]), "nobody has to put it back");

    let before = rows(&mut owner, "quota_overrides").await;
    let back = carry_out(&mut support, &revert(done.intent)).await;
    assert_eq!(rows(&mut owner, "quota_overrides").await, json!([]));
    carry_out(&mut support, &revert(back.intent)).await;
    assert_eq!(
        rows(&mut owner, "quota_overrides").await,
        before,
        "a raise taken back can be put back, byte for byte"
    );
    execute(&mut owner, "update steward.quota_overrides set limit_value = 200").await;
    let left = preview(&mut support, &revert(done.intent)).await.expect("it can be previewed");
    assert_eq!(left.skipped[0].reason, "It has changed since: limit_value is now 200.");
}

/// What a raise can be wrong in.
struct Wish {
    subject: Subject,
    metric: &'static str,
    period: &'static str,
    expect: Value,
    reason: &'static str,
}

#[tokio::test]
async fn a_raise_that_makes_no_sense_names_the_field() {
    let (database, mut owner, _app) = quotas().await;
    let mut support = database.connect("support").await;
    let team = TeamId(Uuid::from_u128(41));
    execute(&mut owner, &format!("insert into steward.teams (id, name) values ('{team}', 'Crew')")).await;
    let week = SystemClock.now() + Duration::days(7);
    let with = |edit: &dyn Fn(&mut Wish)| {
        let mut wish = Wish {
            subject: Subject::User(id(TRIAL)),
            metric: "prompts",
            period: "month",
            expect: json!({}),
            reason: "Asked for in a test",
        };
        edit(&mut wish);
        Action::RaiseLimit {
            intent: IntentId(Uuid::now_v7()),
            subject: wish.subject,
            metric: wish.metric.to_owned(),
            period: wish.period.to_owned(),
            limit: Some(100),
            until: week,
            expect: wish.expect,
            reason: wish.reason.to_owned(),
        }
    };
    let cases = [
        (raise(TRIAL, Some(30), week), ErrorCode::Invalid, "limit"),
        (raise(TRIAL, Some(-1), week), ErrorCode::Invalid, "limit"),
        (raise(TRIAL, Some(i64::MAX), week), ErrorCode::Invalid, "limit"),
        (raise(TEAMS, Some(100), week), ErrorCode::Invalid, "limit"),
        (raise(TRIAL, Some(100), SystemClock.now() - Duration::seconds(1)), ErrorCode::Invalid, "until"),
        (
            raise(TRIAL, Some(100), Utc.with_ymd_and_hms(2099, 1, 1, 0, 0, 0).single().expect("an instant")),
            ErrorCode::Invalid,
            "until",
        ),
        (with(&|wish| wish.metric = "promts"), ErrorCode::Invalid, "metric"),
        (with(&|wish| wish.period = "week"), ErrorCode::Invalid, "period"),
        (
            with(&|wish| wish.subject = Subject::User(UserId(Uuid::from_u128(7)))),
            ErrorCode::NotFound,
            "users",
        ),
        (
            with(&|wish| wish.subject = Subject::Team(TeamId(Uuid::from_u128(7)))),
            ErrorCode::NotFound,
            "subject",
        ),
        (with(&|wish| wish.subject = Subject::Member(team, id(TRIAL))), ErrorCode::Invalid, "subject"),
        (with(&|wish| wish.expect = json!({"limit": 20})), ErrorCode::Conflict, ""),
        (with(&|wish| wish.reason = " "), ErrorCode::Invalid, "reason"),
    ];
    for (place, (action, code, field)) in cases.into_iter().enumerate() {
        let (found, named, message) = refused(&mut support, action).await;
        assert_eq!(found, code, "{place}: {message}");
        if code == ErrorCode::Invalid {
            assert_eq!(named, field, "{place}: {message}");
        }
    }
    // For a team and a key there is no one limit to compare with.
    for subject in [Subject::Team(team), Subject::Key(Uuid::from_u128(42))] {
        carry_out(&mut support, &with(&|wish| wish.subject = subject)).await;
    }
    carry_out(&mut support, &raise(TRIAL, None, week)).await;
    let (_, _, message) = refused(&mut support, raise(TRIAL, Some(500), week)).await;
    assert_eq!(message, "Prompts a month is unlimited already.");
}

#[tokio::test]
async fn unknown_and_erased_users_are_named() {
    let (database, mut owner, _app) = quotas().await;
    let mut support = database.connect("support").await;
    execute(&mut owner, &format!("update steward.users set status = 'erased' where id = '{BOSS}'")).await;
    let nobody = Uuid::from_u128(7).to_string();
    for user in [nobody.as_str(), BOSS] {
        let suspend = Action::SuspendUser(change(&[SOLO, user], json!({})));
        let (code, _, message) = refused(&mut support, suspend).await;
        assert_eq!(code, ErrorCode::NotFound);
        assert!(message.contains(user), "{message}");
    }
    assert_eq!(refused(&mut support, Action::RestoreUser(change(&[], json!({})))).await.1, "users");
}

#[tokio::test]
async fn five_hundred_plans_change_together_or_not_at_all() {
    let (database, mut owner, _app) = quotas().await;
    execute(
        &mut owner,
        "insert into steward.users (id, email, plan_code)
         select ('01900000-0000-7000-8000-' || lpad(to_hex(n), 12, '0'))::uuid, 'bulk' || n || '@example.com', 'trial' from generate_series(1000, 1499) n;
         insert into steward.subscriptions (user_id, plan_code, unit_amount_minor) select id, 'trial', 0 from steward.users where email like 'bulk%'",
    )
    .await;
    let users: Vec<UserId> = (1000..1500_u128)
        .map(|n| UserId(Uuid::from_u128(0x0190_0000_0000_7000_8000_0000_0000_0000 + n)))
        .collect();
    let action = || Action::ChangePlan {
        intent: IntentId(Uuid::now_v7()),
        users: users.clone(),
        plan: "solo".to_owned(),
        expect: users
            .iter()
            .map(|user| (user.to_string(), json!("trial")))
            .collect::<serde_json::Map<_, _>>()
            .into(),
        reason: "Everybody moves".to_owned(),
    };
    let mut support = database.connect("support").await;
    let before = (rows(&mut owner, "users").await, rows(&mut owner, "subscriptions").await);

    execute(&mut owner, "update steward.users set plan_code = 'teams' where email in ('bulk1007@example.com', 'bulk1444@example.com')").await;
    let (code, _, message) = refused(&mut support, action()).await;
    assert_eq!(code, ErrorCode::Conflict);
    assert_eq!(message, "Changed meanwhile: bulk1007@example.com, bulk1444@example.com. Nothing was done.");
    execute(&mut owner, "update steward.users set plan_code = 'trial' where email in ('bulk1007@example.com', 'bulk1444@example.com')").await;
    assert_eq!((rows(&mut owner, "users").await, rows(&mut owner, "subscriptions").await), before);

    let whole = action();
    let shown = preview(&mut support, &whole).await.expect("it can be previewed");
    assert_eq!((shown.rows.len(), shown.confirm.as_deref()), (1000, Some("change 500 users")));
    let done = apply(&mut support, &whole, &shown.plan_token).await.expect("it is applied");
    assert_eq!(done.rows, shown.rows, "to the row");
    let moved = value(&mut owner, "select to_jsonb(count(*)) from steward.users u join steward.subscriptions s on s.user_id = u.id where u.plan_code = 'solo' and s.plan_code = 'solo'").await;
    assert_eq!(moved, 500);

    // One moved on as a user, another as a subscription: neither account is torn apart.
    let moved_on = "in ('bulk1234@example.com', 'bulk1300@example.com')";
    execute(
        &mut owner,
        "update steward.users set plan_code = 'teams' where email = 'bulk1234@example.com';
             update steward.subscriptions set plan_code = 'teams'
             where user_id = (select id from steward.users where email = 'bulk1300@example.com')",
    )
    .await;
    let theirs = format!(
        "select jsonb_agg(jsonb_build_array(to_jsonb(u), to_jsonb(s)) order by u.id)
         from steward.users u join steward.subscriptions s on s.user_id = u.id where u.email {moved_on}"
    );
    let kept = value(&mut owner, &theirs).await;
    // A look needs no reason, for only the look tells that many go back; going back does.
    let silent =
        Action::Revert { intent: IntentId(Uuid::now_v7()), operation: done.intent, reason: " ".to_owned() };
    let shown = preview(&mut support, &silent).await.expect("it can be previewed");
    assert_eq!(shown.confirm.as_deref(), Some("revert 498 users"));
    let error = apply(&mut support, &silent, &shown.plan_token).await.expect_err("it needs a reason");
    assert_eq!((error.code(), error.fields()[0].field.as_str()), (ErrorCode::Invalid, "reason"));
    let back = carry_out(&mut support, &revert(done.intent)).await;
    assert_eq!(back.rows.len(), 996);
    let mut skipped: Vec<(&str, &str)> =
        back.skipped.iter().map(|row| (row.label.as_str(), row.reason.as_str())).collect();
    skipped.sort_unstable();
    let with_it = "Another row of the account has moved on; they go back together or not at all.";
    assert_eq!(
        skipped,
        [
            ("Subscription of bulk1234@example.com", with_it),
            ("Subscription of bulk1300@example.com", "It has changed since: plan_code is now teams."),
            ("bulk1234@example.com", "It has changed since: plan_code is now teams."),
            ("bulk1300@example.com", with_it),
        ]
    );
    assert_eq!(value(&mut owner, &theirs).await, kept, "whole rows, revision and all");
    let others = |(users, subscriptions): (Value, Value)| {
        let of = |rows: Value, key: &str, accounts: &[Value]| -> Vec<Value> {
            let rows = rows.as_array().expect("rows").clone();
            rows.into_iter().filter(|row| !accounts.contains(&row[key])).collect()
        };
        let accounts =
            [1234_u128, 1300].map(|n| json!(Uuid::from_u128(0x0190_0000_0000_7000_8000_0000_0000_0000 + n)));
        (of(users, "id", &accounts), of(subscriptions, "user_id", &accounts))
    };
    let after = (rows(&mut owner, "users").await, rows(&mut owner, "subscriptions").await);
    assert_eq!(others(after), others(before), "byte for byte");
    assert_eq!(
        value(&mut owner, "select to_jsonb(count(*)) from steward.verify_audit()").await,
        0,
        "the chain holds"
    );
}
