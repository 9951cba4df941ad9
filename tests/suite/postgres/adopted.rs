//! Following tables of other schemas, where nothing is installed, under writers that overlap.

use std::collections::BTreeMap;

use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use sqlx::{AssertSqlSafe, Executor, PgConnection};
use steward_core::{Clock, Result, SystemClock};
use steward_store::postgres::adopted::barrier::BarrierState;
use steward_store::postgres::adopted::reconcile::ReconcileState;
use steward_store::postgres::adopted::scan::ScanState;
use steward_store::postgres::adopted::{
    self, AdoptedTable, Follow, FollowState, Key, KeyPart, KeySpan, Shelf, barrier, reconcile, scan,
};
use steward_store::postgres::connect::connect;
use steward_store::record::SetSum;
use steward_tests::cluster::{TestDatabase, execute};
use tokio::task::JoinSet;

/// Rows in memory, in the order of their keys.
#[derive(Debug, Default)]
struct Memory {
    rows: BTreeMap<Key, Vec<u8>>,
}

impl Memory {
    fn within<'a>(&'a self, span: &'a KeySpan) -> impl Iterator<Item = (&'a Key, &'a Vec<u8>)> {
        self.rows.iter().filter(|(key, _)| {
            span.after.as_ref().is_none_or(|after| *key > after)
                && span.upto.as_ref().is_none_or(|upto| *key <= upto)
        })
    }

    fn numbers(&self) -> Vec<i64> {
        let number = |key: &Key| match key.0.as_slice() {
            [KeyPart::Int(number)] => *number,
            other => panic!("a number was expected: {other:?}"),
        };
        self.rows.keys().map(number).collect()
    }
}

impl Shelf for Memory {
    fn put(&mut self, key: Key, record: Vec<u8>) -> Result<bool> {
        let old = self.rows.insert(key.clone(), record);
        Ok(old.as_ref() != self.rows.get(&key))
    }

    fn remove(&mut self, key: &Key) -> Result<bool> {
        Ok(self.rows.remove(key).is_some())
    }

    fn sum(&self, span: &KeySpan) -> Result<SetSum> {
        let mut sum = SetSum::default();
        self.within(span).for_each(|(_, record)| sum.add_bytes(record));
        Ok(sum)
    }

    fn keys(&self, span: &KeySpan) -> Result<Vec<Key>> {
        Ok(self.within(span).map(|(key, _)| key.clone()).collect())
    }

    fn edge(&self, after: Option<&Key>, rows: u64) -> Result<Option<Key>> {
        let span = KeySpan { after: after.cloned(), upto: None };
        let position = usize::try_from(rows).expect("a small number") - 1;
        let edge = self.within(&span).nth(position).map(|(key, _)| key.clone());
        Ok(edge)
    }
}

/// A schema of somebody else's, and a login that may only read it.
struct Foreign {
    database: TestDatabase,
    owner: PgConnection,
    reader: PgConnection,
}

impl Foreign {
    async fn new(tables: &str) -> Self {
        let database = TestDatabase::new().await;
        let mut owner = database.connect_owner().await;
        execute(&mut owner, &format!("create schema shop; {tables}")).await;
        execute(&mut owner, "grant usage on schema shop to steward_viewer; grant select on all tables in schema shop to steward_viewer").await;
        let reader = database.connect("viewer").await;
        Self { database, owner, reader }
    }

    async fn table(&mut self, name: &str) -> AdoptedTable {
        adopted::probe(&mut self.reader, "shop", name).await.expect("the table can be followed")
    }

    async fn numbers(&mut self, name: &str) -> Vec<i64> {
        sqlx::query_scalar(AssertSqlSafe(format!("select id from shop.{name} order by id")))
            .fetch_all(&mut self.owner)
            .await
            .expect("an answer")
    }
}

