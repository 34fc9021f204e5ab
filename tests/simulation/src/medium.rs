//! Medium: what survives a stop of one machine, and the store over it: the real ledger on the simulated disk, and an
//! index in memory that comes back from a stop as sled may: as it was at some earlier `apply`, empty, or not at all.

use std::collections::{BTreeMap, VecDeque};
use std::ops::Bound;
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use store::simulation::{Watermark, check_watermark, disagreement, open_ledger_on, record_crc};
use store::{
    IndexNotice, IndexReason, IndexRows, Ledger, LedgerOptions, LedgerReader, Notices, Records, Result,
    Stats, Store, StoreError,
};
use sync_core::rows::{Batch, Rows, RowsError, Visit};

use crate::dice::Dice;
use crate::disk::{Image, SimDisk, Stop};

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

/// The index's rows as the core reads them; a handle outlives its store and then fails.
#[derive(Clone)]
pub struct SimRows {
    state: Arc<RwLock<IndexState>>,
    opening: u64,
}

impl SimRows {
    fn state(&self) -> std::result::Result<RwLockReadGuard<'_, IndexState>, RowsError> {
        let state = self.state.read().unwrap_or_else(PoisonError::into_inner);
        if state.is_open && state.opening == self.opening {
            return Ok(state);
        }
        Err(RowsError("the store is closed".into()))
    }
}

impl Rows for SimRows {
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
        self.index().rows.clone()
    }

    /// For planted bugs: changes rows behind everybody's back.
    pub fn edit_rows(&self, edit: impl FnOnce(&mut BTreeMap<Vec<u8>, Vec<u8>>)) {
        edit(&mut self.index().rows);
    }
}

/// The store of a running machine.
pub struct SimStore {
    ledger: Ledger,
    medium: Medium,
    rows: SimRows,
}

impl SimStore {
    /// Opens as the disk store does: the ledger first, then the index, which is set aside if it disagrees with it.
    pub fn open(medium: &Medium, options: &LedgerOptions) -> Result<(Self, Notices)> {
        let disk = Arc::new(medium.disk.clone());
        let (ledger, tail) = open_ledger_on(disk, Path::new(FOLDER), options)?;
        let reader = ledger.reader();
        let mut index = medium.index();
        let reason = if index.is_broken {
            Some(IndexReason::DidNotOpen("simulated".into()))
        } else {
            disagreement(index.watermark, reader.end() - 1, &|seq| record_crc(&reader, seq))?
        };
        let opening = index.opening + 1;
        let notice = reason.map(|reason| {
            *index = IndexState::default();
            IndexNotice { reason, saved_as: None }
        });
        index.opening = opening;
        index.is_open = true;
        drop(index);
        let rows = SimRows { state: Arc::clone(&medium.index), opening };
        Ok((Self { ledger, medium: medium.clone(), rows }, Notices { tail, index: notice }))
    }

    /// The ledger's reader.
    pub fn reader(&self) -> LedgerReader {
        self.ledger.reader()
    }

    /// The rows, as their own type.
    pub fn sim_rows(&self) -> SimRows {
        self.rows.clone()
    }

    /// The chunk files, by name.
    pub fn chunks(&self) -> Vec<(PathBuf, usize)> {
        self.medium.disk.files_in(&Path::new(FOLDER).join("ledger"))
    }
}

impl Store for SimStore {
    fn append(&mut self, records: &[Vec<u8>]) -> Result<u64> {
        self.ledger.append(records)
    }

    fn records(&self) -> Arc<dyn Records> {
        Arc::new(self.ledger.reader())
    }

    fn rows(&self) -> Arc<dyn IndexRows> {
        Arc::new(self.rows.clone())
    }

    fn apply(&mut self, batch: Batch, watermark: u64) -> Result<()> {
        let mut index = self.medium.index();
        if self.medium.disk.has_stopped() {
            return Err(StoreError::Index { detail: "the machine has stopped".into() });
        }
        check_watermark(watermark, index.watermark.seq, self.ledger.end() - 1)?;
        let record_crc = record_crc(&self.ledger.reader(), watermark)?;
        let mut replaced = Vec::with_capacity(batch.writes.len());
        for (key, value) in batch.writes {
            let before = match value {
                Some(value) => index.rows.insert(key.clone(), value),
                None => index.rows.remove(&key),
            };
            replaced.push((key, before));
        }
        let before = std::mem::replace(&mut index.watermark, Watermark { seq: watermark, record_crc });
        index.before.push_back((replaced, before));
        if index.before.len() > BATCHES_LOST_MAX {
            index.before.pop_front();
        }
        Ok(())
    }

    fn watermark(&self) -> u64 {
        self.medium.watermark()
    }

    fn rebuild(&mut self) -> Result<IndexNotice> {
        let mut index = self.medium.index();
        let opening = index.opening;
        *index = IndexState { opening, is_open: true, ..IndexState::default() };
        Ok(IndexNotice { reason: IndexReason::Asked, saved_as: None })
    }

    fn stats(&self) -> Stats {
        self.ledger.stats()
    }

    fn close(self: Box<Self>) -> Result<()> {
        self.medium.index().is_open = false;
        Ok(())
    }
}
