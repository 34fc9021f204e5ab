//! Named checks that every backend of [`Store`] must pass; they say what the trait's types cannot.
//!
//! A backend's tests implement [`Backend`] and call [`run_all`], or run the [`CHECKS`] one by one.

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

mod records;
mod rows;

use std::fmt::Display;

use crate::error::StoreError;
use crate::store::{Records, Store};

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
    Check { name: "a new store is empty", run: records::new_store_is_empty },
    Check { name: "records are numbered from 1 and read back", run: records::records_read_back },
    Check { name: "an empty append changes nothing", run: records::empty_append },
    Check { name: "an append of a bad record keeps nothing", run: records::bad_record },
    Check { name: "records survive closing", run: records::records_survive_closing },
    Check { name: "records survive a crash", run: records::records_survive_a_crash },
    Check { name: "a range is clamped, and stops when told", run: records::range_is_clamped },
    Check { name: "a reader on another thread sees only whole records", run: records::concurrent_reader },
    Check { name: "rows read back, in order and by prefix", run: rows::rows_read_back },
    Check { name: "a row handle sees later applies and fails after closing", run: rows::row_handle },
    Check { name: "rows may be read while scanning", run: rows::rows_read_while_scanning },
    Check { name: "rows and watermark survive closing together", run: rows::rows_survive_closing },
    Check { name: "rows and watermark agree after a crash", run: rows::rows_agree_after_a_crash },
    Check { name: "a watermark neither goes back nor passes the end", run: rows::watermark_is_bounded },
    Check { name: "reserved keys are refused and hidden", run: rows::reserved_keys },
    Check { name: "catching up folds each record once, in order", run: rows::catch_up_folds_once },
    Check { name: "a fold that fails names its record and can go on", run: rows::catch_up_resumes },
    Check { name: "a fold reads what it has written", run: rows::fold_reads_its_writes },
    Check { name: "a rebuilt index comes out the same", run: rows::rebuild_comes_out_the_same },
    Check { name: "a second opening is refused", run: records::second_opening },
    Check { name: "statistics count appends", run: records::statistics },
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

#[cfg(test)]
mod tests;
