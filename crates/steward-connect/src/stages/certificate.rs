//! What a certificate says about itself.

use chrono::{DateTime, Utc};
use steward_core::{Error, ErrorKind, Result};
use x509_parser::extensions::GeneralName;
use x509_parser::prelude::{FromDer, X509Certificate};

/// What a certificate says about itself; whether that is true is the verifier's business.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CertificateFacts {
    /// The names and addresses it is issued for; its common name where it lists none.
    pub names: Vec<String>,
    /// Who signed it.
    pub issuer: String,
    /// First instant of its validity.
    pub valid_from: DateTime<Utc>,
    /// Last instant of its validity.
    pub valid_until: DateTime<Utc>,
    /// Whether it is its own issuer.
    pub is_self_signed: bool,
}

impl CertificateFacts {
    pub(super) fn read(der: &[u8]) -> Result<Self> {
        let broken = || Error::new(ErrorKind::Tls, "The server's certificate cannot be read.");
        let (_, certificate) = X509Certificate::from_der(der).map_err(|error| broken().with_source(error))?;
        let mut names = Vec::new();
        if let Ok(Some(alternative)) = certificate.subject_alternative_name() {
            for name in &alternative.value.general_names {
                match name {
                    GeneralName::DNSName(name) => names.push((*name).to_owned()),
                    GeneralName::IPAddress(bytes) => names.extend(address(bytes)),
                    _ => {}
                }
            }
        }
        if names.is_empty() {
            let common = certificate.subject().iter_common_name().next();
            names.extend(common.and_then(|name| name.as_str().ok()).map(str::to_owned));
        }
        let issuer = certificate
            .issuer()
            .iter_common_name()
            .next()
            .and_then(|name| name.as_str().ok())
            .map_or_else(|| certificate.issuer().to_string(), str::to_owned);
        let instant = |seconds| DateTime::from_timestamp(seconds, 0).ok_or_else(broken);
        Ok(Self {
            names,
            issuer,
            valid_from: instant(certificate.validity().not_before.timestamp())?,
            valid_until: instant(certificate.validity().not_after.timestamp())?,
            is_self_signed: certificate.issuer() == certificate.subject(),
        })
    }

    /// The names as a list for a sentence.
    #[must_use]
    pub fn name_list(&self) -> String {
        match self.names.as_slice() {
            [] => "no name".to_owned(),
            [first, second, third, rest @ ..] if rest.len() > 1 => {
                format!("{first}, {second}, {third} and {} more", rest.len())
            }
            all => all.join(", "),
        }
    }

    /// In words, for a list of checks.
    #[must_use]
    pub fn words(&self) -> String {
        let issuer = if self.is_self_signed {
            "signed by itself".to_owned()
        } else {
            format!("issued by {}", self.issuer)
        };
        format!(
            "certificate for {}, {issuer}, valid until {}",
            self.name_list(),
            self.valid_until.format("%Y-%m-%d")
        )
    }
}

fn address(bytes: &[u8]) -> Option<String> {
    if let Ok(four) = <[u8; 4]>::try_from(bytes) {
        return Some(std::net::Ipv4Addr::from(four).to_string());
    }
    <[u8; 16]>::try_from(bytes).ok().map(|sixteen| std::net::Ipv6Addr::from(sixteen).to_string())
}
