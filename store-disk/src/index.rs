//! The derived index in sled: one tree, rebuilt rather than repaired, because sled's flush is no fsync.

mod guarded;

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use sync_core::rows::Batch;

use crate::disk::create_private_folder;
pub use guarded::SledRows;
use guarded::{Failure, guard};
use store::{Index, IndexNotice, IndexReason, Result, StoreError, Watermark};

const FORMAT_KEY: &[u8] = b"\0format";
const WATERMARK_KEY: &[u8] = b"\0watermark";
/// Version of what this module itself keeps in the index.
const INDEX_FORMAT: u32 = 1;
/// Index folders kept in `set-aside`.
const SET_ASIDE_COUNT_MAX: usize = 2;
/// How long a sled that was just dropped in this process may take to let go of its file.
const SLED_LOCK_WAIT: Duration = Duration::from_secs(2);
/// After so many rows written, closing opens the index once more; see [`Index::close`].
const ROWS_BEFORE_SNAPSHOT: usize = 250_000;
const RETRY_EVERY: Duration = Duration::from_millis(10);

/// Settings of the index.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IndexOptions {
    /// What sled may keep of its pages in memory, in bytes; it uses some multiple of it in all.
    pub cache_bytes: u64,
    /// Version of what the shell folds into the rows. An index with another one is set aside.
    pub rows_format: u32,
}

impl Default for IndexOptions {
    fn default() -> Self {
        Self { cache_bytes: 32 * 1024 * 1024, rows_format: 1 }
    }
}

/// Returns whether a clock shows a time at which sled does not open.
pub fn is_before_1970(now: SystemTime) -> bool {
    now < UNIX_EPOCH
}

/// The index of a store in a folder.
pub struct SledIndex {
    folder: PathBuf,
    set_aside: PathBuf,
    options: IndexOptions,
    rows: SledRows,
    watermark: Watermark,
    /// Rows written since sled was opened.
    rows_written: usize,
}

impl SledIndex {
    /// Opens `store_folder/index`. Returns why it is to be set aside, if it does not open.
    ///
    /// # Errors
    /// Those that a new index would meet as well.
    pub(crate) fn open(store_folder: &Path, options: &IndexOptions) -> Result<(Self, Option<IndexReason>)> {
        let mut index = Self {
            folder: store_folder.join("index"),
            set_aside: store_folder.join("set-aside"),
            options: options.clone(),
            rows: SledRows::closed(),
            watermark: Watermark::default(),
            rows_written: 0,
        };
        // sled draws a name from the clock and panics at one before 1970. Nothing is wrong with the index then.
        if is_before_1970(SystemTime::now()) {
            return Err(StoreError::Index { detail: "the clock is before 1970".to_owned() });
        }
        let reason = index.try_open()?;
        Ok((index, reason))
    }

    /// Opens the folder, or says why it is not usable. Errors are those that a new index would meet as well.
    fn try_open(&mut self) -> Result<Option<IndexReason>> {
        if self.folder.exists() && !self.folder.is_dir() {
            return Ok(Some(IndexReason::DidNotOpen("it is not a folder".to_owned())));
        }
        create_private_folder(&self.folder)
            .map_err(|error| StoreError::from_io("create", &self.folder, 0, error))?;
        let is_new = std::fs::read_dir(&self.folder)
            .map_err(|error| StoreError::from_io("list", &self.folder, 0, error))?
            .next()
            .is_none();
        let deadline = Instant::now() + SLED_LOCK_WAIT;
        let opened = loop {
            match guard(|| open_sled(&self.folder, &self.options)) {
                Err(failure) if failure.is_sled_lock() && Instant::now() < deadline => {
                    std::thread::sleep(RETRY_EVERY);
                }
                Err(failure) if failure.is_sled_lock() => {
                    return Err(StoreError::Locked { path: self.folder.clone(), pid: None });
                }
                opened => break opened,
            }
        };
        let tree = match opened {
            Ok(tree) => tree,
            Err(Failure::Io(error)) => {
                return match StoreError::from_io("open", &self.folder, 0, error) {
                    StoreError::Io { source, .. } => Ok(Some(IndexReason::DidNotOpen(source.to_string()))),
                    other => Err(other),
                };
            }
            Err(failure) => return Ok(Some(IndexReason::DidNotOpen(failure.to_string()))),
        };
        self.rows.replace(tree);
        self.read_own_rows(is_new)
    }

