//! A month that is closed on this computer: sealed in `local.db`, kept whatever becomes of the copy, sent as it was.

use std::path::Path;

use chrono::{Datelike as _, Months, NaiveDate};
use secrecy::ExposeSecret as _;
use serde_json::{Value, json};
use sqlx::Row as _;
use steward_app::home::Home;
use steward_app::secrets::SecretsMode;
use steward_app::wire::WireError;
use steward_app::{Engine, Mode, Steward, dispatch};
use steward_core::id::WorkspaceId;
use steward_core::{Clock as _, ErrorCode, SystemClock};
use steward_store::cache::{Cache, CacheKey};
use steward_store::local::Local;
use steward_tests::cluster::{TestDatabase, execute};
use tempfile::TempDir;
use uuid::Uuid;

use super::{add, code, open_with, run};

/// The first day of the month so many before this one.
fn month(back: u32) -> NaiveDate {
    SystemClock.now().date_naive().with_day(1).expect("a first day") - Months::new(back)
}

fn closing() -> String {
    month(1).format("%Y-%m").to_string()
}

fn user(number: u32) -> String {
    format!("0190b2a0-0000-7000-8000-{number:012}")
}

/// Two customers in euro and one in yen, who came before the month that is closed, or in it.
fn company() -> String {
    format!(
        "select steward.install_preset('credits');
         insert into steward.users (id, email, plan_code)
             select ('0190b2a0-0000-7000-8000-' || lpad(n::text, 12, '0'))::uuid, 'user' || n || '@example.com', 'pro'
             from generate_series(1, 6) n;
         insert into steward.subscriptions (user_id, plan_code, started_at, unit_amount_minor, currency) values
             ('{one}', 'pro', '{before} 10:00+00', 10000, 'EUR'), ('{two}', 'pro', '{before} 11:00+00', 4000, 'EUR'),
             ('{three}', 'pro', '{closing} 12:00+00', 900, 'JPY')",
        one = user(1),
        two = user(2),
        three = user(3),
        before = month(2),
        closing = month(1),
    )
}

/// What is written down late: the second customer had left in the month that is closed.
fn late() -> String {
    format!(
        "update steward.subscriptions set status = 'canceled', ended_at = '{} 14:00+00' where user_id = '{}'",
        month(1),
        user(2)
    )
}

/// A passphrase file beside the folder of data, so that secrets outlive a front door.
fn secrets(home: &TempDir) -> SecretsMode {
    let path = home.path().join("passphrase");
    std::fs::write(&path, "a long passphrase").expect("written");
    SecretsMode::PassphraseFile(path)
}

async fn door(home: &TempDir, engine: Engine) -> Steward {
    open_with(home, secrets(home), engine).await
}

async fn ask(steward: &Steward, command: &str, request: Value) -> Value {
    run(steward, command, request).await.unwrap_or_else(|error| panic!("{command}: {error:?}"))
}

/// A home whose finance login has read the company, and is not connected any more.
async fn unplugged(database: &TestDatabase) -> (TempDir, Steward, Value) {
    execute(&mut database.connect_owner().await, &company()).await;
    let home = tempfile::tempdir().expect("a folder");
    let steward = door(&home, Engine::OnDemand).await;
    let workspace = add(&steward, "acme", &database.login_url("finance")).await;
    ask(&steward, "sync_run", Value::Null).await;
    ask(&steward, "month_list", Value::Null).await;
    steward.close().await;
    let steward = door(&home, Engine::Offline).await;
    (home, steward, workspace)
}

fn keep() -> Value {
    json!({
        "intent": Uuid::now_v7(), "month": closing(), "zone": "UTC", "profile": "stripe", "reason": "reported on a train",
    })
}

/// Preview, then the same with its token.
async fn send(steward: &Steward) -> Result<Value, WireError> {
    let mut request = json!({ "intent": Uuid::now_v7(), "month": closing(), "zone": "UTC", "is_kept": true, "reason": "reported on a train" });
    let preview = dispatch(steward, "month_close", request.clone(), Mode::Preview).await?;
    request["plan_token"] = preview["plan_token"].clone();
    request["confirm"] = preview["confirm"].clone();
    run(steward, "month_close", request).await
}

async fn months(steward: &Steward) -> Vec<Value> {
    ask(steward, "month_list", Value::Null).await["months"].as_array().expect("months").clone()
}

fn end_of(closed: &Value, currency: &str) -> i64 {
    let rows = closed["figures"]["currencies"].as_array().expect("currencies");
    let row = rows.iter().find(|row| row["currency"] == currency).expect("the currency");
    row["end_minor"].as_i64().expect("a whole number")
}

