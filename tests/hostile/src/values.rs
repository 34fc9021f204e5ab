//! Values: what bytes choose is judged by the core's schemas and by an independent implementation.

use std::sync::LazyLock;

use cuadrilla_tests::judged::{Choices, Judges, Tally};

/// Compiled once.
static JUDGES: LazyLock<Judges> = LazyLock::new(Judges::new);

/// Makes a value out of the bytes, mostly one that is almost valid, and compares the two verdicts.
///
/// # Panics
/// If they differ.
pub fn values(bytes: &[u8]) {
    JUDGES.compare(&mut Choices::Bytes(bytes), &mut Tally::default());
}