    /// Reads format and watermark, writing them into an index that is new.
    fn read_own_rows(&mut self, is_new: bool) -> Result<Option<IndexReason>> {
        let expected = format!("{INDEX_FORMAT}.{}", self.options.rows_format);
        let read = self.rows.with(|tree| {
            // sled takes some damaged files for empty ones; without the format row those are found out below.
            if is_new {
                let mut first = sled::Batch::default();
                first.insert(FORMAT_KEY, expected.as_bytes());
                first.insert(WATERMARK_KEY, encode_watermark(Watermark::default()).as_slice());
                tree.apply_batch(first)?;
                tree.flush()?;
            }
            Ok((tree.get(FORMAT_KEY)?, tree.get(WATERMARK_KEY)?))
        });
        let (format, watermark) = match read {
            Ok(rows) => rows,
            Err(Failure::Io(error)) => return Err(StoreError::from_io("read", &self.folder, 0, error)),
            Err(failure) => return Ok(Some(IndexReason::DidNotOpen(failure.to_string()))),
        };
        let found = String::from_utf8_lossy(format.as_deref().unwrap_or_default()).into_owned();
        if found != expected {
            return Ok(Some(IndexReason::OtherFormat { found, expected }));
        }
        match watermark.as_deref().and_then(decode_watermark) {
            Some(watermark) => {
                self.watermark = watermark;
                Ok(None)
            }
            None => Ok(Some(IndexReason::DidNotOpen("its watermark row is gone".to_owned()))),
        }
    }

    fn move_aside(&self) -> Result<PathBuf> {
        let path = &self.set_aside;
        create_private_folder(path).map_err(|error| StoreError::from_io("create", path, 0, error))?;
        let mut kept = numbered(path).map_err(|error| StoreError::from_io("list", path, 0, error))?;
        let number = kept.last().map_or(1, |last| last + 1);
        let target = path.join(format!("index-{number}"));
        std::fs::rename(&self.folder, &target)
            .map_err(|error| StoreError::from_io("set aside", &self.folder, 0, error))?;
        kept.push(number);
        let surplus = kept.len().saturating_sub(SET_ASIDE_COUNT_MAX);
        for old in &kept[..surplus] {
            // A copy that cannot be removed costs space, not correctness.
            let _ = std::fs::remove_dir_all(path.join(format!("index-{old}")));
        }
        Ok(target)
    }

    fn failed(&self, failure: Failure) -> StoreError {
        match failure {
            Failure::Io(error) => match StoreError::from_io("write to", &self.folder, 0, error) {
                StoreError::Io { source, .. } => StoreError::Index { detail: source.to_string() },
                other => other,
            },
            other => StoreError::Index { detail: other.to_string() },
        }
    }
}

impl Index for SledIndex {
    type Rows = SledRows;

    fn rows(&self) -> SledRows {
        self.rows.clone()
    }

    fn watermark(&self) -> Watermark {
        self.watermark
    }

    fn apply(&mut self, batch: Batch, watermark: Watermark) -> Result<()> {
        let rows = batch.writes.len() + 1;
        let mut writes = sled::Batch::default();
        for (key, value) in batch.writes {
            match value {
                Some(value) => writes.insert(key, value),
                None => writes.remove(key),
            }
        }
        writes.insert(WATERMARK_KEY, encode_watermark(watermark).as_slice());
        self.rows.with(|tree| tree.apply_batch(writes)).map_err(|failure| self.failed(failure))?;
        free_replaced_nodes(rows);
        self.rows_written += rows;
        self.watermark = watermark;
        Ok(())
    }

