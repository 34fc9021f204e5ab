//! A disk for tests that fails when told to and forgets, at a crash, what was not synced.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use crate::disk::{Disk, DiskFile, OsDisk};

/// Bytes that reach the disk, or do not, as a whole.
const PAGE_BYTES: usize = 64;

/// A small generator of numbers, so that a seed is all a failing test has to print.
pub(crate) struct Random(u64);

impl Random {
    /// Seeded from `CUADRILLA_SEED`, else from the clock; the seed is printed for a failing test to be replayed.
    pub(crate) fn from_env() -> Self {
        let clock = || std::time::UNIX_EPOCH.elapsed().unwrap().subsec_nanos().into();
        let seed = std::env::var("CUADRILLA_SEED").map_or_else(|_| clock(), |seed| seed.parse().unwrap());
        println!("CUADRILLA_SEED={seed}");
        Self(seed)
    }

    /// A number below `end`.
    pub(crate) fn below(&mut self, end: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ self.0 >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ mixed >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        usize::try_from((mixed ^ mixed >> 31) % end as u64).unwrap()
    }

    pub(crate) fn one_in(&mut self, chances: usize) -> bool {
        self.below(chances) == 0
    }
}

/// What is to go wrong; each fault is used up when it strikes.
#[derive(Debug, Default)]
pub(crate) struct Faults {
    /// The next write stops after so many bytes, with this error.
    pub write: Option<(usize, io::ErrorKind)>,
    /// The next sync of a file fails, after this many good ones.
    pub sync: Option<usize>,
    /// The next sync of a folder fails.
    pub sync_folder: bool,
    /// The next change of a length fails.
    pub set_len: bool,
    /// The next creation of a file fails with this error.
    pub create: Option<io::ErrorKind>,
    /// The next removal fails.
    pub remove: bool,
}

#[derive(Default)]
struct State {
    faults: Faults,
    /// Content of each file written to, as last synced.
    durable: BTreeMap<PathBuf, Vec<u8>>,
    /// Content of files that were cut, from before the cut, until it is synced.
    uncut: BTreeMap<PathBuf, Vec<u8>>,
    /// Files created whose folder has not been synced since.
    unnamed: BTreeSet<PathBuf>,
    syncs: usize,
    synced_folders: BTreeSet<PathBuf>,
}

/// The disk; clones share their faults.
#[derive(Clone, Default)]
pub(crate) struct FaultyDisk {
    state: Arc<Mutex<State>>,
}

impl FaultyDisk {
    pub(crate) fn set(&self, faults: Faults) {
        self.state.lock().unwrap().faults = faults;
    }

    pub(crate) fn syncs(&self) -> usize {
        self.state.lock().unwrap().syncs
    }

    pub(crate) fn synced_folders(&self) -> BTreeSet<PathBuf> {
        self.state.lock().unwrap().synced_folders.clone()
    }

    /// Leaves in each file what was synced, and any of the pages and any of the length written since.
    pub(crate) fn crash(&self, random: &mut Random) {
        let mut state = self.state.lock().unwrap();
        state.faults = Faults::default();
        let unnamed = std::mem::take(&mut state.unnamed);
        let mut uncut = std::mem::take(&mut state.uncut);
        for (path, durable) in std::mem::take(&mut state.durable) {
            let Ok(mut live) = std::fs::read(&path) else { continue };
            if let Some(before_cut) = uncut.remove(&path).filter(|_| random.one_in(2)) {
                live = before_cut;
            }
            if unnamed.contains(&path) && random.one_in(2) {
                std::fs::remove_file(&path).unwrap();
                continue;
            }
            let (short, long) = (durable.len().min(live.len()), durable.len().max(live.len()));
            let bytes = short + random.below(long - short + 1);
            let mut left = vec![0; bytes];
            for start in (0..bytes).step_by(PAGE_BYTES) {
                let page = start..bytes.min(start + PAGE_BYTES);
                let source = if random.one_in(2) { &durable } else { &live };
                let written = page.start..page.end.min(source.len());
                if let Some(written) = source.get(written) {
                    left[page.start..][..written.len()].copy_from_slice(written);
                }
                // Bytes that were durable and not overwritten stay, whichever page image survived.
                for at in page.start..page.end.min(short) {
                    if durable[at] == live[at] {
                        left[at] = durable[at];
                    }
                }
            }
            std::fs::write(&path, left).unwrap();
        }
    }
}

