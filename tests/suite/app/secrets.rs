//! The keyring as it really is: served, locked, without a service, without a bus. The command line runs
//! as a process of its own, because a bus belongs to a process's environment.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use serde_json::{Value, json};
use steward_tests::window::{Running, announced, until};

use crate::cli::{process, stderr_json};

const ADD: &str = r#"workspace add acme postgresql://me:canary@db.example.com/app --json"#;

/// Runs a script under a session bus of its own.
fn under_bus(home: &Path, script: &str) -> Output {
    let mut command = std::process::Command::new("dbus-run-session");
    let steward = process(home);
    command.arg("--").args(["bash", "-c", script]).env("STEWARD", steward.get_program());
    command.env_remove("DBUS_SESSION_BUS_ADDRESS").env_remove("STEWARD_SECRETS");
    command.env("STEWARD_HOME", home).env("HOME", home).env("XDG_RUNTIME_DIR", home);
    command.env("XDG_DATA_HOME", home.join("share"));
    command.output().expect("dbus-run-session is installed")
}

fn envelope(output: &Output) -> Value {
    let text = String::from_utf8_lossy(&output.stdout);
    let line = text.lines().find(|line| line.starts_with('{'));
    let problem = String::from_utf8_lossy(&output.stderr);
    serde_json::from_str(line.unwrap_or_else(|| panic!("no answer: {text} {problem}"))).expect("JSON")
}

/// The configuration of a bus that starts no service by itself: it lists none that could be.
fn bare_bus(home: &Path) -> PathBuf {
    let config = home.join("bus.conf");
    let text = format!(
        "<!DOCTYPE busconfig PUBLIC \"-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN\" \
         \"http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd\"><busconfig><type>session</type>\
         <listen>unix:dir={}</listen><policy context=\"default\"><allow send_destination=\"*\"/>\
         <allow eavesdrop=\"true\"/><allow own=\"*\"/></policy></busconfig>",
        home.display()
    );
    std::fs::write(&config, text).expect("written");
    config
}

#[test]
fn the_secret_service_keeps_passwords_and_keys_between_processes() {
    let home = tempfile::tempdir().expect("a folder");
    let script = format!(
        r#"echo -n pw | gnome-keyring-daemon --unlock --components=secrets >/dev/null 2>&1
           "$STEWARD" {ADD} >/dev/null && "$STEWARD" --offline plans list --json && "$STEWARD" --offline whoami --json"#
    );
    let output = under_bus(home.path(), &script);
    let answer = envelope(&output);
    assert_eq!(answer["workspace"], "acme", "the key of the copy was found by another process: {answer}");
    assert!(String::from_utf8_lossy(&output.stdout).contains("system keyring"));
}

#[test]
fn a_locked_keyring_says_that_it_is_locked() {
    let home = tempfile::tempdir().expect("a folder");
    let script = format!(
        r#"gnome-keyring-daemon --start --components=secrets >/dev/null 2>&1; "$STEWARD" --no-input {ADD}"#
    );
    let output = under_bus(home.path(), &script);
    let error = stderr_json(&output);
    assert_eq!(error["code"], "keyring_locked", "{error}");
    assert_eq!(output.status.code(), Some(4));
}

#[test]
fn a_bus_without_a_keyring_and_no_bus_at_all_are_two_sentences() {
    let home = tempfile::tempdir().expect("a folder");
    let config = bare_bus(home.path());
    let mut bare = std::process::Command::new("dbus-run-session");
    bare.arg(format!("--config-file={}", config.display())).arg("--").arg(process(home.path()).get_program());
    bare.args(ADD.split(' ')).env("STEWARD_HOME", home.path()).env_remove("STEWARD_SECRETS");
    let without_service = stderr_json(&bare.output().expect("dbus-run-session is installed"));

    let mut none = process(home.path());
    none.env_remove("STEWARD_SECRETS").env_remove("DBUS_SESSION_BUS_ADDRESS");
    none.env("XDG_RUNTIME_DIR", home.path());
    let output = none.args(ADD.split(' ')).output().expect("steward runs");
    let without_bus = stderr_json(&output);

    for error in [&without_service, &without_bus] {
        assert_eq!(error["code"], "keyring_missing", "{error}");
        let hint = error["hint"].as_str().expect("a hint");
        for way in ["keyring service", "STEWARD_PASSPHRASE_FILE", "STEWARD_SECRETS=memory"] {
            assert!(hint.contains(way), "the way on `{way}` is named: {hint}");
        }
    }
    assert_ne!(without_service["message"], without_bus["message"]);
    assert_eq!(output.status.code(), Some(4));
    let list = process(home.path()).args(["workspace", "list", "--json"]).output().expect("steward runs");
    let list: Value = serde_json::from_slice(&list.stdout).expect("JSON");
    assert_eq!(list["data"]["rows"], serde_json::json!([]), "nothing was half added");
}

/// Calls a command of a running front door.
fn rpc(address: &str, command: &str, request: &Value) -> Option<Value> {
    let body = json!({ "command": command, "request": request, "preview": false }).to_string();
    let mut stream = TcpStream::connect(address).ok()?;
    write!(
        stream,
        "POST /rpc HTTP/1.1\r\nhost: {address}\r\ncontent-type: application/json\r\n\
         connection: close\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    )
    .ok()?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).ok()?;
    serde_json::from_str(answer.split_once("\r\n\r\n")?.1).ok()
}

#[tokio::test]
async fn a_keyring_that_starts_later_or_anew_needs_no_restart_of_steward() {
    let home = tempfile::tempdir().expect("a folder");
    let mut daemon = Command::new("dbus-daemon");
    daemon.arg(format!("--config-file={}", bare_bus(home.path()).display()));
    let (_bus, bus) = announced(daemon.args(["--nofork", "--print-address=1"])).expect("a bus");
    let on_bus = |program: &str| {
        let mut command = Command::new(program);
        command.env("DBUS_SESSION_BUS_ADDRESS", &bus).env_remove("STEWARD_SECRETS");
        command.env_remove("STEWARD_PASSPHRASE_FILE").env("HOME", home.path());
        command.env("XDG_RUNTIME_DIR", home.path()).env("XDG_DATA_HOME", home.path().join("share"));
        command
    };
    let mut server = on_bus(env!("CARGO_BIN_EXE_devserver"));
    server.args(["--secrets", "environment", "--offline", "--home"]).arg(home.path().join("home"));
    let (_server, line) = announced(&mut server).expect("a front door");
    let address =
        line.split("http://").nth(1).and_then(|rest| rest.split(['"', '/']).next()).expect("an address");
    let add = json!({ "name": "acme", "url": "postgresql://me:canary@db.example.com/app" });
    let refused = rpc(address, "workspace_add", &add).expect("an answer");
    assert_eq!(refused["error"]["code"], "keyring_missing", "{refused}");

    let keyring = || {
        let mut command = on_bus("gnome-keyring-daemon");
        command.args(["--unlock", "--components=secrets", "--foreground"]);
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("gnome-keyring-daemon (Debian package gnome-keyring)");
        child.stdin.take().expect("a pipe").write_all(b"pw").expect("the password is read");
        Running::from(child)
    };
    let mut running = keyring();
    for _ in 0..2 {
        until("the keyring is found", async || {
            rpc(address, "workspace_add", &add).filter(|answer| answer["ok"]["name"] == "acme")
        })
        .await
        .expect("the same front door keeps the password now");
        // The service ends and another one takes its name.
        drop(running);
        running = keyring();
    }
}
