//! Medium: what survives a stop of one machine, and the store over it: the real ledger on the simulated disk, and an
//! index in memory that comes back from a stop as sled may: as it was at some earlier `apply`, empty, or not at all.

use std::collections::{BTreeMap, VecDeque};
use std::ops::Bound;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use store::{Index, IndexNotice, IndexReason, Log, Paged, Result, Stats, Store, StoreError, Watermark};
use store_disk::simulation::open_ledger_on;
use store_disk::{Ledger, LedgerOptions, LedgerReader, Notices};
use sync_core::rows::{Batch, MemoryRows, Rows, RowsError, Visit};

use crate::bugs::Bug;
use crate::dice::Dice;
use crate::disk::{Image, SimDisk, Stop};
use crate::planted::Planted;

/// How many batches an index may have lost when it comes back.
const BATCHES_LOST_MAX: usize = 24;

/// Where every store lies on its own disk.
pub const FOLDER: &str = "/store";

/// Rows as they were before a batch.
type Replaced = Vec<(Vec<u8>, Option<Vec<u8>>)>;

#[derive(Debug, Clone, Default)]
struct IndexState {
    rows: BTreeMap<Vec<u8>, Vec<u8>>,
    watermark: Watermark,
    /// What the newest batches replaced, and the watermark before each.
    before: VecDeque<(Replaced, Watermark)>,
    is_broken: bool,
    /// Counts openings, so that handles of an earlier one fail.
    opening: u64,
    is_open: bool,
}

/// The rows of a running machine, as the core reads them.
pub type SimRows = Paged<SimPages>;

/// What the index holds; a handle outlives its store and then fails.
#[derive(Clone)]
pub struct SimPages {
    state: Arc<RwLock<IndexState>>,
    opening: u64,
}

impl SimPages {
    fn state(&self) -> std::result::Result<RwLockReadGuard<'_, IndexState>, RowsError> {
        let state = self.state.read().unwrap_or_else(PoisonError::into_inner);
        if state.is_open && state.opening == self.opening {
            return Ok(state);
        }
        Err(RowsError("the store is closed".into()))
    }
}

impl Rows for SimPages {
    fn get(&self, key: &[u8]) -> std::result::Result<Option<Vec<u8>>, RowsError> {
        Ok(self.state()?.rows.get(key).cloned())
    }

    fn scan(&self, prefix: &[u8], from: &[u8], visit: &mut Visit<'_>) -> std::result::Result<(), RowsError> {
        let start = if from > prefix { from } else { prefix };
        let state = self.state()?;
        for (key, value) in state.rows.range::<[u8], _>((Bound::Included(start), Bound::Unbounded)) {
            if !key.starts_with(prefix) || !visit(key, value) {
                break;
            }
        }
        Ok(())
    }
}

/// A disk and an index: what a machine keeps when it stops.
#[derive(Clone, Default)]
pub struct Medium {
    /// The disk.
    pub disk: SimDisk,
    index: Arc<RwLock<IndexState>>,
    planted: Arc<Mutex<Planted>>,
}

/// A copy of everything, as a backup or a copied phone has it.
#[derive(Debug, Clone, Default)]
pub struct Copy {
    files: Image,
    rows: BTreeMap<Vec<u8>, Vec<u8>>,
    watermark: Watermark,
}

/// How often an index came back other than it was.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct IndexLosses {
    /// As it was some batches ago.
    pub rolled_back: u64,
    /// Empty.
    pub lost: u64,
    /// Not at all.
    pub broken: u64,
}

