//! Store: a log and the index that follows from it, kept in step.

use sync_core::rows::{Batch, Overlay};

use crate::error::{FoldError, Result, StoreError};
use crate::index::{Index, IndexNotice, IndexReason, Watermark, check_keys};
use crate::log::{Log, Stats};
use crate::paged::Paged;

/// Lines that [`Store::catch_up`] folds before it applies what they wrote. A row written many times in between is
/// written to the index once; but the index holds on to what a batch replaces until the batch is whole.
pub const CATCH_UP_LINES_MAX: u64 = 2_000;
/// Bytes of lines after which [`Store::catch_up`] applies a batch early.
pub const CATCH_UP_BYTES_MAX: usize = 4 * 1024 * 1024;

/// Folds one line into the index: its number, its bytes, and the rows to read and write.
pub type Fold<'f> = dyn FnMut(u64, &[u8], &mut Overlay<'_>) -> Result<(), FoldError> + 'f;

/// How far [`Store::catch_up`] is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CatchUp {
    /// The last line applied.
    pub applied: u64,
    /// The last line there is.
    pub last: u64,
}

/// Durable state with one writer: a log, and an index whose watermark never passes the log's end.
///
/// Every method may wait for the disk, except [`Store::lines`], [`Store::rows`], [`Store::end`],
/// [`Store::watermark`] and [`Store::stats`].
#[derive(Debug)]
pub struct Store<L, I> {
    // Dropped in this order: the log may hold the lock that lets the index be written.
    index: I,
    log: L,
    rows_written: u64,
    row_bytes_written: u64,
}

impl<L: Log, I: Index> Store<L, I> {
    /// Returns the store of an open log and its open index, and a notice if the index was set aside: because its
    /// backend gave a `reason`, or because it was built from another log. The index may be behind: call
    /// [`Store::catch_up`] next.
    ///
    /// # Errors
    /// As [`Log::read`] and [`Index::start_over`].
    pub fn open(log: L, index: I, reason: Option<IndexReason>) -> Result<(Self, Option<IndexNotice>)> {
        let mut store = Self { index, log, rows_written: 0, row_bytes_written: 0 };
        let reason = match reason {
            Some(reason) => Some(reason),
            None => store.disagreement()?,
        };
        let notice = reason.map(|reason| store.index.start_over(reason)).transpose()?;
        Ok((store, notice))
    }

    /// Returns why the index was built from something else than this log, if it was.
    fn disagreement(&self) -> Result<Option<IndexReason>> {
        let Watermark { seq: watermark, record_crc } = self.index.watermark();
        let last = self.log.end() - 1;
        if watermark > last {
            return Ok(Some(IndexReason::AheadOfLedger { watermark, last }));
        }
        if self.crc_of(watermark)? != record_crc {
            return Ok(Some(IndexReason::OtherLedger { watermark }));
        }
        Ok(None)
    }

    /// Returns the crc32 of a line; 0 for line 0.
    fn crc_of(&self, number: u64) -> Result<u32> {
        if number == 0 { Ok(0) } else { Ok(crc32fast::hash(&self.log.read(number)?)) }
    }

    /// Makes `lines` durable; see [`Log::append`].
    ///
    /// # Errors
    /// As [`Log::append`].
    pub fn append(&mut self, lines: &[Vec<u8>]) -> Result<u64> {
        self.log.append(lines)
    }

    /// Returns the number that the next line will get.
    pub fn end(&self) -> u64 {
        self.log.end()
    }

    /// Returns a handle for reading lines. It outlives the store.
    pub fn lines(&self) -> L::Lines {
        self.log.lines()
    }

    /// Returns a handle for reading rows; see [`Index::Rows`].
    pub fn rows(&self) -> Paged<I::Rows> {
        Paged::new(self.index.rows())
    }

    /// Returns the index, whose own rows are the pages that [`Store::rows`] reads.
    pub fn index(&self) -> &I {
        &self.index
    }