struct FaultyFile {
    disk: FaultyDisk,
    path: PathBuf,
    file: Box<dyn DiskFile>,
}

fn injected() -> io::Error {
    io::Error::other("injected")
}

impl Disk for FaultyDisk {
    fn create(&self, path: &Path) -> io::Result<Box<dyn DiskFile>> {
        let mut state = self.state.lock().unwrap();
        if let Some(kind) = state.faults.create.take() {
            return Err(kind.into());
        }
        let file = OsDisk.create(path)?;
        state.durable.insert(path.to_owned(), Vec::new());
        state.unnamed.insert(path.to_owned());
        Ok(Box::new(FaultyFile { disk: self.clone(), path: path.to_owned(), file }))
    }

    fn open(&self, path: &Path, writable: bool) -> io::Result<Box<dyn DiskFile>> {
        let file = OsDisk.open(path, writable)?;
        // A file written earlier keeps its history: only the process may have ended, not the machine.
        let content = std::fs::read(path)?;
        self.state.lock().unwrap().durable.entry(path.to_owned()).or_insert(content);
        Ok(Box::new(FaultyFile { disk: self.clone(), path: path.to_owned(), file }))
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        let mut state = self.state.lock().unwrap();
        if std::mem::take(&mut state.faults.remove) {
            return Err(injected());
        }
        state.durable.remove(path);
        state.unnamed.remove(path);
        state.uncut.remove(path);
        OsDisk.remove(path)
    }

    fn sync_folder(&self, folder: &Path) -> io::Result<()> {
        let mut state = self.state.lock().unwrap();
        if std::mem::take(&mut state.faults.sync_folder) {
            return Err(injected());
        }
        state.unnamed.retain(|path| path.parent() != Some(folder));
        state.synced_folders.insert(folder.to_owned());
        Ok(())
    }

    fn is_folder(&self, path: &Path) -> bool {
        OsDisk.is_folder(path)
    }

    fn create_folder(&self, folder: &Path) -> io::Result<()> {
        OsDisk.create_folder(folder)
    }

    fn list(&self, folder: &Path) -> io::Result<Vec<std::ffi::OsString>> {
        OsDisk.list(folder)
    }
}

impl DiskFile for FaultyFile {
    fn read_at(&self, into: &mut [u8], at: u64) -> io::Result<usize> {
        self.file.read_at(into, at)
    }

    fn write_all_at(&self, bytes: &[u8], at: u64) -> io::Result<()> {
        if let Some((written, kind)) = self.disk.state.lock().unwrap().faults.write.take() {
            self.file.write_all_at(&bytes[..written.min(bytes.len())], at)?;
            return Err(kind.into());
        }
        self.file.write_all_at(bytes, at)
    }

    fn set_len(&self, bytes: u64) -> io::Result<()> {
        let mut state = self.disk.state.lock().unwrap();
        if std::mem::take(&mut state.faults.set_len) {
            return Err(injected());
        }
        state.uncut.insert(self.path.clone(), std::fs::read(&self.path)?);
        self.file.set_len(bytes)
    }

    fn sync(&self) -> io::Result<()> {
        let mut state = self.disk.state.lock().unwrap();
        state.syncs += 1;
        match state.faults.sync {
            Some(0) => {
                state.faults.sync = None;
                return Err(injected());
            }
            Some(good) => state.faults.sync = Some(good - 1),
            None => {}
        }
        // Nothing real is synced: what a test may lose is in `durable`.
        state.uncut.remove(&self.path);
        state.durable.insert(self.path.clone(), std::fs::read(&self.path)?);
        Ok(())
    }

    fn len(&self) -> io::Result<u64> {
        self.file.len()
    }
}
