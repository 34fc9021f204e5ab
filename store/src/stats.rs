//! Counts of what a store did, for benchmarks and the operator's metrics.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

/// What a ledger did since it was opened.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Stats {
    /// Appends that became durable.
    pub appends: u64,
    /// Records in them.
    pub records: u64,
    /// Times the disk was asked to make something durable, folders included.
    pub fsyncs: u64,
    /// Bytes of durable appends, framing included.
    pub bytes_written: u64,
}

/// The counters behind [`Stats`], shared by the writer and its readers.
#[derive(Debug, Default)]
pub(crate) struct Counters {
    appends: AtomicU64,
    records: AtomicU64,
    fsyncs: AtomicU64,
    bytes_written: AtomicU64,
}

impl Counters {
    pub(crate) fn count_append(&self, records: u64, bytes: u64) {
        self.appends.fetch_add(1, Relaxed);
        self.records.fetch_add(records, Relaxed);
        self.bytes_written.fetch_add(bytes, Relaxed);
    }

    pub(crate) fn count_fsync(&self) {
        self.fsyncs.fetch_add(1, Relaxed);
    }

    pub(crate) fn read(&self) -> Stats {
        Stats {
            appends: self.appends.load(Relaxed),
            records: self.records.load(Relaxed),
            fsyncs: self.fsyncs.load(Relaxed),
            bytes_written: self.bytes_written.load(Relaxed),
        }
    }
}
