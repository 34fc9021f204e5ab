//! Pack: many entries as one compact byte string, on the wire and in bundles.
//!
//! Whatever the receiver can compute is left out: entry and change hashes, chunk checksums, the dependency on the
//! previous change of the same record, actor tables, sequence numbers that follow from the ones before.
//!
//! # The format, field by field
//!
//! A pack holds entries in order. What the receiver can compute is left out; each field of all entries is one stream, so
//! that a compressor (HTTP content coding, not part of the pack) finds like beside like. Unpacking restores every field.
//!
//! ## Numbers and frame
//!
//! - *varint*: 7 bits a byte, low bits first, top bit set on all bytes but the last; at most 64 bits; no needless bytes.
//! - *signed*: zigzag (0, -1, 1, -2 … as 0, 1, 2, 3 …), then varint. All differences wrap at 64 bits.
//! - *pack*: one byte version (1), then the 43 streams below in this order, each as varint length and bytes. Nothing follows, and
//!   every stream is used up.
//!
//! | # | stream | holds |
//! |---|---|---|
//! | 0 | ANCHOR_SIZES | table of anchors: signed, size less the size of the row before (at first 0) |
//! | 1 | RECORDS | table of records: 0 = full id; else 1 + zigzag(number less the last number in this table, at first 0) |
//! | 2 | HOMES | a row for each of RECORDS: 0 = none; else 1 + index of the record's home device |
//! | 3 | NAME_LENGTHS | table of names: varint, bytes |
//! | 4 | NAME_BYTES | table of names: UTF-8 |
//! | 5 | TEXTS | UTF-8 of texts said once, in the order of items and steps |
//! | 6 | SHAPES | table of shapes |
//! | 7 | FLAGS | one varint an item; its end is the end of the items |
//! | 8 | ITEM_DEVICES | DEVICE: index of a device |
//! | 9 | ITEM_RECORDS | RECORD: 0 = the next row of the table of records; 1 = the zero id; else 2 + index of a row met before |
//! | 10 | SEQS | SEQ: signed, sequence number less what was expected |
//! | 11 | WHO | WHO: bits 1 person, 2 boot, 4 anchor, 8 municipality; each set bit has a number in its stream |
//! | 12 | PERSONS | index of a name |
//! | 13 | ITEM_BOOTS | index of a boot |
//! | 14 | ITEM_ANCHORS | index of an anchor |
//! | 15 | MUNICIPALITIES | varint |
//! | 16 | CLAIMED_HIGH | every item: zigzag(claimed time less the base's) >> 16, varint |
//! | 17 | MONOTONIC | MONOTONIC: signed, monotonic time less what was expected |
//! | 18 | USES | every change: index of its shape |
//! | 19 | DEP_COUNTS | DEPS: how many dependencies |
//! | 20 | DEP_KINDS | each: 0 an earlier item, 1 by the home device, 2 by a device, 3 a hash |
//! | 21 | DEP_BACKS | kind 0: items back, from 1 |
//! | 22 | DEP_DEVICES | kind 2: index of a device |
//! | 23 | START_OPS | START_OP: varint, the counter itself |
//! | 24 | CHANGE_SEQS | CHANGE_SEQ: signed, the change's sequence number less what was expected |
//! | 25 | ACTORS | ACTOR: index of the change's device |
//! | 26 | VALUES | the slots: for each shape, for each of its slots, for each of its uses in item order: varint |
//! | 27 | LEDGER_SEQS | LEDGER_SEQ: signed, ledger number less what was expected |
//! | 28 | RECEIVED | RECEIVED: signed, time of arrival less the last receipt's |
//! | 29 | CARRIERS | CARRIER: 0 = none; else 1 + index of a device |
//! | 30, 31 | REASON_LENGTHS, REASONS | HELD: varint; MessagePack of the reason, maps with named fields |
//! | 32, 33 | ACT_LENGTHS, ACTS | ACT: varint; the act's bytes |
//! | 34 | ALGS | SIGNED: one byte |
//! | 35 | DEP_SEQS | kinds 1, 2: signed, the author's sequence number less what was expected |
//! | 36 | CLAIMED_LOW | every item: the low 16 bits of the number in CLAIMED_HIGH, 2 bytes, little-endian |
//! | 37, 38 | DEVICES, BOOTS | tables: 16 bytes; 8 bytes a row |
//! | 39 | RECORD_IDS | full ids of RECORDS: 16 bytes |
//! | 40 | ROOTS | table of anchors: 32 bytes a row |
//! | 41 | DEP_HASHES | kind 3: 32 bytes |
//! | 42 | SIGNATURES | SIGNED: 64 bytes |
//!
//! ## Items
//!
//! Flags, low bit first: DEVICE, RECORD, DEPS, START_OP, MONOTONIC, WHO, RECEIVED, SIGNED, SEQ, ACT, CHANGE_SEQ, ACTOR, RECEIPT,
//! LEDGER_SEQ, CARRIER, HELD. Higher bits are refused, and so are DEPS, START_OP, CHANGE_SEQ and ACTOR with ACT. Streams are read
//! only where the flag named in the table is set. For each item, in this order:
//!
//! 1. Device: said, or that of the last item (before the first: zero).
//! 2. The *base* is the header of this device's last item in the pack; if it has none, that of the last item with sequence number
//!    0 and the zero record; before the first item all is zero and the person empty. What is not said is the base's: record, person,
//!    boot, anchor, municipality. Sequence number: expected base + 1.
//! 3. Claimed time: base + difference. Monotonic time: expected base + the same difference.
//! 4. Act, or change: device (ACTOR, else the item's); sequence number: expected 1 + that of the last change of this record by that
//!    device in the pack, else 1; dependencies; first operation; operations by the shape.
//! 5. RECEIPT turns having a receipt on and off, for this item and those after it; at first it is off. Without a receipt,
//!    RECEIVED, LEDGER_SEQ, CARRIER and HELD are refused. Ledger number: expected 1 + that of the last receipt (at first 0). Arrival and
//!    carrier: the last receipt's (at first 0, none). HELD: quarantined for the reason; else accepted.
//! 6. SIGNED: algorithm and signature.
//!
//! *Records by number*: a record's number is the ledger sequence number that both sides know its creation by.
//!
//! *Dependencies* not said: exactly the last earlier item that changes the same record, or none where there is none. By device:
//! the change that is that device's entry with this sequence number, which the receiver looks up; it must be a change of the
//! item's record. Expected: s + (n - m), where n is the number of this item's record (0 if sent as full id) and s, m are sequence
//! number and record's number of the last dependency named by that device (at first 0, 0). The hash of an earlier item is computed by
//! rebuilding its chunk.
//!
//! *First operation* not said: if the pack holds an earlier change of the record, 1 + the highest operation counter of those; else 1 if
//! the change has no dependencies; else the last number of START_OPS that was read (at first 1). The highest counter of a change is
//! its first plus its number of operations less 1.
//!
//! ## Shapes
//!
//! A shape is varint number of steps, then the steps. A step is one operation, or a run of them:
//!
//! - byte 1: action (bits 0-3), insert (bit 4), place (bits 5-6), 0. Byte 2: object (bits 0-1), predecessors (bits 2-3), 0000.
//! - object: 0 root, 1 that of the operation before, 2 a reference (follows).
//! - place: 0 key (varint index of a name follows), 1 head, 2 element (a reference follows), 3 the element last inserted into this
//!   object of this record in the pack.
//! - action: 0 null, 1 false, 2 true, 3 whole number, 4 text, 5 decimal (a byte follows: digits after the point), 6 make map, 7 make
//!   list, 8 make text, 9 delete, 10 run.
//! - predecessors: 0 none, 1 the operation of the pack that last wrote this key of this object of this record (an insertion does
//!   not count; a deletion leaves none), 2 the element of the place, 3 listed (varint count, then references, follow).
//!
//! What follows stands in the order object, place, digits, predecessors. A reference is a varint, kind in the low 3 bits:
//!
//! | kind | names | rest of the number | slots |
//! |---|---|---|---|
//! | 0 | the last operation of an earlier step of this change | steps back, from 1 | |
//! | 1 | an operation of the record's home device | its counter | |
//! | 2 | the same | 0 | back |
//! | 3 | an operation of the change's device | 0 | back |
//! | 4 | an operation of any device | 0 | index of the device, back |
//!
//! *back* is the zigzag of the step's first operation counter less the counter named. Each use of a shape brings its slots, in the order of the
//! steps and in a step: object, place, value, predecessors. Values: whole number: zigzag. Text: 2 × length in bytes (the bytes stand
//! in TEXTS), or 1 + 2 × index of a name. Decimal: zigzag of all its digits as one number (`0.80` is 80 with 2 digits after the point;
//! a text that this would not restore exactly is a text). Run: length in bytes; the bytes stand in TEXTS, and each character (Unicode
//! scalar value) is one operation that puts it: the first inserts at the place, each other after the one before, all in the same
//! object, without predecessors. A run's step has insert set and no predecessors, and at least one character.
//!
//! The home device may be any; a writer takes the one whose objects the record's changes work in first, because it made the
//! skeleton, whose counters are alike in all records.
//!
//! ## Limits
//!
//! 8 MiB a pack, 65,536 items, 65,536 rows a table, 1,000,000 operations and predecessors, 32 MiB that indexes of names stand for as keys and
//! values. A change: 20,000 operations, 256 dependencies, 256 predecessors an operation, 256 KiB as a chunk. A name 200 bytes, a key 120, a
//! text 40,000, a run 80,000, an act 128 KiB, a reason 64 KiB, a decimal 15 digits after the point. A shape of more than 32
//! steps or 256 bytes is used at most once. Operation counters lie in 1 to 2^32 - 1 (those of a change end before that), sequence numbers of
//! changes from 1, predecessors rise by counter and device. What breaks a limit is refused whole.

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

