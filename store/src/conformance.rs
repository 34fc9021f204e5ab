//! Named checks that every backend of [`Store`] must pass; they say what the trait's types cannot.
//!
//! A backend's tests implement [`Backend`] and call [`run_all`], or run the [`CHECKS`] one by one.

use std::fmt::Display;

use sync_core::rows::{Batch, Rows as _};

use crate::error::StoreError;
use crate::store::{CATCH_UP_RECORDS_MAX, IndexRows, Records, Store};

/// What a check needs of a backend: one place that holds a store, empty at first.
pub trait Backend {
    /// Opens the store in that place, with whatever is there.
    ///
    /// # Errors
    /// As the backend's own opening; `Locked` while an earlier one is open.
    fn open(&mut self) -> Result<Box<dyn Store>, StoreError>;

    /// Ends `store` without closing it, as a power cut would: what is not durable may be lost.
    fn crash(&mut self, store: Box<dyn Store>);
}

/// Why a check failed, in words.
pub type Failure = String;

/// One check.
#[derive(Clone, Copy)]
pub struct Check {
    /// What holds when it passes.
    pub name: &'static str,
    /// Runs it on a backend whose place is empty.
    pub run: fn(&mut dyn Backend) -> Result<(), Failure>,
}

/// All checks. Each needs a place of its own.
pub const CHECKS: &[Check] = &[
    Check { name: "a new store is empty", run: new_store_is_empty },
    Check { name: "records are numbered from 1 and read back", run: records_read_back },
    Check { name: "an empty append changes nothing", run: empty_append },
    Check { name: "an append of a bad record keeps nothing", run: bad_record },
    Check { name: "records survive closing", run: records_survive_closing },
    Check { name: "records survive a crash", run: records_survive_a_crash },
    Check { name: "a range is clamped, and stops when told", run: range_is_clamped },
    Check { name: "a reader on another thread sees only whole records", run: concurrent_reader },
    Check { name: "rows read back, in order and by prefix", run: rows_read_back },
    Check { name: "a row handle sees later applies and fails after closing", run: row_handle },
    Check { name: "rows may be read while scanning", run: rows_read_while_scanning },
    Check { name: "rows and watermark survive closing together", run: rows_survive_closing },
    Check { name: "rows and watermark agree after a crash", run: rows_agree_after_a_crash },
    Check { name: "a watermark neither goes back nor passes the end", run: watermark_is_bounded },
    Check { name: "reserved keys are refused and hidden", run: reserved_keys },
    Check { name: "catching up folds each record once, in order", run: catch_up_folds_once },
    Check { name: "a fold that fails names its record and can go on", run: catch_up_resumes },
    Check { name: "a fold reads what it has written", run: fold_reads_its_writes },
    Check { name: "a rebuilt index comes out the same", run: rebuild_comes_out_the_same },
    Check { name: "a second opening is refused", run: second_opening },
    Check { name: "statistics count appends", run: statistics },
];

/// Runs every check, each on a backend of its own from `make`.
///
/// # Errors
/// The names of the checks that failed, and why.
pub fn run_all(make: &mut dyn FnMut() -> Box<dyn Backend>) -> Result<(), Vec<(&'static str, Failure)>> {
    let failures: Vec<_> = CHECKS
        .iter()
        .filter_map(|check| (check.run)(&mut *make()).err().map(|failure| (check.name, failure)))
        .collect();
    if failures.is_empty() { Ok(()) } else { Err(failures) }
}

macro_rules! ensure {
    ($holds:expr, $($said:tt)+) => {
        if !$holds {
            return Err(format!($($said)+));
        }
    };
}

macro_rules! ensure_error {
    ($result:expr, $pattern:pat) => {
        match $result {
            Err($pattern) => {}
            Err(error) => return Err(format!("expected {}, got {error:?}", stringify!($pattern))),
            Ok(_) => return Err(format!("expected {}, but it succeeded", stringify!($pattern))),
        }
    };
}

fn said(error: impl Display) -> Failure {
    error.to_string()
}

fn record(seq: u64) -> Vec<u8> {
    format!("record {seq}").into_bytes()
}

