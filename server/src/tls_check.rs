//! Tls check: whether a phone trusts the certificate that a server shows, and if not, what is wrong with it. All that is
//! wrong is found, not the first of it.
//!
//! Absent here: sockets (that is `talk`). A phone is taken to know the authorities of Mozilla's list, and those that the
//! municipality installed on it.

pub mod about;
pub mod talk;

use std::time::Duration;

use sync_core::time::{TimeMs, rfc3339};
use tokio_rustls::rustls::client::{verify_server_cert_signed_by_trust_anchor, verify_server_name};
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use tokio_rustls::rustls::server::ParsedCertificate;
use tokio_rustls::rustls::{CertificateError, Error, RootCertStore};
use words::{Text, say};

use about::About;

const DAY_MS: i64 = 24 * 3600 * 1000;
/// Fewer days than this are soon: a renewal must reach a town hall and be tried.
const SOON_DAYS: i64 = 21;
/// Apple's phones take no certificate that holds longer, of any issuer.
const APPLE_DAYS_MAX: i64 = 825;

/// Who vouches for a certificate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Voucher {
    /// An authority that phones know by themselves.
    Public,
    /// The one that was named, if it is installed on the phone.
    Own,
}

/// Why a phone does not trust it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fault {
    /// It, or one that vouches for it, has ended.
    Expired(About),
    /// It has not begun.
    Early(About),
    /// It is for other names.
    Name,
    /// It vouches for itself.
    SelfSigned,
    /// The authority of that name is none that the phone knows.
    Authority(String),
    /// What was sent does not lead to an authority: the last one says that this one issued it.
    Incomplete(String),
    /// It is the certificate of an authority itself.
    IsAuthority,
    /// Anything else.
    Other(String),
}

/// What a person should know though a phone trusts it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Caution {
    /// It ends in so many days.
    Soon(i64),
    /// It holds so many days in all.
    Long(i64),
}

/// What was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// The certificates that were sent, the server's first.
    pub chain: Vec<About>,
    /// Who vouches for it.
    pub voucher: Option<Voucher>,
    /// Why a phone does not trust it; empty if it does.
    pub faults: Vec<Fault>,
    /// What else a person should know.
    pub cautions: Vec<Caution>,
}

/// Examines what a server sent, at a moment. `own` are the authorities that the municipality installed.
///
/// # Errors
/// If a certificate does not read, or none was sent.
pub fn examine(
    sent: &[CertificateDer<'_>],
    name: &ServerName<'_>,
    own: &RootCertStore,
    now_ms: TimeMs,
) -> Result<Found, Error> {
    let unread = || Error::InvalidCertificate(CertificateError::BadEncoding);
    let (leaf_der, rest) = sent.split_first().ok_or(Error::NoCertificatesPresented)?;
    let chain = sent.iter().map(|der| About::read(der).ok_or_else(unread)).collect::<Result<Vec<_>, _>>()?;
    let about = &chain[0];
    let leaf = ParsedCertificate::try_from(leaf_der)?;
    let mut faults: Vec<Fault> = time_fault(about, now_ms).into_iter().collect();
    if verify_server_name(&leaf, name).is_err() {
        faults.push(Fault::Name);
    }
    // At a moment at which it holds, so that its time hides nothing else.
    let at_ms = now_ms.clamp(about.from_ms, about.until_ms);
    let public = RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() };
    let path = |roots: &RootCertStore| leads(&leaf, rest, roots, at_ms);
    let voucher = match (path(&public), path(own)) {
        // No phone installs a certificate that vouches for itself and for nothing else.
        _ if about.is_by_itself() => {
            faults.push(if about.is_authority { Fault::IsAuthority } else { Fault::SelfSigned });
            None
        }
        (Ok(()), _) => Some(Voucher::Public),
        (_, Ok(())) => Some(Voucher::Own),
        (Err(public), Err(by_own)) => {
            let error = if own.is_empty() { public } else { by_own };
            faults.extend(path_faults(&error, &chain, at_ms));
            None
        }
    };
    let cautions = cautions(about, now_ms);
    Ok(Found { chain, voucher, faults, cautions })
}

