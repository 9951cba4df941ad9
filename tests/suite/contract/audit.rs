//! The audit log: complete, append-only, and telling when somebody went around that.

use serde_json::json;
use steward_tests::cluster::{TestDatabase, execute};

use super::{json as value, seed, sqlstate};

#[tokio::test]
async fn changes_past_the_actions_are_audited_and_bookkeeping_is_not() {
    let database = TestDatabase::new().await;
    let mut owner = database.connect_owner().await;
    let [first, ..] = seed(&mut owner).await;
    let rows = value(
        &mut owner,
        "select jsonb_agg(distinct jsonb_build_array(table_name, action)) from steward.audit_log",
    )
    .await;
    assert_eq!(
        rows,
        json!([["plan_features", "install_preset"], ["plans", "install_preset"]]),
        "sign-ups tell themselves when they were; a catalogue is an act of somebody"
    );
    execute(&mut owner, &format!("update steward.users set last_seen_at = now() where id = '{first}'")).await;
    execute(
        &mut owner,
        &format!("update steward.users set name = 'New', last_seen_at = now() where id = '{first}'"),
    )
    .await;
    execute(&mut owner, "update steward.users set email = email").await;
    let direct = value(&mut owner, "select jsonb_agg(jsonb_build_array(table_name, row_key, before, after, intent)) from steward.audit_log where action = 'direct'").await;
    assert_eq!(direct, json!([["users", {"id": first}, {"name": null}, {"name": "New"}, null]]));
}

#[tokio::test]
async fn the_log_only_grows() {
    let database = TestDatabase::new().await;
    let mut owner = database.connect_owner().await;
    seed(&mut owner).await;
    for statement in [
        "update steward.audit_log set reason = 'x'",
        "delete from steward.audit_log",
        "truncate steward.audit_log",
    ] {
        assert_eq!(sqlstate(&mut owner, statement).await, "42501", "even for its owner: {statement}");
        let replica = format!("begin; set local session_replication_role = replica; {statement}");
        assert_eq!(
            sqlstate(&mut owner, &replica).await,
            "42501",
            "and in a replicating session: {statement}"
        );
        execute(&mut owner, "rollback").await;
    }
}

#[tokio::test]
async fn tampering_is_found_and_named() {
    let database = TestDatabase::new().await;
    let mut owner = database.connect_owner().await;
    seed(&mut owner).await;
    let mut viewer = database.connect("viewer").await;
    let verify =
        "select coalesce(jsonb_agg(jsonb_build_array(id, problem)), '[]') from steward.verify_audit()";
    assert_eq!(value(&mut viewer, verify).await, json!([]), "the chain is whole");
    let untouched =
        value(&mut owner, "select jsonb_build_array(min(id), count(*)) from steward.audit_log").await;
    assert!(untouched[1].as_i64() > Some(8), "there is something to tamper with");

    let third =
        value(&mut owner, "select to_jsonb(id) from steward.audit_log order by id offset 2 limit 1").await;
    let around = |statement: String| {
        format!(
            "alter table steward.audit_log disable trigger user; {statement}; alter table steward.audit_log enable trigger user; alter table steward.audit_log enable always trigger append_only"
        )
    };
    execute(
        &mut owner,
        &around(format!("update steward.audit_log set login = 'somebody_else' where id = {third}")),
    )
    .await;
    let found = value(&mut viewer, verify).await;
    assert_eq!(found, json!([[third, "The entry was changed: its hash is not the one of its content."]]));

    execute(&mut owner, &around(format!("delete from steward.audit_log where id = {third}"))).await;
    let found = value(&mut viewer, verify).await;
    assert_eq!(found.as_array().map(Vec::len), Some(1));
    assert_eq!(found[0][1], "The entry before it was removed or put in.");
    assert!(found[0][0].as_i64() > third.as_i64());
}

#[tokio::test]
async fn writers_at_once_make_one_chain() {
    let database = TestDatabase::new().await;
    let mut owner = database.connect_owner().await;
    let [first, second, third] = seed(&mut owner).await;
    let writers = [first, second, third].map(|user| {
        let address = database.owner();
        async move {
            let mut writer =
                steward_store::postgres::connect::connect(&address, None).await.expect("connects");
            for round in 0..20 {
                execute(
                    &mut writer,
                    &format!("update steward.users set name = 'round {round}' where id = '{user}'"),
                )
                .await;
            }
        }
    });
    futures::future::join_all(writers).await;
    let count =
        value(&mut owner, "select to_jsonb(count(*)) from steward.audit_log where action = 'direct'").await;
    assert_eq!(count, 60);
    assert_eq!(value(&mut owner, "select to_jsonb(count(*)) from steward.verify_audit()").await, 0);
}