/// Appends `count` records whose content names their number.
fn append_named(store: &mut dyn Store, count: u64) -> Result<(), Failure> {
    let first = store.records().end();
    let records: Vec<_> = (first..first + count).map(record).collect();
    let answered = store.append(&records).map_err(said)?;
    ensure!(answered == first, "append answered {answered}, not {first}");
    Ok(())
}

fn ensure_named(records: &dyn Records, last: u64) -> Result<(), Failure> {
    ensure!(records.end() == last + 1, "the end is {}, not {}", records.end(), last + 1);
    for seq in 1..=last {
        let read = records.read(seq).map_err(said)?;
        ensure!(read == record(seq), "record {seq} reads as {read:?}");
    }
    let mut next = 1;
    records
        .read_range(1, u64::MAX, &mut |seq, bytes| {
            let expected = seq == next && bytes == record(seq);
            next += 1;
            expected
        })
        .map_err(said)?;
    ensure!(next == last + 1, "the range stopped before record {next} of {last}");
    Ok(())
}

fn batch<const N: usize>(writes: [(&str, Option<&str>); N]) -> Batch {
    let mut batch = Batch::default();
    for (key, value) in writes {
        match value {
            Some(value) => batch.put(key.into(), value.into()),
            None => batch.delete(key.into()),
        }
    }
    batch
}

type RowList = Vec<(Vec<u8>, Vec<u8>)>;

fn scan(rows: &dyn IndexRows, prefix: &str, from: &str) -> Result<RowList, Failure> {
    let mut found = Vec::new();
    rows.scan(prefix.as_bytes(), from.as_bytes(), &mut |key, value| {
        found.push((key.to_vec(), value.to_vec()));
        true
    })
    .map_err(said)?;
    Ok(found)
}

fn keys(rows: &dyn IndexRows, prefix: &str, from: &str) -> Result<String, Failure> {
    let keys =
        scan(rows, prefix, from)?.into_iter().map(|(key, _)| String::from_utf8_lossy(&key).into_owned());
    Ok(keys.collect::<Vec<_>>().join(" "))
}

/// Folds every record into a row of its own and a running count.
fn catch_up_counting(store: &mut dyn Store) -> Result<u64, StoreError> {
    store.catch_up(
        &mut |seq, bytes, rows| {
            let count = rows.get(b"count")?.map_or(0, |value| value.len()) + 1;
            rows.put(b"count".to_vec(), vec![b'.'; count]);
            rows.put(format!("row {seq:08}").into_bytes(), bytes.to_vec());
            Ok(())
        },
        &mut |_| {},
    )
}

fn new_store_is_empty(backend: &mut dyn Backend) -> Result<(), Failure> {
    let store = backend.open().map_err(said)?;
    ensure!(store.watermark() == 0, "the watermark is {}", store.watermark());
    ensure!(scan(&*store.rows(), "", "")?.is_empty(), "there are rows");
    ensure_error!(store.records().read(1), StoreError::NoSuchRecord { seq: 1, end: 1 });
    ensure_named(&*store.records(), 0)
}

fn records_read_back(backend: &mut dyn Backend) -> Result<(), Failure> {
    let mut store = backend.open().map_err(said)?;
    let before = store.records();
    append_named(&mut *store, 1)?;
    append_named(&mut *store, 7)?;
    ensure_named(&*store.records(), 8)?;
    ensure_named(&*before, 8)?;
    ensure_error!(before.read(0), StoreError::NoSuchRecord { seq: 0, end: 9 });
    ensure_error!(before.read(9), StoreError::NoSuchRecord { seq: 9, end: 9 });
    Ok(())
}

fn empty_append(backend: &mut dyn Backend) -> Result<(), Failure> {
    let mut store = backend.open().map_err(said)?;
    append_named(&mut *store, 2)?;
    let first = store.append(&[]).map_err(said)?;
    ensure!(first == 3, "it answered {first}");
    ensure_named(&*store.records(), 2)
}

fn bad_record(backend: &mut dyn Backend) -> Result<(), Failure> {
    let mut store = backend.open().map_err(said)?;
    append_named(&mut *store, 1)?;
    ensure_error!(store.append(&[record(2), Vec::new()]), StoreError::RecordSize { bytes: 0, .. });
    let too_large = vec![1; 64 * 1024 * 1024 + 1];
    ensure_error!(store.append(&[record(2), too_large]), StoreError::RecordSize { .. });
    append_named(&mut *store, 1)?;
    ensure_named(&*store.records(), 2)
}

