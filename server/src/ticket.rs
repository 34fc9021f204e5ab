//! Ticket: bytes that a device gets with each reply, and by which it is known before a body or a signature arrives.
//!
//! A ticket is a time, a device and a keyed hash over both, in hexadecimal. Nothing is kept for one. It opens the event
//! stream of its device, and it says whose the body is that follows, so that the body needs no room among strangers'.
//! It proves nothing else: every request is signed all the same.

use axum::http::{HeaderMap, StatusCode};
use sync_core::hub::BlobGrant;
use sync_core::id::{DeviceId, Hash, RecordId};
use sync_core::time::TimeMs;
use sync_core::wire::message::BlobUse;

use crate::config::{BLOB_TICKET_S, BODY_TICKET_S, STREAM_TICKET_S};
use crate::problem::Problem;

/// The header in which a device shows its ticket.
pub const HEADER: &str = "cuadrilla-ticket";
const DEVICE_BYTES: usize = 16;
const TIME_BYTES: usize = 8;
/// 128 bits are far more than anybody guesses over a network.
const HASH_BYTES: usize = 16;
const TICKET_BYTES: usize = TIME_BYTES + DEVICE_BYTES + HASH_BYTES;

/// The header in which a device shows its ticket for a blob.
pub const BLOB_HEADER: &str = "cuadrilla-blob-ticket";
const BLOB_TICKET_BYTES: usize = TIME_BYTES + 1 + 8 + 3 * DEVICE_BYTES + HASH_BYTES;

fn use_byte(r#use: BlobUse) -> u8 {
    match r#use {
        BlobUse::Bring => 1,
        BlobUse::Read => 2,
    }
}

/// What makes tickets and reads them.
pub struct Tickets {
    key: [u8; 32],
}

impl Tickets {
    /// Returns tickets under a key that follows from the log key's seed, so that they outlive a restart.
    pub fn new(seed: &[u8; 32]) -> Self {
        Self { key: Hash::tagged("cuadrilla/ticket-key/v1", &[seed]).0 }
    }

    fn hash(&self, head: &[u8]) -> [u8; HASH_BYTES] {
        // All inputs have one length, and the hash is cut: it cannot be extended.
        let hash = Hash::tagged("cuadrilla/ticket/v1", &[&self.key, head]).0;
        std::array::from_fn(|index| hash[index])
    }

    /// Returns a ticket for a device.
    pub fn make(&self, device: DeviceId, now_ms: TimeMs) -> String {
        let mut ticket = (now_ms / 1_000).to_be_bytes().to_vec();
        ticket.extend(device.0);
        ticket.extend(self.hash(&ticket));
        hex::encode(ticket)
    }

    /// Returns the device of a ticket of this server that is at most `age_s_max` seconds old.
    fn device(&self, text: &str, age_s_max: i64, now_ms: TimeMs) -> Option<DeviceId> {
        let mut ticket = [0; TICKET_BYTES];
        hex::decode_to_slice(text, &mut ticket).ok()?;
        let (head, shown) = ticket.split_last_chunk::<HASH_BYTES>()?;
        let differs = self.hash(head).iter().zip(shown).fold(0, |differs, (a, b)| differs | (a ^ b));
        let (made_s, device) = head.split_first_chunk::<TIME_BYTES>()?;
        let age_s = (now_ms / 1_000).saturating_sub(i64::from_be_bytes(*made_s));
        // A clock that was set back makes a ticket younger, not void.
        if differs != 0 || age_s > age_s_max {
            return None;
        }
        device.try_into().ok().map(DeviceId)
    }

