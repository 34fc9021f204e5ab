//! Named checks that every [`Log`] and [`Index`] must pass; they say what the traits' types cannot.
//!
//! An implementation's tests implement [`Backend`] and call [`run_all`]; where readers have threads of their own, also
//! [`concurrent_reader`].

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

mod lines;
mod rows;

use std::fmt::Display;

use sync_core::log::line::Lines;

use crate::error::StoreError;
use crate::index::Index;
use crate::log::Log;
use crate::store::Store;

pub use lines::concurrent_reader;

/// What a check needs of a backend: one place that holds a store, empty at first.
pub trait Backend {
    /// Its log.
    type Log: Log;
    /// Its index.
    type Index: Index;

    /// Opens the store in that place, with whatever is there.
    ///
    /// # Errors
    /// As the backend's own opening; `Locked` while an earlier one is open.
    fn open(&mut self) -> Result<StoreOf<Self>, StoreError>;

    /// Ends `store` without closing it, as a power cut would: what is not durable may be lost.
    fn crash(&mut self, store: StoreOf<Self>);
}

/// The store of a backend.
pub type StoreOf<B> = Store<<B as Backend>::Log, <B as Backend>::Index>;

/// Why a check failed, in words.
pub type Failure = String;

/// One check.
pub struct Check<B> {
    /// What holds when it passes.
    pub name: &'static str,
    /// Runs it on a backend whose place is empty.
    pub run: fn(&mut B) -> Result<(), Failure>,
}

/// Returns all checks. Each needs a place of its own.
pub fn checks<B: Backend>() -> Vec<Check<B>> {
    vec![
        Check { name: "a new store is empty", run: lines::new_store_is_empty },
        Check { name: "lines are numbered from 1 and read back", run: lines::records_read_back },
        Check { name: "an empty append changes nothing", run: lines::empty_append },
        Check { name: "an append of a bad line keeps nothing", run: lines::bad_record },
        Check { name: "lines survive closing", run: lines::records_survive_closing },
        Check { name: "lines survive a crash", run: lines::records_survive_a_crash },
        Check { name: "a range is clamped, and stops when told", run: lines::range_is_clamped },
        Check { name: "rows read back, in order and by prefix", run: rows::rows_read_back },
        Check { name: "a row handle sees later applies and fails after closing", run: rows::row_handle },
        Check { name: "rows may be read while scanning", run: rows::rows_read_while_scanning },
        Check { name: "rows and watermark survive closing together", run: rows::rows_survive_closing },
        Check { name: "rows and watermark agree after a crash", run: rows::rows_agree_after_a_crash },
        Check { name: "a watermark neither goes back nor passes the end", run: rows::watermark_is_bounded },
        Check { name: "reserved keys are refused and hidden", run: rows::reserved_keys },
        Check { name: "catching up folds each line once, in order", run: rows::catch_up_folds_once },
        Check { name: "a fold that fails names its line and can go on", run: rows::catch_up_resumes },
        Check { name: "a fold reads what it has written", run: rows::fold_reads_its_writes },
        Check { name: "a rebuilt index comes out the same", run: rows::rebuild_comes_out_the_same },
        Check { name: "a second opening is refused", run: lines::second_opening },
        Check { name: "statistics count appends", run: lines::statistics },
    ]
}

/// Runs every check, each on a backend of its own from `make`.
///
/// # Errors
/// The names of the checks that failed, and why.
pub fn run_all<B: Backend>(mut make: impl FnMut() -> B) -> Result<(), Vec<(&'static str, Failure)>> {
    let failures: Vec<_> = checks::<B>()
        .iter()
        .filter_map(|check| (check.run)(&mut make()).err().map(|failure| (check.name, failure)))
        .collect();
    if failures.is_empty() { Ok(()) } else { Err(failures) }
}

fn said(error: impl Display) -> Failure {
    error.to_string()
}

fn record(seq: u64) -> Vec<u8> {
    format!("record {seq}").into_bytes()
}

/// Appends `count` lines whose content names their number.
fn append_named<L: Log, I: Index>(store: &mut Store<L, I>, count: u64) -> Result<(), Failure> {
    let first = store.end();
    let records: Vec<_> = (first..first + count).map(record).collect();
    let answered = store.append(&records).map_err(said)?;
    ensure!(answered == first, "append answered {answered}, not {first}");
    Ok(())
}

fn ensure_named(records: &dyn Lines, last: u64) -> Result<(), Failure> {
    ensure!(records.end() == last + 1, "the end is {}, not {}", records.end(), last + 1);
    for seq in 1..=last {
        let read = records.line(seq).map_err(said)?;
        ensure!(read == record(seq), "line {seq} reads as {read:?}");
    }
    let mut next = 1;
    records
        .each(1, u64::MAX, &mut |seq, bytes| {
            let expected = seq == next && bytes == record(seq);
            next += 1;
            expected
        })
        .map_err(said)?;
    ensure!(next == last + 1, "the range stopped before line {next} of {last}");
    Ok(())
}

#[cfg(test)]
mod tests;
