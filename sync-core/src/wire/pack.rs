//! Pack: many entries as one compact byte string, on the wire and in bundles.
//!
//! Whatever the receiver can compute is left out: entry and change hashes, chunk checksums, the dependency on the
//! previous change of the same record, actor tables, sequence numbers that follow from the ones before.

use crate::change::Change;
use crate::crypto::Signature;
use crate::entry::Header;
use crate::id::{DeviceId, Hash, RecordId};
use crate::rows::RowsError;
use crate::verdict::Receipt;

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
