//! Simulation: the real ledger on a disk that a simulator makes. Only behind the feature `simulation`; no product turns
//! it on.

use std::path::Path;
use std::sync::Arc;

use ::store::Result;

pub use crate::disk::{Disk, DiskFile};

use crate::ledger::{Ledger, LedgerOptions, TailRepair};

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
