//! Who may do what: the table in docs/SECURITY.md is what the server says, and the server says what we mean.
//!
//! `STEWARD_BLESS=1` writes the tables anew.

use std::collections::BTreeSet;
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

const PEOPLE: &[&str] = &["viewer", "finance", "support", "admin"];
const SUPPORT: &[&str] = &["support", "admin"];
const FINANCE: &[&str] = &["finance", "admin"];
const ADMIN: &[&str] = &["admin"];
const APP: &[&str] = &["app"];

/// Operations that were carried out before: one to take back, and a cleanup that is done.
const SUSPENDED: &str = "0190f000-0000-7000-8000-000000000001";
const CLEANED: &str = "0190f000-0000-7000-8000-000000000002";

/// What the calls below are about.
async fn furnish(owner: &mut steward_store::postgres::PgConnection) -> [uuid::Uuid; 3] {
    let users = seed(owner).await;
    let second = users[1];
    execute(
        owner,
        &format!(
            "insert into steward.plan_limits (plan_code, metric, period, limit_value, kind)
                 values ('free', 'prompts', 'month', 30, 'hard');
             insert into steward.operators (login, name, role) values ('x_known', 'Known', 'viewer');
             select steward.suspend_user('{SUSPENDED}', array['{second}']::uuid[], null, 'test');
             select steward.close_month(gen_random_uuid(), '2025-02', 'UTC', 'stripe', '{FIGURES}', 'test');
             select steward.cleanup_usage('{CLEANED}', 13, null, 'test');
             select steward.cleanup_step('{CLEANED}')"
        ),
    )
    .await;
    let step = format!("select steward.cleanup_step('{CLEANED}') -> 'is_done'");
    assert_eq!(value(owner, &step).await, true, "there was nothing to remove");
    users
}

const FIGURES: &str = r#"{"currencies": [], "profile": {}}"#;

/// A call of every function that somebody may call, with a request that is right, and who may. What it does is
/// rolled back.
fn granted_calls([first, second, _]: [uuid::Uuid; 3]) -> Vec<(String, &'static [&'static str])> {
    let id = "gen_random_uuid()";
    let event = |user| {
        format!(
            "jsonb_build_object('user_id', '{user}', 'event_key', {id}, 'event_type', 'prompt', 'occurred_at', now())"
        )
    };
    let export = "jsonb_build_object('name', 'Users', 'format', 'csv', 'rows', 1, 'filter', '[]'::jsonb, 'exported_at', now(),
             'as_of', now(), 'sha256', repeat('0', 64))";
    let billing = |kind: &str| {
        format!(
            r#"ask_billing({id}, '{{"kind": "{kind}", "stripe_object": "x_1", "asked": {{}}, "before": {{}}, "expected": {{}}}}', 'test')"#
        )
    };
    let calls: Vec<(String, &'static [&'static str])> = vec![
        (format!("change_plan({id}, array['{first}']::uuid[], 'pro', '{{}}', 'test')"), SUPPORT),
        (format!("revert({id}, '{SUSPENDED}', 'test')"), SUPPORT),
        (format!("suspend_user({id}, array['{first}']::uuid[], null, 'test')"), SUPPORT),
        (format!("restore_user({id}, array['{second}']::uuid[], null, 'test')"), SUPPORT),
        (
            format!("extend_trial({id}, array['{first}']::uuid[], now() + interval '1 day', null, 'test')"),
            SUPPORT,
        ),
        (format!("reset_usage({id}, array['{first}']::uuid[], null, null, null, 'test')"), SUPPORT),
        (
            format!(
                "raise_limit({id}, '{{\"user_id\": \"{first}\"}}', 'prompts', 'month', 90, now() + interval '1 day', null, 'test')"
            ),
            SUPPORT,
        ),
        (billing("reinstate_subscription"), SUPPORT),
        (billing("refund"), ADMIN),
        (format!("note_billing({id}, 'done', '{{}}')"), SUPPORT),
        ("plan_cleanup(13)".to_owned(), ADMIN),
        (format!("cleanup_usage({id}, 13, null, 'test')"), ADMIN),
        (format!("cleanup_step('{CLEANED}')"), ADMIN),
        (format!("recompute_counters({id}, '2026-01', null, null, 'test')"), ADMIN),
        ("list_operators()".to_owned(), ADMIN),
        // The login itself is made by whoever asks, with a right of its own: `contract::operators`.
        (format!("create_operator({id}, 'x_new', 'X', 'viewer', 'test')"), ADMIN),
        (format!("remove_operator({id}, 'x_known', 'test')"), ADMIN),
        (format!("log_export({id}, {export})"), PEOPLE),
        (format!(r#"edit_plan({id}, 'pro', '{{"price_month_minor": 100}}', null, 'test')"#), ADMIN),
        (format!("close_month({id}, '2025-01', 'UTC', 'stripe', '{FIGURES}', 'test')"), FINANCE),
        (format!("reopen_month({id}, '2025-02', 'test')"), FINANCE),
        ("data_quality()".to_owned(), PEOPLE),
        ("rotate_epoch()".to_owned(), ADMIN),
        ("prune_change_log('3'::xid8)".to_owned(), ADMIN),
        ("prune_log()".to_owned(), &["admin", "app"]),
        ("install_preset('credits')".to_owned(), ADMIN),
        ("verify_audit()".to_owned(), PEOPLE),
        (format!("ack({id}, 0, null, {id})"), PEOPLE),
        (r#"changed_keys('{"id": [1, 2]}')"#.to_owned(), PEOPLE),
        ("ensure_usage_partitions(current_date, current_date)".to_owned(), APP),
        ("current_user_id()".to_owned(), &ROLES),
        ("default_plan()".to_owned(), APP),
        (format!("track_usage({})", event(first)), APP),
        (format!("track_usage_batch(jsonb_build_array({}))", event(first)), APP),
        (format!("consume_usage('{first}', 'prompts')"), APP),
        (format!("check_usage('{first}', 'prompts')"), &["viewer", "finance", "support", "admin", "app"]),
        (format!("check_feature('{first}', 'sso')"), &["viewer", "finance", "support", "admin", "app"]),
        (format!("effective_limits('{first}')"), PEOPLE),
    ];
    calls.into_iter().map(|(call, roles)| (format!("select steward.{call}"), roles)).collect()
}

/// A call with nothing in it of every function that is granted to nobody.
async fn internal_calls(owner: &mut steward_store::postgres::PgConnection) -> Vec<String> {
    let found = value(
        owner,
        "select jsonb_agg(format('select steward.%I(%s)', p.proname,
             (select string_agg('null::' || format_type(t, null), ', ' order by place) from unnest(p.proargtypes) with ordinality x (t, place))))
         from pg_proc p
         where p.pronamespace = 'steward'::regnamespace and p.prorettype <> 'trigger'::regtype
           and not exists (select from pg_roles r
                           where (r.rolname ~ '^steward_' or r.rolname = 'authenticated') and r.rolname <> 'steward_owner'
                             and has_function_privilege(r.oid, p.oid, 'execute'))",
    )
    .await;
    serde_json::from_value(found).expect("calls")
}

