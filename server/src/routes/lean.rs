//! Lean: `GET /v1/events` as the first request of a connection, without the HTTP library's buffers.
//!
//! An idle listener then costs a socket, its scopes and two timers: some 3 KB instead of 12. Anything that is not
//! exactly this request, whole in the first packet, is left unread for the library.

use std::io;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::response::IntoResponse as _;
use http_body_util::BodyExt as _;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::TcpStream;

use super::events::Listener;
use crate::alarm::Alarm;
use crate::app_state::AppState;
use crate::browser;
use crate::config::LISTENER_HEAD_BYTES_MAX;
use crate::peer::Caller;
use crate::problem::Problem;

const START: &[u8] = b"GET /v1/events?ticket=";
const ROUTE: &str = "/v1/events";
const OK: &[u8] = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ncache-control: no-store\r\n\
    x-content-type-options: nosniff\r\nconnection: close\r\n\r\n";

/// A connection, plain or secure.
pub trait Duplex: AsyncRead + AsyncWrite + Unpin + Send {}

impl<S: AsyncRead + AsyncWrite + Unpin + Send> Duplex for S {}

/// The ticket if the connection starts with this request; its head is then read off the stream.
///
/// # Errors
/// If the peer sends nothing in time, or goes away.
pub async fn take_head(stream: &mut TcpStream, timeout: Duration) -> io::Result<Option<String>> {
    let mut head = vec![0; LISTENER_HEAD_BYTES_MAX];
    let peeked = tokio::time::timeout(timeout, stream.peek(&mut head)).await??;
    head.truncate(peeked);
    let Some((ticket, head_bytes)) = parse(&head) else { return Ok(None) };
    head.truncate(head_bytes);
    stream.read_exact(&mut head).await?;
    Ok(Some(ticket))
}

/// As [`take_head`], for a stream that cannot be looked into: what was read and is not this request comes back.
///
/// # Errors
/// As [`take_head`].
pub async fn read_head<S: AsyncRead + Unpin>(
    stream: &mut S,
    timeout: Duration,
) -> io::Result<(Option<String>, Vec<u8>)> {
    let mut head = vec![0; LISTENER_HEAD_BYTES_MAX];
    let count = tokio::time::timeout(timeout, stream.read(&mut head)).await??;
    head.truncate(count);
    match parse(&head) {
        Some((ticket, head_bytes)) if head_bytes == count => Ok((Some(ticket), Vec::new())),
        _ => Ok((None, head)),
    }
}

/// The ticket and the length of a head that is all there.
fn parse(head: &[u8]) -> Option<(String, usize)> {
    let rest = head.strip_prefix(START)?;
    let end = head.windows(4).position(|four| four == b"\r\n\r\n")? + 4;
    let ticket = rest.split(|byte| *byte == b' ').next()?;
    let after = rest.get(ticket.len()..)?;
    if !after.starts_with(b" HTTP/1.1\r\n") {
        return None;
    }
    Some((String::from_utf8_lossy(ticket).into_owned(), end))
}

/// Lets in the device of that ticket as a listener.
///
/// # Errors
/// As [`Listener::new`].
pub async fn admit(app: &Arc<AppState>, ticket: &str, caller: &Caller) -> Result<Listener, Problem> {
    let listener = Listener::new(app, Some(ticket), caller).await;
    let status = listener.as_ref().map_or_else(|problem| problem.status.as_u16(), |_| 200);
    app.metrics.request(ROUTE, status);
    match &listener {
        Ok(listener) => {
            let device = listener.device();
            tracing::info!(method = "GET", route = ROUTE, status, device, "request");
        }
        Err(_) => tracing::debug!(method = "GET", route = ROUTE, status, "request"),
    }
    listener
}

/// Tells a peer why it may not listen.
///
/// # Errors
/// If the peer goes away, or does not read what it is told.
pub async fn refuse<S: Duplex>(mut stream: S, problem: Problem, app: Arc<AppState>) -> io::Result<()> {
    let words = refusal(problem).await;
    let write = async {
        stream.write_all(&words).await?;
        stream.shutdown().await
    };
    tokio::time::timeout(Duration::from_millis(app.config.write_timeout_ms), write).await?
}

/// Speaks to a listening device until it goes away, or the stream has to end.
///
/// # Errors
/// If the peer goes away, or does not read what it is told.
pub async fn speak<S: Duplex>(
    stream: S,
    listener: Listener,
    app: Arc<AppState>,
    home: IpAddr,
) -> io::Result<()> {
    let most = Duration::from_millis(app.config.write_timeout_ms);
    let spoken = tell(stream, listener, most).await;
    if spoken.as_ref().is_err_and(|error| error.kind() == io::ErrorKind::TimedOut) {
        app.metrics.alarms.raise(Alarm::NeverReads, Some(home));
    }
    spoken
}

async fn tell<S: Duplex>(mut stream: S, mut listener: Listener, most: Duration) -> io::Result<()> {
    let mut said: Option<&'static [u8]> = Some(OK);
    while let Some(words) = said {
        let write = async {
            stream.write_all(words).await?;
            stream.flush().await
        };
        tokio::time::timeout(most, write).await??;
        let mut ignored = [0; 16];
        said = loop {
            tokio::select! {
                next = listener.next() => break next,
                read = stream.read(&mut ignored) => if read? == 0 { return Ok(()) },
            }
        };
    }
    stream.shutdown().await
}

/// A problem as a whole HTTP answer.
async fn refusal(problem: Problem) -> Vec<u8> {
    let (mut parts, body) = problem.into_response().into_parts();
    browser::guard_bare(&mut parts.headers);
    let body = body.collect().await.map(|body| body.to_bytes()).unwrap_or_default();
    let mut answer =
        format!("HTTP/1.1 {}\r\nconnection: close\r\ncontent-length: {}\r\n", parts.status, body.len());
    for (name, value) in parts.headers.iter().filter(|(name, _)| *name != "content-length") {
        answer.push_str(&format!("{name}: {}\r\n", value.to_str().unwrap_or_default()));
    }
    answer.push_str("\r\n");
    [answer.into_bytes(), body.to_vec()].concat()
}

#[cfg(test)]
mod tests {
    use super::parse;

    #[test]
    fn only_the_whole_request_is_taken() {
        let head = b"GET /v1/events?ticket=0101 HTTP/1.1\r\nhost: x\r\n\r\nGET";
        assert_eq!(parse(head), Some(("0101".into(), head.len() - 3)));
        for other in [
            &b"GET /v1/events?ticket=0101 HTTP/1.1\r\nhost: x\r\n"[..],
            b"GET /v1/events?ticket=0101 HTTP/1.0\r\n\r\n",
            b"GET /v1/events?ticket=0101\r\n\r\n",
            b"POST /v1/sync HTTP/1.1\r\n\r\n",
            b"",
        ] {
            assert_eq!(parse(other), None);
        }
    }
}
