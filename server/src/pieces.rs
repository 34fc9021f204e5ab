//! Pieces: a body that is handed over piece by piece, and keeps its place until the last one is.

use std::convert::Infallible;
use std::net::IpAddr;
use std::pin::Pin;
use std::task::{Context, Poll};

use axum::body::{Body, Bytes, HttpBody};
use http_body_util::combinators::UnsyncBoxBody;
use hyper::body::{Frame, SizeHint};

use crate::config::PIECE_BYTES;
use crate::places::Turn;

/// A body in pieces. The HTTP library buffers no more than a few of them for a peer that does not read.
#[derive(Debug)]
pub struct Pieces {
    bytes: Bytes,
    _turn: Option<Turn<IpAddr>>,
}

impl Pieces {
    /// Returns a body whose place is taken until its last piece is handed over.
    pub fn body(bytes: impl Into<Bytes>, turn: Turn<IpAddr>) -> Body {
        Body::new(UnsyncBoxBody::new(Self { bytes: bytes.into(), _turn: Some(turn) }))
    }

    /// Returns a body of bytes that the program holds in any case: it takes no place.
    pub fn of_program(bytes: Bytes) -> Body {
        Body::new(UnsyncBoxBody::new(Self { bytes, _turn: None }))
    }
}

impl HttpBody for Pieces {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        let count = self.bytes.len().min(PIECE_BYTES);
        Poll::Ready((count > 0).then(|| Ok(Frame::data(self.bytes.split_to(count)))))
    }

    fn is_end_stream(&self) -> bool {
        self.bytes.is_empty()
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.bytes.len() as u64)
    }
}
