//! Problem: what an HTTP request ends with when it does not end well. The one place that maps errors to statuses.

use axum::Json;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use engine::committer::Refusal;
use serde_json::json;
use sync_core::hub::{HubError, RequestError};
use sync_core::rows::RowsError;

/// For what a person has to mend: longer than any exchange waits.
const BROKEN_RETRY_AFTER_S: u32 = 300;

/// Why a request was not done. Causes inside the server are logged, never sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// HTTP status.
    pub status: StatusCode,
    /// A stable word.
    pub code: &'static str,
    /// What happened.
    pub message: String,
    /// What to do next.
    pub hint: String,
    /// When to come back, in seconds.
    pub retry_after_s: Option<u32>,
    /// The last attempt number of the device, for one whose own is too low.
    pub last_attempt: Option<u64>,
}

impl Problem {
    /// One that the sender has to correct.
    pub fn refused(status: StatusCode, code: &'static str, message: &str, hint: &str) -> Self {
        Self {
            status,
            code,
            message: message.into(),
            hint: hint.into(),
            retry_after_s: None,
            last_attempt: None,
        }
    }

    /// One that passes.
    pub fn later(code: &'static str, message: &str) -> Self {
        Self {
            status: StatusCode::SERVICE_UNAVAILABLE,
            code,
            message: message.into(),
            hint: "Try again later; what was not acknowledged stays on the device.".into(),
            retry_after_s: Some(2),
            last_attempt: None,
        }
    }

    /// More than one's share, status 429: come back in so many seconds.
    pub fn wait(code: &'static str, message: &str, seconds: u32) -> Self {
        Self {
            status: StatusCode::TOO_MANY_REQUESTS,
            retry_after_s: Some(seconds),
            ..Self::later(code, message)
        }
    }

    /// Too many requests at once.
    pub fn busy() -> Self {
        Self::later("busy", "the server has as much to do as it can")
    }

    /// The store does not do its work, and opening it again did not help.
    pub fn broken(self) -> Self {
        Self {
            hint: "Nothing is lost: it stays on the device. The office must look after the server.".into(),
            retry_after_s: Some(BROKEN_RETRY_AFTER_S),
            ..self
        }
    }

    /// It is being stopped.
    pub fn stopping() -> Self {
        Self::later("stopping", "the server is being stopped")
    }

    /// No space: status 507.
    pub fn disk_full() -> Self {
        Self {
            status: StatusCode::INSUFFICIENT_STORAGE,
            code: "disk_full",
            message: "the server has no space left to keep this".into(),
            hint: "Nothing is lost: it stays on the device. The office must free space on the server.".into(),
            retry_after_s: Some(60),
            last_attempt: None,
        }
    }

    /// A fault of ours, already logged.
    pub fn internal() -> Self {
        Self {
            status: StatusCode::INTERNAL_SERVER_ERROR,
            code: "internal",
            message: "the server failed at this request".into(),
            hint: "Its log says why. What was not acknowledged stays on the device.".into(),
            retry_after_s: None,
            last_attempt: None,
        }
    }

    /// Too long, before or after decompression.
    pub fn too_large(bytes_max: usize) -> Self {
        Self::refused(
            StatusCode::PAYLOAD_TOO_LARGE,
            "too_large",
            &format!("the message is longer than {bytes_max} bytes"),
            "Send it in smaller messages.",
        )
    }

    /// The index does not read: it is being opened again, or will be once the writer meets it.
    fn unread(error: &dyn std::fmt::Display) -> Self {
        tracing::error!(%error, "the index could not be read");
        Self::later("index", "the server's index cannot be read at the moment").broken()
    }

    /// Logs a fault of ours and hides it.
    pub fn logged(what: &str, error: &dyn std::fmt::Display) -> Self {
        tracing::error!(%error, "{what}");
        Self::internal()
    }
}

impl From<Refusal> for Problem {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::Full => Self::disk_full(),
            Refusal::NotDurable => Self::later("not_durable", "the server could not keep this safely"),
            Refusal::Hub(error) => error.into(),
            Refusal::Panicked(_) => Self::logged("a request panicked at the writer", &refusal),
        }
    }
}

/// The status for a refusal of the hub, by its stable word.
fn status_of(code: &str) -> StatusCode {
    match code {
        "bad_signature" | "unknown_device" => StatusCode::UNAUTHORIZED,
        "code_unknown"
        | "code_used"
        | "code_expired"
        | "no_predecessor"
        | "predecessor_revoked"
        | "too_many_successors"
        | "device_key" => StatusCode::FORBIDDEN,
        "other_municipality" | "device_taken" | "gap" | "replayed" | "unknown_reference" => {
            StatusCode::CONFLICT
        }
        "too_large" => StatusCode::PAYLOAD_TOO_LARGE,
        "internal" => StatusCode::INTERNAL_SERVER_ERROR,
        _ => StatusCode::BAD_REQUEST,
    }
}

impl From<RequestError> for Problem {
    fn from(error: RequestError) -> Self {
        let status = status_of(error.code());
        if status.is_server_error() {
            return Self::unread(&error);
        }
        let last_attempt = match &error {
            RequestError::Replayed { last, .. } => Some(*last),
            _ => None,
        };
        Self {
            status,
            code: error.code(),
            message: error.to_string(),
            hint: error.hint().into(),
            retry_after_s: None,
            last_attempt,
        }
    }
}

impl From<HubError> for Problem {
    fn from(error: HubError) -> Self {
        match error {
            HubError::Rows(error) => Self::unread(&error),
            HubError::Enrol(error) => RequestError::Enrol(error).into(),
            HubError::Replayed { attempt, last } => RequestError::Replayed { attempt, last }.into(),
            other => Self::logged("the office failed", &other),
        }
    }
}

impl From<RowsError> for Problem {
    fn from(error: RowsError) -> Self {
        Self::unread(&error)
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let mut error = json!({"code": self.code, "message": self.message, "hint": self.hint});
        if let Some(last) = self.last_attempt {
            error["last_attempt"] = json!(last);
        }
        let body = json!({"error": error});
        let mut response = (self.status, Json(body)).into_response();
        if let Some(seconds) = self.retry_after_s {
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        response
    }
}