/// Transactions that take numbers and instants early and commit late, by savepoint and in two phases too; ends
/// after so many of each writer. Answers when all have ended.
fn writers(foreign: &Foreign, seed: u64, count: u32) -> JoinSet<()> {
    let mut tasks = JoinSet::new();
    for index in 0..6 {
        let address = foreign.database.owner();
        tasks.spawn(async move {
            let mut random = ChaCha8Rng::seed_from_u64(seed * 97 + index);
            let mut connection = connect(&address, None).await.expect("a writer connects");
            for number in 0..count {
                let pause = random.random_range(0.0..0.12);
                let end = match random.random_range(0..10) {
                    0 => "rollback".to_owned(),
                    1 => {
                        let gid = format!("a_{}_{seed}_{index}_{number}", address.database());
                        format!(
                            "prepare transaction '{gid}'; select pg_sleep({pause}); commit prepared '{gid}'"
                        )
                    }
                    _ => "commit".to_owned(),
                };
                // One statement a message: two-phase commits refuse to share one.
                let savepoint = if random.random_bool(0.3) { "savepoint s" } else { "select 1" };
                for statement in [
                    "begin",
                    savepoint,
                    "insert into shop.orders (body) values ('x')",
                    &format!("select pg_sleep({pause})"),
                    "insert into shop.orders (body) select 'y' from generate_series(1, 3)",
                    "update shop.orders set body = body || 'z' where id = (select max(id) from shop.orders)",
                ]
                .into_iter()
                .chain(end.split("; "))
                {
                    connection.execute(AssertSqlSafe(statement)).await.expect("a writer's statement runs");
                }
            }
        });
    }
    tasks
}

/// Whether a writer has not ended yet.
fn is_at_work(tasks: &mut JoinSet<()>) -> bool {
    while let Some(ended) = tasks.try_join_next() {
        ended.expect("a writer ends well");
    }
    !tasks.is_empty()
}

const ORDERS: &str = "create table shop.orders (id bigint generated always as identity primary key,
    body text, at timestamptz not null default now())";

