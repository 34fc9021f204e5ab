//! Http: one bounded exchange of bytes with a server. It trusts nothing that answers: only a body of the right type
//! and size is handed on, and only the core, which knows the server's key, decides whether it is genuine.
//!
//! Absent here: retries, redirects, cookies, and any knowledge of what is inside a message.

use std::io::{self, Read};
use std::time::Duration;

use serde::Deserialize;
use sync_core::limits::MESSAGE_BYTES_MAX;
use sync_core::link::is_private;
use ureq::config::Config;
use ureq::tls::{RootCerts, TlsConfig};
use ureq::{Agent, Body, http};

mod error;
#[cfg(test)]
mod tests;
mod upload;

pub use error::{HttpError, LinkTrouble, TlsTrouble};
pub use upload::{BLOB_TICKET_HEADER, Upload, Uploaded};

/// What messages and their replies are declared as.
pub const CONTENT_TYPE: &str = "application/vnd.cuadrilla.v1";
/// The header that carries the ticket of an earlier reply.
const TICKET_HEADER: &str = "Cuadrilla-Ticket";
/// Longest error body read, in bytes.
const ERROR_BYTES_MAX: u64 = 16 * 1024;
/// Fast enough for an old phone; the link is the slow part.
const ZSTD_LEVEL: i32 = 9;
/// Largest zstd window accepted, as a power of two: 8 MiB, what [`MESSAGE_BYTES_MAX`] can use.
const ZSTD_WINDOW_LOG_MAX: u32 = 23;

/// How long to wait for what. Every wait ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Patience {
    /// Until there is a connection, names and TLS included.
    pub connect: Duration,
    /// Until the first byte of the answer, after the request is sent.
    pub first_byte: Duration,
    /// For everything together.
    pub total: Duration,
}

impl Patience {
    /// For an exchange that a person asked for.
    pub fn ordinary() -> Self {
        Self {
            connect: Duration::from_secs(10),
            first_byte: Duration::from_secs(30),
            total: Duration::from_secs(120),
        }
    }

    /// For one quick try beside other work.
    pub fn quick() -> Self {
        let wait = Duration::from_secs(3);
        Self { connect: wait, first_byte: wait, total: wait }
    }
}

/// A reply, and what it cost. Bytes are bodies as they travel, compressed; the headers (some 300 bytes each way) and
/// TLS are not counted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reply {
    /// The body, decompressed. Not yet known to be genuine.
    pub frame: Vec<u8>,
    /// Bytes of the request's body on the wire.
    pub bytes_up: u64,
    /// Bytes of the reply's body on the wire.
    pub bytes_down: u64,
}

/// A server's address with the patience to have with it.
#[derive(Debug)]
pub struct Server {
    url: String,
    agent: Agent,
}

/// The server's form of an error.
#[derive(Deserialize)]
struct ErrorBody {
    error: ErrorDetail,
}

#[derive(Deserialize)]
struct ErrorDetail {
    code: String,
    #[serde(default)]
    message: String,
    #[serde(default)]
    hint: String,
    last_attempt: Option<u64>,
}

impl Server {
    /// A server by its address, `http://…` or `https://…`.
    ///
    /// # Errors
    /// `Url`, if it is no such address.
    pub fn new(url: &str, patience: Patience) -> Result<Self, HttpError> {
        Self::trusting(url, patience, RootCerts::PlatformVerifier)
    }

    /// As [`Server::new`], whose certificate `roots` must vouch for.
    ///
    /// # Errors
    /// As [`Server::new`].
    pub fn trusting(url: &str, patience: Patience, roots: RootCerts) -> Result<Self, HttpError> {
        let url = normal_url(url)?;
        // rustls panics at such a clock, and no certificate holds at it.
        if url.starts_with("https://") && std::time::SystemTime::now() < std::time::UNIX_EPOCH {
            return Err(HttpError::Tls(TlsTrouble::Time));
        }
        let tls = TlsConfig::builder().root_certs(roots).build();
        let config = Config::builder()
            .http_status_as_error(false)
            .max_redirects(0)
            .max_redirects_will_error(false)
            .tls_config(tls)
            .user_agent(concat!("crew/", env!("CARGO_PKG_VERSION")))
            .accept_encoding("zstd")
            .timeout_connect(Some(patience.connect))
            .timeout_recv_response(Some(patience.first_byte))
            .timeout_global(Some(patience.total))
            .build();
        Ok(Self { url, agent: Agent::new_with_config(config) })
    }

    /// Checks that messages may go to this server: names, notes and codes are readable on the way to an `http` address,
    /// unless it is this machine's own. Files of the open log are no messages.
    ///
    /// # Errors
    /// `Readable`.
    pub fn check_private(&self) -> Result<(), HttpError> {
        if is_private(&self.url) { Ok(()) } else { Err(HttpError::Readable(self.url.clone())) }
    }

