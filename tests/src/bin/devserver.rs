//! The real front door behind a loopback HTTP server, for browser tests: the same table, cache and engine as
//! the window, with HTTP in place of Tauri's IPC. Never shipped.
//!
//! `POST /rpc` takes `{ command, request, preview }` and answers `{ "ok": … }` or `{ "error": … }`;
//! `GET /events` sends the `changes` event as server-sent events; everything else is a file of the built UI.
//! One JSON line with the address, and with those of databases where it made some, is printed once it answers; it ends with a signal.

use std::convert::Infallible;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Component, Path, PathBuf};
use std::sync::Arc;

use axum::extract::{Json, State};
use axum::http::{StatusCode, Uri, header};
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use clap::Parser;
use futures::Stream;
use serde_json::{Value, json};
use steward_app::secrets::SecretsMode;
use steward_app::wire::{RpcAnswer, RpcRequest};
use steward_app::{Engine, Mode, OpenOptions, Steward, dispatch};
use steward_core::{Clock, SystemClock};
use steward_tests::cluster::{TestDatabase, execute};
use steward_tests::server::open_folder;
use steward_tests::stripe::{READER, SECRET, StripeServer, company};
use steward_tests::trouble::Trouble;
use tokio::sync::broadcast;

/// The real engine behind HTTP, for browser tests.
#[derive(Debug, Parser)]
struct Args {
    /// Folder of data; a new one that is removed at the end where it is not given.
    #[arg(long)]
    home: Option<PathBuf>,
    /// Port on the loopback address; 0 for a free one.
    #[arg(long, default_value_t = 0)]
    port: u16,
    /// Opens a sample company first: small, medium, large.
    #[arg(long)]
    sample: Option<String>,
    /// The database the sample is put into, or, without --sample, the workspace that is added.
    #[arg(long)]
    database_url: Option<String>,
    /// Folder of the built UI.
    #[arg(long, default_value = "ui/dist")]
    ui: PathBuf,
    /// Where secrets are kept: memory, or as the environment says.
    #[arg(long, default_value = "memory", value_parser = ["memory", "environment"])]
    secrets: String,
    /// Opens a company of its own as this role, billed at a Stripe of its own, connected and read; some of it differs.
    #[arg(long, value_name = "ROLE")]
    billing: Option<String>,
    /// Makes databases that something is wrong with, and prints their addresses.
    #[arg(long)]
    trouble: bool,
    /// Answers from the copy only, as if the network were gone.
    #[arg(long)]
    offline: bool,
}

#[derive(Clone)]
struct Shared {
    steward: Steward,
    ui: Arc<Path>,
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let args = Args::parse();
    tracing_subscriber::fmt()
        .with_env_filter(
            tracing_subscriber::EnvFilter::try_from_env("STEWARD_LOG").unwrap_or_else(|_| "warn".into()),
        )
        .with_writer(std::io::stderr)
        .init();
    let fresh_home = args.home.is_none().then(open_folder);
    let home = args.home.clone().or_else(|| fresh_home.as_ref().map(|folder| folder.path().to_owned()));
    let billed = match &args.billing {
        Some(role) => Some(Billed::start(role).await),
        None => None,
    };
    let trouble = if args.trouble { Some(Trouble::start().await) } else { None };
    let steward = Steward::open(OpenOptions {
        stripe: billed.as_ref().map(|billed| billed.stripe.url()),
        home,
        secrets: if args.secrets == "memory" { SecretsMode::Memory } else { SecretsMode::FromEnvironment },
        engine: if args.offline { Engine::Offline } else { Engine::Continuous },
        ..OpenOptions::default()
    })
    .await?;
    prepare(&steward, &args).await?;
    if let Some(billed) = &billed {
        billed.open(&steward).await?;
    }

    let listener = tokio::net::TcpListener::bind(SocketAddr::from((Ipv4Addr::LOCALHOST, args.port))).await?;
    let address = listener.local_addr()?;
    let shared = Shared { steward: steward.clone(), ui: args.ui.into() };
    let router = axum::Router::new()
        .route("/rpc", post(rpc))
        .route("/events", get(events))
        .fallback(file)
        .with_state(shared);
    announce(&json!({
        "url": format!("http://{address}/"),
        "port": address.port(),
        "trouble": trouble.as_ref().map(Trouble::addresses),
    }));
    // Streams of events never end by themselves, so a stop does not wait for them.
    tokio::select! {
        result = axum::serve(listener, router) => result?,
        () = stopped() => {}
    }
    steward.close().await;
    if let Some(trouble) = trouble {
        trouble.remove().await;
    }
    Ok(())
}

/// A company and its Stripe.
struct Billed {
    role: String,
    database: TestDatabase,
    stripe: StripeServer,
}

impl Billed {
    async fn start(role: &str) -> Self {
        const ACCOUNTS: u64 = 80;
        let database = TestDatabase::new().await;
        let rows = format!("{}{}", company::ROWS, company::crowd_rows(ACCOUNTS));
        execute(&mut database.connect_owner().await, &rows).await;
        let stripe = StripeServer::start().await;
        company::mirror(&stripe);
        company::crowd_books(&stripe, ACCOUNTS, SystemClock.now().timestamp());
        company::disturb(&stripe);
        Self { role: role.to_owned(), database, stripe }
    }

