//! Measures the store on this machine: appends, opening, folding into the index. Prints; asserts nothing.
//!
//! `cargo run --release -p cuadrilla-store-disk --example measure -- [folder] [records] [cache MiB]`
#![expect(clippy::print_stdout, clippy::cast_possible_truncation, reason = "its output is what it is for")]

use std::path::PathBuf;
use std::time::Instant;

use cuadrilla_store_disk::{Ledger, Options};
use sync_core::rows::Rows as _;

const RECORD_BYTES: usize = 350;
const ROWS_PER_RECORD: u64 = 8;

type AnyError = Box<dyn std::error::Error>;

fn main() -> Result<(), AnyError> {
    let mut args = std::env::args().skip(1);
    let scratch = tempfile::tempdir()?;
    let folder = args.next().map_or_else(|| scratch.path().to_owned(), PathBuf::from).join("measured-store");
    let records: u64 = args.next().as_deref().unwrap_or("1000000").parse()?;
    let cache_mib: u64 = args.next().as_deref().unwrap_or("32").parse()?;
    let mut options = Options::server();
    options.index.cache_bytes = cache_mib * 1024 * 1024;

    for batch in [1, 10, 100] {
        // Single appends only wait for the disk; a few show it.
        append(&folder, &options, (records / 100 * batch).min(2_000 * batch), batch)?;
    }
    let have = Ledger::open_read_only(&folder)?.reader.end() - 1;
    append(&folder, &options, records.saturating_sub(have), 1_000)?;

    let started = Instant::now();
    let (ledger, _) = Ledger::open(&folder, &options.ledger)?;
    let end = ledger.end();
    println!(
        "open the ledger alone, {} records: {:.3} s, {}",
        end - 1,
        started.elapsed().as_secs_f64(),
        memory()
    );
    let reader = ledger.reader();
    let started = Instant::now();
    let mut sum = 0_u64;
    for step in 0..100_000 {
        sum += reader.read(1 + step * 7_919 % (end - 1))?.len() as u64;
    }
    println!("100,000 random reads ({sum} bytes): {:.3} s", started.elapsed().as_secs_f64());
    drop(ledger);

    fold(&folder, &options)?;

    let started = Instant::now();
    let (store, notices) = cuadrilla_store_disk::open(&folder, &options)?;
    let opening = started.elapsed().as_secs_f64();
    println!(
        "open store with a good index: {opening:.3} s, watermark {}, {notices:?}, {}",
        store.watermark(),
        memory()
    );
    let rows = store.rows();
    let started = Instant::now();
    let mut found = 0;
    for step in 0..100_000_u64 {
        let seq = 1 + step * 7_919 % (end - 1);
        found += u64::from(rows.get(&key(seq, step % ROWS_PER_RECORD))?.is_some());
    }
    println!("100,000 random rows ({found} found): {:.3} s, {}", started.elapsed().as_secs_f64(), memory());
    Ok(())
}

fn append(folder: &std::path::Path, options: &Options, records: u64, batch: u64) -> Result<(), AnyError> {
    let (mut store, _) = cuadrilla_store_disk::open(folder, options)?;
    let payload =
        |seq: u64| (0..RECORD_BYTES as u64).map(|at| (seq * 31 + at * 17) as u8).collect::<Vec<u8>>();
    let records: Vec<_> = (0..records).map(payload).collect();
    let batch = usize::try_from(batch)?;
    let mut waits = Vec::new();
    let started = Instant::now();
    for batch in records.chunks(batch) {
        let began = Instant::now();
        store.append(batch)?;
        waits.push(began.elapsed());
    }
    let seconds = started.elapsed().as_secs_f64();
    waits.sort_unstable();
    let at = |share: usize| waits.get(waits.len() * share / 100).map_or(0, |wait| wait.as_micros());
    println!(
        "append {} records in batches of {batch}: {seconds:.3} s, {:.0} records/s, median {} us, 99th {} us, {:?}",
        records.len(),
        records.len() as f64 / seconds,
        at(50),
        at(99),
        store.stats(),
    );
    Ok(())
}

fn fold(folder: &std::path::Path, options: &Options) -> Result<(), AnyError> {
    let (mut store, _) = cuadrilla_store_disk::open(folder, options)?;
    let started = Instant::now();
    let before = memory();
    let reached = store.catch_up(
        &mut |seq, record, rows| {
            for row in 0..ROWS_PER_RECORD {
                rows.put(key(seq, row), record[..24].to_vec());
            }
            Ok(())
        },
        &mut |progress| {
            if progress.applied % 100_000 < 1_000 {
                println!(
                    "  folded {}: {:.1} s, {}",
                    progress.applied,
                    started.elapsed().as_secs_f64(),
                    memory()
                );
            }
        },
    )?;
    let folding = started.elapsed().as_secs_f64();
    let rows = reached * ROWS_PER_RECORD;
    println!("fold {reached} records into {rows} rows: {folding:.1} s, before {before}, after {}", memory());
    let started = Instant::now();
    store.close()?;
    let index_bytes: u64 = walk(&folder.join("index"))?;
    println!(
        "close: {:.3} s, index on disk {} MiB",
        started.elapsed().as_secs_f64(),
        index_bytes / 1024 / 1024
    );
    Ok(())
}

/// Half of the rows come in order, as a scope's sequence does; half lie anywhere, as record ids do.
fn key(seq: u64, row: u64) -> Vec<u8> {
    let mixed = (seq ^ row << 56).wrapping_mul(0x9e37_79b9_7f4a_7c15).rotate_left(29);
    let place = if row < ROWS_PER_RECORD / 2 { seq } else { mixed };
    let mut key = vec![b'a' + row as u8];
    key.extend_from_slice(&place.to_be_bytes());
    key.extend_from_slice(&seq.to_be_bytes());
    key
}

fn walk(folder: &std::path::Path) -> std::io::Result<u64> {
    let mut bytes = 0;
    for entry in std::fs::read_dir(folder)? {
        let entry = entry?;
        bytes += if entry.file_type()?.is_dir() { walk(&entry.path())? } else { entry.metadata()?.len() };
    }
    Ok(bytes)
}

/// Resident memory now and at its highest, where the system tells.
fn memory() -> String {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let value = |name: &str| {
        let line = status.lines().find(|line| line.starts_with(name))?;
        line.split_whitespace().nth(1)?.parse::<u64>().ok().map(|kib| kib / 1024)
    };
    format!("resident {} MiB, peak {} MiB", value("VmRSS").unwrap_or(0), value("VmHWM").unwrap_or(0))
}
