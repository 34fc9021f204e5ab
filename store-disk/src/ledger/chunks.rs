//! Where every record lies: the table that the writer extends and all readers share.

use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};

use crate::counters::Counters;
use crate::disk::DiskFile;
use store::frame::CHUNK_HEADER_BYTES;

/// One chunk file and the offsets of its records.
pub(super) struct Chunk {
    pub first_seq: u64,
    pub path: Arc<Path>,
    pub file: Arc<dyn DiskFile>,
    /// Byte offset of each record's frame; 4 bytes a record is all that an open ledger costs in memory.
    pub offsets: Vec<u32>,
    /// Byte offset after the last frame.
    pub end: u64,
}

impl Chunk {
    /// A chunk that has its header and no record yet.
    pub(super) fn empty(first_seq: u64, path: PathBuf, file: Arc<dyn DiskFile>) -> Self {
        Self { first_seq, path: path.into(), file, offsets: Vec::new(), end: CHUNK_HEADER_BYTES as u64 }
    }

    /// The sequence number after its last record.
    pub(super) fn end_seq(&self) -> u64 {
        self.first_seq + self.offsets.len() as u64
    }
}

/// Consecutive records that lie together in one file.
pub(super) struct Run {
    pub file: Arc<dyn DiskFile>,
    pub path: Arc<Path>,
    /// Byte offset of the first frame.
    pub offset: u64,
    /// Bytes of all frames.
    pub bytes: usize,
    /// How many records.
    pub records: u64,
}

/// What the writer and the readers share.
#[derive(Default)]
pub(super) struct Shared {
    chunks: RwLock<Vec<Chunk>>,
    pub counters: Counters,
}

impl Shared {
    pub(super) fn new(chunks: Vec<Chunk>) -> Self {
        Self { chunks: RwLock::new(chunks), counters: Counters::default() }
    }

    /// The sequence number after the last durable record.
    pub(super) fn end(&self) -> u64 {
        self.with(|chunks| chunks.last().map_or(1, Chunk::end_seq))
    }

    /// File, path and end of the chunk being written.
    pub(super) fn last_chunk(&self) -> Option<(Arc<dyn DiskFile>, PathBuf, u64)> {
        self.with(|chunks| {
            chunks.last().map(|chunk| (Arc::clone(&chunk.file), chunk.path.to_path_buf(), chunk.end))
        })
    }

    /// Records from `seq` on, before `to`, that lie together and have at most `bytes_max` bytes; at least one.
    /// `None` if there is no record `seq`.
    pub(super) fn run(&self, seq: u64, to: u64, bytes_max: u64) -> Option<Run> {
        self.with(|chunks| {
            let after = chunks.partition_point(|chunk| chunk.first_seq <= seq);
            let chunk = chunks.get(after.checked_sub(1)?)?;
            let index = usize::try_from(seq - chunk.first_seq).ok()?;
            let offset = u64::from(*chunk.offsets.get(index)?);
            let wanted = usize::try_from(to.saturating_sub(seq)).unwrap_or(usize::MAX).max(1);
            let ahead = &chunk.offsets[index + 1..];
            let fitting =
                ahead.iter().take(wanted - 1).take_while(|next| u64::from(**next) - offset <= bytes_max);
            // `fitting` frames start within reach; the last of them may end beyond it, so it stays out.
            let mut records = 1 + fitting.count();
            let end_of = |records: usize| ahead.get(records - 1).map_or(chunk.end, |next| u64::from(*next));
            if records > 1 && end_of(records) - offset > bytes_max {
                records -= 1;
            }
            Some(Run {
                file: Arc::clone(&chunk.file),
                path: Arc::clone(&chunk.path),
                offset,
                bytes: usize::try_from(end_of(records) - offset).ok()?,
                records: records as u64,
            })
        })
    }

    /// Adds a chunk in which nothing has been written yet.
    pub(super) fn push(&self, chunk: Chunk) {
        self.chunks.write().unwrap_or_else(PoisonError::into_inner).push(chunk);
    }

    /// Makes frames of these lengths, now durable at the end of the last chunk, visible to readers.
    pub(super) fn publish(&self, lengths: &[usize]) {
        let mut chunks = self.chunks.write().unwrap_or_else(PoisonError::into_inner);
        let chunk = chunks.last_mut().expect("the writer began a chunk before it wrote to it");
        for length in lengths {
            let offset = u32::try_from(chunk.end).expect("chunk and append limits keep offsets in 32 bits");
            chunk.offsets.push(offset);
            chunk.end += *length as u64;
        }
    }

    fn with<T>(&self, read: impl FnOnce(&[Chunk]) -> T) -> T {
        // No code that can panic runs under the write lock half way through a change.
        read(&self.chunks.read().unwrap_or_else(PoisonError::into_inner))
    }
}

/// The name of the chunk that starts with record `first_seq`.
pub(super) fn file_name(first_seq: u64) -> String {
    format!("{first_seq:020}.log")
}

/// The first record of the chunk with this file name, or `None` if it is not a chunk's name.
pub(super) fn first_seq_of(name: &str) -> Option<u64> {
    let digits = name.strip_suffix(".log")?;
    (digits.len() == 20 && digits.bytes().all(|byte| byte.is_ascii_digit())).then(|| digits.parse().ok())?
}
