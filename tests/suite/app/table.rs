//! The table: names, rights, TypeScript.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use chrono::Months;
use serde_json::{Value, json};
use sqlx::PgConnection;
use steward_app::command::workspace::Role;
use steward_app::secrets::SecretsMode;
use steward_app::table::{CommandKind, TABLE, Tier};
use steward_app::{Mode, OpenOptions, Steward, dispatch};
use steward_core::{Clock, ErrorCode, SystemClock};
use steward_tests::cluster::{TestDatabase, execute};
use steward_tests::stripe::{READER, StripeServer};
use uuid::Uuid;

use super::{add, open, run};

#[test]
fn every_row_says_what_it_is() {
    for spec in TABLE {
        let (noun, verb) = spec.name.split_once('_').expect("a command is noun_verb");
        assert!(!noun.is_empty() && !verb.is_empty(), "{}", spec.name);
        assert!(spec.doc.ends_with('.'), "{} is described in a sentence", spec.name);
        let is_query = spec.kind == CommandKind::Query;
        assert!(!is_query || spec.tier == Tier::T0, "{} only asks, so it is T0", spec.name);
        let is_reviewed = spec.kind == CommandKind::Reviewed;
        assert!(!is_reviewed || spec.tier >= Tier::T2, "{} is reviewed, so it is T2 or above", spec.name);
    }
    let mut names: Vec<_> = TABLE.iter().map(|spec| spec.name).collect();
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), TABLE.len(), "a name is given once");
}

/// Regenerated into a folder of its own and compared file by file with what is committed. `STEWARD_BLESS=1`
/// writes them anew.
#[test]
fn the_typescript_is_what_the_table_says() {
    let fresh = tempfile::tempdir().expect("a folder");
    steward_app::typescript::export_to(fresh.path()).expect("the types are written");
    let committed = Path::new(env!("CARGO_MANIFEST_DIR")).join("../ui/src/api/generated");
    for (name, text) in files(fresh.path()) {
        if std::env::var_os("STEWARD_BLESS").is_some() {
            std::fs::write(committed.join(&name), &text).expect("written");
        }
        let kept = std::fs::read_to_string(committed.join(&name)).unwrap_or_default();
        assert!(kept == text, "ui/src/api/generated/{} is out of date: run `cargo x gen`", name.display());
    }
}

fn files(folder: &Path) -> BTreeMap<PathBuf, String> {
    let mut found = BTreeMap::new();
    let mut open = vec![folder.to_owned()];
    while let Some(next) = open.pop() {
        for entry in std::fs::read_dir(next).expect("a folder") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                open.push(path);
            } else {
                let name = path.strip_prefix(folder).expect("inside").to_owned();
                found.insert(name, std::fs::read_to_string(path).expect("text"));
            }
        }
    }
    found
}

/// What the requests are about.
pub(super) struct Given {
    pub(super) users: [Uuid; 2],
    /// An operation that can be taken back.
    pub(super) operation: Uuid,
    /// An export that was made.
    pub(super) export: Uuid,
    /// A month that is closed, and an earlier one that is not.
    pub(super) months: [String; 2],
    pub(super) folder: PathBuf,
}

