//! `HttpError`: why no usable reply came. None of these loses anything: what is unsent stays.

use std::io;

use sync_core::replica::sync::driver::Answer;

use crate::error::{CliError, exit};
use words::Text;
use words::say;

/// Why no usable reply came.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum HttpError {
    /// Not an address.
    Url(String),
    /// An address to which everything would go readable for everybody on the way.
    Readable(String),
    /// No connection: no signal, no such host, nobody listening.
    Link(LinkTrouble),
    /// Too slow.
    TimedOut,
    /// The reply ended early.
    Cut,
    /// A page where a reply should be: a network that wants a login first.
    Portal {
        /// HTTP status.
        status: u16,
    },
    /// The site asks for another address of its own.
    Moved(String),
    /// Something answered that is no Cuadrilla server.
    NotCuadrilla,
    /// The server, or what stands before it, cannot answer now.
    Unavailable {
        /// HTTP status.
        status: u16,
    },
    /// There is no such file there.
    Missing(String),
    /// Larger than any genuine reply.
    TooLarge,
    /// What stands before the server takes no message of this size.
    NotPassed,
    /// The compressed body does not decompress.
    Garbled(String),
    /// No connection that the certificate makes safe.
    Tls(TlsTrouble),
    /// The server said no, and why.
    Refused {
        /// HTTP status.
        status: u16,
        /// A stable word.
        code: String,
        /// What it said.
        message: String,
        /// What it advises.
        hint: String,
        /// When to come back, in seconds, if it said so.
        retry_after_s: Option<u64>,
        /// The last attempt number it has of this device, if it said so.
        last_attempt: Option<u64>,
    },
}

/// What kept a connection from being made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LinkTrouble {
    /// Nothing listens at that address.
    Refused,
    /// No such name.
    NoSuchName,
    /// No network leads there.
    NoNetwork,
    /// Anything else.
    Other,
}

impl LinkTrouble {
    fn of(error: &io::Error) -> Self {
        use io::ErrorKind::{ConnectionRefused, HostUnreachable, NetworkDown, NetworkUnreachable};
        match error.kind() {
            ConnectionRefused => Self::Refused,
            HostUnreachable | NetworkDown | NetworkUnreachable => Self::NoNetwork,
            _ if error.to_string().contains("lookup address") => Self::NoSuchName,
            _ => Self::Other,
        }
    }

    fn words(self) -> Text {
        match self {
            Self::Refused => say!("link-refused"),
            Self::NoSuchName => say!("link-no-such-name"),
            Self::NoNetwork => say!("link-no-network"),
            Self::Other => say!("link-other"),
        }
    }
}

/// Why TLS failed, as far as it makes a difference to what a person does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TlsTrouble {
    /// The certificate is of another time than this device's clock: not valid yet, or no longer.
    Time,
    /// The certificate is of another name.
    Name,
    /// No authority that this device knows vouches for it.
    Issuer,
    /// The server shows the certificate of an authority as its own.
    Authority,
    /// The file of the authority holds no certificate.
    NoAuthority,
    /// Anything else.
    Other,
}

impl TlsTrouble {
    fn of(error: &rustls::Error) -> Self {
        use rustls::CertificateError::{
            BadSignature, Expired, ExpiredContext, NotValidForName, NotValidForNameContext, NotValidYet,
            NotValidYetContext, UnknownIssuer, UnsupportedSignatureAlgorithmContext,
            UnsupportedSignatureAlgorithmForPublicKeyContext,
        };
        match error {
            rustls::Error::InvalidCertificate(certificate) => match certificate {
                Expired | ExpiredContext { .. } | NotValidYet | NotValidYetContext { .. } => Self::Time,
                NotValidForName | NotValidForNameContext { .. } => Self::Name,
                // An authority of that name is known, and it is another one: its key did not sign this. So it is with a
                // certificate that signed itself and was made again under the same name.
                UnknownIssuer
                | BadSignature
                | UnsupportedSignatureAlgorithmContext { .. }
                | UnsupportedSignatureAlgorithmForPublicKeyContext { .. } => Self::Issuer,
                // webpki's own word, which rustls passes on as it is.
                other if format!("{other:?}").contains("CaUsedAsEndEntity") => Self::Authority,
                _ => Self::Other,
            },
            _ => Self::Other,
        }
    }

    fn message(self) -> Text {
        match self {
            Self::Time => say!("tls-time", today = today()),
            Self::Name => say!("tls-name"),
            Self::Issuer => say!("tls-issuer"),
            Self::Authority => say!("tls-authority"),
            Self::NoAuthority => say!("tls-no-authority"),
            Self::Other => say!("tls-other"),
        }
    }

