//! Reports: made of the copy without a server, the numbers of the answer to the digit, told to the audit log later.

use std::path::Path;
use std::process::Command;

use calamine::{DataType as _, Reader as _};
use chrono::{DateTime, Datelike as _, Months, NaiveDate, Utc};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use steward_core::{Clock as _, SystemClock};
use steward_report::figure;
use steward_tests::cluster::{TestDatabase, execute};

use super::{answer, stderr_json, steward};

/// The first day of the month so many before this one.
fn month(back: u32) -> NaiveDate {
    let today: DateTime<Utc> = SystemClock.now();
    today.date_naive().with_day(1).expect("a first day") - Months::new(back)
}

fn named(day: NaiveDate) -> String {
    day.format("%Y-%m").to_string()
}

/// Three currencies, a plan whose name a document could compute, one customer who left in the month before this one.
fn company() -> String {
    let (first, last) = (month(6), month(1));
    format!(
        "select steward.install_preset('credits');
         update steward.plans set name = '#eval(\"2+2\") *x* =1+1' where code = 'pro';
         insert into steward.users (id, email, plan_code)
             select ('0190b2a0-0000-7000-8000-' || lpad(n::text, 12, '0'))::uuid, 'user' || n || '@example.com', 'pro'
             from generate_series(1, 31) n;
         insert into steward.subscriptions (user_id, plan_code, started_at, unit_amount_minor, currency, billing_interval)
             select ('0190b2a0-0000-7000-8000-' || lpad(n::text, 12, '0'))::uuid, 'pro', '{first} 10:00+00',
                    100000 + n * 1017, (array['EUR', 'JPY', 'KWD'])[1 + n % 3], case when n % 2 = 0 then 'year' else 'month' end
             from generate_series(1, 24) n;
         insert into steward.subscriptions (user_id, plan_code, started_at, unit_amount_minor, currency)
             select ('0190b2a0-0000-7000-8000-' || lpad(n::text, 12, '0'))::uuid, 'pro', '{last} 10:00+00', 4711, 'EUR'
             from generate_series(25, 30) n;
         update steward.subscriptions set status = 'canceled', ended_at = '{last} 12:00+00'
             where user_id = '0190b2a0-0000-7000-8000-000000000003';"
    )
}

async fn finance(setup: &str) -> (TestDatabase, tempfile::TempDir) {
    let database = TestDatabase::new().await;
    execute(&mut database.connect_owner().await, setup).await;
    let home = tempfile::tempdir().expect("a folder");
    let url = database.login_url("finance");
    answer(home.path(), &["workspace", "add", "acme", &url, "--environment", "development"]);
    answer(home.path(), &["sync"]);
    (database, home)
}

