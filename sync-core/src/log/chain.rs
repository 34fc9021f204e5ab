//! Chain: a device's entries, each naming the one before, and the signature that vouches for all of them.

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

/// Signs the chain up to the entry with that number and hash.
pub fn sign_head(key: &SecretKey, device: &DeviceId, seq: u64, hash: &Hash) -> Signature {
    key.sign(Purpose::Segment, &[&device.0, &seq.to_be_bytes(), &hash.0])
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
    key.verify(Purpose::Segment, &[&device.0, &seq.to_be_bytes(), &hash.0], signature)
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
