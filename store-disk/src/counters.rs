//! Counters: what a ledger counts, shared by the writer and its readers.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use store::Stats;

/// The counters behind [`Stats`].
#[derive(Debug, Default)]
pub(crate) struct Counters {
    appends: AtomicU64,
    lines: AtomicU64,
    fsyncs: AtomicU64,
    bytes_written: AtomicU64,
}

impl Counters {
    pub(crate) fn count_append(&self, lines: u64, bytes: u64) {
        self.appends.fetch_add(1, Relaxed);
        self.lines.fetch_add(lines, Relaxed);
        self.bytes_written.fetch_add(bytes, Relaxed);
    }

    pub(crate) fn count_fsync(&self) {
        self.fsyncs.fetch_add(1, Relaxed);
    }

    pub(crate) fn read(&self) -> Stats {
        Stats {
            appends: self.appends.load(Relaxed),
            records: self.lines.load(Relaxed),
            fsyncs: self.fsyncs.load(Relaxed),
            bytes_written: self.bytes_written.load(Relaxed),
            ..Stats::default()
        }
    }
}
