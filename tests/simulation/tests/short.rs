//! A short run: a few small stories hold, a seed is always the same run, and a planted bug is seen.

use simulation::bugs::Bug;
use simulation::plan::{Only, Plan};
use simulation::run::run;

/// Stories that an unoptimised build tells in seconds.
fn small() -> impl Iterator<Item = Plan> {
    (1_000..).map(Plan::of).filter(|plan| plan.phones <= 4 && plan.events.len() <= 120)
}

#[test]
fn a_few_small_stories_hold() {
    for plan in small().take(3) {
        let outcome = run(&plan, &Only::All, None, false);
        assert_eq!(outcome.broken, None, "seed {}", plan.seed);
    }
}

#[test]
fn a_seed_is_always_the_same_run() {
    let plan = small().nth(3).unwrap();
    let (one, other) = (run(&plan, &Only::All, None, true), run(&plan, &Only::All, None, true));
    assert_eq!((one.tally, one.story), (other.tally, other.story));
    assert_eq!((one.ended_ms, one.broken), (other.ended_ms, other.broken));
}

#[test]
fn a_planted_bug_is_seen() {
    let is_seen = |plan: Plan| run(&plan, &Only::All, Some(Bug::ReceiptShifted), false).broken.is_some();
    assert!(small().take(3).any(is_seen));
}
