//! Who may do what: the table in docs/SECURITY.md is what the server says, and the server says what we mean.
//!
//! `STEWARD_BLESS=1` writes the tables anew.

use std::fmt::Write as _;

use serde_json::{Value, json};
use steward_core::Dataset;
use steward_tests::cluster::{ROLES, TestDatabase, execute};

use super::{json as value, seed, sqlstate};

const BEGIN: &str = "<!-- generated: grants -->\n";
const END: &str = "<!-- end of generated -->";

async fn grants(database: &TestDatabase) -> String {
    let mut owner = database.connect_owner().await;
    let roles: Vec<String> = ROLES
        .iter()
        .map(|role| if *role == "authenticated" { (*role).to_owned() } else { format!("steward_{role}") })
        .collect();
    let mut text = String::from("\n### Functions\n\n");
    let head = |text: &mut String, what: &str| {
        let _ = writeln!(text, "| {what} | {} |", roles.join(" | "));
        let _ = writeln!(text, "|---|{}", "---|".repeat(roles.len()));
    };
    head(&mut text, "function");
    let list = roles.iter().map(|role| format!("'{role}'")).collect::<Vec<_>>().join(", ");
    let functions = value(
        &mut owner,
        &format!(
            "select jsonb_agg(jsonb_build_array(oid::regprocedure::text,
                 (select jsonb_agg(has_function_privilege(r, oid, 'execute') order by place) from unnest(array[{list}]) with ordinality as x (r, place)))
                 order by oid::regprocedure::text)
             from pg_proc where pronamespace = 'steward'::regnamespace and prorettype <> 'trigger'::regtype"
        ),
    )
    .await;
    for row in functions.as_array().expect("functions") {
        let cells: Vec<&str> = row[1]
            .as_array()
            .expect("cells")
            .iter()
            .map(|may| if *may == true { "yes" } else { "–" })
            .collect();
        let _ = writeln!(text, "| `{}` | {} |", row[0].as_str().expect("a name"), cells.join(" | "));
    }
    text.push_str("\n### Tables\n\n");
    head(&mut text, "table");
    let tables = value(
        &mut owner,
        &format!(
            "select jsonb_agg(jsonb_build_array(relname,
                 (select jsonb_agg((select string_agg(lower(p), ', ') from unnest(array['SELECT', 'INSERT', 'UPDATE', 'DELETE', 'TRUNCATE']) p where has_table_privilege(r, c.oid, p)) order by place)
                  from unnest(array[{list}]) with ordinality as x (r, place)),
                 (select bool_or(pol.polroles = array[(select oid from pg_roles where rolname = 'steward_viewer')]) from pg_policy pol where polrelid = c.oid),
                 relrowsecurity) order by relname)
             from pg_class c where relnamespace = 'steward'::regnamespace and relkind in ('r', 'p') and not relispartition"
        ),
    )
    .await;
    for row in tables.as_array().expect("tables") {
        assert_eq!(row[3], true, "row level security is on for {}", row[0]);
        let cells: Vec<String> = row[1]
            .as_array()
            .expect("cells")
            .iter()
            .zip(&roles)
            .map(|(may, role)| match may.as_str() {
                Some(rights) if role == "authenticated" => format!("{rights} own"),
                Some(rights) => rights.to_owned(),
                None => "–".to_owned(),
            })
            .collect();
        let _ = writeln!(text, "| `{}` | {} |", row[0].as_str().expect("a name"), cells.join(" | "));
    }
    text.push('\n');
    text
}

#[tokio::test]
async fn the_documented_grants_are_the_servers() {
    let database = TestDatabase::new().await;
    let tables = grants(&database).await;
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/SECURITY.md");
    let document = std::fs::read_to_string(path).expect("docs/SECURITY.md is there");
    let (before, rest) = document.split_once(BEGIN).expect("it marks where the grants begin");
    let (written, after) = rest.split_once(END).expect("it marks where the grants end");
    if std::env::var_os("STEWARD_BLESS").is_some() {
        std::fs::write(path, format!("{before}{BEGIN}{tables}{END}{after}")).expect("it can be written");
        return;
    }
    assert_eq!(written, tables, "run this test with STEWARD_BLESS=1 and review the difference");
}

