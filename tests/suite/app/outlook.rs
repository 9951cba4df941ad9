//! What lies ahead: the forecast, what is supposed, and totals at stated rates, from the copy to the answer.

use chrono::{Datelike as _, Months};
use serde_json::{Value, json};
use steward_app::Steward;
use steward_core::{Clock as _, ErrorCode, SystemClock};
use steward_tests::cluster::TestDatabase;

use super::{code, open, run};

fn whole(row: &Value, field: &str) -> i64 {
    row[field].as_i64().unwrap_or_else(|| panic!("{field} is a whole number in {row}"))
}

fn list<'a>(answer: &'a Value, field: &str) -> &'a Vec<Value> {
    answer[field].as_array().unwrap_or_else(|| panic!("{field} is a list"))
}

async fn ask(steward: &Steward, command: &str, request: Value) -> Value {
    run(steward, command, request).await.unwrap_or_else(|error| panic!("{command}: {error:?}"))
}

/// The sample company, synchronised.
async fn sample(database: &TestDatabase, home: &tempfile::TempDir) -> Steward {
    let steward = open(home).await;
    ask(&steward, "sample_open", json!({ "database_url": database.owner_url() })).await;
    ask(&steward, "sync_run", Value::Null).await;
    steward
}

#[tokio::test(flavor = "multi_thread")]
async fn the_forecast_starts_from_whole_months_and_tells_how_wrong_it_was() {
    let database = TestDatabase::new().await;
    let home = tempfile::tempdir().expect("a folder");
    let steward = sample(&database, &home).await;
    let last = SystemClock.now().date_naive().with_day(1).expect("a first day") - Months::new(1);
    let revenue = ask(&steward, "revenue_show", json!({ "zone": "UTC", "months": 60 })).await;
    let (mut made, mut refused) = (0, 0);
    for profile in ["stripe", "chartmogul", "profitwell"] {
        for row in list(&revenue, "currencies") {
            let request = json!({ "zone": "UTC", "profile": profile, "currency": row["currency"] });
            let answer = ask(&steward, "revenue_forecast", request.clone()).await;
            let inputs = whole(&answer, "inputs");
            if inputs < 12 {
                assert!(
                    list(&answer, "months").is_empty() && answer["chart"].is_null(),
                    "no line is made up"
                );
                assert!(answer["without"].as_str().is_some_and(|why| why.contains("of the 12")), "{answer}");
                refused += 1;
                continue;
            }
            made += 1;
            assert_eq!(answer["last"], last.format("%Y-%m").to_string(), "the running month is no input");
            let months = list(&answer, "months");
            assert_eq!(months.len(), 12);
            for month in months {
                let bounds = ["low_95_minor", "low_80_minor", "mrr_minor", "high_80_minor", "high_95_minor"]
                    .map(|field| whole(month, field));
                assert!(bounds.is_sorted() && bounds[0] >= 0, "{month}");
            }
            let mut shown = request;
            shown["months"] = json!(2);
            shown["month"] = answer["last"].clone();
            let shown = ask(&steward, "revenue_show", shown).await;
            let end = whole(list(&shown, "months").last().expect("a month"), "end_minor");
            let chart = &answer["chart"];
            assert_eq!(chart["kind"], "fan");
            let came: Vec<f64> =
                list(&chart["series"][0], "values").iter().filter_map(Value::as_f64).collect();
            let scale = 10_f64.powi(i32::try_from(whole(&answer, "exponent")).expect("few"));
            assert!(
                (came.last().expect("an end") * scale - end as f64).abs() <= 0.5,
                "the line ends where the revenue view does: {came:?}, {end}"
            );
            assert_eq!(list(chart, "series").len(), 6, "what came, what is expected, two bands");
            let steps = list(chart, "steps").len();
            assert!(list(chart, "series").iter().all(|series| list(series, "values").len() == steps));
            // The errors are told beside the naive ones, and decide which of the two is shown.
            let errors = list(&answer, "errors");
            assert_eq!(errors[0]["months_ahead"], 1, "{answer}");
            let verdict = answer["verdict"].as_str().expect("a sentence");
            assert_eq!(answer["is_naive"] == true, verdict.contains("not better"), "{verdict}");
            if answer["is_naive"] == true {
                assert!(months.iter().all(|month| (whole(month, "mrr_minor") - end).abs() <= 1), "{answer}");
            }
        }
    }
    assert!(made > 0, "the sample has currencies with a year behind them: {made}, {refused}");
    let nobody = run(&steward, "revenue_forecast", json!({ "zone": "UTC", "currency": "XXX" })).await;
    assert_eq!(code(nobody), ErrorCode::Invalid);
    steward.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_supposed_price_says_what_the_edit_sheet_says_and_names_everybody() {
    let database = TestDatabase::new().await;
    let home = tempfile::tempdir().expect("a folder");
    let steward = sample(&database, &home).await;
    let plans = ask(&steward, "plan_list", Value::Null).await;
    let mut touched = 0;
    for plan in list(&plans, "rows").iter().filter(|plan| whole_or(plan, "price_month_minor") > 0) {
        let (month, year) = (whole(plan, "price_month_minor") + 1_001, plan["price_year_minor"].clone());
        let effect = ask(
            &steward,
            "plan_effect",
            json!({ "plan": plan["code"], "price_month_minor": month, "price_year_minor": year }),
        )
        .await;
        let price = json!({ "plan": plan["code"], "price_month_minor": month });
        let request = json!({
            "zone": "UTC", "currency": plan["currency"], "assumptions": { "prices": [price] }, "rows": 100_000,
        });
        let answer = ask(&steward, "revenue_what_if", request.clone()).await;
        let told = &answer["prices"][0];
        assert_eq!(
            json!([
                told["customers"],
                told["untouched_customers"],
                told["before_minor"],
                told["after_minor"]
            ]),
            json!([
                effect["customers"],
                effect["untouched_customers"],
                effect["mrr_minor"],
                effect["mrr_after_minor"]
            ]),
            "one computation, two places"
        );
        let rows = list(&answer, "customers");
        assert_eq!(rows.len() as i64, whole(&answer, "customer_count"), "all of them were asked for");
        let sum: i64 = rows.iter().map(|row| whole(row, "difference_minor")).sum();
        assert_eq!(
            sum,
            whole(&answer, "mrr_after_minor") - whole(&answer, "mrr_minor"),
            "{}: the customers are the difference, to the cent",
            plan["code"]
        );
        touched += rows.len();
        if let Some(row) = rows.first() {
            assert!(row["name"].as_str().is_some_and(|name| !name.is_empty()), "{row}");
        }
        let mut kept = request;
        kept["assumptions"]["prices"][0]["keeps_existing"] = json!(true);
        let kept = ask(&steward, "revenue_what_if", kept).await;
        assert_eq!((&kept["mrr_after_minor"], &kept["customer_count"]), (&kept["mrr_minor"], &json!(0)));
    }
    assert!(touched > 0, "somebody in the sample is on a list price");

    let as_it_was = ask(&steward, "revenue_what_if", json!({ "zone": "UTC" })).await;
    assert!(list(&as_it_was, "months").iter().all(|month| whole(month, "difference_minor") == 0));
    let sources: Vec<&str> =
        list(&as_it_was, "assumptions").iter().filter_map(|one| one["source"].as_str()).collect();
    assert!(sources.len() == 7 && sources.iter().all(|source| !source.is_empty()), "{sources:?}");
    let more = json!({ "zone": "UTC", "assumptions": { "churn_times": 3 } });
    let more = ask(&steward, "revenue_what_if", more).await;
    assert!(whole(list(&more, "months").last().expect("a year"), "difference_minor") < 0, "{more}");
    for (assumptions, field) in [
        (json!({ "churn": 1.5 }), "churn"),
        (json!({ "conversion": -0.1 }), "conversion"),
        (json!({ "churn": 0.1, "churn_times": 2 }), "churn_times"),
        (json!({ "prices": [{ "plan": "nothing", "price_month_minor": 1 }] }), "prices"),
        (json!({ "prices": [{ "plan": "pro", "price_month_minor": -1 }] }), "price"),
    ] {
        let request = json!({ "zone": "UTC", "assumptions": assumptions });
        let error = run(&steward, "revenue_what_if", request).await.expect_err("nobody can mean it");
        assert_eq!(error.fields[0].field, field);
    }
    // Seats stand beside customers: nobody has fewer than one.
    let revenue = ask(&steward, "revenue_show", json!({ "zone": "UTC" })).await;
    let history = list(&revenue, "plan_history");
    assert!(history.iter().all(|row| whole(row, "seats") >= whole(row, "customers")), "{history:?}");
    assert!(history.iter().any(|row| whole(row, "seats") > whole(row, "customers")), "the sample has teams");
    steward.close().await;
}

fn whole_or(row: &Value, field: &str) -> i64 {
    row[field].as_i64().unwrap_or_default()
}

#[tokio::test(flavor = "multi_thread")]
async fn scenarios_hold_assumptions_and_never_results() {
    let database = TestDatabase::new().await;
    let home = tempfile::tempdir().expect("a folder");
    let steward = sample(&database, &home).await;
    let one = json!({
        "name": " Dearer ", "currency": "usd",
        "assumptions": { "prices": [{ "plan": "pro", "price_month_minor": 10_900, "keeps_existing": true }] },
    });
    ask(&steward, "scenario_save", one).await;
    ask(&steward, "scenario_save", json!({ "name": "Leaky", "assumptions": { "churn_times": 1.5 } })).await;
    let replaced = json!({ "name": "leaky", "assumptions": { "churn": 0.08 } });
    let kept = ask(&steward, "scenario_save", replaced).await;
    assert_eq!(
        kept["scenarios"],
        json!([
            {
                "name": "Dearer", "profile": null, "currency": "USD",
                "assumptions": {
                    "prices": [{ "plan": "pro", "price_month_minor": 10_900, "price_year_minor": null, "keeps_existing": true }],
                    "churn": null, "churn_times": null, "conversion": null,
                },
            },
            {
                "name": "leaky", "profile": null, "currency": null,
                "assumptions": { "prices": [], "churn": 0.08, "churn_times": null, "conversion": null },
            },
        ]),
        "what was said, and nothing that came out of it"
    );
    let refused = run(&steward, "scenario_rename", json!({ "name": "Dearer", "to": "LEAKY" })).await;
    assert_eq!(code(refused), ErrorCode::Invalid, "the other one is not written over");
    ask(&steward, "scenario_rename", json!({ "name": "dearer", "to": "Dear" })).await;
    let left = ask(&steward, "scenario_remove", json!({ "name": "leaky" })).await;
    assert_eq!(
        (left["scenarios"].as_array().map(Vec::len), &left["scenarios"][0]["name"]),
        (Some(1), &json!("Dear"))
    );
    let gone = run(&steward, "scenario_remove", json!({ "name": "leaky" })).await;
    assert_eq!(code(gone), ErrorCode::NotFound);
    for (scenario, field) in [
        (json!({ "name": " ", "assumptions": {} }), "name"),
        (json!({ "name": "x".repeat(81), "assumptions": {} }), "name"),
        (json!({ "name": "a", "assumptions": { "churn": 2 } }), "churn"),
        (json!({ "name": "a", "profile": "gaap", "assumptions": {} }), "profile"),
        (json!({ "name": "a", "currency": "euro", "assumptions": {} }), "currency"),
    ] {
        let error = run(&steward, "scenario_save", scenario).await.expect_err("it is refused");
        assert_eq!(error.fields[0].field, field);
    }
    let result = run(&steward, "scenario_save", json!({ "name": "a", "assumptions": { "mrr": 1 } })).await;
    assert_eq!(code(result), ErrorCode::Invalid, "a result is no assumption");
    steward.close().await;
    // Another process finds what this one kept.
    let again = open(&home).await;
    let list = ask(&again, "scenario_list", Value::Null).await;
    assert_eq!(list["scenarios"][0]["name"], "Dear");
    again.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_total_is_whole_at_stated_rates_or_not_known() {
    let database = TestDatabase::new().await;
    let home = tempfile::tempdir().expect("a folder");
    let steward = sample(&database, &home).await;
    let request = json!({ "zone": "UTC", "months": 12 });
    let none = ask(&steward, "revenue_total", request.clone()).await;
    assert_eq!((&none["base"], &none["mrr_minor"]), (&Value::Null, &Value::Null));
    let early = json!({ "currency": "EUR", "rate": "1.1", "date": "2026-10-31" });
    assert_eq!(code(run(&steward, "rate_set", early).await), ErrorCode::Invalid, "worth what?");
    ask(&steward, "rate_base", json!({ "base": "usd" })).await;
    let missing = ask(&steward, "revenue_total", request.clone()).await;
    assert!(
        missing["mrr_minor"].is_null()
            && missing["without"].as_str().is_some_and(|why| why.starts_with("Not known: no rate for")),
        "{missing}"
    );
    let parts = list(&missing, "parts").clone();
    assert!(parts.len() > 2, "the sample is paid in several currencies");
    // One euro cent is one dollar cent and so on: sums of minor units, where the digits agree.
    for part in parts.iter().filter(|part| part["currency"] != "USD") {
        let digits = steward_core::revenue::amount::exponent(part["currency"].as_str().expect("a code"));
        let rate = match digits {
            0 => "0.01",
            2 => "1",
            _ => "10",
        };
        let stated = json!({ "currency": part["currency"], "rate": rate, "date": "2026-10-31", "source": "the board" });
        ask(&steward, "rate_set", stated).await;
    }
    let total = ask(&steward, "revenue_total", request).await;
    let sum: i64 = list(&total, "parts").iter().map(|part| whole(part, "mrr_minor")).sum();
    let shown = whole(&total, "mrr_minor");
    assert!((shown - sum).abs() <= parts.len() as i64, "{shown} is {sum} but for the rounding of each part");
    assert!(total["told"].as_str().is_some_and(|told| told.contains("2026-10-31 (the board)")), "{total}");
    let mut balance = whole(&total["months"][0], "start_minor");
    for month in list(&total, "months") {
        assert_eq!(whole(month, "start_minor"), balance, "{month}: it goes on where it was");
        balance += ["new_minor", "reactivation_minor", "expansion_minor", "contraction_minor", "churn_minor"]
            .iter()
            .map(|field| whole(month, field))
            .sum::<i64>();
        assert_eq!(balance, whole(month, "end_minor"));
    }
    let code_of = part_code(&parts);
    ask(&steward, "rate_remove", json!({ "currency": code_of })).await;
    let again = ask(&steward, "revenue_total", json!({ "zone": "UTC" })).await;
    assert_eq!(again["without"], format!("Not known: no rate for {code_of}."), "never a part of it");
    let kept = ask(&steward, "rate_list", Value::Null).await;
    assert!(kept["rates"].as_array().is_some_and(|rates| !rates.is_empty()), "{kept}");
    // Another base has no rates yet: those of the first were not its own.
    let other = ask(&steward, "rate_base", json!({ "base": "EUR" })).await;
    assert_eq!(other, json!({ "base": "EUR", "rates": [] }));
    ask(&steward, "rate_base", json!({ "base": null })).await;
    let back = ask(&steward, "rate_base", json!({ "base": "USD" })).await;
    assert_eq!(back["rates"], kept["rates"], "a look at another base loses none");
    ask(&steward, "rate_base", json!({ "base": "EUR" })).await;
    for (rate, field) in [
        (json!({ "currency": "EUR", "rate": "1", "date": "2026-10-31" }), "currency"),
        (json!({ "currency": "USD", "rate": "0", "date": "2026-10-31" }), "rate"),
        (json!({ "currency": "USD", "rate": "1", "date": "2199-01-01" }), "date"),
        (json!({ "currency": "dollar", "rate": "1", "date": "2026-10-31" }), "currency"),
    ] {
        let error = run(&steward, "rate_set", rate).await.expect_err("it is refused");
        assert_eq!(error.fields[0].field, field);
    }
    steward.close().await;
}

fn part_code(parts: &[Value]) -> String {
    let found = parts.iter().find(|part| part["currency"] != "USD").expect("another currency");
    found["currency"].as_str().expect("a code").to_owned()
}
