//! Values: what bytes choose is judged by the core's schemas and by an independent implementation.

use std::sync::{LazyLock, Mutex, PoisonError};

use cuadrilla_tests::judged::{Choices, Judges, Tally};

/// Compiled once.
static JUDGES: LazyLock<Judges> = LazyLock::new(Judges::new);

/// What was compared since the program began.
static TALLY: Mutex<Option<Tally>> = Mutex::new(None);
/// The share of the values is looked at each time that so many were made.
const LOOKED_AT: usize = 20_000;
/// At least so many of a hundred must be valid: verdicts that only say no are no comparison.
const VALID_MIN_PERCENT: usize = 40;

/// Makes a value out of the bytes, mostly one that is almost valid, and compares the two verdicts.
///
/// # Panics
/// If they differ; or if too few of all values were valid, or a keyword was met on one side only.
pub fn values(bytes: &[u8]) {
    let mut kept = TALLY.lock().unwrap_or_else(PoisonError::into_inner);
    let tally = kept.get_or_insert_default();
    JUDGES.compare(&mut Choices::Bytes(bytes), tally);
    let Tally { values, valid, .. } = *tally;
    if values / LOOKED_AT > (values - 1) / LOOKED_AT {
        assert!(valid * 100 >= values * VALID_MIN_PERCENT, "{valid} of {values} values were valid");
    }
}