/// The rows of `kept_closes`, as they lie on the disk.
fn on_disk(home: &TempDir) -> Vec<(String, String, Vec<u8>)> {
    let file = rusqlite::Connection::open(home.path().join("local.db")).expect("local.db opens");
    let mut rows = file.prepare("select workspace_id, month, sealed from kept_closes").expect("a statement");
    let rows = rows.query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?))).expect("rows");
    rows.collect::<rusqlite::Result<_>>().expect("rows")
}

/// The figures that are kept in a home with a passphrase file, as they were written.
pub(crate) fn figures_on_disk(home: &Path, passphrase: &Path, workspace: &str) -> String {
    let id = WorkspaceId(workspace.parse().expect("an id"));
    let home = Home::resolve(Some(home.to_owned())).expect("a home");
    let secrets = SecretsMode::PassphraseFile(passphrase.to_owned()).open(&home.secrets()).expect("secrets");
    let key = secrets.get(&format!("workspace/{id}/cache-key")).expect("a look").expect("the copy's key");
    let key = CacheKey::from_hex(key.expose_secret()).expect("a key");
    let cache = Cache::open(&home.cache(id), &key, id).expect("the copy opens");
    let mut kept =
        Local::open(&home.local_db()).expect("it opens").closes(&cache).expect("what is kept").closes;
    assert_eq!(kept.len(), 1, "one month is kept");
    kept.remove(0).figures
}

