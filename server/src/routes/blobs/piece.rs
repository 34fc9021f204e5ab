//! Piece: the bytes of one PATCH. What arrives is kept as it comes, so that a link that breaks costs nothing that came
//! through; a piece with a checksum counts as a whole or not at all.

use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::http::StatusCode;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use blobs::{Partial, SpoolError};
use futures_util::StreamExt as _;
use sha1::Sha1;
use sha2::{Digest as _, Sha256};
use sync_core::limits::BLOB_BYTES_MAX;

use super::{disk, mismatch, problem_of};
use crate::config::{BLOB_IDLE_S, BLOB_PIECE_S};
use crate::evidence::Evidence;
use crate::problem::Problem;

/// Takes what arrives of a piece, to its end or as far as it comes, and makes it durable. Returns the new offset.
pub(super) async fn receive(
    evidence: &Arc<Evidence>,
    partial: Partial,
    at: u64,
    sum: Option<Sum>,
    body: Body,
) -> Result<u64, Problem> {
    let mut stream = body.into_data_stream();
    let (mut end, mut sum, mut failed) = (at, sum, None);
    // A piece whose sum is to be checked counts as a whole or not at all.
    let mut held = Vec::new();
    let whole = tokio::time::timeout(Duration::from_secs(BLOB_PIECE_S), async {
        loop {
            let next = tokio::time::timeout(Duration::from_secs(BLOB_IDLE_S), stream.next()).await;
            let chunk = match next {
                Ok(Some(Ok(chunk))) => chunk,
                Ok(None) => return,
                Ok(Some(Err(_))) | Err(_) => {
                    failed = Some(Problem::refused(
                        StatusCode::BAD_REQUEST,
                        "cut_off",
                        "the piece did not arrive whole; what arrived is kept",
                        "Ask with HEAD how far it came, and go on from there.",
                    ));
                    return;
                }
            };
            let appended = match &mut sum {
                Some(sum) => {
                    sum.update(&chunk);
                    held.extend_from_slice(&chunk);
                    if held.len() > BLOB_BYTES_MAX {
                        Err(SpoolError::TooMany(partial.bytes))
                    } else {
                        Ok(end)
                    }
                }
                None => append(evidence, partial, end, chunk.to_vec()).await,
            };
            match appended {
                Ok(now) => end = now,
                Err(error) => {
                    failed = Some(problem_of(error));
                    return;
                }
            }
        }
    });
    if whole.await.is_err() {
        failed = Some(Problem::refused(
            StatusCode::REQUEST_TIMEOUT,
            "too_slow",
            "the piece took too long; what arrived is kept",
            "Ask with HEAD how far it came, and send smaller pieces.",
        ));
    }
    if let (Some(sum), None) = (sum, &failed) {
        if !sum.holds() {
            return Err(mismatch("the piece is not what its checksum says; nothing of it was kept"));
        }
        end = append(evidence, partial, end, held).await.map_err(problem_of)?;
    }
    if end > at {
        let flushing = Arc::clone(evidence);
        let flushed = tokio::task::spawn_blocking(move || flushing.spool.flush(&partial)).await;
        flushed.map_err(|_| Problem::internal())?.map_err(|error| disk(&error))?;
    }
    failed.map_or(Ok(end), Err)
}

async fn append(
    evidence: &Arc<Evidence>,
    partial: Partial,
    at: u64,
    piece: Vec<u8>,
) -> Result<u64, SpoolError> {
    let evidence = Arc::clone(evidence);
    let appended = tokio::task::spawn_blocking(move || evidence.spool.append(&partial, at, &piece)).await;
    appended.unwrap_or_else(|error| Err(std::io::Error::other(error).into()))
}

/// The checksum of a piece.
pub(super) enum Sum {
    Sha1(Sha1, Vec<u8>),
    Sha256(Sha256, Vec<u8>),
}

impl Sum {
    pub(super) fn parse(text: &str) -> Result<Self, Problem> {
        let (name, value) = text.split_once(' ').unwrap_or((text, ""));
        let value = STANDARD.decode(value.trim());
        match (name, value) {
            ("sha1", Ok(value)) => Ok(Self::Sha1(Sha1::new(), value)),
            ("sha256", Ok(value)) => Ok(Self::Sha256(Sha256::new(), value)),
            _ => Err(Problem::refused(
                StatusCode::BAD_REQUEST,
                "checksum_algorithm",
                "this checksum is not known here",
                "Use sha1 or sha256, with the sum in base64.",
            )),
        }
    }

    fn update(&mut self, bytes: &[u8]) {
        match self {
            Self::Sha1(sha, _) => sha.update(bytes),
            Self::Sha256(sha, _) => sha.update(bytes),
        }
    }

    fn holds(self) -> bool {
        match self {
            Self::Sha1(sha, said) => sha.finalize()[..] == said,
            Self::Sha256(sha, said) => sha.finalize()[..] == said,
        }
    }
}
