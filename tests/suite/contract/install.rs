//! Installing the contract: where, as whom, twice, and what stands in the way.

use secrecy::SecretString;
use sqlx::PgConnection;
use steward_core::ErrorCode;
use steward_store::postgres::cluster::{Cluster, ClusterConfig};
use steward_store::postgres::connect::{Address, connect};
use steward_store::postgres::install::{MIGRATIONS, PRESETS, install, status};
use steward_tests::cluster::{TestDatabase, WEB_ROLES, cluster_folder, execute, shared_cluster, superuser};

use super::{json, sqlstate};

#[test]
fn every_file_is_a_migration_and_every_migration_a_file() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../migrations/postgres");
    let mut files: Vec<String> = std::fs::read_dir(folder)
        .expect("the folder is there")
        .map(|entry| entry.expect("an entry").file_name().into_string().expect("a plain name"))
        .filter(|name| name.ends_with(".sql"))
        .collect();
    files.sort();
    let known: Vec<String> =
        MIGRATIONS.iter().map(|found| format!("{}_{}.sql", found.version, found.name)).collect();
    assert_eq!(files, known, "the program carries exactly the files, in order");
}

#[tokio::test]
async fn an_empty_database_shows_the_plan_first() {
    let database = TestDatabase::empty().await;
    let mut owner = database.connect_owner().await;
    let before = status(&mut owner).await.expect("it can be looked at");
    assert!(!before.is_installed && !before.is_supabase);
    assert!(before.server_version.starts_with("PostgreSQL 1"), "{}", before.server_version);
    assert!(before.plan.iter().any(|step| step.contains("Create the schema steward")), "{:?}", before.plan);
    assert!(
        before.plan.iter().any(|step| step.contains("usage")),
        "every migration is named: {:?}",
        before.plan
    );
    assert_eq!(before.obstacles, Vec::<String>::new());
    let nothing =
        json(&mut owner, "select to_jsonb(count(*)) from pg_namespace where nspname = 'steward'").await;
    assert_eq!(nothing, 0, "looking changes nothing");
}

#[tokio::test]
async fn installing_twice_is_installing_once() {
    let database = TestDatabase::empty().await;
    let mut owner = database.connect_owner().await;
    let first = install(&mut owner, Some("credits")).await.expect("it installs");
    assert!(first.is_current() && first.plan.is_empty(), "nothing is left to do: {:?}", first.plan);
    let facts = "select jsonb_build_object('migrations', (select jsonb_agg(to_jsonb(m) order by version) from steward.migrations m),
        'meta', (select to_jsonb(m) from steward.meta m), 'plans', (select jsonb_agg(to_jsonb(p) order by code) from steward.plans p))";
    let before = json(&mut owner, facts).await;
    assert_eq!(before["meta"]["version"], MIGRATIONS.len());
    assert_eq!(before["plans"].as_array().map(Vec::len), Some(4));
    let second = install(&mut owner, Some("quotas")).await.expect("again");
    assert!(second.is_current());
    assert_eq!(json(&mut owner, facts).await, before, "nothing moved, and a filled catalogue is left alone");
}

#[tokio::test]
async fn two_at_once_install_once() {
    let database = TestDatabase::empty().await;
    let (mut left, mut right) = (database.connect_owner().await, database.connect_owner().await);
    let (left, right) = tokio::join!(install(&mut left, Some("demo")), install(&mut right, Some("demo")));
    assert!(left.expect("one installs").is_current() && right.expect("the other finds it").is_current());
}

#[tokio::test]
async fn every_preset_fills_the_catalogue() {
    for preset in PRESETS {
        let database = TestDatabase::new().await;
        let mut owner = database.connect_owner().await;
        execute(&mut owner, "insert into steward.users (email) values ('early@example.com')").await;
        install(&mut owner, Some(preset)).await.expect("the preset fits");
        let first = json(&mut owner, "select to_jsonb(code) from steward.plans order by rank limit 1").await;
        let early = json(&mut owner, "select to_jsonb(plan_code) from steward.users").await;
        assert_eq!(first, early, "who came before the catalogue starts on its first plan ({preset})");
    }
    let database = TestDatabase::empty().await;
    let error = install(&mut database.connect_owner().await, Some("gold"))
        .await
        .expect_err("there is no such preset");
    assert_eq!((error.code(), error.fields()[0].field.as_str()), (ErrorCode::Invalid, "preset"));
}

