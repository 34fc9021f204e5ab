//! Author: what a record's summary keeps of each device that wrote it, so that judging a change seldom reads all
//! changes of the record.

use serde::{Deserialize, Serialize};

use crate::record::change::Change;

/// Stretches kept of one author: the first, which for the creator is the skeleton, and the newest. What is older
/// stands in the record's applied changes.
const STRETCHES_MAX: usize = 8;

/// One device's part in a record.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Author {
    /// Its changes that were applied.
    pub changes: u64,
    /// Counters of its operations: from, and up to but not with. Not all of them.
    stretches: Vec<(u64, u64)>,
}

impl Author {
    /// Counts one more change in.
    pub fn add(&mut self, change: &Change) {
        self.changes += 1;
        let after = change.start_op.saturating_add(change.ops.len() as u64);
        match self.stretches.last_mut() {
            Some((_, end)) if *end == change.start_op => *end = after,
            _ => self.stretches.push((change.start_op, after)),
        }
        if self.stretches.len() > STRETCHES_MAX {
            self.stretches.remove(1);
        }
    }

    /// Returns the counter after its newest operation; 0 if there is none.
    pub fn after(&self) -> u64 {
        self.stretches.last().map_or(0, |(_, after)| *after)
    }

    /// Returns whether it is known here that an operation of this number was applied. `false` says nothing.
    pub fn is_known(&self, counter: u64) -> bool {
        self.stretches.iter().any(|(from, after)| (*from..*after).contains(&counter))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::id::DeviceId;
    use crate::record::change::{Action, Obj, Op, Place, Scalar};

    fn change(start_op: u64, ops: usize) -> Change {
        let place = Place::Prop("status".into());
        let op =
            Op { obj: Obj::Root, place, insert: false, action: Action::Put(Scalar::Null), preds: vec![] };
        Change { device: DeviceId([1; 16]), seq: 1, start_op, deps: vec![], ops: vec![op; ops] }
    }

    #[test]
    fn what_touches_is_one_stretch() {
        let mut author = Author::default();
        for (start_op, ops) in [(1, 10), (11, 2), (20, 1)] {
            author.add(&change(start_op, ops));
        }
        assert_eq!(author, Author { changes: 3, stretches: vec![(1, 13), (20, 21)] });
        let known = [0, 1, 12, 13, 19, 20, 21].map(|counter| author.is_known(counter));
        assert_eq!(known, [false, true, true, false, false, true, false]);
    }

    #[test]
    fn the_first_and_the_newest_stretches_are_kept() {
        let mut author = Author::default();
        (0..100).for_each(|number| author.add(&change(1 + 10 * number, 5)));
        assert_eq!((author.changes, author.stretches.len()), (100, STRETCHES_MAX));
        assert!(author.is_known(1) && author.is_known(991) && !author.is_known(501));
    }
}
