//! Simulation: the real ledger and the index's real opening rule, on a disk that a simulator makes. Only behind the
//! feature `simulation`; no product turns it on.

use std::path::Path;
use std::sync::Arc;

pub use crate::disk::{Disk, DiskFile};
pub use crate::index::{Watermark, disagreement};

use crate::error::Result;
use crate::ledger::{Ledger, LedgerOptions, LedgerReader, TailRepair};

/// [`Ledger::open`] on a disk of the caller's choice.
///
/// # Errors
/// As [`Ledger::open`].
pub fn open_ledger_on(
    disk: Arc<dyn Disk>,
    store_folder: &Path,
    options: &LedgerOptions,
) -> Result<(Ledger, Option<TailRepair>)> {
    Ledger::open_on(disk, store_folder, options)
}

/// The crc32 of a record, as the index's watermark keeps it; 0 for record 0.
///
/// # Errors
/// As [`LedgerReader::read`].
pub fn record_crc(reader: &LedgerReader, seq: u64) -> Result<u32> {
    crate::disk_store::record_crc(reader, seq)
}

/// Refuses a watermark that goes back or names a record that is not there.
///
/// # Errors
/// `Watermark`.
pub fn check_watermark(offered: u64, current: u64, last: u64) -> Result<()> {
    crate::disk_store::check_watermark(offered, current, last)
}
