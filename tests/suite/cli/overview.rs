//! The overview of the sample company, as the program prints it, against SQL asked directly.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use sqlx::{PgConnection, Row as _};
use steward_tests::cluster::TestDatabase;

use super::{answer, process};

/// The envelope with the days of a zone.
fn overview(home: &std::path::Path, zone: &str) -> Value {
    let mut command = process(home);
    command.env("STEWARD_PASSPHRASE_FILE", home.join("passphrase")).env("STEWARD_TZ", zone);
    let output = command.args(["overview", "--range", "90d", "--json"]).output().expect("steward runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).expect("one JSON document on standard output")
}

async fn all(owner: &mut PgConnection, sql: &str, zone: &str, first: &str) -> Vec<Value> {
    let sql = format!(
        "select to_jsonb(t) from ({}) t",
        sql.replace(
            "EVENTS",
            "(select *, (occurred_at at time zone $1)::date as day from steward.usage_events
              where (occurred_at at time zone $1)::date >= $2::text::date) e"
        )
    );
    let rows =
        sqlx::query(sqlx::AssertSqlSafe(sql)).bind(zone).bind(first).fetch_all(owner).await.expect("SQL");
    rows.iter().map(|row| row.get(0)).collect()
}

/// Parts of a list of the answer, by the value they share.
fn by_value(data: &Value, list: &str) -> BTreeMap<String, Value> {
    let rows = data[list].as_array().expect("a list").iter();
    // What has vanished is shown by its change alone.
    rows.filter(|row| row["events"] != 0)
        .map(|row| (row["value"].to_string(), json!([row["events"], row["errors"], row["cost"]])))
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_overview_of_the_sample_company_equals_sql_to_the_unit_in_every_zone() {
    let database = TestDatabase::new().await;
    let home = tempfile::tempdir().expect("a folder");
    answer(home.path(), &["sample", "open", "--database-url", &database.owner_url()]);
    answer(home.path(), &["sync"]);
    let mut owner = database.connect_owner().await;
    let mut firsts = Vec::new();
    for zone in ["UTC", "Asia/Kathmandu", "America/St_Johns"] {
        let shown = overview(home.path(), zone);
        let data = &shown["data"];
        assert_eq!(data["freshness"]["is_consistent"], true, "{zone}");
        assert_eq!(data["zone"], zone);
        let days = data["activity"].as_array().expect("days");
        assert_eq!(days.len(), 90, "{zone}");
        let first = days[0]["day"].as_str().expect("a day").to_owned();

        let sql = "select day, count(*) as events, count(*) filter (where status = 'error') as errors
                   from EVENTS group by day order by day";
        let expected = all(&mut owner, sql, zone, &first).await;
        let told: Vec<Value> = { days.iter() }
            .filter(|day| day["events"] != 0)
            .map(|day| json!({ "day": day["day"], "events": day["events"], "errors": day["errors"] }))
            .collect();
        assert_eq!(told, expected, "{zone}: day by day");
        assert!(told.len() > 80, "{zone}: the company is busy: {}", told.len());
        firsts.push(told[0]["events"].clone());

        let sql = "select count(*) as events, count(*) filter (where status = 'success') as successes,
                       count(*) filter (where status = 'error') as errors,
                       count(*) filter (where status = 'rate_limited') as rate_limited,
                       count(distinct user_id) as active_users, coalesce(sum(quantity), 0)::bigint as quantity,
                       coalesce(sum(input_tokens), 0)::bigint as input_tokens,
                       coalesce(sum(cached_tokens), 0)::bigint as cached_tokens,
                       coalesce(sum(output_tokens), 0)::bigint as output_tokens,
                       coalesce(sum(reasoning_tokens), 0)::bigint as reasoning_tokens,
                       coalesce(sum(bytes_out), 0)::bigint as bytes_out, coalesce(sum(credits), 0)::bigint as credits,
                       sum(cost)::text as cost, count(*) filter (where cost is null) as unpriced_events,
                       coalesce(sum(latency_ms), 0)::bigint as latency_ms_sum, count(latency_ms) as latency_count
                   from EVENTS";
        assert_eq!(data["totals"], all(&mut owner, sql, zone, &first).await[0], "{zone}: totals");
        assert_eq!(data["cost"], json!({ "amount": data["totals"]["cost"], "currency": "USD" }), "{zone}");
        assert!(
            data["totals"]["cost"].as_str().is_some_and(|cost| cost.len() > 11),
            "{zone}: there are costs"
        );

        for (list, column) in [("by_feature", "feature"), ("by_plan", "plan_code"), ("by_model", "model")] {
            let sql = format!(
                "select {column} as value, count(*) as events, count(*) filter (where status = 'error') as errors,
                     coalesce(sum(cost), 0)::numeric(30, 9)::text as cost
                 from EVENTS group by 1"
            );
            let rows = all(&mut owner, &sql, zone, &first).await;
            let expected: BTreeMap<String, Value> = { rows.iter() }
                .map(|row| (row["value"].to_string(), json!([row["events"], row["errors"], row["cost"]])))
                .collect();
            assert!(expected.len() > 2, "{zone}: {list}");
            assert_eq!(by_value(data, list), expected, "{zone}: {list}");
        }

        // Who stands at the tenth place is a matter of the order among equals; how many events is not.
        let sql = "select user_id as id, count(*) as events from EVENTS group by 1 order by 2 desc";
        let users = all(&mut owner, sql, zone, &first).await;
        let top = data["top_users"].as_array().expect("users");
        assert_eq!(top.len(), 10, "{zone}");
        for (shown, expected) in top.iter().zip(&users) {
            assert_eq!(shown["events"], expected["events"], "{zone}: most active first");
            let own = users.iter().find(|user| user["id"] == shown["id"]).expect("a user of the server");
            assert_eq!(shown["events"], own["events"], "{zone}: {shown}");
        }
    }
    assert!(
        firsts.windows(2).all(|pair| pair[0] != pair[1]),
        "a day is another one in each zone: {firsts:?}"
    );
}