/// A request that is right of each row that needs a role.
pub(super) fn request(name: &str, given: &Given) -> Value {
    let users = given.users;
    let [closed, open] = &given.months;
    let overview = json!({ "range": "30d", "zone": "UTC", "compare": "weekday" });
    let file = |name: &str| given.folder.join(name);
    match name {
        "sync_window" => json!({ "days": 30, "rows": null }),
        "sync_verify" => json!({ "level": "scrub", "is_repair": false }),
        "overview_show" | "report_overview" => overview,
        "overview_picture" => json!({ "overview": overview, "path": file("overview.png"), "is_dark": false }),
        "usage_show" => json!({ "range": "30d", "zone": "UTC" }),
        "usage_what_if" => json!({}),
        "offender_list" => json!({ "range": "30d", "zone": "UTC" }),
        "timeline_list" => json!({ "user": users[0] }),
        "view_save" => json!({ "name": "mine", "path": "/usage", "search": {} }),
        "view_remove" => json!({ "name": "mine" }),
        "record_find" => json!({ "text": "one@example.com" }),
        "report_revenue" => json!({ "zone": "UTC" }),
        "report_close" => json!({ "month": closed }),
        "event_list" => {
            json!({ "period": { "start": "2026-01-01T00:00:00Z", "end": "2026-02-01T00:00:00Z" } })
        }
        "user_show" => json!({ "user": users[0] }),
        "user_change_plan" => {
            json!({ "intent": Uuid::now_v7(), "users": [users[0]], "plan_code": "pro", "reason": "test" })
        }
        "user_suspend" | "user_restore" | "user_reset_usage" => {
            json!({ "intent": Uuid::now_v7(), "users": [users[0]], "reason": "test" })
        }
        "user_extend_trial" => {
            let until = SystemClock.now() + chrono::Duration::days(7);
            json!({ "intent": Uuid::now_v7(), "users": [users[0]], "until": until, "reason": "test" })
        }
        "limit_check" => json!({ "user": users[0], "metric": "prompts" }),
        "limit_list" => json!({ "user": users[0] }),
        "limit_raise" => json!({
            "intent": Uuid::now_v7(), "user": users[0], "metric": "prompts", "period": "month", "limit": 100,
            "until": SystemClock.now() + chrono::Duration::days(7), "reason": "test",
        }),
        "usage_cleanup" => json!({ "intent": Uuid::now_v7(), "keep_months": 13, "reason": "test" }),
        "usage_recount" => json!({ "intent": Uuid::now_v7(), "period": closed, "reason": "test" }),
        "quality_show" => json!({}),
        "operator_create" => json!({
            "intent": Uuid::now_v7(), "login": "somebody_new", "name": "New", "role": "viewer", "reason": "test",
        }),
        "operator_remove" => json!({ "intent": Uuid::now_v7(), "login": "x_known", "reason": "test" }),
        "operation_revert" => {
            json!({ "intent": Uuid::now_v7(), "operation": given.operation, "reason": "test" })
        }
        "revenue_show" | "revenue_movements" | "revenue_forecast" | "revenue_what_if" | "revenue_total" => {
            json!({ "zone": "UTC" })
        }
        "scenario_save" => json!({ "name": "dearer", "assumptions": { "churn": 0.1 } }),
        "scenario_rename" => json!({ "name": "dearer", "to": "dear" }),
        "scenario_remove" => json!({ "name": "dear" }),
        "rate_base" => json!({ "base": "USD" }),
        "rate_set" => json!({ "currency": "EUR", "rate": "1.0825", "date": "2026-10-31" }),
        "rate_remove" => json!({ "currency": "EUR" }),
        "revenue_bridge" => json!({ "zone": "UTC", "from": "stripe", "to": "profitwell" }),
        "plan_effect" => json!({ "plan": "pro", "price_month_minor": 1, "price_year_minor": 2 }),
        "plan_edit" => json!({
            "intent": Uuid::now_v7(), "plan": "pro", "price_month_minor": 1, "price_year_minor": 2, "reason": "test",
        }),
        "month_keep" => {
            json!({ "intent": Uuid::now_v7(), "month": "2026-01", "zone": "UTC", "reason": "test" })
        }
        "month_figures" => json!({ "month": "2026-01", "zone": "UTC" }),
        "month_drop" => json!({ "month": "2026-01", "confirm": "2026-01" }),
        "month_close" => {
            json!({ "intent": Uuid::now_v7(), "month": open, "zone": "UTC", "reason": "test" })
        }
        "month_reopen" => json!({ "intent": Uuid::now_v7(), "month": closed, "reason": "test" }),
        "export_plan" => json!({ "source": "users", "request": {}, "format": "csv" }),
        "export_run" => json!({
            "source": "users", "request": {}, "format": "csv", "zone": "UTC", "path": file("users.csv"),
            "is_replacing": true,
        }),
        "export_cancel" => json!({ "id": given.export }),
        "stripe_connect" => json!({ "key": READER }),
        "subscription_change" | "subscription_cancel" | "subscription_reinstate" => {
            json!({ "intent": Uuid::now_v7(), "subscription": "sub_1", "reason": "test" })
        }
        "payment_refund" => json!({ "intent": Uuid::now_v7(), "payment": "ch_1", "reason": "test" }),
        "revenue_stripe_bridge" => json!({}),
        "billing_show" => json!({ "range": "30d", "zone": "UTC" }),
        "user_list" | "audit_list" | "stripe_reconcile" | "invoice_list" | "payment_list" | "refund_list" => {
            json!({})
        }
        _ => Value::Null,
    }
}

