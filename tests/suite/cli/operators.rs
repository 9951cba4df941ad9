//! An operator from the command line: made with a password that is printed once, used, removed by name.

use secrecy::SecretString;
use steward_tests::cluster::{TestDatabase, execute, shared_cluster};

use super::{answer, stderr_json, steward};

#[tokio::test]
async fn an_operator_is_made_works_and_is_removed() {
    let database = TestDatabase::new().await;
    let mut owner = database.connect_owner().await;
    execute(&mut owner, "select steward.install_preset('credits'); insert into steward.users (email, plan_code) values ('one@example.com', 'free')").await;
    let home = tempfile::tempdir().expect("a folder");
    // The test cluster's superuser may make logins.
    answer(home.path(), &["workspace", "add", "acme", &database.owner_url(), "--environment", "development"]);
    let login = format!("cli_{}", &database.name()[5..]);
    let create =
        ["operators", "create", login.as_str(), "--name", "Ada", "--role", "support", "--reason", "new"];
    let looked = answer(home.path(), &[&create[..], &["--preview"]].concat());
    assert!(looked["data"]["password"].is_null(), "a preview makes no password that counts");
    let made = answer(home.path(), &[&create[..], &["--yes"]].concat());
    let password = made["data"]["password"].as_str().expect("it is shown this once");
    let listed = answer(home.path(), &["operators", "list"]);
    let row = listed["data"]["rows"]
        .as_array()
        .and_then(|rows| rows.iter().find(|row| row["login"] == login.as_str()));
    assert_eq!(
        row.map(|row| (&row["role"], &row["name"])),
        Some((&"support".into(), &"Ada".into())),
        "{listed}"
    );
    assert!(!listed.to_string().contains(password), "nobody can ask for it again");

    let theirs = tempfile::tempdir().expect("a folder");
    let url = shared_cluster().url(&login, &SecretString::from(password), database.name());
    answer(theirs.path(), &["workspace", "add", "acme", &url, "--environment", "development"]);
    answer(theirs.path(), &["sync"]);
    answer(theirs.path(), &["users", "change-plan", "one@example.com", "--plan", "pro", "--yes"]);
    let refused = steward(theirs.path(), &["operators", "list", "--json"]);
    assert_eq!(stderr_json(&refused)["code"], "permission", "support does not see who else there is");

    let remove = ["operators", "remove", login.as_str(), "--reason", "left", "--yes"];
    assert_eq!(steward(home.path(), &remove).status.code(), Some(5), "the login is typed");
    answer(home.path(), &[&remove[..], &["--confirm", &login]].concat());
    let gone = steward(theirs.path(), &["sync", "--json"]);
    assert_eq!(gone.status.code(), Some(4), "the login is gone");
}
