//! What can be wrong about a connection, each with its code, sentence, next step and exit code.

use std::path::{Path, PathBuf};
use std::process::Stdio;

use serde_json::Value;
use steward_tests::cluster::{TestDatabase, execute, shared_cluster};
use steward_tests::window::until;
use tokio::process::Command;

use super::{answer, process, stderr_json, steward};

/// Adds a workspace, syncs, and gives the failure with its exit code.
fn sync_failure(url: &str) -> (Value, Option<i32>) {
    let home = tempfile::tempdir().expect("a folder");
    let added = steward(home.path(), &["workspace", "add", "test", url, "--environment", "development"]);
    assert!(added.status.success(), "{}", String::from_utf8_lossy(&added.stderr));
    let output = steward(home.path(), &["sync", "--json"]);
    let error = stderr_json(&output);
    for part in ["message", "hint"] {
        assert!(
            error[part].as_str().is_some_and(|text| text.ends_with('.')),
            "{part} is a sentence: {error}"
        );
    }
    assert!(!error.to_string().contains("steward-test-canary"), "no secret in a failure");
    let list = steward(home.path(), &["workspace", "list", "--json"]);
    assert!(String::from_utf8_lossy(&list.stdout).contains("\"test\""), "the workspace is kept");
    (error, output.status.code())
}

fn expect(url: &str, code: &str, exit: i32) {
    let (error, status) = sync_failure(url);
    assert_eq!((error["code"].as_str(), status), (Some(code), Some(exit)), "{error}");
}

#[tokio::test]
async fn a_wrong_password_and_a_missing_database_are_told_apart() {
    let database = TestDatabase::new().await;
    let port = shared_cluster().port();
    let name = database.name();
    let wrong =
        format!("postgresql://test_viewer:steward-test-canary@127.0.0.1:{port}/{name}?sslmode=disable");
    expect(&wrong, "auth", 4);
    let missing = database.login_url("viewer").replace(name, "no_such_database");
    expect(&missing, "database_missing", 3);
}

#[test]
fn a_wrong_host_a_closed_port_and_refused_tls_are_told_apart() {
    expect("postgresql://me:x@no-such-host.invalid/app", "name_lookup", 7);
    let closed =
        std::net::TcpListener::bind("127.0.0.1:0").and_then(|free| free.local_addr()).expect("a port");
    expect(&format!("postgresql://me:x@{closed}/app?sslmode=disable"), "offline", 7);
    // The test cluster speaks no TLS, and an address that wants it is not talked down.
    let port = shared_cluster().port();
    expect(&format!("postgresql://me:x@127.0.0.1:{port}/app?sslmode=verify-full"), "tls", 4);
}

#[tokio::test]
async fn a_database_without_our_schema_with_a_newer_one_and_without_rights_are_told_apart() {
    let empty = TestDatabase::empty().await;
    expect(&empty.owner_url(), "schema_missing", 3);

    let newer = TestDatabase::new().await;
    let mut owner = newer.connect_owner().await;
    execute(&mut owner, "update steward.meta set version = 1000000").await;
    expect(&newer.login_url("viewer"), "schema_newer", 1);

    let bare = TestDatabase::new().await;
    let (error, status) = sync_failure(&bare.login_url("authenticated"));
    assert!(matches!(error["code"].as_str(), Some("permission" | "row_security")), "{error}");
    assert_eq!(status, Some(5));
}

/// The folder's copies with their bytes.
fn copies(home: &Path) -> Vec<(PathBuf, Vec<u8>)> {
    let folder = std::fs::read_dir(home.join("caches")).expect("a folder");
    let files = folder.map(|entry| entry.expect("an entry").path());
    files.map(|path| (path.clone(), std::fs::read(&path).expect("a file"))).collect()
}