#[tokio::test]
async fn a_newer_schema_is_left_alone() {
    let database = TestDatabase::new().await;
    let mut owner = database.connect_owner().await;
    execute(
        &mut owner,
        "insert into steward.migrations (version, name, checksum) values (29991231000000, 'later', '')",
    )
    .await;
    let found = status(&mut owner).await.expect("it can be looked at");
    assert_eq!(found.unknown_versions, [29_991_231_000_000]);
    assert_eq!(install(&mut owner, None).await.expect_err("refused").code(), ErrorCode::SchemaNewer);
    execute(
        &mut owner,
        "delete from steward.migrations where name = 'later'; update steward.migrations set checksum = 'x' where name = 'audit'",
    )
    .await;
    assert_eq!(
        install(&mut owner, None).await.expect_err("refused").code(),
        ErrorCode::SchemaNewer,
        "an edited file"
    );
}

#[tokio::test]
async fn an_older_schema_is_brought_along() {
    let database = TestDatabase::new().await;
    let mut owner = database.connect_owner().await;
    let last = MIGRATIONS.last().expect("there are migrations");
    // As it was before the last migration, which takes a constraint away.
    execute(
        &mut owner,
        &format!(
            "delete from steward.migrations where version = {}; \
             alter table steward.change_log add constraint change_log_op_known check (op in ('I', 'U', 'D', 'T', 'X'))",
            last.version
        ),
    )
    .await;
    let found = status(&mut owner).await.expect("it can be looked at");
    assert!(found.is_installed && !found.is_current());
    assert_eq!(found.plan.len(), 1, "only what is missing: {:?}", found.plan);
    assert!(install(&mut owner, None).await.expect("it upgrades").is_current());
    let checks = json(
        &mut owner,
        "select to_jsonb(count(*)) from pg_constraint where conname = 'change_log_op_known'",
    )
    .await;
    assert_eq!(checks, 0, "the constraint is gone");
}

/// A login of its own that owns a database of its own.
async fn owned_by(database: &TestDatabase, rights: &str) -> PgConnection {
    let login = format!("owner_of_{}", database.name());
    let mut postgres = superuser("postgres").await;
    execute(
        &mut postgres,
        &format!(
            "create role {login} login password 'own' {rights}; alter database {} owner to {login}",
            database.name()
        ),
    )
    .await;
    let url = shared_cluster().url(&login, &SecretString::from("own"), database.name());
    // Other tests made the roles. Before version 16 the right to create roles covers that; since then it takes a grant.
    let version = json(&mut postgres, "select to_jsonb(current_setting('server_version_num')::int)").await;
    if version.as_i64() >= Some(160_000) {
        let address = Address::parse(&url, None).expect("the URL is valid");
        let mut owner = connect(&address, None).await.expect("the owner connects");
        let found = status(&mut owner).await.expect("it can be looked at");
        let wanted = format!("grant steward_owner to {login}");
        assert!(found.obstacles.iter().any(|text| text.contains(&wanted)), "{:?}", found.obstacles);
        execute(&mut postgres, &wanted).await;
    }
    connect(&Address::parse(&url, None).expect("the URL is valid"), None).await.expect("the owner connects")
}

#[tokio::test]
async fn an_owner_without_superuser_installs() {
    let database = TestDatabase::empty().await;
    let mut owner = owned_by(&database, "createrole").await;
    let found = install(&mut owner, Some("tiered")).await.expect("it installs");
    assert!(found.is_current());
    let owners = json(&mut owner, "select jsonb_agg(distinct pg_get_userbyid(relowner)) from pg_class where relnamespace = 'steward'::regnamespace and relkind in ('r', 'p')").await;
    assert_eq!(
        owners,
        serde_json::json!(["steward_owner"]),
        "the schema belongs to the role without a login"
    );
}

#[tokio::test]
async fn what_stands_in_the_way_is_said_before_anything_is_done() {
    let database = TestDatabase::new().await;
    let mut viewer = connect(&shared_cluster().address("postgres"), None).await.expect("connects");
    drop(viewer);
    let other = TestDatabase::empty().await;
    let login = other.login("viewer");
    viewer = connect(&login, None).await.expect("connects");
    let found = status(&mut viewer).await.expect("it can be looked at");
    assert!(
        found.obstacles.iter().any(|text| text.contains("may not create a schema")),
        "{:?}",
        found.obstacles
    );
    let error = install(&mut viewer, None).await.expect_err("refused");
    assert_eq!(error.code(), ErrorCode::Permission);
    assert!(error.detail().is_some_and(|text| text.contains("may not create a schema")), "{error}");
    drop(database);
}

