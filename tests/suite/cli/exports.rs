//! Exports: the whole result and nothing else, whole files or none, and the audit log told of each.

use std::path::Path;

use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use steward_tests::cluster::{TestDatabase, execute};
use steward_tests::file_system::FileSystem;

use super::machine::MANY;
use super::{answer, stderr_json, steward};

/// Twenty users, some of whose names a spreadsheet would compute, and a thousand events.
const COMPANY: &str = "
    select steward.install_preset('credits');
    insert into steward.users (id, email, name, plan_code, created_at)
        select ('0190b2a0-0000-7000-8000-' || lpad(n::text, 12, '0'))::uuid, 'user' || n || '@example.com',
               (array['=HYPERLINK(\"http://x\")', '+1', '-2', '@sum', 'Ädä, \"the\" first'])[1 + n % 5], 'free',
               timestamptz '2026-07-01 12:00:00.5+00'
        from generate_series(1, 20) n;
    insert into steward.usage_events (user_id, occurred_at, event_key, event_type, feature, plan_code, status, cost)
        select ('0190b2a0-0000-7000-8000-' || lpad((1 + n % 20)::text, 12, '0'))::uuid,
               now() - n * interval '37 minutes', gen_random_uuid(), 'request',
               (array['chat', 'search', 'export'])[1 + n % 3], 'free', 'success',
               case when n % 2 = 0 then 0.000000001 end
        from generate_series(1, 1000) n;";

async fn company(setup: &str, role: &str) -> (TestDatabase, tempfile::TempDir) {
    let database = TestDatabase::new().await;
    execute(&mut database.connect_owner().await, setup).await;
    let home = tempfile::tempdir().expect("a folder");
    let url = database.login_url(role);
    answer(home.path(), &["workspace", "add", "acme", &url, "--environment", "development"]);
    answer(home.path(), &["sync"]);
    (database, home)
}

fn names(folder: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(folder).expect("a folder");
    let mut names: Vec<String> =
        entries.map(|entry| entry.expect("an entry").file_name().to_string_lossy().into_owned()).collect();
    names.sort();
    names
}

fn manifest(path: &Path) -> Value {
    let text = std::fs::read(format!("{}.meta.json", path.display())).expect("a manifest lies beside it");
    serde_json::from_slice(&text).expect("JSON")
}

#[tokio::test]
async fn a_file_has_every_row_that_matches_and_says_what_it_is() {
    let (database, home) = company(COMPANY, "viewer").await;
    let out = tempfile::tempdir().expect("a folder");
    let path = out.path().join("events.csv");
    let file = path.to_str().expect("UTF-8");
    let words = [
        "export",
        "events",
        "--range",
        "365d",
        "--where",
        "feature=chat",
        "--out",
        file,
        "--tz",
        "Asia/Kathmandu",
    ];
    let looked = answer(home.path(), &[&words[..], &["--dry-run"]].concat());
    assert!(names(out.path()).is_empty(), "a dry run writes nothing");
    let done = answer(home.path(), &words);
    let rows = looked["data"]["rows"].as_u64().expect("a count");
    assert_eq!((rows, done["data"]["rows"].as_u64()), (333, Some(333)), "counted first, and as many written");

    let text = std::fs::read_to_string(&path).expect("the file is there");
    let lines: Vec<&str> = text.split_terminator("\r\n").collect();
    assert_eq!(lines.len(), 334, "one heading");
    assert!(lines[0].starts_with("occurred_at,user_id,email,"), "{}", lines[0]);
    assert!(
        lines[1..].iter().all(|line| line.contains("+05:45,") && line.contains(",chat,")),
        "{}",
        lines[1]
    );
    assert!(text.contains(",0.000000001,"), "exact costs");
    let shown = answer(
        home.path(),
        &["events", "list", "--range", "365d", "--where", "feature=chat", "--limit", "1"],
    );
    assert_eq!(shown["data"]["total"], 333, "the number of the list");

    let manifest = manifest(&path);
    assert_eq!(manifest["sha256"], hex::encode(Sha256::digest(text.as_bytes())));
    assert_eq!(manifest["bytes"], text.len());
    assert_eq!(
        json!([manifest["rows"], manifest["zone"], manifest["filter"], manifest["file"], manifest["login"]]),
        json!([333, "Asia/Kathmandu", ["feature is chat"], "events.csv", database.login("viewer").login()])
    );
    assert!(manifest["as_of"].is_string() && manifest["period"]["start"].is_string(), "{manifest}");
    assert_eq!(names(out.path()), ["events.csv", "events.csv.meta.json"]);
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        let mode = std::fs::metadata(&path).expect("it is there").permissions().mode() & 0o777;
        assert_eq!(mode, 0o600, "closed to other people of this computer");
    }
    answer(home.path(), &["sync"]);
    let log = answer(home.path(), &["audit", "list"]);
    let entry = &log["data"]["rows"][0];
    assert_eq!(json!([entry["action"], entry["table"]]), json!(["export", "exports"]), "{entry}");
    assert_eq!(entry["after"]["sha256"], manifest["sha256"], "a file that turns up can be told from the log");
    let known = answer(home.path(), &["export", "list"]);
    assert_eq!(known["data"]["rows"][0]["is_logged"], true, "{known}");
}

