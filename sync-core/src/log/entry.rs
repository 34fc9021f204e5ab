//! Entry: one change or act of one person, and its place in its device's chain.
//!
//! The hash of an entry covers its canonical bytes. The wire leaves out what the receiver can compute. The
//! receiver rebuilds these bytes; hash and signature prove that they are the author's.

use serde::{Deserialize, Serialize};
use serde_bytes::ByteBuf;

use crate::crypto::Signature;
use crate::id::{BootId, DeviceId, Hash, PersonId, RecordId};
use crate::record::change::RawChange;
use crate::time::TimeMs;

/// The newest checkpoint a device had seen. It proves that an entry that embeds it was made later.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default, Serialize, Deserialize)]
pub struct Anchor {
    /// Entries in the log then; 0 for none seen yet.
    pub size: u64,
    /// Its Merkle root.
    pub root: Hash,
}

/// The header of an entry: author, number, record, person, times and anchor.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Header {
    /// INEGI key of the municipality.
    pub municipality: u32,
    /// The device that made it.
    pub device: DeviceId,
    /// Its number in the device's chain, from 1.
    pub seq: u64,
    /// The record it changes; zero for an act.
    pub record: RecordId,
    /// The person who acted: no name, but what a name opens; zero for the office itself.
    pub person: PersonId,
    /// The device's wall clock. A claim, never trusted for order.
    pub claimed_at_ms: TimeMs,
    /// The start of the device's system from which the monotonic time counts.
    pub boot: BootId,
    /// Milliseconds of the device's monotonic clock since that start.
    pub monotonic_ms: u64,
    /// The newest checkpoint the device had seen.
    pub anchor: Anchor,
}

/// The body of an entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Body {
    /// A change of the record.
    Change(RawChange),
    /// An act, as its bytes.
    Act(Vec<u8>),
}

impl Body {
    /// Returns the body's part of the entry's hash: Automerge's change hash, or the tagged hash of the act's
    /// bytes.
    pub fn hash(&self) -> Hash {
        match self {
            Self::Change(raw) => raw.hash,
            Self::Act(bytes) => Hash::tagged("cuadrilla/act/v1", &[bytes]),
        }
    }

    /// Returns the bytes that are stored.
    pub fn bytes(&self) -> &[u8] {
        match self {
            Self::Change(raw) => &raw.bytes,
            Self::Act(bytes) => bytes,
        }
    }
}

/// One entry.
///
/// ```
/// use sync_core::id::{BootId, DeviceId, Hash, PersonId, RecordId};
/// use sync_core::log::act::Act;
/// use sync_core::log::entry::{Anchor, Body, ChainedEntry, Entry, Header};
///
/// let act = Act::Release { seq: 141, reason: "arrived before the revocation".into() };
/// let header = Header {
///     municipality: 14061,
///     device: DeviceId([3; 16]),
///     seq: 1,
///     record: RecordId::ZERO,
///     person: PersonId([8; 16]),
///     claimed_at_ms: 1_795_000_000_000,
///     boot: BootId([1; 8]),
///     monotonic_ms: 60_000,
///     anchor: Anchor::default(),
/// };
/// let entry = Entry { header, body: Body::Act(act.to_bytes()) };
///
/// // Its hash covers the hash of the device's entry before it; the first one has zeros there.
/// assert_ne!(entry.hash(&Hash::ZERO), entry.hash(&Hash([1; 32])));
///
/// let chained = ChainedEntry { entry, prev: Some(Hash::ZERO), signature: None };
/// assert_eq!(ChainedEntry::from_bytes(&chained.to_bytes())?, chained);
/// # Ok::<(), sync_core::log::entry::EntryError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Its header.
    pub header: Header,
    /// Its body.
    pub body: Body,
}

/// Field order is the format: MessagePack array of fourteen.
#[derive(Serialize, Deserialize)]
struct Canonical(u8, u32, DeviceId, u64, Hash, RecordId, u8, Hash, PersonId, i64, BootId, u64, u64, Hash);

const VERSION: u8 = 1;
const KIND_CHANGE: u8 = 0;
const KIND_ACT: u8 = 1;

/// Why bytes are not an entry.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EntryError {
    /// Not the canonical form.
    #[error("not an entry: {0}")]
    Malformed(String),
    /// Made by a newer version.
    #[error("entry format {0} is not known to this version")]
    Version(u8),
    /// The body is not the one the entry names.
    #[error("the entry names another body than the one beside it")]
    Body,
}

