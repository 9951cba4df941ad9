//! Requests: whatever arrives, the answer is an error with a field, never a panic.

use proptest::prelude::*;
use serde_json::{Map, Value, json};
use steward_app::table::TABLE;
use steward_app::{Mode, dispatch};
use steward_core::ErrorCode;

use super::open;

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
        let name = prop_oneof![
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
        ];
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::vec((name, inner), 0..8)
                .prop_map(|fields| Value::from(fields.into_iter().collect::<Map<_, _>>())),
        ]
    })
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
