//! Reading a whole chunk file once at opening: where each record lies, and the first frame that is not good.

use std::io;

use crate::disk::{DiskFile, read_full};
use store::frame::{
    self, CHUNK_HEADER_BYTES, ChunkHeader, FRAME_HEADER_BYTES, FrameHeader, read_chunk_header,
};

/// Bytes asked of the system at once; larger reads gain nothing measurable. Below 128 KiB, from which on glibc maps what is asked
/// for: letting go of a larger one first would have it take sled's 24 MB of histograms from memory that it clears itself.
const WINDOW_BYTES: usize = 64 * 1024;

/// What a chunk file holds.
#[derive(Debug, Default)]
pub(super) struct Scanned {
    /// Byte offset of the frame of each good record whose append is whole.
    pub offsets: Vec<u32>,
    /// Byte offset after the last of these frames; 0 if not even the chunk's header is good.
    pub end: u64,
    /// Bytes of the file when it was read.
    pub file_bytes: u64,
    /// The first frame that is not good, or the end that an append lacks.
    pub bad: Option<Bad>,
    /// The format in the header, when it is newer than what is known here.
    pub newer_format: Option<u32>,
}

/// Where a file stops being good.
#[derive(Debug, Clone, Copy)]
pub(super) struct Bad {
    /// The record that is not good, or not there.
    pub seq: u64,
    /// Byte offset of its frame; 0 for the chunk's header.
    pub offset: u64,
    /// What is wrong with it.
    pub detail: &'static str,
}

/// Reads `file`, whose name says that it starts with record `first_seq`.
pub(super) fn scan(file: &dyn DiskFile, first_seq: u64) -> io::Result<Scanned> {
    let file_bytes = file.len()?;
    let mut found = Scanned { file_bytes, ..Scanned::default() };
    let mut window = Window { file, bytes: Vec::new(), filled: 0, at: 0 };
    let bad_header = |detail| Some(Bad { seq: first_seq, offset: 0, detail });
    match read_chunk_header(window.view(0, CHUNK_HEADER_BYTES)?) {
        ChunkHeader::Good(seq) if seq == first_seq => {}
        ChunkHeader::Good(_) => found.bad = bad_header("the chunk's header names another first record"),
        ChunkHeader::Newer(format) => found.newer_format = Some(format),
        ChunkHeader::Bad(detail) => found.bad = bad_header(detail),
    }
    if found.bad.is_some() || found.newer_format.is_some() {
        return Ok(found);
    }
    found.end = CHUNK_HEADER_BYTES as u64;
    let mut append = UnfinishedAppend::default();
    for seq in first_seq.. {
        let header = window.view(found.end, FRAME_HEADER_BYTES)?;
        if header.is_empty() {
            break;
        }
        let more_follow = FrameHeader::read(header).is_some_and(|header| header.more_follow());
        // A damaged length must not make the window grow; `read_frame` says what is wrong with such a frame.
        let frame_bytes = match FrameHeader::read(header) {
            Some(header) if found.end + header.frame_bytes() as u64 <= file_bytes => header.frame_bytes(),
            _ => FRAME_HEADER_BYTES,
        };
        let frame = frame::read_frame(window.view(found.end, frame_bytes)?, seq);
        let (Ok((_, bytes)), Ok(offset)) = (frame, u32::try_from(found.end)) else {
            let detail = frame.err().unwrap_or("the chunk is larger than the format allows");
            found.bad = Some(Bad { seq, offset: found.end, detail });
            break;
        };
        append.take(more_follow, &found);
        found.offsets.push(offset);
        found.end += bytes as u64;
    }
    append.leave_out(first_seq, &mut found);
    Ok(found)
}

/// Where an append began of which the last frame was not met yet.
#[derive(Default)]
struct UnfinishedAppend {
    began: Option<(usize, u64)>,
}

impl UnfinishedAppend {
    /// The next good frame.
    fn take(&mut self, more_follow: bool, before: &Scanned) {
        let here = (before.offsets.len(), before.end);
        self.began = more_follow.then(|| self.began.unwrap_or(here));
    }

    /// Its frames are the torn tail's, good as they are.
    fn leave_out(self, first_seq: u64, found: &mut Scanned) {
        if let Some((records, end)) = self.began {
            let seq = first_seq + found.offsets.len() as u64;
            let missing = Bad { seq, offset: found.end, detail: "the append has no end" };
            found.bad = found.bad.or(Some(missing));
            found.offsets.truncate(records);
            found.end = end;
        }
    }
}

/// A stretch of a file in memory that moves forward.
struct Window<'f> {
    file: &'f dyn DiskFile,
    bytes: Vec<u8>,
    filled: usize,
    /// File offset of `bytes[0]`.
    at: u64,
}

impl Window<'_> {
    /// The `bytes` bytes at `offset`, fewer where the file ends. `offset` never goes back.
    fn view(&mut self, offset: u64, bytes: usize) -> io::Result<&[u8]> {
        let mut start = usize::try_from(offset - self.at).map_err(io::Error::other)?;
        if start + bytes > self.filled {
            self.bytes.copy_within(start..self.filled, 0);
            self.filled -= start;
            self.at = offset;
            start = 0;
            if self.bytes.len() < bytes.max(WINDOW_BYTES) {
                self.bytes.resize(bytes.max(WINDOW_BYTES), 0);
            }
            self.filled += read_full(self.file, &mut self.bytes[self.filled..], offset + self.filled as u64)?;
        }
        Ok(&self.bytes[start..self.filled.min(start + bytes)])
    }
}
