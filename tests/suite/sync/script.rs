//! What a transaction does, drawn at random: one generator for the model, the stress rounds and the kills.

use proptest::prelude::*;

/// The tables that transactions write.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Table {
    /// Changed rows are logged.
    Teams,
    /// The same, with a key of three columns; emptied now and then.
    Counters,
    /// Inserts carry their writer, the rest is logged; partitioned by time.
    Events,
}

impl Table {
    pub(super) const ALL: [Self; 3] = [Self::Teams, Self::Counters, Self::Events];
}

/// Keys are numbers below this; each table spells them in its own way.
pub(super) const KEYS: u8 = 72;

/// One statement.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Write {
    /// Inserts the row, or changes it.
    Put(Table, u8),
    /// Deletes it.
    Delete(Table, u8),
    /// Gives the row another key.
    Move(Table, u8, u8),
    /// Changes every row of some keys at once.
    Burst(Table, u8),
    /// Empties the table.
    Truncate(Table),
}

/// One step of a transaction.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Step {
    /// A statement.
    Write(Write),
    /// Statements behind a savepoint that is released, or rolled back to.
    Savepoint {
        /// The statements.
        writes: Vec<Write>,
        /// Whether it is released.
        is_kept: bool,
    },
    /// Nothing for a while, so that later transactions commit before this one.
    Pause,
}

/// How a transaction ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum End {
    /// With everything it wrote, on disk or not yet.
    Commit {
        /// Whether the commit waits for the disk.
        is_synchronous: bool,
    },
    /// With nothing.
    Rollback,
    /// In two phases.
    Prepare {
        /// How the second phase ends.
        commits: bool,
    },
}

/// A transaction.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Script {
    pub(super) steps: Vec<Step>,
    pub(super) end: End,
}

fn table() -> impl Strategy<Value = Table> {
    prop_oneof![3 => Just(Table::Teams), 3 => Just(Table::Counters), 4 => Just(Table::Events)]
}

fn write() -> impl Strategy<Value = Write> {
    let key = || 0..KEYS;
    prop_oneof![
        30 => (table(), key()).prop_map(|(table, key)| Write::Put(table, key)),
        // Few keys, so that transactions meet: hot rows, rows deleted and inserted again.
        20 => (table(), 0_u8..4).prop_map(|(table, key)| Write::Put(table, key)),
        12 => (table(), key()).prop_map(|(table, key)| Write::Delete(table, key)),
        10 => (table(), 0_u8..4).prop_map(|(table, key)| Write::Delete(table, key)),
        6 => (table(), key(), key()).prop_map(|(table, from, to)| Write::Move(table, from, to)),
        2 => (table(), key()).prop_map(|(table, key)| Write::Burst(table, key)),
        2 => prop_oneof![9 => Just(Table::Counters), 1 => Just(Table::Events)].prop_map(Write::Truncate),
    ]
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        6 => write().prop_map(Step::Write),
        2 => (prop::collection::vec(write(), 1..3), any::<bool>())
            .prop_map(|(writes, is_kept)| Step::Savepoint { writes, is_kept }),
        2 => Just(Step::Pause),
    ]
}

/// A transaction of a few steps.
pub(super) fn script() -> impl Strategy<Value = Script> {
    let end = prop_oneof![
        16 => any::<bool>().prop_map(|is_synchronous| End::Commit { is_synchronous }),
        2 => Just(End::Rollback),
        2 => prop::bool::weighted(0.8).prop_map(|commits| End::Prepare { commits }),
    ];
    (prop::collection::vec(step(), 1..5), end).prop_map(|(steps, end)| Script { steps, end })
}

impl Write {
    /// The statement for a real server. Events lie in three months, so that some moves change the partition.
    pub(super) fn sql(self) -> String {
        match self {
            Self::Put(table, key) => match table {
                Table::Teams => format!(
                    "insert into steward.teams (id, name) values ({0}, 'team {key}')
                     on conflict (id) do update set name = steward.teams.name || '.'",
                    uuid(key)
                ),
                Table::Counters => format!(
                    "insert into steward.usage_counters (user_id, period, metric, used) values ({}, '{}', 'calls', 1)
                     on conflict (user_id, period, metric) do update set used = steward.usage_counters.used + 1",
                    user(key),
                    period(key)
                ),
                Table::Events => format!(
                    "insert into steward.usage_events (user_id, occurred_at, event_key, event_type, feature, cost, credits, latency_ms)
                     values ({}, {}, {}, 'prompt', 'chat', {key}::numeric / 700, 1, {key})
                     on conflict (user_id, occurred_at, event_key) do update set credits = steward.usage_events.credits + 1",
                    user(key),
                    instant(key),
                    uuid(key)
                ),
            },
            Self::Delete(table, key) => format!("delete from {}", only(table, key)),
            Self::Move(table, from, to) => match table {
                Table::Teams => format!("update steward.teams set id = {} where id = {}", uuid(to), uuid(from)),
                Table::Counters => format!(
                    "update {} set user_id = {}, period = '{}' where {}",
                    name(table),
                    user(to),
                    period(to),
                    condition(table, from)
                ),
                Table::Events => format!(
                    "update {} set user_id = {}, occurred_at = {}, event_key = {} where {}",
                    name(table),
                    user(to),
                    instant(to),
                    uuid(to),
                    condition(table, from)
                ),
            },
            Self::Burst(table, key) => match table {
                Table::Teams => format!("update steward.teams set name = 'burst {key}' where id::text like '%{}'", key % 4),
                Table::Counters => {
                    format!("update steward.usage_counters set used = used + 1 where period = '{}'", period(key))
                }
                Table::Events => format!(
                    "update steward.usage_events set cost = cost + 0.000000001 where occurred_at > {}",
                    instant(key % 10)
                ),
            },
            Self::Truncate(table) => format!("truncate {}", name(table)),
        }
    }
}

fn name(table: Table) -> &'static str {
    match table {
        Table::Teams => "steward.teams",
        Table::Counters => "steward.usage_counters",
        Table::Events => "steward.usage_events",
    }
}

fn only(table: Table, key: u8) -> String {
    format!("{} where {}", name(table), condition(table, key))
}

fn condition(table: Table, key: u8) -> String {
    match table {
        Table::Teams => format!("id = {}", uuid(key)),
        Table::Counters => {
            format!("user_id = {} and period = '{}' and metric = 'calls'", user(key), period(key))
        }
        Table::Events => format!(
            "user_id = {} and occurred_at = {} and event_key = {}",
            user(key),
            instant(key),
            uuid(key)
        ),
    }
}

fn uuid(key: u8) -> String {
    format!("'00000000-0000-4000-a000-{key:012}'::uuid")
}

/// One of the thirty users that `Bench::fill` makes.
fn user(key: u8) -> String {
    format!("'00000000-0000-4000-8000-{:012}'::uuid", 1 + key % 30)
}

fn period(key: u8) -> String {
    format!("2026-{:02}", 1 + key / 30)
}

/// Anchored to the month, so that a key means the same instant for the whole of a run.
fn instant(key: u8) -> String {
    format!(
        "date_trunc('month', now()) - interval '{} months' + interval '{} minutes'",
        key % 3,
        u32::from(key) * 7
    )
}
