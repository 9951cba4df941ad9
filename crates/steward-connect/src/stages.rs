//! The way to a PostgreSQL server, stage by stage: name lookup, TCP, TLS.
//!
//! A person who cannot connect wants to know which of the three failed and why. Nothing is sent beyond
//! `SSLRequest` and the TLS handshake: no login, no database name, no password. Certificates are judged
//! by the same verifier over the same roots as the driver's, so a server that passes here with
//! [`CertificateCheck::Full`] passes `sslmode=verify-full`, and one that fails here fails there.
//!
//! Every function here stops when its future is dropped.

mod certificate;
mod tls;

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use steward_core::{Error, ErrorKind, Result};
use tokio::net::TcpStream;
use tokio::task::JoinSet;
use tokio::time::{sleep_until, timeout};

pub use certificate::CertificateFacts;
pub use tls::{CertificateCheck, Secured, TlsAnswer, secure};

/// How long one stage may take.
pub const STAGE_LIMIT: Duration = Duration::from_secs(5);

/// How long one address may keep the next one waiting (RFC 8305 recommends 250 ms).
const ATTEMPT_DELAY: Duration = Duration::from_millis(250);

/// A server to look at.
#[derive(Debug, Clone)]
pub struct Target {
    /// Host name or address, as the person wrote it; the certificate must be issued for it.
    pub host: String,
    /// TCP port.
    pub port: u16,
    /// How the certificate is judged; none where the connection is made without TLS.
    pub tls: Option<CertificateCheck>,
    /// A file of further authorities in PEM form.
    pub ca_file: Option<PathBuf>,
}

impl Target {
    /// `host:port`, with brackets around an IPv6 address.
    #[must_use]
    pub fn name(&self) -> String {
        if self.host.contains(':') {
            format!("[{}]:{}", self.host.trim_matches(['[', ']']), self.port)
        } else {
            format!("{}:{}", self.host, self.port)
        }
    }
}

/// Which stage.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StageName {
    /// From name to addresses.
    Dns,
    /// A TCP connection.
    Tcp,
    /// The TLS handshake.
    Tls,
}

impl StageName {
    /// The stable name: `dns`, `tcp`, `tls`.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::Dns => "dns",
            Self::Tcp => "tcp",
            Self::Tls => "tls",
        }
    }

    /// What people call it.
    #[must_use]
    pub fn label(self) -> &'static str {
        match self {
            Self::Dns => "Name lookup",
            Self::Tcp => "Connection",
            Self::Tls => "Encryption",
        }
    }
}

/// One stage and how it ended.
#[derive(Debug)]
pub struct Stage {
    /// Which.
    pub name: StageName,
    /// Wall time; zero where it was not reached.
    pub elapsed: Duration,
    /// How it ended.
    pub outcome: Outcome,
}

/// How a stage ended.
#[derive(Debug)]
pub enum Outcome {
    /// Good; what was found, in words.
    Passed(String),
    /// Works, but somebody should know.
    Noted(String),
    /// Failed; later stages were not reached.
    Failed(Error),
    /// Not reached, because a stage before it failed.
    NotReached,
}

/// Looks at a server: every stage in order, each with its time. Stages after a failure are not reached.
pub async fn probe(target: &Target) -> Vec<Stage> {
    let mut stages = Vec::with_capacity(3);
    let started = Instant::now();
    let found = lookup(&target.host, target.port).await;
    let addresses = match found {
        Ok(addresses) => {
            let list = addresses.iter().map(|address| address.ip().to_string()).collect::<Vec<_>>();
            stages.push(passed(StageName::Dns, started, list.join(", ")));
            addresses
        }
        Err(error) => return failed(stages, StageName::Dns, started, error),
    };

    let started = Instant::now();
    let stream = match reach(&target.name(), &addresses).await {
        Ok((stream, address)) => {
            stages.push(passed(StageName::Tcp, started, format!("Connected to {address}")));
            stream
        }
        Err(error) => return failed(stages, StageName::Tcp, started, error),
    };

    let started = Instant::now();
    let Some(check) = target.tls else {
        stages.push(Stage {
            name: StageName::Tls,
            elapsed: Duration::ZERO,
            outcome: Outcome::Noted("Off: passwords and rows cross the network in the clear".to_owned()),
        });
        return stages;
    };
    match secure(stream, target, check).await {
        Ok(secured) => {
            let outcome = match check {
                CertificateCheck::Full => Outcome::Passed(secured.words()),
                CertificateCheck::Authority => {
                    Outcome::Noted(format!("{}; {}", secured.words(), check.words()))
                }
            };
            stages.push(Stage { name: StageName::Tls, elapsed: started.elapsed(), outcome });
            stages
        }
        Err(error) => failed(stages, StageName::Tls, started, error),
    }
}

