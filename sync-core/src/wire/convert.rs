//! Convert: entries to what a pack holds, and what a pack held to entries.
//!
//! The types make the order: what was unpacked has no accessor to its entries until the chain and the signature were
//! checked.

use serde_bytes::ByteBuf;

use super::pack::{PackBody, PackError, PackItem, Refs, Unpacked, pack};
use crate::crypto::{PublicKey, Signature, SignatureError};
use crate::id::{DeviceId, Hash, RecordId};
use crate::limits::SEGMENT_ENTRIES_MAX;
use crate::log::act::{Act, ActError};
use crate::log::chain::{DecodedBody, VerifiedEntry, decode_body, verify_head};
use crate::log::entry::{Body, ChainedEntry, Entry, Header};
use crate::rows::RowsError;

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

/// An unpacked item as entry and decoded body.
pub fn decode_item(unpacked: Unpacked) -> Result<(Entry, DecodedBody, Option<Signature>), ChainError> {
    let Unpacked { item, raw } = unpacked;
    let seq = item.header.seq;
    let (body, decoded) = match (item.body, raw) {
        (PackBody::Change(change), Some(raw)) => (Body::Change(raw), DecodedBody::Change(change)),
        (PackBody::Act(bytes), _) => {
            let act = Act::from_bytes(&bytes)?;
            (Body::Act(bytes), DecodedBody::Act(act))
        }
        (PackBody::Change(_), None) => return Err(PackError::Malformed("a change was not rebuilt").into()),
    };
    check_header(&item.header, &decoded).map_err(|wrong| wrong(seq))?;
    Ok((Entry { header: item.header, body }, decoded, item.signature))
}

fn check_header(header: &Header, decoded: &DecodedBody) -> Result<(), fn(u64) -> ChainError> {
    match decoded {
        DecodedBody::Change(change) if change.device != header.device => Err(ChainError::Actor),
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
            let (entry, decoded, signature) = decode_item(unpacked)?;
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
                decoded,
            });
            prev = hash;
            seq += 1;
        }
        let is_signed = entries.last().is_some_and(|last| last.chained.signature.is_some());
        if is_signed { Ok(entries) } else { Err(ChainError::Unsigned) }
    }
}

/// References for a peer that has no records.
pub struct NoRefs;

impl Refs for NoRefs {
    fn record_number(&self, _: &RecordId) -> Result<Option<u64>, RowsError> {
        Ok(None)
    }
    fn record_at(&self, _: u64) -> Result<Option<RecordId>, RowsError> {
        Ok(None)
    }
    fn change_author(&self, _: &RecordId, _: &Hash) -> Result<Option<(DeviceId, u64)>, RowsError> {
        Ok(None)
    }
    fn change_hash(&self, _: &RecordId, _: &DeviceId, _: u64) -> Result<Option<Hash>, RowsError> {
        Ok(None)
    }
}

/// Pack items without receipts, with the signatures that the entries have, and the changes' hashes.
pub fn items_of(entries: Vec<ChainedEntry>) -> Result<(Vec<PackItem>, Vec<Hash>), RowsError> {
    let mut items = Vec::new();
    let mut hashes = Vec::new();
    for chained in entries {
        hashes.push(chained.entry.body.hash());
        let body = match decode_body(&chained.entry.body)? {
            DecodedBody::Change(change) => PackBody::Change(change),
            DecodedBody::Act(_) => PackBody::Act(chained.entry.body.bytes().to_vec()),
        };
        let signature = chained.signature;
        items.push(PackItem { header: chained.entry.header, body, receipt: None, signature });
    }
    Ok((items, hashes))
}

/// A pack of signed entries in which every change is named by its whole hash.
pub fn spelled_out(entries: Vec<ChainedEntry>) -> Result<ByteBuf, PackError> {
    let (items, hashes) = items_of(entries)?;
    Ok(ByteBuf::from(pack(&items, &hashes, &NoRefs)?))
}
