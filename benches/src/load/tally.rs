//! Tally: what a run counts and how long things took. Exact samples, bounded in number.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// Most samples kept of one kind; what comes after is only counted.
const SAMPLES_MAX: usize = 4_000_000;

/// What a request was for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Purpose {
    /// To enrol.
    Enrol,
    /// To hand work in, and be told what is new: its answer is the acknowledgement.
    Push,
    /// To be told what is new.
    Pull,
}

impl Purpose {
    /// How a table names it.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Enrol => "enrolment",
            Self::Push => "acknowledgement",
            Self::Pull => "news only",
        }
    }
}

/// The counts so far.
#[derive(Debug, Clone, Default)]
pub(crate) struct Counts {
    /// Microseconds of each request that was answered.
    pub(crate) took_us: BTreeMap<Purpose, Vec<u32>>,
    /// Own entries that were accepted, as the replies said.
    pub(crate) accepted: u64,
    /// Own entries that were quarantined, as the replies said.
    pub(crate) held: u64,
    /// Entries received.
    pub(crate) pulled: u64,
    /// Answers.
    pub(crate) answers: u64,
    /// Bytes of bodies up.
    pub(crate) up: u64,
    /// Bytes of bodies down.
    pub(crate) down: u64,
    /// News heard on event streams.
    pub(crate) news: u64,
    /// Replies after which a scope differed from the server's.
    pub(crate) differs: u64,
    /// Replies that showed another past.
    pub(crate) parted: u64,
    /// What went wrong, by kind.
    pub(crate) troubles: BTreeMap<String, u64>,
    /// What people did, by kind.
    pub(crate) deeds: BTreeMap<&'static str, u64>,
}

/// Shared by all actors.
#[derive(Debug, Default)]
pub(crate) struct Tally(Mutex<Counts>);

impl Tally {
    /// The counts, to be changed.
    pub(crate) fn counts(&self) -> MutexGuard<'_, Counts> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes the counts, and sets them to zero.
    pub(crate) fn take(&self) -> Counts {
        std::mem::take(&mut self.counts())
    }

    /// Counts an answered request.
    pub(crate) fn answer(&self, purpose: Purpose, took: Duration, up: u64, down: u64) {
        let mut counts = self.counts();
        counts.answers += 1;
        counts.up += up;
        counts.down += down;
        let samples = counts.took_us.entry(purpose).or_default();
        if samples.len() < SAMPLES_MAX {
            samples.push(u32::try_from(took.as_micros()).unwrap_or(u32::MAX));
        }
    }

    /// Counts something that went wrong.
    pub(crate) fn trouble(&self, kind: String) {
        *self.counts().troubles.entry(kind).or_default() += 1;
    }

    /// Counts something that people did.
    pub(crate) fn deed(&self, kind: &'static str) {
        *self.counts().deeds.entry(kind).or_default() += 1;
    }
}

/// The value that `share` of the samples do not exceed, in milliseconds; sorts them.
pub(crate) fn percentile_ms(samples: &mut [u32], share: f64) -> f64 {
    samples.sort_unstable();
    let last = samples.len().saturating_sub(1);
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a share of an index is an index"
    )]
    let index = ((samples.len() as f64 * share).ceil() as usize).saturating_sub(1).min(last);
    samples.get(index).map_or(f64::NAN, |us| f64::from(*us) / 1_000.0)
}

#[cfg(test)]
mod tests {
    use super::percentile_ms;

    #[test]
    fn percentiles_are_of_the_samples_themselves() {
        let mut samples: Vec<u32> = (1..=100).rev().map(|ms| ms * 1_000).collect();
        assert!((percentile_ms(&mut samples, 0.5) - 50.0).abs() < 1e-9);
        assert!((percentile_ms(&mut samples, 0.99) - 99.0).abs() < 1e-9);
        assert!((percentile_ms(&mut samples, 1.0) - 100.0).abs() < 1e-9);
        assert!(percentile_ms(&mut [], 0.5).is_nan());
    }
}
