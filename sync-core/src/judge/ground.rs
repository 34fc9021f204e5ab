//! Ground: whether a change stands on what its record has. Automerge takes the numbers and names in a change for granted: one
//! that its document cannot place ends the program of everybody who looks at the record. No device of ours writes such a
//! change; a hostile one may sign any.

use std::collections::BTreeMap;

use crate::change::{Change, Obj, OpId, Place};
use crate::fold::{ChangeRow, applied_changes};
use crate::id::{DeviceId, RecordId};
use crate::rows::{Rows, RowsError};
use crate::verdict::Reason;

/// `None` if `change` may follow what was applied to its record; else why not.
pub fn ungrounded(rows: &dyn Rows, record: &RecordId, change: &Change) -> Result<Option<Reason>, RowsError> {
    let applied = applied_changes(rows, record)?;
    Ok(Ground::of(&applied, change).check().err().map(|what| super::rule("ground", what)))
}

struct Ground<'a> {
    applied: &'a [ChangeRow],
    change: &'a Change,
    /// Of each device, the counters of its operations: from, and up to but not with.
    operations: BTreeMap<DeviceId, Vec<(u64, u64)>>,
}

impl<'a> Ground<'a> {
    fn of(applied: &'a [ChangeRow], change: &'a Change) -> Self {
        let mut operations: BTreeMap<_, Vec<_>> = BTreeMap::new();
        for row in applied {
            operations.entry(row.device).or_default().push((row.start_op, after(row)));
        }
        operations.values_mut().for_each(|spans| spans.sort_unstable());
        Self { applied, change, operations }
    }

    fn check(&self) -> Result<(), String> {
        let Change { device, seq, start_op, deps, ops } = self.change;
        let own = self.operations.get(device).map_or(&[][..], Vec::as_slice);
        let number = own.len() as u64 + 1;
        if *seq != number {
            return Err(format!(
                "it says that it is its device's change {seq} of the record, and is {number}"
            ));
        }
        let is_later = |row: &ChangeRow| row.device == *device || deps.contains(&row.hash);
        if self.applied.iter().any(|row| is_later(row) && after(row) > *start_op) {
            return Err("its operations are not numbered after those it builds on".into());
        }
        for (index, op) in ops.iter().enumerate() {
            let object = if let Obj::At(id) = &op.obj { Some(id) } else { None };
            let element = if let Place::Elem(id) = &op.place { Some(id) } else { None };
            let named = object.into_iter().chain(element).chain(&op.preds);
            if let Some(id) = named.into_iter().find(|id| !self.has(id, index)) {
                return Err(format!(
                    "it names operation {} of device {}, which the record has not",
                    id.counter,
                    id.device.short()
                ));
            }
        }
        Ok(())
    }

    /// Whether the operation was applied, or is one of this change before the one at `index`.
    fn has(&self, id: &OpId, index: usize) -> bool {
        if id.device == self.change.device
            && (self.change.start_op..self.change.start_op.saturating_add(index as u64)).contains(&id.counter)
        {
            return true;
        }
        let spans = self.operations.get(&id.device).map_or(&[][..], Vec::as_slice);
        let at = spans.partition_point(|(from, _)| *from <= id.counter);
        at.checked_sub(1).is_some_and(|at| id.counter < spans[at].1)
    }
}

/// The counter after the row's last operation.
fn after(row: &ChangeRow) -> u64 {
    row.start_op.saturating_add(row.ops)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::change::{Action, Op, Scalar};
    use crate::id::Hash;

    const ME: DeviceId = DeviceId([1; 16]);
    const OTHER: DeviceId = DeviceId([2; 16]);
    const FIRST: Hash = Hash([7; 32]);

    fn op(preds: Vec<OpId>) -> Op {
        let place = Place::Prop("status".into());
        Op { obj: Obj::Root, place, insert: false, action: Action::Put(Scalar::Null), preds }
    }

    fn id(device: DeviceId, counter: u64) -> OpId {
        OpId { counter, device }
    }

    /// A change that follows what `applied` holds: ten operations of another device, then five of this one.
    fn good() -> Change {
        let ops = vec![op(vec![id(OTHER, 10)]), op(vec![id(ME, 11), id(ME, 16)])];
        Change { device: ME, seq: 2, start_op: 16, deps: vec![FIRST], ops }
    }

    fn check(change: &Change) -> Result<(), String> {
        let row = |device, start_op, ops, hash| ChangeRow { device, seq: 1, start_op, ops, hash, line: 1 };
        let applied = [row(OTHER, 1, 10, FIRST), row(ME, 11, 5, Hash([8; 32]))];
        Ground::of(&applied, change).check()
    }

    #[test]
    fn a_change_on_what_the_record_has_stands() {
        assert_eq!(check(&good()), Ok(()));
    }

    /// Automerge knows an author from its change number 1 on: a later one without it ended everybody's program.
    #[test]
    fn a_number_left_out_or_taken_is_refused() {
        for seq in [0, 1, 3, u64::MAX] {
            assert!(check(&Change { seq, ..good() }).is_err(), "{seq}");
        }
        assert!(check(&Change { device: DeviceId([3; 16]), ..good() }).is_err());
    }

    #[test]
    fn operations_that_count_back_are_refused() {
        for start_op in [1, 10, 15] {
            assert!(check(&Change { start_op, ..good() }).is_err(), "{start_op}");
        }
    }

    #[test]
    fn an_operation_that_the_record_has_not_is_refused() {
        for stranger in [id(OTHER, 0), id(OTHER, 11), id(ME, 17), id(DeviceId([3; 16]), 1)] {
            let object = Op { obj: Obj::At(stranger), ..op(vec![]) };
            let element = Op { place: Place::Elem(stranger), ..op(vec![]) };
            for bad in [op(vec![stranger]), object, element] {
                let ops = vec![op(vec![]), bad];
                assert!(check(&Change { ops, ..good() }).is_err(), "{stranger:?}");
            }
        }
    }
}
