//! Chain: a device's entries, each naming the one before, and the signature that vouches for all of them.
//!
//! The types make the order: what was unpacked has no accessor to its entries until the chain and the signature were
//! checked.

use crate::act::{Act, ActError};
use crate::change::Change;
use crate::crypto::{PublicKey, Purpose, SecretKey, Signature, SignatureError};
use crate::entry::{Body, ChainedEntry, Entry, Header};
use crate::id::{DeviceId, Hash};
use crate::limits::{PERSON_BYTES_MAX, SEGMENT_ENTRIES_MAX};
use crate::wire::pack::{PackBody, PackError, Unpacked};

/// What an entry does, decoded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Deed {
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
    /// What it does.
    pub deed: Deed,
}

/// Entries as they were unpacked: nothing about them is known yet.
pub struct UnverifiedSegment {
    device: DeviceId,
    unpacked: Vec<Unpacked>,
}

/// Why a segment is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ChainError {
    /// Nothing in it.
    #[error("the segment is empty")]
    Empty,
    /// Too much in it.
    #[error("the segment has {0} entries, at most {SEGMENT_ENTRIES_MAX} are allowed")]
    TooMany(usize),
    /// Entries of several devices, or not one after another.
    #[error("entry {0} does not follow the one before it")]
    Gap(u64),
    /// A change made under another name.
    #[error("the change of entry {0} names another device as its author")]
    Actor(u64),
    /// The person's name is too long.
    #[error("the person's name in entry {0} is too long")]
    Person(u64),
    /// Nobody signed it.
    #[error("the segment carries no signature at its end")]
    Unsigned,
    /// The signature does not hold.
    #[error(transparent)]
    Signature(#[from] SignatureError),
    /// An act that this version does not know.
    #[error(transparent)]
    Act(#[from] ActError),
    /// The pack is no pack.
    #[error(transparent)]
    Pack(#[from] PackError),
}

/// Signs the chain up to the entry with that number and hash.
pub fn sign_head(key: &SecretKey, device: &DeviceId, seq: u64, hash: &Hash) -> Signature {
    key.sign(Purpose::Segment, &[&device.0, &seq.to_be_bytes(), &hash.0])
}

/// Checks what [`sign_head`] made.
pub fn verify_head(
    key: &PublicKey,
    device: &DeviceId,
    seq: u64,
    hash: &Hash,
    signature: &Signature,
) -> Result<(), SignatureError> {
    key.verify(Purpose::Segment, &[&device.0, &seq.to_be_bytes(), &hash.0], signature)
}

/// An unpacked item as entry and deed.
pub fn decode_item(unpacked: Unpacked) -> Result<(Entry, Deed, Option<Signature>), ChainError> {
    let Unpacked { item, raw } = unpacked;
    let seq = item.header.seq;
    let (body, deed) = match (item.body, raw) {
        (PackBody::Change(change), Some(raw)) => (Body::Change(raw), Deed::Change(change)),
        (PackBody::Act(bytes), _) => {
            let act = Act::from_bytes(&bytes)?;
            (Body::Act(bytes), Deed::Act(act))
        }
        (PackBody::Change(_), None) => return Err(PackError::Malformed("a change was not rebuilt").into()),
    };
    check_header(&item.header, &deed).map_err(|wrong| wrong(seq))?;
    Ok((Entry { header: item.header, body }, deed, item.signature))
}

fn check_header(header: &Header, deed: &Deed) -> Result<(), fn(u64) -> ChainError> {
    if header.person.len() > PERSON_BYTES_MAX {
        return Err(ChainError::Person);
    }
    match deed {
        Deed::Change(change) if change.device != header.device => Err(ChainError::Actor),
        _ => Ok(()),
    }
}

impl UnverifiedSegment {
    /// Entries out of a pack.
    pub fn new(device: DeviceId, unpacked: Vec<Unpacked>) -> Result<Self, ChainError> {
        match unpacked.len() {
            0 => Err(ChainError::Empty),
            count if count > SEGMENT_ENTRIES_MAX => Err(ChainError::TooMany(count)),
            _ => Ok(Self { device, unpacked }),
        }
    }

    /// The number of its first entry: needed to find the entry before it.
    pub fn first_seq(&self) -> u64 {
        self.unpacked[0].item.header.seq
    }

    /// The key in an enrolment that opens the segment: needed to check what a new device sends.
    pub fn enrolment_key(&self) -> Option<PublicKey> {
        match &self.unpacked[0].item.body {
            PackBody::Act(bytes) => match Act::from_bytes(bytes) {
                Ok(Act::Enrol { key, .. }) => Some(key),
                _ => None,
            },
            PackBody::Change(_) => None,
        }
    }

    /// The entries, once each follows the one before and the signature at the end holds for the author's key.
    pub fn verify(self, key: &PublicKey, prev: Hash) -> Result<Vec<VerifiedEntry>, ChainError> {
        let mut entries = Vec::with_capacity(self.unpacked.len());
        let (mut prev, mut seq) = (prev, self.first_seq());
        for unpacked in self.unpacked {
            let (entry, deed, signature) = decode_item(unpacked)?;
            if entry.header.device != self.device || entry.header.seq != seq || seq == 0 {
                return Err(ChainError::Gap(entry.header.seq));
            }
            let hash = entry.hash(&prev);
            if let Some(signature) = &signature {
                verify_head(key, &self.device, seq, &hash, signature)?;
            }
            entries.push(VerifiedEntry {
                chained: ChainedEntry { entry, prev: Some(prev), signature },
                hash,
                deed,
            });
            prev = hash;
            seq += 1;
        }
        let is_signed = entries.last().is_some_and(|last| last.chained.signature.is_some());
        if is_signed { Ok(entries) } else { Err(ChainError::Unsigned) }
    }
}
