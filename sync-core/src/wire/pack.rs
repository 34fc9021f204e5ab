//! Pack: many entries as one compact byte string, on the wire and in bundles.
//!
//! A pack leaves out what the receiver can compute: entry and change hashes, chunk checksums, the dependency
//! on the previous change of the same record, actor tables, and sequence numbers that follow from the ones
//! before.
//!
//! Section 13 of `docs/PROTOCOL.md` gives the format, field by field; the streams below follow it.

mod bounds;
mod bytes;
mod change_in;
mod change_out;
mod reader;
mod shape;
mod state;
mod stream;
mod tables;
#[cfg(test)]
mod tests;
mod writer;

use bounds::too_many;

use crate::crypto::Signature;
use crate::id::{DeviceId, Hash, RecordId};
use crate::limits::{MESSAGE_BYTES_MAX, PACK_ENTRIES_MAX};
use crate::log::entry::Header;
use crate::log::verdict::Receipt;
use crate::record::change::{Change, ChangeError, RawChange};
use crate::rows::RowsError;

/// The format's version, the first byte of a pack.
const VERSION: u8 = 1;
/// Longest pack, in bytes before compression.
pub const PACK_BYTES_MAX: usize = MESSAGE_BYTES_MAX;
/// Most bytes that indexes into the names may stand for in operations: a name is said once and used often.
pub const PACK_NAME_BYTES_MAX: usize = 32 * 1024 * 1024;
/// Most rows in a table.
const TABLE_MAX: usize = 65_536;
/// Most steps of a shape that more than one change uses.
const SHAPE_REUSED_STEPS_MAX: usize = 32;
/// Longest shape that more than one change uses, in bytes.
const SHAPE_REUSED_BYTES_MAX: usize = 256;
/// Longest reason of a verdict, in bytes.
const REASON_BYTES_MAX: usize = 64 * 1024;

/// Bits of an item's flags: what is said because it does not follow from the items before.
mod flag {
    /// Another device than the last item's.
    pub(super) const DEVICE: u64 = 1;
    /// Another record than the device's last item.
    pub(super) const RECORD: u64 = 1 << 1;
    /// The dependencies.
    pub(super) const DEPS: u64 = 1 << 2;
    /// The counter of the first operation.
    pub(super) const START_OP: u64 = 1 << 3;
    /// The monotonic time.
    pub(super) const MONOTONIC: u64 = 1 << 4;
    /// Person, boot, anchor or municipality.
    pub(super) const WHO: u64 = 1 << 5;
    /// The time of arrival.
    pub(super) const RECEIVED: u64 = 1 << 6;
    /// A signature.
    pub(super) const SIGNED: u64 = 1 << 7;
    /// The number in the device's chain.
    pub(super) const SEQ: u64 = 1 << 8;
    /// It is an act, not a change.
    pub(super) const ACT: u64 = 1 << 9;
    /// The change's sequence number.
    pub(super) const CHANGE_SEQ: u64 = 1 << 10;
    /// The change's device is not the item's.
    pub(super) const ACTOR: u64 = 1 << 11;
    /// From here on items have receipts, or have none any more.
    pub(super) const RECEIPT: u64 = 1 << 12;
    /// The number in the ledger.
    pub(super) const LEDGER_SEQ: u64 = 1 << 13;
    /// The carrier.
    pub(super) const CARRIER: u64 = 1 << 14;
    /// It is quarantined.
    pub(super) const HELD: u64 = 1 << 15;
    /// The first bit without a meaning.
    pub(super) const END: u64 = 1 << 16;
    /// Those that only a change has.
    pub(super) const OF_CHANGE: u64 = DEPS | START_OP | CHANGE_SEQ | ACTOR;
    /// Those that only a receipt has.
    pub(super) const OF_RECEIPT: u64 = RECEIVED | LEDGER_SEQ | CARRIER | HELD;
}

/// Bits of [`stream::WHO`].
mod who {
    pub(super) const PERSON: u64 = 1;
    pub(super) const BOOT: u64 = 1 << 1;
    pub(super) const ANCHOR: u64 = 1 << 2;
    pub(super) const MUNICIPALITY: u64 = 1 << 3;
    pub(super) const END: u64 = 1 << 4;
}

/// How a dependency is named.
mod dep {
    /// An earlier item of this pack.
    pub(super) const ITEM: u64 = 0;
    /// A change by the record's home device.
    pub(super) const HOME: u64 = 1;
    /// A change by another device.
    pub(super) const DEVICE: u64 = 2;
    /// A hash.
    pub(super) const HASH: u64 = 3;
}

