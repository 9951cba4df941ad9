//! Where a database is, and a connection to it.
//!
//! A connection URL is taken apart once: the password leaves it as a secret, everything else is an
//! [`Address`] that may be stored and shown. TLS is verified in full unless the address says less; a mode
//! that falls back to plain text without saying so does not exist here.

use std::fmt;
use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};
use secrecy::{ExposeSecret, SecretString};
use sqlx::postgres::{PgConnectOptions, PgSslMode};
use sqlx::{ConnectOptions, PgConnection};
use steward_core::{Error, ErrorKind, Result};

use super::error::map_connect;

/// How long a server may take to answer before it counts as unreachable.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(20);

/// What is left as it is when a part of an address is written into a URL.
const KEPT: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// How the server's identity is proved.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SslMode {
    /// TLS, a certificate of a known authority, and its host name is the one asked for.
    VerifyFull,
    /// TLS and a certificate of a known authority, whatever its name.
    VerifyCa,
    /// No TLS; only within this computer.
    Disable,
}

impl SslMode {
    /// The name libpq uses.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::VerifyFull => "verify-full",
            Self::VerifyCa => "verify-ca",
            Self::Disable => "disable",
        }
    }
}

/// How the server is reached.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Host {
    /// A name or an IP address.
    Tcp(String),
    /// A folder with a Unix socket.
    Socket(PathBuf),
}

/// Where a database is and who logs in; never what the password is.
#[derive(Clone)]
pub struct Address {
    host: Host,
    port: u16,
    database: String,
    login: String,
    ssl_mode: SslMode,
    ca_file: Option<PathBuf>,
    password: Option<SecretString>,
}

impl Address {
    /// Takes a `postgresql://` URL apart.
    ///
    /// A password may hold any character, percent-encoded or not: what stands before the last `@` is login
    /// and password. `sslmode=require` is raised to `verify-full`, since an unproved server is no server;
    /// `prefer` and `allow` are refused; `disable` is for this computer only. `ca_file` wins over the URL's
    /// `sslrootcert`.
    pub fn parse(url: &str, ca_file: Option<PathBuf>) -> Result<Self> {
        let url = url.trim();
        let rest = url
            .strip_prefix("postgresql://")
            .or_else(|| url.strip_prefix("postgres://"))
            .ok_or_else(|| refused("The URL has to start with postgresql://."))?;
        let (user_info, place) = rest.rsplit_once('@').unwrap_or(("", rest));
        let (login, password) = match user_info.split_once(':') {
            Some((login, password)) => (login, Some(password)),
            None => (user_info, None),
        };
        let login = decoded(login, "login")?;
        let password = password.map(|text| decoded(text, "password")).transpose()?;
        let password = password.filter(|text| !text.is_empty()).map(SecretString::from);

        let (place, query) = place.split_once('?').unwrap_or((place, ""));
        let (authority, database) = place.split_once('/').unwrap_or((place, ""));
        let database = decoded(database, "database")?;
        let (host, port) = split_port(authority)?;
        let mut host = decoded(host, "host")?;
        let mut port = port.map(parse_port).transpose()?.unwrap_or(5432);
        let mut ssl_mode = None;
        let mut root_cert = None;
        for pair in query.split('&').filter(|pair| !pair.is_empty()) {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            let value = decoded(value, "query")?;
            match name {
                "sslmode" => ssl_mode = Some(parse_ssl_mode(&value)?),
                "sslrootcert" => root_cert = Some(PathBuf::from(value)),
                "host" => host = value,
                "port" => port = parse_port(&value)?,
                // Other programs' settings (pool sizes, pgbouncer=true) mean nothing here.
                _ => {}
            }
        }

        let host = match host {
            host if host.starts_with('/') => Host::Socket(PathBuf::from(host)),
            host if host.is_empty() => return Err(refused("Name the server's host after the @.")),
            host if !is_host(&host) => return Err(refused("The host is not a name and not an IP address.")),
            host => Host::Tcp(host),
        };
        if login.is_empty() {
            return Err(refused("Name the login before the @."));
        }
        if database.is_empty() {
            return Err(refused("Name the database after the host: postgresql://login@host:5432/database."));
        }
        if [&login, &database].iter().any(|text| text.contains('\0')) {
            return Err(refused("Login and database must not contain a zero byte."));
        }
        let is_near = match &host {
            Host::Socket(_) => true,
            Host::Tcp(host) => is_loopback(host),
        };
        let ssl_mode = match (ssl_mode, &host) {
            (Some(SslMode::Disable), Host::Tcp(_)) if !is_near => {
                return Err(refused(
                    "sslmode=disable is only for a server on this computer; use verify-full.",
                ));
            }
            (_, Host::Socket(_)) => SslMode::Disable,
            (mode, Host::Tcp(_)) => mode.unwrap_or(SslMode::VerifyFull),
        };
        Ok(Self { host, port, database, login, ssl_mode, ca_file: ca_file.or(root_cert), password })
    }

