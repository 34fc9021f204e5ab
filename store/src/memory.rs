//! The store in memory: for tests of the shells, for simulation, and for devices by the thousand.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use sync_core::log::line::Lines;
use sync_core::rows::{Batch, Look, MemoryRows, Rows, RowsError, Visit};

use crate::error::{Result, StoreError};
use crate::index::{Index, IndexNotice, IndexReason, RESERVED, Watermark};
use crate::log::{LINE_BYTES_MAX, Log, Stats, check_sizes};
use crate::store::Store;

/// Rows copied out at a time while scanning, so that a visitor may read, and the writer write, in between.
const SCAN_ROWS: usize = 64;

#[derive(Default)]
struct State {
    lines: Vec<Arc<[u8]>>,
    rows: MemoryRows,
    watermark: Watermark,
    is_open: bool,
    /// Counts openings, so that handles of an earlier one know they are stale.
    opening: u64,
    stats: Stats,
}

/// What a store in memory lies on: it outlives the store and can be opened again.
#[derive(Clone, Default)]
pub struct Memory {
    state: Arc<Mutex<State>>,
}

impl Memory {
    /// Returns an empty one.
    pub fn new() -> Self {
        Self::default()
    }

    /// Opens the store on it. An index ahead of the log is dropped, with a notice.
    ///
    /// # Errors
    /// `Locked` if it is open already.
    pub fn open(&self) -> Result<(Store<MemoryLog, MemoryIndex>, Option<IndexNotice>)> {
        let (log, index) = self.parts()?;
        Store::open(log, index, None)
    }

    /// Opens log and index without putting them together.
    ///
    /// # Errors
    /// `Locked` if it is open already.
    pub fn parts(&self) -> Result<(MemoryLog, MemoryIndex)> {
        let mut state = self.state();
        if state.is_open {
            return Err(StoreError::Locked { path: "memory".into(), pid: None });
        }
        state.is_open = true;
        state.opening += 1;
        state.stats = Stats::default();
        let opening = Arc::new(Opening { memory: self.clone(), number: state.opening });
        drop(state);
        Ok((MemoryLog { opening: Arc::clone(&opening) }, MemoryIndex { opening }))
    }

    /// Ends the store that is open, as a power cut would.
    pub fn end_store(&self) {
        let mut state = self.state();
        state.is_open = false;
        state.opening += 1;
    }

    /// Forgets the last `count` lines: a disk that lied, or an older copy in the place of the newer.
    pub fn lose_lines(&self, count: usize) {
        let mut state = self.state();
        let kept = state.lines.len().saturating_sub(count);
        state.lines.truncate(kept);
    }

