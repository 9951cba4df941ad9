//! The journeys of support and of the administrator: why is this customer blocked, a raise for a week, a
//! suspension, and thirteen months kept.

use chrono::{Datelike as _, Days};
use serde_json::{Value, json};
use steward_core::{Clock, SystemClock};
use steward_tests::cluster::{TestDatabase, execute};

use super::{answer, picture, stderr_json, steward};

const COMPANY: &str = "
    select steward.install_preset('quotas');
    insert into steward.users (id, email, name, plan_code, trial_end) values
        ('01900000-0000-7000-8000-000000000001', 'ada@example.com', 'Ada', 'trial', now() + interval '2 days'),
        ('01900000-0000-7000-8000-000000000002', 'bob@example.com', 'Bob', 'solo', null);
    select steward.ensure_usage_partitions((now() - interval '18 months')::date, now()::date);";

/// Twenty-five months of use, and the trial used up.
const USE: &str = "
    set timezone = 'UTC';
    select steward.track_usage_batch((select jsonb_agg(jsonb_build_object('user_id', '01900000-0000-7000-8000-000000000002',
        'event_key', gen_random_uuid(), 'event_type', 'prompt', 'occurred_at', date_trunc('month', now()) - n * interval '1 month')) from generate_series(0, 24) n));
    select steward.track_usage(jsonb_build_object('user_id', '01900000-0000-7000-8000-000000000002', 'event_key', gen_random_uuid(),
        'event_type', 'prompt', 'occurred_at', now() - interval '5 days'));
    select steward.track_usage(jsonb_build_object('user_id', '01900000-0000-7000-8000-000000000001', 'event_key', gen_random_uuid(),
        'event_type', 'prompt', 'occurred_at', now(), 'quantity', 30))";

async fn company() -> TestDatabase {
    let database = TestDatabase::new().await;
    execute(&mut database.connect_owner().await, COMPANY).await;
    execute(&mut database.connect("app").await, USE).await;
    database
}

/// The limit of prompts on an account's page.
fn prompts(shown: &Value) -> &Value {
    let limits = shown["data"]["limits"].as_array().expect("limits");
    limits.iter().find(|limit| limit["metric"] == "prompts").expect("prompts are limited")
}

/// A workspace of a role, synchronised.
fn workspace(database: &TestDatabase, role: &str) -> tempfile::TempDir {
    let home = tempfile::tempdir().expect("a folder");
    answer(
        home.path(),
        &["workspace", "add", "acme", &database.login_url(role), "--environment", "development"],
    );
    answer(home.path(), &["sync"]);
    home
}