/// Packs items. `hashes` holds the hash of each item's change at the item's index, because the caller mostly has it
/// ([`crate::log::entry::Body::hash`]; [`change_hashes`] computes it); it must be the true one, or the receiver will
/// rebuild other dependencies. What stands at the index of an act is not read.
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

/// Unpacks what [`pack`] packed. The bytes may come from anybody: the work is linear in their number, and what is
/// allocated is bounded by it and by [`crate::limits::PACK_OPS_MAX`] and [`PACK_NAME_BYTES_MAX`].
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
    /// What the entry says about itself.
    pub header: Header,
    /// What it does.
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
    /// Sender: the ledger sequence number that the *receiver* too knows this record's creation by, if any.
    fn record_number(&self, record: &RecordId) -> Result<Option<u64>, RowsError>;
    /// Receiver: the record created at that ledger sequence number.
    fn record_at(&self, number: u64) -> Result<Option<RecordId>, RowsError>;
    /// Sender: who made this change of the record, by device and device sequence number.
    fn change_author(&self, record: &RecordId, change: &Hash) -> Result<Option<(DeviceId, u64)>, RowsError>;
    /// Receiver: the hash of the change that is that device's entry number `seq`.
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
        /// What is counted.
        what: &'static str,
        /// How many there are.
        found: u64,
        /// How many there may be.
        max: u64,
    },
    /// It speaks of a record or change that the receiver does not know: the two must reconcile.
    #[error("the pack speaks of {0}, which is not known here")]
    UnknownRef(String),
    /// The index could not be read.
    #[error(transparent)]
    Rows(#[from] RowsError),
}
