//! Operators: a login with a role's rights, made and removed by a person who may, and by nobody else.

use secrecy::{ExposeSecret as _, SecretString};
use steward_core::ErrorCode;
use steward_core::id::IntentId;
use steward_store::postgres::PgConnection;
use steward_store::postgres::actions::{Action, apply, preview};
use steward_store::postgres::connect::{Address, connect};
use steward_store::postgres::operators::{list, new_password, verifier};
use steward_store::postgres::upkeep::{plan_cleanup, quality};
use steward_tests::cluster::{TestDatabase, execute, shared_cluster};
use uuid::Uuid;

use super::{json as value, seed, sqlstate};

fn create(login: &str, role: &str, password: &SecretString) -> Action {
    Action::CreateOperator {
        intent: IntentId(Uuid::now_v7()),
        login: login.to_owned(),
        name: "Ada Operator".to_owned(),
        role: role.to_owned(),
        verifier: verifier(password),
        reason: "New in support".to_owned(),
    }
}

fn remove(login: &str) -> Action {
    Action::RemoveOperator {
        intent: IntentId(Uuid::now_v7()),
        login: login.to_owned(),
        reason: "Left".to_owned(),
    }
}

fn address(database: &TestDatabase, login: &str, password: &SecretString) -> Address {
    let url = shared_cluster().url(login, password, database.name());
    Address::parse(&url, None).expect("the URL is valid")
}

/// An admin with the right to make logins, under a name of this test's own: roles belong to the whole cluster.
async fn chief(database: &TestDatabase, owner: &mut PgConnection) -> (String, PgConnection) {
    let login = format!("chief_{}", &database.name()[5..]);
    execute(owner, &format!("create role {login} login createrole password 'chief' in role steward_admin"))
        .await;
    let version = value(owner, "select to_jsonb(current_setting('server_version_num')::int)").await;
    if version.as_i64() >= Some(160_000) {
        for role in ["viewer", "finance", "support", "admin"] {
            execute(owner, &format!("grant steward_{role} to {login} with admin option")).await;
        }
    }
    let address = address(database, &login, &SecretString::from("chief"));
    (login, connect(&address, None).await.expect("the chief connects"))
}

#[tokio::test]
async fn a_login_is_made_used_listed_and_removed() {
    let database = TestDatabase::new().await;
    let mut owner = database.connect_owner().await;
    let [first, ..] = seed(&mut owner).await;
    let (boss, mut chief) = chief(&database, &mut owner).await;
    let login = format!("op_{}", &database.name()[5..]);
    let password = new_password();
    let action = create(&login, "support", &password);

    let shown = preview(&mut chief, &action).await.expect("it can be previewed");
    assert_eq!(shown.rows[0].label, "Ada Operator");
    let there = format!("select to_jsonb(count(*)) from pg_roles where rolname = '{login}'");
    assert_eq!(value(&mut owner, &there).await, 0, "a preview makes no login");
    apply(&mut chief, &action, &shown.plan_token).await.expect("it is made");
    let kept =
        value(&mut owner, &format!("select to_jsonb(rolpassword) from pg_authid where rolname = '{login}'"))
            .await;
    let kept = kept.as_str().expect("a password is kept");
    assert!(
        kept.starts_with("SCRAM-SHA-256$4096:") && !kept.contains(password.expose_secret()),
        "only what proves it"
    );

    let mut operator =
        connect(&address(&database, &login, &password), None).await.expect("the password is right");
    let wrong =
        connect(&address(&database, &login, &new_password()), None).await.expect_err("another is not");
    assert_eq!(wrong.code(), ErrorCode::Auth);
    let change = format!(
        "select steward.change_plan(gen_random_uuid(), array['{first}']::uuid[], 'pro', '{{}}', 'as support')"
    );
    assert_eq!(
        sqlstate(&mut operator, &change).await,
        "25006",
        "a login reads unless it says that it writes"
    );
    execute(&mut operator, &format!("begin read write; {change}; commit")).await;
    let logged = value(&mut owner, "select jsonb_agg(jsonb_build_array(login, operator)) from steward.audit_log where action = 'change_plan'").await;
    assert_eq!(logged, serde_json::json!([[login, "Ada Operator"]]));

    let rows = list(&mut chief).await.expect("listed");
    let mine = rows.iter().find(|row| row.login == login).expect("it is listed");
    assert_eq!((mine.role.as_deref(), mine.is_connected, mine.can_log_in), (Some("support"), true, true));
    assert!(mine.last_change_at.is_some());
    let boss_row = rows.iter().find(|row| row.login == boss).expect("a login nobody named is listed, too");
    assert_eq!((boss_row.role.as_deref(), boss_row.is_named), (Some("admin"), false));
    drop(operator);

    let away = remove(&login);
    let shown = preview(&mut chief, &away).await.expect("it can be previewed");
    assert_eq!(shown.confirm.as_deref(), Some(login.as_str()), "the login is typed");
    apply(&mut chief, &away, &shown.plan_token).await.expect("it is removed");
    assert_eq!(value(&mut owner, &there).await, 0);
    let refused = connect(&address(&database, &login, &password), None).await.expect_err("the login is gone");
    assert_eq!(refused.code(), ErrorCode::Auth);
    let history = value(
        &mut owner,
        &format!("select to_jsonb(count(*)) from steward.audit_log where login = '{login}'"),
    )
    .await;
    assert_eq!(history, 1, "what it did stays");
    drop(chief);
    execute(&mut owner, &format!("drop owned by {boss}; drop role {boss}")).await;
}

