//! The store on a local disk: ledger files and a sled index in one private folder, for the server and the device.

use std::path::Path;
use std::sync::Arc;

use sync_core::rows::Batch;

use crate::disk::OsDisk;
use crate::error::{Result, StoreError};
use crate::folder::{self, FolderLock};
use crate::index::{Index, IndexNotice, IndexOptions, IndexReason, Watermark};
use crate::ledger::{Ledger, LedgerOptions, LedgerReader, TailRepair};
use crate::stats::Stats;
use crate::store::{IndexRows, Records, Store};

/// How to open a [`DiskStore`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Options {
    /// Whether to make a store where there is none.
    pub create: bool,
    /// How long to wait for another process to let go of the store, in milliseconds.
    pub lock_wait_ms: u64,
    /// Sizes of the ledger.
    pub ledger: LedgerOptions,
    /// Settings of the index.
    pub index: IndexOptions,
}

impl Options {
    /// For a server: 64 MiB chunks, 32 MiB of index cache, no waiting for the lock.
    pub fn server() -> Self {
        Self {
            create: true,
            lock_wait_ms: 0,
            ledger: LedgerOptions::default(),
            index: IndexOptions::default(),
        }
    }

    /// For a device: 8 MiB chunks, 8 MiB of index cache, and two seconds for another command to finish.
    pub fn device() -> Self {
        let mut options = Self { lock_wait_ms: 2_000, ..Self::server() };
        options.ledger.chunk_bytes_max = 8 * 1024 * 1024;
        options.index.cache_bytes = 8 * 1024 * 1024;
        options
    }
}

/// What opening a store had to do; each deserves one warning line.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Notices {
    /// An unfinished append was cut.
    pub tail: Option<TailRepair>,
    /// The index was set aside.
    pub index: Option<IndexNotice>,
}

/// Durable state in a folder; `lock` keeps other writers out for as long as this lives.
#[derive(Debug)]
pub struct DiskStore {
    // Dropped in this order: nothing may still write when the lock goes.
    index: Index,
    ledger: Ledger,
    _lock: FolderLock,
}

impl DiskStore {
    /// Opens the store in `folder`, cutting a torn tail and setting a bad index aside; the notices say so.
    ///
    /// The index may be behind: call [`Store::catch_up`] next.
    ///
    /// # Errors
    /// `Missing`, `Locked`, `NewerFormat`, `NotAStore`, `Corrupt`, `Full`, `ReadOnly`, `SyncFailed`, `Io`.
    pub fn open(folder: &Path, options: &Options) -> Result<(Self, Notices)> {
        folder::ensure_folder(folder, options.create)?;
        let lock = folder::lock(folder, options.lock_wait_ms)?;
        folder::check_format(&OsDisk, folder, options.create)?;
        let (ledger, tail) = Ledger::open(folder, &options.ledger)?;
        let reader = ledger.reader();
        let last = reader.end() - 1;
        let (index, notice) = Index::open(folder, &options.index, last, &|seq| record_crc(&reader, seq))?;
        Ok((Self { index, ledger, _lock: lock }, Notices { tail, index: notice }))
    }

    /// The ledger's reader as its own type, for callers that want no dynamic dispatch.
    pub fn reader(&self) -> LedgerReader {
        self.ledger.reader()
    }
}

impl Store for DiskStore {
    fn append(&mut self, records: &[Vec<u8>]) -> Result<u64> {
        self.ledger.append(records)
    }

    fn records(&self) -> Arc<dyn Records> {
        Arc::new(self.ledger.reader())
    }

    fn rows(&self) -> Arc<dyn IndexRows> {
        Arc::new(self.index.rows().clone())
    }

    fn apply(&mut self, batch: Batch, watermark: u64) -> Result<()> {
        check_watermark(watermark, self.index.watermark(), self.ledger.end() - 1)?;
        let record_crc = record_crc(&self.ledger.reader(), watermark)?;
        self.index.apply(batch, Watermark { seq: watermark, record_crc })
    }

    fn watermark(&self) -> u64 {
        self.index.watermark()
    }

    fn rebuild(&mut self) -> Result<IndexNotice> {
        self.index.start_over(IndexReason::Asked)
    }

    fn stats(&self) -> Stats {
        self.ledger.stats()
    }

    fn close(mut self: Box<Self>) -> Result<()> {
        self.index.close()
    }
}

/// Refuses a watermark that goes back or names a record that is not there.
pub(crate) fn check_watermark(offered: u64, current: u64, last: u64) -> Result<()> {
    if offered < current || offered > last {
        return Err(StoreError::Watermark { offered, current, last });
    }
    Ok(())
}

pub(crate) fn record_crc(reader: &LedgerReader, seq: u64) -> Result<u32> {
    if seq == 0 { Ok(0) } else { Ok(crc32fast::hash(&reader.read(seq)?)) }
}

#[cfg(test)]
mod tests;
