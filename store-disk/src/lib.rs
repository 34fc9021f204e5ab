//! Durable state in a folder: chunk files of framed lines for the log ([`Ledger`]), sled for the index, and a lock
//! that keeps a second writer out. [`open`] puts them together and sets damaged files aside.

mod counters;
mod disk;
mod folder;
mod index;
mod ledger;
mod store;

#[cfg(feature = "simulation")]
pub mod simulation;

#[cfg(test)]
mod conformance;
#[cfg(test)]
mod faulty;

pub use folder::{is_unfit, make_folder};
pub use index::{IndexOptions, SledIndex, SledRows, is_before_1970};
pub use ledger::{Ledger, LedgerOptions, LedgerReader, ReadOnlyLedger, TailRepair};
pub use store::{DiskStore, Notices, Options, open, open_in_memory};