/// Rows that are on the server and not in the memory.
fn lost(server: &[i64], memory: &Memory) -> usize {
    server.iter().filter(|number| !memory.rows.contains_key(&Key(vec![KeyPart::Int(**number)]))).count()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn s33_a_barrier_loses_no_row_and_a_cursor_of_numbers_does() {
    let mut foreign = Foreign::new(ORDERS).await;
    let table = foreign.table("orders").await;
    assert_eq!(table.follow, Follow::Id { column: 0 });
    let (mut state, mut memory) = (BarrierState::default(), Memory::default());
    let (mut mutant_seen, mut mutant) = (0_i64, Memory::default());
    let mut working = writers(&foreign, 1, 25);
    let mut rounds = 0;
    while is_at_work(&mut working) {
        barrier::round(&mut foreign.reader, &table, &mut state, &mut memory).await.expect("a round");
        // The mutant: what everybody writes first.
        let rows: Vec<(i64,)> = sqlx::query_as("select id from shop.orders where id > $1 order by id")
            .bind(mutant_seen)
            .fetch_all(&mut foreign.reader)
            .await
            .expect("an answer");
        for (number,) in rows {
            mutant_seen = number;
            mutant.rows.insert(Key(vec![KeyPart::Int(number)]), Vec::new());
        }
        rounds += 1;
    }
    let server = foreign.numbers("orders").await;
    let moved_on = |state: &BarrierState| state.safe.is_some_and(|safe| safe >= server[server.len() - 10]);
    // Other databases of the server have transactions, too, and the barrier waits for each it has seen.
    for _ in 0..3_000 {
        barrier::round(&mut foreign.reader, &table, &mut state, &mut memory).await.expect("a round");
        if moved_on(&state) {
            break;
        }
        sqlx::query("select pg_sleep(0.01)").execute(&mut foreign.reader).await.expect("the server waits");
    }
    assert!(rounds > 20 && server.len() > 300, "{rounds} rounds, {} rows", server.len());
    assert_eq!(lost(&server, &memory), 0, "the barrier");
    assert!(lost(&server, &mutant) > 0, "the mutant must be caught");
    assert!(moved_on(&state), "and the barrier moved on: {state:?}");
    // Once safe, a round reads nothing again.
    let again = barrier::round(&mut foreign.reader, &table, &mut state, &mut memory).await.expect("a round");
    assert!(again.read < 10, "{again:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn s33_a_scan_by_transaction_loses_no_row_and_no_change() {
    let mut foreign = Foreign::new(ORDERS).await;
    let table = AdoptedTable { follow: Follow::Scan, ..foreign.table("orders").await };
    let (mut state, mut memory) = (ScanState::default(), Memory::default());
    let mut working = writers(&foreign, 2, 25);
    let mut passes = 0;
    while is_at_work(&mut working) {
        let (_, is_over) =
            scan::step(&mut foreign.reader, &table, &mut state, 2, &mut memory).await.expect("a step");
        passes += u32::from(is_over);
    }
    for _ in 0..2 {
        while !scan::step(&mut foreign.reader, &table, &mut state, 2, &mut memory).await.expect("a step").1 {}
    }
    let server = foreign.numbers("orders").await;
    assert!(passes > 3 && server.len() > 300, "{passes} passes, {} rows", server.len());
    assert_eq!(memory.numbers(), server, "nothing was deleted, so both are the same");
    // Changed rows are found as well: the shelf's sums are the server's.
    let mut check = ReconcileState::default();
    let mut changed = 0;
    loop {
        let (step, is_over) =
            reconcile::step(&mut foreign.reader, &table, &mut check, 100, &mut memory).await.expect("a step");
        changed += step.changed + step.removed;
        if is_over {
            break;
        }
    }
    assert_eq!(changed, 0, "every row is as it is on the server");
    // A pass over a table at rest reads only what the last one could not be sure of.
    let (again, is_over) =
        scan::step(&mut foreign.reader, &table, &mut state, 10_000, &mut memory).await.expect("a step");
    assert!(is_over && again.changed == 0, "{again:?}");
}

#[tokio::test]
async fn s33_deletes_are_found_by_reconciling_and_the_state_says_when() {
    let mut foreign = Foreign::new(ORDERS).await;
    execute(
        &mut foreign.owner,
        "insert into shop.orders (body) select 'n' || n from generate_series(1, 1000) n",
    )
    .await;
    let table = foreign.table("orders").await;
    let (mut state, mut memory) = (FollowState::default(), Memory::default());
    while state.barrier.safe.is_none() {
        barrier::round(&mut foreign.reader, &table, &mut state.barrier, &mut memory).await.expect("a round");
    }
    assert_eq!(memory.rows.len(), 1_000);
    execute(
        &mut foreign.owner,
        "delete from shop.orders where id % 100 = 0; update shop.orders set body = 'new' where id = 7",
    )
    .await;
    barrier::round(&mut foreign.reader, &table, &mut state.barrier, &mut memory).await.expect("a round");
    assert_eq!(memory.rows.len(), 1_000, "nothing tells of a delete");
    let now = SystemClock.now();
    assert_eq!(state.words(now), "best effort (deletes not checked yet)");
    let (mut steps, mut removed, mut changed) = (0, 0, 0);
    loop {
        let (step, is_over) =
            reconcile::step(&mut foreign.reader, &table, &mut state.reconcile, 150, &mut memory)
                .await
                .expect("a step");
        (steps, removed, changed) = (steps + 1, removed + step.removed, changed + step.changed);
        if is_over {
            break;
        }
    }
    assert_eq!((removed, changed), (10, 1), "in {steps} steps");
    assert!(steps > 5);
    assert_eq!(memory.numbers(), foreign.numbers("orders").await);
    let checked = state.reconcile.checked_since.expect("a pass has ended");
    assert_eq!(
        state.words(checked + chrono::Duration::minutes(4)),
        "best effort (deletes checked 4 min ago)"
    );
}

#[tokio::test]
async fn s33_a_rewritten_table_is_scanned_anew_and_a_partitioned_one_leaf_by_leaf() {
    let mut foreign = Foreign::new(
        "create table shop.orders (id bigint primary key, body text) partition by range (id);
         create table shop.a partition of shop.orders for values from (0) to (500);
         create table shop.b partition of shop.orders for values from (500) to (5000)",
    )
    .await;
    execute(
        &mut foreign.owner,
        "insert into shop.orders select n, repeat('x', 500) from generate_series(1, 1500) n",
    )
    .await;
    let table = foreign.table("orders").await;
    assert_eq!(table.follow, Follow::Scan, "nobody hands these numbers out");
    let (mut state, mut memory) = (ScanState::default(), Memory::default());
    scan::step(&mut foreign.reader, &table, &mut state, 1, &mut memory).await.expect("a step");
    execute(&mut foreign.owner, "vacuum full shop.a").await;
    execute(&mut foreign.owner, "vacuum full shop.b").await;
    let mut steps = 0;
    while !scan::step(&mut foreign.reader, &table, &mut state, 20, &mut memory).await.expect("a step").1 {
        steps += 1;
    }
    assert!(steps > 3, "the pass began anew");
    assert_eq!(memory.numbers(), foreign.numbers("orders").await);
}

#[tokio::test]
async fn f16_odd_names_and_types_are_followed_too() {
    let mut foreign = Foreign::new(
        r#"create type shop."Mood" as enum ('so so', 'fine');
           create table shop."we""ird; -- table" ("Kéy" text, "select" uuid default gen_random_uuid(), "a""b" shop."Mood",
               at time default '24:00', span int4range default 'empty', spot point default '(1,2)', list text[] default '[2:3]={a,b}',
               primary key ("select", "Kéy"))"#,
    )
    .await;
    execute(
        &mut foreign.owner,
        r#"insert into shop."we""ird; -- table" ("Kéy", "a""b") select 'it''s \ ' || n, 'fine' from generate_series(1, 300) n"#,
    )
    .await;
    let table = foreign.table("we\"ird; -- table").await;
    assert_eq!((table.key.clone(), table.follow.clone()), (vec![1, 0], Follow::Scan));
    let (mut state, mut memory) = (FollowState::default(), Memory::default());
    while !scan::step(&mut foreign.reader, &table, &mut state.scan, 100, &mut memory).await.expect("a step").1
    {
    }
    assert_eq!(memory.rows.len(), 300);
    let mut changed = 0;
    loop {
        let (step, is_over) =
            reconcile::step(&mut foreign.reader, &table, &mut state.reconcile, 7, &mut memory)
                .await
                .expect("a step");
        changed += step.read;
        if is_over {
            break;
        }
    }
    assert_eq!(changed, 0, "both sides order and hash the keys alike");
}

#[tokio::test]
async fn s33_a_number_that_is_handed_out_in_bunches_is_not_followed() {
    let mut foreign = Foreign::new(
        "create sequence shop.bunch cache 20;
         create table shop.orders (id bigint primary key default nextval('shop.bunch'), body text);
         alter sequence shop.bunch owned by shop.orders.id;
         create table shop.loose (body text);
         create table shop.odd (id numeric primary key)",
    )
    .await;
    assert_eq!(
        foreign.table("orders").await.follow,
        Follow::Scan,
        "a session may commit 3 after another's 25"
    );
    for (name, word) in [("loose", "primary key"), ("odd", "order"), ("nowhere", "no table")] {
        let error =
            adopted::probe(&mut foreign.reader, "shop", name).await.expect_err("it cannot be followed");
        assert!(error.to_string().contains(word), "{name}: {error}");
    }
}
