//! The table: names, rights, TypeScript.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};
use steward_app::command::workspace::Role;
use steward_app::table::{CommandKind, TABLE, Tier};
use steward_app::{Mode, dispatch};
use steward_core::{Clock, ErrorCode, SystemClock};
use steward_tests::cluster::{TestDatabase, execute};
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

/// A request of each row that needs a role, good enough to get past the reading of it.
pub(super) fn request(name: &str, users: [Uuid; 2]) -> Value {
    match name {
        "overview_show" | "report_overview" => json!({ "range": "30d", "zone": "UTC" }),
        "report_revenue" => json!({ "zone": "UTC" }),
        "report_close" => json!({ "month": "2026-01" }),
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
        "usage_recount" => json!({ "intent": Uuid::now_v7(), "period": "2026-11", "reason": "test" }),
        "quality_show" => json!({}),
        "operator_create" => {
            json!({ "intent": Uuid::now_v7(), "login": "somebody_new", "name": "New", "role": "nobody", "reason": "test" })
        }
        "operator_remove" => json!({ "intent": Uuid::now_v7(), "login": "nobody_here", "reason": "test" }),
        "operation_revert" => json!({ "intent": Uuid::now_v7(), "operation": users[1], "reason": "test" }),
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
        "month_close" => {
            json!({ "intent": Uuid::now_v7(), "month": "2026-01", "zone": "UTC", "reason": "test" })
        }
        "month_reopen" => json!({ "intent": Uuid::now_v7(), "month": "2026-01", "reason": "test" }),
        "stripe_connect" => json!({ "key": "rk_test_nobodyknowsthis" }),
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

/// Every row × every role: the layer above the database refuses exactly what the table says, and the
/// database refuses by itself what slips past it (the contract's tests).
#[tokio::test(flavor = "multi_thread")]
async fn every_row_is_open_to_the_roles_of_the_table_and_to_no_other() {
    let database = TestDatabase::new().await;
    let users = [Uuid::now_v7(), Uuid::now_v7()];
    let mut owner = database.connect_owner().await;
    execute(
        &mut owner,
        &format!(
            "select steward.install_preset('credits');
             insert into steward.users (id, email, plan_code)
             values ('{}', 'one@example.com', 'free'), ('{}', 'two@example.com', 'free')",
            users[0], users[1]
        ),
    )
    .await;
    let mut outcomes: BTreeMap<&str, Vec<bool>> = BTreeMap::new();
    for role in ["viewer", "finance", "support", "admin"] {
        let home = tempfile::tempdir().expect("a folder");
        let steward = open(&home).await;
        add(&steward, "test", &database.login_url(role)).await;
        run(&steward, "sync_run", Value::Null).await.expect("every console role reads");
        let session = run(&steward, "session_show", Value::Null).await.expect("a session");
        assert_eq!(session["role"], role, "the role comes from the server and is remembered");
        for spec in TABLE.iter().filter(|spec| spec.role.is_some()) {
            let is_change = spec.kind == CommandKind::Reviewed;
            let mode = if is_change { Mode::Preview } else { Mode::Run };
            let result = dispatch(&steward, spec.name, request(spec.name, users), mode).await;
            let refused = matches!(&result, Err(error) if error.code == ErrorCode::Permission);
            let needed = spec.role.expect("a row with a role");
            let may = Role::from_name(role).is_some_and(|role| role.may(needed));
            assert_eq!(refused, !may, "{} as {role}: {result:?}", spec.name);
            if is_change {
                outcomes.entry(spec.name).or_default().push(!refused);
            }
        }
        steward.close().await;
    }
    documented(&outcomes);
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
