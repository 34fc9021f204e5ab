//! Upload: brings photos to the office after the entries are there, by tus. The core says what to send next.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sync_core::id::Hash;
use sync_core::replica::sync::reply::BlobTicket;
use sync_core::replica::sync::upload::{self, Brought, Event, PIECE_BYTES, PIECE_BYTES_POOR, Step};

use crate::http::{BLOB_TICKET_HEADER, HttpError, Server, Upload, Uploaded};

/// Brings one photo. `sent` counts the bytes of pieces.
pub(super) fn bring(
    server: &Server,
    ticket: &BlobTicket,
    bytes: &[u8],
    is_poor: bool,
    sent: &mut u64,
) -> Brought {
    let piece_bytes = if is_poor { PIECE_BYTES_POOR } else { PIECE_BYTES };
    let mut upload = upload::Upload::new(bytes.len() as u64, piece_bytes);
    let mut event = Event::Begin;
    loop {
        let done = match upload.next(event) {
            Step::Done(brought) => return brought,
            step => take(server, ticket, bytes, &step, sent),
        };
        event = match done {
            Ok(Uploaded { offset }) => Event::Came(offset),
            Err(HttpError::Refused { code, status, .. }) => {
                Event::Refused { code, is_own_trouble: status >= 500 }
            }
            Err(_) => Event::Cut,
        };
    }
}

/// Asks how far it came, or brings a piece.
fn take(
    server: &Server,
    ticket: &BlobTicket,
    bytes: &[u8],
    step: &Step,
    sent: &mut u64,
) -> Result<Uploaded, HttpError> {
    let name = ticket.sha256.to_string();
    let path = format!("/v1/blobs/{name}");
    let shown = (BLOB_TICKET_HEADER, ticket.ticket.as_str());
    match step {
        Step::Piece(range) => {
            let at = |byte: u64| usize::try_from(byte).unwrap_or(usize::MAX).min(bytes.len());
            let piece = &bytes[at(range.start)..at(range.end)];
            let place = range.start.to_string();
            *sent += piece.len() as u64;
            let headers = [
                shown,
                ("Upload-Offset", place.as_str()),
                ("Content-Type", "application/offset+octet-stream"),
            ];
            server.upload(Upload::Piece, &path, &headers, piece)
        }
        Step::Look => server.upload(Upload::Look, &path, &[shown], &[]),
        Step::Create | Step::Done(_) => {
            let (length, metadata) = (bytes.len().to_string(), format!("sha256 {}", STANDARD.encode(&name)));
            let headers = [shown, ("Upload-Length", length.as_str()), ("Upload-Metadata", metadata.as_str())];
            server.upload(Upload::Create, "/v1/blobs", &headers, &[])
        }
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
