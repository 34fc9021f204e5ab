//! A short run: a few seeds hold, and the same seed is the same run.

use simulation::bugs::Bug;
use simulation::run::run_seed;

#[test]
fn a_few_seeds_hold() {
    for seed in 1..=4 {
        let outcome = run_seed(seed, None);
        assert_eq!(outcome.broken, None, "seed {seed}");
    }
}

#[test]
fn a_seed_is_always_the_same_run() {
    let (one, other) = (run_seed(7, None), run_seed(7, None));
    assert_eq!(one.tally, other.tally);
    assert_eq!((one.ended_ms, one.broken), (other.ended_ms, other.broken));
}

#[test]
fn a_planted_bug_is_seen() {
    let found = (1..=60).any(|seed| run_seed(seed, Some(Bug::ReceiptShifted)).broken.is_some());
    assert!(found);
}
