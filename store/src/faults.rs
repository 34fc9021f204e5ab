//! Faults: a log and an index that fail on request, around real ones. For tests of whatever runs over a store.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use sync_core::rows::Batch;

use crate::error::{Result, StoreError};
use crate::index::{Index, IndexNotice, IndexReason, Watermark};
use crate::log::{LINE_BYTES_MAX, Log, Stats, check_sizes};
use crate::memory::{Memory, MemoryIndex, MemoryLog};
use crate::store::Store;

/// How an append is to fail.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AppendFault {
    /// Nothing is written; a later append may succeed (`Io`).
    BeforeWriting,
    /// Written, but not confirmed (`SyncFailed`): no more appends until reopened, and a crash may lose or keep it.
    AfterWriting,
    /// No space (`Full`); a later append may succeed.
    Full,
}

#[derive(Default)]
struct State {
    append: Option<(u64, AppendFault)>,
    apply: Option<u64>,
    space_bytes_left: Option<u64>,
    /// Written by an append whose fsync failed; no reader sees them before they turn out to have survived.
    unconfirmed: Vec<Vec<u8>>,
}

/// What is to go wrong; clones share it, and each fault is used up when it strikes.
#[derive(Clone, Default)]
struct Faults {
    state: Arc<Mutex<State>>,
}

impl Faults {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Counts one call down, and takes the fault when its turn has come.
fn due<F>(fault: &mut Option<(u64, F)>) -> Option<F> {
    match fault {
        Some((0, _)) => fault.take().map(|(_, fault)| fault),
        Some((before, _)) => {
            *before -= 1;
            None
        }
        None => None,
    }
}

/// A log that fails when told to.
pub struct FaultyLog<L> {
    log: L,
    faults: Faults,
    has_stopped: bool,
}

fn injected() -> std::io::Error {
    std::io::Error::other("injected")
}

fn full(needed_bytes: u64) -> StoreError {
    StoreError::Full { path: "memory".into(), needed_bytes }
}

impl<L: Log> Log for FaultyLog<L> {
    type Lines = L::Lines;

    fn append(&mut self, lines: &[Vec<u8>]) -> Result<u64> {
        if self.has_stopped {
            let cause = "an fsync failed".to_owned();
            return Err(StoreError::AppendsStopped { path: "memory".into(), cause });
        }
        let bytes = check_sizes(lines, LINE_BYTES_MAX)?;
        if lines.is_empty() {
            return self.log.append(lines);
        }
        let mut state = self.faults.state();
        match due(&mut state.append) {
            Some(AppendFault::BeforeWriting) => {
                return Err(StoreError::Io { doing: "write to", path: "memory".into(), source: injected() });
            }
            Some(AppendFault::AfterWriting) => {
                state.unconfirmed = lines.to_vec();
                self.has_stopped = true;
                return Err(StoreError::SyncFailed { path: "memory".into(), source: injected() });
            }
            Some(AppendFault::Full) => return Err(full(bytes)),
            None => {}
        }
        if let Some(left) = &mut state.space_bytes_left {
            *left = left.checked_sub(bytes).ok_or_else(|| full(bytes))?;
        }
        drop(state);
        self.log.append(lines)
    }

    fn end(&self) -> u64 {
        self.log.end()
    }

    fn read(&self, number: u64) -> Result<Vec<u8>> {
        self.log.read(number)
    }

    fn read_range(&self, from: u64, to: u64, visit: &mut dyn FnMut(u64, &[u8]) -> bool) -> Result<()> {
        self.log.read_range(from, to, visit)
    }

    fn lines(&self) -> L::Lines {
        self.log.lines()
    }

    fn stats(&self) -> Stats {
        self.log.stats()
    }
}

/// An index that fails when told to.
pub struct FaultyIndex<I> {
    index: I,
    faults: Faults,
}

impl<I: Index> Index for FaultyIndex<I> {
    type Rows = I::Rows;

