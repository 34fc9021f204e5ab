//! Frame: the bytes of a log file: its header, and the frame around each record.
//!
//! Chunk header, 24 bytes: magic (8), format u32, first sequence number u64, crc32 of the 20 bytes before.
//!
//! Frame: payload length u32, crc32 u32, low half of the sequence number u32, place in its append u32, payload.
//! All little endian. The crc covers the whole sequence number, length, place and payload, so a frame is only
//! valid as the record it was written as. The place is the position, and its highest bit says that another record
//! of the same append follows.
//!
//! That bit is what makes an append whole or not there: frames at the end whose append has no last frame were never
//! acknowledged, however good they are, and what they are a part of (a segment that one signature covers) would be
//! there in half.
//!
//! The position is what tells a torn append from damage. The ledger starts an append only after the one before
//! is durable, so a valid frame of a *later* append proves that a bad frame before it had been durable. A valid
//! frame of the *same* append proves nothing: a power cut may leave any of its pages unwritten.

use crc32fast::Hasher;

/// Format of chunk files written here.
pub const CHUNK_FORMAT: u32 = 1;
/// Bytes of a chunk's header.
pub const CHUNK_HEADER_BYTES: usize = 24;
/// Bytes of a frame before its payload.
pub const FRAME_HEADER_BYTES: usize = 16;
/// The most a payload may have in any store, so that a damaged length cannot ask for gigabytes.
pub const PAYLOAD_BYTES_LIMIT: u32 = 64 * 1024 * 1024;

/// Bit of a frame's place: another record of the same append follows. No append has this many records.
const MORE_FOLLOW: u32 = 1 << 31;
const MAGIC: &[u8; 8] = b"CUADLDGR";

/// The header of the chunk that starts with record `first_seq`.
pub fn chunk_header(first_seq: u64) -> [u8; CHUNK_HEADER_BYTES] {
    let mut header = [0; CHUNK_HEADER_BYTES];
    header[..8].copy_from_slice(MAGIC);
    header[8..12].copy_from_slice(&CHUNK_FORMAT.to_le_bytes());
    header[12..20].copy_from_slice(&first_seq.to_le_bytes());
    let crc = crc32fast::hash(&header[..20]);
    header[20..].copy_from_slice(&crc.to_le_bytes());
    header
}

/// What a chunk's first bytes are.
#[derive(Debug, PartialEq, Eq)]
pub enum ChunkHeader {
    /// Whole, and of this first sequence number.
    Good(u64),
    /// Whole, of a format this program does not know.
    Newer(u32),
    /// Incomplete or damaged.
    Bad(&'static str),
}

/// Reads a chunk's header from the start of `bytes`.
pub fn read_chunk_header(bytes: &[u8]) -> ChunkHeader {
    let Some(header) = bytes.get(..CHUNK_HEADER_BYTES) else {
        return ChunkHeader::Bad("the chunk's header is incomplete");
    };
    if header[..8] != *MAGIC || crc32fast::hash(&header[..20]) != u32_at(header, 20) {
        return ChunkHeader::Bad("the chunk's header is damaged");
    }
    match u32_at(header, 8) {
        CHUNK_FORMAT => {
            ChunkHeader::Good(u64::from(u32_at(header, 12)) | u64::from(u32_at(header, 16)) << 32)
        }
        newer => ChunkHeader::Newer(newer),
    }
}

/// A frame's header as it stands in the file, nothing checked.
#[derive(Debug, Clone, Copy)]
pub struct FrameHeader {
    /// Bytes of the payload.
    pub payload_bytes: u32,
    /// Low half of the sequence number.
    pub seq_low: u32,
    place: u32,
    crc: u32,
}

impl FrameHeader {
    /// The header at the start of `bytes`, or `None` if they are too few.
    pub fn read(bytes: &[u8]) -> Option<Self> {
        let header = bytes.get(..FRAME_HEADER_BYTES)?;
        Some(Self {
            payload_bytes: u32_at(header, 0),
            crc: u32_at(header, 4),
            seq_low: u32_at(header, 8),
            place: u32_at(header, 12),
        })
    }

    /// Whether this can be the header of record `seq` at all, before its payload is looked at.
    pub fn is_plausible(&self, seq: u64) -> bool {
        self.seq_low == low_half(seq) && (1..=PAYLOAD_BYTES_LIMIT).contains(&self.payload_bytes)
    }