    fn hint(self, kept: &Text) -> Text {
        match self {
            Self::Time => say!("tls-time-hint", kept),
            Self::Name => say!("tls-name-hint", kept),
            Self::Issuer | Self::NoAuthority => say!("tls-issuer-hint", kept),
            Self::Authority => say!("tls-authority-hint", kept),
            Self::Other => say!("http-other-server-hint", kept),
        }
    }
}

/// The date and time that this device's clock shows, which TLS goes by.
fn today() -> String {
    jiff::Zoned::now().strftime("%Y-%m-%d %H:%M").to_string()
}

impl HttpError {
    pub(super) fn from_ureq(error: &ureq::Error) -> Self {
        match error {
            ureq::Error::Timeout(_) => Self::TimedOut,
            ureq::Error::Io(error) => Self::from_io(error),
            ureq::Error::Protocol(_) | ureq::Error::BodyStalled => Self::Cut,
            ureq::Error::Tls(_) => Self::Tls(TlsTrouble::Other),
            ureq::Error::Rustls(error) => Self::Tls(TlsTrouble::of(error)),
            ureq::Error::HostNotFound => Self::Link(LinkTrouble::NoSuchName),
            ureq::Error::BadUri(url) => Self::Url(url.clone()),
            ureq::Error::LargeResponseHeader(..) => Self::TooLarge,
            _ => Self::Link(LinkTrouble::Other),
        }
    }

    /// An error while the body is read, with ureq's own error inside where it made one.
    pub(super) fn from_reading(error: &io::Error) -> Self {
        match error.get_ref().and_then(|inner| inner.downcast_ref::<ureq::Error>()) {
            Some(inner) => Self::from_ureq(inner),
            None => Self::from_io(error),
        }
    }

    fn from_io(error: &io::Error) -> Self {
        use io::ErrorKind::{
            BrokenPipe, ConnectionAborted, ConnectionReset, InvalidData, TimedOut, UnexpectedEof,
        };
        if let Some(tls) = error.get_ref().and_then(|inner| inner.downcast_ref::<rustls::Error>()) {
            return Self::Tls(TlsTrouble::of(tls));
        }
        match error.kind() {
            TimedOut => Self::TimedOut,
            UnexpectedEof | ConnectionReset | ConnectionAborted | BrokenPipe => Self::Cut,
            InvalidData => Self::Tls(TlsTrouble::Other),
            _ => Self::Link(LinkTrouble::of(error)),
        }
    }

    /// What this is to the sync driver.
    pub fn to_answer(&self) -> Answer {
        match self {
            Self::TimedOut | Self::Cut => Answer::Cut,
            Self::Link(_) | Self::Unavailable { .. } => Answer::Unreachable,
            // More than this device's share, or more than the server can do now: it says when to come back.
            Self::Refused { status: 429 | 503, retry_after_s: Some(seconds), .. } => {
                Answer::Busy { retry_after_s: Some(*seconds) }
            }
            // The message arrived too slowly: a smaller one may get through.
            Self::Refused { status: 408, .. } => Answer::Cut,
            Self::NotPassed => Answer::TooLarge,
            Self::Refused { code, .. } if code == "too_large" => Answer::TooLarge,
            Self::Refused { code, last_attempt, .. } => {
                Answer::Refused { code: code.clone(), last_attempt: *last_attempt }
            }
            _ => Answer::Foreign,
        }
    }

    /// The error for a person; `kept` says what is safe.
    pub fn into_cli(self, kept: &Text) -> CliError {
        let (code, message) = self.message();
        match self {
            Self::Refused { status, code, message, hint, .. } => {
                refused(status, &code, &message, &hint, kept)
            }
            Self::Url(_) => CliError::usage(message, say!("http-bad-url-hint")),
            Self::Readable(_) => CliError::usage(message, say!("http-readable-hint")),
            Self::Portal { .. } => {
                CliError::new(exit::CONNECTION, code, message, say!("http-portal-hint", kept))
            }
            Self::Tls(trouble) => CliError::new(exit::CONNECTION, code, message, trouble.hint(kept)),
            Self::NotPassed => {
                CliError::new(exit::CONNECTION, code, message, say!("http-not-passed-hint", kept))
            }
            Self::Unavailable { .. } => {
                CliError::new(exit::CONNECTION, code, message, say!("http-unavailable-hint", kept))
            }
            Self::NotCuadrilla | Self::Missing(_) | Self::Moved(_) | Self::TooLarge => {
                CliError::new(exit::CONNECTION, code, message, say!("http-other-server-hint", kept))
            }
            _ => CliError::new(exit::CONNECTION, code, message, say!("http-link-hint", kept)),
        }
    }