fn leads(
    leaf: &ParsedCertificate<'_>,
    rest: &[CertificateDer<'_>],
    roots: &RootCertStore,
    at_ms: TimeMs,
) -> Result<(), Error> {
    let at = UnixTime::since_unix_epoch(Duration::from_millis(u64::try_from(at_ms).unwrap_or(0)));
    let algorithms = ring::default_provider().signature_verification_algorithms.all;
    verify_server_cert_signed_by_trust_anchor(leaf, roots, rest, at, algorithms)
}

fn time_fault(about: &About, at_ms: TimeMs) -> Option<Fault> {
    if at_ms > about.until_ms {
        return Some(Fault::Expired(about.clone()));
    }
    (at_ms < about.from_ms).then(|| Fault::Early(about.clone()))
}

/// Returns why no authority vouches for it.
fn path_faults(error: &Error, chain: &[About], at_ms: TimeMs) -> Vec<Fault> {
    let Error::InvalidCertificate(error) = error else { return vec![Fault::Other(error.to_string())] };
    match error {
        CertificateError::Expired
        | CertificateError::ExpiredContext { .. }
        | CertificateError::NotValidYet
        | CertificateError::NotValidYetContext { .. } => {
            let times: Vec<Fault> = chain.iter().filter_map(|about| time_fault(about, at_ms)).collect();
            if times.is_empty() { vec![Fault::Other(error.to_string())] } else { times }
        }
        // An authority of that name is known, and did not sign this.
        CertificateError::UnknownIssuer
        | CertificateError::BadSignature
        | CertificateError::UnsupportedSignatureAlgorithmContext { .. }
        | CertificateError::UnsupportedSignatureAlgorithmForPublicKeyContext { .. } => {
            let top = top_of(chain);
            let issuer = top.issuer.clone();
            vec![if top.is_by_itself() { Fault::Authority(issuer) } else { Fault::Incomplete(issuer) }]
        }
        // webpki's own word, which rustls passes on as it is.
        other if format!("{other:?}").contains("CaUsedAsEndEntity") => vec![Fault::IsAuthority],
        other => vec![Fault::Other(other.to_string())],
    }
}

/// Returns the last certificate that the names lead to, from the server's own.
fn top_of(chain: &[About]) -> &About {
    let mut top = &chain[0];
    for _ in chain {
        match chain.iter().find(|about| about.subject == top.issuer) {
            Some(next) if !top.is_by_itself() => top = next,
            _ => break,
        }
    }
    top
}

fn cautions(about: &About, now_ms: TimeMs) -> Vec<Caution> {
    let left = about.days_left(now_ms);
    let all = (about.until_ms - about.from_ms) / DAY_MS;
    let soon = (0..SOON_DAYS).contains(&left).then_some(Caution::Soon(left));
    soon.into_iter().chain((all > APPLE_DAYS_MAX).then_some(Caution::Long(all))).collect()
}

impl Fault {
    /// Returns its stable word.
    pub fn word(&self) -> &'static str {
        match self {
            Self::Expired(_) => "expired",
            Self::Early(_) => "early",
            Self::Name => "name",
            Self::SelfSigned => "self_signed",
            Self::Authority(_) => "authority",
            Self::Incomplete(_) => "incomplete",
            Self::IsAuthority => "is_authority",
            Self::Other(_) => "other",
        }
    }

    /// Returns what is wrong; `name` is the one that was asked for, `names` those of the certificate.
    pub fn message(&self, name: &str, names: &str) -> Text {
        match self {
            Self::Expired(about) => {
                say!("tls-check-expired", subject = &about.subject, until = rfc3339(about.until_ms))
            }
            Self::Early(about) => {
                say!("tls-check-early", subject = &about.subject, from = rfc3339(about.from_ms))
            }
            Self::Name if names.is_empty() => say!("tls-check-no-names"),
            Self::Name => say!("tls-check-name", name, names),
            Self::SelfSigned => say!("tls-check-self-signed"),
            Self::Authority(issuer) => say!("tls-check-authority", issuer),
            Self::Incomplete(issuer) => say!("tls-check-incomplete", issuer),
            Self::IsAuthority => say!("tls-check-is-authority"),
            Self::Other(detail) => say!("tls-check-other", detail),
        }
    }

    /// Returns what to do about it.
    pub fn hint(&self) -> Text {
        match self {
            Self::Expired(_) => say!("tls-check-expired-hint"),
            Self::Early(_) => say!("tls-check-early-hint"),
            Self::Name => say!("tls-check-name-hint"),
            Self::SelfSigned | Self::IsAuthority => say!("tls-check-self-signed-hint"),
            Self::Authority(_) => say!("tls-check-authority-hint"),
            Self::Incomplete(_) => say!("tls-check-incomplete-hint"),
            Self::Other(_) => say!("tls-check-other-hint"),
        }
    }
}

impl Caution {
    /// Returns its stable word.
    pub fn word(self) -> &'static str {
        match self {
            Self::Soon(_) => "soon",
            Self::Long(_) => "long",
        }
    }

    /// Returns it for a person.
    pub fn message(self) -> Text {
        match self {
            Self::Soon(days) => say!("tls-check-soon", days),
            Self::Long(days) => say!("tls-check-long", days, most = APPLE_DAYS_MAX),
        }
    }
}

#[cfg(test)]
mod tests;
