//! The TLS stage: `SSLRequest`, then a handshake with the driver's rules.

use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::CryptoProvider;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{CertificateError, ClientConfig, DigitallySignedStruct, RootCertStore, SignatureScheme};
use steward_core::{Error, ErrorKind, Result};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;

use super::certificate::CertificateFacts;
use super::{STAGE_LIMIT, Target};

/// Length 8, then the code 1234.5679: "may we speak TLS?"
const SSL_REQUEST: [u8; 8] = [0, 0, 0, 8, 4, 210, 22, 47];

/// How a certificate is judged. A mode that encrypts without looking at the certificate does not exist
/// here: it would send the password to an impostor.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CertificateCheck {
    /// A known authority signed it, and for this host (`verify-full`).
    Full,
    /// A known authority signed it, for any host (`verify-ca`).
    Authority,
}

impl CertificateCheck {
    /// What it leaves open, in words.
    #[must_use]
    pub fn words(self) -> &'static str {
        match self {
            Self::Full => "name and authority checked",
            Self::Authority => "the server's name is not checked",
        }
    }
}

/// A server's answer to `SSLRequest`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TlsAnswer {
    /// It goes on with TLS.
    Willing,
    /// It speaks PostgreSQL, but not TLS.
    Unwilling,
    /// It is no PostgreSQL server.
    Foreign,
}

/// A finished handshake. The connection itself was closed: it has served its purpose.
#[derive(Debug, Clone)]
pub struct Secured {
    /// `TLS 1.3`.
    pub protocol: &'static str,
    /// What the server's certificate says.
    pub certificate: CertificateFacts,
}

impl Secured {
    /// In words, for a list of checks.
    #[must_use]
    pub fn words(&self) -> String {
        format!("{}, {}", self.protocol, self.certificate.words())
    }
}

/// Asks for TLS and shakes hands; sends nothing else.
///
/// # Errors
/// [`ErrorKind::Tls`] when the server refuses TLS or its certificate does not pass `check`;
/// [`ErrorKind::Offline`] when the connection breaks or the server keeps silent.
pub async fn secure(mut stream: TcpStream, target: &Target, check: CertificateCheck) -> Result<Secured> {
    let name = target.name();
    let roots = read_roots(target.ca_file.as_deref())?;
    match within(&name, STAGE_LIMIT, ask(&mut stream)).await?? {
        TlsAnswer::Willing => {}
        TlsAnswer::Unwilling => {
            return Err(Error::new(
                ErrorKind::Tls,
                format!("{name} does not offer TLS. Steward does not connect."),
            )
            .with_detail("The server must have ssl = on, or the pooler in front of it."));
        }
        TlsAnswer::Foreign => {
            return Err(Error::new(ErrorKind::Tls, format!("{name} does not answer like PostgreSQL."))
                .with_detail("Another program may listen on this port."));
        }
    }

    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let inner =
        WebPkiServerVerifier::builder_with_provider(Arc::new(roots), Arc::clone(&provider))
            .build()
            .map_err(|error| Error::internal("No certificate verifier could be built.").with_source(error))?;
    let witness = Arc::new(Witness { inner, check, provider: Arc::clone(&provider), seen: Mutex::default() });
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| Error::internal("No TLS version is available.").with_source(error))?
        .dangerous()
        .with_custom_certificate_verifier(Arc::clone(&witness) as Arc<dyn ServerCertVerifier>)
        .with_no_client_auth();
    let host = target.host.trim_matches(['[', ']']).to_owned();
    let server_name = ServerName::try_from(host.clone()).map_err(|error| {
        Error::new(ErrorKind::Tls, format!("A certificate cannot be issued for the name {host}."))
            .with_source(error)
    })?;

    let shaken =
        within(&name, STAGE_LIMIT, TlsConnector::from(Arc::new(config)).connect(server_name, stream));
    match shaken.await? {
        Ok(mut session) => {
            let protocol = match session.get_ref().1.protocol_version() {
                Some(rustls::ProtocolVersion::TLSv1_2) => "TLS 1.2",
                _ => "TLS 1.3",
            };
            let certificate = witness.facts()?;
            // The handshake was all we came for; a peer that does not say goodbye changes nothing.
            let _ = timeout(STAGE_LIMIT, session.shutdown()).await;
            Ok(Secured { protocol, certificate })
        }
        Err(error) => Err(handshake_error(&name, &host, &witness, error)),
    }
}

async fn within<T>(name: &str, limit: Duration, work: impl Future<Output = T>) -> Result<T> {
    timeout(limit, work).await.map_err(|_| {
        Error::new(ErrorKind::Offline, format!("{name} did not answer within {} s.", limit.as_secs()))
    })
}

