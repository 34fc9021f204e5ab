//! Disk: files in memory that forget, tear and fail as disks do. The real ledger code runs on it.
//!
//! A write is in the file at once, as for every reader of a page cache; it is durable after a sync. When the power
//! goes, each sector written since may be there or not, each name made since may be there or not.

mod whole;

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsString;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use store_disk::simulation::{Disk, DiskFile};

pub use whole::Folder;

use crate::dice::Dice;

/// Bytes that reach the disk, or do not, as a whole.
const SECTOR_BYTES: usize = 512;

/// How a machine stops.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stop {
    /// The process ends; what it wrote stays in the system's memory.
    Kill,
    /// The power goes: what was not synced may be lost or torn.
    Power,
}

/// What is to go wrong at the n-th operation from now that changes something.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// The machine stops there: before, during or after it.
    Stop,
    /// That operation fails (`EIO`).
    Error,
}

/// Faults that struck, by kind.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Struck {
    /// Stops in the middle of an operation.
    pub stops: u64,
    /// Writes that failed.
    pub write_errors: u64,
    /// Syncs that failed.
    pub sync_errors: u64,
    /// Writes refused for want of space.
    pub full: u64,
    /// Sectors that did not reach the disk.
    pub sectors_lost: u64,
    /// Names that did not reach the disk.
    pub names_lost: u64,
}

/// What a write replaced, to take it back.
#[derive(Debug, Clone)]
struct Before {
    at: usize,
    bytes: Vec<u8>,
    file_bytes: usize,
}

#[derive(Debug, Clone, Default)]
struct Content {
    live: Vec<u8>,
    /// Since the last sync, oldest first.
    unsynced: Vec<Before>,
}

#[derive(Debug, Clone)]
enum NameChange {
    Made(PathBuf),
    Removed(PathBuf, u64),
}

#[derive(Default)]
struct State {
    names: BTreeMap<PathBuf, u64>,
    folders: BTreeSet<PathBuf>,
    contents: BTreeMap<u64, Content>,
    next_content: u64,
    unsynced_names: Vec<NameChange>,
    armed: Option<(u64, Fault)>,
    dice: Option<Dice>,
    is_full: bool,
    has_stopped: bool,
    lies: bool,
    struck: Struck,
}

/// The files of a folder, as a copy holds them.
#[derive(Debug, Clone, Default)]
pub struct Image {
    files: BTreeMap<PathBuf, Vec<u8>>,
    folders: BTreeSet<PathBuf>,
}

/// The disk; clones are the same disk.
#[derive(Clone, Default)]
pub struct SimDisk {
    state: Arc<Mutex<State>>,
}

/// What to do with an operation.
enum Fate {
    Goes,
    /// It is done, and nothing after it.
    GoesLast,
    Fails,
    /// Half of it is done, then nothing more.
    Half,
}

fn gone() -> io::Error {
    io::Error::other("the machine has stopped")
}

fn missing(path: &Path) -> io::Error {
    io::Error::new(io::ErrorKind::NotFound, path.display().to_string())
}

impl State {
    fn fate(&mut self) -> io::Result<Fate> {
        if self.has_stopped {
            return Err(gone());
        }
        match &mut self.armed {
            Some((0, fault)) => {
                let fault = *fault;
                self.armed = None;
                let dice = self.dice.get_or_insert_with(|| Dice::new(1));
                match fault {
                    Fault::Error => Ok(Fate::Fails),
                    Fault::Stop => {
                        self.has_stopped = true;
                        self.struck.stops += 1;
                        Ok([Fate::Fails, Fate::Half, Fate::GoesLast]
                            .into_iter()
                            .nth(dice.index(3))
                            .unwrap_or(Fate::Half))
                    }
                }
            }
            Some((left, _)) => {
                *left -= 1;
                Ok(Fate::Goes)
            }
            None => Ok(Fate::Goes),
        }
    }

    fn content(&mut self, id: u64) -> &mut Content {
        self.contents.entry(id).or_default()
    }
}

