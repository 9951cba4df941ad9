//! Requests to Stripe, with the retries it asks for.

use std::future::Future;
use std::pin::Pin;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use rand::rngs::StdRng;
use rand::{Rng as _, SeedableRng as _};
use reqwest::header::{HeaderMap, RETRY_AFTER};
use reqwest::{Method, StatusCode};
use rustls::{ClientConfig, RootCertStore};
use secrecy::{ExposeSecret as _, SecretString};
use serde::Deserialize;
use serde_json::Value;
use steward_core::{Error, ErrorKind, Result};
use url::Url;

/// The version of Stripe's interface the shapes here are those of. It is sent with each request, so that an account's
/// own default changes nothing.
pub const API_VERSION: &str = "2026-09-30.endive";

/// Where Stripe is.
const HOME: &str = "https://api.stripe.com/";

/// Attempts before a failure is told.
const ATTEMPTS: u32 = 6;

/// The first pause of a row of failures; each further one is twice as long.
const FIRST_PAUSE: Duration = Duration::from_millis(500);

/// No pause is longer than this, and whoever asks for a longer one is answered with an error.
const LONGEST_PAUSE: Duration = Duration::from_secs(60);

/// How long one answer may take.
const ANSWER_LIMIT: Duration = Duration::from_secs(40);

/// A pause that can be waited for.
pub type Pause<'a> = Pin<Box<dyn Future<Output = ()> + Send + 'a>>;

/// Waits, or in tests notes what would have been waited.
pub trait Timer: Send + Sync + 'static {
    /// Ends after so long.
    fn pause(&self, length: Duration) -> Pause<'_>;
}

/// The runtime's own timer.
#[derive(Debug, Clone, Copy, Default)]
pub struct TokioTimer;

impl Timer for TokioTimer {
    fn pause(&self, length: Duration) -> Pause<'_> {
        Box::pin(tokio::time::sleep(length))
    }
}

/// A client for one account.
pub struct StripeClient {
    http: reqwest::Client,
    base: Url,
    key: SecretString,
    timer: Arc<dyn Timer>,
    jitter: Mutex<StdRng>,
    waits: AtomicU32,
}

impl std::fmt::Debug for StripeClient {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("StripeClient").field("base", &self.base.as_str()).finish_non_exhaustive()
    }
}

/// Whose key it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Account {
    /// Id.
    pub id: String,
    /// Name.
    pub name: Option<String>,
}

/// A request, kept so that it can be sent again.
struct Request<'a> {
    method: Method,
    path: &'a str,
    pairs: &'a [(&'a str, &'a str)],
    /// The same for each attempt: Stripe carries out the first and answers the others with its result.
    idempotency_key: Option<&'a str>,
}

/// Why an attempt failed, and whether another one can help.
struct Failure {
    error: Error,
    again: Again,
}

enum Again {
    No,
    /// With a pause of our own choice.
    Soon,
    /// With the pause that was asked for.
    After(Duration),
}