    fn message(&self) -> (&'static str, Text) {
        match self {
            Self::Url(url) => ("bad_url", say!("http-bad-url", url)),
            Self::Readable(url) => ("plain_http", say!("http-readable", url)),
            Self::Link(trouble) => ("no_connection", say!("http-no-connection", detail = trouble.words())),
            Self::TimedOut => ("timed_out", say!("http-timed-out")),
            Self::Cut => ("cut_reply", say!("http-cut")),
            Self::Portal { status } => ("captive_portal", say!("http-portal", status)),
            Self::Moved(to) => ("moved", say!("http-moved", to)),
            Self::NotCuadrilla => ("not_cuadrilla", say!("http-not-cuadrilla")),
            Self::Unavailable { status } => ("server_unavailable", say!("http-unavailable", status)),
            Self::Missing(path) => ("not_there", say!("http-missing", path)),
            Self::TooLarge => ("reply_too_large", say!("http-too-large")),
            Self::NotPassed => ("message_too_large", say!("http-not-passed")),
            Self::Garbled(_) => ("garbled_reply", say!("http-garbled")),
            Self::Tls(trouble) => ("tls", trouble.message()),
            Self::Refused { message, .. } => ("refused", Text::same(message.clone())),
        }
    }
}

/// What a server's refusal means for a person. An overloaded server is a matter of waiting, as no connection is.
fn refused(status: u16, code: &str, message: &str, hint: &str, kept: &Text) -> CliError {
    let exit = match status {
        429 | 500.. => exit::CONNECTION,
        _ if matches!(code, "bad_signature" | "bad_chain" | "other_server") => exit::INTEGRITY,
        401 | 403 | 409 => exit::RULE,
        _ => exit::OTHER,
    };
    let why = refusal(code).unwrap_or_else(|| Text::same(message));
    CliError::new(
        exit,
        code,
        say!("http-refused", why),
        say!("http-refused-hint", hint = refusal_hint(code, hint), kept),
    )
}

/// What a server's code means. `None` for a code that this program does not know: the server's own words stand then.
fn refusal(code: &str) -> Option<Text> {
    Some(match code {
        "bad_signature" => say!("refusal-bad-signature"),
        "unknown_device" => say!("refusal-unknown-device"),
        "revoked" => say!("refusal-revoked"),
        "code_unknown" => say!("refusal-code-unknown"),
        "code_used" => say!("refusal-code-used"),
        "code_expired" => say!("refusal-code-expired"),
        "device_taken" => say!("refusal-device-taken"),
        "device_key" => say!("refusal-device-key"),
        "other_municipality" => say!("refusal-other-municipality"),
        "other_server" => say!("refusal-other-server"),
        "replayed" => say!("refusal-replayed"),
        "gap" => say!("refusal-gap"),
        "unknown_reference" => say!("refusal-unknown-reference"),
        "bad_chain" => say!("refusal-bad-chain"),
        "no_predecessor" => say!("refusal-no-predecessor"),
        "predecessor_revoked" => say!("refusal-predecessor-revoked"),
        "too_many_successors" => say!("refusal-too-many-successors"),
        "disk_full" => say!("refusal-disk-full"),
        "unknown_version" => say!("refusal-unknown-version"),
        "malformed" => say!("refusal-malformed"),
        "too_large" => say!("refusal-too-large"),
        "too_many" => say!("refusal-too-many"),
        "too_many_reads" => say!("refusal-too-many-reads"),
        "budget" => say!("refusal-budget"),
        "device_busy" => say!("refusal-device-busy"),
        "streams" => say!("refusal-streams"),
        "ticket" => say!("refusal-ticket"),
        "busy" | "no_room" | "too_slow" => say!("refusal-busy"),
        "stopping" => say!("refusal-stopping"),
        "store" | "index" | "not_durable" => say!("refusal-not-durable"),
        "internal" => say!("refusal-internal"),
        _ => return None,
    })
}

/// What to do about it. The server's own advice stands where this program does not know the code.
fn refusal_hint(code: &str, advice: &str) -> Text {
    match code {
        "code_unknown" => say!("refusal-hint-check-code"),
        "code_used" | "code_expired" | "no_predecessor" | "predecessor_revoked" | "too_many_successors" => {
            say!("refusal-hint-new-code")
        }
        "bad_signature" | "unknown_device" | "revoked" => say!("refusal-hint-enrol"),
        "other_municipality" | "other_server" => say!("refusal-hint-address"),
        "gap" | "replayed" | "unknown_reference" | "ticket" => say!("refusal-hint-send-again"),
        "too_many" | "too_many_reads" | "budget" | "device_busy" | "streams" | "disk_full" | "internal"
        | "busy" | "no_room" | "too_slow" | "stopping" => say!("refusal-hint-later"),
        "store" | "index" | "not_durable" => say!("refusal-hint-tell"),
        "unknown_version" => say!("refusal-hint-update"),
        "bad_chain" | "malformed" | "too_large" | "device_taken" | "device_key" => say!("refusal-hint-tell"),
        _ => Text::same(advice),
    }
}