    /// How many records of the same append stand before this one.
    pub fn position(&self) -> u32 {
        self.place & !MORE_FOLLOW
    }

    /// Whether the same append has another record after this one. Appends that older programs wrote never say so: each of
    /// their records counts by itself.
    pub fn more_follow(&self) -> bool {
        self.place & MORE_FOLLOW != 0
    }

    /// Bytes of the whole frame.
    pub fn frame_bytes(&self) -> usize {
        FRAME_HEADER_BYTES + self.payload_bytes as usize
    }

    /// Whether `payload` is what was written as record `seq`.
    pub fn matches(&self, seq: u64, payload: &[u8]) -> bool {
        self.crc == frame_crc(seq, self.payload_bytes, self.place, payload)
    }
}

/// The payload of the frame of record `seq` at the start of `bytes`, and the bytes of the frame; else why not.
pub fn read_frame(bytes: &[u8], seq: u64) -> Result<(&[u8], usize), &'static str> {
    let header = FrameHeader::read(bytes).ok_or("the frame is incomplete")?;
    if !header.is_plausible(seq) {
        return Err("the frame's header is damaged");
    }
    let frame = bytes.get(..header.frame_bytes()).ok_or("the frame is incomplete")?;
    let payload = &frame[FRAME_HEADER_BYTES..];
    if header.matches(seq, payload) { Ok((payload, frame.len())) } else { Err("the checksum does not match") }
}

/// Appends to `into` the frame of record `seq`, the `position`-th of its append of `count`.
///
/// The caller has checked that `payload` has 1 to [`PAYLOAD_BYTES_LIMIT`] bytes.
pub fn write_frame(into: &mut Vec<u8>, seq: u64, position: u32, count: usize, payload: &[u8]) {
    let place = if position as usize + 1 < count { position | MORE_FOLLOW } else { position };
    let payload_bytes = u32::try_from(payload.len()).unwrap_or(u32::MAX);
    assert!((1..=PAYLOAD_BYTES_LIMIT).contains(&payload_bytes), "the ledger checks sizes before framing");
    into.extend_from_slice(&payload_bytes.to_le_bytes());
    into.extend_from_slice(&frame_crc(seq, payload_bytes, place, payload).to_le_bytes());
    into.extend_from_slice(&low_half(seq).to_le_bytes());
    into.extend_from_slice(&place.to_le_bytes());
    into.extend_from_slice(payload);
}

/// Looks in `tail`, which starts with record `first_seq` of an append that is not whole, for a valid frame of a later one.
///
/// Answers its sequence number and its offset in `tail`. Frames of the same append do not count (see the top of this file). False finds need three independent 32-bit coincidences, so they do not happen.
pub fn find_later_append(tail: &[u8], first_seq: u64) -> Option<(u64, usize)> {
    // A frame has at least one byte of payload, which bounds how many records can lie between.
    const FRAME_BYTES_MIN: usize = FRAME_HEADER_BYTES + 1;
    (FRAME_BYTES_MIN..tail.len()).find_map(|offset| {
        let header = FrameHeader::read(&tail[offset..])?;
        let ahead = header.seq_low.wrapping_sub(low_half(first_seq));
        let of_later_append = header.position() < ahead;
        if !of_later_append || ahead as usize > offset / FRAME_BYTES_MIN {
            return None;
        }
        let seq = first_seq.checked_add(u64::from(ahead))?;
        read_frame(&tail[offset..], seq).ok().map(|_| (seq, offset))
    })
}

fn frame_crc(seq: u64, payload_bytes: u32, place: u32, payload: &[u8]) -> u32 {
    let mut covered = [0; 16];
    covered[..8].copy_from_slice(&seq.to_le_bytes());
    covered[8..12].copy_from_slice(&payload_bytes.to_le_bytes());
    covered[12..].copy_from_slice(&place.to_le_bytes());
    let mut hasher = Hasher::new();
    hasher.update(&covered);
    hasher.update(payload);
    hasher.finalize()
}

#[expect(clippy::cast_possible_truncation, reason = "the low half is what is wanted")]
fn low_half(seq: u64) -> u32 {
    seq as u32
}

fn u32_at(bytes: &[u8], at: usize) -> u32 {
    u32::from_le_bytes([bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]])
}