    fn rows(&self) -> I::Rows {
        self.index.rows()
    }

    fn watermark(&self) -> Watermark {
        self.index.watermark()
    }

    fn apply(&mut self, batch: Batch, watermark: Watermark) -> Result<()> {
        let mut state = self.faults.state();
        let mut fault = state.apply.take().map(|before| (before, ()));
        let strikes = due(&mut fault).is_some();
        state.apply = fault.map(|(before, ())| before);
        drop(state);
        if strikes {
            return Err(StoreError::Index { detail: "injected".to_owned() });
        }
        self.index.apply(batch, watermark)
    }

    fn start_over(&mut self, reason: IndexReason) -> Result<IndexNotice> {
        self.index.start_over(reason)
    }

    fn close(&mut self) -> Result<()> {
        self.index.close()
    }
}

/// What a crash leaves of a [`FaultyMemory`].
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Crash {
    /// How many lines of an unconfirmed append (see [`AppendFault::AfterWriting`]) are found afterwards.
    pub unconfirmed_records_kept: usize,
    /// How many *acknowledged* lines are lost all the same: a disk that lies, or a server restored from a copy.
    pub acknowledged_records_lost: usize,
    /// Whether the index is lost.
    pub lose_index: bool,
}

/// A [`Memory`] whose store fails on request.
#[derive(Clone, Default)]
pub struct FaultyMemory {
    memory: Memory,
    faults: Faults,
}

impl FaultyMemory {
    /// Returns an empty one without faults.
    pub fn new() -> Self {
        Self::default()
    }

    /// Opens the store on it. What an unconfirmed append left is found; an index ahead of the log is dropped.
    ///
    /// # Errors
    /// `Locked` if it is open already.
    pub fn open(&self) -> Result<(FaultyStore, Option<IndexNotice>)> {
        let (log, index) = self.parts()?;
        Store::open(log, index, None)
    }

    /// Opens log and index without putting them together.
    ///
    /// # Errors
    /// `Locked` if it is open already.
    pub fn parts(&self) -> Result<(FaultyLog<MemoryLog>, FaultyIndex<MemoryIndex>)> {
        let (mut log, index) = self.memory.parts()?;
        let survivors = std::mem::take(&mut self.faults.state().unconfirmed);
        log.append(&survivors)?;
        let log = FaultyLog { log, faults: self.faults.clone(), has_stopped: false };
        Ok((log, FaultyIndex { index, faults: self.faults.clone() }))
    }

    /// Makes an append fail: the next one if `appends_before` is 0. Replaces a fault not yet met.
    pub fn fail_append(&self, appends_before: u64, fault: AppendFault) {
        self.faults.state().append = Some((appends_before, fault));
    }

    /// Makes an apply fail (`Index`, nothing changed): the next one if `applies_before` is 0.
    pub fn fail_apply(&self, applies_before: u64) {
        self.faults.state().apply = Some(applies_before);
    }

    /// Limits the space: appends that need more bytes fail with `Full`. `None` lifts the limit.
    pub fn set_space_bytes_left(&self, bytes: Option<u64>) {
        self.faults.state().space_bytes_left = bytes;
    }

    /// Ends the store that is open, as a power cut would, and leaves what `crash` says.
    pub fn crash(&self, crash: Crash) {
        self.memory.end_store();
        let mut state = self.faults.state();
        state.unconfirmed.truncate(crash.unconfirmed_records_kept);
        if crash.acknowledged_records_lost > 0 {
            self.memory.lose_lines(crash.acknowledged_records_lost);
            state.unconfirmed.clear();
        }
        if crash.lose_index {
            self.memory.lose_index();
        }
    }
}

/// The store of a [`FaultyMemory`].
pub type FaultyStore = Store<FaultyLog<MemoryLog>, FaultyIndex<MemoryIndex>>;

#[cfg(test)]
mod tests;
