//! Index: what keeps rows with the number of the last line they contain, and can always be made again.

use std::path::PathBuf;

use sync_core::rows::{Batch, Rows};

use crate::error::{Result, StoreError};

/// Starts the keys of an index's own rows; they are not shown and cannot be written from outside.
pub const RESERVED: u8 = 0;

/// How far an index has come.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Watermark {
    /// The last line applied, 0 for none.
    pub seq: u64,
    /// crc32 of that line, so that an index is not taken for the one of another log.
    pub record_crc: u32,
}

/// Rows in key order, with one writer, and a watermark that changes with them.
///
/// [`crate::Store`] keeps an index in step with its log, and is the only one that should write in it. An index need not
/// work across threads.
pub trait Index {
    /// A handle for reading; sees what is applied later, and fails once the index is closed. One `get` or one row of a
    /// scan is never torn, but a scan may see rows that were applied while it ran: there are no snapshots. Keys that
    /// start with [`RESERVED`] are never shown.
    type Rows: Rows + Clone;

    /// Returns a handle for reading.
    fn rows(&self) -> Self::Rows;

    /// Returns the last line that the rows contain.
    fn watermark(&self) -> Watermark;

    /// Applies `batch` and sets the watermark, all or nothing. Not durable by itself: after a crash the index may be as
    /// it was at some earlier `apply`, with the watermark of then.
    ///
    /// # Errors
    /// `Index`, `Full`.
    fn apply(&mut self, batch: Batch, watermark: Watermark) -> Result<()>;

    /// Sets what there is aside and begins an empty index with watermark 0.
    ///
    /// # Errors
    /// `Index`, `Full`, `ReadOnly`, `Io`.
    fn start_over(&mut self, reason: IndexReason) -> Result<IndexNotice>;

    /// Writes out what is only held for speed, and lets go of it. Dropping does the same, but cannot say what failed.
    ///
    /// # Errors
    /// `Index`, `Full`: no line is lost, the index may have to catch up.
    fn close(&mut self) -> Result<()>;
}

/// Why an index was set aside.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum IndexReason {
    /// The backend could not open it.
    DidNotOpen(String),
    /// It has another format than this program writes.
    OtherFormat {
        /// The format found, empty if there was none.
        found: String,
        /// The one expected.
        expected: String,
    },
    /// It contains records the ledger does not have.
    AheadOfLedger {
        /// The index's watermark.
        watermark: u64,
        /// The ledger's last record.
        last: u64,
    },
    /// The last record it contains is not the one of that number in the ledger.
    OtherLedger {
        /// The index's watermark.
        watermark: u64,
    },
    /// [`crate::Store::rebuild`] was called.
    Asked,
}

impl std::fmt::Display for IndexReason {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::DidNotOpen(detail) => write!(f, "it did not open: {detail}"),
            Self::OtherFormat { found, expected } => write!(f, "its format is {found:?}, not {expected:?}"),
            Self::AheadOfLedger { watermark, last } => {
                write!(f, "it contains record {watermark}, but the ledger ends with {last}")
            }
            Self::OtherLedger { watermark } => {
                write!(f, "record {watermark} is not the one it was built from")
            }
            Self::Asked => write!(f, "a rebuild was asked for"),
        }
    }
}

/// An index was set aside and an empty one begun; [`crate::Store::catch_up`] fills it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IndexNotice {
    /// Why.
    pub reason: IndexReason,
    /// Where the old one is now; `None` if the backend keeps no copy.
    pub saved_as: Option<PathBuf>,
}

/// Checks that a batch writes none of an index's own rows.
pub(crate) fn check_keys(batch: &Batch) -> Result<()> {
    // Keys are sorted, and reserved ones come first; only the empty key sorts before them.
    let mut reserved = batch.writes.keys().take_while(|key| key.first().is_none_or(|byte| *byte == RESERVED));
    if reserved.any(|key| !key.is_empty()) { Err(StoreError::ReservedKey) } else { Ok(()) }
}