    /// Sends one message and reads the reply whole. The ticket of an earlier reply says whose message it is before it is
    /// all there.
    ///
    /// # Errors
    /// Every [`HttpError`] but `Url`. Whether the server took the message in is unknown then; asking again is safe.
    pub fn post(&self, path: &str, frame: &[u8], ticket: Option<&str>) -> Result<Reply, HttpError> {
        self.check_private()?;
        let body =
            zstd::bulk::compress(frame, ZSTD_LEVEL).map_err(|error| HttpError::Garbled(error.to_string()))?;
        let mut request = self
            .agent
            .post(format!("{}{path}", self.url))
            .header("Content-Type", CONTENT_TYPE)
            .header("Content-Encoding", "zstd")
            .header("Accept", CONTENT_TYPE);
        if let Some(ticket) = ticket {
            request = request.header(TICKET_HEADER, ticket);
        }
        let sent = request.send(body.as_slice());
        let mut response = sent.map_err(|error| HttpError::from_ureq(&error))?;
        check_head(&self.url, &mut response)?;
        let coding = Coding::of(&response)?;
        let wire = read_bounded(response.body_mut())?;
        let bytes_down = wire.len() as u64;
        let frame = coding.decode(wire)?;
        Ok(Reply { frame, bytes_up: body.len() as u64, bytes_down })
    }

    /// A file of at most `bytes_max` bytes, from any server: nothing says yet that it is genuine.
    ///
    /// # Errors
    /// As [`Server::post`]; `Missing` if there is no such file.
    pub fn get(&self, path: &str, bytes_max: usize) -> Result<Vec<u8>, HttpError> {
        let asked =
            self.agent.get(format!("{}{path}", self.url)).header("Accept-Encoding", "identity").call();
        let mut response = asked.map_err(|error| HttpError::from_ureq(&error))?;
        match response.status().as_u16() {
            200 if !header(&response, "content-type").is_some_and(|kind| kind.starts_with("text/html")) => {}
            404 | 410 => return Err(HttpError::Missing(path.to_owned())),
            _ => return Err(check_head(&self.url, &mut response).err().unwrap_or(HttpError::NotCuadrilla)),
        }
        let coding = Coding::of(&response)?;
        let bytes = coding.decode(read_bounded(response.body_mut())?)?;
        if bytes.len() > bytes_max { Err(HttpError::TooLarge) } else { Ok(bytes) }
    }

    /// A stream of server-sent events that ends when the server or the link ends it.
    ///
    /// # Errors
    /// As [`Server::post`].
    pub fn events(&self, path: &str, silence_max: Duration) -> Result<impl Read + use<>, HttpError> {
        self.check_private()?;
        let asked = self
            .agent
            .get(format!("{}{path}", self.url))
            .config()
            .timeout_global(None)
            .timeout_per_read(Some(silence_max))
            .build()
            .header("Accept", "text/event-stream")
            .call();
        let mut response = asked.map_err(|error| HttpError::from_ureq(&error))?;
        match header(&response, "content-type") {
            Some(kind) if response.status() == 200 && kind.starts_with("text/event-stream") => {
                Ok(response.into_body().into_reader())
            }
            _ => Err(check_head(&self.url, &mut response).err().unwrap_or(HttpError::NotCuadrilla)),
        }
    }
}

/// The address in the one form that requests are made of: the scheme in small letters, no slash at the end.
fn normal_url(url: &str) -> Result<String, HttpError> {
    let normal = || {
        let trimmed = url.trim().trim_end_matches('/');
        let (scheme, rest) = trimmed.split_once("://")?;
        let scheme = scheme.to_ascii_lowercase();
        let host = rest.split('/').next()?;
        let has_host =
            matches!(scheme.as_str(), "http" | "https") && !host.is_empty() && !host.starts_with(':');
        let is_plain = rest.chars().all(|c| c.is_ascii_graphic() && !matches!(c, '?' | '#' | '@'));
        // What stands after the colon, unless that is one of an IPv6 address in brackets.
        let port = host.rsplit_once(':').map(|(_, port)| port).filter(|port| !port.ends_with(']'));
        let has_good_port = port.is_none_or(|port| port.parse::<u16>().is_ok_and(|port| port > 0));
        (has_host && is_plain && has_good_port).then(|| format!("{scheme}://{rest}"))
    };
    normal().ok_or_else(|| HttpError::Url(url.to_owned()))
}

/// How a body is coded. This program asks for zstd; a proxy between may ask in its own name for what it knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Coding {
    Identity,
    Gzip,
    Zstd,
}