    /// Returns a ticket for what a device may do with a blob. It counts for that blob alone.
    pub fn for_blob(&self, grant: &BlobGrant, now_ms: TimeMs) -> String {
        let mut ticket = (now_ms / 1_000 + BLOB_TICKET_S).to_be_bytes().to_vec();
        ticket.push(use_byte(grant.r#use));
        ticket.extend(grant.bytes.to_be_bytes());
        ticket.extend(grant.device.0);
        ticket.extend(grant.of.0);
        ticket.extend(grant.record.0);
        ticket.extend(self.blob_hash(&grant.sha256, &ticket));
        hex::encode(ticket)
    }

    fn blob_hash(&self, sha256: &Hash, head: &[u8]) -> [u8; HASH_BYTES] {
        let hash = Hash::tagged("cuadrilla/blob-ticket/v1", &[&self.key, &sha256.0, head]).0;
        std::array::from_fn(|index| hash[index])
    }

    /// Returns what a request's header lets its device do with a blob, if it shows a ticket of this server's for that blob
    /// and that use whose time is not over.
    pub fn blob(
        &self,
        headers: &HeaderMap,
        sha256: &Hash,
        r#use: BlobUse,
        now_ms: TimeMs,
    ) -> Option<BlobGrant> {
        let mut ticket = [0; BLOB_TICKET_BYTES];
        hex::decode_to_slice(headers.get(BLOB_HEADER)?.as_bytes(), &mut ticket).ok()?;
        let (head, shown) = ticket.split_last_chunk::<HASH_BYTES>()?;
        let differs =
            self.blob_hash(sha256, head).iter().zip(shown).fold(0, |differs, (a, b)| differs | (a ^ b));
        let (until_s, rest) = head.split_first_chunk::<8>()?;
        let (&[kind], rest) = rest.split_first_chunk::<1>()?;
        let (bytes, rest) = rest.split_first_chunk::<8>()?;
        let (device, rest) = rest.split_first_chunk::<16>()?;
        let (of, record) = rest.split_first_chunk::<16>()?;
        let is_over = i64::from_be_bytes(*until_s) < now_ms / 1_000;
        if differs != 0 || is_over || kind != use_byte(r#use) {
            return None;
        }
        Some(BlobGrant {
            device: DeviceId(*device),
            of: DeviceId(*of),
            record: RecordId::from_slice(record)?,
            sha256: *sha256,
            bytes: u64::from_be_bytes(*bytes),
            r#use,
        })
    }

    /// Returns the device whose stream a ticket opens.
    ///
    /// # Errors
    /// `ticket`.
    pub fn for_stream(&self, text: Option<&str>, now_ms: TimeMs) -> Result<DeviceId, Problem> {
        text.and_then(|text| self.device(text, STREAM_TICKET_S, now_ms)).ok_or_else(|| {
            Problem::refused(
                StatusCode::UNAUTHORIZED,
                "ticket",
                "there is no ticket, or it is not one of this server's, or it is too old",
                "Sync, then GET /v1/events?ticket=… with the ticket of the newest reply.",
            )
        })
    }

    /// Returns the device that a request's header names, if it shows a ticket that counts.
    pub fn for_body(&self, headers: &HeaderMap, now_ms: TimeMs) -> Option<DeviceId> {
        self.device(headers.get(HEADER)?.to_str().ok()?, BODY_TICKET_S, now_ms)
    }
}

#[cfg(test)]
mod tests {
    use super::{BLOB_HEADER, BLOB_TICKET_S, BODY_TICKET_S, HEADER, STREAM_TICKET_S, Tickets};
    use axum::http::HeaderMap;
    use sync_core::hub::BlobGrant;
    use sync_core::id::{DeviceId, Hash, RecordId};
    use sync_core::wire::message::BlobUse;

    const NOW_MS: i64 = 1_795_232_207_000;

    #[test]
    fn a_ticket_opens_its_own_devices_stream_for_two_hours_and_says_whose_a_body_is_for_sixty_days() {
        let (tickets, device) = (Tickets::new(&[1; 32]), DeviceId([7; 16]));
        let ticket = tickets.make(device, NOW_MS);
        let after = |seconds: i64| NOW_MS + seconds * 1_000;
        let stream = |now_ms| tickets.for_stream(Some(&ticket), now_ms).ok();
        assert_eq!(stream(after(STREAM_TICKET_S)), Some(device));
        assert_eq!(stream(after(-86_400)), Some(device));
        assert_eq!(stream(after(STREAM_TICKET_S + 1)), None);
        let mut headers = HeaderMap::new();
        assert_eq!(tickets.for_body(&headers, NOW_MS), None);
        headers.insert(HEADER, ticket.parse().unwrap());
        assert_eq!(tickets.for_body(&headers, after(BODY_TICKET_S)), Some(device));
        assert_eq!(tickets.for_body(&headers, after(BODY_TICKET_S + 1)), None);
        assert_eq!(Tickets::new(&[2; 32]).for_body(&headers, NOW_MS), None, "another server's");
        assert_eq!(Tickets::new(&[1; 32]).for_body(&headers, NOW_MS), Some(device), "after a restart");
    }

    #[test]
    fn a_ticket_of_which_any_digit_differs_opens_nothing() {
        let tickets = Tickets::new(&[1; 32]);
        let ticket = tickets.make(DeviceId([7; 16]), NOW_MS);
        for place in 0..ticket.len() {
            let mut digits = ticket.clone().into_bytes();
            digits[place] = if digits[place] == b'0' { b'1' } else { b'0' };
            let forged = String::from_utf8(digits).unwrap();
            assert!(tickets.for_stream(Some(&forged), NOW_MS).is_err(), "{forged}");
        }
        for other in [Some(""), Some("07070707070707070707070707070707"), Some(&ticket[2..]), None] {
            assert!(tickets.for_stream(other, NOW_MS).is_err());
        }
    }

    #[test]
    fn a_blobs_ticket_counts_for_its_blob_its_use_and_its_day() {
        let (tickets, sha256) = (Tickets::new(&[1; 32]), Hash([5; 32]));
        let grant = BlobGrant {
            device: DeviceId([7; 16]),
            of: DeviceId([8; 16]),
            record: RecordId([9; 16]),
            sha256,
            bytes: 300_000,
            r#use: BlobUse::Bring,
        };
        let mut headers = HeaderMap::new();
        let ask =
            |headers: &HeaderMap, sha256: &Hash, r#use, now_ms| tickets.blob(headers, sha256, r#use, now_ms);
        assert_eq!(ask(&headers, &sha256, BlobUse::Bring, NOW_MS), None);
        let ticket = tickets.for_blob(&grant, NOW_MS);
        assert!(ticket.len() <= sync_core::limits::BLOB_TICKET_CHARS_MAX);
        headers.insert(BLOB_HEADER, ticket.parse().unwrap());
        assert_eq!(ask(&headers, &sha256, BlobUse::Bring, NOW_MS), Some(grant));
        assert_eq!(ask(&headers, &sha256, BlobUse::Read, NOW_MS), None, "another use");
        assert_eq!(ask(&headers, &Hash([6; 32]), BlobUse::Bring, NOW_MS), None, "another blob");
        let last_ms = NOW_MS + BLOB_TICKET_S * 1_000;
        assert!(ask(&headers, &sha256, BlobUse::Bring, last_ms).is_some());
        assert_eq!(ask(&headers, &sha256, BlobUse::Bring, last_ms + 1_000), None, "too late");
        assert_eq!(
            Tickets::new(&[2; 32]).blob(&headers, &sha256, BlobUse::Bring, NOW_MS),
            None,
            "another server"
        );
        for place in 0..ticket.len() {
            let mut digits = ticket.clone().into_bytes();
            digits[place] = if digits[place] == b'0' { b'1' } else { b'0' };
            headers.insert(BLOB_HEADER, String::from_utf8(digits).unwrap().parse().unwrap());
            assert_eq!(ask(&headers, &sha256, BlobUse::Bring, NOW_MS), None, "digit {place}");
        }
    }
}