    async fn open(&self, steward: &Steward) -> anyhow::Result<()> {
        let url = self.database.login_url(&self.role);
        let workspace = json!({ "name": "Tidemark", "url": url, "environment": "development" });
        let key = if self.role == "admin" { SECRET } else { READER };
        let steps = [
            ("workspace_add", workspace),
            ("sync_run", Value::Null),
            ("stripe_connect", json!({ "key": key })),
            ("stripe_pull", Value::Null),
        ];
        for (command, request) in steps {
            carry_out(steward, command, request).await?;
        }
        Ok(())
    }
}

/// Brings the workspace that was asked for into being and waits for its first read.
async fn prepare(steward: &Steward, args: &Args) -> anyhow::Result<()> {
    let first = match (&args.sample, &args.database_url) {
        (Some(size), url) => ("sample_open", json!({ "size": size, "database_url": url, "is_reset": false })),
        (None, Some(url)) => {
            ("workspace_add", json!({ "name": "Development", "url": url, "environment": "development" }))
        }
        (None, None) => return Ok(()),
    };
    for (command, request) in [first, ("sync_run", Value::Null)] {
        carry_out(steward, command, request).await?;
    }
    Ok(())
}

async fn carry_out(steward: &Steward, command: &str, request: Value) -> anyhow::Result<Value> {
    dispatch(steward, command, request, Mode::Run)
        .await
        .map_err(|error| anyhow::anyhow!("{command}: {} {:?}", error.message, error.detail))
}

async fn rpc(State(shared): State<Shared>, Json(call): Json<RpcRequest>) -> Json<RpcAnswer> {
    let mode = if call.preview { Mode::Preview } else { Mode::Run };
    // On a task of its own: a browser that leaves must not break off a change half way.
    let task =
        tokio::spawn(async move { dispatch(&shared.steward, &call.command, call.request, mode).await });
    Json(match task.await {
        Ok(Ok(answer)) => RpcAnswer::Ok(answer),
        Ok(Err(error)) => RpcAnswer::Error(error),
        Err(cause) => RpcAnswer::Error(steward_app::wire::WireError::from_error(
            &steward_core::Error::internal("The command ended early.").with_source(cause),
        )),
    })
}

async fn events(State(shared): State<Shared>) -> Sse<impl Stream<Item = Result<Event, Infallible>>> {
    let stream = futures::stream::unfold(shared.steward.changes(), |mut changes| async move {
        loop {
            match changes.recv().await {
                Ok(change) => {
                    let text = serde_json::to_string(&change).expect("tags have a JSON form");
                    return Some((Ok(Event::default().event("changes").data(text)), changes));
                }
                Err(broadcast::error::RecvError::Lagged(_)) => {}
                Err(broadcast::error::RecvError::Closed) => return None,
            }
        }
    });
    Sse::new(stream).keep_alive(KeepAlive::default())
}

/// A file of the built UI, or its page for every path the router of the UI knows.
async fn file(State(shared): State<Shared>, uri: Uri) -> Response {
    let relative = Path::new(uri.path().trim_start_matches('/'));
    if relative.components().any(|part| !matches!(part, Component::Normal(_))) {
        return StatusCode::NOT_FOUND.into_response();
    }
    let is_page = relative.extension().is_none();
    let path = shared.ui.join(if is_page { Path::new("index.html") } else { relative });
    match tokio::fs::read(&path).await {
        Ok(bytes) => ([(header::CONTENT_TYPE, content_type(&path))], bytes).into_response(),
        Err(_) if is_page => {
            (StatusCode::NOT_FOUND, "The UI is not built: run `npm run build` in ui/.").into_response()
        }
        Err(_) => StatusCode::NOT_FOUND.into_response(),
    }
}

fn content_type(path: &Path) -> &'static str {
    match path.extension().and_then(|extension| extension.to_str()) {
        Some("html") => "text/html; charset=utf-8",
        Some("js" | "mjs") => "text/javascript; charset=utf-8",
        Some("css") => "text/css; charset=utf-8",
        Some("json" | "map") => "application/json",
        Some("svg") => "image/svg+xml",
        Some("png") => "image/png",
        Some("ico") => "image/x-icon",
        Some("woff2") => "font/woff2",
        Some("webmanifest") => "application/manifest+json",
        _ => "application/octet-stream",
    }
}

#[expect(clippy::print_stdout, reason = "the one line its parent waits for")]
fn announce(line: &Value) {
    println!("{line}");
}

/// Ends with Ctrl+C and with a request to end.
async fn stopped() {
    #[cfg(unix)]
    let terminated = async {
        use tokio::signal::unix::{SignalKind, signal};
        match signal(SignalKind::terminate()) {
            Ok(mut signal) => drop(signal.recv().await),
            Err(_) => std::future::pending().await,
        }
    };
    #[cfg(not(unix))]
    let terminated = std::future::pending::<()>();
    tokio::select! {
        _ = tokio::signal::ctrl_c() => {}
        () = terminated => {}
    }
}