impl StripeClient {
    /// A client with this key. `base` is where Stripe is, other than at home: a test's own server.
    ///
    /// # Errors
    /// `Invalid` when `base` is no address that a key may be sent to.
    pub fn new(key: SecretString, base: Option<&str>, timer: Arc<dyn Timer>) -> Result<Self> {
        let base = base_url(base.unwrap_or(HOME))?;
        let roots = RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() };
        let tls =
            ClientConfig::builder_with_provider(Arc::new(rustls::crypto::aws_lc_rs::default_provider()))
                .with_safe_default_protocol_versions()
                .map_err(|cause| Error::internal("No TLS version is available.").with_source(cause))?
                .with_root_certificates(roots)
                .with_no_client_auth();
        let http = reqwest::Client::builder()
            .tls_backend_preconfigured(tls)
            .timeout(ANSWER_LIMIT)
            .connect_timeout(Duration::from_secs(10))
            .redirect(reqwest::redirect::Policy::none())
            .build()
            .map_err(|cause| Error::internal("No HTTP client could be made.").with_source(cause))?;
        Ok(Self {
            http,
            base,
            key,
            timer,
            jitter: Mutex::new(StdRng::from_os_rng()),
            waits: AtomicU32::new(0),
        })
    }

    /// How often Stripe, or the network, made this client wait so far.
    #[must_use]
    pub fn waits(&self) -> u32 {
        self.waits.load(Ordering::Relaxed)
    }

    /// The account of the key; none where the key may not say it.
    ///
    /// # Errors
    /// `BillingKey` when Stripe refuses the key; what the request fails with.
    pub async fn account(&self) -> Result<Option<Account>> {
        #[derive(Deserialize)]
        struct Named {
            #[serde(alias = "display_name")]
            name: Option<String>,
        }
        #[derive(Deserialize)]
        struct Settings {
            dashboard: Option<Named>,
        }
        #[derive(Deserialize)]
        struct Wire {
            id: String,
            business_profile: Option<Named>,
            settings: Option<Settings>,
        }
        match self.get("v1/account", &[]).await {
            Ok(value) => {
                let Wire { id, business_profile, settings } = decode("account", value)?;
                let shown = settings.and_then(|settings| settings.dashboard).and_then(|named| named.name);
                let name = shown.or_else(|| business_profile.and_then(|named| named.name));
                Ok(Some(Account { id, name: name.filter(|name| !name.is_empty()) }))
            }
            Err(error) if error.kind() == ErrorKind::BillingRight => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Asks.
    ///
    /// # Errors
    /// What the failure means, after as many attempts as can help.
    pub(super) async fn get(&self, path: &str, query: &[(&str, &str)]) -> Result<Value> {
        self.send(&Request { method: Method::GET, path, pairs: query, idempotency_key: None }).await
    }

    /// Changes something. The key makes it happen once, however often it is sent.
    ///
    /// # Errors
    /// What the failure means, after as many attempts as can help.
    pub async fn post(&self, path: &str, form: &[(&str, &str)], idempotency_key: &str) -> Result<Value> {
        let idempotency_key = Some(idempotency_key);
        self.send(&Request { method: Method::POST, path, pairs: form, idempotency_key }).await
    }

    /// Asks what a change would do; nothing is changed, so it needs no key.
    ///
    /// # Errors
    /// What the failure means, after as many attempts as can help.
    pub(super) async fn look(&self, path: &str, form: &[(&str, &str)]) -> Result<Value> {
        self.send(&Request { method: Method::POST, path, pairs: form, idempotency_key: None }).await
    }

    /// Ends something. The key makes it happen once, however often it is sent.
    ///
    /// # Errors
    /// What the failure means, after as many attempts as can help.
    pub(super) async fn delete(
        &self,
        path: &str,
        form: &[(&str, &str)],
        idempotency_key: &str,
    ) -> Result<Value> {
        let idempotency_key = Some(idempotency_key);
        self.send(&Request { method: Method::DELETE, path, pairs: form, idempotency_key }).await
    }

    async fn send(&self, request: &Request<'_>) -> Result<Value> {
        let mut attempt = 1;
        loop {
            let Failure { error, again } = match self.once(request).await {
                Ok(answer) => return Ok(answer),
                Err(failure) => failure,
            };
            let length = match again {
                Again::No => return Err(error),
                Again::After(length) if length > LONGEST_PAUSE => {
                    return Err(error.with_detail(format!("Stripe asks to wait {} s", length.as_secs())));
                }
                _ if attempt >= ATTEMPTS => return Err(error),
                Again::After(length) => length,
                Again::Soon => self.backoff(attempt),
            };
            tracing::info!(
                attempt,
                pause_ms = length.as_millis() as u64,
                "asking Stripe again: {}",
                error.chain()
            );
            self.waits.fetch_add(1, Ordering::Relaxed);
            self.timer.pause(length).await;
            attempt += 1;
        }
    }

    /// Twice as long as the time before, and between half and all of it: clients that failed together do not come
    /// back together.
    fn backoff(&self, attempt: u32) -> Duration {
        let whole = FIRST_PAUSE.saturating_mul(2_u32.saturating_pow(attempt - 1)).min(LONGEST_PAUSE);
        let mut jitter = self.jitter.lock().unwrap_or_else(PoisonError::into_inner);
        whole.mul_f64(jitter.random_range(0.5..=1.0))
    }

    async fn once(&self, request: &Request<'_>) -> std::result::Result<Value, Failure> {
        let mut url = self.base.join(request.path).map_err(|cause| Failure {
            error: Error::internal("No address could be made.").with_source(cause),
            again: Again::No,
        })?;
        let is_read = request.method == Method::GET;
        if is_read && !request.pairs.is_empty() {
            url.query_pairs_mut().extend_pairs(request.pairs);
        }
        let mut sent = self
            .http
            .request(request.method.clone(), url)
            .bearer_auth(self.key.expose_secret())
            .header("Stripe-Version", API_VERSION);
        if !is_read {
            let mut form = url::form_urlencoded::Serializer::new(String::new());
            form.extend_pairs(request.pairs);
            sent = sent.header("Content-Type", "application/x-www-form-urlencoded").body(form.finish());
        }
        if let Some(key) = request.idempotency_key {
            sent = sent.header("Idempotency-Key", key);
        }
        let answer = sent.send().await.map_err(broken)?;
        let (status, headers) = (answer.status(), answer.headers().clone());
        let body = answer.bytes().await.map_err(broken)?;
        if status.is_success() {
            // Whoever answered so may not have been Stripe: what was asked is not known to have happened.
            return serde_json::from_slice(&body).map_err(|cause| Failure {
                error: Error::new(ErrorKind::Offline, "Stripe's answer is no JSON.")
                    .with_detail(format!("{} {}", request.method, request.path))
                    .with_source(cause),
                again: Again::No,
            });
        }
        Err(refused(request, status, &headers, &body))
    }
}

/// An address a key may be sent to: encrypted, or on this computer.
fn base_url(text: &str) -> Result<Url> {
    let wrong = || {
        Error::invalid("STEWARD_STRIPE_URL", "Stripe's address is https://…, or http:// on this computer.")
    };
    let mut url = Url::parse(text).map_err(|_| wrong())?;
    let is_here = match url.host() {
        Some(url::Host::Domain(name)) => name == "localhost",
        Some(url::Host::Ipv4(address)) => address.is_loopback(),
        Some(url::Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    };
    if url.scheme() != "https" && !(url.scheme() == "http" && is_here) {
        return Err(wrong());
    }
    if !url.path().ends_with('/') {
        url.set_path(&format!("{}/", url.path()));
    }
    Ok(url)
}

/// No answer came.
fn broken(cause: reqwest::Error) -> Failure {
    // The address of a request holds nothing secret, but nothing that helps either.
    let cause = cause.without_url();
    let error = if cause.is_timeout() {
        Error::new(ErrorKind::Timeout, "Stripe did not answer in time.")
    } else {
        Error::new(ErrorKind::Offline, "Stripe cannot be reached.")
    };
    Failure { error: error.with_source(cause), again: Again::Soon }
}

/// What Stripe says about a failure, as far as it is looked at. Its sentence may hold the key's end and values of a
/// request, so it goes to nobody.
#[derive(Debug, Default, Deserialize)]
struct Said {
    #[serde(default, rename = "type")]
    kind: Option<String>,
    #[serde(default)]
    code: Option<String>,
    #[serde(default)]
    param: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
struct Envelope {
    #[serde(default)]
    error: Said,
}

fn refused(request: &Request<'_>, status: StatusCode, headers: &HeaderMap, body: &[u8]) -> Failure {
    let Envelope { error: said } = serde_json::from_slice(body).unwrap_or_default();
    let place = format!("{} {}", request.method, request.path);
    let detail = [Some(place), said.kind.clone(), said.code.clone(), said.param.clone()];
    let detail = { detail }.into_iter().flatten().collect::<Vec<_>>().join(", ");
    let number = status.as_u16();
    let (error, again) = match number {
        401 => (
            Error::new(ErrorKind::BillingKey, "Stripe refuses the key: it was revoked or replaced."),
            Again::No,
        ),
        403 => (Error::new(ErrorKind::BillingRight, "The key may not do this at Stripe."), Again::No),
        400 | 404 if said.code.as_deref() == Some("resource_missing") || number == 404 => {
            (Error::new(ErrorKind::NotFound, "Stripe does not have this object."), Again::No)
        }
        402 => (Error::new(ErrorKind::Conflict, "Stripe could not move the money."), Again::No),
        // The same request, or one about the same object, is being carried out: how it ends is not known here.
        409 => (Error::new(ErrorKind::Timeout, "Stripe is busy with the same object."), Again::Soon),
        429 => (Error::new(ErrorKind::Timeout, "Stripe asks to be asked less often."), Again::Soon),
        500.. => (Error::new(ErrorKind::Offline, "Stripe has trouble of its own."), Again::Soon),
        _ => (Error::internal("Stripe does not accept a request of Steward's."), Again::No),
    };
    let error = error.with_detail(format!("{number}: {detail}"));
    let asked = headers.get("stripe-should-retry").and_then(|value| value.to_str().ok());
    let again = match (again, asked, pause_asked(headers)) {
        (_, Some("false"), _) => Again::No,
        (Again::Soon, _, Some(length)) => Again::After(length),
        (Again::No, Some("true"), length) => length.map_or(Again::Soon, Again::After),
        (again, ..) => again,
    };
    Failure { error, again }
}

/// `Retry-After`, in seconds.
fn pause_asked(headers: &HeaderMap) -> Option<Duration> {
    headers.get(RETRY_AFTER)?.to_str().ok()?.trim().parse().ok().map(Duration::from_secs)
}

/// Reads an object; a shape that does not fit is named with the field.
pub(super) fn decode<T: serde::de::DeserializeOwned>(what: &str, value: Value) -> Result<T> {
    let id = value.get("id").and_then(Value::as_str).unwrap_or("without id").to_owned();
    serde_path_to_error::deserialize(value).map_err(|cause| {
        let field = cause.path().to_string();
        Error::internal("Stripe says something in a form Steward does not know.")
            .with_detail(format!("{what} {id}, field {field}"))
            .with_source(cause.into_inner())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_sent_encrypted_or_nowhere() {
        for good in
            ["https://api.stripe.com", "http://127.0.0.1:12111", "http://localhost:1/", "http://[::1]:9/v"]
        {
            assert!(base_url(good).is_ok_and(|url| url.path().ends_with('/')), "{good}");
        }
        for bad in [
            "http://api.stripe.com",
            "http://10.0.0.1",
            "ftp://localhost",
            "nonsense",
            "http://localhost.evil.example",
        ] {
            assert_eq!(base_url(bad).map_err(|error| error.kind()), Err(ErrorKind::Invalid), "{bad}");
        }
    }

    #[test]
    fn the_field_that_does_not_fit_is_named() {
        #[derive(Debug, Deserialize)]
        #[expect(dead_code, reason = "only its reading is of interest")]
        struct Wire {
            amounts: Vec<i64>,
        }
        let error =
            decode::<Wire>("invoice", serde_json::json!({ "id": "in_1", "amounts": [1, "x"] })).unwrap_err();
        assert_eq!(error.detail(), Some("invoice in_1, field amounts[1]"));
    }
}
