//! Durable state: the append-only ledger and the rebuildable index. Bytes only, no rule of the domain.
//!
//! The ledger is the only ground state; its fsync is the commit point ([`Store::append`]). The index is derived
//! from it by a fold ([`Store::catch_up`]) and can be lost at any time without loss of data.
//!
//! Absent here: any knowledge of what a record or a row means, who may write it, async, threads, the network.

mod disk;
mod disk_store;
mod error;
mod folder;
mod index;
mod ledger;
mod memory;
mod stats;
mod store;

pub mod conformance;
#[cfg(feature = "simulation")]
pub mod simulation;

#[cfg(test)]
mod faulty;

pub use disk_store::{DiskStore, Notices, Options};
pub use error::{FoldError, Result, StoreError};
pub use index::{IndexNotice, IndexOptions, IndexReason};
pub use ledger::{APPEND_BYTES_MAX, Ledger, LedgerOptions, LedgerReader, ReadOnlyLedger, TailRepair};
pub use memory::{AppendFault, Crash, MemoryMedium, MemoryStore};
pub use stats::Stats;
pub use store::{CATCH_UP_BYTES_MAX, CATCH_UP_RECORDS_MAX, CatchUp, Fold, IndexRows, Records, Store};
