//! Opening a ledger: every frame is read, a torn tail is told from damage, and only the former is cut.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::chunks::{Chunk, Shared, file_name, first_seq_of};
use super::reader::LedgerReader;
use super::scan::{Scanned, scan};
use crate::disk::{Disk, DiskFile, read_full};
use store::frame::{CHUNK_FORMAT, find_later_append};
use store::{Result, StoreError};

/// An unfinished append that was cut from the ledger's end at opening. It had never been acknowledged.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TailRepair {
    /// The number of the first record cut; the next append uses it again.
    pub first_seq_dropped: u64,
    /// Bytes cut.
    pub bytes: u64,
    /// Where those bytes were saved before.
    pub saved_as: PathBuf,
}

/// A ledger opened without changing it.
#[derive(Debug, Clone)]
pub struct ReadOnlyLedger {
    /// Reads the records there were at opening, not those appended since by another process.
    pub reader: LedgerReader,
    /// Bytes at the end that were left out: an append that is unfinished, or just being written.
    pub tail_bytes_ignored: u64,
}

/// The bytes at the end of the last chunk that are no durable record.
struct TornTail {
    path: PathBuf,
    file: Arc<dyn DiskFile>,
    first_seq: u64,
    offset: u64,
    bytes: Vec<u8>,
}

pub(super) fn ledger_folder(store_folder: &Path) -> PathBuf {
    store_folder.join("ledger")
}

pub(super) fn open_read_only(disk: &dyn Disk, store_folder: &Path) -> Result<ReadOnlyLedger> {
    let folder = ledger_folder(store_folder);
    if !disk.is_folder(&folder) {
        return Err(StoreError::Missing { path: folder });
    }
    let (chunks, torn) = read_chunks(disk, &folder, false)?;
    Ok(ReadOnlyLedger {
        reader: LedgerReader::new(Arc::new(Shared::new(chunks))),
        tail_bytes_ignored: torn.map_or(0, |torn| torn.bytes.len() as u64),
    })
}

pub(super) fn open_for_appending(
    disk: &dyn Disk,
    store_folder: &Path,
) -> Result<(Shared, Option<TailRepair>)> {
    let folder = ledger_folder(store_folder);
    if !disk.is_folder(&folder) {
        disk.create_folder(&folder).map_err(|error| StoreError::from_io("create", &folder, 0, error))?;
    }
    let (chunks, torn) = read_chunks(disk, &folder, true)?;
    let repair = torn.map(|torn| cut(disk, store_folder, &folder, &torn)).transpose()?;
    match chunks.last() {
        // Whole frames may be in the system's memory only, when the process died between write and fsync.
        // They count from here on, so they must be durable first.
        Some(last) => {
            last.file
                .sync()
                .map_err(|source| StoreError::SyncFailed { path: last.path.to_path_buf(), source })?;
            sync_folder(disk, &folder)?;
        }
        // An earlier start may have made the folder, and ended before its name was durable.
        None => sync_folder(disk, store_folder)?,
    }
    Ok((Shared::new(chunks), repair))
}

/// Reads all chunks; a last chunk without even a good header is left out and is the torn tail.
fn read_chunks(disk: &dyn Disk, folder: &Path, writable: bool) -> Result<(Vec<Chunk>, Option<TornTail>)> {
    let names = list_chunks(disk, folder).map_err(|error| StoreError::from_io("list", folder, 0, error))?;
    let mut chunks: Vec<Chunk> = Vec::with_capacity(names.len());
    for (position, first_seq) in names.iter().copied().enumerate() {
        let path = folder.join(file_name(first_seq));
        let expected = chunks.last().map_or(1, Chunk::end_seq);
        if first_seq != expected {
            let detail = format!("this chunk starts with record {first_seq}, but {expected} comes next");
            return Err(StoreError::Corrupt { seq: expected, path, offset: 0, detail });
        }
        let failed = |error| StoreError::from_io("read", &path, 0, error);
        let file: Arc<dyn DiskFile> = Arc::from(disk.open(&path, writable).map_err(failed)?);
        let scanned = scan(&*file, first_seq).map_err(failed)?;
        if let Some(found) = scanned.newer_format {
            return Err(StoreError::NewerFormat { path, found, known: CHUNK_FORMAT });
        }
        let is_last = position + 1 == names.len();
        let torn = torn_tail(&scanned, first_seq, &path, &file, is_last)?;
        if scanned.end > 0 {
            let Scanned { offsets, end, .. } = scanned;
            chunks.push(Chunk { first_seq, path: path.into(), file, offsets, end });
        }
        if torn.is_some() {
            return Ok((chunks, torn));
        }
    }
    Ok((chunks, None))
}

