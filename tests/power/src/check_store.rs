//! Check store: the checks of the recorded store: what was confirmed is there, nothing is there in half, and
//! the store goes on.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::{Context as _, ensure};
use store::StoreError;
use store_disk::{Ledger, Notices};

use crate::disk::Op;
use crate::drive::{self, Place, all_records, fold, fold_all, place_of, record, rows_of};

/// What had been confirmed: of each record, the life in which it was written.
pub type Confirmed = BTreeMap<u64, u32>;

/// Returns what the workload had confirmed before a cut.
///
/// # Errors
/// The workload said something else.
pub fn confirmed(before: &Confirmed, ops: &[Op]) -> anyhow::Result<Confirmed> {
    let mut said = before.clone();
    for op in ops {
        let Op::Said(bytes) = op else { continue };
        for line in std::str::from_utf8(bytes)?.lines() {
            let (word, rest) = line.split_once(' ').unwrap_or((line, ""));
            match word {
                "found" => {
                    let lives = rest.split(',').filter(|life| !life.is_empty());
                    said = (1..)
                        .zip(lives.map(str::parse::<u32>))
                        .map(|(seq, life)| Ok((seq, life?)))
                        .collect::<anyhow::Result<_>>()?;
                }
                "ack" => {
                    let numbers: Vec<u64> = rest.split(' ').map(str::parse).collect::<Result<_, _>>()?;
                    let [first, count, life] = numbers[..] else { anyhow::bail!("said {line:?}") };
                    let life = u32::try_from(life)?;
                    said.extend((first..first + count).map(|seq| (seq, life)));
                }
                _ => anyhow::bail!("the workload said {line:?}"),
            }
        }
    }
    Ok(said)
}

/// Opens what a cut left, and checks everything that must hold. Returns the repairs that opening reported.
///
/// # Errors
/// What does not hold.
pub fn check(folder: &Path, confirmed: &Confirmed) -> anyhow::Result<Notices> {
    let read_only = match Ledger::open_read_only(folder) {
        Ok(ledger) => ledger.reader.end() - 1,
        Err(StoreError::Missing { .. }) => 0,
        Err(error) => return Err(error).context("reading only"),
    };
    let bytes_before = ledger_bytes(folder)?;
    let (mut store, notices) = drive::open(folder).context("opening")?;
    let records = all_records(&store)?;
    ensure!(
        records.len() as u64 == read_only,
        "reading only shows {read_only} records, opening {}",
        records.len()
    );
    let places = ensure_whole(&records, confirmed)?;
    ensure_honest(folder, &notices, bytes_before, records.len() as u64)?;
    store.catch_up(&mut fold, &mut |_| {}).context("catching up")?;
    ensure!(rows_of(&store)? == fold_all(&records)?.rows, "the index is not what the ledger folds to");
    store.close().context("closing")?;
    again(folder, &records).context("the second opening")?;
    let life = 1 + places.iter().map(|place| place.life).max().unwrap_or(0);
    go_on(folder, records, life).context("going on")?;
    Ok(notices)
}

/// Checks that every record has the bytes it was written with, that the confirmed ones are there, and that
/// every append is there whole or not at all.
fn ensure_whole(records: &[Vec<u8>], confirmed: &Confirmed) -> anyhow::Result<Vec<Place>> {
    let places: Vec<Place> = records.iter().map(|bytes| place_of(bytes)).collect::<anyhow::Result<_>>()?;
    for (seq, place) in (1..).zip(&places) {
        ensure!(place.seq == seq, "record {seq} is number {}", place.seq);
        let is_whole = place.first + place.count - 1 <= places.len() as u64;
        ensure!(is_whole, "the append of record {} is there in part", place.first);
    }
    for (seq, life) in confirmed {
        let found = usize::try_from(*seq)?.checked_sub(1).and_then(|index| places.get(index));
        let found = found
            .with_context(|| format!("record {seq} was confirmed and is gone; {} are left", places.len()))?;
        ensure!(
            found.life == *life,
            "record {seq} was confirmed in life {life}, but is that of life {}",
            found.life
        );
    }
    Ok(places)
}

/// Checks that cut bytes are reported and saved, and that nothing is reported if nothing was cut.
fn ensure_honest(folder: &Path, notices: &Notices, before: u64, last: u64) -> anyhow::Result<()> {
    let cut = before - ledger_bytes(folder)?;
    match &notices.tail {
        None => ensure!(cut == 0, "{cut} bytes were cut without a word"),
        Some(tail) => {
            let saved = std::fs::metadata(&tail.saved_as)?.len();
            ensure!(
                saved == tail.bytes && cut == tail.bytes,
                "{} bytes cut, {cut} gone, {saved} saved",
                tail.bytes
            );
            ensure!(
                tail.first_seq_dropped == last + 1,
                "record {} dropped after {last}",
                tail.first_seq_dropped
            );
        }
    }
    if let Some(saved) = notices.index.as_ref().and_then(|notice| notice.saved_as.as_ref()) {
        ensure!(saved.exists(), "the index was not set aside");
    }
    Ok(())
}

fn again(folder: &Path, records: &[Vec<u8>]) -> anyhow::Result<()> {
    let (store, notices) = drive::open(folder)?;
    ensure!(notices == Notices::default(), "again there was something to mend: {notices:?}");
    ensure!(all_records(&store)? == records, "other records");
    ensure!(store.watermark() == records.len() as u64, "the index is at {}", store.watermark());
    ensure!(rows_of(&store)? == fold_all(records)?.rows, "other rows");
    Ok(())
}

fn go_on(folder: &Path, mut records: Vec<Vec<u8>>, life: u32) -> anyhow::Result<()> {
    let first = records.len() as u64 + 1;
    let new: Vec<Vec<u8>> =
        (first..first + 2).map(|seq| record(Place { seq, life, first, count: 2 })).collect();
    let (mut store, _) = drive::open(folder)?;
    ensure!(store.append(&new)? == first, "another number");
    store.catch_up(&mut fold, &mut |_| {})?;
    drop(store);
    records.extend(new);
    again(folder, &records)
}

/// Returns bytes of all chunk files.
fn ledger_bytes(folder: &Path) -> anyhow::Result<u64> {
    let Ok(entries) = std::fs::read_dir(folder.join("ledger")) else { return Ok(0) };
    entries.map(|entry| Ok(entry?.metadata()?.len())).sum()
}
