//! A private cluster from an empty folder, and what connecting to it can go wrong.

use secrecy::SecretString;
use sqlx::Connection;
use steward_core::ErrorCode;
use steward_store::postgres::cluster::{Cluster, ClusterConfig, find_binaries};
use steward_store::postgres::connect::{Address, connect};
use steward_tests::cluster::{TestDatabase, cluster_folder, shared_cluster};

fn private(name: &str) -> ClusterConfig {
    ClusterConfig { data_dir: cluster_folder().with_file_name(name), ..ClusterConfig::default() }
}

#[tokio::test]
async fn a_cluster_starts_empty_is_found_and_keeps_its_data() {
    let config = private("postgres-private");
    let cluster = Cluster::start(config.clone()).expect("an empty folder becomes a cluster");
    let mut connection = connect(&cluster.address("postgres"), None).await.expect("it can be connected to");
    sqlx::query("create table kept (n int)").execute(&mut connection).await.expect("a table is made");
    connection.close().await.expect("the connection closes");

    let found = Cluster::find(config.clone()).expect("its folder is readable").expect("it is found running");
    assert_eq!(found.port(), cluster.port(), "the very server is found");
    let second = Cluster::start(config.clone()).expect("a running server is taken over");
    assert_eq!(second.port(), cluster.port(), "no second server starts on the same folder");
    second.stop().expect("it stops");
    drop(cluster);
    assert!(Cluster::find(config.clone()).expect("its folder is readable").is_none(), "it is stopped");

    let again = Cluster::start(config).expect("it starts again");
    let mut connection =
        connect(&again.address("postgres"), None).await.expect("the password is still the same");
    let kept: i64 = sqlx::query_scalar("select count(*) from kept")
        .fetch_one(&mut connection)
        .await
        .expect("the table is kept");
    assert_eq!(kept, 0);
    let folder = again.folder().to_owned();
    again.stop().expect("it stops");
    std::fs::remove_dir_all(folder).expect("its folder can be removed");
}

#[tokio::test]
async fn a_server_in_a_closed_folder_is_started_all_the_same() {
    use std::os::unix::fs::PermissionsExt;
    // A checkout in root's home: the user that runs the server may not enter it. Others own what they start.
    let closed = tempfile::tempdir().expect("a folder");
    std::fs::set_permissions(closed.path(), std::fs::Permissions::from_mode(0o700)).expect("it is closed");
    let bin = closed.path().join("bin");
    std::fs::create_dir(&bin).expect("a folder of programs");
    let installed = find_binaries().expect("a server is installed").join("postgres");
    let installed = std::fs::canonicalize(installed).expect("links lead to the installation");
    let installed = installed.parent().expect("programs lie in a folder");
    for program in ["initdb", "pg_ctl", "postgres"] {
        std::fs::copy(installed.join(program), bin.join(program)).expect("a program is copied");
    }
    // What a distribution has beside the programs: some keep what they share elsewhere.
    let above = installed.parent().expect("the programs have a folder above");
    for name in ["lib", "share"].into_iter().filter(|name| above.join(name).exists()) {
        std::os::unix::fs::symlink(above.join(name), closed.path().join(name)).expect("a link");
    }
    let config = ClusterConfig { bin_dir: Some(bin), ..private("postgres-closed") };
    let cluster = Cluster::start(config.clone()).expect("it starts from a copy it can enter");
    let folder = cluster.folder().to_owned();
    let copied =
        cluster.programs().parent().map(std::path::Path::to_owned).expect("programs lie in a folder");
    connect(&cluster.address("postgres"), None).await.expect("it answers").close().await.expect("it closes");
    cluster.stop().expect("it stops");
    let config = ClusterConfig { password: Some(SecretString::from("another")), ..config };
    Cluster::change_password(config.clone()).expect("single-user mode finds the same copy");
    let cluster = Cluster::start(config).expect("it starts with the new password");
    connect(&cluster.address("postgres"), None).await.expect("it answers").close().await.expect("it closes");
    cluster.stop().expect("it stops");
    std::fs::remove_dir_all(folder).expect("its folder can be removed");
    if !copied.starts_with(closed.path()) {
        std::fs::remove_dir_all(copied).expect("the copied programs can be removed");
    }
}

async fn failure(url: &str) -> ErrorCode {
    let address = Address::parse(url, None).expect("the URL is well formed");
    connect(&address, None).await.expect_err("the connection fails").code()
}

#[tokio::test]
async fn each_way_to_fail_has_its_own_code() {
    let database = TestDatabase::empty().await;
    let cluster = shared_cluster();
    let port = cluster.port();
    let name = database.name();
    let wrong = SecretString::from("wrong");
    assert_eq!(failure(&cluster.url("postgres", &wrong, name)).await, ErrorCode::Auth, "a wrong password");
    assert_eq!(
        failure(&cluster.url("postgres", cluster.password(), "not_there")).await,
        ErrorCode::DatabaseMissing,
        "a wrong database"
    );
    assert_eq!(failure("postgres://a@no-such-host.invalid/b").await, ErrorCode::NameLookup, "a wrong host");
    assert_eq!(
        failure("postgres://a@127.0.0.1:1/b?sslmode=disable").await,
        ErrorCode::Offline,
        "a closed port"
    );
    assert_eq!(
        failure(&format!("postgres://postgres@127.0.0.1:{port}/{name}")).await,
        ErrorCode::Tls,
        "a server without TLS is refused when TLS is asked for"
    );
}

#[tokio::test]
async fn a_test_database_is_gone_afterwards() {
    let database = TestDatabase::empty().await;
    let name = database.name().to_owned();
    drop(database);
    let address = shared_cluster().address(&name);
    let error = connect(&address, None).await.expect_err("the database is dropped");
    assert_eq!(error.code(), ErrorCode::DatabaseMissing);
}