fn records_survive_closing(backend: &mut dyn Backend) -> Result<(), Failure> {
    for round in 0..3 {
        let mut store = backend.open().map_err(said)?;
        ensure_named(&*store.records(), round * 2)?;
        append_named(&mut *store, 2)?;
        store.close().map_err(said)?;
    }
    let store = backend.open().map_err(said)?;
    ensure_named(&*store.records(), 6)
}

fn records_survive_a_crash(backend: &mut dyn Backend) -> Result<(), Failure> {
    for round in 0..3 {
        let mut store = backend.open().map_err(said)?;
        ensure_named(&*store.records(), round * 2)?;
        append_named(&mut *store, 2)?;
        backend.crash(store);
    }
    let store = backend.open().map_err(said)?;
    ensure_named(&*store.records(), 6)
}

fn range_is_clamped(backend: &mut dyn Backend) -> Result<(), Failure> {
    let mut store = backend.open().map_err(said)?;
    append_named(&mut *store, 9)?;
    let records = store.records();
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
            .read_range(from, to, &mut |seq, _| {
                seen.push(seq);
                seen.len() < stop_after
            })
            .map_err(said)?;
        ensure!(seen == expected.collect::<Vec<u64>>(), "{from}..{to} visited {seen:?}");
    }
    Ok(())
}

fn concurrent_reader(backend: &mut dyn Backend) -> Result<(), Failure> {
    const RECORDS: u64 = 400;
    let mut store = backend.open().map_err(said)?;
    let records = store.records();
    let reading = std::thread::spawn(move || {
        let mut seen = 0;
        while seen < RECORDS {
            let last = records.end() - 1;
            ensure!(last >= seen, "the end went back from {seen} to {last}");
            for seq in seen + 1..=last {
                let read = records.read(seq).map_err(said)?;
                ensure!(read == record(seq), "record {seq} reads as {read:?}");
            }
            seen = last;
            std::thread::yield_now();
        }
        Ok(())
    });
    for _ in 0..RECORDS / 4 {
        append_named(&mut *store, 4)?;
    }
    reading.join().map_err(|_| "the reader panicked".to_owned())?
}

fn rows_read_back(backend: &mut dyn Backend) -> Result<(), Failure> {
    let mut store = backend.open().map_err(said)?;
    append_named(&mut *store, 2)?;
    store.apply(batch(["a", "a/2", "a/1", "a/3", "b"].map(|key| (key, Some("old")))), 1).map_err(said)?;
    store
        .apply(batch([("a/2", Some("new")), ("a/3", None), ("c", None), ("z", Some(""))]), 2)
        .map_err(said)?;
    let rows = store.rows();
    for (prefix, from, expected) in [
        ("", "", "a a/1 a/2 b z"),
        ("a/", "a/", "a/1 a/2"),
        ("a/", "a/2", "a/2"),
        ("a/", "a", "a/1 a/2"),
        ("a/", "b", ""),
        ("x", "x", ""),
    ] {
        let found = keys(&*rows, prefix, from)?;
        ensure!(found == expected, "scan of {prefix:?} from {from:?} found {found:?}, not {expected:?}");
    }
    let value = |key: &str| rows.get(key.as_bytes()).map_err(said);
    ensure!(value("a/2")?.as_deref() == Some(b"new"), "a/2 is not new");
    ensure!(value("z")?.as_deref() == Some(b""), "an empty value is not kept");
    ensure!(value("a/3")?.is_none(), "a/3 is not deleted");
    Ok(())
}

fn row_handle(backend: &mut dyn Backend) -> Result<(), Failure> {
    let mut store = backend.open().map_err(said)?;
    let rows = store.rows();
    store.apply(batch([("k", Some("v"))]), 0).map_err(said)?;
    ensure!(rows.get(b"k").map_err(said)?.is_some(), "a row applied later is not seen");
    store.rebuild().map_err(said)?;
    ensure!(rows.get(b"k").map_err(said)?.is_none(), "a row from before the rebuild is seen");
    store.close().map_err(said)?;
    ensure!(rows.get(b"k").is_err(), "a row can be read from a closed store");
    // The handle must not keep others from opening the store.
    backend.open().map_err(said)?;
    Ok(())
}

