//! Run: one seed from its first day to the end, and what came of it.

use std::panic::{AssertUnwindSafe, catch_unwind};

use crate::broken::{Broken, Property};
use crate::bugs::Bug;
use crate::plan::{Only, Plan};
use crate::summary::Tally;
use crate::world::World;

/// What came of a run.
pub struct Outcome {
    /// The first property that did not hold.
    pub broken: Option<Broken>,
    /// Counts.
    pub tally: Tally,
    /// What happened, if it was asked for.
    pub story: Vec<String>,
    /// When it ended.
    pub ended_ms: i64,
}

/// Runs a plan, or some of its events.
pub fn run(plan: &Plan, only: &Only, bug: Option<Bug>, tells: bool) -> Outcome {
    let mut tally = Tally::default();
    let mut story = Vec::new();
    let mut ended_ms = 0;
    let lived = catch_unwind(AssertUnwindSafe(|| {
        let mut world = World::new(plan.clone(), bug, tells)?;
        let lived = world.live(only);
        tally = std::mem::take(&mut world.tally);
        tally.gather(&world);
        story = world.story.take().unwrap_or_default();
        ended_ms = world.now_ms;
        lived
    }));
    let broken = match lived {
        Ok(Ok(())) => None,
        Ok(Err(broken)) => Some(broken),
        Err(panic) => {
            let text = panic.downcast_ref::<String>().map(String::as_str);
            let text = text.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or("no message");
            Some(Property::NothingBreaks.broken(format!("a panic: {text}")))
        }
    };
    Outcome { broken, tally, story, ended_ms }
}

/// Runs a seed.
pub fn run_seed(seed: u64, bug: Option<Bug>) -> Outcome {
    run(&Plan::of(seed), &Only::All, bug, false)
}
