//! Ground: whether a change stands on what its record has. Automerge trusts the numbers and names in a
//! change: one that its document cannot place crashes every client that opens the record. The programs of
//! this project write no such change; a hostile device may sign any.

use crate::id::RecordId;
use crate::log::verdict::Reason;
use crate::record::author::Author;
use crate::record::change::{Change, Obj, OpId, Place};
use crate::record::row::RecordRow;
use crate::rows::{Rows, RowsError};
use crate::state::applied::Finder;

/// Returns why `change` may not follow what was applied to its record; `None` if it may. The record's
/// summary, if it is `known`, decides nearly every change. For the others the changes that are named are looked up.
pub fn ungrounded(
    rows: &dyn Rows,
    record: &RecordId,
    known: Option<&RecordRow>,
    change: &Change,
) -> Result<Option<Reason>, RowsError> {
    if known.is_some_and(|row| is_grounded(row, change)) {
        return Ok(None);
    }
    let author = known.and_then(|row| row.authors.get(&change.device));
    let mut ground = Ground { finder: Finder::new(rows, record), author, change };
    Ok(ground.check()?.err().map(|what| super::rule("ground", what)))
}

/// Returns whether the summary alone shows that the change stands: numbered after everything that was
/// applied, and naming nothing but operations that the summary knows. `false` says nothing.
fn is_grounded(row: &RecordRow, change: &Change) -> bool {
    let changes = row.authors.get(&change.device).map_or(0, |author| author.changes);
    let is_known = |id: &OpId| row.authors.get(&id.device).is_some_and(|author| author.is_known(id.counter));
    change.seq == changes + 1
        && change.start_op > row.max_op
        && (0..change.ops.len()).all(|at| named(change, at).all(|id| is_own(change, id, at) || is_known(id)))
}

/// Returns the operations that the operation at `index` names.
fn named(change: &Change, index: usize) -> impl Iterator<Item = &OpId> {
    let op = &change.ops[index];
    let object = if let Obj::At(id) = &op.obj { Some(id) } else { None };
    let element = if let Place::Elem(id) = &op.place { Some(id) } else { None };
    object.into_iter().chain(element).chain(&op.preds)
}

/// Returns whether it is an operation of the change itself before the one at `index`.
fn is_own(change: &Change, id: &OpId, index: usize) -> bool {
    let before = change.start_op..change.start_op.saturating_add(index as u64);
    id.device == change.device && before.contains(&id.counter)
}

struct Ground<'a> {
    finder: Finder<'a>,
    /// What the author did in the record before.
    author: Option<&'a Author>,
    change: &'a Change,
}

impl Ground<'_> {
    fn check(&mut self) -> Result<Result<(), String>, RowsError> {
        let Change { seq, start_op, deps, ops, .. } = self.change;
        let number = self.author.map_or(0, |author| author.changes) + 1;
        if *seq != number {
            return Ok(Err(format!(
                "it says that it is its device's change {seq} of the record, and is {number}"
            )));
        }
        let mut builds_on = self.author.map_or(0, Author::after);
        for dep in deps {
            builds_on = builds_on.max(self.finder.change(dep)?.map_or(0, |row| row.after()));
        }
        if builds_on > *start_op {
            return Ok(Err("its operations are not numbered after those it builds on".into()));
        }
        for index in 0..ops.len() {
            for id in named(self.change, index) {
                if !is_own(self.change, id, index) && self.finder.holder(id)?.is_none() {
                    return Ok(Err(format!(
                        "it names operation {} of device {}, which the record has not",
                        id.counter,
                        id.device.short()
                    )));
                }
            }
        }
        Ok(Ok(()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::id::{DeviceId, Hash};
    use crate::record::change::{Action, Op, Scalar};
    use crate::record::schema::{RecordKind, RecordSchemas};
    use crate::rows::{MemoryRows, Overlay};
    use crate::state::applied::{ChangeRow, note_applied};

    const RECORD: RecordId = RecordId([9; 16]);

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

    /// Returns a change that follows what `applied` holds: ten operations of another device, then five of
    /// this one.
    fn good() -> Change {
        let ops = vec![op(vec![id(OTHER, 10)]), op(vec![id(ME, 11), id(ME, 16)])];
        Change { device: ME, seq: 2, start_op: 16, deps: vec![FIRST], ops }
    }

    /// Returns a record in which ten operations of another device and five of this one were applied, and its summary.
    fn record() -> (MemoryRows, RecordRow) {
        let row = |device, start_op, ops, hash| ChangeRow { device, seq: 1, start_op, ops, hash, line: 1 };
        let applied = [row(OTHER, 1, 10, FIRST), row(ME, 11, 5, Hash([8; 32]))];
        let mut rows = MemoryRows::default();
        let mut overlay = Overlay::new(&rows);
        let schemas = RecordSchemas::built_in();
        let mut summary = RecordRow::new(RecordKind::Order, OTHER, schemas.of(RecordKind::Order));
        for (number, row) in (0..).zip(applied) {
            note_applied(&mut overlay, &RECORD, number, &row);
            let ops = vec![op(vec![]); usize::try_from(row.ops).unwrap()];
            let change = Change { device: row.device, seq: 1, start_op: row.start_op, deps: vec![], ops };
            summary.apply(&change, &row.hash, &[]);
        }
        let batch = overlay.batch;
        rows.apply(batch);
        (rows, summary)
    }

    /// Checks against the changes that were applied. The summary, asked too, must say the same: it knows all
    /// of so short a record.
    fn check(change: &Change) -> Result<(), String> {
        let (rows, summary) = record();
        let author = summary.authors.get(&change.device);
        let said = Ground { finder: Finder::new(&rows, &RECORD), author, change }.check().unwrap();
        assert_eq!(is_grounded(&summary, change), said.is_ok(), "{change:?}");
        said
    }

    #[test]
    fn a_change_on_what_the_record_has_stands() {
        assert_eq!(check(&good()), Ok(()));
    }

    /// Automerge knows an author from its change number 1 on: a later one without it crashed every client.
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

    /// A device that has not seen the newest change numbers from the one it has seen. The summary leaves that
    /// to the changes.
    #[test]
    fn a_change_beside_others_stands_though_the_summary_cannot_say() {
        let beside = Change { device: DeviceId([3; 16]), seq: 1, start_op: 11, ..good() };
        let beside = Change { ops: vec![op(vec![id(OTHER, 10)])], ..beside };
        let (rows, summary) = record();
        assert!(!is_grounded(&summary, &beside));
        assert_eq!(ungrounded(&rows, &RECORD, Some(&summary), &beside).unwrap(), None);
        let far = Change { ops: vec![op(vec![id(OTHER, 11)])], ..beside };
        assert!(ungrounded(&rows, &RECORD, Some(&summary), &far).unwrap().is_some());
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