/// Allowed is what succeeds, refused is what is refused as forbidden, and there is nothing between.
#[tokio::test]
async fn each_action_is_for_its_roles_only() {
    let database = TestDatabase::new().await;
    let mut owner = database.connect_owner().await;
    let users = furnish(&mut owner).await;
    let granted = granted_calls(users);
    let named: BTreeSet<&str> = granted
        .iter()
        .map(|(call, _)| call["select steward.".len()..].split('(').next().expect("a name"))
        .collect();
    let internal = internal_calls(&mut owner).await;
    let functions = value(
        &mut owner,
        "select to_jsonb(count(distinct proname)) from pg_proc
         where pronamespace = 'steward'::regnamespace and prorettype <> 'trigger'::regtype",
    )
    .await;
    let hidden: BTreeSet<&str> = internal
        .iter()
        .map(|call| call["select steward.".len()..].split('(').next().expect("a name"))
        .collect();
    assert!(named.is_disjoint(&hidden), "what is called as granted is granted");
    assert_eq!(functions, named.len() + hidden.len(), "every function is called");

    let nobody: &[&str] = &[];
    let calls: Vec<(String, &[&str])> =
        granted.iter().cloned().chain(internal.into_iter().map(|call| (call, nobody))).collect();
    for role in ROLES {
        let mut connection = database.connect(role).await;
        for (call, allowed) in &calls {
            execute(&mut connection, "begin").await;
            let outcome = sqlx::query(sqlx::AssertSqlSafe(call.as_str())).execute(&mut connection).await;
            execute(&mut connection, "rollback").await;
            let found = outcome.map(drop).map_err(|failure| {
                let code = failure.as_database_error().and_then(|error| error.code()).map(String::from);
                (code.unwrap_or_default(), failure.to_string())
            });
            let is_right = match &found {
                Ok(()) => allowed.contains(&role),
                Err((code, _)) => code == "42501" && !allowed.contains(&role),
            };
            assert!(is_right, "{role}: {call} gave {found:?}");
        }
    }
}

/// What is dangerous in itself is refused without a reason by the server, too, whoever asks it past the console.
#[tokio::test]
async fn what_is_dangerous_is_refused_without_a_reason() {
    let database = TestDatabase::new().await;
    let mut owner = database.connect_owner().await;
    let users = furnish(&mut owner).await;
    let dangerous = [
        "suspend_user",
        "cleanup_usage",
        "edit_plan",
        "close_month",
        "reopen_month",
        "create_operator",
        "remove_operator",
        "ask_billing",
    ];
    let calls = granted_calls(users);
    for name in dangerous {
        let found = calls.iter().filter(|(call, _)| call.starts_with(&format!("select steward.{name}(")));
        let mut count = 0;
        for (call, _) in found {
            for reason in ["''", "'  '", "null"] {
                let silent = call.replace("'test'", reason);
                assert_ne!(&silent, call);
                assert_eq!(sqlstate(&mut owner, &silent).await, "ST400", "{silent}");
            }
            count += 1;
        }
        assert!(count > 0, "{name}");
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