    /// How the server is reached.
    #[must_use]
    pub fn host(&self) -> &Host {
        &self.host
    }

    /// Port, also in the name of a Unix socket.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Database.
    #[must_use]
    pub fn database(&self) -> &str {
        &self.database
    }

    /// Login role.
    #[must_use]
    pub fn login(&self) -> &str {
        &self.login
    }

    /// How the server's identity is proved.
    #[must_use]
    pub fn ssl_mode(&self) -> SslMode {
        self.ssl_mode
    }

    /// File with the authority's certificates; none for the public authorities.
    #[must_use]
    pub fn ca_file(&self) -> Option<&Path> {
        self.ca_file.as_deref()
    }

    /// The password the URL held.
    #[must_use]
    pub fn password(&self) -> Option<&SecretString> {
        self.password.as_ref()
    }

    /// Takes the password out, for the keyring.
    pub fn take_password(&mut self) -> Option<SecretString> {
        self.password.take()
    }

    /// The same server and login with another database.
    #[must_use]
    pub fn with_database(&self, database: impl Into<String>) -> Self {
        Self { database: database.into(), ..self.clone() }
    }

    /// The same server on another port.
    #[must_use]
    pub fn with_port(&self, port: u16) -> Self {
        Self { port, ..self.clone() }
    }

    /// The address as a URL without the password; [`Address::parse`] reads it back.
    #[must_use]
    pub fn to_url(&self) -> String {
        let login = encoded(&self.login);
        let database = encoded(&self.database);
        let mode = self.ssl_mode.name();
        let port = self.port;
        let mut url = match &self.host {
            Host::Tcp(host) if host.contains(':') => {
                format!("postgresql://{login}@[{host}]:{port}/{database}?sslmode={mode}")
            }
            Host::Tcp(host) => {
                let host = encoded(host);
                format!("postgresql://{login}@{host}:{port}/{database}?sslmode={mode}")
            }
            Host::Socket(folder) => {
                let folder = encoded(&folder.to_string_lossy());
                format!("postgresql://{login}@:{port}/{database}?host={folder}")
            }
        };
        if let Some(file) = &self.ca_file {
            url.push_str("&sslrootcert=");
            url.push_str(&encoded(&file.to_string_lossy()));
        }
        url
    }
}

impl PartialEq for Address {
    /// Two addresses are equal when they lead to the same place with the same proof; the password is not
    /// part of it.
    fn eq(&self, other: &Self) -> bool {
        self.host == other.host
            && self.port == other.port
            && self.database == other.database
            && self.login == other.login
            && self.ssl_mode == other.ssl_mode
            && self.ca_file == other.ca_file
    }
}

impl Eq for Address {}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.to_url())
    }
}

impl fmt::Debug for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Address({})", self.to_url())
    }
}

/// Opens a connection. The given password wins over the address's own.
///
/// Statements are not prepared by name and nothing is set for the session, so that a pooler in transaction
/// mode between us and the server is harmless.
pub async fn connect(address: &Address, password: Option<&SecretString>) -> Result<PgConnection> {
    if let Host::Tcp(host) = &address.host {
        look_up(host, address.port).await?;
    }
    let options = options(address, password.or(address.password.as_ref()));
    match tokio::time::timeout(CONNECT_TIMEOUT, options.connect()).await {
        Ok(Ok(connection)) => Ok(connection),
        Ok(Err(failure)) => Err(map_connect(failure, address)),
        Err(_) => Err(Error::new(ErrorKind::Offline, "The server does not answer.").with_detail(format!(
            "host {}, port {}, waited 20 s",
            host_text(address),
            address.port
        ))),
    }
}