async fn ask(stream: &mut TcpStream) -> Result<TlsAnswer> {
    let broke = |error: std::io::Error| {
        Error::new(ErrorKind::Offline, "The server closed the connection before it was encrypted.")
            .with_source(error)
    };
    stream.write_all(&SSL_REQUEST).await.map_err(broke)?;
    let answer = stream.read_u8().await.map_err(broke)?;
    Ok(match answer {
        b'S' => TlsAnswer::Willing,
        // An error message is how a server or a pooler that knows no SSLRequest declines.
        b'N' | b'E' => TlsAnswer::Unwilling,
        _ => TlsAnswer::Foreign,
    })
}

/// The roots the driver trusts: Mozilla's, and those of the file given.
fn read_roots(ca_file: Option<&Path>) -> Result<RootCertStore> {
    let mut roots = RootCertStore::from_iter(webpki_roots::TLS_SERVER_ROOTS.iter().cloned());
    let Some(path) = ca_file else { return Ok(roots) };
    let unusable = |why: &str| {
        Error::new(ErrorKind::Tls, format!("The CA file {} {why}.", path.display()))
            .with_field("ca_file", format!("The file {why}."))
    };
    let text = std::fs::read(path).map_err(|error| unusable("cannot be read").with_source(error))?;
    let mut count = 0_usize;
    for certificate in CertificateDer::pem_slice_iter(&text) {
        let certificate = certificate.map_err(|error| unusable("is not in PEM form").with_source(error))?;
        roots
            .add(certificate)
            .map_err(|error| unusable("holds a certificate that is not valid").with_source(error))?;
        count += 1;
    }
    if count == 0 {
        return Err(unusable("holds no certificate"));
    }
    Ok(roots)
}

fn handshake_error(name: &str, host: &str, witness: &Witness, error: std::io::Error) -> Error {
    let facts = witness.facts().ok();
    let tls = error.get_ref().and_then(|inner| inner.downcast_ref::<rustls::Error>());
    let Some(rustls::Error::InvalidCertificate(reason)) = tls else {
        return match tls {
            Some(_) => Error::new(ErrorKind::Tls, format!("The TLS handshake with {name} failed.")),
            None => Error::new(ErrorKind::Offline, format!("{name} broke off the TLS handshake.")),
        }
        .with_source(error);
    };
    let issued_for = facts.as_ref().map_or_else(|| "another name".to_owned(), CertificateFacts::name_list);
    let message = match reason {
        CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => format!(
            "The server's certificate isn't trusted: issued for {issued_for}, expected {host}. \
             Steward does not connect."
        ),
        CertificateError::Expired | CertificateError::ExpiredContext { .. } => {
            let day = facts
                .as_ref()
                .map_or_else(String::new, |facts| format!(" on {}", facts.valid_until.format("%Y-%m-%d")));
            format!("The server's certificate expired{day}. Steward does not connect.")
        }
        CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => {
            "The server's certificate is not valid yet; this computer's clock may be wrong. \
             Steward does not connect."
                .to_owned()
        }
        CertificateError::UnknownIssuer => {
            let issuer = facts.as_ref().map_or_else(String::new, |facts| format!(" {}", facts.issuer));
            format!(
                "The server's certificate isn't trusted: its issuer{issuer} is no authority known here. \
                 Steward does not connect."
            )
        }
        CertificateError::Revoked => {
            "The server's certificate was revoked. Steward does not connect.".to_owned()
        }
        _ => "The server's certificate cannot be verified. Steward does not connect.".to_owned(),
    };
    let failure = Error::new(ErrorKind::Tls, message);
    match facts {
        Some(facts) => failure.with_detail(facts.words()),
        None => failure,
    }
    .with_source(error)
}

/// Judges as the driver does, and remembers the certificate, so that a refusal can say what was shown.
#[derive(Debug)]
struct Witness {
    inner: Arc<WebPkiServerVerifier>,
    check: CertificateCheck,
    provider: Arc<CryptoProvider>,
    seen: Mutex<Option<CertificateDer<'static>>>,
}

impl Witness {
    fn facts(&self) -> Result<CertificateFacts> {
        let seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        let der = seen.as_ref().ok_or_else(|| {
            Error::new(ErrorKind::Tls, "The server showed no certificate. Steward does not connect.")
        })?;
        CertificateFacts::read(der)
    }
}

impl ServerCertVerifier for Witness {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        *self.seen.lock().unwrap_or_else(PoisonError::into_inner) = Some(end_entity.clone().into_owned());
        let judged =
            self.inner.verify_server_cert(end_entity, intermediates, server_name, ocsp_response, now);
        match (self.check, judged) {
            (
                CertificateCheck::Authority,
                Err(rustls::Error::InvalidCertificate(
                    CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. },
                )),
            ) => Ok(ServerCertVerified::assertion()),
            (CertificateCheck::Full | CertificateCheck::Authority, judged) => judged,
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        rustls::crypto::verify_tls12_signature(message, cert, dss, algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        rustls::crypto::verify_tls13_signature(message, cert, dss, algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}
