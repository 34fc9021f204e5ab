//! The store on a local disk: ledger files and a sled index in one private folder, for the server and the device.

use std::path::Path;

use store::{IndexNotice, Memory, MemoryIndex, Result, Store};

use crate::disk::OsDisk;
use crate::folder;
use crate::index::{IndexOptions, SledIndex};
use crate::ledger::{Ledger, LedgerOptions, TailRepair};

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

/// Durable state in a folder.
pub type DiskStore = Store<Ledger, SledIndex>;

/// Opens the store in `folder`, cutting a torn tail and setting a bad index aside; the notices say so. Nobody else can
/// write there for as long as it is open.
///
/// The index may be behind: call [`Store::catch_up`] next.
///
/// # Errors
/// `Missing`, `Locked`, `NewerFormat`, `NotAStore`, `Corrupt`, `Full`, `ReadOnly`, `SyncFailed`, `Io`.
pub fn open(folder: &Path, options: &Options) -> Result<(DiskStore, Notices)> {
    folder::ensure_folder(folder, options.create)?;
    let lock = folder::lock(folder, options.lock_wait_ms)?;
    folder::check_format(&OsDisk, folder, options.create)?;
    let (mut ledger, tail) = Ledger::open(folder, &options.ledger)?;
    ledger.hold(lock);
    let (index, reason) = SledIndex::open(folder, &options.index)?;
    let (store, notice) = Store::open(ledger, index, reason)?;
    Ok((store, Notices { tail, index: notice }))
}

/// Opens the store in `folder` without its index: rows are folded again, in memory, and the index on the disk stays as it
/// is. For a clock before 1970, at which sled does not open.
///
/// # Errors
/// As [`open`].
pub fn open_in_memory(folder: &Path, options: &Options) -> Result<(Store<Ledger, MemoryIndex>, Notices)> {
    folder::ensure_folder(folder, options.create)?;
    let lock = folder::lock(folder, options.lock_wait_ms)?;
    folder::check_format(&OsDisk, folder, options.create)?;
    let (mut ledger, tail) = Ledger::open(folder, &options.ledger)?;
    ledger.hold(lock);
    let (_, index) = Memory::new().parts()?;
    let (store, notice) = Store::open(ledger, index, None)?;
    Ok((store, Notices { tail, index: notice }))
}

#[cfg(test)]
mod tests;
