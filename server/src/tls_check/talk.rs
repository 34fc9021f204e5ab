//! Talk: one connection as a phone makes it, which hears out what the server sends whether or not it is to be trusted.
//! Nothing is told to the server but a question that everybody may ask.

use std::io::{self, Read as _, Write as _};
use std::net::{SocketAddr, TcpStream, ToSocketAddrs as _};
use std::sync::Arc;

use tokio_rustls::rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use tokio_rustls::rustls::crypto::{
    WebPkiSupportedAlgorithms, ring, verify_tls12_signature, verify_tls13_signature,
};
use tokio_rustls::rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use tokio_rustls::rustls::{
    ClientConfig, ClientConnection, DigitallySignedStruct, Error, ProtocolVersion, SignatureScheme, Stream,
};

use crate::config::TLS_CHECK_WITHIN;

/// Longest answer that is read, in bytes: more than the server's own.
const ANSWER_BYTES_MAX: u64 = 4 * 1024;

/// What a server sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Heard {
    /// Where it was reached.
    pub address: SocketAddr,
    /// The version of TLS.
    pub version: &'static str,
    /// Its certificates, its own first.
    pub chain: Vec<CertificateDer<'static>>,
    /// Whether a server of ours answers.
    pub is_cuadrilla: bool,
}

/// Why nothing was heard.
#[derive(Debug)]
pub enum Unheard {
    /// There is no way to it.
    Link(io::Error),
    /// It speaks no TLS that a phone understands.
    Tls(String),
}

/// Connects to `host` and hears it out.
///
/// # Errors
/// If it is not reached in time, or speaks something else.
pub fn hear(host: &str, port: u16, name: ServerName<'static>) -> Result<Heard, Unheard> {
    let (mut tcp, address) = connect(host, port).map_err(Unheard::Link)?;
    for set in [TcpStream::set_read_timeout, TcpStream::set_write_timeout] {
        set(&tcp, Some(TLS_CHECK_WITHIN)).map_err(Unheard::Link)?;
    }
    let config = config().map_err(|error| Unheard::Tls(error.to_string()))?;
    let mut talk =
        ClientConnection::new(Arc::new(config), name).map_err(|error| Unheard::Tls(error.to_string()))?;
    while talk.is_handshaking() {
        talk.complete_io(&mut tcp).map_err(unheard)?;
    }
    let version = match talk.protocol_version() {
        Some(ProtocolVersion::TLSv1_3) => "1.3",
        _ => "1.2",
    };
    let chain = talk.peer_certificates().unwrap_or_default().to_vec();
    let is_cuadrilla = ask(&mut Stream::new(&mut talk, &mut tcp), host).unwrap_or(false);
    Ok(Heard { address, version, chain, is_cuadrilla })
}

fn connect(host: &str, port: u16) -> io::Result<(TcpStream, SocketAddr)> {
    let mut last = io::Error::from(io::ErrorKind::NotFound);
    for address in (host, port).to_socket_addrs()? {
        match TcpStream::connect_timeout(&address, TLS_CHECK_WITHIN) {
            Ok(stream) => return Ok((stream, address)),
            Err(error) => last = error,
        }
    }
    Err(last)
}

/// A fault of TLS comes in the form of one of the system.
fn unheard(error: io::Error) -> Unheard {
    use io::ErrorKind::{InvalidData, UnexpectedEof};
    match error.kind() {
        InvalidData | UnexpectedEof => Unheard::Tls(error.to_string()),
        _ => Unheard::Link(error),
    }
}

/// Asks whether a server of ours lives.
fn ask(stream: &mut Stream<'_, ClientConnection, TcpStream>, host: &str) -> io::Result<bool> {
    write!(stream, "GET /healthz HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\n\r\n")?;
    let mut answer = Vec::new();
    // One that closes without saying so has answered all the same.
    let _ = stream.take(ANSWER_BYTES_MAX).read_to_end(&mut answer);
    let answer = String::from_utf8_lossy(&answer);
    Ok(answer.starts_with("HTTP/1.1 200") && answer.contains("{\"status\":\"ok\"}"))
}

fn config() -> Result<ClientConfig, Error> {
    let provider = Arc::new(ring::default_provider());
    let hearer = Arc::new(Hearer(provider.signature_verification_algorithms));
    let builder = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions()?;
    let mut config = builder.dangerous().with_custom_certificate_verifier(hearer).with_no_client_auth();
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(config)
}

/// Takes every certificate, for it is examined afterwards; but the server must have its key.
#[derive(Debug)]
struct Hearer(WebPkiSupportedAlgorithms);

impl ServerCertVerifier for Hearer {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls12_signature(message, cert, signed, &self.0)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls13_signature(message, cert, signed, &self.0)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.supported_schemes()
    }
}
