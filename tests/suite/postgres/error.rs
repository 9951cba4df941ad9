//! What the server fails with, as the kinds of error that the rest of Steward acts on.

use sqlx::AssertSqlSafe;
use steward_core::ErrorKind;
use steward_store::postgres::error::map;
use steward_tests::cluster::TestDatabase;

/// Failures that pass by themselves are told apart from defects: the engine tries the former again.
#[tokio::test]
async fn what_the_server_fails_with_has_a_kind() {
    let database = TestDatabase::new().await;
    let mut connection = database.connect_owner().await;
    for (code, kind) in [
        ("25006", ErrorKind::ReadOnly),
        ("25P03", ErrorKind::Timeout),
        ("40001", ErrorKind::LockTimeout),
        ("40P01", ErrorKind::LockTimeout),
        ("42501", ErrorKind::Permission),
        ("53100", ErrorKind::DiskFull),
        ("53300", ErrorKind::Offline),
        ("55P03", ErrorKind::LockTimeout),
        ("57014", ErrorKind::Timeout),
        ("57P05", ErrorKind::Timeout),
        ("08006", ErrorKind::Offline),
        ("23514", ErrorKind::Invalid),
        ("ST404", ErrorKind::NotFound),
        ("ST409", ErrorKind::Conflict),
        ("XX000", ErrorKind::Internal),
    ] {
        let raise =
            format!("do $$ begin raise exception using errcode = '{code}', message = 'as told'; end $$");
        let failure =
            sqlx::raw_sql(AssertSqlSafe(raise)).execute(&mut connection).await.expect_err("it is raised");
        assert_eq!(map(failure).kind(), kind, "{code}");
    }
}
