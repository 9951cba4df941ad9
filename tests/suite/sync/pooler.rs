//! A pooler in transaction mode between engine and server: Supabase's port 6543 is this case.

use std::io::Write;
use std::os::unix::process::CommandExt;
use std::process::{Command, Stdio};

use secrecy::ExposeSecret;
use steward_app::command::sync::SyncRunRes;
use steward_core::ErrorKind;
use steward_store::postgres::connect::{Address, Host, connect};
use steward_store::postgres::pooler::{Pooling, probe};

use super::bench::{Bench, differences};
use super::fault::through;
use super::writers::Writers;

/// PgBouncer between engine and server; stopped when dropped.
struct Pooler {
    child: std::process::Child,
    port: u16,
    _folder: tempfile::TempDir,
}

impl Pooler {
    fn start(target: &Address) -> Self {
        let folder = tempfile::TempDir::new().expect("a folder");
        let port = std::net::TcpListener::bind("127.0.0.1:0")
            .and_then(|socket| socket.local_addr())
            .expect("a port")
            .port();
        let Host::Tcp(host) = target.host() else { panic!("the test cluster listens on TCP") };
        let password = target.password().expect("test logins carry one").expose_secret();
        let users = folder.path().join("users.txt");
        std::fs::write(&users, format!("\"{}\" \"{password}\"\n", target.login())).expect("written");
        let ini = folder.path().join("pgbouncer.ini");
        let mut file = std::fs::File::create(&ini).expect("created");
        write!(
            file,
            "[databases]\n* = host={host} port={}\n[pgbouncer]\nlisten_addr = 127.0.0.1\nlisten_port = {port}\n\
             auth_type = scram-sha-256\nauth_file = {}\npool_mode = transaction\ndefault_pool_size = 2\n\
             unix_socket_dir =\n",
            target.port(),
            users.display()
        )
        .expect("written");
        for path in [folder.path(), &users, &ini] {
            std::fs::set_permissions(path, std::os::unix::fs::PermissionsExt::from_mode(0o755))
                .expect("readable");
        }
        let mut command = Command::new("pgbouncer");
        command.arg(&ini).stderr(Stdio::piped()).stdout(Stdio::null());
        // It refuses to run as root; 65534 is nobody.
        if is_root() {
            command.gid(65_534).uid(65_534);
        }
        let mut child = command.spawn().expect("pgbouncer is installed");
        let log = std::io::BufReader::new(child.stderr.take().expect("piped"));
        let mut lines = std::io::BufRead::lines(log);
        let is_up = lines.by_ref().map_while(Result::ok).any(|line| line.contains("process up"));
        assert!(is_up, "pgbouncer says when it is ready");
        std::thread::spawn(move || lines.for_each(drop));
        Self { child, port, _folder: folder }
    }
}

fn is_root() -> bool {
    std::fs::metadata("/proc/self").is_ok_and(|data| std::os::unix::fs::MetadataExt::uid(&data) == 0)
}

impl Drop for Pooler {
    fn drop(&mut self) {
        // It may have died by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn s14_everything_works_through_a_pooler_in_transaction_mode() {
    let mut bench = Bench::new().await;
    bench.fill(30, 4_000).await;
    let viewer = bench.database.login("viewer");
    let pooler = Pooler::start(&viewer);
    let writers = Writers::start(&bench.database.owner(), 2, 9);
    // Two engines share the pool's two server connections, so that their transactions alternate on them.
    let other = Bench::new().await;
    let path = other.path();
    let engines = [
        bench.engine_at(through(&viewer, pooler.port)),
        super::bench::start(super::bench::open_cache(&path), through(&viewer, pooler.port)),
    ];
    for _ in 0..10 {
        let (first, second) = tokio::join!(engines[0].run_once(), engines[1].run_once());
        for run in [first, second] {
            if let Err(error) = run {
                assert_eq!(error.kind(), ErrorKind::LockTimeout, "{}", error.chain());
            }
        }
    }
    writers.stop().await;
    for engine in engines {
        let found = engine.verify().await.expect("the comparison runs");
        assert!(found.is_clean, "{:?}", differences(&found));
        engine.shutdown().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn f14_loads_pulls_pages_and_comparisons_run_through_two_shared_sessions() {
    let mut bench = Bench::new().await;
    bench.fill(60, 6_000).await;
    let pooler = Pooler::start(&bench.database.login("viewer"));
    let engine = bench.engine_at(through(&bench.database.login("viewer"), pooler.port));
    let load: SyncRunRes = engine.run_once().await.expect("the first load");
    assert!(load.rows_read >= 6_000, "{load:?}");
    bench
        .sql(
            "update steward.users set name = 'changed';
             insert into steward.usage_counters (user_id, period, metric)
             select u.id, '2026-10', 'm' || n from steward.users u, generate_series(1, 400) n;
             insert into steward.usage_events (user_id, occurred_at, event_key, event_type)
             select id, now(), gen_random_uuid(), 'new' from steward.users",
        )
        .await;
    let run = engine.run_once().await.expect("pages, then a cut");
    assert!(run.rows_changed >= 24_000, "{run:?}");
    let told: i64 = sqlx::query_scalar("select max(n) from steward.acks")
        .fetch_one(&mut bench.owner)
        .await
        .expect("the server was told");
    assert!(told > 1, "words are told through a pooler, too: {told}");
    for _ in 0..5 {
        let idle = engine.run_once().await.expect("a look that finds nothing");
        assert_eq!(idle.rows_read, 0);
    }
    let found = engine.verify().await.expect("the comparison runs");
    assert!(found.is_clean, "{:?}", differences(&found));
    let left: i64 = sqlx::query_scalar(
        "select count(*) from pg_stat_activity where usename = 'test_viewer' and datname = current_database()
         and (state <> 'idle' or xact_start is not null)",
    )
    .fetch_one(&mut bench.owner)
    .await
    .expect("the server lists its sessions");
    assert_eq!(left, 0, "no session of the pool is left within a transaction");
    engine.shutdown().await;
}

#[tokio::test]
async fn f14_a_pooler_in_transaction_mode_is_recognised_and_a_direct_connection_is_none() {
    let bench = Bench::new().await;
    let direct = bench.database.login("viewer");
    let pooler = Pooler::start(&direct);
    for (address, expected) in
        [(direct.clone(), Pooling::NotSeen), (through(&direct, pooler.port), Pooling::Transaction)]
    {
        let mut connection = connect(&address, None).await.expect("it connects");
        let found = probe(&mut connection, &address, None).await.expect("it answers");
        assert_eq!(found, expected, "{address}");
    }
}