#[tokio::test]
async fn each_action_is_for_its_roles_only() {
    let database = TestDatabase::new().await;
    let mut owner = database.connect_owner().await;
    let [first, ..] = seed(&mut owner).await;
    let calls = [
        (
            format!(
                "select steward.change_plan(gen_random_uuid(), array['{first}']::uuid[], 'pro', '{{}}', 'test')"
            ),
            &["support", "admin"][..],
        ),
        // Refused as unknown (ST404), not as forbidden, where the role may.
        (
            "select steward.revert(gen_random_uuid(), gen_random_uuid(), 'test')".to_owned(),
            &["support", "admin"],
        ),
        (
            format!("select steward.suspend_user(gen_random_uuid(), array['{first}']::uuid[], null, 'test')"),
            &["support", "admin"],
        ),
        (
            format!("select steward.restore_user(gen_random_uuid(), array['{first}']::uuid[], null, 'test')"),
            &["support", "admin"],
        ),
        (
            format!(
                "select steward.extend_trial(gen_random_uuid(), array['{first}']::uuid[], now() + interval '1 day', null, 'test')"
            ),
            &["support", "admin"],
        ),
        (
            format!(
                "select steward.reset_usage(gen_random_uuid(), array['{first}']::uuid[], null, null, null, 'test')"
            ),
            &["support", "admin"],
        ),
        // Refused for its metric, which nothing limits here, where the role may.
        (
            format!(
                "select steward.raise_limit(gen_random_uuid(), '{{\"user_id\": \"{first}\"}}', 'credits', 'month', 9, now() + interval '1 day', null, 'test')"
            ),
            &["support", "admin"],
        ),
        (
            "select steward.ask_billing(gen_random_uuid(), '{\"kind\": \"reinstate_subscription\"}', '')"
                .to_owned(),
            &["support", "admin"],
        ),
        (
            "select steward.ask_billing(gen_random_uuid(), '{\"kind\": \"refund\"}', '')".to_owned(),
            &["admin"],
        ),
        ("select steward.note_billing(gen_random_uuid(), 'done', '{}')".to_owned(), &["support", "admin"]),
        ("select steward.plan_cleanup(13)".to_owned(), &["admin"]),
        ("select steward.cleanup_usage(gen_random_uuid(), 13, null, 'test')".to_owned(), &["admin"]),
        ("select steward.cleanup_step(gen_random_uuid())".to_owned(), &["admin"]),
        (
            "select steward.recompute_counters(gen_random_uuid(), '2026-01', null, null, 'test')".to_owned(),
            &["admin"],
        ),
        ("select steward.list_operators()".to_owned(), &["admin"]),
        (
            "select steward.create_operator(gen_random_uuid(), 'x_new', 'X', 'viewer', '')".to_owned(),
            &["admin"],
        ),
        ("select steward.remove_operator(gen_random_uuid(), 'x_new', '')".to_owned(), &["admin"]),
        // Refused for what it lacks, not as forbidden, where the role may.
        (
            "select steward.log_export(gen_random_uuid(), '{}')".to_owned(),
            &["viewer", "finance", "support", "admin"],
        ),
        ("select steward.edit_plan(gen_random_uuid(), 'pro', '{}', null, 'test')".to_owned(), &["admin"]),
        // Refused for its figures, not as forbidden, where the role may.
        (
            "select steward.close_month(gen_random_uuid(), '2026-01', 'UTC', 'stripe', '{}', 'test')"
                .to_owned(),
            &["finance", "admin"],
        ),
        (
            "select steward.reopen_month(gen_random_uuid(), '2026-01', 'test')".to_owned(),
            &["finance", "admin"],
        ),
        ("select steward.data_quality()".to_owned(), &["viewer", "finance", "support", "admin"]),
        ("select steward.cleanup_cutoff(13)".to_owned(), &[]),
        ("select steward.usage_partitions()".to_owned(), &[]),
        (
            "select steward.begin_user_action(gen_random_uuid(), 'x', '{}', '{}', '{}', 'test')".to_owned(),
            &[],
        ),
        ("select steward.rotate_epoch()".to_owned(), &["admin"]),
        ("select steward.prune_change_log('3'::xid8)".to_owned(), &["admin"]),
        ("select steward.install_preset('credits')".to_owned(), &["admin"]),
        ("select steward.verify_audit()".to_owned(), &["viewer", "finance", "support", "admin"]),
        ("select steward.ensure_usage_partitions(current_date, current_date)".to_owned(), &["app"]),
        ("select steward.current_user_id()".to_owned(), &ROLES),
        ("select steward.track_usage('{}')".to_owned(), &["app"]),
        ("select steward.track_usage_batch('[]')".to_owned(), &["app"]),
        (format!("select steward.consume_usage('{first}', 'credits')"), &["app"]),
        (
            format!("select steward.check_usage('{first}', 'credits')"),
            &["viewer", "finance", "support", "admin", "app"],
        ),
        (
            format!("select steward.check_feature('{first}', 'sso')"),
            &["viewer", "finance", "support", "admin", "app"],
        ),
        (format!("select steward.effective_limits('{first}')"), &["viewer", "finance", "support", "admin"]),
        (format!("select steward.usage_at('{first}', 'credits', 1, now(), null, null)"), &[]),
        ("select steward.read_events('[]')".to_owned(), &[]),
        ("select steward.keep_events('{}')".to_owned(), &[]),
        ("select steward.measure_events('{}', null)".to_owned(), &[]),
        ("select steward.check_quantity('credits', 1)".to_owned(), &[]),
        ("select steward.refuse_usage('credits', 1, 'day', 1, 1, null)".to_owned(), &[]),
        ("select steward.period_key('day', now())".to_owned(), &[]),
        ("select steward.period_end('day', now())".to_owned(), &[]),
        ("select steward.claim_intent(gen_random_uuid(), 'x', '{}', '')".to_owned(), &[]),
        ("select steward.finish_intent(gen_random_uuid(), null)".to_owned(), &[]),
        ("select steward.row_label('users', '{}')".to_owned(), &[]),
        ("select steward.let_users_read('public')".to_owned(), &[]),
        ("select steward.enable_audit('users')".to_owned(), &[]),
        ("select steward.enable_capture('users')".to_owned(), &[]),
    ];
    for role in ROLES {
        let mut connection = database.connect(role).await;
        for (call, allowed) in &calls {
            execute(&mut connection, "begin").await;
            let outcome = sqlx::query(sqlx::AssertSqlSafe(call.as_str())).execute(&mut connection).await;
            let code =
                outcome.err().and_then(|failure| failure.as_database_error()?.code().map(String::from));
            execute(&mut connection, "rollback").await;
            let refused = code.as_deref() == Some("42501");
            assert_eq!(refused, !allowed.contains(&role), "{role}: {call} gave {code:?}");
        }
    }
}