#[tokio::test]
async fn no_spreadsheet_computes_what_a_customer_wrote() {
    let (_database, home) = company(COMPANY, "viewer").await;
    let out = tempfile::tempdir().expect("a folder");
    let path = out.path().join("users.csv");
    let file = path.to_str().expect("UTF-8");
    answer(home.path(), &["export", "users", "--out", file, "--bom", "--formatted", "--tz", "Europe/Berlin"]);
    let text = std::fs::read_to_string(&path).expect("the file");
    assert!(text.starts_with("\u{feff}User id,E-mail,Name,"), "{text}");
    assert!(text.contains("Created (Europe/Berlin)") && text.contains(",2026-07-01 14:00:00\r\n"), "{text}");
    for harmless in
        ["'+1,", "'-2,", "'@sum,", "\"'=HYPERLINK(\"\"http://x\"\")\"", "\"Ädä, \"\"the\"\" first\""]
    {
        assert!(text.contains(harmless), "{harmless} in\n{text}");
    }
    assert_eq!(manifest(&path)["neutralised_cells"], 16, "every one is counted");

    let path = out.path().join("users.jsonl");
    answer(home.path(), &["export", "users", "--plan", "free", "--out", path.to_str().expect("UTF-8")]);
    let text = std::fs::read_to_string(&path).expect("the file");
    let rows: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    assert_eq!(rows.len(), 20);
    assert_eq!(rows[0]["name"].as_str().map(|name| name.starts_with('\'')), Some(false), "text as it is");
    assert_eq!(
        json!([rows[0]["last_seen_at"], rows[0]["created_at"]]),
        json!([null, "2026-07-01T12:00:00.500+00:00"]),
        "unknown is null"
    );
}

#[tokio::test]
async fn the_table_of_a_card_is_the_numbers_of_the_card() {
    let (_database, home) = company(COMPANY, "viewer").await;
    let out = tempfile::tempdir().expect("a folder");
    let overview = answer(home.path(), &["overview", "--range", "30d"]);
    for (part, rows) in
        [("features", &overview["data"]["by_feature"]), ("top-users", &overview["data"]["top_users"])]
    {
        let path = out.path().join(format!("{part}.jsonl"));
        answer(
            home.path(),
            &["export", "overview", part, "--range", "30d", "--out", path.to_str().expect("UTF-8")],
        );
        let text = std::fs::read_to_string(&path).expect("the file");
        let written: Vec<Value> =
            text.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
        let expected = rows.as_array().expect("rows");
        assert_eq!(written.len(), expected.len());
        for (written, expected) in written.iter().zip(expected) {
            assert_eq!(written["events"], expected["events"], "{part}");
        }
    }
    let path = out.path().join("activity.csv");
    let words = ["export", "overview", "activity", "--range", "30d", "--out", path.to_str().expect("UTF-8")];
    answer(home.path(), &words);
    let text = std::fs::read_to_string(&path).expect("the file");
    assert_eq!(text.lines().count(), 31, "a heading and a row a day:\n{text}");
    let refused = steward(home.path(), &["export", "answer", "user_suspend", "/rows", "--json"]);
    assert_eq!(stderr_json(&refused)["code"], "invalid", "what changes something has no rows");
}