/// Where a workspace's copy lies.
fn copy_of(home: &Path, name: &str) -> PathBuf {
    let list = answer(home, &["workspace", "list"]);
    let rows = list["data"]["rows"].as_array().expect("rows");
    let id = rows.iter().find(|row| row["name"] == name).expect("it is there")["id"].as_str().expect("an id");
    let found = copies(home).into_iter().map(|(path, _)| path).find(|path| {
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        name.starts_with(id)
            && path.extension().is_none_or(|ending| ending != "lock")
            && !name.ends_with("-wal")
            && !name.ends_with("-shm")
    });
    found.expect("there is a copy")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_broken_a_foreign_and_a_locked_copy_are_told_apart_and_none_is_lost() {
    let database = TestDatabase::new().await;
    execute(&mut database.connect_owner().await, super::company::COMPANY).await;
    let company = |name: &str| {
        let home = tempfile::tempdir().expect("a folder");
        let url = database.login_url("admin");
        for name in ["acme", name] {
            answer(home.path(), &["workspace", "add", name, &url, "--environment", "development"]);
            answer(home.path(), &["workspace", "use", name]);
            answer(home.path(), &["sync"]);
        }
        answer(home.path(), &["workspace", "use", "acme"]);
        home
    };
    let (home, elsewhere) = (company("other"), company("elsewhere"));
    let home = home.path();
    let (copy, other) = (copy_of(home, "acme"), copy_of(home, "other"));
    let whole = std::fs::read(&copy).expect("a copy");
    assert!(whole.len() > 200_000, "there is something to break: {}", whole.len());
    let told = answer(home, &["users", "show", "user7@example.com"]);

    // Bytes that no key can explain: half of every page from the second on.
    let mut broken = whole.clone();
    for page in broken.chunks_mut(8_192).skip(1) {
        page[..4_096].fill(0x5a);
    }
    let cut = whole[..whole.len() / 2 / 8_192 * 8_192].to_vec();
    let cases: [(&str, Vec<u8>, &str, i32, &str); 6] = [
        ("bytes are wrong", broken, "cache_corrupt", 1, "damaged"),
        ("the end is missing", cut, "cache_corrupt", 1, "damaged"),
        ("a text file", b"no copy of anything".to_vec(), "cache_foreign", 1, "no local copy"),
        (
            "a database without encryption",
            {
                let mut plain = b"SQLite format 3\0".to_vec();
                plain.resize(2 * 8_192, 0);
                plain
            },
            "cache_foreign",
            1,
            "no local copy",
        ),
        ("another workspace's", std::fs::read(&other).expect("a copy"), "cache_foreign", 1, "`other`"),
        (
            "of another computer",
            std::fs::read(copy_of(elsewhere.path(), "acme")).expect("a copy"),
            "cache_key",
            4,
            "does not open with this workspace's key",
        ),
    ];
    for (what, bytes, code, exit, said) in cases {
        for ending in ["-wal", "-shm"] {
            let _ = std::fs::remove_file(format!("{}{ending}", copy.display()));
        }
        std::fs::write(&copy, &bytes).expect("written");
        let output = steward(home, &["users", "show", "user7@example.com", "--json"]);
        let error = stderr_json(&output);
        assert_eq!(
            (error["code"].as_str(), output.status.code()),
            (Some(code), Some(exit)),
            "{what}: {error}"
        );
        assert!(error["message"].as_str().is_some_and(|text| text.contains(said)), "{what}: {error}");
        for part in ["message", "hint"] {
            assert!(error[part].as_str().is_some_and(|text| text.ends_with('.')), "{what}: {error}");
        }
        assert!(copies(home).iter().any(|(_, kept)| *kept == bytes), "{what}: what was there is kept");
        // The next step that is named works, and what is read again is the same.
        answer(home, &["sync", "rebuild", "--yes"]);
        answer(home, &["sync"]);
        let again = answer(home, &["users", "show", "user7@example.com"]);
        assert_eq!(again["data"]["user"], told["data"]["user"], "{what}");
        assert!(copies(home).iter().any(|(_, kept)| *kept == bytes), "{what}: and stays beside it");
    }
    // The key itself is gone: the copy is whole, and nobody can read it.
    let locked = std::fs::read(&copy).expect("a copy");
    for entry in std::fs::read_dir(home).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.file_name().and_then(|name| name.to_str()).is_some_and(|name| name.starts_with("secrets")) {
            std::fs::remove_file(path).expect("removed");
        }
    }
    let output = steward(home, &["users", "list", "--json"]);
    let error = stderr_json(&output);
    assert_eq!((error["code"].as_str(), output.status.code()), (Some("cache_key"), Some(4)), "{error}");
    assert!(error["hint"].as_str().is_some_and(|hint| hint.contains("Rebuild")), "{error}");
    assert_eq!(std::fs::read(&copy).expect("still there"), locked);
}