#[tokio::test]
async fn a_blocked_customer_is_found_and_helped_for_a_week() {
    let database = company().await;
    let home = workspace(&database, "support");
    let check = ["limits", "check", "ada@example.com", "prompts"];
    let blocked = steward(home.path(), &[&check[..], &["--json"]].concat());
    assert_eq!(blocked.status.code(), Some(5), "refused, as the product refuses");
    let blocked: Value = serde_json::from_slice(&blocked.stdout).expect("the answer is data all the same");
    let line = &blocked["data"]["limits"][0];
    assert_eq!(blocked["data"]["reason"], "limit");
    assert_eq!(
        json!([line["used"], line["limit"], line["remaining"], line["kind"]]),
        json!([30, 30, 0, "hard"])
    );
    let page = steward(home.path(), &["users", "limits", "ada@example.com", "--offline"]);
    let page = String::from_utf8_lossy(&page.stdout).into_owned();
    for part in ["ada@example.com", "prompts", "gitExport", "solo"] {
        assert!(page.contains(part), "{part} is on the page:\n{page}");
    }

    let shown = answer(home.path(), &["users", "show", "ada@example.com", "--offline"]);
    assert_eq!(
        json!([prompts(&shown)["forecast"], prompts(&shown)["is_over"], shown["data"]["plan"]["name"]]),
        json!([{ "state": "reached" }, true, "Trial"]),
        "the page says why"
    );
    assert_eq!(shown["data"]["months"][0]["metric"], "prompts", "what is closest to its limit comes first");
    let page =
        steward(home.path(), &["users", "show", "ada@example.com", "--offline", "--tz", "Asia/Kathmandu"]);
    let page = String::from_utf8_lossy(&page.stdout).into_owned();
    for part in ["instants in Asia/Kathmandu", "reached", "05:45", "gitExport", "Signed up"] {
        assert!(page.contains(part), "{part} is on the page:\n{page}");
    }
    picture(home.path(), "cli-blocked", &["users", "show", "ada@example.com", "--offline"]);
    let nobody = steward(home.path(), &["users", "show", "nobody@example.com", "--json"]);
    assert_eq!((stderr_json(&nobody)["code"].as_str(), nobody.status.code()), (Some("not_found"), Some(3)));
    let found = answer(home.path(), &["find", "ADA", "--offline"]);
    assert_eq!(found["data"]["rows"][0]["title"], "Ada");
    assert_eq!(steward(home.path(), &["find", "nothing", "like", "this"]).status.code(), Some(3));

    let raise = [
        "users",
        "raise-limit",
        "ada@example.com",
        "--metric",
        "prompts",
        "--to",
        "100",
        "--for",
        "7d",
        "--reason",
        "Demo on Friday",
    ];
    let looked = answer(home.path(), &[&raise[..], &["--preview"]].concat());
    assert_eq!(
        (&looked["data"]["is_applied"], &looked["data"]["rows"][0]["after"]["limit_value"]),
        (&json!(false), &json!(100))
    );
    picture(home.path(), "cli-raise-limit", &[&raise[..], &["--preview"]].concat());
    let done = answer(home.path(), &[&raise[..], &["--yes"]].concat());
    picture(home.path(), "cli-raised", &["limits", "check", "ada@example.com", "prompts"]);
    let free = answer(home.path(), &check);
    assert_eq!(
        (&free["data"]["is_allowed"], &free["data"]["limits"][0]["remaining"]),
        (&json!(true), &json!(70)),
        "the copy shows it at once"
    );
    assert!(free["data"]["limits"][0]["raised_until"].is_string());
    let shown = answer(home.path(), &["users", "show", "ada@example.com"]);
    let limit = shown["data"]["limits"]
        .as_array()
        .and_then(|all| all.iter().find(|limit| limit["metric"] == "prompts"));
    assert_eq!(limit.map(|limit| &limit["limit"]), Some(&json!(100)), "on the account's page, too");
    assert_ne!(prompts(&shown)["forecast"], json!({ "state": "reached" }));
    answer(home.path(), &["revert", done["data"]["intent"].as_str().expect("an id"), "--yes"]);
    assert_eq!(steward(home.path(), &check).status.code(), Some(5), "taken back");
    let told = answer(home.path(), &["users", "timeline", "ada@example.com"]);
    let rows = told["data"]["rows"].as_array().expect("entries");
    let kinds: Vec<&Value> = rows.iter().map(|row| &row["kind"]).collect();
    assert_eq!(kinds, [&json!("raise_ended"), &json!("limit_raised"), &json!("signed_up")], "{told}");
    assert_eq!(rows[1]["reason"], "Demo on Friday");
    assert_eq!(rows[1]["operation"], done["data"]["intent"]);
    // Pages are the whole, and a topic is a part of it.
    let mut paged = Vec::new();
    let mut next: Option<String> = None;
    loop {
        let mut words = vec!["users", "timeline", "ada@example.com", "--limit", "1"];
        if let Some(after) = &next {
            words.extend(["--after", after]);
        }
        let page = answer(home.path(), &words);
        paged.extend(page["data"]["rows"].as_array().expect("entries").clone());
        next = page["next"].as_str().map(str::to_owned);
        if next.is_none() {
            break;
        }
    }
    assert_eq!(&paged, rows);
    let limits = answer(home.path(), &["users", "timeline", "ada@example.com", "--topic", "limits"]);
    assert_eq!(limits["data"]["total"], 2);

    let no_raise = steward(
        home.path(),
        &[&raise[..5], &["--to", "20", "--for", "7d", "--reason", "x", "--json"]].concat(),
    );
    assert_eq!((stderr_json(&no_raise)["code"].as_str(), no_raise.status.code()), (Some("invalid"), Some(2)));
    for wrong in [
        &["limits", "check", "nobody@example.com", "prompts"][..],
        &["limits", "check", "ada@example.com", "promts"],
        &["limits", "check", "ada@example.com", "prompts", "--", "-1"],
        &["users", "raise-limit", "ada@example.com", "--metric", "prompts", "--to", "many", "--for", "7d"],
        &["users", "raise-limit", "ada@example.com", "--metric", "prompts", "--to", "100", "--until", "soon"],
        &["users", "raise-limit", "ada@example.com", "--metric", "prompts", "--to", "100"],
    ] {
        let code = steward(home.path(), wrong).status.code();
        assert!(matches!(code, Some(2 | 3)), "{wrong:?}: {code:?}");
    }
}

