//! Journal: a log in one file that is never renamed and never rotated. Behind its end lie bytes that were really written,
//! so that what a person saves still fits when the disk is full.

use std::cell::{Cell, RefCell};
use std::io;
use std::path::PathBuf;
use std::rc::Rc;

use store::frame::{
    CHUNK_HEADER_BYTES, ChunkHeader, FRAME_HEADER_BYTES, FrameHeader, PAYLOAD_BYTES_LIMIT, chunk_header,
    find_later_append, read_chunk_header, read_frame, write_frame,
};
use store::{LINE_BYTES_MAX, Log, Result, Stats, StoreError, check_sizes};
use sync_core::log::line::Lines;
use sync_core::rows::RowsError;

use crate::medium::Medium;

/// Bytes that are written ahead of the end: some hundred notes.
pub const SPARE_BYTES: u64 = 256 * 1024;
/// Bytes that are read at once while the journal is opened.
const WINDOW_BYTES: usize = 1024 * 1024;

/// What a journal is called in messages.
fn path() -> PathBuf {
    PathBuf::from("journal")
}

fn failed(doing: &'static str) -> impl Fn(io::Error) -> StoreError {
    move |source| StoreError::Io { doing, path: path(), source }
}

/// What was found behind the last whole append.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Found {
    /// Bytes of an append that was never acknowledged: they will be written over.
    pub torn_bytes: u64,
}

#[derive(Debug)]
struct Shared<M> {
    medium: M,
    /// Where each line begins, the first one at 0.
    starts: RefCell<Vec<u64>>,
    /// Where the next one begins.
    end: Cell<u64>,
}

/// A log in one file, with one writer.
#[derive(Debug)]
pub struct Journal<M> {
    shared: Rc<Shared<M>>,
    stopped: Option<String>,
    stats: Stats,
}

/// A handle for reading a [`Journal`].
#[derive(Debug)]
pub struct JournalLines<M>(Rc<Shared<M>>);

impl<M> Clone for JournalLines<M> {
    fn clone(&self) -> Self {
        Self(Rc::clone(&self.0))
    }
}

impl<M: Medium> Journal<M> {
    /// Opens the journal in a file; an empty one is made a journal.
    ///
    /// # Errors
    /// `NotAStore`, `NewerFormat`, `Corrupt`: nothing is changed then. `Full`, `Io`.
    pub fn open(medium: M) -> Result<(Self, Found)> {
        if medium.len().map_err(failed("measure"))? < CHUNK_HEADER_BYTES as u64 {
            medium
                .write_at(0, &chunk_header(1))
                .map_err(|error| written(error, CHUNK_HEADER_BYTES as u64))?;
            medium.flush().map_err(|source| StoreError::SyncFailed { path: path(), source })?;
        }
        check_header(&medium)?;
        let Scanned { starts, end, torn_bytes } = scan(&medium)?;
        let shared = Shared { medium, starts: RefCell::new(starts), end: Cell::new(end) };
        let journal = Self { shared: Rc::new(shared), stopped: None, stats: Stats::default() };
        journal.write_ahead();
        Ok((journal, Found { torn_bytes }))
    }

    /// Writes bytes behind the end, if few are left. Where that fails the disk is full: what lies there still serves.
    fn write_ahead(&self) {
        let (medium, end) = (&self.shared.medium, self.shared.end.get());
        let Ok(len) = medium.len() else { return };
        if len.saturating_sub(end) < SPARE_BYTES / 4 {
            let zeros = vec![0; usize::try_from(SPARE_BYTES).unwrap_or(0)];
            if medium.write_at(len.max(end), &zeros).and_then(|()| medium.flush()).is_err() {
                // It is tried again with the next append.
            }
        }
    }

    fn write(&mut self, buffer: &[u8]) -> Result<()> {
        let end = self.shared.end.get();
        self.shared.medium.write_at(end, buffer).map_err(|error| written(error, buffer.len() as u64))?;
        self.shared.medium.flush().map_err(|source| {
            self.stopped = Some(source.to_string());
            StoreError::SyncFailed { path: path(), source }
        })
    }
}

