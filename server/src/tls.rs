//! Tls: the server's certificate, read from PEM files and read again when they change.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::{Duration, SystemTime};

use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::pem::{self, PemObject as _};
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::rustls::{self, ServerConfig};

use crate::config::{CHAIN_MAX, Config};
use crate::failure::Failure;
use words::{Lang, Text, say, system_text};

/// How often the files are looked at.
pub const LOOK_EVERY: Duration = Duration::from_secs(10);

/// When a file was changed, and its length.
type Stamp = Option<(SystemTime, u64)>;

/// The certificate in use.
#[derive(Debug)]
pub struct Tls {
    cert: PathBuf,
    key: PathBuf,
    current: RwLock<Arc<ServerConfig>>,
    seen: Mutex<[Stamp; 2]>,
}

impl Tls {
    /// What the settings ask for; `None` is plain HTTP, for behind a proxy.
    ///
    /// # Errors
    /// Usage, if one of two files is named, or if they do not hold a certificate and its key.
    pub fn from_config(config: &Config) -> Result<Option<Self>, Failure> {
        match (config.tls_cert.as_str(), config.tls_key.as_str()) {
            ("", "") => Ok(None),
            ("", _) | (_, "") => Err(unusable(&say!("server-tls-one"))),
            (cert, key) => Self::open(Path::new(cert), Path::new(key)).map(Some),
        }
    }

    fn open(cert: &Path, key: &Path) -> Result<Self, Failure> {
        let seen = [stamp(cert), stamp(key)];
        let loaded = load(cert, key).map_err(|problem| unusable(&problem))?;
        Ok(Self {
            cert: cert.into(),
            key: key.into(),
            current: RwLock::new(Arc::new(loaded)),
            seen: Mutex::new(seen),
        })
    }

    /// Makes connections secure with the certificate of now.
    pub fn acceptor(&self) -> TlsAcceptor {
        TlsAcceptor::from(Arc::clone(&self.current.read().unwrap_or_else(PoisonError::into_inner)))
    }

    /// Takes up files that changed. What does not work is named in the log, and what was in use stays in use.
    pub fn look(&self) {
        let now = [stamp(&self.cert), stamp(&self.key)];
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        if *seen == now {
            return;
        }
        *seen = now;
        match load(&self.cert, &self.key) {
            Ok(loaded) => {
                *self.current.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(loaded);
                tracing::info!(cert = %self.cert.display(), "the certificate was read again");
            }
            Err(problem) => {
                tracing::error!(
                    why = problem.of(Lang::En),
                    "the new certificate cannot be used; the old one stays in use"
                );
            }
        }
    }
}

fn stamp(path: &Path) -> Stamp {
    let about = path.metadata().ok()?;
    Some((about.modified().ok()?, about.len()))
}

fn unreadable(path: &Path, error: &pem::Error) -> Text {
    match error {
        pem::Error::Io(error) => say!("server-io", what = path, error = system_text(error)),
        other => say!("server-tls-unreadable", path, detail = other.to_string()),
    }
}

/// Reads the certificates of a PEM file, at least one and at most [`CHAIN_MAX`].
///
/// # Errors
/// Why there are none, for a person.
pub fn read_chain(path: &Path) -> Result<Vec<CertificateDer<'static>>, Text> {
    let chain: Vec<CertificateDer<'static>> = CertificateDer::pem_file_iter(path)
        .and_then(|found| found.take(CHAIN_MAX).collect())
        .map_err(|error| unreadable(path, &error))?;
    if chain.is_empty() { Err(say!("server-tls-none", path)) } else { Ok(chain) }
}

fn load(cert: &Path, key: &Path) -> Result<ServerConfig, Text> {
    let chain = read_chain(cert)?;
    let secret = PrivateKeyDer::from_pem_file(key).map_err(|error| unreadable(key, &error))?;
    let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .and_then(|builder| builder.with_no_client_auth().with_single_cert(chain, secret));
    let mut config = config.map_err(|error: rustls::Error| match error {
        rustls::Error::InconsistentKeys(_) => say!("server-tls-mismatch", cert, key),
        other => say!("server-tls-unusable", cert, key, detail = other.to_string()),
    })?;
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(config)
}

/// Returns the failure for files that cannot be used.
pub fn unusable(problem: &Text) -> Failure {
    Failure::usage("tls", problem.clone(), say!("server-tls-hint"))
}

#[cfg(test)]
mod tests {
    use super::Tls;
    use std::path::Path;

    fn made(folder: &Path, name: &str) -> [std::path::PathBuf; 2] {
        let made = rcgen::generate_simple_self_signed(vec!["localhost".to_owned()]).unwrap();
        let paths = [folder.join(format!("{name}.crt")), folder.join(format!("{name}.key"))];
        std::fs::write(&paths[0], made.cert.pem()).unwrap();
        std::fs::write(&paths[1], made.signing_key.serialize_pem()).unwrap();
        paths
    }

    #[test]
    fn what_is_no_certificate_and_key_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let [cert, key] = made(folder.path(), "one");
        let [other, _] = made(folder.path(), "other");
        let absent = folder.path().join("absent");
        assert!(Tls::open(&cert, &key).is_ok());
        for (cert, key, says) in [
            (&absent, &key, "absent"),
            (&key, &key, "one.key"),
            (&cert, &cert, "one.crt"),
            (&other, &key, "one.key"),
        ] {
            let failure = Tls::open(cert, key).unwrap_err();
            assert_eq!(failure.exit, 2);
            assert!(failure.message.of(words::Lang::En).contains(says), "{failure:?}");
        }
    }

    #[test]
    fn changed_files_are_taken_up_and_bad_ones_are_not() {
        let folder = tempfile::tempdir().unwrap();
        let [cert, key] = made(folder.path(), "one");
        let tls = Tls::open(&cert, &key).unwrap();
        let first = std::sync::Arc::as_ptr(&tls.current.read().unwrap());
        tls.look();
        assert_eq!(std::sync::Arc::as_ptr(&tls.current.read().unwrap()), first);
        std::fs::write(&cert, "not a certificate").unwrap();
        tls.look();
        assert_eq!(std::sync::Arc::as_ptr(&tls.current.read().unwrap()), first);
        made(folder.path(), "one");
        tls.look();
        assert_ne!(std::sync::Arc::as_ptr(&tls.current.read().unwrap()), first);
    }
}