#[tokio::test]
async fn an_account_is_suspended_by_name_restored_extended_and_reset() {
    let database = company().await;
    let home = workspace(&database, "support");
    let status = |user: &str| answer(home.path(), &["users", "show", user])["data"]["user"]["status"].clone();
    let suspend = ["users", "suspend", "bob@example.com", "--reason", "Chargeback", "--yes"];
    assert_eq!(steward(home.path(), &suspend).status.code(), Some(5), "--yes is no answer to a suspension");
    answer(home.path(), &[&suspend[..], &["--confirm", "bob@example.com"]].concat());
    assert_eq!(status("bob@example.com"), "suspended");
    let refused = answer_with(home.path(), &["limits", "check", "bob@example.com", "prompts"], 5);
    assert_eq!(refused["data"]["reason"], "suspended");
    answer(home.path(), &["users", "restore", "bob@example.com", "--yes"]);
    assert_eq!(status("bob@example.com"), "active");

    let extended = answer_with(
        home.path(),
        &[
            "users",
            "extend-trial",
            "ada@example.com",
            "bob@example.com",
            "--for",
            "14d",
            "--reason",
            "Asked",
            "--yes",
        ],
        8,
    );
    assert_eq!(extended["data"]["skipped"][0]["reason"], "Has no trial.", "done in part");
    answer(
        home.path(),
        &["users", "reset-usage", "ada@example.com", "--metric", "prompts", "--reason", "Our fault", "--yes"],
    );
    assert_eq!(
        answer(home.path(), &["limits", "check", "ada@example.com", "prompts", "30"])["data"]["is_allowed"],
        true
    );
    let log = answer(home.path(), &["audit", "list", "--key", "01900000-0000-7000-8000-000000000001"]);
    let actions: Vec<&Value> =
        log["data"]["rows"].as_array().expect("rows").iter().map(|row| &row["action"]).collect();
    assert!(
        actions.contains(&&json!("reset_usage")) && actions.contains(&&json!("extend_trial")),
        "{actions:?}"
    );
}

/// The envelope of a call that ends with this code and answers all the same.
fn answer_with(home: &std::path::Path, arguments: &[&str], code: i32) -> Value {
    let output = steward(home, &[arguments, &["--json"]].concat());
    let problem = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(code), "{arguments:?}: {problem}");
    serde_json::from_slice(&output.stdout).expect("one JSON document on standard output")
}