fn written(error: io::Error, needed_bytes: u64) -> StoreError {
    match error.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => {
            StoreError::Full { path: path(), needed_bytes }
        }
        _ => failed("write")(error),
    }
}

fn check_header<M: Medium>(medium: &M) -> Result<()> {
    let mut header = [0; CHUNK_HEADER_BYTES];
    medium.read_at(0, &mut header).map_err(failed("read"))?;
    let not_a_store = |detail: &str| StoreError::NotAStore { path: path(), detail: detail.into() };
    match read_chunk_header(&header) {
        ChunkHeader::Good(1) => Ok(()),
        ChunkHeader::Good(_) => Err(not_a_store("it begins in the middle of a journal")),
        ChunkHeader::Newer(found) => {
            Err(StoreError::NewerFormat { path: path(), found, known: store::frame::CHUNK_FORMAT })
        }
        ChunkHeader::Bad(detail) => Err(not_a_store(detail)),
    }
}

struct Scanned {
    starts: Vec<u64>,
    end: u64,
    torn_bytes: u64,
}

/// Finds all lines of whole appends. What lies behind is an append that was not acknowledged, or bytes written ahead; a
/// later append there would prove damage.
fn scan<M: Medium>(medium: &M) -> Result<Scanned> {
    let len = medium.len().map_err(failed("measure"))?;
    let mut window = Window { medium, len, from: 0, bytes: Vec::new() };
    let (mut starts, mut at) = (Vec::new(), CHUNK_HEADER_BYTES as u64);
    // Lines of an append whose last frame has not come yet.
    let (mut open, mut end) = (Vec::new(), at);
    loop {
        let seq = (starts.len() + open.len()) as u64 + 1;
        let Some(header) = FrameHeader::read(window.view(at, FRAME_HEADER_BYTES)?) else { break };
        if !header.is_plausible(seq) || header.position() as usize != open.len() {
            break;
        }
        if read_frame(window.view(at, header.frame_bytes())?, seq).is_err() {
            break;
        }
        open.push(at);
        at += header.frame_bytes() as u64;
        if !header.more_follow() {
            starts.append(&mut open);
            end = at;
        }
    }
    let torn_bytes = check_tail(medium, &starts, end, len)?;
    Ok(Scanned { starts, end, torn_bytes })
}

/// Returns the bytes behind the end that are none that were written ahead.
fn check_tail<M: Medium>(medium: &M, starts: &[u64], end: u64, len: u64) -> Result<u64> {
    let mut tail = vec![0; usize::try_from(len.saturating_sub(end)).unwrap_or(usize::MAX)];
    medium.read_at(end, &mut tail).map_err(failed("read"))?;
    let used = tail.iter().rposition(|byte| *byte != 0).map_or(0, |last| last + 1);
    let next = starts.len() as u64 + 1;
    match find_later_append(&tail[..used], next) {
        Some((later, offset)) => Err(StoreError::Corrupt {
            seq: next,
            path: path(),
            offset: end,
            detail: format!("line {later} stands behind it, at byte {}", end + offset as u64),
        }),
        None => Ok(used as u64),
    }
}

/// A part of the file that was read, so that lines are not read one by one.
struct Window<'m, M> {
    medium: &'m M,
    len: u64,
    from: u64,
    bytes: Vec<u8>,
}

impl<M: Medium> Window<'_, M> {
    /// Returns up to `bytes` bytes from `at` on; fewer at the end of the file.
    fn view(&mut self, at: u64, bytes: usize) -> Result<&[u8]> {
        let bytes = bytes.min(PAYLOAD_BYTES_LIMIT as usize + FRAME_HEADER_BYTES);
        let wanted = usize::try_from(self.len.saturating_sub(at)).unwrap_or(usize::MAX).min(bytes);
        let is_here = at >= self.from && at + wanted as u64 <= self.from + self.bytes.len() as u64;
        if !is_here {
            let left = usize::try_from(self.len.saturating_sub(at)).unwrap_or(usize::MAX);
            self.bytes = vec![0; left.min(wanted.max(WINDOW_BYTES))];
            self.from = at;
            self.medium.read_at(at, &mut self.bytes).map_err(failed("read"))?;
        }
        let start = usize::try_from(at - self.from).unwrap_or(usize::MAX);
        Ok(&self.bytes[start..start + wanted])
    }
}