/// Packs items. `hashes` holds the hash of each item's change at the item's index, because the caller mostly
/// has it ([`crate::log::entry::Body::hash`]; [`change_hashes`] computes it). It must be the true one, or the
/// receiver rebuilds other dependencies. The hash at the index of an act is not read.
///
/// # Errors
/// Over a limit, or a reference that `refs` does not know.
pub fn pack(items: &[PackItem], hashes: &[Hash], refs: &dyn Refs) -> Result<Vec<u8>, PackError> {
    too_many("entries", items.len() as u64, PACK_ENTRIES_MAX)?;
    if hashes.len() != items.len() {
        return Err(PackError::Malformed("not one hash for each item"));
    }
    let mut writer = writer::Writer::new(items, hashes, refs)?;
    for (index, item) in items.iter().enumerate() {
        writer.item(index, item)?;
    }
    let bytes = writer.finish().finish();
    too_many("bytes", bytes.len() as u64, PACK_BYTES_MAX)?;
    Ok(bytes)
}

/// Returns the hash of each item's change, as [`pack`] needs it; zero for an act.
pub fn change_hashes(items: &[PackItem]) -> Result<Vec<Hash>, ChangeError> {
    let hash = |item: &PackItem| match &item.body {
        PackBody::Change(change) => change.to_raw().map(|raw| raw.hash),
        PackBody::Act(_) => Ok(Hash::ZERO),
    };
    items.iter().map(hash).collect()
}

/// Unpacks what [`pack`] packed. The bytes may come from any party: the work is linear in their number, and
/// their number, [`crate::limits::PACK_OPS_MAX`] and [`PACK_NAME_BYTES_MAX`] bound the memory.
///
/// # Errors
/// Over a limit, not a pack of this version, or [`PackError::UnknownRef`] for a name that `refs` does not
/// know.
pub fn unpack(bytes: &[u8], refs: &dyn Refs) -> Result<Vec<Unpacked>, PackError> {
    too_many("bytes", bytes.len() as u64, PACK_BYTES_MAX)?;
    reader::Reader::new(bytes, refs)?.items()
}

/// One entry out of a pack.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unpacked {
    /// The entry.
    pub item: PackItem,
    /// The raw chunk and the hash of its change, which unpacking had to build; none for an act.
    pub raw: Option<RawChange>,
}

/// One entry as a pack carries it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PackItem {
    /// The entry's header.
    pub header: Header,
    /// Its body.
    pub body: PackBody,
    /// The server's receipt, where the server sends it.
    pub receipt: Option<Receipt>,
    /// The author's signature over its chain up to here, where one was made here.
    pub signature: Option<Signature>,
}

/// The body of a packed entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PackBody {
    /// A change, as operations.
    Change(Change),
    /// An act, as its bytes.
    Act(Vec<u8>),
}

/// What a sender and a receiver both know before the message, used to say less.
pub trait Refs {
    /// Returns, for the sender, the ledger number of the record's creation, if the *receiver* knows it by
    /// that too.
    fn record_number(&self, record: &RecordId) -> Result<Option<u64>, RowsError>;
    /// Returns, for the receiver, the record created at that ledger number.
    fn record_at(&self, number: u64) -> Result<Option<RecordId>, RowsError>;
    /// Returns, for the sender, the author of this change of the record: device and device sequence number.
    fn change_author(&self, record: &RecordId, change: &Hash) -> Result<Option<(DeviceId, u64)>, RowsError>;
    /// Returns, for the receiver, the hash of the change that is that device's entry number `seq`.
    fn change_hash(&self, record: &RecordId, device: &DeviceId, seq: u64) -> Result<Option<Hash>, RowsError>;
}

/// Why items cannot be packed or bytes not unpacked.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PackError {
    /// The bytes are not a pack.
    #[error("not a well-formed pack: {0}")]
    Malformed(&'static str),
    /// A number over its limit.
    #[error("the pack has {found} {what}, at most {max} are allowed")]
    TooMany {
        /// The thing that is counted.
        what: &'static str,
        /// How many there are.
        found: u64,
        /// How many there may be.
        max: u64,
    },
    /// It speaks of a record or change that the receiver does not know. A device resets then; a server
    /// answers `unknown_reference`.
    #[error("the pack speaks of {0}, which is not known here")]
    UnknownRef(String),
    /// The index could not be read.
    #[error(transparent)]
    Rows(#[from] RowsError),
}
