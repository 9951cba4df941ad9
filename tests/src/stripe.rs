//! A Stripe of a test's own: HTTP on the loopback address, with books that change when they are written to.
//!
//! It answers in today's shapes (period on the item, discounts with a source, invoices with a parent), page by
//! page, refuses keys and rights, asks to wait, breaks when told to, and carries a request with an idempotency key
//! out once. It holds no answer of Stripe's; the shapes are described in [`objects`].

mod book;
pub mod company;
pub mod objects;
mod write;

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, Method, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};

pub use book::{Books, Fault, Key, Seen};

/// A key that may do everything in the sandbox.
pub const SECRET: &str = "sk_test_everything4242";
/// A key that may read everything in the sandbox.
pub const READER: &str = "rk_test_readseverything1";

/// The running server; it ends with its last clone.
#[derive(Clone)]
pub struct StripeServer {
    address: SocketAddr,
    books: Arc<Mutex<Books>>,
    _task: Arc<Task>,
}

struct Task(tokio::task::JoinHandle<()>);

impl Drop for Task {
    fn drop(&mut self) {
        self.0.abort();
    }
}

impl StripeServer {
    /// Starts with empty books of the account `acct_test`, and the two keys.
    pub async fn start() -> Self {
        let books = Arc::new(Mutex::new(Books::new()));
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("an address");
        let router = Router::new().fallback(answer).with_state(Arc::clone(&books));
        let task = tokio::spawn(async move {
            axum::serve(listener, router).await.expect("it serves until it is dropped");
        });
        Self { address, books, _task: Arc::new(Task(task)) }
    }

    /// Where it answers.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// The books, to look into and to write in.
    pub fn books(&self) -> MutexGuard<'_, Books> {
        self.books.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

async fn answer(
    State(books): State<Arc<Mutex<Books>>>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let mut books = books.lock().unwrap_or_else(PoisonError::into_inner);
    let header = |name: &str| headers.get(name).and_then(|value| value.to_str().ok()).map(str::to_owned);
    let seen = Seen {
        method: method.to_string(),
        path: uri.path().to_owned(),
        pairs: pairs(if method == Method::GET { uri.query().unwrap_or_default().as_bytes() } else { &body }),
        idempotency_key: header("idempotency-key"),
        version: header("stripe-version"),
    };
    books.note(seen.clone());
    if let Some(fault) = books.next_fault() {
        let mut response = refusal(fault.status, "api_error", "made_up", "");
        if let Some(seconds) = fault.retry_after {
            response.headers_mut().insert("retry-after", seconds.into());
        }
        if let Some(again) = fault.should_retry {
            let word = if again { "true" } else { "false" };
            response.headers_mut().insert("stripe-should-retry", word.parse().expect("a word"));
        }
        return response;
    }
    let key = header("authorization").and_then(|text| text.strip_prefix("Bearer ").map(str::to_owned));
    let Some(key) = key.and_then(|key| books.key(&key)) else {
        return refusal(401, "invalid_request_error", "api_key_expired", "");
    };
    let list = seen.path.trim_start_matches("/v1/").split('/').next().unwrap_or_default().to_owned();
    if key.refused.contains(&list) || (method != Method::GET && !key.may_write) {
        return refusal(403, "invalid_request_error", "more_permissions_required", "");
    }
    let outcome =
        if method == Method::GET { books.read(&key, &seen) } else { write::carry_out(&mut books, &seen) };
    match outcome {
        Ok(value) => axum::Json(value).into_response(),
        Err(Refused { status, code, param }) => refusal(status, "invalid_request_error", code, param),
    }
}

/// Why a request is not carried out.
#[derive(Debug)]
pub(crate) struct Refused {
    status: u16,
    code: &'static str,
    param: &'static str,
}

impl Refused {
    fn missing(param: &'static str) -> Self {
        Self { status: 404, code: "resource_missing", param }
    }

    fn wrong(code: &'static str, param: &'static str) -> Self {
        Self { status: 400, code, param }
    }
}

fn refusal(status: u16, kind: &str, code: &str, param: &str) -> Response {
    let status = StatusCode::from_u16(status).expect("a status");
    // The real sentence names the key's end and values of the request: nothing of it may come through.
    let message = "canary: the sentence of the server";
    let error = json!({ "error": { "type": kind, "code": code, "param": param, "message": message } });
    (status, axum::Json(error)).into_response()
}

/// Fields of a query or a form, in their order; a name may stand more than once.
fn pairs(text: &[u8]) -> Vec<(String, String)> {
    url::form_urlencoded::parse(text).map(|(name, value)| (name.into_owned(), value.into_owned())).collect()
}

/// A list as Stripe answers it.
fn list(rows: Vec<Value>, has_more: bool, path: &str) -> Value {
    json!({ "object": "list", "data": rows, "has_more": has_more, "url": path })
}
