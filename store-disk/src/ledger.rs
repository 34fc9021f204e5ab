//! The ledger: append-only numbered lines in chunk files, the only ground state. Its fsync is the commit point.

mod chunks;
use store::frame;
mod open;
mod reader;
mod scan;

use std::path::{Path, PathBuf};
use std::sync::Arc;

pub use open::{ReadOnlyLedger, TailRepair};
pub use reader::LedgerReader;

use crate::disk::{Disk, DiskFile, OsDisk};
use crate::folder::FolderLock;
use chunks::{Chunk, Shared};
use store::{LINE_BYTES_MAX, Log, Result, Stats, StoreError, check_sizes};

/// The most [`LedgerOptions::chunk_bytes_max`] may be; offsets in a chunk are kept in 32 bits.
const CHUNK_BYTES_LIMIT: u64 = 1024 * 1024 * 1024;
/// An append buffer larger than this is given back after use.
const BUFFER_BYTES_KEPT: usize = 1024 * 1024;

/// Sizes of a ledger.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LedgerOptions {
    /// A new chunk file is begun when an append would make the current one larger than this. At most 1 GiB.
    pub chunk_bytes_max: u64,
    /// The largest line that [`Ledger::append`] takes. At most 64 MiB. Larger ones already stored stay readable.
    pub record_bytes_max: u32,
}

impl Default for LedgerOptions {
    fn default() -> Self {
        Self { chunk_bytes_max: 64 * 1024 * 1024, record_bytes_max: LINE_BYTES_MAX }
    }
}

/// The one writer of a ledger. Readers come from [`Ledger::reader`] and live on their own.
///
/// The ledger itself does not keep a second process out: [`crate::open`] does, and gives it the lock to hold.
pub struct Ledger {
    disk: Arc<dyn Disk>,
    folder: PathBuf,
    options: LedgerOptions,
    shared: Arc<Shared>,
    buffer: Vec<u8>,
    /// The current chunk was cut back after a failed write, and that cut is not durable yet.
    cut_unsynced: bool,
    /// Why nothing may be appended any more.
    stopped: Option<String>,
    /// Keeps other writers out of the folder for as long as this lives.
    lock: Option<FolderLock>,
}

impl Ledger {
    /// Opens the ledger in `store_folder/ledger` for appending, making it where there is none.
    ///
    /// Reads every frame. A torn tail is saved to `store_folder/set-aside`, cut, and reported.
    ///
    /// # Errors
    /// `Corrupt` (nothing is changed then), `NewerFormat`, `Full` or `ReadOnly` while saving a torn tail, `Io`.
    pub fn open(store_folder: &Path, options: &LedgerOptions) -> Result<(Self, Option<TailRepair>)> {
        Self::open_on(Arc::new(OsDisk), store_folder, options)
    }

    /// Reads the ledger in `store_folder/ledger` as it stands, changing nothing; a server may be appending to it.
    ///
    /// # Errors
    /// `Corrupt`, `NewerFormat`, `Missing` if there is no such folder, `Io`.
    pub fn open_read_only(store_folder: &Path) -> Result<ReadOnlyLedger> {
        open::open_read_only(&OsDisk, store_folder)
    }

    /// [`Ledger::open`] on a disk of the caller's choice.
    pub(crate) fn open_on(
        disk: Arc<dyn Disk>,
        store_folder: &Path,
        options: &LedgerOptions,
    ) -> Result<(Self, Option<TailRepair>)> {
        let options = LedgerOptions {
            chunk_bytes_max: options.chunk_bytes_max.min(CHUNK_BYTES_LIMIT),
            record_bytes_max: options.record_bytes_max.min(frame::PAYLOAD_BYTES_LIMIT),
        };
        let (shared, repair) = open::open_for_appending(&*disk, store_folder)?;
        let folder = open::ledger_folder(store_folder);
        let ledger = Self {
            disk,
            folder,
            options,
            shared: Arc::new(shared),
            buffer: Vec::new(),
            cut_unsynced: false,
            stopped: None,
            lock: None,
        };
        Ok((ledger, repair))
    }

    /// Writes the lines in one write, makes them durable with one fdatasync, and only then answers the number of the
    /// first (they get consecutive ones). An empty slice changes nothing and answers [`Ledger::end`].
    ///
    /// # Errors
    /// `RecordSize`, `AppendSize`: nothing was written. `Full`, `ReadOnly`, `Io`: the file is cut back, a later
    /// append may succeed. `SyncFailed`: the ledger takes no more appends (`AppendsStopped`) until opened again,
    /// because an fsync that failed cannot be repeated: the system may have dropped the pages. Reading goes on.
    pub fn append(&mut self, records: &[Vec<u8>]) -> Result<u64> {
        if let Some(cause) = &self.stopped {
            return Err(StoreError::AppendsStopped { path: self.folder.clone(), cause: cause.clone() });
        }
        check_sizes(records, self.options.record_bytes_max)?;
        let first_seq = self.end();
        if records.is_empty() {
            return Ok(first_seq);
        }
        let mut buffer = std::mem::take(&mut self.buffer);
        buffer.clear();
        let mut lengths = Vec::with_capacity(records.len());
        for (position, (seq, record)) in (0..).zip((first_seq..).zip(records)) {
            let before = buffer.len();
            frame::write_frame(&mut buffer, seq, position, records.len(), record);
            lengths.push(buffer.len() - before);
        }
        let done = self.write_durably(first_seq, &buffer, &lengths);
        if buffer.capacity() <= BUFFER_BYTES_KEPT {
            self.buffer = buffer;
        }
        done.map(|()| first_seq)
    }

