//! Preview: the question about an invitation, and its answer.

use serde::{Deserialize, Serialize};

use super::{FrameError, VERSION, body_of};
use crate::crypto::PublicKey;
use crate::id::Hash;
use crate::limits::PREVIEW_BYTES_MAX;
use crate::msgpack;
use crate::time::TimeMs;

const PREVIEW_MAGIC: &[u8; 4] = b"CQP1";

/// What a person who is invited asks before a device enrols. It is not signed, and spends nothing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PreviewRequest {
    /// [`VERSION`].
    pub version: u8,
    /// Drawn for it, so that no answer serves twice.
    pub nonce: [u8; 16],
    /// The invitation's lock; `None` to learn the server's key first.
    pub lock: Option<Hash>,
}

/// What the server answers: who it is, and what the invitation gives.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PreviewReply {
    /// [`VERSION`].
    pub version: u8,
    /// INEGI key of the municipality.
    pub municipality: u32,
    /// Its name.
    pub name: String,
    /// The server's key, which signs this.
    pub server_key: PublicKey,
    /// The invitation, if its lock was in the request.
    pub offer: Option<Offer>,
}

/// What an invitation gives.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Offer {
    /// The role, as its key.
    pub role: String,
    /// The crew.
    pub crew: Option<String>,
    /// The localities, by key.
    pub localities: Vec<String>,
    /// When it ends, by the server's clock.
    pub expires_at_ms: TimeMs,
    /// Whether it still counts.
    pub is_open: bool,
}

/// Frames a question about an invitation.
pub fn frame_preview(request: &PreviewRequest) -> Vec<u8> {
    body_of(PREVIEW_MAGIC, request)
}

/// Reads a question about an invitation.
///
/// # Errors
/// It is none, or of another version.
pub fn read_preview(frame: &[u8]) -> Result<PreviewRequest, FrameError> {
    if frame.len() > PREVIEW_BYTES_MAX {
        return Err(FrameError::TooLong(frame.len()));
    }
    let body = frame.strip_prefix(PREVIEW_MAGIC).ok_or(FrameError::Foreign)?;
    let request: PreviewRequest = msgpack::from_slice(body)?;
    if request.version == VERSION { Ok(request) } else { Err(FrameError::Version(request.version)) }
}