/// What is refused although the role may, and with which code: what it takes is nothing that a role gives.
const LACKING: &[(&str, ErrorCode)] = &[
    // The test's admin may make no logins on the server: `contract::operators` has one who may.
    ("operator_create", ErrorCode::Permission),
    ("operator_remove", ErrorCode::Permission),
    // Without a key of Stripe's there is nothing to read and nobody to ask: `stripe::people` and `stripe::change`
    // have one. In the table's order it was forgotten by then.
    ("stripe_pull", ErrorCode::NotFound),
    ("stripe_reconcile", ErrorCode::NotFound),
    ("subscription_change", ErrorCode::NotFound),
    ("subscription_cancel", ErrorCode::NotFound),
    ("subscription_reinstate", ErrorCode::NotFound),
    ("payment_refund", ErrorCode::NotFound),
];

/// Every row × every role: the layer above the database refuses exactly what the table says, what it lets through
/// succeeds, and the database refuses by itself what slips past it (the contract's tests).
#[tokio::test(flavor = "multi_thread")]
async fn every_row_is_open_to_the_roles_of_the_table_and_to_no_other() {
    let database = TestDatabase::new().await;
    let folder = tempfile::tempdir().expect("a folder");
    let mut owner = database.connect_owner().await;
    let mut given = given(&database, &mut owner, folder.path()).await;
    let mut outcomes: BTreeMap<&str, Vec<bool>> = BTreeMap::new();
    let stripe = StripeServer::start().await;
    for role in ["viewer", "finance", "support", "admin"] {
        let home = tempfile::tempdir().expect("a folder");
        let options = OpenOptions {
            home: Some(home.path().to_owned()),
            secrets: SecretsMode::Memory,
            stripe: Some(stripe.url()),
            ..OpenOptions::default()
        };
        let steward = Steward::open(options).await.expect("an empty folder opens");
        add(&steward, "test", &database.login_url(role)).await;
        run(&steward, "sync_run", Value::Null).await.expect("every console role reads");
        let session = run(&steward, "session_show", Value::Null).await.expect("a session");
        assert_eq!(session["role"], role, "the role comes from the server and is remembered");
        for spec in TABLE.iter().filter(|spec| spec.role.is_some()) {
            let is_change = spec.kind == CommandKind::Reviewed;
            let mode = if is_change { Mode::Preview } else { Mode::Run };
            // It goes on with a cleanup, while which no other can be begun.
            let is_resuming = spec.name == "cleanup_resume";
            if is_resuming {
                execute(&mut owner, INTERRUPTED).await;
            }
            let result = dispatch(&steward, spec.name, request(spec.name, &given), mode).await;
            if is_resuming {
                execute(&mut owner, "delete from steward.usage_cleanups where state = 'running'").await;
            }
            let needed = spec.role.expect("a row with a role");
            let may = Role::from_name(role).is_some_and(|role| role.may(needed));
            let lacking = LACKING.iter().find(|(name, _)| *name == spec.name).map(|(_, code)| *code);
            match (&result, may, lacking) {
                (Ok(_), true, None) => {}
                (Err(error), true, Some(code)) => {
                    assert_eq!(error.code, code, "{} as {role}: {error:?}", spec.name);
                    // Beyond the role: its own refusal names the role.
                    let by_role = error.detail.as_deref().is_some_and(|text| text.contains("needs the role"));
                    assert!(!by_role, "{} as {role}: {error:?}", spec.name);
                }
                (Err(error), false, _) => {
                    assert_eq!(error.code, ErrorCode::Permission, "{} as {role}: {error:?}", spec.name);
                }
                _ => panic!("{} as {role}: {result:?}", spec.name),
            }
            if spec.name == "export_run" {
                let job = result.as_ref().expect("everybody exports");
                given.export = serde_json::from_value(job["id"].clone()).expect("an id");
            }
            if is_change {
                outcomes.entry(spec.name).or_default().push(may);
            }
        }
        steward.close().await;
    }
    documented(&outcomes);
}

/// A cleanup that was begun and not ended.
const INTERRUPTED: &str = "insert into steward.usage_cleanups (intent, keep_months, cutoff, events_planned)
    values (gen_random_uuid(), 13, now() - interval '13 months', 0)";

