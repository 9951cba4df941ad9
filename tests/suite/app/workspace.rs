//! The life of a workspace: added, used, locked, broken, rebuilt, removed.

use std::path::PathBuf;

use secrecy::SecretString;
use serde_json::{Value, json};
use steward_app::secrets::SecretsMode;
use steward_app::{Engine, Steward};
use steward_core::ErrorCode;
use steward_tests::cluster::{TestDatabase, execute, shared_cluster, superuser};
use steward_tests::window::until;
use tempfile::TempDir;
use uuid::Uuid;

use super::{add, code, open, open_with, run};

const URL: &str = "postgresql://me:s3cret-canary@db.example.com:5433/app";

/// A passphrase file beside the folder of data, so that secrets outlive a front door.
fn passphrase(home: &TempDir) -> SecretsMode {
    let path = home.path().join("passphrase");
    std::fs::write(&path, "a long passphrase").expect("written");
    SecretsMode::PassphraseFile(path)
}

fn copy_of(home: &TempDir, workspace: &Value) -> PathBuf {
    home.path().join("caches").join(format!("{}.db", workspace["id"].as_str().expect("an id")))
}

#[tokio::test]
async fn a_workspace_is_added_used_locked_and_removed_by_its_name() {
    let home = tempfile::tempdir().expect("a folder");
    let steward = open(&home).await;
    let request = json!({ "name": "Acme", "url": URL });
    let acme = run(&steward, "workspace_add", request.clone()).await.expect("added");
    assert_eq!(acme["server"], "db.example.com:5433/app");
    assert_eq!(acme["is_read_only"], true, "production starts read-only");
    let other = add(&steward, "Other", "postgresql://me@other.example.com/app").await;
    assert_eq!(other["is_current"], true);

    let again = run(&steward, "workspace_add", request).await.expect("the same server: a new password");
    assert_eq!(again["id"], acme["id"], "the workspace and its data are kept");
    let stolen = json!({ "name": "acme", "url": "postgresql://me@elsewhere.example.com/app" });
    assert_eq!(code(run(&steward, "workspace_add", stolen).await), ErrorCode::Invalid);

    let used = run(&steward, "workspace_use", json!({ "workspace": "OTHER" })).await.expect("used");
    assert_eq!(used["id"], other["id"], "names are found whatever their case");
    let mode = json!({ "workspace": "Acme", "mode": "reviewed" });
    assert_eq!(run(&steward, "workspace_mode", mode).await.expect("unlocked")["is_read_only"], false);

    for confirm in [Value::Null, json!("acme")] {
        let request = json!({ "workspace": "Acme", "confirm": confirm });
        assert_eq!(code(run(&steward, "workspace_remove", request).await), ErrorCode::Invalid);
    }
    let request = json!({ "workspace": "Acme", "confirm": "Acme" });
    let left = run(&steward, "workspace_remove", request).await.expect("removed");
    assert_eq!(left["rows"].as_array().expect("rows").len(), 1);
    steward.close().await;
}

#[tokio::test]
async fn no_password_is_in_any_file_of_the_folder() {
    let home = tempfile::tempdir().expect("a folder");
    let steward = open_with(&home, passphrase(&home), Engine::Offline).await;
    add(&steward, "acme", URL).await;
    run(&steward, "sync_status", Value::Null).await.expect("the copy is made");
    steward.close().await;
    let mut open = vec![home.path().to_owned()];
    while let Some(folder) = open.pop() {
        for entry in std::fs::read_dir(folder).expect("a folder") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                open.push(path);
                continue;
            }
            let bytes = std::fs::read(&path).expect("a file");
            let canary = b"s3cret-canary";
            assert!(!bytes.windows(canary.len()).any(|part| part == canary), "{}", path.display());
        }
    }
}

