//! The tables of the copy, made from the dataset specs.
//!
//! A copy is never migrated: it can be read again, so another version means another file (STYLE, 22).

use std::fmt::Write as _;

use rusqlite::{Connection, params};
use steward_core::dataset::{ColumnType, DatasetSpec};
use steward_core::id::WorkspaceId;
use steward_core::{Dataset, Result};

use super::{fault, stripe};

/// Raised with every change of a table or of a packed form.
pub(crate) const VERSION: i64 = 9;

/// What is not made from a spec.
///
/// `usage_events` has no index beside its own order: `id` holds the minute of the event, newest first, so
/// that the first load (newest first) appends, a page of events is a range of ids, and a key is looked up
/// within its minute. `event` is packed (see `event.rs`): nothing asks for one column of ten million rows, and
/// a row of two columns is written and read several times faster than one of eighteen. Filters skip by the rollups, which know in which quarter-hours a user or a facet occurs.
const FIXED: &str = "
    create table identity (
        one integer primary key check (one = 1),
        workspace text not null,
        schema_version integer not null,
        generation integer not null
    ) strict;
    create table state (key text primary key, value text not null) strict, without rowid;
    create table row_count (dataset text primary key, rows integer not null) strict, without rowid;
    create table dictionary (id integer primary key, value blob not null) strict;
    create table facet (id integer primary key, value blob not null) strict;
    create table usage_events (id integer primary key, event blob not null) strict;
    create table rollup_total (
        level integer not null,
        slot integer not null,
        bucket integer not null,
        sums blob not null,
        latency blob not null,
        primary key (level, slot, bucket)
    ) strict, without rowid;
    create table rollup_facet (
        level integer not null,
        bucket integer not null,
        counts blob not null,
        sums blob not null,
        primary key (level, bucket)
    ) strict;
    create table rollup_user (
        level integer not null,
        bucket integer not null,
        counts blob not null,
        primary key (level, bucket)
    ) strict;
";

/// What is kept about users and teams beside their rows, by the rows' own triggers, so that every way of
/// writing a row keeps it.
///
/// `user_kind` counts users by what a list is narrowed to most: a count needs no look at a million rows, and a
/// list is merged from the kinds that match, each in its index's order. `user_text` and `team_text` find words,
/// folded and without accents. Only their index
/// is used, never the content they name, so that they may hold the folded text.
const KEPT: &str = "
    create table user_kind (
        plan_code text not null,
        status text not null,
        role text not null,
        users integer not null,
        primary key (plan_code, status, role)
    ) strict, without rowid;
    create virtual table user_text using fts5 (
        email, name, content = 'users', tokenize = 'unicode61 remove_diacritics 2'
    );
    create virtual table team_text using fts5 (
        name, content = 'teams', tokenize = 'unicode61 remove_diacritics 2'
    );
    create trigger users_added after insert on users begin
        insert into user_kind values
            (coalesce(new.plan_code, ''), coalesce(new.status, ''), coalesce(new.role, ''), 1)
            on conflict do update set users = users + 1;
        insert into user_text (rowid, email, name) values (new.rowid, fold(new.email), fold(new.name));
    end;
    create trigger users_removed after delete on users begin
        update user_kind set users = users - 1
            where plan_code = coalesce(old.plan_code, '') and status = coalesce(old.status, '')
              and role = coalesce(old.role, '');
        insert into user_text (user_text, rowid, email, name)
            values ('delete', old.rowid, fold(old.email), fold(old.name));
    end;
    create trigger users_regrouped after update on users
    when old.plan_code is not new.plan_code or old.status is not new.status or old.role is not new.role begin
        update user_kind set users = users - 1
            where plan_code = coalesce(old.plan_code, '') and status = coalesce(old.status, '')
              and role = coalesce(old.role, '');
        insert into user_kind values
            (coalesce(new.plan_code, ''), coalesce(new.status, ''), coalesce(new.role, ''), 1)
            on conflict do update set users = users + 1;
    end;
    create trigger users_renamed after update on users
    when old.email is not new.email or old.name is not new.name begin
        insert into user_text (user_text, rowid, email, name)
            values ('delete', old.rowid, fold(old.email), fold(old.name));
        insert into user_text (rowid, email, name) values (new.rowid, fold(new.email), fold(new.name));
    end;
    create trigger teams_added after insert on teams begin
        insert into team_text (rowid, name) values (new.rowid, fold(new.name));
    end;
    create trigger teams_removed after delete on teams begin
        insert into team_text (team_text, rowid, name) values ('delete', old.rowid, fold(old.name));
    end;
    create trigger teams_renamed after update on teams when old.name is not new.name begin
        insert into team_text (team_text, rowid, name) values ('delete', old.rowid, fold(old.name));
        insert into team_text (rowid, name) values (new.rowid, fold(new.name));
    end;
