//! Servers that went back in time, and how a copy notices.

use std::path::Path;
use std::process::Command;

use sqlx::PgConnection;
use steward_app::sync_driver::SyncHandle;
use steward_core::sync::{Position, Verdict};
use steward_store::cache::Cache;
use steward_store::postgres::cluster::{Cluster, ClusterConfig};
use steward_store::postgres::connect::connect;
use steward_store::postgres::cut::{Answer, peek, tell};
use steward_store::postgres::install;
use steward_tests::cluster::execute;
use tempfile::TempDir;

use super::bench::{Bench, differences, open_cache, start};

/// A server of the test's own, whose files can be put back to an earlier state.
struct Machine {
    folder: TempDir,
    cluster: Option<Cluster>,
}

impl Machine {
    async fn new() -> Self {
        let folder = TempDir::new().expect("a folder");
        std::fs::set_permissions(folder.path(), std::os::unix::fs::PermissionsExt::from_mode(0o755))
            .expect("the server's user may enter");
        let mut machine = Self { folder, cluster: None };
        machine.boot();
        let mut server = machine.connect().await;
        install::install(&mut server, Some("credits")).await.expect("the contract installs");
        execute(
            &mut server,
            "insert into steward.users (id, email, name, plan_code)
             select gen_random_uuid(), 'user' || n || '@mail.invalid', 'User ' || n, (select min(code) from steward.plans)
             from generate_series(1, 200) n",
        )
        .await;
        machine
    }

    fn config(&self) -> ClusterConfig {
        ClusterConfig {
            data_dir: self.folder.path().join("server"),
            durable: true,
            ..ClusterConfig::default()
        }
    }

    fn boot(&mut self) {
        self.cluster = Some(Cluster::start(self.config()).expect("the server starts"));
    }

    fn cluster(&self) -> &Cluster {
        self.cluster.as_ref().expect("it runs")
    }

    async fn connect(&self) -> PgConnection {
        connect(&self.cluster().address("postgres"), None).await.expect("the superuser connects")
    }

    fn engine(&self, cache: &Cache) -> SyncHandle {
        start(cache.clone(), self.cluster().address("postgres"))
    }

    async fn look(&self, cache: &Cache) -> steward_app::command::sync::SyncRunRes {
        let engine = self.engine(cache);
        let run = engine.run_once().await.expect("the look succeeds");
        engine.shutdown().await;
        run
    }

    /// The server's files as they are, under another name; the server is stopped for it.
    fn copy(&mut self, from: &str, to: &str) {
        self.cluster = None;
        let path = |name: &str| self.folder.path().join(name);
        if path(to).exists() {
            std::fs::remove_dir_all(path(to)).expect("removed");
        }
        // With owners and modes, as a volume's snapshot has them.
        let copied = Command::new("cp").arg("-a").arg(path(from)).arg(path(to)).status();
        assert!(copied.expect("cp runs").success());
        self.boot();
    }
}

fn position(cache: &Cache) -> Position {
    cache.reader().expect("a reader").state(Position::KEY).expect("readable").expect("stored")
}

fn copy_in(folder: &Path) -> Cache {
    open_cache(&folder.join("cache.db"))
}

async fn assert_equal(machine: &Machine, cache: &Cache) {
    let engine = machine.engine(cache);
    let found = engine.verify().await.expect("the comparison runs");
    engine.shutdown().await;
    assert!(found.is_clean, "{:?}", differences(&found));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn s20_a_server_put_back_on_the_same_timeline_is_noticed_whatever_it_wrote_since() {
    let mut machine = Machine::new().await;
    let folder = TempDir::new().expect("a folder");
    let cache = copy_in(folder.path());
    machine.look(&cache).await;
    machine.copy("server", "snapshot");
    let mut server = machine.connect().await;
    execute(&mut server, "update steward.users set name = 'lost' where email like '%7@mail.invalid'").await;
    drop(server);
    machine.look(&cache).await;
    let before = position(&cache);
    // The volume is put back, and the server goes on to more transactions and more log than the copy has seen.
    machine.copy("snapshot", "server");
    let mut server = machine.connect().await;
    for _ in 0..40 {
        execute(
            &mut server,
            "update steward.users set country = 'DE' where email like '%8@mail.invalid';
             update steward.users set country = 'FR' where email like '%8@mail.invalid'",
        )
        .await;
    }
    let chain = before.ack.clone().expect("the copy has told the server");
    let observed = peek(&mut server, Some(chain.client)).await.expect("it answers");
    let cursor = before.cursor.clone().expect("a cut was taken");
    assert_eq!(cursor.judge(&observed), Verdict::Continues, "by its numbers it looks like the same server");
    assert!(
        matches!(before.judge(&cursor, &observed), Verdict::ReloadAll(_)),
        "but it does not know the last word"
    );
    machine.look(&cache).await;
    assert_equal(&machine, &cache).await;
    let after = position(&cache).ack.expect("a new chain");
    assert_ne!(after.client, chain.client, "a new beginning has a name of its own");
    let told: i64 = sqlx::query_scalar("select n from steward.acks where client = $1")
        .bind(after.client)
        .fetch_one(&mut server)
        .await
        .expect("the server was told");
    assert_eq!(told, after.n);
}

#[tokio::test]
async fn s20_a_kill_between_telling_and_storing_loses_nothing() {
    let mut bench = Bench::new().await;
    bench.fill(20, 200).await;
    bench.sync().await;
    bench.sql("update steward.users set name = 'first'").await;
    bench.sync().await;
    let chain = position(&bench.cache()).ack.expect("told");
    let mut viewer = bench.database.connect("viewer").await;
    let answer = tell(&mut viewer, &chain).await.expect("the server takes it");
    assert!(matches!(answer, Answer::Taken(acked) if acked.n == chain.n + 1), "{answer:?}");
    assert_eq!(
        position(&bench.cache()).ack,
        Some(chain.clone()),
        "and the process dies before it stores that"
    );
    bench.sql("update steward.users set name = 'second'").await;
    let run = bench.sync().await;
    assert!(run.rows_read < 200, "nothing is read again: {run:?}");
    assert_eq!(position(&bench.cache()).ack.map(|chain| chain.client), Some(chain.client));
    // Somebody else's word in the chain is another history.
    let stranger =
        steward_core::sync::AckChain { nonce: Some(uuid::Uuid::max()), next: uuid::Uuid::nil(), ..chain };
    assert_eq!(tell(&mut viewer, &stranger).await.expect("an answer"), Answer::Unknown);
    let found = bench.verify().await;
    assert!(found.is_clean, "{:?}", differences(&found));
}

#[tokio::test]
async fn s20_a_login_that_may_not_tell_waits_for_the_disk_instead() {
    let mut bench = Bench::new().await;
    bench.fill(20, 200).await;
    bench.sql("revoke execute on function steward.ack(uuid, bigint, uuid, uuid) from steward_viewer").await;
    bench.sync().await;
    bench.sql("update steward.users set name = 'changed'").await;
    let run = bench.sync().await;
    assert!(run.rows_changed >= 20, "{run:?}");
    assert_eq!(position(&bench.cache()).ack.map(|chain| chain.n), Some(0));
    let found = bench.verify().await;
    assert!(found.is_clean, "{:?}", differences(&found));
}