#[tokio::test]
async fn a_copy_that_does_not_open_says_why_and_is_put_aside_on_request_only() {
    let home = tempfile::tempdir().expect("a folder");
    let steward = open_with(&home, passphrase(&home), Engine::Offline).await;
    let workspace = add(&steward, "acme", URL).await;
    run(&steward, "sync_status", Value::Null).await.expect("the copy is made");
    let other = add(&steward, "other", "postgresql://me@other.example.com/app").await;
    run(&steward, "sync_status", Value::Null).await.expect("the copy is made");
    steward.close().await;

    let copy = copy_of(&home, &workspace);
    for part in ["-wal", "-shm"] {
        let _ = std::fs::remove_file(format!("{}{part}", copy.display()));
    }
    // What lies where the copy should be, with the code it is refused under.
    let others = std::fs::read(copy_of(&home, &other)).expect("a copy");
    let unknown: Vec<u8> = others.iter().map(|byte| byte ^ 0x5a).collect();
    let mut cut = std::fs::read(&copy).expect("a copy");
    cut.truncate(cut.len() / 2 / 8_192 * 8_192);
    let damages = [
        (cut, ErrorCode::CacheCorrupt, "damaged"),
        (
            b"This is a text file and no copy of anything at all.".to_vec(),
            ErrorCode::CacheForeign,
            "no local copy",
        ),
        // Another workspace's key is kept here, and opens it.
        (others, ErrorCode::CacheForeign, "`other`"),
        // What no key here opens may be this workspace's own.
        (unknown, ErrorCode::CacheKey, "does not open with this workspace's key"),
    ];
    for (bytes, code, said) in damages {
        std::fs::write(&copy, &bytes).expect("damaged");
        let steward = open_with(&home, passphrase(&home), Engine::Offline).await;
        run(&steward, "workspace_use", json!({ "workspace": "acme" })).await.expect("used");
        // A window asks for many things at once, and the first answer is no better than the last.
        for command in ["plan_list", "sync_status", "plan_list"] {
            let error = run(&steward, command, Value::Null).await.expect_err("refused");
            assert_eq!(error.code, code, "{error:?}");
            assert!(error.message.contains(said), "{error:?}");
        }
        assert_eq!(std::fs::read(&copy).expect("still there"), bytes, "nothing is replaced without a word");

        run(&steward, "sync_rebuild", Value::Null).await.expect("rebuilt");
        run(&steward, "plan_list", Value::Null).await.expect("an empty copy answers");
        let aside = std::fs::read_dir(home.path().join("caches"))
            .expect("a folder")
            .any(|entry| std::fs::read(entry.expect("an entry").path()).is_ok_and(|kept| kept == bytes));
        assert!(aside, "what was there is kept beside it");
        steward.close().await;
    }
}