    /// Sets the folder aside, open or not, and opens an empty one.
    fn start_over(&mut self, reason: IndexReason) -> Result<IndexNotice> {
        self.rows.close();
        let saved_as = if self.folder.exists() { Some(self.move_aside()?) } else { None };
        self.watermark = Watermark::default();
        match self.try_open()? {
            None => Ok(IndexNotice { reason, saved_as }),
            Some(again) => Err(StoreError::Index { detail: format!("a new index is no better: {again}") }),
        }
    }

    /// Flushes and lets go of the files. sled's flush is no fsync, but it spares the next start most catching up.
    ///
    /// sled writes a snapshot of its page table only when it opens, and then reads all its log since the one
    /// before: 4 s after 10 million rows. After much writing that is done here, so that the next start is fast.
    fn close(&mut self) -> Result<()> {
        let flushed = self.rows.with(|tree| tree.flush().map(|_| ()));
        let wants_snapshot = self.rows_written >= ROWS_BEFORE_SNAPSHOT;
        if wants_snapshot {
            self.rows.close();
        } else {
            self.rows.let_go();
        }
        flushed.map_err(|failure| self.failed(failure))?;
        if wants_snapshot {
            self.rows_written = 0;
            // If it does not open, the next start will find out and say so.
            let _ = self.try_open();
            self.rows.close();
        }
        Ok(())
    }
}

impl std::fmt::Debug for SledIndex {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { folder, watermark, .. } = self;
        f.debug_struct("SledIndex")
            .field("folder", folder)
            .field("watermark", watermark)
            .finish_non_exhaustive()
    }
}

impl Drop for SledIndex {
    fn drop(&mut self) {
        // Handles may live on; they must not keep sled's file locked. sled flushes by itself when it goes.
        self.rows.close();
    }
}

/// Frees what sled's `apply_batch` left for later.
///
/// Each row written replaces a whole node, some 3 KB, and the old one waits in crossbeam's queue. That queue is
/// only worked on as often as threads pin, and a batch pins once however many rows it has: unaided, a fold of
/// 5.6 million rows was measured to hold 21 GB.
fn free_replaced_nodes(rows: usize) {
    /// A flush frees up to 8 bags of 64 objects; a row leaves one or two objects. Twice that catches up on what
    /// a reader pinned meanwhile had held back. A flush that finds nothing costs next to nothing.
    const ROWS_PER_FLUSH: usize = 128;
    /// The epoch has to advance before anything is freed at all.
    const FLUSHES_MIN: usize = 4;
    for _ in 0..FLUSHES_MIN + rows / ROWS_PER_FLUSH {
        crossbeam_epoch::pin().flush();
    }
}

fn open_sled(folder: &Path, options: &IndexOptions) -> sled::Result<sled::Db> {
    sled::Config::new()
        .path(folder)
        .cache_capacity(options.cache_bytes)
        // The index is derived: a flush by the clock would cost writes and gain nothing.
        .flush_every_ms(None)
        .print_profile_on_drop(false)
        .open()
}

fn encode_watermark(watermark: Watermark) -> [u8; 12] {
    let mut row = [0; 12];
    row[..8].copy_from_slice(&watermark.seq.to_be_bytes());
    row[8..].copy_from_slice(&watermark.record_crc.to_be_bytes());
    row
}

fn decode_watermark(row: &[u8]) -> Option<Watermark> {
    let (seq, crc) = row.split_at_checked(8)?;
    Some(Watermark {
        seq: u64::from_be_bytes(seq.try_into().ok()?),
        record_crc: u32::from_be_bytes(crc.try_into().ok()?),
    })
}

/// The numbers of the index folders in `set_aside`, sorted.
fn numbered(set_aside: &Path) -> std::io::Result<Vec<u64>> {
    let mut numbers = Vec::new();
    for entry in std::fs::read_dir(set_aside)? {
        let name = entry?.file_name();
        let number = name.to_str().and_then(|name| name.strip_prefix("index-")?.parse::<u64>().ok());
        numbers.extend(number);
    }
    numbers.sort_unstable();
    Ok(numbers)
}

#[cfg(test)]
mod tests;