#[tokio::test(flavor = "multi_thread")]
async fn a_month_closed_offline_is_sent_as_it_was_after_the_copy_was_dropped_and_moved_on() {
    let database = TestDatabase::new().await;
    let (home, steward, workspace) = unplugged(&database).await;
    let now = json!({ "month": closing(), "zone": "UTC", "profile": "stripe" });
    let mut close = now.clone();
    close["intent"] = json!(Uuid::now_v7());
    close["reason"] = json!("reported on a train");
    let refused = dispatch(&steward, "month_close", close.clone(), Mode::Preview).await;
    assert_eq!(code(refused), ErrorCode::Offline, "the server is needed");
    let preview = ask(&steward, "month_figures", now).await;

    let mut running = keep();
    running["month"] = json!(month(0).format("%Y-%m").to_string());
    assert_eq!(code(run(&steward, "month_keep", running).await), ErrorCode::Invalid, "it still runs");
    let mut silent = keep();
    silent["reason"] = json!(" ");
    assert_eq!(code(run(&steward, "month_keep", silent).await), ErrorCode::Invalid, "nobody said why");
    let mut stale = keep();
    stale["as_of"] = json!(SystemClock.now());
    assert_eq!(code(run(&steward, "month_keep", stale).await), ErrorCode::Conflict, "others were shown");
    assert!(on_disk(&home).is_empty(), "nothing that was refused is kept");
    let mut request = keep();
    request["as_of"] = preview["as_of"].clone();
    let kept = ask(&steward, "month_keep", request).await;
    assert_eq!(kept["figures"], preview["figures"], "the very figures");
    assert_eq!((end_of(&kept, "EUR"), end_of(&kept, "JPY")), (14_000, 900));
    assert_eq!(kept["kept"]["as_of"], preview["as_of"]);
    assert_eq!(code(run(&steward, "month_keep", keep()).await), ErrorCode::Invalid, "it is kept already");
    close["is_kept"] = json!(false);
    let refused = dispatch(&steward, "month_close", close, Mode::Preview).await;
    assert_eq!(code(refused), ErrorCode::Invalid, "what is kept is sent, or dropped first");

    // Nothing of it can be read in the file; the same figures are never the same bytes.
    let (_, month, sealed) = on_disk(&home).remove(0);
    assert_eq!(month, closing());
    for word in ["figures", "EUR", "14000", "reported on a train", "stripe"] {
        assert!(!sealed.windows(word.len()).any(|part| part == word.as_bytes()), "{word} can be read");
    }

    // Reports have the kept figures, and say where they are.
    let report = ask(&steward, "report_close", json!({ "month": closing() })).await;
    assert_eq!(
        (end_of(&report["closed"], "EUR"), &report["reason"]),
        (14_000, &json!("reported on a train"))
    );
    assert_eq!(report["closed"]["kept"]["on_server"], Value::Null);
    let request = json!({ "month": closing(), "zone": "UTC" });
    let report = ask(&steward, "report_revenue", request).await;
    assert_eq!(report["closed"]["kept"]["intent"], kept["kept"]["intent"]);
    // The only place that has it is not thrown away by a word that says nothing of it.
    let remove = json!({ "workspace": "acme", "confirm": "acme" });
    let refused = run(&steward, "workspace_remove", remove).await.expect_err("a month would be lost");
    assert!(refused.message.contains(&closing()), "{refused:?}");
    steward.close().await;

    // The copy is damaged, put aside and read anew, and the server has another history by then.
    execute(&mut database.connect_owner().await, &late()).await;
    let id = workspace["id"].as_str().expect("an id");
    let copy = home.path().join("caches").join(format!("{id}.db"));
    for end in ["", "-wal", "-shm"] {
        let file = copy.with_file_name(format!("{id}.db{end}"));
        if file.exists() {
            std::fs::write(file, b"no cache any more").expect("written");
        }
    }
    let steward = door(&home, Engine::OnDemand).await;
    if run(&steward, "month_list", Value::Null).await.is_err() {
        ask(&steward, "sync_rebuild", Value::Null).await;
    }
    ask(&steward, "sync_run", Value::Null).await;
    let listed = months(&steward).await;
    assert_eq!(listed.len(), 1);
    assert_eq!(listed[0]["figures"], kept["figures"], "what was kept outlived the copy");
    let end: Vec<_> = listed[0]["adjustments"]
        .as_array()
        .expect("adjustments")
        .iter()
        .filter(|row| row["line"] == "end")
        .map(|row| (row["frozen"].as_i64(), row["now"].as_i64()))
        .collect();
    assert_eq!(end, [(Some(14_000), Some(10_000))], "history says otherwise now: {}", listed[0]);

    let figures = figures_on_disk(home.path(), &home.path().join("passphrase"), id);
    let sent = send(&steward).await.expect("it is sent");
    assert_eq!(sent["intent"], kept["kept"]["intent"], "under the id of then");
    let mut owner = database.connect_owner().await;
    // The server's own text of both: the order of fields is its own.
    let rows =
        "select figures::text = ($1::text::jsonb)::text as is_same, zone, profile from steward.month_closes";
    let rows = sqlx::query(rows).bind(&figures).fetch_all(&mut owner).await.expect("the server's rows");
    assert_eq!(rows.len(), 1, "one row, written down once");
    assert!(rows[0].get::<bool, _>("is_same"), "byte for byte what was kept");
    assert_eq!((rows[0].get("zone"), rows[0].get("profile")), ("UTC", "stripe"));
    let reason: String =
        sqlx::query_scalar("select reason from steward.audit_log where table_name = 'month_closes'")
            .fetch_one(&mut owner)
            .await
            .expect("the audit log");
    assert_eq!(reason, "reported on a train");
    ask(&steward, "sync_run", Value::Null).await;
    let listed = months(&steward).await;
    assert_eq!((listed.len(), &listed[0]["kept"]), (1, &Value::Null), "the server's alone: {listed:?}");
    assert_eq!(listed[0]["figures"], kept["figures"]);
    assert!(on_disk(&home).is_empty());
    assert_eq!(code(run(&steward, "month_keep", keep()).await), ErrorCode::Invalid, "it is closed there");
    assert_eq!(code(send(&steward).await), ErrorCode::NotFound, "nothing is kept any more");
    steward.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_colleague_who_was_first_leaves_both_totals_to_compare() {
    let database = TestDatabase::new().await;
    let (home, steward, _) = unplugged(&database).await;
    ask(&steward, "month_keep", keep()).await;
    steward.close().await;

    execute(&mut database.connect_owner().await, &late()).await;
    let theirs = tempfile::tempdir().expect("a folder");
    let colleague = door(&theirs, Engine::OnDemand).await;
    add(&colleague, "acme", &database.login_url("admin")).await;
    ask(&colleague, "sync_run", Value::Null).await;
    let mut request = keep();
    let preview = dispatch(&colleague, "month_close", request.clone(), Mode::Preview).await.expect("a look");
    request["plan_token"] = preview["plan_token"].clone();
    request["confirm"] = preview["confirm"].clone();
    ask(&colleague, "month_close", request).await;
    colleague.close().await;

    let steward = door(&home, Engine::OnDemand).await;
    let refused = send(&steward).await.expect_err("it is closed");
    assert!(refused.code == ErrorCode::Invalid && refused.message.contains("closed already"), "{refused:?}");
    // The refusal brought the colleague's into the copy.
    let listed = months(&steward).await;
    let ends: Vec<_> = listed.iter().map(|one| (one["kept"].is_object(), end_of(one, "EUR"))).collect();
    assert_eq!(ends, [(true, 14_000), (false, 10_000)], "both, the kept one first");
    let differences = listed[0]["kept"]["on_server"].as_array().expect("it is closed there, too");
    let end = differences.iter().find(|row| row["line"] == "end").expect("the ends differ");
    assert_eq!(
        (&end["frozen"], &end["now"], &end["difference"]),
        (&json!(14_000), &json!(10_000), &json!(-4_000))
    );
    let report = ask(&steward, "report_close", json!({ "month": closing() })).await;
    assert_eq!(end_of(&report["closed"], "EUR"), 14_000, "what was reported here");

    let unnamed = run(&steward, "month_drop", json!({ "month": closing(), "confirm": "yes" })).await;
    assert_eq!(code(unnamed), ErrorCode::Invalid, "the month is typed");
    assert_eq!(months(&steward).await.len(), 2);
    let dropped = ask(&steward, "month_drop", json!({ "month": closing(), "confirm": closing() })).await;
    assert_eq!(end_of(&dropped["was"], "EUR"), 14_000, "it says what it was");
    let listed = months(&steward).await;
    assert_eq!((listed.len(), end_of(&listed[0], "EUR")), (1, 10_000));
    let again = run(&steward, "month_drop", json!({ "month": closing(), "confirm": closing() })).await;
    assert_eq!(code(again), ErrorCode::NotFound);
    steward.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_crash_between_the_servers_commit_and_the_removal_loses_and_doubles_nothing() {
    let database = TestDatabase::new().await;
    let (home, steward, _) = unplugged(&database).await;
    let kept = ask(&steward, "month_keep", keep()).await;
    steward.close().await;
    let before = on_disk(&home);
    let steward = door(&home, Engine::OnDemand).await;
    send(&steward).await.expect("it is sent");
    steward.close().await;
    assert!(on_disk(&home).is_empty());

    // What the disk says when the process ends after the server's commit: all that is kept is still there.
    let (workspace, month, sealed) = &before[0];
    rusqlite::Connection::open(home.path().join("local.db"))
        .expect("local.db opens")
        .execute(
            "insert into kept_closes (workspace_id, month, sealed) values (?1, ?2, ?3)",
            rusqlite::params![workspace, month, sealed],
        )
        .expect("written");
    let steward = door(&home, Engine::OnDemand).await;
    ask(&steward, "sync_run", Value::Null).await;
    let listed = months(&steward).await;
    assert_eq!(listed.len(), 2);
    assert_eq!(listed[0]["kept"]["on_server"], json!([]), "the server has the same figures");
    let again = send(&steward).await.expect("the server answers the same again");
    assert_eq!((&again["is_applied"], &again["intent"]), (&json!(true), &kept["kept"]["intent"]));
    assert!(on_disk(&home).is_empty());
    assert_eq!(months(&steward).await.len(), 1);
    let mut owner = database.connect_owner().await;
    let written: i64 =
        sqlx::query_scalar("select count(*) from steward.audit_log where table_name = 'month_closes'")
            .fetch_one(&mut owner)
            .await
            .expect("the audit log");
    assert_eq!(written, 1, "closed once");
    steward.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn without_its_key_a_kept_month_is_named_and_opens_again_when_the_key_is_back() {
    let database = TestDatabase::new().await;
    let (home, steward, _) = unplugged(&database).await;
    let kept = ask(&steward, "month_keep", keep()).await;
    steward.close().await;
    let before = on_disk(&home);

    // The keyring is gone, and the copy is read anew under another key.
    let store = steward.home().secrets();
    let aside = home.path().join("secrets-before");
    std::fs::rename(&store, &aside).expect("put aside");
    let steward = door(&home, Engine::OnDemand).await;
    assert_eq!(code(run(&steward, "month_list", Value::Null).await), ErrorCode::CacheKey);
    add(&steward, "acme", &database.login_url("finance")).await;
    ask(&steward, "sync_rebuild", Value::Null).await;
    ask(&steward, "sync_run", Value::Null).await;
    let list = ask(&steward, "month_list", Value::Null).await;
    assert_eq!((&list["months"], &list["unreadable"][0]["month"]), (&json!([]), &json!(closing())));
    let why = list["unreadable"][0]["why"].as_str().expect("why");
    assert!(why.contains(&closing()) && why.contains("Put that key back, or drop"), "{why}");
    for (command, request) in [
        ("month_keep", keep()),
        ("report_close", json!({ "month": closing() })),
        (
            "month_close",
            json!({ "intent": Uuid::now_v7(), "month": closing(), "zone": "UTC", "is_kept": true, "reason": "reported on a train" }),
        ),
    ] {
        let refused = run(&steward, command, request).await.expect_err("it cannot be opened");
        assert!(refused.code == ErrorCode::Invalid && refused.message.contains(&closing()), "{refused:?}");
    }
    steward.close().await;
    assert_eq!(on_disk(&home), before, "nothing was thrown away");

    std::fs::rename(&aside, &store).expect("put back");
    let steward = door(&home, Engine::OnDemand).await;
    ask(&steward, "sync_rebuild", Value::Null).await;
    ask(&steward, "sync_run", Value::Null).await;
    let listed = months(&steward).await;
    assert_eq!((listed.len(), &listed[0]["figures"]), (1, &kept["figures"]));
    send(&steward).await.expect("and it is sent");
    steward.close().await;
}