/// All addresses of a name, in the order in which they should be tried: families take turns, the
/// resolver's favourite first (RFC 8305, section 4).
///
/// # Errors
/// [`ErrorKind::NameLookup`] when the name has no address or the resolver does not answer in time.
pub async fn lookup(host: &str, port: u16) -> Result<Vec<SocketAddr>> {
    let host = host.trim_matches(['[', ']']);
    let answer = timeout(STAGE_LIMIT, tokio::net::lookup_host((host, port))).await;
    let found = match answer {
        Ok(Ok(found)) => found.collect::<Vec<_>>(),
        Ok(Err(error)) => {
            return Err(Error::new(ErrorKind::NameLookup, format!("No address is known for {host}."))
                .with_source(error));
        }
        Err(_) => {
            return Err(Error::new(
                ErrorKind::NameLookup,
                format!("The name server did not answer for {host} within {} s.", STAGE_LIMIT.as_secs()),
            ));
        }
    };
    if found.is_empty() {
        return Err(Error::new(ErrorKind::NameLookup, format!("No address is known for {host}.")));
    }
    Ok(take_turns(found))
}

/// A TCP connection to whichever address answers first. The next address starts when the one before it
/// failed or kept silent for a quarter of a second, so one dead address costs little.
///
/// # Errors
/// [`ErrorKind::Offline`] when none answers within [`STAGE_LIMIT`].
pub async fn reach(name: &str, addresses: &[SocketAddr]) -> Result<(TcpStream, SocketAddr)> {
    let deadline = tokio::time::Instant::now() + STAGE_LIMIT;
    let mut attempts = JoinSet::new();
    let mut waiting = addresses.iter().copied();
    let mut refusals: Vec<(SocketAddr, std::io::Error)> = Vec::new();
    let mut next_start = tokio::time::Instant::now();
    let mut is_more = true;
    loop {
        tokio::select! {
            biased;
            Some(ended) = attempts.join_next() => match ended {
                Ok((address, Ok(stream))) => return Ok((stream, address)),
                Ok((address, Err(error))) => {
                    refusals.push((address, error));
                    next_start = tokio::time::Instant::now();
                }
                Err(error) => return Err(Error::internal("An attempt to connect broke.").with_source(error)),
            },
            () = sleep_until(next_start), if is_more => match waiting.next() {
                Some(address) => {
                    attempts.spawn(async move { (address, TcpStream::connect(address).await) });
                    next_start = tokio::time::Instant::now() + ATTEMPT_DELAY;
                }
                None => is_more = false,
            },
            () = sleep_until(deadline), if !attempts.is_empty() => {
                return Err(Error::new(
                    ErrorKind::Offline,
                    format!("{name} did not answer within {} s.", STAGE_LIMIT.as_secs()),
                )
                .with_detail("A firewall may drop the packets, or the port may be wrong."));
            }
            else => break,
        }
    }
    Err(unreachable_error(name, refusals))
}

fn unreachable_error(name: &str, mut refusals: Vec<(SocketAddr, std::io::Error)>) -> Error {
    let is_refused = !refusals.is_empty()
        && refusals.iter().all(|(_, error)| error.kind() == std::io::ErrorKind::ConnectionRefused);
    let message = if is_refused {
        format!("Nothing listens on {name}.")
    } else {
        format!("{name} cannot be reached from this computer.")
    };
    let tried = refusals.iter().map(|(address, _)| address.to_string()).collect::<Vec<_>>().join(", ");
    let error = Error::new(ErrorKind::Offline, message).with_detail(format!("Tried {tried}"));
    match refusals.pop() {
        Some((_, cause)) => error.with_source(cause),
        None => error,
    }
}

fn take_turns(found: Vec<SocketAddr>) -> Vec<SocketAddr> {
    let is_first_v6 = found.first().is_some_and(SocketAddr::is_ipv6);
    let (first, second): (Vec<_>, Vec<_>) =
        found.into_iter().partition(|address| address.is_ipv6() == is_first_v6);
    let mut ordered = Vec::with_capacity(first.len() + second.len());
    let (mut first, mut second) = (first.into_iter(), second.into_iter());
    loop {
        let pair = (first.next(), second.next());
        if pair == (None, None) {
            break;
        }
        ordered.extend(pair.0);
        ordered.extend(pair.1);
    }
    let mut seen = std::collections::HashSet::new();
    ordered.retain(|address| seen.insert(*address));
    ordered
}

fn passed(name: StageName, started: Instant, finding: String) -> Stage {
    Stage { name, elapsed: started.elapsed(), outcome: Outcome::Passed(finding) }
}

fn failed(mut stages: Vec<Stage>, name: StageName, started: Instant, error: Error) -> Vec<Stage> {
    stages.push(Stage { name, elapsed: started.elapsed(), outcome: Outcome::Failed(error) });
    for later in [StageName::Tcp, StageName::Tls] {
        if stages.iter().all(|stage| stage.name != later) {
            stages.push(Stage { name: later, elapsed: Duration::ZERO, outcome: Outcome::NotReached });
        }
    }
    stages
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn families_take_turns_and_the_resolvers_favourite_is_first() {
        let parse = |text: &str| text.parse::<SocketAddr>().expect("an address");
        let found = ["[::1]:1", "[::2]:1", "[::3]:1", "10.0.0.1:1", "10.0.0.1:1"].map(parse).to_vec();
        let ordered = take_turns(found);
        assert_eq!(ordered, ["[::1]:1", "10.0.0.1:1", "[::2]:1", "[::3]:1"].map(parse));
    }
}
