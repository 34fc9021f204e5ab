//! `HttpError`: why no usable reply came. None of these loses anything: what is unsent stays.

use std::io;

use sync_core::replica::sync::driver::Answer;

use crate::error::{CliError, exit};
use crate::text;
use crate::text::Text;

/// Why no usable reply came.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum HttpError {
    /// Not an address.
    Url(String),
    /// No connection: no signal, no such host, nobody listening.
    Link(String),
    /// Too slow.
    TimedOut,
    /// The reply ended early.
    Cut,
    /// A page where a reply should be: a network that wants a login first.
    Portal {
        /// HTTP status.
        status: u16,
    },
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
    /// The compressed body does not decompress.
    Garbled(String),
    /// The certificate is not valid for the address.
    Tls(String),
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

impl HttpError {
    pub(super) fn from_ureq(error: &ureq::Error) -> Self {
        match error {
            ureq::Error::Timeout(_) => Self::TimedOut,
            ureq::Error::Io(error) => Self::from_io(error),
            ureq::Error::Protocol(_) | ureq::Error::BodyStalled => Self::Cut,
            ureq::Error::Tls(detail) => Self::Tls((*detail).to_owned()),
            ureq::Error::Rustls(error) => Self::Tls(error.to_string()),
            ureq::Error::BadUri(url) => Self::Url(url.clone()),
            ureq::Error::LargeResponseHeader(..) => Self::TooLarge,
            other => Self::Link(other.to_string()),
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
        match error.kind() {
            TimedOut => Self::TimedOut,
            UnexpectedEof | ConnectionReset | ConnectionAborted | BrokenPipe => Self::Cut,
            InvalidData => Self::Tls(error.to_string()),
            _ => Self::Link(error.to_string()),
        }
    }

    /// What this is to the sync driver.
    pub fn to_answer(&self) -> Answer {
        match self {
            Self::TimedOut | Self::Cut => Answer::Cut,
            Self::Link(_) | Self::Unavailable { .. } => Answer::Unreachable,
            Self::Refused { status: 429, retry_after_s: Some(seconds), .. } => {
                Answer::Busy { retry_after_s: Some(*seconds) }
            }
            Self::Refused { code, .. } if code == "too_large" => Answer::TooLarge,
            Self::Refused { code, last_attempt, .. } => {
                Answer::Refused { code: code.clone(), last_attempt: *last_attempt }
            }
            _ => Answer::Foreign,
        }
    }

    /// The error for a person; `kept` says what is safe.
    pub fn into_cli(self, kept: &Text) -> CliError {
        let (es, en) = (&kept.es, &kept.en);
        let (code, message) = self.message();
        match self {
            Self::Refused { status, code, message, hint, .. } => {
                refused(status, &code, &message, &hint, kept)
            }
            Self::Url(_) => CliError::usage(
                message,
                text!(
                    "escríbala así: https://servidor.example:8443",
                    "write it like https://server.example:8443"
                ),
            ),
            Self::Portal { .. } => CliError::new(
                exit::CONNECTION,
                code,
                message,
                text!(
                    "abra el navegador, acepte o inicie sesión en esa red y repita; {es}",
                    "open the browser, accept or log in to that network and repeat; {en}"
                ),
            ),
            Self::NotCuadrilla | Self::Missing(_) | Self::Tls(_) | Self::TooLarge => CliError::new(
                exit::CONNECTION,
                code,
                message,
                text!(
                    "revise la dirección con quien administra, o cambie de red; {es}",
                    "check the address with the administrator, or change network; {en}"
                ),
            ),
            _ => CliError::new(
                exit::CONNECTION,
                code,
                message,
                text!("repita cuando haya mejor señal; {es}", "repeat when the signal is better; {en}"),
            ),
        }
    }

    fn message(&self) -> (&'static str, Text) {
        match self {
            Self::Url(url) => ("bad_url", text!("no es una dirección: {url}", "not an address: {url}")),
            Self::Link(detail) => (
                "no_connection",
                text!("sin conexión con el servidor ({detail})", "no connection to the server ({detail})"),
            ),
            Self::TimedOut => {
                ("timed_out", text!("el servidor no contestó a tiempo", "the server did not answer in time"))
            }
            Self::Cut => (
                "cut_reply",
                text!("la conexión se cortó a media respuesta", "the connection was cut in mid-reply"),
            ),
            Self::Portal { status } => (
                "captive_portal",
                text!(
                    "contestó una página web y no el servidor (HTTP {status}): la red pide iniciar sesión",
                    "a web page answered, not the server (HTTP {status}): the network wants a login"
                ),
            ),
            Self::NotCuadrilla => (
                "not_cuadrilla",
                text!(
                    "lo que contestó no es un servidor de Cuadrilla",
                    "what answered is no Cuadrilla server"
                ),
            ),
            Self::Unavailable { status } => (
                "server_unavailable",
                text!(
                    "el servidor no puede atender ahora (HTTP {status})",
                    "the server cannot answer now (HTTP {status})"
                ),
            ),
            Self::Missing(path) => {
                ("not_there", text!("el servidor no tiene {path}", "the server does not have {path}"))
            }
            Self::TooLarge => (
                "reply_too_large",
                text!("la respuesta es más grande de lo posible", "the reply is larger than can be"),
            ),
            Self::Garbled(detail) => (
                "garbled_reply",
                text!("la respuesta llegó ilegible ({detail})", "the reply arrived unreadable ({detail})"),
            ),
            Self::Tls(detail) => (
                "tls",
                text!(
                    "no hay conexión segura con el servidor ({detail})",
                    "no secure connection to the server ({detail})"
                ),
            ),
            Self::Refused { message, .. } => ("refused", Text::same(message.clone())),
        }
    }
}

/// What a server's refusal means for a person. An overloaded server is a matter of waiting, as no connection is.
fn refused(status: u16, code: &str, message: &str, hint: &str, kept: &Text) -> CliError {
    let (es, en) = (&kept.es, &kept.en);
    let exit = match status {
        429 | 500.. => exit::CONNECTION,
        _ if matches!(code, "bad_signature" | "bad_chain") => exit::INTEGRITY,
        401 | 403 | 409 => exit::RULE,
        _ => exit::OTHER,
    };
    let spanish = spanish_refusal(code).unwrap_or(message);
    CliError::new(
        exit,
        code,
        text!("el servidor no aceptó: {spanish}", "the server refused: {message}"),
        text!("{hint}; {es}", "{hint}; {en}"),
    )
}

fn spanish_refusal(code: &str) -> Option<&'static str> {
    let text = match code {
        "bad_signature" => "la firma no corresponde a la llave de este equipo",
        "unknown_device" => "el servidor no conoce este equipo",
        "revoked" => "este equipo fue dado de baja",
        "code_unknown" => "el código no existe",
        "code_used" => "el código ya se usó",
        "code_expired" => "el código venció",
        "device_taken" => "ya hay un equipo con ese identificador",
        "other_municipality" => "el servidor es de otro municipio",
        "replayed" => "ese intento ya se había contestado",
        "gap" => "al servidor le faltan hechos anteriores de este equipo",
        "unknown_reference" => "el servidor no conoce algo en lo que esto se apoya",
        "bad_chain" => "los hechos no forman una cadena",
        "unknown_version" => "el servidor es de otra versión",
        "malformed" => "el mensaje no se entiende",
        "too_large" => "el mensaje es demasiado grande",
        "too_many" => "hubo demasiados intentos de registro; espere un poco",
        "budget" => "este equipo pidió más trabajo del que le toca por ahora",
        "internal" => "el servidor tuvo un problema",
        _ => return None,
    };
    Some(text)
}