impl<M: Medium> Shared<M> {
    fn count(&self) -> u64 {
        self.starts.borrow().len() as u64
    }

    fn read(&self, number: u64) -> Result<Vec<u8>> {
        let count = self.count();
        let none = || StoreError::NoSuchRecord { seq: number, end: count + 1 };
        let index = number.checked_sub(1).and_then(|at| usize::try_from(at).ok()).ok_or_else(none)?;
        let starts = self.starts.borrow();
        let start = *starts.get(index).ok_or_else(none)?;
        let end = starts.get(index + 1).copied().unwrap_or(self.end.get());
        let mut frame = vec![0; usize::try_from(end - start).unwrap_or(usize::MAX)];
        self.medium.read_at(start, &mut frame).map_err(failed("read"))?;
        match read_frame(&frame, number) {
            Ok((payload, _)) => Ok(payload.to_vec()),
            Err(detail) => {
                Err(StoreError::Corrupt { seq: number, path: path(), offset: start, detail: detail.into() })
            }
        }
    }

    fn each(&self, from: u64, to: u64, visit: &mut dyn FnMut(u64, &[u8]) -> bool) -> Result<()> {
        for number in from.max(1)..to.min(self.count() + 1) {
            if !visit(number, &self.read(number)?) {
                break;
            }
        }
        Ok(())
    }
}

impl<M: Medium> Log for Journal<M> {
    type Lines = JournalLines<M>;

    fn append(&mut self, lines: &[Vec<u8>]) -> Result<u64> {
        let first = self.end();
        if let Some(cause) = &self.stopped {
            return Err(StoreError::AppendsStopped { path: path(), cause: cause.clone() });
        }
        let bytes = check_sizes(lines, LINE_BYTES_MAX)?;
        if lines.is_empty() {
            return Ok(first);
        }
        let mut buffer = Vec::with_capacity(usize::try_from(bytes).unwrap_or(0));
        let mut starts = Vec::with_capacity(lines.len());
        for ((seq, position), line) in (first..).zip(0..).zip(lines) {
            starts.push(self.shared.end.get() + buffer.len() as u64);
            write_frame(&mut buffer, seq, position, lines.len(), line);
        }
        self.write(&buffer)?;
        self.shared.starts.borrow_mut().extend(starts);
        self.shared.end.set(self.shared.end.get() + buffer.len() as u64);
        self.stats.appends += 1;
        self.stats.records += lines.len() as u64;
        self.stats.fsyncs += 1;
        self.stats.bytes_written += bytes;
        self.write_ahead();
        Ok(first)
    }

    fn end(&self) -> u64 {
        self.shared.count() + 1
    }

    fn read(&self, number: u64) -> Result<Vec<u8>> {
        self.shared.read(number)
    }

    fn read_range(&self, from: u64, to: u64, visit: &mut dyn FnMut(u64, &[u8]) -> bool) -> Result<()> {
        self.shared.each(from, to, visit)
    }

    fn lines(&self) -> JournalLines<M> {
        JournalLines(Rc::clone(&self.shared))
    }

    fn stats(&self) -> Stats {
        self.stats
    }
}

impl<M: Medium> Lines for JournalLines<M> {
    fn end(&self) -> u64 {
        self.0.count() + 1
    }

    fn line(&self, number: u64) -> std::result::Result<Vec<u8>, RowsError> {
        self.0.read(number).map_err(|error| RowsError(error.to_string()))
    }

    fn each(
        &self,
        from: u64,
        to: u64,
        visit: &mut dyn FnMut(u64, &[u8]) -> bool,
    ) -> std::result::Result<(), RowsError> {
        self.0.each(from, to, visit).map_err(|error| RowsError(error.to_string()))
    }
}