    /// Forgets the index.
    pub fn lose_index(&self) {
        let mut state = self.state();
        state.rows = MemoryRows::default();
        state.watermark = Watermark::default();
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // Nothing that can panic runs half way through a change.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// One opening of a [`Memory`]; the store is closed when its log and its index are gone.
struct Opening {
    memory: Memory,
    number: u64,
}

impl Drop for Opening {
    fn drop(&mut self) {
        let mut state = self.memory.state();
        if state.opening == self.number {
            state.is_open = false;
            state.opening += 1;
        }
    }
}

/// The log of a [`Memory`].
pub struct MemoryLog {
    opening: Arc<Opening>,
}

impl Log for MemoryLog {
    type Lines = MemoryLines;

    fn append(&mut self, lines: &[Vec<u8>]) -> Result<u64> {
        let mut state = self.opening.memory.state();
        if state.opening != self.opening.number {
            let cause = "the store was closed".to_owned();
            return Err(StoreError::AppendsStopped { path: "memory".into(), cause });
        }
        let bytes = check_sizes(lines, LINE_BYTES_MAX)?;
        let first = state.lines.len() as u64 + 1;
        if lines.is_empty() {
            return Ok(first);
        }
        state.lines.extend(lines.iter().map(|line| Arc::from(line.as_slice())));
        state.stats.appends += 1;
        state.stats.records += lines.len() as u64;
        state.stats.fsyncs += 1;
        state.stats.bytes_written += bytes;
        Ok(first)
    }

    fn end(&self) -> u64 {
        self.lines().end()
    }

    fn read(&self, number: u64) -> Result<Vec<u8>> {
        let line = self.lines().find(number);
        line.map(|line| line.to_vec())
            .ok_or_else(|| StoreError::NoSuchRecord { seq: number, end: self.end() })
    }

    fn read_range(&self, from: u64, to: u64, visit: &mut dyn FnMut(u64, &[u8]) -> bool) -> Result<()> {
        for number in from.max(1)..to.min(self.end()) {
            if !visit(number, &self.read(number)?) {
                break;
            }
        }
        Ok(())
    }

    fn lines(&self) -> MemoryLines {
        MemoryLines { memory: self.opening.memory.clone() }
    }

    fn stats(&self) -> Stats {
        self.opening.memory.state().stats
    }
}

/// The lines of a [`Memory`].
#[derive(Clone)]
pub struct MemoryLines {
    memory: Memory,
}

impl MemoryLines {
    fn find(&self, number: u64) -> Option<Arc<[u8]>> {
        let index = usize::try_from(number.checked_sub(1)?).ok()?;
        self.memory.state().lines.get(index).cloned()
    }
}

impl Lines for MemoryLines {
    fn end(&self) -> u64 {
        self.memory.state().lines.len() as u64 + 1
    }

    fn line(&self, number: u64) -> Result<Vec<u8>, RowsError> {
        let line = self.find(number);
        line.map(|line| line.to_vec()).ok_or_else(|| RowsError(format!("there is no line {number}")))
    }
}

/// The index of a [`Memory`].
pub struct MemoryIndex {
    opening: Arc<Opening>,
}

impl Index for MemoryIndex {
    type Rows = MemoryRowsHandle;

    fn rows(&self) -> MemoryRowsHandle {
        MemoryRowsHandle { memory: self.opening.memory.clone(), opening: self.opening.number }
    }

    fn watermark(&self) -> Watermark {
        self.opening.memory.state().watermark
    }

    fn apply(&mut self, batch: Batch, watermark: Watermark) -> Result<()> {
        let mut state = self.opening.memory.state();
        if state.opening != self.opening.number {
            return Err(StoreError::Index { detail: "the store is closed".to_owned() });
        }
        state.rows.apply(batch);
        state.watermark = watermark;
        Ok(())
    }

    fn start_over(&mut self, reason: IndexReason) -> Result<IndexNotice> {
        self.opening.memory.lose_index();
        Ok(IndexNotice { reason, saved_as: None })
    }

    fn close(&mut self) -> Result<()> {
        Ok(())
    }
}

/// The rows of a [`Memory`], until its store is closed.
#[derive(Clone)]
pub struct MemoryRowsHandle {
    memory: Memory,
    opening: u64,
}

impl MemoryRowsHandle {
    fn state(&self) -> Result<MutexGuard<'_, State>, RowsError> {
        let state = self.memory.state();
        if state.opening == self.opening { Ok(state) } else { Err(RowsError("the store is closed".into())) }
    }
}

impl Rows for MemoryRowsHandle {
    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, RowsError> {
        self.state()?.rows.get(key)
    }

    fn look(&self, key: &[u8], look: &mut Look<'_>) -> Result<(), RowsError> {
        self.state()?.rows.look(key, look)
    }

    fn scan(&self, prefix: &[u8], from: &[u8], visit: &mut Visit<'_>) -> Result<(), RowsError> {
        let mut from = from.to_vec();
        loop {
            let mut page = Vec::new();
            self.state()?.rows.scan(prefix, &from, &mut |key, value| {
                page.push((key.to_vec(), value.to_vec()));
                page.len() < SCAN_ROWS
            })?;
            for (key, value) in &page {
                if !visit(key, value) {
                    return Ok(());
                }
            }
            let Some((last, _)) = page.pop() else { return Ok(()) };
            from = last;
            // The smallest key after the last one seen.
            from.push(RESERVED);
        }
    }
}