#[tokio::test]
async fn thirteen_months_are_kept_and_the_rest_goes() {
    let database = company().await;
    let support = workspace(&database, "support");
    let cleanup = ["cleanup", "--keep-months", "13", "--reason", "Retention"];
    assert_eq!(
        steward(support.path(), &[&cleanup[..], &["--preview"]].concat()).status.code(),
        Some(5),
        "support cleans nothing up"
    );

    let home = workspace(&database, "admin");
    let looked = answer(home.path(), &[&cleanup[..], &["--preview"]].concat());
    let plan = &looked["data"]["plan"];
    assert_eq!(
        json!([plan["events"], plan["counters"], plan["partitions"].as_array().map(Vec::len)]),
        json!([11, 11, 5])
    );
    let page = steward(home.path(), &[&cleanup[..], &["--preview"]].concat());
    assert!(
        String::from_utf8_lossy(&page.stdout).contains("Oldest kept"),
        "rows, bytes, partitions and the oldest kept"
    );
    picture(home.path(), "cli-cleanup", &[&cleanup[..], &["--preview"]].concat());
    let unconfirmed = steward(home.path(), &[&cleanup[..], &["--yes"]].concat());
    assert_eq!(unconfirmed.status.code(), Some(5), "it is confirmed by name");
    let done = answer(home.path(), &[&cleanup[..], &["--confirm", "remove 11 events"]].concat());
    assert_eq!(
        (&done["data"]["progress"]["is_done"], &done["data"]["progress"]["events_removed"]),
        (&json!(true), &json!(11))
    );
    assert_eq!(
        steward(home.path(), &["cleanup", "--resume"]).status.code(),
        Some(3),
        "nothing was left unfinished"
    );
    assert_eq!(steward(home.path(), &["cleanup", "--keep-months", "0", "--preview"]).status.code(), Some(2));
    answer(home.path(), &["sync"]);
    let verified = answer(home.path(), &["verify"]);
    assert_eq!(verified["data"]["is_clean"], true, "the copy followed: {verified}");

    let report = answer_with(home.path(), &["quality", "--days", "30"], 9);
    let gaps =
        report["data"]["checks"].as_array().and_then(|all| all.iter().find(|check| check["check"] == "gaps"));
    assert!(gaps.and_then(|check| check["count"].as_u64()) >= Some(4), "the days nobody worked: {report}");
    let month = SystemClock.now().format("%Y-%m").to_string();
    let recount = answer(home.path(), &["recount", &month, "--reason", "Checking", "--yes"]);
    assert_eq!(recount["data"]["rows"], json!([]), "what was tracked is counted right");
}

/// Solo accounts in the month: two beyond what is only warned of, one of them raised; what does not count beside
/// them: an admin, a suspended account, an account of another plan, and what was used a month ago.
const SOLO_USE: &str = "
    insert into steward.users (id, email, name, plan_code, role, status) values
        ('01900000-0000-7000-8000-000000000003', 'carla@example.com', 'Carla', 'solo', 'user', 'active'),
        ('01900000-0000-7000-8000-000000000004', 'dan@example.com', 'Dan', 'solo', 'user', 'suspended'),
        ('01900000-0000-7000-8000-000000000005', 'eve@example.com', 'Eve', 'solo', 'user', 'active'),
        ('01900000-0000-7000-8000-000000000006', 'fay@example.com', 'Fay', 'solo', 'admin', 'active'),
        ('01900000-0000-7000-8000-000000000007', 'gus@example.com', 'Gus', null, 'user', 'active');
    insert into steward.usage_counters (user_id, period, metric, used)
        select ('01900000-0000-7000-8000-00000000000' || n)::uuid, steward.period_key('month', now()), 'prompts', used
        from (values (3, 10500), (4, 20000), (5, 12000), (6, 99999), (7, 31)) u (n, used);
    insert into steward.usage_counters (user_id, period, metric, used) values
        ('01900000-0000-7000-8000-000000000003', to_char((now() at time zone 'UTC') - interval '1 month', 'YYYY-MM'), 'prompts', 10001);
    insert into steward.quota_overrides (user_id, metric, period, limit_value, until) values
        ('01900000-0000-7000-8000-000000000005', 'prompts', 'month', 11000, now() + interval '1 day');";

