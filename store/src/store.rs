//! The contract between the shells and whatever keeps their state: disk, memory, later PostgreSQL.

use std::sync::Arc;

use sync_core::rows::{Batch, Overlay, Rows};

use crate::error::{FoldError, Result, StoreError};
use crate::index::IndexNotice;
use crate::ledger::LedgerReader;
use crate::stats::Stats;

/// Records that [`Store::catch_up`] folds before it applies what they wrote. A row written many times in between is
/// written to the index once; but the index holds on to what a batch replaces until the batch is whole.
pub const CATCH_UP_RECORDS_MAX: u64 = 2_000;
/// Bytes of records after which [`Store::catch_up`] applies a batch early.
pub const CATCH_UP_BYTES_MAX: usize = 4 * 1024 * 1024;

/// Folds one record into the index: its number, its bytes, and the rows to read and write.
pub type Fold<'f> = dyn FnMut(u64, &[u8], &mut Overlay<'_>) -> Result<(), FoldError> + 'f;

/// How far [`Store::catch_up`] is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CatchUp {
    /// The last record applied.
    pub applied: u64,
    /// The last record there is.
    pub last: u64,
}

/// Reading records by number, from any thread. Every call may wait for the disk.
pub trait Records: Send + Sync {
    /// The number the next record will get; 1 in an empty store. Does not wait.
    fn end(&self) -> u64;

    /// The bytes of record `seq`.
    ///
    /// # Errors
    /// `NoSuchRecord`, `Corrupt`, `Io`.
    fn read(&self, seq: u64) -> Result<Vec<u8>>;

    /// Calls `visit` for each record in `from..to`, in order, until it answers `false`. Numbers outside the
    /// ledger are left out. `visit` may read records and rows.
    ///
    /// # Errors
    /// `Corrupt`, `Io`; the records before it have been visited.
    fn read_range(&self, from: u64, to: u64, visit: &mut dyn FnMut(u64, &[u8]) -> bool) -> Result<()>;
}

/// Rows that any thread may read. One `get` or one row of a scan is never torn, but a scan may see rows that were
/// applied while it ran: there are no snapshots. Keys that start with a zero byte are never shown.
pub trait IndexRows: Rows + Send + Sync {}

impl<R: Rows + Send + Sync> IndexRows for R {}

/// Durable state with one writer. All methods may wait for the disk, so an async shell calls them from a blocking
/// thread, except [`Store::records`], [`Store::rows`], [`Store::watermark`] and [`Store::stats`], which never wait.
///
/// [`crate::conformance`] checks what the types cannot say; every backend runs it.
pub trait Store: Send {
    /// Makes `records` durable, all or none, and answers the number of the first. **When this returns, they are
    /// committed.** An empty slice changes nothing and answers the end.
    ///
    /// # Errors
    /// `RecordSize`, `AppendSize`, `Full`, `ReadOnly`, `Io`: nothing is kept, a later append may succeed.
    /// `SyncFailed`: nothing more is appended (`AppendsStopped`) until the store is opened anew, which may or may
    /// not find the records of the failed append. Reading goes on.
    fn append(&mut self, records: &[Vec<u8>]) -> Result<u64>;

    /// A handle for reading records. It outlives the store.
    fn records(&self) -> Arc<dyn Records>;

    /// A handle for reading rows; sees what is applied later, and fails once the store is closed.
    fn rows(&self) -> Arc<dyn IndexRows>;

    /// Applies `batch` and sets the watermark, all or nothing. Not durable by itself: after a crash the index may
    /// be as it was at some earlier `apply`, with the watermark of then.
    ///
    /// # Errors
    /// `Watermark` if it would go back or pass the ledger's end, `ReservedKey`, `Index`, `Full`.
    fn apply(&mut self, batch: Batch, watermark: u64) -> Result<()>;

    /// The last record that the index contains, 0 for none.
    fn watermark(&self) -> u64;

    /// Sets the index aside and starts an empty one with watermark 0; [`Store::catch_up`] fills it.
    ///
    /// # Errors
    /// `Index`, `Full`, `ReadOnly`, `Io`.
    fn rebuild(&mut self) -> Result<IndexNotice>;

    /// Counts since opening.
    fn stats(&self) -> Stats;

    /// Writes out what is only held for speed, and gives the store free for others. Dropping does the same, but
    /// cannot say what failed.
    ///
    /// # Errors
    /// `Index`, `Full`: no record is lost, the index may have to catch up.
    fn close(self: Box<Self>) -> Result<()>;

    /// Folds the records after the watermark into the index, in batches of [`CATCH_UP_RECORDS_MAX`] records or
    /// [`CATCH_UP_BYTES_MAX`] bytes, and calls `progress` after each. Answers the watermark reached.
    ///
    /// # Errors
    /// `Fold` with the number of the record that failed; the batches before its own are applied, so the next call
    /// goes on from there. Otherwise as [`Records::read_range`] and [`Store::apply`].
    fn catch_up(&mut self, fold: &mut Fold<'_>, progress: &mut dyn FnMut(CatchUp)) -> Result<u64> {
        let records = self.records();
        let rows = self.rows();
        let last = records.end() - 1;
        while self.watermark() < last {
            let from = self.watermark() + 1;
            let to = (last + 1).min(from + CATCH_UP_RECORDS_MAX);
            let (batch, applied) = fold_batch(&*records, &*rows, from, to, fold)?;
            self.apply(batch, applied)?;
            progress(CatchUp { applied, last });
        }
        Ok(self.watermark())
    }
}

/// Folds records from `from` on, before `to`, until there are enough; answers the writes and the last record folded.
fn fold_batch(
    records: &dyn Records,
    rows: &dyn IndexRows,
    from: u64,
    to: u64,
    fold: &mut Fold<'_>,
) -> Result<(Batch, u64)> {
    let mut overlay = Overlay::new(rows);
    let mut folded = from - 1;
    let mut bytes = 0;
    let mut failed = None;
    records.read_range(from, to, &mut |seq, record| {
        if let Err(source) = fold(seq, record, &mut overlay) {
            failed = Some(StoreError::Fold { seq, source });
            return false;
        }
        folded = seq;
        bytes += record.len();
        bytes < CATCH_UP_BYTES_MAX
    })?;
    match failed {
        Some(error) => Err(error),
        None => Ok((overlay.batch, folded)),
    }
}

impl Records for LedgerReader {
    fn end(&self) -> u64 {
        Self::end(self)
    }

    fn read(&self, seq: u64) -> Result<Vec<u8>> {
        Self::read(self, seq)
    }

    fn read_range(&self, from: u64, to: u64, visit: &mut dyn FnMut(u64, &[u8]) -> bool) -> Result<()> {
        Self::read_range(self, from, to, visit)
    }
}
