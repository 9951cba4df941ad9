//! The contract on the server: installing, capture, audit, actions, who may do what.

mod access;
mod account;
mod actions;
mod audit;
mod capture;
mod doctor;
mod guide;
mod install;
mod limits;
mod offline;
mod operators;
mod tables;
mod tracking;
mod upkeep;

use serde_json::Value;
use sqlx::{AssertSqlSafe, PgConnection};
use steward_tests::cluster::execute;
use uuid::Uuid;

/// The only value of a query that answers with one JSON value.
async fn json(connection: &mut PgConnection, query: &str) -> Value {
    sqlx::query_scalar(AssertSqlSafe(query))
        .fetch_one(connection)
        .await
        .unwrap_or_else(|failure| panic!("the query answers: {failure}\n{query}"))
}

/// The SQLSTATE a statement fails with.
async fn sqlstate(connection: &mut PgConnection, statement: &str) -> String {
    let failure = sqlx::raw_sql(AssertSqlSafe(statement))
        .execute(connection)
        .await
        .expect_err("the statement is refused");
    failure
        .as_database_error()
        .and_then(|error| error.code().map(String::from))
        .unwrap_or_else(|| failure.to_string())
}

/// A catalogue and three users on its first plan, the second with a subscription, the third billed at Stripe.
async fn seed(owner: &mut PgConnection) -> [Uuid; 3] {
    let ids = [1, 2, 3].map(|n| Uuid::from_u128(0x0190_0000_0000_7000_8000_0000_0000_0000 + n));
    let [first, second, third] = ids;
    execute(
        owner,
        &format!(
            "select steward.install_preset('credits');
             insert into steward.users (id, email, plan_code) values
                 ('{first}', 'one@example.com', 'free'), ('{second}', 'two@example.com', 'free'), ('{third}', 'three@example.com', 'free');
             insert into steward.subscriptions (user_id, plan_code, unit_amount_minor) values ('{second}', 'free', 0);
             insert into steward.subscriptions (user_id, plan_code, stripe_subscription_id) values ('{third}', 'free', 'sub_1');"
        ),
    )
    .await;
    ids
}
