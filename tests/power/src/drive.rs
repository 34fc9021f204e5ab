//! Drive: the workload that is recorded on the store itself. It appends, folds, rebuilds, closes and opens
//! again. On standard output it says what it is about to append and what was confirmed.

use std::collections::BTreeMap;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, ensure};
use clap::Args;
use store::FoldError;
use store_disk::{DiskStore, Notices, Options};
use sync_core::rows::{MemoryRows, Overlay, Rows as _};

use cuadrilla_tests::random::Random;

/// What the recorded program does.
#[derive(Debug, Args)]
pub struct Drive {
    /// The store.
    folder: PathBuf,
    #[arg(long)]
    seed: u64,
    /// Which life of the store this is: part of every record's bytes.
    #[arg(long)]
    life: u32,
    /// Things to do.
    #[arg(long, default_value_t = 14)]
    steps: usize,
}

/// Returns the store as the workload and the checks open it: chunks so small that they are many.
pub fn options() -> Options {
    let mut options = Options { lock_wait_ms: 0, ..Options::device() };
    options.ledger.chunk_bytes_max = 1_600;
    options.index.cache_bytes = 1024 * 1024;
    options
}

/// Where a record stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place {
    pub seq: u64,
    pub life: u32,
    /// The first record of its append, and how many that has.
    pub first: u64,
    pub count: u64,
}

/// Returns the bytes of a record: they say where it stands, and follow from that.
pub fn record(place: Place) -> Vec<u8> {
    let Place { seq, life, first, count } = place;
    let mut random = Random::new(seq << 20 ^ u64::from(life) << 8 ^ count);
    let mut bytes = format!("{seq} {life} {first} {count} ").into_bytes();
    let filler = if random.one_in(12) { 1_500 } else { 1 + random.below(260) };
    bytes.extend((0..filler).map(|_| random.byte()));
    bytes
}

/// Returns the place of the record with these bytes, if they are whole.
pub fn place_of(bytes: &[u8]) -> anyhow::Result<Place> {
    let mut parts = bytes.splitn(5, |byte| *byte == b' ');
    let mut number = || -> anyhow::Result<u64> {
        let part = parts.next().context("a record that is cut off")?;
        Ok(std::str::from_utf8(part)?.parse()?)
    };
    let place = Place { seq: number()?, life: u32::try_from(number()?)?, first: number()?, count: number()? };
    ensure!(record(place) == bytes, "record {} does not have the bytes it was written with", place.seq);
    Ok(place)
}

/// Writes the rows of a record: some new ones, one that sums up all before it, deletions, and now and then a
/// large one.
///
/// # Errors
/// A row cannot be read.
pub fn fold(seq: u64, bytes: &[u8], rows: &mut Overlay<'_>) -> Result<(), FoldError> {
    let key = |kind: u8, seq: u64| [&[kind], seq.to_be_bytes().as_slice()].concat();
    rows.put(key(b'r', seq), bytes[..bytes.len().min(40)].to_vec());
    if seq > 3 {
        rows.delete(key(b'r', seq - 3));
    }
    let sum = rows.get(b"sum")?.unwrap_or_default();
    let hash = sync_core::id::Hash::tagged("power/sum", &[&sum, bytes]);
    rows.put(b"sum".to_vec(), hash.0.to_vec());
    if seq.is_multiple_of(7) {
        rows.put(key(b'l', seq), vec![bytes[0]; 6_000]);
    }
    Ok(())
}

/// Returns the rows that these records come to.
///
/// # Errors
/// If the fold fails.
pub fn fold_all(records: &[Vec<u8>]) -> anyhow::Result<MemoryRows> {
    let mut rows = MemoryRows::default();
    for (seq, bytes) in (1..).zip(records) {
        let mut overlay = Overlay::new(&rows);
        fold(seq, bytes, &mut overlay).map_err(|error| anyhow::anyhow!("{error}"))?;
        let batch = overlay.batch;
        rows.apply(batch);
    }
    Ok(rows)
}

/// Returns all rows that a store shows.
///
/// # Errors
/// If they cannot be read.
pub fn rows_of(store: &DiskStore) -> anyhow::Result<BTreeMap<Vec<u8>, Vec<u8>>> {
    let mut rows = BTreeMap::new();
    store.rows().scan(b"", b"", &mut |key, value| {
        rows.insert(key.to_vec(), value.to_vec());
        true
    })?;
    Ok(rows)
}

impl Drive {
    /// Does it.
    ///
    /// # Errors
    /// If the store fails: nothing is wrong with the disk here.
    pub fn run(&self) -> anyhow::Result<()> {
        let mut random = Random::new(self.seed);
        let mut store = self.open()?;
        for _ in 0..self.steps {
            match random.below(12) {
                0 => store = self.reopen(store)?,
                1 => {
                    store.rebuild()?;
                    store.catch_up(&mut fold, &mut |_| {})?;
                }
                _ => self.append(&mut store, 1 + random.below(5) as u64, !random.one_in(4))?,
            }
        }
        if random.one_in(2) {
            store.close()?;
        } else {
            // The index keeps what it had not written yet to itself.
            std::mem::forget(store);
            // Its threads may be in the middle of a write, of which a recording could not tell what became.
            std::thread::sleep(std::time::Duration::from_millis(100));
        }
        Ok(())
    }

    fn open(&self) -> anyhow::Result<DiskStore> {
        let (mut store, _) = open(&self.folder)?;
        let lives: Vec<String> = all_records(&store)?
            .iter()
            .map(|bytes| place_of(bytes).map(|place| place.life.to_string()))
            .collect::<anyhow::Result<_>>()?;
        say(&format!("found {}", lives.join(",")))?;
        store.catch_up(&mut fold, &mut |_| {})?;
        Ok(store)
    }

    fn reopen(&self, store: DiskStore) -> anyhow::Result<DiskStore> {
        store.close()?;
        self.open()
    }

    fn append(&self, store: &mut DiskStore, count: u64, folds: bool) -> anyhow::Result<()> {
        let first = store.end();
        let place = |seq| Place { seq, life: self.life, first, count };
        let records: Vec<Vec<u8>> = (first..first + count).map(|seq| record(place(seq))).collect();
        store.append(&records)?;
        say(&format!("ack {first} {count} {}", self.life))?;
        if folds {
            store.catch_up(&mut fold, &mut |_| {})?;
        }
        Ok(())
    }
}

/// Opens the store.
///
/// # Errors
/// As the store.
pub fn open(folder: &Path) -> anyhow::Result<(DiskStore, Notices)> {
    Ok(store_disk::open(folder, &options())?)
}

/// Returns the bytes of all records.
///
/// # Errors
/// As the store.
pub fn all_records(store: &DiskStore) -> anyhow::Result<Vec<Vec<u8>>> {
    let mut all = Vec::new();
    store.log().reader().read_range(1, u64::MAX, &mut |_, bytes| {
        all.push(bytes.to_vec());
        true
    })?;
    Ok(all)
}

/// Returns one write to standard output.
fn say(line: &str) -> anyhow::Result<()> {
    std::io::stdout().write_all(format!("{line}\n").as_bytes())?;
    Ok(())
}