fn text(path: &Path) -> String {
    let output = Command::new("pdftotext").args(["-layout"]).arg(path).arg("-").output();
    let output = output.expect("pdftotext (`cargo x setup test` installs it) runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8(output.stdout).expect("UTF-8").replace('\u{200b}', "");
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn manifest(path: &Path) -> Value {
    let text = std::fs::read(format!("{}.meta.json", path.display())).expect("a manifest lies beside it");
    serde_json::from_slice(&text).expect("JSON")
}

fn file(path: &Path) -> &str {
    path.to_str().expect("UTF-8")
}

#[tokio::test]
async fn the_report_of_a_month_is_made_when_the_server_is_gone_and_holds_every_figure() {
    let (database, home) = finance(&company()).await;
    drop(database);
    let out = tempfile::tempdir().expect("a folder");
    let (pdf, xlsx) = (out.path().join("revenue.pdf"), out.path().join("revenue.xlsx"));
    let wanted = named(month(1));
    let line = ["report", "revenue", "--month", &wanted, "--pdf", file(&pdf), "--xlsx", file(&xlsx)];
    let done = answer(home.path(), &line);
    assert_eq!(done["data"].as_array().map(Vec::len), Some(2), "{done}");
    assert_eq!(done["data"][0]["is_logged"], false, "nobody is there to be told");
    let report = answer(home.path(), &["report", "revenue", "--month", &wanted]);
    let text = text(&pdf);
    let currencies = report["data"]["currencies"].as_array().expect("currencies");
    assert_eq!(currencies.len(), 3);
    for answer in currencies {
        let code = answer["currency"].as_str().expect("a code");
        let shown = answer_of(home.path(), code, &wanted);
        assert_eq!(answer["months"], shown["months"], "{code}: the numbers of the view");
        for figure in answer["figures"].as_array().expect("figures") {
            if let Some(amount) = figure["amount_minor"].as_i64() {
                let words = format!("{} {code}", figure::minor(amount, code));
                assert!(text.contains(&words), "{}: {words} is not in\n{text}", figure["label"]);
            }
        }
        for row in answer["months"].as_array().expect("months") {
            for line in ["start_minor", "new_minor", "churn_minor", "end_minor"] {
                let words = figure::minor(row[line].as_i64().expect("a number"), code);
                assert!(text.contains(&words), "{line}: {words} is not in\n{text}");
            }
        }
    }
    assert!(text.contains("#eval(\"2+2\") *x* =1+1"), "a plan's name is text:\n{text}");

    let mut book: calamine::Xlsx<_> = calamine::open_workbook(&xlsx).expect("a workbook");
    let movements = book.worksheet_range("Movements").expect("a sheet");
    assert_eq!(movements.rows().count(), 1 + 3 * 12, "three currencies, twelve months");
    let expected: f64 = currencies[0]["months"][11]["end_minor"].as_f64().expect("a number");
    let code = currencies[0]["currency"].as_str().expect("a code");
    let digits = i32::try_from(steward_core::revenue::amount::exponent(code)).expect("few");
    let cell = movements.rows().nth(12).expect("the month")[8].as_f64().expect("a number");
    assert!((cell * 10_f64.powi(digits) - expected).abs() < 1e-6, "{cell} and {expected}");

    for path in [&pdf, &xlsx] {
        let manifest = manifest(path);
        let bytes = std::fs::read(path).expect("the file");
        assert_eq!(manifest["sha256"], hex::encode(Sha256::digest(&bytes)), "{}", path.display());
        assert_eq!(
            json!([manifest["source"]["request"]["report"], manifest["source"]["request"]["month"]]),
            json!(["revenue", wanted])
        );
        assert_eq!(manifest["as_of"], report["data"]["freshness"]["as_of"]);
    }
    assert_eq!(manifest(&pdf)["sheets"], pages(&pdf));
    let again = out.path().join("again.pdf");
    answer(home.path(), &["report", "revenue", "--month", &wanted, "--pdf", file(&again), "--offline"]);
    assert!(
        std::fs::read(&pdf).expect("the file") == std::fs::read(&again).expect("the file"),
        "the same copy gives the same bytes"
    );
}

fn answer_of(home: &Path, currency: &str, month: &str) -> Value {
    answer(home, &["revenue", "--month", month, "--currency", currency])["data"].clone()
}

fn pages(path: &Path) -> usize {
    let output = Command::new("pdfinfo").arg(path).output().expect("pdfinfo runs");
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let line = text.lines().find(|line| line.starts_with("Pages:")).expect("a count");
    line.trim_start_matches("Pages:").trim().parse().expect("a number")
}

#[tokio::test]
async fn a_close_is_reported_with_who_and_why_and_is_told_to_the_audit_log() {
    let (database, home) = finance(&company()).await;
    let out = tempfile::tempdir().expect("a folder");
    let path = out.path().join("close.pdf");
    let wanted = named(month(1));
    let refused =
        steward(home.path(), &["report", "close", "--month", &wanted, "--pdf", file(&path), "--json"]);
    let problem = stderr_json(&refused);
    assert_eq!(problem["fields"][0]["field"], "month");
    assert!(problem["message"].as_str().is_some_and(|words| words.contains("is not closed")), "{problem}");
    let close =
        ["revenue", "close", &wanted, "--reason", "Board pack; *final*", "--yes", "--confirm", &wanted];
    answer(home.path(), &close);
    // A sale of the closed month that is written down only now.
    let sale = format!(
        "insert into steward.subscriptions (user_id, plan_code, started_at, unit_amount_minor, currency)
         values ('0190b2a0-0000-7000-8000-000000000031', 'pro', '{} 20:00+00', 2500, 'EUR')",
        month(1)
    );
    execute(&mut database.connect_owner().await, &sale).await;
    answer(home.path(), &["sync"]);
    let done = answer(home.path(), &["report", "close", "--month", &wanted, "--pdf", file(&path)]);
    let text = text(&path);
    for words in ["Board pack; *final*", database.login("finance").login(), "Written down after", "+25.00"] {
        assert!(text.contains(words), "{words} is not in\n{text}");
    }
    let report = answer(home.path(), &["report", "close", "--month", &wanted]);
    for one in report["data"]["closed"]["adjustments"].as_array().expect("adjustments") {
        if one["is_count"] == false {
            let code = one["currency"].as_str().expect("a code");
            let words = figure::minor(one["now"].as_i64().expect("a number"), code);
            assert!(text.contains(&words), "{}: {words} is not in\n{text}", one["label"]);
        }
    }
    assert_eq!(done["data"][0]["is_logged"], true, "{done}");
    answer(home.path(), &["sync"]);
    let log = answer(home.path(), &["audit", "list", "--action", "export"]);
    let entry = &log["data"]["rows"][0]["after"];
    assert_eq!(entry["format"], "pdf", "{log}");
    assert_eq!(entry["sha256"], manifest(&path)["sha256"]);
}

#[tokio::test]
async fn what_cannot_be_reported_is_refused_with_what_to_do() {
    let (database, home) = finance(&company()).await;
    let out = tempfile::tempdir().expect("a folder");
    let free = out.path().join("new.pdf");
    let taken = out.path().join("taken.pdf");
    std::fs::write(&taken, "mine").expect("written");
    let wanted = named(month(1));
    let cases = [
        (vec!["report", "revenue", "--month", "2199-01", "--pdf", file(&free)], "month", "has not begun"),
        (
            vec!["report", "revenue", "--profile", "gaap", "--pdf", file(&free)],
            "profile",
            "stripe, chartmogul",
        ),
        (vec!["report", "revenue", "--month", &wanted, "--pdf", file(&taken)], "path", "there already"),
        (vec!["report", "revenue", "--pdf", "/nowhere/at/all.pdf"], "path", "does not exist"),
        (vec!["export", "users", "--format", "png", "--out", file(&free)], "format", "csv, xlsx, jsonl"),
    ];
    for (words, field, told) in cases {
        let refused = steward(home.path(), &[&words[..], &["--json"]].concat());
        let problem = stderr_json(&refused);
        assert_eq!(problem["fields"][0]["field"], field, "{words:?}: {problem}");
        assert!(problem["message"].as_str().is_some_and(|text| text.contains(told)), "{words:?}: {problem}");
    }
    assert!(!free.exists(), "nothing is left of what was refused");
    assert_eq!(std::fs::read_to_string(&taken).expect("it is there"), "mine");
    answer(home.path(), &["report", "revenue", "--month", &wanted, "--pdf", file(&taken), "--force"]);
    assert!(std::fs::read(&taken).expect("it is there").starts_with(b"%PDF"));
    let unknown = steward(home.path(), &["report", "revenue", "--month", "October"]);
    assert!(String::from_utf8_lossy(&unknown.stderr).contains("2026-10"), "how a month is written");

    // Nothing is reported before anything was read, and no revenue to who may not see it.
    let fresh = tempfile::tempdir().expect("a folder");
    let url = database.login_url("finance");
    answer(fresh.path(), &["workspace", "add", "acme", &url, "--environment", "development"]);
    let early = steward(fresh.path(), &["report", "revenue", "--offline", "--pdf", file(&free), "--json"]);
    assert_eq!(stderr_json(&early)["code"], "offline", "the first reading needs the server");
    let url = database.login_url("viewer");
    let viewer = tempfile::tempdir().expect("a folder");
    answer(viewer.path(), &["workspace", "add", "acme", &url, "--environment", "development"]);
    answer(viewer.path(), &["sync"]);
    for words in [
        vec!["report", "revenue", "--pdf", file(&free)],
        vec!["report", "close", "--month", &wanted, "--pdf", file(&free)],
    ] {
        let refused = steward(viewer.path(), &[&words[..], &["--json"]].concat());
        assert_eq!(stderr_json(&refused)["code"], "permission", "{words:?}");
    }
    assert!(!free.exists());
    answer(viewer.path(), &["report", "overview", "--range", "30d", "--pdf", file(&free)]);
    let text = text(&free);
    assert!(text.contains("Overview, 30d") && text.contains("No events in this range"), "{text}");
}

#[tokio::test]
async fn any_chart_becomes_a_picture_with_its_manifest() {
    let (_database, home) = finance(&company()).await;
    let out = tempfile::tempdir().expect("a folder");
    let request = json!({ "zone": "UTC", "month": named(month(1)), "currency": "EUR" }).to_string();
    for (words, name) in [
        (vec!["export", "overview", "activity", "--range", "30d"], "activity"),
        (vec!["export", "answer", "revenue_show", "/bridge_chart", "--request", &request], "bridge"),
        (vec!["export", "answer", "revenue_show", "/mrr_chart", "--request", &request], "mrr"),
    ] {
        for end in ["png", "svg"] {
            let path = out.path().join(format!("{name}.{end}"));
            answer(home.path(), &[&words[..], &["--out", file(&path)]].concat());
            let bytes = std::fs::read(&path).expect("the file");
            let begin: &[u8] = if end == "png" { b"\x89PNG" } else { b"<svg" };
            assert!(bytes.starts_with(begin), "{name}.{end}");
            let manifest = manifest(&path);
            assert_eq!(manifest["sha256"], hex::encode(Sha256::digest(&bytes)));
            assert_eq!(manifest["format"], end);
        }
    }
    let svg = std::fs::read_to_string(out.path().join("bridge.svg")).expect("the file");
    for word in ["MRR bridge", "Start", "Churn", "End"] {
        assert!(svg.contains(word), "{word} is text of the picture");
    }
    let table = ["export", "answer", "revenue_show", "/months", "--request", &request, "--format", "svg"];
    let refused = steward(home.path(), &[&table[..], &["--json"]].concat());
    assert_eq!(stderr_json(&refused)["fields"][0]["field"], "format", "a table is no picture");
}

#[tokio::test]
async fn a_month_that_was_kept_is_sent_with_the_figures_of_then() {
    let (database, home) = finance(&company()).await;
    let wanted = named(month(1));
    let close = ["revenue", "close", &wanted, "--tz", "UTC"];
    let kept = answer(home.path(), &[&close[..], &["--keep", "--offline", "--reason", "reported"]].concat());
    // Another price of the month that is closed, written down after it was.
    execute(
        &mut database.connect_owner().await,
        &format!(
            "insert into steward.subscriptions (user_id, plan_code, started_at, unit_amount_minor, currency)
             values ('0190b2a0-0000-7000-8000-000000000031', 'pro', '{} 10:00+00', 99999, 'EUR')",
            month(1)
        ),
    )
    .await;
    answer(home.path(), &["sync"]);
    let look = answer(home.path(), &[&close[..], &["--kept", "--dry-run"]].concat());
    assert_eq!(look["data"]["rows"][0]["after"]["figures"], kept["data"]["figures"]);
    let both = steward(home.path(), &[&close[..], &["--keep", "--kept"]].concat());
    assert_eq!(both.status.code(), Some(2), "keeping and sending are two things");
    answer(home.path(), &[&close[..], &["--kept", "--yes", "--confirm", &wanted]].concat());
    let listed = answer(home.path(), &["revenue", "closed"]);
    let months = listed["data"]["months"].as_array().expect("months");
    assert_eq!((months.len(), &months[0]["kept"]), (1, &Value::Null), "{listed}");
    assert_eq!(months[0]["figures"], kept["data"]["figures"], "what was reported");
    assert_ne!(months[0]["adjustments"], json!([]), "and what changed since");
    let again = steward(home.path(), &[&close[..], &["--kept", "--json"]].concat());
    assert_eq!(stderr_json(&again)["code"], "not_found");
}