/// What is dangerous in itself is neither looked at nor done without a reason, by the one check of the table.
#[tokio::test(flavor = "multi_thread")]
async fn every_dangerous_row_needs_a_reason() {
    let database = TestDatabase::new().await;
    let folder = tempfile::tempdir().expect("a folder");
    let mut owner = database.connect_owner().await;
    let given = given(&database, &mut owner, folder.path()).await;
    let home = tempfile::tempdir().expect("a folder");
    let steward = open(&home).await;
    add(&steward, "test", &database.login_url("admin")).await;
    run(&steward, "sync_run", Value::Null).await.expect("read");
    let dangerous: Vec<&str> = TABLE
        .iter()
        .filter(|spec| spec.kind == CommandKind::Reviewed && spec.tier >= Tier::T3)
        .map(|spec| spec.name)
        .collect();
    assert!(dangerous.len() > 8, "{dangerous:?}");
    // Goes on with a cleanup that had its reason.
    for name in dangerous.into_iter().filter(|name| *name != "cleanup_resume") {
        for reason in ["", "  "] {
            for mode in [Mode::Preview, Mode::Run] {
                let mut request = request(name, &given);
                assert_eq!(request["reason"], "test", "{name}");
                request["reason"] = json!(reason);
                let error = dispatch(&steward, name, request, mode).await.expect_err(name);
                assert_eq!(error.code, ErrorCode::Invalid, "{name}: {error:?}");
                assert_eq!(error.fields[0].field, "reason", "{name}: {error:?}");
            }
        }
    }
    steward.close().await;
}

/// A small company with something to take back, to reopen and to remove.
async fn given(database: &TestDatabase, owner: &mut PgConnection, folder: &Path) -> Given {
    let users = [Uuid::now_v7(), Uuid::now_v7()];
    let operation = Uuid::now_v7();
    let today = SystemClock.now().date_naive();
    let before = |months| (today - Months::new(months)).format("%Y-%m").to_string();
    execute(
        owner,
        &format!(
            "select steward.install_preset('credits');
             insert into steward.plan_limits (plan_code, metric, period, limit_value, kind)
                 values ('free', 'prompts', 'month', 30, 'hard');
             insert into steward.operators (login, name, role) values ('x_known', 'Known', 'viewer');
             insert into steward.users (id, email, plan_code)
                 values ('{}', 'one@example.com', 'free'), ('{}', 'two@example.com', 'free');
             select steward.suspend_user('{operation}', array['{1}']::uuid[], null, 'test')",
            users[0], users[1]
        ),
    )
    .await;
    let months = [before(1), before(2)];
    let home = tempfile::tempdir().expect("a folder");
    let steward = open(&home).await;
    add(&steward, "books", &database.login_url("finance")).await;
    run(&steward, "sync_run", Value::Null).await.expect("read");
    let close = json!({ "intent": Uuid::now_v7(), "month": months[0], "zone": "UTC", "reason": "test" });
    let looked = dispatch(&steward, "month_close", close.clone(), Mode::Preview).await.expect("previewed");
    let mut accepted = close;
    accepted["plan_token"] = looked["plan_token"].clone();
    accepted["confirm"] = looked["confirm"].clone();
    run(&steward, "month_close", accepted).await.expect("closed");
    steward.close().await;
    Given { users, operation, export: Uuid::nil(), months, folder: folder.to_owned() }
}

const BEGIN: &str = "<!-- generated: actions -->\n";
const END: &str = "<!-- end of generated actions -->";

/// What happened stands in docs/SECURITY.md, which the interface's own test reads: buttons, command layer and
/// database agree. `STEWARD_BLESS=1` writes it anew.
fn documented(outcomes: &BTreeMap<&str, Vec<bool>>) {
    let mut table = "\n| action | viewer | finance | support | admin |\n|---|---|---|---|---|\n".to_owned();
    for (name, may) in outcomes {
        let cells: Vec<&str> = may.iter().map(|may| if *may { "yes" } else { "–" }).collect();
        table.push_str(&format!("| `{name}` | {} |\n", cells.join(" | ")));
    }
    table.push('\n');
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/SECURITY.md");
    let document = std::fs::read_to_string(path).expect("docs/SECURITY.md is there");
    let (before, rest) = document.split_once(BEGIN).expect("it marks where the actions begin");
    let (written, after) = rest.split_once(END).expect("it marks where the actions end");
    if std::env::var_os("STEWARD_BLESS").is_some() {
        std::fs::write(path, format!("{before}{BEGIN}{table}{END}{after}")).expect("it can be written");
        return;
    }
    assert_eq!(written, table, "run this test with STEWARD_BLESS=1 and review the difference");
}

#[tokio::test]
async fn a_command_that_is_not_in_the_table_is_refused_by_name() {
    let home = tempfile::tempdir().expect("a folder");
    let steward = open(&home).await;
    let error = run(&steward, "user_delete", Value::Null).await.expect_err("there is no such command");
    assert_eq!((error.code, error.fields[0].field.as_str()), (ErrorCode::Invalid, "command"));
    steward.close().await;
}
