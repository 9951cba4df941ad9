//! Requests: whatever arrives, the answer is an error with a field, never a panic.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use proptest::prelude::*;
use proptest::strategy::ValueTree as _;
use proptest::test_runner::TestRunner;
use serde_json::{Map, Value, json};
use steward_app::secrets::SecretsMode;
use steward_app::table::{CommandKind, TABLE};
use steward_app::{Engine, Mode, dispatch};
use steward_core::ErrorCode;
use steward_tests::cluster::TestDatabase;
use uuid::Uuid;

use super::table::Given;
use super::{open, open_with, run};

/// Any JSON, with the names and values that requests use more often than chance would.
fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        any::<String>().prop_map(Value::from),
        prop::sample::select(vec![
            "30d",
            "UTC",
            "Europe/Berlin",
            "2026-10-01..2026-10-31",
            "2026-01-01T00:00:00Z",
            "small",
            "production",
            "0190b2a0-0000-7000-8000-000000000001",
        ])
        .prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 24, 6, |inner| {
        let name = any_name();
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::vec((name, inner), 0..8)
                .prop_map(|fields| Value::from(fields.into_iter().collect::<Map<_, _>>())),
        ]
    })
}

/// A field's name: one of those that requests have, or any.
fn any_name() -> impl Strategy<Value = String> {
    prop_oneof![
        prop::sample::select(vec![
            "name",
            "workspace",
            "range",
            "zone",
            "period",
            "start",
            "end",
            "filters",
            "field",
            "value",
            "limit",
            "after",
            "users",
            "user",
            "plan_code",
            "intent",
            "operation",
            "reason",
            "plan_token",
            "confirm",
            "search",
            "sort",
            "theme",
            "density",
            "pull_seconds",
            "is_read_only",
            "compare",
        ])
        .prop_map(str::to_owned),
        any::<String>(),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 128, ..ProptestConfig::default() })]

    /// Previews: a request is read in full, and no command that acts without one is carried out.
    #[test]
    fn any_request_of_any_row_is_answered(requests in prop::collection::vec(any_json(), TABLE.len())) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        let home = tempfile::tempdir().expect("a folder");
        runtime.block_on(async {
            let steward = open(&home).await;
            for (spec, request) in TABLE.iter().zip(requests) {
                let error = dispatch(&steward, spec.name, request, Mode::Preview)
                    .await
                    .expect_err("there is no workspace, and most rows have no preview");
                let is_named = !error.fields.is_empty() || error.code != ErrorCode::Invalid;
                assert!(is_named, "{}: a refused request names its field: {error:?}", spec.name);
                assert_ne!(error.code, ErrorCode::Internal, "{}: {error:?}", spec.name);
            }
            steward.close().await;
        });
    }
}

/// A request that a row answers, with more of its fields than it needs.
fn valid(name: &str, given: &Given) -> Value {
    let users = given.users;
    let period = json!({ "start": "2026-10-01T00:00:00Z", "end": "2026-11-01T00:00:00Z" });
    let filters = json!([{ "field": "status", "value": "success", "exclude": false }]);
    match name {
        "usage_show" => json!({
            "range": "90d", "zone": "Asia/Kathmandu", "compare": "previous", "bucket": "week", "by": "feature",
            "measure": "events", "filters": filters,
        }),
        "usage_what_if" => json!({ "rows": 5 }),
        "offender_list" => json!({ "range": "30d", "zone": "UTC", "limit": 5 }),
        "event_list" => json!({ "period": period, "filters": filters, "limit": 7 }),
        "record_find" => json!({ "text": "ada" }),
        "user_list" => json!({ "search": "a", "zone": "UTC", "limit": 5, "usage": "30d" }),
        "timeline_list" => json!({ "user": users[0] }),
        "limit_check" => json!({ "user": users[0], "metric": "prompts", "amount": 3 }),
        "plan_effect" => json!({ "plan": "pro", "price_month_minor": 3_900, "price_year_minor": 39_000 }),
        "revenue_show" => {
            json!({ "zone": "America/St_Johns", "month": "2026-10", "months": 6, "profile": "profitwell", "currency": "EUR" })
        }
        "revenue_movements" => {
            json!({ "zone": "UTC", "month": "2026-10", "profile": "stripe", "movement": "new", "limit": 3 })
        }
        "revenue_stripe_bridge" => json!({ "profile": "chartmogul", "currency": "EUR" }),
        "revenue_what_if" => json!({ "zone": "UTC", "assumptions": { "churn": 0.1 }, "rows": 5 }),
        "revenue_total" => json!({ "zone": "UTC", "months": 3 }),
        "export_plan" => json!({ "source": "users", "request": { "search": "a" } }),
        "audit_list" => json!({ "limit": 5 }),
        "invoice_list" | "payment_list" | "refund_list" => json!({ "search": "x", "limit": 5 }),
        "connection_test" => json!({ "url": "postgresql://me@127.0.0.1:1/app?sslmode=disable" }),
        _ => super::table::request(name, given),
    }
}

