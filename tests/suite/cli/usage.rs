//! `usage`, `offenders`, `views`: the numbers, the statements, kept views, and what is refused.

use serde_json::{Value, json};
use steward_tests::cluster::{TestDatabase, execute};

use super::company::COMPANY;
use super::{answer, stderr_json, steward};

#[tokio::test]
async fn a_view_is_kept_and_answers_as_its_flags_do() {
    let database = TestDatabase::new().await;
    execute(&mut database.connect_owner().await, COMPANY).await;
    let folder = tempfile::tempdir().expect("a folder");
    let home = folder.path();
    let url = database.login_url("viewer");
    answer(home, &["workspace", "add", "acme", &url, "--environment", "development"]);
    answer(home, &["sync"]);

    let flags = ["--by", "status", "--measure", "events", "--bucket", "week", "--filter", "feature=chat"];
    let told = answer(home, &[&["usage", "--range", "60d"][..], &flags].concat());
    let totals = &told["data"]["totals"];
    let rows = answer(home, &["events", "list", "--range", "60d", "--where", "feature=chat", "--limit", "1"]);
    assert_eq!(totals["events"], rows["data"]["total"], "the number is that of its rows");
    assert_eq!(told["data"]["is_complete"], true);
    let by_status: Vec<(&str, u64)> = told["data"]["breakdown"]
        .as_array()
        .expect("groups")
        .iter()
        .map(|group| (group["value"].as_str().expect("a status"), group["events"].as_u64().expect("a count")))
        .collect();
    assert_eq!(
        by_status.iter().map(|group| group.1).sum::<u64>(),
        totals["events"].as_u64().expect("a count")
    );

    let kept = answer(home, &[&["views", "save", "Chats", "--range", "60d"][..], &flags].concat());
    assert_eq!(kept["data"]["views"][0]["search"]["filters"], json!([{"field": "feature", "value": "chat"}]));
    let viewed = answer(home, &["usage", "--view", "chats"]);
    assert_eq!(viewed["data"]["steps"], told["data"]["steps"], "a kept view asks the same");
    let again = answer(home, &["views", "save", "CHATS", "--by", "model"]);
    assert_eq!(again["data"]["views"].as_array().map(Vec::len), Some(1), "a name is kept once, in any case");
    assert_eq!(answer(home, &["views", "remove", "Chats"])["data"]["views"], json!([]));
    let gone = steward(home, &["usage", "--view", "Chats", "--json"]);
    assert_eq!((stderr_json(&gone)["code"].as_str(), gone.status.code()), (Some("not_found"), Some(3)));

    let page = steward(home, &["usage", "--range", "60d", "--preset", "assistant"]);
    let page = String::from_utf8_lossy(&page.stdout).into_owned();
    for part in ["Chats", "File uploads", "Most used tool", "Average response time"] {
        assert!(page.contains(part), "{part} is on the page:\n{page}");
    }
    let sql = steward(home, &["usage", "--sql", "--filter", "feature=it's"]);
    let sql = String::from_utf8_lossy(&sql.stdout).into_owned();
    assert!(sql.contains("and feature in ('it''s')"), "values are quoted:\n{sql}");
    let offenders = answer(home, &["offenders", "--kind", "error_heavy"]);
    let kinds: Vec<&Value> =
        offenders["data"]["sections"].as_array().expect("sections").iter().map(|one| &one["kind"]).collect();
    assert_eq!(kinds, ["error_heavy"]);

    for (words, code) in [
        (&["usage", "--filter", "colour=red"][..], 2),
        (&["usage", "--filter", "feature"], 2),
        (&["usage", "--filter", "user=nobody"], 2),
        (&["usage", "--by", "colour"], 2),
        (&["usage", "--measure", "luck"], 2),
        (&["usage", "--bucket", "hour", "--range", "365d"], 2),
        (&["usage", "--tz", "Mars/Base"], 2),
        (&["events", "list", "--hour", "9"], 2),
        (&["events", "list", "--hour", "8:0"], 2),
        (&["offenders", "--kind", "late"], 2),
        (&["views", "save", " "], 2),
        (&["views", "remove", "nothing"], 3),
    ] {
        let output = steward(home, words);
        let problem = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(code), "{words:?}: {problem}");
        assert!(output.stdout.is_empty() && !problem.contains("panicked"), "{words:?}: {problem}");
    }
}