#[tokio::test]
async fn what_if_limits_were_kept() {
    let database = company().await;
    let mut owner = database.connect_owner().await;
    execute(&mut owner, SOLO_USE).await;
    let home = workspace(&database, "viewer");
    let ask =
        |words: &[&str]| answer(home.path(), &[&["usage", "what-if"][..], words].concat())["data"].clone();
    let found = |answer: &Value| -> Vec<(String, i64)> {
        let rows = answer["accounts"].as_array().expect("accounts").iter();
        rows.map(|row| {
            (row["email"].as_str().expect("text").to_owned(), row["beyond"].as_i64().expect("a number"))
        })
        .collect()
    };

    let all = ask(&[]);
    assert_eq!(
        found(&all),
        [
            ("eve@example.com".to_owned(), 1000),
            ("carla@example.com".to_owned(), 500),
            ("gus@example.com".to_owned(), 1)
        ],
        "soft limits kept, raises and the default plan included, the worst first: {all}"
    );
    let line = |answer: &Value, plan: &str| {
        let limits = answer["limits"].as_array().expect("limits").clone();
        limits.into_iter().find(|limit| limit["plan_code"] == plan).expect("a limit of the plan")
    };
    let solo = line(&all, "solo");
    assert_eq!(
        json!([
            solo["kind"],
            solo["limit_now"],
            solo["limit"],
            solo["accounts"],
            solo["over"],
            solo["beyond"]
        ]),
        json!(["soft", 10_000, 10_000, 3, 2, 1500]),
        "bob, carla and eve; nobody who is suspended, an admin, or on another plan"
    );
    assert!(all["limits"].as_array().expect("limits").iter().all(|limit| limit["period"] != "minute"));
    assert_eq!(line(&all, "trial")["over"], 1, "30 of 30 is not beyond");

    // The server judges the same, account by account.
    let judged: Vec<(String, i64)> = sqlx::query_as(
        "select u.email, c.used - e.limit_value from steward.users u
         join steward.usage_counters c on c.user_id = u.id and c.metric = 'prompts' and c.period = steward.period_key('month', now())
         cross join lateral steward.effective_limits(u.id) e
         where e.metric = 'prompts' and c.used > e.limit_value and u.status = 'active' and u.role <> 'admin'
         order by 2 desc",
    )
    .fetch_all(&mut owner)
    .await
    .expect("judged");
    assert_eq!(found(&all), judged);

    let lower = ask(&["--plan", "solo", "--metric", "prompts", "--limit", "0"]);
    let solo = line(&lower, "solo");
    assert_eq!(json!([solo["over"], solo["over_now"], lower["account_count"]]), json!([3, 2, 3]));
    assert_eq!(lower["limits"].as_array().map(Vec::len), Some(1), "nothing but what is supposed");
    let unlimited = ask(&["--plan", "teams", "--metric", "prompts", "--limit", "5"]);
    assert_eq!(
        line(&unlimited, "teams")["limit_now"],
        Value::Null,
        "what was unlimited may be supposed limited"
    );
    let higher = ask(&["--plan", "solo", "--metric", "prompts", "--limit", "11500"]);
    assert_eq!(found(&higher), [("eve@example.com".to_owned(), 500)], "a raise below it does not count");

    let now = SystemClock.now();
    let before =
        (now.date_naive().with_day(1).expect("a first day") - Days::new(1)).format("%Y-%m").to_string();
    let past = ask(&["--month", &before, "--plan", "solo"]);
    assert_eq!(found(&past), [("carla@example.com".to_owned(), 1)], "the counters of that month");
    assert_eq!(past["is_unfinished"], false);

    let shown = steward(home.path(), &["usage", "what-if"]);
    let shown = String::from_utf8_lossy(&shown.stdout).into_owned();
    for part in
        ["eve@example.com", "11,000, raised", "3 accounts would have been refused", "prompts per month, soft"]
    {
        assert!(shown.contains(part), "{part} is on the page:\n{shown}");
    }
    picture(home.path(), "cli-what-if", &["usage", "what-if"]);
    let out = tempfile::tempdir().expect("a folder");
    let path = out.path().join("over.jsonl");
    answer(
        home.path(),
        &[
            "export",
            "answer",
            "usage_what_if",
            "/accounts",
            "--request",
            "{}",
            "--out",
            path.to_str().expect("UTF-8"),
        ],
    );
    assert_eq!(std::fs::read_to_string(&path).expect("a file").lines().count(), 3);

    for (words, field) in [
        (&["--month", "2026-13"][..], "month"),
        (&["--month", "November"], "month"),
        (&["--month", "2999-01"], "month"),
        (&["--plan", "gold"], "plan"),
        (&["--metric", "promts"], "metric"),
        (&["--plan", "solo", "--metric", "prompts", "--limit", "-1"], "limit"),
        (&["--plan", "solo", "--metric", "prompts", "--limit", "9223372036854775807"], "limit"),
    ] {
        let refused = steward(home.path(), &[&["usage", "what-if"][..], words, &["--json"]].concat());
        assert_eq!(refused.status.code(), Some(2), "{words:?}");
        assert_eq!(stderr_json(&refused)["fields"][0]["field"], field, "{words:?}");
    }
    let alone = steward(home.path(), &["usage", "what-if", "--limit", "5"]);
    assert_eq!(alone.status.code(), Some(2), "a limit is one of a plan and a metric");
}
