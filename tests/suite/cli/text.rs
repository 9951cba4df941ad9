//! The form for people: help, tables, failures, endings.

use std::io::Read as _;
use std::process::Stdio;

use super::{process, steward};

fn stdout(home: &std::path::Path, arguments: &[&str]) -> String {
    String::from_utf8(steward(home, arguments).stdout).expect("text")
}

#[test]
fn help_reads_as_it_was_written() {
    let home = tempfile::tempdir().expect("a folder");
    // The first thing a newcomer sees; changed knowingly or not at all.
    insta::assert_snapshot!("help", stdout(home.path(), &["help"]).replace("steward-under-test", "steward"));
    insta::assert_snapshot!("exit_codes", stdout(home.path(), &["exit-codes"]));
    assert!(stdout(home.path(), &["help", "exit-codes"]).contains("conflict: rows moved"));
    assert!(stdout(home.path(), &["completions", "bash"]).contains("change-plan"));
}

#[test]
fn every_command_has_a_manual_page_for_the_package() {
    let home = tempfile::tempdir().expect("a folder");
    let folder = home.path().join("man");
    assert!(steward(home.path(), &["manual", folder.to_str().expect("text")]).status.success());
    let page = |name: &str| std::fs::read_to_string(folder.join(name)).expect("a page");
    assert!(page("steward.1").contains("exit\\-codes"), "what the codes mean is one page away");
    assert!(page("steward-users-change-plan.1").contains("\\-\\-dry\\-run"), "flags are listed");
    let refused = steward(home.path(), &["manual", "/proc/version/man", "--json"]);
    assert_eq!(super::stderr_json(&refused)["code"], "file");
}

#[test]
fn an_empty_start_names_the_next_step() {
    let home = tempfile::tempdir().expect("a folder");
    insta::assert_snapshot!("no_workspace", stdout(home.path(), &["workspace", "list"]));
    let output = steward(home.path(), &["overview"]);
    assert_eq!(output.status.code(), Some(3));
    // What happened, the code, how to go on.
    insta::assert_snapshot!("no_workspace_failure", String::from_utf8_lossy(&output.stderr));
}

#[test]
fn workspaces_are_a_table_and_a_password_in_the_arguments_is_warned_about() {
    let home = tempfile::tempdir().expect("a folder");
    let url = "postgresql://me:canary@db.example.com/app";
    let output = steward(home.path(), &["workspace", "add", "acme", url]);
    let warning = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(warning.contains("visible to other people"), "{warning}");
    assert!(!warning.contains("canary"));
    let staging = "postgresql://me@stage.example.com/app";
    steward(home.path(), &["workspace", "add", "stage", staging, "--environment", "staging", "-q"]);
    insta::assert_snapshot!("workspaces", stdout(home.path(), &["workspace", "list"]));
    insta::assert_snapshot!("settings", stdout(home.path(), &["settings", "set", "range", "90d"]));

    let refused = steward(home.path(), &["workspace", "remove", "acme"]);
    assert_eq!(refused.status.code(), Some(5), "nobody can be asked, so the flag is named");
    assert!(String::from_utf8_lossy(&refused.stderr).contains("--confirm"));
    let removed = steward(home.path(), &["workspace", "remove", "acme", "--confirm", "acme"]);
    assert!(removed.status.success());
}

#[test]
fn a_reader_that_leaves_early_ends_the_process_quietly() {
    let home = tempfile::tempdir().expect("a folder");
    let mut command = process(home.path());
    command.args(["completions", "zsh"]).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().expect("steward runs");
    drop(child.stdout.take());
    let mut problem = String::new();
    child.stderr.take().expect("a pipe").read_to_string(&mut problem).expect("read");
    assert!(child.wait().expect("ends").success());
    assert_eq!(problem, "");
}