/// The same request with one field taken away, made another, or added; also within a field.
fn mutated(request: &Value, place: usize, value: Value, name: &str) -> Value {
    let mut request = request.clone();
    let Some(fields) = request.as_object_mut() else { return value };
    let names: Vec<String> = fields.keys().cloned().collect();
    match names.get(place % (names.len() + 1)) {
        None => drop(fields.insert(name.to_owned(), value)),
        Some(field) if place.is_multiple_of(5) => drop(fields.remove(field)),
        Some(field) => {
            let inner = fields.get_mut(field).expect("a field of it");
            let is_whole = place.is_multiple_of(3) || !(inner.is_object() || inner.is_array());
            *inner = match inner {
                Value::Array(items) if !is_whole && !items.is_empty() => {
                    json!([mutated(&items[0], place / 3, value, name)])
                }
                Value::Object(_) if !is_whole => mutated(inner, place / 3, value, name),
                _ => value,
            };
        }
    }
    request
}

/// Every file below a folder with what it holds, those apart that a reader of a write-ahead log touches.
fn files(folder: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let (mut found, mut open) = (BTreeMap::new(), vec![folder.to_owned()]);
    while let Some(next) = open.pop() {
        for entry in std::fs::read_dir(next).expect("a folder") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                open.push(path);
            } else if path.extension().is_none_or(|ending| ending != "db-shm" && ending != "log") {
                found.insert(path.clone(), std::fs::read(&path).expect("a file"));
            }
        }
    }
    found
}

/// A valid request of every row, changed at one field, against the copy of the sample company with no server to ask:
/// an answer or an error that names a field, never a panic, an internal error or a changed file.
#[tokio::test(flavor = "multi_thread")]
async fn a_request_of_any_row_changed_at_one_field_is_answered_from_the_copy_and_changes_nothing() {
    const ROUNDS: usize = 24;
    let database = TestDatabase::new().await;
    let home = tempfile::tempdir().expect("a folder");
    let passphrase = home.path().join("passphrase");
    std::fs::write(&passphrase, "a long passphrase").expect("written");
    let secrets = || SecretsMode::PassphraseFile(passphrase.clone());
    let steward = open_with(&home, secrets(), Engine::OnDemand).await;
    run(&steward, "sample_open", json!({ "database_url": database.owner_url() })).await.expect("opened");
    run(&steward, "sync_run", Value::Null).await.expect("read");
    let rows = run(&steward, "user_list", json!({ "limit": 2 })).await.expect("users")["rows"].clone();
    let users = [0, 1].map(|at| rows[at]["id"].as_str().and_then(|id| id.parse().ok()).expect("an id"));
    steward.close().await;
    let out = tempfile::tempdir().expect("a folder");
    let given = Given {
        users,
        operation: users[1],
        export: Uuid::nil(),
        months: ["2026-01", "2025-12"].map(str::to_owned),
        folder: out.path().to_owned(),
    };

    let steward = open_with(&home, secrets(), Engine::Offline).await;
    let mode = |kind| if kind == CommandKind::Query { Mode::Run } else { Mode::Preview };
    // What asks a server, or Stripe's side of the copy, has nothing to answer from.
    let needs_more = [
        "connection_test",
        "database_status",
        "audit_verify",
        "quality_show",
        "stripe_reconcile",
        "report_close",
        "operator_list",
    ];
    let (mut answered, mut wrong) = (0, Vec::new());
    for spec in TABLE.iter().filter(|spec| spec.kind == CommandKind::Query) {
        let result = dispatch(&steward, spec.name, valid(spec.name, &given), Mode::Run).await;
        match result {
            Ok(_) => answered += 1,
            Err(_) if needs_more.contains(&spec.name) => {}
            Err(error) => wrong.push(format!("{}: {error:?}", spec.name)),
        }
    }
    assert!(wrong.is_empty(), "these requests are valid: {wrong:#?}");
    assert!(answered > 30, "most rows answer from the copy: {answered}");
    steward.close().await;
    let before = files(home.path());
    let steward = open_with(&home, secrets(), Engine::Offline).await;
    let mut runner = TestRunner::default();
    let changes = (any::<usize>(), any_json(), any_name());
    let (mut refused, mut taken) = (0, 0);
    for _ in 0..ROUNDS {
        for spec in TABLE {
            let (place, value, name) = changes.new_tree(&mut runner).expect("a change").current();
            let request = mutated(&valid(spec.name, &given), place, value, &name);
            match dispatch(&steward, spec.name, request.clone(), mode(spec.kind)).await {
                Ok(_) => taken += 1,
                Err(error) => {
                    let told = format!("{} {request}: {error:?}", spec.name);
                    assert_ne!(error.code, ErrorCode::Internal, "{told}");
                    assert!(!error.fields.is_empty() || error.code != ErrorCode::Invalid, "no field: {told}");
                    assert!(error.message.ends_with(['.', '?']), "no sentence: {told}");
                    refused += 1;
                }
            }
        }
    }
    assert!(taken > ROUNDS && refused > ROUNDS, "some are taken and some are not: {taken}, {refused}");
    steward.close().await;
    let after = files(home.path());
    let changed: Vec<_> = { before.iter() }
        .filter(|(path, bytes)| after.get(*path) != Some(*bytes))
        .map(|(path, _)| path)
        .collect();
    assert!(changed.is_empty() && after.len() == before.len(), "{changed:?}");
}

