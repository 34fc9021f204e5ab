//! Durable state as its users see it: an append-only log of numbered lines, and an index that follows from it.
//! Bytes only, no rule of the domain.
//!
//! The log is the only ground state; its append is the commit point ([`Log::append`]). The index is derived from it by
//! a fold ([`Store::catch_up`]) and can be lost at any time without loss of data. [`Store`] keeps the two in step,
//! whatever keeps them: `cuadrilla-store-disk` on a disk, [`Memory`] in memory.
//!
//! Absent here: any knowledge of what a line or a row means, disks, async, threads, the network.

mod error;
mod faults;
pub mod frame;
mod index;
mod log;
mod memory;
mod paged;
mod store;

pub mod conformance;

pub use error::{FoldError, Result, StoreError};
pub use faults::{AppendFault, Crash, FaultyIndex, FaultyLog, FaultyMemory, FaultyStore};
pub use index::{Index, IndexNotice, IndexReason, RESERVED, Watermark};
pub use log::{APPEND_BYTES_MAX, FRAME_BYTES, LINE_BYTES_MAX, Log, Stats, check_sizes};
pub use memory::{Memory, MemoryIndex, MemoryLines, MemoryLog, MemoryRowsHandle};
pub use paged::Paged;
pub use store::{CATCH_UP_BYTES_MAX, CATCH_UP_LINES_MAX, CatchUp, Fold, Store};
