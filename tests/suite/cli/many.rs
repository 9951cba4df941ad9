//! Many users at once from the command line: files whose bad lines are named, and a filter that is everybody.

use serde_json::Value;
use steward_tests::cluster::{TestDatabase, execute};

use super::company::COMPANY;
use super::{answer, stderr_json, steward};

async fn company() -> (TestDatabase, tempfile::TempDir) {
    let database = TestDatabase::new().await;
    execute(&mut database.connect_owner().await, COMPANY).await;
    let home = tempfile::tempdir().expect("a folder");
    let url = database.login_url("support");
    answer(home.path(), &["workspace", "add", "acme", &url, "--environment", "development"]);
    answer(home.path(), &["sync"]);
    (database, home)
}

async fn plans(database: &TestDatabase) -> Vec<(String, i64)> {
    sqlx::query_as("select plan_code, count(*) from steward.users group by 1 order by 1")
        .fetch_all(&mut database.connect_owner().await)
        .await
        .expect("plans")
}

#[tokio::test]
async fn a_file_with_bad_lines_names_each_of_them_and_changes_nobody() {
    let (database, home) = company().await;
    let file = home.path().join("customers.txt");
    let words = ["users", "change-plan", "--file", file.to_str().expect("UTF-8"), "--plan", "pro"];
    let words = [&words[..], &["--reason", "Migration", "--confirm", "change 2 users", "--json"]].concat();
    let text = "\u{feff}# from the sales team\nuser1@example.com\n\nnobody@example.com\nuser2@example.com\n\
                user2@\n0190b2a0-0000-7000-8000-999999999999\n";
    std::fs::write(&file, text).expect("written");
    let refused = steward(home.path(), &words);
    assert_eq!(refused.status.code(), Some(3), "who is not there is not found");
    let error = stderr_json(&refused);
    let lines: Vec<&str> = error["fields"]
        .as_array()
        .expect("fields")
        .iter()
        .filter_map(|field| field["field"].as_str())
        .collect();
    assert_eq!(lines, ["line 4", "line 6", "line 7"], "every bad line, by its number in the file: {error}");
    assert_eq!(plans(&database).await, [("free".to_owned(), 20)], "none is applied");

    for (content, why) in [("", "an empty file"), ("# nobody\n\n", "a file of remarks")] {
        std::fs::write(&file, content).expect("written");
        assert_eq!(stderr_json(&steward(home.path(), &words))["fields"][0]["field"], "file", "{why}");
    }
    std::fs::write(&file, [0xff_u8, 0xfe, 0x00]).expect("written");
    assert_eq!(stderr_json(&steward(home.path(), &words))["fields"][0]["field"], "file", "no text");

    std::fs::write(&file, "user1@example.com\nuser2@example.com\n").expect("written");
    answer(home.path(), &words[..words.len() - 1]);
    assert_eq!(plans(&database).await, [("free".to_owned(), 18), ("pro".to_owned(), 2)]);
}

#[tokio::test]
async fn everybody_is_changed_only_with_the_count_typed() {
    let (database, home) = company().await;
    let words = ["users", "change-plan", "--all", "--plan", "pro", "--reason", "Anniversary"];
    let looked = answer(home.path(), &[&words[..], &["--dry-run"]].concat());
    assert_eq!(looked["data"]["confirm"], "change 20 users", "{looked}");
    for wrong in [&["--yes"][..], &["--confirm", "change 19 users"], &["--confirm", "yes"]] {
        let refused = steward(home.path(), &[&words[..], wrong].concat());
        assert!(!refused.status.success(), "{wrong:?}");
    }
    assert_eq!(plans(&database).await, [("free".to_owned(), 20)]);
    let done = answer(home.path(), &[&words[..], &["--confirm", "change 20 users"]].concat());
    let is_user = |row: &&Value| row["table"] == "users";
    assert_eq!(done["data"]["rows"].as_array().expect("rows").iter().filter(is_user).count(), 20);
    assert_eq!(plans(&database).await, [("pro".to_owned(), 20)]);

    for (words, field) in [
        (&["--filter", "colour=red", "--plan", "pro"][..], "filter"),
        (&["--filter", "plan", "--plan", "pro"], "filter"),
        (&["user1@example.com", "--plan", "gold"], "plan_code"),
    ] {
        let words =
            [&["users", "change-plan"][..], words, &["--reason", "x", "--dry-run", "--json"]].concat();
        let refused = steward(home.path(), &words);
        assert_eq!(stderr_json(&refused)["fields"][0]["field"], field, "{words:?}");
    }
}