impl Medium {
    fn index(&self) -> RwLockWriteGuard<'_, IndexState> {
        self.index.write().unwrap_or_else(PoisonError::into_inner)
    }

    /// What is planted in log and index.
    pub fn planted(&self) -> MutexGuard<'_, Planted> {
        self.planted.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The chunk files, by name.
    pub fn chunks(&self) -> Vec<(PathBuf, usize)> {
        self.disk.files_in(&Path::new(FOLDER).join("ledger"))
    }

    /// The machine stops; what is left is what a disk and a sled may leave.
    pub fn stop(&self, how: Stop, dice: &mut Dice) -> IndexLosses {
        self.disk.stop(how, dice);
        let mut index = self.index();
        index.is_open = false;
        let mut losses = IndexLosses::default();
        match dice.below(16) {
            0 => {
                let opening = index.opening;
                *index = IndexState { opening, ..IndexState::default() };
                losses.lost = 1;
            }
            1 => {
                index.is_broken = true;
                losses.broken = 1;
            }
            2..=8 => {
                let count = dice.index(index.before.len() + 1);
                for _ in 0..count {
                    let Some((replaced, watermark)) = index.before.pop_back() else { break };
                    for (key, value) in replaced {
                        match value {
                            Some(value) => index.rows.insert(key, value),
                            None => index.rows.remove(&key),
                        };
                    }
                    index.watermark = watermark;
                }
                losses.rolled_back = u64::from(count > 0);
            }
            _ => {}
        }
        losses
    }

    /// A copy, as a person copies a folder while nothing runs.
    pub fn copy(&self) -> Copy {
        let index = self.index();
        Copy { files: self.disk.image(), rows: index.rows.clone(), watermark: index.watermark }
    }

    /// Puts a copy back in the place of what is there; without its index, if so asked.
    pub fn put_back(&self, copy: &Copy, with_index: bool) {
        self.disk.put_back(&copy.files);
        let mut index = self.index();
        let opening = index.opening;
        *index = IndexState { opening, ..IndexState::default() };
        if with_index {
            index.rows.clone_from(&copy.rows);
            index.watermark = copy.watermark;
        }
    }

    /// Puts back the files of a copy and leaves the index that is there: a restore that forgets half.
    pub fn put_back_files(&self, copy: &Copy) {
        self.disk.put_back(&copy.files);
    }

    /// A machine of its own with what a copy holds.
    pub fn of_copy(copy: &Copy) -> Self {
        let medium = Self::default();
        medium.put_back(copy, true);
        medium
    }

    /// How far the index has come, by its own word.
    pub fn watermark(&self) -> u64 {
        self.index().watermark.seq
    }

    /// For planted bugs: lets the index agree with whatever ledger there is.
    pub fn forge_watermark(&self, watermark: Watermark) {
        self.index().watermark = watermark;
    }

    /// All rows, as they are.
    pub fn rows(&self) -> BTreeMap<Vec<u8>, Vec<u8>> {
        let paged = Paged::new(MemoryRows { rows: self.index().rows.clone() });
        let mut rows = BTreeMap::new();
        let visit = &mut |key: &[u8], value: &[u8]| rows.insert(key.to_vec(), value.to_vec()).is_none();
        paged.scan(b"", b"", visit).expect("an index in use reads");
        rows
    }

    /// For planted bugs: writes rows behind everybody's back. Returns what would undo it.
    pub fn write_rows(&self, batch: &Batch) -> Batch {
        let mut index = self.index();
        let before = MemoryRows { rows: index.rows.clone() };
        let pages = Paged::new(before.clone()).to_pages(batch).expect("an index in use reads");
        let undo = pages.writes.keys().map(|key| (key.clone(), before.rows.get(key).cloned())).collect();
        put(&mut index.rows, pages);
        Batch { writes: undo }
    }

    /// For planted bugs: takes back what [`Medium::write_rows`] wrote.
    pub fn undo_rows(&self, undo: Batch) {
        put(&mut self.index().rows, undo);
    }

    /// For planted bugs: changes rows that lie in no page behind everybody's back.
    pub fn edit_rows(&self, edit: impl FnOnce(&mut BTreeMap<Vec<u8>, Vec<u8>>)) {
        edit(&mut self.index().rows);
    }
}