impl Entry {
    /// Returns the canonical bytes, given the hash of the device's previous entry (zero for the first).
    pub fn canonical(&self, prev: &Hash) -> Vec<u8> {
        let h = &self.header;
        let kind = match self.body {
            Body::Change(_) => KIND_CHANGE,
            Body::Act(_) => KIND_ACT,
        };
        let fields = Canonical(
            VERSION,
            h.municipality,
            h.device,
            h.seq,
            *prev,
            h.record,
            kind,
            self.body.hash(),
            h.person,
            h.claimed_at_ms,
            h.boot,
            h.monotonic_ms,
            h.anchor.size,
            h.anchor.root,
        );
        rmp_serde::to_vec(&fields).expect("an entry always has a MessagePack form")
    }

    /// Returns the entry's hash, given the hash of the one before it.
    pub fn hash(&self, prev: &Hash) -> Hash {
        hash_canonical(&self.canonical(prev))
    }
}

/// Returns the SHA-256 over the domain tag and the canonical bytes.
pub fn hash_canonical(canonical: &[u8]) -> Hash {
    Hash::tagged("cuadrilla/entry/v1", &[canonical])
}

/// An entry in its chain, as the ledger and the journal keep it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChainedEntry {
    /// The entry.
    pub entry: Entry,
    /// Hash of the device's previous entry, where it is known: a device that sees only part of another's chain
    /// cannot know it.
    pub prev: Option<Hash>,
    /// The author's signature over the chain up to here, where one was made here.
    pub signature: Option<Signature>,
}

#[derive(Serialize, Deserialize)]
struct Stored(ByteBuf, bool, ByteBuf, Option<Signature>);

impl ChainedEntry {
    /// Returns the entry's hash, where the chain before it is known.
    pub fn hash(&self) -> Option<Hash> {
        self.prev.map(|prev| self.entry.hash(&prev))
    }

    /// Returns the bytes to keep: canonical bytes, whether `prev` is known, body, signature.
    pub fn to_bytes(&self) -> Vec<u8> {
        let canonical = self.entry.canonical(&self.prev.unwrap_or_default());
        let body = ByteBuf::from(self.entry.body.bytes().to_vec());
        let stored = Stored(ByteBuf::from(canonical), self.prev.is_some(), body, self.signature);
        rmp_serde::to_vec(&stored).expect("a chained entry always has a MessagePack form")
    }

    /// Reads the bytes of [`Self::to_bytes`]. Checks the body's hash of an act; that of a change is checked
    /// when it is applied, because only Automerge computes it.
    ///
    /// # Errors
    /// Not canonical, of an unknown version, or with another body than the one it names.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, EntryError> {
        let Stored(canonical, has_prev, body, signature) =
            rmp_serde::from_slice(bytes).map_err(|error| malformed(&error))?;
        let named = Named::from_canonical(&canonical)?;
        let prev = has_prev.then_some(named.prev);
        Ok(Self { entry: named.with_body(body.into_vec())?, prev, signature })
    }
}

/// The content of canonical bytes, without the body that they name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Named {
    /// The header.
    pub header: Header,
    /// Hash of the device's previous entry, zeros for the first.
    pub prev: Hash,
    /// Whether the body is an act.
    pub is_act: bool,
    /// The body's hash.
    pub body_hash: Hash,
}

impl Named {
    /// Reads canonical bytes.
    ///
    /// # Errors
    /// They are none, or of a version that is not known.
    pub fn from_canonical(canonical: &[u8]) -> Result<Self, EntryError> {
        let fields: Canonical = rmp_serde::from_slice(canonical).map_err(|error| malformed(&error))?;
        let Canonical(version, municipality, device, seq, prev, record, kind, body_hash, person, ..) = fields;
        if version != VERSION {
            return Err(EntryError::Version(version));
        }
        let is_act = match kind {
            KIND_CHANGE => false,
            KIND_ACT => true,
            _ => return Err(EntryError::Malformed(format!("unknown body kind {kind}"))),
        };
        let Canonical(.., claimed_at_ms, boot, monotonic_ms, size, root) = fields;
        let header = Header {
            municipality,
            device,
            seq,
            record,
            person,
            claimed_at_ms,
            boot,
            monotonic_ms,
            anchor: Anchor { size, root },
        };
        Ok(Self { header, prev, is_act, body_hash })
    }

    /// Returns the entry with its body. Checks the hash of an act; that of a change is checked when it is
    /// read.
    ///
    /// # Errors
    /// The body is another one.
    pub fn with_body(self, bytes: Vec<u8>) -> Result<Entry, EntryError> {
        let body = if self.is_act {
            Body::Act(bytes)
        } else {
            Body::Change(RawChange { hash: self.body_hash, bytes })
        };
        if body.hash() != self.body_hash {
            return Err(EntryError::Body);
        }
        Ok(Entry { header: self.header, body })
    }
}

fn malformed(error: &dyn std::fmt::Display) -> EntryError {
    EntryError::Malformed(error.to_string())
}