/// `None` if the chunk is good to its end, a torn tail if it may be one, otherwise `Corrupt`.
fn torn_tail(
    scanned: &Scanned,
    first_seq: u64,
    path: &Path,
    file: &Arc<dyn DiskFile>,
    is_last: bool,
) -> Result<Option<TornTail>> {
    let Some(bad) = scanned.bad else { return Ok(None) };
    let corrupt = |detail: String| StoreError::Corrupt {
        seq: bad.seq,
        path: path.to_owned(),
        offset: bad.offset,
        detail,
    };
    if !is_last {
        return Err(corrupt(format!("{}, and a later chunk follows", bad.detail)));
    }
    // The tail begins with the append that is not whole, which may be before the frame that is not good.
    let tail_seq = first_seq + scanned.offsets.len() as u64;
    let tail_bytes = scanned.file_bytes.saturating_sub(scanned.end);
    let mut bytes = vec![0; usize::try_from(tail_bytes).map_err(|_| corrupt(bad.detail.to_owned()))?];
    let filled = read_full(&**file, &mut bytes, scanned.end)
        .map_err(|error| StoreError::from_io("read", path, 0, error))?;
    bytes.truncate(filled);
    // Without its header, a chunk's first frame is at fault only if it is bad too: look from before it.
    let later = if scanned.end == 0 {
        find_later_append(&bytes, tail_seq.wrapping_sub(1))
    } else {
        find_later_append(&bytes, tail_seq)
    };
    match later {
        Some((seq, at)) => {
            let ahead = scanned.end + at as u64 - bad.offset;
            Err(corrupt(format!("{}, and record {seq} is good {ahead} bytes later", bad.detail)))
        }
        None => Ok(Some(TornTail {
            path: path.to_owned(),
            file: Arc::clone(file),
            first_seq: tail_seq,
            offset: scanned.end,
            bytes,
        })),
    }
}

/// Saves the tail's bytes durably, then cuts them off.
fn cut(disk: &dyn Disk, store_folder: &Path, folder: &Path, torn: &TornTail) -> Result<TailRepair> {
    let bytes = torn.bytes.len() as u64;
    let saved_as = save_aside(disk, store_folder, torn)?;
    let failed = |error| StoreError::from_io("cut", &torn.path, 0, error);
    if torn.offset == 0 {
        disk.remove(&torn.path).map_err(failed)?;
        sync_folder(disk, folder)?;
    } else {
        torn.file.set_len(torn.offset).map_err(failed)?;
        // The caller syncs the last chunk before anything in it counts.
    }
    Ok(TailRepair { first_seq_dropped: torn.first_seq, bytes, saved_as })
}

fn save_aside(disk: &dyn Disk, store_folder: &Path, torn: &TornTail) -> Result<PathBuf> {
    let set_aside = store_folder.join("set-aside");
    disk.create_folder(&set_aside).map_err(|error| StoreError::from_io("create", &set_aside, 0, error))?;
    let mut attempt = 0;
    let (path, file) = loop {
        let path = set_aside.join(format!("ledger-{:020}-{attempt}.tail", torn.first_seq));
        match disk.create(&path) {
            Ok(file) => break (path, file),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => attempt += 1,
            Err(error) => return Err(StoreError::from_io("create", &path, torn.bytes.len() as u64, error)),
        }
    };
    let saved = file.write_all_at(&torn.bytes, 0).and_then(|()| file.sync());
    if let Err(error) = saved {
        let _ = disk.remove(&path);
        return Err(StoreError::from_io("write to", &path, torn.bytes.len() as u64, error));
    }
    sync_folder(disk, &set_aside)?;
    sync_folder(disk, store_folder)?;
    Ok(path)
}

fn list_chunks(disk: &dyn Disk, folder: &Path) -> io::Result<Vec<u64>> {
    let names = disk.list(folder)?;
    let mut first_seqs: Vec<u64> = names.iter().filter_map(|name| first_seq_of(name.to_str()?)).collect();
    first_seqs.sort_unstable();
    Ok(first_seqs)
}

fn sync_folder(disk: &dyn Disk, folder: &Path) -> Result<()> {
    disk.sync_folder(folder).map_err(|source| StoreError::SyncFailed { path: folder.to_owned(), source })
}
