//! Broken connections, copies that were tampered with.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use chrono_tz::Tz;
use secrecy::ExposeSecret;
use steward_core::overview::OverviewReq;
use steward_core::period::{Compare, RangeSpec};
use steward_core::sync::Position;
use steward_core::{Dataset, ErrorKind};
use steward_store::cache::query::overview;
use steward_store::postgres::connect::{Address, Host};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use super::bench::{Bench, differences};

/// A way to the server that breaks after so many bytes of the server's.
struct Proxy {
    address: Address,
    budget: Arc<AtomicU64>,
}

impl Proxy {
    async fn to(address: &Address, budget: u64) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let port = listener.local_addr().expect("bound").port();
        let Host::Tcp(host) = address.host().clone() else { panic!("the test cluster listens on TCP") };
        let target = (host, address.port());
        let budget = Arc::new(AtomicU64::new(budget));
        let shared = Arc::clone(&budget);
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                tokio::spawn(relay(client, target.clone(), Arc::clone(&shared)));
            }
        });
        Self { address: through(address, port), budget }
    }
}

/// The same login at another port of this computer.
pub(super) fn through(address: &Address, port: u16) -> Address {
    let password = address.password().expect("test logins carry one").expose_secret().to_owned();
    let url = format!(
        "postgres://{}:{password}@127.0.0.1:{port}/{}?sslmode=disable",
        address.login(),
        address.database()
    );
    Address::parse(&url, None).expect("a valid URL")
}

async fn relay(mut client: TcpStream, target: (String, u16), budget: Arc<AtomicU64>) {
    let Ok(mut server) = TcpStream::connect(target).await else { return };
    let (mut from_client, mut to_client) = client.split();
    let (mut from_server, mut to_server) = server.split();
    let up = tokio::io::copy(&mut from_client, &mut to_server);
    let down = async {
        let mut bytes = [0_u8; 1_000];
        while let Ok(count @ 1..) = from_server.read(&mut bytes).await {
            let left = budget.load(Ordering::Relaxed);
            if left < count as u64 {
                return;
            }
            budget.store(left - count as u64, Ordering::Relaxed);
            if to_client.write_all(&bytes[..count]).await.is_err() {
                return;
            }
        }
    };
    // Whichever side ends first takes the other one along, as a broken line does.
    tokio::select! { _ = up => {}, () = down => {} }
}

#[tokio::test]
async fn s10_a_lost_connection_resumes_at_the_last_chunk() {
    let mut bench = Bench::new().await;
    bench.fill(50, 12_000).await;
    let proxy = Proxy::to(&bench.database.login("viewer"), 1_200_000).await;
    let engine = bench.engine_at(proxy.address.clone());
    let error = engine.run_once().await.expect_err("the line breaks");
    assert_eq!(error.kind(), ErrorKind::Offline, "{}", error.chain());
    let position: Position =
        bench.cache().reader().expect("a reader").state(Position::KEY).expect("readable").expect("stored");
    assert!(!position.loads.contains_key(&Dataset::Users), "what was read stays read");
    assert!(position.loads.contains_key(&Dataset::UsageEvents), "the load is not complete");
    let held = bench.cache().reader().expect("a reader").row_counts().expect("counts")[&Dataset::UsageEvents];
    assert!(held > 0, "some chunks came through");
    let request = OverviewReq { range: RangeSpec::Days(30), zone: Tz::UTC, compare: Compare::Off };
    let shown = overview::show(&bench.cache().reader().expect("a reader"), &request).expect("it answers");
    assert_eq!(
        shown.freshness.as_of, None,
        "no moment is claimed, so that nobody takes a part for the whole"
    );
    assert!(shown.activity.iter().any(|day| day.events > 0), "the newest days can be drawn all the same");
    proxy.budget.store(u64::MAX, Ordering::Relaxed);
    let run = engine.run_once().await.expect("the line is whole");
    engine.shutdown().await;
    assert!(run.rows_read <= 12_000 - held, "chunks are not read twice: {run:?} after {held}");
    let found = bench.verify().await;
    assert!(found.is_clean, "{:?}", differences(&found));
}

#[tokio::test]
async fn s16_a_dead_server_is_told_and_shutdown_frees_the_writer() {
    let bench = Bench::new().await;
    let engine = bench.engine_at(through(&bench.database.login("viewer"), 1));
    let error = engine.run_once().await.expect_err("nobody listens there");
    assert_eq!(error.kind(), ErrorKind::Offline);
    let status = engine.status();
    assert!(!status.is_online && !status.is_consistent && status.last_error.is_some(), "{status:?}");
    assert_eq!(bench.cache().writer().expect_err("the engine has it").kind(), ErrorKind::CacheBusy);
    engine.shutdown().await;
    assert!(bench.cache().writer().is_ok(), "the engine is gone, and with it its lock");
    assert_eq!(engine.run_once().await.expect_err("it has stopped").kind(), ErrorKind::Cancelled);
}

/// A process that leaves without a word: the cipher's library goes with it, so nobody may use it any more.
#[test]
fn s16_no_writer_outlives_the_runtime() {
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let (bench, engine) = runtime.block_on(async {
        let mut bench = Bench::new().await;
        bench.fill(20, 2_000).await;
        let engine = bench.engine();
        engine.run_once().await.expect("the look succeeds");
        (bench, engine)
    });
    drop(runtime);
    assert!(bench.cache().writer().is_ok(), "the thread has ended, and its connection is closed");
    drop(engine);
}

#[tokio::test]
async fn s16_a_pause_reads_nothing_until_it_ends() {
    let mut bench = Bench::new().await;
    bench.fill(5, 5).await;
    let engine = bench.engine();
    engine.pause().await.expect("it runs");
    assert_eq!(engine.run_once().await.expect_err("it is paused").kind(), ErrorKind::Cancelled);
    engine.resume().await.expect("it runs");
    engine.run_once().await.expect("it looks again");
    engine.shutdown().await;
}

#[tokio::test]
async fn s10_a_rebuild_reads_everything_and_keeps_answering() {
    let mut bench = Bench::new().await;
    bench.fill(20, 2_000).await;
    let engine = bench.engine();
    engine.run_once().await.expect("the look succeeds");
    engine.rebuild().await.expect("it begins");
    let run = engine.run_once().await.expect("it ends");
    assert_eq!(run.rows_changed, 0, "what was right stays as it was: {run:?}");
    engine.shutdown().await;
    let found = bench.verify().await;
    assert!(found.is_clean, "{:?}", differences(&found));
}