";

/// Who used how much of a metric in a period. There from the start, for its rows arrive user by user and each is put at
/// the end of its period and metric: sorted at once later, they would all have to be held in memory. A count that grows
/// stays where it is.
const ORDERED: &str = "
    create index usage_counters_by_period on usage_counters (period, metric, user_id, used);
";

/// Indexes for what the views ask, beside the primary keys.
///
/// When somebody was last seen changes more often than anything else of a user, so one index alone holds it.
const INDEXES: &str = "
    create index if not exists users_by_address on users (fold(email), id);
    create index if not exists users_by_email on users (
        coalesce(plan_code, ''), coalesce(status, ''), coalesce(role, ''), fold(email), id, created_at
    );
    create index if not exists users_by_creation on users (
        coalesce(plan_code, ''), coalesce(status, ''), coalesce(role, ''), created_at, id
    );
    create index if not exists users_by_last_seen on users (
        coalesce(plan_code, ''), coalesce(status, ''), coalesce(role, ''),
        coalesce(last_seen_at, -9223372036854775808), id, created_at
    );
    create index if not exists users_by_stripe on users (stripe_customer_id) where stripe_customer_id is not null;
    create index if not exists team_members_by_user on team_members (user_id);
    create index if not exists subscriptions_by_user on subscriptions (user_id);
    create index if not exists subscriptions_by_stripe
        on subscriptions (stripe_subscription_id) where stripe_subscription_id is not null;
    create index if not exists subscriptions_by_team on subscriptions (team_id) where team_id is not null;
    create index if not exists subscription_changes_by_user on subscription_changes (user_id, occurred_at);
    create index if not exists subscription_changes_by_team
        on subscription_changes (team_id, occurred_at) where team_id is not null;
    create index if not exists audit_log_by_row
        on audit_log (table_name, coalesce(row_key ->> 'user_id', row_key ->> 'id'), id);
    create index if not exists audit_log_by_raised on audit_log (coalesce(after ->> 'user_id', before ->> 'user_id'))
        where table_name = 'quota_overrides';
    create index if not exists audit_log_by_intent on audit_log (intent, id);
    create index if not exists dictionary_by_value on dictionary (value);
";

/// Creates everything in an empty file.
pub(crate) fn create(connection: &Connection, workspace: WorkspaceId) -> Result<()> {
    // The mode of the log is kept in the file, so it is set once, and outside a transaction.
    connection.pragma_update(None, "journal_mode", "wal").map_err(fault::map)?;
    let mut script = String::from("begin immediate;");
    script.push_str(FIXED);
    for dataset in Dataset::ALL {
        if dataset != Dataset::UsageEvents {
            script.push_str(&table(dataset.spec()));
        }
    }
    script.push_str(ORDERED);
    script.push_str(KEPT);
    script.push_str(stripe::TABLES);
    connection
        .execute_batch(&script)
        .and_then(|()| {
            connection.execute(
                "insert into identity (one, workspace, schema_version, generation) values (1, ?1, ?2, 0)",
                params![workspace.to_string(), VERSION],
            )
        })
        .and_then(|_| {
            let mut counter = connection.prepare("insert into row_count (dataset, rows) values (?1, 0)")?;
            Dataset::ALL.iter().try_for_each(|dataset| counter.execute([dataset.spec().table]).map(|_| ()))
        })
        .and_then(|()| connection.execute_batch("commit"))
        .map_err(|cause| {
            // Leaves the file empty, as it was found.
            let _ = connection.execute_batch("rollback");
            fault::map(cause)
        })
}

/// Creates the secondary indexes that are missing.
pub(crate) fn create_indexes(connection: &Connection) -> Result<()> {
    connection.execute_batch(INDEXES).map_err(fault::map)
}

/// A table is its own key's index: rows come in the order of their key, so both would be written twice. Where a text
/// index names rows by number, they have one.
fn table(spec: &DatasetSpec) -> String {
    let mut sql = format!("create table {} (", spec.table);
    for column in spec.columns {
        let kind = match column.kind {
            ColumnType::Uuid => "blob",
            ColumnType::Bool | ColumnType::Int | ColumnType::Timestamp => "integer",
            ColumnType::Text | ColumnType::Numeric | ColumnType::Json | ColumnType::TextArray => "text",
        };
        let _ = write!(sql, "\"{}\" {kind}, ", column.name);
    }
    let key: Vec<_> = spec.key.iter().map(|name| format!("\"{name}\"")).collect();
    let is_numbered = matches!(spec.dataset, Dataset::Users | Dataset::Teams);
    let kind = if is_numbered { "" } else { ", without rowid" };
    let _ = write!(sql, "primary key ({})) strict{kind};", key.join(", "));
    sql
}
