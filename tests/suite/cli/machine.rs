//! What the machine can do to a call: a signal, a full disk, a folder that cannot be written.

use std::path::Path;
use std::process::{Command, Output, Stdio};

use serde_json::Value;
use steward_tests::cluster::{TestDatabase, execute, superuser};
use steward_tests::file_system::FileSystem;
use steward_tests::window::until;

use super::{answer, process, stderr_json, steward};

/// Enough rows that the copy does not fit into a few megabytes.
pub(crate) const MANY: &str = "
    select steward.install_preset('credits');
    insert into steward.users (id, email, name, plan_code)
        select ('0190b2a0-0000-7000-8000-' || lpad(n::text, 12, '0'))::uuid, 'user' || n || '@example.com',
               'User ' || n, 'free'
        from generate_series(1, 2000) n;
    insert into steward.usage_events (user_id, occurred_at, event_key, event_type, feature, plan_code, status)
        select ('0190b2a0-0000-7000-8000-' || lpad((1 + n % 2000)::text, 12, '0'))::uuid,
               now() - n * interval '7 minutes', gen_random_uuid(), 'request', 'chat', 'free', 'success'
        from generate_series(1, 60000) n;";

#[tokio::test]
async fn ctrl_c_ends_with_130_takes_its_statement_along_and_loses_nothing() {
    let database = TestDatabase::new().await;
    let mut owner = database.connect_owner().await;
    execute(&mut owner, MANY).await;
    let home = tempfile::tempdir().expect("a folder");
    let url = database.login_url("viewer");
    answer(home.path(), &["workspace", "add", "acme", &url, "--environment", "development"]);

    // The call waits for a lock, inside a statement on the server, when the signal comes.
    execute(&mut owner, "begin; lock table steward.plans in access exclusive mode").await;
    let mut command = process(home.path());
    command.env("STEWARD_PASSPHRASE_FILE", home.path().join("passphrase"));
    let mut call =
        command.args(["sync"]).stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("steward runs");
    let mut observer = superuser("postgres").await;
    let mut sessions = async || -> i64 {
        let waiting = "select count(*) from pg_stat_activity a join pg_locks l using (pid)
                       where a.datname = $1 and not l.granted";
        sqlx::query_scalar(waiting)
            .bind(database.name())
            .fetch_one(&mut observer)
            .await
            .expect("the server answers")
    };
    until("the call waits inside a statement", async || (sessions().await > 0).then_some(()))
        .await
        .expect("it waits for the lock");
    let killed = Command::new("kill").args(["-INT", &call.id().to_string()]).status().expect("kill runs");
    assert!(killed.success());
    assert_eq!(call.wait().expect("it ends").code(), Some(130));
    until("its session is gone", async || (sessions().await == 0).then_some(()))
        .await
        .expect("nothing of it waits on the server");

    execute(&mut owner, "rollback").await;
    answer(home.path(), &["sync"]);
    let verified = answer(home.path(), &["verify"]);
    assert_eq!(verified["data"]["is_clean"], true, "{verified}");
}

/// Runs `steward` with its home on such a file system.
fn on(file_system: FileSystem, home: &Path, arguments: &[&str]) -> Output {
    let own = process(home);
    let mut command = file_system.command(home, own.get_program());
    for (name, value) in own.get_envs() {
        match value {
            Some(value) => command.env(name, value),
            None => command.env_remove(name),
        };
    }
    command.env("STEWARD_PASSPHRASE_FILE", home.join("passphrase"));
    command.args(arguments).output().expect("unshare (Debian package util-linux)")
}

/// A failure says what happened and what to do.
fn sentence(error: &Value) {
    for part in ["message", "hint"] {
        assert!(error[part].as_str().is_some_and(|text| text.ends_with('.')), "{part}: {error}");
    }
}

#[tokio::test]
async fn a_full_disk_has_its_own_code_and_keeps_what_was_there() {
    let database = TestDatabase::new().await;
    execute(&mut database.connect_owner().await, MANY).await;
    let home = tempfile::tempdir().expect("a folder");
    let url = database.login_url("viewer");
    answer(home.path(), &["workspace", "add", "acme", &url, "--environment", "development"]);
    let output = on(FileSystem::Small, home.path(), &["sync", "--json"]);
    let error = stderr_json(&output);
    assert_eq!((error["code"].as_str(), output.status.code()), (Some("disk_full"), Some(1)), "{error}");
    sentence(&error);
    assert!(error["hint"].as_str().is_some_and(|hint| hint.contains("Free some space")), "{error}");
    answer(home.path(), &["sync"]);
}

#[test]
fn a_folder_that_cannot_be_written_has_its_own_code_and_is_left_alone() {
    let home = tempfile::tempdir().expect("a folder");
    let url = "postgresql://me@db.example.com/app";
    answer(home.path(), &["workspace", "add", "acme", url, "--environment", "development"]);
    let add = ["workspace", "add", "other", url, "--json"];
    let output = on(FileSystem::Sealed, home.path(), &add);
    let error = stderr_json(&output);
    assert_eq!((error["code"].as_str(), output.status.code()), (Some("file"), Some(1)), "{error}");
    sentence(&error);
    assert!(steward(home.path(), &["workspace", "list"]).status.success());
}
