//! Checks of the ledger side: what was appended reads back, whole and in order, whatever happened since.

use sync_core::log::line::Lines as _;

use super::rows::scan;
use super::{Backend, Failure, append_named, ensure_named, record, said};
use crate::error::StoreError;
use crate::log::Log;

pub(super) fn new_store_is_empty<B: Backend>(backend: &mut B) -> Result<(), Failure> {
    let store = backend.open().map_err(said)?;
    ensure!(store.watermark() == 0, "the watermark is {}", store.watermark());
    ensure!(scan(&store.rows(), "", "")?.is_empty(), "there are rows");
    ensure_error!(store.log().read(1), StoreError::NoSuchRecord { seq: 1, end: 1 });
    ensure_named(&store.lines(), 0)
}

pub(super) fn records_read_back<B: Backend>(backend: &mut B) -> Result<(), Failure> {
    let mut store = backend.open().map_err(said)?;
    let before = store.lines();
    append_named(&mut store, 1)?;
    append_named(&mut store, 7)?;
    ensure_named(&store.lines(), 8)?;
    ensure_named(&before, 8)?;
    ensure_error!(store.log().read(0), StoreError::NoSuchRecord { seq: 0, end: 9 });
    ensure_error!(store.log().read(9), StoreError::NoSuchRecord { seq: 9, end: 9 });
    Ok(())
}

pub(super) fn empty_append<B: Backend>(backend: &mut B) -> Result<(), Failure> {
    let mut store = backend.open().map_err(said)?;
    append_named(&mut store, 2)?;
    let first = store.append(&[]).map_err(said)?;
    ensure!(first == 3, "it answered {first}");
    ensure_named(&store.lines(), 2)
}

pub(super) fn bad_record<B: Backend>(backend: &mut B) -> Result<(), Failure> {
    let mut store = backend.open().map_err(said)?;
    append_named(&mut store, 1)?;
    ensure_error!(store.append(&[record(2), Vec::new()]), StoreError::RecordSize { bytes: 0, .. });
    let too_large = vec![1; 64 * 1024 * 1024 + 1];
    ensure_error!(store.append(&[record(2), too_large]), StoreError::RecordSize { .. });
    append_named(&mut store, 1)?;
    ensure_named(&store.lines(), 2)
}

pub(super) fn records_survive_closing<B: Backend>(backend: &mut B) -> Result<(), Failure> {
    for round in 0..3 {
        let mut store = backend.open().map_err(said)?;
        ensure_named(&store.lines(), round * 2)?;
        append_named(&mut store, 2)?;
        store.close().map_err(said)?;
    }
    let store = backend.open().map_err(said)?;
    ensure_named(&store.lines(), 6)
}

pub(super) fn records_survive_a_crash<B: Backend>(backend: &mut B) -> Result<(), Failure> {
    for round in 0..3 {
        let mut store = backend.open().map_err(said)?;
        ensure_named(&store.lines(), round * 2)?;
        append_named(&mut store, 2)?;
        backend.crash(store);
    }
    let store = backend.open().map_err(said)?;
    ensure_named(&store.lines(), 6)
}

pub(super) fn range_is_clamped<B: Backend>(backend: &mut B) -> Result<(), Failure> {
    let mut store = backend.open().map_err(said)?;
    append_named(&mut store, 9)?;
    let records = store.lines();
    for (from, to, stop_after, expected) in [
        (0, 3, 9, 1..3),
        (4, 99, 9, 4..10),
        (5, 5, 9, 5..5),
        (7, 2, 9, 7..7),
        (20, 30, 9, 0..0),
        (2, 9, 3, 2..5),
    ] {
        let mut seen = Vec::new();
        records
            .each(from, to, &mut |seq, _| {
                seen.push(seq);
                seen.len() < stop_after
            })
            .map_err(said)?;
        ensure!(seen == expected.collect::<Vec<u64>>(), "{from}..{to} visited {seen:?}");
    }
    Ok(())
}

/// Checks that a reader on another thread sees only whole lines.
///
/// # Errors
/// If it does not.
pub fn concurrent_reader<B: Backend>(backend: &mut B) -> Result<(), Failure>
where
    <B::Log as Log>::Lines: Send + 'static,
{
    const RECORDS: u64 = 400;
    let mut store = backend.open().map_err(said)?;
    let records = store.lines();
    let reading = std::thread::spawn(move || {
        let mut seen = 0;
        while seen < RECORDS {
            let last = records.end() - 1;
            ensure!(last >= seen, "the end went back from {seen} to {last}");
            for seq in seen + 1..=last {
                let read = records.line(seq).map_err(said)?;
                ensure!(read == record(seq), "record {seq} reads as {read:?}");
            }
            seen = last;
            std::thread::yield_now();
        }
        Ok(())
    });
    for _ in 0..RECORDS / 4 {
        append_named(&mut store, 4)?;
    }
    reading.join().map_err(|_| "the reader panicked".to_owned())?
}

pub(super) fn second_opening<B: Backend>(backend: &mut B) -> Result<(), Failure> {
    let mut store = backend.open().map_err(said)?;
    ensure_error!(backend.open(), StoreError::Locked { .. });
    append_named(&mut store, 1)?;
    drop(store);
    let store = backend.open().map_err(said)?;
    ensure_named(&store.lines(), 1)
}

pub(super) fn statistics<B: Backend>(backend: &mut B) -> Result<(), Failure> {
    let mut store = backend.open().map_err(said)?;
    append_named(&mut store, 1)?;
    let before = store.stats();
    append_named(&mut store, 10)?;
    append_named(&mut store, 10)?;
    let after = store.stats();
    ensure!(after.appends == before.appends + 2, "{before:?} became {after:?}");
    ensure!(after.records == before.records + 20, "{before:?} became {after:?}");
    ensure!(after.fsyncs == before.fsyncs + 2, "an append costs one fsync: {before:?} became {after:?}");
    ensure!(after.bytes_written > before.bytes_written, "{before:?} became {after:?}");
    Ok(())
}