    /// Returns the log.
    pub fn log(&self) -> &L {
        &self.log
    }

    /// Applies `batch` and sets the watermark, all or nothing; see [`Index::apply`].
    ///
    /// # Errors
    /// `Watermark` if it would go back or pass the log's end, `ReservedKey`; else as [`Index::apply`].
    pub fn apply(&mut self, batch: &Batch, watermark: u64) -> Result<()> {
        let (current, last) = (self.watermark(), self.log.end() - 1);
        if watermark < current || watermark > last {
            return Err(StoreError::Watermark { offered: watermark, current, last });
        }
        check_keys(batch)?;
        let record_crc = self.crc_of(watermark)?;
        let pages = self.rows().to_pages(batch);
        let pages = pages.map_err(|error| StoreError::Index { detail: error.to_string() })?;
        let bytes =
            |(key, value): (&Vec<u8>, &Option<Vec<u8>>)| key.len() + value.as_ref().map_or(0, Vec::len);
        self.rows_written += pages.writes.len() as u64;
        self.row_bytes_written += pages.writes.iter().map(bytes).sum::<usize>() as u64;
        self.index.apply(pages, Watermark { seq: watermark, record_crc })
    }

    /// Returns the last line that the index contains, 0 for none.
    pub fn watermark(&self) -> u64 {
        self.index.watermark().seq
    }

    /// Sets the index aside and begins an empty one with watermark 0; [`Store::catch_up`] fills it.
    ///
    /// # Errors
    /// As [`Index::start_over`].
    pub fn rebuild(&mut self) -> Result<IndexNotice> {
        self.index.start_over(IndexReason::Asked)
    }

    /// Returns counts since opening.
    pub fn stats(&self) -> Stats {
        let (rows_written, row_bytes_written) = (self.rows_written, self.row_bytes_written);
        Stats { rows_written, row_bytes_written, ..self.log.stats() }
    }

    /// Writes out what is only held for speed, and gives the store free for others; see [`Index::close`].
    ///
    /// # Errors
    /// As [`Index::close`].
    pub fn close(mut self) -> Result<()> {
        self.index.close()
    }

    /// Folds the lines after the watermark into the index, in batches of [`CATCH_UP_LINES_MAX`] lines or
    /// [`CATCH_UP_BYTES_MAX`] bytes, and calls `progress` after each. Returns the watermark reached.
    ///
    /// # Errors
    /// `Fold` with the number of the line that failed; the batches before its own are applied, so the next call
    /// goes on from there. Otherwise as [`Log::read_range`] and [`Store::apply`].
    pub fn catch_up(&mut self, fold: &mut Fold<'_>, progress: &mut dyn FnMut(CatchUp)) -> Result<u64> {
        let last = self.end() - 1;
        while self.watermark() < last {
            let from = self.watermark() + 1;
            let to = (last + 1).min(from + CATCH_UP_LINES_MAX);
            let (batch, applied) = self.fold_batch(from, to, fold)?;
            self.apply(&batch, applied)?;
            progress(CatchUp { applied, last });
        }
        Ok(self.watermark())
    }

    /// Folds lines from `from` on, before `to`, until there are enough. Returns the writes and the last line folded.
    fn fold_batch(&self, from: u64, to: u64, fold: &mut Fold<'_>) -> Result<(Batch, u64)> {
        let rows = self.rows();
        let mut overlay = Overlay::new(&rows);
        let mut folded = from - 1;
        let mut bytes = 0;
        let mut failed = None;
        self.log.read_range(from, to, &mut |seq, line| {
            if let Err(source) = fold(seq, line, &mut overlay) {
                failed = Some(StoreError::Fold { seq, source });
                return false;
            }
            folded = seq;
            bytes += line.len();
            bytes < CATCH_UP_BYTES_MAX
        })?;
        match failed {
            Some(error) => Err(error),
            None => Ok((overlay.batch, folded)),
        }
    }
}