#[tokio::test]
async fn a_wrong_password_is_put_right_without_adding_the_workspace_again() {
    use std::io::Write as _;
    let database = TestDatabase::new().await;
    let home = tempfile::tempdir().expect("a folder");
    let right = database.login_url("viewer");
    let wrong = right.replace(":test-login@", ":steward-test-canary@");
    assert_ne!(wrong, right);
    answer(home.path(), &["workspace", "add", "acme", &wrong, "--environment", "development"]);
    let enter = |password: &str| {
        let mut command = process(home.path());
        command.env("STEWARD_PASSPHRASE_FILE", home.path().join("passphrase"));
        command.args(["workspace", "password", "acme", "--json"]).stdin(Stdio::piped());
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("steward runs");
        child.stdin.take().expect("a pipe").write_all(password.as_bytes()).expect("written");
        child.wait_with_output().expect("ends")
    };
    let refused = enter("another-canary\n");
    let error = stderr_json(&refused);
    assert_eq!((error["code"].as_str(), refused.status.code()), (Some("auth"), Some(4)), "{error}");
    assert!(!error.to_string().contains("canary"), "no secret in a failure");
    assert_eq!(stderr_json(&steward(home.path(), &["sync", "--json"]))["code"], "auth");
    assert!(enter("test-login\n").status.success(), "the server takes it");
    answer(home.path(), &["sync"]);
}

#[tokio::test]
async fn a_secret_is_typed_unseen() {
    use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _};
    let home = tempfile::tempdir().expect("a folder");
    steward(home.path(), &["workspace", "add", "acme", "postgresql://me@db.example.com/app"]);
    for asks in ["workspace password acme", "workspace add other -"] {
        // A terminal that shows what is typed, as long as nobody asks it not to.
        let line = format!("tty; exec '{}' {asks}", env!("CARGO_BIN_EXE_steward-under-test"));
        let mut command = Command::new("script");
        command.args(["--quiet", "--echo", "always", "--command", &line, "/dev/null"]);
        command
            .env("STEWARD_HOME", home.path())
            .env("STEWARD_PASSPHRASE_FILE", home.path().join("passphrase"));
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("script (Debian package bsdutils) runs");
        let mut shown = tokio::io::BufReader::new(child.stdout.take().expect("a pipe"));
        let mut terminal = String::new();
        shown.read_line(&mut terminal).await.expect("the terminal's name");
        until("the terminal shows nothing", async || {
            let settings = Command::new("stty").args(["-a", "-F", terminal.trim()]).output().await.ok()?;
            String::from_utf8_lossy(&settings.stdout).contains(" -echo ").then_some(())
        })
        .await
        .expect("a question");
        let mut keys = child.stdin.take().expect("a pipe");
        keys.write_all(b"postgresql://typed-canary\n").await.expect("typed");
        let mut rest = String::new();
        shown.read_to_string(&mut rest).await.expect("it ends");
        assert!(rest.contains(": ") && !rest.contains("canary"), "{asks}: {rest}");
    }
}

#[test]
fn a_url_is_refused_field_by_field_before_anything_is_kept() {
    let home = tempfile::tempdir().expect("a folder");
    for url in [
        "",
        "db.example.com",
        "mysql://me@h/db",
        "postgresql://me@h/db?sslmode=prefer",
        "postgresql://me@h:0/db",
    ] {
        let output = steward(home.path(), &["workspace", "add", "test", url, "--json"]);
        let error = stderr_json(&output);
        assert_eq!(
            (error["code"].as_str(), output.status.code()),
            (Some("invalid"), Some(2)),
            "{url:?}: {error}"
        );
        assert!(!error["fields"].as_array().expect("fields").is_empty(), "{url:?}: {error}");
    }
    let output = steward(home.path(), &["users", "lst"]);
    assert_eq!(output.status.code(), Some(2), "clap's own usage errors have the same exit code");
}

#[test]
fn a_url_comes_from_standard_input_and_a_password_from_a_command() {
    use std::io::Write as _;
    let home = tempfile::tempdir().expect("a folder");
    let mut command = process(home.path());
    command.env("STEWARD_PASSPHRASE_FILE", home.path().join("passphrase"));
    command.args(["workspace", "add", "piped", "-", "--json"]);
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("steward runs");
    let mut input = child.stdin.take().expect("a pipe");
    input.write_all(b"postgresql://me:canary@db.example.com/app\n").expect("written");
    drop(input);
    let output = child.wait_with_output().expect("ends");
    let answer: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    assert_eq!(answer["data"]["server"], "db.example.com:5432/app");

    let port = shared_cluster().port();
    let url = format!("postgresql://nobody@127.0.0.1:{port}/postgres?sslmode=disable");
    steward(home.path(), &["workspace", "add", "asked", &url]);
    let mut command = process(home.path());
    command.env("STEWARD_PASSPHRASE_FILE", home.path().join("passphrase"));
    command.env("STEWARD_PASSWORD_COMMAND", "exit 3");
    let output = command.args(["sync", "--json"]).output().expect("steward runs");
    assert_eq!(stderr_json(&output)["code"], "secret_missing");
}
