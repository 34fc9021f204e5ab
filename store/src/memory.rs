//! The store in memory, with faults on demand: for tests of the shells and for simulation.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use sync_core::rows::{Batch, MemoryRows, Rows, RowsError, Visit};

use crate::disk_store::check_watermark;
use crate::error::{Result, StoreError};
use crate::index::{IndexNotice, IndexReason, RESERVED, check_keys};
use crate::ledger::{APPEND_BYTES_MAX, LedgerOptions};
use crate::stats::Stats;
use crate::store::{IndexRows, Records, Store};

/// Rows copied out at a time while scanning, so that a visitor may read, and the writer write, in between.
const SCAN_ROWS: usize = 64;
/// What a frame costs on disk beside its payload, so that space and statistics come out alike.
const FRAME_BYTES: u64 = 16;

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

/// What a crash leaves of a [`MemoryMedium`].
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Crash {
    /// How many records of an unconfirmed append (see [`AppendFault::AfterWriting`]) are found afterwards.
    pub unconfirmed_records_kept: usize,
    /// How many *acknowledged* records are lost all the same: a disk that lies, or a server restored from a copy.
    pub acknowledged_records_lost: usize,
    /// Whether the index is lost.
    pub lose_index: bool,
}

#[derive(Default)]
struct State {
    records: Vec<Arc<[u8]>>,
    /// Written by an append whose fsync failed; no reader sees them before they turn out to have survived.
    unconfirmed: Vec<Arc<[u8]>>,
    index: MemoryRows,
    watermark: u64,
    is_open: bool,
    /// Counts openings, so that handles of an earlier one know they are stale.
    opening: u64,
    stopped: bool,
    append_fault: Option<(u64, AppendFault)>,
    apply_fault: Option<u64>,
    space_bytes_left: Option<u64>,
    stats: Stats,
}

/// The "disk" of a [`MemoryStore`]: it outlives the store, can be opened again, and carries the faults.
#[derive(Clone, Default)]
pub struct MemoryMedium {
    state: Arc<Mutex<State>>,
}

impl MemoryMedium {
    /// An empty one.
    pub fn new() -> Self {
        Self::default()
    }

    /// Opens the store on it. An index ahead of the ledger is dropped, with a notice.
    ///
    /// # Errors
    /// `Locked` if it is open already.
    pub fn open(&self) -> Result<(MemoryStore, Option<IndexNotice>)> {
        let mut state = self.state();
        if state.is_open {
            return Err(StoreError::Locked { path: "memory".into(), pid: Some(std::process::id()) });
        }
        state.is_open = true;
        state.opening += 1;
        state.stopped = false;
        state.stats = Stats::default();
        let survivors = std::mem::take(&mut state.unconfirmed);
        state.records.extend(survivors);
        let last = state.records.len() as u64;
        let watermark = state.watermark;
        let notice = (watermark > last).then(|| {
            state.index = MemoryRows::default();
            state.watermark = 0;
            IndexNotice { reason: IndexReason::AheadOfLedger { watermark, last }, saved_as: None }
        });
        let opening = state.opening;
        drop(state);
        Ok((MemoryStore { medium: self.clone(), opening, options: LedgerOptions::default() }, notice))
    }

    /// Makes an append fail: the next one if `appends_before` is 0. Replaces a fault not yet met.
    pub fn fail_append(&self, appends_before: u64, fault: AppendFault) {
        self.state().append_fault = Some((appends_before, fault));
    }

    /// Makes an apply fail (`Index`, nothing changed): the next one if `applies_before` is 0.
    pub fn fail_apply(&self, applies_before: u64) {
        self.state().apply_fault = Some(applies_before);
    }

    /// Limits the space: appends that need more bytes fail with `Full`. `None` lifts the limit.
    pub fn set_space_bytes_left(&self, bytes: Option<u64>) {
        self.state().space_bytes_left = bytes;
    }