/// What the driver needs; every field is set, so that the process's `PG*` variables decide nothing.
fn options(address: &Address, password: Option<&SecretString>) -> PgConnectOptions {
    let mut options = PgConnectOptions::new_without_pgpass()
        .port(address.port)
        .username(&address.login)
        .database(&address.database)
        .password(password.map_or("", |secret| secret.expose_secret()))
        .application_name(concat!("steward/", env!("CARGO_PKG_VERSION")))
        .statement_cache_capacity(0)
        .ssl_mode(match address.ssl_mode {
            SslMode::VerifyFull => PgSslMode::VerifyFull,
            SslMode::VerifyCa => PgSslMode::VerifyCa,
            SslMode::Disable => PgSslMode::Disable,
        });
    options = match &address.host {
        Host::Tcp(host) => options.host(host),
        Host::Socket(folder) => options.socket(folder),
    };
    if let Some(file) = &address.ca_file {
        options = options.ssl_root_cert(file);
    }
    // Values travel in binary, so the setting means nothing to us; poolers refuse the parameter.
    options = options.extra_float_digits(None);
    options.disable_statement_logging()
}

/// Resolves the name ahead of the driver, whose error does not tell a bad name from a dead server.
async fn look_up(host: &str, port: u16) -> Result<()> {
    let missing = || {
        Error::new(ErrorKind::NameLookup, "The server's name has no address.")
            .with_detail(format!("host {host}"))
    };
    let found = tokio::time::timeout(CONNECT_TIMEOUT, tokio::net::lookup_host((host, port)))
        .await
        .map_err(|_| missing())?;
    let mut found = found.map_err(|failure| missing().with_source(failure))?;
    found.next().map(|_| ()).ok_or_else(missing)
}

/// The host as people know it.
pub(super) fn host_text(address: &Address) -> String {
    match &address.host {
        Host::Tcp(host) => host.clone(),
        Host::Socket(folder) => folder.display().to_string(),
    }
}

fn refused(message: &'static str) -> Error {
    Error::invalid("url", message)
}

fn encoded(text: &str) -> String {
    utf8_percent_encode(text, KEPT).to_string()
}

fn decoded(text: &str, part: &str) -> Result<String> {
    percent_decode_str(text)
        .decode_utf8()
        .map(std::borrow::Cow::into_owned)
        .map_err(|_| Error::invalid("url", format!("The {part} is percent-encoded, but not as UTF-8.")))
}

/// Splits `host:port`, `[v6]:port` and `host`.
fn split_port(authority: &str) -> Result<(&str, Option<&str>)> {
    if let Some(rest) = authority.strip_prefix('[') {
        let (host, after) =
            rest.split_once(']').ok_or_else(|| refused("An IPv6 address needs its closing bracket."))?;
        return match after.strip_prefix(':') {
            Some(port) => Ok((host, Some(port))),
            None if after.is_empty() => Ok((host, None)),
            None => Err(refused("After an IPv6 address only a port may follow.")),
        };
    }
    if authority.contains(',') {
        return Err(refused("Name one host; a list of hosts is not supported."));
    }
    match authority.split_once(':') {
        Some((_, port)) if port.contains(':') => {
            Err(refused("Put an IPv6 address into brackets: [::1]:5432."))
        }
        Some((host, port)) => Ok((host, Some(port))),
        None => Ok((authority, None)),
    }
}

fn parse_port(text: &str) -> Result<u16> {
    match text.parse() {
        Ok(0) | Err(_) => Err(refused("The port has to be a number from 1 to 65535.")),
        Ok(port) => Ok(port),
    }
}

fn parse_ssl_mode(text: &str) -> Result<SslMode> {
    match text {
        "verify-full" | "require" => Ok(SslMode::VerifyFull),
        "verify-ca" => Ok(SslMode::VerifyCa),
        "disable" => Ok(SslMode::Disable),
        "prefer" | "allow" => Err(refused(
            "sslmode=prefer and allow fall back to plain text; use verify-full, or disable for a server on \
             this computer.",
        )),
        _ => Err(refused("sslmode has to be verify-full, verify-ca, require or disable.")),
    }
}

fn is_host(host: &str) -> bool {
    host.parse::<IpAddr>().is_ok()
        || host.chars().all(|c| c.is_alphanumeric() || matches!(c, '-' | '.' | '_'))
}

fn is_loopback(host: &str) -> bool {
    host.eq_ignore_ascii_case("localhost") || host.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback())
}