fn rows_read_while_scanning(backend: &mut dyn Backend) -> Result<(), Failure> {
    let mut store = backend.open().map_err(said)?;
    let mut many = Batch::default();
    for number in 0..300 {
        many.put(format!("{number:03}").into_bytes(), b"v".to_vec());
    }
    store.apply(many, 0).map_err(said)?;
    let rows = store.rows();
    let mut visited = 0;
    rows.scan(b"", b"", &mut |key, _| {
        visited += 1;
        matches!(rows.get(key), Ok(Some(_))) && visited < 250
    })
    .map_err(said)?;
    ensure!(visited == 250, "visited {visited} rows");
    Ok(())
}

fn rows_survive_closing(backend: &mut dyn Backend) -> Result<(), Failure> {
    let mut store = backend.open().map_err(said)?;
    append_named(&mut *store, 3)?;
    store.apply(batch([("k", Some("v"))]), 3).map_err(said)?;
    store.close().map_err(said)?;
    let store = backend.open().map_err(said)?;
    ensure!(store.watermark() == 3, "the watermark is {}", store.watermark());
    ensure!(keys(&*store.rows(), "", "")? == "k", "the row is gone");
    Ok(())
}

fn rows_agree_after_a_crash(backend: &mut dyn Backend) -> Result<(), Failure> {
    let mut store = backend.open().map_err(said)?;
    for _ in 0..20 {
        append_named(&mut *store, 5)?;
        catch_up_counting(&mut *store).map_err(said)?;
    }
    backend.crash(store);
    let mut store = backend.open().map_err(said)?;
    let rows = scan(&*store.rows(), "row ", "row ")?.len() as u64;
    ensure!(rows == store.watermark(), "{rows} rows with watermark {}", store.watermark());
    catch_up_counting(&mut *store).map_err(said)?;
    let count = store.rows().get(b"count").map_err(said)?.map_or(0, |value| value.len());
    ensure!(count == 100, "{count} records counted after catching up");
    Ok(())
}

fn watermark_is_bounded(backend: &mut dyn Backend) -> Result<(), Failure> {
    let mut store = backend.open().map_err(said)?;
    append_named(&mut *store, 3)?;
    store.apply(batch([]), 2).map_err(said)?;
    let refused = batch([("k", Some("v"))]);
    ensure_error!(store.apply(refused.clone(), 1), StoreError::Watermark { offered: 1, current: 2, last: 3 });
    ensure_error!(store.apply(refused, 4), StoreError::Watermark { offered: 4, current: 2, last: 3 });
    store.apply(batch([("same", Some("v"))]), 2).map_err(said)?;
    ensure!(store.watermark() == 2, "the watermark is {}", store.watermark());
    ensure!(keys(&*store.rows(), "", "")? == "same", "a refused batch left rows");
    Ok(())
}

fn reserved_keys(backend: &mut dyn Backend) -> Result<(), Failure> {
    let mut store = backend.open().map_err(said)?;
    let mixed = batch([("\0watermark", None), ("k", Some("v"))]);
    ensure_error!(store.apply(mixed, 0), StoreError::ReservedKey);
    ensure!(
        scan(&*store.rows(), "", "")?.is_empty(),
        "a refused batch left rows, or the store shows its own"
    );
    ensure!(scan(&*store.rows(), "\0", "\0")?.is_empty(), "the store shows its own rows");
    ensure!(store.rows().get(b"\0watermark").map_err(said)?.is_none(), "the store shows its watermark row");
    Ok(())
}

