//! Http: messages over a link, and what may go wrong with them. Nothing is retried here.

use std::net::SocketAddr;
use std::time::Duration;

use http_body_util::{BodyExt as _, Full, Limited};
use hyper::body::Bytes;
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper::{Request, Response, header};
use hyper_util::rt::TokioIo;
use serde_json::Value;

use super::link::{Poor, connect};

/// What messages are declared as.
const CONTENT_TYPE: &str = "application/vnd.cuadrilla.v1";
/// The header that carries the ticket of an earlier reply.
const TICKET_HEADER: &str = "cuadrilla-ticket";
/// How long one message may take, as long as a device waits.
const PATIENCE: Duration = Duration::from_secs(120);
const BODY_BYTES_MAX: usize = 8 * 1024 * 1024;

/// Why a message was not answered.
#[derive(Debug, Clone)]
pub(crate) enum Trouble {
    /// The link: which step failed.
    Link(&'static str),
    /// The server said no.
    Refused {
        /// Status.
        status: u16,
        /// The stable word.
        code: String,
        /// How long to wait, in seconds.
        retry_after_s: Option<u64>,
        /// The attempt number the server has, where it says so.
        last_attempt: Option<u64>,
    },
}

impl Trouble {
    /// What it is counted under.
    pub(crate) fn kind(&self) -> String {
        match self {
            Self::Link(step) => format!("link: {step}"),
            Self::Refused { status, code, .. } => format!("{status} {code}"),
        }
    }
}

/// An answer, and what it cost in bytes of body on the wire.
pub(crate) struct Reply {
    /// The frame.
    pub(crate) frame: Vec<u8>,
    /// Bytes up.
    pub(crate) up: u64,
    /// Bytes down.
    pub(crate) down: u64,
}

/// An open connection that carries one message at a time.
pub(crate) struct Wire {
    sender: SendRequest<Full<Bytes>>,
    host: String,
    level: i32,
}

impl Wire {
    /// Opens one; messages are compressed at zstd level `level`.
    pub(crate) async fn open(address: SocketAddr, poor: Option<Poor>, level: i32) -> Result<Self, Trouble> {
        let stream = connect(address, poor).await.map_err(|_| Trouble::Link("connect"))?;
        let shaken = handshake(TokioIo::new(stream)).await;
        let (sender, connection) = shaken.map_err(|_| Trouble::Link("connect"))?;
        tokio::spawn(async move {
            // How it ends shows at the request that was under way.
            let _ = connection.await;
        });
        Ok(Self { sender, host: address.to_string(), level })
    }

    /// Sends one message and reads its answer whole.
    pub(crate) async fn post(
        &mut self,
        path: &str,
        frame: &[u8],
        ticket: Option<&str>,
    ) -> Result<Reply, Trouble> {
        let body = zstd::bulk::compress(frame, self.level).map_err(|_| Trouble::Link("compress"))?;
        let up = body.len() as u64;
        let request = Request::post(path)
            .header(header::HOST, &self.host)
            .header(header::CONTENT_TYPE, CONTENT_TYPE)
            .header(header::CONTENT_ENCODING, "zstd")
            .header(header::ACCEPT_ENCODING, "zstd");
        let request = match ticket {
            Some(ticket) => request.header(TICKET_HEADER, ticket),
            None => request,
        };
        let request = request.body(Full::new(Bytes::from(body))).map_err(|_| Trouble::Link("request"))?;
        let (response, body) = self.send(request).await?;
        if response.status() != 200 {
            return Err(refusal(&response, &body));
        }
        let is = |name: header::HeaderName, value: &str| {
            response.headers().get(name).is_some_and(|found| found == value)
        };
        if !is(header::CONTENT_TYPE, CONTENT_TYPE) {
            return Err(Trouble::Link("foreign answer"));
        }
        let down = body.len() as u64;
        let frame = if is(header::CONTENT_ENCODING, "zstd") {
            zstd::bulk::decompress(&body, BODY_BYTES_MAX).map_err(|_| Trouble::Link("garbled answer"))?
        } else {
            body.to_vec()
        };
        Ok(Reply { frame, up, down })
    }

    /// Reads a text.
    pub(crate) async fn get(&mut self, path: &str) -> Result<String, Trouble> {
        let request = Request::get(path)
            .header(header::HOST, &self.host)
            .body(Full::default())
            .map_err(|_| Trouble::Link("request"))?;
        let (response, body) = self.send(request).await?;
        if response.status() != 200 {
            return Err(refusal(&response, &body));
        }
        Ok(String::from_utf8_lossy(&body).into_owned())
    }

    async fn send(&mut self, request: Request<Full<Bytes>>) -> Result<(Response<()>, Bytes), Trouble> {
        let exchange = async {
            // Of a connection whose last answer was just read, the library says only now that it is free.
            self.sender.ready().await.map_err(|_| Trouble::Link("closed meanwhile"))?;
            let sent = self.sender.send_request(request).await;
            let (parts, body) = sent.map_err(|_| Trouble::Link("cut before the answer"))?.into_parts();
            let read = Limited::new(body, BODY_BYTES_MAX).collect().await;
            let bytes = read.map_err(|_| Trouble::Link("cut in the answer"))?.to_bytes();
            Ok((Response::from_parts(parts, ()), bytes))
        };
        tokio::time::timeout(PATIENCE, exchange).await.unwrap_or(Err(Trouble::Link("out of patience")))
    }
}

fn refusal(response: &Response<()>, body: &Bytes) -> Trouble {
    let said: Value = serde_json::from_slice(body).unwrap_or_default();
    let retry_after = response.headers().get(header::RETRY_AFTER);
    Trouble::Refused {
        status: response.status().as_u16(),
        code: said["error"]["code"].as_str().unwrap_or("no code").to_owned(),
        retry_after_s: retry_after.and_then(|seconds| seconds.to_str().ok()?.parse().ok()),
        last_attempt: said["error"]["last_attempt"].as_u64(),
    }
}
