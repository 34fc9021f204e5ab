//! Stream: a device that listens for news, with as little of its own memory as possible.

use std::net::SocketAddr;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use super::link::{Duplex, connect};

/// Longest head of an answer.
const HEAD_BYTES_MAX: usize = 4_096;
const NEWS: &[u8] = b"event: news";

/// Why listening ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ended {
    /// No connection, or it was cut.
    Cut,
    /// The server ended it.
    Over,
    /// The server said no.
    Refused(u16),
}

/// A stream that is open.
pub(crate) struct Stream {
    link: Box<dyn Duplex>,
    /// The end of what was read: news may be cut between two reads.
    tail: Vec<u8>,
}

impl Stream {
    /// Opens a stream of the device whose ticket it is.
    pub(crate) async fn open(address: SocketAddr, ticket: &str) -> Result<Self, Ended> {
        let mut link = connect(address, None).await.map_err(|_| Ended::Cut)?;
        let head = format!(
            "GET /v1/events?ticket={ticket} HTTP/1.1\r\nhost: {address}\r\naccept: text/event-stream\r\n\r\n"
        );
        link.write_all(head.as_bytes()).await.map_err(|_| Ended::Cut)?;
        let mut read = Vec::new();
        let end = loop {
            let count = link.read_buf(&mut read).await.map_err(|_| Ended::Cut)?;
            if let Some(at) = read.windows(4).position(|four| four == b"\r\n\r\n") {
                break at + 4;
            }
            if count == 0 || read.len() > HEAD_BYTES_MAX {
                return Err(Ended::Cut);
            }
        };
        let status = read.get(9..12).and_then(|digits| std::str::from_utf8(digits).ok()?.parse().ok());
        match status {
            Some(200) => Ok(Self { link, tail: read.split_off(end) }),
            Some(status) => Err(Ended::Refused(status)),
            None => Err(Ended::Cut),
        }
    }

    /// Waits for the next news. May be dropped and called again: nothing is lost.
    pub(crate) async fn news(&mut self) -> Result<(), Ended> {
        loop {
            if let Some(at) = self.tail.windows(NEWS.len()).position(|words| words == NEWS) {
                self.tail.drain(..at + NEWS.len());
                return Ok(());
            }
            let keep = self.tail.len().saturating_sub(NEWS.len() - 1);
            self.tail.drain(..keep);
            let mut chunk = [0; 128];
            match self.link.read(&mut chunk).await {
                Ok(0) => return Err(Ended::Over),
                Ok(count) => self.tail.extend_from_slice(&chunk[..count]),
                Err(_) => return Err(Ended::Cut),
            }
        }
    }

    /// Forgets news that arrived by now: one exchange answers all of them.
    pub(crate) fn forget(&mut self) {
        self.tail.clear();
    }
}
