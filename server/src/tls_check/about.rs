//! About: what a certificate says, as people read it.

use std::net::IpAddr;

use serde_json::{Value, json};
use sync_core::time::{TimeMs, rfc3339};
use x509_cert::Certificate;
use x509_cert::der::Decode as _;
use x509_cert::ext::pkix::name::GeneralName;
use x509_cert::ext::pkix::{BasicConstraints, SubjectAltName};
use x509_cert::time::Time;

use super::DAY_MS;

/// What a certificate says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct About {
    /// Whose it is.
    pub subject: String,
    /// Who issued it.
    pub issuer: String,
    /// The names and addresses that it is for.
    pub names: Vec<String>,
    /// When it begins.
    pub from_ms: TimeMs,
    /// When it ends.
    pub until_ms: TimeMs,
    /// Whether it may vouch for others.
    pub is_authority: bool,
}

impl About {
    /// Reads a certificate; `None` if it is none.
    pub fn read(der: &[u8]) -> Option<Self> {
        let body = Certificate::from_der(der).ok()?.tbs_certificate;
        let names = body.get::<SubjectAltName>().ok()?.map(|(_, names)| names.0).unwrap_or_default();
        let constraints = body.get::<BasicConstraints>().ok()?;
        Some(Self {
            subject: body.subject.to_string(),
            issuer: body.issuer.to_string(),
            names: names.iter().filter_map(shown).collect(),
            from_ms: ms(body.validity.not_before),
            until_ms: ms(body.validity.not_after),
            is_authority: constraints.is_some_and(|(_, constraints)| constraints.ca),
        })
    }

    /// Returns whether it says that it issued itself.
    pub fn is_by_itself(&self) -> bool {
        self.subject == self.issuer
    }

    /// Returns whole days until it ends; negative once it has.
    pub fn days_left(&self, now_ms: TimeMs) -> i64 {
        (self.until_ms - now_ms).div_euclid(DAY_MS)
    }

    /// The JSON form.
    pub fn to_json(&self) -> Value {
        json!({
            "subject": self.subject,
            "issuer": self.issuer,
            "names": self.names,
            "from": rfc3339(self.from_ms),
            "until": rfc3339(self.until_ms),
        })
    }
}

fn ms(time: Time) -> TimeMs {
    i64::try_from(time.to_unix_duration().as_millis()).unwrap_or(i64::MAX)
}

fn shown(name: &GeneralName) -> Option<String> {
    match name {
        GeneralName::DnsName(name) => Some(name.to_string()),
        GeneralName::IpAddress(bytes) => {
            let four = <[u8; 4]>::try_from(bytes.as_bytes()).map(IpAddr::from);
            four.or_else(|_| <[u8; 16]>::try_from(bytes.as_bytes()).map(IpAddr::from))
                .ok()
                .map(|address| address.to_string())
        }
        _ => None,
    }
}