/// Pages that rotted in the middle of a copy are found by whoever reads them; a rebuild in place would trip over them.
#[tokio::test(flavor = "multi_thread")]
async fn a_copy_that_opens_with_rotten_pages_is_rebuilt_beside_them() {
    let database = TestDatabase::new().await;
    let people = "insert into steward.users (email, name)
                  select format('user%s@example.com', n), repeat(md5(n::text), 20) from generate_series(1, 2000) n";
    execute(&mut database.connect_owner().await, people).await;
    let home = tempfile::tempdir().expect("a folder");
    let steward = open_with(&home, passphrase(&home), Engine::OnDemand).await;
    let workspace = add(&steward, "acme", &database.login_url("viewer")).await;
    run(&steward, "sync_run", Value::Null).await.expect("read");
    steward.close().await;

    let copy = copy_of(&home, &workspace);
    let mut bytes = std::fs::read(&copy).expect("a copy");
    assert!(bytes.len() > 120 * 8_192, "there is something to rot: {}", bytes.len());
    let half = bytes.len() / 2 / 8_192 * 8_192;
    for page in bytes[half..].chunks_mut(8_192) {
        page[100] ^= 1;
    }
    std::fs::write(&copy, &bytes).expect("rotten");
    let steward = open_with(&home, passphrase(&home), Engine::OnDemand).await;
    run(&steward, "workspace_list", Value::Null).await.expect("the workspace is there");
    run(&steward, "sync_rebuild", Value::Null).await.expect("rebuilt");
    run(&steward, "sync_run", Value::Null).await.expect("read anew");
    let everybody = run(&steward, "user_list", json!({})).await.expect("everybody");
    assert_eq!(everybody["total"], 2000);
    let aside = format!("{}.damaged-1", copy.display());
    assert_eq!(std::fs::read(aside).expect("put aside"), bytes, "what was there is kept beside it");
    steward.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_password_is_kept_unless_the_server_refuses_it_and_the_engine_goes_on() {
    let database = TestDatabase::new().await;
    let login = format!("pw_{}", database.name());
    let mut owner = database.connect_owner().await;
    execute(&mut owner, &format!("create role {login} login password 'old' in role steward_viewer")).await;
    let home = tempfile::tempdir().expect("a folder");
    let window = open_with(&home, passphrase(&home), Engine::Continuous).await;
    let url = shared_cluster().url(&login, &SecretString::from("old"), database.name());
    add(&window, "acme", &url).await;
    run(&window, "sync_run", Value::Null).await.expect("a first look");
    let change = format!(
        "alter role {login} password 'new';
         insert into steward.users (email, name) values ('later@example.com', 'Later');
         select pg_terminate_backend(pid) from pg_stat_activity where usename = '{login}'"
    );
    execute(&mut owner, &change).await;
    until("the refusal is told", async || {
        let status = run(&window, "sync_status", Value::Null).await.ok()?;
        (status["last_error"]["code"] == "auth" && status["as_of"].is_string()).then_some(())
    })
    .await
    .expect("the numbers stay, with their moment");

    let enter = |password: &str| json!({ "workspace": "acme", "password": password });
    assert_eq!(code(run(&window, "workspace_password", enter("")).await), ErrorCode::Invalid);
    assert_eq!(code(run(&window, "workspace_password", enter("wrong-canary")).await), ErrorCode::Auth);
    let kept = run(&window, "workspace_password", enter("new")).await.expect("the server takes it");
    assert_eq!((&kept["name"], &kept["is_current"]), (&json!("acme"), &json!(true)));
    assert!(!kept.to_string().contains("new\""), "the answer has no password");
    until("it goes on by itself", async || {
        let known = run(&window, "user_list", json!({})).await.ok()?;
        (known["total"] == 1).then_some(())
    })
    .await
    .expect("within the limit");
    window.close().await;
    // Where nobody can be asked, the person is believed; and it outlives the process.
    let away = open_with(&home, passphrase(&home), Engine::Offline).await;
    run(&away, "workspace_password", enter("newer")).await.expect("kept");
    away.close().await;
    execute(&mut owner, &format!("alter role {login} password 'newer'")).await;
    let terminal = open_with(&home, passphrase(&home), Engine::OnDemand).await;
    run(&terminal, "sync_run", Value::Null).await.expect("the kept password is the right one");
    terminal.close().await;
    drop(database);
    execute(&mut superuser("postgres").await, &format!("drop role {login}")).await;
}

#[tokio::test]
async fn a_lost_key_is_a_code_of_its_own_and_loses_nothing() {
    let home = tempfile::tempdir().expect("a folder");
    let steward = open(&home).await;
    add(&steward, "acme", URL).await;
    run(&steward, "sync_status", Value::Null).await.expect("the copy is made");
    steward.close().await;
    // Memory forgets: as if the keyring had been emptied.
    let steward = open(&home).await;
    let error = run(&steward, "plan_list", Value::Null).await.expect_err("refused");
    assert_eq!(error.code, ErrorCode::CacheKey);
    assert!(error.hint.contains("Rebuild"), "{}", error.hint);
    assert_eq!(run(&steward, "workspace_list", Value::Null).await.expect("kept")["rows"][0]["name"], "acme");
    steward.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_read_only_workspace_refuses_every_change_before_the_server_is_asked() {
    let database = TestDatabase::new().await;
    let home = tempfile::tempdir().expect("a folder");
    let steward = open(&home).await;
    let request = json!({ "name": "p", "url": database.login_url("admin"), "environment": "production" });
    run(&steward, "workspace_add", request).await.expect("added");
    let change = json!({ "intent": Uuid::now_v7(), "users": ["a@example.com"], "plan_code": "pro" });
    assert_eq!(code(run(&steward, "user_change_plan", change).await), ErrorCode::ReadOnly);
    let revert = json!({ "intent": Uuid::now_v7(), "operation": Uuid::now_v7() });
    assert_eq!(code(run(&steward, "operation_revert", revert).await), ErrorCode::ReadOnly);
    assert_eq!(code(run(&steward, "database_install", json!({})).await), ErrorCode::ReadOnly);
    steward.close().await;
}

/// Preview, application, confirmation by the cut, revert: with the tags a window would redraw by.
#[tokio::test(flavor = "multi_thread")]
async fn a_change_is_previewed_applied_seen_in_the_copy_and_taken_back() {
    let database = TestDatabase::new().await;
    let user = Uuid::now_v7();
    let mut owner = database.connect_owner().await;
    execute(
        &mut owner,
        &format!(
            "select steward.install_preset('credits');
             insert into steward.users (id, email, plan_code) values ('{user}', 'one@example.com', 'free')"
        ),
    )
    .await;
    let home = tempfile::tempdir().expect("a folder");
    let steward = open(&home).await;
    add(&steward, "test", &database.login_url("support")).await;
    run(&steward, "sync_run", Value::Null).await.expect("read");
    let plans = run(&steward, "plan_list", Value::Null).await.expect("plans");
    let target = plans["rows"][1]["code"].clone();
    let plan_now = async || {
        run(&steward, "user_show", json!({ "user": "one@example.com" })).await.expect("a user")["user"]["plan_code"]
            .clone()
    };
    let before = plan_now().await;
    let mut changes = steward.changes();

    let mut request = json!({ "intent": Uuid::now_v7(), "users": ["one@example.com"], "plan_code": target });
    assert_eq!(
        code(run(&steward, "user_change_plan", request.clone()).await),
        ErrorCode::Invalid,
        "no token"
    );
    let preview =
        steward_app::dispatch(&steward, "user_change_plan", request.clone(), steward_app::Mode::Preview)
            .await
            .expect("previewed");
    assert_eq!(preview["is_applied"], false);
    assert_eq!(plan_now().await, before, "a preview changes nothing");
    request["plan_token"] = preview["plan_token"].clone();
    let applied = run(&steward, "user_change_plan", request.clone()).await.expect("applied");
    assert_eq!((&applied["is_applied"], &applied["rows"]), (&json!(true), &preview["rows"]), "as shown");
    assert_eq!(plan_now().await, target, "the cut that confirms it was pulled at once");
    let tags = changes.recv().await.expect("told");
    assert!(!tags.tags.is_empty());

    let repeated = run(&steward, "user_change_plan", request).await.expect("the stored result");
    assert_eq!(repeated["xid"], applied["xid"], "an intent is carried out once");

    let mut revert = json!({ "intent": Uuid::now_v7(), "operation": applied["intent"] });
    let preview =
        steward_app::dispatch(&steward, "operation_revert", revert.clone(), steward_app::Mode::Preview)
            .await
            .expect("previewed");
    revert["plan_token"] = preview["plan_token"].clone();
    run(&steward, "operation_revert", revert).await.expect("taken back");
    assert_eq!(plan_now().await, before);
    let log = run(&steward, "audit_list", json!({ "key": user })).await.expect("the log");
    assert!(log["rows"].as_array().expect("rows").len() >= 2, "both are in the audit log");
    steward.close().await;
}

/// Waits until the engine of a front door is, or is no longer, paused.
async fn until_paused(steward: &Steward, is_paused: bool) {
    until("the window follows", async || {
        let status = run(steward, "sync_status", Value::Null).await.ok()?;
        ((status["phase"] == "paused") == is_paused).then_some(())
    })
    .await
    .expect("within the limit");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pause_reaches_the_window_of_another_process_and_outlives_it() {
    let database = TestDatabase::new().await;
    let home = tempfile::tempdir().expect("a folder");
    let window = open_with(&home, passphrase(&home), Engine::Continuous).await;
    add(&window, "acme", &database.login_url("viewer")).await;
    until_paused(&window, false).await;

    let terminal = open_with(&home, passphrase(&home), Engine::OnDemand).await;
    let said = run(&terminal, "sync_pause", Value::Null).await.expect("no lock of the copy is needed");
    assert_eq!(said["phase"], "paused");
    until_paused(&window, true).await;
    window.close().await;

    let window = open_with(&home, passphrase(&home), Engine::Continuous).await;
    until_paused(&window, true).await;
    let said = run(&terminal, "sync_resume", Value::Null).await.expect("the pause ends");
    assert_ne!(said["phase"], "paused");
    until_paused(&window, false).await;
    window.close().await;
    terminal.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_window_reads_on_when_the_process_that_held_the_copy_has_ended() {
    let database = TestDatabase::new().await;
    let home = tempfile::tempdir().expect("a folder");
    let terminal = open_with(&home, passphrase(&home), Engine::OnDemand).await;
    add(&terminal, "acme", &database.login_url("viewer")).await;
    run(&terminal, "sync_run", Value::Null).await.expect("a first look");

    let window = open_with(&home, passphrase(&home), Engine::Continuous).await;
    let known = run(&window, "user_list", json!({})).await.expect("it shows what the other has read");
    let before = known["total"].as_u64().expect("a number");
    let refused = run(&window, "sync_run", Value::Null).await.expect_err("the other one has the copy");
    assert_eq!(refused.code, ErrorCode::CacheBusy);
    let status = run(&window, "sync_status", Value::Null).await.expect("a state");
    assert_eq!(status["phase"], "connecting", "a server that this process has not asked is not out of reach");
    let statement = "insert into steward.users (email, name) values ('later@example.com', 'Later')";
    execute(&mut database.connect_owner().await, statement).await;
    terminal.close().await;
    until("the window reads by itself", async || {
        let known = run(&window, "user_list", json!({})).await.ok()?;
        (known["total"].as_u64() == Some(before + 1)).then_some(())
    })
    .await
    .expect("within the limit");
    window.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_window_that_has_not_asked_the_server_yet_does_not_say_it_cannot_be_reached() {
    let database = TestDatabase::new().await;
    let home = tempfile::tempdir().expect("a folder");
    let terminal = open_with(&home, passphrase(&home), Engine::OnDemand).await;
    add(&terminal, "acme", &database.login_url("viewer")).await;
    run(&terminal, "sync_run", Value::Null).await.expect("a whole copy");
    terminal.close().await;

    // With a whole copy the first look waits until the window is drawn, and this is what it is drawn from.
    let window = open_with(&home, passphrase(&home), Engine::Continuous).await;
    let status = run(&window, "sync_status", Value::Null).await.expect("a state");
    assert_eq!((&status["is_online"], &status["phase"]), (&json!(false), &json!("connecting")), "{status}");
    assert!(status["as_of"].is_string() && status["last_error"].is_null(), "{status}");
    window.close().await;

    let away = open_with(&home, passphrase(&home), Engine::Offline).await;
    let status = run(&away, "sync_status", Value::Null).await.expect("a state");
    assert_eq!(status["phase"], "idle", "where nothing will be asked, nothing is about to be: {status}");
    away.close().await;
}