fn put(rows: &mut BTreeMap<Vec<u8>, Vec<u8>>, batch: Batch) {
    for (key, value) in batch.writes {
        match value {
            Some(value) => rows.insert(key, value),
            None => rows.remove(&key),
        };
    }
}

/// The store of a running machine.
pub type SimStore = Store<SimLog, SimIndex>;

/// Opens as the disk store does: the ledger first, then the index, which is set aside if it disagrees with it.
pub fn open_store(medium: &Medium, options: &LedgerOptions) -> Result<(SimStore, Notices)> {
    let disk = Arc::new(medium.disk.clone());
    let (ledger, tail) = open_ledger_on(disk, Path::new(FOLDER), options)?;
    let mut index = medium.index();
    let reason = index.is_broken.then(|| IndexReason::DidNotOpen("simulated".into()));
    index.opening += 1;
    index.is_open = true;
    let rows = SimPages { state: Arc::clone(&medium.index), opening: index.opening };
    drop(index);
    let log = SimLog { ledger, medium: medium.clone() };
    let (store, notice) = Store::open(log, SimIndex { medium: medium.clone(), rows }, reason)?;
    Ok((store, Notices { tail, index: notice }))
}

/// The real ledger, and what a planted mistake makes of it.
pub struct SimLog {
    ledger: Ledger,
    medium: Medium,
}

impl Log for SimLog {
    type Lines = LedgerReader;

    fn append(&mut self, lines: &[Vec<u8>]) -> Result<u64> {
        let mistaken = self.medium.planted().lines(lines);
        let appended = self.ledger.append(mistaken.as_deref().unwrap_or(lines));
        match appended {
            Err(_) if self.medium.planted().bug == Some(Bug::AckWithoutAppend) => Ok(self.ledger.end()),
            appended => appended,
        }
    }

    fn end(&self) -> u64 {
        self.ledger.end()
    }

    fn read(&self, number: u64) -> Result<Vec<u8>> {
        self.ledger.reader().read(number)
    }

    fn read_range(&self, from: u64, to: u64, visit: &mut dyn FnMut(u64, &[u8]) -> bool) -> Result<()> {
        self.ledger.reader().read_range(from, to, visit)
    }

    fn lines(&self) -> LedgerReader {
        self.ledger.reader()
    }

    fn stats(&self) -> Stats {
        self.ledger.stats()
    }
}

/// The index of a running machine.
pub struct SimIndex {
    medium: Medium,
    rows: SimPages,
}

impl Index for SimIndex {
    type Rows = SimPages;

    fn rows(&self) -> SimPages {
        self.rows.clone()
    }

    fn watermark(&self) -> Watermark {
        self.medium.index().watermark
    }

    fn apply(&mut self, batch: Batch, watermark: Watermark) -> Result<()> {
        let mut index = self.medium.index();
        if self.medium.disk.has_stopped() {
            return Err(StoreError::Index { detail: "the machine has stopped".into() });
        }
        let batch = self.medium.planted().rows(&index.rows, batch, watermark.seq > index.watermark.seq);
        let mut replaced = Vec::with_capacity(batch.writes.len());
        for (key, value) in batch.writes {
            let before = match value {
                Some(value) => index.rows.insert(key.clone(), value),
                None => index.rows.remove(&key),
            };
            replaced.push((key, before));
        }
        let before = std::mem::replace(&mut index.watermark, watermark);
        index.before.push_back((replaced, before));
        if index.before.len() > BATCHES_LOST_MAX {
            index.before.pop_front();
        }
        Ok(())
    }

    fn start_over(&mut self, reason: IndexReason) -> Result<IndexNotice> {
        let mut index = self.medium.index();
        let opening = index.opening;
        *index = IndexState { opening, is_open: true, ..IndexState::default() };
        Ok(IndexNotice { reason, saved_as: None })
    }

    fn close(&mut self) -> Result<()> {
        self.medium.index().is_open = false;
        Ok(())
    }
}