    /// Ends the store that is open, as a power cut would, and leaves what `crash` says.
    pub fn crash(&self, crash: Crash) {
        let mut state = self.state();
        state.is_open = false;
        state.opening += 1;
        state.unconfirmed.truncate(crash.unconfirmed_records_kept);
        if crash.acknowledged_records_lost > 0 {
            let kept = state.records.len().saturating_sub(crash.acknowledged_records_lost);
            state.records.truncate(kept);
            state.unconfirmed.clear();
        }
        if crash.lose_index {
            state.index = MemoryRows::default();
            state.watermark = 0;
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // Nothing that can panic runs half way through a change.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A store on a [`MemoryMedium`].
pub struct MemoryStore {
    medium: MemoryMedium,
    opening: u64,
    options: LedgerOptions,
}

impl Store for MemoryStore {
    fn append(&mut self, records: &[Vec<u8>]) -> Result<u64> {
        let mut state = self.medium.state();
        if state.stopped || state.opening != self.opening {
            let cause = "an fsync failed, or the store was closed".to_owned();
            return Err(StoreError::AppendsStopped { path: "memory".into(), cause });
        }
        let bytes = check_sizes(records, &self.options)?;
        let first_seq = state.records.len() as u64 + 1;
        if records.is_empty() {
            return Ok(first_seq);
        }
        let written = records.iter().map(|record| Arc::from(record.as_slice()));
        match due(&mut state.append_fault) {
            Some(AppendFault::BeforeWriting) => {
                let source = std::io::Error::other("injected");
                return Err(StoreError::Io { doing: "write to", path: "memory".into(), source });
            }
            Some(AppendFault::AfterWriting) => {
                state.unconfirmed = written.collect();
                state.stopped = true;
                let source = std::io::Error::other("injected");
                return Err(StoreError::SyncFailed { path: "memory".into(), source });
            }
            Some(AppendFault::Full) => return Err(full(bytes)),
            None => {}
        }
        if let Some(left) = &mut state.space_bytes_left {
            *left = left.checked_sub(bytes).ok_or_else(|| full(bytes))?;
        }
        state.records.extend(written);
        state.stats.appends += 1;
        state.stats.records += records.len() as u64;
        state.stats.fsyncs += 1;
        state.stats.bytes_written += bytes;
        Ok(first_seq)
    }

    fn records(&self) -> Arc<dyn Records> {
        Arc::new(MemoryRecords { medium: self.medium.clone() })
    }

    fn rows(&self) -> Arc<dyn IndexRows> {
        Arc::new(MemoryIndex { medium: self.medium.clone(), opening: self.opening })
    }

    fn apply(&mut self, batch: Batch, watermark: u64) -> Result<()> {
        let mut state = self.medium.state();
        check_watermark(watermark, state.watermark, state.records.len() as u64)?;
        check_keys(&batch)?;
        let stale = state.opening != self.opening;
        let failing = match &mut state.apply_fault {
            Some(0) => true,
            Some(before) => {
                *before -= 1;
                false
            }
            None => false,
        };
        if stale || failing {
            state.apply_fault = None;
            let detail = if stale { "the store is closed" } else { "injected" };
            return Err(StoreError::Index { detail: detail.to_owned() });
        }
        state.index.apply(batch);
        state.watermark = watermark;
        Ok(())
    }

    fn watermark(&self) -> u64 {
        self.medium.state().watermark
    }

    fn rebuild(&mut self) -> Result<IndexNotice> {
        let mut state = self.medium.state();
        state.index = MemoryRows::default();
        state.watermark = 0;
        Ok(IndexNotice { reason: IndexReason::Asked, saved_as: None })
    }

    fn stats(&self) -> Stats {
        self.medium.state().stats
    }

    fn close(self: Box<Self>) -> Result<()> {
        Ok(())
    }
}

impl Drop for MemoryStore {
    fn drop(&mut self) {
        let mut state = self.medium.state();
        if state.opening == self.opening {
            state.is_open = false;
            state.opening += 1;
        }
    }
}

struct MemoryRecords {
    medium: MemoryMedium,
}

impl Records for MemoryRecords {
    fn end(&self) -> u64 {
        self.medium.state().records.len() as u64 + 1
    }

    fn read(&self, seq: u64) -> Result<Vec<u8>> {
        let state = self.medium.state();
        let found = seq.checked_sub(1).and_then(|before| state.records.get(usize::try_from(before).ok()?));
        found
            .map(|record| record.to_vec())
            .ok_or_else(|| StoreError::NoSuchRecord { seq, end: state.records.len() as u64 + 1 })
    }

    fn read_range(&self, from: u64, to: u64, visit: &mut dyn FnMut(u64, &[u8]) -> bool) -> Result<()> {
        for seq in from.max(1)..to.min(self.end()) {
            if !visit(seq, &self.read(seq)?) {
                break;
            }
        }
        Ok(())
    }
}

struct MemoryIndex {
    medium: MemoryMedium,
    opening: u64,
}

impl MemoryIndex {
    fn state(&self) -> Result<MutexGuard<'_, State>, RowsError> {
        let state = self.medium.state();
        if state.opening == self.opening { Ok(state) } else { Err(RowsError("the store is closed".into())) }
    }
}

impl Rows for MemoryIndex {
    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, RowsError> {
        self.state()?.index.get(key)
    }

    fn scan(&self, prefix: &[u8], from: &[u8], visit: &mut Visit<'_>) -> Result<(), RowsError> {
        let mut from = from.to_vec();
        loop {
            let mut page = Vec::new();
            self.state()?.index.scan(prefix, &from, &mut |key, value| {
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

/// Counts one call down; answers the fault when its turn has come.
fn due(fault: &mut Option<(u64, AppendFault)>) -> Option<AppendFault> {
    match fault {
        Some((0, _)) => fault.take().map(|(_, fault)| fault),
        Some((before, _)) => {
            *before -= 1;
            None
        }
        None => None,
    }
}

/// The same limits as on disk; answers the bytes that the append takes there.
fn check_sizes(records: &[Vec<u8>], options: &LedgerOptions) -> Result<u64> {
    let bytes_max = u64::from(options.record_bytes_max);
    let sizes = records.iter().map(|record| record.len() as u64);
    if let Some(bytes) = sizes.clone().find(|bytes| *bytes == 0 || *bytes > bytes_max) {
        return Err(StoreError::RecordSize { bytes, bytes_max });
    }
    let bytes = sizes.map(|bytes| bytes + FRAME_BYTES).sum();
    if bytes > APPEND_BYTES_MAX {
        return Err(StoreError::AppendSize { bytes, bytes_max: APPEND_BYTES_MAX });
    }
    Ok(bytes)
}

fn full(needed_bytes: u64) -> StoreError {
    StoreError::Full { path: "memory".into(), needed_bytes }
}

#[cfg(test)]
mod tests;