#[tokio::test]
async fn nobody_who_is_a_person_writes_a_table() {
    let database = TestDatabase::new().await;
    let mut owner = database.connect_owner().await;
    seed(&mut owner).await;
    for role in ROLES {
        let mut connection = database.connect(role).await;
        for dataset in Dataset::ALL {
            let table = dataset.spec().table;
            for statement in [
                format!("insert into steward.{table} default values"),
                format!("delete from steward.{table}"),
                format!("truncate steward.{table}"),
            ] {
                assert_eq!(sqlstate(&mut connection, &statement).await, "42501", "{role}: {statement}");
            }
        }
        assert_eq!(
            sqlstate(&mut connection, "select from steward.intents").await,
            "42501",
            "{role} reads no intents"
        );
    }
}

#[tokio::test]
async fn console_roles_lock_and_read_everything_they_sync() {
    let database = TestDatabase::new().await;
    let mut owner = database.connect_owner().await;
    seed(&mut owner).await;
    execute(&mut owner, "select steward.ensure_usage_partitions('2026-01-01', '2026-01-01')").await;
    let tables: Vec<String> =
        Dataset::ALL.iter().map(|dataset| format!("steward.{}", dataset.spec().table)).collect();
    let tables = format!("{}, steward.change_log, steward.meta, steward.migrations", tables.join(", "));
    for role in ["viewer", "finance", "support", "admin"] {
        let mut connection = database.connect(role).await;
        execute(
            &mut connection,
            &format!("begin isolation level repeatable read read only; lock table {tables} in access share mode; commit"),
        )
        .await;
        for table in tables.split(", ") {
            let counts = |connection| async move {
                value(connection, &format!("select to_jsonb(count(*)) from {table}")).await
            };
            assert_eq!(counts(&mut connection).await, counts(&mut owner).await, "{role} sees all of {table}");
        }
    }
}

#[tokio::test]
async fn users_of_the_product_see_their_own_rows() {
    let database = TestDatabase::new().await;
    let mut owner = database.connect_owner().await;
    let [first, second, _] = seed(&mut owner).await;
    execute(
        &mut owner,
        &format!(
            "insert into steward.teams (id, name) values ('{first}', 'Ours'), ('{second}', 'Theirs');
             insert into steward.team_members (team_id, user_id, role) values ('{first}', '{first}', 'owner'), ('{second}', '{second}', 'owner');
             insert into steward.plans (code, name, rank, custom_for_team) values ('ours', 'Ours', 9, '{first}'), ('theirs', 'Theirs', 9, '{second}');
             insert into steward.plan_limits (plan_code, metric, period) values ('theirs', 'prompts', 'month');
             insert into steward.usage_counters (user_id, period, metric) values ('{first}', '2026-01', 'x'), ('{second}', '2026-01', 'x');
             insert into steward.usage_events (user_id, occurred_at, event_key, event_type) values
                 ('{first}', now(), gen_random_uuid(), 'chat'), ('{second}', now(), gen_random_uuid(), 'chat')"
        ),
    )
    .await;
    let seen = "select jsonb_build_array((select count(*) from steward.users), (select count(*) from steward.teams),
        (select count(*) from steward.team_members), (select count(*) from steward.usage_counters), (select count(*) from steward.usage_events),
        (select count(*) from steward.subscriptions), (select count(*) from steward.plans), (select count(*) from steward.plan_limits))";
    let mut user = database.connect("authenticated").await;
    assert_eq!(
        value(&mut user, seen).await,
        json!([0, 0, 0, 0, 0, 0, 0, 0]),
        "without a token there is nobody"
    );
    execute(&mut user, &format!(r#"set request.jwt.claims = '{{"sub": "{first}"}}'"#)).await;
    assert_eq!(
        value(&mut user, seen).await,
        json!([1, 1, 1, 1, 1, 0, 5, 0]),
        "his own rows, the offered plans and his team's"
    );
    for table in ["audit_log", "change_log", "meta", "operators", "subscription_changes", "migrations"] {
        assert_eq!(sqlstate(&mut user, &format!("select from steward.{table}")).await, "42501", "{table}");
    }
    let none: Value =
        value(&mut user, "select to_jsonb(has_schema_privilege('anon', 'steward', 'usage'))").await;
    assert_eq!(none, false, "who is not logged in has no business here");
}
