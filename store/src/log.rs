//! Log: what keeps numbered lines, appends them durably, and lets them be read.

use sync_core::log::line::Lines;

use crate::error::{Result, StoreError};

/// Bytes that all lines of one append may have together, with [`FRAME_BYTES`] of framing each.
pub const APPEND_BYTES_MAX: u64 = 256 * 1024 * 1024;
/// Bytes that a line costs beside its own, wherever it is kept: space and statistics come out alike.
pub const FRAME_BYTES: u64 = 16;
/// The largest line that an append takes, unless the log is told otherwise.
pub const LINE_BYTES_MAX: u32 = 8 * 1024 * 1024;

/// Counts of what log and index did since they were opened, for benchmarks and the operator's metrics.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Stats {
    /// Appends that became durable.
    pub appends: u64,
    /// Lines in them.
    pub records: u64,
    /// Times the disk was asked to make something durable, folders included. A log without a disk counts one for each
    /// append.
    pub fsyncs: u64,
    /// Bytes of durable appends, framing included.
    pub bytes_written: u64,
    /// Keys written to the index: a page that holds several rows is one. A log alone counts none.
    pub rows_written: u64,
    /// Bytes of these keys and of their values.
    pub row_bytes_written: u64,
}

/// Numbered lines with one writer. Every method may wait for the disk, except [`Log::end`], [`Log::lines`] and
/// [`Log::stats`].
///
/// A log need not work across threads; a shell that has threads asks for `Send` and `Sync` where it needs them.
/// [`crate::conformance`] checks what the types cannot say; every implementation runs it.
pub trait Log {
    /// A handle for reading, as the core reads lines. It outlives the log, and sees later appends.
    type Lines: Lines + Clone;

    /// Makes `lines` durable, all or none, and returns the number of the first. **When this returns, they are
    /// committed.** An empty slice changes nothing and returns the end.
    ///
    /// # Errors
    /// `RecordSize`, `AppendSize`, `Full`, `ReadOnly`, `Io`: nothing is kept, a later append may succeed.
    /// `SyncFailed`: nothing more is appended (`AppendsStopped`) until the log is opened again, which may or may not
    /// find the lines of the failed append. Reading goes on.
    fn append(&mut self, lines: &[Vec<u8>]) -> Result<u64>;

    /// Returns the number that the next line will get; 1 in an empty log.
    fn end(&self) -> u64;

    /// Returns the bytes of a line.
    ///
    /// # Errors
    /// `NoSuchRecord`, `Corrupt`, `Io`.
    fn read(&self, number: u64) -> Result<Vec<u8>>;

    /// Calls `visit` for each line in `from..to`, in order, until it returns `false`. Numbers outside the log are left
    /// out. `visit` may read lines and rows.
    ///
    /// # Errors
    /// `Corrupt`, `Io`; the lines before it have been visited.
    fn read_range(&self, from: u64, to: u64, visit: &mut dyn FnMut(u64, &[u8]) -> bool) -> Result<()>;

    /// Returns a handle for reading.
    fn lines(&self) -> Self::Lines;

    /// Returns counts since opening, of the log alone.
    fn stats(&self) -> Stats;
}

/// Returns the bytes that an append of `lines` takes, framing included.
///
/// # Errors
/// `RecordSize` if a line is empty or longer than `line_bytes_max`; `AppendSize` if all together are too long.
pub fn check_sizes(lines: &[Vec<u8>], line_bytes_max: u32) -> Result<u64> {
    let bytes_max = u64::from(line_bytes_max);
    let sizes = lines.iter().map(|line| line.len() as u64);
    if let Some(bytes) = sizes.clone().find(|bytes| *bytes == 0 || *bytes > bytes_max) {
        return Err(StoreError::RecordSize { bytes, bytes_max });
    }
    let bytes = sizes.map(|bytes| bytes + FRAME_BYTES).sum();
    if bytes > APPEND_BYTES_MAX {
        return Err(StoreError::AppendSize { bytes, bytes_max: APPEND_BYTES_MAX });
    }
    Ok(bytes)
}