impl Coding {
    fn of(response: &http::Response<Body>) -> Result<Self, HttpError> {
        let name = header(response, "content-encoding").unwrap_or_default().trim().to_ascii_lowercase();
        match name.as_str() {
            "" | "identity" => Ok(Self::Identity),
            "gzip" | "x-gzip" => Ok(Self::Gzip),
            "zstd" => Ok(Self::Zstd),
            _ => Err(HttpError::Garbled(name)),
        }
    }

    fn decode(self, wire: Vec<u8>) -> Result<Vec<u8>, HttpError> {
        match self {
            Self::Identity => Ok(wire),
            Self::Gzip => inflate(flate2::read::MultiGzDecoder::new(wire.as_slice())),
            Self::Zstd => decompress(&wire),
        }
    }
}

/// The host, and its port where one is given, of a whole address.
fn host_of(url: &str) -> Option<&str> {
    url.split_once("://")?.1.split(['/', '?', '#']).next()
}

fn header<'r>(response: &'r http::Response<Body>, name: &str) -> Option<&'r str> {
    response.headers().get(name)?.to_str().ok()
}

/// Tells a reply from an error, from a captive portal and from some other server. A portal shows its page, or the way to
/// it, in the place of any site, and it cannot do so where TLS proves which site answers.
fn check_head(url: &str, response: &mut http::Response<Body>) -> Result<(), HttpError> {
    let status = response.status().as_u16();
    let kind = header(response, "content-type").unwrap_or_default().to_ascii_lowercase();
    let is = |wanted: &str| kind.split(';').next().is_some_and(|kind| kind.trim() == wanted);
    if status == 200 && is(CONTENT_TYPE) {
        return Ok(());
    }
    let is_plain = url.starts_with("http://");
    if (300..400).contains(&status) {
        let to = header(response, "location").unwrap_or_default();
        let is_elsewhere = host_of(to).is_some_and(|host| Some(host) != host_of(url));
        return Err(if is_plain && is_elsewhere {
            HttpError::Portal { status }
        } else {
            HttpError::Moved(to.to_owned())
        });
    }
    if status == 511 || (is("text/html") && status < 300 && is_plain) {
        return Err(HttpError::Portal { status });
    }
    // A page with an error is what a proxy shows whose server is away, or that takes no message so large.
    if !is("application/json") {
        return Err(if status == 413 {
            HttpError::NotPassed
        } else if status >= 500 || matches!(status, 408 | 429) {
            HttpError::Unavailable { status }
        } else {
            HttpError::NotCuadrilla
        });
    }
    let retry_after_s = header(response, "retry-after").and_then(|seconds| seconds.parse().ok());
    let text = response.body_mut().with_config().limit(ERROR_BYTES_MAX).read_to_vec();
    let body = text.ok().and_then(|text| serde_json::from_slice::<ErrorBody>(&text).ok());
    match body {
        Some(ErrorBody { error: ErrorDetail { code, message, hint, last_attempt } }) if status >= 400 => {
            Err(HttpError::Refused { status, code, message, hint, retry_after_s, last_attempt })
        }
        _ if status == 413 => Err(HttpError::NotPassed),
        _ if status >= 500 => Err(HttpError::Unavailable { status }),
        _ => Err(HttpError::NotCuadrilla),
    }
}

fn read_bounded(body: &mut Body) -> Result<Vec<u8>, HttpError> {
    let promised = body.content_length();
    if promised.is_some_and(|promised| promised > MESSAGE_BYTES_MAX as u64) {
        return Err(HttpError::TooLarge);
    }
    let mut bytes = Vec::new();
    let mut reader = body.as_reader().take(MESSAGE_BYTES_MAX as u64 + 1);
    reader.read_to_end(&mut bytes).map_err(|error| HttpError::from_reading(&error))?;
    if bytes.len() > MESSAGE_BYTES_MAX {
        return Err(HttpError::TooLarge);
    }
    match promised {
        Some(promised) if promised != bytes.len() as u64 => Err(HttpError::Cut),
        _ => Ok(bytes),
    }
}

fn decompress(wire: &[u8]) -> Result<Vec<u8>, HttpError> {
    let opened = zstd::stream::read::Decoder::with_buffer(wire).and_then(|mut decoder| {
        decoder.window_log_max(ZSTD_WINDOW_LOG_MAX)?;
        Ok(decoder)
    });
    inflate(opened.map_err(|error: io::Error| HttpError::Garbled(error.to_string()))?)
}

fn inflate(decoder: impl Read) -> Result<Vec<u8>, HttpError> {
    let mut frame = Vec::new();
    decoder
        .take(MESSAGE_BYTES_MAX as u64 + 1)
        .read_to_end(&mut frame)
        .map_err(|error| HttpError::Garbled(error.to_string()))?;
    if frame.len() > MESSAGE_BYTES_MAX { Err(HttpError::TooLarge) } else { Ok(frame) }
}