const SUPABASE: &str = "
    create schema auth;
    create table auth.users (id uuid primary key, email text, raw_user_meta_data jsonb, created_at timestamptz default now());
    create function auth.uid() returns uuid language sql stable as
        $$ select nullif(current_setting('request.jwt.claims', true)::jsonb ->> 'sub', '')::uuid $$;
    grant usage on schema auth to public;
    insert into auth.users (id, email, raw_user_meta_data) values
        ('01900000-0000-7000-8000-00000000000a', 'before@example.com', '{\"full_name\": \"Before\"}');
";

#[tokio::test]
async fn on_supabase_accounts_become_users() {
    let database = TestDatabase::empty().await;
    let mut root = database.connect_owner().await;
    execute(&mut root, WEB_ROLES).await;
    execute(&mut root, SUPABASE).await;
    let mut owner = owned_by(&database, "createrole createdb bypassrls").await;
    let login = format!("owner_of_{}", database.name());
    execute(&mut root, &format!("grant select, trigger on auth.users to {login}")).await;

    let before = status(&mut owner).await.expect("it can be looked at");
    assert!(before.is_supabase);
    assert!(before.plan.iter().any(|step| step.contains("auth.users")), "{:?}", before.plan);
    install(&mut owner, Some("quotas")).await.expect("it installs without superuser");
    execute(
        &mut root,
        "insert into auth.users (id, email) values ('01900000-0000-7000-8000-00000000000b', 'after@example.com');
         insert into auth.users (id, email) values ('01900000-0000-7000-8000-00000000000c', 'BEFORE@example.com');
         update auth.users set email = 'moved@example.com' where email = 'before@example.com';",
    )
    .await;
    let users = json(
        &mut root,
        "select jsonb_agg(jsonb_build_array(email, name, plan_code) order by email) from steward.users",
    )
    .await;
    assert_eq!(
        users,
        serde_json::json!([["after@example.com", null, "trial"], ["moved@example.com", "Before", "trial"]]),
        "one row per account, and an address that is taken keeps nobody from signing up"
    );
    execute(&mut root, "delete from auth.users where email = 'after@example.com'").await;
    let erased = json(&mut root, "select to_jsonb(email) from steward.users where status = 'erased'").await;
    assert_eq!(erased, "erased-01900000-0000-7000-8000-00000000000b@users.invalid");

    let mut user = database.connect("authenticated").await;
    execute(&mut user, r#"set request.jwt.claims = '{"sub": "01900000-0000-7000-8000-00000000000a"}'"#).await;
    let own = json(&mut user, "select jsonb_agg(email) from steward.users").await;
    assert_eq!(own, serde_json::json!(["moved@example.com"]), "a user sees himself only");
    assert_eq!(sqlstate(&mut user, "select from steward.audit_log").await, "42501");
}

#[tokio::test]
async fn a_cluster_that_never_saw_the_contract_gets_its_roles() {
    let config = ClusterConfig {
        data_dir: cluster_folder().with_file_name("postgres-plain"),
        ..ClusterConfig::default()
    };
    let cluster = Cluster::start(config).expect("a cluster of its own starts");
    let mut root = connect(&cluster.address("postgres"), None).await.expect("connects");
    execute(&mut root, "create role company login createrole password 'company'; ").await;
    execute(&mut root, "create database product owner company").await;
    let url = cluster.url("company", &SecretString::from("company"), "product");
    let mut owner = connect(&Address::parse(&url, None).expect("valid"), None).await.expect("connects");
    let before = status(&mut owner).await.expect("it can be looked at");
    assert!(
        before.plan[0].contains("steward_owner, steward_viewer"),
        "the roles are announced: {:?}",
        before.plan
    );
    assert!(install(&mut owner, Some("credits")).await.expect("it installs").is_current());
    let folder = cluster.folder().to_owned();
    drop((root, owner));
    cluster.stop().expect("it stops");
    std::fs::remove_dir_all(folder).expect("its folder can be removed");
}