#[tokio::test]
async fn an_export_made_offline_is_told_at_the_next_connection() {
    let (database, home) = company(COMPANY, "viewer").await;
    let out = tempfile::tempdir().expect("a folder");
    let path = out.path().join("plans.csv");
    let done = answer(home.path(), &["export", "plans", "--out", path.to_str().expect("UTF-8"), "--offline"]);
    assert_eq!(done["data"]["is_logged"], false);
    let count = "select count(*) from steward.exports";
    let mut owner = database.connect_owner().await;
    let told =
        async |owner: &mut _| -> i64 { sqlx::query_scalar(count).fetch_one(owner).await.expect("a count") };
    assert_eq!(told(&mut owner).await, 0);
    // A change of the server, so that the sync has something to commit.
    execute(&mut owner, "update steward.users set name = 'Ada' where email = 'user1@example.com'").await;
    answer(home.path(), &["sync"]);
    assert_eq!(told(&mut owner).await, 1);
    answer(home.path(), &["sync"]);
    assert_eq!(told(&mut owner).await, 1, "once");
    assert_eq!(answer(home.path(), &["export", "list"])["data"]["rows"][0]["is_logged"], true);
}

#[tokio::test]
async fn what_cannot_be_written_leaves_nothing() {
    let (_database, home) = company(MANY, "viewer").await;
    let out = tempfile::tempdir().expect("a folder");
    let file = |name: &str| out.path().join(name).to_str().expect("UTF-8").to_owned();
    std::fs::write(out.path().join("taken.csv"), "mine").expect("written");
    let cases = [
        (vec!["export", "users", "--out", "/nowhere/at/all/users.csv"], "invalid"),
        (vec!["export", "users", "--out", "/tmp"], "invalid"),
        (vec!["export", "events", "--where", "nothing=1"], "invalid"),
        (vec!["export", "answer", "plan_list", "/nothing"], "invalid"),
    ];
    for (words, code) in cases {
        let refused = steward(home.path(), &[&words[..], &["--json"]].concat());
        assert_eq!(stderr_json(&refused)["code"], code, "{words:?}");
    }
    let taken = file("taken.csv");
    let refused = steward(home.path(), &["export", "users", "--out", &taken, "--json"]);
    assert_eq!(stderr_json(&refused)["fields"][0]["field"], "path");
    assert_eq!(std::fs::read_to_string(&taken).expect("it is there"), "mine");
    answer(home.path(), &["export", "users", "--out", &taken, "--force"]);
    assert_eq!(std::fs::read_to_string(&taken).expect("it is there").lines().count(), 2001);

    // A disk of three megabytes, and ten megabytes of rows.
    for name in ["full.csv", "full.xlsx", "full.jsonl"] {
        let disk = tempfile::tempdir().expect("a folder");
        let path = disk.path().join(name).to_str().expect("UTF-8").to_owned();
        let mut command = FileSystem::Small.command(disk.path(), "sh");
        let line = format!(
            "\"$0\" export events --range 3650d --out '{path}' --json; echo $? >&2; ls -A '{}' >&2",
            disk.path().display()
        );
        command.arg("-c").arg(line).arg(env!("CARGO_BIN_EXE_steward-under-test"));
        command.env("STEWARD_HOME", home.path()).env("STEWARD_TZ", "UTC");
        command.env("STEWARD_PASSPHRASE_FILE", home.path().join("passphrase"));
        let output = command.output().expect("it runs");
        let text = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(text.contains("\"disk_full\""), "{name}: {text}");
        assert!(text.ends_with("\n1\n"), "the folder is empty afterwards: {text}");
    }
}