#[tokio::test]
async fn a_bad_value_is_named_by_its_field() {
    let home = tempfile::tempdir().expect("a folder");
    let steward = open(&home).await;
    let url = "postgresql://me@db.example.com/app";
    let cases = [
        ("overview_show", json!({ "range": "30x", "zone": "UTC" }), "range"),
        ("overview_show", json!({ "range": "30d", "zone": "Mars/Olympus" }), "zone"),
        ("overview_show", json!({ "range": "30d" }), "zone"),
        (
            "event_list",
            json!({ "period": { "start": "yesterday", "end": "2026-01-01T00:00:00Z" } }),
            "period.start",
        ),
        ("event_list", json!({ "period": { "start": "2026-01-01T00:00:00Z" } }), "period.end"),
        ("user_show", json!({ "user": 7 }), "user"),
        ("user_change_plan", json!({ "intent": "x", "users": [], "plan_code": "pro" }), "intent"),
        ("workspace_add", json!({ "name": "", "url": url }), "name"),
        ("workspace_add", json!({ "name": "a", "url": "http://db.example.com" }), "url"),
        ("workspace_add", json!({ "name": "a", "url": format!("{url}?sslmode=prefer") }), "url"),
        ("workspace_use", json!({ "workspace": "nowhere" }), "workspace"),
        ("settings_update", json!({ "zone": "Europe/Nowhere" }), "zone"),
        ("settings_update", json!({ "pull_seconds": 0 }), "pull_seconds"),
        ("settings_update", json!({ "theme": "sepia" }), "theme"),
        ("settings_update", json!({ "range": "soon" }), "range"),
    ];
    for (command, request, field) in cases {
        let error = dispatch(&steward, command, request.clone(), Mode::Run).await.expect_err("refused");
        let fields: Vec<_> = error.fields.iter().map(|found| found.field.as_str()).collect();
        assert!(fields.contains(&field), "{command} {request}: {field} is not among {fields:?}");
    }
    steward.close().await;
}

#[tokio::test]
async fn nothing_and_an_empty_object_are_the_same_request() {
    let home = tempfile::tempdir().expect("a folder");
    let steward = open(&home).await;
    for request in [Value::Null, json!({})] {
        for command in ["session_show", "settings_update"] {
            dispatch(&steward, command, request.clone(), Mode::Run).await.expect("answered");
        }
    }
    steward.close().await;
}