fn catch_up_folds_once(backend: &mut dyn Backend) -> Result<(), Failure> {
    let mut store = backend.open().map_err(said)?;
    let count = CATCH_UP_RECORDS_MAX * 2 + 5;
    append_named(&mut *store, count)?;
    let mut folded = Vec::new();
    let mut reported = Vec::new();
    let reached = store
        .catch_up(
            &mut |seq, bytes, _| {
                folded.push((seq, bytes == record(seq)));
                Ok(())
            },
            &mut |progress| reported.push((progress.applied, progress.last)),
        )
        .map_err(said)?;
    ensure!(reached == count && store.watermark() == count, "it reached {reached} of {count}");
    ensure!(folded == (1..=count).map(|seq| (seq, true)).collect::<Vec<_>>(), "not each once in order");
    let expected = [CATCH_UP_RECORDS_MAX, CATCH_UP_RECORDS_MAX * 2, count].map(|applied| (applied, count));
    ensure!(reported == expected, "progress was {reported:?}");
    let again = store.catch_up(&mut |seq, _, _| Err(format!("{seq} again").into()), &mut |_| {});
    ensure!(again.is_ok_and(|reached| reached == count), "a second call folded again");
    Ok(())
}

fn catch_up_resumes(backend: &mut dyn Backend) -> Result<(), Failure> {
    let mut store = backend.open().map_err(said)?;
    let bad = CATCH_UP_RECORDS_MAX + 7;
    append_named(&mut *store, bad + 3)?;
    let failing = store.catch_up(
        &mut |seq, _, rows| {
            rows.put(format!("row {seq:08}").into_bytes(), Vec::new());
            if seq == bad { Err("no".into()) } else { Ok(()) }
        },
        &mut |_| {},
    );
    ensure!(matches!(failing, Err(StoreError::Fold { seq, .. }) if seq == bad), "it answered {failing:?}");
    ensure!(store.watermark() == CATCH_UP_RECORDS_MAX, "the watermark is {}", store.watermark());
    let rows = scan(&*store.rows(), "row ", "row ")?.len() as u64;
    ensure!(rows == CATCH_UP_RECORDS_MAX, "{rows} rows of a batch that failed");
    let reached = catch_up_counting(&mut *store).map_err(said)?;
    ensure!(reached == bad + 3, "it went on to {reached}");
    Ok(())
}

fn fold_reads_its_writes(backend: &mut dyn Backend) -> Result<(), Failure> {
    let mut store = backend.open().map_err(said)?;
    append_named(&mut *store, CATCH_UP_RECORDS_MAX + 1)?;
    catch_up_counting(&mut *store).map_err(said)?;
    let count = store.rows().get(b"count").map_err(said)?.map_or(0, |value| value.len()) as u64;
    ensure!(count == CATCH_UP_RECORDS_MAX + 1, "counted {count}");
    Ok(())
}

fn rebuild_comes_out_the_same(backend: &mut dyn Backend) -> Result<(), Failure> {
    let mut store = backend.open().map_err(said)?;
    append_named(&mut *store, 50)?;
    catch_up_counting(&mut *store).map_err(said)?;
    let before = scan(&*store.rows(), "", "")?;
    store.rebuild().map_err(said)?;
    ensure!(store.watermark() == 0, "the watermark is {} after a rebuild", store.watermark());
    ensure!(scan(&*store.rows(), "", "")?.is_empty(), "rows are left after a rebuild");
    ensure_named(&*store.records(), 50)?;
    catch_up_counting(&mut *store).map_err(said)?;
    ensure!(scan(&*store.rows(), "", "")? == before, "the rows differ");
    Ok(())
}

fn second_opening(backend: &mut dyn Backend) -> Result<(), Failure> {
    let mut store = backend.open().map_err(said)?;
    ensure_error!(backend.open(), StoreError::Locked { .. });
    append_named(&mut *store, 1)?;
    drop(store);
    let store = backend.open().map_err(said)?;
    ensure_named(&*store.records(), 1)
}

fn statistics(backend: &mut dyn Backend) -> Result<(), Failure> {
    let mut store = backend.open().map_err(said)?;
    append_named(&mut *store, 1)?;
    let before = store.stats();
    append_named(&mut *store, 10)?;
    append_named(&mut *store, 10)?;
    let after = store.stats();
    ensure!(after.appends == before.appends + 2, "{before:?} became {after:?}");
    ensure!(after.records == before.records + 20, "{before:?} became {after:?}");
    ensure!(after.fsyncs == before.fsyncs + 2, "an append costs one fsync: {before:?} became {after:?}");
    ensure!(after.bytes_written > before.bytes_written, "{before:?} became {after:?}");
    Ok(())
}

#[cfg(test)]
mod tests;