#[tokio::test]
async fn who_may_make_no_logins_is_told_what_is_missing() {
    let database = TestDatabase::new().await;
    let mut owner = database.connect_owner().await;
    let login = format!("op_{}", &database.name()[5..]);
    let password = new_password();
    let mut admin = database.connect("admin").await;
    let error = preview(&mut admin, &create(&login, "viewer", &password)).await.expect_err("no CREATEROLE");
    assert_eq!(error.code(), ErrorCode::Permission);
    assert!(error.detail().is_some_and(|text| text.contains("createrole")), "{error:?}");
    assert_eq!(
        value(&mut owner, "select to_jsonb(count(*)) from steward.operators").await,
        0,
        "nobody was named either"
    );
    for role in ["viewer", "finance", "support"] {
        let mut person = database.connect(role).await;
        for action in [create(&login, "viewer", &password), remove("test_viewer")] {
            assert_eq!(
                preview(&mut person, &action).await.expect_err("refused").code(),
                ErrorCode::Permission,
                "{role}"
            );
        }
        assert_eq!(list(&mut person).await.expect_err("refused").code(), ErrorCode::Permission, "{role}");
    }
}

#[tokio::test]
async fn a_login_nobody_means_is_refused() {
    let database = TestDatabase::new().await;
    let mut owner = database.connect_owner().await;
    let (boss, mut chief) = chief(&database, &mut owner).await;
    let password = new_password();
    for login in [
        "",
        "Ada",
        "a b",
        "a\"b",
        "a'b",
        "1a",
        "pg_monitor",
        "steward_owner",
        "postgres",
        "test_viewer",
        "service_role",
    ] {
        let error = preview(&mut chief, &create(login, "viewer", &password)).await.expect_err("refused");
        assert_eq!(
            (error.code(), error.fields()[0].field.as_str()),
            (ErrorCode::Invalid, "login"),
            "{login}"
        );
    }
    for role in ["owner", "app", "", "Admin"] {
        let error = preview(&mut chief, &create("somebody_new", role, &password)).await.expect_err("refused");
        assert_eq!(error.fields()[0].field, "role", "{role}");
    }
    assert_eq!(
        preview(&mut chief, &remove("nobody_here")).await.expect_err("refused").code(),
        ErrorCode::NotFound
    );
    let himself = preview(&mut chief, &remove(&boss)).await.expect_err("refused");
    assert_eq!(himself.message(), "Nobody removes himself.");
    drop(chief);
    execute(&mut owner, &format!("drop owned by {boss}; drop role {boss}")).await;
}

/// A look begins a transaction that cannot write, so that no function of the server does by accident.
#[tokio::test]
async fn what_is_only_looked_up_is_looked_up_read_only() {
    let database = TestDatabase::new().await;
    let mut owner = database.connect_owner().await;
    let tell = "begin raise exception 'read only: %', current_setting('transaction_read_only') using errcode = 'ST400'; end";
    execute(
        &mut owner,
        &format!(
            "create or replace function steward.plan_cleanup(keep_months int) returns jsonb language plpgsql as $$ {tell} $$;
             create or replace function steward.data_quality(days int default 90) returns jsonb language plpgsql as $$ {tell} $$;
             drop function steward.list_operators();
             create function steward.list_operators() returns setof jsonb language plpgsql as $$ {tell} $$;
             grant execute on function steward.list_operators() to steward_admin"
        ),
    )
    .await;
    let mut admin = database.connect("admin").await;
    let told = [
        list(&mut admin).await.expect_err("it tells"),
        plan_cleanup(&mut admin, 13).await.expect_err("it tells"),
        quality(&mut admin, 30).await.expect_err("it tells"),
    ];
    for error in told {
        assert_eq!(error.message(), "read only: on");
    }
    // The connection is as it was: an action writes over it.
    let own = value(&mut admin, "select to_jsonb(current_setting('transaction_read_only'))").await;
    assert_eq!(own, "off");
}
