//! The tables as the copy, the interface and psql rely on them.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use steward_core::Dataset;
use steward_core::dataset::ColumnType;
use steward_tests::cluster::{TestDatabase, execute};

use super::{json as value, seed};

#[tokio::test]
async fn every_synchronised_column_is_there_with_its_type() {
    let database = TestDatabase::new().await;
    let mut owner = database.connect_owner().await;
    let found = value(
        &mut owner,
        "select jsonb_object_agg(t, c) from (
             select attrelid::regclass::text as t, jsonb_object_agg(attname, format_type(atttypid, null)) as c
             from pg_attribute a join pg_class on pg_class.oid = attrelid
             where relnamespace = 'steward'::regnamespace and attnum > 0 and not attisdropped and relkind in ('r', 'p')
             group by 1) x",
    )
    .await;
    for dataset in Dataset::ALL {
        let spec = dataset.spec();
        for column in spec.columns {
            let kind = found[format!("steward.{}", spec.table)][column.name].as_str().unwrap_or("missing");
            let fits = match column.kind {
                ColumnType::Uuid => kind == "uuid",
                ColumnType::Text => ["text", "character"].contains(&kind),
                ColumnType::Bool => kind == "boolean",
                ColumnType::Int => ["smallint", "integer", "bigint"].contains(&kind),
                ColumnType::Timestamp => kind == "timestamp with time zone",
                ColumnType::Numeric => kind == "numeric",
                ColumnType::Json => kind == "jsonb",
                ColumnType::TextArray => kind == "text[]",
            };
            assert!(fits, "{}.{} is {kind}", spec.table, column.name);
        }
    }
}

#[tokio::test]
async fn keys_are_the_specs_keys() {
    let database = TestDatabase::new().await;
    let mut owner = database.connect_owner().await;
    for dataset in Dataset::ALL {
        let spec = dataset.spec();
        let key = value(
            &mut owner,
            &format!(
                "select jsonb_agg(attname order by place) from pg_index, unnest(indkey::smallint[]) with ordinality as k (n, place)
                 join pg_attribute on attnum = n where indrelid = 'steward.{0}'::regclass and indisprimary and attrelid = indrelid",
                spec.table
            ),
        )
        .await;
        assert_eq!(key, json!(spec.key), "{}", spec.table);
    }
}

#[tokio::test]
async fn constraints_and_indexes_say_what_they_protect() {
    let database = TestDatabase::new().await;
    let mut owner = database.connect_owner().await;
    let unnamed = value(
        &mut owner,
        "select coalesce(jsonb_agg(conname), '[]') from pg_constraint
         where connamespace = 'steward'::regnamespace and conparentid = 0 and conrelid not in (select inhrelid from pg_inherits)
           and conname ~ '_(check|fkey|key|excl)[0-9]*$'",
    )
    .await;
    assert_eq!(unnamed, json!([]), "no name was left to the server");
}

#[tokio::test]
async fn tables_and_functions_document_themselves() {
    let database = TestDatabase::new().await;
    let mut owner = database.connect_owner().await;
    let silent = value(
        &mut owner,
        "select coalesce(jsonb_agg(what order by what), '[]') from (
             select oid::regclass::text as what from pg_class
             where relnamespace = 'steward'::regnamespace and relkind in ('r', 'p') and obj_description(oid, 'pg_class') is null
             union all
             select oid::regprocedure::text from pg_proc
             where pronamespace = 'steward'::regnamespace and obj_description(oid, 'pg_proc') is null) x",
    )
    .await;
    assert_eq!(silent, json!([]));
}

#[tokio::test]
async fn definer_functions_pin_their_path_and_nothing_is_callable_by_everybody() {
    let database = TestDatabase::new().await;
    let mut owner = database.connect_owner().await;
    let loose = value(
        &mut owner,
        "select coalesce(jsonb_agg(oid::regprocedure), '[]') from pg_proc
         where pronamespace = 'steward'::regnamespace and not coalesce('search_path=pg_catalog, pg_temp' = any (proconfig), false)
           -- Setting it costs every statement of the platform; these are written with qualified names only.
           and proname !~ '^capture_'",
    )
    .await;
    assert_eq!(loose, json!([]), "every function pins its search path");
    let open = value(
        &mut owner,
        "select coalesce(jsonb_agg(oid::regprocedure order by proname), '[]') from pg_proc
         where pronamespace = 'steward'::regnamespace and has_function_privilege('public', oid, 'execute')",
    )
    .await;
    assert_eq!(open, json!(["steward.current_user_id()"]));
}

#[tokio::test]
async fn a_subscription_writes_its_own_history() {
    let database = TestDatabase::new().await;
    let mut owner = database.connect_owner().await;
    let [first, ..] = seed(&mut owner).await;
    execute(
        &mut owner,
        &format!(
            "insert into steward.subscriptions (user_id, plan_code, status, started_at) values ('{first}', 'pro', 'trialing', '2026-01-01');
             update steward.subscriptions set status = 'active' where user_id = '{first}';
             update steward.subscriptions set current_period_end = now() + interval '1 month' where user_id = '{first}';
             update steward.subscriptions set status = 'canceled', ended_at = '2026-03-01' where user_id = '{first}'"
        ),
    )
    .await;
    let steps = value(&mut owner, &format!("select jsonb_agg(jsonb_build_array(kind, status) order by recorded_at, kind = 'ended', kind = 'changed') from steward.subscription_changes where user_id = '{first}'")).await;
    assert_eq!(
        steps,
        json!([["created", "trialing"], ["changed", "active"], ["ended", "canceled"]]),
        "a new period is no step"
    );
    let when = value(&mut owner, &format!("select to_jsonb(occurred_at = '2026-01-01') from steward.subscription_changes where user_id = '{first}' and kind = 'created'")).await;
    assert_eq!(when, true, "the beginning is when it began, not when it was recorded");
}

#[tokio::test]
async fn a_broken_rule_is_named() {
    let database = TestDatabase::new().await;
    let mut owner = database.connect_owner().await;
    seed(&mut owner).await;
    let cases = BTreeMap::from([
        ("users_email_unique", "insert into steward.users (email) values ('ONE@example.com')"),
        ("users_plan_exists", "update steward.users set plan_code = 'gold'"),
        ("users_status_known", "update steward.users set status = 'gone'"),
        ("subscriptions_one_holder", "insert into steward.subscriptions (plan_code) values ('free')"),
        (
            "usage_events_cost_not_negative",
            "insert into steward.usage_events (user_id, occurred_at, event_key, event_type, cost) values (gen_random_uuid(), now(), gen_random_uuid(), 'chat', 'NaN')",
        ),
        ("plans_code_shape", "insert into steward.plans (code, name, rank) values ('A b', 'x', 1)"),
    ]);
    for (rule, statement) in cases {
        let failure = sqlx::query(statement).execute(&mut owner).await.expect_err("the rule refuses");
        let error = steward_store::postgres::error::map(failure);
        let field = error.fields().first().map(|found| Value::from(found.field.clone()));
        assert_eq!(field, Some(json!(rule)), "{statement}");
    }
}
