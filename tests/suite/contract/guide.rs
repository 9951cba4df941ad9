//! docs/guides/platform.md: its SQL runs, and answers what the guide says.

use serde_json::Value;
use sqlx::{AssertSqlSafe, Connection as _, PgConnection, Row as _};
use steward_tests::cluster::execute;

use super::limits::quotas;

/// A block of code: its language line and its text.
fn blocks(text: &str) -> Vec<(&str, &str)> {
    let mut found = Vec::new();
    let mut rest = text;
    while let Some((_, after)) = rest.split_once("```") {
        let (language, body) = after.split_once('\n').expect("a language line ends");
        let (code, next) = body.split_once("```").expect("a block ends");
        found.push((language.trim(), code.trim()));
        rest = next;
    }
    found
}

#[test]
fn every_scenario_of_the_guide_names_tests_that_are_there() {
    let guide = include_str!("../../../docs/guides/platform.md");
    let (_, table) = guide.split_once("## What holds it").expect("the table of scenarios");
    let rows: Vec<&str> = table.lines().filter(|line| line.starts_with("| ")).skip(1).collect();
    for row in &rows {
        let names: Vec<&str> = row.split('`').skip(1).step_by(2).collect();
        assert!(!names.is_empty(), "no test: {row}");
        for name in names {
            let (module, test) = name.rsplit_once("::").expect("a test in a module");
            let path = format!("{}/suite/{}.rs", env!("CARGO_MANIFEST_DIR"), module.replace("::", "/"));
            let source = std::fs::read_to_string(&path).unwrap_or_else(|why| panic!("{name}: {path}: {why}"));
            let is_there = source.contains(&format!("fn {test}("));
            assert!(is_there, "{name} is not in {path}");
        }
    }
    assert!(rows.len() >= 9, "every scenario: {rows:?}");
}

/// The one JSON value of the last statement, or `SQLSTATE message`.
async fn answer(connection: &mut PgConnection, statements: &str) -> Result<Value, String> {
    let rows = sqlx::raw_sql(AssertSqlSafe(statements)).fetch_all(connection).await.map_err(|failure| {
        let error = failure.as_database_error().expect("the server answers");
        format!("{} {}", error.code().unwrap_or_default(), error.message())
    })?;
    Ok(rows.last().and_then(|row| row.try_get::<Value, _>(0).ok()).unwrap_or_default())
}

#[tokio::test]
async fn the_guides_sql_does_what_the_guide_says() {
    let (_database, mut owner, mut app) = quotas().await;
    let guide = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/guides/platform.md"))
        .expect("the guide is there");
    let mut last: Option<Result<Value, String>> = None;
    let (mut ran, mut compared) = (0, 0);
    for (language, code) in blocks(&guide) {
        match language {
            "sql" => {
                assert!(!matches!(last, Some(Err(_))), "a refusal is written down as one: {last:?}");
                last = Some(answer(&mut app, code).await);
                ran += 1;
            }
            "sql owner" => {
                // A role belongs to the whole cluster, so it is made and forgotten.
                let mut transaction = owner.begin().await.expect("a transaction begins");
                let is_role = code.starts_with("create role");
                execute(&mut transaction, code).await;
                if is_role {
                    transaction.rollback().await.expect("forgotten");
                } else {
                    transaction.commit().await.expect("kept");
                }
                ran += 1;
            }
            "json" => {
                let expected: Value = serde_json::from_str(code).expect("the guide's JSON is JSON");
                let found = last.take().expect("an answer follows a question").expect("it is answered");
                for (key, value) in expected.as_object().expect("an object") {
                    assert!(found.get(key).is_some(), "{key} is in {found}");
                    assert!(*value == "…" || *value == found[key], "{key}: {found}");
                }
                compared += 1;
            }
            "error" => {
                let failure = last.take().expect("an answer follows a question").expect_err("it is refused");
                assert_eq!(failure, code);
                compared += 1;
            }
            "ts" | "python" => {}
            other => panic!("nobody runs ```{other}"),
        }
    }
    assert!(!matches!(last, Some(Err(_))), "a refusal is written down as one: {last:?}");
    assert!(ran >= 12 && compared >= 10, "the guide has its examples: {ran} run, {compared} compared");
}
