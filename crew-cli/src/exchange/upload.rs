//! Upload: brings photos to the office after the entries are there, by tus. A link that breaks costs what it broke in: the
//! office says how far it came, and the rest goes on from there.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sync_core::id::Hash;
use sync_core::replica::sync::reply::BlobTicket;

use crate::http::{BLOB_TICKET_HEADER, HttpError, Server, Upload};

/// Bytes of one piece on an ordinary link, and on a poor one.
const PIECE_BYTES: usize = 1024 * 1024;
const PIECE_BYTES_POOR: usize = 64 * 1024;
/// Breaks in a row without a byte of progress before it is left for the next time.
const BREAKS_MAX: u32 = 6;

/// The office's words for what another try may do away with.
const PASSING: [&str; 4] = ["device_busy", "cut_off", "too_slow", "bringing"];
/// The office's words for a store that takes nothing now.
const NO_STORE: [&str; 3] = ["no_room", "disk_full", "store"];

/// What became of one photo.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Brought {
    /// The office has it.
    Whole,
    /// The office does not take it; its word for why.
    Refused(String),
    /// The link is gone; what arrived stays there.
    Later,
}

/// Brings one photo. `sent` counts the bytes of pieces.
pub(super) fn bring(
    server: &Server,
    ticket: &BlobTicket,
    bytes: &[u8],
    is_poor: bool,
    sent: &mut u64,
) -> Brought {
    let (name, length) = (ticket.sha256.to_string(), bytes.len().to_string());
    let path = format!("/v1/blobs/{name}");
    let shown = (BLOB_TICKET_HEADER, ticket.ticket.as_str());
    let metadata = format!("sha256 {}", STANDARD.encode(&name));
    let create = [shown, ("Upload-Length", length.as_str()), ("Upload-Metadata", metadata.as_str())];
    let piece_bytes = if is_poor { PIECE_BYTES_POOR } else { PIECE_BYTES };
    let (mut offset, mut furthest) = (None, None);
    let (mut breaks, mut has_begun_again) = (0, false);
    loop {
        match step(server, &path, &create, shown, offset, bytes, piece_bytes, sent) {
            Ok(now) => {
                // Only bytes that arrived are progress: a link may let every question through and no piece.
                breaks = if now > furthest { 0 } else { breaks + 1 };
                (offset, furthest) = (now, furthest.max(now));
            }
            // What was dropped because it was not whole begins again, once.
            Err(HttpError::Refused { code, .. }) if code == "checksum" && !has_begun_again => {
                (offset, furthest, has_begun_again) = (None, None, true);
            }
            // The office is there, and its store is not: the others would meet the same.
            Err(HttpError::Refused { code, .. }) if NO_STORE.contains(&code.as_str()) => {
                return Brought::Later;
            }
            Err(HttpError::Refused { code, status, .. })
                if status < 500 && !PASSING.contains(&code.as_str()) =>
            {
                return Brought::Refused(code);
            }
            Err(_) => {
                (offset, breaks) = (None, breaks + 1);
            }
        }
        if offset == Some(bytes.len() as u64) {
            return Brought::Whole;
        }
        if breaks >= BREAKS_MAX {
            return Brought::Later;
        }
    }
}

/// Asks how far it came, or brings the next piece.
#[expect(clippy::too_many_arguments, reason = "all of one upload; a struct of its own would be read once")]
fn step(
    server: &Server,
    path: &str,
    create: &[(&str, &str)],
    shown: (&str, &str),
    offset: Option<u64>,
    bytes: &[u8],
    piece_bytes: usize,
    sent: &mut u64,
) -> Result<Option<u64>, HttpError> {
    let Some(at) = offset else {
        return Ok(server.upload(Upload::Create, "/v1/blobs", create, &[])?.offset);
    };
    let from = usize::try_from(at).unwrap_or(usize::MAX).min(bytes.len());
    let piece = &bytes[from..bytes.len().min(from + piece_bytes)];
    let place = at.to_string();
    let headers =
        [shown, ("Upload-Offset", place.as_str()), ("Content-Type", "application/offset+octet-stream")];
    *sent += piece.len() as u64;
    match server.upload(Upload::Piece, path, &headers, piece)?.offset {
        Some(end) => Ok(Some(end)),
        None => Ok(server.upload(Upload::Look, path, &[shown], &[])?.offset),
    }
}

/// What the exchange brought of photos.
#[derive(Debug, Clone, Default, PartialEq, Eq, serde::Serialize)]
pub struct Photos {
    /// Small forms and photos that the office has now.
    pub sent: u64,
    /// Their bytes, as sent: what a break cost counts twice.
    pub bytes: u64,
    /// Those that the office does not take: which, and its word for why.
    pub refused: Vec<(Hash, String)>,
    /// Those that wait for another time.
    pub left: u64,
}
