//! A bad line between engine and server: it breaks, resets, stalls, or dribbles byte by byte.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use secrecy::ExposeSecret;
use steward_store::postgres::connect::{Address, Host};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Notify;

/// How the line ends once its bytes are used up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Break {
    /// Both sides are closed in order.
    Close,
    /// Both sides are reset.
    Reset,
    /// Nothing comes through any more, and nobody is told.
    Stall,
}

/// A line to a server.
#[derive(Debug)]
pub(super) struct Line {
    pub(super) address: Address,
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    /// Bytes the server may still send.
    budget: AtomicU64,
    ends: Break,
    /// The most bytes that come through at once.
    piece: usize,
    stalled: Notify,
}

impl Line {
    /// A line that lets so many of the server's bytes through, at most `piece` at once.
    pub(super) async fn to(address: &Address, budget: u64, ends: Break, piece: usize) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let port = listener.local_addr().expect("bound").port();
        let Host::Tcp(host) = address.host().clone() else { panic!("test servers listen on TCP") };
        let target = (host, address.port());
        let shared = Arc::new(Shared { budget: AtomicU64::new(budget), ends, piece, stalled: Notify::new() });
        let relayed = Arc::clone(&shared);
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                tokio::spawn(relay(client, target.clone(), Arc::clone(&relayed)));
            }
        });
        Self { address: through(address, port), shared }
    }

    /// Lets so many bytes through from now on; `u64::MAX` is a good line.
    pub(super) fn allow(&self, budget: u64) {
        self.shared.budget.store(budget, Ordering::Relaxed);
    }

    /// Bytes that may still come through.
    pub(super) fn left(&self) -> u64 {
        self.shared.budget.load(Ordering::Relaxed)
    }

    /// Waits until it stalls.
    pub(super) async fn stalled(&self) {
        self.shared.stalled.notified().await;
    }
}

/// The same login at another port of this computer.
fn through(address: &Address, port: u16) -> Address {
    let password = address.password().expect("test logins carry one").expose_secret().to_owned();
    let url = format!(
        "postgres://{}:{password}@127.0.0.1:{port}/{}?sslmode=disable",
        address.login(),
        address.database()
    );
    Address::parse(&url, None).expect("a valid URL")
}

async fn relay(mut client: TcpStream, target: (String, u16), shared: Arc<Shared>) {
    let Ok(mut server) = TcpStream::connect(target).await else { return };
    client.set_nodelay(true).expect("a socket");
    {
        let (mut from_client, mut to_client) = client.split();
        let (mut from_server, mut to_server) = server.split();
        let up = async {
            // What the client says always arrives: the worst moment is after the server has acted on it.
            let _ = tokio::io::copy(&mut from_client, &mut to_server).await;
        };
        let down = async {
            let mut bytes = vec![0_u8; shared.piece];
            while let Ok(count @ 1..) = from_server.read(&mut bytes).await {
                let left = shared.budget.load(Ordering::Relaxed);
                if left < count as u64 {
                    if shared.ends == Break::Stall {
                        shared.stalled.notify_one();
                        // Until the client gives up.
                        std::future::pending::<()>().await;
                    }
                    return;
                }
                if left != u64::MAX {
                    shared.budget.store(left - count as u64, Ordering::Relaxed);
                }
                if to_client.write_all(&bytes[..count]).await.is_err() {
                    return;
                }
            }
        };
        // Whichever side ends first takes the other one along, as a broken line does.
        tokio::select! { () = up => {}, () = down => {} }
    }
    if shared.ends == Break::Reset {
        client.set_zero_linger().expect("a socket");
        server.set_zero_linger().expect("a socket");
    }
}