impl Content {
    fn write(&mut self, bytes: &[u8], at: usize) {
        let file_bytes = self.live.len();
        let end = at + bytes.len();
        let replaced = self.live.get(at..end.min(file_bytes)).unwrap_or_default().to_vec();
        self.unsynced.push(Before { at, bytes: replaced, file_bytes });
        if self.live.len() < end {
            self.live.resize(end, 0);
        }
        self.live[at..end].copy_from_slice(bytes);
    }

    fn set_len(&mut self, bytes: usize) {
        let file_bytes = self.live.len();
        let cut = self.live.get(bytes..).unwrap_or_default().to_vec();
        self.unsynced.push(Before { at: bytes, bytes: cut, file_bytes });
        self.live.resize(bytes, 0);
    }

    /// The content as last synced.
    fn durable(&self) -> Vec<u8> {
        let mut content = self.live.clone();
        for before in self.unsynced.iter().rev() {
            content.resize(before.file_bytes, 0);
            content[before.at..before.at + before.bytes.len()].copy_from_slice(&before.bytes);
        }
        content
    }

    /// What is left when the power goes. Answers how many sectors were lost.
    fn lose_power(&mut self, dice: &mut Dice) -> u64 {
        if self.unsynced.is_empty() {
            return 0;
        }
        let durable = self.durable();
        let live = std::mem::take(&mut self.live);
        self.unsynced.clear();
        let (short, long) = (durable.len().min(live.len()), durable.len().max(live.len()));
        let bytes = match dice.below(4) {
            0 => durable.len(),
            1 => live.len(),
            _ => short + dice.index(long - short + 1),
        };
        let mut left = vec![0; bytes];
        let mut lost = 0;
        let same = durable.iter().zip(&live).take_while(|(one, other)| one == other).count();
        for start in (0..bytes).step_by(SECTOR_BYTES) {
            let sector = start..bytes.min(start + SECTOR_BYTES);
            let is_same = sector.end <= same;
            let source = if is_same || dice.one_in(2) { &live } else { &durable };
            lost += u64::from(!is_same && std::ptr::eq(source, &durable));
            if let Some(written) = source.get(sector.start..sector.end.min(source.len())) {
                left[sector.start..][..written.len()].copy_from_slice(written);
            }
            // What both have in common was never in danger.
            for at in sector.filter(|at| *at < short && durable[*at] == live[*at]) {
                left[at] = durable[at];
            }
        }
        self.live = left;
        lost
    }
}

impl SimDisk {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Lets the `after`-th operation from now go wrong.
    pub fn arm(&self, fault: Fault, after: u64, dice: Dice) {
        let mut state = self.state();
        state.armed = Some((after, fault));
        state.dice = Some(dice);
    }

    /// Takes back what was armed and did not strike.
    pub fn disarm(&self) {
        self.state().armed = None;
    }

    /// Whether there is no space.
    pub fn set_full(&self, is_full: bool) {
        self.state().is_full = is_full;
    }

    /// Whether there is no space.
    pub fn is_full(&self) -> bool {
        self.state().is_full
    }

    /// Whether syncs say that all is durable and do nothing: how a shell that does not wait for them behaves.
    pub fn set_lying(&self, lies: bool) {
        self.state().lies = lies;
    }

    /// Whether the machine stopped in the middle of something.
    pub fn has_stopped(&self) -> bool {
        self.state().has_stopped
    }

    /// What struck so far.
    pub fn struck(&self) -> Struck {
        self.state().struck
    }

    /// The machine stops, and will be started again.
    pub fn stop(&self, how: Stop, dice: &mut Dice) {
        let mut state = self.state();
        state.has_stopped = false;
        state.armed = None;
        if how == Stop::Kill {
            return;
        }
        let changes = std::mem::take(&mut state.unsynced_names);
        for change in changes.into_iter().rev() {
            match change {
                NameChange::Made(path) if dice.one_in(2) => {
                    state.names.remove(&path);
                    state.struck.names_lost += 1;
                }
                NameChange::Removed(path, id) if dice.one_in(2) => {
                    state.names.insert(path, id);
                    state.struck.names_lost += 1;
                }
                _ => {}
            }
        }
        let named: BTreeSet<u64> = state.names.values().copied().collect();
        state.contents.retain(|id, _| named.contains(id));
        let lost: u64 = state.contents.values_mut().map(|content| content.lose_power(dice)).sum();
        state.struck.sectors_lost += lost;
    }

