//! Reduce: a story made short. Events are left out as long as the same property still does not hold.

use std::time::{Duration, Instant};

use crate::broken::Property;
use crate::bugs::Bug;
use crate::plan::{Only, Plan};
use crate::run::run;

/// Runs at most, whatever time is left.
const RUNS_MAX: u32 = 2_000;

/// The numbers of the events that are enough to break a property.
pub fn reduce(plan: &Plan, bug: Option<Bug>, property: Property, patience: Duration) -> Vec<usize> {
    let ends = Instant::now() + patience;
    let mut runs = 0;
    let mut still_breaks = |these: &[usize]| {
        runs += 1;
        let outcome = run(plan, &Only::These(these.to_vec()), bug, false);
        outcome.broken.is_some_and(|broken| broken.property == property)
    };
    let mut kept: Vec<usize> = (0..plan.events.len()).collect();
    // What lies after the break is not needed: halve from the end first.
    let mut part = kept.len().div_ceil(2);
    let mut rounds = 0;
    while part > 0 && rounds < RUNS_MAX && Instant::now() < ends {
        let mut at = kept.len();
        let mut has_changed = false;
        while at > 0 && rounds < RUNS_MAX && Instant::now() < ends {
            let from = at.saturating_sub(part);
            let mut without = kept.clone();
            without.drain(from..at);
            rounds += 1;
            if still_breaks(&without) {
                kept = without;
                has_changed = true;
            }
            at = from;
        }
        if part == 1 && !has_changed {
            break;
        }
        part = if part == 1 { 1 } else { part.div_ceil(2).min(part - 1) };
    }
    kept
}