    /// Holds the folder's lock from now on.
    pub(crate) fn hold(&mut self, lock: FolderLock) {
        self.lock = Some(lock);
    }

    /// The number that the next line will get.
    pub fn end(&self) -> u64 {
        self.shared.end()
    }

    /// A handle for reading, usable from any thread while this one appends.
    pub fn reader(&self) -> LedgerReader {
        LedgerReader::new(Arc::clone(&self.shared))
    }

    /// Counts since opening.
    pub fn stats(&self) -> Stats {
        self.shared.counters.read()
    }

    fn write_durably(&mut self, first_seq: u64, bytes: &[u8], lengths: &[usize]) -> Result<()> {
        let (file, path, end) = self.room_for(first_seq, bytes.len() as u64)?;
        if let Err(error) = file.write_all_at(bytes, end) {
            self.cut_back(&*file, end);
            return Err(self.unless_stopped(StoreError::from_io(
                "write to",
                &path,
                bytes.len() as u64,
                error,
            )));
        }
        if let Err(source) = self.sync(&*file) {
            // What cannot be called durable must not be found after reopening either, as far as that can be had.
            let _ = file.set_len(end);
            self.stopped = Some(format!("an fsync failed: {source}"));
            return Err(StoreError::SyncFailed { path, source });
        }
        self.cut_unsynced = false;
        self.shared.counters.count_append(lengths.len() as u64, bytes.len() as u64);
        self.shared.publish(lengths);
        Ok(())
    }

    /// The file to write `bytes` more bytes to, its path and the offset: the current chunk or a new one.
    fn room_for(&mut self, first_seq: u64, bytes: u64) -> Result<(Arc<dyn DiskFile>, PathBuf, u64)> {
        if let Some((file, path, end)) = self.shared.last_chunk() {
            let is_empty = end <= frame::CHUNK_HEADER_BYTES as u64;
            if is_empty || end + bytes <= self.options.chunk_bytes_max {
                return Ok((file, path, end));
            }
            if self.cut_unsynced {
                // Damage in a chunk that is not the last counts as corruption, so the cut must hold first.
                self.sync(&*file).map_err(|source| self.stop(&path, source))?;
                self.cut_unsynced = false;
            }
        }
        self.begin_chunk(first_seq)
    }

    /// Makes an empty chunk durable before anything is appended to it, so that a frame in it proves its header.
    fn begin_chunk(&mut self, first_seq: u64) -> Result<(Arc<dyn DiskFile>, PathBuf, u64)> {
        let path = self.folder.join(chunks::file_name(first_seq));
        let header = frame::chunk_header(first_seq);
        let refused = |error| StoreError::from_io("create", &path, header.len() as u64, error);
        let file: Arc<dyn DiskFile> = Arc::from(self.disk.create(&path).map_err(refused)?);
        if let Err(error) = file.write_all_at(&header, 0) {
            if let Err(removing) = self.disk.remove(&path) {
                self.stopped = Some(format!("an unfinished chunk could not be removed: {removing}"));
            }
            return Err(self.unless_stopped(refused(error)));
        }
        let synced = self.sync(&*file).and_then(|()| {
            self.shared.counters.count_fsync();
            self.disk.sync_folder(&self.folder)
        });
        if let Err(source) = synced {
            let _ = self.disk.remove(&path);
            return Err(self.stop(&path, source));
        }
        let end = header.len() as u64;
        self.shared.push(Chunk::empty(first_seq, path.clone(), Arc::clone(&file)));
        Ok((file, path, end))
    }

    fn sync(&self, file: &dyn DiskFile) -> std::io::Result<()> {
        self.shared.counters.count_fsync();
        file.sync()
    }

    /// Forgets a write that failed half way. If not even that works, the next append would lie behind garbage.
    fn cut_back(&mut self, file: &dyn DiskFile, end: u64) {
        match file.set_len(end) {
            Ok(()) => self.cut_unsynced = true,
            Err(error) => self.stopped = Some(format!("a failed write could not be cut back: {error}")),
        }
    }

    /// That failure, or, where the ledger's end is uncertain since, that nothing is appended any more: a caller that is told so
    /// opens it again at once, and not only after the next append has failed too.
    fn unless_stopped(&self, failure: StoreError) -> StoreError {
        match &self.stopped {
            Some(cause) => {
                StoreError::AppendsStopped { path: self.folder.clone(), cause: format!("{failure}; {cause}") }
            }
            None => failure,
        }
    }

    fn stop(&mut self, path: &Path, source: std::io::Error) -> StoreError {
        self.stopped = Some(format!("an fsync failed: {source}"));
        StoreError::SyncFailed { path: path.to_owned(), source }
    }
}

impl Log for Ledger {
    type Lines = LedgerReader;

    fn append(&mut self, lines: &[Vec<u8>]) -> Result<u64> {
        Self::append(self, lines)
    }

    fn end(&self) -> u64 {
        Self::end(self)
    }

    fn read(&self, number: u64) -> Result<Vec<u8>> {
        self.reader().read(number)
    }

    fn read_range(&self, from: u64, to: u64, visit: &mut dyn FnMut(u64, &[u8]) -> bool) -> Result<()> {
        self.reader().read_range(from, to, visit)
    }

    fn lines(&self) -> LedgerReader {
        self.reader()
    }

    fn stats(&self) -> Stats {
        Self::stats(self)
    }
}

impl std::fmt::Debug for Ledger {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Ledger")
            .field("folder", &self.folder)
            .field("end", &self.end())
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