    /// A copy of all files as a reader sees them.
    pub fn image(&self) -> Image {
        let state = self.state();
        let content =
            |id: &u64| state.contents.get(id).map(|content| content.live.clone()).unwrap_or_default();
        let files = state.names.iter().map(|(path, id)| (path.clone(), content(id))).collect();
        Image { files, folders: state.folders.clone() }
    }

    /// Replaces all files by those of a copy, durably.
    pub fn put_back(&self, image: &Image) {
        let mut state = self.state();
        let State { is_full, lies, struck, .. } = &*state;
        let mut fresh = State { is_full: *is_full, lies: *lies, struck: *struck, ..State::default() };
        fresh.folders.clone_from(&image.folders);
        for (path, bytes) in &image.files {
            fresh.names.insert(path.clone(), fresh.next_content);
            fresh.contents.insert(fresh.next_content, Content { live: bytes.clone(), unsynced: Vec::new() });
            fresh.next_content += 1;
        }
        *state = fresh;
    }

    /// Files under a folder with their bytes, by name.
    pub fn files_in(&self, folder: &Path) -> Vec<(PathBuf, usize)> {
        let state = self.state();
        let bytes = |id: &u64| state.contents.get(id).map_or(0, |content| content.live.len());
        let in_folder = state.names.iter().filter(|(path, _)| path.parent() == Some(folder));
        in_folder.map(|(path, id)| (path.clone(), bytes(id))).collect()
    }

    /// Turns bits of a byte over where it lies, as an old disk does. Twice gives back what was.
    pub fn flip(&self, path: &Path, at: usize, bits: u8) {
        let mut state = self.state();
        let Some(id) = state.names.get(path).copied() else { return };
        if let Some(byte) = state.content(id).live.get_mut(at) {
            *byte ^= bits;
        }
    }

    /// Changes a file's bytes durably: for planted bugs, that do to a file what such a bug does.
    pub fn edit(&self, path: &Path, change: impl FnOnce(&mut Vec<u8>)) {
        let mut state = self.state();
        let Some(id) = state.names.get(path).copied() else { return };
        let content = state.content(id);
        change(&mut content.live);
        content.unsynced.clear();
    }
}

struct SimFile {
    disk: SimDisk,
    content: u64,
}

fn position(at: u64) -> io::Result<usize> {
    usize::try_from(at).map_err(io::Error::other)
}

impl DiskFile for SimFile {
    fn read_at(&self, into: &mut [u8], at: u64) -> io::Result<usize> {
        let mut state = self.disk.state();
        if state.has_stopped {
            return Err(gone());
        }
        let at = position(at)?;
        let live = &state.content(self.content).live;
        let from = live.get(at..).unwrap_or_default();
        let bytes = from.len().min(into.len());
        into[..bytes].copy_from_slice(&from[..bytes]);
        Ok(bytes)
    }

    fn write_all_at(&self, bytes: &[u8], at: u64) -> io::Result<()> {
        let mut state = self.disk.state();
        let at = position(at)?;
        let half = |dice: &mut Option<Dice>| dice.as_mut().map_or(0, |dice| dice.index(bytes.len() + 1));
        let fate = state.fate()?;
        if state.is_full && matches!(fate, Fate::Goes) {
            state.struck.full += 1;
            let some = bytes.len() / 3;
            state.content(self.content).write(&bytes[..some], at);
            return Err(io::ErrorKind::StorageFull.into());
        }
        let written = match fate {
            Fate::Goes => {
                state.content(self.content).write(bytes, at);
                return Ok(());
            }
            Fate::GoesLast => bytes.len(),
            Fate::Half => half(&mut state.dice),
            Fate::Fails if state.has_stopped => 0,
            Fate::Fails => {
                state.struck.write_errors += 1;
                half(&mut state.dice)
            }
        };
        state.content(self.content).write(&bytes[..written], at);
        Err(io::Error::other("injected: the write failed"))
    }

