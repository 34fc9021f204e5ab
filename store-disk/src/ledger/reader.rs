//! Reading records by number, from any thread, while the writer appends.

use std::sync::Arc;

use super::chunks::{Run, Shared};
use super::frame;
use crate::disk::read_full;
use store::{Result, StoreError};
use sync_core::log::line::Lines;
use sync_core::rows::RowsError;

/// Bytes read from a chunk at once when records are read in order.
const RUN_BYTES_MAX: u64 = 512 * 1024;

/// A handle for reading a ledger. Cheap to clone; sees a record as soon as its append has returned.
#[derive(Clone)]
pub struct LedgerReader {
    shared: Arc<Shared>,
}

impl LedgerReader {
    pub(super) fn new(shared: Arc<Shared>) -> Self {
        Self { shared }
    }

    /// The sequence number the next record will get; 1 when there is none yet.
    pub fn end(&self) -> u64 {
        self.shared.end()
    }

    /// The bytes of record `seq`, its checksum verified.
    ///
    /// # Errors
    /// `NoSuchRecord`, `Corrupt`, `Io`.
    pub fn read(&self, seq: u64) -> Result<Vec<u8>> {
        let mut record = Vec::new();
        let run = self.run(seq, seq + 1, 0)?;
        visit_run(&run, seq, &mut Vec::new(), &mut |_, bytes| {
            record = bytes.to_vec();
            true
        })?;
        Ok(record)
    }

    /// Calls `visit` with number and bytes of each record in `from..to`, in order, until it answers `false`.
    /// What lies outside the ledger is left out. `visit` may read; it must not append.
    ///
    /// # Errors
    /// `Corrupt`, `Io`; the records before it have been visited.
    pub fn read_range(&self, from: u64, to: u64, visit: &mut dyn FnMut(u64, &[u8]) -> bool) -> Result<()> {
        let mut seq = from.max(1);
        let to = to.min(self.end());
        let mut buffer = Vec::new();
        while seq < to {
            let run = self.run(seq, to, RUN_BYTES_MAX)?;
            if !visit_run(&run, seq, &mut buffer, visit)? {
                break;
            }
            seq += run.records;
        }
        Ok(())
    }

    fn run(&self, seq: u64, to: u64, bytes_max: u64) -> Result<Run> {
        self.shared
            .run(seq, to, bytes_max)
            .ok_or_else(|| StoreError::NoSuchRecord { seq, end: self.shared.end() })
    }
}

/// Reads all records of `run`, the first of which is `first_seq`; answers whether `visit` wants more.
fn visit_run(
    run: &Run,
    first_seq: u64,
    buffer: &mut Vec<u8>,
    visit: &mut dyn FnMut(u64, &[u8]) -> bool,
) -> Result<bool> {
    buffer.resize(run.bytes, 0);
    let filled = read_full(&*run.file, buffer, run.offset)
        .map_err(|error| StoreError::from_io("read", &run.path, 0, error))?;
    let mut at = 0;
    for seq in first_seq..first_seq + run.records {
        let (payload, frame_bytes) =
            frame::read_frame(&buffer[at..filled], seq).map_err(|detail| StoreError::Corrupt {
                seq,
                path: run.path.to_path_buf(),
                offset: run.offset + at as u64,
                detail: detail.to_owned(),
            })?;
        if !visit(seq, payload) {
            return Ok(false);
        }
        at += frame_bytes;
    }
    Ok(true)
}

impl Lines for LedgerReader {
    fn end(&self) -> u64 {
        Self::end(self)
    }

    fn line(&self, number: u64) -> Result<Vec<u8>, RowsError> {
        self.read(number).map_err(|error| RowsError(error.to_string()))
    }

    fn each(&self, from: u64, to: u64, visit: &mut dyn FnMut(u64, &[u8]) -> bool) -> Result<(), RowsError> {
        self.read_range(from, to, visit).map_err(|error| RowsError(error.to_string()))
    }
}

impl std::fmt::Debug for LedgerReader {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("LedgerReader").field("end", &self.end()).finish_non_exhaustive()
    }
}
