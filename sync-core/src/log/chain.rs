//! Chain: a device's entries, each naming the one before, and the signature that vouches for all of them.
//!
//! ```
//! use sync_core::crypto::SecretKey;
//! use sync_core::id::{DeviceId, Hash};
//! use sync_core::log::chain::{sign_head, verify_head};
//! # use sync_core::id::{BootId, PersonId, RecordId};
//! # use sync_core::log::act::Act;
//! # use sync_core::log::entry::{Anchor, Body, Entry, Header};
//! # let device = DeviceId([3; 16]);
//! # let entry = |seq| Entry {
//! #     header: Header {
//! #         municipality: 14061, device, seq, record: RecordId::ZERO, person: PersonId([8; 16]),
//! #         claimed_at_ms: 0, boot: BootId([1; 8]), monotonic_ms: 0, anchor: Anchor::default(),
//! #     },
//! #     body: Body::Act(Act::Clock { device, clock_ms: 0 }.to_bytes()),
//! # };
//! let key = SecretKey::from_seed(&[7; 32]);
//! let (first, second) = (entry(1), entry(2));
//!
//! // Each entry names the one before, so one signature vouches for all up to it.
//! let head = second.hash(&first.hash(&Hash::ZERO));
//! let signature = sign_head(&key, &device, 2, &head);
//! assert!(verify_head(&key.public(), &device, 2, &head, &signature).is_ok());
//!
//! // Another first entry is another chain.
//! let other = second.hash(&Hash([9; 32]));
//! assert!(verify_head(&key.public(), &device, 2, &other, &signature).is_err());
//! ```

use crate::crypto::{PublicKey, Purpose, SecretKey, Signature, SignatureError};
use crate::id::{DeviceId, Hash};
use crate::log::act::Act;
use crate::log::entry::{Body, ChainedEntry};
use crate::record::change::Change;
use crate::rows::RowsError;

/// The decoded body of an entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DecodedBody {
    /// A change of a record.
    Change(Change),
    /// An act.
    Act(Act),
}

impl DecodedBody {
    /// Returns the hash of the change that a body makes; `None` for an act.
    pub fn change_hash(&self, body: &Body) -> Option<Hash> {
        match self {
            Self::Change(_) => Some(body.hash()),
            Self::Act(_) => None,
        }
    }
}

/// An entry whose place in its author's chain is proven.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VerifiedEntry {
    /// The entry, with the hash of the one before it.
    pub chained: ChainedEntry,
    /// Its hash.
    pub hash: Hash,
    /// The decoded body.
    pub decoded: DecodedBody,
}

/// Returns what vouches for a chain up to the entry with that number and hash, once it is signed for
/// [`Purpose::Segment`].
pub fn head_bytes(device: &DeviceId, seq: u64, hash: &Hash) -> Vec<u8> {
    [&device.0[..], &seq.to_be_bytes(), &hash.0].concat()
}

/// Signs the chain up to the entry with that number and hash.
pub fn sign_head(key: &SecretKey, device: &DeviceId, seq: u64, hash: &Hash) -> Signature {
    key.sign(Purpose::Segment, &[&head_bytes(device, seq, hash)])
}

/// Checks the signature that [`sign_head`] made.
///
/// # Errors
/// The signature is of another key, place or hash.
pub fn verify_head(
    key: &PublicKey,
    device: &DeviceId,
    seq: u64,
    hash: &Hash,
    signature: &Signature,
) -> Result<(), SignatureError> {
    key.verify(Purpose::Segment, &[&head_bytes(device, seq, hash)], signature)
}

/// Returns the decoded form of a stored body: a change as operations, an act with its fields.
///
/// # Errors
/// The body is no change or no act.
pub fn decode_body(body: &Body) -> Result<DecodedBody, RowsError> {
    match body {
        Body::Change(raw) => {
            Change::read(&raw.bytes).map(DecodedBody::Change).map_err(|error| RowsError(error.to_string()))
        }
        Body::Act(bytes) => {
            Act::from_bytes(bytes).map(DecodedBody::Act).map_err(|error| RowsError(error.to_string()))
        }
    }
}