    fn set_len(&self, bytes: u64) -> io::Result<()> {
        let mut state = self.disk.state();
        let bytes = position(bytes)?;
        let fate = state.fate()?;
        if matches!(fate, Fate::Goes | Fate::GoesLast) {
            state.content(self.content).set_len(bytes);
        }
        if matches!(fate, Fate::Goes) { Ok(()) } else { Err(io::Error::other("injected: the cut failed")) }
    }

    fn sync(&self) -> io::Result<()> {
        let mut state = self.disk.state();
        let fate = state.fate()?;
        if state.lies {
            return Ok(());
        }
        match fate {
            Fate::Goes => {
                state.content(self.content).unsynced.clear();
                Ok(())
            }
            Fate::GoesLast => {
                state.content(self.content).unsynced.clear();
                Err(gone())
            }
            Fate::Half | Fate::Fails => {
                state.struck.sync_errors += 1;
                Err(io::Error::other("injected: the sync failed"))
            }
        }
    }

    fn len(&self) -> io::Result<u64> {
        let mut state = self.disk.state();
        if state.has_stopped {
            return Err(gone());
        }
        Ok(state.content(self.content).live.len() as u64)
    }
}

impl Disk for SimDisk {
    fn create(&self, path: &Path) -> io::Result<Box<dyn DiskFile>> {
        let mut state = self.state();
        if state.names.contains_key(path) {
            return Err(io::ErrorKind::AlreadyExists.into());
        }
        let fate = state.fate()?;
        if state.is_full && matches!(fate, Fate::Goes) {
            state.struck.full += 1;
            return Err(io::ErrorKind::StorageFull.into());
        }
        if matches!(fate, Fate::Fails | Fate::Half) {
            return Err(io::Error::other("injected: the file could not be made"));
        }
        let content = state.next_content;
        state.next_content += 1;
        state.contents.insert(content, Content::default());
        state.names.insert(path.to_owned(), content);
        state.unsynced_names.push(NameChange::Made(path.to_owned()));
        if matches!(fate, Fate::GoesLast) {
            return Err(gone());
        }
        Ok(Box::new(SimFile { disk: self.clone(), content }))
    }

    fn open(&self, path: &Path, _writable: bool) -> io::Result<Box<dyn DiskFile>> {
        let state = self.state();
        if state.has_stopped {
            return Err(gone());
        }
        let content = state.names.get(path).copied().ok_or_else(|| missing(path))?;
        Ok(Box::new(SimFile { disk: self.clone(), content }))
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        let mut state = self.state();
        let fate = state.fate()?;
        if matches!(fate, Fate::Goes | Fate::GoesLast) {
            let content = state.names.remove(path).ok_or_else(|| missing(path))?;
            state.unsynced_names.push(NameChange::Removed(path.to_owned(), content));
        }
        if matches!(fate, Fate::Goes) { Ok(()) } else { Err(io::Error::other("injected: not removed")) }
    }

    fn sync_folder(&self, folder: &Path) -> io::Result<()> {
        let mut state = self.state();
        let fate = state.fate()?;
        if state.lies {
            return Ok(());
        }
        if matches!(fate, Fate::Fails | Fate::Half) {
            state.struck.sync_errors += 1;
            return Err(io::Error::other("injected: the sync of the folder failed"));
        }
        state.unsynced_names.retain(|change| match change {
            NameChange::Made(path) | NameChange::Removed(path, _) => path.parent() != Some(folder),
        });
        if matches!(fate, Fate::Goes) { Ok(()) } else { Err(gone()) }
    }

    fn is_folder(&self, path: &Path) -> bool {
        self.state().folders.contains(path)
    }

    fn create_folder(&self, folder: &Path) -> io::Result<()> {
        let mut state = self.state();
        if state.has_stopped {
            return Err(gone());
        }
        // The folder itself survives here; the real file systems are another tool's task.
        state.folders.insert(folder.to_owned());
        Ok(())
    }

    fn list(&self, folder: &Path) -> io::Result<Vec<OsString>> {
        let state = self.state();
        if state.has_stopped {
            return Err(gone());
        }
        let in_folder = state.names.keys().filter(|path| path.parent() == Some(folder));
        Ok(in_folder.filter_map(|path| path.file_name().map(OsString::from)).collect())
    }
}
