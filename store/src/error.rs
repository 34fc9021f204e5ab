//! What can go wrong in a store, one enum for the whole crate; the variants carry the numbers needed to act.

use std::io;
use std::path::{Path, PathBuf};

/// What a fold may fail with; [`crate::Store::catch_up`] adds the sequence number.
pub type FoldError = Box<dyn std::error::Error + Send + Sync>;

/// Short for what every fallible call of this crate answers.
pub type Result<T, E = StoreError> = std::result::Result<T, E>;

/// Why a store could not do what was asked.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// No space. Nothing of what was asked is kept; the same call may succeed once there is space.
    #[error("no space left to write {needed_bytes} bytes to {}", path.display())]
    Full {
        /// The file or folder being written.
        path: PathBuf,
        /// Bytes that were to be written there.
        needed_bytes: u64,
    },
    /// The file system or the permissions do not allow writing (or even reading) here.
    #[error("not allowed to write to {}", path.display())]
    ReadOnly {
        /// The file or folder.
        path: PathBuf,
    },
    /// Another process (or another handle of this one) has the store open for writing.
    #[error("the store {} is in use by {}", path.display(), holder(*pid))]
    Locked {
        /// The store's folder.
        path: PathBuf,
        /// The process that holds it, where it could be read.
        pid: Option<u32>,
    },
    /// A newer version of this program wrote the store.
    #[error("{} has format {found}; this program knows up to {known}", path.display())]
    NewerFormat {
        /// The file that says so.
        path: PathBuf,
        /// The format found.
        found: u32,
        /// The newest format known here.
        known: u32,
    },
    /// The folder is not a store, or has lost the file that says it is one.
    #[error("{} is not a store: {detail}", path.display())]
    NotAStore {
        /// The folder or the file that says otherwise.
        path: PathBuf,
        /// What was expected.
        detail: String,
    },
    /// There is no store here, and the options forbid making one.
    #[error("there is no store in {}", path.display())]
    Missing {
        /// The folder.
        path: PathBuf,
    },
    /// A record that had been durable is damaged or gone. Never repaired: restore from a copy.
    #[error("record {seq} is damaged, in {} at byte {offset}: {detail}", path.display())]
    Corrupt {
        /// The first record that cannot be trusted.
        seq: u64,
        /// The chunk file.
        path: PathBuf,
        /// Where in the file, in bytes.
        offset: u64,
        /// What was found there.
        detail: String,
    },
    /// The disk did not confirm a write. The records of that append may or may not be found after reopening.
    #[error("the disk did not confirm a write to {}: {source}", path.display())]
    SyncFailed {
        /// The file or folder.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// An earlier failure left the ledger's end uncertain: nothing is appended until the store is opened again.
    #[error("no appends to {} until it is opened again: {cause}", path.display())]
    AppendsStopped {
        /// The ledger's folder.
        path: PathBuf,
        /// The earlier failure.
        cause: String,
    },
    /// A record is empty or too large.
    #[error("a record of {bytes} bytes; it must have 1 to {bytes_max}")]
    RecordSize {
        /// Its size.
        bytes: u64,
        /// The limit, [`crate::LINE_BYTES_MAX`].
        bytes_max: u64,
    },
    /// All records of one append together are too large.
    #[error("an append of {bytes} bytes; at most {bytes_max}")]
    AppendSize {
        /// Their size with framing.
        bytes: u64,
        /// The limit, [`crate::APPEND_BYTES_MAX`].
        bytes_max: u64,
    },
    /// There is no record with this number.
    #[error("there is no record {seq}; the next one will be {end}")]
    NoSuchRecord {
        /// The number asked for.
        seq: u64,
        /// The number the next record will get.
        end: u64,
    },
    /// A watermark must not go back, nor name a record that is not in the ledger.
    #[error("watermark {offered} refused: it is at {current} and the last record is {last}")]
    Watermark {
        /// The watermark refused.
        offered: u64,
        /// The one in force.
        current: u64,
        /// The ledger's last record, 0 when it is empty.
        last: u64,
    },
    /// Keys that start with a zero byte belong to the store itself.
    #[error("index keys must not start with a zero byte")]
    ReservedKey,
    /// The index cannot be read or written. It is derived: [`crate::Store::rebuild`] is the cure.
    #[error("the index failed: {detail}")]
    Index {
        /// What the backend said.
        detail: String,
    },
    /// The fold of [`crate::Store::catch_up`] failed at this record; records before its batch are applied.
    #[error("record {seq} could not be folded into the index: {source}")]
    Fold {
        /// The record.
        seq: u64,
        /// What the fold said.
        source: FoldError,
    },
    /// Any other failure of the system.
    #[error("could not {doing} {}: {source}", path.display())]
    Io {
        /// What was being done, a verb.
        doing: &'static str,
        /// To which file or folder.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
}

fn holder(pid: Option<u32>) -> String {
    pid.map_or_else(|| "another process".to_owned(), |pid| format!("process {pid}"))
}

impl StoreError {
    /// Returns a system error, sorted by what the caller can do about it. `needed_bytes` is what was to be written.
    pub fn from_io(doing: &'static str, path: &Path, needed_bytes: u64, source: io::Error) -> Self {
        use io::ErrorKind::{PermissionDenied, QuotaExceeded, ReadOnlyFilesystem, StorageFull};
        let path = path.to_owned();
        match source.kind() {
            StorageFull | QuotaExceeded => Self::Full { path, needed_bytes },
            ReadOnlyFilesystem | PermissionDenied => Self::ReadOnly { path },
            _ => Self::Io { doing, path, source },
        }
    }
}
