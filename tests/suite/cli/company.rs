//! The command line on a company: the same numbers with the server gone, a change from preview to revert.

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::Value;
use steward_core::{Clock as _, SystemClock};
use steward_store::postgres::cluster::{Cluster, ClusterConfig};
use steward_store::postgres::{connect::connect, install};
use steward_tests::cluster::{TestDatabase, execute};
pub(super) use steward_tests::trouble::COMPANY;

use super::{answer, stderr_json, steward};

/// Every answer that comes from the copy.
const READS: [&[&str]; 15] = [
    &["overview", "--range", "30d"],
    &["usage", "--range", "30d", "--by", "feature", "--filter", "status!=error"],
    &["offenders", "--range", "30d"],
    &["users", "list"],
    &["users", "show", "user7@example.com"],
    &["plans", "list"],
    &["events", "list", "--range", "7d", "--where", "feature=chat"],
    &["audit", "list"],
    &["revenue", "--months", "3"],
    &["revenue", "movements"],
    &["revenue", "bridge", "--to", "profitwell"],
    &["revenue", "closed"],
    &["revenue", "forecast"],
    &["revenue", "what-if", "--churn", "2.5%"],
    &["revenue", "total"],
];

#[tokio::test]
async fn with_the_server_stopped_everything_is_still_answered_with_its_as_of() {
    let folder = tempfile::tempdir().expect("a folder");
    let cluster = Cluster::start(ClusterConfig {
        bin_dir: None,
        data_dir: folder.path().join("postgres"),
        durable: false,
        password: None,
    })
    .expect("a server of its own");
    let address = cluster.address("postgres");
    let mut owner = connect(&address, None).await.expect("connected");
    install::install(&mut owner, None).await.expect("installed");
    execute(&mut owner, COMPANY).await;
    execute(
        &mut owner,
        "insert into steward.subscriptions (user_id, plan_code, started_at, unit_amount_minor, currency)
         select id, 'pro', now() - interval '1 hour', 4400, 'JPY' from steward.users where email = 'user7@example.com'",
    )
    .await;
    drop(owner);

    let home = tempfile::tempdir().expect("a folder");
    let url = cluster.url(address.login(), cluster.password(), "postgres");
    answer(home.path(), &["workspace", "add", "acme", &url, "--environment", "development"]);
    answer(home.path(), &["sync"]);
    let verified = answer(home.path(), &["verify"]);
    assert_eq!(verified["data"]["is_clean"], true, "{verified}");
    let before: Vec<Value> = READS.iter().map(|words| answer(home.path(), words)).collect();
    assert_eq!(before[0]["data"]["totals"]["events"], 1000, "{}", before[0]);

    cluster.stop().expect("stopped");
    for (words, before) in READS.iter().zip(before) {
        let after = answer(home.path(), words);
        assert_eq!(after["data"], before["data"], "{words:?}: the same answer without a server");
        assert!(after["as_of"].is_string() && after["as_of"] == before["as_of"], "{words:?}");
    }
    let failed = steward(home.path(), &["sync", "--json"]);
    assert_eq!((stderr_json(&failed)["code"].as_str(), failed.status.code()), (Some("offline"), Some(7)));
    let too_old = steward(home.path(), &["overview", "--max-age", "0s", "--offline", "--json"]);
    assert_eq!(too_old.status.code(), Some(7), "the caller wants it fresher than it can be");
    let page = steward(home.path(), &["overview", "--range", "30d"]);
    let page = String::from_utf8_lossy(&page.stdout).into_owned();
    for part in ["Events", "1,000", "Activity", "Chat"] {
        assert!(page.contains(part), "{part} is on the page:\n{page}");
    }
    let page = steward(home.path(), &["revenue"]);
    let page = String::from_utf8_lossy(&page.stdout).into_owned();
    for part in ["Revenue", "4,400 JPY", "Quick ratio", "no losses.", "so far", "Price of the subscription"] {
        assert!(page.contains(part), "{part} is on the page:\n{page}");
    }
    let page = steward(home.path(), &["revenue", "movements", "--kind", "new"]);
    let page = String::from_utf8_lossy(&page.stdout).into_owned();
    assert!(page.contains("user7@example.com") && page.contains("1 customers, 4,400 JPY"), "{page}");
    let said = |words: &[&str]| {
        let output = steward(home.path(), words);
        assert!(output.status.success(), "{words:?}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8_lossy(&output.stdout).into_owned()
    };
    let forecast = said(&["revenue", "forecast"]);
    assert!(forecast.contains("No forecast. 0 of the 12 whole months"), "an hour is no history: {forecast}");
    assert!(said(&["revenue", "what-if"]).contains("No months ahead."), "nor is it an average");
    assert!(said(&["scenarios", "list"]).contains("No scenario is kept."));
    said(&["scenarios", "save", "leaky", "--churn", "5%"]);
    said(&[
        "scenarios",
        "save",
        "dear",
        "--price",
        "pro/month=3900",
        "--price",
        "pro/year=39000",
        "--grandfather",
        "pro",
    ]);
    let nobody = ["revenue", "what-if", "--price", "pro/month=1", "--grandfather", "team", "--json"];
    let refused = steward(home.path(), &nobody);
    assert!(stderr_json(&refused)["message"].as_str().is_some_and(|text| text.contains("`team`")));
    let kept = said(&["scenarios", "list"]);
    assert!(
        kept.contains("churn 5.0 %") && kept.contains("pro/year = 39000 minor units, existing kept"),
        "{kept}"
    );
    said(&["scenarios", "rename", "leaky", "Loud"]);
    assert!(said(&["revenue", "what-if", "--scenario", "loud"]).contains("4,400 JPY"));
    said(&["scenarios", "save", "calm", "--conversion", "0.3"]);
    assert!(said(&["scenarios", "compare", "loud", "calm"]).contains("First: Loud. Second: calm."));
    said(&["scenarios", "remove", "dear"]);
    let unknown = steward(home.path(), &["revenue", "what-if", "--scenario", "dear", "--json"]);
    assert_eq!((stderr_json(&unknown)["code"].as_str(), unknown.status.code()), (Some("not_found"), Some(3)));
    assert!(said(&["revenue", "total"]).contains("steward rates base USD"), "the next step is named");
    said(&["rates", "base", "USD"]);
    assert!(said(&["revenue", "total"]).contains("Not known: no rate for JPY."));
    said(&["rates", "set", "jpy", "0.0066", "--date", "2026-10-31", "--source", "the board"]);
    let total = said(&["revenue", "total"]);
    assert!(total.contains("29.04 USD") && total.contains("JPY 0.0066 of 2026-10-31 (the board)"), "{total}");
    assert!(said(&["rates", "remove", "JPY"]).contains("No rate is stated"));

    // A month is closed on this computer, and nothing is sent.
    let month = (SystemClock.now().date_naive() - chrono::Months::new(1)).format("%Y-%m").to_string();
    let refused = steward(home.path(), &["revenue", "close", &month, "--reason", "on a train", "--json"]);
    let error = stderr_json(&refused);
    assert_eq!((error["code"].as_str(), refused.status.code()), (Some("offline"), Some(7)));
    let way = format!("steward revenue close {month} --keep");
    assert!(error["detail"].as_str().is_some_and(|text| text.contains(&way)), "the way on is named: {error}");
    let shown = said(&["revenue", "close", &month, "--keep", "--dry-run"]);
    assert!(shown.contains("nothing was kept"), "{shown}");
    assert!(said(&["revenue", "closed"]).contains("No month is closed."));
    let kept = said(&["revenue", "close", &month, "--keep", "--reason", "on a train"]);
    assert!(kept.contains("not sent yet") && kept.contains(&format!("close {month} --kept")), "{kept}");
    let listed = said(&["revenue", "closed"]);
    assert!(listed.contains(&month) && listed.contains("on this computer, from the copy as of"), "{listed}");
    let report = said(&["report", "close", "--month", &month]);
    assert!(report.contains("not sent yet") && report.contains("reason: on a train"), "{report}");
    let out = home.path().join("close.pdf");
    said(&["report", "close", "--month", &month, "--pdf", out.to_str().expect("UTF-8")]);
    let text = std::process::Command::new("pdftotext").arg(&out).arg("-").output().expect("it runs");
    let text = String::from_utf8_lossy(&text.stdout).split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(text.contains("not sent to the server yet"), "the report says so: {text}");
    let unsent = steward(home.path(), &["revenue", "close", &month, "--kept", "--json"]);
    assert_eq!(stderr_json(&unsent)["code"], "offline", "sending needs the server");
    let unnamed = steward(home.path(), &["revenue", "drop", &month, "--json"]);
    assert_eq!(stderr_json(&unnamed)["code"], "read_only", "the month is typed");
    assert!(said(&["revenue", "drop", &month, "--confirm", &month]).contains("is gone"));
    assert!(said(&["revenue", "closed"]).contains("No month is closed."));
}

#[tokio::test]
async fn a_plan_is_changed_after_a_look_at_the_rows_and_taken_back() {
    let database = TestDatabase::new().await;
    execute(&mut database.connect_owner().await, COMPANY).await;
    let home = tempfile::tempdir().expect("a folder");
    let url = database.login_url("support");
    answer(home.path(), &["workspace", "add", "acme", &url, "--environment", "development"]);
    answer(home.path(), &["sync"]);
    let plans = answer(home.path(), &["plans", "list"]);
    let rows = plans["data"]["rows"].as_array().expect("plans");
    let target = rows.iter().map(|row| row["code"].as_str().expect("a code")).find(|code| *code != "free");
    let target = target.expect("another plan");
    let plan_of = |user: &str| {
        answer(home.path(), &["users", "show", user])["data"]["user"]["plan_code"].as_str().map(str::to_owned)
    };
    let change = ["users", "change-plan", "user1@example.com", "--plan", target];

    let looked = answer(home.path(), &[&change[..], &["--dry-run"]].concat());
    assert_eq!(looked["data"]["is_applied"], false);
    assert_eq!(plan_of("user1@example.com").as_deref(), Some("free"), "a dry run changes nothing");
    let unasked = steward(home.path(), &change);
    assert_eq!(unasked.status.code(), Some(5), "without a terminal nobody can be asked");
    assert!(
        String::from_utf8_lossy(&unasked.stderr).contains("plan_code free → "),
        "the rows are shown first"
    );

    let applied = answer(home.path(), &[&change[..], &["--yes", "--reason", "test"]].concat());
    assert_eq!(applied["data"]["rows"], looked["data"]["rows"], "what was shown is what happened");
    assert_eq!(plan_of("user1@example.com").as_deref(), Some(target), "the copy shows it at once");
    let operation = applied["data"]["intent"].as_str().expect("an operation's id");
    let entry = answer(home.path(), &["audit", "list", "--operation", operation])["data"]["rows"][0].clone();
    assert_eq!(entry["action"], "change_plan", "{entry}");
    // Between two days, or two instants; the day after has none.
    let log = |when: &[&str]| {
        answer(home.path(), &[&["audit", "list", "--tz", "UTC"][..], when].concat())["data"]["total"].clone()
    };
    let at: DateTime<Utc> = serde_json::from_value(entry["at"].clone()).expect("an instant");
    let day = |days| (at.date_naive() + TimeDelta::days(days)).to_string();
    let all = log(&[]);
    assert_eq!(log(&["--since", &day(-1), "--until", &day(1)]), all);
    assert_eq!(log(&["--since", &day(1)]), 0);
    assert_eq!(log(&["--until", &day(-1)]), 0);
    assert_eq!(log(&["--since", &(at + TimeDelta::seconds(1)).to_rfc3339()]), 0);
    let wrong = steward(home.path(), &["audit", "list", "--since", "yesterday"]);
    assert_eq!(wrong.status.code(), Some(2));

    // What is dangerous asks why; where nobody can be asked, the flag is named.
    let silent = steward(home.path(), &["users", "suspend", "user1@example.com", "--yes", "--json"]);
    let error = stderr_json(&silent);
    assert_eq!(
        (error["code"].as_str(), error["fields"][0]["field"].as_str()),
        (Some("invalid"), Some("reason"))
    );
    assert!(error["detail"].as_str().is_some_and(|text| text.contains("--reason")), "{error}");

    answer(home.path(), &["revert", operation, "--yes"]);
    assert_eq!(plan_of("user1@example.com").as_deref(), Some("free"));

    let bulk = ["users", "change-plan", "user2@example.com", "user3@example.com", "--plan", target];
    let bulk = [&bulk[..], &["--reason", "test", "--yes"]].concat();
    assert_eq!(steward(home.path(), &bulk).status.code(), Some(5), "--yes is no answer to a bulk change");
    answer(home.path(), &[&bulk[..], &["--confirm", "change 2 users"]].concat());
    assert_eq!(plan_of("user3@example.com").as_deref(), Some(target));

    let viewer = tempfile::tempdir().expect("a folder");
    let url = database.login_url("viewer");
    answer(viewer.path(), &["workspace", "add", "acme", &url, "--environment", "development"]);
    answer(viewer.path(), &["sync"]);
    let refused = steward(viewer.path(), &[&change[..], &["--yes", "--json"]].concat());
    assert_eq!(
        (stderr_json(&refused)["code"].as_str(), refused.status.code()),
        (Some("permission"), Some(5))
    );
}
